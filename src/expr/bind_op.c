/* Binding of operators: comparison, in, concatenation, fields, and the way to arithmetic. */
#include "expr/bind.h"

#include "expr/number.h"
#include "expr/function.h"

/* ---- comparison ---------------------------------------------------------------------------- */

static weir_compare_op compare_op(weir_expr_op op) {
    switch (op) {
    case WEIR_X_EQ: return WEIR_EQ;
    case WEIR_X_NE: return WEIR_NE;
    case WEIR_X_LT: return WEIR_LT;
    case WEIR_X_LE: return WEIR_LE;
    case WEIR_X_GT: return WEIR_GT;
    default: return WEIR_GE;
    }
}

static weir_status not_comparable(const weir_expr *at, const weir_bound *x, const weir_bound *y,
                                  weir_error *err) {
    weir_slice p = weir_expr_piece(x->at), q = weir_expr_piece(y->at);
    weir_expr_fault(err, at->begin, "%.*s is %s and %.*s is %s: they cannot be compared",
                    (int)p.size, p.data, x->type->name, (int)q.size, q.data, y->type->name);
    bool zoned = x->type->id == WEIR_TIMESTAMPTZ || y->type->id == WEIR_TIMESTAMPTZ;
    const weir_bound *other = x->type->id == WEIR_TIMESTAMPTZ ? y : x;
    weir_slice o = weir_expr_piece(other->at);
    if (zoned && (other->type->id == WEIR_TIMESTAMP || other->type->id == WEIR_DATE))
        weir_error_hint(err, "say in which zone: %.*s%s at time zone 'Europe/Berlin'", (int)o.size,
                        o.data, other->type->id == WEIR_DATE ? "::timestamp" : "");
    else if (weir_cast_known(x->type, y->type))
        weir_error_hint(err, "cast one: cast(%.*s as %s)", (int)p.size, p.data, y->type->name);
    return WEIR_USAGE;
}

weir_status weir_bind_compare(weir_binder *b, const weir_expr *at, weir_expr_op op, weir_bound *x,
                              weir_bound *y, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *type = NULL;
    bool numbers = weir_type_is_numeric(x->type) && weir_type_is_numeric(y->type);
    bool instants = x->type->id == WEIR_TIMESTAMPTZ && y->type->id == WEIR_TIMESTAMPTZ;
    if (!numbers && !instants) {
        weir_bound *nodes[2] = {x, y};
        weir_error inner = {0};
        status = weir_bind_common(b, at, nodes, 2, &type, &inner);
        if (status == WEIR_USAGE) return not_comparable(at, x, y, err);
        if (status != WEIR_OK) {
            if (err) *err = inner;
            return status;
        }
        if (type->id == WEIR_NULL) return weir_bind_null(b, at, weir_type_of(WEIR_BOOL), out, err);
        if (type->id == WEIR_JSON || type->id == WEIR_MAP) {
            weir_expr_fault(err, at->begin, "%s values cannot be compared", type->name);
            if (type->id == WEIR_JSON)
                weir_error_hint(err, "take a text out (x ->> 'name') or cast it to string");
            return WEIR_USAGE;
        }
        WEIR_TRY(weir_bind_convert(b, &x, type, err));
        WEIR_TRY(weir_bind_convert(b, &y, type, err));
    }
    WEIR_TRY(weir_compare_choose(b, at, compare_op(op), x, y, out, err));
out:
    return status;
}

