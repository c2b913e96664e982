/*
 * test_spf_macro.c - macro-strings of SPF: what is one, what it stands for, and that nothing overflows.
 *
 * Run by `make check`. The examples of RFC 7208, 7.4 are among the tables.
 */
#include "workers/antispam/spf_macro.h"

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static struct spf_values values_of(const char *ip, unsigned char bytes[16])
{
    struct spf_values v = {.local = VIEW("strong-bad"),
                           .sender_domain = VIEW("email.example.com"),
                           .domain = VIEW("email.example.com"),
                           .helo = VIEW("mx.example.org"),
                           .now = 1700000000,
                           .ip = bytes,
                           .is_ip4 = true};

    memcpy(bytes, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    if (inet_pton(AF_INET, ip, bytes + 12) != 1) {
        assert_int_equal(inet_pton(AF_INET6, ip, bytes), 1);
        v.is_ip4 = false;
    }
    return v;
}

/* A copy of its very size, so that a sanitizer sees each byte read beyond it. */
static struct view exact(const char *text, size_t n, char **owned)
{
    *owned = malloc(n ? n : 1);
    assert_non_null(*owned);
    memcpy(*owned, text, n);
    return (struct view){*owned, n};
}

static void names_are_what_they_stand_for(void **state)
{
    static const struct {
        const char *spec, *ip, *wanted;
    } rows[] = {
        {"%{s}", "192.0.2.3", "strong-bad@email.example.com"},
        {"%{o}", "192.0.2.3", "email.example.com"},
        {"%{d}", "192.0.2.3", "email.example.com"},
        {"%{d4}", "192.0.2.3", "email.example.com"},
        {"%{d3}", "192.0.2.3", "email.example.com"},
        {"%{d2}", "192.0.2.3", "example.com"},
        {"%{d1}", "192.0.2.3", "com"},
        {"%{dr}", "192.0.2.3", "com.example.email"},
        {"%{d2r}", "192.0.2.3", "example.email"},
        {"%{l}", "192.0.2.3", "strong-bad"},
        {"%{l-}", "192.0.2.3", "strong.bad"},
        {"%{lr}", "192.0.2.3", "strong-bad"},
        {"%{lr-}", "192.0.2.3", "bad.strong"},
        {"%{l1r-}", "192.0.2.3", "strong"},
        {"%{l1r+}", "192.0.2.3", "strong-bad"},
        {"%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "192.0.2.3", "bad.strong.lp._spf.example.com"},
        {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "192.0.2.3", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "192.0.2.3", "example.com.trusted-domains.example.net"},
        {"%{ir}.%{v}._spf.%{d2}", "2001:db8::cb01",
         "1.0.B.C.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6._spf.example.com"},
        {"%{p}.a", "192.0.2.3", "unknown.a"},
        {"%{i999999999999999999999}.a", "192.0.2.3", "192.0.2.3.a"},
        {"a.%{h}.", "192.0.2.3", "a.mx.example.org"},
        {"a%%b%_c%-d.example", "192.0.2.3", "a%b c%20d.example"},
        {"%{S}", "192.0.2.3", "strong-bad%40email.example.com"},
        {"%{D2}", "192.0.2.3", "example.com"},
        {"", "192.0.2.3", ""},
        {".", "192.0.2.3", ""},
    };
    unsigned char ip[16];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct spf_values v = values_of(rows[i].ip, ip);
        char to[SPF_NAME_MAX + 1], *owned;
        size_t n = spf_macro_name(exact(rows[i].spec, strlen(rows[i].spec), &owned), &v, to);

        if (strcmp(to, rows[i].wanted) != 0 || n != strlen(to))
            fail_msg("%s: got %s, wanted %s", rows[i].spec, to, rows[i].wanted);
        free(owned);
    }
}

static void texts_have_letters_of_their_own(void **state)
{
    static const struct {
        const char *text, *wanted;
    } rows[] = {
        {"%{c} at %{t} by %{r}", "192.0.2.3 at 1700000000 by unknown"},
        {"See http://example.org/?s=%{S}&i=%{I}.",
         "See http://example.org/?s=strong-bad%40email.example.com&i=192.0.2.3."},
        {"no macro: 100%", ""},
        {"no macro: %{x}", ""},
        {"no text: \t", ""},
        {"no text: \303\251", ""},
    };
    unsigned char ip[16];
    struct spf_values v = values_of("192.0.2.3", ip);
    char to[200];

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t n = spf_macro_text(view_of(rows[i].text), &v, to, sizeof to);

        if (!view_equal((struct view){to, n}, view_of(rows[i].wanted)))
            fail_msg("%s: got %.*s", rows[i].text, (int)n, to);
    }
    assert_int_equal(spf_macro_text(VIEW("12345"), &v, to, 5), 5);
    assert_int_equal(spf_macro_text(VIEW("12345"), &v, to, 4), 0);
}

