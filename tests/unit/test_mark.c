/*
 * test_mark.c - unit tests of spoold/mark.c: which fields a decision leaves in the mail, and what cannot get
 * in.
 *
 * Run by `make check`. Edits are shown one a line, folds as "|"; settings are real ones (config_load).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/edit.h"
#include "spoold/config.h"
#include "spoold/mark.h"

#define ID "mx.example.org"

static struct config *settings(const char *level)
{
    char text[80];
    const char *const set[] = {text};
    struct config_errors errs = {0};
    struct config *c;

    snprintf(text, sizeof text, "antispam.header_log_level=%s", level);
    c = config_load(NULL, set, 1, &errs);
    assert_non_null(c);
    return c;
}

/* "P Name: value", "X prefix", "A id", "S text". */
static struct buf show(const struct buf *edits)
{
    static const char letters[] = "?PXHSA";
    struct view rest = buf_view(edits);
    struct buf b = {0};
    struct edit e;
    int got;

    while ((got = edit_unpack(&rest, &e)) > 0) {
        buf_addf(&b, "%c %.*s%s", letters[e.op], (int)e.name.n, e.name.p, e.name.n && e.value.n ? ": " : "");
        for (size_t i = 0; i < e.value.n; i++)
            buf_add_char(&b, e.value.p[i] == '\n' ? '|' : e.value.p[i]);
        buf_add_char(&b, '\n');
    }
    assert_int_equal(got, 0);
    return b;
}

static struct buf mark(const char *level, const struct antispam_verdict *v, const struct decide_outcome *o)
{
    struct config *c = settings(level);
    struct buf edits = {0}, text;

    assert_int_equal(mark_add_edits(&edits, &(struct mark){c, &c->policy, v, o, ID}), 0);
    text = show(&edits);
    buf_free(&edits);
    config_free(&c);
    return text;
}

static void check(struct buf got, const char *wanted)
{
    assert_string_equal(got.p ? got.p : "", wanted);
    buf_free(&got);
}

static struct antispam_result results[] = {
    {.check = CHECK_spf,
     .result = RESULT_fail,
     .count = 1,
     .detail = VIEW("192.0.2.9 (the client) may not"),
     .props = VIEW("smtp.mailfrom=example.org")},
    {.check = CHECK_dkim, .result = RESULT_none, .count = 1},
    {.check = CHECK_iprev, .result = RESULT_none, .count = 1, .props = VIEW("policy.iprev=192.0.2.9")},
};
static const struct antispam_verdict verdict = {.result = results, .n = 3};

#define HEAD "X X-Spam-\nA " ID "\n"
#define AUTH                                                                                                 \
    "P Authentication-Results: " ID                                                                          \
    ";|\tspf=fail smtp.mailfrom=example.org;|\tdkim=none;|\tiprev=permerror "                                \
    "policy.iprev=192.0.2.9\n"
#define YES "P X-Spam-Flag: YES\nP X-Spam-Level: ****************\n"

static void each_log_level_tells_more(void **state)
{
    const struct decide_outcome o = {.weight = 16000, .level = DECIDE_LOW, .action = DECIDE_HEADER};

    (void)state;
    check(mark("none", &verdict, &o), HEAD AUTH YES);
    check(mark("score", &verdict, &o),
          HEAD AUTH YES "P X-Spam-Score: 16\nP X-Spam-Status: Yes, score=16 required=10\n");
    check(mark("score+tests", &verdict, &o), HEAD AUTH YES
          "P X-Spam-Score: 16\nP X-Spam-Status: Yes, score=16 required=10 tests=spf=fail:8,iprev=none:8\n");
    check(mark("score+tests+descriptions", &verdict, &o),
          HEAD AUTH YES "P X-Spam-Score: 16\nP X-Spam-Status: Yes, score=16 required=10 tests=spf=fail:8 "
                        "(192.0.2.9 \\(the|\tclient\\) may not),iprev=none:8\n");
}

static void what_was_not_judged_only_loses_forged_fields(void **state)
{
    (void)state;
    check(mark("score", NULL, NULL), HEAD);
}

static void mail_that_is_no_spam_says_so(void **state)
{
    const struct antispam_verdict none = {.n = 0};
    struct decide_outcome o = {.weight = -1500, .level = DECIDE_NONE, .action = DECIDE_DELIVER};

    (void)state;
    check(mark("score+tests", &none, &o),
          HEAD "P Authentication-Results: " ID "; none\nP X-Spam-Flag: NO\nP X-Spam-Level\nP X-Spam-Score: "
               "-1.5\nP X-Spam-Status: No, score=-1.5 required=10 tests=none\n");
}

static void mail_programs_file_what_was_decided(void **state)
{
    static const struct {
        const char *says;
        struct decide_outcome o;
        bool spam;
    } cases[] = {
        {"of no level", {.level = DECIDE_NONE, .action = DECIDE_DELIVER}, false},
        {"of a level that is passed on", {.level = DECIDE_LOW, .action = DECIDE_DELIVER}, true},
        {"junk by its level", {.level = DECIDE_LOW, .action = DECIDE_JUNK}, true},
        {"header by its level", {.level = DECIDE_LOW, .action = DECIDE_HEADER}, true},
        {"junk by the blacklist, of no level",
         {.level = DECIDE_NONE, .action = DECIDE_JUNK, .section = "filter"},
         true},
        {"whitelisted, of a level",
         {.level = DECIDE_HIGH, .action = DECIDE_DELIVER, .section = "lists"},
         false},
    };
    const struct antispam_verdict none = {.n = 0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = mark("score", &none, &cases[i].o);

        if ((strstr(b.p, "P X-Spam-Flag: YES\n") != NULL) != cases[i].spam ||
            (strstr(b.p, "P X-Spam-Status: Yes, ") != NULL) != cases[i].spam)
            fail_msg("%s: %s", cases[i].says, b.p);
        buf_free(&b);
    }
}

