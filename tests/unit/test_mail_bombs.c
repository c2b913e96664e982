/*
 * test_mail_bombs.c - unit tests of workers/mail/ as a whole: the worst that a message can be costs little,
 * and is told.
 *
 * Run by `make check`. Each message is read and all that is in it decoded, as worker-av does; CPU and memory
 * are bounded, and printed. Each limit of mail_limits.h that the parser itself keeps is met exactly. The same
 * messages as files: tests/interop/mail_bombs.py.
 */
#include "common/buf.h"
#include "workers/mail/mail.h"
#include "workers/mail/mail_leaf.h"
#include "workers/mail/mail_limits.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

/* Wanted is a second; a machine that is slow or busy gets three. A sanitizer costs much more than that, and
 * looks at all that a function of libc may look at: time is no longer linear then. */
#if defined(__SANITIZE_ADDRESS__)
#define SLOW    10
#define CPU_MAX 20.0
#else
#define SLOW    1
#define CPU_MAX 3.0
#endif
#define MIB     1048576u
#define BIG     (100 * MIB / SLOW)
#define HALF    (50 * MIB / SLOW)
#define DECODED (400ull * MIB) /* what may be decoded to find parts, and what all contents are together */
#define O(name) (1ull << ODDITY_##name)

#define TOP      "From: a@example.org\r\nMIME-Version: 1.0\r\n"
#define MULTI(b) TOP "Content-Type: multipart/mixed; boundary=" b "\r\n\r\n"
#define AS(cte)  TOP "Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: " cte "\r\n\r\n"
#define TEXT     TOP "Content-Type: text/plain\r\n\r\n"

/* `text` again and again, up to `size` bytes. */
static void fill(struct buf *to, const char *text, size_t size)
{
    size_t n = strlen(text), start = to->n;

    buf_reserve(to, size + n);
    while (to->n - start < size)
        buf_add(to, text, n);
}

/* ... with a number for "#". */
static void count(struct buf *to, const char *text, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        for (const char *p = text; *p; p++)
            if (*p == '#')
                buf_addf(to, "%u", i);
            else
                buf_add_char(to, *p);
}

/* Each level has eight boundaries, each of which fits all its delimiters but ends elsewhere. */
static void make_trap(struct buf *to)
{
    buf_add_str(to, TOP);
    for (unsigned level = 0; level < 32; level++) {
        for (int i = 1; i <= 8; i++)
            buf_addf(to, "Content-Type: multipart/mixed; boundary=%u.%.*s\r\n", level, i, "xxxxxxxx");
        buf_addf(to, "\r\n--%u.xxxxxxxx\r\n", level);
    }
    buf_add_str(to, "Content-Type: text/plain\r\n\r\nhello\r\n");
    for (unsigned level = 32; level-- > 0;)
        for (int i = 8; i >= 1; i--)
            buf_addf(to, "--%u.%.*s--\r\n", level, i, "xxxxxxxx");
}

/* What a bomb consists of, in this order. */
struct bomb {
    const char *says;
    const char *head;
    const char *counted; /* so many times, with its number for "#" */
    unsigned times;
    const char *between, *filled; /* up to `size` bytes of this */
    size_t size;
    uint64_t odd;                 /* must be told */
    void (*make)(struct buf *to); /* ... or all of it */
};

