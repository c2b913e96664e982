/*
 * test_mail_url.c - unit tests of workers/mail/mail_url*.c: addresses as people write them and as others
 * disguise them.
 *
 * Run by `make check`. Each address is written down as scheme, user, host, port, path and flags:
 * O obfuscated, A of an attribute, I an IP address, R redirected, U with a user, B bare, H hidden, C cut.
 */
#include "common/buf.h"
#include "workers/mail/mail_url.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

static void write_down(struct buf *to, const struct mail_urls *u)
{
    static const char letters[] = "OAIRUBHC";

    buf_clear(to);
    for (unsigned i = 0; i < u->n; i++) {
        const struct mail_url *a = &u->url[i];

        buf_addf(to, "%s:", mail_url_scheme_name(a->scheme));
        if (a->user.n)
            buf_addf(to, "%.*s@", (int)a->user.n, a->user.p);
        buf_add_view(to, a->host);
        if (a->port)
            buf_addf(to, ":%u", a->port);
        buf_add_view(to, a->path);
        if (a->flags)
            buf_add_char(to, ' ');
        for (unsigned k = 0; k < 8; k++)
            if (a->flags & 1u << k)
                buf_add_char(to, letters[k]);
        buf_add_char(to, '\n');
    }
}

struct example {
    const char *behaviour;
    struct view in;
    const char *out;
};

