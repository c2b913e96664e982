/*
 * query_world.h - a small spool with journal and ledger, for the tests of query*.c.
 *
 * Everything stands in one temporary folder that is removed with the world. The
 * tests write events as the flow does, put files where they want them, and ask
 * as the control server does: run after run until there is no more. Each answer
 * is parsed, and each of its lines must fit into one packet.
 */
#ifndef TESTS_UNIT_QUERY_WORLD_H
#define TESTS_UNIT_QUERY_WORLD_H

#include "common/xalloc.h"
#include "spoold/query.h"

#include <fcntl.h>
#include <ftw.h>
#include <jansson.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define WORLD_AT       INT64_C(1767323045678)
#define WORLD_RUNS_MAX 10000

struct world {
    char root[256];
    struct config *cfg;
    struct depot d;
    unsigned serial;
    int64_t at_ms; /* each event is a second later */
};

struct answer {
    int code;
    char message[200];
    json_t *line; /* array of the parsed lines */
    unsigned runs;
};

static inline int world_dir(struct world *w, const char *name)
{
    char path[512];
    int fd = -1;

    snprintf(path, sizeof path, "%s/%s", w->root, name);
    assert_true(mkdir(path, 0700) == 0);
    fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static inline void world_dirs(struct world *w)
{
    char path[64];

    w->d.spool.proc.fd = world_dir(w, "proc");
    w->d.spool.quarantine.fd = world_dir(w, "quarantine");
    w->d.spool.outlet[0].fd = world_dir(w, "outgoing");
    w->d.spool.intake_n = 1;
    for (int c = 0; c < SPOOL_CLASS__MAX; c++) {
        snprintf(path, sizeof path, "quarantine/%s", spool_class_name((enum spool_class)c));
        w->d.spool.class[c].fd = world_dir(w, path);
    }
    w->d.state_dir = world_dir(w, "state");
    w->d.journal_dir = world_dir(w, "state/journal");
    w->d.ledger_dir = world_dir(w, "state/ledger");
}

/* `setting` NULL or one override, "section.key=value". */
static inline struct world *world_open(const char *setting)
{
    struct world *w = xcalloc(1, sizeof *w);
    const char *tmp = getenv("TMPDIR");
    struct config_errors errs = {.n = 0};

    snprintf(w->root, sizeof w->root, "%s/spoold-query-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->root));
    w->cfg = config_load(NULL, &setting, setting ? 1 : 0, &errs);
    assert_non_null(w->cfg);
    buf_free(&errs.text);
    w->at_ms = WORLD_AT;
    world_dirs(w);
    depot_open(&w->d, w->cfg);
    return w;
}

static inline int world_unlink(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st, (void)type, (void)ftw;
    return remove(path);
}

static inline void world_close(struct world **w)
{
    struct depot *d = &(*w)->d;

    depot_close(d);
    close(d->spool.proc.fd);
    close(d->spool.quarantine.fd);
    close(d->spool.outlet[0].fd);
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        close(d->spool.class[c].fd);
    close(d->state_dir);
    close(d->journal_dir);
    close(d->ledger_dir);
    assert_int_equal(chdir("/"), 0);
    nftw((*w)->root, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
    config_free(&(*w)->cfg);
    free(*w);
    *w = NULL;
}

/* A BASE of its own at each call. */
static inline struct base world_base(struct world *w, const char *name)
{
    struct stat eml = {.st_ino = 2 * ++w->serial}, hdr = {.st_ino = 2 * w->serial + 1};
    struct base b = {.len = 0};

    hdr.st_mtim.tv_sec = WORLD_AT / 1000 + w->serial;
    base_make(&b, view_of(name), NULL, &eml, &hdr);
    return b;
}

static inline void world_put(struct world *w, const char *dir, const struct base *b, const char *suffix)
{
    char path[1024];
    FILE *f = NULL;

    snprintf(path, sizeof path, "%s/%s/%s%s", w->root, dir, b->s, suffix);
    f = fopen(path, "w");
    assert_non_null(f);
    fclose(f);
}

/* The caller fills in what else the event says. */
static inline struct event world_event(struct world *w, enum event_kind kind, const struct base *b)
{
    w->at_ms += 1000;
    return (struct event){.kind = kind, .at_ms = w->at_ms, .id = *b, .size = 1000};
}

static inline void world_record(struct world *w, const struct event *e)
{
    assert_int_equal(depot_record(&w->d, e), 0);
}

static inline void world_say(struct world *w, enum event_kind kind, const struct base *b)
{
    struct event e = world_event(w, kind, b);

    e.copy = kind == EVENT_DELIVERED;
    if (kind == EVENT_ACCEPTED)
        e.name = base_clean(b);
    if (kind == EVENT_QUARANTINED)
        e.class = VIEW("spam");
    world_record(w, &e);
}

/* What the store does after each batch, and the housekeeping after it. */
static inline void world_settle(struct world *w)
{
    if (w->d.in_txn)
        ledger_commit(w->d.ledger);
    w->d.in_txn = false;
    while (ledger_tidy(w->d.ledger, w->at_ms, 0))
        ;
    assert_false(ledger_catching_up(w->d.ledger));
}

/* The ledger begins anew and has not caught up with the journal yet. */
static inline void world_lose_ledger(struct world *w)
{
    char path[512];
    bool rebuilt = false;

    world_settle(w);
    ledger_close(&w->d.ledger);
    snprintf(path, sizeof path, "%s/state/ledger", w->root);
    assert_int_equal(chdir("/"), 0);
    nftw(path, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
    close(w->d.ledger_dir);
    w->d.ledger_dir = world_dir(w, "state/ledger");
    assert_int_equal(fchdir(w->d.ledger_dir), 0);
    w->d.ledger = ledger_open(w->d.ledger_dir, w->d.journal_dir, &rebuilt);
    assert_non_null(w->d.ledger);
    assert_true(ledger_catching_up(w->d.ledger));
}

/* Words are parted by '|'. */
static inline struct query *world_query(const char *words)
{
    struct query *q = xcalloc(1, sizeof *q);

    q->packet_n = strlen(words) + 1;
    assert_true(q->packet_n <= sizeof q->packet);
    memcpy(q->packet, words, q->packet_n);
    for (size_t i = 0; i < q->packet_n; i++)
        q->packet[i] = q->packet[i] == '|' ? '\0' : q->packet[i];
    assert_int_equal(control_parse_request(&q->request, (struct view){q->packet, q->packet_n}), 0);
    q->verb = query_find(q->request.word[0]);
    assert_non_null(q->verb);
    return q;
}

static inline void take_lines(struct answer *a, struct query *q)
{
    struct view rest = buf_view(&q->out);

    while (rest.n) {
        const char *end = memchr(rest.p, '\n', rest.n);
        json_t *one = NULL;

        assert_non_null(end);
        assert_true((size_t)(end - rest.p) < CONTROL_ANSWER_MAX);
        one = json_loadb(rest.p, (size_t)(end - rest.p), JSON_ALLOW_NUL, NULL);
        assert_non_null(one);
        json_array_append_new(a->line, one);
        rest.n -= (size_t)(end - rest.p) + 1;
        rest.p = end + 1;
    }
    buf_clear(&q->out);
}

/* One run, as the control server does it. */
static inline void world_run(struct world *w, struct query *q)
{
    q->more = false;
    q->verb->run(q, &w->d);
}

/* From the run it is at to its end; takes `q`. */
static inline struct answer world_finish(struct world *w, struct query *q)
{
    struct answer a = {.line = json_array()};

    do {
        world_run(w, q);
        take_lines(&a, q);
        assert_true(++a.runs < WORLD_RUNS_MAX);
    } while (q->more);
    a.code = q->code;
    memcpy(a.message, q->message, sizeof a.message);
    query_free(q);
    return a;
}

static inline struct answer world_ask(struct world *w, const char *words)
{
    return world_finish(w, world_query(words));
}

static inline void answer_free(struct answer *a)
{
    json_decref(a->line);
    a->line = NULL;
}

static inline const char *answer_str(const struct answer *a, size_t i, const char *key)
{
    const char *s = json_string_value(json_object_get(json_array_get(a->line, i), key));

    return s ? s : "";
}

static inline int64_t answer_int(const struct answer *a, size_t i, const char *key)
{
    return json_integer_value(json_object_get(json_array_get(a->line, i), key));
}

static inline bool answer_bool(const struct answer *a, size_t i, const char *key)
{
    return json_is_true(json_object_get(json_array_get(a->line, i), key));
}

#endif
