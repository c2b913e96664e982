/*
 * flow_resume.c - takes up a message that was committed before a crash: who was to get which copy?
 *
 * Store thread. The decision is final and stands in the suffix; the outputs
 * that are still in proc are to be published, and those envelopes (or the
 * published ones, where the MTA has not taken them yet) name the recipients of
 * each copy for the journal. Then F1: what was committed becomes durable before
 * it is acted upon (protocol.md section 4).
 */
#include "spoold/flow.h"

#include "common/xalloc.h"

#include <errno.h>
#include <fcntl.h>

/* Which of the message's recipients stand in the copy's envelope. */
static void match_recipients(struct msg *m, const struct envelope *copy, struct msg_copy *c)
{
    c->rcpt = xcalloc(m->env.rcpt_n, sizeof *c->rcpt);
    for (size_t i = 0, j = 0; i < m->env.rcpt_n && j < copy->rcpt_n; i++) {
        if (view_equal(m->env.rcpt[i], copy->rcpt[j])) {
            c->rcpt[c->rcpt_n++] = i;
            j++;
        }
    }
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
        match_recipients(m, &e, &m->copy[k - 1]);
        m->copy_n = k;
    }
    envelope_free(&e);
}

/*
 * Copies that the MTA has taken already are not seen: below the last one that
 * is, they are written down without recipients; a message that was sent whole
 * and is not seen at all counts as one copy to all.
 */
static void find_plan(struct depot *d, struct msg *m)
{
    for (unsigned k = 1; k <= MSG_COPIES_MAX; k++)
        find_copy(d, m, k);
    if (!m->copy_n && m->fate == MSG_FATE_SEND)
        msg_add_copy_all(m);
    if (m->fate != MSG_FATE_SEND)
        msg_fill_rest(m);
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
    find_plan(d, m);
    spool_wait_dirs(&d->spool, &m->err);
    return 0;
}
