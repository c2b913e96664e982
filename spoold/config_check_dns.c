/*
 * config_check_dns.c - see config_check_dns.h: name servers, and the sections [rbl NAME] and [uribl NAME].
 *
 * Called by config_check.c once the struct is filled. What is wrong here would stop a
 * worker's loader, so it has to be as strict as workers/antispam/rbl_settings.c and
 * worker-dns are. Pure but for the complaints.
 */
#include "spoold/config_check_dns.h"

#include "common/dnslist.h"
#include "common/facts.h"

#include <arpa/inet.h>

#define ADDRESS_ROOM 64  /* bytes of a reversed IPv6 address in front of a zone, with its last dot */
#define RESULTS_MAX  256 /* words in `results` */
#define SERVERS_MAX  8   /* of one list of them */
#define DIFFERENT    72  /* name servers of all lists together */

/* One [rbl NAME] or [uribl NAME]. */
struct list {
    const struct config *c;
    struct config_errors *errs;
    const char *section, *name;
    const char *zone, *key, *results, *dns_server, *domains; /* domains: NULL in [rbl] */
    bool bitmap;
};

static struct view next_word(struct view *rest)
{
    struct view word;

    while (rest->n && strchr(" \t,", rest->p[0]))
        rest->p++, rest->n--;
    word = (struct view){rest->p, 0};
    while (rest->n && !strchr(" \t,", rest->p[0]))
        rest->p++, rest->n--, word.n++;
    return word;
}

/* Digits only, at most `max`. */
static bool read_number(struct view text, uint32_t max, uint32_t *to)
{
    *to = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9' || *to > max)
            return false;
        *to = *to * 10 + (uint32_t)(text.p[i] - '0');
    }
    return text.n && *to <= max;
}

static bool is_address(int family, struct view text)
{
    char z[INET6_ADDRSTRLEN];
    unsigned char to[16];

    if (text.n == 0 || text.n >= sizeof z)
        return false;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    return inet_pton(family, z, to) == 1;
}

static bool is_server(struct view word)
{
    const char *colon = memrchr(word.p, ':', word.n);
    struct view host = word, port = {0};
    uint32_t n = 0;

    if (is_address(AF_INET6, word))
        return true;
    if (colon && (word.p[0] != '[' || colon[-1] == ']')) {
        host.n = (size_t)(colon - word.p);
        port = (struct view){colon + 1, word.n - host.n - 1};
        if (!read_number(port, 65535, &n) || n == 0)
            return false;
    }
    if (host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']')
        return is_address(AF_INET6, (struct view){host.p + 1, host.n - 2});
    return is_address(AF_INET, host);
}

const char *config_check_dns_servers(struct view text, struct view *word)
{
    for (unsigned n = 0; (*word = next_word(&text)).n; n++) {
        if (!is_server(*word))
            return "is no address of a name server; accepted: 127.0.0.1, 192.0.2.53:5353, 2001:db8::1, "
                   "[2001:db8::1]:53, with blanks or commas between";
        if (n == SERVERS_MAX)
            return "is one name server too many; accepted: up to 8";
    }
    return NULL;
}

/* 0: it is none in 127.0.0.0/8. */
static uint32_t loopback(struct view text)
{
    char z[INET_ADDRSTRLEN];
    struct in_addr a;

    if (text.n == 0 || text.n >= sizeof z)
        return 0;
    memcpy(z, text.p, text.n);
    z[text.n] = '\0';
    return inet_pton(AF_INET, z, &a) == 1 && ntohl(a.s_addr) >> 24 == 127 ? ntohl(a.s_addr) : 0;
}

/* "127.0.*.3": a star is a whole number of the address. */
static bool is_starred(struct view word)
{
    char plain[INET_ADDRSTRLEN];

    if (word.n >= sizeof plain)
        return false;
    for (size_t i = 0; i < word.n; i++) {
        bool alone = (i == 0 || word.p[i - 1] == '.') && (i + 1 == word.n || word.p[i + 1] == '.');

        if (word.p[i] == '*' && !alone)
            return false;
        plain[i] = word.p[i] == '*' ? '0' : word.p[i];
    }
    return loopback((struct view){plain, word.n}) != 0;
}

/* 127.0.1.0 and 24; 127.0.1.1 and 24 is a mistake in one of both. */
static bool is_network(struct view address, struct view length)
{
    uint32_t bits = 0;

    if (!loopback(address) || !read_number(length, 32, &bits) || bits < 8)
        return false;
    return bits == 32 || !(loopback(address) & UINT32_MAX >> bits);
}

static bool is_result(struct view word)
{
    const char *dash = memchr(word.p, '-', word.n), *slash = memchr(word.p, '/', word.n);
    const char *mark = dash ? dash : slash;
    struct view left = {word.p, mark ? (size_t)(mark - word.p) : word.n}, right = {0};

    if (!mark)
        return is_starred(word);
    right = (struct view){mark + 1, word.n - left.n - 1};
    return slash ? is_network(left, right) : loopback(left) && loopback(left) <= loopback(right);
}

/* A number, or an address that has it as its last one. */
static bool is_bits(struct view word)
{
    uint32_t n = 0;

    return read_number(word, 255, &n) ? n != 0 : (loopback(word) & 0xff) != 0;
}

