/* What the files of src/column share among themselves; not for other folders. */
#ifndef WEIR_COLUMN_KERNEL_UTIL_H
#define WEIR_COLUMN_KERNEL_UTIL_H

#include "column/kernel.h"

static inline weir_ledger *weir_ctx_ledger(const weir_ctx *ctx) {
    return ctx ? ctx->ledger : NULL;
}

/* A column struct without any memory behind it. */
WEIR_MUST_USE weir_status weir_column_shell(const weir_type *type, weir_encoding encoding,
                                            uint32_t length, weir_column **out, weir_error *err);
/* Adds all byte blocks of src to dst, so that src's views are views of dst. */
WEIR_MUST_USE weir_status weir_column_share_blocks(weir_column *dst, const weir_column *src,
                                                   weir_error *err);
/* A column of another type over the very values, blocks and bitmaps of c (PLAIN or CONSTANT). */
WEIR_MUST_USE weir_status weir_column_retype(const weir_column *c, const weir_type *type,
                                             weir_column **out, weir_error *err);
/* Makes dst's validity and poison the very bitmaps of src (same length and encoding shape). */
void weir_column_share_bitmaps(weir_column *dst, const weir_column *src);
/* A DICTIONARY column with the indices of `like`, sharing its bitmaps; takes over dictionary
 * (on failure it stays with the caller). */
WEIR_MUST_USE weir_status weir_column_redictionary(const weir_column *like, weir_column *dictionary,
                                                   weir_column **out, weir_error *err);
/* Copies the bytes of the views of a PLAIN column (its non-null rows) and of its children into new
 * blocks, so that nothing else is kept alive.  c and its children are the caller's alone. */
WEIR_MUST_USE weir_status weir_column_repack(weir_column *c, weir_ledger *ledger, weir_error *err);

/* Bytes of `values` for n rows of a PLAIN column. */
static inline size_t weir_values_bytes(const weir_type *t, uint32_t n) {
    switch (t->id) {
    case WEIR_BOOL: return weir_bit_words(n) * 8;
    case WEIR_LIST:
    case WEIR_MAP: return ((size_t)n + 1) * 4;
    case WEIR_STRUCT:
    case WEIR_NULL: return 0;
    default: return (size_t)n * t->width;
    }
}

/* Whether a kernel gains by running over the dictionary instead of the rows. */
static inline bool weir_dictionary_pays(const weir_column *c, const weir_rows *rows) {
    return c->encoding == WEIR_DICTIONARY && c->dictionary->length <= (size_t)rows->n * 2 + 16;
}

#endif
