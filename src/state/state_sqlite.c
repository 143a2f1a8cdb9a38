/* Opening the SQLite store; statements, errors, transactions. */
#include "state/state_sqlite.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "io/file.h"
#include "io/os.h"

/* ---- errors -------------------------------------------------------------------------------- */

weir_status weir_statedb_error(weir_statedb *d, int code, weir_error *err) {
    weir_status status = WEIR_IO;
    const char *hint = NULL;
    bool retriable = false;
    int system = d->db ? sqlite3_system_errno(d->db) : 0;
    switch (code & 0xff) {
    case SQLITE_FULL:
        status = WEIR_RESOURCE;
        hint = "free some space on its file system and run again";
        break;
    case SQLITE_NOMEM: return weir_error_nomem(err);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        retriable = true;
        hint = "another process writes the state for a long time: try again";
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        status = WEIR_DATA;
        hint = "restore the state folder from a backup, or move it away: the next run then begins "
               "without history, list of rejects and ledger of files (incremental steps read all "
               "again), and what an interrupted run had begun is not completed";
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: hint = "check the permissions of the state folder and its files"; break;
    case SQLITE_INTERRUPT: status = WEIR_CANCELLED; break;
    case SQLITE_IOERR: hint = "the device reports an error: look into the system log"; break;
    default: status = WEIR_INTERNAL; break;
    }
    if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC) d->broken = true;
    const char *text = d->db ? sqlite3_errmsg(d->db) : sqlite3_errstr(code);
    if ((code & 0xff) == SQLITE_IOERR && system != 0)
        status = weir_error_errno(err, system, "the state %s: %s", d->path, text);
    else
        weir_error_set(err, status, "the state %s: %s", d->path, text);
    if (err) {
        err->retriable = retriable;
        err->vendor_code = code;
        err->fatal = d->broken;
    }
    if (hint) weir_error_hint(err, "%s", hint);
    return status;
}

/* ---- statements ---------------------------------------------------------------------------- */

