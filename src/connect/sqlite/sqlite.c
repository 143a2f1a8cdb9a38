#include "connect/sqlite/sqlite.h"

#include <stdlib.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fault.h"
#include "state/vfs.h"

static const weir_option options[] = {{.name = "path",
                                       .type = WEIR_OPT_STRING,
                                       .flags = WEIR_OPT_REQUIRED,
                                       .offset = offsetof(weir_sqlite_config, path),
                                       .since = "0.1",
                                       .help = "the database file"},
                                      {.name = "busy_timeout",
                                       .type = WEIR_OPT_DURATION,
                                       .fallback = "10s",
                                       .offset = offsetof(weir_sqlite_config, busy_us),
                                       .since = "0.1",
                                       .help = "how long to wait for another program's lock"},
                                      {0}};

static const weir_option source_options[] = {
    {.name = "table",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_sqlite_source_config, table),
     .since = "0.1",
     .help = "table or view to read"},
    {.name = "query",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(weir_sqlite_source_config, query),
     .since = "0.1",
     .help = "select statement to read instead of a table"},
    {0}};

static const weir_option sink_options[] = {
    {.name = "table",
     .type = WEIR_OPT_STRING,
     .flags = WEIR_OPT_REQUIRED,
     .offset = offsetof(weir_sqlite_sink_config, table),
     .since = "0.1",
     .help = "table to load; made from the columns when it is missing"},
    {0}};

static const char *const extensions[] = {".sqlite", ".sqlite3", ".db", NULL};

static weir_status check(const void *connection, const weir_env *env, weir_error *err) {
    sqlite3 *db = NULL;
    weir_status status = weir_sqlite_open(connection, env, false, &db, err);
    if (status == WEIR_OK)
        status =
            weir_sqlite_exec(db, "reading the database", "select count(*) from sqlite_master", err);
    sqlite3_close(db);
    return status;
}

const weir_connector weir_connector_sqlite = {
    .abi = WEIR_CONNECTOR_ABI,
    .struct_size = sizeof(weir_connector),
    .name = "sqlite",
    .summary = "tables and queries of a SQLite database file",
    .roles = WEIR_ROLE_SOURCE | WEIR_ROLE_SINK | WEIR_ROLE_CATALOG,
    .caps = WEIR_CAP_STABLE | WEIR_CAP_SINGLE_WRITER | WEIR_CAP_TXN | WEIR_CAP_CURSOR,
    .modes = 1u << WEIR_MODE_APPEND | 1u << WEIR_MODE_REPLACE | 1u << WEIR_MODE_TRUNCATE |
             1u << WEIR_MODE_UPSERT,
    .default_mode = WEIR_MODE_APPEND,
    .extensions = extensions,
    .options = options,
    .config_size = sizeof(weir_sqlite_config),
    .source_options = source_options,
    .source_config_size = sizeof(weir_sqlite_source_config),
    .sink_options = sink_options,
    .sink_config_size = sizeof(weir_sqlite_sink_config),
    .check = check,
    .catalog = &weir_sqlite_catalog_ops,
    .source = &weir_sqlite_source_ops,
    .sink = &weir_sqlite_sink_ops,
    .drift = WEIR_DRIFT_NEW_COLUMNS(WEIR_DRIFT_FAIL) | WEIR_DRIFT_NEW_COLUMNS(WEIR_DRIFT_EVOLVE) |
             WEIR_DRIFT_NEW_COLUMNS(WEIR_DRIFT_DROP) | WEIR_DRIFT_TYPE_CHANGE(WEIR_DRIFT_FAIL) |
             WEIR_DRIFT_TYPE_CHANGE(WEIR_DRIFT_DROP) | WEIR_DRIFT_MISSING(WEIR_DRIFT_FAIL) |
             WEIR_DRIFT_MISSING(WEIR_DRIFT_EVOLVE),
};

/* ---- dialect ------------------------------------------------------------------------------- */

