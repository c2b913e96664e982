/*
 * test_mail_html.c - unit tests of workers/mail/mail_html*.c: what a reader of HTML sees, and what hides it
 * from programs.
 *
 * Run by `make check`. Links are written down one a line as they are told: from where, whether hidden,
 * address, text.
 */
#include "workers/mail/mail_html.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void write_link(void *to, const struct mail_html_link *link)
{
    buf_addf(to, "%d/%u %.*s|%.*s\n", (int)link->from, link->hidden, (int)link->url.n, link->url.p,
             (int)link->text.n, link->text.n ? link->text.p : "");
}

static void count_link(void *to, const struct mail_html_link *link)
{
    *(size_t *)to += link->url.n > 0;
}

static const char *string(const struct buf *b)
{
    return b->n ? b->p : "";
}

static const struct {
    const char *behaviour;
    struct view in;
    const char *out;
} texts[] = {
    {"nothing is nothing", VIEW(""), ""},
    {"blanks are one blank", VIEW(" a \t\r\n b&nbsp; c\xc2\xa0 "), "a b c"},
    {"blocks are lines", VIEW("a<p>b<p>c</p>d<div><div>e</div></div>f"), "a\nb\nc\nd\ne\nf"},
    {"<br> is a line end, two are an empty line, more are not", VIEW("a<br>b<br/><br>c<br><br><br><br>d"),
     "a\nb\n\nc\n\nd"},
    {"cells are apart", VIEW("<table><tr><td>a<td>b<tr><td>c</table>d"), "a b\nc\nd"},
    {"inline elements do not part a word", VIEW("a<b>b</b><font>c</font><!-- x -->d"), "abcd"},
    {"lines of <pre> stay", VIEW("<pre>a  b\r\nc\n</pre>d"), "a  b\nc\nd"},
    {"list items are lines", VIEW("<ul><li>a<li>b</ul>"), "a\nb"},
    {"entities", VIEW("&lt;&amp;&auml;&#65;&#x42;&#67 &quot;&euro;"),
     "<&\xc3\xa4"
     "ABC \"\xe2\x82\xac"},
    {"entities that libxml2 does not know", VIEW("a&period;b&colon;&sol;&commat;&lpar;"), "a.b:/@("},
    {"some need no semicolon, others are text", VIEW("&lt &amp;amp &copy x &b &;"), "< &amp &copy x &b &;"},
    {"a number that is no character", VIEW("a&#0;b&#xd800;c&#99999999999;d"), "abcd"},
    {"script, style, title are not seen",
     VIEW("<title>t<b></title><style>s{}</style><script>if(a<b)'</scrip'</script>v"), "v"},
    {"a script that does not end hides the rest, as it does for readers", VIEW("a<script>b</scripty>c"), "a"},
    {"what stands in a text field is text", VIEW("<textarea><!--<b></textarea>c"), "<!--<b>\nc"},
    {"a frame's content is not seen", VIEW("a<iframe src=x>b<!-- </iframe>c<noframes>d</noframes>"), "ac"},
    {"comments end where browsers end them", VIEW("a<!-->b<!--->c<!-- -- > --!>d<!-- x -->e<!x>f<?y>g</ z>h"),
     "abcdefgh"},
    {"a comment that does not end hides the rest", VIEW("a<!-- b -- > c"), "a"},
    {"text behind the end of the document", VIEW("a</body></html>b<p>c"), "ab\nc"},
    {"end tags that open nothing", VIEW("</a>a</p></div></x_>b</html>c"), "abc"},
    {"a tag that the parser is given inside cannot be forged", VIEW("<x_>a</x_>b<param _on=\"\">c<_>"),
     "abc<_>"},
    {"a < that begins no tag", VIEW("1 < 2 <3 <"), "1 < 2 <3 <"},
    {"a tag that does not end", VIEW("a<b c=\"d>e"), "a"},
    {"a > in quotes ends no tag", VIEW("<b a='>' c=\">\">x"), "x"},
    {"a quote behind no = is none", VIEW("<b \">x"), "x"},
    {"an = first is a name", VIEW("<b =\">x"), "x"},
    {"control characters are dropped",
     VIEW("a\0b\1c\x1b"
          "d\fe"),
     "abcd e"},
    {"bytes that are no UTF-8 are replaced",
     VIEW("a\xff"
          "b\xc3(\xed\xa0\x80"),
     "a\xef\xbf\xbd"
     "b\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {"markup in <svg> is markup", VIEW("<svg><style><b>x</b></style></svg>"), "x"},
    {"a comment for some clients is not seen",
     VIEW("a<!--[if mso]>b<table><tr><td><![endif]-->c<!--[if !mso]><!-->d"
          "<!--<![endif]-->e"),
     "acde"},
    {"a charset that HTML tells is not asked", VIEW("<meta charset=utf-16><p>\xc3\xa4"), "\xc3\xa4"},
};

static void text_is_what_a_reader_sees(void **state)
{
    struct mail_html h = {0};

    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        mail_html_read(&h, texts[i].in);
        if (strcmp(string(&h.text), texts[i].out) != 0)
            fail_msg("%s: \"%s\"", texts[i].behaviour, string(&h.text));
    }
    mail_html_free(&h);
}

