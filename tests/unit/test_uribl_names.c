/*
 * test_uribl_names.c - unit tests of workers/antispam/uribl_names.c: the names that domain lists are asked
 * about.
 *
 * Run by `make check`. The site is example.org. A name is told with its sources: s sender, h HELO, p reverse
 * name, b body.
 */
#include "tests/unit/dnslist_world.h"

#include "workers/antispam/uribl_names.h"

static const struct check_ops no_ops;

struct names_world {
    struct dnslist_world *w;
    struct names *own;
};

static struct names_world open_world(void)
{
    struct names_world n = {
        .w = dnslist_open(&no_ops, "list domains - example.org\nlist domains - .lan.example")};

    n.own = names_open(&n.w->settings, "domains", &n.w->text);
    assert_non_null(n.own);
    return n;
}

static void close_world(struct names_world *n)
{
    names_close(n->own);
    dnslist_close(&n->w);
}

static const char *tell(struct names_world *n, const struct uribl_names *names)
{
    struct buf *b = &n->w->text;

    buf_clear(b);
    for (unsigned i = 0; i < names->n; i++) {
        const struct uribl_name *u = &names->name[i];

        buf_addf(b, "%s%.*s/", i ? " " : "", (int)u->name.n, u->name.p);
        for (unsigned s = 0; s < 4; s++)
            if (u->sources & 1u << s)
                buf_add_char(b, "shpb"[s]);
        assert_true(u->front.n > 1 && u->front.p[u->front.n - 1] == '.');
    }
    buf_addf(b, "%s%s", names->over ? " over" : "", names->ptr_unknown ? " ptr?" : "");
    return b->n ? b->p : "";
}

static const struct {
    const char *behaviour, *sender, *ip, *helo, *ptr, *wanted;
} envelopes[] = {
    {"organisational domains, each once", "mail.example.net", "192.0.2.1", "a.b.example.com", "x.example.net",
     "example.net/sp example.com/h"},
    {"the null sender", "", "192.0.2.1", "a.example.com", "", "example.com/h"},
    {"names of ours", "example.org", "192.0.2.1", "mx.example.org", "pc.lan.example", ""},
    {"an address as HELO, or one label", "", "192.0.2.1", "[192.0.2.1]", "localhost", ""},
    {"all reverse names, whether or not they lead back", "", "192.0.2.1", "",
     "a.example.net b.example.com c.example.net", "example.net/p example.com/p"},
    {"five of them", "", "192.0.2.1", "", "a1.a1 a2.a2 a3.a3 a4.a4 a5.a5 a6.a6",
     "a1.a1/p a2.a2/p a3.a3/p a4.a4/p a5.a5/p"},
    {"a reverse name that is not known yet", "example.net", "192.0.2.1", "", NULL, "example.net/s ptr?"},
    {"a private client's names are its own", "example.net", "10.0.0.1", "pc.example.com", NULL,
     "example.net/s"},
    {"a sender in another script, as browsers write it", "m\xc3\xbcll.example.net", "", "", "",
     "example.net/s"},
    {"... and its domain", "www.M\xc3\x9cLL.example", "", "", "", "xn--mll-hoa.example/s"},
    {"letters that are none", "\xf0\x9d\x90\x9e\xf0\x9d\x90\xb1.example.net", "", "", "", "example.net/s"},
    {"bytes that are no text", "\xff\xfe.example.net", "", "", "", ""},
};

static void the_envelope_gives_its_names(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof envelopes / sizeof *envelopes; i++) {
        struct names_world n = open_world();
        struct uribl_names names = {.own = n.own, .max = 50};
        struct buf fact = {0};
        const char *got;

        if (envelopes[i].ptr) {
            buf_addf(&fact, "PTR 1.2.0.192.in-addr.arpa %s", envelopes[i].ptr);
            dnslist_facts(n.w, fact.p);
        }
        n.w->j.sender.domain = view_of(envelopes[i].sender);
        dnslist_client(n.w, envelopes[i].ip, envelopes[i].helo);
        uribl_names_add_envelope(&n.w->j, &names);
        got = tell(&n, &names);
        if (strcmp(got, envelopes[i].wanted) != 0)
            fail_msg("%s: %s", envelopes[i].behaviour, got);
        buf_free(&fact);
        close_world(&n);
    }
}

