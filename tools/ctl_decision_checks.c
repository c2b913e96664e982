/*
 * ctl_decision_checks.c - see ctl_decision.h: the checks of a message as a table.
 *
 * Called for one record. Columns are as wide as what stands in them, the reason has the rest of the line and
 * goes on below itself. What weighs nothing and found nothing would hide the rest: it is counted. At most as
 * many rows as a verdict can have results.
 */
#include "tools/ctl_decision.h"

#include "common/xalloc.h"
#include "tools/ctl_text.h"

#include <math.h>
#include <stdlib.h>

/* Columns: the most that each may have, and on a narrow terminal the least. */
#define GAP        2
#define NAME_MOST  24
#define NAME_LEAST 10
#define LINE_MOST  26
#define LINE_LEAST 10
#define RESULT_MAX 9
#define WEIGHT_MAX 10
#define WHY_LEAST  12

enum { NAME, RESULT, WEIGHT, WHY, LINE, COLUMNS };
enum kind { SAYS, SKIPPED, NOTHING, UNKNOWN };

struct row {
    struct buf cell[COLUMNS]; /* owned; printable */
    double weight;
    size_t nth;
    enum kind kind;
};
struct table {
    struct row *row; /* owned */
    size_t n, count[UNKNOWN + 1], width[COLUMNS];
};

static enum kind kind_of(const json_t *check)
{
    static const struct {
        struct view result;
        enum kind kind;
    } words[] = {
        {{"miss", 4}, NOTHING}, {{"none", 4}, NOTHING}, {{"skipped", 7}, SKIPPED}, {{"unknown", 7}, UNKNOWN}};
    const struct view result = ctl_print_string(check, "result");

    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (view_equal(result, words[i].result) && json_number_value(json_object_get(check, "weight")) == 0)
            return words[i].kind;
    return SAYS;
}

static void make_row(struct row *r, const json_t *check, size_t nth, bool raw)
{
    const json_t *count = json_object_get(check, "count");

    *r = (struct row){.weight = json_number_value(json_object_get(check, "weight")), .nth = nth};
    r->kind = kind_of(check);
    ctl_text_add(&r->cell[NAME], ctl_print_string(check, "name"), raw);
    ctl_text_add(&r->cell[RESULT], ctl_print_string(check, "result"), raw);
    ctl_decision_add_number(&r->cell[WEIGHT], json_object_get(check, "weight"));
    ctl_text_add(&r->cell[WHY], ctl_print_string(check, "detail"), raw);
    if (json_integer_value(count) > 1)
        buf_addf(&r->cell[WHY], "%s(%" JSON_INTEGER_FORMAT " times)", r->cell[WHY].n ? " " : "",
                 json_integer_value(count));
    ctl_text_add(&r->cell[LINE], ctl_print_string(check, "line"), raw);
}

/* The heaviest first, whichever way; equals as they were found. */
static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;

    if (fabs(x->weight) != fabs(y->weight))
        return fabs(x->weight) > fabs(y->weight) ? -1 : 1;
    return x->nth < y->nth ? -1 : 1;
}

static void widen(struct table *t, const struct row *r)
{
    for (int c = 0; c < COLUMNS; c++) {
        const size_t n = ctl_text_width(buf_view(&r->cell[c]));

        t->width[c] = n > t->width[c] ? n : t->width[c];
    }
}

static size_t at_most(size_t n, size_t most)
{
    return n < most ? n : most;
}

/* Makes a column as much narrower as is needed and can be. */
static void shrink(size_t *width, size_t least, size_t *used, size_t most)
{
    while (*used > most && *width > least) {
        --*width;
        --*used;
    }
}

static void set_widths(struct table *t, const struct ctl_print *p)
{
    const size_t all = ctl_decision_width(p);
    size_t used = 4 * GAP;

    t->width[NAME] = at_most(t->width[NAME], NAME_MOST);
    t->width[RESULT] = at_most(t->width[RESULT], RESULT_MAX);
    t->width[WEIGHT] = at_most(t->width[WEIGHT], WEIGHT_MAX);
    t->width[LINE] = at_most(t->width[LINE], LINE_MOST);
    for (int c = 0; c < COLUMNS; c++)
        used += c == WHY ? 0 : t->width[c];
    shrink(&t->width[LINE], LINE_LEAST, &used, all - WHY_LEAST);
    shrink(&t->width[NAME], NAME_LEAST, &used, all - WHY_LEAST);
    t->width[WHY] = used + WHY_LEAST < all ? all - used : WHY_LEAST;
}

/* As many lines as the longest cell needs. */
static void print_cells(struct ctl_print *p, enum ctl_print_colour colour, const struct table *t,
                        const struct buf *cell)
{
    struct view rest[COLUMNS];
    bool more = true;

    for (int c = 0; c < COLUMNS; c++)
        rest[c] = buf_view(&cell[c]);
    while (more) {
        struct buf line = {0};

        more = false;
        for (int c = 0; c < COLUMNS; c++) {
            buf_add_str(&line, c ? "  " : "");
            ctl_text_add_cell(&line, ctl_text_take_line(&rest[c], t->width[c]), t->width[c], c == WEIGHT);
            more |= rest[c].n > 0;
        }
        while (line.n && line.p[line.n - 1] == ' ')
            line.n--;
        ctl_print_line(p, colour, &line);
        buf_free(&line);
    }
}

