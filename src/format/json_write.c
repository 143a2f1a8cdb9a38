/* The encoder: batches -> one JSON object a line; with `array` the lines are the elements of an
 * array:
 *
 *     [                    the header is the bracket, and each record begins with a line feed:
 *     {"a":1},             so pieces that several workers made need nothing but a comma between
 * them
 *     {"a":2}
 *     ]
 */
#include "column/kernel.h"
#include "format/json_decode.h"
#include "text/encode.h"
#include "text/json_scan.h"

#define STAGE "load"
#define FIXED_BYTES 96 /* most that a value of fixed width takes, and its writer scribbles over */

/* One column of the schema, and of the batch under way. */
typedef struct cell_column {
    const weir_type *type;
    const char *name;
    const char *prefix; /* ,"name": */
    size_t prefix_size;
    weir_zone_cache zone;
    const weir_column *base; /* holds the values */
    const uint64_t *validity;
    const int32_t *indices;
    bool constant, null_type;
} cell_column;

struct weir_encoder {
    const weir_json_write_config *config;
    bool array;
    weir_schema *schema;
    cell_column *columns;
    weir_arena arena;
    size_t row_fixed; /* bytes that a row takes but for its texts */
    double row_bytes; /* average so far */
    weir_buf nested;
    /* The block under way. */
    weir_block *block;
    char *out, *limit;
    weir_ctx *ctx;
    weir_error *err;
};

/* ---- life ---------------------------------------------------------------------------------- */

static void encoder_free(weir_encoder *e) {
    if (!e) return;
    weir_block_release(e->block);
    weir_buf_clear(&e->nested);
    weir_arena_clear(&e->arena);
    weir_schema_release(e->schema);
    weir_free(e->columns);
    weir_free(e);
}

static weir_status init_column(weir_encoder *e, cell_column *c, const weir_field *f,
                               weir_error *err) {
    const weir_zone *zone = NULL;
    weir_status status = WEIR_OK;
    weir_buf b = {0};
    c->type = f->type;
    c->name = f->name;
    c->null_type = f->type->id == WEIR_NULL;
    if (!weir_buf_adds(&b, ",") ||
        !weir_json_put_string(&b, f->name, strlen(f->name), WEIR_JSON_UTF8_REPLACE, NULL) ||
        !weir_buf_adds(&b, ":") || !(c->prefix = weir_arena_strndup(&e->arena, b.data, b.size))) {
        status = weir_error_nomem(err);
        goto out;
    }
    c->prefix_size = b.size;
    e->row_fixed += b.size + FIXED_BYTES;
    if (f->type->id == WEIR_TIMESTAMPTZ) {
        WEIR_TRY(weir_zone_get(f->type->zone, &zone, err));
        weir_zone_cache_init(&c->zone, zone);
    }
out:
    weir_buf_clear(&b);
    return status;
}

static weir_status new_encoder(const void *config, bool array, weir_schema *schema,
                               weir_encoder **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_encoder *e = weir_alloc_zero(1, sizeof *e);
    if (!e) return weir_error_nomem(err);
    e->config = config;
    e->array = array;
    e->schema = weir_schema_retain(schema);
    e->row_fixed = FIXED_BYTES;
    e->columns = weir_alloc_zero(schema->n_fields + 1u, sizeof *e->columns);
    if (!e->columns) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < schema->n_fields; i++)
        WEIR_TRY(init_column(e, &e->columns[i], &schema->fields[i], err));
    *out = e;
    e = NULL;
out:
    encoder_free(e);
    return status;
}

static weir_status lines_new(const void *config, weir_schema *schema, weir_ctx *ctx,
                             weir_encoder **out, weir_error *err) {
    (void)ctx;
    return new_encoder(config, false, schema, out, err);
}

static weir_status array_new(const void *config, weir_schema *schema, weir_ctx *ctx,
                             weir_encoder **out, weir_error *err) {
    (void)ctx;
    return new_encoder(config, true, schema, out, err);
}

/* ---- room ---------------------------------------------------------------------------------- */

