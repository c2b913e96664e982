/*
 * test_pool_role.c - unit tests of spoold/pool_role.c: what differs from role to role, and two roles beside
 * each other.
 *
 * Run by `make check`. The far ends are played by pool_roles.h.
 */
#include "tests/unit/pool_roles.h"

#include "common/antispam.h"
#include "spoold/pool_part.h"

/* ---- answers ---- */

static const struct {
    const char *says;
    uint32_t status, state, why, layers;
    const char *finding, *fault; /* fault NULL: it is accepted */
} answers[] = {
    {"clean", WIRE_OK, ANTIVIRUS_CLEAN, ANTIVIRUS_EXAMINED, 1, "", NULL},
    {"clean, with words that nobody needs", WIRE_OK, ANTIVIRUS_CLEAN, ANTIVIRUS_EXAMINED, 9, "x", NULL},
    {"infected", WIRE_OK, ANTIVIRUS_INFECTED, ANTIVIRUS_EXAMINED, 0, "Eicar", NULL},
    {"unexamined", WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_BYTES, 0, "", NULL},
    {"a message that could not be read says nothing", WIRE_IO, 0, 0, 0, "", NULL},
    {"infected by nobody knows what", WIRE_OK, ANTIVIRUS_INFECTED, ANTIVIRUS_EXAMINED, 1, "",
     "RESULT: infected, and it does not say by what"},
    {"clean without a look", WIRE_OK, ANTIVIRUS_CLEAN, ANTIVIRUS_EXAMINED, 0, "",
     "RESULT: clean, and it looked into nothing"},
    {"not asked, which it was", WIRE_OK, ANTIVIRUS_NOT_ASKED, ANTIVIRUS_EXAMINED, 1, "",
     "RESULT: an answer that contradicts itself"},
    {"clean, and not examined", WIRE_OK, ANTIVIRUS_CLEAN, ANTIVIRUS_LIMIT, 1, "",
     "RESULT: an answer that contradicts itself"},
    {"infected, and not examined", WIRE_OK, ANTIVIRUS_INFECTED, ANTIVIRUS_LIMIT, 1, "x",
     "RESULT: an answer that contradicts itself"},
    {"unexamined without a reason", WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_EXAMINED, 1, "",
     "RESULT: an answer that contradicts itself"},
    {"a state beyond the table", WIRE_OK, ANTIVIRUS_STATE__MAX, 0, 1, "", "RESULT: numbers that cannot be"},
    {"a reason beyond the table", WIRE_OK, ANTIVIRUS_UNEXAMINED, ANTIVIRUS_WHY__MAX, 1, "",
     "RESULT: numbers that cannot be"},
    {"the same where it could not be read", WIRE_IO, ANTIVIRUS_STATE__MAX, 0, 0, "",
     "RESULT: numbers that cannot be"},
    {"more layers than there can be", WIRE_OK, ANTIVIRUS_CLEAN, 0, UINT32_MAX, "",
     "RESULT: numbers that cannot be"},
};

static void an_answer_of_av_must_not_contradict_itself(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        struct wire_result r = {.status = answers[i].status, .layers = answers[i].layers};
        const char *fault;

        print_message("%s\n", answers[i].says);
        r.state = answers[i].state;
        r.why = answers[i].why;
        fault = pool_role_fault(ROLE_AV, &r, answers[i].finding);
        if (answers[i].fault)
            assert_string_equal(fault, answers[i].fault);
        else
            assert_null(fault);
    }
}

static const struct {
    const char *says;
    enum role role;
    struct wire_result r;
    const char *fault;
} others[] = {
    {"facts are needed", ROLE_ANTISPAM, {.out_size = 9, .kind = ANTISPAM_NEEDS, .needs = NEEDS_MAX}, NULL},
    {"a verdict", ROLE_ANTISPAM, {.out_size = 1, .kind = ANTISPAM_VERDICT, .results = 400}, NULL},
    {"one that could not be read", ROLE_ANTISPAM, {.status = WIRE_IO, .err = 5}, NULL},
    {"done without an answer",
     ROLE_ANTISPAM,
     {.kind = ANTISPAM_VERDICT},
     "RESULT: it is done, and gives no answer"},
    {"an answer of a kind that there is not",
     ROLE_ANTISPAM,
     {.out_size = 1, .kind = 2},
     "RESULT: numbers that cannot be"},
    {"more needs than there can be",
     ROLE_ANTISPAM,
     {.out_size = 1, .needs = NEEDS_MAX + 1},
     "RESULT: numbers that cannot be"},
    {"more results than there can be",
     ROLE_ANTISPAM,
     {.out_size = 1, .kind = 1, .results = ANTISPAM_CHECKS_MAX + 1},
     "RESULT: numbers that cannot be"},
    {"worker-dns ends", ROLE_DNS, {.status = WIRE_CANCELLED}, NULL},
    {"worker-dns has written something", ROLE_DNS, {.out_size = 1}, "RESULT: numbers that cannot be"},
    {"worker-dns has read something", ROLE_DNS, {.in_size = 1}, "RESULT: numbers that cannot be"},
};

