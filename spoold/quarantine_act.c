/*
 * quarantine_act.c - the verbs that change quarantine: release, delete and purge.
 *
 * Store thread, asked by spoolctl, which only root and spoold's own user may run.
 * Finding goes in slices; each release or deletion is one piece of work in which
 * everything is flushed, so that an answer is the truth. A request whose client
 * went away is done to its end all the same, or not begun. Trusts the words of
 * the request to be printable, not that they mean anything.
 */
#include "spoold/quarantine_query.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/flow.h"
#include "spoold/quarantine_record.h"
#include "spoold/release.h"

#include <stdio.h>
#include <stdlib.h>

#define PURGE_READS 50 /* entries whose files are read in one run */
#define PURGE_ACTS  8  /* deleted in one run: each costs several flushes */

static const int codes[RELEASE_END__MAX] = {
    [RELEASE_DONE] = EXIT_OK,         [RELEASE_ALREADY] = EXIT_FINDING, [RELEASE_NOTHING] = EXIT_FINDING,
    [RELEASE_REFUSED] = EXIT_FINDING, [RELEASE_LATER] = EXIT_TEMP_75,
};

static void open_line(struct query *q, struct json *j, const struct quarantine_entry *e)
{
    char name[MSG_NAME_MAX];

    json_open(j, &q->out);
    json_add_str(j, "id", quarantine_name(e, name));
    json_add_str(j, "class", spool_class_name(e->class));
}

static void close_line(struct query *q, struct json *j)
{
    json_close(j);
    buf_add_char(&q->out, '\n');
}

/* The word must be the only one besides `key`=VALUE; and the entry it means must be found. */
static struct quarantine_find *find(struct query *q, struct depot *d, const char *key)
{
    struct quarantine_find *f = q->state;
    size_t n = key ? strlen(key) : 0;
    bool known = q->request.n >= 2 && q->request.word[1].n;

    q->more = true; /* until query_end() */
    if (!f)
        q->state = f = xcalloc(1, sizeof *f);
    for (size_t i = 2; i < q->request.n; i++)
        known = known && key && q->request.word[i].n > n && memcmp(q->request.word[i].p, key, n) == 0;
    if (!known) {
        query_end(q, EXIT_USAGE_64, "exactly one id is wanted%s%s", key ? ", then any number of " : "",
                  key ? key : "");
        return NULL;
    }
    return quarantine_find_run(f, q, d, q->request.word[1]) ? f : NULL;
}

static void find_fini(struct query *q)
{
    if (q->state)
        quarantine_find_end(q->state);
    free(q->state);
    q->state = NULL;
}

static void release_run(struct query *q, struct depot *d)
{
    static const char key[] = "rcpt=";
    struct view rcpt[CONTROL_WORDS_MAX];
    struct release r = {.rcpt = rcpt};
    struct quarantine_find *f = find(q, d, key);
    enum release_end end;
    struct json j;

    if (!f)
        return;
    for (size_t i = 2; i < q->request.n; i++)
        rcpt[r.rcpt_n++] =
            (struct view){q->request.word[i].p + sizeof key - 1, q->request.word[i].n - (sizeof key - 1)};
    end = release_entry(d, &f->entry[0], &r);
    q->published = end == RELEASE_DONE;
    if (end == RELEASE_DONE) {
        open_line(q, &j, &f->entry[0]);
        json_add_str(&j, "event", "released");
        json_add_int(&j, "recipients", (int64_t)r.released);
        json_add_int(&j, "left", (int64_t)r.left);
        json_add_str(&j, "file", r.stem);
        close_line(q, &j);
    }
    query_end(q, codes[end], "%s", r.why);
}

static void add_deleted(struct query *q, const struct quarantine_entry *e)
{
    struct json j;

    open_line(q, &j, e);
    json_add_str(&j, "event", "deleted");
    close_line(q, &j);
}

static void delete_run(struct query *q, struct depot *d)
{
    struct quarantine_find *f = find(q, d, NULL);
    char why[RELEASE_WHY_MAX];
    enum release_end end;

    if (!f)
        return;
    end = release_delete(d, &f->entry[0], "deleted by the administrator", why);
    if (end == RELEASE_DONE)
        add_deleted(q, &f->entry[0]);
    query_end(q, codes[end], "%s", why);
}

