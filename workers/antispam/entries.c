/*
 * entries.c - see entries.h: texts one behind the other in one buffer, and each file's name once.
 *
 * Called by networks.c and names.c in the loader, where list files are read. What it keeps is the
 * administrator's; of mail it sees nothing.
 */
#include "workers/antispam/entries.h"

#include "common/xalloc.h"

#include <stdlib.h>

struct entries_row {
    uint32_t text, file; /* where they begin in the buffers; both end with a NUL */
    uint32_t line;
};

/* A list is mostly one file: only the last name is compared. */
static uint32_t add_file(struct entries *e, struct view file)
{
    if (e->n) {
        uint32_t last = e->row[e->n - 1].file;

        if (view_equal(view_of(e->files.p + last), file))
            return last;
    }
    buf_add_view(&e->files, file);
    buf_add_char(&e->files, 0);
    return (uint32_t)(e->files.n - file.n - 1);
}

uint32_t entries_add(struct entries *e, struct view text, const struct settings_item *item)
{
    struct entries_row *row;
    uint32_t file;

    if (e->n == ENTRIES_MAX || e->text.n + text.n + item->file.n > UINT32_MAX / 2 ||
        e->files.n + item->file.n > UINT32_MAX / 2)
        return ENTRIES_NONE;
    if (e->n == e->cap) {
        e->cap = e->cap ? e->cap * 2 : 16;
        e->row = xrealloc(e->row, e->cap, sizeof *e->row);
    }
    file = add_file(e, item->file);
    row = &e->row[e->n];
    *row = (struct entries_row){(uint32_t)e->text.n, file, item->line};
    buf_add_view(&e->text, text);
    buf_add_char(&e->text, 0);
    return e->n++;
}

struct view entries_text(const struct entries *e, uint32_t i)
{
    size_t end = i + 1 < e->n ? e->row[i + 1].text : e->text.n;

    return (struct view){e->text.p + e->row[i].text, end - e->row[i].text - 1};
}

static void say_place(struct view file, uint32_t line, struct buf *to)
{
    buf_addf(to, "%.*s:%u", (int)file.n, file.n ? file.p : "", line);
}

void entries_say(const struct entries *e, uint32_t i, struct buf *to)
{
    struct view file = view_of(e->files.p + e->row[i].file);

    buf_add_view(to, entries_text(e, i));
    if (file.n) {
        buf_add_str(to, ", ");
        say_place(file, e->row[i].line, to);
    }
}

void entries_say_place(const struct settings_item *item, struct buf *to)
{
    if (item->file.n) {
        say_place(item->file, item->line, to);
        buf_add_str(to, ": ");
    }
}

static void settle(struct buf *b)
{
    if (b->n) {
        b->p = xrealloc(b->p, b->n + 1, 1);
        b->cap = b->n + 1;
    }
}

void entries_settle(struct entries *e)
{
    if (e->n) {
        e->row = xrealloc(e->row, e->n, sizeof *e->row);
        e->cap = e->n;
    }
    settle(&e->text);
    settle(&e->files);
}

void entries_free(struct entries *e)
{
    free(e->row);
    buf_free(&e->text);
    buf_free(&e->files);
    *e = (struct entries){0};
}
