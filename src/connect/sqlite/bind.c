/* Values into statements: those of a column's row, and the pipeline's parameters of a query. */
#include "column/kernel.h"
#include "connect/sqlite/sqlite.h"

bool weir_sqlite_kept_as_text(const weir_type *t) {
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

int weir_sqlite_bind(sqlite3_stmt *stmt, int at, const weir_column *c, uint32_t row,
                     sqlite3_destructor_type keep) {
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
            return sqlite3_bind_blob(stmt, at, s.data, (int)s.size, keep);
        return sqlite3_bind_text(stmt, at, s.data, (int)s.size, keep);
    }
    }
}

/* ---- parameters of a query ------------------------------------------------------------------ */

static const weir_query_param *find_param(const weir_source_request *r, const char *name) {
    for (size_t i = 0; i < r->n_params; i++)
        if (strcmp(r->params[i].name, name) == 0) return &r->params[i];
    return NULL;
}

static weir_status text_column(const char *text, const weir_env *env, weir_column **out,
                               weir_error *err) {
    weir_builder *b = NULL;
    weir_status status;
    WEIR_TRY(weir_builder_new(weir_type_of(WEIR_STRING), env->ledger, &b, err));
    WEIR_TRY(weir_builder_bytes(b, text, strlen(text), err));
    status = weir_builder_finish(b, out, err);
out:
    weir_builder_free(b);
    return status;
}

/* The value in the form in which the sink would store it, so that both compare. */
static weir_status bind_param(sqlite3_stmt *stmt, int at, const weir_query_param *p,
                              const weir_env *env, weir_error *err) {
    weir_column *text = NULL, *value = NULL, *stored = NULL;
    weir_failures *failures = NULL;
    weir_arena scratch = {0};
    weir_ctx ctx = {
        .ledger = env->ledger, .scratch = &scratch, .cancel = env->cancel, .now_us = env->now_us};
    weir_rows one = {.n = 1, .length = 1};
    const weir_type *type = NULL;
    weir_status status;
    WEIR_TRY(weir_type_parse(p->type, &type, err));
    WEIR_TRY(weir_failures_new(1, &failures, err));
    WEIR_TRY(text_column(p->value, env, &text, err));
    weir_blame blame = {failures, "read", p->name, "type", false};
    WEIR_TRY(weir_cast(text, type, one, NULL, &blame, &ctx, &value, err));
    if (failures->n) {
        status = weir_error_set(err, WEIR_USAGE, "the parameter %s: %s", p->name,
                                failures->items[0].reason);
        goto out;
    }
    if (weir_sqlite_kept_as_text(type))
        WEIR_TRY(
            weir_cast(value, weir_type_of(WEIR_STRING), one, NULL, &blame, &ctx, &stored, err));
    if (weir_sqlite_bind(stmt, at, stored ? stored : value, 0, SQLITE_TRANSIENT) != SQLITE_OK)
        status = weir_sqlite_error(sqlite3_db_handle(stmt), err, "binding a parameter");
out:
    weir_column_release(text);
    weir_column_release(value);
    weir_column_release(stored);
    weir_failures_free(failures);
    weir_arena_clear(&scratch);
    return status;
}

weir_status weir_sqlite_bind_params(sqlite3_stmt *stmt, const weir_source_request *request,
                                    const weir_env *env, weir_error *err) {
    int n = sqlite3_bind_parameter_count(stmt);
    for (int at = 1; at <= n; at++) {
        const char *name = sqlite3_bind_parameter_name(stmt, at);
        if (!name || *name == '?') {
            weir_error_set(err, WEIR_USAGE, "query: a parameter without a name (?) has no value");
            weir_error_hint(err, "write :name, and the name below params");
            return WEIR_USAGE;
        }
        if (strncmp(name + 1, WEIR_SQLITE_OWN_PARAM, strlen(WEIR_SQLITE_OWN_PARAM)) == 0) continue;
        const weir_query_param *p = find_param(request, name + 1);
        if (!p) {
            weir_error_set(err, WEIR_USAGE, "query: there is no parameter for %.80s", name);
            weir_error_hint(err, "add %.60s below params of the pipeline, with its type", name + 1);
            return WEIR_USAGE;
        }
        weir_status status = bind_param(stmt, at, p, env, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}
