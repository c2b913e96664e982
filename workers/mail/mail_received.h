/*
 * mail_received.h - the way a mail came: its Received fields (RFC 5321, 4.4), as each mail server writes
 * them.
 *
 * For the checks that ask for the address from which a mail came to the first server that is trusted (SPF,
 * DNS lists, gateways). One reader for the forms of all servers: by what stands in the field, never by a list
 * of them. Views and numbers only. The bytes are hostile: only fields that own servers wrote are true, and
 * which these are the caller knows.
 */
#ifndef WORKERS_MAIL_RECEIVED_H
#define WORKERS_MAIL_RECEIVED_H

#include "workers/mail/mail_header.h"

#include <stdint.h>

/* Views are empty where the field does not say it. */
struct mail_received {
    struct view helo; /* what the client called itself; "[192.0.2.1]" with its brackets */
    struct view name; /* the client's name as the server found it in the DNS; never "unknown", no last dot */
    struct view ip;   /* the client's address, without brackets, "IPv6:" and zone; empty: none */
    unsigned char ip6[16]; /* the same in network order; IPv4 as ::ffff:0:0/96. All 0: none */
    bool forged;           /* sendmail: name and address do not belong together ("may be forged") */
    struct view by;        /* the server */
    struct view via;
    struct view with;      /* protocol; all its words ("Microsoft SMTP Server") */
    struct view id;        /* without <> */
    struct view recipient; /* behind "for", without <> */
    struct view sender;    /* of the envelope, from a comment, without <> */
    int64_t when;          /* Unix seconds; 0: no date of RFC 5322 */
    struct view whole;     /* the field; from its name to its line end */
};
struct mail_received_chain {
    struct mail_received *hop; /* in the arena; the newest, which stands first in the header, first */
    unsigned n;
    bool over; /* more fields than MAIL_RECEIVED_MAX: only the first ones are in `hop` */
};

/* The value of one field; `whole` becomes the value. True: it says a server ("by") or a client's address. */
bool mail_received_parse(struct view value, struct mail_received *to);
/* All of a header. */
void mail_received_read(struct mail_arena *a, const struct mail_header *h, struct mail_received_chain *to);
/* "192.0.2.1", "[192.0.2.1]:25", "[IPv6:2001:db8::1]", "fe80::1%eth0": the address without all around it, and
 * its 16 bytes. Empty: it is none. */
struct view mail_received_ip(struct view text, unsigned char ip6[16]);

#endif
