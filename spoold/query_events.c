/*
 * query_events.c - the journal's newest lines, for those who follow it (spoolctl tail).
 *
 * Store thread. Two questions: "last=N" gives up to N lines of the newest day,
 * "after=DAY:OFFSET" what was written behind a place. Both end with a line that
 * names the place from which to ask next time, so that nobody keeps a file of the
 * journal open between two questions. Must never read more than a slice in one
 * run, nor give more than EVENTS_MAX lines in one answer: "more" then says so.
 * The place comes from outside; where it does not fit, whole lines are found
 * again by their checksum.
 */
#include "spoold/query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/log.h"
#include "common/xalloc.h"

#define EVENTS_MAX      2000  /* lines of one answer */
#define EVENTS_SLICE    500   /* lines read in one run */
#define EVENTS_LAST_MAX 1000  /* of last= */
#define EVENTS_AS_IT_IS 30000 /* bytes of a line that is handed on unchanged */
#define EVENTS_LINE     1024  /* bytes of a usual line: how far back the first look goes */
#define EVENTS_BACK_MAX 16777216

struct events {
    struct journal_reader *reader; /* owned */
    struct journal_place next;     /* where to go on */
    size_t last;                   /* of last=; 0: after= was asked */
    char day[JOURNAL_DAY_LEN + 1]; /* the newest one, when last= was asked */
    uint64_t size, back;           /* of that day; how far before its end the present look began */
    struct buf *line;              /* owned: a ring of the last lines, `last` of them */
    size_t seen;
};

/* --- the question ------------------------------------------------------- */

static int parse_number(struct view v, uint64_t max, uint64_t *n)
{
    *n = 0;
    if (v.n == 0 || v.n > 15)
        return -1;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        *n = *n * 10 + (uint64_t)(v.p[i] - '0');
    }
    return *n <= max ? 0 : -1;
}

/* YYYY-MM-DD with the letter of its part: what becomes a file name must hold nothing else. */
static bool is_day(struct view v)
{
    static const char form[] = "0000-00-00";

    if (v.n < sizeof form - 1 || v.n > JOURNAL_DAY_LEN)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? v.p[i] < '0' || v.p[i] > '9' : v.p[i] != form[i])
            return false;
    return v.n < JOURNAL_DAY_LEN || (v.p[v.n - 1] >= 'b' && v.p[v.n - 1] <= 'z');
}

/* "DAY:OFFSET"; empty is the oldest line. */
static int parse_place(struct view v, struct journal_place *p)
{
    const char *colon = v.n ? memchr(v.p, ':', v.n) : NULL;
    size_t n = colon ? (size_t)(colon - v.p) : 0;

    *p = (struct journal_place){.offset = 0};
    if (!v.n)
        return 0;
    if (!colon || !is_day((struct view){v.p, n}) ||
        parse_number((struct view){colon + 1, v.n - n - 1}, INT64_MAX, &p->offset) < 0)
        return -1;
    memcpy(p->day, v.p, n);
    return 0;
}

/* --- lines -------------------------------------------------------------- */

/* One that no packet holds: its recipients cut, without the decision record. */
static void add_short(struct buf *out, const struct event *e)
{
    struct json j = {.comma = false};

    json_open(&j, out);
    json_add_time(&j, "at", e->at_ms);
    json_add_str(&j, "event", event_name(e->kind));
    json_add_view(&j, "id", base_view(&e->id));
    json_add_view(&j, "from", query_cut(e->sender));
    query_add_recipients(&j, e);
    query_add_outcome(&j, e);
    json_close(&j);
}

static void add_line(struct buf *out, const struct event *e, struct view line)
{
    if (line.n < EVENTS_AS_IT_IS)
        buf_add_view(out, line);
    else
        add_short(out, e);
    buf_add_char(out, '\n');
}

static void keep_line(struct query *q, struct events *v, const struct event *e)
{
    struct buf *to = v->last ? &v->line[v->seen % v->last] : &q->out;

    if (v->last)
        buf_clear(to);
    add_line(to, e, journal_reader_line(v->reader));
    v->seen++;
}

/* --- runs --------------------------------------------------------------- */

