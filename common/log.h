/*
 * log.h - one record a line, never waiting for a reader.
 *
 * Six verbs with fixed meaning: fatal (errno) and fatalx end the process and
 * belong to start-up code, workers and broken invariants; log_warn (errno) and
 * log_warnx say that something failed; log_info what happened; log_debug the rest.
 * A line about a message starts with id=BASE. Bytes outside 0x20-0x7e are
 * written as \xNN and a line is cut at LOG_LINE_MAX, so a file name or an
 * address can never forge a second record.
 */
#ifndef COMMON_LOG_H
#define COMMON_LOG_H

#include <stdnoreturn.h>

#define LOG_LINE_MAX 2000 /* bytes of one line, escapes and newline included; below PIPE_BUF */

/* Exit codes of every program, after sysexits(3) and qmail. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_FINDING = 1, /* a finding, or no such thing */
    EXIT_USAGE_64 = 64,
    EXIT_DATA_65 = 65, /* the input is at fault for good */
    EXIT_TEMP_75 = 75, /* try again later */
    EXIT_CONFIG_100 = 100,
};

enum log_level { LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG, LOG_LEVEL__MAX };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET_JOURNALD, LOG_TARGET__MAX };

/* To be called once; before it, everything from info up goes to stderr. `ident` is borrowed for good. */
void log_init(const char *ident, enum log_target target, enum log_level level);
void log_set_level(enum log_level level);
/* Lines that were dropped because the reader did not keep up, since start. */
unsigned long log_dropped(void);

__attribute__((format(printf, 1, 2))) noreturn void fatal(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) noreturn void fatalx(const char *fmt, ...);
/* As fatalx, with an exit code of enum exit_code. */
__attribute__((format(printf, 2, 3))) noreturn void fatalx_code(int code, const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_warn(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_warnx(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_info(const char *fmt, ...);
__attribute__((format(printf, 1, 2))) void log_debug(const char *fmt, ...);

#endif
