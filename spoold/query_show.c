/*
 * query_show.c - one message: where it stands on disk, and what the journal says of it.
 *
 * Store thread, asked by spoolctl show. What a person typed is tried as a whole
 * BASE, then as its last 25 characters, then as a dropped NAME, the latter two by
 * walking the ledger in slices. Then one line about the message, and its journal
 * lines. Must never read more of the journal than SHOW_LINES_MAX lines: what may
 * be missing is said in a note. Trusts file names of proc no more than recover.c.
 */
#include "spoold/query.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/recover.h"

#define SHOW_LINES_MAX 20000 /* of the journal, behind the line that decided */
#define SHOW_AS_IT_IS  30000 /* bytes of a journal line that is handed on unchanged */
#define SHOW_RECORD    22000 /* bytes of a decision record that is handed on with a shortened line */
#define SHOW_PLACES    64    /* files of one message that are named */

struct show {
    void (*step)(struct query *q, struct show *s, struct depot *d);
    struct base resume;
    bool have_row;
    struct ledger_row row;         /* row.id is the message */
    struct journal_reader *reader; /* owned; behind the line that decided */
    unsigned lines;
    unsigned kinds; /* bit per event_kind that was shown */
    uint32_t
        copies[EVENT_KIND__MAX]; /* bit K: copy K of that event was shown; bit 0: the message as a whole */
};

/* What is known of the message from directories alone. */
struct show_disk {
    struct recover_found found;
    bool in_proc;
    char *place[SHOW_PLACES]; /* owned */
    size_t n;
};

static void show_disk_head(struct query *q, struct show *s, struct depot *d);
static void find_by_tail(struct query *q, struct show *s, struct depot *d);
static void find_by_name(struct query *q, struct show *s, struct depot *d);

/* --- which message ------------------------------------------------------ */

static void not_found(struct query *q, struct depot *d)
{
    if (ledger_catching_up(d->ledger))
        query_end(q, EXIT_TEMP_75,
                  "not found so far; the ledger is still being built; ask again in a moment");
    else
        query_end(q, EXIT_FINDING, "no message is known by that name");
}

static int keep_tail(const struct ledger_row *row, void *arg)
{
    const struct query *q = arg;
    struct show *s = q->state;

    if (!view_ends_with(base_view(&row->id), q->request.word[1]))
        return 0;
    s->row = *row;
    s->have_row = true;
    return 1;
}

static int64_t row_time(const struct ledger_row *row)
{
    return row->accepted_ms ? row->accepted_ms : row->final_ms;
}

/* All of that name have to be seen: those of another intake stand elsewhere in the list. */
static int keep_newest(const struct ledger_row *row, void *arg)
{
    struct show *s = ((const struct query *)arg)->state;

    if (!s->have_row || row_time(row) > row_time(&s->row))
        s->row = *row;
    s->have_row = true;
    return 0;
}

static void find_by_tail(struct query *q, struct show *s, struct depot *d)
{
    if (ledger_walk(d->ledger, (struct ledger_find){LEDGER_BY_ID, VIEW(""), QUERY_SLICE_ROWS}, &s->resume,
                    keep_tail, q) < 0)
        query_end_no_ledger(q);
    else if (s->have_row)
        s->step = show_disk_head;
    else if (!s->resume.s[0])
        s->step = find_by_name;
}

static void find_by_name(struct query *q, struct show *s, struct depot *d)
{
    if (ledger_walk(d->ledger, (struct ledger_find){LEDGER_BY_NAME, q->request.word[1], QUERY_SLICE_ROWS},
                    &s->resume, keep_newest, q) < 0)
        query_end_no_ledger(q);
    else if (s->have_row && !s->resume.s[0])
        s->step = show_disk_head;
    else if (!s->resume.s[0])
        not_found(q, d);
}

/* 25 characters that could end a BASE. */
static bool is_tail(struct view v)
{
    struct base b = {.len = 0};
    char text[2 + BASE_ID_LEN] = "x~";

    if (v.n != BASE_ID_LEN)
        return false;
    memcpy(text + 2, v.p, BASE_ID_LEN);
    return base_parse(&b, (struct view){text, sizeof text}) == 0;
}

