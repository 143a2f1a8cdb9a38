/* Conversions that need no written cast: nulls, literals, widening. */
#include "expr/bind.h"

#include <stdio.h>
#include "expr/number.h"

bool weir_bound_is_null(const weir_bound *x) {
    return x->kind == WEIR_B_CONST && weir_column_is_null(x->constant, 0);
}

bool weir_bound_int(const weir_bound *x, int64_t *value) {
    if (x->kind != WEIR_B_CONST || weir_bound_is_null(x) || x->type->id != WEIR_INT64) return false;
    *value = *(const int64_t *)x->constant->values;
    return true;
}

bool weir_bound_text(const weir_bound *x, weir_slice *text) {
    if (x->kind != WEIR_B_CONST || weir_bound_is_null(x) || !weir_type_is_view(x->type))
        return false;
    *text = weir_column_slice(x->constant, 0);
    return true;
}

/* Digits before the point that every value of the type has room for. */
static int whole_digits(const weir_type *t) {
    switch (t->id) {
    case WEIR_INT8:
    case WEIR_UINT8: return 3;
    case WEIR_INT16:
    case WEIR_UINT16: return 5;
    case WEIR_INT32:
    case WEIR_UINT32: return 10;
    case WEIR_INT64: return 19;
    case WEIR_UINT64: return 20;
    case WEIR_DECIMAL: return t->precision - t->scale;
    default: return 0;
    }
}

void weir_bound_digits(const weir_bound *x, int *whole, int *scale) {
    int64_t value;
    *scale = x->type->id == WEIR_DECIMAL ? x->type->scale : 0;
    *whole = whole_digits(x->type);
    if (x->loose && weir_bound_int(x, &value)) {
        uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        for (*whole = 1; rest >= 10; rest /= 10) ++*whole;
    }
}

/* Whether a value fits an integer type. */
static bool int_fits(int64_t v, weir_type_id id) {
    switch (id) {
    case WEIR_INT8: return v >= INT8_MIN && v <= INT8_MAX;
    case WEIR_INT16: return v >= INT16_MIN && v <= INT16_MAX;
    case WEIR_INT32: return v >= INT32_MIN && v <= INT32_MAX;
    case WEIR_UINT8: return v >= 0 && v <= UINT8_MAX;
    case WEIR_UINT16: return v >= 0 && v <= UINT16_MAX;
    case WEIR_UINT32: return v >= 0 && v <= (int64_t)UINT32_MAX;
    case WEIR_UINT64: return v >= 0;
    default: return true;
    }
}

/* Every value of integer type a is one of b. */
static bool int_widens(const weir_type *a, const weir_type *b) {
    if (weir_type_is_signed(a) && !weir_type_is_signed(b)) return false;
    return weir_type_is_signed(a) == weir_type_is_signed(b) ? a->width <= b->width
                                                            : a->width < b->width;
}

static int number_cost(const weir_bound *x, const weir_type *to) {
    const weir_type *from = x->type;
    int64_t value;
    if (weir_type_is_integer(to)) {
        if (!weir_type_is_integer(from)) return -1;
        if (x->loose && weir_bound_int(x, &value)) return int_fits(value, to->id) ? 1 : -1;
        return int_widens(from, to) ? 1 : -1;
    }
    if (to->id == WEIR_DECIMAL) {
        if (weir_type_is_float(from)) return -1;
        int whole, scale;
        weir_bound_digits(x, &whole, &scale);
        return whole <= to->precision - to->scale && scale <= to->scale ? 2 : -1;
    }
    if (to->id == WEIR_FLOAT64) return from->id == WEIR_FLOAT32 ? 1 : 3;
    /* A float32 wanted: numbers as they are written, no other. */
    return x->kind == WEIR_B_CONST ? 4 : -1;
}

