/* Casts under function names. */
#include "expr/function.h"

static weir_status cast_to(weir_prepare *p, const weir_type *type, weir_error *err) {
    return weir_bind_cast(p->binder, p->at, p->args[0], type, &p->node, err);
}
static weir_status prepare_int(weir_prepare *p, weir_error *err) {
    return cast_to(p, weir_type_of(WEIR_INT64), err);
}
static weir_status prepare_float(weir_prepare *p, weir_error *err) {
    if (weir_type_is_numeric(p->args[0]->type)) {
        p->node = p->args[0];
        return weir_bind_convert(p->binder, &p->node, weir_type_of(WEIR_FLOAT64), err);
    }
    return cast_to(p, weir_type_of(WEIR_FLOAT64), err);
}
static weir_status prepare_string(weir_prepare *p, weir_error *err) {
    return cast_to(p, weir_type_of(WEIR_STRING), err);
}
static weir_status prepare_bool(weir_prepare *p, weir_error *err) {
    return cast_to(p, weir_type_of(WEIR_BOOL), err);
}
static weir_status prepare_uuid(weir_prepare *p, weir_error *err) {
    return cast_to(p, weir_type_of(WEIR_UUID), err);
}

/* to_decimal(x, precision, scale): constants. */
static weir_status prepare_decimal(weir_prepare *p, weir_error *err) {
    int64_t precision = 38, scale = 9;
    const weir_type *type = NULL;
    bool ok = p->n_args < 2 ||
              (weir_bound_int(p->args[1], &precision) && precision >= 1 && precision <= 38);
    if (p->n_args == 2) scale = 0;
    ok = ok && (p->n_args < 3 ||
                (weir_bound_int(p->args[2], &scale) && scale >= 0 && scale <= precision));
    if (!ok) {
        weir_expr_fault(err, p->at->begin,
                        "precision and scale must be constants, 1 to 38 and 0 to precision");
        return WEIR_USAGE;
    }
    weir_status status = weir_type_decimal((int)precision, (int)scale, &type, err);
    return status == WEIR_OK ? cast_to(p, type, err) : status;
}

/* Never runs: prepare puts a cast in its place. */
static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a cast without type");
}

#define CAST(name, result, doc, example, value, prepare)                                           \
    {                                                                                              \
        {name, "", name "(x) -> " result, "cast", 0, doc, example, value, ""}, {                   \
            { "x", '!', WEIR_K_CAN_FAIL, fn_none, prepare }                                        \
        }                                                                                          \
    }

const weir_function weir_functions_cast[] = {
    CAST("to_int", "int64", "cast(x as int64)", "to_int('42')", "42", prepare_int),
    CAST("to_float", "float64", "as float64; of a number the nearest one", "to_float(1.5)", "1.5",
         prepare_float),
    CAST("to_string", "string", "cast(x as string)", "to_string(1.50)", "1.50", prepare_string),
    CAST("to_bool", "bool", "cast(x as bool)", "to_bool('yes')", "true", prepare_bool),
    CAST("to_uuid", "uuid", "cast(x as uuid)", "to_uuid('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')",
         "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", prepare_uuid),
    {{"to_decimal", "", "to_decimal(x [, precision int64 [, scale int64]]) -> decimal", "cast", 0,
      "cast(x as decimal(precision, scale)), 38 and 9 when not given", "to_decimal('1.5', 10, 2)",
      "1.50", ""},
     {{"xi?i?", '!', WEIR_K_CAN_FAIL, fn_none, prepare_decimal}}},
    {{"cast", "", "cast(x as type), x::type", "cast", 0,
      "the same value as another type; what does not fit exactly fails the record",
      "cast('12.30' as decimal(10,2))", "12.30", "rounds where weir fails"},
     {{0}}},
    {{"try_cast", "", "try_cast(x as type)", "cast", 0, "null where the cast would fail",
      "try_cast('abc' as int64)", "null", ""},
     {{0}}},
    {.info = {.name = NULL}}};
