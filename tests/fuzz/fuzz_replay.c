/*
 * fuzz_replay.c - any bytes as a decision record: what is read decides again twice in the same way.
 *
 * Made by `make fuzz`. A .json in quarantine has no checksum, and a journal may be of another release.
 */
#include "spoold/replay.h"

#include "common/xalloc.h"
#include "spoold/config.h"
#include "tests/fuzz/fuzz_must.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *settings(void)
{
    static struct config *c; /* once for all runs */
    static const char *const set[] = {"profile own.spf.weight_fail=25", "profile own.low.action=tag"};
    struct config_errors errs = {0};

    if (!c)
        c = config_load(NULL, set, 2, &errs);
    MUST(c);
    return c;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct view rcpt[] = {VIEW("a@example.org"), VIEW("b@example.net")};
    char *copy = xstrndup((const char *)data, size);
    struct replay_record r = {.rcpt = rcpt, .rcpt_n = 2, .size = 100};
    struct replay_again a, b;
    struct buf x = {0}, y = {0};

    if (!replay_read((struct view){copy, size}, &r)) {
        replay_decide(&r, settings(), 0, &a);
        replay_decide(&r, settings(), 0, &b);
        MUST(replay_is_same(&r, &a, &x) == replay_is_same(&r, &b, &y));
        MUST(x.n == y.n && (!x.n || memcmp(x.p, y.p, x.n) == 0));
        MUST(replay_fate(&a) != NULL);
        replay_free_again(&a);
        replay_free_again(&b);
    }
    replay_free_record(&r);
    buf_free(&x);
    buf_free(&y);
    free(copy);
    return 0;
}
