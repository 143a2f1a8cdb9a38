#include "connect/sqlite/cursor.h"

#include <stdlib.h>

#include "base/log.h"
#include "base/printable.h"
#include "connect/sqlite/cursor_order.h"
#include "text/number.h"

#define VERSION 1

static void seen_clear(weir_cursor_seen *s) {
    weir_free(s->items);
    weir_free(s->met);
    *s = (weir_cursor_seen){0};
}

void weir_cursor_clear(weir_cursor *c) {
    weir_cursor_value *values[] = {&c->position, &c->high, &c->now, &c->last, &c->reached};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) weir_buf_clear(&values[i]->text);
    seen_clear(&c->before);
    seen_clear(&c->ties);
    seen_clear(&c->beyond);
    weir_buf_clear(&c->scratch);
    *c = (weir_cursor){0};
}

/* ---- opening ------------------------------------------------------------------------------- */

static int find_column(sqlite3_stmt *stmt, const char *name) {
    for (int i = 0; i < sqlite3_column_count(stmt); i++) {
        const char *have = sqlite3_column_name(stmt, i);
        if (have && sqlite3_stricmp(have, name) == 0) return i;
    }
    return -1;
}

static weir_status quoted(const weir_cursor *c, sqlite3_stmt *stmt, const char *name,
                          const char *key, weir_buf *out, int *at, weir_error *err) {
    *at = find_column(stmt, name);
    if (*at >= 0)
        return weir_sql_quote(&weir_sqlite_dialect, sqlite3_column_name(stmt, *at), out, err);
    weir_error_set(err, WEIR_USAGE, "incremental: %s: %s has no column %s", key, c->name, name);
    weir_error_hint(err, "check the name; a query must return the cursor and its key");
    return WEIR_USAGE;
}

weir_status weir_cursor_open(weir_cursor *c, const weir_cursor_request *request, const char *name,
                             const char *from, sqlite3_stmt *stmt, const weir_env *env,
                             weir_error *err) {
    weir_buf column = {0}, order = {0};
    weir_status status = WEIR_OK;
    c->request = request;
    c->name = name;
    WEIR_TRY(quoted(c, stmt, request->column, "column", &column, &c->at, err));
    if (!weir_buf_adds(&order, weir_buf_cstr(&column))) status = weir_error_nomem(err);
    for (size_t i = 0; status == WEIR_OK && i < request->key.n; i++) {
        int at;
        if (!weir_buf_adds(&order, ", ")) status = weir_error_nomem(err);
        if (status == WEIR_OK)
            status = quoted(c, stmt, request->key.items[i], "key", &order, &at, err);
    }
    if (status != WEIR_OK) goto out;
    c->from = weir_arena_strdup(env->arena, from);
    c->column = weir_arena_strdup(env->arena, weir_buf_cstr(&column));
    c->order = weir_arena_strdup(env->arena, weir_buf_cstr(&order));
    if (!c->from || !c->column || !c->order) status = weir_error_nomem(err);
out:
    weir_buf_clear(&column);
    weir_buf_clear(&order);
    return status;
}

/* ---- the bounds ---------------------------------------------------------------------------- */

static weir_status scalar(const weir_cursor *c, sqlite3 *db, const char *what, const char *where,
                          sqlite3_stmt **out, weir_error *err) {
    weir_buf sql = {0};
    weir_status status = weir_buf_printf(&sql, "select %s from %s%s", what, c->from, where)
                             ? WEIR_OK
                             : weir_error_nomem(err);
    if (status == WEIR_OK) status = weir_sqlite_prepare(db, c->name, weir_buf_cstr(&sql), out, err);
    weir_buf_clear(&sql);
    return status;
}

/* The least or the greatest value; the two of one kind mean that all are, since SQLite orders
 * values by kind first. */
