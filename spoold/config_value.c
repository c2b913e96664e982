/*
 * config_value.c - one row per type of value: its text as a C value and back.
 *
 * Called by the other files of the configuration; the options stand in config_option.c. Numbers are read
 * whole, in decimal and within their range, because a value that means something else than what was written
 * ("12abc", "010", "10" seconds or minutes?) is worse than a refused one. Trusts nothing in the text; never
 * reads or writes a file.
 */
#include "spoold/config_entries.h"

#include "common/xalloc.h"

#include <stdlib.h>

#define VALUE_QUIET_MAX 3600000 /* ms; ready = quiet:1h */

struct unit {
    const char *name;
    int64_t factor;
};

/* Largest first: a value is printed with the first one that divides it. */
static const struct unit size_unit[] = {{"G", 1 << 30}, {"M", 1 << 20}, {"k", 1 << 10}, {"g", 1 << 30},
                                        {"m", 1 << 20}, {"K", 1 << 10}, {"", 1},        {NULL, 0}};
static const struct unit time_unit[] = {{"d", 86400000}, {"h", 3600000}, {"m", 60000},
                                        {"s", 1000},     {"ms", 1},      {NULL, 0}};

static const struct {
    const char *word;
    bool value;
} bool_word[] = {{"yes", true},  {"no", false},    {"on", true}, {"off", false},
                 {"true", true}, {"false", false}, {"1", true},  {"0", false}};

/* Bytes of the decimal number at the start, 0 when there is none; too large a number becomes INT64_MAX. */
static size_t leading_number(struct view text, int64_t *n)
{
    size_t i = 0;

    *n = 0;
    for (; i < text.n && text.p[i] >= '0' && text.p[i] <= '9'; i++)
        if (__builtin_mul_overflow(*n, 10, n) || __builtin_add_overflow(*n, text.p[i] - '0', n))
            *n = INT64_MAX / 10 * 10; /* stays too large for any further digit */
    /* 010 is 8 to some readers: refused. */
    return i > 1 && text.p[0] == '0' ? 0 : i;
}

static int fault(struct buf *why, struct view text, const char *what)
{
    buf_add_char(why, '"');
    buf_add_view(why, text);
    buf_addf(why, "\" %s", what);
    return -1;
}

static int check_range(const struct config_option *o, struct view text, int64_t n, struct buf *why)
{
    if (n < o->min)
        return fault(why, text, "is too small");
    if (n > o->max)
        return fault(why, text, "is too large");
    return 0;
}

/* A number and one of the units; *n is set only when all is well. */
static int read_scaled(const struct unit *unit, struct view text, int64_t *n, struct buf *why)
{
    int64_t count = 0;
    size_t digits = leading_number(text, &count);
    struct view rest = {text.p + digits, text.n - digits};

    if (digits == 0)
        return fault(why, text, "does not start with a whole number");
    if (rest.n == 0 && count == 0) {
        *n = 0;
        return 0;
    }
    for (; unit->name; unit++) {
        if (!view_equal(view_of(unit->name), rest))
            continue;
        if (__builtin_mul_overflow(count, unit->factor, n))
            *n = INT64_MAX;
        return 0;
    }
    if (rest.n)
        return fault(why, text, "has something after the number that is no unit");
    return fault(why, text, "needs a unit: ms, s, m, h or d");
}

static void add_scaled(const struct unit *unit, int64_t n, struct buf *to)
{
    if (n == 0) {
        buf_add_char(to, '0');
        return;
    }
    while (n % unit->factor != 0)
        unit++;
    buf_addf(to, "%lld%s", (long long)(n / unit->factor), unit->name);
}

static int parse_str(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    char **s = field;

    if (o->type == CONFIG_VALUE_PATH && text.n == 0)
        return fault(why, text, "is no path");
    if (text.n && memchr(text.p, '\t', text.n))
        return fault(why, text, "holds a tab");
    free(*s);
    *s = xstrndup(text.p, text.n);
    return 0;
}

static int parse_bool(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    (void)o;
    for (size_t i = 0; i < sizeof(bool_word) / sizeof(bool_word[0]); i++) {
        if (view_equal(view_of(bool_word[i].word), text)) {
            *(bool *)field = bool_word[i].value;
            return 0;
        }
    }
    return fault(why, text, "is neither yes nor no");
}

static int parse_int(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    bool minus = text.n && text.p[0] == '-';
    struct view number = {text.p + minus, text.n - minus};
    int64_t n = 0;
    size_t digits = leading_number(number, &n);

    if (digits == 0 || digits != number.n)
        return fault(why, text, "is not a whole number");
    if (minus)
        n = -n;
    if (check_range(o, text, n, why) < 0)
        return -1;
    *(int64_t *)field = n;
    return 0;
}

