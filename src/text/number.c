/* Text to integers and decimals. */
#include "text/number_scan.h"

const uint64_t weir_num_pow10_64[20] = {1ULL,
                                        10ULL,
                                        100ULL,
                                        1000ULL,
                                        10000ULL,
                                        100000ULL,
                                        1000000ULL,
                                        10000000ULL,
                                        100000000ULL,
                                        1000000000ULL,
                                        10000000000ULL,
                                        100000000000ULL,
                                        1000000000000ULL,
                                        10000000000000ULL,
                                        100000000000000ULL,
                                        1000000000000000ULL,
                                        10000000000000000ULL,
                                        100000000000000000ULL,
                                        1000000000000000000ULL,
                                        10000000000000000000ULL};

weir_uint128 weir_num_pow10_128(int exponent) {
    if (exponent < 20) return weir_num_pow10_64[exponent];
    return (weir_uint128)weir_num_pow10_64[19] * weir_num_pow10_64[exponent - 19];
}

const char *weir_num_text(weir_num result) {
    switch (result) {
    case WEIR_NUM_OK: return "ok";
    case WEIR_NUM_EMPTY: return "empty text";
    case WEIR_NUM_SYNTAX: return "not a number";
    case WEIR_NUM_RANGE: return "out of range";
    case WEIR_NUM_LOSSY: return "not exact";
    }
    return "unknown";
}

/* ---- integers ------------------------------------------------------------------------------ */

/* RANGE for a long run of digits, SYNTAX when something else is in it. */
static weir_num too_long(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)p[i] - (unsigned)'0' > 9) return WEIR_NUM_SYNTAX;
    return WEIR_NUM_RANGE;
}

/* Digits only, n >= 1. */
static weir_num parse_u64(const char *p, size_t n, uint64_t *out) {
    if (n > 19) {
        while (n > 19 && *p == '0') p++, n--;
        if (n > 20) return too_long(p, n);
    }
    if (n <= 19) return weir_num_digits19(p, n, out) ? WEIR_NUM_OK : WEIR_NUM_SYNTAX;
    uint64_t head;
    unsigned last = (unsigned char)p[19] - '0';
    if (!weir_num_digits19(p, 19, &head) || last > 9) return WEIR_NUM_SYNTAX;
    if (__builtin_mul_overflow(head, 10, &head) || __builtin_add_overflow(head, last, out))
        return WEIR_NUM_RANGE;
    return WEIR_NUM_OK;
}

weir_num weir_num_parse_int64(const char *p, size_t n, int64_t *out) {
    if (n == 0) return WEIR_NUM_EMPTY;
    bool negative = *p == '-';
    if (n - 1 - negative < 8) {
        /* What nearly all columns hold; anything else falls through to the exact answer. */
        uint64_t x = weir_num_digits8(weir_num_load_part(p + negative, n - negative), n - negative);
        if (weir_num_valid8(x)) {
            int64_t small = weir_num_value8(x);
            *out = negative ? -small : small;
            return WEIR_NUM_OK;
        }
    }
    size_t sign = negative || *p == '+';
    if (n == sign) return WEIR_NUM_SYNTAX;
    uint64_t value = 0;
    weir_num result = parse_u64(p + sign, n - sign, &value);
    if (result != WEIR_NUM_OK) return result;
    if (value > (uint64_t)INT64_MAX + negative) return WEIR_NUM_RANGE;
    *out = (int64_t)(negative ? 0 - value : value);
    return WEIR_NUM_OK;
}

weir_num weir_num_parse_uint64(const char *p, size_t n, uint64_t *out) {
    if (n == 0) return WEIR_NUM_EMPTY;
    bool negative = *p == '-';
    size_t sign = negative || *p == '+';
    if (n == sign) return WEIR_NUM_SYNTAX;
    uint64_t value;
    weir_num result = parse_u64(p + sign, n - sign, &value);
    if (result != WEIR_NUM_OK) return result;
    if (negative && value != 0) return WEIR_NUM_RANGE;
    *out = value;
    return WEIR_NUM_OK;
}

weir_num weir_num_parse_int_within(const char *p, size_t n, int64_t min, int64_t max,
                                   int64_t *out) {
    int64_t value;
    weir_num result = weir_num_parse_int64(p, n, &value);
    if (result != WEIR_NUM_OK) return result;
    if (value < min || value > max) return WEIR_NUM_RANGE;
    *out = value;
    return WEIR_NUM_OK;
}

