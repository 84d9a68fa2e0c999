/* Loaded before the C library. While the file exists that STANDIN_SYNCS_FAIL_WHILE names, fsync and fdatasync fail with EIO: a
   page that the disk lost looks like this to a program, and to the program alone. While the one exists that
   STANDIN_WRITES_FAIL_WHILE names, writes at a place and truncations fail with EROFS: so does a file system that its kernel has
   made read-only under a program that has files open. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

static int exists(const char *variable) {
    const char *file = getenv(variable);
    return file != NULL && access(file, F_OK) == 0;
}

static int sync_or_fail(long call, int fd) {
    if (exists("STANDIN_SYNCS_FAIL_WHILE")) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_or_fail(SYS_fdatasync, fd); }

static int is_read_only(void) {
    if (!exists("STANDIN_WRITES_FAIL_WHILE")) return 0;
    errno = EROFS;
    return 1;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    return is_read_only() ? -1 : syscall(SYS_pwrite64, fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return pwrite64(fd, bytes, size, at); }
int ftruncate64(int fd, off64_t size) { return is_read_only() ? -1 : (int)syscall(SYS_ftruncate, fd, size); }
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }
