/*
 * test_decision_json.c - unit tests of spoold/decision_json.c: who is named where, and that nothing breaks
 * out.
 *
 * Run by `make check`. Pure.
 */
#include "spoold/decision_json.h"

#include "common/xalloc.h"

#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define RCPTS 5

static const struct view rcpt[RCPTS] = {VIEW("a@example.org"), VIEW("b@example.org"),
                                        VIEW("c\"\xff@example.org"), VIEW("d@example.org"),
                                        VIEW("e@example.org")};
static struct decide_outcome outcome[RCPTS];
static unsigned kind[RCPTS] = {0, 1, 0, 1, 0};

static const struct decide_result result = {.outcome = outcome, .n = RCPTS, .kind = kind, .kinds = 2};

static void fill(void)
{
    const struct decide_outcome o[] = {
        {.weight = 23500,
         .level = DECIDE_HIGH,
         .action = DECIDE_QUARANTINE,
         .why = "level",
         .place = VIEW("m.ini:42")},
        {.weight = -125, .action = DECIDE_DELIVER, .why = "", .profile = VIEW("lax")},
    };

    for (size_t i = 0; i < RCPTS; i++)
        outcome[i] = o[kind[i]];
}

static void an_element_for_each_kind(void **state)
{
    struct buf b = {0};

    (void)state;
    fill();
    decision_json_make(&result, rcpt, SIZE_MAX, &b);
    assert_string_equal(
        b.p, "[{\"rcpt\":[\"a@example.org\",\"c\\\"\\u00ff@example.org\",\"e@example.org\"],\"weight\":23.5,"
             "\"level\":\"high\",\"action\":\"quarantine\",\"why\":\"level\",\"line\":\"m.ini:42\"},"
             "{\"rcpt\":[\"b@example.org\",\"d@example.org\"],\"weight\":-0.125,\"level\":\"none\","
             "\"action\":\"deliver\",\"why\":\"\",\"profile\":\"lax\",\"line\":\"\"}]");
    buf_free(&b);
}

/* Each address is 13 bytes, one 15, and 4 around it; an element counts 250. */
static void addresses_have_their_room(void **state)
{
    static const struct {
        size_t room;
        int named[2], more[2], whole;
    } table[] = {
        {0, {0, 0}, {3, 2}, 1},   {499, {3, 0}, {0, 2}, 1}, {500, {0, 0}, {3, 2}, 2},
        {516, {0, 0}, {3, 2}, 2}, {517, {0, 1}, {3, 1}, 2}, {534, {1, 1}, {2, 1}, 2},
        {605, {2, 2}, {1, 0}, 2}, {606, {3, 2}, {0, 0}, 2}, {SIZE_MAX, {3, 2}, {0, 0}, 2},
    };

    (void)state;
    fill();
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf b = {0};
        json_t *all;

        decision_json_make(&result, rcpt, table[i].room, &b);
        all = json_loads(b.p, 0, NULL);
        assert_int_equal(json_array_size(all), 2);
        for (size_t k = 0; k < 2; k++) {
            const json_t *one = json_array_get(all, k);

            assert_int_equal(json_object_get(one, "level") != NULL, k < (size_t)table[i].whole);
            assert_int_equal(json_array_size(json_object_get(one, "rcpt")), table[i].named[k]);
            assert_int_equal(json_integer_value(json_object_get(one, "rcpt_more")), table[i].more[k]);
        }
        json_decref(all);
        buf_free(&b);
    }
}

static void nobody_and_long_places(void **state)
{
    struct buf b = {0}, place = {0};
    struct decide_outcome o = {.why = "level"};
    unsigned none = 0;
    json_t *all;

    (void)state;
    decision_json_make(&(struct decide_result){.n = 0}, NULL, SIZE_MAX, &b);
    assert_string_equal(b.p, "[]");
    for (int i = 0; i < 300; i++)
        buf_add_char(&place, 'x');
    buf_add_str(&place, ":7");
    o.place = buf_view(&place);
    buf_clear(&b);
    decision_json_make(&(struct decide_result){.outcome = &o, .n = 1, .kind = &none, .kinds = 1}, rcpt,
                       SIZE_MAX, &b);
    all = json_loads(b.p, 0, NULL);
    assert_int_equal(json_string_length(json_object_get(json_array_get(all, 0), "line")), 200);
    assert_non_null(strstr(b.p, "x:7\""));
    json_decref(all);
    buf_free(&b);
    buf_free(&place);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_element_for_each_kind),
        cmocka_unit_test(addresses_have_their_room),
        cmocka_unit_test(nobody_and_long_places),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
