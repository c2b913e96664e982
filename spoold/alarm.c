/*
 * alarm.c - see alarm.h. Loop thread.
 */
#include "spoold/alarm.h"

#include "common/log.h"
#include "spoold/depot.h"

#include <stdarg.h>
#include <stdio.h>

static const char *const names[ALARM_KIND__MAX] = {
    [ALARM_STORE_STALLED] = "store_stalled",
    [ALARM_NO_ROOM] = "no_room",
    [ALARM_TOO_MANY_HELD] = "too_many_held",
    [ALARM_DISK_ERROR] = "disk_error",
    [ALARM_UNSAFE_FILESYSTEM] = "unsafe_filesystem",
    [ALARM_STRANGE_STATE] = "strange_state",
    [ALARM_INTAKE_GONE] = "intake_gone",
    [ALARM_OUTLET_TAKEN] = "outlet_taken",
    [ALARM_LEDGER] = "ledger",
    [ALARM_WORKER] = "worker",
    [ALARM_ANTIVIRUS] = "antivirus",
    [ALARM_SIGNATURES] = "signatures",
    [ALARM_UNEXAMINED] = "unexamined",
    [ALARM_ATTACK] = "attack",
    [ALARM_DNS] = "dns",
    [ALARM_LIST] = "dns_list",
    [ALARM_RELOAD] = "reload",
    [ALARM_FROZEN] = "frozen",
};
_Static_assert(sizeof names / sizeof *names == ALARM_KIND__MAX, "a name for every kind");

const char *alarm_name(enum alarm_kind k)
{
    return names[k];
}

void alarm_raise(struct alarms *a, enum alarm_kind k, const char *fmt, ...)
{
    bool is_new = a->since_ms[k] == 0;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(a->text[k], sizeof a->text[k], fmt, ap);
    va_end(ap);
    if (!is_new)
        return;
    a->since_ms[k] = depot_wall_ms();
    log_warnx("event=alarm alarm=%s %s", names[k], a->text[k]);
}

void alarm_clear(struct alarms *a, enum alarm_kind k)
{
    if (!a->since_ms[k])
        return;
    a->since_ms[k] = 0;
    log_info("event=alarm_over alarm=%s", names[k]);
}
