/*
 * antivirus.h - the words that supervisor and worker-av share: settings, and the three answers.
 *
 * The settings travel as the LOAD blob, the answer as numbers of a RESULT with its
 * words in a FINDING before it. "Clean" is an answer that is earned; whatever
 * was not examined to its end is unexamined, with the reason.
 */
#ifndef COMMON_ANTIVIRUS_H
#define COMMON_ANTIVIRUS_H

#include "common/buf.h"

#include <stdbool.h>
#include <stdint.h>

enum antivirus_state {
    ANTIVIRUS_NOT_ASKED, /* switched off; no worker answers this */
    ANTIVIRUS_CLEAN,
    ANTIVIRUS_INFECTED, /* the finding is the name */
    ANTIVIRUS_UNEXAMINED,
    ANTIVIRUS_STATE__MAX
};

/* Why a message was not examined. */
enum antivirus_why {
    ANTIVIRUS_EXAMINED,
    /* These stay so, however often it is tried: */
    ANTIVIRUS_ENCRYPTED,
    ANTIVIRUS_NO_UNPACKER, /* RAR without its library; a method of compression that the engine does not know
                            */
    ANTIVIRUS_LIMIT,       /* larger, deeper, more members or longer than the settings allow */
    ANTIVIRUS_AMBIGUOUS,   /* it can be read in two ways, or says two things about itself */
    /* These may be over the next time: */
    ANTIVIRUS_ENGINE,   /* an error or a warning of the engine */
    ANTIVIRUS_RESOURCE, /* no room for its temporary files, no memory, no descriptor */
    ANTIVIRUS_BYTES,    /* the message could not be read as it was given */
    ANTIVIRUS_WHY__MAX
};

/* "clean"; "?" beyond the table. As they stand in records, headers and JSON. */
const char *antivirus_state_name(uint32_t state);
/* "encrypted"; "" for EXAMINED, "?" beyond the table. */
const char *antivirus_why_name(uint32_t why);
/* Worth another try later, as against an action now. */
bool antivirus_is_transient(uint32_t why);

/* Of two reasons one is told: what may hide a virus from this try only before what may hide one for good.
 * Both are our own numbers. */
bool antivirus_is_worse(enum antivirus_why why, enum antivirus_why than);

/* Flags of the settings; limits-exceeded and encrypted are always looked for. */
enum {
    ANTIVIRUS_TEST_SET = 1,      /* load spoold's own test signatures instead of a folder */
    ANTIVIRUS_MACROS = 2,        /* a document with macros counts as infected */
    ANTIVIRUS_PHISHING = 4,      /* links that show another host than they lead to */
    ANTIVIRUS_BROKEN = 8,        /* broken programs (PE, ELF) */
    ANTIVIRUS_BROKEN_MEDIA = 16, /* broken pictures */
    ANTIVIRUS_PUA = 32,          /* possibly unwanted applications */
    ANTIVIRUS__FLAGS = 63
};
struct antivirus_settings {
    uint32_t flags;
    uint32_t scan_time_ms;         /* of one message */
    uint32_t recursion, files;     /* depth; files in one message, archives' members among them */
    uint64_t scan_size, file_size; /* bytes: of all that is unpacked; of one file in it */
};

void antivirus_pack(struct buf *to, const struct antivirus_settings *s);
/* 0, or -1 (EINVAL) when the bytes are no settings. */
int antivirus_unpack(struct view bytes, struct antivirus_settings *s);

#endif
