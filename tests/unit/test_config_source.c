/*
 * test_config_source.c - reading files writes down a text, and that text gives the same bytes back; damaged
 * texts are complained of.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "spoold/config_source.h"

#include "tests/unit/config_world.h"

#include <errno.h>
#include <glob.h>

#define HEAD CONFIG_SOURCE_HEAD

static const struct {
    const char *sentence;
    struct view text;
    const char *wrong; /* NULL: it is sound */
} damage_table[] = {
#define ROW(sentence, text, wrong)                                                                           \
    {                                                                                                        \
        sentence, {text, sizeof(text) - 1}, wrong                                                            \
    }
    ROW("no settings at all", HEAD, NULL),
    ROW("a main file", HEAD "#@ main 3 m.ini\nabc\n", NULL),
    ROW("an empty one", HEAD "#@ main 0 m.ini\n\n", NULL),
    ROW("bytes that look like a piece", HEAD "#@ main 12 m\n#@ list 0 x\n\n", NULL),
    ROW("all kinds", HEAD "#@ main 0 m\n\n#@ include 0 i\n\n#@ override 3\na.b\n#@ list 0 l\n\n", NULL),
    ROW("a name with a newline and a backslash", HEAD "#@ main 0 a\\x0ab\\x5cc\n\n", NULL),
    ROW("nothing", "", "its first line is not"),
    ROW("half a first line", "#spoold-config 1", "its first line is not"),
    ROW("half a line of a piece", HEAD "#@ main 0 x", "a line does not end"),
    ROW("another version", "#spoold-config 2\n", "its first line is not"),
    ROW("bytes without a piece", HEAD "hello\n", "a line does not say how a piece begins"),
    ROW("an unknown kind", HEAD "#@ mail 0 x\n\n", "a line does not say how a piece begins"),
    ROW("no length", HEAD "#@ main x\n\n", "a line does not say how a piece begins"),
    ROW("a length of eleven digits", HEAD "#@ main 12345678901 x\n\n",
        "a line does not say how a piece begins"),
    ROW("a negative length", HEAD "#@ main -1 x\n\n", "a line does not say how a piece begins"),
    ROW("a main file without a name", HEAD "#@ main 0 \n\n", "a line does not say how a piece begins"),
    ROW("an override with a name", HEAD "#@ override 3 x\na.b\n", "a line does not say how a piece begins"),
    ROW("an override with a NUL", HEAD "#@ override 3\na\0b\n", "a line does not say how a piece begins"),
    ROW("a name with half a code", HEAD "#@ main 0 x\\x0\n\n", "a line does not say how a piece begins"),
    ROW("a name with a NUL in code", HEAD "#@ main 0 x\\x00\n\n", "a line does not say how a piece begins"),
    ROW("one byte less than it says", HEAD "#@ main 4 m\nabc\n", "a piece is shorter or longer"),
    ROW("one byte more than it says", HEAD "#@ main 2 m\nabc\n", "a piece is shorter or longer"),
    ROW("no newline behind the last piece", HEAD "#@ main 3 m\nabc", "a piece is shorter or longer"),
    ROW("far more than there is", HEAD "#@ main 9999999999 m\nabc\n", "a piece is shorter or longer"),
    ROW("two main files", HEAD "#@ main 0 m\n\n#@ main 0 n\n\n", "the main file is not the first piece"),
    ROW("a main file behind others", HEAD "#@ list 0 l\n\n#@ main 0 n\n\n", "not the first piece"),
#undef ROW
};

static void damage_is_complained_of(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damage_table / sizeof *damage_table; i++) {
        struct config_errors errs = {0};
        struct config_source *s = config_source_of_text(damage_table[i].text, &errs);
        const char *wrong = damage_table[i].wrong;

        if (wrong ? s || errs.n != 1 || !strstr(errs.text.p, wrong) : !s || errs.n)
            fail_msg("%s: %s", damage_table[i].sentence, errs.n ? errs.text.p : "accepted");
        config_source_free(&s);
        buf_free(&errs.text);
    }
}

/* `last`: whether the piece behind CONFIG_SOURCE_PIECES_MAX - 1 others is the last one. */
static void pieces_have_a_limit(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct config_errors errs = {0};
        struct buf text = {0};
        struct config_source *s = NULL;

        buf_add_str(&text, HEAD);
        for (int i = 0; i < CONFIG_SOURCE_PIECES_MAX + more; i++)
            buf_add_str(&text, "#@ list 0 l\n\n");
        s = config_source_of_text(buf_view(&text), &errs);
        assert_int_equal(s == NULL, more > 0);
        config_source_free(&s);
        buf_free(&errs.text);
        buf_free(&text);
    }
}

static void names_have_a_limit(void **state)
{
    (void)state;
    for (int more = -1; more <= 1; more++) {
        struct config_errors errs = {0};
        struct buf text = {0};
        struct config_source *s = NULL;

        buf_addf(&text, HEAD "#@ main 0 %0*d\n\n", CONFIG_SOURCE_NAME_MAX + more, 0);
        s = config_source_of_text(buf_view(&text), &errs);
        assert_int_equal(s == NULL, more > 0);
        config_source_free(&s);
        buf_free(&errs.text);
        buf_free(&text);
    }
}

