/*
 * av_again.c - see av_again.h. A list of at most 18 copies, each with room for a header line before it.
 *
 * Called by av_engine_scan.c during and after one scan, which owns the list. It must
 * never keep more than it was allowed, and never let a shortage of memory pass: that
 * counts as something that was not scanned again.
 */
#include "workers/av/av_again.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char header[] = "Received: by spoold\r\n", html[] = "Content-Type: text/html\r\n\r\n";
#define HEADER (sizeof header - 1)
#define HTML   (sizeof html - 1)
#define ROOM   (HEADER > HTML ? HEADER : HTML)

static void add_copy(struct av_again *a, struct view bytes, unsigned how)
{
    /* Not xcalloc(): a shortage is noticed by the guard, and is no reason to die. */
    char *room = malloc(ROOM + bytes.n);

    if (!room) {
        a->over = true;
        return;
    }
    memcpy(room + ROOM, bytes.p, bytes.n);
    a->item[a->n++] = (struct av_again_item){room, bytes.n, how};
}

void av_again_keep(struct av_again *a, struct view bytes, unsigned how)
{
    if (bytes.n == 0)
        return;
    if (a->n >= AV_AGAIN_MAX || bytes.n > a->most - a->bytes) {
        a->over = true;
        return;
    }
    a->bytes += bytes.n;
    add_copy(a, bytes, how);
}

void av_again_keep_whole(struct av_again *a, struct view bytes, unsigned how)
{
    if (bytes.n && a->n < sizeof a->item / sizeof *a->item)
        add_copy(a, bytes, how);
}

static struct view behind(const struct av_again_item *item, const char *what, size_t n)
{
    char *at = item->room + ROOM - n;

    memcpy(at, what, n);
    return (struct view){at, n + item->n};
}

struct view av_again_as_data(struct av_again *a, unsigned i)
{
    return behind(&a->item[i], "", 1);
}

struct view av_again_as_mail(struct av_again *a, unsigned i)
{
    return behind(&a->item[i], header, HEADER);
}

struct view av_again_as_html(struct av_again *a, unsigned i)
{
    return behind(&a->item[i], html, HTML);
}

/* MIME (RFC 2045) or uuencode, at the beginning of a line. */
static bool begins_part(const char *line, size_t n)
{
    static const struct view begins[] = {{"Content-T", 9}, {"begin ", 6}};

    for (size_t i = 0; i < sizeof begins / sizeof *begins; i++)
        if (n >= begins[i].n && strncasecmp(line, begins[i].p, begins[i].n) == 0)
            return true;
    return false;
}

bool av_again_has_parts(struct view bytes)
{
    const char *line = bytes.p, *end = bytes.p + bytes.n;

    while (line && line < end) {
        if (begins_part(line, (size_t)(end - line)))
            return true;
        line = memchr(line, '\n', (size_t)(end - line));
        if (line)
            line++;
    }
    return false;
}

void av_again_free(struct av_again *a)
{
    while (a->n)
        free(a->item[--a->n].room);
}
