/* Values of a cursor: their kinds, the order SQLite has for them, and now in their form. */
#ifndef WEIR_CONNECT_SQLITE_CURSOR_ORDER_H
#define WEIR_CONNECT_SQLITE_CURSOR_ORDER_H

#include "connect/sqlite/cursor.h"

/* The value in column `at` of the statement's row; NONE for null.  WEIR_DATA for a blob.  Texts
 * that are ISO 8601 dates are DATE. */
WEIR_MUST_USE weir_status weir_cursor_read(const char *name, sqlite3_stmt *stmt, int at,
                                           weir_cursor_value *out, weir_error *err);
WEIR_MUST_USE weir_status weir_cursor_copy(weir_cursor_value *to, const weir_cursor_value *from,
                                           weir_error *err);
/* Whether SQLite's order of the two is the order that people mean: numbers; dates and times written
 * in the same form; other texts of one length.  NONE is like anything. */
bool weir_cursor_alike(const weir_cursor_value *a, const weir_cursor_value *b);
/* < 0, 0, > 0 as SQLite orders them; both alike and not NONE. */
int weir_cursor_compare(const weir_cursor_value *a, const weir_cursor_value *b);
/* The instant `us` written in the form of a DATE value: with its separator and its offset; texts
 * without offset are local times of `zone`, NULL = UTC. */
WEIR_MUST_USE weir_status weir_cursor_time(const weir_cursor_value *like, int64_t us,
                                           const char *zone, weir_cursor_value *out,
                                           weir_error *err);

#endif
