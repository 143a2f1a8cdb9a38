/* What the files of src/transform share. */
#ifndef WEIR_TRANSFORM_KINDS_H
#define WEIR_TRANSFORM_KINDS_H

#include "column/kernel.h"
#include "column/operator.h"

extern const weir_operator_kind weir_transform_set;
extern const weir_operator_kind weir_transform_filter;
extern const weir_operator_kind weir_transform_select;
extern const weir_operator_kind weir_transform_drop;
extern const weir_operator_kind weir_transform_rename;
extern const weir_operator_kind weir_transform_cast;

/* Cleared bits, one a field of schema, in the plan's arena.  NULL: memory is short. */
uint64_t *weir_transform_reads(const weir_bind *bind, const weir_schema *schema);

/* The columns of a batch in another order: column i of the result is number from[i] of the batch.
 * State of select, drop and rename. */
typedef struct weir_pick {
    uint32_t n;
    const uint32_t *from;
} weir_pick;
weir_status weir_pick_process(const weir_operator *op, void *local, weir_ctx *ctx,
                              weir_batch *batch, weir_error *err);
/* Makes op->state and op->out; fields and from have n entries. */
WEIR_MUST_USE weir_status weir_pick_bind(const weir_bind *bind, weir_operator *op,
                                         const weir_field *fields, const uint32_t *from, uint32_t n,
                                         weir_error *err);

#endif
