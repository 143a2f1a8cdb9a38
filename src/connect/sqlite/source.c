/* Reading a table or a query: one split, one read transaction, batches built on the reader thread.
 *
 * SQLite types values, not columns: a value that is not of the column's type fails its record, it
 * is never coerced.  Types beyond SQLite's own (decimals, dates, ...) are read as text and cast. */
#include <stdio.h>

#include "base/printable.h"
#include "column/kernel.h"
#include "connect/sqlite/source.h"
#include "text/encode.h"
#include "text/number.h"
#include "text/time.h"
#include "text/zone.h"

#define BATCH_BYTES ((size_t)1 << 20)
#define SAMPLE_ROWS 10000u /* infer: sample */

static void source_close(void *object) {
    source *s = object;
    if (!s) return;
    sqlite3_finalize(s->stmt);
    if (s->in_transaction) (void)sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
    sqlite3_close(s->db);
    weir_cursor_clear(&s->cursor);
    weir_schema_release(s->schema);
    weir_free((void *)s->declared);
    weir_free(s->columns);
    weir_free(s->casts);
    weir_arena_clear(&s->kept);
    weir_arena_clear(&s->scratch);
    weir_buf_clear(&s->raw);
    weir_buf_clear(&s->word);
    weir_free(s);
}

/* Only space and comments may follow the one statement that is read. */
static weir_status prepare_query(source *s, const char *query, weir_error *err) {
    const char *rest = NULL;
    if (sqlite3_prepare_v2(s->db, query, -1, &s->stmt, &rest) != SQLITE_OK)
        return weir_sqlite_error(s->db, err, "query");
    while (rest && *rest) {
        sqlite3_stmt *second = NULL;
        const char *from = rest;
        bool more = sqlite3_prepare_v2(s->db, from, -1, &second, &rest) != SQLITE_OK || second;
        sqlite3_finalize(second);
        if (more) {
            weir_error_set(err, WEIR_USAGE, "query: only one statement can be read");
            weir_error_hint(err, "remove what stands behind the first semicolon");
            return WEIR_USAGE;
        }
        if (rest == from) break;
    }
    if (!sqlite3_stmt_readonly(s->stmt) || sqlite3_column_count(s->stmt) == 0)
        return weir_error_set(err, WEIR_USAGE, "query: only a select can be read");
    return weir_sqlite_bind_params(s->stmt, &s->request, s->env, err);
}

/* What is read, as it stands behind "from": a quoted table, or the query in parentheses. */
static weir_status from_clause(const source *s, weir_buf *out, weir_error *err) {
    const weir_sqlite_source_config *c = s->config;
    weir_sql_table table;
    if (c->query) {
        size_t n = strlen(c->query);
        while (n && strchr(" \t\r\n;", c->query[n - 1])) n--;
        /* a line end, since the query may end in a comment */
        bool ok =
            weir_buf_adds(out, "(") && weir_buf_add(out, c->query, n) && weir_buf_adds(out, "\n)");
        return ok ? WEIR_OK : weir_error_nomem(err);
    }
    weir_status status =
        weir_sql_table_parse(&weir_sqlite_dialect, c->table, s->env->arena, &table, err);
    return status == WEIR_OK ? weir_sql_quote_table(&weir_sqlite_dialect, &table, out, err)
                             : status;
}

/* The columns of the cursor and its key must be among what is read. */
static weir_status open_cursor(source *s, weir_error *err) {
    weir_buf from = {0}, sql = {0};
    weir_status status;
    WEIR_TRY(from_clause(s, &from, err));
    if (s->config->query) { /* inside a select, names that stand twice are told apart */
        sqlite3_finalize(s->stmt);
        s->stmt = NULL;
        if (!weir_buf_printf(&sql, "select * from %s", weir_buf_cstr(&from))) {
            status = weir_error_nomem(err);
            goto out;
        }
        WEIR_TRY(weir_sqlite_prepare(s->db, "query", weir_buf_cstr(&sql), &s->stmt, err));
        WEIR_TRY(weir_sqlite_bind_params(s->stmt, &s->request, s->env, err));
    }
    WEIR_TRY(weir_cursor_open(&s->cursor, s->request.cursor, s->name, weir_buf_cstr(&from), s->stmt,
                              s->env, err));
    const weir_opt_columns *columns = s->request.columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *d = &columns->items[i];
        if (sqlite3_stricmp(d->from ? d->from : d->name, s->request.cursor->column) == 0)
            s->cursor.zone = d->timezone;
    }
