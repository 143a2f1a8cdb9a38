/* + - * / % on numbers.  Overflow and division by zero fail the record; nothing wraps.
 *
 * int64 and float64 run over all rows without a branch and look afterwards whether anything went
 * wrong; only then are the rows looked at one by one. */
#include "expr/number.h"

/* ---- int64 ----------------------------------------------------------------------------------- */

#define OVERFLOW_ADD(a, b, r) __builtin_add_overflow(a, b, r)
#define OVERFLOW_SUB(a, b, r) __builtin_sub_overflow(a, b, r)
#define OVERFLOW_MUL(a, b, r) __builtin_mul_overflow(a, b, r)

/* Rows that count, among those of a dense kernel. */
static weir_status counted(weir_call *call, const weir_column *out, weir_rows *rows,
                           weir_error *err) {
    *rows = call->rows;
    return out->validity ? weir_rows_where(call->eval, call->rows, out->validity, false, rows, err)
                         : WEIR_OK;
}

#define INT_KERNEL(name, TEST)                                                                     \
    static weir_status name(weir_call *call, weir_column *out, weir_error *err) {                  \
        WEIR_ARG(int64_t, a, 0);                                                                   \
        WEIR_ARG(int64_t, b, 1);                                                                   \
        int64_t *to = out->values;                                                                 \
        bool overflow = false;                                                                     \
        if (call->rows.sel) {                                                                      \
            WEIR_EACH_ROW(row) overflow |= TEST(WEIR_AT(a, row), WEIR_AT(b, row), &to[row]);       \
        } else if (b_m == 0) {                                                                     \
            const int64_t c = *b_v;                                                                \
            for (uint32_t i = 0; i < call->rows.n; i++) overflow |= TEST(a_v[i], c, &to[i]);       \
        } else {                                                                                   \
            for (uint32_t i = 0; i < call->rows.n; i++)                                            \
                overflow |= TEST(a_v[i & a_m], b_v[i], &to[i]);                                    \
        }                                                                                          \
        if (!overflow) return WEIR_OK;                                                             \
        weir_rows rows;                                                                            \
        weir_status status = counted(call, out, &rows, err);                                       \
        for (uint32_t k = 0; status == WEIR_OK && k < rows.n; k++) {                               \
            uint32_t row = weir_rows_at(&rows, k);                                                 \
            int64_t r;                                                                             \
            if (TEST(WEIR_AT(a, row), WEIR_AT(b, row), &r))                                        \
                status = weir_call_fail(call, out, row, err, "overflow of int64");                 \
        }                                                                                          \
        return status;                                                                             \
    }
INT_KERNEL(add_int, OVERFLOW_ADD)
INT_KERNEL(sub_int, OVERFLOW_SUB)
INT_KERNEL(mul_int, OVERFLOW_MUL)

static weir_status div_int(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    int64_t *to = out->values;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t x = WEIR_AT(a, row), y = WEIR_AT(b, row);
        if (y == 0)
            WEIR_TRY(weir_call_fail(call, out, row, err, "division by zero"));
        else if (y == -1 && x == INT64_MIN)
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        else
            to[row] = x / y;
    }
out:
    return status;
}

static weir_status mod_int(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    int64_t *to = out->values;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t y = WEIR_AT(b, row);
        if (y == 0)
            WEIR_TRY(weir_call_fail(call, out, row, err, "division by zero"));
        else
            to[row] = y == -1 ? 0 : WEIR_AT(a, row) % y;
    }
out:
    return status;
}

/* ---- float64 --------------------------------------------------------------------------------- */

/* A result that became infinite from finite operands is an overflow. */
static weir_status float_overflow(weir_call *call, weir_column *out, const double *a, uint32_t a_m,
                                  const double *b, uint32_t b_m, weir_error *err) {
    weir_rows rows;
    const double *to = out->values;
    weir_status status = counted(call, out, &rows, err);
    for (uint32_t k = 0; status == WEIR_OK && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (isinf(to[row]) && isfinite(a[row & a_m]) && isfinite(b[row & b_m]))
            status = weir_call_fail(call, out, row, err, "overflow of float64");
    }
    return status;
}

