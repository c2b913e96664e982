/*
 * ctl_print.h - spoold's answers, for people.
 *
 * Called through the verb table in spoolctl.c, once per line of the answer. The
 * objects come from spoold but hold strings from mail: every string goes through
 * ctl_text. A missing member leaves its place empty, an unknown one is ignored,
 * so that spoolctl and spoold need not be of the same version.
 */
#ifndef TOOLS_CTL_PRINT_H
#define TOOLS_CTL_PRINT_H

#include "common/buf.h"

#include <jansson.h>
#include <stdio.h>

struct ctl_print {
    FILE *to;
    size_t width; /* columns of the terminal; 0: no terminal, cut nothing */
    bool colour;
    size_t rows;               /* lines printed so far */
    json_t *record, *accepted; /* owned by ctl_checks.c: of `show`, until ctl_checks_end() */
    bool parts;                /* a list of parts was begun, or is over: one is shown of a message */
};

enum ctl_print_colour { CTL_PRINT_PLAIN, CTL_PRINT_BOLD, CTL_PRINT_RED, CTL_PRINT_GREEN, CTL_PRINT_YELLOW };

typedef void ctl_print_fn(struct ctl_print *p, const json_t *line);
ctl_print_fn ctl_print_status, ctl_print_show, ctl_print_audit; /* ctl_print.c */
ctl_print_fn ctl_table_queue, ctl_table_history;                /* ctl_table.c */
ctl_print_fn ctl_print_av;                                      /* ctl_print_av.c */
ctl_print_fn ctl_print_dns;                                     /* ctl_print_dns.c */
ctl_print_fn ctl_table_quarantine;                              /* ctl_table.c */
ctl_print_fn ctl_table_events;                                  /* ctl_table.c */
ctl_print_fn ctl_print_told;                                    /* ctl_print.c */
ctl_print_fn ctl_parts_show;                                    /* ctl_parts.c: `show --parts` */
ctl_print_fn ctl_print_metrics;                                 /* ctl_metrics.c */

/* Finds out about the terminal behind `to`. */
void ctl_print_init(struct ctl_print *p, FILE *to);
void ctl_print_line(struct ctl_print *p, enum ctl_print_colour colour, const struct buf *text);

/* ctl_checks.c: keeps what an event says of the decision; the last record counts. */
void ctl_checks_see(struct ctl_print *p, const json_t *event);
/* Prints it, if there is any: weight, checks, and what was decided for whom. */
void ctl_checks_end(struct ctl_print *p);
/* ctl_parts.c: the members "parts", "parts_more" and "oddities" of an object, as a table that may go on
 * with the next object. */
void ctl_parts_print(struct ctl_print *p, const json_t *o);
/* ctl_table.c: one part as a row, NULL: the titles. */
void ctl_table_part(struct ctl_print *p, const json_t *part);

/* A line that begins with a label. */
void ctl_print_row(struct ctl_print *p, enum ctl_print_colour colour, const char *label,
                   const struct buf *value);
/* The object "antivirus" in the rows of status. */
void ctl_print_av_brief(struct ctl_print *p, const json_t *antivirus);
/* Its array "deliver". */
void ctl_print_deliver(struct ctl_print *p, const json_t *servers);

/* Adds a value as printable text: strings escaped, lists with commas, null and other kinds as nothing. */
void ctl_print_add_value(struct buf *b, const json_t *value, bool raw);
/* A member that is a string; empty where there is none. */
struct view ctl_print_string(const json_t *o, const char *key);
/* Adds member `key` of `o`; whether anything was added. */
bool ctl_print_add_member(struct buf *b, const json_t *o, const char *key);
/* The same with `before` in front of it, unless there is no such member. */
bool ctl_print_add_part(struct buf *b, const char *before, const json_t *o, const char *key);
bool ctl_print_add_time(struct buf *b, const char *before, const json_t *o, const char *key);

#endif
