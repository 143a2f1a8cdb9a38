#include "connect/sql/sql.h"

weir_status weir_sql_table_parse(const weir_sql_dialect *d, const char *text, weir_arena *arena,
                                 weir_sql_table *out, weir_error *err) {
    const char *parts[2];
    size_t sizes[2], n = 0;
    for (const char *p = text;; p++) {
        if (n == 2) {
            weir_error_set(err, WEIR_USAGE, "the table name %s has too many parts", text);
            weir_error_hint(err, "write table or schema.table; quote a name that holds a dot");
            return WEIR_USAGE;
        }
        const char *end;
        if (*p == '"') {
            end = strchr(++p, '"');
            if (!end)
                return weir_error_set(err, WEIR_USAGE, "a quote in the table name %s is not closed",
                                      text);
        } else {
            end = p + strcspn(p, ".");
        }
        parts[n] = p;
        sizes[n++] = (size_t)(end - p);
        p = *end == '"' ? end + 1 : end;
        if (sizes[n - 1] == 0)
            return weir_error_set(err, WEIR_USAGE, "the table name %s has an empty part", text);
        if (*p == '\0') break;
        if (*p != '.')
            return weir_error_set(err, WEIR_USAGE, "the table name %s cannot be read", text);
    }
    (void)d;
    char *copies[2] = {NULL, NULL};
    for (size_t i = 0; i < n; i++)
        if (!(copies[i] = weir_arena_strndup(arena, parts[i], sizes[i])))
            return weir_error_nomem(err);
    out->schema = n == 2 ? copies[0] : NULL;
    out->name = copies[n - 1];
    return WEIR_OK;
}

weir_status weir_sql_quote(const weir_sql_dialect *d, const char *name, weir_buf *out,
                           weir_error *err) {
    size_t n = strlen(name);
    if (n == 0) return weir_error_set(err, WEIR_USAGE, "a table or column name is empty");
    if (d->max_name_bytes && n > d->max_name_bytes) {
        weir_error_set(err, WEIR_USAGE, "the name %.80s... has %zu bytes, %s allows %zu", name, n,
                       d->name, d->max_name_bytes);
        weir_error_hint(err, "rename the column before the sink");
        return WEIR_USAGE;
    }
    bool ok = weir_buf_add(out, &d->quote, 1);
    for (size_t i = 0; ok && i < n; i++)
        ok = (name[i] != d->quote || weir_buf_add(out, &d->quote, 1)) &&
             weir_buf_add(out, &name[i], 1);
    return ok && weir_buf_add(out, &d->quote, 1) ? WEIR_OK : weir_error_nomem(err);
}

/* Statements are put together from texts and names; the first failure stays. */
typedef struct writer {
    const weir_sql_dialect *d;
    weir_buf *out;
    weir_error *err;
    weir_status status;
} writer;

static void text(writer *w, const char *s) {
    if (w->status == WEIR_OK && !weir_buf_adds(w->out, s)) w->status = weir_error_nomem(w->err);
}
static void name(writer *w, const char *s) {
    if (w->status == WEIR_OK) w->status = weir_sql_quote(w->d, s, w->out, w->err);
}
static void table(writer *w, const weir_sql_table *t) {
    if (t->schema) name(w, t->schema), text(w, ".");
    name(w, t->name);
}
static void parameter(writer *w, uint32_t number) {
    if (!w->d->numbered_parameters)
        text(w, "?");
    else if (w->status == WEIR_OK && !weir_buf_printf(w->out, "$%u", number))
        w->status = weir_error_nomem(w->err);
}
static void columns(writer *w, const weir_schema *s) {
    for (uint32_t i = 0; i < s->n_fields; i++) {
        if (i) text(w, ", ");
        name(w, s->fields[i].name);
    }
}
static void key_list(writer *w, const weir_opt_strings *key) {
    for (size_t i = 0; i < key->n; i++) {
        if (i) text(w, ", ");
        name(w, key->items[i]);
    }
}

weir_status weir_sql_quote_table(const weir_sql_dialect *d, const weir_sql_table *t, weir_buf *out,
                                 weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    table(&w, t);
    return w.status;
}

