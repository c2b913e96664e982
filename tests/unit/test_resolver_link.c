/*
 * test_resolver_link.c - unit tests of spoold/resolver_link.c: a worker-dns that dies, lies, hangs or does
 * not read costs a question one try, and mail no answer.
 *
 * Run by `make check`. worker-dns is played by resolver_world.h.
 */
#include "tests/unit/resolver_world.h"

/* ---- lost ---- */

static void what_was_open_is_asked_once_more_and_then_fails(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org"), *b, *done = rw_ask(k, "c.example.org");
    struct rw_got got;

    (void)state;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    rw_answer(k, got.id[1], FACT_A, "c.example.org");
    rw_is(&done, FACT_NOERROR);
    rw_crash(k);
    b = rw_ask(k, "b.example.org");
    rw_pass(k, 1000);
    rw_serve(k);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    assert_string_equal(got.name[0], "a.example.org"); /* the older one first */
    assert_string_equal(got.name[1], "b.example.org");
    rw_crash(k);
    rw_is(&a, FACT_SERVFAIL);
    assert_int_equal(b->answered, 0);
    rw_pass(k, 1000);
    rw_serve(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_answer_all(k, &got);
    rw_is(&b, FACT_NOERROR);
    rw_close(&k);
}

static void an_answer_counts_for_the_worker_that_was_asked_only(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org");
    struct rw_got old, new;

    (void)state;
    rw_turn(k);
    rw_expect(k, &old, DNS_RESOLVE, 1);
    rw_crash(k);
    rw_pass(k, 1000);
    rw_serve(k);
    rw_expect(k, &new, DNS_RESOLVE, 1);
    assert_int_not_equal(old.id[0], new.id[0]);
    rw_answer(k, old.id[0], FACT_A, "a.example.org");
    assert_true(far_was_retired(k->w, &k->w->child[1]));
    rw_is(&a, FACT_SERVFAIL); /* that was the second worker */
    rw_close(&k);
}

/* An administrator may change settings as often as he likes. */
static void a_reload_costs_no_try(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org");
    struct rw_got got;

    (void)state;
    rw_turn(k);
    for (unsigned i = 1; i <= 3; i++) {
        struct far_child *c = rw_child(k);
        struct wire_packet p;

        pool_reload(k->w->pool, POOL_OVERLAP);
        rw_turn(k);
        far_ready(k->w, i);
        far_arrive(k->w, &k->w->child[i]);
        assert_int_equal(c->cancels, 1);
        p = wire_packet(WIRE_RESULT, c->job.h.id);
        p.u.result.status = WIRE_CANCELLED;
        far_forget_job(c);
        far_say(k->w, c->link, &p);
        rw_turn(k);
        rw_expect(k, &got, DNS_ASK, 0);
        rw_say_state(k, RW_STATE);
        rw_expect(k, &got, DNS_RESOLVE, 1);
    }
    assert_true(k->w->s->alarms.since_ms[ALARM_DNS] == 0);
    rw_answer_all(k, &got);
    rw_is(&a, FACT_NOERROR);
    rw_close(&k);
}

/* A worker that ends its job at once, again and again, must not keep the loop busy. */
static void one_that_gives_the_job_back_is_asked_again_in_a_second(void **state)
{
    struct rw *k = rw_open_serving();

    (void)state;
    rw_pass(k, 1000);
    for (int i = 0; i < 3; i++) {
        struct far_child *c = rw_child(k);
        struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id);

        far_forget_job(c);
        far_say(k->w, c->link, &p);
        rw_turn(k);
        if (i) {
            assert_null(rw_child(k));
            assert_true(k->due == pool_world_now + 1000);
            rw_pass(k, 1000);
        }
        assert_non_null(rw_child(k));
    }
    rw_close(&k);
}

static void stopping_it_is_not_opened_again(void **state)
{
    struct rw *k = rw_open_serving();
    struct far_child *c = rw_child(k);
    struct rw_ask *a = rw_ask(k, "example.org");
    struct wire_packet p;

    (void)state;
    rw_turn(k);
    k->w->s->stopping = true;
    pool_give_back(k->w->pool);
    rw_turn(k);
    p = wire_packet(WIRE_RESULT, c->job.h.id);
    p.u.result.status = WIRE_CANCELLED;
    far_forget_job(c);
    far_say(k->w, c->link, &p);
    rw_turn(k);
    rw_is(&a, FACT_TIMEOUT);
    rw_pass(k, 2000);
    assert_int_equal(k->w->child_n, 1);
    rw_close(&k);
}

