/*
 * test_role_rewrite.c - unit tests of workers/role_rewrite.c: the canary and the RESULT of a job.
 *
 * Run by `make check`. Includes the source, which only its own binary links, and
 * stands in for the two functions of the runtime that it calls.
 */
#include "tests/unit/rewrite_world.h"

#include "workers/role_rewrite.c"

#include <fcntl.h>

bool worker_cancelled(const struct worker_job *job)
{
    return job->id == 7;
}

void worker_phase(const struct worker_job *job, enum sealed_phase phase)
{
    if (job->crumb)
        job->crumb->phase = phase;
}

static int memory_file(struct view v)
{
    struct buf b = {(char *)(uintptr_t)v.p, v.n, 0};
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    return fd;
}

static void the_canary_sings(void **state)
{
    struct buf why = {0};
    int in = -1, out = -1;

    (void)state;
    assert_int_equal(worker_role.load(&(struct worker_load){.dir = -1}, &why), 0);
    assert_int_equal(worker_role.open_canary(&in, &out), 0);
    if (worker_role.canary(in, out, &why) != 0)
        fail_msg("%s", why.p);
    assert_int_equal(why.n, 0);
    close(in);
    close(out);
    buf_free(&why);
}

static void a_canary_that_was_changed_does_not(void **state)
{
    (void)state;
    for (off_t at = 0; at < (off_t)sizeof CANARY_IN - 1; at += 10) {
        struct buf why = {0};
        int in = -1, out = -1;

        assert_int_equal(worker_role.open_canary(&in, &out), 0);
        assert_int_equal(pwrite(in, "#", 1, at), 1);
        assert_int_equal(worker_role.canary(in, out, &why), -1);
        assert_true(why.n > 0);
        close(in);
        close(out);
        buf_free(&why);
    }
}

struct role_case {
    const char *says;
    size_t size;
    uint64_t id;
    const char *out; /* "memory", "full", "none" */
    bool broken;
    uint32_t status;
    int err;
};

static void check_job(const struct role_case *c)
{
    struct sealed_crumb crumb = {0};
    struct wire_result r = {.status = 99, .removed = 99};
    struct buf edits = world_edits(1);
    char *text = xcalloc(c->size + 1, 1);
    struct worker_job job = {
        .id = c->id, .message = memory_file((struct view){text, c->size}), .crumb = &crumb};

    job.size = c->size;
    job.blob = c->broken ? VIEW("\x01\x01\x01") : buf_view(&edits);
    job.out = c->out[0] == 'm' ? memory_file((struct view){0}) : -1;
    if (c->out[0] == 'f')
        job.out = open("/dev/full", O_WRONLY | O_CLOEXEC);
    worker_role.run(&job, &r);
    if (r.status != c->status || r.err != c->err || r.removed != 0 || crumb.phase != SEALED_PHASE_READING)
        fail_msg("%s: status %u, errno %d", c->says, r.status, r.err);
    if (r.status == WIRE_OK && (r.in_size != c->size || (off_t)r.out_size != lseek(job.out, 0, SEEK_END)))
        fail_msg("%s: sizes", c->says);
    close(job.message);
    if (job.out >= 0)
        close(job.out);
    buf_free(&edits);
    free(text);
}

static void a_job_ends_in_the_right_result(void **state)
{
    static const struct role_case cases[] = {
        {"a small message", 1000, 1, "memory", false, WIRE_OK, 0},
        {"an empty message", 0, 1, "memory", false, WIRE_OK, 0},
        {"a large message", 3000000, 1, "memory", false, WIRE_OK, 0},
        {"a large message that is cancelled", 3000000, 7, "memory", false, WIRE_CANCELLED, ECANCELED},
        {"a full disk", 1000, 1, "full", false, WIRE_IO, ENOSPC},
        {"no output", 1000, 1, "none", false, WIRE_REFUSED, EINVAL},
        {"edits that are none", 1000, 1, "memory", true, WIRE_REFUSED, EINVAL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        check_job(&cases[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_canary_sings),
        cmocka_unit_test(a_canary_that_was_changed_does_not),
        cmocka_unit_test(a_job_ends_in_the_right_result),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
