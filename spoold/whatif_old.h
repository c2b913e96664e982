/*
 * whatif_old.h - what became of each recipient, in one word each: by a record, and decided again.
 *
 * For whatif.c, which compares the words. Pure.
 */
#ifndef SPOOLD_WHATIF_OLD_H
#define SPOOLD_WHATIF_OLD_H

#include "spoold/replay.h"

/* Words: the actions as they are in enum decide_action, then, in the place of DECIDE_QUARANTINE, a class
 * each, then that the message would be put on hold. */
enum {
    WHATIF_CLASS = DECIDE_ACTION__MAX,
    WHATIF_HOLD = WHATIF_CLASS + SPOOL_CLASS__MAX,
    WHATIF_WORDS,
    WHATIF_NONE = 255
};
#define WHATIF_RCPT_MAX 1000000 /* more than any message has */

struct whatif_old {
    int64_t weight; /* thousandths */
    uint8_t *word;  /* owned: of each recipient */
    size_t n, cap;
    struct buf text;
};

/* NULL, or why it is no use. Of the recipients r->rcpt_n are known; the record may tell of more, where
 * addresses are not written down. The room of `o` is used again. */
const char *whatif_old_read(struct whatif_old *o, const struct replay_record *r);
void whatif_old_free(struct whatif_old *o);
/* The word of the i-th recipient, decided again. */
uint8_t whatif_old_word(const struct replay_again *a, size_t i);
/* "deliver", "quarantine/spam" */
void whatif_old_add_word(unsigned word, struct buf *to);

#endif
