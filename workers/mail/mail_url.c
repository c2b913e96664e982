/*
 * mail_url.c - see mail_url.h. Takes one address apart and keeps the list.
 *
 * Called by mail_text.c, and by mail_url_find.c for what it finds. Everything is done in fixed
 * memory until an address proves to be new; then it is copied into the arena. When the list is full nothing
 * is done any more. The bytes are hostile.
 */
#include "workers/mail/mail_url.h"

#include "workers/mail/mail_url_part.h"

#define INNER_MAX 8    /* addresses that one may carry, in each other or side by side */
#define SLOTS     4096 /* a power of two, well above MAIL_URLS_MAX */

static const char *const scheme_names[] = {"http", "https", "ftp", "mailto"};
_Static_assert(sizeof scheme_names / sizeof *scheme_names == MAIL_URL_SCHEME__MAX, "a name for each scheme");

/* As they are written, and as people write them who do not want them to be followed by accident. */
static const struct {
    struct view name;
    enum mail_url_scheme is;
    unsigned flags;
} schemes[] = {
    {VIEW("http"), MAIL_URL_HTTP, 0},
    {VIEW("https"), MAIL_URL_HTTPS, 0},
    {VIEW("ftp"), MAIL_URL_FTP, 0},
    {VIEW("ftps"), MAIL_URL_FTP, 0},
    {VIEW("mailto"), MAIL_URL_MAILTO, 0},
    {VIEW("hxxp"), MAIL_URL_HTTP, MAIL_URL_OBFUSCATED},
    {VIEW("hxxps"), MAIL_URL_HTTPS, MAIL_URL_OBFUSCATED},
    {VIEW("h**p"), MAIL_URL_HTTP, MAIL_URL_OBFUSCATED},
    {VIEW("h**ps"), MAIL_URL_HTTPS, MAIL_URL_OBFUSCATED},
    {VIEW("htxp"), MAIL_URL_HTTP, MAIL_URL_OBFUSCATED},
    {VIEW("htxps"), MAIL_URL_HTTPS, MAIL_URL_OBFUSCATED},
    {VIEW("hxtp"), MAIL_URL_HTTP, MAIL_URL_OBFUSCATED},
    {VIEW("hxtps"), MAIL_URL_HTTPS, MAIL_URL_OBFUSCATED},
    {VIEW("fxp"), MAIL_URL_FTP, MAIL_URL_OBFUSCATED},
};

const char *mail_url_scheme_name(unsigned scheme)
{
    return scheme < MAIL_URL_SCHEME__MAX ? scheme_names[scheme] : "?";
}

/* An address, taken apart. */
struct parsed {
    struct view raw;
    enum mail_url_scheme scheme;
    struct view user, path;
    struct mail_url_host host;
    unsigned port, flags;
};

struct piece {
    struct view raw;
    unsigned flags;
    char bytes[MAIL_URL_MAX]; /* what `raw` is a view of, where it was decoded */
};

static struct view skip(struct view v, size_t n)
{
    return (struct view){v.p + n, v.n - n};
}

static bool is_space(char c)
{
    return (unsigned char)c <= ' ';
}

static struct view trim(struct view v)
{
    while (v.n && is_space(v.p[0]))
        v = skip(v, 1);
    while (v.n && is_space(v.p[v.n - 1]))
        v.n--;
    return v;
}

/* Bytes before the first of `set`. */
static size_t span(struct view v, const char *set)
{
    size_t n = 0;

    while (n < v.n && !(v.p[n] && strchr(set, v.p[n])))
        n++;
    return n;
}

/* Browsers drop line ends and tabs wherever they stand, and take "\" for "/" up to the query. */
static struct view clean(struct view raw, char to[MAIL_URL_MAX], unsigned *flags)
{
    size_t n = 0;
    unsigned slashes = 0;
    bool query = false;

    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];
        bool drop = c == '\t' || c == '\r' || c == '\n' || c == '\0';

        query = query || c == '?' || c == '#';
        if (slashes < 3 && !query && (drop || c == '\\'))
            *flags |= MAIL_URL_OBFUSCATED;
        c = c == '\\' && !query ? '/' : c;
        slashes += c == '/';
        if (!drop)
            to[n++] = c;
    }
    return (struct view){to, n};
}

