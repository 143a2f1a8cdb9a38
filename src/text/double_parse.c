/* Text to double and float, always the nearest value.
 *
 * Three ways, in order of cost:
 *  1. up to 15 digits and a small power of ten: one exact multiplication or division (Clinger);
 *  2. up to 19 digits: 64 x 128 bit product with a table of powers of ten (Eisel and Lemire,
 * "Number parsing at a gigabyte per second", 2021; that it needs no fallback: Mushtak and Lemire,
 * 2023);
 *  3. more digits, where the 19 first do not decide: exact comparison with the middle between the
 *     two neighbours, in long integers.
 */
#include <math.h>

#include "text/number_scan.h"
#include "text/pow10_table.h"

/* One of the two binary formats. */
typedef struct format {
    int mantissa_bits; /* without the hidden one */
    int bias;     /* power of two of the smallest normal number, stored exponent 1, is 1 - bias */
    int infinite; /* stored exponent of infinity */
    int even_min, even_max;   /* powers of ten for which a product can lie exactly in the middle */
    int min_power, max_power; /* of ten: outside, 19 digits give zero or infinity */
    int exact_power;          /* 10^exact_power is exact, and so is 2^(mantissa_bits + 1) */
} format;
static const format format64 = {52, 1023, 0x7FF, -4, 23, -342, 308, 22};
static const format format32 = {23, 127, 0xFF, -17, 10, -64, 38, 10};

/* A number as its bits: the pattern without sign. */
static inline uint64_t pack(const format *f, uint64_t mantissa, int exponent) {
    return (uint64_t)exponent << f->mantissa_bits | mantissa;
}

/* The bits of w * 10^q, rounded to nearest even. w != 0. */
static uint64_t nearest(const format *f, uint64_t w, int64_t q) {
    if (q < f->min_power) return 0;
    if (q > f->max_power) return pack(f, 0, f->infinite);
    int shift = __builtin_clzll(w);
    w <<= shift;
    /* The product's high word decides unless its low bits are all ones; then the second word of the
     * table is needed too. */
    const uint64_t *power = weir_pow10_table[q - WEIR_POW10_MIN];
    weir_uint128 product = (weir_uint128)w * power[0];
    uint64_t rest = ~(uint64_t)0 >> (f->mantissa_bits + 3);
    if (((uint64_t)(product >> 64) & rest) == rest)
        product += (uint64_t)(((weir_uint128)w * power[1]) >> 64);
    uint64_t high = (uint64_t)(product >> 64), low = (uint64_t)product;

    int top = (int)(high >> 63), drop = top + 64 - f->mantissa_bits - 3;
    uint64_t mantissa = high >> drop; /* with one bit more than is kept */
    /* floor(log2(10^q)) */
    int exponent = (int)((217706 * q) >> 16) + 63 + top - shift + f->bias;
    if (exponent <= 0) {
        /* Subnormal: fewer bits are kept.  No exact middle is possible here. */
        if (1 - exponent >= 64) return 0;
        mantissa >>= 1 - exponent;
        mantissa = (mantissa + (mantissa & 1)) >> 1;
        return mantissa; /* a carry into the hidden bit makes it normal by itself */
    }
    if (low <= 1 && q >= f->even_min && q <= f->even_max && (mantissa & 3) == 1 &&
        mantissa << drop == high)
        mantissa &= ~(uint64_t)1; /* exactly in the middle: down to even */
    mantissa = (mantissa + (mantissa & 1)) >> 1;
    if (mantissa >> (f->mantissa_bits + 1)) {
        mantissa >>= 1;
        exponent++;
    }
    if (exponent >= f->infinite) return pack(f, 0, f->infinite);
    return pack(f, mantissa & (((uint64_t)1 << f->mantissa_bits) - 1), exponent);
}

/* ---- long integers ------------------------------------------------------------------------- */

#define LIMBS 64       /* 4096 bits; what is compared here needs below 2800 */
#define MAX_DIGITS 800 /* a middle has at most 767 significant digits */

typedef struct big {
    int n;
    uint64_t limb[LIMBS];
} big;

static bool big_multiply_add(big *b, uint64_t factor, uint64_t carry) {
    for (int i = 0; i < b->n; i++) {
        weir_uint128 t = (weir_uint128)b->limb[i] * factor + carry;
        b->limb[i] = (uint64_t)t;
        carry = (uint64_t)(t >> 64);
    }
    if (carry) {
        if (b->n == LIMBS) return false;
        b->limb[b->n++] = carry;
    }
    return true;
}

