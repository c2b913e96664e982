/*
 * fuzz_mail_html.c - any bytes as HTML of a mail.
 *
 * Built with libFuzzer or with a plain main that feeds files. Whatever comes in, text is valid UTF-8 without
 * control characters and within its limit, hidden runs are parts of it in their order, each link is an
 * address, a second reading gives the same, and what is put before the rest does not stop it.
 */
#include "workers/charset.h"
#include "workers/mail/mail_html.h"

#include "tests/fuzz/fuzz_must.h"

#define INPUT_MAX 40000

struct told {
    struct buf all;
    size_t n;
};

static void on_link(void *to, const struct mail_html_link *link)
{
    struct told *t = to;

    MUST(link->url.n > 0 && link->url.n <= MAIL_HTML_VALUE_MAX * 4);
    MUST(link->from == MAIL_HTML_FROM_STYLE || charset_is_utf8(link->url));
    MUST(link->text.n <= MAIL_HTML_ANCHOR_MAX && charset_is_utf8(link->text));
    MUST(link->from <= MAIL_HTML_FROM_BASE && link->hidden < 32);
    buf_add_view(&t->all, link->url);
    buf_add_view(&t->all, link->text);
    t->n++;
}

static void check(const struct mail_html *h)
{
    size_t at = 0, hidden = 0;

    MUST(h->text.n <= MAIL_TEXT_MAX && charset_is_utf8(buf_view(&h->text)));
    for (size_t i = 0; i < h->text.n; i++)
        MUST((unsigned char)h->text.p[i] >= ' ' || h->text.p[i] == '\n');
    MUST(h->hidden_n <= MAIL_HTML_HIDDEN_MAX);
    for (unsigned i = 0; i < h->hidden_n; i++) {
        MUST(h->hidden[i].at >= at && h->hidden[i].n > 0 && h->hidden[i].n <= h->text.n - h->hidden[i].at);
        MUST(h->hidden[i].why > 0 && h->hidden[i].why < 16);
        at = h->hidden[i].at + h->hidden[i].n;
        hidden += h->hidden[i].n;
    }
    MUST(h->over & MAIL_HTML_HIDDEN_OVER ? hidden < h->hidden_bytes : hidden == h->hidden_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct told one = {0}, two = {0};
    struct mail_html h = {.on_link = on_link, .to = &one};
    struct buf first = {0}, more = {0};

    if (size > INPUT_MAX)
        return 0;
    mail_html_read(&h, (struct view){(const char *)data, size});
    check(&h);
    buf_add_view(&first, buf_view(&h.text));
    /* End tags that end nothing; in a new buffer of exactly that length. */
    buf_add_str(&more, "</a></p></html></body>");
    buf_add(&more, data, size);
    h.to = &two;
    mail_html_read(&h, buf_view(&more));
    check(&h);
    MUST(view_equal(buf_view(&first), buf_view(&h.text)));
    MUST(one.n == two.n && view_equal(buf_view(&one.all), buf_view(&two.all)));
    mail_html_free(&h);
    buf_free(&first);
    buf_free(&more);
    buf_free(&one.all);
    buf_free(&two.all);
    return 0;
}
