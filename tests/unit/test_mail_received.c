/*
 * test_mail_received.c - unit tests of workers/mail/mail_received.c: the forms in which servers write where a
 * mail came from.
 *
 * Run by `make check`. Each case says in one line: address|name|helo|by|with|id.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "common/buf.h"
#include "workers/mail/mail_limits.h"
#include "workers/mail/mail_received.h"

#define DATE "; Tue, 01 Jul 2003 10:52:37 +0200"

static const struct {
    const char *behaviour;
    struct view in;
    const char *wanted;
} forms[] = {
    {"Postfix",
     VIEW(
         "from h (n.example [192.0.2.1])\r\n\tby mx.example (Postfix) with ESMTP id 4AB\r\n\tfor <a@x>" DATE),
     "192.0.2.1|n.example|h|mx.example|ESMTP|4AB"},
    {"Postfix, IPv6", VIEW("from h (n.example [IPv6:2001:db8::1]) by mx with ESMTPS id 4AB" DATE),
     "2001:db8::1|n.example|h|mx|ESMTPS|4AB"},
    {"Postfix, no name",
     VIEW("from h (unknown [192.0.2.1]) (using TLSv1.3 with cipher X (256/256 bits)) by mx (Postfix) with X "
          "id 1"),
     "192.0.2.1||h|mx|X|1"},
    {"Postfix, a local user", VIEW("by mx (Postfix, from userid 1000) id 1" DATE), "|||mx||1"},
    {"sendmail", VIEW("from h (n.example [192.0.2.1]) by mx (8.15.2/8.15.2) with ESMTP id x1 for <a@x>" DATE),
     "192.0.2.1|n.example|h|mx|ESMTP|x1"},
    {"sendmail, no name", VIEW("from h ([192.0.2.1]) by mx (8.9.3/8.9.3) with SMTP id x1"),
     "192.0.2.1||h|mx|SMTP|x1"},
    {"sendmail, forged", VIEW("from h (n.example [192.0.2.1] (may be forged)) by mx with SMTP id 1"),
     "192.0.2.1|n.example|h|mx|SMTP|1"},
    {"sendmail with ident", VIEW("from h (IDENT:root@n.example [192.0.2.1]) by mx with SMTP id 1"),
     "192.0.2.1|n.example|h|mx|SMTP|1"},
    {"ident and no name", VIEW("from h (root@[192.0.2.1]) by mx with SMTP id 1"), "192.0.2.1||h|mx|SMTP|1"},
    {"sendmail, a local user", VIEW("(from a@localhost) by mx (8.15.2/8.15.2/Submit) id x1 for b@x" DATE),
     "|||mx||x1"},
    {"a literal as HELO", VIEW("from [10.0.0.1] (n.example [192.0.2.1]) by mx with SMTP"),
     "192.0.2.1|n.example|[10.0.0.1]|mx|SMTP|"},
    {"Exim",
     VIEW("from n.example ([192.0.2.1] helo=h)\r\n by mx with esmtp (Exim 4.96) (envelope-from <a@x>) id "
          "1-2" DATE),
     "192.0.2.1|n.example|h|mx|esmtp|1-2"},
    {"Exim, HELO is the name", VIEW("from n.example ([192.0.2.1]) by mx with esmtp (Exim 4.96) id 1"),
     "192.0.2.1|n.example|n.example|mx|esmtp|1"},
    {"Exim, no name", VIEW("from [192.0.2.1] (helo=h) by mx with smtp (Exim 4.96) id 1"),
     "192.0.2.1||h|mx|smtp|1"},
    {"Exim, an address as HELO",
     VIEW("from [192.0.2.1] (port=25 helo=[10.0.0.1]) by mx with smtp (Exim 4.96) id 1"),
     "192.0.2.1||[10.0.0.1]|mx|smtp|1"},
    {"Exim with ports", VIEW("from [192.0.2.1] ([192.0.2.1]:4711 helo=h) by mx with smtp (Exim 4.96)"),
     "192.0.2.1||h|mx|smtp|"},
    {"Exim, local", VIEW("from root by mx with local (Exim 4.96) (envelope-from <root@mx>) id 1"),
     "||root|mx|local|1"},
    {"qmail", VIEW("from n.example (HELO h) (192.0.2.1)\n  by mx with SMTP" DATE),
     "192.0.2.1|n.example|h|mx|SMTP|"},
    {"qmail, no name", VIEW("from unknown (HELO h) (a@192.0.2.1) by mx with SMTP"), "192.0.2.1||h|mx|SMTP|"},
    {"no name, with a last dot", VIEW("from unknown. (HELO h) (a@192.0.2.1) by mx with SMTP"),
     "192.0.2.1||h|mx|SMTP|"},
    {"qmail, no HELO", VIEW("from unknown (192.0.2.1) by mx with QMQP"), "192.0.2.1||unknown|mx|QMQP|"},
    {"qmail, an address as HELO", VIEW("from n.example (HELO 10.0.0.1) (192.0.2.1) by mx with SMTP"),
     "192.0.2.1|n.example|10.0.0.1|mx|SMTP|"},
    {"HELO with blanks and an address", VIEW("from n.example (HELO h [10.0.0.1]) ([192.0.2.1]) by mx"),
     "192.0.2.1|n.example|h|mx||"},
    {"qmail-ldap",
     VIEW("from n.example (HELO h) ([192.0.2.1]) (envelope-sender <a@x>) by mx (qmail-ldap-1.03) with SMTP"),
     "192.0.2.1|n.example|h|mx|SMTP|"},
    {"qmail, no client", VIEW("(qmail 1234 invoked by uid 1000); 1 Jul 2003 08:52:37 -0000"), "|||||"},
    {"Exchange", VIEW("from h (192.0.2.1) by mx (10.0.0.2) with Microsoft SMTP Server (TLS) id 15.0.1" DATE),
     "192.0.2.1||h|mx|Microsoft SMTP Server|15.0.1"},
    {"Exchange, IPv6",
     VIEW("from h (2001:db8::1) by mx (2001:db8::2) with Microsoft SMTP Server (version=TLS1_2) id 15"),
     "2001:db8::1||h|mx|Microsoft SMTP Server|15"},
    {"Exchange, link-local", VIEW("from h ([fe80::1%14]) by mx ([fe80::2%14]) with mapi id 14.3"),
     "fe80::1||h|mx|mapi|14.3"},
    {"Microsoft SMTPSVC",
     VIEW("from h ([192.0.2.1]) by mx with Microsoft SMTPSVC(6.0.3790.1830); 1 Jul 2003 08:52:37 -0000"),
     "192.0.2.1||h|mx|Microsoft SMTPSVC|"},
    {"Gmail",
     VIEW("from h. (n.example. [192.0.2.1])\r\n        by mx.example with ESMTPS id a1si2\r\n        for "
          "<a@x>\r\n"
          "        (version=TLS1_3 bits=256/256)" DATE),
     "192.0.2.1|n.example|h.|mx.example|ESMTPS|a1si2"},
    {"Gmail, inside", VIEW("by 2002:a05:6a10::1 with SMTP id a1csp2" DATE),
     "|||2002:a05:6a10::1|SMTP|a1csp2"},
    {"Courier",
     VIEW("from h (n.example [::ffff:192.0.2.1])\n  (AUTH: LOGIN a@x, TLS: TLSv1,256bits)\n  by mx with "
          "ESMTPA; 1"),
     "::ffff:192.0.2.1|n.example|h|mx|ESMTPA|"},
    {"Courier, no name", VIEW("from h (softdnserr [192.0.2.1]) by mx with ESMTP"), "192.0.2.1||h|mx|ESMTP|"},
    {"fetchmail",
     VIEW("from mx.example [192.0.2.1] by localhost with POP3 (fetchmail-6.4.2) for <a@localhost> "
          "(single-drop)"),
     "192.0.2.1||mx.example|localhost|POP3|"},
    {"CommuniGate Pro",
     VIEW("from [192.0.2.1] (account a@x HELO h) by mx (CommuniGate Pro SMTP 6) with ESMTPA id 1"),
     "192.0.2.1||h|mx|ESMTPA|1"},
    {"an account is no name", VIEW("from h (account a@x [192.0.2.1] verified) by mx"), "192.0.2.1||h|mx||"},
    {"ZMailer",
     VIEW("from n.example ([192.0.2.1]:4711 \"EHLO h\" rhost-flags-OK-OK) by mx with ESMTP id S1 convert x"),
     "192.0.2.1|n.example|h|mx|ESMTP|S1"},
    {"name[address]", VIEW("from h (n.example[192.0.2.1]) by mx(Mail 1.0) with SMTP id 1"),
     "192.0.2.1|n.example|h|mx|SMTP|1"},
    {"a client that calls itself name[address]", VIEW("from h[10.0.0.1] ([192.0.2.1]) by mx"),
     "192.0.2.1||h[10.0.0.1]|mx||"},
    {"no blanks at all", VIEW("from h([192.0.2.1])by mx(Mail 1.0)with SMTP(x)id 1;x"),
     "192.0.2.1||h|mx|SMTP|1"},
    {"only an address", VIEW("from 192.0.2.1 (webmail user a) by mx with HTTP"), "192.0.2.1|||mx|HTTP|"},
    {"an address that is no name", VIEW("from h (192.0.2.1 [192.0.2.1]) by mx"), "192.0.2.1||h|mx||"},
    {"words behind from", VIEW("from mail pickup service by mx with Microsoft SMTPSVC"),
     "||mail|mx|Microsoft SMTPSVC|"},
    {"by and its comments are the server's", VIEW("from h (n.example [192.0.2.1]) by mx ([10.0.0.1] helo=x)"),
     "192.0.2.1|n.example|h|mx||"},
    {"any case", VIEW("FROM h (n.example [192.0.2.1]) BY mx WITH smtp ID 1"),
     "192.0.2.1|n.example|h|mx|smtp|1"},
    /* What is not as it should be, or made to mislead. */
    {"nothing", VIEW(""), "|||||"},
    {"other text", VIEW("hello world"), "|||||"},
    {"a keyword as HELO", VIEW("from by (n.example [192.0.2.1]) by mx with SMTP"),
     "192.0.2.1|n.example|by|mx|SMTP|"},
    {"no HELO at all", VIEW("from by mx with SMTP"), "|||mx|SMTP|"},
    {"keywords without values", VIEW("from h by with id for"), "||h|||for"},
    {"a second by", VIEW("from h (n.example [192.0.2.1]) by mx with SMTP by evil from x ([10.0.0.1])"),
     "192.0.2.1|n.example|h|mx|SMTP by evil from x|"},
    {"a parenthesis in HELO", VIEW("from n.example (HELO h( ) (192.0.2.1) by mx with SMTP"),
     "192.0.2.1|n.example|h|mx|SMTP|"},
    {"a closing one in HELO", VIEW("from n.example (HELO h)) (192.0.2.1) by mx with SMTP"),
     "192.0.2.1|n.example|h|mx|SMTP|"},
    {"a comment that never ends", VIEW("from h (n.example [192.0.2.1] by mx with SMTP"),
     "192.0.2.1||h|mx|SMTP|"},
    {"an address that is none", VIEW("from h (n.example [192.0.2.256]) by mx"), "||h|mx||"},
    {"empty brackets", VIEW("from h (n.example []) by mx"), "||h|mx||"},
    {"a bracket without its end", VIEW("from h (n.example [192.0.2.1) by mx"), "||h|mx||"},
    {"keywords behind the date", VIEW("from h ([192.0.2.1]); by mx with SMTP"), "192.0.2.1||h|||"},
    {"id of angle brackets", VIEW("by mx with SMTP id <a;b@x>; 1"), "|||mx|SMTP|a;b@x"},
};

