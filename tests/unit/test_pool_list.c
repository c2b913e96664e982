/*
 * test_pool_list.c - unit tests of spoold/pool_list.c: the room for what a worker writes has a size that
 * nobody can change; what is taken from it is a list, or bytes.
 *
 * Run by `make check`. What a wrong list does to its worker is tested in test_pool_result.c.
 */
#include "tests/unit/pool_world.h"

#include "common/parts.h"
#include "spoold/pool_part.h"

#include <sys/resource.h>

static void the_room_keeps_its_size(void **state)
{
    struct pool_list l = POOL_LIST_NONE;
    int child = pool_list_open(&l, PARTS_PACKED_MAX), room = l.room;
    char byte = 'x';

    (void)state;
    assert_true(room >= 0 && child >= 0);
    assert_int_equal(pwrite(child, &byte, 1, PARTS_PACKED_MAX - 1), 1);
    assert_int_equal(pwrite(child, &byte, 1, PARTS_PACKED_MAX), -1);
    assert_int_equal(ftruncate(child, PARTS_PACKED_MAX + 1), -1);
    assert_int_equal(ftruncate(child, 0), -1);
    assert_int_equal(fallocate(child, 0, 0, PARTS_PACKED_MAX + 1), -1);
    assert_int_equal(fcntl(child, F_ADD_SEALS, F_SEAL_WRITE), -1);
    assert_int_equal(pread(child, &byte, 1, 0), -1);
    assert_true(mmap(NULL, 4096, PROT_READ, MAP_SHARED, child, 0) == MAP_FAILED);
    assert_int_equal(fcntl(child, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(fcntl(room, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_int_equal(pread(room, &byte, 1, PARTS_PACKED_MAX - 1), 1);
    assert_int_equal(byte, 'x');
    pool_list_close(&l);
    assert_true(l.room == -1 && l.child == -1);
    pool_list_close(&l);
}

static void a_list_is_taken_and_the_one_before_is_gone(void **state)
{
    struct parts written = {.odd = oddity_bit(ODDITY_TYPES)}, got = {0};
    struct pool_list l = POOL_LIST_NONE;
    int child = pool_list_open(&l, PARTS_PACKED_MAX), room = l.room;
    struct buf b = {0};

    (void)state;
    parts_add(&written, &(struct parts_item){.size = 1}, VIEW("a/b"), VIEW("n"));
    parts_pack(&b, &written);
    assert_int_equal(buf_write_fd(&b, child), 0);
    assert_null(pool_list_take(room, b.n, &got));
    assert_true(got.n == 1 && got.odd == written.odd);
    assert_non_null(pool_list_take(room, b.n - 1, &got));
    assert_true(parts_is_empty(&got) && !got.item);
    assert_null(pool_list_take(room, b.n, &got));
    assert_null(pool_list_take(room, 0, &got));
    assert_true(parts_is_empty(&got) && !got.item);
    assert_string_equal(pool_list_take(room, PARTS_PACKED_MAX, &got),
                        "RESULT: its output is no list of parts");
    assert_string_equal(pool_list_take(room, PARTS_PACKED_MAX + 1, &got), "RESULT: its output is too large");
    pool_list_close(&l);
    parts_free(&written);
    buf_free(&b);
}

static void an_answer_is_read_up_to_its_limit(void **state)
{
    static const struct {
        const char *says;
        uint64_t size;
        const char *fault, *got;
    } cases[] = {
        {"nothing was written", 0, NULL, ""},
        {"a part of it counts", 3, NULL, "ans"},
        {"one less than the limit", 7, NULL, "answer!"},
        {"all that there is room for", 8, NULL, "answer!\n"},
        {"one more than the limit", 9, "RESULT: its output is too large", ""},
        {"a size that wraps around", UINT64_MAX, "RESULT: its output is too large", ""},
    };
    struct pool_list l = POOL_LIST_NONE;
    int child = pool_list_open(&l, 8), room = l.room;
    struct buf got = {0};

    (void)state;
    assert_int_equal(write(child, "answer!\n", 8), 8);
    assert_int_equal(write(child, "x", 1), -1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *fault;

        buf_add_str(&got, "of the job before");
        fault = pool_list_read(room, cases[i].size, 8, &got);
        if ((fault || cases[i].fault) && (!fault || !cases[i].fault || strcmp(fault, cases[i].fault) != 0))
            fail_msg("%s: %s", cases[i].says, fault ? fault : "no fault");
        if (!view_equal(buf_view(&got), view_of(cases[i].got)))
            fail_msg("%s: '%.*s'", cases[i].says, (int)got.n, got.p);
    }
    assert_string_equal(pool_list_read(-1, 1, 8, &got), "RESULT: its output cannot be read");
    assert_int_equal(got.n, 0);
    pool_list_close(&l);
    buf_free(&got);
}

static void a_child_keeps_its_room_while_it_is_small(void **state)
{
    static const struct {
        const char *says;
        uint64_t used;
        size_t size;
        bool same;
    } cases[] = {
        {"nothing was written", 0, 65536, true},
        {"as much as is kept", 32768, 65536, true},
        {"one byte more", 32769, 65536, false},
        {"a size that is none", UINT64_MAX, 65536, false},
        {"the next job wants more room", 10, 65537, false},
    };
    const unsigned before = pool_world_fds();

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pool_list l = POOL_LIST_NONE;
        int child = pool_list_open(&l, 65536);
        char byte = 0;

        assert_int_equal(write(child, "before", 6), 6);
        pool_list_rest(&l, cases[i].used);
        child = pool_list_open(&l, cases[i].size);
        assert_true(child >= 0 && child == l.child && l.size == cases[i].size);
        assert_int_equal(pread(l.room, &byte, 1, 0), 1);
        if ((byte == 'b') != cases[i].same)
            fail_msg("%s: the memory is %s", cases[i].says, cases[i].same ? "another one" : "the same");
        assert_int_equal(write(child, "x", 1), 1); /* at the begin, wherever the job before had stopped */
        assert_int_equal(pread(l.room, &byte, 1, 0), 1);
        assert_int_equal(byte, 'x');
        pool_list_close(&l);
        assert_int_equal(pool_world_fds(), before);
    }
}

static void without_descriptors_there_is_no_room(void **state)
{
    struct rlimit old, few;
    struct pool_list l = POOL_LIST_NONE;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    for (rlim_t more = 0; more < 2; more++) {
        int next = dup(0);
        unsigned before;

        close(next);
        before = pool_world_fds();
        few = (struct rlimit){(rlim_t)next + more, old.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        errno = 0;
        assert_int_equal(pool_list_open(&l, 1), -1);
        assert_true(errno == EMFILE && l.room == -1 && l.child == -1);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
        assert_int_equal(pool_world_fds(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_room_keeps_its_size),
        cmocka_unit_test(a_list_is_taken_and_the_one_before_is_gone),
        cmocka_unit_test(an_answer_is_read_up_to_its_limit),
        cmocka_unit_test(a_child_keeps_its_room_while_it_is_small),
        cmocka_unit_test(without_descriptors_there_is_no_room),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
