/*
 * dkim_signature.c - see dkim_signature.h. A table of tags, and a table of the rules that they must keep.
 *
 * Called by check_dkim.c and dkim_engine.c. libopendkim asserts where its own reader lets something through,
 * merges tags that differ in case, and takes l=18446744073709551614 for "all": whatever it could read in
 * another way than we do is broken here (RFC 6376, 6.1.1: a verifier MUST ignore what is malformed). It
 * trusts the length of its input.
 */
#include "workers/antispam/dkim_signature.h"

#include "common/facts.h"
#include "workers/antispam/tag_list.h"

#include <stddef.h>

static const struct {
    const char *name;
    size_t at;
    bool needed;
} tags[] = {
    {"v", offsetof(struct dkim_signature, v), true},  {"a", offsetof(struct dkim_signature, a), true},
    {"b", offsetof(struct dkim_signature, b), true},  {"bh", offsetof(struct dkim_signature, bh), true},
    {"d", offsetof(struct dkim_signature, d), true},  {"h", offsetof(struct dkim_signature, h), true},
    {"s", offsetof(struct dkim_signature, s), true},  {"c", offsetof(struct dkim_signature, c), false},
    {"i", offsetof(struct dkim_signature, i), false}, {"l", offsetof(struct dkim_signature, l), false},
    {"q", offsetof(struct dkim_signature, q), false}, {"t", offsetof(struct dkim_signature, t), false},
    {"x", offsetof(struct dkim_signature, x), false},
};
#define TAGS (sizeof tags / sizeof *tags)

static struct view *place(struct dkim_signature *s, size_t at)
{
    return (struct view *)((char *)s + at);
}

static bool has_blank(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ')
            return true;
    return false;
}

/* What a name of the DNS can be made of; its labels are looked at by who asks for it. */
static bool is_name(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        char c = v.p[i];

        if (!((c | 0x20) >= 'a' && (c | 0x20) <= 'z') && !(c >= '0' && c <= '9') && !strchr("-_.", c))
            return false;
    }
    return v.n > 0;
}

static void keep(struct dkim_signature *s, const struct tag *t)
{
    for (size_t i = 0; i < TAGS; i++)
        if (view_equal(t->name, view_of(tags[i].name)))
            *place(s, tags[i].at) = t->value;
}

/* Every tag once, in no matter what case. */
static const char *read_tags(struct view value, struct dkim_signature *s)
{
    struct tag_list l = {value};
    struct view seen[TAG_LIST_MAX];
    unsigned n = 0;
    struct tag t;
    int got;

    if (value.n > DKIM_SIGNATURE_FIELD_MAX)
        return "the field is too long";
    while ((got = tag_list_next(&l, &t)) > 0) {
        if (n == TAG_LIST_MAX)
            return "too many tags";
        for (unsigned i = 0; i < n; i++)
            if (view_equal_nocase(seen[i], t.name))
                return "a tag stands there twice";
        seen[n++] = t.name;
        keep(s, &t);
    }
    return got < 0 ? "no list of tags" : NULL;
}

static const char *check_needed(struct dkim_signature *s)
{
    for (size_t i = 0; i < TAGS; i++)
        if (tags[i].needed && !place(s, tags[i].at)->n)
            return "a tag is missing";
    return NULL;
}

static const char *check_version(struct dkim_signature *s)
{
    return view_equal(s->v, VIEW("1")) ? NULL : "unknown version";
}

static const char *check_algorithm(struct dkim_signature *s)
{
    static const char *const known[] = {"rsa-sha256", "ed25519-sha256", "rsa-sha1"};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (view_equal_nocase(s->a, view_of(known[i])))
            return NULL;
    return "unknown algorithm";
}

static const char *check_domain(struct dkim_signature *s)
{
    const char *at = s->i.n ? memchr(s->i.p, '@', s->i.n) : NULL;
    struct view i = s->d;

    if (!is_name(s->d) || !is_name(s->s))
        return "no name in d= or s=";
    if (has_blank(s->i))
        return "a blank in i=";
    if (s->i.p && !at)
        return "i= without a domain";
    if (at)
        i = (struct view){at + 1, s->i.n - (size_t)(at + 1 - s->i.p)};
    if (i.n > s->d.n && i.p[i.n - s->d.n - 1] == '.')
        i = (struct view){i.p + i.n - s->d.n, s->d.n};
    return view_equal_nocase(i, s->d) ? NULL : "i= is not of the domain of d=";
}

