/*
 * test_findings.c - faults that reviews have found, one test each, so that they stay mended.
 *
 * They cross the borders of single sources: poison and the disk, root and
 * links, releases, halves of other intakes, repairs while mail is in work.
 */
#include "tests/unit/control_world.h"
#include "spoold/loop.h"
#include "spoold/root.h"
#include "spoold/scan.h"
#include "spoold/watch.h"

static struct spoold *fresh(struct world **w, const char *const *setting, size_t n)
{
    struct spoold *s;

    *w = depot_world_open(setting, n);
    s = loop_world_open(*w);
    s->recovered = false;
    return s;
}

static void close_all(struct world **w, struct spoold **s)
{
    if ((*s)->watch)
        watch_stop(&(*s)->watch);
    if ((*s)->control)
        control_close(*s);
    loop_world_close(*w, s);
    depot_world_close(w);
}

static void look(struct spoold *s)
{
    recover_look(s);
    loop_world_turn(s);
    if (s->looking)
        loop_world_turn(s);
}

/* flow.c act_decide */
static void a_poison_entry_names_its_recipients(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct base b = world_base(w, "x");
    char *text;
    (void)state;

    depot_world_put(w, "proc", &b, ".eml", DEPOT_WORLD_EML);
    depot_world_put(w, "proc", &b, ".hdr.w3", DEPOT_WORLD_HDR);
    look(s);
    loop_world_run_out(s);
    text = depot_world_read(w, "quarantine/poison", &b, ".json");
    print_message("%s", text);
    assert_non_null(strstr(text, "\"recipients\":[\"1@example.net\""));
    free(text);
    close_all(&w, &s);
}

/* flow.c: a poison message that meets a disk error is tried as a normal one */
static void poison_stays_poison_after_a_disk_error(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct base b = world_base(w, "x");
    char name[MSG_NAME_MAX];
    (void)state;

    depot_world_put(w, "proc", &b, ".eml", DEPOT_WORLD_EML);
    depot_world_put(w, "proc", &b, ".hdr.w3", DEPOT_WORLD_HDR);
    snprintf(name, sizeof name, "%s.json.out", b.s);
    assert_int_equal(mkdirat(s->depot.spool.proc.fd, name, 0700), 0);
    look(s);
    loop_world_run_out(s);
    assert_int_equal(s->roster.count[ROSTER_RESTING], 1); /* what is in the way cannot be removed */
    unlinkat(s->depot.spool.proc.fd, name, AT_REMOVEDIR);
    roster_set_due(&s->roster, roster_find(&s->roster, &b), INT64_MAX);
    look(s);
    loop_world_run_out(s);
    depot_world_expect(w, "outgoing", &b, "");
    close_all(&w, &s);
}

/* recover_look.c consider/wait_outside */
static void external_alarm_is_raised(void **state)
{
    static const char *const stage[] = {"spool.external_stage=yes", "spool.external_alarm=1s"};
    struct world *w;
    struct spoold *s = fresh(&w, stage, 2);
    struct base b = world_base(w, "x");
    (void)state;

    depot_world_put(w, "proc", &b, ".eml", DEPOT_WORLD_EML);
    look(s);
    roster_find(&s->roster, &b)->since_ms -= 100000;
    look(s);
    assert_true(s->alarms.since_ms[ALARM_STRANGE_STATE] != 0);
    close_all(&w, &s);
}

/* recover_look.c look_done overwrites look_due */
static void a_look_asked_for_during_a_look_follows_soon(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    (void)state;

    recover_look(s);
    recover_look_soon(s);
    loop_world_turn(s);
    assert_true(s->look_due <= depot_mono_ms() + 1000);
    close_all(&w, &s);
}

/* root.c own_dir */
static int prepare_root(void *arg)
{
    char set[128];
    const char *setting[] = {set, "spool.unsafe_filesystem=yes"};
    struct config_errors errs = {.n = 0};
    struct depot *d = xcalloc(1, sizeof *d);

    snprintf(set, sizeof set, "paths.root=%s", (const char *)arg);
    root_prepare(d, config_load(NULL, setting, 2, &errs));
    return 0;
}