#define FLOAT_KERNEL(name, OP)                                                                     \
    static weir_status name(weir_call *call, weir_column *out, weir_error *err) {                  \
        WEIR_ARG(double, a, 0);                                                                    \
        WEIR_ARG(double, b, 1);                                                                    \
        double *to = out->values;                                                                  \
        uint32_t infinite = 0;                                                                     \
        if (call->rows.sel) {                                                                      \
            WEIR_EACH_ROW(row) {                                                                   \
                to[row] = WEIR_AT(a, row) OP WEIR_AT(b, row);                                      \
                infinite |= (uint32_t)isinf(to[row]);                                              \
            }                                                                                      \
        } else if (b_m == 0) {                                                                     \
            const double c = *b_v;                                                                 \
            for (uint32_t i = 0; i < call->rows.n; i++) {                                          \
                to[i] = a_v[i] OP c;                                                               \
                infinite |= fabs(to[i]) > 1.7976931348623157e308;                                  \
            }                                                                                      \
        } else {                                                                                   \
            for (uint32_t i = 0; i < call->rows.n; i++) {                                          \
                to[i] = a_v[i & a_m] OP b_v[i];                                                    \
                infinite |= fabs(to[i]) > 1.7976931348623157e308;                                  \
            }                                                                                      \
        }                                                                                          \
        return infinite ? float_overflow(call, out, a_v, a_m, b_v, b_m, err) : WEIR_OK;            \
    }
FLOAT_KERNEL(add_float, +)
FLOAT_KERNEL(sub_float, -)
FLOAT_KERNEL(mul_float, *)

static weir_status div_float(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    WEIR_ARG(double, b, 1);
    double *to = out->values;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double x = WEIR_AT(a, row), y = WEIR_AT(b, row), r;
        if (y == 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "division by zero"));
            continue;
        }
        to[row] = r = x / y;
        if (isinf(r) && isfinite(x))
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of float64"));
    }
out:
    return status;
}

static weir_status mod_float(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(double, a, 0);
    WEIR_ARG(double, b, 1);
    double *to = out->values;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        double y = WEIR_AT(b, row);
        if (y == 0)
            WEIR_TRY(weir_call_fail(call, out, row, err, "division by zero"));
        else
            to[row] = fmod(WEIR_AT(a, row), y);
    }
out:
    return status;
}

/* ---- decimals -------------------------------------------------------------------------------- */

typedef struct decimal_state {
    weir_expr_op op;
    int up_a, up_b;    /* digits by which the operands are scaled up first (+ - %) */
    int shift;         /* division */
    bool capped;       /* the result's precision was cut to 38: its size is checked */
    weir_int128 limit; /* 10^precision */
} decimal_state;

/* Both operands and the result in 64 bits. */
static weir_status decimal_small(weir_call *call, weir_column *out, weir_error *err) {
    const decimal_state *s = call->state;
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    int64_t *to = out->values;
    int64_t pa = (int64_t)weir_decimal_power[s->up_a], pb = (int64_t)weir_decimal_power[s->up_b];
    bool overflow = false;
    if (s->op == WEIR_X_MUL) {
        WEIR_EACH_ROW(row)
        overflow |= __builtin_mul_overflow(WEIR_AT(a, row), WEIR_AT(b, row), &to[row]);
    } else if (s->op == WEIR_X_ADD) {
        WEIR_EACH_ROW(row) {
            int64_t x, y;
            overflow |= __builtin_mul_overflow(WEIR_AT(a, row), pa, &x);
            overflow |= __builtin_mul_overflow(WEIR_AT(b, row), pb, &y);
            overflow |= __builtin_add_overflow(x, y, &to[row]);
        }
    } else {
        WEIR_EACH_ROW(row) {
            int64_t x, y;
            overflow |= __builtin_mul_overflow(WEIR_AT(a, row), pa, &x);
            overflow |= __builtin_mul_overflow(WEIR_AT(b, row), pb, &y);
            overflow |= __builtin_sub_overflow(x, y, &to[row]);
        }
    }
    if (!overflow) return WEIR_OK;
    weir_rows rows;
    weir_status status = counted(call, out, &rows, err);
    for (uint32_t k = 0; status == WEIR_OK && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        weir_int128 x = WEIR_AT(a, row), y = WEIR_AT(b, row);
        weir_int128 r = s->op == WEIR_X_MUL   ? x * y
                        : s->op == WEIR_X_ADD ? x * pa + y * pb
                                              : x * pa - y * pb;
        if (r != (int64_t)r) status = weir_call_fail(call, out, row, err, "decimal overflow");
    }
    return status;
}

