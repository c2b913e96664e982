/*
 * utf8.c - see utf8.h. One table of least values, so that no character has two forms.
 *
 * Linked into supervisor, tools and workers. The bytes are hostile.
 */
#include "common/utf8.h"

size_t utf8_decode(struct view v, uint32_t *c)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    unsigned char first = v.n ? (unsigned char)v.p[0] : 0xff;
    size_t n = first < 0x80   ? 1
               : first < 0xc2 ? 0
               : first < 0xe0 ? 2
               : first < 0xf0 ? 3
               : first < 0xf5 ? 4
                              : 0;

    if (n == 0 || n > v.n)
        return 0;
    *c = n == 1 ? first : first & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) {
        if (((unsigned char)v.p[i] & 0xc0) != 0x80)
            return 0;
        *c = *c << 6 | ((unsigned char)v.p[i] & 0x3f);
    }
    return *c < least[n] || *c > 0x10ffff || (*c >= 0xd800 && *c <= 0xdfff) ? 0 : n;
}

struct view utf8_cut(struct view v, size_t max)
{
    if (v.n <= max)
        return v;
    v.n = max;
    while (v.n && ((unsigned char)v.p[v.n] & 0xc0) == 0x80)
        v.n--;
    return v;
}
