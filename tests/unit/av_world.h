/*
 * av_world.h - for tests of worker-av: an engine with spoold's own test signatures, and the AV corpus.
 *
 * Included by test_av_*.c only. Everything is made in a folder of its own under
 * /tmp and removed at the end. The corpus lies outside of this tree: where it is
 * not there, the tests that need it are skipped.
 */
#ifndef TEST_AV_WORLD_H
#define TEST_AV_WORLD_H

#include "common/xalloc.h"
#include "workers/av/av_canary.h"
#include "workers/av/av_mail.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define MIB 1048576u

struct av_world {
    char dir[32];     /* mkdtemp */
    char sigs[48];    /* in it: signatures */
    char scratch[48]; /* in it: temporary files */
    struct av_engine *engine;
    struct av_mail *mail;
    struct wire_loaded loaded;
};

static inline struct antivirus_settings world_settings(uint32_t flags)
{
    return (struct antivirus_settings){.flags = flags,
                                       .scan_time_ms = 20000,
                                       .recursion = 17,
                                       .files = 10000,
                                       .scan_size = 400 * MIB,
                                       .file_size = 100 * MIB};
}

static inline void world_make(struct av_world *w)
{
    *w = (struct av_world){.dir = "/tmp/spoold-av-test-XXXXXX"};
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->sigs, sizeof w->sigs, "%s/sigs", w->dir);
    snprintf(w->scratch, sizeof w->scratch, "%s/scratch", w->dir);
    assert_int_equal(mkdir(w->sigs, 0700), 0);
    assert_int_equal(mkdir(w->scratch, 0700), 0);
}

/* Opens and loads `sigs`; a failure is the test's unless it wants the reason. */
static inline int world_load(struct av_world *w, const struct antivirus_settings *s, unsigned without,
                             const char *sigs, struct buf *why)
{
    w->engine = av_engine_open(s, without, why);
    assert_non_null(w->engine);
    w->mail = av_mail_open(w->engine);
    assert_non_null(w->mail);
    assert_int_equal(av_engine_settle(w->engine, w->scratch), 0);
    return av_engine_load(w->engine, sigs, &w->loaded, why);
}

static inline void world_open_with(struct av_world *w, const struct antivirus_settings *s, unsigned without)
{
    struct buf why = {0};

    world_make(w);
    assert_int_equal(av_guard_load(), 0);
    assert_int_equal(av_canary_write_signatures(w->sigs), 0);
    if (world_load(w, s, without, w->sigs, &why) != 0)
        fail_msg("%s", why.p);
    buf_free(&why);
}

static inline void world_open(struct av_world *w, unsigned without)
{
    struct antivirus_settings s = world_settings(0);

    world_open_with(w, &s, without);
}

static inline void world_close(struct av_world *w)
{
    char *rm = xasprintf("rm -rf %s", w->dir);

    av_mail_free(&w->mail);
    av_engine_free(&w->engine);
    assert_int_equal(system(rm), 0);
    free(rm);
}

static inline void world_write(const char *dir, const char *name, struct view v)
{
    char *path = xasprintf("%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, v.p, v.n), (ssize_t)v.n);
    close(fd);
    free(path);
}

/* NULL where there is none; the caller frees it. */
static inline char *world_corpus(const char *name)
{
    const char *base = getenv("SPOOLD_CORPUS");
    char *path = xasprintf("%s/%s", base ? base : "../shared/corpus", name);

    if (access(path, R_OK) == 0)
        return path;
    free(path);
    return NULL;
}

static inline void world_read(const char *path, struct buf *to)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);

    if (fd < 0 || buf_read_fd(to, fd, 100 * MIB) < 0)
        fail_msg("cannot read %s", path);
    close(fd);
}

#endif
