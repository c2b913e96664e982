/*
 * smtp_world.h - for tests of worker-deliver's conversation: a mail server in a thread, and one held with it.
 *
 * The server answers by a table: the first rule whose beginning a command has. It
 * is a strict one: a line ends in CR LF, a message in CR LF . CR LF and nothing
 * else. What it heard is kept. Include first.
 */
#ifndef TESTS_UNIT_SMTP_WORLD_H
#define TESTS_UNIT_SMTP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "workers/deliver/smtp_session.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define WORLD_WAIT_MS 3000
#define WORLD_MAX     20

/* An answer that is none. */
#define WORLD_CLOSE  "(close)"
#define WORLD_SILENT "(silent)"

struct world_rule {
    const char *command; /* how it begins: "", the greeting is "(connect)", the end of a message "." */
    const char *reply;   /* whole lines; behind a "|" the server closes */
    bool tls;            /* only inside TLS */
};

struct world_server {
    struct world_rule rule[WORLD_MAX];
    SSL_CTX *tls;
    int fd;
    SSL *ssl;
    struct buf in, heard, body; /* commands with LF for CR LF; messages as they came, without the dot */
    unsigned messages;
    bool closed;
    pthread_t thread;
};

/* A key and a certificate for this name that vouches for itself. */
static inline SSL_CTX *world_tls(const char *name, X509 **cert)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());

    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                               -1, 0);
    X509_set_issuer_name(x, X509_get_subject_name(x));
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_int_equal(SSL_CTX_use_certificate(ctx, x), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey(ctx, key), 1);
    EVP_PKEY_free(key);
    if (cert)
        *cert = x;
    else
        X509_free(x);
    return ctx;
}

static inline void world_say(struct world_server *w, const char *p, size_t n)
{
    if (w->ssl)
        SSL_write(w->ssl, p, (int)n);
    else if (send(w->fd, p, n, MSG_NOSIGNAL) < 0)
        w->closed = true;
}

/* By the first rule that fits. */
static inline const char *world_find_rule(const struct world_server *w, const char *command)
{
    for (size_t i = 0; i < WORLD_MAX && w->rule[i].command; i++)
        if (strncmp(command, w->rule[i].command, strlen(w->rule[i].command)) == 0 &&
            (!w->rule[i].tls || w->ssl))
            return w->rule[i].reply;
    return "500 5.5.1 no such command\r\n";
}

/* Returns the reply. */
static inline const char *world_answer(struct world_server *w, const char *command)
{
    const char *reply = world_find_rule(w, command), *bar = strchr(reply, '|');

    if (strcmp(reply, WORLD_SILENT) == 0)
        return reply;
    if (strcmp(reply, WORLD_CLOSE) == 0)
        w->closed = true;
    else
        world_say(w, reply, bar ? (size_t)(bar - reply) : strlen(reply));
    w->closed |= bar != NULL;
    return reply;
}

static inline bool world_read(struct world_server *w)
{
    char bytes[4096];
    ssize_t n = w->ssl ? SSL_read(w->ssl, bytes, sizeof bytes) : recv(w->fd, bytes, sizeof bytes, 0);

    if (n <= 0)
        return false;
    buf_add(&w->in, bytes, (size_t)n);
    return true;
}

static inline void world_drop(struct world_server *w, size_t n)
{
    memmove(w->in.p, w->in.p + n, w->in.n - n);
    w->in.n -= n;
}

/* Where `end` begins in what came; reads on until it is there. -1: it never will be. */
static inline ssize_t world_until(struct world_server *w, const char *end)
{
    for (;;) {
        const char *at = w->in.n ? memmem(w->in.p, w->in.n, end, strlen(end)) : NULL;

        if (at)
            return at - w->in.p;
        if (!world_read(w))
            return -1;
    }
}

static inline void world_take_message(struct world_server *w)
{
    ssize_t n;

    /* The line end behind DATA counts: an empty message is a dot alone. */
    if (w->in.n >= 3 || world_until(w, "\r\n") >= 0)
        if (w->in.n >= 3 && memcmp(w->in.p, ".\r\n", 3) == 0) {
            world_drop(w, 3);
            w->messages++;
            world_answer(w, ".");
            return;
        }
    n = world_until(w, "\r\n.\r\n");
    if (n < 0) {
        buf_add_view(&w->body, buf_view(&w->in));
        w->closed = true;
        return;
    }
    buf_add(&w->body, w->in.p, (size_t)n + 2);
    world_drop(w, (size_t)n + 5);
    w->messages++;
    world_answer(w, ".");
}

static inline void world_secure(struct world_server *w)
{
    w->ssl = SSL_new(w->tls);
    SSL_set_fd(w->ssl, w->fd);
    if (SSL_accept(w->ssl) != 1)
        w->closed = true;
}

