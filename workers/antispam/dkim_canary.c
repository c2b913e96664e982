/*
 * dkim_canary.c - see dkim_canary.h. The message of RFC 8463, appendix A, with its keys.
 *
 * Called by check_dkim.c in the loader, before lock-down. It must not depend on settings but the smallest
 * key: that of the example has 1024 bits, so where more are asked for, RESULT_policy is right for it.
 */
#include "workers/antispam/dkim_canary.h"

static const char message[] = "DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n"
                              " subject : date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
                              " Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
                              "DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n"
                              " d=football.example.com; i=@football.example.com;\r\n"
                              " q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n"
                              " date : message-id : from : subject : date;\r\n"
                              " bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
                              " b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
                              " DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
                              " dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
                              "From: Joe SixPack <joe@football.example.com>\r\n"
                              "To: Suzie Q <suzie@shopping.example.net>\r\n"
                              "Subject: Is dinner ready?\r\n"
                              "Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
                              "Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n"
                              "\r\n"
                              "Hi.\r\n"
                              "\r\n"
                              "We lost the game.  Are you hungry yet?\r\n"
                              "\r\n"
                              "Joe.\r\n";
static const char *const keys[] = {
    "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "v=DKIM1; k=rsa; "
    "p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQi"
    "Y/J16JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/"
    "8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2"
    "kryOTIKT+l/K4w3QIDAQAB",
};

static enum check_result verify(struct dkim_engine *e, const struct mail_header *h, struct view body,
                                unsigned n)
{
    const struct mail_field *f = mail_header_find(h, VIEW("DKIM-Signature"), n);
    struct dkim_task t = {.header = h, .body = body, .field = f, .key = view_of(keys[n])};
    struct dkim_outcome o = {RESULT_neutral, NULL};
    struct dkim_signature s;

    if (!f)
        return RESULT_neutral;
    dkim_signature_read(f->value, &s);
    t.signature = &s;
    if (!s.broken)
        dkim_engine_verify(e, &t, &o);
    return o.result;
}

int dkim_canary_check(struct dkim_engine *e, struct buf *why)
{
    struct mail_arena a = {0};
    struct mail_header h;
    enum check_result good[2], bad[2];

    mail_header_parse(&a, VIEW(message), false, MAIL_SPLIT_USUAL, &h);
    for (unsigned i = 0; i < 2; i++) {
        good[i] = verify(e, &h, h.body, i);
        bad[i] = verify(e, &h, VIEW("Joe.\r\n"), i);
    }
    mail_arena_free(&a);
    if (good[0] == RESULT_pass && bad[0] == RESULT_fail && bad[1] != RESULT_pass &&
        (good[1] == RESULT_pass || good[1] == RESULT_policy))
        return 0;
    buf_add_str(why, "libopendkim does not verify the example of RFC 8463");
    return -1;
}
