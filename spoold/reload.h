/*
 * reload.h - SIGHUP and spoolctl reload: reads the settings again, without a restart and without a gap.
 */
#ifndef SPOOLD_RELOAD_H
#define SPOOLD_RELOAD_H

#include "spoold/config.h"
#include "spoold/control_ticket.h"

#include <stdbool.h>

struct spoold;

/* What was given on the command line; kept because a reload reads it again. */
struct reload_source {
    const char *file;            /* as given; NULL = none */
    const char *const *override; /* borrowed for good */
    size_t override_n;
    int cwd; /* the folder that spoold was started in: relative names are meant from there */
};

/* Queues a reload: SIGHUP. With any mistake the old settings stay, and every mistake is logged. The same
 * where spool.whatif_on_reload refuses, in the old settings or the new: a signal cannot be asked back. */
void reload_start(struct spoold *s);
/* The same by order of spoolctl, who has asked what whatif_on_reload wants, and gets the outcome. `hash`: of
 * the settings that were looked at; empty: any. */
void reload_order(struct spoold *s, struct control_ticket t, struct view hash);
/* The first setting that cannot change while spoold runs and differs, as "section.key"; NULL when there is
 * none. Pure. */
const char *reload_fixed_change(const struct config *old, const struct config *new);

#endif