static void finish(struct query *q, struct events *v, bool more)
{
    struct json j = {.comma = false};
    struct buf place = {0};
    size_t n = v->seen < v->last ? v->seen : v->last;

    for (size_t i = v->seen - n; v->last && i < v->seen; i++)
        buf_add_view(&q->out, buf_view(&v->line[i % v->last]));
    if (v->next.day[0])
        buf_addf(&place, "%s:%llu", v->next.day, (unsigned long long)v->next.offset);
    json_open(&j, &q->out);
    json_add_view(&j, "next", buf_view(&place));
    json_add_bool(&j, "more", more);
    json_close(&j);
    buf_add_char(&q->out, '\n');
    buf_free(&place);
    query_end(q, EXIT_OK, "%s", "");
}

static int open_at(struct events *v, struct depot *d, const struct journal_place *at)
{
    journal_reader_close(&v->reader);
    v->reader = journal_reader_open(d->journal_dir, at->day[0] ? at : NULL);
    v->next = *at;
    v->seen = 0;
    return v->reader ? 0 : -1;
}

/* The lines in front of that place were long ones: begin further back. */
static bool look_further_back(struct events *v)
{
    if (!v->back || v->seen >= v->last || v->back >= v->size || v->back >= EVENTS_BACK_MAX)
        return false;
    v->back *= 8;
    return true;
}

static void read_slice(struct query *q, struct events *v, struct depot *d)
{
    struct journal_place at = {.offset = 0};
    struct event e = {.copy = 0};
    int rc = 1;

    for (unsigned i = 0; rc == 1 && i < EVENTS_SLICE; i++) {
        rc = journal_reader_next(v->reader, &e, &at);
        if (rc != 1)
            break;
        keep_line(q, v, &e);
        v->next = at;
        v->next.offset += at.length;
        if (!v->last && v->seen >= EVENTS_MAX) {
            finish(q, v, true);
            return;
        }
    }
    if (rc == 1)
        return;
    if (rc < 0) {
        query_end(q, EXIT_TEMP_75, "the journal cannot be read: %s; see the log", strerror(errno));
    } else if (look_further_back(v)) {
        memcpy(at.day, v->day, sizeof at.day);
        at.offset = v->size > v->back ? v->size - v->back : 0;
        if (open_at(v, d, &at) < 0)
            query_end(q, EXIT_TEMP_75, "the journal cannot be read: %s", strerror(errno));
    } else {
        finish(q, v, false);
    }
}

/* The end of the newest day; no day at all is an empty place. */
static void find_end(struct events *v, const struct depot *d, struct journal_place *at)
{
    char name[JOURNAL_DAY_LEN + 16];
    struct stat st = {.st_size = 0};

    *at = (struct journal_place){.offset = 0};
    if (journal_find_day(d->journal_dir, "", -1, JOURNAL_FIND_PLAIN, at->day) != 1)
        return;
    memcpy(v->day, at->day, sizeof v->day);
    snprintf(name, sizeof name, "%s.jsonl", at->day);
    if (fstatat(d->journal_dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0)
        v->size = (uint64_t)st.st_size;
    at->offset = v->size > v->back ? v->size - v->back : 0;
}

static void begin(struct query *q, struct depot *d)
{
    struct events *v = xcalloc(1, sizeof *v);
    struct view last = control_argument(&q->request, "last"), after = control_argument(&q->request, "after");
    struct journal_place at = {.offset = 0};
    uint64_t n = 0;

    q->state = v;
    if (q->request.n != 2 || (last.p && parse_number(last, EVENTS_LAST_MAX, &n) < 0) ||
        (!last.p && (!after.p || parse_place(after, &at) < 0))) {
        query_end(q, EXIT_USAGE_64, "events takes last=N, up to %d, or after=DAY:OFFSET", EVENTS_LAST_MAX);
        return;
    }
    if (last.p) {
        v->last = n ? n : 1;
        v->line = xcalloc(v->last, sizeof *v->line);
        v->back = n * EVENTS_LINE;
        find_end(v, d, &at);
    }
    if (open_at(v, d, &at) < 0)
        query_end(q, EXIT_TEMP_75, "the journal cannot be read: %s", strerror(errno));
}

static void run(struct query *q, struct depot *d)
{
    q->more = true; /* until query_end() */
    if (!q->state)
        begin(q, d);
    if (q->more)
        read_slice(q, q->state, d);
}

static void fini(struct query *q)
{
    struct events *v = q->state;

    if (v) {
        journal_reader_close(&v->reader);
        for (size_t i = 0; i < v->last; i++)
            buf_free(&v->line[i]);
        free(v->line);
    }
    free(v);
    q->state = NULL;
}

const struct query_verb query_events = {"events", run, fini};
