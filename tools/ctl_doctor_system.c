/*
 * ctl_doctor_system.c - the machine around spoold: sandbox, users, signatures, clock, installation.
 *
 * Called through the list in ctl_doctor.c. Where spoold runs, it is believed: it
 * has tried its sandbox out. Where it does not, the kernel is asked what it
 * offers. Makes no process and changes nothing.
 */
#include "tools/ctl_doctor_part.h"

#include "common/role.h"
#include "common/xalloc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#define SANE_YEAR 2024 /* this program is not older */
#define CURE_SIGNATURES                                                                                      \
    "fetch signatures: install clamav-freshclam, or run: spoolctl av update. Or switch it off: "             \
    "antivirus.clamav = no"

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));

    return s ? s : "";
}

/* --- sandbox ------------------------------------------------------------ */

static void say_worker(struct doctor *d, const json_t *w)
{
    const json_t *missing = json_object_get(w, "missing"), *escape = json_object_get(w, "escape");
    json_int_t tried = json_integer_value(json_object_get(escape, "attempts"));
    json_int_t refused = json_integer_value(json_object_get(escape, "refused"));
    const char *role = text_of(w, "role"), *state = text_of(w, "state");
    struct buf parts = {0};

    ctl_print_add_value(&parts, missing, false);
    buf_add_str(&parts, "");
    if (strcmp(state, "serving") != 0)
        ctl_doctor_say(d, strcmp(state, "down") == 0 || strcmp(state, "lost") == 0 ? DOCTOR_BAD : DOCTOR_WARN,
                       "sandbox", "see the log, and: spoolctl status", "worker %s is %s: %s", role, state,
                       text_of(w, "trouble"));
    else if (refused < tried || !tried)
        ctl_doctor_say(d, DOCTOR_BAD, "sandbox", "do not let mail in before that is understood",
                       "worker %s was refused only %lld of %lld escape attempts", role, (long long)refused,
                       (long long)tried);
    else if (json_array_size(missing))
        ctl_doctor_say(d, DOCTOR_WARN, "sandbox", "start spoold as root on a kernel of 5.13 or later",
                       "worker %s lacks a part of its sandbox: %s", role, parts.p);
    else
        ctl_doctor_say(d, DOCTOR_OK, "sandbox", NULL,
                       "worker %s has its whole sandbox; %lld escape attempts were refused", role,
                       (long long)refused);
    buf_free(&parts);
}

/* A whole number in a small file of the kernel; -1 when there is none. */
static long read_number(const char *path)
{
    char text[32] = "";
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text - 1);

    if (fd >= 0)
        close(fd);
    return n > 0 ? strtol(text, NULL, 10) : -1;
}

static void say_landlock(struct doctor *d)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    bool needed = d->c->clamav && !strstr(d->c->worker_allow_less, "landlock");
    struct utsname u = {.release = "?"};

    uname(&u);
    if (abi > 0)
        ctl_doctor_say(d, DOCTOR_OK, "sandbox", NULL, "kernel %s has Landlock, version %ld", u.release, abi);
    else
        ctl_doctor_say(d, needed ? DOCTOR_BAD : DOCTOR_WARN, "sandbox",
                       "use a kernel of 5.13 or later, started with lsm=...,landlock",
                       "kernel %s has no Landlock%s", u.release,
                       needed ? "; viruses cannot be looked for safely without it" : "");
}

