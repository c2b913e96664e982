/*
 * check_world.h - a check, its list entries, a message and its envelope, and the results as text.
 *
 * For the tests of checks that need no DNS. Everything but the check under test is the real thing: judge.c's
 * faces, judge_mail.c. Entries: "LIST ENTRY" a line, of file lists/LIST, numbered by their place in the text.
 */
#ifndef TESTS_UNIT_CHECK_WORLD_H
#define TESTS_UNIT_CHECK_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/xalloc.h"
#include "workers/antispam/judge.h"

#define N(a)      (sizeof(a) / sizeof *(a))
#define CHECK_NOW INT64_C(1767225600000) /* 2026-01-01 00:00:00 */

struct check_world {
    struct buf bytes; /* of the settings */
    struct settings settings;
    struct facts facts;
    struct antispam a;
    struct antispam_order order;
    struct judge j;
    const struct check_ops *ops;
    void *state;
    struct buf text;
};

static inline void check_entry(struct buf *to, const char *list, struct view entry, uint32_t line)
{
    struct settings_item i = {
        .section = VIEW("list"), .name = view_of(list), .value = entry, .file = view_of(list), .line = line};
    char *file = xasprintf("lists/%s", list);

    i.file = view_of(file);
    settings_add(to, &i);
    free(file);
}

static inline void check_entries(struct buf *to, const char *text)
{
    uint32_t line = 1;

    for (const char *end; *text; text = *end ? end + 1 : end, line++) {
        const char *gap = strchr(text, ' ');
        char *list;

        end = strchrnul(text, '\n');
        list = xstrndup(text, (size_t)(gap - text));
        check_entry(to, list, (struct view){gap + 1, (size_t)(end - gap - 1)}, line);
        free(list);
    }
}

/* `w` zeroed. `ops` NULL: no check yet. */
static inline void check_open(struct check_world *w, const struct check_ops *ops, const char *entries)
{
    w->a.domain = judge_domain_open(&w->text);
    assert_non_null(w->a.domain);
    check_entries(&w->bytes, entries);
    assert_int_equal(settings_open(&w->settings, buf_view(&w->bytes)), 0);
    w->ops = ops;
    if (ops && ops->open && !(w->state = ops->open(&w->settings, &w->text)))
        fail_msg("%s", w->text.p);
}

/* What open() says of bad entries; empty: nothing. */
static inline char *check_why(const struct check_ops *ops, const char *entries)
{
    struct buf bytes = {0}, why = {0};
    struct settings s;
    void *state;

    check_entries(&bytes, entries);
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    state = ops->open(&s, &why);
    assert_true((state == NULL) == (why.n > 0));
    if (state)
        ops->close(state);
    settings_free(&s);
    buf_free(&bytes);
    buf_add(&why, "", 0);
    return why.p ? why.p : xstrdup("");
}

/* A new message; what the order says is set before. */
static inline void check_message(struct check_world *w, struct view message)
{
    struct view s = w->order.sender;
    const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL;

    if (w->j.mail)
        judge_mail_close(w->j.mail);
    mail_arena_clear(&w->a.arena);
    w->a.verdict.n = 0;
    w->j = (struct judge){.a = &w->a,
                          .order = &w->order,
                          .facts = &w->facts,
                          .now = CHECK_NOW,
                          .auth = {RESULT__MAX, RESULT__MAX, RESULT__MAX, RESULT__MAX, .iprev = RESULT__MAX},
                          .needs = &w->a.needs,
                          .verdict = &w->a.verdict,
                          .arena = &w->a.arena};
    w->j.sender.whole = s;
    w->j.sender.local = at ? (struct view){s.p, (size_t)(at - s.p)} : s;
    if (at)
        w->j.sender.domain = (struct view){at + 1, s.n - w->j.sender.local.n - 1};
    w->j.mail = judge_mail_open(&w->a, message);
    judge_mail_begin(&w->j);
}

/* "name: result detail", a line each; of plain ones "result detail". */
static inline const char *check_judge(struct check_world *w)
{
    w->a.verdict.n = 0;
    w->ops->judge(&w->j, w->state);
    buf_clear(&w->text);
    for (unsigned i = 0; i < w->a.verdict.n; i++) {
        const struct antispam_result *r = &w->a.verdict.result[i];

        buf_addf(&w->text, "%s%.*s%s%s%s%.*s", i ? "\n" : "", (int)r->name.n, r->name.n ? r->name.p : "",
                 r->name.n ? ": " : "", check_result_name(r->result), r->detail.n ? " " : "",
                 (int)r->detail.n, r->detail.p);
    }
    buf_add(&w->text, "", 0);
    return w->text.p ? w->text.p : "";
}

static inline void check_client(struct check_world *w, const char *ip)
{
    w->j.client.ip = view_of(ip);
    w->j.has_ip = mail_received_ip(w->j.client.ip, w->j.ip).n > 0;
}

static inline void check_close(struct check_world *w)
{
    if (w->state && w->ops->close)
        w->ops->close(w->state);
    if (w->j.mail)
        judge_mail_close(w->j.mail);
    judge_mail_free(&w->a.mail);
    judge_domain_free(&w->a.domain);
    needs_free(&w->a.needs);
    free(w->a.verdict.result);
    mail_arena_free(&w->a.arena);
    settings_free(&w->settings);
    facts_free(&w->facts);
    buf_free(&w->bytes);
    buf_free(&w->text);
    *w = (struct check_world){0};
}

#endif
