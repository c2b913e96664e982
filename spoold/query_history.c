/*
 * query_history.c - messages of the past, newest first, by sender, recipient, NAME or beginning of the id.
 *
 * Store thread, asked by spoolctl history. First the ledger is walked in slices
 * by the list that leaves the least to look at, and the newest `limit` rows that
 * pass the filters are kept; then their journal lines are read, a few in each
 * run, and shown. Must never keep more than HISTORY_LIMIT_MAX rows, nor read
 * more than HISTORY_READS lines of the journal in one run: each may lie anywhere.
 * Rows whose lines are gone are shown with what the ledger knows.
 */
#include "spoold/query.h"

#include <stdlib.h>

#include "common/log.h"
#include "common/xalloc.h"

#define HISTORY_LIMIT     50
#define HISTORY_LIMIT_MAX 10000
#define HISTORY_READS     100 /* messages whose journal lines are read in one run */
#define HISTORY_RUN_MS    20  /* a compressed day is slow to reach into; then a run ends earlier */

/* One list of the ledger that is to be walked. */
struct history_list {
    enum ledger_index index;
    struct view key;
};

struct history {
    struct view sender, recipient, name, id; /* p NULL: not asked for */
    char sender_hash[JOURNAL_HASH_LEN + 1], recipient_hash[JOURNAL_HASH_LEN + 1];
    bool hashed, need_event; /* need_event: a filter that only the journal can answer */
    size_t limit;
    struct history_list list[2];
    size_t list_n, list_at, taken; /* taken: of the present list */
    struct base resume;
    struct ledger_row *best; /* owned; a heap with the oldest on top, then sorted newest first */
    size_t n, cap, shown;
    bool walked;
    unsigned reads;  /* of this run */
    int64_t due_ms;  /* when this run is to end */
    struct depot *d; /* borrowed, for one run */
};

/* --- the question ------------------------------------------------------- */

static int parse_limit(struct history *h, struct view v)
{
    size_t limit = 0;

    h->limit = HISTORY_LIMIT;
    if (!v.p)
        return 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9')
            return -1;
        if (limit <= HISTORY_LIMIT_MAX)
            limit = limit * 10 + (size_t)(v.p[i] - '0');
    }
    h->limit = limit < HISTORY_LIMIT_MAX ? limit : HISTORY_LIMIT_MAX;
    return limit ? 0 : -1;
}

/* A filter that is not known must not be passed over: the answer would look like one to the whole question.
 */
static int check_words(const struct control_request *r)
{
    static const struct view keys[] = {
        {"sender=", 7}, {"recipient=", 10}, {"name=", 5}, {"id=", 3}, {"limit=", 6}};

    for (size_t i = 1; i < r->n; i++) {
        size_t k = 0, n = sizeof keys / sizeof *keys;

        while (k < n && (r->word[i].n < keys[k].n || memcmp(r->word[i].p, keys[k].p, keys[k].n) != 0))
            k++;
        if (k == n)
            return -1;
    }
    return 0;
}

static void add_list(struct history *h, enum ledger_index index, struct view key)
{
    h->list[h->list_n++] = (struct history_list){index, key};
}

/*
 * A ledger that was built from a journal with hashed addresses knows only the
 * hashes, one that was there before knows the addresses: both are asked.
 */
static void add_address_lists(struct history *h, enum ledger_index index, struct view address,
                              const char *hash)
{
    add_list(h, index, address);
    if (h->hashed && address.n)
        add_list(h, index, (struct view){hash, JOURNAL_HASH_LEN});
}

/* What people copy from a list is the ID, the part behind the last "~"; a BASE or NAME that looks like one is
 * rare. */
static bool is_tail(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((v.p[i] < '0' || v.p[i] > '9') && (v.p[i] < 'a' || v.p[i] > 'z'))
            return false;
    return v.n > 0 && v.n <= BASE_ID_LEN;
}

static bool id_fits(struct view wanted, const struct base *id)
{
    struct view whole = base_view(id), tail = {id->s + id->len - BASE_ID_LEN, BASE_ID_LEN};

    return (whole.n >= wanted.n && memcmp(whole.p, wanted.p, wanted.n) == 0) ||
           (is_tail(wanted) && memcmp(tail.p, wanted.p, wanted.n) == 0);
}

/* Recipients are more various than senders, and addresses lead to fewer rows than the rest. */
static void choose_lists(struct history *h)
{
    unsigned by_event = (h->sender.p != NULL) + (h->recipient.p != NULL) + (h->name.p != NULL);

    if (h->recipient.p)
        add_address_lists(h, LEDGER_BY_RCPT, h->recipient, h->recipient_hash);
    else if (h->sender.p)
        add_address_lists(h, LEDGER_BY_SENDER, h->sender, h->sender_hash);
    else if (h->name.p)
        add_list(h, LEDGER_BY_NAME, h->name);
    else
        add_list(h, LEDGER_BY_ID, h->id.p && !is_tail(h->id) ? h->id : VIEW(""));
    h->need_event = by_event > 1;
}

