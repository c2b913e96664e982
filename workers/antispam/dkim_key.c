/*
 * dkim_key.c - see dkim_key.h. Among the TXT records of a name the one that is a key, and whether it fits.
 *
 * Called by check_dkim.c once for each signature. What libopendkim checks of a record it is left to: version,
 * hashes, services. Checked here is what it does not (the type of the key against a=), what it says
 * unclearly, and what it must never be given: other bytes than it can read, and more than its buffer holds.
 */
#include "workers/antispam/dkim_key.h"

#include "workers/antispam/tag_list.h"

/* -1: it is no list of tags. */
static int count_tags(struct view record)
{
    struct tag_list l = {record};
    struct tag t;
    int got, n = 0;

    while ((got = tag_list_next(&l, &t)) > 0 && n <= TAG_LIST_MAX)
        n++;
    return got < 0 || n > TAG_LIST_MAX ? -1 : n;
}

/* Some publish other things below the same name; a key has a p=. */
static unsigned find_record(const struct fact *f, struct view *record)
{
    struct view p;
    unsigned n = 0;

    for (unsigned i = 0; i < f->answer_n; i++)
        if (tag_list_find(f->answer[i], "p", &p)) {
            *record = f->answer[i];
            n++;
        }
    return n;
}

/* "rsa-sha256" goes with k=rsa, which is also what a record without k= means. */
static bool has_type(struct view record, struct view algorithm)
{
    const char *dash = algorithm.n ? memchr(algorithm.p, '-', algorithm.n) : NULL;
    struct view type = {algorithm.p, dash ? (size_t)(dash - algorithm.p) : algorithm.n}, k;

    if (!tag_list_find(record, "k", &k))
        k = VIEW("rsa");
    return view_equal_nocase(k, type);
}

static const char *check_record(const struct dkim_signature *s, struct dkim_key *k)
{
    struct view p = VIEW(""), flags = VIEW("");

    if (count_tags(k->record) < 0)
        return "the key record is broken";
    tag_list_find(k->record, "p", &p);
    if (!p.n)
        return "the key is revoked";
    if (k->record.n > DKIM_KEY_MAX)
        return "the key record is too long";
    if (!has_type(k->record, s->a))
        return "the key is of another type";
    tag_list_find(k->record, "t", &flags);
    k->testing = tag_list_count(flags, "y") > 0;
    if (tag_list_count(flags, "s") && !dkim_signature_is_exact(s))
        return "the key is not for subdomains (t=s)";
    return NULL;
}

enum check_result dkim_key_choose(const struct fact *f, const struct dkim_signature *s, struct dkim_key *k,
                                  const char **why)
{
    unsigned n;

    *k = (struct dkim_key){0};
    *why = "the key was never asked for";
    if (!f)
        return RESULT_unknown;
    *why = "the DNS did not give the key";
    if (f->rcode == FACT_SERVFAIL || f->rcode == FACT_TIMEOUT)
        return RESULT_temperror;
    n = find_record(f, &k->record);
    *why = n ? "several keys" : "no key";
    if (n == 1)
        *why = check_record(s, k);
    return *why ? RESULT_permerror : RESULT_pass;
}