static const struct bomb bombs[] = {
    {"10,000 parts", MULTI("b"), "--b\r\n\r\n#\r\n", 10000, "", "", 0, O(PARTS_MAX), NULL},
    {"10,000 multiparts that are empty", MULTI("b"),
     "--b\r\nContent-Type: multipart/mixed; boundary=c#.\r\n\r\n", 10000, "", "", 0, O(PARTS_MAX), NULL},
    {"multiparts 1,000 deep", TOP, "Content-Type: multipart/mixed; boundary=b#.\r\n\r\n--b#.\r\n", 1000,
     "\r\nx\r\n", "", 0, O(DEPTH_MAX), NULL},
    {"messages 1,000 deep", TOP, "Content-Type: message/rfc822\r\n\r\n", 1000, "Subject: x\r\n\r\nx\r\n", "",
     0, O(DEPTH_MAX), NULL},
    {"a million fields", TOP, "X-#: 1\r\n", 1000000, "\r\nx\r\n", "", 0, O(FIELDS_MAX), NULL},
    {"a million types", TOP, "Content-Type: text/x#\r\n", 1000000, "\r\nx\r\n", "", 0, 0, NULL},
    {"a line of dashes, an empty boundary", TOP "Content-Type: multipart/mixed; boundary=\"\"\r\n\r\n", "", 0,
     "", "-", BIG, O(LINE_MAX), NULL},
    {"a line of a body", TEXT, "", 0, "", "x", BIG, O(LINE_MAX), NULL},
    {"a line of a header", "Subject: ", "", 0, "", "x", BIG, O(LINE_MAX), NULL},
    {"a line of a header that is a type", "Content-Type: ", "", 0, "", "x", BIG, O(LINE_MAX), NULL},
    {"a field of folds", "Content-Type: text/plain;\r\n", "", 0, "", " x=y;\r\n", BIG, O(HEADER_MAX), NULL},
    {"folds of blanks", "Content-Type: text/plain;\r\n", "", 0, "", " \r\n", BIG, O(HEADER_MAX), NULL},
    {"lines of two dashes, no boundary", TOP "Content-Type: multipart/mixed\r\n\r\n", "", 0, "", "--\n", BIG,
     0, NULL},
    {"lines of two dashes, an empty boundary", MULTI("\"\""), "", 0, "", "--\n", BIG, 0, NULL},
    {"delimiters", MULTI("b"), "", 0, "", "--b\n", BIG, O(PARTS_MAX), NULL},
    {"last delimiters", MULTI("b"), "", 0, "", "--b--\n", BIG, 0, NULL},
    {"lines that begin like delimiters", MULTI("b"), "", 0, "", "--bx\n", BIG, 0, NULL},
    {"delimiters in one line", MULTI("b"), "", 0, "", "--b", HALF, 0, NULL},
    {"dashes in one line, for a boundary of dashes", MULTI("{200-}"), "", 0, "", "-", HALF, 0, NULL},
    {"dashes in lines as long as a boundary of dashes", MULTI("{200-}"), "", 0, "",
     "----------------------------------------\n", HALF, 0, NULL},
    {"a text of delimiters without a boundary", TOP "Content-Type: multipart/mixed\r\n\r\n", "", 0, "",
     "--b\n\nx\n", HALF, 0, NULL},
    {"1,000 parameters", TOP "Content-Type: text/plain", ";\r\n x#=y", 1000, "\r\n\r\nx\r\n", "", 0,
     O(PARAMS_MAX), NULL},
    {"100,000 boundaries", TOP "Content-Type: multipart/mixed", ";\r\n boundary=b#", 100000,
     "\r\n\r\n--b0\r\n", "", 0, O(HEADER_MAX), NULL},
    {"100,000 pieces of a boundary", TOP "Content-Type: multipart/mixed", ";\r\n boundary*#=b", 100000,
     "\r\n\r\n--b0\r\n", "", 0, O(HEADER_MAX), NULL},
    {"1,000 types with a boundary", TOP, "Content-Type: multipart/mixed; boundary=b#\r\n", 1000, "\r\n",
     "--b0\r\n\r\nx\r\n", HALF, O(WAYS_MAX), NULL},
    {"100,000 comments in each other", TOP "Content-Type: ", "(", 100000, "x/y\r\n\r\nx\r\n", "", 0, 0, NULL},
    {"a boundary of escapes", TOP "Content-Type: multipart/mixed; boundary=\"", "\\\"", 30000, "\"\r\n\r\n",
     "--\\\n", MIB, 0, NULL},
    {"a boundary of encoded words", TOP "Content-Type: multipart/mixed; boundary=\"", "=?x?q?#?=", 5000,
     "\"\r\n\r\n", "--x\n", MIB, 0, NULL},
    {"base64 of padding", AS("base64"), "", 0, "", "=", HALF, 0, NULL},
    {"base64 of lines of padding", AS("base64"), "", 0, "", "A=\n", HALF, 0, NULL},
    {"base64 of foreign bytes", AS("base64"), "", 0, "", "QUJD!", HALF, 0, NULL},
    {"base64 of line ends", AS("base64"), "", 0, "", "\n", HALF, 0, NULL},
    {"quoted-printable of soft line breaks", AS("quoted-printable"), "", 0, "", "=\n", HALF, 0, NULL},
    {"quoted-printable of equals signs", AS("quoted-printable"), "", 0, "", "=", HALF, 0, NULL},
    {"quoted-printable of blanks", AS("quoted-printable"), "", 0, "", " ", HALF, 0, NULL},
    {"quoted-printable of lines of blanks", AS("quoted-printable"), "", 0, "", "         \n", HALF, 0, NULL},
    {"uuencode of first lines", TEXT, "", 0, "", "begin 644 x\n", HALF, 0, NULL},
    {"uuencode of first lines and one more", TEXT, "", 0, "", "begin 644 x\n#0V]D\n", HALF, O(INSIDE_MAX),
     NULL},
    {"base64 of uuencode(1) of first lines", TEXT, "", 0, "", "begin-base64 644 x\nQUJD\n", HALF, 0, NULL},
    {"yEnc of first lines", TEXT, "", 0, "", "=ybegin line=128 size=9 name=x\nabc\n", HALF, 0, NULL},
    {"a uuencoded body of no lines", AS("x-uuencode"), "", 0, "", "\n", HALF, 0, NULL},
    {"fields in a text", TEXT, "", 0, "", "\nContent-Type: text/plain\n", HALF, 0, NULL},
    {"headers in a text", TEXT, "", 0, "", "Content-Type: text/plain\n\n", HALF, 0, NULL},
    {"headers of multiparts in a text", TEXT, "", 0, "", "Content-Type: multipart/mixed; boundary=b\n\n--b\n",
     HALF, 0, NULL},
    {"headers of base64 in a text", TEXT, "", 0, "",
     "Content-Type: x/y\nContent-Transfer-Encoding: base64\n\nQUJD\n", HALF, 0, NULL},
    {"headers of messages in a text", TEXT, "", 0, "", "Content-Type: message/rfc822\n\n", HALF, 0, NULL},
    {"CRs", TEXT, "", 0, "", "\r", HALF, 0, NULL},
    {"CRs in a header", "Subject: x", "", 0, "", "\r", HALF, 0, NULL},
    {"fields that end with a CR", TEXT, "", 0, "", "X: y\r", HALF, 0, NULL},
    {"CRs and LFs", TEXT, "", 0, "", "\r\n\r", HALF, 0, NULL},
    {"NULs", TEXT, "", 0, "", "\1", HALF, 0, NULL},
    {"NULs between delimiters", MULTI("b"), "", 0, "", "--b\n\1\n", HALF, 0, NULL},
    {"empty lines", "\r\n", "", 0, "", "\n", HALF, 0, NULL},
    {"lines of mbox", "From x\n", "", 0, "", "From x\n", HALF, 0, NULL},
    {"32 multiparts with eight boundaries each", NULL, NULL, 0, NULL, NULL, 0, 0, make_trap},
    {"nothing", "", "", 0, "", "", 0, 0, NULL},
};

