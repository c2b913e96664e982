/*
 * test_check_spf.c - whom the check spf asks about, what it says, and which engine answers.
 *
 * Run by `make check`. How a record is judged is the matter of test_spf.c.
 */
#include "tests/unit/spf_judge.h"

#include "workers/antispam/check_spf.h"

extern const struct check_ops check_spf;

static void *open_with(const char *engine, struct buf *why)
{
    struct settings_item item = {.section = VIEW("spf"), .name = VIEW(""), .key = VIEW("engine")};
    struct settings s = {0};
    struct buf bytes = {0};
    void *state;

    item.value = view_of(engine);
    if (engine[0])
        settings_add(&bytes, &item);
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    state = check_spf.open(&s, why);
    settings_free(&s);
    buf_free(&bytes);
    return state;
}

static void what_is_said_of_whom(void **state)
{
    static const struct {
        const char *says, *sender, *helo, *ip;
        enum check_result result;
        const char *detail, *props;
        bool by_helo;
    } rows[] = {
        {"the sender's domain", "a@example.org", "mail.example.net", "192.0.2.1", RESULT_pass,
         "ip4:192.0.2.1", "smtp.mailfrom=example.org", false},
        {"postmaster of HELO for the null sender", "", "MAIL.example.net.", "192.0.2.1", RESULT_softfail,
         "~all", "smtp.helo=mail.example.net", true},
        {"a null sender whose HELO is an address", "", "[192.0.2.1]", "192.0.2.1", RESULT_none,
         "no domain that could have a record", "", true},
        {"a sender without a domain", "root", "mail.example.net", "192.0.2.1", RESULT_none,
         "no domain that could have a record", "", false},
        {"no address", "a@example.org", "mail.example.net", NULL, RESULT_none,
         "the client's address is not known", "smtp.mailfrom=example.org", false},
        {"a HELO that would say more in a header field", "", "x;dkim=pass.example.net", "192.0.2.1",
         RESULT_fail, "-all", "", true},
    };
    struct buf why = {0};
    void *engine = open_with("", &why);

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spf_round r;

        spf_round_open(&r, rows[i].sender, rows[i].helo, rows[i].ip);
        spf_round_txt(&r, "example.org", "v=spf1 ip4:192.0.2.1 -all exp=why.example.org");
        spf_round_txt(&r, "mail.example.net", "v=spf1 ~all");
        spf_round_txt(&r, "x;dkim=pass.example.net", "v=spf1 -all");
        check_spf.judge(&r.j, engine);
        spf_round_expect(&r, CHECK_spf, rows[i].result, rows[i].detail, rows[i].props);
        assert_int_equal(r.needs.n, 0);
        assert_int_equal(r.j.auth.spf, rows[i].result);
        assert_int_equal(r.j.auth.spf_by_helo, rows[i].by_helo);
        if (rows[i].props[0])
            assert_true(view_equal(r.j.auth.spf_domain, view_of(strchr(rows[i].props, '=') + 1)));
        spf_round_close(&r);
    }
    check_spf.close(engine);
}

static void needs_are_named_and_nothing_is_said(void **state)
{
    struct buf why = {0};
    void *engine = open_with("own", &why);
    struct spf_round r;

    (void)state;
    spf_round_open(&r, "a@example.org", "mail.example.net", "192.0.2.1");
    spf_round_txt(&r, "example.org", "v=spf1 a mx include:b.example.org -all exp=why.example.org");
    check_spf.unfold(&r.j, engine);
    assert_int_equal(r.verdict.n, 0);
    assert_int_equal(r.needs.n, 3);
    assert_int_equal(r.j.auth.spf, RESULT_unknown);
    check_spf.judge(&r.j, engine);
    spf_round_expect(&r, CHECK_spf, RESULT_unknown, "", "smtp.mailfrom=example.org");
    spf_round_close(&r);
    check_spf.close(engine);
}

static void the_engine_can_be_chosen(void **state)
{
    static const char *const engines[] = {"own", "libspf2"};
    static const char *const details[] = {"ip4:192.0.2.1", "libspf2: pass"};
    struct buf why = {0};

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        void *engine = open_with(engines[i], &why);
        struct spf_round r;

        assert_non_null(engine);
        spf_round_open(&r, "a@example.org", "mail.example.net", "192.0.2.1");
        spf_round_txt(&r, "example.org", "v=spf1 ip4:192.0.2.1 -all");
        check_spf.judge(&r.j, engine);
        spf_round_expect(&r, CHECK_spf, RESULT_pass, details[i], "smtp.mailfrom=example.org");
        spf_round_close(&r);
        check_spf.close(engine);
    }
    assert_null(open_with("best", &why));
    assert_non_null(strstr(why.p, "\"best\""));
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_of_whom),
        cmocka_unit_test(needs_are_named_and_nothing_is_said),
        cmocka_unit_test(the_engine_can_be_chosen),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
