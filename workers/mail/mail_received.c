/*
 * mail_received.c - Received fields (RFC 5321, 4.4) as they really are.
 *
 * Called for the header of a message. The field is cut into words, [literals], (comments) and ";". Words that
 * are keywords begin clauses; what the server found out about its client stands in the comments of the "from"
 * clause, in one of a few manners that all servers share: "[address]", "name [address]", "ident@address",
 * "HELO name", "helo=name". One pass; comments are counted down, and one without an end costs a second look
 * at the field, once. It must never take an address out of what the client said (HELO) while there is another
 * one, and trusts nothing.
 */
#include "workers/mail/mail_received.h"

#include "workers/mail/mail_date.h"
#include "workers/mail/mail_limits.h"

#include <arpa/inet.h>

#define SPACES "\t\n\r "

enum item_kind { ITEM_END, ITEM_WORD, ITEM_LITERAL, ITEM_COMMENT, ITEM_DATE };
struct item {
    enum item_kind kind;
    struct view text; /* a comment's without its parentheses, a literal's with its brackets */
    bool glued;       /* directly behind the one before */
};
struct items {
    struct view rest;
    const char *blanks; /* bytes between items */
    bool inside;        /* in a comment: no further comments and no date */
    bool flat;          /* a comment without an end was met: from there the first ")" ends each */
    bool none;          /* ... and from here there is not one ")" */
};

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

static void skip(struct items *s, size_t n)
{
    s->rest.p += n;
    s->rest.n -= n;
}

/* The length of the comment that `v` begins with; 0: it has no end. */
static size_t comment_length(struct view v)
{
    size_t depth = 0;

    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] == '\\')
            i++;
        else if (v.p[i] == '(')
            depth++;
        else if (v.p[i] == ')' && --depth == 0)
            return i + 1;
    }
    return 0;
}

/* False: there is no ")" to end it. */
static bool take_comment(struct items *s, struct item *it)
{
    size_t n = s->flat || s->none ? 0 : comment_length(s->rest);

    if (!n && !s->none) {
        const char *end = memchr(s->rest.p, ')', s->rest.n);

        s->flat = true;
        s->none = !end;
        n = end ? (size_t)(end - s->rest.p) + 1 : 0;
    }
    if (!n)
        return false;
    it->kind = ITEM_COMMENT;
    it->text = (struct view){s->rest.p + 1, n - 2};
    skip(s, n);
    return true;
}

static size_t word_length(const struct items *s)
{
    size_t n = 0;

    /* What stands in <> is one word whatever it holds, but for blanks. */
    if (s->rest.p[0] == '<') {
        for (n = 1; n < s->rest.n && !is_one_of(s->rest.p[n], SPACES "<>");)
            n++;
        if (n < s->rest.n && s->rest.p[n] == '>')
            return n + 1;
        n = 0;
    }
    for (; n < s->rest.n; n++)
        if (is_one_of(s->rest.p[n], s->blanks) || (n && s->rest.p[n] == '[') ||
            is_one_of(s->rest.p[n], s->inside ? "()" : "();"))
            break;
    return n;
}

/* A literal is short and without blanks; else its bracket is a byte of a word. */
static size_t literal_length(const struct items *s)
{
    for (size_t i = 1; i < s->rest.n && i < 100; i++) {
        if (s->rest.p[i] == ']')
            return i + 1;
        if (is_one_of(s->rest.p[i], SPACES "[();"))
            break;
    }
    return 0;
}

static bool next_item(struct items *s, struct item *it)
{
    size_t n;

    *it = (struct item){.glued = true};
    while (s->rest.n) {
        char c = s->rest.p[0];

        if (c == '(' && !s->inside && take_comment(s, it))
            return true;
        if (!is_one_of(c, s->blanks) && c != '(' && c != ')')
            break;
        it->glued = false;
        skip(s, 1);
    }
    if (!s->rest.n)
        return false;
    n = s->rest.p[0] == '[' ? literal_length(s) : 0;
    it->kind = n ? ITEM_LITERAL : ITEM_WORD;
    if (!n && !s->inside && s->rest.p[0] == ';')
        it->kind = ITEM_DATE, n = 1;
    if (!n)
        n = word_length(s);
    it->text = (struct view){s->rest.p, n};
    skip(s, n);
    return true;
}

