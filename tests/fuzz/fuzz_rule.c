/*
 * fuzz_rule.c - any line as a rule, and any text to look for it in: "LINE\nTEXT".
 *
 * Built with libFuzzer or with a plain main that feeds files. What the supervisor takes the worker takes, and
 * the other way round; what is told is bounded UTF-8; a literal is found if and only if it stands there; and
 * a search that was done before changes nothing in the next one but the third limit.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/rule.h"
#include "common/settings.h"
#include "spoold/rule_check.h"
#include "workers/antispam/rules.h"
#include "workers/charset.h"

#define LINE_MAX 300
#define TEXT_MAX 6000

static void check_rule(const struct rule *r, struct view line)
{
    MUST(r->name.n >= 1 && r->name.n <= RULE_NAME_MAX);
    MUST(r->weight >= -RULE_WEIGHT_MAX && r->weight <= RULE_WEIGHT_MAX);
    MUST(r->pattern.n >= 1 && r->pattern.n <= RULE_PATTERN_MAX && rule_type_name(r->type));
    MUST(r->pattern.p >= line.p && r->pattern.p + r->pattern.n <= line.p + line.n);
}

static struct rules *open_line(struct view line, enum rule_kind kind)
{
    struct settings_item i = {
        .section = VIEW("list"), .name = VIEW("l"), .value = line, .file = VIEW("f"), .line = 1};
    struct buf bytes = {0}, why = {0};
    struct rules *rules;
    struct settings s;

    settings_add(&bytes, &i);
    MUST(settings_open(&s, buf_view(&bytes)) == 0);
    rules = rules_open(&s, "l", kind, &why);
    MUST((rules == NULL) == (why.n > 0));
    settings_free(&s);
    buf_free(&bytes);
    buf_free(&why);
    return rules;
}

static bool contains(struct view text, struct view literal)
{
    for (size_t i = 0; i + literal.n <= text.n; i++)
        if (view_equal_nocase((struct view){text.p + i, literal.n}, literal))
            return true;
    return false;
}

/* 0: nothing, 1: a hit, 2: a limit. */
static int look(struct rules *rules, struct view field, struct view text)
{
    struct rules_finding f;
    uint32_t at = 0;

    rules_begin(rules);
    rules_look(rules, field, text);
    MUST(!rules_cut(rules));
    if (!rules_next(rules, &at, &f))
        return 0;
    MUST(f.detail.n <= RULES_EXCERPT_MAX && charset_is_utf8(f.detail));
    for (size_t i = 0; i < f.detail.n; i++)
        MUST((unsigned char)f.detail.p[i] >= ' ' && f.detail.p[i] != 0x7f);
    return f.hit ? 1 : 2;
}

static void search(struct rules *rules, const struct rule *r, enum rule_kind kind, struct view text)
{
    struct view field = kind == RULE_HEADER ? r->field : (struct view){NULL, 0};
    int first = look(rules, field, text), again = look(rules, field, text);

    MUST(first == again || first == 2 || again == 2);
    if (r->type != RULE_REGEX)
        MUST(first == again && first < 2);
    if (r->type == RULE_CONTAINS && charset_is_utf8(text))
        MUST(first == contains(text, r->pattern));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *p = (const char *)data, *end = size ? memchr(p, '\n', size) : NULL;
    struct view line = {p, end ? (size_t)(end - p) : size};
    struct view text = {end ? end + 1 : p + size, end ? size - line.n - 1 : 0};

    if (line.n > LINE_MAX || text.n > TEXT_MAX)
        return 0;
    for (enum rule_kind kind = RULE_HEADER; kind <= RULE_BODY; kind++) {
        struct rules *rules = open_line(line, kind);
        struct buf why = {0};
        struct rule r;
        int err = rule_check_line(line, kind, &r, &why);

        MUST((err == 0) == (rules != NULL) && (err < 0) == (why.n > 0));
        if (rules) {
            check_rule(&r, line);
            search(rules, &r, kind, text);
        }
        rules_close(rules);
        buf_free(&why);
    }
    return 0;
}
