/*
 * test_resolver_state.c - unit tests of spoold/resolver_state.c: what it lets through is JSON for any parser.
 *
 * Run by `make check`. The table says what is one and what is none; then texts are damaged at random, and
 * what is still accepted is held against jansson.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/resolver_part.h"

#include <jansson.h>
#include <stdlib.h>

static const struct {
    const char *says, *text;
    bool ok;
} cases[] = {
    {"nothing", "", false},
    {"an empty object", "{}", true},
    {"a member", "{\"v\":1}", true},
    {"members of each kind", "{\"a\":\"x\",\"b\":-12,\"c\":true,\"d\":false,\"e\":null,\"f\":[],\"g\":{}}",
     true},
    {"lists", "{\"a\":[1,\"x\",[2],{\"b\":[]}]}", true},
    {"escapes", "{\"a\":\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u001f\\u00fF\"}", true},
    {"an escaped NUL", "{\"a\":\"\\u0000\"}", false},
    {"half of a pair", "{\"a\":\"\\ud800\"}", false},
    {"an escape that there is not", "{\"a\":\"\\x41\"}", false},
    {"a cut escape", "{\"a\":\"\\u00", false},
    {"an escape with other digits", "{\"a\":\"\\u00g0\"}", false},
    {"a quote that is missing", "{\"a\":\"x}", false},
    {"a list alone", "[]", false},
    {"a number alone", "1", false},
    {"two objects", "{}{}", false},
    {"a blank behind it", "{} ", false},
    {"a line end inside", "{\"a\":\n1}", false},
    {"a control character in a string", "{\"a\":\"\x1b\"}", false},
    {"UTF-8", "{\"a\":\"\xc3\xa4\"}", false},
    {"DEL", "{\"a\":\"\x7f\"}", false},
    {"an object that is not closed", "{\"a\":{}", false},
    {"one that is closed by the other bracket", "{\"a\":[}]", false},
    {"a list that is closed by the other bracket", "{\"a\":[1}", false},
    {"a comma before the end", "{\"a\":1,}", false},
    {"a comma before the end of a list", "{\"a\":[1,]}", false},
    {"a comma at the beginning", "{,\"a\":1}", false},
    {"no comma", "{\"a\":1\"b\":2}", false},
    {"no colon", "{\"a\"1}", false},
    {"no value", "{\"a\":}", false},
    {"a key that is no string", "{1:2}", false},
    {"a key in a list", "{\"a\":[\"b\":1]}", false},
    {"a number with a zero in front", "{\"a\":01}", false},
    {"zero", "{\"a\":0,\"b\":-0}", true},
    {"a sign alone", "{\"a\":-}", false},
    {"a plus", "{\"a\":+1}", false},
    {"a fraction", "{\"a\":1.5}", false},
    {"an exponent", "{\"a\":1e999}", false},
    {"18 digits", "{\"a\":-999999999999999999}", true},
    {"19 digits", "{\"a\":1000000000000000000}", false},
    {"a word that there is not", "{\"a\":nil}", false},
    {"a cut word", "{\"a\":tru", false},
    {"six levels", "{\"a\":[[[[[]]]]]}", true},
    {"seven levels", "{\"a\":[[[[[[]]]]]]}", false},
};

static void only_an_object_is_let_through(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *o = json_loads(cases[i].text, 0, NULL);

        if (resolver_state_ok(view_of(cases[i].text)) != cases[i].ok)
            fail_msg("%s: %s", cases[i].says, cases[i].text);
        if (cases[i].ok && !json_is_object(o))
            fail_msg("%s: it is none", cases[i].says);
        json_decref(o);
    }
}

static void a_nul_ends_no_text(void **state)
{
    (void)state;
    assert_false(resolver_state_ok((struct view){"{}\0", 3}));
    assert_false(resolver_state_ok((struct view){"{\"a\":\"\0\"}", 9}));
}

static void what_is_let_through_is_json(void **state)
{
    static const char bytes[] = "{}[]\",:\\u0d-1tfn x";
    unsigned accepted = 0;

    (void)state;
    srand(7);
    for (unsigned n = 0; n < 200000; n++) {
        char text[80];
        size_t len = strlen(cases[3].text);

        memcpy(text, cases[3].text, len);
        for (int i = rand() % 4; i >= 0; i--) {
            size_t at = (size_t)rand() % len;

            if (rand() % 3)
                text[at] = bytes[(size_t)rand() % (sizeof bytes - 1)];
            else
                memmove(text + at, text + at + 1, --len - at);
        }
        if (resolver_state_ok((struct view){text, len})) {
            json_t *o = json_loadb(text, len, 0, NULL);

            if (!json_is_object(o))
                fail_msg("%.*s", (int)len, text);
            json_decref(o);
            accepted++;
        }
    }
    assert_true(accepted > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_an_object_is_let_through),
        cmocka_unit_test(a_nul_ends_no_text),
        cmocka_unit_test(what_is_let_through_is_json),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
