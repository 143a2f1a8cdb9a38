/* The two ends of a flow, and the place of its rejects: which connector, which format, all keys. */
#include <stdio.h>
#include "base/distance.h"
#include "spec/load.h"
#include "text/number.h"
#include "text/time.h"

/* What is found out about one end. */
typedef struct end {
    const char *role; /* "source", "sink", "rejects" */
    bool reads;
    const weir_node *map;
    const weir_connector *connector;
    const char *type, *connection_name;
    const void *connection;  /* config of a named connection */
    void *inline_connection; /* else: config to be filled from the map itself */
    void *config;
    const weir_format *format;
    void *format_config;
} end;

/* ---- which connector ----------------------------------------------------------------------- */

static const char *connection_name(const void *context, size_t i) {
    const weir_pipeline *p = context;
    return i < p->n_connections ? p->connections[i].name : NULL;
}

/* `connection: name`. */
static void by_connection(loader *l, end *e, const char *name) {
    for (size_t i = 0; i < l->p->n_connections; i++) {
        const weir_connection_spec *c = &l->p->connections[i];
        if (strcmp(c->name, name) != 0) continue;
        e->connector = c->connector; /* NULL: its own error was reported */
        e->connection_name = c->name;
        e->connection = c->config;
        return;
    }
    weir_diags_error(l->diags, weir_node_get(e->map, "connection"), "connection",
                     weir_spec_suggest(l, name, "connections", connection_name, l->p),
                     "%s is not among connections",
                     weir_spec_show(l, weir_node_get(e->map, "connection"), 0, name));
}

/* The first path, when there is one. */
static const weir_node *path_node(const weir_node *map) {
    const weir_node *n = weir_node_get(map, "path");
    if (n && n->kind == WEIR_NODE_LIST && n->n > 0) n = n->items[0];
    return n && n->kind == WEIR_NODE_SCALAR ? n : NULL;
}

/* Length of "s3" in "s3://bucket"; 0 = no scheme. */
static size_t scheme_size(const char *path) {
    size_t n = 0;
    while ((path[n] >= 'a' && path[n] <= 'z') || (n > 0 && path[n] >= '0' && path[n] <= '9')) n++;
    return n > 0 && strncmp(path + n, "://", 3) == 0 ? n : 0;
}

/* `path:` alone: a database by its extension, else files. */
static void by_path(loader *l, end *e, const weir_node *path) {
    size_t scheme = scheme_size(path->text);
    if (scheme) {
        weir_diags_error(l->diags, path, "path", "give a local path",
                         "%.*s:// is not available in this version", path->secret ? 3 : (int)scheme,
                         path->secret ? "..." : path->text);
        return;
    }
    e->connector = weir_spec_connector_of_path(l->registry, path->text);
    if (!e->connector) e->connector = weir_spec_connector(l, e->map, "path", "file");
}

static void find_connector(loader *l, end *e) {
    const char *type = weir_spec_scalar(e->map, "type");
    const char *connection = weir_spec_scalar(e->map, "connection");
    const weir_node *path = path_node(e->map);
    if (connection && type)
        weir_diags_error(l->diags, weir_spec_key(e->map, "type"), "type",
                         "remove it: the connection knows its type", "stands beside connection");
    if (connection)
        by_connection(l, e, connection);
    else if (type)
        e->connector = weir_spec_connector(l, e->map, "type", type);
    else if (path)
        by_path(l, e, path);
    else if (!weir_node_get(e->map, "type") && !weir_node_get(e->map, "connection") &&
             !weir_node_get(e->map, "path"))
        weir_diags_error(l->diags, e->map, e->role,
                         "write path: for files, connection: with a table, or type:",
                         e->reads ? "does not say where the records come from"
                                  : "does not say where the records go");
    if (!e->connector) return;
    e->type = e->connector->name;
    if (e->connector->roles & (e->reads ? WEIR_ROLE_SOURCE : WEIR_ROLE_SINK)) return;
    weir_diags_error(l->diags, e->map, e->role, NULL, "%s cannot be %s", e->type,
                     e->reads ? "read" : "written");
    e->connector = NULL;
}

