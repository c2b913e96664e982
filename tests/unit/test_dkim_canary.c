/*
 * test_dkim_canary.c - the loader notices when libopendkim does not verify what it must.
 *
 * Run by "make check". An engine that is wrong stands in for ours: dkim_engine_verify() is
 * replaced here. That the example passes with the real one is seen by each test of check_dkim.c, which opens
 * it.
 */
#include "workers/antispam/dkim_canary.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static unsigned pass_until; /* how many verdicts are a pass, then all are a fail */

/* Instead of dkim_engine.c: an engine that does not look. */
void dkim_engine_verify(struct dkim_engine *e, const struct dkim_task *t, struct dkim_outcome *o)
{
    (void)e;
    (void)t;
    *o = (struct dkim_outcome){pass_until ? RESULT_pass : RESULT_fail, NULL};
    pass_until -= pass_until > 0;
}

static void an_engine_that_does_not_look_is_noticed(void **state)
{
    (void)state;
    for (unsigned passes = 0; passes <= 4; passes++) {
        struct buf why = {0};

        pass_until = passes;
        assert_int_equal(dkim_canary_check(NULL, &why), -1);
        assert_true(why.n > 0);
        buf_free(&why);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_engine_that_does_not_look_is_noticed)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