static weir_status extreme(const weir_cursor *c, sqlite3 *db, const weir_cursor_binder *binder,
                           const char *function, weir_cursor_value *out, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    weir_buf what = {0};
    weir_status status =
        weir_buf_printf(&what, "%s(%s)", function, c->column) ? WEIR_OK : weir_error_nomem(err);
    if (status == WEIR_OK) status = scalar(c, db, weir_buf_cstr(&what), "", &stmt, err);
    if (status == WEIR_OK) status = binder->bind(binder->context, stmt, err);
    if (status == WEIR_OK && sqlite3_step(stmt) != SQLITE_ROW)
        status = weir_sqlite_error(db, err, c->name);
    if (status == WEIR_OK) status = weir_cursor_read(c->name, stmt, 0, out, err);
    sqlite3_finalize(stmt);
    weir_buf_clear(&what);
    return status;
}

static weir_status count_nulls(weir_cursor *c, sqlite3 *db, const weir_cursor_binder *binder,
                               weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    weir_buf where = {0};
    weir_status status =
        weir_buf_printf(&where, " where %s is null", c->column) ? WEIR_OK : weir_error_nomem(err);
    if (status == WEIR_OK) status = scalar(c, db, "count(*)", weir_buf_cstr(&where), &stmt, err);
    if (status == WEIR_OK) status = binder->bind(binder->context, stmt, err);
    if (status == WEIR_OK && sqlite3_step(stmt) != SQLITE_ROW)
        status = weir_sqlite_error(db, err, c->name);
    int64_t n = status == WEIR_OK ? sqlite3_column_int64(stmt, 0) : 0;
    sqlite3_finalize(stmt);
    weir_buf_clear(&where);
    if (status != WEIR_OK || n == 0) return status;
    if (c->request->nulls == WEIR_NULLS_ERROR) {
        weir_error_set(err, WEIR_DATA, "%s has %lld row%s without %s, which would never be read",
                       c->name, (long long)n, n == 1 ? "" : "s", c->request->column);
        weir_error_hint(err, "fill the column, or write nulls: include (read in every run) or "
                             "nulls: exclude under incremental:");
        return WEIR_DATA;
    }
    if (c->request->nulls == WEIR_NULLS_EXCLUDE)
        weir_log_warn("%s: %lld row%s without %s left out (nulls: exclude)", c->name, (long long)n,
                      n == 1 ? "" : "s", c->request->column);
    return WEIR_OK;
}

static weir_status other_kind(const weir_cursor *c, const weir_cursor_value *a,
                              const weir_cursor_value *b, weir_error *err) {
    char x[64], y[64];
    weir_printable(x, sizeof x, a->text.data, a->text.size);
    weir_printable(y, sizeof y, b->text.data, b->text.size);
    weir_error_set(err, WEIR_DATA, "the values of %s in %s have no common order: %s and %s",
                   c->request->column, c->name, x, y);
    weir_error_hint(err, "a cursor is all integers, all numbers, or all dates and times written "
                         "alike; convert it in a query");
    return WEIR_DATA;
}

/* Where reading stops: at the greatest value, or behind `lag`, and at now. */
static weir_status set_high(weir_cursor *c, int64_t now_us, weir_error *err) {
    weir_status status;
    if (c->last.kind != WEIR_CURSOR_DATE) {
        if (c->request->lag_us && c->last.kind != WEIR_CURSOR_NONE) {
            weir_error_set(err, WEIR_USAGE,
                           "incremental: lag needs dates or times, and %s of %s "
                           "has none",
                           c->request->column, c->name);
            weir_error_hint(err, "remove lag, or take a column of times as cursor");
            return WEIR_USAGE;
        }
        return weir_cursor_copy(&c->high, &c->last, err);
    }
    WEIR_TRY(weir_cursor_time(&c->last, now_us, c->zone, &c->now, err));
    WEIR_TRY(weir_cursor_time(&c->last, now_us - c->request->lag_us, c->zone, &c->high, err));
    if (weir_cursor_compare(&c->last, &c->high) < 0)
        WEIR_TRY(weir_cursor_copy(&c->high, &c->last, err));
    /* a lag that grew must not hide what is remembered at the position */
    if (c->position.kind == c->high.kind && weir_cursor_compare(&c->high, &c->position) < 0)
        WEIR_TRY(weir_cursor_copy(&c->high, &c->position, err));
out:
    return status;
}

