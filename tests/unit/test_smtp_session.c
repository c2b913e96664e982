/*
 * test_smtp_session.c - unit tests of workers/deliver/smtp_session.c: how a conversation ends.
 *
 * Run by `make check`. What is refused in it: test_smtp_open.c and test_smtp_mail.c.
 */
#include "tests/unit/smtp_world.h"

#include <time.h>

static int64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void quit_is_not_waited_for(void **state)
{
    struct world_server w = {.rule = {{"QUIT", WORLD_SILENT, false}, WORLD_HELLO(""), WORLD_REST}};
    struct world_result r;
    int64_t begin = now_ms();

    (void)state;
    world_hold(&w, (struct deliver_order){.timeout_ms = 30000}, VIEW("a\n"), &r);
    assert_in_range(now_ms() - begin, SMTP_QUIT_MS - 50, SMTP_QUIT_MS + 2000);
    assert_int_equal(r.done, 2);
    assert_string_equal(r.said, "250 2.0.0 Ok: queued as 4711");
    buf_free(&r.body);
}

static void a_silent_server_costs_the_time_of_the_order(void **state)
{
    static const struct {
        struct world_rule rule;
        const char *said;
        int64_t least;
    } cases[] = {
        {{"(connect)", WORLD_SILENT, false}, "the server did not answer within 0.2 s after connect", 190},
        {{"EHLO", WORLD_SILENT, false}, "the server did not answer within 0.2 s after EHLO", 190},
        {{"RCPT", WORLD_SILENT, false}, "the server did not answer within 0.2 s after RCPT TO", 190},
        {{".", WORLD_SILENT, false},
         "the server did not answer within 0.4 s after the end of the message",
         390},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world_server w = {.rule = {cases[i].rule, WORLD_HELLO(""), WORLD_REST}};
        struct world_result r;
        int64_t begin = now_ms();

        world_hold(&w, (struct deliver_order){.timeout_ms = 200}, VIEW("a\n"), &r);
        assert_string_equal(r.said, cases[i].said);
        assert_string_equal(r.notes, "");
        assert_in_range(now_ms() - begin, cases[i].least, cases[i].least + 1000);
        assert_int_equal(r.end, SMTP_END_TIMEOUT);
        buf_free(&r.body);
    }
}

/* The server has part of a message and no dot: it must never take it for a whole one. */
static void a_message_that_cannot_be_read_is_not_ended(void **state)
{
    struct world_server w = {.rule = {WORLD_HELLO(""), WORLD_REST}};
    struct deliver_rcpt rcpt = {0, VIEW("b@example.org"), {NULL, 0}};
    struct deliver_order o = {.helo = VIEW("mx"), .timeout_ms = 2000, .rcpt = &rcpt, .rcpt_n = 1};
    struct smtp_session s = {.o = &o, .source = {-1, VIEW("abc"), 5}, .notes = {.fd = -1, .o = &o}};

    (void)state;
    s.link = (struct smtp_link){.fd = world_start(&w), .wake = -1, .timeout_ms = 2000};
    smtp_session_hold(&s);
    close(s.link.fd);
    pthread_join(w.thread, NULL);
    assert_int_equal(s.err, EIO);
    assert_int_equal(w.messages, 0);
    assert_true(view_equal(buf_view(&w.body), VIEW("abc"))); /* no QUIT either: it would be text */
    assert_int_equal(s.notes.done + s.notes.failed + s.notes.later, 0);
    assert_true(view_equal(smtp_session_said(&s), VIEW("the message cannot be read: Input/output error")));
    smtp_session_close(&s);
    buf_free(&w.in);
    buf_free(&w.heard);
    buf_free(&w.body);
}

/* Better none than one that nobody knows of. */
static void notes_that_cannot_be_written_end_it(void **state)
{
    struct world_server w = {.rule = {{"RCPT TO:<b", "550 no\r\n", false}, WORLD_HELLO(""), WORLD_REST}};
    struct deliver_rcpt rcpt[] = {{0, VIEW("b"), {NULL, 0}}, {1, VIEW("c"), {NULL, 0}}};
    struct deliver_order o = {.helo = VIEW("mx"), .timeout_ms = 2000, .rcpt = rcpt, .rcpt_n = 2};
    struct smtp_session s = {.o = &o, .source = {-1, VIEW("abc"), 3}};

    (void)state;
    s.notes = (struct smtp_notes){.fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .o = &o};
    s.link = (struct smtp_link){.fd = world_start(&w), .wake = -1, .timeout_ms = 2000};
    smtp_session_hold(&s);
    close(s.link.fd);
    close(s.notes.fd);
    pthread_join(w.thread, NULL);
    assert_int_equal(s.err, EBADF);
    assert_int_equal(w.messages, 0);
    assert_null(strstr(w.heard.p, "<c>"));
    smtp_session_close(&s);
    buf_free(&w.in);
    buf_free(&w.heard);
    buf_free(&w.body);
}

/* A server that says why it closes in the middle of a message has answered. */
static void a_refusal_in_the_middle_of_a_message_counts(void **state)
{
    struct world_server w = {
        .rule = {{"DATA", "354 go\r\n552 5.3.4 too long\r\n|", false}, WORLD_HELLO(""), WORLD_REST}};
    struct buf message = {0};
    struct world_result r;

    (void)state;
    while (message.n < 3000000)
        buf_add_str(&message, "line of a message\n");
    world_hold(&w, (struct deliver_order){0}, buf_view(&message), &r);
    assert_string_equal(r.notes, "0 f 552 5.3.4 too long\n7 f 552 5.3.4 too long\n");
    assert_true(r.sent < message.n);
    buf_free(&message);
    buf_free(&r.body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quit_is_not_waited_for),
        cmocka_unit_test(a_silent_server_costs_the_time_of_the_order),
        cmocka_unit_test(a_message_that_cannot_be_read_is_not_ended),
        cmocka_unit_test(notes_that_cannot_be_written_end_it),
        cmocka_unit_test(a_refusal_in_the_middle_of_a_message_counts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
