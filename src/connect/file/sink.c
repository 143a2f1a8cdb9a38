/* Writing: files that appear whole at commit.
 *
 * Workers encode (and compress: members can be put one behind the other); the one writer appends
 * the pieces to the file, or to one file a partition.  Prepared files wait under their temporary
 * names; the handle lists temporary and final names, so that commit and recovery need nothing else.
 */
#include <dirent.h>
#include <stdlib.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "connect/file/file.h"
#include "text/hash.h"
#include "text/json.h"

#define SWEEP_DEPTH 16 /* folders below the target that are searched for leftovers */
#define PARTITIONS_MAX 100000u
#define PART_BUFFER_BYTES ((size_t)16 << 10) /* a partition's bytes are gathered up to this */

typedef struct sink {
    weir_sink_request request;
    const weir_env *env;
    const weir_file_sink_config *config;
    weir_schema *schema;
    char *path; /* resolved, {run_id} and {date} filled in */
    weir_codec codec;
    uint32_t n_partition;
    uint32_t *partition; /* fields of schema */
    const char *token;
    bool to_stdout;
} sink;

/* ---- names --------------------------------------------------------------------------------- */

/* Replaces {run_id} and, where asked, {date}; leaves {column} of partition_by for later. */
static weir_status fill_path(const sink *s, const char *path, const char *run_id, bool with_date,
                             char **out, weir_error *err) {
    weir_buf b = {0};
    char date[40];
    time_t t = (time_t)(s->env->now_us / 1000000);
    struct tm tm;
    gmtime_r(&t, &tm);
    snprintf(date, sizeof date, "%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    bool ok = true;
    for (const char *p = path; ok && *p;) {
        if (strncmp(p, "{run_id}", 8) == 0) {
            ok = weir_buf_adds(&b, run_id);
            p += 8;
        } else if (with_date && strncmp(p, "{date}", 6) == 0) {
            ok = weir_buf_adds(&b, date);
            p += 6;
        } else {
            ok = weir_buf_add(&b, p++, 1);
        }
    }
    *out = ok ? weir_arena_strndup(s->env->arena, b.data ? b.data : "", b.size) : NULL;
    weir_buf_clear(&b);
    return *out ? WEIR_OK : weir_error_nomem(err);
}

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

/* ---- open, plan, begin --------------------------------------------------------------------- */

static weir_status find_partitions(sink *s, weir_error *err) {
    const weir_opt_strings *by = &s->config->partition_by;
    s->partition = weir_alloc_zero(by->n + 1, sizeof *s->partition);
    if (!s->partition) return weir_error_nomem(err);
    for (size_t i = 0; i < by->n; i++) {
        int field = weir_schema_find(s->schema, by->items[i], strlen(by->items[i]));
        if (field < 0) {
            weir_error_set(err, WEIR_USAGE, "partition_by: there is no column %s", by->items[i]);
            const char *near = weir_schema_nearest(s->schema, by->items[i]);
            if (near) weir_error_hint(err, "did you mean %s?", near);
            return WEIR_USAGE;
        }
        s->partition[s->n_partition++] = (uint32_t)field;
    }
    return WEIR_OK;
}

/* A file that is there is only overwritten when the user says so.  Asked before anything is
 * decided: a commit cannot fail any more. */
static weir_status check_free(const sink *s, const char *path, weir_error *err) {
    struct stat st;
    if (s->request.mode == WEIR_MODE_REPLACE || lstat(path, &st) != 0) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE, "%s exists already", path);
    weir_error_hint(err, "write mode: replace, or put {run_id} in the path");
    return WEIR_USAGE;
}

static weir_status check_target(const sink *s, weir_error *err) {
    bool known = !s->to_stdout && !s->n_partition && !s->config->file_size;
    return known ? check_free(s, s->path, err) : WEIR_OK;
}

static void sink_close(void *object) {
    sink *s = object;
    if (!s) return;
    weir_schema_release(s->schema);
    weir_free(s->partition);
    weir_free(s);
}

static weir_status sink_open(const weir_sink_request *request, const weir_env *env,
                             weir_schema *schema, void **out, weir_error *err) {
    if (!request->format || !request->format->write)
        return weir_error_set(err, WEIR_USAGE, "the format %s cannot be written",
                              request->format ? request->format->name : "of this file");
    sink *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    s->request = *request;
    s->env = env;
    s->config = request->config;
    s->schema = weir_schema_retain(schema);
    s->to_stdout = strcmp(s->config->path, "-") == 0;
    s->codec = weir_file_codec(s->config->compression, s->config->path, false);
    char *path;
    WEIR_TRY(weir_file_resolve(env, s->config->path, &path, err));
    WEIR_TRY(fill_path(s, path, env->run_id, true, &s->path, err));
    WEIR_TRY(find_partitions(s, err));
    if (s->to_stdout && (s->n_partition || s->config->file_size)) {
        status =
            weir_error_set(err, WEIR_USAGE, "standard output cannot be partitioned or rotated");
        goto out;
    }
    WEIR_TRY(check_target(s, err));
    *out = s;
    s = NULL;
out:
    sink_close(s);
    return status;
}

