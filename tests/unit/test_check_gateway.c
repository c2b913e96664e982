/*
 * test_check_gateway.c - unit tests of workers/antispam/check_gateway.c: who is the client, whatever a
 * message says about the way it came.
 *
 * Run by `make check`. The gateways are 192.0.2.0/28, 198.51.100.7 and 2001:db8:1::/48. Each case says:
 * address|HELO|result.
 */
#include "tests/unit/check_world.h"

extern const struct check_ops check_gateway;

#define GATEWAYS           "gateways 192.0.2.0/28\ngateways 198.51.100.7\ngateways 2001:db8:1::/48"
#define FROM(helo, ip, by) "Received: from " helo " (n.example.net [" ip "]) by " by " with ESMTP id 1\r\n"
#define END                "From: a@example.org\r\n\r\n"

static const struct {
    const char *behaviour, *ip, *helo;
    struct view message;
    const char *wanted;
} cases[] = {
    {"a stranger is the client, and nothing is read", "203.0.113.9", "h",
     VIEW(FROM("g", "192.0.2.1", "us") END), "203.0.113.9|h|miss"},
    {"a gateway, whose field names the client", "192.0.2.1", "g", VIEW(FROM("h", "203.0.113.9", "g") END),
     "203.0.113.9|h|hit through 192.0.2.1"},
    {"a gateway, and our own server's field about it", "192.0.2.1", "g",
     VIEW(FROM("g", "192.0.2.1", "us") FROM("h", "203.0.113.9", "g") END),
     "203.0.113.9|h|hit through 192.0.2.1"},
    {"two gateways", "192.0.2.1", "g",
     VIEW(FROM("g2", "198.51.100.7", "g") FROM("h", "203.0.113.9", "g2") END),
     "203.0.113.9|h|hit through 192.0.2.1, 198.51.100.7"},
    {"IPv6", "2001:db8:1::1", "g", VIEW(FROM("h", "IPv6:2001:0DB8:2:0::9", "g") END),
     "2001:db8:2::9|h|hit through 2001:db8:1::1"},
    {"IPv4 written as IPv6 is IPv4", "::ffff:192.0.2.1", "g", VIEW(FROM("h", "::ffff:203.0.113.9", "g") END),
     "203.0.113.9|h|hit through 192.0.2.1"},
    {"no address in the envelope: the newest field", "", "", VIEW(FROM("h", "203.0.113.9", "us") END),
     "203.0.113.9|h|miss the address is that of the newest Received field"},
    {"... and further, when that is a gateway", "", "",
     VIEW(FROM("g", "192.0.2.1", "us") FROM("h", "203.0.113.9", "g") END),
     "203.0.113.9|h|hit through 192.0.2.1"},
    {"an address that is none counts as missing", "192.0.2.300", "x",
     VIEW(FROM("h", "203.0.113.9", "us") END),
     "203.0.113.9|h|miss the address is that of the newest Received field"},
    {"no address anywhere", "", "h", VIEW(END), "||none no address of a client is known"},
    {"the walk runs out", "192.0.2.1", "g", VIEW(FROM("g", "192.0.2.1", "us") END),
     "||hit through 192.0.2.1; no address is known before that"},
    {"no fields at all", "192.0.2.1", "g", VIEW(END),
     "||hit through 192.0.2.1; no address is known before that"},
    /* Lies. */
    {"a client cannot name another one before it", "203.0.113.9", "h",
     VIEW(FROM("x", "198.51.100.99", "h") END), "203.0.113.9|h|miss"},
    {"a client behind a gateway cannot either", "192.0.2.1", "g",
     VIEW(FROM("h", "203.0.113.9", "g") FROM("x", "198.51.100.99", "h") END),
     "203.0.113.9|h|hit through 192.0.2.1"},
    {"a client cannot pass for a gateway that it names below", "203.0.113.9", "h",
     VIEW(FROM("g", "192.0.2.1", "us") FROM("x", "198.51.100.99", "g") END), "203.0.113.9|h|miss"},
    {"a gateway's address as HELO is no address", "192.0.2.1", "g",
     VIEW(FROM("[192.0.2.2]", "203.0.113.9", "g") FROM("x", "198.51.100.99", "y") END),
     "203.0.113.9|[192.0.2.2]|hit through 192.0.2.1"},
    {"nor in a HELO that looks like the end of the field", "192.0.2.1", "g",
     VIEW("Received: from n.example.net (HELO h [192.0.2.2]) ([203.0.113.9]) by g\r\n" FROM(
         "x", "198.51.100.99", "y") END),
     "203.0.113.9|h|hit through 192.0.2.1"},
    {"a field without an address ends it: below is text", "192.0.2.1", "g",
     VIEW("Received: by g (Postfix, from userid 33) id 1\r\n" FROM("x", "198.51.100.99", "y") END),
     "||hit through 192.0.2.1; no address is known before that"},
    {"a field that says nothing ends it, too", "192.0.2.1", "g",
     VIEW("Received: hello\r\n" FROM("x", "198.51.100.99", "y") END),
     "||hit through 192.0.2.1; no address is known before that"},
    {"an address that is none ends it", "192.0.2.1", "g",
     VIEW(FROM("h", "203.0.113.999", "g") FROM("x", "198.51.100.99", "y") END),
     "||hit through 192.0.2.1; no address is known before that"},
    {"the loopback of a gateway is no gateway unless it is listed", "192.0.2.1", "g",
     VIEW(FROM("h", "127.0.0.1", "g") FROM("x", "198.51.100.99", "y") END),
     "127.0.0.1|h|hit through 192.0.2.1"},
    {"a field in the body is none", "192.0.2.1", "g", VIEW(END FROM("x", "198.51.100.99", "y")),
     "||hit through 192.0.2.1; no address is known before that"},
    {"the address beside the network is no gateway", "192.0.2.16", "h",
     VIEW(FROM("x", "203.0.113.9", "y") END), "192.0.2.16|h|miss"},
    {"X-Originating-IP and its like say nothing", "192.0.2.1", "g",
     VIEW("X-Originating-IP: [203.0.113.9]\r\n" END),
     "||hit through 192.0.2.1; no address is known before that"},
};

