/*
 * envelope.c - reads and writes the .hdr of a message pair; see envelope.h.
 *
 * Called by the supervisor before a claim, by workers and by spoolctl. The
 * bytes are hostile: one pass over the lines, no recursion, every length bounded
 * by a limit of envelope.h, and nothing is put right that could be read in two
 * ways: such a file is broken and the error names the line.
 * Must never change a byte that it was not asked to change, and never log.
 * Trusts its caller only: indexes of envelope_write() are in range.
 */
#include "common/envelope_part.h"

#include "common/xalloc.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD_LINES 3

static const char *const status_names[ENVELOPE_STATUS__MAX] = {
    [ENVELOPE_WRITTEN] = "Written",         [ENVELOPE_WRITING] = "Writing", [ENVELOPE_FAILED] = "Failed",
    [ENVELOPE_QUARANTINED] = "Quarantined", [ENVELOPE_READY] = "Ready",     [ENVELOPE_UNKNOWN] = "unknown",
};

/* Where the reader stands; `rest` shrinks from the front. */
struct reader {
    struct envelope *e;
    struct envelope_error *err;
    struct view rest;
    struct view line; /* with its line end */
    struct view text; /* without */
    unsigned lineno;
    size_t rcpt_cap, key_cap; /* room in the arrays of `e`, which knows only how much is used */
};

__attribute__((format(printf, 3, 4))) static int broken(struct envelope_error *err, unsigned lineno,
                                                        const char *fmt, ...)
{
    va_list ap;

    err->lineno = lineno;
    va_start(ap, fmt);
    vsnprintf(err->what, sizeof err->what, fmt, ap);
    va_end(ap);
    return -1;
}

static bool has_control(struct view v)
{
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        if (c < 0x20 || c == 0x7f)
            return true;
    }
    return false;
}

/* LF alone ends a line; a CR is part of the line end only when it stands right before it. */
struct view envelope_line_text(struct view line)
{
    if (line.n && line.p[line.n - 1] == '\n') {
        line.n--;
        if (line.n && line.p[line.n - 1] == '\r')
            line.n--;
    }
    return line;
}

/* Cuts the next line off `rest`, its line end included. */
static struct view cut_line(struct view *rest)
{
    const char *lf = memchr(rest->p, '\n', rest->n);
    struct view line = {rest->p, lf ? (size_t)(lf + 1 - rest->p) : rest->n};

    rest->p += line.n;
    rest->n -= line.n;
    return line;
}

/* 1 a line, 0 no more lines, -1 broken. */
static int read_line(struct reader *r)
{
    if (r->rest.n == 0)
        return 0;
    r->line = cut_line(&r->rest);
    r->text = envelope_line_text(r->line);
    r->lineno++;
    if (r->text.n > ENVELOPE_LINE_MAX)
        return broken(r->err, r->lineno, "this line is too long; at most %d bytes are accepted",
                      ENVELOPE_LINE_MAX);
    if (memchr(r->text.p, '\0', r->text.n))
        return broken(r->err, r->lineno, "there is a NUL byte in this line; only text is accepted");
    if (memchr(r->text.p, '\r', r->text.n))
        return broken(r->err, r->lineno, "there is a bare CR in this line; lines end with LF or CRLF");
    return 1;
}

/*
 * The length of the quoted string at the start of `v`, quotes included; 1 when
 * there is none; 0 when it is not closed. RFC 5321 Quoted-string: a backslash
 * takes the next byte as it is.
 */
static size_t quoted_length(struct view v)
{
    if (v.p[0] != '"')
        return 1;
    for (size_t i = 1; i < v.n; i++) {
        if (v.p[i] == '\\')
            i++;
        else if (v.p[i] == '"')
            return i + 1;
    }
    return 0;
}

/* Where `c` first stands outside quotes, from `from` on; v.n when nowhere. */
static size_t find_unquoted(struct view v, size_t from, char c)
{
    size_t i = from;

    while (i < v.n && v.p[i] != c) {
        size_t step = quoted_length((struct view){v.p + i, v.n - i});

        if (step == 0)
            return v.n;
        i += step;
    }
    return i;
}

static bool quotes_are_closed(struct view v)
{
    for (size_t i = 0, step = 0; i < v.n; i += step) {
        step = quoted_length((struct view){v.p + i, v.n - i});
        if (step == 0)
            return false;
    }
    return true;
}