static void must_read(struct config_source *s, enum config_piece kind, const char *path, const char *wanted)
{
    struct buf text = {0};
    struct stat st;

    assert_int_equal(config_source_read(s, &(struct config_source_file){kind, path, 100}, &text, &st), 0);
    assert_string_equal(text.p, wanted);
    buf_free(&text);
}

static void use_all(struct config_source *s)
{
    size_t n = 0;

    must_read(s, CONFIG_PIECE_MAIN, config_source_main(s), "main\n");
    assert_int_equal(config_source_find(s, "*.inc", &n), 0);
    assert_int_equal(n, 2);
    must_read(s, CONFIG_PIECE_INCLUDE, config_source_found(s, 0), "first");
    must_read(s, CONFIG_PIECE_INCLUDE, config_source_found(s, 1), "");
    assert_string_equal(config_source_next_override(s), "a.b=c");
    assert_string_equal(config_source_next_override(s), "d.e=");
    assert_null(config_source_next_override(s));
    must_read(s, CONFIG_PIECE_LIST, "lists/nets", "#@ list 3 x\n");
}

static void what_files_said_the_text_says(void **state)
{
    static const char *const override[] = {"a.b=c", "d.e="};
    struct config_source *files = config_source_of_files("m.ini", override, 2), *kept = NULL;
    struct config_errors errs = {0};
    struct buf text = {0}, again = {0};

    (void)state;
    config_world_put("m.ini", "main\n");
    config_world_put("a.inc", "first");
    config_world_put("b.inc", "");
    config_world_put("lists/nets", "#@ list 3 x\n");
    use_all(files);
    assert_false(config_source_is_text(files));
    text = config_source_take_text(files);
    assert_string_equal(text.p,
                        HEAD "#@ main 5 m.ini\nmain\n\n#@ include 5 a.inc\nfirst\n#@ include 0 b.inc\n\n"
                             "#@ override 5\na.b=c\n#@ override 4\nd.e=\n"
                             "#@ list 12 lists/nets\n#@ list 3 x\n\n");
    config_world_put("m.ini", "another one\n");
    kept = config_source_of_text(buf_view(&text), &errs);
    assert_non_null(kept);
    use_all(kept);
    assert_true(config_source_is_text(kept));
    config_source_check_used(kept, &errs);
    assert_int_equal(errs.n, 0);
    again = config_source_take_text(kept);
    assert_true(view_equal(buf_view(&text), buf_view(&again)));
    config_source_free(&files);
    config_source_free(&kept);
    buf_free(&text);
    buf_free(&again);
}

static void a_text_has_limits_and_no_other_files(void **state)
{
    struct config_errors errs = {0};
    struct config_source *s =
        config_source_of_text(VIEW(HEAD "#@ main 0 m\n\n#@ list 3 l\nabc\n#@ list 4 l\nabcd\n"), &errs);
    struct buf text = {0};
    struct stat st, other;
    size_t n = 0;

    (void)state;
    assert_int_equal(
        config_source_read(s, &(struct config_source_file){CONFIG_PIECE_LIST, "k", 9}, &text, &st), -1);
    assert_int_equal(errno, ENOENT);
    assert_int_equal(
        config_source_read(s, &(struct config_source_file){CONFIG_PIECE_LIST, "l", 2}, &text, &st), -1);
    assert_int_equal(errno, EFBIG);
    assert_int_equal(
        config_source_read(s, &(struct config_source_file){CONFIG_PIECE_LIST, "l", 3}, &text, &st), 0);
    assert_int_equal(
        config_source_read(s, &(struct config_source_file){CONFIG_PIECE_LIST, "l", 4}, &text, &other), 0);
    assert_string_equal(text.p, "abcabcd");
    assert_true(st.st_ino != other.st_ino);
    assert_int_equal(config_source_find(s, "*", &n), GLOB_NOMATCH);
    config_source_check_used(s, &errs);
    assert_int_equal(errs.n, 1);
    assert_non_null(strstr(errs.text.p, "nothing names their piece 1 (main m)"));
    config_source_free(&s);
    buf_free(&text);
    buf_free(&errs.text);
}

static void odd_names_come_back(void **state)
{
    static const char name[] = "a\n#@ \\x41\x7f\t.inc";
    struct config_source *files = config_source_of_files(name, NULL, 0), *kept = NULL;
    struct config_errors errs = {0};
    struct buf text = {0};

    (void)state;
    config_world_put(name, "x");
    must_read(files, CONFIG_PIECE_MAIN, name, "x");
    text = config_source_take_text(files);
    kept = config_source_of_text(buf_view(&text), &errs);
    assert_non_null(kept);
    assert_string_equal(config_source_main(kept), name);
    unlink(name);
    config_source_free(&files);
    config_source_free(&kept);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(damage_is_complained_of),
        cmocka_unit_test(pieces_have_a_limit),
        cmocka_unit_test(names_have_a_limit),
        cmocka_unit_test(what_files_said_the_text_says),
        cmocka_unit_test(a_text_has_limits_and_no_other_files),
        cmocka_unit_test(odd_names_come_back),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
