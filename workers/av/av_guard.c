/*
 * av_guard.c - see av_guard.h. Functions of libc, defined again in the program itself.
 *
 * Called by libclamav and by the libraries below it in place of libc's own; by
 * our code as well. Each does what it always does, through the next one in
 * search order, keeps errno, and only remembers a failure. Must never allocate,
 * log or wait by itself. Trusts that a worker has one thread.
 *
 * In C they are called av_guard_NAME; the label gives them the name that the
 * dynamic linker looks for. That keeps what the compiler believes of malloc and
 * its like away from them.
 */
#undef _FORTIFY_SOURCE /* its inline versions of these functions cannot have a second name */
#include "workers/av/av_guard.h"

#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <iconv.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* A sanitizer has its own malloc, which must not be passed by. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define OTHER_MALLOC 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define OTHER_MALLOC 1
#endif
#endif

/* open64() and the like are other names of the same functions here. */
_Static_assert(sizeof(off_t) == 8, "files of any size");

/* Those that dlsym() finds, then those that must be there before it. */
// clang-format off
#define CALLS_FOUND(X)                                                                                       \
    X(OPEN, open) X(OPENAT, openat) X(CREAT, creat) X(MKDIR, mkdir) X(MKDIRAT, mkdirat)                      \
    X(OPENDIR, opendir) X(DUP, dup) X(READ, read) X(PREAD, pread) X(WRITE, write) X(PWRITE, pwrite)          \
    X(WRITEV, writev) X(FTRUNCATE, ftruncate) X(MKSTEMP, mkstemp) X(MKDTEMP, mkdtemp) X(FOPEN, fopen)        \
    X(FDOPEN, fdopen) X(FWRITE, fwrite) X(FPUTS, fputs) X(FPUTC, fputc) X(PUTC, putc) X(VFPRINTF, vfprintf)  \
    X(FFLUSH, fflush) X(FCLOSE, fclose) X(ICONV_OPEN, iconv_open) X(MMAP, mmap) X(MREMAP, mremap)
#define CALLS_MEMORY(X) X(MALLOC, malloc) X(CALLOC, calloc) X(REALLOC, realloc) X(MEMALIGN, memalign)
// clang-format on

#define AS_ENUM(upper, lower) CALL_##upper,
#define AS_NAME(upper, lower) #lower,
enum call {
    CALLS_FOUND(AS_ENUM) CALL_FOUND__MAX,
    CALL_BEFORE_MEMORY = CALL_FOUND__MAX - 1,
    CALLS_MEMORY(AS_ENUM) CALL__MAX
};

static const char *const call_name[CALL__MAX] = {CALLS_FOUND(AS_NAME) CALLS_MEMORY(AS_NAME)};

static struct {
    void *real[CALL_FOUND__MAX];
    bool armed;
    enum call broken;
    unsigned broken_n, seen; /* broken_n 0: nothing is broken */
    int broken_err;
    struct av_guard_report report;
} guard;

/* libc's own one. Looked up at first use too: the program opens files before av_guard_load(). */
static void *guard_real(enum call c)
{
    if (!guard.real[c]) {
        int err = errno;

        guard.real[c] = dlsym(RTLD_NEXT, call_name[c]);
        errno = err;
    }
    return guard.real[c];
}

/* Is it this call's turn to fail, for a test? */
static bool guard_breaks(enum call c)
{
    if (__builtin_expect(!guard.armed || !guard.broken_n || guard.broken != c, 1))
        return false;
    if (++guard.seen != guard.broken_n)
        return false;
    errno = guard.broken_err;
    return true;
}

/* A call failed with errno. Interrupted and would-block calls are tried again by who made them. */
static void guard_note(enum call c)
{
    if (!guard.armed || errno == EINTR || errno == EAGAIN)
        return;
    if (guard.report.failures++ == 0) {
        guard.report.err = errno;
        guard.report.call = call_name[c];
    }
}

/* Looking for a file that is not there is no failure: libclamav does so with parts that a format may lack. */
static void guard_note_open(enum call c, bool makes)
{
    if (makes || (errno != ENOENT && errno != ENOTDIR))
        guard_note(c);
}

/* What the engine says on the terminal is no part of its answer. */
static bool guard_is_terminal(FILE *f)
{
    return f == stderr || f == stdout;
}

int av_guard_load(void)
{
    int rc = 0;

    for (unsigned c = 0; c < CALL_FOUND__MAX; c++)
        rc |= guard_real((enum call)c) ? 0 : -1;
    return rc;
}

