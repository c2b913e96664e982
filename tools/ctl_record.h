/*
 * ctl_record.h - finds what was decided about a message: in the files of the journal, else in the quarantine.
 *
 * For the verbs that explain a decision or make it again. Reads files below the state folder and the
 * quarantine, so only root and the user of spoold can; spoold need not run. Changes nothing.
 */
#ifndef TOOLS_CTL_RECORD_H
#define TOOLS_CTL_RECORD_H

#include "common/buf.h"
#include "spoold/config.h"

struct ctl_record {
    char *id; /* owned: the whole id; NULL: there is no such message */
    struct buf
        lines; /* owned: the lines "accepted", each with its newline; together they name all recipients */
    struct buf json;   /* owned: the record that counts, one JSON object; empty: there is none (any more) */
    const char *where; /* the event that the record stands with, or "quarantine" for an entry's; "" */
    const char *last;  /* the last event of the message; "" where the journal has none */
    /* What the journal, else the entry, says; any bytes, as they came with the message. Empty: not known. */
    struct view name, client, from, class, reason; /* client: who connected */
    bool has_from;
    struct view *rcpt; /* owned array, in the order of the envelope, which "to" of a decision counts by; */
    size_t rcpt_n;     /* hashed, or without bytes, where addresses are not kept */
    int64_t at_ms;     /* when it was accepted; 0: not known */
    uint64_t size;
    struct buf text; /* owned: what the views point to */
};

/*
 * `word`: a whole id, its last 25 characters, or the dropped name (the newest message of that name). Answers
 * as spoolctl ends: 0 when the message is known, with or without a record, EXIT_FINDING, or EXIT_TEMP_75
 * where the files cannot be read; then with the reason added to `why`. ctl_record_free() in every case.
 */
int ctl_record_find(const struct config *c, const char *word, struct ctl_record *to, struct buf *why);
/* The message's bytes, to be read, where spoold has them: quarantined or held. -1 with errno (ENOENT). */
int ctl_record_open_message(const struct config *c, const char *id);
/* A folder of the settings (c->state), or one below it, to be read. -1 with errno. */
int ctl_record_open_folder(const struct config *c, const char *path, const char *below);
void ctl_record_free(struct ctl_record *r);

#endif
