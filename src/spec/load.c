#include <stdio.h>
#include "base/distance.h"
#include "io/file.h"
#include "spec/load.h"
#include "spec/project.h"
#include "spec/yaml.h"

/* ---- shared helpers ------------------------------------------------------------------------ */

void *weir_spec_new(loader *l, size_t count, size_t size_bytes) {
    void *p = weir_arena_zero(l->arena, count ? count : 1, size_bytes ? size_bytes : 1);
    if (!p) l->nomem = true;
    return p;
}

const char *weir_spec_text(loader *l, const char *text, size_t size) {
    const char *copy = weir_arena_strndup(l->arena, text, size);
    if (!copy) l->nomem = true;
    return copy;
}

const weir_node *weir_spec_key(const weir_node *map, const char *key) {
    size_t i = weir_node_find(map, key);
    return i == SIZE_MAX ? map : map->keys[i];
}

const char *weir_spec_scalar(const weir_node *map, const char *key) {
    const weir_node *n = weir_node_get(map, key);
    return n && n->kind == WEIR_NODE_SCALAR && !memchr(n->text, 0, n->text_size) ? n->text : NULL;
}

bool weir_spec_bind(loader *l, const weir_option_part *parts, size_t n, const weir_node *map) {
    if (weir_option_bind_parts(parts, n, map, l->arena, l->diags) == WEIR_RESOURCE) l->nomem = true;
    return !l->nomem;
}

static bool table_has(const weir_option *table, const char *key) {
    for (const weir_option *r = table; r->name; r++)
        if (strcmp(r->name, key) == 0 || (r->alias && strcmp(r->alias, key) == 0)) return true;
    return false;
}

bool weir_spec_bind_known(loader *l, const weir_option *table, const weir_node *map, void *config) {
    weir_node part = *map;
    part.n = 0;
    part.keys = weir_spec_new(l, map->n, sizeof *part.keys);
    part.items = weir_spec_new(l, map->n, sizeof *part.items);
    if (l->nomem) return false;
    for (size_t i = 0; i < map->n; i++)
        if (table_has(table, map->keys[i]->text)) {
            part.keys[part.n] = map->keys[i];
            part.items[part.n++] = map->items[i];
        }
    weir_option_part one = {table, config};
    return weir_spec_bind(l, &one, 1, &part);
}

bool weir_spec_available(loader *l, uint32_t feature, const weir_node *map, const char *key,
                         const char *hint) {
    if (feature && (l->registry->features & feature) == feature) return true;
    weir_diags_error(l->diags, weir_spec_key(map, key), key, hint,
                     "is not available in this version");
    return false;
}

bool weir_spec_name_ok(loader *l, const weir_node *at, const char *key, weir_slice name,
                       bool dots) {
    bool ok = name.size > 0 && name.size <= WEIR_SPEC_MAX_NAME_BYTES;
    for (size_t i = 0; ok && i < name.size; i++) {
        char c = name.data[i];
        bool word =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
        ok = word || (i > 0 && (c == '-' || (dots && c == '.')));
    }
    if (ok) return true;
    char shown[80];
    weir_node text = {.kind = WEIR_NODE_SCALAR, .text = name.data, .text_size = name.size};
    bool written = at && at->kind == WEIR_NODE_SCALAR && at->written;
    weir_diags_error(l->diags, at, key, "use letters, digits, _ and -, at most 100",
                     "%s is no name", weir_node_show(written ? at : &text, shown, sizeof shown));
    return false;
}

const char *weir_spec_show(loader *l, const weir_node *at, size_t i, const char *word) {
    char shown[80];
    weir_node text = {.kind = WEIR_NODE_SCALAR, .text = word, .text_size = strlen(word)};
    if (at && at->kind == WEIR_NODE_LIST) at = i < at->n ? at->items[i] : NULL;
    if (!at || at->kind != WEIR_NODE_SCALAR) at = &text;
    weir_node_show(at, shown, sizeof shown);
    const char *copy = weir_spec_text(l, shown, strlen(shown));
    return copy ? copy : "***";
}

const char *weir_spec_join(loader *l, const char *(*get)(const void *, size_t),
                           const void *context) {
    char text[400];
    size_t at = 0;
    const char *name;
    text[0] = '\0';
    for (size_t i = 0; (name = get(context, i)) != NULL; i++) {
        int n = snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "", name);
        if (n < 0 || (size_t)n >= sizeof text - at) {
            text[at] = '\0';
            break;
        }
        at += (size_t)n;
    }
    const char *copy = weir_spec_text(l, text, strlen(text));
    return copy ? copy : "";
}

