/* Proof of UTF-8, 64 bytes at a time.
 *
 * After John Keiser and Daniel Lemire, "Validating UTF-8 in less than one instruction per byte"
 * (2021): whether two neighbouring bytes may follow each other is looked up in three tables of 16
 * (by the high and the low half of the first and the high half of the second); each bit of a table
 * entry stands for one kind of fault, and a fault is there when its bit is set in all three.  That
 * leaves the third and fourth byte of a character, which must be where two continuation bytes in a
 * row were found, and nowhere else.
 */
#include "text/utf8_simd.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <stdint.h>
#include <string.h>

/* Kinds of fault; the bits of the table entries. */
enum {
    TOO_SHORT = 1,   /* lead byte, then no continuation */
    TOO_LONG = 2,    /* ASCII, then a continuation */
    OVERLONG_3 = 4,  /* E0, then 80..9F */
    TOO_LARGE = 8,   /* F4, then 90..; F5.. */
    SURROGATE = 16,  /* ED, then A0..BF */
    OVERLONG_2 = 32, /* C0, C1 */
    OVERLONG_4 = 64, /* F0, then 80..8F; also F5.. then 80..8F */
    TWO_MORE = 128,  /* two continuations: right only as third or fourth byte */
    CARRY = TOO_SHORT | TOO_LONG | TWO_MORE /* what the low half of the first byte cannot decide */
};

#define TABLE(...)                                                                                 \
    { __VA_ARGS__, __VA_ARGS__ }
static const uint8_t first_high[32] __attribute__((aligned(32))) =
    TABLE(TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TOO_LONG, TWO_MORE,
          TWO_MORE, TWO_MORE, TWO_MORE, TOO_SHORT | OVERLONG_2, TOO_SHORT,
          TOO_SHORT | OVERLONG_3 | SURROGATE, TOO_SHORT | TOO_LARGE | OVERLONG_4);
static const uint8_t first_low[32] __attribute__((aligned(32))) = TABLE(
    CARRY | OVERLONG_3 | OVERLONG_2 | OVERLONG_4, CARRY | OVERLONG_2, CARRY, CARRY,
    CARRY | TOO_LARGE, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4,
    CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4,
    CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4, CARRY | TOO_LARGE | OVERLONG_4,
    CARRY | TOO_LARGE | OVERLONG_4 | SURROGATE, CARRY | TOO_LARGE | OVERLONG_4,
    CARRY | TOO_LARGE | OVERLONG_4);
#define CONTINUED (TOO_LONG | OVERLONG_2 | TWO_MORE)
static const uint8_t second_high[32] __attribute__((aligned(32))) =
    TABLE(TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT, TOO_SHORT,
          CONTINUED | OVERLONG_3 | OVERLONG_4, CONTINUED | OVERLONG_3 | TOO_LARGE,
          CONTINUED | SURROGATE | TOO_LARGE, CONTINUED | SURROGATE | TOO_LARGE, TOO_SHORT,
          TOO_SHORT, TOO_SHORT, TOO_SHORT);
/* Bytes above these at the end of a vector start a character that goes on in the next. */
static const uint8_t last_allowed[32] __attribute__((aligned(32))) = {
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,  255,  255,
    255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0xEF, 0xDF, 0xBF};

#define AVX2 __attribute__((target("avx2")))

/* The vector's bytes moved up by `count`, the last ones of the vector before coming in. */
#define SHIFTED(now, before, count)                                                                \
    _mm256_alignr_epi8(now, _mm256_permute2x128_si256(before, now, 0x21), 16 - (count))

/* Not zero where a byte of `now` is at fault, given the 32 bytes before. */
AVX2 static inline __m256i faults(__m256i now, __m256i before) {
    const __m256i half = _mm256_set1_epi8(0x0F);
    __m256i one = SHIFTED(now, before, 1);
    __m256i a = _mm256_shuffle_epi8(_mm256_load_si256((const __m256i *)first_high),
                                    _mm256_and_si256(_mm256_srli_epi16(one, 4), half));
    __m256i b = _mm256_shuffle_epi8(_mm256_load_si256((const __m256i *)first_low),
                                    _mm256_and_si256(one, half));
    __m256i c = _mm256_shuffle_epi8(_mm256_load_si256((const __m256i *)second_high),
                                    _mm256_and_si256(_mm256_srli_epi16(now, 4), half));
    __m256i kinds = _mm256_and_si256(_mm256_and_si256(a, b), c);
    /* Bit 7 where the byte must be the third or fourth of its character. */
    __m256i third = _mm256_subs_epu8(SHIFTED(now, before, 2), _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth =
        _mm256_subs_epu8(SHIFTED(now, before, 3), _mm256_set1_epi8((char)(0xF0 - 0x80)));
    __m256i later = _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));
    return _mm256_xor_si256(kinds, later);
}

/* The start of the character that reaches over offset i, or i. */
static size_t boundary_before(const char *p, size_t i) {
    for (size_t back = 1; back <= 3 && back <= i; back++)
        if (((unsigned char)p[i - back] & 0xC0) != 0x80) return i - back;
    return i;
}

AVX2 size_t weir_utf8_valid_until_avx2(const char *p, size_t n) {
    const __m256i allowed = _mm256_load_si256((const __m256i *)last_allowed);
    __m256i before = _mm256_setzero_si256(), open = _mm256_setzero_si256();
    size_t i = 0;
    for (; i + 64 <= n; i += 64) {
        __m256i low = _mm256_loadu_si256((const __m256i *)(p + i));
        __m256i high = _mm256_loadu_si256((const __m256i *)(p + i + 32));
        __m256i bad;
        if (_mm256_movemask_epi8(_mm256_or_si256(low, high)) == 0) {
            bad = open; /* ASCII after a character that is not complete */
            open = _mm256_setzero_si256();
        } else {
            bad = _mm256_or_si256(faults(low, before), faults(high, low));
            open = _mm256_subs_epu8(high, allowed);
        }
        if (!_mm256_testz_si256(bad, bad)) return boundary_before(p, i);
        before = high;
    }
    /* The rest, and a zero behind it at least: it shows a character that is cut off. */
    char tail[64] = {0};
    memcpy(tail, p + i, n - i);
    __m256i bad = _mm256_setzero_si256();
    for (size_t k = 0; k < sizeof tail; k += 32) {
        __m256i now = _mm256_loadu_si256((const __m256i *)(tail + k));
        bad = _mm256_or_si256(bad, faults(now, before));
        before = now;
    }
    return _mm256_testz_si256(bad, bad) ? n : boundary_before(p, i);
}
#endif
