/*
 * antivirus.c - see antivirus.h. Decides when worker-av loads anew, and from what.
 *
 * Loop thread. It trusts nothing that it saw: a set is handed to the workers only
 * when two looks in a row saw the same, and whether it is any good is shown by
 * the canary of the new generation, not here.
 */
#include "spoold/antivirus_part.h"

#include "common/antivirus.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/watch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SETTLE_MS       500 /* between two looks at a folder that is being changed */
#define SETTLE_MAX      240 /* looks: what changes for two minutes is loaded as it is; the canary decides */
#define RETRY_MS        600000 /* while the old signatures serve, a set that did not load is tried again */
#define GONE_RECHECK_MS 5000   /* the folder is gone or empty, and was not always */
#define TEST_RECHECK_MS 10000  /* with test signatures only: real ones may be installed at any time */

struct look_task {
    struct task task;
    unsigned epoch;
    struct antivirus_look found;
    int dir;
};

/* There is something to load: real signatures, or the test set where there never were any. */
static bool is_usable(const struct antivirus_look *l)
{
    return l->files || (!l->real_before && (l->readable || l->err == ENOENT));
}

static int64_t recheck_ms(const struct spoold *s)
{
    int64_t wait = s->cfg->av_recheck;

    if (!is_usable(&s->av.seen) && wait > GONE_RECHECK_MS)
        return GONE_RECHECK_MS;
    return !s->av.seen.files && wait > TEST_RECHECK_MS ? TEST_RECHECK_MS : wait;
}

static void take_dir(struct antivirus *a, int dir)
{
    if (a->dir >= 0)
        close(a->dir);
    a->dir = dir;
}

static void say_folder(struct spoold *s)
{
    const struct antivirus_look *l = &s->av.seen;

    if (!l->readable && l->err != ENOENT)
        log_warnx("event=signatures_unreadable folder=%s error=\"%s\" user %u must be able to read it",
                  s->cfg->av_signatures, strerror(l->err), geteuid());
    else
        log_info("event=signatures_seen folder=%s files=%u", s->cfg->av_signatures, l->files);
}

/* A new set, or the order for one. */
static void load_seen(struct spoold *s)
{
    struct antivirus *a = &s->av;

    a->force = false;
    a->settle = 0;
    say_folder(s);
    pool_reload_role(s->pool, ROLE_AV, antivirus_mode(s));
}

static void judge_look(struct spoold *s, const struct antivirus_look *found)
{
    struct antivirus *a = &s->av;
    bool still = found->print == a->seen.print && found->files == a->seen.files;

    a->seen = *found;
    a->due = depot_mono_ms() + recheck_ms(s);
    if (!is_usable(found)) {
        a->settle = 0; /* what is loaded goes on */
        return;
    }
    if (found->print == a->loaded_print && !a->force) {
        a->settle = 0;
        return;
    }
    /* What is gone altogether most likely comes back in a moment, as another folder. */
    if ((!still || a->settle == 0) && ++a->settle < SETTLE_MAX)
        a->due = depot_mono_ms() + SETTLE_MS;
    else
        load_seen(s);
}

static void look_run(struct task *t, struct depot *d)
{
    struct look_task *l = (struct look_task *)t;

    l->dir = antivirus_look(d, d->cfg, &l->found);
}

static void look_done(struct task *t, struct spoold *s)
{
    struct look_task *l = (struct look_task *)t;

    s->av.looking = false;
    if (l->epoch == s->av.epoch && s->cfg->clamav && s->pool && !s->stopping) {
        take_dir(&s->av, l->dir);
        watch_signatures(s->watch, l->dir); /* it may be another folder of the same name by now */
        judge_look(s, &l->found);
        if (s->av.again)
            s->av.due = depot_mono_ms() + SETTLE_MS;
        s->av.again = false;
    } else if (l->dir >= 0) {
        close(l->dir);
    }
    free(l);
}

static void start_look(struct spoold *s)
{
    struct look_task *l = xcalloc(1, sizeof *l);

    l->task.run = look_run;
    l->task.done = look_done;
    l->epoch = s->av.epoch;
    s->av.looking = true;
    task_list_add(&s->todo, &l->task);
}

