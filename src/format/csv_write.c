/* The encoder: batches -> RFC 4180 bytes.
 *
 * Tile by tile (some rows, all columns): each column is turned into (pointer, length) pairs, values
 * other than text being formatted into slots; then row by row the pairs are copied behind one
 * another. So there is no call or branch on the type per value, and the size of a tile is known
 * before its first byte is written.
 */
#include "format/csv_cells.h"

#include "column/kernel.h"

struct weir_encoder {
    const weir_csv_write_config *config;
    weir_schema *schema;
    weir_csv_style style;
    weir_csv_cell_column *columns;
    weir_arena arena; /* format programs, slots */
    uint32_t tile_rows;
    const uint8_t **text; /* tile_rows * n_fields */
    uint32_t *size;
    uint32_t *rows; /* of a batch: the physical rows to write */
    size_t rows_capacity;
    double row_bytes; /* average so far, to make blocks of the right size at once */
};

/* ---- life ---------------------------------------------------------------------------------- */

static weir_status encoder_new(const void *config, weir_schema *schema, weir_ctx *ctx,
                               weir_encoder **out, weir_error *err) {
    weir_status status = WEIR_OK;
    (void)ctx;
    weir_encoder *e = weir_alloc_zero(1, sizeof *e);
    if (!e) return weir_error_nomem(err);
    e->config = config;
    e->schema = weir_schema_retain(schema);
    if (schema->n_fields == 0)
        WEIR_TRY(weir_error_set(err, WEIR_USAGE, "csv needs at least one column"));
    WEIR_TRY(weir_csv_style_init(&e->style, config, schema->n_fields, err));
    uint32_t rows = 4096 / schema->n_fields;
    e->tile_rows = rows < 8 ? 8 : rows > 256 ? 256 : rows;
    size_t cells = (size_t)e->tile_rows * schema->n_fields;
    e->text = weir_alloc_zero(cells, sizeof *e->text);
    e->size = weir_alloc_zero(cells, sizeof *e->size);
    e->columns = weir_alloc_zero(schema->n_fields, sizeof *e->columns);
    if (!e->text || !e->size || !e->columns) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < schema->n_fields; i++)
        WEIR_TRY(weir_csv_cell_column_init(&e->columns[i], &schema->fields[i], config, e->tile_rows,
                                           &e->arena, err));
    *out = e;
    e = NULL;
out:
    if (e) weir_csv_write_ops.encoder_free(e);
    return status;
}

static void encoder_free(weir_encoder *e) {
    if (!e) return;
    for (uint32_t i = 0; e->columns && i < e->schema->n_fields; i++)
        weir_csv_cell_column_clear(&e->columns[i]);
    weir_free(e->columns);
    weir_free(e->text);
    weir_free(e->size);
    weir_free(e->rows);
    weir_arena_clear(&e->arena);
    weir_schema_release(e->schema);
    weir_free(e);
}

/* ---- bytes --------------------------------------------------------------------------------- */

/* Copies n bytes with each quote doubled, between quotes. */
static uint8_t *put_quoted(uint8_t *out, const uint8_t *p, size_t n, uint8_t quote) {
    const uint8_t *end = p + n;
    *out++ = quote;
    while (p < end) {
        const uint8_t *stop = memchr(p, quote, (size_t)(end - p));
        size_t part = (size_t)((stop ? stop + 1 : end) - p);
        memcpy(out, p, part);
        out += part;
        p += part;
        if (stop) *out++ = quote;
    }
    *out++ = quote;
    return out;
}

static size_t quotes_in(const uint8_t *p, size_t n, uint8_t quote) {
    const uint8_t *end = p + n;
    size_t count = 0;
    while ((p = memchr(p, quote, (size_t)(end - p))) != NULL) {
        count++;
        p++;
    }
    return count;
}

/* Text that a reader would take for a byte order mark if it stood in front of the file. */
static bool begins_with_mark(const uint8_t *p, size_t n) {
    return n >= 3 && p[0] == 0xEF && p[1] == 0xBB && p[2] == 0xBF;
}

/* Without a header any row may be the first of its file. */
static void quote_marks(weir_encoder *e, uint32_t rows, uint32_t fields) {
    for (size_t i = 0; i < (size_t)rows * fields; i += fields)
        if (begins_with_mark(e->text[i], e->size[i] & WEIR_CSV_SIZE_MASK))
            e->size[i] |= WEIR_CSV_QUOTE_FLAG;
}

/* Bytes that the tile's cells take at most. */
static size_t tile_bytes(const weir_encoder *e, size_t cells, uint32_t rows) {
    size_t total = 0;
    uint32_t flags = 0;
    for (size_t i = 0; i < cells; i++) {
        total += e->size[i] & WEIR_CSV_SIZE_MASK;
        flags |= e->size[i];
    }
    for (size_t i = 0; flags & WEIR_CSV_QUOTE_FLAG && i < cells; i++) {
        if (!(e->size[i] & WEIR_CSV_QUOTE_FLAG)) continue;
        total += 2 + quotes_in(e->text[i], e->size[i] & WEIR_CSV_SIZE_MASK, e->style.quote);
    }
    /* Delimiters and line ends; and what the copying of 16 bytes at a time scribbles behind. */
    return total + cells + (size_t)rows * 2 + 64;
}

