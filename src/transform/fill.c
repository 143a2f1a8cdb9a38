/* fill: values for nulls: an expression, a text, or the last value above in source order.
 *
 * A null that stands where something failed is no null to be filled: its record leaves as a reject.
 * `method: forward` is an ordered operator: it sees batches one at a time in the order of the
 * source, and keeps the last value of each key between them.
 */
#include <stdio.h>

#include "expr/expr.h"
#include "transform/keys.h"

enum { FILL_VALUE, FILL_FORWARD };

typedef struct fill_config {
    weir_opt_strings fields, by;
    weir_opt_expr with;
    const char *value;
    int method;
    bool with_given, value_given, method_given;
} fill_config;

static const char *const methods[] = {"value", "forward", NULL};

static const weir_option fields[] = {
    {.name = "field",
     .type = WEIR_OPT_STRINGS,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(fill_config, fields),
     .alias = "fields",
     .help = "columns whose nulls are filled",
     .since = "0.2"},
    {.name = "with",
     .type = WEIR_OPT_EXPR,
     .offset = offsetof(fill_config, with),
     .set_offset = offsetof(fill_config, with_given),
     .help = "expression of the value; it may read other columns",
     .since = "0.2"},
    {.name = "value",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(fill_config, value),
     .set_offset = offsetof(fill_config, value_given),
     .help = "the value as text, read as the column's type",
     .since = "0.2"},
    {.name = "method",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(fill_config, method),
     .set_offset = offsetof(fill_config, method_given),
     .choices = methods,
     .fallback = "value",
     .help = "forward takes the last value above, in source order",
     .since = "0.2"},
    {.name = "by",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(fill_config, by),
     .help = "with forward: only from rows with the same values in these columns",
     .since = "0.2"},
    {0}};

static const weir_option options[] = {
    {.name = "fill",
     .type = WEIR_OPT_STRUCT,
     .flags = WEIR_OPT_REQUIRED,
     .fields = fields,
     .help = "values for nulls, as in fill: { field: country, value: DE }",
     .since = "0.2"},
    {0}};

/* The last values of one key. */
typedef struct fill_key {
    uint32_t row; /* of the batch that is being filled; NO_ROW = none in it yet */
    uint32_t batch;
} fill_key;
#define NO_ROW UINT32_MAX

/* A column that is filled. */
typedef struct fill_column {
    uint32_t number;
    weir_program *program; /* VALUE */
    /* FORWARD, by key: */
    fill_key *keys;
    weir_column **last; /* of one row, from batches before; NULL = none */
    size_t capacity;
} fill_column;

typedef struct fill_state {
    bool forward;
    size_t n, n_by;
    fill_column *columns;
    uint32_t *by;
    weir_keys *keys;
    uint32_t batch; /* number of the batch that is being filled */
} fill_state;

/* ---- bind ---------------------------------------------------------------------------------- */

static bool quote(weir_buf *b, const char *text, char q) {
    bool ok = weir_buf_add(b, &q, 1);
    for (; ok && *text; text++)
        ok = (*text != q || weir_buf_add(b, &q, 1)) && weir_buf_add(b, text, 1);
    return ok && weir_buf_add(b, &q, 1);
}

/* coalesce(column, cast((what) as type)): an error in what is not needed does not count. */
static weir_status bind_coalesce(const weir_bind *bind, const weir_schema *in, const char *what,
                                 fill_column *column, weir_error *err) {
    const weir_field *f = &in->fields[column->number];
    weir_buf text = {0};
    const weir_expr *expr = NULL;
    weir_status status = WEIR_OK;
    bool ok = weir_buf_adds(&text, "coalesce(") && quote(&text, f->name, '"') &&
              weir_buf_printf(&text, ", cast((%s) as %s))", what, f->type->name);
    if (!ok) WEIR_TRY(weir_error_nomem(err));
    const char *copy = weir_arena_strdup(bind->arena, weir_buf_cstr(&text));
    if (!copy) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(weir_expr_parse(copy, bind->arena, &expr, err));
    status = weir_expr_bind(expr, (weir_schema *)(uintptr_t)in, f->type, bind->arena,
                            &column->program, err);
out:
    weir_buf_clear(&text);
    return status;
}

/* The expression by itself first: its faults have their places then. *known false: it reads what is
 * not known here. */
static weir_status check_with(const fill_config *c, const weir_bind *bind, weir_schema *in,
                              bool *known, weir_error *err) {
    const weir_expr *expr = NULL;
    weir_program *program = NULL;
    weir_status status = weir_expr_parse(c->with.text, bind->arena, &expr, err);
    if (status == WEIR_OK) status = weir_expr_bind_known(expr, bind, in, NULL, &program, err);
    if (status == WEIR_USAGE) weir_bind_expr_fault(bind, &c->with, "with", err);
    if (status == WEIR_OK && !program) *known = false;
    weir_program_free(program);
    return status;
}

