/* A set of values of one type, for `in` and `not_in`: open addressing over the values of a column.
 */
#ifndef WEIR_VALIDATE_VALUE_SET_H
#define WEIR_VALIDATE_VALUE_SET_H

#include "column/kernel.h"

typedef struct weir_value_set weir_value_set;

/* Takes over values (PLAIN, no nulls; repeats are fine); on failure it stays with the caller. */
WEIR_MUST_USE weir_status weir_value_set_new(weir_column *values, weir_value_set **out,
                                             weir_error *err);
void weir_value_set_free(weir_value_set *s); /* NULL is legal */
/* Sets bit i of found for each row of a PLAIN column (of the set's type) that is in the set, and
 * clears it for the others; null rows and rows outside are left as they are. */
WEIR_MUST_USE weir_status weir_value_set_find(const weir_value_set *s, const weir_column *c,
                                              weir_rows rows, uint64_t *found, weir_error *err);

#endif
