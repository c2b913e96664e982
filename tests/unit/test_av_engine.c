/*
 * test_av_engine.c - unit tests of workers/av/av_engine.c: loading, and what one scan collects.
 *
 * Run by `make check`, with the real libclamav. What follows from a scan is
 * av_examine.c's matter; here the parts are looked at one by one, each also with
 * the proof left out, to see that it is needed.
 */
#include "tests/unit/av_world.h"

/* 7-Zip archives of two members: "a.txt" by LZMA, "b.txt" by Deflate; and of one, stored. */
static const unsigned char deflate_7z[] = {
    0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0x00, 0x04, 0x49, 0xd6, 0xc8, 0x81, 0x2e, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x66, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xce, 0x67, 0xd7, 0x39, 0x00, 0x34,
    0x19, 0x49, 0xee, 0x8d, 0xef, 0x8c, 0x6b, 0xca, 0x95, 0x59, 0x10, 0x04, 0x3e, 0x3d, 0x88, 0x00, 0x01,
    0x17, 0x00, 0xe8, 0xff, 0x68, 0x65, 0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x61, 0x67, 0x61, 0x69, 0x6e, 0x20,
    0x61, 0x6e, 0x64, 0x20, 0x61, 0x67, 0x61, 0x69, 0x6e, 0x0a, 0x01, 0x04, 0x06, 0x00, 0x02, 0x09, 0x12,
    0x1c, 0x00, 0x07, 0x0b, 0x02, 0x00, 0x01, 0x23, 0x03, 0x01, 0x01, 0x05, 0x5d, 0x00, 0x10, 0x00, 0x00,
    0x01, 0x03, 0x04, 0x01, 0x08, 0x0c, 0x0d, 0x17, 0x00, 0x08, 0x0a, 0x01, 0x53, 0x74, 0x24, 0xf4, 0x10,
    0xa1, 0x39, 0x04, 0x00, 0x00, 0x05, 0x02, 0x19, 0x0b, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x11, 0x19, 0x00, 0x61, 0x00, 0x2e, 0x00, 0x74, 0x00, 0x78, 0x00, 0x74, 0x00, 0x00,
    0x00, 0x62, 0x00, 0x2e, 0x00, 0x74, 0x00, 0x78, 0x00, 0x74, 0x00, 0x00, 0x00, 0x15, 0x0a, 0x01, 0x00,
    0x20, 0x80, 0xa4, 0x81, 0x20, 0x80, 0xa4, 0x81, 0x00, 0x00,
};
static const unsigned char stored_7z[] = {
    0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c, 0x00, 0x04, 0xf3, 0xff, 0x88, 0x80, 0x0d, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x36, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x08, 0xce, 0x89, 0x40, 0x68, 0x65,
    0x6c, 0x6c, 0x6f, 0x2c, 0x20, 0x77, 0x6f, 0x72, 0x6c, 0x64, 0x0a, 0x01, 0x04, 0x06, 0x00, 0x01, 0x09,
    0x0d, 0x00, 0x07, 0x0b, 0x01, 0x00, 0x01, 0x01, 0x00, 0x0c, 0x0d, 0x00, 0x08, 0x0a, 0x01, 0x53, 0x74,
    0x24, 0xf4, 0x00, 0x00, 0x05, 0x01, 0x11, 0x0d, 0x00, 0x61, 0x00, 0x2e, 0x00, 0x74, 0x00, 0x78, 0x00,
    0x74, 0x00, 0x00, 0x00, 0x15, 0x06, 0x01, 0x00, 0x20, 0x80, 0xa4, 0x81, 0x00, 0x00,
};

#define BYTES(a) ((struct view){(const char *)(a), sizeof(a)})

struct load_case {
    const char *says, *file;
    struct view bytes;
    bool loads;
    const char *words; /* somewhere in the reason */
};

static const struct load_case loads[] = {
    {"no file at all", NULL, {NULL, 0}, false, "No supported database files found"},
    {"a file that is no signatures", "README", VIEW("x"), false, "No supported database files found"},
    {"one signature", "a.ndb", VIEW("A:0:*:6162636465666768\n"), true, NULL},
    {"a line that was cut off", "half.ndb", VIEW("A:0:*:6162636465666768\nB:0:*:616263646"), false,
     "half.ndb"},
    {"a hash that was cut off", "half.hdb", VIEW("44d88612fea8a8f36de82e1278ab"), false, "half.hdb"},
    {"an official set that is none", "daily.cvd", VIEW("not at all"), false, "daily.cvd"},
    {"a set in which nothing stands", "a.ndb", VIEW("# nothing\n"), false, "there are no signatures"},
};

static void sets_load_or_say_why_not(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof loads / sizeof *loads; i++) {
        const struct load_case *c = &loads[i];
        struct antivirus_settings s = world_settings(0);
        struct buf why = {0};
        struct av_world w;
        int rc;

        world_make(&w);
        if (c->file)
            world_write(w.sigs, c->file, c->bytes);
        rc = world_load(&w, &s, 0, w.sigs, &why);
        if ((rc == 0) != c->loads || (c->words && !strstr(why.p, c->words)))
            fail_msg("%s: %s", c->says, why.p ? why.p : "loaded");
        assert_int_equal(w.loaded.signatures, c->loads ? 1 : 0);
        buf_free(&why);
        world_close(&w);
    }
}

