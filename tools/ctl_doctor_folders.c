/*
 * ctl_doctor_folders.c - the folders of an instance: rights, owners, file systems, room.
 *
 * Called through the list in ctl_doctor.c. What root.c sets up at start is looked
 * at again here, because people and backups change it afterwards. Folders with
 * an absolute path belong to somebody else, an MTA, so only what spoold needs of
 * them is asked. Changes nothing.
 */
#include "tools/ctl_doctor_part.h"

#include "spoold/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#define CURE_RIGHTS "restart spoold as root, it sets them right; or use chmod and chown"

/* The owner of the state folder is who spoold runs as; everything else must agree with it. */
struct place {
    const char *what, *path;
    mode_t mode;
    bool secret; /* others must not even look into it */
};

static void say_rights(struct doctor *d, const struct place *p, const struct stat *st, uid_t owner)
{
    unsigned mode = st->st_mode & 07777;

    if (p->secret && (mode & 07))
        ctl_doctor_say(d, DOCTOR_BAD, "rights", CURE_RIGHTS,
                       "%s %s is open to every user of this machine (mode %04o)", p->what, p->path, mode);
    else if (!p->secret && (mode & 06))
        ctl_doctor_say(d, DOCTOR_BAD, "rights", CURE_RIGHTS,
                       "%s %s can be read or written by every user of this machine (mode %04o)", p->what,
                       p->path, mode);
    else if (st->st_uid != owner)
        ctl_doctor_say(d, DOCTOR_BAD, "rights", CURE_RIGHTS,
                       "%s %s belongs to user %u, not to user %u like the state folder", p->what, p->path,
                       st->st_uid, owner);
    else if (mode != p->mode)
        ctl_doctor_say(d, DOCTOR_WARN, "rights", CURE_RIGHTS, "%s %s has mode %04o instead of %04o", p->what,
                       p->path, mode, (unsigned)p->mode);
    else
        ctl_doctor_say(d, DOCTOR_OK, "rights", NULL, "%s %s: mode %04o, user %u", p->what, p->path, mode,
                       st->st_uid);
}

static void look_at(struct doctor *d, const struct place *p, uid_t owner)
{
    struct stat st;
    int rc = p->path[0] == '/' ? stat(p->path, &st) : fstatat(d->root, p->path, &st, AT_SYMLINK_NOFOLLOW);

    if (rc < 0)
        ctl_doctor_say(d, DOCTOR_BAD, "rights",
                       errno == ENOENT
                           ? "start spoold, it makes its own folders; make those of an MTA yourself"
                           : "run this as root or as spoold's user",
                       "%s %s cannot be looked at: %s", p->what, p->path, strerror(errno));
    else if (!S_ISDIR(st.st_mode))
        ctl_doctor_say(d, DOCTOR_BAD, "rights", "spoold's own folders must be real ones, no links",
                       "%s %s is no folder", p->what, p->path);
    else if (p->path[0] != '/' || p->secret)
        say_rights(d, p, &st, owner);
    else
        ctl_doctor_say(d, DOCTOR_OK, "rights", NULL, "%s %s belongs to somebody else and is there", p->what,
                       p->path);
}

void ctl_doctor_folders(struct doctor *d)
{
    const struct config *c = d->c;
    const struct place own[] = {
        {"folder", c->state, 0700, true},
        {"folder", c->quarantine, 0700, true},
        {"folder", c->proc, c->external_stage ? 02770 : 0700, true},
    };
    struct stat st;
    uid_t owner = geteuid();

    if (d->root < 0)
        return;
    if (fstatat(c->state[0] == '/' ? AT_FDCWD : d->root, c->state, &st, 0) == 0)
        owner = st.st_uid;
    if (owner == 0)
        ctl_doctor_say(d, DOCTOR_BAD, "rights", "start spoold as root, it gives them to its own user",
                       "folder %s belongs to root, but spoold never stays root", c->state);
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        look_at(d, &own[i], owner);
    for (size_t i = 0; i < c->intake_n; i++) {
        const struct place in = {"intake folder", c->intake[i].path, 03730, false};
        const struct place out = {"outlet folder", c->intake[i].outlet, 02770, false};

        look_at(d, &in, owner);
        look_at(d, &out, owner);
    }
}

