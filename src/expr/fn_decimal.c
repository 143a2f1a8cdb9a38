/* Rounding and signs of numbers of every kind: integers, exact decimals, floats. */
#include "expr/function.h"
#include "expr/number.h"

typedef enum step { STEP_ROUND, STEP_TRUNC, STEP_FLOOR, STEP_CEIL } step;

typedef struct round_state {
    step how;
    int places; /* digits behind the point that stay; negative: before it */
    int in_scale;
    int out_scale;
    weir_int128 limit;
} round_state;

/* ---- decimals and integers
 * ---------------------------------------------------------------------------- */

static weir_status round_exact(weir_call *call, weir_column *out, weir_error *err) {
    static const weir_rounding ways[] = {WEIR_ROUND_HALF, WEIR_ROUND_ZERO, WEIR_ROUND_DOWN,
                                         WEIR_ROUND_UP};
    const round_state *s = call->state;
    bool small = out->type->width == 8;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_int128 v = weir_number_at(call->args[0], row);
        if (s->places < s->in_scale) {
            v = weir_decimal_scale_down(v, s->in_scale - s->places, ways[s->how]);
            if (!weir_decimal_scale_up(v, s->out_scale - s->places, &v)) v = s->limit;
        }
        if (v >= s->limit || v <= -s->limit || (small && v != (int64_t)v)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of %s", out->type->name));
            continue;
        }
        if (small)
            ((int64_t *)out->values)[row] = (int64_t)v;
        else
            memcpy((char *)out->values + (size_t)row * 16, &v, 16);
    }
out:
    return status;
}

/* ---- floats
 * --------------------------------------------------------------------------------------------- */

static double step_float(step how, double x) {
    switch (how) {
    case STEP_ROUND: return round(x);
    case STEP_TRUNC: return trunc(x);
    case STEP_FLOOR: return floor(x);
    default: return ceil(x);
    }
}

static weir_status round_float(weir_call *call, weir_column *out, weir_error *err) {
    const round_state *s = call->state;
    WEIR_ARG(double, a, 0);
    (void)err;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), r = x;
        weir_int128 d;
        if (s->places == 0 || !isfinite(x)) {
            r = isfinite(x) ? step_float(s->how, x) : x;
        } else if (s->places > 0 && s->how == STEP_ROUND && s->places <= 30) {
            /* By the shortest text, so that round(1.005, 2) is 1.01. */
            if (fabs(x) < 1e15 && weir_decimal_from_double(x, 38, s->places, &d))
                r = weir_decimal_to_double(d, s->places);
        } else if (s->places < 30) {
            double unit = pow(10, s->places < 0 ? -s->places : s->places);
            r = s->places < 0 ? step_float(s->how, x / unit) * unit
                              : step_float(s->how, x * unit) / unit;
            if (!isfinite(r)) r = x;
        }
        ((double *)out->values)[row] = r;
    }
    return WEIR_OK;
}

/* ---- binding
 * ---------------------------------------------------------------------------------------------- */

