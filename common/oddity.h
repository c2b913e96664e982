/*
 * oddity.h - what is odd about the form of a mail: one row each, with a name, a grade and words.
 *
 * Shared by the mail parser in the workers, which finds them, and by supervisor and tools, which
 * tell people. A set of them is 64 bits, 1 << enum oddity. Pure.
 */
#ifndef COMMON_ODDITY_H
#define COMMON_ODDITY_H

#include "common/view.h"

#include <stdint.h>

enum oddity {
    ODDITY_NONE,
    /* Two readings: readers differ in what they see. */
    ODDITY_TYPES,         /* several Content-Type fields */
    ODDITY_ENCODINGS,     /* several Content-Transfer-Encoding fields */
    ODDITY_TYPE,          /* one that breaks the grammar */
    ODDITY_ENCODING,      /* one that breaks the grammar, or is there where it may not be */
    ODDITY_BOUNDARIES,    /* a boundary that may be taken for several */
    ODDITY_NO_BOUNDARY,   /* a multipart without one */
    ODDITY_DELIMITER,     /* a line begins like a delimiter and goes on */
    ODDITY_PREAMBLE,      /* what looks like a part stands before the first delimiter */
    ODDITY_EPILOGUE,      /* ... or behind the last one */
    ODDITY_NO_DELIMITER,  /* a multipart in which its boundary does not occur */
    ODDITY_NO_BLANK_LINE, /* a line among the fields that is none */
    ODDITY_BLANKS,        /* a line of blanks only, among the fields */
    ODDITY_FIELD_NAME,    /* a field that matters has blanks before its colon */
    ODDITY_BARE_CR,       /* CR alone, where it makes a difference */
    ODDITY_NUL,           /* NUL, where it makes a difference */
    ODDITY_BASE64,        /* padding or foreign bytes within base64 */
    ODDITY_QP,            /* broken quoted-printable */
    ODDITY_PARTIAL,       /* message/partial: the rest is in other messages */
    ODDITY_CUT_OFF,       /* a file that ends where the message was cut off */
    /* Common in honest mail, and the same for all readers: told, nothing more. */
    ODDITY_EXTERNAL,     /* message/external-body: the content is elsewhere */
    ODDITY_UNTERMINATED, /* a multipart without its last delimiter */
    ODDITY_TRUNCATED,    /* base64 that ends within a group */
    ODDITY_NO_BODY,      /* no empty line behind a header */
    ODDITY_AROUND,       /* text before the first or behind the last delimiter */
    ODDITY_INSIDE,       /* a file that is written into text (uuencode, yEnc) */
    ODDITY_CR,           /* CR alone somewhere */
    ODDITY_ZERO,         /* NUL somewhere */
    /* A limit of the parser (workers/mail/mail_limits.h): not everything was read. */
    ODDITY_DEPTH_MAX,
    ODDITY_PARTS_MAX,
    ODDITY_FIELDS_MAX,
    ODDITY_HEADER_MAX,
    ODDITY_LINE_MAX,
    ODDITY_PARAMS_MAX,
    ODDITY_BOUNDARY_MAX,
    ODDITY_WAYS_MAX,
    ODDITY_WORK_MAX,
    ODDITY_INSIDE_MAX,
    ODDITY_SIZE_MAX, /* more bytes than may be decoded of one message */
    ODDITY__MAX
};
_Static_assert(ODDITY__MAX <= 64, "a set of oddities has 64 bits");

enum oddity_grade { ODDITY_TOLD, ODDITY_AMBIGUOUS, ODDITY_LIMIT };

static inline uint64_t oddity_bit(enum oddity o)
{
    return o == ODDITY_NONE ? 0 : 1ull << o;
}

/* "boundaries"; "?" beyond the table, "" for NONE. As it stands in records, headers and JSON. */
const char *oddity_name(unsigned o);
/* In plain words for people. */
const char *oddity_text(unsigned o);
enum oddity_grade oddity_grade(unsigned o);
/* Those of a set that are of this grade. */
uint64_t oddity_of_grade(uint64_t set, enum oddity_grade grade);
/* The first of a set, in the order of the enum; ODDITY_NONE: empty. */
enum oddity oddity_first(uint64_t set);

#endif
