/*
 * test_sandbox_table.c - the table of rights holds together: reasons, spelling, nothing both allowed and
 * hostile.
 *
 * Run by "make check". Only reads the table.
 */
#include "workers/sandbox_table.h"

#include <errno.h>
#include <seccomp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <cmocka.h>

static bool is_spelt_right(const char *call)
{
    return seccomp_syscall_resolve_name(call) != __NR_SCMP_ERROR;
}

static void check_rule(const struct sandbox_rule *r)
{
    if (!is_spelt_right(r->call))
        fail_msg("there is no system call named %s", r->call);
    if (!r->reason || strlen(r->reason) < 7)
        fail_msg("%s: there is no reason", r->call);
}

static void every_rule_names_a_call_and_a_reason(void **state)
{
    const struct sandbox_rule *r;

    (void)state;
    for (unsigned role = 0; role < ROLE__MAX; role++)
        for (size_t i = 0; (r = sandbox_table_right((enum role)role, i)); i++)
            check_rule(r);
    for (unsigned role = 0; role < ROLE__MAX; role++) {
        for (size_t i = 0; (r = sandbox_table_stand_in((enum role)role, i)); i++)
            check_rule(r);
        for (size_t i = 0; (r = sandbox_table_refused((enum role)role, i)); i++)
            check_rule(r);
    }
    for (size_t i = 0; (r = sandbox_table_hostile(i)); i++)
        check_rule(r);
}

static void a_role_of_the_base_has_few_calls(void **state)
{
    size_t n = 0;

    (void)state;
    while (sandbox_table_right(ROLE_REWRITE, n))
        n++;
    assert_in_range(n, 10, 30);
}

/* In one list only: else the filter is refused, or the wider rule wins. */
static void what_is_answered_otherwise_is_no_right(void **state)
{
    const struct sandbox_rule *r;

    (void)state;
    for (unsigned role = 0; role < ROLE__MAX; role++) {
        for (size_t i = 0; (r = sandbox_table_stand_in((enum role)role, i)); i++)
            assert_false(sandbox_table_has((enum role)role, r->call));
        for (size_t i = 0; (r = sandbox_table_refused((enum role)role, i)); i++)
            assert_false(sandbox_table_has((enum role)role, r->call));
    }
    assert_null(sandbox_table_stand_in(ROLE_REWRITE, 0));
    assert_null(sandbox_table_refused(ROLE_REWRITE, 0));
    assert_null(sandbox_table_stand_in(ROLE__MAX, 0));
    assert_null(sandbox_table_refused(ROLE__MAX, 0));
}

/* On descriptors below 8 lie the link and the message, whose offset is everybody's. */
static void av_may_seek_in_its_own_files_only(void **state)
{
    static const char *const calls[] = {"read", "lseek", "getdents64"};
    const struct sandbox_rule *r;

    (void)state;
    for (size_t c = 0; c < sizeof calls / sizeof *calls; c++)
        for (int fd = 0; fd < 70; fd++) {
            bool allowed = false;

            for (size_t i = 0; (r = sandbox_table_right(ROLE_AV, i)); i++)
                if (strcmp(r->call, calls[c]) == 0)
                    allowed |= r->test[0].how == SANDBOX_ALWAYS ||
                               ((uint64_t)fd & r->test[0].mask) == r->test[0].value;
            if (allowed != (fd >= SANDBOX_OWN_FD && fd < 64))
                fail_msg("%s of descriptor %d is %s", calls[c], fd, allowed ? "allowed" : "refused");
        }
}

static void a_limit_of_the_role_stands_for_that_of_all(void **state)
{
    const struct sandbox_limit *l;
    unsigned n = 0;

    (void)state;
    for (size_t i = 0; (l = sandbox_table_limit(ROLE_AV, i)); i++)
        if (l->resource == RLIMIT_NOFILE) {
            assert_int_equal(l->value, 64);
            n++;
        }
    assert_int_equal(n, 1);
    for (size_t i = 0; (l = sandbox_table_limit(ROLE_REWRITE, i)); i++)
        if (l->resource == RLIMIT_NOFILE)
            assert_int_equal(l->value, 16);
}

/* Of both families, plain UDP and TCP only; what takes ports and connections is in no list of rights. */
static void dns_may_connect_and_nothing_else(void **state)
{
    static const char *const never[] = {"bind",   "listen",      "accept",     "accept4",
                                        "sendto", "recvfrom",    "setsockopt", "socketpair",
                                        "ioctl",  "getsockname", "epoll_wait", "openat"};
    const struct sandbox_rule *r;
    unsigned sockets = 0;

    (void)state;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        if (sandbox_table_has(ROLE_DNS, never[i]))
            fail_msg("%s is a right", never[i]);
    for (size_t i = 0; (r = sandbox_table_right(ROLE_DNS, i)); i++) {
        if (strcmp(r->call, "socket") != 0)
            continue;
        sockets++;
        for (unsigned k = 0; k < SANDBOX_TESTS_MAX; k++)
            assert_true(r->test[k].how == SANDBOX_MASKED && r->test[k].arg == k);
        assert_true(r->test[0].value == AF_INET || r->test[0].value == AF_INET6);
        assert_true(r->test[1].value == SOCK_DGRAM || r->test[1].value == SOCK_STREAM);
        assert_int_equal(r->test[2].value, 0);
    }
    assert_int_equal(sockets, 4);
    for (unsigned role = 0; role < ROLE__MAX; role++)
        if (role_find(role)->network !=
            (sandbox_table_has((enum role)role, "socket") && sandbox_table_has((enum role)role, "connect")))
            fail_msg("role %s: its row and its rights differ", role_find(role)->name);
}

