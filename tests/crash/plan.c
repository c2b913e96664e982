/*
 * plan.c - see plan.h.
 *
 * Even: every stride-th index. Random: with a thread or workers, where an index is
 * no fixed place anyway, and for pairs of kills when only some are wanted. Random
 * points come from the seed and k alone, so a run can be repeated.
 */
#include "tests/crash/plan.h"

#define RANDOM_POINTS 200 /* without --max-points */

/* A counter made into noise (the finaliser of a 64-bit linear generator). */
static uint64_t noise(uint64_t seed, uint64_t k)
{
    uint64_t z = seed * 0x9e3779b97f4a7c15u + k * 0xd1342543de82ef95u + 1;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

bool plan_is_random(const struct options *o)
{
    /* A command that repeats one point names it. */
    if (o->to && o->to == o->from)
        return false;
    return o->threaded || o->workers || (o->mode == OPTIONS_RECOVER_KILLS && o->max_points && !o->at);
}

bool plan_is_row(const struct options *o)
{
    return o->mode == OPTIONS_RECOVER_KILLS && !o->at && !plan_is_random(o);
}

uint64_t plan_first_second(const struct options *o, uint64_t first)
{
    return 1 + first / o->stride % o->stride;
}

static bool random_point(const struct options *o, uint64_t k, uint64_t from, uint64_t range, struct point *p)
{
    if (k >= (o->max_points ? o->max_points : RANDOM_POINTS))
        return false;
    p->first = from + noise(o->seed, 3 * k) % range;
    p->second = o->mode == OPTIONS_RECOVER_KILLS ? 1 + noise(o->seed, 3 * k + 1) % range : 0;
    p->error = o->error_n ? o->error[noise(o->seed, 3 * k + 2) % o->error_n] : 0;
    return true;
}

static bool even_point(const struct options *o, uint64_t k, uint64_t from, uint64_t range, struct point *p)
{
    uint64_t errors = o->error_n ? o->error_n : 1, stride = o->stride;

    if (o->max_points && stride * o->max_points < range * errors)
        stride = (range * errors + o->max_points - 1) / o->max_points;
    p->error = o->error_n ? o->error[k % errors] : 0;
    p->first = from + k / errors * stride;
    p->second = o->mode == OPTIONS_RECOVER_KILLS ? o->at : 0;
    return k / errors * stride < range;
}

bool plan_point(const struct options *o, uint64_t k, uint64_t total, struct point *p)
{
    uint64_t to = o->to ? o->to : total, skipped = total * o->skip / 100 + 1;
    uint64_t from = o->from > skipped ? o->from : skipped;

    *p = (struct point){0};
    if (to < from)
        return false;
    return plan_is_random(o) ? random_point(o, k, from, to - from + 1, p)
                             : even_point(o, k, from, to - from + 1, p);
}
