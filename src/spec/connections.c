/* connections: and params: */
#include <stdio.h>
#include "spec/load.h"
#include "text/number.h"
#include "text/time.h"

/* ---- connections --------------------------------------------------------------------------- */

static bool one_connection(loader *l, weir_connection_spec *c, const weir_node *key,
                           const weir_node *map) {
    c->name = weir_spec_text(l, key->text, key->text_size);
    c->node = map;
    if (l->nomem) return false;
    weir_spec_name_ok(l, key, NULL, (weir_slice){key->text, key->text_size}, false);
    if (map->kind != WEIR_NODE_MAP) {
        weir_diags_error(l->diags, map, key->text, "write type: and the connector's keys below it",
                         "is not a map");
        return true;
    }
    const char *type = NULL;
    const char *given = weir_spec_scalar(map, "type");
    if (!given || !given[0])
        return weir_spec_bind_known(l, weir_spec_connection_options, map, &type);
    c->type = weir_spec_text(l, given, strlen(given));
    c->connector = weir_spec_connector(l, map, "type", given);
    if (!c->connector || l->nomem) return !l->nomem;
    void *config = weir_spec_new(l, 1, c->connector->config_size);
    map = weir_spec_fill_params(l, map);
    if (!config || !map) return false;
    c->config = config;
    weir_option_part parts[] = {{weir_spec_connection_options, &type},
                                {c->connector->options, config}};
    return weir_spec_bind(l, parts, 2, map);
}

bool weir_spec_connections(loader *l) {
    const weir_node *map = l->root.connections;
    if (!map) return true;
    if (map->kind != WEIR_NODE_MAP) {
        weir_diags_error(l->diags, map, "connections", "write a name and a colon, keys below it",
                         map->kind == WEIR_NODE_NULL ? "has no value" : "is not a map");
        return true;
    }
    l->p->connections = weir_spec_new(l, map->n, sizeof *l->p->connections);
    if (!l->p->connections) return false;
    for (size_t i = 0; i < map->n; i++)
        if (!one_connection(l, &l->p->connections[l->p->n_connections++], map->keys[i],
                            map->items[i]))
            return false;
    return true;
}

/* ---- parameters ---------------------------------------------------------------------------- */

/* Whether text can be read as the type; only types that people give on a command line. */
static bool value_fits(const weir_type *t, const char *text) {
    size_t n = strlen(text);
    int64_t i64, micros;
    uint64_t u64;
    double real;
    int32_t days;
    bool flag;
    weir_int128 wide;
    switch (t->id) {
    case WEIR_INT8:
        return weir_num_parse_int_within(text, n, INT8_MIN, INT8_MAX, &i64) == WEIR_NUM_OK;
    case WEIR_INT16:
        return weir_num_parse_int_within(text, n, INT16_MIN, INT16_MAX, &i64) == WEIR_NUM_OK;
    case WEIR_INT32:
        return weir_num_parse_int_within(text, n, INT32_MIN, INT32_MAX, &i64) == WEIR_NUM_OK;
    case WEIR_INT64: return weir_num_parse_int64(text, n, &i64) == WEIR_NUM_OK;
    case WEIR_UINT8: return weir_num_parse_int_within(text, n, 0, UINT8_MAX, &i64) == WEIR_NUM_OK;
    case WEIR_UINT16: return weir_num_parse_int_within(text, n, 0, UINT16_MAX, &i64) == WEIR_NUM_OK;
    case WEIR_UINT32: return weir_num_parse_int_within(text, n, 0, UINT32_MAX, &i64) == WEIR_NUM_OK;
    case WEIR_UINT64: return weir_num_parse_uint64(text, n, &u64) == WEIR_NUM_OK;
    case WEIR_FLOAT32:
    case WEIR_FLOAT64: return weir_num_parse_double(text, n, 0, &real) == WEIR_NUM_OK;
    case WEIR_DECIMAL:
        return weir_num_parse_decimal128(text, n, t->precision, t->scale, &wide) == WEIR_NUM_OK;
    case WEIR_BOOL: return weir_num_parse_bool(text, n, &flag) == WEIR_NUM_OK;
    case WEIR_DATE: return weir_date_parse(text, n, &days) == WEIR_NUM_OK;
    case WEIR_TIME: return weir_time_parse(text, n, &micros) == WEIR_NUM_OK;
    case WEIR_TIMESTAMP: return weir_timestamp_parse(text, n, &micros) == WEIR_NUM_OK;
    default: return true; /* checked where the value is used */
    }
}