static const struct example texts[] = {
    {"no address", VIEW("Some words. And: more, of them"), ""},
    {"with a scheme", VIEW("see http://example.org/a?b#c now"), "http:example.org/a?b#c\n"},
    {"host in lower case, the rest as it stands", VIEW("HTTPS://Example.ORG:8080/A"),
     "https:example.org:8080/A\n"},
    {"the end of a sentence is not in it",
     VIEW("http://example.org/a, (http://example.net/). <http://example.com>!"),
     "http:example.org/a\nhttp:example.net/\nhttp:example.com\n"},
    {"brackets that are opened in it are", VIEW("(http://example.org/a_(b))"), "http:example.org/a_(b)\n"},
    {"quotes of other scripts end it",
     VIEW("\xe2\x80\x9ehttp://example.org\xe2\x80\x9c http://example.net/\xc2\xa0x"),
     "http:example.org\nhttp:example.net/\n"},
    {"a word before the scheme", VIEW("Clickhttp://example.org/"), "http:example.org/\n"},
    {"of other schemes the host alone", VIEW("gopher://example.org/ cid:x@y javascript:z"),
     "http:example.org/ B\n"},
    {"www and known endings", VIEW("www.example.org example.com. sub.example.net/x?y, ftp.example.org"),
     "http:www.example.org B\nhttp:example.com B\nhttp:sub.example.net/x?y B\nftp:ftp.example.org B\n"},
    {"files, numbers, sentences are not",
     VIEW("a.txt foo.c 1.2.3.4 v1.2 end.So e.g. i.e. x..y /usr/lib/libx.so 10.30pm.Then"), ""},
    {"with a port", VIEW("example.org:8080/x example.org: x"),
     "http:example.org:8080/x B\nhttp:example.org B\n"},
    {"behind two dots", VIEW("so..example.org"), "http:example.org B\n"},
    {"mail addresses",
     VIEW("user@example.org, First.Last+tag@sub.example.com mailto:x@example.net?subject=y"),
     "mailto:user@example.org B\nmailto:First.Last+tag@sub.example.com B\nmailto:x@example.net?subject=y\n"},
    {"no mail addresses", VIEW("a@b @x a@ @ a@b.c1"), ""},
    {"letters of other scripts", VIEW("http://m\xc3\xbcller.example/ sch\xc3\xb6n.de"),
     "http:m\xc3\xbcller.example/\nhttp:sch\xc3\xb6n.de B\n"},
    {"x for t", VIEW("hxxp://example.org/ hXXps://example.net h**p://example.com fxp://ftp.example.org"),
     "http:example.org/ O\nhttps:example.net O\nhttp:example.com O\nftp:ftp.example.org O\n"},
    {"dots in brackets", VIEW("http://example[.]org/x example(.)com www[dot]example(DOT)net/y"),
     "http:example.org/x O\nhttp:example.com OB\nhttp:www.example.net/y OB\n"},
    {"dots as words", VIEW("go to example dot com or www dot example dot co dot uk now"),
     "http:example.com OB\nhttp:www.example.co.uk OB\n"},
    {"the word dot", VIEW("the dot is small; a dot in it, dot dot dot"), ""},
    {"backslashes", VIEW("http:\\\\example.org\\x https:/example.net/"),
     "http:example.org/x O\nhttps:example.net/\n"},
    {"percent signs in a host", VIEW("http://%65xample%2ecom/%41"), "http:example.com/%41 O\n"},
    {"full width and invisible characters",
     VIEW("http://\xef\xbd\x85xample\xef\xbc\x8eorg/ http://exa\xc2\xadmple\xe3\x80\x82net/ "
          "http://ex\xe2\x80\x8b"
          "a.com"),
     "http:example.org/ O\nhttp:example.net/ O\nhttp:exa.com O\n"},
    {"an address as one number, octal, hexadecimal",
     VIEW("http://3232235777/a http://0300.0250.1.1/b http://0xC0.0xa8.257/c http://0xc0a80101/d "
          "http://192.168.1.1/e"),
     "http:192.168.1.1/a OI\nhttp:192.168.1.1/b OI\nhttp:192.168.1.1/c OI\nhttp:192.168.1.1/d "
     "OI\nhttp:192.168.1.1/e I\n"},
    {"numbers that are no address",
     VIEW("http://4294967296/ http://1.2.3.4.5/ http://1.256.1.1/ http://1.2.3.256/ http://08.1/"), ""},
    {"the largest ones", VIEW("http://4294967295/ http://1.2.65535/ http://1.16777215/"),
     "http:255.255.255.255/ OI\nhttp:1.2.255.255/ OI\nhttp:1.255.255.255/ OI\n"},
    {"IPv6", VIEW("http://[2001:DB8::1]:81/x"), "http:[2001:db8::1]:81/x I\n"},
    {"somebody else's name before the host",
     VIEW("http://www.example.com@example.net/ http://a:b@c@example.org"),
     "http:www.example.com@example.net/ U\nhttp:a:b@c@example.org U\n"},
    {"its @ in percent signs", VIEW("http://www.example.com%40example.net/"),
     "http:www.example.com@example.net/ U\n"},
    {"one in another",
     VIEW("http://a.example/?u=http%3A%2F%2Fb.example%2Fx%3Fy%3D1&z http://c.example/https://d.example/?e&f"),
     "http:a.example/?u=http%3A%2F%2Fb.example%2Fx%3Fy%3D1&z\nhttp:b.example/x?y=1 R\n"
     "http:c.example/https://d.example/?e&f\nhttps:d.example/?e&f R\n"},
    {"one in one in another, encoded twice",
     VIEW("http://a.example/?u=http%3a%2f%2fb.example%2f%3fv%3dhttps%253A%252F%252Fc.example"),
     "http:a.example/?u=http%3a%2f%2fb.example%2f%3fv%3dhttps%253A%252F%252Fc.example\n"
     "http:b.example/?v=https%3A%2F%2Fc.example R\nhttps:c.example R\n"},
    {"two in one", VIEW("http://a.example/?u=http://b.example/&v=http%3A//c.example/"),
     "http:a.example/?u=http://b.example/&v=http%3A//c.example/\nhttp:b.example/ R\nhttp:c.example/ R\n"},
    {"the same one only once", VIEW("http://example.org/ HTTP://EXAMPLE.org/ http://example.org"),
     "http:example.org/\nhttp:example.org\n"},
    {"bare only where it is never with a scheme", VIEW("example.org http://example.org"),
     "http:example.org\n"},
    {"no host",
     VIEW("http:// http:/// http://? http://. http://.example.org http://a..b http://{{x}}/ http://@/"), ""},
    {"a port that is none", VIEW("http://example.org:/ http://example.net:99999/ http://example.com:x/"),
     "http:example.org/\nhttp:example.net/\nhttp:example.com/\n"},
    {"NUL ends it", VIEW("http://example.org/a\0b"), "http:example.org/a\n"},
    {"nothing at all", VIEW(""), ""},
    {"only what is looked at", VIEW("."), ""},
    {"a bracket that does not end", VIEW("a[dot a[.x d"), ""},
    {"brackets alone", VIEW("[.][.](dot)(dot) dot "), ""},
};

