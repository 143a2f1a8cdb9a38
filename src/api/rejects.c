#include "api/rejects.h"

#include <unistd.h>

#include "api/api.h"
#include "base/clock.h"
#include "connect/file/file.h"
#include "reject/reject.h"
#include "spec/yaml.h"

/* How the state writes its sets: nothing of it is to be found out, whatever raw records look like.
 */
static const char own_dialect[] = "{ delimiter: \",\", quote: '\"', escape: none, comment: none, "
                                  "header: true, skip: 0, units: 0, skip_footer: 0, newline: lf }";

/* ---- a reader of one set -------------------------------------------------------------------- */

struct weir_reject_reader {
    const weir_source_ops *ops;
    void *source, *decoder;
    weir_splits splits;
    weir_schema *schema;
    weir_opt_columns columns;
    weir_file_source_config config;
    const char *paths[1];
    weir_packet packet;
    bool begun, in_packet;
    weir_arena arena, scratch;
    weir_ctx ctx;
    weir_diags diags;
};

void weir_reject_reader_free(weir_reject_reader *r) {
    if (!r) return;
    weir_error ignored;
    if (r->decoder) r->ops->decoder_free(r->decoder);
    weir_packet_clear(&r->packet);
    if (r->begun && r->ops->split_end(r->source, true, &ignored) != WEIR_OK)
        ignored.status = WEIR_OK;
    if (r->source) r->ops->close(r->source);
    weir_schema_release(r->schema);
    weir_splits_clear(&r->splits);
    weir_diags_clear(&r->diags);
    weir_arena_clear(&r->scratch);
    weir_arena_clear(&r->arena);
    weir_free(r);
}

/* Every column of the set with its type: nothing is inferred. */
static weir_status declare(weir_reject_reader *r, weir_error *err) {
    weir_schema *s = NULL;
    weir_status status = weir_reject_schema(&s, err);
    if (status != WEIR_OK) return status;
    r->columns.n = s->n_fields;
    r->columns.items = weir_arena_zero(&r->arena, s->n_fields, sizeof *r->columns.items);
    for (uint32_t i = 0; r->columns.items && i < s->n_fields; i++) {
        weir_opt_column *c = &r->columns.items[i];
        c->name = weir_arena_strdup(&r->arena, s->fields[i].name);
        c->type = s->fields[i].type->name;
        if (!c->name) status = weir_error_nomem(err);
    }
    if (!r->columns.items) status = weir_error_nomem(err);
    weir_schema_release(s);
    return status;
}

weir_status weir_reject_reader_new(const char *path, const weir_env *env, weir_reject_reader **out,
                                   weir_error *err) {
    weir_reject_reader *r = weir_alloc_zero(1, sizeof *r);
    if (!r) return weir_error_nomem(err);
    const weir_format *csv = weir_format_find("csv");
    weir_node *dialect = NULL;
    weir_status status;
    r->ops = weir_connector_find("file")->source;
    r->paths[0] = path;
    r->config.path = (weir_opt_strings){1, r->paths};
    r->config.compression = WEIR_FILE_NONE;
    r->config.encoding = "utf-8";
    r->ctx = (weir_ctx){.ledger = env->ledger,
                        .scratch = &r->scratch,
                        .cancel = env->cancel,
                        .now_us = env->now_us};
    weir_diags_init(&r->diags, path);
    WEIR_TRY(declare(r, err));
    void *format_config = weir_arena_zero(&r->arena, 1, csv->read_config_size + 1);
    if (!format_config) status = weir_error_nomem(err);
    if (status != WEIR_OK) goto out;
    WEIR_TRY(weir_yaml_parse(weir_slice_of(own_dialect), NULL, &r->arena, &r->diags, &dialect));
    WEIR_TRY(weir_option_bind(csv->read_options, dialect, format_config, &r->arena, &r->diags));
    weir_source_request request = {.config = &r->config,
                                   .format = csv,
                                   .format_config = format_config,
                                   .columns = &r->columns,
                                   .infer = WEIR_INFER_NONE};
    WEIR_TRY(r->ops->open(&request, env, &r->source, err));
    WEIR_TRY(r->ops->enumerate(r->source, &r->splits, err));
    WEIR_TRY(r->ops->schema(r->source, &r->splits, &r->schema, err));
    WEIR_TRY(r->ops->decoder_new(r->source, r->schema, &r->ctx, &r->decoder, err));
    WEIR_TRY(r->ops->split_begin(r->source, &r->splits.items[0], 0, err));
    r->begun = true;
    *out = r;
    return WEIR_OK;
out:
    /* the dialect's parser says nothing of its own when memory is short */
    if (status == WEIR_RESOURCE && err && err->status == WEIR_OK) status = weir_error_nomem(err);
    weir_reject_reader_free(r);
    return status;
}

