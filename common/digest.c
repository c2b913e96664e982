/*
 * digest.c - see digest.h: the functions and constants of FIPS 180-4, one block after the other.
 *
 * Called when settings are loaded. Pure; bytes may be anything. Made for sums that name something, not for
 * secrets: nothing is wiped. Its tests compare it with libcrypto.
 */
#include "common/digest.h"

#include <stdint.h>

#define BLOCK  64
#define ROUNDS 64

/* The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constant[ROUNDS] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t turn(uint32_t x, unsigned n)
{
    return x >> n | x << (32 - n);
}

static uint32_t read_word(const unsigned char *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void spread(uint32_t w[ROUNDS], const unsigned char *block)
{
    for (size_t i = 0; i < 16; i++)
        w[i] = read_word(block + 4 * i);
    for (size_t i = 16; i < ROUNDS; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];

        w[i] = w[i - 16] + (turn(a, 7) ^ turn(a, 18) ^ a >> 3) + w[i - 7] +
               (turn(b, 17) ^ turn(b, 19) ^ b >> 10);
    }
}

/* The letters are those of the standard. */
static void add_block(uint32_t sum[8], const unsigned char *block)
{
    uint32_t a = sum[0], b = sum[1], c = sum[2], d = sum[3], e = sum[4], f = sum[5], g = sum[6], h = sum[7];
    uint32_t w[ROUNDS];

    spread(w, block);
    for (size_t i = 0; i < ROUNDS; i++) {
        uint32_t one =
            h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + (g ^ (e & (f ^ g))) + round_constant[i] + w[i];
        uint32_t two = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) | (c & (a | b)));

        h = g, g = f, f = e, e = d + one;
        d = c, c = b, b = a, a = one + two;
    }
    sum[0] += a, sum[1] += b, sum[2] += c, sum[3] += d;
    sum[4] += e, sum[5] += f, sum[6] += g, sum[7] += h;
}

static void write_number(unsigned char *to, uint64_t n, size_t bytes)
{
    for (size_t i = bytes; i-- > 0; n >>= 8)
        to[i] = (unsigned char)(n & 0xff);
}

void digest_sha256(struct view bytes, unsigned char sum[DIGEST_SIZE])
{
    uint32_t h[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const unsigned char *p = (const unsigned char *)bytes.p;
    unsigned char last[2 * BLOCK] = {0};
    size_t rest = bytes.n % BLOCK, whole = bytes.n - rest;
    size_t end = rest + 1 + 8 <= BLOCK ? BLOCK : 2 * BLOCK; /* a bit, then the length */

    for (size_t i = 0; i < whole; i += BLOCK)
        add_block(h, p + i);
    if (rest)
        memcpy(last, p + whole, rest);
    last[rest] = 0x80;
    write_number(last + end - 8, (uint64_t)bytes.n * 8, 8);
    for (size_t i = 0; i < end; i += BLOCK)
        add_block(h, last + i);
    for (size_t i = 0; i < 8; i++)
        write_number(sum + 4 * i, h[i], 4);
}
