/*
 * test_av_engine_again.c - unit tests of workers/av/av_engine.c: what is scanned a second time, and what is
 * not.
 *
 * Run by `make check`, with the real libclamav and spoold's own test signatures; the
 * list of copies itself is av_again.c's.
 */
#include "tests/unit/av_world.h"

#include "tests/unit/zip_world.h"

#include <openssl/evp.h>

#define ZSTD_PART                                                                                            \
    "MIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n"   \
    "\r\nKLUv/QAAAAAAAAAA\r\n"

/* What a test message consists of, in this order. */
struct again_case {
    const char *says;
    struct view before;
    enum av_canary canary; /* AV_CANARY__MAX: none */
    struct view behind;
    bool found, ignored; /* also when it is scanned once only */
    enum antivirus_why why;
};

static const struct again_case again[] = {
    {"a mail whose first field is called like music", {"ID3: x\r\n", 8}, AV_CANARY_MIME, {0}, true, true, 0},
    {"its attachment has no unpacker",
     {"ID3: x\r\n", 8},
     AV_CANARY__MAX,
     VIEW(ZSTD_PART),
     false,
     true,
     ANTIVIRUS_NO_UNPACKER},
    {"an archive behind music", {"OggS\0\2....", 10}, AV_CANARY_ZIP, {0}, true, true, 0},
    {"the file itself behind music", {"ID3\3\0\0\0\0\0\0", 10}, AV_CANARY_RAW, {0}, true, true, 0},
    {"music",
     VIEW("ID3\3\0\0\0\0\0\12TIT2....\xff\xfb\x90\x64\0\0\0\0\0"),
     AV_CANARY__MAX,
     {0},
     false,
     true,
     0},
    {"an honest mail", {NULL, 0}, AV_CANARY_CLEAN, {0}, false, false, 0},
    {"a mail that libclamav knows as one", {NULL, 0}, AV_CANARY_MIME, {0}, true, false, 0},
};

static void what_libclamav_takes_for_something_else_is_scanned_again(void **state)
{
    (void)state;
    for (unsigned without = 0; without <= AV_WITHOUT_AGAIN; without += AV_WITHOUT_AGAIN) {
        struct av_world w;

        world_open(&w, without);
        for (size_t i = 0; i < sizeof again / sizeof *again; i++) {
            const struct again_case *c = &again[i];
            bool blind = without && c->ignored;
            struct av_scan scan;
            struct buf b = {0};

            if (c->before.n)
                buf_add_view(&b, c->before);
            if (c->canary != AV_CANARY__MAX)
                av_canary_make(c->canary, &b);
            if (c->behind.n)
                buf_add_view(&b, c->behind);
            av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
            if ((scan.names > 0) != (c->found && !blind) || scan.layer_why != (blind ? 0 : c->why) ||
                scan.layers == 0)
                fail_msg("%s, without %u: %u names, %s", c->says, without, scan.names, scan.layer_text);
            buf_free(&b);
        }
        world_close(&w);
    }
}

#define PARTS                                                                                                \
    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"b\"\r\n"                                 \
    "\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"

/* The parts of a message come from our own parser; libclamav looks for them in what is no message only. */
static void a_mail_is_scanned_once(void **state)
{
    static const struct {
        struct view mail;
        enum av_how how;
        uint32_t scans, layers;
    } cases[] = {
        {VIEW("From: a@example.org\r\n" PARTS), AV_HOW_FILE, 1, 2},
        {VIEW("From: a@example.org\r\n" PARTS), AV_HOW_MESSAGE, 1, 1},
        {VIEW("X-Any: 1\r\n" PARTS), AV_HOW_MESSAGE, 1, 1},
        {VIEW("DKIM-Signature: v=1\r\nReceived: from a by b\r\n" PARTS), AV_HOW_MESSAGE, 1, 1},
        {VIEW("X-Any: 1\r\nX-Other: 2\r\n\r\nhello\r\n"), AV_HOW_MESSAGE, 1, 1},
        {VIEW("ID3: x\r\n" PARTS), AV_HOW_MESSAGE, 1, 1},
        {VIEW("ID3: x\r\n" PARTS), AV_HOW_FILE, 3, 3}, /* as data, as a mail */
    };
    struct av_world w;

    (void)state;
    world_open(&w, 0);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct av_scan scan;

        av_engine_scan(w.engine, &(struct av_order){.bytes = cases[i].mail, .how = cases[i].how}, &scan);
        if (scan.scans != cases[i].scans || scan.layers != cases[i].layers)
            fail_msg("case %zu: %u scans, %u layers", i, scan.scans, scan.layers);
    }
    world_close(&w);
}

/* A message with n attachments of music, the last one with EICAR in it; base64, for else that is in plain
 * sight. */
static void make_album(struct buf *to, unsigned n)
{
    struct buf song = {0};
    unsigned char line[200];

    buf_add_str(to, "From: a@example.org\r\nSubject: x\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: multipart/mixed; boundary=\"b\"\r\n");
    while (n--) {
        buf_clear(&song);
        buf_add_str(&song, "ID3....");
        if (n == 0)
            av_canary_make(AV_CANARY_RAW, &song);
        EVP_EncodeBlock(line, (const unsigned char *)song.p, (int)song.n);
        buf_addf(to, "\r\n--b\r\nContent-Type: audio/mpeg\r\nContent-Transfer-Encoding: base64\r\n\r\n%s\r\n",
                 (char *)line);
    }
    buf_add_str(to, "--b--\r\n");
    buf_free(&song);
}

static void so_many_are_scanned_again_and_no_more(void **state)
{
    struct av_world w;

    (void)state;
    world_open(&w, 0);
    for (unsigned n = 15; n <= 18; n += 3) {
        struct av_scan scan;
        struct buf b = {0};

        make_album(&b, n);
        av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
        assert_int_equal(scan.names, n < 16);
        assert_int_equal(scan.layer_why, n < 16 ? ANTIVIRUS_EXAMINED : ANTIVIRUS_LIMIT);
        buf_free(&b);
    }
    world_close(&w);
}

/* As a mail its second half would be an archive of which the beginning is missing. */
static void a_plain_archive_is_no_worse_as_a_mail(void **state)
{
    const struct zip_member m[] = {
        {.name = "a\r\n\r\n", .data = VIEW("ten bytes.\r\n\r\nand more"), .crc = 1},
        {.name = "b", .data = VIEW("words\r\n\r\nten bytes!"), .crc = 2}};
    struct av_scan scan;
    struct av_world w;
    struct buf b = {0};

    (void)state;
    world_open(&w, 0);
    zip_make(&b, m, 2);
    av_engine_scan(w.engine, &(struct av_order){.bytes = buf_view(&b)}, &scan);
    if (scan.layer_why || scan.layers != 3 || scan.names || scan.warnings)
        fail_msg("%u layers, %s", scan.layers, scan.layer_text);
    buf_free(&b);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_libclamav_takes_for_something_else_is_scanned_again),
        cmocka_unit_test(a_mail_is_scanned_once),
        cmocka_unit_test(so_many_are_scanned_again_and_no_more),
        cmocka_unit_test(a_plain_archive_is_no_worse_as_a_mail),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