/* A whole BASE that the ledger does not know may still stand on disk, so that is looked at in any case. */
static void find_first(struct query *q, struct show *s, struct depot *d)
{
    struct view word = q->request.n == 2 ? q->request.word[1] : VIEW("");
    struct base id = {.len = 0};
    int rc = 0;

    if (!word.n) {
        query_end(q, EXIT_USAGE_64,
                  "exactly one id is wanted: a whole id, its last 25 characters, or the dropped name");
        return;
    }
    if (base_parse(&id, word) < 0) {
        s->step = is_tail(word) ? find_by_tail : find_by_name;
        return;
    }
    rc = ledger_get(d->ledger, word, &s->row);
    s->have_row = rc == 1;
    if (rc != 1)
        s->row = (struct ledger_row){.id = id};
    s->step = show_disk_head;
}

/* --- where it stands ---------------------------------------------------- */

static void add_place(struct show_disk *w, char *place)
{
    if (w->n < SHOW_PLACES)
        w->place[w->n++] = place;
    else
        free(place);
}

static void look_at_proc_name(struct show_disk *w, const struct depot *d, const struct base *id,
                              const char *name)
{
    struct recover_found f = {.n = 0};

    if (strncmp(name, id->s, id->len) != 0 || recover_parse_name(&f, view_of(name)) < 0 ||
        !view_equal(base_view(&f.base), base_view(id)))
        return;
    if (w->in_proc)
        recover_merge(&w->found, &f);
    else
        w->found = f;
    w->in_proc = true;
    add_place(w, xasprintf("%s/%s", d->cfg->proc, name));
}

/* The whole folder is read: suffixes are many, and strangers' ones are of interest too. */
static void look_at_proc(struct show_disk *w, const struct depot *d, const struct base *id)
{
    int fd = openat(d->spool.proc.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e = NULL;

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return;
    }
    while ((e = readdir(dir)) != NULL)
        look_at_proc_name(w, d, id, e->d_name);
    closedir(dir);
}

static void look_for(struct show_disk *w, const struct spool_dir *dir, const char *path,
                     const struct base *id, const char *suffix)
{
    if (query_has_file(dir, id, suffix))
        add_place(w, xasprintf("%s/%s%s", path, id->s, suffix));
}

/* What an outlet refused for good stands there as copy K. */
static void look_for_copy(struct show_disk *w, const struct spool_dir *dir, const char *path,
                          const struct base *id, unsigned k)
{
    static const char *const suffixes[] = {".eml", ".hdr", ".json"};
    char suffix[16];

    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        snprintf(suffix, sizeof suffix, ".%u%s", k, suffixes[i]);
        look_for(w, dir, path, id, suffix);
    }
}

static void look_at_quarantine(struct show_disk *w, const struct depot *d, const struct base *id)
{
    static const char *const suffixes[] = {".eml",      ".hdr",     ".json",    ".hdr.rel",
                                           ".hdr.part", ".hdr.del", ".json.rel"};

    for (int c = 0; c < SPOOL_CLASS__MAX; c++) {
        char *path = xasprintf("%s/%s", d->cfg->quarantine, spool_class_name((enum spool_class)c));

        for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++)
            look_for(w, &d->spool.class[c], path, id, suffixes[i]);
        for (unsigned k = 1; c == SPOOL_CLASS_FAILED && k <= MSG_COPIES_MAX; k++)
            look_for_copy(w, &d->spool.class[c], path, id, k);
        free(path);
    }
}

static void look_for_pair(struct show_disk *w, const struct depot *d, size_t intake, const struct base *id,
                          const char *copy)
{
    static const char *const halves[] = {".eml", ".hdr"};
    char suffix[16];

    for (size_t i = 0; i < sizeof halves / sizeof *halves; i++) {
        snprintf(suffix, sizeof suffix, "%s%s", copy, halves[i]);
        look_for(w, &d->spool.outlet[intake], d->cfg->intake[intake].outlet, id, suffix);
    }
}

/* What the next program has not taken yet. Copy 1 has no number; releases are "r", "r2" ... */
static void look_at_outlet(struct show_disk *w, const struct depot *d, const struct base *id)
{
    size_t intake = recover_intake(d->cfg, id);
    char copy[8];

    if (intake == SIZE_MAX)
        return;
    look_for_pair(w, d, intake, id, "");
    for (unsigned k = 2; k <= MSG_COPIES_MAX; k++) {
        snprintf(copy, sizeof copy, ".%u", k);
        look_for_pair(w, d, intake, id, copy);
    }
    look_for_pair(w, d, intake, id, ".r");
    for (unsigned n = 2; n <= MSG_COPIES_MAX; n++) {
        snprintf(copy, sizeof copy, ".r%u", n);
        look_for_pair(w, d, intake, id, copy);
    }
}

