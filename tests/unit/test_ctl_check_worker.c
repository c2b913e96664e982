/*
 * test_ctl_check_worker.c - unit tests of tools/ctl_check_worker.c: what an outcome of the pool says of a
 * file.
 *
 * Run by `make check`. Launcher and workers are not started here; that a folder
 * cannot be read is told before they would be.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spoold/pool.h"
#include "tools/ctl_check.h"

#include <errno.h>

/* What follows from an answer that cannot be: from its finding on. */
#define NO_SENSE                                                                                             \
    "", "", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENGINE, "the worker gave an answer that makes no sense", false

static const struct {
    const char *says;
    enum pool_end end;
    struct wire_result result;
    const char *finding, *cause;
    enum antivirus_state state;
    enum antivirus_why why;
    const char *text;
    bool hashed;
} cases[] = {
    {"clean", POOL_DONE, {.state = ANTIVIRUS_CLEAN}, "", "", ANTIVIRUS_CLEAN, ANTIVIRUS_EXAMINED, "", true},
    {"infected",
     POOL_DONE,
     {.state = ANTIVIRUS_INFECTED},
     "A.B",
     "",
     ANTIVIRUS_INFECTED,
     ANTIVIRUS_EXAMINED,
     "A.B",
     true},
    {"unexamined",
     POOL_DONE,
     {.state = ANTIVIRUS_UNEXAMINED, .why = ANTIVIRUS_LIMIT},
     "deep",
     "",
     ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_LIMIT,
     "deep",
     true},
    {"no state is not clean", POOL_DONE, {.state = 0}, NO_SENSE},
    {"a state beyond the table", POOL_DONE, {.state = 99}, NO_SENSE},
    {"a reason beyond the table", POOL_DONE, {.state = ANTIVIRUS_UNEXAMINED, .why = 99}, NO_SENSE},
    {"clean with a reason against it",
     POOL_DONE,
     {.state = ANTIVIRUS_CLEAN, .why = ANTIVIRUS_LIMIT},
     NO_SENSE},
    {"it could not be read",
     POOL_DONE,
     {.status = WIRE_IO, .err = EIO, .state = ANTIVIRUS_CLEAN},
     "",
     "",
     ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_BYTES,
     "Input/output error",
     false},
    {"the worker died",
     POOL_CHARGED,
     {.state = ANTIVIRUS_CLEAN},
     "",
     "it was ended by signal 11",
     ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "it was ended by signal 11",
     false},
    {"nobody was there",
     POOL_NO_WORKER,
     {.state = ANTIVIRUS_CLEAN},
     "",
     "",
     ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "no worker examined it",
     false},
    {"it was called off",
     POOL_CANCELLED,
     {.state = ANTIVIRUS_CLEAN},
     "",
     "it is starting",
     ANTIVIRUS_UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "it is starting",
     false},
};

static void verdicts_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct pool_outcome o = {.end = cases[i].end, .result = cases[i].result};
        struct ctl_check_verdict v;

        strncpy(o.finding, cases[i].finding, sizeof o.finding - 1);
        strncpy(o.cause, cases[i].cause, sizeof o.cause - 1);
        o.result.sha256[5] = 5;
        ctl_check_worker_judge(&v, &o);
        if (v.state != cases[i].state || v.why != cases[i].why || strcmp(v.text, cases[i].text) != 0 ||
            v.hashed != cases[i].hashed || v.sha256[5] != (v.hashed ? 5 : 0))
            fail_msg("%s: got %s, %s, '%s'", cases[i].says, antivirus_state_name(v.state),
                     antivirus_why_name(v.why), v.text);
    }
}

static void a_folder_that_cannot_be_read_is_no_folder_without_signatures(void **state)
{
    char root[] = "/", folder[] = "/dev/null";
    struct config c = {.root = root, .av_signatures = folder};
    const struct ctl_check_about about = {.av = true};
    struct buf why = {0};

    (void)state;
    assert_null(ctl_check_worker_open(&c, 1, &about, &why));
    assert_string_equal(why.p, "the folder of signatures /dev/null cannot be read: Not a directory; see "
                               "antivirus.signatures");
    buf_free(&why);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdicts_follow_the_table),
        cmocka_unit_test(a_folder_that_cannot_be_read_is_no_folder_without_signatures),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
