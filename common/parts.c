/*
 * parts.c - see parts.h: packing, unpacking and telling the list of a message's parts.
 *
 * Packed by worker-av, unpacked by the supervisor and spoolctl check from memory that a hostile
 * process wrote: a list is taken whole or not at all. A packed list is its head (version, oddities,
 * number of items, number of those not listed), then the items (flags, size, SHA-256, two lengths,
 * type, name), all numbers little endian. There is one way only to write a list, so that what was
 * unpacked packs into the same bytes. Types and names are made harmless when they are added, and
 * one that is not is refused when it comes back.
 */
#include "common/parts.h"

#include "common/utf8.h"

#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

#define PARTS_VERSION  1
#define PARTS_FLAGS    (PARTS_OTHER_READING | PARTS_INSIDE)
#define PARTS_HEAD     20 /* bytes before the items */
#define PARTS_ITEM     46 /* bytes of an item without type and name */
#define PARTS_INSTEAD  '?'
#define PARTS_JSON_MAX 1200 /* bytes of an item as JSON: each byte of type and name escaped, and room */

_Static_assert(PARTS_TYPE_MAX <= UINT8_MAX && PARTS_NAME_MAX <= UINT8_MAX, "lengths travel in one byte");
_Static_assert(PARTS_HEAD + PARTS_LISTED_MAX * (PARTS_ITEM + PARTS_TYPE_MAX + PARTS_NAME_MAX) <=
                   PARTS_PACKED_MAX,
               "the largest list can be packed");
_Static_assert(2 * (PARTS_TYPE_MAX + PARTS_NAME_MAX) + 250 < PARTS_JSON_MAX, "the largest item as JSON");

/* --- types and names ---------------------------------------------------- */

static bool is_type_byte(unsigned char c)
{
    return c > ' ' && c < 0x7f && !(c >= 'A' && c <= 'Z');
}

/* Bytes of the character at the start of `v`; 0: no UTF-8, or a control character. */
static size_t name_character(struct view v)
{
    uint32_t c;
    size_t n = utf8_decode(v, &c);

    return n && (c < 0x20 || (c >= 0x7f && c <= 0x9f)) ? 0 : n;
}

static void clean_type(char *to, struct view type)
{
    size_t n = type.n < PARTS_TYPE_MAX ? type.n : PARTS_TYPE_MAX;

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)type.p[i];

        if (c >= 'A' && c <= 'Z')
            c = (unsigned char)(c + ('a' - 'A'));
        to[i] = is_type_byte(c) ? (char)c : PARTS_INSTEAD;
    }
    to[n] = '\0';
}

/* Cut between two characters, never through one. */
static void clean_name(char *to, struct view name)
{
    size_t at = 0;

    while (name.n) {
        size_t n = name_character(name), step = n ? n : 1;

        if (at + step > PARTS_NAME_MAX)
            break;
        if (n)
            memcpy(to + at, name.p, n);
        else
            to[at] = PARTS_INSTEAD;
        at += step;
        name.p += step;
        name.n -= step;
    }
    to[at] = '\0';
}

static bool is_type(struct view type)
{
    for (size_t i = 0; i < type.n; i++)
        if (!is_type_byte((unsigned char)type.p[i]))
            return false;
    return type.n <= PARTS_TYPE_MAX;
}

static bool is_name(struct view name)
{
    size_t n = 0;

    if (name.n > PARTS_NAME_MAX)
        return false;
    for (; name.n && (n = name_character(name)); name.n -= n)
        name.p += n;
    return name.n == 0;
}

/* --- the list ----------------------------------------------------------- */

static struct parts_item *add_item(struct parts *p)
{
    /* Doubled, from 8 on: most messages have few parts. */
    if (p->n == 0 || (p->n >= 8 && (p->n & (p->n - 1)) == 0))
        p->item = xrealloc(p->item, p->n ? 2 * (size_t)p->n : 8, sizeof *p->item);
    return &p->item[p->n++];
}

