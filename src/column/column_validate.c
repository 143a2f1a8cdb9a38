/* The invariants of column.h, checked one by one.  For tests and for what comes from outside. */
#include "column/kernel_util.h"
#include "text/utf8.h"

#define BROKEN(...) weir_error_set(err, WEIR_INTERNAL, __VA_ARGS__)

static weir_status check_view(const weir_column *c, uint32_t slot, weir_error *err) {
    const weir_view *v = (const weir_view *)c->values + slot;
    if (v->in.size <= 12) {
        for (uint32_t i = v->in.size; i < 12; i++)
            if (v->in.bytes[i]) return BROKEN("view %u is not padded with zeros", slot);
    } else {
        if (v->ref.block >= c->n_blocks)
            return BROKEN("view %u is in block %u of %u", slot, v->ref.block, c->n_blocks);
        const weir_block *b = c->blocks[v->ref.block];
        if ((size_t)v->ref.offset + v->ref.size > b->capacity)
            return BROKEN("view %u is at %u+%u in a block of %zu bytes", slot, v->ref.offset,
                          v->ref.size, b->capacity);
        if (memcmp(b->data + v->ref.offset, v->ref.prefix, 4) != 0)
            return BROKEN("view %u has a prefix that differs from its text", slot);
    }
    weir_slice s = weir_view_slice(c, v);
    if (c->type->id != WEIR_BINARY && !weir_utf8_valid(s.data, s.size))
        return BROKEN("text %u is not UTF-8", slot);
    return WEIR_OK;
}

static weir_status check_offsets(const weir_column *c, uint32_t rows, weir_error *err) {
    const int32_t *offsets = c->values;
    if (offsets[0] < 0) return BROKEN("the first offset is %d", offsets[0]);
    for (uint32_t i = 0; i < rows; i++)
        if (offsets[i + 1] < offsets[i])
            return BROKEN("offset %u goes back from %d to %d", i + 1, offsets[i], offsets[i + 1]);
    for (uint32_t i = 0; i < c->n_children; i++)
        if ((uint32_t)offsets[rows] > c->children[i]->length)
            return BROKEN("the last offset is %d of %u items", offsets[rows],
                          c->children[i]->length);
    return WEIR_OK;
}

static weir_status check_children(const weir_column *c, uint32_t slots, weir_error *err) {
    if (c->n_children != c->type->n_fields)
        return BROKEN("%u children for %s", c->n_children, c->type->name);
    for (uint32_t i = 0; i < c->n_children; i++) {
        const weir_column *child = c->children[i];
        if (child->type != c->type->fields[i].type)
            return BROKEN("child %u is %s, not %s", i, child->type->name,
                          c->type->fields[i].type->name);
        if (c->type->id == WEIR_STRUCT && child->length < slots)
            return BROKEN("child %u has %u rows of %u", i, child->length, slots);
        weir_status status = weir_column_validate(child, err);
        if (status != WEIR_OK) return status;
    }
    if (c->type->id == WEIR_LIST || c->type->id == WEIR_MAP) return check_offsets(c, slots, err);
    return WEIR_OK;
}

static weir_status check_dictionary(const weir_column *c, weir_rows rows, weir_error *err) {
    const weir_column *d = c->dictionary;
    if (!d || d->encoding != WEIR_PLAIN || d->type != c->type)
        return BROKEN("the dictionary is missing, encoded itself, or of another type");
    if (d->poison) return BROKEN("the dictionary has poisoned values");
    for (uint32_t i = 0; d->validity && i < d->length; i++)
        if (!weir_bit_get(d->validity, i)) return BROKEN("the dictionary has a null at %u", i);
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        int32_t at = c->indices[row];
        bool inside = at >= 0 && (uint32_t)at < d->length;
        if (!inside && !(at == 0 && weir_column_is_null(c, row)))
            return BROKEN("row %u has index %d of %u", row, at, d->length);
    }
    return weir_column_validate(d, err);
}

static weir_status check_values(const weir_column *c, weir_rows rows, weir_error *err) {
    uint32_t slots = c->encoding == WEIR_CONSTANT ? 1 : c->length;
    size_t need = weir_values_bytes(c->type, slots);
    if (need && !c->values) return BROKEN("there are no values");
    if (c->values_block && c->values_block->capacity < need)
        return BROKEN("%zu bytes of values instead of %zu", c->values_block->capacity, need);
    weir_status status = check_children(c, slots, err);
    if (status != WEIR_OK || !weir_type_is_view(c->type)) return status;
    for (uint32_t k = 0; status == WEIR_OK && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (!weir_column_is_null(c, row)) status = check_view(c, weir_column_slot(c, row), err);
    }
    return status;
}

weir_status weir_column_validate_rows(const weir_column *c, weir_rows rows, weir_error *err) {
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (row >= c->length) return BROKEN("row %u of %u", row, c->length);
        if (weir_column_is_poisoned(c, row) && !weir_column_is_null(c, row))
            return BROKEN("row %u is poisoned and not null", row);
    }
    switch (c->encoding) {
    case WEIR_DICTIONARY: return check_dictionary(c, rows, err);
    case WEIR_PLAIN:
    case WEIR_CONSTANT: return check_values(c, rows, err);
    }
    return BROKEN("encoding %d", (int)c->encoding);
}

weir_status weir_column_validate(const weir_column *c, weir_error *err) {
    weir_rows rows = {NULL, c->length, c->length};
    return weir_column_validate_rows(c, rows, err);
}
