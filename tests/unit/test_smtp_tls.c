/*
 * test_smtp_tls.c - unit tests of workers/deliver/smtp_tls.c and smtp_tls_prove.c: whom a client believes.
 *
 * Run by `make check`. Server and client are in memory; the certificates are made here.
 */
#include "tests/unit/smtp_world.h"

static struct buf pem_of(X509 *cert)
{
    BIO *bio = BIO_new(BIO_s_mem());
    struct buf b = {0};
    char *p = NULL;
    long n;

    assert_int_equal(PEM_write_bio_X509(bio, cert), 1);
    n = BIO_get_mem_data(bio, &p);
    buf_add(&b, p, (size_t)n);
    BIO_free(bio);
    return b;
}

/* 1 or -1. */
static int shake_hands(struct smtp_tls *t, SSL *server)
{
    char bytes[4096];
    int rc = 0, got;
    size_t n;

    for (int i = 0; i < 10 && rc == 0; i++) {
        rc = smtp_tls_handshake(t);
        while ((n = smtp_tls_take(t, bytes, sizeof bytes)) > 0)
            BIO_write(SSL_get_rbio(server), bytes, (int)n);
        SSL_accept(server);
        while ((got = BIO_read(SSL_get_wbio(server), bytes, sizeof bytes)) > 0)
            assert_int_equal(smtp_tls_feed(t, (struct view){bytes, (size_t)got}), 0);
    }
    return rc;
}

static SSL *server_of(SSL_CTX *ctx, int version)
{
    SSL *s = SSL_new(ctx);

    SSL_set_bio(s, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_max_proto_version(s, version);
    return s;
}

static const struct {
    const char *behaviour, *name;
    bool verify, trusted;
    int version; /* the server's newest */
    int rc;
    const char *why;
} cases[] = {
    {"the right name, vouched for", "mail.example.org", true, true, TLS1_3_VERSION, 1, NULL},
    {"the same with TLS 1.2", "mail.example.org", true, true, TLS1_2_VERSION, 1, NULL},
    {"in other case", "MAIL.example.org", true, true, TLS1_3_VERSION, 1, NULL},
    {"another name", "mx.example.org", true, true, TLS1_3_VERSION, -1, "hostname mismatch"},
    {"an address that is not in it", "192.0.2.1", true, true, TLS1_3_VERSION, -1, "IP address mismatch"},
    {"nobody vouches for it", "mail.example.org", true, false, TLS1_3_VERSION, -1, "self-signed certificate"},
    {"nobody is asked for", "mx.example.org", false, false, TLS1_3_VERSION, 1, NULL},
    {"no name, nobody is asked for", "", false, false, TLS1_3_VERSION, 1, NULL},
    {"TLS 1.1 is too old", "mail.example.org", false, false, TLS1_1_VERSION, -1, "TLS failed: "},
};

static void a_certificate_is_believed_as_asked_for(void **state)
{
    X509 *cert;
    SSL_CTX *ctx = world_tls("mail.example.org", &cert);
    struct buf pem = pem_of(cert);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct smtp_tls *t = smtp_tls_open(world_tls_ctx, view_of(cases[i].name), cases[i].verify);
        SSL *server = server_of(ctx, cases[i].version);
        struct buf why = {0};
        int rc;

        assert_non_null(t);
        if (cases[i].trusted)
            assert_int_equal(smtp_tls_trust(t, buf_view(&pem)), 0);
        rc = shake_hands(t, server);
        if (rc < 0)
            smtp_tls_explain(t, &why);
        if (rc != cases[i].rc || (rc < 0 && !strstr(why.p, cases[i].why)))
            fail_msg("%s: %d, %s", cases[i].behaviour, rc, why.n ? why.p : "");
        buf_free(&why);
        smtp_tls_free(&t);
        assert_null(t);
        SSL_free(server);
    }
    buf_free(&pem);
    X509_free(cert);
    SSL_CTX_free(ctx);
}

static void what_cannot_be_verified_does_not_begin(void **state)
{
    char name[300];
    struct smtp_tls *t;

    (void)state;
    memset(name, 'x', sizeof name);
    assert_null(smtp_tls_open(world_tls_ctx, VIEW(""), true));
    assert_null(smtp_tls_open(world_tls_ctx, (struct view){name, sizeof name}, false));
    t = smtp_tls_open(world_tls_ctx, VIEW("mail.example.org"), false);
    assert_int_equal(smtp_tls_trust(t, VIEW("no certificate")), -1);
    smtp_tls_free(&t);
}

static void plain_words_are_no_tls(void **state)
{
    struct smtp_tls *t = smtp_tls_open(world_tls_ctx, VIEW(""), false);
    struct buf why = {0};

    (void)state;
    assert_int_equal(smtp_tls_handshake(t), 0);
    assert_int_equal(smtp_tls_feed(t, VIEW("454 4.7.0 sorry\r\n")), 0);
    assert_int_equal(smtp_tls_handshake(t), -1);
    smtp_tls_explain(t, &why);
    assert_int_equal(strncmp(why.p, "TLS failed: ", 12), 0);
    buf_free(&why);
    smtp_tls_free(&t);
}

static void the_authorities_of_the_machine_are_known(void **state)
{
    (void)state;
    if (access("/etc/ssl/certs/ca-certificates.crt", R_OK) < 0)
        skip();
    assert_true(smtp_tls_authorities(world_tls_ctx) > 10);
}

static void tls_proves_itself(void **state)
{
    struct buf why = {0};

    (void)state;
    for (int i = 0; i < 3; i++)
        if (smtp_tls_prove(world_tls_ctx, &why) < 0)
            fail_msg("%s", why.p);
    assert_int_equal(why.n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_certificate_is_believed_as_asked_for),
        cmocka_unit_test(what_cannot_be_verified_does_not_begin),
        cmocka_unit_test(plain_words_are_no_tls),
        cmocka_unit_test(the_authorities_of_the_machine_are_known),
        cmocka_unit_test(tls_proves_itself),
    };

    return cmocka_run_group_tests(tests, world_tls_set_up, world_tls_tear_down);
}
