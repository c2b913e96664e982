/*
 * fuzz_mail_address.c - any bytes as the value of a field of addresses.
 *
 * Built with libFuzzer or with a plain main that feeds files. Elements lie in the value one behind the other
 * and hold nothing but it; an address that is not broken, written again, is read as the same; names are
 * UTF-8.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/buf.h"
#include "workers/mail/mail_address.h"
#include "workers/mail/mail_limits.h"

#define INPUT_MAX 20000

static bool is_within(struct view part, struct view whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

/* The local part as a quoted string: every local part can be one. */
static void write_again(struct buf *b, const struct mail_address *at)
{
    buf_add_char(b, '"');
    for (size_t i = 0; i < at->local.n; i++) {
        if (at->local.p[i] == '"' || at->local.p[i] == '\\')
            buf_add_char(b, '\\');
        buf_add_char(b, at->local.p[i]);
    }
    buf_add_str(b, "\"@");
    buf_add_view(b, at->domain);
}

static void read_again(struct mail_arena *a, const struct mail_address *at)
{
    struct mail_addresses list;
    struct buf b = {0};

    write_again(&b, at);
    mail_address_parse(a, buf_view(&b), &list);
    MUST(list.n == 1 && !list.address[0].broken);
    MUST(view_equal(list.address[0].local, at->local) && view_equal(list.address[0].domain, at->domain));
    buf_free(&b);
}

static void check(struct mail_arena *a, struct view in, const struct mail_address *at)
{
    struct view name = mail_address_name(a, NULL, at);

    MUST(at->whole.n && is_within(at->whole, in) && is_within(at->name, in) && is_within(at->group, in));
    MUST(at->named_by_comment <= (at->name.n > 0));
    MUST(charset_is_utf8(name));
    for (size_t i = 0; i < at->domain.n; i++)
        MUST(at->domain.p[i] < 'A' || at->domain.p[i] > 'Z');
    MUST(mail_address_same_domain(at->domain, at->domain));
    /* What folds and bytes of control do in quotes is not undone by quoting them again. */
    if (!at->broken && at->domain.n && !memchr(at->local.p, '\n', at->local.n) &&
        !memchr(at->local.p, '\r', at->local.n))
        read_again(a, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view in = {(const char *)data, size};
    struct mail_arena a = {0};
    struct mail_addresses list;
    const char *end = in.p;

    if (size > INPUT_MAX)
        return 0;
    mail_address_parse(&a, in, &list);
    MUST(list.n <= MAIL_ADDRESSES_MAX && (!list.over || list.n == MAIL_ADDRESSES_MAX));
    for (unsigned i = 0; i < list.n; i++) {
        MUST(list.address[i].whole.p >= end);
        end = list.address[i].whole.p + list.address[i].whole.n;
        check(&a, in, &list.address[i]);
    }
    mail_arena_free(&a);
    return 0;
}
