/*
 * quarantine_parts.c - the list of a message's parts, from the record of its entry into an answer.
 *
 * Store thread; called by quarantine_query.c for "show". The list may be longer than one line of an
 * answer can be, so it goes out in several, each with whole items. The record was written by
 * spoold but has lain there for weeks: what does not look like an item ends the list, and nothing
 * of it may end a line.
 */
#include "spoold/quarantine_query.h"

#include "spoold/journal_value.h"

#define LINE_MAX_BYTES 20000 /* of the list in one line; an answer's packet has CONTROL_ANSWER_MAX */

static void end_line(struct query *q, struct json *j)
{
    json_close(j);
    buf_add_char(&q->out, '\n');
}

/* The next item; false where there is none any more. */
static bool take_item(struct journal_value *at, struct view *item)
{
    const char *start = at->p;

    /* The last byte is the bracket that closes the list. */
    if (start >= at->end - 1 || journal_value_skip(at) < 0 || *start != '{')
        return false;
    *item = (struct view){start, (size_t)(at->p - start)};
    journal_value_take(at, ',');
    return item->n <= LINE_MAX_BYTES && !memchr(item->p, '\n', item->n);
}

static void add_line(struct query *q, struct buf *list)
{
    struct json j;

    if (!list->n)
        return;
    buf_add_char(list, ']');
    json_open(&j, &q->out);
    json_add_text(&j, "parts", buf_view(list));
    end_line(q, &j);
    buf_clear(list);
}

static void add_items(struct query *q, struct view array)
{
    struct journal_value at = {array.p + 1, array.p + array.n, NULL};
    struct buf list = {0};
    struct view item;

    while (take_item(&at, &item)) {
        if (list.n + item.n > LINE_MAX_BYTES)
            add_line(q, &list);
        buf_add_char(&list, list.n ? ',' : '[');
        buf_add_view(&list, item);
    }
    add_line(q, &list);
    buf_free(&list);
}

void quarantine_parts_add(struct query *q, const struct quarantine_record *r)
{
    struct json j;

    if (!r->parts.n)
        return;
    add_items(q, r->parts);
    json_open(&j, &q->out);
    if (r->parts_more)
        json_add_int(&j, "parts_more", r->parts_more > INT64_MAX ? INT64_MAX : (int64_t)r->parts_more);
    if (r->oddities.n && r->oddities.n < QUERY_BYTES_MAX && !memchr(r->oddities.p, '\n', r->oddities.n))
        json_add_text(&j, "oddities", r->oddities);
    json_add_bool(&j, "ambiguous", r->ambiguous);
    end_line(q, &j);
}