/* ---- which format -------------------------------------------------------------------------- */

static const char *format_name(const void *context, size_t i) {
    const weir_format *const *list = context;
    return list && list[i] ? list[i]->name : NULL;
}

const char *weir_spec_formats(loader *l, const char *words) {
    return weir_spec_suggest(l, "", words, format_name, l->registry->formats);
}

/* false = an error was added. */
static bool find_format(loader *l, end *e) {
    const char *name = weir_spec_scalar(e->map, "format");
    const weir_node *at = weir_node_get(e->map, "format");
    const weir_node *path = path_node(e->map);
    if (!(e->connector->caps & WEIR_CAP_FORMATS)) {
        if (!at) return true;
        weir_diags_error(l->diags, weir_spec_key(e->map, "format"), "format", "remove it",
                         "%s has no formats", e->type);
        return false;
    }
    if (at && !name) return true; /* the table says what is wrong with it */
    if (name)
        e->format = weir_spec_format(l->registry, name);
    else if (path)
        e->format = weir_spec_format_of_path(l->registry, path->text);
    bool archive = path && weir_codec_of_name(path->text, NULL) == WEIR_CODEC_ZIP;
    if ((!e->format || archive) && !name && path && e->reads) {
        const weir_format *own = weir_spec_format_of_files(l->registry, l->p->folder, path->text,
                                                           weir_spec_scalar(e->map, "member"));
        if (own) e->format = own;
    }
    char shown[80];
    if (!e->format && name)
        weir_diags_error(l->diags, at, "format",
                         weir_spec_suggest(l, name, "there are", format_name, l->registry->formats),
                         "no format is called %s in this version",
                         weir_node_show(at, shown, sizeof shown));
    else if (!e->format && path)
        weir_diags_error(l->diags, path, "path", weir_spec_formats(l, "write format:, one of"),
                         "the format does not follow from the name %s",
                         weir_node_show(path, shown, sizeof shown));
    if (!e->format) return !name && !path; /* without a path: the table says that it is missing */
    if (e->reads ? e->format->read_options : e->format->write_options) return true;
    weir_diags_error(l->diags, at ? at : path, at ? "format" : "path", NULL, "%s cannot be %s",
                     e->format->name, e->reads ? "read" : "written");
    return false;
}

/* ---- all keys ------------------------------------------------------------------------------ */

/* Binds the map against the common table, the connector's and the format's. */
static bool bind_end(loader *l, end *e, const weir_option *common, void *form) {
    e->map = weir_spec_fill_params(l, e->map);
    if (!e->map) return false;
    find_connector(l, e);
    bool whole = e->connector && find_format(l, e);
    /* Without a connector nobody knows which keys are right: only the common ones are checked. */
    if (!whole) return weir_spec_bind_known(l, common, e->map, form);
    const weir_connector *c = e->connector;
    weir_option_part parts[4] = {{common, form}};
    size_t n = 1;
    const weir_option *own = e->reads ? c->source_options : c->sink_options;
    if (!e->connection && c->config_size) {
        e->inline_connection = weir_spec_new(l, 1, c->config_size);
        parts[n++] = (weir_option_part){c->options, e->inline_connection};
    }
    e->config = weir_spec_new(l, 1, e->reads ? c->source_config_size : c->sink_config_size);
    parts[n++] = (weir_option_part){own, e->config};
    if (e->format) {
        size_t size = e->reads ? e->format->read_config_size : e->format->write_config_size;
        e->format_config = weir_spec_new(l, 1, size);
        parts[n++] = (weir_option_part){
            e->reads ? e->format->read_options : e->format->write_options, e->format_config};
    }
    if (l->nomem) return false;
    if (!weir_spec_bind(l, parts, n, e->map)) return false;
    weir_error err = {0};
    if (!e->reads || !e->format || !e->format->read_check) return true;
    weir_status status = e->format->read_check(e->format_config, &err);
    if (status == WEIR_RESOURCE) return false;
    if (status != WEIR_OK)
        weir_diags_error(l->diags, weir_spec_key(e->map, err.key), err.key,
                         err.hint[0] ? err.hint : NULL, "%s", err.message);
    return true;
}

