/*
 * depot_world.h - a whole small spool for the tests of what moves messages: query_world.h and what it lacks.
 *
 * Folders are made by hand for the user who runs the test, never by root.c.
 * The tests put files where they want them, call the steps as the store does,
 * and compare what then stands in a folder: names sorted, a known BASE written
 * as @. Changes nothing outside its temporary folder (and one in /dev/shm for
 * a quarantine on another file system).
 */
#ifndef TESTS_UNIT_DEPOT_WORLD_H
#define TESTS_UNIT_DEPOT_WORLD_H

#include "tests/unit/query_world.h"

#include "common/log.h"
#include "spoold/flow.h"

#include <dirent.h>
#include <errno.h>
#include <sys/wait.h>
#include <time.h>

#define DEPOT_WORLD_HDR                                                                                      \
    "Written\na@example.org\n1@example.net,2@example.net,3@example.net\nconnectedip: 192.0.2.1\n\n"
#define DEPOT_WORLD_EML "Subject: test\n\nbody\n"

static inline struct spool_dir depot_world_fill(int fd, const char *label)
{
    struct stat st;

    assert_true(fd >= 0 && fstat(fd, &st) == 0);
    return (struct spool_dir){.fd = fd, .dev = st.st_dev, .label = label};
}

static inline void depot_world_dirs(struct world *w)
{
    struct spool *s = &w->d.spool;
    char name[64];

    world_dirs(w);
    s->cfg = w->cfg;
    s->model = SPOOL_MODEL_A;
    s->outgoing_gid = (gid_t)-1;
    s->intake_n = w->cfg->intake_n;
    s->proc = depot_world_fill(s->proc.fd, "proc");
    s->quarantine = depot_world_fill(s->quarantine.fd, "quarantine");
    for (int c = 0; c < SPOOL_CLASS__MAX; c++)
        s->class[c] = depot_world_fill(s->class[c].fd, spool_class_name((enum spool_class)c));
    s->stray = depot_world_fill(world_dir(w, "quarantine/failed/stray"), "failed/stray");
    s->outlet[0].label = "outgoing";
    for (size_t i = 0; i < s->intake_n; i++) {
        snprintf(name, sizeof name, "outgoing%zu", i);
        s->intake[i] = depot_world_fill(world_dir(w, w->cfg->intake[i].path), w->cfg->intake[i].path);
        s->outlet[i] = depot_world_fill(i ? world_dir(w, name) : s->outlet[0].fd, "outgoing");
    }
    snprintf(w->d.hostname, sizeof w->d.hostname, "mx.example.org");
}

/* `setting`: overrides "section.key=value"; the first intake has to be main, in the folder incoming. */
static inline struct world *depot_world_open(const char *const *setting, size_t n)
{
    struct world *w = xcalloc(1, sizeof *w);
    const char *tmp = getenv("TMPDIR");
    struct config_errors errs = {.n = 0};

    log_set_level(LOG_LEVEL_WARN);
    snprintf(w->root, sizeof w->root, "%s/spoold-depot-XXXXXX", tmp ? tmp : "/tmp");
    assert_non_null(mkdtemp(w->root));
    w->cfg = config_load(NULL, setting, n, &errs);
    if (!w->cfg)
        fail_msg("%.*s", (int)errs.text.n, errs.text.p);
    buf_free(&errs.text);
    w->at_ms = WORLD_AT;
    depot_world_dirs(w);
    depot_open(&w->d, w->cfg);
    world_settle(w); /* the ledger has caught up with the empty journal: from here on it follows each event */
    return w;
}

static inline struct world *depot_world_plain(void)
{
    return depot_world_open(NULL, 0);
}

static inline void depot_world_close(struct world **w)
{
    struct spool *s = &(*w)->d.spool;

    for (size_t i = 0; i < s->intake_n; i++) {
        close(s->intake[i].fd);
        if (i)
            close(s->outlet[i].fd);
    }
    close(s->stray.fd);
    free(s->pending);
    world_close(w);
}