/* A message that is looked at with room for `max` names. */
static const char *look(struct names_world *n, const char *subject, const char *type, const char *text,
                        unsigned max)
{
    struct uribl_names names = {.own = n->own, .max = max};
    struct buf message = {0};
    const char *told;

    buf_addf(&message, "From: a@example.net\r\nSubject: %s\r\nContent-Type: %s\r\n\r\n%s\r\n", subject, type,
             text);
    n->w->j.mail = judge_mail_open(&n->w->a, buf_view(&message));
    judge_mail_begin(&n->w->j);
    uribl_names_add_message(&n->w->j, &names);
    told = tell(n, &names);
    judge_mail_close(n->w->j.mail);
    judge_mail_free(&n->w->a.mail);
    buf_free(&message);
    return told;
}

static const struct {
    const char *behaviour, *subject, *type, *text;
    unsigned max;
    const char *wanted;
} messages[] = {
    {"links of the text, each domain once", "", "text/plain",
     "http://a.example.net/ https://b.example.net ftp://example.com/", 50, "example.net/b example.com/b"},
    {"of the subject, too", "see http://www.example.com/", "text/plain", "no", 50, "example.com/b"},
    {"addresses of mail", "", "text/plain", "write to a@x.example.net", 50, "example.net/b"},
    {"links before addresses of mail", "", "text/plain", "a@example.net http://example.com/", 50,
     "example.com/b example.net/b"},
    {"not those of ours", "", "text/plain", "http://www.example.org/ a@example.org http://pc.lan.example/",
     50, ""},
    {"addresses of hosts, the way they are asked", "", "text/plain",
     "http://192.0.2.9/ http://[2001:db8::9]/", 50, "192.0.2.9/b 2001:db8::9/b"},
    {"written as one number", "", "text/plain", "http://3221225993/", 50, "192.0.2.9/b"},
    {"not private ones", "", "text/plain", "http://10.0.0.1/ http://[::1]/", 50, ""},
    {"what deceives the reader first", "", "text/plain",
     "http://a1.a1/ http://bank.example.net@a2.a2/ http://a3[.]a3/ http://192.0.2.9/", 50,
     "a2.a2/b a3.a3/b 192.0.2.9/b a1.a1/b"},
    {"where a link leads on", "", "text/plain", "http://a1.a1/?to=http%3A%2F%2Fa2.a2%2F", 50,
     "a2.a2/b a1.a1/b"},
    {"what is not seen last", "", "text/html",
     "<div style='display:none'><a href='http://a1.a1/'>x</a></div><a href='http://a2.a2/'>y</a>", 50,
     "a2.a2/b a1.a1/b"},
    {"room for all", "", "text/plain", "http://a1.a1/ http://a2.a2/", 2, "a1.a1/b a2.a2/b"},
    {"one more than there is room for", "", "text/plain", "http://a1.a1/ http://a2.a2/ http://a3.a3/", 2,
     "a1.a1/b a2.a2/b over"},
    {"an old one needs no room", "", "text/plain", "http://a1.a1/ http://a2.a2/ http://x.a1.a1/", 2,
     "a1.a1/b a2.a2/b"},
    {"padding that nobody sees takes no room", "", "text/html",
     "<p style='display:none'><a href='http://a1.a1/'>x</a><a href='http://a2.a2/'>x</a></p>"
     "<a href='http://a3.a3/'>y</a>",
     1, "a3.a3/b over"},
    {"no room at all", "", "text/plain", "http://a1.a1/", 0, " over"},
};

static void the_message_gives_the_most_suspicious_first(void **state)
{
    (void)state;
    mail_html_load();
    for (size_t i = 0; i < sizeof messages / sizeof *messages; i++) {
        struct names_world n = open_world();
        const char *got = look(&n, messages[i].subject, messages[i].type, messages[i].text, messages[i].max);

        if (strcmp(got, messages[i].wanted) != 0)
            fail_msg("%s: %s", messages[i].behaviour, got);
        close_world(&n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_envelope_gives_its_names),
        cmocka_unit_test(the_message_gives_the_most_suspicious_first),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
