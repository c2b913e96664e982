/*
 * test_whatif_order.c - which texts spool.whatif_on_reload may have, and which of two is the stricter.
 */
#include "spoold/whatif_order.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct {
    const char *says, *text;
    int rc;
    enum whatif_order_kind kind;
    unsigned percent;
} texts[] = {
    {"off", "off", 0, WHATIF_OFF, 0},
    {"warn", "warn", 0, WHATIF_WARN, 0},
    {"none may change", "refuse:0%", 0, WHATIF_REFUSE, 0},
    {"some may", "refuse:5%", 0, WHATIF_REFUSE, 5},
    {"all may", "refuse:100%", 0, WHATIF_REFUSE, 100},
    {"more than all", "refuse:101%", -1, WHATIF_OFF, 0},
    {"a number that does not end", "refuse:99999999999999999999999999%", -1, WHATIF_OFF, 0},
    {"no number", "refuse:%", -1, WHATIF_OFF, 0},
    {"no sign", "refuse:5", -1, WHATIF_OFF, 0},
    {"something behind it", "refuse:5%%", -1, WHATIF_OFF, 0},
    {"a fraction", "refuse:0.5%", -1, WHATIF_OFF, 0},
    {"refuse alone", "refuse", -1, WHATIF_OFF, 0},
    {"nothing", "", -1, WHATIF_OFF, 0},
    {"large letters", "OFF", -1, WHATIF_OFF, 0},
};

static void texts_are_read(void **state)
{
    struct whatif_order o;

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (whatif_order_parse(view_of(texts[i].text), &o) != texts[i].rc || o.kind != texts[i].kind ||
            o.percent != texts[i].percent)
            fail_msg("%s: %s", texts[i].says, texts[i].text);
}

static void the_stricter_one_counts(void **state)
{
    static const char *const ascending[] = {"off", "warn", "refuse:100%", "refuse:5%", "refuse:0%"};
    struct whatif_order a, b, s;

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        for (size_t k = 0; k < 5; k++) {
            const size_t most = i > k ? i : k;

            whatif_order_parse(view_of(ascending[i]), &a);
            whatif_order_parse(view_of(ascending[k]), &b);
            assert_int_equal(whatif_order_is_weaker(a, b), i < k);
            s = whatif_order_stricter(ascending[i], ascending[k]);
            whatif_order_parse(view_of(ascending[most]), &a);
            assert_int_equal(s.kind, a.kind);
            assert_int_equal(s.percent, a.percent);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(the_stricter_one_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
