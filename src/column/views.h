/* Writing the texts of a view column one after the other: 12 bytes and less go into the view,
 * longer ones into blocks of at most 256 KiB (larger only for a single longer text) that the column
 * owns.
 *
 *     weir_view_writer w = {.column = c, .ledger = ledger};
 *     char *p = weir_view_reserve(&w, most, err);      NULL: err is set
 *     views[row] = weir_view_commit(&w, size);          size <= most bytes were written at p
 *     ...
 *     weir_view_writer_clear(&w);
 */
#ifndef WEIR_COLUMN_VIEWS_H
#define WEIR_COLUMN_VIEWS_H

#include "column/column.h"

typedef struct weir_view_writer {
    weir_column *column; /* PLAIN, of a view type; the caller's */
    weir_ledger *ledger;
    weir_block *block; /* private: the open block */
    uint32_t index;
} weir_view_writer;

/* A new block with room for `most` bytes; slow path of weir_view_reserve. */
WEIR_MUST_USE char *weir_view_writer_grow(weir_view_writer *w, size_t most, weir_error *err);

/* Room for `most` bytes, valid until the next call. */
static inline char *weir_view_reserve(weir_view_writer *w, size_t most, weir_error *err) {
    if (w->block && w->block->capacity - w->block->size >= most)
        return (char *)w->block->data + w->block->size;
    return weir_view_writer_grow(w, most, err);
}

/* The view of the first `size` bytes of the last reservation. */
static inline weir_view weir_view_commit(weir_view_writer *w, size_t size) {
    uint32_t offset = (uint32_t)w->block->size;
    if (size > 12) w->block->size += size;
    return weir_view_make(w->block->data + offset, (uint32_t)size, w->index, offset);
}

/* Copies bytes; false: err is set. */
static inline bool weir_view_put(weir_view_writer *w, const void *data, size_t size, weir_view *out,
                                 weir_error *err) {
    if (size <= 12) {
        *out = weir_view_make(data, (uint32_t)size, 0, 0);
        return true;
    }
    char *p = weir_view_reserve(w, size, err);
    if (!p) return false;
    memcpy(p, data, size);
    *out = weir_view_commit(w, size);
    return true;
}

/* Gives up the writer's reference; the column keeps its own. */
static inline void weir_view_writer_clear(weir_view_writer *w) {
    weir_block_release(w->block);
    w->block = NULL;
}

#endif
