/*
 * release_sweep.c - see release_sweep.h.
 *
 * Each point begins with five entries in quarantine. The program is started with
 * questions that release one to all, one in two parts, one in part, and delete
 * one; it is killed at that system call. Recovery runs without questions, a
 * consumer takes what stands in the outlet, then everything is asked again.
 * However it was killed: each recipient has it exactly once, byte for byte; what was
 * not asked for is untouched; the journal has each event; the books balance.
 */
#include "tests/crash/release_sweep.h"

#include "common/log.h"
#include "tests/crash/line.h"
#include "tests/crash/trace.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define ENTRIES     5
#define RCPT_N      3
#define POINTS_MIN  100
#define REPORTS_MAX 10

/* What each entry's recipients get in the end. */
static const struct entry {
    const char *name;
    bool gets[RCPT_N];
    unsigned releases;
    bool deleted;
} entries[ENTRIES] = {
    {"e1", {true, true, true}, 1, false},    {"e2", {true, true, true}, 2, false},
    {"e3", {false, true, false}, 1, false},  {"e4", {false, false, false}, 0, true},
    {"e5", {false, false, false}, 0, false},
};
static const char questions[] = "quarantine-release|e1;quarantine-release|e2|rcpt=r2-e2@example.org;"
                                "quarantine-release|e2;quarantine-release|e3|rcpt=r2-e3@example.org;"
                                "quarantine-delete|e4;audit";

struct run {
    const struct options *o;
    char root[1024], log[1024], setting[1100];
    unsigned got[ENTRIES][RCPT_N];
    unsigned lost, twice, half, other;
    struct buf say;
};

__attribute__((format(printf, 3, 4))) static void finding(struct run *r, unsigned *count, const char *fmt,
                                                          ...)
{
    char text[400];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    (*count)++;
    buf_addf(&r->say, "    %s\n", text);
}

static void make_pair(const struct entry *e, struct buf *eml, struct buf *hdr)
{
    buf_addf(eml, "Subject: %s\r\n\r\nline of %s\r\n.\r\n\xff\n", e->name, e->name);
    buf_add_str(hdr, "Written\nsender@example.net\n");
    for (int i = 0; i < RCPT_N; i++)
        buf_addf(hdr, "%sr%d-%s@example.org", i ? "," : "", i + 1, e->name);
    buf_add_str(hdr, "\nx-spoold-test: q-virus\n\n");
}

/* --- runs ------------------------------------------------------------------------- */

static int start(struct run *r, bool ask, struct trace_plan *plan, struct trace_result *tr)
{
    static char once[] = "--once", opt[] = "-o";
    static const char *const settings[] = {
        "spool.unsafe_filesystem=yes", "spool.store_inline=yes", "spool.rescan=100ms", "journal.compress=no",
        "log.target=stderr",           "antivirus.clamav=no",    "antispam.enable=no"};
    char *argv[32];
    size_t n = 0;

    argv[n++] = (char *)(uintptr_t)r->o->spoold;
    argv[n++] = opt;
    argv[n++] = r->setting;
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        argv[n++] = opt;
        argv[n++] = (char *)(uintptr_t)settings[i];
    }
    argv[n++] = once;
    argv[n] = NULL;
    plan->argv = argv;
    plan->log = r->log;
    plan->timeout_ms = (unsigned)r->o->timeout;
    if (ask)
        setenv("SPOOLD_ASK", questions, 1);
    else
        unsetenv("SPOOLD_ASK");
    return plan->at || plan->action == TRACE_COUNT ? trace_run(plan, tr) : trace_run_plain(plan, tr);
}

static void run_whole(struct run *r, bool ask)
{
    struct trace_plan plan = {.action = TRACE_KILL_TREE};
    struct trace_result tr = {0};

    if (start(r, ask, &plan, &tr) < 0 || tr.timed_out || !WIFEXITED(tr.status) || WEXITSTATUS(tr.status) != 0)
        finding(r, &r->other, "a run that was not disturbed failed (wait status %d)", tr.status);
}

static void prepare(struct run *r)
{
    disk_remove_tree(r->root);
    (void)unlink(r->log);
    disk_make_dir(r->root);
    disk_make_dir(disk_path("%s/incoming", r->root).s);
    for (int i = 0; i < ENTRIES; i++) {
        struct buf eml = {0}, hdr = {0};

        make_pair(&entries[i], &eml, &hdr);
        disk_write(disk_path("%s/incoming/%s.eml", r->root, entries[i].name).s, buf_view(&eml));
        disk_write(disk_path("%s/incoming/%s.hdr", r->root, entries[i].name).s, buf_view(&hdr));
        buf_free(&eml);
        buf_free(&hdr);
    }
    run_whole(r, false);
}

/* --- what stands there ---------------------------------------------------------------- */

