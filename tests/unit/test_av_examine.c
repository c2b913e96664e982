/*
 * test_av_examine.c - unit tests of workers/av/av_examine.c: what follows from a scan, and the AV corpus.
 *
 * Run by `make check`. The judge is pure, so most is a table; then each proof is
 * taken away from a real scan, and every sample of the corpus is examined. The
 * rule for the corpus: infected samples are found, or are unexamined with a
 * reason, as expected.tsv has it; clean twins are never infected.
 */
#include "tests/unit/av_world.h"

#include <errno.h>
#include <sys/resource.h>

#define CLEAN      ANTIVIRUS_CLEAN
#define INFECTED   ANTIVIRUS_INFECTED
#define UNEXAMINED ANTIVIRUS_UNEXAMINED
#define LIMIT      "Heuristics.Limits.Exceeded.MaxFileSize"
#define ENCRYPTED  "Heuristics.Encrypted.Zip"
#define PARTIAL    "Partial message received from MUA/MTA - message cannot be scanned"

struct judge_case {
    const char *says;
    struct av_scan scan;
    struct av_guard_report guard;
    unsigned without;
    enum antivirus_state state;
    enum antivirus_why why;
    const char *text;
};

#define OK     .code_clean = true
#define VIRUS  .code = 1, .code_virus = true
#define FAILED .code = 20, .code_text = "Can't allocate memory"

