/* Binding: names become fields, every node gets its type, constants are folded. */
#include "expr/bind.h"

#include <stdio.h>
#include <strings.h>
#include "expr/function.h"
#include "text/number.h"

/* ---- making nodes -------------------------------------------------------------------------- */

weir_bound **weir_bind_args(weir_binder *b, uint32_t n) {
    return weir_arena_zero(b->arena, n ? n : 1, sizeof(weir_bound *));
}

weir_status weir_bind_node(weir_binder *b, weir_bound_kind kind, const weir_expr *at,
                           const weir_type *type, weir_bound **args, uint32_t n, weir_bound **out,
                           weir_error *err) {
    weir_bound *x = weir_arena_zero(b->arena, 1, sizeof *x);
    if (!x) return weir_error_nomem(err);
    x->kind = kind;
    x->at = at;
    x->type = type;
    x->args = args;
    x->n = n;
    for (uint32_t i = 0; i < n; i++) {
        x->can_fail |= args[i]->can_fail;
        x->is_volatile |= args[i]->is_volatile;
    }
    *out = x;
    return WEIR_OK;
}

weir_status weir_bind_own(weir_binder *b, void *object, void (*release)(void *), weir_error *err) {
    weir_owned *o = weir_arena_alloc(b->arena, sizeof *o);
    if (!o) {
        release(object);
        return weir_error_nomem(err);
    }
    *o = (weir_owned){object, release, b->program->owned};
    b->program->owned = o;
    return WEIR_OK;
}

static void release_column(void *object) {
    weir_column_release(object);
}

weir_status weir_bind_constant(weir_binder *b, const weir_expr *at, weir_column *value,
                               weir_bound **out, weir_error *err) {
    weir_bound *x = NULL;
    weir_status status = weir_bind_own(b, value, release_column, err);
    if (status == WEIR_OK)
        status = weir_bind_node(b, WEIR_B_CONST, at, value->type, NULL, 0, &x, err);
    if (status != WEIR_OK) return status;
    x->constant = value;
    x->index = b->program->n_constants++;
    *out = x;
    return WEIR_OK;
}

/* A constant of plain data; NULL data is null. */
static weir_status literal(weir_binder *b, const weir_expr *at, const weir_type *type,
                           const void *data, size_t size, weir_bound **out, weir_error *err) {
    weir_column *c = NULL;
    weir_status status = weir_column_constant(type, 1, data, size, NULL, &c, err);
    return status == WEIR_OK ? weir_bind_constant(b, at, c, out, err) : status;
}

weir_status weir_bind_null(weir_binder *b, const weir_expr *at, const weir_type *type,
                           weir_bound **out, weir_error *err) {
    return literal(b, at, type, NULL, 0, out, err);
}

static bool foldable(const weir_bound *x) {
    if (x->is_volatile || x->kind == WEIR_B_CONST || x->kind == WEIR_B_USER ||
        weir_type_is_nested(x->type) || x->type->id == WEIR_NULL)
        return false;
    for (uint32_t i = 0; i < x->n; i++)
        if (x->args[i]->kind != WEIR_B_CONST) return false;
    return x->n > 0 || x->kind == WEIR_B_CALL;
}

weir_status weir_bind_fold(weir_binder *b, weir_bound **node, weir_error *err) {
    if (!foldable(*node)) return WEIR_OK;
    weir_column *value = NULL;
    weir_status status = weir_eval_fold(*node, b->program->n_slots, &value, NULL, 0, err);
    if (status != WEIR_OK || !value) return status;
    return weir_bind_constant(b, (*node)->at, value, node, err);
}

weir_status weir_bind_kernel(weir_binder *b, const weir_expr *at, const weir_type *type,
                             weir_kernel kernel, uint32_t kernel_flags, const void *state,
                             weir_bound **args, uint32_t n, weir_bound **out, weir_error *err) {
    weir_bound *x = NULL;
    weir_status status = weir_bind_node(b, WEIR_B_CALL, at, type, args, n, &x, err);
    if (status != WEIR_OK) return status;
    x->kernel = kernel;
    x->kernel_flags = kernel_flags;
    x->state = state;
    if (kernel_flags & WEIR_K_CAN_FAIL) x->can_fail = true;
    if (kernel_flags & WEIR_K_VOLATILE) x->is_volatile = true;
    *out = x;
    return weir_bind_fold(b, out, err);
}

