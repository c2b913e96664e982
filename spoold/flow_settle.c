/*
 * flow_settle.c - settle, steps 0 to 5 of protocol.md section 3, one function each.
 *
 * Store thread. flow_create() makes the files that worker-rewrite fills; 0 prepare
 * writes the rest and flushes every output; 1 commit is one
 * rename and the point after which nothing is decided again; 2 content and
 * 3 envelope publish (.eml first, .hdr last); the journal line follows
 * (flow_record.c); 4 and 5 remove the originals, envelope last. From the commit
 * on each function may be run again: it does what is still to be done.
 */
#include "spoold/flow.h"

#include "common/envelope_redirect.h"
#include "common/log.h"
#include "spoold/flow_plan.h"
#include "spoold/flow_quarantine.h"
#include "spoold/negative.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int flow_fail(struct msg *m, int err, const char *what)
{
    m->err = err ? err : EIO;
    m->err_what = what;
    return -1;
}

int flow_unreadable(struct msg *m, const char *what)
{
    m->unreadable = true;
    return flow_fail(m, errno, what);
}

/* Creates one output, has it filled, and leaves its flush to the batch. */
static int put_file(struct depot *d, struct msg *m, const char *name,
                    int (*fill)(struct depot *, struct msg *, int, void *), void *arg)
{
    int fd = spool_create(&d->spool, &d->spool.proc, name);

    if (fd < 0)
        return flow_fail(m, errno, "an output cannot be created in proc");
    if (fill(d, m, fd, arg) < 0) {
        int err = errno;

        close(fd);
        return flow_fail(m, err, "an output cannot be written in proc");
    }
    spool_wait_file(&d->spool, fd, &m->err);
    return 0;
}

static int fill_buf(struct depot *d, struct msg *m, int fd, void *arg)
{
    (void)d;
    (void)m;
    return buf_write_fd(arg, fd);
}

int flow_create(struct depot *d, struct msg *m)
{
    char name[MSG_NAME_MAX];

    for (unsigned k = 1; k <= m->copy_n; k++) {
        m->outs_eml |= 1u << (k - 1);
        m->out[k - 1] = spool_create(&d->spool, &d->spool.proc, msg_out_file(m, name, k, ".eml.out"));
        if (m->out[k - 1] < 0)
            return flow_fail(m, errno, "an output cannot be created in proc");
    }
    return 0;
}

bool flow_is_unchanged(const struct msg *m)
{
    struct stat now;

    return fstat(m->eml, &now) == 0 && now.st_size == m->eml_stat.st_size &&
           memcmp(&now.st_mtim, &m->eml_stat.st_mtim, sizeof now.st_mtim) == 0;
}

static void make_envelope(const struct msg *m, const struct msg_copy *c, struct buf *env)
{
    const struct envelope_redirect r = {.to = view_of(c->redirect), .id = base_id(&m->base)};
    const bool loses = NEGATIVE("copy-loses-one") && c->rcpt_n > 1;

    if (c->redirect)
        envelope_redirect_write(&m->env, c->rcpt, c->rcpt_n, &r, env);
    else if (NEGATIVE("copy-to-all"))
        buf_add_view(env, buf_view(&m->env.raw));
    else
        envelope_write(&m->env, c->rcpt, c->rcpt_n - loses, env);
}

/* The content was written by worker-rewrite; from here on its descriptor waits for the flush. */
static int prepare_copy(struct depot *d, struct msg *m, unsigned k)
{
    const struct msg_copy *c = &m->copy[k - 1];
    struct buf env = {0};
    char name[MSG_NAME_MAX];
    int r;

    if (m->out[k - 1] < 0)
        return flow_fail(m, EIO, "an output was never written");
    spool_wait_file(&d->spool, m->out[k - 1], &m->err);
    m->out[k - 1] = -1;
    m->outs_hdr |= 1u << (k - 1);
    make_envelope(m, c, &env);
    r = put_file(d, m, msg_out_file(m, name, k, ".hdr.out"), fill_buf, &env);
    buf_free(&env);
    return r;
}

