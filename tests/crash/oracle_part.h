/*
 * oracle_part.h - what the parts of the oracle share with each other and with nobody else.
 *
 * oracle.c holds the books and the quarantine, oracle_pair.c the consumer and
 * outgoing, oracle_journal.c and oracle_books.c the journal. All of them only enter findings.
 */
#ifndef CRASH_ORACLE_PART_H
#define CRASH_ORACLE_PART_H

#include "tests/crash/oracle.h"

/* Enters under which BASE message `i` was seen; two different ones are a finding. */
void oracle_note_base(struct oracle *o, int i, const char *base);
/* No .hdr without .eml, no torn .eml. */
void oracle_check_outgoing(struct oracle *o);
/* No journal line that claims a delivery or a quarantine that never stood complete. */
void oracle_check_claims(struct oracle *o);
/* Each dropped message has its line, under one id. */
void oracle_check_discards(struct oracle *o);
/* Each recipient has one end in the journal, and the one that it should be. */
void oracle_check_books(struct oracle *o);
/* All of the journal. */
void oracle_read_journal(const struct oracle *o, struct buf *to);
bool oracle_was_taken(const struct oracle *o, const char *name);

#endif
