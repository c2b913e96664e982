/*
 * reload.c - see reload.h. The file is read by the store (it may wait for a disk); the change is made by the
 * loop.
 *
 * A task's done() runs while no batch is at the store, so that is the one
 * moment at which the settings of both threads can be exchanged together.
 * Folders, users and locks were set up at start, some of them as root, and
 * cannot change: a file that asks for it is refused as a whole.
 */
#include "spoold/reload.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/antivirus_part.h"
#include "spoold/config_kept.h"
#include "spoold/deliver.h"
#include "spoold/kept.h"
#include "spoold/listtest.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

struct reload {
    struct task task;
    const struct reload_source *from;
    struct config *config;            /* NULL: there were mistakes */
    int unkept;                       /* errno: it could not be written to state/config; 0: it was */
    struct antivirus_look signatures; /* as the new settings have it */
    int signature_dir;
    struct config_errors errors;
};

/* By the name that it was given, as at the start: complaints and records tell it. The store has a working
 * directory of its own for that time, which is the ledger's otherwise. */
static bool load_from(struct reload *r, struct depot *d)
{
    bool there = unshare(CLONE_FS) == 0 && fchdir(r->from->cwd) == 0;

    if (there)
        r->config = config_load(r->from->file, r->from->override, r->from->override_n, &r->errors);
    if (fchdir(d->ledger_dir) < 0)
        fatal("the store cannot go back to the folder of the ledger");
    return there;
}

static void reload_run(struct task *t, struct depot *d)
{
    struct reload *r = (struct reload *)t;

    if (!r->from->file || r->from->file[0] == '/')
        r->config = config_load(r->from->file, r->from->override, r->from->override_n, &r->errors);
    else if (!load_from(r, d))
        config_error(&r->errors, r->from->file, 0,
                     "the folder that spoold was started in cannot be entered: %s", strerrordesc_np(errno));
    if (r->config && !reload_fixed_change(d->cfg, r->config) && kept_write(d, r->config) < 0)
        r->unkept = errno;
    if (r->config && r->config->clamav)
        r->signature_dir = antivirus_look(d, r->config, &r->signatures);
}

static bool same_text(const char *a, const char *b)
{
    return strcmp(a ? a : "", b ? b : "") == 0;
}

static const char *intake_change(const struct config *old, const struct config *new)
{
    if (old->intake_n != new->intake_n)
        return "[intake NAME]";
    for (size_t i = 0; i < old->intake_n; i++)
        if (!same_text(old->intake[i].name, new->intake[i].name) ||
            !same_text(old->intake[i].path, new->intake[i].path) ||
            !same_text(old->intake[i].outlet, new->intake[i].outlet) ||
            deliver_is_on(old, i) != deliver_is_on(new, i)) /* who takes from the outlet */
            return "[intake NAME]";
    return NULL;
}

const char *reload_fixed_change(const struct config *old, const struct config *new)
{
    const struct {
        const char *name, *old, *new;
    } fixed[] = {
        {"paths.root", old->root, new->root},
        {"paths.proc", old->proc, new->proc},
        {"paths.quarantine", old->quarantine, new->quarantine},
        {"paths.state", old->state, new->state},
        {"site.hostname", old->hostname, new->hostname},
        {"spool.user", old->user, new->user},
        {"spool.drop_group", old->drop_group, new->drop_group},
        {"spool.outgoing_group", old->outgoing_group, new->outgoing_group},
        {"spool.proc_group", old->proc_group, new->proc_group},
    };

    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        if (!same_text(fixed[i].old, fixed[i].new))
            return fixed[i].name;
    if (old->log_addresses != new->log_addresses || old->keep_history != new->keep_history ||
        old->compress != new->compress)
        return "[journal]";
    if (old->external_stage != new->external_stage)
        return "spool.external_stage";
    if (old->store_inline != new->store_inline)
        return "spool.store_inline";
    if (old->log_target != new->log_target)
        return "log.target";
    return intake_change(old, new);
}

static void log_mistakes(const struct config_errors *e)
{
    struct view rest = buf_view(&e->text);

    while (rest.n) {
        const char *end = memchr(rest.p, '\n', rest.n);
        size_t n = end ? (size_t)(end - rest.p) : rest.n;

        log_warnx("event=reload_mistake %.*s", (int)n, rest.p);
        n += end != NULL;
        rest = (struct view){rest.p + n, rest.n - n};
    }
}

static void take_over(struct spoold *s, struct reload *r)
{
    struct config **new = &r->config;
    struct config *old = (struct config *)(uintptr_t)s->cfg;

    s->cfg = s->depot.cfg = s->depot.spool.cfg = *new;
    *new = NULL;
    log_set_level((enum log_level)s->cfg->log_level);
    config_free(&old);
    antivirus_replace(s, r->signature_dir, &r->signatures);
    r->signature_dir = -1;
    if (s->pool)
        pool_reload(s->pool, antivirus_mode(s));
    if (s->listtest)
        listtest_replace(s->listtest);
    log_info("event=reloaded config=%s the settings were read again and are in force",
             config_kept_hash(s->cfg));
}

/* A record could not say later by which settings it was decided. */
static void refuse_unkept(struct spoold *s, const struct reload *r)
{
    const char *hash = config_kept_hash(r->config), *why = strerrordesc_np(r->unkept);

    alarm_raise(&s->alarms, ALARM_RELOAD,
                "state/config/%s.ini cannot be written: %s; the old settings stay in force", hash, why);
    log_warnx(
        "event=reload_refused state/config/%s.ini cannot be written: %s; the old settings stay in force",
        hash, why);
}

static void reload_done(struct task *t, struct spoold *s)
{
    struct reload *r = (struct reload *)t;
    const char *fixed = r->config ? reload_fixed_change(s->cfg, r->config) : NULL;

    alarm_clear(&s->alarms, ALARM_RELOAD);
    if (!r->config) {
        alarm_raise(&s->alarms, ALARM_RELOAD,
                    "the settings have %u mistake%s, the old ones stay in force: %.*s", r->errors.n,
                    r->errors.n == 1 ? "" : "s", (int)strcspn(r->errors.text.p, "\n"), r->errors.text.p);
        log_mistakes(&r->errors);
        log_warnx("event=reload_refused %u mistake%s; the old settings stay in force", r->errors.n,
                  r->errors.n == 1 ? "" : "s");
    } else if (fixed) {
        alarm_raise(&s->alarms, ALARM_RELOAD,
                    "%s cannot change while spoold runs; the old settings stay in force", fixed);
        log_warnx("event=reload_refused %s cannot change while spoold runs; restart it. The old settings "
                  "stay in force",
                  fixed);
    } else if (r->unkept) {
        refuse_unkept(s, r);
    } else {
        take_over(s, r);
    }
    if (r->signature_dir >= 0)
        close(r->signature_dir);
    config_free(&r->config);
    buf_free(&r->errors.text);
    free(r);
}

void reload_start(struct spoold *s)
{
    struct reload *r = xcalloc(1, sizeof *r);

    r->task.run = reload_run;
    r->task.done = reload_done;
    r->from = &s->source;
    r->signature_dir = -1;
    task_list_add(&s->todo, &r->task);
}
