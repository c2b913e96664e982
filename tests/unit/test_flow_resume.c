/*
 * test_flow_resume.c - unit tests of spoold/flow_resume.c: whose copy was it, read back from what still
 * stands on disk.
 *
 * Run by `make check`. The plan of a committed message is rebuilt from the
 * envelopes in proc and in the outlet; nobody may be counted twice or left out
 * where the envelopes are still there.
 */
#include "tests/unit/depot_world.h"

#define HDR_1  "Written\na@example.org\n1@example.net\n\n"
#define HDR_2  "Written\na@example.org\n2@example.net\n\n"
#define HDR_13 "Written\na@example.org\n1@example.net,3@example.net\n\n"

#define HDR_AWAY                                                                                             \
    "Written\na@example.org\nt@example.net\nx-spoold-redirected: ID <1@example.net>,<3@example.net>\n\n"
#define PLAN(copies) "{\"v\":1,\"id\":\"BASE\",\"copies\":[" copies "]}\n"

struct file {
    const char *dir, *suffix, *text;
};

/* With the ID and the BASE of the message for these words. */
static void put_file(struct world *w, const struct base *b, const struct file *f)
{
    struct buf text = {0};

    for (const char *p = f->text; *p; p++) {
        if (strncmp(p, "ID ", 3) == 0)
            buf_add_view(&text, base_id(b)), p++;
        else if (strncmp(p, "BASE", 4) == 0)
            buf_add_view(&text, base_view(b)), p += 3;
        else
            buf_add_char(&text, *p);
    }
    depot_world_put(w, f->dir, b, f->suffix, text.p);
    buf_free(&text);
}

/* The recipients of each copy and of the rest: "1 23 |" style, digits of the addresses. */
static void describe(const struct msg *m, char *to)
{
    for (size_t c = 0; c <= m->copy_n; c++) {
        const struct msg_copy *set = c < m->copy_n ? &m->copy[c] : &m->rest;

        if (c == m->copy_n)
            *to++ = '|';
        if (set->redirect)
            *to++ = '>';
        for (size_t i = 0; i < set->rcpt_n; i++)
            *to++ = m->env.rcpt[set->rcpt[i]].p[0];
        *to++ = ' ';
    }
    *--to = '\0';
}

