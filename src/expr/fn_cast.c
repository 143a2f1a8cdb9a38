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

/* to_int(text, group), to_float(text, decimal, group) */
static weir_status prepare_int_marks(weir_prepare *p, weir_error *err) {
    return weir_bind_marked_number(p, UINT32_MAX, 1, weir_type_of(WEIR_INT64), err);
}
static weir_status prepare_float_marks(weir_prepare *p, weir_error *err) {
    return weir_bind_marked_number(p, 1, 2, weir_type_of(WEIR_FLOAT64), err);
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
    if (status != WEIR_OK) return status;
    return p->n_args > 3 ? weir_bind_marked_number(p, 3, 4, type, err) : cast_to(p, type, err);
}

/* Never runs: prepare puts a cast in its place. */
static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a cast without type");
}

#define CAST(name, alias, result, doc, example, value, prepare)                                    \
    {                                                                                              \
        {name, alias, name "(x) -> " result, "cast", 0, doc, example, value, ""}, {                \
            { "x", '!', WEIR_K_CAN_FAIL, fn_none, prepare }                                        \
        }                                                                                          \
    }

const weir_function weir_functions_cast[] = {
    {{"to_int", "to_integer, to_bigint", "to_int(x [, thousands string]) -> int64", "cast", 0,
      "cast(x as int64); with the mark that a text may have between thousands",
      "to_int('1.234.567', '.')", "1234567", "does not exist"},
     {{"x", '!', WEIR_K_CAN_FAIL, fn_none, prepare_int},
      {"ss", '!', WEIR_K_CAN_FAIL, fn_none, prepare_int_marks}}},
    {{"to_float", "to_double", "to_float(x [, decimal string [, thousands string]]) -> float64",
      "cast", 0,
      "as float64, of a number the nearest one; with the decimal mark of a text, and the mark that "
      "may stand between thousands",
      "to_float('1.234,5', ',', '.')", "1234.5", "does not exist"},
     {{"x", '!', WEIR_K_CAN_FAIL, fn_none, prepare_float},
      {"sss?", '!', WEIR_K_CAN_FAIL, fn_none, prepare_float_marks}}},
    CAST("to_string", "to_text, to_varchar", "string", "cast(x as string)", "to_string(1.50)",
         "1.50", prepare_string),
    CAST("to_bool", "to_boolean", "bool", "cast(x as bool)", "to_bool('yes')", "true",
         prepare_bool),
    CAST("to_uuid", "", "uuid", "cast(x as uuid)",
         "to_uuid('A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11')", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
         prepare_uuid),
    {{"to_decimal", "to_numeric",
      "to_decimal(x [, precision int64 [, scale int64 [, decimal string [, thousands string]]]]) "
      "-> "
      "decimal",
      "cast", 0,
      "cast(x as decimal(precision, scale)), 38 and 9 when not given; with the marks of a text",
      "to_decimal('1.234,50', 10, 2, ',', '.')", "1234.50", "does not exist"},
     {{"xi?i?", '!', WEIR_K_CAN_FAIL, fn_none, prepare_decimal},
      {"siiss?", '!', WEIR_K_CAN_FAIL, fn_none, prepare_decimal}}},
    {{"cast", "", "cast(x as type), x::type", "cast", 0,
      "the same value as another type; what does not fit exactly fails the record",
      "cast('12.30' as decimal(10,2))", "12.30", "rounds where weir fails"},
     {{0}}},
    {{"try_cast", "", "try_cast(x as type)", "cast", 0, "null where the cast would fail",
      "try_cast('abc' as int64)", "null", ""},
     {{0}}},
    {.info = {.name = NULL}}};
