/*
 * judge.c - see judge.h: runs the checks over one message, and what they are given to work with.
 *
 * In worker-antispam only. The rows come from common/check_table.h, the operations from check_ID.c. A round
 * knows nothing of the one before it but the crumbs, which are the client that was found (the gateways are
 * read once). The bytes of message and facts are hostile; settings are not.
 */
#include "workers/antispam/judge.h"
#include "workers/antispam/check_list.h"

#include "common/xalloc.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define RESERVED 100 /* results for other checks than own rules */

#define CHECK(id, ...) extern const struct check_ops check_##id;
#define W(...)
#include "common/check_table.h"
#undef CHECK

static const struct {
    const struct check_ops *ops;
    const char *name;
} rows[CHECK__MAX] = {
#define CHECK(id, name, ...) [CHECK_##id] = {&check_##id, name},
#include "common/check_table.h"
#undef CHECK
#undef W
};

static int open_checks(struct antispam *a, struct buf *why)
{
    for (unsigned i = 0; i < CHECK__MAX; i++) {
        if (!settings_bool(&a->settings, rows[i].name, "enable", check_about(i)->on))
            continue;
        a->ops[i] = rows[i].ops;
        if (rows[i].ops->open && !(a->state[i] = rows[i].ops->open(&a->settings, why)))
            return -1;
    }
    return 0;
}

struct antispam *judge_open(struct view settings, struct buf *why)
{
    struct antispam *a = xcalloc(1, sizeof *a);

    buf_add_view(&a->bytes, settings);
    a->set = charset_open_all();
    if (settings_open(&a->settings, buf_view(&a->bytes)) < 0) {
        buf_add_str(why, "the settings of the checks are not complete");
        goto failed;
    }
    a->skip_authenticated = settings_bool(&a->settings, "antispam", "skip_authenticated", true);
    a->skip_intra_domain = settings_bool(&a->settings, "antispam", "skip_intra_domain", false);
    a->whitelist_skips = settings_bool(&a->settings, "antispam", "whitelist_skips", true);
    a->domain = judge_domain_open(why);
    a->own = networks_open(&a->settings, "networks", why);
    if (a->domain && a->own && open_checks(a, why) == 0)
        return a;
failed:
    judge_free(&a);
    return NULL;
}

void judge_free(struct antispam **a)
{
    if (!*a)
        return;
    for (unsigned i = 0; i < CHECK__MAX; i++)
        if ((*a)->state[i] && rows[i].ops->close)
            rows[i].ops->close((*a)->state[i]);
    judge_mail_free(&(*a)->mail);
    if ((*a)->own)
        networks_close((*a)->own);
    judge_domain_free(&(*a)->domain);
    charset_close_all(&(*a)->set);
    settings_free(&(*a)->settings);
    needs_free(&(*a)->needs);
    free((*a)->verdict.result);
    mail_arena_free(&(*a)->arena);
    buf_free(&(*a)->bytes);
    free(*a);
    *a = NULL;
}

/* --- what checks work with ---------------------------------------------- */

const struct fact *judge_fact(struct judge *j, enum fact_type type, struct view name)
{
    static const struct fact nowhere = {.type = FACT_A, .rcode = FACT_NXDOMAIN};
    const struct fact *f = facts_find(j->facts, type, name);

    if (f)
        return f;
    /* One too many is not known either: what cannot be asked about must not look like a name without data. */
    return needs_add(j->needs, type, name) || j->needs->over ? NULL : &nowhere;
}

struct antispam_result *judge_say(struct judge *j, enum check check, struct view name,
                                  enum check_result result, const char *fmt, ...)
{
    char detail[2 * ANTISPAM_DETAIL_MAX];
    struct antispam_verdict *v = j->verdict;
    struct antispam_result *r;
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(detail, sizeof detail, fmt, ap);
    va_end(ap);
    /* Rules that hit by the hundred must not push out the lists and what stands behind them. */
    if (v->n >= ANTISPAM_CHECKS_MAX - (check == CHECK_header || check == CHECK_body ? RESERVED : 0)) {
        v->over = true;
        r = mail_arena_alloc(j->arena, sizeof *r); /* for the caller's sake; nobody reads it */
    } else {
        if (v->n == v->cap) {
            v->cap = v->cap ? 2 * v->cap : 64;
            v->result = xrealloc(v->result, v->cap, sizeof *v->result);
        }
        r = &v->result[v->n++];
    }
    *r = (struct antispam_result){.check = check, .result = result, .count = 1, .name = name};
    r->detail = mail_arena_copy(j->arena, view_of(detail));
    return r;
}

