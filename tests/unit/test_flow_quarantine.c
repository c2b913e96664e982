/*
 * test_flow_quarantine.c - unit tests of spoold/flow_quarantine.c: the entry is whole, last of all its
 * envelope.
 *
 * Run by `make check`, with the quarantine on the spool's file system and on
 * another one (/dev/shm, where there is one). Whatever part of the way was gone
 * before a kill, starting again from what stands on disk gives the same entry.
 */
#include "tests/unit/depot_world.h"

#include "spoold/flow_quarantine.h"

static char far_root[64];

/* The class folder moves to another file system. False when there is none. */
static bool go_far(struct world *w)
{
    struct spool_dir *d = &w->d.spool.class[SPOOL_CLASS_VIRUS];
    struct spool_dir there;
    int fd;

    snprintf(far_root, sizeof far_root, "/dev/shm/spoold-far-XXXXXX");
    if (!mkdtemp(far_root))
        return false;
    fd = open(far_root, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    there = depot_world_fill(fd, "virus");
    if (there.dev == w->d.spool.proc.dev) {
        close(fd);
        rmdir(far_root);
        return false;
    }
    close(d->fd);
    *d = there;
    return true;
}

static void come_back(void)
{
    nftw(far_root, world_unlink, 16, FTW_DEPTH | FTW_PHYS);
}

static void expect_entry(struct world *w, bool far, const struct base *b, const char *wanted)
{
    char root[sizeof w->root];

    if (!far) {
        depot_world_expect(w, "quarantine/virus", b, wanted);
        return;
    }
    memcpy(root, w->root, sizeof root);
    snprintf(w->root, sizeof w->root, "%s", far_root);
    depot_world_expect(w, "", b, wanted);
    memcpy(w->root, root, sizeof root);
}

static void expect_bytes(struct world *w, const struct base *b, const char *suffix, const char *wanted)
{
    char name[MSG_NAME_MAX];
    struct buf raw = {0};
    int fd;

    snprintf(name, sizeof name, "%s%s", b->s, suffix);
    fd = openat(w->d.spool.class[SPOOL_CLASS_VIRUS].fd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    assert_int_equal(buf_read_fd(&raw, fd, 1 << 20), 0);
    close(fd);
    assert_true(view_equal(buf_view(&raw), view_of(wanted)));
    buf_free(&raw);
}

static struct msg *committed(struct world *w)
{
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_QUARANTINE, 0);

    msg_set_reason(m, "for the test");
    assert_int_equal(depot_world_prepare(&w->d, m), 0);
    assert_int_equal(flow_commit(&w->d, m), 0);
    depot_world_flush(w);
    assert_int_equal(m->err, 0);
    return m;
}

static void the_whole_way(bool far)
{
    struct world *w = depot_world_plain();
    struct msg *m = NULL;

    if (far && !go_far(w)) {
        depot_world_close(&w);
        skip();
    }
    m = committed(w);
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.q-virus @.json.out");
    assert_int_equal(flow_content(&w->d, m), 0);
    expect_entry(w, far, &m->base, "@.eml @.json");
    depot_world_expect(w, "proc", &m->base, far ? "@.eml @.hdr.q-virus @.json.out" : "@.hdr.q-virus");
    assert_int_equal(flow_envelope(&w->d, m), 0);
    assert_int_equal(flow_record(&w->d, m), 0);
    assert_int_equal(flow_unlink(&w->d, m), 0);
    expect_entry(w, far, &m->base, "@.eml @.json");
    assert_int_equal(flow_finish(&w->d, m), 0);
    expect_entry(w, far, &m->base, "@.eml @.hdr @.json");
    depot_world_expect(w, "proc", &m->base, "");
    expect_bytes(w, &m->base, ".eml", DEPOT_WORLD_EML);
    expect_bytes(w, &m->base, ".hdr", DEPOT_WORLD_HDR);
    msg_free(&m);
    depot_world_close(&w);
    if (far)
        come_back();
}

static void an_entry_on_the_same_file_system_is_moved(void **state)
{
    (void)state;
    the_whole_way(false);
}

static void an_entry_on_another_file_system_is_copied(void **state)
{
    (void)state;
    the_whole_way(true);
}

/* What recovery makes of it: the same base, the suffix from disk, nothing else remembered. */
static struct msg *found_again(const struct msg *m)
{
    struct msg *again = msg_new(&m->base);

    again->recovered = true;
    again->fate = MSG_FATE_QUARANTINE;
    again->class = SPOOL_CLASS_VIRUS;
    memcpy(again->suffix, m->suffix, sizeof again->suffix);
    return again;
}

static void finish_anew(struct world *w, struct msg *m)
{
    static int (*const rest[])(struct depot *, struct msg *) = {flow_resume, flow_content, flow_envelope,
                                                                flow_record, flow_unlink,  flow_finish};

    for (size_t i = 0; i < sizeof rest / sizeof *rest; i++) {
        if (rest[i](&w->d, m) < 0)
            fail_msg("step %zu: %s: %s", i, m->err_what, strerror(m->err));
        depot_world_flush(w);
        assert_int_equal(m->err, 0);
    }
}

static void copy_one(struct world *w, const struct msg *m, const char *from, const char *to, size_t n)
{
    char name[MSG_NAME_MAX], other[MSG_NAME_MAX + 8], bytes[4096];
    int in = openat(w->d.spool.proc.fd, msg_file(m, name, from), O_RDONLY | O_CLOEXEC), out;
    ssize_t got = read(in, bytes, sizeof bytes);

    snprintf(other, sizeof other, "%s%s", m->base.s, to);
    out = openat(w->d.spool.class[SPOOL_CLASS_VIRUS].fd, other, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
    assert_true(in >= 0 && out >= 0 && got >= 0);
    got = n < (size_t)got ? (ssize_t)n : got;
    assert_int_equal(write(out, bytes, (size_t)got), got);
    close(in);
    close(out);
}

static void drop_one(struct world *w, const struct msg *m, const char *suffix)
{
    char name[MSG_NAME_MAX];

    assert_int_equal(unlinkat(w->d.spool.proc.fd, msg_file(m, name, suffix), 0), 0);
}

/* Each case is the former and one more operation of the far form; the torn .tmp files are of that moment
 * only. */
static void far_prefix(struct world *w, const struct msg *m, unsigned upto)
{
    if (upto == 1)
        copy_one(w, m, ".eml", ".eml.tmp", 4);
    if (upto >= 2)
        copy_one(w, m, ".eml", ".eml", SIZE_MAX);
    if (upto == 3)
        copy_one(w, m, ".json.out", ".json.tmp", 2);
    if (upto >= 4)
        copy_one(w, m, ".json.out", ".json", SIZE_MAX);
    if (upto == 5)
        copy_one(w, m, m->suffix, ".hdr.tmp", 0);
    if (upto >= 6)
        copy_one(w, m, m->suffix, ".hdr", SIZE_MAX);
    if (upto >= 7)
        drop_one(w, m, ".eml");
    if (upto >= 8)
        drop_one(w, m, ".json.out");
}

static void a_killed_copy_is_completed_from_any_point(void **state)
{
    (void)state;
    for (unsigned upto = 0; upto <= 8; upto++) {
        struct world *w = depot_world_plain();
        struct msg *m = NULL, *again = NULL;

        if (!go_far(w)) {
            depot_world_close(&w);
            skip();
        }
        m = committed(w);
        far_prefix(w, m, upto);
        again = found_again(m);
        finish_anew(w, again);
        expect_entry(w, true, &m->base, "@.eml @.hdr @.json");
        depot_world_expect(w, "proc", &m->base, "");
        expect_bytes(w, &m->base, ".eml", DEPOT_WORLD_EML);
        expect_bytes(w, &m->base, ".hdr", DEPOT_WORLD_HDR);
        assert_true(depot_world_events(w, &m->base) & 1u << EVENT_QUARANTINED);
        msg_free(&again);
        msg_free(&m);
        depot_world_close(&w);
        come_back();
    }
}

static void a_killed_move_is_completed_from_any_point(void **state)
{
    static const char *const moved[][2] = {{".eml", ".eml"}, {".json.out", ".json"}};

    (void)state;
    for (size_t upto = 0; upto <= 2; upto++) {
        struct world *w = depot_world_plain();
        struct msg *m = committed(w), *again = NULL;
        char from[MSG_NAME_MAX], to[MSG_NAME_MAX];

        for (size_t i = 0; i < upto; i++)
            assert_int_equal(renameat(w->d.spool.proc.fd, msg_file(m, from, moved[i][0]),
                                      w->d.spool.class[SPOOL_CLASS_VIRUS].fd, msg_file(m, to, moved[i][1])),
                             0);
        again = found_again(m);
        finish_anew(w, again);
        depot_world_expect(w, "quarantine/virus", &m->base, "@.eml @.hdr @.json");
        depot_world_expect(w, "proc", &m->base, "");
        msg_free(&again);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void a_part_that_vanished_in_front_of_us_is_an_error(void **state)
{
    (void)state;
    for (int far = 0; far < 2; far++) {
        struct world *w = depot_world_plain();
        struct msg *m = NULL;

        if (far && !go_far(w)) {
            depot_world_close(&w);
            continue;
        }
        m = committed(w);
        drop_one(w, m, ".eml");
        assert_int_equal(flow_content(&w->d, m), -1);
        assert_int_equal(m->err, ENOENT);
        msg_free(&m);
        depot_world_close(&w);
        if (far)
            come_back();
    }
}

static void a_taken_name_is_never_overwritten(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = committed(w);

    (void)state;
    m->recovered = true;
    depot_world_put(w, "quarantine/virus", &m->base, ".eml", "theirs");
    assert_int_equal(flow_content(&w->d, m), -1);
    assert_int_equal(m->err, EEXIST);
    expect_bytes(w, &m->base, ".eml", "theirs");
    depot_world_expect(w, "proc", &m->base, "@.eml @.hdr.q-virus @.json.out");
    msg_free(&m);
    depot_world_close(&w);
}

static void the_record_names_who_is_still_to_be_served(void **state)
{
    struct world *w = depot_world_plain();
    struct msg *m = depot_world_decided(w, "x", MSG_FATE_QUARANTINE, 1);
    struct buf out = {0};
    json_t *j, *to;

    (void)state;
    msg_set_reason(m, "it says \"no\"");
    flow_quarantine_record(m, &out);
    j = json_loadb(out.p, out.n, 0, NULL);
    assert_non_null(j);
    to = json_object_get(j, "recipients");
    assert_int_equal(json_array_size(to), 2);
    assert_string_equal(json_string_value(json_array_get(to, 0)), "2@example.net");
    assert_string_equal(json_string_value(json_object_get(j, "class")), "virus");
    assert_string_equal(json_string_value(json_object_get(j, "reason")), "it says \"no\"");
    assert_string_equal(json_string_value(json_object_get(j, "id")), m->base.s);
    json_decref(j);
    buf_free(&out);
    msg_free(&m);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_entry_on_the_same_file_system_is_moved),
        cmocka_unit_test(an_entry_on_another_file_system_is_copied),
        cmocka_unit_test(a_killed_copy_is_completed_from_any_point),
        cmocka_unit_test(a_killed_move_is_completed_from_any_point),
        cmocka_unit_test(a_part_that_vanished_in_front_of_us_is_an_error),
        cmocka_unit_test(a_taken_name_is_never_overwritten),
        cmocka_unit_test(the_record_names_who_is_still_to_be_served),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