static void begin(struct query *q, struct depot *d)
{
    struct history *h = xcalloc(1, sizeof *h);

    q->state = h;
    h->sender = control_argument(&q->request, "sender");
    h->recipient = control_argument(&q->request, "recipient");
    h->name = control_argument(&q->request, "name");
    h->id = control_argument(&q->request, "id");
    h->hashed = d->cfg->log_addresses == LOG_ADDRESSES_HASH;
    if (h->hashed && h->sender.p)
        journal_hash_address(h->sender, journal_key(d->journal), h->sender_hash);
    if (h->hashed && h->recipient.p)
        journal_hash_address(h->recipient, journal_key(d->journal), h->recipient_hash);
    if (check_words(&q->request) < 0)
        query_end(q, EXIT_USAGE_64, "history knows sender=, recipient=, name=, id= and limit= only");
    else if (parse_limit(h, control_argument(&q->request, "limit")) < 0)
        query_end(q, EXIT_USAGE_64, "limit= takes a whole number from 1 to %d", HISTORY_LIMIT_MAX);
    else
        choose_lists(h);
}

/* --- filters ------------------------------------------------------------ */

static bool address_fits(const struct history *h, struct view is, struct view wanted, const char *hash)
{
    return view_equal_nocase(is, wanted) ||
           (h->hashed && view_equal(is, (struct view){hash, JOURNAL_HASH_LEN}));
}

static bool recipient_fits(const struct history *h, const struct event *e)
{
    for (size_t i = 0; i < e->rcpt_n; i++) {
        if (address_fits(h, e->rcpt[i], h->recipient, h->recipient_hash))
            return true;
    }
    return false;
}

/* The NAME stands in the accepted line only; without that, BASE says it nearly. */
static bool name_fits(const struct history *h, const struct event *e)
{
    return e->name.n ? view_equal(e->name, h->name) : base_name_matches(&e->id, h->name);
}

static bool event_fits(const struct history *h, const struct event *e)
{
    return (!h->sender.p || address_fits(h, e->sender, h->sender, h->sender_hash)) &&
           (!h->recipient.p || recipient_fits(h, e)) && (!h->name.p || name_fits(h, e));
}

/* The accepted line tells the most; where it is gone the one that decided has to do. */
static int read_first(struct depot *d, const struct ledger_row *row, struct journal_reader **r,
                      struct event *e)
{
    int rc = query_read_line(d, &row->id, &row->accepted, r, e);

    if (rc == 1)
        return rc;
    journal_reader_close(r);
    return query_read_line(d, &row->id, &row->final, r, e);
}

static bool row_fits(const struct history *h, const struct ledger_row *row)
{
    struct journal_reader *r = NULL;
    struct event e = {.copy = 0};
    bool fits = false;

    if (h->id.n && !id_fits(h->id, &row->id))
        return false;
    if (!h->need_event)
        return true;
    fits = read_first(h->d, row, &r, &e) == 1 && event_fits(h, &e);
    journal_reader_close(&r);
    return fits;
}

/* --- the newest --------------------------------------------------------- */

static int64_t row_time(const struct ledger_row *row)
{
    return row->accepted_ms ? row->accepted_ms : row->final_ms;
}

/* Newest first. The id ends in its time, but CLEAN comes before; it only makes the order a fixed one. */
static int by_time(const void *one, const void *two)
{
    const struct ledger_row *a = one, *b = two;

    if (row_time(a) != row_time(b))
        return row_time(a) < row_time(b) ? 1 : -1;
    return strcmp(b->id.s, a->id.s);
}

static void heap_swap(struct history *h, size_t a, size_t b)
{
    struct ledger_row keep = h->best[a];

    h->best[a] = h->best[b];
    h->best[b] = keep;
}

static void heap_up(struct history *h, size_t i)
{
    for (; i && by_time(&h->best[i], &h->best[(i - 1) / 2]) > 0; i = (i - 1) / 2)
        heap_swap(h, i, (i - 1) / 2);
}

static void heap_down(struct history *h)
{
    size_t i = 0, child = 1;

    for (; child < h->n; i = child, child = 2 * i + 1) {
        if (child + 1 < h->n && by_time(&h->best[child + 1], &h->best[child]) > 0)
            child++;
        if (by_time(&h->best[child], &h->best[i]) <= 0)
            return;
        heap_swap(h, i, child);
    }
}

static void keep_row(struct history *h, const struct ledger_row *row)
{
    if (h->n == h->limit) {
        if (by_time(row, &h->best[0]) >= 0)
            return;
        h->best[0] = *row;
        heap_down(h);
        return;
    }
    if (h->n == h->cap) {
        h->cap = h->cap ? h->cap * 2 : HISTORY_LIMIT;
        h->best = xrealloc(h->best, h->cap, sizeof *h->best);
    }
    h->best[h->n] = *row;
    heap_up(h, h->n++);
}

/* --- walking ------------------------------------------------------------ */

