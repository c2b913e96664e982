/*
 * check_list.c - the check `list`: blacklist and whitelist (addresses of clients), blocked and trusted
 * (senders); a result for each list that is not empty.
 *
 * The client is the one that is judged: behind gateways, the first host before them. A network in the
 * blacklist that holds a gateway therefore blocks nothing that came through it. A sender's name is whatever
 * its writer likes; so a blocked one counts as it stands, and a trusted one only with SPF or DKIM behind it.
 */
#include "workers/antispam/check_list.h"

#include "workers/antispam/names.h"
#include "workers/antispam/networks.h"
#include "workers/antispam/sender_auth.h"

#include "common/xalloc.h"

#include <stdlib.h>

struct lists {
    struct networks *blacklist, *whitelist;
    struct names *blocked, *trusted;
};

static void close_list(void *state)
{
    struct lists *l = state;

    networks_close(l->blacklist);
    networks_close(l->whitelist);
    names_close(l->blocked);
    names_close(l->trusted);
    free(l);
}

static void *open_list(const struct settings *s, struct buf *why)
{
    struct lists *l = xcalloc(1, sizeof *l);

    if ((l->blacklist = networks_open(s, "blacklist", why)) &&
        (l->whitelist = networks_open(s, "whitelist", why)) &&
        (l->blocked = names_open(s, "blocked_senders", why)) &&
        (l->trusted = names_open(s, "trusted_senders", why)))
        return l;
    close_list(l);
    return NULL;
}

static void judge_network(struct judge *j, const struct networks *list, struct view name)
{
    uint32_t entry = j->has_ip ? networks_find(list, j->ip) : ENTRIES_NONE;
    struct buf where = {0};

    if (networks_is_empty(list))
        return;
    if (entry != ENTRIES_NONE)
        networks_say(list, entry, &where);
    judge_say(j, CHECK_list, name, where.n ? RESULT_hit : RESULT_miss, "%s",
              where.n     ? where.p
              : j->has_ip ? ""
                          : "no address of a client is known");
    buf_free(&where);
}

static uint32_t find_sender(const struct judge *j, const struct names *list)
{
    return names_find(list, j->sender.local, j->sender.domain);
}

static void judge_blocked(struct judge *j, const struct names *list)
{
    uint32_t entry = find_sender(j, list);
    struct buf where = {0};

    if (names_is_empty(list))
        return;
    if (entry != ENTRIES_NONE)
        names_say(list, entry, &where);
    judge_say(j, CHECK_list, VIEW("blocked"), where.n ? RESULT_hit : RESULT_miss, "%s",
              where.n ? where.p : "");
    buf_free(&where);
}

static void judge_trusted(struct judge *j, const struct names *list)
{
    uint32_t entry = find_sender(j, list);
    enum check_result result = RESULT_miss;
    struct buf where = {0};

    if (names_is_empty(list))
        return;
    if (entry != ENTRIES_NONE) {
        names_say(list, entry, &where);
        buf_add_str(&where, "; ");
        result = sender_auth_find(j, &where);
        result = result == RESULT_pass ? RESULT_hit : result == RESULT_unknown ? RESULT_unknown : RESULT_miss;
        if (result == RESULT_miss)
            buf_add_str(&where, ": does not count without proof");
    }
    judge_say(j, CHECK_list, VIEW("trusted"), result, "%s", where.n ? where.p : "");
    buf_free(&where);
}

static void judge_list(struct judge *j, void *state)
{
    const struct lists *l = state;

    judge_network(j, l->blacklist, VIEW("blacklist"));
    judge_network(j, l->whitelist, VIEW("whitelist"));
    judge_blocked(j, l->blocked);
    judge_trusted(j, l->trusted);
}

bool check_list_is_whitelisted(const struct judge *j, const void *state)
{
    const struct lists *l = state;

    return l && j->has_ip && networks_find(l->whitelist, j->ip) != ENTRIES_NONE;
}

bool check_list_is_intra_domain(const struct judge *j, const void *state)
{
    (void)state;
    for (unsigned i = 0; i < j->order->rcpt_n; i++) {
        struct view rcpt = j->order->rcpt[i];
        const char *at = rcpt.n ? memrchr(rcpt.p, '@', rcpt.n) : NULL;

        if (!at)
            return false;
        rcpt.n -= (size_t)(at + 1 - rcpt.p);
        rcpt.p = at + 1;
        if (!mail_address_same_domain(rcpt, j->sender.domain))
            return false;
    }
    return j->sender.domain.n && j->order->rcpt_n;
}

const struct check_ops check_list = {.open = open_list, .close = close_list, .judge = judge_list};
