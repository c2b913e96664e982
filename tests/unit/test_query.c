/*
 * test_query.c - finding a verb, and what the verbs share.
 *
 * Limits are tested from both sides: what just fits must come through whole,
 * what does not must be cut where it stays readable.
 */
#include "spoold/ledger_store.h"
#include "tests/unit/query_world.h"

static void finds_verbs(void **state)
{
    static const struct {
        const char *says, *word;
        const struct query_verb *wanted;
    } cases[] = {
        {"show is there", "show", &query_show},     {"history is there", "history", &query_history},
        {"audit is there", "audit", &query_audit},  {"status belongs to the loop", "status", NULL},
        {"a beginning is not enough", "sho", NULL}, {"capitals are another word", "SHOW", NULL},
        {"nothing is no verb", "", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        print_message("%s\n", cases[i].says);
        assert_ptr_equal(query_find(view_of(cases[i].word)), cases[i].wanted);
    }
}

static void frees_an_unfinished_query(void **state)
{
    struct world *w = world_open(NULL);
    struct base b = world_base(w, "mail");
    static const char *const words[] = {"audit", "history", "show|mail"};

    (void)state;
    query_free(NULL);
    world_say(w, EVENT_ACCEPTED, &b);
    world_settle(w);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct query *q = world_query(words[i]);

        query_free(q); /* never run */
        q = world_query(words[i]);
        world_run(w, q);
        assert_true(q->more);
        query_free(q);
    }
    world_close(&w);
}

static void ends_with_a_cut_message(void **state)
{
    struct query *q = world_query("audit");
    char text[400];

    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    q->more = true;
    query_end(q, 75, "%s", text);
    assert_false(q->more);
    assert_int_equal(q->code, 75);
    assert_int_equal(strlen(q->message), sizeof q->message - 1);
    query_free(q);
}

static void names_the_state_of_a_row(void **state)
{
    enum {
        A = 1 << EVENT_ACCEPTED,
        D = 1 << EVENT_DELIVERED,
        Q = 1 << EVENT_QUARANTINED,
        X = 1 << EVENT_DISCARDED
    };
    static const struct {
        const char *says;
        unsigned events;
        const char *wanted;
    } cases[] = {
        {"accepted only", A, "accepted"},
        {"delivered", A | D, "delivered"},
        {"quarantined", A | Q, "quarantined"},
        {"discarded", A | X, "discarded"},
        {"partly in quarantine counts as that", A | D | Q, "quarantined"},
        {"partly discarded is delivered", A | D | X, "delivered"},
        {"what became of it later changes nothing", A | Q | 1 << EVENT_DELETED, "quarantined"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ledger_row row = {.events = cases[i].events};

        print_message("%s\n", cases[i].says);
        assert_string_equal(query_state_name(query_row_state(&row)), cases[i].wanted);
    }
}

static void says_what_became_of_a_quarantined_one(void **state)
{
    enum {
        Q = 1 << EVENT_ACCEPTED | 1 << EVENT_QUARANTINED,
        R = 1 << EVENT_RELEASED,
        D = 1 << EVENT_DELETED
    };
    static const struct {
        const char *says;
        unsigned events;
        const char *there, *wanted;
    } cases[] = {
        {"held", Q, ".hdr", "quarantined"},
        {"released", Q | R, ".hdr.rel", "released"},
        {"the rest is held", Q | R, ".hdr", "released in part"},
        {"deleted", Q | D, NULL, "deleted"},
        {"released, then deleted", Q | R | D, NULL, "released"},
        {"another fate is not touched by it", 1 << EVENT_ACCEPTED | 1 << EVENT_DELIVERED, NULL, "delivered"},
    };
    struct world *w = world_open(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ledger_row row = {.id = world_base(w, "x"), .events = cases[i].events};

        print_message("%s\n", cases[i].says);
        if (cases[i].there)
            world_put(w, "quarantine/spam", &row.id, cases[i].there);
        assert_string_equal(query_row_word(&w->d, &row), cases[i].wanted);
    }
    world_close(&w);
}

static void cuts_text_between_characters(void **state)
{
    char text[QUERY_TEXT_MAX + 50];

    (void)state;
    memset(text, 'x', sizeof text);
    assert_int_equal(query_cut((struct view){text, QUERY_TEXT_MAX}).n, QUERY_TEXT_MAX);
    assert_int_equal(query_cut((struct view){text, QUERY_TEXT_MAX + 1}).n, QUERY_TEXT_MAX);
    memcpy(text + QUERY_TEXT_MAX - 1, "\xc3\xa9", 2);
    assert_int_equal(query_cut((struct view){text, sizeof text}).n, QUERY_TEXT_MAX - 1);
    memset(text, 0x80, sizeof text); /* no characters at all: cut anywhere near */
    assert_true(query_cut((struct view){text, sizeof text}).n >= QUERY_TEXT_MAX - 4);
}

static void lists_recipients_up_to_the_limits(void **state)
{
    static const struct {
        const char *says;
        size_t n, each;
        int64_t shown;
    } cases[] = {
        {"none", 0, 1, 0},
        {"as many as may be shown", QUERY_LIST_MAX, 20, QUERY_LIST_MAX},
        {"one more", QUERY_LIST_MAX + 1, 20, QUERY_LIST_MAX},
        {"long ones end at the bytes", 60, 497, QUERY_BYTES_MAX / 500},
    };
    static char text[1000];
    struct view v[QUERY_LIST_MAX + 1];

    (void)state;
    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event e = {.rcpt = v, .rcpt_n = cases[i].n};
        struct buf out = {.n = 0};
        struct json j = {.comma = false};
        json_t *o = NULL;

        print_message("%s\n", cases[i].says);
        for (size_t k = 0; k < e.rcpt_n; k++)
            v[k] = (struct view){text, cases[i].each};
        json_open(&j, &out);
        query_add_recipients(&j, &e);
        json_close(&j);
        o = json_loadb(out.p, out.n, 0, NULL);
        assert_int_equal(json_array_size(json_object_get(o, "to")), cases[i].shown);
        assert_int_equal(json_integer_value(json_object_get(o, "to_count")), cases[i].n);
        json_decref(o);
        buf_free(&out);
    }
}