static const struct example values[] = {
    {"with a scheme", VIEW(" http://example.org/a b "), "http:example.org/a b A\n"},
    {"without one", VIEW("//example.org/x"), "http:example.org/x AB\n"},
    {"without slashes", VIEW("http:example.org"), "http:example.org A\n"},
    {"www", VIEW("www.example.org"), "http:www.example.org AB\n"},
    {"relative", VIEW("page.html"), ""},
    {"a mail address is no host", VIEW("user@example.org"), ""},
    {"tabs and line ends are dropped, and disguise a host", VIEW("ht\ttp://ex\r\nample.org/a\r\nb"),
     "http:example.org/ab OA\n"},
    {"in the path they do not", VIEW("http://example.org/a\r\nb"), "http:example.org/ab A\n"},
    {"slashes of both kinds", VIEW("\\\\example.org\\x"), "http:example.org/x OAB\n"},
    {"many of them", VIEW("https:////\\example.org"), "https:example.org A\n"},
    {"a host without a dot", VIEW("http://localhost:80"), "http:localhost:80 A\n"},
    {"a blank ends the host", VIEW("http://example.org our/x"), "http:example.org/x A\n"},
    {"within a script", VIEW("javascript:open(\"http://example.org/\")"), "http:example.org/\") AR\n"},
    {"within a relative one", VIEW("/go?http%3A%2F%2Fexample.org"), "http:example.org AR\n"},
    {"other schemes", VIEW("tel:+49"), ""},
    {"mail", VIEW("MAILTO://a@example.org?b"), "mailto:a@example.org?b A\n"},
    {"mail without a host", VIEW("mailto:a"), ""},
};

static void check(struct mail_arena *arena, const struct example *e, bool attribute)
{
    struct mail_urls u = {.arena = arena};
    struct buf b = {0};

    if (attribute)
        mail_url_add(&u, &(struct mail_url_given){.value = e->in, .flags = MAIL_URL_ATTRIBUTE});
    else
        mail_url_find(&u, e->in);
    write_down(&b, &u);
    if (strcmp(b.n ? b.p : "", e->out) != 0)
        fail_msg("%s: %.*s\n%s", e->behaviour, (int)e->in.n, e->in.p, b.p);
    buf_free(&b);
    mail_arena_clear(arena);
}

static void addresses_in_text_are_found(void **state)
{
    struct mail_arena arena = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        check(&arena, &texts[i], false);
    mail_arena_free(&arena);
}

static void addresses_in_attributes_are_read(void **state)
{
    struct mail_arena arena = {0};

    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof *values; i++)
        check(&arena, &values[i], true);
    mail_arena_free(&arena);
}

static void relative_ones_stand_on_their_base(void **state)
{
    static const struct {
        const char *base, *value, *out;
    } cases[] = {
        {"http://example.org/a/b?c/d", "x.html", "http:example.org/a/x.html A\n"},
        {"http://example.org/a/b", "/x", "http:example.org/x A\n"},
        {"http://example.org", "x", "http:example.org/x A\n"},
        {"http://example.org", "/x", "http:example.org/x A\n"},
        {"http://example.org/", "http://example.net/", "http:example.net/ A\n"},
        {"http://example.org/", "#part", ""},
        {"http://example.org/", "cid:12345", ""},
        {"/a/b/c/d", "x.html", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct mail_arena arena = {0};
        struct mail_urls u = {.arena = &arena};
        struct buf b = {0};

        mail_url_set_base(&u, view_of(cases[i].base));
        u.n = 0; /* the base itself was told */
        u.slot = NULL;
        mail_url_add(&u,
                     &(struct mail_url_given){.value = view_of(cases[i].value), .flags = MAIL_URL_ATTRIBUTE});
        write_down(&b, &u);
        if (strcmp(b.n ? b.p : "", cases[i].out) != 0)
            fail_msg("%s on %s: %s", cases[i].value, cases[i].base, b.p);
        buf_free(&b);
        mail_arena_free(&arena);
    }
}

static void what_was_met_in_several_places_is_one(void **state)
{
    struct mail_arena arena = {0};
    struct mail_urls u = {.arena = &arena};

    (void)state;
    mail_url_add(&u, &(struct mail_url_given){VIEW("http://example.org/"), VIEW(""),
                                              MAIL_URL_ATTRIBUTE | MAIL_URL_HIDDEN});
    assert_int_equal(u.url[0].flags, MAIL_URL_ATTRIBUTE | MAIL_URL_HIDDEN);
    mail_url_add(&u,
                 &(struct mail_url_given){VIEW("http://example.org/"), VIEW("my bank"), MAIL_URL_ATTRIBUTE});
    mail_url_add(&u, &(struct mail_url_given){VIEW("http://example.org/"), VIEW("other"), 0});
    assert_int_equal(u.n, 1);
    assert_int_equal(u.url[0].flags, MAIL_URL_ATTRIBUTE);
    assert_true(view_equal(u.url[0].text, VIEW("my bank")));
    assert_true(view_equal(u.url[0].raw, VIEW("http://example.org/")));
    mail_arena_free(&arena);
}

static void limits_are_met_and_told(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct mail_arena arena = {0};
        struct mail_urls u = {.arena = &arena};
        struct buf b = {0};

        for (int i = 0; i < MAIL_URLS_MAX + more; i++)
            buf_addf(&b, "http://h%d.example.org/ ", i);
        mail_url_find(&u, buf_view(&b));
        assert_int_equal(u.n, more > 0 ? MAIL_URLS_MAX : MAIL_URLS_MAX + more);
        assert_int_equal(u.over, more > 0);
        u = (struct mail_urls){.arena = &arena};
        buf_clear(&b);
        buf_add_str(&b, "http://example.org/");
        while (b.n < (size_t)(MAIL_URL_MAX + more))
            buf_add_char(&b, 'x');
        mail_url_find(&u, buf_view(&b));
        assert_int_equal(u.n, 1);
        assert_int_equal(u.url[0].raw.n, more > 0 ? MAIL_URL_MAX : MAIL_URL_MAX + more);
        assert_int_equal(u.url[0].flags, more > 0 ? MAIL_URL_CUT : 0);
        buf_free(&b);
        mail_arena_free(&arena);
    }
}

