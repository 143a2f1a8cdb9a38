/* Appending encoded parts to their files: gathered, rotated, made durable by prepare. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connect/file/sink.h"
#include "text/hash.h"
#include "text/json.h"

#define PART_BUFFER_BYTES ((size_t)16 << 10) /* a partition's bytes are gathered up to this */

/* ---- writing ------------------------------------------------------------------------------- */

typedef struct target {
    char *key;  /* path without number */
    char *path; /* final name */
    weir_file_writer *file;
    weir_buf held; /* partitions: bytes not yet handed to the file */
    uint64_t bytes, hash;
    uint32_t number; /* rotation */
    weir_slice *metas;
    uint64_t *offsets;
    size_t n_metas, metas_capacity, offsets_capacity;
    bool closed;
} target;

typedef struct writer {
    sink *s;
    weir_ctx *ctx;
    weir_encoder *inner;   /* for headers and footers */
    weir_stream *standard; /* standard output */
    target **targets;
    size_t n, capacity;
    uint32_t *index; /* open addressing over targets that are not closed: number + 1 */
    size_t index_size;
    size_t held_bytes;
    weir_load_counts counts;
} writer;

static void target_free(target *t) {
    if (!t) return;
    weir_file_writer_free(t->file);
    weir_buf_clear(&t->held);
    for (size_t i = 0; i < t->n_metas; i++) weir_free((void *)(uintptr_t)t->metas[i].data);
    weir_free(t->metas);
    weir_free(t->offsets);
    weir_free(t->key);
    weir_free(t->path);
    weir_free(t);
}

void weir_file_sink_writer_free(void *object) {
    writer *w = object;
    if (!w) return;
    for (size_t i = 0; i < w->n; i++) target_free(w->targets[i]);
    weir_free(w->targets);
    weir_free(w->index);
    if (w->inner) w->s->request.format->write->encoder_free(w->inner);
    weir_stream_close(w->standard);
    weir_free(w);
}

weir_status weir_file_sink_writer_new(void *object, uint32_t number, weir_ctx *ctx, void **out,
                                      weir_error *err) {
    (void)number;
    weir_status status = WEIR_OK;
    writer *w = weir_alloc_zero(1, sizeof *w);
    if (!w) return weir_error_nomem(err);
    w->s = object;
    w->ctx = ctx;
    const weir_write_ops *ops = w->s->request.format->write;
    WEIR_TRY(ops->encoder_new(w->s->request.format_config, w->s->schema, ctx, &w->inner, err));
    if (w->s->to_stdout)
        WEIR_TRY(weir_fd_writer(STDOUT_FILENO, "standard output", &w->standard, err));
    *out = w;
    return WEIR_OK;
out:
    weir_file_sink_writer_free(w);
    return status;
}

static weir_status put(writer *w, target *t, const void *data, size_t size, weir_error *err) {
    t->bytes += size;
    w->counts.bytes += size;
    if (w->standard) return weir_stream_write(w->standard, data, size, err);
    return weir_stream_write(weir_file_writer_stream(t->file), data, size, err);
}

/* Bytes that do not come from workers: headers and footers, compressed like the rest. */
static weir_status put_text(writer *w, target *t, const weir_buf *text, weir_error *err) {
    if (text->size == 0) return WEIR_OK;
    if (w->s->codec == WEIR_CODEC_NONE) return put(w, t, text->data, text->size, err);
    weir_buf packed = {0};
    weir_status status = weir_compress_block(w->s->codec, (int)w->s->config->level, text->data,
                                             text->size, &packed, err);
    if (status == WEIR_OK) status = put(w, t, packed.data, packed.size, err);
    weir_buf_clear(&packed);
    return status;
}

/* "orders.csv" and number 2 -> "orders-00002.csv". */
static char *numbered(const char *path, uint32_t number) {
    const char *slash = strrchr(path, '/');
    const char *dot = strchr(slash ? slash + 1 : path, '.');
    int stem = dot ? (int)(dot - path) : (int)strlen(path);
    weir_buf b = {0};
    bool ok = weir_buf_printf(&b, "%.*s-%05u%s", stem, path, number, dot ? dot : "") &&
              weir_buf_add(&b, "", 1);
    if (ok) return b.data;
    weir_buf_clear(&b);
    return NULL;
}