weir_num weir_num_parse_int128(const char *p, size_t n, weir_int128 *out) {
    if (n == 0) return WEIR_NUM_EMPTY;
    bool negative = *p == '-';
    size_t sign = negative || *p == '+';
    p += sign;
    n -= sign;
    if (n == 0) return WEIR_NUM_SYNTAX;
    while (n > 39 && *p == '0') p++, n--;
    if (n > 39) return too_long(p, n);
    /* At most 19 + 19 + 1 digits; the first 38 always fit. */
    weir_uint128 value = 0;
    size_t done = 0;
    while (done < n && done < 38) {
        size_t take = n - done < 19 ? n - done : 19;
        uint64_t part;
        if (!weir_num_digits19(p + done, take, &part)) return WEIR_NUM_SYNTAX;
        value = value * weir_num_pow10_64[take] + part;
        done += take;
    }
    if (done < n) {
        unsigned last = (unsigned char)p[38] - '0';
        if (last > 9) return WEIR_NUM_SYNTAX;
        weir_uint128 limit = ((weir_uint128)1 << 127) - !negative;
        if (value > limit / 10 || (value == limit / 10 && last > (unsigned)(limit % 10)))
            return WEIR_NUM_RANGE;
        value = value * 10 + last;
    }
    *out = (weir_int128)(negative ? 0 - value : value);
    return WEIR_NUM_OK;
}

/* ---- the general form ---------------------------------------------------------------------- */

static size_t digit_run(const char *p, size_t n) {
    size_t i = 0;
    while (i + 8 <= n && weir_num_valid8(weir_num_digits8(weir_num_load8(p + i), 8))) i += 8;
    while (i < n && (unsigned char)p[i] - (unsigned)'0' <= 9) i++;
    return i;
}

/* "e+12" at p, n >= 1 bytes to the end of the text; false when malformed. */
static bool scan_exponent(const char *p, size_t n, int64_t *out) {
    bool negative = false;
    size_t i = 1;
    if (i < n && (p[i] == '-' || p[i] == '+')) negative = p[i++] == '-';
    if (i == n) return false;
    int64_t value = 0;
    for (; i < n; i++) {
        unsigned digit = (unsigned char)p[i] - '0';
        if (digit > 9) return false;
        value = value * 10 + digit;
        if (value > WEIR_NUM_EXPONENT_CUT) value = WEIR_NUM_EXPONENT_CUT;
    }
    *out = negative ? -value : value;
    return true;
}

weir_num weir_num_scan_text(const char *p, size_t n, weir_num_scan *out) {
    if (n == 0) return WEIR_NUM_EMPTY;
    const char *end = p + n;
    out->negative = *p == '-';
    if (*p == '-' || *p == '+') p++;
    out->whole = p;
    out->whole_size = digit_run(p, (size_t)(end - p));
    p += out->whole_size;
    out->point = p < end && *p == '.';
    if (out->point) p++;
    out->fraction = p;
    out->fraction_size = out->point ? digit_run(p, (size_t)(end - p)) : 0;
    p += out->fraction_size;
    if (out->whole_size + out->fraction_size == 0) return WEIR_NUM_SYNTAX;
    out->exponent = 0;
    out->has_exponent = p < end && (*p == 'e' || *p == 'E');
    if (out->has_exponent) {
        if (!scan_exponent(p, (size_t)(end - p), &out->exponent)) return WEIR_NUM_SYNTAX;
        p = end;
    }
    return p == end ? WEIR_NUM_OK : WEIR_NUM_SYNTAX;
}

static void skip_zeros(const char **p, size_t *n) {
    while (*n > 0 && **p == '0') (*p)++, (*n)--;
}

static void drop_zeros(const char *p, size_t *n) {
    while (*n > 0 && p[*n - 1] == '0') (*n)--;
}

void weir_num_scan_digits(const weir_num_scan *scan, weir_num_digits *out) {
    out->first = scan->whole;
    out->first_size = scan->whole_size;
    out->second = scan->fraction;
    out->second_size = scan->fraction_size;
    skip_zeros(&out->first, &out->first_size);
    out->point = (int64_t)out->first_size + scan->exponent;
    if (out->first_size == 0) {
        size_t before = out->second_size;
        skip_zeros(&out->second, &out->second_size);
        out->point -= (int64_t)(before - out->second_size);
    }
    drop_zeros(out->second, &out->second_size);
    if (out->second_size == 0) drop_zeros(out->first, &out->first_size);
}

