/*
 * uribl_names.c - see uribl_names.h: which names, and which first.
 *
 * In worker-antispam only. A message may hold a thousand links and only some are asked about, so their order
 * is what a spammer will work against: padding costs him nothing. What the reader does not see therefore
 * comes last, what was made to deceive him first, and links before names that only look like one. The bytes
 * are hostile.
 */
#include "workers/antispam/uribl_names.h"

#include "common/idn.h"
#include "workers/antispam/rdns.h"

/* --- one name -------------------------------------------------------------- */

static size_t clean_host(struct view host, char to[FACTS_NAME_MAX + 1])
{
    size_t n = idn_to_name(host, to);

    return rdns_is_host_name((struct view){to, n}) ? n : 0;
}

static struct view with_dot(struct judge *j, struct view name)
{
    char text[FACTS_NAME_MAX + 2];

    memcpy(text, name.p, name.n);
    text[name.n] = '.';
    return mail_arena_copy(j->arena, (struct view){text, name.n + 1});
}

/* Room for one more name; NULL: it is there already, or there are too many. */
static struct uribl_name *new_name(struct judge *j, struct uribl_names *to, struct view name, unsigned source)
{
    for (unsigned i = 0; i < to->n; i++) {
        if (view_equal(to->name[i].name, name)) {
            to->name[i].sources |= source;
            return NULL;
        }
    }
    if (to->n >= to->max) {
        to->over = true;
        return NULL;
    }
    if (!to->name)
        to->name = mail_arena_alloc(j->arena, to->max * sizeof *to->name);
    to->name[to->n] = (struct uribl_name){.name = mail_arena_copy(j->arena, name), .sources = source};
    return &to->name[to->n++];
}

static bool is_own(const struct uribl_names *to, struct view name)
{
    return names_find(to->own, VIEW(""), name) != ENTRIES_NONE;
}

static void add_host(struct judge *j, struct uribl_names *to, struct view host, enum rbl_source source)
{
    char clean[FACTS_NAME_MAX + 1];
    const size_t n = clean_host(host, clean);
    struct uribl_name *added;
    struct view org;

    if (!n || is_own(to, (struct view){clean, n}))
        return;
    org = judge_domain_org(j, (struct view){clean, n});
    if (org.n == 0 || org.n > FACTS_NAME_MAX || is_own(to, org))
        return;
    if ((added = new_name(j, to, org, source)))
        added->front = with_dot(j, added->name);
}

/* "192.0.2.1", "[2001:db8::1]" */
static void add_address(struct judge *j, struct uribl_names *to, struct view host)
{
    char text[RDNS_TEXT_MAX], front[RDNS_REVERSE_MAX + 1];
    struct uribl_name *added;
    unsigned char ip[16];

    if (host.n > 2 && host.p[0] == '[')
        host.p++, host.n -= 2;
    if (!rdns_parse(host, ip) || rdns_special(ip))
        return;
    if ((added = new_name(j, to, view_of(rdns_text(ip, text)), RBL_BODY)))
        added->front = mail_arena_copy(j->arena, (struct view){front, rdns_reverse(ip, front)});
}

/* --- where they come from -------------------------------------------------- */

static void add_reverse(struct judge *j, struct uribl_names *to)
{
    const struct fact *f = rdns_names(j);

    to->ptr_unknown = !f;
    for (unsigned i = 0; f && i < f->answer_n && i < RDNS_NAMES_MAX; i++)
        add_host(j, to, f->answer[i], RBL_PTR);
}

void uribl_names_add_envelope(struct judge *j, struct uribl_names *to)
{
    add_host(j, to, j->sender.domain, RBL_SENDER);
    if (rdns_why_not(j))
        return;
    add_host(j, to, j->client.helo, RBL_HELO);
    add_reverse(j, to);
}

enum rank { DECEIVING, LINK, LOOKS_LIKE_ONE, MAIL_ADDRESS, UNSEEN, RANK__MAX };

static enum rank rank_of(const struct mail_url *u)
{
    if (u->flags & MAIL_URL_HIDDEN)
        return UNSEEN;
    if (u->scheme == MAIL_URL_MAILTO)
        return MAIL_ADDRESS;
    if (u->flags & (MAIL_URL_OBFUSCATED | MAIL_URL_REDIRECTED | MAIL_URL_USER | MAIL_URL_ADDRESS))
        return DECEIVING;
    return u->flags & MAIL_URL_BARE ? LOOKS_LIKE_ONE : LINK;
}

static void add_urls(struct judge *j, struct uribl_names *to, const struct mail_urls *urls, enum rank rank)
{
    for (unsigned i = 0; i < urls->n && !to->over; i++) {
        const struct mail_url *u = &urls->url[i];

        if (rank_of(u) != rank)
            continue;
        if (u->flags & MAIL_URL_ADDRESS)
            add_address(j, to, u->host);
        else
            add_host(j, to, u->host, RBL_BODY);
    }
}

void uribl_names_add_message(struct judge *j, struct uribl_names *to)
{
    struct mail_urls subject = {.arena = j->arena};

    mail_url_find(&subject, judge_mail_subject(j));
    judge_mail_texts(j);
    for (unsigned rank = 0; rank < RANK__MAX; rank++) {
        add_urls(j, to, &subject, (enum rank)rank);
        add_urls(j, to, &j->mail->urls, (enum rank)rank);
    }
    to->over = to->over || j->mail->urls.over;
}
