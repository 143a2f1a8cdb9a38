/* Reading only what is new: incremental { by: cursor } of the sqlite source.
 *
 * Each run reads, in one snapshot and in the order of (cursor, key), the rows from the stored
 * position on, the position's own value included.  What was given before and has not changed since
 * is known by a hash of the whole row and passed over, so equal cursors lose nothing and repeat
 * nothing.  The position never moves into the future: rows dated later than now are given once, and
 * again when they change, but stay above it.  RELIABILITY: late commits need `lag`; deletes are not
 * seen.
 */
#ifndef WEIR_CONNECT_SQLITE_CURSOR_H
#define WEIR_CONNECT_SQLITE_CURSOR_H

#include "connect/sqlite/sqlite.h"
#include "text/hash.h"
#include "text/zone.h"

/* Rows above which a position would have to remember too many; see weir_cursor_take. */
#define WEIR_CURSOR_MAX_SEEN ((size_t)1 << 20)

/* The kinds of values that have one order for all. */
typedef enum weir_cursor_kind {
    WEIR_CURSOR_NONE, /* no row has a value */
    WEIR_CURSOR_INTEGER,
    WEIR_CURSOR_REAL,
    WEIR_CURSOR_DATE, /* ISO 8601 texts of one form: dates, or dates with times */
    WEIR_CURSOR_CODE  /* other texts, all of one length */
} weir_cursor_kind;

/* A value of the column: the source's own text and its kind.  kind NONE = no value. */
typedef struct weir_cursor_value {
    weir_cursor_kind kind;
    weir_buf text; /* integers and reals as decimal text that reads back exactly */
} weir_cursor_value;

/* Rows that were given, by hash; each as often as it was given. */
typedef struct weir_cursor_seen {
    size_t n, capacity;
    weir_hash128 *items;
    bool *met; /* of what was restored: met again in this run; NULL = none is restored */
} weir_cursor_seen;

/* Binds the parameters of the source's query, which every statement made from it has. */
typedef struct weir_cursor_binder {
    weir_status (*bind)(void *context, sqlite3_stmt *stmt, weir_error *err);
    void *context;
} weir_cursor_binder;

/* Zeroed = nothing known yet. */
typedef struct weir_cursor {
    const weir_cursor_request *request;
    const char *name;           /* of the source, for messages */
    char *from;                 /* SQL: the table or "(query)", in env's arena */
    char *column;               /* quoted */
    char *order;                /* "column, key, ..." quoted */
    const char *zone;           /* of texts without offset; NULL = UTC */
    int at;                     /* number of the cursor's column in the statement */
    weir_cursor_value position; /* behind it everything is new */
    weir_cursor_seen before;    /* rows at or above the position that were given; sorted */
    /* the bounds of this run, frozen in its split */
    weir_cursor_value high; /* the last value that is read, but for the future's */
    weir_cursor_value now;  /* DATE: later ones are future; else NONE */
    weir_cursor_value last; /* the greatest of the snapshot */
    /* what this run has read */
    weir_cursor_value reached;
    weir_cursor_seen ties, beyond; /* rows at `reached`; rows of the future or without a cursor */
    uint64_t future_rows, null_rows;
    weir_buf scratch;
} weir_cursor;

void weir_cursor_clear(weir_cursor *c);
/* Checks the columns of the request against stmt, which must be "select * from <from>" ready to be
 * stepped; from and column names come quoted into c. */
WEIR_MUST_USE weir_status weir_cursor_open(weir_cursor *c, const weir_cursor_request *request,
                                           const char *name, const char *from, sqlite3_stmt *stmt,
                                           const weir_env *env, weir_error *err);
/* The stored position; WEIR_DATA when the bytes are not one. */
WEIR_MUST_USE weir_status weir_cursor_restore(weir_cursor *c, weir_slice bytes, weir_error *err);
/* Looks at the snapshot and freezes the bounds of this run at `now_us`; refuses columns without one
 * order, a position of another kind, and rows without a cursor under nulls: error. */
WEIR_MUST_USE weir_status weir_cursor_freeze(weir_cursor *c, sqlite3 *db,
                                             const weir_cursor_binder *binder, int64_t now_us,
                                             weir_error *err);
/* The bounds as versioned bytes for the split, and back. */
WEIR_MUST_USE weir_status weir_cursor_save(const weir_cursor *c, weir_buf *out, weir_error *err);
WEIR_MUST_USE weir_status weir_cursor_load(weir_cursor *c, weir_slice bytes, weir_error *err);
/* The bounded select, its own parameters bound; those of the query are the caller's to bind. */
WEIR_MUST_USE weir_status weir_cursor_prepare(const weir_cursor *c, sqlite3 *db, sqlite3_stmt **out,
                                              weir_error *err);
/* stmt stands on a row: *known when it was given by an earlier run and is passed over.  WEIR_DATA
 * when its cursor has no place in the order of the others. */
WEIR_MUST_USE weir_status weir_cursor_take(weir_cursor *c, sqlite3_stmt *stmt, bool *known,
                                           weir_error *err);
/* Whether the bounds hold a row that was not given before; nothing counts as taken by that. */
WEIR_MUST_USE weir_status weir_cursor_any(weir_cursor *c, sqlite3 *db,
                                          const weir_cursor_binder *binder, bool *any,
                                          weir_error *err);
/* The position behind everything that was taken. */
WEIR_MUST_USE weir_status weir_cursor_position(weir_cursor *c, weir_buf *out, weir_error *err);
/* A position as people read it: "2024-05-01 10:00:00". */
WEIR_MUST_USE weir_status weir_cursor_describe(weir_slice position, weir_buf *out, weir_error *err);

#endif
