/*
 * fuzz_networks.c - any lines as a list of networks, and as a list of senders.
 *
 * Built with libFuzzer or with a plain main that feeds files. A list of entries that are accepted opens; the
 * first and last address of each entry and their neighbours are held against a search through all of them; a
 * sender that is in the list is found.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/entry.h"
#include "workers/antispam/names.h"
#include "workers/antispam/networks.h"

#define INPUT_MAX 4000
#define LINES_MAX 200

struct lines {
    struct view line[LINES_MAX];
    unsigned n;
};

static struct lines cut(struct view in)
{
    struct lines l = {.n = 0};

    while (in.n && l.n < LINES_MAX) {
        const char *end = memchr(in.p, '\n', in.n);
        struct view line = {in.p, end ? (size_t)(end - in.p) : in.n};

        l.line[l.n++] = line;
        in.p += line.n + (end != NULL);
        in.n -= line.n + (end != NULL);
    }
    return l;
}

static void add(struct buf *bytes, struct view line, unsigned number)
{
    settings_add(
        bytes,
        &(struct settings_item){
            .section = VIEW("list"), .name = VIEW("l"), .value = line, .file = VIEW("f"), .line = number});
}

static void step(unsigned char ip[16], int by)
{
    for (int i = 15; i >= 0; i--) {
        ip[i] = (unsigned char)(ip[i] + by);
        if (ip[i] != (by > 0 ? 0 : 0xff))
            return;
    }
}

static bool is_in(const unsigned char ip[16], const struct entry_network *net)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};

    return (memcmp(ip, mapped, 12) == 0) == net->is_ip4 && memcmp(ip, net->first, 16) >= 0 &&
           memcmp(ip, net->last, 16) <= 0;
}

static void hold(const struct networks *t, const struct entry_network *net, unsigned n,
                 const unsigned char ip[16])
{
    uint32_t found = networks_find(t, ip);
    bool wanted = false;

    for (unsigned i = 0; i < n; i++)
        wanted |= is_in(ip, &net[i]);
    MUST((found != ENTRIES_NONE) == wanted);
    MUST(!wanted || (found < n && is_in(ip, &net[found])));
}

static void try_networks(const struct lines *l)
{
    struct entry_network net[LINES_MAX];
    struct buf bytes = {0}, why = {0};
    struct networks *t;
    struct settings s;
    unsigned n = 0;

    for (unsigned i = 0; i < l->n; i++) {
        const char *what = entry_parse_network(l->line[i], &net[n]);

        MUST(what == entry_check_network(l->line[i]));
        if (!what) {
            MUST(memcmp(net[n].first, net[n].last, 16) <= 0);
            n++;
            add(&bytes, l->line[i], i);
        }
    }
    MUST(settings_open(&s, buf_view(&bytes)) == 0);
    t = networks_open(&s, "l", &why);
    MUST(t && networks_is_empty(t) == (n == 0));
    for (unsigned i = 0; i < n; i++) {
        for (int by = -1; by <= 1; by++) {
            unsigned char first[16], last[16];

            memcpy(first, net[i].first, 16);
            memcpy(last, net[i].last, 16);
            if (by) {
                step(first, by);
                step(last, by);
            }
            hold(t, net, n, first);
            hold(t, net, n, last);
        }
    }
    networks_close(t);
    settings_free(&s);
    buf_free(&bytes);
}

static bool finds(const struct names *t, struct view entry)
{
    const char *at = memrchr(entry.p, '@', entry.n);
    struct view local = {entry.p, at ? (size_t)(at - entry.p) : 0};
    struct view domain = at ? (struct view){at + 1, entry.n - local.n - 1} : entry;

    if (domain.p[0] == '.')
        domain.p++, domain.n--;
    if (domain.p[domain.n - 1] == '.')
        domain.n--;
    return names_find(t, local, domain) != ENTRIES_NONE;
}

static void try_names(const struct lines *l)
{
    struct buf bytes = {0}, why = {0};
    struct settings s;
    struct names *t;

    for (unsigned i = 0; i < l->n; i++) {
        const char *sender = entry_check_sender(l->line[i]), *domain = entry_check_domain(l->line[i]);

        MUST(!sender || domain); /* every domain is a sender */
        if (!sender)
            add(&bytes, l->line[i], i);
    }
    MUST(settings_open(&s, buf_view(&bytes)) == 0);
    t = names_open(&s, "l", &why);
    MUST(t && names_is_empty(t) == (s.n == 0));
    for (unsigned i = 0; i < l->n; i++) {
        if (!entry_check_sender(l->line[i]))
            MUST(finds(t, l->line[i]));
        if (l->line[i].n)
            names_find(t, l->line[i], l->line[i]);
    }
    names_close(t);
    settings_free(&s);
    buf_free(&bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct lines l;

    if (size > INPUT_MAX)
        return 0;
    l = cut((struct view){(const char *)data, size});
    try_networks(&l);
    try_names(&l);
    return 0;
}
