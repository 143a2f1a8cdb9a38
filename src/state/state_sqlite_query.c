/* History as batches: one table says for each `what` which columns it has and where filters apply.
 */
#include "state/state_sqlite.h"

#include <stdio.h>

#include "base/printable.h"
#include "text/utf8.h"

#define BATCH_ROWS 8192u
#define COLUMNS_MAX 32

typedef struct column_info {
    const char *name;
    char kind; /* s string, i int64, t time, f float64, b bool */
    bool null; /* may be missing */
    const char *sql;
} column_info;

typedef struct query_info {
    const char *from;
    const char *pipeline, *step, *status, *run,
        *time;         /* columns that filters look at; NULL = none */
    const char *order; /* with %s for "" or " desc" behind each column */
    column_info columns[COLUMNS_MAX];
} query_info;

#define RUN_OF " left join runs r on r.id = t.run_id"

static const query_info queries[WEIR_STATE_WHAT_COUNT] = {
    [WEIR_STATE_RUNS] =
        {.from = "runs t",
         .pipeline = "t.pipeline",
         .status = "t.status",
         .run = "t.id",
         .time = "t.started",
         .order = "t.started%s, t.id%s",
         .columns = {{"run_id", 's', false, "t.id"},
                     {"pipeline", 's', false, "t.pipeline"},
                     {"status", 's', false, "t.status"},
                     {"started", 't', false, "t.started"},
                     {"ended", 't', true, "t.ended"},
                     {"duration_us", 'i', true, "t.ended - t.started"},
                     {"exit_code", 'i', true, "t.exit_code"},
                     {"error", 's', false, "t.error"},
                     {"file", 's', false, "t.file"},
                     {"fingerprint", 's', false, "t.fingerprint"},
                     {"trigger", 's', false, "t.trigger"},
                     {"host", 's', false, "t.host"},
                     {"pid", 'i', false, "t.pid"},
                     {"version", 's', false, "t.version"},
                     {"rows_in", 'i', false,
                      "(select coalesce(sum(rows_in), 0) from steps where run_id = t.id)"},
                     {"loaded", 'i', false,
                      "(select coalesce(sum(inserted + updated + unchanged + stale), 0) from steps "
                      "where run_id = t.id)"},
                     {"rejected", 'i', false,
                      "(select coalesce(sum(rejected), 0) from steps where run_id = t.id)"}}},
    [WEIR_STATE_STEPS] = {.from = "steps t" RUN_OF,
                          .pipeline = "r.pipeline",
                          .step = "t.step",
                          .status = "t.status",
                          .run = "t.run_id",
                          .time = "t.started",
                          .order = "t.started%s, t.run_id%s, t.step%s",
                          .columns = {{"run_id", 's', false, "t.run_id"},
                                      {"pipeline", 's', false, "coalesce(r.pipeline, '')"},
                                      {"step", 's', false, "t.step"},
                                      {"status", 's', false, "t.status"},
                                      {"source", 's', false, "t.source"},
                                      {"sink", 's', false, "t.sink"},
                                      {"started", 't', false, "t.started"},
                                      {"duration_us", 'i', false, "t.duration_us"},
                                      {"attempts", 'i', false, "t.attempts"},
                                      {"rows_in", 'i', false, "t.rows_in"},
                                      {"created", 'i', false, "t.created"},
                                      {"loaded", 'i', false,
                                       "t.inserted + t.updated + t.unchanged + t.stale"},
                                      {"inserted", 'i', false, "t.inserted"},
                                      {"updated", 'i', false, "t.updated"},
                                      {"unchanged", 'i', false, "t.unchanged"},
                                      {"stale", 'i', false, "t.stale"},
                                      {"rejected", 'i', false, "t.rejected"},
                                      {"filtered", 'i', false, "t.filtered"},
                                      {"absorbed", 'i', false, "t.absorbed"},
                                      {"bytes_in", 'i', false, "t.bytes_in"},
                                      {"bytes_out", 'i', false, "t.bytes_out"},
                                      {"warnings", 'i', false, "t.warnings"},
                                      {"files", 'i', false, "t.files"},
                                      {"files_skipped", 'i', false, "t.files_skipped"},
                                      {"error", 's', false, "t.error"}}},
    [WEIR_STATE_OPERATORS] = {.from = "operators t" RUN_OF,
                              .pipeline = "r.pipeline",
                              .step = "t.step",
                              .run = "t.run_id",
                              .time = "r.started",
                              .order = "r.started%s, t.run_id%s, t.step, t.ordinal",
                              .columns = {{"run_id", 's', false, "t.run_id"},
                                          {"step", 's', false, "t.step"},
                                          {"ordinal", 'i', false, "t.ordinal"},
                                          {"operator", 's', false, "t.operator"},
                                          {"in", 'i', false, "t.rows_in"},
                                          {"created", 'i', false, "t.created"},
                                          {"out", 'i', false, "t.rows_out"},
                                          {"rejected", 'i', false, "t.rejected"},
                                          {"filtered", 'i', false, "t.filtered"},
                                          {"absorbed", 'i', false, "t.absorbed"}}},
    [WEIR_STATE_REJECTS] = {.from = "rejects t" RUN_OF,
                            .pipeline = "t.pipeline",
                            .step = "t.step",
                            .status = "t.state",
                            .run = "t.run_id",
                            .time = "t.changed",
                            .order = "r.started%s, t.run_id%s, t.step%s, t.epoch%s, t.path%s",
                            .columns = {{"run_id", 's', false, "t.run_id"},
                                        {"pipeline", 's', false, "t.pipeline"},
                                        {"step", 's', false, "t.step"},
                                        {"epoch", 'i', false, "t.epoch"},
                                        {"path", 's', false, "t.path"},
                                        {"format", 's', false, "t.format"},
                                        {"rows", 'i', false, "t.rows"},
                                        {"state", 's', false, "t.state"},
                                        {"replayed_by", 's', true, "t.replayed_by"},
                                        {"changed", 't', false, "t.changed"},
                                        {"source", 's', false, "t.source"}}},
    [WEIR_STATE_POSITIONS] = {.from = "positions t",
                              .pipeline = "t.pipeline",
                              .step = "t.step",
                              .run = "t.run_id",
                              .time = "t.updated",
                              .order = "t.pipeline%s, t.step%s, t.fingerprint%s",
                              .columns = {{"pipeline", 's', false, "t.pipeline"},
                                          {"step", 's', false, "t.step"},
                                          {"fingerprint", 's', false, "t.fingerprint"},
                                          {"position", 's', false, "t.text"},
                                          {"epoch", 'i', false, "t.epoch"},
                                          {"run_id", 's', false, "t.run_id"},
                                          {"updated", 't', false, "t.updated"}}},
    [WEIR_STATE_FILES] = {.from = "files t",
                          .pipeline = "t.pipeline",
                          .step = "t.step",
                          .run = "t.run_id",
                          .time = "t.loaded",
                          .order = "t.pipeline%s, t.step%s, t.path%s",
                          .columns = {{"pipeline", 's', false, "t.pipeline"},
                                      {"step", 's', false, "t.step"},
                                      {"path", 's', false, "t.path"},
                                      {"size_bytes", 'i', false, "t.size_bytes"},
                                      {"mtime_ns", 'i', false, "t.mtime_ns"},
                                      {"hash", 's', false, "t.hash"},
                                      {"rows", 'i', false, "t.rows"},
                                      {"epoch", 'i', false, "t.epoch"},
                                      {"run_id", 's', false, "t.run_id"},
                                      {"loaded", 't', false, "t.loaded"}}},
    [WEIR_STATE_QUALITY] = {.from = "quality t" RUN_OF,
                            .pipeline = "r.pipeline",
                            .step = "t.step",
                            .status = "case t.passed when 1 then 'passed' else 'failed' end",
                            .run = "t.run_id",
                            .time = "t.at",
                            .order = "t.at%s, t.run_id%s, t.step%s, t.metric%s",
                            .columns = {{"run_id", 's', false, "t.run_id"},
                                        {"pipeline", 's', false, "coalesce(r.pipeline, '')"},
                                        {"step", 's', false, "t.step"},
                                        {"metric", 's', false, "t.metric"},
                                        {"value", 'f', true, "t.value"},
                                        {"threshold", 's', false, "t.threshold"},
                                        {"severity", 's', false, "t.severity"},
                                        {"passed", 'b', false, "t.passed"},
                                        {"at", 't', false, "t.at"}}},
    [WEIR_STATE_EVENTS] = {.from = "events t" RUN_OF,
                           .pipeline = "r.pipeline",
                           .step = "t.step",
                           .status = "t.level",
                           .run = "t.run_id",
                           .time = "t.at",
                           .order = "t.at%s, t.run_id%s, t.seq%s",
                           .columns = {{"run_id", 's', false, "t.run_id"},
                                       {"at", 't', false, "t.at"},
                                       {"level", 's', false, "t.level"},
                                       {"step", 's', false, "t.step"},
                                       {"text", 's', false, "t.text"},
                                       {"fields", 's', false, "t.fields"}}},
    [WEIR_STATE_EPOCHS] =
        {.from = "epochs t",
         .pipeline = "t.pipeline",
         .step = "t.step",
         .status = "t.state",
         .run = "t.run_id",
         .time = "t.begun",
         .order = "t.pipeline, t.step, t.number%s",
         .columns = {{"pipeline", 's', false, "t.pipeline"},
                     {"step", 's', false, "t.step"},
                     {"epoch", 'i', false, "t.number"},
                     {"state", 's', false, "t.state"},
                     {"run_id", 's', false, "t.run_id"},
                     {"fence", 'i', false, "t.fence"},
                     {"begun", 't', false, "t.begun"},
                     {"changed", 't', false, "t.changed"},
                     {"handles", 'i', false,
                      "(select count(*) from epoch_handles h where h.pipeline = t.pipeline and "
                      "h.step = t.step and h.number = t.number)"},
                     {"account", 's', true, "cast(t.account as text)"}}},
    [WEIR_STATE_LEASES] = {.from = "leases t",
                           .pipeline = "t.pipeline",
                           .run = "t.run_id",
                           .time = "t.acquired",
                           .order = "t.pipeline%s",
                           .columns = {{"pipeline", 's', false, "t.pipeline"},
                                       {"fence", 'i', false, "t.fence"},
                                       {"run_id", 's', false, "t.run_id"},
                                       {"pid", 'i', false, "t.pid"},
                                       {"host", 's', false, "t.host"},
                                       {"acquired", 't', false, "t.acquired"},
                                       {"released", 't', true, "t.released"}}},
    [WEIR_STATE_DOCUMENTS] = {.from = "documents t" RUN_OF,
                              .pipeline = "r.pipeline",
                              .step = "t.step",
                              .status = "t.kind",
                              .run = "t.run_id",
                              .time = "r.started",
                              .order = "r.started%s, t.run_id%s, t.step, t.kind",
                              .columns = {{"run_id", 's', false, "t.run_id"},
                                          {"step", 's', false, "t.step"},
                                          {"kind", 's', false, "t.kind"},
                                          {"text", 's', false, "t.text"}}},
};

