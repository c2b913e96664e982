/*
 * test_flow_plan.c - unit tests of spoold/flow_plan.c: who has which copy, written and read again.
 *
 * Run by `make check`. A damaged plan, or one of another message, must be none.
 */
#include "spoold/flow_plan.h"

#include "common/xalloc.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define BASE "x~0123456789abcdefghjkmnpqr"
#define HEAD "{\"v\":1,\"id\":\"" BASE "\",\"copies\":"

/* Of `n` recipients. */
static struct msg *message(size_t n)
{
    struct buf raw = {0};
    struct envelope_error err;
    struct base b;
    struct msg *m;

    assert_int_equal(base_parse(&b, VIEW(BASE)), 0);
    m = msg_new(&b);
    buf_add_str(&raw, "Written\ns@example.org\n");
    for (size_t i = 0; i < n; i++)
        buf_addf(&raw, "%s%zu@example.org", i ? "," : "", i + 1);
    buf_add_str(&raw, "\n\n");
    assert_int_equal(envelope_parse(&m->env, &raw, &err), 0);
    m->fate = MSG_FATE_DROP;
    return m;
}

/* "aab-": recipients 1 and 2 in copy 1, 3 in copy 2, 4 in none. */
static void deal(struct msg *m, const char *copies)
{
    for (size_t i = 0; copies[i]; i++) {
        const size_t k = (size_t)(copies[i] - 'a');

        if (copies[i] == '-')
            continue;
        if (!m->copy[k].rcpt)
            m->copy[k].rcpt = xcalloc(m->env.rcpt_n, sizeof(size_t));
        m->copy[k].rcpt[m->copy[k].rcpt_n++] = i;
        m->copy_n = k + 1 > m->copy_n ? k + 1 : m->copy_n;
    }
}

static void describe(const struct msg *m, char *to)
{
    memset(to, '-', m->env.rcpt_n);
    to[m->env.rcpt_n] = '\0';
    for (size_t k = 0; k < m->copy_n; k++)
        for (size_t i = 0; i < m->copy[k].rcpt_n; i++)
            to[m->copy[k].rcpt[i]] = (char)('a' + (char)k);
}

