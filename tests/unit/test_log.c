/*
 * test_log.c - a record is one line of printable ASCII, cut at its limit, and a
 * reader that does not read never stops the program.
 *
 * Run by "make check". Standard error is a pipe while a record is written and
 * is put back before anything is asserted, so that failures can be seen.
 * What ends the process is run in a child.
 */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* Standard error turned into a pipe; the bytes in it end in `text` when it is put back. */
struct capture {
    int saved, out, in;
    char text[70000]; /* more than a pipe holds */
    size_t n;
};

static void capture_begin(struct capture *c)
{
    int fd[2] = {-1, -1};

    assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
    c->n = 0;
    c->out = fd[0];
    c->in = fd[1];
    c->saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    assert_true(c->saved >= 0);
    assert_true(dup2(c->in, STDERR_FILENO) >= 0);
}

static void capture_drain(struct capture *c)
{
    ssize_t got = 0;

    fcntl(c->out, F_SETFL, O_NONBLOCK);
    while ((got = read(c->out, c->text + c->n, sizeof c->text - 1 - c->n)) > 0)
        c->n += (size_t)got;
    c->text[c->n] = '\0';
}

static void capture_end(struct capture *c)
{
    dup2(c->saved, STDERR_FILENO);
    capture_drain(c);
    close(c->saved);
    close(c->in);
    close(c->out);
}

/* Fills the pipe and gives its reader's end nothing to do. */
static void fill_pipe(int fd)
{
    char block[4096];

    memset(block, '#', sizeof block);
    fcntl(fd, F_SETFL, O_NONBLOCK);
    while (write(fd, block, sizeof block) > 0)
        continue;
    fcntl(fd, F_SETFL, 0);
}

/* The end of `text` is `end`; prints both when not. */
static void assert_ends(const char *what, const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);

    if (n < m || strcmp(text + n - m, end) != 0)
        fail_msg("%s: got \"%s\", wanted an end of \"%s\"", what, text, end);
}

static const struct {
    const char *what, *text, *want;
} escapes[] = {
    {"plain text", "id=m~1 event=x", ": id=m~1 event=x\n"},
    {"a newline forges no record", "a\nid=other", ": a\\x0aid=other\n"},
    {"CR, tab, ESC, DEL", "\r\t\x1b\x7f", ": \\x0d\\x09\\x1b\\x7f\n"},
    {"UTF-8 is escaped byte by byte", "\xc3\xa4", ": \\xc3\\xa4\n"},
    {"the ends of the printable range", " ~", ":  ~\n"},
    {"percent signs are data", "%s%n", ": %s%n\n"},
    {"an empty text", "", ": \n"},
};

static void only_printable_ascii_is_written(void **state)
{
    static struct capture c;

    (void)state;
    for (size_t i = 0; i < COUNT(escapes); i++) {
        capture_begin(&c);
        log_info("%s", escapes[i].text);
        capture_end(&c);
        assert_ends(escapes[i].what, c.text, escapes[i].want);
        assert_ptr_equal(strchr(c.text, '\n'), c.text + c.n - 1);
    }
}

static void stderr_lines_start_with_time_and_name(void **state)
{
    static struct capture c;
    struct tm tm = {0};
    const char *rest = NULL;

    (void)state;
    capture_begin(&c);
    log_info("x");
    capture_end(&c);
    rest = strptime(c.text, "%Y-%m-%dT%H:%M:%S", &tm);
    assert_non_null(rest);
    assert_int_equal(rest[0], '.');
    assert_int_equal(strspn(rest + 1, "0123456789"), 3);
    assert_string_equal(rest + 4, "Z unit: x\n");
    assert_true(labs((long)(timegm(&tm) - time(NULL))) < 5);
}

static void long_lines_are_cut_and_say_so(void **state)
{
    static struct capture c;
    char text[3 * LOG_LINE_MAX];

    (void)state;
    for (int escaped = 0; escaped < 2; escaped++) {
        memset(text, escaped ? '\n' : 'x', sizeof text - 1);
        text[sizeof text - 1] = '\0';
        capture_begin(&c);
        log_info("%s", text);
        capture_end(&c);
        assert_in_range(c.n, LOG_LINE_MAX - 10, LOG_LINE_MAX);
        assert_ends("cut", c.text, escaped ? "\\x0a...\n" : "x...\n");
        assert_ptr_equal(strchr(c.text, '\n'), c.text + c.n - 1);
    }
    assert_true(LOG_LINE_MAX < PIPE_BUF);
}

