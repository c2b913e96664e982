/*
 * quarantine_record.c - see quarantine_record.h.
 *
 * Called by the quarantine verbs and release.c in the store thread. No
 * recursion: an object is walked member by member with journal_value.h, and the
 * one inner object that matters ("virus") is walked by the same loop again;
 * the list of parts stays text.
 * Trusts nothing about the bytes, neither form nor size.
 */
#include "spoold/quarantine_record.h"

#include "common/json.h"
#include "common/xalloc.h"
#include "spoold/journal_value.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* What one member means; NULL in the table: nothing to us. */
typedef int read_fn(struct quarantine_record *r, struct journal_value *c);

static int read_at(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_string(c, &r->at);
}

static int read_reason(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_string(c, &r->reason);
}

static int read_sender(struct quarantine_record *r, struct journal_value *c)
{
    r->has_sender = true;
    return journal_value_string(c, &r->sender);
}

static int read_sha256(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_string(c, &r->sha256);
}

static int read_virus_name(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_string(c, &r->virus_name);
}

static int read_size(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_number(c, &r->size);
}

static int read_releases(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_number(c, &r->releases);
}

/* An object or array as it stands, which begins so. */
static int read_whole(struct journal_value *c, char first, struct view *v)
{
    const char *start = c->p;

    if (journal_value_skip(c) < 0 || *start != first)
        return -1;
    *v = (struct view){start, (size_t)(c->p - start)};
    return 0;
}

static int read_virus(struct quarantine_record *r, struct journal_value *c)
{
    return read_whole(c, '{', &r->virus);
}

static int read_parts(struct quarantine_record *r, struct journal_value *c)
{
    return read_whole(c, '[', &r->parts);
}

static int read_parts_more(struct quarantine_record *r, struct journal_value *c)
{
    return journal_value_number(c, &r->parts_more);
}

static int read_oddities(struct quarantine_record *r, struct journal_value *c)
{
    return read_whole(c, '[', &r->oddities);
}

static int read_ambiguous(struct quarantine_record *r, struct journal_value *c)
{
    const char *start = c->p;

    if (journal_value_skip(c) < 0)
        return -1;
    r->ambiguous = view_equal((struct view){start, (size_t)(c->p - start)}, VIEW("true"));
    return 0;
}

static int read_recipients(struct quarantine_record *r, struct journal_value *c)
{
    if (r->has_rcpt || !journal_value_take(c, '['))
        return -1;
    r->has_rcpt = true;
    while (!journal_value_take(c, ']')) {
        if (r->rcpt_n && !journal_value_take(c, ','))
            return -1;
        if (r->rcpt_n == r->rcpt_cap) {
            r->rcpt_cap = r->rcpt_cap ? r->rcpt_cap * 2 : 16;
            r->rcpt = xrealloc(r->rcpt, r->rcpt_cap, sizeof *r->rcpt);
        }
        if (journal_value_string(c, &r->rcpt[r->rcpt_n++]) < 0)
            return -1;
    }
    return 0;
}

struct member {
    struct view key;
    read_fn *read;
};

static const struct member members[] = {
    {{"at", 2}, read_at},
    {{"reason", 6}, read_reason},
    {{"from", 4}, read_sender},
    {{"sha256", 6}, read_sha256},
    {{"size", 4}, read_size},
    {{"releases", 8}, read_releases},
    {{"virus", 5}, read_virus},
    {{"recipients", 10}, read_recipients},
    {{"parts", 5}, read_parts},
    {{"parts_more", 10}, read_parts_more},
    {{"oddities", 8}, read_oddities},
    {{"ambiguous", 9}, read_ambiguous},
    {{NULL, 0}, NULL},
};
static const struct member virus_members[] = {{{"name", 4}, read_virus_name}, {{NULL, 0}, NULL}};

static const struct member *find_member(const struct member *table, struct view key)
{
    while (table->read && !view_equal(table->key, key))
        table++;
    return table;
}

/* The next key of an object that was opened; 1, 0 at its end, -1. `nth` counts the members. */
static int next_key(struct journal_value *c, size_t *nth, struct view *key)
{
    if (journal_value_take(c, '}'))
        return 0;
    if ((*nth && !journal_value_take(c, ',')) || ++*nth > QUARANTINE_MEMBERS_MAX)
        return -1;
    return journal_value_string(c, key) < 0 || !journal_value_take(c, ':') ? -1 : 1;
}

