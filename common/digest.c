/*
 * digest.c - see digest.h: libmd's.
 *
 * libmd is what dpkg uses: no start-up, no configuration file, nothing that a setgid program (spooldrop) would
 * have to fear, as against libcrypto.
 */
#include "common/digest.h"

#include <sha2.h>

_Static_assert(DIGEST_SIZE == SHA256_DIGEST_LENGTH, "room for the sum");

void digest_sha256(struct view bytes, unsigned char sum[DIGEST_SIZE])
{
    SHA2_CTX c;

    SHA256Init(&c);
    SHA256Update(&c, (const uint8_t *)(bytes.n ? bytes.p : ""), bytes.n);
    SHA256Final(sum, &c);
}
