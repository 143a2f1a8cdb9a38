/* The first rows of a step after each stage, on one thread, without a target. */
#include "api/preview.h"

#include "base/clock.h"
#include "engine/chain.h"
#include "engine/plan.h"
#include "engine/scan.h"
#include "format/infer.h"
#include "text/hash.h"

typedef struct view {
    weir_arena *arena;
    weir_preview *out;
    weir_flow *flow;
    weir_chain *chain;
    weir_chain_rejects rejects;
    weir_account account;
    uint64_t left;
    int last; /* stage that was observed last */
} view;

static const char *split_name(const void *splits, uint32_t split) {
    const weir_splits *s = splits;
    return split < s->n ? s->items[split].name : "";
}

/* ---- rows ---------------------------------------------------------------------------------- */

/* Which record a row is, and which item of it: the same behind every stage. */
static void key_of(const weir_batch *b, uint32_t row, uint64_t key[4]) {
    const weir_origin *o = &b->origin;
    key[0] = o->split;
    key[1] = o->sequence;
    key[2] = o->first_row + (o->row_number ? o->row_number[row] : row);
    key[3] = 0;
    for (uint32_t i = 0; i < o->levels; i++)
        key[3] = weir_hash_combine(key[3] + 1, o->items[row * o->levels + i]);
}

static bool make_cell(view *v, const weir_column *c, uint32_t row, weir_buf *raw,
                      weir_preview_cell *out) {
    raw->size = 0;
    if (!weir_column_json(c, row, raw)) return false;
    out->json = weir_arena_strndup(v->arena, raw->size ? raw->data : "", raw->size);
    if (!out->json) return false;
    if (weir_column_is_null(c, row)) return true;
    raw->size = 0;
    if (!weir_column_text(c, row, raw)) return false;
    out->text = weir_arena_strndup(v->arena, raw->size ? raw->data : "", raw->size);
    return out->text != NULL;
}

static const weir_preview_row *find_row(const weir_preview_stage *s, const uint64_t key[4]) {
    for (const weir_preview_row *r = s->rows; r; r = r->next)
        if (memcmp(r->key, key, sizeof r->key) == 0) return r;
    return NULL;
}

static int find_column(const weir_preview_stage *s, const char *name) {
    for (uint32_t i = 0; i < s->n_columns; i++)
        if (strcmp(s->columns[i].name, name) == 0) return (int)i;
    return -1;
}

/* Marks what differs from the row of the stage before. */
static void compare_row(const weir_preview_stage *before, const weir_preview_stage *stage,
                        weir_preview_row *row) {
    const weir_preview_row *old = find_row(before, row->key);
    row->row = old ? WEIR_PREVIEW_SAME : WEIR_PREVIEW_NEW;
    for (uint32_t i = 0; old && i < stage->n_columns; i++) {
        int k = find_column(before, stage->columns[i].name);
        if (k < 0) continue;
        row->cells[i].changed = strcmp(row->cells[i].json, old->cells[k].json) != 0;
    }
}

static bool add_row(view *v, size_t number, const weir_batch *b, uint32_t at, weir_buf *raw) {
    weir_preview_stage *stage = &v->out->stages[number];
    weir_preview_row *row = weir_arena_zero(v->arena, 1, sizeof *row);
    weir_preview_cell *cells = weir_arena_zero(v->arena, stage->n_columns + 1, sizeof *cells);
    if (!row || !cells) return false;
    row->cells = cells;
    key_of(b, at, row->key);
    row->failed = weir_failures_bad(b->failures, at);
    for (uint32_t c = 0; c < stage->n_columns; c++)
        if (!make_cell(v, b->columns[c], at, raw, &cells[c])) return false;
    if (number) compare_row(&v->out->stages[number - 1], stage, row);
    *stage->rows_end = row;
    stage->rows_end = &row->next;
    stage->n_rows++;
    return true;
}

/* ---- stages -------------------------------------------------------------------------------- */

static weir_status set_columns(view *v, size_t number, const weir_schema *s, weir_error *err) {
    weir_preview_stage *stage = &v->out->stages[number];
    const weir_preview_stage *before = number ? stage - 1 : NULL;
    stage->n_columns = s->n_fields;
    stage->columns = weir_arena_zero(v->arena, s->n_fields + 1, sizeof *stage->columns);
    stage->removed =
        weir_arena_zero(v->arena, before ? before->n_columns + 1 : 1, sizeof *stage->removed);
    if (!stage->columns || !stage->removed) return weir_error_nomem(err);
    for (uint32_t i = 0; i < s->n_fields; i++) {
        struct weir_preview_column *c = &stage->columns[i];
        c->name = weir_arena_strdup(v->arena, s->fields[i].name);
        c->type = s->fields[i].type->name;
        c->not_null = s->fields[i].not_null;
        if (!c->name) return weir_error_nomem(err);
        int k = before ? find_column(before, c->name) : -1;
        if (before && k < 0)
            c->change = WEIR_PREVIEW_NEW;
        else if (before && strcmp(before->columns[k].type, c->type) != 0)
            c->change = WEIR_PREVIEW_CHANGED;
    }
    for (uint32_t i = 0; before && i < before->n_columns; i++)
        if (find_column(stage, before->columns[i].name) < 0)
            stage->removed[stage->n_removed++] = before->columns[i].name;
    return WEIR_OK;
}

