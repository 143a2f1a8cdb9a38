/* A small batch with a column of every type, and evaluation to one line of text: the rows joined by
 * '|', "~" for null and "!" for poisoned. */
#ifndef WEIR_EXPR_TEST_H
#define WEIR_EXPR_TEST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include "base/fault.h"
#include "expr/expr.h"

typedef struct fixture {
    weir_arena plan, scratch;
    weir_ctx ctx;
    weir_schema *schema;
    weir_batch *batch;
} fixture;

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) != WEIR_OK) fail_msg("%s: %s", #call, err.message);                             \
    } while (0)

/* One column: a name, a type, its rows as text ("~" = null, "!" = poisoned), its encoding. */
typedef struct fixture_column {
    const char *name, *type;
    const char *rows[6];
    bool dictionary;
} fixture_column;

static const fixture_column fixture_columns[] = {
    {"i", "int64", {"1", "2", "-3", "~", "0", "9223372036854775807"}, false},
    {"k", "int32", {"10", "20", "~", "40", "0", "-5"}, false},
    {"u", "uint8", {"0", "255", "7", "~", "1", "2"}, false},
    {"big", "uint64", {"0", "18446744073709551615", "5", "~", "1", "2"}, false},
    {"f", "float64", {"1.5", "-2.25", "~", "0", "NaN", "1e300"}, false},
    {"f4", "float32", {"0.5", "1.25", "~", "-8", "0", "3"}, false},
    {"d", "decimal(10,2)", {"10.00", "0.05", "-3.50", "~", "99999999.99", "0.00"}, false},
    {"w",
     "decimal(30,10)",
     {"1.5", "-0.0000000001", "~", "12345678901234567890.5", "0", "2"},
     false},
    {"s", "string", {"Hello", "", "~", "größe", "a long text beyond twelve", "  pad "}, false},
    {"g", "string", {"red", "green", "red", "~", "blue", "red"}, true},
    {"gi", "int64", {"7", "8", "7", "~", "0", "7"}, true},
    {"b", "bool", {"true", "false", "~", "true", "false", "true"}, false},
    {"dt",
     "date",
     {"2024-01-31", "1999-12-31", "~", "1970-01-01", "0001-01-01", "9999-12-31"},
     false},
    {"t",
     "time",
     {"00:00:00", "12:34:56.789", "~", "23:59:59.999999", "06:00:00", "18:30:00"},
     false},
    {"ts",
     "timestamp",
     {"2024-03-31 02:30:00", "2024-10-27 02:30:00", "~", "1970-01-01 00:00:00",
      "2024-02-29 12:00:00.5", "2023-12-31 23:59:59.999999"},
     false},
    {"tz",
     "timestamptz(Europe/Berlin)",
     {"2024-03-31 00:30:00Z", "2024-10-27 00:30:00Z", "~", "1970-01-01 00:00:00Z",
      "2024-02-29 23:30:00Z", "2023-12-31 23:00:00Z"},
     false},
    {"iv", "interval", {"1 day", "1 month", "~", "-2 hours", "1 year 3 days", "00:00:01"}, false},
    {"id",
     "uuid",
     {"a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "00000000-0000-0000-0000-000000000000", "~",
      "ffffffff-ffff-ffff-ffff-ffffffffffff", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
      "00000000-0000-0000-0000-000000000001"},
     false},
    {"j",
     "json",
     {"{\"a\": 1, \"b\": [10, \"x\"]}", "{\"a\": \"t\\u00e4xt\"}", "~", "[1, 2, 3]", "null",
      "{\"a\": null}"},
     false},
    {"p", "int64", {"5", "!", "~", "6", "!", "7"}, false},
    {"pg", "string", {"x", "!", "x", "~", "!", "y"}, true},
};
#define N_FIXTURE_COLUMNS (sizeof fixture_columns / sizeof *fixture_columns)

/* The rows of a column as a PLAIN column of its type. */
static weir_column *plain_column(weir_ctx *ctx, const weir_type *type, const char *const *rows,
                                 uint32_t n) {
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *text = NULL, *c = NULL;
    MUST(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &b, &err));
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(rows[i], "~") == 0 || strcmp(rows[i], "!") == 0)
            MUST(weir_builder_null(b, rows[i][0] == '!', &err));
        else
            MUST(weir_builder_bytes(b, rows[i], strlen(rows[i]), &err));
    }
    MUST(weir_builder_finish(b, &text, &err));
    weir_builder_free(b);
    weir_failures *f = NULL;
    MUST(weir_failures_new(n, &f, &err));
    weir_blame blame = {f, "test", "", "type", false};
    MUST(weir_cast(text, type, (weir_rows){NULL, n, n}, NULL, &blame, ctx, &c, &err));
    if (f->n) fail_msg("fixture: %s", f->items[0].reason);
    weir_failures_free(f);
    weir_column_release(text);
    return c;
}