static bool is_canon(struct view v)
{
    return view_equal_nocase(v, VIEW("simple")) || view_equal_nocase(v, VIEW("relaxed"));
}

static const char *check_canon(struct dkim_signature *s)
{
    const char *slash = s->c.n ? memchr(s->c.p, '/', s->c.n) : NULL;
    struct view head = s->c, body = VIEW("simple");

    if (slash) {
        head.n = (size_t)(slash - s->c.p);
        body = (struct view){slash + 1, s->c.n - head.n - 1};
    }
    return !s->c.p || (is_canon(head) && is_canon(body)) ? NULL : "unknown canonicalization";
}

static const char *check_list(struct dkim_signature *s)
{
    struct view rest = s->h, word;

    if (s->h.n > DKIM_SIGNATURE_LIST_MAX)
        return "h= is too long";
    while (tag_list_word(&rest, &word))
        if (!word.n || has_blank(word))
            return "no list of names in h=";
    return tag_list_count(s->h, "from") ? NULL : "From is not signed";
}

static const char *check_query(struct dkim_signature *s)
{
    return !s->q.p || tag_list_count(s->q, "dns/txt") ? NULL : "unknown query method";
}

static const char *check_length(struct dkim_signature *s)
{
    return !s->l.p || tag_list_number(s->l, 18, &s->length) ? NULL : "no length in l=";
}

static const char *check_times(struct dkim_signature *s)
{
    if ((s->t.p && !tag_list_number(s->t, 18, &s->at)) || (s->x.p && !tag_list_number(s->x, 18, &s->until)))
        return "no time in t= or x=";
    return s->t.p && s->x.p && s->until <= s->at ? "it expired before it was made" : NULL;
}

void dkim_signature_read(struct view value, struct dkim_signature *s)
{
    static const char *(*const rules[])(struct dkim_signature *) = {
        check_needed, check_version, check_algorithm, check_domain, check_canon,
        check_list,   check_query,   check_length,    check_times,
    };

    *s = (struct dkim_signature){0};
    s->broken = read_tags(value, s);
    for (size_t i = 0; i < sizeof rules / sizeof *rules && !s->broken; i++)
        s->broken = rules[i](s);
}

const char *dkim_signature_untimely(const struct dkim_signature *s, int64_t now)
{
    uint64_t clock = now > 0 ? (uint64_t)now : 0;

    if (s->x.p && clock >= s->until + DKIM_SIGNATURE_DRIFT)
        return "expired";
    return s->t.p && s->at > clock + DKIM_SIGNATURE_DRIFT ? "made in the future" : NULL;
}

struct view dkim_signature_key_name(const struct dkim_signature *s, char *to)
{
    static const char mid[] = "._domainkey.";
    const size_t mid_n = sizeof mid - 1;

    if (!s->s.n || !s->d.n || s->s.n + mid_n + s->d.n > FACTS_NAME_MAX)
        return VIEW("");
    memcpy(to, s->s.p, s->s.n);
    memcpy(to + s->s.n, mid, mid_n);
    memcpy(to + s->s.n + mid_n, s->d.p, s->d.n);
    return (struct view){to, s->s.n + mid_n + s->d.n};
}

struct view dkim_signature_begin(const struct dkim_signature *s, char to[8])
{
    size_t n = 0;

    for (size_t i = 0; i < s->b.n && n < 8; i++)
        if (s->b.p[i] > ' ')
            to[n++] = s->b.p[i];
    return (struct view){to, n};
}

bool dkim_signature_is_exact(const struct dkim_signature *s)
{
    const char *at = s->i.n ? memchr(s->i.p, '@', s->i.n) : NULL;
    size_t skip = at ? (size_t)(at + 1 - s->i.p) : 0;

    return !at || view_equal_nocase((struct view){s->i.p + skip, s->i.n - skip}, s->d);
}

bool dkim_signature_is_relaxed(const struct dkim_signature *s)
{
    const char *slash = s->c.n ? memchr(s->c.p, '/', s->c.n) : NULL;
    size_t skip = slash ? (size_t)(slash + 1 - s->c.p) : s->c.n;

    return slash && view_equal_nocase((struct view){s->c.p + skip, s->c.n - skip}, VIEW("relaxed"));
}
