/* Batches as Arrow C data: schemas and arrays with their release functions. */
#include "column/arrow.h"

#include <stdio.h>
#include "column/kernel_util.h"

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
               "bitmaps, decimals and views are shared as they stand");

#define EXTENSION_KEY "ARROW:extension:name"
static const weir_arrow_options defaults;

/* ---- schema -------------------------------------------------------------------------------- */

/* What one schema node owns: texts, its children and its dictionary. */
typedef struct schema_node {
    struct ArrowSchema **children;
    struct ArrowSchema *items; /* what children point to */
    struct ArrowSchema dictionary;
    char texts[]; /* format, name, metadata */
} schema_node;

static void release_schema(struct ArrowSchema *s) {
    schema_node *node = s->private_data;
    for (int64_t i = 0; i < s->n_children; i++) weir_arrow_release_schema(s->children[i]);
    weir_arrow_release_schema(s->dictionary);
    weir_free(node->children);
    weir_free(node->items);
    weir_free(node);
    s->release = NULL;
}

static const char *format_of(const weir_type *t, const weir_arrow_options *o, char *buf,
                             size_t size) {
    switch (t->id) {
    case WEIR_NULL: return "n";
    case WEIR_BOOL: return "b";
    case WEIR_INT8: return "c";
    case WEIR_INT16: return "s";
    case WEIR_INT32: return "i";
    case WEIR_INT64: return "l";
    case WEIR_UINT8: return "C";
    case WEIR_UINT16: return "S";
    case WEIR_UINT32: return "I";
    case WEIR_UINT64: return "L";
    case WEIR_FLOAT32: return "f";
    case WEIR_FLOAT64: return "g";
    case WEIR_DECIMAL: snprintf(buf, size, "d:%d,%d", t->precision, t->scale); return buf;
    case WEIR_STRING:
    case WEIR_JSON: return o->views ? "vu" : "u";
    case WEIR_BINARY: return o->views ? "vz" : "z";
    case WEIR_DATE: return "tdD";
    case WEIR_TIME: return "ttu";
    case WEIR_TIMESTAMP: return "tsu:";
    case WEIR_TIMESTAMPTZ: snprintf(buf, size, "tsu:%s", t->zone); return buf;
    case WEIR_INTERVAL: return "tin";
    case WEIR_UUID: return "w:16";
    case WEIR_LIST: return "+l";
    case WEIR_MAP: return "+m";
    case WEIR_STRUCT:
    case WEIR_TYPE_COUNT: break;
    }
    return "+s";
}

/* Metadata of one pair: counts and sizes are int32 of the machine, texts without terminator. */
static size_t extension(const weir_type *t, char *out) {
    const char *key = EXTENSION_KEY;
    const char *value = t->id == WEIR_JSON   ? "arrow.json"
                        : t->id == WEIR_UUID ? "arrow.uuid"
                                             : NULL;
    if (!value) return 0;
    int32_t one = 1, key_size = (int32_t)strlen(key), value_size = (int32_t)strlen(value);
    char *p = out;
    memcpy(p, &one, 4), p += 4;
    memcpy(p, &key_size, 4), p += 4;
    memcpy(p, key, (size_t)key_size), p += key_size;
    memcpy(p, &value_size, 4), p += 4;
    memcpy(p, value, (size_t)value_size), p += value_size;
    return (size_t)(p - out);
}