weir_status weir_reject_reader_next(weir_reject_reader *r, weir_batch **out, weir_error *err) {
    weir_status status = WEIR_OK;
    *out = NULL;
    for (;;) {
        if (r->in_packet) {
            weir_arena_reset(&r->scratch);
            WEIR_TRY(r->ops->decode_next(r->decoder, &r->ctx, out, err));
            if (*out) break;
            weir_packet_clear(&r->packet);
            r->in_packet = false;
        }
        weir_read_result result = WEIR_READ_END;
        WEIR_TRY(r->ops->read(r->source, &r->packet, &result, err));
        if (result == WEIR_READ_END) break;
        WEIR_TRY(r->ops->decode_begin(r->decoder, &r->packet, err));
        r->in_packet = true;
    }
out:
    return status;
}

weir_status weir_rejects_read(const char *path, const weir_env *env,
                              weir_status (*see)(void *to, const weir_batch *rejects,
                                                 weir_error *err),
                              void *to, weir_error *err) {
    weir_reject_reader *r = NULL;
    weir_status status = weir_reject_reader_new(path, env, &r, err);
    while (status == WEIR_OK) {
        weir_batch *b = NULL;
        status = weir_reject_reader_next(r, &b, err);
        if (status != WEIR_OK || !b) break;
        status = see(to, b, err);
        weir_batch_free(b);
    }
    weir_reject_reader_free(r);
    return status;
}

/* Where a reject set stands now: its folder may have been moved or copied with its state.  NULL =
 * out of memory. */
static const char *place_of_set(weir_session *s, const char *stored) {
    const char *name = stored + strlen(stored);
    for (int parts = 0; name > stored && parts < 3;) parts += *--name == '/';
    if (!s->pipeline || !s->pipeline->state_path || strncmp(name, "/rejects/", 9) != 0)
        return stored;
    const char *path = weir_arena_printf(&s->arena, "%s%s", s->pipeline->state_path, name);
    return !path || access(path, F_OK) == 0 ? path : stored;
}

weir_status weir_api_rejects_read(weir_session *s, const char *path,
                                  weir_status (*see)(void *context, const weir_batch *batch,
                                                     weir_error *err),
                                  void *context, weir_error *err) {
    weir_ledger ledger;
    weir_ledger_init(&ledger, "rejects", WEIR_DEFAULT_MEMORY_BYTES, NULL);
    weir_env env = {.folder = ".",
                    .pipeline = "",
                    .step = "",
                    .run_id = "",
                    .arena = &s->arena,
                    .ledger = &ledger,
                    .cancel = &s->cancel,
                    .threads = 1,
                    .memory_bytes = WEIR_DEFAULT_MEMORY_BYTES};
    path = place_of_set(s, path);
    if (!path) return weir_error_nomem(err);
    return weir_rejects_read(path, &env, see, context, err);
}

/* ---- replay: the run ------------------------------------------------------------------------ */

/* One open reject set as the state knows it. */
typedef struct reject_set {
    const char *path, *schema, *run, *step;
} reject_set;
typedef struct reject_sets {
    size_t n, capacity;
    reject_set *items;
} reject_sets;

static const char *text_of(weir_session *s, const weir_batch *b, const char *name, uint32_t row) {
    int f = weir_schema_find(b->schema, name, strlen(name));
    if (f < 0 || weir_column_is_null(b->columns[f], row)) return "";
    weir_slice v = weir_column_slice(b->columns[f], row);
    return weir_arena_strndup(&s->arena, v.data, v.size);
}

/* Adds the open reject sets of a step (of one run, or of all). */
static weir_status find_sets(weir_session *s, const char *step, const char *run_id,
                             reject_sets *out, weir_error *err) {
    weir_state_filter filter = {.pipeline = s->pipeline->name,
                                .step = step,
                                .status = "open",
                                .run_id = run_id,
                                .limit = 10000};
    weir_state_result found = {0};
    weir_status status = weir_state_query(s->state, WEIR_STATE_REJECTS, &filter, NULL, &found, err);
    for (size_t i = 0; status == WEIR_OK && i < found.n; i++)
        for (uint32_t r = 0; status == WEIR_OK && r < found.batches[i]->length; r++) {
            const weir_batch *b = found.batches[i];
            reject_set x = {text_of(s, b, "path", r), text_of(s, b, "source", r),
                            text_of(s, b, "run_id", r), step};
            status = weir_grow((void **)&out->items, &out->capacity, out->n + 1, sizeof *out->items,
                               1u << 20, err);
            if (status == WEIR_OK && (!x.path || !x.schema || !x.run))
                status = weir_error_nomem(err);
            if (status == WEIR_OK) out->items[out->n++] = x;
        }
    weir_state_result_clear(&found);
    return status;
}

