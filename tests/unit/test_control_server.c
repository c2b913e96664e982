/*
 * test_control_server.c - unit tests of spoold/control_server.c: who may ask, what is refused, nobody makes
 * it wait.
 *
 * Run by `make check`, with real sockets and clients in the same process. A
 * client may send anything, read slowly or never, or go away at any time: the
 * others must not notice.
 */
#include "tests/unit/control_world.h"

#define STRANGER 61234 /* a user id that owns nothing */

static void a_question_is_answered_once_and_the_line_closed(void **state)
{
    static const char *const words[] = {"status", "queue", "queue|limit=5|held=yes", "history",
                                        "show|nobody"};
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct control_reply r = control_world_ask(&c, words[i]);

        if (r.code != (i == 4 ? EXIT_FINDING : EXIT_OK) || !r.closed)
            fail_msg("%s: code %d, %s", words[i], r.code, r.message);
        json_decref(r.line);
    }
    control_world_close(&c);
}

static void nonsense_is_refused_in_words(void **state)
{
    static const char many[] = "status\0a\0b\0c\0d\0e\0f\0g\0h\0i\0j\0k\0l\0m\0n\0o\0p";
    static const struct {
        const char *says, *p;
        size_t n;
    } cases[] = {
        {"no NUL at the end", "status", 6},
        {"an empty word first", "\0status", 8},
        {"an unknown verb", "reboot", 7},
        {"a verb with more behind it", "statusx", 8},
        {"a control byte", "status\0a\nb", 11},
        {"17 words", many, sizeof many},
        {"only NUL", "", 1},
    };
    struct control_world c = control_world_open(NULL, 0);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct control_reply r = control_world_ask_bytes(&c, cases[i].p, cases[i].n);

        if (r.code != EXIT_USAGE_64 || !r.message[0] || json_array_size(r.line))
            fail_msg("%s: code %d, \"%s\"", cases[i].says, r.code, r.message);
        json_decref(r.line);
    }
    control_world_close(&c);
}

static void the_longest_request_is_read_and_a_longer_one_refused(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    char packet[2 * CONTROL_REQUEST_MAX];

    (void)state;
    for (size_t n = CONTROL_REQUEST_MAX - 1; n <= CONTROL_REQUEST_MAX + 1; n++) {
        struct control_reply r;

        memset(packet, 'x', sizeof packet);
        memcpy(packet, "show", 5);
        packet[n - 1] = '\0';
        r = control_world_ask_bytes(&c, packet, n);
        assert_int_equal(r.code == EXIT_USAGE_64, n > CONTROL_REQUEST_MAX);
        json_decref(r.line);
    }
    memset(packet, '\0', sizeof packet);
    {
        struct control_reply r = control_world_ask_bytes(&c, packet, sizeof packet);

        assert_int_equal(r.code, EXIT_USAGE_64);
        json_decref(r.line);
    }
    control_world_close(&c);
}

static void the_seventeenth_client_is_sent_away_and_the_others_stay(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = {.line = json_array()};
    int fd[CONTROL_CLIENTS_MAX + 1];

    (void)state;
    for (int i = 0; i <= CONTROL_CLIENTS_MAX; i++) {
        fd[i] = control_world_connect(&c);
        assert_true(fd[i] >= 0);
        control_world_pump(&c);
    }
    control_world_take(fd[CONTROL_CLIENTS_MAX], &r);
    assert_true(r.closed);
    control_world_take(fd[0], &r);
    assert_false(r.closed);
    close(fd[0]);
    control_world_pump(&c);
    json_decref(r.line);
    r = control_world_ask(&c, "status");
    assert_int_equal(r.code, EXIT_OK);
    json_decref(r.line);
    for (int i = 1; i <= CONTROL_CLIENTS_MAX; i++)
        close(fd[i]);
    control_world_pump(&c);
    control_world_close(&c);
}

static void who_neither_asks_nor_reads_is_cut_off(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = {.line = json_array()};
    int64_t now = depot_mono_ms();
    int fd = control_world_connect(&c);

    (void)state;
    control_world_pump(&c);
    assert_in_range(control_run(c.s, now), now + CONTROL_IDLE_MS - 1, now + CONTROL_IDLE_MS + 2000);
    control_world_take(fd, &r);
    assert_false(r.closed);
    assert_true(control_run(c.s, now + CONTROL_IDLE_MS + 5000) == INT64_MAX);
    control_world_take(fd, &r);
    assert_true(r.closed);
    close(fd);
    json_decref(r.line);
    control_world_close(&c);
}

/* More than the socket takes at once. */
static int ask_for_much(struct control_world *c)
{
    static const char words[] = "queue\0limit=9000";
    int fd;

    for (int i = 0; i < 9000; i++)
        control_world_entry(c, ROSTER_HELD);
    fd = control_world_connect(c);
    control_world_pump(c);
    assert_int_equal(send(fd, words, sizeof words, 0), sizeof words);
    return fd;
}

static void a_slow_reader_gets_everything_and_keeps_nobody_waiting(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply slow = {.line = json_array()}, other;
    int fd = ask_for_much(&c);

    (void)state;
    control_world_pump(&c);
    other = control_world_ask(&c, "status");
    assert_int_equal(other.code, EXIT_OK);
    json_decref(other.line);
    for (int i = 0; i < 1000 && !slow.closed; i++) {
        control_world_take(fd, &slow);
        control_world_pump(&c);
    }
    control_world_end(&slow);
    assert_int_equal(slow.code, EXIT_OK);
    assert_false(slow.torn);
    assert_int_equal(json_array_size(slow.line), 9000);
    close(fd);
    json_decref(slow.line);
    control_world_close(&c);
}

