/* 128-bit decimals: powers, rounding, division in 256 bits, floats. */
#include "expr/number.h"

#define E18 1000000000000000000LL
#define P(n) ((weir_int128)(n))
const weir_int128 weir_decimal_power[39] = {P(1),
                                            P(10),
                                            P(100),
                                            P(1000),
                                            P(10000),
                                            P(100000),
                                            P(1000000),
                                            P(10000000),
                                            P(100000000),
                                            P(1000000000),
                                            P(10000000000),
                                            P(100000000000),
                                            P(1000000000000),
                                            P(10000000000000),
                                            P(100000000000000),
                                            P(1000000000000000),
                                            P(10000000000000000),
                                            P(100000000000000000),
                                            P(E18),
                                            P(E18) * 10,
                                            P(E18) * 100,
                                            P(E18) * 1000,
                                            P(E18) * 10000,
                                            P(E18) * 100000,
                                            P(E18) * 1000000,
                                            P(E18) * 10000000,
                                            P(E18) * 100000000,
                                            P(E18) * 1000000000,
                                            P(E18) * 10000000000,
                                            P(E18) * 100000000000,
                                            P(E18) * 1000000000000,
                                            P(E18) * 10000000000000,
                                            P(E18) * 100000000000000,
                                            P(E18) * 1000000000000000,
                                            P(E18) * 10000000000000000,
                                            P(E18) * 100000000000000000,
                                            P(E18) * E18,
                                            P(E18) * E18 * 10,
                                            P(E18) * E18 * 100};

/* Sign apart: -2^127 has no positive. */
static weir_uint128 magnitude(weir_int128 v) {
    return v < 0 ? 0 - (weir_uint128)v : (weir_uint128)v;
}

bool weir_decimal_scale_up(weir_int128 v, int digits, weir_int128 *out) {
    weir_int128 r = v;
    if (digits < 0 || (digits > 38 && v != 0)) return false;
    if (v != 0 && __builtin_mul_overflow(v, weir_decimal_power[digits], &r)) return false;
    if (magnitude(r) >= (weir_uint128)weir_decimal_power[38]) return false;
    *out = r;
    return true;
}

weir_int128 weir_decimal_scale_down(weir_int128 v, int digits, weir_rounding rounding) {
    if (digits <= 0) return v;
    if (digits > 38) {
        if (v == 0 || rounding == WEIR_ROUND_HALF || rounding == WEIR_ROUND_ZERO) return 0;
        return v > 0 ? (rounding == WEIR_ROUND_UP ? 1 : 0) : (rounding == WEIR_ROUND_DOWN ? -1 : 0);
    }
    if (digits <= 18 && v == (int64_t)v) { /* 64-bit division is several times faster */
        int64_t unit = (int64_t)weir_decimal_power[digits], q = (int64_t)v / unit,
                r = (int64_t)v % unit;
        switch (rounding) {
        case WEIR_ROUND_HALF: return q + (r >= unit - r ? 1 : 0) - (-r >= unit + r ? 1 : 0);
        case WEIR_ROUND_DOWN: return q - (r < 0);
        case WEIR_ROUND_UP: return q + (r > 0);
        default: return q;
        }
    }
    weir_int128 unit = weir_decimal_power[digits], q = v / unit, r = v % unit;
    switch (rounding) {
    case WEIR_ROUND_HALF: return q + (r >= unit - r ? 1 : 0) - (-r >= unit + r ? 1 : 0);
    case WEIR_ROUND_DOWN: return q - (r < 0);
    case WEIR_ROUND_UP: return q + (r > 0);
    default: return q;
    }
}

/* ---- 256 bits -------------------------------------------------------------------------------- */

typedef struct wide {
    weir_uint128 high, low;
} wide;

static wide multiply(weir_uint128 a, weir_uint128 b) {
    uint64_t al = (uint64_t)a, ah = (uint64_t)(a >> 64), bl = (uint64_t)b, bh = (uint64_t)(b >> 64);
    weir_uint128 ll = (weir_uint128)al * bl, lh = (weir_uint128)al * bh, hl = (weir_uint128)ah * bl,
                 hh = (weir_uint128)ah * bh;
    weir_uint128 middle = (ll >> 64) + (uint64_t)lh + (uint64_t)hl;
    wide r;
    r.low = (uint64_t)ll | middle << 64;
    r.high = hh + (lh >> 64) + (hl >> 64) + (middle >> 64);
    return r;
}

/* n / d and the remainder; false when the quotient has more than 128 bits. */
static bool divide(wide n, weir_uint128 d, weir_uint128 *quotient, weir_uint128 *remainder) {
    if (n.high >= d) return false;
    if (n.high == 0) {
        *quotient = n.low / d;
        *remainder = n.low % d;
        return true;
    }
    weir_uint128 r = n.high, q = 0;
    for (int i = 127; i >= 0; i--) {
        bool carry = r >> 127;
        r = r << 1 | (n.low >> i & 1);
        q <<= 1;
        if (carry || r >= d) {
            r -= d;
            q |= 1;
        }
    }
    *quotient = q;
    *remainder = r;
    return true;
}