static void the_plan_is_read_back(void **state)
{
    static const struct {
        const char *says, *suffix;
        enum msg_fate fate;
        struct file file[3];
        const char *wanted;
    } cases[] = {
        {"sent whole, taken by the MTA", ".hdr.send", MSG_FATE_SEND, {{0}}, "123 |"},
        {"sent whole, in proc",
         ".hdr.send",
         MSG_FATE_SEND,
         {{"proc", ".1.hdr.out", DEPOT_WORLD_HDR}},
         "123 |"},
        {"sent whole, published",
         ".hdr.send",
         MSG_FATE_SEND,
         {{"outgoing", ".hdr", DEPOT_WORLD_HDR}},
         "123 |"},
        {"one copy here, one there",
         ".hdr.send",
         MSG_FATE_SEND,
         {{"outgoing", ".hdr", HDR_13}, {"proc", ".2.hdr.out", HDR_2}},
         "13 2 |"},
        {"quarantine for the rest",
         ".hdr.q-virus",
         MSG_FATE_QUARANTINE,
         {{"proc", ".1.hdr.out", HDR_1}},
         "1 |23"},
        {"quarantine for all", ".hdr.q-virus", MSG_FATE_QUARANTINE, {{0}}, "|123"},
        {"discard for the rest", ".hdr.drop", MSG_FATE_DROP, {{"outgoing", ".hdr", HDR_13}}, "13 |2"},
        {"a stranger's envelope in the outlet names nobody of ours",
         ".hdr.drop",
         MSG_FATE_DROP,
         {{"outgoing", ".hdr", "Written\n\nz@example.net\n\n"}},
         " |123"},
        {"redirected, in proc", ".hdr.drop", MSG_FATE_DROP, {{"proc", ".1.hdr.out", HDR_AWAY}}, ">13 |2"},
        {"redirected, published",
         ".hdr.send",
         MSG_FATE_SEND,
         {{"outgoing", ".hdr", HDR_2}, {"outgoing", ".2.hdr", HDR_AWAY}},
         "2 >13 |"},
        {"split, all taken by the MTA",
         ".hdr.send",
         MSG_FATE_SEND,
         {{"proc", ".json.out", PLAN("{\"copy\":1,\"to\":\"2\"},{\"copy\":2,\"to\":\"1,3\"}")}},
         "2 13 |"},
        {"redirected, taken by the MTA",
         ".hdr.drop",
         MSG_FATE_DROP,
         {{"proc", ".json.out", PLAN("{\"copy\":1,\"to\":\"3\",\"redirect\":\"t@example.net\"}")}},
         ">3 |12"},
        {"quarantine, the record moved, the copy taken",
         ".hdr.q-virus",
         MSG_FATE_QUARANTINE,
         {{"quarantine/virus", ".json", PLAN("{\"copy\":1,\"to\":\"2\"}")}},
         "2 |13"},
        {"a plan of another message is none",
         ".hdr.drop",
         MSG_FATE_DROP,
         {{"proc", ".json.out", "{\"v\":1,\"id\":\"y\",\"copies\":[{\"copy\":1,\"to\":\"2\"}]}"},
          {"proc", ".1.hdr.out", HDR_1}},
         "1 |23"},
        {"a broken envelope in the outlet is no copy",
         ".hdr.drop",
         MSG_FATE_DROP,
         {{"outgoing", ".hdr", "Written\n"}},
         "|123"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct base b = world_base(w, "x");
        struct msg *m = msg_new(&b);
        char got[64] = "";

        depot_world_put(w, "proc", &b, ".eml", DEPOT_WORLD_EML);
        depot_world_put(w, "proc", &b, cases[i].suffix, DEPOT_WORLD_HDR);
        for (size_t f = 0; f < 3 && cases[i].file[f].dir; f++)
            put_file(w, &b, &cases[i].file[f]);
        m->fate = cases[i].fate;
        m->class = SPOOL_CLASS_VIRUS;
        m->recovered = true;
        snprintf(m->suffix, sizeof m->suffix, "%s", cases[i].suffix);
        assert_int_equal(flow_resume(&w->d, m), 0);
        describe(m, got);
        if (strcmp(got, cases[i].wanted) != 0)
            fail_msg("%s: \"%s\", not \"%s\"", cases[i].says, got, cases[i].wanted);
        assert_int_equal(msg_size(m), strlen(DEPOT_WORLD_EML));
        /* F1: nothing is done before the commit is durable. */
        assert_int_equal(w->d.spool.pending_n, 1);
        assert_int_equal(w->d.spool.pending[0].needs, SPOOL_NEEDS_DIRS);
        depot_world_flush(w);
        msg_free(&m);
        depot_world_close(&w);
    }
}

/* Written down before the original went: a second line might be wrong, as the plan may be gone. */
static void what_is_written_down_is_not_written_again(void **state)
{
    static const struct {
        enum msg_fate fate;
        const char *suffix;
        enum event_kind known;
        bool eml, outs, recorded;
    } cases[] = {
        {MSG_FATE_SEND, ".hdr.send", EVENT_DELIVERED, true, false, false},
        {MSG_FATE_SEND, ".hdr.send", EVENT_DELIVERED, false, false, true},
        {MSG_FATE_SEND, ".hdr.send", EVENT_DELIVERED, false, true, false},
        {MSG_FATE_SEND, ".hdr.send", EVENT_ACCEPTED, false, false, false},
        {MSG_FATE_DROP, ".hdr.drop", EVENT_DISCARDED, true, false, false},
        {MSG_FATE_DROP, ".hdr.drop", EVENT_DISCARDED, false, false, true},
        {MSG_FATE_DROP, ".hdr.drop", EVENT_DELIVERED, false, false, false},
        {MSG_FATE_QUARANTINE, ".hdr.q-virus", EVENT_QUARANTINED, false, false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world *w = depot_world_plain();
        struct base b = world_base(w, "x");
        struct msg *m = msg_new(&b);
        const struct event known = {.kind = cases[i].known, .at_ms = WORLD_AT, .id = b, .copy = 1};

        assert_int_equal(depot_record(&w->d, &known), 0);
        depot_world_flush(w);
        if (cases[i].eml)
            depot_world_put(w, "proc", &b, ".eml", DEPOT_WORLD_EML);
        depot_world_put(w, "proc", &b, cases[i].suffix, DEPOT_WORLD_HDR);
        m->fate = cases[i].fate;
        m->class = SPOOL_CLASS_VIRUS;
        m->recovered = true;
        m->outs_hdr = cases[i].outs;
        snprintf(m->suffix, sizeof m->suffix, "%s", cases[i].suffix);
        assert_int_equal(flow_resume(&w->d, m), 0);
        if (m->recorded != cases[i].recorded)
            fail_msg("case %zu", i);
        depot_world_flush(w);
        msg_free(&m);
        depot_world_close(&w);
    }
}

static void a_broken_original_envelope_still_goes_its_way(void **state)
{
    static const char *const text[] = {"", "Written\n", "garbage\n\n\n\n"};

    (void)state;
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        struct world *w = depot_world_plain();
        struct base b = world_base(w, "x");
        struct msg *m = msg_new(&b);

        depot_world_put(w, "proc", &b, ".hdr.q-failed", text[i]);
        m->fate = MSG_FATE_QUARANTINE;
        m->class = SPOOL_CLASS_FAILED;
        m->recovered = true;
        snprintf(m->suffix, sizeof m->suffix, ".hdr.q-failed");
        assert_int_equal(flow_resume(&w->d, m), 0);
        assert_false(m->env_ok);
        assert_int_equal(msg_size(m), 0);
        assert_int_equal(m->copy_n, 0);
        assert_int_equal(flow_record(&w->d, m), 0);
        depot_world_flush(w);
        assert_int_equal(m->err, 0);
        msg_free(&m);
        depot_world_close(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_plan_is_read_back),
        cmocka_unit_test(what_is_written_down_is_not_written_again),
        cmocka_unit_test(a_broken_original_envelope_still_goes_its_way),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
