/* What select, drop and rename come to: columns in another order under other names. */
#include "transform/kinds.h"

uint64_t *weir_transform_reads(const weir_bind *bind, const weir_schema *schema) {
    return weir_arena_zero(bind->arena, weir_bit_words(schema->n_fields) + 1, sizeof(uint64_t));
}

weir_status weir_pick_bind(const weir_bind *bind, weir_operator *op, const weir_field *fields,
                           const uint32_t *from, uint32_t n, weir_error *err) {
    weir_pick *pick = weir_arena_zero(bind->arena, 1, sizeof *pick);
    uint32_t *copy = weir_arena_zero(bind->arena, (size_t)n + 1, sizeof *copy);
    if (!pick || !copy) return weir_error_nomem(err);
    memcpy(copy, from, n * sizeof *copy);
    pick->n = n;
    pick->from = copy;
    weir_status status = weir_schema_new(fields, n, &op->out, err);
    if (status == WEIR_OK) op->state = pick;
    return status;
}

weir_status weir_pick_process(const weir_operator *op, void *local, weir_ctx *ctx,
                              weir_batch *batch, weir_error *err) {
    const weir_pick *pick = op->state;
    (void)local;
    (void)ctx;
    weir_column **columns = weir_alloc_zero((size_t)pick->n + 1, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; i < pick->n; i++)
        columns[i] = weir_column_retain(batch->columns[pick->from[i]]);
    weir_status status = weir_batch_replace(batch, op->out, columns, err);
    for (uint32_t i = 0; status != WEIR_OK && i < pick->n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}