static void numbers_of_the_other_roles_are_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *fault = pool_role_fault(others[i].role, &others[i].r, "");

        if ((fault || others[i].fault) && (!fault || !others[i].fault || strcmp(fault, others[i].fault) != 0))
            fail_msg("%s: %s", others[i].says, fault ? fault : "no fault");
    }
}

static void an_answer_that_contradicts_itself_ends_its_child(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j = far_av_submit(w, false);

    (void)state;
    far_av_result(w, &w->child[0], ANTIVIRUS_INFECTED); /* no FINDING before it */
    assert_true(far_was_retired(w, &w->child[0]));
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_int_equal(j->o.end, POOL_CHARGED);
    assert_non_null(strstr(j->o.cause, "it does not say by what"));
    far_job_free(&j);
    pool_world_close(&w);
}

/* ---- findings ---- */

static void the_last_finding_comes_with_the_outcome_of_its_job_only(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *a = far_av_submit(w, false), *b = far_av_submit(w, false);

    (void)state;
    far_find(w, &w->child[0], "First");
    far_find(w, &w->child[0], "Eicar-Signature");
    far_av_result(w, &w->child[0], ANTIVIRUS_INFECTED);
    assert_string_equal(a->o.finding, "Eicar-Signature");
    assert_int_equal(a->o.result.state, ANTIVIRUS_INFECTED);
    far_av_result(w, &w->child[0], ANTIVIRUS_CLEAN);
    assert_int_equal(b->o.end, POOL_DONE);
    assert_string_equal(b->o.finding, "");
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

static void eight_findings_are_enough(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
    struct far_job *j = far_av_submit(w, false);

    (void)state;
    for (int i = 0; i < 8; i++)
        far_find(w, &w->child[0], "x");
    assert_false(far_was_retired(w, &w->child[0]));
    far_find(w, &w->child[0], "x");
    assert_true(far_was_retired(w, &w->child[0]));
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_non_null(strstr(j->o.cause, "FINDING: too many of them"));
    far_job_free(&j);
    pool_world_close(&w);
}

static void a_finding_of_another_job_or_of_none_ends_its_child(void **state)
{
    struct wire_packet p = wire_text(WIRE_FINDING, 99999, "x");

    (void)state;
    for (int busy = 0; busy < 2; busy++) {
        struct pool_world *w = pool_roles_serve_av("antivirus.children=1");
        struct far_job *j = busy ? far_av_submit(w, false) : NULL;

        far_say(w, w->child[0].link, &p);
        assert_true(far_was_retired(w, &w->child[0]));
        if (j) {
            far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
            assert_non_null(strstr(j->o.cause, "FINDING: of another job"));
            far_job_free(&j);
        }
        pool_world_close(&w);
    }
}

/* ---- what is loaded ---- */

static struct wire_packet loaded_packet(const char *engine)
{
    struct wire_packet p = wire_packet(WIRE_LOADED, 0);

    p.u.loaded = (struct wire_loaded){.signatures = 8000000, .built = 1700000000, .version = 27000};
    memcpy(p.u.loaded.engine, engine, strnlen(engine, sizeof p.u.loaded.engine));
    return p;
}

static void what_a_loader_says_that_it_loaded_is_kept(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);
    struct wire_packet p = loaded_packet("1.4.6");
    struct pool_about a;

    (void)state;
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_string_equal(a.loaded.engine, "");
    p.u.loaded.flags = WIRE_LOADED_TEST;
    w->loader[0].said_loaded = true;
    far_say(w, w->loader[0].link, &p);
    far_serve(w, 0);
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_true(a.serving);
    assert_memory_equal(&a.loaded, &p.u.loaded, sizeof a.loaded);
    pool_world_close(&w);
}

