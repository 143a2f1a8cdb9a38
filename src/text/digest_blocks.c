/* MD5 (RFC 1321), SHA-1, SHA-256 and SHA-512 (FIPS 180-4): one block after another. */
#include "text/digest_blocks.h"

#include "text/digest_tables.h"

static inline uint32_t left32(uint32_t x, unsigned n) {
    return x << n | x >> (32 - n);
}
static inline uint32_t right32(uint32_t x, unsigned n) {
    return x >> n | x << (32 - n);
}
static inline uint64_t right64(uint64_t x, unsigned n) {
    return x >> n | x << (64 - n);
}

static inline uint32_t load32(const uint8_t *p) {
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t load64(const uint8_t *p) {
    return (uint64_t)load32(p) << 32 | load32(p + 4);
}
static inline uint32_t load32_little(const uint8_t *p) {
    return (uint32_t)p[3] << 24 | (uint32_t)p[2] << 16 | (uint32_t)p[1] << 8 | p[0];
}

/* Four rounds of MD5, the names turning instead of the words.  MIX is the round function of b, c,
 * d; word i * step + first is used, and the four turns follow each other. */
#define MD5_ROUND(MIX, a, b, c, d, i, word_index, turn)                                            \
    (a = b + left32(a + MIX(b, c, d) + md5_sines[i] + word[(word_index) % 16], turn))
#define MD5_ROUNDS(MIX, from, first, step, turn0, turn1, turn2, turn3)                             \
    for (unsigned i = 0; i < 16; i += 4) {                                                         \
        MD5_ROUND(MIX, a, b, c, d, from + i, (first) + (step)*i, turn0);                           \
        MD5_ROUND(MIX, d, a, b, c, from + i + 1, (first) + (step) * (i + 1), turn1);               \
        MD5_ROUND(MIX, c, d, a, b, from + i + 2, (first) + (step) * (i + 2), turn2);               \
        MD5_ROUND(MIX, b, c, d, a, from + i + 3, (first) + (step) * (i + 3), turn3);               \
    }
#define MD5_F(x, y, z) (z ^ (x & (y ^ z)))
#define MD5_G(x, y, z) (y ^ (z & (x ^ y)))
#define MD5_H(x, y, z) (x ^ y ^ z)
#define MD5_I(x, y, z) (y ^ (x | ~z))

void weir_digest_blocks_md5(uint32_t state[8], const uint8_t *p, size_t blocks) {
    for (; blocks > 0; blocks--, p += 64) {
        uint32_t word[16], a = state[0], b = state[1], c = state[2], d = state[3];
        for (unsigned i = 0; i < 16; i++) word[i] = load32_little(p + 4 * i);
        MD5_ROUNDS(MD5_F, 0, 0, 1, 7, 12, 17, 22)
        MD5_ROUNDS(MD5_G, 16, 1, 5, 5, 9, 14, 20)
        MD5_ROUNDS(MD5_H, 32, 5, 3, 4, 11, 16, 23)
        MD5_ROUNDS(MD5_I, 48, 0, 7, 6, 10, 15, 21)
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
    }
}

/* Word i of the schedule, made when it is needed in place of the one 16 before it. */
static inline uint32_t sha1_word(uint32_t word[16], unsigned i) {
    if (i >= 16)
        word[i % 16] =
            left32(word[(i + 13) % 16] ^ word[(i + 8) % 16] ^ word[(i + 2) % 16] ^ word[i % 16], 1);
    return word[i % 16];
}
#define SHA1_ROUND(mix, constant)                                                                  \
    do {                                                                                           \
        uint32_t sum = left32(a, 5) + mix + e + (constant) + sha1_word(word, i);                   \
        e = d, d = c, c = left32(b, 30), b = a, a = sum;                                           \
    } while (0)

void weir_digest_blocks_sha1(uint32_t state[8], const uint8_t *p, size_t blocks) {
    for (; blocks > 0; blocks--, p += 64) {
        uint32_t word[16], a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
        for (unsigned i = 0; i < 16; i++) word[i] = load32(p + 4 * i);
        for (unsigned i = 0; i < 20; i++) SHA1_ROUND((d ^ (b & (c ^ d))), 0x5a827999);
        for (unsigned i = 20; i < 40; i++) SHA1_ROUND((b ^ c ^ d), 0x6ed9eba1);
        for (unsigned i = 40; i < 60; i++) SHA1_ROUND(((b & c) | (d & (b | c))), 0x8f1bbcdc);
        for (unsigned i = 60; i < 80; i++) SHA1_ROUND((b ^ c ^ d), 0xca62c1d6);
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
    }
}

/* One round of SHA-2.  The eight words keep their places and the names turn instead: nothing is
 * moved about.  SUM1, SUM0 are the two rotations of the width at hand. */
#define SHA2_ROUND(type, a, b, c, d, e, f, g, h, i)                                                \
    do {                                                                                           \
        type one = h + SUM1(e) + (g ^ (e & (f ^ g))) + ROOTS[i] + word[i];                         \
        d += one;                                                                                  \
        h = one + SUM0(a) + ((a & b) | (c & (a | b)));                                             \
    } while (0)
#define SHA2_ROUNDS(type, count)                                                                   \
    do {                                                                                           \
        type a = state[0], b = state[1], c = state[2], d = state[3];                               \
        type e = state[4], f = state[5], g = state[6], h = state[7];                               \
        for (unsigned i = 0; i < (count); i += 8) {                                                \
            SHA2_ROUND(type, a, b, c, d, e, f, g, h, i);                                           \
            SHA2_ROUND(type, h, a, b, c, d, e, f, g, i + 1);                                       \
            SHA2_ROUND(type, g, h, a, b, c, d, e, f, i + 2);                                       \
            SHA2_ROUND(type, f, g, h, a, b, c, d, e, i + 3);                                       \
            SHA2_ROUND(type, e, f, g, h, a, b, c, d, i + 4);                                       \
            SHA2_ROUND(type, d, e, f, g, h, a, b, c, i + 5);                                       \
            SHA2_ROUND(type, c, d, e, f, g, h, a, b, i + 6);                                       \
            SHA2_ROUND(type, b, c, d, e, f, g, h, a, i + 7);                                       \
        }                                                                                          \
        state[0] += a, state[1] += b, state[2] += c, state[3] += d;                                \
        state[4] += e, state[5] += f, state[6] += g, state[7] += h;                                \
    } while (0)

#define SUM1(x) (right32(x, 6) ^ right32(x, 11) ^ right32(x, 25))
#define SUM0(x) (right32(x, 2) ^ right32(x, 13) ^ right32(x, 22))
#define ROOTS sha256_roots
void weir_digest_blocks_sha256(uint32_t state[8], const uint8_t *p, size_t blocks) {
    for (; blocks > 0; blocks--, p += 64) {
        uint32_t word[64];
        for (unsigned i = 0; i < 16; i++) word[i] = load32(p + 4 * i);
        for (unsigned i = 16; i < 64; i++) {
            uint32_t x = word[i - 15], y = word[i - 2];
            word[i] = word[i - 16] + (right32(x, 7) ^ right32(x, 18) ^ x >> 3) + word[i - 7] +
                      (right32(y, 17) ^ right32(y, 19) ^ y >> 10);
        }
        SHA2_ROUNDS(uint32_t, 64);
    }
}
#undef SUM1
#undef SUM0
#undef ROOTS

#define SUM1(x) (right64(x, 14) ^ right64(x, 18) ^ right64(x, 41))
#define SUM0(x) (right64(x, 28) ^ right64(x, 34) ^ right64(x, 39))
#define ROOTS sha512_roots
void weir_digest_blocks_sha512(uint64_t state[8], const uint8_t *p, size_t blocks) {
    for (; blocks > 0; blocks--, p += 128) {
        uint64_t word[80];
        for (unsigned i = 0; i < 16; i++) word[i] = load64(p + 8 * i);
        for (unsigned i = 16; i < 80; i++) {
            uint64_t x = word[i - 15], y = word[i - 2];
            word[i] = word[i - 16] + (right64(x, 1) ^ right64(x, 8) ^ x >> 7) + word[i - 7] +
                      (right64(y, 19) ^ right64(y, 61) ^ y >> 6);
        }
        SHA2_ROUNDS(uint64_t, 80);
    }
}