static void levels_choose_what_is_written(void **state)
{
    static struct capture c;

    (void)state;
    for (int level = LOG_LEVEL_WARN; level < LOG_LEVEL__MAX; level++) {
        log_set_level((enum log_level)level);
        capture_begin(&c);
        log_warnx("w1");
        log_info("i1");
        log_debug("d1");
        capture_end(&c);
        assert_non_null(strstr(c.text, ": w1\n"));
        assert_int_equal(strstr(c.text, ": i1\n") != NULL, level >= LOG_LEVEL_INFO);
        assert_int_equal(strstr(c.text, ": d1\n") != NULL, level >= LOG_LEVEL_DEBUG);
    }
    log_set_level(LOG_LEVEL_INFO);
}

static void warn_tells_errno_and_keeps_it(void **state)
{
    static struct capture c;
    int after = 0;

    (void)state;
    capture_begin(&c);
    errno = ENOENT;
    log_warn("cannot open %s", "a\tb");
    after = errno;
    log_warnx("no errno");
    capture_end(&c);
    assert_int_equal(after, ENOENT);
    assert_non_null(strstr(c.text, ": cannot open a\\x09b: No such file or directory\n"));
    assert_ends("warnx", c.text, ": no errno\n");
}

/* A write that waited would end the child by alarm. */
static void full_pipe_child(void)
{
    static struct capture c;
    unsigned long before = log_dropped();
    const char *told = NULL;
    bool good = true;

    alarm(5);
    capture_begin(&c);
    fill_pipe(c.in);
    log_warnx("lost 1");
    log_info("lost 2");
    good = log_dropped() == before + 2;
    capture_drain(&c);
    good = good && !strstr(c.text, "lost");
    c.n = 0;
    log_info("seen");
    log_info("end");
    capture_end(&c);
    /* Told once, before the first line that gets through. */
    told = strstr(c.text, ": event=log_dropped lines=2\n");
    good = good && told && !strstr(told + strlen(": event=log_dropped"), "log_dropped") &&
           strstr(told, ": seen\n") && strstr(told, ": end\n");
    _exit(good ? 0 : 1);
}

static void closed_reader_child(void)
{
    static struct capture c;
    unsigned long before = log_dropped();

    alarm(5);
    signal(SIGPIPE, SIG_IGN);
    capture_begin(&c);
    close(c.out);
    errno = ENOENT;
    log_warnx("nobody reads");
    _exit(errno == ENOENT && log_dropped() == before + 1 ? 0 : 1);
}

static void journald_child(void)
{
    static struct capture c;
    bool good = true;

    log_init("unit", LOG_TARGET_JOURNALD, LOG_LEVEL_DEBUG);
    capture_begin(&c);
    log_warnx("w");
    log_info("i");
    log_debug("d");
    capture_end(&c);
    good = strcmp(c.text, "<4>w\n<6>i\n<7>d\n") == 0;
    _exit(good ? 0 : 1);
}

/* Verbs that end the process: the exit code says which one ran. */
static void fatal_child(void)
{
    errno = EACCES;
    fatal("start");
}

static void fatalx_child(void)
{
    fatalx("start");
}

static void fatalx_code_child(void)
{
    log_set_level(LOG_LEVEL_WARN);
    fatalx_code(EXIT_CONFIG_100, "start");
}

static const struct {
    const char *what;
    void (*run)(void);
    int code;
    const char *says;
} children[] = {
    {"a full pipe: lines are counted, then reported", full_pipe_child, 0, ""},
    {"a reader that is gone", closed_reader_child, 0, ""},
    {"journald gets a level and no time", journald_child, 0, ""},
    {"fatal says errno, exit 75", fatal_child, EXIT_TEMP_75, ": start: Permission denied\n"},
    {"fatalx, exit 75", fatalx_child, EXIT_TEMP_75, ": start\n"},
    {"fatalx_code, at any level", fatalx_code_child, EXIT_CONFIG_100, ": start\n"},
};

static void children_end_as_they_should(void **state)
{
    static struct capture c;

    (void)state;
    for (size_t i = 0; i < COUNT(children); i++) {
        int status = 0;
        pid_t pid = 0;

        capture_begin(&c);
        pid = fork();
        if (pid == 0)
            children[i].run();
        assert_int_equal(waitpid(pid, &status, 0), pid);
        capture_end(&c);
        if (!WIFEXITED(status) || WEXITSTATUS(status) != children[i].code)
            fail_msg("%s: wait status %#x", children[i].what, (unsigned)status);
        assert_ends(children[i].what, c.text, children[i].says);
    }
}

static int set_up(void **state)
{
    (void)state;
    log_init("unit", LOG_TARGET_STDERR, LOG_LEVEL_INFO);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_printable_ascii_is_written),
        cmocka_unit_test(stderr_lines_start_with_time_and_name),
        cmocka_unit_test(long_lines_are_cut_and_say_so),
        cmocka_unit_test(levels_choose_what_is_written),
        cmocka_unit_test(warn_tells_errno_and_keeps_it),
        cmocka_unit_test(children_end_as_they_should),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
