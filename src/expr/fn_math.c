/* More of mathematics: hyperbolic functions, bits, whole numbers, buckets, bounds. */
#include "expr/function.h"
#include "expr/number.h"

/* ---- float64 -> float64 -----------------------------------------------------------------------
 */

/* NaN and infinity go through; what becomes one of a finite number is an error. */
static inline weir_status apply(weir_call *call, weir_column *out, double (*f)(double),
                                const char *why, weir_error *err) {
    WEIR_ARG(double, a, 0);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), r = f(x);
        ((double *)out->values)[row] = r;
        if (isfinite(x) && !isfinite(r)) WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
    }
out:
    return status;
}
#define FLOAT(name, f, why)                                                                        \
    static weir_status fn_##name(weir_call *call, weir_column *out, weir_error *err) {             \
        return apply(call, out, f, why, err);                                                      \
    }
static double cotangent(double x) {
    return 1 / tan(x);
}
FLOAT(sinh, sinh, "overflow of float64")
FLOAT(cosh, cosh, "overflow of float64")
FLOAT(tanh, tanh, "")
FLOAT(asinh, asinh, "")
FLOAT(acosh, acosh, "acosh of less than 1")
FLOAT(atanh, atanh, "atanh outside of -1 to 1")
FLOAT(asin, asin, "asin outside of -1 to 1")
FLOAT(acos, acos, "acos outside of -1 to 1")
FLOAT(cot, cotangent, "cotangent of 0")
FLOAT(log1p, log1p, "logarithm of zero or less")
FLOAT(expm1, expm1, "overflow of float64")

static weir_status fn_hypot(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    WEIR_ARG(double, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), y = WEIR_AT(b, row), r = hypot(x, y);
        ((double *)out->values)[row] = r;
        if (isinf(r) && isfinite(x) && isfinite(y))
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of float64"));
    }
out:
    return status;
}

static weir_status fn_e(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_EACH_ROW(row)((double *)out->values)[row] = M_E;
    return WEIR_OK;
}

static weir_status fn_is_finite(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    (void)err;
    WEIR_EACH_ROW(row) {
        if (isfinite(WEIR_AT(a, row))) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}
static weir_status fn_is_inf(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    (void)err;
    WEIR_EACH_ROW(row) {
        if (isinf(WEIR_AT(a, row))) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

/* ---- whole numbers ----------------------------------------------------------------------------
 */

static uint64_t magnitude(int64_t x) {
    return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

static weir_status fn_lcm(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint64_t x = magnitude(WEIR_AT(a, row)), y = magnitude(WEIR_AT(b, row)), u = x, v = y, r;
        while (v) {
            uint64_t rest = u % v;
            u = v;
            v = rest;
        }
        ((int64_t *)out->values)[row] = 0;
        if (x == 0 || y == 0) continue;
        if (__builtin_mul_overflow(x / u, y, &r) || r > INT64_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        else
            ((int64_t *)out->values)[row] = (int64_t)r;
    }
out:
    return status;
}

static weir_status fn_factorial(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t n = WEIR_AT(a, row), r = 1;
        for (int64_t i = 2; i <= n && i <= 20; i++) r *= i;
        ((int64_t *)out->values)[row] = r;
        if (n < 0 || n > 20)
            WEIR_TRY(
                weir_call_fail(call, out, row, err,
                               n < 0 ? "factorial of a negative number" : "overflow of int64"));
    }
out:
    return status;
}

static weir_status fn_bit_not(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    (void)err;
    WEIR_EACH_ROW(row)((int64_t *)out->values)[row] = ~WEIR_AT(a, row);
    return WEIR_OK;
}
static weir_status fn_bit_count(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    (void)err;
    WEIR_EACH_ROW(row)
    ((int64_t *)out->values)[row] = __builtin_popcountll((uint64_t)WEIR_AT(a, row));
    return WEIR_OK;
}

/* left: bits that leave on the left are an error, as any overflow. */
static weir_status shift(weir_call *call, weir_column *out, bool left, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t x = WEIR_AT(a, row), n = WEIR_AT(b, row), r = 0;
        ((int64_t *)out->values)[row] = 0;
        if (n < 0 || n > 63) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "shift by %lld bits, not 0 to 63",
                                    (long long)n));
            continue;
        }
        if (!left)
            r = x >> n;
        else if (n == 63 ? x != 0 && x != -1 : __builtin_mul_overflow(x, (int64_t)1 << n, &r)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
            continue;
        } else if (n == 63)
            r = x ? INT64_MIN : 0;
        ((int64_t *)out->values)[row] = r;
    }
