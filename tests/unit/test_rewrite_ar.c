/*
 * test_rewrite_ar.c - unit tests of workers/rewrite_ar.c: whose an Authentication-Results field is.
 *
 * Run by `make check`. Each case is also cut at every place: what is decided from a part of a field must stay
 * decided when more of it is seen. The fields of the corpus come from other parsers' own tests.
 */
#include "tests/unit/rewrite_world.h"

#include "workers/rewrite_ar.h"

#include <jansson.h>

#define ID "mx.example.org"

#define OTHER   REWRITE_AR_OTHER
#define OURS    REWRITE_AR_OURS
#define UNCLEAR REWRITE_AR_UNCLEAR

static const struct ar_case {
    const char *says;
    struct view field;
    enum rewrite_ar wanted;
} ar_cases[] = {
    {"the usual form", VIEW(": " ID "; spf=pass"), OURS},
    {"no results", VIEW(": " ID "; none"), OURS},
    {"nothing behind the id", VIEW(": " ID), OURS},
    {"no blank behind the colon", VIEW(":" ID ";spf=pass"), OURS},
    {"blanks before the colon", VIEW(" \t: " ID "; spf=pass"), OURS},
    {"a fold before the colon", VIEW("\r\n : " ID "; spf=pass"), OURS},
    {"another case", VIEW(": MX.Example.ORG; spf=pass"), OURS},
    {"a version", VIEW(": " ID " 1; spf=pass"), OURS},
    {"a version behind a slash", VIEW(": " ID "/1; spf=pass"), OURS},
    {"a version behind a comment", VIEW(": " ID "(a)1; spf=pass"), OURS},
    {"a fold before the id", VIEW(":\r\n\t" ID "; spf=pass"), OURS},
    {"many folds before the id", VIEW(": \n \n\t\r\n " ID "; spf=pass"), OURS},
    {"a fold behind the id", VIEW(": " ID "\r\n ; spf=pass"), OURS},
    {"a comment before it", VIEW(": (c) " ID "; spf=pass"), OURS},
    {"comments in comments", VIEW(": (a(b)\\)(c)) " ID "; spf=pass"), OURS},
    {"a comment with another id", VIEW(": (mx.example.net;) " ID "; spf=pass"), OURS},
    {"a quoted string", VIEW(": \"" ID "\"; spf=pass"), OURS},
    {"escapes in it", VIEW(": \"m\\x.example.org\"; spf=pass"), OURS},
    {"blanks in it", VIEW(": \" " ID " \"; spf=pass"), OURS},
    {"a part of it in quotes", VIEW(": mx.\"example\".org; spf=pass"), OURS},
    {"a comment within it", VIEW(": mx(c).example.org; spf=pass"), OURS},
    {"something behind a comment", VIEW(": " ID "(c).example.net; spf=pass"), OURS},
    {"a NUL in it", VIEW(": mx.exa\0mple.org; spf=pass"), OURS},
    {"something behind a NUL", VIEW(": " ID "\0.net; spf=pass"), OURS},
    {"a control byte before it", VIEW(": \x01" ID "; spf=pass"), OURS},
    {"8-bit bytes in it",
     VIEW(": mx.\xc2\xa0"
          "example.org; spf=pass"),
     OURS},
    {"a last dot", VIEW(": " ID ".; spf=pass"), OURS},
    {"an empty word before it", VIEW(": ; " ID "; spf=pass"), OURS},
    {"a comma instead of the semicolon", VIEW(": " ID ", spf=pass"), OURS},

    {"another host", VIEW(": mx.example.net; spf=pass"), OTHER},
    {"a longer name", VIEW(": " ID ".net; spf=pass"), OTHER},
    {"a host below it", VIEW(": a." ID "; spf=pass"), OTHER},
    {"a shorter name", VIEW(": mx.example.or; spf=pass"), OTHER},
    {"our name as a property", VIEW(": mx.example.net; spf=pass smtp.helo=" ID), OTHER},
    {"our name in a comment", VIEW(": (" ID ") mx.example.net; spf=pass"), OTHER},
    {"our name as the version", VIEW(": mx.example.net " ID "; spf=pass"), OTHER},
    {"our name as a local part", VIEW(": " ID "x@example.net; spf=pass"), OTHER},
    {"no colon", VIEW(" " ID "; spf=pass"), OTHER},
    {"a longer field name", VIEW("-Foo: " ID "; spf=pass"), OTHER},
    {"nothing", VIEW(""), OTHER},
    {"a colon alone", VIEW(":"), OTHER},
    {"blanks alone", VIEW(": \r\n "), OTHER},
    {"a comment alone", VIEW(": (" ID ")"), OTHER},

    {"a comment without end", VIEW(": (" ID "; spf=pass"), UNCLEAR},
    {"a quote without end", VIEW(": \"" ID ".net; spf=pass"), UNCLEAR},
    {"an encoded word", VIEW(": =?utf-8?q?" ID "?=; spf=pass"), UNCLEAR},
    {"an encoded word in quotes", VIEW(": \"=?utf-8?q?" ID "?=\"; spf=pass"), UNCLEAR},
    {"an encoded word for a part of it", VIEW(": mx.=?utf-8?q?example.org?=; spf=pass"), UNCLEAR},
    {"an encoded word in a comment", VIEW(": (=?utf-8?q?)_" ID "; (?=) mx.example.net; none"), UNCLEAR},
    {"our name in a comment, for who does not count parentheses",
     VIEW(": (a(b) " ID "; spf=pass (c)) mx.example.net; none"), UNCLEAR},
    {"the same with an escape", VIEW(": (\\) " ID "; spf=pass) mx.example.net; none"), UNCLEAR},
    {"the same in quotes", VIEW(": \"(\") " ID "; spf=pass"), UNCLEAR},
};

