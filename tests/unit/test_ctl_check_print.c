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

#define REST      "\"checks\":[],\"rules\":[],\"recipients\":[],\"edits\":[],\"incomplete\":[\"antispam\"]"
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_follow_the_table),
        cmocka_unit_test(hash_and_engine_are_shown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
