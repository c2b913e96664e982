/*
 * decide_profile.c - see decide_profile.h: a hash table over the lines of lists.domains, and the policies
 * that they come to.
 *
 * Resolving runs at start and reload, in any thread; looking up in the loop. Lines are the administrator's:
 * trusted, but he errs. Recipients are anybody's words: bounded, length-counted, each byte is looked at once.
 */
#include "spoold/decide_profile.h"

#include "common/entry.h"
#include "common/envelope.h"
#include "common/idn.h"
#include "common/xalloc.h"
#include "spoold/config_entries.h"
#include "spoold/config_profile.h"
#include "spoold/config_set.h"

#include <stdio.h>
#include <stdlib.h>

#define LINE_FORMS                                                                                           \
    "accepted: example.org PROFILE, .example.org PROFILE (the domain and all below it), "                    \
    "user@example.org PROFILE"

/* A line: whom it is about, in small letters, and its answer. */
struct line {
    uint32_t at, n; /* in `keys` */
    uint32_t lineno, profile;
    const struct decide_profile *answer;
};
/* A policy that somebody has. */
struct made {
    struct decide_profile p;
    struct config_policy merged; /* of a user */
    const struct decide_profile *over;
    struct made *next; /* of the same user's profile */
};
struct decide_profiles {
    struct buf keys;
    struct line *line;
    size_t n;
    uint32_t *slot; /* numbers of lines + 1; a power of two of them */
    size_t slot_n;
    bool parents; /* a line is about ".example.org" */
    struct made **made;
    unsigned made_n;
    /* While it is made: by number of the profile. */
    uint32_t *sorted;
    struct made **of_domain, **of_user;
};

/* "NAME PROFILE" in its two words; false: it is something else. */
static bool split(struct view line, struct view *who, struct view *profile)
{
    size_t n = 0;

    while (n < line.n && line.p[n] != ' ' && line.p[n] != '\t')
        n++;
    *who = (struct view){line.p, n};
    *profile = view_trim((struct view){line.p + n, line.n - n});
    return who->n && config_ini_name_ok(*profile);
}

const char *decide_profile_check_line(struct view line)
{
    struct view who, profile;

    if (!split(line, &who, &profile))
        return "this is no address or domain with the name of a profile behind it; " LINE_FORMS;
    return entry_check_sender(who) ? "it is for no address or domain; " LINE_FORMS : NULL;
}

/* --- the table: names are hashed from their end, so that all domains above one are found on the way ----- */

static uint64_t hash_byte(uint64_t h, char c)
{
    return (h ^ (unsigned char)c) * 0x100000001b3u;
}

static uint64_t hash_from_end(uint64_t h, struct view v)
{
    while (v.n)
        h = hash_byte(h, v.p[--v.n]);
    return h;
}

static const struct line *probe(const struct decide_profiles *t, uint64_t h, struct view key)
{
    for (size_t at = (h ^ h >> 32) & (t->slot_n - 1); t->slot[at]; at = (at + 1) & (t->slot_n - 1)) {
        const struct line *l = &t->line[t->slot[at] - 1];

        if (view_equal((struct view){t->keys.p + l->at, l->n}, key))
            return l;
    }
    return NULL;
}

static void put(struct decide_profiles *t, uint64_t h, size_t number)
{
    size_t at = (h ^ h >> 32) & (t->slot_n - 1);

    while (t->slot[at])
        at = (at + 1) & (t->slot_n - 1);
    t->slot[at] = (uint32_t)number + 1;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c;
}

/* `all` ends in "@DOMAIN" or ".DOMAIN", DOMAIN from `at` on, both in small letters. */
static const struct line *find_domain(const struct decide_profiles *t, char *all, size_t at, size_t n)
{
    const struct line *best = NULL, *l;
    uint64_t h = 0;
    char before = all[at - 1];

    for (size_t i = n; i-- > at;) {
        h = hash_byte(h, all[i]);
        if (all[i] == '.' && t->parents && (l = probe(t, h, (struct view){all + i, n - i})))
            best = l; /* a longer one each time */
    }
    all[at - 1] = '.';
    if (t->parents && (l = probe(t, hash_byte(h, '.'), (struct view){all + at - 1, n - at + 1})))
        best = l;
    all[at - 1] = before;
    l = probe(t, h, (struct view){all + at, n - at});
    return l ? l : best;
}

