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

static bool is_one_of(struct view v, const char *a, const char *b)
{
    return view_equal_nocase(v, view_of(a)) || view_equal_nocase(v, view_of(b));
}

static bool is_word_of(struct view w, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (view_equal(w, view_of(words[i])))
            return true;
    return false;
}

/* RFC 3461 section 4.1: NEVER, or a list. Other programs write "notify: address=" for something else. */
static struct view notify_of(const struct envelope *e)
{
    static const char *const words[] = {"SUCCESS", "FAILURE", "DELAY"};
    struct view v = envelope_value(e, "notify"), none = {NULL, 0};

    if (v.n > NOTIFY_MAX || view_equal(v, VIEW("NEVER")))
        return v.n > NOTIFY_MAX ? none : v;
    for (size_t at = 0, end; at <= v.n && v.n; at = end + 1) {
        const char *comma = memchr(v.p + at, ',', v.n - at);

        end = comma ? (size_t)(comma - v.p) : v.n;
        if (!is_word_of((struct view){v.p + at, end - at}, words, 3))
            return none;
    }
    return v;
}

static bool is_hex(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F');
}

/* xtext (RFC 3461 section 4): printable, no "=", a "+" only before two digits. */
static struct view envid_of(const struct envelope *e)
{
    struct view v = envelope_value(e, "envid"), none = {NULL, 0};

    if (v.n > ENVID_MAX)
        return none;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '!' || v.p[i] > '~' || v.p[i] == '=')
            return none;
        if (v.p[i] == '+' && (i + 2 >= v.n || !is_hex(v.p[i + 1]) || !is_hex(v.p[i + 2])))
            return none;
    }
    return v;
}

static bool is_ascii(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] >= 0x80)
            return false;
    return true;
}

/* RFC 6531: said so by the depositor, or an address that cannot be said without. */
static bool needs_utf8(const struct envelope *e)
{
    bool ascii = is_ascii(e->sender);

    for (size_t i = 0; ascii && i < e->rcpt_n; i++)
        ascii = is_ascii(e->rcpt[i]);
    return !ascii || is_one_of(envelope_value(e, "smtputf8"), "yes", "true");
}

static uint32_t flags_of(const struct envelope *e, const struct deliver_address *to)
{
    struct view ret = envelope_value(e, "ret");
    uint32_t flags = 0;

    flags |= to->lmtp ? DELIVER_LMTP : 0;
    flags |= to->near ? DELIVER_NEAR : 0;
    flags |= is_one_of(envelope_value(e, "body"), "8bitmime", "8BITMIME") ? DELIVER_8BIT : 0;
    flags |= needs_utf8(e) ? DELIVER_UTF8 : 0;
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