static uint32_t count_columns(const query_info *q) {
    uint32_t n = 0;
    while (n < COLUMNS_MAX && q->columns[n].name) n++;
    return n;
}

static const weir_type *type_of(char kind) {
    switch (kind) {
    case 'i': return weir_type_of(WEIR_INT64);
    case 't': return weir_type_of(WEIR_TIMESTAMPTZ);
    case 'f': return weir_type_of(WEIR_FLOAT64);
    case 'b': return weir_type_of(WEIR_BOOL);
    default: return weir_type_of(WEIR_STRING);
    }
}

weir_status weir_state_schema(weir_state_what what, weir_schema **out, weir_error *err) {
    weir_field fields[COLUMNS_MAX];
    if ((unsigned)what >= WEIR_STATE_WHAT_COUNT)
        return weir_error_set(err, WEIR_INTERNAL, "the state has no table %d", (int)what);
    const query_info *q = &queries[what];
    uint32_t n = count_columns(q);
    for (uint32_t i = 0; i < n; i++)
        fields[i] = (weir_field){.name = q->columns[i].name,
                                 .type = type_of(q->columns[i].kind),
                                 .not_null = !q->columns[i].null};
    return weir_schema_new(fields, n, out, err);
}

/* ---- the statement ------------------------------------------------------------------------- */