/* The end of a batch: everything that waits is flushed and its errors are told. */
static inline void depot_world_flush(struct world *w)
{
    struct task_list none;

    task_list_init(&none);
    depot_run(&w->d, &none);
}

static inline const char *depot_world_path(const struct world *w, const char *dir, const char *name)
{
    static char path[1024];

    snprintf(path, sizeof path, "%s/%s/%s", w->root, dir, name);
    return path;
}

static inline void depot_world_write(const struct world *w, const char *dir, const char *name,
                                     const char *text)
{
    FILE *f = fopen(depot_world_path(w, dir, name), "w");

    assert_non_null(f);
    assert_true(fputs(text, f) >= 0);
    assert_int_equal(fclose(f), 0);
}

/* BASE + suffix in a folder. */
static inline void depot_world_put(const struct world *w, const char *dir, const struct base *b,
                                   const char *suffix, const char *text)
{
    char name[MSG_NAME_MAX];

    snprintf(name, sizeof name, "%s%s", b->s, suffix);
    depot_world_write(w, dir, name, text);
}

static inline void depot_world_pair(const struct world *w, const char *dir, const char *name)
{
    char file[MSG_NAME_MAX];

    snprintf(file, sizeof file, "%s.eml", name);
    depot_world_write(w, dir, file, DEPOT_WORLD_EML);
    snprintf(file, sizeof file, "%s.hdr", name);
    depot_world_write(w, dir, file, DEPOT_WORLD_HDR);
}

/* A file's mtime, seconds from now. Times ahead of the clock count as quiet, as ctime cannot be set. */
static inline void depot_world_touch(const struct world *w, const char *dir, const char *name,
                                     int64_t from_now)
{
    struct timespec t[2] = {{.tv_nsec = UTIME_OMIT}, {.tv_sec = time(NULL) + from_now}};

    assert_int_equal(utimensat(AT_FDCWD, depot_world_path(w, dir, name), t, AT_SYMLINK_NOFOLLOW), 0);
}

