/* Columns put together from rows of others: what case, coalesce and greatest give. */
#include "expr/bound.h"

weir_status weir_merge_begin(weir_eval *e, const weir_type *type, uint32_t length, weir_merge *m,
                             weir_error *err) {
    *m = (weir_merge){
        .type = type, .length = length, .ledger = e->ctx->ledger, .scratch = e->scratch};
    if (weir_type_is_nested(type) || type->id == WEIR_NULL) {
        m->source_of = weir_arena_zero(e->scratch, (size_t)length + 1, sizeof *m->source_of);
        return m->source_of ? WEIR_OK : weir_error_nomem(err);
    }
    weir_status status = weir_column_new(type, length, m->ledger, &m->out, err);
    if (status != WEIR_OK) return status;
    if (weir_type_is_view(type)) memset(m->out->values, 0, (size_t)length * sizeof(weir_view));
    return WEIR_OK;
}

void weir_merge_clear(weir_merge *m) {
    weir_column_release(m->out);
    m->out = NULL;
    for (uint32_t i = 0; i < m->n_held; i++) weir_column_release(m->held[i]);
    weir_free(m->held);
    m->held = NULL;
    m->n_held = 0;
}

static weir_status add_nested(weir_merge *m, const weir_column *c, weir_rows rows,
                              weir_error *err) {
    weir_column **held = weir_realloc(m->held, (size_t)m->n_held + 1, sizeof *held);
    if (!held) return weir_error_nomem(err);
    m->held = held;
    held[m->n_held++] = weir_column_retain((weir_column *)(uintptr_t)c);
    for (uint32_t k = 0; k < rows.n; k++) m->source_of[weir_rows_at(&rows, k)] = c;
    return WEIR_OK;
}

static weir_status add_views(weir_merge *m, const weir_column *c, weir_rows rows, weir_error *err) {
    const weir_column *base = weir_column_base(c);
    uint32_t first = m->out->n_blocks;
    for (uint32_t i = 0; i < base->n_blocks; i++) {
        weir_status status = weir_column_add_block(m->out, base->blocks[i], NULL, err);
        if (status != WEIR_OK) return status;
    }
    weir_view *to = m->out->values;
    weir_text_arg from = weir_text_arg_of(c);
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (c->validity && weir_column_is_null(c, row)) continue;
        weir_view v = *weir_text_view(&from, row);
        if (v.in.size > 12) v.ref.block += first;
        to[row] = v;
    }
    return WEIR_OK;
}

#define COPY(T)                                                                                    \
    do {                                                                                           \
        const T *from = (const T *)base->values;                                                   \
        T *to = (T *)m->out->values;                                                               \
        for (uint32_t k = 0; k < rows.n; k++) {                                                    \
            uint32_t row = weir_rows_at(&rows, k);                                                 \
            to[row] = from[indices ? (uint32_t)indices[row] : row & mask];                         \
        }                                                                                          \
    } while (0)

static void add_fixed(weir_merge *m, const weir_column *c, weir_rows rows) {
    const weir_column *base = weir_column_base(c);
    const int32_t *indices = c->encoding == WEIR_DICTIONARY ? c->indices : NULL;
    uint32_t mask = c->encoding == WEIR_CONSTANT ? 0 : UINT32_MAX;
    if (c->encoding == WEIR_CONSTANT && weir_column_is_null(c, 0)) return;
    if (c->type->id == WEIR_BOOL) {
        for (uint32_t k = 0; k < rows.n; k++) {
            uint32_t row = weir_rows_at(&rows, k);
            if (indices && weir_column_is_null(c, row)) continue;
            if (weir_bool_at(c, row)) weir_bit_set((uint64_t *)m->out->values, row);
        }
        return;
    }
    if (indices && c->validity) { /* null rows may hold any index */
        for (uint32_t k = 0; k < rows.n; k++) {
            uint32_t row = weir_rows_at(&rows, k);
            if (weir_column_is_null(c, row)) continue;
            memcpy((char *)m->out->values + (size_t)row * c->type->width,
                   (const char *)base->values + (size_t)indices[row] * c->type->width,
                   c->type->width);
        }
        return;
    }
    switch (c->type->width) {
    case 1: COPY(uint8_t); break;
    case 2: COPY(uint16_t); break;
    case 4: COPY(uint32_t); break;
    case 8: COPY(uint64_t); break;
    default: COPY(weir_interval); break; /* any 16 bytes */
    }
}

weir_status weir_merge_add(weir_merge *m, const weir_column *c, weir_rows rows, weir_error *err) {
    weir_status status = WEIR_OK;
    if (rows.n == 0) return WEIR_OK;
    if (m->source_of) return add_nested(m, c, rows, err);
    if (weir_type_is_view(m->type))
        WEIR_TRY(add_views(m, c, rows, err));
    else
        add_fixed(m, c, rows);
    for (uint32_t k = 0; (c->validity || c->poison) && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (!weir_column_is_null(c, row)) continue;
        WEIR_TRY(
            weir_column_set_null(m->out, row, weir_column_is_poisoned(c, row), m->ledger, err));
    }
out:
    return status;
}

weir_status weir_merge_null(weir_merge *m, weir_rows rows, const uint64_t *poison,
                            weir_error *err) {
    if (m->source_of && (!poison || rows.n == 0)) return WEIR_OK; /* no source: null */
    if (m->source_of) {
        weir_column *c = NULL;
        weir_status status = weir_column_constant(m->type, m->length, NULL, 0, m->ledger, &c, err);
        if (status == WEIR_OK) status = weir_column_set_null(c, 0, true, m->ledger, err);
        weir_rows poisoned = rows;
        uint16_t *sel = weir_arena_alloc(m->scratch, ((size_t)rows.n + 1) * sizeof *sel);
        if (status == WEIR_OK && !sel) status = weir_error_nomem(err);
        if (status == WEIR_OK) {
            poisoned.n = 0;
            poisoned.sel = sel;
            for (uint32_t k = 0; k < rows.n; k++) {
                uint32_t row = weir_rows_at(&rows, k);
                if (weir_bit_get(poison, row)) sel[poisoned.n++] = (uint16_t)row;
            }
            status = add_nested(m, c, poisoned, err);
        }
        weir_column_release(c);
        return status;
    }
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        weir_status status =
            weir_column_set_null(m->out, row, poison && weir_bit_get(poison, row), m->ledger, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_merge_end(weir_merge *m, weir_column **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_builder *builder = NULL;
    if (!m->source_of) {
        *out = m->out;
        m->out = NULL;
        return WEIR_OK;
    }
    if (m->type->id == WEIR_NULL) {
        WEIR_TRY(weir_column_constant(m->type, m->length, NULL, 0, m->ledger, out, err));
        goto out;
    }
    WEIR_TRY(weir_builder_new(m->type, m->ledger, &builder, err));
    for (uint32_t row = 0; row < m->length; row++) {
        const weir_column *c = m->source_of[row];
        if (c)
            WEIR_TRY(weir_builder_copy(builder, c, row, err));
        else
            WEIR_TRY(weir_builder_null(builder, false, err));
    }
    WEIR_TRY(weir_builder_finish(builder, out, err));
out:
    weir_builder_free(builder);
    weir_merge_clear(m);
    return status;
}
