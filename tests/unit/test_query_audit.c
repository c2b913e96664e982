/*
 * test_query_audit.c - whether the audit finds what is lost, and only that.
 *
 * Each case is one message with its events and its files; the sums and the
 * verdict are looked at. Then what happens between two slices, and many messages.
 */
#include "tests/unit/query_world.h"

enum { A = 1, D = 2, Q = 4, X = 8, R = 16, DEL = 32 }; /* 1 << event_kind */

static const char *const sums[] = {"accepted", "delivered", "quarantined",   "discarded",
                                   "held",     "in_work",   "missing_count", "unknown_count"};

static int64_t sum_of_parts(const struct answer *a)
{
    int64_t sum = 0;

    for (size_t i = 1; i < 7; i++)
        sum += answer_int(a, 0, sums[i]);
    return sum;
}

static const struct {
    const char *says;
    unsigned events;
    const char *proc, *quarantine; /* suffixes, NULL = none */
    const char *wanted;            /* the one sum that is 1 besides accepted */
    bool external;
} messages[] = {
    {"delivered and gone", A | D, NULL, NULL, "delivered", false},
    {"discarded and gone", A | X, NULL, NULL, "discarded", false},
    {"quarantined, the entry is there", A | Q, NULL, ".hdr", "quarantined", false},
    {"quarantined, the content is enough", A | Q, NULL, ".eml", "quarantined", false},
    {"quarantined, the entry is lost", A | Q, NULL, NULL, "missing_count", false},
    {"quarantined, the entry was deleted", A | Q | DEL, NULL, NULL, "quarantined", false},
    {"quarantined and released, the entry is kept", A | Q | R, NULL, ".hdr.rel", "quarantined", false},
    {"released in part, the rest is held", A | Q | R, NULL, ".hdr", "quarantined", false},
    {"released, and gone without a deletion", A | Q | R, NULL, NULL, "missing_count", false},
    {"released and deleted", A | Q | R | DEL, NULL, NULL, "quarantined", false},
    {"quarantined, not moved yet", A | Q, ".hdr.q-spam", NULL, "quarantined", false},
    {"partly delivered, the entry is lost", A | D | Q, NULL, NULL, "missing_count", false},
    {"delivered, the originals are not removed yet", A | D, ".hdr.send", NULL, "delivered", false},
    {"held", A, ".hdr.h2", NULL, "held", false},
    {"in work", A, ".hdr.w1", NULL, "in_work", false},
    {"decided", A, ".hdr.send", NULL, "in_work", false},
    {"on its way to quarantine, not written down yet", A, NULL, ".eml", "in_work", false},
    {"accepted and nowhere", A, NULL, NULL, "missing_count", false},
    {"just claimed", 0, ".hdr.c", NULL, "", false},
    {"offered, not locked yet", 0, ".hdr", NULL, "", false},
    {"in work, not written down yet", 0, ".hdr.w1", NULL, "", false},
    {"held, and never accepted", 0, ".hdr.h1", NULL, "unknown_count", false},
    {"a lone content", 0, ".eml", NULL, "unknown_count", false},
    {"a lone content, others may have the envelope", 0, ".eml", NULL, "", true},
    {"a suffix of nobody's", 0, ".hdr.xyz", NULL, "unknown_count", false},
    {"a settled message without its accepted line", D, NULL, NULL, "", false},
};

static void counts_each_message_once(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct world *w = world_open(messages[i].external ? "spool.external_stage=yes" : NULL);
        struct base b = world_base(w, "mail");
        struct answer a = {.code = -1};
        bool fine = !strstr(messages[i].wanted, "_count");

        print_message("%s\n", messages[i].says);
        for (unsigned k = 0; k < EVENT_KIND__MAX; k++)
            if (messages[i].events & 1U << k)
                world_say(w, (enum event_kind)k, &b);
        if (messages[i].proc)
            world_put(w, "proc", &b, messages[i].proc);
        if (messages[i].quarantine)
            world_put(w, "quarantine/spam", &b, messages[i].quarantine);
        world_settle(w);
        a = world_ask(w, "audit");
        assert_int_equal(json_array_size(a.line), 1);
        for (size_t s = 1; s < sizeof sums / sizeof *sums; s++)
            assert_int_equal(answer_int(&a, 0, sums[s]), strcmp(sums[s], messages[i].wanted) == 0);
        assert_int_equal(answer_int(&a, 0, "accepted"), messages[i].events & 1);
        assert_int_equal(sum_of_parts(&a), messages[i].events & 1);
        assert_int_equal(a.code, fine ? 0 : 1);
        assert_int_equal(answer_bool(&a, 0, "balanced"), fine);
        assert_true(answer_bool(&a, 0, "complete"));
        answer_free(&a);
        world_close(&w);
    }
}

