/*
 * test_pool_allow.c - unit tests of spoold/pool_allow.c: the words of workers.allow_less.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/pool.h"

static const struct {
    const char *says;
    struct view words;
    uint32_t bits;
    bool fine;
} table[] = {
    {"nothing is missing by default", VIEW(""), 0, true},
    {"blanks alone are nothing", VIEW(" \t "), 0, true},
    {"one word", VIEW("seccomp"), SANDBOX_SECCOMP, true},
    {"all words, in any order and distance", VIEW(" rlimits \t no_new_privs  seccomp "),
     SANDBOX_SECCOMP | SANDBOX_RLIMITS | SANDBOX_NO_NEW_PRIVS, true},
    {"a word twice is that word", VIEW("rlimits rlimits"), SANDBOX_RLIMITS, true},
    {"what some roles cannot be without", VIEW("landlock"), SANDBOX_LANDLOCK, true},
    {"what is best effort has no word", VIEW("userns"), 0, false},
    {"case matters", VIEW("Seccomp"), 0, false},
    {"the start of a word is no word", VIEW("sec"), 0, false},
    {"a comma parts nothing", VIEW("seccomp,rlimits"), 0, false},
    {"a wrong word behind a right one", VIEW("seccomp uid"), 0, false},
    {"a NUL ends nothing", VIEW("seccomp\0"), 0, false},
};

static void words_become_bits(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        uint32_t bits = 0xffff;
        const char *accepted = pool_allow_less(table[i].words, &bits);

        print_message("%s\n", table[i].says);
        assert_int_equal(accepted == NULL, table[i].fine);
        if (table[i].fine)
            assert_int_equal(bits, table[i].bits);
        else
            assert_string_equal(accepted, "seccomp, rlimits, no_new_privs, landlock, separated by blanks");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_become_bits)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
