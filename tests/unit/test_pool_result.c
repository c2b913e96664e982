/*
 * test_pool_result.c - unit tests of spoold/pool_result.c: what a RESULT may say.
 *
 * Run by `make check`. The far ends are played by pool_world.h. What follows a
 * death is tested in test_pool_death.c.
 */
#include "tests/unit/pool_world.h"

#include "common/parts.h"

static const struct {
    const char *says;
    int64_t id; /* added to the job's number */
    struct wire_result r;
    const char *fault; /* NULL: it is accepted */
} table[] = {
    {"the truth", 0, {.in_size = FAR_SIZE, .out_size = 4, .hops = 3, .own_hops = 3}, NULL},
    {"a message that cannot be read", 0, {.status = WIRE_IO, .err = EIO}, NULL},
    {"a message that cannot be done", 0, {.status = WIRE_REFUSED, .err = EBADMSG, .in_size = 3}, NULL},
    {"the result of another job", 1, {.in_size = FAR_SIZE, .out_size = 4}, "RESULT: of another job"},
    {"a status beyond the table", 0, {.status = WIRE_STATUS__MAX}, "RESULT: a status that there is not"},
    {"an errno below 0", 0, {.status = WIRE_IO, .err = -1}, "RESULT: a status that there is not"},
    {"an errno above all", 0, {.status = WIRE_IO, .err = 4096}, "RESULT: a status that there is not"},
    {"cancelled without a reason", 0, {.status = WIRE_CANCELLED}, "RESULT: cancelled, and nobody asked"},
    {"a message that was changed meanwhile: the flow sees to that",
     0,
     {.in_size = FAR_SIZE - 1, .out_size = 4},
     NULL},
    {"an output longer than it is",
     0,
     {.in_size = FAR_SIZE, .out_size = 5},
     "RESULT: the size of its output"},
    {"an output shorter than it is",
     0,
     {.in_size = FAR_SIZE, .out_size = 3},
     "RESULT: the size of its output"},
    {"an output below 0", 0, {.in_size = FAR_SIZE, .out_size = UINT64_MAX}, "RESULT: the size of its output"},
    {"more own fields than fields",
     0,
     {.in_size = FAR_SIZE, .out_size = 4, .hops = 1, .own_hops = 2},
     "RESULT: numbers that cannot be"},
    {"more fields than bytes",
     0,
     {.in_size = FAR_SIZE, .out_size = 4, .hops = FAR_SIZE + 1},
     "RESULT: numbers that cannot be"},
    {"more fields removed than bytes",
     0,
     {.in_size = FAR_SIZE, .out_size = 4, .removed = FAR_SIZE + 1},
     "RESULT: numbers that cannot be"},
    {"what is reserved",
     0,
     {.in_size = FAR_SIZE, .out_size = 4, .reserved = {0, 1}},
     "RESULT: numbers that cannot be"},
};

static void only_what_can_be_is_accepted(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct pool_world *w = pool_world_serve_children("workers.children=1");
        struct far_job *j = far_submit(w, false);
        struct far_child *c = far_child_of(w, j);
        struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id + (uint64_t)table[i].id);

        print_message("%s\n", table[i].says);
        p.u.result = table[i].r;
        far_write_output(c);
        far_forget_job(c);
        far_say(w, c->link, &p);
        if (table[i].fault) {
            assert_true(far_was_retired(w, c));
            far_crash(w, c, FAR_SIGNAL(SIGKILL));
            assert_non_null(strstr(j->o.cause, table[i].fault));
        }
        assert_int_equal(j->o.end, table[i].fault ? POOL_CHARGED : POOL_DONE);
        if (!table[i].fault)
            assert_memory_equal(&j->o.result, &table[i].r, sizeof j->o.result);
        far_job_free(&j);
        pool_world_close(&w);
    }
}

/* A list with one part, and what a worker may do wrong with it. */
static const struct {
    const char *says;
    size_t cut;    /* bytes at the end that are not written */
    uint64_t size; /* that it says; 0 = as many as it wrote */
    uint32_t status;
    bool whole_list, accepted;
} lists[] = {
    {"a list", 0, 0, WIRE_OK, true, true},
    {"none at all", SIZE_MAX, 0, WIRE_OK, false, true},
    {"a cut one", 1, 0, WIRE_OK, false, false},
    {"one byte more than it wrote", 0, 1000, WIRE_OK, false, false},
    {"all the room there is", 0, PARTS_PACKED_MAX, WIRE_OK, false, false},
    {"more than there is room", 0, PARTS_PACKED_MAX + 1, WIRE_OK, false, false},
    {"a size that cannot be", 0, UINT64_MAX, WIRE_OK, false, false},
    {"half a list and no answer", 1, 0, WIRE_IO, false, true},
};

