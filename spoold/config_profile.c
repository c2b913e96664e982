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
#include "spoold/decide.h"

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

/* `section` is "filter" or "level low". */
static struct config_place place_of(const struct looking *k, const char *section, const char *key)
{
    const char *blank = strchr(section, ' ');
    struct config_place place = {NULL, 0};
    char whole[64];

    snprintf(whole, sizeof whole, "%s.%s", blank ? blank + 1 : section, key);
    if (k->profile)
        place = config_where(k->c, "profile", k->profile, whole);
    return place.file ? place : config_where(k->c, section, "", key);
}

/* It must stand in an envelope as it is, so what a list of senders takes is not enough. */
static bool is_address(const char *text)
{
    const char *at = strchr(text, '@');

    return at && at > text && !entry_check_sender(view_of(text)) && envelope_is_address(view_of(text));
}

static const char *const sections[CONFIG_LEVELS] = {"level none", "level low", "level medium", "level high"};

static void check_level(const struct looking *k, const struct config_level *l, enum decide_level level)
{
    const char *section = sections[level], *name = decide_level_name(level);
    struct config_place place;

    if (l->redirect[0] && !is_address(l->redirect)) {
        place = place_of(k, section, "redirect");
        config_error(k->errs, place.file, place.lineno,
                     "redirect of level %s (%s) is no address; accepted: user@example.org", name,
                     l->redirect);
    } else if (!l->redirect[0] && (l->action == DECIDE_REDIRECT || l->outgoing_action == DECIDE_REDIRECT)) {
        place = place_of(k, section, l->action == DECIDE_REDIRECT ? "action" : "outgoing_action");
        config_error(k->errs, place.file, place.lineno,
                     "the action redirect of level %s needs redirect, an address", name);
    }
    if (level == DECIDE_LOW || l[-1].threshold <= l->threshold)
        return;
    place = place_of(k, section, "threshold");
    config_error(k->errs, place.file, place.lineno,
                 "threshold of level %s is less than that of level %s; accepted: at least as much", name,
                 decide_level_name(level - 1));
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
    struct config_place place;

    if (!key || p->level[DECIDE_HIGH].redirect[0])
        return;
    place = place_of(k, "filter", key);
    config_error(k->errs, place.file, place.lineno,
                 "an action redirect of [filter] needs redirect of level high, an address");
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
