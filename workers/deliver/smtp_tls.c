/*
 * smtp_tls.c - see smtp_tls.h. With smtp_tls_prove.c the only file that includes OpenSSL's TLS.
 *
 * Trusts OpenSSL. At least TLS 1.2, no renegotiation, no session that outlives its
 * connection. The authorities are read from files into memory: a folder
 * (CApath) would be searched at each handshake, which a locked-down worker may
 * not do. No variable of the environment and no configuration file is asked.
 */
#include "workers/deliver/smtp_tls.h"

#include "common/xalloc.h"

#include <arpa/inet.h>
#include <limits.h>
#include <dirent.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define NAME_MAX_DNS 255

struct smtp_tls_ctx {
    SSL_CTX *ssl;
};

struct smtp_tls {
    SSL *ssl;
    BIO *in, *out;     /* the ssl's */
    const char *local; /* what we refuse ourselves; NULL = OpenSSL says it */
};

/* Debian and its kin; Red Hat and its kin; and OpenSSL's own place. */
static const char *const bundles[] = {"/etc/ssl/certs/ca-certificates.crt",
                                      "/etc/pki/tls/certs/ca-bundle.crt"};

static bool load_file(X509_STORE *store, const char *path)
{
    bool ok = access(path, R_OK) == 0 && X509_STORE_load_file(store, path) == 1;

    ERR_clear_error();
    return ok;
}

/* "0a1b2c3d.0", as c_rehash names them. */
static bool is_hashed(const char *name)
{
    return strspn(name, "0123456789abcdef") == 8 && name[8] == '.' && name[9] >= '0' && name[9] <= '9';
}

static void load_folder(X509_STORE *store, const char *path)
{
    DIR *d = opendir(path);
    struct dirent *e;

    while (d && (e = readdir(d))) {
        char *file = is_hashed(e->d_name) ? xasprintf("%s/%s", path, e->d_name) : NULL;

        if (file)
            load_file(store, file);
        free(file);
    }
    if (d)
        closedir(d);
}

static void load_authorities(X509_STORE *store)
{
    bool any = load_file(store, X509_get_default_cert_file());

    for (size_t i = 0; i < sizeof bundles / sizeof *bundles; i++)
        any |= load_file(store, bundles[i]);
    if (!any)
        load_folder(store, X509_get_default_cert_dir());
}

static void configure(SSL_CTX *ssl)
{
    SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET);
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
}

struct smtp_tls_ctx *smtp_tls_load(struct buf *why)
{
    struct smtp_tls_ctx *ctx = xcalloc(1, sizeof *ctx);

    /* Its configuration file could load engines, and its setting is not ours. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_LOAD_SSL_STRINGS, NULL) == 1)
        ctx->ssl = SSL_CTX_new(TLS_client_method());
    if (!ctx->ssl) {
        buf_add_str(why, "OpenSSL cannot be used for TLS; is it installed in one piece?");
        smtp_tls_unload(&ctx);
        return NULL;
    }
    configure(ctx->ssl);
    load_authorities(SSL_CTX_get_cert_store(ctx->ssl));
    return ctx;
}

unsigned smtp_tls_authorities(const struct smtp_tls_ctx *ctx)
{
    return (unsigned)sk_X509_OBJECT_num(X509_STORE_get0_objects(SSL_CTX_get_cert_store(ctx->ssl)));
}

void smtp_tls_unload(struct smtp_tls_ctx **ctx)
{
    if (!*ctx)
        return;
    SSL_CTX_free((*ctx)->ssl);
    free(*ctx);
    *ctx = NULL;
}

static bool is_ip(const char *name)
{
    unsigned char b[16];

    return inet_pton(AF_INET, name, b) == 1 || inet_pton(AF_INET6, name, b) == 1;
}

/* An address is compared with the addresses of a certificate, and never told (RFC 6066 section 3). */
static bool set_name(SSL *ssl, const char *name)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(ssl);

    if (is_ip(name))
        return X509_VERIFY_PARAM_set1_ip_asc(param, name) == 1;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, name) == 1 && SSL_set_tlsext_host_name(ssl, name) == 1;
}

