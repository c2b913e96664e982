/*
 * sha256.c - see sha256.h. The only file of the workers that includes OpenSSL's headers for hashing.
 *
 * Trusts libcrypto. The method is fetched when a digest is opened, so that
 * beginning a message anew costs neither a look-up nor memory.
 */
#include "workers/sha256.h"

#include "common/xalloc.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

struct sha256 {
    EVP_MD *method;
    EVP_MD_CTX *ctx;
};

struct sha256 *sha256_open(void)
{
    struct sha256 *s = xcalloc(1, sizeof *s);

    s->method = EVP_MD_fetch(NULL, "SHA256", NULL);
    s->ctx = EVP_MD_CTX_new();
    if (!s->method || !s->ctx || sha256_begin(s) < 0)
        sha256_free(&s);
    return s;
}

int sha256_begin(struct sha256 *s)
{
    return EVP_DigestInit_ex2(s->ctx, s->method, NULL) == 1 ? 0 : -1;
}

int sha256_add(struct sha256 *s, const void *p, size_t n)
{
    return EVP_DigestUpdate(s->ctx, p, n) == 1 ? 0 : -1;
}

int sha256_end(struct sha256 *s, unsigned char sum[SHA256_SIZE])
{
    unsigned n = 0;

    return EVP_DigestFinal_ex(s->ctx, sum, &n) == 1 && n == SHA256_SIZE ? 0 : -1;
}

void sha256_free(struct sha256 **s)
{
    if (!*s)
        return;
    EVP_MD_CTX_free((*s)->ctx);
    EVP_MD_free((*s)->method);
    free(*s);
    *s = NULL;
}

int sha256_load(void)
{
    static const unsigned char wanted[SHA256_SIZE] = {
        0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae, 0x22, 0x23,
        0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad,
    };
    unsigned char sum[SHA256_SIZE] = {0};
    struct sha256 *s = NULL;
    int rc = -1;

    /* Its configuration file could load engines; what a digest is needs no setting. */
    if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        return -1;
    s = sha256_open();
    if (s && sha256_add(s, "abc", 3) == 0 && sha256_end(s, sum) == 0 && memcmp(sum, wanted, sizeof sum) == 0)
        rc = 0;
    sha256_free(&s);
    return rc;
}
