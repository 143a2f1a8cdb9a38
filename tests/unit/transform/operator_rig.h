/* Runs one operator, written as in a pipeline file, over a small table written as text, and gives
 * the result as text.  Used by the tests of src/transform and src/validate.
 *
 *     table:  "id:int64|email:string!\n1|a@x\n2|null\n"      null = null
 *     result: the same with the columns that came out; ERR = null because of a failure; then one
 * line "1 email pattern: reason" a failure (the row is 0-based, of the input)
 */
#ifndef WEIR_TEST_OPERATOR_RIG_H
#define WEIR_TEST_OPERATOR_RIG_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include "column/kernel.h"
#include "column/operator.h"
#include "spec/yaml.h"
#include "text/json.h"

#define MUST(call)                                                                                 \
    do {                                                                                           \
        if ((call) != WEIR_OK) {                                                                   \
            print_error("%s:%d: %s\n", __FILE__, __LINE__, err.message);                           \
            fail();                                                                                \
        }                                                                                          \
    } while (0)

typedef struct rig {
    weir_arena arena;
    weir_diags diags;
    weir_arena scratch;
    weir_ctx ctx;
    weir_operator op;
    const weir_operator_kind *kind;
    void *config, *local;
    weir_error err;
    weir_buf text;
} rig;

/* Splits "a|b|c" in place; the number of pieces. */
static inline uint32_t rig_split(char *line, char **pieces, uint32_t max) {
    uint32_t n = 0;
    for (char *p = line; p && n < max;) {
        pieces[n++] = p;
        p = strchr(p, '|');
        if (p) *p++ = 0;
    }
    return n;
}

typedef enum rig_way { RIG_PLAIN, RIG_DICTIONARY, RIG_SELECTION, RIG_CONSTANT, RIG_WAYS } rig_way;

/* A value of JSON as one of a nested type; bool, int64, float64 and string inside. */
static inline void rig_nested(weir_builder *b, const weir_type *t, const weir_json *v) {
    weir_error err = {0};
    int64_t n = 0;
    double d = 0;
    bool yes = false;
    if (!v || v->kind == WEIR_JSON_NULL) {
        MUST(weir_builder_null(b, false, &err));
    } else if (t->id == WEIR_STRING) {
        MUST(weir_builder_bytes(b, v->text.data, v->text.size, &err));
    } else if (t->id == WEIR_INT64) {
        assert_true(weir_json_int(v, &n));
        MUST(weir_builder_value(b, &n, &err));
    } else if (t->id == WEIR_FLOAT64) {
        assert_true(weir_json_double(v, &d));
        MUST(weir_builder_value(b, &d, &err));
    } else if (t->id == WEIR_BOOL) {
        assert_true(weir_json_bool(v, &yes));
        MUST(weir_builder_value(b, &yes, &err));
    } else {
        if (t->id == WEIR_STRUCT)
            for (uint32_t i = 0; i < t->n_fields; i++)
                rig_nested(weir_builder_child(b, i), t->fields[i].type,
                           weir_json_get(v, t->fields[i].name));
        for (const weir_json *c = t->id == WEIR_STRUCT ? NULL : v->first; c; c = c->next) {
            if (t->id == WEIR_MAP)
                MUST(weir_builder_bytes(weir_builder_child(b, 0), c->key.data, c->key.size, &err));
            rig_nested(weir_builder_child(b, t->id == WEIR_MAP), t->fields[t->n_fields - 1].type,
                       c);
        }
        MUST(weir_builder_close_row(b, &err));
    }
}

static inline weir_column *rig_nested_column(const weir_type *t, char **texts, uint32_t n) {
    weir_error err = {0};
    weir_arena arena = {0};
    weir_builder *b = NULL;
    weir_column *c = NULL;
    MUST(weir_builder_new(t, NULL, &b, &err));
    for (uint32_t i = 0; i < n; i++) {
        const weir_json *v = NULL;
        MUST(weir_json_parse(texts[i], strlen(texts[i]), NULL, &arena, &v, &err));
        rig_nested(b, t, v);
    }
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    weir_arena_clear(&arena);
    return c;
}

