/* Functions of numbers that need no decimals. */
#include "expr/function.h"
#include "expr/number.h"

/* ---- float64 to float64
 * ---------------------------------------------------------------------------- */

typedef struct float_function {
    double (*call)(double);
    double least; /* smaller arguments fail */
    bool open;    /* `least` itself fails, too */
    const char *why;
} float_function;

static weir_status fn_float(weir_call *call, weir_column *out, weir_error *err) {
    const float_function *f = call->state;
    WEIR_ARG(double, a, 0);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), r;
        if (x < f->least || (f->open && x == f->least)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "%s", f->why));
            continue;
        }
        ((double *)out->values)[row] = r = f->call(x);
        if (isinf(r) && isfinite(x))
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of float64"));
    }
out:
    return status;
}

#define FLOAT_FUNCTION(name, c, least, open, why)                                                  \
    static weir_status prepare_##name(weir_prepare *p, weir_error *err) {                          \
        static const float_function f = {c, least, open, why};                                     \
        (void)err;                                                                                 \
        p->state = &f;                                                                             \
        return WEIR_OK;                                                                            \
    }
FLOAT_FUNCTION(sqrt, sqrt, 0, false, "square root of a negative number")
/* The whole root of a whole cube exactly. */
static double cube_root(double x) {
    double r = cbrt(x), whole = rint(r);
    return whole * whole * whole == x ? whole : r;
}
FLOAT_FUNCTION(cbrt, cube_root, -INFINITY, false, "")
FLOAT_FUNCTION(exp, exp, -INFINITY, false, "")
FLOAT_FUNCTION(ln, log, 0, true, "logarithm of zero or less")
FLOAT_FUNCTION(log10, log10, 0, true, "logarithm of zero or less")
FLOAT_FUNCTION(log2, log2, 0, true, "logarithm of zero or less")
FLOAT_FUNCTION(sin, sin, -INFINITY, false, "")
FLOAT_FUNCTION(cos, cos, -INFINITY, false, "")
FLOAT_FUNCTION(tan, tan, -INFINITY, false, "")
FLOAT_FUNCTION(atan, atan, -INFINITY, false, "")
static double to_radians(double x) {
    return x * (M_PI / 180);
}
static double to_degrees(double x) {
    return x * (180 / M_PI);
}
FLOAT_FUNCTION(radians, to_radians, -INFINITY, false, "")
FLOAT_FUNCTION(degrees, to_degrees, -INFINITY, false, "")

/* ---- float64 x float64
 * -------------------------------------------------------------------------------- */

static weir_status fn_power(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    WEIR_ARG(double, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), y = WEIR_AT(b, row), r = pow(x, y);
        ((double *)out->values)[row] = r;
        if (x == 0 && y < 0)
            WEIR_TRY(weir_call_fail(call, out, row, err, "zero to a negative power"));
        else if (isnan(r) && !isnan(x) && !isnan(y))
            WEIR_TRY(weir_call_fail(call, out, row, err,
                                    "negative number to a power that is not whole"));
        else if (isinf(r) && isfinite(x) && isfinite(y))
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of float64"));
    }
out:
    return status;
}

/* log(base, x) */
static weir_status fn_log_base(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, b, 0);
    WEIR_ARG(double, a, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double base = WEIR_AT(b, row), x = WEIR_AT(a, row);
        if (base <= 0 || x <= 0 || base == 1)
            WEIR_TRY(
                weir_call_fail(call, out, row, err,
                               base == 1 ? "logarithm to base 1" : "logarithm of zero or less"));
        else
            ((double *)out->values)[row] = log(x) / log(base);
    }
out:
    return status;
}

static weir_status fn_atan2(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    WEIR_ARG(double, b, 1);
    (void)err;
    WEIR_EACH_ROW(row)((double *)out->values)[row] = atan2(WEIR_AT(a, row), WEIR_AT(b, row));
    return WEIR_OK;
}

static weir_status fn_pi(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_EACH_ROW(row)((double *)out->values)[row] = M_PI;
    return WEIR_OK;
}

