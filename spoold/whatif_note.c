/*
 * whatif_note.c - see whatif_note.h: the option table once more, two configurations side by side.
 *
 * Weights, thresholds, actions and profiles are not here: they decide, and deciding is done again. What is
 * switched on, and which list a name stands for, is whatif_then.c's. A new option of a check's section is
 * named without an edit here.
 */
#include "spoold/whatif_note.h"

#include "common/check.h"
#include "spoold/decide.h"
#include "spoold/config_entries.h"

/* Of other sections: the keys that results depend on. */
static const struct {
    const char *section, *keys;
} rows[] = {
    {"site", " domains networks "},
    {"gateways", " trust "},
    {"antispam", " budget max_urls skip_authenticated skip_intra_domain whitelist_skips "},
    {"dns", " enable servers timeout tries "},
    {"lists", " blacklist whitelist blocked_senders trusted_senders "},
    {"antivirus",
     " clamav signatures timeout scan_size file_size recursion files macros phishing broken_programs "
     "broken_media pua "},
    {"rbl", " key dns_server self_test "},
    {"uribl", " key dns_server self_test "},
};

static bool is_among(const char *key, const char *keys)
{
    const size_t n = strlen(key);

    for (const char *p = keys; (p = strstr(p, key)); p++)
        if (p[-1] == ' ' && p[n] == ' ')
            return true;
    return false;
}

/* A check that weighs nothing of itself, and what is a switch for the time of the SMTP talk only. */
static bool is_of_check(const struct config_option *o, enum check check)
{
    if (o->type == CONFIG_VALUE_WEIGHT || strncmp(o->key, "enable_smtp", 11) == 0)
        return false;
    return strcmp(o->key, "enable") != 0 || check == CHECK_gateway || check == CHECK_list;
}

static bool matters(const struct config_option *o)
{
    const enum check check = check_find(view_of(o->section));

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i].section, o->section) == 0)
            return is_among(o->key, rows[i].keys);
    return check != CHECK__MAX && is_of_check(o, check);
}

static bool same_list(const struct config_list *a, const struct config_list *b)
{
    if (a->n != b->n || !view_equal(buf_view(&a->bytes), buf_view(&b->bytes)))
        return false;
    for (size_t i = 0; i < a->n; i++)
        if (a->entry[i].at != b->entry[i].at || a->entry[i].n != b->entry[i].n)
            return false;
    return true;
}

static bool same(const struct config_option *o, const void *then, const void *now)
{
    struct buf a = {0}, b = {0};
    bool equal;

    if (o->type == CONFIG_VALUE_LIST)
        return same_list((const void *)((const char *)then + o->offset),
                         (const void *)((const char *)now + o->offset));
    config_value_format(o, then, &a);
    config_value_format(o, now, &b);
    equal = view_equal(buf_view(&a), buf_view(&b));
    buf_free(&a);
    buf_free(&b);
    return equal;
}

static void compare_named(const struct config_option *o, const struct config *then, const struct config *now,
                          struct buf *to)
{
    for (size_t i = 0; i < config_value_count(now, o->group); i++) {
        const char *name = config_value_name(now, o->group, i);

        for (size_t k = 0; k < config_value_count(then, o->group); k++)
            if (strcmp(config_value_name(then, o->group, k), name) == 0 &&
                !same(o, config_value_element(then, o->group, k), config_value_element(now, o->group, i)))
                buf_addf(to, "%s %s.%s\n", o->section, name, o->key);
    }
}

/* By the words of a decision (whatif_old.h) another address or text is no change. What differs for
 * everybody is named once, without the profiles. */
struct pair {
    const struct config_policy *then, *now;
    const char *profile;
};

static bool same_text(const struct pair *p, size_t level, bool redirect)
{
    const struct config_level *a = &p->then->level[level], *b = &p->now->level[level];

    return strcmp(redirect ? a->redirect : a->text, redirect ? b->redirect : b->text) == 0;
}

static void compare_texts(const struct pair *p, const struct pair *everybody, struct buf *to)
{
    for (unsigned l = DECIDE_LOW; l < DECIDE_LEVEL__MAX; l++)
        for (int redirect = 0; redirect < 2; redirect++) {
            const char *level = decide_level_name(l), *key = redirect ? "redirect" : "text";

            if (same_text(p, l, redirect) || (everybody && !same_text(everybody, l, redirect)))
                continue;
            if (everybody)
                buf_addf(to, "profile %s %s.%s\n", p->profile, level, key);
            else
                buf_addf(to, "level %s.%s\n", level, key);
        }
}

static void compare_all_texts(const struct config *then, const struct config *now, struct buf *to)
{
    const struct pair all = {&then->policy, &now->policy, NULL};

    compare_texts(&all, NULL, to);
    for (size_t i = 0; i < now->profile_n; i++)
        for (size_t k = 0; k < then->profile_n; k++)
            if (strcmp(then->profile[k].name, now->profile[i].name) == 0)
                compare_texts(
                    &(struct pair){&then->profile[k].policy, &now->profile[i].policy, now->profile[i].name},
                    &all, to);
}

void whatif_note_differences(const struct config *then, const struct config *now, struct buf *to)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++) {
        if (!matters(&o[i]))
            continue;
        if (o[i].group)
            compare_named(&o[i], then, now, to);
        else if (!same(&o[i], then, now))
            buf_addf(to, "%s.%s\n", o[i].section, o[i].key);
    }
    compare_all_texts(then, now, to);
}
