/*
 * deliver_order.c - what worker-deliver is to say to the server: envelope and settings as one order.
 *
 * Called by deliver.c. The envelope's keys are those of DESIGN 2 (body, smtputf8,
 * envid, ret, notify); what is no part of SMTP stays here. A value that cannot be
 * said in a command is left out, never cut.
 */
#include "spoold/deliver_part.h"

#include "common/xalloc.h"
#include "spoold/spoold.h"

#include <strings.h>

#define NOTIFY_MAX 32  /* "SUCCESS,FAILURE,DELAY" */
#define ENVID_MAX  100 /* RFC 3461 section 4.4 */

static struct view find_key(const struct envelope *e, const char *key)
{
    const struct view *v = envelope_find(e, key, 0);

    return v ? *v : (struct view){NULL, 0};
}

static bool is_one_of(struct view v, const char *a, const char *b)
{
    return view_equal_nocase(v, view_of(a)) || view_equal_nocase(v, view_of(b));
}

/* Of a word list only: other programs write "notify: address=" for something else. */
static struct view notify_of(const struct envelope *e)
{
    struct view v = find_key(e, "notify");

    if (v.n > NOTIFY_MAX)
        return (struct view){NULL, 0};
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] != ',' && (v.p[i] < 'A' || v.p[i] > 'Z'))
            return (struct view){NULL, 0};
    return v;
}

/* xtext: printable, without "=" (RFC 3461 section 4); "+" only before two digits is the depositor's matter.
 */
static struct view envid_of(const struct envelope *e)
{
    struct view v = find_key(e, "envid");

    if (v.n > ENVID_MAX)
        return (struct view){NULL, 0};
    for (size_t i = 0; i < v.n; i++)
        if (v.p[i] < '!' || v.p[i] > '~' || v.p[i] == '=')
            return (struct view){NULL, 0};
    return v;
}

static uint32_t flags_of(const struct envelope *e, const struct deliver_address *to)
{
    struct view ret = find_key(e, "ret");
    uint32_t flags = 0;

    flags |= to->lmtp ? DELIVER_LMTP : 0;
    flags |= to->near ? DELIVER_NEAR : 0;
    flags |= is_one_of(find_key(e, "body"), "8bitmime", "8BITMIME") ? DELIVER_8BIT : 0;
    flags |= is_one_of(find_key(e, "smtputf8"), "yes", "true") ? DELIVER_UTF8 : 0;
    flags |= is_one_of(ret, "full", "FULL") ? DELIVER_RET_FULL : 0;
    flags |= is_one_of(ret, "hdrs", "HDRS") ? DELIVER_RET_HDRS : 0;
    return flags;
}

/* Those that have no final answer yet and were not asked about in this try. */
static size_t next_recipients(struct deliver_item *i)
{
    struct view notify = notify_of(&i->env);
    size_t n = 0;

    if (!i->rcpt)
        i->rcpt = xcalloc(DELIVER_RCPT_MAX, sizeof *i->rcpt);
    for (; i->at < i->env.rcpt_n && n < DELIVER_RCPT_MAX; i->at++) {
        if (i->fate[i->at] == DELIVER_DONE || i->fate[i->at] == DELIVER_FAILED)
            continue;
        i->rcpt[n++] = (struct deliver_rcpt){(uint32_t)i->at, i->env.rcpt[i->at], notify};
    }
    return n;
}

bool deliver_order_make(const struct spoold *s, struct deliver_item *i, const struct deliver_address *to)
{
    const struct config *cfg = s->cfg;
    struct deliver_order o = {
        .flags = flags_of(&i->env, to),
        .tls = (uint32_t)cfg->deliver_tls,
        .timeout_ms = (uint32_t)cfg->deliver_timeout,
        .helo = view_of(cfg->deliver_helo[0] ? cfg->deliver_helo : s->depot.hostname),
        .tls_name = view_of(cfg->deliver_tls_name),
        .user = view_of(cfg->deliver_user),
        .password = view_of(i->password ? i->password : ""),
        .sender = i->env.sender,
        .envid = envid_of(&i->env),
    };

    o.rcpt_n = next_recipients(i);
    o.rcpt = i->rcpt;
    buf_clear(&i->order);
    if (o.rcpt_n)
        deliver_pack(&o, &i->order);
    return o.rcpt_n > 0;
}
