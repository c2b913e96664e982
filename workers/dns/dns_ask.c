/*
 * dns_ask.c - see dns_ask.h: the open questions, who waits for them, and until when.
 *
 * Equal questions are one: the table is looked at after the cache. Since all have the same time, the one that
 * was begun first ends first, so that a list is all the timer there is. dns_send.c gets the questions to
 * servers and calls dns_ask_finish(). Nothing here reads a byte from the network.
 */
#include "workers/dns/dns_ask_part.h"

#include "common/xalloc.h"

#include <stdlib.h>
#include <time.h>

static int64_t clamp(int64_t v, int64_t least, int64_t most)
{
    return v < least ? least : v > most ? most : v;
}

static void clamp_setup(struct dns_setup *s)
{
    s->timeout = clamp(s->timeout, 10, DNS_ASK_TIMEOUT_MAX);
    s->tries = clamp(s->tries, 1, DNS_ASK_TRIES_MAX);
    s->channels = clamp(s->channels, 1, DNS_ASK_CHANNELS_MAX);
    s->outstanding = clamp(s->outstanding, 1, DNS_ASK_OUT_MAX);
    s->cache_names = clamp(s->cache_names, 0, INT32_MAX);
    s->max_ttl = clamp(s->max_ttl, 0, INT32_MAX);
    s->max_negative_ttl = clamp(s->max_negative_ttl, 0, INT32_MAX);
}

struct dns_ask *dns_ask_open(struct dns_setup *s, struct buf *why)
{
    struct dns_ask *a = xcalloc(1, sizeof *a);

    a->setup = *s;
    s->servers = (struct dns_servers){0};
    clamp_setup(&a->setup);
    dns_random_take(&a->random, &a->secret, sizeof a->secret);
    a->cache = dns_cache_new((size_t)a->setup.cache_names, DNS_CACHE_BYTES_MAX, a->secret);
    a->now = dns_line_clock();
    if (dns_send_open(a, why) < 0)
        dns_ask_close(&a);
    if (a) /* children are copies: none may go on with the same bits as another */
        a->random.left = 0;
    return a;
}

static void free_open(struct dns_open *o)
{
    free(o->id);
    free(o);
}

void dns_ask_close(struct dns_ask **at)
{
    struct dns_ask *a = *at;

    if (!a)
        return;
    a->answer = NULL;
    dns_send_close(a);
    while (a->oldest) {
        struct dns_open *o = a->oldest;

        a->oldest = o->newer;
        free_open(o);
    }
    dns_cache_free(&a->cache);
    dns_servers_free(&a->setup.servers);
    free(a);
    *at = NULL;
}

void dns_ask_set_answer(struct dns_ask *a, dns_ask_answer *answer, void *arg)
{
    a->answer = answer;
    a->arg = arg;
}

int64_t dns_ask_bound_ms(const struct dns_ask *a)
{
    return a->setup.timeout * (a->setup.tries + 1) * 2 + 1000;
}

static void tell(struct dns_ask *a, uint32_t id, const struct fact *f)
{
    a->counts.rcode[f->rcode]++;
    if (a->answer)
        a->answer(a->arg, id, f);
}

/* --- the table of open questions -------------------------------------------- */

/* Seeded: strangers choose the names. */
static struct dns_open **find_open(struct dns_ask *a, enum fact_type type, struct view name)
{
    uint64_t h = a->secret ^ type;
    struct dns_open **at;

