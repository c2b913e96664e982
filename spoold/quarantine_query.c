/*
 * quarantine_query.c - the verbs that look at quarantine: list and show.
 *
 * Store thread, asked by spoolctl, in slices. The list is one walk over the class
 * folders: names tell time, class, state and dropped name, so that records are
 * read only where a filter or a line needs them. show hands the beginnings of
 * envelope and message on as text, each byte above 0x7f escaped: what they mean
 * is found out in spoolctl, never here. Changes nothing.
 */
#include "spoold/quarantine_query.h"

#include "common/log.h"
#include "common/xalloc.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LIST_LIMIT     100
#define LIST_LIMIT_MAX 10000
#define LIST_READS     100   /* records read in one run */
#define SHOW_EML_MAX   65536 /* bytes of the message that are handed on */
#define SHOW_HDR_MAX   16384 /* of the envelope */
#define SHOW_CHUNK     5000  /* bytes in one line; each may take six */

/* --- one entry as a line -------------------------------------------------- */

static void add_record(struct json *j, const struct quarantine_record *r, const struct quarantine_entry *e)
{
    struct event to = {.rcpt = r->rcpt, .rcpt_n = r->rcpt_n};

    if (r->at.n)
        json_add_view(j, "at", query_cut(r->at));
    else
        json_add_time(j, "at", base_time_ns(&e->base) / 1000000);
    if (r->has_sender)
        json_add_view(j, "from", query_cut(r->sender));
    if (r->has_rcpt)
        query_add_recipients(j, &to);
    if (r->size)
        json_add_int(j, "size", (int64_t)r->size);
    if (r->reason.n)
        json_add_view(j, "reason", query_cut(r->reason));
    if (r->virus_name.n)
        json_add_view(j, "virus_name", query_cut(r->virus_name));
    if (r->releases)
        json_add_int(j, "releases", (int64_t)r->releases);
}

static void read_record(struct quarantine_record *r, const struct depot *d, const struct quarantine_entry *e,
                        const char **trouble)
{
    char name[MSG_NAME_MAX];
    int rc = quarantine_record_read(r, &d->spool.class[e->class], quarantine_file(e, name, QUARANTINE_JSON));

    *trouble = rc == 0 ? NULL : "its record is missing or damaged";
    if (rc < 0) {
        quarantine_record_free(r);
        *r = (struct quarantine_record){.size = 0};
    }
}

static void add_head(struct json *j, const struct depot *d, const struct quarantine_entry *e)
{
    enum quarantine_state s = quarantine_state(d, e);
    char name[MSG_NAME_MAX];

    /* An envelope alone is no whole entry either. */
    if (s == QUARANTINE_HELD && !quarantine_has(d, e, QUARANTINE_EML))
        s = QUARANTINE_HALF;
    json_add_str(j, "id", quarantine_name(e, name));
    json_add_view(j, "name", base_clean(&e->base));
    json_add_str(j, "class", spool_class_name(e->class));
    json_add_str(j, "state", quarantine_state_name(s));
}

void quarantine_add_line(struct query *q, const struct depot *d, const struct quarantine_entry *e)
{
    struct quarantine_record r;
    const char *trouble;
    struct json j;

    read_record(&r, d, e, &trouble);
    json_open(&j, &q->out);
    add_head(&j, d, e);
    add_record(&j, &r, e);
    if (trouble)
        json_add_str(&j, "trouble", trouble);
    json_close(&j);
    buf_add_char(&q->out, '\n');
    quarantine_record_free(&r);
}

/* --- which entry ------------------------------------------------------------ */

static bool same_name(const struct quarantine_entry *e, struct view word)
{
    char name[MSG_NAME_MAX];

    return view_equal(view_of(quarantine_name(e, name)), word);
}

static bool find_over(struct quarantine_find *f, struct query *q, const struct depot *d)
{
    if (f->n == 1)
        return true;
    for (size_t i = 0; i < f->n; i++)
        quarantine_add_line(q, d, &f->entry[i]);
    if (f->n)
        query_end(q, EXIT_FINDING, "%s%zu entries fit; give more of the id",
                  f->n == QUARANTINE_MATCHES_MAX ? "at least " : "", f->n);
    else
        query_end(q, EXIT_FINDING, "there is no such entry in quarantine");
    return false;
}

bool quarantine_find_run(struct quarantine_find *f, struct query *q, struct depot *d, struct view word)
{
    unsigned budget = QUERY_SLICE_ROWS;
    enum quarantine_part part;
    struct quarantine_entry e;
    int rc;

    if (f->over)
        return find_over(f, q, d);
    if (!f->begun)
        quarantine_walk_begin(&f->walk, -1);
    f->begun = true;
    while ((rc = quarantine_walk_next(&f->walk, d, &budget, &e, &part)) == 1) {
        if (!quarantine_is_meant(&e, word) || !quarantine_is_lead(d, &e, part))
            continue;
        if (same_name(&e, word))
            f->n = 0; /* all of it, so nothing else was meant */
        if (f->n < QUARANTINE_MATCHES_MAX)
            f->entry[f->n++] = e;
        if (same_name(&e, word))
            break;
    }
    if (rc < 0)
        return false;
    f->over = true;
    quarantine_walk_end(&f->walk);
    return find_over(f, q, d);
}

