/*
 * mail_reader_gmime.c - see mail_reader.h. Reads with GMime 3 (package libgmime-3.0-dev), which is compared
 * with only.
 *
 * Parsed from memory without a copy, as a message, with the options that it has by itself; each leaf is
 * written to a stream in memory, which decodes it. Goes down by recursion: GMime bounds the depth itself.
 */
#include "tests/interop/mail_reader.h"

#include <gmime/gmime.h>

const char mail_reader_name[] = "GMime";
const bool mail_reader_has_readings = false;

struct told {
    mail_reader_fn *leaf;
    void *with;
};

static void tell(const struct told *t, GMimePart *part, struct view bytes)
{
    char *type = g_mime_content_type_get_mime_type(g_mime_object_get_content_type(GMIME_OBJECT(part)));
    struct mail_reader_leaf leaf = {
        .type = view_of(type),
        .encoding = view_of(g_mime_content_encoding_to_string(g_mime_part_get_content_encoding(part))),
        .name = view_of(g_mime_part_get_filename(part)),
        .bytes = bytes};

    t->leaf(t->with, &leaf);
    g_free(type);
}

static void read_leaf(const struct told *t, GMimePart *part)
{
    GMimeDataWrapper *content = g_mime_part_get_content(part);
    GMimeStream *to = g_mime_stream_mem_new();
    GByteArray *bytes;

    if (content)
        g_mime_data_wrapper_write_to_stream(content, to);
    bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(to));
    if (t->leaf)
        tell(t, part, (struct view){(const char *)bytes->data, bytes->len});
    g_object_unref(to);
}

static void read_object(const struct told *t, GMimeObject *o)
{
    GMimeMessage *inner;

    if (GMIME_IS_MULTIPART(o)) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(o)); i++)
            read_object(t, g_mime_multipart_get_part(GMIME_MULTIPART(o), i));
    } else if (GMIME_IS_MESSAGE_PART(o)) {
        inner = g_mime_message_part_get_message(GMIME_MESSAGE_PART(o));
        if (inner && inner->mime_part)
            read_object(t, inner->mime_part);
    } else if (GMIME_IS_PART(o)) {
        read_leaf(t, GMIME_PART(o));
    }
}

uint64_t mail_reader_read(struct view message, bool all, mail_reader_fn *leaf, void *with)
{
    static bool ready;
    struct told t = {leaf, with};
    GByteArray borrowed = {(guint8 *)(uintptr_t)message.p, (guint)message.n};
    GMimeStream *stream;
    GMimeParser *parser;
    GMimeMessage *found;

    (void)all;
    if (!ready)
        g_mime_init();
    ready = true;
    stream = g_mime_stream_mem_new();
    g_byte_array_unref(g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(stream)));
    g_mime_stream_mem_set_owner(GMIME_STREAM_MEM(stream), FALSE);
    g_mime_stream_mem_set_byte_array(GMIME_STREAM_MEM(stream), &borrowed);
    parser = g_mime_parser_new_with_stream(stream);
    found = g_mime_parser_construct_message(parser, NULL);
    if (found && found->mime_part)
        read_object(&t, found->mime_part);
    if (found)
        g_object_unref(found);
    g_object_unref(parser);
    g_object_unref(stream);
    return 0;
}
