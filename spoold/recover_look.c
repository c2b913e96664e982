/*
 * recover_look.c - one look at proc: everything in it is either in the roster or is taken up here.
 *
 * The store lists, classifies and repairs (look_run); the loop starts what
 * needs the flow (look_done). Tasks come back in order, so a message that the
 * list still shows is in the roster until a later task has finished it.
 */
#include "spoold/recover.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/scan.h"
#include "spoold/spoold.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LOOK_AGAIN_MS   20    /* after a repair */
#define LOOK_SPREAD_MS  5     /* between two held messages whose time is not known */
#define LOOK_SPREAD_MAX 60000 /* the last of them */

struct look {
    struct task task;
    struct recover_found *found; /* owned; sorted and merged by BASE */
    size_t n, cap;
    struct msg **claimed; /* pairs put into proc by hand, claimed in place */
    size_t claimed_n;
    bool again, failed;
};

size_t recover_intake(const struct config *c, const struct base *b)
{
    struct view name = b->intake_len ? base_intake(b) : VIEW("main");

    for (size_t i = 0; i < c->intake_n; i++)
        if (view_equal(name, view_of(c->intake[i].name)))
            return i;
    return SIZE_MAX;
}

static void look_add(struct look *l, const struct recover_found *f)
{
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : 64;
        l->found = xrealloc(l->found, l->cap, sizeof *l->found);
    }
    l->found[l->n++] = *f;
}

/* A name without ~ID was put there by hand: a complete pair is claimed where it stands, the rest is left
 * alone. */
static void look_at_foreign(struct look *l, struct depot *d, struct view name)
{
    struct flow_deposit dep = {.from = &d->spool.proc, .name = name, .ready = d->cfg->intake[0].ready};
    struct msg *m = NULL;
    enum flow_claim_result r = FLOW_NOTHING;

    if (name.p[0] == '.')
        return;
    if (name.n > 4 && view_ends_with(name, VIEW(".eml")))
        return; /* its .hdr decides */
    if (name.n > 4 && view_ends_with(name, VIEW(".hdr"))) {
        dep.name.n -= 4;
        r = flow_claim(d, &dep, &m);
    }
    if (r == FLOW_CLAIMED) {
        l->claimed = xrealloc(l->claimed, l->claimed_n + 1, sizeof *l->claimed);
        l->claimed[l->claimed_n++] = m;
    } else if (r != FLOW_LATER && fstatat(d->spool.proc.fd, name.p, &dep.eml, AT_SYMLINK_NOFOLLOW) == 0) {
        scan_report(d, &dep, r == FLOW_PROBLEM ? dep.problem : "it is no file of spoold's; it is left alone");
    }
}

static int by_base(const void *a, const void *b)
{
    return strcmp(((const struct recover_found *)a)->base.s, ((const struct recover_found *)b)->base.s);
}

static void merge_all(struct look *l)
{
    size_t to = 0;

    if (l->n)
        qsort(l->found, l->n, sizeof *l->found, by_base);
    for (size_t i = 0; i < l->n; i++) {
        if (to && by_base(&l->found[to - 1], &l->found[i]) == 0)
            recover_merge(&l->found[to - 1], &l->found[i]);
        else
            l->found[to++] = l->found[i];
    }
    l->n = to;
}