/* A node without children yet; it can be released at once. */
static weir_status new_schema(const char *format, const char *name, const char *metadata,
                              size_t metadata_size, bool nullable, uint32_t n_children,
                              struct ArrowSchema *out, weir_error *err) {
    size_t format_size = strlen(format) + 1, name_size = strlen(name) + 1;
    schema_node *node =
        weir_alloc_zero(1, sizeof *node + format_size + name_size + metadata_size + 1);
    if (!node) return weir_error_nomem(err);
    if (n_children) {
        node->children = weir_alloc_zero(n_children, sizeof *node->children);
        node->items = weir_alloc_zero(n_children, sizeof *node->items);
        if (!node->children || !node->items) {
            weir_free(node->children);
            weir_free(node->items);
            weir_free(node);
            return weir_error_nomem(err);
        }
    }
    for (uint32_t i = 0; i < n_children; i++) node->children[i] = &node->items[i];
    char *name_at = node->texts + format_size, *metadata_at = name_at + name_size;
    memcpy(node->texts, format, format_size);
    memcpy(name_at, name, name_size);
    if (metadata_size) memcpy(metadata_at, metadata, metadata_size);
    *out = (struct ArrowSchema){.format = node->texts,
                                .name = name_at,
                                .metadata = metadata_size ? metadata_at : NULL,
                                .flags = nullable ? ARROW_FLAG_NULLABLE : 0,
                                .n_children = n_children,
                                .children = node->children,
                                .release = release_schema,
                                .private_data = node};
    return WEIR_OK;
}

static weir_status export_type(const weir_type *t, const char *name, bool nullable,
                               const weir_arrow_options *o, struct ArrowSchema *out,
                               weir_error *err);

