/* Columns in the Arrow memory layout.
 *
 * A column is immutable once it has been handed on; it is shared by reference.  Layout per type:
 *   fixed width   values: type->width bytes a row
 *   BOOL          values: one bit a row, least significant first
 *   views         values: weir_view a row; bytes inline (<= 12) or in blocks[view.ref.block]
 *   LIST, MAP     values: int32 offsets, length + 1; children[0] the items (MAP: [0] keys, [1]
 * values) STRUCT        children, one a field, each as long as the column validity: one bit a row,
 * 1 = not null; NULL pointer = all valid. poison:   one bit a row, 1 = null *because an error
 * happened here*; always null there too.  NULL pointer = none.  What reads a poisoned value is
 * skipped, so that one fault gives one failure (DESIGN: "what depends on that field is skipped").
 *
 * Encodings: PLAIN as above; CONSTANT: length rows share the value at row 0; DICTIONARY: `indices`
 * (int32 a row) point into `dictionary` (a PLAIN column of the same type without nulls); nulls are
 * marked in the outer validity only, and the index of a null row is any within the dictionary, or
 * 0. Bitmaps of a CONSTANT column have one bit.  The children of a CONSTANT STRUCT have a row 0.
 * Values of null rows are undefined but may be read.
 */
#ifndef WEIR_COLUMN_COLUMN_H
#define WEIR_COLUMN_COLUMN_H

#include "base/context.h"
#include "column/type.h"

typedef union weir_view {
    struct {
        uint32_t size;
        char bytes[12];
    } in; /* size <= 12, rest zero */
    struct {
        uint32_t size;
        char prefix[4];
        uint32_t block, offset;
    } ref; /* size > 12 */
    uint64_t words[2];
} weir_view;

typedef enum weir_encoding { WEIR_PLAIN, WEIR_CONSTANT, WEIR_DICTIONARY } weir_encoding;

typedef struct weir_column {
    _Atomic uint32_t refs;
    const weir_type *type;
    weir_encoding encoding;
    uint32_t length;
    uint64_t *validity; /* in validity_block */
    uint64_t *poison;   /* in poison_block */
    void *values;       /* in values_block */
    int32_t *indices;   /* DICTIONARY; in values_block */
    struct weir_column *dictionary;
    weir_block *validity_block, *poison_block, *values_block;
    uint32_t n_blocks;
    weir_block **blocks; /* views: where bytes live; retained */
    uint32_t n_children;
    struct weir_column **children;
} weir_column;

weir_column *weir_column_retain(weir_column *c);
void weir_column_release(weir_column *c); /* NULL is legal */

static inline bool weir_bit_get(const uint64_t *bits, uint32_t i) {
    return (bits[i >> 6] >> (i & 63)) & 1;
}
static inline void weir_bit_set(uint64_t *bits, uint32_t i) {
    bits[i >> 6] |= 1ull << (i & 63);
}
static inline void weir_bit_clear(uint64_t *bits, uint32_t i) {
    bits[i >> 6] &= ~(1ull << (i & 63));
}
static inline size_t weir_bit_words(uint32_t n) {
    return ((size_t)n + 63) >> 6;
}

/* Where row i's value stands in `values` (of the dictionary for DICTIONARY). */
static inline uint32_t weir_column_slot(const weir_column *c, uint32_t row) {
    return c->encoding == WEIR_PLAIN      ? row
           : c->encoding == WEIR_CONSTANT ? 0
                                          : (uint32_t)c->indices[row];
}
static inline bool weir_column_is_null(const weir_column *c, uint32_t row) {
    if (c->type->id == WEIR_NULL) return true;
    return c->validity && !weir_bit_get(c->validity, c->encoding == WEIR_CONSTANT ? 0 : row);
}
static inline bool weir_column_is_poisoned(const weir_column *c, uint32_t row) {
    return c->poison && weir_bit_get(c->poison, c->encoding == WEIR_CONSTANT ? 0 : row);
}
/* The column that holds values: itself or its dictionary. */
static inline const weir_column *weir_column_base(const weir_column *c) {
    return c->encoding == WEIR_DICTIONARY ? c->dictionary : c;
}
/* Bytes of a view that stands in c (a PLAIN or CONSTANT column, so weir_column_base). */
static inline weir_slice weir_view_slice(const weir_column *c, const weir_view *v) {
    weir_slice s;
    s.size = v->in.size;
    s.data = v->in.size <= 12 ? v->in.bytes
                              : (const char *)c->blocks[v->ref.block]->data + v->ref.offset;
    return s;
}
/* Bytes of a row of a view column of any encoding; undefined for null rows. */
static inline weir_slice weir_column_slice(const weir_column *c, uint32_t row) {
    const weir_column *base = weir_column_base(c);
    return weir_view_slice(base, (const weir_view *)base->values + weir_column_slot(c, row));
}
/* Makes a view of bytes that stand at offset of blocks[block] (copied inline when <= 12). */
static inline weir_view weir_view_make(const uint8_t *data, uint32_t size, uint32_t block,
                                       uint32_t offset) {
    weir_view v = {.words = {0, 0}};
    v.in.size = size;
    if (size <= 12) {
        memcpy(v.in.bytes, data, size);
    } else {
        memcpy(v.ref.prefix, data, 4);
        v.ref.block = block;
        v.ref.offset = offset;
    }
    return v;
}

