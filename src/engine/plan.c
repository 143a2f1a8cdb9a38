#include "engine/plan.h"

#include "format/infer.h"
#include "text/json.h"

typedef struct plan {
    const weir_pipeline *pipeline;
    const weir_step *step;
    const weir_flow_config *config;
    weir_flow *flow;
    const char *run_id;
    weir_json_writer w;
    weir_error *err;
} plan;

bool weir_plan_is_fed(const weir_pipeline *p, const weir_step *step) {
    if (step->n_needs) return true;
    for (size_t i = 0; i < p->n_steps && &p->steps[p->order[i]] != step; i++) {
        const weir_flow_spec *flow = &p->steps[p->order[i]].flow;
        const weir_connector *c = flow->sink.connector;
        if (c && (c->caps & WEIR_CAP_FORMATS)) return true;
        for (size_t k = 0; k < flow->n_routes; k++)
            if (flow->routes[k].connector->caps & WEIR_CAP_FORMATS) return true;
    }
    return false;
}

static void put_text(weir_json_writer *w, const char *key, const char *text) {
    weir_json_key(w, key);
    weir_json_write_string(w, text);
}

static void put_uint(weir_json_writer *w, const char *key, uint64_t v) {
    weir_json_key(w, key);
    weir_json_write_uint(w, v);
}

const char *weir_plan_dialect(weir_arena *arena, const char *yaml) {
    if (!yaml) yaml = "";
    char *text = weir_arena_zero(arena, strlen(yaml) * 2 + 1, 1);
    size_t n = 0;
    for (const char *p = yaml; text && *p; p++) {
        if (*p == '\n' && p[1]) {
            text[n++] = p[1] == '#' ? ';' : ',';
            text[n++] = ' ';
        } else if (*p == '#' && (p == yaml || p[-1] == '\n')) { /* of one file: "# a.csv: ..." */
            p += p[1] == ' ';
        } else if (*p != '\n') {
            text[n++] = *p;
        }
    }
    return text;
}

/* ---- columns ------------------------------------------------------------------------------- */

/* Where the type of a source's column comes from. */
static const char *origin_of(const weir_source_request *r, const char *name) {
    for (size_t i = 0; r->metadata && i < r->metadata->n; i++)
        if (strcmp(r->metadata->items[i], name) == 0) return "metadata";
    for (size_t i = 0; r->columns && i < r->columns->n; i++) {
        const weir_opt_column *c = &r->columns->items[i];
        if (strcmp(c->name, name) == 0) return c->type ? "declared" : "inferred";
    }
    return r->format ? "inferred" : "source";
}

static void put_field(weir_json_writer *w, const weir_field *f) {
    put_text(w, "name", f->name);
    put_text(w, "type", f->type->name);
    if (f->not_null) {
        weir_json_key(w, "not_null");
        weir_json_write_bool(w, true);
    }
}

static void put_source_columns(plan *p) {
    const weir_schema *all = weir_flow_full_schema(p->flow),
                      *read = weir_flow_source_schema(p->flow);
    weir_json_key(&p->w, "columns");
    weir_json_open(&p->w, '[');
    for (uint32_t i = 0; i < all->n_fields; i++) {
        const weir_field *f = &all->fields[i];
        weir_json_open(&p->w, '{');
        put_field(&p->w, f);
        put_text(&p->w, "from", origin_of(&p->config->source_request, f->name));
        if (weir_schema_find(read, f->name, strlen(f->name)) < 0) {
            weir_json_key(&p->w, "read");
            weir_json_write_bool(&p->w, false);
        }
        weir_json_close(&p->w, '}');
    }
    weir_json_close(&p->w, ']');
}

static void put_columns(plan *p, const weir_schema *s) {
    weir_json_key(&p->w, "columns");
    weir_json_open(&p->w, '[');
    for (uint32_t i = 0; i < s->n_fields; i++) {
        weir_json_open(&p->w, '{');
        put_field(&p->w, &s->fields[i]);
        weir_json_close(&p->w, '}');
    }
    weir_json_close(&p->w, ']');
}

/* ---- the source ---------------------------------------------------------------------------- */

static void put_splits(plan *p, uint64_t ledger_skipped) {
    const weir_splits *splits = weir_flow_splits(p->flow);
    uint64_t bytes = 0;
    for (size_t i = 0; i < splits->n; i++) bytes += splits->items[i].size_bytes;
    put_uint(&p->w, "splits", splits->n);
    put_uint(&p->w, "bytes", bytes);
    if (p->step->flow.source.incremental.by == WEIR_INCREMENTAL_FILES)
        put_uint(&p->w, "loaded_before", ledger_skipped);
    weir_json_key(&p->w, "names");
    weir_json_open(&p->w, '[');
    for (size_t i = 0; i < splits->n && i < WEIR_PLAN_NAMES; i++) {
        weir_json_open(&p->w, '{');
        put_text(&p->w, "name", splits->items[i].name);
        put_uint(&p->w, "bytes", splits->items[i].size_bytes);
        weir_json_close(&p->w, '}');
    }
    weir_json_close(&p->w, ']');
}

