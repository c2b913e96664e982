/*
 * zip_world.h - ZIP archives made byte by byte, right ones and wrong ones, for the tests of worker-av.
 *
 * Included by test_av_*.c. An archive is made from a list of members; wrong ones
 * by patches: so many bytes of the first local header, directory entry or end
 * record are replaced. What av_zip.c says of one is asked by zip_expect().
 */
#ifndef TESTS_UNIT_ZIP_WORLD_H
#define TESTS_UNIT_ZIP_WORLD_H

#include "common/buf.h"
#include "workers/av/av_zip.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <zlib.h>

struct zip_member {
    const char *name;
    struct view data; /* as it is in the archive: packed */
    uint32_t method, flags, crc;
    uint32_t size; /* unpacked; 0: as long as `data` */
    bool streamed; /* the sizes behind the data */
    bool zip64;    /* local sizes in an extra field only */
};

#define ZIP_PATCHES 4
struct zip_patch {
    char where; /* 'L' local header, 'C' directory, 'E' end record; 0: no more */
    unsigned at, bytes;
    uint32_t value;
};

#define ZIP_TEXT "some words that are stored"

static const struct av_zip_limits zip_limits = {.file_size = 100000, .scan_size = 150000, .files = 20};
static const struct zip_member zip_two[] = {{.name = "a.txt", .data = VIEW(ZIP_TEXT)},
                                            {.name = "dir/b", .data = VIEW("other words")}};
static const struct zip_member zip_streamed[] = {{.name = "a.txt", .data = VIEW(ZIP_TEXT), .streamed = true}};

static inline void zip_put(struct buf *to, unsigned bytes, uint64_t n)
{
    for (; bytes; bytes--, n >>= 8)
        buf_add_char(to, (char)(n & 0xff));
}

/* From the version to the length of the name, alike in local header and directory. */
static inline void zip_put_fields(struct buf *to, const struct zip_member *m, bool local)
{
    uint32_t size = m->size ? m->size : (uint32_t)m->data.n;
    bool hide = local && m->streamed, far = local && m->zip64;

    zip_put(to, 2, m->zip64 ? 45 : 20);
    zip_put(to, 2, m->flags | (m->streamed ? 8 : 0));
    zip_put(to, 2, m->method);
    zip_put(to, 4, 0x50210000);
    zip_put(to, 4, hide ? 0 : m->crc);
    zip_put(to, 4, far ? UINT32_MAX : hide ? 0 : m->data.n);
    zip_put(to, 4, far ? UINT32_MAX : hide ? 0 : size);
    zip_put(to, 2, strlen(m->name));
}

static inline void zip_put_local(struct buf *to, const struct zip_member *m)
{
    zip_put(to, 4, 0x04034b50);
    zip_put_fields(to, m, true);
    zip_put(to, 2, m->zip64 ? 20 : 0);
    buf_add_str(to, m->name);
    if (m->zip64) {
        zip_put(to, 4, 1 | 16 << 16);
        zip_put(to, 8, m->size ? m->size : m->data.n);
        zip_put(to, 8, m->data.n);
    }
    buf_add_view(to, m->data);
    if (m->streamed) {
        zip_put(to, 4, 0x08074b50);
        zip_put(to, 4, m->crc);
        zip_put(to, 4, m->data.n);
        zip_put(to, 4, m->size ? m->size : m->data.n);
    }
}

static inline void zip_put_entry(struct buf *to, const struct zip_member *m, uint32_t offset)
{
    zip_put(to, 4, 0x02014b50);
    zip_put(to, 2, 20);
    zip_put_fields(to, m, false);
    zip_put(to, 2, 0); /* extra field */
    zip_put(to, 2, 0); /* comment */
    zip_put(to, 8, 0); /* disk, attributes */
    zip_put(to, 4, offset);
    buf_add_str(to, m->name);
}

static inline void zip_put_end(struct buf *to, size_t entries, uint32_t size, uint32_t offset)
{
    zip_put(to, 4, 0x06054b50);
    zip_put(to, 4, 0);
    zip_put(to, 2, entries);
    zip_put(to, 2, entries);
    zip_put(to, 4, size);
    zip_put(to, 4, offset);
    zip_put(to, 2, 0);
}

/* Appends an archive whose offsets count from its own beginning. */
static inline void zip_make(struct buf *to, const struct zip_member *m, size_t n)
{
    size_t start = to->n, first;
    struct buf directory = {0};

    for (size_t i = 0; i < n; i++) {
        zip_put_entry(&directory, &m[i], (uint32_t)(to->n - start));
        zip_put_local(to, &m[i]);
    }
    first = to->n - start;
    buf_add_view(to, buf_view(&directory));
    zip_put_end(to, n, (uint32_t)directory.n, (uint32_t)first);
    buf_free(&directory);
}

static inline char *zip_find(struct buf *b, char where)
{
    const char *sig = where == 'L' ? "PK\3\4" : where == 'C' ? "PK\1\2" : "PK\5\6";
    char *p = memmem(b->p, b->n, sig, 4);

    assert_non_null(p);
    return p;
}

static inline void zip_patch(struct buf *b, const struct zip_patch patch[ZIP_PATCHES])
{
    for (unsigned i = 0; i < ZIP_PATCHES && patch[i].where; i++) {
        char *p = zip_find(b, patch[i].where) + patch[i].at;

        for (unsigned k = 0; k < patch[i].bytes; k++)
            p[k] = (char)(patch[i].value >> (8 * k) & 0xff);
    }
}

static inline void zip_look(const struct buf *b, struct av_zip_report *r)
{
    /* A copy of its very size, so that a sanitizer sees each byte read beyond it. */
    char *exact = malloc(b->n ? b->n : 1);

    assert_non_null(exact);
    if (b->n)
        memcpy(exact, b->p, b->n);
    av_zip_check((struct view){exact, b->n}, &zip_limits, r);
    free(exact);
}

/* NULL: any text. */
static inline void zip_expect(const char *what, const struct buf *b, enum antivirus_why why, const char *text)
{
    struct av_zip_report r;

    zip_look(b, &r);
    if (r.why != why || (text && strcmp(r.text, text) != 0))
        fail_msg("%s: got %s (%s), wanted %s (%s)", what, antivirus_why_name(r.why), r.text,
                 antivirus_why_name(why), text ? text : "any text");
}

/* Raw deflate of `times` MB of zeros and then of `tail`; the zeros are packed once. */
static inline uint32_t zip_deflate(struct buf *to, unsigned times, struct view tail)
{
    const size_t mb = 1 << 20;
    unsigned char *zeros = calloc(1, mb), *out = malloc(mb);
    uLong crc = crc32(0, NULL, 0), block = crc32(0, zeros, (uInt)mb);
    z_stream z = {0};

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 9, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = zeros, z.avail_in = (uInt)mb;
    z.next_out = out, z.avail_out = (uInt)mb;
    assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
    for (unsigned i = 0; i < times; i++) {
        buf_add(to, out, mb - z.avail_out);
        crc = crc32_combine(crc, block, (z_off_t)mb);
    }
    z.next_in = (unsigned char *)(uintptr_t)tail.p, z.avail_in = (uInt)tail.n;
    z.next_out = out, z.avail_out = (uInt)mb;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    buf_add(to, out, mb - z.avail_out);
    deflateEnd(&z);
    free(zeros);
    free(out);
    return (uint32_t)crc32_combine(crc, crc32(crc32(0, NULL, 0), (const Bytef *)tail.p, (uInt)tail.n),
                                   (z_off_t)tail.n);
}

#endif
