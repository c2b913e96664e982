/*
 * test_deliver_connect.c - unit tests of spoold/deliver_connect.c: reached, refused, and nothing in between
 * waits.
 *
 * Run by `make check`, on loopback.
 */
#include "spoold/deliver_part.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

static int settle(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};

    assert_int_equal(poll(&p, 1, 5000), 1);
    return deliver_connect_state(fd);
}

static void a_server_is_reached_or_refuses(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct deliver_address a = {.n = sizeof in};
    socklen_t n = sizeof in;
    int server = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), fd;
    bool pending;

    (void)state;
    assert_int_equal(bind(server, (struct sockaddr *)&in, sizeof in), 0);
    assert_int_equal(listen(server, 1), 0);
    assert_int_equal(getsockname(server, (struct sockaddr *)&in, &n), 0);
    memcpy(&a.to, &in, sizeof in);
    fd = deliver_connect_begin(&a, &pending);
    assert_true(fd >= 0);
    assert_int_equal(settle(fd), 0);
    close(fd);
    close(server);
    fd = deliver_connect_begin(&a, &pending);
    if (fd >= 0)
        assert_int_equal(settle(fd), ECONNREFUSED);
    else
        assert_int_equal(errno, ECONNREFUSED);
    close(fd);
}

static void a_socket_that_is_not_there_is_told_at_once(void **state)
{
    struct deliver_address a;
    const char *why;
    bool pending;

    (void)state;
    assert_int_equal(deliver_address_parse(VIEW("lmtp:/nonexistent/socket"), &a, &why), 0);
    assert_int_equal(deliver_connect_begin(&a, &pending), -1);
    assert_int_equal(errno, ENOENT);
    assert_false(pending);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_server_is_reached_or_refuses),
        cmocka_unit_test(a_socket_that_is_not_there_is_told_at_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
