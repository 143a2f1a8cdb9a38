#include "text/hash.h"

#include <string.h>

#include "text/digest_blocks.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

/* ---- XXH3 ---------------------------------------------------------------------------------- */

uint64_t weir_hash_bytes(const void *p, size_t n, uint64_t seed) {
    return XXH3_64bits_withSeed(n ? p : "", n, seed);
}

weir_hash128 weir_hash_bytes128(const void *p, size_t n, uint64_t seed) {
    XXH128_hash_t h = XXH3_128bits_withSeed(n ? p : "", n, seed);
    return (weir_hash128){h.low64, h.high64};
}

void weir_hash_format128(weir_hash128 h, char out[32]) {
    uint8_t bytes[16];
    for (int i = 0; i < 8; i++) {
        bytes[i] = (uint8_t)(h.high >> (56 - 8 * i));
        bytes[8 + i] = (uint8_t)(h.low >> (56 - 8 * i));
    }
    weir_hex_encode(bytes, sizeof bytes, out);
}

/* ---- digests ------------------------------------------------------------------------------- */

static const uint32_t start_md5[8] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476};
static const uint32_t start_sha1[8] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
static const uint32_t start_sha224[8] = {0xc1059ed8, 0x367cd507, 0x3070dd17, 0xf70e5939,
                                         0xffc00b31, 0x68581511, 0x64f98fa7, 0xbefa4fa4};
static const uint32_t start_sha256[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
static const uint64_t start_sha384[8] = {
    0xcbbb9d5dc1059ed8ULL, 0x629a292a367cd507ULL, 0x9159015a3070dd17ULL, 0x152fecd8f70e5939ULL,
    0x67332667ffc00b31ULL, 0x8eb44a8768581511ULL, 0xdb0c2e0d64f98fa7ULL, 0x47b5481dbefa4fa4ULL};
static const uint64_t start_sha512[8] = {
    0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
    0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL};

static bool is_wide(weir_digest_kind kind) {
    return kind == WEIR_SHA384 || kind == WEIR_SHA512;
}
static size_t block_bytes(weir_digest_kind kind) {
    return is_wide(kind) ? 128 : 64;
}

size_t weir_digest_size(weir_digest_kind kind) {
    switch (kind) {
    case WEIR_MD5: return 16;
    case WEIR_SHA1: return 20;
    case WEIR_SHA224: return 28;
    case WEIR_SHA256: return 32;
    case WEIR_SHA384: return 48;
    case WEIR_SHA512: return 64;
    }
    return 0;
}

void weir_digest_init(weir_digest *d, weir_digest_kind kind) {
    d->kind = kind;
    d->total_bytes = 0;
    switch (kind) {
    case WEIR_MD5: memcpy(d->state.w32, start_md5, 32); break;
    case WEIR_SHA1: memcpy(d->state.w32, start_sha1, 32); break;
    case WEIR_SHA224: memcpy(d->state.w32, start_sha224, 32); break;
    case WEIR_SHA256: memcpy(d->state.w32, start_sha256, 32); break;
    case WEIR_SHA384: memcpy(d->state.w64, start_sha384, 64); break;
    case WEIR_SHA512: memcpy(d->state.w64, start_sha512, 64); break;
    }
}

static void add_blocks(weir_digest *d, const uint8_t *p, size_t blocks) {
    switch (d->kind) {
    case WEIR_MD5: weir_digest_blocks_md5(d->state.w32, p, blocks); break;
    case WEIR_SHA1: weir_digest_blocks_sha1(d->state.w32, p, blocks); break;
    case WEIR_SHA224:
    case WEIR_SHA256: weir_digest_blocks_sha256(d->state.w32, p, blocks); break;
    case WEIR_SHA384:
    case WEIR_SHA512: weir_digest_blocks_sha512(d->state.w64, p, blocks); break;
    }
}

void weir_digest_update(weir_digest *d, const void *p, size_t n) {
    const uint8_t *u = p;
    size_t size = block_bytes(d->kind), have = d->total_bytes % size;
    d->total_bytes += n;
    if (have) {
        size_t take = n < size - have ? n : size - have;
        if (take) memcpy(d->block + have, u, take);
        u += take;
        n -= take;
        if (have + take < size) return;
        add_blocks(d, d->block, 1);
    }
    if (n >= size) {
        add_blocks(d, u, n / size);
        u += n / size * size;
        n %= size;
    }
    if (n) memcpy(d->block, u, n);
}

void weir_digest_final(weir_digest *d, uint8_t out[WEIR_DIGEST_MAX_BYTES]) {
    static const uint8_t padding[128] = {0x80};
    size_t size = block_bytes(d->kind), length_bytes = size / 8;
    size_t have = d->total_bytes % size;
    uint64_t bits = d->total_bytes * 8;
    uint8_t length[16] = {0};
    for (size_t i = 0; i < 8; i++) {
        if (d->kind == WEIR_MD5)
            length[i] = (uint8_t)(bits >> (8 * i));
        else
            length[length_bytes - 1 - i] = (uint8_t)(bits >> (8 * i));
    }
    size_t fill = (have < size - length_bytes ? size : 2 * size) - length_bytes - have;
    weir_digest_update(d, padding, fill);
    weir_digest_update(d, length, length_bytes);
    size_t n = weir_digest_size(d->kind);
    for (size_t i = 0; i < n; i++) {
        if (is_wide(d->kind))
            out[i] = (uint8_t)(d->state.w64[i / 8] >> (56 - 8 * (i % 8)));
        else if (d->kind == WEIR_MD5)
            out[i] = (uint8_t)(d->state.w32[i / 4] >> (8 * (i % 4)));
        else
            out[i] = (uint8_t)(d->state.w32[i / 4] >> (24 - 8 * (i % 4)));
    }
}

size_t weir_digest_bytes(weir_digest_kind kind, const void *p, size_t n,
                         uint8_t out[WEIR_DIGEST_MAX_BYTES]) {
    weir_digest d;
    weir_digest_init(&d, kind);
    weir_digest_update(&d, p, n);
    weir_digest_final(&d, out);
    return weir_digest_size(kind);
}

size_t weir_digest_hex(weir_digest_kind kind, const void *p, size_t n,
                       char out[2 * WEIR_DIGEST_MAX_BYTES]) {
    uint8_t bytes[WEIR_DIGEST_MAX_BYTES];
    size_t size = weir_digest_bytes(kind, p, n, bytes);
    return weir_hex_encode(bytes, size, out);
}

size_t weir_digest_hmac(weir_digest_kind kind, const void *key, size_t key_size, const void *p,
                        size_t n, uint8_t out[WEIR_DIGEST_MAX_BYTES]) {
    size_t size = block_bytes(kind);
    uint8_t pad[128] = {0}, inner[WEIR_DIGEST_MAX_BYTES];
    if (key_size > size)
        weir_digest_bytes(kind, key, key_size, pad);
    else if (key_size)
        memcpy(pad, key, key_size);
    weir_digest d;
    for (size_t i = 0; i < size; i++) pad[i] ^= 0x36;
    weir_digest_init(&d, kind);
    weir_digest_update(&d, pad, size);
    weir_digest_update(&d, p, n);
    weir_digest_final(&d, inner);
    for (size_t i = 0; i < size; i++) pad[i] ^= 0x36 ^ 0x5C;
    weir_digest_init(&d, kind);
    weir_digest_update(&d, pad, size);
    weir_digest_update(&d, inner, weir_digest_size(kind));
    weir_digest_final(&d, out);
    return weir_digest_size(kind);
}