/* A quarter of them in `make check`, all of them with SPOOLD_LONG, as `make check-long` sets it. */
static size_t scaled(size_t size)
{
    return getenv("SPOOLD_LONG") ? size : size / 4;
}

/* "\1" stands for NUL, "{200-}" for 200 dashes. */
static void make_bomb(const struct bomb *b, struct buf *to)
{
    const char *dashes = b->head ? strstr(b->head, "{200-}") : NULL;

    if (b->make) {
        b->make(to);
        return;
    }
    if (dashes) {
        buf_add(to, b->head, (size_t)(dashes - b->head));
        fill(to, "-", 200);
        buf_add_str(to, dashes + strlen("{200-}"));
    } else {
        buf_add_str(to, b->head);
    }
    count(to, b->counted, b->times);
    buf_add_str(to, b->between);
    if (b->size)
        fill(to, b->filled, scaled(b->size));
    for (char *p = to->p; to->n && strchr(b->filled, 1) && (p = memchr(p, 1, (size_t)(to->p + to->n - p)));)
        *p++ = '\0';
}

struct cost {
    double cpu;
    long kib;
    unsigned parts, contents;
    uint64_t decoded, odd;
};

static double cpu_now(void)
{
    struct timespec t;

    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t), 0);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* KiB of VmHWM or VmRSS; see proc(5). */
