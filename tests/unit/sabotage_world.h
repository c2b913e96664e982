/*
 * sabotage_world.h - archives and messages with EICAR in them, each beyond something that libclamav can do.
 *
 * Included by test_av_sabotage.c. EICAR is packed in all of them, so that it is
 * found only by who unpacks it. The limits are those that the test gives to the
 * engine; they are small, for the sake of time.
 */
#ifndef TESTS_UNIT_SABOTAGE_WORLD_H
#define TESTS_UNIT_SABOTAGE_WORLD_H

#include "zip_world.h"

#include "workers/av/av_canary.h"

#include <openssl/evp.h>

#define MB        (1 << 20)
#define FILE_SIZE (4 * MB)
#define FILES     1000
#define RECURSION 10

static void make_mime(struct buf *to, const struct buf *attached)
{
    char *text = malloc(attached->n * 2 + 100);

    assert_non_null(text);
    EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)attached->p, (int)attached->n);
    buf_add_str(to, "From: a@example.org\r\nTo: b@example.org\r\nSubject: test\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n"
                    "--=_b\r\nContent-Type: application/octet-stream; name=\"a.zip\"\r\n"
                    "Content-Transfer-Encoding: base64\r\n\r\n");
    for (size_t at = 0, n = strlen(text); at < n; at += 76)
        buf_addf(to, "%.76s\r\n", text + at);
    buf_add_str(to, "--=_b--\r\n");
    free(text);
}

/* Packed, so that EICAR is not found in the bytes of the archive itself; after so many MB of zeros. */
static void make_packed(struct buf *to, unsigned mb, struct zip_member m)
{
    struct buf eicar = {0}, packed = {0};

    av_canary_make(AV_CANARY_RAW, &eicar);
    m.crc = zip_deflate(&packed, mb, buf_view(&eicar));
    m.name = "e.com";
    m.data = buf_view(&packed);
    m.method = m.method ? m.method : 8;
    m.size = mb * MB + (uint32_t)eicar.n;
    zip_make(to, &m, 1);
    buf_free(&packed);
    buf_free(&eicar);
}

/* One entry of a cpio archive ("newc"): name and bytes are padded to four. */
static void put_cpio(struct buf *to, const char *name, struct view data)
{
    buf_addf(to, "070701%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x%08x", 1u, 0100644u, 0u, 0u, 1u, 0u,
             (unsigned)data.n, 0u, 0u, 0u, 0u, (unsigned)strlen(name) + 1, 0u);
    buf_add(to, name, strlen(name) + 1);
    while (to->n % 4)
        buf_add_char(to, '\0');
    buf_add_view(to, data);
    while (to->n % 4)
        buf_add_char(to, '\0');
}

static void wrap_cpio(struct buf *to, const struct buf *file)
{
    put_cpio(to, "a.cpio", buf_view(file));
    put_cpio(to, "TRAILER!!!", (struct view){NULL, 0});
}

/* A gzip file in 30 cpio archives: nothing but the limit of recursion stands against it. */
static void make_cpios(struct buf *to)
{
    struct buf eicar = {0}, packed = {0};
    z_stream z = {0};

    av_canary_make(AV_CANARY_RAW, &eicar);
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    buf_reserve(&packed, 200);
    z.next_in = (Bytef *)eicar.p, z.avail_in = (uInt)eicar.n;
    z.next_out = (Bytef *)packed.p, z.avail_out = 200;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    packed.n = 200 - z.avail_out;
    deflateEnd(&z);
    for (unsigned i = 0; i < 30; i++) {
        struct buf outer = {0};

        wrap_cpio(&outer, &packed);
        buf_free(&packed);
        packed = outer;
    }
    buf_add_view(to, buf_view(&packed));
    buf_free(&packed);
    buf_free(&eicar);
}

static void make_plain(struct buf *to)
{
    make_packed(to, 0, (struct zip_member){0});
}

static void make_zip64(struct buf *to)
{
    make_packed(to, 0, (struct zip_member){.zip64 = true});
}

static void make_encrypted(struct buf *to)
{
    make_packed(to, 0, (struct zip_member){.flags = 1});
}

/* Whatever it holds: nobody here can unpack it. */
static void make_lzma(struct buf *to)
{
    make_packed(to, 0, (struct zip_member){.method = 14});
}

static void make_bomb(struct buf *to)
{
    make_packed(to, 600, (struct zip_member){0});
}

static void make_too_long(struct buf *to)
{
    make_packed(to, FILE_SIZE / MB + 1, (struct zip_member){0});
}

/* No more of RAR than what it is known by. */
static void make_rar(struct buf *to)
{
    buf_add(to, "Rar!\x1a\7\0\xcf\x90\x73\0\0\x0d\0\0\0\0\0\0\0", 20);
    for (int i = 0; i < 100; i++)
        buf_add_char(to, (char)(i * 37));
}

/* RFC 2046 section 5.2.2: the rest of it comes in another message. */
static void make_partial(struct buf *to)
{
    struct buf whole = {0};

    av_canary_make(AV_CANARY_MIME, &whole);
    buf_add_str(to, "From: a@example.org\r\nTo: b@example.org\r\nSubject: test\r\nMIME-Version: 1.0\r\n"
                    "Content-Type: message/partial; id=\"1@example.org\"; number=1; total=1\r\n\r\n");
    buf_add_view(to, buf_view(&whole));
    buf_free(&whole);
}

static void make_deep(struct buf *to)
{
    struct buf inner = {0};

    make_plain(&inner);
    for (int i = 1; i < 30; i++) {
        struct buf outer = {0};

        zip_make(&outer,
                 &(struct zip_member){.name = "in.zip",
                                      .data = buf_view(&inner),
                                      .crc = (uint32_t)crc32(0, (const Bytef *)inner.p, (uInt)inner.n)},
                 1);
        buf_free(&inner);
        inner = outer;
    }
    buf_add_view(to, buf_view(&inner));
    buf_free(&inner);
}

/* The last one is EICAR in an archive. */
static void make_many_of(struct buf *to, size_t n)
{
    struct zip_member *m = calloc(n, sizeof *m);
    struct buf inner = {0};

    assert_non_null(m);
    make_plain(&inner);
    for (size_t i = 0; i < n; i++)
        m[i] = (struct zip_member){.name = "a.txt", .data = VIEW("harmless")};
    m[n - 1].data = buf_view(&inner);
    zip_make(to, m, n);
    buf_free(&inner);
    free(m);
}

static void make_many(struct buf *to)
{
    make_many_of(to, FILES + FILES / 20);
}

static void make_slow(struct buf *to)
{
    make_many_of(to, FILES - 1);
}

/* A message in an archive is read by libclamav, which writes what it takes out into files. */
static void make_in_zip(struct buf *to, const struct buf *mail)
{
    struct buf packed = {0};
    struct zip_member m = {.name = "a.eml", .method = 8, .size = (uint32_t)mail->n};

    m.crc = zip_deflate(&packed, 0, buf_view(mail));
    m.data = buf_view(&packed);
    zip_make(to, &m, 1);
    buf_free(&packed);
}

static void make_mail_in_zip(struct buf *to)
{
    struct buf mail = {0};

    av_canary_make(AV_CANARY_MIME, &mail);
    make_in_zip(to, &mail);
    buf_free(&mail);
}

static void make_partial_in_zip(struct buf *to)
{
    struct buf mail = {0};

    make_partial(&mail);
    make_in_zip(to, &mail);
    buf_free(&mail);
}

#endif
