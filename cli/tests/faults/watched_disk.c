/* Loaded before the C library: every write, truncation and sync of a SQLite database goes through here, one at a time.
   STANDIN_DISK names a file of three numbers that the test shares: how many of them took place, before which one from now on
   the process is to die (0: none), and whether the first half of that write still arrives. STANDIN_DISK_LOG names a file that
   gets each of them, in order, with its bytes. */
#define _GNU_SOURCE
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

enum kind { WRITE, TRUNCATE, SYNC };

static volatile int64_t *shared; /* count, left, torn */
static int file = -1;
static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

__attribute__((constructor)) static void begin(void) {
    const char *name = getenv("STANDIN_DISK");
    int fd = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (fd < 0) return;
    void *at = mmap(NULL, 24, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (at == MAP_FAILED) abort();
    shared = at;
    name = getenv("STANDIN_DISK_LOG");
    if (name) file = open(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

/* 1: the database, 2: its log, 0: anything else. */
static int which(int fd) {
    char link[40], path[4096];
    if (shared == NULL) return 0;
    strcpy(link, "/proc/self/fd/");
    char digits[12], *end = digits + 11;
    *end = 0;
    do *--end = '0' + fd % 10; while ((fd /= 10) > 0);
    strcat(link, end);
    ssize_t size = readlink(link, path, sizeof path - 1);
    if (size <= 0) return 0;
    path[size] = 0;
    if (size > 3 && strcmp(path + size - 3, ".db") == 0) return 1;
    if (size > 7 && strcmp(path + size - 7, ".db-wal") == 0) return 2;
    return 0;
}

static void put(const void *bytes, size_t size) {
    while (size > 0) {
        ssize_t done = syscall(SYS_write, file, bytes, size);
        if (done <= 0) abort();
        bytes = (const char *)bytes + done;
        size -= done;
    }
}

static long pass(enum kind kind, int fd, const void *bytes, size_t size, off_t at, long call) {
    switch (kind) {
    case WRITE: return syscall(SYS_pwrite64, fd, bytes, size, at);
    case TRUNCATE: return syscall(SYS_ftruncate, fd, at);
    default: return syscall(call, fd);
    }
}

static long point(enum kind kind, int fd, const void *bytes, size_t size, off_t at, long call) {
    int of = which(fd);
    if (of == 0) return pass(kind, fd, bytes, size, at, call);
    pthread_mutex_lock(&one);
    if (shared[1] > 0 && --shared[1] == 0) {
        if (shared[2] && kind == WRITE) pass(kind, fd, bytes, size / 2, at, call);
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    if (file >= 0) {
        int64_t head[4] = {kind, of, at, kind == WRITE ? (int64_t)size : 0};
        put(head, sizeof head);
        if (kind == WRITE) put(bytes, size);
    }
    long done = pass(kind, fd, bytes, size, at, call);
    shared[0]++;
    pthread_mutex_unlock(&one);
    return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) { return point(WRITE, fd, bytes, size, at, 0); }
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) { return point(WRITE, fd, bytes, size, at, 0); }
int ftruncate64(int fd, off64_t size) { return (int)point(TRUNCATE, fd, NULL, 0, size, 0); }
int ftruncate(int fd, off_t size) { return (int)point(TRUNCATE, fd, NULL, 0, size, 0); }
int fsync(int fd) { return (int)point(SYNC, fd, NULL, 0, 0, SYS_fsync); }
int fdatasync(int fd) { return (int)point(SYNC, fd, NULL, 0, 0, SYS_fdatasync); }