static bool want_map(loader *l, const weir_node *node, const char *key) {
    if (node->kind == WEIR_NODE_MAP) return true;
    weir_diags_error(l->diags, node, key, "write path:, connection: or type: below it",
                     node->kind == WEIR_NODE_NULL ? "has no value" : "is not a map");
    return false;
}

/* ---- source -------------------------------------------------------------------------------- */

static void check_incremental(loader *l, const weir_source_spec *s, const weir_node *map) {
    const weir_incremental_spec *i = &s->incremental;
    const weir_node *node = weir_node_get(map, "incremental");
    if (i->by == WEIR_INCREMENTAL_FILES) {
        static const char *const cursor_only[] = {"column", "key", "lag", "start", "nulls"};
        if (s->connector && !(s->connector->caps & WEIR_CAP_FORMATS))
            weir_diags_error(l->diags, weir_spec_key(node, "by"), "by", "write by: cursor",
                             "%s has no files", s->type);
        for (size_t k = 0; k < sizeof cursor_only / sizeof *cursor_only; k++)
            if (weir_node_get(node, cursor_only[k]))
                weir_diags_error(l->diags, weir_spec_key(node, cursor_only[k]), cursor_only[k],
                                 "remove it", "has no meaning with by: files");
    }
    if (i->by != WEIR_INCREMENTAL_CURSOR) return;
    if (!weir_spec_available(l, WEIR_SPEC_CURSOR, node, "by", "write by: files, or remove it"))
        return;
    if (!i->column)
        weir_diags_error(l->diags, node, "column", "name the column that grows", "is missing");
    if (s->connector && !(s->connector->caps & WEIR_CAP_CURSOR))
        weir_diags_error(l->diags, weir_spec_key(node, "by"), "by",
                         s->connector->caps & WEIR_CAP_FORMATS ? "write by: files" : "remove it",
                         "%s has no cursor to go by", s->type);
    if (i->lag_us < 0)
        weir_diags_error(l->diags, weir_spec_key(node, "lag"), "lag", "write a duration from 0 on",
                         "is negative");
}

static void check_metadata(loader *l, const weir_source_spec *s, const weir_node *map) {
    static const char *const names[] = {"_file", "_line", "_byte"};
    const weir_node *list = weir_node_get(map, "metadata");
    if (s->metadata.n && s->connector && !(s->connector->caps & WEIR_CAP_FORMATS)) {
        weir_diags_error(l->diags, weir_spec_key(map, "metadata"), "metadata", "remove it",
                         "records of %s have no place in a file", s->type);
        return;
    }
    for (size_t i = 0; i < s->metadata.n; i++) {
        const char *word = s->metadata.items[i];
        const weir_node *at = weir_bind_item(list, i);
        bool known = false, twice = false;
        for (size_t k = 0; k < 3 && !known; k++) known = strcmp(word, names[k]) == 0;
        for (size_t k = 0; k < i && !twice; k++) twice = strcmp(word, s->metadata.items[k]) == 0;
        if (known && twice)
            weir_diags_error(l->diags, at, "metadata", "name it once", "names %s twice",
                             weir_spec_show(l, list, i, word));
        if (known) continue;
        const char *near = weir_distance_nearest(word, strlen(word), names, 3);
        char hint[80];
        snprintf(hint, sizeof hint, "did you mean \"%s\"?", near ? near : "");
        weir_diags_error(l->diags, at, "metadata", near ? hint : "there are _file, _line and _byte",
                         "%s is not known", weir_spec_show(l, list, i, word));
    }
}

/* Keys of sources that are planned; true = one of them stands there, which says enough. */
static bool later_keys(loader *l, const weir_node *map) {
    static const struct {
        const char *key;
        uint32_t feature;
    } later[] = {{"tables", WEIR_SPEC_TABLES},
                 {"from", WEIR_SPEC_FROM},
                 {"topic", 0},
                 {"group", 0},
                 {"start", 0},
                 {"value", 0},
                 {"batch", 0}};
    bool any = false;
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        if (!weir_node_get(map, later[i].key)) continue;
        if (!weir_spec_available(l, later[i].feature, map, later[i].key, "remove it")) any = true;
    }
    return any;
}