/* ---- addresses ---- */

static struct view cut_front(struct view v, struct view prefix)
{
    if (v.n >= prefix.n && view_equal_nocase((struct view){v.p, prefix.n}, prefix))
        v.p += prefix.n, v.n -= prefix.n;
    return v;
}

static bool to_bytes(struct view v, unsigned char ip6[16])
{
    unsigned char ip[16] = {[10] = 0xff, [11] = 0xff};
    char text[INET6_ADDRSTRLEN];

    if (!v.n || v.n >= sizeof text || memchr(v.p, 0, v.n))
        return false;
    memcpy(text, v.p, v.n);
    text[v.n] = 0;
    if (inet_pton(AF_INET, text, ip + 12) != 1 && inet_pton(AF_INET6, text, ip) != 1)
        return false;
    memcpy(ip6, ip, sizeof ip);
    return true;
}

struct view mail_received_ip(struct view text, unsigned char ip6[16])
{
    struct view v = text;
    const char *end;

    if (v.n && v.p[0] == '[') {
        end = memchr(v.p, ']', v.n);
        v = end ? (struct view){v.p + 1, (size_t)(end - v.p) - 1} : (struct view){v.p, 0};
    }
    v = cut_front(v, VIEW("IPv6:"));
    end = v.n ? memchr(v.p, '%', v.n) : NULL;
    if (end)
        v.n = (size_t)(end - v.p);
    if (to_bytes(v, ip6))
        return v;
    /* A port. What is left is IPv4: without brackets nobody can tell the port of an IPv6 address. */
    end = v.n ? memchr(v.p, ':', v.n) : NULL;
    if (end && !memchr(end + 1, ':', v.n - (size_t)(end + 1 - v.p))) {
        v.n = (size_t)(end - v.p);
        if (to_bytes(v, ip6))
            return v;
    }
    return (struct view){v.p, 0};
}

/* ---- what stands in comments ---- */

/* Where an address may be found; the lower, the better: what the server saw, before what the client said. */
enum place { PLACE_LITERAL, PLACE_BARE, PLACE_BESIDE, PLACE_FIRST, PLACE_HELO, PLACE_NONE };

struct client {
    struct mail_received *r;
    struct item first;  /* the first word behind "from" */
    enum place place;   /* where r->ip was found */
    struct view before; /* in a comment: the word before this one */
    unsigned words;     /* in a comment: before this one */
    bool helo;          /* r->helo is said to be one */
    bool behind_helo;   /* in a comment: what comes is said by the client, or may be */
    bool exim;
};

static bool is(struct view v, const char *word)
{
    return view_equal_nocase(v, view_of(word));
}

static struct view without_angles(struct view v)
{
    if (v.n && v.p[0] == '<')
        v.p++, v.n--;
    if (v.n && v.p[v.n - 1] == '>')
        v.n--;
    return v;
}

/* The host behind "ident@". */
static struct view host_of(struct view v)
{
    const char *at = v.n ? memrchr(v.p, '@', v.n) : NULL;

    return at ? (struct view){at + 1, v.n - (size_t)(at + 1 - v.p)} : v;
}

/* Words that stand where a name would, when there is none. */
static bool is_name(struct view v)
{
    static const char *const none[] = {"unknown", "unverified", "unresolved", "softdnserr", "authenticated"};
    unsigned char ip6[16];

    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (is(v, none[i]))
            return false;
    return v.n && v.p[0] != '[' && !memchr(v.p, '=', v.n) && v.p[v.n - 1] != ':' &&
           !mail_received_ip(v, ip6).n;
}

static struct view name_of(struct view v)
{
    const struct view whole = v;

    if (v.n && v.p[v.n - 1] == '.')
        v.n--;
    return is_name(v) && is_name(whole) ? v : (struct view){v.p, 0};
}

/* Takes an address, if it is one and stands in a better place than what is known. */
static bool found_ip(struct client *c, struct view text, enum place place)
{
    unsigned char ip6[16];
    struct view ip = c->place > place ? mail_received_ip(text, ip6) : (struct view){0};

    if (!ip.n)
        return false;
    c->r->ip = ip;
    memcpy(c->r->ip6, ip6, sizeof ip6);
    c->place = place;
    return true;
}