const char *config_check_dns_results(struct view text, bool bitmap, struct view *word)
{
    unsigned n = 0;

    for (; (*word = next_word(&text)).n; n++) {
        if (n == RESULTS_MAX)
            return "is one result too many; accepted: up to 256";
        if (bitmap && !is_bits(*word))
            return "is no set of bits; accepted with bitmap: numbers from 1 to 255";
        if (!bitmap && !is_result(*word))
            return "is no result; accepted: 127.0.0.2, 127.0.0.4-127.0.0.7, 127.0.1.0/24, 127.0.*.3, with "
                   "blanks "
                   "or commas between";
    }
    return bitmap && n == 0 ? "bitmap needs results; accepted: numbers from 1 to 255" : NULL;
}

static void complain(const struct list *l, const char *key, struct view word, const char *what)
{
    struct config_place place = config_where(l->c, l->section, l->name, key);

    config_error(l->errs, place.file, place.lineno, "[%s %s] %s: %.*s%s%s", l->section, l->name, key,
                 (int)word.n, word.n ? word.p : "", word.n ? " " : "", what);
}

static void check_zone(const struct list *l)
{
    struct view zone = view_of(l->zone), key = view_of(l->key);
    char name[FACTS_NAME_MAX + 1];
    size_t n = dnslist_suffix(zone, key, name);

    if (zone.n == 0)
        complain(l, "zone", zone, "it is missing; accepted: a name like zen.example.org");
    else if (fact_name_clean(zone, name) == 0)
        complain(l, "zone", zone, "is no name; accepted: one like zen.example.org");
    else if (n == 0)
        complain(l, "key", VIEW(""), "it cannot be part of a name; accepted: letters, digits, - and dots");
    else if (n > FACTS_NAME_MAX - ADDRESS_ROOM)
        complain(l, "zone", zone,
                 "is too long to have an address in front of it; accepted: up to 189 bytes, with its key");
}

static void check_domains(const struct list *l)
{
    struct view rest = view_of(l->domains), word;
    bool any = false;

    for (; (word = next_word(&rest)).n; any = true)
        if (!view_equal(word, VIEW("sender")) && !view_equal(word, VIEW("helo")) &&
            !view_equal(word, VIEW("ptr")) && !view_equal(word, VIEW("body")))
            complain(l, "domains", word, "is not known; accepted: some of sender, helo, ptr, body");
    if (!any)
        complain(l, "domains", word, "nothing would be asked; accepted: some of sender, helo, ptr, body");
}

static void check_list(const struct list *l)
{
    struct view word;
    const char *what = config_check_dns_servers(view_of(l->dns_server), &word);

    if (what)
        complain(l, "dns_server", word, what);
    check_zone(l);
    what = config_check_dns_results(view_of(l->results), l->bitmap, &word);
    if (what)
        complain(l, "results", word, what);
    if (l->domains)
        check_domains(l);
}

/* Words that differ. */
struct different {
    struct view word[DIFFERENT];
    unsigned n;
};

/* False: there is no room for one of them. */
static bool add_different(struct different *d, const char *text)
{
    struct view rest = view_of(text), word;

    while ((word = next_word(&rest)).n) {
        unsigned i = 0;

        while (i < d->n && !view_equal(d->word[i], word))
            i++;
        if (i == DIFFERENT)
            return false;
        if (i == d->n)
            d->word[d->n++] = word;
    }
    return true;
}

/* worker-dns has a place for each of them. */
static void check_all_servers(const struct config *c, struct config_errors *errs)
{
    struct different all = {.n = 0};
    bool room = add_different(&all, c->dns_servers);
    struct config_place place = {NULL, 0};

    for (size_t i = 0; room && i < c->rbl_n; i++) {
        place = config_where(c, "rbl", c->rbl[i].name, "dns_server");
        room = add_different(&all, c->rbl[i].dns_server);
    }
    for (size_t i = 0; room && i < c->uribl_n; i++) {
        place = config_where(c, "uribl", c->uribl[i].name, "dns_server");
        room = add_different(&all, c->uribl[i].dns_server);
    }
    if (!room)
        config_error(errs, place.file, place.lineno,
                     "dns_server: there are too many name servers; accepted: up to %d different ones in all",
                     DIFFERENT);
}

void config_check_dns(const struct config *c, struct config_errors *errs)
{
    struct view word;
    const char *what = config_check_dns_servers(view_of(c->dns_servers), &word);
    struct config_place place = config_where(c, "dns", "", "servers");

    if (what)
        config_error(errs, place.file, place.lineno, "servers: %.*s %s", (int)word.n, word.p, what);
    for (size_t i = 0; i < c->rbl_n; i++) {
        const struct config_rbl *r = &c->rbl[i];

        check_list(&(struct list){c, errs, "rbl", r->name, r->zone, r->key, r->results, r->dns_server, NULL,
                                  r->bitmap});
    }
    for (size_t i = 0; i < c->uribl_n; i++) {
        const struct config_uribl *u = &c->uribl[i];

        check_list(&(struct list){c, errs, "uribl", u->name, u->zone, u->key, u->results, u->dns_server,
                                  u->domains, u->bitmap});
    }
    check_all_servers(c, errs);
}
