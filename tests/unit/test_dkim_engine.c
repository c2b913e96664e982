/*
 * test_dkim_engine.c - libopendkim behind its wall: what is shown to it, and what is made of its answers.
 *
 * Run by "make check". Signatures are made here; the check as a whole is tested by test_check_dkim.c.
 */
#include "workers/antispam/dkim_engine.h"

#include "dkim_maker.h"

struct scene {
    struct maker m;
    struct buf key, message;
    struct mail_arena arena;
    struct dkim_engine *e;
};

static void open_scene(struct scene *s, unsigned min_bits)
{
    struct buf why = {0};

    *s = (struct scene){0};
    maker_open(&s->m, 1024);
    maker_add_key(&s->m, &s->key);
    s->e = dkim_engine_open(min_bits, &why);
    assert_non_null(s->e);
}

static void close_scene(struct scene *s)
{
    maker_close(&s->m);
    buf_free(&s->key);
    buf_free(&s->message);
    mail_arena_free(&s->arena);
    dkim_engine_close(&s->e);
    assert_null(s->e);
    dkim_engine_close(&s->e);
}

/* The n-th signature of s->message. */
static struct dkim_outcome verify(struct scene *s, unsigned n, struct view key)
{
    struct dkim_outcome o;
    struct dkim_signature sig;
    struct mail_header h;
    struct dkim_task t = {.header = &h, .signature = &sig, .key = key};

    mail_header_parse(&s->arena, buf_view(&s->message), false, MAIL_SPLIT_USUAL, &h);
    t.body = h.body;
    t.field = mail_header_find(&h, VIEW("DKIM-Signature"), n);
    assert_non_null(t.field);
    dkim_signature_read(t.field->value, &sig);
    assert_null(sig.broken);
    dkim_engine_verify(s->e, &t, &o);
    return o;
}

static void keys(void **state)
{
    static const struct {
        const char *name, *key; /* NULL: the right one */
        enum check_result result;
    } cases[] = {
        {"the right key", NULL, RESULT_pass},
        {"no key", "", RESULT_permerror},
        {"no base64", "p=!!!!", RESULT_permerror},
        {"no key in it", "p=AAAA", RESULT_permerror},
        {"another version", "v=DKIM2; p=AAAA", RESULT_permerror},
        {"not for mail", "s=tlsrpt; p=AAAA", RESULT_permerror},
        {"for another hash", "h=sha1; p=AAAA", RESULT_permerror},
        {"blanks only", "  ", RESULT_permerror},
    };
    struct scene s;

    (void)state;
    open_scene(&s, 1024);
    maker_add_signature(&s.m, MAKER_HEADER, MAKER_BODY, &s.message);
    buf_add_str(&s.message, MAKER_HEADER "\r\n" MAKER_BODY);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct dkim_outcome o = verify(&s, 0, cases[i].key ? view_of(cases[i].key) : buf_view(&s.key));

        if (o.result != cases[i].result || !o.why != (o.result == RESULT_pass))
            fail_msg("%s: %s (%s)", cases[i].name, check_result_name(o.result), o.why ? o.why : "");
    }
    close_scene(&s);
}

static void an_ed25519_key_for_rsa_and_back(void **state)
{
    struct maker ed;
    struct buf key = {0};
    struct scene s;

    (void)state;
    open_scene(&s, 1024);
    maker_open(&ed, 0);
    maker_add_key(&ed, &key);
    maker_add_signature(&s.m, MAKER_HEADER, MAKER_BODY, &s.message);
    maker_add_signature(&ed, MAKER_HEADER, MAKER_BODY, &s.message);
    buf_add_str(&s.message, MAKER_HEADER "\r\n" MAKER_BODY);
    assert_int_equal(verify(&s, 0, buf_view(&key)).result, RESULT_permerror);
    assert_int_equal(verify(&s, 1, buf_view(&s.key)).result, RESULT_permerror);
    assert_int_equal(verify(&s, 1, buf_view(&key)).result, RESULT_pass);
    maker_close(&ed);
    buf_free(&key);
    close_scene(&s);
}

/* dkim_canon_selecthdrs() would write behind its list if all fields were signed and a name were left. */
static void a_signature_that_signs_all_and_more(void **state)
{
    static const char *const lists[] = {
        "from:from",
        "from:x:y:z",
        "from:to:subject:date:from:to:subject:date:a:b:c:d:e:f",
        "from:dkim-signature",
        "from:dkim-signature:dkim-signature:dkim-signature:dkim-signature:dkim-signature:x:y",
    };
    struct scene s;

    (void)state;
    open_scene(&s, 1024);
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        buf_clear(&s.message);
        s.m.h = lists[i];
        maker_add_signature(&s.m, "From: a@example.org\r\n", MAKER_BODY, &s.message);
        buf_add_str(&s.message, "From: a@example.org\r\n\r\n" MAKER_BODY);
        assert_int_equal(verify(&s, 0, buf_view(&s.key)).result,
                         strstr(lists[i], "dkim") ? RESULT_neutral : RESULT_pass);
    }
    close_scene(&s);
}

