/*
 * serve.h - the launcher's loop: what the supervisor asks for, and which children ended.
 *
 * Called by main.c, once. Everything it knows of its surroundings comes as
 * descriptors and as the table of users, so that tests can run it in a forked
 * process. It starts only what stands in the table of roles.
 */
#ifndef LAUNCHER_SERVE_H
#define LAUNCHER_SERVE_H

#include "launcher/start.h"

#define SERVE_LOADERS_MAX 64
#define SERVE_SEND_MS     1000 /* how long an answer waits for a supervisor that does not read */
#define SERVE_END_MS      2000 /* at the end: how long it waits until nothing of the workers is left */

struct serve_setup {
    int link; /* of the supervisor */
    int dir;  /* O_PATH, holds the binaries */
    struct start_user user[ROLE__MAX];
    bool is_root[ROLE__MAX]; /* the role's user is root: it is never started */
};

/*
 * Serves until the supervisor is gone or breaks a rule, then ends every loader. Exit code: 0 after an
 * orderly end of the link, 75 otherwise. Blocks SIGCHLD for the calling process.
 */
int serve_run(const struct serve_setup *s);

#endif
