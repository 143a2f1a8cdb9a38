/* Appending encoded parts to their files: gathered, rotated, made durable by prepare. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connect/file/sink.h"
#include "text/utf8.h"
#include "io/os.h"
#include "text/hash.h"
#include "text/json.h"

#define PART_BUFFER_BYTES ((size_t)16 << 10) /* a partition's bytes are gathered up to this */

/* ---- writing ------------------------------------------------------------------------------- */

/* Files that stay open at once; the least recently written is parked. */
#define OPEN_MAX_FILES 256u

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
    bool filled;                  /* a record was given to it */
    struct target *newer, *older; /* among those with an open file */
    bool open;
} target;

typedef struct writer {
    sink *s;
    weir_ctx *ctx;
    weir_encoder *inner;          /* for headers and footers */
    weir_charset_writer *charset; /* NULL = UTF-8 */
    weir_stream *standard;        /* standard output */
    target **targets;
    size_t n, capacity;
    uint32_t *index; /* open addressing over targets that are not closed: number + 1 */
    size_t index_size;
    size_t held_bytes;
    target *newest, *oldest; /* open files, by their last write */
    uint32_t n_open, max_open;
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
    weir_charset_writer_free(w->charset);
    weir_stream_close(w->standard);
    weir_free(w);
}

/* A quarter of the descriptors the process may have: others need theirs. */
static uint32_t open_files(void) {
    struct rlimit limit;
    rlim_t n = getrlimit(RLIMIT_NOFILE, &limit) == 0 ? limit.rlim_cur / 4 : 64;
    return n < 4 ? 4 : n > OPEN_MAX_FILES ? OPEN_MAX_FILES : (uint32_t)n;
}

weir_status weir_file_sink_writer_new(void *object, uint32_t number, weir_ctx *ctx, void **out,
                                      weir_error *err) {
    (void)number;
    weir_status status = WEIR_OK;
    writer *w = weir_alloc_zero(1, sizeof *w);
    if (!w) return weir_error_nomem(err);
    w->s = object;
    w->ctx = ctx;
    w->max_open = open_files();
    const weir_write_ops *ops = w->s->request.format->write;
    WEIR_TRY(ops->encoder_new(w->s->request.format_config, w->s->schema, ctx, &w->inner, err));
    WEIR_TRY(weir_file_sink_charset(w->s, &w->charset, err));
    if (w->s->to_stdout)
        WEIR_TRY(weir_fd_writer(STDOUT_FILENO, "standard output", &w->standard, err));
    *out = w;
    return WEIR_OK;
out:
    weir_file_sink_writer_free(w);
    return status;
}

/* Takes t out of the list of open files. */
static void unlist(writer *w, target *t) {
    if (!t->open) return;
    *(t->newer ? &t->newer->older : &w->newest) = t->older;
    *(t->older ? &t->older->newer : &w->oldest) = t->newer;
    t->newer = t->older = NULL;
    t->open = false;
    w->n_open--;
}

/* t was opened or written to; the one that waits longest is parked when there are too many. */
static weir_status touch(writer *w, target *t, weir_error *err) {
    if (w->newest == t) return WEIR_OK;
    unlist(w, t);
    t->older = w->newest;
    *(w->newest ? &w->newest->newer : &w->oldest) = t;
    w->newest = t;
    t->open = true;
    if (++w->n_open <= w->max_open) return WEIR_OK;
    target *last = w->oldest;
    unlist(w, last);
    return weir_file_writer_park(last->file, err);
}

static weir_status put(writer *w, target *t, const void *data, size_t size, weir_error *err) {
    t->bytes += size;
    w->counts.bytes += size;
    if (w->standard) return weir_stream_write(w->standard, data, size, err);
    weir_status status = weir_stream_write(weir_file_writer_stream(t->file), data, size, err);
    return status == WEIR_OK ? touch(w, t, err) : status;
}

/* Adds bytes that do not come from workers - headers, footers, separators - to out, compressed like
 * the rest. */
static weir_status pack(const writer *w, const char *data, size_t size, weir_buf *out,
                        weir_error *err) {
    if (size == 0) return WEIR_OK;
    if (w->s->codec == WEIR_CODEC_NONE)
        return weir_buf_add(out, data, size) ? WEIR_OK : weir_error_nomem(err);
    return weir_compress_block(w->s->codec, (int)w->s->config->level, data, size, out, err);
}