static void what_is_written_is_read_again(void **state)
{
    static const struct {
        const char *copies, *redirect, *text;
    } cases[] = {
        {"a", NULL, "[{\"copy\":1,\"to\":\"1\"}]"},
        {"aab-", NULL, "[{\"copy\":1,\"to\":\"1-2\"},{\"copy\":2,\"to\":\"3\"}]"},
        {"-aba-aaa", "\"t\"@example.net",
         "[{\"copy\":1,\"to\":\"2,4,6-8\",\"redirect\":\"\\\"t\\\"@example.net\"},{\"copy\":2,\"to\":\"3\"}"
         "]"},
        {"abcdefghijklmnop", NULL, "{\"copy\":16,\"to\":\"16\"}]"},
        {"aaaaaaaaaa", "j\xc3\xb6rg@example.net", "\"to\":\"1-10\""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct msg *m = message(strlen(cases[i].copies)), *again = message(strlen(cases[i].copies));
        struct buf text = {0};
        char got[64];

        deal(m, cases[i].copies);
        m->copy[0].redirect = cases[i].redirect ? xstrdup(cases[i].redirect) : NULL;
        flow_plan_make(m, &text);
        if (!strstr(text.p, cases[i].text))
            fail_msg("%s: %s", cases[i].copies, text.p);
        assert_true(flow_plan_parse(again, buf_view(&text)));
        describe(again, got);
        assert_string_equal(got, cases[i].copies);
        assert_int_equal(again->copy_n, m->copy_n);
        if (cases[i].redirect)
            assert_string_equal(again->copy[0].redirect, cases[i].redirect);
        else
            assert_null(again->copy[0].redirect);
        buf_free(&text);
        msg_free(&m);
        msg_free(&again);
    }
}

static const struct {
    const char *says, *text;
    bool good;
} texts[] = {
    {"a plan", HEAD "[{\"copy\":1,\"to\":\"1,3-4\"},{\"copy\":2,\"to\":\"2\"}]}\n", true},
    {"among other members",
     "{\"v\":1,\"copies\":[{\"to\":\"1-4\",\"x\":[{}],\"copy\":1}],\"x\":{\"id\":1},\"id\":\"" BASE "\"}",
     true},
    {"nothing", "", false},
    {"line ends", "\n\n", false},
    {"an empty object", "{}", false},
    {"no copies", HEAD "[]}", false},
    {"copies are no list", HEAD "{}}", false},
    {"no id", "{\"v\":1,\"copies\":[{\"copy\":1,\"to\":\"1\"}]}", false},
    {"the id of another", "{\"id\":\"y~0123456789abcdefghjkmnpqr\",\"copies\":[{\"copy\":1,\"to\":\"1\"}]}",
     false},
    {"cut off", HEAD "[{\"copy\":1,\"to\":\"1\"}]", false},
    {"something behind it", HEAD "[{\"copy\":1,\"to\":\"1\"}]}}", false},
    {"in two copies", HEAD "[{\"copy\":1,\"to\":\"1-2\"},{\"copy\":2,\"to\":\"2\"}]}", false},
    {"twice in one", HEAD "[{\"copy\":1,\"to\":\"1,1\"}]}", false},
    {"out of order", HEAD "[{\"copy\":1,\"to\":\"2,1\"}]}", false},
    {"nobody", HEAD "[{\"copy\":1,\"to\":\"\"}]}", false},
    {"recipient 0", HEAD "[{\"copy\":1,\"to\":\"0\"}]}", false},
    {"one too many", HEAD "[{\"copy\":1,\"to\":\"5\"}]}", false},
    {"a range beyond the last", HEAD "[{\"copy\":1,\"to\":\"1-5\"}]}", false},
    {"a range backwards", HEAD "[{\"copy\":1,\"to\":\"3-2\"}]}", false},
    {"a very long number", HEAD "[{\"copy\":1,\"to\":\"18446744073709551617\"}]}", false},
    {"a comma at the end", HEAD "[{\"copy\":1,\"to\":\"1,\"}]}", false},
    {"copy 2 first", HEAD "[{\"copy\":2,\"to\":\"1\"}]}", false},
    {"no number", HEAD "[{\"to\":\"1\"}]}", false},
    {"a redirect that is no address", HEAD "[{\"copy\":1,\"to\":\"1\",\"redirect\":\"a@b,c@d\"}]}", false},
};

static void a_damaged_plan_is_none(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        struct msg *m = message(4);

        if (flow_plan_parse(m, view_of(texts[i].text)) != texts[i].good)
            fail_msg("%s", texts[i].says);
        if (!texts[i].good)
            assert_int_equal(m->copy_n, 0);
        msg_free(&m);
    }
}

static void seventeen_copies_are_too_many(void **state)
{
    struct msg *m = message(17);
    struct buf text = {0};

    (void)state;
    buf_add_str(&text, HEAD "[");
    for (int k = 1; k <= 17; k++)
        buf_addf(&text, "%s{\"copy\":%d,\"to\":\"%d\"}", k > 1 ? "," : "", k, k);
    buf_add_str(&text, "]}");
    assert_false(flow_plan_parse(m, buf_view(&text)));
    buf_free(&text);
    msg_free(&m);
}

static void only_what_could_be_mixed_up_has_one(void **state)
{
    static const struct {
        const char *copies, *redirect;
        enum msg_fate fate;
        bool needed;
    } cases[] = {
        {"aa", NULL, MSG_FATE_SEND, false},       {"aa", "t@example.net", MSG_FATE_SEND, true},
        {"ab", NULL, MSG_FATE_SEND, true},        {"a-", NULL, MSG_FATE_DROP, true},
        {"a-", NULL, MSG_FATE_QUARANTINE, true},  {"--", NULL, MSG_FATE_DROP, false},
        {"--", NULL, MSG_FATE_QUARANTINE, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct msg *m = message(2);

        deal(m, cases[i].copies);
        m->fate = cases[i].fate;
        m->copy[0].redirect = cases[i].redirect ? xstrdup(cases[i].redirect) : NULL;
        assert_int_equal(flow_plan_is_needed(m), cases[i].needed);
        if (!m->copy_n)
            free(m->copy[0].redirect);
        msg_free(&m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_again),
        cmocka_unit_test(a_damaged_plan_is_none),
        cmocka_unit_test(seventeen_copies_are_too_many),
        cmocka_unit_test(only_what_could_be_mixed_up_has_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
