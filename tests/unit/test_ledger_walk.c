/*
 * test_ledger_walk.c - unit tests of spoold/ledger_walk.c: each list holds its rows once, in order, page by
 * page.
 *
 * Run by `make check`, with a real ledger that follows a journal. Whatever the
 * size of a page, the pages together are the list.
 */
#include "tests/unit/query_world.h"

#define ROWS 40

struct list {
    struct base id[2 * ROWS];
    int n, stop_after;
};

static int add(const struct ledger_row *row, void *arg)
{
    struct list *l = arg;

    assert_true(l->n < 2 * ROWS);
    l->id[l->n++] = row->id;
    return l->stop_after && l->n >= l->stop_after;
}

static void say(struct world *w, const struct base *b, const char *name, const char *from, const char *to)
{
    struct view rcpt[2] = {view_of(to), VIEW("second@example.net")};
    struct event e = world_event(w, EVENT_ACCEPTED, b);

    e.name = view_of(name);
    e.sender = view_of(from);
    e.rcpt = rcpt;
    e.rcpt_n = 2;
    world_record(w, &e);
}

/* 40 messages; names, senders and recipients that look alike. */
static struct world *filled(struct base id[ROWS])
{
    static const char *const names[] = {"a b", "a_b", "a_", "ab"};
    static const char *const froms[] = {"a@example.org", "A@Example.ORG", "a@example.org.net", "",
                                        "aa@example.org"};
    struct world *w = world_open(NULL);

    world_settle(w);
    for (unsigned i = 0; i < ROWS; i++) {
        id[i] = world_base(w, names[i % 4]);
        say(w, &id[i], names[i % 4], froms[i % 5], i % 2 ? "odd@example.net" : "even@example.net");
    }
    world_settle(w);
    return w;
}

static struct list walk(struct world *w, enum ledger_index index, const char *key, unsigned page)
{
    struct base resume = {.len = 0};
    struct list l = {.n = 0};
    int calls = 0, got;

    do {
        got = ledger_walk(w->d.ledger, (struct ledger_find){index, view_of(key), page}, &resume, add, &l);
        assert_true(got >= 0 && got <= (int)page);
        assert_true(++calls <= 2 * ROWS);
    } while (resume.s[0]);
    return l;
}

static void every_list_is_the_same_in_pages_of_any_size(void **state)
{
    static const struct {
        const char *says;
        enum ledger_index index;
        const char *key;
        int wanted;
    } cases[] = {
        {"all", LEDGER_BY_ID, "", ROWS},
        {"those of a BASE prefix", LEDGER_BY_ID, "a_", 30},
        {"no such prefix", LEDGER_BY_ID, "b", 0},
        {"a sender in any case, and no longer one", LEDGER_BY_SENDER, "a@EXAMPLE.org", 16},
        {"the longer one", LEDGER_BY_SENDER, "a@example.org.net", 8},
        {"part of an address is nobody's", LEDGER_BY_SENDER, "a@example", 0},
        {"a recipient", LEDGER_BY_RCPT, "odd@example.net", 20},
        {"the second one", LEDGER_BY_RCPT, "second@example.net", ROWS},
        {"a sender is no recipient", LEDGER_BY_RCPT, "a@example.org", 0},
        {"a NAME with a blank", LEDGER_BY_NAME, "a b", 10},
        {"the same, clean", LEDGER_BY_NAME, "a_b", 10},
        {"a shorter one", LEDGER_BY_NAME, "a_", 10},
        {"nobody's NAME", LEDGER_BY_NAME, "a?b", 0},
    };
    struct base id[ROWS];
    struct world *w = filled(id);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct list whole = walk(w, cases[i].index, cases[i].key, 1000);

        if (whole.n != cases[i].wanted)
            fail_msg("%s: %d rows", cases[i].says, whole.n);
        for (unsigned page = 1; page < 12; page += 3) {
            struct list l = walk(w, cases[i].index, cases[i].key, page);

            if (l.n != whole.n || memcmp(l.id, whole.id, (size_t)l.n * sizeof *l.id) != 0)
                fail_msg("%s: pages of %u give another list", cases[i].says, page);
        }
    }
    world_close(&w);
}

