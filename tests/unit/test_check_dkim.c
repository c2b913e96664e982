/*
 * test_check_dkim.c - the check dkim: which signatures pass, which result a message gets, and what is told of
 * it.
 *
 * Run by "make check". Messages are signed here (dkim_maker.h), so that one thing at a time can be wrong;
 * what others signed stands in test_check_dkim_corpus.c.
 */
#include "auth_world.h"
#include "dkim_maker.h"

extern const struct check_ops check_dkim;

#define KEY_NAME "sel._domainkey.example.org"

struct scene {
    struct maker rsa, ed;
    struct buf rsa_key, ed_key;
    struct auth_world w;
    struct buf message, settings;
};

static void open_scene(struct scene *s)
{
    *s = (struct scene){0};
    maker_open(&s->rsa, 1024);
    maker_open(&s->ed, 0);
    s->ed.s = "ed";
    maker_add_key(&s->rsa, &s->rsa_key);
    maker_add_key(&s->ed, &s->ed_key);
}

static void close_scene(struct scene *s)
{
    maker_close(&s->rsa);
    maker_close(&s->ed);
    buf_free(&s->rsa_key);
    buf_free(&s->ed_key);
    buf_free(&s->message);
    buf_free(&s->settings);
}

static void set(struct scene *s, const char *key, const char *value)
{
    struct settings_item i = {VIEW("dkim"), VIEW(""), view_of(key), view_of(value), VIEW(""), 0};

    buf_clear(&s->settings);
    settings_add(&s->settings, &i);
}

/* Both keys are in the DNS. The signatures stand in s->message already. */
static const struct antispam_result *judge(struct scene *s, const char *header, const char *body)
{
    buf_add_str(&s->message, header);
    buf_add_str(&s->message, "\r\n");
    buf_add_str(&s->message, body);
    auth_open(&s->w, buf_view(&s->message));
    auth_txt(&s->w, KEY_NAME, s->rsa_key.p);
    auth_txt(&s->w, "ed._domainkey.example.org", s->ed_key.p);
    return auth_judge(&s->w, &check_dkim, buf_view(&s->settings));
}

static void again(struct scene *s)
{
    auth_close(&s->w);
    buf_clear(&s->message);
}

/* --- one signature --------------------------------------------------------- */