static const char *walk(struct check_world *w, struct view message, struct buf *said)
{
    check_message(w, message);
    w->ops->ask(&w->j, w->state);
    buf_clear(said);
    buf_addf(said, "%.*s|%.*s|", (int)w->j.client.ip.n, w->j.client.ip.n ? w->j.client.ip.p : "",
             (int)w->j.client.helo.n, w->j.client.helo.n ? w->j.client.helo.p : "");
    buf_add_str(said, check_judge(w));
    return said->p;
}

static void the_client_is_the_first_that_is_no_gateway(void **state)
{
    struct check_world w = {0};
    struct buf said = {0};

    (void)state;
    check_open(&w, &check_gateway, GATEWAYS);
    for (size_t i = 0; i < N(cases); i++) {
        unsigned char ip[16];

        w.order.ip = view_of(cases[i].ip);
        w.order.helo = view_of(cases[i].helo);
        if (strcmp(walk(&w, cases[i].message, &said), cases[i].wanted) != 0)
            fail_msg("%s: %s, wanted %s", cases[i].behaviour, said.p, cases[i].wanted);
        assert_int_equal(w.j.has_ip, w.j.client.ip.n > 0);
        if (w.j.has_ip) {
            mail_received_ip(w.j.client.ip, ip);
            assert_memory_equal(ip, w.j.ip, 16);
            assert_int_equal(w.j.is_ip4, !memchr(w.j.client.ip.p, ':', w.j.client.ip.n));
        }
    }
    buf_free(&said);
    check_close(&w);
}

static void without_gateways_the_envelope_is_the_client(void **state)
{
    struct check_world w = {0};
    struct buf said = {0};

    (void)state;
    check_open(&w, &check_gateway, "");
    w.order.ip = VIEW("192.0.2.1");
    w.order.helo = VIEW("h");
    assert_string_equal(walk(&w, VIEW(FROM("x", "203.0.113.9", "y") END), &said), "192.0.2.1|h|miss");
    buf_free(&said);
    check_close(&w);
}

/* `n` gateways behind each other, and the client. */
static void chain(struct buf *to, unsigned n)
{
    buf_clear(to);
    for (unsigned i = 0; i < n; i++)
        buf_addf(to, "Received: from g%u ([192.0.2.%u]) by x with SMTP id 1\r\n", i, 1 + i % 2);
    buf_add_str(to, FROM("h", "203.0.113.9", "g") END);
}

static void as_many_gateways_as_are_named_and_no_more(void **state)
{
    struct check_world w = {0};
    struct buf message = {0}, said = {0};

    (void)state;
    check_open(&w, &check_gateway, GATEWAYS);
    for (int off = -2; off <= 1; off++) {
        chain(&message, (unsigned)(ANTISPAM_VIA_MAX + off));
        walk(&w, buf_view(&message), &said);
        assert_int_equal(w.j.has_ip, off < 0);
        assert_int_equal(w.j.client.via_n, off < 0 ? ANTISPAM_VIA_MAX + off : ANTISPAM_VIA_MAX);
    }
    buf_free(&message);
    buf_free(&said);
    check_close(&w);
}

static void a_message_is_not_needed(void **state)
{
    struct check_world w = {0};

    (void)state;
    check_open(&w, &check_gateway, GATEWAYS);
    check_message(&w, VIEW(END));
    judge_mail_close(w.j.mail);
    w.j.mail = NULL;
    w.order.ip = VIEW("203.0.113.9");
    w.ops->ask(&w.j, w.state);
    assert_true(w.j.has_ip);
    assert_string_equal(check_judge(&w), "miss");
    check_close(&w);
}

static void wrong_entries_are_told(void **state)
{
    char *why = check_why(&check_gateway, "gateways 192.0.2.1\ngateways mx.example.org");

    (void)state;
    assert_memory_equal(why, "lists/gateways:2: \"mx.example.org\": this is no address; accepted: ", 65);
    free(why);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_client_is_the_first_that_is_no_gateway),
        cmocka_unit_test(without_gateways_the_envelope_is_the_client),
        cmocka_unit_test(as_many_gateways_as_are_named_and_no_more),
        cmocka_unit_test(a_message_is_not_needed),
        cmocka_unit_test(wrong_entries_are_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