static void one_behind_a_long_one_is_found(void **state)
{
    struct mail_arena arena = {0};
    struct mail_urls u = {.arena = &arena};
    struct buf b = {0};

    (void)state;
    buf_add_str(&b, "http://example.org/");
    for (int i = 0; i < 5000; i++)
        buf_add_char(&b, 'x');
    buf_add_str(&b, ",http://example.net/");
    mail_url_find(&u, buf_view(&b));
    assert_int_equal(u.n, 2);
    assert_true(view_equal(u.url[1].host, VIEW("example.net")));
    buf_free(&b);
    mail_arena_free(&arena);
}

static void the_longest_host_is_one(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct mail_arena arena = {0};
        struct mail_urls u = {.arena = &arena};
        struct buf b = {0};

        buf_add_str(&b, "http://");
        while (b.n < (size_t)(7 + 253 + more))
            buf_add_char(&b, b.n % 2 ? 'a' : '.');
        if (b.p[b.n - 1] == '.')
            b.p[b.n - 1] = 'b';
        mail_url_find(&u, buf_view(&b));
        assert_int_equal(u.n, more <= 0);
        buf_free(&b);
        mail_arena_free(&arena);
    }
}

/* Each is a begin of something, again and again. */
static const char *const worst[][2] = {
    {"", "a.b"},
    {"", "a."},
    {"", "a.a "},
    {"", "aa.com "},
    {"", "http://"},
    {"", "http:"},
    {"", "@"},
    {"", "a@"},
    {"", "a@a"},
    {"", "d"},
    {"", " dot"},
    {"", " dot a"},
    {"", "(dot)"},
    {"", "[.]"},
    {"", "a[.]a"},
    {"", "a.a%"},
    {"http://a", "("},
    {"http://a/", "a)"},
    {"", "a..a"},
    {"", "\xc3\xa4.\xc3\xa4"},
    {"", "mailto:"},
    {"", "http:/x "},
    {"http://x.example/?", "http%3a"},
    {"http://x.example/?", "%25"},
    {"", "h**p:"},
};

static double time_of(const char *before, const char *what, size_t bytes)
{
    struct mail_arena arena = {0};
    struct mail_urls u = {.arena = &arena};
    struct buf b = {0};
    struct timespec t, z;

    buf_add_str(&b, before);
    while (b.n < bytes)
        buf_add_str(&b, what);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    mail_url_find(&u, buf_view(&b));
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &z);
    buf_free(&b);
    mail_arena_free(&arena);
    return (double)(z.tv_sec - t.tv_sec) + (double)(z.tv_nsec - t.tv_nsec) / 1e9;
}

static void time_is_linear_in_the_worst_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = time_of(worst[i][0], worst[i][1], 400000),
               two = time_of(worst[i][0], worst[i][1], 800000);

        if (two > 4 * one + 0.05)
            fail_msg("\"%s%s...\": %.3f s, twice as much %.3f s", worst[i][0], worst[i][1], one, two);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_in_text_are_found),
        cmocka_unit_test(addresses_in_attributes_are_read),
        cmocka_unit_test(relative_ones_stand_on_their_base),
        cmocka_unit_test(what_was_met_in_several_places_is_one),
        cmocka_unit_test(limits_are_met_and_told),
        cmocka_unit_test(one_behind_a_long_one_is_found),
        cmocka_unit_test(the_longest_host_is_one),
        cmocka_unit_test(time_is_linear_in_the_worst_input),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