/* The pipeline's parameters in the form that connectors take them. */
static const weir_query_param *query_params(loader *l) {
    weir_query_param *params = weir_spec_new(l, l->p->n_params + 1, sizeof *params);
    for (size_t i = 0; params && i < l->p->n_params; i++) {
        const weir_param_spec *p = &l->p->params[i];
        params[i] = (weir_query_param){p->name, p->type, p->value};
    }
    return params;
}

static bool has_option(const weir_option *table, const char *name) {
    for (; table && table->name; table++)
        if (strcmp(table->name, name) == 0) return true;
    return false;
}

/* decimal and thousands of columns: for formats that write numbers as text. */
static void check_marks(loader *l, const weir_source_spec *s, const weir_format *format) {
    bool text = format && has_option(format->read_options, "decimal");
    for (size_t i = 0; i < s->columns.n; i++) {
        const weir_opt_column *c = &s->columns.items[i];
        weir_node at = {.line = c->line, .column = c->column};
        weir_num_marks marks;
        if (!c->decimal && !c->thousands) continue;
        if (!text)
            weir_diags_error(l->diags, &at, c->name, "leave them out, or use cast",
                             "numbers of %s have no decimal or thousands marks",
                             format    ? format->name
                             : s->type ? s->type
                                       : "this source");
        else if (!weir_num_marks_of(c->decimal, c->thousands, &marks))
            weir_diags_error(
                l->diags, &at, c->name,
                "decimal is a comma or a point, thousands another one, ', _ or a blank",
                "decimal and thousands are no marks of numbers");
    }
}

/* A format alone says which type it is of. */
static void type_by_format(loader *l, weir_opt_column *c) {
    const weir_time_program *p;
    weir_error ignored = {0}; /* what is wrong with it was told */
    if (c->type || !c->format) return;
    if (weir_time_program_compile(c->format, true, l->arena, &p, &ignored) != WEIR_OK) return;
    bool date = weir_time_program_has_date(p), time = weir_time_program_has_time(p);
    c->type = weir_time_program_has_zone(p) || (date && time && c->timezone) ? "timestamptz"
              : date && time                                                 ? "timestamp"
              : date                                                         ? "date"
                                                                             : "time";
}

bool weir_spec_source(loader *l, weir_source_spec *s, const weir_node *map) {
    source_form form = {0};
    s->node = map;
    if (!want_map(l, map, "source")) return true;
    if (later_keys(l, map)) return weir_spec_bind_known(l, weir_spec_source_options, map, &form);
    end e = {.role = "source", .reads = true, .map = map};
    if (!bind_end(l, &e, weir_spec_source_options, &form)) return false;
    if (!weir_spec_check_texts(l, weir_spec_source_options, &form, false)) return false;
    s->type = e.type;
    s->connection_name = e.connection_name;
    s->connector = e.connector;
    s->columns = form.columns;
    for (size_t i = 0; i < s->columns.n; i++) type_by_format(l, &s->columns.items[i]);
    s->metadata = form.metadata;
    s->incremental = form.incremental;
    s->on_empty_ok = form.on_empty == 1;
    s->from = form.from;
    s->request = (weir_source_request){
        .connection = e.connection ? e.connection : e.inline_connection,
        .config = e.config,
        .format = e.format,
        .format_config = e.format_config,
        .columns = &s->columns,
        .metadata = &s->metadata,
        .infer = (weir_infer_mode)form.infer,
        .extra = (weir_extra_columns)form.extra_columns,
        .on_file_error = (weir_on_fault)form.on_file_error,
        .empty_ok = s->on_empty_ok,
        .n_params = l->p->n_params,
        .params = query_params(l),
    };
    if (!s->request.params) return false;
    check_marks(l, s, e.format);
    check_incremental(l, s, map);
    check_metadata(l, s, map);
    return !l->nomem;
}

