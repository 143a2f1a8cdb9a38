/* The first rows of a step after each stage, on one thread, without a target. */
#include "api/api.h"
#include "base/clock.h"
#include "engine/chain.h"
#include "engine/scan.h"

typedef struct view {
    const weir_api_preview *preview;
    weir_flow *flow;
    weir_chain *chain;
    weir_chain_rejects rejects;
    weir_account account;
    uint64_t left;
} view;

static const char *split_name(const void *splits, uint32_t split) {
    const weir_splits *s = splits;
    return split < s->n ? s->items[split].name : "";
}

static weir_status emit(void *context, weir_batch *rejects, weir_error *err) {
    view *v = context;
    weir_status status =
        v->preview->rejected ? v->preview->rejected(v->preview->context, rejects, err) : WEIR_OK;
    weir_batch_free(rejects);
    return status;
}

static weir_status observe(void *context, int number, const weir_batch *batch, weir_error *err) {
    view *v = context;
    const char *name =
        number < 0 ? "read" : weir_flow_operator_at(v->flow, (size_t)number)->kind->name;
    return v->preview->see(v->preview->context, number, name, batch, err);
}

static weir_status done(void *context, weir_ctx *ctx, weir_batch *b, weir_error *err) {
    (void)context;
    (void)ctx;
    (void)err;
    weir_batch_free(b);
    return WEIR_OK;
}

static weir_status show_batch(void *context, weir_ctx *ctx, weir_batch *b, bool *stop,
                              weir_error *err) {
    view *v = context;
    weir_chain_out out = {.done = done, .emit = emit, .observe = observe, .context = v};
    weir_status status =
        v->chain ? WEIR_OK
                 : weir_chain_new(weir_flow_operators(v->flow), weir_flow_n_operators(v->flow),
                                  &v->rejects, ctx, &v->chain, err);
    if (status == WEIR_OK) status = weir_batch_head(b, v->left, err);
    v->left -= b->n_selected < v->left ? b->n_selected : v->left;
    if (status == WEIR_OK)
        status = weir_chain_process(v->chain, ctx, b, &out, &v->account, err);
    else
        weir_batch_free(b);
    *stop = v->left == 0;
    return status;
}

static weir_status show_flow(view *v, const weir_flow_config *config, const weir_env *env,
                             weir_error *err) {
    weir_flow *f = v->flow;
    size_t n = weir_flow_n_operators(f) + 2;
    weir_status status = weir_reject_schema(&v->rejects.schema, err);
    if (status != WEIR_OK) return status;
    v->rejects.context = (weir_reject_context){.run_id = env->run_id,
                                               .step = env->step,
                                               .split_name = split_name,
                                               .splits = weir_flow_splits(f)};
    v->account.n_operators = n;
    v->account.operators = weir_alloc_zero(n, sizeof *v->account.operators);
    if (!v->account.operators) status = weir_error_nomem(err);
    if (status == WEIR_OK)
        status = weir_scan(config->source->source, weir_flow_source_object(f), weir_flow_splits(f),
                           weir_flow_source_schema(f), env, show_batch, v, err);
    weir_chain_free(v->chain);
    weir_free(v->account.operators);
    weir_schema_release(v->rejects.schema);
    return status;
}

weir_status weir_api_preview_step(weir_session *s, const char *name,
                                  const weir_api_preview *preview, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    size_t number = name ? weir_pipeline_find_step(p, name) : p->order[0];
    if (number == SIZE_MAX)
        return weir_error_set(err, WEIR_USAGE, "there is no step %s in %s", name, p->file);
    const weir_step *step = &p->steps[number];
    weir_flow_config config;
    weir_ledger ledger;
    view v = {.preview = preview, .left = preview->max_rows};
    size_t memory = p->memory_bytes ? (size_t)p->memory_bytes : WEIR_DEFAULT_MEMORY_BYTES;
    weir_ledger_init(&ledger, "preview", memory, NULL);
    weir_env env = {.folder = p->folder,
                    .pipeline = p->name,
                    .step = step->name,
                    .run_id = "preview",
                    .arena = &s->arena,
                    .ledger = &ledger,
                    .cancel = &s->cancel,
                    .now_us = weir_clock_wall_us(),
                    .threads = weir_default_threads(),
                    .memory_bytes = memory};
    weir_status status;
    WEIR_TRY(weir_api_check(s, 1, &number, err));
    WEIR_TRY(weir_step_config(step, &s->arena, NULL, &config, err));
    config.n_sinks = 0; /* no target is opened */
    WEIR_TRY(weir_flow_open(&config, &env, NULL, &s->diags, &v.flow, err));
    if (!weir_flow_is_empty(v.flow)) status = show_flow(&v, &config, &env, err);
out:
    weir_flow_close(v.flow);
    return status;
}
