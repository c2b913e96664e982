/*
 * scan.c - see scan.h. Store thread; a folder that others write to, so names and files are hostile.
 *
 * The walk's cursor lives from task to task; entries that vanish while it is
 * under way are no error. Only names that end in .hdr are tried: the other half
 * of the pair follows from it.
 */
#include "spoold/scan.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/intake.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#define SCAN_REPORTED_MAX 1024 /* files that were reported; older ones are forgotten and reported again */
#define SCAN_REPORTS_MAX  20   /* lines in one walk; the rest is counted */
#define SCAN_SLICE_MS     50   /* one task */

/* What the store keeps between two tasks. */
struct scan_state {
    DIR *cursor[CONFIG_INTAKE_MAX];
    struct {
        ino_t ino;
        time_t mtime;
    } reported[SCAN_REPORTED_MAX];
    size_t reported_n;
    unsigned reports, unsaid; /* of the present walk */
};

static struct scan_state *state_of(struct depot *d)
{
    if (!d->scan)
        d->scan = xcalloc(1, sizeof *d->scan);
    return d->scan;
}

/* True the first time. */
static bool first_report(struct scan_state *k, const struct stat *st)
{
    size_t at = k->reported_n % SCAN_REPORTED_MAX;

    for (size_t i = 0; i < SCAN_REPORTED_MAX && i < k->reported_n; i++)
        if (k->reported[i].ino == st->st_ino && k->reported[i].mtime == st->st_mtime)
            return false;
    k->reported[at].ino = st->st_ino;
    k->reported[at].mtime = st->st_mtime;
    k->reported_n++;
    return true;
}

void scan_report(struct depot *d, const struct flow_deposit *dep, const char *what)
{
    struct scan_state *k = state_of(d);

    /* What is not said is not remembered either: it has its turn in another walk. */
    if (k->reports >= SCAN_REPORTS_MAX) {
        k->unsaid++;
        return;
    }
    if (!first_report(k, dep->eml.st_ino ? &dep->eml : &dep->hdr))
        return;
    k->reports++;
    log_warnx("event=deposit_problem folder=%s name=\"%.*s\" %s", dep->from->label, (int)dep->name.n,
              dep->name.p, what);
}

static bool is_old(const struct depot *d, const struct stat *st)
{
    return st->st_ino && depot_wall_ms() - (int64_t)st->st_mtime * 1000 > d->cfg->deposit_alarm;
}

static void remember_later(struct scan_task *t, const struct flow_deposit *dep)
{
    if (t->later_n == SCAN_LATER_MAX) {
        t->later_lost = true;
        return;
    }
    t->later[t->later_n].name = xstrndup(dep->name.p, dep->name.n);
    t->later[t->later_n++].delay = dep->retry_ms;
}

static void take(struct scan_task *t, struct msg *m)
{
    if (!t->claimed)
        t->claimed = xcalloc(t->room, sizeof *t->claimed);
    t->claimed[t->claimed_n++] = m;
    t->room_bytes -= msg_size(m) < t->room_bytes ? msg_size(m) : t->room_bytes;
}

static void try_name(struct scan_task *t, struct depot *d, struct view name)
{
    struct flow_deposit dep = {
        .from = &d->spool.intake[t->intake],
        .intake = t->intake,
        .name = name,
        .ready = d->cfg->intake[t->intake].ready,
    };
    struct msg *m = NULL;

    switch (flow_claim(d, &dep, &m)) {
    case FLOW_CLAIMED:
        take(t, m);
        break;
    case FLOW_LATER:
        if (dep.retry_ms)
            remember_later(t, &dep);
        else if (is_old(d, &dep.hdr))
            scan_report(d, &dep,
                        "line 1 of its .hdr is still not Written; the depositor has not finished it");
        break;
    case FLOW_NOTHING:
        if (is_old(d, &dep.hdr))
            scan_report(d, &dep, ".hdr has no .eml beside it; it waits for it");
        break;
    case FLOW_PROBLEM:
        scan_report(d, &dep, dep.problem);
        break;
    }
}