static void write_list(int fd, size_t cut)
{
    struct parts p = {0};
    struct buf b = {0};

    parts_add(&p, &(struct parts_item){.size = 3}, VIEW("text/plain"), VIEW("a name"));
    parts_pack(&b, &p);
    b.n -= cut < b.n ? cut : b.n;
    assert_int_equal(buf_write_fd(&b, fd), 0);
    buf_free(&b);
    parts_free(&p);
}

static void the_list_of_a_job_comes_with_its_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
        struct pool_world *w = pool_world_serve_children("workers.children=1");
        struct far_job *j = far_job_new(false);
        struct parts parts = {.odd = 77};
        struct far_child *c;
        struct wire_packet p;

        print_message("%s\n", lists[i].says);
        far_shut(&j->job.out);
        j->job.list = &parts;
        pool_submit(w->pool, &j->job);
        pool_world_turn(w);
        c = far_child_of(w, j);
        assert_int_equal(c->job.u.job.flags, WIRE_JOB_OUT | WIRE_JOB_BLOB);
        write_list(c->job.fd[1], lists[i].cut);
        p = far_result_packet(c);
        p.u.result.status = lists[i].status;
        p.u.result.out_size = (uint64_t)lseek(c->job.fd[1], 0, SEEK_CUR);
        if (lists[i].size)
            p.u.result.out_size = lists[i].size;
        far_forget_job(c);
        far_say(w, c->link, &p);
        assert_int_equal(far_was_retired(w, c), !lists[i].accepted);
        if (!lists[i].accepted)
            far_crash(w, c, FAR_SIGNAL(SIGKILL));
        assert_int_equal(j->o.end, lists[i].accepted ? POOL_DONE : POOL_CHARGED);
        assert_int_equal(parts.n, lists[i].whole_list);
        if (lists[i].whole_list)
            assert_string_equal(parts.item[0].name, "a name");
        parts_free(&parts);
        far_job_free(&j);
        pool_world_close(&w);
    }
}

static const struct {
    const char *says;
    const char *writes;
    uint64_t size; /* that it says */
    uint32_t status;
    const char *got;
    bool accepted;
} replies[] = {
    {"an answer", "hello", 5, WIRE_OK, "hello", true},
    {"a shorter one than it wrote", "hello", 4, WIRE_OK, "hell", true},
    {"all that there is room for", "12345678", 8, WIRE_OK, "12345678", true},
    {"more than there is room for", "12345678", 9, WIRE_OK, "", false},
    {"a size that cannot be", "", UINT64_MAX, WIRE_OK, "", false},
    {"none, and no answer", "half", 4, WIRE_IO, "", true},
};

static void the_answer_of_a_job_comes_with_its_result(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof replies / sizeof *replies; i++) {
        struct pool_world *w = pool_world_serve_children("workers.children=1");
        struct far_job *j = far_job_new(false);
        struct buf answer = {0};
        struct far_child *c;
        struct wire_packet p;

        print_message("%s\n", replies[i].says);
        far_shut(&j->job.out);
        buf_add_str(&answer, "of the round before");
        j->job.answer = &answer;
        j->job.answer_max = 8;
        pool_submit(w->pool, &j->job);
        pool_world_turn(w);
        c = far_child_of(w, j);
        assert_int_equal(c->job.u.job.flags, WIRE_JOB_OUT | WIRE_JOB_BLOB);
        assert_int_equal(write(c->job.fd[1], replies[i].writes, strlen(replies[i].writes)),
                         (ssize_t)strlen(replies[i].writes));
        p = far_result_packet(c);
        p.u.result.status = replies[i].status;
        p.u.result.out_size = replies[i].size;
        far_forget_job(c);
        far_say(w, c->link, &p);
        assert_int_equal(far_was_retired(w, c), !replies[i].accepted);
        if (!replies[i].accepted)
            far_crash(w, c, FAR_SIGNAL(SIGKILL));
        assert_int_equal(j->o.end, replies[i].accepted ? POOL_DONE : POOL_CHARGED);
        assert_true(view_equal(buf_view(&answer), view_of(replies[i].got)));
        buf_free(&answer);
        far_job_free(&j);
        pool_world_close(&w);
    }
}

