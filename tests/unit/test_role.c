/*
 * test_role.c - unit tests of common/role.c.
 *
 * Run by `make check`. A number from a wire must never find anything beyond the
 * table, and every row must be complete enough to start its worker.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/role.h"

#include <string.h>

static void every_role_names_its_binary_and_user(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ROLE__MAX; i++) {
        const struct role_row *row = role_find(i);

        assert_non_null(row);
        assert_int_equal(strncmp(row->binary, "worker-", 7), 0);
        assert_string_equal(row->binary + 7, row->name);
        assert_null(strchr(row->binary, '/'));
        assert_true(row->user[0] != '\0' && strcmp(row->user, "root") != 0);
    }
}

static void rewrite_needs_no_scratch(void **state)
{
    const struct role_row *row = role_find(ROLE_REWRITE);

    (void)state;
    assert_string_equal(row->name, "rewrite");
    assert_string_equal(row->binary, "worker-rewrite");
    assert_string_equal(row->user, "spoold-rewrite");
    assert_int_equal(row->scratch_mb, 0);
}

static void av_has_a_scratch_folder_and_needs_landlock(void **state)
{
    const struct role_row *row = role_find(ROLE_AV);

    (void)state;
    assert_string_equal(row->name, "av");
    assert_string_equal(row->user, "spoold-av");
    assert_true(row->scratch_mb > 0);
    assert_int_equal(row->required, SANDBOX__REQUIRED | SANDBOX_LANDLOCK);
    assert_int_equal(role_find(ROLE_REWRITE)->required, SANDBOX__REQUIRED);
}

static void dns_alone_has_a_network(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ROLE__MAX; i++)
        assert_int_equal(role_find(i)->network, i == ROLE_DNS);
    assert_string_equal(role_find(ROLE_DNS)->user, "spoold-dns");
    assert_string_equal(role_find(ROLE_ANTISPAM)->name, "antispam");
    assert_string_equal(role_find(ROLE_ANTISPAM)->user, "spoold-antispam");
    assert_int_equal(role_find(ROLE_DNS)->scratch_mb + role_find(ROLE_ANTISPAM)->scratch_mb, 0);
}

/* Whoever may open files is held to its own by Landlock alone. */
static void no_role_has_files_without_landlock(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < ROLE__MAX; i++) {
        const struct role_row *row = role_find(i);

        assert_int_equal(row->required & SANDBOX__REQUIRED, SANDBOX__REQUIRED);
        if (row->scratch_mb && !(row->required & SANDBOX_LANDLOCK))
            fail_msg("role %s has files and no Landlock", row->name);
        for (uint32_t k = 0; k < i; k++)
            assert_string_not_equal(row->user, role_find(k)->user);
    }
}

static void number_beyond_the_table_has_no_row(void **state)
{
    static const uint32_t numbers[] = {ROLE__MAX, ROLE__MAX + 1, 0x7fffffff, 0x80000000, 0xffffffff};

    (void)state;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (role_find(numbers[i]))
            fail_msg("role %u has a row", numbers[i]);
}

static void every_sandbox_bit_has_one_name(void **state)
{
    static const struct {
        uint32_t bit;
        const char *name;
    } cases[] = {
        {SANDBOX_UID, "uid"},
        {SANDBOX_NET, "net"},
        {SANDBOX_IPC, "ipc"},
        {SANDBOX_MOUNT, "mount"},
        {SANDBOX_USERNS, "userns"},
        {SANDBOX_SCRATCH, "scratch"},
        {SANDBOX_RLIMITS, "rlimits"},
        {SANDBOX_SECCOMP, "seccomp"},
        {SANDBOX_TRACE, "trace"},
        {SANDBOX_LANDLOCK, "landlock"},
        {SANDBOX_NO_NEW_PRIVS, "no_new_privs"},
    };
    uint32_t seen = 0;

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(role_sandbox_name((unsigned)__builtin_ctz(cases[i].bit)), cases[i].name);
        seen |= cases[i].bit;
    }
    assert_int_equal(seen, SANDBOX__ALL);
    assert_null(role_sandbox_name(11));
    assert_null(role_sandbox_name(~0U));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_role_names_its_binary_and_user),
        cmocka_unit_test(rewrite_needs_no_scratch),
        cmocka_unit_test(av_has_a_scratch_folder_and_needs_landlock),
        cmocka_unit_test(dns_alone_has_a_network),
        cmocka_unit_test(no_role_has_files_without_landlock),
        cmocka_unit_test(number_beyond_the_table_has_no_row),
        cmocka_unit_test(every_sandbox_bit_has_one_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
