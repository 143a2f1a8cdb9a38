/* The first rows of a step after each stage, and what each stage changed. */
#ifndef WEIR_API_PREVIEW_H
#define WEIR_API_PREVIEW_H

#include "api/api.h"

typedef enum weir_preview_change {
    WEIR_PREVIEW_SAME,
    WEIR_PREVIEW_NEW,    /* a column, or a row, that the stage before had not */
    WEIR_PREVIEW_CHANGED /* a column of another type, a cell of another value */
} weir_preview_change;

typedef struct weir_preview_cell {
    const char *text; /* NULL = null */
    const char *json;
    bool changed;
} weir_preview_cell;

typedef struct weir_preview_row {
    uint64_t key[4];         /* which record it is */
    weir_preview_change row; /* SAME or NEW */
    bool failed;             /* it will leave as a reject at the next rules or at the sink */
    weir_preview_cell *cells;
    struct weir_preview_row *next;
} weir_preview_row;

typedef struct weir_preview_reject {
    const char *address, *field, *rule, *reason, *raw;
    struct weir_preview_reject *next;
} weir_preview_reject;

/* Stage 0 is the rows as read, the others are the operators; a last one named "load" is there when
 * rows were rejected behind the last operator. */
typedef struct weir_preview_stage {
    const char *name;
    uint32_t n_columns;
    struct weir_preview_column {
        const char *name, *type;
        bool not_null;
        weir_preview_change change;
    } * columns;
    size_t n_removed;
    const char **removed; /* columns that the stage before had */
    uint64_t n_rows, n_rejected, n_filtered;
    weir_preview_row *rows, **rows_end;
    weir_preview_row *filtered, **filtered_end; /* rows of the stage before, its cells */
    weir_preview_reject *rejects, **rejects_end;
    bool seen; /* a batch came through */
} weir_preview_stage;

typedef struct weir_preview {
    const char *step, *format; /* format NULL = the source has none */
    size_t n_splits;
    const char *first_split;
    const char *dialect; /* options of the format that were found, "a: b, c: d"; "" = none */
    uint64_t bytes;
    bool more; /* max_rows were read: there may be others */
    size_t n_stages;
    weir_preview_stage *stages;
} weir_preview;

/* Reads max_rows rows of a step (NULL = the first) on one thread and takes them through its
 * operators; no target is opened.  All of *out lives in the session's arena. */
WEIR_MUST_USE weir_status weir_api_preview(weir_session *s, const char *step, uint64_t max_rows,
                                           weir_preview *out, weir_error *err);

#endif
