/* Double and float to the shortest text.
 *
 * The method is Schubfach (Raffaello Giulietti, "The Schubfach way to render doubles", 2020): among
 * the decimals with at most one digit more than are certain, exactly one or two lie in the interval
 * that rounds to the value; two products with a 128-bit power of ten find them.
 */
#include "text/number_format.h"
#include "text/number_scan.h"
#include "text/pow10_table.h"

typedef struct decimal {
    uint64_t digits; /* value = digits * 10^exponent */
    int exponent;
} decimal;

/* floor(log10(2^e)), floor(log10(3/4 * 2^e)), floor(log2(10^e)) for the exponents of doubles. */
static int log10_pow2(int e) {
    return (e * 1262611) >> 22;
}
static int log10_three_quarters_pow2(int e) {
    return (e * 1262611 - 524031) >> 22;
}
static int log2_pow10(int e) {
    return (e * 1741647) >> 19;
}

/* The high part of g * c with the lost bits gathered in the lowest one ("round to odd"). */
static uint64_t product_odd64(const uint64_t g[2], uint64_t c) {
    uint64_t low = (uint64_t)(((weir_uint128)g[1] * c) >> 64);
    weir_uint128 sum = (weir_uint128)g[0] * c + low;
    return (uint64_t)(sum >> 64) | ((uint64_t)sum > 1);
}
/* The same with 64 x 32 bits. */
static uint64_t product_odd32(uint64_t g, uint64_t c) {
    weir_uint128 product = (weir_uint128)g * c;
    return (uint64_t)(product >> 64) | ((uint64_t)product >> 32 > 1);
}

/* Chooses among the candidates; vb and its neighbours' middles vbl, vbr are 4 * value / 10^k. */
static decimal choose(uint64_t vbl, uint64_t vb, uint64_t vbr, bool even, int k) {
    uint64_t lower = vbl + !even, upper = vbr - !even;
    uint64_t s = vb / 4;
    if (s >= 10) {
        uint64_t ten = s / 10;
        bool down = lower <= 40 * ten, up = 40 * ten + 40 <= upper;
        if (down != up) return (decimal){ten + up, k + 1};
    }
    bool down = lower <= 4 * s, up = 4 * s + 4 <= upper;
    if (down != up) return (decimal){s + up, k};
    uint64_t middle = 4 * s + 2;
    bool round_up = vb > middle || (vb == middle && (s & 1));
    return (decimal){s + round_up, k};
}

/* 10^q as the method wants it: 128 bits, rounded up. */
static void power_up(int q, uint64_t g[2]) {
    const uint64_t *entry = weir_pow10_table[q - WEIR_POW10_MIN];
    g[0] = entry[0];
    g[1] = entry[1] + (q < -27 || q > 55); /* the generator checks that this never carries */
}

static decimal shortest64(uint64_t mantissa, int exponent) {
    uint64_t c = exponent ? mantissa | (uint64_t)1 << 52 : mantissa;
    int q = (exponent ? exponent : 1) - 1075;
    /* Below a power of two the next value is only half as far. */
    bool narrow = mantissa == 0 && exponent > 1;
    int k = narrow ? log10_three_quarters_pow2(q) : log10_pow2(q);
    int h = q + log2_pow10(-k) + 1;
    uint64_t g[2];
    power_up(-k, g);
    uint64_t vbl = product_odd64(g, (4 * c - 2 + narrow) << h);
    uint64_t vb = product_odd64(g, (4 * c) << h);
    uint64_t vbr = product_odd64(g, (4 * c + 2) << h);
    return choose(vbl, vb, vbr, (c & 1) == 0, k);
}

static decimal shortest32(uint32_t mantissa, int exponent) {
    uint32_t c = exponent ? mantissa | (uint32_t)1 << 23 : mantissa;
    int q = (exponent ? exponent : 1) - 150;
    bool narrow = mantissa == 0 && exponent > 1;
    int k = narrow ? log10_three_quarters_pow2(q) : log10_pow2(q);
    int h = q + log2_pow10(-k) + 1;
    uint64_t wide[2];
    power_up(-k, wide);
    uint64_t g = wide[0] + (wide[1] != 0);
    uint64_t vbl = product_odd32(g, (uint64_t)(4 * c - 2 + narrow) << h);
    uint64_t vb = product_odd32(g, (uint64_t)(4 * c) << h);
    uint64_t vbr = product_odd32(g, (uint64_t)(4 * c + 2) << h);
    return choose(vbl, vb, vbr, (c & 1) == 0, k);
}

