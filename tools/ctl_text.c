/*
 * ctl_text.c - see ctl_text.h.
 *
 * UTF-8 is decoded here, by RFC 3629 (no overlong forms, no surrogates), because
 * what a terminal does with broken UTF-8 is anybody's guess. Characters that
 * only steer the display (C1 controls, bidirectional marks, zero width) are
 * treated like control characters: they exist to make two addresses look alike.
 */
#include "tools/ctl_text.h"

#include "common/utf8.h"

#define CELL_CUT_MIN 4 /* below this width there is no room for ".." */

struct range {
    uint32_t first, last;
};

static const struct range unprintable[] = {
    {0x0000, 0x001f}, {0x007f, 0x009f}, {0x00ad, 0x00ad}, {0x061c, 0x061c},    {0x180e, 0x180e},
    {0x200b, 0x200f}, {0x2028, 0x202e}, {0x2060, 0x206f}, {0xd800, 0xdfff},    {0xe000, 0xf8ff},
    {0xfe00, 0xfe0f}, {0xfeff, 0xfeff}, {0xfff0, 0xffff}, {0xe0000, 0x10ffff},
};

static const struct range wide[] = {
    {0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3},   {0xf900, 0xfaff},   {0xfe30, 0xfe6f},
    {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff}, {0x20000, 0x3fffd},
};

static bool in_ranges(uint32_t c, const struct range *r, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (c >= r[i].first && c <= r[i].last)
            return true;
    return false;
}

static void add_escaped(struct buf *b, struct view bytes)
{
    for (size_t i = 0; i < bytes.n; i++)
        buf_addf(b, "\\x%02x", (unsigned char)bytes.p[i]);
}

void ctl_text_add(struct buf *b, struct view text, bool raw)
{
    while (text.n) {
        uint32_t c = 0;
        size_t n = utf8_decode(text, &c);
        struct view character = {text.p, n ? n : 1};

        if (raw && n && c >= 0x80 && c <= 0xff)
            buf_addf(b, "\\x%02x", (unsigned)c);
        else if (!n || in_ranges(c, unprintable, sizeof unprintable / sizeof *unprintable))
            add_escaped(b, character);
        else
            buf_add_view(b, character);
        text.p += character.n;
        text.n -= character.n;
    }
}

static size_t columns_of(uint32_t c)
{
    if (c >= 0x300 && c <= 0x36f) /* combining marks stand on the character before */
        return 0;
    return in_ranges(c, wide, sizeof wide / sizeof *wide) ? 2 : 1;
}

/* The longest beginning of `v` that takes at most `max` columns. */
static struct view fit(struct view v, size_t max, size_t *columns)
{
    size_t at = 0;

    *columns = 0;
    while (at < v.n) {
        uint32_t c = 0;
        size_t n = utf8_decode((struct view){v.p + at, v.n - at}, &c);
        size_t w = n ? columns_of(c) : 1;

        if (*columns + w > max)
            break;
        *columns += w;
        at += n ? n : 1;
    }
    return (struct view){v.p, at};
}

size_t ctl_text_width(struct view printable)
{
    size_t columns = 0;

    fit(printable, SIZE_MAX, &columns);
    return columns;
}

void ctl_text_add_cell(struct buf *b, struct view printable, size_t width, bool right)
{
    size_t columns = 0;
    struct view part = fit(printable, width, &columns);
    bool cut = part.n < printable.n && width >= CELL_CUT_MIN;

    if (cut)
        part = fit(printable, width - 2, &columns);
    for (size_t i = columns; right && i < width; i++)
        buf_add_char(b, ' ');
    buf_add_view(b, part);
    if (cut) {
        buf_add_str(b, "..");
        columns += 2;
    }
    for (size_t i = columns; !right && i < width; i++)
        buf_add_char(b, ' ');
}

static struct view without_blanks(struct view v)
{
    while (v.n && v.p[0] == ' ')
        v = (struct view){v.p + 1, v.n - 1};
    return v;
}

/* At least one character is taken, however narrow the line: the caller's loop comes to an end. */
struct view ctl_text_take_line(struct view *rest, size_t width)
{
    struct view all = without_blanks(*rest), line;
    size_t columns = 0;
    const char *blank;

    line = fit(all, width, &columns);
    if (line.n < all.n && all.p[line.n] != ' ' && (blank = memrchr(line.p, ' ', line.n)))
        line.n = (size_t)(blank - line.p);
    if (!line.n && all.n)
        line = fit(all, width < 2 ? 2 : width, &columns);
    if (!line.n && all.n)
        line.n = all.n;
    *rest = without_blanks((struct view){all.p + line.n, all.n - line.n});
    while (line.n && line.p[line.n - 1] == ' ')
        line.n--;
    return line;
}

void ctl_text_add_size(struct buf *b, int64_t bytes)
{
    static const char unit[] = "kMGTPE";
    int64_t whole = bytes;
    size_t u = 0;

    if (bytes < 1024) {
        buf_addf(b, "%lld", (long long)bytes);
        return;
    }
    while (whole >= 1024 * 1024 && unit[u + 1]) {
        whole /= 1024;
        u++;
    }
    if (whole < 10 * 1024)
        buf_addf(b, "%lld.%lld%c", (long long)(whole / 1024), (long long)(whole % 1024 * 10 / 1024), unit[u]);
    else
        buf_addf(b, "%lld%c", (long long)(whole / 1024), unit[u]);
}

void ctl_text_add_time(struct buf *b, struct view rfc3339)
{
    static const char form[] = "0000-00-00T00:00:00";
    bool good = rfc3339.n >= sizeof form - 1;

    for (size_t i = 0; good && i < sizeof form - 1; i++)
        good = form[i] == '0' ? rfc3339.p[i] >= '0' && rfc3339.p[i] <= '9' : rfc3339.p[i] == form[i];
    if (!good) {
        ctl_text_add(b, rfc3339, false);
        return;
    }
    buf_add(b, rfc3339.p, 10);
    buf_add_char(b, ' ');
    buf_add(b, rfc3339.p + 11, 8);
}

struct view ctl_text_short_id(struct view id)
{
    return id.n > CTL_TEXT_ID ? (struct view){id.p + id.n - CTL_TEXT_ID, CTL_TEXT_ID} : id;
}
