/*
 * whatif_order.h - spool.whatif_on_reload: what `spoolctl reload` asks before new settings are in force.
 *
 * For config_check.c, reload.c and tools/ctl_reload.c. Pure.
 */
#ifndef SPOOLD_WHATIF_ORDER_H
#define SPOOLD_WHATIF_ORDER_H

#include "common/view.h"

#define WHATIF_ORDER_ACCEPTED "off, warn, or refuse:N%, N from 0 to 100"

/* Ascending strictness; where both refuse, the lower percentage is the stricter. */
enum whatif_order_kind { WHATIF_OFF, WHATIF_WARN, WHATIF_REFUSE };
struct whatif_order {
    enum whatif_order_kind kind;
    unsigned percent; /* of WHATIF_REFUSE: more messages than this may not change */
};

/* 0, or -1 where the text is none; `to` is then WHATIF_OFF. */
int whatif_order_parse(struct view text, struct whatif_order *to);
/* Whether `a` asks for less than `b`. */
bool whatif_order_is_weaker(struct whatif_order a, struct whatif_order b);
/* The stricter of two texts that were checked. */
struct whatif_order whatif_order_stricter(const char *a, const char *b);

#endif