static void a_reader_that_stopped_is_cut_off(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = {.line = json_array()};
    int fd = ask_for_much(&c);

    (void)state;
    control_world_pump(&c);
    control_run(c.s, depot_mono_ms() + CONTROL_IDLE_MS + 5000);
    control_world_pump(&c);
    control_world_take(fd, &r);
    assert_true(r.closed);
    control_world_end(&r);
    assert_int_equal(r.code, -1); /* it can see that the end is missing */
    close(fd);
    json_decref(r.line);
    control_world_close(&c);
}

static void an_answer_never_reaches_the_next_client(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = {.line = json_array()};
    struct epoll_event ev;
    int first = control_world_connect(&c), second;

    (void)state;
    control_world_pump(&c);
    assert_int_equal(send(first, "history", 8, 0), 8);
    assert_int_equal(epoll_wait(c.epoll, &ev, 1, 1000), 1);
    control_event(c.s, ev.data.fd); /* the question is queued for the store */
    assert_non_null(c.s->todo.first);
    close(first);
    assert_int_equal(epoll_wait(c.epoll, &ev, 1, 1000), 1);
    control_event(c.s, ev.data.fd);
    second = control_world_connect(&c);
    assert_int_equal(epoll_wait(c.epoll, &ev, 1, 1000), 1);
    control_event(c.s, ev.data.fd); /* takes the slot that became free */
    control_world_pump(&c);
    control_world_take(second, &r);
    assert_false(r.closed);
    assert_int_equal(json_array_size(r.line), 0);
    close(second);
    json_decref(r.line);
    control_world_close(&c);
}

static void a_second_question_ends_the_connection(void **state)
{
    struct control_world c = control_world_open(NULL, 0);
    struct control_reply r = {.line = json_array()};
    int fd = control_world_connect(&c);

    (void)state;
    control_world_pump(&c);
    assert_int_equal(send(fd, "status", 7, 0), 7);
    assert_int_equal(send(fd, "status", 7, 0), 7);
    control_world_pump(&c);
    control_world_take(fd, &r);
    assert_true(r.closed);
    assert_true(json_array_size(r.line) <= 2);
    close(fd);
    json_decref(r.line);
    control_world_close(&c);
}

static int connect_as_stranger(void *arg)
{
    struct control_world *c = arg;
    char byte;
    int fd = control_world_connect(c);

    if (fd < 0)
        return 1;
    if (send(fd, "status", 7, MSG_NOSIGNAL) < 0)
        return 2;
    return recv(fd, &byte, 1, 0) > 0 ? 3 : 2; /* 3: it was told something */
}

static void other_users_are_sent_away(void **state)
{
    struct control_world c;
    struct epoll_event ev;
    pid_t pid;
    int status = 0;

    (void)state;
    if (geteuid() != 0)
        skip();
    c = control_world_open(NULL, 0);
    /* The socket's mode and the folder's keep them out ... */
    assert_int_equal(chmod(c.w->root, 0755), 0);
    assert_int_equal(fchmod(c.s->depot.state_dir, 0755), 0);
    assert_int_equal(depot_world_child(connect_as_stranger, &c, STRANGER), 1);
    /* ... and where both were opened by mistake, their credentials. */
    assert_int_equal(fchmodat(c.s->depot.state_dir, CONTROL_SOCKET_NAME, 0777, 0), 0);
    pid = fork();
    if (pid == 0)
        _exit(setgid(STRANGER) < 0 || setuid(STRANGER) < 0 ? 99 : connect_as_stranger(&c));
    assert_int_equal(epoll_wait(c.epoll, &ev, 1, 5000), 1);
    control_event(c.s, ev.data.fd);
    control_world_pump(&c);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 2);
    control_world_close(&c);
}

static void the_socket_is_made_anew_private_and_removed(void **state)
{
    struct world *w = depot_world_plain();
    struct spoold *s = loop_world_open(w);
    struct stat st;

    (void)state;
    depot_world_write(w, "state", CONTROL_SOCKET_NAME, "left by a dead one");
    control_open(s);
    assert_int_equal(fstatat(s->depot.state_dir, CONTROL_SOCKET_NAME, &st, 0), 0);
    assert_true(S_ISSOCK(st.st_mode));
    assert_int_equal(st.st_mode & 0777 & ~0600u, 0);
    control_close(s);
    assert_null(s->control);
    assert_false(depot_world_has(w, "state", CONTROL_SOCKET_NAME));
    loop_world_close(w, &s);
    depot_world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_question_is_answered_once_and_the_line_closed),
        cmocka_unit_test(nonsense_is_refused_in_words),
        cmocka_unit_test(the_longest_request_is_read_and_a_longer_one_refused),
        cmocka_unit_test(the_seventeenth_client_is_sent_away_and_the_others_stay),
        cmocka_unit_test(who_neither_asks_nor_reads_is_cut_off),
        cmocka_unit_test(a_slow_reader_gets_everything_and_keeps_nobody_waiting),
        cmocka_unit_test(a_reader_that_stopped_is_cut_off),
        cmocka_unit_test(an_answer_never_reaches_the_next_client),
        cmocka_unit_test(a_second_question_ends_the_connection),
        cmocka_unit_test(other_users_are_sent_away),
        cmocka_unit_test(the_socket_is_made_anew_private_and_removed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