/* x is [not] distinct from y: both null, or equal. */
static weir_status bind_distinct(weir_binder *b, const weir_expr *e, weir_bound **out,
                                 weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = NULL, *y = NULL, *lets[2] = {0}, *equal = NULL, *nulls[2] = {0}, *body = NULL;
    const weir_type *boolean = weir_type_of(WEIR_BOOL);
    WEIR_TRY(weir_bind_expr(b, e->args[0], &x, err));
    WEIR_TRY(weir_bind_expr(b, e->args[1], &y, err));
    WEIR_TRY(weir_bind_let(b, x, &lets[0], &x, err));
    WEIR_TRY(weir_bind_let(b, y, &lets[1], &y, err));
    WEIR_TRY(weir_bind_compare(b, e, WEIR_X_EQ, x, y, &equal, err));
    for (int i = 0; i < 2; i++) {
        weir_bound **arg = weir_bind_args(b, 1);
        if (!arg) return weir_error_nomem(err);
        arg[0] = i ? y : x;
        WEIR_TRY(weir_bind_node(b, WEIR_B_IS, e, boolean, arg, 1, &nulls[i], err));
        nulls[i]->op = WEIR_IS_NULL;
        WEIR_TRY(weir_bind_fold(b, &nulls[i], err));
    }
    /* case when x is null then y is null when y is null then false else x = y end */
    weir_bound **args = weir_bind_args(b, 5);
    if (!args) return weir_error_nomem(err);
    uint8_t no = 0;
    weir_column *c = NULL;
    weir_bound *falsehood = NULL;
    WEIR_TRY(weir_column_constant(boolean, 1, &no, 1, NULL, &c, err));
    WEIR_TRY(weir_bind_constant(b, e, c, &falsehood, err));
    args[0] = nulls[0];
    args[1] = nulls[1];
    args[2] = nulls[1];
    args[3] = falsehood;
    args[4] = equal;
    WEIR_TRY(weir_bind_node(b, WEIR_B_CASE, e, boolean, args, 5, &body, err));
    WEIR_TRY(weir_bind_fold(b, &body, err));
    if (!(e->flags & WEIR_E_NEGATED)) WEIR_TRY(weir_bind_not(b, e, body, &body, err));
    *out = weir_bind_close(lets[0], weir_bind_close(lets[1], body));
out:
    return status;
}

/* ---- in ------------------------------------------------------------------------------------ */

weir_status weir_bind_in(weir_binder *b, const weir_expr *e, weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = NULL, *let = NULL, *ref = NULL, *body = NULL;
    weir_bound **items = weir_bind_args(b, e->n), **args = weir_bind_args(b, e->n);
    const weir_type *type = NULL;
    bool constant = true;
    if (!items || !args) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_expr(b, e->args[0], &x, err));
    WEIR_TRY(weir_bind_let(b, x, &let, &ref, err));
    items[0] = ref;
    for (uint32_t i = 1; i < e->n; i++) {
        WEIR_TRY(weir_bind_expr(b, e->args[i], &items[i], err));
        constant &= items[i]->kind == WEIR_B_CONST;
    }
    WEIR_TRY(weir_bind_common(b, e, items, e->n, &type, err));
    if (type->id == WEIR_NULL) {
        WEIR_TRY(weir_bind_null(b, e, weir_type_of(WEIR_BOOL), &body, err));
    } else if (constant && !weir_type_is_nested(type) && type->id != WEIR_JSON) {
        for (uint32_t i = 0; i < e->n; i++) WEIR_TRY(weir_bind_convert(b, &items[i], type, err));
        WEIR_TRY(weir_set_bind(b, e, items[0], items + 1, e->n - 1, &body, err));
    } else {
        for (uint32_t i = 1; i < e->n; i++)
            WEIR_TRY(weir_bind_compare(b, e, WEIR_X_EQ, ref, items[i], &args[i - 1], err));
        WEIR_TRY(
            weir_bind_node(b, WEIR_B_OR, e, weir_type_of(WEIR_BOOL), args, e->n - 1, &body, err));
    }
    if (e->flags & WEIR_E_NEGATED) WEIR_TRY(weir_bind_not(b, e, body, &body, err));
    *out = weir_bind_close(let, body);
out:
    return status;
}

/* ---- text, fields and the rest --------------------------------------------------------------- */

