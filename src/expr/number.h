/* Decimal arithmetic of 128 bits and conversions between kinds of numbers; private to src/expr. */
#ifndef WEIR_EXPR_NUMBER_H
#define WEIR_EXPR_NUMBER_H

#include <math.h>
#include "expr/bind.h"
#include "text/number.h"

/* 10^n, n 0..38. */
extern const weir_int128 weir_decimal_power[39];

/* Turns a number into float64, rounding to nearest; what mixed arithmetic does. */
WEIR_MUST_USE weir_status weir_number_to_float(weir_binder *b, weir_bound **node, weir_error *err);

/* v * 10^digits; false when it does not fit 38 digits. */
bool weir_decimal_scale_up(weir_int128 v, int digits, weir_int128 *out);
/* v / 10^digits, rounded: half away from zero, toward zero, down, up. */
typedef enum weir_rounding {
    WEIR_ROUND_HALF,
    WEIR_ROUND_ZERO,
    WEIR_ROUND_DOWN,
    WEIR_ROUND_UP
} weir_rounding;
weir_int128 weir_decimal_scale_down(weir_int128 v, int digits, weir_rounding rounding);
/* a * 10^shift / b, rounded half away from zero, computed in 256 bits; shift 0..76.  false when the
 * result has more than 38 digits.  b is not 0. */
bool weir_decimal_divide(weir_int128 a, int shift, weir_int128 b, weir_int128 *out);
/* Order of a / 10^sa and b / 10^sb. */
int weir_decimal_compare(weir_int128 a, int sa, weir_int128 b, int sb);
/* The value as float64, correctly rounded. */
double weir_decimal_to_double(weir_int128 v, int scale);
/* Nearest decimal of a finite double with `scale` digits (half away); false when out of range. */
bool weir_decimal_from_double(double v, int precision, int scale, weir_int128 *out);

/* One fixed-width number of any integer or decimal type as an integer (decimals unscaled). */
static inline weir_int128 weir_number_at(const weir_column *c, uint32_t row) {
    const weir_column *base = weir_column_base(c);
    uint32_t s = weir_column_slot(c, row);
    switch (c->type->id) {
    case WEIR_INT8: return ((const int8_t *)base->values)[s];
    case WEIR_INT16: return ((const int16_t *)base->values)[s];
    case WEIR_INT32: return ((const int32_t *)base->values)[s];
    case WEIR_INT64: return ((const int64_t *)base->values)[s];
    case WEIR_UINT8: return ((const uint8_t *)base->values)[s];
    case WEIR_UINT16: return ((const uint16_t *)base->values)[s];
    case WEIR_UINT32: return ((const uint32_t *)base->values)[s];
    case WEIR_UINT64: return ((const uint64_t *)base->values)[s];
    default: break;
    }
    if (c->type->width == 8) return ((const int64_t *)base->values)[s];
    weir_int128 v;
    memcpy(&v, (const char *)base->values + (size_t)s * 16, 16);
    return v;
}

#endif
