/*
 * ctl_explain.h - "spoolctl explain": why a message became what it became.
 *
 * Called by spoolctl.c. Reads what was recorded; changes nothing.
 */
#ifndef TOOLS_CTL_EXPLAIN_H
#define TOOLS_CTL_EXPLAIN_H

#include "spoold/config.h"
#include "tools/ctl_print.h"
#include "tools/ctl_record.h"
#include "tools/ctl_request.h"

struct ctl_explain {
    const char *word; /* the message */
    bool verbose;
};

/* 0, or EXIT_USAGE_64 with the reason. */
int ctl_explain_parse(struct ctl_words words, struct ctl_explain *e, struct buf *why);
int ctl_explain(const struct config *c, const struct ctl_explain *e, bool json, struct buf *why);

/* Exposed for tests. `head`: what spoold says of a message that is here now, NULL: nothing. */
void ctl_explain_print(struct ctl_print *p, const struct ctl_record *r, const json_t *head, bool verbose);
json_t *ctl_explain_json(const struct ctl_record *r, const json_t *head);

#endif
