/* Type inference: what each column could be, and which value ruled out each narrower type.
 *
 * A weir_inference gathers evidence from any number of chunks; two of them can be merged (order
 * does not matter but for which witness is kept: the one with the smaller address).
 */
#ifndef WEIR_FORMAT_INFER_H
#define WEIR_FORMAT_INFER_H

#include "column/type.h"

typedef struct weir_inference weir_inference;
/* Where a value stood, for the witness. */
typedef struct weir_address {
    uint32_t split;
    uint64_t line, byte;
} weir_address;

WEIR_MUST_USE weir_status weir_inference_new(weir_inference **out, weir_error *err);
void weir_inference_free(weir_inference *i);
/* Column number by name, added when new (order of first appearance); capped at
 * WEIR_TYPE_MAX_FIELDS. */
WEIR_MUST_USE weir_status weir_inference_column(weir_inference *i, weir_slice name, uint32_t *out,
                                                weir_error *err);
/* One text value (CSV field, JSON string is given with quoted true: strings stay strings). */
WEIR_MUST_USE weir_status weir_inference_text(weir_inference *i, uint32_t column, weir_slice value,
                                              weir_address at, weir_error *err);
WEIR_MUST_USE weir_status weir_inference_null(weir_inference *i, uint32_t column, weir_error *err);
/* A value whose type the format states itself (JSON number, bool, object). */
WEIR_MUST_USE weir_status weir_inference_type(weir_inference *i, uint32_t column,
                                              const weir_type *type, weir_slice text,
                                              weir_address at, weir_error *err);
WEIR_MUST_USE weir_status weir_inference_merge(weir_inference *into, const weir_inference *from,
                                               weir_error *err);
/* The narrowest type that holds all values: bool, int64, decimal(p,s) exact, float64 (only where
 * exponents or nan appear), date, time, timestamp, timestamptz, uuid, string; a column of nulls
 * only is string.  "0123" and mixtures with text stay string. */
uint32_t weir_inference_count(const weir_inference *i);
const char *weir_inference_name(const weir_inference *i, uint32_t column);
WEIR_MUST_USE weir_status weir_inference_result(const weir_inference *i, uint32_t column,
                                                const weir_type **type, weir_error *err);
/* "not int64 because of \"N/A\" at line 17": text of the value that ruled out `type`; "" = none. */
const char *weir_inference_witness(const weir_inference *i, uint32_t column, weir_type_id type,
                                   weir_address *at);

#endif
