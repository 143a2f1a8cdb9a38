/* The operators of `transform:`.
 *
 *     - set: { email: lower(trim(email)), total: price * quantity }
 *     - filter: status <> 'test'
 *     - select: [id, email]        - drop: [note]        - rename: { mail: email }
 *     - cast: { amount: "decimal(10,2)", day: { type: date, format: "%d.%m.%Y" } }
 *
 * Each is one file and one row of the registry; column/operator.h has the contract.
 */
#ifndef WEIR_TRANSFORM_TRANSFORM_H
#define WEIR_TRANSFORM_TRANSFORM_H

#include "column/operator.h"

/* All kinds, NULL-terminated, in the order of the reference pages. */
extern const weir_operator_kind *const weir_transform_kinds[];
/* By name; NULL when there is none. */
const weir_operator_kind *weir_transform_find(const char *name);

#endif
