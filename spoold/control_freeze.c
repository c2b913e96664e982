/*
 * control_freeze.c - see control_freeze.h. Loop thread; the store makes and removes the file.
 *
 * Freezing takes effect at once and is answered when the mark is on disk;
 * thawing takes effect when the mark is gone from it. So a crash in between
 * leaves spoold as an administrator was told, or more careful. The file is
 * empty: that it stands there is all.
 */
#include "spoold/control_freeze.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/spoold.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct freeze_task {
    struct task task;
    struct control_ticket ticket;
    bool freeze;
    int err;
};

static void say_frozen(struct spoold *s, bool on)
{
    s->frozen = on;
    if (on) {
        alarm_raise(
            &s->alarms, ALARM_FROZEN,
            "FROZEN by the administrator: no mail is taken and no attempt begins, until: spoolctl thaw");
    } else {
        alarm_clear(&s->alarms, ALARM_FROZEN);
        s->gate.rested = true; /* what waited at the gate goes on at once */
    }
}

void control_freeze_open(struct spoold *s)
{
    struct stat st;

    if (fstatat(s->depot.state_dir, CONTROL_FREEZE_FILE, &st, AT_SYMLINK_NOFOLLOW) == 0)
        say_frozen(s, true);
}

static int make_mark(int dir)
{
    int fd = openat(dir, CONTROL_FREEZE_FILE, O_WRONLY | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);

    if (fd < 0)
        return -1;
    close(fd);
    return fsync(dir);
}

static int remove_mark(int dir)
{
    if (unlinkat(dir, CONTROL_FREEZE_FILE, 0) < 0 && errno != ENOENT)
        return -1;
    return fsync(dir);
}

static void mark_run(struct task *task, struct depot *d)
{
    struct freeze_task *t = (struct freeze_task *)task;
    int rc = t->freeze ? make_mark(d->state_dir) : remove_mark(d->state_dir);

    t->err = rc < 0 ? errno : 0;
}

static void tell(struct spoold *s, const struct freeze_task *t)
{
    struct buf lines = {0}, text = {0};
    size_t work = s->roster.count[ROSTER_WORK];
    struct json j;

    if (t->freeze)
        buf_addf(&text, "frozen: no mail is taken and no attempt begins; %zu in work come to their end",
                 work);
    else
        buf_add_str(&text, "thawed: mail is taken again");
    json_open(&j, &lines);
    json_add_bool(&j, "frozen", t->freeze);
    json_add_int(&j, "in_work", (int64_t)work);
    json_add_view(&j, "text", buf_view(&text));
    json_close(&j);
    buf_add_char(&lines, '\n');
    control_reply(s, t->ticket, &lines, EXIT_OK, "");
    buf_free(&text);
    buf_free(&lines);
}

static void mark_done(struct task *task, struct spoold *s)
{
    struct freeze_task *t = (struct freeze_task *)task;

    if (t->freeze || !t->err) /* the last one that was done is the one that counts */
        say_frozen(s, t->freeze);
    if (t->err)
        log_warnx("event=freeze_mark_failed %s", strerror(t->err));
    if (!t->err)
        tell(s, t);
    else
        control_reply(s, t->ticket, NULL, EXIT_TEMP_75,
                      t->freeze ? "frozen, but state/frozen cannot be written (see the log): it will not "
                                  "outlive a restart"
                                : "still frozen: state/frozen cannot be removed; see the log");
    free(t);
}

static int order(struct spoold *s, const struct control_request *r, bool freeze, const char **message)
{
    struct freeze_task *t;

    if (r->n != 1) {
        *message = freeze ? "freeze takes no argument" : "thaw takes no argument";
        return EXIT_USAGE_64;
    }
    t = xcalloc(1, sizeof *t);
    t->task.run = mark_run;
    t->task.done = mark_done;
    t->freeze = freeze;
    t->ticket = control_ticket(s);
    task_list_add(&s->todo, &t->task);
    if (freeze)
        say_frozen(s, true);
    return CONTROL_LATER;
}

int control_freeze(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    (void)out;
    return order(s, r, true, message);
}

int control_thaw(struct spoold *s, const struct control_request *r, struct buf *out, const char **message)
{
    (void)out;
    return order(s, r, false, message);
}