weir_status weir_bind_let(weir_binder *b, weir_bound *value, weir_bound **let, weir_bound **ref,
                          weir_error *err) {
    *let = NULL;
    *ref = value;
    if (value->kind == WEIR_B_CONST || value->kind == WEIR_B_COLUMN || value->kind == WEIR_B_REF)
        return WEIR_OK;
    weir_status status = WEIR_OK;
    weir_bound **args = weir_bind_args(b, 2);
    if (!args) return weir_error_nomem(err);
    args[0] = value;
    weir_bound *x = NULL, *r = NULL;
    WEIR_TRY(weir_bind_node(b, WEIR_B_LET, value->at, NULL, args, 1, &x, err));
    WEIR_TRY(weir_bind_node(b, WEIR_B_REF, value->at, value->type, NULL, 0, &r, err));
    r->index = x->index = b->program->n_slots++;
    r->is_volatile = value->is_volatile;
    *let = x;
    *ref = r;
out:
    return status;
}

weir_bound *weir_bind_close(weir_bound *let, weir_bound *body) {
    if (!let) return body;
    let->args[1] = body;
    let->n = 2;
    let->type = body->type;
    let->can_fail |= body->can_fail;
    let->is_volatile |= body->is_volatile;
    return let;
}

/* ---- literals ------------------------------------------------------------------------------ */

static weir_status bind_number(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    int64_t i;
    double d;
    weir_num_shape shape;
    if (e->kind == WEIR_E_INT && weir_num_parse_int64(e->text, e->text_size, &i) == WEIR_NUM_OK) {
        weir_status status = literal(b, e, weir_type_of(WEIR_INT64), &i, sizeof i, out, err);
        if (status == WEIR_OK) (*out)->loose = true;
        return status;
    }
    if (e->kind == WEIR_E_FLOAT) {
        if (weir_num_parse_double(e->text, e->text_size, 0, &d) != WEIR_NUM_OK)
            return weir_expr_fault(err, e->begin, "%.*s is out of the range of float64",
                                   (int)weir_clip((weir_slice){e->text, e->text_size}), e->text);
        return literal(b, e, weir_type_of(WEIR_FLOAT64), &d, sizeof d, out, err);
    }
    if (weir_num_measure(e->text, e->text_size, &shape) != WEIR_NUM_OK) shape.whole = 1000;
    int precision = shape.whole + shape.fraction;
    if (precision > WEIR_DECIMAL_MAX_PRECISION) {
        weir_expr_fault(err, e->begin, "the number has more than %d digits",
                        WEIR_DECIMAL_MAX_PRECISION);
        weir_error_hint(err, "write it with an exponent (1e30) for a float64");
        return WEIR_USAGE;
    }
    const weir_type *type = NULL;
    if (precision == 0) precision = 1;
    weir_status status = weir_type_decimal(precision, shape.fraction, &type, err);
    if (status != WEIR_OK) return status;
    __int128 value = 0;
    int64_t small = 0;
    weir_num_parse_decimal128(e->text, e->text_size, precision, shape.fraction, &value);
    small = (int64_t)value;
    bool wide = weir_type_is_decimal128(type);
    return literal(b, e, type, wide ? (void *)&value : (void *)&small, type->width, out, err);
}

static weir_status bind_string(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    weir_status status = literal(b, e, weir_type_of(WEIR_STRING), e->text, e->text_size, out, err);
    if (status == WEIR_OK) (*out)->loose = true;
    return status;
}

/* ---- names --------------------------------------------------------------------------------- */

static weir_status unknown_column(weir_binder *b, const weir_expr *e, weir_error *err) {
    weir_expr_fault(err, e->begin, "there is no column %s", e->text);
    const char *near = weir_schema_nearest(b->schema, e->text);
    if (near)
        weir_error_hint(err, "did you mean %s?", near);
    else if (e->flags & WEIR_E_QUOTED)
        weir_error_hint(err, "double quotes name a column; write a text as '%s'", e->text);
    else if (b->schema->n_fields)
        weir_error_hint(err, "a text is written in single quotes: '%s'", e->text);
    if (err) snprintf(err->key, sizeof err->key, "%s", e->text);
    return WEIR_USAGE;
}