void av_guard_begin(void)
{
    guard.report = (struct av_guard_report){0};
    guard.seen = 0;
    guard.armed = true;
}

void av_guard_end(struct av_guard_report *r)
{
    guard.armed = false;
    *r = guard.report;
}

void av_guard_break(const char *call, unsigned n, int err)
{
    guard.broken_n = 0;
    for (unsigned c = 0; call && c < CALL__MAX; c++) {
        if (strcmp(call, call_name[c]) == 0) {
            guard.broken = (enum call)c;
            guard.broken_n = n;
            guard.broken_err = err;
        }
    }
}

/*
 * Declares av_guard_NAME() with the linker's name NAME. NEXT calls libc's one in an expression of type TYPE;
 * ALSO makes a second name for it.
 */
#define STAND_IN(type, name, params)                                                                         \
    type av_guard_##name params __asm__(#name);                                                              \
    type av_guard_##name params
#define NEXT(call, type, params, args) ((type(*) params)guard_real(call)) args
#define ALSO(type, name, other, params)                                                                      \
    type av_guard_##other params __asm__(#other) __attribute__((alias(#name)));

/* The usual form: on failure it gives `bad`. */
#define GUARD(call, type, name, bad, params, args)                                                           \
    STAND_IN(type, name, params)                                                                             \
    {                                                                                                        \
        type rc = guard_breaks(call) ? (bad) : NEXT(call, type, params, args);                               \
                                                                                                             \
        if (__builtin_expect(rc == (bad), 0))                                                                \
            guard_note(call);                                                                                \
        return rc;                                                                                           \
    }

GUARD(CALL_MKDIR, int, mkdir, -1, (const char *path, mode_t mode), (path, mode))
GUARD(CALL_MKDIRAT, int, mkdirat, -1, (int dir, const char *path, mode_t mode), (dir, path, mode))
GUARD(CALL_DUP, int, dup, -1, (int fd), (fd))
GUARD(CALL_READ, ssize_t, read, -1, (int fd, void *to, size_t n), (fd, to, n))
GUARD(CALL_PREAD, ssize_t, pread, -1, (int fd, void *to, size_t n, off_t at), (fd, to, n, at))
ALSO(ssize_t, pread, pread64, (int fd, void *to, size_t n, off_t at))
GUARD(CALL_PWRITE, ssize_t, pwrite, -1, (int fd, const void *p, size_t n, off_t at), (fd, p, n, at))
ALSO(ssize_t, pwrite, pwrite64, (int fd, const void *p, size_t n, off_t at))
GUARD(CALL_WRITEV, ssize_t, writev, -1, (int fd, const struct iovec *v, int n), (fd, v, n))
GUARD(CALL_FTRUNCATE, int, ftruncate, -1, (int fd, off_t size), (fd, size))
ALSO(int, ftruncate, ftruncate64, (int fd, off_t size))
GUARD(CALL_CREAT, int, creat, -1, (const char *path, mode_t mode), (path, mode))
ALSO(int, creat, creat64, (const char *path, mode_t mode))
GUARD(CALL_MKSTEMP, int, mkstemp, -1, (char *path), (path))
ALSO(int, mkstemp, mkstemp64, (char *path))
GUARD(CALL_MKDTEMP, char *, mkdtemp, NULL, (char *path), (path))
GUARD(CALL_FDOPEN, FILE *, fdopen, NULL, (int fd, const char *mode), (fd, mode))
GUARD(CALL_FFLUSH, int, fflush, EOF, (FILE * f), (f))
GUARD(CALL_FCLOSE, int, fclose, EOF, (FILE * f), (f))

STAND_IN(ssize_t, write, (int fd, const void *p, size_t n))
{
    ssize_t rc =
        guard_breaks(CALL_WRITE) ? -1 : NEXT(CALL_WRITE, ssize_t, (int, const void *, size_t), (fd, p, n));

    if (__builtin_expect(rc < 0, 0) && fd > STDERR_FILENO)
        guard_note(CALL_WRITE);
    return rc;
}

/* The mode is there only when a file may be made. */
static mode_t guard_mode(int flags, va_list ap)
{
    return flags & (O_CREAT | __O_TMPFILE) ? va_arg(ap, mode_t) : 0;
}

