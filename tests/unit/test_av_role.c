/*
 * test_av_role.c - unit tests of workers/role_av.c: from LOAD to RESULT, driven as the runtime does it.
 *
 * Run by `make check`. Stands in for the functions of the runtime that the role
 * calls; nothing is locked down here. One load for all tests, as in a worker.
 */
#include "tests/unit/av_world.h"

#include "workers/sha256.h"
#include "workers/worker.h"

#include <errno.h>
#include <sys/mman.h>

#define CANCELLED 7 /* the job of this id is */

static struct {
    struct av_world w;
    char child[64]; /* scratch of the child */
    char found[WIRE_TEXT_MAX];
    unsigned finds;
} role;

bool worker_cancelled(const struct worker_job *job)
{
    return job->id == CANCELLED;
}

void worker_phase(const struct worker_job *job, enum sealed_phase phase)
{
    assert_true((uint32_t)phase > job->crumb->phase);
    job->crumb->phase = phase;
}

void worker_find(const struct worker_job *job, const char *fmt, ...)
{
    va_list ap;

    (void)job;
    role.finds++;
    va_start(ap, fmt);
    vsnprintf(role.found, sizeof role.found, fmt, ap);
    va_end(ap);
}

void worker_say(const struct worker_job *job, const char *fmt, ...)
{
    (void)job;
    fail_msg("%s", fmt);
}

static int memory_file(struct view v)
{
    struct buf b = {(char *)(uintptr_t)v.p, v.n, 0};
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    return fd;
}

/* 0, or -1 with the reason in `why`, which the caller frees. */
static int load(uint32_t flags, int dir, struct wire_loaded *loaded, struct buf *why)
{
    struct antivirus_settings s = world_settings(flags);
    struct buf settings = {0};
    struct worker_load l = {.dir = dir, .scratch = role.w.scratch, .loaded = loaded};
    int rc;

    antivirus_pack(&settings, &s);
    l.settings = buf_view(&settings);
    rc = worker_role.load(&l, why);
    buf_free(&settings);
    return rc;
}

static void what_cannot_be_loaded_is_told(void **state)
{
    struct wire_loaded loaded = {0};
    struct worker_load l = {.settings = VIEW("no settings"), .dir = -1, .loaded = &loaded};
    int sigs = open(role.w.sigs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct buf why = {0};

    (void)state;
    assert_int_equal(worker_role.load(&l, &why), -1);
    assert_string_equal(why.p, "the settings of the virus check are not complete");
    buf_clear(&why);
    assert_int_equal(load(0, -1, &loaded, &why), -1);
    assert_non_null(strstr(why.p, "the folder of the signatures cannot be entered: none was given"));
    buf_clear(&why);
    world_write(role.w.sigs, "broken.ndb", VIEW("A:0:*:616"));
    assert_int_equal(load(0, sigs, &loaded, &why), -1);
    assert_non_null(strstr(why.p, "broken.ndb"));
    assert_int_equal(unlinkat(sigs, "broken.ndb", 0), 0);
    assert_int_equal(loaded.engine[0], '\0');
    close(sigs);
    buf_free(&why);
}

static void a_folder_is_loaded_by_its_descriptor(void **state)
{
    struct wire_loaded loaded = {0};
    int sigs = open(role.w.sigs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct buf why = {0};
    char here[100];

    (void)state;
    assert_int_equal(av_canary_write_signatures(role.w.sigs), 0);
    if (load(0, sigs, &loaded, &why) != 0)
        fail_msg("%s", why.p);
    assert_int_equal(loaded.signatures, 1);
    assert_int_equal(loaded.flags, 0);
    assert_non_null(getcwd(here, sizeof here));
    assert_string_equal(here, "/");
    close(sigs);
    buf_free(&why);
}

/* The last one that is loaded is used from here on. */
static void the_test_set_says_that_it_is_one(void **state)
{
    struct wire_loaded loaded = {0};
    struct buf why = {0};

    (void)state;
    if (load(ANTIVIRUS_TEST_SET, -1, &loaded, &why) != 0)
        fail_msg("%s", why.p);
    assert_int_equal(loaded.signatures, 1);
    assert_int_equal(loaded.flags, WIRE_LOADED_TEST);
    snprintf(role.child, sizeof role.child, "%s/1", role.w.scratch);
    assert_int_equal(mkdir(role.child, 0700), 0);
    assert_int_equal(worker_role.settle(role.child, &why), 0);
    if (worker_role.canary(-1, -1, &why) != 0)
        fail_msg("%s", why.p);
    assert_null(worker_role.open_canary);
    buf_free(&why);
}

struct job_case {
    const char *says;
    enum av_canary message;
    uint64_t id;
    int more; /* bytes that the supervisor takes the message to have beyond those it has */
    uint32_t status;
    int err;
    enum antivirus_state state;
    enum antivirus_why why;
    const char *found;
    enum sealed_phase phase;
};

static const struct job_case jobs[] = {
    {"a harmless message", AV_CANARY_CLEAN, 1, 0, WIRE_OK, 0, ANTIVIRUS_CLEAN, 0, "", SEALED_PHASE_SCANNING},
    {"a virus in a message", AV_CANARY_MIME, 1, 0, WIRE_OK, 0, ANTIVIRUS_INFECTED, 0,
     "Spoold.Test.EICAR.UNOFFICIAL", SEALED_PHASE_SCANNING},
    {"a message that is cancelled", AV_CANARY_MIME, CANCELLED, 0, WIRE_CANCELLED, ECANCELED, 0, 0, "",
     SEALED_PHASE_READING},
    {"a message that has become shorter", AV_CANARY_CLEAN, 1, 1, WIRE_IO, EIO, ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_BYTES, "the message has not the size that it had before", SEALED_PHASE_READING},
    {"a message that has become longer", AV_CANARY_CLEAN, 1, -1, WIRE_IO, EIO, ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_BYTES, "the message has not the size that it had before", SEALED_PHASE_READING},
};

static void hash(struct view v, unsigned char sum[SHA256_SIZE])
{
    struct sha256 *d = sha256_open();

    assert_non_null(d);
    assert_int_equal(sha256_begin(d), 0);
    assert_int_equal(sha256_add(d, v.p, v.n), 0);
    assert_int_equal(sha256_end(d, sum), 0);
    sha256_free(&d);
}

static struct wire_result run(uint64_t id, int message, uint64_t size, struct sealed_crumb *crumb)
{
    struct worker_job job = {
        .id = id, .message = message, .out = -1, .size = size, .link = -1, .crumb = crumb};
    struct wire_result r;

    memset(&r, 0x55, sizeof r);
    role.finds = 0;
    role.found[0] = '\0';
    worker_role.run(&job, &r);
    return r;
}

static void jobs_end_in_the_right_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof jobs / sizeof *jobs; i++) {
        const struct job_case *c = &jobs[i];
        unsigned char sum[SHA256_SIZE];
        struct sealed_crumb crumb = {0};
        struct wire_result r;
        struct buf b = {0};
        int fd;

        av_canary_make(c->message, &b);
        fd = memory_file(buf_view(&b));
        r = run(c->id, fd, (uint64_t)((int64_t)b.n + c->more), &crumb);
        if (r.status != c->status || r.err != c->err || r.state != c->state || r.why != c->why ||
            strcmp(role.found, c->found) != 0 || role.finds != (c->found[0] != '\0') ||
            crumb.phase != c->phase)
            fail_msg("%s: status %u, %s, %s (%s), phase %u", c->says, r.status, antivirus_state_name(r.state),
                     antivirus_why_name(r.why), role.found, crumb.phase);
        if (r.status == WIRE_OK) {
            hash(buf_view(&b), sum);
            assert_memory_equal(r.sha256, sum, sizeof sum);
            assert_int_equal(r.in_size, b.n);
            assert_true(r.layers >= 1);
        }
        close(fd);
        buf_free(&b);
    }
}