void quarantine_find_end(struct quarantine_find *f)
{
    quarantine_walk_end(&f->walk);
}

/* --- list --------------------------------------------------------------------- */

struct list {
    struct quarantine_walk walk;
    struct view name, from, to;
    int class;
    int64_t since_ms;
    size_t limit;
    struct quarantine_entry *entry; /* owned; up to twice the limit, then the newest stay */
    size_t n, cap, shown;
    bool walked, cut;
};

/* A number of at most 15 digits; `def` when it was not given, -1 when it is none. */
static int64_t number(struct view v, int64_t def)
{
    int64_t n = 0;

    if (!v.p)
        return def;
    if (!v.n || v.n > 15)
        return -1;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        n = n * 10 + (v.p[i] - '0');
    }
    return n;
}

static bool words_are_known(const struct control_request *r)
{
    static const char *const keys[] = {"class=", "since=", "to=", "from=", "name=", "limit="};

    for (size_t i = 1; i < r->n; i++) {
        size_t k = 0, n = sizeof keys / sizeof *keys;

        while (k < n &&
               (r->word[i].n < strlen(keys[k]) || memcmp(r->word[i].p, keys[k], strlen(keys[k])) != 0))
            k++;
        if (k == n)
            return false;
    }
    return true;
}

static void list_begin(struct query *q)
{
    struct list *l = xcalloc(1, sizeof *l);
    struct view class = control_argument(&q->request, "class");
    int64_t limit = number(control_argument(&q->request, "limit"), LIST_LIMIT);

    q->state = l;
    l->name = control_argument(&q->request, "name");
    l->from = control_argument(&q->request, "from");
    l->to = control_argument(&q->request, "to");
    l->since_ms = number(control_argument(&q->request, "since"), 0);
    l->class = class.p ? spool_class_find(class) : -1;
    l->limit = limit < LIST_LIMIT_MAX ? (size_t)limit : LIST_LIMIT_MAX;
    if (!words_are_known(&q->request))
        query_end(q, EXIT_USAGE_64,
                  "quarantine-list knows class=, since=, to=, from=, name= and limit= only");
    else if (class.p && l->class < 0)
        query_end(q, EXIT_USAGE_64,
                  "there is no such class; the classes are virus, spam, policy, poison, failed");
    else if (limit < 1 || l->since_ms < 0)
        query_end(q, EXIT_USAGE_64, "limit= and since= take whole numbers; the limit is at most %d",
                  LIST_LIMIT_MAX);
    else
        quarantine_walk_begin(&l->walk, l->class);
}

static bool has_address(const struct view *list, size_t n, struct view wanted)
{
    for (size_t i = 0; i < n; i++)
        if (view_equal_nocase(list[i], wanted))
            return true;
    return false;
}

/* Those that ask for addresses cost a file each. */
static bool addresses_fit(const struct list *l, const struct depot *d, const struct quarantine_entry *e,
                          unsigned *reads)
{
    struct quarantine_record r;
    const char *trouble;
    bool fits;

    if (!l->from.p && !l->to.p)
        return true;
    (*reads)++;
    read_record(&r, d, e, &trouble);
    fits = (!l->from.p || (r.has_sender && view_equal_nocase(r.sender, l->from))) &&
           (!l->to.p || has_address(r.rcpt, r.rcpt_n, l->to));
    quarantine_record_free(&r);
    return fits;
}

static bool entry_fits(const struct list *l, const struct depot *d, const struct quarantine_entry *e,
                       enum quarantine_part part, unsigned *reads)
{
    return part <= QUARANTINE_EML && base_time_ns(&e->base) / 1000000 >= l->since_ms &&
           (!l->name.p || base_name_matches(&e->base, l->name)) && quarantine_is_lead(d, e, part) &&
           addresses_fit(l, d, e, reads);
}

/* Newest first; the name only makes the order a fixed one. */
static int by_time(const void *one, const void *two)
{
    const struct quarantine_entry *a = one, *b = two;
    int64_t x = base_time_ns(&a->base), y = base_time_ns(&b->base);

    if (x != y)
        return x < y ? 1 : -1;
    return strcmp(a->base.s, b->base.s) ? strcmp(a->base.s, b->base.s) : strcmp(a->tag, b->tag);
}

static void keep_newest(struct list *l)
{
    if (l->n)
        qsort(l->entry, l->n, sizeof *l->entry, by_time);
    l->cut |= l->n > l->limit;
    if (l->n > l->limit)
        l->n = l->limit;
}

static void keep(struct list *l, const struct quarantine_entry *e)
{
    if (l->n >= 2 * l->limit)
        keep_newest(l);
    if (l->n == l->cap) {
        l->cap = l->cap ? l->cap * 2 : LIST_LIMIT;
        l->entry = xrealloc(l->entry, l->cap, sizeof *l->entry);
    }
    l->entry[l->n++] = *e;
}

