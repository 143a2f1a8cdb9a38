/* The account of a flow: what went in, what became of it.  Every operator balances:
 * in + created = out + rejected + filtered + absorbed; a run that does not balance fails. */
#ifndef WEIR_ENGINE_ACCOUNT_H
#define WEIR_ENGINE_ACCOUNT_H

#include "connect/connector.h"

typedef struct weir_operator_account {
    const char *name; /* "read", "set", "validate", ..., "load" */
    uint64_t in, created, out, rejected, filtered, absorbed;
} weir_operator_account;

/* CPU nanoseconds by phase, summed over threads. */
typedef struct weir_phases {
    uint64_t cut, parse, transform, validate, encode, write;
} weir_phases;

typedef struct weir_account {
    size_t n_operators; /* read, the transforms, load (one for each sink) */
    size_t n_loads;     /* how many of them are loads; 0 means 1 */
    weir_operator_account *operators;
    uint64_t rows_read, bytes_read;
    uint64_t bytes_total;  /* of all splits, in a view of progress only; 0 = unknown */
    uint64_t rows_created; /* by operators that make several rows of one */
    uint64_t rows_loaded, rows_rejected, rows_filtered, rows_absorbed, warnings;
    weir_load_counts loaded;
    uint64_t splits, splits_skipped;
    weir_phases phases;
    char unread[512]; /* where a split ceases to be readable, as a clause (trail.h); "" = nowhere */
    char first[400];  /* the first record that could not be read, "FILE:LINE: why"; "" = none */
    uint64_t odd;     /* records that were rejected for the number of their fields */
} weir_account;

/* Adds b to a. */
void weir_load_counts_add(weir_load_counts *a, const weir_load_counts *b);
/* Adds b to a (same operators, or one of the two has none). */
void weir_account_add(weir_account *a, const weir_account *b);
/* WEIR_INTERNAL naming the operator whose figures do not add up. */
WEIR_MUST_USE weir_status weir_account_check(const weir_account *a, weir_error *err);

#endif
