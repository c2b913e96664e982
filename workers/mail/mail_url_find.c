/*
 * mail_url_find.c - finds addresses in plain text.
 *
 * One pass, byte by byte through a table; only a dot, a colon, an "@" or a "d" (of "dot") is looked at
 * more closely, and what was taken for an address or for none is not looked at again. Called by
 * mail_text.c. Nothing in a text says for certain where an address ends: it ends where people would end it.
 */
#include "workers/mail/mail_url.h"
#include "workers/mail/mail_url_part.h"

#define LOCAL_MAX  64 /* bytes of the local part of a mail address; RFC 5321 */
#define LABELS_MAX 6  /* of a host whose dots are words */

enum { LOCAL = 1, LABEL = 2, LOOK = 4, END = 8, TAIL = 16, SCHEME = 32 };
static const unsigned char class[256] = {
    [0 ... ' '] = END,
    [0x7f] = END,
    ['<'] = END,
    ['>'] = END,
    ['"'] = END,
    ['`'] = END,
    ['!'] = TAIL,
    ['\''] = TAIL | LOCAL,
    [','] = TAIL,
    [';'] = TAIL,
    ['?'] = TAIL,
    [':'] = TAIL | LOOK,
    ['|'] = TAIL,
    ['*'] = TAIL | SCHEME,
    ['~'] = TAIL | LOCAL,
    ['.'] = TAIL | LOOK | LOCAL,
    ['@'] = LOOK,
    ['0' ... '9'] = LABEL | LOCAL,
    ['A' ... 'C'] = LABEL | LOCAL | SCHEME,
    ['D'] = LABEL | LOCAL | SCHEME | LOOK,
    ['E' ... 'Z'] = LABEL | LOCAL | SCHEME,
    ['a' ... 'c'] = LABEL | LOCAL | SCHEME,
    ['d'] = LABEL | LOCAL | SCHEME | LOOK,
    ['e' ... 'z'] = LABEL | LOCAL | SCHEME,
    ['-'] = LABEL | LOCAL,
    ['_'] = LABEL | LOCAL | TAIL,
    ['+'] = LOCAL,
    ['%'] = LOCAL,
    ['='] = LOCAL,
    ['&'] = LOCAL,
    ['#'] = LOCAL,
    [0xc3 ... 0xd4] =
        LABEL, /* letters of Latin, Greek, Cyrillic: names are written in them, words are kept apart */
    [0x80 ... 0xbf] = LABEL, /* ... and what follows such a byte */
};

struct finder {
    struct mail_urls *u;
    struct view text;
    size_t floor; /* what is before it belongs to something else */
};

static unsigned is(const struct finder *f, size_t at, unsigned what)
{
    return at < f->text.n ? class[(unsigned char)f->text.p[at]] & what : 0;
}

static struct view from(const struct finder *f, size_t at)
{
    return (struct view){f->text.p + at, f->text.n - at};
}

/* Punctuation of other scripts, and blanks of theirs. What is invisible goes on: it serves to disguise. */
static bool ends_address(struct view v)
{
    static const struct view ends[] = {VIEW("\xc2\xa0"),     VIEW("\xc2\xab"),     VIEW("\xc2\xbb"),
                                       VIEW("\xe3\x80\x80"), VIEW("\xe3\x80\x81"), VIEW("\xe3\x80\x8c"),
                                       VIEW("\xe3\x80\x8d"), VIEW("\xef\xbc\x88"), VIEW("\xef\xbc\x89"),
                                       VIEW("\xef\xbc\x8c")};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        if (v.n >= ends[i].n && memcmp(v.p, ends[i].p, ends[i].n) == 0)
            return true;
    }
    return v.n >= 3 && memcmp(v.p, "\xe2\x80", 2) == 0 &&
           !((unsigned char)v.p[2] >= 0x8b && (unsigned char)v.p[2] <= 0x8f);
}

/* Where an address that goes on at `at` ends, before what is cut off. One that is too long ends where it is:
 * what is behind it is looked at by itself. */
static size_t find_end(const struct finder *f, size_t at)
{
    size_t most = f->text.n - at > MAIL_URL_MAX ? at + MAIL_URL_MAX + 1 : f->text.n;

    while (at < most && !is(f, at, END) &&
           !((unsigned char)f->text.p[at] >= 0xc2 && ends_address(from(f, at))))
        at++;
    return at;
}

/* Without the punctuation of the sentence, and closing brackets that were not opened in it. */
static struct view cut_tail(struct view v)
{
    int open[3] = {0};
    static const char opening[] = "([{", closing[] = ")]}";

