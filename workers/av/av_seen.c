/*
 * av_seen.c - see av_seen.h. One memfd for each child of a loader; what is mapped decides who may write.
 *
 * Every process has all tables mapped through descriptors that were opened for
 * reading: the kernel refuses to make such a mapping writable, whoever asks. A child
 * maps its own once more, for writing, then closes all descriptors. Each table is a
 * file of its own, because mremap(2), which a child may call, reaches as far as the
 * file does. What stands in another's table is input: it is compared, never used as
 * a number or a place. Hashes are kept whole: equal means equal.
 */
#include "workers/av/av_seen.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* A constant of newer headers than Debian 12's. */
#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x0008U
#endif

#define SETS     2048
#define WAYS     7
#define FDS_ROOM 64 /* descriptors that a loader needs for everything else */
#define ALIVE    1

struct key {
    uint64_t word[SHA256_SIZE / sizeof(uint64_t)];
};
#define WORDS (sizeof((struct key){0}.word) / sizeof(uint64_t))

struct set {
    uint32_t version; /* odd while a key is being written */
    uint32_t next;    /* the way that is written next, modulo WAYS */
    uint64_t unused[3];
    struct key key[WAYS]; /* all zero: none */
};
_Static_assert(sizeof(struct set) == 256, "a set is four cache lines");

/* Tags are few bytes in one place, which stay in the cache with 64 children. Where none fits, the set is not
 * looked at: that would be slow, and take memory for a page that nobody wrote. */
struct table {
    uint64_t tags[SETS]; /* of each set a byte for each way; 0: none */
    struct set set[SETS];
};
#define EACH_BYTE 0x0101010101010101u

/* A file and its mapping for reading. */
struct area {
    int fd; /* the loader's; -1: out of use */
    const void *map;
};

static struct {
    unsigned slots; /* 0: nothing is remembered */
    bool used;
    struct area board;                    /* a byte for each slot, ALIVE when its table may be looked at */
    struct area table[AV_SEEN_SLOTS_MAX]; /* struct table */
    struct table *own;                    /* a child's, for writing */
} seen = {.board = {.fd = -1}};

/* ---- the tables: loader and birth ---- */

/* Read only for good: opened once more, because the mapping has the rights of its descriptor. */
static const void *map_to_read(int fd, size_t size)
{
    char path[32];
    void *p;
    int only;

    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    only = open(path, O_RDONLY | O_CLOEXEC);
    if (only < 0)
        return NULL;
    p = mmap(NULL, size, PROT_READ, MAP_SHARED, only, 0);
    close(only);
    return p == MAP_FAILED ? NULL : p;
}

static void area_close_fd(struct area *a)
{
    if (a->fd >= 0)
        close(a->fd);
    a->fd = -1;
}

static void area_close(struct area *a, size_t size)
{
    area_close_fd(a);
    if (a->map)
        munmap((void *)(uintptr_t)a->map, size);
    a->map = NULL;
}

/* area_close() in either case. */
static int area_open(struct area *a, const char *name, size_t size)
{
    a->map = NULL;
    a->fd = memfd_create(name, MFD_CLOEXEC | MFD_NOEXEC_SEAL);
    if (a->fd < 0 && errno == EINVAL) /* before Linux 6.3 */
        a->fd = memfd_create(name, MFD_CLOEXEC);
    if (a->fd < 0 || ftruncate(a->fd, (off_t)size) < 0)
        return -1;
    a->map = map_to_read(a->fd, size);
    return a->map ? 0 : -1;
}

/* A loader that has no descriptors left could not take the links of its children. */
static int check_room(unsigned slots)
{
    struct rlimit files;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return -1;
    if (files.rlim_cur >= slots + FDS_ROOM)
        return 0;
    errno = EMFILE;
    return -1;
}

static int open_areas(unsigned slots)
{
    if (check_room(slots) < 0 || area_open(&seen.board, "spoold-seen", AV_SEEN_SLOTS_MAX) < 0)
        return -1;
    while (seen.slots < slots) {
        char name[32];

        snprintf(name, sizeof name, "spoold-seen-%u", seen.slots);
        if (area_open(&seen.table[seen.slots++], name, sizeof(struct table)) < 0)
            return -1;
    }
    return 0;
}

int av_seen_open(unsigned slots, struct buf *why)
{
    av_seen_close();
    if (slots > AV_SEEN_SLOTS_MAX)
        slots = AV_SEEN_SLOTS_MAX;
    if (slots == 0 || open_areas(slots) == 0)
        return 0;
    buf_addf(why, "the memory for them cannot be made: %s", strerrordesc_np(errno));
    av_seen_close();
    return -1;
}

void av_seen_close(void)
{
    if (seen.own)
        munmap(seen.own, sizeof *seen.own);
    seen.own = NULL;
    while (seen.slots)
        area_close(&seen.table[--seen.slots], sizeof(struct table));
    area_close(&seen.board, AV_SEEN_SLOTS_MAX);
    seen.used = false;
}