/* Whether the text is a value of the column's type; else a fault. */
static weir_status check_value(const char *value, const weir_bind *bind, const weir_field *f,
                               weir_error *err) {
    weir_column *text = NULL, *cast = NULL;
    weir_failures *failures = NULL;
    weir_status status;
    weir_rows rows = {NULL, 1, 1};
    WEIR_TRY(weir_failures_new(1, &failures, err));
    WEIR_TRY(weir_column_constant(weir_type_of(WEIR_STRING), 1, value, strlen(value), bind->ledger,
                                  &text, err));
    weir_blame blame = {.failures = failures, .stage = "fill", .field = "value", .rule = "type"};
    if (f->type->id != WEIR_STRING)
        WEIR_TRY(weir_cast(text, f->type, rows, NULL, &blame, NULL, &cast, err));
    if (failures->n)
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "value"), "value",
                         "it is read as the type of the column", "%s", failures->items[0].reason);
out:
    weir_column_release(text);
    weir_column_release(cast);
    weir_failures_free(failures);
    return status;
}

static weir_status bind_value(const fill_config *c, const weir_bind *bind, weir_operator *op,
                              fill_column *column, weir_error *err) {
    const weir_field *f = &op->in->fields[column->number];
    weir_buf text = {0};
    const char *what = c->with.text;
    weir_status status = WEIR_OK;
    if (weir_type_is_nested(f->type)) {
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "field"), "field",
                         "fill it with set and a condition, or use method: forward",
                         "the column '%s' is %s", f->name, f->type->name);
        return WEIR_OK;
    }
    if (c->value_given) {
        WEIR_TRY(check_value(c->value, bind, f, err));
        if (!quote(&text, c->value, '\'')) WEIR_TRY(weir_error_nomem(err));
        what = weir_buf_cstr(&text);
    }
    status = bind_coalesce(bind, op->in, what, column, err);
    if (status == WEIR_USAGE && c->with_given) {
        weir_bind_expr_fault(bind, &c->with, "with", err);
    } else if (status == WEIR_USAGE) {
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "value"), "value",
                         err->hint[0] ? err->hint : NULL, "%s", err->message);
    }
    if (status == WEIR_USAGE) {
        *err = (weir_error){0};
        status = WEIR_OK; /* said; the others are looked at, too */
    } else if (status == WEIR_OK) {
        const uint64_t *reads = weir_program_reads(column->program);
        for (size_t i = 0; i < weir_bit_words(op->in->n_fields); i++) op->reads[i] |= reads[i];
    }
out:
    weir_buf_clear(&text);
    return status;
}

static void check_options(const fill_config *c, const weir_bind *bind) {
    bool forward = c->method == FILL_FORWARD;
    if (c->with_given && c->value_given)
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "value"), "value",
                         "keep one of the two", "stands beside with:");
    else if (forward && (c->with_given || c->value_given))
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "method"), "method",
                         "what has no row above stays null; fill that in a second step",
                         "forward takes no with: or value:");
    else if (!forward && !c->with_given && !c->value_given)
        weir_diags_error(bind->diags, bind->node, "fill",
                         "add value: TEXT, with: EXPRESSION, or method: forward",
                         "does not say what to fill with");
    if (!forward && c->by.n)
        weir_diags_error(bind->diags, weir_bind_key(bind->node, "by"), "by",
                         "remove it, or write method: forward", "has a meaning with forward only");
}

static void fill_free(weir_operator *op) {
    fill_state *s = op->state;
    for (size_t i = 0; s && i < s->n; i++) {
        fill_column *c = &s->columns[i];
        weir_program_free(c->program);
        for (size_t k = 0; k < c->capacity; k++) weir_column_release(c->last[k]);
        weir_free(c->keys);
        weir_free(c->last);
    }
    if (s) weir_keys_free(s->keys);
    op->state = NULL;
}

