/*
 * query_audit.c - do the books balance? Everything that was accepted must be somewhere.
 *
 * Store thread, asked by spoolctl audit. First proc is listed, then every row of
 * the ledger is counted in exactly one place, then what stands in proc is looked
 * up the other way round; the last two in slices while mail flows on. A message
 * that moves in between may therefore be listed in proc and already settled in
 * its row, never the reverse: the row is believed. Must never call something
 * missing that only moves: the disk is asked in the same slice as the row.
 */
#include "spoold/query.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/deliver.h"
#include "spoold/recover.h"

enum audit_step { AUDIT_ROWS, AUDIT_PROC };

enum audit_sum {
    AUDIT_DELIVERED,
    AUDIT_QUARANTINED,
    AUDIT_DISCARDED,
    AUDIT_OUTLET,
    AUDIT_HELD,
    AUDIT_WORK,
    AUDIT_SUM__MAX
};

/* One BASE of proc; less than a struct recover_found, because there may be very many. */
struct audit_entry {
    struct base base;
    enum recover_state state;
};

/* Ids that are shown, and how many there are. */
struct audit_ids {
    struct base id[QUERY_LIST_MAX];
    uint64_t count;
};

struct audit {
    enum audit_step step;
    struct audit_entry *proc; /* owned; sorted, each BASE once */
    size_t n, cap, at;
    struct base resume;
    uint64_t accepted, sum[AUDIT_SUM__MAX];
    uint64_t released, deleted; /* of the quarantined ones */
    struct audit_ids missing, unknown;
    bool complete;
    struct depot *d; /* borrowed, for the walk only */
};

static void ids_add(struct audit_ids *ids, const struct base *id)
{
    if (ids->count < QUERY_LIST_MAX)
        ids->id[ids->count] = *id;
    ids->count++;
}

/* --- proc --------------------------------------------------------------- */

static void proc_add(struct audit *a, const struct recover_found *f)
{
    if (a->n == a->cap) {
        a->cap = a->cap ? a->cap * 2 : 256;
        a->proc = xrealloc(a->proc, a->cap, sizeof *a->proc);
    }
    a->proc[a->n++] = (struct audit_entry){f->base, f->state};
}

static int by_base(const void *one, const void *two)
{
    return strcmp(((const struct audit_entry *)one)->base.s, ((const struct audit_entry *)two)->base.s);
}

/* Only the envelope has a state; the other files of a BASE add nothing. */
static void proc_merge(struct audit *a)
{
    size_t to = 0;

    if (a->n)
        qsort(a->proc, a->n, sizeof *a->proc, by_base);
    for (size_t i = 0; i < a->n; i++) {
        if (!to || by_base(&a->proc[to - 1], &a->proc[i]) != 0)
            a->proc[to++] = a->proc[i];
        else if (a->proc[i].state != RECOVER_NONE)
            a->proc[to - 1].state = a->proc[i].state;
    }
    a->n = to;
}

static int proc_list(struct audit *a, const struct depot *d)
{
    int fd = openat(d->spool.proc.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC), err = 0;
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e = NULL;
    struct recover_found f = {.n = 0};

    if (!dir) {
        if (fd >= 0)
            close(fd);
        return -1;
    }
    while (errno = 0, (e = readdir(dir)) != NULL) {
        if (recover_parse_name(&f, view_of(e->d_name)) == 0)
            proc_add(a, &f);
    }
    err = errno; /* a list with holes would make messages go missing */
    closedir(dir);
    proc_merge(a);
    errno = err;
    return err ? -1 : 0;
}

static const struct audit_entry *proc_find(const struct audit *a, const struct base *id)
{
    struct audit_entry key = {.base = *id};

    return a->n ? bsearch(&key, a->proc, a->n, sizeof *a->proc, by_base) : NULL;
}

/* --- rows --------------------------------------------------------------- */

/* BASE or BASE.K; any part will do, and notes are the last one. */
static bool has_copy(const struct spool_dir *dir, const struct base *id, const char *part)
{
    char suffix[24];

    if (query_has_file(dir, id, part))
        return true;
    for (unsigned k = 2; k <= MSG_COPIES_MAX; k++) {
        snprintf(suffix, sizeof suffix, ".%u%s", k, part);
        if (query_has_file(dir, id, suffix))
            return true;
    }
    return false;
}