static int put_json(struct depot *d, struct msg *m, struct buf *text)
{
    char name[MSG_NAME_MAX];
    int r;

    m->json_out = true;
    r = put_file(d, m, msg_file(m, name, ".json.out"), fill_buf, text);
    buf_free(text);
    return r;
}

static int prepare_plan(struct depot *d, struct msg *m)
{
    struct buf plan = {0};

    flow_plan_make(m, &plan);
    return put_json(d, m, &plan);
}

/* The originals go to quarantine as they are, so they are flushed here: the depositor may not have done it.
 */
static int prepare_quarantine(struct depot *d, struct msg *m)
{
    static const char *const original[] = {".eml", NULL};
    struct buf record = {0};
    char name[MSG_NAME_MAX];

    for (size_t i = 0; i < 2; i++) {
        int fd = openat(d->spool.proc.fd, msg_file(m, name, original[i] ? original[i] : m->suffix),
                        O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

        if (fd >= 0)
            spool_wait_file(&d->spool, fd, &m->err);
        else if (m->given_up && errno != ENOENT && spool_same_device(&d->spool, &d->spool.class[m->class]))
            spool_wait_all(&d->spool, &m->err);
        else
            return flow_unreadable(m, "the original cannot be opened");
    }
    flow_quarantine_record(m, &record);
    return put_json(d, m, &record);
}

static int discard_json(struct depot *d, struct msg *m)
{
    char name[MSG_NAME_MAX];

    if (m->json_out && spool_remove(&d->spool, &d->spool.proc, msg_file(m, name, ".json.out")) == 0)
        m->json_out = false;
    return m->json_out ? -1 : 0;
}

int flow_prepare(struct depot *d, struct msg *m)
{
    /* Of an attempt that failed: with the commit suffix they would have to be published, and believed. */
    if ((m->copy_n ? discard_json(d, m) : flow_discard_outs(d, m)) < 0)
        return flow_fail(m, errno, "an output that is not wanted cannot be removed");
    if (flow_record_accepted(d, m) < 0)
        return -1;
    spool_wait_journal(&d->spool, &m->err);
    /* Somebody wrote to it after the claim: what the workers saw is nobody's message. */
    if (m->copy_n && !flow_is_unchanged(m))
        return flow_fail(m, ESTALE, "it was changed while it was in work");
    for (unsigned k = 1; k <= m->copy_n; k++)
        if (prepare_copy(d, m, k) < 0)
            return -1;
    if (m->fate == MSG_FATE_QUARANTINE && prepare_quarantine(d, m) < 0)
        return -1;
    if (m->fate != MSG_FATE_QUARANTINE && flow_plan_is_needed(m) && prepare_plan(d, m) < 0)
        return -1;
    if (d->spool.model == SPOOL_MODEL_B)
        spool_wait_dirs(&d->spool, &m->err);
    return 0;
}

/* The bit of one that stays is kept: it must never stand beside a commit suffix. */
static int discard(struct depot *d, struct msg *m, const char *suffix, uint32_t *outs)
{
    struct spool *s = &d->spool;
    char name[MSG_NAME_MAX];

    for (unsigned k = 1; *outs && k <= MSG_COPIES_MAX; k++)
        if ((*outs & (1u << (k - 1))) && spool_remove(s, &s->proc, msg_out_file(m, name, k, suffix)) == 0)
            *outs &= ~(1u << (k - 1));
    return *outs ? -1 : 0;
}

int flow_discard_outs(struct depot *d, struct msg *m)
{
    msg_close_outs(m);
    return discard(d, m, ".eml.out", &m->outs_eml) | discard(d, m, ".hdr.out", &m->outs_hdr) |
           discard_json(d, m);
}

static void fate_suffix(const struct msg *m, char *to, size_t size)
{
    if (NEGATIVE("one-suffix"))
        snprintf(to, size, ".hdr.done");
    else if (m->fate == MSG_FATE_QUARANTINE)
        snprintf(to, size, ".hdr.q-%s", spool_class_name(m->class));
    else
        snprintf(to, size, m->fate == MSG_FATE_DROP ? ".hdr.drop" : ".hdr.send");
}

int flow_commit(struct depot *d, struct msg *m)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX], suffix[sizeof m->suffix];
    struct spool *s = &d->spool;

    if (NEGATIVE("no-commit"))
        return 0;
    fate_suffix(m, suffix, sizeof suffix);
    if (spool_move(s, &s->proc, msg_file(m, from, m->suffix), &s->proc, msg_file(m, to, suffix)) < 0)
        return flow_fail(m, errno, "the decision cannot be committed");
    snprintf(m->suffix, sizeof m->suffix, "%s", suffix);
    if (!NEGATIVE("no-f1"))
        spool_wait_dirs(s, &m->err);
    return 0;
}

