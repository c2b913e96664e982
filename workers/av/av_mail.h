/*
 * av_mail.h - one message: as it came, and every content that some reader takes out of it.
 *
 * Called by role_av.c and by its canary. Our own parser (workers/mail/) unpacks the
 * message, libclamav gets each content from memory. "Clean" is said when the message and
 * all of them are, and when nothing was beyond a limit of the parser.
 */
#ifndef WORKERS_AV_MAIL_H
#define WORKERS_AV_MAIL_H

#include "common/parts.h"
#include "workers/av/av_examine.h"

struct av_mail;

/* NULL when libcrypto refuses. The engine stays the caller's. */
struct av_mail *av_mail_open(struct av_engine *e);
/* `list` (zeroed, or NULL): all contents, whatever the answer is. */
void av_mail_examine(struct av_mail *m, struct view message, struct parts *list, struct av_answer *a);
void av_mail_free(struct av_mail **m);

#endif
