/*
 * quarantine_expire.c - see quarantine_expire.h.
 *
 * Store thread. One walk at start, then one now and then: releases and deletions
 * that were interrupted are finished (release.c knows how), entries beyond their
 * time are deleted with a line in the journal. The age of an entry counts from
 * its record, of a released one from its release. Must never delete what is in
 * work, nor more than a few entries in one slice: each costs several flushes.
 */
#include "spoold/quarantine_expire.h"

#include "common/xalloc.h"
#include "spoold/release.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define SWEEP_NAMES    1000 /* read in one slice */
#define SWEEP_ACTS     8    /* entries mended or deleted in one slice */
#define SWEEP_SHORTEST 1000
#define SWEEP_LONGEST  300000 /* between two walks */

struct quarantine_sweep {
    struct quarantine_walk walk;
    bool walking, walked;
    int64_t due_ms; /* monotonic */
};

static int64_t lifetime(const struct config *c, enum spool_class class, enum quarantine_state s)
{
    const int64_t of[SPOOL_CLASS__MAX] = {
        [SPOOL_CLASS_VIRUS] = c->expire_virus,   [SPOOL_CLASS_SPAM] = c->expire_spam,
        [SPOOL_CLASS_POLICY] = c->expire_policy, [SPOOL_CLASS_POISON] = c->expire_poison,
        [SPOOL_CLASS_FAILED] = c->expire_failed,
    };

    if (s == QUARANTINE_RELEASED)
        return c->keep_released;
    return of[class] ? of[class] : INT64_MAX;
}

/* A twentieth of the shortest lifetime late is good enough. */
static int64_t interval(const struct config *c)
{
    int64_t least = SWEEP_LONGEST;

    for (int k = 0; k < SPOOL_CLASS__MAX; k++) {
        int64_t l = lifetime(c, (enum spool_class)k, QUARANTINE_HELD);

        if (l / 20 < least)
            least = l / 20;
    }
    if (c->keep_released / 20 < least)
        least = c->keep_released / 20;
    return least < SWEEP_SHORTEST ? SWEEP_SHORTEST : least;
}

static int64_t to_ms(struct timespec t)
{
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Since when it is in this state, as far as can be known without reading anything. */
static int64_t since_ms(const struct depot *d, const struct quarantine_entry *e, enum quarantine_state s)
{
    enum quarantine_part part = s == QUARANTINE_RELEASED ? QUARANTINE_HDR_REL : QUARANTINE_JSON;
    int64_t claimed = base_time_ns(&e->base) / 1000000, since;
    char name[MSG_NAME_MAX];
    struct stat st;

    if (fstatat(d->spool.class[e->class].fd, quarantine_file(e, name, part), &st, AT_SYMLINK_NOFOLLOW) < 0)
        return claimed;
    /* A rename sets ctime: that is the moment of the release. */
    since = to_ms(part == QUARANTINE_JSON ? st.st_mtim : st.st_ctim);
    return since > claimed ? since : claimed;
}

static bool is_over(const struct depot *d, const struct quarantine_entry *e, enum quarantine_state s)
{
    int64_t life = lifetime(d->cfg, e->class, s), now = depot_wall_ms();

    if (life == INT64_MAX || now - base_time_ns(&e->base) / 1000000 < life)
        return false; /* the cheap question first: no entry is younger than its claim */
    return now - since_ms(d, e, s) >= life;
}

static void expire(struct depot *d, const struct quarantine_entry *e, enum quarantine_state s)
{
    char why[RELEASE_WHY_MAX], reason[64] = "quarantine.keep_released is over";

    if (s != QUARANTINE_RELEASED)
        snprintf(reason, sizeof reason, "quarantine.expire_%s is over", spool_class_name(e->class));
    release_delete(d, e, reason, why);
}

/* True when something was done that costs time. */
static bool look_at(struct depot *d, const struct quarantine_entry *e, enum quarantine_part part)
{
    char why[RELEASE_WHY_MAX];
    enum quarantine_state s;

    if (part == QUARANTINE_HDR_PART || part == QUARANTINE_JSON_REL) {
        release_mend(d, e);
        return true;
    }
    if (part == QUARANTINE_HDR_DEL) {
        release_delete(d, e, "it was being deleted when spoold ended", why);
        return true;
    }
    if (part == QUARANTINE_HDR)
        s = QUARANTINE_HELD;
    else if (part == QUARANTINE_HDR_REL)
        s = QUARANTINE_RELEASED;
    else if (part == QUARANTINE_EML)
        s = QUARANTINE_HALF;
    else
        return false;
    if (!is_over(d, e, s) || (s == QUARANTINE_HALF && quarantine_state(d, e) != s))
        return false;
    expire(d, e, s);
    return true;
}

static struct quarantine_sweep *sweep_of(struct depot *d)
{
    if (!d->sweep)
        d->sweep = xcalloc(1, sizeof *d->sweep);
    return d->sweep;
}

int quarantine_expire_slice(struct depot *d)
{
    struct quarantine_sweep *s = sweep_of(d);
    unsigned budget = SWEEP_NAMES, acts = 0;
    struct quarantine_entry e;
    enum quarantine_part part;
    int rc = 1;

    if (!s->walking && depot_mono_ms() < s->due_ms)
        return 0;
    if (!s->walking)
        quarantine_walk_begin(&s->walk, -1);
    s->walking = true;
    while (acts < SWEEP_ACTS && (rc = quarantine_walk_next(&s->walk, d, &budget, &e, &part)) == 1)
        acts += look_at(d, &e, part);
    if (rc != 0)
        return 1;
    s->walking = false;
    s->walked = true;
    s->due_ms = depot_mono_ms() + interval(d->cfg);
    return 0;
}

bool quarantine_expire_walked(const struct depot *d)
{
    return d->sweep && d->sweep->walked;
}

void quarantine_expire_fini(struct depot *d)
{
    if (d->sweep)
        quarantine_walk_end(&d->sweep->walk);
    free(d->sweep);
    d->sweep = NULL;
}