/* Any part will do: while an entry is made or removed it is not whole. */
static bool in_quarantine(const struct depot *d, const struct base *id)
{
    static const char *const parts[] = {".hdr", ".eml", ".json", ".hdr.rel", ".hdr.del"};

    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        for (int c = 0; c < SPOOL_CLASS__MAX; c++) {
            if (c == SPOOL_CLASS_FAILED ? has_copy(&d->spool.class[c], id, parts[p])
                                        : query_has_file(&d->spool.class[c], id, parts[p]))
                return true;
        }
    }
    return false;
}

/* Waits for the server to which spoold hands it over. */
static bool in_outlet(const struct depot *d, const struct base *id)
{
    size_t intake = recover_intake(d->cfg, id);

    return deliver_is_on(d->cfg, intake) && (has_copy(&d->spool.outlet[intake], id, ".eml") ||
                                             has_copy(&d->spool.outlet[intake], id, ".sent"));
}

/* The content leaves proc last, or goes to quarantine: there is no moment at which neither has it. */
static bool in_proc(const struct audit *a, const struct base *id)
{
    return proc_find(a, id) || query_has_file(&a->d->spool.proc, id, ".eml");
}

/* Also what was released stays until it is deleted, and that has a line. */
static bool entry_is_due(const struct ledger_row *row)
{
    return query_has_event(row, EVENT_QUARANTINED) && !query_has_event(row, EVENT_DELETED);
}

/* Of the quarantined: what is not counted here is still held. */
static void count_left(struct audit *a, const struct ledger_row *row)
{
    const char *word = query_row_word(a->d, row);

    a->released += strcmp(word, "released") == 0;
    a->deleted += strcmp(word, "deleted") == 0;
}

static void count_open(struct audit *a, const struct base *id)
{
    const struct audit_entry *e = proc_find(a, id);

    if (e && e->state == RECOVER_HELD)
        a->sum[AUDIT_HELD]++;
    else if (in_outlet(a->d, id))
        a->sum[AUDIT_OUTLET]++;
    else if (e || in_proc(a, id) || in_quarantine(a->d, id))
        a->sum[AUDIT_WORK]++;
    else
        ids_add(&a->missing, id);
}

/* Each row exactly once, so that the sums add up. Rows without an accepted line are older than the journal.
 */
static int count_row(const struct ledger_row *row, void *arg)
{
    static const enum audit_sum sums[LEDGER_STATE__MAX] = {
        [LEDGER_DELIVERED] = AUDIT_DELIVERED,
        [LEDGER_QUARANTINED] = AUDIT_QUARANTINED,
        [LEDGER_DISCARDED] = AUDIT_DISCARDED,
    };
    struct audit *a = arg;
    enum ledger_state state = query_row_state(row);

    if (!query_has_event(row, EVENT_ACCEPTED))
        return 0;
    a->accepted++;
    if (state == LEDGER_ACCEPTED)
        count_open(a, &row->id);
    else if (entry_is_due(row) && !in_quarantine(a->d, &row->id) && !in_proc(a, &row->id))
        ids_add(&a->missing, &row->id);
    else {
        a->sum[sums[state]]++;
        count_left(a, row);
    }
    return 0;
}

static void run_rows(struct query *q, struct audit *a, struct depot *d)
{
    a->d = d;
    if (ledger_walk(d->ledger, (struct ledger_find){LEDGER_BY_ID, VIEW(""), QUERY_SLICE_ROWS}, &a->resume,
                    count_row, a) < 0)
        query_end_no_ledger(q);
    else if (!a->resume.s[0])
        a->step = AUDIT_PROC;
}

/* --- the other way round ------------------------------------------------ */

/*
 * A message is written down as accepted when it is locked, so before that the
 * ledger cannot know it; what is decided writes the line itself if it must.
 * With the external stage another program may have the envelope before the lock.
 */
