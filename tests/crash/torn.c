/*
 * torn.c - see torn.h.
 *
 * The ids in BASE are the program's own business, so the program makes them:
 * it is killed when it has claimed everything, and then each envelope that is not
 * committed yet is moved back. A rename changes neither inode nor time of change
 * of the content, so the stamps in BASE stay true.
 */
#include "tests/crash/torn.h"

#include <stdio.h>
#include <unistd.h>

struct claims {
    struct disk_path incoming;
    size_t seen, wanted;
};

static bool see_claim(void *arg, const struct trace_call *call)
{
    struct claims *c = arg;
    struct disk_path stem;

    if (call->kind == TRACE_RENAME && call->result == 0 && disk_cut_suffix(&stem, call->path, ".hdr") &&
        strncmp(call->path, c->incoming.s, strlen(c->incoming.s)) == 0)
        c->seen++;
    return c->seen >= c->wanted;
}

/* Moves the envelope of `base` back; false when its fate is decided already. */
static bool undo_envelope(const char *proc, const char *base, const char *incoming)
{
    struct disk_path claimed = disk_path("%.500s/%.400s.hdr.c", proc, base);

    if (!disk_exists(claimed.s))
        claimed = disk_path("%.500s/%.400s.hdr.w1", proc, base);
    return disk_exists(claimed.s) && rename(claimed.s, incoming) == 0;
}

static void remove_outputs(const char *proc, const char *base)
{
    struct disk_list l = {0};
    struct disk_path stem;
    size_t n = strlen(base);

    disk_list(&l, proc);
    for (size_t i = 0; i < l.n; i++)
        if (strncmp(l.name[i], base, n) == 0 && disk_cut_suffix(&stem, l.name[i], ".out"))
            (void)unlink(disk_path("%.500s/%.500s", proc, l.name[i]).s);
    disk_list_free(&l);
}

static bool tear_one(const char *root, const struct deposit *d)
{
    struct disk_path proc = disk_path("%s/proc", root), stem;
    struct disk_path back = disk_path("%s/incoming/%s.hdr", root, d->name);
    struct disk_list l = {0};
    size_t n = strlen(d->clean);
    bool torn = false;

    disk_list(&l, proc.s);
    for (size_t i = 0; i < l.n && !torn; i++) {
        if (strncmp(l.name[i], d->clean, n) != 0 || l.name[i][n] != '~')
            continue;
        if (!disk_cut_suffix(&stem, l.name[i], ".eml"))
            continue;
        torn = undo_envelope(proc.s, stem.s, back.s);
        if (torn)
            remove_outputs(proc.s, stem.s);
    }
    disk_list_free(&l);
    return torn;
}

size_t torn_make(const struct bench *b, char *const *argv, const struct deposit_set *set)
{
    struct claims c = {.incoming = disk_path("%.900s/incoming/", b->root.s), .wanted = set->n};
    struct trace_plan plan = {
        .argv = argv,
        .timeout_ms = (unsigned)b->o->timeout,
        .log = b->log.s,
        .see = see_claim,
        .arg = &c,
    };
    struct trace_result tr = {0};
    size_t n = 0;

    if (trace_run(&plan, &tr) < 0)
        return 0;
    for (size_t i = 0; i < set->n; i++)
        n += tear_one(b->root.s, &set->d[i]);
    return n;
}
