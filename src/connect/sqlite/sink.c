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
#include "connect/sqlite/sqlite.h"
#include "text/time.h"

typedef struct sink {
    weir_sink_request request;
    const weir_env *env;
    const weir_sqlite_sink_config *config;
    sqlite3 *db;
    weir_sql_table table;  /* the user's */
    weir_sql_table target; /* what rows go into: for replace a new table */
    weir_schema *schema;   /* as it comes in */
    weir_schema *stored;   /* as it is bound: texts where SQLite has no type */
    bool exists, begun;
    weir_buf restore; /* replace: indexes and triggers of the old table */
} sink;

/* ---- checks -------------------------------------------------------------------------------- */

static bool kept_as_text(const weir_type *t) {
    switch (t->id) {
    case WEIR_BOOL:
    case WEIR_STRING:
    case WEIR_BINARY:
    case WEIR_JSON:
    case WEIR_UINT64:
    case WEIR_FLOAT32:
    case WEIR_FLOAT64: return false;
    default: return !weir_type_is_integer(t);
    }
}

static weir_status stored_schema(sink *s, weir_error *err) {
    weir_field *fields = weir_alloc_zero(s->schema->n_fields + 1u, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    for (uint32_t i = 0; i < s->schema->n_fields; i++) {
        fields[i] = s->schema->fields[i];
        if (kept_as_text(fields[i].type)) fields[i].type = weir_type_of(WEIR_STRING);
    }
    weir_status status = weir_schema_new(fields, s->schema->n_fields, &s->stored, err);
    weir_free(fields);
    return status;
}

/* Whether a column of declared type would change what we store: SQLite turns text that looks like a
 * number into one in columns of numeric affinity. */
static bool affinity_harms(const char *declared, const weir_type *t) {
    const weir_type *column = weir_sqlite_type_of(declared);
    bool numeric = column->id == WEIR_INT64 || column->id == WEIR_FLOAT64 ||
                   column->id == WEIR_DECIMAL || column->id == WEIR_BOOL ||
                   (declared && (sqlite3_strlike("%num%", declared, 0) == 0 ||
                                 sqlite3_strlike("%dec%", declared, 0) == 0));
    if (!numeric) return false;
    if (t->id == WEIR_DECIMAL) return t->precision > 15; /* exact in a double's 15 digits */
    return t->id == WEIR_STRING || t->id == WEIR_UINT64;
}

static weir_status check_column(sink *s, sqlite3_stmt *info, bool *seen, weir_error *err) {
    const char *name = (const char *)sqlite3_column_text(info, 1);
    const char *declared = (const char *)sqlite3_column_text(info, 2);
    bool required = sqlite3_column_int(info, 3) && sqlite3_column_type(info, 4) == SQLITE_NULL;
    int field = name ? weir_schema_find(s->schema, name, strlen(name)) : -1;
    if (field < 0) {
        if (!required) return WEIR_OK;
        weir_error_set(err, WEIR_USAGE,
                       "table %s needs a value for %s, which the input does not have",
                       s->table.name, name ? name : "?");
        weir_error_hint(err, "set it in transform, or give the column a default");
        return WEIR_USAGE;
    }
    seen[field] = true;
    if (!affinity_harms(declared, s->schema->fields[field].type)) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE,
                   "column %s of %s is declared %s: SQLite would change values of type %s", name,
                   s->table.name, declared, s->schema->fields[field].type->name);
    weir_error_hint(err, "cast it in transform, or declare the column text");
    return WEIR_USAGE;
}

static weir_status check_columns(sink *s, weir_error *err) {
    sqlite3_stmt *info = NULL;
    bool *seen = weir_alloc_zero(s->schema->n_fields + 1u, sizeof *seen);
    weir_status status = seen ? WEIR_OK : weir_error_nomem(err);
    if (status != WEIR_OK) return status;
    WEIR_TRY(weir_sqlite_prepare(s->db, "select * from pragma_table_info(?1, ?2)", &info, err));
    sqlite3_bind_text(info, 1, s->table.name, -1, SQLITE_STATIC);
    sqlite3_bind_text(info, 2, s->table.schema ? s->table.schema : "main", -1, SQLITE_STATIC);
    int rc;
    while ((rc = sqlite3_step(info)) == SQLITE_ROW) {
        s->exists = true;
        if (s->request.mode == WEIR_MODE_REPLACE) break; /* its columns will be the new ones */
        WEIR_TRY(check_column(s, info, seen, err));
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        status = weir_sqlite_error(s->db, err, "reading the table's columns");
        goto out;
    }
    for (uint32_t i = 0;
         s->exists && s->request.mode != WEIR_MODE_REPLACE && i < s->schema->n_fields; i++) {
        if (seen[i]) continue;
        status = weir_error_set(err, WEIR_USAGE, "table %s has no column %s", s->table.name,
                                s->schema->fields[i].name);
        weir_error_hint(err, "add it to the table, or leave it out with drop: [%s]",
                        s->schema->fields[i].name);
        goto out;
    }
out:
    sqlite3_finalize(info);
    weir_free(seen);
    return status;
}

