/*
 * test_rules.c - unit tests of workers/antispam/rules.c: what rules find, and what they may cost.
 *
 * Run by `make check`. Findings are told as "name+detail" or, where a limit was met, "name-detail".
 */
#include "tests/unit/check_world.h"

#include "workers/antispam/rules.h"
#include "workers/charset.h"

#include <time.h>

#define CHEAP "l cheap 1 contains cheap"

static struct rules *open_rules(const char *entries, enum rule_kind kind, struct buf *why)
{
    struct buf bytes = {0};
    struct settings s;
    struct rules *r;

    check_entries(&bytes, entries);
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    r = rules_open(&s, "l", kind, why);
    settings_free(&s);
    buf_free(&bytes); /* nothing of it may be needed any more */
    return r;
}

static struct rules *open_good(const char *entries, enum rule_kind kind)
{
    struct buf why = {0};
    struct rules *r = open_rules(entries, kind, &why);

    if (!r)
        fail_msg("%s", why.p);
    return r;
}

static const char *findings(const struct rules *r, struct buf *b)
{
    struct rules_finding f;
    uint32_t at = 0;

    buf_clear(b);
    buf_add(b, "", 0);
    while (rules_next(r, &at, &f)) {
        buf_addf(b, "%s%.*s%c%.*s", b->n ? "; " : "", (int)f.name.n, f.name.p, f.hit ? '+' : '-',
                 (int)f.detail.n, f.detail.p);
        assert_true(f.detail.n <= RULES_EXCERPT_MAX && charset_is_utf8(f.detail));
    }
    return b->p ? b->p : "";
}

static const struct {
    const char *behaviour, *rules;
    struct view text;
    const char *wanted;
} bodies[] = {
    {"a text", CHEAP, VIEW("buy CHEAP now"), "cheap+CHEAP"},
    {"no hit", CHEAP, VIEW("buy dear now"), ""},
    {"no rules", "m x 1 contains cheap", VIEW("cheap"), ""},
    {"an empty text", CHEAP "\nl x 1 regex ^$", VIEW(""), "x+"},
    {"all types, in the order of the list", "l r 1 regex c..ap\nl w 1 wildcard *cheap*\nl c 1 contains cheap",
     VIEW("buy cheap now"), "r+cheap; w+buy cheap now; c+cheap"},
    {"two of one text", "l a 1 contains cheap\nl b 1 contains Cheap", VIEW("cheap"), "a+cheap; b+cheap"},
    {"a wildcard's longest text stands there, and it does not fit", "l w 1 wildcard cheap*now",
     VIEW("now cheap"), ""},
    {"a wildcard fits one line", "l w 1 wildcard *cheap*", VIEW("one\ntwo cheap\nthree"), "w+two cheap"},
    {"an empty match shows the rest of its line", "l r 1 regex (?=cheap)", VIEW("buy cheap\nnow"), "r+cheap"},
    {"what is shown is harmless", "l r 1 regex a.*b",
     VIEW("a\x1b[2J\xe2\x80\xae"
          "b"),
     "r+a?[2J?b"},
    {"... and short", "l r 1 regex a+",
     VIEW("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
     "r+aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa..."},
    {"what is no UTF-8 is taken for Windows-1252", "l c 1 contains m\xc3\xbcller", VIEW("M\xfcller"),
     "c+M\xc3\xbcller"},
    {"a NUL within", "l c 1 contains cheap", VIEW("a\0cheap"), "c+cheap"},
    {"a limit is told", "l r 1 regex (a*)*[xy]",
     VIEW("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaa"
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
          "aaaaaa"),
     "r-the regular expression took too many steps"},
};

static void body_rules_find(void **state)
{
    struct view none = {NULL, 0};
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < N(bodies); i++) {
        struct rules *r = open_good(bodies[i].rules, RULE_BODY);

        for (unsigned again = 0; again < 2; again++) {
            rules_begin(r);
            rules_look(r, none, bodies[i].text);
            if (strcmp(findings(r, &b), bodies[i].wanted) != 0)
                fail_msg("%s: %s", bodies[i].behaviour, b.p);
        }
        rules_begin(r);
        assert_string_equal(findings(r, &b), "");
        rules_close(r);
    }
    buf_free(&b);
}

