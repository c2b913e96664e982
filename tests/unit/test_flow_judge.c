/*
 * test_flow_judge.c - unit tests of spoold/flow_judge.c: what the answers of worker-antispam lead to, and
 * that mail goes on without one.
 *
 * Run by `make check`. A whole flow over the spool of depot_world.h; the virus scanner is a function of the
 * test, worker-antispam the far end of a pool as in pool_world.h, and its answers are the cases. Rounds and
 * facts are test_judging.c's.
 */
#include "tests/unit/loop_world.h"
#include "tests/unit/pool_world.h"

/* The spool, and the pool that judges its message. */
struct stage {
    struct bench k;
    struct pool_world *w; /* its context is the bench's */
    unsigned arrived;     /* children that serve, or did */
};

enum worker_does { VERDICT, NO_ANSWER, READ_ERROR, REFUSED, DEATH, CALLED_OFF };

static const struct judge_case {
    const char *says;
    const char *setting; /* one more; NULL */
    enum worker_does answer;
    enum check_result result;
    int size;         /* added to the size of the message */
    bool other_bytes; /* the hash is of others than the virus scanner read */
    unsigned asked;   /* orders that came */
    const char *proc, *outgoing, *class;
    const char *found; /* in the log, in the record, or in the reason of the hold */
} cases[] = {
    {"what was judged is passed on", NULL, VERDICT, RESULT_fail, 0, false, 1, "", "@.eml @.hdr", NULL,
     "event=judged weight=8 rounds="},
    {"and the log says what was found", NULL, VERDICT, RESULT_fail, 0, false, 1, "", "@.eml @.hdr", NULL,
     "rounds=1 facts=0 checks=\"spf=fail,rbl:zen=hit\"\n"},
    {"but not what is as it mostly is", NULL, VERDICT, RESULT_none, 0, false, 1, "", "@.eml @.hdr", NULL,
     "checks=\"rbl:zen=hit\"\n"},
    {"other bytes than the virus scanner's are a lie", NULL, VERDICT, RESULT_fail, 0, true, 3, "", "",
     "poison", "not the message that was given"},
    {"without a virus scanner there is nothing to compare with", "antivirus.clamav=no", VERDICT, RESULT_fail,
     0, false, 1, "", "@.eml @.hdr", NULL, "event=judged"},
    {"a byte more is a lie", NULL, VERDICT, RESULT_fail, 1, false, 3, "", "", "poison",
     "not the message that was given"},
    {"a byte less too", NULL, VERDICT, RESULT_fail, -1, false, 3, "", "", "poison",
     "\"worker\":\"antispam\""},
    {"what is no answer is charged", NULL, NO_ANSWER, RESULT_fail, 0, false, 3, "", "", "poison",
     "its output is no answer"},
    {"each death is charged; the last one is poison", NULL, DEATH, RESULT_fail, 0, false, 3, "", "", "poison",
     "\"worker\":\"antispam\""},
    {"a read error lets it go on without", NULL, READ_ERROR, RESULT_fail, 0, false, 1, "", "@.eml @.hdr", NULL,
     "event=not_judged reason=\"Input/output error\""},
    {"a refusal lets it go on without", NULL, REFUSED, RESULT_fail, 0, false, 1, "", "@.eml @.hdr", NULL,
     "event=not_judged reason=\"its attempt was called off\""},
    {"so does being called off", NULL, CALLED_OFF, RESULT_fail, 0, false, 1, "", "@.eml @.hdr", NULL,
     "event=not_judged reason=\"it is switched off\""},
    {"switched off: nobody is asked", "antispam.enable=no", VERDICT, RESULT_fail, 0, false, 0, "",
     "@.eml @.hdr", NULL, NULL},
};

static unsigned char scanned[32]; /* the hash that the virus scanner told */
static enum antivirus_state says = ANTIVIRUS_CLEAN;
static uint64_t odd;
static bool *stop_meanwhile; /* set while it looks; NULL */

static void scanner(const struct pool_job *job, struct pool_outcome *o)
{
    struct wire_result read = {0};
    int out = memfd_create("out", MFD_CLOEXEC);

    assert_int_equal(inline_rewrite(job->message, out, (struct view){NULL, 0}, &read), 0);
    close(out);
    *o = (struct pool_outcome){.end = POOL_DONE, .generation = 1};
    o->result = (struct wire_result){.status = WIRE_OK, .state = says, .in_size = job->size};
    memcpy(o->result.sha256, read.sha256, sizeof read.sha256);
    memcpy(scanned, read.sha256, sizeof read.sha256);
    o->loaded = (struct wire_loaded){.engine = "1.4.6"};
    job->list->odd = odd;
    if (stop_meanwhile)
        *stop_meanwhile = true;
}

