#include "api/api.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/env_file.h"
#include "api/rejects.h"
#include "connect/file/file.h"
#include "format/format.h"
#include "text/json.h"
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
                                                .features = WEIR_SPEC_PARAMS | WEIR_SPEC_CURSOR |
                                                            WEIR_SPEC_TARGETS};
    return &registry;
}

/* ---- loading ------------------------------------------------------------------------------- */

weir_status weir_api_load(weir_session *s, const char *path, const weir_spec_params *params,
                          weir_error *err) {
    weir_api_load_options options = {0};
    if (params) options.params = *params;
    return weir_api_load_with(s, path, &options, err);
}

weir_status weir_api_load_with(weir_session *s, const char *path,
                               const weir_api_load_options *options, weir_error *err) {
    weir_env_file variables = {0};
    weir_spec_options spec = {.params = options->params,
                              .target = options->target,
                              .history = options->history,
                              .partial = true};
    weir_pipeline *p = NULL;
    weir_status status = WEIR_OK;
    weir_diags_init(&s->diags, path);
    for (size_t i = 0; i < options->n_env_files; i++)
        WEIR_TRY(weir_env_file_read(&variables, options->env_files[i], &s->arena, err));
    spec.references.variable = weir_env_file_variable;
    spec.references.context = &variables;
    status =
        weir_pipeline_load_file(path, weir_api_registry(), &spec, &s->arena, &s->diags, &p, err);
    if (status == WEIR_OK) s->pipeline = p;
    if (status == WEIR_USAGE && p) {
        status = weir_api_check_sound(s, p, err);
        if (status == WEIR_OK) status = weir_diags_status(&s->diags, err);
    }
out:
    weir_env_file_clear(&variables);
    return status;
}

weir_status weir_api_load_copy(weir_session *s, const char *source, const char *target,
                               const weir_copy_options *options, weir_error *err) {
    weir_diags_init(&s->diags, "weir copy");
    return weir_pipeline_from_copy(source, target, options, weir_api_registry(), &s->arena,
                                   &s->diags, &s->pipeline, err);
}

/* Paths below the state are used from connectors, whose relative paths count from the pipeline's
 * folder: so the state's own path is made absolute. */
