/*
 * test_dkim_key.c - of what the DNS says the key that belongs to a signature, or why there is none.
 *
 * Run by "make check". A record here is a text; several stand with "|" between them.
 */
#include "workers/antispam/dkim_key.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct one {
    const char *name, *records;
    enum check_result result;
    const char *why;
    bool testing;
    const char *signature; /* more tags of it */
};
static const struct one ones[] = {
    {"a key", "v=DKIM1; k=rsa; p=AA", RESULT_pass, "", false, ""},
    {"a short one", "p=AA", RESULT_pass, "", false, ""},
    {"no record", NULL, RESULT_permerror, "no key", false, ""},
    {"other records", "v=spf1 -all|hello", RESULT_permerror, "no key", false, ""},
    {"a key among others", "v=spf1 -all|p=AA", RESULT_pass, "", false, ""},
    {"two keys", "p=AA|p=BB", RESULT_permerror, "several", false, ""},
    {"revoked", "v=DKIM1; p=", RESULT_permerror, "revoked", false, ""},
    {"a broken list", "p=AA;;", RESULT_permerror, "broken", false, ""},
    {"8-bit in a note", "p=AA;n=\xc3\xa4", RESULT_permerror, "broken", false, ""},
    {"another type", "k=ed25519; p=AA", RESULT_permerror, "type", false, ""},
    {"a type in capitals", "k=RSA; p=AA", RESULT_pass, "", false, ""},
    {"a test", "t=y; p=AA", RESULT_pass, "", true, ""},
    {"a test, and more", "t=s : y; p=AA", RESULT_pass, "", true, ""},
    {"not for subdomains, and i= is one", "t=s; p=AA", RESULT_permerror, "t=s", false, "; i=@a.example.org"},
    {"not for subdomains, and i= is none", "t=s; p=AA", RESULT_pass, "", false, "; i=@example.org"},
    {"for subdomains", "p=AA", RESULT_pass, "", false, "; i=@a.example.org"},
};

static void read_signature(struct dkim_signature *s, struct buf *b, const char *more)
{
    buf_addf(b, "v=1; a=rsa-sha256; d=example.org; s=sel; h=from; bh=AA; b=AA%s", more);
    dkim_signature_read(buf_view(b), s);
    assert_null(s->broken);
}

static void each_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        const struct one *o = &ones[i];
        struct view answer[4];
        struct fact f = {.type = FACT_TXT, .answer = answer};
        struct dkim_signature s;
        struct buf b = {0};
        struct dkim_key k;
        const char *why;
        enum check_result r;

        for (const char *p = o->records; p; p = strchr(p, '|') ? strchr(p, '|') + 1 : NULL)
            answer[f.answer_n++] = (struct view){p, strcspn(p, "|")};
        read_signature(&s, &b, o->signature);
        r = dkim_key_choose(&f, &s, &k, &why);
        if (r != o->result || k.testing != o->testing || (r != RESULT_pass && !strstr(why, o->why)))
            fail_msg("%s: %s (%s)", o->name, check_result_name(r), why ? why : "");
        if (r == RESULT_pass && memcmp(k.record.p + k.record.n - 4, "p=AA", 4) != 0)
            fail_msg("%s: another record", o->name);
        buf_free(&b);
    }
}

static void what_the_dns_says(void **state)
{
    static const struct {
        enum fact_rcode rcode;
        enum check_result result;
    } cases[] = {{FACT_NOERROR, RESULT_permerror},
                 {FACT_NXDOMAIN, RESULT_permerror},
                 {FACT_SERVFAIL, RESULT_temperror},
                 {FACT_TIMEOUT, RESULT_temperror}};
    struct dkim_signature s;
    struct buf b = {0};
    struct dkim_key k;
    const char *why;

    (void)state;
    read_signature(&s, &b, "");
    assert_int_equal(dkim_key_choose(NULL, &s, &k, &why), RESULT_unknown);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct fact f = {.type = FACT_TXT, .rcode = cases[i].rcode};

        assert_int_equal(dkim_key_choose(&f, &s, &k, &why), cases[i].result);
    }
    buf_free(&b);
}

static void length(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct dkim_signature s;
        struct buf b = {0}, record = {0};
        struct view answer;
        struct fact f = {.type = FACT_TXT, .answer = &answer, .answer_n = 1};
        struct dkim_key k;
        const char *why;

        read_signature(&s, &b, "");
        buf_add_str(&record, "p=");
        while (record.n < (size_t)(DKIM_KEY_MAX + more))
            buf_add_char(&record, 'A');
        answer = buf_view(&record);
        assert_int_equal(dkim_key_choose(&f, &s, &k, &why), more > 0 ? RESULT_permerror : RESULT_pass);
        buf_free(&b);
        buf_free(&record);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_record), cmocka_unit_test(what_the_dns_says),
                                       cmocka_unit_test(length)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
