/*
 * test_flow_settle.c - unit tests of spoold/flow_settle.c: prepare, commit, publish, remove; each step alone
 * and again.
 *
 * Run by `make check`. The steps are called as the store calls them, on real
 * files. After each one the folders hold exactly what protocol.md section 3
 * says, and an error leaves nothing published and nothing lost.
 */
#include "tests/unit/depot_world.h"

#include <signal.h>
#include <sys/resource.h>

static void steps(struct world *w, struct msg *m, int (*const *step)(struct depot *, struct msg *), size_t n)
{
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(step[i](&w->d, m), 0);
        depot_world_flush(w);
        assert_int_equal(m->err, 0);
    }
}

static void a_sent_message_leaves_only_its_copy(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "x");
    char *text;

    (void)state;
    assert_int_equal(flow_lock(&w->d, m), 0);
    m->fate = MSG_FATE_SEND;
    msg_add_copy_all(m);
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "@.1.eml.out @.1.hdr.out @.eml @.hdr.w1");
    assert_int_equal(flow_commit(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "@.1.eml.out @.1.hdr.out @.eml @.hdr.send");
    depot_world_expect(w, "outgoing", &m->base, "");
    assert_int_equal(flow_content(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "@.1.hdr.out @.eml @.hdr.send");
    depot_world_expect(w, "outgoing", &m->base, "@.eml");
    assert_int_equal(flow_envelope(&w->d, m), 0);
    depot_world_expect(w, "outgoing", &m->base, "@.eml @.hdr");
    assert_int_equal(flow_unlink(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "@.hdr.send");
    assert_int_equal(flow_finish(&w->d, m), 0);
    depot_world_expect(w, "proc", &m->base, "");
    text = depot_world_read(w, "outgoing", &m->base, ".hdr");
    assert_string_equal(text, DEPOT_WORLD_HDR);
    free(text);
    text = depot_world_read(w, "outgoing", &m->base, ".eml");
    assert_ptr_equal(strstr(text, "Received: by mx.example.org with spoold id "), text);
    assert_non_null(strstr(text, "\n" DEPOT_WORLD_EML));
    free(text);
    depot_world_flush(w);
    assert_int_equal(m->err, 0);
    msg_free(&m);
    depot_world_close(&w);
}

static void each_copy_names_its_own_recipients(void **state)
{
    static const struct {
        const char *suffix, *hdr;
    } wanted[] = {
        {".hdr", "Written\na@example.org\n1@example.net\nconnectedip: 192.0.2.1\n\n"},
        {".2.hdr", "Written\na@example.org\n2@example.net\nconnectedip: 192.0.2.1\n\n"},
    };
    static int (*const publish[])(struct depot *, struct msg *) = {depot_world_prepare, flow_commit,
                                                                   flow_content, flow_envelope};
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_DROP, 2);

    (void)state;
    steps(w, m, publish, 4);
    depot_world_expect(w, "outgoing", &m->base, "@.2.eml @.2.hdr @.eml @.hdr");
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.drop @.json.out");
    for (size_t i = 0; i < 2; i++) {
        char *text = depot_world_read(w, "outgoing", &m->base, wanted[i].suffix);

        assert_string_equal(text, wanted[i].hdr);
        free(text);
    }
    msg_free(&m);
    depot_world_close(&w);
}

/* Its plan stands beside the commit and goes with the originals; the envelope names the other address alone.
 */
static void a_redirected_copy_has_another_recipient(void **state)
{
    static int (*const until[])(struct depot *, struct msg *) = {depot_world_prepare, flow_commit,
                                                                 flow_content, flow_envelope, flow_record};
    static int (*const after[])(struct depot *, struct msg *) = {flow_unlink};
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);
    struct buf wanted = {0};
    char *text;

    (void)state;
    m->copy[0].redirect = xstrdup("t@example.org");
    m->copy[0].rcpt[m->copy[0].rcpt_n++] = 2;
    steps(w, m, until, 5);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.send @.json.out");
    text = depot_world_read(w, "outgoing", &m->base, ".hdr");
    buf_addf(
        &wanted,
        "Written\na@example.org\nt@example.org\nx-spoold-redirected: %.*s <1@example.net>,<3@example.net>\n"
        "connectedip: 192.0.2.1\n\n",
        BASE_ID_LEN, base_id(&m->base).p);
    assert_string_equal(text, wanted.p);
    steps(w, m, after, 1);
    depot_world_expect(w, "proc", &m->base, "@.hdr.send");
    free(text);
    buf_free(&wanted);
    msg_free(&m);
    depot_world_close(&w);
}

