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
extern const weir_operator_kind weir_transform_map;
extern const weir_operator_kind weir_transform_split;
extern const weir_operator_kind weir_transform_parse;
extern const weir_operator_kind weir_transform_mask;
extern const weir_operator_kind weir_transform_hash;
extern const weir_operator_kind weir_transform_unnest;
extern const weir_operator_kind weir_transform_flatten;
extern const weir_operator_kind weir_transform_fill;
extern const weir_operator_kind weir_transform_limit;
extern const weir_operator_kind weir_transform_sample;

/* Finds the columns that `names` names for the option `key` and sets their bits in op->reads (may
 * be NULL); numbers gets UINT32_MAX for what is not there. *known is false when one of them may be
 * there but is not known here. Faults go to bind->diags. */
void weir_transform_columns(const weir_bind *bind, weir_operator *op, const char *key,
                            const weir_opt_strings *names, uint32_t *numbers, bool *known);

/* Cleared bits, one a field of schema, in the plan's arena.  NULL: memory is short. */
uint64_t *weir_transform_reads(const weir_bind *bind, const weir_schema *schema);

/* Number of a column that an operator reads, marked in op->reads; UINT32_MAX when it may be there
 * without being known.  false: there is none, told to diags. */
bool weir_transform_field(const weir_bind *bind, weir_operator *op, const weir_node *at,
                          const char *key, const char *name, uint32_t *field);

/* Makes op->out of op->in and n columns that the operator makes: target[i] is the number of made[i]
 * in op->out, the place of a column of the same name or one behind the others.  A type that is not
 * known is NULL: the operator must not run then.  WEIR_USAGE: two have one name, told at `key`. */
WEIR_MUST_USE weir_status weir_places_bind(const weir_bind *bind, weir_operator *op,
                                           const weir_field *made, uint32_t n, const char *key,
                                           uint32_t *target, weir_error *err);
/* Puts them into a batch; takes over the columns, but not on failure. */
WEIR_MUST_USE weir_status weir_places_put(const weir_operator *op, weir_batch *batch,
                                          const uint32_t *target, uint32_t n, weir_column **made,
                                          weir_error *err);

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
