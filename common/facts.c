/*
 * facts.c - see facts.h: the table of facts, and how it travels.
 *
 * The supervisor fills it from worker-dns, packs it for worker-antispam and for records; the worker unpacks
 * it for each round and looks things up hundreds of times, without an allocation. What is unpacked was
 * written by a process that talks to strangers: a fact is taken whole or not at all, and there is one way
 * only to write it, so that what was unpacked packs into the same bytes. Because of that a row keeps its
 * packed bytes, and the views of its fact point into them. Numbers are little endian: facts   version u8,
 * otherwise u8, n u16, and n times one fact a fact  type u8, rcode u8, bytes of name u8, answers u8, ttl u32,
 * at i64, name, answers {bytes u16, bytes}
 */
#include "common/facts.h"

#include "common/pack.h"
#include "common/xalloc.h"

#include <errno.h>
#include <stdlib.h>

#define FACTS_VERSION 1
#define FACTS_HEAD    4 /* bytes before the rows */
#define FACT_HEAD     16
#define FACT_TTL_MAX  INT32_MAX /* RFC 2181, 8 */
#define SLOTS_LEAST   64        /* a power of two */

_Static_assert(FACTS_NAME_MAX <= UINT8_MAX && FACTS_ANSWERS_MAX <= UINT8_MAX, "lengths travel in one byte");
_Static_assert(FACTS_ANSWER_MAX <= UINT16_MAX && FACTS_MAX <= UINT16_MAX, "lengths travel in two bytes");
_Static_assert(FACT_HEAD + FACTS_NAME_MAX + 2 + FACTS_ANSWER_MAX <= FACTS_ONE_MAX, "the longest answer fits");

struct facts_row {
    struct fact fact; /* its views point into `memory` */
    void *memory;     /* owned: the views of the answers, and behind them the packed bytes */
    struct view packed;
    uint32_t hash;
};

static const struct fact absent[FACT_TYPE__MAX] = {
    [FACT_A] = {.type = FACT_A, .rcode = FACT_NXDOMAIN},
    [FACT_AAAA] = {.type = FACT_AAAA, .rcode = FACT_NXDOMAIN},
    [FACT_MX] = {.type = FACT_MX, .rcode = FACT_NXDOMAIN},
    [FACT_TXT] = {.type = FACT_TXT, .rcode = FACT_NXDOMAIN},
    [FACT_PTR] = {.type = FACT_PTR, .rcode = FACT_NXDOMAIN},
    [FACT_CNAME] = {.type = FACT_CNAME, .rcode = FACT_NXDOMAIN},
};
static const struct fact circle[FACT_TYPE__MAX] = {
    [FACT_A] = {.type = FACT_A, .rcode = FACT_SERVFAIL},
    [FACT_AAAA] = {.type = FACT_AAAA, .rcode = FACT_SERVFAIL},
    [FACT_MX] = {.type = FACT_MX, .rcode = FACT_SERVFAIL},
    [FACT_TXT] = {.type = FACT_TXT, .rcode = FACT_SERVFAIL},
    [FACT_PTR] = {.type = FACT_PTR, .rcode = FACT_SERVFAIL},
    [FACT_CNAME] = {.type = FACT_CNAME, .rcode = FACT_SERVFAIL},
};

/* --- one fact as bytes ----------------------------------------------------- */

/* Adds the answers that can be, within what one fact may take from `start` on. Returns how many. */
static unsigned pack_answers(struct buf *to, const struct fact *f, size_t start)
{
    char room[FACT_ROOM], n[2];
    struct view clean;
    unsigned packed = 0;

    for (unsigned i = 0; i < f->answer_n && packed < FACTS_ANSWERS_MAX; i++) {
        if (!fact_answer_clean(f->type, f->answer[i], room, &clean) ||
            to->n - start + sizeof n + clean.n > FACTS_ONE_MAX)
            continue;
        pack_put(n, clean.n, sizeof n);
        buf_add(to, n, sizeof n);
        buf_add_view(to, clean);
        packed++;
    }
    return packed;
}

