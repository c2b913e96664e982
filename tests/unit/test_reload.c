/*
 * test_reload.c - which settings may change under SIGHUP and which need a restart.
 */
#include "spoold/reload.h"

#include "spoold/spoold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
/* cmocka wants the three above first */
#include <cmocka.h>

static struct config *load(const char *override)
{
    struct config_errors e = {0};
    struct config *c = config_load(NULL, &override, override ? 1 : 0, &e);

    assert_non_null(c);
    free(e.text.p);
    return c;
}

static void what_was_set_up_at_start_cannot_change(void **state)
{
    static const struct {
        const char *sentence, *override, *wanted;
    } cases[] = {
        {"nothing changed", NULL, NULL},
        {"limits may change", "spool.max_in_flight=7", NULL},
        {"how much is logged may change", "log.level=debug", NULL},
        {"readiness of an intake may change", "intake main.ready=quiet:3s", NULL},
        {"the root is where the locks are", "paths.root=/elsewhere", "paths.root"},
        {"the user was taken on at start", "spool.user=nobody", "spool.user"},
        {"the mode of proc was set at start", "spool.external_stage=yes", "spool.external_stage"},
        {"the journal was opened with its settings", "journal.log_addresses=hash", "[journal]"},
        {"an intake's folder is open and locked", "intake main.path=other", "[intake NAME]"},
        {"an intake's outlet is open", "intake main.outlet=other", "[intake NAME]"},
        {"another intake was not opened", "intake second.path=other", "[intake NAME]"},
    };
    struct config *old = load(NULL);

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct config *new = load(cases[i].override);
        const char *got = reload_fixed_change(old, new);

        if (cases[i].wanted)
            assert_string_equal(got ? got : cases[i].sentence, cases[i].wanted);
        else if (got)
            fail_msg("%s, but %s is refused", cases[i].sentence, got);
        config_free(&new);
    }
    config_free(&old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_was_set_up_at_start_cannot_change)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