/* Makes room for more bytes; what was written moves.  Cold. */
static bool grow(weir_encoder *e, size_t more) {
    size_t used = e->block ? (size_t)(e->out - (char *)e->block->data) : 0;
    size_t capacity = e->block ? e->block->capacity * 2 : 0;
    weir_block *fresh = NULL;
    if (more > SIZE_MAX / 4 || used > SIZE_MAX / 4) {
        weir_error_nomem(e->err);
        return false;
    }
    if (capacity < used + more) capacity = used + more;
    if (weir_block_new(e->ctx->ledger, capacity, &fresh, e->err) != WEIR_OK) return false;
    if (used) memcpy(fresh->data, e->block->data, used);
    weir_block_release(e->block);
    e->block = fresh;
    e->out = (char *)fresh->data + used;
    e->limit = (char *)fresh->data + fresh->capacity;
    return true;
}

static inline bool reserve(weir_encoder *e, size_t more) {
    return __builtin_expect((size_t)(e->limit - e->out) >= more, 1) || grow(e, more);
}

/* ---- texts --------------------------------------------------------------------------------- */

/* Copies s when no byte of it needs an escape.  out: room for n + 16.  false: one does. */
static inline bool put_plain(char *out, const char *s, size_t n) {
    size_t i = 0;
#if defined(__x86_64__)
    const __m128i quote = _mm_set1_epi8('"'), back = _mm_set1_epi8('\\'),
                  control = _mm_set1_epi8(0x1F);
    for (; n - i >= 16; i += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)(s + i));
        __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(v, quote), _mm_cmpeq_epi8(v, back)),
                                   _mm_cmpeq_epi8(_mm_min_epu8(v, control), v));
        if (_mm_movemask_epi8(hit)) return false;
        _mm_storeu_si128((__m128i *)(void *)(out + i), v);
    }
#endif
    for (; n - i >= 8; i += 8) {
        uint64_t w = weir_num_load8(s + i);
        if (weir_json_special8(w)) return false;
        memcpy(out + i, s + i, 8);
    }
    for (; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '"' || c == '\\' || c < 0x20) return false;
        out[i] = (char)c;
    }
    return true;
}

static bool put_string(weir_encoder *e, const char *s, size_t n) {
    if (!reserve(e, e->row_fixed + n + 32)) return false;
    if (__builtin_expect(put_plain(e->out + 1, s, n), 1)) {
        *e->out = '"';
        e->out[n + 1] = '"';
        e->out += n + 2;
        return true;
    }
    size_t max = weir_json_quote_max(n);
    if (!max || !reserve(e, e->row_fixed + max)) {
        if (!max) weir_error_nomem(e->err);
        return false;
    }
    e->out = weir_json_quote(e->out, s, n);
    return true;
}

/* JSON text goes out as it is, but never over several lines. */
static bool put_json(weir_encoder *e, weir_slice s) {
    if (!reserve(e, e->row_fixed + s.size)) return false;
    if (memchr(s.data, '\n', s.size) || memchr(s.data, '\r', s.size)) {
        e->out += weir_json_compact(s.data, s.size, e->out);
    } else {
        memcpy(e->out, s.data, s.size);
        e->out += s.size;
    }
    return true;
}

static bool put_binary(weir_encoder *e, weir_slice s) {
    if (!reserve(e, e->row_fixed + weir_base64_max(s.size) + 2)) return false;
    *e->out++ = '"';
    e->out += weir_base64_encode(s.data, s.size, WEIR_BASE64, e->out);
    *e->out++ = '"';
    return true;
}

/* ---- values of fixed width ------------------------------------------------------------------ */

static char *put_word(char *out, const char *word, size_t n) {
    memcpy(out, word, n);
    return out + n;
}

/* Quotes what was written behind the first byte. */
static char *quoted(char *out, size_t n) {
    out[0] = '"';
    out[n + 1] = '"';
    return out + n + 2;
}

/* NULL: the value is no number JSON has. */
static char *put_float(char *out, const weir_type *t, const void *v) {
    if (t->id == WEIR_FLOAT32) {
        float f = *(const float *)v;
        return f - f == 0 ? out + weir_num_format_float(f, out) : NULL;
    }
    double d = *(const double *)v;
    return d - d == 0 ? out + weir_num_format_double(d, out) : NULL;
}

/* What stands for a value that put_float has none for; NULL: the record fails. */
static char *put_not_finite(char *out, const weir_type *t, const void *values, uint32_t slot,
                            int how) {
    if (how == WEIR_JSON_FINITE_REJECT) return NULL;
    if (how == WEIR_JSON_FINITE_NULL) return put_word(out, "null", 4);
    double v = t->id == WEIR_FLOAT32 ? (double)((const float *)values)[slot]
                                     : ((const double *)values)[slot];
    return v > 0   ? put_word(out, "\"Infinity\"", 10)
           : v < 0 ? put_word(out, "\"-Infinity\"", 11)
                   : put_word(out, "\"NaN\"", 5);
}