/* A worker that was lost may have begun to write: the next one begins with nothing. */
static void each_worker_gets_room_of_its_own(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=2");
    struct far_job *j = far_job_new(false);
    struct parts parts = {0};
    struct far_child *c;
    struct wire_packet p;
    char byte = 'x';

    (void)state;
    far_shut(&j->job.out);
    j->job.list = &parts;
    pool_submit(w->pool, &j->job);
    pool_world_turn(w);
    c = far_child_of(w, j);
    write_list(c->job.fd[1], 0);
    far_crash(w, c, FAR_SIGNAL(SIGTERM)); /* not over this message: it had not touched it */
    far_forget_job(c);
    assert_int_equal(j->ended, 0);
    c = far_child_of(w, j);
    assert_non_null(c);
    assert_int_equal(pread(c->job.fd[1], &byte, 1, 0), -1); /* to write with only */
    assert_int_equal(lseek(c->job.fd[1], 0, SEEK_CUR), 0);
    p = far_result_packet(c);
    p.u.result.out_size = 60; /* what the other one wrote is not there */
    far_forget_job(c);
    far_say(w, c->link, &p);
    assert_true(far_was_retired(w, c));
    far_crash(w, c, FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_int_equal(parts.n, 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_result_of_an_idle_child_ends_it_and_charges_nobody(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *j = far_submit(w, false);
    struct wire_packet p = far_result_packet(&w->child[0]);

    (void)state;
    far_result(w, &w->child[0]);
    assert_int_equal(j->o.end, POOL_DONE);
    far_say(w, w->child[0].link, &p); /* a second one */
    assert_true(far_was_retired(w, &w->child[0]));
    far_job_free(&j);
    pool_world_close(&w);
}

static void the_second_of_two_results_at_once_changes_nothing(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    struct far_job *a = far_submit(w, false), *b = far_submit(w, false);
    struct wire_packet p = far_result_packet(&w->child[0]);

    (void)state;
    far_write_output(&w->child[0]);
    far_forget_job(&w->child[0]);
    assert_int_equal(wire_send(w->child[0].link, &p), 0);
    far_say(w, w->child[0].link, &p);
    assert_int_equal(a->o.end, POOL_DONE);
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    far_arrive(w, &w->child[1]);
    far_result(w, far_child_of(w, b));
    assert_int_equal(b->o.end, POOL_DONE);
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

static void descriptors_with_a_result_are_closed(void **state)
{
    struct pool_world *w = pool_world_serve_children("workers.children=1");
    unsigned before = pool_world_fds();

    (void)state;
    for (unsigned n = 1; n <= 2; n++) {
        struct far_job *j = far_submit(w, false);
        struct far_child *c = far_child_of(w, j);
        struct wire_packet p = far_result_packet(c);

        far_write_output(c);
        far_forget_job(c);
        p.fd_n = n;
        p.fd[0] = p.fd[1] = c->link;
        far_say(w, c->link, &p);
        if (n == 2) { /* one too many */
            far_crash(w, c, FAR_SIGNAL(SIGKILL));
            far_end_child(c);
            far_arrive(w, &w->child[1]);
        }
        assert_int_equal(j->o.end, n == 1 ? POOL_DONE : POOL_CHARGED);
        far_job_free(&j);
    }
    assert_int_equal(pool_world_fds(), before);
    pool_world_close(&w);
}

static void without_an_output_there_is_no_size_of_one(void **state)
{
    (void)state;
    for (uint64_t size = 0; size < 2; size++) {
        struct pool_world *w = pool_world_serve_children("workers.children=1");
        struct far_job *j = far_job_new(false);
        struct wire_packet p;

        far_shut(&j->job.out);
        j->job.blob = (struct view){NULL, 0};
        pool_submit(w->pool, &j->job);
        pool_world_turn(w);
        assert_int_equal(w->child[0].job.u.job.flags, 0);
        assert_int_equal(w->child[0].job.fd_n, 1);
        p = far_result_packet(&w->child[0]);
        p.u.result.out_size = size;
        far_forget_job(&w->child[0]);
        far_say(w, w->child[0].link, &p);
        assert_int_equal(far_was_retired(w, &w->child[0]), size == 1);
        pool_close(&w->pool);
        far_job_free(&j);
        pool_world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_what_can_be_is_accepted),
        cmocka_unit_test(the_list_of_a_job_comes_with_its_result),
        cmocka_unit_test(the_answer_of_a_job_comes_with_its_result),
        cmocka_unit_test(each_worker_gets_room_of_its_own),
        cmocka_unit_test(a_result_of_an_idle_child_ends_it_and_charges_nobody),
        cmocka_unit_test(the_second_of_two_results_at_once_changes_nothing),
        cmocka_unit_test(descriptors_with_a_result_are_closed),
        cmocka_unit_test(without_an_output_there_is_no_size_of_one),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
