/*
 * test_resolver.c - unit tests of spoold/resolver.c: each question gets one answer, in time, whatever
 * worker-dns does.
 *
 * Run by `make check`. worker-dns is played by resolver_world.h.
 */
#include "tests/unit/resolver_world.h"

#include "common/json.h"

#include <jansson.h>

static void questions_of_one_turn_go_in_one_packet(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org"), *b = rw_ask_type(k, "b.example.org", FACT_TXT);
    struct rw_got got;

    (void)state;
    rw_nothing(k);
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    assert_string_equal(got.name[0], "a.example.org");
    assert_string_equal(got.name[1], "b.example.org");
    assert_true(got.of[0] == FACT_A && got.of[1] == FACT_TXT && got.id[0] != got.id[1]);
    rw_answer(k, got.id[1], FACT_TXT, "b.example.org");
    assert_true(a->answered == 0 && b->answered == 1);
    assert_true(b->answer_n == 1 && strcmp(b->first, "192.0.2.1") == 0);
    rw_answer(k, got.id[0], FACT_A, "a.example.org");
    rw_is(&a, FACT_NOERROR);
    rw_is(&b, FACT_NOERROR);
    rw_close(&k);
}

static void many_questions_go_in_several_packets(void **state)
{
    enum { N = 2 * DNS_QUESTIONS_MAX + 1 };
    struct rw *k = rw_open_serving();
    struct rw_ask *a[N];
    struct rw_got got[3];
    char name[40];

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d.example.org", i);
        a[i] = rw_ask(k, name);
    }
    rw_turn(k);
    rw_expect(k, &got[0], DNS_RESOLVE, DNS_QUESTIONS_MAX);
    rw_expect(k, &got[1], DNS_RESOLVE, DNS_QUESTIONS_MAX);
    rw_expect(k, &got[2], DNS_RESOLVE, 1);
    rw_nothing(k);
    for (int i = 2; i >= 0; i--)
        rw_answer_all(k, &got[i]);
    for (int i = 0; i < N; i++)
        rw_is(&a[i], FACT_NOERROR);
    assert_int_equal(resolver_open_n(k->r), 0);
    assert_int_equal(k->r->used, 0);
    rw_close(&k);
}

