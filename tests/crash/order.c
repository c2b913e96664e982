/*
 * order.c - see order.h.
 *
 * Two tables: paths (when last changed, when last flushed) and messages (when
 * committed, published, entered in the journal). A flush counts from the moment
 * it was called: what happened while it ran may have missed it. Any syncfs
 * counts for everything, since the harness keeps one spool on one file system.
 */
#include "tests/crash/order.h"

#include "tests/crash/disk.h"
#include "tests/crash/line.h"

#include "common/xalloc.h"

#include <stdarg.h>
#include <stdlib.h>

#define ID_LEN 25 /* characters after the last tilde of a BASE */

/* `dirty` and `clean` are places in the sequence of calls; 0 = never. */
struct file {
    char *path;
    uint64_t dirty, clean;
};

struct message {
    char *base;
    uint64_t commit;                   /* return of the commit rename */
    uint64_t outgoing, class, journal; /* the last .hdr published, .hdr quarantined, final line */
    unsigned published, delivered;     /* pairs in outgoing, lines about them */
    char *class_dir;
};

struct order {
    const char *root;
    FILE *record;
    struct file *file;
    size_t file_n;
    struct message *message;
    size_t message_n;
    uint64_t syncfs;
    char *journal; /* the file that was written last */
    unsigned commits, violations;
    struct buf say;
};

/* A path below the root, taken apart: proc / BASE / .hdr.w1 */
struct place {
    struct disk_path dir, base, rest;
};

__attribute__((format(printf, 2, 3))) static void say(struct order *o, const char *fmt, ...)
{
    char text[512];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    o->violations++;
    buf_addf(&o->say, "    %s\n", text);
}

struct order *order_new(const char *root, FILE *record)
{
    struct order *o = xcalloc(1, sizeof(*o));

    o->root = root;
    o->record = record;
    return o;
}

void order_free(struct order **o)
{
    if (!*o)
        return;
    for (size_t i = 0; i < (*o)->file_n; i++)
        free((*o)->file[i].path);
    for (size_t i = 0; i < (*o)->message_n; i++) {
        free((*o)->message[i].base);
        free((*o)->message[i].class_dir);
    }
    free((*o)->file);
    free((*o)->message);
    free((*o)->journal);
    buf_free(&(*o)->say);
    free(*o);
    *o = NULL;
}

static struct file *get_file(struct order *o, const char *path)
{
    for (size_t i = 0; i < o->file_n; i++)
        if (strcmp(o->file[i].path, path) == 0)
            return &o->file[i];
    o->file = xrealloc(o->file, o->file_n + 1, sizeof(*o->file));
    o->file[o->file_n] = (struct file){.path = xstrdup(path)};
    return &o->file[o->file_n++];
}

static struct message *get_message(struct order *o, const char *base)
{
    for (size_t i = 0; i < o->message_n; i++)
        if (strcmp(o->message[i].base, base) == 0)
            return &o->message[i];
    o->message = xrealloc(o->message, o->message_n + 1, sizeof(*o->message));
    o->message[o->message_n] = (struct message){.base = xstrdup(base)};
    return &o->message[o->message_n++];
}

static bool is_flushed(struct order *o, const char *path, uint64_t since)
{
    return o->syncfs > since || get_file(o, path)->clean > since;
}

static bool split_path(const struct order *o, const char *path, struct place *p)
{
    size_t root = strlen(o->root);
    const char *slash = strrchr(path, '/'), *tilde = slash ? strrchr(slash, '~') : NULL;

    if (strncmp(path, o->root, root) != 0 || path[root] != '/' || !tilde || strlen(tilde) <= ID_LEN)
        return false;
    p->dir = disk_path("%.*s", (int)(slash - path - (ptrdiff_t)root - 1), path + root + 1);
    p->base = disk_path("%.*s", (int)(tilde - slash) + ID_LEN, slash + 1);
    p->rest = disk_path("%s", tilde + 1 + ID_LEN);
    return true;
}

static bool begins(const char *s, const char *with)
{
    return strncmp(s, with, strlen(with)) == 0;
}

static bool is_commit(const struct place *from, const struct place *to)
{
    return begins(from->rest.s, ".hdr.w") &&
           (strcmp(to->rest.s, ".hdr.send") == 0 || strcmp(to->rest.s, ".hdr.drop") == 0 ||
            begins(to->rest.s, ".hdr.q-"));
}

/*
 * F0. The original must be durable only where it is the result: with the other
 * fates it is removed unread after the commit.
 */
static void check_commit(struct order *o, const struct place *to, const struct trace_call *c)
{
    struct disk_path stem = disk_path("%s/proc/%s.", o->root, to->base.s), rest;

    o->commits++;
    get_message(o, to->base.s)->commit = c->leave;
    for (size_t i = 0; i < o->file_n; i++) {
        const struct file *f = &o->file[i];

        if (begins(f->path, stem.s) && disk_cut_suffix(&rest, f->path, ".out") && f->dirty &&
            f->clean <= f->dirty && o->syncfs <= f->dirty)
            say(o, "F0: %s was not flushed before its commit", f->path + strlen(o->root) + 1);
    }
    if (begins(to->rest.s, ".hdr.q-") && !is_flushed(o, disk_path("%seml", stem.s).s, 0))
        say(o, "F0: the original of %s was not flushed before its commit to quarantine", to->base.s);
}