struct view envelope_strip_brackets(struct view v)
{
    v = view_trim(v);
    if (v.n >= 2 && v.p[0] == '<' && v.p[v.n - 1] == '>')
        v = view_trim((struct view){v.p + 1, v.n - 2});
    return v;
}

/* Checks one address and takes its brackets off. A source route stays part of the address. */
static int read_address(struct reader *r, struct view text, struct view *address)
{
    struct view a = envelope_strip_brackets(text);

    if (a.n > ENVELOPE_ADDR_MAX)
        return broken(r->err, r->lineno, "an address is too long; at most %d bytes are accepted",
                      ENVELOPE_ADDR_MAX);
    if (has_control(a))
        return broken(r->err, r->lineno,
                      "there is a control character in an address; only printable text is accepted");
    if (!quotes_are_closed(a))
        return broken(r->err, r->lineno,
                      "a quote in an address is not closed; \"local part\"@domain is accepted");
    if (find_unquoted(a, 0, '<') < a.n || find_unquoted(a, 0, '>') < a.n)
        return broken(r->err, r->lineno,
                      "< or > stands within an address; user@domain or <user@domain> is accepted");
    *address = a;
    return 0;
}

static int add_recipient(struct reader *r, struct view text)
{
    struct envelope *e = r->e;
    struct view a = {0};

    if (read_address(r, text, &a) < 0)
        return -1;
    if (a.n == 0)
        return broken(r->err, r->lineno, "a recipient is empty; user@domain is accepted");
    if (e->rcpt_n == ENVELOPE_RCPT_MAX)
        return broken(r->err, r->lineno, "there are too many recipients; at most %d are accepted",
                      ENVELOPE_RCPT_MAX);
    if (e->rcpt_n == r->rcpt_cap) {
        r->rcpt_cap = r->rcpt_cap ? r->rcpt_cap * 2 : 8;
        e->rcpt = xrealloc(e->rcpt, r->rcpt_cap, sizeof *e->rcpt);
    }
    e->rcpt[e->rcpt_n++] = a;
    return 0;
}

/*
 * Cuts the next item off a comma-separated list, blanks cut; commas within
 * quotes or within <> (a source route has some) do not count. False at the end.
 */
bool envelope_cut_item(struct view *list, struct view *item)
{
    size_t from = 0, end = 0;

    if (list->n == 0)
        return false;
    while (from < list->n && (list->p[from] == ' ' || list->p[from] == '\t'))
        from++;
    if (from < list->n && list->p[from] == '<')
        from = find_unquoted(*list, from, '>');
    end = find_unquoted(*list, from, ',');
    *item = view_trim((struct view){list->p, end});
    end += end < list->n;
    list->p += end;
    list->n -= end;
    return true;
}

bool envelope_is_address(struct view text)
{
    struct envelope_error err;
    struct reader r = {.err = &err};
    struct view list = text, item = {0}, address = {0};

    return text.n && envelope_cut_item(&list, &item) && item.n == text.n &&
           read_address(&r, item, &address) == 0 && address.n == text.n;
}

/* Nothing between two commas is no recipient: many programs leave a comma at the end. */
static int read_recipients(struct reader *r)
{
    struct view list = r->text, item = {0};

    while (envelope_cut_item(&list, &item)) {
        if (item.n && add_recipient(r, item) < 0)
            return -1;
    }
    return 0;
}

static int read_head(struct reader *r)
{
    static const char *const names[HEAD_LINES] = {"status", "MAIL FROM", "recipients"};

    for (unsigned i = 0; i < HEAD_LINES; i++) {
        int got = read_line(r);

        if (got < 0)
            return -1;
        if (got == 0)
            return broken(r->err, i + 1,
                          "line %u (%s) is missing; status, MAIL FROM and recipients are needed", i + 1,
                          names[i]);
        r->e->head[i] = r->line;
        if (i == 1 && read_address(r, r->text, &r->e->sender) < 0)
            return -1;
    }
    return read_recipients(r);
}

static bool is_recipient_key(const struct envelope_key *k)
{
    return view_equal_nocase(k->key, VIEW("recipient"));
}

