/* Arrow C data as batches: schemas, and arrays cut into batches. */
#include "column/arrow_job.h"

#include "text/utf8.h"

#define METADATA_PAIRS_MAX 4096
#define METADATA_TEXT_MAX ((int32_t)1 << 24)
#define NAME_MAX_BYTES ((size_t)1 << 16)

/* ---- formats ------------------------------------------------------------------------------- */

static int32_t load_i32(const char *p) {
    int32_t v;
    memcpy(&v, p, 4);
    return v;
}

/* Whether the node's extension name is `name`; an empty name asks whether it has none. */
static bool has_extension(const struct ArrowSchema *s, const char *name) {
    static const char key[] = "ARROW:extension:name";
    const char *p = s->metadata;
    if (!p) return !*name;
    int32_t pairs = load_i32(p);
    p += 4;
    if (pairs > METADATA_PAIRS_MAX) return false;
    for (int32_t i = 0; i < pairs; i++) {
        weir_slice part[2];
        for (int k = 0; k < 2; k++) {
            int32_t size = load_i32(p);
            if (size < 0 || size > METADATA_TEXT_MAX) return false;
            part[k] = (weir_slice){p + 4, (size_t)size};
            p += 4 + size;
        }
        if (weir_slice_is(part[0], key)) return weir_slice_is(part[1], name);
    }
    return !*name;
}

static weir_status unknown(const struct ArrowSchema *s, weir_error *err) {
    weir_error_set(err, WEIR_DATA, "the Arrow format \"%.60s\" has no counterpart in weir",
                   s->format);
    weir_error_hint(err, "let the producer convert the column");
    return WEIR_DATA;
}

static weir_status set(weir_arrow_format *out, weir_arrow_layout layout, weir_type_id id,
                       uint32_t width) {
    *out = (weir_arrow_format){layout, weir_type_of(id), width, 1, 1};
    return WEIR_OK;
}

/* A number of at most three digits; *p goes behind it. */
static bool small_number(const char **p, int *out) {
    int v = 0, digits = 0;
    bool minus = **p == '-';
    if (minus) ++*p;
    for (; **p >= '0' && **p <= '9' && digits < 4; ++*p, digits++) v = v * 10 + (**p - '0');
    *out = minus ? -v : v;
    return digits > 0 && digits < 4;
}

/* d:precision,scale[,bits] */
static weir_status decimal_format(const struct ArrowSchema *s, weir_arrow_format *out,
                                  weir_error *err) {
    const char *p = s->format + 2;
    int precision, scale, bits = 128;
    if (!small_number(&p, &precision) || *p++ != ',' || !small_number(&p, &scale))
        return unknown(s, err);
    if (*p == ',' && (p++, !small_number(&p, &bits))) return unknown(s, err);
    if (*p || (bits != 128 && bits != 64 && bits != 32)) return unknown(s, err);
    const weir_type *type = NULL;
    if (precision < 1 || precision > WEIR_DECIMAL_MAX_PRECISION || scale < 0 || scale > precision)
        return unknown(s, err);
    weir_status status = weir_type_decimal(precision, scale, &type, err);
    if (status != WEIR_OK) return status;
    *out = (weir_arrow_format){WEIR_ARROW_DECIMAL, type, (uint32_t)bits / 8, 1, 1};
    return WEIR_OK;
}

/* The unit letter of times: s, m, u, n to microseconds. */
static bool unit_of(char letter, weir_arrow_format *f) {
    f->multiplier = letter == 's' ? 1000000 : letter == 'm' ? 1000 : 1;
    f->divisor = letter == 'n' ? 1000 : 1;
    return letter == 's' || letter == 'm' || letter == 'u' || letter == 'n';
}

