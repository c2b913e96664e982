/*
 * rbl_settings.c - the sections [rbl NAME] and [uribl NAME], read into struct rbl_zone.
 *
 * Called through rbl_zone.h in the loader, before there is any message. Settings come from the administrator:
 * trusted, but a mistake in them is told with its place, and never guessed around.
 */
#include "workers/antispam/rbl_part.h"

#include "common/dnslist.h"
#include "common/xalloc.h"
#include "workers/antispam/rdns.h"

#include <stdlib.h>

#define LOOPBACK 127u /* 127.0.0.0/8: where answers of lists lie */

/* --- results --------------------------------------------------------------- */

static bool read_number(struct view text, uint32_t most, uint32_t *to)
{
    *to = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *to > most)
            return false;
        *to = *to * 10 + (uint32_t)(text.p[i] - '0');
    }
    return text.n && *to <= most;
}

/* A whole octet, nothing beside it. */
static bool is_star(struct view word, size_t at)
{
    return word.p[at] == '*' && (at == 0 || word.p[at - 1] == '.') &&
           (at + 1 == word.n || word.p[at + 1] == '.');
}

/* "127.0.*.3": any number in the place of the star. */
static bool read_stars(struct view word, struct rbl_result *to)
{
    char plain[16];
    size_t octet = 0;

    to->mask = UINT32_MAX;
    if (word.n >= sizeof plain)
        return false;
    for (size_t i = 0; i < word.n; i++) {
        plain[i] = word.p[i];
        octet += word.p[i] == '.';
        if (!is_star(word, i))
            continue;
        if (octet > 3)
            return false;
        plain[i] = '0';
        to->mask &= ~(0xff000000u >> 8 * octet);
    }
    if (!dnslist_read_code((struct view){plain, word.n}, &to->first))
        return false;
    to->last = to->first;
    return true;
}

static bool read_range(struct view word, const char *dash, struct rbl_result *to)
{
    const struct view from = {word.p, (size_t)(dash - word.p)}, until = {dash + 1, word.n - from.n - 1};

    to->mask = UINT32_MAX;
    return dnslist_read_code(view_trim(from), &to->first) && dnslist_read_code(view_trim(until), &to->last) &&
           to->first <= to->last;
}

static bool read_net(struct view word, const char *slash, struct rbl_result *to)
{
    const struct view net = {word.p, (size_t)(slash - word.p)}, bits = {slash + 1, word.n - net.n - 1};
    uint32_t n = 0;

    if (!dnslist_read_code(net, &to->first) || !read_number(bits, 32, &n) || n < 8)
        return false;
    to->mask = UINT32_MAX << (32 - n);
    to->last = to->first;
    return (to->first & ~to->mask) == 0;
}

static bool read_addresses(struct view word, struct rbl_result *to)
{
    const char *dash = memchr(word.p, '-', word.n), *slash = memchr(word.p, '/', word.n);
    bool ok = dash ? read_range(word, dash, to) : slash ? read_net(word, slash, to) : read_stars(word, to);

    return ok && to->first >> 24 == LOOPBACK && to->last >> 24 == LOOPBACK;
}

/* "4", or as other programs write it: "127.0.0.4". */
static bool read_bits(struct view word, struct rbl_result *to)
{
    uint32_t address = 0;

    if (!read_number(word, 255, &to->first)) {
        if (!dnslist_read_code(word, &address))
            return false;
        to->first = address & 0xff;
    }
    return to->first != 0;
}

static bool is_gap(char c)
{
    return c == ' ' || c == '\t' || c == ',';
}

static struct view next_word(struct view *left)
{
    struct view word;

    while (left->n && is_gap(left->p[0]))
        left->p++, left->n--;
    word = (struct view){left->p, 0};
    while (left->n && !is_gap(left->p[0]))
        left->p++, left->n--, word.n++;
    return word;
}

const char *rbl_part_read_results(struct rbl_zone *z, struct view results, struct view *word)
{
    static const struct rbl_result any = {LOOPBACK << 24, LOOPBACK << 24 | 0xffffff, UINT32_MAX};

    while ((*word = next_word(&results)).n) {
        if (z->result_n == RBL_ZONE_RESULTS_MAX)
            return "are too many results; accepted: up to 256";
        if (z->bitmap && !read_bits(*word, &z->result[z->result_n]))
            return "is no bitmap; accepted: numbers from 1 to 255";
        if (!z->bitmap && !read_addresses(*word, &z->result[z->result_n]))
            return "is no result; accepted: 127.0.0.2, 127.0.0.4-127.0.0.7, 127.0.1.0/24, 127.0.*.3";
        z->result_n++;
    }
    if (z->result_n == 0 && z->bitmap)
        return "a bitmap needs results; accepted: numbers from 1 to 255";
    if (z->result_n == 0)
        z->result[z->result_n++] = any;
    return NULL;
}

