/*
 * dns_servers.h - which servers are asked: those of the settings or of resolv.conf, and for zones that have a
 * server of their own (R061) that one.
 *
 * Read by role_dns.c in the loader; nothing changes afterwards. A list is what one name may be asked of; list
 * 0 is that of all names that no zone has. Addresses of all lists stand in one table, each once, so that what
 * is known of a server holds for every list.
 */
#ifndef WORKERS_DNS_DNS_SERVERS_H
#define WORKERS_DNS_DNS_SERVERS_H

#include "common/facts.h"
#include "common/settings.h"

#include <netinet/in.h>

#define DNS_SERVERS_MAX      72 /* addresses */
#define DNS_SERVERS_LIST_MAX 8  /* of one list */
#define DNS_SERVERS_ZONE_MAX 500
#define DNS_SERVERS_PORT     53
#define DNS_SERVERS_TEXT     (INET6_ADDRSTRLEN + 9) /* "[2001:db8::1]:53" */

struct dns_address {
    bool ip6;
    unsigned char ip[16]; /* IPv4: the first 4 */
    uint16_t port;
};
struct dns_list {
    unsigned server[DNS_SERVERS_LIST_MAX]; /* indexes of address[] */
    unsigned n;
};
struct dns_zone {
    char name[FACTS_NAME_MAX + 1]; /* with the key of the list in front, where it has one */
    size_t n;
    unsigned list;
};
struct dns_servers {
    struct dns_address address[DNS_SERVERS_MAX];
    unsigned address_n;
    struct dns_list *list; /* owned; the first is there always */
    unsigned list_n;
    struct dns_zone *zone; /* owned; sorted by name */
    unsigned zone_n;
};

/*
 * `resolv`: the text of resolv.conf, used where dns.servers is empty; without any server there it is
 * 127.0.0.1. 0, or -1 with "FILE:LINE: ..." in `why`.
 */
int dns_servers_read(struct dns_servers *s, const struct settings *set, struct view resolv, struct buf *why);
/* The list for a clean name: the longest zone that it is in wins. */
unsigned dns_servers_find(const struct dns_servers *s, struct view name);
/* "192.0.2.1:53" into `to`, of DNS_SERVERS_TEXT bytes. */
void dns_servers_text(const struct dns_address *a, char *to);
void dns_servers_free(struct dns_servers *s);

#endif