weir_num weir_num_measure(const char *p, size_t n, weir_num_shape *out) {
    weir_num_scan scan;
    weir_num result = weir_num_scan_text(p, n, &scan);
    if (result != WEIR_NUM_OK) return result;
    weir_num_digits digits;
    weir_num_scan_digits(&scan, &digits);
    bool zero = digits.first_size + digits.second_size == 0;
    int64_t whole = zero || digits.point < 0 ? 0 : digits.point;
    int64_t fraction = (int64_t)scan.fraction_size - scan.exponent;
    if (fraction < 0) fraction = 0;
    if (whole > 1000 || fraction > 1000) return WEIR_NUM_RANGE;
    *out = (weir_num_shape){.whole = (int)whole,
                            .fraction = (int)fraction,
                            .point = scan.point,
                            .exponent = scan.has_exponent};
    return WEIR_NUM_OK;
}

/* ---- decimals ------------------------------------------------------------------------------ */

/* Appends the first `take` digits of a run to *value. */
static void append_digits(weir_uint128 *value, const char *p, size_t take) {
    while (take > 0) {
        size_t step = take < 19 ? take : 19;
        uint64_t part = 0;
        (void)weir_num_digits19(p, step, &part); /* digits have been proven */
        *value = *value * weir_num_pow10_64[step] + part;
        p += step;
        take -= step;
    }
}

/* The general form; the magnitude of the result is below 10^precision. */
static weir_num decimal_slow(const char *p, size_t n, int precision, int scale, weir_int128 *out) {
    weir_num_scan scan;
    weir_num result = weir_num_scan_text(p, n, &scan);
    if (result != WEIR_NUM_OK) return result;
    weir_num_digits d;
    weir_num_scan_digits(&scan, &d);
    size_t count = d.first_size + d.second_size;
    weir_uint128 value = 0;
    if (count > 0) {
        if (d.point + scale > precision) return WEIR_NUM_RANGE;
        if ((int64_t)count - d.point > scale) return WEIR_NUM_LOSSY;
        /* count <= point + scale <= precision <= 38 */
        append_digits(&value, d.first, d.first_size);
        append_digits(&value, d.second, d.second_size);
        value *= weir_num_pow10_128((int)(d.point + scale - (int64_t)count));
    }
    *out = (weir_int128)(scan.negative ? 0 - value : value);
    return WEIR_NUM_OK;
}

/* A word of n bytes with at most one point in it: the digits without it.  *pos is the number of
 * bytes before the point, n when there is none. */
static inline uint64_t cut_point8(uint64_t w, size_t n, size_t *pos) {
    uint64_t t = w ^ 0x2E2E2E2E2E2E2E2EULL;
    uint64_t zero = (t - 0x0101010101010101ULL) & ~t & 0x8080808080808080ULL;
    if (!zero) {
        *pos = n;
        return w;
    }
    *pos = (size_t)__builtin_ctzll(zero) / 8;
    uint64_t below = ((uint64_t)1 << (8 * *pos)) - 1;
    return (w & below) | ((w >> 8) & ~below);
}

/* The ordinary forms "123.45", "123", ".5", "5." of at most 16 bytes behind the sign: digits as one
 * number and how many of them stand behind the point.  false = look closer. */
static inline bool decimal_short8(uint64_t w, size_t n, uint64_t *value, size_t *fraction) {
    size_t pos, digits;
    w = cut_point8(w, n, &pos);
    digits = n - (pos < n);
    if (digits == 0) return false;
    w = weir_num_digits8(w, digits);
    *value = weir_num_value8(w);
    *fraction = pos < n ? digits - pos : 0;
    return weir_num_valid8(w);
}

