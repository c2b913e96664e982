/*
 * smtp_command.c - see smtp_command.h. Pure: an order and an offer in, lines out.
 *
 * A parameter that the server did not offer is never sent: RFC 5321 section 2.2.1
 * would make that the server's error. Line ends stand here and nowhere in a word.
 */
#include "workers/deliver/smtp_command.h"

static bool has_high(struct view v)
{
    for (size_t i = 0; i < v.n; i++)
        if ((unsigned char)v.p[i] > 0x7f)
            return true;
    return false;
}

bool smtp_command_needs_utf8(const struct deliver_order *o)
{
    bool high = (o->flags & DELIVER_UTF8) || has_high(o->sender);

    for (size_t i = 0; i < o->rcpt_n && !high; i++)
        high = has_high(o->rcpt[i].address);
    return high;
}

static void end_line(struct buf *to)
{
    buf_add(to, "\r\n", 2);
}

void smtp_command_hello(struct buf *to, const char *verb, struct view name)
{
    buf_add_str(to, verb);
    buf_add_char(to, ' ');
    buf_add_view(to, name);
    end_line(to);
}

static void add_path(struct buf *to, const char *verb, struct view address)
{
    buf_add_str(to, verb);
    buf_add_char(to, '<');
    buf_add_view(to, address);
    buf_add_char(to, '>');
}

void smtp_command_mail(struct buf *to, const struct deliver_order *o, const struct smtp_ext *e, uint64_t size)
{
    add_path(to, "MAIL FROM:", o->sender);
    if (e->flags & SMTP_EXT_SIZE)
        buf_addf(to, " SIZE=%llu", (unsigned long long)size);
    if ((e->flags & SMTP_EXT_8BITMIME) && (o->flags & DELIVER_8BIT))
        buf_add_str(to, " BODY=8BITMIME");
    if ((e->flags & SMTP_EXT_SMTPUTF8) && smtp_command_needs_utf8(o))
        buf_add_str(to, " SMTPUTF8");
    if ((e->flags & SMTP_EXT_DSN) && (o->flags & (DELIVER_RET_FULL | DELIVER_RET_HDRS)))
        buf_add_str(to, o->flags & DELIVER_RET_FULL ? " RET=FULL" : " RET=HDRS");
    if ((e->flags & SMTP_EXT_DSN) && o->envid.n) {
        buf_add_str(to, " ENVID=");
        buf_add_view(to, o->envid);
    }
    end_line(to);
}

void smtp_command_rcpt(struct buf *to, const struct deliver_rcpt *r, const struct smtp_ext *e)
{
    add_path(to, "RCPT TO:", r->address);
    if ((e->flags & SMTP_EXT_DSN) && r->notify.n) {
        buf_add_str(to, " NOTIFY=");
        buf_add_view(to, r->notify);
    }
    end_line(to);
}

void smtp_command_base64(struct buf *to, struct view word)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < word.n; i += 3) {
        const unsigned char *p = (const unsigned char *)word.p + i;
        size_t left = word.n - i;
        unsigned bits = (unsigned)p[0] << 16 | (left > 1 ? (unsigned)p[1] << 8 : 0) | (left > 2 ? p[2] : 0);

        buf_add_char(to, digits[bits >> 18 & 63]);
        buf_add_char(to, digits[bits >> 12 & 63]);
        buf_add_char(to, left > 1 ? digits[bits >> 6 & 63] : '=');
        buf_add_char(to, left > 2 ? digits[bits & 63] : '=');
    }
    end_line(to);
}

void smtp_command_auth_plain(struct buf *to, struct view user, struct view password)
{
    struct buf secret = {0};

    buf_add_char(&secret, '\0');
    buf_add_view(&secret, user);
    buf_add_char(&secret, '\0');
    buf_add_view(&secret, password);
    buf_add_str(to, "AUTH PLAIN ");
    smtp_command_base64(to, buf_view(&secret));
    explicit_bzero(secret.p, secret.n);
    buf_free(&secret);
}
