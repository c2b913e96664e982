/*
 * deposit_part.h - what deposit.c and deposit_split.c share; nobody else includes it.
 */
#ifndef CRASH_DEPOSIT_PART_H
#define CRASH_DEPOSIT_PART_H

#include "tests/crash/deposit.h"

struct deposit_row {
    const char *name, *clean, *fate;
    size_t rcpt_n;
    bool crlf, mbox, big;
    /* Ends of the first recipient and of all others. */
    enum deposit_end first, rest;
    unsigned copies; /* recipients are dealt to that many copies in turn */
    bool virus;      /* holds the EICAR test file: only where that is looked for */
};

struct deposit *deposit_begin(struct deposit_set *s, const struct deposit_row *r, unsigned generation,
                              size_t number);
/* Content and envelope; the recipients are there. */
void deposit_write(struct deposit *d, const struct deposit_row *r);
/* Bytes of the header field at the start of `v`, folded lines included; 0 when it is not that field. */
size_t deposit_field_size(struct view v, struct view name);

/* Takes the fields of a judged message off; false when it is to be spam and they do not stand there. One that
 * is none has them only where a worker has judged it. */
bool deposit_take_spam(struct view *eml, bool spam);
/* Whether it is `plain` but for the text in front of its subject. */
bool deposit_is_tagged(struct view eml, struct view plain);
/* An envelope of `d` with the other address in it. */
bool deposit_is_redirected(const struct deposit *d, struct view hdr, bool served[DEPOSIT_RCPT_MAX]);

#endif