/* Whether some unique index of the table is exactly the key: only then is a collision the key's. */
static weir_status check_key(sink *s, weir_error *err) {
    static const char *const sql =
        "select count(*) from (select 1 from pragma_index_list(?1) as l where l.\"unique\" and not "
        "l.partial "
        "and (select count(*) from pragma_index_info(l.name)) = ?2 and ?2 = "
        "(select count(*) from pragma_index_info(l.name) where name in (select value from "
        "json_each(?3))) "
        "union all select 1 where (select count(*) from pragma_table_info(?1) where pk > 0) = ?2 "
        "and "
        "?2 = (select count(*) from pragma_table_info(?1) where pk > 0 and name in "
        "(select value from json_each(?3))))";
    sqlite3_stmt *stmt = NULL;
    weir_buf keys = {0};
    weir_status status = WEIR_OK;
    bool ok = weir_buf_adds(&keys, "[");
    for (size_t i = 0; ok && i < s->request.key.n; i++) {
        ok = weir_buf_adds(&keys, i ? ",\"" : "\"");
        for (const char *p = s->request.key.items[i]; ok && *p; p++)
            ok = (*p == '"' || *p == '\\' ? weir_buf_adds(&keys, "\\") : true) &&
                 weir_buf_add(&keys, p, 1);
        ok = ok && weir_buf_adds(&keys, "\"");
    }
    if (!ok || !weir_buf_adds(&keys, "]")) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(weir_sqlite_prepare(s->db, sql, &stmt, err));
    sqlite3_bind_text(stmt, 1, s->table.name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 2, (sqlite3_int64)s->request.key.n);
    sqlite3_bind_text(stmt, 3, keys.data, (int)keys.size, SQLITE_STATIC);
    if (sqlite3_step(stmt) != SQLITE_ROW)
        status = weir_sqlite_error(s->db, err, "reading the table's indexes");
    else if (sqlite3_column_int(stmt, 0) == 0) {
        status = weir_error_set(
            err, WEIR_USAGE,
            "key: table %s has no primary key or unique index on exactly these columns",
            s->table.name);
        weir_error_hint(err, "create one: an upsert by another index could overwrite other rows");
    }
out:
    sqlite3_finalize(stmt);
    weir_buf_clear(&keys);
    return status;
}

static void sink_close(void *object) {
    sink *s = object;
    if (!s) return;
    if (s->begun) (void)sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
    sqlite3_close(s->db);
    weir_schema_release(s->schema);
    weir_schema_release(s->stored);
    weir_buf_clear(&s->restore);
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
    s->schema = weir_schema_retain(schema);
    WEIR_TRY(weir_sql_check_request(request, schema, err));
    WEIR_TRY(
        weir_sql_table_parse(&weir_sqlite_dialect, s->config->table, env->arena, &s->table, err));
    s->target = s->table;
    WEIR_TRY(stored_schema(s, err));
    WEIR_TRY(weir_sqlite_open(connection, env, true, &s->db, err));
    WEIR_TRY(check_columns(s, err));
    if (s->exists && request->mode == WEIR_MODE_UPSERT) WEIR_TRY(check_key(s, err));
    if (request->mode == WEIR_MODE_REPLACE) {
        s->target.name = weir_arena_printf(env->arena, "_weir_new_%s", s->table.name);
        if (!s->target.name) status = weir_error_nomem(err);
    }
    if (status == WEIR_OK) {
        *out = s;
        return WEIR_OK;
    }
out:
    if (err && !err->source[0]) weir_error_at(err, connection->path, 0, 0);
    sink_close(s);
    return status;
}

