/*
 * test_role_deliver.c - unit tests of workers/role_deliver.c: the canary, and a job from its blob to its
 * RESULT.
 *
 * Run by `make check`. Includes the source, which only its own binary links, and
 * stands in for the functions of the runtime that it calls.
 */
#include "tests/unit/smtp_world.h"

#include "tests/unit/sandbox_world.h"

#include "workers/role_deliver.c"

#define CANCELLED 7 /* the job of this id is */

static char found[WIRE_TEXT_MAX];

bool worker_cancelled(const struct worker_job *job)
{
    return job->id == CANCELLED;
}

void worker_phase(const struct worker_job *job, enum sealed_phase phase)
{
    if (job->crumb)
        job->crumb->phase = phase;
}

void worker_find(const struct worker_job *job, const char *fmt, ...)
{
    va_list ap;

    (void)job;
    va_start(ap, fmt);
    vsnprintf(found, sizeof found, fmt, ap);
    va_end(ap);
}

static int sing(struct buf *why)
{
    int in = -1, out = -1, rc;

    assert_int_equal(worker_role.open_canary(&in, &out), 0);
    rc = worker_role.canary(in, out, why);
    close(in);
    close(out);
    return rc;
}

static void the_canary_sings(void **state)
{
    struct buf why = {0};

    (void)state;
    for (int i = 0; i < 2; i++)
        if (sing(&why) != 0)
            fail_msg("%s", why.p);
    assert_int_equal(why.n, 0);
}

/* Under the role's own rules: whatever OpenSSL wants from the kernel is in the table. */
static int sing_locked_down(const void *arg)
{
    struct sandbox_result r;
    struct buf why = {0};
    int in = -1, out = -1;

    (void)arg;
    if (worker_role.open_canary(&in, &out) < 0 || sandbox_enter(ROLE_DELIVER, &world_options, &r, &why) < 0)
        return 1;
    if (worker_role.canary(in, out, &why) == 0)
        return 0;
    (void)!write(STDERR_FILENO, why.p, why.n);
    return 2;
}

static void it_sings_in_the_sandbox(void **state)
{
    char text[40];
    int status;

    (void)state;
    SKIP_UNDER_SANITIZER();
    status = world_child(sing_locked_down, NULL);
    if (status != 0)
        fail_msg("%s", world_status(status, text, sizeof text));
}

/* sendmsg(2) of TCP can connect: to somebody else, once the socket it was given is closed. */
static int connects_by_sending(const void *arg)
{
    struct iovec iov = {(void *)(uintptr_t) "x", 1};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sandbox_result r;
    struct buf why = {0};

    (void)arg;
    if (fd < 0 || sandbox_enter(ROLE_DELIVER, &world_options, &r, &why) < 0)
        return 1;
    if (sendmsg(fd, &m, MSG_NOSIGNAL) >= 0 || errno != EPIPE)
        return 2;
    return sendmsg(fd, &m, MSG_NOSIGNAL | MSG_FASTOPEN) < 0 && errno == ENOSYS ? 0 : 3;
}

static void it_cannot_connect_by_sending(void **state)
{
    char text[40];
    int status;

    (void)state;
    SKIP_UNDER_SANITIZER();
    status = world_child(connects_by_sending, NULL);
    if (status != 0)
        fail_msg("%s", world_status(status, text, sizeof text));
}

static void a_canary_that_hears_something_else_does_not(void **state)
{
    struct buf why = {0};
    int in = -1, out = -1;

    (void)state;
    assert_int_equal(worker_role.open_canary(&in, &out), 0);
    assert_int_equal(send(in, "x", 1, 0), 1);
    assert_int_equal(worker_role.canary(in, out, &why), -1);
    assert_string_equal(why.p, "the test server was told other words than it must be");
    close(in);
    close(out);
    buf_clear(&why);
    assert_int_equal(worker_role.canary(-1, -1, &why), -1);
    assert_int_equal(strncmp(why.p, "the test server was misunderstood: ", 35), 0);
    buf_free(&why);
}

