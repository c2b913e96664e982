/*
 * ctl_tail.c - see ctl_tail.h.
 *
 * One short question per turn over a connection of its own: spoold keeps no
 * state for those who follow, and a slow terminal holds up nobody but itself.
 * SIGINT and SIGTERM are blocked and taken between two questions, so that no
 * line is cut. Trusts the place that spoold names no further than to hand it back.
 */
#include "tools/ctl_tail.h"

#include "common/log.h"
#include "common/xalloc.h"
#include "tools/ctl_link.h"
#include "tools/ctl_print.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#define TAIL_LINES_MAX 1000

struct tail {
    const struct config *c;
    bool json;
    struct ctl_print print;
    char *next; /* owned: where to go on; NULL before the first answer */
    bool more;  /* there is more behind it already */
    bool gone;  /* it was said that spoold does not answer */
};

int ctl_tail_parse(struct ctl_words words, unsigned *lines, struct buf *why)
{
    size_t digits = words.n == 2 ? strspn(words.word[1], "0123456789") : 0;

    *lines = CTL_TAIL_LINES;
    if (words.n == 0)
        return 0;
    if (words.n != 2 || strcmp(words.word[0], "-n") != 0 || digits == 0 || digits > 4 ||
        words.word[1][digits] || strtoul(words.word[1], NULL, 10) > TAIL_LINES_MAX) {
        buf_addf(why, "tail takes -n and a whole number up to %d", TAIL_LINES_MAX);
        return EXIT_USAGE_64;
    }
    *lines = (unsigned)strtoul(words.word[1], NULL, 10);
    return 0;
}

/* The last line of an answer says where to go on, every other is an event. */
static void take_line(struct view line, const json_t *object, void *arg)
{
    struct tail *t = arg;
    const char *next = json_string_value(json_object_get(object, "next"));

    if (next && !json_object_get(object, "event")) {
        free(t->next);
        t->next = xstrdup(next);
        t->more = json_is_true(json_object_get(object, "more"));
    } else if (t->json) {
        fwrite(line.p, 1, line.n, stdout);
        fputc('\n', stdout);
    } else {
        ctl_table_events(&t->print, object);
    }
}

static int ask(struct tail *t, unsigned lines, bool *absent, struct buf *why)
{
    struct buf request = {0}, text = {0};
    struct ctl_link l = {.fd = -1};
    int rc = ctl_link_open(&l, t->c->root, t->c->state, why);

    *absent = rc && l.absent;
    buf_addf(&text, "%u", lines);
    if (!rc && (ctl_request_add_word(&request, NULL, "events") < 0 ||
                ctl_request_add_word(&request, t->next ? "after" : "last", t->next ? t->next : text.p) < 0))
        rc = EXIT_TEMP_75;
    t->more = false;
    if (!rc)
        rc = ctl_link_send(&l, &request, why);
    if (!rc)
        rc = ctl_link_receive(&l, take_line, t, why);
    ctl_link_close(&l);
    buf_free(&request);
    buf_free(&text);
    return rc;
}

/* Whether to ask again: once it has answered, a spoold that goes away is expected to come back. */
static bool may_go_on(struct tail *t, int rc, bool absent, struct buf *why)
{
    if (!rc) {
        t->gone = false;
        return true;
    }
    if (!t->next || rc != EXIT_TEMP_75)
        return false;
    if (!t->gone && absent)
        fputs("spoolctl: spoold has ended; what it does when it is back will be shown here\n", stderr);
    t->gone |= absent;
    buf_clear(why);
    return true;
}

/* 0: go on. */
static int wait_signal(const sigset_t *ends, bool more)
{
    const struct timespec pause = {.tv_sec = 0, .tv_nsec = more ? 0 : CTL_TAIL_MS * 1000000L};
    int got = sigtimedwait(ends, NULL, &pause);

    return got > 0 ? got : 0;
}

int ctl_tail(const struct config *c, unsigned lines, bool json, struct buf *why)
{
    struct tail t = {.c = c, .json = json};
    bool absent = false;
    sigset_t ends, old;
    int rc = 0;

    sigemptyset(&ends);
    sigaddset(&ends, SIGINT);
    sigaddset(&ends, SIGTERM);
    sigprocmask(SIG_BLOCK, &ends, &old);
    ctl_print_init(&t.print, stdout);
    do {
        rc = ask(&t, lines, &absent, why);
        if (!may_go_on(&t, rc, absent, why))
            break;
        rc = 0;
    } while (fflush(stdout) == 0 && !wait_signal(&ends, t.more));
    sigprocmask(SIG_SETMASK, &old, NULL);
    free(t.next);
    return rc;
}