static weir_status export_fields(const weir_field *fields, uint32_t n, const weir_arrow_options *o,
                                 struct ArrowSchema *into, weir_error *err) {
    for (uint32_t i = 0; i < n; i++) {
        weir_status status = export_type(fields[i].type, fields[i].name, !fields[i].not_null, o,
                                         into->children[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status export_type(const weir_type *t, const char *name, bool nullable,
                               const weir_arrow_options *o, struct ArrowSchema *out,
                               weir_error *err) {
    char format[96], metadata[64];
    struct ArrowSchema s = {0};
    size_t metadata_size = extension(t, metadata);
    bool map = t->id == WEIR_MAP;
    weir_status status = new_schema(format_of(t, o, format, sizeof format), name, metadata,
                                    metadata_size, nullable, map ? 1 : t->n_fields, &s, err);
    if (status != WEIR_OK) return status;
    struct ArrowSchema *parent = &s;
    if (map) {
        parent = s.children[0];
        WEIR_TRY(new_schema("+s", "entries", NULL, 0, false, 2, parent, err));
    }
    WEIR_TRY(export_fields(t->fields, t->n_fields, o, parent, err));
    *out = s;
    return WEIR_OK;
out:
    release_schema(&s);
    return status;
}

/* A dictionary column of the batch: int32 indices over values of the type. */
static weir_status export_dictionary_type(const weir_field *f, const weir_arrow_options *o,
                                          struct ArrowSchema *out, weir_error *err) {
    struct ArrowSchema s = {0};
    weir_status status = new_schema("i", f->name, NULL, 0, !f->not_null, 0, &s, err);
    if (status != WEIR_OK) return status;
    schema_node *node = s.private_data;
    status = export_type(f->type, "", false, o, &node->dictionary, err);
    if (status != WEIR_OK) {
        release_schema(&s);
        return status;
    }
    s.dictionary = &node->dictionary;
    *out = s;
    return WEIR_OK;
}

static weir_status schema_of(const weir_schema *schema, const weir_batch *b,
                             const weir_arrow_options *o, struct ArrowSchema *out,
                             weir_error *err) {
    struct ArrowSchema s = {0};
    weir_status status = new_schema("+s", "", NULL, 0, false, schema->n_fields, &s, err);
    if (status != WEIR_OK) return status;
    for (uint32_t i = 0; i < schema->n_fields; i++) {
        const weir_field *f = &schema->fields[i];
        if (b && o->dictionaries && b->columns[i]->encoding == WEIR_DICTIONARY)
            WEIR_TRY(export_dictionary_type(f, o, s.children[i], err));
        else
            WEIR_TRY(export_type(f->type, f->name, !f->not_null, o, s.children[i], err));
    }
    *out = s;
    return WEIR_OK;
out:
    release_schema(&s);
    return status;
}

weir_status weir_arrow_export_schema(const weir_schema *schema, const weir_arrow_options *options,
                                     struct ArrowSchema *out, weir_error *err) {
    return schema_of(schema, NULL, options ? options : &defaults, out, err);
}

/* ---- arrays: the node ---------------------------------------------------------------------- */

/* What one array node owns. */
typedef struct array_node {
    weir_column *column;  /* shared values */
    weir_block *made[2];  /* values in another layout */
    const void **buffers; /* as many as the array says */
    int64_t *sizes;       /* views: of the variadic buffers */
    struct ArrowArray **children;
    struct ArrowArray *items;
    struct ArrowArray dictionary;
} array_node;

static void free_array_node(array_node *node) {
    weir_column_release(node->column);
    weir_block_release(node->made[0]);
    weir_block_release(node->made[1]);
    weir_free(node->buffers);
    weir_free(node->sizes);
    weir_free(node->children);
    weir_free(node->items);
    weir_free(node);
}

static void release_array(struct ArrowArray *a) {
    for (int64_t i = 0; i < a->n_children; i++) weir_arrow_release_array(a->children[i]);
    weir_arrow_release_array(a->dictionary);
    free_array_node(a->private_data);
    a->release = NULL;
}

static weir_status new_array(uint32_t length, uint32_t n_buffers, uint32_t n_children,
                             struct ArrowArray *out, weir_error *err) {
    array_node *node = weir_alloc_zero(1, sizeof *node);
    if (!node) return weir_error_nomem(err);
    node->buffers = weir_alloc_zero(n_buffers + 1u, sizeof *node->buffers);
    node->children = weir_alloc_zero(n_children + 1u, sizeof *node->children);
    node->items = weir_alloc_zero(n_children + 1u, sizeof *node->items);
    if (!node->buffers || !node->children || !node->items) {
        free_array_node(node);
        return weir_error_nomem(err);
    }
    for (uint32_t i = 0; i < n_children; i++) node->children[i] = &node->items[i];
    *out = (struct ArrowArray){.length = length,
                               .n_buffers = n_buffers,
                               .n_children = n_children,
                               .buffers = node->buffers,
                               .children = node->children,
                               .release = release_array,
                               .private_data = node};
    return WEIR_OK;
}

/* ---- arrays: the values -------------------------------------------------------------------- */

typedef struct exporter {
    const weir_arrow_options *options;
    weir_ctx *ctx;
} exporter;

static weir_status export_column(const exporter *x, const weir_column *c, bool dictionary,
                                 struct ArrowArray *out, weir_error *err);

static weir_status new_values(const exporter *x, array_node *node, int which, size_t bytes,
                              weir_error *err) {
    weir_status status =
        weir_block_new(weir_ctx_ledger(x->ctx), bytes ? bytes : 8, &node->made[which], err);
    if (status != WEIR_OK) return status;
    node->made[which]->size = bytes;
    node->buffers[1 + which] = node->made[which]->data;
    return WEIR_OK;
}

static int64_t count_nulls(const weir_column *c) {
    if (!c->validity) return 0;
    int64_t valid = 0;
    for (uint32_t i = 0; i < c->length / 64; i++) valid += __builtin_popcountll(c->validity[i]);
    if (c->length % 64)
        valid += __builtin_popcountll(c->validity[c->length / 64] & ((1ull << c->length % 64) - 1));
    return (int64_t)c->length - valid;
}

/* Texts one behind the other with 32-bit offsets. */
static weir_status export_text(const exporter *x, const weir_column *c, array_node *node,
                               weir_error *err) {
    const weir_view *views = c->values;
    size_t total = 0;
    for (uint32_t i = 0; i < c->length; i++)
        if (!weir_column_is_null(c, i)) total += views[i].in.size;
    if (total > INT32_MAX) {
        weir_error_set(err, WEIR_RESOURCE, "a column has more than 2 GiB of text in one batch");
        weir_error_hint(err, "export it with string views");
        return WEIR_RESOURCE;
    }
    weir_status status = new_values(x, node, 0, ((size_t)c->length + 1) * 4, err);
    if (status == WEIR_OK) status = new_values(x, node, 1, total, err);
    if (status != WEIR_OK) return status;
    int32_t *offsets = (int32_t *)(void *)node->made[0]->data;
    uint8_t *data = node->made[1]->data;
    size_t at = 0;
    offsets[0] = 0;
    for (uint32_t i = 0; i < c->length; i++) {
        if (!weir_column_is_null(c, i)) {
            weir_slice s = weir_view_slice(c, &views[i]);
            if (s.size) memcpy(data + at, s.data, s.size);
            at += s.size;
        }
        offsets[i + 1] = (int32_t)at;
    }
    return WEIR_OK;
}

/* Views as they stand; those of null rows, which are undefined here, become empty. */
static weir_status export_views(const exporter *x, const weir_column *c, array_node *node,
                                weir_error *err) {
    node->sizes = weir_alloc_zero(c->n_blocks + 1u, sizeof *node->sizes);
    if (!node->sizes) return weir_error_nomem(err);
    for (uint32_t i = 0; i < c->n_blocks; i++) {
        if (c->blocks[i]->capacity > INT32_MAX)
            return weir_error_set(err, WEIR_RESOURCE,
                                  "a text stands in a block of more than 2 GiB");
        node->sizes[i] = (int64_t)c->blocks[i]->capacity;
        node->buffers[2 + i] = c->blocks[i]->data;
    }
    node->buffers[2 + c->n_blocks] = node->sizes;
    node->buffers[1] = c->values;
    if (!c->validity) return WEIR_OK;
    weir_status status = new_values(x, node, 0, (size_t)c->length * sizeof(weir_view), err);
    if (status != WEIR_OK) return status;
    weir_view *to = (weir_view *)(void *)node->made[0]->data;
    if (c->length) memcpy(to, c->values, (size_t)c->length * sizeof *to);
    for (uint32_t i = 0; i < c->length; i++)
        if (weir_column_is_null(c, i)) to[i] = (weir_view){.words = {0, 0}};
    return WEIR_OK;
}

static weir_status export_decimal64(const exporter *x, const weir_column *c, array_node *node,
                                    weir_error *err) {
    weir_status status = new_values(x, node, 0, (size_t)c->length * 16, err);
    if (status != WEIR_OK) return status;
    __int128 *to = (__int128 *)(void *)node->made[0]->data;
    for (uint32_t i = 0; i < c->length; i++) to[i] = ((const int64_t *)c->values)[i];
    return WEIR_OK;
}

typedef struct month_day_nano {
    int32_t months, days;
    int64_t nanos;
} month_day_nano;

static weir_status export_interval(const exporter *x, const weir_column *c, array_node *node,
                                   weir_error *err) {
    weir_status status = new_values(x, node, 0, (size_t)c->length * sizeof(month_day_nano), err);
    if (status != WEIR_OK) return status;
    month_day_nano *to = (month_day_nano *)(void *)node->made[0]->data;
    for (uint32_t i = 0; i < c->length; i++) {
        to[i] = (month_day_nano){0, 0, 0};
        if (weir_column_is_null(c, i)) continue;
        const weir_interval *v = (const weir_interval *)c->values + i;
        to[i].months = v->months;
        to[i].days = v->days;
        if (__builtin_mul_overflow(v->micros, 1000, &to[i].nanos))
            return weir_error_set(err, WEIR_DATA,
                                  "an interval of %lld microseconds is too long for Arrow",
                                  (long long)v->micros);
    }
    return WEIR_OK;
}

static weir_status export_children(const exporter *x, const weir_column *c, struct ArrowArray *into,
                                   weir_error *err) {
    for (uint32_t i = 0; i < c->n_children; i++) {
        weir_status status = export_column(x, c->children[i], false, into->children[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* The entries of a map: a struct of keys and values, as long as the last offset. */
static weir_status export_entries(const exporter *x, const weir_column *c, struct ArrowArray *out,
                                  weir_error *err) {
    uint32_t n = (uint32_t)((const int32_t *)c->values)[c->length];
    weir_status status = new_array(n, 1, 2, out, err);
    return status == WEIR_OK ? export_children(x, c, out, err) : status;
}

static uint32_t buffers_of(const exporter *x, const weir_column *c) {
    if (c->type->id == WEIR_NULL) return 0;
    if (c->type->id == WEIR_STRUCT) return 1;
    if (!weir_type_is_view(c->type)) return 2;
    return x->options->views ? 3 + c->n_blocks : 3;
}

/* c is PLAIN. */
static weir_status export_values(const exporter *x, const weir_column *c, struct ArrowArray *a,
                                 weir_error *err) {
    array_node *node = a->private_data;
    switch (c->type->id) {
    case WEIR_NULL: a->null_count = c->length; return WEIR_OK;
    case WEIR_STRUCT: return export_children(x, c, a, err);
    case WEIR_MAP: node->buffers[1] = c->values; return export_entries(x, c, a->children[0], err);
    case WEIR_LIST: node->buffers[1] = c->values; return export_children(x, c, a, err);
    case WEIR_INTERVAL: return export_interval(x, c, node, err);
    case WEIR_DECIMAL:
        if (c->type->width == 8) return export_decimal64(x, c, node, err);
        break;
    case WEIR_STRING:
    case WEIR_JSON:
    case WEIR_BINARY:
        return x->options->views ? export_views(x, c, node, err) : export_text(x, c, node, err);
    default: break;
    }
    node->buffers[1] = c->values;
    return WEIR_OK;
}

static weir_status export_dictionary(const exporter *x, const weir_column *c, struct ArrowArray *a,
                                     weir_error *err) {
    array_node *node = a->private_data;
    node->buffers[1] = c->indices;
    weir_status status = export_column(x, c->dictionary, false, &node->dictionary, err);
    if (status == WEIR_OK) a->dictionary = &node->dictionary;
    return status;
}

static weir_status export_column(const exporter *x, const weir_column *c, bool dictionary,
                                 struct ArrowArray *out, weir_error *err) {
    weir_column *plain = NULL;
    struct ArrowArray a = {0};
    dictionary = dictionary && c->encoding == WEIR_DICTIONARY;
    weir_status status = WEIR_OK;
    if (dictionary)
        plain = weir_column_retain((weir_column *)(uintptr_t)c);
    else
        status = weir_decode_plain(c, x->ctx, &plain, err);
    if (status != WEIR_OK) return status;
    uint32_t n_children = dictionary ? 0 : plain->type->id == WEIR_MAP ? 1 : plain->n_children;
    status = new_array(plain->length, dictionary ? 2 : buffers_of(x, plain), n_children, &a, err);
    if (status != WEIR_OK) {
        weir_column_release(plain);
        return status;
    }
    ((array_node *)a.private_data)->column = plain;
    if (a.n_buffers) a.buffers[0] = plain->validity;
    a.null_count = count_nulls(plain);
    if (dictionary)
        WEIR_TRY(export_dictionary(x, plain, &a, err));
    else
        WEIR_TRY(export_values(x, plain, &a, err));
    *out = a;
    return WEIR_OK;
out:
    release_array(&a);
    return status;
}

weir_status weir_arrow_export_batch(const weir_batch *b, const weir_arrow_options *options,
                                    weir_ctx *ctx, struct ArrowSchema *schema,
                                    struct ArrowArray *out, weir_error *err) {
    exporter x = {options ? options : &defaults, ctx};
    weir_rows rows = weir_rows_of(b);
    struct ArrowSchema s = {0};
    struct ArrowArray a = {0};
    weir_column *dense = NULL;
    weir_status status = new_array(b->n_selected, 1, b->schema->n_fields, &a, err);
    if (status != WEIR_OK) return status;
    if (schema) WEIR_TRY(schema_of(b->schema, b, x.options, &s, err));
    for (uint32_t i = 0; i < b->schema->n_fields; i++) {
        WEIR_TRY(weir_take(b->columns[i], rows, ctx, &dense, err));
        status = export_column(&x, dense, x.options->dictionaries, a.children[i], err);
        weir_column_release(dense);
        if (status != WEIR_OK) {
            weir_error_context(err, "exporting column %s", b->schema->fields[i].name);
            goto out;
        }
    }
    if (schema) *schema = s;
    *out = a;
    return WEIR_OK;
out:
    weir_arrow_release_schema(&s);
    release_array(&a);
    return status;
}
