/*
 * config_profile.c - see config_profile.h.
 *
 * Called while the configuration is built, checked and resolved; nothing of it runs for a message. A profile
 * holds all values, its own and those that it does not change, so that nobody has to look in two places.
 * Pure but for complaints. Trusts config_value.c that each value by itself is one that may be.
 */
#include "spoold/config_profile.h"

#include "common/entry.h"
#include "common/envelope.h"
#include "common/xalloc.h"
#include "spoold/config_set.h"
#include "spoold/decide.h"
#include "spoold/verdict.h"

#include <stdlib.h>

const struct config_option *config_profile_first(void)
{
    return config_value_find_section(VIEW("profile"));
}

static void *field_of(const struct config_option *o, const struct config_policy *p)
{
    return (void *)((uintptr_t)p + o->offset - offsetof(struct config_profile, policy));
}

void config_profile_inherit(const struct config *c, struct config_profile *p)
{
    p->policy = c->policy;
    for (const struct config_option *o = config_profile_first(); o; o = config_value_next(o)) {
        char **text = field_of(o, &p->policy);

        if (o->type == CONFIG_VALUE_STR)
            *text = xstrdup(*text);
    }
}

void config_profile_copy(const struct config_option *o, const struct config_policy *from,
                         struct config_policy *to)
{
    const size_t size = o->type == CONFIG_VALUE_STR    ? sizeof(char *)
                        : o->type == CONFIG_VALUE_ENUM ? sizeof(int)
                                                       : sizeof(int64_t);

    memcpy(field_of(o, to), field_of(o, from), size);
}

static struct view next_word(const char **rest)
{
    struct view word = { *rest += strspn(*rest, " ,"), 0};

    word.n = strcspn(*rest, " ,");
    *rest += word.n;
    return word;
}

static bool names(struct view word, const char *key)
{
    if (word.n > 1 && word.p[word.n - 1] == '*')
        return strncmp(word.p, key, word.n - 1) == 0;
    return view_equal(word, view_of(key));
}

bool config_profile_allows(const char *words, const char *key)
{
    struct view word;

    while ((word = next_word(&words)).n)
        if (names(word, key))
            return true;
    return false;
}

static bool names_any(struct view word)
{
    for (const struct config_option *o = config_profile_first(); o; o = config_value_next(o))
        if (names(word, o->key))
            return true;
    return false;
}

static void check_allowed(const struct config *c, struct config_errors *errs)
{
    struct config_place place = config_where(c, "filter", "", "allow_override");
    const char *words = c->allow_override;
    struct view word;

    while ((word = next_word(&words)).n)
        if (!names_any(word))
            config_error(errs, place.file, place.lineno,
                         "allow_override: %.*s is no key of [profile NAME]; accepted: words like high.action "
                         "or low.*",
                         (int)word.n, word.p);
}

/* One policy: of everybody, or of a profile. */
struct looking {
    const struct config *c;
    const char *profile; /* NULL: everybody's */
    struct config_errors *errs;
};

/* A key by its name in a profile, "low" and "threshold"; of everybody it stands in [level low]. */
struct key {
    const char *group, *key;
};

static const char *section_of(struct key key, char section[32])
{
    snprintf(section, 32, strcmp(key.group, "filter") == 0 ? "%s" : "level %s", key.group);
    return section;
}

static struct buf name_of(const struct looking *k, struct key key)
{
    struct buf name = {0};
    char section[32];

    if (k->profile)
        buf_addf(&name, "[profile %s] %s.%s", k->profile, key.group, key.key);
    else
        buf_addf(&name, "[%s] %s", section_of(key, section), key.key);
    return name;
}

/* Where the first of them that is written anywhere stands: what is a default cannot be the mistake. */
static struct config_place place_of(const struct looking *k, const struct key *keys, size_t n)
{
    char whole[64], section[32];

    for (size_t i = 0; k->profile && i < n; i++) {
        const struct config_option *o;
        const struct config_set_item *s;

        snprintf(whole, sizeof whole, "%s.%s", keys[i].group, keys[i].key);
        o = config_value_find(VIEW("profile"), view_of(whole));
        s = o ? config_set_find(k->c->set, o, view_of(k->profile)) : NULL;
        if (s)
            return (struct config_place){s->file, s->lineno};
    }
    for (size_t i = 0; i < n; i++) {
        struct config_place place = config_where(k->c, section_of(keys[i], section), "", keys[i].key);

        if (place.file)
            return place;
    }
    return (struct config_place){NULL, 0};
}

