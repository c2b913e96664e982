/*
 * test_decision_json.c - unit tests of spoold/decision_json.c: what stands in a record, for whom, and that
 * nothing breaks out of it.
 *
 * Run by `make check`, in a folder of its own. Settings are real ones, decided by decide().
 */
#include "spoold/decision_json.h"

#include "tests/unit/config_world.h"

#include <jansson.h>

#define INI                                                                                                  \
    "[lists]\ndomains = @lists/domains\n[spf]\nweight_fail = 12\n"                                           \
    "[profile own]\nspf.weight_fail = 25\nmedium.text = 'q\"x'\n[profile lax]\nlow.action = deliver\n"

static struct antispam_result results[] = {
    {.check = CHECK_spf, .result = RESULT_fail, .count = 1},
    {.check = CHECK_dkim, .result = RESULT_none, .count = 1},
};
static const struct antispam_verdict verdict = {.result = results, .n = 2};

static struct buf made(const struct config *c, const struct antispam_verdict *v, const struct view *rcpt,
                       size_t n)
{
    const struct decide_input in = {c, v, false, rcpt, n, 0};
    struct decide_result r;
    struct buf b = {0};

    decide(&in, &r);
    decision_json_make(&in, &r, &b);
    decide_free(&r);
    return b;
}

static struct config *settings(void)
{
    config_world_put("lists/domains", "own.example own\nlax.example lax\n");
    return config_world_load(INI);
}

static void an_element_for_each_kind(void **state)
{
    static const struct view rcpt[] = {VIEW("a@own.example"), VIEW("b@example.org"), VIEW("c@example.org"),
                                       VIEW("d@lax.example"), VIEW("e@example.org"), VIEW("f@own.example")};
    struct config *c = settings();
    struct buf b = made(c, &verdict, rcpt, 6);

    (void)state;
    assert_string_equal(
        b.p,
        "[{\"to\":\"1,6\",\"weight\":25,\"level\":\"medium\",\"action\":\"tag\",\"why\":\"level\","
        "\"threshold\":20,\"section\":\"level medium\",\"key\":\"action\",\"line\":\"default\","
        "\"text\":\"q\\\"x\",\"copy\":1,\"weights\":[{\"name\":\"spf\",\"result\":\"fail\",\"weight\":25,"
        "\"line\":\"m.ini:6\"}]},"
        "{\"to\":\"2-3,5\",\"weight\":12,\"level\":\"low\",\"action\":\"header\",\"why\":\"level\","
        "\"threshold\":10,\"section\":\"level low\",\"key\":\"action\",\"line\":\"default\",\"copy\":2},"
        "{\"to\":\"4\",\"weight\":12,\"level\":\"low\",\"action\":\"deliver\",\"why\":\"level\","
        "\"threshold\":10,\"section\":\"level low\",\"key\":\"action\",\"profile\":\"lax\","
        "\"line\":\"m.ini:9\",\"copy\":3}]");
    buf_free(&b);
    config_free(&c);
}

static void nobody_and_nothing(void **state)
{
    static const struct view rcpt[] = {VIEW("a@example.org")};
    struct config *c = settings();
    struct buf b = made(c, &verdict, NULL, 0);

    (void)state;
    assert_string_equal(b.p, "[]");
    buf_free(&b);
    b = made(c, NULL, rcpt, 1);
    assert_string_equal(b.p, "[{\"to\":\"1\",\"weight\":0,\"level\":\"none\",\"action\":\"deliver\","
                             "\"why\":\"\",\"copy\":1}]");
    buf_free(&b);
    config_free(&c);
}

/* Each stands at one position of one element, however they are mixed. */
static void everybody_stands_once(void **state)
{
    enum { MANY = 3000 };
    static struct view rcpt[MANY];
    static const struct view who[] = {VIEW("a@own.example"), VIEW("b@example.org"), VIEW("d@lax.example")};
    unsigned char seen[MANY + 1] = {0};
    struct config *c = settings();
    struct buf b;
    json_t *all;

    (void)state;
    for (size_t i = 0; i < MANY; i++)
        rcpt[i] = who[(i * i + i / 7) % 3];
    b = made(c, &verdict, rcpt, MANY);
    all = json_loadb(b.p, b.n, 0, NULL);
    assert_int_equal(json_array_size(all), 3);
    for (size_t k = 0; k < 3; k++) {
        const char *p = json_string_value(json_object_get(json_array_get(all, k), "to"));

        while (*p) {
            char *end;
            unsigned long from = strtoul(p, &end, 10), to = *end == '-' ? strtoul(end + 1, &end, 10) : from;

            for (unsigned long i = from; i <= to; i++)
                assert_int_equal(seen[i]++, 0);
            p = *end ? end + 1 : end;
        }
    }
    for (size_t i = 1; i <= MANY; i++)
        assert_int_equal(seen[i], 1);
    json_decref(all);
    buf_free(&b);
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_element_for_each_kind, config_world_enter, config_world_leave),
        cmocka_unit_test_setup_teardown(nobody_and_nothing, config_world_enter, config_world_leave),
        cmocka_unit_test_setup_teardown(everybody_stands_once, config_world_enter, config_world_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
