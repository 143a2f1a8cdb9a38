/* Values as text and as JSON, and their exact equality.  Cold: one value at a time. */
#include "column/kernel_util.h"
#include "text/encode.h"
#include "text/json.h"
#include "text/number.h"

/* The value at a slot of a PLAIN or CONSTANT column, which may not be null.  Returns its length in
 * out, or 0 when the type is not one with a short text. */
#define SHORT_TEXT_MAX 128

static size_t integer_text(const weir_type *t, const void *p, char *out) {
    switch (t->id) {
    case WEIR_INT8: return weir_num_format_int64(*(const int8_t *)p, out);
    case WEIR_INT16: return weir_num_format_int64(*(const int16_t *)p, out);
    case WEIR_INT32: return weir_num_format_int64(*(const int32_t *)p, out);
    case WEIR_INT64: return weir_num_format_int64(*(const int64_t *)p, out);
    case WEIR_UINT8: return weir_num_format_uint64(*(const uint8_t *)p, out);
    case WEIR_UINT16: return weir_num_format_uint64(*(const uint16_t *)p, out);
    case WEIR_UINT32: return weir_num_format_uint64(*(const uint32_t *)p, out);
    default: return weir_num_format_uint64(*(const uint64_t *)p, out);
    }
}

static size_t timestamptz_text(const weir_type *t, int64_t us, char separator, char *out) {
    const weir_zone *zone = NULL;
    weir_zone_cache cache;
    weir_error ignored = {0};
    /* The type was made with a zone that exists; UTC is right in any case. */
    if (weir_zone_get(t->zone, &zone, &ignored) != WEIR_OK) zone = NULL;
    weir_zone_cache_init(&cache, zone);
    return weir_timestamptz_format(us, &cache, separator, out);
}

static size_t short_text(const weir_column *c, uint32_t slot, char separator, char *out) {
    const weir_type *t = c->type;
    const uint8_t *p = (const uint8_t *)c->values + (size_t)slot * t->width;
    switch (t->id) {
    case WEIR_BOOL:
        if (weir_bit_get(c->values, slot)) {
            memcpy(out, "true", 4);
            return 4;
        }
        memcpy(out, "false", 5);
        return 5;
    case WEIR_FLOAT32: return weir_num_format_float(*(const float *)(const void *)p, out);
    case WEIR_FLOAT64: return weir_num_format_double(*(const double *)(const void *)p, out);
    case WEIR_DECIMAL:
        return t->width == 8
                   ? weir_num_format_decimal64(*(const int64_t *)(const void *)p, t->scale, out)
                   : weir_num_format_decimal128(*(const weir_int128 *)(const void *)p, t->scale,
                                                out);
    case WEIR_DATE: return weir_date_format(*(const int32_t *)(const void *)p, out);
    case WEIR_TIME: return weir_time_format(*(const int64_t *)(const void *)p, out);
    case WEIR_TIMESTAMP:
        return weir_timestamp_format(*(const int64_t *)(const void *)p, separator, out);
    case WEIR_TIMESTAMPTZ:
        return timestamptz_text(t, *(const int64_t *)(const void *)p, separator, out);
    case WEIR_INTERVAL: return weir_interval_format((const weir_interval *)(const void *)p, out);
    case WEIR_UUID: weir_uuid_format(p, out); return WEIR_UUID_TEXT_BYTES;
    default: return integer_text(t, p, out);
    }
}

static bool add_hex(weir_buf *out, weir_slice s) {
    if (!weir_buf_adds(out, "\\x") || !weir_buf_reserve(out, s.size * 2)) return false;
    out->size += weir_hex_encode(s.data, s.size, out->data + out->size);
    return true;
}

bool weir_column_text(const weir_column *c, uint32_t row, weir_buf *out) {
    char text[SHORT_TEXT_MAX];
    if (weir_column_is_null(c, row)) return true;
    if (weir_type_is_nested(c->type)) return weir_column_json(c, row, out);
    if (weir_type_is_view(c->type)) {
        weir_slice s = weir_column_slice(c, row);
        return c->type->id == WEIR_BINARY ? add_hex(out, s) : weir_buf_add(out, s.data, s.size);
    }
    return weir_buf_add(out, text,
                        short_text(weir_column_base(c), weir_column_slot(c, row), ' ', text));
}

/* ---- JSON ---------------------------------------------------------------------------------- */

static bool add_quoted(weir_buf *out, const char *s, size_t n) {
    return weir_json_put_string(out, s, n, WEIR_JSON_UTF8_REPLACE, NULL);
}

static bool json_list(const weir_column *base, uint32_t slot, weir_buf *out) {
    const int32_t *offsets = base->values;
    if (!weir_buf_adds(out, "[")) return false;
    for (int32_t i = offsets[slot]; i < offsets[slot + 1]; i++)
        if ((i > offsets[slot] && !weir_buf_adds(out, ",")) ||
            !weir_column_json(base->children[0], (uint32_t)i, out))
            return false;
    return weir_buf_adds(out, "]");
}

