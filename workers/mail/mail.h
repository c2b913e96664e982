/*
 * mail.h - a message as its readers see it: every part of every reading, in one list.
 *
 * The face of workers/mail/ for worker-av and the checks. mail_tree.c finds the parts; mail_leaf.h decodes
 * them. Where two readers may take something differently (two boundaries, two types, a missing blank line
 * ...) both readings are followed, and what only some readers see is marked. Never fails: what could not be
 * read is a limit in `odd`. Views into the caller's bytes, which must stay; everything else is dropped at
 * once.
 */
#ifndef WORKERS_MAIL_MAIL_H
#define WORKERS_MAIL_MAIL_H

#include "common/oddity.h"
#include "workers/mail/mail_encoding.h"
#include "workers/mail/mail_header.h"
#include "workers/mail/mail_type.h"
#include "workers/charset.h"

enum mail_kind {
    MAIL_KIND_LEAF,      /* has content of its own */
    MAIL_KIND_MULTIPART, /* its parts follow it in the list, in their order */
    MAIL_KIND_MESSAGE,   /* message/rfc822: the message in it follows */
    MAIL_KIND_AROUND,    /* text before the first or behind the last delimiter of a multipart: a leaf, too */
};
struct mail_part {
    enum mail_kind kind;
    bool other;                       /* seen by some readers only */
    enum oddity why;                  /* ... and why */
    int parent;                       /* its place in the list; -1: the message */
    unsigned depth;                   /* 0: the message */
    unsigned source;                  /* in mail.source: what its views point into */
    const struct mail_header *header; /* in the arena; of AROUND: without fields */
    struct view type, subtype;        /* as they stand; "text", "plain" where there is none */
    struct view body;                 /* encoded */
    enum mail_encoding encoding;
    const struct mail_type *content;     /* Content-Type; NULL: none */
    const struct mail_type *disposition; /* Content-Disposition; NULL: none */
};
struct mail_source {
    struct view bytes;
    char *owned;     /* decoded or cleaned bytes; NULL: the message itself */
    enum oddity why; /* it is not the usual reading of what it was made of */
    bool bare_cr;
    bool cleaned; /* a copy without NUL bytes: what is binary in it is spoilt */
};

struct mail {
    struct mail_arena arena;
    struct mail_part *part; /* owned; those of the usual reading first, in the order of the message */
    unsigned n, cap;
    uint64_t odd;               /* set of enum oddity */
    struct mail_source *source; /* owned; 0: the message as it came */
    unsigned source_n;
    struct mail_tree *tree; /* owned: kept for the next message */
};

/* `m` zeroed, or closed before. `size_max`: bytes that may be decoded to find parts in them. */
void mail_open(struct mail *m, struct view message, uint64_t size_max);
/* Keeps some memory for the next message. */
void mail_close(struct mail *m);
void mail_free(struct mail *m);

/* The file name of a part (Content-Disposition's filename, else Content-Type's name), as UTF-8 in the arena,
 * at most 255 bytes; empty: none. `set` may be NULL. */
struct view mail_part_name(struct mail *m, const struct mail_part *p, struct charset_set *set);
/* May a content be a message: is it a text with a line in it that begins a MIME header? `strict`: and with a
 * field in its first line? */
bool mail_is_message(struct view bytes, bool strict);
/* "text/html" in lower case, in the arena. */
struct view mail_part_type(struct mail *m, const struct mail_part *p);

#endif