static bool may_be_unknown(const struct depot *d, enum recover_state state)
{
    if (state == RECOVER_HELD)
        return false;
    return d->cfg->external_stage || (state != RECOVER_NONE && state != RECOVER_FOREIGN);
}

/* Asked as late as possible: whatever was written down since the list was made counts. */
static int look_up(struct audit *a, const struct depot *d, const struct audit_entry *e)
{
    struct ledger_row row = {.events = 0};
    int rc = 0;

    if (may_be_unknown(d, e->state))
        return 0;
    rc = ledger_get(d->ledger, base_view(&e->base), &row);
    if (rc >= 0 && !query_has_event(&row, EVENT_ACCEPTED))
        ids_add(&a->unknown, &e->base);
    return rc;
}

/* --- the answer --------------------------------------------------------- */

static void add_ids(struct json *j, const char *key, const char *count_key, const struct audit_ids *ids)
{
    struct view v[QUERY_LIST_MAX];
    size_t n = 0, cost = 0;

    for (; n < ids->count && n < QUERY_LIST_MAX; n++) {
        v[n] = base_view(&ids->id[n]);
        cost += v[n].n + 3;
        if (cost > QUERY_BYTES_MAX)
            break;
    }
    json_add_views(j, key, v, n);
    json_add_int(j, count_key, (int64_t)ids->count);
}

static void write_answer(struct query *q, const struct audit *a, bool balanced)
{
    static const char *const names[AUDIT_SUM__MAX] = {"delivered", "quarantined", "discarded",
                                                      "in_outlet", "held",        "in_work"};
    struct json j = {.comma = false};

    json_open(&j, &q->out);
    json_add_int(&j, "accepted", (int64_t)a->accepted);
    for (size_t i = 0; i < AUDIT_SUM__MAX; i++)
        json_add_int(&j, names[i], (int64_t)a->sum[i]);
    json_add_int(&j, "released", (int64_t)a->released);
    json_add_int(&j, "deleted", (int64_t)a->deleted);
    add_ids(&j, "missing", "missing_count", &a->missing);
    add_ids(&j, "unknown", "unknown_count", &a->unknown);
    json_add_bool(&j, "balanced", balanced);
    json_add_bool(&j, "complete", a->complete);
    json_close(&j);
    buf_add_char(&q->out, '\n');
}

static void finish(struct query *q, struct audit *a, const struct depot *d)
{
    bool balanced = !a->missing.count && !a->unknown.count;

    a->complete = a->complete && !ledger_catching_up(d->ledger);
    write_answer(q, a, balanced);
    if (!a->complete)
        query_end(q, EXIT_TEMP_75, "the ledger is still being built; ask again in a moment");
    else
        query_end(q, balanced ? EXIT_OK : EXIT_FINDING, "%s", "");
}

static void run_proc(struct query *q, struct audit *a, struct depot *d)
{
    for (size_t i = 0; i < QUERY_SLICE_ROWS && a->at < a->n; i++) {
        if (look_up(a, d, &a->proc[a->at++]) < 0) {
            query_end_no_ledger(q);
            return;
        }
    }
    if (a->at == a->n)
        finish(q, a, d);
}

static void begin(struct query *q, const struct depot *d)
{
    struct audit *a = xcalloc(1, sizeof *a);

    q->state = a;
    a->complete = !ledger_catching_up(d->ledger);
    if (q->request.n > 1)
        query_end(q, EXIT_USAGE_64, "audit takes no argument");
    else if (proc_list(a, d) < 0)
        query_end(q, EXIT_TEMP_75, "the folder proc cannot be read: %s; see the log of spoold",
                  strerror(errno));
}

static void run(struct query *q, struct depot *d)
{
    struct audit *a = NULL;

    q->more = true; /* until query_end() */
    if (!q->state)
        begin(q, d);
    a = q->state;
    if (q->more && a->step == AUDIT_ROWS)
        run_rows(q, a, d);
    else if (q->more)
        run_proc(q, a, d);
}

static void fini(struct query *q)
{
    struct audit *a = q->state;

    if (a)
        free(a->proc);
    free(a);
    q->state = NULL;
}

const struct query_verb query_audit = {"audit", run, fini};
