/*
 * rdns.h - addresses and the DNS: names made of an address, addresses in answers, and the way back.
 *
 * Used by the checks of the client's address (iprev, helo, rbl, uribl). Pure over the facts of a judge; the
 * answers are strangers' bytes. An IPv4 address is kept as ::ffff:0:0/96, as in struct judge.
 */
#ifndef WORKERS_ANTISPAM_RDNS_H
#define WORKERS_ANTISPAM_RDNS_H

#include "workers/antispam/check.h"

#define RDNS_NAMES_MAX   5  /* of one address that are looked at */
#define RDNS_TEXT_MAX    48 /* bytes of an address as text, with its NUL */
#define RDNS_REVERSE_MAX 64 /* bytes of an address in front of a zone, with the last dot */

/* "1.2.0.192.", or the 32 nibbles of IPv6 (RFC 5782, 2.1 and 2.4); `to` has room for RDNS_REVERSE_MAX + 1. */
size_t rdns_reverse(const unsigned char ip[16], char *to);
bool rdns_is_ip4(const unsigned char ip[16]);
/* "192.0.2.1", "2001:db8::1"; no brackets, nothing around it. */
bool rdns_parse(struct view text, unsigned char ip[16]);
/* The client's address as it is shown, whatever it looked like. `to` has room for RDNS_TEXT_MAX. */
const char *rdns_text(const unsigned char ip[16], char *to);
/* One of the answers (A, AAAA) is this address. */
bool rdns_has(const struct fact *f, const unsigned char ip[16]);

/* What kind of address nobody in the Internet knows anything of ("a private address"); NULL: it is none. */
const char *rdns_special(const unsigned char ip[16]);
/* Letters, digits, hyphens, and the underscores that so many machines have in their names; two labels at
 * least, and the last one no number (that would be an address without its brackets). `clean`: in lower case.
 */
bool rdns_is_host_name(struct view clean);

/* Why the client is not asked about: no address, or one of site.networks, or special; NULL: it is. */
const char *rdns_why_not(const struct judge *j);
/* The names of the client's address; NULL: not known. Only with an address. */
const struct fact *rdns_names(struct judge *j);
/* The type of question that may lead back to the client. */
enum fact_type rdns_type(const struct judge *j);

struct rdns {
    enum check_result result; /* pass, fail, none, permerror, temperror, unknown: see check_iprev.c */
    struct view name; /* pass: the one that leads back; else the first, for people. Memory of the round */
    unsigned names;   /* that the address has */
};
/* Goes through the names of the client's address; only with an address. */
void rdns_look(struct judge *j, struct rdns *to);

#endif
