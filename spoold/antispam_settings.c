/*
 * antispam_settings.c - see antispam_settings.h: the option table once more, as items of common/settings.h.
 *
 * Called before each LOAD of these roles, in the loop. A new option or check travels without an edit here.
 * Pure; the configuration was checked when it was loaded, its lists fit into SETTINGS_MAX.
 */
#include "spoold/antispam_settings.h"

#include "common/check.h"
#include "common/settings.h"
#include "spoold/config_entries.h"

#include <stdlib.h>

/* Numbers as they are, not as people write them. */
static void add_value(const struct config_option *o, const void *base, struct buf *to)
{
    const void *field = (const char *)base + o->offset;

    switch (o->type) {
    case CONFIG_VALUE_BOOL:
        buf_add_char(to, *(const bool *)field ? '1' : '0');
        break;
    case CONFIG_VALUE_INT:
    case CONFIG_VALUE_SIZE:
    case CONFIG_VALUE_TIME:
        buf_addf(to, "%lld", (long long)*(const int64_t *)field);
        break;
    default:
        config_value_format(o, base, to);
    }
}

static void pack_option(const struct config *cfg, const struct config_option *o, const char *name,
                        const void *base, struct buf *to)
{
    struct config_place place = config_where(cfg, o->section, name, o->key);
    struct buf value = {0};

    add_value(o, base, &value);
    settings_add(to, &(struct settings_item){.section = view_of(o->section),
                                             .name = view_of(name),
                                             .key = view_of(o->key),
                                             .value = buf_view(&value),
                                             .file = view_of(config_place_file(place)),
                                             .line = place.lineno});
    buf_free(&value);
}

static void pack_everywhere(const struct config *cfg, const struct config_option *o, struct buf *to)
{
    if (!o->group)
        pack_option(cfg, o, "", cfg, to);
    for (size_t i = 0; o->group && i < config_value_count(cfg, o->group); i++)
        pack_option(cfg, o, config_value_name(cfg, o->group, i), config_value_element(cfg, o->group, i), to);
}

static void pack_list(const struct config *cfg, const struct config_option *o, struct buf *to)
{
    const struct config_list *l = (const void *)((const char *)cfg + o->offset);
    struct settings_item item = {.section = VIEW("list"), .name = config_entries_name(o)};

    for (size_t i = 0; i < l->n; i++) {
        struct config_place place = {l->file, l->entry[i].lineno};

        item.value = config_entries_text(l, i);
        item.file = view_of(config_place_file(place));
        item.line = place.lineno;
        settings_add(to, &item);
    }
}

static bool is_one_of(const char *word, const char *const *words)
{
    while (*words && strcmp(*words, word) != 0)
        words++;
    return *words != NULL;
}

static bool antispam_wants(const struct config_option *o)
{
    static const char *const sections[] = {"antispam", "site", "gateways", NULL};

    return o->type != CONFIG_VALUE_WEIGHT &&
           (is_one_of(o->section, sections) || check_find(view_of(o->section)) != CHECK__MAX);
}

/* Who has which profile is the supervisor's alone. */
static bool is_own(const struct config_option *o)
{
    return view_equal(config_entries_name(o), VIEW("profiles"));
}

void antispam_settings_pack(const struct config *cfg, struct buf *to)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++) {
        if (o[i].type == CONFIG_VALUE_LIST && !is_own(&o[i]))
            pack_list(cfg, &o[i], to);
        else if (antispam_wants(&o[i]))
            pack_everywhere(cfg, &o[i], to);
    }
}

static bool dns_wants(const struct config_option *o)
{
    static const char *const keys[] = {"enable", "zone", "key", "dns_server", NULL};

    return o->group ? check_find(view_of(o->section)) != CHECK__MAX && is_one_of(o->key, keys)
                    : strcmp(o->section, "dns") == 0;
}

void dns_settings_pack(const struct config *cfg, struct buf *to)
{
    size_t n = 0;
    const struct config_option *o = config_value_options(&n);

    for (size_t i = 0; i < n; i++)
        if (dns_wants(&o[i]))
            pack_everywhere(cfg, &o[i], to);
}