static void take_helo(struct client *c, struct view text)
{
    if (!c->helo)
        c->r->helo = text;
    c->helo = c->behind_helo = true;
}

/* "HELO name": the word before this one says what this one is. */
static bool is_said(struct client *c, const struct item *it)
{
    if (is(c->before, "HELO") || is(c->before, "EHLO") || is(c->before, "LHLO"))
        take_helo(c, it->text);
    else if (it->glued && (is(c->before, "helo=") || is(c->before, "ehlo=")))
        take_helo(c, it->text);
    else if (is(c->before, "envelope-from") || is(c->before, "envelope-sender"))
        c->r->sender = without_angles(it->text);
    else
        return it->glued && c->before.n && c->before.p[c->before.n - 1] == '=';
    return true;
}

static void info_word(struct client *c, struct view word)
{
    struct view value = cut_front(word, VIEW("helo="));

    if (value.n == word.n)
        value = cut_front(word, VIEW("ehlo="));
    if (value.n < word.n && value.n)
        take_helo(c, value);
    else if (is(word, "forged") && is(c->before, "be"))
        c->r->forged = true;
    else
        found_ip(c, host_of(word), c->behind_helo ? PLACE_HELO : PLACE_BARE);
}

/* "name [address]" begins a comment; "account somebody [address]" has no name. */
static void info_literal(struct client *c, struct view literal)
{
    if (found_ip(c, literal, c->behind_helo ? PLACE_HELO : PLACE_LITERAL) && c->words == 1)
        c->r->name = name_of(host_of(c->before));
}

/* A comment of the "from" clause; elsewhere only the sender of the envelope is looked for. */
static void read_comment(struct client *c, struct view text, bool from)
{
    struct items s = {.rest = text, .blanks = SPACES "\",", .inside = true};
    struct item it;

    c->before = (struct view){0};
    c->behind_helo = false;
    c->words = 0;
    if (is((struct view){text.p, text.n < 4 ? text.n : 4}, "Exim"))
        c->exim = true;
    while (next_item(&s, &it)) {
        if (!from) {
            if (is(c->before, "envelope-from") || is(c->before, "envelope-sender"))
                c->r->sender = without_angles(it.text);
        } else if (!is_said(c, &it)) {
            if (it.kind == ITEM_LITERAL)
                info_literal(c, it.text);
            else
                info_word(c, it.text);
        }
        c->before = it.text;
        c->words++;
    }
}

/* ---- clauses ---- */

enum clause {
    CLAUSE_NONE,
    CLAUSE_FROM,
    CLAUSE_BY,
    CLAUSE_VIA,
    CLAUSE_WITH,
    CLAUSE_ID,
    CLAUSE_FOR,
    CLAUSE_DATE
};
static const char *const keywords[] = {[CLAUSE_FROM] = "from", [CLAUSE_BY] = "by", [CLAUSE_VIA] = "via",
                                       [CLAUSE_WITH] = "with", [CLAUSE_ID] = "id", [CLAUSE_FOR] = "for"};
struct field {
    struct client client;
    struct items items;
    enum clause clause;
    struct view date;
    unsigned seen;  /* clauses, bits 1 << enum clause */
    unsigned words; /* of this clause */
};

/* "from by mx": a keyword is a word behind "from" alone, and only where the server's own words follow it. */
static bool is_value(const struct field *f)
{
    struct items ahead = f->items;

    if (f->clause == CLAUSE_ID && f->words == 0)
        return true;
    if (f->clause != CLAUSE_FROM || f->words)
        return false;
    while (ahead.rest.n && is_one_of(ahead.rest.p[0], SPACES))
        skip(&ahead, 1);
    return ahead.rest.n && (ahead.rest.p[0] == '(' || ahead.rest.p[0] == '[');
}

