/* What the parts of the SQLite source share: reading (source.c) and the raw form of a record that
 * cannot be read (raw.c). */
#ifndef WEIR_CONNECT_SQLITE_SOURCE_H
#define WEIR_CONNECT_SQLITE_SOURCE_H

#include "column/kernel.h"
#include "connect/sqlite/cursor.h"

typedef struct source {
    weir_source_request request;
    const weir_env *env;
    const weir_sqlite_source_config *config;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char *name; /* for addresses: file:table */
    weir_schema *schema;
    const weir_opt_column **declared; /* for each column of the statement; NULL = not declared */
    int *columns;                     /* of the statement, for each field */
    weir_cast_options *casts;         /* for each field, as `columns` of the file says */
    weir_arena kept;                  /* what the casts point to */
    uint64_t rows, sequence;
    weir_arena scratch;
    weir_buf raw, word; /* of the record being kept for its reject */
    weir_cursor cursor; /* request->cursor: only what is new is read */
    bool in_transaction;
    bool ended; /* stepping on would begin the statement anew */
} source;

/* How a field is gathered: SQLite's own three kinds directly, others as text and then cast. */
const weir_type *weir_sqlite_gathered(const weir_type *t);
/* Keeps the record for its reject, as a JSON object of its fields: a value of another kind is null
 * in the columns.  columns: the gathered ones, of physical row `row`; NULL = the statement stands
 * on the record. */
WEIR_MUST_USE weir_status weir_sqlite_keep_raw(source *s, weir_failures *failures, uint32_t row,
                                               weir_column *const *columns, weir_error *err);

#endif
