/* Batches as Arrow C data, and back (weir/arrow.h; the formats are those of the specification).
 *
 * Out: texts are plain utf8 and binary with 32-bit offsets unless views are asked for, times are
 * microseconds, decimals 128 bits wide, json is utf8 with the extension arrow.json, uuid 16 bytes
 * with arrow.uuid, interval month-day-nano.  Values are shared where the layouts agree.
 *
 * In: nothing is trusted but that the buffers are as long as the format says for the length that
 * the array claims, which C data cannot tell.  What is not built as its format says (a missing
 * buffer, offsets that go back, an index outside the dictionary) fails the call with WEIR_DATA.  A
 * single value that weir cannot keep exactly (nanoseconds, text that is not UTF-8, a decimal wider
 * than its type) fails its record: a failure of the batch, and a poisoned null.
 */
#ifndef WEIR_COLUMN_ARROW_H
#define WEIR_COLUMN_ARROW_H

#include "column/batch.h"
#include "weir/arrow.h"

typedef struct weir_arrow_options {
    bool views;        /* texts as string views (vu, vz), shared; else u and z, copied */
    bool dictionaries; /* export_batch: top-level dictionary columns stay dictionaries */
} weir_arrow_options;

/* ---- out ----------------------------------------------------------------------------------- */

/* A struct schema (+s) with one child a field.  options NULL = defaults.  *out, which need not be
 * initialised, is the caller's to release.  Fails only when memory is short. */
WEIR_MUST_USE weir_status weir_arrow_export_schema(const weir_schema *schema,
                                                   const weir_arrow_options *options,
                                                   struct ArrowSchema *out, weir_error *err);

/* The alive rows of b, densely, as a struct array.  Constants are expanded, and dictionaries too
 * unless options->dictionaries.  schema NULL = it is that of weir_arrow_export_schema with the same
 * options; else it receives the schema of this very batch (needed with dictionaries).  b is not
 * changed; the array keeps what it shares of b alive, charged to ctx->ledger, so it must be
 * released before that ledger goes.  WEIR_DATA: an interval whose microseconds are no int64 of
 * nanoseconds; WEIR_RESOURCE: more than 2 GiB of text in one column, or memory is short. */
WEIR_MUST_USE weir_status weir_arrow_export_batch(const weir_batch *b,
                                                  const weir_arrow_options *options, weir_ctx *ctx,
                                                  struct ArrowSchema *schema,
                                                  struct ArrowArray *out, weir_error *err);

/* ---- in ------------------------------------------------------------------------------------ */

/* The schema of a struct schema's children.  `in` stays the caller's.  A type that weir does not
 * have is WEIR_DATA and names the column. */
WEIR_MUST_USE weir_status weir_arrow_import_schema(const struct ArrowSchema *in, weir_schema **out,
                                                   weir_error *err);

/* The rows of one struct array, batch by batch. */
typedef struct weir_arrow_rows weir_arrow_rows;

/* Takes array over (on failure it stays with the caller).  schema: the array's, borrowed until
 * weir_arrow_rows_free.  fields: what the batches will have, retained; field i is child columns[i]
 * (columns NULL: child i; borrowed, too) and must have the type that import_schema gives it; the
 * name may differ. */
WEIR_MUST_USE weir_status weir_arrow_rows_new(const struct ArrowSchema *schema,
                                              struct ArrowArray *array, weir_schema *fields,
                                              const uint32_t *columns, weir_arrow_rows **out,
                                              weir_error *err);
/* The next at most WEIR_BATCH_MAX_ROWS rows; *out NULL behind the last.  Batches share the array,
 * which is released with the last of them and the rows; from whatever thread that is. */
WEIR_MUST_USE weir_status weir_arrow_rows_next(weir_arrow_rows *r, weir_ctx *ctx, weir_batch **out,
                                               weir_error *err);
void weir_arrow_rows_free(weir_arrow_rows *r); /* NULL is legal */

/* An array of at most WEIR_BATCH_MAX_ROWS rows as one batch.  The array is moved away; when the
 * call fails it is released or still the caller's, as its `release` tells: weir_arrow_release_array
 * is right afterwards in any case. */
WEIR_MUST_USE weir_status weir_arrow_import_batch(const struct ArrowSchema *schema,
                                                  struct ArrowArray *array, weir_ctx *ctx,
                                                  weir_batch **out, weir_error *err);

/* NULL and released structures are legal. */
static inline void weir_arrow_release_schema(struct ArrowSchema *s) {
    if (s && s->release) s->release(s);
}
static inline void weir_arrow_release_array(struct ArrowArray *a) {
    if (a && a->release) a->release(a);
}

#endif
