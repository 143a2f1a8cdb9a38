/* A module's sink: one writer; batches go out as dense Arrow arrays, refused rows come back.
 *
 * The handle of an epoch is ours around the module's: how many rows it accepted, so that commit and
 * recover can say what became of them. */
#include "column/arrow.h"
#include "connect/module.h"

#define HANDLE_MAGIC "WMH1"
#define HANDLE_HEAD 12u

typedef struct sink {
    const weir_env *env;
    const weir_module_config *config;
    const weir_module_sink *module;
    weir_module_context context;
    weir_module_load load;
    void *object; /* the module's */
    bool opened;
    weir_schema *schema;
    uint64_t rows; /* accepted in this epoch */
} sink;

static weir_status fault(const sink *s, const char *slot, weir_status status, weir_error *from,
                         weir_error *err) {
    return weir_module_fault(s->config, s->module->name, slot, status, from, err);
}

/* ---- opening ------------------------------------------------------------------------------- */

static uint32_t mode_bit(weir_load_mode mode) {
    switch (mode) {
    case WEIR_MODE_APPEND: return WEIR_MODULE_APPEND;
    case WEIR_MODE_REPLACE: return WEIR_MODULE_REPLACE;
    case WEIR_MODE_TRUNCATE: return WEIR_MODULE_TRUNCATE;
    case WEIR_MODE_UPSERT: return WEIR_MODULE_UPSERT;
    default: return 0;
    }
}

static void sink_clear(sink *s) {
    if (s->opened) s->module->close(s->object);
    weir_module_context_clear(&s->context);
    weir_schema_release(s->schema);
}

/* Everything up to the module's own open; what recover and discard need, too.  s is zeroed. */
static weir_status sink_prepare_context(sink *s, const weir_sink_request *request,
                                        const weir_env *env, weir_error *err) {
    const weir_module_end *end = request->config;
    const weir_module *m = NULL;
    weir_status status;
    s->env = env;
    s->config = request->connection;
    WEIR_TRY(weir_module_load_file(s->config, env, &m, err));
    WEIR_TRY(weir_module_find_sink(m, end->connector, &s->module, err));
    WEIR_TRY(weir_module_context_init(&s->context, s->config, s->module->options,
                                      s->module->n_options, env, err));
    s->load = (weir_module_load){.struct_size = sizeof s->load,
                                 .mode = (weir_module_mode)mode_bit(request->mode),
                                 .n_key = request->key.n,
                                 .key = request->key.items,
                                 .version = request->version};
    if (!(s->module->modes & (uint32_t)s->load.mode)) {
        status = weir_error_set(err, WEIR_USAGE, "%s of the module does not offer mode %s",
                                s->module->name, weir_load_mode_names[request->mode]);
        goto out;
    }
out:
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, s->config->path, 0, 0);
    return status;
}