weir_status weir_api_absolute(weir_session *s, const char *path, const char **out,
                              weir_error *err) {
    char here[4096];
    if (path[0] == '/') {
        *out = path;
        return WEIR_OK;
    }
    if (!getcwd(here, sizeof here))
        return weir_error_errno(err, errno, "cannot find the working folder");
    *out = strcmp(path, ".") == 0 ? weir_arena_strdup(&s->arena, here)
                                  : weir_arena_printf(&s->arena, "%s/%s", here, path);
    return *out ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_api_open_state(weir_session *s, bool create, weir_error *err) {
    weir_status status =
        weir_api_absolute(s, s->pipeline->state_path, &s->pipeline->state_path, err);
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

/* The names of steps and the selectors together. */
static weir_status find_steps(weir_session *s, const weir_api_run_options *o, size_t **out,
                              size_t *n, weir_error *err) {
    const char **words = weir_arena_zero(&s->arena, o->n_steps + o->n_select + 1, sizeof *words);
    if (!words) return weir_error_nomem(err);
    for (size_t i = 0; i < o->n_steps; i++) words[i] = o->steps[i];
    for (size_t i = 0; i < o->n_select; i++) words[o->n_steps + i] = o->select[i];
    return weir_api_select(s, o->n_steps + o->n_select, words, out, n, err);
}

static weir_run_request request_of(weir_session *s, const weir_api_run_options *o, size_t n,
                                   const size_t *steps) {
    return (weir_run_request){.pipeline = s->pipeline,
                              .state = s->state,
                              .cancel = &s->cancel,
                              .trigger = o->trigger ? o->trigger : "manual",
                              .version = weir_version(),
                              .n_steps = n,
                              .steps = steps,
                              .full_refresh = o->full_refresh,
                              .dry = o->dry,
                              .limit_rows = o->limit_rows,
                              .reject_sink = reject_sink,
                              .reject_read = weir_rejects_read,
                              .reject_context = s,
                              .progress = o->progress,
                              .progress_context = o->progress_context};
}

/* Opens the state when there is one; what never ran has none. */
static weir_status open_state_if_any(weir_session *s, weir_error *err) {
    weir_error fault = {0};
    weir_status status = weir_api_open_state(s, false, &fault);
    if (status == WEIR_OK || fault.vendor_code == ENOENT) return WEIR_OK;
    if (err) *err = fault;
    return status;
}

weir_status weir_api_run(weir_session *s, const weir_api_run_options *options,
                         weir_run_result *result, weir_error *err) {
    size_t *steps = NULL, n = 0;
    weir_status status;
    WEIR_TRY(find_steps(s, options, &steps, &n, err));
    WEIR_TRY(weir_api_check(s, n, steps, err));
    if (!s->state && options->dry)
        WEIR_TRY(open_state_if_any(s, err));
    else if (!s->state)
        WEIR_TRY(weir_api_open_state(s, true, err));
    weir_run_request q = request_of(s, options, n, steps);
    status = weir_run(&q, &s->arena, &s->diags, result, err);
out:
    return status;
}

/* ---- plan ---------------------------------------------------------------------------------- */

/* The object around the plans of steps, which stand in list with commas between them. */
static weir_status put_plan(const weir_pipeline *p, const weir_buf *list, weir_buf *json,
                            weir_error *err) {
    weir_json_writer w = {.out = json};
    weir_json_open(&w, '{');
    weir_json_key(&w, "pipeline");
    weir_json_write_string(&w, p->name);
    weir_json_key(&w, "file");
    weir_json_write_string(&w, p->file);
    weir_json_key(&w, "state");
    weir_json_write_string(&w, p->state_path);
    weir_json_key(&w, "memory_bytes");
    weir_json_write_uint(&w, p->memory_bytes ? p->memory_bytes : WEIR_DEFAULT_MEMORY_BYTES);
    weir_json_key(&w, "threads");
    weir_json_write_int(&w, p->threads > 0 ? p->threads : (int64_t)weir_default_threads());
    weir_json_key(&w, "steps");
    weir_json_open(&w, '[');
    weir_json_write_raw(&w, list->size ? list->data : "", list->size);
    weir_json_close(&w, ']');
    weir_json_close(&w, '}');
    return w.failed ? weir_error_nomem(err) : WEIR_OK;
}

weir_status weir_api_plan(weir_session *s, const weir_api_run_options *options, weir_buf *json,
                          weir_error *err) {
    size_t *steps = NULL, n = 0;
    weir_buf list = {0};
    weir_status status;
    WEIR_TRY(find_steps(s, options, &steps, &n, err));
    WEIR_TRY(weir_api_check(s, n, steps, err));
    if (!s->state) WEIR_TRY(open_state_if_any(s, err));
    weir_run_request q = request_of(s, options, n, steps);
    WEIR_TRY(weir_run_plan(&q, &s->arena, &s->diags, &list, err));
    WEIR_TRY(put_plan(s->pipeline, &list, json, err));
out:
    weir_buf_clear(&list);
    return status;
}

/* The plan document of a run's step, behind a comma when it is not the first. */
static weir_status add_kept_plan(const weir_state_result *found, const char *step, weir_buf *list,
                                 weir_error *err) {
    for (size_t i = 0; i < found->n; i++)
        for (uint32_t r = 0; r < found->batches[i]->length; r++) {
            const weir_batch *b = found->batches[i];
            weir_slice text = weir_state_text(b, "text", r);
            if (!weir_slice_is(weir_state_text(b, "step", r), step) ||
                !weir_slice_is(weir_state_text(b, "kind", r), "plan"))
                continue;
            if (!(list->size == 0 || weir_buf_adds(list, ",")) ||
                !weir_buf_add(list, text.data, text.size))
                return weir_error_nomem(err);
        }
    return WEIR_OK;
}

weir_status weir_api_plan_of(weir_session *s, const char *run_id, weir_buf *json, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    weir_state_filter filter = {.run_id = run_id};
    weir_state_result found = {0};
    weir_buf list = {0};
    weir_status status = WEIR_OK;
    if (!s->state) WEIR_TRY(weir_api_open_state(s, false, err));
    WEIR_TRY(weir_state_query(s->state, WEIR_STATE_DOCUMENTS, &filter, NULL, &found, err));
    for (size_t i = 0; i < p->n_steps; i++)
        WEIR_TRY(add_kept_plan(&found, p->steps[p->order[i]].name, &list, err));
    if (list.size == 0) {
        status = weir_error_set(err, WEIR_USAGE, "no plan of a run %s is kept", run_id);
        weir_error_hint(err, "`weir runs %s` lists the runs", p->file);
        goto out;
    }
    WEIR_TRY(put_plan(p, &list, json, err));
out:
    weir_state_result_clear(&found);
    weir_buf_clear(&list);
    return status;
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
