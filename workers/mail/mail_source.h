/*
 * mail_source.h - bytes that are read as a mail: what is odd about all of them, and copies without it.
 *
 * Called by mail.c for the message and by mail_tree_multipart.c for what was decoded to
 * find parts in it. Pure but for the copies. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_SOURCE_H
#define WORKERS_MAIL_SOURCE_H

#include "workers/mail/mail.h"

/* A CR that no LF follows: to some readers a line end. */
bool mail_source_has_bare_cr(struct view v);
/* A copy without NUL bytes, in memory that is the caller's. */
struct view mail_source_without_nul(struct view from, char **owned);
/* Adds a source; its bytes become the mail's where `owned`. Answers its number. */
unsigned mail_source_add(struct mail *m, struct mail_source s);

#endif
