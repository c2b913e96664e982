/*
 * test_escape.c - the self-test of the sandbox: it finds none where there is none, and a hole where there is
 * one.
 *
 * Run by "make check", as root and as a plain user. The attempts one by one,
 * with and without a sandbox, are in tests/func/sandbox_escape.sh.
 */
#include "sandbox_world.h"
#include "workers/escape.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/prctl.h>

#define HOLE_FD   50
#define FOLDER_FD 4

enum { GOOD, BAD_SETUP, BAD_RC, BAD_COUNT, BAD_HOLE, BAD_APPLIED, BAD_REASON };

struct setting {
    const char *behaviour;
    bool no_seccomp; /* the kernel has none */
    uint32_t allow_less;
    int extra; /* a descriptor that is open; 0 none */
    bool extra_is_link;
    bool deaf; /* signals are blocked and ignored, as a loader may have them */
    int rc;
    const char *hole; /* the first one begins so, "" any; NULL none */
    enum role role;
    int folder; /* the loader's own; 0 none */
};

static const struct setting settings[] = {
    {"every attempt is refused", false, 0, 0, false, false, 0, NULL, ROLE_REWRITE, 0},
    {"the link may be open", false, 0, HOLE_FD, true, false, 0, NULL, ROLE_REWRITE, 0},
    {"another descriptor is a hole", false, 0, HOLE_FD, false, false, 0,
     "descriptor_too_many: ", ROLE_REWRITE, 0},
    {"the signals of the caller do not matter", false, 0, 0, false, true, 0, NULL, ROLE_REWRITE, 0},
    {"without a required part there is nothing to test", true, 0, 0, false, false, -1, NULL, ROLE_REWRITE, 0},
    {"without seccomp there are holes, and they are told", true, SANDBOX_SECCOMP, 0, false, false, 0, "",
     ROLE_REWRITE, 0},
    {"of a role with files, too", false, 0, 0, false, false, 0, NULL, ROLE_AV, 0},
    {"its link may be open", false, 0, HOLE_FD, true, false, 0, NULL, ROLE_AV, 0},
    {"the loader's folder is kept from it", false, 0, 0, false, false, 0, NULL, ROLE_AV, FOLDER_FD},
    {"another descriptor is a hole for it, too", false, 0, HOLE_FD, false, false, 0,
     "descriptor_too_many: ", ROLE_AV, 0},
    {"signals do not matter to its handler", false, 0, 0, false, true, 0, NULL, ROLE_AV, 0},
    {"of a role with a network all but that", false, 0, 0, false, false, 0, NULL, ROLE_DNS, 0},
    {"of one that reads mail", false, 0, 0, false, false, 0, NULL, ROLE_ANTISPAM, 0},
    {"Landlock alone leaves holes in it", true, SANDBOX_SECCOMP, 0, false, false, 0, "", ROLE_AV, 0},
};

static int set_up(const struct setting *s)
{
    static const char *const calls[] = {"seccomp", NULL};
    sigset_t all;

    close_range(STDERR_FILENO + 1, ~0U, 0);
    if (s->extra && dup2(STDERR_FILENO, s->extra) < 0)
        return -1;
    if (s->folder && (open("/", O_RDONLY | O_DIRECTORY) != 3 || dup2(3, s->folder) < 0 || close(3) < 0))
        return -1;
    if (s->deaf) {
        sigfillset(&all);
        sigprocmask(SIG_BLOCK, &all, NULL);
        signal(SIGSYS, SIG_IGN);
        signal(SIGALRM, SIG_IGN);
    }
    return s->no_seccomp ? world_take_away(calls, PR_SET_SECCOMP) : 0;
}

static unsigned count_for(enum role role)
{
    unsigned n = 0;

    for (size_t i = 0; i < escape_count(); i++)
        n += escape_applies(escape_get(i), role);
    return n;
}

static int check_result(const struct setting *s, const struct escape_result *r)
{
    uint32_t wanted = SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS | (s->no_seccomp ? 0 : SANDBOX_SECCOMP);

    if (r->attempts != (s->role == ROLE_AV ? escape_count() : count_for(s->role)) ||
        (r->refused == r->attempts) != !s->hole)
        return BAD_COUNT;
    if ((r->first_hole[0] != '\0') != (s->hole != NULL))
        return BAD_HOLE;
    if (s->hole && strncmp(r->first_hole, s->hole, strlen(s->hole)) != 0)
        return BAD_HOLE;
    return (r->applied & (wanted | SANDBOX_SECCOMP)) == wanted ? GOOD : BAD_APPLIED;
}

static int run_setting(const void *arg)
{
    const struct setting *s = arg;
    struct sandbox_options o = world_options;
    struct escape_result r;
    struct buf why = {0};
    int rc;

    if (set_up(s) < 0)
        return BAD_SETUP;
    o.allow_less = s->allow_less;
    o.link = s->extra_is_link ? s->extra : -1;
    o.folder = s->folder ? s->folder : -1;
    rc = escape_run(s->role, &o, &r, &why);
    if (rc != s->rc)
        return BAD_RC;
    if (rc < 0)
        return why.n && strstr(why.p, "workers.allow_less = seccomp") ? GOOD : BAD_REASON;
    return check_result(s, &r);
}

