/*
 * control_server.c - see control_server.h. Loop thread; never waits for a client or a disk.
 *
 * A client is a local user: root or spoold's own (SO_PEERCRED), anybody else is
 * sent away. One request, one answer, then the connection is closed.
 */
#include "spoold/control_server.h"

#include "common/json.h"
#include "common/log.h"
#include "common/xalloc.h"
#include "spoold/control_av.h"
#include "spoold/control_dns.h"
#include "spoold/control_freeze.h"
#include "spoold/control_hold.h"
#include "spoold/control_reload.h"
#include "spoold/deliver.h"
#include "spoold/query.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

struct client {
    int fd;               /* -1: free */
    unsigned number;      /* tells a slot's present user from the former one */
    bool asked, finished; /* the answer is complete in `out` */
    struct buf out;
    size_t sent;
    int64_t due;
};

struct control {
    int listen, epoll;
    int spare; /* given up for a moment when no descriptor is left: who cannot be served is sent away */
    unsigned numbers;
    struct control_ticket asking; /* the one whose request is being answered */
    struct client client[CONTROL_CLIENTS_MAX];
};

static const struct verb_row {
    const char *name;
    control_answer *answer;
} verbs[] = {
    {"status", control_status}, {"queue", control_queue},   {"av", control_av},
    {"hold", control_hold},     {"unhold", control_unhold}, {"retry", control_retry},
    {"freeze", control_freeze}, {"thaw", control_thaw},     {"metrics", control_metrics},
    {"dns", control_dns},       {"reload", control_reload},
};

/* The name is bound relative to the state folder: no absolute path, and no limit of sun_path. */
static int bind_in(int dir)
{
    struct sockaddr_un sun = {.sun_family = AF_UNIX, .sun_path = CONTROL_SOCKET_NAME};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

    if (fd < 0 || fchdir(dir) < 0)
        return -1;
    unlinkat(dir, CONTROL_SOCKET_NAME, 0);
    if (fchmod(fd, 0600) < 0 || bind(fd, (struct sockaddr *)&sun, sizeof sun) < 0 ||
        listen(fd, CONTROL_CLIENTS_MAX) < 0)
        return -1;
    return fd;
}

void control_open(struct spoold *s)
{
    struct control *c = xcalloc(1, sizeof *c);

    c->listen = bind_in(s->depot.state_dir);
    if (c->listen < 0)
        fatal("the control socket state/%s cannot be made", CONTROL_SOCKET_NAME);
    if (fchdir(s->depot.ledger_dir) < 0)
        fatal("state/ledger cannot be entered");
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        c->client[i].fd = -1;
    c->spare = fcntl(c->listen, F_DUPFD_CLOEXEC, 0);
    s->control = c;
}

static void drop_client(struct client *cl)
{
    close(cl->fd);
    buf_free(&cl->out);
    *cl = (struct client){.fd = -1};
}

void control_close(struct spoold *s)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (s->control->client[i].fd >= 0)
            drop_client(&s->control->client[i]);
    close(s->control->listen);
    close(s->control->spare);
    unlinkat(s->depot.state_dir, CONTROL_SOCKET_NAME, 0);
    free(s->control);
    s->control = NULL;
}

static int watch_client(struct control *c, int fd, int op, uint32_t events)
{
    struct epoll_event ev = {.events = events, .data.fd = fd};

    return epoll_ctl(c->epoll, op, fd, &ev);
}

void control_attach(struct spoold *s, int epoll)
{
    s->control->epoll = epoll;
    if (watch_client(s->control, s->control->listen, EPOLL_CTL_ADD, EPOLLIN) < 0)
        fatal("epoll_ctl");
}

static struct client *find_client(struct control *c, int fd)
{
    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
        if (c->client[i].fd == fd)
            return &c->client[i];
    return NULL;
}

static bool may_ask(int fd)
{
    struct ucred cred;
    socklen_t n = sizeof cred;

    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) < 0)
        return false;
    if (cred.uid == 0 || cred.uid == geteuid())
        return true;
    log_warnx("event=control_refused uid=%u pid=%d", cred.uid, cred.pid);
    return false;
}