/* A column of `type` from texts; a dictionary of the distinct texts when asked for. */
static inline weir_column *rig_column(const char *type, char **texts, uint32_t n, rig_way way) {
    weir_error err = {0};
    const weir_type *t = NULL;
    weir_builder *b = NULL;
    weir_column *c = NULL, *out = NULL, *encoded = NULL;
    weir_rows rows = {NULL, n, n};
    MUST(weir_type_parse(type, &t, &err));
    if (weir_type_is_nested(t)) return rig_nested_column(t, texts, n);
    MUST(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &b, &err));
    for (uint32_t i = 0; i < n; i++) {
        if (strcmp(texts[i], "null") == 0)
            MUST(weir_builder_null(b, false, &err));
        else
            MUST(weir_builder_bytes(b, texts[i], strlen(texts[i]), &err));
    }
    MUST(weir_builder_finish(b, &c, &err));
    weir_builder_free(b);
    MUST(weir_cast(c, t, rows, NULL, NULL, NULL, &out, &err));
    weir_column_release(c);
    if (way != RIG_DICTIONARY || !n) return out;
    /* every value its own entry but for repeats; one entry that nobody uses */
    uint32_t firsts[64], n_firsts = 0;
    uint16_t sel[64];
    int32_t index[64];
    for (uint32_t i = 0; i < n; i++) {
        index[i] = 0;
        if (weir_column_is_null(out, i)) continue;
        uint32_t at = 0;
        while (at < n_firsts && !weir_column_equal(out, firsts[at], out, i)) at++;
        if (at == n_firsts) {
            firsts[n_firsts] = i;
            sel[n_firsts++] = (uint16_t)i;
        }
        index[i] = (int32_t)at;
    }
    weir_rows unique = {sel, n_firsts, n};
    weir_column *values = NULL;
    MUST(weir_take(out, unique, NULL, &values, &err));
    weir_block_release(values->validity_block);
    values->validity_block = NULL;
    values->validity = NULL;
    MUST(weir_column_dictionary(values, n, NULL, &encoded, &err));
    for (uint32_t i = 0; i < n; i++) {
        encoded->indices[i] = index[i];
        if (weir_column_is_null(out, i)) MUST(weir_column_set_null(encoded, i, false, NULL, &err));
    }
    weir_column_release(out);
    MUST(weir_column_validate(encoded, &err));
    return encoded;
}

/* The table as a batch; RIG_SELECTION: with a dead row before each. */
static inline weir_batch *rig_batch(const char *table, rig_way way) {
    weir_error err = {0};
    char *copy = strdup(table), *lines[66], *cells[66][16], *names[16], *types[16];
    uint32_t n_lines = 0;
    for (char *p = strtok_r(copy, "\n", &lines[65]); p && n_lines < 65;
         p = strtok_r(NULL, "\n", &lines[65]))
        lines[n_lines++] = p;
    uint32_t width = rig_split(lines[0], names, 16), rows = n_lines - 1;
    weir_field fields[16];
    for (uint32_t i = 0; i < width; i++) {
        types[i] = strchr(names[i], ':');
        *types[i]++ = 0;
        size_t n = strlen(types[i]);
        fields[i] = (weir_field){.name = names[i], .not_null = types[i][n - 1] == '!'};
        if (fields[i].not_null) types[i][n - 1] = 0;
        MUST(weir_type_parse(types[i], &fields[i].type, &err));
    }
    for (uint32_t r = 0; r < rows; r++)
        assert_int_equal(rig_split(lines[r + 1], cells[r], 16), width);
    uint32_t step = way == RIG_SELECTION ? 2 : 1, length = rows * step;
    weir_schema *schema = NULL;
    weir_batch *b = NULL;
    MUST(weir_schema_new(fields, width, &schema, &err));
    MUST(weir_batch_new(schema, length, &b, &err));
    weir_schema_release(schema);
    for (uint32_t i = 0; i < width; i++) {
        char *texts[130];
        for (uint32_t r = 0; r < length; r++)
            texts[r] = step == 2 && r % 2 == 0 ? cells[(r / 2 + 1) % rows][i] : cells[r / step][i];
        b->columns[i] = rig_column(types[i], texts, length, way);
        if (way == RIG_CONSTANT && rows == 1 && !weir_type_is_nested(fields[i].type))
            b->columns[i]->encoding = WEIR_CONSTANT;
    }
    uint64_t odd[2] = {0xAAAAAAAAAAAAAAAAull, 0xAAAAAAAAAAAAAAAAull};
    if (step == 2) MUST(weir_batch_keep(b, odd, &err));
    MUST(weir_batch_validate(b, &err));
    free(copy);
    return b;
}

/* Binds the operator in `yaml` ("set: { a: b }") to schema; false: faults are in r->diags. */
static inline bool rig_bind(rig *r, const weir_operator_kind *(*find)(const char *),
                            const char *yaml, weir_schema *schema) {
    weir_node *node = NULL;
    *r = (rig){.ctx = {.now_us = 1700000000000000}};
    r->ctx.scratch = &r->scratch;
    weir_diags_init(&r->diags, "p.yaml");
    if (weir_yaml_parse(weir_slice_of(yaml), NULL, &r->arena, &r->diags, &node) != WEIR_OK)
        return false;
    assert_int_equal(node->kind, WEIR_NODE_MAP);
    r->kind = find(node->keys[0]->text);
    assert_non_null(r->kind);
    r->config = weir_arena_zero(&r->arena, 1, r->kind->config_size);
    if (weir_option_bind(r->kind->options, node, r->config, &r->arena, &r->diags) != WEIR_OK)
        return false;
    r->op.in = weir_schema_retain(schema);
    weir_unseen unseen = {0};
    weir_bind bind = {.arena = &r->arena,
                      .diags = &r->diags,
                      .node = node->items[0],
                      .stage = r->kind->name,
                      .unseen = &unseen};
    weir_status status = r->kind->bind(r->config, &bind, &r->op, &r->err);
    if (status != WEIR_OK) {
        assert_int_equal(status, WEIR_USAGE);
        return false;
    }
    r->op.kind = r->kind;
    if (r->kind->local_new)
        assert_int_equal(r->kind->local_new(&r->op, &r->ctx, &r->local, &r->err), WEIR_OK);
    return true;
}

