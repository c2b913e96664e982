/*
 * fuzz_deliver.c - any bytes as an order for worker-deliver, and as its notes.
 *
 * Built with libFuzzer or with a plain main that feeds files. Asserts that an order
 * which is taken packs into the same bytes, that its commands are whole lines with
 * nothing in them that ends one, and that a note which is taken is written the same again.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/deliver/smtp_command.h"

#include <stdlib.h>

#define INPUT_MAX 20000

/* One line, ended by its CR LF; the first > ends the path. */
static void check_line(struct view v, bool path)
{
    const char *end;

    MUST(v.n > 2 && memcmp(v.p + v.n - 2, "\r\n", 2) == 0);
    for (size_t i = 0; i + 2 < v.n; i++)
        MUST((unsigned char)v.p[i] >= 0x20 && v.p[i] != 0x7f);
    if (!path)
        return;
    end = memchr(v.p, '>', v.n);
    MUST(end && (end[1] == ' ' || end[1] == '\r'));
}

static void check_commands(const struct deliver_order *o)
{
    const struct smtp_ext all = {0xffffffff, 0};
    struct buf b = {0};

    smtp_command_hello(&b, "EHLO", o->helo);
    check_line(buf_view(&b), false);
    buf_clear(&b);
    smtp_command_mail(&b, o, &all, 1);
    check_line(buf_view(&b), true);
    for (size_t i = 0; i < o->rcpt_n; i++) {
        buf_clear(&b);
        smtp_command_rcpt(&b, &o->rcpt[i], &all);
        check_line(buf_view(&b), true);
    }
    buf_clear(&b);
    smtp_command_auth_plain(&b, o->user, o->password);
    check_line(buf_view(&b), false);
    buf_free(&b);
}

static void try_order(struct view v)
{
    struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
    struct deliver_order o;
    struct buf again = {0};

    if (deliver_unpack(v, &o, rcpt) < 0) {
        MUST(o.rcpt_n == 0);
        return;
    }
    MUST(o.rcpt_n >= 1 && o.rcpt_n <= DELIVER_RCPT_MAX && o.tls < DELIVER_TLS__MAX);
    deliver_pack(&o, &again);
    MUST(view_equal(v, buf_view(&again)));
    buf_free(&again);
    check_commands(&o);
}

static void try_notes(struct view rest)
{
    struct deliver_note n, same;
    struct buf b = {0};
    int rc;

    for (;;) {
        struct view before = rest, line;

        rc = deliver_note_next(&rest, &n);
        MUST(rc == 0 ? rest.n == before.n : rest.n < before.n);
        if (rc == 0)
            break;
        if (rc < 0)
            continue;
        MUST(n.index <= DELIVER_INDEX_MAX && n.text.n <= DELIVER_TEXT_MAX);
        buf_clear(&b);
        deliver_note_add(&b, &n);
        line = buf_view(&b);
        MUST(view_equal((struct view){before.p, before.n - rest.n}, line));
        MUST(deliver_note_next(&line, &same) == 1 && same.index == n.index && same.code == n.code);
    }
    buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > INPUT_MAX)
        return 0;
    try_order((struct view){(const char *)data, size});
    try_notes((struct view){(const char *)data, size});
    return 0;
}
