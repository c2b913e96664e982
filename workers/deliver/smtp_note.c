/*
 * smtp_note.c - see smtp_note.h: the only file of worker-deliver that writes to anything but its socket.
 *
 * All lines of one reply go out by one write(2). The server's words are cleaned
 * by common/deliver.c; here its line ends become spaces. It trusts the order only.
 */
#include "workers/deliver/smtp_note.h"

#include <errno.h>

static void count(struct smtp_notes *n, enum deliver_fate fate)
{
    if (fate == DELIVER_DONE)
        n->done++;
    else if (fate == DELIVER_FAILED)
        n->failed++;
    else
        n->later++;
}

static void add(struct smtp_notes *n, size_t i, const struct deliver_note *what, struct buf *lines)
{
    struct deliver_note note = *what;

    if (n->noted[i])
        return;
    n->noted[i] = true;
    note.index = n->o->rcpt[i].index;
    deliver_note_add(lines, &note);
    count(n, note.fate);
}

static int put(struct smtp_notes *n, const struct buf *lines)
{
    if (n->err)
        return -1;
    if (n->fd < 0 || lines->n == 0 || buf_write_fd(lines, n->fd) == 0)
        return 0;
    n->err = errno;
    return -1;
}

static void add_words(struct buf *to, struct view text)
{
    struct view line;

    if (!text.n)
        return;
    for (bool more = smtp_reply_line(&text, &line); more;) {
        buf_add_view(to, line);
        more = smtp_reply_line(&text, &line);
        if (more)
            buf_add_char(to, ' ');
    }
}

/* From `i` up to, not including, `end`. */
static int note_some(struct smtp_notes *n, size_t i, size_t end, struct deliver_note what)
{
    struct buf lines = {0}, words = {0};
    int rc;

    add_words(&words, what.text);
    what.text = buf_view(&words);
    for (; i < end; i++)
        add(n, i, &what, &lines);
    rc = put(n, &lines);
    buf_free(&words);
    buf_free(&lines);
    return rc;
}

int smtp_note_one(struct smtp_notes *n, size_t i, enum deliver_fate fate, const struct smtp_reply *r)
{
    return note_some(n, i, i + 1, (struct deliver_note){0, fate, r->code, buf_view(&r->text)});
}

int smtp_note_rest(struct smtp_notes *n, enum deliver_fate fate, unsigned code, struct view text)
{
    return note_some(n, 0, n->o->rcpt_n, (struct deliver_note){0, fate, code, text});
}

size_t smtp_note_missing(const struct smtp_notes *n)
{
    return n->o->rcpt_n - n->done - n->failed - n->later;
}

enum deliver_fate smtp_note_fate(unsigned code)
{
    /* TLS or a login is missing: somebody can set that right, and the message is not to blame. */
    static const unsigned ours[] = {530, 534, 535, 538};

    for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
        if (code == ours[i])
            return DELIVER_LATER;
    return code / 100 == 5 ? DELIVER_FAILED : DELIVER_LATER;
}
