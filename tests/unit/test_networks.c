/*
 * test_networks.c - unit tests of workers/antispam/networks.c: which entry of a list holds an address.
 *
 * Run by `make check`. Besides cases, random lists are held against a search through all entries, and a large
 * one against its bounds of memory and time.
 */
#include "tests/unit/check_world.h"

#include "common/entry.h"
#include "workers/antispam/networks.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <time.h>

static struct networks *open_networks(const struct buf *bytes)
{
    struct buf why = {0};
    struct settings s;
    struct networks *n;

    assert_int_equal(settings_open(&s, buf_view(bytes)), 0);
    n = networks_open(&s, "l", &why);
    if (!n)
        fail_msg("%s", why.p);
    settings_free(&s);
    return n;
}

static struct networks *open_text(const char *entries)
{
    struct buf bytes = {0};
    struct networks *n;

    check_entries(&bytes, entries);
    n = open_networks(&bytes);
    buf_free(&bytes);
    return n;
}

static uint32_t find(const struct networks *n, const char *ip)
{
    unsigned char bytes[16];

    assert_int_not_equal(mail_received_ip(view_of(ip), bytes).n, 0);
    return networks_find(n, bytes);
}

#define LIST                                                                                                 \
    "l 192.0.2.0/24\nl 192.0.2.128/25\nl 192.0.2.130\nl 198.51.100.3-198.51.100.9\nl 2001:db8::/32\n"        \
    "l 2001:db8:1::/48\nl 192.0.2.0/24\nl 2001:db8::ffff-2001:db8::1:0002\nl 203.0.113.255-203.0.114.0"

static const struct {
    const char *ip;
    int entry; /* -1: none */
} cases[] = {
    {"192.0.2.0", 0},
    {"192.0.2.127", 0},
    {"192.0.2.128", 1},
    {"192.0.2.129", 1},
    {"192.0.2.130", 2},
    {"192.0.2.255", 1},
    {"192.0.3.0", -1},
    {"192.0.1.255", -1},
    {"198.51.100.2", -1},
    {"198.51.100.3", 3},
    {"198.51.100.9", 3},
    {"198.51.100.10", -1},
    {"2001:db8::1", 4},
    {"2001:db8:1::1", 5},
    {"2001:db7::1", -1},
    {"2001:db9::", -1},
    {"2001:db8::fffe", 4},
    {"2001:db8::ffff", 7},
    {"2001:db8::1:0", 7},
    {"2001:db8::1:2", 7},
    {"2001:db8::1:3", 4},
    {"203.0.113.254", -1},
    {"203.0.113.255", 8},
    {"203.0.114.0", 8},
    {"203.0.114.1", -1},
    {"::ffff:192.0.2.1", 0},
    {"0.0.0.0", -1},
    {"255.255.255.255", -1},
    {"::", -1},
    {"::192.0.2.1", -1},
};

static void the_smallest_network_is_found(void **state)
{
    struct networks *n = open_text(LIST);

    (void)state;
    for (size_t i = 0; i < N(cases); i++)
        if (find(n, cases[i].ip) != (uint32_t)cases[i].entry)
            fail_msg("%s: %d", cases[i].ip, (int)find(n, cases[i].ip));
    networks_close(n);
}

