/*
 * fuzz_hdr.c - any bytes as an envelope; see common/envelope.h.
 *
 * Built with libFuzzer (clang -fsanitize=fuzzer) or with a plain main that
 * feeds files. Asserts more than "no crash": views lie inside the file, a copy
 * to all is the file itself, and a copy to some parses again to exactly those
 * recipients with no other key lost. The subset is drawn from the input's own
 * bytes, so that a finding can be replayed. Input larger than 64 KB is not
 * interesting here; the limits have unit tests.
 */
#include "common/envelope.h"

#include "common/xalloc.h"
#include "tests/fuzz/fuzz_must.h"

#define INPUT_MAX 65536

static void check_inside(const struct envelope *e, struct view v)
{
    MUST(v.p >= e->raw.p && v.n <= e->raw.n && (size_t)(v.p - e->raw.p) <= e->raw.n - v.n);
}

static void check_views(const struct envelope *e)
{
    size_t recipient_keys = 0;

    check_inside(e, e->sender);
    for (size_t i = 0; i < 3; i++)
        check_inside(e, e->head[i]);
    for (size_t i = 0; i < e->rcpt_n; i++) {
        check_inside(e, e->rcpt[i]);
        MUST(e->rcpt[i].n > 0 && e->rcpt[i].n <= ENVELOPE_ADDR_MAX);
    }
    for (size_t i = 0; i < e->key_n; i++) {
        check_inside(e, e->key[i].key);
        check_inside(e, e->key[i].value);
        check_inside(e, e->key[i].line);
        recipient_keys += view_equal_nocase(e->key[i].key, VIEW("recipient"));
    }
    MUST(recipient_keys == (e->rcpt_from_keys ? e->rcpt_n : 0));
}

static bool is_filtered(const struct envelope_key *k)
{
    return view_equal_nocase(k->key, VIEW("recipient")) || view_equal_nocase(k->key, VIEW("notify"));
}

/* The other keys of the copy are those of the original, byte for byte and in order. */
static void check_other_keys(const struct envelope *e, const struct envelope *copy)
{
    size_t at = 0;

    for (size_t i = 0; i < e->key_n; i++) {
        if (is_filtered(&e->key[i]))
            continue;
        while (at < copy->key_n && is_filtered(&copy->key[at]))
            at++;
        MUST(at < copy->key_n && view_equal(copy->key[at].line, e->key[i].line));
        at++;
    }
    while (at < copy->key_n)
        MUST(is_filtered(&copy->key[at++]));
}

static void check_copy(const struct envelope *e, const size_t *index, size_t n)
{
    struct buf out = {0};
    struct envelope copy = {0};
    struct envelope_error err = {0};

    envelope_write(e, index, n, &out);
    MUST(n < e->rcpt_n || view_equal(buf_view(&out), buf_view(&e->raw)));
    MUST(out.n <= e->raw.n);
    MUST(envelope_parse(&copy, &out, &err) == 0);
    MUST(copy.rcpt_n == n && copy.status == e->status && copy.bom == e->bom && copy.crlf == e->crlf);
    MUST(view_equal(copy.sender, e->sender));
    for (size_t i = 0; i < n; i++)
        MUST(view_equal(copy.rcpt[i], e->rcpt[index[i]]));
    check_other_keys(e, &copy);
    envelope_free(&copy);
}

/* Ascending indexes, each taken with the chance 1/2; at least one. */
static size_t draw_subset(size_t *index, size_t count, uint64_t seed)
{
    size_t n = 0;

    for (size_t i = 0; i < count; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        if (seed >> 63)
            index[n++] = i;
    }
    if (n == 0)
        index[n++] = (size_t)(seed >> 32) % count;
    return n;
}

static void check_good(const struct envelope *e, uint64_t seed)
{
    size_t *index = xcalloc(e->rcpt_n, sizeof *index);

    MUST(e->rcpt_n > 0);
    check_views(e);
    check_copy(e, index, draw_subset(index, e->rcpt_n, seed));
    for (size_t i = 0; i < e->rcpt_n; i++)
        index[i] = i;
    check_copy(e, index, e->rcpt_n);
    free(index);
}

static void check_error(const struct envelope_error *err)
{
    MUST(err->what[0] != '\0' && memchr(err->what, '\0', sizeof err->what));
    for (const char *p = err->what; *p; p++)
        MUST(*p >= 0x20 && *p <= 0x7e);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf raw = {0};
    struct envelope e = {0};
    struct envelope_error err = {0};
    uint64_t seed = size;

    if (size > INPUT_MAX)
        return 0;
    for (size_t i = 0; i < size; i++)
        seed = (seed ^ data[i]) * UINT64_C(1099511628211);
    buf_add(&raw, data, size);
    if (envelope_parse(&e, &raw, &err) == 0)
        check_good(&e, seed);
    else
        check_error(&err);
    MUST(raw.p == NULL && e.raw.n == size);
    envelope_free(&e);
    return 0;
}