/* The stages, their columns known before a row is read. */
static weir_status make_stages(view *v, weir_error *err) {
    size_t n = weir_flow_n_operators(v->flow) + 1;
    v->out->stages = weir_arena_zero(v->arena, n + 1, sizeof *v->out->stages);
    if (!v->out->stages) return weir_error_nomem(err);
    for (size_t i = 0; i <= n; i++) {
        weir_preview_stage *s = &v->out->stages[i];
        s->rows_end = &s->rows;
        s->filtered_end = &s->filtered;
        s->rejects_end = &s->rejects;
    }
    v->out->n_stages = n;
    v->out->stages[0].name = "read";
    v->out->stages[n].name = "load";
    weir_status status = set_columns(v, 0, weir_flow_source_schema(v->flow), err);
    for (size_t i = 1; status == WEIR_OK && i < n; i++) {
        const weir_operator *o = weir_flow_operator_at(v->flow, i - 1);
        v->out->stages[i].name = o->kind->name;
        status = set_columns(v, i, o->out, err);
    }
    return status;
}

static weir_status observe(void *context, int number, const weir_batch *b, weir_error *err) {
    view *v = context;
    size_t stage = (size_t)(number + 1);
    weir_buf raw = {0};
    bool ok = true;
    v->last = number + 1;
    v->out->stages[stage].seen = true;
    for (uint32_t k = 0; ok && k < b->n_selected; k++)
        ok = add_row(v, stage, b, weir_batch_row(b, k), &raw);
    weir_buf_clear(&raw);
    return ok ? WEIR_OK : weir_error_nomem(err);
}

static weir_status done(void *context, weir_ctx *ctx, weir_batch *batch, weir_error *err) {
    (void)context;
    (void)ctx;
    (void)err;
    weir_batch_free(batch);
    return WEIR_OK;
}

/* ---- rejects ------------------------------------------------------------------------------- */

/* A value's text, "" for null; NULL when memory is short. */
static const char *text_at(view *v, const weir_batch *b, const char *name, uint32_t row) {
    int f = weir_schema_find(b->schema, name, strlen(name));
    weir_buf raw = {0};
    const char *copy = NULL;
    bool null = f < 0 || weir_column_is_null(b->columns[f], row);
    if (null || weir_column_text(b->columns[f], row, &raw))
        copy = weir_arena_strndup(v->arena, raw.size ? raw.data : "", raw.size);
    weir_buf_clear(&raw);
    return copy;
}

static weir_status emit(void *context, weir_batch *b, weir_error *err) {
    view *v = context;
    size_t number = (size_t)v->last + 1 <= v->out->n_stages ? (size_t)v->last + 1 : 0;
    weir_preview_stage *stage = &v->out->stages[number];
    bool ok = true;
    for (uint32_t k = 0; ok && k < b->n_selected; k++) {
        uint32_t row = weir_batch_row(b, k);
        weir_preview_reject *r = weir_arena_zero(v->arena, 1, sizeof *r);
        ok = r != NULL;
        if (!ok) break;
        r->address = text_at(v, b, "address", row);
        r->field = text_at(v, b, "field", row);
        r->rule = text_at(v, b, "rule", row);
        r->reason = text_at(v, b, "reason", row);
        r->raw = text_at(v, b, "raw", row);
        ok = r->address && r->field && r->rule && r->reason && r->raw;
        *stage->rejects_end = r;
        stage->rejects_end = &r->next;
        stage->n_rejected++;
    }
    weir_batch_free(b);
    return ok ? WEIR_OK : weir_error_nomem(err);
}

/* Rows of one stage that are not in the next one left there: as many as its account says were
 * filtered, the others are its rejects. */
