/*
 * test_dns_servers.c - unit tests of workers/dns/dns_servers.c: addresses, resolv.conf, and zones with a
 * server of their own.
 *
 * Run by `make check`. Settings are packed as the supervisor does it.
 */
#include "workers/dns/dns_servers.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void add(struct buf *b, const char *section, const char *name, const char *key, const char *value)
{
    const struct settings_item i = {.section = view_of(section),
                                    .name = view_of(name),
                                    .key = view_of(key),
                                    .value = view_of(value),
                                    .file = VIEW("spoold.ini"),
                                    .line = 7};

    settings_add(b, &i);
}

static int read_all(struct dns_servers *s, struct buf *packed, const char *resolv, struct buf *why)
{
    struct settings set = {0};
    int rc;

    assert_int_equal(settings_open(&set, buf_view(packed)), 0);
    rc = dns_servers_read(s, &set, view_of(resolv), why);
    settings_free(&set);
    buf_free(packed);
    return rc;
}

static void list_text(const struct dns_servers *s, unsigned list, char *to, size_t max)
{
    size_t n = 0;

    to[0] = '\0';
    for (unsigned i = 0; i < s->list[list].n; i++) {
        char text[DNS_SERVERS_TEXT];

        dns_servers_text(&s->address[s->list[list].server[i]], text);
        n += (size_t)snprintf(to + n, max - n, "%s%s", i ? " " : "", text);
    }
}

static const struct {
    const char *behaviour, *servers, *resolv, *wanted;
} lists[] = {
    {"addresses with and without port", "127.0.0.1 192.0.2.53:5353", "", "127.0.0.1:53 192.0.2.53:5353"},
    {"of IPv6, with brackets and without", "[2001:db8::1]:5353,2001:db8::2 [2001:db8::3]", "",
     "[2001:db8::1]:5353 [2001:db8::2]:53 [2001:db8::3]:53"},
    {"one twice is one", "192.0.2.1 192.0.2.1:53", "", "192.0.2.1:53"},
    {"the settings go before resolv.conf", "192.0.2.1", "nameserver 192.0.2.2\n", "192.0.2.1:53"},
    {"those of resolv.conf", "",
     "# nameserver 192.0.2.9\nsearch example\nnameserver 192.0.2.2\nnameserver\t2001:db8::2 \n",
     "192.0.2.2:53 [2001:db8::2]:53"},
    {"its last line may have no end", "", "options edns0\r\nnameserver 192.0.2.2", "192.0.2.2:53"},
    {"what is no address there is passed over", "",
     "nameserver fe80::1%eth0\nnameserver x\nnameserver 192.0.2.2\n", "192.0.2.2:53"},
    {"no port is read there", "", "nameserver 192.0.2.2:5353\n", "192.0.2.2:53"},
    {"without any it is this machine", "", "", "127.0.0.1:53"},
    {"and blanks are none", " \t, ", "", "127.0.0.1:53"},
    {"eight are used of resolv.conf", "",
     "nameserver 192.0.2.1\nnameserver 192.0.2.2\nnameserver 192.0.2.3\nnameserver 192.0.2.4\nnameserver "
     "192.0.2.5\n"
     "nameserver 192.0.2.6\nnameserver 192.0.2.7\nnameserver 192.0.2.8\nnameserver 192.0.2.9\n",
     "192.0.2.1:53 192.0.2.2:53 192.0.2.3:53 192.0.2.4:53 192.0.2.5:53 192.0.2.6:53 192.0.2.7:53 "
     "192.0.2.8:53"},
};

static void servers_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct buf packed = {0}, why = {0};
        struct dns_servers s;
        char text[400];

        add(&packed, "dns", "", "servers", lists[i].servers);
        if (read_all(&s, &packed, lists[i].resolv, &why) < 0)
            fail_msg("%s: %s", lists[i].behaviour, why.p);
        list_text(&s, 0, text, sizeof text);
        if (strcmp(text, lists[i].wanted) != 0)
            fail_msg("%s: %s", lists[i].behaviour, text);
        dns_servers_free(&s);
    }
}

static const struct {
    const char *behaviour, *servers, *wanted; /* in the reason */
} wrong[] = {
    {"a name", "localhost", "spoold.ini:7: localhost is no address of a name server"},
    {"a port that is none", "192.0.2.1:0", "192.0.2.1:0 is no address"},
    {"a port too high", "192.0.2.1:65536", "is no address"},
    {"a port of letters", "192.0.2.1:dns", "is no address"},
    {"nothing behind the colon", "192.0.2.1:", "is no address"},
    {"a bracket that is not closed", "[2001:db8::1", "is no address"},
    {"something behind the bracket", "[2001:db8::1]53", "is no address"},
    {"IPv4 in brackets", "[192.0.2.1]:53", "is no address"},
    {"three numbers", "192.0.2", "is no address"},
    {"nine of them",
     "192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 192.0.2.8 192.0.2.9",
     "spoold.ini:7: there are too many name servers: 8 in one list"},
};

