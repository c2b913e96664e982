/*
 * ctl_av.c - see ctl_av.h. Runs as whoever calls spoolctl, often root.
 *
 * The program is looked for in absolute folders only: an empty or relative part
 * of PATH would run what lies in the present folder. It gets the terminal and the
 * environment as they are, because its questions of proxies are answered there.
 * Trusts freshclam's exit code and nothing else about it.
 */
#include "tools/ctl_av.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "tools/ctl_link.h"
#include "tools/ctl_request.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define FRESHCLAM        "freshclam"
#define FRESHCLAM_FOLDER "/var/lib/clamav" /* where it puts signatures unless told otherwise */
#define USUAL_PLACES     "/usr/bin:/usr/local/bin"

static bool is_program(const char *path)
{
    struct stat st;

    return stat(path, &st) == 0 && S_ISREG(st.st_mode) && access(path, X_OK) == 0;
}

static char *find_in(const char *program, const char *path)
{
    while (path && *path) {
        size_t n = strcspn(path, ":");
        char *file = xasprintf("%.*s/%s", (int)n, path, program);

        if (path[0] == '/' && is_program(file))
            return file;
        free(file);
        path += n + (path[n] == ':');
    }
    return NULL;
}

char *ctl_av_find(const char *program, const char *path)
{
    char *file = find_in(program, path);

    return file ? file : find_in(program, USUAL_PLACES);
}

/* As freshclam must be told: absolute, because it may go to another folder. NULL with errno. */
static char *signature_folder(const struct config *c)
{
    char *path = c->av_signatures[0] == '/' ? xstrdup(c->av_signatures)
                                            : xasprintf("%s/%s", c->root, c->av_signatures);
    char *real = realpath(path, NULL);

    free(path);
    return real;
}

/* 0, or an errno. */
static int spawn_and_wait(const char *program, char *const *argv, int *status)
{
    pid_t pid = 0;
    int err = posix_spawn(&pid, program, NULL, NULL, argv, environ);

    while (!err && waitpid(pid, status, 0) < 0)
        if (errno != EINTR)
            err = errno;
    return err;
}

static int judge_end(int err, int status, struct buf *why)
{
    if (!err && WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return 0;
    if (err)
        buf_addf(why, FRESHCLAM " cannot be run: %s", strerror(err));
    else if (WIFSIGNALED(status))
        buf_addf(why, FRESHCLAM " was ended by signal %d", WTERMSIG(status));
    else
        buf_addf(why,
                 FRESHCLAM " failed with exit code %d; what it said stands above. Where the service "
                           "clamav-freshclam runs, that one fetches signatures already and keeps others out",
                 WEXITSTATUS(status));
    return EXIT_TEMP_75;
}

static int run_freshclam(const struct config *c, const char *program, struct buf *why)
{
    char *folder = signature_folder(c), *option = NULL;
    char *argv[] = {(char *)(uintptr_t)FRESHCLAM, NULL, NULL};
    int status = 0, rc;

    if (!folder) {
        buf_addf(
            why,
            "the folder of signatures %s cannot be used: %s; make it, writable for the user of " FRESHCLAM,
            c->av_signatures, strerror(errno));
        return EXIT_TEMP_75;
    }
    if (strcmp(folder, FRESHCLAM_FOLDER) != 0)
        argv[1] = option = xasprintf("--datadir=%s", folder);
    signal(SIGCHLD, SIG_DFL); /* inherited as ignored, it would hide how freshclam ended */
    fflush(stdout);
    rc = spawn_and_wait(program, argv, &status);
    rc = judge_end(rc, status, why);
    free(option);
    free(folder);
    return rc;
}

static void ignore_line(struct view line, const json_t *object, void *arg)
{
    (void)line;
    (void)object;
    (void)arg;
}

/* A spoold that does not run will load the new set when it is started: nothing is wrong then. */
static int ask_reload(const struct config *c, struct buf *why)
{
    struct buf request = {0}, told = {0};
    struct ctl_link l = {.fd = -1};
    int rc = ctl_link_open(&l, c->root, c->state, &told);
    bool absent = rc && l.absent;

    if (!rc && ctl_request_add_word(&request, NULL, "av") == 0 &&
        ctl_request_add_word(&request, NULL, "reload") == 0) {
        rc = ctl_link_send(&l, &request, &told);
        if (!rc)
            rc = ctl_link_receive(&l, ignore_line, NULL, &told);
    }
    ctl_link_close(&l);
    if (absent)
        buf_add_str(why, "spoold is not running here; it loads the signatures when it is started");
    else if (rc)
        buf_addf(why, "the signatures were fetched, but spoold was not asked to load them: %s",
                 told.p ? told.p : "");
    else
        buf_add_str(why, "spoold was asked to load the signatures; see spoolctl av status");
    buf_free(&request);
    buf_free(&told);
    return absent ? 0 : rc;
}

int ctl_av_update(const struct config *c, struct buf *why)
{
    char *program = ctl_av_find(FRESHCLAM, getenv("PATH"));
    int rc = EXIT_FINDING;

    if (program)
        rc = run_freshclam(c, program, why);
    else
        buf_add_str(why, FRESHCLAM " is not installed; on Debian: apt-get install clamav-freshclam");
    if (!rc)
        rc = ask_reload(c, why);
    free(program);
    return rc;
}
