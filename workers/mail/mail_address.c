/*
 * mail_address.c - lists of addresses as they really are (RFC 5322, 3.4 and 4.4; RFC 6532).
 *
 * Called for the fields that hold addresses. First the value is cut into its elements at commas, semicolons
 * and the colons of groups; then each element is read by itself. Two passes over tokens, no more. A quote or
 * a parenthesis without an end is a byte like others from there on, so that it cannot hide the addresses
 * behind it. It must never drop an element, and trusts nothing.
 */
#include "workers/mail/mail_address.h"

#include "common/buf.h"
#include "workers/mail/mail_limits.h"
#include "workers/mail/mail_token.h"
#include "workers/mail/mail_word.h"

/* Bytes of an encoded word that are looked at for its end; RFC 2047 allows 75, writers of mail take more. */
#define ENCODED_MAX 512

/* ---- tokens ---- */

/*
 * The length of the encoded word that `v` begins with; 0: it does not. Unquoted ones hold commas and "@" in
 * many a mail, which end no address: readers decode them as one.
 */
static size_t encoded_length(struct view v)
{
    size_t n = v.n < ENCODED_MAX ? v.n : ENCODED_MAX, i = 2;

    if (n < 8 || v.p[0] != '=' || v.p[1] != '?')
        return 0;
    while (i < n &&
           ((v.p[i] >= '0' && v.p[i] <= '9') || (v.p[i] | 0x20) >= 'a' || memchr("-_*.:+", v.p[i], 6)))
        i++;
    if (i + 3 >= n || v.p[i] != '?' || !memchr("BbQq", v.p[i + 1], 4) || v.p[i + 2] != '?')
        return 0;
    for (i += 3; i + 1 < n; i++) {
        if (memchr(" \t\r\n<>\"", v.p[i], 7))
            return 0;
        if (v.p[i] == '?' && v.p[i + 1] == '=')
            return i + 2;
    }
    return 0;
}

static void go_on_behind(struct mail_tokens *c, const struct mail_token *t)
{
    const char *end = c->rest.p + c->rest.n;

    c->rest.p = t->whole.p + t->whole.n;
    c->rest.n = (size_t)(end - c->rest.p);
}

/* As mail_token_next(), but nothing takes all that is left, and an encoded word is one word. */
static bool next_token(struct mail_tokens *c, struct mail_token *t, bool *broken)
{
    struct mail_tokens before = *c;
    bool more = mail_token_next(c, t);
    size_t encoded;

    if (c->comment_open) {
        *c = before;
        c->comments = false;
        *broken = true;
        more = mail_token_next(c, t);
    }
    if (more && t->kind == MAIL_TOKEN_QUOTED && t->open) {
        c->plain_quotes = true;
        *broken = true;
        t->kind = MAIL_TOKEN_WORD;
        t->whole.n = 1;
        t->text = t->whole;
        go_on_behind(c, t);
        return true;
    }
    *broken = *broken || (more && t->open);
    if (more && t->kind == MAIL_TOKEN_WORD) {
        encoded = encoded_length((struct view){t->whole.p, (size_t)(c->rest.p + c->rest.n - t->whole.p)});
        if (encoded > t->whole.n) {
            t->whole.n = encoded;
            t->text = t->whole;
            go_on_behind(c, t);
        }
    }
    return more;
}

static bool is_special(const struct mail_token *t, char byte)
{
    return t->kind == MAIL_TOKEN_SPECIAL && t->whole.p[0] == byte;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct view between(const char *begin, const char *end)
{
    struct view v = {begin, (size_t)(end - begin)};

    while (v.n && is_blank(v.p[0]))
        v.p++, v.n--;
    while (v.n && is_blank(v.p[v.n - 1]))
        v.n--;
    return v;
}

/* ---- local@domain ---- */

/* RFC 5322, atext; RFC 6532, 3.1: what is no UTF-8 is no letter. */
static bool is_atom(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        if (c <= ' ' || c == 0x7f || c == '(' || c == ')' || c == '[' || c == ']' || c == '\\' || c == '"')
            return false;
    }
    return charset_is_utf8(v);
}

struct half {
    struct mail_arena *arena;
    struct buf to;
    bool domain;
    bool broken;
    bool dot;  /* the last token was one, or there was none yet: another may not follow */
    bool full; /* behind the first word of a domain that no dot follows: "example.org and more" */
    unsigned words;
};

/* Letters of a domain in lower case. */
static void half_add(struct half *h, struct view v)
{
    size_t at = h->to.n;

    buf_add_view(&h->to, v);
    for (; h->domain && at < h->to.n; at++)
        if (h->to.p[at] >= 'A' && h->to.p[at] <= 'Z')
            h->to.p[at] = (char)(h->to.p[at] | 0x20);
}

