/*
 * test_query_history.c - whether history finds the right messages, in the right order, and no more than asked
 * for.
 *
 * One small set of messages is asked by all filters and their combinations; the
 * wanted answer is written as the letters of the messages, newest first.
 */
#include "tests/unit/query_world.h"

struct mail {
    const char *name, *from, *to[3];
};

/* A is the oldest. The names differ, so that an id tells which it is. */
static const struct mail mails[] = {
    {"A", "ann@example.org", {"bob@example.net"}},
    {"B", "Ann@Example.org", {"cid@example.net", "bob@example.net"}},
    {"C", "", {"bob@example.net"}},
    {"D", "dan@example.com", {"ann@example.org", "BOB@example.net", "cid@example.net"}},
    {"E", "dan@example.com", {"eve@example.com"}},
};

static struct base record_mail(struct world *w, const struct mail *m)
{
    struct base b = world_base(w, m->name);
    struct event e = world_event(w, EVENT_ACCEPTED, &b);
    struct view to[3];

    while (e.rcpt_n < 3 && m->to[e.rcpt_n]) {
        to[e.rcpt_n] = view_of(m->to[e.rcpt_n]);
        e.rcpt_n++;
    }
    e.name = view_of(m->name);
    e.sender = view_of(m->from);
    e.rcpt = to;
    world_record(w, &e);
    return b;
}

static struct world *world_with_mail(const char *setting)
{
    struct world *w = world_open(setting);

    for (size_t i = 0; i < sizeof mails / sizeof *mails; i++)
        record_mail(w, &mails[i]);
    world_settle(w);
    return w;
}

static void assert_mails(const struct answer *a, const char *wanted)
{
    char got[64] = "";

    for (size_t i = 0; i < json_array_size(a->line) && i < sizeof got - 1; i++)
        got[i] = answer_str(a, i, "id")[0];
    assert_string_equal(got, wanted);
}

static const struct {
    const char *says, *words, *wanted;
} filters[] = {
    {"without a filter: all, newest first", "history", "EDCBA"},
    {"not more than the limit", "history|limit=2", "ED"},
    {"a limit of one", "history|recipient=bob@example.net|limit=1", "D"},
    {"by recipient, any case", "history|recipient=Bob@EXAMPLE.net", "DCBA"},
    {"by the recipient of a single message", "history|recipient=eve@example.com", "E"},
    {"by sender, any case", "history|sender=ann@example.org", "BA"},
    {"by the null sender", "history|sender=", "C"},
    {"by recipient and sender", "history|recipient=bob@example.net|sender=ANN@example.org", "BA"},
    {"by recipient and the null sender", "history|recipient=bob@example.net|sender=", "C"},
    {"by recipient and sender, with a limit",
     "history|recipient=bob@example.net|sender=ann@example.org|limit=1", "B"},
    {"both fit, but not together", "history|recipient=eve@example.com|sender=ann@example.org", ""},
    {"by name", "history|name=B", "B"},
    {"by name and recipient", "history|name=B|recipient=cid@example.net", "B"},
    {"by name and another sender", "history|name=B|sender=dan@example.com", ""},
    {"by the beginning of the id", "history|id=D~", "D"},
    {"by id and sender", "history|id=E|sender=dan@example.com", "E"},
    {"nobody", "history|recipient=nobody@example.org", ""},
    {"a part of an address is nobody", "history|recipient=bob@example", ""},
    {"an id is compared from its beginning", "history|id=~", ""},
};

static void filters_messages(void **state)
{
    struct world *w = world_with_mail(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
        struct answer a = world_ask(w, filters[i].words);

        print_message("%s\n", filters[i].says);
        assert_int_equal(a.code, 0);
        assert_string_equal(a.message, "");
        assert_mails(&a, filters[i].wanted);
        answer_free(&a);
    }
    world_close(&w);
}

/* The same answers from hashes: from a ledger that knew the addresses, and from one built of the journal. */
static void filters_by_hashed_addresses(void **state)
{
    struct world *w = world_with_mail("journal.log_addresses=hash");

    (void)state;
    for (unsigned rebuilt = 0; rebuilt < 2; rebuilt++) {
        for (size_t i = 0; i < sizeof filters / sizeof *filters; i++) {
            struct answer a = world_ask(w, filters[i].words);

            print_message("%s: %s\n", rebuilt ? "rebuilt" : "live", filters[i].says);
            assert_mails(&a, filters[i].wanted);
            answer_free(&a);
        }
        world_lose_ledger(w);
        world_settle(w);
    }
    world_close(&w);
}