/* SIZE and TIME differ in their units only. */
static const struct unit *units_of(const struct config_option *o)
{
    return o->type == CONFIG_VALUE_SIZE ? size_unit : time_unit;
}

/* 0 to 3 digits behind a point, as thousandths. False: there is something else, too. */
static bool read_fraction(struct view text, int64_t *n)
{
    *n = 0;
    if (text.n == 0)
        return true;
    if (text.p[0] != '.' || text.n < 2 || text.n > 4)
        return false;
    for (size_t i = 1; i < 4; i++) {
        char c = i < text.n ? text.p[i] : '0';

        if (c < '0' || c > '9')
            return false;
        *n = *n * 10 + (c - '0');
    }
    return true;
}

static int parse_weight(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    bool minus = text.n && text.p[0] == '-';
    struct view number = {text.p + minus, text.n - minus};
    int64_t whole = 0, fraction = 0, n = 0;
    size_t digits = leading_number(number, &whole);

    if (digits == 0 || !read_fraction((struct view){number.p + digits, number.n - digits}, &fraction))
        return fault(why, text, "is no number with at most three digits behind the point");
    if (__builtin_mul_overflow(whole, 1000, &n) || __builtin_add_overflow(n, fraction, &n))
        n = INT64_MAX;
    if (minus)
        n = -n;
    if (check_range(o, text, n, why) < 0)
        return -1;
    *(int64_t *)field = n;
    return 0;
}

static int parse_scaled(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    int64_t n = 0;

    if (read_scaled(units_of(o), text, &n, why) < 0 || check_range(o, text, n, why) < 0)
        return -1;
    *(int64_t *)field = n;
    return 0;
}

/* The i-th word of "a|b|c"; p is NULL behind the last one. */
static struct view enum_word(const char *words, int i)
{
    for (;; i--) {
        size_t n = strcspn(words, "|");

        if (i == 0)
            return (struct view){words, n};
        if (words[n] == '\0')
            return (struct view){NULL, 0};
        words += n + 1;
    }
}

static int parse_enum(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    for (int i = 0; enum_word(o->values, i).p; i++) {
        if (view_equal(enum_word(o->values, i), text)) {
            *(int *)field = i;
            return 0;
        }
    }
    return fault(why, text, "is not one of the words");
}

static int parse_ready(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    const struct view quiet = VIEW("quiet:");
    struct config_ready ready = {CONFIG_READY_RENAME, 0};

    (void)o;
    if (text.n > quiet.n && memcmp(text.p, quiet.p, quiet.n) == 0) {
        struct view time = {text.p + quiet.n, text.n - quiet.n};

        ready.kind = CONFIG_READY_QUIET;
        if (read_scaled(time_unit, time, &ready.quiet_ms, why) < 0)
            return -1;
        if (ready.quiet_ms < 1 || ready.quiet_ms > VALUE_QUIET_MAX)
            return fault(why, text, "is out of range");
    } else if (view_equal(text, VIEW("lease"))) {
        ready.kind = CONFIG_READY_LEASE;
    } else if (!view_equal(text, VIEW("rename"))) {
        return fault(why, text, "is not one of the words");
    }
    *(struct config_ready *)field = ready;
    return 0;
}

static int parse_list(const struct config_option *o, struct view text, void *field, struct buf *why)
{
    struct config_list *l = field;

    if (config_entries_check(o, text, why) < 0)
        return -1;
    config_entries_free(l);
    l->text = xstrndup(text.p, text.n);
    return 0;
}

static void format_str(const struct config_option *o, const void *field, struct buf *to)
{
    const char *s = *(char *const *)field;

    (void)o;
    buf_add_str(to, s ? s : "");
}

static void format_bool(const struct config_option *o, const void *field, struct buf *to)
{
    (void)o;
    buf_add_str(to, *(const bool *)field ? "yes" : "no");
}

static void format_int(const struct config_option *o, const void *field, struct buf *to)
{
    (void)o;
    buf_addf(to, "%lld", (long long)*(const int64_t *)field);
}

static void format_weight(const struct config_option *o, const void *field, struct buf *to)
{
    int64_t n = *(const int64_t *)field;
    unsigned rest = (unsigned)(llabs(n) % 1000), digits = 3;

    (void)o;
    buf_addf(to, "%s%lld", n < 0 ? "-" : "", llabs(n) / 1000);
    if (!rest)
        return;
    for (; rest % 10 == 0; digits--)
        rest /= 10;
    buf_addf(to, ".%0*u", (int)digits, rest);
}