    for (size_t i = 0; i < name.n; i++) {
        h = (h ^ (unsigned char)name.p[i]) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    at = &a->slot[(h ^ h >> 32) % DNS_OPEN_SLOTS];
    while (*at && ((*at)->type != type || !view_equal((*at)->name, name)))
        at = &(*at)->chain;
    return at;
}

static void add_waiter(struct dns_open *o, uint32_t id)
{
    if (o->id_n == o->id_cap) {
        o->id_cap = o->id_cap ? 2 * o->id_cap : 1;
        o->id = xrealloc(o->id, o->id_cap, sizeof *o->id);
    }
    o->id[o->id_n++] = id;
}

static int64_t unix_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void begin(struct dns_ask *a, struct dns_open **at, uint32_t id, enum fact_type type, struct view name)
{
    struct dns_open *o = xcalloc(1, sizeof *o);

    memcpy(o->name_bytes, name.p, name.n);
    memcpy(o->target, name.p, name.n);
    o->name = (struct view){o->name_bytes, name.n};
    o->type = type;
    o->ttl = UINT32_MAX;
    o->at = unix_ms();
    o->until = a->now + dns_ask_bound_ms(a);
    add_waiter(o, id);
    *at = o;
    o->older = a->newest;
    *(o->older ? &o->older->newer : &a->oldest) = o;
    a->newest = o;
    a->counts.open++;
    a->is_due = true;
    dns_send_begin(a, o);
}

void dns_ask_resolve(struct dns_ask *a, uint32_t id, enum fact_type type, struct view name)
{
    const struct fact asked = {.type = type, .name = name};
    struct view answer[FACTS_ANSWERS_MAX];
    struct dns_open **at;
    struct fact f;

    a->now = dns_line_clock();
    a->counts.questions++;
    if (dns_cache_get(a->cache, &asked, a->now, &f, answer)) {
        tell(a, id, &f);
        return;
    }
    at = find_open(a, type, name);
    if (*at) {
        a->counts.merged++;
        add_waiter(*at, id);
    } else {
        begin(a, at, id, type, name);
    }
}

static void drop(struct dns_ask *a, struct dns_open *o)
{
    *find_open(a, o->type, o->name) = o->chain;
    *(o->newer ? &o->newer->older : &a->newest) = o->older;
    *(o->older ? &o->older->newer : &a->oldest) = o->newer;
    a->counts.open--;
    if (o->try)
        o->try->owner = NULL;
    if (o->queued)
        o->gone = true; /* its memory is the queue's then */
    else
        free_open(o);
}

static int64_t lifetime_ms(const struct dns_ask *a, struct fact *f)
{
    const bool there = f->rcode == FACT_NOERROR && f->answer_n;
    const int64_t most = there ? a->setup.max_ttl : a->setup.max_negative_ttl;

    if (f->rcode != FACT_NOERROR && f->rcode != FACT_NXDOMAIN) {
        f->ttl = DNS_ASK_FAIL_MS / 1000;
        return DNS_ASK_FAIL_MS;
    }
    if (f->ttl > most)
        f->ttl = (uint32_t)most;
    return (int64_t)f->ttl * 1000;
}

void dns_ask_finish(struct dns_ask *a, struct dns_open *o, enum fact_rcode rcode, uint32_t ttl)
{
    struct fact f = {.type = o->type, .rcode = rcode, .name = o->name, .ttl = ttl, .at = o->at};
    int64_t lives;

    if (rcode == FACT_NOERROR) {
        f.answer = a->read.answer;
        f.answer_n = a->read.n;
    }
    lives = lifetime_ms(a, &f);
    dns_cache_put(a->cache, &f, a->now, lives);
    for (unsigned i = 0; i < o->id_n; i++)
        tell(a, o->id[i], &f);
    drop(a, o);
}

void dns_ask_flush(struct dns_ask *a)
{
    dns_cache_flush(a->cache);
    for (unsigned i = 0; i < a->setup.servers.address_n; i++) {
        a->server[i].any_case = a->server[i].no_edns = false;
        a->health[i].late = false;
    }
}

void dns_ask_run(struct dns_ask *a)
{
    a->now = dns_line_clock();
    a->is_due = false;
    for (unsigned i = 0; i < a->line_n; i++)
        if (dns_line_due(&a->line[i]) >= 0 && dns_line_due(&a->line[i]) <= a->now)
            dns_line_run(&a->line[i], 0);
    while (a->oldest && a->oldest->until <= a->now) {
        a->counts.bounded++;
        dns_ask_finish(a, a->oldest, FACT_TIMEOUT, 0);
    }
    dns_send_run(a);
}

int dns_ask_wait_ms(struct dns_ask *a)
{
    int64_t due = a->oldest ? a->oldest->until : INT64_MAX;

    if (a->is_due)
        return 0;
    for (unsigned i = 0; i < a->line_n; i++) {
        int64_t line = dns_line_due(&a->line[i]);

        if (line >= 0 && line < due)
            due = line;
    }
    if (due == INT64_MAX)
        return -1;
    due -= dns_line_clock();
    return due < 0 ? 0 : (int)due;
}

unsigned dns_ask_poll(struct dns_ask *a, struct pollfd *to, unsigned *line)
{
    unsigned n = 0;

    for (unsigned i = 0; i < a->line_n; i++) {
        short events = dns_line_events(&a->line[i]);

        if (!events)
            continue;
        to[n] = (struct pollfd){.fd = a->line[i].fd, .events = events};
        line[n++] = i;
    }
    return n;
}

void dns_ask_event(struct dns_ask *a, unsigned line, int fd, short revents)
{
    a->now = dns_line_clock();
    if (revents && a->line[line].fd == fd) /* else it was closed since, and is another line's now */
        dns_line_run(&a->line[line], revents);
}

void dns_ask_count(const struct dns_ask *a, struct dns_ask_counts *to)
{
    *to = a->counts;
    to->strange = 0;
    for (unsigned i = 0; i < a->line_n; i++)
        to->strange += a->line[i].strange;
}

const struct dns_setup *dns_ask_setup(const struct dns_ask *a)
{
    return &a->setup;
}

const struct dns_health *dns_ask_health(const struct dns_ask *a, unsigned server)
{
    return server < a->setup.servers.address_n ? &a->health[server] : NULL;
}

struct dns_cache *dns_ask_cache(struct dns_ask *a)
{
    return a->cache;
}
