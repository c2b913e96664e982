/*
 * edit.c - see edit.h. Packs and unpacks the list of header edits.
 *
 * Called by the supervisor (pack) and by worker-rewrite (unpack). Both ends
 * hold every name and value against the same rules: the worker does not trust
 * that the supervisor checked, because what is written here ends up in a header
 * that a mail reader believes. It never changes a byte to make it fit.
 */
#include "common/edit.h"

#include <errno.h>
#include <stdint.h>

#define EDIT_HEAD 4 /* op, name length, value length */

_Static_assert(EDIT_NAME_MAX <= UINT8_MAX, "a name's length travels in one byte");
_Static_assert(EDIT_VALUE_MAX <= UINT16_MAX, "a value's length travels in two bytes");

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* ftext of RFC 5322 section 3.6.8. */
static bool check_name(struct view name)
{
    for (size_t i = 0; i < name.n; i++)
        if (name.p[i] < '!' || name.p[i] > '~' || name.p[i] == ':')
            return false;
    return name.n > 0 && name.n <= EDIT_NAME_MAX;
}

/* Bytes of the UTF-8 character at `p`, at least 2; 0 when it is none (RFC 3629) or a C1 control character. */
static size_t utf8_length(const unsigned char *p, size_t n)
{
    static const struct {
        unsigned char first, last, low, high, length; /* of the first byte; bounds of the second */
    } forms[] = {
        {0xc2, 0xc2, 0xa0, 0xbf, 2}, {0xc3, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
        {0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
        {0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
    };
    size_t length = 0;

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (p[0] >= forms[i].first && p[0] <= forms[i].last && n >= forms[i].length && p[1] >= forms[i].low &&
            p[1] <= forms[i].high)
            length = forms[i].length;
    for (size_t i = 2; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

/* A line of blanks only would end the header section for some readers, so a fold must lead to text. */
static bool check_fold(struct view v, size_t at)
{
    size_t i = at + 1;

    if (i == v.n || !is_blank(v.p[i]))
        return false;
    while (i < v.n && is_blank(v.p[i]))
        i++;
    return i < v.n && v.p[i] != '\n';
}

static bool check_value(struct view v)
{
    size_t i = 0;

    while (i < v.n) {
        unsigned char c = (unsigned char)v.p[i];
        size_t step = c < 0x80 ? 1 : utf8_length((const unsigned char *)v.p + i, v.n - i);

        if (step == 0 || c == 0x7f || (c < 0x20 && c != '\t' && c != '\n'))
            return false;
        if (c == '\n' && !check_fold(v, i))
            return false;
        i += step;
    }
    return v.n <= EDIT_VALUE_MAX;
}

/* A host stands between blanks in the Received: field, so it can hold none. */
static bool check_host(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (is_blank(v.p[i]) || v.p[i] == '\n')
            return false;
    return v.n > 0 && check_value(v);
}

/* It becomes part of one line, and of blanks alone nobody would see anything. */
static bool check_subject(struct view v)
{
    return v.n <= EDIT_SUBJECT_MAX && view_trim(v).n > 0 && !memchr(v.p, '\n', v.n) && check_value(v);
}

bool edit_is_id(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] <= ' ' || v.p[i] > '~' || strchr("()<>@,;:\\\"/[]?=", v.p[i]))
            return false;
    return v.n > 0 && v.n <= EDIT_ID_MAX;
}

static bool check_edit(unsigned op, struct view name, struct view value)
{
    switch (op) {
    case EDIT_PREPEND:
        return check_name(name) && check_value(value);
    case EDIT_REMOVE_PREFIX:
        return check_name(name) && value.n == 0;
    case EDIT_COUNT_OWN:
        return name.n == 0 && check_host(value);
    case EDIT_SUBJECT:
        return name.n == 0 && check_subject(value);
    case EDIT_REMOVE_AR:
        return name.n == 0 && edit_is_id(value);
    default:
        return false;
    }
}

int edit_pack(struct buf *to, enum edit_op op, struct view name, struct view value)
{
    unsigned char head[EDIT_HEAD];

    if (!check_edit((unsigned)op, name, value)) {
        errno = EINVAL;
        return -1;
    }
    head[0] = (unsigned char)op;
    head[1] = (unsigned char)name.n;
    head[2] = (unsigned char)(value.n & 0xff);
    head[3] = (unsigned char)(value.n >> 8);
    buf_add(to, head, sizeof head);
    buf_add_view(to, name);
    buf_add_view(to, value);
    return 0;
}

int edit_unpack(struct view *rest, struct edit *e)
{
    const unsigned char *head = (const unsigned char *)rest->p;
    struct view name, value;

    if (rest->n == 0)
        return 0;
    if (rest->n < EDIT_HEAD)
        return -1;
    name = (struct view){rest->p + EDIT_HEAD, head[1]};
    value = (struct view){name.p + name.n, (size_t)head[2] | (size_t)head[3] << 8};
    if (name.n + value.n > rest->n - EDIT_HEAD || !check_edit(head[0], name, value))
        return -1;
    *e = (struct edit){(enum edit_op)head[0], name, value};
    rest->p = value.p + value.n;
    rest->n -= EDIT_HEAD + name.n + value.n;
    return 1;
}