/* Readings that see the same differ in nothing that people look for. */
static bool is_listed(const struct parts *p, const struct parts_item *i)
{
    for (uint32_t k = 0; k < p->n; k++)
        if (memcmp(p->item[k].sha256, i->sha256, sizeof i->sha256) == 0 && p->item[k].size == i->size &&
            strcmp(p->item[k].name, i->name) == 0 && strcmp(p->item[k].type, i->type) == 0)
            return true;
    return false;
}

void parts_add(struct parts *p, const struct parts_item *numbers, struct view type, struct view name)
{
    struct parts_item i = {.flags = numbers->flags & PARTS_FLAGS, .size = numbers->size};

    if (i.size > INT64_MAX)
        i.size = INT64_MAX; /* what JSON can tell */
    memcpy(i.sha256, numbers->sha256, sizeof i.sha256);
    clean_type(i.type, type);
    clean_name(i.name, name);
    if (is_listed(p, &i))
        return;
    if (p->n == PARTS_LISTED_MAX)
        p->more += p->more < UINT32_MAX;
    else
        *add_item(p) = i;
}

void parts_free(struct parts *p)
{
    free(p->item);
    *p = (struct parts){0};
}

bool parts_is_ambiguous(const struct parts *p)
{
    return oddity_of_grade(p->odd, ODDITY_AMBIGUOUS) != 0;
}

/* --- packing ------------------------------------------------------------ */

static void put_number(struct buf *to, uint64_t v, size_t bytes)
{
    for (; bytes > 0; bytes--, v >>= 8)
        buf_add_char(to, (char)(v & 0xff));
}

static uint64_t get_number(const char **p, size_t bytes)
{
    uint64_t v = 0;

    for (size_t i = 0; i < bytes; i++)
        v |= (uint64_t)(unsigned char)*(*p)++ << (8 * i);
    return v;
}

void parts_pack(struct buf *to, const struct parts *p)
{
    put_number(to, PARTS_VERSION, 4);
    put_number(to, p->odd, 8);
    put_number(to, p->n, 4);
    put_number(to, p->more, 4);
    for (uint32_t k = 0; k < p->n; k++) {
        const struct parts_item *i = &p->item[k];
        struct view type = view_of(i->type), name = view_of(i->name);

        put_number(to, i->flags, 4);
        put_number(to, i->size, 8);
        buf_add(to, i->sha256, sizeof i->sha256);
        put_number(to, type.n, 1);
        put_number(to, name.n, 1);
        buf_add_view(to, type);
        buf_add_view(to, name);
    }
}

/* The next item off `rest`; false when there is none. */
static bool take_item(struct view *rest, struct parts *p)
{
    struct parts_item numbers = {0};
    struct view type, name;
    const char *at = rest->p;

    if (rest->n < PARTS_ITEM)
        return false;
    numbers.flags = (uint32_t)get_number(&at, 4);
    numbers.size = get_number(&at, 8);
    memcpy(numbers.sha256, at, sizeof numbers.sha256);
    at += sizeof numbers.sha256;
    type.n = (size_t)get_number(&at, 1);
    name.n = (size_t)get_number(&at, 1);
    type.p = at;
    name.p = at + type.n;
    if (type.n + name.n > rest->n - PARTS_ITEM || (numbers.flags & ~(uint32_t)PARTS_FLAGS) ||
        numbers.size > INT64_MAX || !is_type(type) || !is_name(name))
        return false;
    parts_add(p, &numbers, type, name);
    rest->p = name.p + name.n;
    rest->n -= PARTS_ITEM + type.n + name.n;
    return true;
}

/* Bits that name no oddity are nothing that a worker of this version says. */
static bool is_set(uint64_t odd)
{
    return !(odd & 1) && odd >> (ODDITY__MAX - 1) >> 1 == 0;
}