static void root_gives_nothing_away_through_a_link(void **state)
{
    char root[] = "/tmp/spoold-red-XXXXXX", victim[] = "/tmp/spoold-victim-XXXXXX", path[128];
    struct stat st;
    int code;
    (void)state;

    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(root));
    assert_non_null(mkdtemp(victim));
    chmod(victim, 0755);
    assert_int_equal(depot_world_child(prepare_root, root, 0), 0);
    snprintf(path, sizeof path, "%s/state/journal", root);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(symlink(victim, path), 0); /* as the unprivileged user may do: state is his */
    code = depot_world_child(prepare_root, root, 0);
    assert_int_equal(stat(victim, &st), 0);
    print_message("exit %d, owner of the victim %u, mode %04o\n", code, st.st_uid, st.st_mode & 07777);
    assert_int_equal(st.st_uid, 0);
}

static void the_lock_is_no_hard_link(void **state)
{
    char root[] = "/tmp/spoold-red-XXXXXX", path[128], victim[128];
    struct stat st;
    (void)state;

    if (geteuid() != 0)
        skip();
    assert_non_null(mkdtemp(root));
    assert_int_equal(depot_world_child(prepare_root, root, 0), 0);
    snprintf(path, sizeof path, "%s/state/lock", root);
    snprintf(victim, sizeof victim, "%s/victim", root);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(close(open(victim, O_CREAT | O_WRONLY, 0600)), 0);
    assert_int_equal(truncate(victim, 7), 0);
    assert_int_equal(link(victim, path), 0);
    depot_world_child(prepare_root, root, 0);
    assert_int_equal(stat(victim, &st), 0);
    print_message("victim: owner %u, %lld bytes\n", st.st_uid, (long long)st.st_size);
    assert_int_equal(st.st_size, 7);
}

/* recover_repair.c finish_release */
static void a_release_never_shows_an_envelope_without_its_content(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct base b = world_base(w, "x");
    char name[MSG_NAME_MAX];
    (void)state;

    depot_world_put(w, "proc", &b, ".r.eml.out", "e");
    depot_world_put(w, "proc", &b, ".r.hdr.out", "h");
    depot_world_put(w, "quarantine/spam", &b, ".hdr.rel", "h");
    snprintf(name, sizeof name, "%s.r.eml", b.s);
    assert_int_equal(mkdirat(s->depot.spool.outlet[0].fd, name, 0700), 0);
    look(s);
    depot_world_expect(w, "outgoing", &b, "");
    close_all(&w, &s);
}

/* recover_repair.c park, park_stray: EXDEV */
static void lone_halves_are_parked_on_another_file_system_too(void **state)
{
    static const char *const cases[] = {".eml", ".hdr.w1", ".1.eml.out"};
    (void)state;

    for (size_t i = 0; i < 3; i++) {
        struct world *w;
        struct spoold *s = fresh(&w, NULL, 0);
        struct base b = world_base(w, "x");
        char far[] = "/dev/shm/spoold-red-XXXXXX";
        struct spool_dir *to = i == 2 ? &s->depot.spool.stray : &s->depot.spool.class[SPOOL_CLASS_FAILED];
        struct stat st;

        assert_non_null(mkdtemp(far));
        to->fd = open(far, O_RDONLY | O_DIRECTORY);
        assert_int_equal(fstat(to->fd, &st), 0);
        to->dev = st.st_dev;
        depot_world_put(w, "proc", &b, cases[i], DEPOT_WORLD_EML);
        /* the name's stamp has to fit for the .eml to count as ours */
        if (i == 0) {
            struct msg *m = loop_world_claim(w, s, "y");
            char name[MSG_NAME_MAX];

            unlinkat(s->depot.spool.proc.fd, msg_file(m, name, ".hdr.c"), 0);
            snprintf(name, sizeof name, "%s.eml", b.s);
            unlinkat(s->depot.spool.proc.fd, name, 0);
            msg_free(&m);
        }
        look(s);
        look(s);
        depot_world_expect(w, "proc", &b, "");
        nftw(far, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
        close_all(&w, &s);
    }
}

/* recover_repair.c write_reason */
static void a_torn_reason_is_written_again(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct base b = world_base(w, "x");
    char *text;
    (void)state;

    depot_world_put(w, "proc", &b, ".hdr.w1", DEPOT_WORLD_HDR);
    depot_world_put(w, "quarantine/failed", &b, ".json", ""); /* killed between create and write */
    look(s);
    depot_world_expect(w, "quarantine/failed", &b, "@.hdr @.json");
    text = depot_world_read(w, "quarantine/failed", &b, ".json");
    assert_true(strlen(text) > 10);
    free(text);
    close_all(&w, &s);
}

static const char *const two[] = {"intake main.path=incoming", "intake fax.path=fax"};

/* recover_repair.c find_peer without stamps looks in every intake, the first one first */
static void a_strangers_half_goes_back_to_its_own_intake(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, two, 2);
    struct stat st = {.st_ino = 5};
    struct base b;
    (void)state;

    base_make(&b, VIEW("x"), "fax", &st, &st);
    depot_world_put(w, "proc", &b, ".eml", "of another deposit in the folder fax");
    depot_world_put(w, "proc", &b, ".hdr.c", DEPOT_WORLD_HDR);
    depot_world_write(w, "incoming", "x.hdr",
                      DEPOT_WORLD_HDR); /* a deposit in main, its .eml is still to come */
    look(s);
    depot_world_expect(w, "incoming", NULL, "x.hdr");
    close_all(&w, &s);
}

