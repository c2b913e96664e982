/*
 * alarm.h - what an administrator has to know now: raised once, shown by `spoolctl status`, cleared when
 * over.
 */
#ifndef SPOOLD_ALARM_H
#define SPOOLD_ALARM_H

#include <stdint.h>

enum alarm_kind {
    ALARM_STORE_STALLED,
    ALARM_NO_ROOM,
    ALARM_TOO_MANY_HELD,
    ALARM_DISK_ERROR,
    ALARM_UNSAFE_FILESYSTEM,
    ALARM_STRANGE_STATE,
    ALARM_INTAKE_GONE,
    ALARM_OUTLET_TAKEN,
    ALARM_LEDGER,
    ALARM_WORKER,     /* a role is not served, or not by its newest settings */
    ALARM_ANTIVIRUS,  /* the same of role av: what it does not examine is held */
    ALARM_SIGNATURES, /* only test signatures, too old, or a folder that cannot be read */
    ALARM_UNEXAMINED, /* a message could not be examined and is held */
    ALARM_ATTACK,     /* a worker tried what only an intruder tries; stands until spoold is started again */
    ALARM_DNS,        /* nobody asks the DNS: messages are judged by what is known without it */
    ALARM_LIST,       /* a DNS list failed its self test and is not asked (listtest.h) */
    ALARM_RELOAD,     /* SIGHUP: the settings were refused */
    ALARM_FROZEN,     /* an administrator ordered it */
    ALARM_KIND__MAX
};

struct alarms {
    int64_t since_ms[ALARM_KIND__MAX]; /* wall clock; 0 = not raised */
    char text[ALARM_KIND__MAX][400];
};

/* Logs when it is new. */
__attribute__((format(printf, 3, 4))) void alarm_raise(struct alarms *a, enum alarm_kind k, const char *fmt,
                                                       ...);
/* Logs when it was raised. */
void alarm_clear(struct alarms *a, enum alarm_kind k);
/* "no_room", ...: for programs. */
const char *alarm_name(enum alarm_kind k);

#endif
