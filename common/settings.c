/*
 * settings.c - see settings.h: packing the settings of a role, and finding them.
 *
 * The supervisor packs them, item behind item; a loader opens them once and asks by section, name and key.
 * Lists may have a million entries: those are walked in their order, and only items with a key stand in the
 * hash table. It trusts what a setting says (the configuration was checked before it was packed), but no
 * length. An item is six numbers, little endian, and five texts:
 *   bytes of section u16, name u16, key u16, file u16, value u32, line u32; section, name, key, file, value
 */
#include "common/settings.h"

#include "common/pack.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

#define ITEM_HEAD   16
#define SLOTS_LEAST 64 /* a power of two */

/* --- packing ------------------------------------------------------------ */

static struct view cut(struct view v, size_t max)
{
    return (struct view){v.p, v.n < max ? v.n : max};
}

void settings_add(struct buf *to, const struct settings_item *i)
{
    const struct view text[] = {cut(i->section, UINT16_MAX), cut(i->name, UINT16_MAX),
                                cut(i->key, UINT16_MAX), cut(i->file, UINT16_MAX),
                                cut(i->value, SETTINGS_MAX)};
    char head[ITEM_HEAD], *p = head;

    for (size_t k = 0; k < 4; k++)
        p = pack_put(p, text[k].n, 2);
    p = pack_put(p, text[4].n, 4);
    pack_put(p, i->line, 4);
    buf_add(to, head, sizeof head);
    for (size_t k = 0; k < sizeof text / sizeof *text; k++)
        buf_add_view(to, text[k]);
}

static bool take_item(struct view *rest, struct settings_item *i)
{
    const char *head = rest->p;
    struct view skipped;

    if (!pack_take_bytes(rest, ITEM_HEAD, &skipped))
        return false;
    i->line = (uint32_t)pack_get(head + 12, 4);
    return pack_take_bytes(rest, pack_get(head, 2), &i->section) &&
           pack_take_bytes(rest, pack_get(head + 2, 2), &i->name) &&
           pack_take_bytes(rest, pack_get(head + 4, 2), &i->key) &&
           pack_take_bytes(rest, pack_get(head + 6, 2), &i->file) &&
           pack_take_bytes(rest, pack_get(head + 8, 4), &i->value);
}

/* --- finding ------------------------------------------------------------ */

static uint32_t hash_view(uint32_t h, struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        h = (h ^ (unsigned char)v.p[i]) * 16777619u;
    return (h ^ 0xff) * 16777619u; /* "a" "bc" is not "ab" "c" */
}

static bool is_same(const struct settings_item *a, const struct settings_item *b)
{
    return view_equal(a->key, b->key) && view_equal(a->section, b->section) && view_equal(a->name, b->name);
}

/* Where it is, or the empty slot where it would be. */
static uint32_t *find_slot(const struct settings *s, const struct settings_item *i)
{
    size_t mask = s->slot_n - 1;
    size_t at = hash_view(hash_view(hash_view(2166136261u, i->section), i->name), i->key) & mask;

    while (s->slot[at] && !is_same(&s->item[s->slot[at] - 1], i))
        at = (at + 1) & mask;
    return &s->slot[at];
}

/* The first one of several keeps the place. */
static void fill_slots(struct settings *s)
{
    size_t keys = 0;

    for (size_t i = 0; i < s->n; i++)
        keys += s->item[i].key.n > 0;
    for (s->slot_n = SLOTS_LEAST; s->slot_n < 2 * keys;)
        s->slot_n *= 2;
    s->slot = xcalloc(s->slot_n, sizeof *s->slot);
    for (size_t i = 0; i < s->n; i++) {
        uint32_t *slot = s->item[i].key.n ? find_slot(s, &s->item[i]) : NULL;

        if (slot && !*slot)
            *slot = (uint32_t)(i + 1);
    }
}

static size_t count_items(struct view rest)
{
    struct settings_item i;
    size_t n = 0;

    for (; rest.n; n++)
        if (!take_item(&rest, &i))
            return SIZE_MAX;
    return n;
}

int settings_open(struct settings *s, struct view bytes)
{
    size_t n = bytes.n > SETTINGS_MAX ? SIZE_MAX : count_items(bytes);

    *s = (struct settings){0};
    if (n == SIZE_MAX) {
        errno = EPROTO;
        return -1;
    }
    s->item = xcalloc(n, sizeof *s->item);
    while (s->n < n)
        take_item(&bytes, &s->item[s->n++]);
    fill_slots(s);
    return 0;
}

void settings_free(struct settings *s)
{
    free(s->item);
    free(s->slot);
    *s = (struct settings){0};
}

const struct settings_item *settings_find(const struct settings *s, const char *section, struct view name,
                                          const char *key)
{
    const struct settings_item wanted = {.section = view_of(section), .name = name, .key = view_of(key)};
    uint32_t at = s->slot_n ? *find_slot(s, &wanted) : 0;

    return at ? &s->item[at - 1] : NULL;
}

const struct settings_item *settings_next(const struct settings *s, const char *section, const char *name,
                                          size_t *at)
{
    struct view wanted = view_of(section), named = view_of(name);

    while (*at < s->n) {
        const struct settings_item *i = &s->item[(*at)++];

        if (view_equal(i->section, wanted) && (!name || view_equal(i->name, named)))
            return i;
    }
    return NULL;
}

/* --- values ------------------------------------------------------------- */

static bool read_int(struct view v, int64_t *to)
{
    bool minus = v.n && v.p[0] == '-';
    int64_t n = 0;

    if (v.n == minus)
        return false;
    /* Counted downwards: there is one more below zero than above. */
    for (size_t i = minus; i < v.n; i++)
        if (v.p[i] < '0' || v.p[i] > '9' || __builtin_mul_overflow(n, 10, &n) ||
            __builtin_sub_overflow(n, v.p[i] - '0', &n))
            return false;
    if (!minus && __builtin_sub_overflow(0, n, &n))
        return false;
    *to = n;
    return true;
}

int64_t settings_named_int(const struct settings *s, const char *section, struct view name, const char *key,
                           int64_t preset)
{
    const struct settings_item *i = settings_find(s, section, name, key);

    if (i)
        read_int(i->value, &preset);
    return preset;
}

struct view settings_named_text(const struct settings *s, const char *section, struct view name,
                                const char *key)
{
    const struct settings_item *i = settings_find(s, section, name, key);

    return i ? i->value : VIEW("");
}

int64_t settings_int(const struct settings *s, const char *section, const char *key, int64_t preset)
{
    return settings_named_int(s, section, VIEW(""), key, preset);
}

bool settings_bool(const struct settings *s, const char *section, const char *key, bool preset)
{
    struct view v = settings_text(s, section, key);

    return v.n == 1 && (v.p[0] == '0' || v.p[0] == '1') ? v.p[0] == '1' : preset;
}

struct view settings_text(const struct settings *s, const char *section, const char *key)
{
    return settings_named_text(s, section, VIEW(""), key);
}