static bool big_multiply_pow5(big *b, int64_t exponent) {
    const uint64_t pow5_27 = 7450580596923828125ULL;
    bool ok = true;
    for (; ok && exponent >= 27; exponent -= 27) ok = big_multiply_add(b, pow5_27, 0);
    for (; ok && exponent > 0; exponent--) ok = big_multiply_add(b, 5, 0);
    return ok;
}

static bool big_shift_left(big *b, int64_t bits) {
    int64_t limbs = bits / 64;
    int within = (int)(bits % 64);
    if (limbs + b->n + 1 > LIMBS) return false;
    if (within && !big_multiply_add(b, (uint64_t)1 << within, 0)) return false;
    if (limbs) {
        memmove(b->limb + limbs, b->limb, (size_t)b->n * sizeof *b->limb);
        memset(b->limb, 0, (size_t)limbs * sizeof *b->limb);
        b->n += (int)limbs;
    }
    return true;
}

static int big_compare(const big *a, const big *b) {
    if (a->n != b->n) return a->n < b->n ? -1 : 1;
    for (int i = a->n; i-- > 0;)
        if (a->limb[i] != b->limb[i]) return a->limb[i] < b->limb[i] ? -1 : 1;
    return 0;
}

/* Adds up to `room` digits of a run; tells through *more that a digit other than 0 was left. */
static bool big_digits(big *b, const char *p, size_t n, size_t *room, bool *more) {
    while (n > 0 && *room > 0) {
        size_t take = n < 19 ? n : 19;
        if (take > *room) take = *room;
        uint64_t part = 0;
        (void)weir_num_digits19(p, take, &part);
        if (!big_multiply_add(b, weir_num_pow10_64[take], part)) return false;
        p += take;
        n -= take;
        *room -= take;
    }
    for (; n > 0 && !*more; n--) *more = *p++ != '0';
    return true;
}

/* Which of two neighbours, bits `low` and low + 1, is nearest to the digits. */
static uint64_t decide(const format *f, const weir_num_digits *d, uint64_t low) {
    big value = {0}, middle = {0};
    size_t room = MAX_DIGITS;
    bool more = false;
    int64_t count = (int64_t)(d->first_size + d->second_size);
    int64_t power10 = d->point - (count < MAX_DIGITS ? count : MAX_DIGITS);
    bool ok = big_digits(&value, d->first, d->first_size, &room, &more) &&
              big_digits(&value, d->second, d->second_size, &room, &more);

    int exponent = (int)(low >> f->mantissa_bits);
    uint64_t mantissa = low & (((uint64_t)1 << f->mantissa_bits) - 1);
    if (exponent)
        mantissa |= (uint64_t)1 << f->mantissa_bits;
    else
        exponent = 1;
    middle.n = 1;
    middle.limb[0] = 2 * mantissa + 1;
    int64_t power2 = exponent - f->bias - f->mantissa_bits - 1;

    /* value * 5^power10 * 2^power10 against middle * 2^power2, all in whole numbers */
    ok = ok &&
         (power10 >= 0 ? big_multiply_pow5(&value, power10) : big_multiply_pow5(&middle, -power10));
    int64_t shift = power10 - power2;
    ok = ok && (shift >= 0 ? big_shift_left(&value, shift) : big_shift_left(&middle, -shift));
    if (!ok) return low; /* cannot happen: the sizes are bounded by the exponent's range */
    int order = big_compare(&value, &middle);
    if (order == 0 && more) order = 1;
    if (order == 0) return low + (low & 1);
    return low + (order > 0);
}

/* ---- text ---------------------------------------------------------------------------------- */

/* The digits as one number when there are at most 19, else the first 19 of them. */
static uint64_t first_digits(const weir_num_digits *d) {
    uint64_t value = 0, part = 0;
    size_t first = d->first_size < 19 ? d->first_size : 19;
    size_t second = d->second_size < 19 - first ? d->second_size : 19 - first;
    if (first) (void)weir_num_digits19(d->first, first, &value);
    if (second) {
        (void)weir_num_digits19(d->second, second, &part);
        value = value * weir_num_pow10_64[second] + part;
    }
    return value;
}

/* Bits of a scanned number without sign. */
static weir_num parse_bits(const format *f, const weir_num_scan *scan, uint64_t *bits) {
    weir_num_digits d;
    weir_num_scan_digits(scan, &d);
    size_t count = d.first_size + d.second_size;
    *bits = 0;
    if (count == 0) return WEIR_NUM_OK;
    uint64_t w = first_digits(&d);
    int64_t q = d.point - (int64_t)(count < 19 ? count : 19);
    *bits = nearest(f, w, q);
    if (count > 19 && nearest(f, w + 1, q) != *bits) *bits = decide(f, &d, *bits);
    return *bits == 0 || *bits == pack(f, 0, f->infinite) ? WEIR_NUM_RANGE : WEIR_NUM_OK;
}

