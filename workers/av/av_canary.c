/*
 * av_canary.c - see av_canary.h. The test messages are made here, byte by byte, at run time.
 *
 * EICAR (eicar.org, "Anti-Malware Testfile") stands here with the lowest bit of
 * each byte turned over, so that neither this source nor the binary is taken for
 * it. The archives are made by hand: a library would need files or more calls than
 * a child that is locked down has.
 */
#include "workers/av/av_canary.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <unistd.h>

#define EICAR_SIZE  68
#define EICAR_CRC   0x6851cf3cu
#define HELLO       "hello, world\n"
#define HELLO_CRC   0xf4247453u
#define SIGNATURES  "spoold-test.ndb"
#define LINE_BASE64 57 /* bytes in a line of base64 (76 characters, RFC 2045 section 6.8) */

static const char turned[EICAR_SIZE + 1] =
    "Y4N Q$A@QZ5]Q[Y45)Q_(6BB(6|%DHB@S,RU@OE@SE,@OUHWHSTR,UDRU,GHMD %I*I+";

struct zip_member {
    struct buf packed;
    size_t size;
    uint32_t crc;
};

static void make_eicar(struct buf *to)
{
    for (size_t i = 0; i < EICAR_SIZE; i++)
        buf_add_char(to, (char)(turned[i] ^ 1));
}

static void put(struct buf *to, unsigned bytes, uint32_t n)
{
    for (; bytes; bytes--, n >>= 8)
        buf_add_char(to, (char)(n & 0xff));
}

/* Codes of RFC 1951 section 3.2.6 come with their first bit first, into bytes that fill from below. */
static void put_bits(struct buf *to, unsigned *used, unsigned code, unsigned bits)
{
    while (bits--) {
        if (*used % 8 == 0)
            buf_add_char(to, '\0');
        to->p[to->n - 1] = (char)((unsigned char)to->p[to->n - 1] | (code >> bits & 1) << (*used)++ % 8);
    }
}

/* One block with the fixed codes and no repetition; for bytes below 144. */
static void deflate(struct buf *to, struct view data)
{
    unsigned used = 0;

    put_bits(to, &used, 6, 3); /* the last block; fixed codes (01, from below) */
    for (size_t i = 0; i < data.n; i++)
        put_bits(to, &used, 0x30 + (unsigned char)data.p[i], 8);
    put_bits(to, &used, 0, 7);
}

/* What a local header and the directory have in common: version 2.0, no flags, deflated, 1 January 2020. */
static void put_zip_fields(struct buf *to, struct view name, const struct zip_member *m)
{
    put(to, 2, 20);
    put(to, 4, 0x00080000);
    put(to, 4, 0x50210000);
    put(to, 4, m->crc);
    put(to, 4, (uint32_t)m->packed.n);
    put(to, 4, (uint32_t)m->size);
    put(to, 2, (uint32_t)name.n);
    put(to, 2, 0);
}

/* An archive with one member (APPNOTE 4.3.7, 4.3.12, 4.3.16). Deflated, so that only who unpacks it finds
 * what is in it. */
static void make_zip(struct buf *to, struct view name, struct view data, uint32_t crc)
{
    struct zip_member m = {.crc = crc, .size = data.n};
    size_t start = to->n, directory, end;

    deflate(&m.packed, data);
    put(to, 4, 0x04034b50);
    put_zip_fields(to, name, &m);
    buf_add_view(to, name);
    buf_add_view(to, buf_view(&m.packed));
    directory = to->n - start;
    put(to, 4, 0x02014b50);
    put(to, 2, 20);
    put_zip_fields(to, name, &m);
    put(to, 4, 0);  /* comment, disk */
    put(to, 2, 0);  /* internal attributes */
    put(to, 4, 32); /* external ones: archive */
    put(to, 4, 0);  /* where its header is */
    buf_add_view(to, name);
    end = to->n - start;
    put(to, 4, 0x06054b50);
    put(to, 4, 0);
    put(to, 2, 1);
    put(to, 2, 1);
    put(to, 4, (uint32_t)(end - directory));
    put(to, 4, (uint32_t)directory);
    put(to, 2, 0);
    buf_free(&m.packed);
}

static void make_eicar_zip(struct buf *to)
{
    struct buf eicar = {0};

    make_eicar(&eicar);
    make_zip(to, VIEW("eicar.com"), buf_view(&eicar), EICAR_CRC);
    buf_free(&eicar);
}

static void put_base64(struct buf *to, struct view v)
{
    unsigned char line[LINE_BASE64 / 3 * 4 + 1];

    while (v.n) {
        size_t n = v.n < LINE_BASE64 ? v.n : LINE_BASE64;

        EVP_EncodeBlock(line, (const unsigned char *)v.p, (int)n);
        buf_addf(to, "%s\r\n", (char *)line);
        v = (struct view){v.p + n, v.n - n};
    }
}