static bool mark(unsigned slot, char what)
{
    return pwrite(seen.board.fd, &what, 1, slot) == 1;
}

/* A table that cannot be emptied is never looked at again: it is not marked, and no child gets it. */
void av_seen_ended(unsigned slot)
{
    struct area *a = slot < seen.slots ? &seen.table[slot] : NULL;

    if (!a || a->fd < 0)
        return;
    if (!mark(slot, 0) ||
        fallocate(a->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0, sizeof(struct table)) < 0)
        area_close_fd(a);
}

void av_seen_born(unsigned slot)
{
    void *p = MAP_FAILED;

    if (slot < seen.slots && seen.table[slot].fd >= 0)
        p = mmap(NULL, sizeof(struct table), PROT_READ | PROT_WRITE, MAP_SHARED, seen.table[slot].fd, 0);
    if (p != MAP_FAILED) {
        seen.own = p;
        mark(slot, ALIVE); /* else nobody looks at it, and no harm done */
    }
    for (unsigned i = 0; i < seen.slots; i++)
        area_close_fd(&seen.table[i]);
    area_close_fd(&seen.board);
}

void av_seen_use(void)
{
    seen.used = true;
}

/* ---- keys ---- */

static struct key key_of(const unsigned char sha256[SHA256_SIZE], unsigned how)
{
    struct key k;

    memcpy(&k, sha256, sizeof k);
    k.word[0] ^= how;
    return k;
}

/* That of a place where none is; a hash like that is as good as impossible, and not remembered. */
static bool key_is_none(const struct key *k)
{
    uint64_t any = 0;

    for (size_t i = 0; i < WORDS; i++)
        any |= k->word[i];
    return any == 0;
}

static size_t key_set(const struct key *k)
{
    return k->word[1] % SETS;
}

static uint64_t key_tag(const struct key *k)
{
    return k->word[1] / SETS % UINT8_MAX + 1;
}

static bool has_tag(uint64_t tags, uint64_t tag)
{
    uint64_t other = tags ^ tag * EACH_BYTE; /* a byte of it is zero where the tag stands */

    return ((other - EACH_BYTE) & ~other & 0x80 * EACH_BYTE) != 0;
}

static bool key_is_at(const struct key *at, const struct key *k)
{
    for (size_t i = 0; i < WORDS; i++)
        if (__atomic_load_n(&at->word[i], __ATOMIC_RELAXED) != k->word[i])
            return false;
    return true;
}

/* ---- sets: one writer, readers in other processes, no locks that a dead or hostile child could hold ---- */

/* A key that is written meanwhile may be half of one and half of another: then the version has changed. */
static bool set_has(const struct set *s, const struct key *k)
{
    uint32_t version = __atomic_load_n(&s->version, __ATOMIC_ACQUIRE);
    size_t i = 0;

    while (i < WAYS && !key_is_at(&s->key[i], k))
        i++;
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return i < WAYS && version % 2 == 0 && __atomic_load_n(&s->version, __ATOMIC_RELAXED) == version;
}

static void set_put(struct set *s, unsigned way, const struct key *k)
{
    uint32_t version = s->version;

    __atomic_store_n(&s->version, version + 1, __ATOMIC_RELAXED);
    __atomic_thread_fence(__ATOMIC_RELEASE);
    for (size_t i = 0; i < WORDS; i++)
        __atomic_store_n(&s->key[way].word[i], k->word[i], __ATOMIC_RELAXED);
    __atomic_store_n(&s->version, version + 2, __ATOMIC_RELEASE);
}

static void table_put(struct table *t, const struct key *k)
{
    struct set *s = &t->set[key_set(k)];
    uint64_t *tags = &t->tags[key_set(k)];
    unsigned way = s->next++ % WAYS;

    set_put(s, way, k);
    __atomic_store_n(tags, (*tags & ~((uint64_t)UINT8_MAX << 8 * way)) | key_tag(k) << 8 * way,
                     __ATOMIC_RELEASE);
}

static bool table_has(const struct table *t, const struct key *k)
{
    return has_tag(__atomic_load_n(&t->tags[key_set(k)], __ATOMIC_ACQUIRE), key_tag(k)) &&
           set_has(&t->set[key_set(k)], k);
}

bool av_seen_has(const unsigned char sha256[SHA256_SIZE], unsigned how)
{
    const unsigned char *live = seen.board.map, *at = live;
    struct key k = key_of(sha256, how);

    if (!seen.used || seen.slots == 0 || key_is_none(&k))
        return false;
    for (; (at = memchr(at, ALIVE, (size_t)(live + seen.slots - at))); at++)
        if (table_has(seen.table[at - live].map, &k))
            return true;
    return false;
}

void av_seen_add(const unsigned char sha256[SHA256_SIZE], unsigned how)
{
    struct key k = key_of(sha256, how);

    if (seen.used && seen.own && !key_is_none(&k) && !table_has(seen.own, &k))
        table_put(seen.own, &k);
}