static int unpack_head(struct view *rest, struct parts *p, uint32_t *n)
{
    const char *at = rest->p;

    if (rest->n < PARTS_HEAD || rest->n > PARTS_PACKED_MAX || get_number(&at, 4) != PARTS_VERSION)
        return -1;
    p->odd = get_number(&at, 8);
    *n = (uint32_t)get_number(&at, 4);
    p->more = (uint32_t)get_number(&at, 4);
    *rest = (struct view){at, rest->n - PARTS_HEAD};
    return is_set(p->odd) && *n <= PARTS_LISTED_MAX ? 0 : -1;
}

int parts_unpack(struct view bytes, struct parts *p)
{
    struct parts list = {0};
    uint32_t n = 0;
    int rc = unpack_head(&bytes, &list, &n);

    for (uint32_t k = 0; rc == 0 && k < n; k++)
        rc =
            take_item(&bytes, &list) && list.n == k + 1 ? 0 : -1; /* the same twice is not how it is packed */
    if (rc < 0 || bytes.n) {
        parts_free(&list);
        errno = EPROTO;
        return -1;
    }
    *p = list;
    return 0;
}

/* --- telling ------------------------------------------------------------ */

static void add_sha256(struct json *j, const unsigned char *sha256)
{
    static const char digits[] = "0123456789abcdef";
    char hex[64];

    for (size_t i = 0; i < 32; i++) {
        hex[2 * i] = digits[sha256[i] >> 4];
        hex[2 * i + 1] = digits[sha256[i] & 15];
    }
    json_add_view(j, "sha256", (struct view){hex, sizeof hex});
}

static void add_item_json(struct buf *to, const struct parts_item *i)
{
    struct json j = {.out = to};

    buf_add_char(to, '{');
    json_add_str(&j, "type", i->type);
    json_add_str(&j, "name", i->name);
    json_add_int(&j, "size", (int64_t)i->size);
    add_sha256(&j, i->sha256);
    json_add_str(&j, "reading", i->flags & PARTS_OTHER_READING ? "some" : "all");
    if (i->flags & PARTS_INSIDE)
        json_add_bool(&j, "inside", true);
    buf_add_char(to, '}');
}

/* The names of a set, in the order of the enum. Returns how many. */
static size_t names_of(uint64_t set, struct view names[ODDITY__MAX])
{
    size_t n = 0;

    for (unsigned o = ODDITY_NONE + 1; o < ODDITY__MAX; o++)
        if (set & oddity_bit(o))
            names[n++] = view_of(oddity_name(o));
    return n;
}

void parts_add_json_within(struct json *j, const struct parts *p, size_t max)
{
    struct view names[ODDITY__MAX];
    struct buf list = {0}, item = {0};
    uint64_t more = p->more;

    buf_add_char(&list, '[');
    for (uint32_t k = 0; k < p->n; k++) {
        buf_clear(&item);
        add_item_json(&item, &p->item[k]);
        if (list.n + 1 + item.n + 1 > max) {
            more += p->n - k; /* none out of its order */
            break;
        }
        buf_add_str(&list, k ? "," : "");
        buf_add_view(&list, buf_view(&item));
    }
    buf_add_char(&list, ']');
    json_add_text(j, "parts", buf_view(&list));
    if (more)
        json_add_int(j, "parts_more", (int64_t)more);
    json_add_views(j, "oddities", names, names_of(p->odd, names));
    json_add_bool(j, "ambiguous", parts_is_ambiguous(p));
    buf_free(&list);
    buf_free(&item);
}

void parts_add_json(struct json *j, const struct parts *p)
{
    parts_add_json_within(j, p, PARTS_LISTED_MAX * PARTS_JSON_MAX);
}

void parts_add_ambiguous(struct buf *to, const struct parts *p)
{
    struct view names[ODDITY__MAX];
    size_t n = names_of(oddity_of_grade(p->odd, ODDITY_AMBIGUOUS), names);

    for (size_t i = 0; i < n; i++) {
        buf_add_str(to, i ? ", " : "");
        buf_add_view(to, names[i]);
    }
}