static bool is_placeholder(const char *name) {
    static const char *const names[] = {"table", "file", "run_id", "date", "column"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static const char *given_value(const loader *l, const char *name) {
    const weir_spec_params *p = &l->options->params;
    for (size_t i = p->n; i > 0; i--)
        if (strcmp(p->names[i - 1], name) == 0) return p->values[i - 1];
    return NULL;
}

static void check_value(loader *l, const weir_param_spec *p, const weir_node *map) {
    const weir_type *type = NULL;
    weir_error err = {0};
    const weir_node *at = map->kind == WEIR_NODE_MAP ? weir_node_get(map, "type") : map;
    if (weir_type_parse(p->type, &type, &err) != WEIR_OK) {
        bool secret = at && at->secret;
        weir_diags_error(l->diags, at ? at : map, p->name, err.hint[0] && !secret ? err.hint : NULL,
                         "%s", secret ? "the type is not known" : err.message);
        return;
    }
    if (!p->value)
        weir_diags_error(l->diags, map, p->name, "give it with --param, or write a default",
                         "has no value");
    else if (!value_fits(type, p->value)) {
        at = p->given ? map : weir_node_get(map, "default");
        weir_diags_error(l->diags, at ? at : map, p->name, NULL,
                         p->given ? "the value of --param does not fit %s"
                                  : "the default does not fit %s",
                         type->name);
    }
}

static bool one_param(loader *l, weir_param_spec *p, const weir_node *key, const weir_node *map) {
    param_form form = {0};
    p->name = weir_spec_text(l, key->text, key->text_size);
    if (!p->name) return false;
    weir_spec_name_ok(l, key, NULL, (weir_slice){key->text, key->text_size}, false);
    if (is_placeholder(p->name))
        weir_diags_error(l->diags, key, p->name, "choose another name",
                         "means something else in paths already");
    if (map->kind == WEIR_NODE_SCALAR) {
        form.type = weir_spec_text(l, map->text, map->text_size);
        if (!form.type) return false;
    } else {
        weir_option_part part = {weir_spec_param_options, &form};
        size_t errors = l->diags->n_errors;
        if (!weir_spec_bind(l, &part, 1, map)) return false;
        if (l->diags->n_errors > errors) return true;
    }
    p->type = form.type;
    p->help = form.help;
    p->value = form.fallback;
    const char *given = given_value(l, p->name);
    if (given) {
        p->given = true;
        p->value = weir_spec_text(l, given, strlen(given));
        if (!p->value) return false;
    }
    check_value(l, p, map);
    return true;
}

static const char *param_name(const void *context, size_t i) {
    const weir_pipeline *p = context;
    return i < p->n_params ? p->params[i].name : NULL;
}

/* Values that were given for parameters that there are not. */
static void check_given(loader *l) {
    const weir_spec_params *given = &l->options->params;
    for (size_t i = 0; i < given->n; i++) {
        bool known = false;
        for (size_t k = 0; k < l->p->n_params && !known; k++)
            known = strcmp(l->p->params[k].name, given->names[i]) == 0;
        if (!known)
            weir_diags_error(l->diags, l->root.params, "--param",
                             weir_spec_suggest(l, given->names[i], "there are", param_name, l->p),
                             "\"%.60s\" is no parameter of this pipeline", given->names[i]);
    }
}

bool weir_spec_bind_params(loader *l) {
    const weir_node *map = l->root.params;
    if (map && !weir_spec_available(l, WEIR_SPEC_PARAMS, l->p->root, "params", "use ${VAR}"))
        return true;
    if (map && map->kind != WEIR_NODE_MAP)
        weir_diags_error(l->diags, map, "params", "write a name and its type",
                         map->kind == WEIR_NODE_NULL ? "has no value" : "is not a map");
    else if (map) {
        l->p->params = weir_spec_new(l, map->n, sizeof *l->p->params);
        if (!l->p->params) return false;
        for (size_t i = 0; i < map->n; i++)
            if (!one_param(l, &l->p->params[l->p->n_params++], map->keys[i], map->items[i]))
                return false;
    }
    check_given(l);
    return !l->nomem;
}

/* ---- {param} in paths and tables ----------------------------------------------------------- */

static const weir_param_spec *find_param(const loader *l, const char *name, size_t size) {
    for (size_t i = 0; i < l->p->n_params; i++) {
        const weir_param_spec *p = &l->p->params[i];
        if (strlen(p->name) == size && memcmp(p->name, name, size) == 0) return p->value ? p : NULL;
    }
    return NULL;
}

/* The scalar with its parameters filled in; braces that name none stay. */
static weir_node *fill_scalar(loader *l, weir_node *node) {
    if (node->kind != WEIR_NODE_SCALAR || !memchr(node->text, '{', node->text_size)) return node;
    weir_buf out = {.max = WEIR_REFERENCE_MAX_BYTES};
    bool ok = true;
    for (size_t i = 0; ok && i < node->text_size;) {
        const char *at = node->text + i;
        const char *end = *at == '{' ? memchr(at, '}', node->text_size - i) : NULL;
        const weir_param_spec *p = end ? find_param(l, at + 1, (size_t)(end - at - 1)) : NULL;
        ok = p ? weir_buf_adds(&out, p->value) : weir_buf_add(&out, at, 1);
        i += p ? (size_t)(end - at) + 1 : 1;
    }
    weir_node *copy = ok ? weir_spec_new(l, 1, sizeof *copy) : NULL;
    if (copy) {
        *copy = *node;
        copy->text = weir_spec_text(l, out.size ? out.data : "", out.size);
        copy->text_size = out.size;
    } else
        l->nomem = true;
    weir_buf_clear(&out);
    return l->nomem ? NULL : copy;
}

static weir_node *fill_list(loader *l, weir_node *node) {
    if (node->kind != WEIR_NODE_LIST) return fill_scalar(l, node);
    weir_node *copy = weir_spec_new(l, 1, sizeof *copy);
    weir_node **items = weir_spec_new(l, node->n, sizeof *items);
    if (!copy || !items) return NULL;
    *copy = *node;
    copy->items = items;
    for (size_t i = 0; i < node->n; i++)
        if (!(items[i] = fill_scalar(l, node->items[i]))) return NULL;
    return copy;
}

const weir_node *weir_spec_fill_params(loader *l, const weir_node *map) {
    if (l->p->n_params == 0) return map;
    weir_node *copy = weir_spec_new(l, 1, sizeof *copy);
    weir_node **items = weir_spec_new(l, map->n, sizeof *items);
    if (!copy || !items) return NULL;
    *copy = *map;
    copy->items = items;
    for (size_t i = 0; i < map->n; i++) {
        const char *key = map->keys[i]->text;
        bool fill = strcmp(key, "path") == 0 || strcmp(key, "table") == 0;
        items[i] = fill ? fill_list(l, map->items[i]) : map->items[i];
        if (!items[i]) return NULL;
    }
    return copy;
}
