/*
 * test_ctl_av.c - unit tests of tools/ctl_av.c: what is run, with which words, and what its end means.
 *
 * Run by `make check`. freshclam is a little script in a folder of the test, found
 * by PATH; it writes its arguments down and ends as it is told.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/log.h"
#include "common/xalloc.h"
#include "tools/ctl_av.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

struct place {
    char root[40];
    char *old_path;
};

static void write_file(const char *dir, const char *name, const char *text, mode_t mode)
{
    char *path = xasprintf("%s/%s", dir, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    free(path);
}

static void remove_file(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);

    if (unlink(path) < 0)
        rmdir(path);
    free(path);
}

static struct place place_open(const char *script)
{
    struct place p = {.root = "/tmp/test_ctl_av.XXXXXX", .old_path = xstrdup(getenv("PATH"))};
    char *sigs;

    assert_non_null(mkdtemp(p.root));
    sigs = xasprintf("%s/sigs", p.root);
    assert_int_equal(mkdir(sigs, 0700), 0);
    free(sigs);
    if (script)
        write_file(p.root, "freshclam", script, 0700);
    setenv("PATH", p.root, 1);
    setenv("CTL_AV_OUT", p.root, 1);
    return p;
}

static void place_close(struct place *p)
{
    setenv("PATH", p->old_path, 1);
    free(p->old_path);
    remove_file(p->root, "freshclam");
    remove_file(p->root, "words");
    remove_file(p->root, "sigs");
    assert_int_equal(rmdir(p->root), 0);
}

#define NOTE "#!/bin/sh\necho \"$#:$*\" >\"$CTL_AV_OUT/words\"\n"

static const struct {
    const char *says, *script, *signatures;
    int code;
    const char *part;  /* of what is said */
    const char *words; /* that it got, % = the test's folder; NULL: it was not run */
} cases[] = {
    {"another folder is named to it, absolute; no spoold is no complaint", NOTE "exit 0\n", "sigs", 0,
     "it loads the signatures when it is started", "1:--datadir=%/sigs\n"},
    {"its failure is told with its code", NOTE "exit 62\n", "sigs", EXIT_TEMP_75, "failed with exit code 62",
     "1:--datadir=%/sigs\n"},
    {"its death too", NOTE "kill -9 $$\n", "sigs", EXIT_TEMP_75, "ended by signal 9", "1:--datadir=%/sigs\n"},
    {"a folder that is not there is not made", NOTE "exit 0\n", "missing", EXIT_TEMP_75, "cannot be used",
     NULL},
};

static void update_follows_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct place p = place_open(cases[i].script);
        struct config c = {.root = p.root, .state = "state", .av_signatures = xstrdup(cases[i].signatures)};
        char *path = xasprintf("%s/words", p.root);
        int fd, rc;
        struct buf why = {0}, got = {0}, wanted = {0};

        rc = ctl_av_update(&c, &why);
        if (rc != cases[i].code || !why.p || !strstr(why.p, cases[i].part))
            fail_msg("%s: got %d, '%s'", cases[i].says, rc, why.p ? why.p : "");
        fd = open(path, O_RDONLY | O_CLOEXEC);
        assert_int_equal(fd >= 0, cases[i].words != NULL);
        if (fd >= 0) {
            const char *percent = strchr(cases[i].words, '%');

            assert_int_equal(buf_read_fd(&got, fd, 1000), 0);
            buf_addf(&wanted, "%.*s%s%s", (int)(percent - cases[i].words), cases[i].words, p.root,
                     percent + 1);
            if (!view_equal(buf_view(&got), buf_view(&wanted)))
                fail_msg("%s: it got %s", cases[i].says, got.p);
            close(fd);
        }
        free(path);
        free(c.av_signatures);
        buf_free(&why);
        buf_free(&got);
        buf_free(&wanted);
        place_close(&p);
    }
}

/* Its usual folder is not named: freshclam's own settings decide then. */
static void the_usual_folder_is_not_named(void **state)
{
    struct place p;
    struct config c = {.state = "state", .av_signatures = "/var/lib/clamav"};
    struct buf why = {0};
    char *words;
    char got[64] = "";
    FILE *f;

    (void)state;
    if (access(c.av_signatures, F_OK) < 0)
        skip();
    p = place_open(NOTE "exit 0\n");
    c.root = p.root;
    assert_int_equal(ctl_av_update(&c, &why), 0);
    words = xasprintf("%s/words", p.root);
    f = fopen(words, "re");
    assert_non_null(f);
    assert_non_null(fgets(got, sizeof got, f));
    assert_string_equal(got, "0:\n");
    fclose(f);
    free(words);
    buf_free(&why);
    place_close(&p);
}

static void a_program_is_found_in_absolute_folders_only(void **state)
{
    struct place p = place_open("#!/bin/sh\n");
    char *path = xasprintf("/nowhere:%s:/bin", p.root), *found, *wanted = xasprintf("%s/freshclam", p.root);

    (void)state;
    found = ctl_av_find("freshclam", path);
    assert_string_equal(found, wanted);
    free(found);
    assert_int_equal(chdir(p.root), 0);
    write_file(p.root, "words", "#!/bin/sh\n", 0700);
    assert_null(ctl_av_find("words", ""));
    assert_null(ctl_av_find("words", ":."));
    assert_null(ctl_av_find("words", NULL));
    assert_null(ctl_av_find("sigs", p.root));
    found = ctl_av_find("sh", NULL);
    assert_string_equal(found, "/usr/bin/sh");
    free(found);
    assert_int_equal(chdir("/"), 0);
    free(path);
    free(wanted);
    place_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(update_follows_the_table),
        cmocka_unit_test(the_usual_folder_is_not_named),
        cmocka_unit_test(a_program_is_found_in_absolute_folders_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
