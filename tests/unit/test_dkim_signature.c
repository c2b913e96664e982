/*
 * test_dkim_signature.c - DKIM-Signature fields: which may pass, and what is read out of them.
 *
 * Run by "make check". Each case changes one tag of a good signature.
 */
#include "workers/antispam/dkim_signature.h"

#include "common/buf.h"
#include "common/facts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define GOOD      "v=1; a=rsa-sha256; d=example.org; s=sel; h=From:To; bh=AAAA; b=AA AA\r\n BB+/CC=="
#define BUT(tags) "v=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA; b=AA; " tags

struct one {
    const char *name, *text, *broken; /* what is in its reason; NULL: it may pass */
};
static const struct one ones[] = {
    {"a good one", GOOD, NULL},
    {"all tags", BUT("c=relaxed/simple; i=a@b.example.org; l=0; q=dns/txt; t=1; x=2; z=From:a|To:b"), NULL},
    {"Ed25519", "v=1; a=ed25519-sha256; d=example.org; s=sel; h=From; bh=AA; b=AA", NULL},
    {"no version", "a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA; b=AA", "missing"},
    {"no b=", "v=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA", "missing"},
    {"an empty bh=", "v=1; a=rsa-sha256; d=example.org; s=sel; h=From; bh=; b=AA", "missing"},
    {"another version", "v=2; a=rsa-sha256; d=example.org; s=sel; h=From; bh=AA; b=AA", "version"},
    {"another algorithm", "v=1; a=rsa-md5; d=example.org; s=sel; h=From; bh=AA; b=AA", "algorithm"},
    {"no domain name", "v=1; a=rsa-sha256; d=exa(mple.org; s=sel; h=From; bh=AA; b=AA", "name"},
    {"a blank in a selector", "v=1; a=rsa-sha256; d=example.org; s=s el; h=From; bh=AA; b=AA", "name"},
    {"i= of the domain", BUT("i=@Example.Org"), NULL},
    {"i= below the domain", BUT("i=@a.b.example.org"), NULL},
    {"i= of another domain", BUT("i=@example.com"), "i="},
    {"i= that only ends like the domain", BUT("i=@badexample.org"), "i="},
    {"i= above the domain", BUT("i=@org"), "i="},
    {"i= without a domain", BUT("i=ann"), "i="},
    {"an empty i=", BUT("i="), "i="},
    {"c= of one word", BUT("c=relaxed"), NULL},
    {"c= that nobody knows", BUT("c=nowsp"), "canon"},
    {"c= with an empty word", BUT("c=simple/"), "canon"},
    {"an empty c=", BUT("c="), "canon"},
    {"blanks in h=", "v=1; a=rsa-sha256; d=example.org; s=sel; h= to :\r\n\tFROM ; bh=AA; b=AA", NULL},
    {"From not in h=", "v=1; a=rsa-sha256; d=example.org; s=sel; h=to:from2; bh=AA; b=AA", "From"},
    {"an empty name in h=", "v=1; a=rsa-sha256; d=example.org; s=sel; h=from::to; bh=AA; b=AA", "h="},
    {"q= that nobody knows", BUT("q=http"), "query"},
    {"q= with one that we know", BUT("q=http:dns/txt"), NULL},
    {"l= no number", BUT("l=ten"), "l="},
    {"an empty l=", BUT("l="), "l="},
    {"l= of 19 digits", BUT("l=1000000000000000000"), "l="},
    {"t= no number", BUT("t=-1"), "t="},
    {"x= at t=", BUT("t=5; x=5"), "expired before"},
    {"x= before t=", BUT("t=5; x=4"), "expired before"},
    {"a tag twice", BUT("d=example.org"), "twice"},
    {"a tag twice in another case", BUT("D=example.com"), "twice"},
    {"an empty tag", BUT(";"), "list"},
    {"nothing", "", "missing"},
    {"8-bit", BUT("n=\xc3\xa4"), "list"},
};

static void what_may_pass(void **state)
{
    struct dkim_signature s;

    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        dkim_signature_read(view_of(ones[i].text), &s);
        if (!s.broken != !ones[i].broken || (s.broken && !strstr(s.broken, ones[i].broken)))
            fail_msg("%s: %s", ones[i].name, s.broken ? s.broken : "may pass");
    }
}