static weir_status check_columns(const weir_sink_request *r, const weir_schema *schema,
                                 weir_error *err) {
    for (size_t i = 0; i <= r->key.n; i++) {
        const char *name = i < r->key.n ? r->key.items[i] : r->version;
        if (!name || weir_schema_find(schema, name, strlen(name)) >= 0) continue;
        weir_error_set(err, WEIR_USAGE, "%s: there is no column %s",
                       i < r->key.n ? "key" : "version", name);
        const char *near = weir_schema_nearest(schema, name);
        if (near) weir_error_hint(err, "did you mean %s?", near);
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

static weir_status give_schema(sink *s, weir_error *err) {
    struct ArrowSchema arrow = {0};
    weir_error own = {0};
    weir_status status = weir_arrow_export_schema(s->schema, NULL, &arrow, err);
    if (status != WEIR_OK) return status;
    status = s->module->schema(s->object, &arrow, &own);
    weir_arrow_release_schema(&arrow);
    return fault(s, "schema", status, &own, err);
}

static void sink_close(void *object) {
    sink *s = object;
    if (!s) return;
    sink_clear(s);
    weir_free(s);
}

static weir_status sink_open(const weir_sink_request *request, const weir_env *env,
                             weir_schema *schema, void **out, weir_error *err) {
    sink *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    weir_error own = {0};
    weir_status status;
    WEIR_TRY(sink_prepare_context(s, request, env, err));
    WEIR_TRY(check_columns(request, schema, err));
    s->schema = weir_schema_retain(schema);
    status = s->module->open(&s->context.run, &s->load, &s->object, &own);
    s->opened = status == WEIR_OK;
    WEIR_TRY(fault(s, "open", status, &own, err));
    WEIR_TRY(give_schema(s, err));
    *out = s;
    return WEIR_OK;
out:
    if (err && !err->source[0]) weir_error_at(err, s->config->path, 0, 0);
    sink_close(s);
    return status;
}

static weir_status sink_plan(void *object, weir_buf *out, weir_error *err) {
    sink *s = object;
    return weir_buf_printf(out, "load into %s of module %s\n", s->module->name, s->config->path)
               ? WEIR_OK
               : weir_error_nomem(err);
}

/* ---- writing ------------------------------------------------------------------------------- */

static weir_module_epoch epoch_of(const weir_epoch *epoch) {
    return (weir_module_epoch){
        .struct_size = sizeof(weir_module_epoch), .number = epoch->number, .token = epoch->token};
}

static weir_status sink_begin(void *object, const weir_epoch *epoch, weir_error *err) {
    sink *s = object;
    weir_error own = {0};
    weir_module_epoch e = epoch_of(epoch);
    s->rows = 0;
    return fault(s, "begin", s->module->begin(s->object, &e, &own), &own, err);
}

static weir_status writer_new(void *object, uint32_t number, weir_ctx *ctx, void **out,
                              weir_error *err) {
    (void)number;
    (void)ctx;
    (void)err;
    *out = object; /* the one writer is the sink */
    return WEIR_OK;
}

static void writer_free(void *writer) {
    (void)writer;
}

/* Where refused rows of one write go. */
typedef struct refusing {
    weir_module_refusals table; /* first: what the module sees */
    sink *s;
    weir_batch *batch;
    uint64_t n;
    weir_status status;
    weir_error err;
} refusing;

static void refuse(const weir_module_refusals *refusals, uint64_t row, const char *name,
                   const char *reason) {
    refusing *r = (refusing *)(uintptr_t)refusals->reserved;
    if (r->status != WEIR_OK) return;
    if (row >= r->batch->n_selected) {
        r->status = weir_error_set(&r->err, WEIR_INTERNAL, "it refused row %llu of %u",
                                   (unsigned long long)row, r->batch->n_selected);
        return;
    }
    weir_failures *failures = NULL;
    uint32_t at = weir_batch_row(r->batch, (uint32_t)row);
    int field = name ? weir_schema_find(r->s->schema, name, strlen(name)) : -1;
    weir_slice text = weir_slice_of(reason && *reason ? reason : "the target refused the record");
    r->status = weir_batch_failures(r->batch, &failures, &r->err);
    if (r->status != WEIR_OK) return;
    r->n += !weir_failures_bad(failures, at);
    r->status =
        weir_failures_add(failures, at, "load", field >= 0 ? r->s->schema->fields[field].name : "",
                          "refused", &r->err, "%.*s", weir_clip(text), text.data);
}

static weir_status sink_write(void *writer, weir_ctx *ctx, weir_piece *piece, weir_error *err) {
    sink *s = writer;
    struct ArrowArray array = {0};
    weir_error own = {0};
    refusing r = {.s = s, .batch = piece->batch};
    r.table = (weir_module_refusals){.refuse = refuse, .reserved = &r};
    weir_status status = weir_arrow_export_batch(piece->batch, NULL, ctx, NULL, &array, err);
    if (status != WEIR_OK) return status;
    status = s->module->write(s->object, &array, &r.table, &own);
    weir_arrow_release_array(&array);
    if (status == WEIR_OK && r.status != WEIR_OK) {
        status = r.status;
        own = r.err;
    }
    if (status == WEIR_OK) s->rows += piece->batch->n_selected - r.n;
    return fault(s, "write", status, &own, err);
}

static weir_status sink_prepare(void *writer, weir_buf *handle, weir_error *err) {
    sink *s = writer;
    weir_error own = {0};
    weir_module_bytes bytes = {0};
    weir_status status = s->module->prepare(s->object, &bytes, &own);
    if (status == WEIR_OK && (bytes.size > WEIR_MODULE_HANDLE_MAX || (bytes.size && !bytes.data)))
        status = weir_error_set(&own, WEIR_INTERNAL, "its handle is of %zu bytes", bytes.size);
    status = fault(s, "prepare", status, &own, err);
    if (status != WEIR_OK) return status;
    char rows[8];
    for (int i = 0; i < 8; i++) rows[i] = (char)(s->rows >> (8 * i));
    bool ok = weir_buf_add(handle, HANDLE_MAGIC, 4) && weir_buf_add(handle, rows, 8) &&
              (bytes.size == 0 || weir_buf_add(handle, bytes.data, bytes.size));
    return ok ? WEIR_OK : weir_error_nomem(err);
}

/* ---- the end of an epoch ------------------------------------------------------------------- */

/* The rows and the module's bytes of the one handle there is. */
static weir_status open_handle(const weir_slice *handles, size_t n, uint64_t *rows,
                               weir_module_bytes *bytes, weir_error *err) {
    if (n != 1 || handles->size < HANDLE_HEAD || memcmp(handles->data, HANDLE_MAGIC, 4) != 0)
        return weir_error_set(err, WEIR_INTERNAL,
                              "the stored handle is damaged or of another "
                              "version");
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v |= (uint64_t)(uint8_t)handles->data[4 + i] << (8 * i);
    *rows = v;
    *bytes = (weir_module_bytes){handles->data + HANDLE_HEAD, handles->size - HANDLE_HEAD};
    return WEIR_OK;
}

static void add_counts(weir_load_counts *to, const weir_module_counts *from) {
    to->inserted += from->inserted;
    to->updated += from->updated;
    to->unchanged += from->unchanged;
    to->stale += from->stale;
    to->bytes += from->bytes;
}

static weir_status sink_commit(void *object, const weir_epoch *epoch, const weir_slice *handles,
                               size_t n, weir_load_counts *counts, weir_error *err) {
    sink *s = object;
    weir_error own = {0};
    weir_module_bytes bytes = {0};
    weir_module_counts c = {0};
    weir_module_epoch e = epoch_of(epoch);
    weir_status status = open_handle(handles, n, &c.inserted, &bytes, err);
    if (status != WEIR_OK) return status;
    status = fault(s, "commit", s->module->commit(s->object, &e, &bytes, &c, &own), &own, err);
    if (status == WEIR_OK) add_counts(counts, &c);
    return status;
}

static weir_status sink_abort(void *object, const weir_epoch *epoch, const weir_slice *handles,
                              size_t n, weir_error *err) {
    sink *s = object;
    (void)handles;
    (void)n;
    weir_error own = {0};
    weir_module_epoch e = epoch_of(epoch);
    return fault(s, "abort", s->module->abort(s->object, &e, &own), &own, err);
}

static weir_status sink_recover(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, const weir_slice *handles, size_t n,
                                weir_load_counts *counts, weir_recovery *out, weir_error *err) {
    sink s = {0};
    weir_error own = {0};
    weir_module_bytes bytes = {0};
    weir_module_counts c = {0};
    weir_module_epoch e = epoch_of(epoch);
    bool done = false;
    weir_status status;
    WEIR_TRY(sink_prepare_context(&s, request, env, err));
    WEIR_TRY(open_handle(handles, n, &c.inserted, &bytes, err));
    status = s.module->recover(&s.context.run, &s.load, &e, &bytes, &c, &done, &own);
    WEIR_TRY(fault(&s, "recover", status, &own, err));
    *out = done ? WEIR_RECOVER_DONE : WEIR_RECOVER_LOST;
    if (done) add_counts(counts, &c);
out:
    sink_clear(&s);
    return status;
}

static weir_status sink_discard(const weir_sink_request *request, const weir_env *env,
                                const weir_epoch *epoch, weir_error *err) {
    sink s = {0};
    weir_error own = {0};
    weir_module_epoch e = epoch_of(epoch);
    weir_status status;
    WEIR_TRY(sink_prepare_context(&s, request, env, err));
    status = s.module->discard(&s.context.run, &s.load, &e, &own);
    status = fault(&s, "discard", status, &own, err);
out:
    sink_clear(&s);
    return status;
}

static void sink_cancel(void *object) {
    sink *s = object;
    if (s->module->cancel) s->module->cancel(s->object);
}

const weir_sink_ops weir_module_sink_ops = {.open = sink_open,
                                            .plan = sink_plan,
                                            .begin = sink_begin,
                                            .writer_new = writer_new,
                                            .write = sink_write,
                                            .prepare = sink_prepare,
                                            .writer_free = writer_free,
                                            .commit = sink_commit,
                                            .abort = sink_abort,
                                            .recover = sink_recover,
                                            .discard = sink_discard,
                                            .cancel = sink_cancel,
                                            .close = sink_close};
