/* `validate:`: what must hold for each record.
 *
 *     - validate:
 *         - { field: email, required: true, pattern: '^[^@\s]+@[^@\s]+$' }
 *         - { field: amount, min: 0, max: 10000, on_fail: warn }
 *         - { check: "updated_at >= created_at", name: time order }
 *
 * One entry may hold several constraints; each is a check of its own with its own failure.  All
 * checks run on every record, so that all its failures are known.  Null passes every check but
 * `required`; a `check` fails only on false; a value that is null because it failed before is
 * skipped.
 */
#ifndef WEIR_VALIDATE_VALIDATE_H
#define WEIR_VALIDATE_VALIDATE_H

#include "column/operator.h"

/* All kinds (one), NULL-terminated. */
extern const weir_operator_kind *const weir_validate_kinds[];
const weir_operator_kind *weir_validate_find(const char *name);

typedef enum weir_on_fail {
    WEIR_ON_FAIL_REJECT, /* the record leaves as a reject */
    WEIR_ON_FAIL_NULL,   /* the field becomes null, the record goes on */
    WEIR_ON_FAIL_WARN,   /* only counted */
    WEIR_ON_FAIL_FAIL    /* the run fails */
} weir_on_fail;

/* One check of a bound validate operator and what it has found so far, over all workers. */
typedef struct weir_check_count {
    const char *field; /* "" for a check of the whole record */
    const char *rule;  /* "required", "min", ... or the entry's name */
    weir_on_fail on_fail;
    uint64_t failed; /* records that did not pass */
} weir_check_count;

/* Number of checks; 0 for an operator of another kind. */
size_t weir_validate_n_checks(const weir_operator *op);
/* Any thread, also while workers run. */
weir_check_count weir_validate_count(const weir_operator *op, size_t i);
/* Records counted by checks with on_fail: warn. */
uint64_t weir_validate_warnings(const weir_operator *op);

#endif
