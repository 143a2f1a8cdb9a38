/* The exact path: any JSON value to a column of any type, with the reason when it does not fit.
 *
 * A column takes what its declared type can hold exactly, however it is written: 12 and "12"
 * and 12.0 are the same int64.  Columns of text take numbers and words as they stand; arrays and
 * objects go to json columns and to list, struct and map columns only.
 */
#include <stdio.h>

#include "format/json_decode.h"
#include "text/encode.h"
#include "text/json_scan.h"

/* ---- binding ------------------------------------------------------------------------------- */

static void integer_bounds(weir_json_target *t) {
    switch (t->type->id) {
    case WEIR_INT8: t->min = INT8_MIN, t->max = INT8_MAX; break;
    case WEIR_INT16: t->min = INT16_MIN, t->max = INT16_MAX; break;
    case WEIR_INT32: t->min = INT32_MIN, t->max = INT32_MAX; break;
    case WEIR_UINT8: t->max = UINT8_MAX; break;
    case WEIR_UINT16: t->max = UINT16_MAX; break;
    case WEIR_UINT32: t->max = UINT32_MAX; break;
    case WEIR_UINT64: t->max = INT64_MAX; break; /* of the fast path */
    default: t->min = INT64_MIN, t->max = INT64_MAX; break;
    }
}

static bool is_time(const weir_type *type, weir_time_kind *kind) {
    switch (type->id) {
    case WEIR_DATE: *kind = WEIR_TIME_KIND_DATE; return true;
    case WEIR_TIME: *kind = WEIR_TIME_KIND_TIME; return true;
    case WEIR_TIMESTAMP: *kind = WEIR_TIME_KIND_TIMESTAMP; return true;
    case WEIR_TIMESTAMPTZ: *kind = WEIR_TIME_KIND_TIMESTAMPTZ; return true;
    case WEIR_INTERVAL: *kind = WEIR_TIME_KIND_INTERVAL; return true;
    default: return false;
    }
}

static weir_json_path_kind pick_path(const weir_json_target *t) {
    if (t->program) return WEIR_JSON_PATH_EXACT;
    switch (t->type->id) {
    case WEIR_BOOL: return WEIR_JSON_PATH_BOOL;
    case WEIR_FLOAT64: return WEIR_JSON_PATH_DOUBLE;
    case WEIR_STRING: return t->nulls.n ? WEIR_JSON_PATH_EXACT : WEIR_JSON_PATH_STRING;
    case WEIR_DATE: return WEIR_JSON_PATH_DATE;
    case WEIR_TIMESTAMP: return WEIR_JSON_PATH_TIMESTAMP;
    case WEIR_TIMESTAMPTZ: return WEIR_JSON_PATH_TIMESTAMPTZ;
    case WEIR_DECIMAL:
        return t->type->width == 8 && t->type->scale <= 8 ? WEIR_JSON_PATH_DECIMAL
                                                          : WEIR_JSON_PATH_EXACT;
    default: return weir_type_is_integer(t->type) ? WEIR_JSON_PATH_INT : WEIR_JSON_PATH_EXACT;
    }
}

static weir_status bind_time(weir_json_target *t, const weir_opt_column *column, weir_arena *arena,
                             weir_error *err) {
    const weir_zone *zone = NULL;
    const char *zone_name = column && column->timezone ? column->timezone : t->type->zone;
    weir_status status = WEIR_OK;
    bool time = is_time(t->type, &t->time_kind);
    weir_zone_cache_init(&t->zone, NULL);
    if (column && column->format) {
        if (!time || t->time_kind == WEIR_TIME_KIND_INTERVAL)
            return weir_error_set(err, WEIR_USAGE, "column '%s': %s takes no format", t->name,
                                  t->type->name);
        WEIR_TRY(weir_time_program_compile(column->format, true, arena, &t->program, err));
    }
    if (column && column->ambiguous)
        t->ambiguous = strcmp(column->ambiguous, "earlier") == 0 ? WEIR_AMBIGUOUS_EARLIER
                       : strcmp(column->ambiguous, "later") == 0 ? WEIR_AMBIGUOUS_LATER
                                                                 : WEIR_AMBIGUOUS_ERROR;
    if (t->type->id == WEIR_TIMESTAMPTZ && zone_name) {
        WEIR_TRY(weir_zone_get(zone_name, &zone, err));
        weir_zone_cache_init(&t->zone, zone);
    }
out:
    return status;
}

