/*
 * ctl_doctor_files.c - what lies about: deposits that nobody finished, leftovers, ledgers moved aside.
 *
 * Called through the list in ctl_doctor.c. Names come from depositors and are
 * hostile: they are never opened, only looked at, and escaped by the printer. Of
 * each kind the number and one name are said, so that ten thousand of them are
 * one line. A folder is read up to FILES_MAX entries.
 */
#include "tools/ctl_doctor_part.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 100000 /* entries of one folder */

/* One kind of thing that should not be there. */
struct heap {
    unsigned n;
    char first[256];
};

enum kind { UNFINISHED, LONE_ENVELOPE, LONE_CONTENT, NOT_TAKEN, FOREIGN, KIND__MAX };

static const struct {
    const char *what, *cure;
} kinds[KIND__MAX] = {
    [UNFINISHED] = {"unfinished deposits (.em_, .hd_), by depositors that were ended",
                    "look who made them, then remove them"},
    [LONE_ENVELOPE] = {".hdr without .eml beside it", "have its depositor put the .eml there, or remove it"},
    [LONE_CONTENT] = {".eml without .hdr beside it", "have its depositor put the .hdr there, or remove it"},
    [NOT_TAKEN] = {"complete pairs that are not taken",
                   "see why: spoolctl status, and event=deposit_problem in the log"},
    [FOREIGN] = {"files that are no part of a pair", "remove them; spoold never touches them"},
};

static void add(struct heap *h, const char *name)
{
    if (h->n++ == 0)
        snprintf(h->first, sizeof h->first, "%s", name);
}

static DIR *open_listing(const struct doctor *d, const char *path)
{
    int fd = ctl_doctor_open(d, path);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;

    if (!dir && fd >= 0)
        close(fd);
    return dir;
}

static bool ends(const char *name, const char *end)
{
    return strlen(name) > strlen(end) && view_ends_with(view_of(name), view_of(end));
}

/* Whether the other half of the pair is there. */
static bool has_other(int dir, const char *name, const char *suffix)
{
    char other[300];
    struct stat st;

    snprintf(other, sizeof other, "%.*s%s", (int)(strlen(name) - 4), name, suffix);
    return fstatat(dir, other, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum kind kind_of(int dir, const char *name)
{
    if (ends(name, ".em_") || ends(name, ".hd_"))
        return UNFINISHED;
    if (ends(name, ".hdr"))
        return has_other(dir, name, ".eml") ? NOT_TAKEN : LONE_ENVELOPE;
    if (ends(name, ".eml"))
        return has_other(dir, name, ".hdr") ? KIND__MAX : LONE_CONTENT; /* its .hdr is counted */
    return FOREIGN;
}

static bool is_old(int dir, const char *name, int64_t ms)
{
    struct stat st;

    return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
           (int64_t)(time(NULL) - st.st_mtime) * 1000 > ms;
}

static void look_at_intake(struct doctor *d, const char *path)
{
    DIR *dir = open_listing(d, path);
    struct heap heap[KIND__MAX] = {{.n = 0}};
    const struct dirent *e;
    unsigned all = 0;

    if (!dir) {
        ctl_doctor_say(d, DOCTOR_WARN, "deposits", "run this as root or as spoold's user",
                       "intake folder %s cannot be read: %s", path, strerror(errno));
        return;
    }
    for (unsigned i = 0; i < FILES_MAX && (e = readdir(dir)); i++) {
        enum kind k;

        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
            strcmp(e->d_name, ".running") == 0 || strcmp(e->d_name, ".stopped") == 0 ||
            !is_old(dirfd(dir), e->d_name, d->c->deposit_alarm))
            continue;
        k = kind_of(dirfd(dir), e->d_name);
        if (k != KIND__MAX)
            add(&heap[k], e->d_name);
    }
    closedir(dir);
    for (int k = 0; k < KIND__MAX; k++) {
        all += heap[k].n;
        if (heap[k].n)
            ctl_doctor_say(d, DOCTOR_WARN, "deposits", kinds[k].cure,
                           "%s: %u %s, older than spool.deposit_alarm; one is %s", path, heap[k].n,
                           kinds[k].what, heap[k].first);
    }
    if (!all)
        ctl_doctor_say(d, DOCTOR_OK, "deposits", NULL, "nothing was left lying in intake folder %s", path);
}

void ctl_doctor_deposits(struct doctor *d)
{
    for (size_t i = 0; d->root >= 0 && i < d->c->intake_n; i++)
        look_at_intake(d, d->c->intake[i].path);
}

/* Counts the names with that beginning and end, older than `ms`. -1: the folder cannot be read. */
static int gather(const struct doctor *d, const char *path, const char *begin, const char *end,
                  struct heap *h)
{
    DIR *dir = open_listing(d, path);
    const struct dirent *e;

    if (!dir)
        return -1;
    for (unsigned i = 0; i < FILES_MAX && (e = readdir(dir)); i++)
        if (strncmp(e->d_name, begin, strlen(begin)) == 0 && e->d_name[0] != '.' &&
            view_ends_with(view_of(e->d_name), view_of(end)) &&
            (!*end || is_old(dirfd(dir), e->d_name, d->c->deposit_alarm)))
            add(h, e->d_name);
    closedir(dir);
    return 0;
}

static void look_at_quarantine(struct doctor *d)
{
    static const char *const classes[] = {"virus", "spam", "policy", "poison", "failed"};
    struct heap h = {.n = 0}, stray = {.n = 0};
    char path[4200];
    int rc = 0;

    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        snprintf(path, sizeof path, "%s/%s", d->c->quarantine, classes[i]);
        rc |= gather(d, path, "", ".tmp", &h);
    }
    snprintf(path, sizeof path, "%s/failed/stray", d->c->quarantine);
    rc |= gather(d, path, "", "", &stray);
    if (rc < 0)
        ctl_doctor_say(d, DOCTOR_WARN, "leftovers", "run this as root or as spoold's user",
                       "the folders of %s cannot be read: %s", d->c->quarantine, strerror(errno));
    if (h.n)
        ctl_doctor_say(d, DOCTOR_WARN, "leftovers", "remove them",
                       "%u unfinished files (.tmp) lie in %s; one is %s", h.n, d->c->quarantine, h.first);
    if (stray.n)
        ctl_doctor_say(d, DOCTOR_WARN, "leftovers", "look at them, then remove them",
                       "%u files without a message lie in %s/failed/stray; one is %s", stray.n,
                       d->c->quarantine, stray.first);
    if (rc == 0 && !h.n && !stray.n)
        ctl_doctor_say(d, DOCTOR_OK, "leftovers", NULL, "nothing unfinished lies in %s", d->c->quarantine);
}

static void look_at_ledger(struct doctor *d)
{
    struct heap h = {.n = 0};
    char path[4200];

    snprintf(path, sizeof path, "%s/ledger", d->c->state);
    if (gather(d, path, "bad-", "", &h) < 0)
        return; /* said with the rights of the state folder */
    if (h.n)
        ctl_doctor_say(d, DOCTOR_WARN, "ledger",
                       "look at the disk and the memory of this machine, then remove them",
                       "%u damaged ledgers were moved aside in %s; one is %s", h.n, path, h.first);
    else
        ctl_doctor_say(d, DOCTOR_OK, "ledger", NULL, "the ledger was never found damaged");
}

void ctl_doctor_leftovers(struct doctor *d)
{
    if (d->root < 0)
        return;
    look_at_quarantine(d);
    look_at_ledger(d);
}
