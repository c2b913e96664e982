/*
 * rules_open.c - a list of own rules from the settings to tables: lines, expressions, one machine for all
 * literals.
 *
 * Called in the loader; what is wrong names file and line and fails the list, because a rule that is silently
 * not there is worse than the last generation going on. The lines are the administrator's.
 */
#include "workers/antispam/entries.h"
#include "workers/antispam/rules_part.h"

#include "common/xalloc.h"

#include <stdlib.h>

_Static_assert(RULE_PATTERN_MAX <= WILDCARD_MAX, "a pattern of a rule is a whole wildcard");

static int fail(const struct settings_item *i, const char *what, struct buf *why)
{
    entries_say_place(i, why);
    buf_add_str(why, what);
    return -1;
}

/* Rows for all items, and one buffer that never moves for their lines. */
static int make_rows(struct rules *r, const struct settings *s, const char *list, struct buf *why)
{
    const struct settings_item *i;
    size_t at = 0, n = 0, bytes = 0;

    for (; (i = settings_next(s, "list", list, &at)); n++) {
        if (n == RULES_MAX)
            return fail(i, "there are too many rules in this list; accepted: up to 20000", why);
        bytes += i->value.n;
    }
    r->row = xcalloc(n + 1, sizeof *r->row);
    buf_reserve(&r->lines, bytes + 1);
    return 0;
}

static int open_row(struct rules_row *row, const struct rule *rule, struct buf *why)
{
    struct buf wrong = {0};

    row->name = rule->name;
    row->field = rule->field;
    row->pattern = rule->pattern;
    row->type = rule->type;
    if (rule->type == RULE_WILDCARD)
        row->wildcard = wildcard_open(rule->pattern);
    if (rule->type == RULE_REGEX && !(row->regexp = regexp_open(rule->pattern, true, &wrong)))
        fail(row->item, wrong.p, why);
    buf_free(&wrong);
    return rule->type == RULE_REGEX && !row->regexp ? -1 : 0;
}

static int add_row(struct rules *r, const struct settings_item *i, enum rule_kind kind, struct buf *why)
{
    struct view line = {r->lines.p + r->lines.n, i->value.n};
    struct buf wrong = {0};
    struct rule rule;
    int err;

    buf_add_view(&r->lines, i->value);
    r->row[r->n].item = i;
    err = rule_parse(line, kind, &rule, &wrong);
    if (err < 0)
        fail(i, wrong.p, why);
    buf_free(&wrong);
    return err < 0 ? -1 : open_row(&r->row[r->n++], &rule, why);
}

static int compare_names(const void *a, const void *b)
{
    const struct rules_row *x = *(struct rules_row *const *)a, *y = *(struct rules_row *const *)b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    int c = memcmp(x->name.p, y->name.p, n);

    if (c == 0 && x->name.n != y->name.n)
        return x->name.n < y->name.n ? -1 : 1;
    return c ? c : (x < y ? -1 : 1);
}

/* Two rules of one name could not be told apart in a record. */
static int check_names(const struct rules *r, struct buf *why)
{
    const struct rules_row **sorted = xcalloc(r->n + 1, sizeof *sorted);
    int err = 0;

    for (uint32_t i = 0; i < r->n; i++)
        sorted[i] = &r->row[i];
    qsort(sorted, r->n, sizeof *sorted, compare_names);
    for (uint32_t i = 1; i < r->n && !err; i++) {
        if (view_equal(sorted[i - 1]->name, sorted[i]->name)) {
            entries_say_place(sorted[i]->item, why);
            buf_addf(why, "there is a rule of the name \"%.*s\" already, in line %u", (int)sorted[i]->name.n,
                     sorted[i]->name.p, sorted[i - 1]->item->line);
            err = -1;
        }
    }
    free(sorted);
    return err;
}

static int make_tables(struct rules *r, struct buf *why)
{
    struct view *literal = xcalloc(r->n + 1, sizeof *literal);
    uint32_t n = 0;

    r->row_of = xcalloc(r->n + 1, sizeof *r->row_of);
    r->regex = xcalloc(r->n + 1, sizeof *r->regex);
    r->wanted = xcalloc(r->n + 1, sizeof *r->wanted);
    for (uint32_t i = 0; i < r->n; i++) {
        const struct rules_row *row = &r->row[i];

        if (row->type == RULE_REGEX) {
            r->regex[r->regex_n++] = i;
            continue;
        }
        literal[n] = row->type == RULE_WILDCARD ? wildcard_needle(row->pattern) : row->pattern;
        r->row_of[n++] = i;
    }
    r->literals = literals_open(literal, n);
    free(literal);
    if (r->literals)
        return 0;
    return fail(r->row[0].item, "the texts in this list are too long; accepted: 2097152 bytes in all", why);
}

static int fill(struct rules *r, const struct settings *s, const char *list, enum rule_kind kind,
                struct buf *why)
{
    const struct settings_item *i;
    size_t at = 0;

    if (make_rows(r, s, list, why) < 0)
        return -1;
    while ((i = settings_next(s, "list", list, &at)))
        if (add_row(r, i, kind, why) < 0)
            return -1;
    if (check_names(r, why) < 0 || make_tables(r, why) < 0)
        return -1;
    for (uint32_t k = 0; k < r->n; k++)
        r->row[k].item = NULL; /* the settings may go away */
    return 0;
}

struct rules *rules_open(const struct settings *s, const char *list, enum rule_kind kind, struct buf *why)
{
    struct rules *r = xcalloc(1, sizeof *r);

    if (fill(r, s, list, kind, why) < 0) {
        rules_close(r);
        return NULL;
    }
    if (r->regex_n)
        r->desk = regexp_desk_open();
    rules_begin(r);
    return r;
}

void rules_close(struct rules *r)
{
    if (!r)
        return;
    for (uint32_t i = 0; r->row && i < r->n; i++) {
        wildcard_close(r->row[i].wildcard);
        regexp_close(r->row[i].regexp);
    }
    regexp_desk_close(r->desk);
    literals_close(r->literals);
    free(r->row_of);
    free(r->regex);
    free(r->wanted);
    free(r->row);
    buf_free(&r->lines);
    buf_free(&r->clean);
    buf_free(&r->folded);
    buf_free(&r->said);
    free(r);
}

unsigned rules_slow(const struct rules *r)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < r->regex_n; i++)
        n += !regexp_is_compiled(r->row[r->regex[i]].regexp);
    return n;
}
