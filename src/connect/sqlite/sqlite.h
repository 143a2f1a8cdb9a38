/* The `sqlite` connector: tables and queries of a SQLite database file.
 *
 * How types are kept (docs/connectors/sqlite.md): integers and bool as INTEGER, uint64 above
 * int64's range as TEXT, floats as REAL, decimals as exact TEXT, dates and times as ISO 8601 TEXT,
 * binary as BLOB, everything else as TEXT.  Read back with declared types the values are equal.
 */
#ifndef WEIR_CONNECT_SQLITE_SQLITE_H
#define WEIR_CONNECT_SQLITE_SQLITE_H

#include <sqlite3.h>

#include "connect/sql/sql.h"

typedef struct weir_sqlite_config {
    const char *path;
    int64_t busy_us;
} weir_sqlite_config;

typedef struct weir_sqlite_source_config {
    const char *table, *query;
} weir_sqlite_source_config;

typedef struct weir_sqlite_sink_config {
    const char *table;
} weir_sqlite_sink_config;

extern const weir_sql_dialect weir_sqlite_dialect;
extern const weir_source_ops weir_sqlite_source_ops;
extern const weir_sink_ops weir_sqlite_sink_ops;
extern const weir_catalog_ops weir_sqlite_catalog_ops;

/* Opens config's file with our pragmas, collation and cancel hook. writable: creates it when it is
 * missing.  The path is made absolute against env->folder. */
WEIR_MUST_USE weir_status weir_sqlite_open(const weir_sqlite_config *config, const weir_env *env,
                                           bool writable, sqlite3 **out, weir_error *err);
/* The error of the last call on db, with what was being done ("loading a row"), the file where it
 * is at fault, and a remedy.  WEIR_CANCELLED when a stop ended a wait for a lock.  Call it on the
 * thread of the failed call. */
weir_status weir_sqlite_error(sqlite3 *db, weir_error *err, const char *doing);
/* Runs statements, or prepares one; doing names it in errors in place of its text. */
WEIR_MUST_USE weir_status weir_sqlite_exec(sqlite3 *db, const char *doing, const char *sql,
                                           weir_error *err);
WEIR_MUST_USE weir_status weir_sqlite_prepare(sqlite3 *db, const char *doing, const char *sql,
                                              sqlite3_stmt **out, weir_error *err);
/* Whether SQLite has no type for it, so that it is stored as weir's text. */
bool weir_sqlite_kept_as_text(const weir_type *type);
/* Binds the value of a column's physical row to parameter `at` (1-based).  keep: SQLITE_STATIC when
 * the column outlives the binding.  A SQLite result code. */
int weir_sqlite_bind(sqlite3_stmt *stmt, int at, const weir_column *c, uint32_t row,
                     sqlite3_destructor_type keep);
/* Names of parameters that the connector itself puts into a statement and binds begin so. */
#define WEIR_SQLITE_OWN_PARAM "_weir_"
/* Binds the pipeline's parameters to :name, @name and $name of a query.  WEIR_USAGE names a
 * parameter that the pipeline does not have, or whose value does not fit its type. */
WEIR_MUST_USE weir_status weir_sqlite_bind_params(sqlite3_stmt *stmt,
                                                  const weir_source_request *request,
                                                  const weir_env *env, weir_error *err);
/* The collation weir_value: numbers of any size and times by value, other texts by bytes. */
int weir_sqlite_order(void *context, int a_size, const void *a, int b_size, const void *b);

/* The type weir reads a column of this declared type as (SQLite's affinity rules, and the usual
 * names for dates, booleans and decimals). */
const weir_type *weir_sqlite_type_of(const char *declared);
/* Whether the declared type tells what the values are; without one, and for names that mean nothing
 * (NUM, ANY), only the values do. */
bool weir_sqlite_type_tells(const char *declared);

#endif
