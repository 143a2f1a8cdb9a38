/* Batches -> lines: one column, or a template with several. */
#include "format/text.h"

/* A piece of a line: plain text, then a column (or none). */
typedef struct segment {
    const char *text;
    size_t size;
    uint32_t column; /* UINT32_MAX = none */
} segment;

struct weir_encoder {
    weir_schema *schema;
    weir_arena arena;
    segment *segments;
    size_t n, capacity;
    weir_buf line;
};

static void encoder_free(weir_encoder *e) {
    if (!e) return;
    weir_schema_release(e->schema);
    weir_arena_clear(&e->arena);
    weir_buf_clear(&e->line);
    weir_free(e->segments);
    weir_free(e);
}

static weir_status add_segment(weir_encoder *e, const char *text, size_t size, uint32_t column,
                               weir_error *err) {
    weir_status status =
        weir_grow((void **)&e->segments, &e->capacity, e->n + 1, sizeof *e->segments, 100000, err);
    if (status == WEIR_OK) e->segments[e->n++] = (segment){text, size, column};
    return status;
}

static weir_status column_of(const weir_encoder *e, const char *name, size_t size, uint32_t *out,
                             weir_error *err) {
    int found = weir_schema_find(e->schema, name, size);
    if (found >= 0) {
        *out = (uint32_t)found;
        return WEIR_OK;
    }
    weir_error_set(err, WEIR_USAGE, "template: there is no column '%.*s'",
                   (int)(size < 60 ? size : 60), name);
    weir_error_hint(err, "write {{ for a brace that is none");
    return WEIR_USAGE;
}

/* "{a} and {{b}}" -> segments. */
static weir_status parse_template(weir_encoder *e, const char *p, weir_error *err) {
    weir_status status = WEIR_OK;
    if (strpbrk(p, "\r\n"))
        return weir_error_set(err, WEIR_USAGE, "template: a line end stands in it");
    while (*p) {
        size_t n = strcspn(p, "{}");
        if (p[n] && p[n] == p[n + 1]) { /* a doubled brace, with the text before it */
            WEIR_TRY(add_segment(e, p, n + 1, UINT32_MAX, err));
            p += n + 2;
        } else if (p[n] == '{') {
            const char *name = p + n + 1, *close = strchr(name, '}');
            uint32_t column = 0;
            if (!close) return weir_error_set(err, WEIR_USAGE, "template: { is not closed by }");
            WEIR_TRY(column_of(e, name, (size_t)(close - name), &column, err));
            WEIR_TRY(add_segment(e, p, n, column, err));
            p = close + 1;
        } else if (p[n] == '}') {
            return weir_error_set(err, WEIR_USAGE, "template: } stands without {; write }}");
        } else {
            WEIR_TRY(add_segment(e, p, n, UINT32_MAX, err));
            p += n;
        }
    }
out:
    return status;
}

static weir_status encoder_new(const void *config, weir_schema *schema, weir_ctx *ctx,
                               weir_encoder **out, weir_error *err) {
    const weir_text_write_config *c = config;
    weir_status status = WEIR_OK;
    (void)ctx;
    weir_encoder *e = weir_alloc_zero(1, sizeof *e);
    if (!e) return weir_error_nomem(err);
    e->schema = weir_schema_retain(schema);
    if (c->template) {
        const char *text = weir_arena_strdup(&e->arena, c->template);
        if (!text) WEIR_TRY(weir_error_nomem(err));
        WEIR_TRY(parse_template(e, text, err));
    } else if (schema->n_fields == 1) {
        WEIR_TRY(add_segment(e, "", 0, 0, err));
    } else {
        status = weir_error_set(err, WEIR_USAGE, "text holds one column a line, not %u",
                                schema->n_fields);
        weir_error_hint(err, "give template: \"{%.60s} {%.60s}\", or another format such as csv",
                        schema->n_fields ? schema->fields[0].name : "a",
                        schema->n_fields ? schema->fields[1].name : "b");
        goto out;
    }
    *out = e;
    e = NULL;
out:
    encoder_free(e);
    return status;
}

/* One row into e->line; *bad: the column whose value holds a line end. */
static weir_status make_line(weir_encoder *e, const weir_batch *batch, uint32_t row, uint32_t *bad,
                             weir_error *err) {
    e->line.size = 0;
    *bad = UINT32_MAX;
    for (size_t i = 0; i < e->n; i++) {
        const segment *s = &e->segments[i];
        if (!weir_buf_add(&e->line, s->text, s->size)) return weir_error_nomem(err);
        if (s->column == UINT32_MAX) continue;
        size_t at = e->line.size;
        const weir_column *column = batch->columns[s->column];
        if (!weir_column_is_null(column, row) && !weir_column_text(column, row, &e->line))
            return weir_error_nomem(err);
        size_t n = e->line.size - at;
        if (n && (memchr(e->line.data + at, '\n', n) || memchr(e->line.data + at, '\r', n)))
            *bad = s->column;
    }
    return weir_buf_add(&e->line, "\n", 1) ? WEIR_OK : weir_error_nomem(err);
}

static weir_status fail_row(weir_batch *batch, uint32_t row, const char *name, weir_error *err) {
    weir_failures *f = NULL;
    weir_status status = weir_batch_failures(batch, &f, err);
    if (status != WEIR_OK) return status;
    return weir_failures_put(f, row, "load", name, "line", "holds a line end, which a line cannot",
                             err);
}

static weir_status encode(weir_encoder *e, weir_ctx *ctx, weir_batch *batch, weir_block **out,
                          weir_buf *meta, weir_error *err) {
    weir_buf text = {0};
    weir_status status = WEIR_OK;
    (void)meta;
    *out = NULL;
    for (uint32_t k = 0; k < batch->n_selected; k++) {
        uint32_t row = weir_batch_row(batch, k), bad;
        if (weir_failures_bad(batch->failures, row)) continue;
        WEIR_TRY(make_line(e, batch, row, &bad, err));
        if (bad != UINT32_MAX)
            WEIR_TRY(fail_row(batch, row, e->schema->fields[bad].name, err));
        else if (!weir_buf_add(&text, e->line.data, e->line.size))
            WEIR_TRY(weir_error_nomem(err));
    }
    if (text.size == 0) goto out;
    WEIR_TRY(weir_block_new(ctx->ledger, text.size, out, err));
    memcpy((*out)->data, text.data, text.size);
    (*out)->size = text.size;
out:
    weir_buf_clear(&text);
    return status;
}

static weir_status header(weir_encoder *e, weir_buf *out, weir_error *err) {
    (void)e, (void)out, (void)err;
    return WEIR_OK;
}

static weir_status footer(weir_encoder *e, const weir_slice *metas, const uint64_t *offsets,
                          size_t n, bool empty, weir_buf *out, weir_error *err) {
    (void)e, (void)metas, (void)offsets, (void)n, (void)empty, (void)out, (void)err;
    return WEIR_OK;
}

const weir_write_ops weir_text_write_ops = {
    .encoder_new = encoder_new,
    .header = header,
    .encode = encode,
    .footer = footer,
    .encoder_free = encoder_free,
};
