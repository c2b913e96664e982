/*
 * deposit.h - the messages of a crash run: what is dropped and what must become of it.
 *
 * Each message carries one tag, unique in the run, in its envelope (sender and
 * recipients) and all over its content, so that an envelope beside foreign content is seen
 * at a glance. The wanted end of each recipient follows from the fate alone;
 * the oracle compares the disk with it. Never looks at the spool's inside.
 */
#ifndef CRASH_DEPOSIT_H
#define CRASH_DEPOSIT_H

#include "tests/crash/disk.h"

#define DEPOSIT_MAX      24 /* messages of one run */
#define DEPOSIT_RCPT_MAX 6
#define DEPOSIT_AWAY     "away@example.net" /* to whom mail is redirected */
#define DEPOSIT_WEIGHT   "12"               /* of what is found in each of deposit_add_split() */

/* What a copy looks like. */
enum deposit_form { DEPOSIT_PLAIN, DEPOSIT_TAGGED, DEPOSIT_REDIRECTED };
enum deposit_end { DEPOSIT_DELIVERED, DEPOSIT_QUARANTINED, DEPOSIT_DROPPED, DEPOSIT_END__MAX };

struct deposit {
    char name[32];  /* in incoming, without suffix */
    char clean[32]; /* how BASE begins */
    char tag[32];
    struct buf eml, hdr; /* owned */
    size_t mbox_n;       /* bytes of a leading mbox line */
    char rcpt[DEPOSIT_RCPT_MAX][64];
    enum deposit_end end[DEPOSIT_RCPT_MAX];
    unsigned copy[DEPOSIT_RCPT_MAX]; /* 1.. for delivered recipients */
    enum deposit_form form[DEPOSIT_RCPT_MAX];
    size_t rcpt_n;
    size_t line3, line4; /* where lines 3 and 4 of the .hdr begin */
    bool eml_put, hdr_put;
    bool judged;   /* what is published of it must say that it is spam */
    bool examined; /* what is published of it must say that it is clean */
    bool ruined;   /* its depositor overwrote the envelope: only the content can be saved */
};

struct deposit_set {
    struct deposit d[DEPOSIT_MAX];
    size_t n;
};

/* Adds one message of every fate; a second call with another generation gives other messages of the same
 * names. With `viruses` also infected ones, and all others must be examined. */
void deposit_add_all(struct deposit_set *s, unsigned generation, bool viruses);
/*
 * Messages whose recipients have different profiles (deposit_domains), so that each splits into copies,
 * quarantine and discard. `by_key`: an envelope key for test builds says that something was found in it.
 */
void deposit_add_split(struct deposit_set *s, unsigned generation, bool by_key);
/* The lines of lists.domains, and the settings that go with them; ended by NULL. */
extern const char deposit_domains[];
extern const char *const deposit_settings[];
void deposit_free(struct deposit_set *s);
/* Drops what may be dropped now: a half only where its name is free in incoming, the .hdr after the .eml. */
void deposit_put(struct deposit_set *s, const char *root);
/*
 * What no depositor should do: where a name's .eml is gone and its .hdr is not, the next
 * message of that name is put there all the same, over the old .hdr.
 */
void deposit_overwrite(struct deposit_set *s, const char *root);
bool deposit_all_put(const struct deposit_set *s);
size_t deposit_count_end(const struct deposit *d, enum deposit_end end);
/* The message whose content this is after the trace field was added; -1 = none, altered or torn. */
int deposit_find_published(const struct deposit_set *s, struct view eml);
/* The message whose bytes these are, unchanged; -1 = none. */
int deposit_find_original(const struct deposit_set *s, struct view eml);
/*
 * Of a published pair of deposit `d`, or NULL: what is wrong with this envelope or content where the
 * recipients in `served` should have got it.
 */
const char *deposit_find_fault(const struct deposit *d, const bool served[DEPOSIT_RCPT_MAX], struct view eml,
                               struct view hdr);
/*
 * The message to which an envelope belongs; `served[i]` says which recipients
 * it is for. -1 when it is not, byte for byte, an envelope of one message.
 */
int deposit_find_envelope(const struct deposit_set *s, struct view hdr, bool served[DEPOSIT_RCPT_MAX]);
/* The first message whose tag stands anywhere in these bytes; -1 = none. */
int deposit_find_tag(const struct deposit_set *s, struct view bytes);

#endif
