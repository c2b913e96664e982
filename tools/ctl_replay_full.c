/*
 * ctl_replay_full.c - see ctl_replay.h: worker-antispam judges the message again, by the facts of the record.
 *
 * The bytes must be those that were judged then (SHA-256). Facts, clock, envelope and suspended lists are the
 * record's, nobody is asked anything; what the rules and checks of this release make of them is compared with
 * what was found then. Who reads the message is the worker in its sandbox.
 */
#include "tools/ctl_replay.h"

#include "common/envelope.h"
#include "common/log.h"
#include "spoold/journal.h"
#include "spoold/replay.h"
#include "tools/ctl_check.h"
#include "tools/ctl_check_decide.h"
#include "tools/ctl_record.h"

#include <jansson.h>
#include <stdio.h>
#include <sys/stat.h>

static int cannot(struct buf *why, const char *what)
{
    buf_addf(why, "its checks cannot be made again: %s", what);
    return EXIT_FINDING;
}

static void add_key(struct buf *to, const char *key, struct view value)
{
    if (!value.n)
        return;
    buf_addf(to, "%s: ", key);
    buf_add_view(to, value);
    buf_add_char(to, '\n');
}

/* As it was; addresses are the journal's. */
static int make_envelope(const struct ctl_record *found, const struct replay_record *r, struct envelope *env)
{
    struct envelope_error err;
    struct buf raw = {0};

    buf_add_str(&raw, "Written\n<");
    buf_add_view(&raw, found->from);
    buf_add_str(&raw, ">\n\n");
    for (size_t i = 0; i < found->rcpt_n; i++)
        add_key(&raw, "recipient", found->rcpt[i]);
    add_key(&raw, "connectedip", r->ip);
    add_key(&raw, "helo", r->helo);
    add_key(&raw, "auth", r->auth);
    add_key(&raw, "protocol", r->protocol);
    buf_add_char(&raw, '\n');
    return envelope_parse(env, &raw, &err);
}

static bool same_bytes(const struct ctl_check_file *f, struct view sha256)
{
    char sum[2 * sizeof f->verdict.sha256 + 1] = "";

    for (size_t i = 0; i < sizeof f->verdict.sha256; i++)
        snprintf(sum + 2 * i, 3, "%02x", f->verdict.sha256[i]);
    return f->verdict.hashed && view_equal(view_of(sum), sha256);
}

/* --- what differs ----------------------------------------------------------------------------------------
 */

static const char *result_of(const json_t *checks, const char *name, size_t nth)
{
    for (size_t i = 0; i < json_array_size(checks); i++) {
        const json_t *one = json_array_get(checks, i);
        const char *own = json_string_value(json_object_get(one, "name"));

        if (own && strcmp(own, name) == 0 && nth-- == 0)
            return json_string_value(json_object_get(one, "result"));
    }
    return NULL;
}

/* How many of this name stand before it. */
static size_t rank_of(const json_t *checks, size_t at, const char *name)
{
    size_t n = 0;

    for (size_t i = 0; i < at; i++) {
        const char *own = json_string_value(json_object_get(json_array_get(checks, i), "name"));

        n += own && strcmp(own, name) == 0;
    }
    return n;
}

/* Each result of `one`; of those that both have only what differs. */
static void compare(const json_t *one, const json_t *other, bool forward, struct buf *difference)
{
    for (size_t i = 0; i < json_array_size(one); i++) {
        const json_t *check = json_array_get(one, i);
        const char *name = json_string_value(json_object_get(check, "name"));
        const char *result = json_string_value(json_object_get(check, "result"));
        const char *now = name ? result_of(other, name, rank_of(one, i, name)) : NULL;

        if (!name || !result || (now && (!forward || strcmp(now, result) == 0)))
            continue;
        buf_addf(difference, "%s: %s -> %s\n", name, forward ? result : "(nothing)",
                 forward ? (now ? now : "(nothing)") : result);
    }
}

static int compare_checks(struct view then, struct view now, struct buf *difference)
{
    json_t *a = json_loadb(then.p, then.n, JSON_ALLOW_NUL, NULL);
    json_t *b = json_loadb(now.p, now.n, JSON_ALLOW_NUL, NULL);
    const bool read = a && b;

    if (read && !view_equal(then, now)) {
        compare(a, b, true, difference);
        compare(b, a, false, difference);
        if (!difference->n)
            buf_add_str(difference, "details of results, or their order\n");
    }
    json_decref(a);
    json_decref(b);
    return read ? 0 : -1;
}

static int compare_with(const struct replay_record *r, const struct ctl_check_file *f, struct buf *difference,
                        struct buf *why)
{
    struct replay_record now = {.size = 0};
    struct buf json = {0};
    int rc = 0;

    buf_addf(&json, "{\"by\":\"recipients\",%.*s}", (int)f->spam.n, f->spam.p ? f->spam.p : "");
    if (!f->judged || replay_read(buf_view(&json), &now))
        rc = cannot(why, f->told.n ? f->told.p : "the worker gave no answer");
    else if (!same_bytes(f, r->sha256))
        rc = cannot(why, "these are not the bytes that were judged then");
    else if (compare_checks(r->checks, now.checks, difference) < 0)
        rc = cannot(why, "results cannot be read");
    replay_free_record(&now);
    buf_free(&json);
    return rc;
}

/* --- judging ---------------------------------------------------------------------------------------------
 */

static int judge(const struct config *then, const struct ctl_check_about *about, struct ctl_check_file *f,
                 struct buf *why)
{
    struct ctl_check_worker *w = ctl_check_worker_open(then, 1, about, why);

    if (!w)
        return EXIT_CONFIG_100;
    ctl_check_worker_submit(w, f);
    while (!f->ended)
        ctl_check_worker_turn(w);
    ctl_check_worker_close(&w);
    return 0;
}

static const char *obstacle(const struct config *then, const struct replay_record *r)
{
    if (!r->judged)
        return "it was not judged then";
    if (then->log_addresses != LOG_ADDRESSES_FULL)
        return "the journal keeps no addresses";
    if (r->facts_cut || !r->facts.n)
        return "the record had no room for its facts";
    return NULL;
}

int ctl_replay_full(const struct config *then, const struct ctl_record *found, const struct replay_record *r,
                    int fd, struct buf *difference, struct buf *why)
{
    const char *no = obstacle(then, r);
    struct envelope env = {0};
    struct stat st;
    struct ctl_check_file f = {.name = found->id, .fd = fd};
    const struct ctl_check_about about = {.env = &env,
                                          .facts = r->facts,
                                          .suspended = r->suspended,
                                          .ambiguous = r->ambiguous_by.n > 0,
                                          .antispam = true,
                                          .rcpt = found->rcpt,
                                          .rcpt_n = found->rcpt_n};
    int rc;

    if (no)
        return cannot(why, no);
    if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
        return cannot(why, "its bytes are no plain file");
    f.size = (uint64_t)st.st_size;
    if (make_envelope(found, r, &env) < 0) {
        envelope_free(&env);
        return cannot(why, "its envelope cannot be made again");
    }
    rc = judge(then, &about, &f, why);
    if (rc == 0)
        rc = compare_with(r, &f, difference, why);
    ctl_check_decided_free(&f.decided);
    buf_free(&f.spam);
    buf_free(&f.told);
    envelope_free(&env);
    return rc;
}
