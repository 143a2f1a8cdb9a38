/* Kernels: whole-column operations.  All honour a selection, dictionary and constant encodings
 * (unary kernels run once per dictionary value).  Rows outside the selection have undefined values
 * in a result (but valid memory); sel NULL = rows 0..n-1.
 */
#ifndef WEIR_COLUMN_KERNEL_H
#define WEIR_COLUMN_KERNEL_H

#include "column/batch.h"
#include "text/number.h"

typedef struct weir_rows {
    const uint16_t *sel;
    uint32_t n;
    uint32_t length;
} weir_rows;
static inline weir_rows weir_rows_of(const weir_batch *b) {
    weir_rows r = {b->selection, b->n_selected, b->length};
    return r;
}
static inline uint32_t weir_rows_at(const weir_rows *r, uint32_t k) {
    return r->sel ? r->sel[k] : k;
}

/* weir_column_validate of some rows only: what stands outside a selection is undefined. */
WEIR_MUST_USE weir_status weir_column_validate_rows(const weir_column *c, weir_rows rows,
                                                    weir_error *err);

/* Where a kernel reports records that fail.  failures NULL = quiet (try()): the value becomes null,
 * neither poisoned nor reported. */
typedef struct weir_blame {
    weir_failures *failures;
    const char *stage, *field, *rule;
    bool bare; /* the expression is not the user's: reasons do not show it */
} weir_blame;

/* How a cast treats what does not fit; FAIL by default, the lossy ones are asked for by name. */
typedef struct weir_cast_options {
    bool lossy_round; /* 1.7 -> 2 and digits beyond the scale rounded half away from zero */
    bool lossy_trunc;
    const char *zone; /* timestamp <-> timestamptz, text without offset; NULL = the type's zone */
    int ambiguous;    /* 0 error, 1 earlier, 2 later */
    /* How dates and times are written, text to value (compiled for_parse) and value to text; NULL =
     * ISO. */
    const struct weir_time_program *format;
    /* How numbers are written, text to number; decimal 0 = plainly. */
    weir_num_marks marks;
    /* Texts that mean null, when casting from text to anything else. */
    size_t n_nulls;
    const char *const *nulls;
} weir_cast_options;

/* Checked by value: a value that cannot be kept exactly fails the record.  WEIR_USAGE when the pair
 * of types has no cast (see weir_cast_known). */
WEIR_MUST_USE weir_status weir_cast(const weir_column *in, const weir_type *to, weir_rows rows,
                                    const weir_cast_options *options, const weir_blame *blame,
                                    weir_ctx *ctx, weir_column **out, weir_error *err);
bool weir_cast_known(const weir_type *from, const weir_type *to);

typedef enum weir_compare_op {
    WEIR_EQ,
    WEIR_NE,
    WEIR_LT,
    WEIR_LE,
    WEIR_GT,
    WEIR_GE
} weir_compare_op;
/* BOOL column; null where either is null, poisoned where either is.  Same type on both sides
 * (decimals of the same scale, timestamptz of any zone). */
WEIR_MUST_USE weir_status weir_compare(weir_compare_op op, const weir_column *a,
                                       const weir_column *b, weir_rows rows, weir_ctx *ctx,
                                       weir_column **out, weir_error *err);
/* -1, 0, 1 of two non-null values of one type; binary collation; NaN is largest and equals itself.
 */
int weir_compare_values(const weir_column *a, uint32_t row_a, const weir_column *b, uint32_t row_b);
/* 64-bit hash a row (indexed by physical row) combined into hashes[]; null hashes as a value of its
 * own.  Equal values of one type hash alike whatever the encoding. */
WEIR_MUST_USE weir_status weir_hash_rows(const weir_column *c, weir_rows rows, uint64_t *hashes);
/* New column with the rows named by rows->sel (n of them), PLAIN or sharing the dictionary. */
WEIR_MUST_USE weir_status weir_take(const weir_column *c, weir_rows rows, weir_ctx *ctx,
                                    weir_column **out, weir_error *err);
/* Values at any index: idx[k] < c->length, n of them; the result is as long as idx.  Keeps
 * DICTIONARY and CONSTANT encodings; views share c's blocks. */
WEIR_MUST_USE weir_status weir_take_at(const weir_column *c, const uint32_t *idx, uint32_t n,
                                       weir_ledger *ledger, weir_column **out, weir_error *err);
/* Bits of a BOOL column that are true and not null, as a keep mask for weir_batch_keep: bit set for
 * true; poisoned rows are kept (an errored row is never dropped). mask: weir_bit_words(length). */
void weir_filter_mask(const weir_column *predicate, weir_rows rows, uint64_t *mask);
/* Batch with only the alive rows, no selection, dense columns; origin follows. */
WEIR_MUST_USE weir_status weir_batch_compact(weir_batch *b, weir_ctx *ctx, weir_error *err);
/* A column with the values of c (shared) and null where mask has a bit, too (rows outside the
 * selection are left alone).  mask: weir_bit_words(rows.length). */
WEIR_MUST_USE weir_status weir_with_nulls(const weir_column *c, const uint64_t *mask,
                                          weir_rows rows, weir_ctx *ctx, weir_column **out,
                                          weir_error *err);
/* Expands CONSTANT and DICTIONARY to PLAIN; a PLAIN column is returned retained. */
WEIR_MUST_USE weir_status weir_decode_plain(const weir_column *c, weir_ctx *ctx, weir_column **out,
                                            weir_error *err);

#endif
