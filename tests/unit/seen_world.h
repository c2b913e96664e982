/*
 * seen_world.h - for tests of av_seen.c: the test is the loader, its children are real processes.
 *
 * Included by test_av_seen*.c only, after cmocka.h. A child does what the test orders
 * over a socket, by a function of its own program. What is tried against a table
 * is tried with the addresses that /proc/self/maps tells, as an intruder would.
 */
#ifndef TEST_SEEN_WORLD_H
#define TEST_SEEN_WORLD_H

#include "workers/av/av_seen.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define WAYS     7 /* of a set */
#define SETS     2048
#define TAGS     (SETS * 8) /* bytes of a table before its sets */
#define PAGE     4096
#define KEYS_MAX (SETS * WAYS)
#define BOARD    AV_SEEN_SLOTS_MAX /* in the place of a slot */

struct hash {
    uint64_t word[4];
};
_Static_assert(sizeof(struct hash) == SHA256_SIZE, "a SHA-256");

/* What a child is ordered to do, in its own process. */
struct order {
    long (*run)(const struct order *o);
    struct hash hash;
    unsigned how, n;
};

struct child {
    pid_t pid;
    int link;
    unsigned slot;
};

static inline uint64_t scatter(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

static inline struct hash hash_of(uint64_t n)
{
    return (struct hash){{scatter(4 * n), scatter(4 * n + 1), scatter(4 * n + 2), scatter(4 * n + 3)}};
}

/* All of these belong into one set. */
static inline struct hash crowded(uint64_t a, uint64_t b, uint64_t c)
{
    return (struct hash){{a, 77, b, c}};
}

static inline bool has(struct hash h, unsigned how)
{
    return av_seen_has((const unsigned char *)&h, how);
}

static inline void add(struct hash h, unsigned how)
{
    av_seen_add((const unsigned char *)&h, how);
}

/* ---- orders ---- */

static inline long do_has(const struct order *o)
{
    return has(o->hash, o->how);
}

static inline long do_add(const struct order *o)
{
    add(o->hash, o->how);
    return 0;
}

static inline long do_use(const struct order *o)
{
    (void)o;
    av_seen_use();
    return 0;
}

static inline long do_fill(const struct order *o)
{
    for (unsigned i = 0; i < o->n; i++)
        add(hash_of(o->hash.word[0] + i), o->how);
    return 0;
}

static inline long do_count(const struct order *o)
{
    long n = 0;

    for (unsigned i = 0; i < o->n; i++)
        n += has(hash_of(o->hash.word[0] + i), o->how);
    return n;
}

struct mapping {
    char *at;
    size_t size;
    bool writable;
    unsigned slot;
};

/* The next mapping of a table or of the board. */
static inline bool next_mapping(FILE *maps, struct mapping *m)
{
    static const char name[] = "/memfd:spoold-seen";
    char line[300];

    while (fgets(line, sizeof line, maps)) {
        unsigned long from, to;
        char rights[5];
        const char *is = strstr(line, name);

        if (!is || sscanf(line, "%lx-%lx %4s", &from, &to, rights) != 3)
            continue;
        is += sizeof name - 1;
        *m = (struct mapping){(char *)from, to - from, rights[1] == 'w',
                              *is == '-' ? (unsigned)strtoul(is + 1, NULL, 10) : BOARD};
        return true;
    }
    return false;
}

static inline struct mapping find_mapping(unsigned slot, bool writable)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    struct mapping m = {0};
    bool found = false;

    while (maps && !found && next_mapping(maps, &m))
        found = m.slot == slot && m.writable == writable;
    if (maps)
        fclose(maps);
    return found ? m : (struct mapping){0};
}

static inline long do_mappings(const struct order *o)
{
    FILE *maps = fopen("/proc/self/maps", "r");
    struct mapping m;
    long n = 0;

    (void)o;
    while (maps && next_mapping(maps, &m))
        n++;
    if (maps)
        fclose(maps);
    return n;
}

/* From now on this hash is looked for in the sets of this child (n), whatever the tags were. */
static inline long do_open_sets(const struct order *o)
{
    struct mapping m = find_mapping(o->n, true);

    if (m.at)
        memset(m.at, (int)(o->hash.word[1] / SETS % 255 + 1), TAGS);
    return m.at != NULL;
}

/* Open descriptors of tables, and what they take in memory, in blocks of 512 bytes. */
static inline long look_at_files(long *blocks)
{
    DIR *d = opendir("/proc/self/fd");
    struct dirent *de;
    long n = 0;

    *blocks = 0;
    while (d && (de = readdir(d))) {
        char to[100] = "";
        struct stat st;

        if (readlinkat(dirfd(d), de->d_name, to, sizeof to - 1) <= 0 || !strstr(to, "/memfd:spoold-seen"))
            continue;
        n++;
        if (fstat(atoi(de->d_name), &st) == 0)
            *blocks += st.st_blocks;
    }
    if (d)
        closedir(d);
    return n;
}

/* ---- children ---- */

static inline _Noreturn void serve(int link, unsigned slot)
{
    struct order o;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    av_seen_born(slot);
    while (read(link, &o, sizeof o) == sizeof o) {
        long answer = o.run(&o);

        if (write(link, &answer, sizeof answer) != sizeof answer)
            break;
    }
    _exit(0);
}

static inline void order(const struct child *c, struct order o)
{
    assert_int_equal(write(c->link, &o, sizeof o), sizeof o);
}

static inline long hear(const struct child *c)
{
    long answer;

    assert_int_equal(read(c->link, &answer, sizeof answer), sizeof answer);
    return answer;
}

static inline long ask(const struct child *c, struct order o)
{
    order(c, o);
    return hear(c);
}

static inline struct child start_before_canary(unsigned slot)
{
    struct child c = {.slot = slot};
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    c.pid = fork();
    assert_true(c.pid >= 0);
    if (c.pid == 0) {
        close(pair[0]);
        serve(pair[1], slot);
    }
    close(pair[1]);
    c.link = pair[0];
    return c;
}

static inline struct child start(unsigned slot)
{
    struct child c = start_before_canary(slot);

    ask(&c, (struct order){.run = do_use});
    return c;
}

/* It is ended without a word, as the runtime does it. */
static inline void end(struct child *c)
{
    kill(c->pid, SIGKILL);
    assert_int_equal(waitpid(c->pid, NULL, 0), c->pid);
    close(c->link);
    av_seen_ended(c->slot);
}

static inline bool knows(const struct child *c, struct hash h, unsigned how)
{
    return ask(c, (struct order){.run = do_has, .hash = h, .how = how});
}

static inline void learn(const struct child *c, struct hash h, unsigned how)
{
    ask(c, (struct order){.run = do_add, .hash = h, .how = how});
}

static inline void open_tables(unsigned slots)
{
    struct buf why = {0};

    if (av_seen_open(slots, &why) < 0)
        fail_msg("%s", why.p);
    assert_int_equal(why.n, 0);
}

/* The loader uses nothing of it, unless a test says so. */
static inline int tear_down(void **state)
{
    (void)state;
    av_seen_close();
    return 0;
}

#define TEST(f) cmocka_unit_test_teardown(f, tear_down)

#endif