/* Where all recipients have the same level it belongs to the sum. */
static void add_level(struct buf *to, const json_t *record)
{
    const json_t *list = json_object_get(record, "decisions"), *first = json_array_get(list, 0);
    const struct view level = ctl_print_string(first, "level");
    bool same = level.n > 0;

    for (size_t i = 0; i < json_array_size(list); i++)
        same &= view_equal(ctl_print_string(json_array_get(list, i), "level"), level) &&
                json_number_value(json_object_get(json_array_get(list, i), "weight")) ==
                    json_number_value(json_object_get(record, "weight"));
    if (!same) {
        buf_add_str(to, json_array_size(list) ? "levels differ, see below" : "");
        return;
    }
    buf_add_str(to, "level ");
    ctl_text_add(to, level, false);
    if (!view_equal(ctl_print_string(first, "why"), VIEW("level")) || !json_object_get(first, "threshold"))
        return;
    buf_add_str(to, ", from ");
    ctl_decision_add_number(to, json_object_get(first, "threshold"));
    buf_add_str(to, " on");
}

static void make_total(struct row *r, const json_t *record)
{
    buf_add_str(&r->cell[NAME], "total");
    ctl_decision_add_number(&r->cell[WEIGHT], json_object_get(record, "weight"));
    add_level(&r->cell[WHY], record);
}

static void make_titles(struct row *r)
{
    static const char *const titles[COLUMNS] = {"CHECK", "RESULT", "WEIGHT", "WHY", "SET BY"};

    for (int c = 0; c < COLUMNS; c++)
        buf_add_str(&r->cell[c], titles[c]);
}

static void free_row(struct row *r)
{
    for (int c = 0; c < COLUMNS; c++)
        buf_free(&r->cell[c]);
}

/* Of all that were skipped the first tells why: it is who sent the message, the same for all. */
static void add_why_skipped(struct buf *to, const struct table *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->row[i].kind == SKIPPED && t->row[i].cell[WHY].n) {
            buf_add_str(to, ": ");
            buf_add_view(to, buf_view(&t->row[i].cell[WHY]));
            return;
        }
}

static void print_folded(struct ctl_print *p, const struct table *t)
{
    static const char *const words[UNKNOWN + 1][2] = {
        [SKIPPED] = {"check was skipped", "checks were skipped"},
        [NOTHING] = {"other check found nothing", "other checks found nothing"},
        [UNKNOWN] = {"check could not be answered: what it needs is not known",
                     "checks could not be answered: what they need is not known"}};
    struct buf text = {0};

    for (enum kind k = SKIPPED; k <= UNKNOWN; k++) {
        if (!t->count[k])
            continue;
        buf_clear(&text);
        buf_addf(&text, "%zu %s", t->count[k], words[k][t->count[k] > 1]);
        if (k == SKIPPED)
            add_why_skipped(&text, t);
        ctl_print_line(p, CTL_PRINT_PLAIN, &text);
    }
    buf_free(&text);
}

/* Titles, rows, sum. */
static void print_table(struct ctl_print *p, struct table *t, const struct ctl_decision *d)
{
    struct row titles = {.nth = 0}, total = {.nth = 0};

    make_titles(&titles);
    make_total(&total, d->record);
    widen(t, &titles);
    widen(t, &total);
    for (size_t i = 0; i < t->n; i++)
        if (d->verbose || t->row[i].kind == SAYS)
            widen(t, &t->row[i]);
    set_widths(t, p);
    print_cells(p, CTL_PRINT_BOLD, t, titles.cell);
    for (size_t i = 0; i < t->n; i++)
        if (d->verbose || t->row[i].kind == SAYS)
            print_cells(p, CTL_PRINT_PLAIN, t, t->row[i].cell);
        else
            t->count[t->row[i].kind]++;
    print_cells(p, CTL_PRINT_BOLD, t, total.cell);
    print_folded(p, t);
    free_row(&titles);
    free_row(&total);
}

void ctl_decision_print_checks(struct ctl_print *p, const struct ctl_decision *d)
{
    const json_t *checks = json_object_get(d->record, "checks");
    const bool raw = json_is_true(json_object_get(d->record, "raw"));
    struct table t = {.n = json_array_size(checks)};

    if (!json_is_array(checks) || !json_is_number(json_object_get(d->record, "weight")))
        return;
    t.row = xcalloc(t.n + 1, sizeof *t.row);
    for (size_t i = 0; i < t.n; i++)
        make_row(&t.row[i], json_array_get(checks, i), i, raw);
    qsort(t.row, t.n, sizeof *t.row, compare);
    print_table(p, &t, d);
    for (size_t i = 0; i < t.n; i++)
        free_row(&t.row[i]);
    free(t.row);
}