static void what_is_asked_before_a_worker_serves_waits_for_it(void **state)
{
    struct rw *k = rw_open();
    struct rw_ask *a = rw_ask(k, "example.org");
    struct rw_got got;

    (void)state;
    rw_pass(k, 4999);
    assert_int_equal(a->answered, 0);
    far_ready(k->w, 0);
    rw_serve(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_answer_all(k, &got);
    rw_is(&a, FACT_NOERROR);
    assert_true(k->w->s->alarms.since_ms[ALARM_DNS] == 0);
    rw_close(&k);
}

static void without_a_worker_for_five_seconds_answers_come_at_once(void **state)
{
    struct rw *k = rw_open();
    struct rw_ask *a = rw_ask(k, "example.org");

    (void)state;
    rw_turn(k);
    assert_true(k->due == pool_world_now + 5000);
    rw_pass(k, 5000);
    rw_is(&a, FACT_TIMEOUT);
    assert_non_null(strstr(k->w->s->alarms.text[ALARM_DNS], "nobody asks the DNS: its worker is starting"));
    a = rw_ask(k, "example.org");
    rw_turn(k);
    rw_is(&a, FACT_TIMEOUT);
    far_ready(k->w, 0);
    rw_serve(k);
    assert_true(k->w->s->alarms.since_ms[ALARM_DNS] == 0);
    a = rw_ask(k, "example.org");
    rw_turn(k);
    assert_int_equal(a->answered, 0);
    free(a);
    rw_close(&k);
}

/* The pool knows why, and says so itself. */
static void the_better_reason_of_an_alarm_stays(void **state)
{
    struct rw *k = rw_open();
    struct wire_packet p = wire_text(WIRE_FAILED, k->w->loader[0].id, "no such server");

    (void)state;
    far_say(k->w, k->w->loader[0].link, &p);
    rw_pass(k, 5000);
    assert_non_null(strstr(k->w->s->alarms.text[ALARM_DNS], "worker-dns, generation 1: no such server"));
    rw_close(&k);
}

/* One that came to life and never says a word is no worker that serves. */
static void a_worker_that_says_nothing_does_not_serve(void **state)
{
    struct rw *k = rw_open();
    struct rw_ask *a = rw_ask(k, "example.org");
    struct rw_got got;

    (void)state;
    far_ready(k->w, 0);
    far_arrive(k->w, &k->w->child[0]);
    rw_turn(k);
    rw_expect(k, &got, DNS_ASK, 0);
    rw_nothing(k);
    rw_pass(k, 5000);
    rw_is(&a, FACT_TIMEOUT);
    assert_true(k->w->s->alarms.since_ms[ALARM_DNS] > 0);
    rw_pass(k, 4999);
    assert_false(far_was_retired(k->w, &k->w->child[0]));
    rw_pass(k, 1);
    assert_true(far_was_retired(k->w, &k->w->child[0]));
    rw_close(&k);
}

static void what_is_switched_off_fails_at_once_and_alarms_nobody(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *sent = rw_ask(k, "example.org"), *a;
    struct wire_packet p;
    struct far_child *c = rw_child(k);

    (void)state;
    rw_turn(k);
    k->w->pool->roles = 0; /* as the settings say */
    k->w->cfg->dns = false;
    pool_reload(k->w->pool, POOL_OVERLAP);
    rw_turn(k);
    a = rw_ask(k, "example.com");
    rw_turn(k);
    rw_is(&a, FACT_SERVFAIL);
    assert_int_equal(c->cancels, 1);
    p = wire_packet(WIRE_RESULT, c->job.h.id);
    p.u.result.status = WIRE_CANCELLED;
    far_forget_job(c);
    far_say(k->w, c->link, &p);
    rw_turn(k);
    rw_is(&sent, FACT_SERVFAIL);
    rw_pass(k, 6000);
    assert_true(k->w->s->alarms.since_ms[ALARM_DNS] == 0);
    assert_string_equal(resolver_trouble(k->r), "it is switched off");
    rw_close(&k);
}

static void after_fifteen_seconds_a_question_is_over(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org"), *b;
    struct rw_got got, more;

    (void)state;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_pass(k, 3000);
    b = rw_ask(k, "b.example.org");
    rw_turn(k);
    rw_expect(k, &more, DNS_RESOLVE, 1);
    for (int i = 0; i < 2; i++) { /* slow, but there */
        rw_pass(k, 5000);
        rw_recv(k, &more);
        rw_say_state(k, RW_STATE);
    }
    assert_true(k->due <= pool_world_now + 2000);
    rw_pass(k, 1999);
    assert_int_equal(a->answered, 0);
    rw_pass(k, 1);
    rw_is(&a, FACT_TIMEOUT);
    assert_int_equal(b->answered, 0);
    rw_answer_all(k, &got); /* too late, and no lie */
    assert_false(far_was_retired(k->w, rw_child(k)));
    assert_null(resolver_trouble(k->r));
    free(b);
    rw_close(&k);
}

static void what_is_forgotten_gets_no_answer(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *early = rw_ask(k, "a.example.org"), *late = rw_ask(k, "b.example.org"),
                  *other = rw_ask(k, "c.example.org");
    struct rw_got got;

    (void)state;
    resolver_forget(k->r, &early->ask);
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    resolver_forget(k->r, &late->ask);
    resolver_forget(k->r, &late->ask);
    memset(late, 0xee, sizeof *late); /* its owner has thrown it away */
    rw_answer_all(k, &got);
    assert_int_equal(early->answered, 0);
    assert_int_equal(other->answered, 1);
    resolver_forget(k->r, &other->ask); /* that is over */
    resolver_forget(NULL, &early->ask);
    assert_true(resolver_open_n(k->r) == 0 && k->r->used == 0);
    assert_false(far_was_retired(k->w, rw_child(k)));
    free(early);
    free(late);
    rw_is(&other, FACT_NOERROR);
    rw_close(&k);
}

static void ask_the_other(struct rw_ask *a)
{
    resolver_submit(a->k->r, &a->other->ask);
}

static void forget_the_other(struct rw_ask *a)
{
    resolver_forget(a->k->r, &a->other->ask);
}

static void an_owner_may_ask_and_forget_when_it_is_answered(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org"), *b = rw_ask(k, "b.example.org"), *c;
    struct rw_got got;

    (void)state;
    c = xcalloc(1, sizeof *c);
    *c = *b;
    a->then = ask_the_other;
    a->other = c;
    b->then = forget_the_other;
    b->other = c;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    rw_answer(k, got.id[0], FACT_A, "a.example.org");
    rw_answer(k, got.id[1], FACT_A, "b.example.org");
    rw_expect(k, &got, DNS_RESOLVE, 1); /* c was sent by then */
    rw_answer_all(k, &got);
    assert_int_equal(c->answered, 0);
    free(c);
    rw_is(&a, FACT_NOERROR);
    rw_is(&b, FACT_NOERROR);
    rw_close(&k);
}

static void ask_again(struct rw_ask *a)
{
    resolver_submit(a->k->r, &a->ask);
}

/* One turn is one answer: the loop has other things to do. */
static void who_asks_again_at_once_does_not_stop_the_loop(void **state)
{
    struct rw *k = rw_open();
    struct rw_ask *a = rw_ask(k, "example.org");

    (void)state;
    a->then = ask_again;
    pool_world_now += 5000;
    for (unsigned i = 1; i <= 3; i++) {
        assert_true(resolver_run(k->r, pool_world_now) == pool_world_now);
        assert_int_equal(a->answered, i);
    }
    a->then = NULL;
    rw_turn(k);
    assert_int_equal(a->answered, 4);
    free(a);
    rw_close(&k);
}

static void beyond_the_limit_the_newest_are_answered_at_once(void **state)
{
    enum { N = DNS_OPEN_MAX + 3 };
    struct rw *k = rw_open_serving();
    struct rw_ask **a = xcalloc(N, sizeof *a);
    struct rw_got got;
    unsigned answered = 0;
    char name[40];

    (void)state;
    for (int i = 0; i < N; i++) {
        snprintf(name, sizeof name, "n%d.example.org", i);
        a[i] = rw_ask(k, name);
    }
    rw_turn(k);
    for (int i = 0; i < 3; i++)
        assert_int_equal(a[i]->answered, 0);
    for (int i = N - 3; i < N; i++)
        assert_true(a[i]->answered == 1 && a[i]->rcode == FACT_TIMEOUT);
    assert_int_equal(resolver_open_n(k->r), DNS_OPEN_MAX);
    while (rw_recv(k, &got)) /* the socket did not take them all at once */
        rw_answer_all(k, &got);
    for (int i = 0; i < N; i++) {
        assert_int_equal(a[i]->answered, 1);
        answered += a[i]->rcode == FACT_NOERROR;
        free(a[i]);
    }
    assert_int_equal(answered, DNS_OPEN_MAX);
    free(a);
    rw_close(&k);
}

static void names_that_cannot_be_asked_fail(void **state)
{
    static const char *const names[] = {"", ".", "a..b", "A.example.org", "example.org.", "a\tb.example.org"};
    struct rw *k = rw_open_serving();
    struct rw_ask *a[sizeof names / sizeof *names], *good, *wrong;
    struct rw_got got;

    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        a[i] = rw_ask(k, names[i]);
    wrong = rw_ask_type(k, "example.org", FACT_TYPE__MAX);
    good = rw_ask(k, "example.org");
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        rw_is(&a[i], FACT_SERVFAIL);
    rw_is(&wrong, FACT_SERVFAIL);
    rw_answer_all(k, &got);
    rw_is(&good, FACT_NOERROR);
    rw_close(&k);
}

static void while_it_stops_what_nobody_asks_is_answered(void **state)
{
    struct rw *k = rw_open();
    struct rw_ask *a = rw_ask(k, "example.org");

    (void)state;
    k->w->s->stopping = true;
    rw_turn(k);
    rw_is(&a, FACT_TIMEOUT);
    assert_true(k->w->s->alarms.since_ms[ALARM_DNS] == 0);
    rw_close(&k);
}

/* ---- how it is ---- */

struct look {
    struct resolver_look look;
    unsigned told;
    char state[200];
    int64_t age;
};

static void looked(struct spoold *s, struct resolver_look *look, struct view text, int64_t age)
{
    struct look *l = (struct look *)look;

    assert_non_null(s);
    l->told++;
    l->age = age;
    snprintf(l->state, sizeof l->state, "%.*s", (int)text.n, text.n ? text.p : "");
}

static struct look *look_new(struct rw *k)
{
    struct look *l = xcalloc(1, sizeof *l);

    l->look.done = looked;
    resolver_look(k->r, &l->look);
    assert_int_equal(l->told, 0);
    return l;
}

static void who_wants_to_know_gets_fresh_words(void **state)
{
    struct rw *k = rw_open_serving();
    struct look *a, *b;
    struct rw_got got;

    (void)state;
    rw_pass(k, 60000);
    a = look_new(k);
    b = look_new(k);
    rw_turn(k);
    rw_expect(k, &got, DNS_ASK, 0);
    rw_nothing(k); /* one question for both */
    rw_say_state(k, "{\"v\":2}");
    assert_true(a->told == 1 && b->told == 1);
    assert_string_equal(a->state, "{\"v\":2}");
    assert_true(a->age == 0);
    free(a);
    free(b);
    rw_close(&k);
}

static void after_a_second_the_last_words_must_do(void **state)
{
    struct rw *k = rw_open_serving();
    struct look *a;

    (void)state;
    rw_pass(k, 60000);
    a = look_new(k);
    rw_turn(k);
    assert_true(k->due == pool_world_now + 1000);
    rw_pass(k, 999);
    assert_int_equal(a->told, 0);
    rw_pass(k, 1);
    assert_int_equal(a->told, 1);
    assert_string_equal(a->state, RW_STATE);
    assert_true(a->age == 61000);
    assert_null(resolver_trouble(k->r)); /* nothing was asked of it: no reason to end it */
    free(a);
    rw_close(&k);
}

static void without_a_worker_there_are_no_words(void **state)
{
    struct rw *k = rw_open();
    struct look *a = look_new(k), *b;

    (void)state;
    rw_turn(k);
    assert_int_equal(a->told, 1);
    assert_string_equal(a->state, "");
    b = look_new(k);
    free(a);
    rw_close(&k); /* nobody is forgotten */
    assert_int_equal(b->told, 1);
    free(b);
}

static void its_numbers_are_shown(void **state)
{
    struct rw *k = rw_open_serving();
    struct rw_ask *a = rw_ask(k, "a.example.org"), *bad = rw_ask(k, ""), *open;
    const json_t *answers;
    struct rw_got got;
    struct buf out = {0};
    struct json j;
    json_t *o;

    (void)state;
    rw_turn(k);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    rw_answer_all(k, &got);
    open = rw_ask(k, "b.example.org");
    rw_turn(k);
    rw_crash(k);
    json_open(&j, &out);
    resolver_add_status(k->r, &j);
    json_close(&j);
    o = json_loadb(out.p, out.n, 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "state")), "down");
    assert_string_equal(json_string_value(json_object_get(o, "trouble")),
                        "none of its worker processes lives");
    assert_int_equal(json_integer_value(json_object_get(o, "open")), 1);
    assert_int_equal(json_integer_value(json_object_get(o, "asked")), 3);
    assert_int_equal(json_integer_value(json_object_get(o, "here")), 1);
    answers = json_object_get(o, "answers");
    assert_int_equal(json_object_size(answers), FACT_RCODE__MAX);
    assert_int_equal(json_integer_value(json_object_get(answers, "NOERROR")), 1);
    assert_int_equal(json_integer_value(json_object_get(answers, "SERVFAIL")), 1);
    assert_int_equal(json_integer_value(json_object_get(answers, "TIMEOUT")), 0);
    assert_int_equal(json_integer_value(json_object_get(o, "lost")), 1);
    assert_int_equal(json_integer_value(json_object_get(o, "ended")), 0);
    json_decref(o);
    buf_free(&out);
    rw_is(&a, FACT_NOERROR);
    rw_is(&bad, FACT_SERVFAIL);
    rw_close(&k);
    free(open);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(questions_of_one_turn_go_in_one_packet),
        cmocka_unit_test(many_questions_go_in_several_packets),
        cmocka_unit_test(what_is_asked_before_a_worker_serves_waits_for_it),
        cmocka_unit_test(without_a_worker_for_five_seconds_answers_come_at_once),
        cmocka_unit_test(the_better_reason_of_an_alarm_stays),
        cmocka_unit_test(a_worker_that_says_nothing_does_not_serve),
        cmocka_unit_test(what_is_switched_off_fails_at_once_and_alarms_nobody),
        cmocka_unit_test(after_fifteen_seconds_a_question_is_over),
        cmocka_unit_test(what_is_forgotten_gets_no_answer),
        cmocka_unit_test(an_owner_may_ask_and_forget_when_it_is_answered),
        cmocka_unit_test(who_asks_again_at_once_does_not_stop_the_loop),
        cmocka_unit_test(beyond_the_limit_the_newest_are_answered_at_once),
        cmocka_unit_test(names_that_cannot_be_asked_fail),
        cmocka_unit_test(while_it_stops_what_nobody_asks_is_answered),
        cmocka_unit_test(who_wants_to_know_gets_fresh_words),
        cmocka_unit_test(after_a_second_the_last_words_must_do),
        cmocka_unit_test(without_a_worker_there_are_no_words),
        cmocka_unit_test(its_numbers_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