static void list_walk(struct list *l, const struct depot *d)
{
    unsigned budget = QUERY_SLICE_ROWS, reads = 0;
    struct quarantine_entry e;
    enum quarantine_part part;
    int rc = -1;

    while (reads < LIST_READS && (rc = quarantine_walk_next(&l->walk, d, &budget, &e, &part)) == 1)
        if (entry_fits(l, d, &e, part, &reads))
            keep(l, &e);
    if (rc != 0)
        return;
    l->walked = true;
    keep_newest(l);
}

static void list_answer(struct query *q, struct list *l, const struct depot *d)
{
    for (unsigned i = 0; i < LIST_READS && l->shown < l->n; i++) {
        const struct quarantine_entry *e = &l->entry[l->shown++];

        if (quarantine_state(d, e) != QUARANTINE_NONE) /* it may have been deleted since */
            quarantine_add_line(q, d, e);
    }
    if (l->shown < l->n)
        return;
    if (l->cut)
        query_end(q, EXIT_OK, "only the newest %zu are shown; --limit shows more", l->limit);
    else
        query_end(q, EXIT_OK, "%s", "");
}

static void list_run(struct query *q, struct depot *d)
{
    struct list *l;

    q->more = true; /* until query_end() */
    if (!q->state)
        list_begin(q);
    l = q->state;
    if (q->more && !l->walked)
        list_walk(l, d);
    else if (q->more)
        list_answer(q, l, d);
}

static void list_fini(struct query *q)
{
    struct list *l = q->state;

    if (!l)
        return;
    quarantine_walk_end(&l->walk);
    free(l->entry);
    free(l);
    q->state = NULL;
}

/* --- show ------------------------------------------------------------------------ */

/* One code point for one byte, so that the reader has exactly the bytes; a chunk may end anywhere. */
static void add_bytes(struct buf *out, struct view v)
{
    buf_add_char(out, '"');
    for (size_t i = 0; i < v.n; i++) {
        unsigned char c = (unsigned char)v.p[i];

        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            buf_addf(out, "\\u%04x", c);
        else
            buf_add_char(out, (char)c);
    }
    buf_add_char(out, '"');
}

/* The beginning of a file as lines {"hdr": "..."}; what is not there has none. */
static void add_file(struct query *q, const struct depot *d, const struct quarantine_entry *e,
                     enum quarantine_part part, size_t max)
{
    char name[MSG_NAME_MAX], *bytes = xcalloc(1, max);
    int fd = openat(d->spool.class[e->class].fd, quarantine_file(e, name, part),
                    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    ssize_t n = fd >= 0 ? pread(fd, bytes, max, 0) : 0;

    for (size_t at = 0; n > 0 && at < (size_t)n; at += SHOW_CHUNK) {
        size_t chunk = (size_t)n - at < SHOW_CHUNK ? (size_t)n - at : SHOW_CHUNK;
        struct buf text = {0};
        struct json j;

        add_bytes(&text, (struct view){bytes + at, chunk});
        json_open(&j, &q->out);
        json_add_text(&j, part == QUARANTINE_EML ? "eml" : "hdr", buf_view(&text));
        json_close(&j);
        buf_add_char(&q->out, '\n');
        buf_free(&text);
    }
    if (fd >= 0)
        close(fd);
    free(bytes);
}

static void add_sums(struct query *q, const struct depot *d, const struct quarantine_entry *e)
{
    struct quarantine_record r;
    const char *trouble;
    struct json j;

    read_record(&r, d, e, &trouble);
    json_open(&j, &q->out);
    if (r.sha256.n)
        json_add_view(&j, "sha256", query_cut(r.sha256));
    if (r.virus.n && r.virus.n < QUERY_BYTES_MAX)
        json_add_text(&j, "virus", r.virus);
    json_close(&j);
    buf_add_char(&q->out, '\n');
    quarantine_parts_add(q, &r);
    quarantine_record_free(&r);
}

static void show_run(struct query *q, struct depot *d)
{
    struct quarantine_find *f = q->state;
    const struct quarantine_entry *e;
    enum quarantine_state s;

    q->more = true;
    if (!f)
        q->state = f = xcalloc(1, sizeof *f);
    if (q->request.n != 2 || !q->request.word[1].n) {
        query_end(q, EXIT_USAGE_64, "exactly one id is wanted");
        return;
    }
    if (!quarantine_find_run(f, q, d, q->request.word[1]))
        return;
    e = &f->entry[0];
    s = quarantine_state(d, e);
    quarantine_add_line(q, d, e);
    add_sums(q, d, e);
    if (s != QUARANTINE_HALF)
        add_file(q, d, e, quarantine_envelope(s), SHOW_HDR_MAX);
    add_file(q, d, e, QUARANTINE_EML, SHOW_EML_MAX);
    query_end(q, EXIT_OK, "%s", "");
}

static void show_fini(struct query *q)
{
    if (q->state)
        quarantine_find_end(q->state);
    free(q->state);
    q->state = NULL;
}

const struct query_verb query_quarantine_list = {"quarantine-list", list_run, list_fini};
const struct query_verb query_quarantine_show = {"quarantine-show", show_run, show_fini};
