/* The batches that unnest makes: rows of the batch, each with one item. */
#include "transform/unnest.h"

/* A piece: small enough to stay in the cache, and bounded where rows are wide or hold lists that
 * are repeated whole. */
#define PIECE_ROWS 16384u
#define PIECE_BYTES ((size_t)4 << 20)

size_t unnest_row_bytes(const weir_schema *schema) {
    size_t bytes = 16;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        uint8_t width = schema->fields[i].type->width;
        bytes += width ? width : 8;
    }
    return bytes;
}

/* Bytes of the items from..to of a column. */
static size_t range_bytes(const weir_column *c, size_t from, size_t to) {
    if (c->encoding != WEIR_PLAIN) return (to - from) * 4;
    size_t bytes = (to - from) * (c->type->width ? c->type->width : 1);
    bool offsets = c->type->id == WEIR_LIST || c->type->id == WEIR_MAP;
    if (offsets) {
        from = (size_t)((const int32_t *)c->values)[from];
        to = (size_t)((const int32_t *)c->values)[to];
    }
    for (uint32_t i = 0; i < c->n_children; i++) bytes += range_bytes(c->children[i], from, to);
    return bytes;
}

/* What the lists and structs of a row of the batch take, other than the one that is unnested. */
static size_t nested_bytes(unnest_run *u, uint32_t row) {
    if (u->sized_row == row) return u->sized_bytes;
    size_t bytes = 0;
    for (uint32_t i = 0; i < u->batch->schema->n_fields; i++) {
        const weir_column *c = u->batch->columns[i];
        if (i == u->state->field || !weir_type_is_nested(c->type)) continue;
        if (c->encoding == WEIR_PLAIN) bytes += range_bytes(c, row, (size_t)row + 1);
    }
    u->sized_row = row;
    u->sized_bytes = bytes;
    return bytes;
}

/* ---- beginning ----------------------------------------------------------------------------- */

/* A batch in which every row failed must not cost rows x failures. */
static weir_status chain_failures(unnest_run *u, weir_error *err) {
    const weir_failures *f = u->batch->failures;
    if (!f || f->n == 0) return WEIR_OK;
    u->head = weir_alloc_zero((size_t)u->batch->length + 1, sizeof *u->head);
    u->next = weir_alloc_zero(f->n + 1, sizeof *u->next);
    if (!u->head || !u->next) return weir_error_nomem(err);
    for (size_t i = f->n; i-- > 0;) {
        u->next[i] = u->head[f->items[i].row];
        u->head[f->items[i].row] = (uint32_t)i + 1;
    }
    return WEIR_OK;
}

/* A plain column to take items from, with one null when there is no item. */
static weir_status items_of(unnest_run *u, const weir_column *c, weir_column **out,
                            weir_error *err) {
    if (c->length) return weir_decode_plain(c, u->ctx, out, err);
    weir_column *null = NULL;
    weir_status status = weir_column_constant(c->type, 1, NULL, 0, u->ctx->ledger, &null, err);
    if (status == WEIR_OK) status = weir_decode_plain(null, u->ctx, out, err);
    weir_column_release(null);
    return status;
}

static weir_status find_items(unnest_run *u, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_column *list = u->list;
    uint32_t n = list->n_children;
    weir_column *structs = NULL;
    if (u->state->members) {
        WEIR_TRY(items_of(u, list->children[0], &structs, err));
        n = structs->n_children;
    }
    u->items = weir_alloc_zero((size_t)n + 2, sizeof *u->items);
    if (!u->items) WEIR_TRY(weir_error_nomem(err));
    for (; u->n_items < n; u->n_items++)
        WEIR_TRY(items_of(u, structs ? structs->children[u->n_items] : list->children[u->n_items],
                          &u->items[u->n_items], err));
    u->structs = structs;
    structs = NULL;
out:
    weir_column_release(structs);
    return status;
}