void antivirus_open(struct spoold *s)
{
    struct antivirus *a = &s->av;

    *a = (struct antivirus){.dir = -1, .due = INT64_MAX};
    if (!s->cfg->clamav)
        return;
    antivirus_replace(s, antivirus_look(&s->depot, s->cfg, &a->seen), &a->seen);
    say_folder(s);
}

void antivirus_close(struct spoold *s)
{
    take_dir(&s->av, -1);
}

void antivirus_replace(struct spoold *s, int dir, const struct antivirus_look *found)
{
    s->av.epoch++;
    take_dir(&s->av, dir);
    s->av.seen = *found;
    s->av.due = depot_mono_ms() + recheck_ms(s);
    watch_signatures(s->watch, dir);
}

static uint32_t flags_of(const struct config *c)
{
    return (c->av_macros ? ANTIVIRUS_MACROS : 0) | (c->av_phishing ? ANTIVIRUS_PHISHING : 0) |
           (c->av_broken ? ANTIVIRUS_BROKEN : 0) | (c->av_broken_media ? ANTIVIRUS_BROKEN_MEDIA : 0) |
           (c->av_pua ? ANTIVIRUS_PUA : 0);
}

void antivirus_settings_of(const struct config *c, struct antivirus_settings *to)
{
    *to = (struct antivirus_settings){
        .flags = flags_of(c),
        .scan_time_ms = (uint32_t)c->av_timeout,
        .recursion = (uint32_t)c->av_recursion,
        .files = (uint32_t)c->av_files,
        .scan_size = (uint64_t)c->av_scan_size,
        .file_size = (uint64_t)c->av_file_size,
    };
}

void antivirus_load(struct spoold *s, enum role role, struct buf *settings, int *dir)
{
    struct antivirus_settings set;

    *dir = -1;
    if (role != ROLE_AV)
        return;
    antivirus_settings_of(s->cfg, &set);
    s->av.loaded_print = s->av.seen.print;
    if (s->av.seen.files)
        *dir = fcntl(s->av.dir, F_DUPFD_CLOEXEC, 0);
    else if (is_usable(&s->av.seen))
        set.flags |= ANTIVIRUS_TEST_SET; /* else it has nothing to load, and says so */
    antivirus_pack(settings, &set);
}

void antivirus_changed(struct spoold *s)
{
    int64_t soon = depot_mono_ms() + SETTLE_MS;

    s->av.again = s->av.looking;
    if (soon < s->av.due)
        s->av.due = soon;
}

void antivirus_reload(struct spoold *s)
{
    s->av.force = true;
    s->av.settle = 0;
    s->av.due = 0;
    s->av.again = s->av.looking;
}

enum pool_reload antivirus_mode(const struct spoold *s)
{
    enum { AUTO, OVERLAP, DRAIN };
    struct pool_about about;
    uint64_t needed;

    if (!is_usable(&s->av.seen))
        return POOL_OVERLAP; /* it will fail: what serves must stay */
    if (s->cfg->av_reload_mode != AUTO || !s->pool)
        return s->cfg->av_reload_mode == DRAIN ? POOL_DRAIN : POOL_OVERLAP;
    pool_get_about(s->pool, ROLE_AV, &about);
    needed = antivirus_memory_kb(about.pid);
    return needed + needed / 4 < antivirus_free_kb() ? POOL_OVERLAP : POOL_DRAIN;
}

const char *antivirus_trouble(const struct spoold *s)
{
    return s->pool && s->cfg->clamav ? pool_trouble(s->pool, ROLE_AV) : NULL;
}

int64_t antivirus_down_ms(const struct spoold *s)
{
    return s->pool && s->cfg->clamav ? pool_down_ms(s->pool, ROLE_AV, depot_mono_ms()) : 0;
}

bool antivirus_is_coming(const struct spoold *s)
{
    struct pool_about about;

    if (!antivirus_trouble(s))
        return false;
    pool_get_about(s->pool, ROLE_AV, &about);
    return !about.failed && !pool_is_lost(s->pool);
}

