/*
 * test_check_spf_helo.c - the check spf_helo asks about HELO, whoever the sender is, and tells nothing of
 * him.
 *
 * Run by `make check`.
 */
#include "tests/unit/spf_judge.h"

extern const struct check_ops check_spf_helo;

static void *open_default(void)
{
    struct settings s = {0};
    struct buf why = {0};
    void *state;

    assert_int_equal(settings_open(&s, VIEW("")), 0);
    state = check_spf_helo.open(&s, &why);
    settings_free(&s);
    assert_non_null(state);
    return state;
}

static void helo_is_judged(void **state)
{
    static const struct {
        const char *says, *sender, *helo, *ip;
        enum check_result result;
        const char *detail, *props;
    } rows[] = {
        {"a name with a record", "a@example.org", "MAIL.example.net", "192.0.2.1", RESULT_fail, "-all",
         "smtp.helo=mail.example.net"},
        {"the null sender as well", "", "mail.example.net", "192.0.2.1", RESULT_fail, "-all",
         "smtp.helo=mail.example.net"},
        {"postmaster is who sends", "a@example.org", "local.example.net", "192.0.2.1", RESULT_pass,
         "redirect=postmaster.example.net: all", "smtp.helo=local.example.net"},
        {"a name without one", "a@example.org", "none.example.net", "192.0.2.1", RESULT_none,
         "none.example.net has no SPF record", "smtp.helo=none.example.net"},
        {"a single word", "a@example.org", "localhost", "192.0.2.1", RESULT_none,
         "no domain that could have a record", "smtp.helo=localhost"},
        {"no HELO", "a@example.org", "", "192.0.2.1", RESULT_none, "no domain that could have a record", ""},
        {"no address", "a@example.org", "mail.example.net", NULL, RESULT_none,
         "the client's address is not known", "smtp.helo=mail.example.net"},
    };
    void *engine = open_default();

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spf_round r;

        spf_round_open(&r, rows[i].sender, rows[i].helo, rows[i].ip);
        spf_round_txt(&r, "mail.example.net", "v=spf1 -all");
        spf_round_txt(&r, "none.example.net", "");
        spf_round_txt(&r, "local.example.net", "v=spf1 redirect=%{l}.example.net");
        spf_round_txt(&r, "postmaster.example.net", "v=spf1 all");
        check_spf_helo.judge(&r.j, engine);
        spf_round_expect(&r, CHECK_spf_helo, rows[i].result, rows[i].detail, rows[i].props);
        assert_int_equal(r.j.auth.spf_helo, rows[i].result);
        assert_int_equal(r.j.auth.spf, RESULT__MAX);
        spf_round_close(&r);
    }
    check_spf_helo.close(engine);
}

static void needs_are_named(void **state)
{
    void *engine = open_default();
    struct spf_round r;

    (void)state;
    spf_round_open(&r, "a@example.org", "mail.example.net", "192.0.2.1");
    check_spf_helo.unfold(&r.j, engine);
    assert_int_equal(r.verdict.n, 0);
    assert_int_equal(r.needs.n, 1);
    assert_true(view_equal(r.needs.need[0].name, VIEW("mail.example.net")));
    assert_int_equal(r.j.auth.spf_helo, RESULT_unknown);
    spf_round_close(&r);
    check_spf_helo.close(engine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(helo_is_judged),
        cmocka_unit_test(needs_are_named),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
