/*
 * test_config_print_for.c - the settings of one recipient: values, places, profiles; what is no address.
 *
 * Run by `make check`, in a folder of its own.
 */
#include "tests/unit/config_world.h"

static const char ini[] = "[filter]\nallow_override = high.*\n"                         /* 1 */
                          "[spf]\nweight_fail = 3\n"                                    /* 3 */
                          "[profile strict]\nlow.threshold = 5\nspf.weight_fail = 12\n" /* 5 */
                          "[profile mild]\nhigh.action = tag\nlow.threshold = 7\n"      /* 8 */
                          "[lists]\ndomains = @lists/domains\n"                         /* 11 */
                          "[level high]\ntext = \"[x] # y\"\n"                          /* 13 */
                          "[rbl z]\nzone = z.example.org\n";                            /* 15 */
static const char domains[] = "example.org strict\nboss@example.org mild\nuser@example.com mild\n";

/* NULL: it is no address. The caller frees. */
static char *print_for(struct view rcpt)
{
    struct config *c = NULL;
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    int rc = 0;

    config_world_put("lists/domains", domains);
    c = config_world_load(ini);
    rc = config_print_for(c, rcpt, f);
    assert_int_equal(fclose(f), 0);
    config_free(&c);
    if (rc < 0) {
        assert_int_equal(n, 0);
        free(text);
        return NULL;
    }
    return text;
}

/* The line of a setting with one blank between its columns. */
static void squeeze(char *line)
{
    char *to = line;

    for (const char *p = line; *p; p++)
        if (*p != ' ' || p[1] != ' ')
            *to++ = *p;
    *to = '\0';
}

static void each_value_is_told_with_its_place_and_profile(void **state)
{
    static const struct {
        const char *sentence, *rcpt, *line;
    } cases[] = {
        {"nobody's profile", "x@example.net", "# What is in force for x@example.net: no profile"},
        {"of the domain", "x@example.org",
         "# What is in force for x@example.org: [profile strict] of the domain"},
        {"of the address over that of the domain", "boss@example.org",
         "# What is in force for boss@example.org: [profile mild] of the address, over [profile strict] of "
         "the "
         "domain"},
        {"of the address alone", "user@example.com",
         "# What is in force for user@example.com: [profile mild] of the address"},
        {"a default", "x@example.net", "level low.threshold = 10 default"},
        {"from the file", "x@example.net", "spf.weight_fail = 3 m.ini:4"},
        {"from the domain's profile", "x@example.org", "spf.weight_fail = 12 m.ini:7 [profile strict]"},
        {"capitals count as small letters", "X@EXAMPLE.ORG", "spf.weight_fail = 12 m.ini:7 [profile strict]"},
        {"from the domain's for an address with its own", "boss@example.org",
         "spf.weight_fail = 12 m.ini:7 [profile strict]"},
        {"from the address' own", "boss@example.org", "level high.action = tag m.ini:9 [profile mild]"},
        {"from the address with a detail", "boss+x@example.org",
         "level high.action = tag m.ini:9 [profile mild]"},
        {"not from its own, where that may not", "boss@example.org",
         "level low.threshold = 5 m.ini:6 [profile strict]; [profile mild] sets it, too (m.ini:10), but "
         "filter.allow_override does not name low.threshold"},
        {"the same without a domain's", "user@example.com",
         "level low.threshold = 10 default; [profile mild] sets it, too (m.ini:10), but "
         "filter.allow_override does not name low.threshold"},
        {"what is the same for everybody", "boss@example.org", "level high.text = [x] # y m.ini:14"},
        {"a section with a name", "boss@example.org", "rbl z.zone = z.example.org m.ini:16"},
        {"a default in it", "boss@example.org", "rbl z.weight = 5 default"},
        {"a list file", "boss@example.org", "lists.domains = @lists/domains m.ini:12"},
        {"the intake that is always there", "boss@example.org", "intake main.path = incoming default"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *text = print_for(view_of(cases[i].rcpt)), *rest = text, *line = NULL;
        bool found = false;

        assert_non_null(text);
        while (!found && (line = strsep(&rest, "\n"))) {
            squeeze(line);
            found = strcmp(line, cases[i].line) == 0;
        }
        if (!found)
            fail_msg("%s: no line \"%s\"", cases[i].sentence, cases[i].line);
        free(text);
    }
}

static void what_is_no_address_is_refused(void **state)
{
    static const struct view bad[] = {VIEW(""),
                                      VIEW("example.org"),
                                      VIEW("@example.org"),
                                      VIEW(".example.org"),
                                      VIEW("x@"),
                                      VIEW("x@exa mple.org"),
                                      VIEW("x\n@example.org"),
                                      VIEW("x@example.org\n"),
                                      VIEW("x\0@example.org"),
                                      VIEW("x@example..org")};

    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *text = print_for(bad[i]);

        if (text)
            fail_msg("\"%.*s\" is taken for an address", (int)bad[i].n, bad[i].p);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_value_is_told_with_its_place_and_profile),
        cmocka_unit_test(what_is_no_address_is_refused),
    };

    return cmocka_run_group_tests(tests, config_world_enter, config_world_leave);
}
