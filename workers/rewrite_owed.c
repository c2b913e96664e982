/*
 * rewrite_owed.c - see rewrite_owed.h. What the field scanner has read and not yet written.
 *
 * Called by rewrite_field.c only. Nothing here depends on how much a stranger
 * sends: runs of equal bytes are counted, not stored, and a name that needs more
 * runs than there is room for is decided without them.
 */
#include "workers/rewrite_owed.h"

void rewrite_owed_put_eol(struct rewrite_field *f, const struct rewrite_eol *e)
{
    if (e->cr)
        rewrite_out_fill(f->out, '\r', e->cr);
    if (e->lf)
        rewrite_out_fill(f->out, '\n', 1);
}

void rewrite_owed_put_before(struct rewrite_field *f)
{
    rewrite_owed_put_eol(f, &f->before);
    f->before = (struct rewrite_eol){0};
}

void rewrite_owed_put_held(struct rewrite_field *f)
{
    rewrite_owed_put_before(f);
    for (size_t i = 0; i < f->held_n; i++)
        rewrite_out_fill(f->out, f->held[i].c, f->held[i].count);
    f->held_n = 0;
}

static void count_removed(struct rewrite_field *f)
{
    if (f->removed < UINT32_MAX)
        f->removed++;
}

void rewrite_owed_drop(struct rewrite_field *f)
{
    count_removed(f);
    f->held_n = 0;
    f->fate = f->flooded ? REWRITE_STUB : REWRITE_DROP;
    f->place = REWRITE_REST;
}

bool rewrite_owed_hold(struct rewrite_field *f, char c, uint64_t count, size_t max)
{
    if (f->held_n && f->held[f->held_n - 1].c == c) {
        f->held[f->held_n - 1].count += count;
        return true;
    }
    if (f->held_n == max)
        return false;
    f->held[f->held_n++] = (struct rewrite_run){count, c};
    return true;
}

/* How many readers know this line end; nothing before the first line is known to all. */
static unsigned rank(const struct rewrite_eol *e)
{
    if (!e->lf)
        return e->cr ? 0 : 3;
    return e->cr ? 2 : 1;
}

/* The removed field is over, with everything that is folded into it. */
void rewrite_owed_settle(struct rewrite_field *f)
{
    if (f->fate == REWRITE_DROP && rank(&f->eol) > rank(&f->before))
        f->before = f->eol;
    f->fate = REWRITE_KEEP;
}