/* --- the stage ---------------------------------------------------------- */

/* Over the bench's own context, running since `now`. Without the other two roles no attempt would begin. */
static struct pool_world *open_pool(struct spoold *s, int64_t now)
{
    struct pool_world *w = xcalloc(1, sizeof *w);
    struct pool_options o = {.clock = pool_world_clock,
                             .roles = 1u << ROLE_REWRITE | 1u << ROLE_AV | 1u << ROLE_ANTISPAM};
    int pair[2];

    pool_world_now = now;
    w->s = s;
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
    o.launcher = pair[0];
    w->launcher = pair[1];
    s->pool = w->pool = pool_open(s, &o);
    pool_world_turn(w);
    return w;
}

/* New children come to life; those that served one message alone have ended. */
static void arrive(struct stage *st)
{
    for (unsigned i = 0; i < st->arrived; i++)
        if (st->w->child[i].link >= 0 && far_was_retired(st->w, &st->w->child[i]))
            far_crash(st->w, &st->w->child[i], FAR_EXIT(0));
    while (st->arrived < st->w->child_n)
        far_arrive(st->w, &st->w->child[st->arrived++]);
}

static void serve(struct stage *st, enum role role)
{
    for (unsigned i = 0; i < st->w->loader_n; i++)
        if (st->w->loader[i].asked.role == role)
            far_ready(st->w, i);
    arrive(st);
    assert_null(pool_trouble(st->w->pool, role));
}

static struct stage stage_open(const char *setting, int64_t now, bool serves)
{
    const char *const settings[] = {"antispam.children=1", setting};
    struct stage st = {.k = bench_open_claimed(settings, setting ? 2 : 1)};

    st.k.s->examine_inline = scanner;
    st.w = open_pool(st.k.s, now);
    serve(&st, ROLE_REWRITE);
    serve(&st, ROLE_AV);
    if (serves)
        serve(&st, ROLE_ANTISPAM);
    return st;
}

static void stage_close(struct stage *st)
{
    struct pool_world *w = st->w;

    pool_close(&w->pool);
    st->k.s->pool = NULL;
    far_take_in(w);
    for (unsigned i = 0; i < w->loader_n; i++) {
        far_shut(&w->loader[i].link);
        buf_free(&w->loader[i].settings);
    }
    for (unsigned i = 0; i < w->child_n; i++)
        far_end_child(&w->child[i]);
    far_shut(&w->launcher);
    free(w);
    bench_close(&st->k);
}

/* The child that is about the message at present, or NULL. */
static struct far_child *busy_child(struct stage *st)
{
    for (unsigned i = 0; i < st->w->child_n; i++)
        if (st->w->child[i].job.h.id && st->w->child[i].link >= 0)
            return &st->w->child[i];
    return NULL;
}

static bool is_to_be_judged(struct stage *st)
{
    struct roster_entry *e = roster_find(&st->k.s->roster, &st->k.b);

    return e && e->msg && e->msg->step == MSG_STEP_JUDGE;
}

/* NULL: no order is on its way. Dead ones are replaced, after the pause that follows a death. */
static struct far_child *next_order(struct stage *st)
{
    pool_world_turn(st->w);
    arrive(st);
    for (int i = 0; i < 10 && is_to_be_judged(st) && !busy_child(st); i++) {
        pool_world_pass(st->w, 30000);
        arrive(st);
    }
    return busy_child(st);
}

static void pack_verdict(struct buf *to, enum check_result result)
{
    struct antispam_result r[] = {
        {.check = CHECK_spf, .result = result, .count = 1},
        {.check = CHECK_rbl, .result = RESULT_hit, .count = 1, .name = VIEW("zen")},
        {.check = CHECK_helo, .result = RESULT_miss, .count = 1},
    };
    const struct antispam_verdict v = {.result = r, .n = 3, .cap = 3};

    antispam_pack_verdict(to, &v);
}