weir_status weir_json_target_init(weir_json_target *t, const weir_field *field,
                                  const weir_opt_column *column, weir_arena *arena,
                                  weir_error *err) {
    t->type = field->type;
    t->width = field->type->width;
    t->name = field->name;
    t->not_null = field->not_null;
    t->nested = weir_type_is_nested(field->type);
    t->key = column && column->from ? column->from : field->name;
    t->key_size = strlen(t->key);
    if (column) t->nulls = column->nulls;
    t->declared = column && column->type;
    if (weir_type_is_integer(t->type)) integer_bounds(t);
    if (t->type->id == WEIR_DECIMAL && t->type->width == 8) {
        t->power = t->max = 1;
        for (int i = 0; i < t->type->scale; i++) t->power *= 10;
        for (int i = 0; i < t->type->precision; i++) t->max *= 10;
        t->max--;
    }
    weir_status status = bind_time(t, column, arena, err);
    if (status == WEIR_OK) t->path = (uint8_t)pick_path(t);
    return status;
}

/* ---- nulls and failures -------------------------------------------------------------------- */

weir_failures *weir_json_failures(weir_decoder *d) {
    if (!d->failures) d->status = weir_failures_new(d->capacity, &d->failures, d->err);
    return d->failures;
}

bool weir_json_set_null(weir_decoder *d, weir_json_target *t, uint32_t row, bool poison) {
    weir_column *c = t->column;
    weir_ledger *ledger = d->ctx->ledger;
    if (!c->validity) d->status = weir_column_need_validity(c, ledger, d->err);
    if (d->status == WEIR_OK && poison && !c->poison)
        d->status = weir_column_need_poison(c, ledger, d->err);
    if (d->status != WEIR_OK) return false;
    weir_bit_clear(c->validity, row);
    if (poison) weir_bit_set(c->poison, row);
    if (t->nested)
        t->raw[2 * (size_t)row] = t->raw[2 * (size_t)row + 1] = 0;
    else if (t->type->id == WEIR_BOOL)
        weir_bit_clear(t->values, row);
    else if (t->width)
        memset((char *)t->values + (size_t)row * t->width, 0, t->width);
    return true;
}

bool weir_json_take_null(weir_decoder *d, weir_json_target *t, uint32_t row, bool missing) {
    if (t->not_null) {
        weir_failures *f = weir_json_failures(d);
        if (!f) return false;
        d->status = weir_failures_put(f, row, WEIR_JSON_STAGE, t->name, "not_null",
                                      missing ? "is missing" : "is null", d->err);
        if (d->status != WEIR_OK) return false;
    }
    return weir_json_set_null(d, t, row, t->not_null);
}

bool weir_json_fail(weir_decoder *d, uint32_t row, const char *field, weir_slice token,
                    const char *what) {
    weir_failures *f = weir_json_failures(d);
    if (!f) return false;
    d->status = weir_failures_add(f, row, WEIR_JSON_STAGE, field, "type", d->err, "%.*s %s",
                                  weir_clip(token), token.data, what);
    return d->status == WEIR_OK;
}

const char *weir_json_reason(const weir_json_target *t, const weir_json_scalar *s, weir_num code,
                             char *buf, size_t size) {
    weir_time_kind kind;
    const char *type = t->type->name;
    bool string = s->kind == WEIR_JSON_STRING;
    if (is_time(t->type, &kind) && !t->program && string && code != WEIR_NUM_SYNTAX)
        return weir_time_reason(kind, s->text.data, s->text.size, &t->zone, code);
    if (t->program && string && code == WEIR_NUM_RANGE && is_time(t->type, &kind))
        return weir_time_program_reason(t->program, kind, s->text.data, s->text.size, &t->zone);
    switch (code) {
    case WEIR_NUM_RANGE: snprintf(buf, size, "is out of the range of %.120s", type); break;
    case WEIR_NUM_LOSSY: snprintf(buf, size, "has more digits than %.120s keeps", type); break;
    default:
        snprintf(buf, size, "is not %s %.120s%s", strncmp(type, "int", 3) == 0 ? "an" : "a", type,
                 t->program ? " of the given format" : "");
    }
    return buf;
}

/* ---- values of fixed width ------------------------------------------------------------------ */

