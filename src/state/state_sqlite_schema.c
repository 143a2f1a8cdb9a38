/* The tables of the state, as a list of changes: entry i brings version i to i + 1.  Entries that
 * were released are never edited; a change of the schema is a new entry. */
#include "state/state_sqlite.h"

#include <stdio.h>

#define APPLICATION_ID 0x57454952 /* "WEIR" in the header of the file */

static const char version_1[] =
    /* history */
    "create table runs(id text primary key, pipeline text not null, file text not null,"
    " fingerprint text not null, version text not null, trigger text not null, host text not null,"
    " pid integer not null, started integer not null, ended integer, status text not null,"
    " exit_code integer, error text not null default '') strict, without rowid;"
    "create index runs_of_pipeline on runs(pipeline, started);"
    "create index runs_by_start on runs(started);"
    "create table steps(run_id text not null references runs(id) on delete cascade, step text not "
    "null,"
    " source text not null, sink text not null, status text not null, started integer not null,"
    " duration_us integer not null, attempts integer not null, rows_in integer not null,"
    " created integer not null, inserted integer not null, updated integer not null,"
    " unchanged integer not null, stale integer not null, rejected integer not null,"
    " filtered integer not null, absorbed integer not null, bytes_in integer not null,"
    " bytes_out integer not null, warnings integer not null, files integer not null,"
    " files_skipped integer not null, error text not null, primary key(run_id, step)) strict, "
    "without rowid;"
    "create table operators(run_id text not null, step text not null, ordinal integer not null,"
    " operator text not null, rows_in integer not null, created integer not null, rows_out integer "
    "not null,"
    " rejected integer not null, filtered integer not null, absorbed integer not null,"
    " primary key(run_id, step, ordinal),"
    " foreign key(run_id, step) references steps(run_id, step) on delete cascade) strict, without "
    "rowid;"
    "create table quality(run_id text not null references runs(id) on delete cascade, step text "
    "not null,"
    " metric text not null, value real, threshold text not null, severity text not null,"
    " passed integer not null, at integer not null, primary key(run_id, step, metric)) strict, "
    "without rowid;"
    "create table events(run_id text not null references runs(id) on delete cascade, seq integer "
    "not null,"
    " at integer not null, level text not null, step text not null, text text not null,"
    " primary key(run_id, seq)) strict, without rowid;"
    "create table documents(run_id text not null references runs(id) on delete cascade, step text "
    "not null,"
    " kind text not null, text text not null, primary key(run_id, step, kind)) strict, without "
    "rowid;"
    /* commits */
    "create table leases(pipeline text primary key, fence integer not null, run_id text not null,"
    " pid integer not null, host text not null, acquired integer not null, released integer)"
    " strict, without rowid;"
    "create table epochs(pipeline text not null, step text not null, number integer not null,"
    " state text not null, run_id text not null, fence integer not null, begun integer not null,"
    " changed integer not null, splits blob, account blob, primary key(pipeline, step, number))"
    " strict, without rowid;"
    "create table epoch_handles(pipeline text not null, step text not null, number integer not "
    "null,"
    " ordinal integer not null, sink text not null, bytes blob not null,"
    " primary key(pipeline, step, number, ordinal)) strict, without rowid;"
    "create table pending_positions(pipeline text not null, step text not null, number integer not "
    "null,"
    " fingerprint text not null, bytes blob not null, text text not null,"
    " primary key(pipeline, step, number, fingerprint)) strict, without rowid;"
    "create table pending_files(pipeline text not null, step text not null, number integer not "
    "null,"
    " path text not null, size_bytes integer not null, mtime_ns integer not null, hash text not "
    "null,"
    " rows integer not null, primary key(pipeline, step, number, path)) strict, without rowid;"
    "create table pending_rejects(pipeline text not null, step text not null, number integer not "
    "null,"
    " path text not null, format text not null, rows integer not null, source text not null,"
    " primary key(pipeline, step, number, path)) strict, without rowid;"
    "create table positions(pipeline text not null, step text not null, fingerprint text not null,"
    " bytes blob not null, text text not null, epoch integer not null, run_id text not null,"
    " updated integer not null, primary key(pipeline, step, fingerprint)) strict, without rowid;"
    "create table files(pipeline text not null, step text not null, path text not null,"
    " size_bytes integer not null, mtime_ns integer not null, hash text not null, rows integer not "
    "null,"
    " epoch integer not null, run_id text not null, loaded integer not null,"
    " primary key(pipeline, step, path)) strict, without rowid;"
    /* rejects are found by run; a set may outlive the record of its run */
    "create table rejects(run_id text not null, step text not null, epoch integer not null,"
    " path text not null, pipeline text not null, format text not null, rows integer not null,"
    " source text not null, state text not null, replayed_by text, changed integer not null,"
    " primary key(run_id, step, epoch, path)) strict, without rowid;"
    "create index rejects_by_state on rejects(state);"
    "create table small_values(space text not null, key text not null, bytes blob not null,"
    " changed integer not null, primary key(space, key)) strict, without rowid;";