/* Writes one row's cells; out has room for them and 32 bytes more. */
static inline uint8_t *put_row(uint8_t *out, const uint8_t *const *text, const uint32_t *size,
                               uint32_t n, const weir_csv_style *style) {
    for (uint32_t c = 0; c < n; c++) {
        const uint8_t *p = text[c];
        uint32_t bytes = size[c];
        if (__builtin_expect(bytes & WEIR_CSV_FLAGS, 0)) {
            uint32_t real = bytes & WEIR_CSV_SIZE_MASK;
            if (bytes & WEIR_CSV_QUOTE_FLAG) {
                out = put_quoted(out, p, real, style->quote);
            } else {
                memcpy(out, p, real);
                out += real;
            }
        } else {
            memcpy(out, p, 16);
            if (bytes > 16) {
                memcpy(out + 16, p + 16, 16);
                if (bytes > 32) memcpy(out + 32, p + 32, bytes - 32);
            }
            out += bytes;
        }
        *out++ = style->delimiter;
    }
    out--; /* the line end instead of the last delimiter */
    memcpy(out, style->newline, 2);
    return out + style->newline_size;
}

/* Makes room for `more` bytes in *block, which may be moved. */
static weir_status need_room(weir_encoder *e, weir_ctx *ctx, weir_block **block, size_t more,
                             size_t rows_left, weir_error *err) {
    weir_block *b = *block, *grown = NULL;
    if (b && b->capacity - b->size >= more) return WEIR_OK;
    size_t used = b ? b->size : 0;
    size_t want = used + more + (size_t)((double)rows_left * e->row_bytes * 1.04);
    if (want < used + used / 4) want = used + used / 4;
    weir_status status = weir_block_new(ctx->ledger, want, &grown, err);
    if (status != WEIR_OK && want > used + more)
        status = weir_block_new(ctx->ledger, used + more, &grown, err);
    if (status != WEIR_OK) return status;
    if (b) memcpy(grown->data, b->data, used);
    grown->size = used;
    weir_block_release(b);
    *block = grown;
    return WEIR_OK;
}

/* ---- batches ------------------------------------------------------------------------------- */

/* The alive rows that have not failed, into e->rows; their number. */
static weir_status collect_rows(weir_encoder *e, const weir_batch *batch, uint32_t *n,
                                weir_error *err) {
    weir_status status = weir_grow((void **)&e->rows, &e->rows_capacity, batch->n_selected + 1,
                                   sizeof *e->rows, WEIR_BATCH_MAX_ROWS + 1, err);
    if (status != WEIR_OK) return status;
    uint32_t k = 0;
    for (uint32_t i = 0; i < batch->n_selected; i++) {
        uint32_t row = weir_batch_row(batch, i);
        e->rows[k] = row;
        k += !weir_failures_bad(batch->failures, row);
    }
    *n = k;
    return WEIR_OK;
}

static weir_status encode(weir_encoder *e, weir_ctx *ctx, weir_batch *batch, weir_block **out,
                          weir_buf *meta, weir_error *err) {
    const uint32_t fields = e->schema->n_fields;
    weir_block *block = NULL;
    weir_status status = WEIR_OK;
    uint32_t n = 0;
    (void)meta;
    *out = NULL;
    WEIR_TRY(collect_rows(e, batch, &n, err));
    for (uint32_t first = 0; first < n;) {
        uint32_t rows = n - first < e->tile_rows ? n - first : e->tile_rows;
        for (uint32_t c = 0; c < fields; c++)
            WEIR_TRY(weir_csv_cells_fill(&e->columns[c], &e->style, batch->columns[c],
                                         e->rows + first, rows, e->text + c, e->size + c, fields,
                                         err));
        if (!e->config->header) quote_marks(e, rows, fields);
        size_t bytes = tile_bytes(e, (size_t)rows * fields, rows);
        if (e->row_bytes == 0) e->row_bytes = (double)bytes / rows;
        WEIR_TRY(need_room(e, ctx, &block, bytes, n - first - rows, err));
        uint8_t *begin = block->data + block->size, *p = begin;
        for (uint32_t r = 0; r < rows; r++)
            p = put_row(p, e->text + (size_t)r * fields, e->size + (size_t)r * fields, fields,
                        &e->style);
        block->size += (size_t)(p - begin);
        first += rows;
    }
    if (n) e->row_bytes = (e->row_bytes + (double)block->size / n) / 2;
    *out = block;
    block = NULL;
out:
    weir_block_release(block);
    return status;
}

/* ---- head and foot -------------------------------------------------------------------------- */

static weir_status header(weir_encoder *e, weir_buf *out, weir_error *err) {
    if (!e->config->header) return WEIR_OK;
    const weir_csv_kernels *kernels = weir_csv_kernels_pick();
    for (uint32_t i = 0; i < e->schema->n_fields; i++) {
        const char *name = e->schema->fields[i].name;
        size_t size = strlen(name);
        if (!weir_buf_reserve(out, size * 2 + 4)) return weir_error_nomem(err);
        uint8_t *p = (uint8_t *)out->data + out->size;
        bool quoted =
            size == 0 || (i == 0 && begins_with_mark((const uint8_t *)name, size)) ||
            kernels->special((const uint8_t *)name, size, e->style.delimiter, e->style.quote);
        if (quoted) {
            p = put_quoted(p, (const uint8_t *)name, size, e->style.quote);
        } else {
            memcpy(p, name, size);
            p += size;
        }
        if (i + 1 < e->schema->n_fields) *p++ = e->style.delimiter;
        out->size = (size_t)(p - (uint8_t *)out->data);
    }
    return weir_buf_add(out, e->style.newline, e->style.newline_size) ? WEIR_OK
                                                                      : weir_error_nomem(err);
}

static weir_status footer(weir_encoder *e, const weir_slice *metas, const uint64_t *offsets,
                          size_t n, bool empty, weir_buf *out, weir_error *err) {
    (void)e, (void)metas, (void)offsets, (void)n, (void)empty, (void)out, (void)err;
    return WEIR_OK;
}

const weir_write_ops weir_csv_write_ops = {
    .encoder_new = encoder_new,
    .header = header,
    .encode = encode,
    .footer = footer,
    .encoder_free = encoder_free,
};
