/*
 * test_ctl_check_decide.c - unit tests of tools/ctl_check_decide.c: what would become of a file, for whom.
 *
 * Run by `make check`, in a folder of its own. The rules themselves are tested in test_decide.c and
 * test_decide_whole.c.
 */
#include "tools/ctl_check_decide.h"

#include "common/antispam.h"

#include "tests/unit/config_world.h"

#define INI                                                                                                  \
    "[lists]\nbody_rules = @lists/body\ndomains = @lists/domains\n[site]\nauthserv_id = m.example.org\n"     \
    "[profile strict]\nlow.action = quarantine\n[profile gone]\nlow.action = discard\n"                      \
    "[profile tag]\nlow.action = tag\nlow.text = x\n"

static struct config *settings(const char *more)
{
    char *ini = xasprintf("%s%s", INI, more);
    struct config *c;

    config_world_put("lists/body", "cheap 12 contains a\n");
    config_world_put("lists/domains", "strict.example strict\ngone.example gone\ntag.example tag\n");
    c = config_world_load(ini);
    free(ini);
    return c;
}

static struct antispam_result cheap = {
    .check = CHECK_body, .result = RESULT_hit, .count = 1, .name = VIEW("cheap")};
static const struct antispam_verdict verdict = {.result = &cheap, .n = 1};
static const struct view rcpt[] = {VIEW("a@example.org"), VIEW("b@strict.example"), VIEW("c@tag.example"),
                                   VIEW("\xff@gone.example"), VIEW("d@example.org")};

static void each_recipient_has_his_outcome(void **state)
{
    struct config *c = settings("");
    struct ctl_check_about about = {.antispam = true, .rcpt = rcpt, .rcpt_n = 5};
    struct ctl_check_file f = {.verdict.state = ANTIVIRUS_CLEAN};

    (void)state;
    ctl_check_decide(c, &about, &f, &verdict);
    assert_string_equal(
        f.decided.recipients.p,
        "[{\"rcpt\":\"a@example.org\",\"weight\":12,\"level\":\"low\",\"action\":\"header\",\"copy\":1},"
        "{\"rcpt\":\"b@strict.example\",\"weight\":12,\"level\":\"low\",\"action\":\"quarantine\"},"
        "{\"rcpt\":\"c@tag.example\",\"weight\":12,\"level\":\"low\",\"action\":\"tag\",\"copy\":2},"
        "{\"rcpt\":\"\\u00ff@gone.example\",\"weight\":12,\"level\":\"low\",\"action\":\"discard\",\"raw\":"
        "true},"
        "{\"rcpt\":\"d@example.org\",\"weight\":12,\"level\":\"low\",\"action\":\"header\",\"copy\":1}]");
    assert_string_equal(f.decided.level, "low");
    assert_int_equal(strlen(f.decided.config), 32);
    assert_string_equal(f.decided.action, "discard");
    assert_string_equal(f.decided.by, "recipients");
    assert_string_equal(f.decided.fate, "quarantine");
    assert_string_equal(f.decided.class, "spam");
    assert_string_equal(f.decided.direction, "incoming");
    assert_non_null(strstr(f.decided.decisions.p, "{\"to\":\"1,5\","));
    ctl_check_decided_free(&f.decided);
    config_free(&c);
}