/* ---- statements ---------------------------------------------------------------------------- */

static weir_status create_sql(sink *s, weir_buf *sql, weir_error *err) {
    weir_opt_strings none = {0};
    bool keyed = s->request.mode == WEIR_MODE_UPSERT || s->request.mode == WEIR_MODE_REPLACE;
    return weir_sql_create_table(&weir_sqlite_dialect, &s->target, s->schema,
                                 keyed ? &s->request.key : &none, sql, err);
}

static weir_status load_sql(sink *s, weir_buf *sql, weir_error *err) {
    if (s->request.mode != WEIR_MODE_UPSERT)
        return weir_sql_insert(&weir_sqlite_dialect, &s->target, s->stored, sql, err);
    return weir_sql_upsert(&weir_sqlite_dialect, &s->target, s->schema, &s->request.key,
                           s->request.version, sql, err);
}

static weir_status sink_plan(void *object, weir_buf *out, weir_error *err) {
    sink *s = object;
    weir_status status = WEIR_OK;
    bool creates = !s->exists || s->request.mode == WEIR_MODE_REPLACE;
    if (creates) {
        WEIR_TRY(create_sql(s, out, err));
        if (!weir_buf_adds(out, "\n")) return weir_error_nomem(err);
    }
    if (s->exists && s->request.mode == WEIR_MODE_TRUNCATE &&
        !weir_buf_printf(out, "delete from \"%s\"\n", s->table.name))
        return weir_error_nomem(err);
    WEIR_TRY(load_sql(s, out, err));
    if (!weir_buf_adds(out, "\n")) status = weir_error_nomem(err);
out:
    return status;
}

static weir_status run_built(sink *s, weir_status built, weir_buf *sql, weir_error *err) {
    weir_status status =
        built == WEIR_OK ? weir_sqlite_exec(s->db, weir_buf_cstr(sql), err) : built;
    sql->size = 0;
    return status;
}

