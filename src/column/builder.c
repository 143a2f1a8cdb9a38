/* Row by row building.  Memory is in blocks from the start, so that it is charged as it grows and
 * the finished column takes it over without copying.
 */
#include "column/kernel_util.h"

#define FIRST_ROWS 64u
#define ROWS_MAX ((uint32_t)INT32_MAX - 64)
#define TEXT_BLOCK_MIN ((size_t)4096)
#define TEXT_BLOCK_MAX ((size_t)256 << 10)

struct weir_builder {
    const weir_type *type;
    weir_ledger *ledger;
    uint32_t length, capacity; /* rows */
    bool any_null, any_poison;
    weir_block *values, *validity, *poison;
    weir_column *blocks; /* a shell that collects the blocks of views; NULL until the first */
    weir_block *text;    /* the block that new bytes go to; NULL = none open */
    uint32_t text_index;
    const weir_block *last_view; /* the block that the last weir_builder_view named */
    uint32_t last_view_index;
    uint32_t n_children;
    weir_builder **children;
};

static void drop_content(weir_builder *b) {
    weir_block_release(b->values);
    weir_block_release(b->validity);
    weir_block_release(b->poison);
    weir_block_release(b->text);
    weir_column_release(b->blocks);
    b->values = b->validity = b->poison = b->text = NULL;
    b->blocks = NULL;
    b->last_view = NULL;
    b->length = b->capacity = 0;
    b->any_null = b->any_poison = false;
}

void weir_builder_free(weir_builder *b) {
    if (!b) return;
    for (uint32_t i = 0; i < b->n_children; i++) weir_builder_free(b->children[i]);
    weir_free(b->children);
    drop_content(b);
    weir_free(b);
}

weir_status weir_builder_new(const weir_type *type, weir_ledger *ledger, weir_builder **out,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    weir_builder *b = weir_alloc_zero(1, sizeof *b);
    if (!b) return weir_error_nomem(err);
    b->type = type;
    b->ledger = ledger;
    if (type->n_fields) {
        b->children = weir_alloc_zero(type->n_fields, sizeof *b->children);
        if (!b->children) WEIR_TRY(weir_error_nomem(err));
    }
    for (; b->n_children < type->n_fields; b->n_children++)
        WEIR_TRY(weir_builder_new(type->fields[b->n_children].type, ledger,
                                  &b->children[b->n_children], err));
    *out = b;
    return WEIR_OK;
out:
    weir_builder_free(b);
    return status;
}

/* A larger copy of *block; bytes behind the old content are filled with `fill`. */
static weir_status enlarge(weir_block **block, size_t used, size_t bytes, int fill,
                           weir_ledger *ledger, weir_error *err) {
    weir_block *fresh = NULL;
    weir_status status = weir_block_new(ledger, bytes ? bytes : 8, &fresh, err);
    if (status != WEIR_OK) return status;
    if (used) memcpy(fresh->data, (*block)->data, used);
    memset(fresh->data + used, fill, bytes - used);
    fresh->size = bytes;
    weir_block_release(*block);
    *block = fresh;
    return WEIR_OK;
}

static weir_status room(weir_builder *b, weir_error *err) {
    if (b->length < b->capacity) return WEIR_OK;
    if (b->length >= ROWS_MAX)
        return weir_error_set(err, WEIR_RESOURCE, "a column of more than %u values", ROWS_MAX);
    uint32_t rows = b->capacity > ROWS_MAX / 2 ? ROWS_MAX
                    : b->capacity              ? b->capacity * 2
                                               : FIRST_ROWS;
    size_t used = b->values ? weir_values_bytes(b->type, b->capacity) : 0;
    size_t words = b->capacity / 64 * 8, more_words = weir_bit_words(rows) * 8;
    weir_status status = WEIR_OK;
    if (weir_values_bytes(b->type, rows))
        status = enlarge(&b->values, used, weir_values_bytes(b->type, rows), 0, b->ledger, err);
    if (status == WEIR_OK && b->any_null)
        status = enlarge(&b->validity, words, more_words, 0xFF, b->ledger, err);
    if (status == WEIR_OK && b->any_poison)
        status = enlarge(&b->poison, words, more_words, 0, b->ledger, err);
    if (status == WEIR_OK) b->capacity = rows;
    return status;
}

