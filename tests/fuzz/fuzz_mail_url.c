/*
 * fuzz_mail_url.c - any bytes as text with addresses, or as an attribute that names one.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte says as what. Hosts are clean,
 * all addresses differ, limits hold, a second search finds nothing new, and an address that is written anew
 * from its parts has the same host.
 */
#include "common/buf.h"
#include "workers/mail/mail_url.h"

#include "tests/fuzz/fuzz_must.h"

#define INPUT_MAX 20000

static void check_host(struct view host)
{
    MUST(host.n > 0 && host.n <= 253);
    for (size_t i = 0; i < host.n; i++) {
        unsigned char c = (unsigned char)host.p[i];

        MUST(c > ' ' && c != 0x7f && !(c >= 'A' && c <= 'Z') && !strchr("/\\?#@%<>\"'(){}|^`,;", c));
        MUST(host.p[0] == '[' || !strchr(":[]", c));
    }
}

static void check_again(const struct mail_url *a)
{
    struct mail_arena arena = {0};
    struct mail_urls u = {.arena = &arena};
    struct buf b = {0};

    buf_addf(&b, "%s://", mail_url_scheme_name(a->scheme));
    buf_add_view(&b, a->host);
    if (a->port)
        buf_addf(&b, ":%u", a->port);
    buf_add_view(&b, a->path);
    mail_url_add(&u, &(struct mail_url_given){.value = buf_view(&b)});
    MUST(u.n > 0 && view_equal(u.url[0].host, a->host) && u.url[0].port == a->port);
    MUST(u.url[0].scheme == a->scheme && !(u.url[0].flags & MAIL_URL_USER));
    buf_free(&b);
    mail_arena_free(&arena);
}

static void check(const struct mail_urls *u)
{
    MUST(u->n <= MAIL_URLS_MAX);
    for (unsigned i = 0; i < u->n; i++) {
        const struct mail_url *a = &u->url[i];

        check_host(a->host);
        MUST(a->raw.n <= MAIL_URL_MAX && a->path.n <= MAIL_URL_MAX && a->port <= 65535 && a->flags < 256);
        MUST(a->scheme < MAIL_URL_SCHEME__MAX && (!a->path.n || strchr("/?#,;", a->path.p[0])));
        if (a->scheme != MAIL_URL_MAILTO && i < 20)
            check_again(a);
        for (unsigned k = i + 1; k < u->n && k < i + 50; k++) {
            const struct mail_url *b = &u->url[k];

            MUST(a->scheme != b->scheme || a->port != b->port || !view_equal(a->host, b->host) ||
                 !view_equal(a->path, b->path) || !view_equal(a->user, b->user));
        }
    }
}

static void take(struct mail_urls *u, unsigned char as, struct view v)
{
    if (as & 1)
        mail_url_find(u, v);
    else
        mail_url_add(u, &(struct mail_url_given){v, (struct view){0}, MAIL_URL_ATTRIBUTE});
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct mail_arena arena = {0};
    struct mail_urls u = {.arena = &arena};
    unsigned n;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    if (data[0] & 2)
        mail_url_set_base(&u, VIEW("http://example.org/a/b?c"));
    take(&u, data[0], (struct view){(const char *)data + 1, size - 1});
    check(&u);
    n = u.n;
    take(&u, data[0], (struct view){(const char *)data + 1, size - 1});
    MUST(u.n == n);
    mail_arena_free(&arena);
    return 0;
}
