/* Kernels with vector code: strings, dates and timestamps of the usual form.  What they leave over
 * goes to the portable kernel or the exact path; test_csv_kernels compares them. */
#include "format/csv_kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define SSE4 __attribute__((target("sse4.2,popcnt")))

/* ---- strings ------------------------------------------------------------------------------- */

/* Views: the first 12 bytes inline with zeros behind, or prefix, block and offset. */
SSE4 uint64_t weir_csv_string_sse4(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    /* Loading 16 bytes at 16 - n gives n bytes of ones; above 12 it does not matter. */
    static const uint8_t ones[32] = {255, 255, 255, 255, 255, 255, 255, 255,
                                     255, 255, 255, 255, 255, 255, 255, 255};
    weir_view *values = out;
    uint64_t left = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        uint32_t n = c->end[i] - c->start[i];
        const uint8_t *p = c->data + c->start[i];
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        uint32_t short_n = n < 16 ? n : 16;
        __m128i mask = _mm_loadu_si128((const __m128i *)(const void *)(ones + 16 - short_n));
        __m128i size = _mm_cvtsi32_si128((int)n);
        __m128i in = _mm_or_si128(_mm_slli_si128(_mm_and_si128(v, mask), 4), size);
        __m128i place = _mm_cvtsi64_si128((int64_t)((uint64_t)c->start[i] << 32 | t->block));
        __m128i ref = _mm_unpacklo_epi64(_mm_unpacklo_epi32(size, v), place);
        __m128i is_long = _mm_set1_epi8((char)-(n > 12));
        _mm_storeu_si128((__m128i *)(void *)&values[i], _mm_blendv_epi8(in, ref, is_long));
        left |= (uint64_t)(n && p[0] == t->quote) << i;
    }
    return left;
}

/* ---- timestamps ---------------------------------------------------------------------------- */

/* Days before the month's first day, counted from March, and the months' lengths. */
static const uint16_t days_before[13] = {0, 306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275};
static const uint8_t month_days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

/* Days since 1970-01-01, or INT32_MIN when there is no such day; year 1..9999, month 1..12. */
static inline int32_t civil_days(uint32_t year, uint32_t month, uint32_t day) {
    uint32_t limit = month_days[month];
    limit += month == 2 && year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    if (day > limit || year == 0) return INT32_MIN;
    uint32_t y = year - (month <= 2); /* the year that began in March */
    return (int32_t)(y * 365 + y / 4 - y / 100 + y / 400 + days_before[month] + day) - 719469;
}

/* The digits of "2024-01-02T03:04" at p and the two of the seconds as values, in pairs: year / 100,
 * year % 100, month, day, hour, minute, second.  *good: all are digits and in range. */
SSE4 static inline __m128i time_pairs(const uint8_t *p, uint32_t seconds, bool *good) {
    const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, 11, 12, 14, 15, -1, -1, -1, -1);
    const __m128i tens = _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 10, 1, 0, 0);
    const __m128i most = _mm_setr_epi16(99, 99, 12, 31, 23, 59, 59, 0);
    const __m128i least = _mm_setr_epi16(0, 0, 1, 1, 0, 0, 0, 0);
    __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
    __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(text, _mm_set1_epi8('0')), order);
    digits = _mm_insert_epi16(digits, (int)seconds, 6);
    __m128i nines = _mm_set1_epi8(9);
    __m128i above = _mm_xor_si128(_mm_max_epu8(digits, nines), nines);
    __m128i pairs = _mm_maddubs_epi16(digits, tens);
    __m128i outside = _mm_or_si128(_mm_cmpgt_epi16(pairs, most), _mm_cmpgt_epi16(least, pairs));
    *good = _mm_testz_si128(above, above) && _mm_testz_si128(outside, outside);
    return pairs;
}