static weir_status target_new(writer *w, const char *key, uint64_t hash, uint32_t number,
                              target **out, weir_error *err) {
    weir_status status = weir_grow((void **)&w->targets, &w->capacity, w->n + 1, sizeof *w->targets,
                                   WEIR_FILE_PARTITIONS_MAX, err);
    if (status != WEIR_OK) {
        weir_error_hint(err, "partition by fewer or coarser columns");
        return status;
    }
    target *t = weir_alloc_zero(1, sizeof *t);
    if (!t) return weir_error_nomem(err);
    weir_buf header = {0};
    t->hash = hash;
    t->number = number;
    t->key = weir_strdup(key);
    t->path = w->s->config->file_size ? numbered(key, number) : weir_strdup(key);
    status = t->key && t->path ? WEIR_OK : weir_error_nomem(err);
    if (status == WEIR_OK && !w->standard) status = weir_file_sink_check_free(w->s, t->path, err);
    if (status == WEIR_OK && !w->standard)
        status = weir_file_writer_begin(t->path, w->s->token, true, &t->file, err);
    if (status == WEIR_OK) status = w->s->request.format->write->header(w->inner, &header, err);
    if (status == WEIR_OK) status = put_text(w, t, &header, err);
    weir_buf_clear(&header);
    if (status != WEIR_OK) {
        target_free(t);
        return status;
    }
    w->targets[w->n++] = t;
    *out = t;
    return WEIR_OK;
}

static weir_status index_grow(writer *w, weir_error *err) {
    if (w->index_size >= 2 * (w->n + 1)) return WEIR_OK;
    size_t size = w->index_size ? w->index_size * 2 : 64;
    uint32_t *index = weir_alloc_zero(size, sizeof *index);
    if (!index) return weir_error_nomem(err);
    for (size_t i = 0; i < w->n; i++) {
        if (w->targets[i]->closed) continue;
        size_t at = w->targets[i]->hash & (size - 1);
        while (index[at]) at = (at + 1) & (size - 1);
        index[at] = (uint32_t)i + 1;
    }
    weir_free(w->index);
    w->index = index;
    w->index_size = size;
    return WEIR_OK;
}

static weir_status target_find(writer *w, const char *path, target **out, weir_error *err) {
    weir_status status = index_grow(w, err);
    if (status != WEIR_OK) return status;
    uint64_t hash = weir_hash_bytes(path, strlen(path), 0);
    size_t at = hash & (w->index_size - 1);
    for (; w->index[at]; at = (at + 1) & (w->index_size - 1)) {
        target *t = w->targets[w->index[at] - 1];
        if (t->hash == hash && strcmp(t->key, path) == 0) {
            *out = t;
            return WEIR_OK;
        }
    }
    status = target_new(w, path, hash, 0, out, err);
    if (status == WEIR_OK) w->index[at] = (uint32_t)w->n;
    return status;
}

/* ---- metas, holding, rotation -------------------------------------------------------------- */

static weir_status keep_meta(target *t, const weir_buf *meta, weir_error *err) {
    if (meta->size == 0) return WEIR_OK;
    weir_status status;
    char *copy = NULL;
    WEIR_TRY(weir_grow((void **)&t->metas, &t->metas_capacity, t->n_metas + 1, sizeof *t->metas,
                       1u << 20, err));
    WEIR_TRY(weir_grow((void **)&t->offsets, &t->offsets_capacity, t->n_metas + 1,
                       sizeof *t->offsets, 1u << 20, err));
    copy = weir_alloc(meta->size);
    if (!copy) return weir_error_nomem(err);
    memcpy(copy, meta->data, meta->size);
    t->metas[t->n_metas] = (weir_slice){copy, meta->size};
    t->offsets[t->n_metas++] = t->bytes;
out:
    return status;
}

static weir_status flush_held(writer *w, target *t, weir_error *err) {
    if (t->held.size == 0) return WEIR_OK;
    weir_status status = put(w, t, t->held.data, t->held.size, err);
    w->held_bytes -= t->held.size;
    weir_buf_clear(&t->held);
    if (status == WEIR_OK && w->n > 64) status = weir_file_writer_park(t->file, err);
    return status;
}

