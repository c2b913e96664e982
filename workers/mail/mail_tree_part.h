/*
 * mail_tree_part.h - what the files mail_tree*.c share: the lists of what is still to be read.
 *
 * mail_tree.c takes headers from the lists, mail_tree_leaf.c adds contents,
 * mail_tree_multipart.c multiparts and messages. The bytes are hostile.
 */
#ifndef WORKERS_MAIL_TREE_PART_H
#define WORKERS_MAIL_TREE_PART_H

#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_multipart.h"
#include "workers/mail/mail_shape.h"
#include "workers/mail/mail_tree.h"

/* Something with a header and a body that is still to be read. */
struct mail_entity {
    struct view bytes;
    unsigned source, depth;
    int parent;
    bool digest; /* of a multipart/digest */
    bool others; /* its usual reading was read already: the other shapes */
    bool guess;  /* ... no, guesses at the boundary of the usual one */
    bool plain;  /* it matters only where its header has a type or an encoding */
    enum mail_split split;
    enum oddity why; /* ODDITY_NONE: part of the usual reading */
};
struct mail_entities {
    struct mail_entity *e; /* owned */
    unsigned n, cap;
};
struct key {
    const char *p;
    size_t n;
    unsigned how;
};
/* Read in this order: the usual reading, other ones, what stands in a text and is probably only quoted there.
 */
enum { LIST_NOW, LIST_LATER, LIST_LAST, LIST__MAX };
struct mail_tree {
    struct mail_entities list[LIST__MAX];
    struct key *seen;        /* SEEN_SLOTS; owned, like the next */
    uint16_t *taken;         /* which slots are */
    unsigned seen_n, read_n; /* slots that are taken; entities that were read */
    uint64_t work, work_max; /* bytes gone through */
    uint64_t decoded, decoded_max;
    struct mail_leaf leaf;     /* buffers for what is decoded here */
    struct mail_shapes shapes; /* of the header that is read now */
};

/* How bytes were read: added to an encoding; to a split and what else makes a difference. */
enum { MAIL_TREE_DIGEST = 8, MAIL_TREE_BARE_CR = 16, MAIL_TREE_LEAF = 32, MAIL_TREE_ENTITY = 64 };

void mail_tree_tell(struct mail *m, enum oddity o);
/* True the first time. */
bool mail_tree_is_new(struct mail *m, struct view bytes, unsigned how);
/* May another `n` bytes be gone through? */
bool mail_tree_may_work(struct mail *m, size_t n);
/* Puts it on the list that its reason asks for. */
void mail_tree_push(struct mail *m, struct mail_entity e);
/* Its place in the list of parts; -1: there are too many. */
int mail_tree_add_part(struct mail *m, const struct mail_part *p);
/* A reading that sees what is known already, or nothing, makes no difference. */
void mail_tree_add_leaf(struct mail *m, const struct mail_entity *e, const struct mail_part *p);
/* What is before the first or behind the last delimiter of `of`. */
void mail_tree_add_around(struct mail *m, const struct mail_entity *e, const struct mail_part *of,
                          const struct mail_segment *s);
/* Without the line ends before it. */
struct view mail_tree_trim(struct view v);
/* The next line of a text that begins a MIME header: "Content-T...". NULL: none. */
const char *mail_tree_find_field(struct view text, const char *from);
void mail_tree_read_multipart(struct mail *m, const struct mail_entity *e, const struct mail_shape *s,
                              struct mail_part *p);
void mail_tree_read_message(struct mail *m, const struct mail_entity *e, struct mail_part *p);

#endif
