/*
 * deliver_list.c - which deliveries are known: those that are offered, and those that a walk through a folder
 * finds.
 *
 * Loop thread, called by deliver.c and flow.c. Memory holds a bounded number for each
 * server; the folder is the truth for the rest. Must never forget one that is under
 * way, and never leave one for good because others stand before it.
 */
#include "spoold/deliver_table.h"

#include "spoold/spoold.h"

#include <stdlib.h>

#define THIN_MS 60000 /* what is not due for longer may be forgotten where there is no room */

size_t deliver_servers_on(const struct deliver *d)
{
    size_t n = 0;

    for (size_t i = 0; i < CONFIG_INTAKE_MAX; i++)
        n += d->server[i].on;
    return n ? n : 1;
}

/* Each server has its share, so that a dead one leaves the others theirs. */
static bool is_full(const struct deliver *d, size_t intake)
{
    return d->server[intake].known >= DELIVER_KNOWN_MAX / deliver_servers_on(d);
}

static void add(struct deliver *d, size_t intake, struct view stem, bool listed)
{
    struct deliver_item *i;

    if (is_full(d, intake)) {
        d->server[intake].crowded = true;
        return;
    }
    i = deliver_table_add(&d->table, d->s->cfg, intake, stem);
    if (!i)
        return;
    d->server[intake].known++;
    i->listed = listed;
    i->task.run = deliver_store_run;
    i->task.done = deliver_step_done;
}

void deliver_offer(struct deliver *d, const struct msg *m)
{
    char name[MSG_NAME_MAX];

    if (!d || !deliver_is_on(d->s->cfg, m->intake))
        return;
    for (unsigned k = 1; k <= m->copy_n; k++)
        add(d, m->intake, view_of(msg_outlet_file(m, name, k, "")), false);
}

static void end_list(struct deliver *d)
{
    deliver_store_list_free(&d->list);
    d->listing = d->paused = false;
}

/* A walk that finds no room stands still where it is: whoever comes later in the folder has his turn, too. */
static void listed(struct task *t, struct spoold *s)
{
    struct deliver *d = s->deliver;
    struct deliver_list *l = (struct deliver_list *)t;

    while (l->n) {
        add(d, l->intake, view_of(l->stem[--l->n]), true);
        free(l->stem[l->n]);
    }
    d->paused = !l->end && is_full(d, l->intake);
    if (l->end || s->stopping)
        end_list(d);
    else if (!d->paused)
        task_list_add(&s->todo, &l->task);
}

static void list_next(struct deliver *d)
{
    for (size_t n = 0; n < d->s->cfg->intake_n; n++) {
        if (!d->server[n].look)
            continue;
        d->server[n].look = d->server[n].crowded = false;
        d->listing = true;
        d->list = (struct deliver_list){.intake = n};
        d->list.task.run = deliver_store_list;
        d->list.task.done = listed;
        task_list_add(&d->s->todo, &d->list.task);
        return;
    }
}

void deliver_look(struct deliver *d)
{
    for (size_t n = 0; n < d->s->cfg->intake_n; n++)
        d->server[n].look = d->server[n].on;
}

/* Where there is no room, those that wait longest are forgotten: they stand in their folder, with their
 * notes. */
static void thin_out(struct deliver *d, int64_t now)
{
    struct deliver_item *next;

    d->thin_due = now + THIN_MS;
    for (struct deliver_item *i = deliver_table_first(&d->table); i; i = next) {
        next = deliver_table_next(&d->table, i);
        if (i->state == DELIVER_WAITING && d->server[i->intake].crowded && i->due - now > THIN_MS) {
            d->server[i->intake].known--;
            deliver_table_remove(&d->table, i);
        }
    }
}

/* Goes on when there is room again; where another folder may have some, its turn comes. */
static void go_on_listing(struct deliver *d)
{
    bool full = is_full(d, d->list.intake);

    if (!d->paused || (full && !d->s->stopping && deliver_servers_on(d) == 1))
        return;
    d->paused = false;
    if (full || d->s->stopping)
        end_list(d);
    else
        task_list_add(&d->s->todo, &d->list.task);
}

void deliver_list_run(struct deliver *d, int64_t now)
{
    bool crowded = false;

    for (size_t n = 0; n < CONFIG_INTAKE_MAX; n++)
        crowded |= d->server[n].crowded;
    if ((crowded || d->paused) && now >= d->thin_due)
        thin_out(d, now);
    if (now >= d->look_due) {
        d->look_due = now + d->s->cfg->rescan;
        deliver_look(d);
    }
    go_on_listing(d);
    if (!d->listing && !d->s->stopping)
        list_next(d);
}
