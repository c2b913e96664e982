/*
 * names.h - a list of mail addresses and domains, and which of them fits a sender.
 *
 * Used by check_list.c and check_forged_local.c. Opened in the loader, read only afterwards. ASCII letters
 * are equal in either case, in the local part, too: what tells "Info@example.org" from "info@example.org"
 * does not exist outside the RFCs. A name in UTF-8 and the same in punycode are two. Senders are hostile.
 */
#ifndef WORKERS_ANTISPAM_NAMES_H
#define WORKERS_ANTISPAM_NAMES_H

#include "workers/antispam/entries.h"

struct names;

/* The items of section "list" of this name, in the forms of common/entry.h; an empty list is one, too. NULL,
 * with "FILE:LINE: ..." in `why`. */
struct names *names_open(const struct settings *s, const char *list, struct buf *why);
void names_close(struct names *n);
bool names_is_empty(const struct names *n);
/* The entry that fits best: the address, its domain, the nearest domain above it; ENTRIES_NONE: none. `local`
 * may be empty: domains only. `domain` without last dot; empty: the null sender, which is in no list. */
uint32_t names_find(const struct names *n, struct view local, struct view domain);
/* "example.org, lists/blocked:12" */
void names_say(const struct names *n, uint32_t entry, struct buf *to);
size_t names_bytes(const struct names *n);

#endif
