/*
 * rule.c - see rule.h: words from the left, then the pattern as it stands.
 *
 * Called at start and reload, for each line of a rule file. The file is the administrator's: trusted, but he
 * errs, so each answer says what is accepted. Regular expressions are looked through once, for the few things
 * that cannot be used here (see regex_fault()).
 */
#include "common/rule.h"

#include "common/utf8.h"

#define FORM_HEADER                                                                                          \
    "accepted: NAME WEIGHT TYPE FIELD: PATTERN, like \"cheap 2.5 contains Subject: cheap watches\""
#define FORM_BODY "accepted: NAME WEIGHT TYPE PATTERN, like \"cheap 2.5 contains cheap watches\""

static const char *const types[] = {
    [RULE_CONTAINS] = "contains", [RULE_WILDCARD] = "wildcard", [RULE_REGEX] = "regex"};

const char *rule_type_name(unsigned type)
{
    return type < RULE_TYPE__MAX ? types[type] : NULL;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Takes the next word off the line; empty: there is none. */
static struct view take_word(struct view *line)
{
    struct view word;
    size_t n = 0;

    *line = view_trim(*line);
    while (n < line->n && !is_blank(line->p[n]))
        n++;
    word = (struct view){line->p, n};
    line->p += n;
    line->n -= n;
    return word;
}

static int fail(struct buf *why, const char *what)
{
    buf_add_str(why, what);
    return -1;
}

static int check_name(struct view name, struct buf *why)
{
    bool good = name.n >= 1 && name.n <= RULE_NAME_MAX;

    for (size_t i = 0; good && i < name.n; i++)
        good = (name.p[i] >= 'a' && name.p[i] <= 'z') || is_digit(name.p[i]) || name.p[i] == '_' ||
               name.p[i] == '-';
    return good ? 0 : fail(why, "this is no name of a rule; accepted: 1 to 48 of a-z, 0-9, \"_\" and \"-\"");
}

/* Up to three digits behind the point, as thousandths; -1: something else. */
static int32_t fraction(struct view v)
{
    int32_t n = 0;

    if (v.n > 3)
        return -1;
    for (size_t i = 0; i < 3; i++) {
        if (i < v.n && !is_digit(v.p[i]))
            return -1;
        n = n * 10 + (i < v.n ? v.p[i] - '0' : 0);
    }
    return n;
}

static int read_weight(struct view word, int32_t *weight, struct buf *why)
{
    static const char wrong[] = "this is no weight; accepted: -1000 to 1000 with up to three decimals";
    bool minus = word.n && word.p[0] == '-';
    size_t i = minus || (word.n && word.p[0] == '+'), begin = i;
    int32_t whole = 0, rest = 0;

    for (; i < word.n && is_digit(word.p[i]) && i - begin < 4; i++)
        whole = whole * 10 + (word.p[i] - '0');
    if (i == begin)
        return fail(why, wrong);
    if (i < word.n && word.p[i] == '.' && i + 1 < word.n)
        rest = fraction((struct view){word.p + i + 1, word.n - i - 1});
    else if (i < word.n)
        rest = -1;
    if (rest < 0 || whole * 1000 + rest > RULE_WEIGHT_MAX)
        return fail(why, wrong);
    *weight = (whole * 1000 + rest) * (minus ? -1 : 1);
    return 0;
}

static int read_type(struct view word, enum rule_type *type, struct buf *why)
{
    for (unsigned i = 0; i < RULE_TYPE__MAX; i++) {
        if (view_equal(word, view_of(types[i]))) {
            *type = (enum rule_type)i;
            return 0;
        }
    }
    return fail(why, "this is no type of a rule; accepted: contains, wildcard, regex");
}

/* "Field: pattern" */
static int take_field(struct view *pattern, struct view *field, struct buf *why)
{
    const char *colon = pattern->n ? memchr(pattern->p, ':', pattern->n) : NULL;
    bool good = colon && colon > pattern->p && colon - pattern->p <= RULE_FIELD_MAX;

    for (const char *c = pattern->p; good && c < colon; c++)
        good = (unsigned char)*c > ' ' && (unsigned char)*c < 0x7f;
    if (!good)
        return fail(why, "the pattern of a header rule begins with the name of a field; accepted: "
                         "\"Subject: cheap watches\", or \"*: cheap watches\" for any field");
    *field = (struct view){pattern->p, (size_t)(colon - pattern->p)};
    pattern->n -= field->n + 1;
    pattern->p = colon + 1;
    *pattern = view_trim(*pattern);
    return 0;
}

static int check_text(struct view pattern, struct buf *why)
{
    if (pattern.n == 0)
        return fail(why, "the pattern is missing");
    if (pattern.n > RULE_PATTERN_MAX)
        return fail(why, "the pattern is too long; accepted: up to 1000 bytes");
    while (pattern.n) {
        uint32_t c = 0;
        size_t n = utf8_decode(pattern, &c);

        if (n == 0)
            return fail(why, "the pattern is no valid UTF-8");
        if (c == 0x7f || (c < ' ' && c != '\t'))
            return fail(why, "there is a control character in the pattern; in a regex write it as \"\\x01\"");
        pattern.p += n;
        pattern.n -= n;
    }
    return 0;
}

static int check_wildcard(struct view pattern, struct buf *why)
{
    for (size_t i = 0; i < pattern.n; i++)
        if (pattern.p[i] != '*' && pattern.p[i] != '?')
            return 0;
    return fail(why, "there is nothing in the pattern but \"*\" and \"?\", so that it would fit any text");
}

/* The part of a character class behind its "[": where "]" first stands for itself. */
static size_t class_begin(struct view p, size_t i)
{
    i++;
    if (i < p.n && p.p[i] == '^')
        i++;
    return i < p.n && p.p[i] == ']' ? i + 1 : i;
}

/*
 * A long text is searched piece by piece, and how long the pieces are depends on the time that it takes. What
 * asks where the search began, or ends it for good, would give other results from one time to the next.
 */
static const char *regex_fault(struct view p)
{
    bool within = false; /* a class */

    for (size_t i = 0; i < p.n;) {
        char c = p.p[i], next = i + 1 < p.n ? p.p[i + 1] : 0;

        if (c == '\\' && next == 'G')
            return "\"\\G\" cannot be used: there is no place where the last match ended";
        if (c == '(' && next == '*' && !within && i + 2 < p.n &&
            ((p.p[i + 2] >= 'A' && p.p[i + 2] <= 'Z') || p.p[i + 2] == ':'))
            return "\"(*VERB)\" cannot be used; accepted: regular expressions of PCRE2 without such verbs";
        if (c == '[' && !within) {
            within = true;
            i = class_begin(p, i);
            continue;
        }
        if (c == ']')
            within = false;
        i += c == '\\' ? 2 : 1;
    }
    return NULL;
}

static int check_pattern(const struct rule *r, struct buf *why)
{
    const char *what;

    if (check_text(r->pattern, why) < 0)
        return -1;
    if (r->type == RULE_WILDCARD)
        return check_wildcard(r->pattern, why);
    what = r->type == RULE_REGEX ? regex_fault(r->pattern) : NULL;
    return what ? fail(why, what) : 0;
}

int rule_parse(struct view line, enum rule_kind kind, struct rule *to, struct buf *why)
{
    struct view name = take_word(&line), weight = take_word(&line), type = take_word(&line);

    *to = (struct rule){.name = name, .pattern = view_trim(line)};
    if (to->pattern.n == 0)
        return fail(why, kind == RULE_HEADER ? "something is missing; " FORM_HEADER
                                             : "something is missing; " FORM_BODY);
    if (check_name(name, why) < 0 || read_weight(weight, &to->weight, why) < 0 ||
        read_type(type, &to->type, why) < 0)
        return -1;
    if (kind == RULE_HEADER && take_field(&to->pattern, &to->field, why) < 0)
        return -1;
    return check_pattern(to, why);
}