static const struct {
    const char *behaviour;
    struct view in;
    const char *out;
} links[] = {
    {"a link has a text", VIEW("<a href=\"http://example.org/\">a <b>b</b></a>c"),
     "0/0 http://example.org/|a b\n"},
    {"entities in it are decoded", VIEW("<a href='h&#x74;tp&colon;//x/?a=1&amp;b=2&lt=3&c'>"),
     "0/0 http://x/?a=1&b=2&lt=3&c|\n"},
    {"a slash for a blank", VIEW("<a/href=x>a</a><img/src=y><img alt=\"\"/src=z>"),
     "0/0 x|a\n1/0 y|\n1/0 z|\n"},
    {"no quotes, other quotes", VIEW("<a href=a\"b>1</a><a href='c\"d'>2</a>"), "0/0 a\"b|1\n0/0 c\"d|2\n"},
    {"names in any case", VIEW("<A HREF=x>"), "0/0 x|\n"},
    {"the next link ends the first", VIEW("<a href=x>a<a href=y>b"), "0/0 x|a\n0/0 y|b\n"},
    {"pictures in it come first", VIEW("<a href=x><img src=y>a</a>"), "1/0 y|\n0/0 x|a\n"},
    {"each attribute that names one",
     VIEW("<form action=a><button formaction=b></button></form><table background=c></table><object "
          "data=d></object>"
          "<video poster=e></video><area href=f><svg><a xlink:href=g></a>"),
     "2/0 a|\n2/0 b|\n1/0 c|\n1/0 d|\n1/0 e|\n0/0 f|\n0/0 g|\n"},
    {"each of a srcset", VIEW("<img srcset=\"a 1x, b 2x,c,, d\">"), "1/0 a|\n1/0 b|\n1/0 c|\n1/0 d|\n"},
    {"a base", VIEW("<base href=http://example.org/>"), "5/0 http://example.org/|\n"},
    {"a refresh",
     VIEW("<meta content=\"0; URL = 'x'\" http-equiv=Refresh><meta http-equiv=refresh content=5>"
          "<meta name=x content=y><meta http-equiv=refresh content=\"1,z\">"),
     "4/0 x|\n4/0 z|\n"},
    {"in styles",
     VIEW("<p style=\"background:url( 'a' )\"><style>b{c:url(d)}@import \"e\";@import url(f);</style>"),
     "3/0 a|\n3/0 d|\n3/0 f|\n3/0 e|\n"},
    {"data: is none, and empty ones",
     VIEW("<img src=\"data:image/png;base64,AAAA\"><a href=''>x</a><a href=' '>"), ""},
    {"hidden ones are marked", VIEW("<div style='display:none'><a href=x>a</a></div><a href=y>"),
     "0/2 x|a\n0/0 y|\n"},
    {"in a comment for some clients", VIEW("<!--[if mso]><a href=x>a</a><![endif]--><a href=y>b</a>"),
     "0/16 x|\n0/0 y|b\n"},
    {"in other comments, scripts and titles there are none",
     VIEW("<!-- <a href=x> --><script><a href=y></script><title><a href=z></title>"), ""},
    {"of a second <body>", VIEW("<body background=x><body background=y>"), "1/0 x|\n1/0 y|\n"},
    {"the source of a script", VIEW("<script src=x></script>"), "1/0 x|\n"},
    {"behind the end", VIEW("</p></html><a href=x>a"), "0/0 x|a\n"},
};

static void links_are_told(void **state)
{
    struct buf told = {0};
    struct mail_html h = {.on_link = write_link, .to = &told};

    (void)state;
    for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
        buf_clear(&told);
        mail_html_read(&h, links[i].in);
        if (strcmp(string(&told), links[i].out) != 0)
            fail_msg("%s:\n%s", links[i].behaviour, string(&told));
    }
    mail_html_free(&h);
    buf_free(&told);
}

