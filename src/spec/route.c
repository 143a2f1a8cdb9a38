/* `route:` of a flow: several sinks, each with a condition. */
#include <stdio.h>
#include "spec/load.h"

/* The list itself, as the map it stands for. */
static const weir_node *as_map(loader *l, const weir_node *node) {
    weir_node *map = weir_spec_new(l, 1, sizeof *map), *key = weir_spec_new(l, 1, sizeof *key);
    weir_node **keys = weir_spec_new(l, 1, sizeof *keys),
              **items = weir_spec_new(l, 1, sizeof *items);
    if (!map || !key || !keys || !items) return NULL;
    *key = (weir_node){.kind = WEIR_NODE_SCALAR,
                       .line = node->line,
                       .column = node->column,
                       .text = "to",
                       .text_size = 2};
    keys[0] = key;
    items[0] = (weir_node *)(uintptr_t)node;
    *map = (weir_node){.kind = WEIR_NODE_MAP,
                       .line = node->line,
                       .column = node->column,
                       .n = 1,
                       .keys = keys,
                       .items = items};
    return map;
}

static const char *text_at(const weir_node *map, const char *key) {
    const weir_node *node = weir_node_get(map, key);
    return node && node->kind == WEIR_NODE_SCALAR ? node->text : NULL;
}

static bool same_text(const weir_node *a, const weir_node *b, const char *key) {
    const char *x = text_at(a, key), *y = text_at(b, key);
    return x && y && strcmp(x, y) == 0;
}

/* Two sinks that would get in each other's way. */
static void check_pair(loader *l, const weir_sink_spec *a, const weir_sink_spec *b,
                       const char *other) {
    if (!a->connector || a->connector != b->connector) return;
    bool files = a->connector->caps & WEIR_CAP_FORMATS;
    bool database = a->connection_name
                        ? b->connection_name && strcmp(a->connection_name, b->connection_name) == 0
                        : same_text(a->node, b->node, "path");
    if (files && same_text(a->node, b->node, "path"))
        weir_diags_error(l->diags, weir_node_get(b->node, "path"), "path",
                         "give each sink a file of its own", "is the path of %s, too", other);
    /* A database with one writer: the second transaction would wait for the first for ever. */
    else if (!files && database && (a->connector->caps & WEIR_CAP_SINGLE_WRITER))
        weir_diags_error(l->diags, b->node, "sink",
                         "it has one writer at a time: load one table with a column that tells the "
                         "routes apart, or write a flow for each table",
                         "writes to the database of %s, too", other);
}

static void check_entries(loader *l, const weir_flow_spec *flow, const routes_form *form,
                          const weir_node *list) {
    const route_form *entries = form->to.items;
    bool rest = false;
    for (size_t i = 0; i < form->to.n; i++) {
        const weir_node *at = weir_bind_item(list, i);
        if (entries[i].name)
            weir_spec_name_ok(l, weir_node_get(at, "name"), "name", weir_slice_of(entries[i].name),
                              false);
        for (size_t k = 0; k < i; k++) {
            char other[160];
            snprintf(other, sizeof other, "the route %.100s",
                     entries[k].name ? entries[k].name : "");
            if (entries[i].name && entries[k].name && !strcmp(entries[i].name, entries[k].name))
                weir_diags_error(l->diags, weir_node_get(at, "name"), "name", "choose another name",
                                 "%s stands twice", other);
            check_pair(l, &flow->routes[k], &flow->routes[i], other);
        }
        if (rest)
            weir_diags_error(l->diags, at, "route", "put the route without when: last",
                             "nothing is left for it");
        if (!entries[i].when_given) rest = true;
        if (flow->rejects.has_sink) check_pair(l, &flow->rejects.sink, &flow->routes[i], "rejects");
    }
    if (form->to.n == 0)
        weir_diags_error(l->diags, list, "route",
                         "write - { name: eu, when: \"...\", sink: { ... } }", "has no entry");
    else if (!rest && (!form->unmatched_given || form->unmatched == WEIR_UNMATCHED_NONE))
        weir_diags_error(
            l->diags, list, "route",
            "add a route without when:, or write route: { to: [...], unmatched: reject } "
            "(or drop)",
            "does not say what becomes of records that no route takes");
    else if (rest && form->unmatched_given && form->unmatched != WEIR_UNMATCHED_NONE)
        weir_diags_error(l->diags, list, "unmatched", "remove it, or the route without when:",
                         "has no meaning: a route takes the rest");
    if (form->to.n > WEIR_ROUTES_MAX)
        weir_diags_error(l->diags, list, "route", "partition a file by a column instead",
                         "has more than %u entries", WEIR_ROUTES_MAX);
}

bool weir_spec_route(loader *l, weir_flow_spec *flow, const weir_node *node) {
    routes_form form = {0};
    weir_option_part part = {weir_spec_route_options, &form};
    const weir_node *map = node->kind == WEIR_NODE_LIST ? as_map(l, node) : node;
    if (!map) return false;
    if (map->kind != WEIR_NODE_MAP) {
        weir_diags_error(l->diags, node, "route",
                         "write - { name: eu, when: \"...\", sink: { ... } }",
                         node->kind == WEIR_NODE_NULL ? "has no value" : "is not a list");
        return true;
    }
    size_t errors = l->diags->n_errors;
    if (!weir_spec_bind(l, &part, 1, map)) return false;
    if (l->diags->n_errors > errors) return true;
    if (!weir_spec_check_texts(l, weir_spec_route_options, &form, true)) return false;
    const route_form *entries = form.to.items;
    weir_route *routes = weir_spec_new(l, form.to.n + 1, sizeof *routes);
    flow->routes = weir_spec_new(l, form.to.n + 1, sizeof *flow->routes);
    if (!routes || !flow->routes) return false;
    for (size_t i = 0; i < form.to.n; i++) {
        routes[i] = (weir_route){.name = entries[i].name};
        if (entries[i].when_given) routes[i].when = entries[i].when;
        if (!weir_spec_sink(l, &flow->routes[i], entries[i].sink)) return false;
    }
    flow->n_routes = form.to.n;
    flow->route_node = node;
    flow->route = (weir_route_config){form.to.n, routes, form.all, form.unmatched};
    if (l->diags->n_errors == errors)
        check_entries(l, flow, &form,
                      node->kind == WEIR_NODE_LIST ? node : weir_node_get(map, "to"));
    if (form.to.n) flow->sink = flow->routes[0];
    return !l->nomem;
}
