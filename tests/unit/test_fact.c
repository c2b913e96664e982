/*
 * test_fact.c - unit tests of common/fact.c: which names can be asked, which answers there can be, and their
 * one form.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/facts.h"
#include "common/xalloc.h"

#include <stdlib.h>

static void names_have_one_form(void **state)
{
    static const struct {
        const char *says;
        struct view name;
        const char *wanted; /* NULL: it cannot be asked */
    } cases[] = {
        {"a name stays", VIEW("mail.example.org"), "mail.example.org"},
        {"capitals become small, nothing else does", VIEW("A.Z[@`{-_x.Example"), "a.z[@`{-_x.example"},
        {"the last dot goes", VIEW("example.org."), "example.org"},
        {"one label is a name", VIEW("org"), "org"},
        {"the first and last bytes that may be in one", VIEW("!~"), "!~"},
        {"nothing is none", VIEW(""), NULL},
        {"the root is none", VIEW("."), NULL},
        {"only one last dot goes", VIEW("example.org.."), NULL},
        {"a dot at the front is an empty label", VIEW(".example.org"), NULL},
        {"two dots are an empty label", VIEW("a..b"), NULL},
        {"a blank is no part of a name", VIEW("a b"), NULL},
        {"a NUL cannot be asked", VIEW("a\0b"), NULL},
        {"a control character cannot be asked", VIEW("a\x1f"), NULL},
        {"DEL cannot be asked", VIEW("a\x7f"), NULL},
        {"UTF-8 cannot be asked", VIEW("\xc3\xa9.example"), NULL},
    };
    char to[FACTS_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = fact_name_clean(cases[i].name, to);

        if (cases[i].wanted ? n != strlen(cases[i].wanted) || strcmp(to, cases[i].wanted) != 0 : n != 0)
            fail_msg("%s: %zu bytes", cases[i].says, n);
    }
}

/* `labels` of 63 bytes each and one of `last`. */
static struct view long_name(char *to, unsigned labels, size_t last)
{
    size_t n = 0;

    for (unsigned i = 0; i < labels; i++, n += 64) {
        memset(to + n, 'x', 63);
        to[n + 63] = '.';
    }
    memset(to + n, 'y', last);
    return (struct view){to, n + last};
}

static void lengths_of_names_have_an_end(void **state)
{
    static const struct {
        const char *says;
        unsigned labels;
        size_t last;
        bool good;
    } cases[] = {
        {"a label of 62", 0, 62, true}, {"a label of 63", 0, 63, true}, {"a label of 64", 0, 64, false},
        {"a name of 252", 3, 60, true}, {"a name of 253", 3, 61, true}, {"a name of 254", 3, 62, false},
    };
    char room[320], to[FACTS_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct view name = long_name(room, cases[i].labels, cases[i].last);

        if (fact_name_clean(name, to) != (cases[i].good ? name.n : 0))
            fail_msg("%s", cases[i].says);
        room[name.n++] = '.';
        if (fact_name_clean(name, to) != (cases[i].good ? name.n - 1 : 0))
            fail_msg("%s and a dot", cases[i].says);
    }
}

