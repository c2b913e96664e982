/*
 * mail_html_part.h - what the files of mail_html share, and nobody else.
 *
 * Included by mail_html*.c. One struct for one reading: the feed writes markup into
 * `stage` and hands it to the parser, whose events come back with the same struct.
 */
#ifndef WORKERS_MAIL_HTML_PART_H
#define WORKERS_MAIL_HTML_PART_H

#include "workers/mail/mail_html.h"

#include <stdint.h>

/* In markup that the feed writes. No name that it passes on has a "_". */
#define MAIL_HTML_ROOT "x_" /* element around all: nothing in the mail can close it */
#define MAIL_HTML_MARK                                                                                       \
    "param" /* an empty element that means nothing: carries marks, and tags that are too deep */
#define MAIL_HTML_QUIET "_on"  /* attribute of a mark: a comment for some clients begins */
#define MAIL_HTML_LOUD  "_off" /* ... ends */

#define MAIL_HTML_STAGE_MAX 4096 /* bytes that are handed to the parser at once, about */

/* What an attribute is read for. */
enum mail_html_attribute {
    MAIL_HTML_NO_ATTRIBUTE,
    MAIL_HTML_HREF,
    MAIL_HTML_SRC,
    MAIL_HTML_SRCSET,
    MAIL_HTML_ACTION,
    MAIL_HTML_STYLE,
    MAIL_HTML_INK,
    MAIL_HTML_PAPER,
    MAIL_HTML_BACKGROUND, /* as SRC, and the colour behind the text is not known */
    MAIL_HTML_NO_SHOW,    /* the attribute "hidden" */
    MAIL_HTML_EQUIV,      /* of <meta> */
    MAIL_HTML_CONTENT,
};

#define MAIL_HTML_UNKNOWN 0xffffffffu /* a colour */
struct mail_html_look {
    uint32_t ink, paper; /* 0xRRGGBB */
    unsigned why;        /* not seen; without SAME_COLOUR, which comes from the two */
};
struct mail_html_level {
    struct mail_html_look look;
    unsigned hidden;  /* with SAME_COLOUR */
    unsigned char is; /* kinds of mail_html.c */
};

struct mail_html_reading {
    struct mail_html *h;
    void *parser;      /* htmlParserCtxtPtr; owned */
    struct buf stage;  /* markup for the parser */
    struct view rest;  /* still to read */
    struct view after; /* behind the comment that `rest` is in; p NULL: it is in none */
    unsigned depth;    /* open elements, as far as the parser told */
    unsigned guess;    /* at most so many with those in `stage` */
    bool foreign;      /* <svg> or <math> was met, within which other rules hold */
    bool quiet;
    struct mail_html_level level[MAIL_HTML_DEPTH_MAX + 2];          /* of the open elements */
    enum { MAIL_HTML_NO_GAP, MAIL_HTML_BLANK, MAIL_HTML_LINE } gap; /* owed before the next text */
    bool anchor;                                                    /* in an <a> whose link is not told yet */
    struct buf href;                                                /* its link */
    size_t anchor_at;                                               /* where its text begins */
    unsigned anchor_why;
};

/* mail_html_feed.c: all of `html`, up to the end of the root. */
void mail_html_feed(struct mail_html_reading *r, struct view html);
/* mail_html_clean.c: text, or the value of an attribute, as neither markup nor invalid. */
void mail_html_clean(struct mail_html_reading *r, struct view v);
/* mail_html.c: what the feed wrote so far, to the parser. */
void mail_html_flush(struct mail_html_reading *r);
/* Tells a link; empty and "data:" ones are not told. */
void mail_html_tell(struct mail_html_reading *r, enum mail_html_from from, struct view url, struct view text);
/* mail_html_style.c: by the name of an attribute in any case. */
enum mail_html_attribute mail_html_attribute(struct view name);
/* Applies the value of a style attribute. */
void mail_html_style(struct mail_html_look *look, struct view style);
/* "#rgb", "#rrggbb", "rgb(...)" or one of the usual names; else MAIL_HTML_UNKNOWN. */
uint32_t mail_html_colour(struct view value);
/* Tells each url(...) and @import of a style. */
void mail_html_style_links(struct mail_html_reading *r, struct view style);
/* Ink and paper the same, as far as one can tell. */
bool mail_html_same(const struct mail_html_look *look);

#endif
