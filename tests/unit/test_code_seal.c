/*
 * test_code_seal.c - unit tests of workers/antispam/code_seal.c: no memory stays that can be written and run.
 *
 * Run by `make check`, with a pattern that PCRE2 has compiled to machine code.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "workers/antispam/code_seal.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <string.h>

static void ranges_are_found_in_maps(void **state)
{
    static const char maps[] = "1000-2000 r-xp 00000000 00:00 0 /a rwxp\n"
                               "2000-3000 rwxp 00000000 00:00 0 \n"
                               "rubbish\n"
                               "3000-3000 rwxp 00000000 00:00 0 \n"
                               "4000-6000 rwxs 00000000 00:00 0 \n"
                               "7000-8000 rwx";
    unsigned long from, to;

    (void)state;
    assert_true(code_seal_find(VIEW(maps), 0, &from, &to));
    assert_true(from == 0x2000 && to == 0x3000);
    assert_true(code_seal_find(VIEW(maps), 1, &from, &to));
    assert_true(from == 0x4000 && to == 0x6000);
    assert_false(code_seal_find(VIEW(maps), 2, &from, &to));
}

static void patterns_match_when_they_are_sealed(void **state)
{
    struct buf why = {0};
    unsigned ranges = 0;
    int err;
    PCRE2_SIZE at;
    static pcre2_code *code; /* reachable to the end */
    pcre2_match_data *data;

    (void)state;
    code = pcre2_compile((PCRE2_SPTR) "a+b", 3, 0, &err, &at, NULL);
    data = pcre2_match_data_create_from_pattern(code, NULL);
    if (pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0)
        skip();
    assert_int_equal(code_seal(&ranges, &why), 0);
    assert_true(ranges > 0);
    assert_int_equal(pcre2_jit_match(code, (PCRE2_SPTR) "xaaab", 5, 0, 0, data, NULL), 1);
    assert_int_equal(code_seal(&ranges, &why), 0);
    assert_int_equal(ranges, 0);
    buf_free(&why);
    /* Never freed: that would write there, as it would in a loader that is to go on. */
    pcre2_match_data_free(data);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_found_in_maps),
        cmocka_unit_test(patterns_match_when_they_are_sealed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
