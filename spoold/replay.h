/*
 * replay.h - decides again about a message by what its decision record says was found.
 *
 * For spoolctl replay and whatif. Pure: record and settings alone; under the settings that decided then, the
 * result must be the same byte for byte. Nothing is asked and no message is read: weights, lists of actions,
 * thresholds and profiles are those of the settings, results are those of the record.
 */
#ifndef SPOOLD_REPLAY_H
#define SPOOLD_REPLAY_H

#include "spoold/decide.h"
#include "spoold/decide_whole.h"

/* Views point into the bytes that were read, or into `text`. */
struct replay_record {
    /* Set by the caller, from the journal's line: */
    const struct view *rcpt; /* all recipients of the message, in order */
    size_t rcpt_n;
    uint64_t size;
    /* Read: */
    struct view config; /* hash of the settings that decided; empty: not known */
    struct view
        judged_by; /* of those by which the checks were made; the same where nothing else is recorded */
    enum decide_by by;
    struct view fate, class, reason; /* as recorded; class is empty where it was not quarantined */
    bool judged, outgoing;
    struct view ip, helo, auth, protocol; /* of the envelope */
    struct view sha256, suspended;        /* suspended: lists that failed their self test then */
    uint32_t hops, own_hops;
    struct view ambiguous_by, virus_text;
    enum antivirus_state state;
    enum antivirus_why why;
    struct view client_ip;
    struct antispam_verdict verdict;       /* results only; owned array */
    struct view checks, weight, decisions; /* JSON as it stands there; empty: not there */
    struct view facts;                     /* the member's value; empty: none, or cut */
    bool checks_cut, decisions_cut, facts_cut;
    struct buf text; /* owned: decoded strings */
};

/* `json`: a record as it stands in the journal, or a quarantine .json. Keeps the three members that the
 * caller has set, and the room of a record that was read before; at first it is zeroed. NULL, or why it
 * cannot be decided again by it. replay_free_record() in both cases, at the end. */
const char *replay_read(struct view json, struct replay_record *r);
void replay_free_record(struct replay_record *r);

/* A decision made again. */
struct replay_again {
    struct decide_whole whole;    /* by RECIPIENTS: of those who get no copy, where `rest` */
    bool rest;                    /* some get no copy; always true where the message as a whole was decided */
    struct buf checks, decisions; /* JSON, as a record would have them; empty where nothing was judged */
    int64_t weight;               /* thousandths */
    struct decide_result decided; /* by RECIPIENTS */
};
/* Under the settings `c`, each weight being `extra` thousandths more. What does not follow from settings and
 * results (held too long, a worker that failed, a broken envelope) is as it is recorded. */
void replay_decide(const struct replay_record *r, const struct config *c, int64_t extra,
                   struct replay_again *out);
/* The same without the texts `checks` and `decisions`: for very many records. */
void replay_decide_only(const struct replay_record *r, const struct config *c, int64_t extra,
                        struct replay_again *out);
void replay_free_again(struct replay_again *a);
/* "send", "quarantine", "discard"; "hold" where it would be put on hold now. */
const char *replay_fate(const struct replay_again *a);

/* Whether it is the same byte for byte: by, fate, class, reason, checks, weight, decisions. Each that differs
 * is a line "name: RECORDED -> NOW" in `difference`. What the record has cut off is not compared. */
bool replay_is_same(const struct replay_record *r, const struct replay_again *a, struct buf *difference);
/* What cannot be told although nothing differs: what became of whom is not in the record. NULL: all is. */
const char *replay_not_compared(const struct replay_record *r);

#endif
