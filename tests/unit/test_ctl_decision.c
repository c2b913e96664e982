/*
 * test_ctl_decision.c - unit tests of tools/ctl_decision.c, ctl_decision_checks.c and ctl_decision_whole.c: a
 * decision record for people.
 *
 * Run by `make check`. What is printed goes to a memory stream.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_decision.h"
#include "tools/ctl_text.h"

#include <stdlib.h>

static const struct view addresses[] = {VIEW("a@example.org"), VIEW("b\x1b@example.org"),
                                        VIEW("c\xff@example.org")};

typedef void print_fn(struct ctl_print *p, const struct ctl_decision *d);

static char *told(print_fn *print, const char *json, size_t width, bool verbose)
{
    char *text = NULL;
    size_t n = 0;
    struct ctl_print p = {.to = open_memstream(&text, &n), .width = width};
    json_t *o = json_loads(json, 0, NULL);
    const struct ctl_decision d = {.record = o, .rcpt = addresses, .rcpt_n = 3, .verbose = verbose};

    assert_non_null(o);
    print(&p, &d);
    fclose(p.to);
    json_decref(o);
    return text;
}

static void expect(print_fn *print, const char *json, const char *wanted)
{
    char *text = told(print, json, 0, false);

    if (strcmp(text, wanted) != 0)
        fail_msg("%s: got\n%s", json, text);
    free(text);
}

#define LEVEL "\"weight\":12.5,\"level\":\"low\",\"action\":\"tag\""

static void outcomes_name_recipient_reason_and_setting(void **state)
{
    (void)state;
    expect(ctl_decision_print_outcomes,
           "{\"fate\":\"send\",\"decisions\":[{\"to\":\"1-2\"," LEVEL ",\"why\":\"level\",\"threshold\":10,"
           "\"section\":\"level "
           "low\",\"key\":\"action\",\"line\":\"a.ini:3\",\"text\":\"[SPAM\\u001b]\",\"copy\":2}]}",
           "for            a@example.org, b\\x1b@example.org\n"
           "  action       tag: weight 12.5 is level low (from 10 on)\n"
           "  set by       [level low] action (a.ini:3)\n"
           "  copy         2\n"
           "  subject text [SPAM\\x1b]\n");
    expect(
        ctl_decision_print_outcomes,
        "{\"fate\":\"quarantine\",\"decisions\":[{\"to\":\"3\",\"weight\":31,\"level\":\"high\",\"action\":"
        "\"redirect\","
        "\"why\":\"threshold\",\"threshold\":30,\"section\":\"filter\",\"key\":\"threshold_action\","
        "\"profile\":\"own\","
        "\"line\":\"b:1\",\"redirect\":\"x@example.org\",\"weights\":[{\"name\":\"spf\",\"result\":\"fail\","
        "\"weight\":25,"
        "\"line\":\"b:9\"}]}]}",
        "for            c\\xff@example.org\n"
        "  action       redirect: weight 31 is level high and reaches the threshold 30; quarantined instead\n"
        "  set by       [profile own] filter.threshold_action (b:1)\n"
        "  own weights  spf fail 25 (b:9)\n"
        "  meant for    x@example.org\n");
    expect(
        ctl_decision_print_outcomes,
        "{\"fate\":\"quarantine\",\"decisions\":[{\"to\":\"3\",\"weight\":31,\"level\":\"high\",\"action\":"
        "\"redirect\",\"redirect\":\"x@example.org\",\"copy\":1}]}",
        "for            c\\xff@example.org\n"
        "  action       redirect: weight 31 is level high\n"
        "  copy         1\n"
        "  redirected to x@example.org\n");
    expect(ctl_decision_print_outcomes,
           "{\"decisions\":[{\"to\":\"4,9\",\"weight\":1,\"level\":\"none\",\"action\":\"quarantine\","
           "\"why\":\"blacklist\"},"
           "{},7]}",
           "for            recipient 4,9\n"
           "  action       quarantine: its client is in the blacklist, weight 1 is level none\n"
           "for            any recipient\n"
           "  action       : weight not known is level\n"
           "for            any recipient\n"
           "  action       : weight not known is level\n");
}

static void many_recipients_are_counted(void **state)
{
    char *text = told(ctl_decision_print_brief,
                      "{\"decisions\":[{\"rcpt\":[\"a\",\"b\",\"c\",\"d\",\"e\"],\"rcpt_more\":7," LEVEL
                      ",\"why\":\"level\"}]}",
                      0, false);

    (void)state;
    assert_string_equal(text, "    tag for a, b, c and 9 more: weight 12.5 is level low\n");
    free(text);
}

static void bytes_survive_json(void **state)
{
    json_t *o = json_loads("{\"decisions\":[{\"to\":\"2-3,5\"},{\"to\":\"1\",\"rcpt\":[\"kept\"]},0]}", 0,
                           NULL),
           *list;
    struct buf bytes = {0};
    char *text;

    (void)state;
    ctl_decision_resolve(o, addresses, 3);
    text = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
    assert_string_equal(
        text,
        "{\"decisions\":[{\"to\":\"2-3,5\",\"rcpt\":[\"b\\u001B@example.org\",\"c\\u00FF@example.org\"]},"
        "{\"to\":\"1\",\"rcpt\":[\"kept\"]},0],\"raw\":true}");
    list = json_object_get(json_array_get(json_object_get(o, "decisions"), 0), "rcpt");
    ctl_decision_add_bytes(&bytes, json_array_get(list, 1), true);
    assert_true(view_equal(buf_view(&bytes), addresses[2]));
    buf_free(&bytes);
    free(text);
    json_decref(o);
}

/* Nobody has two decisions: a record that says so must not become more than it has recipients. */
static void a_damaged_record_does_not_grow(void **state)
{
    json_t *o = json_loads("{\"decisions\":[{\"to\":\"1-2\"},{\"to\":\"1-3\"},{\"to\":\"1-3\"}]}", 0, NULL);
    char *text;

    (void)state;
    ctl_decision_resolve(o, addresses, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(
            json_array_size(json_object_get(json_array_get(json_object_get(o, "decisions"), i), "rcpt")),
            i == 0   ? 2
            : i == 1 ? 1
                     : 0);
    json_decref(o);
    text = told(ctl_decision_print_brief,
                "{\"decisions\":[{\"to\":\"1-999999,1-999999\"," LEVEL ",\"why\":\"level\"},"
                "{\"to\":\"1-2,1-3\"," LEVEL ",\"why\":\"level\"}]}",
                0, false);
    assert_string_equal(text,
                        "    tag for recipient 1-999999,1-999999: weight 12.5 is level low\n"
                        "    tag for a@example.org, b\\x1b@example.org, a@example.org and 2 more: weight "
                        "12.5 is level low\n");
    free(text);
}

#define CHECKS                                                                                               \
    "{\"weight\":5.5,\"checks\":[{\"name\":\"dull\",\"result\":\"miss\",\"weight\":0,\"line\":\"default\"}," \
    "{\"name\":\"open\",\"result\":\"unknown\",\"weight\":0,\"line\":\"default\"},"                          \
    "{\"name\":\"light\",\"result\":\"hit\",\"weight\":1.5,\"detail\":\"x\\u001b\",\"count\":3,\"line\":"    \
    "\"a:1\"},"                                                                                              \
    "{\"name\":\"minus\",\"result\":\"hit\",\"weight\":-4,\"line\":\"a:2\"},"                                \
    "{\"name\":\"heavy\",\"result\":\"fail\",\"weight\":8,\"line\":\"a:3\"},"                                \
    "{\"name\":\"none-but-heavy\",\"result\":\"none\",\"weight\":1.5,\"line\":\"a:4\"}]"

static void checks_are_sorted_by_weight_and_dull_ones_counted(void **state)
{
    char *text =
        told(ctl_decision_print_checks,
             CHECKS ",\"decisions\":[{\"weight\":5.5,\"level\":\"low\",\"why\":\"level\",\"threshold\":5}]}",
             60, false);

    (void)state;
    assert_string_equal(text, "CHECK           RESULT  WEIGHT  WHY                   SET BY\n"
                              "heavy           fail         8                        a:3\n"
                              "minus           hit         -4                        a:2\n"
                              "light           hit        1.5  x\\x1b (3 times)       a:1\n"
                              "none-but-heavy  none       1.5                        a:4\n"
                              "total                      5.5  level low, from 5 on\n"
                              "1 other check found nothing\n"
                              "1 check could not be answered: what it needs is not known\n");
    free(text);
    text = told(ctl_decision_print_checks,
                CHECKS ",\"decisions\":[{\"weight\":5.5,\"level\":\"low\"},{\"weight\":7}]}", 0, true);
    assert_non_null(strstr(text, "\ndull            miss          0"));
    assert_non_null(strstr(text, "levels differ, see below"));
    assert_null(strstr(text, "other check"));
    free(text);
}

static void skipped_checks_say_why(void **state)
{
    char *text = told(ctl_decision_print_checks,
                      "{\"weight\":0,\"checks\":[{\"name\":\"a\",\"result\":\"skipped\",\"weight\":0},"
                      "{\"name\":\"b\",\"result\":\"skipped\",\"weight\":0,\"detail\":\"logged in\\u001b\"},"
                      "{\"name\":\"c\",\"result\":\"miss\",\"weight\":0}]}",
                      0, false);

    (void)state;
    assert_non_null(strstr(text, "\n2 checks were skipped: logged in\\x1b\n1 other check found nothing\n"));
    free(text);
}

static void no_line_is_wider_than_the_page(void **state)
{
    static const size_t widths[] = {0, 1, 60, 80, 99, 100, 300};
    struct buf json = {0};

    (void)state;
    buf_add_str(&json, "{\"weight\":1,\"reason\":\"");
    for (int i = 0; i < 100; i++)
        buf_addf(&json, "word%d ", i);
    buf_add_str(&json, "\",\"checks\":[{\"name\":\"");
    for (int i = 0; i < 300; i++)
        buf_add_char(&json, 'n');
    buf_add_str(&json, "\",\"result\":\"hit\",\"weight\":123456.125,\"detail\":\"");
    for (int i = 0; i < 300; i++)
        buf_add_str(&json, i % 9 ? "d" : " \xc3\xa4");
    buf_addf(&json, "\",\"line\":\"/a/very/%0200d/long/path:123456\"}],\"by\":\"recipients\"}", 0);
    for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
        print_fn *const print[] = {ctl_decision_print_checks, ctl_decision_print_whole};

        for (size_t i = 0; i < 2; i++) {
            const size_t most = widths[w] == 0 || widths[w] > 100 ? 100 : widths[w] < 60 ? 60 : widths[w];
            char *text = told(print[i], json.p, widths[w], false);

            for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1)
                if (ctl_text_width((struct view){line, (size_t)(end - line)}) > most)
                    fail_msg("width %zu: %.*s", widths[w], (int)(end - line), line);
            free(text);
        }
    }
    buf_free(&json);
}

