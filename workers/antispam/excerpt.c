/*
 * excerpt.c - see excerpt.h: character by character, with a table of those that are not shown.
 *
 * Pure, bounded by `max`. The bytes are hostile.
 */
#include "workers/antispam/excerpt.h"

#include "common/utf8.h"

#include <stdint.h>

/* Controls, and what turns or hides the text around it: marks of direction, joiners, blanks of no width. */
static bool is_hidden(uint32_t c)
{
    static const struct {
        uint32_t first, last;
    } hidden[] = {{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},
                  {0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f},
                  {0xfeff, 0xfeff}, {0xfff9, 0xfffb}, {0xe0000, 0xe0fff}, {0xd800, 0xdfff}};

    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++)
        if (c >= hidden[i].first && c <= hidden[i].last)
            return true;
    return false;
}

static bool is_white(uint32_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r') || c == 0xa0;
}

void excerpt_add(struct buf *to, struct view text, size_t max)
{
    size_t begin = to->n, whole = begin; /* up to `whole` there is room for "..." */
    bool white = false;

    while (text.n) {
        uint32_t c = 0;
        size_t n = utf8_decode(text, &c);
        struct view shown = {text.p, n};

        if (is_white(n ? c : 0))
            shown = white ? VIEW("") : VIEW(" ");
        else if (n == 0 || is_hidden(c))
            shown = VIEW("?");
        white = is_white(n ? c : 0);
        if (to->n - begin + shown.n > max) {
            to->n = whole;
            buf_add_str(to, "...");
            return;
        }
        buf_add_view(to, shown);
        if (to->n - begin + 3 <= max)
            whole = to->n;
        text.p += n ? n : 1;
        text.n -= n ? n : 1;
    }
}