static void orders_rows_of_two_lists(void **state)
{
    struct world *w = world_with_mail("journal.log_addresses=hash");
    static const struct mail late = {"F", "ann@example.org", {"bob@example.net"}};
    struct answer a = {.code = -1};

    (void)state;
    world_lose_ledger(w); /* A to E are known by hashes now, F by its addresses */
    world_settle(w);
    record_mail(w, &late);
    world_settle(w);
    a = world_ask(w, "history|recipient=bob@example.net");
    assert_mails(&a, "FDCBA");
    answer_free(&a);
    a = world_ask(w, "history|recipient=bob@example.net|limit=2");
    assert_mails(&a, "FD");
    answer_free(&a);
    world_close(&w);
}

static void tells_what_became_of_a_message(void **state)
{
    struct world *w = world_open(NULL);
    struct base b = record_mail(w, &mails[3]);
    struct event e = world_event(w, EVENT_QUARANTINED, &b);
    struct answer a = {.code = -1};
    char at[32];

    (void)state;
    e.class = VIEW("virus");
    e.reason = VIEW("found something");
    world_record(w, &e);
    world_settle(w);
    a = world_ask(w, "history");
    assert_int_equal(json_array_size(a.line), 1);
    json_time_text(at, WORLD_AT + 2000);
    assert_string_equal(answer_str(&a, 0, "at"), at);
    json_time_text(at, WORLD_AT + 1000);
    assert_string_equal(answer_str(&a, 0, "accepted"), at);
    assert_string_equal(answer_str(&a, 0, "id"), b.s);
    assert_string_equal(answer_str(&a, 0, "state"), "quarantined");
    assert_string_equal(answer_str(&a, 0, "from"), "dan@example.com");
    assert_string_equal(answer_str(&a, 0, "name"), "D");
    assert_string_equal(answer_str(&a, 0, "class"), "virus");
    assert_string_equal(answer_str(&a, 0, "reason"), "found something");
    assert_int_equal(answer_int(&a, 0, "to_count"), 3);
    assert_int_equal(json_array_size(json_object_get(json_array_get(a.line, 0), "to")), 3);
    assert_int_equal(answer_int(&a, 0, "size"), 1000);
    assert_int_equal(answer_int(&a, 0, "copies"), 0);
    answer_free(&a);
    world_close(&w);
}

/* A NAME that had to be made harmless is known as it was dropped. */
static void tells_the_dropped_name(void **state)
{
    static const struct mail odd = {"x y", "ann@example.org", {"bob@example.net"}},
                             even = {"x_y", "ann@example.org", {"bob@example.net"}};
    static const char *const words[] = {"history|name=x y", "history|name=x y|sender=ann@example.org"};
    struct world *w = world_open(NULL);

    (void)state;
    record_mail(w, &odd);
    record_mail(w, &even);
    world_settle(w);
    for (size_t i = 0; i < 2; i++) {
        struct answer a = world_ask(w, words[i]);

        assert_int_equal(json_array_size(a.line), 1);
        assert_string_equal(answer_str(&a, 0, "name"), "x y");
        answer_free(&a);
    }
    world_close(&w);
}

static void refuses_wrong_words(void **state)
{
    static const struct {
        const char *says, *words;
        int wanted;
    } cases[] = {
        {"a limit of nothing", "history|limit=0", 64},
        {"an empty limit", "history|limit=", 64},
        {"a limit with a sign", "history|limit=+5", 64},
        {"a limit with something behind it", "history|limit=5x", 64},
        {"a filter that is not known", "history|subject=hello", 64},
        {"a lone word", "history|mail", 64},
        {"a limit beyond the greatest is the greatest", "history|limit=99999999999999999999999", 0},
    };
    struct world *w = world_with_mail(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = world_ask(w, cases[i].words);

        print_message("%s\n", cases[i].says);
        assert_int_equal(a.code, cases[i].wanted);
        assert_int_equal(json_array_size(a.line), cases[i].wanted ? 0 : 5);
        assert_int_equal(a.message[0] != '\0', cases[i].wanted != 0);
        answer_free(&a);
    }
    world_close(&w);
}