static void put_source(plan *p, uint64_t ledger_skipped) {
    static const char *const by[] = {NULL, "files", "cursor"};
    static const char *const infer[] = {"full", "sample", "none"};
    const weir_source_spec *s = &p->step->flow.source;
    weir_json_key(&p->w, "source");
    weir_json_open(&p->w, '{');
    put_text(&p->w, "connector", p->config->source->name);
    if (p->config->source_request.format) {
        put_text(&p->w, "format", p->config->source_request.format->name);
        put_text(&p->w, "infer", infer[p->config->source_request.infer]);
    }
    if (s->connection_name) put_text(&p->w, "connection", s->connection_name);
    if (s->incremental.by) put_text(&p->w, "incremental", by[s->incremental.by]);
    if (p->config->limit_rows) put_uint(&p->w, "limit", p->config->limit_rows);
    put_splits(p, ledger_skipped);
    const weir_source_ops *ops = p->config->source->source;
    const struct weir_found *found =
        ops->found ? ops->found(weir_flow_source_object(p->flow)) : NULL;
    if (found && found->dialect && found->dialect[0]) put_text(&p->w, "dialect", found->dialect);
    if (!weir_flow_is_empty(p->flow)) put_source_columns(p);
    weir_json_close(&p->w, '}');
}

/* ---- operators ----------------------------------------------------------------------------- */

static bool same_field(const weir_field *a, const weir_field *b) {
    return a->type == b->type && a->not_null == b->not_null;
}

/* The columns of `in` that `out` has not (gone), or the other way about. */
static void put_names(plan *p, const char *key, const weir_schema *in, const weir_schema *out) {
    bool any = false;
    for (uint32_t i = 0; i < in->n_fields; i++) {
        const char *name = in->fields[i].name;
        if (weir_schema_find(out, name, strlen(name)) >= 0) continue;
        if (!any) {
            weir_json_key(&p->w, key);
            weir_json_open(&p->w, '[');
        }
        any = true;
        weir_json_write_string(&p->w, name);
    }
    if (any) weir_json_close(&p->w, ']');
}

static void put_retyped(plan *p, const weir_schema *in, const weir_schema *out) {
    bool any = false;
    for (uint32_t i = 0; i < out->n_fields; i++) {
        int before = weir_schema_find(in, out->fields[i].name, strlen(out->fields[i].name));
        if (before < 0 || same_field(&in->fields[before], &out->fields[i])) continue;
        if (!any) {
            weir_json_key(&p->w, "retyped");
            weir_json_open(&p->w, '[');
        }
        any = true;
        weir_json_write_string(&p->w, out->fields[i].name);
    }
    if (any) weir_json_close(&p->w, ']');
}

/* What an operator looks things up in: its source, and the columns that are kept of it. */
static void put_input(plan *p, size_t number) {
    const weir_operator_input *input = weir_flow_input_at(p->flow, number);
    if (!input) return;
    const weir_flow_input *from = &p->config->operators[number].input;
    weir_json_key(&p->w, "input");
    weir_json_open(&p->w, '{');
    put_text(&p->w, "name", input->name);
    put_text(&p->w, "connector", from->connector->name);
    if (from->request.format) put_text(&p->w, "format", from->request.format->name);
    put_uint(&p->w, "rows", input->n_rows);
    weir_json_key(&p->w, "columns");
    weir_json_open(&p->w, '[');
    for (uint32_t i = 0; input->columns && i < input->schema->n_fields; i++) {
        if (!input->columns[i]) continue;
        weir_json_open(&p->w, '{');
        put_field(&p->w, &input->schema->fields[i]);
        weir_json_close(&p->w, '}');
    }
    weir_json_close(&p->w, ']');
    weir_json_close(&p->w, '}');
}

static void put_operators(plan *p) {
    weir_json_key(&p->w, "operators");
    weir_json_open(&p->w, '[');
    for (size_t i = 0; i < weir_flow_n_operators(p->flow); i++) {
        const weir_operator *o = weir_flow_operator_at(p->flow, i);
        weir_json_open(&p->w, '{');
        put_text(&p->w, "operator", o->kind->name);
        put_input(p, i);
        put_names(p, "added", o->out, o->in);
        put_names(p, "removed", o->in, o->out);
        put_retyped(p, o->in, o->out);
        put_columns(p, o->out);
        weir_json_close(&p->w, '}');
    }
    weir_json_close(&p->w, ']');
}

/* ---- the sinks ----------------------------------------------------------------------------- */