out:
    return status;
}
static weir_status fn_shift_left(weir_call *call, weir_column *out, weir_error *err) {
    return shift(call, out, true, err);
}
static weir_status fn_shift_right(weir_call *call, weir_column *out, weir_error *err) {
    return shift(call, out, false, err);
}

/* ---- digits of another base --------------------------------------------------------------------
 */

static weir_status fn_to_base(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t x = WEIR_AT(a, row), base = WEIR_AT(b, row);
        char text[66];
        size_t at = sizeof text;
        uint64_t v = magnitude(x);
        if (base < 2 || base > 36) {
            WEIR_TRY(
                weir_call_fail(call, out, row, err, "base %lld is not 2 to 36", (long long)base));
            continue;
        }
        do {
            text[--at] = "0123456789abcdefghijklmnopqrstuvwxyz"[v % (uint64_t)base];
            v /= (uint64_t)base;
        } while (v);
        if (x < 0) text[--at] = '-';
        WEIR_TRY(weir_text_put(&t, row, text + at, sizeof text - at, err));
    }
out:
    return status;
}

static int digit_of(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'z') return c - 'a' + 10;
    return c >= 'A' && c <= 'Z' ? c - 'A' + 10 : 99;
}

static weir_status fn_from_base(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    WEIR_ARG(int64_t, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        int64_t base = WEIR_AT(b, row), v = 0;
        size_t sign = s.size && s.data[0] == '-', i = sign;
        bool wrong = i == s.size, over = false;
        ((int64_t *)out->values)[row] = 0;
        if (base < 2 || base > 36) {
            WEIR_TRY(
                weir_call_fail(call, out, row, err, "base %lld is not 2 to 36", (long long)base));
            continue;
        }
        for (; i < s.size && !wrong && !over; i++) {
            int d = digit_of(s.data[i]);
            wrong = d >= base;
            over = !wrong && (__builtin_mul_overflow(v, base, &v) ||
                              __builtin_sub_overflow(v, (int64_t)d, &v));
        }
        if (!wrong && !sign) over |= __builtin_mul_overflow(v, (int64_t)-1, &v);
        if (wrong)
            WEIR_TRY(weir_call_fail(call, out, row, err, "'%.*s' is no number of base %lld",
                                    weir_clip(s), s.data, (long long)base));
        else if (over)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        else
            ((int64_t *)out->values)[row] = v;
    }
out:
    return status;
}

/* ---- bounds
 * -------------------------------------------------------------------------------------- */

/* Number of the bucket of x among n equal ones from low to high; 0 below, n + 1 above. */
static weir_status fn_width_bucket(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    WEIR_ARG(double, l, 1);
    WEIR_ARG(double, h, 2);
    WEIR_ARG(int64_t, c, 3);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), low = WEIR_AT(l, row), high = WEIR_AT(h, row);
        int64_t n = WEIR_AT(c, row);
        int64_t *to = (int64_t *)out->values + row;
        *to = 0;
        if (n <= 0 || n > 1000000000) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "%lld buckets", (long long)n));
            continue;
        }
        if (isnan(x) || !isfinite(low) || !isfinite(high) || low == high) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "no buckets between these bounds"));
            continue;
        }
        double share = low < high ? (x - low) / (high - low) : (low - x) / (low - high);
        *to = share < 0 ? 0 : share >= 1 ? n + 1 : (int64_t)(share * (double)n) + 1;
    }
out:
    return status;
}

