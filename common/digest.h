/*
 * digest.h - SHA-256 (FIPS 180-4) of bytes in memory.
 *
 * For names that follow from a content, as that of a configuration (spoold/config_kept.h). Workers, who look
 * at whole messages, have libcrypto's (workers/sha256.h); for one sum the supervisor and the depositing tools
 * need no such library.
 */
#ifndef COMMON_DIGEST_H
#define COMMON_DIGEST_H

#include "common/view.h"

#define DIGEST_SIZE 32

void digest_sha256(struct view bytes, unsigned char sum[DIGEST_SIZE]);

#endif