static void domain_specs_are_strict(void **state)
{
    static const struct {
        const char *spec;
        bool right;
    } rows[] = {
        {"example.org", true},
        {"example.org.", true},
        {"a.b-c", true},
        {"a.b--c", true},
        {"_a.example.org", true},
        {"a:b/c.org", true},
        {"%{d}", true},
        {"a.%{D}", true},
        {"a%%", true},
        {"a%_", true},
        {"%{d1r.-+,/_=}", true},
        {"a.1a", true},
        {"%{L}.org", true},
        {"org", false},
        {"org.", false},
        {"", false},
        {".", false},
        {"a..", false},
        {"a.1", false},
        {"a.-b", false},
        {"a.b-", false},
        {"a.b_c", false},
        {"%{d}org", false},
        {"a.%{d}b", false},
        {"%", false},
        {"a.%", false},
        {"%a.org", false},
        {"%{d", false},
        {"%{", false},
        {"%{}.org", false},
        {"%{x}.org", false},
        {"%{d0}.org", false},
        {"%{d00}.org", false},
        {"%{d01}.org", true},
        {"%{dr1}.org", false},
        {"%{d!}.org", false},
        {"%{c}.org", false},
        {"%{R}.org", false},
        {"%{t}", false},
        {"a b.org", false},
        {"a\t.org", false},
        {"\303\251.org", false},
        {"a.\303\251", false},
        {"%{dR}", true},
        {"a.012345678901234567890123456789012345678901234567890123456789abc", true},
        {"a.012345678901234567890123456789012345678901234567890123456789abcd", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char *owned;

        if (spf_macro_is_domain_spec(exact(rows[i].spec, strlen(rows[i].spec), &owned)) != rows[i].right)
            fail_msg("%s: taken for the contrary", rows[i].spec);
        free(owned);
    }
    assert_false(spf_macro_is_domain_spec((struct view){"a.org\0", 6}));
}

static void strings_may_have_letters_of_texts(void **state)
{
    (void)state;
    assert_true(spf_macro_is_string(VIEW("a%{c}b"), false, true));
    assert_false(spf_macro_is_string(VIEW("a%{c}b"), false, false));
    assert_true(spf_macro_is_string(VIEW(""), false, false));
    assert_false(spf_macro_is_string(VIEW("a b"), false, true));
    assert_true(spf_macro_is_string(VIEW("a b"), true, true));
    assert_true(spf_macro_has(VIEW("a.%{P2}"), 'p'));
    assert_false(spf_macro_has(VIEW("p.%{d}"), 'p'));
}

/* RFC 7208, 7.3: labels are dropped from the left. */
static void long_names_lose_labels(void **state)
{
    char label[64], spec[4096], to[SPF_NAME_MAX + 1];
    unsigned char ip[16];
    struct spf_values v = values_of("192.0.2.3", ip);

    (void)state;
    memset(label, 'a', 63);
    label[63] = '\0';
    /* 3 x 64 + 61 = 253 */
    snprintf(spec, sizeof spec, "%s.%s.%s.%.61s", label, label, label, label);
    assert_int_equal(spf_macro_name(view_of(spec), &v, to), 253);
    snprintf(spec, sizeof spec, "%s.%s.%s.%.62s", label, label, label, label);
    assert_int_equal(spf_macro_name(view_of(spec), &v, to), 254 - 64);
    memset(spec, 'a', sizeof spec);
    assert_int_equal(spf_macro_name((struct view){spec, 253}, &v, to), 253);
    assert_int_equal(spf_macro_name((struct view){spec, 254}, &v, to), 0);
    assert_int_equal(spf_macro_name((struct view){spec, sizeof spec}, &v, to), 0);
    memset(spec, '.', sizeof spec);
    assert_int_equal(spf_macro_name((struct view){spec, sizeof spec}, &v, to), 253);
}

/* What overflowed in libspf2: CVE-2021-20314, -33912 (bytes over 127, escaped), -33913 (reversed),
 * 2023-42118. */
static void hostile_values_stay_in_their_bounds(void **state)
{
    char local[1000], spec[4096], to[SPF_NAME_MAX + 1], text[300];
    unsigned char ip[16];
    struct spf_values v = values_of("192.0.2.3", ip);

    (void)state;
    memset(local, 0xff, sizeof local);
    v.local = (struct view){local, sizeof local};
    assert_int_equal(spf_macro_name(VIEW("%{L}.example.org"), &v, to), 11);
    assert_string_equal(to, "example.org");
    assert_int_equal(spf_macro_text(VIEW("%{L}"), &v, text, sizeof text), 0);
    memset(local, '.', sizeof local);
    assert_int_equal(spf_macro_name(VIEW("%{l998r}"), &v, to), 253);
    memset(local, '%', sizeof local);
    assert_int_equal(spf_macro_name(VIEW("%{L9r%}"), &v, to), 0);
    for (size_t i = 0; i + 4 <= sizeof spec; i += 4)
        memcpy(spec + i, "%{d}", 4);
    assert_int_equal(spf_macro_name((struct view){spec, 127 * 4}, &v, to), 249);
    assert_int_equal(spf_macro_text((struct view){spec, 127 * 4}, &v, text, sizeof text), 0);
}

static void addresses_have_reverse_names(void **state)
{
    unsigned char ip[16];
    char to[80];

    (void)state;
    values_of("192.0.2.30", ip);
    assert_int_equal(spf_macro_reverse(ip, true, to), 23);
    assert_string_equal(to, "30.2.0.192.in-addr.arpa");
    values_of("2001:db8::ab", ip);
    assert_int_equal(spf_macro_reverse(ip, false, to), 72);
    assert_string_equal(to, "B.A.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.B.D.0.1.0.0.2.ip6.arpa");
}

static void names_and_domains_are_told_apart(void **state)
{
    static const struct {
        const char *name;
        bool is_name, is_domain;
    } rows[] = {
        {"example.org", true, true},    {"localhost", true, false},
        {"192.0.2.1", true, false},     {"a b.example.org", true, false},
        {"a..org", false, false},       {".example.org", false, false},
        {"example.org.", false, false}, {"", false, false},
        {"[192.0.2.1]", true, false},   {"ex\303\251mple.org", false, false},
        {"_a.example.org", true, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (spf_macro_is_name(view_of(rows[i].name)) != rows[i].is_name ||
            spf_macro_is_domain(view_of(rows[i].name)) != rows[i].is_domain)
            fail_msg("%s: taken for something else", rows[i].name);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_what_they_stand_for),
        cmocka_unit_test(texts_have_letters_of_their_own),
        cmocka_unit_test(domain_specs_are_strict),
        cmocka_unit_test(strings_may_have_letters_of_texts),
        cmocka_unit_test(long_names_lose_labels),
        cmocka_unit_test(hostile_values_stay_in_their_bounds),
        cmocka_unit_test(addresses_have_reverse_names),
        cmocka_unit_test(names_and_domains_are_told_apart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
