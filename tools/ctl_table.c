/*
 * ctl_table.c - queue, history, tail, quarantine and parts as columns; see ctl_print.h.
 *
 * A column is a row of a table: title, width, and a function that adds its
 * cell. On a terminal the free columns share what is left of the width and
 * nothing runs over; elsewhere nothing is cut, so that grep finds it. Cells
 * hold text from mail and come here escaped.
 */
#include "tools/ctl_print.h"

#include "tools/ctl_text.h"

#define GAP          2
#define ID_WIDTH     CTL_TEXT_ID
#define FREE_MIN     8   /* columns of a free cell on the narrowest terminal */
#define FREE_PLAIN   24  /* the same where there is no terminal: the least, not the most */
#define NARROW       110 /* below this the year and the seconds are left out */
#define TIME_WIDTH   19
#define SUM_WIDTH    16
#define NARROW_FROM  5
#define NARROW_WIDTH 11

struct column {
    const char *title;
    size_t width; /* 0: free */
    bool right;
    void (*add)(struct buf *b, const json_t *o);
};

static void cell_since(struct buf *b, const json_t *o)
{
    ctl_print_add_time(b, "", o, "since");
}

static void cell_at(struct buf *b, const json_t *o)
{
    if (!ctl_print_add_time(b, "", o, "at"))
        ctl_print_add_time(b, "", o, "accepted");
}

static void cell_id(struct buf *b, const json_t *o)
{
    const json_t *id = json_object_get(o, "id");
    struct view v = {json_string_value(id), json_string_length(id)};

    ctl_text_add(b, ctl_text_short_id(v), false);
}

/* A copy that was refused has its number behind the id: without it another entry would be meant. */
static void cell_entry(struct buf *b, const json_t *o)
{
    const json_t *id = json_object_get(o, "id");
    struct view v = {json_string_value(id), json_string_length(id)};
    const char *tilde = v.n ? memrchr(v.p, '~', v.n) : NULL;

    if (tilde)
        v = (struct view){tilde + 1, v.n - (size_t)(tilde + 1 - v.p)};
    ctl_text_add(b, v, false);
}

static void cell_from(struct buf *b, const json_t *o)
{
    if (!ctl_print_add_member(b, o, "from") && json_is_string(json_object_get(o, "from")))
        buf_add_str(b, "<>");
}

static void cell_to(struct buf *b, const json_t *o)
{
    const json_t *to = json_object_get(o, "to"), *count = json_object_get(o, "to_count");
    size_t n = json_is_integer(count) ? (size_t)json_integer_value(count) : json_array_size(to);

    ctl_print_add_value(b, json_is_array(to) ? json_array_get(to, 0) : to,
                        json_is_true(json_object_get(o, "raw")));
    if (n > 1)
        buf_addf(b, " +%zu", n - 1);
}

static void cell_size(struct buf *b, const json_t *o)
{
    const json_t *size = json_object_get(o, "size");

    if (json_is_integer(size))
        ctl_text_add_size(b, json_integer_value(size));
}

static void cell_queue_what(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "state");
    ctl_print_add_part(b, ", ", o, "step");
    if (json_integer_value(json_object_get(o, "attempt")) > 1)
        ctl_print_add_part(b, ", attempt ", o, "attempt");
    ctl_print_add_time(b, ", next try ", o, "next");
    ctl_print_add_part(b, ": ", o, "reason");
}

/* Some of its recipients have had it. */
static bool is_in_part(const json_t *o)
{
    const char *state = json_string_value(json_object_get(o, "state"));

    return state && (strcmp(state, "quarantined") == 0 || strcmp(state, "discarded") == 0) &&
           json_integer_value(json_object_get(o, "copies")) > 0;
}

static void cell_history_what(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "state");
    ctl_print_add_part(b, " ", o, "class");
    if (is_in_part(o))
        buf_add_str(b, " in part, else delivered");
    if (json_integer_value(json_object_get(o, "copies")) > 1)
        ctl_print_add_part(b, ", copies ", o, "copies");
    ctl_print_add_part(b, ": ", o, "reason");
}

static void cell_event_what(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "event");
    ctl_print_add_part(b, " ", o, "class");
    if (json_integer_value(json_object_get(o, "copy")) > 1)
        ctl_print_add_part(b, ", copy ", o, "copy");
    ctl_print_add_part(b, ": ", o, "reason");
}

static const struct column queue_columns[] = {
    {"SINCE (UTC)", TIME_WIDTH, false, cell_since},
    {"ID", ID_WIDTH, false, cell_id},
    {"FROM", 0, false, cell_from},
    {"TO", 0, false, cell_to},
    {"SIZE", 5, true, cell_size},
    {"WHAT", 0, false, cell_queue_what},
};

static const struct column history_columns[] = {
    {"TIME (UTC)", TIME_WIDTH, false, cell_at},
    {"ID", ID_WIDTH, false, cell_id},
    {"FROM", 0, false, cell_from},
    {"TO", 0, false, cell_to},
    {"SIZE", 5, true, cell_size},
    {"WHAT", 0, false, cell_history_what},
};