static void what_is_no_server_is_said(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct buf packed = {0}, why = {0};
        struct dns_servers s;

        add(&packed, "dns", "", "servers", wrong[i].servers);
        if (read_all(&s, &packed, "nameserver 192.0.2.1\n", &why) == 0)
            fail_msg("%s is taken", wrong[i].behaviour);
        if (!strstr(why.p, wrong[i].wanted))
            fail_msg("%s: %s", wrong[i].behaviour, why.p);
        dns_servers_free(&s);
        buf_free(&why);
    }
}

static void add_rbl(struct buf *b, const char *kind, const char *name, const char *zone, const char *key,
                    const char *server)
{
    add(b, kind, name, "zone", zone);
    add(b, kind, name, "key", key);
    add(b, kind, name, "dns_server", server);
}

static struct dns_servers zones(void)
{
    struct buf packed = {0}, why = {0};
    struct dns_servers s;

    add(&packed, "dns", "", "servers", "192.0.2.1");
    add_rbl(&packed, "rbl", "one", "List.Example.org", "", "192.0.2.2:54");
    add_rbl(&packed, "uribl", "two", "deep.list.example.org.", "", "192.0.2.3 192.0.2.1");
    add_rbl(&packed, "rbl", "three", "dq.example.net", "secret", "192.0.2.4");
    add_rbl(&packed, "rbl", "keyed", "a.KEY.example.net", "hidden", "192.0.2.4");
    add_rbl(&packed, "rbl", "four", "plain.example.net", "", "");
    add_rbl(&packed, "rbl", "five", "off.example.net", "", "192.0.2.5");
    add(&packed, "rbl", "five", "enable", "0");
    add_rbl(&packed, "rbl", "six", "no..zone", "", "192.0.2.6");
    if (read_all(&s, &packed, "", &why) < 0)
        fail_msg("%s", why.p);
    return s;
}

static const struct {
    const char *behaviour, *name, *wanted;
} names[] = {
    {"a name of no zone", "www.example.com", "192.0.2.1:53"},
    {"a name in a zone", "1.2.0.192.list.example.org", "192.0.2.2:54"},
    {"the zone itself", "list.example.org", "192.0.2.2:54"},
    {"the longest zone wins", "x.deep.list.example.org", "192.0.2.3:53 192.0.2.1:53"},
    {"part of a label is no zone", "2.mylist.example.org", "192.0.2.1:53"},
    {"what is above the zone", "example.org", "192.0.2.1:53"},
    {"a zone with its key", "1.2.0.192.secret.dq.example.net", "192.0.2.4:53"},
    {"the zone with another key", "1.2.0.192.other.dq.example.net", "192.0.2.1:53"},
    {"a zone with its key in the middle", "2.a.hidden.example.net", "192.0.2.4:53"},
    {"a zone without a server", "2.plain.example.net", "192.0.2.1:53"},
    {"a list that is off", "2.off.example.net", "192.0.2.1:53"},
    {"one label", "localhost", "192.0.2.1:53"},
};

static void each_name_goes_to_the_server_of_its_zone(void **state)
{
    struct dns_servers s = zones();
    char text[200];

    (void)state;
    assert_int_equal(s.zone_n, 4);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        list_text(&s, dns_servers_find(&s, view_of(names[i].name)), text, sizeof text);
        if (strcmp(text, names[i].wanted) != 0)
            fail_msg("%s: %s", names[i].behaviour, text);
    }
    assert_int_equal(s.address_n, 4); /* each once */
    dns_servers_free(&s);
}

/* 72 addresses in all, 8 of them in a list. */
static void the_table_of_addresses_ends(void **state)
{
    (void)state;
    for (int more = 0; more < 2; more++) {
        struct buf packed = {0}, why = {0};
        struct dns_servers s;

        add(&packed, "dns", "", "servers", "192.0.2.1");
        for (int i = 0; i < DNS_SERVERS_MAX - 1 + more; i++) {
            char name[20], zone[30], server[30];

            snprintf(name, sizeof name, "l%d", i);
            snprintf(zone, sizeof zone, "z%d.example", i);
            snprintf(server, sizeof server, "198.51.100.%d", i);
            add_rbl(&packed, "rbl", name, zone, "", server);
        }
        assert_int_equal(read_all(&s, &packed, "", &why), more ? -1 : 0);
        dns_servers_free(&s);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(servers_are_read),
        cmocka_unit_test(what_is_no_server_is_said),
        cmocka_unit_test(each_name_goes_to_the_server_of_its_zone),
        cmocka_unit_test(the_table_of_addresses_ends),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