static void say(struct buf *b, const struct mail_received *r)
{
    struct view part[] = {r->ip, r->name, r->helo, r->by, r->with, r->id};

    for (size_t i = 0; i < sizeof part / sizeof *part; i++) {
        if (i)
            buf_add_char(b, '|');
        buf_add_view(b, part[i]);
    }
}

static void all_servers_are_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        struct mail_received r;
        struct buf got = {0};
        bool said = mail_received_parse(forms[i].in, &r);

        say(&got, &r);
        if (!view_equal(buf_view(&got), view_of(forms[i].wanted)))
            fail_msg("%s: \"%s\"", forms[i].behaviour, got.p);
        assert_int_equal(said, r.by.n || r.ip.n);
        assert_ptr_equal(r.whole.p, forms[i].in.p);
        buf_free(&got);
    }
}

static void the_rest_of_a_field_is_told(void **state)
{
    struct mail_received r;

    (void)state;
    assert_true(mail_received_parse(
        VIEW("from h (n [192.0.2.1] (may be forged)) by mx via tcp with SMTP id <1> for <a@x>"
             " (more); Tue, 1 Jul 2003 10:52:37 +0200 (CEST) (envelope-from <b@y>)"),
        &r));
    assert_true(r.forged);
    assert_true(view_equal(r.via, VIEW("tcp")) && view_equal(r.recipient, VIEW("a@x")));
    assert_true(view_equal(r.sender, VIEW("b@y")) && view_equal(r.id, VIEW("1")));
    assert_int_equal(r.when, 1057049557);
    assert_true(mail_received_parse(
        VIEW("from h ([192.0.2.1]) by mx (Postfix (envelope-from x) envelope-sender <y>)"), &r));
    assert_false(r.forged);
    assert_int_equal(r.when, 0);
    assert_true(view_equal(r.sender, VIEW("y")));
}