static const struct column event_columns[] = {
    {"TIME (UTC)", TIME_WIDTH, false, cell_at},
    {"ID", ID_WIDTH, false, cell_id},
    {"FROM", 0, false, cell_from},
    {"TO", 0, false, cell_to},
    {"SIZE", 5, true, cell_size},
    {"WHAT", 0, false, cell_event_what},
};

static void cell_class(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "class");
}

static void cell_quarantine_what(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "state");
    ctl_print_add_part(b, ", parts released ", o, "releases");
    ctl_print_add_part(b, ": ", o, "reason");
    ctl_print_add_part(b, "; ", o, "trouble");
}

static const struct column quarantine_columns[] = {
    {"TIME (UTC)", TIME_WIDTH, false, cell_at},
    {"ID", ID_WIDTH, false, cell_entry},
    {"CLASS", 6, false, cell_class},
    {"FROM", 0, false, cell_from},
    {"TO", 0, false, cell_to},
    {"SIZE", 5, true, cell_size},
    {"WHAT", 0, false, cell_quarantine_what},
};

static void cell_reading(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "reading");
    if (json_is_true(json_object_get(o, "inside")))
        buf_add_str(b, ", in text");
}

static void cell_type(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "type");
}

/* Enough to compare; --json has all of it. */
static void cell_sha256(struct buf *b, const json_t *o)
{
    const json_t *sum = json_object_get(o, "sha256");
    size_t n = json_string_length(sum);

    ctl_text_add(b, (struct view){json_string_value(sum), n < SUM_WIDTH ? n : SUM_WIDTH}, false);
}

static void cell_part_name(struct buf *b, const json_t *o)
{
    ctl_print_add_member(b, o, "name");
}

static const struct column part_columns[] = {
    {"READING", 13, false, cell_reading}, {"TYPE", 0, false, cell_type},
    {"SIZE", 5, true, cell_size},         {"SHA-256", SUM_WIDTH, false, cell_sha256},
    {"NAME", 0, false, cell_part_name},
};

static bool is_narrow(const struct ctl_print *p)
{
    return p->width && p->width < NARROW;
}

static size_t fixed_width(const struct ctl_print *p, const struct column *c)
{
    return c->width == TIME_WIDTH && is_narrow(p) ? NARROW_WIDTH : c->width;
}

/* What one free column gets of a terminal. */
static size_t free_width(const struct ctl_print *p, const struct column *c, size_t n)
{
    size_t used = (n - 1) * GAP, count = 0;

    for (size_t i = 0; i < n; i++) {
        used += fixed_width(p, &c[i]);
        count += c[i].width == 0;
    }
    if (!p->width)
        return FREE_PLAIN;
    return p->width > used + count * FREE_MIN ? (p->width - used) / count : FREE_MIN;
}

static void add_cell(const struct ctl_print *p, struct buf *line, struct view text, const struct column *c,
                     size_t free_columns)
{
    size_t width = c->width ? fixed_width(p, c) : free_columns;

    if (c->width == TIME_WIDTH && is_narrow(p) && text.n == TIME_WIDTH)
        text = (struct view){text.p + NARROW_FROM, NARROW_WIDTH};
    if (!p->width && ctl_text_width(text) > width)
        buf_add_view(line, text);
    else
        ctl_text_add_cell(line, text, width, c->right);
}

static void trim_end(struct buf *line)
{
    while (line->n && line->p[line->n - 1] == ' ')
        line->n--;
}

/* `o` NULL: the titles. */
static void print_columns(struct ctl_print *p, const struct column *c, size_t n, const json_t *o)
{
    size_t free_columns = free_width(p, c, n);
    struct buf line = {0}, text = {0};

    for (size_t i = 0; i < n; i++) {
        buf_clear(&text);
        if (o)
            c[i].add(&text, o);
        else if (c[i].width == TIME_WIDTH && is_narrow(p))
            buf_add_str(&text, "UTC");
        else
            buf_add_str(&text, c[i].title);
        add_cell(p, &line, buf_view(&text), &c[i], free_columns);
        if (i + 1 < n)
            buf_add_str(&line, "  ");
    }
    trim_end(&line);
    ctl_print_line(p, o ? CTL_PRINT_PLAIN : CTL_PRINT_BOLD, &line);
    buf_free(&text);
    buf_free(&line);
}

static void print_table(struct ctl_print *p, const struct column *c, size_t n, const json_t *line)
{
    if (p->rows == 0)
        print_columns(p, c, n, NULL);
    print_columns(p, c, n, line);
}

void ctl_table_queue(struct ctl_print *p, const json_t *line)
{
    print_table(p, queue_columns, sizeof queue_columns / sizeof *queue_columns, line);
}

void ctl_table_history(struct ctl_print *p, const json_t *line)
{
    print_table(p, history_columns, sizeof history_columns / sizeof *history_columns, line);
}

void ctl_table_events(struct ctl_print *p, const json_t *line)
{
    print_table(p, event_columns, sizeof event_columns / sizeof *event_columns, line);
}

void ctl_table_quarantine(struct ctl_print *p, const json_t *line)
{
    print_table(p, quarantine_columns, sizeof quarantine_columns / sizeof *quarantine_columns, line);
}

void ctl_table_part(struct ctl_print *p, const json_t *part)
{
    print_columns(p, part_columns, sizeof part_columns / sizeof *part_columns, part);
}
