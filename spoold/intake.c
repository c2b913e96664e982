/*
 * intake.c - see intake.h. Loop thread; sends scan tasks (scan.c) and takes in what they claimed.
 */
#include "spoold/intake.h"

#include "common/xalloc.h"
#include "spoold/flow.h"
#include "spoold/scan.h"
#include "spoold/spoold.h"

#include <stdlib.h>

/* The two halves of a pair come one after the other, so a look at the newest few finds nearly all repeats. */
static struct intake_hint *find_hint(struct intake *in, struct view name)
{
    size_t oldest = in->hint_n > 16 ? in->hint_n - 16 : 0;

    for (size_t i = in->hint_n; i-- > oldest;)
        if (view_equal(view_of(in->hint[i].name), name))
            return &in->hint[i];
    return NULL;
}

void intake_hint(struct spoold *s, size_t i, struct view name, int64_t delay)
{
    struct intake *in = &s->intake[i];
    int64_t due = delay ? depot_mono_ms() + delay : 0;
    struct intake_hint *h;

    if (in->hint_n == INTAKE_HINTS_MAX) {
        if (!delay)
            intake_walk(s, i);
        else if (s->scan_due > due)
            s->scan_due = due;
        return;
    }
    h = find_hint(in, name);
    if (h)
        h->due = due < h->due ? due : h->due;
    else
        in->hint[in->hint_n++] = (struct intake_hint){xstrndup(name.p, name.n), due};
}

void intake_walk(struct spoold *s, size_t i)
{
    if (s->intake[i].walk)
        s->intake[i].again = true;
    s->intake[i].walk = true;
}

bool intake_idle(const struct spoold *s, size_t i)
{
    const struct intake *in = &s->intake[i];

    return !in->walk && !in->busy && in->hint_n == 0;
}

static int64_t earliest_hint(const struct intake *in)
{
    int64_t due = INT64_MAX;

    for (size_t i = 0; i < in->hint_n; i++)
        if (in->hint[i].due < due)
            due = in->hint[i].due;
    return due;
}

/* Moves the names whose time has come into the task. */
static void take_hints(struct intake *in, struct scan_task *t, int64_t now)
{
    size_t kept = 0;

    t->name = xcalloc(in->hint_n, sizeof *t->name);
    for (size_t i = 0; i < in->hint_n; i++) {
        if (in->hint[i].due <= now)
            t->name[t->name_n++] = in->hint[i].name;
        else
            in->hint[kept++] = in->hint[i];
    }
    in->hint_n = kept;
}

static void walk_ended(struct spoold *s, struct intake *in, const struct scan_task *t)
{
    if (t->orphans)
        in->orphans_due = depot_mono_ms() + s->cfg->deposit_alarm;
    in->walk = in->again;
    in->again = false;
}

static void scan_done(struct task *task, struct spoold *s)
{
    struct scan_task *t = (struct scan_task *)task;
    struct intake *in = &s->intake[t->intake];

    in->busy = false;
    for (size_t i = 0; i < t->claimed_n; i++)
        flow_start(s, t->claimed[i]);
    if (t->gone)
        alarm_raise(&s->alarms, ALARM_INTAKE_GONE,
                    "the intake folder %.100s was removed; make it again and restart spoold",
                    s->cfg->intake[t->intake].path);
    if (t->end)
        walk_ended(s, in, t);
    for (size_t i = t->name_tried; i < t->name_n; i++)
        intake_hint(s, t->intake, view_of(t->name[i]), 0);
    for (size_t i = 0; i < t->later_n; i++)
        intake_hint(s, t->intake, view_of(t->later[i].name), t->later[i].delay);
    /* Too many to remember: another walk finds them, but not at once, or it would go round for ever. */
    if (t->later_lost && s->scan_due > depot_mono_ms() + INTAKE_LATER_MS)
        s->scan_due = depot_mono_ms() + INTAKE_LATER_MS;
    scan_task_free(t);
}

static void start_scan(struct spoold *s, size_t i, int64_t now)
{
    struct intake *in = &s->intake[i];
    struct scan_task *t = xcalloc(1, sizeof *t);

    t->task.run = scan_run;
    t->task.done = scan_done;
    t->intake = i;
    t->walk = in->walk;
    t->orphans = now >= in->orphans_due;
    t->room = spoold_room(s);
    t->room_bytes = (uint64_t)s->cfg->max_bytes_in_flight;
    t->room_bytes -= spoold_bytes_in_work(s) < t->room_bytes ? spoold_bytes_in_work(s) : t->room_bytes;
    take_hints(in, t, now);
    in->busy = true;
    task_list_add(&s->todo, &t->task);
}

/* One intake scans at a time, in turn, so that the room is never given out twice. */
int64_t intake_run(struct spoold *s, int64_t now)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < s->cfg->intake_n; i++)
        if (s->intake[i].busy)
            return INT64_MAX;
    for (size_t n = 0; n < s->cfg->intake_n; n++) {
        size_t i = (s->next_intake + n) % s->cfg->intake_n;
        int64_t due = earliest_hint(&s->intake[i]);

        if (s->intake[i].walk || due <= now) {
            s->next_intake = i + 1;
            start_scan(s, i, now);
            return INT64_MAX;
        }
        if (due < next)
            next = due;
    }
    return next;
}

void intake_fini(struct spoold *s)
{
    for (size_t i = 0; i < CONFIG_INTAKE_MAX; i++)
        for (size_t h = 0; h < s->intake[i].hint_n; h++)
            free(s->intake[i].hint[h].name);
}
