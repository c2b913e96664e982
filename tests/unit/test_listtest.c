/*
 * test_listtest.c - unit tests of spoold/listtest.c: lists that list everything, nothing, or do not answer.
 *
 * Run by `make check`. The resolver has no worker: what waits in it is answered here, from a table of names
 * ("2.0.0.127.zen.example.org=127.0.0.2"; what is not in it does not exist).
 */
#include "tests/unit/resolver_world.h"

#include "common/json.h"
#include "spoold/depot.h"
#include "spoold/listtest.h"
#include "spoold/spoold.h"

#include <stdio.h>
#include <stdlib.h>

struct world {
    struct spoold *s;
    struct listtest *t;
    struct rw *k;
    struct resolver *r;
    struct buf text;
};

static struct config *load(const char *const *setting, size_t n)
{
    struct config_errors errs = {0};
    struct config *c = config_load(NULL, setting, n, &errs);

    if (!c)
        fail_msg("%s", errs.text.p);
    buf_free(&errs.text);
    return c;
}

static const char *const zen[] = {"rbl zen.zone=zen.example.org"};
static const char *const dbl[] = {"uribl dbl.zone=dbl.example.org", "uribl dbl.key=secret"};

static struct world *open_world(const char *const *setting, size_t n)
{
    struct world *w = xcalloc(1, sizeof *w);

    w->s = xcalloc(1, sizeof *w->s);
    w->s->cfg = load(setting, n);
    w->k = rw_open();
    w->r = w->s->resolver = w->k->r;
    w->t = listtest_open(w->s);
    return w;
}

static void close_world(struct world **w)
{
    struct config *c = (struct config *)(uintptr_t)(*w)->s->cfg;

    listtest_close(&(*w)->t);
    assert_int_equal(resolver_open_n((*w)->r), 0);
    rw_close(&(*w)->k);
    config_free(&c);
    free((*w)->s);
    buf_free(&(*w)->text);
    free(*w);
    *w = NULL;
}

/* "NAME=ANSWER ..." or "NAME=!TIMEOUT", a line each. */
static struct fact answer_of(const char *table, const char *name, struct view *answer)
{
    struct fact f = {.type = FACT_A, .rcode = FACT_NXDOMAIN, .name = view_of(name), .answer = answer};
    const size_t n = strlen(name);

    for (const char *line = table; line; line = strchr(line, '\n') ? strchr(line, '\n') + 1 : NULL) {
        size_t at = n + 1, left = strcspn(line, "\n");

        if (*line != '*' && (strncmp(line, name, n) != 0 || line[n] != '='))
            continue;
        if (*line == '*')
            at = 2;
        if (line[at] == '!') {
            f.rcode = line[at + 1] == 'T' ? FACT_TIMEOUT : FACT_SERVFAIL;
            return f;
        }
        f.rcode = FACT_NOERROR;
        while (at < left) {
            size_t word = strcspn(line + at, " \n");

            answer[f.answer_n++] = (struct view){line + at, word};
            at += word + 1;
        }
        return f;
    }
    return f;
}

/* What is due is begun, and everything that is asked is answered. */
static void run(struct world *w, int64_t later, const char *table)
{
    listtest_run(w->t, depot_mono_ms() + later);
    while (w->r->waits.first) {
        struct resolver_ask *a = w->r->waits.first;
        struct view answer[8];
        char name[FACTS_NAME_MAX + 1];
        struct fact f;

        assert_int_equal(a->type, FACT_A);
        assert_true(fact_name_clean(view_of(a->name), name) && strcmp(name, a->name) == 0);
        f = answer_of(table, name, answer);
        resolver_answer(w->r, a, &f);
    }
}

static unsigned asked(const struct world *w)
{
    return (unsigned)w->r->counts.asked;
}

static const char *suspended(struct world *w)
{
    buf_clear(&w->text);
    listtest_add_suspended(w->t, &w->text);
    return w->text.n ? w->text.p : "";
}

static const char *status(struct world *w)
{
    struct json j;

    buf_clear(&w->text);
    json_open(&j, &w->text);
    listtest_add_status(w->t, &j);
    json_close(&j);
    return w->text.p;
}

static void expect_status(struct world *w, const char *part)
{
    if (!strstr(status(w), part))
        fail_msg("%s is not in %s", part, w->text.p);
}

