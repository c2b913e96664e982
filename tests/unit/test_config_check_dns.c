/*
 * test_config_check_dns.c - name servers, and the sections of DNS lists: what can be asked, and what cannot.
 *
 * Run by the unit test runner. Everything is set by overrides; no files.
 */
#include "spoold/config_check_dns.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct {
    const char *says, *text, *bad; /* bad: the first word that is none; NULL: all are */
} servers[] = {
    {"none", "", NULL},
    {"blanks", "  ,\t", NULL},
    {"an IPv4 address", "127.0.0.1", NULL},
    {"with a port", "192.0.2.53:5353", NULL},
    {"an IPv6 address", "2001:db8::1", NULL},
    {"in brackets", "[2001:db8::1]", NULL},
    {"in brackets with a port", "[2001:db8::1]:65535", NULL},
    {"the unspecified address", "::", NULL},
    {"several", "127.0.0.1 192.0.2.53:53,[2001:db8::1]:53, ::1", NULL},
    {"a name", "127.0.0.1 ns.example.org", "ns.example.org"},
    {"no port", "127.0.0.1:", "127.0.0.1:"},
    {"port 0", "127.0.0.1:0", "127.0.0.1:0"},
    {"a port above the last one", "127.0.0.1:65536", "127.0.0.1:65536"},
    {"a port with a sign", "127.0.0.1:+53", "127.0.0.1:+53"},
    {"an address of three numbers", "127.0.1", "127.0.1"},
    {"an open bracket", "[2001:db8::1", "[2001:db8::1"},
    {"brackets around nothing", "[]", "[]"},
    {"brackets around IPv4", "[127.0.0.1]:53", "[127.0.0.1]:53"},
    {"a colon first", ":53", ":53"},
    {"a very long word", "1111111111111111111111111111111111111111111111111111111111111111.1",
     "1111111111111111111111111111111111111111111111111111111111111111.1"},
};

static void test_servers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof servers / sizeof *servers; i++) {
        struct view bad;
        const char *what = config_check_dns_servers(view_of(servers[i].text), &bad);

        print_message("%s\n", servers[i].says);
        assert_int_equal(what != NULL, servers[i].bad != NULL);
        assert_true(view_equal(bad, view_of(servers[i].bad)));
    }
}

static void test_8_servers(void **state)
{
    struct view word;

    (void)state;
    assert_null(config_check_dns_servers(VIEW("::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8"), &word));
    assert_non_null(config_check_dns_servers(VIEW("::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9"), &word));
    assert_true(view_equal(word, VIEW("::9")));
}

/* 72 different ones: 8 of dns.servers, and 8 of each of 8 lists; a ninth list with one of its own or of
 * these. */
static struct config *load_servers(const char *ninth, struct config_errors *errs)
{
    struct buf text[20] = {0};
    const char *override[20];
    struct config *c = NULL;

    buf_add_str(&text[16], "dns.servers=");
    for (int k = 0; k < 8; k++)
        buf_addf(&text[16], "192.0.2.%d ", k);
    for (int i = 0; i < 8; i++) {
        buf_addf(&text[i], "uribl l%d.zone=l%d.example.org", i, i);
        buf_addf(&text[8 + i], "uribl l%d.dns_server=", i);
        for (int k = 0; k < 8; k++)
            buf_addf(&text[8 + i], "198.51.100.%d ", 8 * i + k);
    }
    buf_add_str(&text[17], "rbl a.zone=a.example.org");
    buf_addf(&text[18], "uribl l8.dns_server=%s", ninth);
    buf_add_str(&text[19], "uribl l8.zone=l8.example.org");
    for (int i = 0; i < 20; i++)
        override[i] = text[i].p;
    c = config_load(NULL, override, 20, errs);
    for (int i = 0; i < 20; i++)
        buf_free(&text[i]);
    return c;
}

