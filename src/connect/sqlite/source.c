/* Reading a table or a query: one split, one read transaction, batches built on the reader thread.
 *
 * SQLite types values, not columns: a value that is not of the column's type fails its record, it
 * is never coerced.  Types beyond SQLite's own (decimals, dates, ...) are read as text and cast. */
#include "base/printable.h"
#include "column/kernel.h"
#include "connect/sqlite/sqlite.h"
#include "text/encode.h"
#include "text/number.h"
#include "text/time.h"
#include "text/zone.h"

#define BATCH_ROWS 4096u
#define BATCH_BYTES ((size_t)1 << 20)

typedef struct source {
    weir_source_request request;
    const weir_env *env;
    const weir_sqlite_source_config *config;
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char *name; /* for addresses: file:table */
    weir_schema *schema;
    int *columns;             /* of the statement, for each field */
    weir_cast_options *casts; /* for each field, as `columns` of the file says */
    weir_arena kept;          /* what the casts point to */
    uint64_t rows, sequence;
    weir_arena scratch;
    bool in_transaction;
    bool ended; /* stepping on would begin the statement anew */
} source;

static void source_close(void *object) {
    source *s = object;
    if (!s) return;
    sqlite3_finalize(s->stmt);
    if (s->in_transaction) (void)sqlite3_exec(s->db, "rollback", NULL, NULL, NULL);
    sqlite3_close(s->db);
    weir_schema_release(s->schema);
    weir_free(s->columns);
    weir_free(s->casts);
    weir_arena_clear(&s->kept);
    weir_arena_clear(&s->scratch);
    weir_free(s);
}

static weir_status statement(source *s, weir_error *err) {
    const weir_sqlite_source_config *c = s->config;
    weir_status status;
    if (!c->table == !c->query) {
        weir_error_set(err, WEIR_USAGE, "a sqlite source needs either table or query");
        return WEIR_USAGE;
    }
    if (c->query) {
        WEIR_TRY(weir_sqlite_prepare(s->db, c->query, &s->stmt, err));
        if (!sqlite3_stmt_readonly(s->stmt) || sqlite3_column_count(s->stmt) == 0)
            status = weir_error_set(err, WEIR_USAGE, "query: only a select can be read");
        goto out;
    }
    weir_sql_table table;
    weir_buf sql = {0};
    status = weir_sql_table_parse(&weir_sqlite_dialect, c->table, s->env->arena, &table, err);
    if (status == WEIR_OK) status = weir_sql_select(&weir_sqlite_dialect, &table, NULL, &sql, err);
    if (status == WEIR_OK) status = weir_sqlite_prepare(s->db, weir_buf_cstr(&sql), &s->stmt, err);
    weir_buf_clear(&sql);
out:
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
    WEIR_TRY(weir_sqlite_exec(s->db, "begin", err));
    s->in_transaction = true;
    WEIR_TRY(statement(s, err));
    s->name = weir_arena_printf(env->arena, "%s:%s", connection->path,
                                s->config->table ? s->config->table : "query");
    if (!s->name) status = weir_error_nomem(err);
    if (status != WEIR_OK) goto out;
    *out = s;
    return WEIR_OK;
out:
    if (err && !err->source[0]) weir_error_at(err, connection->path, 0, 0);
    source_close(s);
    return status;
}

static weir_status source_enumerate(void *object, weir_splits *out, weir_error *err) {
    source *s = object;
    weir_split split = {.name = s->name};
    return weir_splits_add(out, &split, err);
}

/* ---- schema -------------------------------------------------------------------------------- */

static const weir_opt_column *declared(const source *s, const char *physical) {
    const weir_opt_columns *columns = s->request.columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (strcmp(c->from ? c->from : c->name, physical) == 0) return c;
    }
    return NULL;
}

