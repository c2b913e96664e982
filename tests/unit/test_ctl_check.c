/*
 * test_ctl_check.c - unit tests of tools/ctl_check.c: words, files that are refused, exit codes.
 *
 * Run by `make check`. No worker is started here: what needs one is tested with
 * the programs.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/xalloc.h"
#include "tools/ctl_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WORDS_MAX 6

static const struct {
    const char *says;
    const char *word[WORDS_MAX];
    int code;
    size_t files;
    const char *hdr;
    bool json, no_av, verbose;
} words[] = {
    {"files alone", {"a", "b"}, 0, 2, NULL, false, false, false},
    {"- is standard input", {"-"}, 0, 1, NULL, false, false, false},
    {"options may stand between files", {"a", "--no-av", "--json", "b"}, 0, 2, NULL, true, true, false},
    {"an envelope", {"--hdr", "h", "a", "--verbose"}, 0, 1, "h", false, false, true},
    {"behind -- everything is a file", {"--", "--json", "--"}, 0, 2, NULL, false, false, false},
    {"no file", {"--json"}, 64, 0, NULL, true, false, false},
    {"an envelope without its file", {"a", "--hdr"}, 64, 1, NULL, false, false, false},
    {"recipients", {"-r", "a@example.org", "-r", "b", "m"}, 0, 1, NULL, false, false, false},
    {"a recipient is missing", {"m", "-r"}, 64, 1, NULL, false, false, false},
    {"recipients stand in an envelope", {"--hdr", "h", "-r", "a", "m"}, 64, 1, "h", false, false, false},
    {"an unknown option", {"a", "--facts"}, 64, 1, NULL, false, false, false},
    {"the daemon's way is not there yet", {"--via-daemon", "a"}, 64, 0, NULL, false, false, false},
};

static void words_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        struct ctl_words w = {.word = (char *const *)(uintptr_t)words[i].word};
        struct ctl_check_options o = {0};
        struct buf why = {0};
        int rc;

        while (w.n < WORDS_MAX && words[i].word[w.n])
            w.n++;
        rc = ctl_check_parse(&o, w, &why);
        if (rc != words[i].code || (rc != 0) != (why.n != 0) || o.file_n != words[i].files ||
            o.json != words[i].json || o.no_av != words[i].no_av || o.verbose != words[i].verbose)
            fail_msg("%s: got %d, %zu files, '%s'", words[i].says, rc, o.file_n, why.n ? why.p : "");
        assert_true(words[i].hdr ? o.hdr && strcmp(o.hdr, words[i].hdr) == 0 : !o.hdr);
        ctl_check_options_free(&o);
        assert_null(o.file);
        buf_free(&why);
    }
}

static const struct {
    enum antivirus_state state;
    enum antivirus_why why;
    int code;
} codes[] = {
    {ANTIVIRUS_NOT_ASKED, ANTIVIRUS_EXAMINED, 0},     {ANTIVIRUS_CLEAN, ANTIVIRUS_EXAMINED, 0},
    {ANTIVIRUS_INFECTED, ANTIVIRUS_EXAMINED, 1},      {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, 1},
    {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_NO_UNPACKER, 1}, {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT, 1},
    {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_AMBIGUOUS, 1},   {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENGINE, 75},
    {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_RESOURCE, 75},   {ANTIVIRUS_UNEXAMINED, ANTIVIRUS_BYTES, 75},
};

static void a_verdict_has_its_exit_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct ctl_check_verdict v = {.state = codes[i].state, .why = codes[i].why};

        assert_int_equal(ctl_check_code(&v), codes[i].code);
    }
}

static void a_finding_counts_most(void **state)
{
    static const int rows[][3] = {{0, 0, 0}, {0, 1, 1}, {0, 75, 75}, {75, 1, 1}, {75, 75, 75}, {1, 1, 1}};

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_int_equal(ctl_check_strictest(rows[i][0], rows[i][1]), rows[i][2]);
        assert_int_equal(ctl_check_strictest(rows[i][1], rows[i][0]), rows[i][2]);
    }
}

struct place {
    char dir[40], file[60], link[60], fifo[60];
};

static struct place place_open(const char *text)
{
    struct place p = {.dir = "/tmp/test_ctl_check.XXXXXX"};
    int fd;

    assert_non_null(mkdtemp(p.dir));
    snprintf(p.file, sizeof p.file, "%s/m", p.dir);
    snprintf(p.link, sizeof p.link, "%s/l", p.dir);
    snprintf(p.fifo, sizeof p.fifo, "%s/f", p.dir);
    fd = open(p.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    assert_int_equal(symlink("m", p.link), 0);
    return p;
}

static void place_close(struct place *p)
{
    unlink(p->file);
    unlink(p->link);
    unlink(p->fifo);
    assert_int_equal(rmdir(p->dir), 0);
}

static struct ctl_check_file open_of(const char *name, uint64_t max)
{
    struct ctl_check_file f = {.name = name, .fd = -1};

    ctl_check_open(&f, max);
    return f;
}

static void a_file_is_opened_for_reading_only(void **state)
{
    struct place p = place_open("ten bytes.");
    const char *names[] = {p.file, p.link};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct ctl_check_file f = open_of(names[i], 10);

        assert_false(f.ended);
        assert_int_equal(f.size, 10);
        assert_int_equal(fcntl(f.fd, F_GETFL) & O_ACCMODE, O_RDONLY);
        close(f.fd);
    }
    place_close(&p);
}

static void what_cannot_be_examined_has_its_verdict_at_once(void **state)
{
    struct place p = place_open("ten bytes.");
    struct {
        const char *name;
        uint64_t max;
        enum antivirus_why why;
        const char *text;
    } rows[] = {
        {p.file, 9, ANTIVIRUS_LIMIT, "larger than spool.max_message_size"},
        {"/dev/zero", 100000, ANTIVIRUS_LIMIT, "larger than spool.max_message_size"},
        {p.fifo, 9, ANTIVIRUS_BYTES, "No such file or directory"},
        {p.dir, 9, ANTIVIRUS_BYTES, "Is a directory"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct ctl_check_file f = open_of(rows[i].name, rows[i].max);

        assert_true(f.ended);
        assert_int_equal(f.fd, -1);
        assert_int_equal(f.verdict.state, ANTIVIRUS_UNEXAMINED);
        assert_int_equal(f.verdict.why, rows[i].why);
        assert_string_equal(f.verdict.text, rows[i].text);
    }
    place_close(&p);
}

/* Through a pipe, and from a file that is half read and open for writing. */
static void standard_input_is_copied_into_memory(void **state)
{
    struct place p = place_open("read!ten bytes.");
    int saved = dup(STDIN_FILENO), fd = open(p.file, O_RDWR | O_CLOEXEC), ends[2];
    char got[20] = "";

    (void)state;
    assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
    assert_int_equal(write(ends[1], "ten bytes.", 10), 10);
    close(ends[1]);
    assert_int_equal(read(fd, got, 5), 5);
    for (int i = 0; i < 2; i++) {
        struct ctl_check_file f;

        dup2(i ? ends[0] : fd, STDIN_FILENO);
        f = open_of("-", 10);
        assert_false(f.ended);
        assert_int_equal(f.size, 10);
        assert_int_equal(pread(f.fd, got, sizeof got, 0), 10);
        assert_memory_equal(got, "ten bytes.", 10);
        assert_int_equal(write(f.fd, "x", 1), -1);
        close(f.fd);
    }
    dup2(saved, STDIN_FILENO);
    close(saved);
    close(fd);
    close(ends[0]);
    place_close(&p);
}