#define IP4  "2.0.0.127.zen.example.org=127.0.0.2"
#define IP6  "2.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.example.org=127.0.0.2"
#define NO6  "1.0.0.0.0.0.f.7.f.f.f.f.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.zen.example.org=127.0.0.2"
#define TEST "test.secret.dbl.example.org=127.0.1.2"

static const struct {
    const char *behaviour;
    bool domains;
    const char *table, *state; /* what stands behind "state": without times */
    unsigned asked;
} cases[] = {
    {"lists its test entry, and not the other", false, IP4, "usable", 2},
    {"lists several codes for it", false, "2.0.0.127.zen.example.org=127.0.0.2 127.0.0.10", "usable", 2},
    {"lists nothing", false, "", "does not list 127.0.0.2, as every list must", 4},
    {"lists everything", false, "*=127.0.0.2", "lists 127.0.0.1, which no list may", 2},
    {"lists IPv6 only", false, IP6, "usable", 4},
    {"lists all of IPv6", false, IP6 "\n" NO6, "lists ::ffff:7f00:1, which no list may", 4},
    {"refuses", false, "*=127.255.255.254", "answers 127.255.255.254, which is no listing", 2},
    {"refuses one of both", false, IP4 "\n1.0.0.127.zen.example.org=127.255.255.255",
     "answers 127.255.255.255, which is no listing", 2},
    {"was sold, or the resolver invents answers", false, "*=192.0.2.1",
     "answers 192.0.2.1, which is no listing", 2},
    {"an answer without addresses is no listing", false,
     "2.0.0.127.zen.example.org=", "does not list 127.0.0.2, as every list must", 4},
    {"domains: lists TEST", true, TEST, "usable", 2},
    {"domains: lists everything", true, "*=127.0.1.2", "lists INVALID, which no list may", 2},
    {"domains: has the test entry of addresses only", true, "2.0.0.127.secret.dbl.example.org=127.0.0.2",
     "usable", 4},
    {"domains: lists nothing", true, "", "does not list TEST, as every list must", 4},
    {"is silent", false, "*=!TIMEOUT", "untested", 2},
    {"fails", false, "*=!SERVFAIL", "untested", 2},
    {"is silent about one of both", false, IP4 "\n1.0.0.127.zen.example.org=!TIMEOUT", "untested", 2},
    {"is silent about one, and lists what it must not", false,
     "2.0.0.127.zen.example.org=!TIMEOUT\n1.0.0.127.zen.example.org=127.0.0.2",
     "lists 127.0.0.1, which no list may", 2},
};

static void a_test_tells_good_lists_from_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = cases[i].domains ? open_world(dbl, 2) : open_world(zen, 1);
        const bool good = strcmp(cases[i].state, "usable") == 0 || strcmp(cases[i].state, "untested") == 0;
        const char *label = cases[i].domains ? "uribl:dbl" : "rbl:zen";

        run(w, 0, cases[i].table);
        if (asked(w) != cases[i].asked || !strstr(status(w), cases[i].state) ||
            strcmp(suspended(w), good ? "" : label) != 0 || !w->s->alarms.since_ms[ALARM_LIST] != good)
            fail_msg("%s: %u questions, %s", cases[i].behaviour, asked(w), status(w));
        if (strstr(status(w), "secret"))
            fail_msg("%s: the key is shown", cases[i].behaviour);
        close_world(&w);
    }
}

static void each_list_is_tested_at_once_and_each_hour(void **state)
{
    struct world *w = open_world(zen, 1);
    int64_t next;

    (void)state;
    run(w, 0, IP4);
    assert_int_equal(asked(w), 2);
    next = listtest_run(w->t, depot_mono_ms()) - depot_mono_ms();
    assert_true(next > LISTTEST_AGAIN_MS - 1000 && next <= LISTTEST_AGAIN_MS);
    run(w, LISTTEST_AGAIN_MS - 1000, IP4);
    assert_int_equal(asked(w), 2);
    run(w, LISTTEST_AGAIN_MS, "");
    assert_string_equal(suspended(w), "rbl:zen");
    assert_non_null(strstr(w->s->alarms.text[ALARM_LIST], "rbl:zen does not list 127.0.0.2"));
    run(w, LISTTEST_AGAIN_MS, IP4);
    assert_string_equal(suspended(w), "");
    assert_true(w->s->alarms.since_ms[ALARM_LIST] == 0);
    expect_status(w, "\"state\":\"usable\"");
    close_world(&w);
}