static char *put_integer(char *out, const weir_type *t, const void *v) {
    switch (t->id) {
    case WEIR_INT8: return out + weir_num_format_int64(*(const int8_t *)v, out);
    case WEIR_INT16: return out + weir_num_format_int64(*(const int16_t *)v, out);
    case WEIR_INT32: return out + weir_num_format_int64(*(const int32_t *)v, out);
    case WEIR_INT64: return out + weir_num_format_int64(*(const int64_t *)v, out);
    case WEIR_UINT8: return out + weir_num_format_uint64(*(const uint8_t *)v, out);
    case WEIR_UINT16: return out + weir_num_format_uint64(*(const uint16_t *)v, out);
    case WEIR_UINT32: return out + weir_num_format_uint64(*(const uint32_t *)v, out);
    default: return out + weir_num_format_uint64(*(const uint64_t *)v, out);
    }
}

/* Writes one value that is not null (BOOL: values is the bitmap).  NULL: not finite. */
static char *put_fixed(char *out, const weir_type *t, const void *values, uint32_t slot,
                       weir_zone_cache *zone) {
    const void *v = (const char *)values + (size_t)slot * t->width;
    switch (t->id) {
    case WEIR_BOOL:
        return weir_bit_get(values, slot) ? put_word(out, "true", 4) : put_word(out, "false", 5);
    case WEIR_FLOAT32:
    case WEIR_FLOAT64: return put_float(out, t, v);
    case WEIR_DECIMAL:
        return out + (t->width == 8
                          ? weir_num_format_decimal64(*(const int64_t *)v, t->scale, out)
                          : weir_num_format_decimal128(*(const weir_int128 *)v, t->scale, out));
    case WEIR_DATE: return quoted(out, weir_date_format(*(const int32_t *)v, out + 1));
    case WEIR_TIME: return quoted(out, weir_time_format(*(const int64_t *)v, out + 1));
    case WEIR_TIMESTAMP:
        return quoted(out, weir_timestamp_format(*(const int64_t *)v, 'T', out + 1));
    case WEIR_TIMESTAMPTZ:
        return quoted(out, weir_timestamptz_format(*(const int64_t *)v, zone, 'T', out + 1));
    case WEIR_INTERVAL: return quoted(out, weir_interval_format_iso(v, out + 1));
    case WEIR_UUID: weir_uuid_format(v, out + 1); return quoted(out, WEIR_UUID_TEXT_BYTES);
    default: return put_integer(out, t, v);
    }
}

/* ---- nested values ------------------------------------------------------------------------- */

typedef enum outcome { PUT, NO_MEMORY, NOT_FINITE } outcome;

static outcome nest(weir_encoder *e, const weir_column *c, uint32_t row, weir_buf *b);

static outcome nest_list(weir_encoder *e, const weir_column *base, uint32_t slot, weir_buf *b) {
    const int32_t *offsets = base->values;
    bool map = base->type->id == WEIR_MAP;
    weir_buf key = {0};
    outcome o = weir_buf_add(b, map ? "{" : "[", 1) ? PUT : NO_MEMORY;
    for (int32_t i = offsets[slot]; o == PUT && i < offsets[slot + 1]; i++) {
        bool ok = i == offsets[slot] || weir_buf_add(b, ",", 1);
        if (ok && map) {
            key.size = 0;
            ok = weir_column_text(base->children[0], (uint32_t)i, &key) &&
                 weir_json_put_string(b, key.data ? key.data : "", key.size, WEIR_JSON_UTF8_REPLACE,
                                      NULL) &&
                 weir_buf_add(b, ":", 1);
        }
        o = ok ? nest(e, base->children[map], (uint32_t)i, b) : NO_MEMORY;
    }
    weir_buf_clear(&key);
    if (o == PUT && !weir_buf_add(b, map ? "}" : "]", 1)) o = NO_MEMORY;
    return o;
}

