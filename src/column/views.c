/* The slow path of the view writer. */
#include "column/views.h"

#define FIRST_BYTES ((size_t)8 << 10)
#define BLOCK_BYTES ((size_t)256 << 10)

char *weir_view_writer_grow(weir_view_writer *w, size_t most, weir_error *err) {
    size_t want = w->block ? w->block->capacity * 4 : FIRST_BYTES;
    weir_block *block = NULL;
    if (most > INT32_MAX) {
        (void)weir_error_set(err, WEIR_RESOURCE, "a text of %zu bytes, more than 2 GiB", most);
        return NULL;
    }
    if (want > BLOCK_BYTES) want = BLOCK_BYTES;
    if (want < most) want = most;
    if (weir_block_new(w->ledger, want, &block, err) != WEIR_OK) return NULL;
    if (weir_column_add_block(w->column, block, &w->index, err) != WEIR_OK) {
        weir_block_release(block);
        return NULL;
    }
    weir_block_release(w->block);
    w->block = block;
    return (char *)block->data;
}
