/* The raw form of a record that cannot be read: every value as SQLite has it, so that a replay of
 * the mended pipeline reads the offending one, too. */
#include "connect/sqlite/source.h"
#include "text/encode.h"
#include "text/json.h"
#include "text/number.h"
#include "text/utf8.h"

const weir_type *weir_sqlite_gathered(const weir_type *t) {
    switch (t->id) {
    case WEIR_INT64:
    case WEIR_FLOAT64:
    case WEIR_STRING:
    case WEIR_BINARY: return t;
    default: return weir_type_of(WEIR_STRING);
    }
}

/* Bytes as a replay reads them for a binary column. */
static weir_status bytes_json(source *s, weir_json_writer *w, const void *p, size_t n,
                              weir_error *err) {
    s->word.size = 0;
    if (!weir_buf_reserve(&s->word, weir_base64_max(n))) return weir_error_nomem(err);
    s->word.size = weir_base64_encode(p, n, WEIR_BASE64, s->word.data);
    weir_json_write_string_n(w, s->word.data, s->word.size);
    return WEIR_OK;
}

static weir_status text_json(source *s, weir_json_writer *w, const char *p, size_t n,
                             weir_error *err) {
    if (!weir_utf8_valid(p, n)) return bytes_json(s, w, p, n, err);
    weir_json_write_string_n(w, p, n);
    return WEIR_OK;
}

/* A number's text; in quotes where a replay casts from text as the source does (bool takes "1"). */
static void number_json(weir_json_writer *w, const weir_type *t, const char *text, size_t n) {
    bool bare = weir_sqlite_gathered(t) == t && strspn(text, "-0123456789.e+") >= n;
    if (bare)
        weir_json_write_raw(w, text, n);
    else
        weir_json_write_string_n(w, text, n);
}

/* The field's value in the statement's row as SQLite has it. */
static weir_status stored_json(source *s, weir_json_writer *w, uint32_t f, weir_error *err) {
    int column = s->columns[f];
    const weir_type *t = s->schema->fields[f].type;
    char number[WEIR_NUM_DOUBLE_MAX + 1];
    size_t n = 0;
    const char *p = NULL;
    switch (sqlite3_column_type(s->stmt, column)) {
    case SQLITE_NULL: weir_json_write_null(w); return WEIR_OK;
    case SQLITE_INTEGER:
        sqlite3_snprintf(sizeof number, number, "%lld", sqlite3_column_int64(s->stmt, column));
        number_json(w, t, number, strlen(number));
        return WEIR_OK;
    case SQLITE_FLOAT:
        n = weir_num_format_double(sqlite3_column_double(s->stmt, column), number);
        number[n] = '\0';
        number_json(w, t, number, n);
        return WEIR_OK;
    case SQLITE_BLOB:
        p = sqlite3_column_blob(s->stmt, column);
        n = (size_t)sqlite3_column_bytes(s->stmt, column);
        return bytes_json(s, w, p ? p : "", n, err);
    default:
        p = (const char *)sqlite3_column_text(s->stmt, column);
        if (!p) return weir_error_nomem(err);
        n = (size_t)sqlite3_column_bytes(s->stmt, column);
        return text_json(s, w, p, n, err);
    }
}

/* A value of a gathered column, which a cast refused or which stands beside one. */
static weir_status gathered_json(source *s, weir_json_writer *w, const weir_column *c, uint32_t row,
                                 weir_error *err) {
    if (weir_column_is_null(c, row)) {
        weir_json_write_null(w);
        return WEIR_OK;
    }
    if (c->type->id == WEIR_STRING || c->type->id == WEIR_BINARY) {
        weir_slice text = weir_column_slice(c, row);
        return c->type->id == WEIR_STRING ? text_json(s, w, text.data, text.size, err)
                                          : bytes_json(s, w, text.data, text.size, err);
    }
    s->word.size = 0;
    if (!weir_column_text(c, row, &s->word)) return weir_error_nomem(err);
    size_t n = s->word.size; /* with a NUL behind it */
    number_json(w, c->type, weir_buf_cstr(&s->word), n);
    return WEIR_OK;
}

weir_status weir_sqlite_keep_raw(source *s, weir_failures *failures, uint32_t row,
                                 weir_column *const *columns, weir_error *err) {
    weir_status status = WEIR_OK;
    s->raw.size = 0;
    weir_json_writer w = {.out = &s->raw};
    weir_json_open(&w, '{');
    for (uint32_t f = 0; f < s->schema->n_fields && status == WEIR_OK; f++) {
        weir_json_key(&w, s->schema->fields[f].name);
        status = columns ? gathered_json(s, &w, columns[f], row, err) : stored_json(s, &w, f, err);
    }
    weir_json_close(&w, '}');
    if (status == WEIR_OK && w.failed) status = weir_error_nomem(err);
    if (status != WEIR_OK) return status;
    return weir_failures_keep_raw(failures, row, (weir_slice){s->raw.data, s->raw.size}, err);
}
