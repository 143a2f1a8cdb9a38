/* A flow: source, operators, rejects, quality, sink. */
#include <stdio.h>
#include <stdlib.h>
#include "io/file.h"
#include "spec/load.h"

/* ---- operators ----------------------------------------------------------------------------- */

static const weir_operator_kind *kind_at(const weir_spec_registry *r, size_t i) {
    for (size_t f = 0; r->operators && r->operators[f]; f++)
        for (size_t k = 0; r->operators[f][k]; k++)
            if (i-- == 0) return r->operators[f][k];
    return NULL;
}

static const char *kind_name(const void *context, size_t i) {
    const weir_operator_kind *kind = kind_at(context, i);
    return kind ? kind->name : NULL;
}

static const weir_operator_kind *find_kind(const weir_spec_registry *r, const char *name) {
    const weir_operator_kind *kind;
    for (size_t i = 0; (kind = kind_at(r, i)) != NULL; i++)
        if (strcmp(kind->name, name) == 0) return kind;
    return NULL;
}

/* Operators that the language has and this version may not. */
static bool is_planned(const char *name) {
    static const char *const names[] = {"dedupe",    "sort",   "join",   "lookup",
                                        "aggregate", "window", "unique", "references",
                                        "sql",       "limit",  "sample"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static void unknown_operator(loader *l, const weir_node *key) {
    if (is_planned(key->text))
        weir_diags_error(l->diags, key, key->text, "remove it", "is not available in this version");
    else
        weir_diags_error(l->diags, key, key->text,
                         weir_spec_suggest(l, key->text, "there are", kind_name, l->registry),
                         "is not an operator");
}

/* One `- kind: value`.  Nothing is stored for what cannot be bound. */
static bool add_operator(loader *l, weir_flow_spec *flow, const weir_node *item) {
    char shown[80];
    if (item->kind != WEIR_NODE_MAP || item->n == 0) {
        weir_diags_error(l->diags, item, "transform", "write - name: value",
                         "%s is not an operator", weir_node_show(item, shown, sizeof shown));
        return true;
    }
    if (item->n > 1) {
        char hint[160];
        snprintf(hint, sizeof hint, "put \"- \" before \"%.60s\"", item->keys[1]->text);
        weir_diags_error(l->diags, item->keys[1], item->keys[1]->text, hint,
                         "stands in the entry of \"%.60s\"", item->keys[0]->text);
    }
    for (size_t i = 0; i < item->n; i++) {
        const weir_operator_kind *kind = find_kind(l->registry, item->keys[i]->text);
        if (!kind) {
            unknown_operator(l, item->keys[i]);
            continue;
        }
        weir_node single = *item;
        single.n = 1;
        single.keys = &item->keys[i];
        single.items = &item->items[i];
        void *config = weir_spec_new(l, 1, kind->config_size);
        weir_option_part part = {kind->options, config};
        if (!config || !weir_spec_bind(l, &part, 1, &single)) return false;
        if (!weir_spec_check_texts(l, kind->options, config, true)) return false;
        weir_operator_spec *op = &flow->operators[flow->n_operators++];
        *op = (weir_operator_spec){.kind = kind, .config = config, .node = item->items[i]};
        if (!weir_spec_operator_input(l, flow, op)) return false;
    }
    return true;
}

/* The same; *sound: no entry before it was wrong, and in the end neither is this one. */
static bool add_and_see(loader *l, weir_flow_spec *flow, const weir_node *item, bool *sound) {
    size_t errors = l->diags->n_errors;
    if (!add_operator(l, flow, item)) return false;
    *sound = *sound && l->diags->n_errors == errors;
    if (*sound) flow->n_sound = flow->n_operators;
    return true;
}

/* `validate:` beside `transform:` as an entry of the list. */
static weir_node *validate_entry(loader *l, const weir_node *map) {
    size_t i = weir_node_find(map, "validate");
    weir_node *entry = weir_spec_new(l, 1, sizeof *entry);
    weir_node **keys = weir_spec_new(l, 1, sizeof *keys);
    weir_node **items = weir_spec_new(l, 1, sizeof *items);
    if (!entry || !keys || !items) return NULL;
    keys[0] = map->keys[i];
    items[0] = map->items[i];
    *entry = (weir_node){.kind = WEIR_NODE_MAP,
                         .line = keys[0]->line,
                         .column = keys[0]->column,
                         .n = 1,
                         .keys = keys,
                         .items = items};
    return entry;
}

/* Each entry has the columns before it once more. */
#define OPERATORS_MAX 4096

static bool operators(loader *l, weir_flow_spec *flow, const step_form *form,
                      const weir_node *map) {
    const weir_node *list = form->transform;
    size_t most = 1; /* validate: */
    if (list && list->kind != WEIR_NODE_LIST) {
        weir_diags_error(l->diags, list, "transform", "put \"- \" before each operator",
                         list->kind == WEIR_NODE_NULL ? "has no value" : "is not a list");
        list = NULL;
    }
    if (list && list->n > OPERATORS_MAX) {
        weir_diags_error(l->diags, list->items[OPERATORS_MAX], "transform",
                         "let one entry do more: set: and validate: take many columns",
                         "has more than %d entries", OPERATORS_MAX);
        list = NULL;
    }
    for (size_t i = 0; list && i < list->n; i++) most += list->items[i]->n;
    flow->operators = weir_spec_new(l, most, sizeof *flow->operators);
    if (!flow->operators) return false;
    bool sound = list || !form->transform;
    for (size_t i = 0; list && i < list->n; i++)
        if (!add_and_see(l, flow, list->items[i], &sound)) return false;
    if (!form->validate) return true;
    weir_node *entry = validate_entry(l, map);
    return entry && add_and_see(l, flow, entry, &sound);
}

/* ---- quality ------------------------------------------------------------------------------- */

/* "10", "-1.5" or "1%". */
static bool bound(loader *l, const weir_node *map, const char *key, const char *text, double *out,
                  bool *given) {
    if (!text) return true;
    char *end = NULL;
    *given = true;
    if (weir_option_parse_ratio(weir_slice_of(text), out)) return true;
    *out = strtod(text, &end);
    if (end != text && *end == '\0' && *out - *out == 0) return true;
    char shown[80];
    const weir_node *at = weir_node_get(map, key);
    weir_diags_error(l->diags, at, key, "write 10 or 1%", "%s is not a number",
                     weir_node_show(at, shown, sizeof shown));
    return true;
}

static bool one_quality(loader *l, weir_quality_spec *q, const weir_node *map) {
    quality_form form = {0};
    weir_option_part part = {weir_spec_quality_options, &form};
    size_t errors = l->diags->n_errors;
    if (!weir_spec_bind(l, &part, 1, map)) return false;
    if (l->diags->n_errors > errors) return true;
    q->metric = form.metric;
    q->name = form.name ? form.name : form.metric.text;
    q->severity = form.severity;
    if (!bound(l, map, "min", form.min, &q->min, &q->min_given) ||
        !bound(l, map, "max", form.max, &q->max, &q->max_given))
        return false;
    if (!q->min_given && !q->max_given)
        weir_diags_error(l->diags, map, "metric", "write min: or max:", "has no bound");
    return true;
}

static bool quality(loader *l, weir_flow_spec *flow, const weir_node *list, const weir_node *map) {
    if (!list) return true;
    if (list->kind != WEIR_NODE_LIST) {
        weir_diags_error(l->diags, list, "quality", "write - { metric: row_count, min: 1 }",
                         list->kind == WEIR_NODE_NULL ? "has no value" : "is not a list");
        return true;
    }
    flow->quality = weir_spec_new(l, list->n, sizeof *flow->quality);
    if (!flow->quality) return false;
    for (size_t i = 0; i < list->n; i++)
        if (!one_quality(l, &flow->quality[flow->n_quality++], list->items[i])) return false;
    weir_spec_available(l, WEIR_SPEC_QUALITY, map, "quality",
                        "remove it, or use validate and max_ratio");
    return true;
}

/* What the sink's path may become, for a look at the source's patterns: "x" for each placeholder.
 */
static bool sample_path(const weir_node *sink, weir_buf *out) {
    const weir_node *path = weir_node_get(sink, "path");
    if (!path || path->kind != WEIR_NODE_SCALAR || strcmp(path->text, "-") == 0) return false;
    const char *slash = strrchr(path->text, '/'), *name = slash ? slash + 1 : path->text;
    bool ok = true;
    for (const char *p = path->text; ok && *p; p++) {
        const char *end = *p == '{' ? strchr(p, '}') : NULL;
        if (p == name && weir_node_get(sink, "partition_by") && !strchr(path->text, '{'))
            ok = weir_buf_adds(out, "x=x/");
        ok = ok && (end ? weir_buf_adds(out, "x") : weir_buf_add(out, p, 1));
        if (end) p = end;
    }
    return ok && weir_buf_cstr(out);
}

/* A pattern that matches what the flow itself writes would read its own output the next time. */
static void check_own_output(loader *l, const weir_flow_spec *flow, const step_form *form,
                             const weir_sink_spec *sink) {
    const weir_node *path = weir_node_get(form->source, "path");
    weir_buf sample = {0};
    bool files = flow->source.connector && sink->connector && path &&
                 (flow->source.connector->caps & sink->connector->caps & WEIR_CAP_FORMATS);
    size_t n = !files ? 0 : path->kind == WEIR_NODE_LIST ? path->n : 1;
    if (n && !sample_path(sink->node, &sample)) n = 0;
    for (size_t i = 0; i < n; i++) {
        const weir_node *item = path->kind == WEIR_NODE_LIST ? path->items[i] : path;
        if (item->kind != WEIR_NODE_SCALAR || !weir_file_is_pattern(item->text) ||
            !weir_file_path_matches(item->text, weir_buf_cstr(&sample)))
            continue;
        weir_diags_error(
            l->diags, weir_node_get(sink->node, "path"), "path",
            "write to another folder, or under another name",
            "the source's pattern %s matches it: the next run would read its own output",
            weir_spec_show(l, item, 0, item->text));
        break;
    }
    weir_buf_clear(&sample);
}

/* ---- the flow ------------------------------------------------------------------------------ */

bool weir_spec_flow(loader *l, weir_step *step, const step_form *form, const weir_node *map) {
    weir_flow_spec *flow = &step->flow;
    if (form->route && form->sink)
        weir_diags_error(l->diags, weir_spec_key(map, "route"), "route",
                         "keep one of the two; a route without when: takes the rest",
                         "stands beside sink");
    if (form->from) weir_spec_available(l, WEIR_SPEC_FROM, map, "from", "read what the step wrote");
    if (!form->source && !form->from)
        weir_diags_error(l->diags, map, "source",
                         "write source: with path:, connection: or type:", "is missing");
    if (!form->sink && !form->route)
        weir_diags_error(l->diags, map, "sink",
                         "write sink: with path:, connection: or type:", "is missing");
    size_t errors = l->diags->n_errors;
    bool whole = !form->source || weir_spec_source(l, &flow->source, form->source);
    flow->source_sound = whole && form->source && l->diags->n_errors == errors;
    errors = l->diags->n_errors;
    whole = whole && (!form->inputs || weir_spec_inputs(l, flow, form->inputs));
    bool inputs = l->diags->n_errors == errors;
    whole = whole && operators(l, flow, form, map) &&
            weir_spec_rejects(l, &flow->rejects, form->rejects) &&
            quality(l, flow, form->quality, map) &&
            (!form->sink || weir_spec_sink(l, &flow->sink, form->sink)) &&
            (!form->route || form->sink || weir_spec_route(l, flow, form->route));
    if (!inputs) flow->n_sound = 0;
    if (whole && form->inputs) weir_spec_unused_inputs(l, flow, form->inputs);
    if (whole && form->source && form->sink) check_own_output(l, flow, form, &flow->sink);
    for (size_t i = 0; whole && form->source && i < flow->n_routes; i++)
        check_own_output(l, flow, form, &flow->routes[i]);
    return whole;
}