/* --- the first line ----------------------------------------------------- */

/* In proc it is what the envelope's suffix says, elsewhere what the ledger says. */
static void state_text(struct buf *b, const struct show *s, const struct depot *d, const struct show_disk *w)
{
    static const char *const names[] = {
        [RECOVER_CLAIMED] = "claimed",
        [RECOVER_OFFERED] = "offered",
        [RECOVER_HELD] = "held",
        [RECOVER_SEND] = "decided: send",
        [RECOVER_DROP] = "decided: discard",
        [RECOVER_FOREIGN] = "with another program",
    };
    enum recover_state state = w->in_proc ? w->found.state : RECOVER_NONE;

    if (state == RECOVER_WORK)
        buf_addf(b, "in work (attempt %u)", w->found.n);
    else if (state == RECOVER_QUARANTINE)
        buf_addf(b, "decided: quarantine %s", spool_class_name(w->found.class));
    else if (state != RECOVER_NONE)
        buf_add_str(b, names[state]);
    else
        buf_add_str(b, s->have_row ? query_row_word(d, &s->row) : "unknown");
}

/* Why it waits and until when, while the ledger knows. */
static void add_hold(struct json *j, struct depot *d, const struct base *id)
{
    struct ledger_hold h = {.tries = 0};

    if (ledger_get_hold(d->ledger, base_view(id), &h) != 1)
        return;
    json_add_view(j, "reason", (struct view){h.reason, strnlen(h.reason, sizeof h.reason)});
    json_add_time(j, "next", h.next_ms);
}

static void write_head(struct query *q, const struct show *s, struct depot *d, const struct show_disk *w)
{
    struct view places[SHOW_PLACES];
    struct json j = {.comma = false};
    struct buf state = {.n = 0};
    size_t n = 0, bytes = 0;

    for (; n < w->n && (bytes += strlen(w->place[n]) + 3) <= QUERY_BYTES_MAX; n++)
        places[n] = view_of(w->place[n]);
    state_text(&state, s, d, w);
    json_open(&j, &q->out);
    json_add_view(&j, "id", base_view(&s->row.id));
    json_add_view(&j, "state", buf_view(&state));
    if (w->in_proc && w->found.state == RECOVER_HELD)
        add_hold(&j, d, &s->row.id);
    json_add_views(&j, "places", places, n);
    json_close(&j);
    buf_add_char(&q->out, '\n');
    buf_free(&state);
}

/* --- the journal -------------------------------------------------------- */

/* Facts are the last member of a record (verdict.h): what is too long goes without them. */
static void add_record(struct json *j, struct view record)
{
    static const char facts[] = ",\"facts\":{";
    const char *at;
    struct buf cut = {0};

    if (record.n > SHOW_RECORD && (at = memmem(record.p, record.n, facts, sizeof facts - 1)) &&
        (size_t)(at - record.p) < SHOW_RECORD) {
        buf_add(&cut, record.p, (size_t)(at - record.p));
        buf_add_str(&cut, ",\"facts_cut\":true}");
        json_add_text(j, "record", buf_view(&cut));
    } else if (record.n && record.n <= SHOW_RECORD) {
        json_add_text(j, "record", record);
    }
    buf_free(&cut);
}

/* A line too long for one packet: everything but the recipients. */
static void write_short(struct query *q, const struct event *e)
{
    struct json j = {.comma = false};

    json_open(&j, &q->out);
    json_add_time(&j, "at", e->at_ms);
    json_add_str(&j, "event", event_name(e->kind));
    json_add_view(&j, "id", base_view(&e->id));
    if (e->copy)
        json_add_int(&j, "copy", (int64_t)e->copy);
    if (e->name.n)
        json_add_view(&j, "name", query_cut(e->name));
    if (e->client.n)
        json_add_view(&j, "client", query_cut(e->client));
    if (e->sender.n || e->kind == EVENT_ACCEPTED)
        json_add_view(&j, "from", query_cut(e->sender));
    json_add_int(&j, "to_count", (int64_t)e->rcpt_n);
    query_add_outcome(&j, e);
    add_record(&j, e->record);
    json_close(&j);
    buf_add_char(&q->out, '\n');
}