const char *weir_spec_suggest(loader *l, const char *word, const char *known,
                              const char *(*get)(const void *, size_t), const void *context) {
    const char *names[256] = {NULL}, *name;
    size_t n = 0;
    char text[500];
    for (size_t i = 0; n < 256 && (name = get(context, i)) != NULL; i++) names[n++] = name;
    const char *near = word[0] ? weir_distance_nearest(word, strlen(word), names, n) : NULL;
    if (near)
        snprintf(text, sizeof text, "did you mean \"%s\"?", near);
    else if (n)
        snprintf(text, sizeof text, "%s: %s", known, weir_spec_join(l, get, context));
    else
        snprintf(text, sizeof text, "%s: none", known);
    const char *copy = weir_spec_text(l, text, strlen(text));
    return copy ? copy : "";
}

/* ---- the top of the file ------------------------------------------------------------------- */

static void check_version(loader *l, const weir_node *root) {
    if (l->root.version == 1) return;
    weir_diags_error(l->diags, weir_node_get(root, "weir"), "weir",
                     "write weir: 1, or run a newer weir",
                     "version %lld of the language is not known; this program reads version 1",
                     (long long)l->root.version);
}

/* A name from a file's: what may not stand in one becomes "_". */
static const char *name_from(loader *l, const char *text) {
    size_t n = strlen(text);
    char *copy = weir_arena_strndup(l->arena, text, n > 60 ? 60 : n);
    if (!copy) {
        l->nomem = true;
        return NULL;
    }
    for (char *c = copy; *c; c++)
        if (!((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') || (*c >= '0' && *c <= '9') ||
              *c == '_' || (c > copy && *c == '-')))
            *c = '_';
    return copy[0] ? copy : "pipeline";
}

static bool set_name(loader *l, const weir_node *root, const char *default_name) {
    const weir_node *at = weir_node_get(root, "name");
    if (l->root.name) {
        weir_slice name = weir_slice_of(l->root.name);
        weir_spec_name_ok(l, at, "name", name, true);
        l->p->name = l->root.name;
    } else
        l->p->name = name_from(l, default_name);
    l->p->description = l->root.description;
    return !l->nomem;
}

static bool is_known_event(const char *word) {
    static const char *const events[] = {"failure", "quality", "rejects", "success"};
    for (size_t i = 0; i < 4; i++)
        if (strcmp(word, events[i]) == 0) return true;
    return false;
}

/* Values that are kept typed though this version may not act on them. */
static void check_later_parts(loader *l, const weir_node *root) {
    const weir_schedule_spec *s = &l->root.schedule;
    const weir_node *schedule = weir_node_get(root, "schedule");
    if (schedule) {
        if (schedule->kind == WEIR_NODE_MAP && !s->cron && !s->every_us)
            weir_diags_error(l->diags, schedule, "schedule",
                             "write cron: or every:", "says no time");
        if (s->cron && s->every_us)
            weir_diags_error(l->diags, weir_spec_key(schedule, "every"), "every",
                             "keep one of the two", "stands beside cron");
        weir_spec_available(l, WEIR_SPEC_SCHEDULE, root, "schedule",
                            "remove it and let cron or systemd start the run");
    }
    for (size_t i = 0; i < l->root.alerts.n; i++) {
        const weir_alert_spec *a = (const weir_alert_spec *)l->root.alerts.items + i;
        const weir_node *list = weir_node_get(root, "alerts");
        const weir_node *at = list && i < list->n ? list->items[i] : root;
        const weir_node *words = weir_node_get(at, "events");
        for (size_t k = 0; k < a->events.n; k++)
            if (!is_known_event(a->events.items[k]))
                weir_diags_error(l->diags, at, "events",
                                 "write failure, quality, rejects or success", "%s is not an event",
                                 weir_spec_show(l, words, k, a->events.items[k]));
    }
    if (weir_node_get(root, "alerts"))
        weir_spec_available(l, WEIR_SPEC_ALERTS, root, "alerts",
                            "remove it and look at the exit code");
    if (l->root.targets)
        weir_spec_available(l, WEIR_SPEC_TARGETS, root, "targets", "use ${VAR} for what differs");
    if (l->root.state.connection &&
        weir_spec_available(l, WEIR_SPEC_STATE_SERVER, weir_node_get(root, "state"), "connection",
                            "keep the state in a folder: path"))
        l->p->state_connection = l->root.state.connection;
}

static bool set_limits(loader *l) {
    weir_pipeline *p = l->p;
    const char *path = l->root.state.path;
    p->memory_bytes = l->root.limits.memory_bytes;
    p->threads = l->root.limits.threads;
    p->schedule = l->root.schedule;
    p->n_alerts = l->root.alerts.n;
    p->alerts = l->root.alerts.items;
    if (path && path[0] != '/' && strcmp(p->folder, ".") != 0) {
        path = weir_arena_printf(l->arena, "%s/%s", p->folder, path);
        if (!path) l->nomem = true;
    }
    p->state_path = path;
    return !l->nomem;
}

static bool build(loader *l, const weir_node *root, const char *default_name) {
    step_form top = {0};
    if (root->kind != WEIR_NODE_MAP) {
        char shown[80];
        weir_diags_error(l->diags, root, NULL, "begin with source: and sink:, or steps:",
                         "a pipeline is a map of keys, not %s",
                         weir_node_show(root, shown, sizeof shown));
        return true;
    }
    weir_option_part parts[] = {{weir_spec_root_options, &l->root}, {weir_spec_step_options, &top}};
    if (!weir_spec_bind(l, parts, 2, root)) return false;
    check_version(l, root);
    if (!set_name(l, root, default_name) || !set_limits(l)) return false;
    check_later_parts(l, root);
    size_t errors = l->diags->n_errors;
    if (!weir_spec_bind_params(l) || !weir_spec_connections(l)) return false;
    l->steps_readable = l->diags->n_errors == errors; /* they use these */
    return weir_spec_steps(l, &top) && weir_spec_order(l) && weir_spec_tests(l) && !l->nomem;
}

weir_status weir_spec_build(const weir_node *root, const char *file, const char *folder,
                            const char *default_name, const weir_spec_registry *registry,
                            const weir_spec_options *options, weir_arena *arena, weir_diags *diags,
                            weir_pipeline **out, weir_error *err) {
    static const weir_spec_options none;
    loader l = {
        .registry = registry, .options = options ? options : &none, .arena = arena, .diags = diags};
    l.p = weir_arena_zero(arena, 1, sizeof *l.p);
    if (!l.p) return weir_error_nomem(err);
    l.p->file = weir_arena_strdup(arena, file);
    l.p->folder = weir_arena_strdup(arena, folder[0] ? folder : ".");
    l.p->root = root;
    if (!l.p->file || !l.p->folder) return weir_error_nomem(err);
    bool readable = diags->n_errors == 0;
    if (!build(&l, root, default_name)) return weir_error_nomem(err);
    if (diags->n_errors && readable && l.steps_readable && l.options->partial) *out = l.p;
    if (diags->n_errors || diags->nomem) return weir_diags_status(diags, err);
    *out = l.p;
    return WEIR_OK;
}

/* ---- the name and the state alone ---------------------------------------------------------- */

static bool resolve_scalar(const weir_references *r, const weir_node *n, const char *key,
                           weir_arena *arena, weir_diags *diags) {
    return !n || n->kind != WEIR_NODE_SCALAR ||
           weir_reference_resolve(r, (weir_node *)(uintptr_t)n, key, arena, diags);
}

/* Resolves what a file says of its name and its state, as far as it is written as it should be. */
static bool resolve_head(const weir_node *root, const weir_references *r, weir_arena *arena,
                         weir_diags *diags) {
    const weir_node *state = weir_node_get(root, "state");
    return resolve_scalar(r, weir_node_get(root, "name"), "name", arena, diags) &&
           resolve_scalar(r, weir_node_get(state, "path"), "path", arena, diags);
}

static const char *text_of(const weir_node *n, const char *otherwise) {
    return n && n->kind == WEIR_NODE_SCALAR && n->text_size ? n->text : otherwise;
}

static weir_status build_head(const weir_node *root, const char *file, const char *folder,
                              const char *default_name, weir_arena *arena, weir_diags *diags,
                              weir_pipeline **out, weir_error *err) {
    loader l = {.arena = arena, .diags = diags};
    l.p = weir_arena_zero(arena, 1, sizeof *l.p);
    if (!l.p) return weir_error_nomem(err);
    l.p->file = weir_arena_strdup(arena, file);
    l.p->folder = weir_arena_strdup(arena, folder[0] ? folder : ".");
    l.p->root = root;
    l.root.name = text_of(weir_node_get(root, "name"), NULL);
    l.root.state.path =
        text_of(weir_node_get(weir_node_get(root, "state"), "path"), WEIR_SPEC_STATE_FOLDER);
    if (!l.p->file || !l.p->folder || !set_name(&l, root, default_name) || !set_limits(&l))
        return weir_error_nomem(err);
    *out = l.p;
    return WEIR_OK;
}

/* What was wrong with the form of the file (before) does not matter here, what is wrong with its
 * name, state or target does. */
static weir_status load_head(weir_node *root, const char *file, const char *folder,
                             const char *name, weir_spec_options *options, weir_arena *arena,
                             weir_diags *diags, weir_pipeline **out, weir_error *err) {
    size_t before = diags->n_errors;
    if (!resolve_head(root, &options->references, arena, diags)) return weir_error_nomem(err);
    weir_status status =
        weir_spec_project(file, folder, options, arena, diags, &options->params, &root, err);
    if (status == WEIR_OK) status = build_head(root, file, folder, name, arena, diags, out, err);
    if (status != WEIR_OK) return status;
    return diags->n_errors > before || diags->nomem ? weir_diags_status(diags, err) : WEIR_OK;
}

/* ---- entry points -------------------------------------------------------------------------- */

static weir_status load(weir_slice text, const char *file, const char *folder, const char *name,
                        const weir_spec_registry *registry, const weir_spec_options *options,
                        weir_arena *arena, weir_diags *diags, weir_pipeline **out,
                        weir_error *err) {
    weir_spec_options own = {0};
    weir_node *root = NULL;
    if (options) own = *options;
    own.references.folder = folder;
    own.references.leave = own.history ? "*" : "targets"; /* only the chosen one is resolved */
    weir_status status = weir_yaml_parse(text, &own.references, arena, diags, &root);
    if (status == WEIR_RESOURCE) return weir_error_nomem(err);
    if (!root) return weir_diags_status(diags, err);
    if (own.history) return load_head(root, file, folder, name, &own, arena, diags, out, err);
    if (file[0])
        status = weir_spec_project(file, folder, &own, arena, diags, &own.params, &root, err);
    if (file[0] && status != WEIR_OK) return status;
    weir_diags_settle(diags);
    return weir_spec_build(root, file, folder, name, registry, &own, arena, diags, out, err);
}

weir_status weir_pipeline_load_text(weir_slice text, const weir_spec_registry *registry,
                                    const weir_spec_options *options, weir_arena *arena,
                                    weir_diags *diags, weir_pipeline **out, weir_error *err) {
    const char *folder = options && options->folder ? options->folder : ".";
    const char *name = options && options->name ? options->name : "pipeline";
    return load(text, "", folder, name, registry, options, arena, diags, out, err);
}

/* "a/b" of "a/b/c.yaml" and its stem "c"; both in the arena. */
static bool split_path(weir_arena *arena, const char *path, const char **folder,
                       const char **stem) {
    const char *slash = strrchr(path, '/'), *base = slash ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    size_t n = dot && dot > base ? (size_t)(dot - base) : strlen(base);
    *folder = !slash          ? weir_arena_strdup(arena, ".")
              : slash == path ? weir_arena_strdup(arena, "/")
                              : weir_arena_strndup(arena, path, (size_t)(slash - path));
    *stem = weir_arena_strndup(arena, base, n);
    return *folder && *stem;
}

weir_status weir_pipeline_load_file(const char *path, const weir_spec_registry *registry,
                                    const weir_spec_options *options, weir_arena *arena,
                                    weir_diags *diags, weir_pipeline **out, weir_error *err) {
    const char *folder, *stem;
    weir_buf text = {0};
    weir_file_info info = {0};
    if (!split_path(arena, path, &folder, &stem)) return weir_error_nomem(err);
    weir_error why = {0};
    weir_status status = weir_file_stat(path, &info, &why);
    weir_free(info.path);
    if (status == WEIR_OK && info.size_bytes > WEIR_SPEC_MAX_FILE_BYTES) {
        weir_diags_error(diags, NULL, NULL, "keep data out of the pipeline file",
                         "the file is larger than 8 MiB");
        return weir_diags_status(diags, err);
    }
    if (status == WEIR_OK) status = weir_file_read_all(path, WEIR_SPEC_MAX_FILE_BYTES, &text, &why);
    if (status == WEIR_OK)
        status = load((weir_slice){text.data, text.size}, path, folder, stem, registry, options,
                      arena, diags, out, err);
    else if (status == WEIR_RESOURCE) {
        if (err) *err = why;
    } else { /* a wrong argument, whatever the system calls it */
        weir_diags_error(diags, NULL, NULL, why.hint[0] ? why.hint : NULL, "%s", why.message);
        status = weir_diags_status(diags, err);
    }
    weir_buf_clear(&text);
    return status;
}

size_t weir_pipeline_find_step(const weir_pipeline *p, const char *name) {
    for (size_t i = 0; i < p->n_steps; i++)
        if (p->steps[i].name && strcmp(p->steps[i].name, name) == 0) return i;
    return SIZE_MAX;
}