static void say_file_system(struct doctor *d, const char *path, const struct fs_info *f)
{
    static const char *const models[] = {"A", "B", "C"};

    if (f->model == SPOOL_MODEL_C)
        ctl_doctor_say(d, d->c->unsafe_filesystem ? DOCTOR_WARN : DOCTOR_BAD, "filesystem",
                       "move it to ext4 or xfs for mail that matters", "UNSAFE FILE SYSTEM: %s is on %s: %s",
                       path, f->type, f->why);
    else
        ctl_doctor_say(d, DOCTOR_OK, "filesystem", NULL, "%s is on %s, %s (model %s)", path, f->type,
                       f->journal ? "with journal" : "without journal", models[f->model]);
}

/* Messages are handed over by rename, which knows no two file systems. */
static void compare_device(struct doctor *d, const char *path, const struct stat *proc)
{
    int fd = ctl_doctor_open(d, path);
    struct stat st;

    if (fd >= 0 && fstat(fd, &st) == 0 && st.st_dev != proc->st_dev)
        ctl_doctor_say(d, DOCTOR_BAD, "filesystem", "put them on one file system",
                       "%s is on another file system than %s", path, d->c->proc);
    if (fd >= 0)
        close(fd);
}

void ctl_doctor_file_system(struct doctor *d)
{
    int proc = ctl_doctor_open(d, d->c->proc), quarantine = ctl_doctor_open(d, d->c->quarantine);
    struct fs_info info;
    struct stat st, q;

    if (proc >= 0 && fstat(proc, &st) == 0) {
        fs_probe(proc, &info);
        say_file_system(d, d->c->proc, &info);
        for (size_t i = 0; i < d->c->intake_n; i++) {
            compare_device(d, d->c->intake[i].path, &st);
            compare_device(d, d->c->intake[i].outlet, &st);
        }
        if (quarantine >= 0 && fstat(quarantine, &q) == 0 && q.st_dev != st.st_dev) {
            fs_probe(quarantine, &info);
            say_file_system(d, d->c->quarantine, &info);
        }
    }
    if (proc >= 0)
        close(proc);
    if (quarantine >= 0)
        close(quarantine);
}

static void say_room(struct doctor *d, const struct fs_room *r)
{
    uint64_t bytes = (uint64_t)d->c->reserve, inodes = (uint64_t)d->c->reserve_inodes;
    enum doctor_level level = DOCTOR_OK;
    char files[64] = "files are not counted";

    if (r->free_bytes < bytes || r->free_inodes < inodes)
        level = DOCTOR_BAD;
    else if (r->free_bytes / 4 < bytes || r->free_inodes / 4 < inodes)
        level = DOCTOR_WARN;
    if (r->free_inodes != UINT64_MAX)
        snprintf(files, sizeof files, "%llu files", (unsigned long long)r->free_inodes);
    ctl_doctor_say(d, level, "room",
                   level ? "make room, or lower spool.reserve and spool.reserve_inodes" : NULL,
                   "%s: %llu MB and %s are free; below %llu MB and %llu files no mail is taken",
                   level == DOCTOR_BAD    ? "THE DISK IS FULL"
                   : level == DOCTOR_WARN ? "the disk is getting full"
                                          : "room",
                   (unsigned long long)(r->free_bytes >> 20), files, (unsigned long long)(bytes >> 20),
                   (unsigned long long)inodes);
}

void ctl_doctor_room(struct doctor *d)
{
    int proc = ctl_doctor_open(d, d->c->proc);
    struct fs_room room;

    if (proc < 0) {
        if (d->root >= 0)
            ctl_doctor_say(d, DOCTOR_WARN, "room", "run this as root or as spoold's user",
                           "folder %s cannot be opened, so file system and room are not known", d->c->proc);
        return;
    }
    if (fs_room(proc, &room) == 0)
        say_room(d, &room);
    close(proc);
}