static void warns_of_an_incomplete_list(void **state)
{
    struct world *w = world_with_mail(NULL);
    struct answer a = {.code = -1};

    (void)state;
    world_lose_ledger(w);
    a = world_ask(w, "history");
    assert_int_equal(a.code, 0);
    assert_non_null(strstr(a.message, "still being built"));
    answer_free(&a);
    world_close(&w);
}

static void says_nothing_of_unknown_senders(void **state)
{
    struct world *w = world_with_mail("journal.log_addresses=none");
    struct answer a = world_ask(w, "history");

    (void)state;
    assert_mails(&a, "EDCBA");
    assert_true(json_is_null(json_object_get(json_array_get(a.line, 0), "from")));
    answer_free(&a);
    a = world_ask(w, "history|sender=nobody@example.org");
    assert_non_null(strstr(a.message, "log_addresses"));
    answer_free(&a);
    world_close(&w);
}

/* More than the walk looks at in one run, names in the reverse order of time: the newest are the last it
 * meets. */
static void finds_the_newest_of_many(void **state)
{
    struct world *w = world_open(NULL);
    const unsigned n = QUERY_SLICE_ROWS + 300;
    struct answer a = {.code = -1};
    char name[16];

    (void)state;
    for (unsigned i = 0; i < n; i++) {
        struct mail m = {name, i % 2 ? "ann@example.org" : "dan@example.com", {"bob@example.net"}};

        snprintf(name, sizeof name, "%04u", (i * 7919) % 10000);
        record_mail(w, &m);
        if (i % 100 == 99)
            world_settle(w);
    }
    world_settle(w);
    a = world_ask(w, "history|limit=150");
    assert_int_equal(json_array_size(a.line), 150);
    for (size_t i = 0; i < 150; i++) {
        snprintf(name, sizeof name, "%04u", (unsigned)((n - 1 - i) * 7919) % 10000);
        assert_string_equal(answer_str(&a, i, "name"), name);
    }
    assert_true(a.runs >= 4);
    answer_free(&a);
    a = world_ask(w, "history|recipient=bob@example.net|sender=ann@example.org|limit=10000");
    assert_int_equal(json_array_size(a.line), n / 2);
    answer_free(&a);
    world_close(&w);
}

static void keeps_the_line_of_a_monster_short(void **state)
{
    struct world *w = world_open(NULL);
    struct base b = world_base(w, "mail");
    struct event e = world_event(w, EVENT_ACCEPTED, &b);
    static char bad[2000];
    struct view to[300];
    struct answer a = {.code = -1};

    (void)state;
    memset(bad, 0x01, sizeof bad);
    for (size_t i = 0; i < 300; i++)
        to[i] = (struct view){bad, sizeof bad / 4};
    e.name = (struct view){bad, 255};
    e.sender = (struct view){bad, sizeof bad};
    e.rcpt = to;
    e.rcpt_n = 300;
    world_record(w, &e);
    e = world_event(w, EVENT_QUARANTINED, &b);
    e.class = e.reason = (struct view){bad, sizeof bad};
    world_record(w, &e);
    world_settle(w);
    a = world_ask(w, "history"); /* the length is looked at there */
    assert_int_equal(json_array_size(a.line), 1);
    assert_int_equal(answer_int(&a, 0, "to_count"), 300);
    assert_true(json_array_size(json_object_get(json_array_get(a.line, 0), "to")) >= 1);
    answer_free(&a);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(filters_messages),
        cmocka_unit_test(filters_by_hashed_addresses),
        cmocka_unit_test(orders_rows_of_two_lists),
        cmocka_unit_test(tells_what_became_of_a_message),
        cmocka_unit_test(tells_the_dropped_name),
        cmocka_unit_test(refuses_wrong_words),
        cmocka_unit_test(warns_of_an_incomplete_list),
        cmocka_unit_test(says_nothing_of_unknown_senders),
        cmocka_unit_test(finds_the_newest_of_many),
        cmocka_unit_test(keeps_the_line_of_a_monster_short),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