static void say_namespaces(struct doctor *d)
{
    if (geteuid() == 0)
        return; /* root needs none */
    if (read_number("/proc/sys/user/max_user_namespaces") == 0 ||
        read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
        ctl_doctor_say(d, DOCTOR_WARN, "sandbox", "start spoold as root, or allow user namespaces",
                       "plain users may make no user namespaces here, so workers share network and mounts");
}

void ctl_doctor_sandbox(struct doctor *d)
{
    const json_t *workers = json_object_get(d->status, "workers");

    for (size_t i = 0; i < json_array_size(workers); i++)
        say_worker(d, json_array_get(workers, i));
    if (d->status)
        return;
    say_landlock(d);
    if (access("/proc/sys/kernel/seccomp/actions_avail", F_OK) < 0)
        ctl_doctor_say(d, DOCTOR_BAD, "sandbox", "use a kernel with CONFIG_SECCOMP_FILTER",
                       "this kernel has no seccomp filters; workers do not start without them");
    say_namespaces(d);
}

/* --- users -------------------------------------------------------------- */

void ctl_doctor_users(struct doctor *d)
{
    const char *own = strcmp(d->c->user, "auto") == 0 ? "spoold" : d->c->user;
    struct buf none = {0};

    if (own[0] && !(own[0] >= '0' && own[0] <= '9') && !getpwnam(own))
        buf_add_str(&none, own);
    for (uint32_t i = 0; i < ROLE__MAX; i++)
        if (!getpwnam(role_find(i)->user))
            buf_addf(&none, "%s%s", none.n ? ", " : "", role_find(i)->user);
    if (none.n)
        ctl_doctor_say(d, DOCTOR_WARN, "users", "make them: systemd-sysusers, with etc/spoold.sysusers",
                       "there are no users %s; unused numbers stand in for them", none.p);
    else
        ctl_doctor_say(d, DOCTOR_OK, "users", NULL, "spoold and its workers have users of their own");
    buf_free(&none);
    if (d->c->drop_group[0] && !getgrnam(d->c->drop_group) &&
        !(d->c->drop_group[0] >= '0' && d->c->drop_group[0] <= '9'))
        ctl_doctor_say(d, DOCTOR_WARN, "users", "make the group, and put into it who may drop mail",
                       "there is no group %s; only spoold's own group may drop mail", d->c->drop_group);
}

/* --- signatures --------------------------------------------------------- */

static void ask_running(struct doctor *d, const json_t *av)
{
    const char *state = text_of(av, "state"), *trouble = text_of(av, "trouble");
    json_int_t age = json_integer_value(json_object_get(av, "age_s"));

    if (strcmp(state, "serving") != 0)
        ctl_doctor_say(d, DOCTOR_BAD, "signatures", "see: spoolctl av status", "the virus scanner is %s: %s",
                       state, trouble);
    else if (json_is_true(json_object_get(av, "test_only")))
        ctl_doctor_say(d, DOCTOR_WARN, "signatures", CURE_SIGNATURES,
                       "TEST SIGNATURES ONLY: no virus is found but the EICAR test file");
    else if (age * 1000 > d->c->av_max_age)
        ctl_doctor_say(d, DOCTOR_WARN, "signatures", CURE_SIGNATURES,
                       "the virus signatures are %lld days old", (long long)(age / 86400));
    else
        ctl_doctor_say(d, DOCTOR_OK, "signatures", NULL, "%lld virus signatures are loaded",
                       (long long)json_integer_value(json_object_get(av, "signatures")));
}

static bool is_signature(const char *name)
{
    static const char *const ends[] = {".cvd", ".cld", ".ndb", ".ldb", ".hdb", ".hsb", ".mdb"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        if (view_ends_with(view_of(name), view_of(ends[i])))
            return true;
    return false;
}

static void look_at_folder(struct doctor *d, DIR *dir)
{
    const struct dirent *e;
    time_t newest = 0;
    struct stat st;

    while ((e = readdir(dir)))
        if (is_signature(e->d_name) && fstatat(dirfd(dir), e->d_name, &st, 0) == 0 && st.st_mtime > newest)
            newest = st.st_mtime;
    if (!newest)
        ctl_doctor_say(
            d, DOCTOR_WARN, "signatures", CURE_SIGNATURES,
            "folder %s holds no virus signatures; spoold would use its test signatures, which find "
            "the EICAR test file only",
            d->c->av_signatures);
    else if ((int64_t)(time(NULL) - newest) * 1000 > d->c->av_max_age)
        ctl_doctor_say(d, DOCTOR_WARN, "signatures", CURE_SIGNATURES, "nothing in %s is newer than %lld days",
                       d->c->av_signatures, (long long)((time(NULL) - newest) / 86400));
    else
        ctl_doctor_say(d, DOCTOR_OK, "signatures", NULL, "there are virus signatures in %s",
                       d->c->av_signatures);
}

void ctl_doctor_signatures(struct doctor *d)
{
    const json_t *av = json_object_get(d->status, "antivirus");
    DIR *dir = NULL;
    int fd = -1;

    if (!d->c->clamav) {
        ctl_doctor_say(d, DOCTOR_OK, "signatures", NULL,
                       "viruses are not looked for (antivirus.clamav = no)");
        return;
    }
    if (av) {
        ask_running(d, av);
        return;
    }
    fd = ctl_doctor_open(d, d->c->av_signatures);
    dir = fd >= 0 ? fdopendir(fd) : NULL;
    if (dir)
        look_at_folder(d, dir);
    else
        ctl_doctor_say(d, DOCTOR_WARN, "signatures", CURE_SIGNATURES,
                       "the folder of virus signatures %s cannot be read: %s", d->c->av_signatures,
                       strerror(errno));
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
}

/* --- clock -------------------------------------------------------------- */

/* The name of the newest day of the journal: YYYY-MM-DD. "" when there is none. */
static void newest_day(const struct doctor *d, char day[11])
{
    char *path = xasprintf("%s/journal", d->c->state);
    int fd = ctl_doctor_open(d, path);
    DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
    const struct dirent *e;

    day[0] = '\0';
    free(path);
    while (dir && (e = readdir(dir)))
        if (e->d_name[0] >= '0' && e->d_name[0] <= '9' && strlen(e->d_name) > 10 &&
            strncmp(e->d_name, day, 10) > 0)
            snprintf(day, 11, "%.10s", e->d_name);
    if (dir)
        closedir(dir);
    else if (fd >= 0)
        close(fd);
}

void ctl_doctor_clock(struct doctor *d)
{
    time_t now = time(NULL);
    char today[11] = "", day[11] = "";
    struct tm tm = {0};

    gmtime_r(&now, &tm);
    strftime(today, sizeof today, "%Y-%m-%d", &tm);
    newest_day(d, day);
    if (tm.tm_year + 1900 < SANE_YEAR)
        ctl_doctor_say(d, DOCTOR_BAD, "clock", "set the clock, and keep it with NTP",
                       "the clock of this machine says %s", today);
    else if (strcmp(day, today) > 0)
        ctl_doctor_say(d, DOCTOR_BAD, "clock",
                       "set the clock; if it is right, the journal of those days holds wrong times",
                       "the journal has lines of %s, but the clock says %s: it was set back", day, today);
    else
        ctl_doctor_say(d, DOCTOR_OK, "clock", NULL, "the clock says %s%s", today,
                       day[0] ? ", and the journal is not ahead of it" : "");
}

/* --- installation ------------------------------------------------------- */

/* spooldrop beside this program: ../bin, or the same folder. */
static bool find_spooldrop(char *to, size_t size, struct stat *st)
{
    char self[1000];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    const char *slash;

    self[n > 0 ? n : 0] = '\0';
    slash = strrchr(self, '/');
    for (size_t i = 0; slash && i < 2; i++) {
        snprintf(to, size, i ? "%.*s/spooldrop" : "%.*s/../bin/spooldrop", (int)(slash - self), self);
        if (stat(to, st) == 0 && S_ISREG(st->st_mode))
            return true;
    }
    return false;
}

void ctl_doctor_spooldrop(struct doctor *d)
{
    const struct group *g = getgrnam(d->c->drop_group);
    char path[1100];
    struct stat st;

    if (!find_spooldrop(path, sizeof path, &st))
        ctl_doctor_say(d, DOCTOR_WARN, "spooldrop", "install it: make install",
                       "spooldrop is not installed beside spoolctl");
    else if (st.st_mode & 022)
        ctl_doctor_say(d, DOCTOR_BAD, "spooldrop", "chmod go-w", "%s can be changed by others than its owner",
                       path);
    else if (st.st_mode & S_ISUID)
        ctl_doctor_say(d, DOCTOR_BAD, "spooldrop", "chmod u-s; it needs a group at most", "%s is setuid",
                       path);
    else if (!(st.st_mode & S_ISGID))
        ctl_doctor_say(d, DOCTOR_OK, "spooldrop", NULL, "%s is not setgid: who is in group %s may drop mail",
                       path, d->c->drop_group);
    else if (!g || st.st_gid != g->gr_gid)
        ctl_doctor_say(d, DOCTOR_BAD, "spooldrop",
                       "chgrp it to the group in spool.drop_group, then chmod g+s",
                       "%s is setgid, but not of group %s", path, d->c->drop_group);
    else
        ctl_doctor_say(d, DOCTOR_OK, "spooldrop", NULL, "%s is setgid %s: every user may drop mail", path,
                       d->c->drop_group);
}