bool weir_decimal_divide(weir_int128 a, int shift, weir_int128 b, weir_int128 *out) {
    weir_uint128 ua = magnitude(a), ub = magnitude(b), q, r;
    if (a == 0) {
        *out = 0;
        return true;
    }
    weir_int128 scaled;
    if (shift <= 38 && !__builtin_mul_overflow(a, weir_decimal_power[shift], &scaled)) {
        ua = magnitude(scaled);
        q = ua / ub;
        if (ua - q * ub >= ub - (ua - q * ub)) q++;
        if (q >= (weir_uint128)weir_decimal_power[38]) return false;
        *out = (a < 0) != (b < 0) ? -(weir_int128)q : (weir_int128)q;
        return true;
    }
    wide n = {0, ua};
    for (int left = shift; left > 0;) {
        int step = left > 38 ? 38 : left;
        weir_uint128 power = (weir_uint128)weir_decimal_power[step];
        wide low = multiply(n.low, power), high = multiply(n.high, power);
        if (high.high || __builtin_add_overflow(low.high, high.low, &n.high)) return false;
        n.low = low.low;
        left -= step;
    }
    if (!divide(n, ub, &q, &r)) return false;
    if (r >= ub - r) q++;
    if (q >= (weir_uint128)weir_decimal_power[38]) return false;
    *out = (a < 0) != (b < 0) ? -(weir_int128)q : (weir_int128)q;
    return true;
}

int weir_decimal_compare(weir_int128 a, int sa, weir_int128 b, int sb) {
    weir_int128 scaled;
    if (sa < sb) {
        if (a != 0 && __builtin_mul_overflow(a, weir_decimal_power[sb - sa], &scaled))
            return a < 0 ? -1 : 1;
        a = a != 0 ? scaled : 0;
    } else if (sb < sa) {
        if (b != 0 && __builtin_mul_overflow(b, weir_decimal_power[sa - sb], &scaled))
            return b < 0 ? 1 : -1;
        b = b != 0 ? scaled : 0;
    }
    return (a > b) - (a < b);
}

/* ---- floats ---------------------------------------------------------------------------------- */

double weir_decimal_to_double(weir_int128 v, int scale) {
    weir_uint128 m = magnitude(v);
    if (m <= (1ull << 53) && scale <= 22) { /* both exact: one rounding */
        static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                        1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                        1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
        return (double)(int64_t)v / powers[scale];
    }
    char text[WEIR_NUM_DECIMAL_MAX];
    size_t n = weir_num_format_decimal128(v, scale, text);
    double d = 0;
    if (weir_num_parse_double(text, n, 0, &d) != WEIR_NUM_OK) d = 0;
    return d;
}

bool weir_decimal_from_double(double v, int precision, int scale, weir_int128 *out) {
    if (!isfinite(v) || fabs(v) >= 1e39) return false;
    /* The exact value of a double is m * 2^e; the shortest text is what people mean by it. */
    char text[WEIR_NUM_DOUBLE_MAX];
    size_t n = weir_num_format_double(v, text);
    weir_num_shape shape;
    if (weir_num_measure(text, n, &shape) != WEIR_NUM_OK) return false;
    if (shape.whole > precision - scale) return false;
    int fraction = shape.fraction;
    if (fraction > 38 - shape.whole) { /* tiny: digits behind the 38th do not matter */
        if (scale > 30) return false;
        double scaled = v;
        for (int i = 0; i < scale; i++) scaled *= 10;
        *out = (weir_int128)(scaled < 0 ? ceil(scaled - 0.5) : floor(scaled + 0.5));
        return true;
    }
    weir_int128 exact;
    int digits = shape.whole + fraction;
    if (weir_num_parse_decimal128(text, n, digits ? digits : 1, fraction, &exact) != WEIR_NUM_OK)
        return false;
    weir_int128 r = exact;
    if (fraction > scale)
        r = weir_decimal_scale_down(exact, fraction - scale, WEIR_ROUND_HALF);
    else if (!weir_decimal_scale_up(exact, scale - fraction, &r))
        return false;
    if (magnitude(r) >= (weir_uint128)weir_decimal_power[precision]) return false;
    *out = r;
    return true;
}

static weir_status to_float(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0];
    double *to = out->values;
    (void)err;
    if (c->type->id == WEIR_INT64) {
        WEIR_ARG(int64_t, x, 0);
        WEIR_EACH_ROW(row) to[row] = (double)WEIR_AT(x, row);
    } else if (c->type->id == WEIR_FLOAT32) {
        WEIR_ARG(float, x, 0);
        WEIR_EACH_ROW(row) to[row] = (double)WEIR_AT(x, row);
    } else {
        int scale = c->type->id == WEIR_DECIMAL ? c->type->scale : 0;
        WEIR_EACH_ROW(row) to[row] = weir_decimal_to_double(weir_number_at(c, row), scale);
    }
    return WEIR_OK;
}

weir_status weir_number_to_float(weir_binder *b, weir_bound **node, weir_error *err) {
    if ((*node)->type->id == WEIR_FLOAT64) return WEIR_OK;
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    args[0] = *node;
    return weir_bind_kernel(b, (*node)->at, weir_type_of(WEIR_FLOAT64), to_float, 0, NULL, args, 1,
                            node, err);
}
