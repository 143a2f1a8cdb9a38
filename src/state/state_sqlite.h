/* The SQLite store, private to src/state: one connection behind a mutex, a cache of statements, and
 * transactions that end in one place.
 */
#ifndef WEIR_STATE_SQLITE_H
#define WEIR_STATE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>

#include "state/state.h"
#include "state/vfs.h"

#define WEIR_STATE_STATEMENTS 96
#define WEIR_STATE_BUSY_MS 30000

typedef struct weir_statedb {
    weir_state base;
    sqlite3 *db;
    pthread_mutex_t mutex;
    char *folder, *path;
    bool broken; /* an fsync failed: what is in the page cache may never reach the disk */
    size_t n_statements;
    struct {
        const char *sql;
        sqlite3_stmt *stmt;
    } statements[WEIR_STATE_STATEMENTS];
} weir_statedb;

static inline weir_statedb *weir_statedb_of(weir_state *s) {
    return (weir_statedb *)s;
}
extern const weir_state_store weir_statedb_store;

/* One step of the schema: SQL that brings version i to i + 1. */
extern const char *const weir_statedb_migrations[];
extern const int weir_statedb_version; /* number of migrations */
/* Brings db to version n (or refuses a newer one) in one transaction.  path for messages. */
weir_status weir_statedb_migrate(sqlite3 *db, const char *path, const char *const *migrations,
                                 int n, weir_error *err);

/* ---- statements ---------------------------------------------------------------------------- */

/* Fills err from the connection's last error; verb as in "cannot <verb> the state ...". */
weir_status weir_statedb_error(weir_statedb *d, int code, weir_error *err);
/* The prepared statement of sql (a literal: cached by address), reset and bound.  types: one letter
 * an argument: t const char * (NULL = ""), n const char * (NULL = null), i int64_t, u uint64_t
 * (above INT64_MAX: stored as that), d double, b const weir_slice *. */
weir_status weir_statedb_bind(weir_statedb *d, sqlite3_stmt **out, weir_error *err, const char *sql,
                              const char *types, ...);
/* One step: *row = there is one. */
weir_status weir_statedb_step(weir_statedb *d, sqlite3_stmt *stmt, bool *row, weir_error *err);
/* Binds and runs to the end; rows are dropped. */
weir_status weir_statedb_run(weir_statedb *d, weir_error *err, const char *sql, const char *types,
                             ...);
/* The same for a statement whose first row's first column is a number; *found false when no row. */
weir_status weir_statedb_number(weir_statedb *d, int64_t *out, bool *found, weir_error *err,
                                const char *sql, const char *types, ...);
/* Text and bytes of a column in arena; NULL on lack of memory only.  Nulls give "". */
const char *weir_statedb_text(sqlite3_stmt *stmt, int column, weir_arena *arena);
bool weir_statedb_bytes(sqlite3_stmt *stmt, int column, weir_arena *arena, weir_slice *out);

/* ---- transactions -------------------------------------------------------------------------- */

/* Locks the store and begins: writing ones take the database's write lock at once (BEGIN
 * IMMEDIATE). After WEIR_OK the caller must call _end with the outcome, which commits or rolls
 * back, unlocks and returns the final status. */
weir_status weir_statedb_begin(weir_statedb *d, bool writes, weir_error *err);
weir_status weir_statedb_end(weir_statedb *d, weir_status status, weir_error *err);

/* Inside a transaction: the lease is still ours. */
weir_status weir_statedb_fence(weir_lease *l, weir_error *err);
static inline int64_t weir_statedb_signed(uint64_t v) {
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}
int64_t weir_statedb_now(int64_t given);

/* ---- the slots ----------------------------------------------------------------------------- */

weir_status weir_statedb_run_exists(weir_state *s, const char *id, bool *exists, weir_error *err);
weir_status weir_statedb_run_begin(weir_state *s, const weir_state_run *run, weir_error *err);
weir_status weir_statedb_run_end(weir_state *s, const char *id, weir_run_status status,
                                 int exit_code, const char *error, weir_error *err);
weir_status weir_statedb_step_put(weir_state *s, const char *run_id, const weir_state_step *step,
                                  weir_error *err);
weir_status weir_statedb_quality_add(weir_state *s, const char *run_id,
                                     const weir_state_quality *items, size_t n, weir_error *err);
weir_status weir_statedb_events_add(weir_state *s, const char *run_id,
                                    const weir_state_event *items, size_t n, weir_error *err);
weir_status weir_statedb_document_put(weir_state *s, const char *run_id, const char *step,
                                      const char *kind, const char *text, weir_error *err);
weir_status weir_statedb_value_put(weir_state *s, const char *space, const char *key,
                                   weir_slice bytes, weir_error *err);
weir_status weir_statedb_value_get(weir_state *s, const char *space, const char *key, weir_buf *out,
                                   bool *found, weir_error *err);
weir_status weir_statedb_prune(weir_state *s, int64_t before_us, uint64_t *runs, weir_error *err);
weir_status weir_statedb_check(weir_state *s, weir_buf *findings, weir_error *err);

weir_status weir_statedb_lease_acquire(weir_state *s, const char *pipeline, const char *run_id,
                                       weir_lease **out, weir_error *err);
weir_status weir_statedb_lease_renew(weir_lease *l, weir_error *err);
void weir_statedb_lease_release(weir_lease *l);

weir_status weir_statedb_epoch_begin(weir_lease *l, const char *step, uint64_t *number,
                                     weir_error *err);
weir_status weir_statedb_epoch_intent(weir_lease *l, const char *step, uint64_t number,
                                      const weir_state_intent *intent, weir_error *err);
weir_status weir_statedb_epoch_move(weir_lease *l, const char *step, uint64_t number,
                                    weir_epoch_state to, const weir_state_position *positions,
                                    size_t n, weir_slice account, weir_error *err);
weir_status weir_statedb_epochs_unfinished(weir_state *s, const char *pipeline,
                                           weir_state_epochs *out, weir_error *err);

weir_status weir_statedb_position_get(weir_state *s, const char *pipeline, const char *step,
                                      const char *fingerprint, weir_arena *arena,
                                      weir_state_position *out, bool *found, const char **other,
                                      weir_error *err);
weir_status weir_statedb_position_set(weir_lease *l, const char *step,
                                      const weir_state_position *position, weir_error *err);
weir_status weir_statedb_step_reset(weir_lease *l, const char *step, weir_error *err);
weir_status weir_statedb_files_set(weir_lease *l, const char *step, const weir_state_file *files,
                                   size_t n, weir_error *err);
weir_status weir_statedb_file_get(weir_state *s, const char *pipeline, const char *step,
                                  const char *path, weir_arena *arena, weir_state_file *out,
                                  bool *found, weir_error *err);
weir_status weir_statedb_reject_put(weir_state *s, const char *run_id, const char *step,
                                    uint64_t epoch, const weir_state_reject *reject,
                                    weir_error *err);
weir_status weir_statedb_reject_mark(weir_state *s, const char *run_id, const char *step,
                                     const char *path, weir_reject_state state, const char *by_run,
                                     uint64_t *marked, weir_error *err);
weir_status weir_statedb_query(weir_state *s, weir_state_what what, const weir_state_filter *filter,
                               weir_ledger *ledger, weir_state_result *out, weir_error *err);

#endif