/* The kernel for "2024-01-02T03:04:05" (or a blank for the T), and "Z" behind when `zulu`. */
SSE4 static inline uint64_t timestamps(const weir_csv_cells *c, int64_t *values, bool zulu) {
    const __m128i weights = _mm_setr_epi16(100, 1, 32, 1, 60, 1, 1, 0);
    const __m128i separators = _mm_setr_epi8(0, 0, 0, 0, '-', 0, 0, '-', 0, 0, 0, 0, 0, ':', 0, 0);
    uint64_t left = 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const uint8_t *p = c->data + c->start[i];
        bool good;
        uint32_t tail = (uint32_t)p[16] | (uint32_t)p[19] << 8, seconds;
        memcpy(&seconds, p + 17, 2); /* little end first, as the digits of the vector */
        seconds = (seconds - 0x3030u) & 0xFFFF;
        __m128i pairs = time_pairs(p, seconds, &good);
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
        uint32_t equal = (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(text, separators));
        good &= (equal & 0x2090) == 0x2090 && (p[10] == 'T' || p[10] == ' ');
        good &= zulu ? tail == (':' | 'Z' << 8) : (tail & 0xFF) == ':';
        good &= c->end[i] - c->start[i] == 19u + zulu;
        __m128i fields = _mm_madd_epi16(pairs, weights);
        uint64_t low = (uint64_t)_mm_cvtsi128_si64(fields);
        uint64_t high = (uint64_t)_mm_extract_epi64(fields, 1);
        uint32_t month = (uint32_t)(low >> 37), day = (uint32_t)(low >> 32) & 31;
        int64_t of_day = (int64_t)(high & 0xFFFFFFFF) * 60 + (int64_t)(high >> 32);
        int32_t days = good ? civil_days((uint32_t)low, month, day) : INT32_MIN;
        good = days != INT32_MIN;
        values[i] = good ? (days * 86400ll + of_day) * 1000000 : 0;
        left |= (uint64_t)!good << i;
    }
    return left;
}

SSE4 uint64_t weir_csv_timestamp_sse4(const weir_csv_target *t, const weir_csv_cells *c,
                                      void *out) {
    (void)t;
    return timestamps(c, out, false);
}

SSE4 uint64_t weir_csv_timestamptz_sse4(const weir_csv_target *t, const weir_csv_cells *c,
                                        void *out) {
    (void)t;
    return timestamps(c, out, true);
}

/* "2024-01-02". */
SSE4 uint64_t weir_csv_date_sse4(const weir_csv_target *t, const weir_csv_cells *c, void *out) {
    const __m128i order = _mm_setr_epi8(0, 1, 2, 3, 5, 6, 8, 9, -1, -1, -1, -1, -1, -1, -1, -1);
    const __m128i tens = _mm_setr_epi8(10, 1, 10, 1, 10, 1, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0);
    int32_t *values = out;
    uint64_t left = 0;
    (void)t;
    for (uint32_t i = 0; i < c->n; i++) {
        const uint8_t *p = c->data + c->start[i];
        __m128i text = _mm_loadu_si128((const __m128i *)(const void *)p);
        __m128i digits = _mm_shuffle_epi8(_mm_sub_epi8(text, _mm_set1_epi8('0')), order);
        __m128i nines = _mm_set1_epi8(9);
        __m128i above = _mm_xor_si128(_mm_max_epu8(digits, nines), nines);
        uint64_t pairs = (uint64_t)_mm_cvtsi128_si64(_mm_maddubs_epi16(digits, tens));
        uint32_t month = (uint32_t)(pairs >> 32) & 0xFFFF, day = (uint32_t)(pairs >> 48);
        uint32_t year = (uint32_t)(pairs & 0xFFFF) * 100 + ((uint32_t)(pairs >> 16) & 0xFFFF);
        bool good = c->end[i] - c->start[i] == 10 && p[4] == '-' && p[7] == '-' &&
                    _mm_testz_si128(above, above) && month - 1 < 12 && day != 0;
        int32_t days = good ? civil_days(year, month, day) : INT32_MIN;
        good = days != INT32_MIN;
        values[i] = good ? days : 0;
        left |= (uint64_t)!good << i;
    }
    return left;
}

#else
typedef int weir_csv_kernels_x86_is_empty;
#endif