static void put_head(struct buf *to)
{
    buf_add_str(to, "From: a@example.org\r\nTo: b@example.org\r\nSubject: =?utf-8?Q?t=C3=A9st?=\r\n"
                    "Date: Wed, 1 Jan 2020 00:00:00 +0000\r\nMessage-ID: <canary@example.org>\r\n"
                    "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=\"=_b\"\r\n\r\n"
                    "--=_b\r\nContent-Type: text/html; charset=windows-1252\r\n"
                    "Content-Transfer-Encoding: quoted-printable\r\n\r\n"
                    "<html><head><meta http-equiv=3D\"content-type\" "
                    "content=3D\"text/html; charset=3Dwindows-1252\"></head>\r\n"
                    "<body>t=E9st <a href=3D\"https://example.org/\">example.org</a></body></html>\r\n");
}

static void put_attachment(struct buf *to, const char *name, struct view data)
{
    buf_addf(to,
             "--=_b\r\nContent-Type: application/octet-stream; name=\"%s\"\r\n"
             "Content-Transfer-Encoding: base64\r\n"
             "Content-Disposition: attachment; filename=\"%s\"\r\n\r\n",
             name, name);
    put_base64(to, data);
    buf_add_str(to, "--=_b--\r\n");
}

static void make_mime(struct buf *to)
{
    struct buf eicar = {0};

    make_eicar(&eicar);
    put_head(to);
    put_attachment(to, "eicar.com", buf_view(&eicar));
    buf_free(&eicar);
}

static void make_clean(struct buf *to)
{
    struct buf zip = {0};

    make_zip(&zip, VIEW("hello.txt"), VIEW(HELLO), HELLO_CRC);
    put_head(to);
    put_attachment(to, "hello.zip", buf_view(&zip));
    buf_free(&zip);
}

static const struct canary {
    void (*make)(struct buf *to);
    const char *what;
    enum antivirus_state wanted;
} canaries[AV_CANARY__MAX] = {
    [AV_CANARY_RAW] = {make_eicar, "the EICAR test file", ANTIVIRUS_INFECTED},
    [AV_CANARY_ZIP] = {make_eicar_zip, "the EICAR test file in a ZIP archive", ANTIVIRUS_INFECTED},
    [AV_CANARY_MIME] = {make_mime, "a message with the EICAR test file attached", ANTIVIRUS_INFECTED},
    [AV_CANARY_CLEAN] = {make_clean, "a harmless message", ANTIVIRUS_CLEAN},
};

void av_canary_make(enum av_canary which, struct buf *to)
{
    canaries[which].make(to);
}

static void explain(const struct canary *c, const struct av_answer *a, struct buf *why)
{
    if (c->wanted == ANTIVIRUS_INFECTED && a->state == ANTIVIRUS_CLEAN) {
        buf_addf(why,
                 "%s was called clean: the signatures in the folder do not find EICAR; every ClamAV set "
                 "does. Run freshclam, or check what is in the folder.",
                 c->what);
        return;
    }
    buf_addf(why, "%s was called %s", c->what, antivirus_state_name(a->state));
    if (a->why != ANTIVIRUS_EXAMINED)
        buf_addf(why, ", reason %s", antivirus_why_name(a->why));
    buf_addf(why, "%s%s%s", a->text[0] ? " (" : "", a->text, a->text[0] ? ")" : "");
}

static int ask(struct av_mail *m, const struct canary *c, struct buf *why)
{
    struct buf message = {0};
    struct av_answer a;

    c->make(&message);
    av_mail_examine(m, buf_view(&message), NULL, &a);
    buf_free(&message);
    if (a.state == c->wanted)
        return 0;
    explain(c, &a, why);
    return -1;
}

int av_canary_ask(struct av_engine *e, struct av_mail *m, struct buf *why)
{
    if (av_engine_without(e) & AV_WITHOUT_CANARY)
        return 0;
    for (size_t i = 0; i < AV_CANARY__MAX; i++)
        if (ask(m, &canaries[i], why) < 0)
            return -1;
    return 0;
}

/* One line of the .ndb format: name, any file (0), at any place (*), the bytes in hex. */
int av_canary_write_signatures(const char *dir)
{
    struct buf path = {0}, line = {0}, eicar = {0};
    int fd, rc = -1;

    make_eicar(&eicar);
    buf_add_str(&line, "Spoold.Test.EICAR:0:*:");
    for (size_t i = 0; i < eicar.n; i++)
        buf_addf(&line, "%02x", (unsigned char)eicar.p[i]);
    buf_add_char(&line, '\n');
    buf_addf(&path, "%s/" SIGNATURES, dir);
    fd = open(path.p, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd >= 0 && buf_write_fd(&line, fd) == 0)
        rc = 0;
    if (fd >= 0 && close(fd) < 0)
        rc = -1;
    buf_free(&eicar);
    buf_free(&line);
    buf_free(&path);
    return rc;
}
