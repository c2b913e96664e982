/*
 * buf.h - a growing byte buffer; the caller owns the struct, buf_free() its bytes.
 *
 * `p` may be NULL while `n` is 0. Bytes may be anything; one NUL beyond `n` is
 * kept after every add, so that text can be handed to libc.
 */
#ifndef COMMON_BUF_H
#define COMMON_BUF_H

#include "common/view.h"

struct buf {
    char *p;
    size_t n;
    size_t cap;
};

void buf_reserve(struct buf *b, size_t more);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_add_view(struct buf *b, struct view v);
void buf_add_str(struct buf *b, const char *s);
void buf_add_char(struct buf *b, char c);
__attribute__((format(printf, 2, 3))) void buf_addf(struct buf *b, const char *fmt, ...);
/* Empties the buffer but keeps its memory. */
void buf_clear(struct buf *b);
void buf_free(struct buf *b);
struct view buf_view(const struct buf *b);

/* Reads `fd` from its present offset to the end. 0, or -1 with errno; EFBIG when it holds more than `max`. */
int buf_read_fd(struct buf *b, int fd, size_t max);
/* Writes the whole buffer. 0, or -1 with errno. */
int buf_write_fd(const struct buf *b, int fd);

#endif
