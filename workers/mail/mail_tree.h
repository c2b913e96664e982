/*
 * mail_tree.h - finds the parts of a message: the usual reading first, then every other one.
 *
 * Called by mail.c for each source (the message, cleaned copies of it). Iterative: lists
 * of what is still to be read. Each reading that sees bytes which no reading
 * before it saw adds parts; one that sees the same adds nothing.
 */
#ifndef WORKERS_MAIL_TREE_H
#define WORKERS_MAIL_TREE_H

#include "workers/mail/mail.h"

/* Reads source `source` as a message and adds its parts. `why`: not the usual reading of the message; else
 * ODDITY_NONE. */
void mail_tree_read(struct mail *m, unsigned source, enum oddity why);
/* What is kept from one source to the next; once per message. */
void mail_tree_begin(struct mail *m, uint64_t size_max);
void mail_tree_end(struct mail *m);

#endif