/* Returns how many answers went in. */
static unsigned pack_fact(struct buf *to, const struct fact *f)
{
    char head[FACT_HEAD], name[FACTS_NAME_MAX + 1], *p = head;
    size_t name_n = fact_question_clean(f->name, name), start = to->n;
    unsigned answers = 0;

    if (!name_n)
        return 0;
    p = pack_put(p, f->type, 1);
    p = pack_put(p, f->rcode, 1);
    p = pack_put(p, name_n, 1);
    p = pack_put(p, 0, 1);
    p = pack_put(p, f->ttl < FACT_TTL_MAX ? f->ttl : FACT_TTL_MAX, 4);
    pack_put(p, f->at > 0 ? (uint64_t)f->at : 0, 8);
    buf_add(to, head, sizeof head);
    buf_add(to, name, name_n);
    if (f->rcode == FACT_NOERROR)
        answers = pack_answers(to, f, start);
    pack_put(to->p + start + 3, answers, 1);
    return answers;
}

void facts_pack_one(struct buf *to, const struct fact *fact)
{
    pack_fact(to, fact);
}

/* As it would be made clean: there is no second way to write it. */
static bool is_clean_name(struct view name)
{
    char room[FACTS_NAME_MAX + 1];

    return fact_question_clean(name, room) == name.n && name.n && memcmp(room, name.p, name.n) == 0;
}

static bool is_clean_answer(enum fact_type type, struct view answer)
{
    char room[FACT_ROOM];
    struct view clean;

    return fact_answer_clean(type, answer, room, &clean) && view_equal(answer, clean);
}

static bool take_head(struct view bytes, struct fact *f)
{
    const char *p = bytes.p;
    uint64_t at;

    if (bytes.n < FACT_HEAD || pack_get(p, 1) >= FACT_TYPE__MAX || pack_get(p + 1, 1) >= FACT_RCODE__MAX)
        return false;
    f->type = (enum fact_type)pack_get(p, 1);
    f->rcode = (enum fact_rcode)pack_get(p + 1, 1);
    f->name = (struct view){p + FACT_HEAD, (size_t)pack_get(p + 2, 1)};
    f->answer_n = (unsigned)pack_get(p + 3, 1);
    f->ttl = (uint32_t)pack_get(p + 4, 4);
    at = pack_get(p + 8, 8);
    f->at = (int64_t)(at & INT64_MAX);
    return at <= INT64_MAX && f->ttl <= FACT_TTL_MAX && f->answer_n <= FACTS_ANSWERS_MAX &&
           (f->rcode == FACT_NOERROR || f->answer_n == 0) && f->name.n <= bytes.n - FACT_HEAD &&
           is_clean_name(f->name);
}

size_t facts_unpack_one(struct view bytes, struct fact *fact, struct view *answer)
{
    size_t at = 0;

    *fact = (struct fact){0};
    if (!take_head(bytes, fact))
        return 0;
    fact->answer = answer;
    at = FACT_HEAD + fact->name.n;
    for (unsigned i = 0; i < fact->answer_n; i++) {
        size_t n = bytes.n - at < 2 ? SIZE_MAX : (size_t)pack_get(bytes.p + at, 2);

        if (n == SIZE_MAX || n > bytes.n - at - 2)
            return 0;
        answer[i] = (struct view){bytes.p + at + 2, n};
        if (!is_clean_answer(fact->type, answer[i]))
            return 0;
        at += 2 + n;
    }
    return at <= FACTS_ONE_MAX ? at : 0;
}

/* --- the table --------------------------------------------------------------- */

/* Where it is, or the empty slot where it would be. */
static uint32_t *find_slot(const struct facts *f, enum fact_type type, struct view clean, uint32_t hash)
{
    uint32_t mask = f->slot_n - 1, at = hash & mask;

    for (; f->slot[at]; at = (at + 1) & mask) {
        const struct facts_row *r = &f->row[f->slot[at] - 1];

        if (r->hash == hash && r->fact.type == type && view_equal(r->fact.name, clean))
            break;
    }
    return &f->slot[at];
}

