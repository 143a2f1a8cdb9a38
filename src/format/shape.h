/* The shape of nested values: which members objects have, what stands in arrays, and what scalars
 * are, gathered over any number of values and merged in any order with the same result.
 *
 * A shape becomes a type: struct, list, bool, int64, decimal, float64, string.  Where values do not
 * agree, where a number fits no type exactly, where objects have more than WEIR_SHAPE_MAX_MEMBERS
 * different members or go deeper than WEIR_SHAPE_MAX_DEPTH, that place is json: its text is kept.
 */
#ifndef WEIR_FORMAT_SHAPE_H
#define WEIR_FORMAT_SHAPE_H

#include "column/type.h"

#define WEIR_SHAPE_MAX_MEMBERS 256u
#define WEIR_SHAPE_MAX_DEPTH 32u
/* Parts of one shape: a larger one is json as a whole. */
#define WEIR_SHAPE_MAX_PARTS 4096u

typedef struct weir_shape weir_shape;

/* Adds the JSON value text[0 .. size), which is known to be well-formed.  *shape NULL: the first
 * one.  place: grows in the order of the data; members stand in the order of their first places. */
WEIR_MUST_USE weir_status weir_shape_add(weir_shape **shape, weir_slice text, uint64_t place,
                                         weir_error *err);
WEIR_MUST_USE weir_status weir_shape_merge(weir_shape **into, const weir_shape *from,
                                           weir_error *err);
/* The type that holds all values.  */
WEIR_MUST_USE weir_status weir_shape_type(const weir_shape *shape, const weir_type **out,
                                          weir_error *err);
void weir_shape_free(weir_shape *shape); /* NULL is legal */

/* Whether a float64 gives the number back that is written, digit for digit but for zeros. */
bool weir_is_exact_double(weir_slice number);

#endif