out:
    weir_buf_clear(&from);
    weir_buf_clear(&sql);
    return status;
}

/* The tables and views that there are, as the hint. */
static void hint_tables(const source *s, weir_error *err) {
    static const char sql[] =
        "select name from sqlite_schema where type in ('table', 'view') and "
        "name not like 'sqlite\\_%' escape '\\' and name not like '\\_weir\\_%' "
        "escape '\\' order by type, name";
    char text[160] = "", name[48];
    size_t n = 0, listed = 0;
    bool more = false;
    sqlite3_stmt *stmt = NULL;
    weir_error ignored = {0};
    if (weir_sqlite_prepare(s->db, "listing the tables", sql, &stmt, &ignored) != WEIR_OK) return;
    while (!more && sqlite3_step(stmt) == SQLITE_ROW) {
        const char *found = (const char *)sqlite3_column_text(stmt, 0);
        if (!found) continue;
        size_t size = weir_printable(name, sizeof name - 1, found, strlen(found));
        name[size] = '\0';
        more = n + size + 3 > sizeof text;
        if (!more)
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", listed++ ? ", " : "", name);
    }
    sqlite3_finalize(stmt);
    if (listed)
        weir_error_hint(err, "the database has %s%s%s", text, more ? ", ..." : "",
                        s->config->table ? "" : "; name one with table, or --table");
    else
        weir_error_hint(err, "the database has no table");
}

static weir_status statement(source *s, weir_error *err) {
    const weir_sqlite_source_config *c = s->config;
    weir_status status;
    if (!c->table == !c->query) {
        weir_error_set(err, WEIR_USAGE, "a sqlite source needs either table or query");
        if (!c->table) hint_tables(s, err);
        return WEIR_USAGE;
    }
    if (c->query) return prepare_query(s, c->query, err);
    weir_sql_table table;
    weir_buf sql = {0};
    status = weir_sql_table_parse(&weir_sqlite_dialect, c->table, s->env->arena, &table, err);
    if (status == WEIR_OK) status = weir_sql_select(&weir_sqlite_dialect, &table, NULL, &sql, err);
    if (status == WEIR_OK)
        status =
            weir_sqlite_prepare(s->db, "opening the table", weir_buf_cstr(&sql), &s->stmt, err);
    if (status != WEIR_OK && strstr(err->message, "no such table")) hint_tables(s, err);
    weir_buf_clear(&sql);
    return status;
}

static weir_status source_open(const weir_source_request *request, const weir_env *env, void **out,
                               weir_error *err) {
    source *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    const weir_sqlite_config *connection = request->connection;
    weir_status status;
    s->request = *request;
    s->env = env;
    s->config = request->config;
    WEIR_TRY(weir_sqlite_open(connection, env, false, &s->db, err));
    /* one snapshot for the whole run */
    WEIR_TRY(weir_sqlite_exec(s->db, "starting to read", "begin", err));
    s->in_transaction = true;
    WEIR_TRY(statement(s, err));
    s->name = weir_arena_printf(env->arena, "%s:%s", connection->path,
                                s->config->table ? s->config->table : "query");
    if (!s->name) status = weir_error_nomem(err);
    if (status == WEIR_OK && request->cursor) status = open_cursor(s, err);
    if (status == WEIR_OK) status = weir_sqlite_find_id(s, err);
    if (status != WEIR_OK) goto out;
    *out = s;
    return WEIR_OK;
out:
    if (err && !err->source[0]) weir_error_at(err, connection->path, 0, 0);
    source_close(s);
    return status;
}

static weir_status bind_params(void *object, sqlite3_stmt *stmt, weir_error *err) {
    source *s = object;
    return s->config->query ? weir_sqlite_bind_params(stmt, &s->request, s->env, err) : WEIR_OK;
}

