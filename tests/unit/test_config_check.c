/*
 * test_config_check.c - settings that are good one by one and wrong together.
 *
 * Run by the unit test runner. Everything is set by overrides; no files.
 */
#include "spoold/config.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define OVERRIDES 4

static const struct {
    const char *says;
    const char *override[OVERRIDES];
    const char *complaint; /* NULL: all is well */
} table[] = {
    {"the defaults are well", {0}, NULL},
    {"intakes may share an outlet", {"intake a.path=x", "intake b.path=y"}, NULL},
    {"two intakes that both have the default path",
     {"intake a.outlet=x", "intake b.outlet=y"},
     "[intake b] path and [intake a] path"},
    {"an outlet that is the intake's own path",
     {"intake main.outlet=incoming"},
     "-o intake main.outlet=incoming: [intake main] outlet and [intake main] path are the same"},
    {"an outlet that is another intake's path",
     {"intake a.outlet=x", "intake b.path=x"},
     "[intake b] path and [intake a] outlet"},
    {"an outlet that is proc", {"intake main.outlet=proc"}, "[intake main] outlet and [paths] proc"},
    {"an intake that is quarantine",
     {"intake main.path=quarantine"},
     "[intake main] path and [paths] quarantine"},
    {"proc and state in one folder",
     {"paths.proc=state"},
     "-o paths.proc=state: [paths] state and [paths] proc"},
    {"slashes and dots do not hide it",
     {"intake main.outlet=.//proc/./"},
     "[intake main] outlet and [paths] proc"},
    {"an absolute path and a relative one",
     {"intake main.outlet=/var/spool/spoold/proc"},
     "[intake main] outlet and [paths] proc"},
    {"the same with another root",
     {"paths.root=/srv/", "intake main.outlet=/srv/proc"},
     "[intake main] outlet and [paths] proc"},
    {"a relative root",
     {"paths.root=spool", "intake main.outlet=./proc"},
     "[intake main] outlet and [paths] proc"},
    {"a relative root is no absolute one", {"paths.root=srv", "intake main.outlet=/srv/proc"}, NULL},
    {"a longer name is another folder", {"intake main.outlet=proc2"}, NULL},
    {"a hidden folder is another folder", {"intake main.outlet=.proc"}, NULL},
    {"the folder above is not cut away", {"intake main.outlet=../proc"}, NULL},
    {"equal times are well", {"spool.hold_first=1m", "spool.hold_longest=1m", "spool.max_hold=60s"}, NULL},
    {"the first wait above the longest",
     {"spool.hold_longest=29s"},
     "-o spool.hold_longest=29s: hold_first (30s) is longer than hold_longest (29s)"},
    {"the longest wait above the end",
     {"spool.hold_longest=2h", "spool.max_hold=1h"},
     "hold_longest (2h) is longer than max_hold (1h)"},
    {"an authserv-id is a token", {"site.authserv_id=mx-1.example.org"}, NULL},
    {"an authserv-id with a blank",
     {"site.authserv_id=mx example"},
     "-o site.authserv_id=mx example: authserv_id (mx example) is no token"},
    {"a reload that refuses", {"spool.whatif_on_reload=refuse:5%"}, NULL},
    {"a reload that refuses nobody knows when",
     {"spool.whatif_on_reload=refuse"},
     "-o spool.whatif_on_reload=refuse: whatif_on_reload (refuse) is not understood; accepted: off, warn, or "
     "refuse:N%, N from 0 to 100"},
    {"parts of the sandbox may be named",
     {"workers.allow_less=seccomp  no_new_privs rlimits landlock"},
     NULL},
    {"a part that is not required cannot be named",
     {"workers.allow_less=seccomp uid"},
     "-o workers.allow_less=seccomp uid: allow_less (seccomp uid) names no part of the sandbox; "
     "accepted: seccomp, rlimits, no_new_privs, landlock, separated by blanks"},
};

static void test_settings_that_belong_together(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct config_errors errs = {0};
        struct config *c = NULL;
        size_t n = 0;

        while (n < OVERRIDES && table[i].override[n])
            n++;
        c = config_load(NULL, table[i].override, n, &errs);
        print_message("%s: %s\n", table[i].says, errs.text.n ? errs.text.p : "well");
        assert_int_equal(errs.n, table[i].complaint ? 1 : 0);
        assert_true((c == NULL) == (table[i].complaint != NULL));
        if (table[i].complaint)
            assert_non_null(strstr(errs.text.p, table[i].complaint));
        config_free(&c);
        buf_free(&errs.text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_settings_that_belong_together)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
