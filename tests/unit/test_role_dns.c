/*
 * test_role_dns.c - unit tests of workers/role_dns.c: settings, the canary, and a job in the sandbox that
 * asks a server by UDP and TCP.
 *
 * Run by `make check`. Includes the source, which only its own binary links, and stands in for the functions
 * of the runtime that it calls.
 */
#include "tests/unit/dns_world.h"
#include "tests/unit/sandbox_world.h"

#include "common/dns.h"

#include "workers/role_dns.c"

#include <sys/un.h>

static bool cancelled;

bool worker_cancelled(const struct worker_job *job)
{
    (void)job;
    return cancelled;
}

void worker_phase(const struct worker_job *job, enum sealed_phase phase)
{
    if (job->crumb)
        job->crumb->phase = phase;
}

void worker_say(const struct worker_job *job, const char *fmt, ...)
{
    (void)job;
    (void)fmt;
}

static void add(struct buf *b, const char *key, const char *value)
{
    const struct settings_item i = {.section = VIEW("dns"),
                                    .key = view_of(key),
                                    .value = view_of(value),
                                    .file = VIEW("spoold.ini"),
                                    .line = 3};

    settings_add(b, &i);
}

static int load_with(const char *servers, struct buf *why)
{
    struct buf b = {0};
    struct worker_load l = {.dir = -1};
    int rc;

    add(&b, "servers", servers);
    add(&b, "timeout", "300");
    add(&b, "tries", "3");
    add(&b, "channels", "2");
    add(&b, "outstanding", "7");
    add(&b, "cache_names", "50");
    add(&b, "max_ttl", "5000");
    add(&b, "max_negative_ttl", "2000");
    l.settings = buf_view(&b);
    rc = worker_role.load(&l, why);
    buf_free(&b);
    return rc;
}

static void it_loads_its_settings(void **state)
{
    struct buf why = {0};
    const struct dns_setup *s;

    (void)state;
    assert_int_equal(load_with("127.0.0.1:5300", &why), 0);
    s = dns_ask_setup(dns.ask);
    assert_int_equal(s->timeout, 300);
    assert_int_equal(s->tries, 3);
    assert_int_equal(s->channels, 2);
    assert_int_equal(s->outstanding, 7);
    assert_int_equal(s->cache_names, 50);
    assert_int_equal(s->max_ttl, 5);
    assert_int_equal(s->max_negative_ttl, 2);
    assert_int_equal(s->servers.address[0].port, 5300);
    assert_int_equal(load_with("", &why), 0); /* whatever resolv.conf says, and loaded anew */
    assert_true(dns_ask_setup(dns.ask)->servers.list[0].n >= 1);
}

static void what_cannot_be_used_is_said(void **state)
{
    struct worker_load l = {.dir = -1, .settings = VIEW("no settings at all")};
    struct buf why = {0};

    (void)state;
    assert_int_equal(load_with("localhost", &why), -1);
    assert_non_null(strstr(why.p, "spoold.ini:3: localhost"));
    buf_clear(&why);
    assert_int_equal(worker_role.load(&l, &why), -1);
    assert_string_equal(why.p, "its settings are none");
    buf_free(&why);
}

static void the_canary_sings(void **state)
{
    struct buf why = {0};

    (void)state;
    assert_int_equal(load_with("127.0.0.1", &why), 0);
    for (int i = 0; i < 2; i++)
        if (worker_role.canary(-1, -1, &why) != 0)
            fail_msg("%s", why.p);
}

static int enter(void)
{
    struct sandbox_result r;
    struct buf why = {0};

    if (sandbox_enter(ROLE_DNS, &world_options, &r, &why) == 0)
        return 0;
    (void)!write(STDERR_FILENO, why.p, why.n);
    return -1;
}

static int sing_locked_down(const void *arg)
{
    struct buf why = {0};

    (void)arg;
    if (enter() < 0)
        return 1;
    if (worker_role.canary(-1, -1, &why) == 0)
        return 0;
    (void)!write(STDERR_FILENO, why.p, why.n);
    return 2;
}

static void it_sings_in_the_sandbox(void **state)
{
    struct buf why = {0};
    char text[40];
    int status;

    (void)state;
    SKIP_UNDER_SANITIZER();
    assert_int_equal(load_with("127.0.0.1", &why), 0);
    status = world_child(sing_locked_down, NULL);
    if (status != 0)
        fail_msg("%s", world_status(status, text, sizeof text));
}

/* connect(2) may be called for any descriptor. Those that it was handed lead to where they lead for good,
 * even where a path as short as an address of IPv6 has somebody behind it. */
static int moves_its_socket(const void *arg)
{
    const struct sockaddr_un *to = arg;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) < 0 || enter() < 0)
        return 1;
    if (connect(pair[0], (const struct sockaddr *)to, sizeof(struct sockaddr_in6)) >= 0 || errno != EISCONN)
        return 2;
    close(pair[1]);
    if (connect(pair[0], (const struct sockaddr *)to, sizeof(struct sockaddr_in6)) >= 0 || errno != EISCONN)
        return 3;
    return connect(pair[0], (const struct sockaddr *)to, sizeof *to) < 0 && errno == ENOSYS ? 0 : 4;
}

