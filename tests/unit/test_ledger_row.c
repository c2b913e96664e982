/*
 * test_ledger_row.c - packing and unpacking of the ledger's records, and counting.
 *
 * A record comes from a disk: whatever is cut off or added must be refused.
 */
#include "spoold/ledger_row.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct base some_base(const char *name, unsigned number)
{
    struct stat st = {.st_ino = number};
    struct base b = {.len = 0};

    base_make(&b, view_of(name), "second", &st, &st);
    return b;
}

static struct view bytes(const struct ledger_packed *p)
{
    return (struct view){(const char *)p->p, p->n};
}

static struct ledger_stored full_row(void)
{
    struct ledger_stored s = {.copy_bits = 0x80000005};

    s.row = (struct ledger_row){.id = some_base("a b", 1),
                                .accepted_ms = INT64_MAX,
                                .final_ms = 1,
                                .events = (1U << EVENT_KIND__MAX) - 1,
                                .copies = 3,
                                .size = UINT64_MAX,
                                .accepted = {"9999-12-31z", UINT64_MAX, UINT64_MAX},
                                .final = {"2026-01-02", 0, 300}};
    s.name_n = 3;
    memcpy(s.name, "a b", 3);
    return s;
}

static void rows_come_back(void **state)
{
    struct ledger_stored in = full_row(), out = {.copy_bits = 0}, none = {.copy_bits = 0};
    struct ledger_packed p = {.n = 0};

    (void)state;
    ledger_row_pack(&in, &p);
    assert_int_equal(ledger_row_unpack(bytes(&p), base_view(&in.row.id), &out), 0);
    assert_string_equal(out.row.id.s, in.row.id.s);
    assert_int_equal(out.row.accepted_ms, INT64_MAX);
    assert_int_equal(out.row.final_ms, 1);
    assert_int_equal(out.row.events, in.row.events);
    assert_int_equal(out.row.copies, 3);
    assert_int_equal(out.copy_bits, 0x80000005);
    assert_true(out.row.size == UINT64_MAX);
    assert_string_equal(out.row.accepted.day, "9999-12-31z");
    assert_true(out.row.accepted.offset == UINT64_MAX);
    assert_string_equal(out.row.final.day, "2026-01-02");
    assert_int_equal(out.row.final.length, 300);
    assert_true(ledger_row_has_name(&out, VIEW("a b")));
    assert_false(ledger_row_has_name(&out, VIEW("a_b")));
    ledger_row_pack(&none, &p);
    assert_int_equal(ledger_row_unpack(bytes(&p), base_view(&in.row.id), &out), 0);
    assert_int_equal(out.row.accepted.day[0], '\0');
}

static void cut_rows_are_refused(void **state)
{
    struct ledger_stored in = full_row(), out = {.copy_bits = 0};
    struct ledger_packed p = {.n = 0};

    (void)state;
    in.name_n = 0;
    ledger_row_pack(&in, &p);
    for (size_t n = 0; n < p.n; n++)
        assert_int_equal(ledger_row_unpack((struct view){(char *)p.p, n}, base_view(&in.row.id), &out), -1);
    assert_int_equal(ledger_row_unpack(bytes(&p), VIEW("no base"), &out), -1);
    /* A number that never ends. */
    memset(p.p, 0xff, sizeof p.p);
    assert_int_equal(ledger_row_unpack((struct view){(char *)p.p, sizeof p.p}, base_view(&in.row.id), &out),
                     -1);
}