/* Declared names are chosen for their affinity: a decimal must not become a REAL, so it is TEXT;
 * uint64 gets no affinity at all, so that integers stay integers and text stays text. */
static bool column_type(const weir_type *t, weir_buf *out) {
    const char *name = "text";
    if (t->id == WEIR_BOOL || (weir_type_is_integer(t) && t->id != WEIR_UINT64))
        name = "integer";
    else if (weir_type_is_float(t))
        name = "real";
    else if (t->id == WEIR_BINARY || t->id == WEIR_UINT64)
        name = "blob";
    return weir_buf_adds(out, name);
}

const weir_sql_dialect weir_sqlite_dialect = {
    .name = "sqlite",
    .quote = '"',
    .ddl_in_transaction = true,
    .merge = WEIR_SQL_ON_CONFLICT,
    .text_type = "text",
    .text_order = " collate weir_value",
    .distinct = " collate binary is not ",
    .column_type = column_type,
};

static bool contains(const char *text, const char *word) {
    size_t n = strlen(word);
    for (; *text; text++)
        if (strncasecmp(text, word, n) == 0) return true;
    return false;
}

/* Section 3.1 of SQLite's "Datatypes" for the affinity; before it the names that carry a meaning.
 */
static const weir_type *named_type(const char *declared) {
    if (!declared || !*declared) return NULL;
    const weir_type *exact = NULL;
    if (contains(declared, "decimal") || contains(declared, "numeric")) {
        const char *open = strchr(declared, '(');
        char *end = NULL;
        long p = open ? strtol(open + 1, &end, 10) : 0;
        long s = end && *end == ',' ? strtol(end + 1, &end, 10) : 0;
        if (p >= 1 && p <= WEIR_DECIMAL_MAX_PRECISION && s >= 0 && s <= p &&
            weir_type_decimal((int)p, (int)s, &exact, NULL) == WEIR_OK)
            return exact;
        return weir_type_of(WEIR_STRING);
    }
    if (contains(declared, "bool")) return weir_type_of(WEIR_BOOL);
    if (contains(declared, "timestamptz")) return weir_type_of(WEIR_TIMESTAMPTZ);
    if (contains(declared, "datetime") || contains(declared, "timestamp"))
        return weir_type_of(WEIR_TIMESTAMP);
    if (strcasecmp(declared, "date") == 0) return weir_type_of(WEIR_DATE);
    if (strcasecmp(declared, "time") == 0) return weir_type_of(WEIR_TIME);
    if (contains(declared, "int")) return weir_type_of(WEIR_INT64);
    if (contains(declared, "char") || contains(declared, "clob") || contains(declared, "text"))
        return weir_type_of(WEIR_STRING);
    if (contains(declared, "blob")) return weir_type_of(WEIR_BINARY);
    if (contains(declared, "real") || contains(declared, "floa") || contains(declared, "doub"))
        return weir_type_of(WEIR_FLOAT64);
    return NULL;
}

const weir_type *weir_sqlite_type_of(const char *declared) {
    const weir_type *type = named_type(declared);
    return type ? type : weir_type_of(WEIR_STRING);
}

bool weir_sqlite_type_tells(const char *declared) {
    return named_type(declared) != NULL;
}

/* ---- opening and errors -------------------------------------------------------------------- */

/* Set by the busy handler when it gave up because of a stop.  The call that waited returns
 * SQLITE_BUSY right after it on the same thread, and weir_sqlite_error takes it away. */
static _Thread_local bool wait_cancelled;

/* What the user can do; NULL = the message says it. */
static const char *remedy_of(int kind) {
    switch (kind) {
    case SQLITE_FULL: return "make room on the disk; nothing was committed";
    case SQLITE_BUSY: return "another program holds a lock; raise busy_timeout or run again";
    case SQLITE_NOTADB: return "the file is no SQLite database, or it is encrypted; check path";
    case SQLITE_CORRUPT: return "restore it from a backup; pragma integrity_check tells more";
    case SQLITE_READONLY:
        return "SQLite writes the file and a journal beside it: allow this user to write the file "
               "and its folder, or choose another path";
    case SQLITE_CANTOPEN:
        return "check that path is a file, that its folder exists, and that this user may read and "
               "write both";
    case SQLITE_PERM:
    case SQLITE_AUTH: return "check the permissions of the file and its folder";
    default: return NULL;
    }
}