weir_status unnest_begin(unnest_run *u, weir_error *err) {
    weir_status status;
    size_t rows = PIECE_BYTES / u->state->row_bytes;
    u->capacity = rows > PIECE_ROWS ? PIECE_ROWS : rows < 64 ? 64 : (uint32_t)rows;
    u->sized_row = UINT32_MAX;
    WEIR_TRY(weir_decode_plain(u->batch->columns[u->state->field], u->ctx, &u->list, err));
    if (!u->state->json) WEIR_TRY(find_items(u, err));
    u->rows = weir_alloc((size_t)u->capacity * sizeof *u->rows);
    u->number = weir_alloc((size_t)u->capacity * sizeof *u->number);
    u->at = weir_alloc((size_t)u->capacity * sizeof *u->at);
    if (u->state->json) u->views = weir_alloc((size_t)u->capacity * sizeof *u->views);
    if (!u->rows || !u->number || !u->at || (u->state->json && !u->views))
        WEIR_TRY(weir_error_nomem(err));
    status = chain_failures(u, err);
out:
    return status;
}

void unnest_end(unnest_run *u) {
    for (uint32_t i = 0; u->items && i < u->n_items; i++) weir_column_release(u->items[i]);
    weir_free(u->items);
    weir_column_release(u->structs);
    weir_column_release(u->list);
    weir_failures_free(u->failures);
    weir_free(u->head);
    weir_free(u->next);
    weir_free(u->rows);
    weir_free(u->number);
    weir_free(u->at);
    weir_free(u->views);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static weir_status need_failures(unnest_run *u, weir_error *err) {
    return u->failures ? WEIR_OK : weir_failures_new(u->capacity, &u->failures, err);
}

/* The failures of a row go where the row goes; they may outlive the batch. */
static weir_status carry_failures(unnest_run *u, uint32_t row, weir_error *err) {
    const weir_failures *from = u->batch->failures;
    weir_status status = need_failures(u, err);
    for (uint32_t i = u->head[row]; status == WEIR_OK && i; i = u->next[i - 1]) {
        const weir_failure *f = &from->items[i - 1];
        const char *field = weir_arena_strdup(&u->failures->arena, f->field);
        if (!field) return weir_error_nomem(err);
        status = weir_failures_add(u->failures, u->n - 1, f->stage, field, f->rule, err, "%s",
                                   f->reason);
    }
    weir_slice raw = weir_failures_raw(from, row);
    if (status == WEIR_OK && raw.data)
        status = weir_failures_keep_raw(u->failures, u->n - 1, raw, err);
    return status;
}

weir_status unnest_put(unnest_run *u, uint32_t row, uint32_t number, uint32_t at, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t bytes = nested_bytes(u, row);
    bool full = u->n == u->capacity || u->bytes + bytes > PIECE_BYTES;
    if (u->n && full) status = unnest_flush(u, err);
    if (status != WEIR_OK) return status;
    u->bytes += bytes;
    u->rows[u->n] = row;
    u->number[u->n] = number;
    u->at[u->n] = number ? at : UNNEST_NO_ITEM;
    if (u->views) u->views[u->n] = (weir_view){.words = {0, 0}};
    u->n++;
    if (u->head && u->head[row]) status = carry_failures(u, row, err);
    return status;
}

weir_status unnest_put_json(unnest_run *u, uint32_t row, uint32_t number, weir_slice item,
                            weir_slice text, weir_error *err) {
    weir_status status = unnest_put(u, row, number, 0, err);
    if (status != WEIR_OK) return status;
    if (weir_slice_is(item, "null")) {
        u->at[u->n - 1] = UNNEST_NO_ITEM;
        return WEIR_OK;
    }
    const weir_view *whole = (const weir_view *)u->list->values + row;
    u->views[u->n - 1] =
        weir_view_make((const uint8_t *)item.data, (uint32_t)item.size, whole->ref.block,
                       whole->ref.offset + (uint32_t)(item.data - text.data));
    return WEIR_OK;
}

weir_status unnest_fail(unnest_run *u, const char *rule, const char *reason, weir_error *err) {
    weir_status status = need_failures(u, err);
    if (status != WEIR_OK) return status;
    return weir_failures_add(u->failures, u->n - 1, "unnest", u->state->name, rule, err, "%s",
                             reason);
}

/* ---- columns ------------------------------------------------------------------------------- */

/* Null where there is no item; poisoned where that is because the row has failed. */
static weir_status put_nulls(unnest_run *u, weir_column *c, weir_error *err) {
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < u->n; i++)
        if (u->at[i] == UNNEST_NO_ITEM)
            status =
                weir_column_set_null(c, i, weir_failures_bad(u->failures, i), u->ctx->ledger, err);
    return status;
}

