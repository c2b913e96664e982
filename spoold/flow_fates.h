/*
 * flow_fates.h - lets a test ask for a fate by the envelope key x-spoold-test; a no-op in every other build.
 *
 * The scanners that lead to these fates are not there yet, and the crash tests
 * need all of them. Only a build with -DSPOOLD_TEST knows the key.
 */
#ifndef SPOOLD_FLOW_FATES_H
#define SPOOLD_FLOW_FATES_H

#include "spoold/msg.h"

#ifdef SPOOLD_TEST
/* True when the envelope named a fate and it was set. */
bool flow_fates_apply(struct msg *m);
/* How the worker of this role is to misbehave over it ("av-crash"); 0 = not at all. */
uint32_t flow_fates_misbehaviour(const struct msg *m, enum role role);
#else
static inline uint32_t flow_fates_misbehaviour(const struct msg *m, enum role role)
{
    (void)m;
    (void)role;
    return 0;
}
static inline bool flow_fates_apply(struct msg *m)
{
    (void)m;
    return false;
}
#endif

#endif