void judge_prop(struct judge *j, struct antispam_result *r, const char *fmt, ...)
{
    char props[2 * ANTISPAM_PROPS_MAX];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(props, sizeof props, fmt, ap);
    va_end(ap);
    r->props = mail_arena_copy(j->arena, view_of(props));
}

bool judge_is_suspended(const struct judge *j, const char *kind, struct view name)
{
    struct view left = j->order->suspended, word;
    const size_t kind_n = strlen(kind);

    while (left.n) {
        const char *end = memchr(left.p, ' ', left.n);

        word = (struct view){left.p, end ? (size_t)(end - left.p) : left.n};
        left.p += word.n + (end != NULL);
        left.n -= word.n + (end != NULL);
        if (word.n == kind_n + 1 + name.n && memcmp(word.p, kind, kind_n) == 0 && word.p[kind_n] == ':' &&
            memcmp(word.p + kind_n + 1, name.p, name.n) == 0)
            return true;
    }
    return false;
}

struct view judge_domain_org(const struct judge *j, struct view domain)
{
    return judge_domain_find(j->a->domain, domain);
}

/* --- a round ------------------------------------------------------------ */

static struct view lower(struct mail_arena *a, struct view v)
{
    struct view copy = mail_arena_copy(a, v);
    char *p = (char *)(uintptr_t)copy.p; /* the arena's, hence ours */

    for (size_t i = 0; i < copy.n; i++)
        if (p[i] >= 'A' && p[i] <= 'Z')
            p[i] = (char)(p[i] + ('a' - 'A'));
    if (copy.n && p[copy.n - 1] == '.')
        copy.n--;
    return copy;
}

static void split_sender(struct judge *j)
{
    struct view s = j->order->sender;
    const char *at = s.n ? memrchr(s.p, '@', s.n) : NULL;

    j->sender.whole = s;
    j->sender.local = at ? (struct view){s.p, (size_t)(at - s.p)} : s;
    if (at)
        j->sender.domain = lower(j->arena, (struct view){at + 1, s.n - j->sender.local.n - 1});
}

/* By the address that handed it to us; behind a gateway of ours nobody is local. */
static bool is_local(const struct antispam *a, const struct antispam_order *o)
{
    unsigned char ip[16];

    return o->flags & ANTISPAM_LOCAL ||
           (mail_received_ip(o->ip, ip).n && networks_find(a->own, ip) != ENTRIES_NONE);
}

