/* greatest and least; and the forms of the language, for the reference page. */
#include "expr/function.h"

/* The largest (smallest) of the arguments that are not null. */
static weir_status extreme(weir_call *call, weir_column *out, int sign, weir_error *err) {
    uint32_t n = call->n_args;
    weir_status status = WEIR_OK;
    weir_merge m = {0};
    weir_column *merged = NULL;
    uint16_t *sel = weir_arena_alloc(call->eval->scratch, ((size_t)call->rows.n + 1) * sizeof *sel);
    uint16_t *best =
        weir_arena_alloc(call->eval->scratch, ((size_t)call->rows.n + 1) * sizeof *best);
    if (!sel || !best) return weir_error_nomem(err);
    for (uint32_t k = 0; k < call->rows.n; k++) {
        uint32_t row = weir_rows_at(&call->rows, k), which = n;
        for (uint32_t i = 0; i < n; i++) {
            if (weir_column_is_null(call->args[i], row)) continue;
            if (which == n ||
                weir_compare_values(call->args[i], row, call->args[which], row) * sign > 0)
                which = i;
        }
        best[k] = (uint16_t)which;
    }
    WEIR_TRY(weir_merge_begin(call->eval, out->type, out->length, &m, err));
    for (uint32_t i = 0; i <= n; i++) {
        uint32_t count = 0;
        for (uint32_t k = 0; k < call->rows.n; k++)
            if (best[k] == i) sel[count++] = (uint16_t)weir_rows_at(&call->rows, k);
        weir_rows rows = {sel, count, out->length};
        if (i < n)
            WEIR_TRY(weir_merge_add(&m, call->args[i], rows, err));
        else
            WEIR_TRY(weir_merge_null(&m, rows, NULL, err));
    }
    WEIR_TRY(weir_merge_end(&m, &merged, err));
    /* The frame owns out: give it what was merged. */
    for (uint32_t i = 0; i < merged->n_blocks; i++)
        WEIR_TRY(weir_column_add_block(out, merged->blocks[i], NULL, err));
    size_t width = out->type->width;
    memcpy(out->values, merged->values,
           out->type->id == WEIR_BOOL ? weir_bit_words(out->length) * 8 : width * out->length);
    for (uint32_t k = 0; k < call->rows.n; k++)
        if (weir_column_is_null(merged, weir_rows_at(&call->rows, k)))
            WEIR_TRY(
                weir_column_set_null(out, weir_rows_at(&call->rows, k), false, call->ledger, err));
out:
    weir_merge_clear(&m);
    weir_column_release(merged);
    return status;
}
static weir_status fn_greatest(weir_call *call, weir_column *out, weir_error *err) {
    return extreme(call, out, 1, err);
}
static weir_status fn_least(weir_call *call, weir_column *out, weir_error *err) {
    return extreme(call, out, -1, err);
}
static weir_status prepare_extreme(weir_prepare *p, weir_error *err) {
    if (weir_type_is_nested(p->type) || p->type->id == WEIR_JSON)
        return weir_expr_fault(err, p->at->begin, "%s values have no order", p->type->name);
    return WEIR_OK;
}

const weir_function weir_functions_logic[] = {
    {{"greatest", "", "greatest(any, ...) -> common type", "logic", 0,
      "the largest that is not null", "greatest(3, null, 7)", "7", ""},
     {{"XX*", 'X', WEIR_K_NULLS, fn_greatest, prepare_extreme}}},
    {{"least", "", "least(any, ...) -> common type", "logic", 0, "the smallest that is not null",
      "least('b', 'a')", "a", ""},
     {{"XX*", 'X', WEIR_K_NULLS, fn_least, prepare_extreme}}},
    {{"coalesce", "ifnull, nvl", "coalesce(any, ...) -> common type", "logic", 0,
      "the first that is not null; the others are not evaluated", "coalesce(null, 'x')", "x", ""},
     {{0}}},
    {{"nullif", "", "nullif(a, b) -> type of a", "logic", 0, "null when a = b, else a",
      "nullif('', '')", "null", ""},
     {{0}}},
    {{"if", "iif, iff", "if(condition bool, a [, b]) -> common type", "logic", 0,
      "a when true, else b (null without)", "if(2 > 1, 'yes', 'no')", "yes", ""},
     {{0}}},
    {{"case", "", "case when c then a ... [else b] end; case x when v then a ... end", "logic", 0,
      "the value of the first branch whose condition is true; the others are not evaluated",
      "case 2 when 1 then 'one' when 2 then 'two' end", "two", ""},
     {{0}}},
    {{"try", "", "try(x) -> type of x", "logic", 0, "null where x would fail the record",
      "try(1 / 0)", "null", ""},
     {{0}}},
    {{"is_null", "", "is_null(x) -> bool", "logic", 0, "x is null", "is_null(null)", "true",
      "x is null"},
     {{0}}},
    {.info = {.name = NULL}}};
