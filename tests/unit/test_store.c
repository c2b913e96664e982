/*
 * test_store.c - unit tests of spoold/store.c: tasks go to the store and come back, in order, each exactly
 * once.
 *
 * Run by `make check`, with and without a thread. The tasks note on which thread
 * and when they ran; the store has a real but empty depot to flush.
 */
#include "tests/unit/query_world.h"

#include "spoold/store.h"

#include <poll.h>
#include <pthread.h>

#define TASKS 50

struct note {
    struct task task; /* first */
    unsigned number, ran;
    pthread_t by;
    int pause_ms;
};

static void run(struct task *t, struct depot *d)
{
    struct note *n = (struct note *)t;

    assert_non_null(d);
    n->ran++;
    n->by = pthread_self();
    if (n->pause_ms)
        usleep((useconds_t)n->pause_ms * 1000);
}

static void submit(struct store *s, struct note *n, unsigned count)
{
    struct task_list l;

    task_list_init(&l);
    for (unsigned i = 0; i < count; i++) {
        n[i].number = i;
        n[i].task.run = run;
        task_list_add(&l, &n[i].task);
    }
    assert_true(store_idle(s));
    store_submit(s, &l);
    assert_null(l.first);
}

static void collect(struct store *s, struct task_list *done)
{
    struct pollfd p = {.fd = store_fd(s), .events = POLLIN};

    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_true(store_collect(s, done));
}

static void expect_in_order(struct task_list *done, unsigned count)
{
    struct task *t;
    unsigned next = 0;

    while ((t = task_list_take(done))) {
        const struct note *n = (struct note *)t;

        assert_int_equal(n->number, next);
        assert_int_equal(n->ran, 1);
        next++;
    }
    assert_int_equal(next, count);
}

static void check_round(bool threaded)
{
    struct world *w = world_open(NULL);
    struct store *s = store_start(&w->d, threaded);
    struct note *n = xcalloc(TASKS, sizeof *n);
    struct task_list done;

    submit(s, n, TASKS);
    collect(s, &done);
    for (unsigned i = 0; i < TASKS; i++)
        assert_int_equal(pthread_equal(n[i].by, pthread_self()) != 0, !threaded);
    expect_in_order(&done, TASKS);
    assert_true(store_idle(s));
    assert_int_equal(store_batches(s), 1);
    assert_false(store_collect(s, &done));
    store_stop(&s);
    assert_null(s);
    free(n);
    world_close(&w);
}

static void tasks_come_back_in_order_from_the_thread(void **state)
{
    (void)state;
    check_round(true);
}

static void tasks_come_back_in_order_without_a_thread(void **state)
{
    (void)state;
    check_round(false);
}

static void the_loop_does_not_wait_for_a_slow_store(void **state)
{
    struct world *w = world_open(NULL);
    struct store *s = store_start(&w->d, true);
    struct note n[1] = {{.pause_ms = 300}};
    struct task_list done;
    int64_t began = depot_mono_ms();

    (void)state;
    submit(s, n, 1);
    assert_false(store_collect(s, &done));
    assert_false(store_idle(s));
    assert_true(depot_mono_ms() - began < 250);
    usleep(50000);
    assert_true(store_busy_ms(s) >= 40);
    collect(s, &done);
    assert_int_equal(store_busy_ms(s), 0);
    store_stop(&s);
    world_close(&w);
}

static void a_stop_finishes_the_batch_in_work(void **state)
{
    struct world *w = world_open(NULL);
    struct store *s = store_start(&w->d, true);
    struct note n[3] = {{.pause_ms = 50}};

    (void)state;
    submit(s, n, 3);
    store_stop(&s);
    for (int i = 0; i < 3; i++)
        assert_int_equal(n[i].ran, 1);
    world_close(&w);
}

static void hundreds_of_batches_lose_nothing(void **state)
{
    struct world *w = world_open(NULL);
    struct store *s = store_start(&w->d, true);
    struct task_list done;

    (void)state;
    for (unsigned i = 0; i < 300; i++) {
        struct note n[2] = {0};

        submit(s, n, 1 + i % 2);
        collect(s, &done);
        expect_in_order(&done, 1 + i % 2);
    }
    assert_int_equal(store_batches(s), 300);
    store_stop(&s);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tasks_come_back_in_order_from_the_thread),
        cmocka_unit_test(tasks_come_back_in_order_without_a_thread),
        cmocka_unit_test(the_loop_does_not_wait_for_a_slow_store),
        cmocka_unit_test(a_stop_finishes_the_batch_in_work),
        cmocka_unit_test(hundreds_of_batches_lose_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