static size_t put_exponent(char *out, int exponent) {
    size_t n = 0;
    unsigned e = exponent < 0 ? 0U - (unsigned)exponent : (unsigned)exponent;
    out[n++] = 'e';
    out[n++] = exponent < 0 ? '-' : '+';
    if (e >= 100) {
        out[n++] = (char)('0' + e / 100);
        e %= 100;
    }
    memcpy(out + n, weir_num_pairs + 2 * e, 2);
    return n + 2;
}

/* Trailing zeros of a number that is not 0: at most 16, in four halving steps and one more. */
static inline void drop_zeros(decimal *d) {
    if (d->digits % 100000000 == 0) d->digits /= 100000000, d->exponent += 8;
    if (d->digits % 10000 == 0) d->digits /= 10000, d->exponent += 4;
    if (d->digits % 100 == 0) d->digits /= 100, d->exponent += 2;
    while (d->digits % 10 == 0) d->digits /= 10, d->exponent++;
}

/* Lays the digits out: plain when the point stands in reach, else with an exponent. */
static size_t put_decimal(decimal d, int plain_below, char *out) {
    char digits[24];
    drop_zeros(&d);
    int count = (int)weir_num_format_uint64(d.digits, digits);
    int point = count + d.exponent; /* digits before the point; the first has weight point - 1 */
    if (point - 1 < -4 || point - 1 >= plain_below) {
        size_t n = 0;
        out[n++] = digits[0];
        if (count > 1) {
            out[n++] = '.';
            memcpy(out + n, digits + 1, (size_t)count - 1);
            n += (size_t)count - 1;
        }
        return n + put_exponent(out + n, point - 1);
    }
    if (point <= 0) {
        memcpy(out, "0.0000", 6);
        memcpy(out + 2 - point, digits, (size_t)count);
        return (size_t)(2 - point + count);
    }
    if (point >= count) {
        memcpy(out, digits, (size_t)count);
        memset(out + count, '0', (size_t)(point - count));
        return (size_t)point;
    }
    memcpy(out, digits, (size_t)point);
    out[point] = '.';
    memcpy(out + point + 1, digits + point, (size_t)(count - point));
    return (size_t)count + 1;
}

static size_t put_special(bool nan, bool negative, char *out) {
    if (nan) {
        memcpy(out, "NaN", 3);
        return 3;
    }
    memcpy(out, negative ? "-Infinity" : "Infinity", negative ? 9 : 8);
    return negative ? 9 : 8;
}

size_t weir_num_format_double(double value, char *out) {
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    bool negative = bits >> 63;
    uint64_t mantissa = bits & (((uint64_t)1 << 52) - 1);
    int exponent = (int)(bits >> 52 & 0x7FF);
    if (exponent == 0x7FF) return put_special(mantissa != 0, negative, out);
    *out = '-';
    out += negative;
    double magnitude = negative ? -value : value;
    if (magnitude < 1e15 && magnitude == (double)(int64_t)magnitude)
        return negative + weir_num_format_uint64((uint64_t)magnitude, out);
    return negative + put_decimal(shortest64(mantissa, exponent), 15, out);
}

size_t weir_num_format_float(float value, char *out) {
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    bool negative = bits >> 31;
    uint32_t mantissa = bits & (((uint32_t)1 << 23) - 1);
    int exponent = (int)(bits >> 23 & 0xFF);
    if (exponent == 0xFF) return put_special(mantissa != 0, negative, out);
    *out = '-';
    out += negative;
    float magnitude = negative ? -value : value;
    if (magnitude < 1e6F && magnitude == (float)(int32_t)magnitude)
        return negative + weir_num_format_uint64((uint64_t)magnitude, out);
    return negative + put_decimal(shortest32(mantissa, exponent), 6, out);
}