static void nothing_goes_to_main_when_the_intake_is_unknown(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct stat st = {.st_ino = 5};
    struct base b;
    (void)state;

    base_make(&b, VIEW("x"), "gone", &st, &st);
    depot_world_put(w, "proc", &b, ".eml", "e");
    depot_world_put(w, "proc", &b, ".hdr.c", DEPOT_WORLD_HDR);
    look(s);
    depot_world_expect(w, "incoming", NULL, "");
    close_all(&w, &s);
}

/* control_state.c add_envelope */
static void a_line_of_the_queue_fits_into_a_packet(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct roster_entry *e = control_world_entry(&c, ROSTER_WORK);
    struct envelope_error err;
    struct buf raw = {0};
    struct control_reply r;
    (void)state;

    buf_add_str(&raw, "Written\na@example.org\n");
    for (int i = 0; i < 100; i++) {
        buf_addf(&raw, "%sr%d", i ? "," : "", i);
        for (int n = 0; n < 400; n++)
            buf_add_char(&raw, 'x');
        buf_add_str(&raw, "@example.net");
    }
    buf_add_str(&raw, "\n\n");
    e->msg = msg_new(&e->base);
    assert_int_equal(envelope_parse(&e->msg->env, &raw, &err), 0);
    r = control_world_ask(&c, "queue");
    assert_int_equal(r.code, EXIT_OK);
    assert_false(r.torn);
    json_decref(r.line);
    control_world_close(&c);
}

static void a_limit_that_is_no_number_is_refused(void **state)
{
    static const char *const words[] = {"queue|limit=abc", "queue|limit=5x", "queue|limit=-1",
                                        "queue|limit="};
    struct control_world c = control_world_open(NULL, 0);
    (void)state;

    control_world_entry(&c, ROSTER_HELD);
    for (size_t i = 0; i < 4; i++) {
        struct control_reply r = control_world_ask(&c, words[i]);

        if (r.code != EXIT_USAGE_64)
            fail_msg("%s: code %d, %zu lines", words[i], r.code, json_array_size(r.line));
        json_decref(r.line);
    }
    control_world_close(&c);
}

/* watch.c: IN_DELETE_SELF does not come while spoold has the folder open */
static void an_intake_that_is_removed_is_noticed(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct watch *k = watch_start(s);
    (void)state;

    s->recovered = true;
    assert_int_equal(rmdir(depot_world_path(w, "incoming", "")), 0);
    watch_read(k, s);
    intake_walk(s, 0);
    intake_run(s, depot_mono_ms());
    loop_world_run_out(s);
    assert_true(s->alarms.since_ms[ALARM_INTAKE_GONE] != 0);
    watch_stop(&k);
    close_all(&w, &s);
}

