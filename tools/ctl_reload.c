/*
 * ctl_reload.c - see ctl_reload.h.
 *
 * spoold is asked which file and overrides it reads, and the same is read here, from the same folder, so that
 * what was tried is what it will read: with the order goes the hash of it, and spoold refuses what has
 * changed since. A new file must not switch off unseen the question that it would not pass: the stricter one
 * of the two settings counts, and where the new one asks for less than a refusal in force, --force is wanted.
 */
#include "tools/ctl_reload.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/config_kept.h"
#include "spoold/whatif_order.h"
#include "tools/ctl_link.h"
#include "tools/ctl_text.h"
#include "tools/ctl_whatif.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PATIENCE_MS   120000 /* settings with long lists take their time, and so may a disk */
#define WORKERS_LOOKS 100    /* for 10 s: workers with many signatures take longer */
#define WORKERS_MS    100

/* What spoold says of its settings. */
struct asked {
    const struct config *c;
    bool force, json;
    json_t *now; /* its line */
    bool in_force;
    struct buf late; /* workers that still have the old settings */
    struct buf *why;
};

int ctl_reload_parse(struct ctl_words words, bool *force, struct buf *why)
{
    *force = words.n == 1 && strcmp(words.word[0], "--force") == 0;
    if (words.n == 0 || *force)
        return 0;
    buf_add_str(why, "reload takes --force or nothing; see spoolctl --help");
    return EXIT_USAGE_64;
}

static int ask(struct asked *a, const struct buf *request,
               void (*fn)(struct view line, const json_t *object, void *arg))
{
    struct ctl_link l = {.fd = -1, .patience_ms = PATIENCE_MS};
    int rc = ctl_link_open(&l, a->c->root, a->c->state, a->why);

    if (!rc)
        rc = ctl_link_send(&l, request, a->why);
    if (!rc)
        rc = ctl_link_receive(&l, fn, a, a->why);
    ctl_link_close(&l);
    return rc;
}

static void take_settings(struct view line, const json_t *object, void *arg)
{
    struct asked *a = arg;

    (void)line;
    if (!a->now)
        a->now = json_deep_copy(object);
}

static const char *text_of(const struct asked *a, const char *key)
{
    const char *text = json_string_value(json_object_get(a->now, key));

    return text ? text : "";
}

/* What asks before a reload must be known: a word that is none would count as off, and goes to a terminal. */
static int ask_settings(struct asked *a)
{
    struct whatif_order in_force;
    struct buf request = {0};
    int rc = 0;

    ctl_request_add_word(&request, NULL, "reload");
    ctl_request_add_word(&request, NULL, "look");
    rc = ask(a, &request, take_settings);
    buf_free(&request);
    if (!rc && whatif_order_parse(view_of(text_of(a, "whatif_on_reload")), &in_force) < 0) {
        buf_add_str(a->why,
                    "spoold does not tell its settings. Are spoold and spoolctl of the same version?");
        rc = EXIT_TEMP_75;
    }
    return rc;
}

/* As spoold will read it: relative names are meant from the folder that it was started in. */
static struct config *load_there(const struct asked *a, struct config_errors *errs)
{
    const json_t *list = json_object_get(a->now, "override");
    const char **override = xcalloc(json_array_size(list) + 1, sizeof *override);
    struct config *new;

    for (size_t i = 0; i < json_array_size(list); i++)
        override[i] = json_string_value(json_array_get(list, i));
    new = config_load(json_string_value(json_object_get(a->now, "file")), override, json_array_size(list),
                      errs);
    free(override);
    return new;
}

/* And back again: the paths of our own settings are meant from where we were started. */
static struct config *load_new(struct asked *a, int *rc)
{
    const int home = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct config_errors errs = {0};
    struct config *new = NULL;

    *rc = EXIT_TEMP_75;
    if (home < 0 || chdir(text_of(a, "folder")) < 0) {
        buf_addf(a->why, "the folder that spoold was started in cannot be entered: %s: %s",
                 text_of(a, "folder"), strerror(errno));
    } else {
        new = load_there(a, &errs);
        *rc = new ? 0 : EXIT_CONFIG_100;
        buf_add_view(a->why, buf_view(&errs.text));
        if (!new)
            buf_add_str(a->why, "nothing was reloaded: the settings in force stay");
        if (fchdir(home) < 0)
            *rc = EXIT_TEMP_75;
    }
    if (home >= 0)
        close(home);
    buf_free(&errs.text);
    return new;
}

/* --- what would it do? ---------------------------------------------------------------------------------- */

static int refuse(const struct asked *a, const char *what)
{
    buf_addf(a->why, "%s. Nothing was reloaded; to do it all the same: spoolctl reload --force", what);
    return EXIT_FINDING;
}

static bool is_too_much(const struct whatif_figures *f, unsigned percent)
{
    return f->changed * 100 > f->messages * percent;
}

static int judge(const struct asked *a, const struct whatif_figures *f, struct whatif_order order)
{
    char what[160];

    if (order.kind != WHATIF_REFUSE || !is_too_much(f, order.percent))
        return 0;
    snprintf(what, sizeof what,
             "more than %u %% of the messages would be treated in another way (%llu of %llu)", order.percent,
             (unsigned long long)f->changed, (unsigned long long)f->messages);
    if (!a->force)
        return refuse(a, what);
    fprintf(stderr, "spoolctl: %s: reloaded all the same, as --force says\n", what);
    return 0;
}