/* td? dates, tt? times, ts?:zone timestamps, ti? intervals */
static weir_status time_format(const struct ArrowSchema *s, weir_arrow_format *out,
                               weir_error *err) {
    const char *f = s->format;
    weir_arrow_format to = {.layout = WEIR_ARROW_SCALED, .width = 8, .multiplier = 1, .divisor = 1};
    if (strcmp(f, "tdD") == 0) return set(out, WEIR_ARROW_FIXED, WEIR_DATE, 4);
    if (strcmp(f, "tdm") == 0) {
        to.type = weir_type_of(WEIR_DATE);
        to.divisor = WEIR_US_PER_DAY / 1000;
    } else if (f[1] == 't' && f[2] && !f[3] && unit_of(f[2], &to)) {
        to.type = weir_type_of(WEIR_TIME);
        to.width = f[2] == 's' || f[2] == 'm' ? 4 : 8;
    } else if (f[1] == 's' && f[2] && f[3] == ':' && unit_of(f[2], &to)) {
        to.type = weir_type_of(WEIR_TIMESTAMP);
        if (f[4]) {
            weir_status status = weir_type_timestamptz(f + 4, &to.type, err);
            if (status != WEIR_OK) return status;
        }
        if (f[2] == 'u') to.layout = WEIR_ARROW_FIXED;
    } else if (strcmp(f, "tiM") == 0) {
        return set(out, WEIR_ARROW_MONTHS, WEIR_INTERVAL, 4);
    } else if (strcmp(f, "tiD") == 0) {
        return set(out, WEIR_ARROW_DAY_MS, WEIR_INTERVAL, 8);
    } else if (strcmp(f, "tin") == 0) {
        return set(out, WEIR_ARROW_NANO, WEIR_INTERVAL, 16);
    } else {
        return unknown(s, err);
    }
    *out = to;
    return WEIR_OK;
}

/* w:bytes */
static weir_status bytes_format(const struct ArrowSchema *s, weir_arrow_format *out,
                                weir_error *err) {
    uint64_t v = 0;
    const char *p = s->format + 2;
    if (!*p) return unknown(s, err);
    for (; *p; p++) {
        if (*p < '0' || *p > '9') return unknown(s, err);
        v = v * 10 + (uint64_t)(*p - '0');
        if (v > INT32_MAX) return unknown(s, err);
    }
    /* Many producers do not write the extension; 16 bytes with another one are something else. */
    if (v == 16 && (has_extension(s, "") || has_extension(s, "arrow.uuid")))
        return set(out, WEIR_ARROW_FIXED, WEIR_UUID, 16);
    return set(out, WEIR_ARROW_BYTES, WEIR_BINARY, (uint32_t)v);
}

static weir_status nested_format(const struct ArrowSchema *s, weir_arrow_format *out,
                                 weir_error *err) {
    const char *f = s->format;
    weir_status status = WEIR_OK;
    if (strcmp(f, "+l") == 0)
        status = set(out, WEIR_ARROW_LIST, WEIR_LIST, 4);
    else if (strcmp(f, "+L") == 0)
        status = set(out, WEIR_ARROW_LIST, WEIR_LIST, 8);
    else if (strcmp(f, "+s") == 0)
        status = set(out, WEIR_ARROW_STRUCT, WEIR_STRUCT, 0);
    else if (strcmp(f, "+m") == 0)
        status = set(out, WEIR_ARROW_MAP, WEIR_MAP, 4);
    else
        return unknown(s, err);
    out->type = NULL;
    return status;
}

