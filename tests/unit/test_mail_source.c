/*
 * test_mail_source.c - unit tests of workers/mail/mail_source.c: looks at all bytes of a mail, and the list
 * of sources.
 *
 * Run by `make check`.
 */
#include "workers/mail/mail_source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_cr_without_lf_is_noticed(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        bool has;
    } cases[] = {
        {"no bytes", {NULL, 0}, false},         {"LF", VIEW("a\nb\n"), false},
        {"CRLF", VIEW("a\r\nb\r\n"), false},    {"one CR", VIEW("a\rb\r\n"), true},
        {"a CR at the end", VIEW("a\r"), true}, {"CR CR LF", VIEW("a\r\r\n"), true},
        {"LF CR", VIEW("a\n\rb"), true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (mail_source_has_bare_cr(cases[i].bytes) != cases[i].has)
            fail_msg("%s", cases[i].says);
}

static void nul_bytes_are_left_out(void **state)
{
    static const struct {
        struct view in, out;
    } cases[] = {
        {VIEW(""), VIEW("")},
        {VIEW("abc"), VIEW("abc")},
        {VIEW("\0a\0\0b\0"), VIEW("ab")},
        {VIEW("\0\0"), VIEW("")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *owned = NULL;
        struct view got = mail_source_without_nul(cases[i].in, &owned);

        if (!view_equal(got, cases[i].out))
            fail_msg("case %zu: %zu bytes", i, got.n);
        free(owned);
    }
}

static void sources_keep_their_bytes_when_the_list_grows(void **state)
{
    struct mail m = {0};

    (void)state;
    for (unsigned i = 0; i < 20; i++) {
        char *owned = malloc(1);

        assert_non_null(owned);
        *owned = (char)('a' + i);
        assert_int_equal(mail_source_add(&m, (struct mail_source){.bytes = {owned, 1}, .owned = owned}), i);
    }
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(*m.source[i].bytes.p, 'a' + i);
    mail_free(&m);
    assert_null(m.source);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cr_without_lf_is_noticed),
        cmocka_unit_test(nul_bytes_are_left_out),
        cmocka_unit_test(sources_keep_their_bytes_when_the_list_grows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