weir_status weir_cursor_freeze(weir_cursor *c, sqlite3 *db, const weir_cursor_binder *binder,
                               int64_t now_us, weir_error *err) {
    weir_cursor_value least = {0};
    weir_status status;
    WEIR_TRY(count_nulls(c, db, binder, err));
    WEIR_TRY(extreme(c, db, binder, "min", &least, err));
    WEIR_TRY(extreme(c, db, binder, "max", &c->last, err));
    if (!weir_cursor_alike(&least, &c->last)) {
        status = other_kind(c, &least, &c->last, err);
        goto out;
    }
    if (c->position.kind != WEIR_CURSOR_NONE && c->last.kind != WEIR_CURSOR_NONE) {
        if (!weir_cursor_alike(&c->position, &c->last)) {
            status = other_kind(c, &c->position, &c->last, err);
            goto out;
        }
        if (weir_cursor_compare(&c->last, &c->position) < 0)
            weir_log_warn("%s: the greatest %s is %s, but %s was read already: were rows deleted, "
                          "or an older copy restored?",
                          c->name, c->request->column, weir_buf_cstr(&c->last.text),
                          weir_buf_cstr(&c->position.text));
    }
    WEIR_TRY(set_high(c, now_us, err));
out:
    weir_buf_clear(&least.text);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

static bool bind_value(sqlite3_stmt *stmt, const char *name, const weir_cursor_value *v) {
    int at = sqlite3_bind_parameter_index(stmt, name);
    if (at == 0) return true;
    const char *text = weir_buf_cstr((weir_buf *)&v->text);
    if (v->kind == WEIR_CURSOR_INTEGER)
        return sqlite3_bind_int64(stmt, at, strtoll(text, NULL, 10)) == SQLITE_OK;
    double d;
    if (v->kind == WEIR_CURSOR_REAL)
        return weir_num_parse_double(text, v->text.size, 0, &d) == WEIR_NUM_OK &&
               sqlite3_bind_double(stmt, at, d) == SQLITE_OK;
    return sqlite3_bind_text(stmt, at, text, (int)v->text.size, SQLITE_TRANSIENT) == SQLITE_OK;
}

/* The first value of a first run, of the kind that the column has. */
static weir_status first_value(const weir_cursor *c, weir_cursor_value *out, weir_error *err) {
    const char *text = c->request->start;
    size_t n = strlen(text);
    out->kind = c->last.kind;
    int64_t i;
    double d;
    bool fits = weir_buf_add(&out->text, text, n);
    if (!fits) return weir_error_nomem(err);
    if (c->last.kind == WEIR_CURSOR_INTEGER)
        fits = weir_num_parse_int64(text, n, &i) == WEIR_NUM_OK;
    if (c->last.kind == WEIR_CURSOR_REAL)
        fits = weir_num_parse_double(text, n, 0, &d) == WEIR_NUM_OK;
    if (fits) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "incremental: start: %s is no number, and %s of %s has numbers",
                   text, c->request->column, c->name);
    return WEIR_USAGE;
}

