/*
 * hostile_child.c - the serving child of the hostile worker: honest work, unless the message asks for more.
 *
 * Its honest work is enough for messages of tests: added fields go to the very
 * top, nothing is removed, no Received: fields are counted, and what stands for
 * the digest is another, cheaper sum (it is only compared with itself).
 */
#include "tests/hostile/hostile.h"

#include "common/edit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define CRUMB_FD (WIRE_LINK_FD + 1)

int hostile_child_send(const void *bytes, size_t n, const int *fd, unsigned fd_n)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(HOSTILE_FDS_MAX * sizeof(int))] = {0};
    struct iovec iov = {(void *)(uintptr_t)bytes, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};

    if (fd_n > 0 && fd_n <= HOSTILE_FDS_MAX) {
        struct cmsghdr *c = (struct cmsghdr *)control;

        m.msg_control = control;
        m.msg_controllen = CMSG_SPACE(fd_n * sizeof(int));
        *c = (struct cmsghdr){CMSG_LEN(fd_n * sizeof(int)), SOL_SOCKET, SCM_RIGHTS};
        memcpy(CMSG_DATA(c), fd, fd_n * sizeof(int));
    }
    return sendmsg(WIRE_LINK_FD, &m, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

void hostile_child_answer(struct hostile_job *j)
{
    __atomic_store_n(&j->crumb->phase, (uint32_t)SEALED_PHASE_NONE, __ATOMIC_RELEASE);
    hostile_child_send(&j->answer, sizeof j->answer.h + j->answer.h.length, NULL, 0);
}

_Noreturn void hostile_child_sleep(void)
{
    for (;;)
        pause();
}

/* The word behind "X-Hostile: " at the start of a line, or NULL. */
static const char *wanted_act(int message, char name[HOSTILE_NAME_MAX])
{
    static const char key[] = "X-Hostile: ";
    char text[HOSTILE_LOOK_BYTES + 1];
    ssize_t n = pread(message, text, HOSTILE_LOOK_BYTES, 0);
    const char *at;
    size_t len;

    text[n > 0 ? n : 0] = '\0';
    at = strstr(text, key);
    if (!at || (at != text && at[-1] != '\n'))
        return NULL;
    at += sizeof key - 1;
    len = strcspn(at, "\r\n");
    if (len >= HOSTILE_NAME_MAX)
        return NULL;
    memcpy(name, at, len);
    name[len] = '\0';
    return name;
}

static void add_fields(const struct buf *edits, struct buf *to)
{
    struct view rest = buf_view(edits);
    struct edit e;

    while (edit_unpack(&rest, &e) == 1) {
        if (e.op != EDIT_PREPEND)
            continue;
        buf_add_view(to, e.name);
        buf_add_str(to, ": ");
        buf_add_view(to, e.value);
        buf_add_char(to, '\n');
    }
}

/* Wherever its offset stands: the file is shared. */
static int read_message(int fd, struct buf *to)
{
    char chunk[65536];
    ssize_t n;

    for (off_t at = 0; (n = pread(fd, chunk, sizeof chunk, at)) > 0; at += n)
        buf_add(to, chunk, (size_t)n);
    return n < 0 ? -1 : 0;
}

static void sum(const struct buf *b, unsigned char to[32])
{
    uint64_t h = 14695981039346656037u; /* FNV-1a */

    for (size_t i = 0; i < b->n; i++)
        h = (h ^ (unsigned char)b->p[i]) * 1099511628211u;
    for (size_t i = 0; i < 32; i += sizeof h)
        memcpy(to + i, &h, sizeof h);
}

static void work(struct hostile_job *j)
{
    struct wire_result *r = &j->answer.u.result;
    struct buf edits = {0}, message = {0}, out = {0};

    if ((j->blob >= 0 && sealed_read(j->blob, SEALED_BLOB_MAX, &edits) < 0) ||
        read_message(j->message, &message) < 0)
        goto failed;
    sum(&message, r->sha256);
    r->in_size = message.n;
    if (j->out >= 0) {
        add_fields(&edits, &out);
        buf_add_view(&out, buf_view(&message));
        if (buf_write_fd(&out, j->out) < 0)
            goto failed;
        r->out_size = out.n;
    }
    goto out;
failed:
    r->status = WIRE_IO;
    r->err = errno;
out:
    buf_free(&edits);
    buf_free(&message);
    buf_free(&out);
}

/* What an honest worker would say, for those acts that come before the work. */
static void foretell(struct hostile_job *j)
{
    j->answer.u.result.in_size = j->job->u.job.size;
    j->answer.u.result.out_size = j->out >= 0 ? j->job->u.job.size + 100 : 0;
}

static void account(struct wire_result *r)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    r->rss_kb = (uint32_t)used.ru_maxrss;
    r->cpu_us = 1;
}

static void serve_job(struct sealed_crumb *crumb, const struct wire_packet *p)
{
    bool with_out = p->u.job.flags & WIRE_JOB_OUT, with_blob = p->u.job.flags & WIRE_JOB_BLOB;
    struct hostile_job j = {.job = p,
                            .message = p->fd[0],
                            .out = with_out ? p->fd[1] : -1,
                            .blob = with_blob ? p->fd[p->fd_n - 1] : -1,
                            .crumb_fd = CRUMB_FD,
                            .crumb = crumb,
                            .answer = wire_packet(WIRE_RESULT, p->h.id)};
    char name[HOSTILE_NAME_MAX];
    const char *wanted = wanted_act(j.message, name);
    const struct hostile_act *a = wanted ? hostile_act_find(wanted) : NULL;

    crumb->job = p->h.id;
    __atomic_store_n(&crumb->phase, (uint32_t)SEALED_PHASE_READING, __ATOMIC_RELEASE);
    if (a && a->early)
        foretell(&j);
    else
        work(&j);
    account(&j.answer.u.result);
    if (a)
        a->act(&j);
    else
        hostile_child_answer(&j);
}

static int say_hello(void)
{
    struct wire_packet p = wire_packet(WIRE_HELLO, 0);

    p.u.hello = (struct wire_hello){.pid = (uint32_t)getpid(), .applied = HOSTILE_APPLIED, .landlock_abi = 7};
    return hostile_child_send(&p, sizeof p.h + p.h.length, NULL, 0);
}

int hostile_child(int link, int crumb)
{
    struct sealed_crumb *page;
    struct wire_packet p;

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    /* The loader's descriptors are 3 and 4, so neither of these is in the way of the other. */
    if (dup2(link, WIRE_LINK_FD) < 0 || dup2(crumb, CRUMB_FD) < 0 || fcntl(WIRE_LINK_FD, F_SETFL, 0) < 0)
        return EXIT_FAILURE;
    close_range(CRUMB_FD + 1, ~0U, 0);
    page = sealed_crumb_map(CRUMB_FD, true);
    if (!page || say_hello() < 0)
        return EXIT_FAILURE;
    while (wire_recv(WIRE_LINK_FD, &p, true) == 1) {
        if (p.h.type == WIRE_JOB)
            serve_job(page, &p);
        wire_close_fds(&p);
    }
    return EXIT_SUCCESS;
}