static void header_rules_look_at_their_fields(void **state)
{
    struct rules *r = open_good("l s 1 contains Subject: cheap\nl any 1 contains *: cheap\n"
                                "l to 1 wildcard To: *@example.org\nl r 1 regex x-mailer: ^bulk",
                                RULE_HEADER);
    struct buf b = {0};

    (void)state;
    rules_begin(r);
    rules_look(r, VIEW("To"), VIEW("cheap@example.net"));
    assert_string_equal(findings(r, &b), "any+To: cheap");
    rules_look(r, VIEW("X-Mailer"), VIEW("Bulk 1.0"));
    rules_look(r, VIEW("SUBJECT"), VIEW("cheap"));
    rules_look(r, VIEW("TO"), VIEW("a@example.org"));
    assert_string_equal(findings(r, &b),
                        "s+SUBJECT: cheap; any+To: cheap; to+TO: a@example.org; r+X-Mailer: Bulk");
    rules_begin(r);
    rules_look(r, VIEW("Subject2"), VIEW("cheap"));
    rules_look(r, VIEW("\x1b[2J"), VIEW("dear"));
    assert_string_equal(findings(r, &b), "any+Subject2: cheap");
    buf_free(&b);
    rules_close(r);
}

static void the_first_hit_of_several_texts_is_told(void **state)
{
    struct rules *r = open_good(CHEAP, RULE_BODY);
    struct view none = {NULL, 0};
    struct buf b = {0};

    (void)state;
    rules_begin(r);
    rules_look(r, none, VIEW("Cheap"));
    rules_look(r, none, VIEW("CHEAP"));
    assert_string_equal(findings(r, &b), "cheap+Cheap");
    buf_free(&b);
    rules_close(r);
}

static void text_is_bounded(void **state)
{
    struct rules *r = open_good(CHEAP, RULE_BODY);
    struct view none = {NULL, 0};
    char *text = xcalloc(RULES_TEXT_MAX + 100, 1);
    struct buf b = {0};

    (void)state;
    memset(text, 'x', RULES_TEXT_MAX + 100);
    for (int off = -1; off <= 1; off++) {
        size_t n = RULES_TEXT_MAX + (size_t)off;

        memcpy(text + n - 5, "cheap", 5);
        rules_begin(r);
        rules_look(r, none, (struct view){text, 100});
        rules_look(r, none, (struct view){text + 100, n - 100});
        assert_int_equal(rules_cut(r), off > 0);
        assert_string_equal(findings(r, &b), off > 0 ? "" : "cheap+cheap");
        memcpy(text + n - 5, "xxxxx", 5);
    }
    rules_look(r, none, VIEW("cheap"));
    assert_string_equal(findings(r, &b), "");
    rules_begin(r);
    assert_false(rules_cut(r));
    buf_free(&b);
    free(text);
    rules_close(r);
}

static const struct {
    const char *behaviour, *rules;
    struct view text;
    const char *wanted, *as_it_stands;
} disguised[] = {
    {"a soft hyphen within", CHEAP,
     VIEW("buy che\xc2\xad"
          "ap"),
     "cheap+cheap", ""},
    {"wide letters", CHEAP, VIEW("\xef\xbd\x83\xef\xbc\xa8\xef\xbd\x85\xef\xbd\x81\xef\xbd\x90"),
     "cheap+cHeap", ""},
    {"for wildcards and expressions, too", "l w 1 wildcard buy*cheap\nl r 1 regex \\bch[e]ap$",
     VIEW("buy che\xe2\x80\x8b\xe2\x80\x8b"
          "ap"),
     "w+buy cheap; r+cheap", ""},
    {"one rule for either text is one finding", "l a 1 contains buy\nl b 1 contains \xc2\xad",
     VIEW("buy\xc2\xad buy"), "a+buy; b+?", "a+buy; b+?"},
    {"other characters are no disguise", CHEAP,
     VIEW("che\xe2\x80\x99"
          "ap"),
     "", ""},
};

static void disguised_words_are_found(void **state)
{
    struct view none = {NULL, 0};
    struct buf b = {0};

    (void)state;
    for (size_t i = 0; i < N(disguised); i++) {
        struct rules *r = open_good(disguised[i].rules, RULE_BODY);

        rules_begin(r);
        rules_look(r, none, disguised[i].text);
        assert_string_equal(findings(r, &b), disguised[i].as_it_stands);
        rules_begin(r);
        rules_look_seen(r, none, disguised[i].text);
        if (strcmp(findings(r, &b), disguised[i].wanted) != 0)
            fail_msg("%s: %s", disguised[i].behaviour, b.p);
        assert_int_equal(rules_room(r), RULES_TEXT_MAX - disguised[i].text.n);
        rules_close(r);
    }
    buf_free(&b);
}

static void three_limits_suspend_a_rule_in_this_child(void **state)
{
    struct rules *r = open_good("l bad 1 regex (a*)*[xy]\nl good 1 regex aa", RULE_BODY);
    struct view none = {NULL, 0};
    char evil[1000];
    struct buf b = {0};

    (void)state;
    memset(evil, 'a', sizeof evil);
    for (unsigned i = 0; i < RULES_STRIKES_MAX; i++) {
        rules_begin(r);
        rules_look(r, none, VIEW("harmless y"));
        assert_string_equal(findings(r, &b), "bad+y");
        rules_begin(r);
        rules_look(r, none, (struct view){evil, sizeof evil});
        rules_look(r, none, (struct view){evil, sizeof evil}); /* one time a message */
        assert_string_equal(findings(r, &b), "bad-the regular expression took too many steps; good+aa");
    }
    rules_begin(r);
    rules_look(r, none, VIEW("harmless y"));
    assert_string_equal(findings(r, &b), "bad-suspended in this process: a limit was met three times");
    buf_free(&b);
    rules_close(r);
}

