/* Loading a table: one transaction an epoch, whose first statement is the token.
 *
 * Rows are bound straight from the columns.  An upsert merges row by row within the transaction, in
 * source order, so the last of equal keys wins; with `version` the newer one.  The worker has
 * already turned what SQLite has no type for into text, so the one writer only binds and steps.
 *
 * A row that a constraint refuses undoes only itself (SQLite's ABORT) and becomes a reject.
 */
#include <math.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/clock.h"
#include "column/kernel.h"
#include "connect/sqlite/sink.h"
#include "text/time.h"

/* ---- opening ------------------------------------------------------------------------------- */

static weir_status stored_schema(sink *s, weir_error *err) {
    weir_field *fields = weir_alloc_zero(s->schema->n_fields + 1u, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    for (uint32_t i = 0; i < s->schema->n_fields; i++) {
        fields[i] = s->schema->fields[i];
        if (weir_sqlite_kept_as_text(fields[i].type)) fields[i].type = weir_type_of(WEIR_STRING);
    }
    weir_status status = weir_schema_new(fields, s->schema->n_fields, &s->stored, err);
    weir_free(fields);
    return status;
}

static void sink_close(void *object) {
    sink *s = object;
    if (!s) return;
    if (s->begun) (void)sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
    sqlite3_close(s->db);
    weir_schema_release(s->input);
    weir_schema_release(s->schema);
    weir_schema_release(s->stored);
    weir_free(s->from);
    weir_free(s->drift);
    weir_free(s);
}

static weir_status sink_open(const weir_sink_request *request, const weir_env *env,
                             weir_schema *schema, void **out, weir_error *err) {
    sink *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    const weir_sqlite_config *connection = request->connection;
    weir_status status;
    s->request = *request;
    s->env = env;
    s->config = request->config;
    s->input = weir_schema_retain(schema);
    WEIR_TRY(weir_sql_check_request(request, schema, err));
    WEIR_TRY(
        weir_sql_table_parse(&weir_sqlite_dialect, s->config->table, env->arena, &s->table, err));
    WEIR_TRY(weir_sqlite_check_names(schema, err));
    WEIR_TRY(weir_sqlite_open(connection, env, true, &s->db, err));
    WEIR_TRY(weir_sqlite_check_columns(s, err));
    WEIR_TRY(weir_sqlite_decide_drift(s, err));
    WEIR_TRY(stored_schema(s, err));
    bool keyed =
        request->mode == WEIR_MODE_UPSERT || (request->mode == WEIR_MODE_REPLACE && request->key.n);
    if (s->exists && keyed) WEIR_TRY(weir_sqlite_check_key(s, err));
    *out = s;
    return WEIR_OK;
out:
    if (err && !err->source[0]) weir_error_at(err, connection->path, 0, 0);
    sink_close(s);
    return status;
}

/* ---- statements ---------------------------------------------------------------------------- */

static weir_status create_sql(sink *s, weir_buf *sql, weir_error *err) {
    weir_opt_strings none = {0};
    bool keyed = s->request.mode == WEIR_MODE_UPSERT || s->request.mode == WEIR_MODE_REPLACE;
    return weir_sql_create_table(&weir_sqlite_dialect, &s->table, s->schema,
                                 keyed ? &s->request.key : &none, sql, err);
}

static weir_status load_sql(sink *s, weir_buf *sql, weir_error *err) {
    if (s->request.mode != WEIR_MODE_UPSERT)
        return weir_sql_insert(&weir_sqlite_dialect, &s->table, s->stored, sql, err);
    return weir_sql_upsert(&weir_sqlite_dialect, &s->table, s->schema, &s->request.key,
                           s->request.version, sql, err);
}

/* The rows of an existing table go in the transaction that brings the new ones: readers see the old
 * ones until the commit, and keys, checks, defaults, indexes, triggers and views stay. */
static bool empties(const sink *s) {
    return s->request.mode == WEIR_MODE_TRUNCATE || s->request.mode == WEIR_MODE_REPLACE;
}

static weir_status delete_sql(sink *s, weir_buf *sql, weir_error *err) {
    if (!weir_buf_adds(sql, "delete from ")) return weir_error_nomem(err);
    return weir_sql_quote_table(&weir_sqlite_dialect, &s->table, sql, err);
}

static weir_status sink_plan(void *object, weir_buf *out, weir_error *err) {
    sink *s = object;
    weir_status status = WEIR_OK;
    if (!s->exists) {
        WEIR_TRY(create_sql(s, out, err));
        if (!weir_buf_adds(out, "\n")) return weir_error_nomem(err);
    }
    WEIR_TRY(weir_sqlite_evolve(s, true, out, err));
    if (s->exists && empties(s)) {
        WEIR_TRY(delete_sql(s, out, err));
        if (!weir_buf_adds(out, "\n")) return weir_error_nomem(err);
    }
    WEIR_TRY(load_sql(s, out, err));
    if (!weir_buf_adds(out, "\n")) status = weir_error_nomem(err);
out:
    return status;
}

static weir_status run_built(sink *s, const char *doing, weir_status built, weir_buf *sql,
                             weir_error *err) {
    weir_status status =
        built == WEIR_OK ? weir_sqlite_exec(s->db, doing, weir_buf_cstr(sql), err) : built;
    sql->size = 0;
    return status;
}

static weir_status insert_token(sink *s, const weir_epoch *epoch, weir_error *err) {
    weir_buf sql = {0};
    sqlite3_stmt *stmt = NULL;
    weir_status status;
    WEIR_TRY(run_built(s, "making the table of commit tokens",
                       weir_sql_token_create(&weir_sqlite_dialect, &sql, err), &sql, err));
    WEIR_TRY(weir_sql_token_insert(&weir_sqlite_dialect, &sql, err));
    WEIR_TRY(
        weir_sqlite_prepare(s->db, "writing the commit token", weir_buf_cstr(&sql), &stmt, err));
    char now[64];
    size_t n = weir_timestamptz_format(weir_clock_wall_us(), NULL, 'T', now);
    sqlite3_bind_text(stmt, 1, epoch->token, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, epoch->pipeline, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 3, epoch->step, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 4, epoch->sink, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 5, (sqlite3_int64)epoch->number);
    sqlite3_bind_text(stmt, 6, epoch->run_id, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 7, now, (int)n, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        status = weir_sqlite_error(s->db, err, "writing the commit token");
out:
    sqlite3_finalize(stmt);
    weir_buf_clear(&sql);
    return status;
}

static weir_status prepare_target(sink *s, weir_buf *sql, weir_error *err) {
    if (!s->exists) return run_built(s, "making the table", create_sql(s, sql, err), sql, err);
    weir_status status = weir_sqlite_evolve(s, false, sql, err);
    if (status != WEIR_OK || !empties(s)) return status;
    return run_built(s, "deleting the old rows", delete_sql(s, sql, err), sql, err);
}

static weir_status sink_begin(void *object, const weir_epoch *epoch, weir_error *err) {
    sink *s = object;
    weir_buf sql = {0};
    weir_status status;
    WEIR_TRY(weir_sqlite_exec(s->db, "starting the transaction", "begin immediate", err));
    s->begun = true;
    WEIR_TRY(insert_token(s, epoch, err));
    WEIR_TRY(prepare_target(s, &sql, err));
out:
    if (status != WEIR_OK && err && !err->source[0])
        weir_error_at(err, ((const weir_sqlite_config *)s->request.connection)->path, 0, 0);
    weir_buf_clear(&sql);
    return status;
}

/* ---- encoding: what SQLite has no type for becomes text, on the worker ----------------------- */

static weir_status encoder_new(void *object, weir_ctx *ctx, void **out, weir_error *err) {
    (void)ctx;
    (void)err;
    *out = object; /* nothing of its own */
    return WEIR_OK;
}

static weir_status encode_column(sink *s, weir_ctx *ctx, weir_batch *b, uint32_t i,
                                 weir_column **out, weir_error *err) {
    const weir_type *want = s->stored->fields[i].type;
    weir_column *c = b->columns[s->from[i]];
    weir_rows rows = weir_rows_of(b);
    if (c->type == want) {
        *out = weir_column_retain(c);
        return WEIR_OK;
    }
    weir_blame blame = {b->failures, "load", s->schema->fields[i].name, "type", false};
    return weir_cast(c, want, rows, NULL, &blame, ctx, out, err);
}

static weir_status refuse_nan(sink *s, weir_batch *b, uint32_t i, weir_error *err) {
    const weir_column *c = b->columns[s->from[i]];
    weir_failures *failures;
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        if (weir_column_is_null(c, row)) continue;
        const weir_column *base = weir_column_base(c);
        uint32_t slot = weir_column_slot(c, row);
        double v = c->type->id == WEIR_FLOAT32 ? ((const float *)base->values)[slot]
                                               : ((const double *)base->values)[slot];
        if (!isnan(v)) continue;
        weir_status status = weir_batch_failures(b, &failures, err);
        if (status == WEIR_OK)
            status = weir_failures_add(failures, row, "load", s->schema->fields[i].name, "nan", err,
                                       "SQLite would store NaN as null");
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* An index takes every null for another value: such a row would be added again by each run. */
static weir_status refuse_null_keys(sink *s, weir_batch *b, weir_error *err) {
    weir_failures *failures;
    weir_status status = weir_batch_failures(b, &failures, err);
    for (size_t i = 0; status == WEIR_OK && i < s->request.key.n; i++) {
        const char *name = s->request.key.items[i];
        const weir_column *c = b->columns[weir_schema_find(s->input, name, strlen(name))];
        for (uint32_t k = 0; status == WEIR_OK && k < b->n_selected; k++) {
            uint32_t row = weir_batch_row(b, k);
            if (weir_column_is_null(c, row))
                status = weir_failures_add(failures, row, "load", name, "key", err,
                                           "is null: a key needs a value to tell rows apart");
        }
    }
    return status;
}

static weir_status encode(void *object, weir_ctx *ctx, weir_batch *b, weir_piece *out,
                          weir_error *err) {
    sink *s = object;
    (void)out; /* the batch itself travels on */
    weir_failures *failures;
    weir_status status = weir_batch_failures(b, &failures, err);
    if (status != WEIR_OK) return status;
    if (s->request.mode == WEIR_MODE_UPSERT) {
        status = refuse_null_keys(s, b, err);
        if (status != WEIR_OK) return status;
    }
    weir_column **columns = weir_alloc_zero(s->stored->n_fields + 1u, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; status == WEIR_OK && i < s->stored->n_fields; i++) {
        if (weir_type_is_float(b->columns[s->from[i]]->type)) status = refuse_nan(s, b, i, err);
        if (status == WEIR_OK) status = encode_column(s, ctx, b, i, &columns[i], err);
    }
    if (status == WEIR_OK) status = weir_batch_replace(b, s->stored, columns, err);
    if (status != WEIR_OK)
        for (uint32_t i = 0; i < s->stored->n_fields; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct writer {
    sink *s;
    sqlite3_stmt *load;
    weir_load_counts counts;
    /* How an upsert is counted: the update hook tells inserts from updates; it is silent for a
     * table without rowid, where a look by the key comes before each row. */
    int first_op;         /* of the table by the row: SQLITE_INSERT or SQLITE_UPDATE */
    sqlite3_stmt *by_key; /* NULL = the hook does */
    int *key_fields;      /* of the input, for each part of the key */
} writer;

static void writer_free(void *object) {
    writer *w = object;
    if (!w) return;
    sqlite3_update_hook(w->s->db, NULL, NULL);
    sqlite3_finalize(w->load);
    sqlite3_finalize(w->by_key);
    weir_free(w->key_fields);
    weir_free(w);
}

static void on_update(void *context, int op, const char *database, const char *table,
                      sqlite3_int64 row) {
    writer *w = context;
    const weir_sql_table *t = &w->s->table;
    (void)row;
    /* triggers write to other tables, too */
    if (w->first_op == 0 && sqlite3_stricmp(table, t->name) == 0 &&
        sqlite3_stricmp(database, t->schema ? t->schema : "main") == 0)
        w->first_op = op;
}

static weir_status without_rowid(sink *s, bool *out, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    weir_status status;
    WEIR_TRY(weir_sqlite_prepare(
        s->db, "reading the kind of the table",
        "select wr from pragma_table_list(?1) where schema = ?2 collate nocase", &stmt, err));
    sqlite3_bind_text(stmt, 1, s->table.name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, s->table.schema ? s->table.schema : "main", -1, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW && sqlite3_column_int(stmt, 0);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = weir_sqlite_error(s->db, err, "reading the kind of the table");
out:
    sqlite3_finalize(stmt);
    return status;
}

/* select 1 from the table where the key's columns are those of the row. */
static weir_status prepare_by_key(writer *w, weir_error *err) {
    const sink *s = w->s;
    const weir_opt_strings *key = &s->request.key;
    weir_buf sql = {0};
    weir_status status = WEIR_OK;
    w->key_fields = weir_alloc_zero(key->n + 1, sizeof *w->key_fields);
    if (!w->key_fields || !weir_buf_adds(&sql, "select 1 from ")) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(weir_sql_quote_table(&weir_sqlite_dialect, &s->table, &sql, err));
    for (size_t i = 0; i < key->n; i++) {
        w->key_fields[i] = weir_schema_find(s->schema, key->items[i], strlen(key->items[i]));
        if (!weir_buf_adds(&sql, i ? " and " : " where ")) status = weir_error_nomem(err);
        if (status == WEIR_OK)
            status = weir_sql_quote(&weir_sqlite_dialect, key->items[i], &sql, err);
        if (status == WEIR_OK && !weir_buf_adds(&sql, " = ?")) status = weir_error_nomem(err);
        if (status != WEIR_OK) goto out;
    }
    status = weir_sqlite_prepare(s->db, "preparing the load", weir_buf_cstr(&sql), &w->by_key, err);
out:
    weir_buf_clear(&sql);
    return status;
}

/* Sets w->first_op from what is there already, before the row is loaded. */
static int look_by_key(writer *w, const weir_batch *b, uint32_t row) {
    int rc = SQLITE_OK;
    for (size_t i = 0; i < w->s->request.key.n && rc == SQLITE_OK; i++)
        rc = weir_sqlite_bind(w->by_key, (int)i + 1, b->columns[w->key_fields[i]], row,
                              SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(w->by_key);
    w->first_op = rc == SQLITE_ROW ? SQLITE_UPDATE : SQLITE_INSERT;
    sqlite3_reset(w->by_key);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? SQLITE_OK : rc;
}

static weir_status writer_new(void *object, uint32_t number, weir_ctx *ctx, void **out,
                              weir_error *err) {
    sink *s = object;
    (void)number;
    (void)ctx;
    weir_buf sql = {0};
    weir_status status = WEIR_OK;
    writer *w = weir_alloc_zero(1, sizeof *w);
    if (!w) return weir_error_nomem(err);
    w->s = s;
    WEIR_TRY(load_sql(s, &sql, err));
    if (sqlite3_prepare_v3(s->db, weir_buf_cstr(&sql), -1, SQLITE_PREPARE_PERSISTENT, &w->load,
                           NULL) != SQLITE_OK) {
        status = weir_sqlite_error(s->db, err, "preparing the load");
        goto out;
    }
    if (s->request.mode == WEIR_MODE_UPSERT) {
        bool silent = false;
        WEIR_TRY(without_rowid(s, &silent, err));
        if (silent)
            WEIR_TRY(prepare_by_key(w, err));
        else
            sqlite3_update_hook(s->db, on_update, w);
    }
    *out = w;
    w = NULL;
out:
    weir_buf_clear(&sql);
    writer_free(w);
    return status;
}

/* A row's own fault becomes a failure; everything else ends the run. */
static weir_status refused(writer *w, weir_batch *b, uint32_t row, int rc, weir_error *err) {
    int kind = rc & 0xff;
    if (kind != SQLITE_CONSTRAINT && kind != SQLITE_TOOBIG && kind != SQLITE_MISMATCH)
        return weir_sqlite_error(w->s->db, err, "loading a row");
    weir_failures *failures;
    weir_status status = weir_batch_failures(b, &failures, err);
    if (status != WEIR_OK) return status;
    return weir_failures_add(failures, row, "load", "", "constraint", err, "%s",
                             kind == SQLITE_TOOBIG ? "a value is longer than SQLite allows"
                                                   : sqlite3_errmsg(w->s->db));
}

/* The row that was just loaded; changes leave out those of triggers. */
static void count(writer *w) {
    weir_load_counts *c = &w->counts;
    if (w->s->request.mode != WEIR_MODE_UPSERT)
        c->inserted++;
    else if (sqlite3_changes(w->s->db) == 0)
        ++*(w->s->request.version ? &c->stale : &c->unchanged);
    else
        ++*(w->first_op == SQLITE_UPDATE ? &c->updated : &c->inserted);
}

static weir_status writer_write(void *object, weir_ctx *ctx, weir_piece *piece, weir_error *err) {
    writer *w = object;
    weir_batch *b = piece->batch;
    (void)ctx;
    int n = (int)b->schema->n_fields;
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        int rc = SQLITE_OK;
        for (int i = 0; i < n && rc == SQLITE_OK; i++)
            rc = weir_sqlite_bind(w->load, i + 1, b->columns[i], row, SQLITE_STATIC);
        w->first_op = 0;
        if (rc == SQLITE_OK && w->by_key) rc = look_by_key(w, b, row);
        if (rc == SQLITE_OK) rc = sqlite3_step(w->load);
        if (rc != SQLITE_DONE) {
            weir_status status = refused(w, b, row, rc, err);
            sqlite3_reset(w->load);
            if (status != WEIR_OK) return status;
            continue;
        }
        sqlite3_reset(w->load);
        count(w);
    }
    sqlite3_clear_bindings(w->load); /* they pointed into the batch */
    if (w->by_key) sqlite3_clear_bindings(w->by_key);
    return WEIR_OK;
}

/* ---- prepare, commit, abort, recover ------------------------------------------------------- */

/* The transaction stays open: what is left is the commit alone. */
static weir_status prepare(void *object, weir_buf *handle, weir_error *err) {
    writer *w = object;
    weir_status status = WEIR_OK;
    sqlite3_finalize(w->load);
    sqlite3_finalize(w->by_key);
    w->load = w->by_key = NULL;
    const weir_load_counts *c = &w->counts;
    if (!weir_buf_printf(handle, "1 %llu %llu %llu %llu", (unsigned long long)c->inserted,
                         (unsigned long long)c->updated, (unsigned long long)c->unchanged,
                         (unsigned long long)c->stale))
        status = weir_error_nomem(err);
    return status;
}

static weir_status add_counts(const weir_slice *handles, size_t n, weir_load_counts *counts,
                              weir_error *err) {
    for (size_t i = 0; i < n; i++) {
        char text[128];
        unsigned long long v[4];
        size_t size = handles[i].size < sizeof text - 1 ? handles[i].size : sizeof text - 1;
        memcpy(text, handles[i].data, size);
        text[size] = '\0';
        if (sscanf(text, "1 %llu %llu %llu %llu", &v[0], &v[1], &v[2], &v[3]) != 4)
            return weir_error_set(err, WEIR_DATA, "a stored handle is damaged");
        counts->inserted += v[0];
        counts->updated += v[1];
        counts->unchanged += v[2];
        counts->stale += v[3];
    }
    return WEIR_OK;
}

static weir_status committed(sink *s, const char *token, bool *out, weir_error *err) {
    weir_buf sql = {0};
    sqlite3_stmt *stmt = NULL;
    weir_status status = WEIR_OK;
    *out = false;
    bool table = false;
    WEIR_TRY(weir_sqlite_prepare(
        s->db, "looking for the commit token",
        "select 1 from sqlite_master where name = '" WEIR_SQL_TOKEN_TABLE "'", &stmt, err));
    int rc = sqlite3_step(stmt);
    table = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = weir_sqlite_error(s->db, err, "looking for the commit token");
    sqlite3_finalize(stmt);
    stmt = NULL;
    if (status != WEIR_OK || !table) goto out;
    WEIR_TRY(weir_sql_token_select(&weir_sqlite_dialect, &sql, err));
    WEIR_TRY(weir_sqlite_prepare(s->db, "looking for the commit token", weir_buf_cstr(&sql), &stmt,
                                 err));
    sqlite3_bind_text(stmt, 1, token, -1, SQLITE_STATIC);
    rc = sqlite3_step(stmt);
    *out = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = weir_sqlite_error(s->db, err, "looking for the commit token");
out:
    sqlite3_finalize(stmt);
    weir_buf_clear(&sql);
    return status;
}

static weir_status sink_commit(void *object, const weir_epoch *epoch, const weir_slice *handles,
                               size_t n, weir_load_counts *counts, weir_error *err) {
    sink *s = object;
    (void)epoch;
    weir_status status = WEIR_OK;
    if (s->begun) {
        WEIR_TRY(weir_sqlite_exec(s->db, "committing", "commit", err));
        s->begun = false;
        s->exists = true;
        for (uint32_t i = 0; i < s->input->n_fields; i++)
            if (s->drift[i] == WEIR_SQLITE_ADDED) s->drift[i] = WEIR_SQLITE_HELD;
    }
    status = add_counts(handles, n, counts, err);
out:
    return status;
}

static weir_status sink_abort(void *object, const weir_epoch *epoch, const weir_slice *handles,
                              size_t n, weir_error *err) {
    sink *s = object;
    (void)epoch;
    (void)handles;
    (void)n;
    if (!s->begun) return WEIR_OK; /* a dead process's transaction is gone already */
    s->begun = false;
    return sqlite3_get_autocommit(s->db) ? WEIR_OK
                                         : weir_sqlite_exec(s->db, "rolling back", "rollback", err);
}

/* An open transaction dies with its process: the token tells whether it had committed. */
static weir_status sink_recover(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, const weir_slice *handles, size_t n,
                                weir_load_counts *counts, weir_recovery *out, weir_error *err) {
    sink s = {.request = *request, .env = env};
    bool done = false;
    weir_status status = weir_sqlite_open(request->connection, env, true, &s.db, err);
    if (status == WEIR_OK) status = committed(&s, epoch->token, &done, err);
    if (status == WEIR_OK && done) status = add_counts(handles, n, counts, err);
    sqlite3_close(s.db);
    *out = done ? WEIR_RECOVER_DONE : WEIR_RECOVER_LOST;
    return status;
}

static weir_status sink_discard(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, weir_error *err) {
    (void)request;
    (void)env;
    (void)epoch;
    (void)err;
    return WEIR_OK; /* SQLite rolls a dead process's transaction back by itself */
}

static void sink_cancel(void *object) {
    sqlite3_interrupt(((sink *)object)->db);
}

const weir_sink_ops weir_sqlite_sink_ops = {
    .open = sink_open,
    .plan = sink_plan,
    .begin = sink_begin,
    .encoder_new = encoder_new,
    .encode = encode,
    .writer_new = writer_new,
    .write = writer_write,
    .prepare = prepare,
    .writer_free = writer_free,
    .commit = sink_commit,
    .abort = sink_abort,
    .recover = sink_recover,
    .discard = sink_discard,
    .cancel = sink_cancel,
    .close = sink_close,
};