static weir_status prepare(weir_statedb *d, const char *sql, sqlite3_stmt **out, weir_error *err) {
    for (size_t i = 0; i < d->n_statements; i++)
        if (d->statements[i].sql == sql) {
            *out = d->statements[i].stmt;
            sqlite3_reset(*out);
            return WEIR_OK;
        }
    if (d->n_statements == WEIR_STATE_STATEMENTS)
        return weir_error_set(err, WEIR_INTERNAL, "the state's cache of statements is too small");
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v3(d->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (rc != SQLITE_OK) return weir_statedb_error(d, rc, err);
    d->statements[d->n_statements].sql = sql;
    d->statements[d->n_statements++].stmt = stmt;
    *out = stmt;
    return WEIR_OK;
}

static int bind_one(sqlite3_stmt *stmt, int i, char type, va_list *args) {
    switch (type) {
    case 't':
    case 'n': {
        const char *text = va_arg(*args, const char *);
        if (!text && type == 'n') return sqlite3_bind_null(stmt, i);
        return sqlite3_bind_text(stmt, i, text ? text : "", -1, SQLITE_TRANSIENT);
    }
    case 'i': return sqlite3_bind_int64(stmt, i, va_arg(*args, int64_t));
    case 'u': return sqlite3_bind_int64(stmt, i, weir_statedb_signed(va_arg(*args, uint64_t)));
    case 'd': return sqlite3_bind_double(stmt, i, va_arg(*args, double));
    case 'b': {
        const weir_slice *s = va_arg(*args, const weir_slice *);
        return sqlite3_bind_blob64(stmt, i, s->size ? s->data : "", s->size, SQLITE_TRANSIENT);
    }
    default: return SQLITE_MISUSE;
    }
}

static weir_status bind_all(weir_statedb *d, sqlite3_stmt **out, const char *sql, const char *types,
                            va_list *args, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    weir_status status = prepare(d, sql, &stmt, err);
    if (status != WEIR_OK) return status;
    int rc = SQLITE_OK;
    for (int i = 0; types[i] && rc == SQLITE_OK; i++) rc = bind_one(stmt, i + 1, types[i], args);
    if (rc != SQLITE_OK) return weir_statedb_error(d, rc, err);
    *out = stmt;
    return WEIR_OK;
}

weir_status weir_statedb_bind(weir_statedb *d, sqlite3_stmt **out, weir_error *err, const char *sql,
                              const char *types, ...) {
    va_list args;
    va_start(args, types);
    weir_status status = bind_all(d, out, sql, types, &args, err);
    va_end(args);
    return status;
}

weir_status weir_statedb_step(weir_statedb *d, sqlite3_stmt *stmt, bool *row, weir_error *err) {
    int rc = sqlite3_step(stmt);
    *row = rc == SQLITE_ROW;
    if (rc == SQLITE_ROW) return WEIR_OK;
    if (rc == SQLITE_DONE) {
        sqlite3_reset(stmt);
        return WEIR_OK;
    }
    weir_status status = weir_statedb_error(d, sqlite3_extended_errcode(d->db), err);
    sqlite3_reset(stmt);
    return status;
}

weir_status weir_statedb_run(weir_statedb *d, weir_error *err, const char *sql, const char *types,
                             ...) {
    sqlite3_stmt *stmt = NULL;
    va_list args;
    va_start(args, types);
    weir_status status = bind_all(d, &stmt, sql, types, &args, err);
    va_end(args);
    bool row = status == WEIR_OK;
    while (row) {
        status = weir_statedb_step(d, stmt, &row, err);
        if (status != WEIR_OK) break;
    }
    return status;
}

weir_status weir_statedb_number(weir_statedb *d, int64_t *out, bool *found, weir_error *err,
                                const char *sql, const char *types, ...) {
    sqlite3_stmt *stmt = NULL;
    va_list args;
    va_start(args, types);
    weir_status status = bind_all(d, &stmt, sql, types, &args, err);
    va_end(args);
    bool row = false;
    if (status == WEIR_OK) status = weir_statedb_step(d, stmt, &row, err);
    if (status == WEIR_OK && row) *out = sqlite3_column_int64(stmt, 0);
    if (status == WEIR_OK && found) *found = row;
    if (row) sqlite3_reset(stmt);
    return status;
}

const char *weir_statedb_text(sqlite3_stmt *stmt, int column, weir_arena *arena) {
    const unsigned char *text = sqlite3_column_text(stmt, column);
    int n = sqlite3_column_bytes(stmt, column);
    if (!text) return sqlite3_column_type(stmt, column) == SQLITE_NULL ? "" : NULL;
    return weir_arena_strndup(arena, (const char *)text, (size_t)n);
}

bool weir_statedb_bytes(sqlite3_stmt *stmt, int column, weir_arena *arena, weir_slice *out) {
    const void *p = sqlite3_column_blob(stmt, column);
    size_t n = (size_t)sqlite3_column_bytes(stmt, column);
    *out = (weir_slice){NULL, 0};
    if (n == 0) return true;
    if (!p) return false;
    char *copy = weir_arena_alloc(arena, n);
    if (!copy) return false;
    memcpy(copy, p, n);
    *out = (weir_slice){copy, n};
    return true;
}

/* ---- transactions -------------------------------------------------------------------------- */

weir_status weir_statedb_begin(weir_statedb *d, bool writes, weir_error *err) {
    pthread_mutex_lock(&d->mutex);
    weir_status status = WEIR_OK;
    if (writes && d->broken) {
        status = weir_error_set(err, WEIR_IO,
                                "the state %s could not be made durable and takes no more changes",
                                d->path);
        if (err) err->fatal = true;
        weir_error_hint(err, "look into the system log for disk errors, then run again");
    } else {
        int rc = sqlite3_exec(d->db, writes ? "begin immediate" : "begin", NULL, NULL, NULL);
        if (rc != SQLITE_OK) status = weir_statedb_error(d, sqlite3_extended_errcode(d->db), err);
    }
    if (status != WEIR_OK) {
        if (!sqlite3_get_autocommit(d->db)) (void)sqlite3_exec(d->db, "rollback", NULL, NULL, NULL);
        pthread_mutex_unlock(&d->mutex);
    }
    return status;
}

weir_status weir_statedb_end(weir_statedb *d, weir_status status, weir_error *err) {
    for (size_t i = 0; i < d->n_statements;
         i++) /* what a failure left open would block the commit */
        if (sqlite3_stmt_busy(d->statements[i].stmt)) sqlite3_reset(d->statements[i].stmt);
    if (status == WEIR_OK && sqlite3_exec(d->db, "commit", NULL, NULL, NULL) != SQLITE_OK)
        status = weir_statedb_error(d, sqlite3_extended_errcode(d->db), err);
    if (!sqlite3_get_autocommit(d->db)) (void)sqlite3_exec(d->db, "rollback", NULL, NULL, NULL);
    pthread_mutex_unlock(&d->mutex);
    return status;
}

int64_t weir_statedb_now(int64_t given) {
    return given != 0 ? given : weir_clock_wall_us();
}

/* ---- opening ------------------------------------------------------------------------------- */

static void close_db(weir_state *s) {
    weir_statedb *d = weir_statedb_of(s);
    for (size_t i = 0; i < d->n_statements; i++) sqlite3_finalize(d->statements[i].stmt);
    if (d->db) (void)sqlite3_close_v2(d->db);
    pthread_mutex_destroy(&d->mutex);
    weir_free(d->folder);
    weir_free(d->path);
    weir_free(d);
}

/* Commits must survive power loss.  WAL with full syncs does that with one fsync; where WAL cannot
 * be had (no shared memory), a rollback journal whose removal is synced too. */
static int set_journal(sqlite3 *db) {
    sqlite3_stmt *stmt = NULL;
    bool wal = false;
    int rc = SQLITE_BUSY;
    /* Two processes that open a new state at once: switching to WAL does not wait by itself. */
    for (int i = 0; i < 200 && (rc & 0xff) == SQLITE_BUSY; i++) {
        if (i > 0) sqlite3_sleep(20);
        rc = sqlite3_prepare_v2(db, "pragma journal_mode=wal", -1, &stmt, NULL);
        if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
        if (rc == SQLITE_ROW) {
            const unsigned char *mode = sqlite3_column_text(stmt, 0);
            wal = mode && strcmp((const char *)mode, "wal") == 0;
            rc = SQLITE_OK;
        }
        sqlite3_finalize(stmt);
        stmt = NULL;
    }
    if (rc != SQLITE_OK) return rc;
    if (wal) return sqlite3_exec(db, "pragma synchronous=full", NULL, NULL, NULL);
    return sqlite3_exec(db, "pragma journal_mode=delete; pragma synchronous=extra", NULL, NULL,
                        NULL);
}

static weir_status configure(weir_statedb *d, weir_error *err) {
    static const char settings[] =
        "pragma foreign_keys=on; pragma temp_store=memory; pragma cache_size=-2000;"
        "pragma trusted_schema=off; pragma cell_size_check=on";
    sqlite3_extended_result_codes(d->db, 1);
    sqlite3_busy_timeout(d->db, WEIR_STATE_BUSY_MS);
    (void)sqlite3_db_config(d->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
    int rc = sqlite3_exec(d->db, settings, NULL, NULL, NULL);
    if (rc == SQLITE_OK) rc = set_journal(d->db);
    return rc == SQLITE_OK ? WEIR_OK : weir_statedb_error(d, sqlite3_extended_errcode(d->db), err);
}

static weir_status open_db(weir_statedb *d, bool create, weir_error *err) {
    weir_status status = WEIR_OK;
    const char *vfs;
    struct stat st;
    bool existed = stat(d->path, &st) == 0;
    if (!existed && !create) {
        status = weir_os_error(err, ENOENT, "open the state", d->path);
        weir_error_hint(err, "nothing has been run with this state yet");
        return status;
    }
    if (create) WEIR_TRY(weir_file_make_folder(d->folder, err));
    WEIR_TRY(weir_statedb_vfs(&vfs, err));
    int rc = sqlite3_open_v2(
        d->path, &d->db,
        SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0) | SQLITE_OPEN_NOMUTEX, vfs);
    if (rc != SQLITE_OK) {
        status = weir_statedb_error(d, rc, err);
        goto out;
    }
    WEIR_TRY(configure(d, err));
    WEIR_TRY(
        weir_statedb_migrate(d->db, d->path, weir_statedb_migrations, weir_statedb_version, err));
    if (!existed) WEIR_TRY(weir_os_fsync_folder(d->folder, err)); /* the names of the new files */
out:
    return status;
}

weir_status weir_state_open(const char *folder, bool create, weir_state **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_statedb *d = weir_alloc_zero(1, sizeof *d);
    weir_buf path = {0};
    if (!d) return weir_error_nomem(err);
    pthread_mutex_init(&d->mutex, NULL);
    d->folder = weir_strdup(folder);
    if (!d->folder || !weir_buf_printf(&path, "%s/state.db", folder) ||
        !weir_buf_add(&path, "", 1)) {
        weir_buf_clear(&path);
        status = weir_error_nomem(err);
        goto out;
    }
    d->path = path.data;
    d->base = (weir_state){.store = &weir_statedb_store, .place = d->folder};
    WEIR_TRY(open_db(d, create, err));
    *out = &d->base;
    return WEIR_OK;
out:
    close_db(&d->base);
    return status;
}

const weir_state_store weir_statedb_store = {
    .abi = WEIR_STATE_ABI,
    .struct_size = sizeof(weir_state_store),
    .name = "sqlite",
    .close = close_db,
    .run_exists = weir_statedb_run_exists,
    .lease_acquire = weir_statedb_lease_acquire,
    .lease_renew = weir_statedb_lease_renew,
    .lease_release = weir_statedb_lease_release,
    .run_begin = weir_statedb_run_begin,
    .run_end = weir_statedb_run_end,
    .step_put = weir_statedb_step_put,
    .quality_add = weir_statedb_quality_add,
    .events_add = weir_statedb_events_add,
    .document_put = weir_statedb_document_put,
    .epoch_begin = weir_statedb_epoch_begin,
    .epoch_intent = weir_statedb_epoch_intent,
    .epoch_move = weir_statedb_epoch_move,
    .epochs_unfinished = weir_statedb_epochs_unfinished,
    .position_get = weir_statedb_position_get,
    .position_set = weir_statedb_position_set,
    .step_reset = weir_statedb_step_reset,
    .file_get = weir_statedb_file_get,
    .files_set = weir_statedb_files_set,
    .reject_put = weir_statedb_reject_put,
    .reject_mark = weir_statedb_reject_mark,
    .value_put = weir_statedb_value_put,
    .value_get = weir_statedb_value_get,
    .query = weir_statedb_query,
    .prune = weir_statedb_prune,
    .check = weir_statedb_check,
};