/* Whether a run was killed and none has ended since: the next replay completes it.  What it
 * rejected once more is not its own input. */
static weir_status still_open(weir_session *s, const char *run_id, bool *open, weir_error *err) {
    weir_state_filter filter = {.pipeline = s->pipeline->name, .newest_first = true, .limit = 1000};
    weir_state_result found = {0};
    bool more = true;
    *open = false;
    weir_status status = weir_state_query(s->state, WEIR_STATE_RUNS, &filter, NULL, &found, err);
    for (size_t i = 0; status == WEIR_OK && more && !*open && i < found.n; i++)
        for (uint32_t r = 0; more && !*open && r < found.batches[i]->length; r++) {
            weir_slice ended = weir_state_text(found.batches[i], "status", r);
            more = weir_slice_is(ended, "interrupted") || weir_slice_is(ended, "running");
            *open = more && weir_slice_is(weir_state_text(found.batches[i], "run_id", r), run_id);
        }
    weir_state_result_clear(&found);
    return status;
}

/* The sets of what a step's replays rejected once more; those of a replay that was killed wait
 * until it is complete. */
static weir_status find_replayed_sets(weir_session *s, const char *name, const char *run_id,
                                      reject_sets *out, weir_error *err) {
    size_t n = out->n;
    weir_status status = find_sets(s, name, run_id, out, err);
    for (size_t i = n, end = out->n; status == WEIR_OK && i < end; i++) {
        bool open = false;
        if (!run_id) status = still_open(s, out->items[i].run, &open, err);
        out->items[n] = out->items[i];
        n += !open;
    }
    if (status == WEIR_OK) out->n = n;
    return status;
}

/* A replay runs under a name of its own, so that its epochs, files and recovery never mix with the
 * step's; what it rejects again can be replayed again. */
static char *replay_name(weir_session *s, const weir_step *step) {
    return weir_arena_printf(&s->arena, "%s.replay", step->name);
}

/* Replayed records come to those that are there: they never replace them. */
static weir_status keep_what_is_there(const weir_step *step, weir_sink_spec *sink,
                                      weir_error *err) {
    weir_load_mode mode = sink->request.mode;
    if (mode != WEIR_MODE_REPLACE && mode != WEIR_MODE_TRUNCATE) return WEIR_OK;
    const weir_node *path = weir_node_get(sink->node, "path");
    bool files = sink->connector->caps & WEIR_CAP_FORMATS;
    if (files && !(path && path->kind == WEIR_NODE_SCALAR && strstr(path->text, "{run_id}"))) {
        weir_error_set(err, WEIR_USAGE,
                       "a replay of step %s would replace its files by what was "
                       "rejected",
                       step->name);
        weir_error_hint(err,
                        "put {run_id} in the path of the sink, or mend the input and run again");
        return WEIR_USAGE;
    }
    sink->request.mode = WEIR_MODE_APPEND;
    return WEIR_OK;
}