/* Otherwise the listening socket would stay readable and the loop would spin. */
static void send_away(struct control *c)
{
    int fd;

    close(c->spare);
    fd = accept4(c->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        close(fd);
    c->spare = fcntl(c->listen, F_DUPFD_CLOEXEC, 0);
    log_warnx("event=control_refused no descriptor is left");
}

static void accept_client(struct control *c)
{
    int fd = accept4(c->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    struct client *cl = find_client(c, -1);

    if (fd < 0 && (errno == EMFILE || errno == ENFILE))
        send_away(c);
    if (fd < 0)
        return;
    if (!cl || !may_ask(fd) || watch_client(c, fd, EPOLL_CTL_ADD, EPOLLIN) < 0) {
        close(fd);
        return;
    }
    *cl = (struct client){.fd = fd, .number = ++c->numbers, .due = depot_mono_ms() + CONTROL_IDLE_MS};
}

static void finish_answer(struct client *cl, int code, const char *message)
{
    struct json j;

    json_open(&j, &cl->out);
    json_add_bool(&j, "end", true);
    json_add_int(&j, "code", code);
    json_add_str(&j, "message", message ? message : "");
    json_close(&j);
    buf_add_char(&cl->out, '\n');
    cl->finished = true;
}

/* As many whole lines as fit into one packet; a longer line goes alone, cut by nobody. */
static size_t packet_length(const struct client *cl)
{
    size_t left = cl->out.n - cl->sent, n = left < CONTROL_ANSWER_MAX ? left : CONTROL_ANSWER_MAX;
    const char *from = cl->out.p + cl->sent, *end = memrchr(from, '\n', n);

    if (!end)
        end = memchr(from, '\n', left);
    return end ? (size_t)(end - from) + 1 : 0;
}

static void send_some(struct control *c, struct client *cl)
{
    size_t n;

    while ((n = packet_length(cl)) > 0) {
        if (send(cl->fd, cl->out.p + cl->sent, n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
            if (errno != EAGAIN || watch_client(c, cl->fd, EPOLL_CTL_MOD, EPOLLOUT) < 0)
                drop_client(cl);
            return;
        }
        cl->sent += n;
        cl->due = depot_mono_ms() + CONTROL_IDLE_MS;
    }
    buf_clear(&cl->out);
    cl->sent = 0;
    if (cl->finished)
        drop_client(cl);
    else
        watch_client(c, cl->fd, EPOLL_CTL_MOD, 0);
}

struct control_ticket control_ticket(const struct spoold *s)
{
    return s->control->asking;
}

void control_reply(struct spoold *s, struct control_ticket t, const struct buf *lines, int code,
                   const char *message)
{
    struct client *cl = t.number ? &s->control->client[t.client] : NULL;

    if (!cl || cl->fd < 0 || cl->number != t.number)
        return;
    if (lines)
        buf_add_view(&cl->out, buf_view(lines));
    finish_answer(cl, code, message);
    send_some(s->control, cl);
}

static void query_run(struct task *t, struct depot *d)
{
    struct query *q = (struct query *)t;

    q->more = false;
    q->verb->run(q, d);
}

static void query_done(struct task *t, struct spoold *s)
{
    struct query *q = (struct query *)t;
    struct client *cl = &s->control->client[q->client];
    bool there = cl->fd >= 0 && cl->number == q->number && cl->out.n + q->out.n <= CONTROL_QUEUE_MAX;

    if (there)
        buf_add_view(&cl->out, buf_view(&q->out));
    buf_clear(&q->out);
    if (there && q->more && !s->stopping) {
        task_list_add(&s->todo, &q->task);
        return;
    }
    if (there) {
        finish_answer(cl, q->more ? EXIT_TEMP_75 : q->code, q->more ? "spoold is stopping" : q->message);
        send_some(s->control, cl);
    }
    if (q->published && s->deliver)
        deliver_look(s->deliver);
    query_free(q);
}

static bool ask_store(struct spoold *s, struct client *cl, struct view packet, const struct query_verb *verb)
{
    struct query *q = xcalloc(1, sizeof *q);

    q->task.run = query_run;
    q->task.done = query_done;
    q->client = (unsigned)(cl - s->control->client);
    q->number = cl->number;
    q->verb = verb;
    memcpy(q->packet, packet.p, packet.n);
    q->packet_n = packet.n;
    if (control_parse_request(&q->request, (struct view){q->packet, q->packet_n}) < 0) {
        query_free(q);
        return false;
    }
    task_list_add(&s->todo, &q->task);
    return true;
}

static void answer(struct spoold *s, struct client *cl, struct view packet)
{
    struct control_request r;
    const struct query_verb *verb;
    const char *message = NULL;

    if (control_parse_request(&r, packet) < 0) {
        finish_answer(cl, EXIT_USAGE_64, "the request is not understood");
        return;
    }
    s->control->asking = (struct control_ticket){(unsigned)(cl - s->control->client), cl->number};
    for (size_t i = 0; i < sizeof verbs / sizeof *verbs; i++) {
        if (view_equal(r.word[0], view_of(verbs[i].name))) {
            int code = verbs[i].answer(s, &r, &cl->out, &message);

            if (code != CONTROL_LATER)
                finish_answer(cl, code, message);
            return;
        }
    }
    verb = query_find(r.word[0]);
    if (!verb || !ask_store(s, cl, packet, verb))
        finish_answer(cl, EXIT_USAGE_64, "this spoold does not know that command");
}

static void read_request(struct spoold *s, struct client *cl)
{
    char packet[CONTROL_REQUEST_MAX + 1];
    ssize_t n = recv(cl->fd, packet, sizeof packet, MSG_DONTWAIT);

    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || cl->asked) {
        drop_client(cl);
        return;
    }
    cl->asked = true;
    cl->due = depot_mono_ms() + CONTROL_IDLE_MS;
    watch_client(s->control, cl->fd, EPOLL_CTL_MOD, 0);
    answer(s, cl, (struct view){packet, (size_t)n});
    if (cl->finished)
        send_some(s->control, cl);
}

void control_event(struct spoold *s, int fd)
{
    struct control *c = s->control;
    struct client *cl;

    if (fd == c->listen) {
        accept_client(c);
        return;
    }
    cl = find_client(c, fd);
    if (!cl)
        return;
    if (!cl->asked)
        read_request(s, cl);
    else if (cl->out.n > cl->sent)
        send_some(c, cl);
    else
        drop_client(cl); /* hung up while the store looks for its answer */
}

int64_t control_run(struct spoold *s, int64_t now)
{
    int64_t next = INT64_MAX;

    for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
        struct client *cl = &s->control->client[i];

        /* Who waits for the store is not idle. */
        if (cl->fd < 0 || (cl->asked && cl->out.n == cl->sent))
            continue;
        if (now >= cl->due)
            drop_client(cl);
        else if (cl->due < next)
            next = cl->due;
    }
    return next;
}
