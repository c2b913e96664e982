/*
 * networks.h - a list of networks and ranges of addresses, and which of them holds an address most closely.
 *
 * Used by check_list.c and check_gateway.c. Opened in the loader, read only afterwards. A look-up costs one
 * way down a tree of at most 32 (IPv4) or 128 steps, whatever the list holds; addresses come from strangers.
 */
#ifndef WORKERS_ANTISPAM_NETWORKS_H
#define WORKERS_ANTISPAM_NETWORKS_H

#include "workers/antispam/entries.h"

#define NETWORKS_PREFIXES_MAX 2000000 /* of one list: a range may be up to 254 of them */

struct networks;

/* The items of section "list" of this name; an empty list is one, too. NULL, with "FILE:LINE: ..." in `why`.
 */
struct networks *networks_open(const struct settings *s, const char *list, struct buf *why);
void networks_close(struct networks *n);
bool networks_is_empty(const struct networks *n);
/* The smallest network with this address in it (of equal ones the first): its entry; ENTRIES_NONE: none. `ip`
 * in network order, IPv4 as ::ffff:0:0/96, which no network of IPv6 holds. */
uint32_t networks_find(const struct networks *n, const unsigned char ip[16]);
/* "192.0.2.0/24, lists/blacklist:12" */
void networks_say(const struct networks *n, uint32_t entry, struct buf *to);
/* Bytes of memory that it holds. */
size_t networks_bytes(const struct networks *n);

#endif
