/*
 * sandbox_seccomp.c - turns the table of rights into a seccomp filter; the only file that includes
 * <seccomp.h>.
 *
 * Called by sandbox.c, as the last layer: from its end on only what the table
 * allows works. libseccomp takes memory and gives it back before and after the
 * filter is loaded, with calls that every role has. A call or an argument that
 * it cannot express is a failure, never a right that is silently wider.
 */
#include "workers/sandbox_part.h"
#include "workers/sandbox_table.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <unistd.h>

static struct scmp_arg_cmp compare(const struct sandbox_test *t)
{
    struct scmp_arg_cmp c = {.arg = t->arg, .op = SCMP_CMP_NE, .datum_a = t->value};

    if (t->how == SANDBOX_MASKED) {
        c.op = SCMP_CMP_MASKED_EQ;
        c.datum_a = t->mask;
        c.datum_b = t->value;
    } else if (t->how == SANDBOX_SELF || t->how == SANDBOX_NOT_SELF) {
        c.op = t->how == SANDBOX_SELF ? SCMP_CMP_EQ : SCMP_CMP_NE;
        c.datum_a = (scmp_datum_t)getpid();
    }
    return c;
}

/* 0 or a negative errno, as libseccomp has it. */
static int add_rule(scmp_filter_ctx ctx, uint32_t action, const struct sandbox_rule *r)
{
    struct scmp_arg_cmp test[SANDBOX_TESTS_MAX];
    unsigned n = 0;
    int call = seccomp_syscall_resolve_name(r->call);

    /* Below zero: this machine or this libseccomp has no such call, so the default holds: ENOSYS. */
    if (call < 0)
        return 0;
    while (n < SANDBOX_TESTS_MAX && r->test[n].how != SANDBOX_ALWAYS) {
        test[n] = compare(&r->test[n]);
        n++;
    }
    return seccomp_rule_add_exact_array(ctx, action, call, n, test);
}

static int add_rules(scmp_filter_ctx ctx, enum role role, bool trap)
{
    const struct sandbox_rule *r;
    int err = 0;

    for (size_t i = 0; !err && (r = sandbox_table_stand_in(role, i)); i++)
        err = trap ? 0 : add_rule(ctx, SCMP_ACT_TRAP, r); /* what is the default already is no rule */
    for (size_t i = 0; !err && (r = sandbox_table_refused(role, i)); i++)
        err = trap ? add_rule(ctx, SCMP_ACT_ERRNO(ENOSYS), r) : 0;
    for (size_t i = 0; !err && (r = sandbox_table_right(role, i)); i++)
        err = add_rule(ctx, SCMP_ACT_ALLOW, r);
    for (size_t i = 0; !err && (r = sandbox_table_hostile(i)); i++)
        if (r->test[0].how != SANDBOX_ALWAYS || !sandbox_table_has(role, r->call))
            err = add_rule(ctx, SCMP_ACT_KILL_PROCESS, r);
    return err;
}

static int load(scmp_filter_ctx ctx, enum role role, bool trap)
{
    /* The 32-bit and x32 ways into the kernel have other numbers: whoever goes there goes round the table. */
    int err = seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS);

    if (!err) /* sandbox.c did that, or it was allowed to be missing */
        err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_NNP, 0);
    if (!err) /* a tree of comparisons: a scan makes dozens of calls, and each would go through all rules */
        err = seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if (!err) /* the errno of the kernel, not ECANCELED for all of them */
        err = seccomp_attr_set(ctx, SCMP_FLTATR_API_SYSRAWRC, 1);
    if (!err)
        err = add_rules(ctx, role, trap);
    return err ? err : seccomp_load(ctx);
}

int sandbox_seccomp_apply(enum role role, bool trap, struct buf *why)
{
    scmp_filter_ctx ctx = seccomp_init(trap ? SCMP_ACT_TRAP : SCMP_ACT_ERRNO(ENOSYS));
    int err = ctx ? load(ctx, role, trap) : -ENOMEM;

    seccomp_release(ctx);
    if (!err)
        return 0;
    errno = -err;
    buf_addf(why,
             "the seccomp filter cannot be loaded (%s): the kernel needs CONFIG_SECCOMP_FILTER, and a "
             "container around spoold must allow seccomp(2)",
             strerror(-err));
    return -1;
}