static void the_last_date_counts(void **state)
{
    struct mail_received r;

    (void)state;
    mail_received_parse(VIEW("by mx (x; y) with SMTP; x; 1 Jul 2003 10:52:37 GMT"), &r);
    assert_int_equal(r.when, 1057056757);
}

static const struct {
    const char *behaviour;
    struct view in;
    const char *text, *ip6; /* hexadecimal; "": none */
} ips[] = {
    {"IPv4", VIEW("192.0.2.1"), "192.0.2.1", "00000000000000000000ffffc0000201"},
    {"in brackets", VIEW("[192.0.2.1]"), "192.0.2.1", "00000000000000000000ffffc0000201"},
    {"with a port", VIEW("192.0.2.1:25"), "192.0.2.1", "00000000000000000000ffffc0000201"},
    {"in brackets with a port", VIEW("[192.0.2.1]:25"), "192.0.2.1", "00000000000000000000ffffc0000201"},
    {"mapped", VIEW("::ffff:192.0.2.1"), "::ffff:192.0.2.1", "00000000000000000000ffffc0000201"},
    {"IPv6", VIEW("2001:DB8::1"), "2001:DB8::1", "20010db8000000000000000000000001"},
    {"tagged", VIEW("[ipv6:2001:db8::1]"), "2001:db8::1", "20010db8000000000000000000000001"},
    {"with a zone", VIEW("fe80::1%eth0"), "fe80::1", "fe800000000000000000000000000001"},
    {"a number too big", VIEW("192.0.2.256"), "", ""},
    {"three numbers", VIEW("192.0.2"), "", ""},
    {"a name", VIEW("a.example"), "", ""},
    {"nothing", VIEW(""), "", ""},
    {"a bracket alone", VIEW("["), "", ""},
    {"an open bracket", VIEW("[192.0.2.1"), "", ""},
    {"a NUL in it", VIEW("192.0.2.1\0"), "", ""},
    {"46 bytes", VIEW("0000:0000:0000:0000:0000:0000:0000:0000:0000:0"), "", ""},
};