/* scan.c later_lost -> intake.c: walks again at once, and again */
static void many_pairs_that_are_not_ready_do_not_keep_the_disk_busy(void **state)
{
    static const char *const quiet[] = {"intake main.ready=quiet:30s"};
    struct world *w;
    struct spoold *s = fresh(&w, quiet, 1);
    char name[32];
    int scans = 0;
    (void)state;

    s->recovered = true;
    for (int i = 0; i < SCAN_LATER_MAX + 50; i++) {
        snprintf(name, sizeof name, "m%d", i);
        depot_world_pair(w, "incoming", name);
    }
    intake_walk(s, 0);
    for (int i = 0; i < 100; i++) {
        intake_run(s, depot_mono_ms());
        scans += loop_world_turn(s) > 0;
    }
    print_message("%d scans of the whole folder at once, %zu hints\n", scans, s->intake[0].hint_n);
    assert_true(scans < 5);
    close_all(&w, &s);
}

/* flow_resume.c find_plan */
static void a_copy_keeps_its_number_when_another_was_taken(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct base b = world_base(w, "x");
    char *text;
    (void)state;

    depot_world_put(w, "proc", &b, ".eml", DEPOT_WORLD_EML);
    depot_world_put(w, "proc", &b, ".hdr.send", DEPOT_WORLD_HDR);
    /* copy 1 was taken by the MTA, copy 2 is still there; so are 4 behind a gap */
    depot_world_put(w, "outgoing", &b, ".2.eml", "x");
    depot_world_put(w, "outgoing", &b, ".2.hdr", "Written\na@example.org\n2@example.net\n\n");
    look(s);
    loop_world_run_out(s);
    text = depot_world_journal(w);
    print_message("%s", text);
    assert_non_null(strstr(text, "\"copy\":2"));
    free(text);
    close_all(&w, &s);
}

/* loop.c periodic: while stopping no look is begun, but its time still wakes the loop */
static void a_stop_that_waits_does_not_spin(void **state)
{
    struct world *w;
    struct spoold *s = fresh(&w, NULL, 0);
    struct base b = world_base(w, "x");
    clock_t before;
    (void)state;

    control_open(s);
    s->watch = watch_start(s);
    s->recovered = true;
    roster_add(&s->roster, &b); /* in work: the store does not answer */
    s->stopping = s->marked_stopped = true;
    s->tidy_due = INT64_MAX;
    s->stop_due = depot_mono_ms() + 400;
    s->look_due = depot_mono_ms() - 1;
    s->scan_due = depot_mono_ms() + 500;
    before = clock();
    loop_run(s);
    print_message("%ld ms of processor time\n", (long)((clock() - before) * 1000 / CLOCKS_PER_SEC));
    assert_true((clock() - before) * 1000 / CLOCKS_PER_SEC < 80);
    close_all(&w, &s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_poison_entry_names_its_recipients),
        cmocka_unit_test(poison_stays_poison_after_a_disk_error),
        cmocka_unit_test(external_alarm_is_raised),
        cmocka_unit_test(a_look_asked_for_during_a_look_follows_soon),
        cmocka_unit_test(root_gives_nothing_away_through_a_link),
        cmocka_unit_test(the_lock_is_no_hard_link),
        cmocka_unit_test(a_release_never_shows_an_envelope_without_its_content),
        cmocka_unit_test(lone_halves_are_parked_on_another_file_system_too),
        cmocka_unit_test(a_torn_reason_is_written_again),
        cmocka_unit_test(a_strangers_half_goes_back_to_its_own_intake),
        cmocka_unit_test(nothing_goes_to_main_when_the_intake_is_unknown),
        cmocka_unit_test(a_line_of_the_queue_fits_into_a_packet),
        cmocka_unit_test(a_limit_that_is_no_number_is_refused),
        cmocka_unit_test(an_intake_that_is_removed_is_noticed),
        cmocka_unit_test(many_pairs_that_are_not_ready_do_not_keep_the_disk_busy),
        cmocka_unit_test(a_stop_that_waits_does_not_spin),
        cmocka_unit_test(a_copy_keeps_its_number_when_another_was_taken),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
