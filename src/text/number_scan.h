/* Private to src/text: what the number parsers share. */
#ifndef WEIR_TEXT_NUMBER_SCAN_H
#define WEIR_TEXT_NUMBER_SCAN_H

#include "text/number.h"

/* 10^0 .. 10^19, and 10^0 .. 10^38 as 128-bit values. */
extern const uint64_t weir_num_pow10_64[20];
weir_uint128 weir_num_pow10_128(int exponent);

/* Parts of [sign] digits [. digits] [e [sign] digits]; at least one digit before the exponent. */
typedef struct weir_num_scan {
    bool negative, point, has_exponent;
    const char *whole; /* digits before the point */
    size_t whole_size;
    const char *fraction; /* digits behind the point */
    size_t fraction_size;
    int64_t exponent; /* cut to +-WEIR_NUM_EXPONENT_CUT */
} weir_num_scan;
#define WEIR_NUM_EXPONENT_CUT 1000000000000000

/* OK, EMPTY or SYNTAX. */
weir_num weir_num_scan_text(const char *p, size_t n, weir_num_scan *out);

/* The significant digits of a scanned number, leading and trailing zeros left out.  They may stand
 * on both sides of the point: digit i is at(i). value = 0.d1d2d3... * 10^point. */
typedef struct weir_num_digits {
    const char *first; /* first part */
    size_t first_size;
    const char *second; /* second part */
    size_t second_size;
    int64_t point;
} weir_num_digits;
void weir_num_scan_digits(const weir_num_scan *scan, weir_num_digits *out);

/* The first 1..8 bytes of p as a little-endian word, zeros above; reads exactly n bytes. */
static inline uint64_t weir_num_load_part(const char *p, size_t n) {
    const unsigned char *u = (const unsigned char *)p;
    if (n >= 8) return weir_num_load8(p);
    if (n >= 4) {
        uint32_t low, high;
        memcpy(&low, p, 4);
        memcpy(&high, p + n - 4, 4);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
        low = __builtin_bswap32(low);
        high = __builtin_bswap32(high);
#endif
        return low | (uint64_t)high << (8 * (n - 4));
    }
    /* The middle byte is the first or the last again where there are only two or one. */
    return u[0] | (uint64_t)u[n / 2] << (8 * (n / 2)) | (uint64_t)u[n - 1] << (8 * (n - 1));
}

/* The value of 1..19 digits; false when one is none.  Reads exactly n bytes. */
static inline bool weir_num_digits19(const char *p, size_t n, uint64_t *out) {
    if (n <= 8) {
        uint64_t x = weir_num_digits8(weir_num_load_part(p, n), n);
        *out = weir_num_value8(x);
        return weir_num_valid8(x);
    }
    uint64_t value = 0;
    size_t head = n > 16 ? n - 16 : 0;
    for (size_t i = 0; i < head; i++) {
        unsigned digit = (unsigned char)p[i] - '0';
        if (digit > 9) return false;
        value = value * 10 + digit;
    }
    p += head;
    n -= head;
    uint64_t x = weir_num_digits8(weir_num_load8(p), n - 8);
    uint64_t y = weir_num_digits8(weir_num_load8(p + n - 8), 8);
    *out = value * 10000000000000000ULL + (uint64_t)weir_num_value8(x) * 100000000 +
           weir_num_value8(y);
    return weir_num_valid8(x) && weir_num_valid8(y);
}

/* Whether the next 8 bytes are digits, and which number they make. */
static inline bool weir_num_next8(const char *p, uint32_t *out) {
    uint64_t x = weir_num_digits8(weir_num_load8(p), 8);
    *out = weir_num_value8(x);
    return weir_num_valid8(x);
}

#endif