struct one {
    const char *name;
    bool ed;
    const char *h, *more; /* NULL: as usual */
    const char *header, *body;
    enum check_result result;
    const char *detail; /* that is in it; NULL: "pass" */
    bool weak;
};
static const struct one ones[] = {
    {"an RSA signature passes", .result = RESULT_pass, .detail = "d=example.org s=sel a=rsa-sha256: pass"},
    {"an Ed25519 signature passes", .ed = true, .result = RESULT_pass,
     .detail = "d=example.org s=ed a=ed25519-sha256: pass"},
    {"a changed body fails", .body = "one\r\nTwo\r\n", .result = RESULT_fail,
     .detail = "fail (the body was changed)"},
    {"a changed field fails",
     .header = "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nSubject: c\r\nDate: now\r\n",
     .result = RESULT_fail, .detail = "fail (header or signature was changed)"},
    {"a field that is not signed may come along", .header = MAKER_HEADER "X-New: 1\r\n",
     .result = RESULT_pass},
    {"a field below the signed one of that name fails", .header = MAKER_HEADER "Subject: z\r\n",
     .result = RESULT_fail, .detail = "changed"},
    {"expired: the message's clock counts", .more = "; t=1700000000; x=1767225299",
     .result = RESULT_permerror, .detail = "expired"},
    {
        "clocks may be a bit apart",
        .more = "; t=1700000000; x=1767225301",
        .result = RESULT_pass,
    },
    {"... but no more", .more = "; x=1767225300", .result = RESULT_permerror, .detail = "expired"},
    {"made in the future", .more = "; t=1767225901", .result = RESULT_permerror, .detail = "future"},
    {"made as late as clocks may differ", .more = "; t=1767225900", .result = RESULT_pass},
    {"t=0 and an end", .more = "; t=0; x=9999999999", .result = RESULT_pass},
    {"From must be signed", .h = "to:subject", .result = RESULT_permerror, .detail = "From is not signed"},
    {"a second From above does not pass", .header = "From: eve@example.com\r\n" MAKER_HEADER,
     .result = RESULT_policy, .detail = "a From is not signed"},
    {"... unless that one cannot be added", .h = "from:from:to", .result = RESULT_pass},
    {"... and fails when it is", .h = "from:from:to", .header = "From: eve@example.com\r\n" MAKER_HEADER,
     .result = RESULT_fail, .detail = "changed"},
    {"a second Subject above does not pass", .header = "Subject: z\r\n" MAKER_HEADER, .result = RESULT_policy,
     .detail = "a Subject is not signed"},
    {"... unless Subject is not signed at all", .h = "from:to", .header = "Subject: z\r\n" MAKER_HEADER,
     .result = RESULT_pass},
    {"a second Date", .h = "from:date", .header = "Date: z\r\n" MAKER_HEADER, .result = RESULT_policy,
     .detail = "a Date is not signed"},
    {"a CR alone in a field that is not signed", .header = "X-A: b\rSubject: z\r\n" MAKER_HEADER,
     .result = RESULT_policy, .detail = "a CR stands alone in the header"},
    {"l= of all of the body", .more = "; l=10", .result = RESULT_pass},
    {"l= of less passes, but not for DMARC", .more = "; l=10", .body = MAKER_BODY "more\r\n",
     .result = RESULT_pass, .detail = "not all of the body", .weak = true},
    {"l= of more than the body", .more = "; l=11", .result = RESULT_permerror, .detail = "body size"},
    {"l= without end", .more = "; l=18446744073709551614", .result = RESULT_permerror, .detail = "l="},
    {"a tag twice", .more = "; t=1; t=1", .result = RESULT_permerror, .detail = "twice"},
    {"... in another case", .more = "; T=1; t=1", .result = RESULT_permerror, .detail = "twice"},
    {"tags that nobody knows", .more = "; zz=top", .result = RESULT_pass},
    {"it names itself in h=", .h = "from:dkim-signature", .result = RESULT_neutral,
     .detail = "more signatures than can be looked at"},
    {"more names in h= than there are fields", .h = "from:to:subject:date:from:from:from:to:to:x:y:z",
     .result = RESULT_pass},
};

static void look_at_one(struct scene *s, const struct one *o)
{
    struct maker m = o->ed ? s->ed : s->rsa;
    const struct antispam_result *r;

    m.h = o->h ? o->h : m.h;
    m.more = o->more;
    maker_add_signature(&m, MAKER_HEADER, MAKER_BODY, &s->message);
    r = judge(s, o->header ? o->header : MAKER_HEADER, o->body ? o->body : MAKER_BODY);
    if (r->result != o->result || !strstr(r->detail.p, o->detail ? o->detail : "pass"))
        fail_msg("%s: %s: %s", o->name, check_result_name(r->result), r->detail.p);
    if (s->w.j.auth.dkim_n != (o->result == RESULT_pass && !o->weak))
        fail_msg("%s: counts for DMARC: %u", o->name, s->w.j.auth.dkim_n);
    assert_int_equal(s->w.j.auth.dkim, o->weak ? RESULT_policy : o->result);
    again(s);
}

static void one_signature(void **state)
{
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++)
        look_at_one(&s, &ones[i]);
    close_scene(&s);
}

static void sha1_passes_but_does_not_count(void **state)
{
    const struct antispam_result *r;
    struct scene s;

    (void)state;
    open_scene(&s);
    s.rsa.a = "rsa-sha1";
    s.rsa.sha1 = true;
    maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
    r = judge(&s, MAKER_HEADER, MAKER_BODY);
    assert_int_equal(r->result, RESULT_pass);
    assert_non_null(strstr(r->detail.p, "SHA-1"));
    assert_int_equal(s.w.j.auth.dkim_n, 0);
    again(&s);
    close_scene(&s);
}