static weir_status put_text(writer *w, target *t, const char *data, size_t size, weir_error *err) {
    weir_buf packed = {0};
    weir_status status = pack(w, data, size, &packed, err);
    if (status == WEIR_OK && packed.size) status = put(w, t, packed.data, packed.size, err);
    weir_buf_clear(&packed);
    return status;
}

/* A header in the sink's encoding, behind its mark. */
static weir_status convert_header(writer *w, weir_buf *header, weir_error *err) {
    weir_buf text = {0};
    weir_slice mark = weir_charset_writer_mark(w->charset);
    size_t bad;
    weir_status status = WEIR_OK;
    if (!weir_buf_add(&text, mark.data, mark.size)) WEIR_TRY(weir_error_nomem(err));
    WEIR_TRY(weir_charset_writer_put(w->charset, header->data, header->size, &text, &bad, err));
    if (bad < header->size) {
        uint32_t c = 0;
        size_t size = weir_utf8_decode(header->data + bad, header->size - bad, &c);
        status = weir_error_set(
            err, WEIR_USAGE, "a name of a column has %.*s (U+%04X), which is not in %s", (int)size,
            header->data + bad, (unsigned)c, weir_charset_writer_name(w->charset));
        weir_error_hint(err, "rename the column, or choose another encoding:");
        goto out;
    }
    weir_buf_clear(header);
    *header = text;
    return WEIR_OK;
out:
    weir_buf_clear(&text);
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

/* Folders of partitions become durable together, in prepare. */
static weir_status begin_file(writer *w, target *t, weir_error *err) {
    const sink *s = w->s;
    weir_status status;
    WEIR_TRY(weir_file_sink_check_free(s, t->path, err));
    if (s->n_partition) {
        if (w->n == 0 && s->root_size) {
            char *root = weir_strndup(s->path, s->root_size);
            status = root ? weir_file_make_folder(root, err) : weir_error_nomem(err);
            weir_free(root);
            if (status != WEIR_OK) return status;
        }
        char *folder = weir_strndup(t->path, weir_os_folder_size(t->path));
        status = folder ? weir_file_make_folder_unsynced(folder, err) : weir_error_nomem(err);
        weir_free(folder);
        if (status != WEIR_OK) return status;
    }
    WEIR_TRY(weir_file_writer_begin(t->path, s->token, !s->n_partition, &t->file, err));
    if (s->n_partition) weir_file_writer_limit(t->file, PART_BUFFER_BYTES);
    status = touch(w, t, err);
out:
    return status;
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
    if (status == WEIR_OK && !w->standard) status = begin_file(w, t, err);
    if (status == WEIR_OK) status = w->s->request.format->write->header(w->inner, &header, err);
    if (status == WEIR_OK && w->charset) status = convert_header(w, &header, err);
    if (status == WEIR_OK) status = put_text(w, t, header.data, header.size, err);
    weir_buf_clear(&header);
    if (status != WEIR_OK) {
        unlist(w, t);
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
    return status;
}

static weir_status finish_target(writer *w, target *t, weir_error *err) {
    weir_buf footer = {0};
    weir_status status = flush_held(w, t, err);
    if (status == WEIR_OK)
        status = w->s->request.format->write->footer(w->inner, t->metas, t->offsets, t->n_metas,
                                                     !t->filled, &footer, err);
    if (status == WEIR_OK) status = put_text(w, t, footer.data, footer.size, err);
    weir_buf_clear(&footer);
    t->closed = true;
    if (status != WEIR_OK) return status;
    if (w->standard) return weir_stream_finish(w->standard, err);
    if ((status = weir_file_sink_check_free(w->s, t->path, err)) != WEIR_OK) return status;
    unlist(w, t);
    return weir_file_writer_park(t->file, err); /* durable with all others, in prepare */
}

/* A target that would pass file_size is closed and its successor takes its place. */
static weir_status rotate(writer *w, target **t, size_t more, weir_error *err) {
    uint64_t limit = w->s->config->file_size;
    if (!limit || !(*t)->filled || (*t)->bytes + (*t)->held.size + more <= limit) return WEIR_OK;
    target *old = *t;
    weir_status status = finish_target(w, old, err);
    if (status == WEIR_OK) status = target_new(w, old->key, old->hash, old->number + 1, t, err);
    if (status != WEIR_OK) return status;
    for (size_t at = old->hash & (w->index_size - 1);; at = (at + 1) & (w->index_size - 1)) {
        if (w->targets[w->index[at] - 1] != old) continue;
        w->index[at] = (uint32_t)w->n;
        return WEIR_OK;
    }
}

static weir_status write_part(writer *w, part *p, weir_error *err) {
    if (!p->bytes) return WEIR_OK;
    target *t;
    weir_status status = target_find(w, p->path ? p->path : w->s->path, &t, err);
    if (status == WEIR_OK) status = rotate(w, &t, p->bytes->size, err);
    if (status != WEIR_OK) return status;
    const char *separator = t->filled ? w->s->request.format->write->separator : NULL;
    size_t between = separator ? strlen(separator) : 0;
    t->filled = true;
    bool hold = w->s->n_partition && p->meta.size == 0 && p->bytes->size < PART_BUFFER_BYTES;
    if (!hold) {
        if ((status = flush_held(w, t, err)) != WEIR_OK) return status;
        if ((status = put_text(w, t, separator, between, err)) != WEIR_OK) return status;
        if ((status = keep_meta(t, &p->meta, err)) != WEIR_OK) return status;
        return put(w, t, p->bytes->data, p->bytes->size, err);
    }
    size_t held = t->held.size;
    if ((status = pack(w, separator, between, &t->held, err)) != WEIR_OK) return status;
    if (!weir_buf_add(&t->held, p->bytes->data, p->bytes->size)) return weir_error_nomem(err);
    w->held_bytes += t->held.size - held;
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

/* ---- prepare ------------------------------------------------------------------------------- */

/* The files that the commit removes, as the value of "remove". */
static weir_status put_stale(writer *w, weir_json_writer *j, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_file_written written = {.n = w->n};
    weir_file_names stale = {0};
    written.paths = weir_alloc_zero(w->n + 1, sizeof *written.paths);
    written.keys = weir_alloc_zero(w->n + 1, sizeof *written.keys);
    if (!written.paths || !written.keys) {
        status = weir_error_nomem(err);
        goto out;
    }
    for (size_t i = 0; i < w->n; i++) {
        written.paths[i] = w->targets[i]->path;
        written.keys[i] = w->targets[i]->key;
    }
    WEIR_TRY(weir_file_sink_stale(w->s, &written, &stale, err));
    weir_json_key(j, "remove");
    weir_json_open(j, '[');
    for (size_t i = 0; i < stale.n; i++)
        weir_json_write_string(j, weir_file_name(w->s->env, w->s->config->path, stale.items[i]));
    weir_json_close(j, ']');
out:
    weir_free(written.paths);
    weir_free(written.keys);
    weir_file_names_clear(&stale);
    return status;
}

/* Ends all files and makes them durable. */
static weir_status finish_all(writer *w, weir_error *err) {
    target *t;
    weir_status status = WEIR_OK;
    weir_file_writer **files = NULL;
    if (w->n == 0 && !w->s->n_partition && !w->s->config->skip_empty)
        WEIR_TRY(target_find(w, w->s->path, &t, err));
    for (size_t i = 0; i < w->n; i++)
        if (!w->targets[i]->closed) WEIR_TRY(finish_target(w, w->targets[i], err));
    if (w->standard || w->n == 0) return WEIR_OK;
    if (!(files = weir_alloc_zero(w->n, sizeof *files))) return weir_error_nomem(err);
    for (size_t i = 0; i < w->n; i++) files[i] = w->targets[i]->file;
    size_t root = w->s->root_size > 1 ? w->s->root_size - 1 : w->s->root_size;
    WEIR_TRY(weir_file_writers_prepare(files, w->n, w->s->n_partition ? root : SIZE_MAX, err));
out:
    weir_free(files);
    return status;
}

weir_status weir_file_sink_prepare(void *object, weir_buf *handle, weir_error *err) {
    writer *w = object;
    weir_status status;
    WEIR_TRY(finish_all(w, err));
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
        const char *written = w->s->config->path,
                   *temp = weir_file_writer_temp(w->targets[i]->file);
        weir_json_write_string(&j, weir_file_name(w->s->env, written, temp));
        weir_json_write_string(&j, weir_file_name(w->s->env, written, w->targets[i]->path));
        weir_json_close(&j, ']');
    }
    weir_json_close(&j, ']');
    if (!w->standard && weir_file_sink_replaces(w->s)) WEIR_TRY(put_stale(w, &j, err));
    weir_json_close(&j, '}');
    if (j.failed) status = weir_error_nomem(err);
out:
    return status;
}