static weir_status mark_null(weir_builder *b, bool poison, weir_error *err) {
    size_t bytes = weir_bit_words(b->capacity) * 8;
    weir_status status = WEIR_OK;
    if (!b->any_null) {
        status = enlarge(&b->validity, 0, bytes, 0xFF, b->ledger, err);
        if (status != WEIR_OK) return status;
        b->any_null = true;
    }
    if (poison && !b->any_poison) {
        status = enlarge(&b->poison, 0, bytes, 0, b->ledger, err);
        if (status != WEIR_OK) return status;
        b->any_poison = true;
    }
    weir_bit_clear((uint64_t *)(void *)b->validity->data, b->length);
    if (poison) weir_bit_set((uint64_t *)(void *)b->poison->data, b->length);
    return WEIR_OK;
}

weir_status weir_builder_null(weir_builder *b, bool poison, weir_error *err) {
    weir_status status = room(b, err);
    if (status != WEIR_OK) return status;
    if (b->type->id == WEIR_STRUCT) {
        for (uint32_t i = 0; i < b->n_children; i++) {
            status = weir_builder_null(b->children[i], false, err);
            if (status != WEIR_OK) return status;
        }
    }
    if (b->type->id != WEIR_NULL || poison) {
        status = mark_null(b, poison, err);
        if (status != WEIR_OK) return status;
    }
    if (b->type->id == WEIR_LIST || b->type->id == WEIR_MAP) {
        int32_t *offsets = (int32_t *)(void *)b->values->data;
        offsets[b->length + 1] = offsets[b->length];
    }
    b->length++;
    return WEIR_OK;
}

weir_status weir_builder_value(weir_builder *b, const void *value, weir_error *err) {
    if (weir_type_is_view(b->type) || weir_type_is_nested(b->type) || b->type->id == WEIR_NULL)
        return weir_error_set(err, WEIR_INTERNAL, "weir_builder_value for %s", b->type->name);
    weir_status status = room(b, err);
    if (status != WEIR_OK) return status;
    if (b->type->id == WEIR_BOOL) {
        if (*(const uint8_t *)value) weir_bit_set((uint64_t *)(void *)b->values->data, b->length);
    } else {
        memcpy(b->values->data + (size_t)b->length * b->type->width, value, b->type->width);
    }
    b->length++;
    return WEIR_OK;
}

static weir_status collect_block(weir_builder *b, weir_block *block, uint32_t *index,
                                 weir_error *err) {
    weir_status status = WEIR_OK;
    if (!b->blocks) status = weir_column_shell(b->type, WEIR_PLAIN, 0, &b->blocks, err);
    if (status == WEIR_OK) status = weir_column_add_block(b->blocks, block, index, err);
    return status;
}

/* Opens a block with room for size bytes. */
static weir_status open_text(weir_builder *b, size_t size, weir_error *err) {
    if (b->text && b->text->capacity - b->text->size >= size) return WEIR_OK;
    size_t want = b->text ? b->text->capacity * 2 : TEXT_BLOCK_MIN;
    if (want > TEXT_BLOCK_MAX) want = TEXT_BLOCK_MAX;
    if (want < size) want = size;
    weir_block *block = NULL;
    weir_status status = weir_block_new(b->ledger, want, &block, err);
    if (status != WEIR_OK) return status;
    status = collect_block(b, block, &b->text_index, err);
    if (status != WEIR_OK) {
        weir_block_release(block);
        return status;
    }
    weir_block_release(b->text);
    b->text = block;
    return WEIR_OK;
}

weir_status weir_builder_bytes(weir_builder *b, const void *data, size_t size, weir_error *err) {
    if (!weir_type_is_view(b->type))
        return weir_error_set(err, WEIR_INTERNAL, "weir_builder_bytes for %s", b->type->name);
    if (size > INT32_MAX)
        return weir_error_set(err, WEIR_RESOURCE, "a text of %zu bytes, more than 2 GiB", size);
    weir_status status = room(b, err);
    uint32_t index = 0, offset = 0;
    if (status == WEIR_OK && size > 12) {
        status = open_text(b, size, err);
        if (status == WEIR_OK) {
            index = b->text_index;
            offset = (uint32_t)b->text->size;
            memcpy(b->text->data + offset, data, size);
            b->text->size += size;
        }
    }
    if (status != WEIR_OK) return status;
    weir_view *views = (weir_view *)(void *)b->values->data;
    views[b->length++] =
        weir_view_make(size ? data : (const void *)"", (uint32_t)size, index, offset);
    return WEIR_OK;
}

weir_status weir_builder_view(weir_builder *b, weir_block *block, size_t offset, size_t size,
                              weir_error *err) {
    if (offset > UINT32_MAX || size > INT32_MAX)
        return weir_builder_bytes(b, block->data + offset, size, err);
    weir_status status = room(b, err);
    if (status == WEIR_OK && size > 12 && b->last_view != block) {
        status = collect_block(b, block, &b->last_view_index, err);
        if (status == WEIR_OK) b->last_view = block;
    }
    if (status != WEIR_OK) return status;
    weir_view *views = (weir_view *)(void *)b->values->data;
    views[b->length++] =
        weir_view_make(block->data + offset, (uint32_t)size, b->last_view_index, (uint32_t)offset);
    return WEIR_OK;
}