/* It must stand in an envelope as it is, so what a list of senders takes is not enough. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at > text && !entry_check_sender(view_of(text)) && envelope_is_address(view_of(text));
}

/* `action` redirects, and the address stands with `level`. */
static void check_redirect(const struct looking *k, struct key action, const char *level, const char *address)
{
    const struct key keys[] = {action, {level, "redirect"}};
    struct config_place place = place_of(k, keys, 2);
    struct buf name = name_of(k, action), missing = name_of(k, keys[1]);

    if (!address[0])
        config_error(k->errs, place.file, place.lineno,
                     "%s is redirect, but %s is empty; accepted: user@example.org there", name.p, missing.p);
    buf_free(&name);
    buf_free(&missing);
}

static void check_address(const struct looking *k, const struct config_level *l, const char *level)
{
    const struct key key = {level, "redirect"};
    struct config_place place = place_of(k, &key, 1);
    struct buf name = name_of(k, key);

    if (l->redirect[0] && !is_address(l->redirect))
        config_error(k->errs, place.file, place.lineno, "%s (%s) is no address; accepted: user@example.org",
                     name.p, l->redirect);
    buf_free(&name);
}

static void check_order(const struct looking *k, const struct config_level *l, enum decide_level level)
{
    const struct key keys[] = {{decide_level_name(level), "threshold"},
                               {decide_level_name(level - 1), "threshold"}};
    struct config_place place = place_of(k, keys, 2);
    struct buf high = name_of(k, keys[0]), low = name_of(k, keys[1]);

    buf_add_str(&high, " (");
    verdict_add_weight(&high, l->threshold);
    buf_add_str(&low, " (");
    verdict_add_weight(&low, l[-1].threshold);
    config_error(k->errs, place.file, place.lineno, "%s) is less than %s); accepted: at least as much",
                 high.p, low.p);
    buf_free(&high);
    buf_free(&low);
}

static void check_level(const struct looking *k, const struct config_level *l, enum decide_level level)
{
    const char *name = decide_level_name(level);

    check_address(k, l, name);
    if (l->action == DECIDE_REDIRECT)
        check_redirect(k, (struct key){name, "action"}, name, l->redirect);
    if (l->outgoing_action == DECIDE_REDIRECT)
        check_redirect(k, (struct key){name, "outgoing_action"}, name, l->redirect);
    if (level > DECIDE_LOW && l[-1].threshold > l->threshold)
        check_order(k, l, level);
}

/* The key of an action of [filter] that is redirect; NULL: none is. */
static const char *redirecting(const struct config_policy *p)
{
    return p->threshold_action == DECIDE_REDIRECT            ? "threshold_action"
           : p->outgoing_threshold_action == DECIDE_REDIRECT ? "outgoing_threshold_action"
           : p->blacklist_action == DECIDE_REDIRECT          ? "blacklist_action"
           : p->blocked_action == DECIDE_REDIRECT            ? "blocked_action"
                                                             : NULL;
}

/* They take the address of the highest level. */
static void check_filter(const struct looking *k, const struct config_policy *p)
{
    const char *key = redirecting(p);

    if (key)
        check_redirect(k, (struct key){"filter", key}, decide_level_name(DECIDE_HIGH),
                       p->level[DECIDE_HIGH].redirect);
}

const char *config_profile_lacks_redirect(const struct config_policy *p)
{
    for (enum decide_level l = DECIDE_LOW; l <= DECIDE_HIGH; l++)
        if (!p->level[l].redirect[0] &&
            (p->level[l].action == DECIDE_REDIRECT || p->level[l].outgoing_action == DECIDE_REDIRECT))
            return decide_level_name(l);
    return redirecting(p) && !p->level[DECIDE_HIGH].redirect[0] ? decide_level_name(DECIDE_HIGH) : NULL;
}

static void check_policy(const struct looking *k, const struct config_policy *p)
{
    for (enum decide_level l = DECIDE_LOW; l <= DECIDE_HIGH; l++)
        check_level(k, &p->level[l], l);
    check_filter(k, p);
}

void config_profile_check(const struct config *c, struct config_errors *errs)
{
    const unsigned before = errs->n;

    check_policy(&(struct looking){c, NULL, errs}, &c->policy);
    for (size_t i = 0; errs->n == before && i < c->profile_n; i++)
        check_policy(&(struct looking){c, c->profile[i].name, errs}, &c->profile[i].policy);
    check_allowed(c, errs);
}
