#include "connectors.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

/* ---- source -------------------------------------------------------------------------------- */

typedef struct source {
    const test_source_config *config;
    const weir_env *env;
    weir_schema *schema;
    uint64_t next;
    uint64_t batches;
} source;

static weir_status source_open(const weir_source_request *request, const weir_env *env, void **out,
                               weir_error *err) {
    source *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->config = request->config;
    s->env = env;
    const weir_field fields[] = {{"n", weir_type_of(WEIR_INT64), true},
                                 {"even", weir_type_of(WEIR_BOOL), false}};
    weir_status status = weir_schema_new(fields, 2, &s->schema, err);
    if (status != WEIR_OK)
        weir_free(s);
    else
        *out = s;
    return status;
}

static void source_close(void *object) {
    source *s = object;
    if (!s) return;
    weir_schema_release(s->schema);
    weir_free(s);
}

static weir_status source_enumerate(void *object, weir_splits *out, weir_error *err) {
    source *s = object;
    uint32_t n = s->config->splits ? s->config->splits : 1;
    for (uint32_t i = 0; i < n; i++) {
        char name[32];
        snprintf(name, sizeof name, "numbers-%u", i);
        weir_split split = {.name = name};
        weir_status status = weir_splits_add(out, &split, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status source_schema(void *object, const weir_splits *splits, weir_schema **out,
                                 weir_error *err) {
    (void)splits;
    (void)err;
    *out = weir_schema_retain(((source *)object)->schema);
    return WEIR_OK;
}

static weir_status source_begin(void *object, const weir_split *split, uint32_t number,
                                weir_error *err) {
    (void)split;
    (void)number;
    (void)err;
    ((source *)object)->next = 0;
    return WEIR_OK;
}

static weir_status fill(source *s, uint32_t rows, weir_batch **out, weir_error *err) {
    weir_batch *b = NULL;
    weir_status status = weir_batch_new(s->schema, rows, &b, err);
    for (uint32_t c = 0; status == WEIR_OK && c < 2; c++)
        status =
            weir_column_new(s->schema->fields[c].type, rows, s->env->ledger, &b->columns[c], err);
    if (status != WEIR_OK) {
        weir_batch_free(b);
        return status;
    }
    for (uint32_t i = 0; i < rows; i++) {
        ((int64_t *)b->columns[0]->values)[i] = (int64_t)(s->next + i);
        if ((s->next + i) % 2 == 0) weir_bit_set(b->columns[1]->values, i);
    }
    b->origin.first_row = s->next;
    b->origin.sequence = s->batches;
    s->next += rows;
    *out = b;
    return WEIR_OK;
}

static weir_status source_read(void *object, weir_packet *out, weir_read_result *result,
                               weir_error *err) {
    source *s = object;
    const test_source_config *c = s->config;
    uint64_t left = c->rows ? c->rows - s->next : UINT64_MAX;
    if (left == 0) {
        *result = WEIR_READ_END;
        return WEIR_OK;
    }
    if (c->fail_at && (int64_t)++s->batches == c->fail_at)
        return weir_error_set(err, WEIR_IO, "the numbers ran out");
    *result = WEIR_READ_PACKET;
    return fill(s, left < c->batch_rows ? (uint32_t)left : c->batch_rows, &out->batch, err);
}

static weir_status source_end(void *object, bool aborted, weir_error *err) {
    (void)object;
    (void)aborted;
    (void)err;
    return WEIR_OK;
}

static weir_status source_position(void *object, weir_buf *out, weir_error *err) {
    return weir_buf_printf(out, "%llu", (unsigned long long)((source *)object)->next)
               ? WEIR_OK
               : weir_error_nomem(err);
}

static const weir_source_ops source_ops = {.open = source_open,
                                           .enumerate = source_enumerate,
                                           .schema = source_schema,
                                           .split_begin = source_begin,
                                           .read = source_read,
                                           .split_end = source_end,
                                           .position = source_position,
                                           .close = source_close};

const weir_connector test_source_bounded = {.abi = WEIR_CONNECTOR_ABI,
                                            .struct_size = sizeof(weir_connector),
                                            .name = "numbers",
                                            .summary = "test",
                                            .roles = WEIR_ROLE_SOURCE,
                                            .caps = WEIR_CAP_SPLITS | WEIR_CAP_STABLE,
                                            .source = &source_ops};
const weir_connector test_source_endless = {.abi = WEIR_CONNECTOR_ABI,
                                            .struct_size = sizeof(weir_connector),
                                            .name = "endless",
                                            .summary = "test",
                                            .roles = WEIR_ROLE_SOURCE,
                                            .caps = WEIR_CAP_UNBOUNDED,
                                            .source = &source_ops};

/* ---- sink ---------------------------------------------------------------------------------- */

typedef struct sink {
    const test_sink_config *config;
    pthread_mutex_t lock;
    int64_t *rows; /* of the open epoch */
    size_t n, capacity;
} sink;

typedef struct writer {
    sink *s;
    uint32_t number;
    uint64_t writes, rows;
} writer;

void test_sink_log_clear(test_sink_log *log) {
    free(log->rows);
    memset(log, 0, sizeof *log);
}

static weir_status sink_open(const weir_sink_request *request, const weir_env *env,
                             weir_schema *schema, void **out, weir_error *err) {
    (void)env;
    if (weir_schema_find(schema, "n", 1) < 0)
        return weir_error_set(err, WEIR_USAGE, "the test sink wants a column n");
    sink *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->config = request->config;
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return WEIR_OK;
}

static void sink_close(void *object) {
    sink *s = object;
    if (!s) return;
    free(s->rows);
    pthread_mutex_destroy(&s->lock);
    weir_free(s);
}

static weir_status sink_begin(void *object, const weir_epoch *epoch, weir_error *err) {
    (void)epoch;
    (void)err;
    ((sink *)object)->n = 0;
    return WEIR_OK;
}

static weir_status writer_new(void *object, uint32_t number, weir_ctx *ctx, void **out,
                              weir_error *err) {
    (void)ctx;
    sink *s = object;
    writer *w = weir_alloc_zero(1, sizeof *w);
    if (!w) return weir_error_nomem(err);
    w->s = s;
    w->number = number;
    pthread_mutex_lock(&s->lock);
    s->config->log->writers++;
    pthread_mutex_unlock(&s->lock);
    *out = w;
    return WEIR_OK;
}

static void keep(int64_t **rows, size_t *n, size_t *capacity, int64_t value) {
    if (*n == *capacity) {
        *capacity = *capacity ? *capacity * 2 : 1024;
        *rows = realloc(*rows, *capacity * sizeof **rows);
        if (!*rows) abort(); /* a test without memory has nothing to say */
    }
    (*rows)[(*n)++] = value;
}

static weir_status sink_write(void *object, weir_ctx *ctx, weir_piece *piece, weir_error *err) {
    writer *w = object;
    const test_sink_config *c = w->s->config;
    weir_batch *b = piece->batch;
    (void)ctx;
    if (c->sleep_us) weir_clock_sleep_us(c->sleep_us);
    if ((int)w->number == c->fail_writer && ++w->writes == c->fail_at_write)
        return weir_error_set(err, WEIR_IO, "writer %u broke", w->number);
    const weir_column *n = b->columns[weir_schema_find(b->schema, "n", 1)];
    pthread_mutex_lock(&w->s->lock);
    weir_status status = WEIR_OK;
    if (piece->bytes > c->log->most_held) c->log->most_held = piece->bytes;
    for (uint32_t k = 0; status == WEIR_OK && k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        int64_t v = ((const int64_t *)weir_column_base(n)->values)[weir_column_slot(n, row)];
        if (c->refuse_multiple && v % c->refuse_multiple == 0) {
            weir_failures *f;
            status = weir_batch_failures(b, &f, err);
            if (status == WEIR_OK)
                status = weir_failures_add(f, row, "load", "n", "refused", err, "not %lld",
                                           (long long)v);
            continue;
        }
        keep(&w->s->rows, &w->s->n, &w->s->capacity, v);
        w->rows++;
    }
    pthread_mutex_unlock(&w->s->lock);
    return status;
}

static weir_status sink_prepare(void *object, weir_buf *handle, weir_error *err) {
    writer *w = object;
    if (w->s->config->fail_prepare && (int)w->number == w->s->config->fail_writer)
        return weir_error_set(err, WEIR_IO, "writer %u cannot prepare", w->number);
    return weir_buf_printf(handle, "%llu", (unsigned long long)w->rows) ? WEIR_OK
                                                                        : weir_error_nomem(err);
}

static void writer_free(void *object) {
    weir_free(object);
}

static weir_status sink_commit(void *object, const weir_epoch *epoch, const weir_slice *handles,
                               size_t n, weir_load_counts *counts, weir_error *err) {
    sink *s = object;
    (void)epoch;
    if (s->config->fail_commit) return weir_error_set(err, WEIR_IO, "the target went away");
    for (size_t i = 0; i < n; i++) {
        char text[32];
        snprintf(text, sizeof text, "%.*s", (int)handles[i].size, handles[i].data);
        counts->inserted += strtoull(text, NULL, 10);
    }
    test_sink_log *log = s->config->log;
    for (size_t i = 0; i < s->n; i++) keep(&log->rows, &log->n, &log->capacity, s->rows[i]);
    s->n = 0;
    log->epochs++;
    return WEIR_OK;
}

static weir_status sink_abort(void *object, const weir_epoch *epoch, const weir_slice *handles,
                              size_t n, weir_error *err) {
    sink *s = object;
    (void)epoch;
    (void)handles;
    (void)n;
    (void)err;
    s->n = 0;
    s->config->log->aborted++;
    return WEIR_OK;
}

static weir_status sink_recover(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, const weir_slice *handles, size_t n,
                                weir_load_counts *counts, weir_recovery *out, weir_error *err) {
    (void)request;
    (void)env;
    (void)epoch;
    (void)handles;
    (void)n;
    (void)counts;
    (void)err;
    *out = WEIR_RECOVER_LOST; /* it remembers nothing from another process */
    return WEIR_OK;
}

static weir_status sink_discard(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, weir_error *err) {
    (void)request;
    (void)env;
    (void)epoch;
    (void)err;
    return WEIR_OK;
}

static const weir_sink_ops sink_ops = {.open = sink_open,
                                       .begin = sink_begin,
                                       .writer_new = writer_new,
                                       .write = sink_write,
                                       .prepare = sink_prepare,
                                       .writer_free = writer_free,
                                       .commit = sink_commit,
                                       .abort = sink_abort,
                                       .recover = sink_recover,
                                       .discard = sink_discard,
                                       .close = sink_close};

const weir_connector test_sink_one = {.abi = WEIR_CONNECTOR_ABI,
                                      .struct_size = sizeof(weir_connector),
                                      .name = "log",
                                      .summary = "test",
                                      .roles = WEIR_ROLE_SINK,
                                      .caps = WEIR_CAP_SINGLE_WRITER,
                                      .modes = 1u << WEIR_MODE_APPEND,
                                      .sink = &sink_ops};
const weir_connector test_sink_many = {.abi = WEIR_CONNECTOR_ABI,
                                       .struct_size = sizeof(weir_connector),
                                       .name = "logs",
                                       .summary = "test",
                                       .roles = WEIR_ROLE_SINK,
                                       .modes = 1u << WEIR_MODE_APPEND,
                                       .sink = &sink_ops};