/* a || b || ...: text with whatever else as its text; null when one is null. */
static weir_status bind_concat(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = weir_bind_args(b, e->n);
    if (!args) return weir_error_nomem(err);
    bool text = false, bytes = true;
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(weir_bind_expr(b, e->args[i], &args[i], err));
        text |= args[i]->type->id == WEIR_STRING || args[i]->type->id == WEIR_NULL;
        bytes &= args[i]->type->id == WEIR_BINARY || args[i]->type->id == WEIR_NULL;
    }
    if (!text && !bytes) {
        weir_expr_fault(err, e->begin, "none of the operands of || is a string");
        weir_error_hint(err, "cast one to string, or use + to add numbers");
        return WEIR_USAGE;
    }
    const char *name = bytes && !text ? "concat_binary_op" : "concat_op";
    for (uint32_t i = 0; i < e->n && !(bytes && !text); i++)
        WEIR_TRY(weir_bind_cast(b, args[i]->at, args[i], weir_type_of(WEIR_STRING), &args[i], err));
    WEIR_TRY(weir_bind_named(b, e, name, args, e->n, out, err));
out:
    return status;
}

static weir_status bind_field(weir_binder *b, const weir_expr *e, weir_bound **out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = weir_bind_args(b, 1);
    if (!args) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_expr(b, e->args[0], &args[0], err));
    const weir_type *t = args[0]->type;
    if (t->id != WEIR_STRUCT) {
        weir_expr_fault(err, e->begin, "%s has no fields", t->name);
        weir_slice piece = weir_expr_piece(e);
        if (t->id == WEIR_JSON)
            weir_error_hint(err, "write -> 'name' (json) or ->> 'name' (text)");
        else
            weir_error_hint(err, "if a column is called so, write \"%.*s\"", (int)piece.size,
                            piece.data);
        return WEIR_USAGE;
    }
    for (uint32_t i = 0; i < t->n_fields; i++) {
        if (strlen(t->fields[i].name) != e->text_size ||
            memcmp(t->fields[i].name, e->text, e->text_size) != 0)
            continue;
        uint32_t *state = weir_arena_alloc(b->arena, sizeof *state);
        if (!state) return weir_error_nomem(err);
        *state = i;
        return weir_field_bind(b, e, args, t->fields[i].type, state, out, err);
    }
    weir_expr_fault(err, e->begin, "%s has no field %.*s", t->name, (int)e->text_size, e->text);
    return WEIR_USAGE;
out:
    return status;
}

static weir_status bind_named2(weir_binder *b, const weir_expr *e, const char *name,
                               weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **args = weir_bind_args(b, 2);
    if (!args) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_expr(b, e->args[0], &args[0], err));
    WEIR_TRY(weir_bind_expr(b, e->args[1], &args[1], err));
    WEIR_TRY(weir_bind_named(b, e, name, args, 2, out, err));
out:
    return status;
}

/* ~ and its kin: regexp_matches(x, pattern [, 'i']), perhaps negated. */
static weir_status bind_match(weir_binder *b, const weir_expr *e, weir_bound **out,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    bool icase = e->op == WEIR_X_IMATCH || e->op == WEIR_X_NIMATCH;
    WEIR_TRY(bind_named2(b, e, icase ? "regexp_imatch_op" : "regexp_matches", out, err));
    if (e->op == WEIR_X_NMATCH || e->op == WEIR_X_NIMATCH)
        WEIR_TRY(weir_bind_not(b, e, *out, out, err));
out:
    return status;
}

