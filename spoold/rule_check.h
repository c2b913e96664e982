/*
 * rule_check.h - is a line of a rule file one that worker-antispam can use?
 *
 * Used where the configuration is read, so that --check-config names file and line of what is wrong; the
 * worker would refuse it, too, but only once it runs.
 */
#ifndef SPOOLD_RULE_CHECK_H
#define SPOOLD_RULE_CHECK_H

#include "common/rule.h"

/* rule_parse(), and its regular expression is compiled, but never run. 0, or -1 with what is wrong in `why`.
 */
int rule_check_line(struct view line, enum rule_kind kind, struct rule *to, struct buf *why);

#endif
