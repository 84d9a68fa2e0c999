/* Loaded before the C library: fsync and fdatasync fail with EIO while the file exists that STANDIN_SYNCS_FAIL_WHILE
   names. A page that the disk lost looks like this to a program, and to the program alone. */
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int fails(void) {
    const char *file = getenv("STANDIN_SYNCS_FAIL_WHILE");
    return file != NULL && access(file, F_OK) == 0;
}

static int sync_or_fail(long call, int fd) {
    if (fails()) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(call, fd);
}

int fsync(int fd) { return sync_or_fail(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_or_fail(SYS_fdatasync, fd); }
