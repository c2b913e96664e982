/*
 * spf_record.c - the grammar of SPF records: version, directives, modifiers, prefixes, networks.
 *
 * Called by spf.c and spf_libspf2.c. It must never take for a record what the grammar of RFC 7208, 12 does
 * not: what is guessed here is mail that passes. It trusts nothing but the length of the record, and looks at
 * no byte more than a few times.
 *
 * A domain-spec may have "/" in it, so prefixes are looked for from the end: what is none there stays with
 * the domain-spec, whose last label then cannot be right.
 */
#include "workers/antispam/spf_record.h"

#include "workers/antispam/spf_macro.h"

#include <arpa/inet.h>

#define VERSION VIEW("v=spf1")

/* What follows the name of a mechanism. */
enum spf_needs { NOTHING, DOMAIN_NEEDED, DOMAIN_POSSIBLE, DOMAIN_AND_BITS, NETWORK };
static const struct {
    struct view name;
    enum spf_needs needs;
} mechanisms[] = {
    [SPF_ALL] = {VIEW("all"), NOTHING},         [SPF_INCLUDE] = {VIEW("include"), DOMAIN_NEEDED},
    [SPF_A] = {VIEW("a"), DOMAIN_AND_BITS},     [SPF_MX] = {VIEW("mx"), DOMAIN_AND_BITS},
    [SPF_PTR] = {VIEW("ptr"), DOMAIN_POSSIBLE}, [SPF_IP4] = {VIEW("ip4"), NETWORK},
    [SPF_IP6] = {VIEW("ip6"), NETWORK},         [SPF_EXISTS] = {VIEW("exists"), DOMAIN_NEEDED},
};
#define MECHANISMS (sizeof mechanisms / sizeof *mechanisms)

