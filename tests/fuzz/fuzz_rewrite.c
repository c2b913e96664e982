/*
 * fuzz_rewrite.c - any bytes as a message whose header is rewritten; see workers/rewrite.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that
 * feeds files. The first byte chooses the edits and the size of the pieces, the
 * rest is the message. A small reader of its own, which has the whole message in
 * memory, then looks at the output as readers of LF, of CRLF and of bare CR do:
 * no field that was to be removed is left, the new ones stand in their place,
 * the body is the same, nothing was added or moved. With a text for the subject
 * the output is the one without it and one piece more, behind the colon of the
 * first subject or before the empty line, and a second pass adds none.
 */
#include "workers/rewrite.h"

#include "common/xalloc.h"
#include "tests/fuzz/fuzz_must.h"

#define INPUT_MAX 60000
#define PREFIX    "X-S-"
#define ID        "h.example"

enum reading { READ_LF, READ_CRLF, READ_ANY };

struct parts {
    size_t top;  /* where the header begins: behind a byte order mark and an mbox line */
    size_t body; /* at its empty line, or the end */
    bool crlf;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static struct parts cut(struct view m)
{
    struct parts p = {0, m.n, false};
    const char *lf = NULL;
    size_t at = 0;

    if (m.n >= 3 && memcmp(m.p, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    lf = m.n > at ? memchr(m.p + at, '\n', m.n - at) : NULL;
    p.crlf = lf && lf > m.p + at && lf[-1] == '\r';
    if (lf && m.n - at >= 5 && memcmp(m.p + at, "From ", 5) == 0)
        at = (size_t)(lf - m.p) + 1;
    p.top = at;
    while (at < m.n) {
        if (m.p[at] == '\n' || (m.n - at >= 2 && m.p[at] == '\r' && m.p[at + 1] == '\n')) {
            p.body = at;
            return p;
        }
        lf = memchr(m.p + at, '\n', m.n - at);
        at = lf ? (size_t)(lf - m.p) + 1 : m.n;
    }
    return p;
}

/* Length of the line at `at`, its end included. */
static size_t line_length(struct view m, size_t at, enum reading how)
{
    size_t i = at;

    for (; i < m.n; i++) {
        if (m.p[i] == '\n' && (how != READ_CRLF || (i > at && m.p[i - 1] == '\r')))
            return i + 1 - at;
        if (m.p[i] == '\r' && how == READ_ANY && !(i + 1 < m.n && m.p[i + 1] == '\n'))
            return i + 1 - at;
    }
    return i - at;
}

/* Does a reader that skips what it cannot print find the prefix here? */
static bool is_forged(struct view line)
{
    char name[sizeof PREFIX] = {0};
    size_t n = 0;

    for (size_t i = 0; i < line.n && n < sizeof PREFIX - 1; i++) {
        unsigned char c = (unsigned char)line.p[i];

        if (n == 0 && (c == '\r' || c == 0xef || c == 0xbb || c == 0xbf))
            continue;
        if ((c < 0x20 && c != '\r' && c != '\n' && c != '\t') || c == 0x7f)
            continue;
        name[n++] = (char)c;
    }
    return n == sizeof PREFIX - 1 && strncasecmp(name, PREFIX, n) == 0;
}

/* What begins with a blank belongs to the line before it, the first one to the last of our own fields. */
static void check_none_left(struct view header, enum reading how)
{
    for (size_t at = 0; at < header.n;) {
        size_t n = line_length(header, at, how);

        if (!is_blank(header.p[at]))
            MUST(!is_forged((struct view){header.p + at, n}));
        at += n;
    }
}

/* All of `part` stands in `whole` in this order. */
static void check_order(struct view part, struct view whole)
{
    size_t at = 0;

    for (size_t i = 0; i < whole.n && at < part.n; i++)
        at += whole.p[i] == part.p[at];
    MUST(at == part.n);
}

static struct view behind(struct view v, size_t at)
{
    MUST(at <= v.n);
    return (struct view){v.p + at, v.n - at};
}

/* The new fields as they must stand there. */
static struct buf wanted_fields(unsigned k, bool crlf)
{
    struct buf b = {0};

    for (unsigned i = 0; i < k; i++)
        buf_add_str(&b, crlf ? "X-S-Own: a\r\n\tb\r\n" : "X-S-Own: a\n\tb\n");
    return b;
}

enum { WITH_AR = 1, WITH_TEXT = 2, WITH_WIDE = 4 };

static struct buf pack(unsigned k, unsigned with)
{
    struct buf b = {0};

    for (unsigned i = 0; i < k; i++)
        edit_pack(&b, EDIT_PREPEND, VIEW("X-S-Own"), VIEW("a\n\tb"));
    edit_pack(&b, EDIT_REMOVE_PREFIX, VIEW("x-s-"), (struct view){0});
    edit_pack(&b, EDIT_REMOVE_PREFIX, VIEW("x-zz"), (struct view){0});
    edit_pack(&b, EDIT_COUNT_OWN, (struct view){0}, VIEW("h"));
    if (with & WITH_AR)
        edit_pack(&b, EDIT_REMOVE_AR, (struct view){0}, VIEW(ID));
    if (with & (WITH_TEXT | WITH_WIDE))
        edit_pack(&b, EDIT_SUBJECT, (struct view){0}, with & WITH_TEXT ? VIEW("[S?]") : VIEW("[\xc3\xa4]"));
    return b;
}

static struct buf rewrite(struct view in, size_t piece, const struct buf *edits, struct rewrite_result *r)
{
    struct rewrite *rw = xcalloc(1, sizeof *rw);
    struct buf out = {0};

    MUST(rewrite_open(rw, buf_view(edits)) == 0);
    rewrite_memory(rw, in, piece, &out, r);
    free(rw);
    return out;
}

/* `out` without the new fields, which have been seen to stand at their place. */
static struct buf take_out_fields(struct view out, unsigned k, bool crlf, size_t *top)
{
    struct buf fields = wanted_fields(k, crlf), rest = {0};
    struct view there;

    *top = cut(out).top;
    there = behind(out, *top);
    MUST(there.n >= fields.n && (fields.n == 0 || memcmp(there.p, fields.p, fields.n) == 0));
    buf_add(&rest, out.p, *top);
    buf_add_view(&rest, behind(there, fields.n));
    buf_free(&fields);
    return rest;
}

static void check_output(struct view in, struct view out, unsigned k, const struct rewrite_result *r)
{
    struct parts was = cut(in);
    size_t top = 0;
    struct buf rest = take_out_fields(out, k, was.crlf, &top);
    struct parts is = {top, rest.n - (in.n - was.body), false};
    struct view header;

    MUST(in.n - was.body <= rest.n);
    MUST(view_equal(behind(in, was.body), behind(buf_view(&rest), is.body)));
    MUST(cut(out).body == out.n - (in.n - was.body));
    header = (struct view){rest.p + top, is.body - top};
    for (enum reading how = READ_LF; how <= READ_ANY; how++)
        check_none_left(header, how);
    check_order(buf_view(&rest), in);
    MUST(r->in_size == in.n && r->out_size == out.n);
    MUST(r->removed ? rest.n < in.n : view_equal(buf_view(&rest), in));
    MUST(r->own_hops <= r->hops);
    buf_free(&rest);
}

/* Bytes of a name, blanks and a colon at the begin of the line; 0: another line. */
static size_t field_length(struct view line, struct view name)
{
    size_t i = name.n;

    if (line.n <= i || strncasecmp(line.p, name.p, i) != 0)
        return 0;
    while (i < line.n && is_blank(line.p[i]))
        i++;
    return i < line.n && line.p[i] == ':' ? i + 1 : 0;
}

/* The simplest reader that knows folds: blanks, the id, and a byte that ends it. */
static void check_no_results(struct view header)
{
    for (size_t at = 0; at < header.n; at += line_length(header, at, READ_LF)) {
        struct view v = behind(header, at);
        size_t i =
            field_length((struct view){v.p, line_length(v, 0, READ_LF)}, VIEW("Authentication-Results"));

        if (!i)
            continue;
        while (i < v.n && (is_blank(v.p[i]) || v.p[i] == '\r' ||
                           (v.p[i] == '\n' && i + 1 < v.n && is_blank(v.p[i + 1]))))
            i++;
        v = behind(v, i);
        MUST(v.n < sizeof ID - 1 || strncasecmp(v.p, ID, sizeof ID - 1) != 0 ||
             (v.n > sizeof ID - 1 && !strchr(" \t\r\n;", v.p[sizeof ID - 1])));
    }
}

/* Where the text belongs: behind the colon of the first subject; 0: there is none. */
static size_t find_subject(struct view m, const struct parts *p)
{
    for (size_t at = p->top; at < p->body; at += line_length(m, at, READ_LF)) {
        size_t n = field_length((struct view){m.p + at, line_length(m, at, READ_LF)}, VIEW("Subject"));

        if (n)
            return at + n;
    }
    return 0;
}

static bool is_text(struct view v, bool wide)
{
    static const struct view text[] = {VIEW(" [S?]"), VIEW(" =?UTF-8?B?W8OkXQ==?="),
                                       VIEW(" =?UTF-8?B?W8OkXSA=?=")};

    for (size_t i = 0; i < 3; i++)
        if (v.n >= text[i].n && v.n <= text[i].n + 1 && wide == (i > 0) &&
            memcmp(v.p, text[i].p, text[i].n) == 0 && (v.n == text[i].n || v.p[v.n - 1] == ' '))
            return true;
    return false;
}

/* The whole line: where no empty line ends the header, the end of the line before it may stand before it. */
static bool is_line(struct view v, bool wide, bool ends)
{
    while (ends && v.n && (v.p[0] == '\r' || v.p[0] == '\n'))
        v = behind(v, 1);
    if (v.n < 9 || memcmp(v.p, "Subject:", 8) != 0 || v.p[v.n - 1] != '\n')
        return false;
    v.n -= v.n > 1 && v.p[v.n - 2] == '\r' ? 2 : 1;
    return is_text(behind(v, 8), wide);
}

static void check_subject(struct view without, struct view with, bool wide)
{
    struct parts p = cut(without);
    size_t at = find_subject(without, &p), more = with.n - without.n;
    bool added = at || p.body < without.n;

    MUST(with.n >= without.n);
    if (more == 0) {
        MUST(view_equal(without, with) && (at || !added));
        return;
    }
    if (!at)
        at = p.body;
    MUST(memcmp(without.p, with.p, at) == 0);
    MUST(view_equal(behind(without, at), behind(with, at + more)));
    if (without.p && at && at != p.body)
        MUST(is_text((struct view){with.p + at, more}, wide));
    else
        MUST(is_text((struct view){with.p + at, more}, wide) ||
             is_line((struct view){with.p + at, more}, wide, p.body == without.n));
}

static void check_again(struct view out, size_t piece, unsigned with)
{
    struct rewrite_result r = {0};
    struct buf edits = {0}, again;

    edit_pack(&edits, EDIT_SUBJECT, (struct view){0}, with & WITH_TEXT ? VIEW("[S?]") : VIEW("[\xc3\xa4]"));
    again = rewrite(out, piece, &edits, &r);
    MUST(view_equal(out, buf_view(&again)));
    buf_free(&edits);
    buf_free(&again);
}

static void check_with(struct view in, struct view out, size_t piece, unsigned k, unsigned with)
{
    struct rewrite_result r = {0};
    struct buf edits = pack(k, with & WITH_AR), without = rewrite(in, 65536, &edits, &r);
    struct parts p = cut(buf_view(&without));

    check_output(in, buf_view(&without), k, &r);
    if (with & WITH_AR)
        check_no_results((struct view){without.p + p.top, p.body - p.top});
    check_subject(buf_view(&without), out, !(with & WITH_TEXT));
    check_again(out, piece, with);
    buf_free(&edits);
    buf_free(&without);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t pieces[] = {1, 2, 3, 7, 64, 1000, 4096, 65536};
    struct rewrite_result r = {0}, again = {0};
    struct buf edits = {0}, whole = {0}, cut_up = {0};
    struct view in;
    unsigned k = 0, with;

    if (size < 1 || size > INPUT_MAX)
        return 0;
    /* At least one new field: without any, what comes first may look like a byte order mark or an mbox line.
     */
    k = 1 + (data[0] & 1);
    with = (data[0] >> 1) & (WITH_AR | WITH_TEXT | WITH_WIDE);
    in = (struct view){(const char *)data + 1, size - 1};
    edits = pack(k, with);
    whole = rewrite(in, 65536, &edits, &r);
    cut_up = rewrite(in, pieces[data[0] >> 5], &edits, &again);
    MUST(view_equal(buf_view(&whole), buf_view(&cut_up)));
    MUST(r.removed == again.removed && r.hops == again.hops && r.own_hops == again.own_hops);
    if (with & (WITH_TEXT | WITH_WIDE)) {
        check_with(in, buf_view(&whole), pieces[data[0] >> 5], k, with);
    } else {
        struct parts p = cut(buf_view(&whole));

        check_output(in, buf_view(&whole), k, &r);
        if (with & WITH_AR)
            check_no_results((struct view){whole.p + p.top, p.body - p.top});
    }
    buf_free(&edits);
    buf_free(&whole);
    buf_free(&cut_up);
    return 0;
}
