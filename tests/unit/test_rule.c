/*
 * test_rule.c - unit tests of common/rule.c: which lines are rules, and what is said of those that are none.
 *
 * Run by `make check`. Of a good line: name|weight|type|field|pattern.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/rule.h"

#define N(a)     (sizeof(a) / sizeof *(a))
#define TEN(x)   x x x x x x x x x x
#define HUNDRED  TEN(TEN("a"))
#define THOUSAND TEN(HUNDRED)
#define NAME48   "a23456789012345678901234567890123456789012345678"
#define FIELD77  "X-" TEN("abcdefg") "12345"

static const struct {
    const char *behaviour;
    enum rule_kind kind;
    struct view line;
    const char *wanted;
} good[] = {
    {"a body rule", RULE_BODY, VIEW("cheap 2.5 contains cheap watches"),
     "cheap|2500|contains||cheap watches"},
    {"a header rule", RULE_HEADER, VIEW("cheap 2.5 contains Subject: cheap watches"),
     "cheap|2500|contains|Subject|cheap watches"},
    {"any field", RULE_HEADER, VIEW("x 1 regex *: a:b"), "x|1000|regex|*|a:b"},
    {"no blank behind the colon", RULE_HEADER, VIEW("x 1 wildcard To:*@example.org"),
     "x|1000|wildcard|To|*@example.org"},
    {"blanks and tabs between, and at the end", RULE_BODY, VIEW("  x\t1 \t contains   a  b \t"),
     "x|1000|contains||a  b"},
    {"a colon means nothing in a body rule", RULE_BODY, VIEW("x 1 contains a: b"), "x|1000|contains||a: b"},
    {"below zero", RULE_BODY, VIEW("x -0.001 contains a"), "x|-1|contains||a"},
    {"with its sign", RULE_BODY, VIEW("x +3 contains a"), "x|3000|contains||a"},
    {"nothing", RULE_BODY, VIEW("x 0 contains a"), "x|0|contains||a"},
    {"one decimal", RULE_BODY, VIEW("x 0.5 contains a"), "x|500|contains||a"},
    {"two decimals", RULE_BODY, VIEW("x 0.05 contains a"), "x|50|contains||a"},
    {"the largest", RULE_BODY, VIEW("x 1000.000 contains a"), "x|1000000|contains||a"},
    {"the smallest", RULE_BODY, VIEW("x -1000 contains a"), "x|-1000000|contains||a"},
    {"the longest name", RULE_BODY, VIEW(NAME48 " 1 contains a"), NAME48 "|1000|contains||a"},
    {"the longest field", RULE_HEADER, VIEW("x 1 contains " FIELD77 ": a"), "x|1000|contains|" FIELD77 "|a"},
    {"the longest pattern", RULE_BODY, VIEW("x 1 contains " THOUSAND), "x|1000|contains||" THOUSAND},
    {"UTF-8", RULE_BODY, VIEW("x 1 contains \xc3\xbc"), "x|1000|contains||\xc3\xbc"},
    {"stars are a text", RULE_BODY, VIEW("x 1 contains **"), "x|1000|contains||**"},
    {"a wildcard with one byte", RULE_BODY, VIEW("x 1 wildcard *a?"), "x|1000|wildcard||*a?"},
    {"an assertion by its name is no verb", RULE_BODY, VIEW("x 1 regex (*pla:a)b"),
     "x|1000|regex||(*pla:a)b"},
    {"... nor is a bracket in a class", RULE_BODY, VIEW("x 1 regex [(*A]"), "x|1000|regex||[(*A]"},
    {"... behind the first one of it", RULE_BODY, VIEW("x 1 regex []x(*A]"), "x|1000|regex||[]x(*A]"},
    {"... or behind a caret", RULE_BODY, VIEW("x 1 regex [^]x(*A]"), "x|1000|regex||[^]x(*A]"},
    {"... nor one with a backslash", RULE_BODY, VIEW("x 1 regex \\(*A"), "x|1000|regex||\\(*A"},
    {"a backslash before G", RULE_BODY, VIEW("x 1 regex \\\\G"), "x|1000|regex||\\\\G"},
    {"the verb is for expressions only", RULE_BODY, VIEW("x 1 contains (*SKIP)"), "x|1000|contains||(*SKIP)"},
};

#define FORM       "something is missing; accepted: NAME WEIGHT TYPE "
#define BAD_NAME   "this is no name of a rule; accepted: 1 to 48 of a-z, 0-9, \"_\" and \"-\""
#define BAD_WEIGHT "this is no weight; accepted: -1000 to 1000 with up to three decimals"
#define BAD_TYPE   "this is no type of a rule; accepted: contains, wildcard, regex"
#define BAD_FIELD  "the pattern of a header rule begins with the name of a field"
#define CONTROL    "there is a control character in the pattern"

static const struct {
    const char *behaviour;
    enum rule_kind kind;
    struct view line;
    const char *why; /* its begin */
} bad[] = {
    {"nothing", RULE_BODY, VIEW(""), FORM "PATTERN, like"},
    {"of a header rule", RULE_HEADER, VIEW(""), FORM "FIELD: PATTERN, like"},
    {"a name", RULE_BODY, VIEW("x"), FORM},
    {"no type", RULE_BODY, VIEW("x 1"), FORM},
    {"no pattern", RULE_BODY, VIEW("x 1 contains  "), FORM},
    {"capitals in a name", RULE_BODY, VIEW("X 1 contains a"), BAD_NAME},
    {"a name too long", RULE_BODY, VIEW(NAME48 "9 1 contains a"), BAD_NAME},
    {"UTF-8 in a name", RULE_BODY, VIEW("\xc3\xbc 1 contains a"), BAD_NAME},
    {"a colon in a name", RULE_BODY, VIEW("x:y 1 contains a"), BAD_NAME},
    {"a word as weight", RULE_BODY, VIEW("x high contains a"), BAD_WEIGHT},
    {"a sign alone", RULE_BODY, VIEW("x - contains a"), BAD_WEIGHT},
    {"two signs", RULE_BODY, VIEW("x --1 contains a"), BAD_WEIGHT},
    {"four decimals", RULE_BODY, VIEW("x 1.0001 contains a"), BAD_WEIGHT},
    {"a point alone", RULE_BODY, VIEW("x 1. contains a"), BAD_WEIGHT},
    {"no digit before it", RULE_BODY, VIEW("x .5 contains a"), BAD_WEIGHT},
    {"a comma", RULE_BODY, VIEW("x 1,5 contains a"), BAD_WEIGHT},
    {"too large", RULE_BODY, VIEW("x 1000.001 contains a"), BAD_WEIGHT},
    {"too small", RULE_BODY, VIEW("x -1000.001 contains a"), BAD_WEIGHT},
    {"many digits", RULE_BODY, VIEW("x 99999999999999999999 contains a"), BAD_WEIGHT},
    {"an unknown type", RULE_BODY, VIEW("x 1 glob a"), BAD_TYPE},
    {"a type in capitals", RULE_BODY, VIEW("x 1 Contains a"), BAD_TYPE},
    {"no field", RULE_HEADER, VIEW("x 1 contains cheap"), BAD_FIELD},
    {"an empty field", RULE_HEADER, VIEW("x 1 contains : cheap"), BAD_FIELD},
    {"a blank in the field", RULE_HEADER, VIEW("x 1 contains cheap watches: a"), BAD_FIELD},
    {"a field too long", RULE_HEADER, VIEW("x 1 contains " FIELD77 "6: a"), BAD_FIELD},
    {"a field and no pattern", RULE_HEADER, VIEW("x 1 contains Subject: "), "the pattern is missing"},
    {"a pattern too long", RULE_BODY, VIEW("x 1 contains a" THOUSAND), "the pattern is too long"},
    {"no UTF-8", RULE_BODY, VIEW("x 1 contains \xfc"), "the pattern is no valid UTF-8"},
    {"a NUL", RULE_BODY, VIEW("x 1 contains a\0b"), CONTROL},
    {"a line end", RULE_BODY, VIEW("x 1 contains a\nb"), CONTROL},
    {"a DEL", RULE_BODY, VIEW("x 1 contains a\x7f"), CONTROL},
    {"a wildcard for all", RULE_BODY, VIEW("x 1 wildcard *?*"), "there is nothing in the pattern but"},
    {"where the last match ended", RULE_BODY, VIEW("x 1 regex a\\Gb"), "\"\\G\" cannot be used"},
    {"a verb", RULE_BODY, VIEW("x 1 regex a(*SKIP)b"), "\"(*VERB)\" cannot be used"},
    {"a verb without a name", RULE_BODY, VIEW("x 1 regex a(*:m)b"), "\"(*VERB)\" cannot be used"},
    {"an option in front", RULE_BODY, VIEW("x 1 regex (*NO_JIT)b"), "\"(*VERB)\" cannot be used"},
    {"a verb behind a class", RULE_BODY, VIEW("x 1 regex [a](*COMMIT)b"), "\"(*VERB)\" cannot be used"},
};

