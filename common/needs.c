/*
 * needs.c - see facts.h: the questions that a message makes necessary, each once.
 *
 * Filled by worker-antispam while it judges, packed into its answer; unpacked by the supervisor, to whom it
 * is input: taken whole or not at all, one way only to write it. Names come from hostile messages; what
 * cannot be asked never gets in. Packed: over u8, 0 u8, n u16, and n times {type u8, bytes of name u8, name}.
 */
#include "common/facts.h"

#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

#define NEEDS_HEAD  4
#define NEED_HEAD   2
#define SLOTS_LEAST 64 /* a power of two */

_Static_assert(NEEDS_MAX <= UINT16_MAX && FACTS_NAME_MAX <= UINT8_MAX, "numbers travel in two bytes and one");

/* Where it is, or the empty slot where it would be. */
static uint32_t *find_slot(const struct needs *n, enum fact_type type, struct view clean)
{
    uint32_t mask = n->slot_n - 1, at = fact_hash(type, clean) & mask;

    for (; n->slot[at]; at = (at + 1) & mask)
        if (n->need[n->slot[at] - 1].type == type && view_equal(n->need[n->slot[at] - 1].name, clean))
            break;
    return &n->slot[at];
}

/* At most half full, so that there is always an empty one to end at. */
static void make_room(struct needs *n)
{
    if (n->n == n->cap) {
        n->cap = n->cap ? 2 * n->cap : SLOTS_LEAST / 2;
        n->need = xrealloc(n->need, n->cap, sizeof *n->need);
    }
    if (2 * (n->n + 1) <= n->slot_n)
        return;
    free(n->slot);
    n->slot_n = n->slot_n ? 2 * n->slot_n : SLOTS_LEAST;
    n->slot = xcalloc(n->slot_n, sizeof *n->slot);
    for (unsigned i = 0; i < n->n; i++)
        *find_slot(n, n->need[i].type, n->need[i].name) = i + 1;
}

bool needs_add(struct needs *n, enum fact_type type, struct view name)
{
    char clean[FACTS_NAME_MAX + 1];
    struct view v = {clean, fact_question_clean(name, clean)};
    uint32_t *slot;

    if (!v.n || (unsigned)type >= FACT_TYPE__MAX)
        return false;
    make_room(n);
    slot = find_slot(n, type, v);
    if (*slot)
        return true;
    if (n->n == NEEDS_MAX) {
        n->over = true;
        return false;
    }
    n->need[n->n] = (struct need){type, {xstrndup(clean, v.n), v.n}};
    *slot = ++n->n;
    return true;
}

void needs_pack(struct buf *to, const struct needs *n)
{
    const char head[NEEDS_HEAD] = {(char)n->over, 0, (char)(n->n & 0xff), (char)(n->n >> 8)};

    buf_add(to, head, sizeof head);
    for (unsigned i = 0; i < n->n; i++) {
        const struct need *need = &n->need[i];

        buf_add(to, (char[NEED_HEAD]){(char)need->type, (char)need->name.n}, NEED_HEAD);
        buf_add_view(to, need->name);
    }
}

/* The next one off `rest`; false when there is none, or it is no new one, or not written as we write it. */
static bool take_need(struct view *rest, struct needs *n)
{
    unsigned before = n->n;
    enum fact_type type;
    struct view name;

    if (rest->n < NEED_HEAD)
        return false;
    type = (enum fact_type)(unsigned char)rest->p[0];
    name = (struct view){rest->p + NEED_HEAD, (unsigned char)rest->p[1]};
    if (name.n > rest->n - NEED_HEAD || !needs_add(n, type, name) || n->n == before ||
        !view_equal(n->need[before].name, name))
        return false;
    rest->p += NEED_HEAD + name.n;
    rest->n -= NEED_HEAD + name.n;
    return true;
}

int needs_unpack(struct view bytes, struct needs *n)
{
    const unsigned char *p = (const unsigned char *)bytes.p;
    unsigned count = 0;
    bool good = bytes.n >= NEEDS_HEAD && p[0] <= 1 && p[1] == 0;

    if (good) {
        count = p[2] | (unsigned)p[3] << 8;
        bytes = (struct view){bytes.p + NEEDS_HEAD, bytes.n - NEEDS_HEAD};
    }
    for (; good && count > 0; count--)
        good = take_need(&bytes, n);
    if (good && bytes.n == 0) {
        n->over = p[0] == 1;
        return 0;
    }
    needs_free(n);
    errno = EPROTO;
    return -1;
}

void needs_clear(struct needs *n)
{
    for (unsigned i = 0; i < n->n; i++)
        free((void *)(uintptr_t)n->need[i].name.p);
    if (n->slot)
        memset(n->slot, 0, n->slot_n * sizeof *n->slot);
    n->n = 0;
    n->over = false;
}

void needs_free(struct needs *n)
{
    needs_clear(n);
    free(n->need);
    free(n->slot);
    *n = (struct needs){0};
}