static const struct {
    const char *says, *engine;
    int64_t built;
    uint32_t flags;
    int times; /* it is said before this one */
    const char *fault;
} loadeds[] = {
    {"no engine", "", 0, 0, 0, "the name of its engine is none"},
    {"an engine that is not text", "1.4\x1b[2J", 0, 0, 0, "the name of its engine is none"},
    {"an engine without an end", "123456789012345678901234", 0, 0, 0, "the name of its engine is none"},
    {"built before time began", "1.4.6", -1, 0, 0, "LOADED: numbers that cannot be"},
    {"flags that there are not", "1.4.6", 0, 2, 0, "LOADED: numbers that cannot be"},
    {"twice", "1.4.6", 0, 0, 1, "LOADED: a second time"},
};

static void what_cannot_be_loaded_ends_the_generation(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof loadeds / sizeof *loadeds; i++) {
        struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);
        struct wire_packet p = loaded_packet(loadeds[i].engine);

        print_message("%s\n", loadeds[i].says);
        p.u.loaded.built = loadeds[i].built;
        p.u.loaded.flags = loadeds[i].flags;
        for (int n = 0; n <= loadeds[i].times; n++) {
            assert_false(w->loader[0].killed);
            far_say(w, w->loader[0].link, &p);
        }
        assert_true(w->loader[0].killed);
        assert_non_null(strstr(w->s->alarms.text[ALARM_ANTIVIRUS], loadeds[i].fault));
        pool_world_close(&w);
    }
}

static void bytes_behind_the_end_of_the_engine_are_a_breach(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);
    struct wire_packet p = loaded_packet("1.4.6");

    (void)state;
    p.u.loaded.engine[10] = 'x';
    far_say(w, w->loader[0].link, &p);
    assert_true(w->loader[0].killed);
    pool_world_close(&w);
}