/* Publishes one half of every copy; bits are cleared as it goes, so that it can go on after an error. */
static int publish(struct depot *d, struct msg *m, const char *suffix, uint32_t *outs)
{
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX], out[16];
    struct spool *s = &d->spool;

    snprintf(out, sizeof out, "%s.out", suffix);
    for (unsigned k = 1; *outs && k <= MSG_COPIES_MAX; k++) {
        if (!(*outs & (1u << (k - 1))))
            continue;
        if (spool_move(s, &s->proc, msg_out_file(m, from, k, out), &s->outlet[m->intake],
                       msg_outlet_file(m, to, k, suffix)) < 0)
            return flow_fail(m, errno, "it cannot be put into the outlet");
        *outs &= ~(1u << (k - 1));
    }
    return 0;
}

int flow_content(struct depot *d, struct msg *m)
{
    if (NEGATIVE("hdr-first") ? publish(d, m, ".hdr", &m->outs_hdr) < 0
                              : publish(d, m, ".eml", &m->outs_eml) < 0)
        return -1;
    if (m->fate == MSG_FATE_QUARANTINE && flow_quarantine_content(d, m) < 0)
        return -1;
    if (d->spool.model == SPOOL_MODEL_B)
        spool_wait_dirs(&d->spool, &m->err);
    return 0;
}

int flow_envelope(struct depot *d, struct msg *m)
{
    if (NEGATIVE("hdr-first") ? publish(d, m, ".eml", &m->outs_eml) < 0
                              : publish(d, m, ".hdr", &m->outs_hdr) < 0)
        return -1;
    if (!NEGATIVE("no-f3"))
        spool_wait_dirs(&d->spool, &m->err);
    return 0;
}

static int remove_original(struct depot *d, struct msg *m, const char *suffix)
{
    char name[MSG_NAME_MAX];

    if (spool_remove(&d->spool, &d->spool.proc, msg_file(m, name, suffix)) < 0)
        return flow_fail(m, errno, "its original cannot be removed");
    return 0;
}

int flow_unlink(struct depot *d, struct msg *m)
{
    if (m->fate == MSG_FATE_QUARANTINE)
        return 0;
    if (remove_original(d, m, NEGATIVE("unlink-hdr-first") ? m->suffix : ".eml") < 0)
        return -1;
    if (discard_json(d, m) < 0)
        return flow_fail(m, errno, "the plan of its copies cannot be removed");
    if (d->spool.model == SPOOL_MODEL_B)
        spool_wait_dirs(&d->spool, &m->err);
    return 0;
}

int flow_finish(struct depot *d, struct msg *m)
{
    if (m->fate == MSG_FATE_QUARANTINE)
        return flow_quarantine_envelope(d, m);
    if (remove_original(d, m, NEGATIVE("unlink-hdr-first") ? ".eml" : m->suffix) < 0)
        return -1;
    if (m->eml >= 0)
        close(m->eml); /* the last one frees the blocks: here, where waiting is allowed */
    m->eml = -1;
    if (!NEGATIVE("late-audit"))
        return 0;
    for (int i = 0; i < 20; i++)
        getppid(); /* a moment that is long enough to be hit */
    return flow_record(d, m);
}
