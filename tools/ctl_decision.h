/*
 * ctl_decision.h - a decision record for people: what decided, which checks found what, and what became of
 * whom.
 *
 * Shared by explain, show and check. Records hold text of a stranger's mail: every string goes out through
 * ctl_text. Trusts no member to be there or to be of its kind. No line is wider than CTL_DECISION_WIDTH, or
 * the terminal.
 */
#ifndef TOOLS_CTL_DECISION_H
#define TOOLS_CTL_DECISION_H

#include "tools/ctl_print.h"

#define CTL_DECISION_WIDTH 100

struct ctl_decision {
    const json_t *record;    /* borrowed */
    const struct view *rcpt; /* borrowed: what "to" of a decision counts, from 1; any bytes */
    size_t rcpt_n;
    bool verbose; /* all checks, all recipients */
};

/* ctl_decision_whole.c: rows on what the virus scanner said, by which rule the message was decided, what
 * became of it and why. */
void ctl_decision_print_whole(struct ctl_print *p, const struct ctl_decision *d);
/* What was not got, in words. */
void ctl_decision_print_incomplete(struct ctl_print *p, const struct ctl_decision *d);

/* ctl_decision_checks.c: the table check, result, weight, why, line of the settings; heaviest first, then the
 * sum. Nothing where there were none. */
void ctl_decision_print_checks(struct ctl_print *p, const struct ctl_decision *d);

/* ctl_decision.c: for each kind of outcome whose it is, and why; `brief`: in one line each. */
void ctl_decision_print_outcomes(struct ctl_print *p, const struct ctl_decision *d);
void ctl_decision_print_brief(struct ctl_print *p, const struct ctl_decision *d);
/* The addresses of one element of "decisions", at most `most`: "a@example.org, b@example.org and 3 more". */
void ctl_decision_add_rcpt(struct buf *to, const struct ctl_decision *d, const json_t *element, size_t most);
/* Gives each element of "decisions" its addresses, "rcpt", where it has only positions; "raw" where bytes are
 * not UTF-8. */
void ctl_decision_resolve(json_t *record, const struct view *rcpt, size_t n);
/* The bytes of a string again: in an object with "raw" code points up to U+00FF stand for one. */
void ctl_decision_add_bytes(struct buf *to, const json_t *string, bool raw);
/* Of any bytes; sets *raw where they are no UTF-8. */
json_t *ctl_decision_text(struct view bytes, bool *raw);

/* A label and a text that goes on below itself. */
void ctl_decision_print_row(struct ctl_print *p, enum ctl_print_colour colour, const char *label,
                            const struct buf *text);
/* Columns of a line. */
size_t ctl_decision_width(const struct ctl_print *p);
/* "8", "-1.5"; nothing where it is no number. Whether it is one. */
bool ctl_decision_add_number(struct buf *to, const json_t *n);

#endif
