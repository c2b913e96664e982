/*
 * test_deliver_order.c - unit tests of spoold/deliver_order.c: which envelope gives which order.
 *
 * Run by `make check`. What worker-deliver reads of it is looked at, by the function
 * that it uses.
 */
#include "common/xalloc.h"
#include "spoold/deliver_part.h"
#include "spoold/spoold.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct order_case {
    const char *says, *hdr;
    uint32_t flags;
    const char *envid, *notify;
    size_t rcpt_n;
};

#define HEAD "Written\na@example.org\nb@example.net,c@example.net\n"

static const struct order_case cases[] = {
    {"a plain envelope", HEAD "\n", 0, "", "", 2},
    {"a body with eight bits", HEAD "body: 8bitmime\n\n", DELIVER_8BIT, "", "", 2},
    {"seven bits", HEAD "body: 7bit\n\n", 0, "", "", 2},
    {"asked for UTF-8", HEAD "smtputf8: yes\n\n", DELIVER_UTF8, "", "", 2},
    {"an address that is not ASCII", "Written\na@example.org\njos\xc3\xa9@example.net\n\n", DELIVER_UTF8, "",
     "", 1},
    {"a sender that is not ASCII", "Written\njos\xc3\xa9@example.net\nb@example.org\n\n", DELIVER_UTF8, "",
     "", 1},
    {"DSN", HEAD "ret: hdrs\nenvid: abc+2Bd\nnotify: SUCCESS,DELAY\n\n", DELIVER_RET_HDRS, "abc+2Bd",
     "SUCCESS,DELAY", 2},
    {"all of it back", HEAD "ret: full\nnotify: NEVER\n\n", DELIVER_RET_FULL, "", "NEVER", 2},
    {"a mark that is no xtext", HEAD "envid: a+zz\n\n", 0, "", "", 2},
    {"a mark with a blank", HEAD "envid: a b\n\n", 0, "", "", 2},
    {"another program's notify", HEAD "notify: b@example.net=\n\n", 0, "", "", 2},
    {"a word that there is not", HEAD "notify: SUCCESS,OFTEN\n\n", 0, "", "", 2},
};

static struct envelope parse(const char *hdr)
{
    struct envelope_error err;
    struct envelope e;
    struct buf raw = {0};

    buf_add_str(&raw, hdr);
    if (envelope_parse(&e, &raw, &err) < 0)
        fail_msg("line %u: %s", err.lineno, err.what);
    return e;
}

static void envelopes_become_orders(void **state)
{
    struct config cfg = {.deliver_timeout = 5000, .deliver_helo = (char *)(uintptr_t) "mx.example.org"};
    struct deliver_address to = {.near = false};
    struct spoold *s = xcalloc(1, sizeof *s);

    (void)state;
    cfg.deliver_tls_name = cfg.deliver_user = (char *)(uintptr_t) "";
    s->cfg = &cfg;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const struct order_case *c = &cases[k];
        struct deliver_rcpt rcpt[DELIVER_RCPT_MAX];
        struct deliver_item i = {.env = parse(c->hdr)};
        struct deliver_order o;

        i.fate = xcalloc(i.env.rcpt_n, 1);
        assert_true(deliver_order_make(s, &i, &to));
        assert_int_equal(deliver_unpack(buf_view(&i.order), &o, rcpt), 0);
        if (o.flags != c->flags || o.rcpt_n != c->rcpt_n || !view_equal(o.envid, view_of(c->envid)) ||
            !view_equal(rcpt[0].notify, view_of(c->notify)))
            fail_msg("%s: flags %u, %zu recipients", c->says, o.flags, o.rcpt_n);
        assert_false(deliver_order_make(s, &i, &to)); /* all of them had their turn */
        i.at = 0;
        memset(i.fate, DELIVER_DONE, i.env.rcpt_n);
        assert_false(deliver_order_make(s, &i, &to)); /* nobody gets it twice */
        free(i.fate);
        free(i.rcpt);
        buf_free(&i.order);
        envelope_free(&i.env);
    }
    free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelopes_become_orders),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
