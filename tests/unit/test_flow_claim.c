/*
 * test_flow_claim.c - unit tests of spoold/flow_claim.c: what is taken from an intake, what is left, and how.
 *
 * Run by `make check`, on real files in a temporary spool. Whatever stands in an
 * intake may be a trap; the tests show that nothing but a whole pair is moved
 * and that what went wrong half-way goes back under its own name.
 */
#include "tests/unit/depot_world.h"

#define STRANGER 61234 /* a user id that owns nothing */

static void a_complete_pair_becomes_a_message(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "one");
    char *eml = depot_world_read(w, "proc", &m->base, ".eml");

    (void)state;
    depot_world_expect(w, "incoming", NULL, "");
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.c");
    assert_string_equal(eml, DEPOT_WORLD_EML);
    assert_string_equal(m->suffix, ".hdr.c");
    assert_true(m->env_ok && m->eml >= 0 && m->step == MSG_STEP_ADMIT);
    assert_int_equal(m->env.rcpt_n, 3);
    assert_int_equal(msg_size(m), strlen(DEPOT_WORLD_EML));
    assert_true(view_equal(m->name, VIEW("one")));
    assert_true(base_stamp_matches(&m->base, 'E', &m->eml_stat));
    free(eml);
    msg_free(&m);
    depot_world_close(&w);
}

enum trap { LINK, DANGLING, PIPE, FOLDER, SOCKET, HARD };

static void set_trap(struct world *w, const char *name, enum trap what)
{
    const char *path = depot_world_path(w, "incoming", name);

    assert_true(unlink(path) == 0 || errno == ENOENT);
    if (what == LINK)
        assert_int_equal(symlink("/etc/hostname", path), 0);
    else if (what == DANGLING)
        assert_int_equal(symlink("/nowhere/at/all", path), 0);
    else if (what == PIPE)
        assert_int_equal(mkfifo(path, 0600), 0);
    else if (what == FOLDER)
        assert_int_equal(mkdir(path, 0700), 0);
    else if (what == SOCKET)
        assert_int_equal(mknod(path, S_IFSOCK | 0600, 0), 0);
    else {
        depot_world_write(w, "quarantine", "mine", DEPOT_WORLD_HDR);
        assert_int_equal(linkat(w->d.spool.quarantine.fd, "mine", w->d.spool.intake[0].fd, name, 0), 0);
        depot_world_touch(w, "incoming", name, 10);
    }
}

static void what_is_no_plain_file_is_reported_and_left_alone(void **state)
{
    static const struct {
        const char *file, *says;
        enum trap what;
    } cases[] = {
        {"x.eml", ".eml is a symbolic link", LINK}, {"x.hdr", ".hdr is a symbolic link", LINK},
        {"x.hdr", "a symbolic link", DANGLING},     {"x.eml", ".eml is a pipe", PIPE},
        {"x.hdr", ".hdr is a pipe", PIPE},          {"x.eml", ".eml is a folder", FOLDER},
        {"x.eml", ".eml is a socket", SOCKET},      {"x.eml", "2 names (hard links)", HARD},
        {"x.hdr", "2 names (hard links)", HARD},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct flow_deposit dep;
        struct msg *m = NULL;

        depot_world_pair(w, "incoming", "x");
        set_trap(w, cases[i].file, cases[i].what);
        assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_PROBLEM);
        assert_null(m);
        if (!strstr(dep.problem, cases[i].says))
            fail_msg("case %zu: \"%s\" lacks \"%s\"", i, dep.problem, cases[i].says);
        depot_world_expect(w, "proc", NULL, "");
        assert_true(depot_world_has(w, "incoming", "x.eml") && depot_world_has(w, "incoming", "x.hdr"));
        depot_world_close(&w);
    }
}

static void a_fresh_hard_link_gets_time_to_go_away(void **state)
{
    struct world *w = depot_world_plain();
    struct flow_deposit dep;
    struct msg *m = NULL;

    (void)state;
    depot_world_pair(w, "incoming", "x");
    assert_int_equal(linkat(w->d.spool.intake[0].fd, "x.eml", w->d.spool.quarantine.fd, "x", 0), 0);
    assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_LATER);
    assert_int_equal(dep.retry_ms, 2000);
    assert_int_equal(unlinkat(w->d.spool.quarantine.fd, "x", 0), 0);
    assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_CLAIMED);
    msg_free(&m);
    depot_world_close(&w);
}