static weir_status prepare_step(weir_prepare *p, step how, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *t = p->args[0]->type;
    int64_t places = 0;
    if (p->n_args > 1 && (!weir_bound_int(p->args[1], &places) || places < -38 || places > 38)) {
        weir_expr_fault(err, p->args[1]->at->begin,
                        "the number of digits must be a constant from -38 to 38");
        return WEIR_USAGE;
    }
    p->n_args = 1;
    round_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->how = how;
    s->places = (int)places;
    p->state = s;
    if (weir_type_is_float(t)) {
        WEIR_TRY(weir_bind_convert(p->binder, &p->args[0], weir_type_of(WEIR_FLOAT64), err));
        p->type = weir_type_of(WEIR_FLOAT64);
        p->kernel = round_float;
        p->kernel_flags = 0;
        return WEIR_OK;
    }
    if (weir_type_is_integer(t)) {
        if (places >= 0) { /* nothing to do */
            p->node = p->args[0];
            return WEIR_OK;
        }
        if (t->id == WEIR_UINT64)
            WEIR_TRY(weir_type_decimal(20, 0, &t, err));
        else
            t = weir_type_of(WEIR_INT64);
        WEIR_TRY(weir_bind_convert(p->binder, &p->args[0], t, err));
        p->type = t;
        s->limit = t->id == WEIR_INT64 ? weir_decimal_power[20] : weir_decimal_power[t->precision];
        return WEIR_OK;
    }
    if (places >= t->scale) {
        p->node = p->args[0];
        return WEIR_OK;
    }
    s->in_scale = t->scale;
    s->out_scale = places > 0 ? (int)places : 0;
    int precision = t->precision - t->scale + s->out_scale + 1; /* 9.9 rounds to 10 */
    if (precision > 38) precision = 38;
    WEIR_TRY(weir_type_decimal(precision, s->out_scale, &p->type, err));
    s->limit = weir_decimal_power[precision];
    if (t->precision - t->scale + s->out_scale + 1 <= 38)
        p->kernel_flags &= ~(uint32_t)WEIR_K_CAN_FAIL;
out:
    return status;
}
static weir_status prepare_round(weir_prepare *p, weir_error *err) {
    return prepare_step(p, STEP_ROUND, err);
}
static weir_status prepare_trunc(weir_prepare *p, weir_error *err) {
    return prepare_step(p, STEP_TRUNC, err);
}
static weir_status prepare_floor(weir_prepare *p, weir_error *err) {
    return prepare_step(p, STEP_FLOOR, err);
}
static weir_status prepare_ceil(weir_prepare *p, weir_error *err) {
    return prepare_step(p, STEP_CEIL, err);
}

/* ---- abs, sign, div
 * ------------------------------------------------------------------------------------- */

static weir_status fn_abs(weir_call *call, weir_column *out, weir_error *err) {
    weir_status status = WEIR_OK;
    if (out->type->id == WEIR_FLOAT64) {
        WEIR_ARG(double, a, 0);
        WEIR_EACH_ROW(row)((double *)out->values)[row] = fabs(WEIR_AT(a, row));
        return WEIR_OK;
    }
    WEIR_EACH_ROW(row) {
        weir_int128 v = weir_number_at(call->args[0], row);
        if (v < 0) v = -v;
        if (out->type->width == 16)
            memcpy((char *)out->values + (size_t)row * 16, &v, 16);
        else if (out->type->id != WEIR_UINT64 && v > INT64_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        else
            ((uint64_t *)out->values)[row] = (uint64_t)v;
    }
out:
    return status;
}

static weir_status fn_sign(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    int64_t *to = out->values;
    if (call->args[0]->type->id == WEIR_FLOAT64) {
        WEIR_ARG(double, a, 0);
        WEIR_EACH_ROW(row) to[row] = (WEIR_AT(a, row) > 0) - (WEIR_AT(a, row) < 0);
        return WEIR_OK;
    }
    WEIR_EACH_ROW(row) {
        weir_int128 v = weir_number_at(call->args[0], row);
        to[row] = (v > 0) - (v < 0);
    }
    return WEIR_OK;
}

/* Integers as int64, floats as float64; decimals and uint64 as they are. */
static weir_status prepare_plain(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type;
    if (weir_type_is_float(t)) t = weir_type_of(WEIR_FLOAT64);
    if (weir_type_is_integer(t) && t->id != WEIR_UINT64) t = weir_type_of(WEIR_INT64);
    if (!p->type) p->type = t;
    return weir_bind_convert(p->binder, &p->args[0], t, err);
}

/* div(a, b): the whole part of a / b. */
static weir_status fn_div(weir_call *call, weir_column *out, weir_error *err) {
    const round_state *s = call->state; /* in_scale, out_scale: by how much a and b are scaled up */
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_int128 a = weir_number_at(call->args[0], row), b = weir_number_at(call->args[1], row),
                    q;
        if (b == 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "division by zero"));
            continue;
        }
        if (!weir_decimal_scale_up(a, s->in_scale, &a) ||
            !weir_decimal_scale_up(b, s->out_scale, &b)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "more than 38 digits"));
            continue;
        }
        q = a / b;
        if (q >= s->limit || q <= -s->limit)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of %s", out->type->name));
        else if (out->type->width == 8)
            ((int64_t *)out->values)[row] = (int64_t)q;
        else
            memcpy((char *)out->values + (size_t)row * 16, &q, 16);
    }
