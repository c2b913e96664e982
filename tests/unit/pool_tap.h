/*
 * pool_tap.h - what is logged while a test of the pool looks: standard error goes into a pipe meanwhile.
 *
 * Included by pool_world.h. Only for a few lines: what does not fit into the pipe
 * is lost without a word.
 */
#ifndef TESTS_UNIT_POOL_TAP_H
#define TESTS_UNIT_POOL_TAP_H

#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

struct far_tap {
    int pipe[2], saved;
    char got[65536];
};

static inline void far_tap_open(struct far_tap *t)
{
    assert_int_equal(pipe2(t->pipe, O_CLOEXEC | O_NONBLOCK), 0);
    t->saved = dup(STDERR_FILENO);
    dup2(t->pipe[1], STDERR_FILENO);
}

/* True when `text` was logged meanwhile. */
static inline bool far_tap_close(struct far_tap *t, const char *text)
{
    ssize_t n = read(t->pipe[0], t->got, sizeof t->got - 1);

    dup2(t->saved, STDERR_FILENO);
    close(t->saved);
    close(t->pipe[0]);
    close(t->pipe[1]);
    t->got[n > 0 ? n : 0] = '\0';
    return strstr(t->got, text) != NULL;
}

#endif
