/*
 * test_ctl_whatif.c - the words of spoolctl whatif and reload, and what is made of figures.
 */
#include "tools/ctl_whatif.h"

#include "common/log.h"
#include "tools/ctl_reload.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define WORDS 6

static const struct {
    const char *says;
    const char *word[WORDS];
    int rc;
    unsigned days, list;
} cases[] = {
    {"a file", {"new.ini"}, 0, 7, 3},
    {"days", {"new.ini", "--days", "30"}, 0, 30, 3},
    {"options before the file", {"--list", "0", "--days", "1", "new.ini"}, 0, 1, 0},
    {"the most", {"new.ini", "--days", "3650", "--list", "10000"}, 0, 3650, 10000},
    {"one more day", {"new.ini", "--days", "3651"}, EXIT_USAGE_64, 7, 3},
    {"one more line", {"new.ini", "--list", "10001"}, EXIT_USAGE_64, 7, 3},
    {"no day", {"new.ini", "--days", "0"}, EXIT_USAGE_64, 7, 3},
    {"no number", {"new.ini", "--days", "1d"}, EXIT_USAGE_64, 7, 3},
    {"a sign", {"new.ini", "--days", "-1"}, EXIT_USAGE_64, 7, 3},
    {"nothing behind it", {"new.ini", "--days"}, EXIT_USAGE_64, 7, 3},
    {"two files", {"a.ini", "b.ini"}, EXIT_USAGE_64, 7, 3},
    {"an unknown option", {"new.ini", "--day"}, EXIT_USAGE_64, 7, 3},
    {"no file", {NULL}, EXIT_USAGE_64, 7, 3},
    {"an empty name", {""}, EXIT_USAGE_64, 7, 3},
};

static struct ctl_words words_of(const char *const word[WORDS])
{
    struct ctl_words w = {(char *const *)(uintptr_t)word, 0};

    while (w.n < WORDS && word[w.n])
        w.n++;
    return w;
}

static void words_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ctl_whatif o = {.days = CTL_WHATIF_DAYS, .list = CTL_WHATIF_LIST};
        struct buf why = {0};
        const int rc = ctl_whatif_parse(words_of(cases[i].word), &o, &why);

        if (rc != cases[i].rc || (rc != 0) != (why.n != 0) ||
            (!rc && (o.days != cases[i].days || o.list != cases[i].list)))
            fail_msg("%s: code %d, %u days", cases[i].says, rc, o.days);
        if (!rc)
            assert_string_equal(o.file, cases[i].word[0][0] == '-' ? "new.ini" : cases[i].word[0]);
        buf_free(&why);
    }
}

static void reload_takes_force(void **state)
{
    static const struct {
        const char *word[WORDS];
        int rc;
        bool force;
    } reload[] = {{{NULL}, 0, false},
                  {{"--force"}, 0, true},
                  {{"force"}, EXIT_USAGE_64, false},
                  {{"--force", "--force"}, EXIT_USAGE_64, false}};

    (void)state;
    for (size_t i = 0; i < sizeof reload / sizeof *reload; i++) {
        struct buf why = {0};
        bool force = true;

        assert_int_equal(ctl_reload_parse(words_of(reload[i].word), &force, &why), reload[i].rc);
        if (!reload[i].rc)
            assert_int_equal(force, reload[i].force);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_follow_the_table),
        cmocka_unit_test(reload_takes_force),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
