/* Cutting and indexing regular CSV 64 bytes at a time: masks of quotes, delimiters and line ends,
 * and the running xor of the quote mask, which is 1 inside quotes. */
#include "format/csv.h"

#include "base/cpu.h"
#include "text/number.h"

/* ---- portable ------------------------------------------------------------------------------ */

typedef struct portable_group {
    uint64_t words[8];
} portable_group;

static inline portable_group portable_load(const uint8_t *p) {
    portable_group g;
    for (int i = 0; i < 8; i++) g.words[i] = weir_num_load8((const char *)p + i * 8);
    return g;
}

/* 0x80 in each byte of the word that is zero. */
static inline uint64_t zero_bytes(uint64_t w) {
    const uint64_t low = 0x7F7F7F7F7F7F7F7Full;
    return ~(((w & low) + low) | w | low);
}

static inline uint64_t portable_eq(portable_group g, uint8_t b) {
    const uint64_t pattern = 0x0101010101010101ull * b;
    uint64_t mask = 0;
    for (int i = 0; i < 8; i++) {
        /* The product gathers one bit of each byte in the top byte. */
        uint64_t bits = (zero_bytes(g.words[i] ^ pattern) >> 7) * 0x0102040810204080ull >> 56;
        mask |= bits << (i * 8);
    }
    return mask;
}

static inline uint64_t portable_prefix_xor(uint64_t m) {
    for (int shift = 1; shift < 64; shift *= 2) m ^= m << shift;
    return m;
}

typedef struct portable_pattern {
    uint64_t delimiter, quote;
} portable_pattern;

static inline portable_pattern portable_half_make(uint8_t delimiter, uint8_t quote) {
    const uint64_t ones = 0x0101010101010101ull;
    portable_pattern p = {ones * delimiter, ones * quote};
    return p;
}

static inline bool portable_half_special(const uint8_t *p, uint32_t n,
                                         const portable_pattern *pattern) {
    const uint64_t lf = 0x0A0A0A0A0A0A0A0Aull, cr = 0x0D0D0D0D0D0D0D0Dull;
    for (uint32_t at = 0; at < n; at += 8) {
        uint64_t w = weir_num_load8((const char *)p + at);
        uint64_t found = zero_bytes(w ^ pattern->delimiter) | zero_bytes(w ^ pattern->quote) |
                         zero_bytes(w ^ lf) | zero_bytes(w ^ cr);
        if (n - at < 8) found &= (1ull << (n - at) * 8) - 1;
        if (found) return true;
    }
    return false;
}

#define BODY(name) name##_portable
#define BODY_ATTR
#define half_pattern portable_pattern
#define half_make portable_half_make
#define half_special portable_half_special
#define group portable_group
#define group_load portable_load
#define group_eq portable_eq
#define prefix_xor portable_prefix_xor
#include "format/csv_simd_body.h"
#undef BODY
#undef BODY_ATTR
#undef group
#undef group_load
#undef group_eq
#undef prefix_xor
#undef half_pattern
#undef half_make
#undef half_special

const weir_csv_kernels weir_csv_kernels_portable = {
    "portable", cut_portable, index_portable, lines_portable, special_portable, mark_portable};

/* ---- AVX2 ---------------------------------------------------------------------------------- */

#if defined(__x86_64__)
#include <immintrin.h>

#define AVX2 __attribute__((target("avx2,pclmul,bmi,bmi2,lzcnt,popcnt")))

typedef struct avx2_group {
    __m256i low, high;
} avx2_group;

AVX2 static inline avx2_group avx2_load(const uint8_t *p) {
    avx2_group g = {_mm256_loadu_si256((const __m256i *)(const void *)p),
                    _mm256_loadu_si256((const __m256i *)(const void *)(p + 32))};
    return g;
}

AVX2 static inline uint64_t avx2_eq(avx2_group g, uint8_t b) {
    __m256i pattern = _mm256_set1_epi8((char)b);
    uint32_t low = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(g.low, pattern));
    uint32_t high = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(g.high, pattern));
    return (uint64_t)high << 32 | low;
}

AVX2 static inline uint64_t avx2_prefix_xor(uint64_t m) {
    __m128i product = _mm_clmulepi64_si128(_mm_set_epi64x(0, (int64_t)m), _mm_set1_epi8(-1), 0);
    return (uint64_t)_mm_cvtsi128_si64(product);
}

typedef struct avx2_pattern {
    __m256i delimiter, quote;
} avx2_pattern;

AVX2 static inline avx2_pattern avx2_half_make(uint8_t delimiter, uint8_t quote) {
    avx2_pattern p = {_mm256_set1_epi8((char)delimiter), _mm256_set1_epi8((char)quote)};
    return p;
}

AVX2 static inline bool avx2_half_special(const uint8_t *p, uint32_t n,
                                          const avx2_pattern *pattern) {
    __m256i v = _mm256_loadu_si256((const __m256i *)(const void *)p);
    __m256i ends = _mm256_or_si256(_mm256_cmpeq_epi8(v, _mm256_set1_epi8('\n')),
                                   _mm256_cmpeq_epi8(v, _mm256_set1_epi8('\r')));
    __m256i marks = _mm256_or_si256(_mm256_cmpeq_epi8(v, pattern->delimiter),
                                    _mm256_cmpeq_epi8(v, pattern->quote));
    uint32_t found = (uint32_t)_mm256_movemask_epi8(_mm256_or_si256(ends, marks));
    return _bzhi_u32(found, n) != 0;
}

#define BODY(name) name##_avx2
#define half_pattern avx2_pattern
#define half_make avx2_half_make
#define half_special avx2_half_special
#define BODY_ATTR AVX2
#define group avx2_group
#define group_load avx2_load
#define group_eq avx2_eq
#define prefix_xor avx2_prefix_xor
#include "format/csv_simd_body.h"

static const weir_csv_kernels kernels_avx2 = {"avx2",     cut_avx2,     index_avx2,
                                              lines_avx2, special_avx2, mark_avx2};
#endif

const weir_csv_kernels *weir_csv_kernels_pick(void) {
#if defined(__x86_64__)
    if (weir_cpu_has_avx2() && weir_cpu_has_pclmul()) return &kernels_avx2;
#endif
    return &weir_csv_kernels_portable;
}