static void check_final(struct order *o, struct message *m, const char *what)
{
    if (!m->commit)
        say(o, "F1: %s of %s without a commit", what, m->base);
    else if (!is_flushed(o, disk_path("%s/proc", o->root).s, m->commit))
        say(o, "F1: %s of %s while its commit was not durable", what, m->base);
}

/* The originals leave proc only when the journal's line about the message is durable. */
static void check_last(struct order *o, const struct message *m, const char *what)
{
    if (!m->journal || m->delivered < m->published)
        say(o, "journal: the %s of %s left proc before its last line", what, m->base);
    else if (!is_flushed(o, o->journal, m->journal))
        say(o, "journal: the %s of %s left proc before its line was durable", what, m->base);
}

static void see_publish(struct order *o, const struct place *to, const struct trace_call *c)
{
    struct message *m = get_message(o, to->base.s);
    struct disk_path rest;
    bool envelope = strcmp(to->rest.s, ".hdr") == 0 || disk_cut_suffix(&rest, to->rest.s, ".hdr");

    check_final(o, m, "publication");
    if (strcmp(to->dir.s, "outgoing") == 0) {
        m->outgoing = envelope ? c->leave : m->outgoing;
        m->published += envelope;
        return;
    }
    if (envelope) { /* the last trace in proc: the line must be there already */
        check_last(o, m, "envelope");
        return;
    }
    m->class = c->leave;
    free(m->class_dir);
    m->class_dir = xasprintf("%s/%s", o->root, to->dir.s);
}

static void see_rename(struct order *o, const struct trace_call *c)
{
    struct place from = {0}, to = {0};
    struct file *f = get_file(o, c->path), moved = *f;

    /* The entry keeps its history under the new name. */
    f->dirty = f->clean = 0;
    f = get_file(o, c->path2);
    f->dirty = moved.dirty;
    f->clean = moved.clean;
    if (!split_path(o, c->path, &from) || !split_path(o, c->path2, &to) || strcmp(from.dir.s, "proc") != 0)
        return;
    if (strcmp(to.dir.s, "proc") == 0) {
        if (is_commit(&from, &to))
            check_commit(o, &to, c);
    } else if (strcmp(to.dir.s, "outgoing") == 0 ||
               (begins(to.dir.s, "quarantine/") && !begins(to.dir.s, "quarantine/failed"))) {
        see_publish(o, &to, c);
    }
}

static void see_line(struct order *o, struct view line, const struct trace_call *c)
{
    struct line_event e;
    struct message *m = NULL;

    if (!line_parse(&e, line))
        return;
    m = get_message(o, disk_path("%.*s", (int)e.id.n, e.id.p).s);
    if (view_equal(e.event, VIEW("delivered"))) {
        m->delivered++;
        if (!m->outgoing || !is_flushed(o, disk_path("%s/outgoing", o->root).s, m->outgoing))
            say(o, "F3: the journal says delivered while outgoing was not durable: %s", m->base);
    } else if (view_equal(e.event, VIEW("quarantined"))) {
        if (!m->class || !is_flushed(o, m->class_dir, m->class))
            say(o, "F3: the journal says quarantined while the entry was not durable: %s", m->base);
    } else if (view_equal(e.event, VIEW("discarded"))) {
        check_final(o, m, "audit line");
    } else {
        return;
    }
    m->journal = c->leave;
}

static void see_write(struct order *o, const struct trace_call *c)
{
    struct view rest = buf_view(&c->data), line;

    get_file(o, c->path)->dirty = c->leave;
    if (c->data.n == 0)
        return;
    free(o->journal);
    o->journal = xstrdup(c->path);
    while (line_next(&rest, &line))
        see_line(o, line, c);
}

static void see_unlink(struct order *o, const struct trace_call *c)
{
    struct place p = {0};

    get_file(o, c->path)->dirty = 0;
    if (split_path(o, c->path, &p) && strcmp(p.dir.s, "proc") == 0 && strcmp(p.rest.s, ".eml") == 0)
        check_last(o, get_message(o, p.base.s), "original");
}

bool order_see(void *arg, const struct trace_call *call)
{
    struct order *o = arg;

    if (o->record)
        trace_print_call(o->record, call);
    if (call->result < 0)
        return false;
    if (call->kind == TRACE_OPEN && call->creates && get_file(o, call->path)->dirty == 0)
        get_file(o, call->path)->dirty = call->leave;
    else if (call->kind == TRACE_WRITE)
        see_write(o, call);
    else if (call->kind == TRACE_SYNC)
        get_file(o, call->path)->clean = call->enter;
    else if (call->kind == TRACE_SYNCFS)
        o->syncfs = call->enter;
    else if (call->kind == TRACE_RENAME)
        see_rename(o, call);
    else if (call->kind == TRACE_UNLINK)
        see_unlink(o, call);
    return false;
}

unsigned order_commits(const struct order *o)
{
    return o->commits;
}

unsigned order_violations(const struct order *o)
{
    return o->violations;
}

struct view order_report(const struct order *o)
{
    return buf_view(&o->say);
}