static bool add_order(const query_info *q, const char *direction, weir_buf *sql) {
    bool ok = weir_buf_adds(sql, " order by ");
    for (const char *p = q->order; *p && ok; p++) {
        if (p[0] == '%' && p[1] == 's') {
            ok = weir_buf_adds(sql, direction);
            p++;
        } else {
            ok = weir_buf_add(sql, p, 1);
        }
    }
    return ok;
}

/* Named parameters, so that conditions which do not apply leave no gap. */
static bool compose(const query_info *q, const weir_state_filter *f, weir_buf *sql) {
    uint32_t n = count_columns(q);
    bool ok = weir_buf_adds(sql, "select ");
    for (uint32_t i = 0; i < n && ok; i++)
        ok = weir_buf_printf(sql, "%s%s", i ? ", " : "", q->columns[i].sql);
    ok = ok && weir_buf_printf(sql, " from %s where 1", q->from);
    if (ok && f->pipeline && q->pipeline)
        ok = weir_buf_printf(sql, " and %s = :pipeline", q->pipeline);
    if (ok && f->step && q->step) ok = weir_buf_printf(sql, " and %s = :step", q->step);
    if (ok && f->status && q->status) ok = weir_buf_printf(sql, " and %s = :status", q->status);
    if (ok && f->run_id && q->run) {
        size_t k = strlen(f->run_id);
        ok = k > 0 && f->run_id[k - 1] == '*'
                 ? weir_buf_printf(sql, " and substr(%s, 1, length(:run)) = :run", q->run)
                 : weir_buf_printf(sql, " and %s = :run", q->run);
    }
    if (ok && f->since_us && q->time) ok = weir_buf_printf(sql, " and %s >= :since", q->time);
    if (ok && f->until_us && q->time) ok = weir_buf_printf(sql, " and %s < :until", q->time);
    return ok && add_order(q, f->newest_first ? " desc" : "", sql) &&
           weir_buf_adds(sql, " limit :limit offset :offset");
}

