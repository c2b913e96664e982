/*
 * test_ctl_check_print.c - unit tests of tools/ctl_check_print.c: the lines of spoolctl check, byte for byte.
 *
 * Run by `make check`. Programs read the JSON, so its members and their order are
 * compared whole.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_check.h"

#define REST                                                                                                 \
    "\"parts\":[],\"oddities\":[],\"ambiguous\":false,\"checks\":[],\"rules\":[],\"recipients\":[],"         \
    "\"edits\":[],\"incomplete\":[\"antispam\"]"
#define NO_ENGINE "\"engine\":{}"

static const struct {
    const char *says, *file;
    enum antivirus_state state;
    enum antivirus_why why;
    const char *text;
    const char *line, *json;
} cases[] = {
    {"clean", "m.eml", ANTIVIRUS_CLEAN, ANTIVIRUS_EXAMINED, "", "m.eml: clean\n",
     "{\"v\":1,\"file\":\"m.eml\",\"client\":{},\"virus\":{\"state\":\"clean\",\"name\":\"\",\"why\":\"\","
     "\"detail\":\"\"," NO_ENGINE "}," REST "}\n"},
    {"infected has its name", "m", ANTIVIRUS_INFECTED, ANTIVIRUS_EXAMINED, "Spoold.Test\033",
     "m: infected: Spoold.Test\\x1b\n",
     "{\"v\":1,\"file\":\"m\",\"client\":{},\"virus\":{\"state\":\"infected\",\"name\":\"Spoold."
     "Test\\u001b\","
     "\"why\":\"\",\"detail\":\"\"," NO_ENGINE "}," REST "}\n"},
    {"unexamined has reason and words", "m", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_LIMIT, "too deep",
     "m: unexamined: limit (too deep)\n",
     "{\"v\":1,\"file\":\"m\",\"client\":{},\"virus\":{\"state\":\"unexamined\",\"name\":\"\",\"why\":"
     "\"limit\","
     "\"detail\":\"too deep\"," NO_ENGINE "}," REST "}\n"},
    {"unexamined without words", "m", ANTIVIRUS_UNEXAMINED, ANTIVIRUS_ENCRYPTED, "",
     "m: unexamined: encrypted\n",
     "{\"v\":1,\"file\":\"m\",\"client\":{},\"virus\":{\"state\":\"unexamined\",\"name\":\"\",\"why\":"
     "\"encrypted\",\"detail\":\"\"," NO_ENGINE "}," REST "}\n"},
    {"not asked; bytes outside UTF-8 in a name", "a\xff\n", ANTIVIRUS_NOT_ASKED, ANTIVIRUS_EXAMINED, "",
     "a\\xff\\x0a: not asked\n",
     "{\"v\":1,\"file\":\"a\\u00ff\\u000a\",\"client\":{},\"virus\":{\"state\":\"not "
     "asked\",\"name\":\"\",\"why\":"
     "\"\",\"detail\":\"\"," NO_ENGINE "}," REST ",\"raw\":true}\n"},
};

static void lines_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct ctl_check_file f = {.name = cases[i].file, .fd = -1};
        struct buf line = {0}, json = {0};

        f.verdict.state = cases[i].state;
        f.verdict.why = cases[i].why;
        strncpy(f.verdict.text, cases[i].text, sizeof f.verdict.text - 1);
        ctl_check_print(&line, &f, NULL, false);
        ctl_check_print(&json, &f, NULL, true);
        if (strcmp(line.p, cases[i].line) != 0 || strcmp(json.p, cases[i].json) != 0)
            fail_msg("%s: got\n%s%s", cases[i].says, line.p, json.p);
        buf_free(&line);
        buf_free(&json);
    }
}

/* The engine's text may fill its place to the last byte. */
static void hash_and_engine_are_shown(void **state)
{
    struct wire_loaded e = {.signatures = 2, .built = 1767323045, .version = 7, .flags = WIRE_LOADED_TEST};
    struct ctl_check_file f = {.name = "m", .fd = -1, .verdict = {.state = ANTIVIRUS_CLEAN, .hashed = true}};
    struct buf json = {0};

    (void)state;
    memset(e.engine, '9', sizeof e.engine);
    f.verdict.sha256[0] = 0xab;
    ctl_check_print(&json, &f, &e, true);
    assert_non_null(strstr(json.p,
                           "\"file\":\"m\",\"sha256\":\"ab00000000000000000000000000000000000000000000000000"
                           "000000000000\",\"client\""));
    assert_non_null(strstr(json.p,
                           "\"engine\":{\"name\":\"ClamAV\",\"version\":\"999999999999999999999999\","
                           "\"signatures\":2,\"signatures_version\":7,\"built\":\"2026-01-02T03:04:05.000Z\","
                           "\"test_only\":true}}"));
    buf_clear(&json);
    e.built = 0;
    e.flags = 0;
    ctl_check_print(&json, &f, &e, true);
    assert_null(strstr(json.p, "\"built\""));
    assert_non_null(strstr(json.p, "\"test_only\":false"));
    buf_free(&json);
}

/* One more word for people, the whole list for programs. */
static void parts_and_what_is_ambiguous_are_shown(void **state)
{
    static const struct {
        enum antivirus_state state;
        const char *text, *line;
        uint64_t odd;
    } lines[] = {
        {ANTIVIRUS_CLEAN, "", "m: clean\n", 1ull << ODDITY_AROUND | 1ull << ODDITY_PARTS_MAX},
        {ANTIVIRUS_CLEAN, "", "m: clean, ambiguous: a boundary that can be taken for several\n",
         1ull << ODDITY_BOUNDARIES | 1ull << ODDITY_AROUND},
        {ANTIVIRUS_INFECTED, "A",
         "m: infected: A, ambiguous: several Content-Type fields; broken quoted-printable\n",
         1ull << ODDITY_QP | 1ull << ODDITY_TYPES},
    };
    struct ctl_check_file f = {.name = "m", .fd = -1};
    struct buf text = {0};

    (void)state;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        buf_clear(&text);
        f.verdict.state = lines[i].state;
        snprintf(f.verdict.text, sizeof f.verdict.text, "%s", lines[i].text);
        f.parts.odd = lines[i].odd;
        ctl_check_print(&text, &f, NULL, false);
        assert_string_equal(text.p, lines[i].line);
    }
    buf_clear(&text);
    parts_add(&f.parts, &(struct parts_item){.size = 5}, VIEW("text/plain"), VIEW("a \xc3\xa9"));
    ctl_check_print(&text, &f, NULL, true);
    assert_non_null(strstr(
        text.p, "\"parts\":[{\"type\":\"text/plain\",\"name\":\"a \xc3\xa9\",\"size\":5,\"sha256\":\"00"));
    assert_non_null(
        strstr(text.p, "\"oddities\":[\"types\",\"quoted-printable\"],\"ambiguous\":true,\"checks\":[]"));
    f.verdict.state = ANTIVIRUS_CLEAN;
    assert_int_equal(ctl_check_code(&f.verdict), 0);
    parts_free(&f.parts);
    buf_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_follow_the_table),
        cmocka_unit_test(hash_and_engine_are_shown),
        cmocka_unit_test(parts_and_what_is_ambiguous_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
