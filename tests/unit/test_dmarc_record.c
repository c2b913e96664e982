/*
 * test_dmarc_record.c - DMARC records (RFC 7489, 6.3): what is one, and what it says.
 *
 * Run by "make check".
 */
#include "workers/antispam/dmarc_record.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

struct one {
    const char *name, *text;
    enum dmarc_kind kind;
    enum dmarc_policy p, sp;
    bool strict_dkim, strict_spf;
    unsigned pct;
};
#define N DMARC_NONE
#define Q DMARC_QUARANTINE
#define R DMARC_REJECT
static const struct one ones[] = {
    {"the shortest", "v=DMARC1;p=none", DMARC_RECORD, N, N, false, false, 100},
    {"all of it",
     "v=DMARC1; p=reject; sp=quarantine; adkim=s; aspf=s; pct=50; rua=mailto:a@example.org; ri=1; fo=1;",
     DMARC_RECORD, R, Q, true, true, 50},
    {"blanks", " v = DMARC1 ; p = quarantine ", DMARC_RECORD, Q, Q, false, false, 100},
    {"policies in capitals", "v=DMARC1; p=Reject; sp=NONE; adkim=S", DMARC_RECORD, R, N, true, false, 100},
    {"relaxed in words", "v=DMARC1; p=none; adkim=r; aspf=r", DMARC_RECORD, N, N, false, false, 100},
    {"p behind others", "v=DMARC1; pct=1; p=reject", DMARC_RECORD, R, R, false, false, 1},
    {"unknown tags", "v=DMARC1; p=reject; np=none; t=y", DMARC_RECORD, R, R, false, false, 100},
    {"broken pieces are passed over", "v=DMARC1; p=reject;; x; =; \xff; aspf=s", DMARC_RECORD, R, R, false,
     true, 100},
    {"the first of two counts", "v=DMARC1; p=none; p=reject", DMARC_RECORD, N, N, false, false, 100},
    {"pct=0", "v=DMARC1; p=reject; pct=0", DMARC_RECORD, R, R, false, false, 0},
    {"pct=101", "v=DMARC1; p=reject; pct=101", DMARC_RECORD, R, R, false, false, 100},
    {"pct=-1", "v=DMARC1; p=reject; pct=-1", DMARC_RECORD, R, R, false, false, 100},
    {"alignment that nobody knows", "v=DMARC1; p=reject; adkim=x", DMARC_RECORD, R, R, false, false, 100},
    {"no policy", "v=DMARC1", DMARC_BROKEN, N, N, false, false, 0},
    {"an unknown policy", "v=DMARC1; p=block", DMARC_BROKEN, N, N, false, false, 0},
    {"an unknown policy of subdomains", "v=DMARC1; p=reject; sp=block", DMARC_BROKEN, N, N, false, false, 0},
    {"no policy, but reports", "v=DMARC1; rua=mailto:a@example.org", DMARC_RECORD, N, N, false, false, 100},
    {"an unknown policy, and reports", "v=DMARC1; p=block; rua=MAILTO:a@example.org", DMARC_RECORD, N, N,
     false, false, 100},
    {"reports to nobody", "v=DMARC1; rua=mailto:a", DMARC_BROKEN, N, N, false, false, 0},
    {"reports by another way", "v=DMARC1; rua=https://example.org/@", DMARC_BROKEN, N, N, false, false, 0},
    {"v= not first", "p=none; v=DMARC1", DMARC_OTHER, N, N, false, false, 0},
    {"another version", "v=DMARC2; p=none", DMARC_OTHER, N, N, false, false, 0},
    {"the version in small letters", "v=dmarc1; p=none", DMARC_OTHER, N, N, false, false, 0},
    {"V in capitals", "V=DMARC1; p=none", DMARC_OTHER, N, N, false, false, 0},
    {"no ; behind the version", "v=DMARC1 p=none", DMARC_OTHER, N, N, false, false, 0},
    {"something else", "v=spf1 -all", DMARC_OTHER, N, N, false, false, 0},
    {"nothing", "", DMARC_OTHER, N, N, false, false, 0},
};

static void each_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ones / sizeof *ones; i++) {
        const struct one *o = &ones[i];
        struct dmarc_record r;
        enum dmarc_kind kind = dmarc_record_parse(view_of(o->text), &r);

        if (kind != o->kind)
            fail_msg("%s: kind %d", o->name, (int)kind);
        if (kind == DMARC_RECORD && (r.p != o->p || r.sp != o->sp || r.strict_dkim != o->strict_dkim ||
                                     r.strict_spf != o->strict_spf || r.pct != o->pct))
            fail_msg("%s: %s %s %d %d %u", o->name, dmarc_policy_name(r.p), dmarc_policy_name(r.sp),
                     r.strict_dkim, r.strict_spf, r.pct);
    }
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(dmarc_policy_name(DMARC_QUARANTINE), "quarantine");
    assert_null(dmarc_policy_name(DMARC_POLICY__MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(each_record), cmocka_unit_test(names)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