static bool in_key(const weir_opt_strings *key, const char *column) {
    for (size_t i = 0; key && i < key->n; i++)
        if (strcmp(key->items[i], column) == 0) return true;
    return false;
}

static void column(writer *w, const weir_field *f) {
    name(w, f->name);
    text(w, " ");
    if (w->status == WEIR_OK && !w->d->column_type(f->type, w->out))
        w->status = weir_error_set(w->err, WEIR_USAGE, "%s has no column type for %s of type %s",
                                   w->d->name, f->name, f->type->name);
}

weir_status weir_sql_create_table(const weir_sql_dialect *d, const weir_sql_table *t,
                                  const weir_schema *schema, const weir_opt_strings *key,
                                  weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    text(&w, "create table ");
    table(&w, t);
    text(&w, " (");
    for (uint32_t i = 0; i < schema->n_fields && w.status == WEIR_OK; i++) {
        const weir_field *f = &schema->fields[i];
        if (i) text(&w, ", ");
        column(&w, f);
        if (f->not_null || in_key(key, f->name)) text(&w, " not null");
    }
    if (key && key->n) {
        text(&w, ", primary key (");
        key_list(&w, key);
        text(&w, ")");
    }
    text(&w, ")");
    return w.status;
}

weir_status weir_sql_add_column(const weir_sql_dialect *d, const weir_sql_table *t,
                                const weir_field *field, weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    text(&w, "alter table ");
    table(&w, t);
    text(&w, " add column ");
    column(&w, field);
    return w.status;
}

static void insert(writer *w, const weir_sql_table *t, const weir_schema *schema) {
    text(w, "insert into ");
    table(w, t);
    text(w, " (");
    columns(w, schema);
    text(w, ") values (");
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        if (i) text(w, ", ");
        parameter(w, i + 1);
    }
    text(w, ")");
}

weir_status weir_sql_insert(const weir_sql_dialect *d, const weir_sql_table *t,
                            const weir_schema *schema, weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    insert(&w, t, schema);
    return w.status;
}

static void assignments(writer *w, const weir_schema *schema, const weir_opt_strings *key) {
    bool first = true;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *column = schema->fields[i].name;
        if (in_key(key, column)) continue;
        if (!first) text(w, ", ");
        first = false;
        name(w, column);
        if (w->d->merge == WEIR_SQL_ON_CONFLICT) {
            text(w, " = excluded.");
            name(w, column);
        } else {
            text(w, " = values(");
            name(w, column);
            text(w, ")");
        }
    }
}

#define COMPARED_MAX 500u /* an expression may not be deeper than 1,000 in SQLite */

static void differs(writer *w, const weir_sql_table *t, const weir_schema *schema,
                    const weir_opt_strings *key) {
    const char *join = " where ";
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const char *column = schema->fields[i].name;
        if (in_key(key, column)) continue;
        text(w, join);
        join = " or ";
        name(w, t->name);
        text(w, ".");
        name(w, column);
        text(w, w->d->distinct);
        text(w, "excluded.");
        name(w, column);
    }
}

weir_status weir_sql_upsert(const weir_sql_dialect *d, const weir_sql_table *t,
                            const weir_schema *schema, const weir_opt_strings *key,
                            const char *version, weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    if (d->merge == WEIR_SQL_ON_DUPLICATE && version)
        return weir_error_set(err, WEIR_USAGE, "%s cannot guard an upsert by version", d->name);
    insert(&w, t, schema);
    bool only_keys = true;
    for (uint32_t i = 0; i < schema->n_fields; i++)
        only_keys = only_keys && in_key(key, schema->fields[i].name);
    if (d->merge == WEIR_SQL_ON_DUPLICATE) {
        text(&w, " on duplicate key update ");
        if (only_keys)
            name(&w, key->items[0]), text(&w, " = "), name(&w, key->items[0]);
        else
            assignments(&w, schema, key);
        return w.status;
    }
    text(&w, " on conflict (");
    key_list(&w, key);
    text(&w, only_keys ? ") do nothing" : ") do update set ");
    if (only_keys) return w.status;
    assignments(&w, schema, key);
    if (version) { /* a null version never wins over one that is known */
        text(&w, " where excluded.");
        name(&w, version);
        text(&w, " >= ");
        name(&w, t->name);
        text(&w, ".");
        name(&w, version);
        int field = weir_schema_find(schema, version, strlen(version));
        weir_type_id id = field >= 0 ? schema->fields[field].type->id : WEIR_STRING;
        /* integers too: an existing column may keep them as text */
        if (d->text_order && id != WEIR_STRING && id != WEIR_BINARY && id != WEIR_UUID)
            text(&w, d->text_order);
        text(&w, " or ");
        name(&w, t->name);
        text(&w, ".");
        name(&w, version);
        text(&w, " is null");
    } else if (d->distinct && schema->n_fields <= COMPARED_MAX) {
        differs(&w, t, schema, key);
    }
    return w.status;
}

