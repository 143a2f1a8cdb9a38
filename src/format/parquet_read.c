/* Chunks to batches: a column at a time, nested ones a row at a time. */
#include "column/kernel.h"
#include "column/views.h"
#include "format/parquet.h"
#include "text/encode.h"
#include "text/json.h"

#define STAGE "read"
#define BATCH_BYTES ((uint64_t)1 << 20)

/* A field of the schema. */
typedef struct target {
    const weir_field *field;
    const char *physical;
    const weir_opt_column *declared;
    const weir_parquet_node *node; /* NULL: the file lacks it */
    weir_parquet_leaf *leaf;       /* of a column that is no group */
    weir_parquet_cursor **cursors; /* nested: by number of leaf; only the column's are set */
    weir_column *stored;           /* what was cast to the declared type */
    weir_builder *builder;
} target;

struct weir_decoder {
    const weir_read_request *request;
    weir_schema *schema;
    target *targets;
    weir_layout *layout;
    weir_parquet_file *file;
    weir_block *block, *index;
    uint32_t split;
    uint64_t sequence, first_row, n_rows, done;
    uint32_t batch_rows, batch_number;
    weir_failures *failures;
    /* a window of a flat column */
    uint8_t defs[WEIR_PARQUET_WINDOW], faults[WEIR_PARQUET_WINDOW];
    uint64_t values[WEIR_PARQUET_WINDOW * 2];
};

/* ---- life ---------------------------------------------------------------------------------- */

static void unbind(weir_decoder *d) {
    for (uint32_t i = 0; d->targets && i < d->schema->n_fields; i++) {
        target *t = &d->targets[i];
        if (t->leaf) {
            weir_parquet_leaf_clear(t->leaf);
            weir_free(t->leaf);
        }
        for (uint32_t k = 0; t->cursors && k < t->node->n_leaves; k++) {
            weir_parquet_cursor *c = t->cursors[t->node->first_leaf + k];
            if (c) weir_parquet_leaf_clear(&c->leaf);
            weir_free(c);
        }
        weir_free(t->cursors);
        weir_builder_free(t->builder);
        weir_column_release(t->stored);
        t->stored = NULL;
        t->leaf = NULL;
        t->cursors = NULL;
        t->builder = NULL;
        t->node = NULL;
    }
    weir_layout_release(d->layout);
    d->layout = NULL;
}

void weir_parquet_decoder_free(weir_decoder *d) {
    if (!d) return;
    unbind(d);
    weir_failures_free(d->failures);
    weir_block_release(d->block);
    weir_block_release(d->index);
    weir_schema_release(d->schema);
    weir_free(d->targets);
    weir_free(d);
}

static const weir_opt_column *declared_column(const weir_opt_columns *columns, const char *name) {
    for (size_t i = 0; columns && i < columns->n; i++)
        if (strcmp(columns->items[i].name, name) == 0) return &columns->items[i];
    return NULL;
}

weir_status weir_parquet_decoder_new(const weir_read_request *request, weir_schema *schema,
                                     weir_ctx *ctx, weir_decoder **out, weir_error *err) {
    (void)ctx;
    weir_decoder *d = weir_alloc_zero(1, sizeof *d);
    if (!d) return weir_error_nomem(err);
    d->request = request;
    d->schema = weir_schema_retain(schema);
    d->targets = weir_alloc_zero(schema->n_fields + 1u, sizeof *d->targets);
    if (!d->targets) {
        weir_parquet_decoder_free(d);
        return weir_error_nomem(err);
    }
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        target *t = &d->targets[i];
        t->field = &schema->fields[i];
        t->declared = declared_column(request->columns, t->field->name);
        t->physical = t->declared && t->declared->from ? t->declared->from : t->field->name;
    }
    *out = d;
    return WEIR_OK;
}

/* Leaves, or cursors and a builder, for a column of the file. */
static weir_status bind_target(weir_decoder *d, target *t, weir_error *err) {
    if (t->node->kind == WEIR_PARQUET_LEAF) {
        t->leaf = weir_alloc_zero(1, sizeof *t->leaf);
        return t->leaf ? WEIR_OK : weir_error_nomem(err);
    }
    t->cursors = weir_alloc_zero(d->file->schema.n_leaves + 1u, sizeof(weir_parquet_cursor *));
    if (!t->cursors) return weir_error_nomem(err);
    for (uint32_t k = 0; k < t->node->n_leaves; k++) {
        weir_parquet_cursor *c = weir_alloc_zero(1, sizeof *c);
        if (!c) return weir_error_nomem(err);
        t->cursors[t->node->first_leaf + k] = c;
    }
    return weir_builder_new(t->node->type, d->request->ledger, &t->builder, err);
}