static void format_list(const struct config_option *o, const void *field, struct buf *to)
{
    const struct config_list *l = field;

    (void)o;
    buf_add_str(to, l->text ? l->text : "");
}

static void format_scaled(const struct config_option *o, const void *field, struct buf *to)
{
    add_scaled(units_of(o), *(const int64_t *)field, to);
}

static void format_enum(const struct config_option *o, const void *field, struct buf *to)
{
    buf_add_view(to, enum_word(o->values, *(const int *)field));
}

static void format_ready(const struct config_option *o, const void *field, struct buf *to)
{
    const struct config_ready *ready = field;

    (void)o;
    if (ready->kind != CONFIG_READY_QUIET) {
        buf_add_str(to, ready->kind == CONFIG_READY_LEASE ? "lease" : "rename");
        return;
    }
    buf_add_str(to, "quiet:");
    add_scaled(time_unit, ready->quiet_ms, to);
}

/* Range and words of the option follow `accepted`. */
static const struct {
    int (*parse)(const struct config_option *o, struct view text, void *field, struct buf *why);
    void (*format)(const struct config_option *o, const void *field, struct buf *to);
    const char *accepted;
} type_table[CONFIG_VALUE__MAX] = {
    [CONFIG_VALUE_STR] = {parse_str, format_str, "printable text"},
    [CONFIG_VALUE_PATH] = {parse_str, format_str, "a path"},
    [CONFIG_VALUE_BOOL] = {parse_bool, format_bool, "yes or no (also on, off, true, false, 1, 0)"},
    [CONFIG_VALUE_INT] = {parse_int, format_int, "a whole number"},
    [CONFIG_VALUE_SIZE] = {parse_scaled, format_scaled, "a size in bytes, or with k, M or G,"},
    [CONFIG_VALUE_TIME] = {parse_scaled, format_scaled, "a time with its unit (ms, s, m, h, d)"},
    [CONFIG_VALUE_WEIGHT] = {parse_weight, format_weight, "a number as in 8, -1.5 or 0.125"},
    [CONFIG_VALUE_ENUM] = {parse_enum, format_enum, "one of"},
    [CONFIG_VALUE_READY] = {parse_ready, format_ready,
                            "rename, lease or quiet:TIME (1ms to 1h, as in quiet:2s)"},
    [CONFIG_VALUE_LIST] = {parse_list, format_list, ""},
};

int config_value_parse(const struct config_option *o, struct view text, void *base, struct buf *why)
{
    const char *what = config_ini_text_fault(text);
    int rc = -1;

    if (what)
        buf_addf(why, "the value %s", what);
    else
        rc = type_table[o->type].parse(o, text, (char *)base + o->offset, why);
    if (rc < 0) {
        buf_add_str(why, "; accepted: ");
        config_value_accepted(o, why);
    }
    return rc;
}

int config_value_check(const struct config_option *o, struct view text, struct buf *why)
{
    struct config_option at_start = *o;
    union {
        char *s;
        bool b;
        int64_t n;
        int e;
        struct config_ready r;
        struct config_list l;
    } scratch = {0};
    int rc = 0;

    at_start.offset = 0;
    rc = config_value_parse(&at_start, text, &scratch, why);
    config_value_free(&at_start, &scratch);
    return rc;
}

void config_value_format(const struct config_option *o, const void *base, struct buf *to)
{
    type_table[o->type].format(o, (const char *)base + o->offset, to);
}

static bool has_range(const struct config_option *o)
{
    return o->type == CONFIG_VALUE_INT || o->type == CONFIG_VALUE_SIZE || o->type == CONFIG_VALUE_TIME ||
           o->type == CONFIG_VALUE_WEIGHT;
}

void config_value_accepted(const struct config_option *o, struct buf *to)
{
    buf_add_str(to, type_table[o->type].accepted);
    if (o->type == CONFIG_VALUE_LIST) {
        config_entries_add_accepted(o, to);
    } else if (o->type == CONFIG_VALUE_ENUM) {
        for (int i = 0; enum_word(o->values, i).p; i++) {
            buf_add_str(to, i ? ", " : " ");
            buf_add_view(to, enum_word(o->values, i));
        }
    } else if (has_range(o)) {
        buf_add_str(to, " from ");
        type_table[o->type].format(o, &o->min, to);
        buf_add_str(to, " to ");
        type_table[o->type].format(o, &o->max, to);
    }
}

void config_value_free(const struct config_option *o, void *base)
{
    void *field = (char *)base + o->offset;

    if (o->type == CONFIG_VALUE_LIST) {
        config_entries_free(field);
    } else if (o->type == CONFIG_VALUE_STR || o->type == CONFIG_VALUE_PATH) {
        free(*(char **)field);
        *(char **)field = NULL;
    }
}
