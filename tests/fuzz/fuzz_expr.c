/* Fuzzes the expression language: any text is parsed, bound to a schema with every type, evaluated
 * over a small batch, and written as canonical text, which must mean the same. */
#include <stdint.h>
#include <stdlib.h>
#include "expr/expr.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

enum { COLUMNS = 14, ROWS = 5 };

static const struct {
    const char *name, *type, *rows[ROWS];
} inputs[COLUMNS] = {
    {"i", "int64", {"1", "-3", NULL, "0", "9223372036854775807"}},
    {"k", "int32", {"10", "0", "-5", NULL, "2147483647"}},
    {"u", "uint64", {"0", "18446744073709551615", NULL, "1", "2"}},
    {"f", "float64", {"1.5", "NaN", "-Infinity", NULL, "1e300"}},
    {"d", "decimal(10,2)", {"10.00", "-0.05", "99999999.99", "0.00", NULL}},
    {"w", "decimal(38,10)", {"1.5", "-9999999999999999999999999999.9999999999", NULL, "0", "2"}},
    {"s", "string", {"Hello", "", NULL, "größe", "a long text beyond twelve"}},
    {"b", "bool", {"true", "false", NULL, "true", "false"}},
    {"dt", "date", {"2024-01-31", NULL, "0001-01-01", "9999-12-31", "1970-01-01"}},
    {"t", "time", {"00:00:00", "23:59:59.999999", NULL, "06:00:00", "12:00:00"}},
    {"ts",
     "timestamp",
     {"2024-03-31 02:30:00", "0001-01-01 00:00:00", "9999-12-31 23:59:59.999999", NULL,
      "1970-01-01"}},
    {"tz",
     "timestamptz(Europe/Berlin)",
     {"2024-03-31 00:30:00Z", NULL, "2024-10-27 00:30:00Z", "1970-01-01 00:00:00Z",
      "2023-12-31 23:00:00Z"}},
    {"iv", "interval", {"1 day", "-1 month", NULL, "1 year 3 days 00:00:01", "00:00:00"}},
    {"j", "json", {"{\"a\": [1, {\"b\": \"x\\n\"}]}", "[1, 2]", NULL, "null", "\"text\""}},
};

static weir_schema *schema;
static weir_batch *batch;

static void open_batch(weir_ctx *ctx) {
    weir_error err = {0};
    weir_field fields[COLUMNS];
    for (int i = 0; i < COLUMNS; i++) {
        fields[i] = (weir_field){inputs[i].name, NULL, false};
        check(weir_type_parse(inputs[i].type, &fields[i].type, &err) == WEIR_OK);
    }
    check(weir_schema_new(fields, COLUMNS, &schema, &err) == WEIR_OK);
    check(weir_batch_new(schema, ROWS, &batch, &err) == WEIR_OK);
    for (int i = 0; i < COLUMNS; i++) {
        weir_builder *b = NULL;
        weir_column *text = NULL;
        check(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &b, &err) == WEIR_OK);
        for (int r = 0; r < ROWS; r++) {
            const char *v = inputs[i].rows[r];
            check((v ? weir_builder_bytes(b, v, strlen(v), &err)
                     : weir_builder_null(b, r == 3, &err)) == WEIR_OK);
        }
        check(weir_builder_finish(b, &text, &err) == WEIR_OK);
        weir_builder_free(b);
        check(weir_cast(text, fields[i].type, weir_rows_of(batch), NULL, &(weir_blame){0}, ctx,
                        &batch->columns[i], &err) == WEIR_OK);
        weir_column_release(text);
    }
}

/* Evaluates; true when it was an expression. */
static int run(const char *text, weir_ctx *ctx, weir_arena *plan, weir_column **out,
               size_t *failures) {
    weir_error err = {0};
    weir_program *p = NULL;
    weir_failures *f = NULL;
    weir_status status = weir_expr_compile(text, schema, NULL, plan, &p, &err);
    check(status == WEIR_OK || status == WEIR_USAGE || status == WEIR_RESOURCE);
    check(status != WEIR_USAGE ||
          (err.column >= 1 && err.column <= (int64_t)strlen(text) + 1 && err.message[0]));
    if (status != WEIR_OK) return 0;
    check(weir_failures_new(ROWS, &f, &err) == WEIR_OK);
    weir_blame blame = {f, "set", "field", NULL, false};
    status = weir_program_eval(p, NULL, ctx, batch, weir_rows_of(batch), &blame, out, &err);
    check(status == WEIR_OK || status == WEIR_RESOURCE);
    check(f->n == 0 || weir_program_can_fail(p));
    if (status == WEIR_OK) {
        check((*out)->length == ROWS && (*out)->type == weir_program_type(p));
        check(weir_column_validate(*out, &err) == WEIR_OK);
    }
    *failures = f->n;
    weir_failures_free(f);
    weir_program_free(p);
    return status == WEIR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static weir_ledger ledger;
    weir_arena plan = {.max_bytes = (size_t)64 << 20}, scratch = {.max_bytes = (size_t)64 << 20};
    weir_ctx ctx = {.scratch = &scratch, .now_us = 1700000000000000, .ledger = &ledger};
    if (!batch) {
        weir_ledger_init(&ledger, "fuzz", (size_t)256 << 20, NULL);
        open_batch(&ctx);
    }
    char *text = malloc(size + 1);
    memcpy(text, data, size);
    text[size] = '\0';
    weir_column *a = NULL, *b = NULL;
    size_t failed_a = 0, failed_b = 0;
    if (run(text, &ctx, &plan, &a, &failed_a)) {
        weir_error err = {0};
        const weir_expr *e = NULL;
        weir_buf canonical = {.max = (size_t)16 << 20};
        check(weir_expr_parse(text, &plan, &e, &err) == WEIR_OK);
        if (weir_expr_format(e, &canonical) && canonical.size <= WEIR_EXPR_MAX_BYTES &&
            run(weir_buf_cstr(&canonical), &ctx, &plan, &b, &failed_b)) {
            check(a->type == b->type && failed_a == failed_b);
            for (uint32_t r = 0; r < ROWS; r++)
                check(weir_type_is_nested(a->type) || weir_column_equal(a, r, b, r));
        }
        weir_buf_clear(&canonical);
    }
    weir_column_release(a);
    weir_column_release(b);
    free(text);
    weir_arena_clear(&plan);
    weir_arena_clear(&scratch);
    return 0;
}