/* Structured entries of a run's journal. */
static const char version_2[] = "alter table events add column fields text not null default '';";

const char *const weir_statedb_migrations[] = {version_1, version_2};
const int weir_statedb_version =
    (int)(sizeof weir_statedb_migrations / sizeof *weir_statedb_migrations);

static int pragma_number(sqlite3 *db, const char *sql, int *out) {
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) *out = sqlite3_column_int(stmt, 0);
    }
    int end = sqlite3_finalize(stmt);
    return rc == SQLITE_ROW ? SQLITE_OK : end != SQLITE_OK ? end : rc;
}

/* Whose file it is and of which age. */
static int inspect(sqlite3 *db, int *version, int *application, int *tables) {
    int rc = pragma_number(db, "pragma user_version", version);
    if (rc == SQLITE_OK) rc = pragma_number(db, "pragma application_id", application);
    if (rc == SQLITE_OK) rc = pragma_number(db, "select count(*) from sqlite_schema", tables);
    return rc;
}

weir_status weir_statedb_migrate(sqlite3 *db, const char *path, const char *const *migrations,
                                 int n, weir_error *err) {
    weir_statedb probe = {.db = db, .path = (char *)(uintptr_t)path};
    weir_status status = WEIR_OK;
    int version = 0, application = 0, tables = 0;
    int rc = inspect(db, &version, &application, &tables);
    if (rc != SQLITE_OK) return weir_statedb_error(&probe, rc, err);
    if (application == APPLICATION_ID && version == n) return WEIR_OK;

    rc = sqlite3_exec(db, "begin immediate", NULL, NULL, NULL);
    if (rc != SQLITE_OK) return weir_statedb_error(&probe, rc, err);
    rc = inspect(db, &version, &application, &tables); /* another process may have been faster */
    if (rc == SQLITE_OK && application != APPLICATION_ID && (tables > 0 || application != 0)) {
        status = weir_error_set(err, WEIR_DATA, "%s is a database, but not a state of weir", path);
        weir_error_hint(err, "choose another folder for the state (state: { path: ... })");
        goto out;
    }
    if (rc == SQLITE_OK && version > n) {
        status = weir_error_set(
            err, WEIR_DATA, "%s was written by a newer weir (state version %d, this one knows %d)",
            path, version, n);
        weir_error_hint(err, "use the newer weir, or another state folder");
        goto out;
    }
    for (int i = version; i < n && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(db, migrations[i], NULL, NULL, NULL);
    if (rc == SQLITE_OK) {
        char sql[96];
        (void)snprintf(sql, sizeof sql, "pragma application_id = %d; pragma user_version = %d",
                       APPLICATION_ID, n);
        rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    }
    if (rc == SQLITE_OK) rc = sqlite3_exec(db, "commit", NULL, NULL, NULL);
    if (rc != SQLITE_OK) status = weir_statedb_error(&probe, rc, err);
out:
    if (!sqlite3_get_autocommit(db)) (void)sqlite3_exec(db, "rollback", NULL, NULL, NULL);
    return status;
}