weir_status weir_sql_select(const weir_sql_dialect *d, const weir_sql_table *t,
                            const weir_schema *schema, weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    text(&w, "select ");
    if (schema)
        columns(&w, schema);
    else
        text(&w, "*");
    text(&w, " from ");
    table(&w, t);
    return w.status;
}

weir_status weir_sql_token_create(const weir_sql_dialect *d, weir_buf *out, weir_error *err) {
    static const char *const names[] = {"token", "pipeline", "step",        "sink",
                                        "epoch", "run_id",   "committed_at"};
    writer w = {d, out, err, WEIR_OK};
    text(&w, "create table if not exists ");
    name(&w, WEIR_SQL_TOKEN_TABLE);
    text(&w, " (");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (i) text(&w, ", ");
        name(&w, names[i]);
        text(&w, " ");
        text(&w, strcmp(names[i], "epoch") == 0 ? "bigint" : d->text_type);
        text(&w, i == 0 ? " not null primary key" : " not null");
    }
    text(&w, ")");
    return w.status;
}

weir_status weir_sql_token_insert(const weir_sql_dialect *d, weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    text(&w, "insert into ");
    name(&w, WEIR_SQL_TOKEN_TABLE);
    text(&w, " (token, pipeline, step, sink, epoch, run_id, committed_at) values (");
    for (uint32_t i = 1; i <= 7; i++) {
        if (i > 1) text(&w, ", ");
        parameter(&w, i);
    }
    text(&w, ")");
    return w.status;
}

weir_status weir_sql_token_select(const weir_sql_dialect *d, weir_buf *out, weir_error *err) {
    writer w = {d, out, err, WEIR_OK};
    text(&w, "select epoch from ");
    name(&w, WEIR_SQL_TOKEN_TABLE);
    text(&w, " where token = ");
    parameter(&w, 1);
    return w.status;
}

static weir_status check_column(const weir_schema *schema, const char *option, const char *column,
                                weir_error *err) {
    if (weir_schema_find(schema, column, strlen(column)) >= 0) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s: there is no column %s", option, column);
    const char *near = weir_schema_nearest(schema, column);
    if (near) weir_error_hint(err, "did you mean %s?", near);
    return WEIR_USAGE;
}

/* "Newer" must mean something: two of these cannot be put in order by value. */
static weir_status check_version(const weir_schema *schema, const char *version, weir_error *err) {
    weir_status status = check_column(schema, "version", version, err);
    if (status != WEIR_OK) return status;
    const weir_type *t = schema->fields[weir_schema_find(schema, version, strlen(version))].type;
    bool unordered = t->id == WEIR_NULL || t->id == WEIR_INTERVAL || t->id == WEIR_JSON ||
                     weir_type_is_nested(t);
    if (!unordered) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "version: %s is of type %s, whose values have no order",
                   version, t->name);
    weir_error_hint(err, "take a number, a date or a time, or make one in transform");
    return WEIR_USAGE;
}

weir_status weir_sql_check_request(const weir_sink_request *r, const weir_schema *schema,
                                   weir_error *err) {
    for (size_t i = 0; i < r->key.n; i++) {
        weir_status status = check_column(schema, "key", r->key.items[i], err);
        if (status != WEIR_OK) return status;
    }
    if (r->mode == WEIR_MODE_UPSERT && r->key.n == 0) {
        weir_error_set(err, WEIR_USAGE, "mode upsert needs a key");
        weir_error_hint(err, "add key: [column, ...] to the sink");
        return WEIR_USAGE;
    }
    return r->version ? check_version(schema, r->version, err) : WEIR_OK;
}
