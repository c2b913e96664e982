/*
 * smtp_note.h - what became of each recipient of one order: written at once, counted, never twice.
 *
 * Used by the conversation. A note is in the file before the next byte goes to
 * the server; one that cannot be written ends the job, because a delivery
 * that nobody knows of would be made again.
 */
#ifndef WORKERS_DELIVER_SMTP_NOTE_H
#define WORKERS_DELIVER_SMTP_NOTE_H

#include "common/deliver.h"
#include "workers/deliver/smtp_reply.h"

struct smtp_notes {
    int fd; /* append only; -1: they are only counted */
    const struct deliver_order *o;
    uint32_t done, failed, later;
    bool noted[DELIVER_RCPT_MAX];
    int err; /* why the file takes no more */
};

/* Of recipient i, unless there is one. 0 or -1. */
int smtp_note_one(struct smtp_notes *n, size_t i, enum deliver_fate fate, const struct smtp_reply *r);
/* Of each that has none; the words are our own where there was no reply (`code` 0). 0 or -1. */
int smtp_note_rest(struct smtp_notes *n, enum deliver_fate fate, unsigned code, struct view text);
/* How many of them there are. */
size_t smtp_note_missing(const struct smtp_notes *n);

/* What a 4xx or 5xx to a command means for a recipient: some of the 5xx speak of us and not of the message.
 */
enum deliver_fate smtp_note_fate(unsigned code);

#endif