static void bare_cr_in_a_relaxed_body_does_not_pass(void **state)
{
    struct scene s;
    static const char *const canons[] = {"simple/simple", "simple/relaxed"};

    (void)state;
    open_scene(&s);
    for (unsigned i = 0; i < 2; i++) {
        s.rsa.c = canons[i];
        s.rsa.signed_body = i ? "onetwo\r\n" : NULL; /* what libopendkim makes of it */
        maker_add_signature(&s.rsa, MAKER_HEADER, "one\rtwo\r\n", &s.message);
        assert_int_equal(judge(&s, MAKER_HEADER, "one\rtwo\r\n")->result, i ? RESULT_policy : RESULT_pass);
        again(&s);
    }
    close_scene(&s);
}

static void every_end_of_a_body(void **state)
{
    static const struct {
        const char *c, *body, *hashed;
    } cases[] = {
        {"simple/simple", "", "\r\n"},
        {"simple/relaxed", "", ""},
        {"simple/simple", "a", "a\r\n"},
        {"simple/relaxed", "a \tb ", "a b\r\n"},
        {"simple/simple", "a\r\n\r\n\r\n", "a\r\n"},
        {"simple/relaxed", " a\r\n \r\n\t\r\n", " a\r\n"},
        {"simple/simple", "\n\na\n\n", "\r\n\r\na\r\n"},
    };
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        s.rsa.c = cases[i].c;
        s.rsa.signed_body = cases[i].hashed;
        maker_add_signature(&s.rsa, MAKER_HEADER, "", &s.message);
        if (judge(&s, MAKER_HEADER, cases[i].body)->result != RESULT_pass)
            fail_msg("%zu: %s", i, s.w.a.verdict.result[0].detail.p);
        again(&s);
    }
    close_scene(&s);
}

/* --- several signatures ------------------------------------------------------ */

static void add_broken(struct scene *s, const char *tags)
{
    buf_addf(&s->message, "DKIM-Signature: %s\r\n", tags);
}
static void a_broken_one_does_not_hide_a_good_one(void **state)
{
    static const char *const broken[] = {
        "",
        "x",
        "v=1",
        "v=1; =",
        "v=1; a=rsa-sha256; d=example.org; s=; h=from; bh=; b=",
        "\xff\xfe",
        "v=1; a=rsa-sha256; c=simple/simple; d=example.org; s=sel; h=from; bh=AA==; b=AA==",
        "v=1; a=rsa-sha256; c=simple/simple; d=example.org; s=nokey; h=from; bh=AA==; b=!!",
    };
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        add_broken(&s, broken[i]);
        maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
        assert_int_equal(judge(&s, MAKER_HEADER, MAKER_BODY)->result, RESULT_pass);
        assert_int_equal(s.w.j.auth.dkim_n, 1);
        again(&s);
    }
    close_scene(&s);
}

static void only_the_topmost_five_are_looked_at(void **state)
{
    const struct antispam_result *r;
    struct scene s;

    (void)state;
    open_scene(&s);
    for (unsigned n = 4; n <= 5; n++) {
        for (unsigned i = 0; i < n; i++)
            add_broken(&s, "x");
        maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
        r = judge(&s, MAKER_HEADER, MAKER_BODY);
        assert_int_equal(r->result, n == 4 ? RESULT_pass : RESULT_permerror);
        if (n == 5)
            assert_non_null(strstr(r->detail.p, "1 more not looked at"));
        again(&s);
    }
    close_scene(&s);
}

static void a_signature_may_sign_another_one(void **state)
{
    struct buf header = {0};
    struct scene s;

    (void)state;
    open_scene(&s);
    maker_add_signature(&s.ed, MAKER_HEADER, MAKER_BODY, &header);
    buf_add_str(&header, MAKER_HEADER);
    s.rsa.h = "from:dkim-signature";
    maker_add_signature(&s.rsa, header.p, MAKER_BODY, &s.message);
    assert_int_equal(judge(&s, header.p, MAKER_BODY)->result, RESULT_pass);
    assert_int_equal(s.w.j.auth.dkim_n, 2);
    again(&s);
    close_scene(&s);
    buf_free(&header);
}