static const struct {
    const char *json, *wanted;
} wholes[] = {
    {"{}", ""},
    {"{\"by\":\"virus\",\"fate\":\"quarantine\",\"class\":\"virus\",\"reason\":\"virus: E\\u001b\","
     "\"virus\":{\"state\":\"infected\",\"name\":\"E\"}}",
     "virus scan     infected: E\ndecided by     the virus scanner: a virus was found\n"
     "fate           quarantined as virus\nreason         virus: E\\x1b\n"},
    {"{\"by\":\"unexamined\",\"fate\":\"hold\",\"virus\":{\"state\":\"unexamined\",\"why\":\"engine\","
     "\"detail\":\"gone\"}}",
     "virus scan     unexamined: engine, gone\ndecided by     the virus scanner: it could not be examined\n"
     "fate           held, and tried again later\n"},
    {"{\"by\":\"later\",\"fate\":\"send\",\"virus\":{\"state\":\"not asked\"},\"direction\":\"incoming\","
     "\"client\":{\"ip\":\"192.0.2.1\",\"name\":\"m.example.org\",\"helo\":\"h\",\"via\":[\"192.0.2.9\"]},"
     "\"envelope\":{\"auth\":\"u\"}}",
     "client         192.0.2.1 (m.example.org), HELO h, through gateway 192.0.2.9, logged in as u\n"
     "direction      incoming\ndecided by     later\nfate           sent on\n"},
    {"{\"fate\":\"discard\",\"decisions\":[{\"copy\":1},{}]}",
     "fate           discarded for some of its recipients, sent on to the others\n"},
};

