/*
 * test_whatif_old.c - a record's decisions become a word for each recipient, or a reason why not.
 */
#include "spoold/whatif_old.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SENT(to, action) "{\"to\":\"" to "\",\"weight\":1,\"action\":\"" action "\",\"copy\":1}"
#define REST(to, action) "{\"to\":\"" to "\",\"weight\":1,\"action\":\"" action "\"}"

static const struct {
    const char *says;
    enum decide_by by;
    const char *fate, *class, *decisions;
    size_t rcpt_n;
    const char *wanted; /* words with blanks between; or "!" and a part of the reason */
} cases[] = {
    {"one", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("1", "tag") "]", 1, "tag"},
    {"several, in any order", DECIDE_BY_RECIPIENTS, "send", "",
     "[" SENT("2-3,5", "tag") "," SENT("1,4", "deliver") "]", 5, "deliver tag tag deliver tag"},
    {"what is quarantined has its class", DECIDE_BY_RECIPIENTS, "quarantine", "spam",
     "[" SENT("1", "header") "," REST("2", "quarantine") "]", 2, "header quarantine/spam"},
    {"what is discarded beside it is quarantined, too", DECIDE_BY_RECIPIENTS, "quarantine", "spam",
     "[" REST("1", "discard") "," REST("2", "quarantine") "]", 2, "quarantine/spam quarantine/spam"},
    {"what is discarded alone is not", DECIDE_BY_RECIPIENTS, "discard", "", "[" REST("1", "discard") "]", 1,
     "discard"},
    {"a bounce and a redirect are what they are", DECIDE_BY_RECIPIENTS, "quarantine", "policy",
     "[" REST("1", "bounce") "," REST("2", "redirect") "]", 2, "bounce redirect"},
    {"too many copies: none goes out", DECIDE_BY_RECIPIENTS, "quarantine", "policy",
     "[" REST("1", "tag") "," REST("2", "header") "]", 2, "quarantine/policy quarantine/policy"},
    {"mail that was not judged went one way", DECIDE_BY_RECIPIENTS, "send", "", NULL, 2, "deliver deliver"},
    {"a virus", DECIDE_BY_VIRUS, "quarantine", "virus", NULL, 2, "quarantine/virus quarantine/virus"},
    {"a virus that was deleted", DECIDE_BY_VIRUS, "discard", "", NULL, 1, "discard"},
    {"nobody is written down, the record tells of three", DECIDE_BY_RECIPIENTS, "send", "",
     "[" SENT("1-3", "tag") "]", 0, "tag tag tag"},
    {"nobody at all", DECIDE_BY_VIRUS, "quarantine", "virus", NULL, 0, "quarantine/virus"},
    {"a class of another release", DECIDE_BY_VIRUS, "quarantine", "new", NULL, 1, "quarantine"},
    {"one is missing", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("1,3", "tag") "]", 3, "!tell of all"},
    {"an action of another release", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("1", "new") "]", 1,
     "!cannot be read"},
    {"a range that goes back", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("3-1", "tag") "]", 3,
     "!cannot be read"},
    {"a number of nothing", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("0", "tag") "]", 1, "!cannot be read"},
    {"the last number there may be", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("1000000", "tag") "]", 1,
     "!tell of all"},
    {"one beyond", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("1000001", "tag") "]", 1, "!cannot be read"},
    {"an endless number", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("99999999999999999999999999", "tag") "]",
     1, "!cannot be read"},
    {"no positions", DECIDE_BY_RECIPIENTS, "send", "", "[" SENT("", "tag") "]", 1, "!cannot be read"},
    {"something else", DECIDE_BY_RECIPIENTS, "send", "", "{}", 1, "!cannot be read"},
    {"an empty list", DECIDE_BY_RECIPIENTS, "send", "", "[]", 1, "!cannot be read"},
    {"an end too early", DECIDE_BY_RECIPIENTS, "send", "", "[{\"to\":\"1\"", 1, "!cannot be read"},
};

static void records_are_read(void **state)
{
    struct whatif_old o = {.n = 0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct replay_record r = {.by = cases[i].by,
                                        .fate = view_of(cases[i].fate),
                                        .class = view_of(cases[i].class),
                                        .decisions = view_of(cases[i].decisions),
                                        .rcpt_n = cases[i].rcpt_n};
        const char *why = whatif_old_read(&o, &r), *wanted = cases[i].wanted;
        struct buf words = {0};

        for (size_t k = 0; !why && k < o.n; k++) {
            buf_add_str(&words, k ? " " : "");
            whatif_old_add_word(o.word[k], &words);
        }
        if (wanted[0] == '!' ? !why || !strstr(why, wanted + 1) : why || strcmp(words.p, wanted) != 0)
            fail_msg("%s: %s", cases[i].says, why ? why : words.p);
        buf_free(&words);
    }
    whatif_old_free(&o);
}

static void weights_are_thousandths(void **state)
{
    static const struct {
        const char *text;
        int64_t wanted;
    } weights[] = {{"8", 8000},      {"0", 0},         {"-1.5", -1500}, {"0.125", 125},
                   {"12.05", 12050}, {"1.2345", 1234}, {"-0.001", -1},  {"", 0}};
    struct whatif_old o = {.n = 0};

    (void)state;
    for (size_t i = 0; i < sizeof weights / sizeof *weights; i++) {
        const struct replay_record r = {
            .by = DECIDE_BY_VIRUS, .fate = VIEW("discard"), .weight = view_of(weights[i].text)};

        assert_null(whatif_old_read(&o, &r));
        assert_int_equal(o.weight, weights[i].wanted);
    }
    whatif_old_free(&o);
}

static void what_was_cut_is_no_use(void **state)
{
    const struct replay_record r = {
        .by = DECIDE_BY_RECIPIENTS, .fate = VIEW("send"), .decisions_cut = true, .rcpt_n = 1};
    struct whatif_old o = {.n = 0};

    (void)state;
    assert_non_null(whatif_old_read(&o, &r));
    whatif_old_free(&o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_are_read),
        cmocka_unit_test(weights_are_thousandths),
        cmocka_unit_test(what_was_cut_is_no_use),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
