/*
 * names.c - see names.h: one hash table of entries in lower case.
 *
 * "user@example.org", "example.org" and ".example.org" (with all below) are three keys; a look-up tries at
 * most one for each label of a domain and two more. The table is made in the loader, so that a stranger
 * cannot make its chains longer; he can only walk along those that are there.
 */
#include "workers/antispam/names.h"

#include "common/entry.h"
#include "common/idn.h"
#include "common/xalloc.h"

#include <stdlib.h>

#define LABELS_MAX 128 /* a name of 253 bytes has no more */

struct names {
    struct entries entries;
    uint32_t *slot; /* 0: free, else an entry's number + 1 */
    uint32_t slot_n;
};
/* A key in pieces: "user", "@", "example.org". */
struct key {
    struct view part[3];
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

/* FNV-1a */
static uint32_t hash_of(const struct key *k)
{
    uint64_t h = 0xcbf29ce484222325;

    for (unsigned i = 0; i < 3; i++)
        for (size_t j = 0; j < k->part[i].n; j++)
            h = (h ^ (unsigned char)lower(k->part[i].p[j])) * 0x100000001b3;
    return (uint32_t)(h ^ h >> 32);
}

static bool is_key(struct view text, const struct key *k)
{
    if (text.n != k->part[0].n + k->part[1].n + k->part[2].n)
        return false;
    for (unsigned i = 0; i < 3; i++) {
        if (!view_equal_nocase((struct view){text.p, k->part[i].n}, k->part[i]))
            return false;
        text.p += k->part[i].n;
    }
    return true;
}

/* Where it stands, or the free slot where it belongs. */
static uint32_t *place_of(const struct names *t, const struct key *k)
{
    uint32_t at = hash_of(k) & (t->slot_n - 1);

    while (t->slot[at] && !is_key(entries_text(&t->entries, t->slot[at] - 1), k))
        at = (at + 1) & (t->slot_n - 1);
    return &t->slot[at];
}

static uint32_t find(const struct names *t, struct key k)
{
    return *place_of(t, &k) - 1; /* 0 - 1 is ENTRIES_NONE */
}

/* An entry as the key that it is looked up by. */
static struct key key_of(struct view text)
{
    if (text.n && memrchr(text.p, '@', text.n) == text.p) { /* "@@example.org" is an address */
        text.p++;
        text.n--;
    }
    if (text.n && text.p[text.n - 1] == '.')
        text.n--;
    return (struct key){{text}};
}

/* With its domain as the DNS has it; `room` is ENTRY_SENDER_MAX + FACTS_NAME_MAX bytes. */
static struct view folded(struct view text, char *room)
{
    const char *at = memrchr(text.p, '@', text.n);

    if (text.n > ENTRY_SENDER_MAX)
        return text;
    memcpy(room, text.p, text.n);
    return (struct view){
        room, idn_fold(room, at ? (size_t)(at - text.p) + 1 : 0, text.n, ENTRY_SENDER_MAX + FACTS_NAME_MAX)};
}

static int add(struct names *t, const struct settings_item *i, struct buf *why)
{
    const char *what = entry_check_sender(i->value);
    char room[ENTRY_SENDER_MAX + FACTS_NAME_MAX];

    if (!what) {
        struct key k = key_of(folded(i->value, room));
        uint32_t *slot = place_of(t, &k);
        uint32_t entry = *slot ? 0 : entries_add(&t->entries, k.part[0], i);

        if (entry != ENTRIES_NONE) {
            if (!*slot)
                *slot = entry + 1;
            return 0;
        }
        what = "the list is too long; accepted: up to 1000000 entries";
    }
    entries_say_place(i, why);
    buf_addf(why, "\"%.*s\": %s", (int)i->value.n, i->value.p, what);
    return -1;
}

static void make_slots(struct names *t, const struct settings *s, const char *list)
{
    size_t at = 0, n = 0;

    while (n < ENTRIES_MAX && settings_next(s, "list", list, &at))
        n++;
    t->slot_n = 2;
    while (t->slot_n < n * 2 + 1)
        t->slot_n *= 2;
    t->slot = xcalloc(t->slot_n, sizeof *t->slot);
}

struct names *names_open(const struct settings *s, const char *list, struct buf *why)
{
    struct names *t = xcalloc(1, sizeof *t);
    const struct settings_item *i;
    size_t at = 0;

    make_slots(t, s, list);
    while ((i = settings_next(s, "list", list, &at))) {
        if (add(t, i, why) < 0) {
            names_close(t);
            return NULL;
        }
    }
    entries_settle(&t->entries);
    return t;
}

void names_close(struct names *t)
{
    if (!t)
        return;
    entries_free(&t->entries);
    free(t->slot);
    free(t);
}

bool names_is_empty(const struct names *t)
{
    return t->entries.n == 0;
}

uint32_t names_find(const struct names *t, struct view local, struct view domain)
{
    char name[IDN_MAX];
    uint32_t entry = ENTRIES_NONE;

    if (domain.n == 0)
        return ENTRIES_NONE;
    if (domain.n <= IDN_MAX) { /* as in add() */
        memcpy(name, domain.p, domain.n);
        domain = (struct view){name, idn_fold(name, 0, domain.n, sizeof name)};
    }
    if (local.n)
        entry = find(t, (struct key){{local, VIEW("@"), domain}});
    if (entry == ENTRIES_NONE)
        entry = find(t, (struct key){{domain}});
    for (unsigned i = 0; i < LABELS_MAX && entry == ENTRIES_NONE && domain.n; i++) {
        const char *dot = memchr(domain.p, '.', domain.n);

        entry = find(t, (struct key){{VIEW("."), domain}});
        domain.n -= dot ? (size_t)(dot + 1 - domain.p) : domain.n;
        domain.p = dot ? dot + 1 : domain.p;
    }
    return entry;
}

void names_say(const struct names *t, uint32_t entry, struct buf *to)
{
    entries_say(&t->entries, entry, to);
}

size_t names_bytes(const struct names *t)
{
    return sizeof *t + t->slot_n * sizeof *t->slot + t->entries.cap * 3 * sizeof(uint32_t) +
           t->entries.text.cap + t->entries.files.cap;
}