static weir_status source_enumerate(void *object, weir_splits *out, weir_error *err) {
    source *s = object;
    weir_split split = {.name = s->name};
    if (!s->request.cursor) return weir_splits_add(out, &split, err);
    weir_buf bounds = {0};
    const weir_cursor_binder binder = {bind_params, s};
    bool any = false;
    weir_status status = weir_cursor_freeze(&s->cursor, s->db, &binder, s->env->now_us, err);
    if (status == WEIR_OK) status = weir_cursor_any(&s->cursor, s->db, &binder, &any, err);
    if (status == WEIR_OK) status = weir_cursor_save(&s->cursor, &bounds, err);
    split.data = bounds.data;
    split.data_size = bounds.size;
    if (status == WEIR_OK && any) status = weir_splits_add(out, &split, err);
    weir_buf_clear(&bounds);
    return status;
}

/* ---- the position -------------------------------------------------------------------------- */

/* What a position is of.  The database's place is not in it: a file that moved is the same. */
static weir_status source_identify(void *object, weir_buf *out, weir_error *err) {
    const source *s = object;
    const weir_sqlite_source_config *c = s->config;
    bool ok = c->query ? weir_buf_printf(out, "query %s", c->query)
                       : weir_buf_printf(out, "table %s", c->table);
    ok = ok && weir_buf_printf(out, ", by %s", s->request.cursor->column);
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static weir_status source_restore(void *object, weir_slice position, weir_error *err) {
    source *s = object;
    return weir_cursor_restore(&s->cursor, position, err);
}

static weir_status source_position(void *object, weir_buf *out, weir_error *err) {
    source *s = object;
    return s->request.cursor ? weir_cursor_position(&s->cursor, out, err) : WEIR_OK;
}

/* ---- schema -------------------------------------------------------------------------------- */

/* The statement's column of this name: names have no case in SQLite, but an exact one comes first.
 * -1 = there is none. */
static int column_named(const source *s, const char *name) {
    int near = -1;
    for (int c = 0; c < sqlite3_column_count(s->stmt); c++) {
        const char *physical = sqlite3_column_name(s->stmt, c);
        if (!physical) continue;
        if (strcmp(physical, name) == 0) return c;
        if (near < 0 && sqlite3_stricmp(physical, name) == 0) near = c;
    }
    return near;
}

/* Finds the statement's column of each entry of `columns`. */
static weir_status find_declared(source *s, weir_error *err) {
    const weir_opt_columns *columns = s->request.columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const char *want = columns->items[i].from ? columns->items[i].from : columns->items[i].name;
        int c = column_named(s, want);
        if (c >= 0) {
            if (!s->declared[c]) s->declared[c] = &columns->items[i];
            continue;
        }
        weir_error_set(err, WEIR_DATA, "columns: %s has no column %s", s->name, want);
        weir_error_hint(err, "use from: to name the column of the source");
        return WEIR_DATA;
    }
    return WEIR_OK;
}

/* The type that `columns` gives: one that a text, a number or a blob can be cast to. */
static weir_status declared_type(const source *s, const weir_opt_column *d, const weir_type **out,
                                 weir_error *err) {
    weir_status status = weir_type_parse(d->type, out, err);
    if (status != WEIR_OK) return status;
    if ((*out)->id == WEIR_TIMESTAMPTZ && d->timezone && strcmp((*out)->zone, "UTC") == 0)
        return weir_type_timestamptz(d->timezone, out, err);
    if (!weir_type_is_nested(*out)) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "column %s of %s: SQLite has no values of type %s", d->name,
                   s->name, (*out)->name);
    weir_error_hint(err, "declare it as json");
    return WEIR_USAGE;
}