/* clamp(x, low, high): greatest(low, least(x, high)), null when any is. */
static weir_status prepare_clamp(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **pair = weir_bind_args(p->binder, 2), **three = weir_bind_args(p->binder, 3);
    weir_bound *let = NULL, *x = NULL, *low_let = NULL, *low = NULL, *high_let = NULL, *high = NULL;
    weir_bound *below = NULL, *above = NULL, *body = NULL;
    if (!pair || !three) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_let(p->binder, p->args[0], &let, &x, err));
    WEIR_TRY(weir_bind_let(p->binder, p->args[1], &low_let, &low, err));
    WEIR_TRY(weir_bind_let(p->binder, p->args[2], &high_let, &high, err));
    WEIR_TRY(weir_bind_compare(p->binder, p->at, WEIR_X_LT, x, low, &below, err));
    WEIR_TRY(weir_bind_compare(p->binder, p->at, WEIR_X_GT, x, high, &above, err));
    weir_bound **parts = weir_bind_args(p->binder, 5);
    if (!parts) return weir_error_nomem(err);
    parts[0] = below, parts[1] = low, parts[2] = above, parts[3] = high, parts[4] = x;
    WEIR_TRY(weir_bind_node(p->binder, WEIR_B_CASE, p->at, p->type, parts, 5, &body, err));
    WEIR_TRY(weir_bind_fold(p->binder, &body, err));
    p->node = weir_bind_close(let, weir_bind_close(low_let, weir_bind_close(high_let, body)));
out:
    return status;
}

/* Never runs: prepare puts other nodes in its place. */
static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a form that was not replaced");
}

/* a / b, null when b is 0. */
static weir_status prepare_divide(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **parts = weir_bind_args(p->binder, 3), *let = NULL, *b = NULL, *body = NULL,
               *zero = NULL;
    weir_column *none = NULL;
    if (!parts) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_let(p->binder, p->args[1], &let, &b, err));
    int64_t nothing = 0;
    WEIR_TRY(weir_column_constant(weir_type_of(WEIR_INT64), 1, &nothing, 8, NULL, &none, err));
    WEIR_TRY(weir_bind_constant(p->binder, p->at, none, &zero, err));
    WEIR_TRY(weir_bind_compare(p->binder, p->at, WEIR_X_EQ, b, zero, &parts[0], err));
    WEIR_TRY(weir_bind_arith(p->binder, p->at, WEIR_X_DIV, p->args[0], b, &parts[2], err));
    WEIR_TRY(weir_bind_null(p->binder, p->at, parts[2]->type, &parts[1], err));
    WEIR_TRY(weir_bind_node(p->binder, WEIR_B_CASE, p->at, parts[2]->type, parts, 3, &body, err));
    WEIR_TRY(weir_bind_fold(p->binder, &body, err));
    p->node = weir_bind_close(let, body);
out:
    return status;
}

