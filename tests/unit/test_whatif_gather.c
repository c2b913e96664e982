/*
 * test_whatif_gather.c - lines of the journal become messages: each once, with all its recipients and its
 * last record.
 */
#include "spoold/whatif_gather.h"

#include "common/buf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* What was given out: "ID:from:rcpt,rcpt:record" and a blank, one behind the other. */
struct told {
    struct buf text;
    size_t n;
};

static void tell(const struct whatif_message *m, void *arg)
{
    struct told *t = arg;

    t->n++;
    buf_addf(&t->text, "%.*s:%.*s:", (int)base_clean(&m->id).n, m->id.s, (int)m->from.n, m->from.p);
    for (size_t i = 0; i < m->rcpt_n; i++)
        buf_addf(&t->text, "%s%.*s", i ? "," : "", (int)m->rcpt[i].n, m->rcpt[i].p);
    buf_addf(&t->text, ":%.*s ", (int)m->record.n, m->record.n ? m->record.p : "");
}

static void take(struct whatif_gather *g, enum event_kind kind, const char *name, const char *rcpt,
                 const char *record)
{
    struct event e = {.kind = kind, .sender = VIEW("s"), .record = view_of(record)};
    struct view to[4];
    char id[64];

    snprintf(id, sizeof id, "%s~0123456789abcdefghjkmnpqr", name);
    assert_int_equal(base_parse(&e.id, view_of(id)), 0);
    for (; rcpt && *rcpt; rcpt += to[e.rcpt_n - 1].n + (rcpt[to[e.rcpt_n - 1].n] == ','))
        to[e.rcpt_n++] = (struct view){rcpt, strcspn(rcpt, ",")};
    e.rcpt = to;
    whatif_gather_take(g, &e);
}

#define LINES 7
static const struct {
    const char *says;
    struct {
        enum event_kind kind;
        const char *name, *rcpt, *record;
    } line[LINES];
    const char *wanted;
} cases[] = {
    {"a message is its line", {{EVENT_ACCEPTED, "a", "x,y", "{1}"}}, "a:s:x,y:{1} "},
    {"what becomes of it later changes nothing",
     {{EVENT_ACCEPTED, "a", "x", "{1}"}, {EVENT_DELIVERED, "a", "x", ""}, {EVENT_RELEASED, "a", "x", "{9}"}},
     "a:s:x:{1} "},
    {"the last record counts",
     {{EVENT_ACCEPTED, "a", "x,y", "{1}"},
      {EVENT_ACCEPTED, "b", "z", "{2}"},
      {EVENT_DELIVERED, "a", "x", "{3}"}},
     "a:s:x,y:{3} b:s:z:{2} "},
    {"so it does where the line stands there again",
     {{EVENT_ACCEPTED, "a", "x,y", "{1}"},
      {EVENT_ACCEPTED, "b", "z", "{2}"},
      {EVENT_ACCEPTED, "a", "x,y", "{3}"}},
     "a:s:x,y:{3} b:s:z:{2} "},
    {"many recipients have several lines",
     {{EVENT_ACCEPTED, "a", "x,y", "{1}"}, {EVENT_ACCEPTED, "a", "z", ""}, {EVENT_ACCEPTED, "a", "u,v", ""}},
     "a:s:x,y,z,u,v:{1} "},
    {"which may stand there again as a whole",
     {{EVENT_ACCEPTED, "a", "x,y", "{1}"},
      {EVENT_ACCEPTED, "a", "z", ""},
      {EVENT_ACCEPTED, "a", "x,y", "{2}"},
      {EVENT_ACCEPTED, "a", "z", ""}},
     "a:s:x,y,z:{2} "},
    {"also where the envelope names the same recipients over and over",
     {{EVENT_ACCEPTED, "a", "x,y", "{1}"},
      {EVENT_ACCEPTED, "a", "x,y", ""},
      {EVENT_ACCEPTED, "a", "x,y", ""},
      {EVENT_ACCEPTED, "a", "x,y", "{2}"},
      {EVENT_ACCEPTED, "a", "x,y", ""}},
     "a:s:x,y,x,y:{2} "},
    {"a line that goes on comes next, or it is none of that message",
     {{EVENT_ACCEPTED, "a", "x,y", "{1}"}, {EVENT_DELIVERED, "a", "x", ""}, {EVENT_ACCEPTED, "a", "z", ""}},
     "a:s:x,y:{1} "},
    {"a message whose beginning is not there is none", {{EVENT_DELIVERED, "a", "x", "{1}"}}, ""},
    {"without a record", {{EVENT_ACCEPTED, "a", "x", ""}}, "a:s:x: "},
    {"without recipients", {{EVENT_ACCEPTED, "a", "", "{1}"}}, "a:s::{1} "},
    {"facts are left out",
     {{EVENT_ACCEPTED, "a", "x", "{\"c\":1,\"facts\":{\"x\":{}}}"}},
     "a:s:x:{\"c\":1} "},
    {"but not what says how to read it",
     {{EVENT_ACCEPTED, "a", "x", "{\"c\":1,\"facts\":{\"x\":{}},\"raw\":true}"}},
     "a:s:x:{\"c\":1,\"raw\":true} "},
    {"a text that looks like them is no facts",
     {{EVENT_ACCEPTED, "a", "x", "{\"c\":\",\\\"facts\\\":{\"}"}},
     "a:s:x:{\"c\":\",\\\"facts\\\":{\"} "},
};

static void lines_become_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct told t = {.n = 0};
        struct whatif_gather *g = whatif_gather_new(tell, &t);

        for (size_t k = 0; k < LINES && cases[i].line[k].name; k++)
            take(g, cases[i].line[k].kind, cases[i].line[k].name, cases[i].line[k].rcpt,
                 cases[i].line[k].record);
        whatif_gather_end(&g);
        if (strcmp(t.text.p ? t.text.p : "", cases[i].wanted) != 0)
            fail_msg("%s: %s", cases[i].says, t.text.p);
        buf_free(&t.text);
    }
}

/* However far apart its lines are. */
static void no_message_is_given_out_twice(void **state)
{
    enum { ALL = 3 * WHATIF_GATHER_MAX + 7 };
    struct told t = {.n = 0};
    struct whatif_gather *g = whatif_gather_new(tell, &t);
    char name[16];

    (void)state;
    for (unsigned turn = 0; turn < 2; turn++)
        for (unsigned i = 0; i < ALL; i++) {
            snprintf(name, sizeof name, "n%u", i);
            take(g, EVENT_ACCEPTED, name, "x", "{}");
            assert_int_equal(t.n, turn ? ALL - WHATIF_GATHER_MAX
                                       : (i < WHATIF_GATHER_MAX ? 0 : i + 1 - WHATIF_GATHER_MAX));
        }
    whatif_gather_end(&g);
    assert_int_equal(t.n, ALL);
    buf_free(&t.text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_become_messages),
        cmocka_unit_test(no_message_is_given_out_twice),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