static void say(struct buf *b, const struct rule *r)
{
    buf_clear(b);
    buf_addf(b, "%.*s|%d|%s|%.*s|%.*s", (int)r->name.n, r->name.p, r->weight, rule_type_name(r->type),
             (int)r->field.n, r->field.n ? r->field.p : "", (int)r->pattern.n, r->pattern.p);
}

static void good_lines_are_rules(void **state)
{
    struct buf said = {0}, why = {0};

    (void)state;
    for (size_t i = 0; i < N(good); i++) {
        struct rule r;

        if (rule_parse(good[i].line, good[i].kind, &r, &why) < 0)
            fail_msg("%s: %s", good[i].behaviour, why.p);
        say(&said, &r);
        if (strcmp(said.p, good[i].wanted) != 0)
            fail_msg("%s: %s", good[i].behaviour, said.p);
        assert_int_equal(why.n, 0);
    }
    buf_free(&said);
    buf_free(&why);
}

static void bad_lines_are_told(void **state)
{
    struct buf why = {0};

    (void)state;
    for (size_t i = 0; i < N(bad); i++) {
        struct rule r;

        buf_clear(&why);
        if (rule_parse(bad[i].line, bad[i].kind, &r, &why) == 0)
            fail_msg("%s: taken", bad[i].behaviour);
        if (strncmp(why.p, bad[i].why, strlen(bad[i].why)) != 0)
            fail_msg("%s: %s", bad[i].behaviour, why.p);
    }
    buf_free(&why);
}

static void types_have_names(void **state)
{
    (void)state;
    assert_string_equal(rule_type_name(RULE_REGEX), "regex");
    assert_null(rule_type_name(RULE_TYPE__MAX));
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(good_lines_are_rules),
        cmocka_unit_test(bad_lines_are_told),
        cmocka_unit_test(types_have_names),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