/* A role that was forgotten in the table would have the base and no limit at all. */
static void every_role_has_a_row_of_its_own(void **state)
{
    (void)state;
    for (unsigned role = 0; role < ROLE__MAX; role++) {
        const struct sandbox_limit *l;
        bool memory = false;

        for (size_t i = 0; (l = sandbox_table_limit((enum role)role, i)); i++)
            memory |= l->resource == RLIMIT_AS && l->value > 0;
        if (!memory)
            fail_msg("role %s has no limit of memory", role_find(role)->name);
    }
}

static void no_hostile_call_stands_twice(void **state)
{
    const struct sandbox_rule *a, *b;

    (void)state;
    for (size_t i = 0; (a = sandbox_table_hostile(i)); i++)
        for (size_t k = i + 1; (b = sandbox_table_hostile(k)); k++)
            if (strcmp(a->call, b->call) == 0)
                fail_msg("%s stands twice", a->call);
}

/* Without a test it would be dropped from the hostile ones quietly. */
static void no_right_of_the_base_is_hostile_as_a_whole(void **state)
{
    const struct sandbox_rule *r;

    (void)state;
    for (size_t i = 0; (r = sandbox_table_hostile(i)); i++)
        if (r->test[0].how == SANDBOX_ALWAYS && sandbox_table_has(ROLE_REWRITE, r->call))
            fail_msg("%s is a right and hostile", r->call);
}

static void what_must_never_be_a_right(void **state)
{
    static const char *const never[] = {"execve", "fork",       "clone",  "clone3", "ptrace", "open",
                                        "openat", "socket",     "fcntl",  "setuid", "kill",   "lseek",
                                        "read",   "stat",       "chmod",  "chown",  "rename", "link",
                                        "mknod",  "newfstatat", "symlink"};

    (void)state;
    for (size_t i = 0; i < sizeof never / sizeof *never; i++)
        for (unsigned role = 0; role < ROLE__MAX; role++) {
            const struct sandbox_rule *r;

            for (size_t k = 0; (r = sandbox_table_right((enum role)role, k)); k++)
                if (strcmp(r->call, never[i]) == 0 && r->test[0].how == SANDBOX_ALWAYS)
                    fail_msg("%s is allowed without a test", never[i]);
        }
    assert_false(sandbox_table_has(ROLE_REWRITE, "openat"));
    assert_true(sandbox_table_has(ROLE_REWRITE, "recvmsg"));
}

static void every_limit_is_named_once(void **state)
{
    const struct sandbox_limit *a, *b;

    (void)state;
    for (unsigned role = 0; role < ROLE__MAX; role++) {
        size_t n = 0;

        for (; (a = sandbox_table_limit((enum role)role, n)); n++) {
            assert_true(strlen(a->reason) > 7 && a->name[0]);
            for (size_t k = n + 1; (b = sandbox_table_limit((enum role)role, k)); k++)
                assert_int_not_equal(a->resource, b->resource);
        }
        assert_true(n >= 7);
    }
}

static void beyond_the_last_role_there_is_only_the_base(void **state)
{
    size_t n = 0, of_rewrite = 0;

    (void)state;
    while (sandbox_table_right(ROLE__MAX, n))
        n++;
    while (sandbox_table_right(ROLE_REWRITE, of_rewrite))
        of_rewrite++;
    assert_int_equal(n, of_rewrite);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_names_a_call_and_a_reason),
        cmocka_unit_test(a_role_of_the_base_has_few_calls),
        cmocka_unit_test(every_role_has_a_row_of_its_own),
        cmocka_unit_test(what_is_answered_otherwise_is_no_right),
        cmocka_unit_test(av_may_seek_in_its_own_files_only),
        cmocka_unit_test(dns_may_connect_and_nothing_else),
        cmocka_unit_test(a_limit_of_the_role_stands_for_that_of_all),
        cmocka_unit_test(no_hostile_call_stands_twice),
        cmocka_unit_test(no_right_of_the_base_is_hostile_as_a_whole),
        cmocka_unit_test(what_must_never_be_a_right),
        cmocka_unit_test(every_limit_is_named_once),
        cmocka_unit_test(beyond_the_last_role_there_is_only_the_base),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