/* The envelope of a release: line 3 of the original with some of its recipients. */
static void count_recipients(struct run *r, int i, const struct buf *hdr)
{
    char want[RCPT_N][64];
    unsigned found = 0;

    for (int k = 0; k < RCPT_N; k++) {
        snprintf(want[k], sizeof want[k], "r%d-%s@example.org", k + 1, entries[i].name);
        if (memmem(hdr->p, hdr->n, want[k], strlen(want[k]))) {
            r->got[i][k]++;
            found++;
        }
    }
    if (!found || hdr->n < 8 || memcmp(hdr->p, "Written\n", 8) != 0)
        finding(r, &r->other, "%s: an envelope without its recipients", entries[i].name);
}

static int entry_of(const char *name)
{
    for (int i = 0; i < ENTRIES; i++)
        if (strncmp(name, entries[i].name, 2) == 0 && name[2] == '~')
            return i;
    return -1;
}

static void take_pair(struct run *r, const char *stem, const char *hdr_path)
{
    struct disk_path eml_path = disk_path("%s/outgoing/%s.eml", r->root, stem);
    struct buf eml = {0}, hdr = {0}, want = {0}, ignore = {0};
    int i = entry_of(stem);

    if (disk_read(&hdr, hdr_path) < 0 || disk_read(&eml, eml_path.s) < 0)
        finding(r, &r->half, "half a pair in the outlet: %s", stem);
    else if (i < 0)
        finding(r, &r->other, "a stranger in the outlet: %s", stem);
    else {
        make_pair(&entries[i], &want, &ignore);
        if (!view_equal(buf_view(&eml), buf_view(&want)))
            finding(r, &r->half, "%s has not the original bytes", stem);
        count_recipients(r, i, &hdr);
    }
    (void)unlink(hdr_path);
    (void)unlink(eml_path.s);
    buf_free(&eml);
    buf_free(&hdr);
    buf_free(&want);
    buf_free(&ignore);
}

static void consume(struct run *r)
{
    struct disk_list l = {0};
    struct disk_path stem;

    disk_list(&l, disk_path("%s/outgoing", r->root).s);
    for (size_t i = 0; i < l.n; i++)
        if (disk_cut_suffix(&stem, l.name[i], ".hdr"))
            take_pair(r, stem.s, disk_path("%s/outgoing/%s", r->root, l.name[i]).s);
    disk_list_free(&l);
}

static void check_empty(struct run *r, const char *dir)
{
    struct disk_list l = {0};

    disk_list(&l, disk_path("%s/%s", r->root, dir).s);
    for (size_t i = 0; i < l.n; i++)
        if (l.name[i][0] != '.')
            finding(r, &r->other, "left over: %s/%s", dir, l.name[i]);
    disk_list_free(&l);
}

/* All files of one entry, their suffixes joined. */
static void check_entry(struct run *r, const struct disk_list *l, int i)
{
    bool rest = false, any = false;
    struct buf names = {0};
    const char *want = "";

    for (int k = 0; k < RCPT_N; k++) {
        rest |= !entries[i].gets[k];
        any |= entries[i].gets[k];
    }
    if (!entries[i].deleted)
        want = any && !rest ? ".eml.hdr.rel.json" : ".eml.hdr.json";
    for (size_t f = 0; f < l->n; f++)
        if (entry_of(l->name[f]) == i)
            buf_add_str(&names, l->name[f] + 3 + 25);
    if (!view_equal(buf_view(&names), view_of(want)))
        finding(r, names.n ? &r->other : &r->lost, "%s stands in quarantine as \"%.*s\", not \"%s\"",
                entries[i].name, (int)names.n, names.p ? names.p : "", want);
    buf_free(&names);
}

static unsigned count_lines(struct run *r, const char *event, const char *name)
{
    struct disk_path dir = disk_path("%s/state/journal", r->root);
    struct disk_list l = {0};
    unsigned copies = 0;

    disk_list(&l, dir.s);
    for (size_t i = 0; i < l.n; i++) {
        struct buf b = {0};
        struct view rest, line;
        struct line_event e;

        if (strstr(l.name[i], ".jsonl"))
            (void)disk_read(&b, disk_path("%.900s/%.100s", dir.s, l.name[i]).s);
        rest = buf_view(&b);
        while (line_next(&rest, &line))
            if (line_parse(&e, line) && view_equal(e.event, view_of(event)) && e.id.n > 3 &&
                memcmp(e.id.p, name, 2) == 0 && e.id.p[2] == '~')
                copies |= 1u << e.copy;
        buf_free(&b);
    }
    disk_list_free(&l);
    return (unsigned)__builtin_popcount(copies);
}

