/*
 * fuzz_parts.c - any bytes as a packed list of a message's parts, and any bytes as types and names of one.
 *
 * Built with libFuzzer or with a plain main that feeds files. A list that is taken packs into the
 * same bytes again and holds nothing that may not be shown; one that is refused leaves nothing. A list
 * that was made of hostile types and names can always be read back.
 */
#include "tests/fuzz/fuzz_must.h"

#include "common/parts.h"

static void look_at(const struct parts *p)
{
    MUST(p->n <= PARTS_LISTED_MAX);
    for (uint32_t k = 0; k < p->n; k++) {
        const struct parts_item *i = &p->item[k];

        MUST(i->size <= INT64_MAX && !(i->flags & ~(uint32_t)(PARTS_OTHER_READING | PARTS_INSIDE)));
        MUST(memchr(i->type, '\0', sizeof i->type) && memchr(i->name, '\0', sizeof i->name));
        for (const char *c = i->type; *c; c++)
            MUST(*c > ' ' && *c < 0x7f && !(*c >= 'A' && *c <= 'Z'));
        for (const char *c = i->name; *c; c++)
            MUST((unsigned char)*c >= 0x20 && *c != 0x7f);
    }
}

static void must_pack_as(const struct parts *p, struct view bytes)
{
    struct buf again = {0};

    parts_pack(&again, p);
    MUST(view_equal(buf_view(&again), bytes));
    buf_free(&again);
}

/* Whatever names hold, JSON is told of them without bytes that are not UTF-8. */
static void tell(const struct parts *p, size_t max)
{
    struct buf out = {0};
    struct json j;

    json_open(&j, &out);
    parts_add_json_within(&j, p, max);
    MUST(!j.raw);
    json_close(&j);
    for (size_t i = 0; i < out.n; i++)
        MUST((unsigned char)out.p[i] >= 0x20);
    buf_clear(&out);
    parts_add_ambiguous(&out, p);
    MUST((out.n > 0) == parts_is_ambiguous(p));
    buf_free(&out);
}

static void made_of(struct view bytes)
{
    struct parts p = {0}, again = {0};
    struct buf packed = {0};

    while (bytes.n >= 3) {
        struct parts_item numbers = {.flags = (unsigned char)bytes.p[0], .size = bytes.n};
        size_t type = (unsigned char)bytes.p[1], name = 2 * (size_t)(unsigned char)bytes.p[2];

        bytes = (struct view){bytes.p + 3, bytes.n - 3};
        type = type < bytes.n ? type : bytes.n;
        name = name < bytes.n - type ? name : bytes.n - type;
        parts_add(&p, &numbers, (struct view){bytes.p, type}, (struct view){bytes.p + type, name});
        bytes = (struct view){bytes.p + type + name, bytes.n - type - name};
    }
    parts_pack(&packed, &p);
    MUST(packed.n <= PARTS_PACKED_MAX);
    MUST(parts_unpack(buf_view(&packed), &again) == 0);
    MUST(again.n == p.n && again.more == p.more);
    look_at(&again);
    must_pack_as(&again, buf_view(&packed));
    parts_free(&again);
    parts_free(&p);
    buf_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct view bytes = {(const char *)data, size};
    struct parts p = {0};

    if (parts_unpack(bytes, &p) == 0) {
        look_at(&p);
        must_pack_as(&p, bytes);
        tell(&p, size ? 16 * (size_t)data[size - 1] : 0);
        parts_free(&p);
    } else {
        MUST(!p.n && !p.item);
    }
    made_of(bytes);
    return 0;
}