/* At most half full, so that there is always an empty one to end at. */
static void make_room(struct facts *f)
{
    if (f->n == f->cap) {
        f->cap = f->cap ? 2 * f->cap : SLOTS_LEAST / 2;
        f->row = xrealloc(f->row, f->cap, sizeof *f->row);
    }
    if (2 * (f->n + 1) <= f->slot_n)
        return;
    free(f->slot);
    f->slot_n = f->slot_n ? 2 * f->slot_n : SLOTS_LEAST;
    f->slot = xcalloc(f->slot_n, sizeof *f->slot);
    for (unsigned i = 0; i < f->n; i++)
        *find_slot(f, f->row[i].fact.type, f->row[i].fact.name, f->row[i].hash) = i + 1;
}

static struct view moved(struct view v, const char *from, const char *to)
{
    return (struct view){to + (v.p - from), v.n};
}

/* `fact` points into `packed`; the row points into its own copy. */
static void fill_row(struct facts_row *r, const struct fact *fact, struct view packed)
{
    size_t views = fact->answer_n * sizeof(struct view);
    char *memory = xcalloc(1, views + packed.n), *bytes = memory + views;
    struct view *answer = (struct view *)(void *)memory;

    memcpy(bytes, packed.p, packed.n);
    for (unsigned i = 0; i < fact->answer_n; i++)
        answer[i] = moved(fact->answer[i], packed.p, bytes);
    r->fact = *fact;
    r->fact.name = moved(fact->name, packed.p, bytes);
    r->fact.answer = answer;
    r->memory = memory;
    r->packed = (struct view){bytes, packed.n};
}

/* One more, which is clean. 1; 0: it is there already; -1: there is no room. */
static int add_row(struct facts *f, const struct fact *fact, struct view packed)
{
    uint32_t hash = fact_hash(fact->type, fact->name), *slot;

    make_room(f);
    slot = find_slot(f, fact->type, fact->name, hash);
    if (*slot)
        return 0;
    if (f->n == FACTS_MAX || FACTS_HEAD + f->packed + packed.n > FACTS_PACKED_MAX) {
        errno = EMSGSIZE;
        return -1;
    }
    fill_row(&f->row[f->n], fact, packed);
    f->row[f->n].hash = hash;
    *slot = ++f->n;
    f->packed += packed.n;
    return 1;
}

/* Why a fact did not go in whole. */
static int find_fault(const struct fact *fact)
{
    char room[FACT_ROOM];
    struct view clean;

    for (unsigned i = 0; i < fact->answer_n; i++)
        if (fact->answer[i].n <= FACTS_ANSWER_MAX &&
            !fact_answer_clean(fact->type, fact->answer[i], room, &clean))
            return EINVAL;
    return EMSGSIZE;
}

static bool has_numbers(const struct fact *f)
{
    return (unsigned)f->type < FACT_TYPE__MAX && (unsigned)f->rcode < FACT_RCODE__MAX && f->at >= 0 &&
           f->ttl <= FACT_TTL_MAX && (f->rcode == FACT_NOERROR || f->answer_n == 0);
}

int facts_add(struct facts *f, const struct fact *fact)
{
    struct view answer[FACTS_ANSWERS_MAX];
    struct buf packed = {0};
    struct fact clean;
    int rc = -1;

    if (!has_numbers(fact))
        errno = EINVAL;
    else if (pack_fact(&packed, fact) != fact->answer_n)
        errno = packed.n ? find_fault(fact) : EINVAL;
    else if (!facts_unpack_one(buf_view(&packed), &clean, answer))
        errno = EINVAL; /* only its name can be wrong */
    else
        rc = add_row(f, &clean, buf_view(&packed)) < 0 ? -1 : 0;
    buf_free(&packed);
    return rc;
}

