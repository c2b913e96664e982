/*
 * mail_base64.c - see mail_base64.h.
 *
 * Called by mail_leaf.c for bodies, mail_word.c for encoded words and mail_uu.c for files in text. Groups
 * of four plain letters are taken eight letters at a time; every byte that is none goes through
 * take_byte(), which alone knows the ways. Never fails, never reads behind `in`; trusts nothing in it.
 * Its buffer gets all the room it can need before the first byte is written.
 */
#include "workers/mail/mail_base64.h"

#include <endian.h>
#include <stdint.h>

#define LETTER                                                                                               \
    (1u << 24)  /* of each letter's value in the tables, so that a sum of four tells whether all are */
#define ALL  4u /* ... by its highest byte */
#define ROOM 16 /* eight bytes are written where six count */

#define ONE(c, v, s)   [c] = LETTER | (uint32_t)(v) << (s)
#define FOUR(c, v, s)  ONE(c, v, s), ONE(c + 1, v + 1, s), ONE(c + 2, v + 2, s), ONE(c + 3, v + 3, s)
#define EIGHT(c, v, s) FOUR(c, v, s), FOUR(c + 4, v + 4, s)
#define ALPHABET(s)                                                                                          \
    {                                                                                                        \
        EIGHT('A', 0, s), EIGHT('I', 8, s), EIGHT('Q', 16, s), ONE('Y', 24, s), ONE('Z', 25, s),             \
            EIGHT('a', 26, s), EIGHT('i', 34, s), EIGHT('q', 42, s), ONE('y', 50, s), ONE('z', 51, s),       \
            EIGHT('0', 52, s), ONE('8', 60, s), ONE('9', 61, s), ONE('+', 62, s), ONE('/', 63, s)            \
    }

/* The value of a letter, where its bits belong in a group; 0: no letter. */
static const uint32_t letters[4][256] = {ALPHABET(18), ALPHABET(12), ALPHABET(6), ALPHABET(0)};

struct decoder {
    enum mail_base64_way way;
    unsigned char *to;
    uint32_t bits;
    unsigned n;    /* letters of the group that is not full yet */
    unsigned pads; /* "=" that count as letters of it (QUADS) */
    unsigned row;  /* "=" since the last letter */
    unsigned met;
    unsigned waiting; /* is met as soon as one more letter comes */
    bool lone, done;
};

static uint32_t group_at(const unsigned char *p)
{
    return letters[0][p[0]] + letters[1][p[1]] + letters[2][p[2]] + letters[3][p[3]];
}

static void note_letters(struct decoder *d)
{
    d->met |= d->waiting;
    d->waiting = 0;
    d->row = 0;
    d->lone = false;
}

/* Whole groups and the line ends between them; answers where something else begins. */
static const unsigned char *take_groups(struct decoder *d, const unsigned char *p, const unsigned char *end)
{
    unsigned char *to = d->to;

    for (;;) {
        for (; end - p >= 8; p += 8, to += 6) {
            uint32_t a = group_at(p), b = group_at(p + 4);
            uint64_t six = htobe64((uint64_t)a << 40 | (uint64_t)(b & (LETTER - 1)) << 16);

            if (a >> 24 != ALL || b >> 24 != ALL)
                break;
            memcpy(to, &six, sizeof six);
        }
        if (end - p >= 4 && group_at(p) >> 24 == ALL) {
            uint32_t three = htobe32(group_at(p) << 8);

            memcpy(to, &three, sizeof three);
            p += 4, to += 3;
        }
        if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
            p += 2;
        else if (end - p >= 1 && p[0] == '\n')
            p++;
        else
            break;
    }
    if (to != d->to)
        note_letters(d);
    d->to = to;
    return p;
}

/* Ends a group, full or not: the bytes of it that are whole. */
static void end_group(struct decoder *d)
{
    unsigned whole = d->n * 6 / 8;
    uint32_t bits = d->bits << (4 - d->n) * 6;

    whole = whole > d->pads ? whole - d->pads : 0;
    for (unsigned i = 0; i < whole; i++, bits <<= 8)
        *d->to++ = (unsigned char)(bits >> 16);
    d->bits = d->n = d->pads = 0;
}

static void add_letter(struct decoder *d, uint32_t value)
{
    d->bits = d->bits << 6 | (value & 63);
    if (++d->n == 4)
        end_group(d);
}

static void take_padding(struct decoder *d)
{
    /* The group ends here for most, so a line end within it makes no difference any more. */
    d->waiting = (d->waiting | MAIL_BASE64_INSIDE) & ~(unsigned)MAIL_BASE64_UNEVEN;
    d->row++;
    switch (d->way) {
    case MAIL_BASE64_FLAT:
        break;
    case MAIL_BASE64_QUADS:
        d->pads++;
        add_letter(d, 0);
        break;
    case MAIL_BASE64_FULL:
        d->done = d->n >= 2 && d->n + d->row >= 4;
        break;
    case MAIL_BASE64_STOP:
        d->done = true;
        break;
    default:
        d->lone |= d->n == 1;
        end_group(d);
    }
}

static void take_line_end(struct decoder *d)
{
    if (d->n == 0)
        return;
    d->waiting |= MAIL_BASE64_UNEVEN;
    if (d->way == MAIL_BASE64_LINES)
        end_group(d);
}

static bool is_white(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool mail_base64_is_foreign(char c)
{
    unsigned char byte = (unsigned char)c;

    return !letters[3][byte] && byte != '=' && !is_white(byte);
}

static void take_byte(struct decoder *d, unsigned char c)
{
    bool url = c == '-' || c == '_';

    if (letters[3][c] || (url && d->way == MAIL_BASE64_OTHER)) {
        note_letters(d);
        add_letter(d, url ? 62u + (c == '_') : letters[3][c]);
    } else if (c == '=') {
        take_padding(d);
    } else if (c == '\n') {
        take_line_end(d);
    } else if (!is_white(c)) {
        d->waiting |= MAIL_BASE64_FOREIGN;
        d->met |= url ? MAIL_BASE64_URL : 0u;
        d->done = d->way == MAIL_BASE64_CUT;
    }
}

unsigned mail_base64_decode(struct view in, enum mail_base64_way way, struct buf *to)
{
    const unsigned char *p = (const unsigned char *)in.p, *end;
    struct decoder d = {.way = way};

    buf_reserve(to, in.n / 4 * 3 + ROOM);
    d.to = (unsigned char *)to->p + to->n;
    for (end = in.n ? p + in.n : p; p < end && !d.done;) {
        if (d.n == 0)
            p = take_groups(&d, p, end);
        if (p < end)
            take_byte(&d, *p++);
    }
    if (d.n || d.lone)
        d.met |= MAIL_BASE64_SHORT;
    end_group(&d);
    to->n = (size_t)(d.to - (unsigned char *)to->p);
    to->p[to->n] = '\0';
    return d.met;
}

unsigned mail_base64_other_ways(unsigned met)
{
    static const struct {
        unsigned met, ways;
    } table[] = {
        {MAIL_BASE64_INSIDE,
         1u << MAIL_BASE64_STOP | 1u << MAIL_BASE64_FLAT | 1u << MAIL_BASE64_FULL | 1u << MAIL_BASE64_QUADS},
        {MAIL_BASE64_FOREIGN, 1u << MAIL_BASE64_CUT},
        {MAIL_BASE64_UNEVEN, 1u << MAIL_BASE64_LINES},
        {MAIL_BASE64_URL, 1u << MAIL_BASE64_OTHER},
    };
    unsigned ways = 0;

    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (met & table[i].met)
            ways |= table[i].ways;
    return ways;
}
