/* What the parts of the SQLite sink share: loading (sink.c) and the checks at open (sink_check.c).
 */
#ifndef WEIR_CONNECT_SQLITE_SINK_H
#define WEIR_CONNECT_SQLITE_SINK_H

#include "connect/sqlite/sqlite.h"

/* What the table makes of a column of the input. */
typedef enum weir_sqlite_drift {
    WEIR_SQLITE_HELD,     /* it is there */
    WEIR_SQLITE_ADDED,    /* the load adds it */
    WEIR_SQLITE_NO_PLACE, /* left out: the table lacks it */
    WEIR_SQLITE_NO_TYPE   /* left out: its type in the table would change the values */
} weir_sqlite_drift;

typedef struct sink {
    weir_sink_request request;
    const weir_env *env;
    const weir_sqlite_sink_config *config;
    sqlite3 *db;
    weir_sql_table table;
    weir_schema *input;       /* as it comes in */
    weir_schema *schema;      /* what is loaded of it: drift may leave columns out */
    weir_schema *stored;      /* as it is bound: texts where SQLite has no type */
    uint32_t *from;           /* of the input, for each loaded column */
    weir_sqlite_drift *drift; /* what becomes of each column of the input */
    bool exists, strict, begun;
} sink;

/* No two columns of the input are the same one in SQLite, where names have no case. */
WEIR_MUST_USE weir_status weir_sqlite_check_names(const weir_schema *schema, weir_error *err);
/* The table's columns take the input's, or `drift` says what becomes of those that do not fit, and
 * the others need no value.  Sets s->exists and s->drift. */
WEIR_MUST_USE weir_status weir_sqlite_check_columns(sink *s, weir_error *err);
/* What becomes of each column of the input, once it is known which of them the table has: s->drift,
 * s->from and s->schema. */
WEIR_MUST_USE weir_status weir_sqlite_decide_drift(sink *s, weir_error *err);
/* The statements that add columns, a line each, into the table of the open transaction or (show)
 * into sql with a remark for each column that is left out. */
WEIR_MUST_USE weir_status weir_sqlite_evolve(sink *s, bool show, weir_buf *sql, weir_error *err);
/* Whether some unique index of the table is exactly the key: only then is a collision the key's. */
WEIR_MUST_USE weir_status weir_sqlite_check_key(sink *s, weir_error *err);

#endif
