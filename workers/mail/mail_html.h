/*
 * mail_html.h - HTML of a mail as the text that its reader sees, and the addresses that its attributes name.
 *
 * Called by mail_text.c. mail_html_feed.c cuts the bytes into tags by the rules of HTML 5 and hands clean
 * markup to libxml2's SAX push parser, which decodes entities and closes what is left open; mail_html.c makes
 * text of its events, mail_html_style.c tells what is hidden. No tree is made. The bytes are hostile and may
 * be anything; work is linear in their number, memory bounded by the limits below. Nothing is fetched,
 * nothing is written anywhere.
 */
#ifndef WORKERS_MAIL_HTML_H
#define WORKERS_MAIL_HTML_H

#include "common/buf.h"
#include "workers/mail/mail_limits.h"

#define MAIL_HTML_DEPTH_MAX      200         /* elements in each other; a deeper one ends where it begins */
#define MAIL_HTML_ATTRIBUTES_MAX 32          /* of one tag, among those that matter here */
#define MAIL_HTML_VALUE_MAX      (64u << 10) /* bytes of one value */
#define MAIL_HTML_ANCHOR_MAX     1024        /* bytes of the text of a link */
#define MAIL_HTML_HIDDEN_MAX     1000        /* runs of hidden text that are listed */

/* Why text is not seen. */
enum {
    MAIL_HTML_TINY = 1,        /* a font of at most one pixel */
    MAIL_HTML_NOT_SHOWN = 2,   /* display:none, opacity:0, the attribute "hidden" */
    MAIL_HTML_INVISIBLE = 4,   /* visibility:hidden */
    MAIL_HTML_SAME_COLOUR = 8, /* the colour of what is behind it, or nearly */
    MAIL_HTML_COMMENT = 16, /* links only: in a comment that some mail clients take for markup ("[if mso]") */
};
/* Which limit was met. */
enum {
    MAIL_HTML_TEXT_OVER = 1,       /* MAIL_TEXT_MAX: the further text is missing */
    MAIL_HTML_DEPTH_OVER = 2,      /* what is hidden may be told wrongly */
    MAIL_HTML_ATTRIBUTES_OVER = 4, /* the further ones are missing */
    MAIL_HTML_VALUE_OVER = 8,      /* a value is cut; "data:" is not told */
    MAIL_HTML_HIDDEN_OVER = 16,    /* the further runs are counted only */
};

enum mail_html_from {
    MAIL_HTML_FROM_HREF,
    MAIL_HTML_FROM_SRC, /* src, srcset, poster, data, background ...: fetched to show the mail */
    MAIL_HTML_FROM_ACTION,
    MAIL_HTML_FROM_STYLE,
    MAIL_HTML_FROM_REFRESH,
    MAIL_HTML_FROM_BASE, /* href of <base>: what relative links stand on */
};
struct mail_html_link {
    enum mail_html_from from;
    struct view url; /* entities decoded, otherwise as it stands, of <style> with invalid bytes; cut at
                         MAIL_HTML_VALUE_MAX */
    struct view
        text; /* of <a>: what stands between it and its end, cut at MAIL_HTML_ANCHOR_MAX; else empty */
    unsigned hidden;
};
struct mail_html_run {
    size_t at, n; /* in `text` */
    unsigned why;
};

struct mail_html {
    /* Given by the caller. The link of an <a> is told at its end, behind those in it. The views are valid
     * during the call. NULL: not told. */
    void (*on_link)(void *to, const struct mail_html_link *link);
    void *to;
    struct buf text; /* UTF-8; blanks as HTML shows them, a line end where a block begins or ends */
    struct mail_html_run *hidden; /* owned; in their order */
    unsigned hidden_n;
    size_t hidden_bytes; /* of all of them */
    unsigned why;        /* of all of them */
    unsigned over;       /* limits that were met */
};

/* Initialises libxml2: once, before the lock-down and before there are threads. */
void mail_html_load(void);
/* `html` is UTF-8; bytes that are none become U+FFFD. What `h` held is dropped, its memory is used again. */
void mail_html_read(struct mail_html *h, struct view html);
void mail_html_free(struct mail_html *h);

#endif
