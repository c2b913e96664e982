/*
 * flow_fates.c - see flow_fates.h. Test builds only; empty otherwise.
 */
#include "spoold/flow_fates.h"

#ifdef SPOOLD_TEST

#include "common/check.h"
#include "common/xalloc.h"

#include <stdlib.h>

/* Deals the recipients to `copies` copies in turn; with `rest` the last ones stay for quarantine or discard.
 */
static void deal(struct msg *m, size_t copies, bool rest)
{
    size_t dealt = rest ? (m->env.rcpt_n < copies ? m->env.rcpt_n : copies) : m->env.rcpt_n;

    for (size_t c = 0; c < copies && c < dealt; c++)
        m->copy[m->copy_n++].rcpt = xcalloc(m->env.rcpt_n, sizeof(size_t));
    for (size_t i = 0; i < dealt; i++) {
        struct msg_copy *c = &m->copy[i % m->copy_n];

        c->rcpt[c->rcpt_n++] = i;
    }
    if (rest)
        msg_fill_rest(m);
}

static const struct fate_row {
    const char *name;
    enum msg_fate fate;
    size_t copies;
    bool rest;
    uint32_t test_code; /* of workers/misbehave.h */
} rows[] = {
    {"send", MSG_FATE_SEND, 1, false, 0},         {"split", MSG_FATE_SEND, 2, false, 0},
    {"q-virus", MSG_FATE_QUARANTINE, 0, true, 0}, {"sendq", MSG_FATE_QUARANTINE, 1, true, 0},
    {"drop", MSG_FATE_DROP, 0, true, 0},          {"senddrop", MSG_FATE_DROP, 1, true, 0},
    {"crash", MSG_FATE_SEND, 1, false, 1},        {"hang", MSG_FATE_SEND, 1, false, 2},
    {"sleep", MSG_FATE_SEND, 1, false, 3},        {"memory", MSG_FATE_SEND, 1, false, 4},
    {"exec", MSG_FATE_SEND, 1, false, 5},         {"exit", MSG_FATE_SEND, 1, false, 6},
    {"lie", MSG_FATE_SEND, 1, false, 7},          {"syscall", MSG_FATE_SEND, 1, false, 8},
};

static bool apply_hold(struct msg *m, struct view v)
{
    if (v.n != 6 || memcmp(v.p, "hold:", 5) != 0 || m->tries >= (unsigned)(v.p[5] - '0'))
        return false;
    m->fate = MSG_FATE_HOLD;
    msg_set_reason(m, "the test asked for it");
    return true;
}

uint32_t flow_fates_misbehaviour(const struct msg *m, enum role role)
{
    const struct view *v = envelope_find(&m->env, "x-spoold-test", 0);
    const char *name = role_find((uint32_t)role)->name;
    size_t n = strlen(name) + 1;

    if (!v || v->n <= n || memcmp(v->p, name, n - 1) != 0 || v->p[n - 1] != '-')
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (view_equal((struct view){v->p + n, v->n - n}, view_of(rows[i].name)))
            return rows[i].test_code;
    return 0;
}

/* As if the antispam stage had found one thing in it: settings say what that weighs, and for whom. */
static void judge(struct msg *m)
{
    struct antispam_verdict *v = &m->spam.given.verdict;

    if (m->spam.judged)
        return;
    m->spam.judged = true;
    m->spam.given.kind = ANTISPAM_VERDICT;
    v->result = xcalloc(1, sizeof *v->result);
    v->result[v->n++] = (struct antispam_result){.check = CHECK_headers, .result = RESULT_hit, .count = 1};
}

bool flow_fates_apply(struct msg *m)
{
    const struct view *v = envelope_find(&m->env, "x-spoold-test", 0);

    if (!v)
        return false;
    if (view_equal(*v, VIEW("judged"))) {
        judge(m);
        return false;
    }
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (!view_equal(*v, view_of(rows[i].name)))
            continue;
        m->fate = rows[i].fate;
        m->class = SPOOL_CLASS_VIRUS;
        m->test_code = rows[i].test_code;
        deal(m, rows[i].copies, rows[i].rest);
        msg_set_reason(m, "the test asked for it");
        return true;
    }
    return apply_hold(m, *v);
}

#endif
