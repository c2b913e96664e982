/*
 * mail_address.h - lists of addresses (RFC 5322, 3.4 and 4.4; RFC 6532): mailboxes and groups, broken ones
 * among them.
 *
 * Called for From, To and their like by the checks. Never fails: what breaks the grammar is kept as it stands
 * and marked, and never swallows what is behind the next comma. Views into the value or copies in the arena.
 * The bytes are hostile.
 */
#ifndef WORKERS_MAIL_ADDRESS_H
#define WORKERS_MAIL_ADDRESS_H

#include "workers/charset.h"
#include "workers/mail/mail_arena.h"

struct mail_address {
    struct view
        local; /* unquoted: "\"a b\"@x" gives "a b". Of a broken one all before the last "@" as it stands */
    struct view domain; /* ASCII in lower case, without blanks and comments; "[192.0.2.1]" with its brackets;
                           may be empty */
    struct view name;   /* as it stands: a phrase, or a comment without its parentheses; empty: none */
    struct view group;  /* as it stands: the name of the group that it is in */
    struct view whole;  /* all that stands between the commas, blanks at both ends cut */
    bool named_by_comment;
    bool broken; /* the grammar is; "<>", the empty path, is not broken */
};
struct mail_addresses {
    struct mail_address *address; /* in the arena, in their order */
    unsigned n;
    unsigned groups; /* empty ones, too: "undisclosed-recipients:;" */
    bool over;       /* more than MAIL_ADDRESSES_MAX: the further ones are not in `address` */
};

/* `value` may be folded. */
void mail_address_parse(struct mail_arena *a, struct view value, struct mail_addresses *to);
/* The display name as a reader shows it: unquoted, unfolded, encoded words decoded, UTF-8. Empty: none. `set`
 * may be NULL (mail_word.h). */
struct view mail_address_name(struct mail_arena *a, struct charset_set *set,
                              const struct mail_address *address);
/* Without regard to the case of ASCII letters and to one last dot. Names in UTF-8 and in punycode are
 * different. */
bool mail_address_same_domain(struct view x, struct view y);

#endif
