/* Groups of rows by key: a number for each combination of values, in the order in which they come.
 * Nulls are a value of their own. */
#ifndef WEIR_TRANSFORM_KEYS_H
#define WEIR_TRANSFORM_KEYS_H

#include "transform/kinds.h"

/* What the keys of one operator may take together. */
#define WEIR_KEYS_MAX_BYTES ((size_t)256 << 20)

typedef struct weir_keys weir_keys;
WEIR_MUST_USE weir_status weir_keys_new(weir_keys **out, weir_error *err);
void weir_keys_free(weir_keys *k); /* NULL is legal */
/* The number of the row's key, from 0; numbers are fresh in order.  WEIR_RESOURCE when there are
 * too many keys.  what: the operator, for the message. */
WEIR_MUST_USE weir_status weir_keys_number(weir_keys *k, const weir_batch *b,
                                           const uint32_t *columns, size_t n, uint32_t row,
                                           const char *what, uint32_t *number, weir_error *err);
uint32_t weir_keys_count(const weir_keys *k);

#endif
