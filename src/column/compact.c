/* filter masks, and batches without dead rows. */
#include "column/kernel_util.h"

void weir_filter_mask(const weir_column *predicate, weir_rows rows, uint64_t *mask) {
    size_t words = weir_bit_words(rows.length);
    const weir_column *p = predicate;
    if (p->encoding == WEIR_PLAIN && p->type->id == WEIR_BOOL) {
        /* Word by word; rows outside the selection get bits that nobody reads. */
        const uint64_t *values = p->values;
        for (size_t w = 0; w < words; w++) {
            uint64_t bits = values[w];
            if (p->validity) bits &= p->validity[w];
            if (p->poison) bits |= p->poison[w];
            mask[w] = bits;
        }
        return;
    }
    memset(mask, 0, words * 8);
    const weir_column *base = weir_column_base(p);
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        bool keep = weir_column_is_poisoned(p, row) ||
                    (!weir_column_is_null(p, row) && p->type->id == WEIR_BOOL &&
                     weir_bit_get(base->values, weir_column_slot(p, row)));
        if (keep) weir_bit_set(mask, row);
    }
}

weir_status weir_column_repack(weir_column *c, weir_ledger *ledger, weir_error *err) {
    if (c->encoding != WEIR_PLAIN) return WEIR_OK;
    for (uint32_t i = 0; i < c->n_children; i++) {
        weir_status status = weir_column_repack(c->children[i], ledger, err);
        if (status != WEIR_OK) return status;
    }
    if (!c->n_blocks) return WEIR_OK;
    weir_view *views = c->values;
    size_t total = 0, capacity = 0;
    for (uint32_t i = 0; i < c->length; i++)
        if (views[i].in.size > 12 && !weir_column_is_null(c, i)) total += views[i].in.size;
    for (uint32_t i = 0; i < c->n_blocks; i++) capacity += c->blocks[i]->capacity;
    if (total > UINT32_MAX || total * 4 > capacity * 3) return WEIR_OK; /* nothing to be won */
    weir_block *block = NULL;
    weir_status status = weir_block_new(ledger, total ? total : 8, &block, err);
    if (status != WEIR_OK) return status;
    for (uint32_t i = 0; i < c->length; i++) {
        if (views[i].in.size <= 12) continue;
        if (weir_column_is_null(c, i)) {
            views[i] = (weir_view){.words = {0, 0}};
            continue;
        }
        weir_slice s = weir_view_slice(c, &views[i]);
        memcpy(block->data + block->size, s.data, s.size);
        views[i].ref.block = 0;
        views[i].ref.offset = (uint32_t)block->size;
        block->size += s.size;
    }
    for (uint32_t i = 0; i < c->n_blocks; i++) weir_block_release(c->blocks[i]);
    c->blocks[0] = block;
    c->n_blocks = 1;
    return WEIR_OK;
}

/* Failures of alive rows under their new numbers; those of dead rows go. */
static void compact_failures(weir_batch *b, const uint32_t *new_row) {
    weir_failures *f = b->failures;
    size_t n = 0;
    if (!f) return;
    memset(f->bad, 0, weir_bit_words(f->rows) * 8);
    for (uint32_t k = 0; f->counts && k < b->n_selected; k++)
        f->counts[k] = f->counts[b->selection[k]];
    for (size_t i = 0; i < f->n; i++) {
        uint32_t row = new_row[f->items[i].row];
        if (row == UINT32_MAX) continue;
        f->items[n] = f->items[i];
        f->items[n++].row = row;
        f->bad[row >> 6] |= 1ull << (row & 63);
    }
    f->n = n;
    /* a new number is never above the old one */
    for (uint32_t row = 0; f->raw && row < b->length && row < f->rows; row++) {
        weir_slice raw = f->raw[row];
        f->raw[row] = (weir_slice){0};
        if (new_row[row] == UINT32_MAX)
            weir_free((char *)(uintptr_t)raw.data);
        else
            f->raw[new_row[row]] = raw;
    }
    f->rows = b->n_selected;
}

static weir_status take_all(const weir_batch *b, weir_ctx *ctx, weir_column **columns,
                            weir_error *err) {
    weir_rows rows = weir_rows_of(b);
    for (uint32_t i = 0; i < b->schema->n_fields; i++) {
        weir_status status = weir_take(b->columns[i], rows, ctx, &columns[i], err);
        if (status == WEIR_OK && rows.sel)
            status = weir_column_repack(columns[i], weir_ctx_ledger(ctx), err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_batch_compact(weir_batch *b, weir_ctx *ctx, weir_error *err) {
    if (!b->selection) return WEIR_OK;
    uint32_t n_columns = b->schema->n_fields;
    weir_status status = WEIR_OK;
    weir_origin origin = {0};
    weir_column **columns = weir_alloc_zero(n_columns, sizeof *columns);
    uint32_t *new_row = weir_alloc(((size_t)b->length + 1) * sizeof *new_row);
    if (!columns || !new_row) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t k = 0; k < b->n_selected; k++) new_row[k] = b->selection[k];
    WEIR_TRY(take_all(b, ctx, columns, err));
    WEIR_TRY(weir_origin_take(&b->origin, new_row, NULL, b->n_selected, weir_ctx_ledger(ctx),
                              &origin, err));
    memset(new_row, 0xFF, (size_t)b->length * sizeof *new_row);
    for (uint32_t k = 0; k < b->n_selected; k++) new_row[b->selection[k]] = k;
    WEIR_TRY(weir_batch_replace(b, b->schema, columns, err));
    weir_free(columns);
    columns = NULL;
    /* From here on nothing can fail. */
    compact_failures(b, new_row);
    for (uint32_t k = 0; b->row_kind && k < b->n_selected; k++)
        b->row_kind[k] = b->row_kind[b->selection[k]];
    for (uint32_t k = 0; b->routes && k < b->n_selected; k++)
        b->routes[k] = b->routes[b->selection[k]];
    weir_origin_clear(&b->origin);
    b->origin = origin;
    origin = (weir_origin){0};
    b->length = b->n_selected;
    weir_free(b->selection);
    b->selection = NULL;
out:
    for (uint32_t i = 0; columns && i < n_columns; i++) weir_column_release(columns[i]);
    weir_free(columns);
    weir_free(new_row);
    weir_origin_clear(&origin);
    return status;
}
