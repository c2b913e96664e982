/*
 * mail_uu.c - see mail_uu.h.
 *
 * Called by mail_leaf.c. One memmem() finds what may begin a file, so that ordinary text costs nearly
 * nothing. Lines end with LF, CRLF or CR: none of the three encodings uses these bytes for anything else.
 * Each search for an end is remembered, what is read again is paid from a budget, and zeros that a short line
 * stands for from another one, so that neither time nor output grows faster than the text. Trusts nothing in
 * the text.
 */
#include "workers/mail/mail_uu.h"

#include "workers/mail/mail_base64.h"

#include <stdint.h>

#define AGAIN_TIMES 4           /* the text, for files in each other */
#define ZEROS_MORE  (64u << 10) /* than the text has bytes */
#define MORE_MAX    8           /* bytes that something added behind a line */
#define UU_LINE_MAX (63 + 3)    /* bytes of a line, whole groups */
#define YENC_SHIFT  42
#define YENC_ESCAPE 64

struct header {
    enum mail_uu_kind kind;
    const char *start; /* of its line */
    const char *data;  /* behind its line */
    struct view name;
};
/* Text is a pair of pointers here: `from` inside of it, `stop` behind it. */
struct span {
    const char *from, *stop;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_line_end(char c)
{
    return c == '\n' || c == '\r';
}

static size_t span_size(struct span s)
{
    return (size_t)(s.stop - s.from);
}

/* The line at the front, without its end. */
static struct view line_at(struct span s)
{
    const char *p = s.from;

    while (p < s.stop && !is_line_end(*p))
        p++;
    return (struct view){s.from, (size_t)(p - s.from)};
}

/* Behind a line: CRLF is one end. */
static const char *behind_line(struct view line, const char *stop)
{
    const char *p = line.p + line.n;

    if (p < stop && *p == '\r')
        p++;
    if (p < stop && *p == '\n')
        p++;
    return p;
}

static bool starts_with(struct view line, struct view word)
{
    return line.n >= word.n && memcmp(line.p, word.p, word.n) == 0;
}

static struct view skip(struct view v, bool (*what)(char))
{
    while (v.n && what(v.p[0]))
        v.p++, v.n--;
    return v;
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* " 644 name" */
static bool parse_mode(struct view v, struct view *name)
{
    struct view digits = skip(v, is_blank), after = skip(digits, is_octal);

    *name = view_trim(after);
    return digits.n < v.n && after.n < digits.n && (after.n == 0 || is_blank(after.p[0]));
}

static struct view yenc_name(struct view line)
{
    static const char key[] = " name=";
    const char *p = memmem(line.p, line.n, key, sizeof key - 1);