/* Of the client that was found. */
static void read_ip(struct judge *j)
{
    j->has_ip = mail_received_ip(j->client.ip, j->ip).n > 0;
    j->is_ip4 = j->has_ip && memcmp(j->ip, "\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) == 0;
}

static void take_crumbs(struct judge *j)
{
    if (!j->order->crumbs.n || antispam_unpack_client(j->order->crumbs, &j->client) < 0)
        return;
    read_ip(j);
}

static void begin(struct judge *j, struct antispam *a, const struct antispam_order *o)
{
    a->verdict.n = 0;
    a->verdict.over = false;
    needs_clear(&a->needs);
    *j = (struct judge){
        .a = a,
        .order = o,
        .authenticated = o->flags & ANTISPAM_AUTHENTICATED,
        .facts = &o->facts,
        .now = o->now,
        .auth = {RESULT__MAX, RESULT__MAX, RESULT__MAX, RESULT__MAX, .iprev = RESULT__MAX},
        .needs = &a->needs,
        .verdict = &a->verdict,
        .arena = &a->arena,
    };
    j->local = is_local(a, o);
    j->outgoing = j->authenticated || j->local;
    split_sender(j);
    take_crumbs(j);
}

static void end(struct judge *j)
{
    mail_arena_clear(j->arena);
}

/* Why the message needs no judging, by its envelope alone; NULL: it does. */
static const char *why_skip(const struct judge *j)
{
    const struct antispam *a = j->a;

    if (j->authenticated && a->skip_authenticated)
        return "the sender is authenticated (antispam.skip_authenticated)";
    if (a->skip_intra_domain && j->outgoing && check_list_is_intra_domain(j, a->state[CHECK_list]))
        return "from and to the same domain, by a client of ours (antispam.skip_intra_domain)";
    if (a->whitelist_skips && check_list_is_whitelisted(j, a->state[CHECK_list]))
        return "the client is whitelisted (antispam.whitelist_skips)";
    return NULL;
}

/* What was found out without anybody's help is told all the same. */
static bool is_free(unsigned check)
{
    return check == CHECK_gateway || check == CHECK_list || check_about(check)->kind == CHECK_NAMED;
}

static void judge_all(struct judge *j, const char *skip)
{
    const struct antispam *a = j->a;

    for (unsigned i = 0; i < CHECK__MAX; i++) {
        if (!a->ops[i])
            continue;
        if (!skip || i == CHECK_gateway || i == CHECK_list)
            a->ops[i]->judge(j, a->state[i]);
        else if (!is_free(i))
            judge_say(j, (enum check)i, VIEW(""), RESULT_skipped, "%s", skip);
    }
    j->verdict->client.ip = j->client.ip;
    j->verdict->client.helo = j->client.helo;
    j->verdict->client.name = j->auth.client_name;
    j->verdict->client.via_n = j->client.via_n;
    memcpy(j->verdict->client.via, j->client.via, sizeof j->client.via);
    j->verdict->from_domain = j->mail->from_domain;
}

static void answer_needs(struct judge *j, struct buf *answer)
{
    struct buf crumbs = {0};

    antispam_pack_client(&crumbs, &j->client);
    antispam_pack_needs(answer, buf_view(&crumbs), j->needs);
    buf_free(&crumbs);
}

static void unfold_all(struct judge *j)
{
    const struct antispam *a = j->a;

    for (unsigned i = 0; i < CHECK__MAX; i++)
        if (a->ops[i] && a->ops[i]->unfold)
            a->ops[i]->unfold(j, a->state[i]);
}

/* Only what was not asked for yet: all that is known came with the order. */
bool judge_unfold(struct antispam *a, const struct antispam_order *o, struct buf *answer)
{
    struct judge j;
    bool more;

    if (!o->crumbs.n || o->flags & ANTISPAM_FINAL)
        return true;
    begin(&j, a, o);
    unfold_all(&j);
    more = j.needs->n > 0;
    if (more)
        answer_needs(&j, answer);
    end(&j);
    return !more;
}

static void ask_all(struct judge *j)
{
    const struct antispam *a = j->a;

    for (unsigned i = CHECK_gateway + 1; i < CHECK__MAX; i++)
        if (a->ops[i] && a->ops[i]->ask)
            a->ops[i]->ask(j, a->state[i]);
    unfold_all(j);
}

/* Who is judged: found in the first round, when there are no crumbs. */
static void find_client(struct judge *j)
{
    const struct antispam *a = j->a;

    if (a->ops[CHECK_gateway] && a->ops[CHECK_gateway]->ask) {
        a->ops[CHECK_gateway]->ask(j, a->state[CHECK_gateway]);
        return;
    }
    j->client.ip = j->order->ip;
    j->client.helo = j->order->helo;
    read_ip(j);
}

void judge_message(struct antispam *a, const struct antispam_order *o, struct view message,
                   struct buf *answer)
{
    const char *skip;
    struct judge j;

    begin(&j, a, o);
    j.mail = judge_mail_open(a, message);
    judge_mail_begin(&j);
    if (!o->crumbs.n)
        find_client(&j);
    skip = why_skip(&j);
    if (!skip && !o->crumbs.n && !(o->flags & ANTISPAM_FINAL))
        ask_all(&j);
    if (j.needs->n && !(o->flags & ANTISPAM_FINAL)) {
        answer_needs(&j, answer);
    } else {
        judge_all(&j, skip);
        antispam_pack_verdict(answer, j.verdict);
    }
    judge_mail_close(j.mail);
    end(&j);
}
