/* Loaded with LD_PRELOAD: lets calls that change the files of one workspace fail, and writes them down.

   DISK_FILES    the beginning of the paths that it looks at
   DISK_FOLDER   the folder that they are in
   DISK_LOG      where each call is written down, a line each
   DISK_FAIL_AT  the number of the first call that fails, from 1; none without it
   DISK_ERROR    FULL: what needs room fails from then on. ONCE: that one call fails.
                 BROKEN: all do from then on.
                 KILL: the program is killed in its place. */

#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

static atomic_long calls;

static void note(const char *call, const char *path) {
    static int log = -1;
    const char *to = getenv("DISK_LOG");
    char line[PATH_MAX + 32];
    if (to == NULL) return;
    if (log < 0) log = syscall(SYS_openat, AT_FDCWD, to, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    int length = snprintf(line, sizeof line, "%s %s\n", call, path);
    syscall(SYS_write, log, line, length);
}

/* Whether this call on this path is to fail; errno says how. */
static int fails(const char *call, const char *path, int needs_room) {
    const char *files = getenv("DISK_FILES"), *folder = getenv("DISK_FOLDER"), *at = getenv("DISK_FAIL_AT");
    const char *kind = getenv("DISK_ERROR");
    int full = kind != NULL && strcmp(kind, "FULL") == 0, once = kind != NULL && strcmp(kind, "ONCE") == 0;
    if (files == NULL || folder == NULL) return 0;
    if (strncmp(path, files, strlen(files)) != 0 && strcmp(path, folder) != 0) return 0;
    note(call, path);
    if (full && !needs_room) return 0;
    long number = atomic_fetch_add(&calls, 1) + 1;
    if (at == NULL || number < atol(at) || (once && number > atol(at))) return 0;
    note("failed", path);
    if (kind != NULL && strcmp(kind, "KILL") == 0) raise(SIGKILL);
    errno = full ? ENOSPC : EIO;
    return 1;
}

static int fd_fails(const char *call, int fd, int needs_room) {
    char link[64], path[PATH_MAX];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return fails(call, path, needs_room);
}

#define REAL(name) __typeof__(&name) real = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(write);
    return fd_fails("write", fd, 1) ? -1 : real(fd, bytes, count);
}

ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) {
    REAL(pwrite);
    return fd_fails("write", fd, 1) ? -1 : real(fd, bytes, count, offset);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) {
    REAL(pwrite64);
    return fd_fails("write", fd, 1) ? -1 : real(fd, bytes, count, offset);
}

int fsync(int fd) {
    REAL(fsync);
    return fd_fails("sync", fd, 0) ? -1 : real(fd);
}

int fdatasync(int fd) {
    REAL(fdatasync);
    return fd_fails("sync", fd, 0) ? -1 : real(fd);
}

int ftruncate(int fd, off_t length) {
    REAL(ftruncate);
    return fd_fails("truncate", fd, 0) ? -1 : real(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    REAL(ftruncate64);
    return fd_fails("truncate", fd, 0) ? -1 : real(fd, length);
}

int unlink(const char *path) {
    REAL(unlink);
    return fails("unlink", path, 0) ? -1 : real(path);
}

#define OPEN(name)                                             \
    int name(const char *path, int flags, ...) {               \
        REAL(name);                                            \
        mode_t mode = 0;                                       \
        if (flags & O_CREAT) {                                 \
            va_list rest;                                      \
            va_start(rest, flags);                             \
            mode = va_arg(rest, mode_t);                       \
            va_end(rest);                                      \
            if (fails("create", path, 1)) return -1;           \
        }                                                      \
        return real(path, flags, mode);                        \
    }

OPEN(open)
OPEN(open64)
