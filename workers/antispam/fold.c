/*
 * fold.c - see fold.h: soft hyphens, blanks and joiners of no width go, U+FF01-FF5E become ASCII.
 *
 * Called for each text of a message that rules look at. All of these characters begin with one of three
 * bytes, so other text is passed over byte by byte, without decoding. It must never make text longer, and
 * trusts nothing in it.
 */
#include "workers/antispam/fold.h"

#include "common/utf8.h"

#include <stdint.h>

#define WIDE_FIRST  0xff01 /* "!" */
#define WIDE_LAST   0xff5e /* "~" */
#define UTF8_TAIL   3      /* bytes of a character behind its first one, at most */
#define SOFT_HYPHEN 0xad
#define BYTE_ORDER  0xfeff
#define IS_LEAD(c)  ((c) == 0xc2 || (c) == 0xe2 || (c) == 0xef)

static bool is_invisible(uint32_t c)
{
    return c == SOFT_HYPHEN || (c >= 0x200b && c <= 0x200f) || (c >= 0x2060 && c <= 0x2064) ||
           c == BYTE_ORDER;
}

static bool is_wide(uint32_t c)
{
    return c >= WIDE_FIRST && c <= WIDE_LAST;
}

/* The next character from `at` on that is folded: its place, or the end of the text; what it is and its
 * length. */
static size_t find(struct view text, size_t at, uint32_t *c, size_t *n)
{
    for (; at < text.n; at++) {
        const unsigned char first = (unsigned char)text.p[at];

        if (!IS_LEAD(first))
            continue;
        *n = utf8_decode((struct view){text.p + at, text.n - at}, c);
        if (*n && (is_invisible(*c) || is_wide(*c)))
            return at;
    }
    return text.n;
}

bool fold_is_needed(struct view text)
{
    uint32_t c;
    size_t n;

    return find(text, 0, &c, &n) < text.n;
}

void fold_add(struct buf *to, struct view text)
{
    for (size_t at = 0; at < text.n;) {
        uint32_t c = 0;
        size_t n = 0, end = find(text, at, &c, &n);

        buf_add(to, text.p + at, end - at);
        if (end < text.n && is_wide(c))
            buf_add_char(to, (char)(c - WIDE_FIRST + '!'));
        at = end < text.n ? end + n : end;
    }
}

/* utf8_cut() would go back over any number of such bytes. */
struct view fold_cut(struct view text, size_t max)
{
    struct view v = utf8_cut(text, max);

    if (text.n > max && max - v.n > UTF8_TAIL)
        v.n = max;
    return v;
}