static void what_decided_is_said_in_words(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++)
        expect(ctl_decision_print_whole, wholes[i].json, wholes[i].wanted);
}

static void what_was_not_got_is_said(void **state)
{
    (void)state;
    expect(ctl_decision_print_incomplete, "{\"facts\":{\"dns\":{\"A x.example.org\":{\"answers\":[]}}}}", "");
    expect(ctl_decision_print_incomplete,
           "{\"incomplete\":[\"facts did not come in time "
           "(antispam.budget)\"],\"checks_cut\":true,\"facts\":{\"dns\":{"
           "\"TXT a\":{\"rcode\":\"TIMEOUT\"},\"TXT b\":{\"rcode\":\"NXDOMAIN\"},\"TXT "
           "c\":{\"rcode\":\"SERVFAIL\"},"
           "\"A 1\":{\"rcode\":\"TIMEOUT\"},\"A 2\":{\"rcode\":\"TIMEOUT\"},\"A 3\":{\"rcode\":\"TIMEOUT\"},"
           "\"A 4\":{\"rcode\":\"TIMEOUT\"}}}}",
           "incomplete     facts did not come in time (antispam.budget)\n"
           "not got        the DNS did not answer: TXT a (TIMEOUT), TXT c (SERVFAIL), A 1 (TIMEOUT), A 2\n"
           "               (TIMEOUT), A 3 (TIMEOUT) and 1 more\n"
           "not kept       the checks: there were too many for the journal\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_name_recipient_reason_and_setting),
        cmocka_unit_test(many_recipients_are_counted),
        cmocka_unit_test(bytes_survive_json),
        cmocka_unit_test(a_damaged_record_does_not_grow),
        cmocka_unit_test(checks_are_sorted_by_weight_and_dull_ones_counted),
        cmocka_unit_test(skipped_checks_say_why),
        cmocka_unit_test(no_line_is_wider_than_the_page),
        cmocka_unit_test(what_decided_is_said_in_words),
        cmocka_unit_test(what_was_not_got_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