static bool take_scheme(struct view *v, struct parsed *p)
{
    size_t n = span(*v, ":/?#");
    struct view name = trim((struct view){v->p, n});

    if (n == v->n || v->p[n] != ':')
        return false;
    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        if (view_equal_nocase(name, schemes[i].name)) {
            p->scheme = schemes[i].is;
            p->flags |= schemes[i].flags;
            *v = skip(*v, n + 1);
            return true;
        }
    }
    return false;
}

/* Something like "word:" or "word.word:8080"? */
static bool has_other_scheme(struct view v)
{
    size_t n = span(v, ":/?#.");

    return n && n < v.n && v.p[n] == ':';
}

static void take_port(struct view digits, struct parsed *p)
{
    for (size_t i = 0; i < digits.n; i++) {
        if (digits.p[i] < '0' || digits.p[i] > '9' || p->port > 65535) {
            p->port = 0;
            return;
        }
        p->port = p->port * 10 + (unsigned)(digits.p[i] - '0');
    }
    p->port = p->port <= 65535 ? p->port : 0;
}

static const char *last(struct view v, char c)
{
    return v.n ? memrchr(v.p, c, v.n) : NULL;
}

/* The last "@", which browsers of old took in percent signs, too. NULL: none. */
static const char *find_at(struct view v, size_t *n)
{
    const char *at = last(v, '@');
    struct view rest = at ? skip(v, (size_t)(at + 1 - v.p)) : v;

    *n = 1;
    for (const char *p; rest.n > 2 && (p = memmem(rest.p, rest.n, "%40", 3));) {
        at = p;
        *n = 3;
        rest = skip(rest, (size_t)(p + 3 - rest.p));
    }
    return at;
}

/* "user@host:port" */
static bool take_authority(struct view v, struct parsed *p)
{
    size_t n;
    const char *at = find_at(v, &n), *colon, *nbsp;

    if (at) {
        p->user = (struct view){v.p, (size_t)(at - v.p)};
        p->flags |= p->scheme == MAIL_URL_MAILTO ? 0 : MAIL_URL_USER;
        v = skip(v, p->user.n + n);
    }
    /* "http://example.org our page": browsers refuse it, some clients and all readers do not. */
    v.n = span(v, " ");
    nbsp = v.n ? memmem(v.p, v.n, "\xc2\xa0", 2) : NULL;
    v.n = nbsp ? (size_t)(nbsp - v.p) : v.n;
    colon = last(v, ':');
    if (colon && !memchr(colon, ']', v.n - (size_t)(colon - v.p))) {
        take_port(skip(v, (size_t)(colon + 1 - v.p)), p);
        v.n = (size_t)(colon - v.p);
    }
    if (!mail_url_host(v, &p->host))
        return false;
    p->flags |= p->host.flags;
    return true;
}

static bool take_mail_address(struct view v, struct parsed *p)
{
    size_t n;

    while (v.n && v.p[0] == '/')
        v = skip(v, 1);
    n = span(v, "?#,;");
    p->path = skip(v, n);
    v.n = n;
    return last(v, '@') && take_authority(v, p);
}

/* A host where no scheme says so: "//host", "www.host". */
static bool is_bare(struct view v)
{
    struct view host = {v.p, span(v, "/?#:")};
    const char *dot = host.n ? memchr(host.p, '.', host.n) : NULL;

    if (!dot || memchr(host.p, '@', host.n) || !mail_url_host_is_plausible(host))
        return false;
    return (dot - host.p == 3 && view_equal_nocase((struct view){host.p, 3}, VIEW("www"))) || host.n == v.n ||
           v.p[host.n] == '/';
}

static bool take_bare_scheme(struct view *v, struct parsed *p)
{
    if (v->n > 2 && v->p[0] == '/' && v->p[1] == '/') {
        p->flags |= MAIL_URL_BARE;
        return true;
    }
    /* The search says so, who has seen what stands around it. */
    if (!(p->flags & MAIL_URL_BARE) && !is_bare(*v))
        return false;
    p->flags |= MAIL_URL_BARE;
    if (v->n > 4 && view_equal_nocase((struct view){v->p, 4}, VIEW("ftp.")))
        p->scheme = MAIL_URL_FTP;
    return true;
}

