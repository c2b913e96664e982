/*
 * judge_from.c - see judge_from.h: the fields of From, their addresses, and the names in the DNS behind them.
 *
 * Each field is read by itself, so that a quote left open in one cannot swallow the next. A domain counts
 * even where the address around it is broken (`<a@example.org>;`), in the form that the DNS knows: lower
 * case, no last dot, A-labels. It must never drop a domain without saying so (from_over, from_unread).
 * Bounded by mail_limits.h and JUDGE_FROM_DOMAINS.
 */
#include "workers/antispam/judge_from.h"

#include "common/idn.h"
#include "workers/mail/mail_limits.h"

static void add_domain(struct judge *j, struct view domain)
{
    struct judge_mail *m = j->mail;
    char text[FACTS_NAME_MAX + 1];
    struct view clean = {text, idn_to_name(domain, text)};

    if (!clean.n) {
        m->from_unread = true;
        return;
    }
    for (unsigned i = 0; i < m->from_domain_n; i++)
        if (view_equal(m->from_domains[i], clean))
            return;
    if (m->from_domain_n == JUDGE_FROM_DOMAINS)
        m->from_over = true;
    else
        m->from_domains[m->from_domain_n++] = mail_arena_copy(j->arena, clean);
}

/* An address literal names nobody in the DNS. */
static void add_domains(struct judge *j, const struct mail_addresses *of)
{
    j->mail->from_over = j->mail->from_over || of->over;
    for (unsigned i = 0; i < of->n; i++)
        if (of->address[i].domain.n && of->address[i].domain.p[0] != '[')
            add_domain(j, of->address[i].domain);
}

/* Room for all that may come is made once: a thousand fields must not copy what they have again and again. */
static void append(struct judge *j, const struct mail_addresses *more)
{
    struct mail_addresses *all = &j->mail->from;
    const unsigned room = MAIL_ADDRESSES_MAX - all->n, n = more->n < room ? more->n : room;

    if (n)
        memcpy(all->address + all->n, more->address, n * sizeof *all->address);
    all->n += n;
    all->groups += more->groups;
    all->over = all->over || more->over || n < more->n;
}

static void make_room(struct judge *j)
{
    const struct mail_addresses first = j->mail->from;

    j->mail->from = (struct mail_addresses){
        .address = mail_arena_alloc(j->arena, MAIL_ADDRESSES_MAX * sizeof *first.address)};
    append(j, &first);
}

void judge_from_read(struct judge *j)
{
    struct judge_mail *m = j->mail;
    const struct mail_field *f;
    struct mail_addresses one;

    for (; (f = judge_mail_field(j, "From", m->from_fields)); m->from_fields++) {
        mail_address_parse(j->arena, f->value, &one);
        add_domains(j, &one);
        if (m->from_fields == 1)
            make_room(j);
        if (m->from_fields)
            append(j, &one);
        else
            m->from = one;
    }
    if (m->from_domain_n == 1 && !m->from_over)
        m->from_domain = m->from_domains[0];
}