/* How texts of a column become values: the words for null, the format and zone of times. */
static weir_status declared_cast(source *s, const weir_opt_column *d, const weir_type *type,
                                 weir_cast_options *out, weir_error *err) {
    bool time = type->id >= WEIR_DATE && type->id <= WEIR_TIMESTAMPTZ;
    if (!d) return WEIR_OK;
    out->zone = d->timezone;
    out->n_nulls = d->nulls.n;
    out->nulls = (const char *const *)d->nulls.items;
    if (d->ambiguous)
        out->ambiguous = strcmp(d->ambiguous, "earlier") == 0 ? WEIR_AMBIGUOUS_EARLIER
                         : strcmp(d->ambiguous, "later") == 0 ? WEIR_AMBIGUOUS_LATER
                                                              : WEIR_AMBIGUOUS_ERROR;
    if (!d->format) return WEIR_OK;
    if (time) return weir_time_program_compile(d->format, true, &s->kept, &out->format, err);
    return weir_error_set(err, WEIR_USAGE, "column '%s': %s takes no format", d->name, type->name);
}

/* ---- columns whose declaration says nothing -------------------------------------------------- */

enum { SEEN_INTEGER = 1, SEEN_REAL = 2, SEEN_TEXT = 4, SEEN_BLOB = 8, SEEN_WIDE = 16 };

static uint8_t kind_of(sqlite3_stmt *stmt, int c) {
    switch (sqlite3_column_type(stmt, c)) {
    case SQLITE_INTEGER: {
        int64_t v = sqlite3_column_int64(stmt, c);
        bool exact = v >= -(1ll << 53) && v <= 1ll << 53;
        return exact ? SEEN_INTEGER : SEEN_INTEGER | SEEN_WIDE;
    }
    case SQLITE_FLOAT: return SEEN_REAL;
    case SQLITE_TEXT: return SEEN_TEXT;
    case SQLITE_BLOB: return SEEN_BLOB;
    default: return 0;
    }
}

/* The type that holds all the values; of mixed kinds their texts, where a blob has none. */
static const weir_type *seen_type(uint8_t seen) {
    if (seen == SEEN_BLOB) return weir_type_of(WEIR_BINARY);
    if (seen & (SEEN_TEXT | SEEN_BLOB) || seen == 0) return weir_type_of(WEIR_STRING);
    if (!(seen & SEEN_REAL)) return weir_type_of(WEIR_INT64);
    return weir_type_of(seen & SEEN_WIDE ? WEIR_STRING : WEIR_FLOAT64);
}

/* Which kinds of values stand in the columns whose declaration says nothing, as `infer` says; the
 * same snapshot is read afterwards. */
static weir_status look_at_values(source *s, uint8_t *seen, weir_error *err) {
    int n = sqlite3_column_count(s->stmt), n_open = 0, rc = SQLITE_ROW;
    int *open = weir_alloc_zero((size_t)n + 1, sizeof *open);
    if (!open) return weir_error_nomem(err);
    for (int c = 0; c < n && s->request.infer != WEIR_INFER_NONE; c++) {
        const weir_opt_column *d = s->declared[c];
        bool left_out = !d && s->request.extra != WEIR_EXTRA_KEEP && s->request.columns &&
                        s->request.columns->n;
        if (!left_out && !(d && d->type) &&
            !weir_sqlite_type_tells(sqlite3_column_decltype(s->stmt, c)))
            open[n_open++] = c;
    }
    uint64_t most = s->request.infer == WEIR_INFER_SAMPLE ? SAMPLE_ROWS : UINT64_MAX;
    for (uint64_t row = 0; n_open && row < most && (rc = sqlite3_step(s->stmt)) == SQLITE_ROW;
         row++)
        for (int i = 0; i < n_open; i++) seen[open[i]] |= kind_of(s->stmt, open[i]);
    weir_free(open);
    weir_status status = WEIR_OK;
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) status = weir_sqlite_error(s->db, err, s->name);
    sqlite3_reset(s->stmt);
    return status;
}