/* --- a section ------------------------------------------------------------- */

struct place {
    const struct settings *s;
    const char *section;
    struct view name;
    struct buf *why;
};

static int blame(const struct place *at, const char *key, struct view what, const char *words)
{
    const struct settings_item *i = settings_find(at->s, at->section, at->name, key);

    if (i && i->file.n)
        buf_addf(at->why, "%.*s:%u: ", (int)i->file.n, i->file.p, i->line);
    buf_addf(at->why, "%s %.*s.%s: %.*s%s%s", at->section, (int)at->name.n, at->name.p, key, (int)what.n,
             what.p, what.n ? " " : "", words);
    return -1;
}

static int read_suffix(const struct place *at, struct rbl_zone *z)
{
    const struct view zone = view_trim(settings_named_text(at->s, at->section, at->name, "zone"));
    const struct view key = view_trim(settings_named_text(at->s, at->section, at->name, "key"));
    char clean[FACTS_NAME_MAX + 1];
    size_t n = fact_name_clean(zone, clean);

    if (!n)
        return blame(at, "zone", zone, "is no name of a zone; accepted: a name like zen.example.org");
    z->zone = xstrndup(clean, n);
    if (key.n && !fact_name_clean(key, clean))
        return blame(at, "key", VIEW(""), "cannot be a part of a name");
    n = dnslist_suffix(zone, key, clean);
    /* The longest address must fit in front of it. */
    if (!n || n > FACTS_NAME_MAX - RDNS_REVERSE_MAX)
        return blame(at, "zone", zone, "is too long, with its key");
    z->suffix = xstrndup(clean, n);
    return 0;
}

static int read_sources(const struct place *at, struct rbl_zone *z)
{
    static const struct {
        struct view word;
        enum rbl_source source;
    } words[] = {{VIEW("sender"), RBL_SENDER},
                 {VIEW("helo"), RBL_HELO},
                 {VIEW("ptr"), RBL_PTR},
                 {VIEW("body"), RBL_BODY}};
    const struct settings_item *i = settings_find(at->s, at->section, at->name, "domains");
    struct view left = i ? i->value : VIEW("sender helo ptr body"), word;

    while ((word = next_word(&left)).n) {
        size_t w = 0;

        while (w < sizeof words / sizeof *words && !view_equal(word, words[w].word))
            w++;
        if (w == sizeof words / sizeof *words)
            return blame(at, "domains", word, "is not known; accepted: sender helo ptr body");
        z->sources |= words[w].source;
    }
    return z->sources
               ? 0
               : blame(at, "domains", VIEW(""), "nothing is to be asked; accepted: sender helo ptr body");
}

static int read_section(const struct place *at, struct rbl_zone *z)
{
    struct view word = {NULL, 0};
    const char *what;

    z->name = xstrndup(at->name.p, at->name.n);
    z->bitmap = settings_named_int(at->s, at->section, at->name, "bitmap", 0);
    z->domains = strcmp(at->section, "uribl") == 0;
    z->result = xcalloc(RBL_ZONE_RESULTS_MAX, sizeof *z->result);
    if (read_suffix(at, z) < 0 || (z->domains && read_sources(at, z) < 0))
        return -1;
    what = rbl_part_read_results(z, settings_named_text(at->s, at->section, at->name, "results"), &word);
    if (what)
        return blame(at, "results", word, what);
    z->result = xrealloc(z->result, z->result_n, sizeof *z->result);
    return 0;
}

int rbl_zone_open_all(struct rbl_zones *to, const struct settings *s, const char *section, struct buf *why)
{
    const struct settings_item *i;
    size_t at = 0;

    *to = (struct rbl_zones){.zone = xcalloc(RBL_ZONE_MAX, sizeof *to->zone)};
    while ((i = settings_next(s, section, NULL, &at))) {
        const struct place here = {s, section, i->name, why};

        /* Each section has one item of each key. */
        if (!i->name.n || !view_equal(i->key, VIEW("zone")) ||
            !settings_named_int(s, section, i->name, "enable", 1))
            continue;
        if (to->n == RBL_ZONE_MAX) {
            blame(&here, "zone", VIEW(""), "are too many lists; accepted: up to 64");
            goto failed;
        }
        if (read_section(&here, &to->zone[to->n++]) < 0)
            goto failed;
    }
    return 0;
failed:
    rbl_zone_close_all(to);
    return -1;
}

void rbl_zone_close_all(struct rbl_zones *z)
{
    for (unsigned i = 0; i < z->n; i++) {
        free(z->zone[i].name);
        free(z->zone[i].zone);
        free(z->zone[i].suffix);
        free(z->zone[i].result);
    }
    free(z->zone);
    *z = (struct rbl_zones){0};
}