static long memory_of(const char *what)
{
    FILE *f = fopen("/proc/self/status", "re");
    char line[256];
    long kib = -1;

    assert_non_null(f);
    while (fgets(line, sizeof line, f))
        if (strncmp(line, what, strlen(what)) == 0)
            kib = strtol(line + strlen(what) + 1, NULL, 10);
    fclose(f);
    return kib;
}

/* The highest use so far becomes what is used now. */
static void forget_highest(void)
{
    int fd = open("/proc/self/clear_refs", O_WRONLY | O_CLOEXEC);

    if (fd >= 0) {
        assert_int_equal(write(fd, "5", 1), 1);
        close(fd);
    }
}

/* False: more than worker-av takes out of one message. */
static bool decode_leaf(struct mail_leaf *leaf, const struct mail_part *p, struct cost *c)
{
    struct mail_content content;

    mail_leaf_open(leaf, p->body, p->encoding);
    while (mail_leaf_next(leaf, &content)) {
        if (content.bytes.n > DECODED - c->decoded) {
            c->odd |= O(SIZE_MAX);
            return false;
        }
        c->contents++;
        c->decoded += content.bytes.n;
    }
    c->odd |= leaf->met;
    return true;
}

static void decode_all(const struct mail *m, struct cost *c)
{
    struct mail_leaf leaf = {0};
    bool more = true;

    for (unsigned i = 0; i < m->n && more; i++)
        if (m->part[i].kind == MAIL_KIND_LEAF || m->part[i].kind == MAIL_KIND_AROUND)
            more = decode_leaf(&leaf, &m->part[i], c);
    mail_leaf_free(&leaf);
}

static void read_all(struct view message, uint64_t size_max, struct cost *c)
{
    struct mail m = {0};
    double start;
    long before;

    *c = (struct cost){0};
    forget_highest();
    before = memory_of("VmRSS");
    start = cpu_now();
    mail_open(&m, message, size_max);
    c->parts = m.n;
    c->odd = m.odd;
    decode_all(&m, c);
    mail_close(&m);
    mail_free(&m);
    c->cpu = cpu_now() - start;
    c->kib = memory_of("VmHWM") - before;
}

/* What is decoded is held once in each of two buffers and in sources of their own: no more than four times
 * the message, and what the lists of parts need. */
static bool is_much(const struct cost *c, size_t size)
{
    return c->kib > (long)(4 * size / 1024 + 32 * 1024) * SLOW;
}