/* 12, and 12.0 or 1.2e1, which are the same number. */
static weir_num parse_integer(const weir_json_target *t, weir_slice s, void *out) {
    weir_int128 wide = 0;
    int64_t v = 0;
    weir_num code;
    if (t->type->id == WEIR_UINT64) {
        code = weir_num_parse_uint64(s.data, s.size, out);
        if (code != WEIR_NUM_SYNTAX) return code;
    } else {
        code = weir_num_parse_int_within(s.data, s.size, t->min, t->max, &v);
        if (code == WEIR_NUM_OK) memcpy(out, &v, t->width); /* little end first */
        if (code != WEIR_NUM_SYNTAX) return code;
    }
    code = weir_num_parse_decimal128(s.data, s.size, WEIR_DECIMAL_MAX_PRECISION, 0, &wide);
    if (code != WEIR_NUM_OK) return code;
    weir_int128 max = t->type->id == WEIR_UINT64 ? (weir_int128)UINT64_MAX : t->max;
    if (wide < t->min || wide > max) return WEIR_NUM_RANGE;
    memcpy(out, &wide, t->width);
    return WEIR_NUM_OK;
}

static weir_num parse_time(weir_json_target *t, weir_slice s, void *out) {
    int64_t v = 0;
    weir_num code;
    if (t->program) {
        code = weir_time_program_parse(t->program, t->time_kind, s.data, s.size, &t->zone,
                                       t->ambiguous, &v);
        if (code == WEIR_NUM_OK) memcpy(out, &v, t->width);
        return code;
    }
    switch (t->type->id) {
    case WEIR_DATE: return weir_date_parse(s.data, s.size, out);
    case WEIR_TIME: return weir_time_parse(s.data, s.size, out);
    case WEIR_TIMESTAMP: return weir_timestamp_parse(s.data, s.size, out);
    case WEIR_TIMESTAMPTZ:
        return weir_timestamptz_parse(s.data, s.size, &t->zone, t->ambiguous, out);
    default: return weir_interval_parse(s.data, s.size, out);
    }
}

weir_num weir_json_parse_fixed(weir_json_target *t, const weir_json_scalar *s, void *out) {
    const weir_type *type = t->type;
    weir_slice x = s->text;
    bool word = s->kind == WEIR_JSON_TRUE || s->kind == WEIR_JSON_FALSE;
    weir_time_kind kind;
    if (type->id == WEIR_BOOL) {
        bool v = s->kind == WEIR_JSON_TRUE;
        weir_num code = word                          ? WEIR_NUM_OK
                        : s->kind == WEIR_JSON_STRING ? weir_num_parse_bool(x.data, x.size, &v)
                                                      : WEIR_NUM_SYNTAX;
        if (code == WEIR_NUM_OK) *(uint8_t *)out = v;
        return code;
    }
    if (word) return WEIR_NUM_SYNTAX;
    if (type->id == WEIR_UUID)
        return weir_uuid_parse(x.data, x.size, out) ? WEIR_NUM_OK : WEIR_NUM_SYNTAX;
    if (is_time(type, &kind)) {
        bool number = s->kind == WEIR_JSON_NUMBER; /* only a format says what a number means */
        return number && !t->program ? WEIR_NUM_SYNTAX : parse_time(t, x, out);
    }
    switch (type->id) {
    case WEIR_FLOAT32: return weir_num_parse_float(x.data, x.size, WEIR_NUM_WORDS, out);
    case WEIR_FLOAT64: return weir_num_parse_double(x.data, x.size, WEIR_NUM_WORDS, out);
    case WEIR_DECIMAL:
        return t->width == 8
                   ? weir_num_parse_decimal64(x.data, x.size, type->precision, type->scale, out)
                   : weir_num_parse_decimal128(x.data, x.size, type->precision, type->scale, out);
    default: return weir_type_is_integer(type) ? parse_integer(t, x, out) : WEIR_NUM_SYNTAX;
    }
}

/* ---- tokens -------------------------------------------------------------------------------- */

static const char *fault(weir_decoder *d, const char *at, const char *why) {
    d->fault_at = at;
    d->fault_why = why;
    return NULL;
}

