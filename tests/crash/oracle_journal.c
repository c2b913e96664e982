/*
 * oracle_journal.c - what the journal says, against what stood on disk.
 *
 * A line is a promise: "delivered" or "quarantined" without the files is a
 * false success. A missing line is only a fault for dropped messages, where it
 * is all that remains of them.
 */
#include "tests/crash/oracle.h"

#include "tests/crash/line.h"
#include "tests/crash/oracle_part.h"

#include "common/xalloc.h"

#include <stdlib.h>

struct ids {
    char **id;
    size_t n;
};

void oracle_read_journal(const struct oracle *o, struct buf *to)
{
    struct disk_path dir = disk_path("%s/state/journal", o->root), stem;
    struct disk_list l = {0};

    disk_list(&l, dir.s);
    for (size_t i = 0; i < l.n; i++)
        if (disk_cut_suffix(&stem, l.name[i], ".jsonl"))
            (void)disk_read(to, disk_path("%.500s/%.500s", dir.s, l.name[i]).s);
    disk_list_free(&l);
}

static void check_delivered(struct oracle *o, const struct line_event *e)
{
    struct disk_path stem = disk_path("%.*s", (int)e->id.n, e->id.p);

    if (e->copy > 1)
        stem = disk_path("%.*s.%u", (int)e->id.n, e->id.p, e->copy);
    if (oracle_was_taken(o, stem.s))
        return;
    if (!disk_exists(disk_path("%s/outgoing/%s.hdr", o->root, stem.s).s) ||
        !disk_exists(disk_path("%s/outgoing/%s.eml", o->root, stem.s).s))
        oracle_say(o, ORACLE_OTHER, "the journal says delivered, but %s was never complete", stem.s);
}

/* Committed to quarantine, or a lone half that is about to be parked: only renames are left to do. */
static bool in_proc(const struct oracle *o, const struct line_event *e)
{
    struct disk_path eml = disk_path("%.*s.eml", (int)e->id.n, e->id.p),
                     hdr = disk_path("%.*s.hdr", (int)e->id.n, e->id.p);
    bool content = false, envelope = false, committed = false;
    struct disk_list l = {0};

    disk_list(&l, disk_path("%s/proc", o->root).s);
    for (size_t i = 0; i < l.n; i++) {
        bool ours = strncmp(l.name[i], hdr.s, strlen(hdr.s)) == 0;

        content |= strcmp(l.name[i], eml.s) == 0;
        envelope |= ours;
        committed |= ours && strncmp(l.name[i] + strlen(hdr.s), ".q-", 3) == 0;
    }
    disk_list_free(&l);
    return committed || content != envelope;
}

static void check_quarantined(struct oracle *o, const struct line_event *e)
{
    struct disk_list classes = {0};
    bool there = false;

    disk_list(&classes, disk_path("%s/quarantine", o->root).s);
    for (size_t i = 0; i < classes.n && !there; i++) {
        struct disk_path stem =
            disk_path("%s/quarantine/%s/%.*s", o->root, classes.name[i], (int)e->id.n, e->id.p);

        /* What has lost its envelope is parked without one. */
        there = disk_exists(disk_path("%.900s.eml", stem.s).s) &&
                (strcmp(classes.name[i], "failed") == 0 || disk_exists(disk_path("%.900s.hdr", stem.s).s));
    }
    /* The line comes before the last rename; the commit is durable then, so recovery completes the entry. */
    there = there || in_proc(o, e);
    if (!there)
        oracle_say(o, ORACLE_OTHER, "the journal says quarantined, but there is no %.*s", (int)e->id.n,
                   e->id.p);
    disk_list_free(&classes);
}

void oracle_check_claims(struct oracle *o)
{
    struct buf b = {0};
    struct view rest, line;
    struct line_event e;

    oracle_read_journal(o, &b);
    rest = buf_view(&b);
    while (line_next(&rest, &line)) {
        if (!line_parse(&e, line))
            continue;
        if (view_equal(e.event, VIEW("delivered")))
            check_delivered(o, &e);
        else if (view_equal(e.event, VIEW("quarantined")))
            check_quarantined(o, &e);
    }
    buf_free(&b);
}

static void add_id(struct ids *l, struct view id)
{
    for (size_t i = 0; i < l->n; i++)
        if (view_equal(view_of(l->id[i]), id))
            return;
    l->id = xrealloc(l->id, l->n + 1, sizeof(*l->id));
    l->id[l->n++] = xstrndup(id.p, id.n);
}

static void find_discarded(const struct oracle *o, struct ids *l)
{
    struct buf b = {0};
    struct view rest, line;
    struct line_event e;

    oracle_read_journal(o, &b);
    rest = buf_view(&b);
    while (line_next(&rest, &line))
        if (line_parse(&e, line) && view_equal(e.event, VIEW("discarded")))
            add_id(l, e.id);
    buf_free(&b);
}

static size_t count_prefix(const struct ids *l, const char *clean)
{
    size_t n = strlen(clean), found = 0;

    for (size_t i = 0; i < l->n; i++)
        found += strncmp(l->id[i], clean, n) == 0 && l->id[i][n] == '~';
    return found;
}

/* Two messages of one name are told apart only by their number: the line names no tag. */
void oracle_check_discards(struct oracle *o)
{
    struct ids l = {0};

    find_discarded(o, &l);
    for (size_t i = 0; i < o->set->n; i++) {
        const struct deposit *d = &o->set->d[i];
        size_t due = 0, found = count_prefix(&l, d->clean);
        bool first = true;

        for (size_t k = 0; k < o->set->n; k++) {
            if (strcmp(o->set->d[k].clean, d->clean) != 0)
                continue;
            first = first && k >= i;
            due += deposit_count_end(&o->set->d[k], DEPOSIT_DROPPED) > 0 && !o->seen[k].parked &&
                   !o->set->d[k].ruined;
        }
        if (first && found < due)
            oracle_say(o, ORACLE_LOST, "%s: %zu discarded, %zu journal lines", d->clean, due, found);
        else if (first && found > due)
            oracle_say(o, due ? ORACLE_TWICE : ORACLE_OTHER, "%s: %zu discarded, %zu in the journal",
                       d->clean, due, found);
    }
    for (size_t i = 0; i < l.n; i++)
        free(l.id[i]);
    free(l.id);
}
