/*
 * test_judging.c - unit tests of spoold/judging.c: rounds, the facts between them, and the time that they may
 * take.
 *
 * Run by `make check`. The pool's far ends are played by pool_world.h, worker-dns by resolver_world.h, and
 * worker-antispam here: its orders are unpacked as it would, and its answers are the cases. Budgets run on
 * the system's clock, so time is what a test hands to judging_run().
 */
#include "tests/unit/resolver_world.h"

#include "spoold/listtest.h"

static const char *const settings[] = {"antispam.children=1", "rbl zen.zone=zen.example.org"};

/* A message that is judged, and how it ended. */
struct judged {
    struct judging g; /* first */
    unsigned ended;
    enum judging_end end;
    char cause[POOL_CAUSE_MAX];
};

static void note_end(struct spoold *s, struct judging *g, enum judging_end end, const struct pool_outcome *o)
{
    struct judged *j = (struct judged *)g;

    assert_non_null(s);
    j->ended++;
    j->end = end;
    snprintf(j->cause, sizeof j->cause, "%s", o->cause);
}

/* --- the worlds --------------------------------------------------------- */

static unsigned loader_of(const struct pool_world *w, enum role role)
{
    for (unsigned i = 0; i < w->loader_n; i++)
        if (w->loader[i].asked.role == role)
            return i;
    fail_msg("no such role was loaded");
    return 0;
}

/* Both workers serve; the DNS only where `dns` says so. */
static struct rw *open_world(bool dns)
{
    struct rw *k = xcalloc(1, sizeof *k);

    k->w = pool_roles_open(1u << ROLE_ANTISPAM | (dns ? 1u << ROLE_DNS : 0), settings, 2);
    k->w->s->pool = k->w->pool;
    far_serve(k->w, loader_of(k->w, ROLE_ANTISPAM));
    if (!dns)
        return k;
    k->r = resolver_open(k->w->s);
    k->r->clock = pool_world_clock;
    k->r->down_since = pool_world_now;
    k->w->s->resolver = k->r;
    rw_turn(k);
    far_ready(k->w, loader_of(k->w, ROLE_DNS));
    rw_serve(k);
    return k;
}

static void turn(struct rw *k)
{
    if (k->r)
        rw_turn(k);
    else
        pool_world_turn(k->w);
}

static void close_world(struct rw **k)
{
    struct spoold *s = (*k)->w->s;

    assert_true(s->judging.first == NULL && s->judging.last == NULL);
    pool_close(&(*k)->w->pool);
    s->pool = NULL;
    resolver_close(&(*k)->r);
    pool_world_close(&(*k)->w);
    free(*k);
    *k = NULL;
}

static struct judged *begin_with(struct rw *k, const struct envelope *env, uint32_t flags)
{
    struct judged *j = xcalloc(1, sizeof *j);

    j->g = (struct judging){.env = env,
                            .message = memfd_create("message", MFD_CLOEXEC),
                            .size = FAR_SIZE,
                            .now = 1700000000000,
                            .budget = 20000,
                            .flags = flags,
                            .done = note_end};
    judging_begin(k->w->s, &j->g);
    assert_int_equal(j->ended, 0);
    turn(k);
    return j;
}

static struct judged *begin(struct rw *k)
{
    return begin_with(k, NULL, 0);
}

/* It ended once, so. */
static void end_is(struct judged **j, enum judging_end end)
{
    assert_int_equal((*j)->ended, 1);
    assert_int_equal((*j)->end, end);
    close((*j)->g.message);
    judging_free(&(*j)->g);
    assert_int_equal((*j)->g.message, -1);
    free(*j);
    *j = NULL;
}

/* --- worker-antispam ---------------------------------------------------- */

static struct far_child *judge_of(struct rw *k, const struct judged *j)
{
    for (unsigned i = 0; i < k->w->child_n; i++)
        if (k->w->child[i].job.h.id == j->g.job.id && k->w->child[i].link >= 0)
            return &k->w->child[i];
    fail_msg("it is at no worker");
    return NULL;
}

