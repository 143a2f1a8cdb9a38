/* What the parts of the SQLite sink share: loading (sink.c) and the checks at open (sink_check.c).
 */
#ifndef WEIR_CONNECT_SQLITE_SINK_H
#define WEIR_CONNECT_SQLITE_SINK_H

#include "connect/sqlite/sqlite.h"

typedef struct sink {
    weir_sink_request request;
    const weir_env *env;
    const weir_sqlite_sink_config *config;
    sqlite3 *db;
    weir_sql_table table;
    weir_schema *schema; /* as it comes in */
    weir_schema *stored; /* as it is bound: texts where SQLite has no type */
    bool exists, begun;
} sink;

/* No two columns of the input are the same one in SQLite, where names have no case. */
WEIR_MUST_USE weir_status weir_sqlite_check_names(const weir_schema *schema, weir_error *err);
/* The table's columns take the input's, and the others need no value.  Sets s->exists. */
WEIR_MUST_USE weir_status weir_sqlite_check_columns(sink *s, weir_error *err);
/* Whether some unique index of the table is exactly the key: only then is a collision the key's. */
WEIR_MUST_USE weir_status weir_sqlite_check_key(sink *s, weir_error *err);

#endif
