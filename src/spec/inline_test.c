/* tests: */
#include <stdio.h>
#include "spec/load.h"

/* A list of maps; anything else is an error.  false in *ok = there was one. */
static void rows_of(loader *l, const weir_node *node, const char *key, size_t *n,
                    const weir_node *const **items) {
    if (node->kind != WEIR_NODE_LIST) {
        weir_diags_error(l->diags, node, key, "write [ { field: value }, ... ]",
                         node->kind == WEIR_NODE_NULL ? "has no value"
                                                      : "is not a list of records");
        return;
    }
    for (size_t i = 0; i < node->n; i++)
        if (node->items[i]->kind != WEIR_NODE_MAP) {
            weir_diags_error(l->diags, node->items[i], key, "write { field: value }",
                             "a record is not a map");
            return;
        }
    *n = node->n;
    *items = (const weir_node *const *)node->items;
}

static const char *flow_name(const void *context, size_t i) {
    const weir_pipeline *p = context;
    return i < p->n_steps ? p->steps[i].name : NULL;
}

static void find_step(loader *l, weir_test_spec *t, const char *name, const weir_node *map) {
    const weir_pipeline *p = l->p;
    if (!name && p->n_steps == 1) return;
    if (!name) {
        weir_diags_error(l->diags, map, "step", weir_spec_suggest(l, "", "steps", flow_name, p),
                         "is missing");
        return;
    }
    const weir_node *at = weir_node_get(map, "step");
    t->step = weir_pipeline_find_step(p, name);
    if (t->step == SIZE_MAX) {
        t->step = 0;
        weir_diags_error(l->diags, at, "step", weir_spec_suggest(l, name, "steps", flow_name, p),
                         "%s is not a step", weir_spec_show(l, at, 0, name));
    } else if (p->steps[t->step].kind != WEIR_STEP_FLOW)
        weir_diags_error(l->diags, at, "step", "name a flow", "%s has no records",
                         weir_spec_show(l, at, 0, name));
}

static bool one_test(loader *l, weir_test_spec *t, const weir_node *map, size_t number) {
    test_form form = {0};
    weir_option_part part = {weir_spec_test_options, &form};
    t->node = map;
    if (!weir_spec_bind(l, &part, 1, map)) return false;
    if (map->kind != WEIR_NODE_MAP) return true;
    t->name = form.name ? form.name : weir_arena_printf(l->arena, "test %zu", number + 1);
    if (!t->name) {
        l->nomem = true;
        return false;
    }
    find_step(l, t, form.step, map);
    if (form.input) rows_of(l, form.input, "input", &t->n_input, &t->input);
    t->loaded = form.expect.loaded_given ? form.expect.loaded : -1;
    t->rejected = form.expect.rejected_given ? form.expect.rejected : -1;
    t->exit_code = form.expect.exit_given ? form.expect.exit_code : -1;
    t->quality = form.expect.quality;
    if (t->quality)
        weir_spec_available(l, WEIR_SPEC_QUALITY, weir_node_get(map, "expect"), "quality",
                            "remove it");
    t->rows_given = form.expect.rows != NULL;
    t->rejects_given = form.expect.rejects != NULL;
    if (form.expect.rows) rows_of(l, form.expect.rows, "rows", &t->n_rows, &t->rows);
    if (form.expect.rejects) rows_of(l, form.expect.rejects, "rejects", &t->n_rejects, &t->rejects);
    return true;
}

bool weir_spec_tests(loader *l) {
    const weir_node *list = l->root.tests;
    if (!list) return true;
    if (list->kind != WEIR_NODE_LIST) {
        weir_diags_error(l->diags, list, "tests", "put \"- \" before each test",
                         list->kind == WEIR_NODE_NULL ? "has no value" : "is not a list");
        return true;
    }
    l->p->tests = weir_spec_new(l, list->n, sizeof *l->p->tests);
    if (!l->p->tests) return false;
    for (size_t i = 0; i < list->n; i++)
        if (!one_test(l, &l->p->tests[l->p->n_tests++], list->items[i], i)) return false;
    return true;
}