static void answers_are_of_their_type(void **state)
{
    static const struct {
        const char *says;
        enum fact_type type;
        struct view answer;
        const char *wanted; /* NULL: there can be no such answer */
    } cases[] = {
        {"an IPv4 address", FACT_A, VIEW("192.0.2.1"), "192.0.2.1"},
        {"no number above 255", FACT_A, VIEW("192.0.2.256"), NULL},
        {"no zeros in front", FACT_A, VIEW("192.0.2.01"), NULL},
        {"no IPv6 address for A", FACT_A, VIEW("2001:db8::1"), NULL},
        {"no name for A", FACT_A, VIEW("a.example"), NULL},
        {"no NUL behind an address", FACT_A, VIEW("192.0.2.1\0x"), NULL},
        {"no blank behind an address", FACT_A, VIEW("192.0.2.1 "), NULL},
        {"nothing is no address", FACT_A, VIEW(""), NULL},
        {"an IPv6 address", FACT_AAAA, VIEW("2001:db8::1"), "2001:db8::1"},
        {"an IPv4 address in an IPv6 one", FACT_AAAA, VIEW("::ffff:192.0.2.1"), "::ffff:192.0.2.1"},
        {"no IPv4 address for AAAA", FACT_AAAA, VIEW("192.0.2.1"), NULL},
        {"no zone", FACT_AAAA, VIEW("fe80::1%eth0"), NULL},
        {"nothing longer than an address", FACT_AAAA, VIEW("0000:0000:0000:0000:0000:0000:255.255.255.2555"),
         NULL},
        {"a mail server", FACT_MX, VIEW("10 Mail.Example.org."), "10 mail.example.org"},
        {"the first preference", FACT_MX, VIEW("0 a"), "0 a"},
        {"the last preference", FACT_MX, VIEW("65535 a"), "65535 a"},
        {"none behind it", FACT_MX, VIEW("65536 a"), NULL},
        {"none of six digits", FACT_MX, VIEW("100000 a"), NULL},
        {"none with a zero in front", FACT_MX, VIEW("010 a"), NULL},
        {"none without a number", FACT_MX, VIEW(" a"), NULL},
        {"none below zero", FACT_MX, VIEW("-1 a"), NULL},
        {"no name, no mail (RFC 7505)", FACT_MX, VIEW("0 ."), "0 ."},
        {"none without a name", FACT_MX, VIEW("10 "), NULL},
        {"none without a blank", FACT_MX, VIEW("10"), NULL},
        {"none with two blanks", FACT_MX, VIEW("10  a"), NULL},
        {"any text", FACT_TXT, VIEW("A\0\xff B"), "A"},
        {"an empty text", FACT_TXT, VIEW(""), ""},
        {"a name", FACT_PTR, VIEW("Host.Example.ORG."), "host.example.org"},
        {"no root", FACT_PTR, VIEW("."), NULL},
        {"no name with a blank", FACT_PTR, VIEW("a b"), NULL},
        {"an alias", FACT_CNAME, VIEW("W.Example"), "w.example"},
        {"nothing is no alias", FACT_CNAME, VIEW(""), NULL},
        {"no answer for no type", FACT_TYPE__MAX, VIEW("a"), NULL},
    };
    char room[FACT_ROOM];
    struct view clean;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool good = fact_answer_clean(cases[i].type, cases[i].answer, room, &clean);

        if (good != (cases[i].wanted != NULL))
            fail_msg("%s: %d", cases[i].says, good);
        if (good && (clean.n < strlen(cases[i].wanted) ||
                     memcmp(clean.p, cases[i].wanted, strlen(cases[i].wanted)) != 0 ||
                     (cases[i].type != FACT_TXT && clean.n != strlen(cases[i].wanted))))
            fail_msg("%s: '%.*s'", cases[i].says, (int)clean.n, clean.p);
    }
}

static void a_text_has_an_end(void **state)
{
    char room[FACT_ROOM], *text = xcalloc(1, FACTS_ANSWER_MAX + 1);
    struct view clean;

    (void)state;
    assert_true(fact_answer_clean(FACT_TXT, (struct view){text, FACTS_ANSWER_MAX - 1}, room, &clean));
    assert_true(fact_answer_clean(FACT_TXT, (struct view){text, FACTS_ANSWER_MAX}, room, &clean));
    assert_int_equal(clean.n, FACTS_ANSWER_MAX);
    assert_false(fact_answer_clean(FACT_TXT, (struct view){text, FACTS_ANSWER_MAX + 1}, room, &clean));
    free(text);
}

static void the_longest_mail_server_has_room(void **state)
{
    char name[320], answer[330], room[FACT_ROOM];
    struct view longest = long_name(name, 3, 61), clean;

    (void)state;
    memcpy(answer, "65535 ", 6);
    memcpy(answer + 6, longest.p, longest.n);
    assert_true(fact_answer_clean(FACT_MX, (struct view){answer, longest.n + 6}, room, &clean));
    assert_int_equal(clean.n, FACTS_NAME_MAX + 6);
}

static void words_lead_there_and_back(void **state)
{
    (void)state;
    for (unsigned i = 0; i < FACT_TYPE__MAX; i++)
        assert_int_equal(fact_type_find(view_of(fact_type_name(i))), i);
    for (unsigned i = 0; i < FACT_RCODE__MAX; i++)
        assert_int_equal(fact_rcode_find(view_of(fact_rcode_name(i))), i);
    assert_string_equal(fact_type_name(FACT_AAAA), "AAAA");
    assert_string_equal(fact_rcode_name(FACT_TIMEOUT), "TIMEOUT");
    assert_null(fact_type_name(FACT_TYPE__MAX));
    assert_null(fact_rcode_name(FACT_RCODE__MAX));
    assert_int_equal(fact_type_find(VIEW("a")), FACT_TYPE__MAX);
    assert_int_equal(fact_type_find(VIEW("AAA")), FACT_TYPE__MAX);
    assert_int_equal(fact_rcode_find(VIEW("")), FACT_RCODE__MAX);
}

static void types_and_names_are_in_the_hash(void **state)
{
    (void)state;
    assert_int_equal(fact_hash(FACT_A, VIEW("a.example")), fact_hash(FACT_A, VIEW("a.example")));
    assert_int_not_equal(fact_hash(FACT_A, VIEW("a.example")), fact_hash(FACT_MX, VIEW("a.example")));
    assert_int_not_equal(fact_hash(FACT_A, VIEW("a.example")), fact_hash(FACT_A, VIEW("b.example")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_one_form),
        cmocka_unit_test(lengths_of_names_have_an_end),
        cmocka_unit_test(answers_are_of_their_type),
        cmocka_unit_test(a_text_has_an_end),
        cmocka_unit_test(the_longest_mail_server_has_room),
        cmocka_unit_test(words_lead_there_and_back),
        cmocka_unit_test(types_and_names_are_in_the_hash),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
