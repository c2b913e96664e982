/*
 * dkim_maker.h - signs messages for the tests of dkim, with full say over each tag.
 *
 * Included by test_dkim_engine.c and test_check_dkim.c. What is hashed are the fields and the body as they
 * are given: a test says itself what their canonical form is, so that no rule is tested against itself.
 */
#ifndef TESTS_UNIT_DKIM_MAKER_H
#define TESTS_UNIT_DKIM_MAKER_H

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#define MAKER_HEADER "From: Ann <ann@example.org>\r\nTo: bob@example.com\r\nSubject: a\r\n b\r\nDate: now\r\n"
#define MAKER_BODY   "one\r\ntwo\r\n"

struct maker {
    EVP_PKEY *key;
    const char *a, *c, *d, *s, *h;
    const char *more;        /* "; t=1" */
    const char *signed_body; /* that is hashed; NULL: that of the message */
    bool sha1;
};

static inline void maker_open(struct maker *m, unsigned rsa_bits)
{
    *m = (struct maker){.key = rsa_bits ? EVP_RSA_gen(rsa_bits) : EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"),
                        .a = rsa_bits ? "rsa-sha256" : "ed25519-sha256",
                        .c = "simple/simple",
                        .d = "example.org",
                        .s = "sel",
                        .h = "from:to:subject:date"};
    assert_non_null(m->key);
}

static inline void maker_close(struct maker *m)
{
    EVP_PKEY_free(m->key);
    m->key = NULL;
}

static inline void maker_base64(struct buf *to, const unsigned char *p, size_t n)
{
    unsigned char *text = malloc(4 * (n + 3) / 3 + 5);

    assert_non_null(text);
    buf_add(to, text, (size_t)EVP_EncodeBlock(text, p, (int)n));
    free(text);
}

/* "v=DKIM1; k=rsa; p=..." */
static inline void maker_add_key(const struct maker *m, struct buf *to)
{
    unsigned char raw[32], *der = NULL;
    size_t n = sizeof raw;
    int der_n;

    if (EVP_PKEY_get_id(m->key) == EVP_PKEY_ED25519) {
        assert_int_equal(EVP_PKEY_get_raw_public_key(m->key, raw, &n), 1);
        buf_add_str(to, "v=DKIM1; k=ed25519; p=");
        maker_base64(to, raw, n);
        return;
    }
    der_n = i2d_PUBKEY(m->key, &der);
    assert_true(der_n > 0);
    buf_add_str(to, "v=DKIM1; k=rsa; p=");
    maker_base64(to, der, (size_t)der_n);
    OPENSSL_free(der);
}

/* The n-th field of that name from below, with its CR LF. */
static inline struct view maker_field(const char *header, const char *name, size_t name_n, unsigned n)
{
    struct view found[20];
    unsigned count = 0;

    for (const char *p = header, *end; *p; p = end) {
        end = strstr(p, "\r\n");
        while (end && (end[2] == ' ' || end[2] == '\t'))
            end = strstr(end + 2, "\r\n");
        assert_non_null(end);
        end += 2;
        if (strncasecmp(p, name, name_n) == 0 && p[name_n] == ':')
            found[count++] = (struct view){p, (size_t)(end - p)};
    }
    return n < count ? found[count - 1 - n] : (struct view){"", 0};
}

static inline void maker_add_signed(const char *header, const char *list, struct buf *to)
{
    for (const char *p = list; *p;) {
        size_t n = strcspn(p, ":");
        unsigned before = 0;

        for (const char *q = list; q < p; q += strcspn(q, ":") + 1)
            before += strcspn(q, ":") == n && strncasecmp(q, p, n) == 0;
        buf_add_view(to, maker_field(header, p, n, before));
        p += n + (p[n] == ':');
    }
}

static inline void maker_add_b(const struct maker *m, struct view text, struct buf *to)
{
    const EVP_MD *md = m->sha1 ? EVP_sha1() : EVP_sha256();
    unsigned char digest[EVP_MAX_MD_SIZE], sig[1024];
    EVP_MD_CTX *c = EVP_MD_CTX_new();
    size_t n = sizeof sig;
    unsigned digest_n;
    bool ed = EVP_PKEY_get_id(m->key) == EVP_PKEY_ED25519;

    EVP_Digest(text.p, text.n, digest, &digest_n, md, NULL);
    assert_int_equal(EVP_DigestSignInit(c, NULL, ed ? NULL : md, NULL, m->key), 1);
    if (ed)
        assert_int_equal(EVP_DigestSign(c, sig, &n, digest, digest_n), 1);
    else
        assert_int_equal(EVP_DigestSign(c, sig, &n, (const unsigned char *)text.p, text.n), 1);
    maker_base64(to, sig, n);
    EVP_MD_CTX_free(c);
}

/* Adds a DKIM-Signature field for that header (lines end with CR LF) and body. */
static inline void maker_add_signature(const struct maker *m, const char *header, const char *body,
                                       struct buf *to)
{
    const char *hashed = m->signed_body ? m->signed_body : body;
    unsigned char digest[EVP_MAX_MD_SIZE];
    struct buf field = {0}, text = {0};
    unsigned n;

    EVP_Digest(hashed, strlen(hashed), digest, &n, m->sha1 ? EVP_sha1() : EVP_sha256(), NULL);
    buf_addf(&field, "DKIM-Signature: v=1; a=%s; c=%s; d=%s; s=%s;\r\n h=%s%s;\r\n bh=", m->a, m->c, m->d,
             m->s, m->h, m->more ? m->more : "");
    maker_base64(&field, digest, n);
    buf_add_str(&field, "; b=");
    maker_add_signed(header, m->h, &text);
    buf_add_view(&text, buf_view(&field));
    maker_add_b(m, buf_view(&text), &field);
    buf_add_str(&field, "\r\n");
    buf_add_view(to, buf_view(&field));
    buf_free(&field);
    buf_free(&text);
}

#endif
