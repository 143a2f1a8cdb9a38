/* The drift policy: columns that the table lacks are added to it, or columns are left out.
 *
 * Columns are added in the transaction of the load, behind its token: what undoes the load undoes
 * them, and a later try finds the table as it was.
 */
#include "connect/sqlite/sink.h"

/* A column of a strict table keeps what its type says; ANY is the one without affinity. */
static bool strict_type(const weir_type *type, weir_buf *out) {
    return type->id == WEIR_UINT64 ? weir_buf_adds(out, "any")
                                   : weir_sqlite_dialect.column_type(type, out);
}

/* Views and virtual tables take no column. */
static weir_status look_at_table(sink *s, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    weir_status status;
    WEIR_TRY(weir_sqlite_prepare(
        s->db, "reading the kind of the table",
        "select type, strict from pragma_table_list(?1) where schema = ?2 collate nocase", &stmt,
        err));
    sqlite3_bind_text(stmt, 1, s->table.name, -1, SQLITE_STATIC);
    sqlite3_bind_text(stmt, 2, s->table.schema ? s->table.schema : "main", -1, SQLITE_STATIC);
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW && rc != SQLITE_DONE) {
        status = weir_sqlite_error(s->db, err, "reading the kind of the table");
        goto out;
    }
    const char *type = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
    s->strict = rc == SQLITE_ROW && sqlite3_column_int(stmt, 1);
    if (type && strcmp(type, "table") != 0) {
        status =
            weir_error_set(err, WEIR_USAGE, "new_columns: %s is a %s%s: no column can be added",
                           s->table.name, type, type[1] == 'i' && type[2] == 'r' ? " table" : "");
        weir_error_hint(err, "write new_columns: drop, or leave columns out in transform");
    }
out:
    sqlite3_finalize(stmt);
    return status;
}

/* Rows cannot be told apart by what is not loaded. */
static weir_status check_needed(const sink *s, uint32_t field, const char *option,
                                const char *column, weir_error *err) {
    const char *name = s->input->fields[field].name;
    if (!column || strcmp(column, name) != 0) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s: %s cannot be left out: %s", option, name,
                   s->drift[field] == WEIR_SQLITE_NO_PLACE
                       ? "the table has no such column"
                       : "its type in the table would change the values");
    weir_error_hint(err, "add a fitting column to the table");
    return WEIR_USAGE;
}

weir_status weir_sqlite_decide_drift(sink *s, weir_error *err) {
    uint32_t n = 0, added = 0;
    weir_status status = WEIR_OK;
    weir_field *fields = weir_alloc_zero(s->input->n_fields + 1u, sizeof *fields);
    s->from = weir_alloc_zero(s->input->n_fields + 1u, sizeof *s->from);
    if (!fields || !s->from) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < s->input->n_fields; i++) {
        if (s->drift[i] == WEIR_SQLITE_HELD || s->drift[i] == WEIR_SQLITE_ADDED) {
            added += s->drift[i] == WEIR_SQLITE_ADDED;
            s->from[n] = i;
            fields[n++] = s->input->fields[i];
            continue;
        }
        for (size_t k = 0; k < s->request.key.n; k++)
            WEIR_TRY(check_needed(s, i, "key", s->request.key.items[k], err));
        WEIR_TRY(check_needed(s, i, "version", s->request.version, err));
    }
    if (n == added && s->exists) {
        status = weir_error_set(err, WEIR_USAGE, "table %s has none of the columns of the input",
                                s->table.name);
        weir_error_hint(err, "look at the names of the columns, and at table:");
        goto out;
    }
    if (added) WEIR_TRY(look_at_table(s, err));
    status = weir_schema_new(fields, n, &s->schema, err);
out:
    weir_free(fields);
    return status;
}

static weir_status remark(const sink *s, uint32_t field, weir_buf *out, weir_error *err) {
    if (!weir_buf_adds(out, "-- left out: ")) return weir_error_nomem(err);
    weir_status status =
        weir_sql_quote(&weir_sqlite_dialect, s->input->fields[field].name, out, err);
    if (status != WEIR_OK) return status;
    return weir_buf_adds(out, s->drift[field] == WEIR_SQLITE_NO_PLACE
                                  ? ", which the table lacks"
                                  : ", whose type in the table would change the values")
               ? WEIR_OK
               : weir_error_nomem(err);
}

weir_status weir_sqlite_evolve(sink *s, bool show, weir_buf *sql, weir_error *err) {
    weir_sql_dialect dialect = weir_sqlite_dialect;
    if (s->strict) dialect.column_type = strict_type;
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; i < s->input->n_fields; i++) {
        if (s->drift[i] == WEIR_SQLITE_HELD) continue;
        if (s->drift[i] == WEIR_SQLITE_ADDED)
            WEIR_TRY(weir_sql_add_column(&dialect, &s->table, &s->input->fields[i], sql, err));
        else if (show)
            WEIR_TRY(remark(s, i, sql, err));
        else
            continue;
        if (show) {
            if (!weir_buf_adds(sql, "\n")) return weir_error_nomem(err);
            continue;
        }
        WEIR_TRY(weir_sqlite_exec(s->db, "adding a column", weir_buf_cstr(sql), err));
        sql->size = 0;
    }
out:
    return status;
}
