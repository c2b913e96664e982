/*
 * smtp_encode.h - a message as it goes over the line, given in pieces of one size.
 *
 * Shared by the unit test and the fuzz target of workers/deliver/smtp_data.c.
 */
#ifndef TESTS_UNIT_SMTP_ENCODE_H
#define TESTS_UNIT_SMTP_ENCODE_H

#include "workers/deliver/smtp_data.h"

/* The caller frees it; *size is what SIZE= would say. */
static inline struct buf smtp_encode(struct view in, size_t piece, uint64_t *size)
{
    struct smtp_data d = {0};
    struct buf out = {0};

    for (size_t at = 0; at < in.n; at += piece)
        smtp_data_add(&d, (struct view){in.p + at, in.n - at < piece ? in.n - at : piece}, &out);
    smtp_data_end(&d, &out);
    smtp_data_dot(&out);
    *size = d.size;
    return out;
}

#endif
