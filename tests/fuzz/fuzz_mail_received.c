/*
 * fuzz_mail_received.c - any bytes as the value of a Received field, and as a date.
 *
 * Built with libFuzzer or with a plain main that feeds files. What is told lies in the value; an address is
 * told as text and as bytes or not at all; a comment of the "by" clause, which no client writes, changes
 * nothing.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/buf.h"
#include "workers/mail/mail_date.h"
#include "workers/mail/mail_received.h"

#define INPUT_MAX 20000

static bool is_within(struct view part, struct view whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void check_address(const struct mail_received *r)
{
    static const unsigned char none[16];
    unsigned char ip6[16];

    if (r->ip.n) {
        struct view again = mail_received_ip(r->ip, ip6);

        MUST(view_equal(again, r->ip) && memcmp(ip6, r->ip6, sizeof ip6) == 0);
    } else {
        MUST(memcmp(r->ip6, none, sizeof none) == 0);
    }
    MUST(!view_equal_nocase(r->name, VIEW("unknown")) && !mail_received_ip(r->name, ip6).n);
}

/* What a server says about itself and about its client, behind the bytes of a client. */
static void check_server(struct view in)
{
    struct mail_received r;
    struct buf b = {0};

    buf_add_str(&b, "from h (n.example [192.0.2.1]) by mx.example (");
    for (size_t i = 0; i < in.n; i++)
        buf_add_char(&b, memchr("()\\", in.p[i], 3) ? ' ' : in.p[i]);
    buf_add_str(&b, ") with SMTP id 1; 1 Jul 2003 10:52:37 GMT");
    MUST(mail_received_parse(buf_view(&b), &r));
    MUST(view_equal(r.ip, VIEW("192.0.2.1")) && view_equal(r.name, VIEW("n.example")));
    MUST(view_equal(r.by, VIEW("mx.example")) && view_equal(r.with, VIEW("SMTP")) && r.when == 1057056757);
    MUST(view_equal(r.id, VIEW("1")));
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view in = {(const char *)data, size};
    struct mail_received r;
    bool said;

    if (size > INPUT_MAX)
        return 0;
    said = mail_received_parse(in, &r);
    MUST(said == (r.by.n || r.ip.n));
    MUST(is_within(r.helo, in) && is_within(r.name, in) && is_within(r.ip, in) && is_within(r.by, in));
    MUST(is_within(r.via, in) && is_within(r.with, in) && is_within(r.id, in) && is_within(r.recipient, in));
    MUST(is_within(r.sender, in) && is_within(r.whole, in));
    check_address(&r);
    check_server(in);
    mail_date_parse(in);
    return 0;
}