static const struct {
    const char *behaviour, *in;
    const char *hidden; /* each run: why, text */
} hidden[] = {
    {"nothing is hidden", "<p style='font-size:12px;color:#000'>a", ""},
    {"tiny fonts",
     "<font style='font-size:0'>a</font>b<p style='font-size:1px'>c</p><p style='font-size:.9pt'>d</p>",
     "1 a\n1 \nc\nd\n"},
    {"fonts that are small, not tiny",
     "<p style='font-size:2px'>a<p style='font-size:50%'>b<p style='font-size:small'>c", ""},
    {"a relative size of a tiny one is tiny", "<p style='font-size:0'><b style='font-size:200%'>a</b>",
     "1 a\n"},
    {"a font of its own is not", "<p style='font-size:0'><b style='font-size:12px'>a</b>", ""},
    {"display:none goes for all in it",
     "a<div style=\"DISPLAY : none !important\"><b style='display:block'>b</b></div>c", "2 \nb\n"},
    {"the attribute", "<p hidden>a</p>b", "2 a\n"},
    {"opacity", "<p style='opacity:0.0'>a</p><p style='opacity:.5'>b", "2 a\n"},
    {"visibility may come back", "<p style='visibility:hidden'>a<b style='visibility:visible'>b", "4 a\n"},
    {"white on white",
     "<font color=white>a</font><font color='#FFF'>b</font><p style='color:rgb(255, 100%,255)'>c",
     "8 ab\nc\n"},
    {"nearly the same",
     "<p style='background-color:#101010;color:#181818'>a</p><p style='background:#101010;color:#191919'>b",
     "8 a\n"},
    {"black on black of a cell", "<table bgcolor=black><tr><td>a<td bgcolor=white>b", "8 a\n"},
    {"the colour of a page", "<body bgcolor=#000000 text=#000001>a", "8 a\n"},
    {"a picture behind it", "<table background=x><tr><td><font color=white>a", ""},
    {"a picture in the style", "<p style='background:#fff url(x;y) no-repeat;color:white'>a", ""},
    {"a colour that is not known", "<p style='color:papayawhip;background:papayawhip'>a", ""},
};

static void hidden_text_is_listed(void **state)
{
    struct mail_html h = {0};

    (void)state;
    for (size_t i = 0; i < sizeof hidden / sizeof *hidden; i++) {
        struct buf runs = {0};
        size_t bytes = 0;

        mail_html_read(&h, view_of(hidden[i].in));
        for (unsigned k = 0; k < h.hidden_n; k++) {
            buf_addf(&runs, "%u %.*s\n", h.hidden[k].why, (int)h.hidden[k].n, h.text.p + h.hidden[k].at);
            bytes += h.hidden[k].n;
        }
        if (strcmp(string(&runs), hidden[i].hidden) != 0)
            fail_msg("%s:\n%s", hidden[i].behaviour, string(&runs));
        assert_int_equal(bytes, h.hidden_bytes);
        buf_free(&runs);
    }
    mail_html_free(&h);
}

static void add_times(struct buf *b, const char *what, size_t times)
{
    while (times--)
        buf_add_str(b, what);
}

/* `before`, `times` x `what`, `after` */
static struct buf repeat(const char *before, const char *what, size_t times, const char *after)
{
    struct buf b = {0};

    buf_add_str(&b, before);
    add_times(&b, what, times);
    buf_add_str(&b, after);
    return b;
}

static const struct {
    const char *behaviour, *before, *what, *after;
    size_t max;    /* times that are within */
    unsigned over; /* beyond */
    size_t links, links_over;
} limits[] = {
    {"text", "", "abcdefgh", "", (MAIL_TEXT_MAX - 8) / 8, MAIL_HTML_TEXT_OVER, 0, 0},
    {"depth", "", "<b>", "<a href=x>y</a>", MAIL_HTML_DEPTH_MAX - 2, MAIL_HTML_DEPTH_OVER, 1, 1},
    {"attributes", "<p ", "src=x ", ">", MAIL_HTML_ATTRIBUTES_MAX, MAIL_HTML_ATTRIBUTES_OVER, 1, 1},
    {"a value", "<a href=\"", "x", "\">", MAIL_HTML_VALUE_MAX, MAIL_HTML_VALUE_OVER, 1, 1},
    {"hidden runs", "", "<b hidden>x</b>y", "", MAIL_HTML_HIDDEN_MAX, MAIL_HTML_HIDDEN_OVER, 0, 0},
};