/* With --no-av no worker is asked: the whole verb runs in this process. */
static int check_of(const char *hdr, const char *file, struct buf *why)
{
    char name[] = "m.example.org";
    struct config c = {
        .clamav = true, .av_children = 2, .max_message_size = 100, .authserv_id = name, .hostname = name};
    struct ctl_check_options o = {.hdr = hdr, .no_av = true, .file = &file, .file_n = 1};
    int saved, null = open("/dev/null", O_WRONLY | O_CLOEXEC), rc;

    fflush(stdout);
    saved = dup(STDOUT_FILENO);
    dup2(null, STDOUT_FILENO);
    rc = ctl_check(&c, &o, why);
    fflush(stdout);
    dup2(saved, STDOUT_FILENO);
    close(saved);
    close(null);
    return rc;
}

static void an_envelope_must_be_one(void **state)
{
    static const struct {
        const char *text;
        int code;
        const char *part;
    } rows[] = {
        {"Written\na@example.org\nb@example.net\n\n", 0, ""},
        {"Written\n", 65, "/m:"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct place p = place_open(rows[i].text);
        struct buf why = {0};

        assert_int_equal(check_of(p.file, p.file, &why), rows[i].code);
        assert_true((why.n != 0) == (rows[i].code != 0));
        assert_non_null(strstr(why.p ? why.p : "", rows[i].part));
        buf_clear(&why);
        assert_int_equal(check_of(p.fifo, p.file, &why), 65);
        assert_non_null(strstr(why.p, "cannot be read: No such file"));
        buf_free(&why);
        place_close(&p);
    }
}

static void the_exit_code_is_that_of_the_files(void **state)
{
    struct place p = place_open("hello");
    struct buf why = {0};

    (void)state;
    assert_int_equal(check_of(NULL, p.file, &why), 0);
    assert_int_equal(check_of(NULL, p.fifo, &why), 75);
    assert_int_equal(check_of(NULL, "/dev/zero", &why), 1);
    assert_int_equal(why.n, 0);
    buf_free(&why);
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_follow_the_table),
        cmocka_unit_test(a_verdict_has_its_exit_code),
        cmocka_unit_test(a_finding_counts_most),
        cmocka_unit_test(a_file_is_opened_for_reading_only),
        cmocka_unit_test(what_cannot_be_examined_has_its_verdict_at_once),
        cmocka_unit_test(standard_input_is_copied_into_memory),
        cmocka_unit_test(an_envelope_must_be_one),
        cmocka_unit_test(the_exit_code_is_that_of_the_files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