static void a_file_that_cannot_be_read_is_named(void **state)
{
    struct antivirus_settings s = world_settings(0);
    struct buf why = {0};
    struct av_world w;
    char *path;

    (void)state;
    if (geteuid() == 0)
        skip();
    world_make(&w);
    av_canary_write_signatures(w.sigs);
    world_write(w.sigs, "closed.ndb", VIEW("A:0:*:6162636465666768\n"));
    path = xasprintf("%s/closed.ndb", w.sigs);
    assert_int_equal(chmod(path, 0), 0);
    assert_int_equal(world_load(&w, &s, 0, w.sigs, &why), -1);
    assert_non_null(strstr(why.p, "closed.ndb"));
    buf_free(&why);
    free(path);
    world_close(&w);
}

static void what_was_loaded_is_told(void **state)
{
    struct av_world w;
    struct stat st;
    char *path;

    (void)state;
    world_open(&w, 0);
    path = xasprintf("%s/spoold-test.ndb", w.sigs);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(w.loaded.signatures, 1);
    assert_int_equal(w.loaded.built, st.st_mtime);
    assert_int_equal(w.loaded.version, 0);
    assert_int_equal(w.loaded.flags, 0);
    assert_true(w.loaded.engine[0] >= '0' && w.loaded.engine[0] <= '9');
    free(path);
    world_close(&w);
}

static void folders_can_be_relative(void **state)
{
    struct antivirus_settings s = world_settings(0);
    struct buf why = {0};
    struct av_world w;
    int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

    (void)state;
    world_make(&w);
    av_canary_write_signatures(w.sigs);
    assert_int_equal(chdir(w.sigs), 0);
    assert_int_equal(world_load(&w, &s, 0, ".", &why), 0);
    assert_int_equal(fchdir(here), 0);
    assert_true(w.loaded.built > 0);
    close(here);
    buf_free(&why);
    world_close(&w);
}

/* `n` bytes of a letter, in a ZIP archive that python makes ("method": 0 stored, 8 deflated), `depth` times.
 */
static void make_deep_zip(struct buf *to, unsigned n, unsigned depth)
{
    char *cmd =
        xasprintf("python3 -c 'import io,zipfile as z,sys\n"
                  "d=b\"x\"*%u\n"
                  "for i in range(%u):\n"
                  "  o=io.BytesIO(); a=z.ZipFile(o,\"w\",8); a.writestr(\"n\",d); a.close(); d=o.getvalue()\n"
                  "sys.stdout.buffer.write(d)'",
                  n, depth);
    FILE *f = popen(cmd, "r");

    assert_non_null(f);
    assert_int_equal(buf_read_fd(to, fileno(f), 100 * MIB), 0);
    pclose(f);
    free(cmd);
}

struct limit_case {
    const char *says;
    unsigned bytes, depth;
    struct antivirus_settings s;
    const char *name;
};

#define LIMITS(time, deep, all, one)                                                                         \
    {                                                                                                        \
        .scan_time_ms = (time), .recursion = (deep), .files = 10000, .scan_size = (all), .file_size = (one)  \
    }

static const struct limit_case limits[] = {
    {"deeper than allowed", 1000, 8, LIMITS(20000, 5, 10 * MIB, 10 * MIB),
     "Heuristics.Limits.Exceeded.MaxRecursion"},
    {"more in all than allowed", 3 * MIB, 3, LIMITS(20000, 17, 2 * MIB, 10 * MIB),
     "Heuristics.Limits.Exceeded.MaxScanSize"},
    {"longer than allowed", 30 * MIB, 1, LIMITS(1, 17, 100 * MIB, 100 * MIB),
     "Heuristics.Limits.Exceeded.MaxScanTime"},
};

static void limits_have_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (unsigned without = 0; without <= AV_WITHOUT_LIMITS; without += AV_WITHOUT_LIMITS) {
            const struct limit_case *c = &limits[i];
            struct av_scan scan;
            struct av_world w;
            struct buf b = {0};

            world_open_with(&w, &c->s, without);
            make_deep_zip(&b, c->bytes, c->depth);
            av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
            if (without ? scan.names != 0 || !scan.code_clean
                        : scan.names != 1 || strcmp(scan.name[0], c->name) != 0)
                fail_msg("%s, without %u: %u names, %s, %s", c->says, without, scan.names, scan.name[0],
                         scan.code_text);
            buf_free(&b);
            world_close(&w);
        }
}

struct scan_case {
    const char *says;
    struct view bytes;
    unsigned without;
    enum antivirus_why why;
    uint32_t layers;
};