static const struct line *find_address(const struct decide_profiles *t, const char *all, size_t n)
{
    return probe(t, hash_from_end(0, (struct view){all, n}), (struct view){all, n});
}

/* "user+detail@example.org" is user@example.org, too. */
static const struct line *find_plain_address(const struct decide_profiles *t, char *all, size_t at, size_t n)
{
    const char *plus = memchr(all, '+', at);
    char plain[ENVELOPE_ADDR_MAX + 1];
    size_t keep;

    if (!plus || plus == all)
        return NULL;
    keep = (size_t)(plus - all);
    memcpy(plain, all, keep);
    memcpy(plain + keep, all + at - 1, n - at + 1);
    return find_address(t, plain, keep + n - at + 1);
}

static const struct line *find_user(const struct decide_profiles *t, char *all, size_t at, size_t n)
{
    const struct line *l = find_address(t, all, n);

    return l ? l : find_plain_address(t, all, at, n);
}

/*
 * "@relay.example:user@example.org" and "\"user\"@example.org" are user@example.org, too, or a sender could
 * choose how a user's mail is judged. In place: the same, or less; the domain stays the same.
 */
static size_t bare_address(char *all, size_t *at, size_t n)
{
    const char *route = all[0] == '@' ? memchr(all, ':', *at) : NULL;
    size_t from = route ? (size_t)(route - all) + 1 : 0, to = 0, sign = *at - 1;
    const bool quoted = sign - from >= 2 && all[from] == '"' && all[sign - 1] == '"';

    for (size_t end = sign - quoted, i = from + quoted; i < end; i++) {
        if (quoted && all[i] == '\\' && i + 1 < end)
            i++;
        all[to++] = all[i];
    }
    memmove(all + to, all + sign, n - sign);
    *at = to + 1;
    return n - sign + to;
}

static const struct line *find(const struct decide_profiles *t, struct view rcpt, bool domain_only)
{
    char all[ENVELOPE_ADDR_MAX + 1];
    const char *sign = rcpt.n && rcpt.n <= ENVELOPE_ADDR_MAX ? memrchr(rcpt.p, '@', rcpt.n) : NULL;
    const struct line *l = NULL;
    size_t at, n = rcpt.n;

    if (!sign)
        return NULL;
    at = (size_t)(sign - rcpt.p) + 1;
    for (size_t i = 0; i < n; i++)
        all[i] = lower(rcpt.p[i]);
    n = idn_fold(all, at, n, ENVELOPE_ADDR_MAX);
    if (n > at + 1 && all[n - 1] == '.')
        n--;
    if (!domain_only)
        l = find_user(t, all, at, n);
    if (!l && !domain_only && (all[0] == '@' || all[0] == '"')) {
        n = bare_address(all, &at, n);
        l = find_user(t, all, at, n);
    }
    return l ? l : find_domain(t, all, at, n);
}

/* --- resolving --------------------------------------------------------------------------------------------
 */

static int compare_names(const void *a, const void *b, void *arg)
{
    const struct config *c = arg;
    const uint32_t *x = a, *y = b;

    return strcmp(c->profile[*x].name, c->profile[*y].name);
}

static void sort_profiles(struct decide_profiles *t, struct config *c)
{
    t->sorted = xcalloc(c->profile_n + 1, sizeof *t->sorted);
    for (uint32_t i = 0; i < c->profile_n; i++)
        t->sorted[i] = i;
    qsort_r(t->sorted, c->profile_n, sizeof *t->sorted, compare_names, c);
}

/* UINT32_MAX: there is none. */
static uint32_t find_profile(const struct decide_profiles *t, const struct config *c, struct view name)
{
    size_t from = 0, to = c->profile_n;

    while (from < to) {
        size_t at = from + (to - from) / 2;
        const char *other = c->profile[t->sorted[at]].name;
        int order = strncmp(other, name.p, name.n);

        if (order == 0 && other[name.n] == '\0')
            return t->sorted[at];
        if (order < 0)
            from = at + 1;
        else
            to = at;
    }
    return UINT32_MAX;
}