static void reply(struct stage *st, struct far_child *c, const struct judge_case *k)
{
    struct wire_packet p = wire_packet(WIRE_RESULT, c->job.h.id);
    struct wire_result *r = &p.u.result;
    struct buf answer = {0};

    if (k->answer == NO_ANSWER)
        buf_add_str(&answer, "no answer at all");
    else if (k->answer == VERDICT)
        pack_verdict(&answer, k->result);
    *r = (struct wire_result){.status = WIRE_OK, .kind = ANTISPAM_VERDICT, .out_size = answer.n};
    r->in_size = (uint64_t)((int)strlen(DEPOT_WORLD_EML) + k->size);
    memcpy(r->sha256, scanned, sizeof scanned);
    r->sha256[31] ^= k->other_bytes;
    if (k->answer == READ_ERROR)
        *r = (struct wire_result){.status = WIRE_IO, .err = EIO};
    if (k->answer == REFUSED)
        *r = (struct wire_result){.status = WIRE_REFUSED};
    if (answer.n)
        assert_int_equal(write(c->job.fd[1], answer.p, answer.n), (ssize_t)answer.n);
    far_forget_job(c);
    far_say(st->w, c->link, &p);
    buf_free(&answer);
}

static void act(struct stage *st, struct far_child *c, const struct judge_case *k)
{
    if (k->answer == CALLED_OFF) {
        pool_job_abandon(st->w->pool, &st->k.m->spam.job, "it is switched off");
        far_forget_job(c);
        far_crash(st->w, c, FAR_SIGNAL(SIGKILL));
    } else if (k->answer == DEATH) {
        far_touch(c, SEALED_PHASE_READING);
        far_forget_job(c);
        far_crash(st->w, c, FAR_SIGNAL(SIGSEGV));
    } else {
        reply(st, c, k);
        if (k->answer == NO_ANSWER)
            far_crash(st->w, c, FAR_SIGNAL(SIGKILL)); /* it is ended for that */
    }
}

/* Until nothing is queued and no worker has it; answers how often one was asked. */
static unsigned run_out(struct stage *st, const struct judge_case *k)
{
    unsigned asked = 0;

    for (int i = 0; i < 100; i++) {
        struct far_child *c;

        loop_world_run_out(st->k.s);
        c = next_order(st);
        if (!c && !st->k.s->todo.first)
            return asked;
        if (c) {
            assert_int_equal(st->k.m->spam.job.alone, asked++ > 0);
            act(st, c, k);
        }
    }
    fail_msg("it never comes to its end");
    return asked;
}

/* --- cases -------------------------------------------------------------- */

static char *read_what_was_said(struct stage *st, const struct judge_case *c, const struct far_tap *tap)
{
    struct roster_entry *e = roster_find(&st->k.s->roster, &st->k.b);
    char dir[64];

    if (c->class) {
        snprintf(dir, sizeof dir, "quarantine/%s", c->class);
        depot_world_expect(st->k.w, dir, &st->k.b, "@.eml @.hdr @.json");
        return depot_world_read(st->k.w, dir, &st->k.b, ".json");
    }
    if (!c->proc[0])
        return xstrdup(tap->got);
    assert_non_null(e);
    assert_true(e->state == ROSTER_HELD && e->attempt == 0);
    return xstrdup(e->reason);
}

static void expect_of(const struct judge_case *c)
{
    struct stage st = stage_open(c->setting, depot_mono_ms(), true);
    struct far_tap tap;
    unsigned asked;
    char *text;
    bool judged;

    print_message("%s\n", c->says);
    memset(scanned, 1, sizeof scanned);
    far_tap_open(&tap);
    log_set_level(LOG_LEVEL_INFO);
    flow_start(st.k.s, st.k.m);
    asked = run_out(&st, c);
    log_set_level(LOG_LEVEL_WARN);
    judged = far_tap_close(&tap, "event=judged");
    assert_int_equal(asked, c->asked);
    assert_int_equal(judged, c->answer == VERDICT && c->asked && !c->class);
    depot_world_expect(st.k.w, "proc", &st.k.b, c->proc);
    depot_world_expect(st.k.w, "outgoing", &st.k.b, c->outgoing);
    text = read_what_was_said(&st, c, &tap);
    if (c->found && !strstr(text, c->found))
        fail_msg("%s: not there: %s, but %s", c->says, c->found, text);
    free(text);
    stage_close(&st);
}

static void the_answer_decides(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_of(&cases[i]);
}