weir_status weir_sqlite_error(sqlite3 *db, weir_error *err, const char *doing) {
    int code = db ? sqlite3_extended_errcode(db) : SQLITE_NOMEM, kind = code & 0xff;
    const char *message = db ? sqlite3_errmsg(db) : "out of memory";
    weir_status status;
    if (kind == SQLITE_BUSY && wait_cancelled) {
        wait_cancelled = false;
        weir_error_set(err, WEIR_CANCELLED, "%s: stopped while another program held a lock", doing);
        return WEIR_CANCELLED;
    }
    switch (kind) {
    case SQLITE_NOMEM: return weir_error_nomem(err);
    case SQLITE_FULL: status = WEIR_RESOURCE; break;
    case SQLITE_INTERRUPT: status = WEIR_CANCELLED; break;
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: status = WEIR_DATA; break;
    case SQLITE_ERROR: status = WEIR_USAGE; break;
    default: status = WEIR_IO; break;
    }
    weir_error_set(err, status, "%s: %s", doing, message);
    if (err) {
        err->vendor_code = code;
        err->retriable = kind == SQLITE_BUSY || kind == SQLITE_LOCKED;
    }
    const char *remedy = remedy_of(kind);
    if (remedy) weir_error_hint(err, "%s", remedy);
    bool of_file = kind == SQLITE_IOERR || kind == SQLITE_FULL || kind == SQLITE_CANTOPEN ||
                   kind == SQLITE_READONLY || kind == SQLITE_CORRUPT || kind == SQLITE_NOTADB;
    const char *file = db && of_file ? sqlite3_db_filename(db, "main") : NULL;
    if (file && *file) weir_error_at(err, file, 0, 0);
    return status;
}

weir_status weir_sqlite_exec(sqlite3 *db, const char *doing, const char *sql, weir_error *err) {
    return sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK ? WEIR_OK
                                                                : weir_sqlite_error(db, err, doing);
}

weir_status weir_sqlite_prepare(sqlite3 *db, const char *doing, const char *sql, sqlite3_stmt **out,
                                weir_error *err) {
    return sqlite3_prepare_v2(db, sql, -1, out, NULL) == SQLITE_OK
               ? WEIR_OK
               : weir_sqlite_error(db, err, doing);
}

static int cancelled(void *cancel) {
    return weir_cancel_requested(cancel);
}

#define WAIT_STEP_US 10000

/* Who waits for another program's lock, and for how long. */
typedef struct patience {
    weir_cancel *cancel;
    int64_t busy_us, until_us; /* until_us: of the wait that goes on */
} patience;

/* SQLite's own busy timeout sleeps through a stop; this one does not.  0 = give up. */
static int busy(void *context, int waited) {
    patience *p = context;
    int64_t now = weir_clock_monotonic_us();
    if (waited == 0) p->until_us = now + p->busy_us, wait_cancelled = false;
    if (weir_cancel_requested(p->cancel)) {
        wait_cancelled = true;
        return 0;
    }
    if (now >= p->until_us) return 0;
    int64_t left = p->until_us - now;
    weir_clock_sleep_us(left < WAIT_STEP_US ? left : WAIT_STEP_US);
    return 1;
}

/* Whether the folder of a file is there and may be written. */
static bool can_be_made(const char *path) {
    const char *slash = strrchr(path, '/');
    char *folder = slash ? weir_strndup(path, slash == path ? 1 : (size_t)(slash - path)) : NULL;
    bool yes = slash && !folder ? false : access(folder ? folder : ".", W_OK | X_OK) == 0;
    weir_free(folder);
    return yes;
}

