/* Encoding on the workers: rows to bytes, one part for each partition of the batch. */
#include <stdlib.h>

#include "connect/file/sink.h"
#include "text/hash.h"
#include "text/utf8.h"

/* ---- names of partitions ------------------------------------------------------------------- */

static bool has_placeholder(const char *path, const char *column) {
    size_t n = strlen(column);
    for (const char *p = path; (p = strchr(p, '{')); p++)
        if (strncmp(p + 1, column, n) == 0 && p[n + 1] == '}') return true;
    return false;
}

/* The value of one partition column as a path component; Hive's word for null. */
static bool partition_value(const weir_column *c, uint32_t row, weir_buf *scratch, weir_buf *out) {
    if (weir_column_is_null(c, row)) return weir_buf_adds(out, "__HIVE_DEFAULT_PARTITION__");
    scratch->size = 0;
    return weir_column_text(c, row, scratch) &&
           weir_file_escape_component((weir_slice){scratch->data, scratch->size}, out);
}

/* The final path of a row's partition: {column}s filled in, others as column=value folders in front
 * of the file name.  Components are escaped, so data cannot lead out of the folder. */
static bool partition_path(const sink *s, const weir_batch *b, uint32_t row, weir_buf *scratch,
                           weir_buf *out) {
    const char *slash = strrchr(s->path, '/');
    const char *name = slash ? slash + 1 : s->path;
    bool ok = true;
    for (const char *p = s->path; ok; p++) {
        if (p == name)
            for (uint32_t i = 0; ok && i < s->n_partition; i++) {
                const char *column = s->schema->fields[s->partition[i]].name;
                if (has_placeholder(s->path, column)) continue;
                ok = weir_file_escape_component(weir_slice_of(column), out) &&
                     weir_buf_adds(out, "=") &&
                     partition_value(b->columns[s->partition[i]], row, scratch, out) &&
                     weir_buf_adds(out, "/");
            }
        if (!*p) break;
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        int field = end ? weir_schema_find(s->schema, p + 1, (size_t)(end - p - 1)) : -1;
        if (field < 0) {
            ok = ok && weir_buf_add(out, p, 1);
            continue;
        }
        ok = ok && partition_value(b->columns[field], row, scratch, out);
        p = end;
    }
    return ok;
}

/* ---- encoding on workers ------------------------------------------------------------------- */

typedef struct encoder {
    sink *s;
    weir_encoder *inner;
    weir_charset_writer *charset; /* NULL = UTF-8 */
} encoder;

void weir_file_sink_piece_free(void *object) {
    piece *p = object;
    if (!p) return;
    for (size_t i = 0; i < p->n; i++) {
        weir_free(p->parts[i].path);
        weir_block_release(p->parts[i].bytes);
        weir_buf_clear(&p->parts[i].meta);
    }
    weir_free(p->parts);
    weir_free(p);
}

void weir_file_sink_encoder_free(void *object) {
    encoder *e = object;
    if (!e) return;
    if (e->inner) e->s->request.format->write->encoder_free(e->inner);
    weir_charset_writer_free(e->charset);
    weir_free(e);
}

weir_status weir_file_sink_encoder_new(void *object, weir_ctx *ctx, void **out, weir_error *err) {
    sink *s = object;
    encoder *e = weir_alloc_zero(1, sizeof *e);
    if (!e) return weir_error_nomem(err);
    e->s = s;
    weir_status status = weir_file_sink_charset(s, &e->charset, err);
    if (status == WEIR_OK)
        status = s->request.format->write->encoder_new(s->request.format_config, s->schema, ctx,
                                                       &e->inner, err);
    if (status != WEIR_OK) {
        weir_file_sink_encoder_free(e);
        return status;
    }
    *out = e;
    return WEIR_OK;
}

/* Compresses a block in place of itself. */
static weir_status compress(const sink *s, weir_ctx *ctx, weir_block **block, weir_error *err) {
    weir_buf packed = {0};
    weir_block *b = NULL;
    weir_status status;
    WEIR_TRY(weir_compress_block(s->codec, (int)s->config->level, (*block)->data, (*block)->size,
                                 &packed, err));
    WEIR_TRY(weir_block_new(ctx->ledger, packed.size, &b, err));
    memcpy(b->data, packed.data, packed.size);
    b->size = packed.size;
    weir_block_release(*block);
    *block = b;
out:
    weir_buf_clear(&packed);
    return status;
}

/* ---- encodings ----------------------------------------------------------------------------- */

/* A block in the sink's encoding in place of itself; *fits false (and the block as it was) when a
 * character of it is not in the encoding. */
static weir_status convert(encoder *e, weir_ctx *ctx, weir_block **block, bool *fits,
                           weir_error *err) {
    weir_buf text = {0};
    weir_block *b = NULL;
    size_t n = (*block)->size, bad;
    weir_status status;
    WEIR_TRY(
        weir_charset_writer_put(e->charset, (const char *)(*block)->data, n, &text, &bad, err));
    *fits = bad == n;
    if (!*fits) goto out;
    WEIR_TRY(weir_block_new(ctx->ledger, text.size, &b, err));
    if (text.size) memcpy(b->data, text.data, text.size);
    b->size = text.size;
    weir_block_release(*block);
    *block = b;
out:
    weir_buf_clear(&text);
    return status;
}

