/*
 * json.h - writes JSON objects onto a buffer; reading JSON is jansson's work.
 *
 * Members are written in the order of the calls. Bytes that are not UTF-8
 * (RFC 3629) are written one by one as \u00XX, and json_close() then adds
 * "raw":true to the object that holds them, so that a reader can undo it.
 */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include "common/buf.h"

#include <stdint.h>

struct json {
    struct buf *out; /* borrowed */
    bool raw;        /* a string of the outermost open object was not UTF-8 */
    bool comma;
};

/* Opens an object with "v":1 as its first member. */
void json_open(struct json *j, struct buf *out);
/* Adds "raw":true where it is due, and the closing brace; no newline. */
void json_close(struct json *j);
void json_add_view(struct json *j, const char *key, struct view v);
void json_add_str(struct json *j, const char *key, const char *s); /* NULL writes null */
void json_add_int(struct json *j, const char *key, int64_t v);
void json_add_bool(struct json *j, const char *key, bool v);
/* RFC 3339, UTC, milliseconds; `ms` since 1970. */
void json_add_time(struct json *j, const char *key, int64_t ms);
/* `text` is JSON already. */
void json_add_text(struct json *j, const char *key, struct view text);
void json_add_views(struct json *j, const char *key, const struct view *v, size_t n);
/* A member that is an object; its members follow until json_end_object(). */
void json_begin_object(struct json *j, const char *key);
void json_end_object(struct json *j);
/* "2026-01-02T03:04:05.678Z" and its length 24; `to` has room for 32 bytes. */
size_t json_time_text(char *to, int64_t ms);

#endif