static weir_status fn_is_nan(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    (void)err;
    WEIR_EACH_ROW(row) {
        if (isnan(WEIR_AT(a, row))) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

/* ---- integers
 * ------------------------------------------------------------------------------------------- */

static weir_status fn_gcd(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t x = WEIR_AT(a, row), y = WEIR_AT(b, row);
        uint64_t u = x < 0 ? 0 - (uint64_t)x : (uint64_t)x,
                 v = y < 0 ? 0 - (uint64_t)y : (uint64_t)y;
        while (v) {
            uint64_t rest = u % v;
            u = v;
            v = rest;
        }
        if (u > INT64_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        else
            ((int64_t *)out->values)[row] = (int64_t)u;
    }
out:
    return status;
}

#define BITS(name, EXPR)                                                                           \
    static weir_status name(weir_call *call, weir_column *out, weir_error *err) {                  \
        WEIR_ARG(int64_t, a, 0);                                                                   \
        WEIR_ARG(int64_t, b, 1);                                                                   \
        (void)err;                                                                                 \
        WEIR_EACH_ROW(row) {                                                                       \
            int64_t x = WEIR_AT(a, row), y = WEIR_AT(b, row);                                      \
            ((int64_t *)out->values)[row] = (EXPR);                                                \
        }                                                                                          \
        return WEIR_OK;                                                                            \
    }
BITS(fn_bit_and, x &y)
BITS(fn_bit_or, x | y)
BITS(fn_bit_xor, x ^ y)

/* mod(a, b) is a % b. */
static weir_status prepare_mod(weir_prepare *p, weir_error *err) {
    return weir_bind_arith(p->binder, p->at, WEIR_X_MOD, p->args[0], p->args[1], &p->node, err);
}

#define F1(name, alias, doc, example, result, prepare, flags)                                      \
    {                                                                                              \
        {name, alias, name "(x float64) -> float64", "number", 0, doc, example, result, ""}, {     \
            { "f", 'f', flags, fn_float, prepare }                                                 \
        }                                                                                          \
    }

const weir_function weir_functions_number[] = {
    F1("sqrt", "", "square root", "sqrt(2.25)", "1.5", prepare_sqrt, WEIR_K_CAN_FAIL),
    F1("cbrt", "", "cube root", "cbrt(27)", "3", prepare_cbrt, 0),
    F1("exp", "", "e to the power of x", "exp(0)", "1", prepare_exp, WEIR_K_CAN_FAIL),
    F1("ln", "", "natural logarithm", "ln(1)", "0", prepare_ln, WEIR_K_CAN_FAIL),
    F1("log10", "", "logarithm to base 10", "log10(1000)", "3", prepare_log10, WEIR_K_CAN_FAIL),
    F1("log2", "", "logarithm to base 2", "log2(8)", "3", prepare_log2, WEIR_K_CAN_FAIL),
    F1("sin", "", "sine of radians", "sin(0)", "0", prepare_sin, 0),
    F1("cos", "", "cosine of radians", "cos(0)", "1", prepare_cos, 0),
    F1("tan", "", "tangent of radians", "tan(0)", "0", prepare_tan, 0),
    F1("atan", "", "angle in radians whose tangent is x", "atan(0)", "0", prepare_atan, 0),
    F1("radians", "", "degrees as radians", "radians(0)", "0", prepare_radians, 0),
    F1("degrees", "", "radians as degrees", "degrees(pi())", "180", prepare_degrees,
       WEIR_K_CAN_FAIL),
    {{"log", "", "log([base float64,] x float64) -> float64", "number", 0,
      "logarithm to base 10, or to a given base", "log(2, 8)", "3", ""},
     {{"f", 'f', WEIR_K_CAN_FAIL, fn_float, prepare_log10},
      {"ff", 'f', WEIR_K_CAN_FAIL, fn_log_base, NULL}}},
    {{"power", "pow", "power(x float64, y float64) -> float64", "number", 0,
      "x to the power of y; x ^ y", "power(2, 10)", "1024",
      "infinity or NaN where it overflows or is not real"},
     {{"ff", 'f', WEIR_K_CAN_FAIL, fn_power, NULL}}},
    {{"atan2", "", "atan2(y float64, x float64) -> float64", "number", 0,
      "angle of the point (x, y) in radians", "atan2(0, 1)", "0", ""},
     {{"ff", 'f', 0, fn_atan2, NULL}}},
    {{"pi", "", "pi() -> float64", "number", 0, "3.14159...", "pi()", "3.141592653589793", ""},
     {{"", 'f', 0, fn_pi, NULL}}},
    {{"is_nan", "isnan", "is_nan(x float64) -> bool", "number", 0, "whether x is not a number",
      "is_nan(cast('NaN' as float64))", "true", "isnan"},
     {{"f", 'B', 0, fn_is_nan, NULL}}},
    {{"gcd", "", "gcd(a int64, b int64) -> int64", "number", 0, "greatest common divisor",
      "gcd(12, 18)", "6", ""},
     {{"ii", 'i', WEIR_K_CAN_FAIL, fn_gcd, NULL}}},
    {{"mod", "", "mod(a, b) -> number", "number", 0,
      "rest of the division, with the sign of a; a % b", "mod(-7, 3)", "-1", ""},
     {{"nn", '!', WEIR_K_CAN_FAIL, fn_gcd, prepare_mod}}},
    {{"bit_and", "", "bit_and(a int64, b int64) -> int64", "number", 0, "bits set in both",
      "bit_and(12, 10)", "8", "a & b"},
     {{"ii", 'i', 0, fn_bit_and, NULL}}},
    {{"bit_or", "", "bit_or(a int64, b int64) -> int64", "number", 0, "bits set in either",
      "bit_or(12, 10)", "14", "a | b"},
     {{"ii", 'i', 0, fn_bit_or, NULL}}},
    {{"bit_xor", "", "bit_xor(a int64, b int64) -> int64", "number", 0, "bits set in one only",
      "bit_xor(12, 10)", "6", "xor(a, b)"},
     {{"ii", 'i', 0, fn_bit_xor, NULL}}},
    {.info = {.name = NULL}}};
