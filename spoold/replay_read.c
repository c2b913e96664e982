/*
 * replay_read.c - see replay.h: a decision record is read.
 *
 * Called by tools. The journal's lines carry a checksum, a .json has none: lengths, names and numbers are
 * checked here, what is not known is passed over. Reads the form that json.c writes.
 */
#include "spoold/replay.h"

#include "common/check.h"
#include "common/xalloc.h"
#include "spoold/journal_value.h"

struct reader {
    struct journal_value at;
    struct replay_record *r;
};

/* What begins here and goes on to the value's end. */
static int read_raw(struct reader *d, struct view *v)
{
    const char *start = d->at.p;

    if (journal_value_skip(&d->at) < 0)
        return -1;
    *v = (struct view){start, (size_t)(d->at.p - start)};
    return 0;
}

static int read_true(struct reader *d, bool *to)
{
    struct view v;

    if (read_raw(d, &v) < 0)
        return -1;
    *to = view_equal(v, VIEW("true"));
    return 0;
}

static int read_number(struct reader *d, uint32_t *to)
{
    uint64_t v;

    if (journal_value_number(&d->at, &v) < 0 || v > UINT32_MAX)
        return -1;
    *to = (uint32_t)v;
    return 0;
}

/* The members of an object, each by `member`, which passes over what it does not know. */
static int read_object(struct reader *d, void *to, int (*member)(struct reader *, struct view key, void *to))
{
    bool first = true;

    if (!journal_value_take(&d->at, '{'))
        return -1;
    while (!journal_value_take(&d->at, '}')) {
        struct view key;

        if (!first && !journal_value_take(&d->at, ','))
            return -1;
        if (journal_value_string(&d->at, &key) < 0 || !journal_value_take(&d->at, ':') ||
            member(d, key, to) < 0)
            return -1;
        first = false;
    }
    return 0;
}

/* A row: a string of this name goes there. */
struct string_row {
    struct view key;
    struct view *to;
};

/* 1: it was one of them, 0: not, -1: it is no string. */
static int read_string_of(struct reader *d, struct view key, const struct string_row *row, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (view_equal(key, row[i].key))
            return journal_value_string(&d->at, row[i].to) < 0 ? -1 : 1;
    return 0;
}

static int skip_unless(struct reader *d, int found)
{
    return found ? (found < 0 ? -1 : 0) : journal_value_skip(&d->at);
}

static int envelope_member(struct reader *d, struct view key, void *to)
{
    struct replay_record *r = to;
    const struct string_row rows[] = {{VIEW("ip"), &r->ip},
                                      {VIEW("helo"), &r->helo},
                                      {VIEW("auth"), &r->auth},
                                      {VIEW("protocol"), &r->protocol}};

    return skip_unless(d, read_string_of(d, key, rows, sizeof rows / sizeof *rows));
}

static int client_member(struct reader *d, struct view key, void *to)
{
    struct replay_record *r = to;
    const struct string_row rows[] = {{VIEW("ip"), &r->client_ip}};

    return skip_unless(d, read_string_of(d, key, rows, 1));
}

struct virus {
    struct view state, name, why, detail;
};

static int virus_member(struct reader *d, struct view key, void *to)
{
    struct virus *v = to;
    const struct string_row rows[] = {{VIEW("state"), &v->state},
                                      {VIEW("name"), &v->name},
                                      {VIEW("why"), &v->why},
                                      {VIEW("detail"), &v->detail}};

    return skip_unless(d, read_string_of(d, key, rows, sizeof rows / sizeof *rows));
}

static int read_virus(struct reader *d)
{
    struct virus v = {{NULL, 0}, {NULL, 0}, {NULL, 0}, {NULL, 0}};
    struct replay_record *r = d->r;

    if (read_object(d, &v, virus_member) < 0)
        return -1;
    while (r->state < ANTIVIRUS_STATE__MAX && !view_equal(v.state, view_of(antivirus_state_name(r->state))))
        r->state++;
    while (r->why < ANTIVIRUS_WHY__MAX && !view_equal(v.why, view_of(antivirus_why_name(r->why))))
        r->why++;
    r->virus_text = v.name.n ? v.name : v.detail;
    return r->state < ANTIVIRUS_STATE__MAX && r->why < ANTIVIRUS_WHY__MAX ? 0 : -1;
}

struct check_words {
    struct view name, result, detail, props;
    uint32_t count;
};

static int check_member(struct reader *d, struct view key, void *to)
{
    struct check_words *w = to;
    const struct string_row rows[] = {{VIEW("name"), &w->name},
                                      {VIEW("result"), &w->result},
                                      {VIEW("detail"), &w->detail},
                                      {VIEW("props"), &w->props}};

    if (view_equal(key, VIEW("count")))
        return read_number(d, &w->count);
    return skip_unless(d, read_string_of(d, key, rows, sizeof rows / sizeof *rows));
}

