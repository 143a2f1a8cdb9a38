#include "engine/flow_private.h"
#include "engine/input.h"

/* ---- binding and projection ---------------------------------------------------------------- */

static void unbind(weir_operator *ops, size_t n) {
    for (size_t i = 0; ops && i < n; i++) {
        if (ops[i].kind && ops[i].kind->free) ops[i].kind->free(&ops[i]);
        weir_schema_release(ops[i].in);
        weir_schema_release(ops[i].out);
    }
    weir_free(ops);
}

/* key: and version: name columns that the sink gets. */
static void check_sink(const weir_flow_sink *sink, const weir_bind *bind, const weir_schema *s) {
    const weir_sink_request *r = &sink->request;
    const weir_node *key = sink->node ? weir_node_get(sink->node, "key") : NULL;
    const weir_node *version = sink->node ? weir_node_get(sink->node, "version") : NULL;
    for (size_t i = 0; i < r->key.n; i++) {
        const char *name = r->key.items[i];
        if (weir_schema_find(s, name, strlen(name)) < 0 && !weir_bind_may_have(bind, name, false))
            weir_bind_unknown_column(bind, key ? weir_bind_item(key, i) : sink->node, "key", s,
                                     name);
    }
    if (r->version && weir_schema_find(s, r->version, strlen(r->version)) < 0 &&
        !weir_bind_may_have(bind, r->version, false))
        weir_bind_unknown_column(bind, version ? version : sink->node, "version", s, r->version);
}

/* Binds the operators one behind the other to the schema that reaches them.  One that is wrong does
 * not keep the others from being looked at. */
static weir_status bind_all(const weir_flow_config *config, const weir_env *env, weir_diags *diags,
                            weir_schema *in, weir_unseen *unseen, const weir_operator_input *inputs,
                            weir_operator **out, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t n = config->n_operators;
    weir_error fault = {0}; /* the first */
    weir_operator *ops = weir_alloc_zero(n ? n : 1, sizeof *ops);
    if (!ops) return weir_error_nomem(err);
    weir_bind bind = {.arena = env->arena, .diags = diags, .ledger = env->ledger, .unseen = unseen};
    for (size_t i = 0; i < n; i++) {
        const weir_flow_operator *want = &config->operators[i];
        weir_operator *op = &ops[i];
        weir_error bad = {0};
        op->in = weir_schema_retain(in);
        bind.node = want->node;
        bind.stage = want->kind->name;
        bind.input = want->input.connector ? &inputs[i] : NULL;
        status = want->kind->bind(want->config, &bind, op, &bad);
        if (status != WEIR_OK && (status != WEIR_USAGE || fault.status == WEIR_OK)) fault = bad;
        if (status != WEIR_OK && status != WEIR_USAGE) break;
        if (status == WEIR_OK) op->kind = want->kind;
        if (!op->out) op->out = weir_schema_retain(in);
        in = op->out;
        status = WEIR_OK;
    }
    size_t faults = diags ? diags->n_errors : 0;
    for (size_t t = 0; status == WEIR_OK && config->n_sinks && diags && t < config->n_targets; t++)
        check_sink(&config->sinks[t], &bind, in);
    if (status == WEIR_OK && fault.status == WEIR_OK && diags && diags->n_errors > faults)
        status = weir_bind_failed(&bind, &fault);
    if (fault.status == WEIR_OK) {
        *out = ops;
        return WEIR_OK;
    }
    unbind(ops, n);
    if (err) *err = fault;
    return fault.status;
}

weir_status weir_flow_check(const weir_flow_config *config, const weir_env *env,
                            weir_schema *source, weir_unseen *unseen,
                            const weir_operator_input *inputs, weir_diags *diags, weir_error *err) {
    weir_operator *ops = NULL;
    weir_status status = bind_all(config, env, diags, source, unseen, inputs, &ops, err);
    if (status == WEIR_OK) unbind(ops, config->n_operators);
    return status;
}