/* After a crash an event may stand twice; it counts once. */
static void write_event(struct query *q, struct show *s, const struct event *e, struct view line)
{
    uint32_t bit = UINT32_C(1) << (e->copy < 32 ? e->copy : 31);

    if (s->copies[e->kind] & bit)
        return;
    s->copies[e->kind] |= bit;
    s->kinds |= 1U << e->kind;
    if (line.n >= SHOW_AS_IT_IS) {
        write_short(q, e);
        return;
    }
    buf_add_view(&q->out, line);
    buf_add_char(&q->out, '\n');
}

static bool all_shown(const struct show *s)
{
    unsigned copies = (unsigned)__builtin_popcount(s->copies[EVENT_DELIVERED]);

    return (s->row.events & ~s->kinds) == 0 && copies >= s->row.copies;
}

/* How many releases there were is not known: they end with the deletion, or with the journal. */
static bool is_over(const struct show *s)
{
    return all_shown(s) && (!query_has_event(&s->row, EVENT_RELEASED) || (s->kinds & 1U << EVENT_DELETED));
}

static void finish(struct query *q, const struct show *s)
{
    struct json j = {.comma = false};

    if (s->have_row && !all_shown(s)) {
        json_open(&j, &q->out);
        json_add_str(&j, "note",
                     "the ledger knows of more events than are shown here; "
                     "they stand further on in the journal, or the journal of that day was removed");
        json_close(&j);
        buf_add_char(&q->out, '\n');
    }
    query_end(q, EXIT_OK, "%s", "");
}

/* One slice of what stands behind the line that decided: further copies, then releases and deletions. */
static void show_later(struct query *q, struct show *s, struct depot *d)
{
    struct journal_place place = {.offset = 0};
    struct event e = {.copy = 0};
    int rc = 1;

    (void)d;
    for (unsigned i = 0; rc == 1 && i < QUERY_SLICE_ROWS && !is_over(s); i++) {
        rc = journal_reader_next(s->reader, &e, &place);
        s->lines++;
        if (rc == 1 && view_equal(base_view(&e.id), base_view(&s->row.id)))
            write_event(q, s, &e, journal_reader_line(s->reader));
    }
    if (rc != 1 || s->lines >= SHOW_LINES_MAX || is_over(s))
        finish(q, s);
}

/*
 * Both lines by direct access. Nothing that is not a repetition can stand
 * between them: row.final is the first line after the accepted one that the
 * ledger took note of, so what is between is other messages, however many.
 */
static void show_events(struct query *q, struct show *s, struct depot *d)
{
    struct journal_reader *r = NULL;
    struct event e = {.copy = 0};

    if (query_read_line(d, &s->row.id, &s->row.accepted, &r, &e) == 1)
        write_event(q, s, &e, journal_reader_line(r));
    journal_reader_close(&r);
    if (query_read_line(d, &s->row.id, &s->row.final, &s->reader, &e) == 1)
        write_event(q, s, &e, journal_reader_line(s->reader));
    if (s->reader && !is_over(s))
        s->step = show_later;
    else
        finish(q, s);
}

static void show_disk_head(struct query *q, struct show *s, struct depot *d)
{
    struct show_disk w = {.n = 0};

    look_at_proc(&w, d, &s->row.id);
    look_at_quarantine(&w, d, &s->row.id);
    look_at_outlet(&w, d, &s->row.id);
    s->resume.s[0] = '\0';
    if (!s->have_row && !w.n) {
        s->step = find_by_name; /* a dropped NAME may look like a BASE */
    } else {
        write_head(q, s, d, &w);
        s->step = show_events;
    }
    for (size_t i = 0; i < w.n; i++)
        free(w.place[i]);
}

static void run(struct query *q, struct depot *d)
{
    struct show *s = q->state;

    if (!s) {
        q->state = s = xcalloc(1, sizeof *s);
        s->step = find_first;
    }
    q->more = true; /* until query_end() */
    s->step(q, s, d);
}

static void fini(struct query *q)
{
    struct show *s = q->state;

    if (s)
        journal_reader_close(&s->reader);
    free(s);
    q->state = NULL;
}

const struct query_verb query_show = {"show", run, fini};