/* The order as the worker gets it; views are good until buf_free(bytes). */
static void take_order(struct rw *k, const struct judged *j, struct buf *bytes, struct antispam_order *o)
{
    struct far_child *c = judge_of(k, j);

    assert_int_equal(c->job.u.job.flags, WIRE_JOB_OUT | WIRE_JOB_BLOB);
    assert_int_equal(sealed_read(c->job.fd[2], ANTISPAM_ORDER_MAX, bytes), 0);
    assert_int_equal(antispam_unpack_order(buf_view(bytes), o), 0);
}

static void drop_order(struct buf *bytes, struct antispam_order *o)
{
    antispam_free_order(o);
    buf_free(bytes);
}

static void crumbs_are(struct rw *k, const struct judged *j, const char *text)
{
    struct buf bytes = {0};
    struct antispam_order o;

    take_order(k, j, &bytes, &o);
    assert_true(view_equal(o.crumbs, view_of(text)));
    drop_order(&bytes, &o);
}

static bool is_final(struct rw *k, const struct judged *j)
{
    struct buf bytes = {0};
    struct antispam_order o;
    bool final;

    take_order(k, j, &bytes, &o);
    final = o.flags & ANTISPAM_FINAL;
    drop_order(&bytes, &o);
    return final;
}

static void reply(struct rw *k, const struct judged *j, struct view answer, const struct wire_result *r)
{
    struct far_child *c = judge_of(k, j);
    struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id);

    assert_int_equal(write(c->job.fd[1], answer.p, answer.n), (ssize_t)answer.n);
    p.u.result = *r;
    p.u.result.out_size = answer.n;
    far_forget_job(c);
    far_say(k->w, c->link, &p);
    turn(k);
}

static void reply_needs_of(struct rw *k, const struct judged *j, enum fact_type type, const char *crumbs,
                           const char *const *name)
{
    struct needs n = {0};
    struct buf answer = {0};

    for (; name && *name; name++)
        assert_true(needs_add(&n, type, view_of(*name)));
    antispam_pack_needs(&answer, view_of(crumbs), &n);
    reply(k, j, buf_view(&answer), &(struct wire_result){.status = WIRE_OK, .in_size = FAR_SIZE});
    needs_free(&n);
    buf_free(&answer);
}

static void reply_needs(struct rw *k, const struct judged *j, const char *crumbs, const char *const *name)
{
    reply_needs_of(k, j, FACT_A, crumbs, name);
}

static void reply_verdict_of(struct rw *k, const struct judged *j, uint64_t size)
{
    struct antispam_result one = {.check = CHECK_spf, .result = RESULT_fail, .count = 1};
    const struct antispam_verdict v = {.result = &one, .n = 1, .cap = 1};
    struct wire_result r = {.status = WIRE_OK, .in_size = size, .kind = ANTISPAM_VERDICT, .results = 1};
    struct buf answer = {0};

    memset(r.sha256, 7, sizeof r.sha256);
    antispam_pack_verdict(&answer, &v);
    reply(k, j, buf_view(&answer), &r);
    buf_free(&answer);
}

static void reply_verdict(struct rw *k, const struct judged *j)
{
    reply_verdict_of(k, j, FAR_SIZE);
}

/* worker-dns was asked so many things in one packet, and answers them all. */
static void dns_answers(struct rw *k, unsigned n)
{
    struct rw_got got;

    rw_expect(k, &got, DNS_RESOLVE, n);
    rw_answer_all(k, &got);
}

/* --- rounds ------------------------------------------------------------- */

