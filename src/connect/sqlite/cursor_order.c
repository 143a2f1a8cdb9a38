#include "connect/sqlite/cursor_order.h"

#include <stdio.h>
#include <stdlib.h>

#include "text/number.h"
#include "text/time.h"

/* How a date is written: parts of its text. */
typedef struct form {
    char separator; /* 0 = a date alone */
    bool seconds;
    size_t fraction; /* digits */
    size_t suffix;   /* where the offset begins; the text's length when there is none */
} form;

static bool digits(const char *p, size_t from, size_t n, size_t size) {
    if (from + n > size) return false;
    for (size_t i = from; i < from + n; i++)
        if (p[i] < '0' || p[i] > '9') return false;
    return true;
}

static bool is_suffix(const char *p, size_t n) {
    if (n == 0 || (n == 1 && p[0] == 'Z')) return true;
    if (p[0] != '+' && p[0] != '-') return false;
    return (n == 3 && digits(p, 1, 2, n)) || (n == 5 && digits(p, 1, 4, n)) ||
           (n == 6 && digits(p, 1, 2, n) && p[3] == ':' && digits(p, 4, 2, n));
}

/* YYYY-MM-DD, or with HH:MM[:SS[.fraction]][offset] behind a T or a blank. */
static bool form_of(const char *p, size_t n, form *out) {
    *out = (form){.suffix = n};
    if (!digits(p, 0, 4, n) || n < 10 || p[4] != '-' || !digits(p, 5, 2, n) || p[7] != '-' ||
        !digits(p, 8, 2, n))
        return false;
    if (n == 10) return true;
    out->separator = p[10];
    if ((p[10] != 'T' && p[10] != ' ') || !digits(p, 11, 2, n) || n < 16 || p[13] != ':' ||
        !digits(p, 14, 2, n))
        return false;
    size_t at = 16;
    if (at < n && p[at] == ':' && digits(p, at + 1, 2, n)) {
        out->seconds = true;
        at += 3;
        if (at < n && p[at] == '.') {
            at++;
            while (digits(p, at, 1, n)) at++, out->fraction++;
        }
    }
    out->suffix = at;
    return is_suffix(p + at, n - at);
}

