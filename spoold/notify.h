/*
 * notify.h - tells systemd how spoold is (sd_notify(3) protocol), without libsystemd.
 */
#ifndef SPOOLD_NOTIFY_H
#define SPOOLD_NOTIFY_H

#include <stdint.h>

struct notify {
    int fd;              /* -1: not started by a service manager */
    int64_t interval_ms; /* watchdog: tell it this often; 0 = no watchdog */
    int64_t due;         /* monotonic ms */
};

/* Reads NOTIFY_SOCKET and WATCHDOG_USEC. Must come before the user is changed. */
void notify_open(struct notify *n);
/* "READY=1", "STOPPING=1", "STATUS=..." */
void notify_send(const struct notify *n, const char *text);
/* Pats the watchdog when it is time. Returns the next due time, INT64_MAX = never. */
int64_t notify_run(struct notify *n, int64_t now);

#endif
