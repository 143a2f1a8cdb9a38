/* What the parts of the SQLite source share: reading (source.c), the raw form of a record that
 * cannot be read (raw.c), and which row of the table a record is (row_id.c). */
#ifndef WEIR_CONNECT_SQLITE_SOURCE_H
#define WEIR_CONNECT_SQLITE_SOURCE_H

#include "column/kernel.h"
#include "connect/sqlite/cursor.h"

#define WEIR_SQLITE_BATCH_ROWS 4096u

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
    int id_column;      /* of the statement: the INTEGER PRIMARY KEY; -1 = there is none */
    bool ids_fit;       /* all of `ids` may be shown */
    uint64_t ids[WEIR_SQLITE_BATCH_ROWS]; /* of the rows being gathered */
    bool in_transaction;
    bool ended; /* stepping on would begin the statement anew */
} source;

/* Finds id_column once the statement is prepared. */
WEIR_MUST_USE weir_status weir_sqlite_find_id(source *s, weir_error *err);
/* Notes the id of the record on which the statement stands, row `row` of the batch. */
void weir_sqlite_note_id(source *s, uint32_t row);
/* Gives the batch's rows the ids that were noted. */
WEIR_MUST_USE weir_status weir_sqlite_give_ids(const source *s, weir_batch *b, weir_error *err);

/* How a field is gathered: SQLite's own three kinds directly, others as text and then cast. */
const weir_type *weir_sqlite_gathered(const weir_type *t);
/* Keeps the record for its reject, as a JSON object of its fields: a value of another kind is null
 * in the columns.  columns: the gathered ones, of physical row `row`; NULL = the statement stands
 * on the record. */
WEIR_MUST_USE weir_status weir_sqlite_keep_raw(source *s, weir_failures *failures, uint32_t row,
                                               weir_column *const *columns, weir_error *err);

#endif
