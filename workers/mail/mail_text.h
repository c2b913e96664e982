/*
 * mail_text.h - a decoded leaf of a mail as UTF-8 text, with the addresses in it.
 *
 * Called by the checks for every leaf of type text/..., and by nobody before charset_open_all() and
 * mail_html_load() were called. Lines stay as they stand ("format=flowed" is not joined). The bytes and the
 * name of the charset are hostile; text and addresses are bounded by mail_limits.h.
 */
#ifndef WORKERS_MAIL_TEXT_H
#define WORKERS_MAIL_TEXT_H

#include "workers/charset.h"
#include "workers/mail/mail_html.h"
#include "workers/mail/mail_url.h"

struct mail_text {
    /* Given by the caller, who zeroes the rest; each may be NULL. */
    struct charset_set *set;
    struct mail_urls *urls; /* of the whole message: added to */
    /* Out, for the last leaf. */
    struct view text; /* UTF-8 */
    bool over;        /* there is more than MAIL_TEXT_MAX, or a limit of mail_html.h was met: see html.over */
    bool guessed;     /* the charset is not known or not told */
    /* Hidden text and more of HTML; `html.text` is empty for plain text. */
    struct mail_html html;
    struct buf utf8; /* owned */
};

enum mail_text_kind { MAIL_TEXT_PLAIN, MAIL_TEXT_HTML };

/* `bytes` must stay as long as `text` is used. */
void mail_text_read(struct mail_text *t, struct view bytes, struct view charset, enum mail_text_kind kind);
/* Keeps what the caller gave. */
void mail_text_free(struct mail_text *t);

#endif