    if (!p)
        return (struct view){line.p, 0};
    p += sizeof key - 1;
    return view_trim((struct view){p, (size_t)(line.p + line.n - p)});
}

static bool parse_header(struct view line, struct header *h)
{
    static const struct {
        struct view word;
        enum mail_uu_kind kind;
    } kinds[] = {
        {{"begin-base64", 12}, MAIL_UU_BASE64},
        {{"begin", 5}, MAIL_UU_LINES},
        {{"=ybegin ", 8}, MAIL_UU_YENC},
    };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct view word = kinds[i].word;

        if (!starts_with(line, word))
            continue;
        h->kind = kinds[i].kind;
        if (h->kind != MAIL_UU_YENC)
            return parse_mode((struct view){line.p + word.n, line.n - word.n}, &h->name);
        h->name = yenc_name(line);
        return true;
    }
    return false;
}

/* The first line in `text`, which begins at the start of one, that has the form of a header. */
static bool find_header(struct span text, struct header *h)
{
    const char *at = text.from;

    while ((at = memmem(at, (size_t)(text.stop - at), "begin", 5))) {
        bool yenc = at - text.from >= 2 && at[-2] == '=' && at[-1] == 'y';

        h->start = yenc ? at - 2 : at;
        at += 5;
        if (h->start > text.from && !is_line_end(h->start[-1]))
            continue;
        if (parse_header(line_at((struct span){h->start, text.stop}), h)) {
            h->data = behind_line(line_at((struct span){h->start, text.stop}), text.stop);
            return true;
        }
    }
    return false;
}

/* What a line that ends a file begins with; "end" stands alone. */
static const struct view ends[MAIL_UU__MAX] = {{"end", 3}, {"====", 4}, {"=yend", 5}};

static bool is_end(enum mail_uu_kind kind, struct span text)
{
    struct view line;

    if (span_size(text) < ends[kind].n || memcmp(text.from, ends[kind].p, ends[kind].n) != 0)
        return false;
    line = line_at(text);
    return kind != MAIL_UU_LINES || view_trim(line).n == ends[kind].n;
}

/* The line that ends a file whose lines begin at text.from; NULL: there is none. */
static const char *find_end(struct mail_uu *u, enum mail_uu_kind kind, struct span text)
{
    const char *at = text.from;

    if (u->end[kind] && u->end[kind] >= text.from)
        return u->end[kind];
    while (!u->none[kind] && (at = memmem(at, (size_t)(text.stop - at), ends[kind].p, ends[kind].n))) {
        if ((at == text.from || is_line_end(at[-1])) && is_end(kind, (struct span){at, text.stop}))
            return u->end[kind] = at;
        at++;
    }
    u->none[kind] = true;
    return NULL;
}

static unsigned uu_value(char c)
{
    return ((unsigned char)c - 32u) & 63;
}

/* As an encoder writes it, blanks at its end lost or a few bytes behind it added on the way. */
static bool is_uu_line(struct view line)
{
    size_t need = line.n ? (uu_value(line.p[0]) + 2) / 3 * 4 + 1 : 0;

    if (line.n == 0 || line.n > need + MORE_MAX)
        return false;
    for (size_t i = 0; i < line.n && i < need; i++)
        if ((unsigned char)line.p[i] < 32 || (unsigned char)line.p[i] > 96)
            return false;
    return true;
}

static bool is_base64_line(struct view line)
{
    line = view_trim(line);
    for (size_t i = 0; i < line.n; i++) {
        char c = line.p[i], low = (char)(c | 0x20);

        if (!(low >= 'a' && low <= 'z') && !(c >= '0' && c <= '9') && !memchr("+/=", c, 3))
            return false;
    }
    return line.n > 0;
}

static bool is_file_line(enum mail_uu_kind kind, struct view line)
{
    if (kind == MAIL_UU_YENC)
        return true;
    return kind == MAIL_UU_LINES ? is_uu_line(line) : is_base64_line(line);
}

/* Six bits of whatever byte there is, as readers take it; bytes that a line is short of are zeros. */
static void decode_line(struct mail_uu *u, struct view line, struct buf *to)
{
    size_t n = uu_value(line.p[0]), has = (line.n - 1) * 6 / 8, at = 1;

    if (has < n && n - has > u->zeros) {
        u->over = true;
        n = has;
    }
    u->zeros -= has < n ? n - has : 0;
    buf_reserve(to, UU_LINE_MAX);
    for (size_t done = 0; done < n; done += 3) {
        char *three = to->p + to->n + done;
        uint32_t bits = 0;

        for (size_t stop = at + 4; at < stop; at++)
            bits = bits << 6 | (at < line.n ? uu_value(line.p[at]) : 0);
        three[0] = (char)(bits >> 16);
        three[1] = (char)(bits >> 8);
        three[2] = (char)bits;
    }
    to->n += n;
    to->p[to->n] = '\0';
}

/* To the first line that is none, or behind one of no bytes. `strict`: false: all lines. Answers where it
 * ended. */
static const char *decode_lines(struct mail_uu *u, struct span text, bool strict, struct buf *to)
{
    const char *good = text.from;

    while (text.from < text.stop) {
        struct view line = line_at(text);

        text.from = behind_line(line, text.stop);
        if (line.n == 0)
            continue;
        if (strict && !is_uu_line(line))
            break;
        decode_line(u, line, to);
        good = text.from;
        if (strict && uu_value(line.p[0]) == 0)
            break;
    }
    return good;
}

static void decode_yenc(struct span text, struct buf *to)
{
    struct view line = line_at(text);
    char *p;

    if (starts_with(line, VIEW("=ypart")))
        text.from = behind_line(line, text.stop);
    buf_reserve(to, span_size(text));
    p = to->p + to->n;
    for (const char *c = text.from; c < text.stop; c++) {
        if (is_line_end(*c))
            continue;
        if (*c == '=' && c + 1 < text.stop)
            *p++ = (char)(*++c - YENC_ESCAPE - YENC_SHIFT);
        else
            *p++ = (char)(*c - YENC_SHIFT);
    }
    to->n = (size_t)(p - to->p);
    to->p[to->n] = '\0';
}

static void decode_all(struct mail_uu *u, enum mail_uu_kind kind, struct span text, struct buf *to)
{
    if (kind == MAIL_UU_LINES)
        decode_lines(u, text, false, to);
    else if (kind == MAIL_UU_BASE64)
        mail_base64_decode((struct view){text.from, span_size(text)}, MAIL_BASE64_USUAL, to);
    else
        decode_yenc(text, to);
}

static struct span skip_line_ends(struct span text)
{
    while (text.from < text.stop && is_line_end(*text.from))
        text.from++;
    return text;
}

/* Behind the last line of base64 from here on, where no line says that it ends. */
static const char *base64_end(struct span text)
{
    const char *good = text.from;

    for (text = skip_line_ends(text); text.from < text.stop; text = skip_line_ends(text)) {
        struct view line = line_at(text);

        if (!is_base64_line(line))
            break;
        text.from = good = behind_line(line, text.stop);
    }
    return good;
}

static void begin(struct mail_uu *u)
{
    if (u->begun)
        return;
    u->begun = true;
    u->again = u->rest.n * AGAIN_TIMES;
    u->zeros = u->rest.n + ZEROS_MORE;
}

static void set_rest(struct mail_uu *u, const char *from)
{
    u->rest.n = (size_t)(u->rest.p + u->rest.n - from);
    u->rest.p = from;
}

/* Where to go on: behind a file, or at what begins in it. The file is cut there when that was done too often.
 */
static const char *go_on(struct mail_uu *u, struct span *data, const char *behind)
{
    struct header inner;

    if (!find_header(*data, &inner))
        return behind;
    if ((size_t)(data->stop - inner.start) > u->again) {
        u->over = true;
        data->stop = inner.start;
    } else {
        u->again -= (size_t)(data->stop - inner.start);
    }
    return inner.start;
}

/* In the way of readers who stop early. True: all of it is decoded, up to a line that ends it. */
static bool take_strict(struct mail_uu *u, const struct header *h, struct span data,
                        struct mail_uu_file *file, struct buf *to)
{
    const char *good = decode_lines(u, data, true, to);
    bool more = skip_line_ends((struct span){good, data.stop}).from < data.stop;

