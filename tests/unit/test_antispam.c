/*
 * test_antispam.c - unit tests of common/antispam.c: orders and clients come out as they went in, texts
 * become harmless, and what is none is refused.
 *
 * Run by `make check`. Packed forms are also cut and spoiled: what is still taken must pack into the same
 * bytes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/antispam.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

static const struct view rcpts[] = {{"b@example.org", 13}, {"", 0}};

static void fill(struct antispam_order *o)
{
    struct view text = VIEW("v=spf1 -all");
    const struct fact f = {.type = FACT_TXT, .name = VIEW("example.org"), .answer = &text, .answer_n = 1};

    *o = (struct antispam_order){.flags = ANTISPAM_FINAL | ANTISPAM_LOCAL,
                                 .now = 1767323045678,
                                 .sender = VIEW("a@example.org"),
                                 .rcpt = rcpts,
                                 .rcpt_n = 2,
                                 .ip = VIEW("192.0.2.1"),
                                 .helo = VIEW("h\xff\0x"),
                                 .auth = VIEW("user"),
                                 .protocol = VIEW("ESMTP"),
                                 .suspended = VIEW("rbl:zen uribl:dbl"),
                                 .crumbs = VIEW("\0\1crumbs")};
    facts_add(&o->facts, &f);
}

static void orders_come_as_they_were_given(void **state)
{
    struct antispam_order o, got;
    struct buf packed = {0};

    (void)state;
    fill(&o);
    antispam_pack_order(&packed, &o);
    assert_int_equal(antispam_unpack_order(buf_view(&packed), &got), 0);
    assert_int_equal(got.flags, ANTISPAM_FINAL | ANTISPAM_LOCAL);
    assert_true(got.now == o.now);
    assert_true(view_equal(got.sender, o.sender) && view_equal(got.ip, o.ip) && view_equal(got.helo, o.helo));
    assert_true(view_equal(got.auth, o.auth) && view_equal(got.protocol, o.protocol));
    assert_true(view_equal(got.suspended, o.suspended) && view_equal(got.crumbs, o.crumbs));
    assert_int_equal(got.rcpt_n, 2);
    assert_true(view_equal(got.rcpt[0], rcpts[0]) && view_equal(got.rcpt[1], rcpts[1]));
    assert_non_null(facts_find(&got.facts, FACT_TXT, VIEW("example.org")));
    antispam_free_order(&got);
    assert_null(got.owned_rcpt);
    facts_free(&o.facts);
    buf_free(&packed);
}

static int take_order(struct view bytes)
{
    struct antispam_order o;
    struct buf again = {0};
    int rc = antispam_unpack_order(bytes, &o) == 0;

    if (rc) {
        antispam_pack_order(&again, &o);
        if (!view_equal(buf_view(&again), bytes))
            fail_msg("it packs into other bytes");
    } else {
        assert_int_equal(errno, EPROTO);
        assert_true(!o.owned_rcpt && !o.facts.row && !o.sender.n);
    }
    antispam_free_order(&o);
    buf_free(&again);
    return rc;
}

static void spoiled_orders_are_refused_or_kept(void **state)
{
    struct antispam_order o;
    struct buf packed = {0};

    (void)state;
    fill(&o);
    antispam_pack_order(&packed, &o);
    for (size_t n = 0; n < packed.n; n++)
        assert_int_equal(take_order((struct view){packed.p, n}), 0);
    for (size_t i = 0; i < packed.n; i++) {
        packed.p[i] = (char)(packed.p[i] ^ 0x11);
        take_order(buf_view(&packed));
        packed.p[i] = (char)(packed.p[i] ^ 0x11);
    }
    assert_int_equal(take_order(buf_view(&packed)), 1);
    packed.p[4] = ANTISPAM__FLAGS;
    assert_int_equal(take_order(buf_view(&packed)), 1);
    packed.p[4] = ANTISPAM__FLAGS + 1;
    assert_int_equal(take_order(buf_view(&packed)), 0);
    packed.p[4] = 0;
    packed.p[7] = 1;
    assert_int_equal(take_order(buf_view(&packed)), 0);
    packed.p[7] = 0;
    packed.p[0] ^= 1;
    assert_int_equal(take_order(buf_view(&packed)), 0);
    facts_free(&o.facts);
    buf_free(&packed);
}

static void orders_have_limits(void **state)
{
    struct view *many = xcalloc(ANTISPAM_RCPT_MAX + 1, sizeof *many);
    char *text = xcalloc(1, UINT16_MAX + 1);
    struct antispam_order o = {.rcpt = many, .crumbs = {text, ANTISPAM_CRUMBS_MAX}}, got;
    struct buf packed = {0};

    (void)state;
    for (unsigned n = ANTISPAM_RCPT_MAX - 1; n <= ANTISPAM_RCPT_MAX + 1; n++) {
        o.rcpt_n = n;
        buf_clear(&packed);
        antispam_pack_order(&packed, &o);
        assert_int_equal(antispam_unpack_order(buf_view(&packed), &got), 0);
        assert_int_equal(got.rcpt_n, n < ANTISPAM_RCPT_MAX ? n : ANTISPAM_RCPT_MAX);
        assert_int_equal(got.crumbs.n, ANTISPAM_CRUMBS_MAX);
        antispam_free_order(&got);
    }
    o.sender = o.ip = o.helo = o.auth = o.protocol = o.suspended = (struct view){text, UINT16_MAX + 1};
    o.crumbs.n++;
    for (unsigned i = 0; i <= ANTISPAM_RCPT_MAX; i++)
        many[i] = (struct view){text, ANTISPAM_ADDRESS_MAX + 1};
    buf_clear(&packed);
    antispam_pack_order(&packed, &o);
    assert_true(packed.n <= ANTISPAM_ORDER_MAX);
    assert_int_equal(antispam_unpack_order(buf_view(&packed), &got), 0);
    assert_true(got.suspended.n == UINT16_MAX && got.crumbs.n == ANTISPAM_CRUMBS_MAX);
    assert_true(got.rcpt[0].n == ANTISPAM_ADDRESS_MAX);
    antispam_free_order(&got);
    buf_free(&packed);
    free(text);
    free(many);
}

static void pack_and_take(const struct antispam_client *c, struct buf *packed, struct antispam_client *got)
{
    buf_clear(packed);
    antispam_pack_client(packed, c);
    assert_true(packed->n <= ANTISPAM_CRUMBS_MAX);
    assert_int_equal(antispam_unpack_client(buf_view(packed), got), 0);
}

static void clients_come_without_what_cannot_be(void **state)
{
    struct antispam_client got, c = {.ip = VIEW("2001:db8::1"),
                                     .helo = VIEW("h\xff\tx"),
                                     .name = VIEW("Mail.Example.org."),
                                     .via = {VIEW("192.0.2.1"), VIEW("nobody"), VIEW("192.0.2.2")},
                                     .via_n = 3};
    struct buf packed = {0};

    (void)state;
    pack_and_take(&c, &packed, &got);
    assert_true(view_equal(got.ip, c.ip));
    assert_true(view_equal(got.helo, VIEW("h??x")));
    assert_true(view_equal(got.name, VIEW("mail.example.org")));
    assert_int_equal(got.via_n, 2);
    assert_true(view_equal(got.via[0], c.via[0]) && view_equal(got.via[1], c.via[2]));
    c = (struct antispam_client){.ip = VIEW("192.0.2.300"), .name = VIEW("a b")};
    pack_and_take(&c, &packed, &got);
    assert_true(got.ip.n == 0 && got.name.n == 0 && got.helo.n == 0 && got.via_n == 0);
    c.ip = VIEW("192.0.2.1\0");
    pack_and_take(&c, &packed, &got);
    assert_int_equal(got.ip.n, 0);
    buf_free(&packed);
}

static void clients_have_limits(void **state)
{
    struct antispam_client got, c = {.via_n = ANTISPAM_VIA_MAX};
    char helo[ANTISPAM_HELO_MAX + 1];
    struct buf packed = {0};

    (void)state;
    memset(helo, 'x', sizeof helo);
    for (unsigned i = 0; i < ANTISPAM_VIA_MAX; i++)
        c.via[i] = VIEW("ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255");
    c.ip = c.via[0];
    for (size_t n = ANTISPAM_HELO_MAX - 1; n <= ANTISPAM_HELO_MAX + 1; n++) {
        c.helo = (struct view){helo, n};
        pack_and_take(&c, &packed, &got);
        assert_int_equal(got.helo.n, n < ANTISPAM_HELO_MAX ? n : ANTISPAM_HELO_MAX);
        assert_int_equal(got.via_n, ANTISPAM_VIA_MAX);
        assert_true(view_equal(got.ip, c.ip));
    }
    packed.p[packed.n - ANTISPAM_VIA_MAX * 46 - 1] = ANTISPAM_VIA_MAX + 1;
    buf_add(&packed, "\0071.2.3.4", 8);
    assert_int_equal(antispam_unpack_client(buf_view(&packed), &got), -1);
    buf_free(&packed);
}

static void what_is_no_client_is_refused(void **state)
{
    static const struct {
        const char *says;
        struct view bytes;
        bool good;
    } cases[] = {
        {"nobody", VIEW("\0\0\0\0"), true},
        {"all of it", VIEW("\0071.2.3.4\1h\1n\1\3::1"), true},
        {"nothing", VIEW(""), false},
        {"no number of gateways", VIEW("\0\0\0"), false},
        {"more behind it", VIEW("\0\0\0\0\0"), false},
        {"an address that is none", VIEW("\0071.2.3.x\0\0\0"), false},
        {"an address that is cut", VIEW("\0071.2.3."), false},
        {"a control character in HELO", VIEW("\0\1\n\0\0"), false},
        {"a C1 control character in HELO", VIEW("\0\2\xc2\x9b\0\0"), false},
        {"no UTF-8 in HELO", VIEW("\0\1\xff\0\0"), false},
        {"UTF-8 in HELO", VIEW("\0\2\xc3\xa9\0\0"), true},
        {"a capital in the name", VIEW("\0\0\1N\0"), false},
        {"a blank in the name", VIEW("\0\0\3a b\0"), false},
        {"a gateway without address", VIEW("\0\0\0\1\0"), false},
        {"a gateway that is not there", VIEW("\0\0\0\1"), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct antispam_client c;
        struct buf again = {0};

        errno = 0;
        if ((antispam_unpack_client(cases[i].bytes, &c) == 0) != cases[i].good ||
            errno != (cases[i].good ? 0 : EPROTO))
            fail_msg("%s", cases[i].says);
        antispam_pack_client(&again, &c);
        if (cases[i].good ? !view_equal(buf_view(&again), cases[i].bytes) : c.ip.n || c.via_n)
            fail_msg("%s: other bytes", cases[i].says);
        buf_free(&again);
    }
}

static void texts_become_harmless(void **state)
{
    static const struct {
        const char *says;
        struct view text;
        size_t max;
        const char *wanted;
    } cases[] = {
        {"usual ones stay", VIEW("a \"b\" \xc3\xa9\xf0\x9f\x98\x80"), 100,
         "a \"b\" \xc3\xa9\xf0\x9f\x98\x80"},
        {"control characters do not", VIEW("\0\x1b[2J\r\n\x7f\xc2\x9b."), 100,
         "??[2J???"
         "??."},
        {"bytes that are no UTF-8 do not", VIEW("\xff\xc0\xaf\xed\xa0\x80"), 100, "??????"},
        {"they are cut", VIEW("abc"), 2, "ab"},
        {"not within a character", VIEW("a\xc3\xa9"), 2, "a"},
        {"nothing has room for nothing", VIEW("a"), 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf to = {0};

        buf_add_str(&to, "x");
        antispam_add_harmless(&to, cases[i].text, cases[i].max);
        if (strcmp(to.p + 1, cases[i].wanted) != 0)
            fail_msg("%s: '%s'", cases[i].says, to.p + 1);
        assert_true(antispam_is_harmless(buf_view(&to)));
        assert_int_equal(antispam_is_harmless(cases[i].text), i == 0 || i > 2);
        buf_free(&to);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_come_as_they_were_given),
        cmocka_unit_test(spoiled_orders_are_refused_or_kept),
        cmocka_unit_test(orders_have_limits),
        cmocka_unit_test(clients_come_without_what_cannot_be),
        cmocka_unit_test(clients_have_limits),
        cmocka_unit_test(what_is_no_client_is_refused),
        cmocka_unit_test(texts_become_harmless),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
