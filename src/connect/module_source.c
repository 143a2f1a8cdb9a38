/* A module's source: one split, read from its beginning; batches shared with the module's arrays.
 *
 * What `columns` declares is laid over the module's own columns: names, types (by casts checked by
 * value), what may not be null. */
#include "column/arrow.h"
#include "column/kernel.h"
#include "connect/module.h"
#include "text/time.h"

/* One field of the flow: the module's column behind it, and the cast between them. */
typedef struct field {
    const weir_opt_column *declared; /* NULL = as the module has it */
    weir_cast_options cast;
    const char *name;
    const weir_type *type;
    bool not_null;
} field;

typedef struct source {
    weir_source_request request;
    const weir_env *env;
    const weir_module_config *config;
    const weir_module_source *module;
    weir_module_context context;
    void *object; /* the module's */
    const char *name;
    struct ArrowSchema arrow;
    field *fields;
    uint32_t *columns;   /* of the module, for each field */
    weir_schema *given;  /* the module's columns */
    weir_schema *read;   /* what an array gives: the module's types under our names */
    weir_schema *schema; /* what the flow gets */
    weir_arrow_rows *rows;
    weir_arena scratch;
    uint64_t n_rows, sequence;
    bool opened, begun, ended;
} source;

static weir_status fault(source *s, const char *slot, weir_status status, weir_error *from,
                         weir_error *err) {
    return weir_module_fault(s->config, s->module->name, slot, status, from, err);
}

static void close_object(source *s) {
    if (s->opened) s->module->close(s->object);
    s->opened = false;
    s->object = NULL;
}

static weir_status open_object(source *s, weir_error *err) {
    weir_error own = {0};
    weir_status status = s->module->open(&s->context.run, &s->object, &own);
    s->opened = status == WEIR_OK;
    return fault(s, "open", status, &own, err);
}

static void source_close(void *object) {
    source *s = object;
    if (!s) return;
    weir_arrow_rows_free(s->rows);
    weir_arrow_release_schema(&s->arrow);
    close_object(s);
    weir_module_context_clear(&s->context);
    weir_schema_release(s->given);
    weir_schema_release(s->read);
    weir_schema_release(s->schema);
    weir_free(s->fields);
    weir_free(s->columns);
    weir_arena_clear(&s->scratch);
    weir_free(s);
}

static weir_status source_open(const weir_source_request *request, const weir_env *env, void **out,
                               weir_error *err) {
    source *s = weir_alloc_zero(1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    const weir_module_end *end = request->config;
    const weir_module *m = NULL;
    weir_status status;
    s->request = *request;
    s->env = env;
    s->config = request->connection;
    WEIR_TRY(weir_module_load_file(s->config, env, &m, err));
    WEIR_TRY(weir_module_find_source(m, end->connector, &s->module, err));
    WEIR_TRY(weir_module_context_init(&s->context, s->config, s->module->options,
                                      s->module->n_options, env, err));
    s->name = weir_arena_printf(env->arena, "%s:%s", s->config->path, s->module->name);
    if (!s->name) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(open_object(s, err));
    *out = s;
    return WEIR_OK;
out:
    if (err && !err->source[0]) weir_error_at(err, s->config->path, 0, 0);
    source_close(s);
    return status;
}

static weir_status source_enumerate(void *object, weir_splits *out, weir_error *err) {
    source *s = object;
    weir_split split = {.name = s->name};
    return weir_splits_add(out, &split, err);
}

/* ---- schema -------------------------------------------------------------------------------- */

static const weir_opt_column *declared(const source *s, const char *physical) {
    const weir_opt_columns *columns = s->request.columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const weir_opt_column *c = &columns->items[i];
        if (strcmp(c->from ? c->from : c->name, physical) == 0) return c;
    }
    return NULL;
}