const char *weir_json_read_scalar(weir_decoder *d, const char *p, const char *end,
                                  weir_json_scalar *out) {
    const char *at, *why = NULL, *stop;
    bool escaped = false;
    memset(out, 0, sizeof *out);
    if (*p != '"') {
        stop = weir_json_scalar_check(p, end, &out->kind, &at, &why);
        if (!stop) return fault(d, at, why);
        out->token = out->text = (weir_slice){p, (size_t)(stop - p)};
        return stop;
    }
    stop = weir_json_string_check(p + 1, end, &escaped, &at, &why);
    if (!stop) return fault(d, at, why);
    out->kind = WEIR_JSON_STRING;
    out->token = (weir_slice){p, (size_t)(stop + 1 - p)};
    out->text = (weir_slice){p + 1, (size_t)(stop - p - 1)};
    if (escaped) {
        d->text.size = 0;
        if (!weir_buf_reserve(&d->text, out->text.size + 1)) {
            d->status = weir_error_nomem(d->err);
            return NULL;
        }
        ptrdiff_t n = weir_json_unescape(out->text.data, out->text.size, d->text.data, NULL);
        out->text = (weir_slice){d->text.data, n < 0 ? 0 : (size_t)n};
        out->moved = true;
    }
    return stop + 1;
}

size_t weir_json_compact(const char *s, size_t n, char *out) {
    const char *p = s, *end = s + n;
    char *o = out;
    while (p < end) {
        if (*p == '"') {
            bool escaped;
            const char *stop = weir_json_string_end(p + 1, end, &escaped);
            size_t size = stop ? (size_t)(stop + 1 - p) : (size_t)(end - p);
            memcpy(o, p, size);
            o += size;
            p += size;
        } else {
            if (!weir_json_is_blank(*p) && *p != '\n') *o++ = *p;
            p++;
        }
    }
    return (size_t)(o - out);
}

/* ---- views --------------------------------------------------------------------------------- */

/* Text of the chunk, or (moved) text that must be copied. */
static bool put_text(weir_decoder *d, weir_json_target *t, weir_slice s, bool moved, uint32_t row) {
    weir_view *v = (weir_view *)t->values + row;
    if (!moved) {
        uint32_t offset = (uint32_t)(s.data - d->block_data);
        *v = weir_view_make((const uint8_t *)s.data, (uint32_t)s.size, t->block, offset);
        return true;
    }
    if (weir_view_put(&t->writer, s.data, s.size, v, d->err)) return true;
    d->status = WEIR_RESOURCE;
    return false;
}

/* An object or array in which a name stands twice.  false: d->status, or fault_why. */
static bool put_repeating(weir_decoder *d, weir_json_target *t, weir_slice s, uint32_t row) {
    bool refused = false;
    d->status = weir_json_without_repeats(d, t, s, row, &d->text, &refused, d->err);
    if (d->status != WEIR_OK) return false;
    if (refused) {
        fault(d, s.data, "a name stands twice");
        return false;
    }
    return put_text(d, t, (weir_slice){d->text.data, d->text.size}, true, row);
}

/* Text of a JSON value, without white space between its tokens. */
static bool put_json(weir_decoder *d, weir_json_target *t, weir_slice s, uint32_t row) {
    bool repeats = false;
    d->status = weir_json_may_repeat(d, s.data, s.data + s.size, &repeats, d->err);
    if (d->status != WEIR_OK) return false;
    if (repeats) return put_repeating(d, t, s, row);
    bool loose = *s.data != '"' && (memchr(s.data, ' ', s.size) || memchr(s.data, '\n', s.size) ||
                                    memchr(s.data, '\t', s.size) || memchr(s.data, '\r', s.size));
    if (!loose) return put_text(d, t, s, false, row);
    char *p = weir_view_reserve(&t->writer, s.size, d->err);
    if (!p) {
        d->status = WEIR_RESOURCE;
        return false;
    }
    size_t n = weir_json_compact(s.data, s.size, p);
    ((weir_view *)t->values)[row] = weir_view_commit(&t->writer, n);
    return true;
}

static bool put_binary(weir_decoder *d, weir_json_target *t, const weir_json_scalar *s,
                       uint32_t row) {
    size_t n = SIZE_MAX;
    if (s->kind == WEIR_JSON_STRING) {
        char *p = weir_view_reserve(&t->writer, s->text.size / 4 * 3 + 3, d->err);
        if (!p) {
            d->status = WEIR_RESOURCE;
            return false;
        }
        n = weir_base64_decode(s->text.data, s->text.size, WEIR_BASE64, p);
    }
    if (n != SIZE_MAX) {
        ((weir_view *)t->values)[row] = weir_view_commit(&t->writer, n);
        return true;
    }
    return weir_json_fail(d, row, t->name, s->token, "is not a string in base64") &&
           weir_json_set_null(d, t, row, true);
}

