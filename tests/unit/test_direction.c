/*
 * test_direction.c - unit tests of spoold/direction.c: whose mail is outgoing.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "spoold/direction.h"

#include "tests/unit/config_world.h"

static const struct {
    const char *says, *networks, *auth, *ip;
    bool outgoing;
} table[] = {
    {"nobody's", "", "", "192.0.2.1", false},
    {"a user has logged in", "", "user", "203.0.113.1", true},
    {"from nowhere", "", "user", "", true},
    {"not known at all", "192.0.2.0/24", "", "", false},
    {"the first address", "192.0.2.0/24", "", "192.0.2.0", true},
    {"the last one", "192.0.2.0/24", "", "192.0.2.255", true},
    {"one before", "192.0.2.0/24", "", "192.0.1.255", false},
    {"one behind", "192.0.2.0/24", "", "192.0.3.0", false},
    {"of several", "198.51.100.7, 192.0.2.5-192.0.2.9 2001:db8::/32", "", "192.0.2.7", true},
    {"between them", "198.51.100.7, 192.0.2.5-192.0.2.9 2001:db8::/32", "", "192.0.2.10", false},
    {"IPv6", "198.51.100.7, 192.0.2.5-192.0.2.9 2001:db8::/32", "", "2001:db8:1::1", true},
    {"another IPv6", "198.51.100.7, 192.0.2.5-192.0.2.9 2001:db8::/32", "", "2001:db9::1", false},
    {"IPv4 written as IPv6", "192.0.2.5", "", "::ffff:192.0.2.5", true},
    {"one in another", "192.0.2.0/24 192.0.2.5", "", "192.0.2.200", true},
    {"two that overlap", "192.0.2.1-192.0.2.9 192.0.2.5-192.0.2.20 192.0.2.30", "", "192.0.2.20", true},
    {"and what is behind", "192.0.2.1-192.0.2.9 192.0.2.5-192.0.2.20 192.0.2.30", "", "192.0.2.21", false},
    {"the same twice", "192.0.2.1 192.0.2.1", "", "192.0.2.1", true},
    {"no address", "0.0.0.0/0 ::/0", "", "example.org", false},
    {"a network is no client", "0.0.0.0/0 ::/0", "", "192.0.2.0/24", false},
    {"everybody", "0.0.0.0/0", "", "255.255.255.255", true},
};

static void outgoing_is_who_logged_in_or_is_ours(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        char *ini = xasprintf("[site]\nnetworks = \"%s\"\n", table[i].networks);
        struct config *c = config_world_load(ini);

        if (direction_is_outgoing(c, view_of(table[i].auth), view_of(table[i].ip)) != table[i].outgoing)
            fail_msg("%s", table[i].says);
        config_free(&c);
        free(ini);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(outgoing_is_who_logged_in_or_is_ours)};

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