STAND_IN(int, open, (const char *path, int flags, ...))
{
    va_list ap;
    mode_t mode;
    int fd;

    va_start(ap, flags);
    mode = guard_mode(flags, ap);
    va_end(ap);
    fd = guard_breaks(CALL_OPEN) ? -1 : NEXT(CALL_OPEN, int, (const char *, int, ...), (path, flags, mode));
    if (fd < 0)
        guard_note_open(CALL_OPEN, flags & O_CREAT);
    return fd;
}
ALSO(int, open, open64, (const char *path, int flags, ...))

STAND_IN(int, openat, (int dir, const char *path, int flags, ...))
{
    va_list ap;
    mode_t mode;
    int fd;

    va_start(ap, flags);
    mode = guard_mode(flags, ap);
    va_end(ap);
    fd = guard_breaks(CALL_OPENAT)
             ? -1
             : NEXT(CALL_OPENAT, int, (int, const char *, int, ...), (dir, path, flags, mode));
    if (fd < 0)
        guard_note_open(CALL_OPENAT, flags & O_CREAT);
    return fd;
}
ALSO(int, openat, openat64, (int dir, const char *path, int flags, ...))

/* The fortified names: without a mode, by contract. */
STAND_IN(int, __open_2, (const char *path, int flags))
{
    return av_guard_open(path, flags, 0);
}
ALSO(int, __open_2, __open64_2, (const char *path, int flags))

STAND_IN(int, __openat_2, (int dir, const char *path, int flags))
{
    return av_guard_openat(dir, path, flags, 0);
}
ALSO(int, __openat_2, __openat64_2, (int dir, const char *path, int flags))

STAND_IN(DIR *, opendir, (const char *path))
{
    DIR *d = guard_breaks(CALL_OPENDIR) ? NULL : NEXT(CALL_OPENDIR, DIR *, (const char *), (path));

    if (!d)
        guard_note_open(CALL_OPENDIR, false);
    return d;
}

STAND_IN(FILE *, fopen, (const char *path, const char *mode))
{
    FILE *f = guard_breaks(CALL_FOPEN) ? NULL
                                       : NEXT(CALL_FOPEN, FILE *, (const char *, const char *), (path, mode));

    if (!f)
        guard_note_open(CALL_FOPEN, mode[0] != 'r');
    return f;
}
ALSO(FILE *, fopen, fopen64, (const char *path, const char *mode))

STAND_IN(size_t, fwrite, (const void *p, size_t size, size_t n, FILE *f))
{
    size_t rc = guard_breaks(CALL_FWRITE)
                    ? 0
                    : NEXT(CALL_FWRITE, size_t, (const void *, size_t, size_t, FILE *), (p, size, n, f));

    if (__builtin_expect(rc < n && size, 0) && !guard_is_terminal(f))
        guard_note(CALL_FWRITE);
    return rc;
}

/* One character or a string; EOF is a failure. */
#define GUARD_PUT(call, name, type)                                                                          \
    STAND_IN(int, name, (type what, FILE * f))                                                               \
    {                                                                                                        \
        int rc = guard_breaks(call) ? EOF : NEXT(call, int, (type, FILE *), (what, f));                      \
                                                                                                             \
        if (__builtin_expect(rc == EOF, 0) && !guard_is_terminal(f))                                         \
            guard_note(call);                                                                                \
        return rc;                                                                                           \
    }

GUARD_PUT(CALL_FPUTS, fputs, const char *)
GUARD_PUT(CALL_FPUTC, fputc, int)
GUARD_PUT(CALL_PUTC, putc, int)

__attribute__((format(printf, 2, 0))) STAND_IN(int, vfprintf, (FILE * f, const char *fmt, va_list ap))
{
    int rc = guard_breaks(CALL_VFPRINTF)
                 ? -1
                 : NEXT(CALL_VFPRINTF, int, (FILE *, const char *, va_list), (f, fmt, ap));

    if (__builtin_expect(rc < 0, 0) && !guard_is_terminal(f))
        guard_note(CALL_VFPRINTF);
    return rc;
}

/* What fortified code calls; its level asks for checks of %n, which no caller here uses. */
__attribute__((format(printf, 3, 0)))
STAND_IN(int, __vfprintf_chk, (FILE * f, int level, const char *fmt, va_list ap))
{
    (void)level;
    return av_guard_vfprintf(f, fmt, ap);
}

