/*
 * smtp_tls_prove.c - the known answer of TLS: a handshake with a server that lives in memory for it.
 *
 * Called in each child under its lock-down: a cipher, a clock or a file that
 * OpenSSL would need and may not have shows here and not in the middle of a mail.
 * The server's key is made, used and forgotten; nobody else ever trusts it.
 */
#include "workers/deliver/smtp_tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#define PROVE_NAME   "canary.example.org"
#define PROVE_ROUNDS 10 /* a handshake needs three */
#define PROVE_CHUNK  4096

struct server {
    EVP_PKEY *key;
    X509 *cert;
    SSL_CTX *ctx;
    SSL *ssl;
};

static bool fill_cert(X509 *cert, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(cert);

    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) == 1 &&
           X509_gmtime_adj(X509_getm_notBefore(cert), -86400) &&
           X509_gmtime_adj(X509_getm_notAfter(cert), 86400) && X509_set_pubkey(cert, key) == 1 &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)PROVE_NAME, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(cert, name) == 1 && X509_sign(cert, key, EVP_sha256()) > 0;
}

static bool open_server(struct server *s)
{
    s->key = EVP_EC_gen("P-256");
    s->cert = X509_new();
    s->ctx = SSL_CTX_new(TLS_server_method());
    if (!s->key || !s->cert || !s->ctx || !fill_cert(s->cert, s->key) ||
        SSL_CTX_use_certificate(s->ctx, s->cert) != 1 || SSL_CTX_use_PrivateKey(s->ctx, s->key) != 1)
        return false;
    s->ssl = SSL_new(s->ctx);
    if (!s->ssl)
        return false;
    SSL_set_bio(s->ssl, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_accept_state(s->ssl);
    return SSL_get_rbio(s->ssl) && SSL_get_wbio(s->ssl);
}

static void close_server(struct server *s)
{
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
    X509_free(s->cert);
    EVP_PKEY_free(s->key);
}

static bool trust(struct smtp_tls *t, X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct view pem = {NULL, 0};
    char *p = NULL;
    bool ok = false;

    if (bio && PEM_write_bio_X509(bio, cert) == 1) {
        pem.n = (size_t)BIO_get_mem_data(bio, &p);
        pem.p = p;
        ok = smtp_tls_trust(t, pem) == 0;
    }
    BIO_free(bio);
    return ok;
}

/* All that each has for the other. */
static bool carry(struct smtp_tls *t, struct server *s)
{
    char bytes[PROVE_CHUNK];
    size_t n;
    int got;

    while ((n = smtp_tls_take(t, bytes, sizeof bytes)) > 0)
        if (BIO_write(SSL_get_rbio(s->ssl), bytes, (int)n) != (int)n)
            return false;
    SSL_do_handshake(s->ssl);
    while ((got = BIO_read(SSL_get_wbio(s->ssl), bytes, sizeof bytes)) > 0)
        if (smtp_tls_feed(t, (struct view){bytes, (size_t)got}) < 0)
            return false;
    return true;
}

static bool shake_hands(struct smtp_tls *t, struct server *s)
{
    int rc = 0;

    for (int i = 0; i < PROVE_ROUNDS && rc == 0; i++) {
        rc = smtp_tls_handshake(t);
        if (!carry(t, s))
            return false;
    }
    return rc == 1 && SSL_is_init_finished(s->ssl);
}

static bool say(struct smtp_tls *t, struct server *s)
{
    char got[8] = "";

    return smtp_tls_write(t, VIEW("EHLO\r\n")) == 0 && carry(t, s) &&
           SSL_read(s->ssl, got, sizeof got) == 6 && memcmp(got, "EHLO\r\n", 6) == 0 &&
           SSL_write(s->ssl, "250 \r\n", 6) == 6 && carry(t, s) && smtp_tls_read(t, got, sizeof got) == 6 &&
           memcmp(got, "250 \r\n", 6) == 0;
}

int smtp_tls_prove(struct smtp_tls_ctx *ctx, struct buf *why)
{
    struct server s = {0};
    struct smtp_tls *t = smtp_tls_open(ctx, VIEW(PROVE_NAME), true);
    int rc = -1;

    if (!t || !open_server(&s) || !trust(t, s.cert))
        buf_add_str(why, "OpenSSL could not make a server for the test of TLS");
    else if (!shake_hands(t, &s))
        smtp_tls_explain(t, why);
    else if (!say(t, &s))
        buf_add_str(why, "TLS gave back other words than it was given");
    else
        rc = 0;
    smtp_tls_free(&t);
    close_server(&s);
    ERR_clear_error();
    return rc;
}