static const struct scan_case scans[] = {
    {"no bytes", {NULL, 0}, 0, ANTIVIRUS_EXAMINED, 1},
    {"one byte", {"x", 1}, 0, ANTIVIRUS_EXAMINED, 1},
    {"five bytes", {"ID3: ", 5}, 0, ANTIVIRUS_EXAMINED, 1},
    {"six bytes", {"ID3: x", 6}, 0, ANTIVIRUS_EXAMINED, 1},
    {"a few words", VIEW("some words without any meaning"), 0, ANTIVIRUS_EXAMINED, 1},
    {"a member by a method that libclamav does not know", BYTES(deflate_7z), 0, ANTIVIRUS_NO_UNPACKER, 2},
    {"the same without our own look", BYTES(deflate_7z), AV_WITHOUT_UNPACKER, ANTIVIRUS_EXAMINED, 2},
    {"a member that is stored", BYTES(stored_7z), 0, ANTIVIRUS_EXAMINED, 2},
};

static void layers_are_looked_at(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof scans / sizeof *scans; i++) {
        const struct scan_case *c = &scans[i];
        struct av_scan scan;
        struct av_world w;

        world_open(&w, c->without);
        assert_int_equal(av_engine_without(w.engine), c->without);
        av_engine_scan(w.engine, &(struct av_order){.bytes = c->bytes}, &scan);
        if (!scan.code_clean || scan.layer_why != c->why || scan.layers != c->layers || scan.names)
            fail_msg("%s: %s (%s), %u layers", c->says, antivirus_why_name(scan.layer_why), scan.layer_text,
                     scan.layers);
        world_close(&w);
    }
}

static void warnings_and_names_are_collected_once(void **state)
{
    static const char partial[] = "From: a@example.org\r\nMIME-Version: 1.0\r\n"
                                  "Content-Type: message/partial; id=\"x@example.org\"; number=1; "
                                  "total=1\r\n\r\nFrom: a\r\n\r\nwords\r\n";
    struct av_scan scan;
    struct av_world w;
    struct buf b = {0};

    (void)state;
    world_open(&w, 0);
    av_engine_scan(w.engine, &(struct av_order){.bytes = {partial, sizeof partial - 1}}, &scan);
    assert_int_equal(scan.warnings, 1);
    assert_string_equal(scan.warning[0], "Partial message received from MUA/MTA - message cannot be scanned");
    av_canary_make(AV_CANARY_ZIP, &b);
    av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
    assert_int_equal(scan.warnings, 0);
    assert_int_equal(scan.names, 1);
    assert_true(scan.code_virus);
    assert_string_equal(scan.name[0], "Spoold.Test.EICAR.UNOFFICIAL");
    buf_free(&b);
    world_close(&w);
}

static void names_are_cut_and_made_printable(void **state)
{
    struct antivirus_settings s = world_settings(0);
    struct buf sig = {0}, why = {0};
    struct av_scan scan;
    struct av_world w;

    (void)state;
    world_make(&w);
    buf_add_str(&sig, "Bad\x01\x1bName.");
    for (unsigned i = 0; i < 300; i++)
        buf_add_char(&sig, 'n');
    buf_add_str(&sig, ":0:*:6162636465666768696a\n");
    world_write(w.sigs, "a.ndb", buf_view(&sig));
    assert_int_equal(world_load(&w, &s, 0, w.sigs, &why), 0);
    av_engine_scan(w.engine, &(struct av_order){.bytes = VIEW("12345 abcdefghij 12345")}, &scan);
    assert_int_equal(scan.names, 1);
    assert_int_equal(strlen(scan.name[0]), AV_NAME_MAX - 1);
    assert_memory_equal(scan.name[0], "Bad??Name.nnn", 13);
    buf_free(&sig);
    buf_free(&why);
    world_close(&w);
}

/* The same bytes after a try that could not look into them: no memory of "clean" from then. */
static void nothing_is_remembered_as_clean(void **state)
{
    struct av_scan scan;
    struct av_world w;
    struct buf b = {0};

    (void)state;
    world_open(&w, 0);
    av_canary_make(AV_CANARY_MIME, &b);
    assert_int_equal(rmdir(w.scratch), 0);
    av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
    assert_false(scan.code_virus);
    assert_int_equal(mkdir(w.scratch, 0700), 0);
    av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
    assert_true(scan.code_virus);
    buf_free(&b);
    world_close(&w);
}

static void temporary_files_stay_in_the_scratch_folder(void **state)
{
    struct av_scan scan;
    struct av_world w;
    struct buf b = {0};

    (void)state;
    world_open(&w, 0);
    av_canary_make(AV_CANARY_CLEAN, &b);
    av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
    assert_int_equal(scan.warnings, 0);
    assert_true(scan.layers >= 3);
    /* Empty again: else rmdir(2) fails. */
    assert_int_equal(rmdir(w.scratch), 0);
    buf_free(&b);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sets_load_or_say_why_not),
        cmocka_unit_test(a_file_that_cannot_be_read_is_named),
        cmocka_unit_test(what_was_loaded_is_told),
        cmocka_unit_test(folders_can_be_relative),
        cmocka_unit_test(limits_have_names),
        cmocka_unit_test(layers_are_looked_at),
        cmocka_unit_test(warnings_and_names_are_collected_once),
        cmocka_unit_test(names_are_cut_and_made_printable),
        cmocka_unit_test(nothing_is_remembered_as_clean),
        cmocka_unit_test(temporary_files_stay_in_the_scratch_folder),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
