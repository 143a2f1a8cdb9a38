/* Hashes: fast ones for tables (XXH3), and the well-known digests for data.
 *
 * XXH3 values are the same on every machine and may be stored.  MD5 and SHA-1 are here because data
 * uses them; they protect against nothing.  Any thread; nothing is allocated.
 */
#ifndef WEIR_TEXT_HASH_H
#define WEIR_TEXT_HASH_H

#include <stddef.h>
#include <stdint.h>
#include "text/encode.h"

/* XXH3, 64 and 128 bits. */
typedef struct weir_hash128 {
    uint64_t low, high;
} weir_hash128;
uint64_t weir_hash_bytes(const void *p, size_t n, uint64_t seed);
weir_hash128 weir_hash_bytes128(const void *p, size_t n, uint64_t seed);
/* The canonical (big-endian) form of a 128-bit hash as 32 hexadecimal digits, no terminator. */
void weir_hash_format128(weir_hash128 h, char out[32]);

/* A cheap, good mix of one word; for integer keys. */
static inline uint64_t weir_hash_word(uint64_t x, uint64_t seed) {
    unsigned __int128 m;
    x ^= seed ^ 0x9E3779B97F4A7C15ULL;
    m = (unsigned __int128)x * 0xD6E8FEB86659FD93ULL;
    x = (uint64_t)m ^ (uint64_t)(m >> 64);
    m = (unsigned __int128)x * 0xA0761D6478BD642FULL;
    return (uint64_t)m ^ (uint64_t)(m >> 64);
}
/* Joins the hash of a further column to that of the row so far; order matters. */
static inline uint64_t weir_hash_combine(uint64_t a, uint64_t b) {
    return (a ^ b) * 0x9E3779B97F4A7C15ULL ^ ((a << 27) | (a >> 37));
}

typedef enum weir_digest_kind {
    WEIR_MD5,
    WEIR_SHA1,
    WEIR_SHA224,
    WEIR_SHA256,
    WEIR_SHA384,
    WEIR_SHA512
} weir_digest_kind;
#define WEIR_DIGEST_MAX_BYTES 64

/* A digest under way; on the caller's stack, copyable. */
typedef struct weir_digest {
    weir_digest_kind kind;
    uint64_t total_bytes;
    union {
        uint32_t w32[8];
        uint64_t w64[8];
    } state;
    uint8_t block[128];
} weir_digest;
void weir_digest_init(weir_digest *d, weir_digest_kind kind);
void weir_digest_update(weir_digest *d, const void *p, size_t n);
/* Writes weir_digest_size(kind) bytes; d must be initialised again before further use. */
void weir_digest_final(weir_digest *d, uint8_t out[WEIR_DIGEST_MAX_BYTES]);
size_t weir_digest_size(weir_digest_kind kind);
/* All at once; returns the size. */
size_t weir_digest_bytes(weir_digest_kind kind, const void *p, size_t n,
                         uint8_t out[WEIR_DIGEST_MAX_BYTES]);
/* The digest as lower-case hexadecimal text without terminator; returns its length. */
size_t weir_digest_hex(weir_digest_kind kind, const void *p, size_t n,
                       char out[2 * WEIR_DIGEST_MAX_BYTES]);
/* HMAC (RFC 2104); returns the size. */
size_t weir_digest_hmac(weir_digest_kind kind, const void *key, size_t key_size, const void *p,
                        size_t n, uint8_t out[WEIR_DIGEST_MAX_BYTES]);

/* CRC-32 as in gzip and zip (reflected 0xEDB88320), and CRC-32C (Castagnoli) as in Kafka and
 * Snappy's framing.  Start with crc 0; feed the result of the last piece to the next. */
uint32_t weir_crc32(uint32_t crc, const void *p, size_t n);
uint32_t weir_crc32c(uint32_t crc, const void *p, size_t n);

#endif
