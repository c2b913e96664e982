/*
 * log.c - see log.h. Called from both threads; the lock is held for one formatted line only.
 *
 * A full pipe or a stopped terminal must not stop mail: a line is written only
 * when poll(2) says that there is room for it (a pipe promises PIPE_BUF bytes),
 * otherwise it is counted, and the count is reported as soon as there is room.
 * Syslog is written to /dev/log directly because syslog(3) waits.
 */
#include "common/log.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum severity { SEV_CRIT = 2, SEV_WARNING = 4, SEV_INFO = 6, SEV_DEBUG = 7 }; /* RFC 5424 section 6.2.1 */

static struct {
    const char *ident;
    enum log_target target;
    enum log_level level;
    int fd;
    unsigned long dropped, reported;
    pthread_mutex_t lock;
} ctx = {"spoold", LOG_TARGET_STDERR, LOG_LEVEL_INFO, STDERR_FILENO, 0, 0, PTHREAD_MUTEX_INITIALIZER};

static int syslog_connect(void)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = "/dev/log"};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof sun) < 0) {
        close(fd);
        fd = -1;
    }
    return fd;
}

void log_init(const char *ident, enum log_target target, enum log_level level)
{
    ctx.ident = ident;
    ctx.level = level;
    ctx.target = target;
    if (target == LOG_TARGET_SYSLOG) {
        int fd = syslog_connect();

        if (fd < 0) {
            ctx.target = LOG_TARGET_STDERR;
            log_warn("/dev/log cannot be reached; logging to standard error instead");
            return;
        }
        ctx.fd = fd;
    }
}

void log_set_level(enum log_level level)
{
    ctx.level = level;
}

unsigned long log_dropped(void)
{
    return __atomic_load_n(&ctx.dropped, __ATOMIC_RELAXED);
}

/* Copies with escapes; always ends the line within `max` bytes. Returns the length. */
static size_t escape_line(char *to, size_t max, const char *from)
{
    static const char hex[] = "0123456789abcdef";
    size_t n = 0;

    for (; *from && n + 8 < max; from++) {
        unsigned char c = (unsigned char)*from;

        if (c >= 0x20 && c <= 0x7e) {
            to[n++] = (char)c;
            continue;
        }
        to[n++] = '\\';
        to[n++] = 'x';
        to[n++] = hex[c >> 4];
        to[n++] = hex[c & 15];
    }
    if (*from)
        memcpy(to + n, "...", 3), n += 3;
    to[n++] = '\n';
    return n;
}

static size_t line_prefix(char *to, size_t max, enum severity sev)
{
    struct timespec now;
    struct tm tm;
    int n = 0;

    switch (ctx.target) {
    case LOG_TARGET_JOURNALD:
        n = snprintf(to, max, "<%d>", sev);
        break;
    case LOG_TARGET_SYSLOG: /* facility mail = 2 */
        n = snprintf(to, max, "<%d>%s[%ld]: ", 2 * 8 + (int)sev, ctx.ident, (long)getpid());
        break;
    default:
        clock_gettime(CLOCK_REALTIME, &now);
        gmtime_r(&now.tv_sec, &tm);
        n = (int)strftime(to, max, "%Y-%m-%dT%H:%M:%S", &tm);
        n += snprintf(to + n, max - (size_t)n, ".%03ldZ %s: ", now.tv_nsec / 1000000, ctx.ident);
    }
    return n > 0 ? (size_t)n : 0;
}

static bool has_room(void)
{
    struct pollfd p = {.fd = ctx.fd, .events = POLLOUT};

    return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT);
}

static void put_line(enum severity sev, const char *text)
{
    char line[LOG_LINE_MAX];
    size_t n = line_prefix(line, sizeof line, sev);

    n += escape_line(line + n, sizeof line - n, text);
    if (ctx.target == LOG_TARGET_SYSLOG)
        n--;
    if (!has_room() || write(ctx.fd, line, n) < 0)
        __atomic_add_fetch(&ctx.dropped, 1, __ATOMIC_RELAXED);
}

__attribute__((format(printf, 2, 0))) static void put(enum severity sev, const char *fmt, va_list ap, int err)
{
    char text[LOG_LINE_MAX];
    int n, saved = errno;

    n = vsnprintf(text, sizeof text, fmt, ap);
    if (err && n >= 0 && (size_t)n < sizeof text)
        snprintf(text + n, sizeof text - (size_t)n, ": %s", strerror(err));
    pthread_mutex_lock(&ctx.lock);
    if (ctx.dropped != ctx.reported && has_room()) {
        char note[96];

        snprintf(note, sizeof note, "event=log_dropped lines=%lu", ctx.dropped - ctx.reported);
        ctx.reported = ctx.dropped;
        put_line(SEV_WARNING, note);
    }
    put_line(sev, text);
    pthread_mutex_unlock(&ctx.lock);
    errno = saved;
}

void fatal(const char *fmt, ...)
{
    int err = errno;
    va_list ap;

    va_start(ap, fmt);
    put(SEV_CRIT, fmt, ap, err);
    va_end(ap);
    exit(EXIT_TEMP_75);
}

void fatalx(const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(SEV_CRIT, fmt, ap, 0);
    va_end(ap);
    exit(EXIT_TEMP_75);
}

void fatalx_code(int code, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    put(SEV_CRIT, fmt, ap, 0);
    va_end(ap);
    exit(code);
}

#define VERB(name, sev, need, err)                                                                           \
    void name(const char *fmt, ...)                                                                          \
    {                                                                                                        \
        int saved = (err);                                                                                   \
        va_list ap;                                                                                          \
                                                                                                             \
        if (ctx.level < (need))                                                                              \
            return;                                                                                          \
        va_start(ap, fmt);                                                                                   \
        put(sev, fmt, ap, saved);                                                                            \
        va_end(ap);                                                                                          \
    }

VERB(log_warn, SEV_WARNING, LOG_LEVEL_WARN, errno)
VERB(log_warnx, SEV_WARNING, LOG_LEVEL_WARN, 0)
VERB(log_info, SEV_INFO, LOG_LEVEL_INFO, 0)
VERB(log_debug, SEV_DEBUG, LOG_LEVEL_DEBUG, 0)
