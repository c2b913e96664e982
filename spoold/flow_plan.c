/*
 * flow_plan.c - see flow_plan.h.
 *
 * Store thread. A copy that was published may be gone when spoold comes back: the consumer has it, and its
 * envelope names nobody any more. Without the plan the journal would count its recipients to what is left.
 * The file is our own, but has stood on a disk through a crash: parsed as input, bounded, without recursion.
 * A recipient in two copies, or a position beyond the last, makes all of it void.
 */
#include "spoold/flow_plan.h"

#include "common/envelope.h"
#include "common/positions.h"
#include "common/xalloc.h"
#include "spoold/journal_value.h"
#include "spoold/negative.h"
#include "spoold/quarantine_record.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

bool flow_plan_is_needed(const struct msg *m)
{
    if (NEGATIVE("no-plan"))
        return false;
    return m->copy_n > 1 || (m->copy_n && (m->fate != MSG_FATE_SEND || m->copy[0].redirect));
}

static void add_copy(struct buf *to, const struct msg_copy *c, size_t number)
{
    struct json j = {.out = to};
    struct buf positions = {0};

    positions_add(&positions, c->rcpt, c->rcpt_n);
    buf_add_str(to, number > 1 ? ",{" : "{");
    json_add_int(&j, "copy", (int64_t)number);
    json_add_view(&j, "to", buf_view(&positions));
    if (c->redirect)
        json_add_str(&j, "redirect", c->redirect);
    buf_add_char(to, '}');
    buf_free(&positions);
}

void flow_plan_add_json(const struct msg *m, struct json *j)
{
    struct buf list = {0};

    buf_add_char(&list, '[');
    for (size_t i = 0; i < m->copy_n; i++)
        add_copy(&list, &m->copy[i], i + 1);
    buf_add_char(&list, ']');
    json_add_text(j, "copies", buf_view(&list));
    buf_free(&list);
}

void flow_plan_make(const struct msg *m, struct buf *to)
{
    struct json j;

    json_open(&j, to);
    json_add_view(&j, "id", base_view(&m->base));
    flow_plan_add_json(m, &j);
    json_close(&j);
    buf_add_char(to, '\n');
}

/* --- reading ------------------------------------------------------------ */

struct reading {
    struct msg *m;
    bool *taken; /* owned: recipients that are in a copy */
    size_t number;
    struct view positions, redirect; /* of the present copy */
    struct view copies;              /* the whole list */
    bool has_id;
};

static bool take_range(struct reading *r, struct msg_copy *c, size_t from, size_t to)
{
    if (from > to || to > r->m->env.rcpt_n)
        return false;
    for (size_t i = from - 1; i < to; i++) {
        if (r->taken[i] || (c->rcpt_n && c->rcpt[c->rcpt_n - 1] >= i))
            return false;
        r->taken[i] = true;
        c->rcpt[c->rcpt_n++] = i;
    }
    return true;
}

static bool take_positions(struct reading *r, struct msg_copy *c)
{
    struct view v = r->positions;
    size_t from, to;

    while (positions_take(&v, &from, &to))
        if (!take_range(r, c, from, to))
            return false;
    return c->rcpt_n > 0 && v.n == 0;
}

static bool end_copy(struct reading *r)
{
    struct msg_copy *c = &r->m->copy[r->m->copy_n];

    if (r->m->copy_n == MSG_COPIES_MAX || r->number != r->m->copy_n + 1)
        return false;
    r->m->copy_n++;
    c->rcpt = xcalloc(r->m->env.rcpt_n, sizeof *c->rcpt);
    if (r->redirect.n && !envelope_is_address(r->redirect))
        return false;
    if (r->redirect.n)
        c->redirect = xstrndup(r->redirect.p, r->redirect.n);
    return take_positions(r, c);
}

typedef bool take_fn(struct reading *r, struct view key, struct journal_value *c);

static bool take_object(struct reading *r, struct journal_value *c, take_fn *take)
{
    struct view key;

    if (!journal_value_take(c, '{'))
        return false;
    for (bool first = true; !journal_value_take(c, '}'); first = false) {
        if ((!first && !journal_value_take(c, ',')) || journal_value_string(c, &key) < 0 ||
            !journal_value_take(c, ':') || !take(r, key, c))
            return false;
    }
    return true;
}

static bool take_of_copy(struct reading *r, struct view key, struct journal_value *c)
{
    uint64_t n;

    if (view_equal(key, VIEW("to")))
        return journal_value_string(c, &r->positions) == 0;
    if (view_equal(key, VIEW("redirect")))
        return journal_value_string(c, &r->redirect) == 0;
    if (!view_equal(key, VIEW("copy")))
        return journal_value_skip(c) == 0;
    if (journal_value_number(c, &n) < 0)
        return false;
    r->number = (size_t)n;
    return true;
}

static bool take_of_file(struct reading *r, struct view key, struct journal_value *c)
{
    const char *start = c->p;
    struct view id;

    if (view_equal(key, VIEW("id"))) {
        r->has_id = journal_value_string(c, &id) == 0 && view_equal(id, base_view(&r->m->base));
        return r->has_id;
    }
    if (journal_value_skip(c) < 0)
        return false;
    if (view_equal(key, VIEW("copies")))
        r->copies = (struct view){start, (size_t)(c->p - start)};
    return true;
}

static bool take_copies(struct reading *r, struct buf *decoded)
{
    struct journal_value c = {r->copies.p, r->copies.p + r->copies.n, decoded};

    if (!r->copies.n || !journal_value_take(&c, '['))
        return false;
    while (!journal_value_take(&c, ']')) {
        if (r->m->copy_n && !journal_value_take(&c, ','))
            return false;
        r->number = 0;
        r->positions = r->redirect = VIEW("");
        if (!take_object(r, &c, take_of_copy) || !end_copy(r))
            return false;
    }
    return c.p == c.end;
}

bool flow_plan_parse(struct msg *m, struct view text)
{
    struct reading r = {.m = m, .taken = xcalloc(m->env.rcpt_n + 1, sizeof *r.taken)};
    struct buf decoded = {0};
    struct journal_value c;
    bool good;

    while (text.n && text.p[text.n - 1] == '\n')
        text.n--;
    buf_reserve(&decoded, 2 * text.n + 1); /* views point into it: it must never move */
    c = (struct journal_value){text.p, text.p + text.n, &decoded};
    good =
        text.n && take_object(&r, &c, take_of_file) && c.p == c.end && r.has_id && take_copies(&r, &decoded);
    if (!good)
        msg_clear_decision(m);
    free(r.taken);
    buf_free(&decoded);
    return good && m->copy_n > 0;
}

static bool read_file(const struct spool_dir *dir, const char *name, struct buf *to)
{
    int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc;

    if (fd < 0)
        return false;
    rc = buf_read_fd(to, fd, QUARANTINE_RECORD_MAX);
    close(fd);
    return rc == 0;
}

bool flow_plan_read(struct depot *d, struct msg *m)
{
    char name[MSG_NAME_MAX];
    struct buf text = {0};
    bool good = read_file(&d->spool.proc, msg_file(m, name, ".json.out"), &text);

    if (!good && m->fate == MSG_FATE_QUARANTINE)
        good = read_file(&d->spool.class[m->class], msg_file(m, name, ".json"), &text);
    good = good && flow_plan_parse(m, buf_view(&text));
    buf_free(&text);
    return good;
}
