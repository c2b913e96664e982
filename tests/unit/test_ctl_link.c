/*
 * test_ctl_link.c - unit tests of tools/ctl_link.c over a socket pair.
 *
 * Run by `make check`. The other end plays spoold: each case is the packets of
 * one answer, and what spoolctl must make of them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/control.h"
#include "tools/ctl_link.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define PACKETS_MAX 3

static void count_line(struct view line, const json_t *object, void *arg)
{
    assert_true(line.n > 0 && line.p[line.n - 1] != '\n');
    assert_true(json_is_object(object));
    ++*(size_t *)arg;
}

static const struct {
    const char *says;
    const char *packet[PACKETS_MAX];
    int wanted;
    size_t lines;
    const char *why; /* part of the reason; "" for none */
} cases[] = {
    {"an end line alone", {"{\"v\":1,\"end\":true,\"code\":0,\"message\":\"\"}\n"}, 0, 0, ""},
    {"code and message are passed on",
     {"{\"end\":true,\"code\":1,\"message\":\"no such\"}\n"},
     1,
     0,
     "no such"},
    {"lines in one packet", {"{\"a\":1}\n{\"a\":2}\n{\"end\":true,\"code\":0}\n"}, 0, 2, ""},
    {"lines in several packets", {"{\"a\":1}\n", "{\"a\":2}\n", "{\"end\":true,\"code\":0}\n"}, 0, 2, ""},
    {"a last line without newline", {"{\"end\":true,\"code\":0}"}, 0, 0, ""},
    {"what follows the end line is not read", {"{\"end\":true,\"code\":0}\nrubbish\n"}, 0, 0, ""},
    {"an end that is not true is a line", {"{\"end\":false}\n{\"end\":true,\"code\":0}\n"}, 0, 1, ""},
    {"no end line", {"{\"a\":1}\n"}, 75, 1, "ended before"},
    {"a torn line", {"{\"a\":1}\n", "{\"a\""}, 75, 1, "cannot be understood"},
    {"an array", {"[1]\n"}, 75, 0, "cannot be understood"},
    {"an empty line", {"\n"}, 75, 0, "cannot be understood"},
    {"a code that is no exit code", {"{\"end\":true,\"code\":256}\n"}, 75, 0, ""},
    {"a negative code", {"{\"end\":true,\"code\":-1}\n"}, 75, 0, ""},
    {"no code", {"{\"end\":true}\n"}, 75, 0, ""},
    {"NUL in a string is only a character", {"{\"a\":\"\\u0000\"}\n{\"end\":true,\"code\":0}\n"}, 0, 1, ""},
};

static void answer_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ctl_link l = {.fd = -1};
        struct buf why = {0};
        size_t lines = 0;
        int pair[2], rc = 0;

        assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
        for (size_t k = 0; k < PACKETS_MAX && cases[i].packet[k]; k++)
            assert_true(send(pair[1], cases[i].packet[k], strlen(cases[i].packet[k]), 0) > 0);
        close(pair[1]);
        l.fd = pair[0];
        rc = ctl_link_receive(&l, count_line, &lines, &why);
        if (rc != cases[i].wanted || lines != cases[i].lines || !strstr(why.n ? why.p : "", cases[i].why) ||
            (!*cases[i].why && why.n))
            fail_msg("%s: got %d, %zu lines, '%s'", cases[i].says, rc, lines, why.n ? why.p : "");
        ctl_link_close(&l);
        buf_free(&why);
    }
}

static void a_packet_over_the_limit_is_refused(void **state)
{
    char *packet = malloc(CONTROL_ANSWER_MAX + 1);
    struct ctl_link l = {.fd = -1};
    struct buf why = {0};
    size_t lines = 0;
    int pair[2];

    (void)state;
    assert_non_null(packet);
    memset(packet, ' ', CONTROL_ANSWER_MAX + 1);
    memcpy(packet, "{}", 2);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    assert_int_equal(send(pair[1], packet, CONTROL_ANSWER_MAX + 1, 0), CONTROL_ANSWER_MAX + 1);
    l.fd = pair[0];
    assert_int_equal(ctl_link_receive(&l, count_line, &lines, &why), 75);
    assert_non_null(strstr(why.p, "too long"));
    assert_int_equal(lines, 0);
    ctl_link_close(&l);
    close(pair[1]);
    buf_free(&why);
    free(packet);
}

static void nobody_there_is_temporary(void **state)
{
    struct ctl_link l;
    struct buf why = {0};

    (void)state;
    assert_int_equal(ctl_link_open(&l, "/nonexistent", "state", &why), 75);
    assert_true(l.absent);
    assert_non_null(strstr(why.p, "not running here (socket /nonexistent/state/control.sock: "));
    ctl_link_close(&l);
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer_follows_the_table),
        cmocka_unit_test(a_packet_over_the_limit_is_refused),
        cmocka_unit_test(nobody_there_is_temporary),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
