/*
 * test_ctl_explain.c - unit tests of tools/ctl_explain.c: words, the head of a message, and why it is held.
 *
 * Run by `make check`. The table of checks is tested in test_ctl_decision.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_explain.h"

#include <stdlib.h>

static const struct {
    const char *word[3];
    size_t n;
    int code;
    const char *id;
    bool verbose;
} words[] = {
    {{"x"}, 1, 0, "x", false},
    {{"x", "--verbose"}, 2, 0, "x", true},
    {{"--verbose", "x"}, 2, 0, "x", true},
    {{NULL}, 0, 64, NULL, false},
    {{"--verbose"}, 1, 64, NULL, true},
    {{"x", "y"}, 2, 64, "y", false},
    {{"x\n"}, 1, 64, "x\n", false},
};

static void words_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct ctl_explain e = {.word = NULL};
        struct buf why = {0};
        struct ctl_words w = {.word = (char *const *)(uintptr_t)words[i].word, .n = words[i].n};

        assert_int_equal(ctl_explain_parse(w, &e, &why), words[i].code);
        assert_int_equal(why.n > 0, words[i].code != 0);
        assert_int_equal(e.verbose, words[i].verbose);
        if (!words[i].code)
            assert_string_equal(e.word, words[i].id);
        buf_free(&why);
    }
}

static struct ctl_record record_of(char *id, struct view *rcpt, const char *json)
{
    struct ctl_record r = {.id = id,
                           .where = "accepted",
                           .last = "delivered",
                           .name = VIEW("n\x1b"),
                           .client = VIEW("192.0.2.1"),
                           .has_from = true,
                           .rcpt = rcpt,
                           .rcpt_n = 2,
                           .at_ms = 1767323045678,
                           .size = 2048};

    if (*json)
        buf_add_str(&r.json, json);
    return r;
}

static char *told(const struct ctl_record *r, const char *head)
{
    char *text = NULL;
    size_t n = 0;
    struct ctl_print p = {.to = open_memstream(&text, &n)};
    json_t *o = head ? json_loads(head, 0, NULL) : NULL;

    ctl_explain_print(&p, r, o, false);
    fclose(p.to);
    json_decref(o);
    return text;
}

#define HEAD                                                                                                 \
    "id             x~1\nname           n\\x1b\nsince          2026-01-02 03:04:05 UTC\nfrom           <>\n" \
    "to             2 recipients\nsize           2.0k\n"

static struct view both[] = {VIEW("a@example.org"), VIEW("b\xff@example.org")};
static char id[] = "x~1";

static void a_held_message_says_why_and_until_when(void **state)
{
    struct ctl_record r = record_of(id, both, "");
    char *text;

    (void)state;
    r.last = "accepted";
    text = told(&r,
                "{\"state\":\"held\",\"reason\":\"no \\u001bworker\",\"next\":\"2026-01-02T03:05:00.000Z\"}");
    assert_string_equal(text,
                        HEAD "connected from 192.0.2.1\nnow            held\nheld because   no \\x1bworker\n"
                             "next try       2026-01-02 03:05:00 UTC; spoolctl retry tries it now\n"
                             "decision       nothing is decided yet: its checks are done when it is tried, "
                             "after the virus scan\n");
    free(text);
}

static void without_a_record_the_last_event_is_told(void **state)
{
    struct ctl_record r = record_of(id, both, "");
    char *text;

    (void)state;
    r.last = "quarantined";
    r.class = VIEW("spam");
    r.reason = VIEW("weight 31");
    text = told(&r, NULL);
    assert_non_null(strstr(text, "\nfate           quarantined as spam\nreason         weight 31\n"));
    assert_non_null(strstr(text, "no record of the decision is left"));
    free(text);
}

#define GAP "                                                                 "
#define RECORD                                                                                               \
    "{\"v\":1,\"config\":\"0123\",\"by\":\"recipients\",\"fate\":\"send\",\"client\":{\"ip\":\"192.0.2.1\"}" \
    ","                                                                                                      \
    "\"checks\":[{\"name\":\"spf\",\"result\":\"fail\",\"weight\":8.1,\"line\":\"a:1\"}],\"weight\":8.1,"    \
    "\"decisions\":[{\"to\":\"1-2\",\"weight\":8.1,\"level\":\"none\",\"action\":\"deliver\",\"why\":\"\","  \
    "\"copy\":1}]}"

static void a_record_is_told_to_its_end(void **state)
{
    struct ctl_record r = record_of(id, both, RECORD);
    char *text = told(&r, "{\"state\":\"delivered\"}");

    (void)state;
    assert_string_equal(text, HEAD
                        "now            delivered\nclient         192.0.2.1\n"
                        "decided by     the settings of its recipients, as below\nfate           sent on\n\n"
                        "CHECK  RESULT  WEIGHT  WHY" GAP "   SET BY\n"
                        "spf    fail       8.1     " GAP "   a:1\n"
                        "total             8.1  level none\n\n"
                        "for            a@example.org, b\\xff@example.org\n"
                        "  action       deliver: weight 8.1 is level none\n"
                        "  copy         1\n\n"
                        "settings       0123; to decide again by them: spoolctl replay x~1\n");
    free(text);
    buf_free(&r.json);
}

static void json_is_the_record_with_its_recipients(void **state)
{
    struct ctl_record r = record_of(id, both, RECORD);
    json_t *head = json_loads("{\"v\":1,\"state\":\"delivered\"}", 0, NULL), *o = ctl_explain_json(&r, head);
    char *text = json_dumps(o, JSON_COMPACT | JSON_REAL_PRECISION(15));

    (void)state;
    assert_string_equal(
        text,
        "{\"v\":1,\"id\":\"x~1\",\"at\":\"2026-01-02T03:04:05.678Z\",\"name\":\"n\\u001B\",\"from\":\"\","
        "\"recipients\":[\"a@example.org\",\"b\xc3\xbf@example.org\"],\"size\":2048,\"connected\":\"192.0.2."
        "1\","
        "\"last\":\"delivered\",\"recorded\":\"accepted\",\"config\":\"0123\",\"by\":\"recipients\",\"fate\":"
        "\"send\","
        "\"client\":{\"ip\":\"192.0.2.1\"},\"checks\":[{\"name\":\"spf\",\"result\":\"fail\",\"weight\":8.1,"
        "\"line\":"
        "\"a:1\"}],\"weight\":8.1,\"decisions\":[{\"to\":\"1-2\",\"weight\":8.1,\"level\":\"none\","
        "\"action\":"
        "\"deliver\",\"why\":\"\",\"copy\":1,\"rcpt\":[\"a@example.org\",\"b\xc3\xbf@example.org\"]}],"
        "\"raw\":true,"
        "\"now\":{\"v\":1,\"state\":\"delivered\"}}");
    free(text);
    json_decref(o);
    json_decref(head);
    buf_free(&r.json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_follow_the_table),
        cmocka_unit_test(a_held_message_says_why_and_until_when),
        cmocka_unit_test(without_a_record_the_last_event_is_told),
        cmocka_unit_test(a_record_is_told_to_its_end),
        cmocka_unit_test(json_is_the_record_with_its_recipients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