/* ---- lies ---- */

static void lie_id(struct rw *k, const struct rw_got *got)
{
    rw_answer(k, got->id[0] + 1, FACT_A, "a.example.org");
}

static void lie_zero(struct rw *k, const struct rw_got *got)
{
    (void)got;
    rw_answer(k, 0, FACT_A, "a.example.org");
}

static void lie_far(struct rw *k, const struct rw_got *got)
{
    (void)got;
    rw_answer(k, UINT32_MAX, FACT_A, "a.example.org");
}

static void lie_name(struct rw *k, const struct rw_got *got)
{
    rw_answer(k, got->id[0], FACT_A, "b.example.org");
}

static void lie_type(struct rw *k, const struct rw_got *got)
{
    rw_answer(k, got->id[0], FACT_TXT, "a.example.org");
}

static void lie_twice(struct rw *k, const struct rw_got *got)
{
    struct buf b = {0};

    dns_begin(&b, DNS_ANSWER);
    rw_add_answer(&b, got->id[1], FACT_A, "z.example.org");
    rw_add_answer(&b, got->id[1], FACT_A, "z.example.org");
    dns_end(&b);
    rw_send_buf(k, &b);
}

static void lie_cut(struct rw *k, const struct rw_got *got)
{
    struct buf b = {0};

    dns_begin(&b, DNS_ANSWER);
    rw_add_answer(&b, got->id[0], FACT_A, "a.example.org");
    dns_end(&b);
    b.n--;
    rw_send_buf(k, &b);
}

static void lie_garbage(struct rw *k, const struct rw_got *got)
{
    (void)got;
    rw_send(k, "garbage", 7);
}

static void lie_empty(struct rw *k, const struct rw_got *got)
{
    (void)got;
    rw_send(k, "", 0);
}

static void lie_long(struct rw *k, const struct rw_got *got)
{
    char *p = xcalloc(1, DNS_PACKET_MAX + 1);

    (void)got;
    rw_send(k, p, DNS_PACKET_MAX + 1);
    free(p);
}

static void lie_order(struct rw *k, const struct rw_got *got)
{
    struct buf b = {0};

    (void)got;
    dns_begin(&b, DNS_FLUSH);
    dns_end(&b);
    rw_send_buf(k, &b);
}

static void lie_state(struct rw *k, const struct rw_got *got)
{
    (void)got;
    rw_say_state(k, RW_STATE);
}

static void lie_words(struct rw *k, const struct rw_got *got)
{
    (void)got;
    resolver_link_ask(k->r);
    rw_turn(k);
    rw_say_state(k, "{\"v\":1,}");
}

static const struct {
    const char *says;
    void (*lie)(struct rw *k, const struct rw_got *got);
    const char *reason;
} lies[] = {
    {"an answer to a question with another number", lie_id, "an answer that nobody asked for"},
    {"an answer to number 0", lie_zero, "an answer that nobody asked for"},
    {"an answer to a number far beyond", lie_far, "an answer that nobody asked for"},
    {"an answer with another name", lie_name, "an answer to another question than was asked"},
    {"an answer of another type", lie_type, "an answer to another question than was asked"},
    {"an answer for the second time", lie_twice, "an answer that nobody asked for"},
    {"a packet that is cut", lie_cut, "a packet of answers that is none"},
    {"no packet at all", lie_garbage, "a packet that is none"},
    {"an empty packet", lie_empty, "a packet that is none"},
    {"a packet that is too long", lie_long, "a packet that is none"},
    {"an order, which is ours to give", lie_order, "a packet that it has no right to send"},
    {"how it is, and nobody asked", lie_state, "it tells how it is, and nobody asked"},
    {"how it is, in no JSON", lie_words, "it does not tell how it is in the way that was agreed"},
};