/* "rbl:zen": a check that no longer exists is passed over. */
static void take_check(struct replay_record *r, const struct check_words *w)
{
    const char *colon = w->name.n ? memchr(w->name.p, ':', w->name.n) : NULL;
    const size_t n = colon ? (size_t)(colon - w->name.p) : w->name.n;
    struct antispam_result one = {.check = check_find((struct view){w->name.p, n}),
                                  .result = check_result_find(w->result),
                                  .count = w->count,
                                  .detail = w->detail,
                                  .props = w->props};
    struct antispam_verdict *v = &r->verdict;

    if (colon)
        one.name = (struct view){colon + 1, w->name.n - n - 1};
    if (one.check >= CHECK__MAX || one.result >= RESULT__MAX || v->n >= ANTISPAM_CHECKS_MAX)
        return;
    if (v->n == v->cap) {
        v->cap = v->cap ? 2 * v->cap : 32;
        v->result = xrealloc(v->result, v->cap, sizeof *v->result);
    }
    v->result[v->n++] = one;
}

static int read_checks(struct reader *d)
{
    const char *start = d->at.p;

    if (!journal_value_take(&d->at, '['))
        return -1;
    for (bool first = true; !journal_value_take(&d->at, ']'); first = false) {
        struct check_words w = {.count = 1};

        if ((!first && !journal_value_take(&d->at, ',')) || read_object(d, &w, check_member) < 0)
            return -1;
        take_check(d->r, &w);
    }
    d->r->checks = (struct view){start, (size_t)(d->at.p - start)};
    d->r->judged = true;
    return 0;
}

static int read_by(struct reader *d)
{
    struct view name;

    if (journal_value_string(&d->at, &name) < 0)
        return -1;
    d->r->by = decide_by_find(name);
    return 0;
}

static int read_direction(struct reader *d)
{
    struct view name;

    if (journal_value_string(&d->at, &name) < 0)
        return -1;
    d->r->outgoing = view_equal(name, VIEW("outgoing"));
    return 0;
}

static int read_envelope(struct reader *d)
{
    return read_object(d, d->r, envelope_member);
}

static int read_client(struct reader *d)
{
    return read_object(d, d->r, client_member);
}

#define READ(field, how)                                                                                     \
    static int read_##field(struct reader *d)                                                                \
    {                                                                                                        \
        return how(d, &d->r->field);                                                                         \
    }
READ(weight, read_raw)
READ(decisions, read_raw)
READ(facts, read_raw)
READ(checks_cut, read_true)
READ(decisions_cut, read_true)
READ(facts_cut, read_true)
READ(hops, read_number)
READ(own_hops, read_number)
#undef READ

static const struct {
    struct view key;
    int (*read)(struct reader *d);
} members[] = {
    {VIEW("by"), read_by},
    {VIEW("direction"), read_direction},
    {VIEW("envelope"), read_envelope},
    {VIEW("hops"), read_hops},
    {VIEW("own_hops"), read_own_hops},
    {VIEW("virus"), read_virus},
    {VIEW("client"), read_client},
    {VIEW("checks"), read_checks},
    {VIEW("checks_cut"), read_checks_cut},
    {VIEW("weight"), read_weight},
    {VIEW("decisions"), read_decisions},
    {VIEW("decisions_cut"), read_decisions_cut},
    {VIEW("facts"), read_facts},
    {VIEW("facts_cut"), read_facts_cut},
};

static int record_member(struct reader *d, struct view key, void *to)
{
    struct replay_record *r = to;
    const struct string_row rows[] = {
        {VIEW("config"), &r->config},       {VIEW("fate"), &r->fate},
        {VIEW("class"), &r->class},         {VIEW("reason"), &r->reason},
        {VIEW("sha256"), &r->sha256},       {VIEW("ambiguous_by"), &r->ambiguous_by},
        {VIEW("suspended"), &r->suspended}, {VIEW("judged_by"), &r->judged_by},
    };
    const int found = read_string_of(d, key, rows, sizeof rows / sizeof *rows);

    if (found)
        return found < 0 ? -1 : 0;
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        if (view_equal(key, members[i].key))
            return members[i].read(d);
    return journal_value_skip(&d->at);
}

const char *replay_read(struct view json, struct replay_record *r)
{
    struct reader d = {.at = {.p = json.p, .end = json.p + json.n, .text = &r->text}, .r = r};

    *r = (struct replay_record){.rcpt = r->rcpt,
                                .rcpt_n = r->rcpt_n,
                                .size = r->size,
                                .verdict = {.result = r->verdict.result, .cap = r->verdict.cap},
                                .text = r->text};
    buf_clear(&r->text);
    buf_reserve(&r->text, json.n + 1);
    if (!json.n || read_object(&d, r, record_member) < 0)
        return "its record cannot be read";
    if (r->by == DECIDE_BY_NOTHING || r->by >= DECIDE_BY__MAX)
        return "its record does not say what decided: it is of another release";
    if (!r->judged_by.n)
        r->judged_by = r->config;
    if (r->checks_cut)
        return "its record had no room for the results of its checks";
    return NULL;
}