weir_status weir_arrow_format_parse(const struct ArrowSchema *s, weir_arrow_format *out,
                                    weir_error *err) {
    static const struct {
        char letter;
        weir_arrow_layout layout;
        weir_type_id id;
        uint32_t width;
    } simple[] = {
        {'n', WEIR_ARROW_NULL, WEIR_NULL, 0},     {'b', WEIR_ARROW_BITS, WEIR_BOOL, 0},
        {'c', WEIR_ARROW_FIXED, WEIR_INT8, 1},    {'C', WEIR_ARROW_FIXED, WEIR_UINT8, 1},
        {'s', WEIR_ARROW_FIXED, WEIR_INT16, 2},   {'S', WEIR_ARROW_FIXED, WEIR_UINT16, 2},
        {'i', WEIR_ARROW_FIXED, WEIR_INT32, 4},   {'I', WEIR_ARROW_FIXED, WEIR_UINT32, 4},
        {'l', WEIR_ARROW_FIXED, WEIR_INT64, 8},   {'L', WEIR_ARROW_FIXED, WEIR_UINT64, 8},
        {'f', WEIR_ARROW_FIXED, WEIR_FLOAT32, 4}, {'g', WEIR_ARROW_FIXED, WEIR_FLOAT64, 8},
        {'u', WEIR_ARROW_TEXT, WEIR_STRING, 4},   {'U', WEIR_ARROW_TEXT, WEIR_STRING, 8},
        {'z', WEIR_ARROW_TEXT, WEIR_BINARY, 4},   {'Z', WEIR_ARROW_TEXT, WEIR_BINARY, 8},
    };
    if (!s->release) return weir_error_set(err, WEIR_USAGE, "the Arrow schema was released");
    if (!s->format) return weir_error_set(err, WEIR_DATA, "an Arrow schema has no format");
    const char *f = s->format;
    if (f[0] && !f[1]) {
        for (size_t i = 0; i < sizeof simple / sizeof *simple; i++) {
            if (simple[i].letter != f[0]) continue;
            bool json = simple[i].id == WEIR_STRING && has_extension(s, "arrow.json");
            return set(out, simple[i].layout, json ? WEIR_JSON : simple[i].id, simple[i].width);
        }
        return unknown(s, err);
    }
    if (strcmp(f, "vu") == 0)
        return set(out, WEIR_ARROW_VIEWS, has_extension(s, "arrow.json") ? WEIR_JSON : WEIR_STRING,
                   16);
    if (strcmp(f, "vz") == 0) return set(out, WEIR_ARROW_VIEWS, WEIR_BINARY, 16);
    if (f[0] == 'd' && f[1] == ':') return decimal_format(s, out, err);
    if (f[0] == 'w' && f[1] == ':') return bytes_format(s, out, err);
    if (f[0] == 't') return time_format(s, out, err);
    if (f[0] == '+') return nested_format(s, out, err);
    return unknown(s, err);
}

/* ---- schemas ------------------------------------------------------------------------------- */

static weir_status type_of(const struct ArrowSchema *s, uint32_t depth, const weir_type **out,
                           weir_error *err);

static weir_status check_children(const struct ArrowSchema *s, int64_t want, weir_error *err) {
    if (s->n_children < 0 || s->n_children > WEIR_TYPE_MAX_FIELDS ||
        (want >= 0 && s->n_children != want) || (s->n_children && !s->children))
        return weir_error_set(err, WEIR_DATA, "an Arrow schema \"%.60s\" has %lld children",
                              s->format, (long long)s->n_children);
    for (int64_t i = 0; i < s->n_children; i++)
        if (!s->children[i])
            return weir_error_set(err, WEIR_DATA, "child %lld of an Arrow schema is missing",
                                  (long long)i);
    return WEIR_OK;
}

static weir_status name_of(const struct ArrowSchema *s, const char **out, weir_error *err) {
    const char *name = s->name ? s->name : "";
    size_t n = strnlen(name, NAME_MAX_BYTES + 1);
    if (n > NAME_MAX_BYTES || !weir_utf8_valid(name, n))
        return weir_error_set(err, WEIR_DATA,
                              "the name of an Arrow column is not UTF-8 text of "
                              "less than 64 KiB");
    *out = name;
    return WEIR_OK;
}