    for (size_t i = 0; i < v.n; i++) {
        for (int k = 0; k < 3; k++)
            open[k] += (v.p[i] == opening[k]) - (v.p[i] == closing[k]);
    }
    for (; v.n; v.n--) {
        char c = v.p[v.n - 1];
        const char *k = c ? strchr(closing, c) : NULL;

        if (k && open[k - closing] < 0)
            open[k - closing]++;
        else if (!(class[(unsigned char)c] & TAIL))
            break;
    }
    return v;
}

static void take(struct finder *f, size_t at, size_t end, unsigned flags)
{
    struct view v = cut_tail((struct view){f->text.p + at, end - at});

    mail_url_add(f->u, &(struct mail_url_given){.value = v, .flags = flags});
}

/* Back over bytes of a kind, not beyond the floor, `max` at most. */
static size_t back(const struct finder *f, size_t at, unsigned what, size_t max)
{
    while (at > f->floor && max-- && is(f, at - 1, what))
        at--;
    return at;
}

/* The scheme that ends at the colon, where it is one of ours: where it begins. */
static size_t find_scheme(const struct finder *f, size_t colon)
{
    static const struct view names[] = {VIEW("mailto"), VIEW("https"), VIEW("hxxps"), VIEW("h**ps"),
                                        VIEW("htxps"),  VIEW("hxtps"), VIEW("http"),  VIEW("hxxp"),
                                        VIEW("h**p"),   VIEW("htxp"),  VIEW("hxtp"),  VIEW("ftps"),
                                        VIEW("ftp"),    VIEW("fxp")};
    size_t most = colon - back(f, colon, SCHEME, 8);

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].n <= most &&
            view_equal_nocase((struct view){f->text.p + colon - names[i].n, names[i].n}, names[i]))
            return colon - names[i].n;
    }
    return colon;
}

/* At ":". Answers where to go on. */
static size_t look_at_colon(struct finder *f, size_t colon)
{
    size_t at = find_scheme(f, colon), end;
    bool mail = colon - at == 6, slash = is(f, colon + 1, END) == 0 && colon + 1 < f->text.n &&
                                         memchr("/\\", f->text.p[colon + 1], 2);

    if (at == colon || !(mail || slash))
        return colon + 1;
    end = find_end(f, colon + 1);
    take(f, at, end, 0);
    f->floor = end;
    return end;
}

/* Over a host, with dots in brackets. Two dots end it. */
static size_t find_host_end(const struct finder *f, size_t at, unsigned *flags)
{
    while (at < f->text.n) {
        size_t dot = memchr("[({", f->text.p[at], 3) ? mail_url_host_dot(from(f, at)) : 0;

        if (dot && is(f, at + dot, LABEL)) {
            *flags |= MAIL_URL_OBFUSCATED;
            at += dot;
        } else if ((is(f, at, LABEL) && !ends_address(from(f, at))) ||
                   (f->text.p[at] == '.' && is(f, at + 1, LABEL))) {
            at++;
        } else {
            break;
        }
    }
    return at;
}

/* The end of a host that stands in the text, as far as it is one: dots in brackets made dots. */
static bool is_plausible(const struct finder *f, size_t at, size_t end)
{
    struct mail_url_host host;
    struct view v = {f->text.p + at, end - at};

    /* As it stands, for its capitals tell sentences from names. */
    if (!memchr(v.p, ']', v.n) && !memchr(v.p, ')', v.n) && !memchr(v.p, '}', v.n) &&
        !mail_url_host_is_plausible(v))
        return false;
    return v.n <= MAIL_URL_HOST_MAX && mail_url_host(v, &host) && !(host.flags & MAIL_URL_ADDRESS) &&
           mail_url_host_is_plausible((struct view){host.name, host.n});
}

/* Does an "@" follow? */
static bool is_local_part(const struct finder *f, size_t at)
{
    size_t end = at;

    while (is(f, end, LOCAL) && end - at < LOCAL_MAX)
        end++;
    return end < f->text.n && f->text.p[end] == '@';
}

/* Behind a host: a path, or a port? */
static bool goes_on(const struct finder *f, size_t at)
{
    char next = at + 1 < f->text.n ? f->text.p[at + 1] : ' ';

    if (at >= f->text.n)
        return false;
    if (f->text.p[at] == ':')
        return next >= '0' && next <= '9';
    return memchr("/?#", f->text.p[at], 3);
}

/* Names of files have dots, too; "word://" is a scheme that we do not know, or one in disguise. */
static bool is_file(const struct finder *f, size_t at)
{
    if (at <= f->floor || !memchr("/\\$~", f->text.p[at - 1], 4))
        return false;
    return at < 3 || memcmp(f->text.p + at - 3, "://", 3) != 0;
}

