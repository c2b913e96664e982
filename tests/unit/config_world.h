/*
 * config_world.h - settings for a test from texts in a folder of its own, "m.ini" and "lists/FILE".
 *
 * Included by tests of what reads settings; each test runs inside the folder.
 */
#ifndef TESTS_UNIT_CONFIG_WORLD_H
#define TESTS_UNIT_CONFIG_WORLD_H

#include "spoold/config.h"

#include "common/xalloc.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

struct config_world {
    char *dir;
    int home;
};

static int config_world_enter(void **state)
{
    struct config_world *w = xcalloc(1, sizeof *w);

    w->dir = xasprintf("%s/configXXXXXX", getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
    w->home = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = w;
    return w->home >= 0 && mkdtemp(w->dir) && chdir(w->dir) == 0 && mkdir("lists", 0700) == 0 ? 0 : -1;
}

static int config_world_leave(void **state)
{
    static const char *const made[] = {"m.ini",      "lists/nets",    "lists/senders", "lists/header",
                                       "lists/body", "lists/domains", "a.inc",         "b.inc"};
    struct config_world *w = *state;
    int rc = 0;

    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        unlink(made[i]);
    rc = rmdir("lists") || fchdir(w->home) || rmdir(w->dir) ? -1 : 0;
    close(w->home);
    free(w->dir);
    free(w);
    return rc;
}

static void config_world_put(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    assert_non_null(f);
    fputs(text, f);
    assert_int_equal(fclose(f), 0);
}

/* NULL: refused, the complaints in `errs`. */
static struct config *config_world_try(const char *ini, struct config_errors *errs)
{
    config_world_put("m.ini", ini);
    return config_load("m.ini", NULL, 0, errs);
}

static inline struct config *config_world_load(const char *ini)
{
    struct config_errors errs = {0};
    struct config *c = config_world_try(ini, &errs);

    if (!c)
        fail_msg("%s", errs.text.p);
    buf_free(&errs.text);
    return c;
}

#endif