static void test_servers_of_all_lists(void **state)
{
    struct config_errors errs = {0};
    struct config *c = load_servers("198.51.100.63 192.0.2.0", &errs);

    (void)state;
    assert_non_null(c);
    config_free(&c);
    assert_null(load_servers("198.51.100.64", &errs));
    assert_non_null(
        strstr(errs.text.p, "-o uribl l8.dns_server=198.51.100.64: dns_server: there are too many"));
    buf_free(&errs.text);
}

static const struct {
    const char *says, *text;
    bool bitmap;
    const char *bad; /* the word that is none; NULL: all are; "": no word is at fault */
} results[] = {
    {"none: every answer", "", false, NULL},
    {"an address", "127.0.0.2", false, NULL},
    {"a range", "127.0.0.4-127.0.0.7", false, NULL},
    {"a range of one", "127.0.0.4-127.0.0.4", false, NULL},
    {"a network", "127.0.1.0/24", false, NULL},
    {"all of them", "127.0.0.0/8", false, NULL},
    {"a network of one", "127.0.0.2/32", false, NULL},
    {"any number in a place", "127.0.*.3", false, NULL},
    {"several", "127.0.0.2, 127.0.0.4-127.0.0.7 127.0.1.0/24", false, NULL},
    {"a range that ends before it begins", "127.0.0.7-127.0.0.4", false, "127.0.0.7-127.0.0.4"},
    {"an address outside of 127/8", "128.0.0.2", false, "128.0.0.2"},
    {"a range that leaves 127/8", "127.0.0.2-128.0.0.1", false, "127.0.0.2-128.0.0.1"},
    {"a network that is larger", "126.0.0.0/7", false, "126.0.0.0/7"},
    {"127/7 has bits beyond its length", "127.0.0.0/7", false, "127.0.0.0/7"},
    {"a network with bits beyond its length", "127.0.1.1/24", false, "127.0.1.1/24"},
    {"a length above 32", "127.0.0.0/33", false, "127.0.0.0/33"},
    {"a star and more", "127.0.0.1*", false, "127.0.0.1*"},
    {"a star in the first place", "*.0.0.2", false, "*.0.0.2"},
    {"a number without bitmap", "4", false, "4"},
    {"a number with bitmap", "4", true, NULL},
    {"the last number", "255", true, NULL},
    {"an address with bitmap is its last number", "127.0.0.4", true, NULL},
    {"0 with bitmap", "0", true, "0"},
    {"256 with bitmap", "256", true, "256"},
    {"an address that ends in 0 with bitmap", "127.0.0.0", true, "127.0.0.0"},
    {"a range with bitmap", "127.0.0.2-127.0.0.4", true, "127.0.0.2-127.0.0.4"},
    {"nothing with bitmap", " ", true, ""},
};

static void test_results(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof results / sizeof *results; i++) {
        struct view word;
        const char *what = config_check_dns_results(view_of(results[i].text), results[i].bitmap, &word);

        print_message("%s: %s\n", results[i].says, what ? what : "well");
        assert_int_equal(what != NULL, results[i].bad != NULL);
        if (what)
            assert_true(view_equal(word, view_of(results[i].bad)) && strstr(what, "accepted"));
    }
}

static void test_256_results(void **state)
{
    struct buf text = {0};
    struct view word;

    (void)state;
    for (int i = 0; i < 256; i++)
        buf_add_str(&text, "127.0.0.2 ");
    assert_null(config_check_dns_results(buf_view(&text), false, &word));
    buf_add_str(&text, "127.0.0.2");
    assert_non_null(config_check_dns_results(buf_view(&text), false, &word));
    buf_free(&text);
}

