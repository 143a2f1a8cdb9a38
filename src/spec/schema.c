/* The JSON Schema of the pipeline file, for editors. */
#include "spec/load.h"

/* Keys that are maps or lists of other things; the rest comes from the option tables. */
typedef struct special {
    const char *key, *schema;
} special;

static const special specials[] = {
    {"connections", "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/definitions/"
                    "connection\"}}"},
    {"steps", "{\"type\":\"object\",\"minProperties\":1,\"additionalProperties\":{\"$ref\":\"#/"
              "definitions/step\"}}"},
    {"params", "{\"type\":\"object\",\"additionalProperties\":{\"anyOf\":[{\"type\":\"string\"},{"
               "\"$ref\":\"#/definitions/param\"}]}}"},
    {"tests", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/definitions/test\"}}"},
    {"source", "{\"$ref\":\"#/definitions/source\"}"},
    {"inputs",
     "{\"type\":\"object\",\"additionalProperties\":{\"$ref\":\"#/definitions/source\"}}"},
    {"sink", "{\"$ref\":\"#/definitions/sink\"}"},
    {"route",
     "{\"anyOf\":[{\"type\":\"array\",\"items\":{\"$ref\":\"#/definitions/route_entry\"}},{"
     "\"$ref\":\"#/definitions/route\"}]}"},
    {"rejects", "{\"$ref\":\"#/definitions/rejects\"}"},
    {"transform", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/definitions/operator\"}}"},
    {"quality", "{\"type\":\"array\",\"items\":{\"$ref\":\"#/definitions/quality\"}}"},
    {"sql", "{\"$ref\":\"#/definitions/sql\"}"},
    {"command", "{\"$ref\":\"#/definitions/command\"}"},
    {NULL, NULL}};

static const special no_specials[] = {{NULL, NULL}};

#define MAX_NAMES 512
/* An object made of many tables; a key that several have appears once, as the first says. */
typedef struct object {
    weir_buf *out;
    const special *specials;
    const char *names[MAX_NAMES];
    size_t n;
} object;

static bool seen(object *o, const char *name) {
    for (size_t i = 0; i < o->n; i++)
        if (strcmp(o->names[i], name) == 0) return true;
    if (o->n < MAX_NAMES) o->names[o->n++] = name;
    return false;
}

static bool member(object *o, const weir_option *row, const char *name) {
    bool first = o->n == 0;
    if (seen(o, name)) return true;
    if (!first && !weir_buf_adds(o->out, ",")) return false;
    for (const special *s = o->specials; s->key; s++)
        if (row->type == WEIR_OPT_NODE && strcmp(s->key, name) == 0)
            return weir_buf_printf(o->out, "\"%s\":%s", name, s->schema);
    return weir_option_schema_member(row, name, o->out);
}

static bool members(object *o, const weir_option *table) {
    for (const weir_option *r = table; r && r->name; r++) {
        if (r->flags & WEIR_OPT_HIDDEN) continue;
        if (!member(o, r, r->name) || (r->alias && !member(o, r, r->alias))) return false;
    }
    return true;
}

static bool open_object(object *o) {
    return weir_buf_adds(o->out, "{\"type\":\"object\",\"additionalProperties\":false,"
                                 "\"properties\":{");
}

static bool connection(object *o, const weir_spec_registry *r) {
    if (!open_object(o) || !members(o, weir_spec_connection_options)) return false;
    for (size_t i = 0; r->connectors && r->connectors[i]; i++)
        if (!members(o, r->connectors[i]->options)) return false;
    return weir_buf_adds(o->out, "},\"required\":[\"type\"]}");
}

/* One end of a flow: all keys of all connectors and formats, since a file may name any. */
static bool end_object(object *o, const weir_spec_registry *r, const weir_option *common,
                       bool reads) {
    if (!open_object(o) || !members(o, common)) return false;
    for (size_t i = 0; r->connectors && r->connectors[i]; i++) {
        const weir_connector *c = r->connectors[i];
        if (!members(o, reads ? c->source_options : c->sink_options) || !members(o, c->options))
            return false;
    }
    for (size_t i = 0; r->formats && r->formats[i]; i++)
        if (!members(o, reads ? r->formats[i]->read_options : r->formats[i]->write_options))
            return false;
    return weir_buf_adds(o->out, "}}");
}

/* `- kind: value`. */
static bool operator_object(object *o, const weir_spec_registry *r) {
    if (!weir_buf_adds(o->out, "{\"type\":\"object\",\"minProperties\":1,\"maxProperties\":1,"
                               "\"additionalProperties\":false,\"properties\":{"))
        return false;
    for (size_t f = 0; r->operators && r->operators[f]; f++)
        for (size_t k = 0; r->operators[f][k]; k++)
            if (!members(o, r->operators[f][k]->options)) return false;
    return weir_buf_adds(o->out, "}}");
}

/* The schema of step's `validate:` is that of the operator. */
static bool definition(weir_buf *out, const char *name, bool (*fill)(object *, const void *),
                       const void *context) {
    object o = {.out = out, .specials = no_specials};
    return weir_buf_printf(out, ",\"%s\":", name) && fill(&o, context);
}

static bool fill_connection(object *o, const void *r) {
    return connection(o, r);
}
static bool fill_source(object *o, const void *r) {
    return end_object(o, r, weir_spec_source_options, true);
}
static bool fill_sink(object *o, const void *r) {
    return end_object(o, r, weir_spec_sink_options, false);
}
static bool fill_rejects(object *o, const void *r) {
    return end_object(o, r, weir_spec_rejects_options, false);
}
static bool fill_route_entry(object *o, const void *nothing) {
    (void)nothing;
    object entry = {.out = o->out, .specials = specials};
    return open_object(&entry) && members(&entry, weir_spec_route_options[0].fields) &&
           weir_buf_adds(o->out, "},\"required\":[\"name\",\"sink\"]}");
}
static bool fill_operator(object *o, const void *r) {
    return operator_object(o, r);
}
static bool fill_table(object *o, const void *table) {
    return weir_option_schema(table, o->out);
}
static bool fill_step(object *o, const void *unused) {
    (void)unused;
    o->specials = specials;
    return open_object(o) && members(o, weir_spec_step_options) && weir_buf_adds(o->out, "}}");
}

bool weir_pipeline_schema(const weir_spec_registry *r, weir_buf *out) {
    object top = {.out = out, .specials = specials};
    return weir_buf_adds(out, "{\"$schema\":\"http://json-schema.org/draft-07/schema#\","
                              "\"title\":\"weir pipeline\",\"type\":\"object\","
                              "\"additionalProperties\":false,\"properties\":{") &&
           members(&top, weir_spec_root_options) && members(&top, weir_spec_step_options) &&
           weir_buf_adds(out, "},\"definitions\":{\"any\":{}") &&
           definition(out, "connection", fill_connection, r) &&
           definition(out, "step", fill_step, NULL) && definition(out, "source", fill_source, r) &&
           definition(out, "sink", fill_sink, r) && definition(out, "rejects", fill_rejects, r) &&
           definition(out, "operator", fill_operator, r) &&
           definition(out, "route", fill_table, weir_spec_route_options) &&
           definition(out, "route_entry", fill_route_entry, NULL) &&
           definition(out, "quality", fill_table, weir_spec_quality_options) &&
           definition(out, "sql", fill_table, weir_spec_sql_options) &&
           definition(out, "command", fill_table, weir_spec_command_options) &&
           definition(out, "param", fill_table, weir_spec_param_options) &&
           definition(out, "test", fill_table, weir_spec_test_options) && weir_buf_adds(out, "}}");
}
