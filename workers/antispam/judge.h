/*
 * judge.h - one round of judging a message: the checks in their order, from an order to an answer.
 *
 * Called by role_antispam.c: judge_open() in the loader, the rest in a child, one round at a time. What is
 * kept from one round to the next is memory only, never anything of a message.
 */
#ifndef WORKERS_ANTISPAM_JUDGE_H
#define WORKERS_ANTISPAM_JUDGE_H

#include "workers/antispam/check.h"
#include "workers/antispam/judge_domain.h"
#include "workers/antispam/networks.h"

struct antispam {
    const struct check_ops *ops[CHECK__MAX]; /* NULL: switched off */
    void *state[CHECK__MAX];
    struct judge_domain *domain;
    struct networks *own; /* site.networks */
    struct charset_set *set;
    bool skip_authenticated, skip_intra_domain, whitelist_skips;
    struct settings settings; /* views into `bytes` */
    struct buf bytes;         /* of the settings */
    struct mail_arena arena;  /* the rest is one child's: of the round at work */
    struct judge_mail *mail;
    struct needs needs;
    struct antispam_verdict verdict;
};

/* The settings are copied. NULL, with the reason in `why`: "FILE:LINE: ..." where one is to blame. */
struct antispam *judge_open(struct view settings, struct buf *why);
void judge_free(struct antispam **a);

/* Does this round need the message at all? False: `answer` has the needs. */
bool judge_unfold(struct antispam *a, const struct antispam_order *o, struct buf *answer);
/* The round with the message: needs in the first one, where there are any, else the verdict. */
void judge_message(struct antispam *a, const struct antispam_order *o, struct view message,
                   struct buf *answer);

/* judge_mail.c: only for judge.c. */
struct judge_mail *judge_mail_open(struct antispam *a, struct view message);
void judge_mail_begin(struct judge *j);
void judge_mail_close(struct judge_mail *m);
void judge_mail_free(struct judge_mail **m);

#endif