/* Which fields of the source reach an expression, a rule or the sink.  Walks backwards by name; an
 * operator without `reads` is taken to read everything. */
static weir_status wanted_fields(const weir_operator *ops, size_t n, const weir_schema *source,
                                 bool *wanted, weir_error *err) {
    uint32_t widest = source->n_fields;
    for (size_t i = 0; i < n; i++)
        if (ops[i].out->n_fields > widest) widest = ops[i].out->n_fields;
    bool *live = weir_alloc_zero(widest + 1u, sizeof *live);
    bool *before = weir_alloc_zero(widest + 1u, sizeof *before);
    weir_status status = live && before ? WEIR_OK : weir_error_nomem(err);
    if (status != WEIR_OK) goto out;
    const weir_schema *last = n ? ops[n - 1].out : source;
    for (uint32_t i = 0; i < last->n_fields; i++) live[i] = true;
    for (size_t i = n; i-- > 0;) {
        const weir_operator *op = &ops[i];
        for (uint32_t c = 0; c < op->in->n_fields; c++) {
            int passed =
                weir_schema_find(op->out, op->in->fields[c].name, strlen(op->in->fields[c].name));
            before[c] = !op->reads || weir_bit_get(op->reads, c) || (passed >= 0 && live[passed]);
        }
        bool *swap = live;
        live = before;
        before = swap;
    }
    memcpy(wanted, live, source->n_fields * sizeof *wanted);
out:
    weir_free(live);
    weir_free(before);
    return status;
}

