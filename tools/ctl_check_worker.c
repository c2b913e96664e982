/*
 * ctl_check_worker.c - the workers of "spoolctl check": a launcher and a pool of role av of their own.
 *
 * Called by ctl_check.c; one thread. The only file of the tools that uses the
 * supervisor's parts: pool and launcher are the same as in spoold, so that what
 * is said here is what spoold would say. They end with this process, however it
 * ends (links, PDEATHSIG). A worker that does not start is not waited for.
 */
#include "tools/ctl_check_part.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/antivirus_part.h"
#include "spoold/launch.h"
#include "spoold/role_settings.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

struct job {
    struct pool_job job; /* first */
    struct ctl_check_file *file;
};

/* The same look and the same rule as spoold's: a folder without signatures means spoold's own. 0 or -1 with
 * errno. */
static int look_at_signatures(struct ctl_check_worker *w)
{
    struct spoold *s = &w->s;

    s->depot.root_dir = open(s->cfg->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    s->depot.state_dir = -1; /* nothing is remembered */
    s->av.dir = antivirus_look(&s->depot, s->cfg, &s->av.seen);
    if (s->depot.root_dir >= 0)
        close(s->depot.root_dir);
    s->depot.root_dir = -1;
    errno = s->av.seen.err;
    return s->av.seen.readable || errno == ENOENT ? 0 : -1;
}

static void free_worker(struct ctl_check_worker **w)
{
    antivirus_close(&(*w)->s);
    ctl_check_judge_close(*w);
    free(*w);
    *w = NULL;
}

static uint32_t roles_of(const struct ctl_check_about *a)
{
    return (a->av ? 1u << ROLE_AV : 0) | (a->antispam ? 1u << ROLE_ANTISPAM : 0) |
           (a->antispam && a->dns == CTL_CHECK_LIVE ? 1u << ROLE_DNS : 0);
}

static int prepare(struct ctl_check_worker *w, struct buf *why)
{
    if (w->about->av && look_at_signatures(w) < 0) {
        buf_addf(why, "the folder of signatures %s cannot be read: %s; see antivirus.signatures",
                 w->c.av_signatures, strerror(errno));
        return -1;
    }
    return ctl_check_judge_open(w, why);
}

struct ctl_check_worker *ctl_check_worker_open(const struct config *c, unsigned children,
                                               const struct ctl_check_about *about, struct buf *why)
{
    struct pool_options o = {.roles = roles_of(about), .load = role_settings_load};
    struct ctl_check_worker *w = xcalloc(1, sizeof *w);

    w->c = *c;
    w->about = about;
    if (w->c.av_children > (int64_t)children)
        w->c.av_children = (int64_t)children;
    if (w->c.antispam_children > (int64_t)children)
        w->c.antispam_children = (int64_t)children;
    w->s.cfg = &w->c;
    w->s.av.dir = -1;
    if (prepare(w, why) < 0) {
        free_worker(&w);
        return NULL;
    }
    log_init("spoolctl", LOG_TARGET_STDERR, about->verbose ? LOG_LEVEL_INFO : LOG_LEVEL_WARN);
    signal(SIGCHLD, SIG_DFL); /* inherited as ignored, it would hide the end of the launcher */
    o.launcher = launch_start();
    w->s.pool = pool_open(&w->s, &o);
    if (o.roles & 1u << ROLE_DNS)
        w->s.resolver = resolver_open(&w->s);
    return w;
}

void ctl_check_worker_close(struct ctl_check_worker **w)
{
    pool_close(&(*w)->s.pool);
    resolver_close(&(*w)->s.resolver);
    launch_wait();
    free_worker(w);
}

bool ctl_check_worker_is_test(const struct ctl_check_worker *w)
{
    return w->s.av.seen.files == 0;
}

void ctl_check_worker_engine(const struct ctl_check_worker *w, struct wire_loaded *engine)
{
    struct pool_about a = {0};

    pool_get_about(w->s.pool, ROLE_AV, &a);
    *engine = a.loaded;
}

/* The answer of a worker that came to its end. */
static void judge_result(struct ctl_check_verdict *v, const struct pool_outcome *o)
{
    const struct wire_result *r = &o->result;

    if (r->status != WIRE_OK) {
        ctl_check_unexamined(v, ANTIVIRUS_BYTES, strerror(r->err));
        return;
    }
    v->hashed = true;
    memcpy(v->sha256, r->sha256, sizeof v->sha256);
    snprintf(v->text, sizeof v->text, "%s", o->finding);
    v->state = (enum antivirus_state)r->state;
    v->why = (enum antivirus_why)r->why;
    /* "Clean" is earned: numbers that make no sense are no answer. */
    if (r->state == ANTIVIRUS_NOT_ASKED || r->state >= ANTIVIRUS_STATE__MAX || r->why >= ANTIVIRUS_WHY__MAX ||
        (r->state == ANTIVIRUS_UNEXAMINED) != (r->why != ANTIVIRUS_EXAMINED))
        ctl_check_unexamined(v, ANTIVIRUS_ENGINE, "the worker gave an answer that makes no sense");
}

void ctl_check_worker_judge(struct ctl_check_verdict *v, const struct pool_outcome *o)
{
    *v = (struct ctl_check_verdict){.state = ANTIVIRUS_UNEXAMINED};
    if (o->end == POOL_DONE)
        judge_result(v, o);
    else
        ctl_check_unexamined(v, ANTIVIRUS_ENGINE, o->cause[0] ? o->cause : "no worker examined it");
}

/* Infected: what else it is matters no more; not read: there is nothing to judge. */
static void go_on(struct ctl_check_worker *w, struct ctl_check_file *f)
{
    if (w->about->antispam && f->verdict.state != ANTIVIRUS_INFECTED &&
        (f->verdict.hashed || f->verdict.state == ANTIVIRUS_NOT_ASKED))
        ctl_check_judge_begin(w, f);
    else
        f->ended = w->news = true;
}

static void done(struct spoold *s, struct pool_job *job, const struct pool_outcome *o)
{
    struct job *j = (struct job *)job;
    struct ctl_check_file *f = j->file;

    ctl_check_worker_judge(&f->verdict, o);
    if (!f->verdict.hashed)
        parts_free(&f->parts); /* of what was not read there is nothing to tell */
    free(j);
    go_on((struct ctl_check_worker *)s, f);
}

void ctl_check_worker_submit(struct ctl_check_worker *w, struct ctl_check_file *f)
{
    struct job *j;

    if (!w->about->av) {
        go_on(w, f);
        return;
    }
    j = xcalloc(1, sizeof *j);
    j->file = f;
    j->job = (struct pool_job){.role = ROLE_AV,
                               .big = f->size > (uint64_t)w->c.av_big_message,
                               .message = f->fd,
                               .out = -1,
                               .list = &f->parts,
                               .size = f->size,
                               .done = done};
    pool_submit(w->s.pool, &j->job);
}

/* spoold would try again and again; a person wants to know at once. */
static void give_up_where_none_starts(struct ctl_check_worker *w, enum role role, enum alarm_kind alarm)
{
    const char *trouble = pool_trouble(w->s.pool, role);

    if (!trouble || !w->s.alarms.since_ms[alarm])
        return;
    pool_cancel_waiting(w->s.pool, role, trouble);
    pool_run(w->s.pool, depot_mono_ms());
}

static int64_t run_all(struct ctl_check_worker *w, int64_t now)
{
    int64_t due = judging_run(&w->s, now), next;

    if (w->s.resolver && (next = resolver_run(w->s.resolver, now)) < due)
        due = next;
    next = pool_run(w->s.pool, now);
    return next < due ? next : due;
}

void ctl_check_worker_turn(struct ctl_check_worker *w)
{
    struct pollfd pf[2] = {{.fd = pool_fd(w->s.pool), .events = POLLIN},
                           {.fd = w->s.resolver ? resolver_fd(w->s.resolver) : -1, .events = POLLIN}};
    int64_t now = depot_mono_ms(), due = run_all(w, now), left = due > now ? due - now : 0;

    if (!w->news && poll(pf, 2, left > INT_MAX ? INT_MAX : (int)left) > 0) {
        if (pf[0].revents)
            pool_event(w->s.pool);
        if (pf[1].revents)
            resolver_event(w->s.resolver);
    }
    if (w->about->av)
        give_up_where_none_starts(w, ROLE_AV, ALARM_ANTIVIRUS);
    if (w->about->antispam)
        give_up_where_none_starts(w, ROLE_ANTISPAM, ALARM_WORKER);
    w->news = false;
}