static inline void rig_clear(rig *r) {
    if (r->op.kind && r->kind->local_free) r->kind->local_free(&r->op, r->local);
    if (r->op.kind && r->kind->free) r->kind->free(&r->op);
    weir_schema_release(r->op.in);
    weir_schema_release(r->op.out);
    weir_buf_clear(&r->text);
    weir_diags_clear(&r->diags);
    weir_arena_clear(&r->scratch);
    weir_arena_clear(&r->arena);
}

static inline void rig_render(weir_buf *out, const weir_batch *b, uint32_t step) {
    bool ok = true;
    for (uint32_t i = 0; i < b->schema->n_fields; i++)
        ok = ok && weir_buf_printf(out, "%s%s:%s%s", i ? "|" : "", b->schema->fields[i].name,
                                   b->schema->fields[i].type->name,
                                   b->schema->fields[i].not_null ? "!" : "");
    ok = ok && weir_buf_adds(out, "\n");
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        for (uint32_t i = 0; i < b->schema->n_fields; i++) {
            const weir_column *c = b->columns[i];
            ok = ok && (i == 0 || weir_buf_adds(out, "|")) &&
                 (!weir_column_is_null(c, row)      ? weir_column_text(c, row, out)
                  : weir_column_is_poisoned(c, row) ? weir_buf_adds(out, "ERR")
                                                    : weir_buf_adds(out, "null"));
        }
        ok = ok && weir_buf_adds(out, "\n");
    }
    for (size_t i = 0; b->failures && i < b->failures->n; i++) {
        const weir_failure *f = &b->failures->items[i];
        ok = ok && weir_buf_printf(out, "%u %s %s: %s\n", f->row / step,
                                   f->field[0] ? f->field : "-", f->rule, f->reason);
    }
    assert_true(ok);
}

/* Pieces of an operator that gives several: one below the other. */
static inline weir_status rig_piece(void *context, weir_batch *piece, weir_error *err) {
    rig *r = context;
    weir_status status = weir_batch_validate(piece, err);
    if (status == WEIR_OK) {
        assert_true(piece->n_selected > 0);
        assert_true(weir_schema_equal(piece->schema, r->op.out));
        rig_render(&r->text, piece, 1);
    }
    weir_batch_free(piece);
    return status;
}

/* Runs yaml over table; the result stands in r->text. */
static inline weir_status rig_run(rig *r, const weir_operator_kind *(*find)(const char *),
                                  const char *yaml, const char *table, rig_way way) {
    weir_batch *b = rig_batch(table, way);
    if (!rig_bind(r, find, yaml, b->schema)) {
        weir_batch_free(b);
        assert_true(weir_diags_print(&r->diags, &r->text));
        return WEIR_USAGE;
    }
    if (r->kind->expand) {
        weir_pieces pieces = {.give = rig_piece, .context = r};
        weir_status given = r->kind->expand(&r->op, r->local, &r->ctx, b, &pieces, &r->err);
        if (!weir_buf_printf(&r->text, "created %llu filtered %llu\n",
                             (unsigned long long)pieces.created,
                             (unsigned long long)pieces.filtered))
            given = WEIR_RESOURCE;
        weir_batch_free(b);
        return given;
    }
    weir_status status = r->kind->process(&r->op, r->local, &r->ctx, b, &r->err);
    if (status == WEIR_OK) {
        weir_error err = {0};
        MUST(weir_batch_validate(b, &err));
        assert_true(weir_schema_equal(b->schema, r->op.out ? r->op.out : r->op.in));
        rig_render(&r->text, b, way == RIG_SELECTION ? 2 : 1);
    }
    weir_batch_free(b);
    return status;
}

/* Expectations that were not met; a test goes on after one, and its teardown fails it. */
static int rig_unmet;
static inline int rig_teardown(void **state) {
    (void)state;
    int unmet = rig_unmet;
    rig_unmet = 0;
    return unmet ? -1 : 0;
}
#define RIG_TEST(F) cmocka_unit_test_teardown(F, rig_teardown)

/* The result must be `want`, whatever the encoding and selection. */
static inline void rig_expect(const weir_operator_kind *(*find)(const char *), const char *yaml,
                              const char *table, const char *want) {
    for (int way = 0; way < RIG_WAYS; way++) {
        rig r;
        weir_status status = rig_run(&r, find, yaml, table, (rig_way)way);
        const char *got = weir_buf_cstr(&r.text);
        if (status != WEIR_OK && status != WEIR_USAGE) got = r.err.message;
        if (strcmp(got, want) != 0) {
            print_error("%s, way %d, gave\n%s\ninstead of\n%s\n", yaml, way, got, want);
            rig_unmet++;
            way = RIG_WAYS; /* once is enough */
        }
        rig_clear(&r);
    }
}

#endif