/* As it is looked up; its length. */
static size_t add_key(struct buf *keys, struct view who)
{
    const size_t room = who.n + FACTS_NAME_MAX, at = keys->n;
    const char *sign = memrchr(who.p, '@', who.n);

    buf_reserve(keys, room);
    for (size_t i = 0; i < who.n; i++)
        keys->p[at + i] = lower(who.p[i]);
    keys->n += idn_fold(keys->p + at, sign ? (size_t)(sign - who.p) + 1 : 0, who.n, room);
    return keys->n - at;
}

static void add_line(struct decide_profiles *t, const struct config *c, size_t number,
                     struct config_errors *errs)
{
    const struct config_list *list = &c->lists_domains;
    struct line *l = &t->line[number];
    struct view who, profile, key;
    const struct line *old;
    uint64_t h;

    split(config_entries_text(list, number), &who, &profile);
    if (who.p[0] == '@')
        who.p++, who.n--;
    *l = (struct line){.at = (uint32_t)t->keys.n, .lineno = list->entry[number].lineno};
    l->n = (uint32_t)add_key(&t->keys, who);
    l->profile = find_profile(t, c, profile);
    if (l->profile == UINT32_MAX)
        config_error(errs, list->file, l->lineno,
                     "there is no [profile %.*s] in the settings; accepted: the name of one that is there",
                     (int)profile.n, profile.p);
    key = (struct view){t->keys.p + l->at, l->n};
    h = hash_from_end(0, key);
    old = probe(t, h, key);
    if (old)
        config_error(errs, list->file, l->lineno,
                     "%.*s stands twice, first in line %u; accepted: each address and domain once",
                     (int)key.n, key.p, old->lineno);
    t->parents |= who.p[0] == '.';
    put(t, h, number);
}

static struct made *add_made(struct decide_profiles *t)
{
    if ((t->made_n & (t->made_n - 1)) == 0)
        t->made = xrealloc(t->made, t->made_n ? 2 * t->made_n : 1, sizeof(struct made *));
    t->made[t->made_n] = xcalloc(1, sizeof(struct made));
    t->made[t->made_n]->p.number = t->made_n + 1;
    return t->made[t->made_n++];
}

static bool weighs(const struct config *c, const struct config_policy *p)
{
    return memcmp(p->weight, c->policy.weight, sizeof p->weight) != 0;
}

static const struct decide_profile *of_domain(struct decide_profiles *t, const struct config *c, uint32_t i)
{
    struct made *m = t->of_domain[i];

    if (!m) {
        t->of_domain[i] = m = add_made(t);
        m->p.policy = &c->profile[i].policy;
        m->p.domain = c->profile[i].name;
        m->p.weighs = weighs(c, m->p.policy);
    }
    return &m->p;
}

/* What the user's profile sets and may set, over what he would have without it. */
static void merge(const struct config *c, uint32_t user, const struct decide_profile *over, struct made *m)
{
    const struct config_profile *p = &c->profile[user];

    m->merged = over ? *over->policy : c->policy;
    for (const struct config_option *o = config_profile_first(); o; o = config_value_next(o))
        if (config_set_find(c->set, o, view_of(p->name)) && config_profile_allows(c->allow_override, o->key))
            config_profile_copy(o, &p->policy, &m->merged);
    m->over = over;
    m->p.policy = &m->merged;
    m->p.user = p->name;
    m->p.domain = over ? over->domain : NULL;
    m->p.weighs = weighs(c, &m->merged);
}

static const struct decide_profile *of_user(struct decide_profiles *t, const struct config *c, uint32_t i,
                                            const struct decide_profile *over)
{
    struct made *m = t->of_user[i];

    while (m && m->over != over)
        m = m->next;
    if (!m) {
        m = add_made(t);
        merge(c, i, over, m);
        m->next = t->of_user[i];
        t->of_user[i] = m;
    }
    return &m->p;
}