static weir_status bind_layout(weir_decoder *d, weir_layout *layout, weir_error *err) {
    weir_status status = WEIR_OK;
    unbind(d);
    d->layout = weir_layout_retain(layout);
    d->file = layout->private_data;
    for (uint32_t i = 0; i < d->schema->n_fields; i++) {
        target *t = &d->targets[i];
        for (uint32_t k = 0; !t->node && k < layout->n_names; k++)
            if (strcmp(layout->names[k], t->physical) == 0) t->node = &d->file->schema.columns[k];
        if (t->node) WEIR_TRY(bind_target(d, t, err));
    }
out:
    return status;
}

/* ---- chunks -------------------------------------------------------------------------------- */

/* The leaf of number k in the schema, given its node. */
static const weir_parquet_node *leaf_node(const weir_parquet_node *n, uint32_t k) {
    while (n->kind != WEIR_PARQUET_LEAF) {
        const weir_parquet_node *child = n->children;
        while (k >= child->first_leaf + child->n_leaves) child++;
        n = child;
    }
    return n;
}

static void begin_leaf(weir_decoder *d, weir_parquet_leaf *l, const weir_parquet_node *node,
                       uint32_t number) {
    const weir_parquet_part *part = (const weir_parquet_part *)(const void *)d->index->data;
    const weir_parquet_piece *p = &part->pieces[number];
    const uint8_t *bytes = d->block->data + p->begin;
    weir_parquet_leaf_begin(l, node, (weir_packing)p->packing, d->request->ledger, bytes,
                            bytes + p->size, p->first_byte);
}