/* Room for a message, and time: mail in work must not wait long behind a scan. */
static bool has_room(const struct scan_task *t)
{
    return depot_mono_ms() < t->until && t->claimed_n < t->room && (t->room_bytes > 0 || t->claimed_n == 0);
}

static bool name_known(struct view name)
{
    return view_equal(name, VIEW(".")) || view_equal(name, VIEW("..")) ||
           view_equal(name, VIEW(".running")) || view_equal(name, VIEW(".stopped"));
}

/* Halves and files that belong to no pair: left alone, but not unsaid. */
static void look_at_orphan(const struct scan_task *t, struct depot *d, struct view name)
{
    struct flow_deposit dep = {.from = &d->spool.intake[t->intake], .name = name};
    char other[MSG_NAME_MAX];
    struct stat st;

    if (name_known(name) || name.n + 1 > sizeof other ||
        fstatat(dep.from->fd, name.p, &dep.eml, AT_SYMLINK_NOFOLLOW) < 0 || !is_old(d, &dep.eml))
        return;
    if (!view_ends_with(name, VIEW(".eml"))) {
        scan_report(d, &dep, "it is no part of a message pair (NAME.eml, NAME.hdr) and is left alone");
        return;
    }
    memcpy(other, name.p, name.n - 4);
    memcpy(other + name.n - 4, ".hdr", 5);
    if (fstatat(dep.from->fd, other, &st, AT_SYMLINK_NOFOLLOW) < 0 && errno == ENOENT)
        scan_report(d, &dep, "it has no .hdr beside it; it waits for it");
}

static DIR *open_cursor(struct scan_task *t, struct depot *d)
{
    const struct spool_dir *from = &d->spool.intake[t->intake];
    int fd = openat(from->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    struct stat st;

    /* inotify does not tell: our own descriptor keeps a removed folder alive. */
    t->gone = fstat(from->fd, &st) == 0 && st.st_nlink == 0;
    if (!dir && !t->gone)
        log_warn("event=scan_failed folder=%s", from->label);
    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static void end_reports(struct scan_state *k, const struct spool_dir *dir)
{
    if (k->unsaid)
        log_warnx("event=deposit_problems folder=%s %u more files are like that", dir->label, k->unsaid);
    k->reports = k->unsaid = 0;
}

static void walk_on(struct scan_task *t, struct depot *d)
{
    DIR **cursor = &state_of(d)->cursor[t->intake];

    if (!*cursor && !(*cursor = open_cursor(t, d))) {
        t->end = true;
        return;
    }
    for (unsigned n = 0; n < INTAKE_WALK_MAX && has_room(t); n++) {
        const struct dirent *e;
        struct view name;

        errno = 0;
        e = readdir(*cursor);
        if (!e && errno)
            log_warn("event=scan_failed folder=%s", d->spool.intake[t->intake].label);
        if (!e) {
            closedir(*cursor);
            *cursor = NULL;
            end_reports(state_of(d), &d->spool.intake[t->intake]);
            t->end = true;
            return;
        }
        name = view_of(e->d_name);
        if (name.n > 4 && view_ends_with(name, VIEW(".hdr")))
            try_name(t, d, (struct view){name.p, name.n - 4});
        else if (t->orphans)
            look_at_orphan(t, d, name);
    }
}

void scan_run(struct task *task, struct depot *d)
{
    struct scan_task *t = (struct scan_task *)task;

    t->until = depot_mono_ms() + SCAN_SLICE_MS;
    while (t->name_tried < t->name_n && has_room(t)) {
        try_name(t, d, view_of(t->name[t->name_tried]));
        t->name_tried++;
    }
    if (t->walk)
        walk_on(t, d);
}

void scan_task_free(struct scan_task *t)
{
    for (size_t i = 0; i < t->name_n; i++)
        free(t->name[i]);
    for (size_t i = 0; i < t->later_n; i++)
        free(t->later[i].name);
    free(t->name);
    free(t->claimed);
    free(t);
}

void scan_fini(struct depot *d)
{
    for (size_t i = 0; d->scan && i < CONFIG_INTAKE_MAX; i++)
        if (d->scan->cursor[i])
            closedir(d->scan->cursor[i]);
    free(d->scan);
    d->scan = NULL;
}
