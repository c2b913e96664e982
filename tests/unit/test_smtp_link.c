/*
 * test_smtp_link.c - unit tests of workers/deliver/smtp_link.c: sending, replies, deadlines, cancels.
 *
 * Run by `make check`. The other end of the socket is held by the test itself; what
 * TLS adds is in test_smtp_open.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "workers/deliver/smtp_link.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct world {
    int far, wake; /* write a byte to `wake` and the link asks */
    int wake_near;
    bool cancel;
    struct smtp_link l;
    struct smtp_reply r;
};

static bool asked(const void *arg)
{
    const struct world *w = arg;

    return w->cancel;
}

static void open_world(struct world *w)
{
    int pair[2], wake[2];

    *w = (struct world){0};
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    assert_int_equal(pipe(wake), 0);
    w->far = pair[1];
    w->wake = wake[1];
    w->wake_near = wake[0];
    w->l =
        (struct smtp_link){.fd = pair[0], .wake = wake[0], .cancelled = asked, .arg = w, .timeout_ms = 100};
}

static void close_world(struct world *w)
{
    smtp_link_close(&w->l);
    smtp_reply_free(&w->r);
    close(w->l.fd);
    if (w->far >= 0)
        close(w->far);
    close(w->wake);
    close(w->wake_near);
}

static void say(struct world *w, const char *text)
{
    assert_int_equal(send(w->far, text, strlen(text), 0), strlen(text));
}

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void replies_come_one_by_one(void **state)
{
    struct world w;
    char got[20] = "";

    (void)state;
    open_world(&w);
    say(&w, "220 one\r\n250-two\r\n250 three\r\n35");
    assert_int_equal(smtp_link_send(&w.l, VIEW("EHLO\r\n")), 0);
    assert_int_equal(recv(w.far, got, sizeof got, 0), 6);
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 100), 0);
    assert_string_equal(w.r.text.p, "one");
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 100), 0);
    assert_string_equal(w.r.text.p, "two\nthree");
    say(&w, "4 go\r\n");
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 100), 0);
    assert_int_equal(w.r.code, 354);
    close_world(&w);
}

static void a_silent_server_is_not_waited_for_longer(void **state)
{
    struct buf words = {0};
    struct world w;
    int64_t begin = now_ms();

    (void)state;
    open_world(&w);
    say(&w, "250-half");
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 150), -1);
    assert_in_range(now_ms() - begin, 140, 2000);
    assert_int_equal(w.l.end, SMTP_END_TIMEOUT);
    smtp_link_explain(&w.l, &words);
    assert_string_equal(words.p, "the server did not answer within 0.1 s");
    assert_int_equal(smtp_link_send(&w.l, VIEW("QUIT\r\n")), -1);
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 1000), -1);
    buf_free(&words);
    close_world(&w);
}

static void *drip(void *arg)
{
    struct world *w = arg;

    for (int i = 0; i < 60 && send(w->far, "250-x\r\n", 7, MSG_NOSIGNAL) == 7; i++)
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    return NULL;
}

static void a_reply_that_drips_has_one_deadline(void **state)
{
    struct world w;
    pthread_t t;
    int64_t begin = now_ms();

    (void)state;
    open_world(&w);
    assert_int_equal(pthread_create(&t, NULL, drip, &w), 0);
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 150), -1);
    assert_in_range(now_ms() - begin, 140, 500);
    assert_int_equal(w.l.end, SMTP_END_TIMEOUT);
    pthread_join(t, NULL);
    close_world(&w);
}

static void a_server_that_takes_nothing_is_not_waited_for(void **state)
{
    static char much[4000000];
    struct world w;

    (void)state;
    open_world(&w);
    assert_int_equal(smtp_link_send(&w.l, (struct view){much, sizeof much}), -1);
    assert_int_equal(w.l.end, SMTP_END_TIMEOUT);
    close_world(&w);
}

/* Says more than the socket holds before it reads a byte. */
static void *swallow(void *arg)
{
    static const char reply[] = "250 this is one of many answers\r\n";
    static char bytes[65536];
    struct world *w = arg;

    for (int i = 0; i < 1500; i++)
        if (send(w->far, reply, sizeof reply - 1, MSG_NOSIGNAL) < 0)
            return NULL;
    for (ssize_t n = 1, all = 0; n > 0 && all < 4000000; all += n)
        n = recv(w->far, bytes, sizeof bytes, 0);
    return NULL;
}