/* It would be believed after a crash. */
static void a_plan_of_a_former_attempt_is_gone_before_the_commit(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);

    (void)state;
    depot_world_put(w, "proc", &m->base, ".json.out", "old");
    m->json_out = true;
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    depot_world_flush(w);
    depot_world_expect(w, "proc", &m->base, "@.1.eml.out @.1.hdr.out @.eml @.hdr.w1");
    msg_free(&m);
    depot_world_close(&w);
}

static void each_step_after_the_commit_may_be_repeated(void **state)
{
    static int (*const after[])(struct depot *, struct msg *) = {flow_content, flow_envelope, flow_record,
                                                                 flow_unlink, flow_finish};
    static int (*const before[])(struct depot *, struct msg *) = {depot_world_prepare, flow_commit};

    (void)state;
    for (enum msg_fate fate = MSG_FATE_SEND; fate <= MSG_FATE_DROP; fate++) {
        struct world *w = depot_world_plain();
        struct msg *m = depot_world_decided(w, "x", fate, 2);

        steps(w, m, before, 2);
        m->recovered = true;
        for (size_t i = 0; i < 5; i++) {
            steps(w, m, after, i + 1); /* all of them from the first one on */
            steps(w, m, after + i, 1);
        }
        depot_world_expect(w, "proc", &m->base, "");
        depot_world_expect(w, "outgoing", &m->base, "@.2.eml @.2.hdr @.eml @.hdr");
        depot_world_expect(w, "quarantine/virus", &m->base,
                           fate == MSG_FATE_QUARANTINE ? "@.eml @.hdr @.json" : "");
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void bytes_that_change_after_the_claim_are_nobodys_message(void **state)
{
    static const struct {
        const char *says, *text;
        int64_t touch;
    } cases[] = {
        {"longer", DEPOT_WORLD_EML "more\n", 0},
        {"shorter", "S", 0},
        {"same length, another time", DEPOT_WORLD_EML, 5},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);
        char name[MSG_NAME_MAX];

        depot_world_put(w, "proc", &m->base, ".eml", cases[i].text);
        if (cases[i].touch)
            depot_world_touch(w, "proc", msg_file(m, name, ".eml"), cases[i].touch);
        assert_int_equal(depot_world_prepare(&w->d, m), -1);
        if (m->err != ESTALE)
            fail_msg("%s: errno %d", cases[i].says, m->err);
        flow_discard_outs(&w->d, m);
        depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.w1");
        depot_world_expect(w, "outgoing", &m->base, "");
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void a_name_that_is_taken_in_the_outlet_is_never_overwritten(void **state)
{
    static const char *const taken[] = {".eml", ".hdr"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = depot_world_plain();
        struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);
        char *text;

        assert_int_equal(depot_world_prepare(&w->d, m), 0);
        assert_int_equal(flow_commit(&w->d, m), 0);
        depot_world_put(w, "outgoing", &m->base, taken[i], "theirs");
        assert_int_equal(flow_content(&w->d, m), i == 0 ? -1 : 0);
        if (i == 1)
            assert_int_equal(flow_envelope(&w->d, m), -1);
        assert_int_equal(m->err, EEXIST);
        text = depot_world_read(w, "outgoing", &m->base, taken[i]);
        assert_string_equal(text, "theirs");
        free(text);
        depot_world_expect(w, "proc", &m->base,
                           i == 0 ? "@.1.eml.out @.1.hdr.out @.eml @.hdr.send"
                                  : "@.1.hdr.out @.eml @.hdr.send");
        /* Out of the way it goes on where it stopped. */
        assert_int_equal(unlinkat(w->d.spool.outlet[0].fd, msg_file(m, (char[MSG_NAME_MAX]){0}, taken[i]), 0),
                         0);
        m->err = 0;
        assert_int_equal(flow_content(&w->d, m), 0);
        assert_int_equal(flow_envelope(&w->d, m), 0);
        depot_world_expect(w, "outgoing", &m->base, "@.eml @.hdr");
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void the_first_of_two_copies_that_is_stuck_keeps_every_envelope_back(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_DROP, 2);

    (void)state;
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    assert_int_equal(flow_commit(&w->d, m), 0);
    depot_world_put(w, "outgoing", &m->base, ".2.eml", "theirs");
    assert_int_equal(flow_content(&w->d, m), -1);
    assert_int_equal(m->outs_eml, 2);
    assert_int_equal(m->outs_hdr, 3);
    depot_world_expect(w, "outgoing", &m->base, "@.2.eml @.eml");
    msg_free(&m);
    depot_world_close(&w);
}

static void a_commit_without_the_lock_is_refused(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);
    char from[MSG_NAME_MAX], to[MSG_NAME_MAX];

    (void)state;
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    assert_int_equal(renameat(w->d.spool.proc.fd, msg_file(m, from, ".hdr.w1"), w->d.spool.proc.fd,
                              msg_file(m, to, ".hdr.theirs")),
                     0);
    assert_int_equal(flow_commit(&w->d, m), -1);
    assert_int_equal(m->err, ENOENT);
    assert_string_equal(m->suffix, ".hdr.w1");
    depot_world_expect(w, "outgoing", &m->base, "");
    msg_free(&m);
    depot_world_close(&w);
}

static void rubbish_of_a_former_attempt_stops_prepare(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);

    (void)state;
    depot_world_put(w, "proc", &m->base, ".1.eml.out", "torn");
    assert_int_equal(depot_world_prepare(&w->d, m), -1);
    assert_int_equal(m->err, EEXIST);
    flow_discard_outs(&w->d, m);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.w1");
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    msg_free(&m);
    depot_world_close(&w);
}

/* A file size limit stands for a full disk: the write fails half-way. */
static int prepare_limited(struct world *w, struct msg *m)
{
    struct rlimit small, old;
    int r;

    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = (struct rlimit){.rlim_cur = 4096, .rlim_max = old.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    setrlimit(RLIMIT_FSIZE, &small);
    r = depot_world_prepare(&w->d, m);
    setrlimit(RLIMIT_FSIZE, &old);
    return r;
}

static void a_full_disk_leaves_the_message_as_it_was(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "x");
    char name[MSG_NAME_MAX];

    (void)state;
    assert_int_equal(truncate(depot_world_path(w, "proc", msg_file(m, name, ".eml")), 100000), 0);
    close(m->eml);
    m->eml = -1; /* the lock opens it as it is now */
    assert_int_equal(flow_lock(&w->d, m), 0);
    m->fate = MSG_FATE_SEND;
    msg_add_copy_all(m);
    m->accepted = true; /* the journal is not what is full */
    assert_int_equal(prepare_limited(w, m), -1);
    assert_int_equal(m->err, EFBIG);
    flow_discard_outs(&w->d, m);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.w1");
    m->err = 0;
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    msg_free(&m);
    depot_world_close(&w);
}

static void model_b_waits_for_the_folders_where_model_a_need_not(void **state)
{
    static int (*const step[])(struct depot *, struct msg *) = {depot_world_prepare, flow_content,
                                                                flow_unlink};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        size_t dirs[2] = {0};

        for (int model = SPOOL_MODEL_A; model <= SPOOL_MODEL_B; model++) {
            struct world *w = depot_world_plain();
            struct msg *m = depot_world_decided(w, "x", MSG_FATE_SEND, 1);

            w->d.spool.model = (enum spool_model)model;
            assert_int_equal(i > 0 ? depot_world_prepare(&w->d, m) : 0, 0);
            depot_world_flush(w);
            assert_int_equal(step[i](&w->d, m), 0);
            for (size_t p = 0; p < w->d.spool.pending_n; p++)
                dirs[model] += w->d.spool.pending[p].needs == SPOOL_NEEDS_DIRS;
            depot_world_flush(w);
            msg_free(&m);
            depot_world_close(&w);
        }
        assert_int_equal(dirs[SPOOL_MODEL_A], 0);
        assert_int_equal(dirs[SPOOL_MODEL_B], 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sent_message_leaves_only_its_copy),
        cmocka_unit_test(each_copy_names_its_own_recipients),
        cmocka_unit_test(a_redirected_copy_has_another_recipient),
        cmocka_unit_test(a_plan_of_a_former_attempt_is_gone_before_the_commit),
        cmocka_unit_test(each_step_after_the_commit_may_be_repeated),
        cmocka_unit_test(bytes_that_change_after_the_claim_are_nobodys_message),
        cmocka_unit_test(a_name_that_is_taken_in_the_outlet_is_never_overwritten),
        cmocka_unit_test(the_first_of_two_copies_that_is_stuck_keeps_every_envelope_back),
        cmocka_unit_test(a_commit_without_the_lock_is_refused),
        cmocka_unit_test(rubbish_of_a_former_attempt_stops_prepare),
        cmocka_unit_test(a_full_disk_leaves_the_message_as_it_was),
        cmocka_unit_test(model_b_waits_for_the_folders_where_model_a_need_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
