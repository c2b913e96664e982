/*
 * fuzz_smtp_reply.c - any bytes as what a mail server says: as replies, and as a whole conversation.
 *
 * Built with libFuzzer or with a plain main that feeds files. The first byte
 * chooses flags of the order; the rest is parsed as replies, then lies in a socket
 * before anything is asked. Asserts that a reply is what its bytes say, the same
 * in pieces, that "done" is noted for nobody without a 2xx behind the message, that each
 * recipient is noted once, and that no word of the server reaches a second line.
 */
#include "tests/fuzz/fuzz_must.h"

#include "workers/deliver/smtp_session.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#define INPUT_MAX 4000

static void check_reply(struct view v, ptrdiff_t used, const struct smtp_reply *r)
{
    struct smtp_reply cut = {0};
    struct view rest, line;
    unsigned lines = 0;

    MUST((size_t)used <= v.n && v.p[used - 1] == '\n');
    MUST(r->code >= 200 && r->code <= 599 && r->code / 100 == (unsigned)(v.p[0] - '0'));
    MUST(r->text.n < (size_t)used);
    rest = buf_view(&r->text);
    while (r->text.p && smtp_reply_line(&rest, &line))
        lines++;
    MUST(lines <= SMTP_REPLY_LINES_MAX);
    for (size_t n = 0; n < (size_t)used; n++)
        MUST(smtp_reply_parse((struct view){v.p, n}, &cut) == 0);
    smtp_reply_free(&cut);
}

static void try_replies(struct view v)
{
    struct smtp_reply r = {0};
    struct smtp_ext e;
    ptrdiff_t used;

    while (v.n && (used = smtp_reply_parse(v, &r)) > 0) {
        check_reply(v, used, &r);
        smtp_ext_parse(buf_view(&r.text), &e);
        MUST(!(e.size && !(e.flags & SMTP_EXT_SIZE)));
        v.p += used;
        v.n -= (size_t)used;
    }
    smtp_reply_free(&r);
}

static void check_notes(int fd, const struct smtp_session *s)
{
    struct deliver_note note;
    char bytes[8192];
    ssize_t n = pread(fd, bytes, sizeof bytes, 0);
    struct view rest = {bytes, n > 0 ? (size_t)n : 0};
    unsigned seen = 0, lines = 0;

    while (rest.n) {
        MUST(deliver_note_next(&rest, &note) == 1);
        MUST(note.index < 3 && !(seen & 1u << note.index));
        seen |= 1u << note.index;
        lines++;
        MUST(note.fate != DELIVER_DONE || (note.code / 100 == 2 && s->sent == s->source.size));
        MUST(note.fate != DELIVER_FAILED || note.code / 100 == 5);
    }
    MUST(lines == s->notes.done + s->notes.failed + s->notes.later);
    MUST(s->notes.done == 0 || s->link.committed);
}

static void check_heard(int far)
{
    char bytes[16384];
    ssize_t n = recv(far, bytes, sizeof bytes, MSG_DONTWAIT);

    MUST(n < (ssize_t)sizeof bytes);
    for (ssize_t i = 0; i < n; i++)
        MUST(bytes[i] != '\n' || (i > 0 && bytes[i - 1] == '\r'));
}

static void try_conversation(uint8_t flags, struct view says)
{
    static const struct deliver_rcpt rcpt[] = {
        {0, VIEW("a"), VIEW("NEVER")}, {1, VIEW("b"), {NULL, 0}}, {2, VIEW("c"), {NULL, 0}}};
    const struct deliver_order o = {.flags = flags & DELIVER__FLAGS,
                                    .tls = flags & 64 ? DELIVER_TLS_MUST : DELIVER_TLS_NO,
                                    .timeout_ms = 1000,
                                    .helo = VIEW("mx"),
                                    .user = flags & 128 ? VIEW("u") : VIEW(""),
                                    .password = VIEW("p"),
                                    .rcpt = rcpt,
                                    .rcpt_n = 3};
    struct smtp_session s = {.o = &o, .source = {-1, VIEW("Subject: a\n\n.\n"), 14}};
    int pair[2], notes = memfd_create("notes", MFD_CLOEXEC);

    MUST(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) == 0);
    MUST(send(pair[1], says.p, says.n, 0) == (ssize_t)says.n);
    MUST(shutdown(pair[1], SHUT_WR) == 0);
    s.link = (struct smtp_link){.fd = pair[0], .wake = -1, .timeout_ms = 1000};
    s.notes = (struct smtp_notes){.fd = notes, .o = &o};
    smtp_session_hold(&s);
    MUST(s.err == 0 && s.link.end != SMTP_END_TIMEOUT);
    check_notes(notes, &s);
    check_heard(pair[1]);
    smtp_session_close(&s);
    close(notes);
    close(pair[0]);
    close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view v;

    if (size < 2 || size > INPUT_MAX)
        return 0;
    v = (struct view){(const char *)data + 1, size - 1};
    try_replies(v);
    try_conversation(data[0], v);
    return 0;
}