/* Each by itself is right, but filter.allow_override may take the action of one and leave its address. */
static void check_made(const struct config *c, const struct line *l, struct config_errors *errs)
{
    const char *level = config_profile_lacks_redirect(l->answer->policy);

    if (level)
        config_error(errs, c->lists_domains.file, l->lineno,
                     "[profile %s]: as far as filter.allow_override lets it, an action redirect has no "
                     "address; accepted: words that allow %s.redirect, too",
                     l->answer->user, level);
}

/* Domains first: a user's profile stands over theirs. */
static void answer_lines(struct decide_profiles *t, const struct config *c, bool users,
                         struct config_errors *errs)
{
    for (size_t i = 0; i < t->n; i++) {
        struct line *l = &t->line[i];
        const struct view key = {t->keys.p + l->at, l->n};
        const struct line *domain;

        if ((memchr(key.p, '@', key.n) != NULL) != users)
            continue;
        domain = users ? find(t, key, true) : NULL;
        l->answer =
            users ? of_user(t, c, l->profile, domain ? domain->answer : NULL) : of_domain(t, c, l->profile);
        if (t->made_n > CONFIG_POLICY_MAX) {
            config_error(errs, c->lists_domains.file, l->lineno,
                         "users' profiles over those of their domains come to more than %d different ones",
                         CONFIG_POLICY_MAX);
            return;
        }
        if (users)
            check_made(c, l, errs);
    }
}

void decide_profile_resolve(struct config *c, struct config_errors *errs)
{
    const unsigned before = errs->n;
    struct decide_profiles *t;

    if (!c->lists_domains.n)
        return;
    t = c->recipients = xcalloc(1, sizeof *t);
    t->n = c->lists_domains.n;
    t->line = xcalloc(t->n, sizeof *t->line);
    for (t->slot_n = 64; t->slot_n < 2 * t->n;)
        t->slot_n *= 2;
    t->slot = xcalloc(t->slot_n, sizeof *t->slot);
    t->of_domain = xcalloc(c->profile_n + 1, sizeof(struct made *));
    t->of_user = xcalloc(c->profile_n + 1, sizeof(struct made *));
    sort_profiles(t, c);
    for (size_t i = 0; i < t->n; i++)
        add_line(t, c, i, errs);
    if (errs->n == before)
        answer_lines(t, c, false, errs);
    if (errs->n == before)
        answer_lines(t, c, true, errs);
}

void decide_profile_free(struct decide_profiles **p)
{
    struct decide_profiles *t = *p;

    if (!t)
        return;
    for (unsigned i = 0; i < t->made_n; i++)
        free(t->made[i]);
    free(t->made);
    free(t->of_domain);
    free(t->of_user);
    free(t->sorted);
    free(t->slot);
    free(t->line);
    buf_free(&t->keys);
    free(t);
    *p = NULL;
}

const struct decide_profile *decide_profile_find(const struct config *c, struct view rcpt,
                                                 struct decide_profile *own)
{
    const struct line *l = c->recipients ? find(c->recipients, rcpt, false) : NULL;

    if (l)
        return l->answer;
    *own = (struct decide_profile){.policy = &c->policy};
    return own;
}

unsigned decide_profile_count(const struct config *c)
{
    return 1 + (c->recipients ? c->recipients->made_n : 0);
}

/* Its place where this profile has set it, and may. */
static bool is_set(const struct config *c, const char *profile, const struct config_option *o,
                   struct config_place *place)
{
    const struct config_set_item *i = profile && o ? config_set_find(c->set, o, view_of(profile)) : NULL;

    if (!i)
        return false;
    *place = (struct config_place){i->file, i->lineno};
    return true;
}

struct config_place decide_profile_where(const struct config *c, const struct decide_profile *p,
                                         const char *section, const char *key, const char **name)
{
    const char *blank = strchr(section, ' ');
    const struct config_option *o = NULL;
    struct config_place place;
    char whole[80];

    *name = "";
    if (p->number) {
        snprintf(whole, sizeof whole, "%s.%s", blank ? blank + 1 : section, key);
        o = config_value_find(VIEW("profile"), view_of(whole));
    }
    if (o && config_profile_allows(c->allow_override, o->key) && is_set(c, p->user, o, &place))
        *name = p->user;
    else if (is_set(c, p->domain, o, &place))
        *name = p->domain;
    else
        place = config_where(c, section, "", key);
    return place;
}
