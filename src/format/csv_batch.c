/* Batches of records that are runs of bytes in a chunk: what the decoders of csv and of lines
 * share.
 */
#include "format/csv_value.h"

weir_status weir_csv_batch_open(weir_csv_batch *b, uint32_t capacity, weir_ctx *ctx,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    b->rows = 0;
    b->capacity = b->blame.rows = capacity;
    size_t bytes = (size_t)capacity * sizeof(uint32_t);
    WEIR_TRY(weir_block_new(ctx->ledger, bytes * 2, &b->rows_block, err));
    b->rows_block->size = bytes * 2;
    b->row_begin = (uint32_t *)(void *)b->rows_block->data;
    b->row_end = b->row_begin + capacity;
    for (uint32_t i = 0; i < b->schema->n_fields; i++) {
        weir_csv_target *t = &b->targets[i];
        WEIR_TRY(weir_column_new(t->type, capacity, ctx->ledger, &t->column, err));
        if (t->text) WEIR_TRY(weir_column_add_block(t->column, b->block, &t->block, err));
    }
out:
    return status;
}

weir_status weir_csv_batch_close(weir_csv_batch *b, weir_batch **out, weir_error *err) {
    weir_batch *made = NULL;
    weir_status status = weir_batch_new(b->schema, b->rows, &made, err);
    if (status != WEIR_OK) return status;
    for (uint32_t i = 0; i < b->schema->n_fields; i++) {
        weir_csv_target *t = &b->targets[i];
        t->column->length = b->rows;
        made->columns[i] = t->column;
        t->column = NULL;
        t->side = NULL;
    }
    if (b->blame.failures) b->blame.failures->rows = b->rows;
    made->failures = b->blame.failures;
    made->origin = (weir_origin){.split = b->split,
                                 .sequence = b->sequence << 20 | b->batch_number++,
                                 .raw_byte = b->first_byte,
                                 .raw_line = b->first_line,
                                 .raw_begin = b->begin,
                                 .raw = weir_block_retain(b->block),
                                 .row_begin = b->row_begin,
                                 .row_end = b->row_end,
                                 .rows_block = b->rows_block};
    b->blame.failures = NULL;
    b->rows_block = NULL;
    b->rows = 0;
    *out = made;
    return WEIR_OK;
}

void weir_csv_batch_drop(weir_csv_batch *b) {
    for (uint32_t i = 0; b->targets && i < b->schema->n_fields; i++) {
        weir_column_release(b->targets[i].column);
        b->targets[i].column = NULL;
        b->targets[i].side = NULL;
    }
    weir_block_release(b->rows_block);
    b->rows_block = NULL;
    weir_failures_free(b->blame.failures);
    b->blame.failures = NULL;
    b->rows = 0;
}