/* The step with its source exchanged for the reject sets. */
static weir_status replay_step(weir_session *s, const weir_step *step, const reject_sets *sets,
                               weir_step *out, weir_error *err) {
    weir_replay_config *config = weir_arena_zero(&s->arena, 1, sizeof *config);
    const char **paths = weir_arena_zero(&s->arena, sets->n + 1, sizeof *paths);
    const char **schemas = weir_arena_zero(&s->arena, sets->n + 1, sizeof *schemas);
    char *name = replay_name(s, step);
    const char *folder = NULL;
    if (!config || !paths || !schemas || !name) return weir_error_nomem(err);
    weir_status found = weir_api_absolute(s, s->pipeline->folder, &folder, err);
    if (found != WEIR_OK) return found;
    size_t size = strlen(folder);
    for (size_t i = 0; i < sets->n; i++) {
        paths[i] = place_of_set(s, sets->items[i].path);
        if (!paths[i]) return weir_error_nomem(err);
        /* the ledger of what was replayed counts from the folder, too */
        if (strncmp(paths[i], folder, size) == 0 && paths[i][size] == '/') paths[i] += size + 1;
        schemas[i] = sets->items[i].schema;
    }
    *config = (weir_replay_config){.origin = step->flow.source.connector,
                                   .origin_request = step->flow.source.request,
                                   .n_sets = sets->n,
                                   .paths = paths,
                                   .schemas = schemas};
    *out = *step;
    out->name = name;
    out->n_needs = 0;
    out->flow.source.connector = &weir_replay_connector;
    out->flow.source.type = "rejects";
    out->flow.source.request.config = config;
    out->flow.source.incremental.by = WEIR_INCREMENTAL_FILES; /* a set is read once */
    out->flow.source.on_empty_ok = true;
    out->flow.rejects.has_sink = false;
    out->flow.rejects.max_ratio = 1;
    out->flow.rejects.max_rows = -1;
    if (step->flow.n_routes == 0) return keep_what_is_there(step, &out->flow.sink, err);
    size_t n = step->flow.n_routes;
    out->flow.routes = weir_arena_zero(&s->arena, n, sizeof *out->flow.routes);
    if (!out->flow.routes) return weir_error_nomem(err);
    for (size_t i = 0; i < n; i++) {
        out->flow.routes[i] = step->flow.routes[i];
        weir_status status = keep_what_is_there(step, &out->flow.routes[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status mark_replayed(weir_session *s, const reject_sets *sets, const char *by_run,
                                 weir_error *err) {
    for (size_t i = 0; i < sets->n; i++) {
        const reject_set *x = &sets->items[i];
        weir_status status = weir_state_reject_mark(s->state, x->run, x->step, x->path,
                                                    WEIR_REJECTS_REPLAYED, by_run, NULL, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Runs the changed pipeline and marks what went through. */
static weir_status replay_run(weir_session *s, weir_pipeline *changed, const reject_sets *sets,
                              const weir_api_run_options *options, weir_run_result *result,
                              weir_error *err) {
    weir_pipeline *own = s->pipeline;
    s->pipeline = changed;
    weir_status status = weir_api_run(s, options, result, err);
    s->pipeline = own;
    for (size_t i = 0; status == WEIR_OK && i < result->n_steps; i++) {
        weir_run_status ended = result->steps[i].status;
        if (ended != WEIR_RUN_OK && ended != WEIR_RUN_PARTIAL) continue;
        for (size_t k = 0; status == WEIR_OK && k < changed->n_steps; k++)
            if (strcmp(changed->steps[k].name, result->steps[i].step) == 0)
                status = mark_replayed(s, &sets[k], result->run_id, err);
    }
    return status;
}

weir_status weir_api_replay(weir_session *s, const char *run_id,
                            const weir_api_run_options *options, weir_run_result *result,
                            weir_error *err) {
    const weir_pipeline *own = s->pipeline;
    weir_pipeline changed = *own;
    weir_status status = WEIR_OK;
    size_t n = own->n_steps;
    reject_sets *sets = weir_alloc_zero(n + 1, sizeof *sets);
    changed.steps = weir_arena_zero(&s->arena, n + 1, sizeof *changed.steps);
    changed.order = weir_arena_zero(&s->arena, n + 1, sizeof *changed.order);
    changed.n_steps = 0;
    if (!sets || !changed.steps || !changed.order) {
        status = weir_error_nomem(err);
        goto out;
    }
    for (size_t i = 0; i < n; i++) {
        const weir_step *step = &own->steps[i];
        reject_sets *mine = &sets[changed.n_steps];
        char *name = replay_name(s, step);
        if (step->kind != WEIR_STEP_FLOW) continue;
        if (!name) {
            status = weir_error_nomem(err);
            goto out;
        }
        WEIR_TRY(find_sets(s, step->name, run_id, mine, err));
        WEIR_TRY(find_replayed_sets(s, name, run_id, mine, err));
        if (mine->n == 0) continue;
        WEIR_TRY(replay_step(s, step, mine, &changed.steps[changed.n_steps], err));
        changed.order[changed.n_steps] = changed.n_steps;
        changed.n_steps++;
    }
    if (changed.n_steps)
        status = replay_run(s, &changed, sets, options, result, err);
    else
        memset(result, 0, sizeof *result);
out:
    for (size_t i = 0; sets && i <= n; i++) weir_free(sets[i].items);
    weir_free(sets);
    return status;
}