/* What it is to load: words for role av, and a folder the second time. */
static void load_words(struct spoold *s, enum role role, struct buf *settings, int *dir)
{
    assert_non_null(s);
    assert_int_equal(*dir, -1);
    buf_add_str(settings, role == ROLE_AV ? "words of av" : "");
    if (role == ROLE_AV)
        *dir = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void each_role_loads_what_is_given_for_it(void **state)
{
    struct pool_world *w =
        pool_world_open_with((struct pool_options){.roles = FAR_BOTH, .load = load_words}, NULL, 0);

    (void)state;
    assert_int_equal(w->loader[0].load.role, ROLE_REWRITE);
    assert_int_equal(w->loader[0].settings.n, 0);
    assert_false(w->loader[0].folder);
    assert_int_equal(w->loader[1].asked.role, ROLE_AV);
    assert_int_equal(w->loader[1].load.role, ROLE_AV);
    assert_true(view_equal(buf_view(&w->loader[1].settings), VIEW("words of av")));
    assert_true(w->loader[1].folder);
    far_serve(w, 1);
    pool_reload_role(w->pool, ROLE_AV, POOL_OVERLAP);
    pool_world_turn(w);
    assert_true(w->loader[2].folder); /* asked again */
    pool_world_close(&w);             /* counts descriptors */
}

static void a_launcher_that_is_gone_leaves_no_folder_open(void **state)
{
    struct pool_world *w =
        pool_world_open_with((struct pool_options){.roles = FAR_AV, .load = load_words}, NULL, 0);
    unsigned before = pool_world_fds();

    (void)state;
    shutdown(w->launcher, SHUT_RD); /* nobody takes orders any more */
    pool_reload_role(w->pool, ROLE_AV, POOL_OVERLAP);
    assert_true(pool_world_fds() <= before);
    pool_world_close(&w);
}

/* ---- the table ---- */

static void settings_say_which_roles_how_many_and_how_long(void **state)
{
    const char *const setting[] = {"workers.children=3", "workers.deadline=7s", "antivirus.children=5",
                                   "antivirus.timeout=9s", "antispam.children=4"};
    struct pool_world *w = pool_world_open(setting, 5);

    (void)state;
    assert_true(pool_role_is_wanted(w->cfg, ROLE_REWRITE) && pool_role_is_wanted(w->cfg, ROLE_AV));
    w->cfg->clamav = false;
    assert_true(pool_role_is_wanted(w->cfg, ROLE_REWRITE));
    assert_false(pool_role_is_wanted(w->cfg, ROLE_AV));
    assert_int_equal(pool_role_children(w->cfg, ROLE_REWRITE), 3);
    assert_int_equal(pool_role_children(w->cfg, ROLE_AV), 5);
    assert_int_equal(pool_role_deadline(w->cfg, ROLE_REWRITE), 7000);
    assert_int_equal(pool_role_deadline(w->cfg, ROLE_AV), 14000);
    assert_int_equal(pool_role_loading_ms(ROLE_REWRITE), 60000);
    assert_int_equal(pool_role_loading_ms(ROLE_AV), 900000);
    assert_int_equal(pool_role_children(w->cfg, ROLE_ANTISPAM), 4);
    assert_int_equal(pool_role_deadline(w->cfg, ROLE_ANTISPAM), 30000);
    assert_int_equal(pool_role_children(w->cfg, ROLE_DNS), 1);
    assert_true(pool_role_is_wanted(w->cfg, ROLE_ANTISPAM) && pool_role_is_wanted(w->cfg, ROLE_DNS));
    w->cfg->dns = false;
    assert_true(pool_role_is_wanted(w->cfg, ROLE_ANTISPAM) && !pool_role_is_wanted(w->cfg, ROLE_DNS));
    w->cfg->dns = true;
    w->cfg->antispam = false; /* nobody would ask */
    assert_true(!pool_role_is_wanted(w->cfg, ROLE_ANTISPAM) && !pool_role_is_wanted(w->cfg, ROLE_DNS));
    pool_world_close(&w);
}

/* All children at their largest message at once, and the one that is tried alone. */
static void the_scratch_folder_has_room_for_all_children(void **state)
{
    static const struct {
        const char *children, *size;
        uint32_t mb;
    } cases[] = {
        {"antivirus.children=2", "antivirus.scan_size=400M", 3 * 400 + 64},
        {"antivirus.children=1", "antivirus.scan_size=1M", 2 + 64},
        {"antivirus.children=1", "antivirus.scan_size=1048577", 3 + 64}, /* no byte too few */
        {"antivirus.children=14", "antivirus.scan_size=4095M", 15 * 4095 + 64},
        {"antivirus.children=15", "antivirus.scan_size=4095M", ROLE_SCRATCH_MB_MAX}, /* 65,584 */
        {"antivirus.children=64", "antivirus.scan_size=4095M", ROLE_SCRATCH_MB_MAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *const settings[] = {cases[i].children, cases[i].size};
        struct pool_world *w = pool_roles_open(FAR_BOTH, settings, 2);

        assert_int_equal(pool_role_scratch_mb(w->cfg, ROLE_REWRITE), 0);
        assert_int_equal(pool_role_scratch_mb(w->cfg, ROLE_AV), cases[i].mb);
        assert_int_equal(w->loader[0].load.scratch_mb, 0);
        assert_int_equal(w->loader[1].load.scratch_mb, cases[i].mb);
        pool_world_close(&w);
    }
}

static void what_is_required_is_the_role_s_less_what_is_allowed(void **state)
{
    (void)state;
    assert_int_equal(pool_role_required(ROLE_REWRITE, 0), SANDBOX__REQUIRED);
    assert_int_equal(pool_role_required(ROLE_AV, 0), SANDBOX__REQUIRED | SANDBOX_LANDLOCK);
    assert_int_equal(pool_role_required(ROLE_AV, SANDBOX_LANDLOCK), SANDBOX__REQUIRED);
    assert_int_equal(pool_role_required(ROLE_REWRITE, SANDBOX_SECCOMP | SANDBOX_UID),
                     SANDBOX_NO_NEW_PRIVS | SANDBOX_RLIMITS);
}

static void landlock_is_required_of_av_only(void **state)
{
    static const struct {
        uint32_t role;
        const char *setting;
        bool fine;
    } cases[] = {{1u << ROLE_REWRITE, "workers.children=1", true},
                 {FAR_AV, "antivirus.children=1", false},
                 {FAR_AV, "workers.allow_less=landlock", true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pool_world *w = pool_roles_open(cases[i].role, &cases[i].setting, 1);
        struct wire_packet p = far_ready_packet();

        p.u.ready.applied &= ~(uint32_t)SANDBOX_LANDLOCK;
        far_loaded(w, 0);
        far_say(w, w->loader[0].link, &p);
        assert_int_equal(w->loader[0].killed, !cases[i].fine);
        pool_world_close(&w);
    }
}

/* One job from its order to its outcome. */
static void serve_one(struct pool_world *w, enum antivirus_why why)
{
    struct far_job *j = far_av_submit(w, false);
    struct far_child *c = far_child_of(w, j);
    struct wire_packet p = far_av_packet(c, why ? ANTIVIRUS_UNEXAMINED : ANTIVIRUS_CLEAN);

    if (why)
        p.u.result.why = why;
    far_forget_job(c);
    far_say(w, c->link, &p);
    assert_int_equal(j->ended, 1);
    far_job_free(&j);
}

static void a_child_of_av_is_replaced_after_many_jobs(void **state)
{
    struct pool_world *w = pool_roles_serve_av("antivirus.children=1");

    (void)state;
    for (unsigned i = 0; i < 5100 && !far_was_retired(w, &w->child[0]); i++)
        serve_one(w, ANTIVIRUS_EXAMINED);
    assert_true(far_was_retired(w, &w->child[0]));
    far_crash(w, &w->child[0], FAR_SIGNAL(SIGKILL));
    assert_int_equal(w->child_n, 2); /* at once, and nothing failed */
    far_arrive(w, &w->child[1]);
    serve_one(w, ANTIVIRUS_EXAMINED);
    pool_world_close(&w);
}

static void a_child_with_trouble_of_its_own_is_replaced(void **state)
{
    static const struct {
        enum antivirus_why why;
        bool replaced;
    } cases[] = {{ANTIVIRUS_LIMIT, false},
                 {ANTIVIRUS_ENCRYPTED, false},
                 {ANTIVIRUS_RESOURCE, true},
                 {ANTIVIRUS_ENGINE, true}};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pool_world *w = pool_roles_serve_av("antivirus.children=1");

        serve_one(w, cases[i].why);
        assert_int_equal(far_was_retired(w, &w->child[0]), cases[i].replaced);
        pool_world_close(&w);
    }
}

static void av_must_say_what_it_has_loaded(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);

    (void)state;
    w->loader[0].said_loaded = true; /* and it did not */
    far_ready(w, 0);
    assert_true(w->loader[0].killed);
    assert_non_null(strstr(w->s->alarms.text[ALARM_ANTIVIRUS], "it does not say what it has loaded"));
    pool_world_close(&w);
}

static void a_child_of_av_without_landlock_is_ended(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);
    struct wire_packet p = wire_packet(WIRE_HELLO, 0);

    (void)state;
    far_ready(w, 0);
    p.u.hello = (struct wire_hello){.pid = 7, .applied = FAR_FULL & ~(uint32_t)SANDBOX_LANDLOCK};
    far_say(w, w->child[0].link, &p);
    assert_true(far_was_retired(w, &w->child[0]));
    pool_world_close(&w);
}

