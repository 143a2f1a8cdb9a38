/* The exact path: one field to one value of any type, with the reason when it is none. */
#include "format/csv_value.h"

#include "format/csv_kernels.h"
#include "text/encode.h"
#include "text/json.h"
#include "text/utf8.h"

#define SIDE_BYTES ((size_t)64 << 10)
#define STAGE "read"

/* ---- binding ------------------------------------------------------------------------------- */

static void integer_bounds(weir_csv_target *t) {
    switch (t->type->id) {
    case WEIR_INT8: t->min = INT8_MIN, t->max = INT8_MAX; break;
    case WEIR_INT16: t->min = INT16_MIN, t->max = INT16_MAX; break;
    case WEIR_INT32: t->min = INT32_MIN, t->max = INT32_MAX; break;
    case WEIR_UINT8: t->max = UINT8_MAX; break;
    case WEIR_UINT16: t->max = UINT16_MAX; break;
    case WEIR_UINT32: t->max = UINT32_MAX; break;
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

static weir_status bind_time(weir_csv_target *t, const weir_opt_column *column, weir_arena *arena,
                             weir_error *err) {
    const weir_zone *zone = NULL;
    const char *zone_name = column && column->timezone ? column->timezone : t->type->zone;
    bool time = is_time(t->type, &t->time_kind);
    weir_zone_cache_init(&t->zone, NULL);
    t->zone_utc = true;
    if (column && column->format) {
        if (!time || t->time_kind == WEIR_TIME_KIND_INTERVAL)
            return weir_error_set(err, WEIR_USAGE, "column '%s': %s takes no format", t->name,
                                  t->type->name);
        weir_status status =
            weir_time_program_compile(column->format, true, arena, &t->program, err);
        if (status != WEIR_OK) return status;
    }
    if (column && column->ambiguous)
        t->ambiguous = strcmp(column->ambiguous, "earlier") == 0 ? WEIR_AMBIGUOUS_EARLIER
                       : strcmp(column->ambiguous, "later") == 0 ? WEIR_AMBIGUOUS_LATER
                                                                 : WEIR_AMBIGUOUS_ERROR;
    if (t->type->id != WEIR_TIMESTAMPTZ || !zone_name) return WEIR_OK;
    weir_status status = weir_zone_get(zone_name, &zone, err);
    if (status != WEIR_OK) return status;
    weir_zone_cache_init(&t->zone, zone);
    t->zone_utc = weir_zone_is_utc(zone);
    return WEIR_OK;
}

static void bind_nulls(weir_csv_target *t, const weir_opt_column *column,
                       const weir_csv_read_config *config, weir_arena *arena) {
    const weir_opt_strings *given = NULL;
    if (config->null_given) given = &config->null_words;
    if (column && column->nulls.n) given = &column->nulls;
    t->null_quoted = config->null_quoted;
    t->empty_is_null = !given || !t->text;
    if (!given) return;
    t->nulls.items = weir_arena_zero(arena, given->n + 1, sizeof *t->nulls.items);
    for (size_t i = 0; i < given->n && t->nulls.items; i++) {
        size_t size = strlen(given->items[i]);
        if (size == 0) {
            t->empty_is_null = true;
            continue;
        }
        t->nulls.items[t->nulls.n++] = given->items[i];
        t->null_sizes |= 1ull << (size < 63 ? size : 63);
    }
}

weir_status weir_csv_marks(const weir_opt_column *column, const weir_csv_read_config *config,
                           const char *name, weir_num_marks *out, weir_error *err) {
    const char *decimal = column ? column->decimal : NULL,
               *thousands = column ? column->thousands : NULL;
    if (!decimal && !thousands) { /* a column's own marks stand for themselves */
        decimal = config->decimal;
        thousands = config->thousands;
    }
    *out = (weir_num_marks){0};
    if ((!decimal && !thousands) || weir_num_marks_of(decimal, thousands, out)) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "column '%s': decimal \"%s\" and thousands \"%s\" are no marks",
                   name, decimal ? decimal : ".", thousands ? thousands : "");
    weir_error_hint(err, "decimal is a comma or a point, thousands another one, ', _ or a blank");
    return WEIR_USAGE;
}

weir_opt_column weir_csv_column(const weir_opt_column *declared, const weir_opt_column *found,
                                const weir_csv_read_config *config) {
    static const weir_opt_column none;
    weir_opt_column c = declared ? *declared : none;
    if (!found) return c;
    if (!c.format) c.format = found->format;
    if (!c.nulls.n && !config->null_given) c.nulls = found->nulls;
    if (!c.decimal && !c.thousands && !config->decimal && !config->thousands) {
        c.decimal = found->decimal;
        c.thousands = found->thousands;
    }
    return c;
}

/* The kernels read numbers with a point: one with a comma is for the exact path. */
static uint64_t leave_all(const weir_csv_target *t, const weir_csv_cells *cells, void *out) {
    memset(out, 0, (size_t)cells->n * t->type->width);
    return cells->n >= 64 ? ~0ull : (1ull << cells->n) - 1;
}

static weir_status bind_marks(weir_csv_target *t, const weir_opt_column *column,
                              const weir_csv_read_config *config, weir_error *err) {
    weir_status status = weir_csv_marks(column, config, t->name, &t->marks, err);
    bool number = weir_type_is_numeric(t->type);
    t->marked = number && t->marks.decimal;
    if (status != WEIR_OK || number || !column || (!column->decimal && !column->thousands))
        return status;
    weir_error_set(err, WEIR_USAGE, "column '%s': %s has no decimal or thousands mark", t->name,
                   t->type->name);
    weir_error_hint(err, "they are for integers, decimals and floats");
    return WEIR_USAGE;
}

weir_status weir_csv_target_init(weir_csv_target *t, const weir_field *field,
                                 const weir_opt_column *column, const weir_csv_read_config *config,
                                 weir_arena *arena, weir_error *err) {
    t->type = field->type;
    t->name = field->name;
    t->not_null = field->not_null;
    t->text = weir_type_is_view(field->type);
    if (weir_type_is_nested(field->type) || field->type->id == WEIR_NULL) {
        weir_error_set(err, WEIR_USAGE, "column '%s': csv has no values of type %s", field->name,
                       field->type->name);
        weir_error_hint(err, "declare it as json");
        return WEIR_USAGE;
    }
    integer_bounds(t);
    weir_status status = bind_time(t, column, arena, err);
    if (status != WEIR_OK) return status;
    status = bind_marks(t, column, config, err);
    if (status != WEIR_OK) return status;
    bind_nulls(t, column, config, arena);
    if (t->null_sizes && !t->nulls.items) return weir_error_nomem(err);
    t->kernel = weir_csv_kernel_pick(t);
    t->fallback = weir_csv_kernel_portable(t);
    if (t->fallback == t->kernel || t->text) t->fallback = NULL;
    if (t->marked && t->marks.decimal != '.' && !weir_type_is_integer(t->type)) {
        t->kernel = leave_all;
        t->fallback = NULL;
    }
    return WEIR_OK;
}

bool weir_csv_is_null_word(const weir_csv_target *t, weir_slice text) {
    if (!(t->null_sizes >> (text.size < 63 ? text.size : 63) & 1)) return false;
    for (size_t i = 0; i < t->nulls.n; i++)
        if (weir_slice_is(text, t->nulls.items[i])) return true;
    return false;
}

/* ---- values of fixed width ------------------------------------------------------------------ */

static weir_num parse_integer(const weir_csv_target *t, const char *p, size_t n, void *out) {
    int64_t v = 0;
    if (t->type->id == WEIR_UINT64) return weir_num_parse_uint64(p, n, out);
    weir_num code = weir_num_parse_int_within(p, n, t->min, t->max, &v);
    if (code == WEIR_NUM_OK) memcpy(out, &v, t->type->width); /* little end first */
    return code;
}

static weir_num parse_time(weir_csv_target *t, const char *p, size_t n, void *out) {
    int64_t v = 0;
    weir_num code;
    if (t->program) {
        code = weir_time_program_parse(t->program, t->time_kind, p, n, &t->zone, t->ambiguous, &v);
        if (code == WEIR_NUM_OK && t->type->id == WEIR_DATE)
            *(int32_t *)out = (int32_t)v;
        else if (code == WEIR_NUM_OK)
            *(int64_t *)out = v;
        return code;
    }
    switch (t->type->id) {
    case WEIR_DATE: return weir_date_parse(p, n, out);
    case WEIR_TIME: return weir_time_parse(p, n, out);
    case WEIR_TIMESTAMP: return weir_timestamp_parse(p, n, out);
    case WEIR_TIMESTAMPTZ: return weir_timestamptz_parse(p, n, &t->zone, t->ambiguous, out);
    default: return weir_interval_parse(p, n, out);
    }
}

static weir_num parse_fixed(weir_csv_target *t, const char *p, size_t n, void *out) {
    const weir_type *type = t->type;
    char plain[WEIR_NUM_PLAIN_MAX];
    if (t->marked) {
        weir_num code = weir_num_plain(p, n, t->marks, plain, &n);
        if (code != WEIR_NUM_OK) return code;
        p = plain;
    }
    switch (type->id) {
    case WEIR_FLOAT32: return weir_num_parse_float(p, n, WEIR_NUM_WORDS, out);
    case WEIR_FLOAT64: return weir_num_parse_double(p, n, WEIR_NUM_WORDS, out);
    case WEIR_DECIMAL:
        return type->width == 8
                   ? weir_num_parse_decimal64(p, n, type->precision, type->scale, out)
                   : weir_num_parse_decimal128(p, n, type->precision, type->scale, out);
    case WEIR_UUID: return weir_uuid_parse(p, n, out) ? WEIR_NUM_OK : WEIR_NUM_SYNTAX;
    case WEIR_BOOL: {
        bool v = false;
        weir_num code = weir_num_parse_bool(p, n, &v);
        if (code == WEIR_NUM_OK) *(uint8_t *)out = v;
        return code;
    }
    default:
        return weir_type_is_integer(type) ? parse_integer(t, p, n, out) : parse_time(t, p, n, out);
    }
}

/* ---- reasons ------------------------------------------------------------------------------- */

static const char *article(const char *type_name) {
    if (strcmp(type_name, "json") == 0) return "valid";
    return strncmp(type_name, "int", 3) == 0 ? "an" : "a";
}

static bool has_blanks_around(weir_slice s) {
    return s.size && (s.data[0] == ' ' || s.data[0] == '\t' || s.data[s.size - 1] == ' ' ||
                      s.data[s.size - 1] == '\t');
}

/* The value as messages show it: what is not UTF-8 is not shown. */
static weir_slice shown(weir_slice s) {
    if (!weir_utf8_valid(s.data, s.size)) s.size = weir_utf8_valid_prefix(s.data, s.size);
    return s;
}

static weir_status fail_value(weir_csv_target *t, weir_slice text, weir_num code, uint32_t row,
                              weir_csv_blame *blame, weir_error *err) {
    weir_slice s = shown(text);
    const char *type = t->type->name;
    weir_time_kind kind;
    weir_status status = weir_csv_blame_need(blame, err);
    if (status != WEIR_OK) return status;
    weir_failures *f = blame->failures;
    if (code == WEIR_NUM_SYNTAX && has_blanks_around(text))
        return weir_failures_add(f, row, STAGE, t->name, "type", err,
                                 "\"%.*s\" is not %s %s: there are blanks around it", weir_clip(s),
                                 s.data, article(type), type);
    if (is_time(t->type, &kind) && kind != WEIR_TIME_KIND_INTERVAL && !t->program &&
        code != WEIR_NUM_SYNTAX)
        return weir_failures_add(f, row, STAGE, t->name, "type", err, "\"%.*s\" %s", weir_clip(s),
                                 s.data,
                                 weir_time_reason(kind, text.data, text.size, &t->zone, code));
    if (t->program && code == WEIR_NUM_RANGE && is_time(t->type, &kind))
        return weir_failures_add(
            f, row, STAGE, t->name, "type", err, "\"%.*s\" %s", weir_clip(s), s.data,
            weir_time_program_reason(t->program, kind, text.data, text.size, &t->zone));
    switch (code) {
    case WEIR_NUM_RANGE:
        return weir_failures_add(f, row, STAGE, t->name, "type", err,
                                 "\"%.*s\" is out of the range of %s", weir_clip(s), s.data, type);
    case WEIR_NUM_LOSSY:
        return weir_failures_add(f, row, STAGE, t->name, "type", err,
                                 "\"%.*s\" has more digits than %s keeps", weir_clip(s), s.data,
                                 type);
    default:
        return weir_failures_add(f, row, STAGE, t->name, "type", err, "\"%.*s\" is not %s %s%s",
                                 weir_clip(s), s.data, article(type), type,
                                 t->program ? " of the given format" : "");
    }
}

/* ---- text ---------------------------------------------------------------------------------- */

/* size bytes of the column's side block; *offset their place in it. */
static weir_status side_room(weir_csv_target *t, size_t size, weir_ctx *ctx, size_t *offset,
                             weir_error *err) {
    if (!t->side || t->side->capacity - t->side->size < size) {
        weir_block *fresh = NULL;
        weir_status status =
            weir_block_new(ctx->ledger, size > SIDE_BYTES ? size : SIDE_BYTES, &fresh, err);
        if (status != WEIR_OK) return status;
        status = weir_column_add_block(t->column, fresh, &t->side_number, err);
        weir_block_release(fresh); /* the column keeps it */
        if (status != WEIR_OK) return status;
        t->side = fresh;
    }
    *offset = t->side->size;
    return WEIR_OK;
}

static void set_side_view(weir_csv_target *t, size_t offset, size_t size, void *out) {
    *(weir_view *)out =
        weir_view_make(t->side->data + offset, (uint32_t)size, t->side_number, (uint32_t)offset);
    if (size > 12) t->side->size = offset + size;
}

static bool valid_json(weir_slice s) {
    const char *end = s.data + s.size, *p = weir_json_skip_space(s.data, end);
    p = p < end ? weir_json_skip(p, end, WEIR_JSON_DEPTH_DEFAULT, NULL, NULL) : NULL;
    return p && weir_json_skip_space(p, end) == end;
}

static weir_status binary_value(weir_csv_target *t, weir_slice text, uint32_t row,
                                weir_csv_blame *blame, weir_ctx *ctx, void *out,
                                weir_csv_outcome *outcome, weir_error *err) {
    size_t offset = 0, size = 0;
    if (text.size < 2 || text.data[0] != '\\' || text.data[1] != 'x') {
        size = SIZE_MAX;
    } else {
        weir_status status = side_room(t, text.size / 2, ctx, &offset, err);
        if (status != WEIR_OK) return status;
        size = weir_hex_decode(text.data + 2, text.size - 2, t->side->data + offset);
    }
    if (size == SIZE_MAX) {
        weir_slice s = shown(text);
        *outcome = WEIR_CSV_FAILED;
        weir_status status = weir_csv_blame_need(blame, err);
        if (status != WEIR_OK) return status;
        return weir_failures_add(blame->failures, row, STAGE, t->name, "type", err,
                                 "\"%.*s\" is not binary: \\x and hexadecimal digits are expected",
                                 weir_clip(s), s.data);
    }
    set_side_view(t, offset, size, out);
    return WEIR_OK;
}

/* text stands in the chunk at `at`, or in the side block when `aside` (its bytes not taken yet). */
static weir_status text_value(weir_csv_target *t, weir_slice text, bool aside, size_t at,
                              uint32_t row, weir_csv_blame *blame, weir_ctx *ctx, void *out,
                              weir_csv_outcome *outcome, weir_error *err) {
    if (t->check_utf8 && !weir_utf8_valid(text.data, text.size)) {
        *outcome = WEIR_CSV_FAILED;
        weir_status status = weir_csv_blame_need(blame, err);
        if (status != WEIR_OK) return status;
        return weir_failures_add(blame->failures, row, STAGE, t->name, "utf8", err,
                                 "byte %zu of the value is not UTF-8",
                                 weir_utf8_valid_prefix(text.data, text.size) + 1);
    }
    if (t->type->id == WEIR_BINARY) {
        if (aside) t->side->size = at + text.size; /* the bytes are decoded behind it */
        return binary_value(t, text, row, blame, ctx, out, outcome, err);
    }
    if (t->type->id == WEIR_JSON && !valid_json(text)) {
        *outcome = WEIR_CSV_FAILED;
        return fail_value(t, text, WEIR_NUM_SYNTAX, row, blame, err);
    }
    if (aside)
        set_side_view(t, at, text.size, out);
    else
        *(weir_view *)out =
            weir_view_make((const uint8_t *)text.data, (uint32_t)text.size, t->block, (uint32_t)at);
    return WEIR_OK;
}

/* ---- one field ----------------------------------------------------------------------------- */

weir_status weir_csv_value(weir_csv_target *t, const weir_csv_dialect *d, const uint8_t *data,
                           uint32_t start, uint32_t end, uint32_t row, weir_csv_blame *blame,
                           weir_ctx *ctx, void *out, weir_csv_outcome *outcome, weir_error *err) {
    weir_slice text = {(const char *)data + start, end - start};
    bool quoted = d->has_quote && text.size >= 2 && (uint8_t)text.data[0] == d->quote;
    bool aside = false;
    size_t at = start;
    *outcome = WEIR_CSV_VALUE;
    if (quoted) {
        weir_slice inner;
        at = start + 1;
        aside = weir_csv_unquote(d, text, &inner);
        if (aside && t->text) {
            weir_status status = side_room(t, inner.size, ctx, &at, err);
            if (status != WEIR_OK) return status;
            text.data = (const char *)t->side->data + at;
            text.size = weir_csv_unescape(d, inner, (char *)t->side->data + at);
        } else {
            /* An escape inside a number or a time is never part of one. */
            text = inner;
        }
    } else if (d->escapes_plain && t->text && memchr(text.data, d->escape, text.size)) {
        weir_status status = side_room(t, text.size, ctx, &at, err);
        if (status != WEIR_OK) return status;
        char *out_text = (char *)t->side->data + at;
        text.size = weir_csv_unescape_plain(d, text, out_text);
        text.data = out_text;
        aside = true;
    }
    bool null = text.size == 0
                    ? (quoted ? !t->text || (t->null_quoted && t->empty_is_null) : t->empty_is_null)
                    : (!quoted || t->null_quoted) && weir_csv_is_null_word(t, text);
    if (null) {
        *outcome = WEIR_CSV_NULL;
        return WEIR_OK;
    }
    if (t->text) return text_value(t, text, aside, at, row, blame, ctx, out, outcome, err);
    weir_num code = parse_fixed(t, text.data, text.size, out);
    if (code == WEIR_NUM_OK) return WEIR_OK;
    *outcome = WEIR_CSV_FAILED;
    return fail_value(t, text, code, row, blame, err);
}