static int parse_object(struct quarantine_record *r, struct view object, const struct member *table)
{
    struct journal_value c = {object.p, object.p + object.n, &r->text};
    struct view key = {NULL, 0};
    size_t nth = 0;
    int rc = journal_value_take(&c, '{') ? 1 : -1;

    while (rc == 1 && (rc = next_key(&c, &nth, &key)) == 1) {
        const struct member *m = find_member(table, key);

        if ((m->read ? m->read(r, &c) : journal_value_skip(&c)) < 0)
            rc = -1;
    }
    return rc == 0 && c.p == c.end ? 0 : -1;
}

int quarantine_record_parse(struct quarantine_record *r, struct buf *raw)
{
    struct view text = buf_view(raw);

    *r = (struct quarantine_record){.raw = *raw};
    *raw = (struct buf){0};
    while (text.n && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
        text.n--;
    buf_reserve(&r->text, 2 * text.n + 1); /* views point into it: it must never move */
    if (!text.n || parse_object(r, text, members) < 0 ||
        (r->virus.n && parse_object(r, r->virus, virus_members) < 0)) {
        errno = EBADMSG;
        return -1;
    }
    return 0;
}

int quarantine_record_read(struct quarantine_record *r, const struct spool_dir *dir, const char *name)
{
    int fd = openat(dir->fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc, saved;
    struct buf raw = {0};

    *r = (struct quarantine_record){.size = 0};
    if (fd < 0)
        return -1;
    rc = buf_read_fd(&raw, fd, QUARANTINE_RECORD_MAX);
    saved = errno;
    close(fd);
    if (rc == 0 && quarantine_record_parse(r, &raw) == 0)
        return 0;
    buf_free(&raw);
    quarantine_record_free(r); /* half a record must not look like a shorter one */
    errno = rc < 0 ? (saved == EFBIG ? EBADMSG : saved) : EBADMSG;
    return -1;
}

void quarantine_record_free(struct quarantine_record *r)
{
    buf_free(&r->raw);
    buf_free(&r->text);
    free(r->rcpt);
    *r = (struct quarantine_record){.size = 0};
}

/* Ours are; another one would have to be escaped anew, and is left out. */
static bool is_plain_key(struct view key)
{
    for (size_t i = 0; i < key.n; i++)
        if ((key.p[i] < 'a' || key.p[i] > 'z') && (key.p[i] < '0' || key.p[i] > '9') && key.p[i] != '_')
            return false;
    return key.n > 0;
}

/* What is written anew, or by json_open() and json_close(). */
static bool is_written_anew(struct view key)
{
    return view_equal(key, VIEW("v")) || view_equal(key, VIEW("raw")) ||
           view_equal(key, VIEW("recipients")) || view_equal(key, VIEW("releases"));
}

/* All other members, byte for byte. */
static void copy_members(const struct quarantine_record *r, struct json *j)
{
    struct buf keys = {0};
    struct journal_value c = {r->raw.p, r->raw.p + r->raw.n, &keys};
    struct view key = {NULL, 0};
    size_t nth = 0;

    buf_reserve(&keys, r->raw.n + 1);
    journal_value_take(&c, '{');
    while (r->raw.n && next_key(&c, &nth, &key) == 1) {
        const char *value = c.p;
        char *name = NULL;

        if (journal_value_skip(&c) < 0)
            break; /* cannot be: it was read before */
        j->raw |= view_equal(key, VIEW("raw"));
        if (!is_plain_key(key) || is_written_anew(key))
            continue;
        name = xstrndup(key.p, key.n);
        json_add_text(j, name, (struct view){value, (size_t)(c.p - value)});
        free(name);
    }
    buf_free(&keys);
}

void quarantine_record_write(const struct quarantine_record *r, const struct view *rcpt, size_t n,
                             struct buf *out)
{
    struct json j;

    json_open(&j, out);
    copy_members(r, &j);
    json_add_views(&j, "recipients", rcpt, n);
    json_add_int(&j, "releases", (int64_t)r->releases + 1);
    json_close(&j);
    buf_add_char(out, '\n');
}