static weir_status fill_bind(const void *config, const weir_bind *bind, weir_operator *op,
                             weir_error *err) {
    const fill_config *c = config;
    size_t faults = bind->diags->n_errors;
    weir_status status = WEIR_OK;
    bool known = true;
    fill_state *s = weir_arena_zero(bind->arena, 1, sizeof *s);
    uint32_t *numbers = weir_arena_zero(bind->arena, c->fields.n + 1, sizeof *numbers);
    op->reads = weir_transform_reads(bind, op->in);
    if (!s || !numbers || !op->reads) return weir_error_nomem(err);
    s->columns = weir_arena_zero(bind->arena, c->fields.n + 1, sizeof *s->columns);
    s->by = weir_arena_zero(bind->arena, c->by.n + 1, sizeof *s->by);
    if (!s->columns || !s->by) return weir_error_nomem(err);
    op->state = s;
    check_options(c, bind);
    weir_transform_columns(bind, op, "field", &c->fields, numbers, &known);
    weir_transform_columns(bind, op, "by", &c->by, s->by, &known);
    s->forward = c->method == FILL_FORWARD;
    s->n_by = c->by.n;
    bool checked = !c->with_given;
    if (c->with_given) {
        status = check_with(c, bind, op->in, &known, err);
        checked = status == WEIR_OK && known;
        if (status != WEIR_OK && status != WEIR_USAGE) goto out;
    }
    bool by_value = !s->forward && checked && (c->with_given != c->value_given);
    for (size_t i = 0; i < c->fields.n; i++) {
        if (numbers[i] == UINT32_MAX) continue;
        s->columns[s->n].number = numbers[i];
        if (by_value) WEIR_TRY(bind_value(c, bind, op, &s->columns[s->n], err));
        s->n++;
    }
    if (bind->diags->n_errors > faults) WEIR_TRY(weir_bind_failed(bind, err));
    if (known && s->forward) WEIR_TRY(weir_keys_new(&s->keys, err));
    op->out = weir_schema_retain(op->in);
    return WEIR_OK;
out:
    fill_free(op);
    return status;
}

/* ---- run: by value ------------------------------------------------------------------------- */

static void fill_local_free(const weir_operator *op, void *local) {
    const fill_state *s = op->state;
    weir_expr_local **locals = local;
    for (size_t i = 0; locals && i < s->n; i++)
        if (locals[i]) weir_program_local_free(s->columns[i].program, locals[i]);
    weir_free(locals);
}

static weir_status fill_local_new(const weir_operator *op, weir_ctx *ctx, void **local,
                                  weir_error *err) {
    const fill_state *s = op->state;
    if (s->forward) return WEIR_OK;
    weir_expr_local **locals = weir_alloc_zero(s->n + 1, sizeof *locals);
    if (!locals) return weir_error_nomem(err);
    for (size_t i = 0; i < s->n; i++) {
        weir_status status = weir_program_local_new(s->columns[i].program, ctx, &locals[i], err);
        if (status != WEIR_OK) {
            fill_local_free(op, locals);
            return status;
        }
    }
    *local = locals;
    return WEIR_OK;
}

static void put(weir_batch *batch, uint32_t number, weir_column *column) {
    weir_column_release(batch->columns[number]);
    batch->columns[number] = column;
}

static weir_status fill_values(const fill_state *s, weir_expr_local **locals, weir_ctx *ctx,
                               weir_batch *batch, weir_error *err) {
    weir_column **made = weir_alloc_zero(s->n + 1, sizeof *made);
    weir_status status = made ? WEIR_OK : weir_error_nomem(err);
    for (size_t i = 0; status == WEIR_OK && i < s->n; i++) {
        const fill_column *c = &s->columns[i];
        weir_blame blame = {.stage = "fill", .field = batch->schema->fields[c->number].name};
        if (weir_program_can_fail(c->program))
            status = weir_batch_failures(batch, &blame.failures, err);
        if (status == WEIR_OK)
            status = weir_program_eval(c->program, locals[i], ctx, batch, weir_rows_of(batch),
                                       &blame, &made[i], err);
    }
    for (size_t i = 0; made && i < s->n; i++) {
        if (status == WEIR_OK)
            put(batch, s->columns[i].number, made[i]);
        else
            weir_column_release(made[i]);
    }
    weir_free(made);
    return status;
}

/* ---- run: forward -------------------------------------------------------------------------- */

static weir_status room_for_key(fill_column *c, uint32_t number, weir_error *err) {
    if (number < c->capacity) return WEIR_OK;
    size_t more = c->capacity ? c->capacity * 2 : 64;
    while (more <= number) more *= 2;
    fill_key *keys = weir_alloc_zero(more, sizeof *keys);
    weir_column **last = weir_alloc_zero(more, sizeof *last);
    if (!keys || !last) {
        weir_free(keys);
        weir_free(last);
        return weir_error_nomem(err);
    }
    if (c->capacity) {
        memcpy(keys, c->keys, c->capacity * sizeof *keys);
        memcpy(last, c->last, c->capacity * sizeof *last);
    }
    weir_free(c->keys);
    weir_free(c->last);
    c->keys = keys;
    c->last = last;
    c->capacity = more;
    return WEIR_OK;
}