static void any_bytes_are_safe(void **state)
{
    struct base id = some_base("x", 1);
    unsigned long seed = 42;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        struct ledger_stored row = {.copy_bits = 0};
        struct ledger_head head = {.identity = 0};
        struct ledger_hold hold = {.tries = 0};
        struct ledger_packed p = {.n = round % 90};

        for (size_t i = 0; i < p.n; i++) {
            seed = seed * 6364136223846793005UL + 1442695040888963407UL;
            p.p[i] = (unsigned char)(seed >> 33 & (round & 1 ? 0xff : 0x7f));
        }
        if (ledger_row_unpack(bytes(&p), base_view(&id), &row) == 0)
            assert_true(strlen(row.row.final.day) <= JOURNAL_DAY_LEN);
        ledger_row_unpack_head(bytes(&p), &head);
        if (ledger_row_unpack_hold(bytes(&p), base_view(&id), &hold) == 0)
            assert_true(strlen(hold.reason) < sizeof hold.reason);
    }
}

static void heads_know_their_version(void **state)
{
    struct ledger_head in = {.identity = 7, .last = {"2026-01-02b", 5, 6}, .last_print = 9},
                       out = {.identity = 0};
    struct ledger_packed p = {.n = 0};

    (void)state;
    in.counts.event[EVENT_DELETED] = 11;
    in.counts.damaged_lines = 12;
    in.counts.class[SPOOL_CLASS_FAILED] = 13;
    ledger_row_pack_head(&in, &p);
    assert_int_equal(ledger_row_unpack_head(bytes(&p), &out), 0);
    assert_int_equal(out.identity, 7);
    assert_string_equal(out.last.day, "2026-01-02b");
    assert_int_equal(out.last.length, 6);
    assert_int_equal(out.last_print, 9);
    assert_int_equal(out.counts.event[EVENT_DELETED], 11);
    assert_int_equal(out.counts.damaged_lines, 12);
    assert_int_equal(out.counts.class[SPOOL_CLASS_FAILED], 13);
    p.n--;
    assert_int_equal(ledger_row_unpack_head(bytes(&p), &out), -1);
    p.p[0] = LEDGER_VERSION + 1;
    assert_int_equal(ledger_row_unpack_head(bytes(&p), &out), -2);
    assert_int_equal(ledger_row_unpack_head(VIEW(""), &out), -1);
}

static void holds_come_back(void **state)
{
    struct ledger_hold in = {.since_ms = 1, .next_ms = 2, .tries = 3}, out = {.tries = 0};
    struct ledger_packed p = {.n = 0};

    (void)state;
    in.id = some_base("x", 1);
    memset(in.reason, 'r', sizeof in.reason - 1);
    ledger_row_pack_hold(&in, &p);
    assert_int_equal(ledger_row_unpack_hold(bytes(&p), base_view(&in.id), &out), 0);
    assert_string_equal(out.reason, in.reason);
    assert_int_equal(out.next_ms, 2);
    assert_int_equal(out.tries, 3);
    p.p[p.n++] = 'x';
    assert_int_equal(ledger_row_unpack_hold(bytes(&p), base_view(&in.id), &out), -1);
}

static void counts_once_per_event_and_copy(void **state)
{
    static const struct {
        const char *says;
        enum event_kind kind;
        unsigned copy;
        bool first;
        uint64_t delivered, copies, accepted;
    } cases[] = {
        {"the claim", EVENT_ACCEPTED, 0, true, 0, 0, 1},
        {"the claim again", EVENT_ACCEPTED, 0, false, 0, 0, 1},
        {"a copy", EVENT_DELIVERED, 1, false, 1, 1, 1},
        {"a second copy", EVENT_DELIVERED, 2, false, 1, 2, 1},
        {"it again", EVENT_DELIVERED, 2, false, 1, 2, 1},
        {"a copy beyond all", EVENT_DELIVERED, 99, false, 1, 3, 1},
        {"another", EVENT_DELIVERED, 98, false, 1, 3, 1},
        {"a release", EVENT_RELEASED, 3, false, 1, 3, 1},
    };
    struct ledger_stored s = {.copy_bits = 0};
    struct ledger_counts c = {.copies = 0};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event e = {
            .kind = cases[i].kind, .copy = cases[i].copy, .at_ms = (int64_t)i + 1, .name = VIEW("x")};
        struct journal_place place = {"2026-01-02", i, 1};

        print_message("%s\n", cases[i].says);
        assert_int_equal(ledger_row_merge(&s, &e, &place, &c), cases[i].first);
        assert_int_equal(c.event[EVENT_ACCEPTED], cases[i].accepted);
        assert_int_equal(c.event[EVENT_DELIVERED], cases[i].delivered);
        assert_int_equal(c.copies, cases[i].copies);
        assert_int_equal(c.indexed_lines, i + 1);
    }
    assert_int_equal(s.row.accepted_ms, 1);
    assert_int_equal(s.row.final_ms, 3);
    assert_int_equal(s.row.final.offset, 2);
}