static void a_test_at_work_is_not_begun_again(void **state)
{
    struct world *w = open_world(zen, 1);

    (void)state;
    listtest_run(w->t, depot_mono_ms());
    assert_true(listtest_run(w->t, depot_mono_ms() + 2 * LISTTEST_AGAIN_MS) == INT64_MAX);
    assert_int_equal(asked(w), 2);
    run(w, 0, IP4);
    close_world(&w);
}

static void a_list_may_be_silent_twice(void **state)
{
    struct world *w = open_world(zen, 1);
    int64_t next;

    (void)state;
    run(w, 0, IP4);
    run(w, LISTTEST_AGAIN_MS, "*=!TIMEOUT");
    next = listtest_run(w->t, depot_mono_ms()) - depot_mono_ms();
    assert_true(next > LISTTEST_RETRY_MS - 1000 && next <= LISTTEST_RETRY_MS);
    run(w, LISTTEST_RETRY_MS, "*=!SERVFAIL");
    expect_status(w, "\"state\":\"usable\"");
    run(w, LISTTEST_RETRY_MS, "*=!TIMEOUT");
    expect_status(w, "\"state\":\"suspended\"");
    expect_status(w, "cannot be reached: no answer to 3 tests");
    /* It is tried each minute from then on. */
    run(w, LISTTEST_RETRY_MS, "*=!TIMEOUT");
    assert_string_equal(suspended(w), "rbl:zen");
    run(w, LISTTEST_RETRY_MS, IP4);
    assert_string_equal(suspended(w), "");
    /* And the count begins anew. */
    run(w, LISTTEST_AGAIN_MS, "*=!TIMEOUT");
    run(w, LISTTEST_RETRY_MS, "*=!TIMEOUT");
    assert_string_equal(suspended(w), "");
    close_world(&w);
}

static void silence_does_not_end_a_suspension(void **state)
{
    struct world *w = open_world(zen, 1);

    (void)state;
    run(w, 0, "*=127.0.0.2");
    run(w, LISTTEST_AGAIN_MS, "*=!TIMEOUT");
    assert_string_equal(suspended(w), "rbl:zen");
    expect_status(w, "lists 127.0.0.1, which no list may");
    close_world(&w);
}

static void lists_that_are_off_are_not_tested(void **state)
{
    static const char *const setting[] = {"rbl a.zone=a.example.org", "rbl a.enable=no",
                                          "rbl b.zone=b.example.org", "rbl b.self_test=no"};
    struct world *w = open_world(setting, 4);

    (void)state;
    run(w, 0, "");
    assert_int_equal(asked(w), 0);
    assert_string_equal(status(w),
                        "{\"v\":1,\"lists\":{\"rbl:b\":{\"zone\":\"b.example.org\",\"state\":\"untested\","
                        "\"why\":\"its self_test is off\"}}}");
    close_world(&w);
}

static void several_lists_stand_for_themselves(void **state)
{
    static const char *const setting[] = {"rbl a.zone=a.example.org", "rbl b.zone=b.example.org",
                                          "uribl a.zone=d.example.org"};
    struct world *w = open_world(setting, 3);

    (void)state;
    run(w, 0, "2.0.0.127.b.example.org=127.0.0.2");
    assert_string_equal(suspended(w), "rbl:a uribl:a");
    close_world(&w);
}

static void change(struct world *w, const char *const *setting, size_t n)
{
    struct config *old = (struct config *)(uintptr_t)w->s->cfg;

    w->s->cfg = load(setting, n);
    listtest_replace(w->t);
    config_free(&old);
}

static void new_settings_keep_what_is_known_of_the_same_list(void **state)
{
    static const char *const both[] = {"rbl zen.zone=zen.example.org", "rbl b.zone=b.example.org"};
    static const char *const other[] = {"rbl zen.zone=b.example.org"};
    struct world *w = open_world(zen, 1);

    (void)state;
    run(w, 0, IP4);
    change(w, both, 2);
    run(w, 0, ""); /* none before a worker may have the new settings */
    assert_int_equal(asked(w), 2);
    run(w, LISTTEST_SETTLE_MS + 100, "2.0.0.127.b.example.org=127.0.0.2"); /* only the new one is asked */
    assert_int_equal(asked(w), 4);
    assert_string_equal(suspended(w), "");
    change(w, other, 1);
    expect_status(w, "\"rbl:zen\":{\"zone\":\"b.example.org\",\"state\":\"untested\"");
    close_world(&w);
}

