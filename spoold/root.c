/*
 * root.c - see root.h. Runs once, possibly as root, before anything of a message is read.
 *
 * Trusts the configuration and the parent of paths.root; folders outside
 * paths.root belong to somebody else (an MTA) and are opened, never changed.
 */
#include "spoold/root.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/deliver.h"
#include "spoold/fs.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <unistd.h>

/* user = auto without a user spoold: a number that neither Debian nor systemd (61184 on) gives to anybody. */
#define ROOT_AUTO_UID 60900

struct root {
    const struct config *cfg;
    int fd;
    bool privileged;
    uid_t uid;
    gid_t gid, drop_gid, outgoing_gid, proc_gid;
};

static bool whole_number(const char *s, unsigned long *v)
{
    char *end;

    errno = 0;
    *v = strtoul(s, &end, 10);
    return s[0] >= '0' && s[0] <= '9' && !*end && !errno;
}

static gid_t group_by_name(const char *name, gid_t fallback, bool must)
{
    const struct group *g = name[0] ? getgrnam(name) : NULL;
    unsigned long n;

    if (g)
        return g->gr_gid;
    if (whole_number(name, &n))
        return (gid_t)n;
    if (must && name[0])
        fatalx_code(EXIT_CONFIG_100, "there is no group %s; create it or change the setting that names it",
                    name);
    return fallback;
}

/* As root: whom to become. Otherwise everything belongs to the user who started spoold. */
static void choose_owner(struct root *r)
{
    const char *name = r->cfg->user;
    const struct passwd *pw = getpwnam(strcmp(name, "auto") == 0 ? "spoold" : name);
    unsigned long n = ROOT_AUTO_UID;

    r->privileged = geteuid() == 0;
    r->uid = geteuid();
    r->gid = getegid();
    if (r->privileged) {
        if (!pw && strcmp(name, "auto") != 0 && !whole_number(name, &n))
            fatalx_code(EXIT_CONFIG_100, "spool.user: there is no user %s; create it, or use auto", name);
        r->uid = pw ? pw->pw_uid : (uid_t)n;
        r->gid = pw ? pw->pw_gid : (gid_t)n;
        if (r->uid == 0)
            fatalx_code(EXIT_CONFIG_100,
                        "spool.user: spoold never stays root; name another user, or use auto");
    }
    r->drop_gid = r->privileged ? group_by_name(r->cfg->drop_group, r->gid, false) : (gid_t)-1;
    r->outgoing_gid = r->privileged ? group_by_name(r->cfg->outgoing_group, r->gid, true) : (gid_t)-1;
    r->proc_gid = r->privileged ? group_by_name(r->cfg->proc_group, r->gid, true) : (gid_t)-1;
}