    if (!file->cut && !more)
        return true;
    file->whole.n = (size_t)(good - h->start);
    /* Others go on to the "end" where there is one: once more from the start. */
    u->whole = !file->cut;
    set_rest(u, u->whole ? h->start : good);
    file->cut = true;
    return false;
}

static bool take_file(struct mail_uu *u, const struct header *h, struct mail_uu_file *file, struct buf *to)
{
    struct span text = {h->data, u->rest.p + u->rest.n}, data = text, first = skip_line_ends(text);
    const char *end = find_end(u, h->kind, text), *behind, *next;
    bool plain = first.from < first.stop && is_file_line(h->kind, line_at(first)), cut = !end;

    if (!plain && cut)
        return false;
    if (cut)
        end = h->kind == MAIL_UU_BASE64 ? base64_end(text) : text.stop;
    data.stop = end;
    behind = next = cut ? end : behind_line(line_at((struct span){end, text.stop}), text.stop);
    *file = (struct mail_uu_file){.name = h->name, .cut = cut, .whole = {h->start, 0}};
    if (h->kind == MAIL_UU_LINES && plain && !u->whole) {
        if (!take_strict(u, h, data, file, to))
            return true;
    } else {
        next = go_on(u, &data, behind);
        decode_all(u, h->kind, data, to);
    }
    u->whole = false;
    file->whole.n = (size_t)((data.stop == end ? behind : data.stop) - h->start);
    set_rest(u, next);
    return true;
}

bool mail_uu_next(struct mail_uu *u, struct mail_uu_file *file, struct buf *to)
{
    struct header h;

    begin(u);
    while (u->rest.n && find_header((struct span){u->rest.p, u->rest.p + u->rest.n}, &h)) {
        if (take_file(u, &h, file, to))
            return true;
        set_rest(u, h.data);
    }
    u->rest.n = 0;
    return false;
}

bool mail_uu_decode(struct view body, struct buf *to)
{
    struct mail_uu u = {.rest = body};
    struct span text = {body.p, body.p};
    struct header h;
    const char *end;

    if (body.n == 0)
        return true;
    text.stop += body.n;
    begin(&u);
    if (!find_header(text, &h))
        h = (struct header){.kind = MAIL_UU_LINES, .data = body.p};
    text.from = h.data;
    end = find_end(&u, h.kind, text);
    if (end)
        text.stop = end;
    decode_all(&u, h.kind, text, to);
    return !u.over;
}
