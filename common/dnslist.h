/*
 * dnslist.h - DNS lists (RFC 5782) as far as the supervisor, which tests them, and worker-antispam, which
 * judges by them, must agree: the names that are asked, and which answers can be meant.
 *
 * Pure. Zone and key are the administrator's, answers are a stranger's.
 */
#ifndef COMMON_DNSLIST_H
#define COMMON_DNSLIST_H

#include "common/view.h"

#include <stdint.h>

/* What stands behind the address or domain in a question: "KEY.ZONE", or where the zone has a label KEY (in
 * capitals) that one replaced. `to` has room for FACTS_NAME_MAX + 1. Its bytes; 0: it cannot be asked. */
size_t dnslist_suffix(struct view zone, struct view key, char *to);
/* The answer "127.0.0.2" as a number. False: it is no IPv4 address, and nothing but one. */
bool dnslist_read_code(struct view answer, uint32_t *code);
/* What a list may mean by an answer: 127.0.0.0/8 without 127.255.255.0/24, where lists say that they do not
 * want to be asked (a public resolver, too many questions, a misspelt zone). */
bool dnslist_is_code(uint32_t code);

#endif