static void a_verdict_in_the_first_round_is_the_end(void **state)
{
    struct rw *k = open_world(true);
    struct judged *j = begin(k);
    unsigned char sevens[32];

    (void)state;
    assert_false(is_final(k, j));
    reply_verdict(k, j);
    memset(sevens, 7, sizeof sevens);
    assert_true(j->g.judged && j->g.rounds == 1 && j->g.missing == NULL);
    assert_memory_equal(j->g.sha256, sevens, sizeof sevens);
    assert_int_equal(j->g.given.verdict.n, 1);
    assert_int_equal(j->g.given.verdict.result[0].result, RESULT_fail);
    rw_nothing(k);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

static void the_next_round_has_the_facts_and_the_crumbs(void **state)
{
    static const char *const name[] = {"a.example.org", "b.example.org", NULL};
    struct rw *k = open_world(true);
    struct judged *j = begin(k);
    struct antispam_order o;
    struct buf bytes = {0};
    struct rw_got got;

    (void)state;
    reply_needs(k, j, "some crumbs", name);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    rw_answer(k, got.id[0], FACT_A, "a.example.org");
    assert_true(j->g.waiting && j->g.open == 1 && j->g.rounds == 1);
    rw_answer(k, got.id[1], FACT_A, "b.example.org");
    assert_true(!j->g.waiting && j->g.rounds == 2);
    take_order(k, j, &bytes, &o);
    assert_true(view_equal(o.crumbs, VIEW("some crumbs")));
    assert_int_equal(o.facts.n, 2);
    assert_non_null(facts_get(&o.facts, FACT_A, VIEW("b.example.org")));
    assert_false(o.flags & ANTISPAM_FINAL);
    drop_order(&bytes, &o);
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

/* It would go round in a circle: all that it needs is there, and the next round is the last. */
static void facts_that_are_there_are_not_asked_for_again(void **state)
{
    static const char *const first[] = {"a.example.org", NULL};
    static const char *const again[] = {"a.example.org", "b.example.org", NULL};
    struct rw *k = open_world(true);
    struct judged *j = begin(k);

    (void)state;
    reply_needs(k, j, "some crumbs", first);
    dns_answers(k, 1);
    reply_needs(k, j, "others", again);
    dns_answers(k, 1);
    crumbs_are(k, j, "others");
    assert_false(is_final(k, j));
    reply_needs(k, j, "", again);
    rw_nothing(k);
    assert_true(j->g.rounds == 4 && is_final(k, j));
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

static void without_needs_or_a_resolver_the_next_round_is_the_last(void **state)
{
    static const char *const name[] = {"a.example.org", NULL};
    static const struct {
        bool dns;
        const char *const *needs;
    } cases[] = {{true, NULL}, {false, name}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rw *k = open_world(cases[i].dns);
        struct judged *j = begin(k);

        reply_needs(k, j, "", cases[i].needs);
        assert_true(!j->g.waiting && is_final(k, j));
        reply_verdict(k, j);
        assert_null(j->g.missing);
        end_is(&j, JUDGING_DONE);
        close_world(&k);
    }
}

static void rounds_are_bounded(void **state)
{
    struct rw *k = open_world(true);
    struct judged *j = begin(k);

    (void)state;
    for (int i = 1; i <= 24; i++) {
        char text[40];
        const char *const name[] = {text, NULL};

        assert_false(is_final(k, j));
        snprintf(text, sizeof text, "n%d.example.org", i);
        reply_needs(k, j, "", name);
        dns_answers(k, 1);
    }
    assert_int_equal(j->g.rounds, 25);
    assert_true(is_final(k, j));
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

static void more_facts_than_have_room_end_it(void **state)
{
    static const char *const name[] = {"one.example.net", "two.example.net", NULL};
    struct rw *k = open_world(true);
    struct judged *j = begin(k);
    char text[40];

    (void)state;
    for (int i = 0; i < FACTS_MAX - 1; i++) {
        snprintf(text, sizeof text, "n%d.example.org", i);
        assert_int_equal(facts_add(&j->g.facts, &(struct fact){.type = FACT_A, .name = view_of(text)}), 0);
    }
    reply_needs(k, j, "", name);
    dns_answers(k, 2);
    assert_int_equal(j->g.facts.n, FACTS_MAX);
    assert_true(is_final(k, j));
    assert_string_equal(j->g.missing, "there were more facts than have room");
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

/* Weights are those of the settings; the worker knows none. */
static void results_are_weighed_by_the_settings(void **state)
{
    struct rw *k = open_world(true);
    struct judged *j = begin(k);
    int64_t weight;

    (void)state;
    reply_verdict(k, j);
    judging_weigh(k->w->s, &j->g);
    weight = j->g.weight;
    assert_true(weight > 0);
    judging_weigh(k->w->s, &j->g);
    assert_true(j->g.weight == weight);
    buf_add(&j->g.checks, "", 1);
    assert_ptr_equal(strstr(j->g.checks.p, "[{\"name\":\"spf\",\"result\":\"fail\","), j->g.checks.p);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

/* --- what is in an order ------------------------------------------------ */

static const char hdr[] = "Written\na@example.org\n1@example.net,2@example.net\nconnectedip: 192.0.2.1\n"
                          "helo: mx.example.org\nauth: somebody\nprotocol: esmtp\n\n";

static void an_order_carries_the_envelope(void **state)
{
    struct rw *k = open_world(true);
    struct envelope env = {0};
    struct envelope_error err;
    struct buf raw = {0};
    struct antispam_order o;
    struct buf bytes = {0};
    struct judged *j;

    (void)state;
    buf_add_str(&raw, hdr);
    assert_int_equal(envelope_parse(&env, &raw, &err), 0);
    j = begin_with(k, &env, 0);
    take_order(k, j, &bytes, &o);
    assert_true(view_equal(o.sender, VIEW("a@example.org")));
    assert_int_equal(o.rcpt_n, 2);
    assert_true(view_equal(o.rcpt[1], VIEW("2@example.net")));
    assert_true(view_equal(o.ip, VIEW("192.0.2.1")) && view_equal(o.helo, VIEW("mx.example.org")));
    assert_true(view_equal(o.auth, VIEW("somebody")) && view_equal(o.protocol, VIEW("esmtp")));
    assert_int_equal(o.flags, ANTISPAM_AUTHENTICATED);
    assert_true(o.now == 1700000000000);
    assert_true(o.suspended.n == 0 && o.crumbs.n == 0 && o.facts.n == 0);
    drop_order(&bytes, &o);
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    envelope_free(&env);
    close_world(&k);
}

static void what_is_known_beforehand_goes_along(void **state)
{
    static const struct {
        const char *says;
        uint32_t flags, wanted;
        bool ambiguous;
    } cases[] = {
        {"nothing, not even an envelope", 0, ANTISPAM_NO_ENVELOPE, false},
        {"the first round may be the last", ANTISPAM_FINAL, ANTISPAM_FINAL | ANTISPAM_NO_ENVELOPE, false},
        {"a replay", ANTISPAM_REPLAY | ANTISPAM_FINAL, ANTISPAM_REPLAY | ANTISPAM_FINAL | ANTISPAM_NO_ENVELOPE,
         false},
        {"worker-av's word", 0, ANTISPAM_AMBIGUOUS | ANTISPAM_NO_ENVELOPE, true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rw *k = open_world(false);
        struct judged *j = xcalloc(1, sizeof *j);
        struct antispam_order o;
        struct buf bytes = {0};
        unsigned children = k->w->child_n;

        print_message("%s\n", cases[i].says);
        j->g = (struct judging){
            .message = memfd_create("message", MFD_CLOEXEC), .size = FAR_SIZE, .budget = 20000};
        j->g.flags = cases[i].flags;
        j->g.ambiguous = j->g.alone = cases[i].ambiguous;
        j->g.done = note_end;
        assert_int_equal(
            facts_add(&j->g.facts, &(struct fact){.type = FACT_TXT, .name = VIEW("example.org")}), 0);
        judging_begin(k->w->s, &j->g);
        turn(k);
        far_arrive_all(k->w, children); /* the one that is alone with it */
        take_order(k, j, &bytes, &o);
        assert_int_equal(o.flags, cases[i].wanted);
        assert_int_equal(j->g.job.alone, cases[i].ambiguous);
        assert_non_null(facts_get(&o.facts, FACT_TXT, VIEW("example.org")));
        drop_order(&bytes, &o);
        reply_verdict(k, j);
        end_is(&j, JUDGING_DONE);
        close_world(&k);
    }
}

/* One that lists everything: its self test is answered with an address each time. */
static void lists_that_are_suspended_are_named(void **state)
{
    struct rw *k = open_world(true);
    struct spoold *s = k->w->s;
    struct antispam_order o;
    struct buf bytes = {0};
    struct judged *j;
    struct rw_got got;

    (void)state;
    s->listtest = listtest_open(s);
    listtest_run(s->listtest, pool_world_now);
    rw_turn(k);
    assert_true(rw_recv(k, &got));
    rw_answer_all(k, &got);
    listtest_run(s->listtest, pool_world_now);
    j = begin(k);
    take_order(k, j, &bytes, &o);
    assert_true(view_equal(o.suspended, VIEW("rbl:zen")));
    drop_order(&bytes, &o);
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    listtest_close(&s->listtest);
    close_world(&k);
}

/* --- time --------------------------------------------------------------- */

static void facts_that_do_not_come_in_time_are_time_outs(void **state)
{
    static const char *const name[] = {"a.example.org", "b.example.org", NULL};
    struct rw *k = open_world(true);
    struct spoold *s = k->w->s;
    struct judged *j = begin(k);
    const int64_t due = j->g.due;
    const struct fact *f;
    struct rw_got got;

    (void)state;
    assert_true(judging_run(s, due) == INT64_MAX); /* it waits for nothing */
    reply_needs(k, j, "", name);
    rw_expect(k, &got, DNS_RESOLVE, 2);
    rw_answer(k, got.id[1], FACT_A, "b.example.org");
    assert_true(judging_run(s, due - 1) == due);
    assert_true(j->g.waiting);
    assert_true(judging_run(s, due) == INT64_MAX);
    turn(k);
    f = facts_get(&j->g.facts, FACT_A, VIEW("a.example.org"));
    assert_true(f && f->rcode == FACT_TIMEOUT && f->at == j->g.now);
    assert_int_equal(facts_get(&j->g.facts, FACT_A, VIEW("b.example.org"))->rcode, FACT_NOERROR);
    assert_string_equal(j->g.missing, "facts did not come in time (antispam.budget)");
    assert_true(is_final(k, j));
    rw_answer(k, got.id[0], FACT_A, "a.example.org"); /* too late: nobody waits for it */
    assert_int_equal(j->g.facts.n, 2);
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

static void stopping_ends_the_wait(void **state)
{
    static const char *const name[] = {"a.example.org", NULL};
    struct rw *k = open_world(true);
    struct judged *j = begin(k);

    (void)state;
    reply_needs(k, j, "", name);
    k->w->s->stopping = true;
    assert_true(judging_run(k->w->s, 0) == INT64_MAX);
    turn(k);
    assert_true(is_final(k, j));
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

/* Whichever of three leaves first, the others keep waiting, and the first of them is the next one due. */
static void each_waits_for_its_own(void **state)
{
    static const char *const name[3][2] = {{"a.example.org"}, {"b.example.org"}, {"c.example.org"}};
    static const int64_t next[3] = {1001, 1000, 1000};

    (void)state;
    for (unsigned out = 0; out < 3; out++) {
        struct rw *k = open_world(true);
        struct rw_got got[3];
        struct judged *j[3];

        for (unsigned i = 0; i < 3; i++) {
            j[i] = begin(k);
            j[i]->g.due = 1000 + i;
            reply_needs(k, j[i], "", name[i]);
            rw_expect(k, &got[i], DNS_RESOLVE, 1);
        }
        assert_true(judging_run(k->w->s, 999) == 1000);
        rw_answer_all(k, &got[out]);
        assert_true(judging_run(k->w->s, 999) == next[out]);
        reply_verdict(k, j[out]);
        for (unsigned i = 3; i-- > 0;) { /* the last one first */
            assert_true(j[i]->g.waiting == (i != out) && j[i]->ended == (i == out));
            if (i == out)
                continue;
            if (judging_run(k->w->s, 999) != next[out])
                fail_msg("%u has left, and %u is to: another one is due", out, i);
            rw_answer_all(k, &got[i]);
            reply_verdict(k, j[i]);
        }
        for (unsigned i = 0; i < 3; i++)
            end_is(&j[i], JUDGING_DONE);
        close_world(&k);
    }
}

/* The message is gone: what was asked for it is asked no more, and `done` is not called. */
static void who_leaves_is_told_nothing_more(void **state)
{
    static const char *const name[] = {"a.example.org", NULL};
    struct rw *k = open_world(true);
    struct judged *j = begin(k);
    struct rw_got got;

    (void)state;
    reply_needs(k, j, "", name);
    rw_expect(k, &got, DNS_RESOLVE, 1);
    judging_leave(k->w->s, &j->g);
    judging_leave(k->w->s, &j->g); /* twice does no harm */
    rw_answer(k, got.id[0], FACT_A, "a.example.org");
    assert_true(j->ended == 0 && j->g.rounds == 1 && j->g.facts.n == 0);
    assert_int_equal(resolver_open_n(k->r), 0);
    close(j->g.message);
    judging_free(&j->g);
    free(j);
    close_world(&k);
}

static void answer_txt(struct rw *k, uint32_t id, const char *name, const struct view *answer, unsigned n)
{
    const struct fact f = {.type = FACT_TXT, .name = view_of(name), .answer = answer, .answer_n = n, .ttl = 60};
    struct buf b = {0};

    dns_begin(&b, DNS_ANSWER);
    assert_true(dns_add_answer(&b, id, &f));
    dns_end(&b);
    rw_send_buf(k, &b);
    turn(k);
}

static const struct fact *kept(const struct judged *j, const char *name)
{
    return facts_get(&j->g.facts, FACT_TXT, view_of(name));
}

/* The sender's own names must not take the room of what others say about him: a fact has its share. */
static void large_text_records_take_no_room(void **state)
{
    static const char *const names[] = {"a.example.org", "b.example.org", "s._domainkey.example.org", NULL};
    char text[4096];
    const struct view two[] = {{text, 4096}, {text, 4096}}, mixed[] = {VIEW("x=1"), VIEW("V=SPF1 -all")};
    struct rw *k = open_world(true);
    struct judged *j = begin(k);
    struct rw_got got;

    (void)state;
    memset(text, 'x', sizeof text);
    memcpy(text, "v=spf1 ", 7);
    reply_needs_of(k, j, FACT_TXT, "", names);
    rw_expect(k, &got, DNS_RESOLVE, 3);
    answer_txt(k, got.id[0], names[0], two, 2);
    answer_txt(k, got.id[1], names[1], mixed, 2);
    assert_int_equal(kept(j, names[0])->rcode, FACT_SERVFAIL);
    assert_int_equal(kept(j, names[1])->answer_n, 1);
    answer_txt(k, got.id[2], names[2], mixed, 2);
    assert_int_equal(kept(j, names[2])->answer_n, 2);
    assert_false(is_final(k, j));
    reply_verdict(k, j);
    end_is(&j, JUDGING_DONE);
    close_world(&k);
}

/* --- a worker that fails ------------------------------------------------ */

static void other_sizes_are_no_answer(void **state)
{
    (void)state;
    for (int by = -1; by <= 1; by++) {
        struct rw *k = open_world(false);
        struct judged *j = begin(k);

        reply_verdict_of(k, j, (uint64_t)(FAR_SIZE + by));
        assert_int_equal(j->g.judged, by == 0);
        end_is(&j, by == 0 ? JUDGING_DONE : JUDGING_BYTES);
        close_world(&k);
    }
}

/* It is not given another message: who answers so is taken over, or broken. */
static void is_ended(struct rw *k, struct judged *j, struct far_child *c)
{
    assert_int_equal(j->ended, 0);
    far_forget_job(c);
    far_crash(k->w, c, FAR_SIGNAL(SIGKILL));
    turn(k);
    assert_int_equal(j->ended, 1);
}

static void what_is_no_answer_is_charged(void **state)
{
    struct rw *k = open_world(false);
    struct judged *j = begin(k);
    struct far_child *c;

    (void)state;
    c = judge_of(k, j);
    reply(k, j, VIEW("no answer at all"), &(struct wire_result){.status = WIRE_OK, .in_size = FAR_SIZE});
    is_ended(k, j, c);
    assert_non_null(strstr(j->cause, "its output is no answer"));
    assert_false(j->g.judged);
    end_is(&j, JUDGING_FAILED);
    close_world(&k);
}

static void more_needs_after_the_last_round_are_charged(void **state)
{
    static const char *const name[] = {"a.example.org", NULL};
    struct rw *k = open_world(false);
    struct judged *j = begin_with(k, NULL, ANTISPAM_FINAL);
    struct far_child *c = judge_of(k, j);

    (void)state;
    reply_needs(k, j, "", name);
    is_ended(k, j, c);
    assert_non_null(strstr(j->cause, "its output is no answer"));
    assert_int_equal(j->g.given.needs.n, 0);
    end_is(&j, JUDGING_FAILED);
    close_world(&k);
}

static void a_status_is_told_apart(void **state)
{
    static const struct {
        uint32_t status;
        enum judging_end end;
    } cases[] = {{WIRE_IO, JUDGING_IO}, {WIRE_REFUSED, JUDGING_NOBODY}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rw *k = open_world(false);
        struct judged *j = begin(k);

        reply(k, j, VIEW(""), &(struct wire_result){.status = cases[i].status, .err = EIO});
        end_is(&j, cases[i].end);
        close_world(&k);
    }
}

static void a_death_over_it_is_charged(void **state)
{
    struct rw *k = open_world(false);
    struct judged *j = begin(k);
    struct far_child *c = judge_of(k, j);

    (void)state;
    far_touch(c, SEALED_PHASE_READING);
    far_forget_job(c);
    far_crash(k->w, c, FAR_SIGNAL(SIGSEGV));
    assert_non_null(strstr(j->cause, "signal 11"));
    end_is(&j, JUDGING_FAILED);
    close_world(&k);
}

static void what_is_called_off_was_judged_by_nobody(void **state)
{
    struct rw *k = open_world(false);
    struct judged *first = begin(k), *j = begin(k);

    (void)state;
    pool_give_back(k->w->pool);
    turn(k);
    assert_string_equal(j->cause, "spoold is stopping");
    end_is(&j, JUDGING_NOBODY);
    reply_verdict(k, first);
    end_is(&first, JUDGING_DONE);
    close_world(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_verdict_in_the_first_round_is_the_end),
        cmocka_unit_test(the_next_round_has_the_facts_and_the_crumbs),
        cmocka_unit_test(facts_that_are_there_are_not_asked_for_again),
        cmocka_unit_test(without_needs_or_a_resolver_the_next_round_is_the_last),
        cmocka_unit_test(rounds_are_bounded),
        cmocka_unit_test(more_facts_than_have_room_end_it),
        cmocka_unit_test(results_are_weighed_by_the_settings),
        cmocka_unit_test(an_order_carries_the_envelope),
        cmocka_unit_test(what_is_known_beforehand_goes_along),
        cmocka_unit_test(lists_that_are_suspended_are_named),
        cmocka_unit_test(facts_that_do_not_come_in_time_are_time_outs),
        cmocka_unit_test(stopping_ends_the_wait),
        cmocka_unit_test(each_waits_for_its_own),
        cmocka_unit_test(who_leaves_is_told_nothing_more),
        cmocka_unit_test(other_sizes_are_no_answer),
        cmocka_unit_test(what_is_no_answer_is_charged),
        cmocka_unit_test(more_needs_after_the_last_round_are_charged),
        cmocka_unit_test(a_status_is_told_apart),
        cmocka_unit_test(large_text_records_take_no_room),
        cmocka_unit_test(a_death_over_it_is_charged),
        cmocka_unit_test(what_is_called_off_was_judged_by_nobody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