static int run_setting_as_plain_user(const void *arg)
{
    if (setresgid(WORLD_PLAIN, WORLD_PLAIN, WORLD_PLAIN) < 0 ||
        setresuid(WORLD_PLAIN, WORLD_PLAIN, WORLD_PLAIN) < 0)
        return BAD_SETUP;
    return run_setting(arg);
}

static void run_settings(int (*run)(const void *))
{
    char text[40];

    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        int status = world_child(run, &settings[i]);

        if (status != 0)
            fail_msg("%s: %s", settings[i].behaviour, world_status(status, text, sizeof text));
    }
}

static void it_finds_holes_where_there_are_some(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    run_settings(run_setting);
}

static void it_does_so_as_a_plain_user(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    if (geteuid() != 0)
        skip();
    run_settings(run_setting_as_plain_user);
}

static void every_attempt_has_a_name_of_its_own(void **state)
{
    size_t n = escape_count();

    (void)state;
    assert_in_range(n, 24, ESCAPE_MAX);
    assert_null(escape_get(n));
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(escape_get(i)->name) > 2 && strlen(escape_get(i)->what) > 3);
        assert_non_null(escape_get(i)->try);
        for (size_t k = i + 1; k < n; k++)
            assert_string_not_equal(escape_get(i)->name, escape_get(k)->name);
    }
}

/* Attempts of each way to end: by an errno, by SIGSYS, by another program in its place. */
static void without_a_sandbox_they_succeed(void **state)
{
    static const char *const names[] = {"open_passwd",    "unlink",      "execve",     "fork",
                                        "kill_sibling",   "mmap_rwx",    "open_other", "open_by_dots",
                                        "reopen_message", "symlink_own", "stat_other", "rename_out",
                                        "bind_udp",       "bind_tcp",    "accept_tcp"};

    (void)state;
    SKIP_UNDER_SANITIZER();
    for (size_t i = 0; i < escape_count(); i++)
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            struct escape_outcome o;

            if (strcmp(escape_get(i)->name, names[k]) != 0)
                continue;
            assert_int_equal(escape_run_free(i, &o), 0);
            if (o.end != ESCAPE_SUCCEEDED)
                fail_msg("%s: end %d, number %d", names[k], (int)o.end, o.number);
        }
}

static int folders_before;

static int count_folders(const char *prefix)
{
    const struct dirent *e;
    DIR *d = opendir("/tmp");
    int n = 0;

    assert_non_null(d);
    /* Those that nobody holds any more: others may be in use beside this test. */
    while ((e = readdir(d))) {
        bool same = strncmp(e->d_name, prefix, strlen(prefix)) == 0;
        int fd = same ? openat(dirfd(d), e->d_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;

        n += fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
        if (fd >= 0)
            close(fd);
    }
    closedir(d);
    return n;
}

static int leaves_nothing(const void *arg)
{
    int before = dup(STDERR_FILENO), after;

    close(before);
    if (run_setting(arg) != GOOD)
        return BAD_RC;
    if (waitpid(-1, NULL, WNOHANG) != -1 || errno != ECHILD)
        return BAD_COUNT;
    after = dup(STDERR_FILENO);
    return after <= before ? GOOD : BAD_HOLE;
}

static void only_a_role_with_files_is_asked_about_them(void **state)
{
    (void)state;
    assert_true(count_for(ROLE_REWRITE) >= 75);
    assert_int_equal(count_for(ROLE_AV), escape_count());
    /* Connecting and sending are its work. */
    assert_int_equal(count_for(ROLE_DNS), count_for(ROLE_REWRITE) - 2);
    assert_int_equal(count_for(ROLE_ANTISPAM), count_for(ROLE_REWRITE));
    assert_true(count_for(ROLE_AV) >= count_for(ROLE_REWRITE) + 30);
}

static void it_leaves_no_process_descriptor_or_folder(void **state)
{
    (void)state;
    SKIP_UNDER_SANITIZER();
    folders_before = count_folders("spoold-av-");
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        if (strstr(settings[i].behaviour, "every attempt") || strstr(settings[i].behaviour, "with files"))
            assert_int_equal(world_child(leaves_nothing, &settings[i]), 0);
    assert_int_equal(count_folders("spoold-av-"), folders_before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_attempt_has_a_name_of_its_own),
        cmocka_unit_test(only_a_role_with_files_is_asked_about_them),
        cmocka_unit_test(it_finds_holes_where_there_are_some),
        cmocka_unit_test(it_does_so_as_a_plain_user),
        cmocka_unit_test(without_a_sandbox_they_succeed),
        cmocka_unit_test(it_leaves_no_process_descriptor_or_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