/* The value of one row by itself, so that it does not keep its batch alive. */
static weir_status keep_value(fill_column *c, uint32_t number, const weir_column *from,
                              uint32_t row, weir_ctx *ctx, weir_error *err) {
    weir_builder *b = NULL;
    weir_column *one = NULL;
    weir_status status = weir_builder_new(from->type, ctx->ledger, &b, err);
    if (status == WEIR_OK) status = weir_builder_copy(b, from, row, err);
    if (status == WEIR_OK) status = weir_builder_finish(b, &one, err);
    weir_builder_free(b);
    if (status != WEIR_OK) return status;
    weir_column_release(c->last[number]);
    c->last[number] = one;
    return WEIR_OK;
}

/* What row gets: its own value, or the last one of its key; none when *from is NULL. */
static void source_of(fill_column *c, uint32_t number, const weir_column *in, uint32_t row,
                      uint32_t batch, const weir_column **from, uint32_t *at) {
    fill_key *k = &c->keys[number];
    if (k->batch != batch) *k = (fill_key){NO_ROW, batch};
    if (!weir_column_is_null(in, row)) k->row = row;
    *from = k->row != NO_ROW ? in : c->last[number];
    *at = k->row != NO_ROW ? k->row : 0;
}

/* numbers: the key of each alive row. */
static weir_status fill_column_forward(fill_state *s, fill_column *c, const uint32_t *numbers,
                                       weir_ctx *ctx, weir_batch *batch, weir_error *err) {
    const weir_column *in = batch->columns[c->number];
    weir_builder *b = NULL;
    weir_column *out = NULL;
    weir_status status;
    uint32_t next = 0;
    WEIR_TRY(weir_builder_new(in->type, ctx->ledger, &b, err));
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k), at = 0;
        const weir_column *from = NULL;
        for (; next < row; next++) WEIR_TRY(weir_builder_null(b, false, err)); /* dead rows */
        next = row + 1;
        WEIR_TRY(room_for_key(c, numbers[k], err));
        source_of(c, numbers[k], in, row, s->batch, &from, &at);
        bool poisoned = weir_column_is_poisoned(in, row);
        if (poisoned || !from)
            WEIR_TRY(weir_builder_null(b, poisoned, err));
        else
            WEIR_TRY(weir_builder_copy(b, from, at, err));
    }
    for (; next < batch->length; next++) WEIR_TRY(weir_builder_null(b, false, err));
    WEIR_TRY(weir_builder_finish(b, &out, err));
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        const fill_key *key = &c->keys[numbers[k]];
        if (key->row == weir_batch_row(batch, k))
            WEIR_TRY(keep_value(c, numbers[k], in, key->row, ctx, err));
    }
    put(batch, c->number, out);
    out = NULL;
out:
    weir_column_release(out);
    weir_builder_free(b);
    return status;
}

static weir_status fill_forward(fill_state *s, weir_ctx *ctx, weir_batch *batch, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t *numbers = weir_alloc_zero((size_t)batch->n_selected + 1, sizeof *numbers);
    if (!numbers) return weir_error_nomem(err);
    s->batch++;
    for (uint32_t k = 0; s->n_by && k < batch->n_selected; k++)
        WEIR_TRY(weir_keys_number(s->keys, batch, s->by, s->n_by, weir_batch_row(batch, k), "fill",
                                  &numbers[k], err));
    for (size_t i = 0; i < s->n; i++)
        WEIR_TRY(fill_column_forward(s, &s->columns[i], numbers, ctx, batch, err));
out:
    weir_free(numbers);
    return status;
}

static weir_status fill_process(const weir_operator *op, void *local, weir_ctx *ctx,
                                weir_batch *batch, weir_error *err) {
    fill_state *s = op->state;
    return s->forward ? fill_forward(s, ctx, batch, err) : fill_values(s, local, ctx, batch, err);
}

static bool fill_ordered(const weir_operator *op) {
    return ((const fill_state *)op->state)->forward;
}

const weir_operator_kind weir_transform_fill = {
    .name = "fill",
    .summary = "gives nulls a value, or the last one above",
    .example = "- fill: { field: country, value: DE }",
    .options = options,
    .config_size = sizeof(fill_config),
    .flags = WEIR_OP_CAN_FAIL,
    .bind = fill_bind,
    .free = fill_free,
    .local_new = fill_local_new,
    .local_free = fill_local_free,
    .process = fill_process,
    .ordered = fill_ordered,
};
