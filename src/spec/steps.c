/* The steps of a pipeline: their kind, what they need, and an order that respects it. */
#include <stdio.h>
#include "spec/load.h"

/* ---- sql and command ----------------------------------------------------------------------- */

static bool sql_step(loader *l, weir_step *step, const step_form *form, const weir_node *map) {
    sql_form sql = {0};
    weir_option_part part = {weir_spec_sql_options, &sql};
    if (!weir_spec_bind(l, &part, 1, form->sql)) return false;
    step->sql = (weir_sql_spec){.query = sql.query,
                                .connection = sql.connection,
                                .into = sql.into,
                                .mode = weir_spec_mode(sql.mode)};
    bool known = !sql.connection;
    for (size_t i = 0; i < l->p->n_connections && !known; i++)
        known = strcmp(l->p->connections[i].name, sql.connection) == 0;
    if (!known)
        weir_diags_error(
            l->diags, weir_node_get(form->sql, "connection"), "connection", "add it to connections",
            "%s is not among connections",
            weir_spec_show(l, weir_node_get(form->sql, "connection"), 0, sql.connection));
    weir_spec_available(l, WEIR_SPEC_SQL, map, "sql", "remove the step");
    return true;
}

static bool command_step(loader *l, weir_step *step, const step_form *form, const weir_node *map) {
    weir_option_part part = {weir_spec_command_options, &step->command};
    if (!weir_spec_bind(l, &part, 1, form->command)) return false;
    weir_spec_available(l, WEIR_SPEC_COMMAND, map, "command", "remove the step");
    return true;
}

/* ---- one step ------------------------------------------------------------------------------ */