static bool is_alpha(char c)
{
    return (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool spf_record_is(struct view txt)
{
    struct view version = VERSION;

    return txt.n >= version.n && view_equal_nocase((struct view){txt.p, version.n}, version) &&
           (txt.n == version.n || txt.p[version.n] == ' ');
}

/* Takes "/24" off the end. 1: done; 0: there is none; -1: it is one that cannot be. */
static int cut_bits(struct view *v, unsigned max, unsigned char *bits)
{
    size_t at = v->n;
    unsigned n = 0;

    while (at && is_digit(v->p[at - 1]))
        at--;
    if (at == v->n || at == 0 || v->p[at - 1] != '/')
        return 0;
    if (v->n - at > 3 || (v->p[at] == '0' && v->n - at > 1))
        return -1;
    for (size_t i = at; i < v->n; i++)
        n = n * 10 + (unsigned)(v->p[i] - '0');
    if (n > max)
        return -1;
    *bits = (unsigned char)n;
    v->n = at - 1;
    return 1;
}

/* [ "/" ip4 bits ] [ "//" ip6 bits ] off the end. */
static bool cut_dual_bits(struct view *v, struct spf_term *t)
{
    struct view all = *v;
    int got = cut_bits(v, 128, &t->bits6);

    if (got < 0)
        return false;
    if (got && v->n && v->p[v->n - 1] == '/') {
        v->n--;
        return cut_bits(v, 32, &t->bits4) >= 0;
    }
    *v = all;
    t->bits6 = 128;
    return cut_bits(v, 32, &t->bits4) >= 0;
}

/* ":" domain-spec, all of it. */
static bool read_domain(struct view v, struct spf_term *t)
{
    if (v.n < 2 || v.p[0] != ':')
        return false;
    t->domain = (struct view){v.p + 1, v.n - 1};
    return spf_macro_is_domain_spec(t->domain);
}

static bool read_network(struct view v, struct spf_term *t)
{
    char text[INET6_ADDRSTRLEN];
    bool is4 = t->kind == SPF_IP4;

    if (v.n < 2 || v.p[0] != ':')
        return false;
    v.p++, v.n--;
    if (cut_bits(&v, is4 ? 32 : 128, is4 ? &t->bits4 : &t->bits6) < 0 || v.n == 0 || v.n >= sizeof text ||
        memchr(v.p, '\0', v.n))
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = '\0';
    if (is4)
        memcpy(t->ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
    return inet_pton(is4 ? AF_INET : AF_INET6, text, is4 ? t->ip + 12 : t->ip) == 1;
}

/* `rest` is what follows the name. */
static bool read_rest(struct view rest, struct spf_term *t)
{
    switch (mechanisms[t->kind].needs) {
    case NOTHING:
        return rest.n == 0;
    case DOMAIN_NEEDED:
        return read_domain(rest, t);
    case DOMAIN_POSSIBLE:
        return rest.n == 0 || read_domain(rest, t);
    case DOMAIN_AND_BITS:
        return cut_dual_bits(&rest, t) && (rest.n == 0 || read_domain(rest, t));
    case NETWORK:
        return read_network(rest, t);
    }
    return false;
}

static bool read_directive(struct view v, struct spf_term *t)
{
    struct view name;

    t->qualifier = '+';
    if (v.n && memchr("+-~?", v.p[0], 4)) {
        t->qualifier = v.p[0];
        v.p++, v.n--;
    }
    name = (struct view){v.p, 0};
    while (name.n < v.n && v.p[name.n] != ':' && v.p[name.n] != '/')
        name.n++;
    for (unsigned i = 0; i < MECHANISMS; i++) {
        if (!view_equal_nocase(name, mechanisms[i].name))
            continue;
        t->kind = (enum spf_kind)i;
        return read_rest((struct view){v.p + name.n, v.n - name.n}, t);
    }
    return false;
}

/* Bytes of the name of a modifier with its "=" behind it; 0: it is none. */
static size_t modifier_name(struct view v)
{
    size_t n = 0;

    if (v.n == 0 || !is_alpha(v.p[0]))
        return 0;
    while (n < v.n && (is_alpha(v.p[n]) || is_digit(v.p[n]) || memchr("-_.", v.p[n], 3)))
        n++;
    return n < v.n && v.p[n] == '=' ? n : 0;
}

static bool read_modifier(struct view v, size_t n, struct spf_term *t)
{
    struct view name = {v.p, n};

    t->domain = (struct view){v.p + n + 1, v.n - n - 1};
    t->kind = SPF_OTHER;
    if (view_equal_nocase(name, VIEW("redirect")))
        t->kind = SPF_REDIRECT;
    else if (view_equal_nocase(name, VIEW("exp")))
        t->kind = SPF_EXP;
    /* Of others only the outer form is known: letters of explanations may be right in them. */
    return t->kind == SPF_OTHER ? spf_macro_is_string(t->domain, false, true)
                                : spf_macro_is_domain_spec(t->domain);
}

int spf_record_next(struct view *terms, struct spf_term *t)
{
    struct view v;
    size_t n;

    while (terms->n && terms->p[0] == ' ')
        terms->p++, terms->n--;
    if (terms->n == 0)
        return 0;
    v = (struct view){terms->p, 0};
    while (v.n < terms->n && v.p[v.n] != ' ')
        v.n++;
    terms->p += v.n, terms->n -= v.n;
    *t = (struct spf_term){.text = v, .bits4 = 32, .bits6 = 128};
    n = modifier_name(v);
    return (n ? read_modifier(v, n, t) : read_directive(v, t)) ? 1 : -1;
}

bool spf_record_open(struct spf_record *r, struct view txt)
{
    struct view version = VERSION, rest;
    struct spf_term t;
    int got;

    *r = (struct spf_record){.terms = {txt.p + version.n, txt.n - version.n}};
    rest = r->terms;
    while ((got = spf_record_next(&rest, &t)) > 0) {
        struct view *once = t.kind == SPF_REDIRECT ? &r->redirect : t.kind == SPF_EXP ? &r->exp : NULL;

        if (!once)
            continue;
        if (once->n)
            got = -1;
        *once = t.domain;
        if (got < 0)
            break;
    }
    if (got < 0)
        r->wrong = t.text;
    return got == 0;
}