/* Passes over rows of a column that is no group. */
static weir_status pass_rows(weir_decoder *d, weir_parquet_leaf *l, uint64_t rows,
                             weir_error *err) {
    weir_parquet_got got;
    for (; rows > 0; rows -= got.levels) {
        uint32_t k = rows < WEIR_PARQUET_WINDOW ? (uint32_t)rows : WEIR_PARQUET_WINDOW;
        weir_status status =
            weir_parquet_leaf_read(l, k, d->defs, NULL, d->values, d->faults, &got, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status begin_target(weir_decoder *d, target *t, weir_error *err) {
    const weir_parquet_part *part = (const weir_parquet_part *)(const void *)d->index->data;
    if (!t->node) return WEIR_OK;
    if (t->leaf) {
        begin_leaf(d, t->leaf, t->node, t->node->first_leaf);
        return pass_rows(d, t->leaf, part->pieces[t->node->first_leaf].skip_rows, err);
    }
    for (uint32_t k = 0; k < t->node->n_leaves; k++) {
        uint32_t number = t->node->first_leaf + k;
        weir_parquet_cursor *c = t->cursors[number];
        begin_leaf(d, &c->leaf, leaf_node(t->node, number), number);
        c->at = c->value = 0;
        c->got = (weir_parquet_got){0};
        c->ended = false;
    }
    for (uint32_t k = 0; k < t->node->n_leaves; k++) {
        uint32_t number = t->node->first_leaf + k;
        weir_status status =
            weir_parquet_pass(t->cursors[number], part->pieces[number].skip_rows, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_parquet_decoder_begin(weir_decoder *d, const weir_chunk *chunk, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_block_release(d->block);
    weir_block_release(d->index);
    d->block = weir_block_retain(chunk->block);
    d->index = weir_block_retain(chunk->index);
    if (chunk->layout != d->layout) WEIR_TRY(bind_layout(d, chunk->layout, err));
    const weir_parquet_part *part = (const weir_parquet_part *)(const void *)d->index->data;
    d->split = chunk->split;
    d->sequence = chunk->sequence;
    d->first_row = part->first_row;
    d->n_rows = part->n_rows;
    d->done = 0;
    d->batch_number = 0;
    /* packed bytes come to a few times as many */
    uint64_t rows = d->n_rows * BATCH_BYTES / (3 * (uint64_t)d->block->size + 1);
    d->batch_rows = rows < 1024 ? 1024 : rows > 32768 ? 32768 : (uint32_t)rows;
    for (uint32_t i = 0; i < d->schema->n_fields; i++)
        WEIR_TRY(begin_target(d, &d->targets[i], err));
out:
    return status;
}

/* ---- faults -------------------------------------------------------------------------------- */

static weir_status blame(weir_decoder *d, const target *t, uint32_t row, uint8_t fault,
                         weir_error *err) {
    static const char *const reasons[] = {
        [WEIR_PARQUET_NOT_UTF8] = "the text is not valid UTF-8",
        [WEIR_PARQUET_TOO_FINE] = "the time has a fraction of a microsecond, which would be lost",
        [WEIR_PARQUET_TOO_LARGE] = "the number is outside the range of its type"};
    weir_status status = WEIR_OK;
    if (!d->failures) {
        status = weir_failures_new(WEIR_BATCH_MAX_ROWS, &d->failures, err);
        if (status != WEIR_OK) return status;
    }
    return weir_failures_put(d->failures, row, STAGE, t->field->name, "type", reasons[fault], err);
}

static weir_status blame_null(weir_decoder *d, const target *t, uint32_t row, weir_error *err) {
    weir_status status = WEIR_OK;
    if (!d->failures) {
        status = weir_failures_new(WEIR_BATCH_MAX_ROWS, &d->failures, err);
        if (status != WEIR_OK) return status;
    }
    return weir_failures_put(d->failures, row, STAGE, t->field->name, "not_null",
                             "the value is missing", err);
}

/* ---- flat columns -------------------------------------------------------------------------- */

/* Where the rows of a column under way go. */
typedef struct filling {
    target *t;
    weir_column *column;
    weir_block *block; /* the last one that was added */
    uint32_t block_number;
} filling;

static weir_status put_fault(weir_decoder *d, filling *f, uint32_t row, uint8_t fault,
                             weir_error *err) {
    weir_status status = weir_column_set_null(f->column, row, true, d->request->ledger, err);
    return status == WEIR_OK ? blame(d, f->t, row, fault, err) : status;
}

/* Puts n values in a row from `row` on. */
static void put_values(const filling *f, const uint8_t *from, uint32_t row, uint32_t n) {
    const weir_type *type = f->column->type;
    if (type->id == WEIR_BOOL) {
        for (uint32_t i = 0; i < n; i++)
            if (from[i]) weir_bit_set(f->column->values, row + i);
    } else if (weir_type_is_view(type)) {
        const weir_slice *s = (const weir_slice *)(const void *)from;
        weir_view *to = (weir_view *)f->column->values + row;
        const uint8_t *base = f->block ? f->block->data : NULL;
        for (uint32_t i = 0; i < n; i++) {
            const uint8_t *p = (const uint8_t *)s[i].data;
            to[i] = weir_view_make(p, (uint32_t)s[i].size, f->block_number, (uint32_t)(p - base));
        }
    } else {
        memcpy((uint8_t *)f->column->values + (size_t)row * type->width, from,
               (size_t)n * type->width);
    }
}

/* Values, and nulls between them, of n rows. */
static weir_status spread(weir_decoder *d, filling *f, const weir_parquet_got *got, uint32_t row,
                          weir_error *err) {
    const weir_parquet_leaf *l = f->t->leaf;
    const uint8_t *from = (const uint8_t *)d->values;
    uint32_t n = got->levels, v = 0;
    weir_status status = WEIR_OK;
    if (got->values < n) WEIR_TRY(weir_column_need_validity(f->column, d->request->ledger, err));
    for (uint32_t i = 0; i < n;) {
        uint32_t k = i;
        if (got->values == n)
            k = n;
        else
            while (k < n && d->defs[k] == l->node->def) k++;
        put_values(f, from + (size_t)v * l->width, row + i, k - i);
        for (uint32_t j = i; got->faulty && j < k; j++)
            if (d->faults[v + j - i]) WEIR_TRY(put_fault(d, f, row + j, d->faults[v + j - i], err));
        v += k - i;
        for (i = k; i < n && got->values < n && d->defs[i] != l->node->def; i++) {
            weir_bit_clear(f->column->validity, row + i);
            if (f->column->type->id != WEIR_BOOL)
                memset((uint8_t *)f->column->values + (size_t)(row + i) * f->column->type->width, 0,
                       f->column->type->width);
        }
    }
out:
    return status;
}

static weir_status add_block(filling *f, weir_block *block, weir_error *err) {
    if (block == f->block || !weir_type_is_view(f->column->type)) return WEIR_OK;
    f->block = block;
    return weir_column_add_block(f->column, block, &f->block_number, err);
}

static weir_status read_flat(weir_decoder *d, target *t, uint32_t rows, weir_column **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    filling f = {.t = t};
    weir_parquet_leaf *l = t->leaf;
    WEIR_TRY(weir_column_new(t->node->type, rows, d->request->ledger, &f.column, err));
    bool straight =
        !l->node->def && !weir_type_is_view(f.column->type) && f.column->type->id != WEIR_BOOL;
    for (uint32_t row = 0; row < rows;) {
        weir_parquet_got got;
        void *to =
            straight ? (uint8_t *)f.column->values + (size_t)row * l->width : (uint8_t *)d->values;
        WEIR_TRY(weir_parquet_leaf_read(l, rows - row, d->defs, NULL, to, d->faults, &got, err));
        if (!straight) {
            WEIR_TRY(add_block(&f, got.block, err));
            WEIR_TRY(spread(d, &f, &got, row, err));
        } else {
            for (uint32_t i = 0; got.faulty && i < got.levels; i++)
                if (d->faults[i]) WEIR_TRY(put_fault(d, &f, row + i, d->faults[i], err));
        }
        row += got.levels;
    }
    *out = f.column;
    return WEIR_OK;
out:
    weir_column_release(f.column);
    return status;
}

/* ---- columns ------------------------------------------------------------------------------- */

static weir_status read_nested(weir_decoder *d, target *t, uint32_t rows, weir_column **out,
                               weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < rows; i++) {
        uint8_t fault = WEIR_PARQUET_FINE;
        WEIR_TRY(weir_parquet_assemble(t->node, t->cursors, t->builder, &fault, err));
        if (fault) WEIR_TRY(blame(d, t, i, fault, err));
    }
    status = weir_builder_finish(t->builder, out, err);
out:
    return status;
}

/* The declared type, where it is another than the file's. */
static weir_status cast(weir_decoder *d, target *t, weir_ctx *ctx, weir_column **column,
                        weir_error *err) {
    weir_column *in = *column, *out = NULL;
    if (in->type == t->field->type) return WEIR_OK;
    weir_status status = WEIR_OK;
    if (!d->failures) status = weir_failures_new(WEIR_BATCH_MAX_ROWS, &d->failures, err);
    if (status != WEIR_OK) return status;
    weir_rows rows = {.n = in->length, .length = in->length};
    weir_blame to = {
        .failures = d->failures, .stage = STAGE, .field = t->field->name, .rule = "type"};
    status = weir_cast(in, t->field->type, rows, NULL, &to, ctx, &out, err);
    if (status != WEIR_OK) return status;
    t->stored = in;
    *column = out;
    return WEIR_OK;
}

static bool put_value(weir_json_writer *w, const weir_column *c, uint32_t row, weir_buf *scratch) {
    scratch->size = 0;
    if (c->type->id != WEIR_BINARY || weir_column_is_null(c, row)) {
        if (!weir_column_json(c, row, scratch)) return false;
        weir_json_write_raw(w, scratch->data, scratch->size);
        return true;
    }
    weir_slice bytes = weir_column_slice(c, row); /* in the form that a replay reads */
    if (!weir_buf_reserve(scratch, weir_base64_max(bytes.size) + 1)) return false;
    scratch->size = weir_base64_encode(bytes.data, bytes.size, WEIR_BASE64, scratch->data);
    weir_json_write_string_n(w, scratch->data, scratch->size);
    return true;
}

/* The raw form of a record that cannot be read: its values as the file has them. */
static weir_status keep_raw(weir_decoder *d, const weir_batch *b, uint32_t row, weir_error *err) {
    weir_buf text = {0}, scratch = {0};
    weir_json_writer w = {.out = &text};
    bool ok = true;
    weir_json_open(&w, '{');
    for (uint32_t i = 0; ok && i < d->schema->n_fields; i++) {
        const target *t = &d->targets[i];
        weir_json_key(&w, t->field->name);
        ok = put_value(&w, t->stored ? t->stored : b->columns[i], row, &scratch);
    }
    weir_json_close(&w, '}');
    weir_status status =
        ok && !w.failed
            ? weir_failures_keep_raw(d->failures, row, (weir_slice){text.data, text.size}, err)
            : weir_error_nomem(err);
    weir_buf_clear(&text);
    weir_buf_clear(&scratch);
    return status;
}

static weir_status keep_raws(weir_decoder *d, const weir_batch *b, weir_error *err) {
    weir_status status = WEIR_OK;
    bool cast_any = false;
    for (uint32_t i = 0; i < d->schema->n_fields; i++) cast_any |= d->targets[i].stored != NULL;
    for (uint32_t row = 0; cast_any && d->failures && status == WEIR_OK && row < b->length; row++)
        if (weir_failures_bad(d->failures, row)) status = keep_raw(d, b, row, err);
    for (uint32_t i = 0; i < d->schema->n_fields; i++) {
        weir_column_release(d->targets[i].stored);
        d->targets[i].stored = NULL;
    }
    return status;
}

static weir_status check_nulls(weir_decoder *d, target *t, const weir_column *c, weir_error *err) {
    if (!t->field->not_null || (!c->validity && c->type->id != WEIR_NULL)) return WEIR_OK;
    for (uint32_t i = 0; i < c->length; i++) {
        if (!weir_column_is_null(c, i) || weir_column_is_poisoned(c, i)) continue;
        weir_status status = blame_null(d, t, i, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status read_column(weir_decoder *d, target *t, uint32_t rows, weir_ctx *ctx,
                               weir_column **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_column *c = NULL;
    if (!t->node)
        WEIR_TRY(weir_column_constant(t->field->type, rows, NULL, 0, ctx->ledger, &c, err));
    else if (t->leaf)
        WEIR_TRY(read_flat(d, t, rows, &c, err));
    else
        WEIR_TRY(read_nested(d, t, rows, &c, err));
    WEIR_TRY(cast(d, t, ctx, &c, err));
    WEIR_TRY(check_nulls(d, t, c, err));
    *out = c;
    return WEIR_OK;
out:
    weir_column_release(c);
    return status;
}

/* ---- batches ------------------------------------------------------------------------------- */

/* Rows are addressed by their number in the file. */
static weir_status set_origin(weir_decoder *d, weir_batch *b, weir_ctx *ctx, weir_error *err) {
    weir_origin *o = &b->origin;
    uint64_t first = d->first_row + d->done;
    *o = (weir_origin){
        .split = d->split, .sequence = d->sequence << 20 | d->batch_number++, .first_row = first};
    size_t bytes = (size_t)b->length * sizeof(uint64_t);
    weir_status status = weir_block_new(ctx->ledger, bytes, &o->address_block, err);
    if (status != WEIR_OK) return status;
    uint64_t *line = (uint64_t *)(void *)o->address_block->data;
    for (uint32_t i = 0; i < b->length; i++) line[i] = first + i + 1;
    o->address_block->size = bytes;
    o->row_line = line;
    return WEIR_OK;
}

weir_status weir_parquet_decoder_next(weir_decoder *d, weir_ctx *ctx, weir_batch **out,
                                      weir_error *err) {
    weir_status status = WEIR_OK;
    weir_batch *b = NULL;
    *out = NULL;
    uint64_t left = d->n_rows - d->done;
    if (left == 0) return WEIR_OK;
    uint32_t rows = left < d->batch_rows ? (uint32_t)left : d->batch_rows;
    WEIR_TRY(weir_batch_new(d->schema, rows, &b, err));
    for (uint32_t i = 0; i < d->schema->n_fields; i++)
        WEIR_TRY(read_column(d, &d->targets[i], rows, ctx, &b->columns[i], err));
    WEIR_TRY(set_origin(d, b, ctx, err));
    if (d->failures) d->failures->rows = rows;
    WEIR_TRY(keep_raws(d, b, err));
    b->failures = d->failures;
    d->failures = NULL;
    d->done += rows;
    *out = b;
    b = NULL;
out:
    weir_batch_free(b);
    return status;
}