int weir_bind_cost(const weir_bound *x, const weir_type *to) {
    const weir_type *from = x->type;
    if (from == to) return 0;
    if (from->id == WEIR_NULL) return 1;
    if (to->id == WEIR_NULL) return -1;
    if (x->kind == WEIR_B_CONST && x->loose && from->id == WEIR_STRING)
        return weir_type_is_nested(to) ? -1 : 2;
    if (weir_type_is_numeric(from) && weir_type_is_numeric(to)) return number_cost(x, to);
    if (from->id == WEIR_TIMESTAMPTZ && to->id == WEIR_TIMESTAMPTZ) return 0;
    if (from->id == WEIR_DATE && to->id == WEIR_TIMESTAMP) return 2;
    bool constant = x->kind == WEIR_B_CONST;
    if (constant && to->id == WEIR_TIMESTAMPTZ &&
        (from->id == WEIR_DATE || from->id == WEIR_TIMESTAMP))
        return 3;
    return -1;
}

/* Whether a value may be lost or refused on the way. */
static bool cast_can_fail(const weir_bound *x, const weir_type *to) {
    const weir_type *from = x->type;
    if (from->id == WEIR_NULL || from == to) return false;
    if (weir_type_is_integer(from) && weir_type_is_integer(to)) return !int_widens(from, to);
    if (to->id == WEIR_STRING) return false;
    if (weir_type_is_numeric(from) && weir_type_is_numeric(to))
        return weir_bind_cost(x, to) < 0 || weir_type_is_float(to);
    return true;
}

static weir_status no_cast(const weir_expr *at, const weir_type *from, const weir_type *to,
                           weir_error *err) {
    weir_expr_fault(err, at->begin, "%s cannot become %s", from->name, to->name);
    if (from->id == WEIR_TIMESTAMP && to->id == WEIR_TIMESTAMPTZ)
        weir_error_hint(err, "say in which zone: x at time zone 'Europe/Berlin'");
    else if (weir_cast_known(from, weir_type_of(WEIR_STRING)) && to->id != WEIR_STRING &&
             weir_cast_known(weir_type_of(WEIR_STRING), to))
        weir_error_hint(err, "cast it to string first");
    return WEIR_USAGE;
}

weir_status weir_bind_cast(weir_binder *b, const weir_expr *at, weir_bound *x,
                           const weir_type *type, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    if (x->type == type) {
        *out = x;
        return WEIR_OK;
    }
    if (x->type->id == WEIR_NULL) return weir_bind_null(b, at, type, out, err);
    if (!weir_cast_known(x->type, type)) return no_cast(at, x->type, type, err);
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    args[0] = x;
    WEIR_TRY(weir_bind_node(b, WEIR_B_CAST, at, type, args, 1, out, err));
    (*out)->can_fail |= cast_can_fail(x, type);
    WEIR_TRY(weir_bind_fold(b, out, err));
out:
    return status;
}

/* A literal that must be of this type. */
static weir_status convert_literal(weir_binder *b, weir_bound **node, const weir_type *type,
                                   weir_error *err) {
    weir_bound *x = *node, *cast = NULL;
    weir_status status = weir_bind_cast(b, x->at, x, type, &cast, err);
    if (status != WEIR_OK || cast->kind == WEIR_B_CONST) {
        if (status == WEIR_OK) *node = cast;
        return status;
    }
    char reason[256] = "";
    weir_column *value = NULL;
    status = weir_eval_fold(cast, b->program->n_slots, &value, reason, sizeof reason, err);
    weir_column_release(value);
    if (status != WEIR_OK) return status;
    weir_expr_fault(err, x->at->begin, "%s", reason);
    weir_error_hint(err, "%s is wanted here", type->name);
    return WEIR_USAGE;
}

weir_status weir_bind_convert(weir_binder *b, weir_bound **node, const weir_type *type,
                              weir_error *err) {
    weir_bound *x = *node;
    if (x->type == type) return WEIR_OK;
    if (weir_bind_cost(x, type) < 0) {
        weir_slice piece = weir_expr_piece(x->at);
        weir_expr_fault(err, x->at->begin, "%.*s is %s, but %s is wanted", (int)piece.size,
                        piece.data, x->type->name, type->name);
        if (weir_cast_known(x->type, type))
            weir_error_hint(err, "write cast(%.*s as %s)", (int)piece.size, piece.data, type->name);
        return WEIR_USAGE;
    }
    if (x->type->id == WEIR_NULL) return weir_bind_null(b, x->at, type, node, err);
    bool text = x->kind == WEIR_B_CONST && x->loose && x->type->id == WEIR_STRING;
    if (text || (x->kind == WEIR_B_CONST && type->id == WEIR_FLOAT32))
        return convert_literal(b, node, type, err);
    if (type->id == WEIR_FLOAT64) return weir_number_to_float(b, node, err);
    return weir_bind_cast(b, x->at, x, type, node, err);
}

