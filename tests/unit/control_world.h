/*
 * control_world.h - a control server and its clients in one process, for test_control_server.c and
 * test_control_state.c.
 *
 * The test plays the loop: it asks epoll without waiting and hands each event on.
 */
#ifndef TESTS_UNIT_CONTROL_WORLD_H
#define TESTS_UNIT_CONTROL_WORLD_H

#include "tests/unit/loop_world.h"

#include "spoold/control_server.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

struct control_world {
    struct world *w;
    struct spoold *s;
    int epoll;
};

/* What one client got until the server closed. */
struct control_reply {
    json_t *line; /* array */
    int code;     /* of the end line; -1: there was none */
    char message[200];
    bool closed, torn; /* torn: a packet was longer than the protocol allows */
};

static inline struct control_world control_world_open(const char *const *setting, size_t n)
{
    struct control_world c = {.w = depot_world_open(setting, n)};

    c.s = loop_world_open(c.w);
    control_open(c.s);
    c.epoll = epoll_create1(EPOLL_CLOEXEC);
    control_attach(c.s, c.epoll);
    return c;
}

static inline void control_world_close(struct control_world *c)
{
    control_close(c->s);
    close(c->epoll);
    loop_world_close(c->w, &c->s);
    depot_world_close(&c->w);
}

/* All that the server has to do, until it has nothing to do. */
static inline void control_world_pump(struct control_world *c)
{
    struct epoll_event ev[32];

    for (unsigned i = 0; i < 1000; i++) {
        int n = epoll_wait(c->epoll, ev, 32, 0);

        for (int e = 0; e < n; e++)
            control_event(c->s, ev[e].data.fd);
        if (!loop_world_turn(c->s) && n <= 0)
            return;
    }
    fail_msg("the server never comes to rest");
}

static inline int control_world_connect(const struct control_world *c)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    snprintf(sun.sun_path, sizeof sun.sun_path, "/proc/self/fd/%d/%s", c->s->depot.state_dir,
             CONTROL_SOCKET_NAME);
    if (connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0)
        return fd;
    close(fd);
    return -1;
}

/* What has come so far; lines are added to `r`. */
static inline void control_world_take(int fd, struct control_reply *r)
{
    static char packet[1 << 20];
    ssize_t n;

    while ((n = recv(fd, packet, sizeof packet, MSG_DONTWAIT)) > 0) {
        char *at = packet, *end;

        r->torn |= n > CONTROL_ANSWER_MAX;
        for (; at < packet + n && (end = memchr(at, '\n', (size_t)(packet + n - at))); at = end + 1) {
            json_t *one = json_loadb(at, (size_t)(end - at), JSON_ALLOW_NUL, NULL);

            assert_non_null(one);
            assert_int_equal(json_integer_value(json_object_get(one, "v")), 1);
            json_array_append_new(r->line, one);
        }
        assert_ptr_equal(at, packet + n);
    }
    r->closed = n == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
}

/* Takes the end line away from the others. */
static inline void control_world_end(struct control_reply *r)
{
    json_t *end = json_array_get(r->line, json_array_size(r->line) - 1);
    const char *message = json_string_value(json_object_get(end, "message"));

    r->code = -1;
    if (!end || !json_is_true(json_object_get(end, "end")))
        return;
    r->code = (int)json_integer_value(json_object_get(end, "code"));
    snprintf(r->message, sizeof r->message, "%s", message ? message : "");
    json_array_remove(r->line, json_array_size(r->line) - 1);
}

static inline struct control_reply control_world_ask_bytes(struct control_world *c, const char *p, size_t n)
{
    struct control_reply r = {.line = json_array(), .code = -1};
    int fd = control_world_connect(c);

    assert_true(fd >= 0);
    control_world_pump(c);
    assert_true(send(fd, p, n, MSG_NOSIGNAL) == (ssize_t)n);
    for (int i = 0; i < 1000 && !r.closed; i++) {
        control_world_pump(c);
        control_world_take(fd, &r);
    }
    control_world_end(&r);
    close(fd);
    return r;
}

/* Words are parted by '|'. */
static inline struct control_reply control_world_ask(struct control_world *c, const char *words)
{
    char packet[CONTROL_REQUEST_MAX];
    size_t n = strlen(words) + 1;

    memcpy(packet, words, n);
    for (size_t i = 0; i < n; i++)
        packet[i] = packet[i] == '|' ? '\0' : packet[i];
    return control_world_ask_bytes(c, packet, n);
}

/* A message that waits, with `rcpt` recipients of `len` bytes each when it is in work. */
static inline struct roster_entry *control_world_entry(struct control_world *c, enum roster_state state)
{
    struct base b = world_base(c->w, "x");
    struct roster_entry *e = roster_add(&c->s->roster, &b);

    roster_set_state(&c->s->roster, e, state);
    roster_set_due(&c->s->roster, e, depot_mono_ms() + 60000);
    e->since_ms = depot_wall_ms();
    e->size = 1000;
    return e;
}

#endif
