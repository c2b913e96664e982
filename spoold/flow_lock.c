/*
 * flow_lock.c - offer, lock, hold: who may touch a claimed message, and how often it was tried.
 *
 * Store thread. Each change is one rename of the envelope; the number of begun
 * attempts stands in the name, so that a message which brings its worker down
 * is known as such after any crash (protocol.md section 3, "offer", "attempt / hold").
 */
#include "spoold/flow.h"

#include "common/log.h"
#include "spoold/negative.h"

#include <errno.h>
#include <stdio.h>
#include <unistd.h>

static int change_suffix(struct depot *d, struct msg *m, const char *suffix)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];
    struct spool *s = &d->spool;

    if (strcmp(m->suffix, suffix) == 0)
        return 0;
    if (spool_move(s, &s->proc, msg_file(m, from, m->suffix), &s->proc, msg_file(m, to, suffix)) < 0)
        return -1;
    snprintf(m->suffix, sizeof m->suffix, "%s", suffix);
    return 0;
}

int flow_offer(struct depot *d, struct msg *m)
{
    flow_discard_outs(d, m); /* after a restart */
    if (change_suffix(d, m, ".hdr") < 0)
        return flow_fail(m, errno, "it cannot be offered to other programs");
    return 0;
}

/* What was seen before the lock counts for nothing: another program may have put new bytes under the same
 * name. */
static void forget_bytes(struct msg *m)
{
    if (m->eml >= 0)
        close(m->eml);
    m->eml = -1;
}

int flow_lock(struct depot *d, struct msg *m)
{
    char suffix[sizeof m->suffix];
    bool offered = strcmp(m->suffix, ".hdr") == 0;

    if (!m->keep_attempt)
        m->attempt++;
    m->keep_attempt = false;
    snprintf(suffix, sizeof suffix, ".hdr.w%u", m->attempt);
    if (change_suffix(d, m, suffix) < 0)
        return flow_fail(m, errno, "it cannot be locked");
    if (!NEGATIVE("trust-outs") && flow_discard_outs(d, m) < 0)
        return flow_fail(m, errno, "an output of a former attempt cannot be removed");
    if (m->attempt > 1)
        spool_wait_dirs(&d->spool, &m->err);
    if (offered)
        forget_bytes(m);
    return m->eml < 0 ? flow_load(d, m) : 0;
}

int flow_hold(struct depot *d, struct msg *m)
{
    struct ledger_hold hold = {
        .id = m->base, .since_ms = m->since_ms, .next_ms = m->next_ms, .tries = m->tries};
    char suffix[sizeof m->suffix];

    snprintf(suffix, sizeof suffix, ".hdr.h%u", m->attempt);
    if (change_suffix(d, m, suffix) < 0)
        return flow_fail(m, errno, "it cannot be put on hold");
    flow_discard_outs(d, m);
    if (flow_record_accepted(d, m) < 0)
        log_warnx("id=%s event=not_recorded it is written down with its end", m->base.s);
    m->err = 0;
    snprintf(hold.reason, sizeof hold.reason, "%.*s", (int)sizeof hold.reason - 1, m->reason);
    depot_begin(d);
    if (d->in_txn)
        ledger_put_hold(d->ledger, &hold);
    return 0;
}