/* Does this word begin another clause? Each does so once: what is said again was not said by the server. */
static bool begin_clause(struct field *f, struct view word)
{
    unsigned c = CLAUSE_FROM;

    while (c < CLAUSE_DATE && !is(word, keywords[c]))
        c++;
    if (c == CLAUSE_DATE || f->clause == CLAUSE_DATE || f->seen & 1u << c || is_value(f) ||
        (c == CLAUSE_FROM && f->seen))
        return false;
    f->clause = (enum clause)c;
    f->seen |= 1u << c;
    f->words = 0;
    return true;
}

static void from_word(struct client *c, const struct item *it, unsigned words)
{
    if (words == 0)
        c->first = *it;
    else if (words == 1 && it->glued) /* a client may call itself name[address] */
        c->first.text.n += it->text.n;
    else if (it->kind == ITEM_LITERAL)
        found_ip(c, it->text, PLACE_BESIDE);
}

static void add_word(struct field *f, const struct item *it)
{
    struct mail_received *r = f->client.r;
    struct view *one[] = {
        [CLAUSE_BY] = &r->by, [CLAUSE_VIA] = &r->via, [CLAUSE_ID] = &r->id, [CLAUSE_FOR] = &r->recipient};

    if (f->clause == CLAUSE_FROM)
        from_word(&f->client, it, f->words);
    else if (f->clause == CLAUSE_WITH && f->words == 0)
        r->with = it->text;
    else if (f->clause == CLAUSE_WITH)
        r->with.n = (size_t)(it->text.p + it->text.n - r->with.p);
    else if (f->clause != CLAUSE_NONE && f->clause != CLAUSE_DATE && f->words == 0)
        *one[f->clause] = without_angles(it->text);
    f->words++;
}

static void read_item(struct field *f, const struct item *it)
{
    switch (it->kind) {
    case ITEM_DATE:
        f->date = f->items.rest; /* the last one counts; read once, at the end */
        f->clause = CLAUSE_DATE;
        break;
    case ITEM_COMMENT:
        read_comment(&f->client, it->text, f->clause == CLAUSE_FROM);
        /* "with" goes to the first comment: what follows one is no more of its words. */
        if (f->clause == CLAUSE_WITH)
            f->clause = CLAUSE_NONE;
        break;
    case ITEM_WORD:
        if (begin_clause(f, it->text))
            break;
        /* fall through */
    default:
        add_word(f, it);
    }
}

/*
 * What the first word is: the name that the client gave, or, where that stands in a comment (Exim, qmail and
 * all who follow them), the one that was found in the DNS. Exim leaves HELO out where it is that name.
 */
static void settle_first(struct client *c)
{
    struct mail_received *r = c->r;
    struct view first = c->first.text;
    bool is_ip = first.n && found_ip(c, first, PLACE_FIRST);

    if (c->helo) {
        if (!r->name.n)
            r->name = name_of(first);
        return;
    }
    if (!is_ip)
        r->helo = first;
    if (c->exim && c->place == PLACE_LITERAL && !r->name.n)
        r->name = name_of(first);
}

bool mail_received_parse(struct view value, struct mail_received *to)
{
    struct field f = {.client = {.r = to, .place = PLACE_NONE}, .items = {.rest = value, .blanks = SPACES}};
    struct item it;

    *to = (struct mail_received){.whole = value};
    while (next_item(&f.items, &it))
        read_item(&f, &it);
    settle_first(&f.client);
    to->when = mail_date_parse(f.date);
    return to->by.n || to->ip.n;
}

void mail_received_read(struct mail_arena *a, const struct mail_header *h, struct mail_received_chain *to)
{
    unsigned n = 0;

    *to = (struct mail_received_chain){0};
    for (size_t i = 0; i < h->n; i++)
        n += view_equal_nocase(h->field[i].name, VIEW("Received"));
    to->over = n > MAIL_RECEIVED_MAX;
    if (to->over)
        n = MAIL_RECEIVED_MAX;
    if (!n)
        return;
    to->hop = mail_arena_alloc(a, n * sizeof *to->hop);
    for (size_t i = 0; to->n < n; i++) {
        if (!view_equal_nocase(h->field[i].name, VIEW("Received")))
            continue;
        mail_received_parse(h->field[i].value, &to->hop[to->n]);
        to->hop[to->n++].whole = h->field[i].whole;
    }
}