/* Its order carries the envelope, and what worker-av found odd. */
static void the_order_is_about_the_message(void **state)
{
    struct stage st = stage_open(NULL, depot_mono_ms(), true);
    struct antispam_order o;
    struct far_child *c;
    struct buf bytes = {0};

    (void)state;
    odd = 1ull << ODDITY_TYPES;
    flow_start(st.k.s, st.k.m);
    loop_world_run_out(st.k.s);
    odd = 0;
    c = next_order(&st);
    assert_non_null(c);
    assert_int_equal(st.k.m->step, MSG_STEP_JUDGE);
    assert_true(st.k.m->spam.budget == st.k.s->cfg->antispam_budget);
    assert_int_equal(c->job.u.job.size, strlen(DEPOT_WORLD_EML));
    assert_int_equal(sealed_read(c->job.fd[2], ANTISPAM_ORDER_MAX, &bytes), 0);
    assert_int_equal(antispam_unpack_order(buf_view(&bytes), &o), 0);
    assert_true(view_equal(o.sender, VIEW("a@example.org")) && view_equal(o.ip, VIEW("192.0.2.1")));
    assert_int_equal(o.rcpt_n, 3);
    assert_int_equal(o.flags, ANTISPAM_AMBIGUOUS);
    assert_true(o.now > depot_wall_ms() - 60000 && o.now <= depot_wall_ms());
    antispam_free_order(&o);
    buf_free(&bytes);
    assert_int_equal(run_out(&st, &cases[0]), 1);
    depot_world_expect(st.k.w, "outgoing", &st.k.b, "@.eml @.hdr");
    stage_close(&st);
}

/* Without a worker it waits for a while for one, and then not at all. */
static void mail_does_not_wait_long_for_a_worker(void **state)
{
    static const struct {
        int64_t down;
        bool waits;
    } ages[] = {{0, true}, {SPOOLD_WORKER_MS / 2, true}, {SPOOLD_WORKER_MS + 1, false}};

    (void)state;
    for (size_t i = 0; i < sizeof ages / sizeof *ages; i++) {
        struct stage st = stage_open(NULL, depot_mono_ms() - ages[i].down, false);
        struct far_tap tap;
        bool told;

        far_tap_open(&tap);
        flow_start(st.k.s, st.k.m);
        loop_world_run_out(st.k.s);
        told = far_tap_close(&tap, "event=not_judged reason=");
        assert_int_equal(told, !ages[i].waits);
        depot_world_expect(st.k.w, "outgoing", &st.k.b, ages[i].waits ? "" : "@.eml @.hdr");
        if (ages[i].waits) {
            assert_int_equal(st.k.m->step, MSG_STEP_JUDGE);
            serve(&st, ROLE_ANTISPAM);
            assert_int_equal(run_out(&st, &cases[0]), 1);
            depot_world_expect(st.k.w, "outgoing", &st.k.b, "@.eml @.hdr");
        } else {
            char *text = depot_world_journal(st.k.w);

            assert_non_null(strstr(text, "it was not judged by the antispam stage"));
            free(text);
        }
        stage_close(&st);
    }
}

/* Its attempt is given back: it is judged after the next start. */
static void stopping_leaves_it_for_the_next_start(void **state)
{
    static const char *const why[] = {"spoold is stopping", "spoold was stopped"};

    (void)state;
    for (int before = 0; before < 2; before++) {
        struct stage st = stage_open(NULL, depot_mono_ms(), false);
        struct roster_entry *e;
        struct far_tap tap;

        far_tap_open(&tap);
        stop_meanwhile = before ? &st.k.s->stopping : NULL;
        flow_start(st.k.s, st.k.m);
        loop_world_run_out(st.k.s);
        stop_meanwhile = NULL;
        st.k.s->stopping = true;
        pool_give_back(st.w->pool);
        pool_world_turn(st.w);
        loop_world_run_out(st.k.s);
        assert_false(far_tap_close(&tap, "event=not_judged"));
        e = roster_find(&st.k.s->roster, &st.k.b);
        assert_true(e && e->state == ROSTER_HELD && e->attempt == 0);
        assert_string_equal(e->reason, why[before]);
        depot_world_expect(st.k.w, "outgoing", &st.k.b, "");
        depot_world_expect(st.k.w, "proc", &st.k.b, "@.eml @.hdr.h0");
        stage_close(&st);
    }
}

/* The virus scanner's answer alone decides: nobody is asked for more. */
static void a_virus_is_not_judged(void **state)
{
    struct stage st = stage_open(NULL, depot_mono_ms(), true);

    (void)state;
    says = ANTIVIRUS_INFECTED;
    flow_start(st.k.s, st.k.m);
    assert_int_equal(run_out(&st, &cases[0]), 0);
    says = ANTIVIRUS_CLEAN;
    depot_world_expect(st.k.w, "quarantine/virus", &st.k.b, "@.eml @.hdr @.json");
    stage_close(&st);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_decides),
        cmocka_unit_test(the_order_is_about_the_message),
        cmocka_unit_test(mail_does_not_wait_long_for_a_worker),
        cmocka_unit_test(stopping_leaves_it_for_the_next_start),
        cmocka_unit_test(a_virus_is_not_judged),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