static weir_status all_found(const source *s, const weir_schema *module, weir_error *err) {
    const weir_opt_columns *columns = s->request.columns;
    for (size_t i = 0; columns && i < columns->n; i++) {
        const char *want = columns->items[i].from ? columns->items[i].from : columns->items[i].name;
        if (weir_schema_find(module, want, strlen(want)) >= 0) continue;
        weir_error_set(err, WEIR_DATA, "columns: %s has no column %s", s->name, want);
        const char *near = weir_schema_nearest(module, want);
        if (near)
            weir_error_hint(err, "did you mean %s? from: names the column of the source", near);
        return WEIR_DATA;
    }
    if (s->request.metadata && s->request.metadata->n) {
        weir_error_set(err, WEIR_USAGE, "metadata: the records of a module have no address");
        weir_error_hint(err, "remove it");
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

static weir_status bind_field(source *s, const weir_field *from, field *f, weir_error *err) {
    const weir_opt_column *d = f->declared;
    *f = (field){.declared = d, .name = from->name, .type = from->type, .not_null = from->not_null};
    if (!d) return WEIR_OK;
    weir_status status = WEIR_OK;
    f->name = d->name;
    f->not_null = f->not_null || d->not_null;
    if (d->type) WEIR_TRY(weir_type_parse(d->type, &f->type, err));
    if (!weir_cast_known(from->type, f->type)) {
        weir_error_set(err, WEIR_USAGE,
                       "columns: %s is %s in the source, and no %s can be made of "
                       "that",
                       d->name, from->type->name, f->type->name);
        return WEIR_USAGE;
    }
    f->cast.zone = d->timezone;
    f->cast.ambiguous = !d->ambiguous || strcmp(d->ambiguous, "error") == 0 ? 0
                        : strcmp(d->ambiguous, "earlier") == 0              ? 1
                                                                            : 2;
    f->cast.n_nulls = d->nulls.n;
    f->cast.nulls = d->nulls.items;
    if (d->format)
        status = weir_time_program_compile(d->format, true, s->env->arena, &f->cast.format, err);
out:
    return status;
}

static weir_status bind_fields(source *s, const weir_schema *module, weir_error *err) {
    uint32_t n = 0;
    weir_field *read = weir_alloc_zero(module->n_fields + 1u, sizeof *read);
    weir_field *fields = weir_alloc_zero(module->n_fields + 1u, sizeof *fields);
    s->fields = weir_alloc_zero(module->n_fields + 1u, sizeof *s->fields);
    s->columns = weir_alloc_zero(module->n_fields + 1u, sizeof *s->columns);
    weir_status status = WEIR_OK;
    if (!read || !fields || !s->fields || !s->columns) {
        status = weir_error_nomem(err);
        goto out;
    }
    bool only = s->request.extra != WEIR_EXTRA_KEEP && s->request.columns && s->request.columns->n;
    for (uint32_t i = 0; i < module->n_fields; i++) {
        field *f = &s->fields[n];
        f->declared = declared(s, module->fields[i].name);
        if (!f->declared && only) continue;
        WEIR_TRY(bind_field(s, &module->fields[i], f, err));
        s->columns[n] = i;
        read[n] = (weir_field){f->name, module->fields[i].type, f->not_null};
        fields[n] = (weir_field){f->name, f->type, f->not_null};
        n++;
    }
    WEIR_TRY(weir_schema_new(read, n, &s->read, err));
    status = weir_schema_new(fields, n, &s->schema, err);
out:
    weir_free(read);
    weir_free(fields);
    return status;
}

/* Asks the open object for its columns. */
static weir_status ask_schema(source *s, struct ArrowSchema *arrow, weir_schema **out,
                              weir_error *err) {
    weir_error own = {0};
    weir_status status = s->module->schema(s->object, arrow, &own);
    status = fault(s, "schema", status, &own, err);
    return status == WEIR_OK ? weir_arrow_import_schema(arrow, out, err) : status;
}

static weir_status source_schema(void *object, const weir_splits *splits, weir_schema **out,
                                 weir_error *err) {
    source *s = object;
    (void)splits;
    weir_status status = WEIR_OK;
    if (!s->schema) {
        WEIR_TRY(ask_schema(s, &s->arrow, &s->given, err));
        WEIR_TRY(all_found(s, s->given, err));
        WEIR_TRY(bind_fields(s, s->given, err));
    }
    *out = weir_schema_retain(s->schema);
out:
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, s->config->path, 0, 0);
    return status;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* A second reading needs a second object, since a module's source runs once; its columns must be
 * the ones that everything behind was bound to. */
static weir_status begin_again(source *s, weir_error *err) {
    struct ArrowSchema arrow = {0};
    weir_schema *given = NULL;
    weir_status status;
    close_object(s);
    WEIR_TRY(open_object(s, err));
    WEIR_TRY(ask_schema(s, &arrow, &given, err));
    if (!weir_schema_equal(given, s->given)) {
        status = weir_error_set(err, WEIR_DATA, "%s has other columns than before", s->name);
        goto out;
    }
    weir_arrow_release_schema(&s->arrow);
    s->arrow = arrow;
    arrow.release = NULL;
out:
    weir_arrow_release_schema(&arrow);
    weir_schema_release(given);
    return status;
}

static weir_status split_begin(void *object, const weir_split *split, uint32_t number,
                               weir_error *err) {
    source *s = object;
    (void)split;
    (void)number;
    weir_arrow_rows_free(s->rows);
    s->rows = NULL;
    s->ended = false;
    s->n_rows = s->sequence = 0;
    if (s->begun) return begin_again(s, err);
    s->begun = true;
    return WEIR_OK;
}

static weir_status cast_batch(source *s, weir_batch *b, weir_ctx *ctx, weir_error *err) {
    uint32_t n = s->schema->n_fields;
    weir_rows rows = weir_rows_of(b);
    weir_column **columns = weir_alloc_zero(n + 1u, sizeof *columns);
    if (!columns) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < n; i++) {
        const field *f = &s->fields[i];
        if (b->columns[i]->type == f->type) {
            columns[i] = weir_column_retain(b->columns[i]);
            continue;
        }
        weir_failures *failures = NULL;
        WEIR_TRY(weir_batch_failures(b, &failures, err));
        weir_blame blame = {failures, "read", s->schema->fields[i].name, "type", false};
        WEIR_TRY(weir_cast(b->columns[i], f->type, rows, &f->cast, &blame, ctx, &columns[i], err));
    }
    WEIR_TRY(weir_batch_replace(b, s->schema, columns, err));
    weir_free(columns);
    return WEIR_OK;
out:
    for (uint32_t i = 0; i < n; i++) weir_column_release(columns[i]);
    weir_free(columns);
    return status;
}

static weir_status finish_batch(source *s, weir_batch *b, weir_ctx *ctx, weir_error *err) {
    weir_status status = cast_batch(s, b, ctx, err);
    weir_arena_reset(&s->scratch);
    b->origin.sequence = s->sequence++;
    b->origin.first_row = s->n_rows;
    s->n_rows += b->length;
    return status;
}

/* The next array of the module, until one has rows; s->rows stays NULL at the end. */
static weir_status next_array(source *s, weir_error *err) {
    struct ArrowArray array = {0};
    weir_error own = {0};
    if (weir_cancel_requested(s->env->cancel))
        return weir_error_set(err, WEIR_CANCELLED, "stopped on request");
    weir_status status = s->module->next(s->object, &array, &own);
    status = fault(s, "next", status, &own, err);
    if (status == WEIR_OK && !array.release) {
        s->ended = true;
        return WEIR_OK;
    }
    if (status == WEIR_OK)
        status = weir_arrow_rows_new(&s->arrow, &array, s->read, s->columns, &s->rows, err);
    if (status != WEIR_OK) weir_arrow_release_array(&array);
    return status;
}

static weir_status source_read(void *object, weir_packet *out, weir_read_result *result,
                               weir_error *err) {
    source *s = object;
    weir_status status = WEIR_OK;
    weir_batch *b = NULL;
    weir_ctx ctx = {.ledger = s->env->ledger,
                    .scratch = &s->scratch,
                    .cancel = s->env->cancel,
                    .now_us = s->env->now_us};
    *result = WEIR_READ_END;
    while (!s->ended) {
        if (!s->rows) WEIR_TRY(next_array(s, err));
        if (!s->rows) continue;
        WEIR_TRY(weir_arrow_rows_next(s->rows, &ctx, &b, err));
        if (b) break;
        weir_arrow_rows_free(s->rows);
        s->rows = NULL;
    }
    if (!b) goto out;
    status = finish_batch(s, b, &ctx, err);
    if (status != WEIR_OK) {
        weir_batch_free(b);
        goto out;
    }
    out->batch = b;
    *result = WEIR_READ_PACKET;
out:
    if (status != WEIR_OK && err && !err->source[0]) weir_error_at(err, s->name, 0, 0);
    return status;
}

static weir_status split_end(void *object, bool aborted, weir_error *err) {
    source *s = object;
    (void)aborted;
    (void)err;
    weir_arrow_rows_free(s->rows);
    s->rows = NULL;
    return WEIR_OK;
}

static void source_cancel(void *object) {
    source *s = object;
    if (s->module->cancel && s->opened) s->module->cancel(s->object);
}

const weir_source_ops weir_module_source_ops = {.open = source_open,
                                                .enumerate = source_enumerate,
                                                .schema = source_schema,
                                                .split_begin = split_begin,
                                                .read = source_read,
                                                .split_end = split_end,
                                                .cancel = source_cancel,
                                                .close = source_close};
