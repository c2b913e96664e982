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

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/antivirus_part.h"
#include "spoold/config_kept.h"
#include "spoold/control_server.h"
#include "spoold/deliver.h"
#include "spoold/kept.h"
#include "spoold/listtest.h"
#include "spoold/whatif_order.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#define OBSTACLE_MAX 240 /* bytes of what stands in the way */

struct reload {
    struct task task;
    const struct reload_source *from;
    struct config *config;            /* NULL: there were mistakes */
    int unkept;                       /* errno: it could not be written to state/config; 0: it was */
    struct antivirus_look signatures; /* as the new settings have it */
    int signature_dir;
    struct config_errors errors;
    bool ordered; /* by spoolctl, who waits for the outcome */
    struct control_ticket ticket;
    char *hash; /* owned: of the settings that were looked at; NULL: any */
    int code;   /* spoolctl's, where they are refused */
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

/* What stands in the way of settings without a mistake, for people; NULL: nothing does. */
static const char *find_obstacle(const struct spoold *s, struct reload *r, char text[OBSTACLE_MAX])
{
    const struct whatif_order order =
        whatif_order_stricter(s->cfg->whatif_on_reload, r->config->whatif_on_reload);
    const char *fixed = reload_fixed_change(s->cfg, r->config);

    if (fixed) {
        snprintf(text, OBSTACLE_MAX, "%s cannot change while spoold runs; restart it", fixed);
    } else if (r->hash && strcmp(r->hash, config_kept_hash(r->config)) != 0) {
        snprintf(text, OBSTACLE_MAX, "the files have changed since they were looked at; ask again");
        r->code = EXIT_TEMP_75;
    } else if (r->unkept) { /* a record could not say later by which settings it was decided */
        snprintf(text, OBSTACLE_MAX, "state/config/%s.ini cannot be written: %s", config_kept_hash(r->config),
                 strerrordesc_np(r->unkept));
        r->code = EXIT_TEMP_75;
    } else if (!r->ordered && order.kind == WHATIF_REFUSE) {
        snprintf(
            text, OBSTACLE_MAX,
            "spool.whatif_on_reload = refuse:%u%%: use spoolctl reload, a signal asks nobody what the new "
            "settings would do",
            order.percent);
    } else {
        return NULL;
    }
    return text;
}

static void say_mistakes(struct spoold *s, const struct reload *r)
{
    alarm_raise(&s->alarms, ALARM_RELOAD, "the settings have %u mistake%s, the old ones stay in force: %.*s",
                r->errors.n, r->errors.n == 1 ? "" : "s", (int)strcspn(r->errors.text.p, "\n"),
                r->errors.text.p);
    log_mistakes(&r->errors);
    log_warnx("event=reload_refused %u mistake%s; the old settings stay in force", r->errors.n,
              r->errors.n == 1 ? "" : "s");
}

static void add_mistakes(struct buf *to, const struct config_errors *e)
{
    struct view rest = buf_view(&e->text);
    struct json j;

    while (rest.n) {
        const char *end = memchr(rest.p, '\n', rest.n);
        const size_t n = end ? (size_t)(end - rest.p) : rest.n;

        json_open(&j, to);
        json_add_view(&j, "mistake", (struct view){rest.p, n});
        json_close(&j);
        buf_add_char(to, '\n');
        rest = (struct view){rest.p + n + (end != NULL), rest.n - n - (end != NULL)};
    }
}

/* To spoolctl; `obstacle` NULL where they are in force. */
static void reply(struct spoold *s, const struct reload *r, const char *obstacle)
{
    struct buf lines = {0};
    struct json j;

    if (r->errors.n) {
        add_mistakes(&lines, &r->errors);
    } else if (!obstacle) {
        json_open(&j, &lines);
        json_add_bool(&j, "in_force", true);
        json_add_str(&j, "config", config_kept_hash(s->cfg));
        json_close(&j);
        buf_add_char(&lines, '\n');
    }
    control_reply(s, r->ticket, &lines, r->errors.n || obstacle ? r->code : EXIT_OK,
                  r->errors.n ? "nothing was reloaded: the settings in force stay" : obstacle);
    buf_free(&lines);
}

static void say_unasked(const struct spoold *s, const struct reload *r)
{
    const struct whatif_order order =
        whatif_order_stricter(s->cfg->whatif_on_reload, r->config->whatif_on_reload);

    if (!r->ordered && order.kind == WHATIF_WARN)
        log_warnx("event=reload_unasked spool.whatif_on_reload = warn, but a signal asks nobody what the new "
                  "settings would do; spoolctl reload does");
}

static void reload_free(struct reload *r)
{
    if (r->signature_dir >= 0)
        close(r->signature_dir);
    config_free(&r->config);
    buf_free(&r->errors.text);
    free(r->hash);
    free(r);
}

static void reload_done(struct task *t, struct spoold *s)
{
    struct reload *r = (struct reload *)t;
    char text[OBSTACLE_MAX];
    const char *obstacle = r->config ? find_obstacle(s, r, text) : NULL;

    alarm_clear(&s->alarms, ALARM_RELOAD);
    if (!r->config) {
        say_mistakes(s, r);
    } else if (obstacle) {
        alarm_raise(&s->alarms, ALARM_RELOAD, "%s. The old settings stay in force", obstacle);
        log_warnx("event=reload_refused %s. The old settings stay in force", obstacle);
    } else {
        say_unasked(s, r);
        take_over(s, r);
    }
    if (r->ordered)
        reply(s, r, obstacle);
    reload_free(r);
}

static struct reload *begin(struct spoold *s)
{
    struct reload *r = xcalloc(1, sizeof *r);

    r->task.run = reload_run;
    r->task.done = reload_done;
    r->from = &s->source;
    r->signature_dir = -1;
    r->code = EXIT_CONFIG_100;
    task_list_add(&s->todo, &r->task);
    return r;
}

void reload_start(struct spoold *s)
{
    begin(s);
}

void reload_order(struct spoold *s, struct control_ticket t, struct view hash)
{
    struct reload *r = begin(s);

    r->ordered = true;
    r->ticket = t;
    r->hash = hash.n ? xstrndup(hash.p, hash.n) : NULL;
}