/* ---- one value ----------------------------------------------------------------------------- */

static bool is_null_word(const weir_json_target *t, weir_slice s) {
    for (size_t i = 0; i < t->nulls.n; i++)
        if (weir_slice_is(s, t->nulls.items[i])) return true;
    return false;
}

/* Where the text of a nested value stands; it is built with the batch. */
static void keep_nested(weir_decoder *d, weir_json_target *t, weir_slice s, uint32_t row) {
    t->raw[2 * (size_t)row] = (uint32_t)(s.data - d->block_data);
    t->raw[2 * (size_t)row + 1] = (uint32_t)(s.data + s.size - d->block_data);
}

static bool take_scalar(weir_decoder *d, weir_json_target *t, const weir_json_scalar *s,
                        uint32_t row) {
    char buf[200];
    if (t->type->id == WEIR_LIST && d->single_lists) {
        keep_nested(d, t, s->token, row);
        return true;
    }
    if (t->nested) {
        const char *type = t->type->id == WEIR_LIST ? "is not an array" : "is not an object";
        return weir_json_fail(d, row, t->name, s->token, type) &&
               weir_json_set_null(d, t, row, true);
    }
    switch (t->type->id) {
    case WEIR_STRING: return put_text(d, t, s->text, s->moved, row);
    case WEIR_JSON: return put_json(d, t, s->token, row);
    case WEIR_BINARY: return put_binary(d, t, s, row);
    case WEIR_NULL:
        return weir_json_fail(d, row, t->name, s->token, "is not null") &&
               weir_json_set_null(d, t, row, true);
    default: break;
    }
    uint8_t bit = 0;
    bool boolean = t->type->id == WEIR_BOOL;
    void *out = boolean ? (void *)&bit : (char *)t->values + (size_t)row * t->width;
    weir_num code = weir_json_parse_fixed(t, s, out);
    if (code == WEIR_NUM_OK) {
        if (boolean && bit) weir_bit_set(t->values, row);
        return true;
    }
    return weir_json_fail(d, row, t->name, s->token,
                          weir_json_reason(t, s, code, buf, sizeof buf)) &&
           weir_json_set_null(d, t, row, true);
}

static const char *take_container(weir_decoder *d, weir_json_target *t, const char *p,
                                  const char *end, uint32_t row) {
    const char *at, *why;
    const char *stop = weir_json_skip(p, end, d->max_depth - 1, &at, &why);
    if (!stop) return fault(d, at, why);
    weir_slice s = {p, (size_t)(stop - p)};
    bool list = t->type->id == WEIR_LIST, ok;
    bool wanted = t->nested && ((*p == '[') == list || (list && d->single_lists));
    if (wanted) {
        keep_nested(d, t, s, row);
        return stop;
    }
    if (t->type->id == WEIR_JSON) return put_json(d, t, s, row) ? stop : NULL;
    char what[200];
    snprintf(what, sizeof what, "is %s, not %.120s", *p == '[' ? "an array" : "an object",
             t->type->name);
    ok = weir_json_fail(d, row, t->name, s, what) && weir_json_set_null(d, t, row, true);
    return ok ? stop : NULL;
}

const char *weir_json_value_exact(weir_decoder *d, weir_json_target *t, const char *p,
                                  const char *end, uint32_t row) {
    const char *bound = weir_json_line_end(d, p, end);
    weir_json_scalar s;
    if (p >= bound) return fault(d, bound, "a value expected");
    if (*p == '{' || *p == '[') return take_container(d, t, p, bound, row);
    const char *stop = weir_json_read_scalar(d, p, bound, &s);
    if (!stop) return NULL;
    bool null = s.kind == WEIR_JSON_NULL ||
                (t->nulls.n && s.kind == WEIR_JSON_STRING && is_null_word(t, s.text));
    bool ok = null ? weir_json_take_null(d, t, row, false) : take_scalar(d, t, &s, row);
    return ok ? stop : NULL;
}
