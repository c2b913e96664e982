/*
 * test_ctl_tail.c - unit tests of tools/ctl_tail.c: which words it takes.
 *
 * Run by `make check`. Following a spoold is the functional test tail_follows.sh.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/log.h"
#include "tools/ctl_tail.h"

static const struct {
    const char *says;
    const char *word[3];
    int wanted;
    unsigned lines;
} cases[] = {
    {"no words", {NULL}, 0, CTL_TAIL_LINES},
    {"a number", {"-n", "25"}, 0, 25},
    {"none", {"-n", "0"}, 0, 0},
    {"the most", {"-n", "1000"}, 0, 1000},
    {"too many", {"-n", "1001"}, EXIT_USAGE_64, 0},
    {"far too many", {"-n", "10000000000000000000000"}, EXIT_USAGE_64, 0},
    {"no number", {"-n"}, EXIT_USAGE_64, 0},
    {"a sign", {"-n", "-1"}, EXIT_USAGE_64, 0},
    {"an empty number", {"-n", ""}, EXIT_USAGE_64, 0},
    {"something behind it", {"-n", "5x"}, EXIT_USAGE_64, 0},
    {"another option", {"-f", "5"}, EXIT_USAGE_64, 0},
    {"a third word", {"-n", "5", "x"}, EXIT_USAGE_64, 0},
};

static void words_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ctl_words w = {.word = (char *const *)(uintptr_t)cases[i].word};
        struct buf why = {0};
        unsigned lines = 0;
        int rc;

        while (w.n < 3 && cases[i].word[w.n])
            w.n++;
        rc = ctl_tail_parse(w, &lines, &why);
        if (rc != cases[i].wanted || (!rc && lines != cases[i].lines) || (rc != 0) != (why.n != 0))
            fail_msg("%s: code %d, %u lines", cases[i].says, rc, lines);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words_follow_the_table)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