out:
    return status;
}

static weir_status prepare_div(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = p->args[0], *y = p->args[1], *quotient = NULL;
    bool floats = weir_type_is_float(x->type) || weir_type_is_float(y->type);
    bool ints = weir_type_is_integer(x->type) && weir_type_is_integer(y->type);
    if (floats || (ints && x->type->id != WEIR_UINT64 && y->type->id != WEIR_UINT64)) {
        WEIR_TRY(weir_bind_arith(p->binder, p->at, WEIR_X_DIV, x, y, &quotient, err));
        p->node = quotient;
        if (!floats) return WEIR_OK;
        weir_bound **args = weir_bind_args(p->binder, 1);
        if (!args) return weir_error_nomem(err);
        args[0] = quotient;
        return weir_bind_named(p->binder, p->at, "trunc", args, 1, &p->node, err);
    }
    round_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    int wx, sx, wy, sy;
    weir_bound_digits(x, &wx, &sx);
    weir_bound_digits(y, &wy, &sy);
    int precision = wx + sy > 38 ? 38 : wx + sy < 1 ? 1 : wx + sy;
    s->in_scale = sy > sx ? sy - sx : 0;
    s->out_scale = sx > sy ? sx - sy : 0;
    s->limit = weir_decimal_power[precision];
    p->state = s;
    WEIR_TRY(weir_type_decimal(precision, 0, &p->type, err));
out:
    return status;
}

#define STEP(name, alias, doc, example, result, prepare, duck)                                     \
    {                                                                                              \
        {name, alias, name "(x number) -> number", "number", 0, doc, example, result, duck}, {     \
            { "n", '!', WEIR_K_CAN_FAIL, round_exact, prepare }                                    \
        }                                                                                          \
    }

const weir_function weir_functions_decimal[] = {
    {{"round", "", "round(x number [, digits int64]) -> number", "number", 0,
      "nearest number with this many digits behind the point (negative: before it), halves away "
      "from zero",
      "round(2.345, 2)", "2.35", ""},
     {{"ni?", '!', WEIR_K_CAN_FAIL, round_exact, prepare_round}}},
    {{"trunc", "", "trunc(x number [, digits int64]) -> number", "number", 0,
      "digits cut off, toward zero", "trunc(-2.79, 1)", "-2.7", ""},
     {{"ni?", '!', WEIR_K_CAN_FAIL, round_exact, prepare_trunc}}},
    STEP("floor", "", "largest whole number that is not larger", "floor(-1.5)", "-2", prepare_floor,
         ""),
    STEP("ceil", "ceiling", "smallest whole number that is not smaller", "ceil(1.2)", "2",
         prepare_ceil, ""),
    {{"abs", "", "abs(x number) -> number", "number", 0, "without its sign", "abs(-2.50)", "2.50",
      ""},
     {{"n", '!', WEIR_K_CAN_FAIL, fn_abs, prepare_plain}}},
    {{"sign", "", "sign(x number) -> int64", "number", 0, "-1, 0 or 1", "sign(-3.2)", "-1", ""},
     {{"n", 'i', 0, fn_sign, prepare_plain}}},
    {{"div", "", "div(a number, b number) -> number", "number", 0,
      "whole part of a / b, toward zero", "div(-7.5, 2)", "-3", "a // b"},
     {{"nn", '!', WEIR_K_CAN_FAIL, fn_div, prepare_div}}},
    {.info = {.name = NULL}}};
