/*
 * flow_resume.c - takes up a message that was committed before a crash: who was to get which copy?
 *
 * Store thread. The decision is final and stands in the suffix; the outputs
 * that are still in proc are to be published. Whom each copy is for says the plan
 * (flow_plan.h); where there is none, those envelopes say it, or the
 * published ones, where the MTA has not taken them yet. Then F1: what was committed becomes durable before
 * it is acted upon (protocol.md section 4).
 */
#include "spoold/flow.h"

#include "common/envelope_redirect.h"
#include "common/xalloc.h"
#include "spoold/flow_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

/* Which of the message's recipients these are: in their order. */
static void match_recipients(struct msg *m, const struct view *rcpt, size_t n, struct msg_copy *c)
{
    c->rcpt = xcalloc(m->env.rcpt_n, sizeof *c->rcpt);
    for (size_t i = 0, j = 0; i < m->env.rcpt_n && j < n; i++) {
        if (view_equal(m->env.rcpt[i], rcpt[j])) {
            c->rcpt[c->rcpt_n++] = i;
            j++;
        }
    }
}

static void take_envelope(struct msg *m, const struct envelope *e, struct msg_copy *c)
{
    struct view *replaced;
    size_t n = envelope_redirect_read(e, base_id(&m->base), &replaced);

    if (n)
        c->redirect = xstrndup(e->rcpt[0].p, e->rcpt[0].n);
    match_recipients(m, n ? replaced : e->rcpt, n ? n : e->rcpt_n, c);
    free(replaced);
}

static void find_copy(struct depot *d, struct msg *m, unsigned k)
{
    struct envelope e = {0};
    char name[MSG_NAME_MAX];
    struct envelope_error err;
    bool found = flow_read_envelope(&d->spool.proc, msg_out_file(m, name, k, ".hdr.out"), &e, &err) == 0;

    if (!found)
        found = flow_read_envelope(&d->spool.outlet[m->intake], msg_outlet_file(m, name, k, ".hdr"), &e,
                                   &err) == 0;
    if (found) {
        take_envelope(m, &e, &m->copy[k - 1]);
        m->copy_n = k;
    }
    envelope_free(&e);
}

/*
 * Without a plan, copies that the MTA has taken already are not seen: below the last one that
 * is, they are written down without recipients; a message that was sent whole
 * and is not seen at all counts as one copy to all.
 */
static void find_plan(struct depot *d, struct msg *m)
{
    const bool planned = flow_plan_read(d, m);

    for (unsigned k = 1; !planned && k <= MSG_COPIES_MAX; k++)
        find_copy(d, m, k);
    if (!m->copy_n && m->fate == MSG_FATE_SEND)
        msg_add_copy_all(m);
    if (m->fate != MSG_FATE_SEND)
        msg_fill_rest(m);
}

/* The original goes after its lines are durable. Where the ledger does not know them they are written again:
 * its plan may be gone, but better a line that is not exact than none. */
static bool is_recorded(struct depot *d, const struct msg *m)
{
    const enum event_kind end = m->fate == MSG_FATE_DROP ? EVENT_DISCARDED : EVENT_DELIVERED;
    struct ledger_row row;

    return m->fate != MSG_FATE_QUARANTINE && !m->outs_eml && !m->outs_hdr &&
           ledger_get(d->ledger, base_view(&m->base), &row) == 1 && (row.events & (1u << end));
}

int flow_resume(struct depot *d, struct msg *m)
{
    char name[MSG_NAME_MAX];
    struct envelope_error err;
    struct stat st;
    int r = flow_read_envelope(&d->spool.proc, msg_file(m, name, m->suffix), &m->env, &err);

    m->env_ok = r == 0;
    if (r < 0 && errno == EIO)
        return flow_fail(m, EIO, "the envelope cannot be read");
    if (fstatat(d->spool.proc.fd, msg_file(m, name, ".eml"), &st, AT_SYMLINK_NOFOLLOW) == 0)
        m->eml_stat = st;
    else
        m->recorded = is_recorded(d, m);
    find_plan(d, m);
    spool_wait_dirs(&d->spool, &m->err);
    return 0;
}
