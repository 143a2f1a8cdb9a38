/* Forms made of others at bind time: nvl2, nullifzero, xor, typeof, error. */
#include "expr/function.h"

static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a form that was not replaced");
}

/* case when x is not null then a else b end */
static weir_status prepare_nvl2(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_type *type = NULL;
    weir_bound **x = weir_bind_args(p->binder, 1), **parts = weir_bind_args(p->binder, 3);
    if (!x || !parts) return weir_error_nomem(err);
    x[0] = p->args[0];
    WEIR_TRY(
        weir_bind_node(p->binder, WEIR_B_IS, p->at, weir_type_of(WEIR_BOOL), x, 1, &parts[0], err));
    parts[0]->op = WEIR_IS_NULL;
    parts[0]->negated = true;
    WEIR_TRY(weir_bind_fold(p->binder, &parts[0], err));
    WEIR_TRY(weir_bind_common(p->binder, p->at, p->args + 1, 2, &type, err));
    for (uint32_t i = 1; i < 3; i++) {
        WEIR_TRY(weir_bind_convert(p->binder, &p->args[i], type, err));
        parts[i] = p->args[i];
    }
    WEIR_TRY(weir_bind_node(p->binder, WEIR_B_CASE, p->at, type, parts, 3, &p->node, err));
    WEIR_TRY(weir_bind_fold(p->binder, &p->node, err));
out:
    return status;
}

static weir_status zero(weir_prepare *p, weir_bound **out, weir_error *err) {
    weir_column *value = NULL;
    int64_t nothing = 0;
    weir_status status =
        weir_column_constant(weir_type_of(WEIR_INT64), 1, &nothing, 8, NULL, &value, err);
    if (status == WEIR_OK) status = weir_bind_constant(p->binder, p->at, value, out, err);
    if (status == WEIR_OK) (*out)->loose = true;
    return status;
}

/* case when x = 0 then null else x end */
static weir_status prepare_nullifzero(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **parts = weir_bind_args(p->binder, 3), *let = NULL, *x = NULL, *nothing = NULL,
               *body = NULL;
    if (!parts) return weir_error_nomem(err);
    WEIR_TRY(weir_bind_let(p->binder, p->args[0], &let, &x, err));
    WEIR_TRY(zero(p, &nothing, err));
    WEIR_TRY(weir_bind_compare(p->binder, p->at, WEIR_X_EQ, x, nothing, &parts[0], err));
    WEIR_TRY(weir_bind_null(p->binder, p->at, x->type, &parts[1], err));
    parts[2] = x;
    WEIR_TRY(weir_bind_node(p->binder, WEIR_B_CASE, p->at, x->type, parts, 3, &body, err));
    WEIR_TRY(weir_bind_fold(p->binder, &body, err));
    p->node = weir_bind_close(let, body);
out:
    return status;
}

/* coalesce(x, 0) */
static weir_status prepare_zeroifnull(weir_prepare *p, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_bound **parts = weir_bind_args(p->binder, 2);
    const weir_type *type = NULL;
    if (!parts) return weir_error_nomem(err);
    parts[0] = p->args[0];
    WEIR_TRY(zero(p, &parts[1], err));
    WEIR_TRY(weir_bind_common(p->binder, p->at, parts, 2, &type, err));
    for (uint32_t i = 0; i < 2; i++) WEIR_TRY(weir_bind_convert(p->binder, &parts[i], type, err));
    WEIR_TRY(weir_bind_node(p->binder, WEIR_B_COALESCE, p->at, type, parts, 2, &p->node, err));
    WEIR_TRY(weir_bind_fold(p->binder, &p->node, err));
out:
    return status;
}

static weir_status fn_xor(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_EACH_ROW(row) {
        if (weir_bool_at(call->args[0], row) != weir_bool_at(call->args[1], row))
            weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

static weir_status prepare_typeof(weir_prepare *p, weir_error *err) {
    weir_column *value = NULL;
    const char *name = p->args[0]->type->name;
    weir_status status =
        weir_column_constant(weir_type_of(WEIR_STRING), 1, name, strlen(name), NULL, &value, err);
    return status == WEIR_OK ? weir_bind_constant(p->binder, p->at, value, &p->node, err) : status;
}

/* error(reason): the record fails with it. */
static weir_status fn_error(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        WEIR_TRY(weir_call_fail(call, out, row, err, "%.*s", weir_clip(s), s.data));
    }
out:
    return status;
}

const weir_function weir_functions_form[] = {
    {{"nvl2", "", "nvl2(x, a, b) -> common type", "logic", 0, "a when x is not null, else b",
      "nvl2(null, 'some', 'none')", "none", "does not exist"},
     {{"xxx", '!', WEIR_K_CAN_FAIL | WEIR_K_NULLS, fn_none, prepare_nvl2}}},
    {{"nullifzero", "null_if_zero", "nullifzero(x) -> type of x", "logic", 0,
      "null when x is 0, else x", "nullifzero(0)", "null", "does not exist"},
     {{"n", '!', 0, fn_none, prepare_nullifzero}}},
    {{"zeroifnull", "zero_if_null", "zeroifnull(x) -> number", "logic", 0,
      "0 when x is null, else x", "zeroifnull(null)", "0", "does not exist"},
     {{"n", '!', WEIR_K_NULLS, fn_none, prepare_zeroifnull}}},
    {{"xor", "", "xor(a bool, b bool) -> bool", "logic", 0, "whether one of the two only is true",
      "xor(true, false)", "true", "is for numbers"},
     {{"BB", 'B', 0, fn_xor, NULL}}},
    {{"typeof", "", "typeof(x) -> string", "logic", 0, "name of the type of x", "typeof(1.50)",
      "decimal(3,2)", "DuckDB's names"},
     {{"x", '!', WEIR_K_NULLS, fn_none, prepare_typeof}}},
    {{"error", "raise", "error(reason string) -> string", "logic", 0,
      "fails the record with this reason, as in case when ... then ... else error('...') end",
      "try(error('no such plan'))", "null", ""},
     {{"s", 's', WEIR_K_CAN_FAIL, fn_error, NULL}}},
    {.info = {.name = NULL}}};