static void an_id_is_ours_where_any_reader_finds_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ar_cases / sizeof *ar_cases; i++) {
        const struct ar_case *c = &ar_cases[i];
        enum rewrite_ar got = rewrite_ar_read(c->field, true, VIEW(ID));

        if (got != c->wanted)
            fail_msg("%s: %d", c->says, got);
    }
}

static void what_is_decided_from_a_part_stays_so(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ar_cases / sizeof *ar_cases; i++)
        for (size_t n = 0; n <= ar_cases[i].field.n; n++) {
            struct buf part = {0};
            enum rewrite_ar got;

            buf_reserve(&part, n ? n : 1);
            buf_add(&part, ar_cases[i].field.p, n);
            got = rewrite_ar_read(buf_view(&part), false, VIEW(ID));
            if (got != UNCLEAR && got != ar_cases[i].wanted)
                fail_msg("%s: %d from %zu bytes", ar_cases[i].says, got, n);
            buf_free(&part);
        }
}

static void an_id_of_any_length_is_compared_whole(void **state)
{
    char id[EDIT_ID_MAX + 8];

    (void)state;
    memset(id, 'a', sizeof id);
    for (size_t n = EDIT_ID_MAX - 1; n <= EDIT_ID_MAX + 4; n++) {
        struct buf field = {0};

        buf_addf(&field, ": %.*s; none", (int)n, id);
        assert_int_equal(rewrite_ar_read(buf_view(&field), true, (struct view){id, EDIT_ID_MAX}),
                         n == EDIT_ID_MAX ? OURS : OTHER);
        buf_free(&field);
    }
}

/* "Authentication-Results: value" or the value alone. */
static void check_corpus_field(const char *text, const char *id)
{
    const char *value = strncmp(text, "Authentication-Results:", 23) == 0 ? text + 23 : text;
    struct buf field = {0}, longer = {0};

    buf_addf(&field, ": %s", value);
    buf_addf(&longer, "%s.net", id);
    if (rewrite_ar_read(buf_view(&field), true, view_of(id)) != OURS ||
        rewrite_ar_read(buf_view(&field), true, buf_view(&longer)) != OTHER)
        fail_msg("%s: not of %s", text, id);
    buf_free(&field);
    buf_free(&longer);
}

static const char *id_of(const json_t *test)
{
    const char *id = json_string_value(json_object_get(test, "authserv_id"));
    json_t *checks = json_object_get(test, "checks");

    for (size_t i = 0; !id && i < json_array_size(checks); i++)
        if (strcmp(json_string_value(json_object_get(json_array_get(checks, i), "field")), "authserv_id") ==
            0)
            id = json_string_value(json_object_get(json_array_get(checks, i), "value"));
    return id;
}

static void other_parsers_find_the_same_ids(void **state)
{
    const char *corpus = getenv("SPOOLD_CORPUS"), *key;
    struct buf path = {0};
    json_t *all, *tests, *test;
    size_t i, n = 0;

    (void)state;
    buf_addf(&path, "%s/auth/authres.json", corpus ? corpus : "../shared/corpus");
    all = json_load_file(path.p, 0, NULL);
    buf_free(&path);
    if (!all)
        skip();
    json_object_foreach(all, key, tests) json_array_foreach(tests, i, test)
    {
        json_t *text = json_object_get(test, "value");

        if (!id_of(test))
            continue;
        check_corpus_field(json_string_value(text ? text : json_object_get(test, "header")), id_of(test));
        n++;
    }
    assert_true(n >= 10);
    json_decref(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_ours_where_any_reader_finds_ours),
        cmocka_unit_test(what_is_decided_from_a_part_stays_so),
        cmocka_unit_test(an_id_of_any_length_is_compared_whole),
        cmocka_unit_test(other_parsers_find_the_same_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