static const struct fact *find_clean(const struct facts *f, enum fact_type type, struct view clean)
{
    uint32_t at = f->n ? *find_slot(f, type, clean, fact_hash(type, clean)) : 0;

    return at ? &f->row[at - 1].fact : NULL;
}

const struct fact *facts_get(const struct facts *f, enum fact_type type, struct view name)
{
    char clean[FACTS_NAME_MAX + 1];
    size_t n = fact_question_clean(name, clean);

    return n ? find_clean(f, type, (struct view){clean, n}) : NULL;
}

const struct fact *facts_find(const struct facts *f, enum fact_type type, struct view name)
{
    char room[FACTS_NAME_MAX + 1];
    struct view clean = {room, fact_question_clean(name, room)};
    const struct fact *found = clean.n ? find_clean(f, type, clean) : NULL;

    if ((unsigned)type >= FACT_TYPE__MAX)
        return NULL;
    /* One CNAME more than may be followed is looked at, to tell an end from a circle. */
    for (unsigned i = 0; !found && clean.n && type != FACT_CNAME; i++) {
        const struct fact *alias = find_clean(f, FACT_CNAME, clean);

        if (!alias || !alias->answer_n)
            break;
        if (i == FACTS_CNAMES_MAX)
            return &circle[type];
        clean = alias->answer[0];
        found = find_clean(f, type, clean);
    }
    return found || f->otherwise == FACTS_MISSING ? found : &absent[type];
}

const struct fact *facts_at(const struct facts *f, unsigned i)
{
    return &f->row[i].fact;
}

void facts_free(struct facts *f)
{
    for (unsigned i = 0; i < f->n; i++)
        free(f->row[i].memory);
    free(f->row);
    free(f->slot);
    *f = (struct facts){.otherwise = f->otherwise};
}

/* --- all of them as bytes ---------------------------------------------------- */

void facts_pack(struct buf *to, const struct facts *f)
{
    char head[FACTS_HEAD];
    char *p = pack_put(head, FACTS_VERSION, 1);

    p = pack_put(p, f->otherwise, 1);
    pack_put(p, f->n, 2);
    buf_reserve(to, sizeof head + f->packed);
    buf_add(to, head, sizeof head);
    for (unsigned i = 0; i < f->n; i++)
        buf_add_view(to, f->row[i].packed);
}

/* One that stands there twice, among these bytes, is no way to write it. */
static bool is_twice(const struct facts *f, const struct fact *fact, unsigned first)
{
    const struct fact *there = find_clean(f, fact->type, fact->name);

    return there && there >= &f->row[first].fact;
}

static int take_rows(struct view rest, unsigned n, struct facts *f)
{
    struct view answer[FACTS_ANSWERS_MAX];
    unsigned first = f->n;
    struct fact fact;

    for (; n > 0; n--) {
        size_t took = facts_unpack_one(rest, &fact, answer);
        int rc = took ? add_row(f, &fact, (struct view){rest.p, took}) : 0;

        if (rc < 0)
            return -1;
        if (!took || (rc == 0 && is_twice(f, &fact, first)))
            break;
        rest.p += took;
        rest.n -= took;
    }
    if (n == 0 && rest.n == 0)
        return 0;
    errno = EPROTO;
    return -1;
}

int facts_unpack(struct view bytes, struct facts *f)
{
    unsigned n = bytes.n < FACTS_HEAD ? 0 : (unsigned)pack_get(bytes.p + 2, 2);

    if (bytes.n < FACTS_HEAD || bytes.n > FACTS_PACKED_MAX || pack_get(bytes.p, 1) != FACTS_VERSION ||
        pack_get(bytes.p + 1, 1) > FACTS_NXDOMAIN || n > FACTS_MAX) {
        errno = EPROTO;
        return -1;
    }
    f->otherwise = (enum facts_default)pack_get(bytes.p + 1, 1);
    return take_rows((struct view){bytes.p + FACTS_HEAD, bytes.n - FACTS_HEAD}, n, f);
}
