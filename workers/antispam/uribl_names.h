/*
 * uribl_names.h - the names that domain lists are asked about, each once.
 *
 * Used by check_uribl.c. A name is the organisational domain of what was found (lists have these, and a
 * spammer has any number of names below one), in ASCII (IDNA), or an address in the place of a host. Names of
 * the site itself are not among them: nobody can send them but as a forgery, and each mail has them.
 */
#ifndef WORKERS_ANTISPAM_URIBL_NAMES_H
#define WORKERS_ANTISPAM_URIBL_NAMES_H

#include "workers/antispam/names.h"
#include "workers/antispam/rbl_zone.h"

struct uribl_name {
    struct view name;  /* for people: "example.org", "192.0.2.1" */
    struct view front; /* in front of the zone: "example.org.", "1.2.0.192." */
    unsigned sources;  /* set of enum rbl_source */
};
struct uribl_names {         /* `own` and `max` given, the rest zeroed by the caller; memory of the round */
    const struct names *own; /* site.domains */
    unsigned max;
    struct uribl_name *name;
    unsigned n;
    bool over;        /* there were more than `max` */
    bool ptr_unknown; /* the client's reverse name was not asked for (yet) */
};

/*
 * Of the envelope: sender, HELO, and the client's reverse names. These as they are found, whether or not they
 * lead back: who owns the address chose them, a lie harms nobody but himself, and the answer is there a round
 * earlier.
 */
void uribl_names_add_envelope(struct judge *j, struct uribl_names *to);
/* Of subject and text, the most suspicious first (uribl_names.c). Only in a round with the message. */
void uribl_names_add_message(struct judge *j, struct uribl_names *to);

#endif
