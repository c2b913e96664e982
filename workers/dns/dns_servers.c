/*
 * dns_servers.c - see dns_servers.h.
 *
 * Runs in the loader, before the lock-down, over text that only the administrator writes; it is read with the
 * same care all the same, because a server that is misread is a server that is never asked.
 * dns_servers_find() runs for every question and is bounded by the labels of a name.
 */
#include "workers/dns/dns_servers.h"

#include "common/dnslist.h"
#include "common/xalloc.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>

#define IS_BLANK(c) ((c) == ' ' || (c) == '\t' || (c) == ',' || (c) == '\r')

/* The next word of *rest, "" at its end. */
static struct view next_word(struct view *rest)
{
    struct view w;

    while (rest->n && IS_BLANK(*rest->p))
        rest->p++, rest->n--;
    w = (struct view){rest->p, 0};
    while (rest->n && !IS_BLANK(*rest->p))
        rest->p++, rest->n--, w.n++;
    return w;
}

static bool parse_port(struct view text, uint16_t *port)
{
    unsigned v = 0;

    if (!text.n || text.n > 5)
        return false;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(text.p[i] - '0');
    }
    *port = (uint16_t)v;
    return v > 0 && v <= 65535;
}

static bool parse_ip(struct view text, bool ip6, struct dns_address *a)
{
    char buf[INET6_ADDRSTRLEN];

    if (text.n >= sizeof buf || memchr(text.p, '\0', text.n))
        return false;
    memcpy(buf, text.p, text.n);
    buf[text.n] = '\0';
    a->ip6 = ip6;
    return inet_pton(ip6 ? AF_INET6 : AF_INET, buf, a->ip) == 1;
}

/* "192.0.2.1", "192.0.2.1:5353", "2001:db8::1", "[2001:db8::1]:53" */
static bool parse_address(struct view text, struct dns_address *a)
{
    const char *close = memchr(text.p, ']', text.n), *colon = memchr(text.p, ':', text.n);
    struct view ip = text, port = {NULL, 0};
    bool ip6 = false;

    *a = (struct dns_address){.port = DNS_SERVERS_PORT};
    if (text.n && text.p[0] == '[') {
        if (!close)
            return false;
        ip = (struct view){text.p + 1, (size_t)(close - text.p) - 1};
        port = (struct view){close + 1, text.n - ip.n - 2};
        if (port.n && port.p[0] != ':')
            return false;
        ip6 = true;
    } else if (colon && !memchr(colon + 1, ':', text.n - (size_t)(colon - text.p) - 1)) {
        ip.n = (size_t)(colon - text.p);
        port = (struct view){colon, text.n - ip.n};
    } else {
        ip6 = colon != NULL;
    }
    if (port.n && !parse_port((struct view){port.p + 1, port.n - 1}, &a->port))
        return false;
    return parse_ip(ip, ip6, a);
}

static bool is_same(const struct dns_address *a, const struct dns_address *b)
{
    return a->ip6 == b->ip6 && a->port == b->port && memcmp(a->ip, b->ip, a->ip6 ? 16 : 4) == 0;
}

/* False: there are too many. */
static bool add_address(struct dns_servers *s, struct dns_list *l, const struct dns_address *a)
{
    unsigned i = 0;

    while (i < s->address_n && !is_same(&s->address[i], a))
        i++;
    for (unsigned k = 0; k < l->n; k++)
        if (l->server[k] == i)
            return true;
    if (i == DNS_SERVERS_MAX || l->n == DNS_SERVERS_LIST_MAX)
        return false;
    if (i == s->address_n)
        s->address[s->address_n++] = *a;
    l->server[l->n++] = i;
    return true;
}

static struct dns_list *add_list(struct dns_servers *s)
{
    s->list = xrealloc(s->list, s->list_n + 1, sizeof *s->list);
    s->list[s->list_n] = (struct dns_list){.n = 0};
    return &s->list[s->list_n++];
}

static void say_place(const struct settings_item *i, struct buf *why)
{
    if (i->file.n)
        buf_addf(why, "%.*s:%u: ", (int)i->file.n, i->file.p, i->line);
}

static int read_list(struct dns_servers *s, const struct settings_item *i, struct buf *why)
{
    struct dns_list *l = add_list(s);
    struct view rest = i->value, word;
    struct dns_address a;

    while ((word = next_word(&rest)).n) {
        if (!parse_address(word, &a)) {
            say_place(i, why);
            buf_addf(why,
                     "%.*s is no address of a name server, as 192.0.2.1, 192.0.2.1:5353 or [2001:db8::1]:53",
                     (int)word.n, word.p);
            return -1;
        }
        if (!add_address(s, l, &a)) {
            say_place(i, why);
            buf_addf(why, "there are too many name servers: %d in one list and %d in all are possible",
                     DNS_SERVERS_LIST_MAX, DNS_SERVERS_MAX);
            return -1;
        }
    }
    return 0;
}