/* a op b; false = overflow. b is not 0 for / and %. */
static bool decimal_one(const decimal_state *s, weir_int128 a, weir_int128 b, weir_int128 *out) {
    weir_int128 r;
    if (s->op == WEIR_X_DIV)
        return weir_decimal_divide(a, s->shift, b, out) && *out<s->limit && * out> - s->limit;
    if (s->op == WEIR_X_MUL) {
        if (__builtin_mul_overflow(a, b, &r)) return false;
    } else {
        if (s->up_a && !weir_decimal_scale_up(a, s->up_a, &a)) return false;
        if (s->up_b && !weir_decimal_scale_up(b, s->up_b, &b)) return false;
        if (s->op == WEIR_X_MOD)
            r = a % b;
        else if (s->op == WEIR_X_ADD ? __builtin_add_overflow(a, b, &r)
                                     : __builtin_sub_overflow(a, b, &r))
            return false;
    }
    *out = r;
    return r < s->limit && r > -s->limit;
}

static weir_status decimal_wide(weir_call *call, weir_column *out, weir_error *err) {
    const decimal_state *s = call->state;
    const weir_column *a = call->args[0], *b = call->args[1];
    bool small = out->type->width == 8, divides = s->op == WEIR_X_DIV || s->op == WEIR_X_MOD;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_int128 y = weir_number_at(b, row), r;
        if (divides && y == 0) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "division by zero"));
            continue;
        }
        if (!decimal_one(s, weir_number_at(a, row), y, &r)) {
            WEIR_TRY(
                weir_call_fail(call, out, row, err, "more than %d digits", out->type->precision));
            continue;
        }
        if (small)
            ((int64_t *)out->values)[row] = (int64_t)r;
        else
            memcpy((char *)out->values + (size_t)row * 16, &r, 16);
    }
out:
    return status;
}

/* The table of docs/expressions.md. */
static weir_status decimal_result(weir_expr_op op, const weir_bound *x, const weir_bound *y,
                                  const weir_expr *at, decimal_state *s, const weir_type **type,
                                  weir_error *err) {
    int wx, sx, wy, sy, whole, scale;
    weir_bound_digits(x, &wx, &sx);
    weir_bound_digits(y, &wy, &sy);
    scale = sx > sy ? sx : sy;
    switch (op) {
    case WEIR_X_MUL:
        whole = wx + wy;
        scale = sx + sy;
        break;
    case WEIR_X_DIV:
        whole = wx + sy;
        if (scale < 16) scale = 16;
        if (whole + scale > 38) {
            int least = sx > sy ? sx : sy;
            if (least < 6) least = 6;
            scale = 38 - whole > least ? 38 - whole : least;
        }
        break;
    case WEIR_X_MOD: whole = wx < wy ? wx : wy; break;
    default: whole = (wx > wy ? wx : wy) + 1; break;
    }
    if (scale > 38) {
        weir_expr_fault(err, at->begin, "the result would need %d digits behind the point", scale);
        weir_error_hint(err, "round an operand first: round(x, 9)");
        return WEIR_USAGE;
    }
    int precision = whole + scale;
    s->capped = precision > WEIR_DECIMAL_MAX_PRECISION;
    if (s->capped) precision = WEIR_DECIMAL_MAX_PRECISION;
    if (precision < 1) precision = 1;
    s->op = op;
    s->up_a = scale > sx && op != WEIR_X_MUL && op != WEIR_X_DIV ? scale - sx : 0;
    s->up_b = scale > sy && op != WEIR_X_MUL && op != WEIR_X_DIV ? scale - sy : 0;
    s->shift = scale + sy - sx;
    s->limit = weir_decimal_power[precision];
    return weir_type_decimal(precision, scale, type, err);
}