weir_builder *weir_builder_child(weir_builder *b, uint32_t i) {
    return i < b->n_children ? b->children[i] : NULL;
}

weir_status weir_builder_close_row(weir_builder *b, weir_error *err) {
    weir_status status = room(b, err);
    if (status != WEIR_OK) return status;
    if (b->type->id == WEIR_STRUCT) {
        for (uint32_t i = 0; i < b->n_children; i++)
            if (b->children[i]->length != b->length + 1)
                return weir_error_set(err, WEIR_INTERNAL, "a struct row is closed without '%s'",
                                      b->type->fields[i].name);
    } else if (b->type->id == WEIR_LIST || b->type->id == WEIR_MAP) {
        if (b->n_children == 2 && b->children[0]->length != b->children[1]->length)
            return weir_error_set(err, WEIR_INTERNAL, "a map row has a key without a value");
        ((int32_t *)(void *)b->values->data)[b->length + 1] = (int32_t)b->children[0]->length;
    } else {
        return weir_error_set(err, WEIR_INTERNAL, "weir_builder_close_row for %s", b->type->name);
    }
    b->length++;
    return WEIR_OK;
}

uint32_t weir_builder_length(const weir_builder *b) {
    return b->length;
}

weir_status weir_builder_finish(weir_builder *b, weir_column **out, weir_error *err) {
    weir_column *c = NULL, *child = NULL;
    weir_status status = weir_column_shell(b->type, WEIR_PLAIN, b->length, &c, err);
    if (status != WEIR_OK) return status;
    if (!b->values && b->type->width + (b->type->id == WEIR_BOOL))
        WEIR_TRY(enlarge(&b->values, 0, weir_values_bytes(b->type, 0), 0, b->ledger, err));
    for (uint32_t i = 0; i < b->n_children; i++) {
        WEIR_TRY(weir_builder_finish(b->children[i], &child, err));
        WEIR_TRY(weir_column_add_child(c, child, err));
        child = NULL;
    }
    if (b->blocks) WEIR_TRY(weir_column_share_blocks(c, b->blocks, err));
    c->values_block = weir_block_retain(b->values);
    c->values = b->values ? b->values->data : NULL;
    if (c->values_block) c->values_block->size = weir_values_bytes(b->type, b->length);
    if (b->any_null) {
        c->validity_block = weir_block_retain(b->validity);
        c->validity = (uint64_t *)(void *)b->validity->data;
    }
    if (b->any_poison) {
        c->poison_block = weir_block_retain(b->poison);
        c->poison = (uint64_t *)(void *)b->poison->data;
    }
    drop_content(b);
    *out = c;
    c = NULL;
out:
    weir_column_release(child);
    weir_column_release(c);
    return status;
}

weir_status weir_builder_copy(weir_builder *b, const weir_column *c, uint32_t row,
                              weir_error *err) {
    weir_status status = WEIR_OK;
    if (weir_column_is_null(c, row))
        return weir_builder_null(b, weir_column_is_poisoned(c, row), err);
    const weir_column *base = weir_column_base(c);
    uint32_t s = weir_column_slot(c, row);
    if (weir_type_is_view(c->type)) {
        weir_slice text = weir_column_slice(c, row);
        return weir_builder_bytes(b, text.data, text.size, err);
    }
    if (!weir_type_is_nested(c->type)) {
        uint8_t truth = 0;
        if (c->type->id == WEIR_BOOL) {
            truth = weir_bit_get((const uint64_t *)base->values, s);
            return weir_builder_value(b, &truth, err);
        }
        return weir_builder_value(b, (const char *)base->values + (size_t)s * c->type->width, err);
    }
    if (c->type->id == WEIR_STRUCT) {
        for (uint32_t i = 0; i < base->n_children; i++)
            WEIR_TRY(weir_builder_copy(weir_builder_child(b, i), base->children[i], s, err));
        return weir_builder_close_row(b, err);
    }
    const int32_t *offsets = base->values;
    for (uint32_t i = 0; i < base->n_children; i++)
        for (int32_t k = offsets[s]; k < offsets[s + 1]; k++)
            WEIR_TRY(
                weir_builder_copy(weir_builder_child(b, i), base->children[i], (uint32_t)k, err));
    return weir_builder_close_row(b, err);
out:
    return status;
}
