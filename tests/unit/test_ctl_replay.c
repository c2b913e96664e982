/*
 * test_ctl_replay.c - unit tests of tools/ctl_replay.c: which words it takes.
 *
 * Run by `make check`. What it does is shown by tests/func/replay_*.sh.
 */
#include "tools/ctl_replay.h"

#include "common/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void words(void **state)
{
    static const struct {
        const char *typed[5];
        const char *why; /* NULL: taken */
        struct ctl_replay wanted;
    } cases[] = {
        {{"x"}, NULL, {.word = "x"}},
        {{"x", "--full"}, NULL, {.word = "x", .full = true}},
        {{"--full", "x", "f"}, NULL, {.word = "x", .file = "f", .full = true}},
        {{"--all"}, NULL, {.all = true}},
        {{"--all", "--days", "3"}, NULL, {.all = true, .days = 3}},
        {{NULL}, "one message, or --all", {.word = NULL}},
        {{"x", "--all"}, "one message, or --all", {.word = NULL}},
        {{"x", "f"}, "for --full", {.word = NULL}},
        {{"x", "y", "z"}, "one message", {.word = NULL}},
        {{"--all", "--full"}, "--full is for one message", {.word = NULL}},
        {{"x", "--days", "3"}, "--days is for --all", {.word = NULL}},
        {{"--all", "--days"}, "whole number", {.word = NULL}},
        {{"--all", "--days", "0"}, "whole number", {.word = NULL}},
        {{"--all", "--days", "3651"}, "whole number", {.word = NULL}},
        {{"--all", "--days", "3x"}, "whole number", {.word = NULL}},
        {{"x", "--odd"}, "one message", {.word = NULL}},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ctl_words w = {(char *const *)(uintptr_t)cases[i].typed, 0};
        struct ctl_replay o = {.all = false}, want = cases[i].wanted;
        struct buf why = {0};
        int rc;

        while (w.n < 5 && cases[i].typed[w.n])
            w.n++;
        rc = ctl_replay_parse(w, &o, &why);
        if (rc != (cases[i].why ? EXIT_USAGE_64 : 0) || (cases[i].why && !strstr(why.p, cases[i].why)))
            fail_msg("case %zu: %d, %s", i, rc, why.n ? why.p : "");
        if (!rc &&
            (!view_equal(view_of(o.word), view_of(want.word)) || o.all != want.all ||
             !view_equal(view_of(o.file), view_of(want.file)) || o.full != want.full || o.days != want.days))
            fail_msg("case %zu", i);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(words)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