static void limits(void **state)
{
    struct dkim_signature s;

    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct buf b = {0};

        buf_add_str(&b, BUT("z="));
        while (b.n < (size_t)(DKIM_SIGNATURE_FIELD_MAX + more))
            buf_add_char(&b, 'a');
        dkim_signature_read(buf_view(&b), &s);
        assert_int_equal(s.broken != NULL, more > 0);
        buf_clear(&b);
        buf_add_str(&b, "v=1; a=rsa-sha256; d=example.org; s=sel; bh=AA; b=AA; h=from:");
        for (int i = 5; i < DKIM_SIGNATURE_LIST_MAX + more; i++)
            buf_add_char(&b, 'a');
        dkim_signature_read(buf_view(&b), &s);
        assert_int_equal(s.broken != NULL, more > 0);
        buf_clear(&b);
        buf_add_str(&b, GOOD);
        for (int i = 7; i < 100 + more; i++)
            buf_addf(&b, ";x%d=", i);
        dkim_signature_read(buf_view(&b), &s);
        assert_int_equal(s.broken != NULL, more > 0);
        buf_free(&b);
    }
}

static void times(void **state)
{
    static const struct {
        const char *tags;
        int64_t now;
        bool timely;
    } cases[] = {{"n=", 0, true},         {"x=1000", 1299, true},
                 {"x=1000", 1300, false}, {"t=1000", 700, true},
                 {"t=1000", 699, false},  {"t=1", -5, true},
                 {"x=1", -5, true},       {"x=999999999999999999", 1 << 30, true}};
    struct dkim_signature s;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf b = {0};

        buf_addf(&b, BUT("%s"), cases[i].tags);
        dkim_signature_read(buf_view(&b), &s);
        assert_null(s.broken);
        if (!dkim_signature_untimely(&s, cases[i].now) != cases[i].timely)
            fail_msg("%s at %lld", cases[i].tags, (long long)cases[i].now);
        buf_free(&b);
    }
}

static void names_of_keys(void **state)
{
    char to[FACTS_NAME_MAX + 1];
    struct dkim_signature s;

    (void)state;
    dkim_signature_read(VIEW(GOOD), &s);
    assert_true(view_equal(dkim_signature_key_name(&s, to), VIEW("sel._domainkey.example.org")));
    for (int more = -1; more <= 1; more++) {
        struct buf b = {0};

        buf_add_str(&b, "v=1; a=rsa-sha256; s=sel; h=From; bh=AA; b=AA; d=");
        for (int i = 0; i < FACTS_NAME_MAX - 15 + more; i++)
            buf_add_char(&b, 'a');
        dkim_signature_read(buf_view(&b), &s);
        assert_null(s.broken);
        assert_int_equal(dkim_signature_key_name(&s, to).n, more > 0 ? 0 : FACTS_NAME_MAX + more);
        buf_free(&b);
    }
}

static void parts(void **state)
{
    struct dkim_signature s;
    char to[8];

    (void)state;
    dkim_signature_read(VIEW(GOOD), &s);
    assert_true(view_equal(dkim_signature_begin(&s, to), VIEW("AAAABB+/")));
    assert_true(dkim_signature_is_exact(&s));
    assert_false(dkim_signature_is_relaxed(&s));
    dkim_signature_read(VIEW(BUT("i=a@b.example.org; c=simple/Relaxed")), &s);
    assert_true(view_equal(dkim_signature_begin(&s, to), VIEW("AA")));
    assert_false(dkim_signature_is_exact(&s));
    assert_true(dkim_signature_is_relaxed(&s));
    dkim_signature_read(VIEW(BUT("i=a@EXAMPLE.org; c=relaxed")), &s);
    assert_true(dkim_signature_is_exact(&s));
    assert_false(dkim_signature_is_relaxed(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_may_pass), cmocka_unit_test(limits), cmocka_unit_test(times),
        cmocka_unit_test(names_of_keys), cmocka_unit_test(parts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