static void half_token(struct half *h, const struct mail_token *t)
{
    bool dot = is_special(t, '.');

    if (dot ? h->dot : !h->dot)
        h->broken = true;
    h->full = h->full || (h->domain && !dot && !h->dot);
    if (h->full)
        return;
    h->dot = dot;
    h->words += !dot;
    if (t->kind == MAIL_TOKEN_LITERAL)
        h->broken = h->broken || !h->domain || h->words > 1 || h->to.n || !charset_is_utf8(t->text);
    else if (t->kind == MAIL_TOKEN_WORD)
        h->broken = h->broken || !is_atom(t->text);
    else if (t->kind == MAIL_TOKEN_QUOTED)
        h->broken = h->broken || h->domain || !charset_is_utf8(t->text);
    else if (!dot)
        h->broken = true;
    if (t->kind == MAIL_TOKEN_QUOTED && !h->domain)
        half_add(h, mail_token_unquote(h->arena, t->text));
    else
        half_add(h, t->whole);
}

/* Tokens up to `end`, a place in the tokens' rest, joined without the blanks between them. */
static struct view read_half(struct mail_arena *a, struct mail_tokens *c, const char *end, bool domain,
                             bool *broken)
{
    struct half h = {.arena = a, .domain = domain, .dot = true};
    struct view all = between(c->rest.p, end), joined;
    struct mail_token t;

    while (c->rest.p < end && next_token(c, &t, &h.broken) && t.whole.p < end)
        half_token(&h, &t);
    h.broken = h.broken || h.dot;
    joined = mail_arena_copy(a, buf_view(&h.to));
    buf_free(&h.to);
    *broken = *broken || h.broken;
    /* A domain is compared, so blanks never stay in it; a broken local part is shown as it came. */
    return h.broken && !domain ? all : joined;
}

/* Past the route of "@a,@b:c@d" (RFC 5322, 4.4). */
static void pass_route(struct mail_tokens *c)
{
    struct mail_tokens ahead = *c;
    struct mail_token t;
    bool broken = false;

    if (!next_token(&ahead, &t, &broken) || !is_special(&t, '@'))
        return;
    while (next_token(&ahead, &t, &broken))
        if (is_special(&t, ':')) {
            *c = ahead;
            return;
        }
}

/* The last "@" outside of quotes; NULL: none. */
static const char *find_at(struct mail_tokens c)
{
    const char *at = NULL;
    struct mail_token t;
    bool broken = false;

    while (next_token(&c, &t, &broken))
        if (is_special(&t, '@'))
            at = t.whole.p;
    return at;
}

/* `c`: at the begin of an address without its angle brackets, and nothing behind it. */
static void read_spec(struct mail_arena *a, struct mail_tokens c, bool angle, struct mail_address *to)
{
    const char *end = c.rest.p + c.rest.n, *at;

    if (angle && !between(c.rest.p, end).n)
        return;
    if (angle)
        pass_route(&c);
    at = find_at(c);
    if (!at) {
        to->local = between(c.rest.p, end);
        to->broken = true;
        return;
    }
    to->local = read_half(a, &c, at, false, &to->broken);
    c.rest = (struct view){at + 1, (size_t)(end - at - 1)};
    to->domain = read_half(a, &c, end, true, &to->broken);
}

/* ---- elements ---- */

struct list {
    struct mail_arena *arena;
    struct mail_addresses *to;
    unsigned cap;
    struct view group;
    bool in_group;
    /* Of the element at hand: */
    struct mail_tokens begin; /* at its begin */
    const char *open;         /* behind its "<"; NULL: there is none yet */
    struct mail_tokens inner; /* ... as the tokens were there */
    const char *close;        /* its ">" */
    bool at;                  /* an "@" outside of <> */
    bool fresh;               /* "<" was the last token */
    bool route;               /* within <> an "@" came first and no ":" yet */
    bool broken;
    bool first; /* no token yet */
    struct view comment;
};

static void begin_element(struct list *l, const struct mail_tokens *c)
{
    l->begin = *c;
    l->open = l->close = NULL;
    l->at = l->route = l->fresh = l->broken = false;
    l->first = true;
    l->comment = (struct view){0};
}

/* Room for one more; NULL: beyond the limit. */
static struct mail_address *add_address(struct list *l)
{
    struct mail_addresses *to = l->to;
    struct mail_address *more;

    if (to->n == MAIL_ADDRESSES_MAX) {
        to->over = true;
        return NULL;
    }
    if (to->n == l->cap) {
        l->cap = l->cap ? 4 * l->cap : 4;
        more = mail_arena_alloc(l->arena, l->cap * sizeof *more);
        if (to->n)
            memcpy(more, to->address, to->n * sizeof *more);
        to->address = more;
    }
    return &to->address[to->n++];
}

/* `end`: what ends it stands there. Elements of nothing are none (RFC 5322, obs-addr-list). */
static void end_element(struct list *l, const char *end)
{
    struct view whole = between(l->begin.rest.p, end);
    struct mail_address *to = whole.n && !(l->first && !l->broken) ? add_address(l) : NULL;
    struct mail_tokens c = l->open ? l->inner : l->begin;

    if (!to)
        return;
    to->whole = whole;
    to->group = l->group;
    to->broken = l->broken || (l->open && !l->close);
    if (l->open) {
        to->name = between(whole.p, l->open - 1);
        c.rest = (struct view){l->open, (size_t)((l->close ? l->close : end) - l->open)};
        to->broken = to->broken || l->at || (to->name.n && !between(c.rest.p, c.rest.p + c.rest.n).n);
    } else {
        c.rest = (struct view){whole.p, whole.n};
    }
    read_spec(l->arena, c, l->open, to);
    if (!to->name.n && l->comment.n) {
        to->name = l->comment;
        to->named_by_comment = true;
    }
}