static void limits_are_met_and_told(void **state)
{
    size_t told = 0;
    struct mail_html h = {.on_link = count_link, .to = &told};

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
        for (int more = -1; more <= 1; more++) {
            struct buf b =
                repeat(limits[i].before, limits[i].what, limits[i].max + (size_t)more, limits[i].after);

            told = 0;
            mail_html_read(&h, buf_view(&b));
            if ((h.over == limits[i].over) != (more > 0) || (more <= 0 && h.over))
                fail_msg("%s at %+d: %u", limits[i].behaviour, more, h.over);
            if (told != (more > 0 ? limits[i].links_over : limits[i].links))
                fail_msg("%s at %+d: %zu links", limits[i].behaviour, more, told);
            assert_true(h.text.n <= MAIL_TEXT_MAX && h.hidden_n <= MAIL_HTML_HIDDEN_MAX);
            buf_free(&b);
        }
    }
    mail_html_free(&h);
}

static void a_picture_in_the_mail_is_no_limit(void **state)
{
    struct buf b = repeat("<img src=\"data:image/png;base64,", "AAAA", 1 << 18, "\">seen");
    struct mail_html h = {0};

    (void)state;
    mail_html_read(&h, buf_view(&b));
    assert_string_equal(h.text.p, "seen");
    assert_int_equal(h.over, 0);
    mail_html_free(&h);
    buf_free(&b);
}

static void sixty_thousand_open_elements_hide_nothing(void **state)
{
    struct buf told = {0}, b = repeat("", "<div>", 60000, "<a href=x>y</a></p></html>z");
    struct mail_html h = {.on_link = write_link, .to = &told};

    (void)state;
    add_times(&b, "</div>", 60000);
    buf_add_str(&b, "w");
    mail_html_read(&h, buf_view(&b));
    assert_string_equal(told.p, "0/0 x|\n");
    assert_string_equal(h.text.p, "yz\nw");
    assert_int_equal(h.over, MAIL_HTML_DEPTH_OVER);
    mail_html_free(&h);
    buf_free(&told);
    buf_free(&b);
}

/* Each once cost a parser more than the length of its input. */
static const char *const worst[][2] = {
    {"", "<b>"},
    {"<b><b><b>", "</i>"},
    {"", "<i></p>"},
    {"<a ", "a b"},
    {"<a ", "href=\"\""},
    {"<!--", "--"},
    {"", "<!--"},
    {"", "<"},
    {"", "&"},
    {"", "&zzz;"},
    {"<style>", "url("},
    {"<script>", "</scrip"},
    {"", "<textarea>"},
    {"", "<!--[if >x-->"},
    {"<svg>", "<script>"},
    {"<p style='", "a:url("},
    {"", "\1"},
    {"", "\xff"},
    {"<img srcset='", ",a "},
    {"<style>", "@import'"},
};

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double time_of(const char *before, const char *what, size_t bytes)
{
    struct buf b = repeat(before, what, bytes / strlen(what), "");
    struct mail_html h = {0};
    double start = cpu_seconds();

    mail_html_read(&h, buf_view(&b));
    start = cpu_seconds() - start;
    mail_html_free(&h);
    buf_free(&b);
    return start;
}

static void time_is_linear_in_the_worst_input(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double one = time_of(worst[i][0], worst[i][1], 300000);
        double two = time_of(worst[i][0], worst[i][1], 600000);

        if (two > 4 * one + 0.05)
            fail_msg("\"%s%s...\": %.3f s, twice as much %.3f s", worst[i][0], worst[i][1], one, two);
    }
}

static void nothing_is_written_to_stderr(void **state)
{
    struct mail_html h = {0};
    int kept = dup(STDERR_FILENO), pipes[2];
    char byte;

    (void)state;
    assert_true(kept >= 0 && pipe(pipes) == 0 && dup2(pipes[1], STDERR_FILENO) >= 0);
    mail_html_read(&h, VIEW("<a b=c b=d>&unknown;</x><p></b><table><form>&#0;\xff"));
    dup2(kept, STDERR_FILENO);
    close(kept);
    close(pipes[1]);
    assert_int_equal(read(pipes[0], &byte, 1), 0);
    close(pipes[0]);
    mail_html_free(&h);
}

static int load(void **state)
{
    (void)state;
    mail_html_load();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_what_a_reader_sees),
        cmocka_unit_test(links_are_told),
        cmocka_unit_test(hidden_text_is_listed),
        cmocka_unit_test(limits_are_met_and_told),
        cmocka_unit_test(a_picture_in_the_mail_is_no_limit),
        cmocka_unit_test(sixty_thousand_open_elements_hide_nothing),
        cmocka_unit_test(time_is_linear_in_the_worst_input),
        cmocka_unit_test(nothing_is_written_to_stderr),
    };

    return cmocka_run_group_tests(tests, load, NULL);
}