static void two_sides_that_write_do_not_wait_for_each_other(void **state)
{
    static char much[4000000];
    const int small = 8192;
    struct world w;
    pthread_t t;

    (void)state;
    open_world(&w);
    w.l.timeout_ms = 2000;
    assert_int_equal(setsockopt(w.far, SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    assert_int_equal(pthread_create(&t, NULL, swallow, &w), 0);
    assert_int_equal(smtp_link_send(&w.l, (struct view){much, sizeof much}), 0);
    pthread_join(t, NULL);
    for (int i = 0; i < 1500; i++)
        assert_int_equal(smtp_link_reply(&w.l, &w.r, 1000), 0);
    close_world(&w);
}

static void what_is_no_reply_ends_it(void **state)
{
    struct buf words = {0};
    struct world w;

    (void)state;
    open_world(&w);
    say(&w, "HTTP/1.1 400 Bad Request\r\n");
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 100), -1);
    assert_int_equal(w.l.end, SMTP_END_GRAMMAR);
    smtp_link_explain(&w.l, &words);
    assert_string_equal(words.p, "the server does not speak SMTP");
    assert_false(smtp_link_last_words(&w.l, &w.r));
    buf_free(&words);
    close_world(&w);
}

static void the_last_words_of_a_server_are_heard(void **state)
{
    static char much[1000000];
    struct world w;

    (void)state;
    open_world(&w);
    say(&w, "552 5.3.4 too long\r\n");
    close(w.far);
    w.far = -1;
    assert_int_equal(smtp_link_send(&w.l, (struct view){much, sizeof much}), -1);
    assert_int_equal(w.l.end, SMTP_END_CLOSED);
    assert_true(smtp_link_last_words(&w.l, &w.r));
    assert_int_equal(w.r.code, 552);
    assert_false(smtp_link_last_words(&w.l, &w.r));
    close_world(&w);
}

static void *cancel(void *arg)
{
    struct world *w = arg;

    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    w->cancel = true;
    assert_int_equal(write(w->wake, "x", 1), 1);
    return NULL;
}

static void a_cancel_ends_a_wait_at_once(void **state)
{
    struct world w;
    pthread_t t;
    int64_t begin = now_ms();

    (void)state;
    open_world(&w);
    assert_int_equal(pthread_create(&t, NULL, cancel, &w), 0);
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 5000), -1);
    assert_in_range(now_ms() - begin, 40, 1000);
    assert_int_equal(w.l.end, SMTP_END_CANCELLED);
    assert_true(smtp_link_cancelled(&w.l));
    pthread_join(t, NULL);
    close_world(&w);
}

static void *cancel_and_answer(void *arg)
{
    struct world *w = arg;

    cancel(arg);
    nanosleep(&(struct timespec){.tv_nsec = 50000000}, NULL);
    say(w, "250 taken\r\n");
    return NULL;
}

/* The message is there; only whether it was taken is not known yet. */
static void behind_the_dot_a_cancel_leaves_time_for_the_answer(void **state)
{
    struct world w;
    pthread_t t;

    (void)state;
    open_world(&w);
    w.l.committed = true;
    assert_int_equal(pthread_create(&t, NULL, cancel_and_answer, &w), 0);
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 5000), 0);
    assert_int_equal(w.r.code, 250);
    pthread_join(t, NULL);
    w.l.last_ms = now_ms() + 50; /* the rest of that time */
    assert_int_equal(smtp_link_reply(&w.l, &w.r, 5000), -1);
    assert_int_equal(w.l.end, SMTP_END_CANCELLED);
    close_world(&w);
}

static void a_socket_that_is_none_is_told(void **state)
{
    struct buf words = {0};
    struct world w;

    (void)state;
    open_world(&w);
    close(w.l.fd);
    w.l.fd = w.wake_near;
    assert_int_equal(smtp_link_send(&w.l, VIEW("QUIT\r\n")), -1);
    assert_int_equal(w.l.end, SMTP_END_BROKEN);
    smtp_link_explain(&w.l, &words);
    assert_string_equal(words.p, "the connection broke (Socket operation on non-socket)");
    w.l.fd = dup(0);
    buf_free(&words);
    close_world(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replies_come_one_by_one),
        cmocka_unit_test(a_silent_server_is_not_waited_for_longer),
        cmocka_unit_test(a_reply_that_drips_has_one_deadline),
        cmocka_unit_test(a_server_that_takes_nothing_is_not_waited_for),
        cmocka_unit_test(two_sides_that_write_do_not_wait_for_each_other),
        cmocka_unit_test(what_is_no_reply_ends_it),
        cmocka_unit_test(the_last_words_of_a_server_are_heard),
        cmocka_unit_test(a_cancel_ends_a_wait_at_once),
        cmocka_unit_test(behind_the_dot_a_cancel_leaves_time_for_the_answer),
        cmocka_unit_test(a_socket_that_is_none_is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
