/*
 * mail.c - what reading mail costs: parse and decode all that is in it, in MB/s and microseconds a message.
 *
 * Usage: bench_mail [PASSES] <NAMES, one path a line. Linked with either reader of
 * tests/interop/mail_reader.h; tests/bench/mail.py runs both, by turns. All messages are in memory before the
 * clock runs. Prints for each way of reading one line: name, way, messages, bytes, leaves, decoded bytes, the
 * least CPU seconds of the passes.
 */
#include "common/buf.h"
#include "common/xalloc.h"
#include "tests/interop/mail_reader.h"

#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define FILE_MAX_BYTES (1u << 30)

struct mails {
    struct buf *mail;
    size_t n, cap, bytes;
};
struct sums {
    size_t leaves, bytes;
};

static void load(struct mails *m)
{
    char *path = NULL;
    size_t cap = 0;
    ssize_t n;

    while ((n = getline(&path, &cap, stdin)) > 0) {
        int fd;

        path[n - (path[n - 1] == '\n')] = '\0';
        if (m->n == m->cap) {
            m->cap = m->cap ? 2 * m->cap : 1024;
            m->mail = xrealloc(m->mail, m->cap, sizeof *m->mail);
        }
        m->mail[m->n] = (struct buf){0};
        fd = open(path, O_RDONLY | O_CLOEXEC);
        if (fd < 0 || buf_read_fd(&m->mail[m->n], fd, FILE_MAX_BYTES) < 0)
            err(1, "%s", path);
        close(fd);
        m->bytes += m->mail[m->n++].n;
    }
    free(path);
}

static double cpu_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void add_up(void *with, const struct mail_reader_leaf *leaf)
{
    struct sums *s = with;

    s->leaves++;
    s->bytes += leaf->bytes.n;
}

static void measure(const struct mails *m, bool all, unsigned passes)
{
    struct sums sums = {0};
    double least = 1e9;

    for (size_t i = 0; i < m->n; i++)
        mail_reader_read(buf_view(&m->mail[i]), all, add_up, &sums);
    while (passes--) {
        double start = cpu_now(), took;

        for (size_t i = 0; i < m->n; i++)
            mail_reader_read(buf_view(&m->mail[i]), all, NULL, NULL);
        took = cpu_now() - start;
        least = took < least ? took : least;
    }
    printf("%s %s %zu %zu %zu %zu %.6f\n", mail_reader_name, all ? "all" : "usual", m->n, m->bytes,
           sums.leaves, sums.bytes, least);
}

int main(int argc, char **argv)
{
    unsigned passes = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 3;
    struct mails m = {0};

    load(&m);
    if (m.n == 0 || passes == 0)
        errx(2, "usage: bench_mail [PASSES] <NAMES");
    measure(&m, false, passes);
    if (mail_reader_has_readings)
        measure(&m, true, passes);
    for (size_t i = 0; i < m.n; i++)
        buf_free(&m.mail[i]);
    free(m.mail);
    return 0;
}
