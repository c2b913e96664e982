/*
 * config_set.c - see config_set.h: a growing array and a hash table over it.
 *
 * Thousands of settings are looked up once each while a file is read, so none may cost
 * more than the others. Knows nothing of files and values; trusts its callers to add
 * no setting twice.
 */
#include "spoold/config_set.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define SLOTS_LEAST 256 /* a power of two */

struct config_set *config_set_new(void)
{
    struct config_set *s = xcalloc(1, sizeof *s);

    s->slot_n = SLOTS_LEAST;
    s->slot = xcalloc(s->slot_n, sizeof *s->slot);
    return s;
}

void config_set_free(struct config_set **s)
{
    if (!*s)
        return;
    for (size_t i = 0; i < (*s)->n; i++) {
        free((*s)->item[i].name);
        free((*s)->item[i].value);
    }
    for (size_t i = 0; i < (*s)->file_n; i++)
        free((*s)->file[i]);
    free((*s)->item);
    free((*s)->slot);
    free((*s)->file);
    free(*s);
    *s = NULL;
}

const char *config_set_keep(struct config_set *s, const char *file)
{
    s->file = xrealloc(s->file, s->file_n + 1, sizeof *s->file);
    return s->file[s->file_n++] = xstrdup(file);
}

/* Headers of one section stand in several files, so they are several behind one hash. */
static size_t first_slot(const struct config_set *s, const struct config_option *o, struct view name)
{
    uint64_t h = (uintptr_t)o * 0x9e3779b97f4a7c15u;

    for (size_t i = 0; i < name.n; i++)
        h = (h ^ (unsigned char)name.p[i]) * 0x100000001b3u;
    return (h ^ h >> 32) & (s->slot_n - 1);
}

static struct config_set_item *find(const struct config_set *s, const struct config_set_item *wanted,
                                    struct view name)
{
    for (size_t at = first_slot(s, wanted->o, name); s->slot[at]; at = (at + 1) & (s->slot_n - 1)) {
        struct config_set_item *i = &s->item[s->slot[at] - 1];

        if (i->o == wanted->o && i->header == wanted->header && view_equal(view_of(i->name), name) &&
            (wanted->source == CONFIG_SET_NOWHERE || wanted->source == i->source))
            return i;
    }
    return NULL;
}

struct config_set_item *config_set_find(const struct config_set *s, const struct config_option *o,
                                        struct view name)
{
    return find(s, &(struct config_set_item){.o = o, .source = CONFIG_SET_NOWHERE}, name);
}

struct config_set_item *config_set_find_header(const struct config_set *s, const struct config_option *o,
                                               struct view name, size_t source)
{
    return find(s, &(struct config_set_item){.o = o, .header = true, .source = source}, name);
}

static void put_slot(struct config_set *s, size_t number)
{
    size_t at = first_slot(s, s->item[number].o, view_of(s->item[number].name));

    while (s->slot[at])
        at = (at + 1) & (s->slot_n - 1);
    s->slot[at] = (uint32_t)number + 1;
}

static void grow(struct config_set *s)
{
    s->slot_n *= 2;
    free(s->slot);
    s->slot = xcalloc(s->slot_n, sizeof *s->slot);
    for (size_t i = 0; i < s->n; i++)
        put_slot(s, i);
}

struct config_set_item *config_set_add(struct config_set *s, const struct config_option *o,
                                       const struct config_setting *from)
{
    struct config_set_item *i = NULL;

    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 64;
        s->item = xrealloc(s->item, s->cap, sizeof *s->item);
    }
    i = &s->item[s->n++];
    *i = (struct config_set_item){.o = o, .lineno = from->lineno, .source = CONFIG_SET_NOWHERE};
    i->name = xstrndup(from->name.p, from->name.n);
    i->value = xstrndup(from->value.p, from->value.n);
    if (2 * s->n > s->slot_n)
        grow(s);
    else
        put_slot(s, s->n - 1);
    return i;
}
