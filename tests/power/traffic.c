/*
 * traffic.c - see traffic.h.
 *
 * The consumer reads a pair, then looks whether the power is still on, then remembers, then removes: an act
 * after the cut from what the page cache still holds would be a delivery that a dead machine made. It unlinks
 * the .hdr first, so that its own half-durable removal never leaves an .hdr alone.
 */
#include "tests/power/traffic.h"

#include "common/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define PATH(b, ...) disk_path("%.400s/%.600s", (b)->root.s, disk_path(__VA_ARGS__).s)

static int memory_with(const struct buf *bytes)
{
    int fd = memfd_create("message", MFD_CLOEXEC);

    if (fd < 0 || buf_write_fd(bytes, fd) < 0 || lseek(fd, 0, SEEK_SET) < 0)
        fatal("cannot make memory for a message");
    return fd;
}

static pid_t start_drop(const struct bench *b, const struct mail *m)
{
    struct disk_path from = disk_path("s-%08u@example.org", m->number),
                     to = disk_path("r-%08u@example.net", m->number);
    const char *const words[] = {"-f", from.s, "--", to.s, NULL};
    int in = memory_with(&m->bytes);
    pid_t pid = program_start(b, "spooldrop", words, in, -1);

    close(in);
    return pid;
}

/* `dark`: the exit was seen after the cut. Nobody can be told then, and on xfs fsync of a folder answers 0
 * once the file system is shut down: such a message was never accepted. */
static void enter_exit(struct traffic *t, size_t at, int status, bool dark)
{
    struct mail *m = &t->set->m[at];
    bool good = WIFEXITED(status) && WEXITSTATUS(status) == 0;

    m->accepted = good && !dark;
    m->late = good && dark;
    t->accepted += m->accepted;
    if (!good && !dark)
        mail_say(t->set, MAIL_STUCK, "message %u: spooldrop refused it before the cut, status %#x", m->number,
                 (unsigned)status);
}

bool traffic_drop(struct traffic *t, const struct bench *b, const _Atomic bool *dark)
{
    bool moved = false;
    int status = 0;

    for (unsigned i = 0; i < t->width; i++) {
        if (t->slot[i].pid && waitpid(t->slot[i].pid, &status, WNOHANG) == t->slot[i].pid) {
            t->slot[i].pid = 0;
            enter_exit(t, t->slot[i].at, status, *dark);
            moved = true;
        }
        if (t->slot[i].pid || t->left == 0 || *dark)
            continue;
        t->left--;
        t->slot[i].at = t->set->n;
        t->slot[i].pid = start_drop(b, mail_add(t->set));
        moved = true;
    }
    return moved;
}

bool traffic_is_over(const struct traffic *t)
{
    for (unsigned i = 0; i < t->width; i++)
        if (t->slot[i].pid)
            return false;
    return t->left == 0;
}

void traffic_end(struct traffic *t, const struct bench *b, const _Atomic bool *dark)
{
    t->left = 0;
    while (!traffic_is_over(t))
        if (!traffic_drop(t, b, dark))
            usleep(500);
}

static void remove_pair(const struct bench *b, const char *base)
{
    (void)unlink(PATH(b, "outgoing/%s.hdr", base).s);
    (void)unlink(PATH(b, "outgoing/%s.eml", base).s);
}

static void remember(struct mail_set *s, struct mail *m, const char *base, struct view eml)
{
    if (m->takes++ == 0) {
        m->base = disk_path("%s", base);
        buf_add_view(&m->published, eml);
        return;
    }
    if (strcmp(m->base.s, base) != 0)
        mail_say(s, MAIL_TWICE, "message %u was published as %s and as %s", m->number, m->base.s, base);
    else if (!view_equal(buf_view(&m->published), eml))
        mail_say(s, MAIL_TORN, "message %u: %s was published again with other bytes", m->number, base);
    if (m->flushed)
        mail_say(s, MAIL_TWICE, "message %u: %s was published again though outgoing had been flushed",
                 m->number, base);
}

/* Whether it acted. */
static bool take_one(struct mail_set *s, const struct bench *b, const char *base, bool flushed,
                     const _Atomic bool *dark)
{
    struct buf eml = {0}, hdr = {0};
    struct mail *m = NULL;
    bool acted = false;

    if (disk_read(&hdr, PATH(b, "outgoing/%s.hdr", base).s) < 0 || *dark)
        goto out;
    if (disk_read(&eml, PATH(b, "outgoing/%s.eml", base).s) < 0) {
        if (!*dark)
            mail_say(s, MAIL_HALF, "outgoing/%s.hdr has no content", base);
        goto out;
    }
    if (*dark)
        goto out;
    m = mail_judge(s, base, buf_view(&eml), buf_view(&hdr));
    if (m) {
        remember(s, m, base, buf_view(&eml));
        m->flushed |= flushed;
    }
    remove_pair(b, base);
    acted = true;
out:
    buf_free(&eml);
    buf_free(&hdr);
    return acted;
}

static bool flush_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0)
        close(fd);
    return good;
}

bool traffic_take(struct mail_set *s, const struct bench *b, enum traffic_taker how, const _Atomic bool *dark)
{
    struct disk_path dir = PATH(b, "outgoing"), base;
    struct disk_list l = {0};
    bool any = false;

    if (how == TRAFFIC_AWAY || *dark)
        return false;
    disk_list(&l, dir.s);
    if (l.n == 0 || (how == TRAFFIC_FLUSHES && !flush_folder(dir.s)))
        goto out;
    for (size_t i = 0; i < l.n && !*dark; i++)
        if (disk_cut_suffix(&base, l.name[i], ".hdr"))
            any |= take_one(s, b, base.s, how == TRAFFIC_FLUSHES, dark);
out:
    disk_list_free(&l);
    return any;
}

static void drop_again(struct mail_set *s, const struct bench *b, struct mail *m)
{
    struct buf eml = {0};

    if (disk_read(&eml, PATH(b, "outgoing/%s.eml", m->base.s).s) == 0 &&
        !view_equal(buf_view(&eml), buf_view(&m->published)))
        mail_say(s, MAIL_TORN, "message %u: %s came back with other bytes", m->number, m->base.s);
    m->again++;
    remove_pair(b, m->base.s);
    buf_free(&eml);
}

void traffic_take_again(struct mail_set *s, const struct bench *b)
{
    struct disk_list l = {0};
    struct disk_path base;

    disk_list(&l, PATH(b, "outgoing").s);
    for (size_t i = 0; i < l.n; i++) {
        struct mail *m =
            disk_cut_suffix(&base, l.name[i], ".eml") ? mail_find_base(s, view_of(base.s)) : NULL;

        if (m)
            drop_again(s, b, m);
    }
    disk_list_free(&l);
}