/* `v` is clean and holds what the result is made of. */
static bool parse(struct view v, struct parsed *p)
{
    size_t n;

    if (take_scheme(&v, p)) {
        if (p->scheme == MAIL_URL_MAILTO)
            return take_mail_address(v, p);
    } else if (has_other_scheme(v) || !take_bare_scheme(&v, p)) {
        return false;
    }
    while (v.n && v.p[0] == '/')
        v = skip(v, 1);
    n = span(v, "/?#");
    p->path = skip(v, n);
    v.n = n;
    return take_authority(v, p);
}

static uint32_t hash(const struct parsed *p)
{
    uint32_t h = 2166136261u ^ (uint32_t)p->scheme ^ p->port << 8;

    for (size_t i = 0; i < p->host.n; i++)
        h = (h ^ (unsigned char)p->host.name[i]) * 16777619u;
    for (size_t i = 0; i < p->path.n; i++)
        h = (h ^ (unsigned char)p->path.p[i]) * 16777619u;
    return h ^ h >> 15;
}

static bool is_same(const struct mail_url *a, const struct parsed *p)
{
    return a->scheme == p->scheme && a->port == p->port &&
           view_equal(a->host, (struct view){p->host.name, p->host.n}) && view_equal(a->path, p->path) &&
           (a->scheme != MAIL_URL_MAILTO || view_equal(a->user, p->user));
}

static void merge(struct mail_urls *u, struct mail_url *a, const struct parsed *p, struct view text)
{
    const unsigned only = MAIL_URL_REDIRECTED | MAIL_URL_BARE | MAIL_URL_HIDDEN;

    a->flags = ((a->flags | p->flags) & ~only) | (a->flags & p->flags & only);
    if (!a->text.n && text.n)
        a->text = mail_arena_copy(u->arena, text);
}

static void append(struct mail_urls *u, const struct parsed *p, struct view text)
{
    struct mail_url *a;

    if (!u->url)
        u->url = mail_arena_alloc(u->arena, MAIL_URLS_MAX * sizeof *u->url);
    a = &u->url[u->n++];
    a->raw = mail_arena_copy(u->arena, p->raw);
    a->scheme = p->scheme;
    a->user = mail_arena_copy(u->arena, p->user);
    a->host = mail_arena_copy(u->arena, (struct view){p->host.name, p->host.n});
    a->path = mail_arena_copy(u->arena, p->path);
    a->port = p->port;
    a->flags = p->flags;
    if (text.n)
        a->text = mail_arena_copy(u->arena, text);
}

static void keep(struct mail_urls *u, const struct parsed *p, struct view text)
{
    uint32_t at = hash(p) & (SLOTS - 1);

    if (!u->slot)
        u->slot = mail_arena_alloc(u->arena, SLOTS * sizeof *u->slot);
    for (; u->slot[at]; at = (at + 1) & (SLOTS - 1)) {
        struct mail_url *a = &u->url[u->slot[at] - 1];

        if (is_same(a, p)) {
            merge(u, a, p, text);
            return;
        }
    }
    if (u->n == MAIL_URLS_MAX) {
        u->over = true;
        return;
    }
    append(u, p, text);
    u->slot[at] = (uint16_t)u->n;
}

static int hex(char c)
{
    return c >= '0' && c <= '9'                     ? c - '0'
           : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10
                                                    : -1;
}

/* At a letter, ":", "/" or their percent forms: the character, and in `*n` its bytes. `*times`: how often it
 * is encoded. */
static char read_encoded(struct view v, size_t *n, unsigned *times)
{
    unsigned t = 0;
    size_t at = 1;
    int high, low;

    *n = 1;
    *times = 0;
    if (!v.n || v.p[0] != '%')
        return v.n ? v.p[0] : '\0';
    for (t = 1; t < 4 && v.n >= at + 2 && memcmp(v.p + at, "25", 2) == 0; t++)
        at += 2;
    if (v.n < at + 2)
        return '\0';
    high = hex(v.p[at]);
    low = hex(v.p[at + 1]);
    *n = at + 2;
    *times = t;
    return high < 0 || low < 0 ? '\0' : (char)(high << 4 | low);
}

/* Does an address with a scheme begin here ("http://", "https%3A%2F%2F")? `*times` as above. */
static bool begins_inner(struct view v, unsigned *times)
{
    size_t n;
    unsigned again;
    char c;

    if (v.n < 8 || !view_equal_nocase((struct view){v.p, 4}, VIEW("http")))
        return false;
    v = skip(v, (v.p[4] | 0x20) == 's' ? 5 : 4);
    if (read_encoded(v, &n, times) != ':')
        return false;
    v = skip(v, n);
    c = read_encoded(v, &n, &again);
    return c == '/' || c == '\\';
}