static void bombs_cost_little_and_are_told(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
        struct buf b = {0};
        struct cost c;
        /* A bomb that is made smaller may not reach its limit. */
        uint64_t odd = SLOW > 1 && bombs[i].size ? 0 : bombs[i].odd;
        bool bad;

        make_bomb(&bombs[i], &b);
        read_all(buf_view(&b), DECODED, &c);
        bad = c.cpu > CPU_MAX || is_much(&c, b.n) || (c.odd & odd) != odd;
        wrong += bad;
        print_message("%s%s: %.3f s, %ld KiB for %zu; %u parts, %u contents, %zu KiB; %s\n",
                      bad ? "WRONG " : "", bombs[i].says, c.cpu, c.kib, b.n / 1024, c.parts, c.contents,
                      (size_t)(c.decoded / 1024),
                      oddity_name(oddity_first(oddity_of_grade(c.odd, ODDITY_LIMIT))));
        buf_free(&b);
    }
    if (wrong)
        fail_msg("%u bombs go off", wrong);
}

static void make_deep(struct buf *to, unsigned n)
{
    buf_add_str(to, TOP);
    count(to, "Content-Type: multipart/mixed; boundary=b#.\r\n\r\n--b#.\r\n", n);
    buf_add_str(to, "\r\nx\r\n");
}

static void make_messages(struct buf *to, unsigned n)
{
    buf_add_str(to, TOP);
    count(to, "Content-Type: message/rfc822\r\n\r\nX: #\r\n", n);
    buf_add_str(to, "\r\nx\r\n");
}

/* The multipart is one. */
static void make_parts(struct buf *to, unsigned n)
{
    buf_add_str(to, MULTI("b"));
    count(to, "--b\r\n\r\n#\r\n", n - 1);
    buf_add_str(to, "--b--\r\n");
}

static void make_fields(struct buf *to, unsigned n)
{
    count(to, "X-#: 1\r\n", n);
    buf_add_str(to, "\r\nx\r\n");
}

static void make_header(struct buf *to, unsigned n)
{
    while (to->n + 1100 < n) {
        buf_add_str(to, "X: ");
        fill(to, "x", 1000);
        buf_add_str(to, "\r\n");
    }
    buf_add_str(to, "X: ");
    fill(to, "x", n - to->n - 2);
    buf_add_str(to, "\r\n\r\nx\r\n");
}

static void make_header_line(struct buf *to, unsigned n)
{
    buf_add_str(to, "X: ");
    fill(to, "x", n - 3);
    buf_add_str(to, "\r\n\r\nx\r\n");
}

static void make_body_line(struct buf *to, unsigned n)
{
    buf_add_str(to, TEXT "hello\r\n");
    fill(to, "x", n);
    buf_add_str(to, "\nbye\r\n");
}

static void make_params(struct buf *to, unsigned n)
{
    buf_add_str(to, TOP "Content-Type: text/plain");
    count(to, ";\r\n x#=y", n);
    buf_add_str(to, "\r\n\r\nx\r\n");
}

static void make_boundary(struct buf *to, unsigned n)
{
    buf_add_str(to, TOP "Content-Type: multipart/mixed;\r\n boundary=");
    fill(to, "b", n);
    buf_add_str(to, "\r\n\r\n--");
    fill(to, "b", n);
    buf_add_str(to, "\r\n\r\nx\r\n");
}

static void make_types(struct buf *to, unsigned n)
{
    buf_add_str(to, TOP);
    count(to, "Content-Type: multipart/mixed; boundary=b#.\r\n", n);
    buf_add_str(to, "\r\n--b0.\r\n\r\nx\r\n");
}

static void make_inside(struct buf *to, unsigned n)
{
    buf_add_str(to, TEXT);
    count(to, "begin 644 x#\r\n&0V]D0V]D\r\n`\r\nend\r\n", n);
}

/* A message of n bytes in base64. */
static void make_encoded(struct buf *to, unsigned n)
{
    buf_add_str(to, TOP "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n\r\n");
    for (unsigned i = 0; i + 3 <= n; i += 3)
        buf_add_str(to, i == 0 ? "WDoK" : i == 3 ? "CkJC" : "QUFB");
    if (n % 3)
        buf_add_str(to, n % 3 == 1 ? "QQ==" : "QUE=");
    buf_add_str(to, "\r\n");
}

