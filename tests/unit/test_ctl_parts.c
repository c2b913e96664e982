/*
 * test_ctl_parts.c - unit tests of tools/ctl_parts.c: the parts of a message as people see them.
 *
 * Run by `make check`. Whole printed answers are compared. Names are what a stranger wrote, and the
 * object may be of another version.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tools/ctl_print.h"

#include <stdlib.h>

#define TITLES "READING        TYPE                       SIZE  SHA-256           NAME\n"
#define SUM    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define LIST                                                                                                 \
    "\"parts\":[{\"type\":\"text/plain\",\"name\":\"notes\\u001b.txt\",\"size\":2048,\"sha256\":\"" SUM      \
    "\",\"reading\":\"all\"},{\"type\":\"application/zip\",\"name\":\"\",\"size\":7,\"sha256\":\"" SUM       \
    "\",\"reading\":\"some\",\"inside\":true}]"
#define ROWS                                                                                                 \
    "all            text/plain                 2.0k  0123456789abcdef  notes\\x1b.txt\n"                     \
    "some, in text  application/zip               7  0123456789abcdef\n"

/* Each line of `json` is one line of the answer. */
static char *print_of(ctl_print_fn *fn, const char *json)
{
    struct ctl_print p = {0};
    char *text = NULL;
    size_t n = 0;

    p.to = open_memstream(&text, &n);
    while (*json) {
        size_t line = strcspn(json, "\n");
        json_t *o = json_loadb(json, line, 0, NULL);

        assert_non_null(o);
        fn(&p, o);
        json_decref(o);
        json += line + (json[line] != '\0');
    }
    fclose(p.to);
    return text;
}

static const struct {
    const char *says;
    ctl_print_fn *fn;
    const char *json, *wanted;
} cases[] = {
    {"a list is a table", ctl_parts_print, "{" LIST "}", TITLES ROWS},
    {"that may go on with the next line", ctl_parts_print, "{" LIST "}\n{" LIST "}\n{\"parts_more\":12}",
     TITLES ROWS ROWS "(12 more)\n"},
    {"what is odd has its words", ctl_parts_print,
     "{\"oddities\":[\"boundaries\",\"around\",\"depth\",\"new\\u009b\"],\"ambiguous\":true}",
     "form           ambiguous: a boundary that can be taken for several\n"
     "               text before the first or behind the last delimiter\n"
     "               limit: parts lie in each other deeper than is read\n"
     "               new\\xc2\\x9b\n"},
    {"nothing of nothing", ctl_parts_print, "{}", ""},
    {"wrong kinds are left out", ctl_parts_print, "{\"parts\":{},\"oddities\":7,\"parts_more\":\"3\"}", ""},
    {"a part of wrong kinds has empty cells", ctl_parts_print,
     "{\"parts\":[{\"type\":{},\"name\":[],\"size\":\"x\",\"sha256\":3,\"reading\":null,\"inside\":1}]}",
     TITLES "\n"},
    {"a short sum is shown as it is", ctl_parts_print, "{\"parts\":[{\"sha256\":\"ab\"}]}",
     TITLES "                                                ab\n"},
    {"show: of the record, once", ctl_parts_show,
     "{\"id\":\"x\",\"state\":\"delivered\"}\n{\"event\":\"accepted\"}\n"
     "{\"event\":\"delivered\",\"record\":{" LIST
     ",\"oddities\":[]}}\n{\"event\":\"delivered\",\"record\":{" LIST "}}",
     TITLES ROWS},
    {"show: a record without a list", ctl_parts_show,
     "{\"event\":\"delivered\",\"record\":{\"sha256\":\"00\"}}", ""},
    {"show: a record that is none", ctl_parts_show, "{\"record\":\"text\"}\n{\"record\":{\"parts\":1}}", ""},
};

static void lists_follow_the_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *got = print_of(cases[i].fn, cases[i].json);

        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: got\n%swanted\n%s", cases[i].says, got, cases[i].wanted);
        free(got);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_the_table),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