static bool find_filtered(view *v, size_t number) {
    weir_preview_stage *stage = &v->out->stages[number], *before = stage - 1;
    stage->n_filtered = v->account.operators[number].filtered;
    if (stage->n_filtered == 0 || stage->n_rejected) return true;
    for (const weir_preview_row *r = before->rows; r; r = r->next) {
        if (find_row(stage, r->key)) continue;
        weir_preview_row *copy = weir_arena_zero(v->arena, 1, sizeof *copy);
        if (!copy) return false;
        copy->cells = r->cells;
        *stage->filtered_end = copy;
        stage->filtered_end = &copy->next;
    }
    return true;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static weir_status show_batch(void *context, weir_ctx *ctx, weir_batch *b, bool *stop,
                              weir_error *err) {
    view *v = context;
    weir_chain_out out = {.done = done, .emit = emit, .observe = observe, .context = v};
    const weir_splits *splits = weir_flow_splits(v->flow);
    if (!b->origin.source && b->origin.split < splits->n)
        b->origin.source = splits->items[b->origin.split].name;
    weir_status status =
        v->chain ? WEIR_OK
                 : weir_chain_new(weir_flow_operators(v->flow), weir_flow_n_operators(v->flow),
                                  &v->rejects, ctx, &v->chain, err);
    if (status == WEIR_OK) {
        status = weir_batch_head(b, v->left, err);
    }
    v->left -= b->n_selected < v->left ? b->n_selected : v->left;
    if (status == WEIR_OK)
        status = weir_chain_process(v->chain, ctx, b, &out, &v->account, err);
    else
        weir_batch_free(b);
    *stop = v->out->more = v->left == 0;
    return status;
}

static weir_status show_flow(view *v, const weir_flow_config *config, const weir_env *env,
                             weir_error *err) {
    weir_flow *f = v->flow;
    size_t n = weir_flow_n_operators(f) + 1 + weir_flow_n_loads(f);
    weir_status status = weir_reject_schema(&v->rejects.schema, err);
    if (status != WEIR_OK) return status;
    v->rejects.context = (weir_reject_context){.run_id = env->run_id,
                                               .step = env->step,
                                               .split_name = split_name,
                                               .splits = weir_flow_splits(f)};
    v->account.n_operators = n;
    v->account.operators = weir_alloc_zero(n, sizeof *v->account.operators);
    if (!v->account.operators) status = weir_error_nomem(err);
    if (status == WEIR_OK) status = make_stages(v, err);
    if (status == WEIR_OK && v->left)
        status = weir_scan(config->source->source, weir_flow_source_object(f), weir_flow_splits(f),
                           weir_flow_source_schema(f), env, show_batch, v, err);
    for (size_t i = 1; status == WEIR_OK && i < v->out->n_stages; i++)
        if (!find_filtered(v, i)) status = weir_error_nomem(err);
    if (status == WEIR_OK && v->out->stages[v->out->n_stages].n_rejected) v->out->n_stages++;
    weir_chain_free(v->chain);
    weir_free(v->account.operators);
    weir_schema_release(v->rejects.schema);
    return status;
}

static weir_status describe(view *v, const weir_flow_config *config, weir_error *err) {
    const weir_splits *splits = weir_flow_splits(v->flow);
    weir_preview *out = v->out;
    out->format = config->source_request.format ? config->source_request.format->name : NULL;
    out->n_splits = splits->n;
    for (size_t i = 0; i < splits->n; i++) out->bytes += splits->items[i].size_bytes;
    out->first_split = weir_arena_strdup(v->arena, splits->n ? splits->items[0].name : "");
    const struct weir_found *found =
        config->source->source->found
            ? config->source->source->found(weir_flow_source_object(v->flow))
            : NULL;
    out->dialect = weir_plan_dialect(v->arena, found ? found->dialect : NULL);
    return out->first_split && out->dialect ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_api_preview(weir_session *s, const char *name, uint64_t max_rows,
                             weir_preview *out, weir_error *err) {
    const weir_pipeline *p = s->pipeline;
    size_t number = name ? weir_pipeline_find_step(p, name) : p->order[0];
    *out = (weir_preview){0};
    if (number == SIZE_MAX) {
        size_t *steps, n; /* says which name is near */
        return weir_api_select(s, 1, &name, &steps, &n, err);
    }
    const weir_step *step = &p->steps[number];
    weir_flow_config config;
    weir_ledger ledger;
    view v = {.arena = &s->arena, .out = out, .left = max_rows};
    size_t memory = p->memory_bytes ? (size_t)p->memory_bytes : WEIR_DEFAULT_MEMORY_BYTES;
    weir_ledger_init(&ledger, "preview", memory / 4 * 3, NULL); /* as a run */
    weir_env env = {.folder = p->folder,
                    .pipeline = p->name,
                    .step = step->name,
                    .run_id = "preview",
                    .arena = &s->arena,
                    .ledger = &ledger,
                    .cancel = &s->cancel,
                    .now_us = weir_clock_wall_us(),
                    .threads = weir_default_threads(),
                    .memory_bytes = memory,
                    .look_only = true};
    weir_status status;
    out->step = step->name;
    WEIR_TRY(weir_api_check(s, 1, &number, err));
    WEIR_TRY(weir_step_config(step, &s->arena, NULL, &config, err));
    config.n_sinks = 0; /* no target is opened */
    WEIR_TRY(weir_flow_open(&config, &env, NULL, &s->diags, &v.flow, err));
    WEIR_TRY(describe(&v, &config, err));
    if (!weir_flow_is_empty(v.flow)) WEIR_TRY(show_flow(&v, &config, &env, err));
out:
    weir_flow_close(v.flow);
    return status;
}