static void takes_no_argument(void **state)
{
    struct world *w = world_open(NULL);
    struct answer a = world_ask(w, "audit|all=yes");

    (void)state;
    assert_int_equal(a.code, 64);
    answer_free(&a);
    world_close(&w);
}

static void says_when_the_ledger_is_not_complete(void **state)
{
    struct world *w = world_open(NULL);
    struct base b = world_base(w, "mail");
    struct answer a = {.code = -1};

    (void)state;
    world_say(w, EVENT_ACCEPTED, &b);
    world_say(w, EVENT_DELIVERED, &b);
    world_lose_ledger(w);
    a = world_ask(w, "audit");
    assert_int_equal(a.code, 75);
    assert_string_equal(a.message, "the ledger is still being built; ask again in a moment");
    assert_false(answer_bool(&a, 0, "complete"));
    answer_free(&a);
    world_settle(w);
    a = world_ask(w, "audit");
    assert_int_equal(a.code, 0);
    assert_int_equal(answer_int(&a, 0, "delivered"), 1);
    answer_free(&a);
    world_close(&w);
}

/* Enough to go beyond a slice and beyond both lists of ids; none of them is anywhere. */
static void goes_on_in_slices(void **state)
{
    struct world *w = world_open(NULL);
    struct answer a = {.code = -1};
    const unsigned n = QUERY_SLICE_ROWS + 500;

    (void)state;
    for (unsigned i = 0; i < n; i++) {
        struct base b = world_base(w, "mail");

        world_say(w, EVENT_ACCEPTED, &b);
        if (i % 2)
            world_say(w, EVENT_DELIVERED, &b);
        if (i % 100 == 99)
            world_settle(w);
    }
    world_settle(w);
    a = world_ask(w, "audit");
    assert_true(a.runs >= 3);
    assert_int_equal(a.code, 1);
    assert_int_equal(answer_int(&a, 0, "accepted"), n);
    assert_int_equal(answer_int(&a, 0, "delivered"), n / 2);
    assert_int_equal(answer_int(&a, 0, "missing_count"), n / 2);
    assert_int_equal(json_array_size(json_object_get(json_array_get(a.line, 0), "missing")), QUERY_LIST_MAX);
    answer_free(&a);
    world_close(&w);
}

static void keeps_a_line_of_the_longest_ids_short(void **state)
{
    struct world *w = world_open(NULL);
    struct answer a = {.code = -1};
    char name[BASE_CLEAN_MAX + 1];

    (void)state;
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    for (unsigned i = 0; i < 150; i++) {
        struct base lost = world_base(w, name), strange = world_base(w, name);

        world_say(w, EVENT_ACCEPTED, &lost);
        world_put(w, "proc", &strange, ".hdr.h1");
    }
    world_settle(w);
    a = world_ask(w, "audit"); /* the length is looked at there */
    assert_int_equal(answer_int(&a, 0, "missing_count"), 150);
    assert_int_equal(answer_int(&a, 0, "unknown_count"), 150);
    assert_true(json_array_size(json_object_get(json_array_get(a.line, 0), "unknown")) > 50);
    answer_free(&a);
    world_close(&w);
}

/* proc is listed in the first run; fillers keep the walk from ending in it, so that mail comes in between. */
static void looks_again_for_what_came_after_the_list(void **state)
{
    struct world *w = world_open(NULL);
    struct query *q = world_query("audit");
    struct base held = world_base(w, "held"), late = {.len = 0};
    struct answer a = {.code = -1};

    (void)state;
    for (unsigned i = 0; i < QUERY_SLICE_ROWS; i++) {
        struct base b = world_base(w, "a");

        world_say(w, EVENT_ACCEPTED, &b);
        world_say(w, EVENT_DELIVERED, &b);
        if (i % 100 == 99)
            world_settle(w);
    }
    world_say(w, EVENT_ACCEPTED, &held);
    world_put(w, "proc", &held, ".eml");
    world_put(w, "proc", &held, ".hdr.h1");
    world_settle(w);
    world_run(w, q);
    assert_true(q->more);
    late = world_base(w, "late");
    world_put(w, "proc", &late, ".eml");
    world_say(w, EVENT_ACCEPTED, &late);
    world_say(w, EVENT_DELIVERED, &held);
    world_settle(w);
    a = world_finish(w, q);
    assert_int_equal(a.code, 0);
    assert_int_equal(answer_int(&a, 0, "in_work"), 1);
    assert_int_equal(answer_int(&a, 0, "held"), 0);
    assert_int_equal(answer_int(&a, 0, "accepted"), QUERY_SLICE_ROWS + 2);
    answer_free(&a);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(counts_each_message_once),
        cmocka_unit_test(takes_no_argument),
        cmocka_unit_test(says_when_the_ledger_is_not_complete),
        cmocka_unit_test(goes_on_in_slices),
        cmocka_unit_test(keeps_a_line_of_the_longest_ids_short),
        cmocka_unit_test(looks_again_for_what_came_after_the_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