static void a_liar_is_ended_and_the_next_one_is_asked(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof *lies; i++) {
        struct rw *k = rw_open_serving();
        struct rw_ask *a = rw_ask(k, "a.example.org"), *z = rw_ask(k, "z.example.org");
        struct rw_got got;
        struct far_tap tap;
        char reason[200];

        print_message("%s\n", lies[i].says);
        rw_turn(k);
        rw_expect(k, &got, DNS_RESOLVE, 2);
        far_tap_open(&tap);
        lies[i].lie(k, &got);
        snprintf(reason, sizeof reason, "event=dns_worker_ended reason=\"%s\"", lies[i].reason);
        assert_true(far_tap_close(&tap, reason));
        assert_true(far_was_retired(k->w, &k->w->child[0]));
        assert_int_equal(a->answered, 0);
        assert_int_equal(z->answered, lies[i].lie == lie_twice);
        assert_string_equal(resolver_trouble(k->r), "none of its worker processes lives");
        rw_crash(k);
        rw_pass(k, 1000);
        rw_serve(k);
        rw_expect(k, &got, DNS_RESOLVE, z->answered ? 1 : 2);
        rw_answer_all(k, &got);
        rw_is(&a, FACT_NOERROR);
        rw_is(&z, FACT_NOERROR);
        rw_close(&k);
    }
}

/* Its process may take a while to end: what it says meanwhile reaches nobody. */
static void a_liar_is_not_listened_to_any_more(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org");
    struct rw_got got;
    struct buf b = {0};

    (void)state;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_send(k, "garbage", 7);
    dns_begin(&b, DNS_ANSWER);
    rw_add_answer(&b, got.id[0], FACT_A, "a.example.org");
    dns_end(&b);
    assert_int_equal(send(rw_socket(k), b.p, b.n, MSG_NOSIGNAL), -1);
    assert_int_equal(errno, EPIPE);
    assert_false(resolver_flush(k->r));
    buf_free(&b);
    free(a);
    rw_close(&k);
}

static void without_an_end_of_questions_that_nobody_wants_it_is_ended(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_got got;

    (void)state;
    for (int i = 0; i <= RESOLVER_ORPHANS; i++) {
        struct rw_ask *a = rw_ask(k, "a.example.org");

        if (i % 1000 == 0 || i == RESOLVER_ORPHANS) {
            rw_turn(k);
            while (rw_recv(k, &got))
                ; /* it reads, and answers nothing */
        } else {
            resolver_run(k->r, pool_world_now);
        }
        if (i % 100 == 0)
            while (rw_recv(k, &got))
                ;
        resolver_forget(k->r, &a->ask);
        free(a);
        assert_false(far_was_retired(k->w, &k->w->child[0]));
    }
    rw_turn(k);
    assert_true(far_was_retired(k->w, &k->w->child[0]));
    rw_close(&k);
}

/* ---- silence ---- */

static void one_that_hangs_is_asked_how_it_is_and_then_ended(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a;
    struct rw_got got;

    (void)state;
    rw_pass(k, 3600000); /* an hour without a question is no silence */
    rw_nothing(k);
    a = rw_ask(k, "a.example.org");
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    assert_true(k->due == pool_world_now + 5000);
    rw_pass(k, 4999);
    rw_nothing(k);
    rw_pass(k, 1);
    rw_expect(k, &got, DNS_ASK, 0);
    assert_true(k->due == pool_world_now + 5000);
    rw_pass(k, 4999);
    assert_false(far_was_retired(k->w, rw_child(k)));
    rw_pass(k, 1);
    assert_true(far_was_retired(k->w, rw_child(k)));
    rw_crash(k);
    rw_serve(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_answer_all(k, &got);
    rw_is(&a, FACT_NOERROR);
    rw_close(&k);
}

static void one_that_is_slow_and_says_so_is_left_alone(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org");
    struct rw_got got;

    (void)state;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_pass(k, 5000);
    rw_expect(k, &got, DNS_ASK, 0);
    rw_pass(k, 4999);
    rw_say_state(k, RW_STATE);
    rw_pass(k, 4999);
    assert_false(far_was_retired(k->w, rw_child(k)));
    rw_nothing(k);
    rw_pass(k, 2);
    rw_is(&a, FACT_TIMEOUT);
    assert_false(far_was_retired(k->w, rw_child(k)));
    rw_close(&k);
}

static void one_that_answers_others_is_not_silent(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *slow = rw_ask(k, "slow.example.org"), *a;
    struct rw_got got;

    (void)state;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    for (int i = 0; i < 3; i++) {
        rw_pass(k, 4000);
        a = rw_ask(k, "quick.example.org");
        rw_turn(k);
        rw_expect(k, &got, DNS_RESOLVE, 1);
        rw_answer_all(k, &got);
        rw_is(&a, FACT_NOERROR);
    }
    rw_nothing(k);
    assert_int_equal(slow->answered, 0);
    free(slow);
    rw_close(&k);
}

/* ---- a full socket ---- */

static void what_the_socket_does_not_take_goes_out_later(void **state)
{
    enum { N = 4000 };
    struct rw *k = rw_open_serving();
    struct rw_ask **a = xcalloc(N, sizeof *a);
    struct rw_got got;
    unsigned packets = 0;
    char name[FACTS_NAME_MAX + 1];

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d.%060d.%060d.%060d.example.org", i, 0, 0, 0);
        a[i] = rw_ask(k, name);
    }
    rw_turn(k);
    assert_true(k->r->full);
    assert_true(k->due > pool_world_now); /* and the loop sleeps */
    while (rw_recv(k, &got)) {
        packets++;
        rw_answer_all(k, &got);
    }
    assert_int_equal(packets, N / DNS_QUESTIONS_MAX);
    assert_false(k->r->full);
    for (int i = 0; i < N; i++)
        rw_is(&a[i], FACT_NOERROR);
    free(a);
    rw_close(&k);
}