/* ---- building ------------------------------------------------------------------------------ */

/* A PLAIN column with room for `length` rows: values uninitialised, except that BOOL
 * bits and list offsets are zeroed.  No validity, no poison.  Views: add blocks with
 * weir_column_add_block.  Nested: children must be set by the caller (weir_column_add_child). */
WEIR_MUST_USE weir_status weir_column_new(const weir_type *type, uint32_t length,
                                          weir_ledger *ledger, weir_column **out, weir_error *err);
/* Adds validity (all valid) / poison (none) when absent. */
WEIR_MUST_USE weir_status weir_column_need_validity(weir_column *c, weir_ledger *ledger,
                                                    weir_error *err);
WEIR_MUST_USE weir_status weir_column_need_poison(weir_column *c, weir_ledger *ledger,
                                                  weir_error *err);
/* Marks row null (and poisoned when poison is true), adding the bitmaps when absent. */
WEIR_MUST_USE weir_status weir_column_set_null(weir_column *c, uint32_t row, bool poison,
                                               weir_ledger *ledger, weir_error *err);
/* Retains block; *index is its number for views. */
WEIR_MUST_USE weir_status weir_column_add_block(weir_column *c, weir_block *block, uint32_t *index,
                                                weir_error *err);
/* Takes over child's reference; on failure it stays with the caller. */
WEIR_MUST_USE weir_status weir_column_add_child(weir_column *c, weir_column *child,
                                                weir_error *err);
/* A CONSTANT column of length rows, null when data is NULL.  Views: bytes of size data_size; other
 * types: type->width bytes (BOOL: one byte 0/1). */
WEIR_MUST_USE weir_status weir_column_constant(const weir_type *type, uint32_t length,
                                               const void *data, size_t data_size,
                                               weir_ledger *ledger, weir_column **out,
                                               weir_error *err);
/* A DICTIONARY column; takes over `dictionary`'s reference (on failure it stays with the caller);
 * indices are to be filled by the caller, 0 for null rows. */
WEIR_MUST_USE weir_status weir_column_dictionary(weir_column *dictionary, uint32_t length,
                                                 weir_ledger *ledger, weir_column **out,
                                                 weir_error *err);

/* Row by row building, for cold paths, tests, nested values and JSON.  Grows by doubling; strings
 * go to blocks the builder owns. */
typedef struct weir_builder weir_builder;
WEIR_MUST_USE weir_status weir_builder_new(const weir_type *type, weir_ledger *ledger,
                                           weir_builder **out, weir_error *err);
WEIR_MUST_USE weir_status weir_builder_null(weir_builder *b, bool poison, weir_error *err);
/* value: type->width bytes (BOOL: one byte). */
WEIR_MUST_USE weir_status weir_builder_value(weir_builder *b, const void *value, weir_error *err);
WEIR_MUST_USE weir_status weir_builder_bytes(weir_builder *b, const void *data, size_t size,
                                             weir_error *err);
/* A view into `block` without copying; the block is retained once. */
WEIR_MUST_USE weir_status weir_builder_view(weir_builder *b, weir_block *block, size_t offset,
                                            size_t size, weir_error *err);
weir_builder *weir_builder_child(weir_builder *b, uint32_t i); /* LIST 0, MAP 0/1, STRUCT i */
/* Closes one LIST/MAP/STRUCT row whose children have been appended (STRUCT: one value each). */
WEIR_MUST_USE weir_status weir_builder_close_row(weir_builder *b, weir_error *err);
/* Appends row of c, a column of the same type and any encoding, with its null and poison; nested
 * values too. */
WEIR_MUST_USE weir_status weir_builder_copy(weir_builder *b, const weir_column *c, uint32_t row,
                                            weir_error *err);
uint32_t weir_builder_length(const weir_builder *b);
/* Gives the column and leaves the builder empty, ready for the next. */
WEIR_MUST_USE weir_status weir_builder_finish(weir_builder *b, weir_column **out, weir_error *err);
void weir_builder_free(weir_builder *b);

/* Text of one value as CSV, messages and tests show it (weir's canonical text; null gives "").
 * Times have a space between date and time, binary is \x hexadecimal, nested values are JSON.
 * Appends to out; false = out of memory. */
WEIR_MUST_USE bool weir_column_text(const weir_column *c, uint32_t row, weir_buf *out);
/* JSON text of one value, appended to out: numbers and decimals as numbers, NaN and infinity null,
 * json as it stands, dates, times (with 'T'), intervals, uuids and binary (\x hexadecimal) as
 * strings, LIST as array, STRUCT and MAP as objects. */
WEIR_MUST_USE bool weir_column_json(const weir_column *c, uint32_t row, weir_buf *out);
/* Exact equality of two values, null equals null; NaN equals NaN.  Types must be the same. */
bool weir_column_equal(const weir_column *a, uint32_t row_a, const weir_column *b, uint32_t row_b);
/* Checks every invariant above (bounds of views, offsets, dictionary indices, zero padding of
 * inline views, poison implies null); tests call it on everything they make. */
WEIR_MUST_USE weir_status weir_column_validate(const weir_column *c, weir_error *err);

#endif