static void list_proc(struct look *l, struct depot *d)
{
    int fd = openat(d->spool.proc.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;
    struct recover_found f;

    if (!dir) {
        log_warn("event=look_failed folder=proc");
        if (fd >= 0)
            close(fd);
        l->failed = true;
        return;
    }
    errno = 0;
    while ((e = readdir(dir))) {
        if (recover_parse_name(&f, view_of(e->d_name)) == 0)
            look_add(l, &f);
        else
            look_at_foreign(l, d, view_of(e->d_name));
        errno = 0;
    }
    l->failed = errno != 0; /* a list with holes must not be acted upon */
    closedir(dir);
    merge_all(l);
}

static void ask_ledger(struct depot *d, struct recover_found *f)
{
    struct ledger_hold h;

    if (ledger_get_hold(d->ledger, base_view(&f->base), &h) != 1)
        return;
    f->since_ms = h.since_ms;
    f->next_ms = h.next_ms;
    f->tries = h.tries;
    memcpy(f->reason, h.reason, sizeof f->reason);
    f->reason[sizeof f->reason - 1] = '\0';
}

static void look_run(struct task *t, struct depot *d)
{
    struct look *l = (struct look *)t;
    list_proc(l, d);
    for (size_t i = 0; !l->failed && i < l->n; i++) {
        struct recover_found *f = &l->found[i];

        recover_gather(d, f);
        if (f->state == RECOVER_HELD)
            ask_ledger(d, f);
    }
}

/* Store: the repairs that look_done asked for. */
static void repair_run(struct task *t, struct depot *d)
{
    struct look *l = (struct look *)t;

    for (size_t i = 0; i < l->n; i++)
        if (recover_repair(d, &l->found[i], recover_classify(&l->found[i], d->cfg->external_stage)))
            l->again = true;
}

/* What was repaired is looked at again at once; what cannot be repaired now waits for the next rescan. */
static void look_end(struct spoold *s, struct look *l)
{
    s->looking = false;
    s->recovered |= !l->again && !l->failed;
    s->look_due = depot_mono_ms() + (l->again || s->look_again ? LOOK_AGAIN_MS : s->cfg->rescan);
    s->look_again = false;
    free(l->found);
    free(l->claimed);
    free(l);
}

static void repair_done(struct task *t, struct spoold *s)
{
    look_end(s, (struct look *)t);
}

/* The message as the table's row sees it; the flow takes it from there. */
static struct msg *found_msg(const struct spoold *s, const struct recover_found *f, enum msg_step step)
{
    struct msg *m = msg_new(&f->base);

    m->recovered = true;
    m->intake = recover_intake(s->cfg, &f->base);
    m->attempt = f->n;
    m->tries = f->tries;
    m->since_ms = f->since_ms ? f->since_ms : base_time_ns(&f->base) / 1000000;
    m->outs_eml = f->outs_eml;
    m->outs_hdr = f->outs_hdr;
    m->json_out = f->json_out;
    memcpy(m->suffix, f->suffix, sizeof m->suffix);
    m->step = step;
    return m;
}

static void start_redo(struct spoold *s, const struct recover_found *f, bool keep_attempt)
{
    struct msg *m = found_msg(s, f, MSG_STEP_GATE);

    m->keep_attempt = keep_attempt;
    if (!keep_attempt)
        flow_poison(s, m);
    flow_start(s, m);
}

static void start_finish(struct spoold *s, const struct recover_found *f)
{
    static const enum msg_fate fates[] = {[RECOVER_SEND] = MSG_FATE_SEND,
                                          [RECOVER_QUARANTINE] = MSG_FATE_QUARANTINE,
                                          [RECOVER_DROP] = MSG_FATE_DROP};
    struct msg *m = found_msg(s, f, MSG_STEP_RESUME);

    m->fate = f->state <= RECOVER_DROP ? fates[f->state] : MSG_FATE_SEND;
    if (m->fate == MSG_FATE_NONE)
        m->fate = MSG_FATE_SEND; /* a negative control only */
    m->class = f->class;
    flow_start(s, m);
}

/* Not known when: at once, but one after the other, so that a restart does not wake ten thousand of them
 * together. */
static int64_t spread(const struct spoold *s)
{
    int64_t wait = (int64_t)s->roster.count[ROSTER_HELD] * LOOK_SPREAD_MS;

    return wait < LOOK_SPREAD_MAX ? wait : LOOK_SPREAD_MAX;
}

static void keep_waiting(struct spoold *s, const struct recover_found *f, enum roster_state state)
{
    struct roster_entry *e = roster_add(&s->roster, &f->base);
    int64_t wait = f->next_ms - depot_wall_ms();

    if (state == ROSTER_OFFERED)
        wait = s->cfg->external_window;
    else if (!f->next_ms)
        wait = spread(s);
    else if (wait > s->cfg->hold_longest)
        wait = s->cfg->hold_longest; /* the clock was set back */
    e->attempt = f->n;
    e->tries = f->tries;
    e->since_ms = depot_wall_ms();
    e->first_ms = f->since_ms ? f->since_ms : e->since_ms;
    roster_set_reason(e, f->reason);
    roster_set_state(&s->roster, e, state);
    roster_set_due(&s->roster, e, depot_mono_ms() + (wait > 0 ? wait : 0));
}

__attribute__((format(printf, 2, 3))) static void strange(struct spoold *s, const char *fmt, ...)
{
    char text[200];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (!s->strange) /* the first one of this look stands for all; each is in the log */
        alarm_raise(&s->alarms, ALARM_STRANGE_STATE, "%s", text);
    else
        log_warnx("event=strange_state %s", text);
    s->strange = true;
}

/* `since`: when it was first met so, 0 = now. */
static void wait_outside(struct spoold *s, const struct recover_found *f, const struct recover_row *row,
                         int64_t since)
{
    struct roster_entry *e = roster_add(&s->roster, &f->base);

    e->since_ms = since ? since : depot_wall_ms();
    if (depot_wall_ms() - e->since_ms > s->cfg->external_alarm)
        strange(s, "%.80s: %s, for longer than spool.external_alarm", f->base.s, row->meaning);
    roster_set_state(&s->roster, e, ROSTER_RESTING);
    roster_set_due(&s->roster, e, INT64_MAX);
}

/* Whatever leads to an outlet or back to an intake. */
static bool needs_intake(enum recover_action action)
{
    return (action >= RECOVER_START && action <= RECOVER_FINISH) || action == RECOVER_GIVE_BACK ||
           action == RECOVER_FINISH_RELEASE;
}

static void act_on(struct spoold *s, const struct recover_found *f, bool keep_attempt, int64_t since)
{
    const struct recover_row *row = recover_classify(f, s->cfg->external_stage);

    if (needs_intake(row->action) && recover_intake(s->cfg, &f->base) == SIZE_MAX) {
        strange(s, "%.80s came from an intake that is not configured; it stays in proc", f->base.s);
        return;
    }
    switch (row->action) {
    case RECOVER_START:
        flow_start(s, found_msg(s, f, MSG_STEP_ADMIT));
        break;
    case RECOVER_OFFER:
        keep_waiting(s, f, ROSTER_OFFERED);
        break;
    case RECOVER_REDO:
        start_redo(s, f, keep_attempt);
        break;
    case RECOVER_HOLD:
        keep_waiting(s, f, ROSTER_HELD);
        break;
    case RECOVER_FINISH:
        start_finish(s, f);
        break;
    case RECOVER_WAIT:
        wait_outside(s, f, row, since);
        break;
    case RECOVER_ALARM:
        strange(s, "proc/%.80s*: %s; spoold does not touch it", f->base.s, row->meaning);
        break;
    default:
        break; /* repaired by the store */
    }
}

/* Known already, unless it rests and this look is what it waited for. */
static void consider(struct spoold *s, const struct recover_found *f)
{
    struct roster_entry *e = roster_find(&s->roster, &f->base);
    bool keep = e && e->keep_attempt;
    int64_t since = e ? e->since_ms : 0;

    if (e && !roster_is_looked_for(e))
        return;
    if (e)
        roster_remove(&s->roster, e);
    act_on(s, f, keep, since);
}

struct vanished {
    const struct look *look;
    struct roster_entry *entry; /* one at a time: the roster must not change while it is walked */
};

static void find_vanished(struct roster_entry *e, void *arg)
{
    struct vanished *v = arg;
    struct recover_found key = {.base = e->base};

    if (!v->entry && roster_is_looked_for(e) &&
        !(v->look->n && bsearch(&key, v->look->found, v->look->n, sizeof key, by_base)))
        v->entry = e;
}

/* What rested and is not in proc any more was taken by somebody else: another program, or a person. */
static void forget_vanished(struct spoold *s, const struct look *l)
{
    struct vanished v = {.look = l};

    while (s->roster.count[ROSTER_RESTING]) {
        v.entry = NULL;
        roster_each(&s->roster, find_vanished, &v);
        if (!v.entry)
            return;
        log_info("id=%s event=gone it was taken out of proc by another program", v.entry->base.s);
        roster_remove(&s->roster, v.entry);
    }
}

/* Keeps in the list what the store has to repair: never anything that is in work or waits. */
static void keep_repairs(const struct spoold *s, struct look *l)
{
    size_t to = 0;

    for (size_t i = 0; i < l->n; i++) {
        const struct recover_found *f = &l->found[i];
        const struct recover_row *row = recover_classify(f, s->cfg->external_stage);

        if (recover_is_repair(f, row) && (row->action == RECOVER_HOLD || !roster_find(&s->roster, &f->base)))
            l->found[to++] = *f;
    }
    l->n = to;
}

static void look_done(struct task *t, struct spoold *s)
{
    struct look *l = (struct look *)t;

    s->strange = false;
    for (size_t i = 0; i < l->claimed_n; i++)
        flow_start(s, l->claimed[i]);
    if (l->failed)
        l->n = 0;
    else
        forget_vanished(s, l);
    for (size_t i = 0; i < l->n; i++)
        consider(s, &l->found[i]);
    if (!l->failed && !s->strange)
        alarm_clear(&s->alarms, ALARM_STRANGE_STATE);
    keep_repairs(s, l);
    if (!l->n) {
        look_end(s, l);
        return;
    }
    l->task.run = repair_run;
    l->task.done = repair_done;
    task_list_add(&s->todo, &l->task);
}

void recover_look(struct spoold *s)
{
    struct look *l = xcalloc(1, sizeof *l);

    l->task.run = look_run;
    l->task.done = look_done;
    s->looking = true;
    task_list_add(&s->todo, &l->task);
}

void recover_look_soon(struct spoold *s)
{
    s->look_again = s->looking;
    s->look_due = 0;
}
