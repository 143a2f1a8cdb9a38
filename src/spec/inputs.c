/* inputs: of a step, and the sources that operators name or describe in place. */
#include "spec/load.h"

static const char *input_name(const void *context, size_t i) {
    const weir_flow_spec *flow = context;
    return i < flow->n_inputs ? flow->inputs[i].name : NULL;
}

/* Keys of a source that mean nothing where all of it is read each time. */
static void refuse_keys(loader *l, const weir_node *map) {
    static const char *const keys[] = {"incremental", "metadata", "on_file_error", "on_empty"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (weir_node_get(map, keys[i]))
            weir_diags_error(l->diags, weir_spec_key(map, keys[i]), keys[i], "remove it",
                             "has no meaning here: an input is read whole by each run");
}

static bool one_source(loader *l, weir_source_spec *source, const weir_node *map) {
    size_t errors = l->diags->n_errors;
    if (!weir_spec_source(l, source, map)) return false;
    refuse_keys(l, map);
    if (l->diags->n_errors > errors) source->connector = NULL;
    return true;
}

bool weir_spec_inputs(loader *l, weir_flow_spec *flow, const weir_node *map) {
    if (map->kind != WEIR_NODE_MAP) {
        weir_diags_error(l->diags, map, "inputs", "write a name and a colon, path: below it",
                         map->kind == WEIR_NODE_NULL ? "has no value"
                                                     : "is not a map of names to sources");
        return true;
    }
    flow->inputs = weir_spec_new(l, map->n + 1, sizeof *flow->inputs);
    if (!flow->inputs) return false;
    for (size_t i = 0; i < map->n; i++) {
        weir_input_spec *input = &flow->inputs[flow->n_inputs++];
        weir_slice name = {map->keys[i]->text, map->keys[i]->text_size};
        weir_spec_name_ok(l, map->keys[i], "inputs", name, false);
        if (!(input->name = weir_spec_text(l, name.data, name.size))) return false;
        if (!one_source(l, &input->source, map->items[i])) return false;
    }
    return true;
}

void weir_spec_unused_inputs(loader *l, const weir_flow_spec *flow, const weir_node *map) {
    for (size_t i = 0; i < flow->n_inputs; i++)
        if (!flow->inputs[i].used)
            weir_diags_warn(l->diags, map->keys[i], flow->inputs[i].name,
                            "write input: with this name in a map, or remove it",
                            "no operator reads it");
}

/* `from: countries.csv` as `from: { path: countries.csv }`. */
static const weir_node *as_map(loader *l, const weir_node *from) {
    if (from->kind != WEIR_NODE_SCALAR) return from;
    weir_node *map = weir_spec_new(l, 1, sizeof *map);
    weir_node *key = weir_spec_new(l, 1, sizeof *key);
    weir_node **keys = weir_spec_new(l, 1, sizeof *keys);
    weir_node **items = weir_spec_new(l, 1, sizeof *items);
    weir_node *item = weir_spec_new(l, 1, sizeof *item);
    if (!map || !key || !keys || !items || !item) return NULL;
    *key = *from;
    key->text = "path";
    key->text_size = 4;
    key->written = NULL;
    key->secret = false;
    *item = *from;
    keys[0] = key;
    items[0] = item;
    *map = (weir_node){.kind = WEIR_NODE_MAP,
                       .line = from->line,
                       .column = from->column,
                       .n = 1,
                       .keys = keys,
                       .items = items};
    return map;
}

static bool in_place(loader *l, weir_operator_spec *op, const weir_node *from) {
    const weir_node *map = as_map(l, from);
    weir_source_spec *source = weir_spec_new(l, 1, sizeof *source);
    if (!map || !source) return false;
    const weir_node *path = weir_node_get(map, "path");
    const weir_node *table = weir_node_get(map, "table");
    const weir_node *shown = table ? table : path;
    if (shown && shown->kind == WEIR_NODE_LIST && shown->n) shown = shown->items[0];
    bool named = shown && shown->kind == WEIR_NODE_SCALAR;
    op->input_name = named ? shown->written ? shown->written : shown->text : "the input";
    op->input = source;
    return one_source(l, source, map);
}

bool weir_spec_operator_input(loader *l, weir_flow_spec *flow, weir_operator_spec *op) {
    if (!op->kind->source_offset) return true;
    const char *at = (const char *)op->config + op->kind->source_offset;
    const weir_operator_source *want = (const weir_operator_source *)(const void *)at;
    if (want->name && want->from) {
        weir_diags_error(l->diags, weir_spec_key(op->node, "input"), "input", "keep one of the two",
                         "stands beside from");
        return true;
    }
    if (want->from) return in_place(l, op, want->from);
    if (!want->name) return true;
    op->input_name = want->name;
    for (size_t i = 0; i < flow->n_inputs; i++) {
        if (strcmp(flow->inputs[i].name, want->name) != 0) continue;
        flow->inputs[i].used = true;
        op->input = &flow->inputs[i].source;
        return true;
    }
    const weir_node *node = weir_node_get(op->node, "input");
    weir_diags_error(l->diags, node ? node : op->node, "input",
                     flow->n_inputs ? weir_spec_suggest(l, want->name, "inputs", input_name, flow)
                                    : "describe it in the step's inputs:",
                     "%s is not among inputs", weir_spec_show(l, node, 0, want->name));
    return true;
}
