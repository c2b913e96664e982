/*
 * point.c - see point.h.
 *
 * The program is started as its users start it; the settings below only make a
 * run short and repeatable. Recovery is the same command again, untraced, and
 * must end with success and an empty spool.
 */
#include "tests/crash/point.h"

#include "tests/crash/torn.h"

#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGV_MAX     64
#define RELOAD_EVERY 400 /* points between two reloads */

/* Nine attempts, because the harness may kill more often than a real machine does. */
static const char *const settings[] =
    {
        "spool.unsafe_filesystem=yes", "spool.rescan=100ms",  "spool.hold_first=10ms",
        "spool.max_attempts=9",        "journal.compress=no", "log.target=stderr",
        "antivirus.signatures=none", /* spoold's own test signatures */
};
#define SETTINGS_N (sizeof(settings) / sizeof(settings[0]))

struct command {
    char root[1040], lists[1040];
    char *argv[ARGV_MAX];
    size_t n;
};

static void add_word(struct command *c, const char *word)
{
    if (c->n + 1 < ARGV_MAX)
        c->argv[c->n++] = (char *)(uintptr_t)word; /* exec does not write to it */
}

static void add_setting(struct command *c, const char *setting)
{
    add_word(c, "-o");
    add_word(c, setting);
}

static void make_command(struct command *c, const struct bench *b)
{
    *c = (struct command){0};
    snprintf(c->root, sizeof(c->root), "paths.root=%s", b->root.s);
    add_word(c, b->o->spoold);
    add_setting(c, c->root);
    add_setting(c, b->o->threaded ? "spool.store_inline=no" : "spool.store_inline=yes");
    for (size_t i = 0; i < SETTINGS_N; i++)
        add_setting(c, settings[i]);
    if (!b->o->av)
        add_setting(c, "antivirus.clamav=no");
    add_setting(c, "antispam.enable=no"); /* unless a setting behind it says otherwise */
    snprintf(c->lists, sizeof(c->lists), "paths.lists=%.900s/lists", b->root.s);
    if (b->o->scenario == OPTIONS_SPLIT)
        add_setting(c, c->lists);
    for (size_t i = 0; b->o->scenario == OPTIONS_SPLIT && deposit_settings[i]; i++)
        add_setting(c, deposit_settings[i]);
    for (size_t i = 0; i < b->o->extra_n; i++)
        add_setting(c, b->o->extra[i]);
    add_word(c, "--once");
}

static struct trace_plan make_plan(const struct bench *b, const struct command *c)
{
    return (struct trace_plan){
        .argv = c->argv,
        .exits = b->o->exits,
        .io_only = b->o->io,
        .late = b->o->workers,
        .timeout_ms = (unsigned)b->o->timeout,
        .log = b->log.s,
    };
}

/* Without workers nothing is judged, and the messages say what is found in them. */
static void prepare_split(const struct bench *b, struct deposit_set *set)
{
    disk_make_dir(disk_path("%.900s/lists", b->root.s).s);
    disk_write(disk_path("%.900s/lists/domains", b->root.s).s, view_of(deposit_domains));
    deposit_add_split(set, 1, !b->o->workers);
}

static void prepare(const struct bench *b, struct deposit_set *set)
{
    disk_remove_tree(b->root.s);
    (void)unlink(b->log.s);
    disk_make_dir(b->root.s);
    disk_make_dir(disk_path("%.900s/incoming", b->root.s).s);
    if (b->o->scenario == OPTIONS_SPLIT)
        prepare_split(b, set);
    else
        deposit_add_all(set, 1, b->o->av);
    deposit_put(set, b->root.s);
}

/* The second messages of the same names come as soon as the depositor of the scenario allows itself. */
static void tear(const struct bench *b, char *const *argv, struct deposit_set *set, struct oracle *o)
{
    enum options_scenario s = b->o->scenario;

    if ((s == OPTIONS_TORN || s == OPTIONS_OVERWRITE) && torn_make(b, argv, set) == 0)
        oracle_say(o, ORACLE_OTHER, "no half claim could be made by hand");
    if (s == OPTIONS_REUSE || s == OPTIONS_OVERWRITE)
        deposit_add_all(set, 2, b->o->av);
    if (s == OPTIONS_OVERWRITE)
        deposit_overwrite(set, b->root.s);
}

/* Killed, in the way that the options ask for, at point `at`. */
static int run_killed(const struct bench *b, const struct command *c, uint64_t at, struct trace_result *tr)
{
    struct trace_plan plan = make_plan(b, c);

    plan.at = at;
    plan.hup_every = b->o->reload ? RELOAD_EVERY : 0;
    plan.action = b->o->one ? TRACE_KILL_ONE : TRACE_KILL_TREE;
    return trace_run(&plan, tr);
}

