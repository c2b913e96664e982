/*
 * ctl_quarantine.h - the quarantine verbs of spoolctl: their words, and how an entry is shown.
 *
 * Called through the verb table in spoolctl.c. A message comes here as the bytes
 * that somebody sent; what is printed of it is harmless to a terminal.
 */
#ifndef TOOLS_CTL_QUARANTINE_H
#define TOOLS_CTL_QUARANTINE_H

#include "spoold/config.h"
#include "tools/ctl_print.h"
#include "tools/ctl_request.h"

#define CTL_QUARANTINE_AGAIN_MS 200 /* between two questions with --wait */

ctl_request_fn ctl_quarantine_list, ctl_quarantine_purge;
/* The whole request; `wait_ms` gets the time of --wait, 0 without it. 0 or EXIT_USAGE_64. */
int ctl_quarantine_release(struct ctl_words words, struct buf *request, unsigned *wait_ms, struct buf *why);
/* "released", "deleted". */
ctl_print_fn ctl_quarantine_print;

struct ctl_quarantine_show {
    struct ctl_words words;
    bool json;
};
int ctl_quarantine_show_check(const struct ctl_quarantine_show *show, struct buf *why);
/* Asks and prints: record, envelope, header fields, beginning of the text. Exit code. */
int ctl_quarantine_show(const struct ctl_quarantine_show *show, const struct config *c, struct buf *why);

/* "2026-01-02", "2026-01-02T03:04:05Z", or back from now: "90s", "30m", "12h", "7d". ms since 1970, or -1. */
int64_t ctl_quarantine_time(const char *text, int64_t now_ms);
/* Exposed for tests: prints an envelope, or a message: header fields, then at most so many lines of text. */
void ctl_quarantine_print_hdr(struct ctl_print *p, struct view hdr);
void ctl_quarantine_print_eml(struct ctl_print *p, struct view eml, size_t lines);

#endif