weir_status weir_sqlite_open(const weir_sqlite_config *config, const weir_env *env, bool writable,
                             sqlite3 **out, weir_error *err) {
    const char *path = config->path;
    if (path[0] != '/' && env->folder && env->folder[0] && strcmp(env->folder, ".") != 0) {
        path = weir_arena_printf(env->arena, "%s/%s", env->folder, path);
        if (!path) return weir_error_nomem(err);
    }
    struct stat st;
    bool exists = stat(path, &st) == 0;
    if (!writable && !exists) {
        weir_error_set(err, WEIR_IO, "there is no database %s", path);
        weir_error_hint(err, "check path; a relative one counts from the pipeline's folder");
        return WEIR_IO;
    }
    patience *wait = weir_arena_zero(env->arena, 1, sizeof *wait);
    if (!wait) return weir_error_nomem(err);
    sqlite3 *db = NULL;
    int flags = writable ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
    if (writable && env->look_only) {
        flags = SQLITE_OPEN_READWRITE;
        if (!exists && can_be_made(path)) path = ":memory:"; /* as empty as the one to come */
    }
    const char *vfs = NULL; /* the system's; the fault tests reach this database as well */
    if (weir_fault_on && weir_statedb_vfs(&vfs, err) != WEIR_OK) return WEIR_INTERNAL;
    if (sqlite3_open_v2(path, &db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, vfs) !=
        SQLITE_OK) {
        weir_status status = weir_sqlite_error(db, err, "opening the database");
        weir_error_at(err, path, 0, 0);
        sqlite3_close(db);
        return status;
    }
    *wait = (patience){.cancel = env->cancel, .busy_us = config->busy_us};
    sqlite3_busy_handler(db, busy, wait);
    sqlite3_progress_handler(db, 10000, cancelled, env->cancel);
    sqlite3_create_collation(db, "weir_value", SQLITE_UTF8, NULL, weir_sqlite_order);
    weir_status status =
        weir_sqlite_exec(db, "opening the database", "pragma cache_size = -8192", err);
    if (status != WEIR_OK) {
        weir_error_at(err, path, 0, 0);
        sqlite3_close(db);
        return status;
    }
    *out = db;
    return WEIR_OK;
}

/* ---- catalog ------------------------------------------------------------------------------- */

static weir_status list(const void *connection, const weir_env *env, weir_buf *out,
                        weir_error *err) {
    sqlite3 *db = NULL;
    sqlite3_stmt *s = NULL;
    weir_status status;
    WEIR_TRY(weir_sqlite_open(connection, env, false, &db, err));
    WEIR_TRY(
        weir_sqlite_prepare(db, "listing the tables",
                            "select name from sqlite_master where type in ('table', 'view') and "
                            "name not like 'sqlite\\_%' escape '\\' order by name",
                            &s, err));
    int rc;
    while ((rc = sqlite3_step(s)) == SQLITE_ROW)
        if (!weir_buf_printf(out, "%s\n", (const char *)sqlite3_column_text(s, 0))) {
            status = weir_error_nomem(err);
            goto out;
        }
    if (rc != SQLITE_DONE) status = weir_sqlite_error(db, err, "listing the tables");
out:
    sqlite3_finalize(s);
    sqlite3_close(db);
    return status;
}

static weir_status describe(const void *connection, const weir_env *env, const char *table,
                            weir_schema **out, weir_error *err) {
    const weir_sqlite_source_config config = {.table = table};
    weir_source_request request = {.connection = connection, .config = &config};
    void *source = NULL;
    weir_status status = weir_sqlite_source_ops.open(&request, env, &source, err);
    if (status == WEIR_OK) status = weir_sqlite_source_ops.schema(source, NULL, out, err);
    weir_sqlite_source_ops.close(source);
    return status;
}

const weir_catalog_ops weir_sqlite_catalog_ops = {.list = list, .describe = describe};