static void all_is_all_of_one_family(void **state)
{
    struct networks *n = open_text("l ::/0\nl 2001:db8::/32");

    (void)state;
    assert_int_equal(find(n, "2001:db8::1"), 1);
    assert_int_equal(find(n, "ffff::"), 0);
    assert_int_equal(find(n, "192.0.2.1"), ENTRIES_NONE);
    networks_close(n);
    n = open_text("l 0.0.0.0/0\nl 0.0.0.0-255.255.255.254\nl ::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
    assert_int_equal(find(n, "255.255.255.255"), 0);
    assert_int_equal(find(n, "255.255.255.254"), 1);
    assert_int_equal(find(n, "::"), 2);
    assert_int_equal(find(n, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 2);
    networks_close(n);
}

static void an_empty_list_holds_nothing(void **state)
{
    struct networks *n = open_text("m 192.0.2.1");

    (void)state;
    assert_true(networks_is_empty(n));
    assert_int_equal(find(n, "192.0.2.1"), ENTRIES_NONE);
    networks_close(n);
    n = open_text("l 192.0.2.1");
    assert_false(networks_is_empty(n));
    networks_close(n);
}

static void an_entry_tells_its_place(void **state)
{
    struct networks *n = open_text("l 192.0.2.1\nm 192.0.2.2\nl 192.0.2.3");
    struct buf b = {0};

    (void)state;
    networks_say(n, find(n, "192.0.2.3"), &b);
    assert_string_equal(b.p, "192.0.2.3, lists/l:3");
    buf_free(&b);
    networks_close(n);
}

static void wrong_entries_name_their_place(void **state)
{
    struct buf bytes = {0}, why = {0};
    struct settings s;

    (void)state;
    check_entries(&bytes, "l 192.0.2.1\nl 192.0.2.1/24");
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    assert_null(networks_open(&s, "l", &why));
    assert_non_null(strstr(why.p, "lists/l:2: \"192.0.2.1/24\": the address has bits beyond"));
    settings_free(&s);
    buf_free(&bytes);
    buf_free(&why);
}

/* The worst ranges of IPv6, up to more networks than may be. */
static void too_many_networks_are_refused(void **state)
{
    struct buf bytes = {0}, why = {0};
    struct settings s;

    (void)state;
    for (uint32_t i = 0; i < NETWORKS_PREFIXES_MAX / 180; i++) {
        char text[100];

        snprintf(text, sizeof text, "%x:%x::1-%x:%x:ffff:ffff:ffff:ffff:ffff:fffe", 0x2001 + (i >> 16),
                 i & 0xffff, 0x2001 + (i >> 16), i & 0xffff);
        check_entry(&bytes, "l", view_of(text), i + 1);
    }
    assert_int_equal(settings_open(&s, buf_view(&bytes)), 0);
    assert_null(networks_open(&s, "l", &why));
    assert_non_null(strstr(why.p, "the list is too long"));
    settings_free(&s);
    buf_free(&bytes);
    buf_free(&why);
}

/* Few bits that differ, so that networks lie in each other. */
static void make_random(char *text, size_t n, unsigned *seed)
{
    unsigned a = (unsigned)rand_r(seed) % 64, b = a + (unsigned)rand_r(seed) % 16,
             bits = (unsigned)rand_r(seed) % 7;

    switch (rand_r(seed) % 4) {
    case 0:
        snprintf(text, n, "192.0.2.%u-192.0.2.%u", a, b);
        break;
    case 1:
        snprintf(text, n, "192.0.2.%u/%u", a & ~((1u << bits) - 1), 32 - bits);
        break;
    case 2:
        snprintf(text, n, "2001:db8::%x-2001:db8::%x", a, b);
        break;
    default:
        snprintf(text, n, "2001:db8::%x/%u", a & ~((1u << bits) - 1), 128 - bits);
    }
}

static void hold_against_search(unsigned seed)
{
    struct entry_network net[20];
    struct buf bytes = {0};
    struct networks *n;

    for (unsigned i = 0; i < N(net); i++) {
        char text[80];

        make_random(text, sizeof text, &seed);
        assert_null(entry_parse_network(view_of(text), &net[i]));
        check_entry(&bytes, "l", view_of(text), i + 1);
    }
    n = open_networks(&bytes);
    for (unsigned k = 0; k < 192; k++) {
        unsigned char ip[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = (unsigned char)(k / 2)};
        bool wanted = false;
        uint32_t found;

        if (k % 2)
            memcpy(ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\x00\x02", 15);
        for (unsigned i = 0; i < N(net); i++)
            wanted |= memcmp(ip, net[i].first, 16) >= 0 && memcmp(ip, net[i].last, 16) <= 0;
        found = networks_find(n, ip);
        assert_int_equal(found != ENTRIES_NONE, wanted);
        assert_true(!wanted ||
                    (memcmp(ip, net[found].first, 16) >= 0 && memcmp(ip, net[found].last, 16) <= 0));
    }
    networks_close(n);
    buf_free(&bytes);
}

static void random_lists_hold_what_their_entries_hold(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 300; seed++)
        hold_against_search(seed);
}

enum { WIDE = 3000 };

/* Of a long list the smallest network of all lengths, wide ones among them, or one that is equal to it. */
static void a_long_list_finds_the_smallest_one(void **state)
{
    static struct entry_network net[WIDE];
    static int length[WIDE];
    struct buf bytes = {0};
    unsigned seed = 5;
    struct networks *n;

    (void)state;
    for (uint32_t i = 0; i < WIDE; i++) {
        uint32_t a = htonl(((uint32_t)rand_r(&seed) << 9 ^ (uint32_t)rand_r(&seed)) &
                           (UINT32_MAX << (32 - (length[i] = 4 + rand_r(&seed) % 29))));
        char ip[INET_ADDRSTRLEN], text[40];

        inet_ntop(AF_INET, &a, ip, sizeof ip);
        snprintf(text, sizeof text, "%s/%d", ip, length[i]);
        assert_null(entry_parse_network(view_of(text), &net[i]));
        check_entry(&bytes, "l", view_of(text), i + 1);
    }
    n = open_networks(&bytes);
    for (unsigned k = 0; k < 4000; k++) {
        unsigned char ip[16];
        int wanted = -1;
        uint32_t found;

        memcpy(ip, k % 2 ? net[k % WIDE].first : net[k % WIDE].last, 16);
        if (k % 3 == 0)
            ip[14] = (unsigned char)(ip[14] + 1);
        for (unsigned i = 0; i < WIDE; i++)
            if (memcmp(ip, net[i].first, 16) >= 0 && memcmp(ip, net[i].last, 16) <= 0 && length[i] > wanted)
                wanted = length[i];
        found = networks_find(n, ip);
        assert_int_equal(found == ENTRIES_NONE ? -1 : length[found], wanted);
    }
    networks_close(n);
    buf_free(&bytes);
}

static void random_address(char *text, size_t n, unsigned *seed)
{
    unsigned r = (unsigned)rand_r(seed), q = (unsigned)rand_r(seed);

    if (r & 1)
        snprintf(text, n, "%u.%u.%u.%u", 1 + (r >> 8) % 223, (r >> 16) & 0xff, q & 0xff, (q >> 8) & 0xff);
    else
        snprintf(text, n, "2001:%x:%x::%x", (r >> 4) & 0xffff, q & 0xffff, (q >> 16) & 0xffff);
}

/* 100,000 addresses, networks and ranges. */
static void a_large_list_is_small_and_fast(void **state)
{
    enum { MANY = 100000, ASKED = 200000 };
    static unsigned char ip[ASKED][16];
    struct timespec begin, end;
    struct buf bytes = {0};
    struct networks *n;
    unsigned seed = 7, found = 0;
    double ns;

    (void)state;
    for (uint32_t i = 0; i < MANY; i++) {
        char text[64];

        random_address(text, sizeof text, &seed);
        check_entry(&bytes, "l", view_of(text), i + 1);
    }
    n = open_networks(&bytes);
    seed = 7; /* the first half are those in the list, the others mostly not */
    for (unsigned i = 0; i < ASKED; i++) {
        char text[64];

        random_address(text, sizeof text, &seed);
        mail_received_ip(view_of(text), ip[i]);
    }
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    for (unsigned i = 0; i < ASKED; i++) /* not in their order: caches have no part in it */
        found += networks_find(n, ip[i * 7919ul % ASKED]) != ENTRIES_NONE;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
    ns = ((double)(end.tv_sec - begin.tv_sec) * 1e9 + (double)(end.tv_nsec - begin.tv_nsec)) / ASKED;
    print_message("%u entries: %.1f MB, %.0f ns a look-up\n", MANY, (double)networks_bytes(n) / 1e6, ns);
    assert_true(found >= MANY);
    assert_true(networks_bytes(n) < 20000000);
#if !defined __SANITIZE_ADDRESS__
    assert_true(ns < 1000); /* 200 are wanted; a machine that is busy has colder caches */
#endif
    networks_close(n);
    buf_free(&bytes);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smallest_network_is_found),
        cmocka_unit_test(all_is_all_of_one_family),
        cmocka_unit_test(an_empty_list_holds_nothing),
        cmocka_unit_test(an_entry_tells_its_place),
        cmocka_unit_test(wrong_entries_name_their_place),
        cmocka_unit_test(too_many_networks_are_refused),
        cmocka_unit_test(random_lists_hold_what_their_entries_hold),
        cmocka_unit_test(a_long_list_finds_the_smallest_one),
        cmocka_unit_test(a_large_list_is_small_and_fast),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