static weir_status bind_binary(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = NULL, *y = NULL;
    switch ((weir_expr_op)e->op) {
    case WEIR_X_POW: return bind_named2(b, e, "power", out, err);
    case WEIR_X_JSON: return bind_named2(b, e, "json_get", out, err);
    case WEIR_X_JSONTEXT: return bind_named2(b, e, "json_text", out, err);
    case WEIR_X_ATZONE: return bind_named2(b, e, "at_timezone", out, err);
    case WEIR_X_BITAND: return bind_named2(b, e, "bit_and", out, err);
    case WEIR_X_BITOR: return bind_named2(b, e, "bit_or", out, err);
    case WEIR_X_BITXOR: return bind_named2(b, e, "bit_xor", out, err);
    case WEIR_X_SHL: return bind_named2(b, e, "shift_left", out, err);
    case WEIR_X_SHR: return bind_named2(b, e, "shift_right", out, err);
    case WEIR_X_MATCH:
    case WEIR_X_IMATCH:
    case WEIR_X_NMATCH:
    case WEIR_X_NIMATCH: return bind_match(b, e, out, err);
    default: break;
    }
    WEIR_TRY(weir_bind_expr(b, e->args[0], &x, err));
    WEIR_TRY(weir_bind_expr(b, e->args[1], &y, err));
    if (weir_expr_op_power((weir_expr_op)e->op) == WEIR_P_COMPARE)
        WEIR_TRY(weir_bind_compare(b, e, (weir_expr_op)e->op, x, y, out, err));
    else
        WEIR_TRY(weir_bind_arith(b, e, (weir_expr_op)e->op, x, y, out, err));
out:
    return status;
}

/* x similar to pattern [escape e]: the pattern as a regular expression, matched. */
static weir_status bind_similar(weir_binder *b, const weir_expr *e, weir_bound **args,
                                weir_bound **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **parts = weir_bind_args(b, 2), **match = weir_bind_args(b, 2);
    if (!parts || !match) return weir_error_nomem(err);
    parts[0] = args[1];
    parts[1] = args[2];
    match[0] = args[0];
    WEIR_TRY(weir_bind_named(b, e, "similar_op", parts, args[2] ? 2 : 1, &match[1], err));
    WEIR_TRY(weir_bind_named(b, e, "regexp_matches", match, 2, out, err));
out:
    return status;
}

static weir_status bind_like(weir_binder *b, const weir_expr *e, weir_bound **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *args[3] = {0};
    for (uint32_t i = 0; i < e->n; i++) {
        WEIR_TRY(weir_bind_expr(b, e->args[i], &args[i], err));
        WEIR_TRY(weir_bind_convert(b, &args[i], weir_type_of(WEIR_STRING), err));
    }
    if (e->op)
        WEIR_TRY(bind_similar(b, e, args, out, err));
    else
        WEIR_TRY(weir_like_bind(b, e, args[0], args[1], args[2], out, err));
    if (e->flags & WEIR_E_NEGATED) WEIR_TRY(weir_bind_not(b, e, *out, out, err));
out:
    return status;
}

weir_status weir_bind_operator(weir_binder *b, const weir_expr *e, weir_bound **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound *x = NULL;
    switch (e->kind) {
    case WEIR_E_UNARY:
        WEIR_TRY(weir_bind_expr(b, e->args[0], &x, err));
        if (e->op == WEIR_X_BITNOT) {
            weir_bound **args = weir_bind_args(b, 1);
            if (!args) return weir_error_nomem(err);
            args[0] = x;
            return weir_bind_named(b, e, "bit_not", args, 1, out, err);
        }
        if (x->type->id == WEIR_NULL)
            WEIR_TRY(weir_bind_null(b, e, weir_type_of(WEIR_INT64), &x, err));
        if (e->op == WEIR_X_NEG) return weir_bind_negate(b, e, x, out, err);
        if (!weir_type_is_numeric(x->type) && x->type->id != WEIR_INTERVAL)
            return weir_expr_fault(err, e->begin, "+ does not go with %s", x->type->name);
        *out = x;
        return WEIR_OK;
    case WEIR_E_CONCAT: return bind_concat(b, e, out, err);
    case WEIR_E_DISTINCT: return bind_distinct(b, e, out, err);
    case WEIR_E_LIKE: return bind_like(b, e, out, err);
    case WEIR_E_FIELD: return bind_field(b, e, out, err);
    case WEIR_E_INDEX: return bind_named2(b, e, "element_op", out, err);
    case WEIR_E_BINARY: return bind_binary(b, e, out, err);
    default: return weir_error_set(err, WEIR_INTERNAL, "expression node %d", e->kind);
    }
out:
    return status;
}