static int memory_file(struct view v)
{
    struct buf b = {(char *)(uintptr_t)v.p, v.n, 0};
    int fd = memfd_create("test", MFD_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(buf_write_fd(&b, fd), 0);
    return fd;
}

static struct buf pack_order(void)
{
    const struct deliver_rcpt rcpt[] = {{3, VIEW("b@example.org"), {NULL, 0}},
                                        {4, VIEW("c@example.org"), {NULL, 0}}};
    const struct deliver_order o = {.tls = DELIVER_TLS_MAY,
                                    .timeout_ms = 2000,
                                    .helo = VIEW("mx.example.org"),
                                    .sender = VIEW("a@example.org"),
                                    .rcpt = rcpt,
                                    .rcpt_n = 2};
    struct buf b = {0};

    deliver_pack(&o, &b);
    return b;
}

static struct wire_result run_job(struct world_server *w, uint64_t id, struct view message, char notes[400])
{
    struct buf blob = pack_order();
    struct sealed_crumb crumb = {0};
    struct worker_job job = {.id = id,
                             .message = memory_file(message),
                             .out = -1,
                             .notes = memfd_create("notes", MFD_CLOEXEC),
                             .peer = world_start(w),
                             .blob = buf_view(&blob),
                             .size = message.n,
                             .link = -1,
                             .crumb = &crumb};
    struct wire_result r;

    memset(notes, 0, 400);
    found[0] = '\0';
    worker_role.run(&job, &r);
    close(job.peer);
    close(job.message);
    pthread_join(w->thread, NULL);
    assert_true(pread(job.notes, notes, 399, 0) >= 0);
    assert_int_equal(crumb.phase, SEALED_PHASE_READING);
    close(job.notes);
    buf_free(&blob);
    return r;
}

static void end_server(struct world_server *w)
{
    buf_free(&w->in);
    buf_free(&w->heard);
    buf_free(&w->body);
}

static void a_job_ends_in_notes_numbers_and_words(void **state)
{
    struct world_server w = {
        .rule = {{"RCPT TO:<c", "450 4.2.1 busy\r\n", false}, WORLD_HELLO(""), WORLD_REST}};
    char notes[400];
    struct wire_result r = run_job(&w, 1, VIEW("Subject: a\n\nb\n"), notes);

    (void)state;
    assert_int_equal(r.status, WIRE_OK);
    assert_int_equal(r.in_size, 14);
    assert_int_equal(r.done, 1);
    assert_int_equal(r.failed, 0);
    assert_int_equal(r.later, 1);
    assert_string_equal(notes, "4 t 450 4.2.1 busy\n3 d 250 2.0.0 Ok: queued as 4711\n");
    assert_string_equal(found, "250 2.0.0 Ok: queued as 4711");
    end_server(&w);
}

static void a_server_that_breaks_off_is_an_end_as_well(void **state)
{
    struct world_server w = {.rule = {{"MAIL", WORLD_CLOSE, false}, WORLD_HELLO(""), WORLD_REST}};
    char notes[400];
    struct wire_result r = run_job(&w, 1, VIEW("a\n"), notes);

    (void)state;
    assert_int_equal(r.status, WIRE_OK);
    assert_int_equal(r.done + r.failed + r.later, 0);
    assert_string_equal(found, "the server closed the connection after MAIL FROM");
    end_server(&w);
}

static void a_cancelled_job_says_so(void **state)
{
    struct world_server w = {.rule = {WORLD_HELLO(""), WORLD_REST}};
    char notes[400];
    struct wire_result r = run_job(&w, CANCELLED, VIEW("a\n"), notes);

    (void)state;
    assert_int_equal(r.status, WIRE_CANCELLED);
    assert_int_equal(r.err, ECANCELED);
    assert_string_equal(notes, "");
    assert_int_equal(w.messages, 0);
    end_server(&w);
}

static void what_is_no_order_is_refused(void **state)
{
    struct worker_job job = {
        .message = -1, .out = -1, .notes = 1, .peer = 1, .blob = VIEW("no order"), .link = -1};
    struct buf blob = pack_order();
    struct wire_result r;

    (void)state;
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_REFUSED);
    assert_int_equal(r.err, EINVAL);
    job.blob = buf_view(&blob);
    job.peer = -1;
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_REFUSED);
    job.peer = 1;
    job.notes = -1;
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_REFUSED);
    buf_free(&blob);
}

static int set_up(void **state)
{
    struct buf why = {0};

    (void)state;
    return worker_role.load(&(struct worker_load){.dir = -1}, &why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_canary_sings),
        cmocka_unit_test(it_sings_in_the_sandbox),
        cmocka_unit_test(it_cannot_connect_by_sending),
        cmocka_unit_test(a_canary_that_hears_something_else_does_not),
        cmocka_unit_test(a_job_ends_in_notes_numbers_and_words),
        cmocka_unit_test(a_server_that_breaks_off_is_an_end_as_well),
        cmocka_unit_test(a_cancelled_job_says_so),
        cmocka_unit_test(what_is_no_order_is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