/* The fields of all children; freed by the caller. */
static weir_status fields_of(const struct ArrowSchema *s, uint32_t depth, weir_field **out,
                             weir_error *err) {
    weir_field *fields = weir_alloc_zero((size_t)s->n_children + 1, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    for (int64_t i = 0; status == WEIR_OK && i < s->n_children; i++) {
        status = name_of(s->children[i], &fields[i].name, err);
        if (status == WEIR_OK) status = type_of(s->children[i], depth, &fields[i].type, err);
        if (status != WEIR_OK)
            weir_error_context(err, "importing column %s", fields[i].name ? fields[i].name : "?");
        fields[i].not_null = !(s->children[i]->flags & ARROW_FLAG_NULLABLE);
    }
    if (status != WEIR_OK)
        weir_free(fields);
    else
        *out = fields;
    return status;
}

static weir_status map_type(const struct ArrowSchema *s, uint32_t depth, const weir_type **out,
                            weir_error *err) {
    const weir_type *key = NULL, *value = NULL;
    weir_status status;
    WEIR_TRY(check_children(s, 1, err));
    const struct ArrowSchema *entries = s->children[0];
    if (!entries->release || !entries->format || strcmp(entries->format, "+s") != 0)
        return weir_error_set(err, WEIR_DATA, "an Arrow map has no struct of entries");
    WEIR_TRY(check_children(entries, 2, err));
    WEIR_TRY(type_of(entries->children[0], depth, &key, err));
    WEIR_TRY(type_of(entries->children[1], depth, &value, err));
    status = weir_type_map(key, value, out, err);
out:
    return status;
}

static weir_status nested_type(const struct ArrowSchema *s, weir_arrow_layout layout,
                               uint32_t depth, const weir_type **out, weir_error *err) {
    if (layout == WEIR_ARROW_MAP) return map_type(s, depth, out, err);
    weir_status status = check_children(s, layout == WEIR_ARROW_LIST ? 1 : -1, err);
    if (status != WEIR_OK) return status;
    if (layout == WEIR_ARROW_LIST) {
        const weir_type *item = NULL;
        status = type_of(s->children[0], depth, &item, err);
        return status == WEIR_OK ? weir_type_list(item, out, err) : status;
    }
    weir_field *fields = NULL;
    status = fields_of(s, depth, &fields, err);
    if (status == WEIR_OK) status = weir_type_struct(fields, (uint32_t)s->n_children, out, err);
    weir_free(fields);
    return status;
}

static weir_status type_of(const struct ArrowSchema *s, uint32_t depth, const weir_type **out,
                           weir_error *err) {
    if (depth >= WEIR_TYPE_MAX_DEPTH)
        return weir_error_set(err, WEIR_DATA, "an Arrow schema is nested more than %d levels deep",
                              WEIR_TYPE_MAX_DEPTH);
    weir_arrow_format f;
    weir_status status = weir_arrow_format_parse(s, &f, err);
    if (status != WEIR_OK) return status;
    if (s->dictionary) {
        if (f.layout != WEIR_ARROW_FIXED || !weir_type_is_integer(f.type))
            return weir_error_set(err, WEIR_DATA,
                                  "the indices of an Arrow dictionary are \"%.60s\", no integers",
                                  s->format);
        return type_of(s->dictionary, depth + 1, out, err);
    }
    if (!f.type) return nested_type(s, f.layout, depth + 1, out, err);
    status = check_children(s, 0, err);
    if (status == WEIR_OK) *out = f.type;
    return status;
}

static weir_status check_top(const struct ArrowSchema *in, weir_error *err) {
    if (!in->release) return weir_error_set(err, WEIR_USAGE, "the Arrow schema was released");
    if (!in->format || strcmp(in->format, "+s") != 0 || in->dictionary)
        return weir_error_set(err, WEIR_DATA, "an Arrow schema is no struct (+s) of columns");
    return check_children(in, -1, err);
}

weir_status weir_arrow_import_schema(const struct ArrowSchema *in, weir_schema **out,
                                     weir_error *err) {
    weir_field *fields = NULL;
    weir_status status;
    WEIR_TRY(check_top(in, err));
    WEIR_TRY(fields_of(in, 1, &fields, err));
    status = weir_schema_new(fields, (uint32_t)in->n_children, out, err);
out:
    weir_free(fields);
    return status;
}

/* ---- arrays -------------------------------------------------------------------------------- */

struct weir_arrow_rows {
    const struct ArrowSchema *schema;
    weir_schema *fields;
    const uint32_t *columns;
    uint64_t next, length;
    weir_arrow_job job; /* with the array and its dictionaries */
};

void weir_arrow_holder_release(void *holder) {
    weir_arrow_holder *h = holder;
    if (!h || atomic_fetch_sub_explicit(&h->refs, 1, memory_order_acq_rel) != 1) return;
    weir_arrow_release_array(&h->array);
    weir_free(h);
}

static uint32_t child_of(const weir_arrow_rows *r, uint32_t field) {
    return r->columns ? r->columns[field] : field;
}

static weir_status check_fields(const weir_arrow_rows *r, weir_error *err) {
    if (!r->columns && r->fields->n_fields != (uint64_t)r->schema->n_children)
        return weir_error_set(err, WEIR_INTERNAL, "%u fields for %lld Arrow columns",
                              r->fields->n_fields, (long long)r->schema->n_children);
    for (uint32_t i = 0; i < r->fields->n_fields; i++) {
        const weir_type *type = NULL;
        uint32_t child = child_of(r, i);
        if (child >= (uint64_t)r->schema->n_children)
            return weir_error_set(err, WEIR_INTERNAL, "Arrow column %u of %lld", child,
                                  (long long)r->schema->n_children);
        weir_status status = type_of(r->schema->children[child], 1, &type, err);
        if (status != WEIR_OK) return status;
        if (type != r->fields->fields[i].type)
            return weir_error_set(err, WEIR_INTERNAL, "Arrow column %u is %s, not %s", child,
                                  type->name, r->fields->fields[i].type->name);
    }
    return WEIR_OK;
}

/* The rows of a record batch are all there: no nulls at the top. */
static weir_status check_array(const struct ArrowSchema *s, const struct ArrowArray *a,
                               weir_error *err) {
    if (!a->release) return weir_error_set(err, WEIR_USAGE, "the Arrow array was released");
    weir_status status = weir_arrow_check(a, 1, s->n_children, 0, 0, err);
    if (status != WEIR_OK || !a->buffers[0] || a->null_count == 0) return status;
    for (int64_t i = 0; i < a->length; i++)
        if (!weir_arrow_bit(a->buffers[0], (uint64_t)(a->offset + i)))
            return weir_error_set(err, WEIR_DATA, "row %lld of an Arrow batch is null as a whole",
                                  (long long)i);
    return WEIR_OK;
}

weir_status weir_arrow_rows_new(const struct ArrowSchema *schema, struct ArrowArray *array,
                                weir_schema *fields, const uint32_t *columns, weir_arrow_rows **out,
                                weir_error *err) {
    weir_arrow_holder *h = NULL;
    weir_arrow_rows *r = NULL;
    weir_status status;
    WEIR_TRY(check_top(schema, err));
    WEIR_TRY(check_array(schema, array, err));
    r = weir_alloc_zero(1, sizeof *r);
    h = weir_alloc_zero(1, sizeof *h);
    if (!r || !h) {
        status = weir_error_nomem(err);
        goto out;
    }
    r->schema = schema;
    r->fields = weir_schema_retain(fields);
    r->columns = columns;
    r->length = (uint64_t)array->length;
    WEIR_TRY(check_fields(r, err));
    atomic_init(&h->refs, 1);
    h->array = *array; /* moved */
    array->release = NULL;
    r->job.holder = h;
    *out = r;
    return WEIR_OK;
out:
    weir_free(h);
    weir_arrow_rows_free(r);
    return status;
}

void weir_arrow_rows_free(weir_arrow_rows *r) {
    if (!r) return;
    for (size_t i = 0; i < r->job.n_dictionaries; i++) {
        weir_column_release(r->job.dictionaries[i].values);
        weir_free(r->job.dictionaries[i].nulls);
        weir_free(r->job.dictionaries[i].unusable);
    }
    weir_free(r->job.dictionaries);
    weir_arrow_holder_release(r->job.holder);
    weir_schema_release(r->fields);
    weir_free(r);
}

static weir_status finish_column(weir_arrow_job *job, const weir_field *f, weir_column *c,
                                 const weir_arrow_frame *root, weir_error *err) {
    weir_ledger *ledger = weir_ctx_ledger(job->ctx);
    for (uint32_t i = 0; f->not_null && i < c->length; i++) {
        if (!weir_column_is_null(c, i)) continue;
        weir_status status = weir_arrow_blame(job, root, i, "not null", "the value is null", err);
        if (status != WEIR_OK) return status;
    }
    for (uint32_t i = 0; job->bad && i < c->length; i++) {
        if (!weir_bit_get(job->bad, i)) continue;
        /* a column of bare nulls has no bitmap to mark, and its failure stands beside it */
        if (c->type->id == WEIR_NULL) continue;
        weir_status status = weir_column_set_null(c, i, true, ledger, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status import_field(weir_arrow_rows *r, uint32_t i, uint32_t n, weir_batch *b,
                                weir_error *err) {
    weir_arrow_job *job = &r->job;
    const struct ArrowArray *top = &job->holder->array;
    const weir_field *f = &r->fields->fields[i];
    uint32_t child = child_of(r, i);
    weir_arrow_frame root = {.n = n};
    job->field = f->name;
    weir_status status = WEIR_OK;
    if (!top->children[child])
        status = weir_error_set(err, WEIR_DATA, "the Arrow array is missing");
    if (status == WEIR_OK)
        status = weir_arrow_values(job, r->schema->children[child], top->children[child], f->type,
                                   (uint64_t)top->offset + r->next, n, &root, &b->columns[i], err);
    if (status == WEIR_OK) status = finish_column(job, f, b->columns[i], &root, err);
    if (status != WEIR_OK) weir_error_context(err, "importing column %s", f->name);
    weir_free(job->bad);
    job->bad = NULL;
    return status;
}

weir_status weir_arrow_rows_next(weir_arrow_rows *r, weir_ctx *ctx, weir_batch **out,
                                 weir_error *err) {
    uint64_t left = r->length - r->next;
    if (left == 0) {
        *out = NULL;
        return WEIR_OK;
    }
    uint32_t n = left < WEIR_BATCH_MAX_ROWS ? (uint32_t)left : WEIR_BATCH_MAX_ROWS;
    weir_batch *b = NULL;
    weir_status status = weir_batch_new(r->fields, n, &b, err);
    if (status != WEIR_OK) return status;
    r->job.ctx = ctx;
    r->job.batch = b;
    for (uint32_t i = 0; status == WEIR_OK && i < r->fields->n_fields; i++)
        status = import_field(r, i, n, b, err);
    if (status != WEIR_OK) {
        weir_batch_free(b);
        return status;
    }
    r->next += n;
    *out = b;
    return WEIR_OK;
}

weir_status weir_arrow_import_batch(const struct ArrowSchema *schema, struct ArrowArray *array,
                                    weir_ctx *ctx, weir_batch **out, weir_error *err) {
    weir_schema *fields = NULL;
    weir_arrow_rows *rows = NULL;
    weir_status status;
    if (array->length > (int64_t)WEIR_BATCH_MAX_ROWS)
        return weir_error_set(err, WEIR_USAGE, "an Arrow array of %lld rows is more than a batch",
                              (long long)array->length);
    WEIR_TRY(weir_arrow_import_schema(schema, &fields, err));
    WEIR_TRY(weir_arrow_rows_new(schema, array, fields, NULL, &rows, err));
    if (rows->length)
        status = weir_arrow_rows_next(rows, ctx, out, err);
    else
        status = weir_batch_new(fields, 0, out, err);
    for (uint32_t i = 0; status == WEIR_OK && rows->length == 0 && i < fields->n_fields; i++)
        status = weir_column_constant(fields->fields[i].type, 0, NULL, 0, NULL, &(*out)->columns[i],
                                      err);
out:
    weir_arrow_rows_free(rows);
    weir_schema_release(fields);
    return status;
}