/* Fails the row for the first of its fields that has a character which is not in the encoding;
 * *found false: none has. */
static weir_status fail_row(encoder *e, weir_batch *batch, uint32_t row, bool *found,
                            weir_error *err) {
    weir_buf text = {0};
    weir_failures *f = NULL;
    weir_status status = WEIR_OK;
    *found = false;
    for (uint32_t i = 0; i < e->s->schema->n_fields && !*found; i++) {
        const weir_column *c = batch->columns[i];
        size_t bad;
        text.size = 0;
        if (weir_column_is_null(c, row)) continue;
        if (!weir_column_text(c, row, &text)) WEIR_TRY(weir_error_nomem(err));
        WEIR_TRY(weir_charset_writer_check(e->charset, text.data, text.size, &bad, err));
        if (bad == text.size) continue;
        uint32_t code = 0;
        size_t size = weir_utf8_decode(text.data + bad, text.size - bad, &code);
        *found = true;
        WEIR_TRY(weir_batch_failures(batch, &f, err));
        WEIR_TRY(weir_failures_add(f, row, "load", e->s->schema->fields[i].name, "encoding", err,
                                   "%.*s (U+%04X) is not in %s", (int)size, text.data + bad,
                                   (unsigned)code, weir_charset_writer_name(e->charset)));
    }
out:
    weir_buf_clear(&text);
    return status;
}

/* Something in the block of a batch is not in the encoding: each row is tried alone. */
static weir_status fail_rows(encoder *e, weir_ctx *ctx, weir_batch *batch, weir_error *err) {
    const weir_write_ops *ops = e->s->request.format->write;
    uint16_t *own = batch->selection, one;
    uint32_t n = batch->n_selected;
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < n; i++) {
        weir_block *block = NULL;
        weir_buf meta = {0};
        bool fits = true, found = true;
        batch->selection = own;
        batch->n_selected = n;
        one = (uint16_t)weir_batch_row(batch, i);
        batch->selection = &one;
        batch->n_selected = 1;
        status = ops->encode(e->inner, ctx, batch, &block, &meta, err);
        if (status == WEIR_OK && block) status = convert(e, ctx, &block, &fits, err);
        if (status == WEIR_OK && !fits) status = fail_row(e, batch, one, &found, err);
        if (status == WEIR_OK && !found) {
            status = weir_error_set(err, WEIR_USAGE, "what stands between the values is not in %s",
                                    weir_charset_writer_name(e->charset));
            weir_error_hint(err, "look at the options of the format: template, null, delimiter");
        }
        weir_block_release(block);
        weir_buf_clear(&meta);
    }
    batch->selection = own;
    batch->n_selected = n;
    return status;
}

/* The rows of a batch as bytes in the sink's encoding. */
static weir_status encode_rows(encoder *e, weir_ctx *ctx, weir_batch *batch, part *x,
                               weir_error *err) {
    const weir_write_ops *ops = e->s->request.format->write;
    bool fits = true;
    weir_status status = ops->encode(e->inner, ctx, batch, &x->bytes, &x->meta, err);
    if (status != WEIR_OK || !x->bytes || !e->charset) return status;
    status = convert(e, ctx, &x->bytes, &fits, err);
    if (status != WEIR_OK || fits) return status;
    weir_block_release(x->bytes);
    x->bytes = NULL;
    x->meta.size = 0;
    status = fail_rows(e, ctx, batch, err);
    if (status == WEIR_OK) status = ops->encode(e->inner, ctx, batch, &x->bytes, &x->meta, err);
    return status == WEIR_OK && x->bytes ? convert(e, ctx, &x->bytes, &fits, err) : status;
}

/* Encodes the alive rows of batch as one part of p; path is taken over. */
static weir_status add_part(encoder *e, weir_ctx *ctx, weir_batch *batch, char *path, piece *p,
                            size_t *bytes, weir_error *err) {
    weir_status status =
        weir_grow((void **)&p->parts, &p->capacity, p->n + 1, sizeof *p->parts, 1u << 20, err);
    if (status != WEIR_OK) {
        weir_free(path);
        return status;
    }
    part *x = &p->parts[p->n];
    *x = (part){.path = path};
    p->n++; /* from here piece_free takes care of it */
    status = encode_rows(e, ctx, batch, x, err);
    if (status == WEIR_OK && x->bytes && e->s->codec != WEIR_CODEC_NONE)
        status = compress(e->s, ctx, &x->bytes, err);
    if (status == WEIR_OK && x->bytes) *bytes += x->bytes->size;
    return status;
}

/* add_part in pieces that are small beside file_size, so that a file can be ended close to it: a
 * whole batch may be larger than a file should be. */