static int bind_text(sqlite3_stmt *stmt, const char *name, const char *text, size_t n) {
    int i = sqlite3_bind_parameter_index(stmt, name);
    return i ? sqlite3_bind_text64(stmt, i, text, n, SQLITE_TRANSIENT, SQLITE_UTF8) : SQLITE_OK;
}

static int bind_number(sqlite3_stmt *stmt, const char *name, int64_t value) {
    int i = sqlite3_bind_parameter_index(stmt, name);
    return i ? sqlite3_bind_int64(stmt, i, value) : SQLITE_OK;
}

static int bind_filter(sqlite3_stmt *stmt, const weir_state_filter *f, uint64_t limit) {
    size_t run = f->run_id ? strlen(f->run_id) : 0;
    if (run > 0 && f->run_id[run - 1] == '*') run--;
    int rc = SQLITE_OK;
    if (f->pipeline) rc |= bind_text(stmt, ":pipeline", f->pipeline, strlen(f->pipeline));
    if (f->step) rc |= bind_text(stmt, ":step", f->step, strlen(f->step));
    if (f->status) rc |= bind_text(stmt, ":status", f->status, strlen(f->status));
    if (f->run_id) rc |= bind_text(stmt, ":run", f->run_id, run);
    rc |= bind_number(stmt, ":since", f->since_us);
    rc |= bind_number(stmt, ":until", f->until_us);
    rc |= bind_number(stmt, ":limit",
                      weir_statedb_signed(limit) < INT64_MAX ? (int64_t)limit + 1 : INT64_MAX);
    rc |= bind_number(stmt, ":offset", weir_statedb_signed(f->offset));
    return rc;
}

/* ---- rows to batches ----------------------------------------------------------------------- */

typedef struct reader {
    const query_info *q;
    weir_schema *schema;
    uint32_t n;
    weir_builder *builders[COLUMNS_MAX];
    uint32_t rows; /* in the builders */
    weir_state_result *out;
    size_t capacity;
} reader;

/* Names of files may hold any bytes; a string column holds UTF-8 only. */
static weir_status put_text(weir_builder *b, const char *text, size_t n, weir_error *err) {
    if (weir_utf8_valid(text, n)) return weir_builder_bytes(b, text, n, err);
    size_t cap = n * 4 + 1;
    char *clean = n < SIZE_MAX / 8 ? weir_alloc(cap) : NULL;
    if (!clean) return weir_error_nomem(err);
    size_t k = weir_printable(clean, cap, text, n);
    weir_status status = weir_builder_bytes(b, clean, k, err);
    weir_free(clean);
    return status;
}