static void an_empty_message_is_clean(void **state)
{
    struct sealed_crumb crumb = {0};
    int fd = memory_file((struct view){0});
    struct wire_result r = run(1, fd, 0, &crumb);
    unsigned char sum[SHA256_SIZE];

    (void)state;
    hash((struct view){0}, sum);
    assert_int_equal(r.status, WIRE_OK);
    assert_int_equal(r.state, ANTIVIRUS_CLEAN);
    assert_memory_equal(r.sha256, sum, sizeof sum);
    close(fd);
}

static void what_cannot_be_read_or_held_is_told(void **state)
{
    struct sealed_crumb crumb = {0};
    int fd = memory_file(VIEW("words"));
    struct wire_result r = run(1, -1, 5, &crumb);

    (void)state;
    assert_int_equal(r.status, WIRE_IO);
    assert_int_equal(r.err, EBADF);
    assert_int_equal(r.why, ANTIVIRUS_BYTES);
    crumb.phase = 0;
    r = run(1, fd, UINT64_MAX / 2, &crumb);
    assert_int_equal(r.status, WIRE_OK);
    assert_int_equal(r.state, ANTIVIRUS_UNEXAMINED);
    assert_int_equal(r.why, ANTIVIRUS_RESOURCE);
    assert_string_equal(role.found, "no memory for the message");
    close(fd);
}

static void a_child_without_its_folder_gives_no_clean(void **state)
{
    struct sealed_crumb crumb = {0};
    struct wire_result r;
    struct buf b = {0};
    int fd;

    (void)state;
    assert_int_equal(rmdir(role.child), 0);
    av_canary_make(AV_CANARY_CLEAN, &b);
    fd = memory_file(buf_view(&b));
    r = run(1, fd, b.n, &crumb);
    assert_int_equal(r.status, WIRE_OK);
    assert_int_equal(r.state, ANTIVIRUS_UNEXAMINED);
    assert_int_equal(r.why, ANTIVIRUS_RESOURCE);
    close(fd);
    buf_free(&b);
}

static int set_up(void **state)
{
    (void)state;
    world_make(&role.w);
    return 0;
}

/* A load that fails gives back the engine of the one before. */
static int tear_down(void **state)
{
    struct wire_loaded loaded = {0};
    struct buf why = {0};

    (void)state;
    assert_int_equal(load(0, -1, &loaded, &why), -1);
    buf_free(&why);
    world_close(&role.w);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_cannot_be_loaded_is_told),
        cmocka_unit_test(a_folder_is_loaded_by_its_descriptor),
        cmocka_unit_test(the_test_set_says_that_it_is_one),
        cmocka_unit_test(jobs_end_in_the_right_result),
        cmocka_unit_test(an_empty_message_is_clean),
        cmocka_unit_test(what_cannot_be_read_or_held_is_told),
        cmocka_unit_test(a_child_without_its_folder_gives_no_clean),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