static void av_may_load_for_a_quarter_of_an_hour(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_AV, NULL, 0);

    (void)state;
    pool_world_pass(w, 899999);
    assert_false(w->loader[0].killed);
    pool_world_pass(w, 1);
    assert_true(w->loader[0].killed);
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "it was not ready within 900 s");
    pool_world_close(&w);
}

/* ---- beside each other ---- */

static void a_role_that_fails_raises_its_own_alarm_and_the_other_one_serves(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_BOTH, NULL, 0);
    struct wire_packet p = wire_text(WIRE_FAILED, w->loader[1].id, "no signatures");
    struct far_job *j;

    (void)state;
    far_serve(w, 0);
    far_say(w, w->loader[1].link, &p);
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] == 0);
    assert_non_null(strstr(w->s->alarms.text[ALARM_ANTIVIRUS], "worker-av, generation 1: no signatures"));
    assert_null(pool_trouble(w->pool, ROLE_REWRITE));
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "no signatures");
    j = far_submit(w, false);
    far_result(w, far_child_of(w, j));
    assert_int_equal(j->o.end, POOL_DONE);
    pool_reload_role(w->pool, ROLE_REWRITE, POOL_OVERLAP);
    pool_world_turn(w);
    far_serve(w, 2);
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] > 0); /* it is not its alarm to clear */
    pool_world_pass(w, 2000);
    far_serve(w, 3);
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] == 0);
    far_job_free(&j);
    pool_world_close(&w);
}

static void an_alarm_is_cleared_although_the_other_role_has_its_own(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_BOTH, NULL, 0);

    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct wire_packet p = wire_text(WIRE_FAILED, w->loader[i].id, "x");

        far_say(w, w->loader[i].link, &p);
    }
    pool_world_pass(w, 2000);
    assert_int_equal(w->loader[3].load.role, ROLE_AV);
    far_serve(w, 3);
    assert_true(w->s->alarms.since_ms[ALARM_ANTIVIRUS] == 0);
    assert_true(w->s->alarms.since_ms[ALARM_WORKER] > 0);
    pool_world_close(&w);
}