/* As libc does, but for addresses with a zone ("fe80::1%eth0"), which c-ares 1.18 cannot reach. */
static void read_resolv(struct dns_servers *s, struct view text)
{
    const struct dns_address local = {.ip = {127, 0, 0, 1}, .port = DNS_SERVERS_PORT};
    struct dns_list *l = add_list(s);

    while (text.n) {
        const char *lf = memchr(text.p, '\n', text.n);
        struct view line = {text.p, lf ? (size_t)(lf - text.p) : text.n};
        struct dns_address a;

        text.p += line.n + (lf != NULL);
        text.n -= line.n + (lf != NULL);
        if (!view_equal(next_word(&line), VIEW("nameserver")) || !parse_address(next_word(&line), &a))
            continue;
        a.port = DNS_SERVERS_PORT;
        (void)add_address(s, l, &a); /* more than can be used are not */
    }
    if (l->n == 0)
        (void)add_address(s, l, &local);
}

/* Of a section rbl or uribl that is on: its zone is asked of the server that it names. */
static int read_zone(struct dns_servers *s, const struct settings *set, const struct settings_item *server,
                     struct buf *why)
{
    const char *section = view_equal(server->section, VIEW("rbl")) ? "rbl" : "uribl";
    struct view zone = view_trim(settings_named_text(set, section, server->name, "zone"));
    struct view key = view_trim(settings_named_text(set, section, server->name, "key"));
    struct dns_zone z = {.list = s->list_n};

    if (!server->value.n || !settings_named_int(set, section, server->name, "enable", 1))
        return 0;
    if (s->zone_n == DNS_SERVERS_ZONE_MAX) {
        say_place(server, why);
        buf_addf(why, "there are more than %d lists with a server of their own", DNS_SERVERS_ZONE_MAX);
        return -1;
    }
    z.n = dnslist_suffix(zone, key, z.name);
    if (!z.n) /* who looks names up there says what is wrong with it */
        return 0;
    s->zone = xrealloc(s->zone, s->zone_n + 1, sizeof *s->zone);
    s->zone[s->zone_n++] = z;
    return read_list(s, server, why);
}

static int compare_zones(const void *a, const void *b)
{
    return strcmp(((const struct dns_zone *)a)->name, ((const struct dns_zone *)b)->name);
}

static int read_zones(struct dns_servers *s, const struct settings *set, const char *section, struct buf *why)
{
    const struct settings_item *i;
    size_t at = 0;

    while ((i = settings_next(set, section, NULL, &at)))
        if (view_equal(i->key, VIEW("dns_server")) && read_zone(s, set, i, why) < 0)
            return -1;
    return 0;
}

int dns_servers_read(struct dns_servers *s, const struct settings *set, struct view resolv, struct buf *why)
{
    const struct settings_item *servers = settings_find(set, "dns", VIEW(""), "servers");

    *s = (struct dns_servers){0};
    if (servers && read_list(s, servers, why) < 0)
        return -1;
    if (!servers || s->list[0].n == 0) {
        s->list_n = 0;
        read_resolv(s, resolv);
    }
    if (read_zones(s, set, "rbl", why) < 0 || read_zones(s, set, "uribl", why) < 0)
        return -1;
    if (s->zone_n)
        qsort(s->zone, s->zone_n, sizeof *s->zone, compare_zones);
    return 0;
}

static const struct dns_zone *find_zone(const struct dns_servers *s, struct view name)
{
    unsigned low = 0, high = s->zone_n;

    while (low < high) {
        unsigned mid = low + (high - low) / 2;
        const struct dns_zone *z = &s->zone[mid];
        int c = memcmp(z->name, name.p, z->n < name.n ? z->n : name.n);

        if (c == 0 && z->n == name.n)
            return z;
        if (c < 0 || (c == 0 && z->n < name.n))
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

unsigned dns_servers_find(const struct dns_servers *s, struct view name)
{
    while (s->zone_n && name.n) {
        const struct dns_zone *z = find_zone(s, name);
        const char *dot;

        if (z)
            return s->list[z->list].n ? z->list : 0;
        dot = memchr(name.p, '.', name.n);
        if (!dot)
            break;
        name.n -= (size_t)(dot + 1 - name.p);
        name.p = dot + 1;
    }
    return 0;
}

void dns_servers_text(const struct dns_address *a, char *to)
{
    char ip[INET6_ADDRSTRLEN] = "?";

    inet_ntop(a->ip6 ? AF_INET6 : AF_INET, a->ip, ip, sizeof ip);
    snprintf(to, DNS_SERVERS_TEXT, a->ip6 ? "[%s]:%u" : "%s:%u", ip, a->port);
}

void dns_servers_free(struct dns_servers *s)
{
    free(s->list);
    free(s->zone);
    *s = (struct dns_servers){0};
}