static void one_that_never_reads_hangs(void **state)
{
    enum { N = 4000 };
    struct rw *k = rw_open_serving();
    struct rw_ask **a = xcalloc(N, sizeof *a);
    char name[FACTS_NAME_MAX + 1];

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d.%060d.%060d.%060d.example.org", i, 0, 0, 0);
        a[i] = rw_ask(k, name);
    }
    rw_turn(k);
    rw_pass(k, 5000);
    rw_pass(k, 5000);
    assert_true(far_was_retired(k->w, rw_child(k)));
    rw_crash(k);
    rw_pass(k, 5000);
    for (int i = 0; i < N; i++)
        rw_is(&a[i], FACT_TIMEOUT);
    free(a);
    rw_close(&k);
}

/* ---- orders ---- */

static void a_flush_goes_to_the_worker(void **state)
{
    struct rw *k = rw_open();
    struct rw_got got;

    (void)state;
    assert_false(resolver_flush(k->r));
    far_ready(k->w, 0);
    rw_serve(k);
    assert_true(resolver_flush(k->r));
    assert_true(resolver_flush(k->r));
    rw_turn(k);
    rw_expect(k, &got, DNS_FLUSH, 0);
    rw_nothing(k);
    rw_crash(k);
    rw_pass(k, 1000);
    rw_serve(k);
    rw_nothing(k); /* a new one has nothing to forget */
    rw_close(&k);
}

static void numbers_of_questions_never_repeat_soon_and_are_never_0(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_got got;
    uint32_t last = 0;

    (void)state;
    k->r->last_id = (UINT32_MAX >> RESOLVER_SLOT_BITS) - 2;
    for (int i = 0; i < 5; i++) {
        struct rw_ask *a = rw_ask(k, "a.example.org");

        rw_turn(k);
        rw_expect(k, &got, DNS_RESOLVE, 1);
        assert_true(got.id[0] != 0 && got.id[0] != last);
        last = got.id[0];
        rw_answer_all(k, &got);
        rw_is(&a, FACT_NOERROR);
    }
    assert_int_equal(k->r->last_id, 3);
    rw_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_open_is_asked_once_more_and_then_fails),
        cmocka_unit_test(an_answer_counts_for_the_worker_that_was_asked_only),
        cmocka_unit_test(a_reload_costs_no_try),
        cmocka_unit_test(one_that_gives_the_job_back_is_asked_again_in_a_second),
        cmocka_unit_test(stopping_it_is_not_opened_again),
        cmocka_unit_test(a_liar_is_ended_and_the_next_one_is_asked),
        cmocka_unit_test(a_liar_is_not_listened_to_any_more),
        cmocka_unit_test(without_an_end_of_questions_that_nobody_wants_it_is_ended),
        cmocka_unit_test(one_that_hangs_is_asked_how_it_is_and_then_ended),
        cmocka_unit_test(one_that_is_slow_and_says_so_is_left_alone),
        cmocka_unit_test(one_that_answers_others_is_not_silent),
        cmocka_unit_test(what_the_socket_does_not_take_goes_out_later),
        cmocka_unit_test(one_that_never_reads_hangs),
        cmocka_unit_test(a_flush_goes_to_the_worker),
        cmocka_unit_test(numbers_of_questions_never_repeat_soon_and_are_never_0),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