/* The journal is where spoold runs, the folder is another one by now. */
static int try(struct asked *a, const struct config *new, struct whatif_order order)
{
    const json_int_t days = json_integer_value(json_object_get(a->now, "whatif_days"));
    const struct ctl_whatif o = {
        .file = new->file ? new->file : "the settings",
        .days = (unsigned)(days > new->whatif_days ? days : new->whatif_days),
        .list = CTL_WHATIF_LIST,
        .json = a->json,
    };
    struct ctl_whatif_done done;
    int rc = ctl_whatif_run(a->c, new, &o, &done, a->why);

    if (rc && (a->force || order.kind == WHATIF_WARN)) {
        fprintf(stderr, "spoolctl: what the settings would do cannot be told: %s\n", a->why->p);
        buf_clear(a->why);
        return 0;
    }
    if (rc)
        return rc;
    ctl_whatif_print(stdout, &o, &done);
    rc = judge(a, whatif_figures(done.whatif), order);
    ctl_whatif_close(&done);
    return rc;
}

static int look_before(struct asked *a, const struct config *new)
{
    const char *in_force = text_of(a, "whatif_on_reload");
    const struct whatif_order order = whatif_order_stricter(in_force, new->whatif_on_reload);
    struct whatif_order old, own;
    char what[160];
    int rc = order.kind == WHATIF_OFF ? 0 : try(a, new, order);

    whatif_order_parse(view_of(in_force), &old);
    whatif_order_parse(view_of(new->whatif_on_reload), &own);
    if (rc || !whatif_order_is_weaker(own, old))
        return rc;
    snprintf(what, sizeof what, "the new settings weaken spool.whatif_on_reload, from %.40s to %.40s",
             in_force, new->whatif_on_reload);
    if (old.kind == WHATIF_REFUSE && !a->force)
        return refuse(a, what);
    fprintf(stderr, "spoolctl: %s\n", what);
    return 0;
}

/* --- the order ------------------------------------------------------------------------------------------ */

static void take_outcome(struct view line, const json_t *object, void *arg)
{
    struct asked *a = arg;
    const char *mistake = json_string_value(json_object_get(object, "mistake"));

    if (a->json) {
        fwrite(line.p, 1, line.n, stdout);
        fputc('\n', stdout);
    }
    a->in_force |= json_is_true(json_object_get(object, "in_force"));
    if (mistake)
        buf_addf(a->why, "%s\n", mistake);
}

static int give_order(struct asked *a, const struct config *new)
{
    struct buf request = {0};
    int rc = 0;

    ctl_request_add_word(&request, NULL, "reload");
    ctl_request_add_word(&request, "config", config_kept_hash(new));
    fflush(stdout);
    rc = ask(a, &request, take_outcome);
    buf_free(&request);
    return rc;
}

static void add_late(struct asked *a, struct view role)
{
    buf_add_str(&a->late, a->late.n ? ", " : "");
    ctl_text_add(&a->late, role, false);
}

static void take_workers(struct view line, const json_t *object, void *arg)
{
    struct asked *a = arg;
    const json_t *list = json_object_get(object, "workers");

    (void)line;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *w = json_array_get(list, i);
        const char *role = json_string_value(json_object_get(w, "role"));
        const char *state = json_string_value(json_object_get(w, "state"));

        if (role && state && strcmp(state, "reloading") == 0)
            add_late(a, view_of(role));
    }
}

/* The old workers serve until the new ones do: a message that is dropped meanwhile is judged by old lists,
 * and who has just written one wants to try it. Trouble here changes nothing: the settings are in force. */
static void wait_for_workers(struct asked *a)
{
    const struct timespec pause = {.tv_nsec = WORKERS_MS * 1000000L};
    struct buf request = {0}, trouble = {0}, *why = a->why;

    ctl_request_add_word(&request, NULL, "status");
    a->why = &trouble;
    for (int i = 0; i < WORKERS_LOOKS; i++) {
        buf_clear(&a->late);
        if (ask(a, &request, take_workers) || !a->late.n)
            break;
        nanosleep(&pause, NULL);
    }
    a->why = why;
    buf_free(&request);
    buf_free(&trouble);
}

static void say_in_force(struct asked *a)
{
    wait_for_workers(a);
    if (a->json)
        return;
    if (a->late.n)
        printf("in force; workers that still have the old settings: %s (see spoolctl status)\n", a->late.p);
    else
        puts("in force");
}

int ctl_reload(const struct config *c, bool force, bool json, struct buf *why)
{
    struct asked a = {.c = c, .force = force, .json = json, .why = why};
    struct config *new = NULL;
    int rc = ask_settings(&a);

    if (!rc)
        new = load_new(&a, &rc);
    if (!rc)
        rc = look_before(&a, new);
    if (!rc)
        rc = give_order(&a, new);
    if (!rc && a.in_force)
        say_in_force(&a);
    buf_free(&a.late);
    config_free(&new);
    json_decref(a.now);
    return rc;
}
