/*
 * dmarc_record.c - see dmarc_record.h. One pass over the tags of a record.
 *
 * Called by check_dmarc.c. What is unknown or broken behind "v=DMARC1" is passed over, and counts as not
 * there (RFC 7489, 6.3); only without a policy there is no record, unless reports are asked for: then it is
 * "none" (6.6.3). Of a tag that stands there twice the first one counts. It trusts the length of its input.
 */
#include "workers/antispam/dmarc_record.h"

#include "workers/antispam/tag_list.h"

struct reader {
    struct view p, sp, adkim, aspf, pct, rua; /* `p` NULL: not there */
};

const char *dmarc_policy_name(unsigned policy)
{
    static const char *const names[] = {"none", "quarantine", "reject"};

    return policy < DMARC_POLICY__MAX ? names[policy] : NULL;
}

static enum dmarc_policy find_policy(struct view v)
{
    unsigned i = 0;

    while (i < DMARC_POLICY__MAX && !view_equal_nocase(v, view_of(dmarc_policy_name(i))))
        i++;
    return (enum dmarc_policy)i;
}

static void keep(struct reader *r, const struct tag *t)
{
    const struct {
        const char *name;
        struct view *to;
    } known[] = {{"p", &r->p},       {"sp", &r->sp},   {"adkim", &r->adkim},
                 {"aspf", &r->aspf}, {"pct", &r->pct}, {"rua", &r->rua}};

    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        if (view_equal(t->name, view_of(known[i].name)) && !known[i].to->p)
            *known[i].to = t->value;
}

/* One address to report to is enough. */
static bool has_report(struct view rua)
{
    static const char scheme[] = "mailto:";
    const size_t n = sizeof scheme - 1;

    return rua.n > n && view_equal_nocase((struct view){rua.p, n}, VIEW(scheme)) &&
           memchr(rua.p + n, '@', rua.n - n);
}

static enum dmarc_kind fill(const struct reader *in, struct dmarc_record *r)
{
    uint64_t pct;

    r->p = find_policy(in->p);
    r->sp = in->sp.p ? find_policy(in->sp) : r->p;
    if (r->p == DMARC_POLICY__MAX || r->sp == DMARC_POLICY__MAX) {
        if (!has_report(in->rua))
            return DMARC_BROKEN;
        r->p = r->sp = DMARC_NONE;
    }
    r->strict_dkim = view_equal_nocase(in->adkim, VIEW("s"));
    r->strict_spf = view_equal_nocase(in->aspf, VIEW("s"));
    r->pct = tag_list_number(in->pct, 3, &pct) && pct <= 100 ? (unsigned)pct : 100;
    return DMARC_RECORD;
}

enum dmarc_kind dmarc_record_parse(struct view text, struct dmarc_record *r)
{
    struct tag_list l = {text};
    struct reader in = {0};
    struct tag t;
    int got;

    *r = (struct dmarc_record){0};
    if (tag_list_next(&l, &t) <= 0 || !view_equal(t.name, VIEW("v")) || !view_equal(t.value, VIEW("DMARC1")))
        return DMARC_OTHER;
    for (unsigned n = 0; n < TAG_LIST_MAX && (got = tag_list_next(&l, &t)) != 0; n++)
        if (got > 0)
            keep(&in, &t);
    return fill(&in, r);
}