/* ---- the common type of several values ------------------------------------------------------ */

static weir_status decimal_of(int whole, int scale, const weir_type **out, weir_error *err) {
    int precision = whole + scale;
    if (precision > WEIR_DECIMAL_MAX_PRECISION) precision = WEIR_DECIMAL_MAX_PRECISION;
    if (precision < 1) precision = 1;
    return weir_type_decimal(precision, scale, out, err);
}

static const weir_type *common_integer(const weir_type *a, const weir_type *b) {
    if (int_widens(a, b)) return b;
    if (int_widens(b, a)) return a;
    /* One signed, one unsigned: the next wider signed type, if there is one. */
    int width = a->width > b->width ? a->width : b->width;
    bool wide_unsigned = a->id == WEIR_UINT64 || b->id == WEIR_UINT64;
    if (wide_unsigned) return NULL;
    return weir_type_of(width == 1 ? WEIR_INT16 : width == 2 ? WEIR_INT32 : WEIR_INT64);
}

/* *out NULL: there is none. */
static weir_status common_of(const weir_bound *x, const weir_bound *y, const weir_type **out,
                             weir_error *err) {
    const weir_type *a = x->type, *b = y->type;
    *out = NULL;
    if (weir_bind_cost(y, a) >= 0) {
        *out = a;
        return WEIR_OK;
    }
    if (weir_bind_cost(x, b) >= 0) {
        *out = b;
        return WEIR_OK;
    }
    if (!weir_type_is_numeric(a) || !weir_type_is_numeric(b)) return WEIR_OK;
    if (weir_type_is_float(a) || weir_type_is_float(b)) {
        *out = weir_type_of(WEIR_FLOAT64);
        return WEIR_OK;
    }
    if (weir_type_is_integer(a) && weir_type_is_integer(b)) *out = common_integer(a, b);
    if (*out) return WEIR_OK;
    int wx, sx, wy, sy;
    weir_bound_digits(x, &wx, &sx);
    weir_bound_digits(y, &wy, &sy);
    return decimal_of(wx > wy ? wx : wy, sx > sy ? sx : sy, out, err);
}

weir_status weir_bind_common(weir_binder *b, const weir_expr *at, weir_bound **nodes, uint32_t n,
                             const weir_type **out, weir_error *err) {
    (void)b;
    (void)at;
    weir_bound held = {0}; /* stands for the nodes so far */
    const weir_expr *from = NULL;
    bool loose = false;
    /* Literals last: they adapt to the others. */
    for (int pass = 0; pass < 3; pass++)
        for (uint32_t i = 0; i < n; i++) {
            weir_bound *x = nodes[i];
            if (!x) continue;
            int turn = x->type->id == WEIR_NULL ? 2 : x->loose ? 1 : 0;
            if (turn != pass) continue;
            if (!held.type) {
                held = *x;
                from = x->at;
                loose = x->loose;
                continue;
            }
            if (x->type->id == WEIR_NULL || x->type == held.type) continue;
            const weir_type *type = NULL;
            weir_status status = common_of(&held, x, &type, err);
            if (status != WEIR_OK) return status;
            if (!type || (loose && x->loose && !weir_type_is_numeric(type))) {
                weir_slice p = weir_expr_piece(x->at), q = weir_expr_piece(from);
                weir_expr_fault(err, x->at->begin, "%.*s is %s, but %.*s is %s", (int)p.size,
                                p.data, x->type->name, (int)q.size, q.data, held.type->name);
                if (weir_cast_known(x->type, held.type))
                    weir_error_hint(err, "cast one: cast(%.*s as %s)", (int)p.size, p.data,
                                    held.type->name);
                return WEIR_USAGE;
            }
            held = (weir_bound){.kind = WEIR_B_REF, .type = type};
        }
    *out = held.type ? held.type : weir_type_of(WEIR_NULL);
    return WEIR_OK;
}
