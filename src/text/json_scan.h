/* Inline scanners for the hot loops of JSON.
 *
 * Functions ending in _padded may read up to 16 bytes behind end (text in a weir_block has the
 * padding); the others read exactly what they are given.
 */
#ifndef WEIR_TEXT_JSON_SCAN_H
#define WEIR_TEXT_JSON_SCAN_H

#include "text/json.h"
#include "text/number.h"

#if defined(__x86_64__)
#include <emmintrin.h>
#endif

/* One bit in the top of each byte of w that is '"', '\\' or below 0x20; bytes above the first hit
 * may be marked falsely, so only the lowest mark counts. */
static inline uint64_t weir_json_special8(uint64_t w) {
    const uint64_t ones = 0x0101010101010101ULL, tops = 0x8080808080808080ULL;
    uint64_t quote = w ^ (ones * '"'), back = w ^ (ones * '\\');
    uint64_t hit = ((quote - ones) & ~quote) | ((back - ones) & ~back) | ((w - ones * 0x20) & ~w);
    return hit & tops;
}

/* The portable form of weir_json_scan_padded. */
static inline const char *weir_json_scan_portable(const char *p, const char *end) {
    while (p < end) {
        uint64_t hit = weir_json_special8(weir_num_load8(p));
        if (hit) {
            p += __builtin_ctzll(hit) >> 3;
            return p < end ? p : end;
        }
        p += 8;
    }
    return end;
}

/* Finds the first '"', '\\' or control character in [p, end); end when there is none. */
static inline const char *weir_json_scan_padded(const char *p, const char *end) {
#if defined(__x86_64__)
    const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\'),
                  control = _mm_set1_epi8(0x1F);
    while (p < end) {
        __m128i v = _mm_loadu_si128((const __m128i *)p);
        __m128i hit =
            _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, back)),
                         _mm_cmpeq_epi8(_mm_min_epu8(v, control), v)); /* unsigned v <= 0x1F */
        unsigned mask = (unsigned)_mm_movemask_epi8(hit);
        if (mask) {
            p += __builtin_ctz(mask);
            return p < end ? p : end;
        }
        p += 16;
    }
    return end;
#else
    return weir_json_scan_portable(p, end);
#endif
}

/* White space of JSON but for the line feed, which ends a record of NDJSON. */
static inline bool weir_json_is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

#endif