static void addresses_are_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ips / sizeof *ips; i++) {
        unsigned char ip6[16] = {0};
        struct view got = mail_received_ip(ips[i].in, ip6);
        struct buf hex = {0};

        for (size_t k = 0; k < sizeof ip6; k++)
            buf_addf(&hex, "%02x", ip6[k]);
        if (!view_equal(got, view_of(ips[i].text)) || (got.n && strcmp(hex.p, ips[i].ip6) != 0))
            fail_msg("%s: \"%.*s\" %s", ips[i].behaviour, (int)got.n, got.p, hex.p);
        buf_free(&hex);
    }
}

static void the_chain_is_read(struct mail_arena *a, unsigned fields, struct mail_received_chain *chain)
{
    struct mail_header h = {.n = fields + 2};

    h.field = mail_arena_alloc(a, h.n * sizeof *h.field);
    h.field[0] = (struct mail_field){.name = VIEW("Subject"), .value = VIEW("from x by y")};
    h.field[1] = (struct mail_field){.name = VIEW("X-Received"), .value = VIEW("from x by y")};
    for (unsigned i = 0; i < fields; i++)
        h.field[i + 2] = (struct mail_field){.name = i % 2 ? VIEW("RECEIVED") : VIEW("Received"),
                                             .value = i ? VIEW("by b") : VIEW("by a"),
                                             .whole = VIEW("whole\r\n")};
    mail_received_read(a, &h, chain);
}

