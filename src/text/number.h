/* Numbers and their text.
 *
 * All functions take bytes and a length, need no terminator, know no locale, allocate nothing and
 * may be called from any thread.  Text is strict: an optional sign ('+' too), digits, and where it
 * applies a point and an exponent; leading zeros are fine; no blanks, no underscores, no thousands
 * marks.  *out is untouched unless the result is WEIR_NUM_OK.
 *
 * Functions ending in _padded may read up to 16 bytes behind p + n (the bytes there do not matter);
 * text inside a weir_block has WEIR_BLOCK_PAD of them.  All others read exactly n bytes.
 */
#ifndef WEIR_TEXT_NUMBER_H
#define WEIR_TEXT_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef __int128 weir_int128;
typedef unsigned __int128 weir_uint128;

typedef enum weir_num {
    WEIR_NUM_OK = 0,
    WEIR_NUM_EMPTY,  /* no bytes at all */
    WEIR_NUM_SYNTAX, /* not a number of this form */
    WEIR_NUM_RANGE,  /* a number, but too large for the type (or, for floats, too small) */
    WEIR_NUM_LOSSY   /* a number in range that the type cannot hold exactly */
} weir_num;

/* "empty text", "not a number", "out of range", "not exact": the end of a sentence for people. */
const char *weir_num_text(weir_num result);

/* ---- text to integers ---------------------------------------------------------------------- */

/* Decimal integers.  Negative text is out of range for unsigned types, but "-0" is 0. */
weir_num weir_num_parse_int64(const char *p, size_t n, int64_t *out);
weir_num weir_num_parse_uint64(const char *p, size_t n, uint64_t *out);
weir_num weir_num_parse_int128(const char *p, size_t n, weir_int128 *out);
/* An integer that must lie within min..max (int32 columns and the like). */
weir_num weir_num_parse_int_within(const char *p, size_t n, int64_t min, int64_t max, int64_t *out);

/* ---- text to decimals ---------------------------------------------------------------------- */

/* The value times 10^scale as an integer, exact or not at all.  precision 1..18 (decimal64) or
 * 1..38 (decimal128), scale 0..precision.  "1.50" and "15e-1" fit scale 2; "1.505" is LOSSY;
 * |value * 10^scale| >= 10^precision is RANGE (and comes before LOSSY). */
weir_num weir_num_parse_decimal64(const char *p, size_t n, int precision, int scale, int64_t *out);
weir_num weir_num_parse_decimal128(const char *p, size_t n, int precision, int scale,
                                   weir_int128 *out);

/* What a decimal needs: digits before the point without leading zeros, and behind it as written,
 * exponent applied ("1e2" is 3 and 0, "-0.50" is 0 and 2).  For type inference.  RANGE when either
 * is above 1000. */
typedef struct weir_num_shape {
    int whole;     /* significant digits before the point */
    int fraction;  /* digits behind the point */
    bool point;    /* a point was written */
    bool exponent; /* an exponent was written */
} weir_num_shape;
weir_num weir_num_measure(const char *p, size_t n, weir_num_shape *out);

/* ---- text to floats ------------------------------------------------------------------------ */

enum {
    WEIR_NUM_WORDS = 1 /* also inf, infinity and nan, any case, with a sign */
};
/* The nearest double or float, ties to even, whatever the number of digits.  "1." and ".5" are
 * numbers, "." is not.  Too large, and not zero but rounded to zero, are RANGE. */
weir_num weir_num_parse_double(const char *p, size_t n, unsigned flags, double *out);
weir_num weir_num_parse_float(const char *p, size_t n, unsigned flags, float *out);

/* ---- words --------------------------------------------------------------------------------- */

/* true t yes y on 1 / false f no n off 0, ASCII case ignored; else SYNTAX. */
weir_num weir_num_parse_bool(const char *p, size_t n, bool *out);

/* ---- marks --------------------------------------------------------------------------------- */

/* How numbers are written: the decimal mark, '.' or ',', and what stands between thousands, 0 =
 * nothing.  ' ' stands for no-break, narrow and thin spaces, too, and '\'' for the apostrophe of
 * typesetters. */
typedef struct weir_num_marks {
    char decimal, thousands;
} weir_num_marks;

/* From options: one character each, NULL = not given.  false: no such mark, or both are the same.
 */
bool weir_num_marks_of(const char *decimal, const char *thousands, weir_num_marks *out);