static weir_status finish_target(writer *w, target *t, weir_error *err) {
    weir_buf footer = {0};
    weir_status status = flush_held(w, t, err);
    if (status == WEIR_OK)
        status = w->s->request.format->write->footer(w->inner, t->metas, t->offsets, t->n_metas,
                                                     &footer, err);
    if (status == WEIR_OK) status = put_text(w, t, &footer, err);
    weir_buf_clear(&footer);
    t->closed = true;
    if (status != WEIR_OK) return status;
    if (w->standard) return weir_stream_finish(w->standard, err);
    if ((status = weir_file_sink_check_free(w->s, t->path, err)) != WEIR_OK) return status;
    return weir_file_writer_prepare(t->file, err);
}

/* Above file_size the target is closed and its successor takes its place. */
static weir_status rotate(writer *w, target **t, weir_error *err) {
    uint64_t limit = w->s->config->file_size;
    if (!limit || (*t)->bytes < limit) return WEIR_OK;
    target *old = *t;
    weir_status status = finish_target(w, old, err);
    if (status == WEIR_OK) status = target_new(w, old->key, old->hash, old->number + 1, t, err);
    if (status != WEIR_OK) return status;
    for (size_t i = 0; i < w->index_size; i++)
        if (w->index[i] && w->targets[w->index[i] - 1] == old) w->index[i] = (uint32_t)w->n;
    return WEIR_OK;
}

static weir_status write_part(writer *w, part *p, weir_error *err) {
    if (!p->bytes) return WEIR_OK;
    target *t;
    weir_status status = target_find(w, p->path ? p->path : w->s->path, &t, err);
    if (status == WEIR_OK) status = rotate(w, &t, err);
    if (status != WEIR_OK) return status;
    bool hold = w->s->n_partition && p->meta.size == 0 && p->bytes->size < PART_BUFFER_BYTES;
    if (!hold) {
        if ((status = flush_held(w, t, err)) != WEIR_OK) return status;
        if ((status = keep_meta(t, &p->meta, err)) != WEIR_OK) return status;
        return put(w, t, p->bytes->data, p->bytes->size, err);
    }
    if (!weir_buf_add(&t->held, p->bytes->data, p->bytes->size)) return weir_error_nomem(err);
    w->held_bytes += p->bytes->size;
    if (t->held.size >= PART_BUFFER_BYTES) return flush_held(w, t, err);
    size_t budget = w->s->env->memory_bytes ? w->s->env->memory_bytes / 8 : (size_t)16 << 20;
    for (size_t i = 0; status == WEIR_OK && w->held_bytes > budget && i < w->n; i++)
        status = flush_held(w, w->targets[i], err);
    return status;
}

weir_status weir_file_sink_write(void *object, weir_ctx *ctx, weir_piece *x, weir_error *err) {
    writer *w = object;
    piece *p = x->encoded;
    (void)ctx;
    w->counts.inserted += x->rows;
    for (size_t i = 0; i < p->n; i++) {
        weir_status status = write_part(w, &p->parts[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- prepare, commit, abort, recover ------------------------------------------------------- */

weir_status weir_file_sink_prepare(void *object, weir_buf *handle, weir_error *err) {
    writer *w = object;
    weir_status status = WEIR_OK;
    target *t;
    if (w->n == 0 && !w->s->n_partition && !w->s->config->skip_empty)
        WEIR_TRY(target_find(w, w->s->path, &t, err));
    for (size_t i = 0; i < w->n; i++)
        if (!w->targets[i]->closed) WEIR_TRY(finish_target(w, w->targets[i], err));
    weir_json_writer j = {.out = handle};
    weir_json_open(&j, '{');
    weir_json_key(&j, "rows");
    weir_json_write_uint(&j, w->counts.inserted);
    weir_json_key(&j, "bytes");
    weir_json_write_uint(&j, w->counts.bytes);
    weir_json_key(&j, "files");
    weir_json_open(&j, '[');
    for (size_t i = 0; i < w->n && !w->standard; i++) {
        weir_json_open(&j, '[');
        weir_json_write_string(&j, weir_file_writer_temp(w->targets[i]->file));
        weir_json_write_string(&j, w->targets[i]->path);
        weir_json_close(&j, ']');
    }
    weir_json_close(&j, ']');
    weir_json_close(&j, '}');
    if (j.failed) status = weir_error_nomem(err);
out:
    return status;
}
