/* The parts of the Arrow import, which only src/column includes: arrow_import.c reads schemas and
 * cuts arrays into batches, arrow_values.c makes the columns. */
#ifndef WEIR_COLUMN_ARROW_JOB_H
#define WEIR_COLUMN_ARROW_JOB_H

#include "column/arrow.h"
#include "column/kernel_util.h"

/* How the values of a format stand in their buffers. */
typedef enum weir_arrow_layout {
    WEIR_ARROW_NULL,
    WEIR_ARROW_BITS,
    WEIR_ARROW_FIXED,   /* as ours, shared */
    WEIR_ARROW_DECIMAL, /* `width` bytes of two's complement */
    WEIR_ARROW_SCALED,  /* int32 or int64 (width): times multiplier, divided by divisor */
    WEIR_ARROW_DAY_MS,  /* tiD: int32 days, int32 milliseconds */
    WEIR_ARROW_MONTHS,  /* tiM: int32 */
    WEIR_ARROW_NANO,    /* tin: int32 months, int32 days, int64 nanoseconds */
    WEIR_ARROW_TEXT,    /* offsets of `width` 4 or 8 */
    WEIR_ARROW_VIEWS,
    WEIR_ARROW_BYTES, /* `width` bytes each, to binary */
    WEIR_ARROW_LIST,  /* offsets of `width` 4 or 8 */
    WEIR_ARROW_STRUCT,
    WEIR_ARROW_MAP
} weir_arrow_layout;

typedef struct weir_arrow_format {
    weir_arrow_layout layout;
    const weir_type *type; /* NULL for LIST, STRUCT, MAP: it follows from the children */
    uint32_t width;
    int64_t multiplier, divisor;
} weir_arrow_format;

/* What format and metadata of one node say, its dictionary and children left aside. */
WEIR_MUST_USE weir_status weir_arrow_format_parse(const struct ArrowSchema *s,
                                                  weir_arrow_format *out, weir_error *err);

/* Where a value stands in the batch: up through lists and structs to the row.  The frame without
 * `up` is the root: rows of the batch, or values of a dictionary. */
typedef struct weir_arrow_frame {
    const struct weir_arrow_frame *up;
    const int32_t *offsets; /* lists: n + 1; NULL = as many slots as the frame above */
    uint32_t n;
} weir_arrow_frame;

/* A dictionary, imported once for all batches of an array. */
typedef struct weir_arrow_dictionary {
    const struct ArrowArray *array;
    weir_column *values;        /* PLAIN, no nulls */
    uint64_t *nulls, *unusable; /* bits of values that were null, or failed; NULL = none */
    const char *reason;
} weir_arrow_dictionary;

/* An array shared by all columns that point into it. */
typedef struct weir_arrow_holder {
    _Atomic uint32_t refs;
    struct ArrowArray array;
} weir_arrow_holder;
void weir_arrow_holder_release(void *holder);

typedef struct weir_arrow_job {
    weir_arrow_holder *holder;
    weir_ctx *ctx;
    weir_batch *batch; /* takes the failures */
    const char *field; /* the top-level column */
    uint64_t *bad;     /* bits of the root's slots that failed; NULL = none */
    bool in_dictionary;
    const char *reason; /* in_dictionary: of the last failure */
    weir_arrow_dictionary *dictionaries;
    size_t n_dictionaries, dictionaries_capacity;
} weir_arrow_job;

/* n rows of a from row `start` on (its own offset comes on top) as a column of `type`.  frame
 * has n slots. */
WEIR_MUST_USE weir_status weir_arrow_values(weir_arrow_job *job, const struct ArrowSchema *s,
                                            const struct ArrowArray *a, const weir_type *type,
                                            uint64_t start, uint32_t n,
                                            const weir_arrow_frame *frame, weir_column **out,
                                            weir_error *err);
/* A record fails because of the value at slot. */
WEIR_MUST_USE weir_status weir_arrow_blame(weir_arrow_job *job, const weir_arrow_frame *frame,
                                           uint32_t slot, const char *rule, const char *reason,
                                           weir_error *err);
/* Whether a holds rows start .. start + n, and as many buffers and children as said. */
WEIR_MUST_USE weir_status weir_arrow_check(const struct ArrowArray *a, int64_t n_buffers,
                                           int64_t n_children, uint64_t start, uint32_t n,
                                           weir_error *err);

static inline bool weir_arrow_bit(const void *bits, uint64_t i) {
    return ((const uint8_t *)bits)[i >> 3] >> (i & 7) & 1;
}

#endif
