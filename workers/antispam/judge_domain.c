/*
 * judge_domain.c - see judge_domain.h. libpsl, read once and never changed.
 *
 * Called by judge.c. The list is read from a file of the system, so it must be opened before the lock-down.
 * libpsl takes strings: what it is given is copied to one of at most 253 bytes, and what it answers is used
 * as a length only.
 */
#include "workers/antispam/judge_domain.h"

#include "common/facts.h"
#include "common/xalloc.h"

#include <libpsl.h>
#include <stdlib.h>

struct judge_domain {
    psl_ctx_t *psl;
};

struct judge_domain *judge_domain_open(struct buf *why)
{
    struct judge_domain *d = xcalloc(1, sizeof *d);

    d->psl = psl_latest(NULL);
    if (d->psl)
        return d;
    buf_add_str(why, "there is no Public Suffix List");
    judge_domain_free(&d);
    return NULL;
}

void judge_domain_free(struct judge_domain **d)
{
    if (!*d)
        return;
    psl_free((*d)->psl);
    free(*d);
    *d = NULL;
}

/* "192.0.2.1" would have the organisation "2.1". */
static bool is_address(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] == ':' || v.p[i] == '[')
            return true;
    while (v.n && v.p[v.n - 1] >= '0' && v.p[v.n - 1] <= '9')
        if (--v.n == 0 || v.p[v.n - 1] == '.')
            return true;
    return false;
}

struct view judge_domain_find(const struct judge_domain *d, struct view domain)
{
    char name[FACTS_NAME_MAX + 1];
    size_t n = fact_name_clean(domain, name);
    const char *org;

    if (!n || n != domain.n || is_address(domain))
        return domain;
    name[n] = '\0';
    org = psl_registrable_domain(d->psl, name);
    if (!org || org < name || org >= name + n)
        return domain;
    n -= (size_t)(org - name);
    return (struct view){domain.p + domain.n - n, n};
}