/* SQL writes these two functions without parentheses; a column of the name comes first. */
static weir_status bind_bare_function(weir_binder *b, const weir_expr *e, bool *found,
                                      weir_bound **out, weir_error *err) {
    static const char *const names[] = {"current_date", "current_timestamp"};
    *found = false;
    for (size_t i = 0; !(e->flags & WEIR_E_QUOTED) && i < sizeof names / sizeof *names; i++) {
        if (strcasecmp(e->text, names[i]) != 0) continue;
        weir_expr *call = weir_arena_zero(b->arena, 1, sizeof *call);
        if (!call) return weir_error_nomem(err);
        *call = *e;
        call->kind = WEIR_E_CALL;
        call->text = names[i];
        *found = true;
        return weir_bind_call(b, call, out, err);
    }
    return WEIR_OK;
}

static weir_status bind_column(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    weir_schema *s = b->schema;
    int field = weir_schema_find(s, e->text, e->text_size);
    for (uint32_t i = 0, n = 0; field < 0 && !(e->flags & WEIR_E_QUOTED) && i < s->n_fields; i++) {
        const char *name = s->fields[i].name;
        if (strlen(name) != e->text_size || strncasecmp(name, e->text, e->text_size) != 0) continue;
        for (uint32_t j = i + 1; j < s->n_fields; j++)
            n += strcasecmp(name, s->fields[j].name) == 0;
        if (n) {
            weir_expr_fault(err, e->begin, "%.*s may be several columns that differ in case only",
                            (int)e->text_size, e->text);
            weir_error_hint(err, "write the exact name in double quotes: \"%s\"", name);
            return WEIR_USAGE;
        }
        field = (int)i;
    }
    bool bare = false;
    weir_status status = field < 0 ? bind_bare_function(b, e, &bare, out, err) : WEIR_OK;
    if (status != WEIR_OK || bare) return status;
    if (field < 0) return unknown_column(b, e, err);
    status = weir_bind_node(b, WEIR_B_COLUMN, e, s->fields[field].type, NULL, 0, out, err);
    if (status != WEIR_OK) return status;
    (*out)->index = (uint32_t)field;
    b->program->reads[field >> 6] |= 1ull << (field & 63);
    return WEIR_OK;
}

/* ---- conditions ---------------------------------------------------------------------------- */

/* x, which must be a condition. */
static weir_status bind_condition(weir_binder *b, const weir_expr *e, const char *where,
                                  weir_bound **out, weir_error *err) {
    weir_status status = weir_bind_expr(b, e, out, err);
    if (status != WEIR_OK) return status;
    if (weir_bind_cost(*out, weir_type_of(WEIR_BOOL)) < 0) {
        weir_expr_fault(err, e->begin, "%s takes conditions, but this is %s", where,
                        (*out)->type->name);
        weir_slice piece = weir_expr_piece(e);
        if (weir_type_is_numeric((*out)->type))
            weir_error_hint(err, "compare it: %.*s <> 0", (int)piece.size, piece.data);
        else
            weir_error_hint(err, "compare it with something");
        return WEIR_USAGE;
    }
    return weir_bind_convert(b, out, weir_type_of(WEIR_BOOL), err);
}

static weir_status bind_junction(weir_binder *b, const weir_expr *e, weir_bound **out,
                                 weir_error *err) {
    bool is_and = e->kind == WEIR_E_AND;
    weir_bound **args = weir_bind_args(b, e->n);
    if (!args) return weir_error_nomem(err);
    for (uint32_t i = 0; i < e->n; i++) {
        weir_status status = bind_condition(b, e->args[i], is_and ? "and" : "or", &args[i], err);
        if (status != WEIR_OK) return status;
    }
    weir_status status = weir_bind_node(b, is_and ? WEIR_B_AND : WEIR_B_OR, e,
                                        weir_type_of(WEIR_BOOL), args, e->n, out, err);
    return status == WEIR_OK ? weir_bind_fold(b, out, err) : status;
}

