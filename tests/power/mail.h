/*
 * mail.h - the messages of a series of cuts, and what became of each: the memory outside the file system.
 *
 * Whatever the power takes, this stays: it is what the depositor was told (accepted) and what the consumer
 * took. Every message has its number in each of its lines and in its envelope, so
 * that torn and mixed pairs show. Owned by the main thread.
 */
#ifndef POWER_MAIL_H
#define POWER_MAIL_H

#include "tests/crash/disk.h"

enum mail_fault { MAIL_LOST, MAIL_TORN, MAIL_TWICE, MAIL_HALF, MAIL_BOOKS, MAIL_STUCK, MAIL_FAULT__MAX };

struct mail {
    unsigned number;
    struct buf bytes, published;
    struct disk_path base; /* "": not taken yet */
    bool accepted;         /* spooldrop said 0, and the power was still on */
    bool late;             /* it said 0, but only after the cut: no promise to anybody */
    bool flushed;          /* the consumer flushed the folder before it acted */
    bool parked;           /* found in quarantine, whole */
    bool told;             /* the journal says that it was delivered */
    unsigned takes,
        again; /* acts of the consumer; pairs that stood there again because its removal was undone */
};

struct mail_set {
    struct mail *m;
    size_t n;
    unsigned next; /* number of the next message: never used twice in a run */
    unsigned fault[MAIL_FAULT__MAX];
    struct buf say; /* what is wrong, one line each */
};

const char *mail_fault_name(enum mail_fault f);
__attribute__((format(printf, 3, 4))) void mail_say(struct mail_set *s, enum mail_fault f, const char *fmt,
                                                    ...);
/* Makes one more message; good until the next is made. */
struct mail *mail_add(struct mail_set *s);
/* Forgets the messages, not the faults. */
void mail_clear(struct mail_set *s);
void mail_free(struct mail_set *s);
/* Which message this content says it is, or NULL. */
struct mail *mail_find(const struct mail_set *s, struct view content);
struct mail *mail_find_base(const struct mail_set *s, struct view base);
/* The published pair as it was made of that message. Says what is wrong with it; NULL then. */
struct mail *mail_judge(struct mail_set *s, const char *base, struct view eml, struct view hdr);

#endif