static weir_status source_schema(void *object, const weir_splits *splits, weir_schema **out,
                                 weir_error *err) {
    source *s = object;
    (void)splits;
    int n = sqlite3_column_count(s->stmt);
    uint32_t fields_n = 0;
    weir_field *fields = weir_alloc_zero((size_t)n + 1, sizeof *fields);
    s->columns = weir_alloc_zero((size_t)n + 1, sizeof *s->columns);
    s->casts = weir_alloc_zero((size_t)n + 1, sizeof *s->casts);
    s->declared = weir_alloc_zero((size_t)n + 1, sizeof *s->declared);
    uint8_t *seen = weir_alloc_zero((size_t)n + 1, sizeof *seen);
    weir_status status = fields && s->columns && s->casts && s->declared && seen
                             ? find_declared(s, err)
                             : weir_error_nomem(err);
    if (status == WEIR_OK) status = look_at_values(s, seen, err);
    for (int c = 0; status == WEIR_OK && c < n; c++) {
        const char *physical = sqlite3_column_name(s->stmt, c);
        if (!physical) {
            status = weir_error_nomem(err);
            break;
        }
        const weir_opt_column *d = s->declared[c];
        if (!d && s->request.extra != WEIR_EXTRA_KEEP && s->request.columns &&
            s->request.columns->n)
            continue;
        weir_field *f = &fields[fields_n];
        f->name = d ? d->name : physical;
        f->not_null = d && d->not_null;
        if (d && d->type)
            status = declared_type(s, d, &f->type, err);
        else
            f->type = weir_sqlite_type_tells(sqlite3_column_decltype(s->stmt, c))
                          ? weir_sqlite_type_of(sqlite3_column_decltype(s->stmt, c))
                          : seen_type(seen[c]);
        if (status == WEIR_OK) status = declared_cast(s, d, f->type, &s->casts[fields_n], err);
        s->columns[fields_n++] = c;
    }
    if (status == WEIR_OK) status = weir_schema_new(fields, fields_n, &s->schema, err);
    weir_free(fields);
    weir_free(seen);
    if (status == WEIR_OK) *out = weir_schema_retain(s->schema);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

static weir_status split_begin(void *object, const weir_split *split, uint32_t number,
                               weir_error *err) {
    source *s = object;
    (void)number;
    s->rows = 0;
    s->ended = false;
    if (s->request.cursor) {
        weir_status status =
            weir_cursor_load(&s->cursor, (weir_slice){split->data, split->data_size}, err);
        sqlite3_finalize(s->stmt);
        s->stmt = NULL;
        if (status == WEIR_OK) status = weir_cursor_prepare(&s->cursor, s->db, &s->stmt, err);
        return status == WEIR_OK ? bind_params(s, s->stmt, err) : status;
    }
    return sqlite3_reset(s->stmt) == SQLITE_OK ? WEIR_OK : weir_sqlite_error(s->db, err, s->name);
}

static const char *kind_name(int kind) {
    return kind == SQLITE_INTEGER ? "an integer"
           : kind == SQLITE_FLOAT ? "a real number"
           : kind == SQLITE_TEXT  ? "text"
                                  : "a blob";
}

static weir_status mismatch(source *s, uint32_t f, weir_builder *b, weir_failures *failures,
                            uint32_t row, weir_error *err) {
    const weir_field *field = &s->schema->fields[f];
    int column = s->columns[f], kind = sqlite3_column_type(s->stmt, column);
    const char *mark = kind == SQLITE_TEXT ? "\"" : kind == SQLITE_BLOB ? "\\x" : "";
    char shown[81];
    if (kind == SQLITE_BLOB) {
        const void *p = sqlite3_column_blob(s->stmt, column);
        size_t n = (size_t)sqlite3_column_bytes(s->stmt, column);
        shown[weir_hex_encode(p, n < 40 ? n : 40, shown)] = '\0';
    } else {
        const char *p = (const char *)sqlite3_column_text(s->stmt, column);
        if (!p) return weir_error_nomem(err);
        weir_printable(shown, sizeof shown, p, (size_t)sqlite3_column_bytes(s->stmt, column));
    }
    weir_status status = weir_failures_add(
        failures, row, "read", field->name, "type", err, "%s%s%s is %s, not %s", mark, shown,
        kind == SQLITE_TEXT ? mark : "", kind_name(kind), field->type->name);
    return status == WEIR_OK ? weir_builder_null(b, true, err) : status;
}

/* Any value as exact text: reals in the shortest form that reads back. */
static weir_status add_as_text(source *s, int column, weir_builder *b, weir_error *err) {
    if (sqlite3_column_type(s->stmt, column) == SQLITE_FLOAT) {
        char text[WEIR_NUM_DOUBLE_MAX];
        size_t n = weir_num_format_double(sqlite3_column_double(s->stmt, column), text);
        return weir_builder_bytes(b, text, n, err);
    }
    const void *p = sqlite3_column_text(s->stmt, column);
    if (!p) return weir_error_nomem(err);
    return weir_builder_bytes(b, p, (size_t)sqlite3_column_bytes(s->stmt, column), err);
}

/* Whether the column's text is one of its words for null. */
static bool is_null_word(const source *s, uint32_t f) {
    const weir_cast_options *o = &s->casts[f];
    if (!o->n_nulls || sqlite3_column_type(s->stmt, s->columns[f]) != SQLITE_TEXT) return false;
    const char *text = (const char *)sqlite3_column_text(s->stmt, s->columns[f]);
    size_t size = (size_t)sqlite3_column_bytes(s->stmt, s->columns[f]);
    for (size_t i = 0; text && i < o->n_nulls; i++)
        if (strlen(o->nulls[i]) == size && memcmp(o->nulls[i], text, size) == 0) return true;
    return false;
}

static weir_status add_value(source *s, uint32_t f, uint32_t row, weir_builder *b,
                             weir_failures *failures, size_t *bytes, weir_error *err) {
    int column = s->columns[f], kind = sqlite3_column_type(s->stmt, column);
    const weir_field *field = &s->schema->fields[f];
    if (kind == SQLITE_NULL || is_null_word(s, f)) {
        if (!field->not_null) return weir_builder_null(b, false, err);
        weir_status status =
            weir_failures_add(failures, row, "read", field->name, "not_null", err, "is null");
        return status == WEIR_OK ? weir_builder_null(b, true, err) : status;
    }
    switch (field->type->id) {
    case WEIR_INT64: {
        if (kind != SQLITE_INTEGER) return mismatch(s, f, b, failures, row, err);
        int64_t v = sqlite3_column_int64(s->stmt, column);
        return weir_builder_value(b, &v, err);
    }
    case WEIR_FLOAT64: {
        if (kind != SQLITE_FLOAT && kind != SQLITE_INTEGER)
            return mismatch(s, f, b, failures, row, err);
        double v = sqlite3_column_double(s->stmt, column);
        if (kind == SQLITE_INTEGER &&
            (v >= 9223372036854775808.0 || (int64_t)v != sqlite3_column_int64(s->stmt, column)))
            return mismatch(s, f, b, failures, row, err);
        return weir_builder_value(b, &v, err);
    }
    case WEIR_BINARY: {
        const void *p = sqlite3_column_blob(s->stmt, column);
        int n = sqlite3_column_bytes(s->stmt, column);
        *bytes += (size_t)n;
        return weir_builder_bytes(b, p ? p : "", (size_t)n, err);
    }
    default:
        if (kind == SQLITE_BLOB) return mismatch(s, f, b, failures, row, err);
        *bytes += (size_t)sqlite3_column_bytes(s->stmt, column);
        return add_as_text(s, column, b, err);
    }
}

static weir_status keep_refused(source *s, weir_failures *failures, weir_column *const *gathered,
                                weir_error *err) {
    for (size_t i = 0; i < failures->n; i++) {
        uint32_t row = failures->items[i].row;
        if (weir_failures_raw(failures, row).data) continue;
        weir_status status = weir_sqlite_keep_raw(s, failures, row, gathered, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Casts the gathered columns to their types and puts the batch together. */
static weir_status finish_batch(source *s, weir_builder **builders, uint32_t rows,
                                weir_failures **failures, weir_batch **out, weir_error *err) {
    weir_batch *b = NULL;
    weir_column **gathered_columns =
        weir_alloc_zero(s->schema->n_fields + 1u, sizeof *gathered_columns);
    if (!gathered_columns) return weir_error_nomem(err);
    weir_status status;
    weir_ctx ctx = {.ledger = s->env->ledger,
                    .scratch = &s->scratch,
                    .cancel = s->env->cancel,
                    .now_us = s->env->now_us};
    weir_rows all = {.n = rows, .length = rows};
    WEIR_TRY(weir_batch_new(s->schema, rows, &b, err));
    for (uint32_t f = 0; f < s->schema->n_fields; f++) {
        const weir_field *field = &s->schema->fields[f];
        WEIR_TRY(weir_builder_finish(builders[f], &gathered_columns[f], err));
        weir_column *raw = gathered_columns[f];
        if (raw->type == field->type) {
            b->columns[f] = weir_column_retain(raw);
            continue;
        }
        weir_blame blame = {*failures, "read", field->name, "type", false};
        WEIR_TRY(weir_cast(raw, field->type, all, &s->casts[f], &blame, &ctx, &b->columns[f], err));
    }
    WEIR_TRY(keep_refused(s, *failures, gathered_columns, err));
    if ((*failures)->n) {
        b->failures = *failures;
        *failures = NULL;
    }
    b->origin.sequence = s->sequence++;
    b->origin.first_row = s->rows;
    WEIR_TRY(weir_sqlite_give_ids(s, b, err));
    s->rows += rows;
    *out = b;
    b = NULL;
out:
    for (uint32_t f = 0; f < s->schema->n_fields; f++) weir_column_release(gathered_columns[f]);
    weir_free(gathered_columns);
    weir_batch_free(b);
    weir_arena_reset(&s->scratch);
    return status;
}

static weir_status gather(source *s, weir_builder **builders, weir_failures *failures,
                          uint32_t *rows, bool *end, weir_error *err) {
    size_t bytes = 0;
    while (*rows < WEIR_SQLITE_BATCH_ROWS && bytes < BATCH_BYTES) {
        int rc = sqlite3_step(s->stmt);
        if (rc == SQLITE_DONE) {
            *end = true;
            return WEIR_OK;
        }
        if (rc != SQLITE_ROW) return weir_sqlite_error(s->db, err, s->name);
        if (s->request.cursor) {
            bool known;
            weir_status status = weir_cursor_take(&s->cursor, s->stmt, &known, err);
            if (status != WEIR_OK) return status;
            if (known) continue;
        }
        weir_sqlite_note_id(s, *rows);
        for (uint32_t f = 0; f < s->schema->n_fields; f++) {
            weir_status status = add_value(s, f, *rows, builders[f], failures, &bytes, err);
            if (status != WEIR_OK) return status;
        }
        if (weir_failures_bad(failures, *rows)) {
            weir_status status = weir_sqlite_keep_raw(s, failures, *rows, NULL, err);
            if (status != WEIR_OK) return status;
            bytes += s->raw.size;
        }
        ++*rows;
    }
    return WEIR_OK;
}

static weir_status source_read(void *object, weir_packet *out, weir_read_result *result,
                               weir_error *err) {
    source *s = object;
    uint32_t n = s->schema->n_fields, rows = 0;
    *result = WEIR_READ_END;
    if (s->ended) return WEIR_OK;
    weir_failures *failures = NULL;
    weir_builder **builders = weir_alloc_zero(n + 1u, sizeof *builders);
    if (!builders) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_failures_new(WEIR_SQLITE_BATCH_ROWS, &failures, err));
    for (uint32_t f = 0; f < n; f++)
        WEIR_TRY(weir_builder_new(weir_sqlite_gathered(s->schema->fields[f].type), s->env->ledger,
                                  &builders[f], err));
    WEIR_TRY(gather(s, builders, failures, &rows, &s->ended, err));
    if (rows) {
        status = finish_batch(s, builders, rows, &failures, &out->batch, err);
        *result = WEIR_READ_PACKET;
    }
out:
    for (uint32_t f = 0; f < n; f++) weir_builder_free(builders[f]);
    weir_free(builders);
    weir_failures_free(failures);
    return status;
}

static weir_status split_end(void *object, bool aborted, weir_error *err) {
    source *s = object;
    (void)aborted;
    (void)err;
    sqlite3_reset(s->stmt);
    return WEIR_OK;
}

const weir_source_ops weir_sqlite_source_ops = {
    .open = source_open,
    .enumerate = source_enumerate,
    .schema = source_schema,
    .split_begin = split_begin,
    .read = source_read,
    .split_end = split_end,
    .position = source_position,
    .restore = source_restore,
    .close = source_close,
    .identify = source_identify,
    .describe = weir_cursor_describe,
};