static int add_key(struct reader *r, const struct envelope_key *k)
{
    struct envelope *e = r->e;

    if (e->key_n == ENVELOPE_KEYS_MAX)
        return broken(r->err, r->lineno, "there are too many keys; at most %d are accepted",
                      ENVELOPE_KEYS_MAX);
    if (e->key_n == r->key_cap) {
        r->key_cap = r->key_cap ? r->key_cap * 2 : 16;
        e->key = xrealloc(e->key, r->key_cap, sizeof *e->key);
    }
    e->key[e->key_n++] = *k;
    if (!is_recipient_key(k))
        return 0;
    /* The first one takes the place of all that line 3 said. */
    if (!e->rcpt_from_keys)
        e->rcpt_n = 0;
    e->rcpt_from_keys = true;
    return add_recipient(r, k->value);
}

static int read_key(struct reader *r)
{
    struct envelope_key k = {.line = r->line, .lineno = r->lineno};
    const char *colon = memchr(r->text.p, ':', r->text.n);

    if (!colon)
        return broken(r->err, r->lineno,
                      "this line has no colon; after line 3 only \"key: value\" is accepted");
    k.key = view_trim((struct view){r->text.p, (size_t)(colon - r->text.p)});
    k.value = view_trim((struct view){colon + 1, (size_t)(r->text.p + r->text.n - colon - 1)});
    if (k.key.n == 0)
        return broken(r->err, r->lineno, "there is no key before the colon; \"key: value\" is accepted");
    if (has_control(k.key))
        return broken(r->err, r->lineno,
                      "there is a control character in a key; only printable text is accepted");
    return add_key(r, &k);
}

static int read_keys(struct reader *r)
{
    bool ended = false;
    int got = 0;

    while ((got = read_line(r)) > 0) {
        bool blank = view_trim(r->text).n == 0;

        if (blank)
            ended = true;
        else if (ended)
            return broken(r->err, r->lineno,
                          "there is text after the empty line; the envelope ends with that line");
        else if (read_key(r) < 0)
            return -1;
    }
    return got;
}

/* Never fails: whether the other program is still writing must be known even of half a file. */
static void read_status(struct envelope *e, struct view rest)
{
    struct view line = {0}, word = {0};

    e->status = ENVELOPE_UNKNOWN;
    if (rest.n == 0)
        return;
    line = cut_line(&rest);
    word = view_trim(envelope_line_text(line));
    e->crlf = line.n >= 2 && memcmp(line.p + line.n - 2, "\r\n", 2) == 0;
    for (int s = 0; s < ENVELOPE_UNKNOWN; s++) {
        /* Exactly: a word that is nearly right was not written by a program that we know. */
        if (view_equal(word, view_of(status_names[s])))
            e->status = (enum envelope_status)s;
    }
}

int envelope_parse(struct envelope *e, struct buf *raw, struct envelope_error *err)
{
    static const char bom[] = {'\xef', '\xbb', '\xbf'};
    struct reader r = {.e = e, .err = err};

    *e = (struct envelope){.raw = *raw};
    *raw = (struct buf){0};
    *err = (struct envelope_error){0};
    r.rest = buf_view(&e->raw);
    e->bom = r.rest.n >= sizeof bom && memcmp(r.rest.p, bom, sizeof bom) == 0;
    if (e->bom)
        r.rest = (struct view){r.rest.p + sizeof bom, r.rest.n - sizeof bom};
    read_status(e, r.rest);
    /* From here on the order is that of the file, so that the first fault is the one named. */
    if (r.rest.n == 0)
        return broken(err, 0, "the envelope is empty; status, MAIL FROM and recipients are needed");
    if (e->raw.n > ENVELOPE_SIZE_MAX)
        return broken(err, 0, "the envelope is too large; at most %d bytes are accepted", ENVELOPE_SIZE_MAX);
    if (read_head(&r) < 0 || read_keys(&r) < 0)
        return -1;
    if (e->rcpt_n == 0)
        return broken(err, HEAD_LINES,
                      "there is no recipient; line 3 or \"recipient:\" lines must name at least one");
    return 0;
}

void envelope_free(struct envelope *e)
{
    buf_free(&e->raw);
    free(e->rcpt);
    free(e->key);
    *e = (struct envelope){.status = ENVELOPE_UNKNOWN};
}