static void new_settings_test_what_is_suspended_soon(void **state)
{
    struct world *w = open_world(zen, 1);

    (void)state;
    run(w, 0, "");
    change(w, zen, 1);
    assert_string_equal(suspended(w), "rbl:zen");
    run(w, LISTTEST_SETTLE_MS + 100, IP4);
    assert_string_equal(suspended(w), "");
    close_world(&w);
}

static void a_list_that_is_taken_away_leaves_nothing_behind(void **state)
{
    struct world *w = open_world(zen, 1);

    (void)state;
    run(w, 0, "");
    run(w, 0, "");
    listtest_run(w->t, depot_mono_ms() + LISTTEST_AGAIN_MS);
    assert_int_equal(resolver_open_n(w->r), 2);
    change(w, NULL, 0);
    assert_int_equal(resolver_open_n(w->r), 0);
    assert_string_equal(suspended(w), "");
    assert_true(w->s->alarms.since_ms[ALARM_LIST] == 0);
    close_world(&w);
}

static void a_test_at_work_is_given_up_at_the_end(void **state)
{
    struct world *w = open_world(zen, 1);

    (void)state;
    listtest_run(w->t, depot_mono_ms());
    close_world(&w);
}

static void without_a_resolver_nothing_happens(void **state)
{
    struct world *w = open_world(zen, 1);

    (void)state;
    w->s->resolver = NULL;
    assert_true(listtest_run(w->t, depot_mono_ms()) == INT64_MAX);
    listtest_add_suspended(NULL, &w->text);
    assert_int_equal(w->text.n, 0);
    close_world(&w);
}

/* What is asked of a list that lists nothing: "any IPv4 list", "any IPv6 list", "any domain list". */
static void check_point(struct world *w, const char *row)
{
    const char *zone = strstr(row, "<zone>"), *front = zone;
    char name[FACTS_NAME_MAX + 1];

    while (front > row && front[-1] != '\t')
        front--;
    snprintf(name, sizeof name, "%.*sexample.org", (int)(zone - front), front);
    for (const struct resolver_ask *a = w->r->waits.first; a; a = a->next)
        if (strcmp(a->name, name) == 0)
            return;
    fail_msg("%s is not asked", name);
}

/* Each step of a test in turn, so that all its questions wait at once. */
static void the_test_entries_are_those_of_the_corpus(void **state)
{
    static const char *const setting[] = {"rbl a.zone=example.org", "uribl b.zone=example.org"};
    const char *corpus = getenv("SPOOLD_CORPUS");
    struct world *w = open_world(setting, 2);
    char path[500], row[1000];
    unsigned rows = 0;
    FILE *f;

    (void)state;
    snprintf(path, sizeof path, "%s/rbl/testpoints.tsv", corpus ? corpus : "../shared/corpus");
    f = fopen(path, "r");
    listtest_run(w->t, depot_mono_ms());
    while (f && fgets(row, sizeof row, f)) {
        /* The second step of a list of addresses begins when the first has found nothing. */
        if (strncmp(row, "any IPv6", 8) == 0 && rows == 2) {
            const struct fact none = {.type = FACT_A, .rcode = FACT_NXDOMAIN};

            for (unsigned i = 0; i < 2; i++)
                resolver_answer(w->r, w->r->waits.first, &none);
        }
        if (strncmp(row, "any ", 4) != 0)
            continue;
        check_point(w, row);
        rows++;
    }
    if (f)
        fclose(f);
    close_world(&w);
    if (!f)
        skip();
    assert_int_equal(rows, 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_test_tells_good_lists_from_others),
        cmocka_unit_test(each_list_is_tested_at_once_and_each_hour),
        cmocka_unit_test(a_test_at_work_is_not_begun_again),
        cmocka_unit_test(a_list_may_be_silent_twice),
        cmocka_unit_test(silence_does_not_end_a_suspension),
        cmocka_unit_test(lists_that_are_off_are_not_tested),
        cmocka_unit_test(several_lists_stand_for_themselves),
        cmocka_unit_test(new_settings_keep_what_is_known_of_the_same_list),
        cmocka_unit_test(new_settings_test_what_is_suspended_soon),
        cmocka_unit_test(a_list_that_is_taken_away_leaves_nothing_behind),
        cmocka_unit_test(a_test_at_work_is_given_up_at_the_end),
        cmocka_unit_test(without_a_resolver_nothing_happens),
        cmocka_unit_test(the_test_entries_are_those_of_the_corpus),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