/* "@a,@b:c@d": is what follows a comma another domain of the route? */
static bool is_route_next(const struct mail_tokens *c)
{
    struct mail_tokens ahead = *c;
    struct mail_token t;
    bool broken = false;

    return next_token(&ahead, &t, &broken) && (is_special(&t, '@') || is_special(&t, ','));
}

/* Within <>. True: it ends before this token, and without its ">". */
static bool angle_token(struct list *l, const struct mail_tokens *c, const struct mail_token *t)
{
    bool fresh = l->fresh;

    l->fresh = false;
    if (is_special(t, '>'))
        l->close = t->whole.p;
    else if (is_special(t, '@') && fresh)
        l->route = true;
    else if (is_special(t, ':'))
        l->route = false;
    else if (is_special(t, ','))
        return !l->route || !is_route_next(c);
    else
        return is_special(t, '<') || is_special(t, ';');
    return false;
}

static void begin_angle(struct list *l, const struct mail_tokens *c, const struct mail_token *t)
{
    /* "a@b <c@d>" is one element, "<a@b> <c@d>" is two: some readers take the first, some the last. */
    if (l->open) {
        l->broken = true;
        end_element(l, t->whole.p);
        begin_element(l, c);
        l->begin.rest.p = t->whole.p;
        l->broken = true;
    }
    l->open = t->whole.p + 1;
    l->inner = *c;
    l->fresh = true;
    l->first = false;
}

static void begin_group(struct list *l, const struct mail_tokens *c, const struct mail_token *t)
{
    l->group = between(l->begin.rest.p, t->whole.p);
    l->in_group = true;
    l->to->groups++;
    begin_element(l, c);
}

/* At a comma or semicolon. A semicolon that ends no group separates for some writers. */
static void separate(struct list *l, const struct mail_tokens *c, const struct mail_token *t)
{
    bool semicolon = is_special(t, ';');

    l->broken = l->broken || (semicolon && !l->in_group && !l->first);
    end_element(l, t->whole.p);
    if (semicolon) {
        l->in_group = false;
        l->group = (struct view){0};
    }
    begin_element(l, c);
}

/* `c` stands behind the token. */
static void list_token(struct list *l, const struct mail_tokens *c, const struct mail_token *t)
{
    if (l->open && !l->close && !angle_token(l, c, t)) {
        return;
    } else if (is_special(t, ',') || is_special(t, ';')) {
        separate(l, c, t);
    } else if (is_special(t, ':') && !l->open && !l->at && !l->in_group && !l->first) {
        begin_group(l, c, t);
    } else if (is_special(t, '<')) {
        begin_angle(l, c, t);
    } else {
        l->at = l->at || is_special(t, '@');
        l->broken = l->broken || l->close || is_special(t, '>') || is_special(t, ':');
        l->first = false;
    }
}

void mail_address_parse(struct mail_arena *a, struct view value, struct mail_addresses *to)
{
    struct mail_tokens c = {.rest = value, .specials = MAIL_TOKEN_ADDRESS, .comments = true};
    struct list l = {.arena = a, .to = to};
    struct mail_token t;
    bool more = true;

    *to = (struct mail_addresses){0};
    begin_element(&l, &c);
    while (more && !to->over) {
        c.commented = false;
        more = next_token(&c, &t, &l.broken);
        if (c.commented && c.comment.n)
            l.comment = c.comment;
        if (more)
            list_token(&l, &c, &t);
    }
    if (!to->over) {
        l.broken = l.broken || (l.in_group && !l.first);
        end_element(&l, value.p + value.n);
    }
}

/* ---- what people see ---- */

struct view mail_address_name(struct mail_arena *a, struct charset_set *set,
                              const struct mail_address *address)
{
    struct mail_tokens c = {.rest = address->name, .specials = MAIL_TOKEN_ADDRESS, .comments = true};
    struct buf text = {0};
    struct mail_token t;
    struct view plain;
    bool broken = false;

    if (address->named_by_comment)
        return mail_word_decode(a, set, mail_token_unquote(a, address->name));
    while (next_token(&c, &t, &broken)) {
        if (t.spaced && text.n)
            buf_add_char(&text, ' ');
        buf_add_view(&text, t.kind == MAIL_TOKEN_QUOTED ? mail_token_unquote(a, t.text) : t.whole);
    }
    plain = mail_arena_copy(a, buf_view(&text));
    buf_free(&text);
    return mail_word_decode(a, set, plain);
}

bool mail_address_same_domain(struct view x, struct view y)
{
    if (x.n && x.p[x.n - 1] == '.')
        x.n--;
    if (y.n && y.p[y.n - 1] == '.')
        y.n--;
    return view_equal_nocase(x, y);
}
