/* From fields to values of one column: fast kernels over up to 64 rows, and an exact path for what
 * they leave over.  Private to csv. */
#ifndef WEIR_FORMAT_CSV_VALUE_H
#define WEIR_FORMAT_CSV_VALUE_H

#include "column/batch.h"
#include "format/csv.h"
#include "text/number.h"
#include "text/time.h"

/* Up to 64 fields: field i is data[start[i] .. end[i]). */
typedef struct weir_csv_cells {
    const uint8_t *data;
    uint32_t n;
    uint32_t start[64], end[64];
} weir_csv_cells;

typedef struct weir_csv_target weir_csv_target;
/* Converts what is plain and simple to out (room for n values); bit i of the result: field i was
 * left over (its value is zero).  May read 64 bytes in front of and behind a field. */
typedef uint64_t (*weir_csv_kernel)(const weir_csv_target *t, const weir_csv_cells *cells,
                                    void *out);

/* Where the values of one column go, and how. */
struct weir_csv_target {
    uint32_t field;  /* in the schema */
    uint32_t source; /* number of the physical column */
    bool absent;     /* the file has no such column: null */
    const weir_type *type;
    const char *name; /* of the schema's field */
    bool not_null;
    bool empty_is_null; /* an unquoted empty field is null */
    bool text;          /* STRING, BINARY, JSON: the empty string is a value */
    bool null_quoted;
    weir_opt_strings nulls; /* words other than the empty one */
    uint64_t null_sizes;    /* bit n: some word has n bytes (63: 63 or more) */
    bool marked;            /* numbers have marks */
    weir_num_marks marks;
    weir_csv_kernel kernel;
    weir_csv_kernel fallback;         /* when it leaves much over: slower, takes more; or NULL */
    bool may_peel, quoted_mostly;     /* quotes are taken off before the kernel; see csv_read.c */
    int64_t min, max;                 /* integers */
    const weir_time_program *program; /* `format`, or NULL */
    weir_time_kind time_kind;
    weir_zone_cache zone;
    bool zone_utc;
    weir_ambiguous ambiguous;
    int quote;       /* the dialect's, or -1 */
    bool check_utf8; /* the chunk is not valid UTF-8 as a whole */
    /* The batch in the making. */
    weir_column *column;
    uint32_t block;   /* number of the chunk's block in the column */
    weir_block *side; /* unescaped text; retained by column */
    uint32_t side_number;
};

/* The marks of a column's numbers as they were declared, for the column or for the file; decimal 0
 * = none were.  WEIR_USAGE: there are no such marks. */
WEIR_MUST_USE weir_status weir_csv_marks(const weir_opt_column *column,
                                         const weir_csv_read_config *config, const char *name,
                                         weir_num_marks *out, weir_error *err);
/* What is known of how a column is written: `declared` and the file's options where they say
 * something, else `found` (either may be NULL). */
weir_opt_column weir_csv_column(const weir_opt_column *declared, const weir_opt_column *found,
                                const weir_csv_read_config *config);

/* Fills type, kernel and what belongs to them.  arena: for format programs. */
WEIR_MUST_USE weir_status weir_csv_target_init(weir_csv_target *t, const weir_field *field,
                                               const weir_opt_column *column,
                                               const weir_csv_read_config *config,
                                               weir_arena *arena, weir_error *err);

/* Where failures of the batch in the making go; made when there is a first one. */
typedef struct weir_csv_blame {
    weir_failures *failures; /* owned */
    uint32_t rows;           /* that the batch may have */
} weir_csv_blame;

static inline weir_status weir_csv_blame_need(weir_csv_blame *b, weir_error *err) {
    return b->failures ? WEIR_OK : weir_failures_new(b->rows, &b->failures, err);
}

/* Result of the exact path. */
typedef enum weir_csv_outcome { WEIR_CSV_VALUE, WEIR_CSV_NULL, WEIR_CSV_FAILED } weir_csv_outcome;

/* One field, exactly: quotes, escapes, null words, any form of the type.  out: the value's place.
 * On FAILED the reason went to blame under row.  WEIR_* status only for want of memory. */
WEIR_MUST_USE weir_status weir_csv_value(weir_csv_target *t, const weir_csv_dialect *d,
                                         const uint8_t *data, uint32_t start, uint32_t end,
                                         uint32_t row, weir_csv_blame *blame, weir_ctx *ctx,
                                         void *out, weir_csv_outcome *outcome, weir_error *err);

/* Whether text is one of the column's null words. */
bool weir_csv_is_null_word(const weir_csv_target *t, weir_slice text);

/* ---- batches ------------------------------------------------------------------------------- */

/* The batch in the making of a decoder whose records are runs of bytes in a chunk. */
typedef struct weir_csv_batch {
    weir_schema *schema;      /* retained by the decoder */
    weir_csv_target *targets; /* one a field of schema; the decoder's */
    /* The chunk: its block (retained by the decoder; NULL = none) and addresses. */
    weir_block *block;
    uint32_t split, begin;
    uint64_t sequence, first_byte, first_line;
    uint32_t batch_number;
    uint32_t rows, capacity;
    weir_block *rows_block;
    uint32_t *row_begin, *row_end; /* in rows_block */
    weir_csv_blame blame;
} weir_csv_batch;

/* Makes columns and offsets for `capacity` rows. */
WEIR_MUST_USE weir_status weir_csv_batch_open(weir_csv_batch *b, uint32_t capacity, weir_ctx *ctx,
                                              weir_error *err);
/* Hands out what was made, with its origin. */
WEIR_MUST_USE weir_status weir_csv_batch_close(weir_csv_batch *b, weir_batch **out,
                                               weir_error *err);
/* Gives up what was made; legal when nothing was. */
void weir_csv_batch_drop(weir_csv_batch *b);

#endif