__attribute__((format(printf, 3, 4)))
STAND_IN(int, __fprintf_chk, (FILE * f, int level, const char *fmt, ...))
{
    va_list ap;
    int rc;

    (void)level;
    va_start(ap, fmt);
    rc = av_guard_vfprintf(f, fmt, ap);
    va_end(ap);
    return rc;
}

__attribute__((format(printf, 2, 3))) STAND_IN(int, fprintf, (FILE * f, const char *fmt, ...))
{
    va_list ap;
    int rc;

    va_start(ap, fmt);
    rc = av_guard_vfprintf(f, fmt, ap);
    va_end(ap);
    return rc;
}

/* A charset that nobody knows is no failure: mail is full of them. */
STAND_IN(iconv_t, iconv_open, (const char *to, const char *from))
{
    const iconv_t none = (iconv_t)(intptr_t)-1;
    iconv_t cd = guard_breaks(CALL_ICONV_OPEN)
                     ? none
                     : NEXT(CALL_ICONV_OPEN, iconv_t, (const char *, const char *), (to, from));

    if (cd == none && errno != EINVAL)
        guard_note(CALL_ICONV_OPEN);
    return cd;
}

/* Memory to run code in is refused by the sandbox on purpose; PCRE then matches without. */
STAND_IN(void *, mmap, (void *at, size_t n, int prot, int flags, int fd, off_t off))
{
    void *p = guard_breaks(CALL_MMAP) ? MAP_FAILED
                                      : NEXT(CALL_MMAP, void *, (void *, size_t, int, int, int, off_t),
                                             (at, n, prot, flags, fd, off));

    if (__builtin_expect(p == MAP_FAILED, 0) && !(prot & PROT_EXEC))
        guard_note(CALL_MMAP);
    return p;
}
ALSO(void *, mmap, mmap64, (void *at, size_t n, int prot, int flags, int fd, off_t off))

STAND_IN(void *, mremap, (void *old, size_t old_n, size_t n, int flags, ...))
{
    void *at = NULL, *p;
    va_list ap;

    if (flags & MREMAP_FIXED) {
        va_start(ap, flags);
        at = va_arg(ap, void *);
        va_end(ap);
    }
    p = guard_breaks(CALL_MREMAP)
            ? MAP_FAILED
            : NEXT(CALL_MREMAP, void *, (void *, size_t, size_t, int, ...), (old, old_n, n, flags, at));
    if (p == MAP_FAILED)
        guard_note(CALL_MREMAP);
    return p;
}

#ifndef OTHER_MALLOC
/* glibc's names for its own: dlsym() allocates, and these are needed before main(). free() stays as it is. */
void *av_guard_libc_malloc(size_t n) __asm__("__libc_malloc");
void *av_guard_libc_calloc(size_t count, size_t n) __asm__("__libc_calloc");
void *av_guard_libc_realloc(void *p, size_t n) __asm__("__libc_realloc");
void *av_guard_libc_memalign(size_t align, size_t n) __asm__("__libc_memalign");

#define GUARD_MEMORY(call, name, params, args)                                                               \
    STAND_IN(void *, name, params)                                                                           \
    {                                                                                                        \
        void *p = guard_breaks(call) ? NULL : av_guard_libc_##name args;                                     \
                                                                                                             \
        if (__builtin_expect(!p, 0))                                                                         \
            guard_note(call);                                                                                \
        return p;                                                                                            \
    }

GUARD_MEMORY(CALL_MALLOC, malloc, (size_t n), (n))
GUARD_MEMORY(CALL_CALLOC, calloc, (size_t count, size_t n), (count, n))

STAND_IN(void *, realloc, (void *old, size_t n))
{
    void *p = guard_breaks(CALL_REALLOC) ? NULL : av_guard_libc_realloc(old, n);

    /* realloc(p, 0) frees, and gives NULL. */
    if (__builtin_expect(!p, 0) && (n || !old))
        guard_note(CALL_REALLOC);
    return p;
}

GUARD_MEMORY(CALL_MEMALIGN, memalign, (size_t align, size_t n), (align, n))
ALSO(void *, memalign, aligned_alloc, (size_t align, size_t n))

/* Its answer is the error; errno belongs to the caller. */
STAND_IN(int, posix_memalign, (void **to, size_t align, size_t n))
{
    int err = errno, rc = 0;
    void *p;

    if (align < sizeof(void *) || (align & (align - 1)))
        return EINVAL;
    p = av_guard_memalign(align, n);
    if (p)
        *to = p;
    else
        rc = errno;
    errno = err;
    return rc;
}
#endif