weir_status weir_cursor_read(const char *name, sqlite3_stmt *stmt, int at, weir_cursor_value *out,
                             weir_error *err) {
    char number[WEIR_NUM_DOUBLE_MAX + 1];
    const char *text = NULL;
    size_t n = 0;
    form f;
    out->text.size = 0;
    out->kind = WEIR_CURSOR_NONE;
    switch (sqlite3_column_type(stmt, at)) {
    case SQLITE_NULL: return WEIR_OK;
    case SQLITE_INTEGER:
        sqlite3_snprintf(sizeof number, number, "%lld", sqlite3_column_int64(stmt, at));
        out->kind = WEIR_CURSOR_INTEGER;
        text = number;
        n = strlen(number);
        break;
    case SQLITE_FLOAT:
        n = weir_num_format_double(sqlite3_column_double(stmt, at), number);
        out->kind = WEIR_CURSOR_REAL;
        text = number;
        break;
    case SQLITE_TEXT:
        text = (const char *)sqlite3_column_text(stmt, at);
        if (!text) return weir_error_nomem(err);
        n = (size_t)sqlite3_column_bytes(stmt, at);
        out->kind = form_of(text, n, &f) ? WEIR_CURSOR_DATE : WEIR_CURSOR_CODE;
        break;
    default:
        weir_error_set(err, WEIR_DATA, "a cursor of %s is a blob", name);
        weir_error_hint(err, "take a column of numbers, dates or times");
        return WEIR_DATA;
    }
    return n == 0 || weir_buf_add(&out->text, text, n) ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_cursor_copy(weir_cursor_value *to, const weir_cursor_value *from,
                             weir_error *err) {
    to->kind = from->kind;
    to->text.size = 0;
    if (from->text.size && !weir_buf_add(&to->text, from->text.data, from->text.size))
        return weir_error_nomem(err);
    return WEIR_OK;
}

static bool is_number(weir_cursor_kind kind) {
    return kind == WEIR_CURSOR_INTEGER || kind == WEIR_CURSOR_REAL;
}

bool weir_cursor_alike(const weir_cursor_value *a, const weir_cursor_value *b) {
    if (a->kind == WEIR_CURSOR_NONE || b->kind == WEIR_CURSOR_NONE) return true;
    if (is_number(a->kind) || is_number(b->kind)) return is_number(a->kind) && is_number(b->kind);
    if (a->kind != b->kind) return false;
    if (a->kind == WEIR_CURSOR_CODE) return a->text.size == b->text.size;
    form x, y;
    if (!form_of(a->text.data, a->text.size, &x) || !form_of(b->text.data, b->text.size, &y))
        return false;
    size_t offset = a->text.size - x.suffix;
    if (x.separator != y.separator || x.seconds != y.seconds || offset != b->text.size - y.suffix)
        return false;
    if (offset == 0) return true; /* a longer fraction comes behind a shorter one */
    return x.fraction == y.fraction &&
           memcmp(a->text.data + x.suffix, b->text.data + y.suffix, offset) == 0;
}

static double as_double(const weir_cursor_value *v) {
    double d = 0;
    if (weir_num_parse_double(v->text.data, v->text.size, 0, &d) != WEIR_NUM_OK) return 0;
    return d;
}

int weir_cursor_compare(const weir_cursor_value *a, const weir_cursor_value *b) {
    int64_t x, y;
    if (a->kind == WEIR_CURSOR_INTEGER && b->kind == WEIR_CURSOR_INTEGER &&
        weir_num_parse_int64(a->text.data, a->text.size, &x) == WEIR_NUM_OK &&
        weir_num_parse_int64(b->text.data, b->text.size, &y) == WEIR_NUM_OK)
        return x < y ? -1 : x > y;
    if (is_number(a->kind)) {
        double p = as_double(a), q = as_double(b);
        return p < q ? -1 : p > q;
    }
    size_t n = a->text.size < b->text.size ? a->text.size : b->text.size;
    int order = n ? memcmp(a->text.data, b->text.data, n) : 0;
    if (order) return order;
    return a->text.size < b->text.size ? -1 : a->text.size > b->text.size;
}

/* Seconds of an offset such as +02:00. */
static int64_t offset_seconds(const char *p, size_t n) {
    int64_t hours, minutes = 0;
    if (n < 3 || weir_num_parse_int64(p + 1, 2, &hours) != WEIR_NUM_OK) return 0;
    if (n > 3 && weir_num_parse_int64(p + n - 2, 2, &minutes) != WEIR_NUM_OK) return 0;
    int64_t s = hours * 3600 + minutes * 60;
    return p[0] == '-' ? -s : s;
}

weir_status weir_cursor_time(const weir_cursor_value *like, int64_t us, const char *zone,
                             weir_cursor_value *out, weir_error *err) {
    form f;
    const char *text = like->text.data;
    if (!form_of(text, like->text.size, &f))
        return weir_error_set(err, WEIR_INTERNAL, "a cursor's form is not known");
    size_t offset = like->text.size - f.suffix;
    int64_t local = us;
    if (offset) {
        local += offset_seconds(text + f.suffix, offset) * 1000000;
    } else if (zone) {
        const weir_zone *z;
        weir_zone_cache cache;
        weir_status status = weir_zone_get(zone, &z, err);
        if (status != WEIR_OK) return status;
        weir_zone_cache_init(&cache, z);
        if (!weir_zone_to_local(&cache, us, &local)) local = us;
    }
    int64_t us_of_day;
    int32_t days = weir_timestamp_split(local, &us_of_day);
    weir_civil day = weir_date_to_civil(days);
    char whole[64];
    int64_t s = us_of_day / 1000000;
    /* nine digits: what comes behind a microsecond within now is not the future */
    snprintf(whole, sizeof whole, "%04d-%02u-%02u%c%02d:%02d:%02d.%06d000", day.year, day.month,
             day.day, f.separator ? f.separator : ' ', (int)(s / 3600), (int)(s / 60 % 60),
             (int)(s % 60), (int)(us_of_day % 1000000));
    size_t n = !f.separator ? 10 : !f.seconds ? 16 : 19;
    /* without an offset behind it the fraction may be longer than theirs */
    if (f.seconds && offset == 0) n = 29;
    if (f.seconds && offset && f.fraction) n = 20 + (f.fraction < 9 ? f.fraction : 9);
    out->kind = WEIR_CURSOR_DATE;
    out->text.size = 0;
    bool ok = weir_buf_add(&out->text, whole, n);
    for (size_t i = 9; ok && f.seconds && offset && i < f.fraction; i++)
        ok = weir_buf_add(&out->text, "0", 1);
    if (ok && offset) ok = weir_buf_add(&out->text, text + f.suffix, offset);
    return ok ? WEIR_OK : weir_error_nomem(err);
}