static void the_newest_comes_first_but_by_base(void **state)
{
    static const struct {
        enum ledger_index index;
        const char *key;
        int order;
    } cases[] = {
        {LEDGER_BY_SENDER, "a@example.org", -1},
        {LEDGER_BY_RCPT, "even@example.net", -1},
        {LEDGER_BY_NAME, "a b", -1},
        {LEDGER_BY_ID, "ab", 1},
    };
    struct base id[ROWS];
    struct world *w = filled(id);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct list l = walk(w, cases[i].index, cases[i].key, 7);

        assert_true(l.n > 3);
        for (int n = 1; n < l.n; n++)
            if ((base_time_ns(&l.id[n]) - base_time_ns(&l.id[n - 1])) * cases[i].order <= 0)
                fail_msg("case %zu: row %d is out of order", i, n);
    }
    world_close(&w);
}

static void a_callback_may_stop_and_the_next_call_goes_on(void **state)
{
    struct base id[ROWS], resume = {.len = 0};
    struct world *w = filled(id);
    struct ledger_find find = {LEDGER_BY_RCPT, VIEW("odd@example.net"), 1000};
    struct list first = {.n = 0, .stop_after = 6}, all = walk(w, LEDGER_BY_RCPT, "odd@example.net", 1000);

    (void)state;
    assert_int_equal(ledger_walk(w->d.ledger, find, &resume, add, &first), 6);
    assert_string_equal(resume.s, first.id[5].s);
    first.stop_after = 0;
    assert_int_equal(ledger_walk(w->d.ledger, find, &resume, add, &first), 14);
    assert_int_equal(resume.s[0], '\0');
    assert_memory_equal(first.id, all.id, 20 * sizeof *all.id);
    world_close(&w);
}

static void going_on_from_a_row_that_is_gone_is_the_end(void **state)
{
    struct base id[ROWS], gone;
    struct world *w = filled(id);
    struct list l = {.n = 0};

    (void)state;
    gone = world_base(w, "ab");
    assert_int_equal(ledger_walk(w->d.ledger,
                                 (struct ledger_find){LEDGER_BY_SENDER, VIEW("a@example.org"), 5}, &gone, add,
                                 &l),
                     0);
    assert_int_equal(gone.s[0], '\0');
    world_close(&w);
}

static void odd_keys_are_only_not_found(void **state)
{
    struct base id[ROWS];
    struct world *w = filled(id);
    char longest[5000];

    (void)state;
    memset(longest, 'a', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    for (enum ledger_index i = LEDGER_BY_ID; i < LEDGER_INDEX__MAX; i++) {
        assert_int_equal(walk(w, i, longest, 5).n, 0);
        assert_int_equal(walk(w, i, "\xff\xfe", 5).n, 0);
    }
    assert_int_equal(walk(w, LEDGER_BY_NAME, "", 5).n, 0);
    assert_int_equal(walk(w, LEDGER_BY_SENDER, "", 1000).n, 8); /* the null reverse-path */
    world_close(&w);
}

static void no_rows_are_asked_for_and_none_given(void **state)
{
    struct base id[ROWS], resume = {.len = 0};
    struct world *w = filled(id);
    struct list l = {.n = 0};

    (void)state;
    assert_int_equal(
        ledger_walk(w->d.ledger, (struct ledger_find){LEDGER_BY_ID, VIEW(""), 0}, &resume, add, &l), 0);
    assert_int_equal(l.n, 0);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_list_is_the_same_in_pages_of_any_size),
        cmocka_unit_test(the_newest_comes_first_but_by_base),
        cmocka_unit_test(a_callback_may_stop_and_the_next_call_goes_on),
        cmocka_unit_test(going_on_from_a_row_that_is_gone_is_the_end),
        cmocka_unit_test(odd_keys_are_only_not_found),
        cmocka_unit_test(no_rows_are_asked_for_and_none_given),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