/* Jobs that no worker has begun are given back, so that their messages can be left on disk. */
static void watch_outage(struct spoold *s)
{
    const char *why = antivirus_trouble(s);

    if (!why && s->av.outage)
        alarm_clear(&s->alarms, ALARM_ANTIVIRUS);
    s->av.outage = s->av.outage && why;
    if (!why || antivirus_down_ms(s) <= SPOOLD_WORKER_MS)
        return;
    if (!s->alarms.since_ms[ALARM_ANTIVIRUS]) {
        s->av.outage = true;
        alarm_raise(&s->alarms, ALARM_ANTIVIRUS, "no message is examined for viruses: %s; all are held", why);
    }
    pool_cancel_waiting(s->pool, ROLE_AV, why);
}

static void watch_age(struct spoold *s)
{
    struct pool_about a;
    int64_t age;

    if (!is_usable(&s->av.seen)) {
        alarm_raise(&s->alarms, ALARM_SIGNATURES,
                    "the folder of the virus signatures, %s, %s; those in memory go on, none can be loaded. "
                    "Repair it, "
                    "or remove state/" ANTIVIRUS_MARK " if test signatures are meant to be used",
                    s->cfg->av_signatures,
                    s->av.seen.readable ? "holds none any more" : strerror(s->av.seen.err));
        return;
    }
    pool_get_about(s->pool, ROLE_AV, &a);
    if (!a.loaded.engine[0])
        return;
    age = a.loaded.built ? depot_wall_ms() - a.loaded.built * 1000 : 0;
    if (a.loaded.flags & WIRE_LOADED_TEST)
        alarm_raise(&s->alarms, ALARM_SIGNATURES,
                    "TEST SIGNATURES ONLY: %s holds none, so only the EICAR test file is found; install "
                    "clamav-freshclam, or run spoolctl av update",
                    s->cfg->av_signatures);
    else if (age > s->cfg->av_max_age)
        alarm_raise(&s->alarms, ALARM_SIGNATURES,
                    "the virus signatures in %s are %" PRId64
                    " days old; see whether freshclam runs, or run spoolctl av update",
                    s->cfg->av_signatures, age / 86400000);
    else
        alarm_clear(&s->alarms, ALARM_SIGNATURES);
}

/* While an old one serves nobody else tries again; what was wrong may have been the memory, not the set. */
static void retry_failed(struct spoold *s, int64_t now)
{
    struct antivirus *a = &s->av;
    struct pool_about about;

    pool_get_about(s->pool, ROLE_AV, &about);
    if (!about.failed || !about.serving) {
        a->retry_due = 0;
    } else if (!a->retry_due) {
        a->retry_due = now + RETRY_MS;
    } else if (now >= a->retry_due) {
        a->retry_due = now + RETRY_MS;
        antivirus_reload(s);
    }
}

int64_t antivirus_run(struct spoold *s, int64_t now)
{
    struct antivirus *a = &s->av;

    if (!s->cfg->clamav) {
        alarm_clear(&s->alarms, ALARM_SIGNATURES);
        alarm_clear(&s->alarms, ALARM_UNEXAMINED);
    }
    if (!s->cfg->clamav || !s->pool || s->stopping)
        return INT64_MAX;
    if (!a->looking && now >= a->due)
        start_look(s);
    watch_outage(s);
    watch_age(s);
    retry_failed(s, now);
    if (a->unexamined_ms && now - a->unexamined_ms > ANTIVIRUS_CALM_MS) {
        a->unexamined_ms = 0;
        alarm_clear(&s->alarms, ALARM_UNEXAMINED);
    }
    return a->looking ? INT64_MAX : a->due;
}

void antivirus_failed(struct spoold *s, const char *id, const char *words)
{
    s->av.unexamined_ms = depot_mono_ms();
    alarm_raise(&s->alarms, ALARM_UNEXAMINED,
                "%s could not be examined for viruses (%s); it is held and tried again", id, words);
}