static void the_most_telling_result_counts(void **state)
{
    static const struct {
        const char *name, *first, *second;
        enum check_result result;
    } cases[] = {
        {"fail before permerror", "s=nokey", "s=sel", RESULT_fail},
        {"permerror before temperror", "s=nokey", "s=silent", RESULT_permerror},
        {"what is not known before all but pass", "s=unasked", "s=sel", RESULT_unknown},
    };
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const names[] = {cases[i].first, cases[i].second};
        const struct antispam_result *r;

        for (unsigned k = 0; k < 2; k++)
            buf_addf(&s.message,
                     "DKIM-Signature: v=1; a=rsa-sha256; d=example.org; %s; h=from; bh=AAAA; b=AAAA\r\n",
                     names[k]);
        buf_add_str(&s.message, MAKER_HEADER "\r\nx\r\n");
        auth_open(&s.w, buf_view(&s.message));
        auth_txt(&s.w, KEY_NAME, s.rsa_key.p);
        auth_txt(&s.w, "nokey._domainkey.example.org", NULL);
        auth_rcode(&s.w, "silent._domainkey.example.org", FACT_TIMEOUT);
        r = auth_judge(&s.w, &check_dkim, VIEW(""));
        if (r->result != cases[i].result)
            fail_msg("%s: %s: %s", cases[i].name, check_result_name(r->result), r->detail.p);
        assert_int_equal(s.w.j.auth.dkim_open_n, i > 0);
        if (i > 0) { /* which one could not be judged is told, whatever counts */
            assert_true(view_equal(s.w.j.auth.dkim_open[0].domain, VIEW("example.org")));
            assert_int_equal(s.w.j.auth.dkim_open[0].result, i == 1 ? RESULT_temperror : RESULT_unknown);
        }
        again(&s);
    }
    close_scene(&s);
}

/* --- keys, settings, what is told ---------------------------------------------- */

static void a_key_must_be_large_enough(void **state)
{
    static const struct {
        const char *bits;
        enum check_result result;
    } cases[] = {
        {"1023", RESULT_pass}, {"1024", RESULT_pass}, {"1025", RESULT_policy}, {"2048", RESULT_policy}};
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        set(&s, "min_key_bits", cases[i].bits);
        maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
        assert_int_equal(judge(&s, MAKER_HEADER, MAKER_BODY)->result, cases[i].result);
        again(&s);
        /* Ed25519 has one size only, and it is large enough. */
        maker_add_signature(&s.ed, MAKER_HEADER, MAKER_BODY, &s.message);
        assert_int_equal(judge(&s, MAKER_HEADER, MAKER_BODY)->result, RESULT_pass);
        again(&s);
    }
    close_scene(&s);
}

static void a_message_that_is_too_large_is_not_hashed(void **state)
{
    struct scene s;
    char size[32];
    size_t n = 0;

    (void)state;
    open_scene(&s);
    for (int more = 0; more >= -1; more--) {
        maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
        n = s.message.n + strlen(MAKER_HEADER "\r\n" MAKER_BODY);
        snprintf(size, sizeof size, "%zu", n + (size_t)more);
        set(&s, "max_size", size);
        assert_int_equal(judge(&s, MAKER_HEADER, MAKER_BODY)->result, more ? RESULT_neutral : RESULT_pass);
        again(&s);
    }
    close_scene(&s);
}

static void a_test_key_is_not_held_against_anybody(void **state)
{
    const struct antispam_result *r;
    struct scene s;

    (void)state;
    open_scene(&s);
    buf_add_str(&s.rsa_key, "; t=y");
    maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
    assert_int_equal(judge(&s, MAKER_HEADER, "other\r\n")->result, RESULT_neutral);
    again(&s);
    maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
    r = judge(&s, MAKER_HEADER, MAKER_BODY);
    assert_int_equal(r->result, RESULT_pass);
    assert_non_null(strstr(r->detail.p, "test"));
    again(&s);
    close_scene(&s);
}

static void properties_are_those_of_the_deciding_one(void **state)
{
    const struct antispam_result *r;
    struct scene s;
    char wanted[200], begin[9] = "";

    (void)state;
    open_scene(&s);
    add_broken(&s, "v=1; a=rsa-sha256; d=example.net; s=x; h=from; bh=AAAA; b=AAAA; x=1");
    s.rsa.d = "Example.ORG";
    maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
    memcpy(begin, strstr(strstr(s.message.p, "Example.ORG"), "; b=") + 4, 8);
    r = judge(&s, MAKER_HEADER, MAKER_BODY);
    snprintf(wanted, sizeof wanted, "header.d=Example.ORG header.s=sel header.a=rsa-sha256 header.b=%s%s%s",
             strpbrk(begin, "+/") ? "\"" : "", begin, strpbrk(begin, "+/") ? "\"" : "");
    assert_string_equal(r->props.p, wanted);
    assert_true(view_equal(s.w.j.auth.dkim_domain[0], VIEW("example.org")));
    again(&s);
    close_scene(&s);
}

