/*
 * config_print_for.c - each setting as it is for one recipient, where it was written, and in which profile.
 *
 * Called by spoold --print-config --for ADDRESS; for people, in the form of -o. What mail gets is found by
 * decide_profile.c, as for a message. Reads nothing but the struct; the address is anybody's word, but
 * printed only when it has the form of one.
 */
#include "common/entry.h"
#include "common/envelope.h"
#include "spoold/config_profile.h"
#include "spoold/config_set.h"
#include "spoold/decide_profile.h"

#define COLUMN 48 /* where the place stands */

struct printing {
    const struct config *c;
    const struct decide_profile *p;
    struct buf *to;
};

static bool is_address(struct view text)
{
    const char *at = text.n && text.n <= ENVELOPE_ADDR_MAX ? memchr(text.p, '@', text.n) : NULL;

    return at && at > text.p && !entry_check_sender(text);
}

/* "section.key = value", up to the column of places. */
static void add_setting(const struct printing *k, const char *section, const struct config_option *o,
                        const void *base)
{
    const size_t from = k->to->n;

    buf_addf(k->to, "%s.%s = ", section, o->key);
    config_value_format(o, base, k->to);
    do
        buf_add_char(k->to, ' ');
    while (k->to->n < from + COLUMN);
}

/* Where the fields of everybody's policy are, those of the recipient are wanted. */
static const void *base_of(const struct printing *k, const struct config_option *o)
{
    const size_t policy = offsetof(struct config, policy);

    if (o->offset < policy || o->offset >= policy + sizeof(struct config_policy))
        return k->c;
    return (const void *)((uintptr_t)k->p->policy - policy);
}

/* A profile of the address that sets this, too, but may not. */
static void add_refused(const struct printing *k, const struct config_option *o, const char *profile)
{
    const char *level = strchr(o->section, ' ');
    const struct config_set_item *i = NULL;
    struct buf key = {0};

    buf_addf(&key, "%s.%s", level ? level + 1 : o->section, o->key);
    o = k->p->user ? config_value_find(VIEW("profile"), buf_view(&key)) : NULL;
    if (o && strcmp(profile, k->p->user) != 0)
        i = config_set_find(k->c->set, o, view_of(k->p->user));
    if (i) {
        buf_addf(k->to, "; [profile %s] sets it, too (", k->p->user);
        config_place_add((struct config_place){i->file, i->lineno}, k->to);
        buf_addf(k->to, "), but filter.allow_override does not name %s", key.p);
    }
    buf_free(&key);
}

static void add_section(const struct printing *k, const struct config_option *first)
{
    for (const struct config_option *o = first; o; o = config_value_next(o)) {
        const char *profile = "";
        struct config_place place = decide_profile_where(k->c, k->p, o->section, o->key, &profile);

        add_setting(k, o->section, o, base_of(k, o));
        config_place_add(place, k->to);
        if (profile[0])
            buf_addf(k->to, " [profile %s]", profile);
        add_refused(k, o, profile);
        buf_add_char(k->to, '\n');
    }
}

/* Sections with a name are the same for everybody. */
static void add_named(const struct printing *k, const struct config_group *g, size_t i)
{
    const char *name = config_value_name(k->c, g, i);
    const struct config_option *o = config_value_find_section(view_of(g->section));
    struct buf section = {0};

    buf_addf(&section, "%s %s", g->section, name);
    for (; o; o = config_value_next(o)) {
        const struct config_set_item *s = config_set_find(k->c->set, o, view_of(name));

        add_setting(k, section.p, o, config_value_element(k->c, g, i));
        config_place_add(s ? (struct config_place){s->file, s->lineno} : (struct config_place){NULL, 0},
                         k->to);
        buf_add_char(k->to, '\n');
    }
    buf_free(&section);
}

static void add_all(const struct printing *k)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);
    const struct config_group *g = NULL;

    for (size_t i = 0; i < n; i++)
        if (!o[i].group && config_value_find_section(view_of(o[i].section)) == &o[i])
            add_section(k, &o[i]);
    g = config_value_groups(&n);
    for (size_t i = 0; i < n; i++)
        for (size_t e = 0; !g[i].overrides && e < config_value_count(k->c, &g[i]); e++)
            add_named(k, &g[i], e);
}

int config_print_for(const struct config *c, struct view rcpt, FILE *to)
{
    struct decide_profile own;
    struct buf text = {0};
    const struct printing k = {c, is_address(rcpt) ? decide_profile_find(c, rcpt, &own) : NULL, &text};

    if (!k.p)
        return -1;
    buf_addf(&text, "# What is in force for %.*s: ", (int)rcpt.n, rcpt.p);
    if (k.p->user)
        buf_addf(&text, "[profile %s] of the address%s", k.p->user, k.p->domain ? ", over " : "");
    if (k.p->domain)
        buf_addf(&text, "[profile %s] of the domain", k.p->domain);
    buf_add_str(&text, k.p->user || k.p->domain ? "\n" : "no profile\n");
    add_all(&k);
    fwrite(text.p, 1, text.n, to);
    buf_free(&text);
    return 0;
}
