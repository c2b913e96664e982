/*
 * ctl_record.c - see ctl_record.h: the search through the days of the journal.
 *
 * Called by ctl_explain.c and by whoever decides again. An id says when its message was claimed, so the
 * search begins with that day; lines of other messages are passed over unread (journal_reader_only). A line
 * counts only when its checksum fits. The last record of an id is the one that counts: after a crash before
 * the commit a message is decided anew. A name is asked of spoold, which has an index, else looked for day by
 * day.
 */
#include "tools/ctl_record.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/journal.h"
#include "tools/ctl_link.h"
#include "tools/ctl_record_part.h"
#include "tools/ctl_request.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LATER_MS 3600000 /* the lines of one message that end it stand within this time */
#define DAY_END  "z"     /* behind the letter of every part of a day */

int ctl_record_open_folder(const struct config *c, const char *path, const char *below)
{
    int at = AT_FDCWD, fd, err;
    char *whole = xasprintf("%s%s%s", path, *below ? "/" : "", below);

    if (path[0] != '/')
        at = open(c->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
    fd = at == -1 ? -1 : openat(at, whole, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    err = errno;
    if (at >= 0)
        close(at);
    free(whole);
    errno = err;
    return fd;
}

/* 75 with words; nothing where it is only not there. */
static int unreadable(const struct config *c, struct buf *why)
{
    int err = errno;

    if (err == ENOENT)
        return 0;
    buf_addf(why, "%s%s%s/journal cannot be read: %s", c->state[0] == '/' ? "" : c->root,
             c->state[0] == '/' ? "" : "/", c->state, strerror(err));
    if (err == EACCES || err == EPERM)
        buf_add_str(
            why, ". What was decided about mail is for root and the user of spoold: run this as one of them");
    return EXIT_TEMP_75;
}

/* "2026-01-02", and behind it `end`. */
static void day_of(int64_t ms, const char *end, char day[JOURNAL_DAY_LEN + 1])
{
    time_t s = ms / 1000;
    struct tm tm = {.tm_mday = 1};

    gmtime_r(&s, &tm);
    if (ms < 0 || tm.tm_year > 8099)
        tm = (struct tm){.tm_year = 70, .tm_mday = 1};
    strftime(day, JOURNAL_DAY_LEN, "%Y-%m-%d", &tm);
    memcpy(day + JOURNAL_DAY_LEN - 1, end, strlen(end) + 1);
}

/* --- one message ------------------------------------------------------------------ */

struct search {
    struct ctl_record *to;
    struct view tail;                /* that the id ends with: "~" and 25 characters, or all of it */
    char until[JOURNAL_DAY_LEN + 1]; /* the last day that matters, once that is known */
};

static bool same_recipients(const struct event *a, const struct event *b)
{
    size_t i = 0;

    while (i < a->rcpt_n && i < b->rcpt_n && view_equal(a->rcpt[i], b->rcpt[i]))
        i++;
    return i == a->rcpt_n && i == b->rcpt_n;
}

/* Recipients are no sign of the next line where an envelope names the same ones over and over; that the first
 * line alone has the record is one. */
static bool goes_on(const struct event *first, const struct event *e)
{
    return first->record.n && !e->record.n && e->at_ms == first->at_ms;
}

/* Many recipients have several lines; all of them may stand again, the first one first: after a crash, or
 * with a new decision. */
static void take_accepted(struct ctl_record *r, const struct event *e, struct view line)
{
    struct journal_scratch *s = journal_scratch_new();
    const char *end = r->lines.n ? memchr(r->lines.p, '\n', r->lines.n) : NULL;
    struct event first;

    if (end && journal_parse_line((struct view){r->lines.p, (size_t)(end - r->lines.p)}, &first, s) == 0 &&
        same_recipients(&first, e) && !goes_on(&first, e))
        buf_clear(&r->lines);
    journal_scratch_free(&s);
    r->at_ms = r->at_ms ? r->at_ms : e->at_ms;
    buf_add_view(&r->lines, line);
    buf_add_char(&r->lines, '\n');
}

/* Until read_lines() they stand at the beginning of `text`, one behind the other. */
static void set_end(struct ctl_record *r, struct view class, struct view reason)
{
    buf_clear(&r->text);
    buf_add_view(&r->text, class);
    buf_add_view(&r->text, reason);
    r->class.n = class.n;
    r->reason.n = reason.n;
}

static bool is_end(enum event_kind kind)
{
    return kind == EVENT_DELIVERED || kind == EVENT_QUARANTINED || kind == EVENT_DISCARDED;
}

static void take_event(struct search *s, struct journal_reader *reader, const struct event *e)
{
    struct ctl_record *r = s->to;

    if (!view_ends_with(base_view(&e->id), s->tail) || (r->id && strcmp(r->id, e->id.s) != 0))
        return;
    if (!r->id)
        r->id = xstrndup(e->id.s, e->id.len);
    r->last = event_name(e->kind);
    if (e->kind == EVENT_ACCEPTED)
        take_accepted(r, e, journal_reader_line(reader));
    if (e->record.n) {
        buf_clear(&r->json);
        buf_add_view(&r->json, e->record);
        r->where = event_name(e->kind);
    }
    if (!is_end(e->kind))
        return;
    set_end(r, e->class, e->reason);
    if (!*s->until) { /* a failed flush writes them again into the next part, a late one into the next day */
        day_of(e->at_ms + LATER_MS, DAY_END, s->until);
        journal_reader_only(reader, s->tail, s->until);
    }
}

/* Lines hold the id as it is: nothing in one needs an escape. */
static void search_from(struct search *s, int dir, const char *day)
{
    struct journal_place place = {.offset = 0};
    struct journal_reader *reader;
    struct event e;
    int rc = 1;

    memcpy(place.day, day, strlen(day) + 1);
    reader = journal_reader_open(dir, &place);
    if (!reader)
        return;
    journal_reader_only(reader, s->tail, NULL);
    while ((rc = journal_reader_next(reader, &e, &place)) != 0)
        if (rc == 1)
            take_event(s, reader, &e);
    journal_reader_close(&reader);
}

static void search_journal(struct ctl_record *to, int dir, const struct base *id, struct view tail)
{
    struct search s = {.to = to, .tail = tail};
    char day[JOURNAL_DAY_LEN + 1];

    day_of(base_time_ns(id) / 1000000, "", day);
    search_from(&s, dir, day);
}

/* --- what the lines say ------------------------------------------------------------- */

static struct view keep(struct buf *text, struct view v)
{
    size_t at = text->n;

    buf_add_view(text, v);
    return (struct view){text->p + at, v.n};
}

static void take_line(struct ctl_record *r, const struct event *e)
{
    if (!r->has_from) {
        r->size = e->size;
        r->name = keep(&r->text, e->name);
        r->client = keep(&r->text, e->client);
        r->from = keep(&r->text, e->sender);
        r->has_from = true;
    }
    r->rcpt = xrealloc(r->rcpt, r->rcpt_n + e->rcpt_n + 1, sizeof *r->rcpt);
    for (size_t i = 0; i < e->rcpt_n; i++)
        r->rcpt[r->rcpt_n++] = keep(&r->text, e->rcpt[i]);
}

/* Decoded text is never longer than the line, so with enough room nothing moves. */
static void read_lines(struct ctl_record *r)
{
    struct journal_scratch *s = journal_scratch_new();
    struct view rest = buf_view(&r->lines);
    struct buf end = r->text; /* class and reason of the last event */
    struct event e;

    r->text = (struct buf){0};
    buf_reserve(&r->text, r->lines.n + end.n + r->json.n + 1);
    r->class = keep(&r->text, (struct view){end.p, r->class.n});
    r->reason = keep(&r->text, (struct view){end.p + r->class.n, r->reason.n});
    while (rest.n) {
        struct view line = {rest.p, (size_t)((const char *)memchr(rest.p, '\n', rest.n) - rest.p)};

        if (journal_parse_line(line, &e, s) == 0)
            take_line(r, &e);
        rest = (struct view){rest.p + line.n + 1, rest.n - line.n - 1};
    }
    journal_scratch_free(&s);
    buf_free(&end);
}

/* --- names -------------------------------------------------------------------------- */

static void see_id(struct view line, const json_t *object, void *arg)
{
    const json_t *id = json_object_get(object, "id");
    char **to = arg;

    (void)line;
    if (!*to && json_is_string(id))
        *to = xstrdup(json_string_value(id));
}

/* NULL where spoold does not run, or knows none. */
static char *ask_id(const struct config *c, const char *word)
{
    struct ctl_link l = {.fd = -1};
    struct buf request = {0}, why = {0};
    char *id = NULL;

    if (ctl_request_add_word(&request, NULL, "show") == 0 &&
        ctl_request_add_word(&request, NULL, word) == 0 && ctl_link_open(&l, c->root, c->state, &why) == 0 &&
        ctl_link_send(&l, &request, &why) == 0)
        ctl_link_receive(&l, see_id, &id, &why);
    ctl_link_close(&l);
    buf_free(&request);
    buf_free(&why);
    return id;
}

/* The newest of one day. */
static void search_name(int dir, const char *day, const char *name, struct base *found)
{
    char until[JOURNAL_DAY_LEN + 1];
    struct journal_place place = {.offset = 0};
    struct journal_reader *reader;
    struct buf needle = {0};
    struct json j = {.out = &needle};
    struct event e;
    int rc;

    json_add_view(&j, "name", view_of(name));
    memcpy(place.day, day, strlen(day) + 1);
    memcpy(until, day, strlen(day) + 1);
    reader = journal_reader_open(dir, &place);
    if (reader)
        journal_reader_only(reader, buf_view(&needle), until);
    while (reader && (rc = journal_reader_next(reader, &e, &place)) != 0)
        if (rc == 1 && e.kind == EVENT_ACCEPTED && view_equal(e.name, view_of(name)))
            *found = e.id;
    journal_reader_close(&reader);
    buf_free(&needle);
}

static int find_name(int dir, const char *name, struct base *found)
{
    char day[JOURNAL_DAY_LEN + 1] = "";

    while (!found->len && journal_find_day(dir, day, -1, JOURNAL_FIND_ANY, day) == 1)
        search_name(dir, day, name, found);
    return found->len ? 0 : -1;
}

/* --- all of it ---------------------------------------------------------------------- */

/* What the word means: an id, of which a part may be known only. -1: it may be a name. */
static int read_word(const char *word, struct base *id)
{
    struct buf text = {0};
    int rc = base_parse(id, view_of(word));

    if (rc < 0 && strlen(word) == BASE_ID_LEN) {
        buf_addf(&text, "x~%s", word);
        rc = base_parse(id, buf_view(&text));
        buf_free(&text);
    }
    return rc;
}

/* The id of a message of that name. */
static int resolve_name(const struct config *c, int dir, const char *word, struct base *id)
{
    char *known = ask_id(c, word);
    int rc = known ? base_parse(id, view_of(known)) : -1;

    free(known);
    *id = rc == 0 ? *id : (struct base){.len = 0};
    return rc == 0 || dir < 0 ? rc : find_name(dir, word, id);
}

static int not_found(int dir, struct buf *why)
{
    buf_add_str(why, "no message is known by that name");
    if (dir < 0)
        buf_add_str(why, "; there is no journal here");
    return EXIT_FINDING;
}

static int find(const struct config *c, int dir, const char *word, struct ctl_record *to)
{
    struct base id = {.len = 0};
    struct view tail = view_of(word);

    if (read_word(word, &id) == 0) {
        if (dir >= 0)
            search_journal(to, dir, &id, tail);
        ctl_record_find_files(c, tail, to);
    }
    if (to->id || resolve_name(c, dir, word, &id) < 0)
        return to->id ? 0 : -1;
    if (dir >= 0)
        search_journal(to, dir, &id, base_view(&id));
    ctl_record_find_files(c, base_view(&id), to);
    return to->id ? 0 : -1;
}

int ctl_record_find(const struct config *c, const char *word, struct ctl_record *to, struct buf *why)
{
    int dir = ctl_record_open_folder(c, c->state, "journal"), rc;

    *to = (struct ctl_record){.where = "", .last = ""};
    if (dir < 0 && (rc = unreadable(c, why)) != 0)
        return rc;
    rc = find(c, dir, word, to) < 0 ? not_found(dir, why) : 0;
    if (rc == 0)
        read_lines(to);
    if (rc == 0 && (!to->rcpt_n || !to->lines.n))
        ctl_record_take_entry(to);
    if (dir >= 0)
        close(dir);
    return rc;
}

void ctl_record_free(struct ctl_record *r)
{
    free(r->id);
    free(r->rcpt);
    buf_free(&r->lines);
    buf_free(&r->json);
    buf_free(&r->text);
    *r = (struct ctl_record){.where = "", .last = ""};
}