static weir_status all_found(const source *s, weir_error *err) {
    const weir_opt_columns *columns = s->request.columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const char *want = columns->items[i].from ? columns->items[i].from : columns->items[i].name;
        bool found = false;
        for (int c = 0; c < sqlite3_column_count(s->stmt) && !found; c++)
            found = strcmp(sqlite3_column_name(s->stmt, c), want) == 0;
        if (found) continue;
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

static weir_status source_schema(void *object, const weir_splits *splits, weir_schema **out,
                                 weir_error *err) {
    source *s = object;
    (void)splits;
    int n = sqlite3_column_count(s->stmt);
    uint32_t fields_n = 0;
    weir_field *fields = weir_alloc_zero((size_t)n + 1, sizeof *fields);
    s->columns = weir_alloc_zero((size_t)n + 1, sizeof *s->columns);
    s->casts = weir_alloc_zero((size_t)n + 1, sizeof *s->casts);
    weir_status status =
        fields && s->columns && s->casts ? all_found(s, err) : weir_error_nomem(err);
    for (int c = 0; status == WEIR_OK && c < n; c++) {
        const char *physical = sqlite3_column_name(s->stmt, c);
        if (!physical) {
            status = weir_error_nomem(err);
            break;
        }
        const weir_opt_column *d = declared(s, physical);
        if (!d && s->request.extra != WEIR_EXTRA_KEEP && s->request.columns &&
            s->request.columns->n)
            continue;
        weir_field *f = &fields[fields_n];
        f->name = d ? d->name : physical;
        f->not_null = d && d->not_null;
        if (d && d->type)
            status = declared_type(s, d, &f->type, err);
        else
            f->type = weir_sqlite_type_of(sqlite3_column_decltype(s->stmt, c));
        if (status == WEIR_OK) status = declared_cast(s, d, f->type, &s->casts[fields_n], err);
        s->columns[fields_n++] = c;
    }
    if (status == WEIR_OK) status = weir_schema_new(fields, fields_n, &s->schema, err);
    weir_free(fields);
    if (status == WEIR_OK) *out = weir_schema_retain(s->schema);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

static weir_status split_begin(void *object, const weir_split *split, uint32_t number,
                               weir_error *err) {
    source *s = object;
    (void)split;
    (void)number;
    s->rows = 0;
    s->ended = false;
    return sqlite3_reset(s->stmt) == SQLITE_OK ? WEIR_OK : weir_sqlite_error(s->db, err, s->name);
}

/* How a field is gathered: SQLite's own three kinds directly, others as text and then cast. */
static const weir_type *gathered(const weir_type *t) {
    switch (t->id) {
    case WEIR_INT64:
    case WEIR_FLOAT64:
    case WEIR_STRING:
    case WEIR_BINARY: return t;
    default: return weir_type_of(WEIR_STRING);
    }
}

static const char *kind_name(int kind) {
    return kind == SQLITE_INTEGER ? "an integer"
           : kind == SQLITE_FLOAT ? "a real number"
           : kind == SQLITE_TEXT  ? "text"
                                  : "a blob";
}

/* The row has no raw form where the value could still be seen: the reason shows it. */
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

/* Casts the gathered columns to their types and puts the batch together. */
static weir_status finish_batch(source *s, weir_builder **builders, uint32_t rows,
                                weir_failures **failures, weir_batch **out, weir_error *err) {
    weir_batch *b = NULL;
    weir_column *raw = NULL;
    weir_status status;
    weir_ctx ctx = {.ledger = s->env->ledger,
                    .scratch = &s->scratch,
                    .cancel = s->env->cancel,
                    .now_us = s->env->now_us};
    weir_rows all = {.n = rows, .length = rows};
    WEIR_TRY(weir_batch_new(s->schema, rows, &b, err));
    for (uint32_t f = 0; f < s->schema->n_fields; f++) {
        const weir_field *field = &s->schema->fields[f];
        WEIR_TRY(weir_builder_finish(builders[f], &raw, err));
        if (raw->type == field->type) {
            b->columns[f] = raw;
            raw = NULL;
            continue;
        }
        weir_blame blame = {*failures, "read", field->name, "type"};
        WEIR_TRY(weir_cast(raw, field->type, all, &s->casts[f], &blame, &ctx, &b->columns[f], err));
        weir_column_release(raw);
        raw = NULL;
    }
    if ((*failures)->n) {
        b->failures = *failures;
        *failures = NULL;
    }
    b->origin.sequence = s->sequence++;
    b->origin.first_row = s->rows;
    s->rows += rows;
    *out = b;
    b = NULL;
out:
    weir_column_release(raw);
    weir_batch_free(b);
    weir_arena_reset(&s->scratch);
    return status;
}

static weir_status gather(source *s, weir_builder **builders, weir_failures *failures,
                          uint32_t *rows, bool *end, weir_error *err) {
    size_t bytes = 0;
    while (*rows < BATCH_ROWS && bytes < BATCH_BYTES) {
        int rc = sqlite3_step(s->stmt);
        if (rc == SQLITE_DONE) {
            *end = true;
            return WEIR_OK;
        }
        if (rc != SQLITE_ROW) return weir_sqlite_error(s->db, err, s->name);
        for (uint32_t f = 0; f < s->schema->n_fields; f++) {
            weir_status status = add_value(s, f, *rows, builders[f], failures, &bytes, err);
            if (status != WEIR_OK) return status;
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
    WEIR_TRY(weir_failures_new(BATCH_ROWS, &failures, err));
    for (uint32_t f = 0; f < n; f++)
        WEIR_TRY(weir_builder_new(gathered(s->schema->fields[f].type), s->env->ledger, &builders[f],
                                  err));
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
    .close = source_close,
};