/* ---- sink ---------------------------------------------------------------------------------- */

static bool mode_wants_key(weir_load_mode mode) {
    return mode == WEIR_MODE_UPSERT || mode == WEIR_MODE_DELETE_INSERT || mode == WEIR_MODE_SCD2 ||
           mode == WEIR_MODE_SNAPSHOT;
}

typedef struct mode_list {
    uint32_t modes;
} mode_list;

static const char *mode_name(const void *context, size_t i) {
    const mode_list *list = context;
    for (int m = 0; m < WEIR_MODE_COUNT; m++)
        if ((list->modes >> m & 1) && i-- == 0) return weir_spec_mode_name((weir_load_mode)m);
    return NULL;
}

/* Whether the connector offers the mode; else an error. */
static bool check_mode(loader *l, const end *e, weir_load_mode mode) {
    if (e->connector->modes >> mode & 1) return true;
    mode_list list = {e->connector->modes};
    char hint[500];
    snprintf(hint, sizeof hint, "it offers %s", weir_spec_join(l, mode_name, &list));
    const weir_node *at = weir_node_get(e->map, "mode");
    weir_diags_error(l->diags, at ? at : e->map, "mode", hint, "%s does not offer %s", e->type,
                     weir_spec_mode_name(mode));
    return false;
}

static void check_load(loader *l, const end *e, const sink_form *form, weir_load_mode mode) {
    if (!check_mode(l, e, mode)) return;
    if (mode_wants_key(mode) && form->key.n == 0 && !weir_node_get(e->map, "key"))
        weir_diags_error(l->diags, weir_spec_key(e->map, "mode"), "key",
                         "name the columns that tell rows apart: key: [id]",
                         "is missing, and %s needs it", weir_spec_mode_name(mode));
    if (form->version && !mode_wants_key(mode))
        weir_diags_error(l->diags, weir_spec_key(e->map, "version"), "version",
                         "remove it, or write mode: upsert", "has no meaning with mode: %s",
                         weir_spec_mode_name(mode));
    /* replace makes the table anew: with that key */
    bool makes_key = mode == WEIR_MODE_REPLACE && !(e->connector->caps & WEIR_CAP_FORMATS);
    if (form->key.n && !mode_wants_key(mode) && !makes_key)
        weir_diags_error(l->diags, weir_spec_key(e->map, "key"), "key",
                         "remove it, or write mode: upsert", "has no meaning with mode: %s",
                         weir_spec_mode_name(mode));
}

static const char *drift_name(const void *context, size_t i) {
    const uint32_t *offered = context;
    for (uint32_t action = 0; weir_spec_drift_actions[action]; action++)
        if ((*offered >> action & 1) && i-- == 0) return weir_spec_drift_actions[action];
    return NULL;
}

/* A word that this target has no meaning for would be believed to do something. */
static void check_drift(loader *l, const end *e, const drift_form *form) {
    const weir_node *drift = weir_node_get(e->map, "drift");
    if (!drift) return;
    uint32_t all = e->connector->drift;
    if (!all) {
        weir_diags_error(l->diags, weir_spec_key(e->map, "drift"), "drift",
                         "remove it: what a run writes has the columns of that run",
                         "has no meaning for %s, which has no columns to compare with", e->type);
        return;
    }
    const struct {
        const char *key;
        int action;
        uint32_t offered;
    } words[] = {
        {"new_columns", form->new_columns, all & 15},
        {"type_change", form->type_change, all >> 4 & 15},
        {"missing", form->missing, all >> 8 & 15},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (!weir_node_get(drift, words[i].key) || (words[i].offered >> words[i].action & 1))
            continue;
        char hint[200];
        snprintf(hint, sizeof hint, "it offers %s",
                 weir_spec_join(l, drift_name, &words[i].offered));
        weir_diags_error(l->diags, weir_node_get(drift, words[i].key), words[i].key, hint,
                         "%s does not offer %s here", e->type,
                         weir_spec_drift_actions[words[i].action]);
    }
}

