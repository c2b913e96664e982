/*
 * program.c - see program.h.
 *
 * "Up" is asked of the control socket and of the mark .stopped in the intake: after a cut the marks of the
 * spoold that lost its power still stand there. Trusts the programs to end when they are killed, nothing
 * else.
 */
#include "tests/power/program.h"

#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define WORDS_MAX   48
#define UP_TRIES    2000 /* of 5 ms */
#define STEP        5000
#define ANSWER_MAX  1048576
#define SIGNAL_BASE 128

/* Short times, so that nothing waits long after a cut; a small reserve, because the image is small. */
static const char *const settings[] = {
    "antivirus.clamav=no", "antispam.enable=no",     "journal.compress=no",
    "log.target=stderr",   "spool.reserve=1M",       "spool.reserve_inodes=10",
    "spool.rescan=300ms",  "spool.hold_first=100ms", "spool.hold_longest=1s",
};
#define SETTINGS_N (sizeof(settings) / sizeof(settings[0]))

struct words {
    const char *w[WORDS_MAX];
    size_t n;
};

static void add_word(struct words *a, const char *word)
{
    if (a->n + 1 >= WORDS_MAX)
        fatalx("too many words for one command");
    a->w[a->n++] = word;
}

static void add_setting(struct words *a, const char *setting)
{
    add_word(a, "-o");
    add_word(a, setting);
}

static void become(const struct bench *b, const struct words *a, int in, int out)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    setpgid(0, 0);
    if (in >= 0)
        dup2(in, STDIN_FILENO);
    if (out >= 0)
        dup2(out, STDOUT_FILENO);
    dup2(open(b->log.s, O_WRONLY | O_CREAT | O_APPEND, 0644), STDERR_FILENO);
    if (b->shim)
        setenv("LD_PRELOAD", b->shim, 1);
    execv(a->w[0], (char *const *)(uintptr_t)a->w);
    _exit(127);
}

pid_t program_start(const struct bench *b, const char *name, const char *const words[], int in, int out)
{
    struct disk_path path = disk_path("%s/%s", b->bin, name),
                     root = disk_path("paths.root=%.1000s", b->root.s),
                     above = disk_path("spool.syncfs_above=%u", b->syncfs_above);
    struct words a = {0};
    pid_t pid;

    add_word(&a, path.s);
    add_setting(&a, root.s);
    add_setting(&a, above.s);
    for (size_t i = 0; i < SETTINGS_N; i++)
        add_setting(&a, settings[i]);
    for (size_t i = 0; words[i]; i++)
        add_word(&a, words[i]);
    pid = fork();
    if (pid == 0)
        become(b, &a, in, out);
    if (pid < 0)
        fatal("cannot start %s", name);
    setpgid(pid, pid);
    return pid;
}

int program_wait(pid_t pid)
{
    int status = 0;

    while (waitpid(pid, &status, 0) < 0)
        if (errno != EINTR)
            fatal("cannot wait for a program");
    return WIFEXITED(status) ? WEXITSTATUS(status) : SIGNAL_BASE + WTERMSIG(status);
}

static bool answers(const struct bench *b)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd, rc;

    if (snprintf(to.sun_path, sizeof(to.sun_path), "%s/state/control.sock", b->root.s) >=
        (int)sizeof(to.sun_path))
        fatalx("the path of the spool is too long: use --dir");
    fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    rc = connect(fd, (struct sockaddr *)&to, sizeof(to));
    close(fd);
    return rc == 0;
}

pid_t program_spoold_start(const struct bench *b)
{
    static const char *const none[] = {NULL};

    return program_start(b, "spoold", none, -1, -1);
}

int program_spoold_up(struct bench *b)
{
    /* A mark of the one before would be taken for the new one's. */
    (void)unlink(disk_path("%.1000s/incoming/.running", b->root.s).s);
    b->spoold = program_spoold_start(b);
    for (int i = 0; i < UP_TRIES; i++) {
        if (answers(b) && disk_exists(disk_path("%.1000s/incoming/.running", b->root.s).s) &&
            !disk_exists(disk_path("%.1000s/incoming/.stopped", b->root.s).s))
            return 0;
        if (waitpid(b->spoold, NULL, WNOHANG) != 0) {
            b->spoold = 0;
            return -1;
        }
        usleep(STEP);
    }
    program_spoold_kill(b);
    return -1;
}

void program_spoold_kill(struct bench *b)
{
    if (!b->spoold)
        return;
    kill(-b->spoold, SIGKILL);
    (void)program_wait(b->spoold);
    b->spoold = 0;
}

void program_reap(void)
{
    while (waitpid(-1, NULL, WNOHANG) > 0)
        ;
}

int program_spoold_stop(struct bench *b)
{
    int rc;

    if (!b->spoold)
        return -1;
    kill(b->spoold, SIGTERM);
    rc = program_wait(b->spoold);
    b->spoold = 0;
    return rc;
}

int program_ask(const struct bench *b, struct buf *to, const char *const words[])
{
    int out = memfd_create("answer", MFD_CLOEXEC), rc;

    if (out < 0)
        fatal("cannot make memory for an answer");
    rc = program_wait(program_start(b, "spoolctl", words, -1, out));
    if (lseek(out, 0, SEEK_SET) < 0 || buf_read_fd(to, out, ANSWER_MAX) < 0)
        fatal("cannot read an answer");
    close(out);
    return rc;
}