static void stars_are_whole_weights_and_fifty_at_most(void **state)
{
    static const struct {
        int64_t weight;
        size_t stars;
    } cases[] = {{-1, 0},     {0, 0},      {999, 0},    {1000, 1},       {1999, 1},
                 {49999, 49}, {50000, 50}, {51000, 50}, {INT64_MAX, 50}, {INT64_MIN + 1, 0}};
    const struct antispam_verdict none = {.n = 0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct decide_outcome o = {.weight = cases[i].weight};
        struct buf b = mark("none", &none, &o);
        const char *at = strstr(b.p, "X-Spam-Level") + 12;

        assert_int_equal(strspn(at + (*at == ':' ? 2 : 0), "*"), cases[i].stars);
        buf_free(&b);
    }
}

static void only_tag_touches_the_subject(void **state)
{
    const struct antispam_verdict none = {.n = 0};

    (void)state;
    for (int a = 0; a < DECIDE_ACTION__MAX; a++) {
        const struct decide_outcome o = {.action = (enum decide_action)a, .text = VIEW("[SPAM?] ")};
        struct buf b = mark("none", &none, &o);

        if ((strstr(b.p, "\nS [SPAM?]\n") != NULL) != (a == DECIDE_TAG))
            fail_msg("action %d: %s", a, b.p);
        buf_free(&b);
    }
}

static void no_text_makes_a_message_fail(void **state)
{
    static char longer[EDIT_SUBJECT_MAX + 50];
    static const struct view texts[] = {
        {longer, sizeof longer}, VIEW(""), VIEW("  "), VIEW("a\r\nB: c"), VIEW("\xff\0x")};
    const struct antispam_verdict none = {.n = 0};

    (void)state;
    memset(longer, 'a', sizeof longer);
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        const struct decide_outcome o = {.action = DECIDE_TAG, .text = texts[i]};
        struct buf b = mark("none", &none, &o);

        assert_null(strstr(b.p, "\nB: c"));
        buf_free(&b);
    }
}

static void a_name_that_is_no_token_has_no_field(void **state)
{
    static const char *const ids[] = {"", "a b", "a;b", "a\r\nb", "\"a\"", "a(b)", "\xc3\xa4"};
    const struct decide_outcome o = {.weight = 0};
    struct config *c = settings("none");

    (void)state;
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        struct buf edits = {0}, b;

        assert_int_equal(mark_add_edits(&edits, &(struct mark){c, &c->policy, &verdict, &o, ids[i]}), 0);
        b = show(&edits);
        assert_null(strstr(b.p, "Authentication"));
        assert_null(strstr(b.p, "\nA "));
        buf_free(&edits);
        buf_free(&b);
    }
    config_free(&c);
}

/* As many results as there can be, of the worst kind: lines stay short, and it is an edit. */
static void hostile_details_stay_comments(void **state)
{
    static const char detail[] = "a) (b \\ =?utf-8?Q?x?= \xc3\xa4 c\"\n d\r e, tests=none ((((";
    struct antispam_result many[ANTISPAM_CHECKS_MAX];
    const struct antispam_verdict v = {.result = many, .n = ANTISPAM_CHECKS_MAX};
    const struct decide_outcome o = {.weight = 1, .level = DECIDE_HIGH};
    struct buf b;
    size_t depth = 0, column = 0;

    (void)state;
    for (size_t i = 0; i < ANTISPAM_CHECKS_MAX; i++)
        many[i] = (struct antispam_result){
            .check = CHECK_spf, .result = RESULT_fail, .count = 1, .detail = {detail, sizeof detail - 1}};
    b = mark("score+tests+descriptions", &v, &o);
    for (const char *p = strstr(b.p, "X-Spam-Status"); *p != '\0'; p++) {
        column = *p == '|' || *p == '\n' ? 0 : column + 1;
        assert_true(column <= 78 && (*p == '\n' || *p == '\t' || (*p >= ' ' && *p <= '~')));
        if (*p == '\\')
            p++, column++;
        else if (*p == '(')
            depth++;
        else if (*p == ')')
            depth--;
        assert_true(depth <= 1);
    }
    assert_int_equal(depth, 0);
    assert_null(strstr(b.p, "=?"));
    assert_non_null(strstr(b.p, ",..."));
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_log_level_tells_more),
        cmocka_unit_test(what_was_not_judged_only_loses_forged_fields),
        cmocka_unit_test(mail_that_is_no_spam_says_so),
        cmocka_unit_test(mail_programs_file_what_was_decided),
        cmocka_unit_test(stars_are_whole_weights_and_fifty_at_most),
        cmocka_unit_test(only_tag_touches_the_subject),
        cmocka_unit_test(no_text_makes_a_message_fail),
        cmocka_unit_test(a_name_that_is_no_token_has_no_field),
        cmocka_unit_test(hostile_details_stay_comments),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
