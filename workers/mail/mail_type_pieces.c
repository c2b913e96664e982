/*
 * mail_type_pieces.c - parameters in pieces, with a charset and percent signs (RFC 2231): each way in which
 * readers put them together.
 *
 * Called by mail_type_values.c. By number, or as they stand; with gaps or up to the first one; the first or
 * the last of two with one number; decoded where it is said, everywhere or not at all. The number of pieces
 * is bounded by MAIL_PARAMS_MAX and their bytes by the value that is made of them. It trusts no number that
 * it reads.
 */
#include "workers/mail/mail_type_part.h"

#define PIECES_MAX (MAIL_PARAMS_MAX + 16)
#define INDEX_MAX  9999u

struct piece {
    unsigned index;
    bool extended;
    struct view raw; /* without its quotes */
    bool quoted;
};

/* How pieces are put together. */
enum {
    BY_NUMBER = 1,
    TO_GAP = 2,     /* from 0 up to the first number that is not there */
    LAST = 4,       /* of two with one number */
    DECODE_ALL = 8, /* without a "*" behind the number as well */
    DECODE_NONE = 16,
    WHOLE = 32, /* the charset is a part of it */
};

/* "*", "*0", "*0*" */
static void read_suffix(struct view s, struct piece *p)
{
    p->index = 0;
    p->extended = s.n == 1 || s.p[s.n - 1] == '*';
    for (size_t i = 1; i < s.n && s.p[i] >= '0' && s.p[i] <= '9'; i++)
        if (p->index <= INDEX_MAX)
            p->index = p->index * 10 + (unsigned)(s.p[i] - '0');
}

static void read_value(const struct mail_param *param, struct piece *p)
{
    bool open = false;
    size_t end;

    p->raw = param->raw;
    p->quoted = param->quoted;
    if (p->raw.n > MAIL_TYPE_RAW_MAX)
        p->raw.n = MAIL_TYPE_RAW_MAX;
    if (!p->quoted) {
        for (end = 0; end < p->raw.n && !mail_type_is_space(p->raw.p[end]) && p->raw.p[end] != '"'; end++)
            ;
        p->raw.n = end;
        return;
    }
    end = mail_type_skip_quoted(p->raw, 0, &open);
    p->raw = (struct view){p->raw.p + 1, end - 1 - !open};
}

static unsigned collect(const struct mail_type *t, struct view name, struct piece *to)
{
    struct view suffix;
    unsigned n = 0;

    for (unsigned i = 0; i < t->n && n < PIECES_MAX; i++) {
        if (!mail_type_is_piece(&t->param[i], name, &suffix) || suffix.n == 0)
            continue;
        read_suffix(suffix, &to[n]);
        read_value(&t->param[i], &to[n]);
        n++;
    }
    return n;
}

/* Those of one number stay in their order. */
static void sort(struct piece *p, unsigned n)
{
    for (unsigned i = 1; i < n; i++) {
        struct piece one = p[i];
        unsigned j = i;

        for (; j && p[j - 1].index > one.index; j--)
            p[j] = p[j - 1];
        p[j] = one;
    }
}

/* Behind charset'language'; 0: there are no two apostrophes. */
static size_t charset_end(struct view v, struct view *charset)
{
    const char *first = v.n ? memchr(v.p, '\'', v.n) : NULL;
    const char *end = v.p + v.n, *second = first ? memchr(first + 1, '\'', (size_t)(end - first - 1)) : NULL;

    if (!second)
        return 0;
    *charset = (struct view){v.p, (size_t)(first - v.p)};
    return (size_t)(second + 1 - v.p);
}

static int hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void add_text(struct view v, bool decode, bool unescape, struct buf *to)
{
    for (size_t i = 0; i < v.n && to->n < MAIL_VALUE_MAX; i++) {
        char c = v.p[i];

        if (c == '\r' || c == '\n')
            continue;
        if (decode && c == '%' && i + 2 < v.n && hex(v.p[i + 1]) >= 0 && hex(v.p[i + 2]) >= 0) {
            c = (char)(hex(v.p[i + 1]) << 4 | hex(v.p[i + 2]));
            i += 2;
        } else if (unescape && c == '\\' && i + 1 < v.n) {
            c = v.p[++i];
        }
        buf_add_char(to, c);
    }
}

static void join(const struct piece *p, unsigned n, unsigned how, struct buf *to, struct view *charset)
{
    unsigned next = 0;
    bool first = true;

    for (unsigned i = 0; i < n; i++) {
        bool again = i && p[i].index == p[i - 1].index, before = i + 1 < n && p[i].index == p[i + 1].index;
        struct view v = p[i].raw;

        if ((how & BY_NUMBER) && ((how & LAST) ? before : again))
            continue;
        if ((how & TO_GAP) && p[i].index != next)
            break;
        if (first && p[i].extended && !(how & WHOLE)) {
            size_t skip = charset_end(v, charset);

            v.p += skip, v.n -= skip;
        }
        add_text(v, !(how & DECODE_NONE) && (p[i].extended || (how & DECODE_ALL)), p[i].quoted, to);
        first = false;
        next++;
    }
}

void mail_ways_add_pieces(struct mail_ways *w, const struct mail_type *t, struct view name)
{
    static const unsigned hows[] = {
        BY_NUMBER | TO_GAP,      BY_NUMBER,
        BY_NUMBER | LAST,        BY_NUMBER | DECODE_ALL,
        BY_NUMBER | DECODE_NONE, BY_NUMBER | DECODE_NONE | WHOLE,
    };
    struct piece placed[PIECES_MAX], sorted[PIECES_MAX];
    unsigned n = collect(t, name, placed);
    struct view charset;

    memcpy(sorted, placed, n * sizeof *placed);
    sort(sorted, n);
    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++) {
        buf_clear(&w->made);
        join(sorted, n, hows[i], &w->made, &charset);
        mail_ways_add_made(w);
    }
    buf_clear(&w->made);
    join(placed, n, 0, &w->made, &charset);
    mail_ways_add_made(w);
}

bool mail_type_join(const struct mail_type *t, struct view name, struct buf *to, struct view *charset)
{
    struct piece p[PIECES_MAX];
    unsigned n = collect(t, name, p);

    sort(p, n);
    join(p, n, BY_NUMBER | TO_GAP, to, charset);
    return to->n > 0;
}