static weir_status put_value(reader *r, sqlite3_stmt *stmt, uint32_t i, weir_error *err) {
    weir_builder *b = r->builders[i];
    int column = (int)i;
    if (sqlite3_column_type(stmt, column) == SQLITE_NULL) return weir_builder_null(b, false, err);
    switch (r->q->columns[i].kind) {
    case 'i':
    case 't': {
        int64_t v = sqlite3_column_int64(stmt, column);
        return weir_builder_value(b, &v, err);
    }
    case 'f': {
        double v = sqlite3_column_double(stmt, column);
        return weir_builder_value(b, &v, err);
    }
    case 'b': {
        uint8_t v = sqlite3_column_int64(stmt, column) != 0;
        return weir_builder_value(b, &v, err);
    }
    default: {
        const char *text = (const char *)sqlite3_column_text(stmt, column);
        if (!text) return weir_error_nomem(err);
        return put_text(b, text, (size_t)sqlite3_column_bytes(stmt, column), err);
    }
    }
}

static weir_status flush(reader *r, weir_error *err) {
    weir_batch *batch = NULL;
    weir_status status = weir_batch_new(r->schema, r->rows, &batch, err);
    if (status != WEIR_OK) return status;
    for (uint32_t i = 0; i < r->n; i++)
        WEIR_TRY(weir_builder_finish(r->builders[i], &batch->columns[i], err));
    WEIR_TRY(weir_grow((void **)&r->out->batches, &r->capacity, r->out->n + 1,
                       sizeof *r->out->batches, SIZE_MAX / 16, err));
    r->out->batches[r->out->n++] = batch;
    r->out->rows += r->rows;
    r->rows = 0;
    return WEIR_OK;
out:
    weir_batch_free(batch);
    return status;
}

static weir_status read_rows(weir_statedb *d, sqlite3_stmt *stmt, reader *r, uint64_t limit,
                             weir_error *err) {
    for (uint64_t row = 0;; row++) {
        weir_status status = WEIR_OK;
        int rc = sqlite3_step(stmt);
        if (rc == SQLITE_DONE) break;
        if (rc != SQLITE_ROW) return weir_statedb_error(d, sqlite3_extended_errcode(d->db), err);
        if (row == limit) {
            r->out->more = true;
            break;
        }
        for (uint32_t i = 0; i < r->n && status == WEIR_OK; i++)
            status = put_value(r, stmt, i, err);
        if (status == WEIR_OK && ++r->rows == BATCH_ROWS) status = flush(r, err);
        if (status != WEIR_OK) return status;
    }
    return r->rows > 0 ? flush(r, err) : WEIR_OK;
}

weir_status weir_statedb_query(weir_state *s, weir_state_what what, const weir_state_filter *filter,
                               weir_ledger *ledger, weir_state_result *out, weir_error *err) {
    weir_statedb *d = weir_statedb_of(s);
    weir_state_result result = {0};
    reader r = {.q = &queries[what], .out = &result};
    uint64_t limit = filter->limit ? filter->limit : WEIR_STATE_QUERY_ROWS;
    sqlite3_stmt *stmt = NULL;
    weir_buf sql = {0};
    weir_status status = weir_statedb_begin(d, false, err);
    if (status != WEIR_OK) return status;
    r.n = count_columns(r.q);
    WEIR_TRY(weir_state_schema(what, &result.schema, err));
    r.schema = result.schema;
    for (uint32_t i = 0; i < r.n; i++)
        WEIR_TRY(weir_builder_new(result.schema->fields[i].type, ledger, &r.builders[i], err));
    if (!compose(r.q, filter, &sql)) {
        status = weir_error_nomem(err);
        goto out;
    }
    int rc = sqlite3_prepare_v2(d->db, sql.data, (int)sql.size, &stmt, NULL);
    if (rc == SQLITE_OK) rc = bind_filter(stmt, filter, limit);
    if (rc != SQLITE_OK) {
        status = weir_statedb_error(d, sqlite3_extended_errcode(d->db), err);
        goto out;
    }
    status = read_rows(d, stmt, &r, limit, err);
out:
    sqlite3_finalize(stmt);
    for (uint32_t i = 0; i < r.n; i++) weir_builder_free(r.builders[i]);
    weir_buf_clear(&sql);
    status = weir_statedb_end(d, status, err);
    if (status == WEIR_OK)
        *out = result;
    else
        weir_state_result_clear(&result);
    return status;
}