static weir_status bind_decimal(weir_binder *b, const weir_expr *at, weir_expr_op op,
                                weir_bound **args, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *type = NULL;
    decimal_state *s = weir_arena_zero(b->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    WEIR_TRY(decimal_result(op, args[0], args[1], at, s, &type, err));
    bool small = type->width == 8 && !s->capped &&
                 (op == WEIR_X_ADD || op == WEIR_X_SUB || op == WEIR_X_MUL);
    for (int i = 0; i < 2; i++) {
        const weir_type *t = args[i]->type;
        if (weir_type_is_integer(t) && t->id != WEIR_UINT64)
            WEIR_TRY(weir_bind_convert(b, &args[i], weir_type_of(WEIR_INT64), err));
        small &= t->id != WEIR_UINT64 && args[i]->type->width == 8;
    }
    WEIR_TRY(weir_bind_kernel(b, at, type, small ? decimal_small : decimal_wide,
                              WEIR_K_CAN_FAIL | (small ? WEIR_K_DENSE : 0), s, args, 2, out, err));
    /* Wide enough by construction: only a column that breaks its own type could overflow. */
    if (!s->capped && op != WEIR_X_DIV && op != WEIR_X_MOD && (*out)->kind == WEIR_B_CALL)
        (*out)->can_fail = args[0]->can_fail || args[1]->can_fail || !small;
out:
    return status;
}

/* ---- choosing -------------------------------------------------------------------------------- */

static weir_status no_operator(const weir_expr *at, weir_expr_op op, const weir_bound *x,
                               const weir_bound *y, weir_error *err) {
    const weir_bound *text = x->type->id == WEIR_STRING ? x : y->type->id == WEIR_STRING ? y : NULL;
    const weir_bound *other = text == x ? y : x;
    weir_expr_fault(err, at->begin, "%s does not go with %s and %s", weir_expr_op_text(op),
                    x->type->name, y->type->name);
    if (!text) return WEIR_USAGE;
    weir_slice p = weir_expr_piece(text->at);
    if (other->type->id == WEIR_STRING && op == WEIR_X_ADD)
        weir_error_hint(err, "texts are joined with ||");
    else if (weir_type_is_numeric(other->type))
        weir_error_hint(err, "write cast(%.*s as %s)", (int)p.size, p.data,
                        weir_type_is_integer(other->type) ? "int64" : other->type->name);
    else if (text->loose)
        weir_error_hint(err, "write interval %.*s", (int)p.size, p.data);
    return WEIR_USAGE;
}

/* A bare null or a literal text takes the other side's type. */
static weir_status adapt(weir_binder *b, weir_bound **x, const weir_bound *y, weir_error *err) {
    bool text = (*x)->loose && (*x)->type->id == WEIR_STRING && weir_type_is_numeric(y->type);
    if ((*x)->type->id != WEIR_NULL && !text) return WEIR_OK;
    const weir_type *t = y->type->id == WEIR_NULL ? weir_type_of(WEIR_INT64) : y->type;
    return weir_bind_convert(b, x, t, err);
}

weir_status weir_bind_arith(weir_binder *b, const weir_expr *at, weir_expr_op op, weir_bound *x,
                            weir_bound *y, weir_bound **out, weir_error *err) {
    static const struct {
        weir_kernel ints, floats;
        bool dense;
    } kernels[WEIR_X_OPS] = {[WEIR_X_ADD] = {add_int, add_float, true},
                             [WEIR_X_SUB] = {sub_int, sub_float, true},
                             [WEIR_X_MUL] = {mul_int, mul_float, true},
                             [WEIR_X_DIV] = {div_int, div_float, false},
                             [WEIR_X_MOD] = {mod_int, mod_float, false}};
    weir_status status = WEIR_OK;
    bool known = false;
    WEIR_TRY(adapt(b, &x, y, err));
    WEIR_TRY(adapt(b, &y, x, err));
    if (!weir_type_is_numeric(x->type) || !weir_type_is_numeric(y->type)) {
        WEIR_TRY(weir_bind_date_arith(b, at, op, x, y, &known, out, err));
        return known ? WEIR_OK : no_operator(at, op, x, y, err);
    }
    weir_bound **args = weir_bind_args(b, 2);
    if (!args) return weir_error_nomem(err);
    args[0] = x;
    args[1] = y;
    bool floats = weir_type_is_float(x->type) || weir_type_is_float(y->type);
    bool ints = weir_type_is_integer(x->type) && weir_type_is_integer(y->type) &&
                x->type->id != WEIR_UINT64 && y->type->id != WEIR_UINT64;
    if (!floats && !ints) return bind_decimal(b, at, op, args, out, err);
    const weir_type *type = weir_type_of(floats ? WEIR_FLOAT64 : WEIR_INT64);
    for (int i = 0; i < 2; i++) WEIR_TRY(weir_bind_convert(b, &args[i], type, err));
    WEIR_TRY(weir_bind_kernel(b, at, type, floats ? kernels[op].floats : kernels[op].ints,
                              WEIR_K_CAN_FAIL | (kernels[op].dense ? WEIR_K_DENSE : 0), NULL, args,
                              2, out, err));
out:
    return status;
}

/* ---- minus ------------------------------------------------------------------------------------
 */

static weir_status negate(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0];
    weir_status status = WEIR_OK;
    if (c->type->id == WEIR_FLOAT64) {
        WEIR_ARG(double, x, 0);
        WEIR_EACH_ROW(row)((double *)out->values)[row] = -WEIR_AT(x, row);
    } else if (out->type->width == 8) {
        WEIR_ARG(int64_t, x, 0);
        WEIR_EACH_ROW(row) {
            int64_t *to = (int64_t *)out->values + row;
            if (__builtin_sub_overflow((int64_t)0, WEIR_AT(x, row), to))
                WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        }
    } else {
        WEIR_EACH_ROW(row) {
            weir_int128 r = -weir_number_at(c, row);
            memcpy((char *)out->values + (size_t)row * 16, &r, 16);
        }
    }
out:
    return status;
}