weir_status weir_cursor_prepare(const weir_cursor *c, sqlite3 *db, sqlite3_stmt **out,
                                weir_error *err) {
    weir_buf sql = {0};
    weir_cursor_value first = {0};
    const weir_cursor_value *low = &c->position;
    weir_status status = WEIR_OK;
    if (c->position.kind == WEIR_CURSOR_NONE && c->request->start) {
        WEIR_TRY(first_value(c, &first, err));
        low = &first;
    }
    bool nulls = c->request->nulls == WEIR_NULLS_INCLUDE;
    bool empty = c->last.kind == WEIR_CURSOR_NONE;
    bool ok = weir_buf_printf(&sql, "select * from %s where (", c->from);
    if (empty)
        ok = ok && weir_buf_adds(&sql, "false");
    else
        ok = ok && weir_buf_printf(&sql, "%s <= :_weir_last", c->column);
    if (!empty && low->kind != WEIR_CURSOR_NONE)
        ok = ok && weir_buf_printf(&sql, " and %s >= :_weir_low", c->column);
    if (!empty && c->now.kind != WEIR_CURSOR_NONE)
        ok = ok && weir_buf_printf(&sql, " and (%s <= :_weir_high or %s > :_weir_now)", c->column,
                                   c->column);
    ok = ok && weir_buf_adds(&sql, ")");
    if (nulls) ok = ok && weir_buf_printf(&sql, " or %s is null", c->column);
    ok = ok && weir_buf_printf(&sql, " order by %s", c->order);
    if (!ok) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(weir_sqlite_prepare(db, c->name, weir_buf_cstr(&sql), out, err));
    if (!bind_value(*out, ":_weir_low", low) || !bind_value(*out, ":_weir_high", &c->high) ||
        !bind_value(*out, ":_weir_now", &c->now) || !bind_value(*out, ":_weir_last", &c->last)) {
        status = weir_sqlite_error(db, err, c->name);
        sqlite3_finalize(*out);
        *out = NULL;
    }
out:
    weir_buf_clear(&sql);
    weir_buf_clear(&first.text);
    return status;
}

/* The whole row: kinds, lengths and bytes. */
static weir_status row_hash(weir_cursor *c, sqlite3_stmt *stmt, weir_hash128 *out,
                            weir_error *err) {
    weir_buf *b = &c->scratch;
    bool ok = true;
    b->size = 0;
    for (int i = 0; ok && i < sqlite3_column_count(stmt); i++) {
        int kind = sqlite3_column_type(stmt, i);
        char head = (char)kind;
        ok = weir_buf_add(b, &head, 1);
        if (kind == SQLITE_INTEGER) {
            int64_t v = sqlite3_column_int64(stmt, i);
            ok = ok && weir_buf_add(b, &v, sizeof v);
        } else if (kind == SQLITE_FLOAT) {
            double v = sqlite3_column_double(stmt, i);
            ok = ok && weir_buf_add(b, &v, sizeof v);
        } else if (kind != SQLITE_NULL) {
            const void *p = kind == SQLITE_BLOB ? sqlite3_column_blob(stmt, i)
                                                : (const void *)sqlite3_column_text(stmt, i);
            uint64_t n = (uint64_t)sqlite3_column_bytes(stmt, i);
            ok =
                (p || n == 0) && weir_buf_add(b, &n, sizeof n) && (n == 0 || weir_buf_add(b, p, n));
        }
    }
    if (!ok) return weir_error_nomem(err);
    *out = weir_hash_bytes128(b->data, b->size, 0);
    return WEIR_OK;
}

static weir_status seen_add(const weir_cursor *c, weir_cursor_seen *s, weir_hash128 h,
                            weir_error *err) {
    if (s->n >= WEIR_CURSOR_MAX_SEEN) {
        if (c->request->merges) return WEIR_OK; /* what is given twice is merged twice */
        weir_error_set(err, WEIR_RESOURCE,
                       "more than %zu rows of %s have the same %s, none, or one in the future",
                       WEIR_CURSOR_MAX_SEEN, c->name, c->request->column);
        weir_error_hint(err, "take a finer cursor, or load with mode: upsert, where a row may be "
                             "read twice");
        return WEIR_RESOURCE;
    }
    weir_status status = weir_grow((void **)&s->items, &s->capacity, s->n + 1, sizeof *s->items,
                                   WEIR_CURSOR_MAX_SEEN, err);
    if (status == WEIR_OK) s->items[s->n++] = h;
    return status;
}

static int by_hash(const void *a, const void *b) {
    const weir_hash128 *x = a, *y = b;
    if (x->high != y->high) return x->high < y->high ? -1 : 1;
    return x->low < y->low ? -1 : x->low > y->low;
}

