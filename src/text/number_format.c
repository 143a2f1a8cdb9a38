/* Integers and decimals to text. */
#include "text/number_format.h"
#include "text/number_scan.h"

const char weir_num_pairs[200] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

/* Number of decimal digits, 1 for 0. */
static inline unsigned digits_of(uint64_t value) {
    /* bits * log10(2), never too small by more than the comparison mends */
    unsigned guess = ((64 - (unsigned)__builtin_clzll(value | 1)) * 1233) >> 12;
    return guess + (value >= weir_num_pow10_64[guess]) + (value == 0 && guess == 0);
}

/* Exactly `count` digits, with leading zeros. */
static inline void put_digits(char *out, uint64_t value, unsigned count) {
    while (value > UINT32_MAX && count >= 8) {
        uint32_t low = (uint32_t)(value % 100000000);
        value /= 100000000;
        count -= 8;
        for (unsigned i = 4; i-- > 0; low /= 100)
            memcpy(out + count + 2 * i, weir_num_pairs + low % 100 * 2, 2);
    }
    uint32_t rest = (uint32_t)value;
    for (; count >= 2; count -= 2, rest /= 100)
        memcpy(out + count - 2, weir_num_pairs + rest % 100 * 2, 2);
    if (count) *out = (char)('0' + rest % 10);
}

size_t weir_num_format_uint64(uint64_t value, char *out) {
    unsigned count = digits_of(value);
    put_digits(out, value, count);
    return count;
}

size_t weir_num_format_int64(int64_t value, char *out) {
    bool negative = value < 0;
    *out = '-';
    return negative +
           weir_num_format_uint64(negative ? 0 - (uint64_t)value : (uint64_t)value, out + negative);
}

static size_t format_uint128(weir_uint128 value, char *out) {
    const uint64_t chunk = weir_num_pow10_64[19];
    if (value >> 64 == 0) return weir_num_format_uint64((uint64_t)value, out);
    weir_uint128 head = value / chunk;
    uint64_t low = (uint64_t)(value - head * chunk);
    size_t n = format_uint128(head, out); /* at most two levels deep */
    put_digits(out + n, low, 19);
    return n + 19;
}

size_t weir_num_format_int128(weir_int128 value, char *out) {
    bool negative = value < 0;
    *out = '-';
    return negative +
           format_uint128(negative ? 0 - (weir_uint128)value : (weir_uint128)value, out + negative);
}

size_t weir_num_format_decimal64(int64_t value, int scale, char *out) {
    if (scale <= 0) return weir_num_format_int64(value, out);
    bool negative = value < 0;
    uint64_t magnitude = negative ? 0 - (uint64_t)value : (uint64_t)value;
    if (scale > 19) return weir_num_format_decimal128(value, scale, out);
    char digits[48];
    unsigned count = digits_of(magnitude), fraction = (unsigned)scale;
    if (count <= fraction) count = fraction + 1;
    put_digits(digits, magnitude, count);
    /* Copies of a fixed size: shorter code than memcpy's search for the right one. */
    unsigned whole = count - fraction;
    *out = '-';
    out += negative;
    memcpy(out, digits, 20);
    out[whole] = '.';
    memcpy(out + whole + 1, digits + whole, 20);
    return (size_t)negative + count + 1;
}

size_t weir_num_format_decimal128(weir_int128 value, int scale, char *out) {
    if (scale <= 19 && value == (int64_t)value)
        return weir_num_format_decimal64((int64_t)value, scale, out);
    bool negative = value < 0;
    weir_uint128 magnitude = negative ? 0 - (weir_uint128)value : (weir_uint128)value;
    char digits[48];
    size_t count = format_uint128(magnitude, digits), fraction = scale > 0 ? (size_t)scale : 0;
    size_t zeros = count <= fraction ? fraction + 1 - count : 0, at = 0;
    if (negative) out[at++] = '-';
    /* The digits with zeros in front are zeros + count long; the point stands before the last
     * `fraction` of them. */
    size_t whole = zeros + count - fraction;
    if (zeros) {
        out[at++] = '0';
        if (fraction) out[at++] = '.';
        memset(out + at, '0', zeros - 1);
        at += zeros - 1;
        memcpy(out + at, digits, count);
        return at + count;
    }
    memcpy(out + at, digits, whole);
    at += whole;
    if (fraction) {
        out[at++] = '.';
        memcpy(out + at, digits + whole, fraction);
        at += fraction;
    }
    return at;
}