weir_status weir_bind_not(weir_binder *b, const weir_expr *at, weir_bound *x, weir_bound **out,
                          weir_error *err) {
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    args[0] = x;
    weir_status status =
        weir_bind_node(b, WEIR_B_NOT, at, weir_type_of(WEIR_BOOL), args, 1, out, err);
    return status == WEIR_OK ? weir_bind_fold(b, out, err) : status;
}

static weir_status bind_is(weir_binder *b, const weir_expr *e, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    if (e->op == WEIR_IS_NULL)
        WEIR_TRY(weir_bind_expr(b, e->args[0], &args[0], err));
    else
        WEIR_TRY(bind_condition(b, e->args[0], "is true and is false", &args[0], err));
    WEIR_TRY(weir_bind_node(b, WEIR_B_IS, e, weir_type_of(WEIR_BOOL), args, 1, out, err));
    (*out)->op = e->op == WEIR_IS_UNKNOWN ? WEIR_IS_NULL : e->op;
    (*out)->negated = e->flags & WEIR_E_NEGATED;
    WEIR_TRY(weir_bind_fold(b, out, err));
out:
    return status;
}

static weir_status bind_between(weir_binder *b, const weir_expr *e, weir_bound **out,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = NULL, *low = NULL, *high = NULL, *let = NULL, *ref = NULL, *body = NULL;
    weir_bound **args = weir_bind_args(b, 2), **swapped = weir_bind_args(b, 2),
               **both = weir_bind_args(b, 2);
    const weir_type *boolean = weir_type_of(WEIR_BOOL);
    if (!args || !swapped || !both) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_expr(b, e->args[0], &x, err));
    WEIR_TRY(weir_bind_expr(b, e->args[1], &low, err));
    WEIR_TRY(weir_bind_expr(b, e->args[2], &high, err));
    WEIR_TRY(weir_bind_let(b, x, &let, &ref, err));
    WEIR_TRY(weir_bind_compare(b, e, WEIR_X_GE, ref, low, &args[0], err));
    WEIR_TRY(weir_bind_compare(b, e, WEIR_X_LE, ref, high, &args[1], err));
    WEIR_TRY(weir_bind_node(b, WEIR_B_AND, e, boolean, args, 2, &body, err));
    if (e->flags & WEIR_E_SYMMETRIC) {
        both[0] = body;
        WEIR_TRY(weir_bind_compare(b, e, WEIR_X_GE, ref, high, &swapped[0], err));
        WEIR_TRY(weir_bind_compare(b, e, WEIR_X_LE, ref, low, &swapped[1], err));
        WEIR_TRY(weir_bind_node(b, WEIR_B_AND, e, boolean, swapped, 2, &both[1], err));
        WEIR_TRY(weir_bind_node(b, WEIR_B_OR, e, boolean, both, 2, &body, err));
    }
    WEIR_TRY(weir_bind_fold(b, &body, err));
    if (e->flags & WEIR_E_NEGATED) WEIR_TRY(weir_bind_not(b, e, body, &body, err));
    *out = weir_bind_close(let, body);
out:
    return status;
}