static void jobs_go_to_their_own_role(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_BOTH, NULL, 0);
    struct far_job *a, *b;

    (void)state;
    far_serve(w, 1);
    a = far_submit(w, false);
    b = far_av_submit(w, false);
    assert_null(far_child_of(w, a));
    assert_int_equal(far_child_of(w, b)->loader, 1);
    far_serve(w, 0);
    assert_int_equal(far_child_of(w, a)->loader, 0);
    far_result(w, far_child_of(w, a));
    far_av_result(w, far_child_of(w, b), ANTIVIRUS_UNEXAMINED);
    assert_int_equal(a->o.end, POOL_DONE);
    assert_int_equal(b->o.result.why, ANTIVIRUS_LIMIT);
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

static void without_the_launcher_the_jobs_of_all_roles_end(void **state)
{
    struct pool_world *w = pool_roles_open(FAR_BOTH, NULL, 0);
    struct far_job *a, *b;

    (void)state;
    far_serve(w, 0);
    far_serve(w, 1);
    a = far_submit(w, false);
    b = far_av_submit(w, false);
    far_shut(&w->launcher);
    pool_world_turn(w);
    assert_int_equal(a->o.end, POOL_NO_WORKER);
    assert_int_equal(b->o.end, POOL_NO_WORKER);
    assert_true(w->loader[0].ended && w->loader[1].ended);
    far_job_free(&a);
    far_job_free(&b);
    pool_world_close(&w);
}

static void a_role_that_is_not_wanted_is_not_started_and_not_down(void **state)
{
    struct pool_world *w =
        pool_roles_open(0, (const char *const[]){"antivirus.clamav=no", "antispam.enable=no"}, 2);
    struct pool_about a;

    (void)state;
    assert_int_equal(w->loader_n, 1);
    assert_int_equal(w->loader[0].load.role, ROLE_REWRITE);
    assert_string_equal(pool_trouble(w->pool, ROLE_AV), "it is switched off");
    assert_int_equal(pool_down_ms(w->pool, ROLE_AV, pool_world_now + 1000), 0);
    assert_false(pool_is_draining(w->pool, ROLE_AV));
    pool_get_about(w->pool, ROLE_AV, &a);
    assert_true(a.generation == 0 && !a.serving);
    far_shut(&w->launcher);
    pool_world_turn(w);
    assert_int_equal(pool_down_ms(w->pool, ROLE_AV, pool_world_now + 1000), 0);
    pool_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_of_av_must_not_contradict_itself),
        cmocka_unit_test(numbers_of_the_other_roles_are_looked_at),
        cmocka_unit_test(an_answer_that_contradicts_itself_ends_its_child),
        cmocka_unit_test(the_last_finding_comes_with_the_outcome_of_its_job_only),
        cmocka_unit_test(eight_findings_are_enough),
        cmocka_unit_test(a_finding_of_another_job_or_of_none_ends_its_child),
        cmocka_unit_test(what_a_loader_says_that_it_loaded_is_kept),
        cmocka_unit_test(what_cannot_be_loaded_ends_the_generation),
        cmocka_unit_test(bytes_behind_the_end_of_the_engine_are_a_breach),
        cmocka_unit_test(each_role_loads_what_is_given_for_it),
        cmocka_unit_test(a_launcher_that_is_gone_leaves_no_folder_open),
        cmocka_unit_test(settings_say_which_roles_how_many_and_how_long),
        cmocka_unit_test(the_scratch_folder_has_room_for_all_children),
        cmocka_unit_test(what_is_required_is_the_role_s_less_what_is_allowed),
        cmocka_unit_test(landlock_is_required_of_av_only),
        cmocka_unit_test(a_child_of_av_is_replaced_after_many_jobs),
        cmocka_unit_test(a_child_with_trouble_of_its_own_is_replaced),
        cmocka_unit_test(av_must_say_what_it_has_loaded),
        cmocka_unit_test(a_child_of_av_without_landlock_is_ended),
        cmocka_unit_test(av_may_load_for_a_quarter_of_an_hour),
        cmocka_unit_test(a_role_that_fails_raises_its_own_alarm_and_the_other_one_serves),
        cmocka_unit_test(an_alarm_is_cleared_although_the_other_role_has_its_own),
        cmocka_unit_test(jobs_go_to_their_own_role),
        cmocka_unit_test(without_the_launcher_the_jobs_of_all_roles_end),
        cmocka_unit_test(a_role_that_is_not_wanted_is_not_started_and_not_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
