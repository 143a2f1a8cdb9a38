/* What went wrong with single records of a batch.
 *
 * A failing conversion, expression or rule adds an entry here, makes the field null and poisoned
 * (column.h), and the record goes on so that all its failures are collected; it leaves the flow at
 * the next validator or at the sink.
 */
#ifndef WEIR_COLUMN_FAILURE_H
#define WEIR_COLUMN_FAILURE_H

#include "base/mem.h"

typedef struct weir_failure {
    uint32_t row;      /* physical row of the batch */
    const char *stage; /* "read", "set", "validate", "load", ...: static text */
    const char
        *field; /* column, "" when the record as a whole; lives as long as the plan or arena */
    const char *rule;   /* "type", "required", "pattern", ...; static or plan text */
    const char *reason; /* one sentence for a person; in the arena, or static */
} weir_failure;

/* Entries in order of detection; at most WEIR_FAILURES_PER_ROW are kept a row (the rest counted).
 */
#define WEIR_FAILURES_PER_ROW 64
typedef struct weir_failures {
    weir_arena arena;
    weir_failure *items;
    size_t n, capacity;
    uint32_t rows;   /* length of the batch */
    uint64_t *bad;   /* one bit a row */
    uint8_t *counts; /* entries kept of each row; NULL until the first */
    size_t dropped;  /* entries beyond WEIR_FAILURES_PER_ROW */
    /* Raw forms that a source without bytes gave to rows it could not read, by row; NULL = none. */
    weir_slice *raw;
} weir_failures;

WEIR_MUST_USE weir_status weir_failures_new(uint32_t rows, weir_failures **out, weir_error *err);
void weir_failures_free(weir_failures *f); /* NULL is legal */
/* Adds an entry; the reason is formatted into the arena (values in it clipped to 100 bytes at a
 * character boundary by the caller through weir_clip).  field and rule must outlive the batch. */
WEIR_MUST_USE weir_status weir_failures_add(weir_failures *f, uint32_t row, const char *stage,
                                            const char *field, const char *rule, weir_error *err,
                                            const char *fmt, ...) WEIR_PRINTF(7, 8);
/* The same with a finished reason: static text, plan text, or text in f->arena. */
WEIR_MUST_USE weir_status weir_failures_put(weir_failures *f, uint32_t row, const char *stage,
                                            const char *field, const char *rule, const char *reason,
                                            weir_error *err);
/* Keeps a copy of the record as it stood in the source, for the reject of a row whose columns
 * cannot hold it (the offending value is null there).  A second one for the same row replaces the
 * first. WEIR_RESOURCE without memory, WEIR_INTERNAL for a row outside the batch. */
WEIR_MUST_USE weir_status weir_failures_keep_raw(weir_failures *f, uint32_t row, weir_slice raw,
                                                 weir_error *err);
/* What was kept for a physical row; NULL data when there is nothing.  f NULL is legal. */
static inline weir_slice weir_failures_raw(const weir_failures *f, uint32_t row) {
    return f && f->raw && row < f->rows ? f->raw[row] : (weir_slice){0};
}
/* Whether a row has failed. */
static inline bool weir_failures_bad(const weir_failures *f, uint32_t row) {
    return f && ((f->bad[row >> 6] >> (row & 63)) & 1);
}
/* Length of s clipped to 100 bytes at a UTF-8 boundary, as an int for "%.*s". */
int weir_clip(weir_slice s);

#endif