/* Of two copies each names its own; of one none is named. */
static void edits_are_those_of_each_copy(void **state)
{
    struct config *c = settings("");
    struct ctl_check_about about = {.antispam = true, .rcpt = rcpt, .rcpt_n = 3};
    struct ctl_check_file f = {.verdict.state = ANTIVIRUS_CLEAN};

    (void)state;
    ctl_check_decide(c, &about, &f, &verdict);
    assert_ptr_equal(strstr(f.decided.edits.p, "[{\"op\":\"remove\",\"name\":\"X-Spam-*\",\"copy\":1},"),
                     f.decided.edits.p);
    assert_non_null(
        strstr(f.decided.edits.p, "{\"op\":\"add\",\"name\":\"X-Spam-Flag\",\"value\":\"YES\",\"copy\":2}"));
    assert_non_null(
        strstr(f.decided.edits.p, "{\"op\":\"subject\",\"name\":\"Subject\",\"value\":\"x\",\"copy\":2}]"));
    about.rcpt_n = 0;
    ctl_check_decide(c, &about, &f, &verdict);
    assert_string_equal(f.decided.recipients.p,
                        "[{\"rcpt\":\"\",\"weight\":12,\"level\":\"low\",\"action\":\"header\",\"copy\":1}]");
    assert_ptr_equal(strstr(f.decided.edits.p,
                            "[{\"op\":\"remove\",\"name\":\"X-Spam-*\"},{\"op\":\"remove\",\"name\":"
                            "\"Authentication-Results\",\"value\":\"m.example.org\"},{\"op\":\"add\""),
                     f.decided.edits.p);
    assert_null(strstr(f.decided.edits.p, "copy"));
    about.antispam = false;
    ctl_check_decide(c, &about, &f, NULL);
    assert_string_equal(f.decided.edits.p, "[]");
    assert_string_equal(f.decided.recipients.p, "[{\"rcpt\":\"\",\"action\":\"deliver\",\"copy\":1}]");
    assert_null(f.decided.level);
    ctl_check_decided_free(&f.decided);
    config_free(&c);
}

static const struct {
    const char *says, *ini;
    enum antivirus_state state;
    enum antivirus_why why;
    uint64_t size, odd;
    const char *by, *action, *class;
} wholes[] = {
    {"clean", "", ANTIVIRUS_CLEAN, 0, 9, 0, "recipients", "header", NULL},
    {"a virus", "", ANTIVIRUS_INFECTED, 0, 9, 0, "virus", "quarantine", "virus"},
    {"a virus that is to be deleted", "[antivirus]\nvirus_action = delete\n", ANTIVIRUS_INFECTED, 0, 9, 0,
     "virus", "discard", NULL},
    {"no engine", "", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENGINE, 9, 0, "unexamined", "hold", NULL},
    {"a limit", "", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT, 9, 0, "unexamined", "quarantine", "policy"},
    {"encrypted is tagged", "", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, 9, 0, "recipients", "header",
     NULL},
    {"too large", "[spool]\nmax_message_size = 1K\n", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT, 1025, 0, "size",
     "quarantine", "failed"},
    {"as large as may be", "[spool]\nmax_message_size = 1K\n", ANTIVIRUS_CLEAN, 0, 1024, 0, "recipients",
     "header", NULL},
    {"ambiguous", "[mime]\nambiguous_action = quarantine\n", ANTIVIRUS_CLEAN, 0, 9, 1ull << ODDITY_BOUNDARIES,
     "ambiguous", "quarantine", "policy"},
    {"ambiguous is tagged", "", ANTIVIRUS_CLEAN, 0, 9, 1ull << ODDITY_BOUNDARIES, "recipients", "header",
     NULL},
};

static void the_message_as_a_whole_is_decided_first(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof *wholes; i++) {
        struct config *c = settings(wholes[i].ini);
        struct ctl_check_about about = {.antispam = true, .rcpt = rcpt, .rcpt_n = 1};
        struct ctl_check_file f = {.size = wholes[i].size,
                                   .verdict = {.state = wholes[i].state, .why = wholes[i].why, .text = "E"},
                                   .parts.odd = wholes[i].odd};

        ctl_check_decide(c, &about, &f, &verdict);
        if (strcmp(f.decided.by, wholes[i].by) != 0 || strcmp(f.decided.action, wholes[i].action) != 0 ||
            !view_equal(view_of(f.decided.class), view_of(wholes[i].class)))
            fail_msg("%s: by %s, %s, %s", wholes[i].says, f.decided.by, f.decided.action,
                     f.decided.class ? f.decided.class : "");
        assert_int_equal(strcmp(f.decided.edits.p, "[]") != 0, strcmp(f.decided.by, "recipients") == 0);
        ctl_check_decided_free(&f.decided);
        config_free(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_has_his_outcome),
        cmocka_unit_test(edits_are_those_of_each_copy),
        cmocka_unit_test(the_message_as_a_whole_is_decided_first),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