static void believes_only_the_very_line(void **state)
{
    struct world *w = world_open(NULL);
    struct base a = world_base(w, "one"), b = world_base(w, "two");
    struct journal_reader *r = NULL;
    struct ledger_row row = {.events = 0};
    struct event e = {.copy = 0};
    struct journal_place nowhere = {.offset = 0};

    (void)state;
    world_say(w, EVENT_ACCEPTED, &a);
    world_say(w, EVENT_ACCEPTED, &b);
    world_settle(w);
    assert_int_equal(ledger_get(w->d.ledger, base_view(&b), &row), 1);
    assert_int_equal(query_read_line(&w->d, &b, &row.accepted, &r, &e), 1);
    assert_int_equal(e.kind, EVENT_ACCEPTED);
    journal_reader_close(&r);
    assert_int_equal(query_read_line(&w->d, &a, &row.accepted, &r, &e), 0);
    journal_reader_close(&r);
    memcpy(row.accepted.day, "1999-01-01", 11); /* a reader then begins with the next day there is */
    assert_int_equal(query_read_line(&w->d, &b, &row.accepted, &r, &e), 0);
    journal_reader_close(&r);
    assert_int_equal(query_read_line(&w->d, &b, &nowhere, &r, &e), 0);
    assert_null(r);
    world_close(&w);
}

/* A ledger in trouble answers -1 to everything until it is mended. */
static void answers_without_a_ledger(void **state)
{
    static const char *const words[] = {"audit", "history", "history|sender=", "show|mail"};
    struct world *w = world_open(NULL);

    (void)state;
    w->d.ledger->trouble = LEDGER_SHORT;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct answer a = world_ask(w, words[i]);

        assert_int_equal(a.code, 75);
        assert_non_null(strstr(a.message, "the ledger cannot be read"));
        assert_int_equal(json_array_size(a.line), 0);
        answer_free(&a);
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_verbs),
        cmocka_unit_test(frees_an_unfinished_query),
        cmocka_unit_test(ends_with_a_cut_message),
        cmocka_unit_test(names_the_state_of_a_row),
        cmocka_unit_test(says_what_became_of_a_quarantined_one),
        cmocka_unit_test(cuts_text_between_characters),
        cmocka_unit_test(lists_recipients_up_to_the_limits),
        cmocka_unit_test(believes_only_the_very_line),
        cmocka_unit_test(answers_without_a_ledger),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