static int set_up(struct smtp_tls *t, struct view name, bool verify)
{
    char text[NAME_MAX_DNS + 1] = "";

    t->in = BIO_new(BIO_s_mem());
    t->out = BIO_new(BIO_s_mem());
    if (!t->in || !t->out) {
        BIO_free(t->in);
        BIO_free(t->out);
        return -1;
    }
    SSL_set_bio(t->ssl, t->in, t->out);
    SSL_set_connect_state(t->ssl);
    SSL_set_verify(t->ssl, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, NULL);
    if (name.n > NAME_MAX_DNS || (verify && name.n == 0))
        return -1;
    if (name.n)
        memcpy(text, name.p, name.n);
    return name.n == 0 || set_name(t->ssl, text) ? 0 : -1;
}

struct smtp_tls *smtp_tls_open(struct smtp_tls_ctx *ctx, struct view name, bool verify)
{
    struct smtp_tls *t = xcalloc(1, sizeof *t);

    ERR_clear_error();
    t->ssl = SSL_new(ctx->ssl);
    if (!t->ssl || set_up(t, name, verify) < 0)
        smtp_tls_free(&t);
    return t;
}

int smtp_tls_trust(struct smtp_tls *t, struct view pem)
{
    BIO *bio = pem.n <= INT_MAX ? BIO_new_mem_buf(pem.p, (int)pem.n) : NULL;
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    X509_STORE *store = X509_STORE_new();
    int rc = -1;

    if (cert && store && X509_STORE_add_cert(store, cert) == 1 &&
        SSL_set1_verify_cert_store(t->ssl, store) == 1)
        rc = 0;
    X509_STORE_free(store);
    X509_free(cert);
    BIO_free(bio);
    return rc;
}

int smtp_tls_handshake(struct smtp_tls *t)
{
    int rc;

    ERR_clear_error();
    rc = SSL_do_handshake(t->ssl);
    if (rc == 1)
        return 1;
    return SSL_get_error(t->ssl, rc) == SSL_ERROR_WANT_READ ? 0 : -1;
}

int smtp_tls_feed(struct smtp_tls *t, struct view bytes)
{
    return bytes.n <= INT_MAX && BIO_write(t->in, bytes.p, (int)bytes.n) == (int)bytes.n ? 0 : -1;
}

size_t smtp_tls_take(struct smtp_tls *t, char *to, size_t n)
{
    int got = BIO_read(t->out, to, n < INT_MAX ? (int)n : INT_MAX);

    return got > 0 ? (size_t)got : 0;
}

ptrdiff_t smtp_tls_read(struct smtp_tls *t, char *to, size_t n)
{
    int rc;

    ERR_clear_error();
    rc = SSL_read(t->ssl, to, n < INT_MAX ? (int)n : INT_MAX);
    if (rc > 0)
        return rc;
    switch (SSL_get_error(t->ssl, rc)) {
    case SSL_ERROR_WANT_READ:
        return SMTP_TLS_MORE;
    case SSL_ERROR_ZERO_RETURN:
        return SMTP_TLS_CLOSED;
    default:
        return SMTP_TLS_FAILED;
    }
}

int smtp_tls_write(struct smtp_tls *t, struct view bytes)
{
    ERR_clear_error();
    return bytes.n == 0 || (bytes.n <= INT_MAX && SSL_write(t->ssl, bytes.p, (int)bytes.n) == (int)bytes.n)
               ? 0
               : -1;
}

void smtp_tls_shut(struct smtp_tls *t)
{
    ERR_clear_error();
    SSL_shutdown(t->ssl);
    ERR_clear_error();
}

void smtp_tls_explain(const struct smtp_tls *t, struct buf *why)
{
    long verify = SSL_get_verify_result(t->ssl);
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    if ((SSL_get_verify_mode(t->ssl) & SSL_VERIFY_PEER) && verify != X509_V_OK)
        buf_addf(why, "the server's certificate does not hold: %s", X509_verify_cert_error_string(verify));
    else
        buf_addf(why, "TLS failed: %s", reason ? reason : "no reason given");
}

void smtp_tls_free(struct smtp_tls **t)
{
    if (!*t)
        return;
    SSL_free((*t)->ssl);
    free(*t);
    *t = NULL;
}