static weir_status index_column(unnest_run *u, weir_column **out, weir_error *err) {
    weir_status status = weir_column_new(weir_type_of(WEIR_INT64), u->n, u->ctx->ledger, out, err);
    for (uint32_t i = 0; status == WEIR_OK && i < u->n; i++) {
        ((int64_t *)(*out)->values)[i] = u->number[i];
        if (!u->number[i])
            status = weir_column_set_null(*out, i, weir_failures_bad(u->failures, i),
                                          u->ctx->ledger, err);
    }
    return status;
}

static weir_status json_column(unnest_run *u, weir_column **out, weir_error *err) {
    weir_status status = weir_column_new(u->list->type, u->n, u->ctx->ledger, out, err);
    if (status != WEIR_OK) return status;
    memcpy((*out)->values, u->views, (size_t)u->n * sizeof *u->views);
    uint32_t ignored;
    for (uint32_t i = 0; status == WEIR_OK && i < u->list->n_blocks; i++)
        status = weir_column_add_block(*out, u->list->blocks[i], &ignored, err);
    return status == WEIR_OK ? put_nulls(u, *out, err) : status;
}

/* A member of a struct that is null is null. */
static weir_status null_structs(unnest_run *u, weir_column *c, weir_error *err) {
    weir_status status = WEIR_OK;
    if (!u->structs || !u->structs->validity) return WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < u->n; i++)
        if (u->at[i] != UNNEST_NO_ITEM && weir_column_is_null(u->structs, u->at[i]))
            status = weir_column_set_null(c, i, false, u->ctx->ledger, err);
    return status;
}

/* The columns that take the place of the list; idx: u->at with 0 for no item. */
static weir_status item_columns(unnest_run *u, const uint32_t *idx, weir_column **columns,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t n = 0;
    if (u->state->index) {
        status = index_column(u, &columns[n++], err);
        if (status != WEIR_OK) return status;
    }
    if (u->state->json) return json_column(u, &columns[n], err);
    for (uint32_t i = 0; i < u->n_items; i++, n++) {
        status = weir_take_at(u->items[i], idx, u->n, u->ctx->ledger, &columns[n], err);
        if (status == WEIR_OK) status = put_nulls(u, columns[n], err);
        if (status == WEIR_OK) status = null_structs(u, columns[n], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status fill_columns(unnest_run *u, weir_batch *piece, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t *idx = weir_alloc(((size_t)u->n + 1) * sizeof *idx);
    if (!idx) return weir_error_nomem(err);
    for (uint32_t i = 0; i < u->n; i++) idx[i] = u->at[i] == UNNEST_NO_ITEM ? 0 : u->at[i];
    for (uint32_t i = 0, to = 0; i < u->batch->schema->n_fields; i++) {
        if (i == u->state->field) {
            WEIR_TRY(item_columns(u, idx, &piece->columns[to], err));
            to += u->state->n;
        } else {
            WEIR_TRY(weir_take_at(u->batch->columns[i], u->rows, u->n, u->ctx->ledger,
                                  &piece->columns[to++], err));
        }
    }
out:
    weir_free(idx);
    return status;
}

weir_status unnest_flush(unnest_run *u, weir_error *err) {
    weir_batch *piece = NULL;
    if (u->n == 0) return WEIR_OK;
    weir_status status = weir_batch_new(u->op->out, u->n, &piece, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_origin_take(&u->batch->origin, u->rows, u->number, u->n, u->ctx->ledger,
                              &piece->origin, err));
    WEIR_TRY(fill_columns(u, piece, err));
    if (u->batch->row_kind) {
        piece->row_kind = weir_alloc(u->n);
        if (!piece->row_kind) WEIR_TRY(weir_error_nomem(err));
        for (uint32_t i = 0; i < u->n; i++) piece->row_kind[i] = u->batch->row_kind[u->rows[i]];
    }
    if (u->failures) u->failures->rows = u->n;
    piece->failures = u->failures;
    u->failures = NULL;
    u->n = 0;
    u->bytes = 0;
    weir_batch *given = piece;
    piece = NULL;
    status = u->out->give(u->out->context, given, err);
out:
    weir_batch_free(piece);
    return status;
}