static int run_failing(const struct bench *b, const struct command *c, const struct point *p,
                       struct trace_result *tr)
{
    struct trace_plan plan = make_plan(b, c);

    plan.at = p->first;
    plan.action = TRACE_FAIL;
    plan.error = p->error;
    plan.io_only = true;
    plan.exits = false;
    return trace_run(&plan, tr);
}

static void run_to_end(const struct bench *b, const struct command *c, struct oracle *o)
{
    struct trace_plan plan = make_plan(b, c);
    struct trace_result tr = {0};

    if (trace_run_plain(&plan, &tr) < 0)
        oracle_say(o, ORACLE_OTHER, "the recovery could not be started");
    else if (tr.timed_out)
        oracle_say(o, ORACLE_OTHER, "the recovery did not end");
    else if (!WIFEXITED(tr.status) || WEXITSTATUS(tr.status) != 0)
        oracle_say(o, ORACLE_OTHER, "the recovery ended with %s %d",
                   WIFEXITED(tr.status) ? "exit code" : "signal",
                   WIFEXITED(tr.status) ? WEXITSTATUS(tr.status) : WTERMSIG(tr.status));
}

/* The world while nothing of ours runs: the consumer and the depositor go on. */
static void meanwhile(const struct bench *b, struct deposit_set *set, struct oracle *o)
{
    oracle_check_standing(o);
    oracle_take_outgoing(o, b->o->mta);
    if (b->o->scenario == OPTIONS_REUSE)
        deposit_put(set, b->root.s);
}

static void recover(const struct bench *b, const struct command *c, struct deposit_set *set, struct oracle *o)
{
    run_to_end(b, c, o);
    if (!deposit_all_put(set)) {
        deposit_put(set, b->root.s);
        run_to_end(b, c, o);
    }
    oracle_check_end(o);
}

static void report(struct oracle *o, struct point_result *res)
{
    memcpy(res->found, o->found, sizeof(res->found));
    res->parked = o->parked;
    res->say = o->say;
    o->say = (struct buf){0};
}

/* A run that was neither killed nor given an error has to end by itself, and well. */
static void judge_end(struct oracle *o, const struct trace_result *tr)
{
    if (tr->timed_out)
        oracle_say(o, ORACLE_OTHER, "the run did not end");
    else if (!tr->reached && (!WIFEXITED(tr->status) || WEXITSTATUS(tr->status) != 0))
        oracle_say(o, ORACLE_OTHER, "the undisturbed run failed (wait status %d)", tr->status);
}

int point_run(const struct bench *b, const struct point *p, struct point_result *res)
{
    struct deposit_set set = {0};
    struct oracle o;
    struct command c;
    struct trace_result tr = {0}, again = {0};
    int rc = -1;

    *res = (struct point_result){0};
    prepare(b, &set);
    make_command(&c, b);
    oracle_init(&o, &set, b->root.s, p->error != 0);
    tear(b, c.argv, &set, &o);
    if ((p->error ? run_failing(b, &c, p, &tr) : run_killed(b, &c, p->first, &tr)) < 0)
        goto out;
    if (!p->error)
        judge_end(&o, &tr);
    meanwhile(b, &set, &o);
    if (p->second) {
        if (run_killed(b, &c, p->second, &again) < 0)
            goto out;
        judge_end(&o, &again);
        meanwhile(b, &set, &o);
    }
    recover(b, &c, &set, &o);
    res->points = tr.points;
    res->reached = tr.reached;
    res->second_reached = again.reached;
    res->stopped = tr.timed_out;
    report(&o, res);
    rc = 0;
out:
    oracle_fini(&o);
    deposit_free(&set);
    return rc;
}

int point_watch(const struct bench *b, bool (*see)(void *, const struct trace_call *), void *arg,
                struct point_result *res)
{
    struct deposit_set set = {0};
    struct oracle o;
    struct command c;
    struct trace_plan plan;
    struct trace_result tr = {0};
    int rc;

    *res = (struct point_result){0};
    prepare(b, &set);
    make_command(&c, b);
    oracle_init(&o, &set, b->root.s, false);
    plan = make_plan(b, &c);
    plan.see = see;
    plan.arg = arg;
    rc = trace_run(&plan, &tr);
    if (rc == 0) {
        judge_end(&o, &tr);
        oracle_check_end(&o);
        res->points = tr.points;
        report(&o, res);
    }
    oracle_fini(&o);
    deposit_free(&set);
    return rc;
}
