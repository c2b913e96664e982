/*
 * ctl_check.h - "spoolctl check": examines files with the same workers, without the daemon; changes nothing.
 *
 * ctl_check.c has the options, the files and the order of the lines, ctl_check_worker.c
 * the workers and ctl_check_judge.c the antispam stage (the files of the tools that use
 * the supervisor's parts), and ctl_check_print.c what is printed. Messages are only opened here; what reads
 * them is the worker in its sandbox.
 */
#ifndef TOOLS_CTL_CHECK_H
#define TOOLS_CTL_CHECK_H

#include "common/antivirus.h"
#include "common/parts.h"
#include "common/wire.h"
#include "spoold/config.h"
#include "tools/ctl_print.h"
#include "tools/ctl_request.h"

struct envelope;
struct pool_outcome;
struct ctl_check_worker;

enum ctl_check_dns { CTL_CHECK_NO_DNS, CTL_CHECK_LIVE };
struct ctl_check_options {
    const char *hdr;                       /* NULL: the envelope is made of the words below */
    const char *sender, *ip, *helo, *auth; /* NULL = not given */
    struct view *rcpt;                     /* owned array of borrowed addresses: -r */
    size_t rcpt_n;
    const char *facts; /* a file of them; NULL = none */
    enum ctl_check_dns dns;
    bool json, no_av, no_antispam, verbose;
    const char **file; /* owned array of borrowed strings */
    size_t file_n;
};

/* What is known of one file. */
struct ctl_check_verdict {
    enum antivirus_state state;
    enum antivirus_why why;
    char text[WIRE_TEXT_MAX + 1]; /* infected: the name; unexamined: words */
    bool hashed;
    unsigned char sha256[32];
};

/* What spoold would do with it (ctl_check_decide.c); the words are borrowed from tables. */
struct ctl_check_decided {
    const char *by, *fate, *class, *direction; /* as in decision records; class and direction may be NULL */
    const char *level, *action;                /* the strictest recipient's; level NULL: not judged */
    const char *config;                        /* the settings' hash; "" or NULL: not known */
    struct buf recipients, edits, decisions;   /* owned: arrays of JSON; empty: nothing was decided */
    struct buf reason;                         /* owned */
};

struct ctl_check_file {
    const char *name;
    int fd; /* -1 = not open */
    uint64_t size;
    bool ended;
    struct ctl_check_verdict verdict;
    struct parts parts; /* owned; empty: no list */
    bool judged;        /* by the antispam stage */
    struct buf spam;    /* owned: what that found, as members of a JSON object; empty: it was not asked */
    struct buf told;    /* owned: why that stage did not judge it, for people, with a newline */
    struct ctl_check_decided decided;
};
/* What is the same for all files. */
struct ctl_check_about {
    const struct envelope *env; /* NULL: none */
    struct view facts;          /* text of the file of facts; p NULL: none */
    enum ctl_check_dns dns;
    bool av, antispam, verbose;
    bool ambiguous;          /* without `av`: mail readers take it in different ways */
    struct view suspended;   /* DNS lists that count for nothing (common/antispam.h) */
    const struct view *rcpt; /* those for whom is decided; borrowed */
    size_t rcpt_n;
};

/* ctl_check.c. Each answers 0 or an exit code with the reason added to `why`. */
int ctl_check_parse(struct ctl_check_options *o, struct ctl_words words, struct buf *why);
void ctl_check_options_free(struct ctl_check_options *o);
int ctl_check(const struct config *c, const struct ctl_check_options *o, struct buf *why);
/* Opens the file; one that cannot be examined ends here with its verdict. */
void ctl_check_open(struct ctl_check_file *f, uint64_t max);
void ctl_check_unexamined(struct ctl_check_verdict *v, enum antivirus_why why, const char *text);
/* 0, 1 or 75 of one file, and of several: a finding counts most, then what may be otherwise the next time. */
int ctl_check_code(const struct ctl_check_verdict *v);
int ctl_check_strictest(int a, int b);

/* ctl_check_print.c: one line with its newline. `engine`: what the worker said that it loaded, NULL or
 * without a name when none did. */
void ctl_check_print(struct buf *to, const struct ctl_check_file *f, const struct wire_loaded *engine,
                     bool json);
/* For people: how it was decided, the table of checks and what would become of whom. */
void ctl_check_print_decision(struct ctl_print *p, const struct ctl_check_file *f,
                              const struct ctl_check_about *about);

/* ctl_check_worker.c */
/* NULL with the reason. At most `children` processes serve. Ends the program with words where the launcher is
 * missing. */
struct ctl_check_worker *ctl_check_worker_open(const struct config *c, unsigned children,
                                               const struct ctl_check_about *about, struct buf *why);
void ctl_check_worker_close(struct ctl_check_worker **w);
/* Borrows the file until `ended`. */
void ctl_check_worker_submit(struct ctl_check_worker *w, struct ctl_check_file *f);
/* Waits until something happens, and deals with it. */
void ctl_check_worker_turn(struct ctl_check_worker *w);
/* The folder has no signatures: spoold's own are used. */
bool ctl_check_worker_is_test(const struct ctl_check_worker *w);
void ctl_check_worker_engine(const struct ctl_check_worker *w, struct wire_loaded *engine);
/* Pure: what follows from an outcome. */
void ctl_check_worker_judge(struct ctl_check_verdict *v, const struct pool_outcome *o);

#endif