static bool is_word(const char *p, size_t n, const char *word) {
    for (size_t i = 0; i < n; i++)
        if ((p[i] | 0x20) != word[i]) return false;
    return word[n] == '\0';
}

/* 1 = infinity, 2 = NaN, 0 = neither; *negative for infinity. */
static int special(const char *p, size_t n, bool *negative) {
    *negative = n > 0 && *p == '-';
    if (n > 0 && (*p == '-' || *p == '+')) p++, n--;
    if (n == 3 && is_word(p, n, "nan")) return 2;
    if ((n == 3 && is_word(p, n, "inf")) || (n == 8 && is_word(p, n, "infinity"))) return 1;
    return 0;
}

/* The common forms, read in one go: sign, up to 19 digits with or without a point, no exponent. */
static inline bool scan_plain(const char *p, size_t n, uint64_t *w, int *q, bool *negative) {
    if (n == 0) return false;
    *negative = *p == '-';
    size_t i = *negative || *p == '+', start = i, point = 0;
    bool seen = false;
    uint64_t value = 0;
    if (n - i > 20) return false;
    for (; i < n; i++) {
        unsigned digit = (unsigned char)p[i] - '0';
        if (digit <= 9) {
            value = value * 10 + digit;
        } else if (p[i] == '.' && !seen) {
            seen = true;
            point = i;
            uint32_t eight;
            if (n - i > 8 && weir_num_next8(p + i + 1, &eight)) {
                value = value * 100000000 + eight;
                i += 8;
            }
        } else {
            return false;
        }
    }
    size_t digits = n - start - seen;
    *w = value;
    *q = seen ? -(int)(n - point - 1) : 0;
    return digits > 0 && digits <= 19;
}

weir_num weir_num_parse_double(const char *p, size_t n, unsigned flags, double *out) {
    static const double exact[23] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                     1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t w, bits;
    int q;
    weir_num_scan scan = {0};
    if (scan_plain(p, n, &w, &q, &scan.negative)) {
        if (w >> 53 == 0 && q >= -format64.exact_power) {
            double value = (double)w / exact[-q];
            *out = scan.negative ? -value : value;
            return WEIR_NUM_OK;
        }
        bits = nearest(&format64, w, q);
    } else {
        weir_num result = weir_num_scan_text(p, n, &scan);
        if (result == WEIR_NUM_OK) result = parse_bits(&format64, &scan, &bits);
        if (result != WEIR_NUM_OK) {
            bool negative;
            int word = flags & WEIR_NUM_WORDS ? special(p, n, &negative) : 0;
            if (!word) return result;
            *out = word == 2 ? (double)NAN : negative ? -(double)INFINITY : (double)INFINITY;
            return WEIR_NUM_OK;
        }
    }
    bits |= (uint64_t)scan.negative << 63;
    memcpy(out, &bits, sizeof *out);
    return WEIR_NUM_OK;
}

weir_num weir_num_parse_float(const char *p, size_t n, unsigned flags, float *out) {
    static const float exact[11] = {1e0F, 1e1F, 1e2F, 1e3F, 1e4F, 1e5F,
                                    1e6F, 1e7F, 1e8F, 1e9F, 1e10F};
    uint64_t w, bits;
    int q;
    weir_num_scan scan = {0};
    if (scan_plain(p, n, &w, &q, &scan.negative)) {
        if (w >> 24 == 0 && q >= -format32.exact_power) {
            float value = (float)w / exact[-q];
            *out = scan.negative ? -value : value;
            return WEIR_NUM_OK;
        }
        bits = nearest(&format32, w, q);
    } else {
        weir_num result = weir_num_scan_text(p, n, &scan);
        if (result == WEIR_NUM_OK) result = parse_bits(&format32, &scan, &bits);
        if (result != WEIR_NUM_OK) {
            bool negative;
            int word = flags & WEIR_NUM_WORDS ? special(p, n, &negative) : 0;
            if (!word) return result;
            *out = word == 2 ? NAN : negative ? -INFINITY : INFINITY;
            return WEIR_NUM_OK;
        }
    }
    uint32_t narrow = (uint32_t)bits | (uint32_t)scan.negative << 31;
    memcpy(out, &narrow, sizeof *out);
    return WEIR_NUM_OK;
}
