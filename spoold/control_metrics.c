/*
 * control_metrics.c - the verb "metrics": everything that has a number, for spoolctl to write down in the
 * text format of Prometheus.
 *
 * Loop thread, called through the verb table of control_server.c; answered from
 * memory, so also while the disk stalls. The first line is that of "status", so
 * that nothing is counted in two ways; the second has what people do not look at.
 * Must not hold a name or an address: what is read here goes to other machines.
 */
#include "spoold/control_server.h"

#include "common/json.h"
#include "common/log.h"
#include "spoold/resolver.h"

static void add_classes(struct json *j, const struct spoold *s)
{
    json_begin_object(j, "quarantined");
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        json_add_int(j, spool_class_name((enum spool_class)c), (int64_t)s->counts.class[c]);
    json_end_object(j);
}

/* Also those that are not raised: a series that comes and goes cannot be watched. */
static void add_alarms(struct json *j, const struct spoold *s)
{
    json_begin_object(j, "alarm");
    for (int k = 0; k < ALARM_KIND__MAX; k++)
        json_add_bool(j, alarm_name((enum alarm_kind)k), s->alarms.since_ms[k] != 0);
    json_end_object(j);
}

static void add_dns(struct json *j, const struct spoold *s)
{
    json_begin_object(j, "dns");
    json_add_bool(j, "serving", resolver_trouble(s->resolver) == NULL);
    resolver_add_counts(s->resolver, j);
    json_end_object(j);
}

int control_metrics(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    int rc = control_status(s, r, out, message);
    struct json j;

    json_open(&j, out);
    json_add_bool(&j, "more", true);
    json_add_int(&j, "started_s", s->started_ms / 1000);
    json_add_bool(&j, "open", !s->marked_stopped && !spoold_stop_reason(s));
    add_classes(&j, s);
    add_alarms(&j, s);
    if (s->resolver)
        add_dns(&j, s);
    json_close(&j);
    buf_add_char(out, '\n');
    return rc;
}