/* The same as a DICTIONARY column: every row its own entry but for repeats. */
static weir_column *dictionary_column(weir_ctx *ctx, const weir_type *type, const char *const *rows,
                                      uint32_t n) {
    weir_error err = {0};
    const char *entries[64] = {NULL}; /* distinct rows are few */
    int32_t *index = calloc(n, sizeof *index);
    uint32_t m = 0;
    for (uint32_t i = 0; i < n; i++) {
        index[i] = 0;
        if (strcmp(rows[i], "~") == 0 || strcmp(rows[i], "!") == 0) continue;
        uint32_t k = 0;
        while (k < m && strcmp(entries[k], rows[i]) != 0) k++;
        if (k == m) entries[m++] = rows[i];
        index[i] = (int32_t)k;
    }
    weir_column *c = NULL;
    MUST(weir_column_dictionary(plain_column(ctx, type, entries, m), n, NULL, &c, &err));
    for (uint32_t i = 0; i < n; i++) {
        c->indices[i] = index[i];
        if (strcmp(rows[i], "~") == 0) MUST(weir_column_set_null(c, i, false, NULL, &err));
        if (strcmp(rows[i], "!") == 0) MUST(weir_column_set_null(c, i, true, NULL, &err));
    }
    free(index);
    return c;
}

/* How the columns of a fixture are encoded. */
typedef enum shape { AS_WRITTEN, ALL_PLAIN, ALL_DICTIONARY } shape;

static weir_column *list_column(const weir_type *type, uint32_t n) {
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL;
    MUST(weir_builder_new(type, NULL, &b, &err));
    for (uint32_t i = 0; i < n; i++) { /* [], [0], null, [0,1,2], ... */
        int64_t row = i % 6;
        if (row == 2) {
            MUST(weir_builder_null(b, false, &err));
            continue;
        }
        for (int64_t k = 0; k < row; k++)
            MUST(weir_builder_value(weir_builder_child(b, 0), &k, &err));
        MUST(weir_builder_close_row(b, &err));
    }
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    return c;
}

static weir_column *struct_column(const weir_type *type, uint32_t n) {
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL;
    MUST(weir_builder_new(type, NULL, &b, &err));
    for (uint32_t i = 0; i < n; i++) {
        int64_t row = i % 6;
        if (row == 2) {
            MUST(weir_builder_null(b, false, &err));
            continue;
        }
        MUST(weir_builder_value(weir_builder_child(b, 0), &row, &err));
        if (row == 3)
            MUST(weir_builder_null(weir_builder_child(b, 1), false, &err));
        else
            MUST(weir_builder_bytes(weir_builder_child(b, 1), "a text of fourteen", (size_t)row * 3,
                                    &err));
        MUST(weir_builder_close_row(b, &err));
    }
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    return c;
}

/* A batch whose rows are the six of the table again and again, n in all. */
static void fixture_fill(fixture *x, uint32_t n, shape how) {
    weir_error err = {0};
    weir_field fields[N_FIXTURE_COLUMNS + 2];
    x->ctx.scratch = &x->scratch;
    x->ctx.now_us = 1700000000000000;
    for (size_t i = 0; i < N_FIXTURE_COLUMNS; i++) {
        fields[i] = (weir_field){fixture_columns[i].name, NULL, false};
        MUST(weir_type_parse(fixture_columns[i].type, &fields[i].type, &err));
    }
    const weir_type *list = NULL, *record = NULL;
    weir_field inner[] = {{"a", weir_type_of(WEIR_INT64), false},
                          {"b", weir_type_of(WEIR_STRING), false}};
    MUST(weir_type_list(weir_type_of(WEIR_INT64), &list, &err));
    MUST(weir_type_struct(inner, 2, &record, &err));
    fields[N_FIXTURE_COLUMNS] = (weir_field){"l", list, false};
    fields[N_FIXTURE_COLUMNS + 1] = (weir_field){"st", record, false};
    MUST(weir_schema_new(fields, N_FIXTURE_COLUMNS + 2, &x->schema, &err));
    MUST(weir_batch_new(x->schema, n, &x->batch, &err));
    const char **rows = calloc(n, sizeof *rows);
    for (size_t i = 0; i < N_FIXTURE_COLUMNS; i++) {
        for (uint32_t k = 0; k < n; k++) rows[k] = fixture_columns[i].rows[k % 6];
        bool dictionary =
            how == ALL_DICTIONARY || (how == AS_WRITTEN && fixture_columns[i].dictionary);
        x->batch->columns[i] =
            (dictionary ? dictionary_column : plain_column)(&x->ctx, fields[i].type, rows, n);
    }
    free(rows);
    x->batch->columns[N_FIXTURE_COLUMNS] = list_column(list, n);
    x->batch->columns[N_FIXTURE_COLUMNS + 1] = struct_column(record, n);
}