#define ROW(name, flags, doc, example, result, duck)                                               \
    {                                                                                              \
        {#name, "", #name "(x float64) -> float64", "number", 0, doc, example, result, duck}, {    \
            { "f", 'f', flags, fn_##name, NULL }                                                   \
        }                                                                                          \
    }

#define OVERFLOWS "infinity where it overflows"

const weir_function weir_functions_math[] = {
    ROW(asin, WEIR_K_CAN_FAIL, "angle in radians whose sine is x", "asin(0)", "0", ""),
    ROW(acos, WEIR_K_CAN_FAIL, "angle in radians whose cosine is x", "acos(1)", "0", ""),
    ROW(sinh, WEIR_K_CAN_FAIL, "hyperbolic sine", "sinh(0)", "0", OVERFLOWS),
    ROW(cosh, WEIR_K_CAN_FAIL, "hyperbolic cosine", "cosh(0)", "1", OVERFLOWS),
    ROW(tanh, WEIR_K_CAN_FAIL, "hyperbolic tangent", "tanh(0)", "0", ""),
    ROW(asinh, WEIR_K_CAN_FAIL, "inverse hyperbolic sine", "asinh(0)", "0", ""),
    ROW(acosh, WEIR_K_CAN_FAIL, "inverse hyperbolic cosine", "acosh(1)", "0", "NaN below 1"),
    ROW(atanh, WEIR_K_CAN_FAIL, "inverse hyperbolic tangent", "atanh(0)", "0",
        "infinity at -1 and 1"),
    ROW(cot, WEIR_K_CAN_FAIL, "cotangent", "round(cot(pi() / 4), 6)", "1", ""),
    ROW(log1p, WEIR_K_CAN_FAIL, "ln(1 + x), exact for small x", "log1p(0)", "0", "does not exist"),
    ROW(expm1, WEIR_K_CAN_FAIL, "exp(x) - 1, exact for small x", "expm1(0)", "0", "does not exist"),
    {{"hypot", "", "hypot(x float64, y float64) -> float64", "number", 0, "sqrt(x*x + y*y)",
      "hypot(3, 4)", "5", "does not exist"},
     {{"ff", 'f', WEIR_K_CAN_FAIL, fn_hypot, NULL}}},
    {{"e", "", "e() -> float64", "number", 0, "2.71828...", "round(e(), 5)", "2.71828",
      "does not exist"},
     {{"", 'f', 0, fn_e, NULL}}},
    {{"is_finite", "isfinite", "is_finite(x float64) -> bool", "number", 0,
      "whether x is neither infinite nor NaN", "is_finite('Infinity')", "false", "isfinite"},
     {{"f", 'B', 0, fn_is_finite, NULL}}},
    {{"is_infinite", "isinf, is_inf", "is_infinite(x float64) -> bool", "number", 0,
      "whether x is infinite", "is_infinite(1e308)", "false", "isinf"},
     {{"f", 'B', 0, fn_is_inf, NULL}}},
    {{"lcm", "least_common_multiple", "lcm(a int64, b int64) -> int64", "number", 0,
      "least common multiple", "lcm(4, 6)", "12", ""},
     {{"ii", 'i', WEIR_K_CAN_FAIL, fn_lcm, NULL}}},
    {{"factorial", "", "factorial(n int64) -> int64", "number", 0, "1 * 2 * ... * n, n up to 20",
      "factorial(5)", "120", "is a hugeint"},
     {{"i", 'i', WEIR_K_CAN_FAIL, fn_factorial, NULL}}},
    {{"bit_not", "", "bit_not(a int64) -> int64", "number", 0, "each bit turned", "bit_not(0)",
      "-1", "~"},
     {{"i", 'i', 0, fn_bit_not, NULL}}},
    {{"bit_count", "", "bit_count(a int64) -> int64", "number", 0, "number of bits that are set",
      "bit_count(255)", "8", ""},
     {{"i", 'i', 0, fn_bit_count, NULL}}},
    {{"shift_left", "bit_shift_left", "shift_left(a int64, bits int64) -> int64", "number", 0,
      "a * 2 ^ bits", "shift_left(3, 4)", "48", "<<, which takes no negative number"},
     {{"ii", 'i', WEIR_K_CAN_FAIL, fn_shift_left, NULL}}},
    {{"shift_right", "bit_shift_right", "shift_right(a int64, bits int64) -> int64", "number", 0,
      "a / 2 ^ bits, rounded down", "shift_right(-5, 1)", "-3", ">>"},
     {{"ii", 'i', WEIR_K_CAN_FAIL, fn_shift_right, NULL}}},
    {{"to_base", "", "to_base(n int64, base int64) -> string", "number", 0,
      "the digits of n in base 2 to 36, small letters", "to_base(255, 16)", "ff",
      "capital letters, no negative number"},
     {{"ii", 's', WEIR_K_CAN_FAIL, fn_to_base, NULL}}},
    {{"from_base", "", "from_base(string, base int64) -> int64", "number", 0,
      "the number of these digits in base 2 to 36", "from_base('ff', 16)", "255", "does not exist"},
     {{"si", 'i', WEIR_K_CAN_FAIL, fn_from_base, NULL}}},
    {{"width_bucket", "", "width_bucket(x float64, low float64, high float64, n int64) -> int64",
      "number", 0, "number of x's bucket among n equal ones; 0 below low, n + 1 from high on",
      "width_bucket(5.35, 0.024, 10.06, 5)", "3", "does not exist"},
     {{"fffi", 'i', WEIR_K_CAN_FAIL, fn_width_bucket, NULL}}},
    {{"clamp", "clip", "clamp(x, low, high) -> common type", "number", 0,
      "x, but not below low nor above high", "clamp(120, 0, 100)", "100", "does not exist"},
     {{"XXX", 'X', WEIR_K_CAN_FAIL, fn_none, prepare_clamp}}},
    {{"safe_divide", "try_divide", "safe_divide(a, b) -> as a / b", "number", 0,
      "a / b, null when b is 0", "safe_divide(1, 0)", "null", "does not exist"},
     {{"nn", '!', WEIR_K_CAN_FAIL, fn_none, prepare_divide}}},
    {.info = {.name = NULL}}};
