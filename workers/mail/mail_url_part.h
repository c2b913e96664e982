/*
 * mail_url_part.h - what the files of mail_url share, and nobody else.
 *
 * Included by mail_url*.c.
 */
#ifndef WORKERS_MAIL_URL_PART_H
#define WORKERS_MAIL_URL_PART_H

#include "workers/mail/mail_url.h"

#define MAIL_URL_HOST_MAX 253 /* bytes; RFC 1035 */

struct mail_url_host {
    char name[MAIL_URL_HOST_MAX + 1];
    size_t n;
    unsigned flags; /* OBFUSCATED, ADDRESS */
};

/* mail_url_host.c: a host as it stands, as one that can be compared. False: there is no such host. */
bool mail_url_host(struct view in, struct mail_url_host *to);
/* Does it end like a host that exists? For words in a text that nothing else shows to be one. */
bool mail_url_host_is_plausible(struct view host);
/* "[.]", "(dot)" and their like at the begin: bytes of it; 0: none. */
size_t mail_url_host_dot(struct view v);

#endif
