#include "api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "connect/file/file.h"
#include "format/format.h"
#include "transform/transform.h"
#include "validate/validate.h"

/* ---- session and registry ------------------------------------------------------------------ */

void weir_session_init(weir_session *s) {
    memset(s, 0, sizeof *s);
}

void weir_session_clear(weir_session *s) {
    weir_state_close(s->state);
    weir_diags_clear(&s->diags);
    weir_arena_clear(&s->arena);
    memset(s, 0, sizeof *s);
}

const weir_spec_registry *weir_api_registry(void) {
    static const weir_operator_kind *const *const operators[] = {weir_transform_kinds,
                                                                 weir_validate_kinds, NULL};
    static const weir_spec_registry registry = {.connectors = weir_connectors,
                                                .formats = weir_formats,
                                                .operators = operators,
                                                .features = WEIR_SPEC_PARAMS};
    return &registry;
}

/* ---- loading ------------------------------------------------------------------------------- */

weir_status weir_api_load(weir_session *s, const char *path, const weir_spec_params *params,
                          weir_error *err) {
    weir_spec_options options = {0};
    if (params) options.params = *params;
    weir_diags_init(&s->diags, path);
    return weir_pipeline_load_file(path, weir_api_registry(), &options, &s->arena, &s->diags,
                                   &s->pipeline, err);
}

weir_status weir_api_load_copy(weir_session *s, const char *source, const char *target,
                               const weir_copy_options *options, weir_error *err) {
    weir_diags_init(&s->diags, "weir copy");
    return weir_pipeline_from_copy(source, target, options, weir_api_registry(), &s->arena,
                                   &s->diags, &s->pipeline, err);
}

/* Paths below the state are used from connectors, whose relative paths count from the pipeline's
 * folder: so the state's own path is made absolute. */