#define OVERRIDES 3
static const struct {
    const char *says, *override[OVERRIDES], *complaint; /* NULL: all is well */
} sections[] = {
    {"a name servers' address", {"dns.servers=127.0.0.1:5353"}, NULL},
    {"a name server's name",
     {"dns.servers=127.0.0.1, ns.example.org"},
     "-o dns.servers=127.0.0.1, ns.example.org: servers: ns.example.org is no address of a name server; "
     "accepted"},
    {"a list", {"rbl a.zone=zen.example.org", "rbl a.key=abc0"}, NULL},
    {"a key inside of the zone", {"rbl a.zone=KEY.zen.example.org", "rbl a.key=a.b"}, NULL},
    {"nine name servers",
     {"dns.servers=::1 ::2 ::3 ::4 ::5 ::6 ::7 ::8 ::9"},
     "servers: ::9 is one name server too many; accepted: up to 8"},
    {"a list without a zone", {"rbl a.weight=3"}, "[rbl a] zone: it is missing; accepted: a name like"},
    {"a zone that is no name",
     {"uribl a.zone=dbl..example.org"},
     "-o uribl a.zone=dbl..example.org: [uribl a] zone: dbl..example.org is no name; accepted"},
    {"a key that is no part of a name",
     {"rbl a.zone=z.example.org", "rbl a.key=a..b"},
     "-o rbl a.key=a..b: [rbl a] key: it cannot be part of a name; accepted"},
    {"results that are none",
     {"rbl a.zone=z.example.org", "rbl a.results=127.0.0.2 10.0.0.1"},
     "[rbl a] results: 10.0.0.1 is no result; accepted: "},
    {"a bitmap without results",
     {"uribl a.zone=z.example.org", "uribl a.bitmap=yes"},
     "[uribl a] results: bitmap needs results; accepted: numbers from 1 to 255"},
    {"a name server of its own",
     {"uribl a.zone=z.example.org", "uribl a.dns_server=127.0.0.1:x"},
     "[uribl a] dns_server: 127.0.0.1:x is no address of a name server; accepted"},
    {"one kind of domains", {"uribl a.zone=z.example.org", "uribl a.domains=body"}, NULL},
    {"domains of an unknown kind",
     {"uribl a.zone=z.example.org", "uribl a.domains=body, from"},
     "[uribl a] domains: from is not known; accepted: some of sender, helo, ptr, body"},
    {"no domains",
     {"uribl a.zone=z.example.org", "uribl a.domains="},
     "[uribl a] domains: nothing would be asked; accepted"},
};

static void check_section(size_t at)
{
    struct config_errors errs = {0};
    struct config *c = NULL;
    size_t n = 0;

    while (n < OVERRIDES && sections[at].override[n])
        n++;
    c = config_load(NULL, sections[at].override, n, &errs);
    print_message("%s: %s\n", sections[at].says, errs.text.n ? errs.text.p : "well");
    assert_int_equal(errs.n, sections[at].complaint ? 1 : 0);
    if (sections[at].complaint)
        assert_non_null(strstr(errs.text.p, sections[at].complaint));
    config_free(&c);
    buf_free(&errs.text);
}

static void test_sections(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++)
        check_section(i);
}

/* 189 bytes: 253 less 64 for an address in front. */
static void test_the_longest_zone(void **state)
{
    static const struct {
        unsigned zone;
        const char *key;
        bool well;
    } table[] = {{189, "", true}, {190, "", false}, {185, "abc", true}, {186, "abc", false}};

    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct buf zone = {0}, key = {0};
        struct config_errors errs = {0};
        struct config *c = NULL;

        buf_add_str(&zone, "rbl a.zone=");
        for (unsigned k = 0; k < table[i].zone; k++)
            buf_add_char(&zone, k % 50 == 49 ? '.' : 'z');
        buf_addf(&key, "rbl a.key=%s", table[i].key);
        c = config_load(NULL, (const char *const[]){zone.p, key.p}, 2, &errs);
        assert_int_equal(c != NULL, table[i].well);
        config_free(&c);
        buf_free(&zone);
        buf_free(&key);
        buf_free(&errs.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_8_servers),        cmocka_unit_test(test_servers_of_all_lists),
        cmocka_unit_test(test_servers),          cmocka_unit_test(test_results),
        cmocka_unit_test(test_256_results),      cmocka_unit_test(test_sections),
        cmocka_unit_test(test_the_longest_zone),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