static inline bool depot_world_has(const struct world *w, const char *dir, const char *name)
{
    return faccessat(AT_FDCWD, depot_world_path(w, dir, name), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The bytes of a file, NUL-terminated; the caller frees. */
static inline char *depot_world_read(const struct world *w, const char *dir, const struct base *b,
                                     const char *suffix)
{
    char name[MSG_NAME_MAX];
    struct buf raw = {0};
    int fd;

    snprintf(name, sizeof name, "%s%s", b ? b->s : "", suffix);
    fd = open(depot_world_path(w, dir, name), O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        fail_msg("%s/%s: %s", dir, name, strerror(errno));
    assert_int_equal(buf_read_fd(&raw, fd, 1 << 20), 0);
    close(fd);
    buf_add(&raw, "", 1);
    return raw.p;
}

static inline int depot_world_order(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

/* What stands in the folder must be `wanted`: names in order, a blank between, BASE as @. Folders are passed
 * over. */
static inline void depot_world_expect(const struct world *w, const char *dir, const struct base *b,
                                      const char *wanted)
{
    struct dirent **e = NULL;
    struct buf got = {0};
    int n = scandir(depot_world_path(w, dir, ""), &e, NULL, depot_world_order);

    assert_true(n >= 0);
    for (int i = 0; i < n; i++) {
        const char *name = e[i]->d_name;
        bool ours = b && strncmp(name, b->s, b->len) == 0;

        if (e[i]->d_type != DT_DIR) {
            buf_add_str(&got, got.n ? " " : "");
            buf_add_str(&got, ours ? "@" : "");
            buf_add_str(&got, name + (ours ? b->len : 0));
        }
        free(e[i]);
    }
    free(e);
    buf_add_str(&got, "");
    if (strcmp(got.p ? got.p : "", wanted) != 0)
        fail_msg("%s holds \"%s\", not \"%s\"", dir, got.p ? got.p : "", wanted);
    buf_free(&got);
}

static inline enum flow_claim_result depot_world_try(struct world *w, const char *name,
                                                     struct flow_deposit *dep, struct msg **m)
{
    *dep = (struct flow_deposit){
        .from = &w->d.spool.intake[0], .name = view_of(name), .ready = w->cfg->intake[0].ready};
    return flow_claim(&w->d, dep, m);
}

/* A pair of that name is dropped and claimed. */
static inline struct msg *depot_world_claim(struct world *w, const char *name)
{
    struct flow_deposit dep;
    struct msg *m = NULL;

    depot_world_pair(w, "incoming", name);
    assert_int_equal(depot_world_try(w, name, &dep, &m), FLOW_CLAIMED);
    return m;
}

/* The same, locked and decided: recipients 1 and 2 get a copy each as far as `copies` goes, the rest `fate`.
 */
static inline struct msg *depot_world_decided(struct world *w, const char *name, enum msg_fate fate,
                                              size_t copies)
{
    struct msg *m = depot_world_claim(w, name);

    assert_int_equal(flow_lock(&w->d, m), 0);
    m->fate = fate;
    m->by = DECIDE_BY_TEST;
    m->class = SPOOL_CLASS_VIRUS;
    for (size_t k = 0; k < copies; k++) {
        m->copy[k].rcpt = xcalloc(m->env.rcpt_n, sizeof *m->copy[k].rcpt);
        m->copy[k].rcpt[m->copy[k].rcpt_n++] = k;
    }
    m->copy_n = copies;
    if (fate != MSG_FATE_SEND)
        msg_fill_rest(m);
    return m;
}

/* Events of the message as the ledger knows them after a flush. */
static inline unsigned depot_world_events(struct world *w, const struct base *b)
{
    struct ledger_row row = {.events = 0};

    return ledger_get(w->d.ledger, base_view(b), &row) == 1 ? row.events : 0;
}

/* The text of the journal's one file; the caller frees. */
static inline char *depot_world_journal(const struct world *w)
{
    DIR *d = opendir(depot_world_path(w, "state/journal", ""));
    const struct dirent *e;
    char *text = NULL;

    assert_non_null(d);
    while (!text && (e = readdir(d)))
        if (e->d_name[0] == '2')
            text = depot_world_read(w, "state/journal", NULL, e->d_name);
    closedir(d);
    return text ? text : xstrdup("");
}

static inline unsigned depot_world_lines(const struct world *w, const char *with)
{
    char *text = depot_world_journal(w);
    unsigned n = 0;

    for (const char *at = text; (at = strstr(at, with)); at++)
        n++;
    free(text);
    return n;
}

/* Runs fn in a child; its answer is the child's exit code, or 128 + the signal. `uid` 0: as we are. */
static inline int depot_world_child(int (*fn)(void *arg), void *arg, uid_t uid)
{
    pid_t pid;
    int status = 0;

    fflush(NULL);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        if (uid && (setgid((gid_t)uid) < 0 || setuid(uid) < 0))
            _exit(99);
        _exit(fn(arg));
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

/* What worker-rewrite does, in short: a trace field in front of all bytes. */
static inline int depot_world_rewrite(const struct msg *m, int out)
{
    struct buf b = {0};
    ssize_t n;
    int r;

    buf_add_str(&b, "Received: by mx.example.org with spoold id x;\n\tFri, 2 Jan 2026 03:04:05 +0000\n");
    buf_reserve(&b, (size_t)msg_size(m) + 1);
    n = pread(m->eml, b.p + b.n, (size_t)msg_size(m), 0);
    assert_true(n >= 0);
    b.n += (size_t)n;
    r = buf_write_fd(&b, out);
    buf_free(&b);
    return r;
}

/* The steps create, rewrite and prepare in one. */
static inline int depot_world_prepare(struct depot *d, struct msg *m)
{
    if (flow_create(d, m) < 0)
        return -1;
    for (size_t k = 0; k < m->copy_n; k++)
        if (depot_world_rewrite(m, m->out[k]) < 0)
            return flow_fail(m, errno, "an output cannot be written");
    return flow_prepare(d, m);
}

#endif
