/* A table of keys that records are looked up in: open addressing over columns. */
#ifndef WEIR_TRANSFORM_LOOKUP_H
#define WEIR_TRANSFORM_LOOKUP_H

#include "column/kernel.h"

typedef enum weir_lookup_twice {
    WEIR_LOOKUP_ERROR,
    WEIR_LOOKUP_FIRST,
    WEIR_LOOKUP_LAST
} weir_lookup_twice;

#define WEIR_LOOKUP_NONE UINT32_MAX       /* no such key */
#define WEIR_LOOKUP_NULL (UINT32_MAX - 1) /* a key is null */

typedef struct weir_lookup {
    uint32_t n_keys, n_rows;
    weir_column **keys; /* retained; PLAIN */
    weir_block *block;  /* of slots, charged to the ledger */
    uint32_t *slots;    /* row + 1; 0 = free */
    uint32_t mask;
} weir_lookup;

/* Makes the table over n_keys columns of n_rows rows.  Rows with a null key cannot be found.  A key
 * that stands twice: *first and *second are its rows and the status is WEIR_DATA (ERROR, without a
 * message). */
WEIR_MUST_USE weir_status weir_lookup_init(weir_lookup *l, weir_column *const *keys,
                                           uint32_t n_keys, uint32_t n_rows, weir_lookup_twice how,
                                           weir_ledger *ledger, uint32_t *first, uint32_t *second,
                                           weir_error *err);
void weir_lookup_clear(weir_lookup *l); /* a zeroed one is legal */

/* found[row] for each of `rows`: the table's row, NONE or NULL.  fields: columns of the keys' types
 * and any encoding; hashes: scratch for rows.length values. */
WEIR_MUST_USE weir_status weir_lookup_find(const weir_lookup *l, const weir_column *const *fields,
                                           weir_rows rows, uint64_t *hashes, uint32_t *found,
                                           weir_error *err);

#endif