/* The lines of text as a list; the run's own id is one of many. */
static bool put_lines(plan *p, weir_buf *text) {
    weir_buf line = {0};
    const char *at = weir_buf_cstr(text);
    bool ok = true;
    weir_json_key(&p->w, "will");
    weir_json_open(&p->w, '[');
    while (ok && *at) {
        const char *end = strchrnul(at, '\n');
        line.size = 0;
        while (ok && at < end) {
            size_t n = strlen(p->run_id);
            bool id = n && (size_t)(end - at) >= n && memcmp(at, p->run_id, n) == 0;
            ok = id ? weir_buf_adds(&line, "{run_id}") : weir_buf_add(&line, at, 1);
            at += id ? n : 1;
        }
        if (ok && line.size) weir_json_write_string_n(&p->w, line.data, line.size);
        if (*at) at++;
    }
    weir_json_close(&p->w, ']');
    weir_buf_clear(&line);
    return ok;
}

/* key NULL: an entry of a list. */
static weir_status put_sink(plan *p, const char *key, size_t number) {
    const weir_flow_sink *sink = &p->config->sinks[number];
    const weir_sink_request *r = &sink->request;
    weir_buf text = {0};
    weir_status status = WEIR_OK;
    if (key) weir_json_key(&p->w, key);
    weir_json_open(&p->w, '{');
    if (!key) {
        const weir_route *route = &p->step->flow.route.routes[number];
        put_text(&p->w, "route", route->name);
        if (route->when.text)
            put_text(&p->w, "when", route->when.secret ? "..." : route->when.text);
    }
    put_text(&p->w, "connector", sink->connector->name);
    if (r->format) put_text(&p->w, "format", r->format->name);
    put_text(&p->w, "mode", weir_load_mode_names[r->mode]);
    if (r->key.n) {
        weir_json_key(&p->w, "key");
        weir_json_open(&p->w, '[');
        for (size_t i = 0; i < r->key.n; i++) weir_json_write_string(&p->w, r->key.items[i]);
        weir_json_close(&p->w, ']');
    }
    if (r->version) put_text(&p->w, "version", r->version);
    if (!weir_flow_is_empty(p->flow)) {
        if (number < p->config->n_targets) put_columns(p, weir_flow_sink_schema(p->flow));
        status = weir_flow_plan(p->flow, number, &text, p->err);
        if (status == WEIR_OK && !put_lines(p, &text)) status = weir_error_nomem(p->err);
    }
    weir_json_close(&p->w, '}');
    weir_buf_clear(&text);
    return status;
}

static void put_rejects(plan *p) {
    weir_json_key(&p->w, "reject_limits");
    weir_json_open(&p->w, '{');
    if (p->config->max_ratio >= 0) {
        weir_json_key(&p->w, "max_ratio");
        weir_json_write_double(&p->w, p->config->max_ratio);
    }
    if (p->config->max_rows >= 0) put_uint(&p->w, "max_rows", (uint64_t)p->config->max_rows);
    weir_json_close(&p->w, '}');
}

/* ---- the step ------------------------------------------------------------------------------ */

static void put_head(const weir_pipeline *p, const weir_step *step, weir_json_writer *w) {
    weir_json_open(w, '{');
    put_text(w, "step", step->name);
    weir_json_key(w, "needs");
    weir_json_open(w, '[');
    for (size_t i = 0; i < step->n_needs; i++)
        weir_json_write_string(w, p->steps[step->needs[i]].name);
    weir_json_close(w, ']');
}

weir_status weir_plan_describe(const weir_pipeline *pipeline, const weir_step *step,
                               const weir_flow_config *config, weir_flow *f, const char *run_id,
                               uint64_t ledger_skipped, weir_buf *out, weir_error *err) {
    plan p = {.pipeline = pipeline,
              .step = step,
              .config = config,
              .flow = f,
              .run_id = run_id,
              .w = {.out = out},
              .err = err};
    weir_status status = WEIR_OK;
    put_head(pipeline, step, &p.w);
    put_source(&p, ledger_skipped);
    if (!weir_flow_is_empty(f)) put_operators(&p);
    if (config->n_targets <= 1) WEIR_TRY(put_sink(&p, "sink", 0));
    if (config->n_targets > 1) {
        weir_json_key(&p.w, "routes");
        weir_json_open(&p.w, '[');
        for (size_t i = 0; i < config->n_targets; i++) WEIR_TRY(put_sink(&p, NULL, i));
        weir_json_close(&p.w, ']');
    }
    for (size_t i = config->n_targets; i < config->n_sinks; i++)
        if (strcmp(config->sinks[i].name, "rejects") == 0) WEIR_TRY(put_sink(&p, "rejects", i));
    put_rejects(&p);
    if (step->retries) put_uint(&p.w, "retries", (uint64_t)step->retries);
    if (step->timeout_us) put_uint(&p.w, "timeout_us", (uint64_t)step->timeout_us);
    weir_json_close(&p.w, '}');
    if (p.w.failed) status = weir_error_nomem(err);
out:
    return status;
}

weir_status weir_plan_describe_later(const weir_pipeline *p, const weir_step *step, const char *why,
                                     weir_buf *out, weir_error *err) {
    weir_json_writer w = {.out = out};
    put_head(p, step, &w);
    put_text(&w, "later", why);
    weir_json_close(&w, '}');
    return w.failed ? weir_error_nomem(err) : WEIR_OK;
}