static void decode_once(struct view *v, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < v->n; i++) {
        int high = v->p[i] == '%' && i + 2 < v->n ? hex(v->p[i + 1]) : -1;
        int low = high >= 0 ? hex(v->p[i + 2]) : -1;

        to[n++] = low < 0 ? v->p[i] : (char)(high << 4 | low);
        i += low < 0 ? 0 : 2;
    }
    *v = (struct view){to, n};
}

/* Those within `v`, behind its own scheme. Answers how many pieces there are then. */
static unsigned find_inner(struct view v, struct piece *pieces, unsigned n)
{
    bool query = false;

    for (size_t i = 1; i + 8 <= v.n && n < INNER_MAX; i++) {
        struct view inner = skip(v, i);
        struct piece *to = &pieces[n];
        unsigned times;

        query = query || v.p[i - 1] == '?';
        if (!begins_inner(inner, &times))
            continue;
        /* In a query its end is that of the value; behind "/" it goes on to the end. */
        if (query || times)
            inner.n = span(inner, "&#");
        i += inner.n - 1;
        memcpy(to->bytes, inner.p, inner.n);
        to->raw = (struct view){to->bytes, inner.n};
        while (times--)
            decode_once(&to->raw, to->bytes);
        to->flags = MAIL_URL_REDIRECTED;
        n++;
    }
    return n;
}

/* A relative address on its base. False: it has none. */
static bool on_base(const struct mail_urls *u, struct view v, struct piece *to)
{
    struct view base = u->base;

    if (!base.n || !v.n || v.p[0] == '#' || has_other_scheme(v) || base.n + v.n + 1 > MAIL_URL_MAX)
        return false;
    if (v.p[0] == '/') {
        struct view behind = skip(base, span(base, ":"));

        while (behind.n && memchr(":/", behind.p[0], 2))
            behind = skip(behind, 1);
        base.n -= behind.n - span(behind, "/?#");
    } else {
        const char *slash = last((struct view){base.p, span(base, "?#")}, '/');

        base.n = slash && slash - base.p > 8 ? (size_t)(slash - base.p) : span(base, "?#");
    }
    memcpy(to->bytes, base.p, base.n);
    if (v.p[0] != '/')
        to->bytes[base.n++] = '/';
    memcpy(to->bytes + base.n, v.p, v.n);
    to->raw = (struct view){to->bytes, base.n + v.n};
    return true;
}

static bool take_piece(struct mail_urls *u, const struct piece *piece, const struct mail_url_given *given)
{
    char bytes[MAIL_URL_MAX];
    struct parsed p = {.raw = piece->raw, .flags = piece->flags | given->flags};
    struct view v = trim(clean(piece->raw, bytes, &p.flags));

    if (!parse(v, &p))
        return false;
    keep(u, &p, piece->flags & MAIL_URL_REDIRECTED ? (struct view){0} : given->text);
    return true;
}

void mail_url_add(struct mail_urls *u, const struct mail_url_given *given)
{
    struct piece pieces[INNER_MAX];
    unsigned n = 1;

    pieces[0].raw = trim(given->value);
    pieces[0].flags = 0;
    if (u->over || pieces[0].raw.n < (u->base.n ? 1 : 4)) /* "a.de" */
        return;
    if (pieces[0].raw.n > MAIL_URL_MAX) {
        pieces[0].raw.n = MAIL_URL_MAX;
        pieces[0].flags = MAIL_URL_CUT;
    }
    if (!take_piece(u, &pieces[0], given) && on_base(u, pieces[0].raw, &pieces[0]))
        take_piece(u, &pieces[0], given);
    for (unsigned i = 0; i < n; i++) {
        if (i > 0)
            take_piece(u, &pieces[i], given);
        n = find_inner(pieces[i].raw, pieces, n);
    }
}

void mail_url_set_base(struct mail_urls *u, struct view value)
{
    value = trim(value);
    if (u->over || value.n < 8 || value.n > MAIL_URL_MAX / 2)
        return;
    mail_url_add(u, &(struct mail_url_given){.value = value, .flags = MAIL_URL_ATTRIBUTE});
    /* The first one counts, in each document. */
    if (has_other_scheme(value) && !u->base.n)
        u->base = mail_arena_copy(u->arena, value);
}