/* Keys of a flow beside sql: or command:. */
static void refuse_flow_keys(loader *l, const weir_node *map, const char *kind) {
    static const char *const keys[] = {"source",  "inputs", "transform", "validate", "rejects",
                                       "quality", "sink",   "route",     "from"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (weir_node_get(map, keys[i]))
            weir_diags_error(l->diags, weir_spec_key(map, keys[i]), keys[i], "make two steps of it",
                             "stands beside %s", kind);
}

static bool fill_step(loader *l, weir_step *step, const step_form *form, const weir_node *map) {
    step->node = map;
    step->retries = form->retries_given ? form->retries : l->root.defaults.retries;
    step->backoff_us = form->backoff_given ? form->backoff_us : l->root.defaults.backoff_us;
    step->timeout_us = form->timeout_given ? form->timeout_us : l->root.defaults.timeout_us;
    if (form->sql) {
        step->kind = WEIR_STEP_SQL;
        refuse_flow_keys(l, map, "sql");
        if (form->command)
            weir_diags_error(l->diags, weir_spec_key(map, "command"), "command",
                             "make two steps of it", "stands beside sql");
        return sql_step(l, step, form, map);
    }
    if (form->command) {
        step->kind = WEIR_STEP_COMMAND;
        refuse_flow_keys(l, map, "command");
        return command_step(l, step, form, map);
    }
    step->kind = WEIR_STEP_FLOW;
    return weir_spec_flow(l, step, form, map);
}

static const char *step_name(const void *context, size_t i) {
    const weir_pipeline *p = context;
    return i < p->n_steps ? p->steps[i].name : NULL;
}

/* The steps a step needs, by number; the names of all steps are known by now. */
static bool set_needs(loader *l, weir_step *step, const step_form *form, const weir_node *map) {
    const weir_node *node = weir_node_get(map, "needs");
    step->needs = weir_spec_new(l, form->needs.n, sizeof *step->needs);
    if (!step->needs) return false;
    for (size_t i = 0; i < form->needs.n; i++) {
        const char *name = form->needs.items[i];
        const weir_node *at = node && node->kind == WEIR_NODE_LIST ? node->items[i] : node;
        size_t number = weir_pipeline_find_step(l->p, name);
        if (number == SIZE_MAX)
            weir_diags_error(l->diags, at, "needs",
                             weir_spec_suggest(l, name, "steps", step_name, l->p),
                             "%s is not a step", weir_spec_show(l, at, 0, name));
        else
            step->needs[step->n_needs++] = number;
    }
    return true;
}

/* keys: those of the step are right; all: nothing is wrong in it. */
static void see_soundness(weir_step *step, const step_form *form, bool keys, bool all) {
    step->sound = all;
    /* "transfrom:": what stands behind it cannot be looked at without it */
    if (!keys && !form->transform) step->flow.n_sound = 0;
}

/* ---- all steps ----------------------------------------------------------------------------- */

static bool named_steps(loader *l, const weir_node *map) {
    weir_pipeline *p = l->p;
    if (map->kind != WEIR_NODE_MAP || map->n == 0) {
        weir_diags_error(l->diags, map, "steps", "write a name and a colon, the step below it",
                         map->kind == WEIR_NODE_LIST ? "is a list, not a map of names to steps"
                                                     : "has no step");
        return true;
    }
    if (map->n > WEIR_SPEC_MAX_STEPS) {
        weir_diags_error(l->diags, map, "steps", "split the pipeline", "there are more than 1,000");
        return true;
    }
    p->steps = weir_spec_new(l, map->n, sizeof *p->steps);
    step_form *forms = weir_spec_new(l, map->n, sizeof *forms);
    if (!p->steps || !forms) return false;
    for (size_t i = 0; i < map->n; i++) {
        weir_slice name = {map->keys[i]->text, map->keys[i]->text_size};
        weir_spec_name_ok(l, map->keys[i], "steps", name, false);
        if (!(p->steps[i].name = weir_spec_text(l, name.data, name.size))) return false;
    }
    p->n_steps = map->n;
    for (size_t i = 0; i < map->n; i++) {
        weir_option_part part = {weir_spec_step_options, &forms[i]};
        if (map->items[i]->kind != WEIR_NODE_MAP) {
            weir_diags_error(l->diags, map->items[i], p->steps[i].name,
                             "write source: and sink: below it", "is not a step");
            continue;
        }
        size_t errors = l->diags->n_errors;
        if (!weir_spec_bind(l, &part, 1, map->items[i])) return false;
        bool keys = l->diags->n_errors == errors;
        if (!fill_step(l, &p->steps[i], &forms[i], map->items[i]) ||
            !set_needs(l, &p->steps[i], &forms[i], map->items[i]))
            return false;
        see_soundness(&p->steps[i], &forms[i], keys, l->diags->n_errors == errors);
    }
    return true;
}

/* Keys of a step at the top of the file, where they make the only step. */
static size_t step_keys(const weir_node *root) {
    size_t n = 0;
    for (const weir_option *r = weir_spec_step_options; r->name; r++)
        n += weir_node_get(root, r->name) != NULL;
    return n;
}

bool weir_spec_steps(loader *l, const step_form *top) {
    const weir_node *root = l->p->root;
    if (l->root.steps) {
        for (const weir_option *r = weir_spec_step_options; r->name; r++)
            if (weir_node_get(root, r->name))
                weir_diags_error(l->diags, weir_spec_key(root, r->name), r->name,
                                 "move it into a step", "stands beside steps");
        return named_steps(l, l->root.steps);
    }
    if (step_keys(root) == 0) {
        weir_diags_error(l->diags, root, NULL,
                         "write source: and sink:, or steps:", "the pipeline has no step");
        return true;
    }
    weir_pipeline *p = l->p;
    size_t errors = l->diags->n_errors;
    p->steps = weir_spec_new(l, 1, sizeof *p->steps);
    if (!p->steps) return false;
    p->n_steps = 1;
    p->steps[0].name = p->name;
    if (weir_node_get(root, "needs"))
        weir_diags_error(l->diags, weir_spec_key(root, "needs"), "needs", "remove it",
                         "there is only one step");
    /* the keys of the file and those of its step stand side by side */
    if (!fill_step(l, &p->steps[0], top, root)) return false;
    bool keys = errors == 0;
    see_soundness(&p->steps[0], top, keys, l->diags->n_errors == 0);
    return true;
}

/* ---- order --------------------------------------------------------------------------------- */

/* "a needs b needs a", from one step of a circle (each step left over needs another one). */
static void report_circle(loader *l, const bool *done, size_t start) {
    const weir_pipeline *p = l->p;
    char text[500];
    size_t at = start;
    /* After as many steps back as there are steps, we stand inside a circle. */
    for (size_t i = 0; i < p->n_steps; i++)
        for (size_t k = 0; k < p->steps[at].n_needs; k++)
            if (!done[p->steps[at].needs[k]]) {
                at = p->steps[at].needs[k];
                break;
            }
    size_t first = at;
    int used = snprintf(text, sizeof text, "%s", p->steps[at].name);
    do {
        size_t next = first;
        for (size_t k = 0; k < p->steps[at].n_needs; k++)
            if (!done[p->steps[at].needs[k]]) {
                next = p->steps[at].needs[k];
                break;
            }
        at = next;
        if (used > 0 && (size_t)used < sizeof text)
            used +=
                snprintf(text + used, sizeof text - (size_t)used, " needs %s", p->steps[at].name);
    } while (at != first);
    weir_diags_error(l->diags, weir_spec_key(p->steps[first].node, "needs"), "needs",
                     "break the circle", "goes in a circle: %s", text);
}

bool weir_spec_order(loader *l) {
    weir_pipeline *p = l->p;
    bool *done = weir_spec_new(l, p->n_steps, sizeof *done);
    p->order = weir_spec_new(l, p->n_steps, sizeof *p->order);
    if (!done || !p->order) return false;
    for (size_t n = 0; n < p->n_steps;) {
        size_t i = 0; /* the first in the file that waits for nobody */
        for (; i < p->n_steps; i++) {
            bool ready = !done[i];
            for (size_t k = 0; ready && k < p->steps[i].n_needs; k++)
                ready = done[p->steps[i].needs[k]];
            if (ready) break;
        }
        if (i == p->n_steps) {
            for (i = 0; done[i]; i++) continue;
            report_circle(l, done, i);
            return true;
        }
        done[i] = true;
        p->order[n++] = i;
    }
    return true;
}
