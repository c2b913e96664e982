/*
 * test_ctl_kept.c - unit tests of tools/ctl_kept.c: the settings that a record names, or why there are none.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "tools/ctl_kept.h"

#include "spoold/config_kept.h"

#include "tests/unit/config_world.h"

static int state_folder(void)
{
    assert_int_equal(mkdir("config", 0700), 0);
    return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

static void put(const char *hash, struct view text)
{
    char *name = xasprintf("config/%s.ini", hash);
    int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    assert_int_equal(write(fd, text.p, text.n), (ssize_t)text.n);
    close(fd);
    free(name);
}

static void drop(const char *hash)
{
    char *name = xasprintf("config/%s.ini", hash);

    unlink(name);
    free(name);
    rmdir("config");
}

static void by_their_hash(void **state)
{
    struct config *c = config_world_load("[level low]\nthreshold = 7.5\n"), *again;
    char *hash = xstrdup(config_kept_hash(c));
    struct buf why = {0};
    int fd = state_folder();

    (void)state;
    put(hash, config_kept_text(c));
    again = ctl_kept_load(fd, hash, &why);
    assert_non_null(again);
    assert_int_equal(why.n, 0);
    assert_int_equal(again->policy.level[1].threshold, 7500);
    config_free(&again);
    drop(hash);
    close(fd);
    free(hash);
    config_free(&c);
}

static void or_why_not(void **state)
{
    struct config *c = config_world_load("[level low]\nthreshold = 7.5\n");
    static const char other[] = "00112233445566778899aabbccddeeff";
    const char *const none[] = {"", "../m", "00112233445566778899AABBCCDDEEFF", other};
    int fd = state_folder();

    (void)state;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++) {
        struct buf why = {0};

        assert_null(ctl_kept_load(fd, none[i], &why));
        assert_non_null(strstr(why.p, "not kept"));
        buf_free(&why);
    }
    put(other, config_kept_text(c)); /* whole, but not what was asked for */
    for (int i = 0; i < 2; i++) {
        struct buf why = {0};

        assert_null(ctl_kept_load(fd, other, &why));
        assert_non_null(strstr(why.p, "damaged"));
        buf_free(&why);
        put(other, VIEW("#spoold-config 1\nodd"));
    }
    drop(other);
    close(fd);
    config_free(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(by_their_hash, config_world_enter, config_world_leave),
        cmocka_unit_test_setup_teardown(or_why_not, config_world_enter, config_world_leave),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