static void the_limit_is_kept(void **state)
{
    static const unsigned fields[] = {0, 1, MAIL_RECEIVED_MAX - 1, MAIL_RECEIVED_MAX, MAIL_RECEIVED_MAX + 1};

    (void)state;
    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        struct mail_arena a = {0};
        struct mail_received_chain chain;

        the_chain_is_read(&a, fields[i], &chain);
        assert_int_equal(chain.n, fields[i] > MAIL_RECEIVED_MAX ? MAIL_RECEIVED_MAX : fields[i]);
        assert_int_equal(chain.over, fields[i] > MAIL_RECEIVED_MAX);
        for (unsigned k = 0; k < chain.n; k++) {
            assert_true(view_equal(chain.hop[k].by, k ? VIEW("b") : VIEW("a")));
            assert_true(view_equal(chain.hop[k].whole, VIEW("whole\r\n")));
        }
        mail_arena_free(&a);
    }
}

static double seconds_for(const char *begin, const char *unit, size_t times)
{
    struct timespec from, to;
    struct mail_received r;
    struct buf in = {0};

    buf_add_str(&in, begin);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&in, unit);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    mail_received_parse(buf_view(&in), &r);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    buf_free(&in);
    return (double)(to.tv_sec - from.tv_sec) + (double)(to.tv_nsec - from.tv_nsec) / 1e9;
}

static void time_is_linear(void **state)
{
    static const struct {
        const char *begin, *unit;
    } worst[] = {
        {"from a ", "("},
        {"from a ", "(a)"},
        {"from a (", ")("},
        {"from a (", "["},
        {"from a ", "[a"},
        {"from a ", "<"},
        {"from a ", "<("},
        {"from a (", "<[ "},
        {"", ";"},
        {"", "; 1 "},
        {"", ";("},
        {"", "by "},
        {"from ", "   "},
        {"id ", "id id "},
        {"from a (", "a@"},
        {"from a ((", "a)"},
        {"from a (", "1.2.3.4:"},
        {"with ", "a "},
        {"", ";(a\\)"},
        {"from a (", "\\("},
    };

    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = seconds_for(worst[i].begin, worst[i].unit, 1u << 16);
        double two = seconds_for(worst[i].begin, worst[i].unit, 1u << 17);

        if (two > 4 * one + 0.05)
            fail_msg("\"%s%s\": %f s, twice of it %f s", worst[i].begin, worst[i].unit, one, two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_servers_are_understood), cmocka_unit_test(the_rest_of_a_field_is_told),
        cmocka_unit_test(the_last_date_counts),       cmocka_unit_test(addresses_are_read),
        cmocka_unit_test(the_limit_is_kept),          cmocka_unit_test(time_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
