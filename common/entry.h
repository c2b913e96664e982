/*
 * entry.h - one entry of a list of networks, or of senders: its forms, and what is wrong with one.
 *
 * Used by the supervisor when it reads the configuration and by worker-antispam when it makes its tables of
 * it, so that both accept the same. Pure. Entries are the administrator's: trusted, but he errs.
 */
#ifndef COMMON_ENTRY_H
#define COMMON_ENTRY_H

#include "common/view.h"

#define ENTRY_SENDER_MAX 320 /* bytes: 64 of a local part, "@", 255 of a domain */

/* The addresses from `first` to `last`, both in it; network order, IPv4 as ::ffff:0:0/96. */
struct entry_network {
    unsigned char first[16], last[16];
    bool is_ip4;
};

/* "192.0.2.1", "192.0.2.0/24", "192.0.2.1-192.0.2.9", and the same of IPv6. NULL, or what is wrong and what
 * is accepted. */
const char *entry_parse_network(struct view text, struct entry_network *to);
const char *entry_check_network(struct view text);
/* "user@example.org", "@example.org" or "example.org": the domain, ".example.org": it and all below it. NULL,
 * or what is wrong and what is accepted. */
const char *entry_check_sender(struct view text);
/* The same without addresses. */
const char *entry_check_domain(struct view text);

#endif