static void quarantined_ones_count_by_class(void **state)
{
    static const struct {
        const char *says, *class;
        uint64_t spam, failed;
    } cases[] = {
        {"the first line counts", "spam", 1, 0},
        {"it again does not", "spam", 1, 0},
        {"nor in another class", "failed", 1, 0},
    };
    struct ledger_stored s = {.copy_bits = 0};
    struct ledger_counts c = {.copies = 0};
    struct journal_place place = {"2026-01-02", 0, 1};

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct event e = {.kind = EVENT_QUARANTINED, .at_ms = 1, .class = view_of(cases[i].class)};

        print_message("%s\n", cases[i].says);
        ledger_row_merge(&s, &e, &place, &c);
        assert_int_equal(c.class[SPOOL_CLASS_SPAM], cases[i].spam);
        assert_int_equal(c.class[SPOOL_CLASS_FAILED], cases[i].failed);
    }
    s = (struct ledger_stored){.copy_bits = 0};
    ledger_row_merge(&s, &(struct event){.kind = EVENT_QUARANTINED, .class = VIEW("odd")}, &place, &c);
    assert_int_equal(c.event[EVENT_QUARANTINED], 2);
    assert_int_equal(c.class[SPOOL_CLASS_SPAM], 1);
}

static void keys_sort_newest_first(void **state)
{
    char a[LEDGER_KEY_MAX], b[LEDGER_KEY_MAX], text[400];
    struct base id = some_base("n", 1), got = {.len = 0};
    size_t n = ledger_row_key_prefix(a, LEDGER_BY_RCPT, VIEW("User@Example.NET")), m = 0;
    int64_t ms = 0;

    (void)state;
    assert_memory_equal(a, "Ruser@example.net", 18);
    assert_int_equal(n, 18);
    memcpy(b, a, n);
    n = ledger_row_key_tail(a, n, 1767323045678, &id);
    ledger_row_key_tail(b, 18, 1767323045679, &id);
    assert_true(memcmp(b, a, n) < 0);
    assert_int_equal(ledger_row_unkey((struct view){a, n}, ledger_row_key_data(&id), &got, &ms), 0);
    assert_string_equal(got.s, id.s);
    assert_int_equal(ms, 1767323045678);
    assert_int_equal(ledger_row_unkey((struct view){a, 20}, ledger_row_key_data(&id), &got, &ms), -1);
    /* Long addresses stay apart and stay short. */
    memset(text, 'x', sizeof text);
    n = ledger_row_key_prefix(a, LEDGER_BY_SENDER, (struct view){text, 400});
    text[399] = 'y';
    m = ledger_row_key_prefix(b, LEDGER_BY_SENDER, (struct view){text, 400});
    assert_int_equal(n, m);
    assert_true(n + LEDGER_KEY_TAIL <= LEDGER_KEY_MAX);
    assert_memory_not_equal(a, b, n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_come_back),
        cmocka_unit_test(cut_rows_are_refused),
        cmocka_unit_test(any_bytes_are_safe),
        cmocka_unit_test(heads_know_their_version),
        cmocka_unit_test(holds_come_back),
        cmocka_unit_test(counts_once_per_event_and_copy),
        cmocka_unit_test(quarantined_ones_count_by_class),
        cmocka_unit_test(keys_sort_newest_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