/* Longest text that weir_num_plain takes, and the room that it needs. */
#define WEIR_NUM_PLAIN_MAX 128
/* Writes the number (p, n) without marks and with a point into out (room WEIR_NUM_PLAIN_MAX); *size
 * its length.  Groups behind a thousands mark have three digits each, the first one to three; a
 * number without any mark is fine.  The minus may stand behind the number, as bookkeeping systems
 * write it.  OK says that the marks are right, not yet that the rest is a number. */
weir_num weir_num_plain(const char *p, size_t n, weir_num_marks marks, char *out, size_t *size);

/* ---- values to text ------------------------------------------------------------------------ */

/* All write without terminator into out, which has room for the named maximum, and return the
 * number of bytes.  They may scribble over the whole maximum. */
#define WEIR_NUM_INT64_MAX 24
#define WEIR_NUM_INT128_MAX 48
#define WEIR_NUM_DECIMAL_MAX 48
#define WEIR_NUM_DOUBLE_MAX 32
size_t weir_num_format_int64(int64_t value, char *out);
size_t weir_num_format_uint64(uint64_t value, char *out);
size_t weir_num_format_int128(weir_int128 value, char *out);
/* value / 10^scale with exactly scale digits behind the point: (1050, 2) is "10.50", (-5, 2) is
 * "-0.05".  scale 0..38. */
size_t weir_num_format_decimal64(int64_t value, int scale, char *out);
size_t weir_num_format_decimal128(weir_int128 value, int scale, char *out);
/* The shortest text that parses back to the same value, and among these the closest.  As in
 * PostgreSQL: plain digits when 1e-4 <= |value| < 1e15 (float: 1e6), else "1.5e+20"; whole numbers
 * without a point; "NaN", "Infinity", "-Infinity", "-0". */
size_t weir_num_format_double(double value, char *out);
size_t weir_num_format_float(float value, char *out);

/* ---- for hot loops ------------------------------------------------------------------------- */

/* 8 bytes as a little-endian word: the first byte lowest. */
static inline uint64_t weir_num_load8(const char *p) {
    uint64_t w;
    memcpy(&w, p, 8);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    w = __builtin_bswap64(w);
#endif
    return w;
}
/* The first n of 8 loaded bytes (1 <= n <= 8) as the values of 8 digits, with zeros in front: the
 * others are pushed out at the top. */
static inline uint64_t weir_num_digits8(uint64_t word, size_t n) {
    return (word ^ 0x3030303030303030ULL) << (64 - 8 * n);
}
/* Whether all 8 bytes of such values are 0..9. */
static inline bool weir_num_valid8(uint64_t digits) {
    return (((digits + 0x7676767676767676ULL) | digits) & 0x8080808080808080ULL) == 0;
}
/* The number that 8 such values make. */
static inline uint32_t weir_num_value8(uint64_t digits) {
    digits = digits * 10 + (digits >> 8); /* pairs in every other byte */
    return (uint32_t)(((digits & 0x000000FF000000FFULL) * 0x000F424000000064ULL +
                       (digits >> 16 & 0x000000FF000000FFULL) * 0x0000271000000001ULL) >>
                      32);
}

/* weir_num_parse_int64 for padded text: up to 16 digits inline and without a loop. */
static inline weir_num weir_num_parse_int64_padded(const char *p, size_t n, int64_t *out) {
    size_t sign = n != 0 && *p == '-';
    const char *d = p + sign;
    size_t digits = n - sign;
    uint64_t value;
    if (digits - 1 < 8) {
        uint64_t x = weir_num_digits8(weir_num_load8(d), digits);
        if (!weir_num_valid8(x)) return weir_num_parse_int64(p, n, out);
        value = weir_num_value8(x);
    } else if (digits - 9 < 8) {
        uint64_t x = weir_num_digits8(weir_num_load8(d), digits - 8);
        uint64_t y = weir_num_digits8(weir_num_load8(d + digits - 8), 8);
        if (!weir_num_valid8(x) || !weir_num_valid8(y)) return weir_num_parse_int64(p, n, out);
        value = (uint64_t)weir_num_value8(x) * 100000000 + weir_num_value8(y);
    } else {
        return weir_num_parse_int64(p, n, out);
    }
    *out = (int64_t)((value ^ (0 - (uint64_t)sign)) + sign);
    return WEIR_NUM_OK;
}

/* weir_num_parse_decimal64 for padded text. */
weir_num weir_num_parse_decimal64_padded(const char *p, size_t n, int precision, int scale,
                                         int64_t *out);

#endif
