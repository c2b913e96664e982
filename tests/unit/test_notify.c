/*
 * test_notify.c - unit tests of spoold/notify.c against a datagram socket that plays the service manager.
 *
 * Run by `make check`. What matters: the words reach the socket, the watchdog is
 * patted often enough, and a missing or full socket never stops the caller.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/notify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

struct manager {
    int fd;
    char address[108];
};

/* An abstract address: nothing to clean up. */
static int start_manager(void **state)
{
    struct manager *m = calloc(1, sizeof *m);
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int n = snprintf(m->address, sizeof m->address, "@spoold-test-%ld", (long)getpid());

    memcpy(sun.sun_path + 1, m->address + 1, (size_t)n - 1);
    m->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (m->fd < 0 || bind(m->fd, (struct sockaddr *)&sun,
                          (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)n)) < 0)
        return -1;
    setenv("NOTIFY_SOCKET", m->address, 1);
    unsetenv("WATCHDOG_USEC");
    *state = m;
    return 0;
}

static int stop_manager(void **state)
{
    struct manager *m = *state;

    close(m->fd);
    free(m);
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    return 0;
}

static void expect_word(const struct manager *m, const char *wanted)
{
    char got[128] = "";
    ssize_t n = recv(m->fd, got, sizeof got - 1, MSG_DONTWAIT);

    got[n > 0 ? n : 0] = '\0';
    assert_string_equal(got, wanted);
}

static void words_reach_the_manager(void **state)
{
    struct manager *m = *state;
    struct notify n;

    notify_open(&n);
    assert_true(n.fd >= 0);
    assert_null(getenv("NOTIFY_SOCKET")); /* children must not speak for the service */
    notify_send(&n, "READY=1");
    notify_send(&n, "STOPPING=1");
    expect_word(m, "READY=1");
    expect_word(m, "STOPPING=1");
    close(n.fd);
}

static void the_watchdog_is_patted_in_time(void **state)
{
    struct manager *m = *state;
    struct notify n;

    setenv("WATCHDOG_USEC", "3000000", 1);
    notify_open(&n);
    assert_int_equal(n.interval_ms, 1000);
    assert_int_equal(notify_run(&n, 5000), 6000);
    expect_word(m, "WATCHDOG=1");
    assert_int_equal(notify_run(&n, 5999), 6000);
    expect_word(m, "");
    assert_int_equal(notify_run(&n, 6000), 7000);
    expect_word(m, "WATCHDOG=1");
    close(n.fd);
}

static void without_a_watchdog_it_is_never_due(void **state)
{
    struct manager *m = *state;
    struct notify n;

    notify_open(&n);
    assert_true(notify_run(&n, 5000) == INT64_MAX);
    expect_word(m, "");
    close(n.fd);
}

static void without_a_manager_nothing_happens(void **state)
{
    static const char *const bad[] = {NULL, "", "x", "relative", "/nowhere/at/all", "@"};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct notify n;

        unsetenv("NOTIFY_SOCKET");
        if (bad[i])
            setenv("NOTIFY_SOCKET", bad[i], 1);
        notify_open(&n);
        if (n.fd != -1)
            fail_msg("\"%s\" was taken for an address", bad[i] ? bad[i] : "unset");
        notify_send(&n, "READY=1");
        assert_true(notify_run(&n, 1) == INT64_MAX);
    }
}

static void a_full_socket_does_not_wait(void **state)
{
    struct notify n;

    (void)state;
    notify_open(&n);
    for (int i = 0; i < 100000; i++)
        notify_send(&n, "STATUS=many");
    close(n.fd);
}

int main(void)
{
#define WITH(test) cmocka_unit_test_setup_teardown(test, start_manager, stop_manager)
    const struct CMUnitTest tests[] = {
        WITH(words_reach_the_manager),
        WITH(the_watchdog_is_patted_in_time),
        WITH(without_a_watchdog_it_is_never_due),
        WITH(without_a_manager_nothing_happens),
        WITH(a_full_socket_does_not_wait),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