static void check_end(struct run *r)
{
    struct disk_list l = {0};
    struct buf log = {0};

    disk_list(&l, disk_path("%s/quarantine/virus", r->root).s);
    for (int i = 0; i < ENTRIES; i++) {
        const struct entry *e = &entries[i];
        unsigned released = count_lines(r, "released", e->name), deleted = count_lines(r, "deleted", e->name);

        check_entry(r, &l, i);
        for (int k = 0; k < RCPT_N; k++) {
            if (r->got[i][k] < e->gets[k])
                finding(r, &r->lost, "r%d-%s never got it", k + 1, e->name);
            else if (r->got[i][k] > e->gets[k])
                finding(r, &r->twice, "r%d-%s got it %u times", k + 1, e->name, r->got[i][k]);
        }
        if (released != e->releases || deleted != e->deleted)
            finding(r, &r->other, "%s: %u released and %u deleted in the journal", e->name, released,
                    deleted);
    }
    disk_list_free(&l);
    check_empty(r, "proc");
    check_empty(r, "incoming");
    check_empty(r, "outgoing");
    check_empty(r, "quarantine/failed/stray");
    (void)disk_read(&log, r->log);
    if (!log.n || !memmem(log.p, log.n, "\\\"balanced\\\":true", 17))
        if (!log.n || !memmem(log.p, log.n, "\"balanced\":true", 15))
            finding(r, &r->other, "the books do not balance");
    if (log.n && memmem(log.p, log.n, "event=alarm alarm=strange_state", 31))
        finding(r, &r->other, "a state that nobody knows");
    buf_free(&log);
}

/* --- points ---------------------------------------------------------------------------- */

/* Killed at system call `at` (0: only counted, in *points). */
static int run_point(struct run *r, uint64_t at, uint64_t *points)
{
    struct trace_plan plan = {.action = at ? TRACE_KILL_TREE : TRACE_COUNT, .at = at};
    struct trace_result tr = {0};

    memset(r->got, 0, sizeof r->got);
    buf_clear(&r->say);
    prepare(r);
    if (start(r, true, &plan, &tr) < 0)
        return -1;
    if (tr.timed_out || (!tr.reached && (!WIFEXITED(tr.status) || WEXITSTATUS(tr.status) != 0)))
        finding(r, &r->other, "the run failed by itself (wait status %d)", tr.status);
    consume(r);
    if (at % 2) /* recovery alone, or with the same questions again */
        run_whole(r, false);
    consume(r);
    (void)unlink(r->log);
    run_whole(r, true);
    consume(r);
    check_end(r);
    *points = tr.points;
    return 0;
}

static unsigned found(const struct run *r)
{
    return r->lost + r->twice + r->half + r->other;
}

/* The questions come after start and look: calls before them are those of any start, and are swept elsewhere.
 */
static uint64_t first_point(struct run *r)
{
    struct trace_plan plan = {.action = TRACE_COUNT};
    struct trace_result tr = {0};

    prepare(r);
    if (start(r, false, &plan, &tr) < 0 || tr.points < 2)
        return 1;
    return tr.points / 2;
}

static void report(const struct run *r, uint64_t at)
{
    printf("point %llu:\n", (unsigned long long)at);
    fwrite(r->say.p, 1, r->say.n, stdout);
}

int release_sweep(const struct options *o, const struct disk_path *dir)
{
    struct run r = {.o = o};
    uint64_t total = 0, from, step, most = o->max_points ? o->max_points : UINT64_MAX, ignore;
    unsigned points = 0, reports = 0;

    snprintf(r.root, sizeof r.root, "%.900s/release", dir->s);
    snprintf(r.log, sizeof r.log, "%.900s/release.log", dir->s);
    snprintf(r.setting, sizeof r.setting, "paths.root=%s", r.root);
    if (run_point(&r, 0, &total) < 0)
        return -1;
    if (found(&r))
        report(&r, 0);
    from = o->from > 1 ? o->from : first_point(&r);
    if (o->to && o->to < total)
        total = o->to;
    step = total > from && total - from > most ? (total - from + most - 1) / most : 1;
    for (uint64_t at = from; at <= total && !(o->control && found(&r)); at += step, points++) {
        unsigned before = found(&r);

        if (run_point(&r, at, &ignore) < 0)
            return -1;
        if (found(&r) > before && reports++ < REPORTS_MAX)
            report(&r, at);
    }
    printf("sweep: %u points, lost %u, twice %u, half pairs %u, other %u (of releases and deletions, calls "
           "%llu to %llu)\n",
           points, r.lost, r.twice, r.half, r.other, (unsigned long long)from, (unsigned long long)total);
    buf_free(&r.say);
    unsetenv("SPOOLD_ASK");
    if (o->control && !found(&r))
        printf("sweep: the control \"%s\" was not noticed\n", o->control);
    return o->control ? !found(&r)
                      : found(&r) > 0 || (points < POINTS_MIN && most >= POINTS_MIN && o->from <= 1);
}
