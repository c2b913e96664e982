/*
 * mail_reader.h - one face of two readers of mail: spoold's own parser, and GMime.
 *
 * For tests/interop/mail_parts.c, which compares what they see, and tests/bench/mail.c, which compares what
 * they cost. A program is linked with mail_reader_ours.c or with mail_reader_gmime.c. Each goes through the
 * parts of a message in their order and decodes every leaf into memory; what is in a message in a message
 * counts.
 */
#ifndef TESTS_INTEROP_MAIL_READER_H
#define TESTS_INTEROP_MAIL_READER_H

#include "common/view.h"

#include <stdint.h>

struct mail_reader_leaf {
    struct view type, encoding, name;
    struct view bytes; /* decoded; all views are valid during the call only */
};
typedef void mail_reader_fn(void *with, const struct mail_reader_leaf *leaf);

extern const char mail_reader_name[];
/* Has it more than one reading? Then `all` tells whether each is gone through, or the usual one alone. */
extern const bool mail_reader_has_readings;

/* `leaf` may be NULL: then all is decoded, and nothing is told. Answers the set of oddities
 * (common/oddity.h), 0 where the reader has no such thing. */
uint64_t mail_reader_read(struct view message, bool all, mail_reader_fn *leaf, void *with);

#endif
