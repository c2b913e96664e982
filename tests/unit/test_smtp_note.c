/*
 * test_smtp_note.c - unit tests of workers/deliver/smtp_note.c: one note per recipient, at once.
 *
 * Run by `make check`. The file is a memfd; a pipe that nobody reads stands for a full disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "workers/deliver/smtp_note.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

static const struct deliver_rcpt three[] = {
    {5, VIEW("a"), {NULL, 0}}, {6, VIEW("b"), {NULL, 0}}, {9, VIEW("c"), {NULL, 0}}};
static const struct deliver_order order = {.rcpt = three, .rcpt_n = 3};

static void expect(int fd, const char *wanted)
{
    char got[400] = "";

    assert_true(pread(fd, got, sizeof got - 1, 0) >= 0);
    assert_string_equal(got, wanted);
}

static void each_recipient_has_one_note(void **state)
{
    struct smtp_notes n = {.fd = memfd_create("notes", MFD_CLOEXEC), .o = &order};
    struct smtp_reply r = {.code = 450};

    (void)state;
    buf_add_str(&r.text, "4.2.0 busy\n4.2.0 come back");
    assert_int_equal(smtp_note_missing(&n), 3);
    assert_int_equal(smtp_note_one(&n, 1, DELIVER_LATER, &r), 0);
    expect(n.fd, "6 t 450 4.2.0 busy 4.2.0 come back\n");
    assert_int_equal(smtp_note_one(&n, 1, DELIVER_DONE, &r), 0);
    assert_int_equal(smtp_note_rest(&n, DELIVER_DONE, 250, VIEW("Ok")), 0);
    assert_int_equal(smtp_note_rest(&n, DELIVER_FAILED, 550, VIEW("no")), 0);
    expect(n.fd, "6 t 450 4.2.0 busy 4.2.0 come back\n5 d 250 Ok\n9 d 250 Ok\n");
    assert_int_equal(n.done, 2);
    assert_int_equal(n.failed, 0);
    assert_int_equal(n.later, 1);
    assert_int_equal(smtp_note_missing(&n), 0);
    smtp_reply_free(&r);
    close(n.fd);
}

static void a_note_that_cannot_be_written_is_told(void **state)
{
    struct smtp_notes n = {.fd = open("/dev/null", O_RDONLY | O_CLOEXEC), .o = &order};

    (void)state;
    assert_int_equal(smtp_note_rest(&n, DELIVER_DONE, 250, VIEW("Ok")), -1);
    assert_int_equal(n.err, EBADF);
    close(n.fd);
}

static void without_a_file_they_are_counted(void **state)
{
    struct smtp_notes n = {.fd = -1, .o = &order};

    (void)state;
    assert_int_equal(smtp_note_rest(&n, DELIVER_FAILED, 0, VIEW("")), 0);
    assert_int_equal(n.failed, 3);
}

static void a_code_has_its_meaning(void **state)
{
    static const struct {
        unsigned code;
        enum deliver_fate fate;
    } codes[] = {{421, DELIVER_LATER},  {450, DELIVER_LATER},  {499, DELIVER_LATER},  {500, DELIVER_FAILED},
                 {550, DELIVER_FAILED}, {552, DELIVER_FAILED}, {554, DELIVER_FAILED}, {530, DELIVER_LATER},
                 {535, DELIVER_LATER},  {538, DELIVER_LATER}};

    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (smtp_note_fate(codes[i].code) != codes[i].fate)
            fail_msg("%u", codes[i].code);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_recipient_has_one_note),
        cmocka_unit_test(a_note_that_cannot_be_written_is_told),
        cmocka_unit_test(without_a_file_they_are_counted),
        cmocka_unit_test(a_code_has_its_meaning),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