static weir_status insert_token(sink *s, const weir_epoch *epoch, weir_error *err) {
    weir_buf sql = {0};
    sqlite3_stmt *stmt = NULL;
    weir_status status;
    WEIR_TRY(run_built(s, weir_sql_token_create(&weir_sqlite_dialect, &sql, err), &sql, err));
    WEIR_TRY(weir_sql_token_insert(&weir_sqlite_dialect, &sql, err));
    WEIR_TRY(weir_sqlite_prepare(s->db, weir_buf_cstr(&sql), &stmt, err));
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

/* replace: what must be made again on the new table after the old one has gone. */
static weir_status remember_indexes(sink *s, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    weir_status status;
    s->restore.size = 0;
    WEIR_TRY(weir_sqlite_prepare(s->db,
                                 "select sql from sqlite_master where tbl_name = ?1 and type in "
                                 "('index', 'trigger') and sql is not null",
                                 &stmt, err));
    sqlite3_bind_text(stmt, 1, s->table.name, -1, SQLITE_STATIC);
    int rc;
    while ((rc = sqlite3_step(stmt)) == SQLITE_ROW)
        if (!weir_buf_printf(&s->restore, "%s;\n", (const char *)sqlite3_column_text(stmt, 0))) {
            status = weir_error_nomem(err);
            goto out;
        }
    if (rc != SQLITE_DONE) status = weir_sqlite_error(s->db, err, "reading the table's indexes");
out:
    sqlite3_finalize(stmt);
    return status;
}

static weir_status prepare_target(sink *s, weir_buf *sql, weir_error *err) {
    weir_status status = WEIR_OK;
    if (s->request.mode == WEIR_MODE_REPLACE) WEIR_TRY(remember_indexes(s, err));
    if (s->request.mode == WEIR_MODE_REPLACE || !s->exists)
        WEIR_TRY(run_built(s, create_sql(s, sql, err), sql, err));
    if (s->request.mode == WEIR_MODE_TRUNCATE && s->exists) {
        weir_status built = weir_buf_adds(sql, "delete from ") ? WEIR_OK : weir_error_nomem(err);
        if (built == WEIR_OK)
            built = weir_sql_quote_table(&weir_sqlite_dialect, &s->table, sql, err);
        WEIR_TRY(run_built(s, built, sql, err));
    }
out:
    return status;
}

static weir_status sink_begin(void *object, const weir_epoch *epoch, weir_error *err) {
    sink *s = object;
    weir_buf sql = {0};
    weir_status status;
    WEIR_TRY(weir_sqlite_exec(s->db, "begin immediate", err));
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
    weir_rows rows = weir_rows_of(b);
    if (b->columns[i]->type == want) {
        *out = weir_column_retain(b->columns[i]);
        return WEIR_OK;
    }
    weir_blame blame = {b->failures, "load", s->schema->fields[i].name, "type"};
    return weir_cast(b->columns[i], want, rows, NULL, &blame, ctx, out, err);
}

static weir_status refuse_nan(sink *s, weir_batch *b, uint32_t i, weir_error *err) {
    const weir_column *c = b->columns[i];
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

static weir_status encode(void *object, weir_ctx *ctx, weir_batch *b, weir_piece *out,
                          weir_error *err) {
    sink *s = object;
    (void)out; /* the batch itself travels on */
    weir_failures *failures;
    weir_status status = weir_batch_failures(b, &failures, err);
    if (status != WEIR_OK) return status;
    weir_column **columns = weir_alloc_zero(b->schema->n_fields + 1u, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    for (uint32_t i = 0; status == WEIR_OK && i < b->schema->n_fields; i++) {
        if (weir_type_is_float(b->columns[i]->type)) status = refuse_nan(s, b, i, err);
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
    int last_op; /* set by the update hook: SQLITE_INSERT, SQLITE_UPDATE, or 0 = the row stayed */
} writer;

static void writer_free(void *object) {
    writer *w = object;
    if (!w) return;
    sqlite3_update_hook(w->s->db, NULL, NULL);
    sqlite3_finalize(w->load);
    weir_free(w);
}

static void on_update(void *context, int op, const char *database, const char *table,
                      sqlite3_int64 row) {
    (void)database;
    (void)table;
    (void)row;
    ((writer *)context)->last_op = op;
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
    if (s->request.mode == WEIR_MODE_UPSERT) sqlite3_update_hook(s->db, on_update, w);
    *out = w;
    w = NULL;
out:
    weir_buf_clear(&sql);
    writer_free(w);
    return status;
}

static int bind_value(sqlite3_stmt *stmt, int at, const weir_column *c, uint32_t row) {
    if (weir_column_is_null(c, row)) return sqlite3_bind_null(stmt, at);
    const weir_column *base = weir_column_base(c);
    uint32_t slot = weir_column_slot(c, row);
    const void *v = base->values;
    switch (c->type->id) {
    case WEIR_BOOL: return sqlite3_bind_int(stmt, at, weir_bit_get(v, slot));
    case WEIR_INT8: return sqlite3_bind_int(stmt, at, ((const int8_t *)v)[slot]);
    case WEIR_INT16: return sqlite3_bind_int(stmt, at, ((const int16_t *)v)[slot]);
    case WEIR_INT32: return sqlite3_bind_int(stmt, at, ((const int32_t *)v)[slot]);
    case WEIR_INT64: return sqlite3_bind_int64(stmt, at, ((const int64_t *)v)[slot]);
    case WEIR_UINT8: return sqlite3_bind_int(stmt, at, ((const uint8_t *)v)[slot]);
    case WEIR_UINT16: return sqlite3_bind_int(stmt, at, ((const uint16_t *)v)[slot]);
    case WEIR_UINT32: return sqlite3_bind_int64(stmt, at, ((const uint32_t *)v)[slot]);
    case WEIR_UINT64: {
        uint64_t u = ((const uint64_t *)v)[slot];
        if (u <= INT64_MAX) return sqlite3_bind_int64(stmt, at, (sqlite3_int64)u);
        char text[24];
        sqlite3_snprintf(sizeof text, text, "%llu", u);
        return sqlite3_bind_text(stmt, at, text, -1, SQLITE_TRANSIENT);
    }
    case WEIR_FLOAT32: return sqlite3_bind_double(stmt, at, (double)((const float *)v)[slot]);
    case WEIR_FLOAT64: return sqlite3_bind_double(stmt, at, ((const double *)v)[slot]);
    default: {
        weir_slice s = weir_view_slice(base, (const weir_view *)v + slot);
        if (s.size > INT32_MAX) return SQLITE_TOOBIG;
        if (c->type->id == WEIR_BINARY)
            return sqlite3_bind_blob(stmt, at, s.data, (int)s.size, SQLITE_STATIC);
        return sqlite3_bind_text(stmt, at, s.data, (int)s.size, SQLITE_STATIC);
    }
    }
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

static weir_status writer_write(void *object, weir_ctx *ctx, weir_piece *piece, weir_error *err) {
    writer *w = object;
    weir_batch *b = piece->batch;
    (void)ctx;
    bool upsert = w->s->request.mode == WEIR_MODE_UPSERT;
    int n = (int)b->schema->n_fields;
    for (uint32_t k = 0; k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        int rc = SQLITE_OK;
        for (int i = 0; i < n && rc == SQLITE_OK; i++)
            rc = bind_value(w->load, i + 1, b->columns[i], row);
        w->last_op = 0;
        if (rc == SQLITE_OK) rc = sqlite3_step(w->load);
        if (rc != SQLITE_DONE) {
            weir_status status = refused(w, b, row, rc, err);
            sqlite3_reset(w->load);
            if (status != WEIR_OK) return status;
            continue;
        }
        sqlite3_reset(w->load);
        if (!upsert || w->last_op == SQLITE_INSERT)
            w->counts.inserted++;
        else if (w->last_op == SQLITE_UPDATE)
            w->counts.updated++;
        else if (w->s->request.version)
            w->counts.stale++;
        else
            w->counts.unchanged++;
    }
    sqlite3_clear_bindings(w->load); /* they pointed into the batch */
    return WEIR_OK;
}

/* ---- prepare, commit, abort, recover ------------------------------------------------------- */

static weir_status swap(sink *s, weir_error *err) {
    weir_buf sql = {0};
    weir_status status = WEIR_OK;
    if (s->exists) {
        status = weir_buf_adds(&sql, "drop table ")
                     ? weir_sql_quote_table(&weir_sqlite_dialect, &s->table, &sql, err)
                     : weir_error_nomem(err);
        WEIR_TRY(run_built(s, status, &sql, err));
    }
    status = weir_buf_adds(&sql, "alter table ")
                 ? weir_sql_quote_table(&weir_sqlite_dialect, &s->target, &sql, err)
                 : weir_error_nomem(err);
    if (status == WEIR_OK && !weir_buf_adds(&sql, " rename to ")) status = weir_error_nomem(err);
    if (status == WEIR_OK) status = weir_sql_quote(&weir_sqlite_dialect, s->table.name, &sql, err);
    WEIR_TRY(run_built(s, status, &sql, err));
    if (s->restore.size) WEIR_TRY(weir_sqlite_exec(s->db, weir_buf_cstr(&s->restore), err));
out:
    weir_buf_clear(&sql);
    return status;
}

/* The transaction stays open: what is left is the commit alone. */
static weir_status prepare(void *object, weir_buf *handle, weir_error *err) {
    writer *w = object;
    weir_status status = WEIR_OK;
    sqlite3_finalize(w->load);
    w->load = NULL;
    if (w->s->request.mode == WEIR_MODE_REPLACE) WEIR_TRY(swap(w->s, err));
    const weir_load_counts *c = &w->counts;
    if (!weir_buf_printf(handle, "1 %llu %llu %llu %llu", (unsigned long long)c->inserted,
                         (unsigned long long)c->updated, (unsigned long long)c->unchanged,
                         (unsigned long long)c->stale))
        status = weir_error_nomem(err);
out:
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
        s->db, "select 1 from sqlite_master where name = '" WEIR_SQL_TOKEN_TABLE "'", &stmt, err));
    int rc = sqlite3_step(stmt);
    table = rc == SQLITE_ROW;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = weir_sqlite_error(s->db, err, "looking for the commit token");
    sqlite3_finalize(stmt);
    stmt = NULL;
    if (status != WEIR_OK || !table) goto out;
    WEIR_TRY(weir_sql_token_select(&weir_sqlite_dialect, &sql, err));
    WEIR_TRY(weir_sqlite_prepare(s->db, weir_buf_cstr(&sql), &stmt, err));
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
        WEIR_TRY(weir_sqlite_exec(s->db, "commit", err));
        s->begun = false;
        s->exists = true;
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
    return sqlite3_get_autocommit(s->db) ? WEIR_OK : weir_sqlite_exec(s->db, "rollback", err);
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
