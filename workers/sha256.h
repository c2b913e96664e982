/*
 * sha256.h - SHA-256 of bytes as they pass by, from libcrypto (EVP).
 *
 * A loader calls sha256_load() before the lock-down: libcrypto reads files and
 * builds its tables on first use, and after it no call here needs more than
 * memory. A digest belongs to whoever opened it and can be used again and again.
 */
#ifndef WORKERS_SHA256_H
#define WORKERS_SHA256_H

#include <stddef.h>

#define SHA256_SIZE 32

struct sha256;

/* Makes libcrypto ready and checks the answer for "abc" (FIPS 180-4). 0, or -1: it cannot be used. */
int sha256_load(void);
/* NULL when libcrypto refuses. The caller frees it. */
struct sha256 *sha256_open(void);
/* Starts anew, whatever happened before. 0 or -1. */
int sha256_begin(struct sha256 *s);
int sha256_add(struct sha256 *s, const void *p, size_t n);
int sha256_end(struct sha256 *s, unsigned char sum[SHA256_SIZE]);
void sha256_free(struct sha256 **s);

#endif