static weir_status sink_plan(void *object, weir_buf *out, weir_error *err) {
    sink *s = object;
    bool ok = weir_buf_printf(out, "write %s as %s%s%s\n", s->path, s->request.format->name,
                              s->codec == WEIR_CODEC_GZIP   ? ", gzip"
                              : s->codec == WEIR_CODEC_ZSTD ? ", zstd"
                                                            : "",
                              s->n_partition ? ", one file a partition" : "");
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static weir_status sink_begin(void *object, const weir_epoch *epoch, weir_error *err) {
    sink *s = object;
    s->token = weir_arena_strdup(s->env->arena, epoch->token);
    return s->token ? WEIR_OK : weir_error_nomem(err);
}

/* ---- encoding on workers ------------------------------------------------------------------- */

typedef struct part {
    char *path; /* NULL = the one file */
    weir_block *bytes;
    weir_buf meta;
} part;
typedef struct piece {
    size_t n, capacity;
    part *parts;
} piece;

typedef struct encoder {
    sink *s;
    weir_encoder *inner;
} encoder;

static void piece_free(void *object) {
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

static void encoder_free(void *object) {
    encoder *e = object;
    if (!e) return;
    if (e->inner) e->s->request.format->write->encoder_free(e->inner);
    weir_free(e);
}

static weir_status encoder_new(void *object, weir_ctx *ctx, void **out, weir_error *err) {
    sink *s = object;
    encoder *e = weir_alloc_zero(1, sizeof *e);
    if (!e) return weir_error_nomem(err);
    e->s = s;
    weir_status status = s->request.format->write->encoder_new(s->request.format_config, s->schema,
                                                               ctx, &e->inner, err);
    if (status != WEIR_OK) {
        encoder_free(e);
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
    status = e->s->request.format->write->encode(e->inner, ctx, batch, &x->bytes, &x->meta, err);
    if (status == WEIR_OK && x->bytes && e->s->codec != WEIR_CODEC_NONE)
        status = compress(e->s, ctx, &x->bytes, err);
    if (status == WEIR_OK && x->bytes) *bytes += x->bytes->size;
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
        status = add_part(e, ctx, b, text, p, bytes, err);
        i = j;
    }
    b->selection = own;
    b->n_selected = n;
    weir_buf_clear(&scratch);
    weir_buf_clear(&path);
    return status;
}

static weir_status encode(void *object, weir_ctx *ctx, weir_batch *batch, weir_piece *out,
                          weir_error *err) {
    encoder *e = object;
    piece *p = weir_alloc_zero(1, sizeof *p);
    if (!p) return weir_error_nomem(err);
    size_t bytes = 0;
    weir_status status = e->s->n_partition ? encode_partitions(e, ctx, batch, p, &bytes, err)
                                           : add_part(e, ctx, batch, NULL, p, &bytes, err);
    if (status != WEIR_OK) {
        piece_free(p);
        return status;
    }
    out->encoded = p;
    out->bytes = bytes;
    return WEIR_OK;
}

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

static void writer_free(void *object) {
    writer *w = object;
    if (!w) return;
    for (size_t i = 0; i < w->n; i++) target_free(w->targets[i]);
    weir_free(w->targets);
    weir_free(w->index);
    if (w->inner) w->s->request.format->write->encoder_free(w->inner);
    weir_stream_close(w->standard);
    weir_free(w);
}

static weir_status writer_new(void *object, uint32_t number, weir_ctx *ctx, void **out,
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
    writer_free(w);
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
                                   PARTITIONS_MAX, err);
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
    if (status == WEIR_OK && !w->standard) status = check_free(w->s, t->path, err);
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
    if ((status = check_free(w->s, t->path, err)) != WEIR_OK) return status;
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

static weir_status writer_write(void *object, weir_ctx *ctx, weir_piece *x, weir_error *err) {
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

static weir_status writer_prepare(void *object, weir_buf *handle, weir_error *err) {
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

typedef weir_status (*on_file)(sink *s, const char *temp, const char *path, weir_error *err);

/* Calls `each` for every file of a handle. */
static weir_status with_files(sink *s, weir_slice handle, on_file each, weir_load_counts *counts,
                              weir_error *err) {
    weir_arena arena = {0};
    const weir_json *root = NULL;
    weir_status status = weir_json_parse(handle.data, handle.size, NULL, &arena, &root, err);
    const weir_json *files = status == WEIR_OK ? weir_json_get(root, "files") : NULL;
    for (const weir_json *f = files ? files->first : NULL; f && status == WEIR_OK; f = f->next) {
        const char *temp = weir_json_string(weir_json_at(f, 0));
        const char *path = weir_json_string(weir_json_at(f, 1));
        if (!temp || !path)
            status = weir_error_set(err, WEIR_DATA, "a stored handle is damaged");
        else
            status = each(s, temp, path, err);
    }
    int64_t rows = 0, bytes = 0;
    if (status == WEIR_OK && counts && weir_json_int(weir_json_get(root, "rows"), &rows) &&
        weir_json_int(weir_json_get(root, "bytes"), &bytes)) {
        counts->inserted += (uint64_t)rows;
        counts->bytes += (uint64_t)bytes;
    }
    weir_arena_clear(&arena);
    return status;
}

static weir_status publish(sink *s, const char *temp, const char *path, weir_error *err) {
    weir_fault_point("file-publish");
    return weir_file_publish(temp, path, s->request.mode == WEIR_MODE_REPLACE, err);
}

static weir_status forget(sink *s, const char *temp, const char *path, weir_error *err) {
    (void)s;
    (void)path;
    return weir_file_unlink(temp, err);
}

static weir_status sink_commit(void *object, const weir_epoch *epoch, const weir_slice *handles,
                               size_t n, weir_load_counts *counts, weir_error *err) {
    (void)epoch;
    for (size_t i = 0; i < n; i++) {
        weir_status status = with_files(object, handles[i], publish, counts, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Removes what a dead run of this token left anywhere below folder. */
static weir_status sweep(const char *folder, const char *token, int depth, weir_error *err) {
    weir_status status = weir_file_sweep(folder, token, NULL, err);
    DIR *d = status == WEIR_OK && depth < SWEEP_DEPTH ? opendir(folder) : NULL;
    if (!d) return status;
    struct dirent *e;
    while (status == WEIR_OK && (e = readdir(d))) {
        if (e->d_name[0] == '.' || (e->d_type != DT_DIR && e->d_type != DT_UNKNOWN)) continue;
        weir_buf path = {0};
        struct stat st;
        if (!weir_buf_printf(&path, "%s/%s", folder, e->d_name))
            status = weir_error_nomem(err);
        else if (lstat(weir_buf_cstr(&path), &st) == 0 && S_ISDIR(st.st_mode))
            status = sweep(weir_buf_cstr(&path), token, depth + 1, err);
        weir_buf_clear(&path);
    }
    closedir(d);
    return status;
}

/* The deepest folder that no placeholder belongs to holds everything this sink writes. */
static weir_status sweep_all(sink *s, const char *token, weir_error *err) {
    if (s->to_stdout) return WEIR_OK;
    const char *brace = strchr(s->path, '{');
    size_t end = brace ? (size_t)(brace - s->path) : strlen(s->path);
    while (end && s->path[end - 1] != '/') end--;
    char *folder = end > 1 ? weir_strndup(s->path, end - 1) : weir_strdup(end ? "/" : ".");
    if (!folder) return weir_error_nomem(err);
    bool deep = brace || s->config->partition_by.n > 0;
    weir_status status = sweep(folder, token, deep ? 0 : SWEEP_DEPTH, err);
    weir_free(folder);
    return status;
}

static weir_status sink_abort(void *object, const weir_epoch *epoch, const weir_slice *handles,
                              size_t n, weir_error *err) {
    for (size_t i = 0; i < n; i++) {
        weir_status status = with_files(object, handles[i], forget, NULL, err);
        if (status != WEIR_OK) return status;
    }
    return sweep_all(object, epoch->token, err);
}

/* Prepared files are durable: publishing again does no harm where it was done before. */
static weir_status sink_recover(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, const weir_slice *handles, size_t n,
                                weir_load_counts *counts, weir_recovery *out, weir_error *err) {
    sink s = {.request = *request, .env = env, .config = request->config};
    *out = WEIR_RECOVER_DONE;
    return sink_commit(&s, epoch, handles, n, counts, err);
}

static weir_status sink_discard(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, weir_error *err) {
    sink s = {.request = *request, .env = env, .config = request->config};
    s.to_stdout = strcmp(s.config->path, "-") == 0;
    char *path;
    weir_status status = weir_file_resolve(env, s.config->path, &path, err);
    if (status == WEIR_OK) /* a day may have passed: below the folder in front of {date} */
        status = fill_path(&s, path, epoch->run_id, false, &s.path, err);
    return status == WEIR_OK ? sweep_all(&s, epoch->token, err) : status;
}

const weir_sink_ops weir_file_sink_ops = {
    .open = sink_open,
    .plan = sink_plan,
    .begin = sink_begin,
    .encoder_new = encoder_new,
    .encode = encode,
    .encoder_free = encoder_free,
    .piece_free = piece_free,
    .writer_new = writer_new,
    .write = writer_write,
    .prepare = writer_prepare,
    .writer_free = writer_free,
    .commit = sink_commit,
    .abort = sink_abort,
    .recover = sink_recover,
    .discard = sink_discard,
    .close = sink_close,
};
