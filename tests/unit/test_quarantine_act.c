/*
 * test_quarantine_act.c - unit tests of spoold/quarantine_act.c: the answers to release, delete and purge.
 *
 * Run by `make check`. What a release does on disk is test_release.c's matter.
 */
#include "tests/unit/release_world.h"

static void each_answer_has_its_code(void **state)
{
    static const struct {
        const char *words;
        int code;
        const char *message;
    } cases[] = {
        {"quarantine-release", 64, "exactly one id"},
        {"quarantine-release|x|to=1@example.net", 64, "rcpt="},
        {"quarantine-delete|x|rcpt=1@example.net", 64, "exactly one id"},
        {"quarantine-release|nothing", 1, "no such entry"},
        {"quarantine-release|x|rcpt=9@example.net", 1, "9@example.net"},
        {"quarantine-release|x|rcpt=1@example.net|rcpt=2@example.net", 0, ""},
        {"quarantine-release|x|rcpt=1@example.net", 1, "not any more"},
        {"quarantine-release|x", 0, ""},
        {"quarantine-release|x", 1, "already released"},
        {"quarantine-delete|x", 0, ""},
        {"quarantine-delete|x", 1, "no such entry"},
    };
    struct world *w = depot_world_plain();

    (void)state;
    release_world_entry(w, "x", RELEASE_WORLD_ALL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = world_ask(w, cases[i].words);

        print_message("%s: %s\n", cases[i].words, a.message);
        assert_int_equal(a.code, cases[i].code);
        assert_non_null(strstr(a.message, cases[i].message));
        assert_int_equal(json_array_size(a.line), a.code == 0);
        answer_free(&a);
        depot_world_flush(w);
    }
    depot_world_close(&w);
}

static void purge_takes_all_that_are_about_the_address(void **state)
{
    static const struct {
        const char *words, *left;
        int code;
    } cases[] = {
        {"purge", "3", 64},
        {"purge|address=", "3", 64},
        {"purge|address=9@example.net", "3", 0},
        {"purge|address=A@Example.org", "0", 0},
    };
    struct world *w = depot_world_plain();

    (void)state;
    release_world_entry(w, "one", RELEASE_WORLD_ALL);
    release_world_entry(w, "two", "\"1@example.net\"");
    release_world_entry(w, "three", NULL);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct answer a = world_ask(w, cases[i].words), list;

        print_message("%s: %s\n", cases[i].words, a.message);
        assert_int_equal(a.code, cases[i].code);
        answer_free(&a);
        depot_world_flush(w);
        list = world_ask(w, "quarantine-list");
        assert_int_equal(json_array_size(list.line), atoi(cases[i].left));
        answer_free(&list);
    }
    assert_int_equal(depot_world_lines(w, "\"reason\":\"purged by address\""), 3);
    depot_world_close(&w);
}

/* He has had it released: the record does not name him any more, the envelope does. */
static void purge_finds_former_recipients(void **state)
{
    struct world *w = depot_world_plain();
    struct quarantine_entry e = release_world_entry(w, "one", "\"1@example.net\"");
    struct answer a = world_ask(w, "purge|address=3@example.net");

    (void)state;
    assert_int_equal(a.code, 0);
    assert_string_equal(a.message, "1 deleted");
    answer_free(&a);
    depot_world_expect(w, "quarantine/virus", &e.base, "");
    depot_world_close(&w);
}

static void purge_says_what_it_could_not_read(void **state)
{
    struct world *w = depot_world_plain();
    struct base b = world_base(w, "x");
    struct answer a;

    (void)state;
    depot_world_put(w, "quarantine/failed", &b, ".eml", "x");
    a = world_ask(w, "purge|address=3@example.net");
    assert_int_equal(a.code, 1);
    assert_non_null(strstr(a.message, "of 1 neither"));
    answer_free(&a);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_answer_has_its_code),
        cmocka_unit_test(purge_takes_all_that_are_about_the_address),
        cmocka_unit_test(purge_finds_former_recipients),
        cmocka_unit_test(purge_says_what_it_could_not_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