const struct view *envelope_find(const struct envelope *e, const char *key, size_t nth)
{
    struct view wanted = view_of(key);

    for (size_t i = 0; i < e->key_n; i++) {
        if (view_equal_nocase(e->key[i].key, wanted) && nth-- == 0)
            return &e->key[i].value;
    }
    return NULL;
}

const char *envelope_status_name(enum envelope_status s)
{
    return s < ENVELOPE_STATUS__MAX ? status_names[s] : status_names[ENVELOPE_UNKNOWN];
}

/* Those who get this copy. */
struct subset {
    bool *keep;           /* one for each recipient of the envelope */
    struct view *address; /* sorted; so that 50000 notify: lines do not take hours */
    size_t n;
};

/* Shorter first, so that most comparisons look at no byte. */
static int compare_address(const void *left, const void *right)
{
    const struct view *a = left, *b = right;

    if (a->n != b->n)
        return a->n < b->n ? -1 : 1;
    return a->n ? strncasecmp(a->p, b->p, a->n) : 0;
}

static void subset_make(struct subset *s, const struct envelope *e, const size_t *index, size_t n)
{
    s->keep = xcalloc(e->rcpt_n, sizeof *s->keep);
    s->address = xcalloc(e->rcpt_n, sizeof *s->address);
    for (size_t i = 0; i < n; i++)
        s->keep[index[i]] = true;
    for (size_t i = 0; i < e->rcpt_n; i++) {
        if (s->keep[i])
            s->address[s->n++] = e->rcpt[i];
    }
    qsort(s->address, s->n, sizeof *s->address, compare_address);
}

static void subset_free(struct subset *s)
{
    free(s->keep);
    free(s->address);
    *s = (struct subset){0};
}

static bool subset_has(const struct subset *s, struct view address)
{
    return s->n && bsearch(&address, s->address, s->n, sizeof address, compare_address);
}

/* The address of "addr=state". A local part may hold "=" (VERP does), a domain may not. */
static struct view notify_address(struct view value)
{
    size_t at = find_unquoted(value, 0, '@');
    size_t end = find_unquoted(value, at < value.n ? at : 0, '=');

    return envelope_strip_brackets((struct view){value.p, end});
}

/* Items are copied as they stand, brackets included, so that they are read again as the same addresses. */
static void write_recipients(const struct envelope *e, const struct subset *s, struct buf *out)
{
    struct view text = envelope_line_text(e->head[2]), list = text, item = {0};
    size_t nth = 0, written = 0;

    while (envelope_cut_item(&list, &item)) {
        bool keep = false;

        if (item.n == 0)
            continue;
        /* By position where line 3 is the source: the same address may stand there twice. */
        keep = e->rcpt_from_keys ? subset_has(s, envelope_strip_brackets(item)) : s->keep[nth++];
        if (keep && written++)
            buf_add_char(out, ',');
        if (keep)
            buf_add_view(out, item);
    }
    buf_add(out, text.p + text.n, e->head[2].n - text.n);
}

static void write_keys(const struct envelope *e, const struct subset *s, struct buf *out)
{
    size_t nth = 0;

    for (size_t i = 0; i < e->key_n; i++) {
        const struct envelope_key *k = &e->key[i];
        bool keep = true;

        if (is_recipient_key(k))
            keep = s->keep[nth++];
        else if (view_equal_nocase(k->key, VIEW("notify")))
            keep = subset_has(s, notify_address(k->value));
        if (keep)
            buf_add_view(out, k->line);
    }
}

void envelope_write(const struct envelope *e, const size_t *index, size_t n, struct buf *out)
{
    struct view last = e->key_n ? e->key[e->key_n - 1].line : e->head[2];
    const char *tail = last.p + last.n;
    struct subset s = {0};

    subset_make(&s, e, index, n);
    /* All of them: even what we would write in another way, such as blanks after commas, stays. */
    if (s.n == e->rcpt_n) {
        buf_add_view(out, buf_view(&e->raw));
    } else {
        buf_add(out, e->raw.p, (size_t)(e->head[2].p - e->raw.p));
        write_recipients(e, &s, out);
        write_keys(e, &s, out);
        buf_add(out, tail, (size_t)(e->raw.p + e->raw.n - tail));
    }
    subset_free(&s);
}