static int open_dir(int at, const char *path)
{
    return openat(at, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A folder of ours: made when missing, owner and mode set by descriptor, never by umask. */
static int own_dir(const struct root *r, int at, const char *path, mode_t mode, gid_t gid)
{
    struct stat st;
    int fd;

    if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
        fatal("folder %s cannot be made", path);
    /* These folders belong to an unprivileged user who could put a link there; root must not follow it. */
    fd = openat(at, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && (errno == ELOOP || errno == ENOTDIR))
        fatalx_code(EXIT_CONFIG_100,
                    "folder %s is a symbolic link or no folder; spoold's own folders must be real ones",
                    path);
    if (fd < 0 || fstat(fd, &st) < 0)
        fatal("folder %s cannot be opened", path);
    /* What stands in it would stay that user's. */
    if (r->privileged && st.st_uid != r->uid && st.st_uid != 0)
        fatalx_code(
            EXIT_CONFIG_100,
            "folder %s belongs to user %u, but spoold is to run as user %u here. If it ran as the other "
            "one before, give everything to the new one: chown -R %u %s",
            path, st.st_uid, r->uid, r->uid, r->cfg->root);
    if (r->privileged && (st.st_uid != r->uid || st.st_gid != gid) && fchown(fd, r->uid, gid) < 0)
        fatal("folder %s cannot be given to user %u", path, r->uid);
    if ((st.st_mode & 07777) != mode && (r->privileged || st.st_uid == r->uid) && fchmod(fd, mode) < 0)
        fatal("mode of folder %s cannot be set to %04o", path, (unsigned)mode);
    return fd;
}

static void fill_dir(struct spool_dir *d, int fd, const char *label)
{
    struct stat st;

    if (fstat(fd, &st) < 0)
        fatal("folder %s", label);
    *d = (struct spool_dir){.fd = fd, .dev = st.st_dev, .label = xstrdup(label), .dirty = true};
}

/* Relative paths are ours and made when missing; absolute ones belong to an MTA and must be there. */
static void message_dir(const struct root *r, struct spool_dir *d, const char *path, mode_t mode, gid_t gid)
{
    int fd;

    if (path[0] != '/') {
        fd = own_dir(r, r->fd, path, mode, gid);
    } else {
        fd = open_dir(AT_FDCWD, path);
        if (fd < 0)
            fatalx_code(EXIT_CONFIG_100, "folder %s cannot be opened: %s", path, strerror(errno));
    }
    fill_dir(d, fd, path);
}

static void open_root(struct root *r)
{
    const char *path = r->cfg->root;

    if (mkdir(path, 0755) < 0 && errno != EEXIST)
        fatalx_code(EXIT_CONFIG_100, "paths.root: folder %s cannot be made: %s; make it, or name another one",
                    path, strerror(errno));
    r->fd = open_dir(AT_FDCWD, path);
    if (r->fd < 0)
        fatalx_code(EXIT_CONFIG_100, "paths.root: folder %s cannot be opened: %s", path, strerror(errno));
    if (r->privileged && fchmod(r->fd, 0755) < 0)
        fatal("mode of folder %s cannot be set", path);
}

static void open_dirs(const struct root *r, struct depot *d)
{
    const struct config *c = r->cfg;
    struct spool *s = &d->spool;
    mode_t proc_mode = c->external_stage ? 02770 : 0700;

    message_dir(r, &s->proc, c->proc, proc_mode, c->external_stage ? r->proc_gid : r->gid);
    message_dir(r, &s->quarantine, c->quarantine, 0700, r->gid);
    for (int i = 0; i < SPOOL_CLASS__MAX; i++)
        fill_dir(&s->class[i],
                 own_dir(r, s->quarantine.fd, spool_class_name((enum spool_class)i), 0700, r->gid),
                 spool_class_name((enum spool_class)i));
    fill_dir(&s->stray, own_dir(r, s->class[SPOOL_CLASS_FAILED].fd, "stray", 0700, r->gid), "failed/stray");
    s->intake_n = c->intake_n;
    for (size_t i = 0; i < c->intake_n; i++) {
        message_dir(r, &s->intake[i], c->intake[i].path, 03730, r->drop_gid);
        /* What spoold hands over itself nobody else is to put there. */
        message_dir(r, &s->outlet[i], c->intake[i].outlet, deliver_is_on(c, i) ? 02750 : 02770,
                    r->outgoing_gid);
    }
    d->state_dir = own_dir(r, c->state[0] == '/' ? AT_FDCWD : r->fd, c->state, 0700, r->gid);
    d->journal_dir = own_dir(r, d->state_dir, "journal", 0700, r->gid);
    d->ledger_dir = own_dir(r, d->state_dir, "ledger", 0700, r->gid);
    d->config_dir = own_dir(r, d->state_dir, "config", 0700, r->gid);
}

/* Says who holds the lock and stops: two instances on one queue would claim the same message. */
static void refuse_second(int lock, const char *label)
{
    char holder[256] = "";
    ssize_t n = lock >= 0 ? pread(lock, holder, sizeof holder - 1, 0) : 0;

    holder[n > 0 ? n : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    fatalx_code(EXIT_CONFIG_100,
                "another spoold works here (%s is locked by %s); stop it, or use another paths.root", label,
                holder[0] ? holder : "an unknown process");
}

static void lock_dir(const struct spool_dir *d, int lock)
{
    if (flock(d->fd, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
        refuse_second(lock, d->label);
}

static void take_locks(const struct root *r, struct depot *d)
{
    int lock = openat(d->state_dir, "lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
    struct stat st;
    char me[256];

    if (lock < 0 || fstat(lock, &st) < 0)
        fatal("state/lock cannot be opened");
    if (!S_ISREG(st.st_mode) || st.st_nlink != 1)
        fatalx_code(EXIT_CONFIG_100, "state/lock is no plain file with one name; remove it and start again");
    if (flock(lock, LOCK_EX | LOCK_NB) < 0)
        refuse_second(lock, "state/lock");
    snprintf(me, sizeof me, "pid %ld on %.100s, paths.root %.100s\n", (long)getpid(), d->hostname,
             r->cfg->root);
    if (ftruncate(lock, 0) < 0 || pwrite(lock, me, strlen(me), 0) < 0 ||
        (r->privileged && fchown(lock, r->uid, r->gid) < 0))
        log_warn("state/lock cannot be written");
    lock_dir(&d->spool.proc, lock);
    for (size_t i = 0; i < d->spool.intake_n; i++)
        lock_dir(&d->spool.intake[i], lock);
}

static void check_one_fs(const struct root *r, struct spool *s, const struct spool_dir *dir)
{
    struct fs_info info;

    fs_probe(dir->fd, &info);
    if (dir == &s->proc) {
        s->model = info.model;
        s->fs_journal = info.journal;
        snprintf(s->fs_type, sizeof s->fs_type, "%s", info.type);
    }
    if (info.model != SPOOL_MODEL_C)
        return;
    if (!r->cfg->unsafe_filesystem)
        fatalx_code(EXIT_CONFIG_100,
                    "folder %s is on %s: %s. Move it to a journaled file system (ext4, xfs), or accept "
                    "the loss with spool.unsafe_filesystem = yes",
                    dir->label, info.type, info.why);
    log_warnx("event=unsafe_filesystem folder=%s type=%s UNSAFE: %s. Good enough to try spoold, not for mail "
              "that matters",
              dir->label, info.type, info.why);
}

static void check_same_device(const struct spool *s, const struct spool_dir *dir, const char *what)
{
    if (!spool_same_device(s, dir))
        fatalx_code(
            EXIT_CONFIG_100,
            "%s %s is on another file system than %s; messages are handed over by rename, so put them on one",
            what, dir->label, s->proc.label);
}

static void check_filesystems(const struct root *r, struct spool *s)
{
    check_one_fs(r, s, &s->proc);
    if (!spool_same_device(s, &s->quarantine))
        check_one_fs(r, s, &s->quarantine);
    for (size_t i = 0; i < s->intake_n; i++) {
        check_same_device(s, &s->intake[i], "intake folder");
        check_same_device(s, &s->outlet[i], "outlet folder");
    }
}

static void become(const struct root *r)
{
    gid_t groups[] = {r->drop_gid, r->outgoing_gid, r->proc_gid};

    if (!r->privileged)
        return;
    if (setgroups(sizeof groups / sizeof *groups, groups) < 0 || setresgid(r->gid, r->gid, r->gid) < 0 ||
        setresuid(r->uid, r->uid, r->uid) < 0)
        fatal("user %u cannot be taken on", r->uid);
    if (setuid(0) == 0)
        fatalx("root could not be given up");
}

static void check_access(const struct spool_dir *d, const char *what)
{
    if (faccessat(d->fd, ".", R_OK | W_OK | X_OK, AT_EACCESS) < 0)
        fatalx_code(EXIT_CONFIG_100,
                    "%s %s: user %u may not read and write it (%s); give it to that user or its group", what,
                    d->label, geteuid(), strerror(errno));
}

void root_prepare(struct depot *d, const struct config *cfg)
{
    struct root r = {.cfg = cfg, .fd = -1};

    d->cfg = d->spool.cfg = cfg;
    if (cfg->hostname[0])
        snprintf(d->hostname, sizeof d->hostname, "%s", cfg->hostname);
    else if (gethostname(d->hostname, sizeof d->hostname - 1) < 0)
        snprintf(d->hostname, sizeof d->hostname, "localhost");
    choose_owner(&r);
    open_root(&r);
    open_dirs(&r, d);
    take_locks(&r, d);
    check_filesystems(&r, &d->spool);
    d->spool.outgoing_gid = r.privileged && r.outgoing_gid != r.gid ? r.outgoing_gid : (gid_t)-1;
    become(&r);
    prctl(PR_SET_DUMPABLE, 0);
    check_access(&d->spool.proc, "work folder");
    for (size_t i = 0; i < d->spool.intake_n; i++) {
        check_access(&d->spool.intake[i], "intake folder");
        check_access(&d->spool.outlet[i], "outlet folder");
    }
    d->root_dir = r.fd;
}