static const struct {
    const char *behaviour, *rules, *why;
} wrong[] = {
    {"a line that is no rule", CHEAP "\nl x 1 contains", "lists/l:2: something is missing; accepted: "},
    {"an expression that is none", CHEAP "\nl x 1 regex (",
     "lists/l:2: the regular expression is wrong at its byte 2: missing closing parenthesis"},
    {"a name twice", CHEAP "\nl x 1 contains x\nl cheap 2 regex y",
     "lists/l:3: there is a rule of the name \"cheap\" already, in line 1"},
    {"a name that begins another one is not that one",
     "l ab 1 contains x\nl a 1 contains x\nl a 1 contains x",
     "lists/l:3: there is a rule of the name \"a\" already, in line 2"},
};

static void wrong_lists_name_their_line(void **state)
{
    (void)state;
    for (size_t i = 0; i < N(wrong); i++) {
        struct buf why = {0};

        assert_null(open_rules(wrong[i].rules, RULE_BODY, &why));
        if (strncmp(why.p, wrong[i].why, strlen(wrong[i].why)) != 0)
            fail_msg("%s: %s", wrong[i].behaviour, why.p);
        buf_free(&why);
    }
}

/* The same rule, under other names. */
static struct rules *open_many(unsigned n, const char *rest, struct buf *why)
{
    struct buf bytes = {0}, line = {0};
    struct settings s;
    struct rules *r;

    for (unsigned i = 0; i < n; i++) {
        buf_clear(&line);
        buf_addf(&line, "n%u 1 %s", i, rest);
        check_entry(&bytes, "l", buf_view(&line), i + 1);
    }
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    r = rules_open(&s, "l", RULE_BODY, why);
    settings_free(&s);
    buf_free(&bytes);
    buf_free(&line);
    return r;
}

static void lists_are_bounded(void **state)
{
    (void)state;
    for (int off = -1; off <= 1; off++) {
        struct buf why = {0};
        struct rules *r = open_many((unsigned)(RULES_MAX + off), "contains a", &why);

        assert_int_equal(r != NULL, off <= 0);
        if (!r)
            assert_string_equal(
                why.p, "lists/l:20001: there are too many rules in this list; accepted: up to 20000");
        else
            assert_int_equal(rules_count(r), RULES_MAX + off);
        buf_free(&why);
        rules_close(r);
    }
}

static int64_t cpu_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Each of many expressions may take its time, all together may not. */
static void all_rules_together_have_an_end(void **state)
{
    struct buf why = {0}, b = {0};
    struct rules *r = open_many(300, "regex (?=a*[xy])b|[cd]", &why);
    char *text = xcalloc(RULES_TEXT_MAX, 1);
    struct view none = {NULL, 0};
    int64_t took = cpu_ms();

    (void)state;
    memset(text, 'a', RULES_TEXT_MAX);
    rules_begin(r);
    rules_look(r, none, (struct view){text, RULES_TEXT_MAX});
    took = cpu_ms() - took;
    print_message("300 evil expressions: %d ms\n", (int)took);
    findings(r, &b);
    assert_non_null(strstr(b.p, "n0-the regular expression took too much time; n1-"));
    assert_null(strstr(b.p, "n299-"));
    assert_int_equal(strstr(b.p, "n1-") != NULL, 1);
    assert_in_range(rules_unlooked(r), 250, 299);
    rules_begin(r);
    assert_int_equal(rules_unlooked(r), 0);
    assert_true(took < RULES_TIME_MAX / 1000000 + 500);
    free(text);
    buf_free(&b);
    rules_close(r);
}

static void expressions_are_machine_code_here(void **state)
{
    struct rules *r = open_good("l a 1 regex a\nl b 1 regex b", RULE_BODY);

    (void)state;
    assert_int_equal(rules_slow(r), 0);
    rules_close(r);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(body_rules_find),
        cmocka_unit_test(header_rules_look_at_their_fields),
        cmocka_unit_test(the_first_hit_of_several_texts_is_told),
        cmocka_unit_test(text_is_bounded),
        cmocka_unit_test(disguised_words_are_found),
        cmocka_unit_test(three_limits_suspend_a_rule_in_this_child),
        cmocka_unit_test(wrong_lists_name_their_line),
        cmocka_unit_test(lists_are_bounded),
        cmocka_unit_test(all_rules_together_have_an_end),
        cmocka_unit_test(expressions_are_machine_code_here),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