__attribute__((unused)) static int fixture_open(void **state) {
    fixture *x = calloc(1, sizeof *x);
    fixture_fill(x, 6, AS_WRITTEN);
    *state = x;
    return 0;
}

static void fixture_clear(fixture *x) {
    weir_batch_free(x->batch);
    weir_schema_release(x->schema);
    weir_arena_clear(&x->plan);
    weir_arena_clear(&x->scratch);
    *x = (fixture){0};
}

__attribute__((unused)) static int fixture_close(void **state) {
    fixture_clear(*state);
    weir_block_trim();
    free(*state);
    return 0;
}

/* Appends row of c as the tables write it. */
static void put_row(const weir_column *c, uint32_t row, weir_buf *out) {
    bool ok;
    if (weir_column_is_poisoned(c, row))
        ok = weir_buf_adds(out, "!");
    else if (weir_column_is_null(c, row))
        ok = weir_buf_adds(out, "~");
    else
        ok = weir_column_text(c, row, out);
    assert_true(ok);
}

/* Evaluates text over rows; appends "v|v|...", and to reasons (may be NULL) "row: reason; " of
 * every failure.  An error of parse or bind appends "ERROR column: message". */
__attribute__((unused)) static void evaluate(fixture *x, const char *text, weir_rows rows,
                                             bool quiet, weir_buf *out, weir_buf *reasons) {
    weir_error err = {0};
    weir_program *p = NULL;
    weir_expr_local *local = NULL;
    weir_failures *f = NULL;
    weir_column *c = NULL;
    if (weir_expr_compile(text, x->schema, NULL, &x->plan, &p, &err) != WEIR_OK) {
        assert_int_equal(err.status, WEIR_USAGE);
        assert_true(err.column >= 1 && err.column <= (int64_t)strlen(text) + 1);
        assert_true(weir_buf_printf(out, "ERROR %d: %s", (int)err.column, err.message));
        if (reasons) assert_true(weir_buf_adds(reasons, err.hint));
        return;
    }
    MUST(weir_program_local_new(p, &x->ctx, &local, &err));
    MUST(weir_failures_new(x->batch->length, &f, &err));
    weir_blame blame = {quiet ? NULL : f, "set", "field", NULL, false};
    MUST(weir_program_eval(p, local, &x->ctx, x->batch, rows, &blame, &c, &err));
    assert_int_equal(c->length, x->batch->length);
    assert_ptr_equal(c->type, weir_program_type(p));
    /* What stands in rows not asked for is undefined: only the others must be sound. */
    weir_column *asked = NULL;
    MUST(weir_take(c, rows, &x->ctx, &asked, &err));
    if (weir_column_validate(asked, &err) != WEIR_OK)
        fail_msg("%s: invalid column: %s", text, err.message);
    weir_column_release(asked);
    if (f->n && !weir_program_can_fail(p)) fail_msg("%s failed a record but said it cannot", text);
    for (uint32_t k = 0; k < rows.n; k++) {
        if (k) assert_true(weir_buf_adds(out, "|"));
        put_row(c, weir_rows_at(&rows, k), out);
    }
    for (size_t i = 0; i < f->n && reasons; i++) {
        assert_string_equal(f->items[i].rule, "expression");
        assert_string_equal(f->items[i].stage, "set");
        assert_string_equal(f->items[i].field, "field");
        assert_true(weir_buf_printf(reasons, "%u: %s; ", f->items[i].row, f->items[i].reason));
    }
    weir_column_release(c);
    weir_failures_free(f);
    weir_program_local_free(p, local);
    weir_program_free(p);
    weir_arena_reset(&x->scratch);
}

#endif
