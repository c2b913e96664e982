/*
 * mail_url.h - the addresses (URLs) that a mail names: in its text, and in the attributes of its HTML.
 *
 * Called by mail_text.c, read by the checks. An address is taken as the reader of the mail would reach it:
 * written without a scheme, with "[.]" for a dot, with a host in percent signs or as one number, behind a
 * name of somebody else and "@". mail_url_find.c searches text, mail_url_host.c reads hosts. Nothing is
 * looked up anywhere. The bytes are hostile; work is linear in their number.
 */
#ifndef WORKERS_MAIL_URL_H
#define WORKERS_MAIL_URL_H

#include "workers/mail/mail_arena.h"
#include "workers/mail/mail_limits.h"

#include <stdint.h>

enum mail_url_scheme { MAIL_URL_HTTP, MAIL_URL_HTTPS, MAIL_URL_FTP, MAIL_URL_MAILTO, MAIL_URL_SCHEME__MAX };
enum {
    MAIL_URL_OBFUSCATED = 1, /* scheme or host is written so that programs do not see it, and people do */
    MAIL_URL_ATTRIBUTE = 2,  /* of an HTML element */
    MAIL_URL_ADDRESS = 4,    /* the host is an IP address */
    MAIL_URL_REDIRECTED = 8, /* stands within another address, and nowhere by itself */
    MAIL_URL_USER = 16,      /* "user@" before a host that is not that of a mail address */
    MAIL_URL_BARE = 32,      /* never with a scheme */
    MAIL_URL_HIDDEN = 64,    /* only where the reader does not see it */
    MAIL_URL_CUT = 128,      /* was longer than MAIL_URL_MAX */
};

struct mail_url {
    struct view
        raw; /* as it stands; decoded where it stands in another one, put together where it is relative */
    enum mail_url_scheme scheme;
    struct view user; /* before "@"; the local part of a mail address */
    struct view host; /* lower case; IPv4 as four numbers, IPv6 in brackets, other scripts as they stand */
    unsigned port;    /* 0: none given */
    struct view path; /* from "/", "?" or "#" on */
    struct view text; /* of the first link that has some: what the reader sees in its place */
    unsigned flags;
};

struct mail_urls {
    struct mail_arena *arena; /* given by the caller, who zeroes the rest */
    struct mail_url *url; /* all different in scheme, host, port and path; in the order in which they stand */
    unsigned n;
    bool over;        /* there are more than MAIL_URLS_MAX */
    struct view base; /* what relative addresses stand on; of <base> */
    uint16_t *slot;   /* finds equal ones */
};

/* What is known of one that is not searched for. */
struct mail_url_given {
    struct view value;
    struct view text;
    unsigned flags; /* ATTRIBUTE, BARE, HIDDEN, OBFUSCATED */
};

/* Takes one, and those that it carries: "http://example.org/?to=http%3A%2F%2Fexample.net" are two. A value
 * that is no address of these schemes, and without a base one that is relative, adds nothing. */
void mail_url_add(struct mail_urls *u, const struct mail_url_given *given);
/* Of <base href>: an address for relative ones, and one by itself. */
void mail_url_set_base(struct mail_urls *u, struct view value);
/* Those in plain text. */
void mail_url_find(struct mail_urls *u, struct view text);
/* "http"; "?" beyond the table. */
const char *mail_url_scheme_name(unsigned scheme);

#endif
