/*
 * test_sha256.c - unit tests of workers/sha256.c: the known answers, in any pieces, again and again.
 *
 * Run by `make check`. The answers are those of FIPS 180-4 and its example texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "workers/sha256.h"

static const struct {
    const char *text, *sum;
} cases[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static const char *hex(char *to, const unsigned char *sum)
{
    for (size_t i = 0; i < SHA256_SIZE; i++)
        snprintf(to + 2 * i, 3, "%02x", sum[i]);
    return to;
}

static void known_answers_in_any_pieces(void **state)
{
    struct sha256 *s = NULL;
    unsigned char sum[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];

    (void)state;
    assert_int_equal(sha256_load(), 0);
    s = sha256_open();
    assert_non_null(s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t cut = 0; cut <= strlen(cases[i].text); cut++) {
            assert_int_equal(sha256_begin(s), 0);
            assert_int_equal(sha256_add(s, cases[i].text, cut), 0);
            assert_int_equal(sha256_add(s, cases[i].text + cut, strlen(cases[i].text) - cut), 0);
            assert_int_equal(sha256_end(s, sum), 0);
            assert_string_equal(hex(text, sum), cases[i].sum);
        }
    sha256_free(&s);
    assert_null(s);
    sha256_free(&s);
}

static void a_digest_that_was_left_half_done_begins_anew(void **state)
{
    struct sha256 *s = sha256_open();
    unsigned char sum[SHA256_SIZE];
    char text[2 * SHA256_SIZE + 1];

    (void)state;
    assert_int_equal(sha256_add(s, "something else", 14), 0);
    assert_int_equal(sha256_begin(s), 0);
    assert_int_equal(sha256_add(s, "abc", 3), 0);
    assert_int_equal(sha256_end(s, sum), 0);
    assert_string_equal(hex(text, sum), cases[1].sum);
    sha256_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_answers_in_any_pieces),
        cmocka_unit_test(a_digest_that_was_left_half_done_begins_anew),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