static void only_a_finished_envelope_is_taken(void **state)
{
    static const struct {
        const char *says, *hdr;
        int64_t mtime;
        enum flow_claim_result wanted;
        int64_t retry_ms;
    } cases[] = {
        {"Writing is never taken", "Writing\na@example.org\nb@example.net\n\n", 0, FLOW_LATER, 0},
        {"nor when it is long ago", "Writing\na@example.org\nb@example.net\n\n", 10, FLOW_LATER, 0},
        {"Ready is another program's word", "Ready\na@example.org\nb@example.net\n\n", 10, FLOW_LATER, 0},
        {"Failed is taken", "Failed\na@example.org\nb@example.net\n\n", 0, FLOW_CLAIMED, 0},
        {"an empty one may be under way", "", 0, FLOW_LATER, 2000},
        {"a torn status word may be under way", "Writ", 0, FLOW_LATER, 2000},
        {"a broken one may be under way", "Written\na@example.org\n", 0, FLOW_LATER, 2000},
        {"a broken one that is quiet is taken", "Written\na@example.org\n", 10, FLOW_CLAIMED, 0},
        {"so is an empty one", "", 10, FLOW_CLAIMED, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct flow_deposit dep;
        struct msg *m = NULL;
        enum flow_claim_result got;

        depot_world_pair(w, "incoming", "x");
        depot_world_write(w, "incoming", "x.hdr", cases[i].hdr);
        if (cases[i].mtime)
            depot_world_touch(w, "incoming", "x.hdr", cases[i].mtime);
        got = depot_world_try(w, "x", &dep, &m);
        if (got != cases[i].wanted || dep.retry_ms != cases[i].retry_ms)
            fail_msg("%s: result %d after %lld", cases[i].says, got, (long long)dep.retry_ms);
        if (got == FLOW_CLAIMED)
            assert_true(m->reason[0] != '\0');
        else
            depot_world_expect(w, "incoming", NULL, "x.eml x.hdr");
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void half_a_pair_is_nothing(void **state)
{
    static const char *const missing[] = {"x.eml", "x.hdr"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = depot_world_plain();
        struct flow_deposit dep;
        struct msg *m = NULL;

        depot_world_pair(w, "incoming", "x");
        assert_int_equal(unlinkat(w->d.spool.intake[0].fd, missing[i], 0), 0);
        assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_NOTHING);
        depot_world_expect(w, "incoming", NULL, missing[1 - i]);
        depot_world_close(&w);
    }
}

static void an_open_writer_keeps_it_there(void **state)
{
    static const char *const open_file[] = {"x.eml", "x.hdr"};
    static const char *const lease[] = {"intake main.ready=lease"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct world *w = depot_world_open(lease, 1);
        struct flow_deposit dep;
        struct msg *m = NULL;
        int fd;

        depot_world_pair(w, "incoming", "x");
        fd = openat(w->d.spool.intake[0].fd, open_file[i], O_WRONLY | O_CLOEXEC);
        assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_LATER);
        assert_int_equal(dep.retry_ms, 200);
        depot_world_expect(w, "incoming", NULL, "x.eml x.hdr");
        close(fd);
        assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_CLAIMED);
        /* No lease is left behind: it would stop every later opener. */
        assert_int_equal(fcntl(m->eml, F_GETLEASE), F_UNLCK);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void quiet_asks_for_the_time_that_is_missing(void **state)
{
    static const char *const quiet[] = {"intake main.ready=quiet:5s"};
    struct world *w = depot_world_open(quiet, 1);
    struct flow_deposit dep;
    struct msg *m = NULL;

    (void)state;
    depot_world_pair(w, "incoming", "x");
    assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_LATER);
    assert_in_range(dep.retry_ms, 3000, 5001);
    depot_world_touch(w, "incoming", "x.eml", 60);
    assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_LATER);
    depot_world_touch(w, "incoming", "x.hdr", 60);
    assert_int_equal(depot_world_try(w, "x", &dep, &m), FLOW_CLAIMED);
    msg_free(&m);
    depot_world_close(&w);
}

/* A user without a lease on other people's files, in a child: no assertion counts there, only its answer. */
static int claim_as_stranger(void *arg)
{
    struct world *w = arg;
    struct flow_deposit dep;
    struct msg *m = NULL;
    enum flow_claim_result r = depot_world_try(w, "x", &dep, &m);

    return (int)r + (dep.retry_ms > 1000 ? 10 : 0) + (strstr(dep.problem, "may not be read") ? 20 : 0);
}

