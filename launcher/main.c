/*
 * main.c - spoold-launcher: keeps root, where spoold was started as root, and starts the workers.
 *
 * Started by spoold only, with its link on descriptor 3 and the folder of the
 * binaries on 4; it has no options and reads no files but the user database. It
 * ends when spoold ends. Of all of spoold this is the one program that stays
 * root, so it is kept small: no message, no path and no address ever gets here.
 */
#include "common/log.h"
#include "launcher/serve.h"

#include "common/wire.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAIN_DIR_FD (WIRE_LINK_FD + 1)

/* A person who calls it by hand gets an answer instead of silence. */
static void check_start(void)
{
    struct stat st;
    socklen_t n = sizeof(int);
    int type = 0;

    if (getsockopt(WIRE_LINK_FD, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_SEQPACKET ||
        fstat(MAIN_DIR_FD, &st) < 0 || !S_ISDIR(st.st_mode))
        fatalx_code(EXIT_USAGE_64, "this program is started by spoold and not by hand; see spoold(8)");
}

/* Neither a terminal nor a service manager ends it before spoold is done with the workers. */
static void shed_terminal(void)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};

    setsid();
    signal(SIGCHLD, SIG_DFL); /* ignored, it would let loaders vanish unseen, and their numbers be given away */
    for (size_t i = 0; i < sizeof ignored / sizeof *ignored; i++)
        signal(ignored[i], SIG_IGN);
}

static void find_users(struct serve_setup *s)
{
    for (unsigned i = 0; i < ROLE__MAX; i++)
        s->is_root[i] = start_find_user((enum role)i, &s->user[i]) < 0;
}

int main(void)
{
    struct serve_setup s = {.link = WIRE_LINK_FD, .dir = MAIN_DIR_FD};

    log_init("spoold-launcher", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
    check_start();
    /* Second string only: a spoold that gave up root may not signal this process. The first is its link. */
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    prctl(PR_SET_DUMPABLE, 0);
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    shed_terminal();
    fcntl(WIRE_LINK_FD, F_SETFD, FD_CLOEXEC);
    fcntl(MAIN_DIR_FD, F_SETFD, FD_CLOEXEC);
    find_users(&s);
    return serve_run(&s);
}