static outcome nest_struct(weir_encoder *e, const weir_column *base, uint32_t slot, weir_buf *b) {
    outcome o = weir_buf_add(b, "{", 1) ? PUT : NO_MEMORY;
    bool first = true;
    for (uint32_t i = 0; o == PUT && i < base->n_children; i++) {
        const char *name = base->type->fields[i].name;
        if (e->config->omit_nulls && weir_column_is_null(base->children[i], slot)) continue;
        bool ok = (first || weir_buf_add(b, ",", 1)) &&
                  weir_json_put_string(b, name, strlen(name), WEIR_JSON_UTF8_REPLACE, NULL) &&
                  weir_buf_add(b, ":", 1);
        first = false;
        o = ok ? nest(e, base->children[i], slot, b) : NO_MEMORY;
    }
    if (o == PUT && !weir_buf_add(b, "}", 1)) o = NO_MEMORY;
    return o;
}

static outcome nest_view(const weir_column *c, uint32_t row, weir_buf *b) {
    weir_slice s = weir_column_slice(c, row);
    bool ok;
    if (c->type->id == WEIR_STRING) {
        ok = weir_json_put_string(b, s.data, s.size, WEIR_JSON_UTF8_TRUST, NULL);
    } else if (c->type->id == WEIR_JSON) {
        ok = weir_buf_reserve(b, s.size);
        if (ok) b->size += weir_json_compact(s.data, s.size, b->data + b->size);
    } else {
        ok = weir_buf_reserve(b, weir_base64_max(s.size) + 2);
        if (ok) {
            char *p = b->data + b->size;
            b->size +=
                (size_t)(quoted(p, weir_base64_encode(s.data, s.size, WEIR_BASE64, p + 1)) - p);
        }
    }
    return ok ? PUT : NO_MEMORY;
}

static outcome nest(weir_encoder *e, const weir_column *c, uint32_t row, weir_buf *b) {
    if (weir_column_is_null(c, row)) return weir_buf_add(b, "null", 4) ? PUT : NO_MEMORY;
    const weir_column *base = weir_column_base(c);
    uint32_t slot = weir_column_slot(c, row);
    weir_zone_cache cache = {0};
    switch (c->type->id) {
    case WEIR_LIST:
    case WEIR_MAP: return nest_list(e, base, slot, b);
    case WEIR_STRUCT: return nest_struct(e, base, slot, b);
    case WEIR_STRING:
    case WEIR_BINARY:
    case WEIR_JSON: return nest_view(c, row, b);
    case WEIR_TIMESTAMPTZ: {
        const weir_zone *zone = NULL;
        if (weir_zone_get(c->type->zone, &zone, NULL) == WEIR_OK)
            weir_zone_cache_init(&cache, zone);
        break;
    }
    default: break;
    }
    if (!weir_buf_reserve(b, FIXED_BYTES) || !b->data) return NO_MEMORY;
    char *p = b->data + b->size, *end = put_fixed(p, c->type, base->values, slot, &cache);
    if (!end) end = put_not_finite(p, c->type, base->values, slot, e->config->not_finite);
    if (!end) return NOT_FINITE;
    b->size += (size_t)(end - p);
    return PUT;
}

static outcome put_nested(weir_encoder *e, const weir_column *base, uint32_t slot) {
    e->nested.size = 0;
    outcome o = nest(e, base, slot, &e->nested);
    if (o != PUT) {
        if (o == NO_MEMORY) weir_error_nomem(e->err);
        return o;
    }
    if (!reserve(e, e->row_fixed + e->nested.size)) return NO_MEMORY;
    e->out = put_word(e->out, e->nested.data, e->nested.size);
    return PUT;
}

/* ---- rows ---------------------------------------------------------------------------------- */

static void bind_batch(weir_encoder *e, const weir_batch *batch) {
    for (uint32_t i = 0; i < e->schema->n_fields; i++) {
        cell_column *c = &e->columns[i];
        const weir_column *column = batch->columns[i];
        c->base = weir_column_base(column);
        c->validity = column->validity;
        c->indices = column->encoding == WEIR_DICTIONARY ? column->indices : NULL;
        c->constant = column->encoding == WEIR_CONSTANT;
    }
}

/* One value that is not null. */
static inline outcome put_value(weir_encoder *e, cell_column *c, uint32_t slot) {
    if (weir_type_is_view(c->type)) {
        weir_slice s = weir_view_slice(c->base, (const weir_view *)c->base->values + slot);
        bool ok = c->type->id == WEIR_STRING ? put_string(e, s.data, s.size)
                  : c->type->id == WEIR_JSON ? put_json(e, s)
                                             : put_binary(e, s);
        return ok ? PUT : NO_MEMORY;
    }
    if (weir_type_is_nested(c->type)) return put_nested(e, c->base, slot);
    char *end = put_fixed(e->out, c->type, c->base->values, slot, &c->zone);
    if (!end) end = put_not_finite(e->out, c->type, c->base->values, slot, e->config->not_finite);
    if (!end) return NOT_FINITE;
    e->out = end;
    return PUT;
}