static inline bool decimal_short16(const char *p, size_t n, uint64_t *value, size_t *fraction) {
    uint64_t low = weir_num_load8(p), high = weir_num_load8(p + n - 8) >> (8 * (16 - n));
    size_t pos = n;
    cut_point8(low, 8, &pos);
    if (pos == 8) {
        cut_point8(high, n - 8, &pos);
        pos += 8;
    }
    size_t digits = n - (pos < n);
    const weir_uint128 zeros = (weir_uint128)0x3030303030303030ULL << 64 | 0x3030303030303030ULL;
    weir_uint128 w = (weir_uint128)high << 64 | low;
    if (pos < n) {
        weir_uint128 below = ((weir_uint128)1 << (8 * pos)) - 1;
        w = (w & below) | ((w >> 8) & ~below);
    }
    /* 8..16 digits to the top of the two words. */
    w = (w ^ zeros) << (8 * (16 - digits));
    uint64_t first = (uint64_t)w, last = (uint64_t)(w >> 64);
    *value = (uint64_t)weir_num_value8(first) * 100000000 + weir_num_value8(last);
    *fraction = pos < n ? digits - pos : 0;
    return weir_num_valid8(first) && weir_num_valid8(last);
}

static inline weir_num decimal64(const char *p, size_t n, int precision, int scale, int64_t *out,
                                 bool padded) {
    if (n == 0) return WEIR_NUM_EMPTY;
    bool negative = *p == '-';
    size_t sign = negative || *p == '+', rest = n - sign, fraction;
    uint64_t value;
    bool fits = false;
    if (rest - 1 < 8) {
        uint64_t w;
        if (padded)
            w = weir_num_load8(p + sign) & ~(uint64_t)0 >> (8 * (8 - rest));
        else
            w = weir_num_load_part(p + sign, rest);
        fits = decimal_short8(w, rest, &value, &fraction);
    } else if (rest - 9 < 8) {
        fits = decimal_short16(p + sign, rest, &value, &fraction);
    }
    if (fits && fraction <= (size_t)scale) {
        int up = scale - (int)fraction;
        if (value >= weir_num_pow10_64[precision - up]) return WEIR_NUM_RANGE;
        value *= weir_num_pow10_64[up];
        *out = (int64_t)(negative ? 0 - value : value);
        return WEIR_NUM_OK;
    }
    weir_int128 wide;
    weir_num result = decimal_slow(p, n, precision, scale, &wide);
    if (result == WEIR_NUM_OK) *out = (int64_t)wide;
    return result;
}

weir_num weir_num_parse_decimal64(const char *p, size_t n, int precision, int scale, int64_t *out) {
    return decimal64(p, n, precision, scale, out, false);
}

weir_num weir_num_parse_decimal64_padded(const char *p, size_t n, int precision, int scale,
                                         int64_t *out) {
    return decimal64(p, n, precision, scale, out, true);
}

weir_num weir_num_parse_decimal128(const char *p, size_t n, int precision, int scale,
                                   weir_int128 *out) {
    if (n > 0 && n <= 17) {
        bool negative = *p == '-';
        size_t sign = negative || *p == '+', rest = n - sign, fraction;
        uint64_t value;
        bool fits = false;
        if (rest - 1 < 8)
            fits = decimal_short8(weir_num_load_part(p + sign, rest), rest, &value, &fraction);
        else if (rest - 9 < 8)
            fits = decimal_short16(p + sign, rest, &value, &fraction);
        if (fits && fraction <= (size_t)scale) {
            int up = scale - (int)fraction;
            if (value >= weir_num_pow10_128(precision - up)) return WEIR_NUM_RANGE;
            weir_uint128 wide = value * weir_num_pow10_128(up);
            *out = (weir_int128)(negative ? 0 - wide : wide);
            return WEIR_NUM_OK;
        }
    }
    return decimal_slow(p, n, precision, scale, out);
}

/* ---- words --------------------------------------------------------------------------------- */

weir_num weir_num_parse_bool(const char *p, size_t n, bool *out) {
    static const struct {
        char word[6];
        uint8_t size;
        bool value;
    } words[] = {{"true", 4, true}, {"false", 5, false}, {"t", 1, true},   {"f", 1, false},
                 {"1", 1, true},    {"0", 1, false},     {"yes", 3, true}, {"no", 2, false},
                 {"y", 1, true},    {"n", 1, false},     {"on", 2, true},  {"off", 3, false}};
    if (n == 0) return WEIR_NUM_EMPTY;
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (words[i].size != n) continue;
        size_t k = 0;
        /* Setting the bit of lower case turns no other byte into a letter of these words but
         * control characters into digits: compare digits as they are. */
        while (k < n && (words[i].word[k] >= 'a' ? (p[k] | 0x20) : p[k]) == words[i].word[k]) k++;
        if (k == n) {
            *out = words[i].value;
            return WEIR_NUM_OK;
        }
    }
    return WEIR_NUM_SYNTAX;
}