static bool json_map(const weir_column *base, uint32_t slot, weir_buf *out) {
    const int32_t *offsets = base->values;
    weir_buf key = {0};
    bool ok = weir_buf_adds(out, "{");
    for (int32_t i = offsets[slot]; ok && i < offsets[slot + 1]; i++) {
        key.size = 0;
        ok = (i == offsets[slot] || weir_buf_adds(out, ",")) &&
             weir_column_text(base->children[0], (uint32_t)i, &key) &&
             add_quoted(out, weir_buf_cstr(&key), key.size) && weir_buf_adds(out, ":") &&
             weir_column_json(base->children[1], (uint32_t)i, out);
    }
    weir_buf_clear(&key);
    return ok && weir_buf_adds(out, "}");
}

static bool json_struct(const weir_column *base, uint32_t slot, weir_buf *out) {
    if (!weir_buf_adds(out, "{")) return false;
    for (uint32_t i = 0; i < base->n_children; i++) {
        const char *name = base->type->fields[i].name;
        if ((i && !weir_buf_adds(out, ",")) || !add_quoted(out, name, strlen(name)) ||
            !weir_buf_adds(out, ":") || !weir_column_json(base->children[i], slot, out))
            return false;
    }
    return weir_buf_adds(out, "}");
}

static bool json_double(const weir_column *base, uint32_t slot, weir_buf *out) {
    char text[SHORT_TEXT_MAX];
    double v = base->type->id == WEIR_FLOAT32 ? (double)((const float *)base->values)[slot]
                                              : ((const double *)base->values)[slot];
    if (v - v != 0) return weir_buf_adds(out, "null"); /* NaN and infinity have no JSON */
    return weir_buf_add(out, text, short_text(base, slot, ' ', text));
}

bool weir_column_json(const weir_column *c, uint32_t row, weir_buf *out) {
    char text[SHORT_TEXT_MAX];
    if (weir_column_is_null(c, row)) return weir_buf_adds(out, "null");
    const weir_column *base = weir_column_base(c);
    uint32_t slot = weir_column_slot(c, row);
    switch (c->type->id) {
    case WEIR_LIST: return json_list(base, slot, out);
    case WEIR_MAP: return json_map(base, slot, out);
    case WEIR_STRUCT: return json_struct(base, slot, out);
    case WEIR_FLOAT32:
    case WEIR_FLOAT64: return json_double(base, slot, out);
    case WEIR_JSON:
    case WEIR_STRING: {
        weir_slice s = weir_column_slice(c, row);
        return c->type->id == WEIR_JSON ? weir_buf_add(out, s.data, s.size)
                                        : add_quoted(out, s.data, s.size);
    }
    case WEIR_BINARY:
        return weir_buf_adds(out, "\"\\") && add_hex(out, weir_column_slice(c, row)) &&
               weir_buf_adds(out, "\"");
    default: break;
    }
    size_t n = short_text(base, slot, 'T', text);
    if (weir_type_is_numeric(c->type) || c->type->id == WEIR_BOOL)
        return weir_buf_add(out, text, n);
    return add_quoted(out, text, n);
}

/* ---- equality ------------------------------------------------------------------------------ */

static bool equal_items(const weir_column *a, uint32_t sa, const weir_column *b, uint32_t sb) {
    const int32_t *x = a->values, *y = b->values;
    int32_t n = x[sa + 1] - x[sa];
    if (n != y[sb + 1] - y[sb]) return false;
    for (uint32_t child = 0; child < a->n_children; child++)
        for (int32_t i = 0; i < n; i++)
            if (!weir_column_equal(a->children[child], (uint32_t)(x[sa] + i), b->children[child],
                                   (uint32_t)(y[sb] + i)))
                return false;
    return true;
}

static bool equal_nested(const weir_column *a, uint32_t sa, const weir_column *b, uint32_t sb) {
    if (a->type->id != WEIR_STRUCT) return equal_items(a, sa, b, sb);
    for (uint32_t i = 0; i < a->n_children; i++)
        if (!weir_column_equal(a->children[i], sa, b->children[i], sb)) return false;
    return true;
}

bool weir_column_equal(const weir_column *a, uint32_t row_a, const weir_column *b, uint32_t row_b) {
    bool null_a = weir_column_is_null(a, row_a), null_b = weir_column_is_null(b, row_b);
    if (null_a || null_b) return null_a && null_b;
    if (a->type != b->type) return false;
    if (weir_type_is_view(a->type)) {
        weir_slice x = weir_column_slice(a, row_a), y = weir_column_slice(b, row_b);
        return x.size == y.size && memcmp(x.data, y.data, x.size) == 0;
    }
    const weir_column *base_a = weir_column_base(a), *base_b = weir_column_base(b);
    uint32_t sa = weir_column_slot(a, row_a), sb = weir_column_slot(b, row_b);
    if (weir_type_is_nested(a->type)) return equal_nested(base_a, sa, base_b, sb);
    if (a->type->id == WEIR_BOOL)
        return weir_bit_get(base_a->values, sa) == weir_bit_get(base_b->values, sb);
    if (weir_type_is_float(a->type)) return weir_compare_values(a, row_a, b, row_b) == 0;
    size_t width = a->type->width;
    return memcmp((const uint8_t *)base_a->values + sa * width,
                  (const uint8_t *)base_b->values + sb * width, width) == 0;
}