/* *failed: the column whose value JSON cannot hold. */
static outcome put_row(weir_encoder *e, uint32_t row, const cell_column **failed) {
    if (!reserve(e, e->row_fixed)) return NO_MEMORY;
    if (e->array) {
        if (e->out > (char *)e->block->data) *e->out++ = ',';
        *e->out++ = '\n';
    }
    *e->out++ = '{';
    bool first = true;
    for (uint32_t i = 0; i < e->schema->n_fields; i++) {
        cell_column *c = &e->columns[i];
        uint32_t outer = c->constant ? 0 : row;
        bool null = c->null_type || (c->validity && !weir_bit_get(c->validity, outer));
        if (null && e->config->omit_nulls) continue;
        memcpy(e->out, c->prefix + first, c->prefix_size - first);
        e->out += c->prefix_size - first;
        first = false;
        if (null) {
            e->out = put_word(e->out, "null", 4);
            continue;
        }
        outcome o = put_value(e, c, c->indices ? (uint32_t)c->indices[row] : outer);
        if (o != PUT) {
            *failed = c;
            return o;
        }
    }
    *e->out++ = '}';
    if (!e->array) *e->out++ = '\n';
    return PUT;
}

static weir_status fail_row(weir_batch *batch, uint32_t row, const cell_column *c,
                            weir_error *err) {
    weir_failures *f = NULL;
    weir_status status = weir_batch_failures(batch, &f, err);
    if (status != WEIR_OK) return status;
    return weir_failures_put(f, row, STAGE, c->name, "finite",
                             "is not finite: JSON has neither NaN nor infinity", err);
}

static weir_status encode(weir_encoder *e, weir_ctx *ctx, weir_batch *batch, weir_block **out,
                          weir_buf *meta, weir_error *err) {
    weir_status status = WEIR_OK;
    uint32_t written = 0;
    (void)meta;
    *out = NULL;
    e->ctx = ctx;
    e->err = err;
    bind_batch(e, batch);
    size_t guess = (size_t)((double)batch->n_selected * e->row_bytes * 1.1) + e->row_fixed + 1024;
    if (batch->n_selected && !grow(e, guess)) return WEIR_RESOURCE;
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k);
        const cell_column *failed = NULL;
        if (weir_failures_bad(batch->failures, row)) continue;
        size_t at = (size_t)(e->out - (char *)e->block->data);
        outcome o = put_row(e, row, &failed);
        if (o == NO_MEMORY) {
            status = WEIR_RESOURCE;
            goto out;
        }
        if (o == NOT_FINITE) {
            e->out = (char *)e->block->data + at;
            WEIR_TRY(fail_row(batch, row, failed, err));
            continue;
        }
        written++;
    }
    if (written) {
        e->block->size = (size_t)(e->out - (char *)e->block->data);
        e->row_bytes = (double)e->block->size / written;
        *out = e->block;
        e->block = NULL;
    }
out:
    weir_block_release(e->block);
    e->block = NULL;
    e->out = e->limit = NULL;
    return status;
}

static weir_status header(weir_encoder *e, weir_buf *out, weir_error *err) {
    if (e->array && !weir_buf_adds(out, "[")) return weir_error_nomem(err);
    return WEIR_OK;
}

static weir_status footer(weir_encoder *e, const weir_slice *metas, const uint64_t *offsets,
                          size_t n, bool empty, weir_buf *out, weir_error *err) {
    (void)metas, (void)offsets, (void)n;
    if (e->array && !weir_buf_adds(out, empty ? "]\n" : "\n]\n")) return weir_error_nomem(err);
    return WEIR_OK;
}

const weir_write_ops weir_json_write_ops = {
    .encoder_new = lines_new,
    .header = header,
    .encode = encode,
    .footer = footer,
    .encoder_free = encoder_free,
};

const weir_write_ops weir_json_array_write_ops = {
    .encoder_new = array_new,
    .header = header,
    .encode = encode,
    .footer = footer,
    .encoder_free = encoder_free,
    .separator = ",",
};
