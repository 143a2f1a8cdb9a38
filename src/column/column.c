/* Columns: making, sharing, and the two bitmaps. */
#include "column/kernel_util.h"

weir_column *weir_column_retain(weir_column *c) {
    if (c) atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void weir_column_release(weir_column *c) {
    if (!c || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1) return;
    weir_column_release(c->dictionary);
    for (uint32_t i = 0; i < c->n_children; i++) weir_column_release(c->children[i]);
    for (uint32_t i = 0; i < c->n_blocks; i++) weir_block_release(c->blocks[i]);
    weir_free(c->children);
    weir_free(c->blocks);
    weir_block_release(c->validity_block);
    weir_block_release(c->poison_block);
    weir_block_release(c->values_block);
    weir_free(c);
}

weir_status weir_column_shell(const weir_type *type, weir_encoding encoding, uint32_t length,
                              weir_column **out, weir_error *err) {
    weir_column *c = weir_alloc_zero(1, sizeof *c);
    if (!c) return weir_error_nomem(err);
    atomic_init(&c->refs, 1);
    c->type = type;
    c->encoding = encoding;
    c->length = length;
    *out = c;
    return WEIR_OK;
}

/* values for `rows` rows; zeroed where the header says so. */
static weir_status new_values(weir_column *c, uint32_t rows, weir_ledger *ledger, weir_error *err) {
    size_t bytes = weir_values_bytes(c->type, rows);
    if (bytes == 0 && (c->type->id == WEIR_STRUCT || c->type->id == WEIR_NULL)) return WEIR_OK;
    weir_status status = weir_block_new(ledger, bytes ? bytes : 8, &c->values_block, err);
    if (status != WEIR_OK) return status;
    c->values_block->size = bytes;
    c->values = c->values_block->data;
    if (c->type->id == WEIR_BOOL || weir_type_is_nested(c->type)) memset(c->values, 0, bytes);
    return WEIR_OK;
}

weir_status weir_column_new(const weir_type *type, uint32_t length, weir_ledger *ledger,
                            weir_column **out, weir_error *err) {
    weir_column *c = NULL;
    weir_status status = weir_column_shell(type, WEIR_PLAIN, length, &c, err);
    if (status != WEIR_OK) return status;
    status = new_values(c, length, ledger, err);
    if (status != WEIR_OK) {
        weir_column_release(c);
        return status;
    }
    *out = c;
    return WEIR_OK;
}

/* Rows that the bitmaps of c have. */
static uint32_t bitmap_rows(const weir_column *c) {
    return c->encoding == WEIR_CONSTANT ? 1 : c->length;
}

static weir_status new_bitmap(const weir_column *c, int fill, weir_ledger *ledger,
                              weir_block **block, uint64_t **bits, weir_error *err) {
    size_t bytes = weir_bit_words(bitmap_rows(c)) * 8;
    weir_block *b = NULL;
    weir_status status = weir_block_new(ledger, bytes ? bytes : 8, &b, err);
    if (status != WEIR_OK) return status;
    b->size = bytes;
    memset(b->data, fill, bytes ? bytes : 8);
    *block = b;
    *bits = (uint64_t *)(void *)b->data;
    return WEIR_OK;
}

weir_status weir_column_need_validity(weir_column *c, weir_ledger *ledger, weir_error *err) {
    if (c->validity) return WEIR_OK;
    return new_bitmap(c, 0xFF, ledger, &c->validity_block, &c->validity, err);
}

weir_status weir_column_need_poison(weir_column *c, weir_ledger *ledger, weir_error *err) {
    if (c->poison) return WEIR_OK;
    return new_bitmap(c, 0, ledger, &c->poison_block, &c->poison, err);
}

/* A bitmap shared with another column is copied before the first write. */
static weir_status own_bitmap(const weir_column *c, weir_ledger *ledger, weir_block **block,
                              uint64_t **bits, weir_error *err) {
    if (!*block || atomic_load_explicit(&(*block)->refs, memory_order_acquire) == 1) return WEIR_OK;
    weir_block *copy = NULL;
    uint64_t *words = NULL;
    weir_status status = new_bitmap(c, 0, ledger, &copy, &words, err);
    if (status != WEIR_OK) return status;
    memcpy(words, *bits, weir_bit_words(bitmap_rows(c)) * 8);
    weir_block_release(*block);
    *block = copy;
    *bits = words;
    return WEIR_OK;
}

weir_status weir_column_set_null(weir_column *c, uint32_t row, bool poison, weir_ledger *ledger,
                                 weir_error *err) {
    if (c->encoding == WEIR_CONSTANT) row = 0;
    weir_status status = weir_column_need_validity(c, ledger, err);
    if (status == WEIR_OK) status = own_bitmap(c, ledger, &c->validity_block, &c->validity, err);
    if (status == WEIR_OK && poison) status = weir_column_need_poison(c, ledger, err);
    if (status == WEIR_OK && poison)
        status = own_bitmap(c, ledger, &c->poison_block, &c->poison, err);
    if (status != WEIR_OK) return status;
    weir_bit_clear(c->validity, row);
    if (poison) weir_bit_set(c->poison, row);
    return WEIR_OK;
}

/* Room for one more pointer in an array that has n and doubles at powers of two. */
static weir_status room_for_one(void **array, uint32_t n, weir_error *err) {
    if ((n & (n - 1)) != 0) return WEIR_OK;
    void *grown = weir_realloc(*array, n ? (size_t)n * 2 : 1, sizeof(void *));
    if (!grown) return weir_error_nomem(err);
    *array = grown;
    return WEIR_OK;
}

weir_status weir_column_add_block(weir_column *c, weir_block *block, uint32_t *index,
                                  weir_error *err) {
    weir_status status = room_for_one((void **)&c->blocks, c->n_blocks, err);
    if (status != WEIR_OK) return status;
    if (index) *index = c->n_blocks;
    c->blocks[c->n_blocks++] = weir_block_retain(block);
    return WEIR_OK;
}

weir_status weir_column_add_child(weir_column *c, weir_column *child, weir_error *err) {
    weir_status status = room_for_one((void **)&c->children, c->n_children, err);
    if (status != WEIR_OK) return status;
    c->children[c->n_children++] = child;
    return WEIR_OK;
}

weir_status weir_column_share_blocks(weir_column *dst, const weir_column *src, weir_error *err) {
    for (uint32_t i = 0; i < src->n_blocks; i++) {
        weir_status status = weir_column_add_block(dst, src->blocks[i], NULL, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

void weir_column_share_bitmaps(weir_column *dst, const weir_column *src) {
    dst->validity_block = weir_block_retain(src->validity_block);
    dst->validity = src->validity;
    dst->poison_block = weir_block_retain(src->poison_block);
    dst->poison = src->poison;
}

weir_status weir_column_retype(const weir_column *c, const weir_type *type, weir_column **out,
                               weir_error *err) {
    weir_column *to = NULL;
    weir_status status = weir_column_shell(type, c->encoding, c->length, &to, err);
    if (status != WEIR_OK) return status;
    weir_column_share_bitmaps(to, c);
    to->values_block = weir_block_retain(c->values_block);
    to->values = c->values;
    status = weir_column_share_blocks(to, c, err);
    if (status != WEIR_OK) {
        weir_column_release(to);
        return status;
    }
    *out = to;
    return WEIR_OK;
}

/* Children of a null of a nested type: empty for LIST and MAP, null for STRUCT. */
static weir_status null_children(weir_column *c, weir_ledger *ledger, weir_error *err) {
    uint32_t rows = c->type->id != WEIR_STRUCT ? 0 : c->length ? c->length : 1;
    for (uint32_t i = 0; i < c->type->n_fields; i++) {
        weir_column *child = NULL;
        weir_status status =
            weir_column_constant(c->type->fields[i].type, rows, NULL, 0, ledger, &child, err);
        if (status != WEIR_OK) return status;
        status = weir_column_add_child(c, child, err);
        if (status != WEIR_OK) {
            weir_column_release(child);
            return status;
        }
    }
    return WEIR_OK;
}

static weir_status constant_bytes(weir_column *c, const void *data, size_t size,
                                  weir_ledger *ledger, weir_error *err) {
    uint32_t index = 0;
    if (size > 12) {
        weir_block *block = NULL;
        if (size > UINT32_MAX)
            return weir_error_set(err, WEIR_RESOURCE, "a text of more than 4 GiB");
        weir_status status = weir_block_new(ledger, size, &block, err);
        if (status != WEIR_OK) return status;
        memcpy(block->data, data, size);
        block->size = size;
        status = weir_column_add_block(c, block, &index, err);
        weir_block_release(block);
        if (status != WEIR_OK) return status;
    }
    *(weir_view *)c->values = weir_view_make(data, (uint32_t)size, index, 0);
    return WEIR_OK;
}

weir_status weir_column_constant(const weir_type *type, uint32_t length, const void *data,
                                 size_t data_size, weir_ledger *ledger, weir_column **out,
                                 weir_error *err) {
    weir_column *c = NULL;
    weir_status status = weir_column_shell(type, WEIR_CONSTANT, length, &c, err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(new_values(c, 1, ledger, err));
    if (c->values) memset(c->values, 0, c->values_block->size);
    if (!data) {
        if (type->id != WEIR_NULL) {
            WEIR_TRY(weir_column_need_validity(c, ledger, err));
            weir_bit_clear(c->validity, 0);
        }
        WEIR_TRY(null_children(c, ledger, err));
    } else if (weir_type_is_view(type)) {
        WEIR_TRY(constant_bytes(c, data, data_size, ledger, err));
    } else if (type->id == WEIR_BOOL) {
        *(uint64_t *)c->values = *(const uint8_t *)data != 0;
    } else if (type->width && !weir_type_is_nested(type)) {
        memcpy(c->values, data, type->width);
    } else {
        WEIR_TRY(weir_error_set(err, WEIR_INTERNAL, "a constant of type %s", type->name));
    }
    *out = c;
    c = NULL;
out:
    weir_column_release(c);
    return status;
}

weir_status weir_column_dictionary(weir_column *dictionary, uint32_t length, weir_ledger *ledger,
                                   weir_column **out, weir_error *err) {
    weir_column *c = NULL;
    weir_status status = weir_column_shell(dictionary->type, WEIR_DICTIONARY, length, &c, err);
    if (status != WEIR_OK) return status;
    size_t bytes = (size_t)length * sizeof(int32_t);
    WEIR_TRY(weir_block_new(ledger, bytes ? bytes : 8, &c->values_block, err));
    c->values_block->size = bytes;
    c->indices = (int32_t *)(void *)c->values_block->data;
    c->dictionary = dictionary;
    *out = c;
    c = NULL;
out:
    weir_column_release(c);
    return status;
}

weir_status weir_column_redictionary(const weir_column *like, weir_column *dictionary,
                                     weir_column **out, weir_error *err) {
    weir_column *c = NULL;
    weir_status status =
        weir_column_shell(dictionary->type, WEIR_DICTIONARY, like->length, &c, err);
    if (status != WEIR_OK) return status;
    c->dictionary = dictionary;
    c->values_block = weir_block_retain(like->values_block);
    c->indices = like->indices;
    weir_column_share_bitmaps(c, like);
    *out = c;
    return WEIR_OK;
}
