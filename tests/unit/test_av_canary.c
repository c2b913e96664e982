/*
 * test_av_canary.c - unit tests of workers/av/av_canary.c: the messages, the signatures, and who passes.
 *
 * Run by `make check`. The engine is the real one; that EICAR stands nowhere in one
 * piece is looked up in this very binary, which holds av_canary.o.
 */
#include "tests/unit/av_world.h"

static void messages_are_what_they_say(void **state)
{
    struct buf b[AV_CANARY__MAX] = {{0}};

    (void)state;
    for (unsigned i = 0; i < AV_CANARY__MAX; i++)
        av_canary_make(i, &b[i]);
    assert_int_equal(b[AV_CANARY_RAW].n, 68);
    assert_memory_equal(b[AV_CANARY_RAW].p, "X5O!P%@AP[4", 11);
    assert_memory_equal(b[AV_CANARY_ZIP].p, "PK\3\4", 4);
    assert_null(memmem(b[AV_CANARY_ZIP].p, b[AV_CANARY_ZIP].n, b[AV_CANARY_RAW].p, 68));
    assert_null(memmem(b[AV_CANARY_MIME].p, b[AV_CANARY_MIME].n, b[AV_CANARY_RAW].p, 68));
    assert_non_null(strstr(b[AV_CANARY_MIME].p, "\r\nWDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9"));
    assert_non_null(strstr(b[AV_CANARY_CLEAN].p, "\r\nUEsDB"));
    for (unsigned i = 0; i < AV_CANARY__MAX; i++)
        buf_free(&b[i]);
}

static void the_archive_passes_its_own_check(void **state)
{
    struct buf b = {0};
    FILE *f;

    (void)state;
    if (system("python3 -c 'import zipfile' 2>/dev/null") != 0)
        skip();
    av_canary_make(AV_CANARY_ZIP, &b);
    f = popen("python3 -c 'import sys,io,zipfile as z\n"
              "a=z.ZipFile(io.BytesIO(sys.stdin.buffer.read()))\n"
              "sys.exit(a.testzip() is not None or a.namelist()!=[\"eicar.com\"])'",
              "w");
    assert_non_null(f);
    assert_int_equal(fwrite(b.p, 1, b.n, f), b.n);
    assert_int_equal(pclose(f), 0);
    buf_free(&b);
}

static void no_binary_holds_eicar(void **state)
{
    struct buf self = {0}, eicar = {0};

    (void)state;
    world_read("/proc/self/exe", &self);
    av_canary_make(AV_CANARY_RAW, &eicar);
    /* Half of it is enough for some scanners. */
    assert_null(memmem(self.p, self.n, eicar.p, 34));
    assert_null(memmem(self.p, self.n, eicar.p + 34, 34));
    buf_free(&self);
    buf_free(&eicar);
}

static void our_signatures_find_it_anywhere(void **state)
{
    struct av_world w;
    struct buf b = {0};
    struct av_answer a;

    (void)state;
    world_open(&w, 0);
    assert_int_equal(w.loaded.signatures, 1);
    buf_add_str(&b, "some words before it ");
    av_canary_make(AV_CANARY_RAW, &b);
    buf_add_str(&b, " and after");
    av_mail_examine(w.mail, buf_view(&b), NULL, &a);
    assert_int_equal(a.state, ANTIVIRUS_INFECTED);
    assert_string_equal(a.text, "Spoold.Test.EICAR.UNOFFICIAL");
    assert_true(a.layers >= 1);
    buf_free(&b);
    world_close(&w);
}

static void signatures_are_not_written_into_nothing(void **state)
{
    (void)state;
    assert_int_equal(av_canary_write_signatures("/nonexistent"), -1);
}

struct canary_case {
    const char *says, *signature;
    unsigned without;
    bool passes;
    const char *words;
};

static const struct canary_case canaries[] = {
    {"our own set", NULL, 0, true, ""},
    {"a set that does not know EICAR", "Other:0:*:6162636465666768\n", 0, false,
     "the EICAR test file was called clean: the signatures in the folder do not find EICAR; every ClamAV set "
     "does."},
    {"the same, nobody asks", "Other:0:*:6162636465666768\n", AV_WITHOUT_CANARY, true, ""},
    {"a set that finds something in every message",
     "Mail:0:*:43616e617279\nFrom:0:*:46726f6d3a20\n"
     "Eicar:0:*:45494341522d5354414e44415244\n",
     0, false, "a harmless message was called infected (From.UNOFFICIAL)"},
};

static void an_engine_must_know_the_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof canaries / sizeof *canaries; i++) {
        const struct canary_case *c = &canaries[i];
        struct antivirus_settings s = world_settings(0);
        struct buf why = {0};
        struct av_world w;
        int rc;

        world_make(&w);
        if (c->signature)
            world_write(w.sigs, "a.ndb", view_of(c->signature));
        else
            av_canary_write_signatures(w.sigs);
        if (world_load(&w, &s, c->without, w.sigs, &why) != 0)
            fail_msg("%s: %s", c->says, why.p);
        rc = av_canary_ask(w.engine, w.mail, &why);
        if ((rc == 0) != c->passes || strncmp(why.p ? why.p : "", c->words, strlen(c->words)) != 0)
            fail_msg("%s: %s", c->says, why.p ? why.p : "passed");
        buf_free(&why);
        world_close(&w);
    }
}

/* Without room for temporary files libclamav calls the archive clean. */
static void a_scratch_folder_that_is_gone_is_noticed(void **state)
{
    struct buf why = {0};
    struct av_world w;

    (void)state;
    world_open(&w, 0);
    assert_int_equal(rmdir(w.scratch), 0);
    assert_int_equal(av_canary_ask(w.engine, w.mail, &why), -1);
    assert_non_null(strstr(why.p, "was called unexamined, reason resource"));
    buf_free(&why);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_are_what_they_say),
        cmocka_unit_test(the_archive_passes_its_own_check),
        cmocka_unit_test(no_binary_holds_eicar),
        cmocka_unit_test(our_signatures_find_it_anywhere),
        cmocka_unit_test(signatures_are_not_written_into_nothing),
        cmocka_unit_test(an_engine_must_know_the_answers),
        cmocka_unit_test(a_scratch_folder_that_is_gone_is_noticed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