/* At the first dot of what may be a host without a scheme; `dot_end` is behind the dot. */
static size_t look_at_dot(struct finder *f, size_t dot, size_t dot_end)
{
    size_t at, end;
    unsigned flags = MAIL_URL_BARE;

    if (!is(f, dot_end, LABEL) || dot == f->floor || !is(f, dot - 1, LABEL))
        return dot + 1;
    at = back(f, dot, LABEL, MAIL_URL_HOST_MAX);
    end = find_host_end(f, dot, &flags);
    if (is_file(f, at) || is_local_part(f, end) || !is_plausible(f, at, end))
        return end;
    if (goes_on(f, end))
        end = find_end(f, end);
    take(f, at, end, flags);
    f->floor = end;
    return end;
}

/* A mail address by itself. */
static size_t look_at_at(struct finder *f, size_t at)
{
    size_t begin = back(f, at, LOCAL, LOCAL_MAX), end;
    unsigned flags = MAIL_URL_BARE;
    char bytes[LOCAL_MAX + MAIL_URL_HOST_MAX + 8] = "mailto:";
    size_t n = strlen(bytes);

    end = find_host_end(f, at + 1, &flags);
    if (begin == at || end == at + 1 || end - at > MAIL_URL_HOST_MAX || !is_plausible(f, at + 1, end))
        return at + 1;
    memcpy(bytes + n, f->text.p + begin, end - begin);
    mail_url_add(f->u, &(struct mail_url_given){.value = {bytes, n + end - begin}, .flags = flags});
    f->floor = end;
    return end;
}

static bool is_dot_word(const struct finder *f, size_t at)
{
    return at + 4 < f->text.n && f->text.p[at] == ' ' && f->text.p[at + 4] == ' ' &&
           view_equal_nocase((struct view){f->text.p + at + 1, 3}, VIEW("dot")) && is(f, at + 5, LABEL);
}

/* "example dot com": the dots are words of their own. At the "d" of the first one. */
static size_t look_at_word(struct finder *f, size_t d)
{
    size_t at, end, n, labels = 1, went = d + 1;
    char host[MAIL_URL_HOST_MAX + 1];

    if (d < f->floor + 2 || !is_dot_word(f, d - 1))
        return went;
    at = back(f, d - 1, LABEL, 63);
    n = d - 1 - at;
    memcpy(host, f->text.p + at, n);
    for (end = d - 1; n && labels < LABELS_MAX && is_dot_word(f, end); labels++) {
        size_t next = end += 5;

        while (is(f, next, LABEL) && next - end < 63)
            next++;
        if (n + 1 + next - end > MAIL_URL_HOST_MAX)
            break;
        host[n++] = '.';
        memcpy(host + n, f->text.p + end, next - end);
        n += next - end;
        end = next;
    }
    /* With a country's ending it takes two words: "the dot is" is a sentence. */
    if (!n || !mail_url_host_is_plausible((struct view){host, n}) || (labels < 3 && host[n - 3] == '.'))
        return went;
    mail_url_add(f->u,
                 &(struct mail_url_given){.value = {host, n}, .flags = MAIL_URL_BARE | MAIL_URL_OBFUSCATED});
    f->floor = end;
    return end;
}

static size_t look(struct finder *f, size_t at)
{
    char c = f->text.p[at];

    if (c == ':')
        return look_at_colon(f, at);
    if (c == '@')
        return look_at_at(f, at);
    if (c == 'd' || c == 'D') {
        size_t dot;

        if (at <= f->floor || f->text.p[at - 1] == ' ')
            return look_at_word(f, at);
        dot = memchr("[({", f->text.p[at - 1], 3) ? mail_url_host_dot(from(f, at - 1)) : 0;
        return dot && at - 1 > f->floor ? look_at_dot(f, at - 1, at - 1 + dot) : at + 1;
    }
    /* "[.]" */
    if (at > f->floor + 1 && memchr("[({", f->text.p[at - 1], 3) && mail_url_host_dot(from(f, at - 1)))
        return look_at_dot(f, at - 1, at + 2);
    return look_at_dot(f, at, at + 1);
}

void mail_url_find(struct mail_urls *u, struct view text)
{
    struct finder f = {.u = u, .text = text};
    size_t at = 0;

    while (at < text.n && !u->over) {
        size_t next = class[(unsigned char)text.p[at]] & LOOK ? look(&f, at) : 0;

        at = next > at ? next : at + 1;
    }
}
