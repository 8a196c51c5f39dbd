/* Preloaded before libc: fails, shortens, stops or kills at the n-th call of one kind, and lets the clock jump.

   The plan lies in a small file that every process of a run maps, so one count goes through all of them.
   The layout of `struct plan` and the order of the kinds and actions are known to faults.py. */
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum { WRITE, TRUNCATE, SAY, SYNC, RENAME, SYMLINK, UNLINK, MKDIR, RMDIR, OPEN, READ, CLOSE, STAT, LIST, ALLOCATE, OTHER, KINDS };
enum { FAIL = 1, SHORT, DIE_BEFORE, DIE_AFTER, STOP };

struct plan {
    long armed, kind, action, error, first, last, days; /* the calls first to last are struck; days: a jumping clock */
    long struck, seen[KINDS];
};

static struct plan none, *plan = &none;
static int muted; /* the harness itself is not counted */

void faults_mute(int on) { muted = on; }

void faults_attach(const char *path) {
    int fd = open(path, O_RDWR | O_CLOEXEC);
    void *found = fd < 0 ? MAP_FAILED : mmap(NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (found == MAP_FAILED) abort();
    close(fd);
    plan = found;
}

__attribute__((constructor)) static void begin(void) {
    if (getenv("FAULTS_PLAN")) faults_attach(getenv("FAULTS_PLAN"));
}

static void die(void) {
    plan->armed = 0; /* one death is enough: the other processes of the run live on */
    kill(getpid(), SIGKILL);
}

/* Counts a call; the action that strikes it, 0 for none. */
static long due(int kind) {
    if (!plan->armed || muted) return 0;
    long n = __atomic_add_fetch(&plan->seen[kind], 1, __ATOMIC_RELAXED);
    if (kind != plan->kind || n < plan->first || n > plan->last) return 0;
    __atomic_add_fetch(&plan->struck, 1, __ATOMIC_RELAXED);
    if (plan->action == DIE_BEFORE) die();
    if (plan->action == STOP) kill(getpid(), SIGSTOP);
    return plan->action;
}

#define NEXT(name) ({ static __typeof__(&name) next; if (!next) next = dlsym(RTLD_NEXT, #name); next; })

/* The body of a replacement; `size` may be changed by a short call. */
#define PASS(kind, type, failure, size, call) \
    long action = due(kind); \
    if (action == FAIL) { errno = plan->error; return failure; } \
    if (action == SHORT && (size) > 1) (size) /= 2; \
    type result = call; \
    if (action == DIE_AFTER) die(); \
    return result

#define PLAIN(kind, type, failure, name, parameters, arguments) \
    type name parameters { size_t size = 0; PASS(kind, type, failure, size, NEXT(name) arguments); }

/* The kind of a write or read: what goes to the terminal is another one, pipes between processes are none. */
static int of(int fd, int kind) {
    struct stat found;
    if (kind == WRITE && (fd == 1 || fd == 2)) return SAY;
    return plan->armed && !muted && NEXT(fstat)(fd, &found) == 0 && S_ISREG(found.st_mode) ? kind : OTHER;
}

ssize_t write(int fd, const void *data, size_t n) { PASS(of(fd, WRITE), ssize_t, -1, n, NEXT(write)(fd, data, n)); }
ssize_t pwrite(int fd, const void *data, size_t n, off_t at) { PASS(WRITE, ssize_t, -1, n, NEXT(pwrite)(fd, data, n, at)); }
ssize_t pwrite64(int fd, const void *data, size_t n, off64_t at) { PASS(WRITE, ssize_t, -1, n, NEXT(pwrite64)(fd, data, n, at)); }
ssize_t sendfile(int to, int from, off_t *at, size_t n) { PASS(WRITE, ssize_t, -1, n, NEXT(sendfile)(to, from, at, n)); }
ssize_t sendfile64(int to, int from, off64_t *at, size_t n) { PASS(WRITE, ssize_t, -1, n, NEXT(sendfile64)(to, from, at, n)); }
ssize_t copy_file_range(int from, off64_t *a, int to, off64_t *b, size_t n, unsigned flags) {
    PASS(WRITE, ssize_t, -1, n, NEXT(copy_file_range)(from, a, to, b, n, flags));
}
PLAIN(WRITE, ssize_t, -1, writev, (int fd, const struct iovec *v, int n), (fd, v, n))
PLAIN(TRUNCATE, int, -1, ftruncate, (int fd, off_t n), (fd, n))
PLAIN(TRUNCATE, int, -1, ftruncate64, (int fd, off64_t n), (fd, n))
PLAIN(SYNC, int, -1, fsync, (int fd), (fd))
PLAIN(SYNC, int, -1, fdatasync, (int fd), (fd))
PLAIN(RENAME, int, -1, rename, (const char *a, const char *b), (a, b))
PLAIN(RENAME, int, -1, renameat, (int d, const char *a, int e, const char *b), (d, a, e, b))
PLAIN(RENAME, int, -1, renameat2, (int d, const char *a, int e, const char *b, unsigned flags), (d, a, e, b, flags))
PLAIN(SYMLINK, int, -1, symlink, (const char *a, const char *b), (a, b))
PLAIN(SYMLINK, int, -1, symlinkat, (const char *a, int d, const char *b), (a, d, b))
PLAIN(UNLINK, int, -1, unlink, (const char *a), (a))
int unlinkat(int d, const char *a, int flags) {
    size_t size = 0;
    PASS(flags & AT_REMOVEDIR ? RMDIR : UNLINK, int, -1, size, NEXT(unlinkat)(d, a, flags));
}
PLAIN(MKDIR, int, -1, mkdir, (const char *a, mode_t mode), (a, mode))
PLAIN(MKDIR, int, -1, mkdirat, (int d, const char *a, mode_t mode), (d, a, mode))
PLAIN(RMDIR, int, -1, rmdir, (const char *a), (a))

#define OPENS(name, parameters, arguments) \
    int name parameters { \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        size_t size = 0; \
        PASS(OPEN, int, -1, size, NEXT(name) arguments); \
    }
OPENS(open, (const char *a, int flags, ...), (a, flags, mode))
OPENS(open64, (const char *a, int flags, ...), (a, flags, mode))
OPENS(openat, (int d, const char *a, int flags, ...), (d, a, flags, mode))
OPENS(openat64, (int d, const char *a, int flags, ...), (d, a, flags, mode))

ssize_t read(int fd, void *data, size_t n) { PASS(of(fd, READ), ssize_t, -1, n, NEXT(read)(fd, data, n)); }
ssize_t pread(int fd, void *data, size_t n, off_t at) { PASS(READ, ssize_t, -1, n, NEXT(pread)(fd, data, n, at)); }
ssize_t pread64(int fd, void *data, size_t n, off64_t at) { PASS(READ, ssize_t, -1, n, NEXT(pread64)(fd, data, n, at)); }

int close(int fd) { /* a failed close has closed the file all the same */
    long action = due(CLOSE);
    int result = NEXT(close)(fd);
    if (action == DIE_AFTER) die();
    if (action == FAIL) { errno = plan->error; return -1; }
    return result;
}

PLAIN(STAT, int, -1, stat, (const char *a, struct stat *s), (a, s))
PLAIN(STAT, int, -1, stat64, (const char *a, struct stat64 *s), (a, s))
PLAIN(STAT, int, -1, lstat, (const char *a, struct stat *s), (a, s))
PLAIN(STAT, int, -1, lstat64, (const char *a, struct stat64 *s), (a, s))
PLAIN(STAT, int, -1, fstat, (int fd, struct stat *s), (fd, s))
PLAIN(STAT, int, -1, fstat64, (int fd, struct stat64 *s), (fd, s))
PLAIN(STAT, int, -1, fstatat, (int d, const char *a, struct stat *s, int flags), (d, a, s, flags))
PLAIN(STAT, int, -1, fstatat64, (int d, const char *a, struct stat64 *s, int flags), (d, a, s, flags))
PLAIN(LIST, DIR *, NULL, opendir, (const char *a), (a))
PLAIN(LIST, DIR *, NULL, fdopendir, (int fd), (fd))
PLAIN(LIST, struct dirent *, NULL, readdir, (DIR *d), (d))
PLAIN(LIST, struct dirent64 *, NULL, readdir64, (DIR *d), (d))

/* Allocations of a page or more; dlsym itself allocates, so libc's own names are called. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t);
static int refused(size_t n) {
    if (n < 4096 || due(ALLOCATE) != FAIL) return 0;
    errno = ENOMEM;
    return 1;
}
void *malloc(size_t n) { return refused(n) ? NULL : __libc_malloc(n); }
void *calloc(size_t n, size_t each) { return refused(n * each) ? NULL : __libc_calloc(n, each); }
void *realloc(void *old, size_t n) { return refused(n) ? NULL : __libc_realloc(old, n); }
#define MAPS(name, type) \
    void *name(void *at, size_t n, int protection, int flags, int fd, type offset) { \
        return flags & MAP_ANONYMOUS && refused(n) ? MAP_FAILED : NEXT(name)(at, n, protection, flags, fd, offset); \
    }
MAPS(mmap, off_t)
MAPS(mmap64, off64_t)

/* A clock that jumps: every look is some days off, this way or that. The monotonic clock never does. */
static time_t off(void) {
    static unsigned seed = 1;
    return plan->armed && plan->days && !muted ? (rand_r(&seed) % (2 * plan->days + 1) - plan->days) * 86400 : 0;
}
int clock_gettime(clockid_t clock, struct timespec *now) {
    int result = NEXT(clock_gettime)(clock, now);
    if (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE) now->tv_sec += off();
    return result;
}
int gettimeofday(struct timeval *restrict now, void *restrict zone) {
    int result = NEXT(gettimeofday)(now, zone);
    now->tv_sec += off();
    return result;
}
time_t time(time_t *now) {
    time_t seen = NEXT(time)(NULL) + off();
    if (now) *now = seen;
    return seen;
}
