/*
 * fuzz_journal.c - lines of the journal: any bytes, and any event.
 *
 * The input is taken three times: as a line as it is; as the body of a line,
 * with a checksum that fits, so that the parser behind the checksum is reached;
 * and as the fields of an event, which must come back byte by byte. What the
 * parser accepts, written again and read again, must be the same event.
 */
#include "spoold/journal.h"

#include <stdint.h>
#include <stdlib.h>
#include <zlib.h>

#define RCPT_MAX 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct journal_options full = {LOG_ADDRESSES_FULL, 0, false};
static const unsigned char key[JOURNAL_KEY_LEN] = {1};

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void must_be_same(const struct event *a, const struct event *b)
{
    must(a->kind == b->kind && a->at_ms == b->at_ms && a->copy == b->copy && a->size == b->size);
    must(strcmp(a->id.s, b->id.s) == 0);
    must(view_equal(a->name, b->name) && view_equal(a->client, b->client) &&
         view_equal(a->sender, b->sender));
    must(view_equal(a->class, b->class) && view_equal(a->reason, b->reason));
    must(a->rcpt_n == b->rcpt_n);
    for (size_t i = 0; i < a->rcpt_n; i++)
        must(view_equal(a->rcpt[i], b->rcpt[i]));
}

static void must_come_back(const struct event *e)
{
    struct journal_scratch *s = journal_scratch_new();
    struct buf line = {0};
    struct event again = {0};

    journal_format_line(e, &full, key, &line);
    must(line.n == 0 || !memchr(line.p, '\n', line.n));
    if (line.n < JOURNAL_LINE_MAX) {
        must(journal_parse_line(buf_view(&line), &again, s) == 0);
        must_be_same(e, &again);
        if (again.record.n)
            must(again.record.n == e->record.n);
    }
    buf_free(&line);
    journal_scratch_free(&s);
}

static bool is_inside(struct view v, struct view line)
{
    return v.n == 0 || (v.p >= line.p && v.p + v.n <= line.p + line.n);
}

static void take_as_line(struct view line)
{
    struct journal_scratch *s = journal_scratch_new();
    struct event e = {0};

    if (journal_parse_line(line, &e, s) == 0) {
        must(e.at_ms >= 0 && (unsigned)e.kind < EVENT_KIND__MAX && e.id.len > 0);
        must(is_inside(e.record, line));
        /* The writer bounds numbers to what JSON readers take. */
        if (e.size > INT64_MAX)
            e.size = INT64_MAX;
        must_come_back(&e);
    }
    journal_scratch_free(&s);
}

static void take_as_body(struct view body)
{
    struct buf line = {0};

    buf_add_view(&line, body);
    buf_addf(&line, ",\"crc\":\"%08lx\"}", crc32(0, (const Bytef *)body.p, (uInt)body.n));
    take_as_line(buf_view(&line));
    buf_free(&line);
}

/* Cuts a field off whose length is in the first byte. */
static struct view field(struct view *left)
{
    struct view v = {left->p, 0};

    if (!left->n)
        return v;
    v.n = (unsigned char)left->p[0];
    v.p++, left->p++, left->n--;
    v.n = v.n < left->n ? v.n : left->n;
    left->p += v.n, left->n -= v.n;
    return v;
}

static void take_as_fields(struct view left)
{
    struct event e = {.at_ms = (int64_t)left.n * INT64_C(86399999) * 365};
    struct view rcpt[RCPT_MAX];
    struct stat st = {.st_ino = (ino_t)left.n};

    e.kind = (enum event_kind)(left.n % EVENT_KIND__MAX);
    e.copy = (unsigned)left.n % 5;
    e.name = field(&left);
    base_make(&e.id, e.name, NULL, &st, &st);
    e.client = field(&left);
    e.sender = field(&left);
    e.class = field(&left);
    e.reason = field(&left);
    while (left.n && e.rcpt_n < RCPT_MAX)
        rcpt[e.rcpt_n++] = field(&left);
    e.rcpt = rcpt;
    e.record = left;
    if (e.at_ms <= INT64_C(253402300799999))
        must_come_back(&e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view in = {(const char *)data, size};

    if (size > JOURNAL_LINE_MAX)
        return 0;
    take_as_line(in);
    take_as_body(in);
    take_as_fields(in);
    return 0;
}
