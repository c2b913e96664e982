/*
 * watch.c - see watch.h. Loop thread; event names come from a folder that others write to.
 */
#include "spoold/watch.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/recover.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#define WATCH_INTAKE (IN_MOVED_TO | IN_CLOSE_WRITE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define WATCH_PROC   (IN_MOVED_TO | IN_ONLYDIR)
#define WATCH_SIGNATURES                                                                                     \
    (IN_CLOSE_WRITE | IN_MOVED_TO | IN_MOVED_FROM | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define WATCH_READ   65536 /* bytes of events in one read */

struct watch {
    int fd;
    int intake[CONFIG_INTAKE_MAX]; /* watch descriptors; -1 = none */
    int proc;
    int signatures;
};

static int add_watch(const struct watch *w, const struct spool_dir *d, uint32_t mask)
{
    char path[64];
    int wd;

    snprintf(path, sizeof path, "/proc/self/fd/%d", d->fd);
    wd = inotify_add_watch(w->fd, path, mask);
    if (wd < 0)
        log_warn("event=no_inotify folder=%s it is looked through every spool.rescan instead", d->label);
    return wd;
}

struct watch *watch_start(struct spoold *s)
{
    struct watch *w = xcalloc(1, sizeof *w);

    for (size_t i = 0; i < CONFIG_INTAKE_MAX; i++)
        w->intake[i] = -1;
    w->proc = w->signatures = -1;
    w->fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    if (w->fd < 0) {
        log_warn("event=no_inotify the folders are looked through every spool.rescan instead");
        return w;
    }
    for (size_t i = 0; i < s->cfg->intake_n; i++)
        w->intake[i] = add_watch(w, &s->depot.spool.intake[i], WATCH_INTAKE);
    if (s->cfg->external_stage)
        w->proc = add_watch(w, &s->depot.spool.proc, WATCH_PROC);
    return w;
}

void watch_signatures(struct watch *w, int dir)
{
    char path[64];
    int old = w->signatures;

    if (w->fd < 0)
        return;
    snprintf(path, sizeof path, "/proc/self/fd/%d", dir);
    w->signatures = dir < 0 ? -1 : inotify_add_watch(w->fd, path, WATCH_SIGNATURES);
    if (old >= 0 && old != w->signatures)
        inotify_rm_watch(w->fd, old);
}

void watch_stop(struct watch **w)
{
    if ((*w)->fd >= 0)
        close((*w)->fd);
    free(*w);
    *w = NULL;
}

int watch_fd(const struct watch *w)
{
    return w->fd;
}

static void walk_all(struct spoold *s)
{
    for (size_t i = 0; i < s->cfg->intake_n; i++)
        intake_walk(s, i);
}

/* Either half may be the last one to come, so both are tried; other names are not ours. */
static void name_event(struct spoold *s, size_t i, struct view name)
{
    if (name.n <= 4 || (!view_ends_with(name, VIEW(".hdr")) && !view_ends_with(name, VIEW(".eml"))))
        return;
    name.n -= 4;
    intake_hint(s, i, name, 0);
}

static void one_event(const struct watch *w, struct spoold *s, const struct inotify_event *e)
{
    if (e->mask & IN_Q_OVERFLOW) {
        log_info("event=inotify_overflow the folders are looked through");
        walk_all(s);
        antivirus_changed(s);
        return;
    }
    if (e->wd == w->signatures && w->signatures >= 0) {
        antivirus_changed(s);
        return;
    }
    if (e->wd == w->proc && w->proc >= 0) {
        recover_look_soon(s);
        return;
    }
    for (size_t i = 0; i < s->cfg->intake_n; i++) {
        if (e->wd != w->intake[i])
            continue;
        if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED))
            alarm_raise(&s->alarms, ALARM_INTAKE_GONE,
                        "the intake folder %.100s was moved or removed; restart spoold when it is back",
                        s->cfg->intake[i].path);
        else if (e->len)
            name_event(s, i, view_of(e->name));
    }
}

void watch_read(struct watch *w, struct spoold *s)
{
    char buf[WATCH_READ] __attribute__((aligned(__alignof__(struct inotify_event))));
    ssize_t n = read(w->fd, buf, sizeof buf), at = 0;

    if (n < 0 && errno != EAGAIN && errno != EINTR)
        log_warn("event=inotify_failed");
    while (at < n) {
        const struct inotify_event *e = (const struct inotify_event *)(const void *)(buf + at);

        one_event(w, s, e);
        at += (ssize_t)(sizeof *e + e->len);
    }
}