static void its_own_sockets_stay_where_they_are(void **state)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0), status;
    char text[40];

    (void)state;
    SKIP_UNDER_SANITIZER();
    snprintf(to.sun_path, sizeof to.sun_path, "/tmp/test-dns-%d", (int)getpid());
    assert_int_equal(bind(fd, (struct sockaddr *)&to, sizeof to), 0);
    assert_int_equal(listen(fd, 5), 0);
    status = world_child(moves_its_socket, &to);
    unlink(to.sun_path);
    close(fd);
    if (status != 0)
        fail_msg("%s", world_status(status, text, sizeof text));
}

static int serve_locked_down(const void *arg)
{
    struct sealed_crumb crumb = {0};
    struct worker_job job = {.id = 1,
                             .message = -1,
                             .out = -1,
                             .notes = -1,
                             .peer = *(const int *)arg,
                             .link = -1,
                             .crumb = &crumb};
    struct wire_result r;

    if (enter() < 0)
        return 1;
    worker_role.run(&job, &r);
    return r.status == WIRE_OK && crumb.phase == SEALED_PHASE_READING ? 0 : 2;
}

static void cut_or_gone(struct world_server *w, const unsigned char *q, size_t n, struct packet_out *to)
{
    const char *label = world_label(q, n);

    world_address(w, q, n, to);
    if (strcmp(label, "long") == 0 && !w->is_tcp)
        to->p[2] |= 0x02;
    if (strcmp(label, "silent") == 0)
        to->n = 0;
}

/* The packets of one question each; true when its answer has this code. */
static bool talk(int fd, const char *name, enum fact_rcode rcode)
{
    static char bytes[DNS_PACKET_MAX];
    struct view answer[FACTS_ANSWERS_MAX];
    struct pollfd on = {.fd = fd, .events = POLLIN};
    struct buf packet = {0};
    struct dns_reader r;
    struct fact f;
    uint32_t id;
    ssize_t n;

    dns_begin(&packet, DNS_RESOLVE);
    dns_add_question(&packet, &(struct dns_question){5, FACT_A, view_of(name)});
    dns_end(&packet);
    n = send(fd, packet.p, packet.n, MSG_NOSIGNAL);
    buf_free(&packet);
    if (n < 0 || poll(&on, 1, 5000) != 1 || (n = recv(fd, bytes, sizeof bytes, 0)) <= 0)
        return false;
    return dns_read(&r, (struct view){bytes, (size_t)n}) == 0 && dns_next_answer(&r, &id, &f, answer) == 1 &&
           id == 5 && f.rcode == rcode;
}

static void it_asks_from_within_the_sandbox(void **state)
{
    static struct world_server w;
    struct buf why = {0};
    char servers[60], text[40];
    int pair[2], status;
    pid_t pid;

    (void)state;
    SKIP_UNDER_SANITIZER();
    w = (struct world_server){.reply = cut_or_gone};
    world_start(&w);
    snprintf(servers, sizeof servers, "127.0.0.1:%u", w.port);
    assert_int_equal(load_with(servers, &why), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    pid = fork();
    if (pid == 0) {
        close(pair[0]);
        alarm(20);
        _exit(serve_locked_down(&pair[1]));
    }
    close(pair[1]);
    assert_true(talk(pair[0], "short.example", FACT_NOERROR));
    assert_true(talk(pair[0], "long.example", FACT_NOERROR));
    assert_true(talk(pair[0], "silent.example", FACT_TIMEOUT));
    assert_true(talk(pair[0], "again.example", FACT_NOERROR));
    assert_int_equal(w.tcp_n, 1);
    close(pair[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        fail_msg("%s", world_status(status, text, sizeof text));
    world_stop(&w);
}

static void a_job_without_a_socket_is_refused(void **state)
{
    struct worker_job job = {.message = -1, .out = -1, .notes = -1, .peer = -1, .link = -1};
    struct wire_result r;

    (void)state;
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_REFUSED);
    assert_int_equal(r.err, EINVAL);
}

static void the_end_is_told_as_it_was(void **state)
{
    struct buf why = {0};
    struct worker_job job = {.message = -1, .out = -1, .notes = -1, .link = -1};
    struct wire_result r;
    int pair[2];

    (void)state;
    assert_int_equal(load_with("127.0.0.1", &why), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
    job.peer = pair[1];
    assert_int_equal(send(pair[0], "nonsense", 8, 0), 8);
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_IO);
    assert_int_equal(r.err, EPROTO);
    close(pair[0]);
    cancelled = true;
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_CANCELLED);
    cancelled = false;
    worker_role.run(&job, &r);
    assert_int_equal(r.status, WIRE_OK);
    close(pair[1]);
}

static int tear_down(void **state)
{
    (void)state;
    dns_ask_close(&dns.ask);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_loads_its_settings),
        cmocka_unit_test(what_cannot_be_used_is_said),
        cmocka_unit_test(the_canary_sings),
        cmocka_unit_test(it_sings_in_the_sandbox),
        cmocka_unit_test(its_own_sockets_stay_where_they_are),
        cmocka_unit_test(it_asks_from_within_the_sandbox),
        cmocka_unit_test(a_job_without_a_socket_is_refused),
        cmocka_unit_test(the_end_is_told_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, tear_down);
}