static void without_a_lease_the_empty_line_has_to_be_there(void **state)
{
    static const struct {
        const char *says, *hdr;
        mode_t mode;
        int64_t mtime;
        int wanted;
    } cases[] = {
        {"a whole envelope needs no lease", DEPOT_WORLD_HDR, 0644, 0, FLOW_CLAIMED},
        {"one that may be cut off waits", "Written\na@example.org\n1@example.net\n", 0644, 0,
         FLOW_LATER + 10},
        {"two seconds later it is whole", "Written\na@example.org\n1@example.net\n", 0644, 10, FLOW_CLAIMED},
        {"an unreadable one is a problem", DEPOT_WORLD_HDR, 0600, 0, FLOW_PROBLEM + 20},
    };

    (void)state;
    if (geteuid() != 0)
        skip();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        int got;

        assert_int_equal(chmod(w->root, 0755), 0);
        assert_int_equal(fchmod(w->d.spool.intake[0].fd, 0777), 0);
        assert_int_equal(fchmod(w->d.spool.proc.fd, 0777), 0);
        depot_world_pair(w, "incoming", "x");
        depot_world_write(w, "incoming", "x.hdr", cases[i].hdr);
        assert_int_equal(fchmodat(w->d.spool.intake[0].fd, "x.hdr", cases[i].mode, 0), 0);
        if (cases[i].mtime)
            depot_world_touch(w, "incoming", "x.hdr", cases[i].mtime);
        got = depot_world_child(claim_as_stranger, w, STRANGER);
        if (got != cases[i].wanted)
            fail_msg("%s: answer %d", cases[i].says, got);
        depot_world_close(&w);
    }
}

/* Inode, size and times are the depositor's to choose; the time of the claim is not. */
static void the_same_deposit_made_again_is_another_message(void **state)
{
    struct world *w = depot_world_plain();
    struct flow_deposit dep;
    struct msg *m = NULL, *again = NULL;
    char name[MSG_NAME_MAX];

    (void)state;
    m = depot_world_claim(w, "x");
    assert_int_equal(
        renameat(w->d.spool.proc.fd, msg_file(m, name, ".hdr.c"), w->d.spool.intake[0].fd, "x.hdr"), 0);
    assert_int_equal(
        renameat(w->d.spool.proc.fd, msg_file(m, name, ".eml"), w->d.spool.intake[0].fd, "x.eml"), 0);
    depot_world_put(w, "proc", &m->base, ".eml", "another message");
    assert_int_equal(depot_world_try(w, "x", &dep, &again), FLOW_CLAIMED);
    assert_string_not_equal(m->base.s, again->base.s);
    assert_true(base_stamp_matches(&again->base, 'E', &m->eml_stat));
    msg_free(&m);
    msg_free(&again);
    depot_world_close(&w);
}

static void odd_names_are_cleaned_but_kept_for_the_record(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "-a b~\xc3\xa9.eml");

    (void)state;
    assert_true(view_equal(base_clean(&m->base), VIEW("_a_b___.eml")));
    assert_true(view_equal(m->name, VIEW("-a b~\xc3\xa9.eml")));
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.c");
    msg_free(&m);
    depot_world_close(&w);
}

static void loading_needs_both_halves(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_claim(w, "x"), *again = msg_new(&m->base);
    char name[MSG_NAME_MAX];

    (void)state;
    snprintf(again->suffix, sizeof again->suffix, ".hdr.c");
    assert_int_equal(flow_load(&w->d, again), 0);
    assert_true(again->env_ok && again->eml >= 0);
    assert_int_equal(msg_size(again), strlen(DEPOT_WORLD_EML));
    msg_free(&again);
    again = msg_new(&m->base);
    snprintf(again->suffix, sizeof again->suffix, ".hdr.w1");
    assert_int_equal(flow_load(&w->d, again), -1);
    assert_int_equal(again->err, ENOENT);
    snprintf(again->suffix, sizeof again->suffix, ".hdr.c");
    assert_int_equal(unlinkat(w->d.spool.proc.fd, msg_file(m, name, ".eml"), 0), 0);
    assert_int_equal(flow_load(&w->d, again), -1);
    assert_int_equal(again->err, ENOENT);
    msg_free(&again);
    msg_free(&m);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_pair_becomes_a_message),
        cmocka_unit_test(what_is_no_plain_file_is_reported_and_left_alone),
        cmocka_unit_test(a_fresh_hard_link_gets_time_to_go_away),
        cmocka_unit_test(only_a_finished_envelope_is_taken),
        cmocka_unit_test(half_a_pair_is_nothing),
        cmocka_unit_test(an_open_writer_keeps_it_there),
        cmocka_unit_test(quiet_asks_for_the_time_that_is_missing),
        cmocka_unit_test(without_a_lease_the_empty_line_has_to_be_there),
        cmocka_unit_test(the_same_deposit_made_again_is_another_message),
        cmocka_unit_test(odd_names_are_cleaned_but_kept_for_the_record),
        cmocka_unit_test(loading_needs_both_halves),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