weir_status weir_bind_negate(weir_binder *b, const weir_expr *at, weir_bound *x, weir_bound **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *type = x->type;
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    if (type->id == WEIR_INTERVAL) {
        weir_column *c = NULL;
        weir_bound *minus = NULL;
        int64_t one = -1;
        WEIR_TRY(
            weir_column_constant(weir_type_of(WEIR_INT64), 1, &one, sizeof one, NULL, &c, err));
        WEIR_TRY(weir_bind_constant(b, at, c, &minus, err));
        return weir_bind_arith(b, at, WEIR_X_MUL, x, minus, out, err);
    }
    if (!weir_type_is_numeric(type)) {
        weir_slice p = weir_expr_piece(x->at);
        weir_expr_fault(err, at->begin, "- does not go with %s", type->name);
        if (type->id == WEIR_STRING)
            weir_error_hint(err, "write -cast(%.*s as int64)", (int)p.size, p.data);
        return WEIR_USAGE;
    }
    if (weir_type_is_float(type)) type = weir_type_of(WEIR_FLOAT64);
    if (weir_type_is_integer(type) && type->id != WEIR_UINT64) type = weir_type_of(WEIR_INT64);
    args[0] = x;
    if (type->id == WEIR_UINT64) WEIR_TRY(weir_type_decimal(20, 0, &type, err));
    WEIR_TRY(weir_bind_convert(b, &args[0], type, err));
    WEIR_TRY(weir_bind_kernel(b, at, type, negate, type->id == WEIR_INT64 ? WEIR_K_CAN_FAIL : 0,
                              NULL, args, 1, out, err));
out:
    return status;
}
