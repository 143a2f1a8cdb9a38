/* What the sink asks of the table before anything is written. */
#include "connect/sqlite/sink.h"

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

/* The input's column of this name; names have no case in SQLite.  -1 = there is none. */
static int field_named(const weir_schema *schema, const char *name) {
    for (uint32_t i = 0; i < schema->n_fields; i++)
        if (sqlite3_stricmp(schema->fields[i].name, name) == 0) return (int)i;
    return -1;
}

weir_status weir_sqlite_check_names(const weir_schema *schema, weir_error *err) {
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        int first = field_named(schema, schema->fields[i].name);
        if (first == (int)i) continue;
        weir_error_set(err, WEIR_USAGE, "the columns %s and %s are the same one in SQLite",
                       schema->fields[first].name, schema->fields[i].name);
        weir_error_hint(err, "rename one of them in transform");
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

static weir_status check_missing(const sink *s, const char *name, bool required, weir_error *err) {
    if (required) {
        weir_error_set(err, WEIR_USAGE,
                       "table %s needs a value for %s, which the input does not have",
                       s->table.name, name);
        weir_error_hint(err, "set it in transform, or give the column a default");
        return WEIR_USAGE;
    }
    if (s->request.missing != WEIR_DRIFT_FAIL) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "table %s has a column %s, which the input does not have",
                   s->table.name, name);
    weir_error_hint(err, "set it in transform; drift: { missing: evolve } gives it its default");
    return WEIR_USAGE;
}

/* A column that both have. */
static weir_status check_held(sink *s, const char *name, const char *declared, uint32_t field,
                              bool required, weir_error *err) {
    if (!affinity_harms(declared, s->input->fields[field].type)) return WEIR_OK;
    if (s->request.type_change == WEIR_DRIFT_DROP) {
        s->drift[field] = WEIR_SQLITE_NO_TYPE;
        return required ? check_missing(s, name, true, err) : WEIR_OK;
    }
    weir_error_set(err, WEIR_USAGE,
                   "column %s of %s is declared %s: SQLite would change values of type %s", name,
                   s->table.name, declared, s->input->fields[field].type->name);
    weir_error_hint(err, "cast it in transform, declare the column text, or leave it out with "
                         "drift: { type_change: drop }");
    return WEIR_USAGE;
}

static weir_status check_generated(sink *s, const char *name, uint32_t field, weir_error *err) {
    s->drift[field] = WEIR_SQLITE_NO_PLACE;
    if (s->request.new_columns == WEIR_DRIFT_DROP) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "column %s of %s is computed by the table: it takes no values",
                   name, s->table.name);
    weir_error_hint(err, "leave it out with drop: [%s]", name);
    return WEIR_USAGE;
}

static weir_status check_column(sink *s, sqlite3_stmt *info, bool *seen, weir_error *err) {
    const char *name = (const char *)sqlite3_column_text(info, 1);
    const char *declared = (const char *)sqlite3_column_text(info, 2);
    bool required = sqlite3_column_int(info, 3) && sqlite3_column_type(info, 4) == SQLITE_NULL;
    int hidden = sqlite3_column_int(info, 6), field = name ? field_named(s->input, name) : -1;
    if (hidden && field >= 0) {
        seen[field] = true;
        return check_generated(s, name, (uint32_t)field, err);
    }
    if (hidden) return WEIR_OK;
    if (field < 0) return check_missing(s, name ? name : "?", required, err);
    seen[field] = true;
    return check_held(s, name, declared, (uint32_t)field, required, err);
}

weir_status weir_sqlite_check_columns(sink *s, weir_error *err) {
    sqlite3_stmt *info = NULL;
    bool *seen = weir_alloc_zero(s->input->n_fields + 1u, sizeof *seen);
    s->drift = weir_alloc_zero(s->input->n_fields + 1u, sizeof *s->drift);
    weir_status status = seen && s->drift ? WEIR_OK : weir_error_nomem(err);
    if (status != WEIR_OK) goto out;
    WEIR_TRY(weir_sqlite_prepare(s->db, "reading the table's columns",
                                 "select * from pragma_table_xinfo(?1, ?2)", &info, err));
    sqlite3_bind_text(info, 1, s->table.name, -1, SQLITE_STATIC);
    sqlite3_bind_text(info, 2, s->table.schema ? s->table.schema : "main", -1, SQLITE_STATIC);
    int rc;
    while ((rc = sqlite3_step(info)) == SQLITE_ROW) {
        s->exists = true;
        WEIR_TRY(check_column(s, info, seen, err));
    }
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        status = weir_sqlite_error(s->db, err, "reading the table's columns");
        goto out;
    }
    for (uint32_t i = 0; s->exists && i < s->input->n_fields; i++) {
        const char *name = s->input->fields[i].name;
        if (seen[i]) continue;
        s->drift[i] =
            s->request.new_columns == WEIR_DRIFT_EVOLVE ? WEIR_SQLITE_ADDED : WEIR_SQLITE_NO_PLACE;
        if (s->request.new_columns != WEIR_DRIFT_FAIL) continue;
        status = weir_error_set(err, WEIR_USAGE, "table %s has no column %s", s->table.name, name);
        weir_error_hint(err,
                        "add it with drift: { new_columns: evolve }, or leave it out with "
                        "drop: [%s]",
                        name);
        goto out;
    }
out:
    sqlite3_finalize(info);
    weir_free(seen);
    return status;
}

weir_status weir_sqlite_check_key(sink *s, weir_error *err) {
    static const char *const sql =
        "select count(*) from (select 1 from pragma_index_list(?1) as l where l.\"unique\" and not "
        "l.partial "
        "and (select count(*) from pragma_index_info(l.name)) = ?2 and ?2 = "
        "(select count(*) from pragma_index_info(l.name) where exists (select 1 from "
        "json_each(?3) where value = name collate nocase)) "
        "union all select 1 where (select count(*) from pragma_table_info(?1) where pk > 0) = ?2 "
        "and "
        "?2 = (select count(*) from pragma_table_info(?1) where pk > 0 and exists "
        "(select 1 from json_each(?3) where value = name collate nocase)))";
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
    WEIR_TRY(weir_sqlite_prepare(s->db, "reading the table's indexes", sql, &stmt, err));
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