#define PIECES_A_FILE 16
static weir_status add_rows(encoder *e, weir_ctx *ctx, weir_batch *batch, char *path, piece *p,
                            size_t *bytes, weir_error *err) {
    uint64_t limit = e->s->config->file_size / PIECES_A_FILE;
    size_t before = *bytes, first = p->n;
    weir_status status = add_part(e, ctx, batch, path, p, bytes, err);
    size_t size = *bytes - before;
    uint32_t n = batch->n_selected;
    if (status != WEIR_OK || !e->s->config->file_size || size <= limit || n <= 1) return status;
    uint32_t each = (uint32_t)((double)n * (double)limit / (double)size);
    each = each < 1 ? 1 : each > n / 2 ? n / 2 : each;
    part whole = p->parts[first];
    p->n = first;
    *bytes = before;
    weir_block_release(whole.bytes);
    weir_buf_clear(&whole.meta);
    uint16_t *own = batch->selection;
    uint16_t *rows = weir_alloc_zero(n, sizeof *rows);
    if (!rows) status = weir_error_nomem(err);
    for (uint32_t i = 0; status == WEIR_OK && i < n; i++)
        rows[i] = (uint16_t)weir_batch_row(batch, i);
    for (uint32_t i = 0; status == WEIR_OK && i < n; i += each) {
        char *copy = whole.path ? weir_strdup(whole.path) : NULL;
        batch->selection = rows + i;
        batch->n_selected = n - i < each ? n - i : each;
        status = whole.path && !copy ? weir_error_nomem(err)
                                     : add_rows(e, ctx, batch, copy, p, bytes, err);
    }
    batch->selection = own;
    batch->n_selected = n;
    weir_free(rows);
    weir_free(whole.path);
    return status;
}

/* Orders rows by the hash of their partition values, so that rows of one partition stand together.
 */
typedef struct keyed {
    uint64_t hash;
    uint32_t row;
} keyed;
static int by_hash(const void *a, const void *b) {
    const keyed *x = a, *y = b;
    if (x->hash != y->hash) return x->hash < y->hash ? -1 : 1;
    return x->row < y->row ? -1 : x->row > y->row;
}

static weir_status keyed_rows(const sink *s, weir_ctx *ctx, const weir_batch *b, keyed **out,
                              weir_error *err) {
    keyed *rows = weir_arena_alloc(ctx->scratch, (b->n_selected + 1u) * sizeof *rows);
    weir_buf text = {0}, key = {0};
    weir_status status = rows ? WEIR_OK : weir_error_nomem(err);
    for (uint32_t k = 0; status == WEIR_OK && k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        key.size = 0;
        bool ok = true;
        for (uint32_t i = 0; ok && i < s->n_partition; i++)
            ok = partition_value(b->columns[s->partition[i]], row, &text, &key) &&
                 weir_buf_adds(&key, "/");
        if (!ok)
            status = weir_error_nomem(err);
        else
            rows[k] = (keyed){weir_hash_bytes(key.data, key.size, 0), row};
    }
    weir_buf_clear(&text);
    weir_buf_clear(&key);
    if (status == WEIR_OK) qsort(rows, b->n_selected, sizeof *rows, by_hash);
    *out = rows;
    return status;
}

static weir_status encode_partitions(encoder *e, weir_ctx *ctx, weir_batch *b, piece *p,
                                     size_t *bytes, weir_error *err) {
    const sink *s = e->s;
    keyed *rows;
    weir_status status = keyed_rows(s, ctx, b, &rows, err);
    if (status != WEIR_OK) return status;
    uint16_t *own = b->selection;
    uint32_t n = b->n_selected;
    uint16_t *group = weir_arena_alloc(ctx->scratch, (n + 1u) * sizeof *group);
    if (!group) return weir_error_nomem(err);
    weir_buf scratch = {0}, path = {0};
    for (uint32_t i = 0; status == WEIR_OK && i < n;) {
        uint32_t m = 0, j = i;
        for (; j < n && rows[j].hash == rows[i].hash; j++) group[m++] = (uint16_t)rows[j].row;
        path.size = 0;
        char *text = NULL;
        if (!partition_path(s, b, rows[i].row, &scratch, &path) ||
            !(text = weir_strndup(path.data, path.size))) {
            status = weir_error_nomem(err);
            break;
        }
        b->selection = group;
        b->n_selected = m;
        status = add_rows(e, ctx, b, text, p, bytes, err);
        i = j;
    }
    b->selection = own;
    b->n_selected = n;
    weir_buf_clear(&scratch);
    weir_buf_clear(&path);
    return status;
}

weir_status weir_file_sink_encode(void *object, weir_ctx *ctx, weir_batch *batch, weir_piece *out,
                                  weir_error *err) {
    encoder *e = object;
    piece *p = weir_alloc_zero(1, sizeof *p);
    if (!p) return weir_error_nomem(err);
    size_t bytes = 0;
    weir_status status = e->s->n_partition ? encode_partitions(e, ctx, batch, p, &bytes, err)
                                           : add_rows(e, ctx, batch, NULL, p, &bytes, err);
    if (status != WEIR_OK) {
        weir_file_sink_piece_free(p);
        return status;
    }
    out->encoded = p;
    out->bytes = bytes;
    return WEIR_OK;
}
