/*
 * test_quarantine_query.c - unit tests of spoold/quarantine_query.c: list with its filters, show, and finding
 * an entry.
 *
 * Run by `make check`. Asked as the control server asks; each line of an answer must fit into one packet.
 */
#include "tests/unit/release_world.h"

static void lists_what_the_filters_let_through(void **state)
{
    static const struct {
        const char *words;
        size_t n;
    } cases[] = {
        {"quarantine-list", 3},
        {"quarantine-list|class=virus", 3},
        {"quarantine-list|class=spam", 0},
        {"quarantine-list|name=two", 1},
        {"quarantine-list|name=tw", 0},
        {"quarantine-list|to=2@EXAMPLE.net", 1},
        {"quarantine-list|to=1@example.net|name=two", 0},
        {"quarantine-list|from=A@example.org", 3},
        {"quarantine-list|from=b@example.org", 0},
        {"quarantine-list|since=1", 3},
        {"quarantine-list|since=99999999999999", 0},
        {"quarantine-list|limit=2", 2},
    };
    struct world *w = depot_world_plain();

    (void)state;
    release_world_entry(w, "one", "\"1@example.net\"");
    release_world_entry(w, "two", "\"2@example.net\"");
    release_world_entry(w, "three", "\"3@example.net\"");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = world_ask(w, cases[i].words);

        print_message("%s\n", cases[i].words);
        assert_int_equal(a.code, 0);
        assert_int_equal(json_array_size(a.line), cases[i].n);
        answer_free(&a);
    }
    depot_world_close(&w);
}

static void refuses_words_that_it_does_not_know(void **state)
{
    static const char *const cases[] = {"quarantine-list|clas=virus", "quarantine-list|class=viru",
                                        "quarantine-list|limit=0",    "quarantine-list|limit=x",
                                        "quarantine-list|since=-1",   "quarantine-show",
                                        "quarantine-show|a|b"};
    struct world *w = depot_world_plain();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = world_ask(w, cases[i]);

        assert_int_equal(a.code, 64);
        answer_free(&a);
    }
    depot_world_close(&w);
}

static void the_newest_stand_first_and_the_rest_is_owned_up_to(void **state)
{
    struct world *w = depot_world_plain();
    struct answer a;

    (void)state;
    for (int i = 0; i < 25; i++) {
        struct base b = world_base(w, "x");

        base_set_time(&b, (1700000000 + (i * 7) % 25) * INT64_C(1000000000));
        depot_world_put(w, "quarantine/spam", &b, ".hdr", "x");
        depot_world_put(w, "quarantine/spam", &b, ".eml", "x");
    }
    a = world_ask(w, "quarantine-list|limit=5");
    assert_int_equal(json_array_size(a.line), 5);
    for (size_t i = 1; i < 5; i++)
        assert_true(strcmp(answer_str(&a, i - 1, "at"), answer_str(&a, i, "at")) > 0);
    assert_string_equal(answer_str(&a, 0, "at"), "2023-11-14T22:13:44.000Z");
    assert_non_null(strstr(a.message, "only the newest 5"));
    assert_string_equal(answer_str(&a, 0, "trouble"), "its record is missing or damaged");
    answer_free(&a);
    depot_world_close(&w);
}

static void the_state_is_shown(void **state)
{
    static const struct {
        const char *there[3], *wanted;
    } cases[] = {
        {{".hdr", ".eml", ".json"}, "held"},
        {{".hdr.rel", ".eml", ".json"}, "released"},
        {{".hdr.part", ".eml", ".json"}, "releasing"},
        {{".hdr.del", ".eml", NULL}, "deleting"},
        {{".eml", ".json", NULL}, "half"},
        {{".hdr", ".json", NULL}, "half"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct base b = world_base(w, "x");
        struct answer a;

        for (size_t k = 0; k < 3 && cases[i].there[k]; k++)
            depot_world_put(w, "quarantine/policy", &b, cases[i].there[k], "{}");
        a = world_ask(w, "quarantine-list");
        assert_int_equal(json_array_size(a.line), 1);
        assert_string_equal(answer_str(&a, 0, "state"), cases[i].wanted);
        answer_free(&a);
        depot_world_close(&w);
    }
}

/* Every byte must come through, and none as itself that a terminal would act upon. */
static void show_hands_on_the_bytes(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    struct buf eml = {0}, got = {0};
    struct answer a;

    (void)state;
    for (int i = 1; i < 70000; i++)
        buf_add_char(&eml, (char)(i % 255 + 1));
    depot_world_put(w, "quarantine/virus", &e.base, ".eml", eml.p);
    a = world_ask(w, "quarantine-show|x");
    assert_int_equal(a.code, 0);
    assert_string_equal(answer_str(&a, 0, "id"), e.base.s);
    assert_string_equal(answer_str(&a, 1, "sha256"), "00");
    assert_string_equal(answer_str(&a, 2, "hdr"), DEPOT_WORLD_HDR);
    for (size_t i = 3; i < json_array_size(a.line); i++) {
        const char *s = answer_str(&a, i, "eml");

        for (; *s; s++) {
            unsigned char c = (unsigned char)*s;

            buf_add_char(&got, c < 0xc0 ? (char)c : (char)((c & 3) << 6 | (s[1] & 0x3f)));
            s += c >= 0xc0;
        }
    }
    assert_int_equal(got.n, 65536);
    assert_memory_equal(got.p, eml.p, got.n);
    answer_free(&a);
    buf_free(&eml);
    buf_free(&got);
    depot_world_close(&w);
}

static void a_word_that_fits_several_names_them(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "x", RELEASE_WORLD_ALL);
    struct answer a;
    char words[300];

    (void)state;
    release_world_entry(w, "x", RELEASE_WORLD_ALL);
    depot_world_put(w, "quarantine/virus", &e.base, ".2.hdr", "x");
    depot_world_put(w, "quarantine/virus", &e.base, ".2.eml", "x");
    a = world_ask(w, "quarantine-show|x");
    assert_int_equal(a.code, 1);
    assert_non_null(strstr(a.message, "3 entries fit"));
    assert_int_equal(json_array_size(a.line), 3);
    answer_free(&a);
    snprintf(words, sizeof words, "quarantine-show|%s", e.base.s);
    a = world_ask(w, words); /* the whole name: this one, though its copy begins so too */
    assert_int_equal(a.code, 0);
    assert_string_equal(answer_str(&a, 0, "id"), e.base.s);
    answer_free(&a);
    a = world_ask(w, "quarantine-show|nothing");
    assert_int_equal(a.code, 1);
    answer_free(&a);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_what_the_filters_let_through),
        cmocka_unit_test(refuses_words_that_it_does_not_know),
        cmocka_unit_test(the_newest_stand_first_and_the_rest_is_owned_up_to),
        cmocka_unit_test(the_state_is_shown),
        cmocka_unit_test(show_hands_on_the_bytes),
        cmocka_unit_test(a_word_that_fits_several_names_them),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