static void signatures_of_signatures(void **state)
{
    struct buf header = {0};
    struct scene s;

    (void)state;
    open_scene(&s, 1024);
    /* Four of them below each other, each signs those below it; then one that is broken. */
    buf_add_str(&header, MAKER_HEADER);
    for (unsigned i = 0; i < 4; i++) {
        static const char *const lists[] = {"from", "from:dkim-signature",
                                            "from:dkim-signature:dkim-signature",
                                            "from:dkim-signature:dkim-signature:dkim-signature"};

        s.m.h = lists[i];
        buf_clear(&s.message);
        maker_add_signature(&s.m, header.p, MAKER_BODY, &s.message);
        buf_add_view(&s.message, buf_view(&header));
        buf_clear(&header);
        buf_add_view(&header, buf_view(&s.message));
    }
    buf_add_str(&s.message, "\r\n" MAKER_BODY);
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(verify(&s, i, buf_view(&s.key)).result, RESULT_pass);
    buf_clear(&s.message);
    s.m.h = "from:dkim-signature";
    maker_add_signature(&s.m, "From: a@example.org\r\nDKIM-Signature: x\r\n", MAKER_BODY, &s.message);
    buf_add_str(&s.message, "From: a@example.org\r\nDKIM-Signature: x\r\n\r\n" MAKER_BODY);
    assert_int_equal(verify(&s, 0, buf_view(&s.key)).result, RESULT_neutral);
    close_scene(&s);
    buf_free(&header);
}

static void a_from_that_cannot_be_read_is_signed_all_the_same(void **state)
{
    static const char *const froms[] = {
        "From: (\r\n",    "From: \"\r\n",   "From: <\r\n",  "From:\r\n",      "From: [\r\n",
        "From: a, b\r\n", "From: ;:,@\r\n", "From: \\\r\n", "From: @@<>\r\n", "From: \xff@\xfe\r\n"};
    struct scene s;

    (void)state;
    open_scene(&s, 1024);
    s.m.h = "from";
    for (size_t i = 0; i < sizeof froms / sizeof *froms; i++) {
        buf_clear(&s.message);
        maker_add_signature(&s.m, froms[i], MAKER_BODY, &s.message);
        buf_addf(&s.message, "%s\r\n%s", froms[i], MAKER_BODY);
        if (verify(&s, 0, buf_view(&s.key)).result != RESULT_pass)
            fail_msg("%s", froms[i]);
    }
    close_scene(&s);
}

static void small_keys(void **state)
{
    struct scene s;

    (void)state;
    for (unsigned bits = 1023; bits <= 1025; bits++) {
        open_scene(&s, bits);
        maker_add_signature(&s.m, MAKER_HEADER, MAKER_BODY, &s.message);
        buf_add_str(&s.message, MAKER_HEADER "\r\n" MAKER_BODY);
        assert_int_equal(verify(&s, 0, buf_view(&s.key)).result, bits > 1024 ? RESULT_policy : RESULT_pass);
        close_scene(&s);
    }
}

/* The clock of the machine does not matter, neither that of now nor any other. */
static void no_clock(void **state)
{
    static const char *const times[] = {"; t=1; x=2000000000",    "; x=2",
                                        "; t=99999999999",        "; t=1000000000; x=1000000001",
                                        "; x=999999999999999999", "; t=999999999999999999"};
    struct scene s;

    (void)state;
    open_scene(&s, 1024);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        buf_clear(&s.message);
        s.m.more = times[i];
        maker_add_signature(&s.m, MAKER_HEADER, MAKER_BODY, &s.message);
        buf_add_str(&s.message, MAKER_HEADER "\r\n" MAKER_BODY);
        if (verify(&s, 0, buf_view(&s.key)).result != RESULT_pass)
            fail_msg("%s", times[i]);
    }
    close_scene(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys),
        cmocka_unit_test(an_ed25519_key_for_rsa_and_back),
        cmocka_unit_test(a_signature_that_signs_all_and_more),
        cmocka_unit_test(signatures_of_signatures),
        cmocka_unit_test(a_from_that_cannot_be_read_is_signed_all_the_same),
        cmocka_unit_test(small_keys),
        cmocka_unit_test(no_clock),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