/* --- purge --------------------------------------------------------------------- */

struct purge {
    struct quarantine_walk walk;
    size_t deleted, left, unread;
};

static bool has_address(struct view sender, const struct view *rcpt, size_t n, struct view wanted)
{
    if (view_equal_nocase(sender, wanted))
        return true;
    for (size_t i = 0; i < n; i++)
        if (view_equal_nocase(rcpt[i], wanted))
            return true;
    return false;
}

/* The envelope names also those who have had it released; the record is asked where that cannot be read. */
static int is_about(const struct depot *d, const struct quarantine_entry *e, enum quarantine_part part,
                    struct view wanted)
{
    const struct spool_dir *class = &d->spool.class[e->class];
    struct envelope env = {.rcpt_n = 0};
    struct envelope_error err;
    struct quarantine_record r;
    char name[MSG_NAME_MAX];
    bool hdr =
        part != QUARANTINE_EML && flow_read_envelope(class, quarantine_file(e, name, part), &env, &err) == 0;
    bool json = quarantine_record_read(&r, class, quarantine_file(e, name, QUARANTINE_JSON)) == 0;
    bool about = (hdr && has_address(env.sender, env.rcpt, env.rcpt_n, wanted)) ||
                 (json && has_address(r.sender, r.rcpt, r.rcpt_n, wanted));

    json = json && r.has_rcpt;
    envelope_free(&env);
    quarantine_record_free(&r);
    return about ? 1 : hdr || json ? 0 : -1;
}

static void purge_one(struct query *q, struct depot *d, const struct quarantine_entry *e, struct purge *p)
{
    char why[RELEASE_WHY_MAX];

    if (release_delete(d, e, "purged by address", why) == RELEASE_DONE) {
        add_deleted(q, e);
        p->deleted++;
    } else {
        p->left++;
    }
}

static void purge_over(struct query *q, const struct purge *p)
{
    log_info("event=purged entries=%zu left=%zu unreadable=%zu", p->deleted, p->left, p->unread);
    if (p->left)
        query_end(q, EXIT_TEMP_75, "%zu deleted; %zu are still in work, ask again", p->deleted, p->left);
    else if (p->unread)
        query_end(q, EXIT_FINDING,
                  "%zu deleted; of %zu neither envelope nor record can be read, so they were left",
                  p->deleted, p->unread);
    else
        query_end(q, EXIT_OK, "%zu deleted", p->deleted);
}

static void purge_run(struct query *q, struct depot *d)
{
    struct view wanted = control_argument(&q->request, "address");
    unsigned budget = QUERY_SLICE_ROWS, reads = 0, acts = 0;
    struct purge *p = q->state;
    struct quarantine_entry e;
    enum quarantine_part part;
    int rc = -1;

    q->more = true;
    if (!p) {
        q->state = p = xcalloc(1, sizeof *p);
        quarantine_walk_begin(&p->walk, -1);
    }
    if (q->request.n != 2 || !wanted.n) {
        query_end(q, EXIT_USAGE_64, "purge takes address=ADDRESS and nothing else");
        return;
    }
    while (reads < PURGE_READS && acts < PURGE_ACTS &&
           (rc = quarantine_walk_next(&p->walk, d, &budget, &e, &part)) == 1) {
        int about = 0;

        if (part == QUARANTINE_HDR_DEL || !quarantine_is_lead(d, &e, part))
            continue;
        reads++;
        about = is_about(d, &e, part, wanted);
        p->unread += about < 0;
        acts += about > 0;
        if (about > 0)
            purge_one(q, d, &e, p);
    }
    if (rc == 0)
        purge_over(q, p);
}

static void purge_fini(struct query *q)
{
    struct purge *p = q->state;

    if (p)
        quarantine_walk_end(&p->walk);
    free(p);
    q->state = NULL;
}

const struct query_verb query_quarantine_release = {"quarantine-release", release_run, find_fini};
const struct query_verb query_quarantine_delete = {"quarantine-delete", delete_run, find_fini};
const struct query_verb query_quarantine_purge = {"purge", purge_run, purge_fini};