bool weir_spec_sink(loader *l, weir_sink_spec *s, const weir_node *map) {
    sink_form form = {0};
    s->node = map;
    if (!want_map(l, map, "sink")) return true;
    if (weir_node_get(map, "topic")) {
        weir_spec_available(l, 0, map, "topic", "remove it");
        return weir_spec_bind_known(l, weir_spec_sink_options, map, &form);
    }
    end e = {.role = "sink", .map = map};
    size_t errors = l->diags->n_errors;
    if (!bind_end(l, &e, weir_spec_sink_options, &form)) return false;
    s->type = e.type;
    s->connection_name = e.connection_name;
    s->connector = e.connector;
    if (!e.connector) return true;
    weir_load_mode mode = form.mode_given ? weir_spec_mode(form.mode) : e.connector->default_mode;
    s->request = (weir_sink_request){
        .connection = e.connection ? e.connection : e.inline_connection,
        .config = e.config,
        .format = e.format,
        .format_config = e.format_config,
        .mode = mode,
        .mode_given = form.mode_given,
        .key = form.key,
        .version = form.version,
        .new_columns = (weir_drift_action)form.drift.new_columns,
        .type_change = (weir_drift_action)form.drift.type_change,
        .missing = (weir_drift_action)form.drift.missing,
        .keep_order = form.order == 1,
    };
    if (l->diags->n_errors == errors) {
        check_load(l, &e, &form, mode);
        check_drift(l, &e, &form.drift);
    }
    return !l->nomem;
}

/* ---- rejects ------------------------------------------------------------------------------- */

/* Whether the map says more than the limits. */
static bool names_a_sink(const weir_node *map) {
    for (size_t i = 0; i < map->n; i++)
        if (strcmp(map->keys[i]->text, "max_ratio") != 0 &&
            strcmp(map->keys[i]->text, "max_rows") != 0)
            return true;
    return false;
}

static void set_limits(loader *l, weir_rejects_spec *r, const rejects_form *form,
                       const weir_node *map) {
    r->max_ratio = form->max_ratio;
    r->max_rows = form->max_rows_given ? form->max_rows : -1;
    if (r->max_ratio > 1)
        weir_diags_error(l->diags, weir_node_get(map, "max_ratio"), "max_ratio", "100% is the most",
                         "is more than all records");
}

bool weir_spec_rejects(loader *l, weir_rejects_spec *r, const weir_node *map) {
    rejects_form form = {0};
    r->max_ratio = 0.05;
    r->max_rows = -1;
    if (!map) return true;
    if (!want_map(l, map, "rejects")) return true;
    if (!names_a_sink(map)) {
        weir_option_part part = {weir_spec_rejects_options, &form};
        if (!weir_spec_bind(l, &part, 1, map)) return false;
        set_limits(l, r, &form, map);
        return true;
    }
    end e = {.role = "rejects", .map = map};
    size_t errors = l->diags->n_errors;
    if (!bind_end(l, &e, weir_spec_rejects_options, &form)) return false;
    set_limits(l, r, &form, map);
    if (!e.connector) return true;
    r->has_sink = true;
    r->sink.node = map;
    r->sink.type = e.type;
    r->sink.connection_name = e.connection_name;
    r->sink.connector = e.connector;
    /* A file of rejects belongs to the last run; the state keeps those of all runs. */
    weir_load_mode usual =
        (e.connector->caps & WEIR_CAP_FORMATS) ? WEIR_MODE_REPLACE : e.connector->default_mode;
    r->sink.request = (weir_sink_request){
        .connection = e.connection ? e.connection : e.inline_connection,
        .config = e.config,
        .format = e.format,
        .format_config = e.format_config,
        .mode = form.mode_given ? weir_spec_mode(form.mode) : usual,
        .mode_given = true,
        .missing = WEIR_DRIFT_EVOLVE,
        .keep_order = true,
    };
    if (l->diags->n_errors == errors) check_mode(l, &e, r->sink.request.mode);
    return !l->nomem;
}