/* case: every branch is converted to the common type; a missing else is null. */
static weir_status bind_case(weir_binder *b, const weir_expr *e, weir_bound **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t first = e->flags & WEIR_E_OPERAND ? 1 : 0, has_else = e->flags & WEIR_E_ELSE ? 1 : 0;
    uint32_t pairs = (e->n - first - has_else) / 2;
    weir_bound **args = weir_bind_args(b, pairs * 2 + 1), **values = weir_bind_args(b, pairs + 1);
    weir_bound *operand = NULL, *let = NULL, *body = NULL;
    const weir_type *type = NULL;
    if (!args || !values) return weir_error_nomem(err);
    if (first) {
        WEIR_TRY(weir_bind_expr(b, e->args[0], &operand, err));
        WEIR_TRY(weir_bind_let(b, operand, &let, &operand, err));
    }
    for (uint32_t i = 0; i < pairs; i++) {
        const weir_expr *when = e->args[first + 2 * i];
        if (operand) {
            weir_bound *value = NULL;
            WEIR_TRY(weir_bind_expr(b, when, &value, err));
            WEIR_TRY(weir_bind_compare(b, when, WEIR_X_EQ, operand, value, &args[2 * i], err));
        } else {
            WEIR_TRY(bind_condition(b, when, "when", &args[2 * i], err));
        }
        WEIR_TRY(weir_bind_expr(b, e->args[first + 2 * i + 1], &values[i], err));
    }
    if (has_else) WEIR_TRY(weir_bind_expr(b, e->args[e->n - 1], &values[pairs], err));
    WEIR_TRY(weir_bind_common(b, e, values, pairs + 1, &type, err));
    if (!values[pairs]) WEIR_TRY(weir_bind_null(b, e, type, &values[pairs], err));
    for (uint32_t i = 0; i <= pairs; i++) {
        WEIR_TRY(weir_bind_convert(b, &values[i], type, err));
        args[i < pairs ? 2 * i + 1 : 2 * i] = values[i];
    }
    WEIR_TRY(weir_bind_node(b, WEIR_B_CASE, e, type, args, pairs * 2 + 1, &body, err));
    WEIR_TRY(weir_bind_fold(b, &body, err));
    *out = weir_bind_close(let, body);
out:
    return status;
}

static weir_status bind_try(weir_binder *b, const weir_expr *e, weir_bound *x, weir_bound **out,
                            weir_error *err) {
    if (!x->can_fail) {
        *out = x;
        return WEIR_OK;
    }
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    args[0] = x;
    weir_status status = weir_bind_node(b, WEIR_B_TRY, e, x->type, args, 1, out, err);
    if (status == WEIR_OK) (*out)->can_fail = false;
    return status;
}

static weir_status bind_cast(weir_binder *b, const weir_expr *e, weir_bound **out,
                             weir_error *err) {
    weir_bound *x = NULL;
    weir_status status = weir_bind_expr(b, e->args[0], &x, err);
    if (status == WEIR_OK) status = weir_bind_cast(b, e, x, e->type, &x, err);
    if (status != WEIR_OK) return status;
    if (e->flags & WEIR_E_TRYCAST) return bind_try(b, e, x, out, err);
    *out = x;
    return WEIR_OK;
}

weir_status weir_bind_expr(weir_binder *b, const weir_expr *e, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = NULL;
    uint8_t flag = 0;
    switch (e->kind) {
    case WEIR_E_NULL: return weir_bind_null(b, e, weir_type_of(WEIR_NULL), out, err);
    case WEIR_E_BOOL:
        flag = e->op;
        return literal(b, e, weir_type_of(WEIR_BOOL), &flag, 1, out, err);
    case WEIR_E_INT:
    case WEIR_E_DECIMAL:
    case WEIR_E_FLOAT: return bind_number(b, e, out, err);
    case WEIR_E_STRING: return bind_string(b, e, out, err);
    case WEIR_E_TYPED:
        WEIR_TRY(bind_string(b, e, &x, err));
        WEIR_TRY(weir_bind_convert(b, &x, e->type, err));
        *out = x;
        break;
    case WEIR_E_COLUMN: return bind_column(b, e, out, err);
    case WEIR_E_NOT:
        WEIR_TRY(bind_condition(b, e->args[0], "not", &x, err));
        return weir_bind_not(b, e, x, out, err);
    case WEIR_E_AND:
    case WEIR_E_OR: return bind_junction(b, e, out, err);
    case WEIR_E_IS: return bind_is(b, e, out, err);
    case WEIR_E_IN: return weir_bind_in(b, e, out, err);
    case WEIR_E_BETWEEN: return bind_between(b, e, out, err);
    case WEIR_E_CASE: return bind_case(b, e, out, err);
    case WEIR_E_CAST: return bind_cast(b, e, out, err);
    case WEIR_E_TRY:
        WEIR_TRY(weir_bind_expr(b, e->args[0], &x, err));
        return bind_try(b, e, x, out, err);
    case WEIR_E_CALL: return weir_bind_call(b, e, out, err);
    default: return weir_bind_operator(b, e, out, err);
    }
out:
    return status;
}