/* Only what is sorted by time may be left early; BASEs are sorted by NAME and intake first. */
static bool list_done(const struct history *h)
{
    enum ledger_index index = h->list[h->list_at].index;

    return (index == LEDGER_BY_RCPT || index == LEDGER_BY_SENDER) && h->taken >= h->limit;
}

static bool run_over(struct history *h)
{
    return ++h->reads >= HISTORY_READS || depot_mono_ms() >= h->due_ms;
}

static int see_row(const struct ledger_row *row, void *arg)
{
    struct history *h = arg;

    if (row_fits(h, row)) {
        keep_row(h, row);
        h->taken++;
    }
    return list_done(h) || (h->need_event && run_over(h));
}

static void walk_end(struct history *h)
{
    h->walked = true;
    if (h->n)
        qsort(h->best, h->n, sizeof *h->best, by_time);
}

static void run_walk(struct query *q, struct history *h)
{
    const struct history_list *list = &h->list[h->list_at];

    if (ledger_walk(h->d->ledger, (struct ledger_find){list->index, list->key, QUERY_SLICE_ROWS}, &h->resume,
                    see_row, h) < 0) {
        query_end_no_ledger(q);
        return;
    }
    if (h->resume.s[0] && !list_done(h))
        return;
    h->resume.s[0] = '\0';
    h->taken = 0;
    if (++h->list_at == h->list_n)
        walk_end(h);
}

/* --- the answer --------------------------------------------------------- */

/* Without addresses in the journal an empty sender means nothing; null says so. */
static void add_addresses(struct json *j, const struct history *h, const struct event *e)
{
    if (!e->sender.n && h->d->cfg->log_addresses == LOG_ADDRESSES_NONE)
        json_add_str(j, "from", NULL);
    else
        json_add_view(j, "from", query_cut(e->sender));
    query_add_recipients(j, e);
}

static void add_envelope(struct json *j, const struct history *h, const struct ledger_row *row)
{
    struct journal_reader *r = NULL;
    struct event e = {.copy = 0};

    if (read_first(h->d, row, &r, &e) == 1) {
        add_addresses(j, h, &e);
        json_add_view(j, "name", e.name.n ? query_cut(e.name) : base_clean(&row->id));
    } else {
        json_add_view(j, "name", base_clean(&row->id));
    }
    journal_reader_close(&r);
}

static void add_end(struct json *j, const struct history *h, const struct ledger_row *row)
{
    struct journal_reader *r = NULL;
    struct event e = {.copy = 0};

    if (query_read_line(h->d, &row->id, &row->final, &r, &e) == 1) {
        if (e.class.n)
            json_add_view(j, "class", query_cut(e.class));
        if (e.reason.n)
            json_add_view(j, "reason", query_cut(e.reason));
    }
    journal_reader_close(&r);
}

static void write_row(struct query *q, const struct history *h, const struct ledger_row *row)
{
    struct json j = {.comma = false};

    json_open(&j, &q->out);
    json_add_view(&j, "id", base_view(&row->id));
    json_add_time(&j, "at", row->final_ms ? row->final_ms : row->accepted_ms);
    if (row->accepted_ms)
        json_add_time(&j, "accepted", row->accepted_ms);
    json_add_str(&j, "state", query_row_word(h->d, row));
    add_envelope(&j, h, row);
    json_add_int(&j, "size", (int64_t)row->size);
    json_add_int(&j, "copies", (int64_t)row->copies);
    add_end(&j, h, row);
    json_close(&j);
    buf_add_char(&q->out, '\n');
}

static void finish(struct query *q, const struct history *h)
{
    bool by_address = h->sender.p || h->recipient.p;

    if (ledger_catching_up(h->d->ledger))
        query_end(q, EXIT_OK, "the ledger is still being built; messages may be missing from this list");
    else if (by_address && h->d->cfg->log_addresses == LOG_ADDRESSES_NONE)
        query_end(q, EXIT_OK,
                  "journal.log_addresses is none, so messages may be missing from a list by address");
    else
        query_end(q, EXIT_OK, "%s", "");
}

/* Both lists may hold a message when log_addresses was changed; it is shown once. */
static void run_answer(struct query *q, struct history *h)
{
    bool over = false;

    while (h->shown < h->n && !over) {
        const struct ledger_row *row = &h->best[h->shown++];

        if (h->shown > 1 && view_equal(base_view(&row->id), base_view(&row[-1].id)))
            continue;
        write_row(q, h, row);
        over = run_over(h);
    }
    if (h->shown == h->n)
        finish(q, h);
}

static void run(struct query *q, struct depot *d)
{
    struct history *h = NULL;

    q->more = true; /* until query_end() */
    if (!q->state)
        begin(q, d);
    h = q->state;
    h->d = d;
    h->reads = 0;
    h->due_ms = depot_mono_ms() + HISTORY_RUN_MS;
    if (q->more && !h->walked)
        run_walk(q, h);
    else if (q->more)
        run_answer(q, h);
}

static void fini(struct query *q)
{
    struct history *h = q->state;

    if (h)
        free(h->best);
    free(h);
    q->state = NULL;
}

const struct query_verb query_history = {"history", run, fini};