static weir_status absolute(weir_session *s, const char *path, const char **out, weir_error *err) {
    char here[4096];
    if (path[0] == '/') {
        *out = path;
        return WEIR_OK;
    }
    if (!getcwd(here, sizeof here))
        return weir_error_errno(err, errno, "cannot find the working folder");
    *out = weir_arena_printf(&s->arena, "%s/%s", here, path);
    return *out ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_api_open_state(weir_session *s, bool create, weir_error *err) {
    weir_status status = absolute(s, s->pipeline->state_path, &s->pipeline->state_path, err);
    if (status != WEIR_OK) return status;
    return weir_state_open(s->pipeline->state_path, create, &s->state, err);
}

weir_status weir_api_open_state_at(weir_session *s, const char *folder, weir_error *err) {
    return weir_state_open(folder, false, &s->state, err);
}

/* ---- running ------------------------------------------------------------------------------- */

/* The state folder's reject set: a CSV file a run and step, made only when there is a reject. */
static weir_status reject_sink(void *context, weir_arena *arena, const char *run_id,
                               const char *step, weir_flow_sink *out, const char **path,
                               const char **format, weir_error *err) {
    weir_session *s = context;
    const weir_format *csv = weir_format_find("csv");
    weir_file_sink_config *config = weir_arena_zero(arena, 1, sizeof *config);
    void *csv_config = weir_arena_zero(arena, 1, csv->write_config_size + 1);
    const char *state = s->pipeline->state_path;
    /* for the sink a pattern, so that recovery finds the folder of a dead run */
    char *pattern = weir_arena_printf(arena, "%s/rejects/{run_id}/%s.csv", state, step);
    *path = weir_arena_printf(arena, "%s/rejects/%s/%s.csv", state, run_id, step);
    if (!config || !csv_config || !*path || !pattern) return weir_error_nomem(err);
    weir_status status = weir_option_bind(csv->write_options, NULL, csv_config, arena, &s->diags);
    if (status != WEIR_OK) return weir_error_set(err, status, "cannot set up the reject store");
    *config =
        (weir_file_sink_config){.path = pattern, .compression = WEIR_FILE_NONE, .skip_empty = true};
    *out = (weir_flow_sink){.connector = weir_connector_find("file"), .name = "reject_store"};
    out->request = (weir_sink_request){.config = config,
                                       .format = csv,
                                       .format_config = csv_config,
                                       .mode = WEIR_MODE_REPLACE,
                                       .keep_order = true};
    *format = "csv";
    return WEIR_OK;
}

static weir_status find_steps(weir_session *s, const weir_api_run_options *o, size_t **out,
                              weir_error *err) {
    *out = weir_arena_zero(&s->arena, o->n_steps + 1, sizeof **out);
    if (!*out) return weir_error_nomem(err);
    for (size_t i = 0; i < o->n_steps; i++) {
        (*out)[i] = weir_pipeline_find_step(s->pipeline, o->steps[i]);
        if ((*out)[i] != SIZE_MAX) continue;
        weir_error_set(err, WEIR_USAGE, "there is no step %s in %s", o->steps[i],
                       s->pipeline->file);
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

weir_status weir_api_run(weir_session *s, const weir_api_run_options *options,
                         weir_run_result *result, weir_error *err) {
    size_t *steps = NULL;
    weir_status status;
    WEIR_TRY(find_steps(s, options, &steps, err));
    WEIR_TRY(weir_api_check(s, options->n_steps, steps, err));
    if (!s->state) WEIR_TRY(weir_api_open_state(s, true, err));
    weir_run_request q = {.pipeline = s->pipeline,
                          .state = s->state,
                          .cancel = &s->cancel,
                          .trigger = options->trigger ? options->trigger : "manual",
                          .version = weir_version(),
                          .n_steps = options->n_steps,
                          .steps = steps,
                          .full_refresh = options->full_refresh,
                          .reject_sink = reject_sink,
                          .reject_context = s,
                          .progress = options->progress,
                          .progress_context = options->progress_context};
    status = weir_run(&q, &s->arena, &s->diags, result, err);
out:
    return status;
}

/* ---- plan ---------------------------------------------------------------------------------- */

static weir_status put_schema(weir_buf *out, const weir_schema *s, weir_error *err) {
    for (uint32_t i = 0; i < s->n_fields; i++)
        if (!weir_buf_printf(out, "    %s %s%s\n", s->fields[i].name, s->fields[i].type->name,
                             s->fields[i].not_null ? "!" : ""))
            return weir_error_nomem(err);
    return WEIR_OK;
}

static weir_status plan_step(weir_session *s, const weir_step *step, weir_buf *out,
                             weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    weir_flow_config config;
    weir_flow *f = NULL;
    weir_ledger ledger;
    size_t memory = p->memory_bytes ? (size_t)p->memory_bytes : WEIR_DEFAULT_MEMORY_BYTES;
    weir_ledger_init(&ledger, "plan", memory, NULL);
    weir_env env = {.folder = p->folder,
                    .pipeline = p->name,
                    .step = step->name,
                    .run_id = "plan",
                    .arena = &s->arena,
                    .ledger = &ledger,
                    .cancel = &s->cancel,
                    .now_us = weir_clock_wall_us(),
                    .threads = p->threads > 0 ? (uint32_t)p->threads : weir_default_threads(),
                    .memory_bytes = memory};
    weir_status status;
    WEIR_TRY(weir_step_config(step, &s->arena, NULL, &config, err));
    WEIR_TRY(weir_flow_open(&config, &env, NULL, &s->diags, &f, err));
    bool ok = weir_buf_printf(out, "step %s: %s -> %s\n", step->name, config.source->name,
                              config.sinks[0].connector->name);
    if (ok && weir_flow_is_empty(f)) {
        ok = weir_buf_adds(out, "  nothing to read\n");
    } else if (ok) {
        const weir_splits *splits = weir_flow_splits(f);
        ok = weir_buf_printf(out, "  reads %zu split%s, first %s\n", splits->n,
                             splits->n == 1 ? "" : "s", splits->items[0].name) &&
             weir_buf_adds(out, "  columns read:\n");
        if (ok) WEIR_TRY(put_schema(out, weir_flow_source_schema(f), err));
        for (size_t i = 0; ok && i < weir_flow_n_operators(f); i++)
            ok = weir_buf_printf(out, "  %s\n", weir_flow_operator_at(f, i)->kind->name);
        ok = ok && weir_buf_adds(out, "  columns loaded:\n");
        if (ok) WEIR_TRY(put_schema(out, weir_flow_sink_schema(f), err));
        if (ok) WEIR_TRY(weir_flow_plan(f, out, err));
    }
    if (!ok) status = weir_error_nomem(err);
out:
    weir_flow_close(f);
    return status;
}

weir_status weir_api_plan(weir_session *s, weir_buf *plan, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    for (size_t i = 0; i < p->n_steps; i++) {
        weir_status status = plan_step(s, &p->steps[p->order[i]], plan, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* ---- reference ----------------------------------------------------------------------------- */

const weir_api_function *weir_api_function_at(size_t i) {
    size_t n;
    const weir_function_info *table = weir_function_table(&n);
    return i < n ? &table[i] : NULL;
}

const weir_api_function *weir_api_function_find(const char *name) {
    return weir_function_find(name);
}