static void no_signature(void **state)
{
    const struct antispam_result *r;
    struct scene s;

    (void)state;
    open_scene(&s);
    assert_int_equal(judge(&s, MAKER_HEADER, MAKER_BODY)->result, RESULT_none);
    again(&s);
    r = judge(&s, "DomainKey-Signature: a=rsa-sha1\r\n" MAKER_HEADER, MAKER_BODY);
    assert_int_equal(r->result, RESULT_none);
    assert_non_null(strstr(r->detail.p, "obsolete"));
    again(&s);
    close_scene(&s);
}

static void the_keys_are_asked_for_and_no_more(void **state)
{
    struct settings none = {0};
    struct buf why = {0};
    struct scene s;
    void *dkim;

    (void)state;
    open_scene(&s);
    assert_int_equal(settings_open(&none, VIEW("")), 0);
    dkim = check_dkim.open(&none, &why);
    assert_non_null(dkim);
    maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
    add_broken(&s, "x");
    for (unsigned i = 0; i < 6; i++)
        buf_addf(&s.message,
                 "DKIM-Signature: v=1; a=rsa-sha256; d=Example.net; s=s%u; h=from; bh=AA; b=AA\r\n", i);
    buf_add_str(&s.message, MAKER_HEADER "\r\n");
    auth_open(&s.w, buf_view(&s.message));
    check_dkim.ask(&s.w.j, dkim);
    assert_int_equal(s.w.a.needs.n, 4);
    assert_true(view_equal(s.w.a.needs.need[0].name, VIEW(KEY_NAME)));
    assert_true(view_equal(s.w.a.needs.need[3].name, VIEW("s2._domainkey.example.net")));
    again(&s);
    check_dkim.close(dkim);
    settings_free(&none);
    close_scene(&s);
}

static void nul_bytes(void **state)
{
    static const struct {
        const char *name;
        size_t at; /* in the message, from the end of its signature */
        enum check_result result;
    } cases[] = {{"in a signed field", 10, RESULT_neutral},
                 {"in one that is not", strlen(MAKER_HEADER) + 4, RESULT_pass}};
    struct scene s;

    (void)state;
    open_scene(&s);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct antispam_result *r;
        size_t n;

        maker_add_signature(&s.rsa, MAKER_HEADER, MAKER_BODY, &s.message);
        n = s.message.n;
        buf_add_str(&s.message, MAKER_HEADER "X-Y: zzz\r\n\r\n" MAKER_BODY);
        s.message.p[n + cases[i].at] = '\0';
        auth_open(&s.w, buf_view(&s.message));
        auth_txt(&s.w, KEY_NAME, s.rsa_key.p);
        r = auth_judge(&s.w, &check_dkim, VIEW(""));
        if (r->result != cases[i].result)
            fail_msg("%s: %s", cases[i].name, r->detail.p);
        again(&s);
    }
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_signature),
        cmocka_unit_test(sha1_passes_but_does_not_count),
        cmocka_unit_test(bare_cr_in_a_relaxed_body_does_not_pass),
        cmocka_unit_test(every_end_of_a_body),
        cmocka_unit_test(a_broken_one_does_not_hide_a_good_one),
        cmocka_unit_test(only_the_topmost_five_are_looked_at),
        cmocka_unit_test(a_signature_may_sign_another_one),
        cmocka_unit_test(the_most_telling_result_counts),
        cmocka_unit_test(a_key_must_be_large_enough),
        cmocka_unit_test(a_message_that_is_too_large_is_not_hashed),
        cmocka_unit_test(a_test_key_is_not_held_against_anybody),
        cmocka_unit_test(properties_are_those_of_the_deciding_one),
        cmocka_unit_test(no_signature),
        cmocka_unit_test(the_keys_are_asked_for_and_no_more),
        cmocka_unit_test(nul_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
