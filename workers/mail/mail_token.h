/*
 * mail_token.h - the lexical tokens of RFC 5322, 3.2, and of RFC 2045: a cursor over the value of a field.
 *
 * Used by the files for types, addresses and Received fields. Iterative: comments
 * in comments are counted, not called. Views only. The bytes are hostile and may hold anything,
 * line ends of folds among it, which count as blanks.
 */
#ifndef WORKERS_MAIL_TOKEN_H
#define WORKERS_MAIL_TOKEN_H

#include "workers/mail/mail_arena.h"

enum mail_token_kind {
    MAIL_TOKEN_END,
    MAIL_TOKEN_WORD,    /* a run of bytes that are none of the others; `text` as it stands */
    MAIL_TOKEN_QUOTED,  /* a quoted string; `text` is what is between the quotes, escapes as they stand */
    MAIL_TOKEN_LITERAL, /* [domain literal], where "@" is a special; `text` is what is between the brackets */
    MAIL_TOKEN_SPECIAL, /* one byte */
};
struct mail_token {
    enum mail_token_kind kind;
    struct view text;  /* see above */
    struct view whole; /* with quotes or brackets */
    bool open;   /* its end is missing: a quoted string took all that was left, a literal what a word takes */
    bool spaced; /* blanks or a comment stood before it */
};
struct mail_tokens {
    struct view rest;
    const char *specials; /* bytes that are tokens of their own: MAIL_TOKEN_ADDRESS or MAIL_TOKEN_MIME */
    bool comments;        /* false: a parenthesis is a byte like others */
    bool plain_quotes;    /* true: a quote is a byte like others */
    bool commented;       /* out: a comment was passed over */
    bool comment_open;    /* out: the last one has no end; it took all that was left */
    struct view comment;  /* out: the last one, without its outer parentheses */
};
#define MAIL_TOKEN_ADDRESS "<>,;:@." /* RFC 5322, 3.2.3, without what begins other tokens */
#define MAIL_TOKEN_MIME    ";=/,"    /* RFC 2045, 5.1, those that the grammar uses */

/* Passes over blanks, folds and comments, then takes a token. False: MAIL_TOKEN_END. */
bool mail_token_next(struct mail_tokens *c, struct mail_token *t);
/* The text of a quoted string or a comment with its escapes undone (RFC 5322, quoted-pair) and the line ends
 * of folds dropped: the view itself where there are none, else a copy. */
struct view mail_token_unquote(struct mail_arena *a, struct view text);

#endif
