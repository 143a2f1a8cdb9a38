/* Short cuts for ASCII and short texts, which most texts are; private to src/expr.  Each does
 * exactly what the general function of src/text does, or says that it cannot. */
#ifndef WEIR_EXPR_TEXT_FAST_H
#define WEIR_EXPR_TEXT_FAST_H

#include "expr/bound.h"
#if defined(__x86_64__)
#include <emmintrin.h>
#endif

#define WEIR_HIGH_BITS 0x8080808080808080ull

/* Up to 8 bytes at p as a word, zeros behind them. */
static inline uint64_t weir_load_short(const char *p, size_t n) {
    uint64_t w = 0;
    if (n >= 8) {
        memcpy(&w, p, 8);
    } else if (n >= 4) {
        uint32_t a, b;
        memcpy(&a, p, 4);
        memcpy(&b, p + n - 4, 4);
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
        w = a | (uint64_t)b << (8 * (n - 4));
#else
        memcpy(&w, p, n);
#endif
    } else if (n) {
        memcpy(&w, p, 1);
        if (n > 1) memcpy((char *)&w + 1, p + 1, 1);
        if (n > 2) memcpy((char *)&w + 2, p + 2, 1);
    }
    return w;
}

static inline bool weir_text_is_ascii(const char *p, size_t n) {
    uint64_t bits = 0;
    size_t i = 0;
    for (; i + 8 <= n; i += 8) bits |= weir_load_short(p + i, 8);
    if (i < n) bits |= n >= 8 ? weir_load_short(p + n - 8, 8) : weir_load_short(p, n);
    return (bits & WEIR_HIGH_BITS) == 0;
}

/* ASCII letters of a word of ASCII bytes in the other case. */
static inline uint64_t weir_word_lower(uint64_t w) {
    uint64_t above = w + 0x2525252525252525ull, from = w + 0x3f3f3f3f3f3f3f3full;
    return w | (((from ^ above) & WEIR_HIGH_BITS) >> 2);
}
static inline uint64_t weir_word_upper(uint64_t w) {
    uint64_t above = w + 0x0505050505050505ull, from = w + 0x1f1f1f1f1f1f1f1full;
    return w & ~(((from ^ above) & WEIR_HIGH_BITS) >> 2);
}

/* Writes n bytes (and up to 7 more) of ASCII text in the other case; false, with out scribbled
 * over, when it is not ASCII. */
static inline bool weir_ascii_case(const char *p, size_t n, bool upper, char *out) {
    for (size_t i = 0; i < n; i += 8) {
        uint64_t w = weir_load_short(p + i, n - i);
        if (w & WEIR_HIGH_BITS) return false;
        w = upper ? weir_word_upper(w) : weir_word_lower(w);
        memcpy(out + i, &w, 8);
    }
    return true;
}

/* The first place of d in s at or behind byte `from`; s.size when there is none.  d is not empty.
 */
static inline size_t weir_text_find(weir_slice s, size_t from, weir_slice d) {
    if (s.size < d.size || from > s.size - d.size) return s.size;
    size_t last = s.size - d.size; /* the last place it can stand */
    if (d.size == 1) {
        const char *p = memchr(s.data + from, d.data[0], s.size - from);
        return p ? (size_t)(p - s.data) : s.size;
    }
#if defined(__x86_64__)
    /* Places where the first and the last byte fit, sixteen at a time. */
    const __m128i head = _mm_set1_epi8(d.data[0]), tail = _mm_set1_epi8(d.data[d.size - 1]);
    for (; from + 16 <= last + 1; from += 16) {
        __m128i a = _mm_loadu_si128((const __m128i *)(const void *)(s.data + from));
        __m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s.data + from + d.size - 1));
        unsigned fits = (unsigned)_mm_movemask_epi8(
            _mm_and_si128(_mm_cmpeq_epi8(a, head), _mm_cmpeq_epi8(b, tail)));
        for (; fits; fits &= fits - 1) {
            size_t at = from + (size_t)__builtin_ctz(fits);
            if (memcmp(s.data + at, d.data, d.size) == 0) return at;
        }
    }
#endif
    for (; from <= last; from++)
        if (s.data[from] == d.data[0] && memcmp(s.data + from, d.data, d.size) == 0) return from;
    return s.size;
}

#endif
