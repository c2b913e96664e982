/*
 * oracle.h - judges what stands on disk after a crash and after recovery.
 *
 * Knows only the deposits and the directories of the spool: nothing the program says
 * about itself is believed, and a journal line only counts against it.
 * Plays the consumer (an MTA) as well, because what was taken from outgoing
 * is part of the books. Looks only while no program under test runs.
 */
#ifndef CRASH_ORACLE_H
#define CRASH_ORACLE_H

#include "tests/crash/deposit.h"

enum oracle_kind {
    ORACLE_LOST,
    ORACLE_TWICE,
    ORACLE_HALF,  /* an envelope without its content, an incomplete quarantine entry */
    ORACLE_MIXED, /* envelope of one message beside the content of another */
    ORACLE_TORN,  /* bytes that are no message of ours */
    ORACLE_OTHER,
    ORACLE_KIND__MAX
};

/* How the consumer removes a pair. */
enum oracle_take { ORACLE_TAKE_NOT, ORACLE_TAKE_WHOLE, ORACLE_TAKE_SLOW /* leaves the .eml for later */ };

struct oracle_seen {
    unsigned served[DEPOSIT_RCPT_MAX];
    unsigned quarantined, parked; /* parked: complete in another class than the fate says */
    char base[256];               /* "" = not seen yet */
};

struct oracle {
    const struct deposit_set *set; /* borrowed, as root */
    const char *root;
    bool lenient; /* I/O errors were injected: a message may be parked in quarantine */
    struct oracle_seen seen[DEPOSIT_MAX];
    unsigned found[ORACLE_KIND__MAX];
    unsigned parked;
    struct disk_list taken; /* names of the pairs that were taken */
    struct buf say;         /* one line for each finding */
};

void oracle_init(struct oracle *o, const struct deposit_set *set, const char *root, bool lenient);
void oracle_fini(struct oracle *o);
/* Takes every complete pair out of outgoing and enters it in the books. */
void oracle_take_outgoing(struct oracle *o, enum oracle_take how);
/* What must hold at every moment, whatever was killed. */
void oracle_check_standing(struct oracle *o);
/* What must hold when recovery has ended; takes what is left in outgoing first. */
void oracle_check_end(struct oracle *o);
/* Enters a finding. */
__attribute__((format(printf, 3, 4))) void oracle_say(struct oracle *o, enum oracle_kind k, const char *fmt,
                                                      ...);
unsigned oracle_total(const struct oracle *o);
const char *oracle_kind_name(enum oracle_kind k);

#endif
