/*
 * ctl_record_files.c - see ctl_record_part.h: a message that the journal does not know, or not any more.
 *
 * Called by ctl_record.c. The .json of a quarantine entry was written by spoold, but lies there for weeks,
 * and names of files in proc may be anybody's: bounded, and believed only where they have the form of ours.
 */
#include "tools/ctl_record_part.h"

#include "common/log.h"
#include "common/positions.h"
#include "common/xalloc.h"
#include "spoold/base.h"
#include "spoold/quarantine_record.h"
#include "tools/ctl_decision.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define RCPT_MAX 50000 /* of one message (common/envelope.h) */

/* The BASE with this tail, if the name is one and `suffix` behind it; "" takes any suffix. */
static bool is_of(const char *name, struct view tail, const char *suffix, struct base *id)
{
    const char *at = memmem(name, strlen(name), tail.p, tail.n);
    const char *end = at ? at + tail.n : NULL;

    if (!end || *end != '.' || (*suffix && strcmp(end, suffix) != 0))
        return false;
    return base_parse(id, (struct view){name, (size_t)(end - name)}) == 0;
}

/* The first such file of a folder, which is closed. */
static char *find_file(int dir, struct view tail, const char *suffix, struct base *id)
{
    DIR *d = fdopendir(dir);
    const struct dirent *e;
    char *found = NULL;

    if (!d)
        close(dir);
    while (d && !found && (e = readdir(d)) != NULL)
        if (is_of(e->d_name, tail, suffix, id))
            found = xstrdup(e->d_name);
    if (d)
        closedir(d);
    return found;
}

static int read_entry(int dir, const char *name, struct buf *to)
{
    int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC), rc = -1;
    json_t *o = NULL;

    if (fd >= 0) {
        rc = buf_read_fd(to, fd, QUARANTINE_RECORD_MAX);
        close(fd);
    }
    if (rc == 0)
        o = json_loadb(to->p, to->n, JSON_ALLOW_NUL, NULL);
    if (!json_is_object(o))
        buf_clear(to);
    json_decref(o);
    return to->n ? 0 : -1;
}

/* Of one class. */
static void look_at_class(const struct config *c, const char *class, struct view tail, struct ctl_record *to)
{
    int dir = ctl_record_open_folder(c, c->quarantine, class);
    struct base id;
    char *name = dir < 0 ? NULL : find_file(dup(dir), tail, ".json", &id);

    if (name && read_entry(dir, name, &to->json) == 0) {
        to->where = "quarantine";
        free(to->id);
        to->id = xstrdup(id.s);
    }
    free(name);
    if (dir >= 0)
        close(dir);
}

static void look_at_proc(const struct config *c, struct view tail, struct ctl_record *to)
{
    int dir = ctl_record_open_folder(c, c->proc, "");
    struct base id;
    char *name = dir < 0 ? NULL : find_file(dir, tail, "", &id);

    if (name)
        to->id = xstrdup(id.s);
    free(name);
}

void ctl_record_find_files(const struct config *c, struct view tail, struct ctl_record *to)
{
    for (int k = 0; k < SPOOL_CLASS__MAX && !to->json.n; k++)
        look_at_class(c, spool_class_name((enum spool_class)k), tail, to);
    if (!to->id)
        look_at_proc(c, tail, to);
}

/* --- what an entry says ------------------------------------------------------------- */

static struct view keep(struct buf *text, const json_t *value, bool raw)
{
    const size_t at = text->n;

    ctl_decision_add_bytes(text, value, raw);
    return (struct view){text->p + at, text->n - at};
}

static int64_t read_time(const json_t *value)
{
    struct tm tm = {.tm_mday = 1};
    const char *s = json_string_value(value), *end = s ? strptime(s, "%Y-%m-%dT%H:%M:%S", &tm) : NULL;

    return end && tm.tm_year >= 70 ? (int64_t)timegm(&tm) * 1000 : 0;
}

static void take_members(struct ctl_record *r, const json_t *o, bool raw)
{
    const json_t *size = json_object_get(o, "size");

    r->at_ms = read_time(json_object_get(o, "at"));
    r->size = json_is_integer(size) && json_integer_value(size) > 0 ? (uint64_t)json_integer_value(size) : 0;
    r->has_from = json_is_string(json_object_get(o, "from"));
    r->from = keep(&r->text, json_object_get(o, "from"), raw);
    r->class = keep(&r->text, json_object_get(o, "class"), raw);
    r->reason = keep(&r->text, json_object_get(o, "reason"), raw);
}

static void put_rcpt(struct ctl_record *r, unsigned at, struct view v)
{
    while (r->rcpt_n < at) {
        r->rcpt = xrealloc(r->rcpt, r->rcpt_n + 1, sizeof *r->rcpt);
        r->rcpt[r->rcpt_n++] = VIEW("");
    }
    r->rcpt[at - 1] = v;
}

/* Each element has positions and perhaps the addresses in the same order; `left`: of all elements together.
 */
static void take_decided(struct ctl_record *r, const json_t *d, size_t *left, bool raw)
{
    const json_t *rcpt = json_object_get(d, "rcpt");
    struct view to = {json_string_value(json_object_get(d, "to")),
                      json_string_length(json_object_get(d, "to"))};
    size_t first, last, nth = 0;

    while (*left && positions_take(&to, &first, &last))
        for (size_t at = first; at <= last && at <= RCPT_MAX && *left; at++, --*left)
            put_rcpt(r, (unsigned)at, keep(&r->text, json_array_get(rcpt, nth++), raw));
}

/* "accepted_for" stands where the entry was not held for all of them from the beginning. What is left after a
 * release are some of them, and no position fits. */
static void take_rcpt(struct ctl_record *r, const json_t *o, bool raw)
{
    const json_t *decided = json_object_get(o, "decisions"), *all = json_object_get(o, "accepted_for");
    size_t left = RCPT_MAX;

    if (!all && !json_object_get(o, "releases"))
        all = json_object_get(o, "recipients");
    for (size_t i = 0; i < json_array_size(all) && i < RCPT_MAX; i++)
        put_rcpt(r, (unsigned)i + 1, keep(&r->text, json_array_get(all, i), raw));
    for (size_t i = 0; !all && i < json_array_size(decided); i++)
        take_decided(r, json_array_get(decided, i), &left, raw);
}

void ctl_record_take_entry(struct ctl_record *r)
{
    json_t *o = json_loadb(r->json.p ? r->json.p : "", r->json.n, JSON_ALLOW_NUL, NULL);
    const bool raw = json_is_true(json_object_get(o, "raw"));

    if (!r->lines.n)
        take_members(r, o, raw);
    if (!r->rcpt_n)
        take_rcpt(r, o, raw);
    json_decref(o);
}

int ctl_record_open_message(const struct config *c, const char *id)
{
    char *name = xasprintf("%s.eml", id);
    int fd = -1, err = ENOENT;

    for (int k = 0; fd < 0 && k <= SPOOL_CLASS__MAX; k++) {
        const bool proc = k == SPOOL_CLASS__MAX;
        const char *below = proc ? "" : spool_class_name((enum spool_class)k);
        const int dir = ctl_record_open_folder(c, proc ? c->proc : c->quarantine, below);

        fd = dir < 0 ? -1 : openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (fd < 0 && errno != ENOENT)
            err = errno;
        if (dir >= 0)
            close(dir);
    }
    free(name);
    errno = err;
    return fd;
}