static inline void world_serve_line(struct world_server *w)
{
    ssize_t n = world_until(w, "\r\n");
    char *line;
    const char *reply;

    if (n < 0) {
        w->closed = true;
        return;
    }
    line = strndup(w->in.p, (size_t)n);
    world_drop(w, (size_t)n + 2);
    buf_addf(&w->heard, "%s\n", line);
    reply = world_answer(w, line);
    if (strncmp(line, "DATA", 4) == 0 && reply[0] == '3' && !w->closed)
        world_take_message(w);
    if (strcmp(line, "STARTTLS") == 0 && reply[0] == '2')
        world_secure(w);
    free(line);
}

static inline void *world_serve(void *arg)
{
    struct world_server *w = arg;
    sigset_t pipe;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, NULL);
    world_answer(w, "(connect)");
    while (!w->closed)
        world_serve_line(w);
    SSL_free(w->ssl);
    close(w->fd);
    return NULL;
}

/* Returns the client's end. */
static inline int world_start(struct world_server *w)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    w->fd = pair[1];
    assert_int_equal(pthread_create(&w->thread, NULL, world_serve, w), 0);
    return pair[0];
}

static inline void world_end(struct world_server *w)
{
    pthread_join(w->thread, NULL);
    buf_free(&w->in);
    buf_free(&w->heard);
    buf_free(&w->body);
}

/* What one conversation came to. */
struct world_result {
    char notes[4096], said[512], heard[8192];
    struct buf body;
    unsigned messages;
    uint64_t sent;
    uint32_t done, failed, later;
    enum smtp_end end;
    int err;
};

static inline const char *world_text(char *to, size_t size, const struct buf *b)
{
    snprintf(to, size, "%.*s", (int)b->n, b->n ? b->p : "");
    return to;
}

__attribute__((unused)) static struct smtp_tls_ctx *world_tls_ctx;

/* For groups of tests that speak TLS. */
static inline int world_tls_set_up(void **state)
{
    struct buf why = {0};

    (void)state;
    world_tls_ctx = smtp_tls_load(&why);
    return world_tls_ctx ? 0 : -1;
}

static inline int world_tls_tear_down(void **state)
{
    (void)state;
    smtp_tls_unload(&world_tls_ctx);
    return world_tls_ctx ? -1 : 0;
}

/* Two recipients unless the order has its own; `message` of any bytes. */
static inline void world_hold(struct world_server *w, struct deliver_order o, struct view message,
                              struct world_result *r)
{
    static const struct deliver_rcpt two[] = {{0, VIEW("b@example.org"), {NULL, 0}},
                                              {7, VIEW("c@example.net"), VIEW("NEVER")}};
    struct smtp_session s = {.source = {-1, message, message.n}, .tls = world_tls_ctx};
    int notes = memfd_create("notes", MFD_CLOEXEC);
    ssize_t n;

    memset(r, 0, sizeof *r);
    if (!o.rcpt_n) {
        o.rcpt = two;
        o.rcpt_n = 2;
    }
    o.helo = VIEW("mx.example.org");
    o.timeout_ms = o.timeout_ms ? o.timeout_ms : WORLD_WAIT_MS;
    s.o = s.notes.o = &o;
    s.notes.fd = notes;
    s.link = (struct smtp_link){.fd = world_start(w), .wake = -1, .timeout_ms = o.timeout_ms};
    smtp_session_hold(&s);
    close(s.link.fd);
    pthread_join(w->thread, NULL);
    n = pread(notes, r->notes, sizeof r->notes - 1, 0);
    assert_true(n >= 0);
    close(notes);
    world_text(r->said, sizeof r->said, &s.said);
    world_text(r->heard, sizeof r->heard, &w->heard);
    r->body = w->body;
    r->messages = w->messages;
    r->sent = s.sent;
    r->done = s.notes.done;
    r->failed = s.notes.failed;
    r->later = s.notes.later;
    r->end = s.link.end;
    r->err = s.err;
    buf_free(&w->in);
    buf_free(&w->heard);
    smtp_session_close(&s);
}

/* The usual answers, to stand behind those of the case. */
#define WORLD_HELLO(ext)                                                                                     \
    {"(connect)", "220 ready\r\n", false},                                                                   \
    {                                                                                                        \
        "EHLO", "250-test\r\n" ext "250 HELP\r\n", false                                                     \
    }
#define WORLD_REST                                                                                           \
    {"MAIL", "250 2.1.0 Ok\r\n", false}, {"RCPT", "250 2.1.5 Ok\r\n", false}, {"DATA", "354 go\r\n", false}, \
        {".", "250 2.0.0 Ok: queued as 4711\r\n", false},                                                    \
    {                                                                                                        \
        "QUIT", "221 bye|", false                                                                            \
    }

#endif
