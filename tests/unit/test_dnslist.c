/*
 * test_dnslist.c - unit tests of common/dnslist.c: names of DNS lists, and answers that they may give.
 *
 * Run by `make check`.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/dnslist.h"
#include "common/facts.h"

#include <stdlib.h>

static const struct {
    const char *behaviour, *zone, *key, *wanted; /* "": it cannot be asked */
} suffixes[] = {
    {"without a key the zone", "Zen.Example.ORG.", "", "zen.example.org"},
    {"the key in front", "zen.example.org", "aBc", "abc.zen.example.org"},
    {"the key in its place", "KEY.zen.example.org", "abc", "abc.zen.example.org"},
    {"... in the middle", "zen.KEY.example.org", "abc", "zen.abc.example.org"},
    {"... at the end", "zen.KEY", "abc", "zen.abc"},
    {"... once", "KEY.KEY", "abc", "abc.key"},
    {"a part of a label is no place for it", "KEYS.example.org", "abc", "abc.keys.example.org"},
    {"... nor its end", "MYKEY.example.org", "abc", "abc.mykey.example.org"},
    {"... nor small letters", "key.example.org", "abc", "abc.key.example.org"},
    {"without a key its place stays", "KEY.example.org", "", "key.example.org"},
    {"a key of two labels", "example.org", "a.b", "a.b.example.org"},
    {"no zone", "", "abc", ""},
    {"a key with a blank", "example.org", "a b", ""},
    {"a zone with an empty label", "a..b", "", ""},
};

static void a_suffix_is_made_of_zone_and_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char to[FACTS_NAME_MAX + 1];
        size_t n = dnslist_suffix(view_of(suffixes[i].zone), view_of(suffixes[i].key), to);

        if (!view_equal((struct view){to, n}, view_of(suffixes[i].wanted)))
            fail_msg("%s: %.*s", suffixes[i].behaviour, (int)n, to);
    }
}

static void a_suffix_has_at_most_253_bytes(void **state)
{
    char zone[FACTS_NAME_MAX + 1], to[FACTS_NAME_MAX + 1];

    (void)state;
    for (size_t i = 0; i < sizeof zone; i++)
        zone[i] = i % 2 ? '.' : 'a';
    assert_int_equal(dnslist_suffix((struct view){zone, FACTS_NAME_MAX}, VIEW(""), to), FACTS_NAME_MAX);
    assert_int_equal(dnslist_suffix((struct view){zone, FACTS_NAME_MAX}, VIEW("b"), to), 0);
    assert_int_equal(dnslist_suffix((struct view){zone, FACTS_NAME_MAX - 2}, VIEW("b"), to), FACTS_NAME_MAX);
}

static const struct {
    const char *answer;
    bool address, code;
} answers[] = {
    {"127.0.0.2", true, true},
    {"127.0.0.0", true, true},
    {"127.255.254.255", true, true},
    {"127.255.255.0", true, false},
    {"127.255.255.255", true, false},
    {"126.255.255.255", true, false},
    {"128.0.0.0", true, false},
    {"0.0.0.0", true, false},
    {"255.255.255.255", true, false},
    {"127.0.0.256", false, false},
    {"127.0.0", false, false},
    {"127.0.0.", false, false},
    {"127.0.0.2.3", false, false},
    {".127.0.0.2", false, false},
    {"127..0.2", false, false},
    {"127.0.0.2 ", false, false},
    {"127.0.0.0002", false, false},
    {"::1", false, false},
    {"", false, false},
};

static void only_some_addresses_are_answers_of_lists(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        uint32_t code = 0;
        bool address = dnslist_read_code(view_of(answers[i].answer), &code);

        if (address != answers[i].address || (address && dnslist_is_code(code)) != answers[i].code)
            fail_msg("%s", answers[i].answer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_suffix_is_made_of_zone_and_key),
        cmocka_unit_test(a_suffix_has_at_most_253_bytes),
        cmocka_unit_test(only_some_addresses_are_answers_of_lists),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
