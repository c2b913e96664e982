/*
 * check_headers.c - the check `headers`: fields that are missing, doubled or impossible (RFC 5322, 3.6).
 *
 * One result; its detail names what is wrong. Each of these happens in honest mail, too; what they are worth
 * was measured, see the weight in common/check_table.h. Pure; the bytes are hostile.
 */
#include "workers/antispam/check.h"
#include "workers/mail/mail_date.h"

#define AHEAD_MAX  (INT64_C(24) * 3600)      /* seconds: clocks and time zones that are wrong */
#define BEHIND_MAX (INT64_C(30) * 24 * 3600) /* seconds: longer than any server keeps a mail in its queue */

static void add(struct buf *wrong, const char *what)
{
    buf_addf(wrong, "%s%s", wrong->n ? "; " : "", what);
}

static unsigned count_fields(const struct judge *j, const char *name)
{
    const struct mail_header *h = j->mail->header;
    unsigned n = 0;

    for (size_t i = 0; i < h->n; i++)
        n += view_equal_nocase(h->field[i].name, view_of(name));
    return n;
}

/* RFC 5322, 3.6: at most once. */
static void find_doubled(const struct judge *j, struct buf *wrong)
{
    static const char *const names[] = {"Date", "From",       "Sender",      "Reply-To",   "To",     "Cc",
                                        "Bcc",  "Message-ID", "In-Reply-To", "References", "Subject"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        unsigned n = count_fields(j, names[i]);

        if (n > 1)
            buf_addf(wrong, "%s%u times %s", wrong->n ? "; " : "", n, names[i]);
    }
}

static void find_from(const struct judge *j, struct buf *wrong)
{
    const struct mail_addresses *from = &j->mail->from;
    unsigned good = 0;

    if (!judge_mail_field(j, "From", 0)) {
        add(wrong, "no From");
        return;
    }
    for (unsigned i = 0; i < from->n; i++)
        good += from->address[i].local.n && from->address[i].domain.n && !from->address[i].broken;
    if (!good)
        add(wrong, "From without an address");
    if (good > 1 && !judge_mail_field(j, "Sender", 0))
        add(wrong, "several addresses in From, and no Sender");
}

/* `now` may not be known (0). */
static void find_date(const struct judge *j, struct buf *wrong)
{
    const struct mail_field *f = judge_mail_field(j, "Date", 0);
    int64_t when = f ? mail_date_parse(f->value) : 0, now = j->now / 1000;

    if (!f)
        add(wrong, "no Date");
    else if (when == 0)
        add(wrong, "Date is no date");
    else if (now && when > now + AHEAD_MAX)
        buf_addf(wrong, "%sDate is %lld days ahead", wrong->n ? "; " : "", (long long)((when - now) / 86400));
    else if (now && when < now - BEHIND_MAX)
        buf_addf(wrong, "%sDate is %lld days ago", wrong->n ? "; " : "", (long long)((now - when) / 86400));
}

/* "<left@right>" (RFC 5322, 3.6.4), whatever left and right are. */
static bool is_message_id(struct view id)
{
    const char *at = id.n ? memrchr(id.p, '@', id.n) : NULL;

    if (id.n < 5 || id.p[0] != '<' || id.p[id.n - 1] != '>' || !at || at == id.p + 1 || at == id.p + id.n - 2)
        return false;
    for (size_t i = 0; i < id.n; i++)
        if ((unsigned char)id.p[i] <= ' ' || id.p[i] == 0x7f)
            return false;
    return true;
}

static void find_message_id(struct judge *j, struct buf *wrong)
{
    const struct mail_field *f = judge_mail_field(j, "Message-ID", 0);

    if (!f)
        add(wrong, "no Message-ID");
    else if (!is_message_id(view_trim(mail_header_unfold(j->arena, f->value))))
        add(wrong, "Message-ID is none");
}

static void judge_headers(struct judge *j, void *state)
{
    struct buf wrong = {0};

    (void)state;
    if (!j->mail) {
        judge_say(j, CHECK_headers, VIEW(""), RESULT_skipped, "no message");
        return;
    }
    find_from(j, &wrong);
    find_date(j, &wrong);
    find_message_id(j, &wrong);
    find_doubled(j, &wrong);
    judge_say(j, CHECK_headers, VIEW(""), wrong.n ? RESULT_hit : RESULT_miss, "%s", wrong.n ? wrong.p : "");
    buf_free(&wrong);
}

const struct check_ops check_headers = {.judge = judge_headers};