static const struct judge_case judged[] = {
    {"nothing against it", {OK, .layers = 3}, {0}, 0, CLEAN, 0, ""},
    {"a virus", {VIRUS, .names = 1, .name = {"Win.Test"}}, {0}, 0, INFECTED, 0, "Win.Test"},
    {"a virus without a name", {VIRUS}, {0}, 0, INFECTED, 0, "a virus without a name"},
    {"a name without the code", {OK, .names = 1, .name = {"Win.Test"}}, {0}, 0, INFECTED, 0, "Win.Test"},
    {"a limit is no virus", {VIRUS, .names = 1, .name = {LIMIT}}, {0}, 0, UNEXAMINED, ANTIVIRUS_LIMIT, LIMIT},
    {"a large dictionary is no virus",
     {VIRUS, .names = 1, .name = {"Heuristics.XZ.DicSizeLimit"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_LIMIT,
     "Heuristics.XZ.DicSizeLimit"},
    {"encryption is no virus",
     {VIRUS, .names = 1, .name = {ENCRYPTED}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_ENCRYPTED,
     ENCRYPTED},
    {"other heuristics are",
     {VIRUS, .names = 1, .name = {"Heuristics.Phishing.URL"}},
     {0},
     0,
     INFECTED,
     0,
     "Heuristics.Phishing.URL"},
    {"encryption and a limit",
     {VIRUS, .names = 2, .name = {ENCRYPTED, LIMIT}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_LIMIT,
     LIMIT},
    {"a virus behind a limit",
     {VIRUS, .names = 2, .name = {LIMIT, "Win.Test"}},
     {0},
     0,
     INFECTED,
     0,
     "Win.Test"},
    {"a virus although a call failed",
     {VIRUS, .names = 1, .name = {"Win.Test"}},
     {1, ENOSPC, "fwrite"},
     0,
     INFECTED,
     0,
     "Win.Test"},
    {"a call that failed",
     {OK},
     {1, ENOSPC, "fwrite"},
     0,
     UNEXAMINED,
     ANTIVIRUS_RESOURCE,
     "fwrite failed: No space left on device"},
    {"the same, not counted", {OK}, {1, ENOSPC, "fwrite"}, AV_WITHOUT_GUARD, CLEAN, 0, ""},
    {"a warning that nobody knows",
     {OK, .warnings = 1, .warning = {"strange"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "the engine warned: strange"},
    {"the same, not counted",
     {OK, .warnings = 1, .warning = {"strange"}},
     {0},
     AV_WITHOUT_WARNINGS,
     CLEAN,
     0,
     ""},
    {"a part of a message",
     {OK, .warnings = 1, .warning = {PARTIAL}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_AMBIGUOUS,
     "the engine warned: " PARTIAL},
    {"a part of a message, and something else",
     {OK, .warnings = 2, .warning = {PARTIAL, "strange"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "the engine warned: strange"},
    {"a picture that is cut off",
     {OK, .warnings = 1, .warning = {"GIF: Can't read image descriptor, file truncated?"}},
     {0},
     0,
     CLEAN,
     0,
     ""},
    {"a picture for which there was no memory",
     {OK, .warnings = 1, .warning = {"GIF: out of memory"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_RESOURCE,
     "the engine warned: GIF: out of memory"},
    {"no room for a temporary file",
     {OK, .warnings = 1, .warning = {"cli_unzip: failed to create temporary file x"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_RESOURCE,
     "the engine warned: cli_unzip: failed to create temporary file x"},
    {"a method that the engine does not have",
     {OK, .warnings = 1, .warning = {"cli_egg_extract_file: LZMA decompression not yet supported."}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_NO_UNPACKER,
     "the engine warned: cli_egg_extract_file: LZMA decompression not yet supported."},
    {"a file that ends too early",
     {OK, .warnings = 1, .warning = {"cli_scanxz: decompress error: 8"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_AMBIGUOUS,
     "the engine warned: cli_scanxz: decompress error: 8"},
    {"a file that is too long unpacked",
     {OK, .warnings = 1,
      .warning = {"cli_scanxz: decompress file size exceeds limits - only scanning 9 bytes"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_LIMIT,
     ""},
    {"a text that the engine cannot decode",
     {OK, .warnings = 1, .warning = {"messageToText: Unexpected encoding"}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_AMBIGUOUS,
     ""},
    {"too many warnings",
     {OK, .warnings = AV_WARNINGS_MAX + 1, .warning = {PARTIAL}},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_ENGINE,
     ""},
    {"no memory",
     {FAILED, .code_why = ANTIVIRUS_RESOURCE},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_RESOURCE,
     "the engine ended with: Can't allocate memory"},
    {"a code that stands for nothing",
     {FAILED},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "the engine ended with: Can't allocate memory"},
    {"it was not asked",
     {.code = -1},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_ENGINE,
     "the engine ended with: no answer"},
    {"an objection to a layer",
     {OK, .layer_why = ANTIVIRUS_NO_UNPACKER, .layer_text = "no unpacker for RAR"},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_NO_UNPACKER,
     "no unpacker for RAR"},
    {"what may be over soon goes before what stays",
     {VIRUS, .names = 1, .name = {LIMIT}, .layer_why = ANTIVIRUS_AMBIGUOUS, .layer_text = "two ways"},
     {3, EMFILE, "open"},
     0,
     UNEXAMINED,
     ANTIVIRUS_RESOURCE,
     "open failed: Too many open files"},
    {"two ways to read it go before a limit",
     {VIRUS, .names = 1, .name = {LIMIT}, .layer_why = ANTIVIRUS_AMBIGUOUS, .layer_text = "two ways"},
     {0},
     0,
     UNEXAMINED,
     ANTIVIRUS_AMBIGUOUS,
     "two ways"},
};

static void answers_follow_from_scans(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof judged / sizeof *judged; i++) {
        const struct judge_case *c = &judged[i];
        struct av_answer a;

        memset(&a, 0x55, sizeof a);
        av_examine_judge(&c->scan, &c->guard, c->without, &a);
        if (a.state != c->state || a.why != c->why || a.layers != c->scan.layers ||
            (c->text[0] && strcmp(a.text, c->text) != 0) || (a.state == ANTIVIRUS_CLEAN && a.text[0]))
            fail_msg("%s: %s, %s (%s)", c->says, antivirus_state_name(a.state), antivirus_why_name(a.why),
                     a.text);
    }
}

static void long_words_fit(void **state)
{
    struct av_scan scan = {.code_clean = true, .warnings = 1};
    struct av_guard_report guard = {0};
    struct av_answer a;

    (void)state;
    memset(scan.warning[0], 'w', AV_NAME_MAX - 1);
    av_examine_judge(&scan, &guard, 0, &a);
    assert_int_equal(strlen(a.text), strlen("the engine warned: ") + AV_NAME_MAX - 1);
}

struct proof_case {
    const char *says;
    enum av_canary canary;
    bool no_scratch;
    unsigned without;
    enum antivirus_state state;
    enum antivirus_why why;
};

/* EICAR in an archive and in a message, and nowhere to unpack it to: libclamav says "clean". */
static const struct proof_case proofs[] = {
    {"an archive", AV_CANARY_ZIP, false, 0, INFECTED, 0},
    {"an archive, no folder", AV_CANARY_ZIP, true, 0, UNEXAMINED, ANTIVIRUS_RESOURCE},
    {"the same without the guard", AV_CANARY_ZIP, true, AV_WITHOUT_GUARD, CLEAN, 0},
    {"a message", AV_CANARY_MIME, false, 0, INFECTED, 0},
    {"a message, no folder", AV_CANARY_MIME, true, 0, UNEXAMINED, ANTIVIRUS_RESOURCE},
    {"the same without guard and warnings", AV_CANARY_MIME, true, AV_WITHOUT_GUARD | AV_WITHOUT_WARNINGS,
     CLEAN, 0},
};

static void a_missing_folder_is_no_clean(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof proofs / sizeof *proofs; i++) {
        const struct proof_case *c = &proofs[i];
        struct av_answer a;
        struct av_world w;
        struct buf b = {0};

        world_open(&w, c->without);
        av_canary_make(c->canary, &b);
        if (c->no_scratch)
            assert_int_equal(rmdir(w.scratch), 0);
        av_mail_examine(w.mail, buf_view(&b), NULL, &a);
        if (a.state != c->state || a.why != c->why)
            fail_msg("%s: %s, %s (%s)", c->says, antivirus_state_name(a.state), antivirus_why_name(a.why),
                     a.text);
        buf_free(&b);
        world_close(&w);
    }
}

/* The lines of expected.tsv: file, truth, libclamav's name by default, its name with alerts. */
struct sample {
    const char *file, *truth, *plain, *alerts; /* in the line */
};

static bool read_sample(char *line, struct sample *s)
{
    char *field[4] = {line};

    for (unsigned i = 1; i < 4; i++) {
        field[i] = strchr(field[i - 1], '\t');
        if (!field[i])
            return false;
        *field[i]++ = '\0';
    }
    field[3][strcspn(field[3], "\t\n")] = '\0';
    *s = (struct sample){field[0], field[1], field[2], field[3][0] ? field[3] : field[2]};
    return true;
}

/* Infected samples that libclamav does not find, and for no reason that it could know of. */
static bool is_beyond_it(const struct sample *s)
{
    static const char *const files[] = {"gen/eicar.mime-truncated-b64.eml",
                                        "clam/clam.mail-boundary-content-disposition.eml"};

    for (size_t i = 0; i < sizeof files / sizeof *files; i++)
        if (strcmp(s->file, files[i]) == 0)
            return true;
    return false;
}

static void check_sample(const struct sample *s, const struct av_answer *a)
{
    bool named = s->alerts[0] != '-', weak = strncmp(s->alerts, "Heuristics.Encrypted.", 21) == 0 ||
                                             strncmp(s->alerts, "Heuristics.Limits.", 18) == 0;
    bool good = a->state != ANTIVIRUS_CLEAN;

    if (named && !weak)
        good = a->state == ANTIVIRUS_INFECTED && strcmp(a->text, s->alerts) == 0;
    else if (weak)
        good = a->state == ANTIVIRUS_UNEXAMINED && strcmp(a->text, s->alerts) == 0;
    else if (strcmp(s->truth, "clean") == 0)
        good = a->state != ANTIVIRUS_INFECTED;
    else if (is_beyond_it(s))
        good = true;
    if (!good)
        fail_msg("%s (%s): %s, %s (%s)", s->file, s->truth, antivirus_state_name(a->state),
                 antivirus_why_name(a->why), a->text);
}

static unsigned check_samples(struct av_world *w, FILE *list)
{
    char line[600];
    unsigned n = 0;

    while (fgets(line, sizeof line, list)) {
        struct sample s;
        struct av_answer a;
        struct buf b = {0};
        char *path;

        if (!read_sample(line, &s) || strcmp(s.file, "file") == 0)
            continue;
        path = xasprintf("%s/samples/%s", w->dir, s.file);
        world_read(path, &b);
        av_mail_examine(w->mail, buf_view(&b), NULL, &a);
        check_sample(&s, &a);
        buf_free(&b);
        free(path);
        n++;
    }
    return n;
}

static void the_corpus_is_answered_as_expected(void **state)
{
    struct antivirus_settings s = world_settings(0);
    char *tar = world_corpus("av/samples.tar.xz"), *sigs = world_corpus("av/sigdb");
    char *list = world_corpus("av/expected.tsv"), *cmd;
    struct buf why = {0};
    struct av_world w;
    FILE *f;

    (void)state;
    s.scan_time_ms = 3000; /* one sample is a bomb */
    if (!tar || !sigs || !list)
        skip();
    world_make(&w);
    assert_int_equal(av_guard_load(), 0);
    cmd = xasprintf("mkdir %s/samples && tar -xJf %s -C %s/samples", w.dir, tar, w.dir);
    assert_int_equal(system(cmd), 0);
    assert_int_equal(world_load(&w, &s, 0, sigs, &why), 0);
    f = fopen(list, "re");
    assert_non_null(f);
    assert_true(check_samples(&w, f) > 100);
    fclose(f);
    free(cmd);
    free(tar);
    free(sigs);
    free(list);
    buf_free(&why);
    world_close(&w);
}

/* The largest this process ever was, in kB. */
static long largest(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return u.ru_maxrss;
}

static void many_scans_need_no_more_memory(void **state)
{
    struct buf b[AV_CANARY__MAX] = {{0}};
    struct av_answer a;
    struct av_world w;
    long before = 0;

    (void)state;
    world_open(&w, 0);
    for (unsigned i = 0; i < AV_CANARY__MAX; i++)
        av_canary_make(i, &b[i]);
    for (unsigned i = 0; i < 2000; i++) {
        av_mail_examine(w.mail, buf_view(&b[i % AV_CANARY__MAX]), NULL, &a);
        if (i == 200)
            before = largest();
    }
#if defined(__SANITIZE_ADDRESS__)
    before = largest(); /* it keeps freed memory */
#endif
    assert_true(largest() - before < 1024);
    for (unsigned i = 0; i < AV_CANARY__MAX; i++)
        buf_free(&b[i]);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_follow_from_scans),
        cmocka_unit_test(long_words_fit),
        cmocka_unit_test(a_missing_folder_is_no_clean),
        cmocka_unit_test(many_scans_need_no_more_memory),
        cmocka_unit_test(the_corpus_is_answered_as_expected),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