static const struct limit {
    const char *says;
    void (*make)(struct buf *to, unsigned n);
    unsigned most;
    uint64_t odd;
} limits[] = {
    {"multiparts in each other", make_deep, MAIL_DEPTH_MAX, O(DEPTH_MAX)},
    {"messages in each other", make_messages, MAIL_DEPTH_MAX, O(DEPTH_MAX)},
    {"parts", make_parts, MAIL_PARTS_MAX, O(PARTS_MAX)},
    {"fields", make_fields, MAIL_FIELDS_MAX, O(FIELDS_MAX)},
    {"bytes of a header", make_header, MAIL_HEADER_MAX, O(HEADER_MAX)},
    {"bytes of a line of a header", make_header_line, MAIL_LINE_MAX, O(LINE_MAX)},
    {"bytes of a line of a body", make_body_line, MAIL_BODY_LINE_MAX, O(LINE_MAX)},
    {"parameters", make_params, MAIL_PARAMS_MAX, O(PARAMS_MAX)},
    {"bytes of a boundary", make_boundary, MAIL_BOUNDARY_MAX, O(BOUNDARY_MAX)},
    {"types of one message", make_types, MAIL_WAYS_MAX, O(WAYS_MAX)},
    {"files in a text", make_inside, MAIL_INSIDE_MAX, O(INSIDE_MAX)},
    {"bytes that are decoded to find parts", make_encoded, 3000, O(SIZE_MAX)},
};

static void each_limit_is_told_one_beyond_it(void **state)
{
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++)
        for (unsigned n = limits[i].most - 1; n <= limits[i].most + 1; n++) {
            uint64_t wanted = n > limits[i].most ? limits[i].odd : 0, got;
            struct buf b = {0};
            struct cost c;

            limits[i].make(&b, n);
            read_all(buf_view(&b), limits[i].odd == O(SIZE_MAX) ? limits[i].most : DECODED, &c);
            buf_free(&b);
            got = oddity_of_grade(c.odd, ODDITY_LIMIT);
            if (got == wanted)
                continue;
            wrong++;
            print_error("%u %s: told is \"%s\", wanted is \"%s\"\n", n, limits[i].says,
                        oddity_name(oddity_first(got)), oddity_name(oddity_first(wanted)));
        }
    if (wrong)
        fail_msg("%u limits are not told where they are", wrong);
}

/* The worst of each kind, and twice as much of it: time must not be four times as long. */
static void time_is_linear(void **state)
{
    static const char *const worst[][2] = {
        {MULTI("b"), "--b\n"},     {MULTI("b"), "--bx\n"},
        {MULTI("b"), "--b"},       {TEXT, "begin 644 x\n#0V]D\n"},
        {TEXT, "begin 644 x\n"},   {TEXT, "Content-Type: text/plain\n\n"},
        {AS("base64"), "QUJD=\n"}, {AS("quoted-printable"), "=\n"},
        {TEXT, "X: y\r"},
    };

    (void)state;
    if (SLOW > 1)
        skip();
    for (size_t i = 0; i < sizeof worst / sizeof *worst; i++) {
        double cpu[2] = {1e9, 1e9};

        for (unsigned pass = 0; pass < 6; pass++) {
            struct buf b = {0};
            struct cost c;

            buf_add_str(&b, worst[i][0]);
            fill(&b, worst[i][1], (pass % 2 + 1) * 4 * MIB);
            read_all(buf_view(&b), DECODED, &c);
            buf_free(&b);
            cpu[pass % 2] = c.cpu < cpu[pass % 2] ? c.cpu : cpu[pass % 2];
        }
        if (cpu[1] > 3.2 * cpu[0] + 0.01)
            fail_msg("%s: %.3f s, and %.3f s for twice as much", worst[i][1], cpu[0], cpu[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bombs_cost_little_and_are_told),
        cmocka_unit_test(each_limit_is_told_one_beyond_it),
        cmocka_unit_test(time_is_linear),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