/* Whether an earlier run gave this row; each of several equal ones counts once. */
static bool given_before(weir_cursor *c, weir_hash128 h) {
    weir_cursor_seen *s = &c->before;
    size_t low = 0, high = s->n;
    while (low < high) { /* the first that is not less */
        size_t middle = low + (high - low) / 2;
        if (by_hash(&s->items[middle], &h) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    for (; low < s->n && by_hash(&s->items[low], &h) == 0; low++) {
        if (s->met[low]) continue;
        s->met[low] = true;
        return true;
    }
    return false;
}

/* Moves on to the row's value, or stays; *future: it is dated later than now. */
static weir_status move_on(weir_cursor *c, sqlite3_stmt *stmt, bool *future, weir_error *err) {
    weir_cursor_value v = {0};
    weir_status status;
    WEIR_TRY(weir_cursor_read(c->name, stmt, c->at, &v, err));
    if (!weir_cursor_alike(&v, &c->last)) {
        status = other_kind(c, &v, &c->last, err);
        goto out;
    }
    *future = c->now.kind != WEIR_CURSOR_NONE && weir_cursor_compare(&v, &c->now) > 0;
    if (*future) goto out;
    int order = c->reached.kind == WEIR_CURSOR_NONE ? 1 : weir_cursor_compare(&v, &c->reached);
    if (order > 0) {
        c->ties.n = 0;
        WEIR_TRY(weir_cursor_copy(&c->reached, &v, err));
    }
out:
    weir_buf_clear(&v.text);
    return status;
}

weir_status weir_cursor_take(weir_cursor *c, sqlite3_stmt *stmt, bool *known, weir_error *err) {
    bool null = sqlite3_column_type(stmt, c->at) == SQLITE_NULL, future = false;
    weir_status status = null ? WEIR_OK : move_on(c, stmt, &future, err);
    *known = false;
    c->future_rows += future;
    c->null_rows += null;
    if (status != WEIR_OK) return status;
    weir_hash128 h;
    status = row_hash(c, stmt, &h, err);
    if (status != WEIR_OK) return status;
    *known = given_before(c, h);
    return seen_add(c, null || future ? &c->beyond : &c->ties, h, err);
}

weir_status weir_cursor_any(weir_cursor *c, sqlite3 *db, const weir_cursor_binder *binder,
                            bool *any, weir_error *err) {
    sqlite3_stmt *stmt = NULL;
    bool known = true;
    int rc = SQLITE_DONE;
    weir_status status = weir_cursor_prepare(c, db, &stmt, err);
    if (status == WEIR_OK) status = binder->bind(binder->context, stmt, err);
    while (status == WEIR_OK && known && (rc = sqlite3_step(stmt)) == SQLITE_ROW)
        status = weir_cursor_take(c, stmt, &known, err);
    if (status == WEIR_OK && rc != SQLITE_ROW && rc != SQLITE_DONE)
        status = weir_sqlite_error(db, err, c->name);
    sqlite3_finalize(stmt);
    c->ties.n = c->beyond.n = 0;
    c->reached.kind = WEIR_CURSOR_NONE;
    c->future_rows = c->null_rows = 0;
    if (c->before.met) memset(c->before.met, 0, c->before.n * sizeof *c->before.met);
    if (status == WEIR_OK) *any = !known;
    return status;
}

/* ---- bytes --------------------------------------------------------------------------------- */

static bool put_value(weir_buf *out, const weir_cursor_value *v) {
    uint8_t kind = (uint8_t)v->kind;
    uint32_t n = (uint32_t)v->text.size;
    return weir_buf_add(out, &kind, 1) && weir_buf_add(out, &n, sizeof n) &&
           (n == 0 || weir_buf_add(out, v->text.data, n));
}

static bool take_bytes(weir_slice *from, void *to, size_t n) {
    if (from->size < n) return false;
    if (n) memcpy(to, from->data, n);
    from->data += n;
    from->size -= n;
    return true;
}

static bool get_value(weir_slice *from, weir_cursor_value *v) {
    uint8_t kind;
    uint32_t n;
    if (!take_bytes(from, &kind, 1) || kind > WEIR_CURSOR_CODE || !take_bytes(from, &n, sizeof n) ||
        n > from->size)
        return false;
    v->kind = (weir_cursor_kind)kind;
    v->text.size = 0;
    if (n && !weir_buf_add(&v->text, from->data, n)) return false;
    from->data += n;
    from->size -= n;
    return true;
}

static weir_status not_ours(const char *what, weir_error *err) {
    return weir_error_set(err, WEIR_DATA, "%s of the sqlite source is damaged, or of a newer weir",
                          what);
}

weir_status weir_cursor_position(weir_cursor *c, weir_buf *out, weir_error *err) {
    uint8_t version = VERSION;
    const weir_cursor_seen *lists[] = {&c->ties, &c->beyond};
    /* nothing was read at or above the position: it stays, with what is remembered there */
    bool stays = c->reached.kind == WEIR_CURSOR_NONE;
    uint64_t n = c->ties.n + c->beyond.n;
    for (size_t i = 0; stays && i < c->before.n; i++) n += !c->before.met[i];
    bool ok = weir_buf_add(out, &version, 1) &&
              put_value(out, stays ? &c->position : &c->reached) && weir_buf_add(out, &n, sizeof n);
    for (size_t i = 0; ok && i < 2; i++)
        ok = lists[i]->n == 0 ||
             weir_buf_add(out, lists[i]->items, lists[i]->n * sizeof *lists[i]->items);
    for (size_t i = 0; ok && stays && i < c->before.n; i++)
        ok = c->before.met[i] || weir_buf_add(out, &c->before.items[i], sizeof *c->before.items);
    if (!ok) return weir_error_nomem(err);
    if (c->future_rows)
        weir_log_warn("%s: %s is later than now in %llu row%s: read, but the position stays before",
                      c->name, c->request->column, (unsigned long long)c->future_rows,
                      c->future_rows == 1 ? "" : "s");
    return WEIR_OK;
}

weir_status weir_cursor_restore(weir_cursor *c, weir_slice bytes, weir_error *err) {
    uint8_t version;
    uint64_t n;
    if (!take_bytes(&bytes, &version, 1) || version != VERSION ||
        !get_value(&bytes, &c->position) || !take_bytes(&bytes, &n, sizeof n) ||
        n > 3 * WEIR_CURSOR_MAX_SEEN || n * sizeof *c->before.items != bytes.size)
        return not_ours("the position", err);
    if (n == 0) return WEIR_OK;
    c->before.items = weir_alloc(bytes.size);
    c->before.met = weir_alloc_zero(n, sizeof *c->before.met);
    if (!c->before.items || !c->before.met) return weir_error_nomem(err);
    memcpy(c->before.items, bytes.data, bytes.size);
    c->before.n = c->before.capacity = n;
    qsort(c->before.items, n, sizeof *c->before.items, by_hash);
    return WEIR_OK;
}

weir_status weir_cursor_describe(weir_slice position, weir_buf *out, weir_error *err) {
    uint8_t version;
    weir_cursor_value v = {0};
    weir_status status = WEIR_OK;
    if (!take_bytes(&position, &version, 1) || version != VERSION || !get_value(&position, &v))
        status = not_ours("the position", err);
    else if (v.text.size && !weir_buf_add(out, v.text.data, v.text.size))
        status = weir_error_nomem(err);
    weir_buf_clear(&v.text);
    return status;
}

weir_status weir_cursor_save(const weir_cursor *c, weir_buf *out, weir_error *err) {
    uint8_t version = VERSION;
    bool ok = weir_buf_add(out, &version, 1) && put_value(out, &c->high) &&
              put_value(out, &c->now) && put_value(out, &c->last);
    return ok ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_cursor_load(weir_cursor *c, weir_slice bytes, weir_error *err) {
    uint8_t version;
    if (take_bytes(&bytes, &version, 1) && version == VERSION && get_value(&bytes, &c->high) &&
        get_value(&bytes, &c->now) && get_value(&bytes, &c->last) && bytes.size == 0)
        return WEIR_OK;
    return not_ours("the frozen bound", err);
}