/* Drops what nobody reads from f->source_schema and binds again when something was dropped. */
static weir_status project(weir_flow *f, weir_error *err) {
    weir_schema *all = f->source_schema;
    weir_status status = WEIR_OK;
    weir_schema *narrow = NULL;
    weir_operator *ops = NULL;
    bool *wanted = weir_alloc_zero(all->n_fields + 1u, sizeof *wanted);
    weir_field *fields = weir_alloc_zero(all->n_fields + 1u, sizeof *fields);
    uint32_t n = 0;
    if (!wanted || !fields) {
        status = weir_error_nomem(err);
        goto out;
    }
    WEIR_TRY(wanted_fields(f->operators, f->n_operators, all, wanted, err));
    for (uint32_t i = 0; i < all->n_fields; i++)
        /* "never null" must be checked even where nobody reads the field */
        if (wanted[i] || all->fields[i].not_null) fields[n++] = all->fields[i];
    if (n == all->n_fields || n == 0) goto out;
    WEIR_TRY(weir_schema_new(fields, n, &narrow, err));
    WEIR_TRY(bind_all(&f->config, f->env, f->diags, narrow, NULL, f->inputs, &ops, err));
    unbind(f->operators, f->n_operators);
    f->operators = ops;
    f->source_schema = narrow;
    narrow = all;
out:
    weir_schema_release(narrow);
    weir_free(wanted);
    weir_free(fields);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

static weir_status copy_splits(weir_splits *to, const weir_splits *from, weir_error *err) {
    for (size_t i = 0; i < from->n; i++) {
        weir_status status = weir_splits_add(to, &from->items[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status find_splits(weir_flow *f, const weir_splits *frozen, weir_error *err) {
    const weir_flow_config *c = &f->config;
    if (frozen) return copy_splits(&f->splits, frozen, err);
    weir_splits all = {0};
    weir_status status = c->source->source->enumerate(f->source, &all, err);
    bool nothing_new = c->source_request.cursor != NULL; /* is no fault */
    if (status == WEIR_OK && all.n == 0 && !c->empty_ok && !nothing_new) {
        status = weir_error_set(err, WEIR_DATA, "the source of step %s is empty: nothing matches",
                                f->env->step);
        weir_error_hint(err, "check the path, or write on_empty: ok when that is no fault");
    }
    for (size_t i = 0; status == WEIR_OK && i < all.n; i++)
        if (!c->split_wanted || c->split_wanted(c->split_context, &all.items[i]))
            status = weir_splits_add(&f->splits, &all.items[i], err);
    weir_splits_clear(&all);
    return status;
}

static weir_status open_sinks(weir_flow *f, weir_error *err) {
    for (size_t i = 0; i < f->config.n_sinks; i++) {
        const weir_flow_sink *s = &f->config.sinks[i];
        if (f->config.settled && f->config.settled[i]) continue;
        weir_schema *schema = i < f->config.n_targets ? flow_out_schema(f) : f->reject_schema;
        weir_status status =
            s->connector->sink->open(&s->request, f->env, schema, &f->sinks[i], err);
        if (status != WEIR_OK) {
            if (i >= f->config.n_targets) weir_error_context(err, "opening the target of rejects");
            return status;
        }
    }
    return WEIR_OK;
}

/* Tells the owner which split the schema failed on: the one that the error is about. */
static void blame_split(const weir_flow *f, const weir_error *err) {
    const weir_flow_config *c = &f->config;
    if (!err || !c->split_failed || (err->status != WEIR_DATA && err->status != WEIR_IO)) return;
    for (size_t i = 0; i < f->splits.n; i++) {
        weir_error like = {0}; /* an error has the name as it can be printed */
        weir_error_at(&like, f->splits.items[i].name, 0, 0);
        if (strcmp(like.source, err->source) != 0) continue;
        c->split_failed(c->split_context, &f->splits.items[i]);
        return;
    }
}

/* What the plan holds at least: the program with its state database, for each worker a chunk, the
 * batch made of it and what is encoded, and what the connectors keep themselves. */
#define PROGRAM_BYTES ((size_t)8 << 20)
#define WORKER_BYTES ((size_t)1 << 20)

static size_t reserved(const weir_connector *c, const void *connection, const weir_env *env) {
    return c->reserve_bytes ? c->reserve_bytes(connection, env) : 0;
}

static weir_status check_budget(const weir_flow_config *c, const weir_env *env, weir_error *err) {
    size_t threads = env->threads ? env->threads : 1;
    size_t need = PROGRAM_BYTES + threads * WORKER_BYTES +
                  reserved(c->source, c->source_request.connection, env);
    for (size_t i = 0; i < c->n_sinks; i++)
        need += reserved(c->sinks[i].connector, c->sinks[i].request.connection, env);
    if (env->memory_bytes == 0 || env->memory_bytes >= need) return WEIR_OK;
    weir_error_set(err, WEIR_USAGE,
                   "step %s needs at least %zuMiB of memory with %zu thread%s, the limit is "
                   "%zuKiB",
                   env->step, (need + (1 << 20) - 1) >> 20, threads, threads == 1 ? "" : "s",
                   env->memory_bytes >> 10);
    weir_error_hint(err, "raise limits: { memory }%s", threads > 1 ? ", or lower threads" : "");
    return WEIR_USAGE;
}

/* What operators look things up in, read before the first record. */
static weir_status load_inputs(weir_flow *f, weir_error *err) {
    const weir_flow_config *c = &f->config;
    f->inputs = weir_alloc_zero(c->n_operators + 1, sizeof *f->inputs);
    if (!f->inputs) return weir_error_nomem(err);
    for (size_t i = 0; i < c->n_operators; i++) {
        const weir_flow_operator *op = &c->operators[i];
        if (!op->input.connector) continue;
        const char *at = (const char *)op->config + op->kind->source_offset;
        weir_status status = weir_input_load(
            &op->input, (const weir_operator_source *)(const void *)at, f->env, &f->inputs[i], err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

weir_status weir_flow_open(const weir_flow_config *config, const weir_env *env,
                           const weir_splits *frozen, weir_diags *diags, weir_flow **out,
                           weir_error *err) {
    weir_status status = WEIR_OK;
    weir_flow *f = weir_alloc_zero(1, sizeof *f);
    if (!f) return weir_error_nomem(err);
    f->config = *config;
    if (f->config.n_targets == 0) f->config.n_targets = 1;
    config = &f->config;
    f->env = env;
    f->diags = diags;
    f->failed_split = -1;
    WEIR_TRY(check_budget(config, env, err));
    const weir_source_ops *source = config->source->source;
    WEIR_TRY(source->open(&config->source_request, env, &f->source, err));
    if (config->resume) WEIR_TRY(config->resume(config->resume_context, source, f->source, err));
    WEIR_TRY(find_splits(f, frozen, err));
    if (f->splits.n == 0) { /* nothing to read: nothing to bind, nothing to write */
        *out = f;
        return WEIR_OK;
    }
    status = source->schema(f->source, &f->splits, &f->source_schema, err);
    if (status != WEIR_OK) {
        blame_split(f, err);
        goto out;
    }
    f->full_schema = weir_schema_retain(f->source_schema);
    WEIR_TRY(weir_reject_schema(&f->reject_schema, err));
    WEIR_TRY(load_inputs(f, err));
    weir_unseen unseen = {0}; /* grows where an operator is wrong */
    WEIR_TRY(
        bind_all(config, env, diags, f->source_schema, &unseen, f->inputs, &f->operators, err));
    f->n_operators = config->n_operators;
    if (config->source->caps & WEIR_CAP_PROJECT) {
        WEIR_TRY(project(f, err));
        if (config->source->source->project)
            config->source->source->project(f->source, f->source_schema);
    }
    WEIR_TRY(open_sinks(f, err));
    *out = f;
    return WEIR_OK;
out:
    weir_flow_close(f);
    return status;
}

void weir_flow_close(weir_flow *f) {
    if (!f) return;
    for (size_t i = 0; i < f->config.n_sinks; i++)
        if (f->sinks[i]) f->config.sinks[i].connector->sink->close(f->sinks[i]);
    if (f->source) f->config.source->source->close(f->source);
    unbind(f->operators, f->n_operators);
    for (size_t i = 0; f->inputs && i < f->config.n_operators; i++) weir_input_clear(&f->inputs[i]);
    weir_free(f->inputs);
    weir_schema_release(f->source_schema);
    weir_schema_release(f->full_schema);
    weir_schema_release(f->reject_schema);
    weir_splits_clear(&f->splits);
    weir_free(f);
}

/* ---- reading it ---------------------------------------------------------------------------- */

bool weir_flow_is_empty(const weir_flow *f) {
    return f->splits.n == 0;
}
const weir_splits *weir_flow_splits(const weir_flow *f) {
    return &f->splits;
}
weir_schema *weir_flow_full_schema(const weir_flow *f) {
    return f->full_schema;
}
weir_schema *weir_flow_source_schema(const weir_flow *f) {
    return f->source_schema;
}
weir_schema *weir_flow_sink_schema(const weir_flow *f) {
    return flow_out_schema(f);
}
int64_t weir_flow_failed_split(const weir_flow *f) {
    return f->failed_split;
}
size_t weir_flow_n_operators(const weir_flow *f) {
    return f->n_operators;
}
size_t weir_flow_n_loads(const weir_flow *f) {
    return f->config.n_targets;
}
const weir_operator *weir_flow_operator_at(const weir_flow *f, size_t i) {
    return &f->operators[i];
}

const weir_operator_input *weir_flow_input_at(const weir_flow *f, size_t i) {
    return f->config.operators[i].input.connector ? &f->inputs[i] : NULL;
}
void *weir_flow_source_object(weir_flow *f) {
    return f->source;
}
const weir_operator *weir_flow_operators(const weir_flow *f) {
    return f->operators;
}
void *weir_flow_sink_object(weir_flow *f, size_t sink) {
    return f->sinks[sink];
}

weir_status weir_flow_plan(weir_flow *f, size_t sink, weir_buf *out, weir_error *err) {
    const weir_connector *c = f->config.sinks[sink].connector;
    return c->sink->plan && f->sinks[sink] ? c->sink->plan(f->sinks[sink], out, err) : WEIR_OK;
}
