#include "spec/project.h"

#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/distance.h"
#include "io/file.h"
#include "spec/yaml.h"

/* A file that gives shared parts: weir.yaml, or the pipeline file itself. */
typedef struct project {
    const weir_spec_options *options;
    weir_arena *arena;
    weir_diags *diags;
    const char *folder; /* of the pipeline */
    const char *path;   /* of weir.yaml, NULL = there is none */
    const char *up;     /* from the pipeline's folder to that of weir.yaml: "../", "" */
    const char *above;  /* the folder of weir.yaml */
    weir_node *shared;  /* the tree of weir.yaml */
    weir_node *root;    /* of the pipeline */
    bool nomem;
} project;

/* ---- trees --------------------------------------------------------------------------------- */

static weir_node *child(const weir_node *map, const char *key) {
    return (weir_node *)(uintptr_t)weir_node_get(map, key);
}

/* The place of a key, for errors. */
static const weir_node *key_of(const weir_node *map, size_t i) {
    return map->keys[i];
}

static weir_node *copy_map(project *p, const weir_node *map, size_t room) {
    weir_node *copy = weir_arena_zero(p->arena, 1, sizeof *copy);
    size_t n = map ? map->n : 0;
    if (copy) {
        if (map) *copy = *map;
        copy->kind = WEIR_NODE_MAP;
        copy->n = n;
        copy->keys = weir_arena_zero(p->arena, n + room + 1, sizeof *copy->keys);
        copy->items = weir_arena_zero(p->arena, n + room + 1, sizeof *copy->items);
    }
    if (!copy || !copy->keys || !copy->items) {
        p->nomem = true;
        return NULL;
    }
    if (n) memcpy(copy->keys, map->keys, n * sizeof *copy->keys);
    if (n) memcpy(copy->items, map->items, n * sizeof *copy->items);
    return copy;
}

/* A map of base's keys with those of top in their place or behind them. */
static weir_node *lay_over(project *p, const weir_node *base, const weir_node *top) {
    weir_node *out = copy_map(p, base, top->n);
    for (size_t i = 0; out && i < top->n; i++) {
        size_t at = weir_node_find(out, top->keys[i]->text);
        if (at == SIZE_MAX) at = out->n++;
        out->keys[at] = top->keys[i];
        out->items[at] = top->items[i];
    }
    return out;
}

/* Puts a value under key into map, which has room for it. */
static void put(project *p, weir_node *map, const char *key, weir_node *value) {
    size_t at = weir_node_find(map, key);
    if (at == SIZE_MAX) {
        weir_node *k = weir_node_scalar(p->arena, key, strlen(key));
        if (!k) {
            p->nomem = true;
            return;
        }
        k->line = value->line;
        k->column = value->column;
        k->file = value->file;
        at = map->n++;
        map->keys[at] = k;
    }
    map->items[at] = value;
}

/* Says in each node which file it stands in. */
static void set_file(weir_node *n, const char *file, int depth) {
    if (!n || n->file || depth > WEIR_YAML_MAX_DEPTH) return;
    n->file = file;
    for (size_t i = 0; i < n->n; i++) {
        if (n->keys) set_file(n->keys[i], file, depth + 1);
        set_file(n->items[i], file, depth + 1);
    }
}

/* Resolves the references in a part of a tree. */
static void resolve(project *p, weir_node *n, const char *key, const char *folder) {
    weir_references r = p->options->references;
    r.folder = folder;
    if (!n || p->nomem) return;
    if (n->kind == WEIR_NODE_SCALAR && !weir_reference_resolve(&r, n, key, p->arena, p->diags))
        p->nomem = true;
    for (size_t i = 0; i < n->n; i++)
        resolve(p, n->items[i], n->kind == WEIR_NODE_MAP ? n->keys[i]->text : key, folder);
}

/* A relative path of weir.yaml counts from its folder: written as seen from the pipeline's. */
static void set_path_up(project *p, weir_node *map, const char *key) {
    size_t at = weir_node_find(map, key);
    weir_node *n = at == SIZE_MAX ? NULL : map->items[at];
    if (!n || n->kind != WEIR_NODE_SCALAR || !n->text_size || n->text[0] == '/' || !p->up[0] ||
        memchr(n->text, 0, n->text_size))
        return;
    weir_node *copy = weir_arena_zero(p->arena, 1, sizeof *copy);
    char *text = weir_arena_printf(p->arena, "%s%s", p->up, n->text);
    if (!copy || !text) {
        p->nomem = true;
        return;
    }
    *copy = *n;
    copy->text = text;
    copy->text_size = strlen(text);
    map->items[at] = copy;
}

/* ---- finding weir.yaml --------------------------------------------------------------------- */

static bool is_there(const char *folder, const char *name, struct stat *st) {
    weir_buf path = {0};
    bool yes = weir_buf_printf(&path, "%s/%s", strcmp(folder, "/") == 0 ? "" : folder, name) &&
               stat(weir_buf_cstr(&path), st) == 0;
    weir_buf_clear(&path);
    return yes;
}

/* Somebody else's file could send the data elsewhere: it has to be the user's own, root's, or of
 * whom the pipeline file is. */
static bool is_trusted(const struct stat *st, const char *pipeline) {
    struct stat own;
    if (st->st_uid == 0 || st->st_uid == geteuid()) return true;
    return stat(pipeline, &own) == 0 && own.st_uid == st->st_uid;
}

/* The folder `levels` above one, without "..", when that is the same folder; else NULL: its name
 * has links or ".." in it. */
static const char *folder_above(project *p, size_t levels, const struct stat *file) {
    char *at = weir_arena_strdup(p->arena, strcmp(p->folder, ".") == 0 ? "" : p->folder);
    struct stat st;
    if (!at) return NULL;
    for (; levels; levels--) {
        char *slash = strrchr(at, '/');
        const char *last = slash ? slash + 1 : at;
        if (!*last || strcmp(last, "..") == 0 || slash == at) return NULL;
        *(slash ? slash : at) = '\0';
    }
    bool same = is_there(*at ? at : ".", WEIR_PROJECT_FILE, &st) && st.st_ino == file->st_ino &&
                st.st_dev == file->st_dev;
    return same ? (*at ? at : ".") : NULL;
}

static weir_status find_file(project *p, const char *file, weir_error *err) {
    char at[PATH_MAX]; /* what realpath wants */
    struct stat st, own;
    weir_status status = WEIR_OK;
    size_t levels = 0;
    bool known = stat(file, &own) == 0;
    weir_buf up = {0};
    if (!realpath(p->folder, at)) return WEIR_OK; /* reading the pipeline file says what is wrong */
    for (;;) {
        bool here = is_there(at, WEIR_PROJECT_FILE, &st) && S_ISREG(st.st_mode);
        bool self = here && known && st.st_ino == own.st_ino && st.st_dev == own.st_dev;
        if (here && !self) break;
        char *slash = strrchr(at, '/');
        if (is_there(at, ".git", &st) || !slash || !at[1]) goto out; /* none */
        slash[slash == at] = '\0';
        levels++;
    }
    for (size_t i = 0; i < levels; i++)
        if (!weir_buf_adds(&up, "../")) status = weir_error_nomem(err);
    p->up = weir_arena_strdup(p->arena, weir_buf_cstr(&up));
    p->above = folder_above(p, levels, &st);
    if (!p->above && p->up) /* in the words of the pipeline's own folder */
        p->above = levels ? weir_arena_printf(p->arena, "%s/%s.", p->folder, p->up) : p->folder;
    bool here = p->above && strcmp(p->above, ".") == 0;
    p->path = p->above ? weir_arena_printf(p->arena, "%s%s%s", here ? "" : p->above,
                                           here ? "" : "/", WEIR_PROJECT_FILE)
                       : NULL;
    if (!p->path || !p->up) {
        status = weir_error_nomem(err);
    } else if (!is_trusted(&st, file)) {
        status = weir_error_set(err, WEIR_USAGE, "%s belongs to another user", p->path);
        weir_error_hint(err, "it could send the data elsewhere: make it your own, or move the "
                             "pipeline out of its reach");
    }
out:
    weir_buf_clear(&up);
    return status;
}

static weir_status read_file(project *p, weir_error *err) {
    weir_buf text = {0};
    weir_error why = {0};
    weir_status status = weir_file_read_all(p->path, WEIR_SPEC_MAX_FILE_BYTES, &text, &why);
    if (status == WEIR_OK) {
        p->diags->part = p->path;
        status = weir_yaml_parse((weir_slice){text.data, text.size}, NULL, p->arena, p->diags,
                                 &p->shared);
        p->diags->part = NULL;
        if (status == WEIR_RESOURCE) status = weir_error_nomem(err);
        if (status == WEIR_USAGE && p->shared) status = WEIR_OK;
        set_file(p->shared, p->path, 0);
    } else if (status == WEIR_RESOURCE) {
        if (err) *err = why;
    } else {
        p->diags->part = p->path;
        weir_diags_error(p->diags, NULL, NULL, why.hint[0] ? why.hint : NULL, "%s", why.message);
        p->diags->part = NULL;
        status = weir_diags_status(p->diags, err);
    }
    weir_buf_clear(&text);
    return status;
}

/* ---- its keys ------------------------------------------------------------------------------ */

/* Looks at the keys of weir.yaml itself; what stands below them is looked at where it is used. */
static bool check_keys(project *p) {
    project_form form = {0};
    weir_option_part part = {weir_spec_project_options, &form};
    resolve(p, child(p->shared, "target"), "target", p->above);
    if (p->shared->kind != WEIR_NODE_MAP) {
        weir_diags_error(p->diags, p->shared, NULL,
                         "write connections:, defaults: or targets:", "%s is a map of keys",
                         WEIR_PROJECT_FILE);
        return false;
    }
    static const char *const pipeline[] = {"source", "sink", "steps", "transform", "validate"};
    for (size_t i = 0; i < sizeof pipeline / sizeof *pipeline; i++) {
        size_t at = weir_node_find(p->shared, pipeline[i]);
        if (at == SIZE_MAX) continue;
        weir_diags_error(p->diags, key_of(p->shared, at), pipeline[i],
                         "give a pipeline another name than weir.yaml, which holds what pipelines "
                         "share",
                         "does not belong here");
        return false;
    }
    if (!p->options->history &&
        weir_option_bind_parts(&part, 1, p->shared, p->arena, p->diags) == WEIR_RESOURCE)
        p->nomem = true;
    return true;
}

static bool is_map(project *p, const weir_node *n, const char *key) {
    if (!n || n->kind == WEIR_NODE_MAP) return n != NULL;
    weir_diags_error(p->diags, n, key, "write keys below it",
                     n->kind == WEIR_NODE_NULL ? "has no value" : "is not a map");
    return false;
}

/* ---- targets ------------------------------------------------------------------------------- */

typedef struct name_list {
    size_t n;
    const char *items[256];
} name_list;

static void add_names(name_list *list, const weir_node *map) {
    for (size_t i = 0; map && map->kind == WEIR_NODE_MAP && i < map->n && list->n < 256; i++)
        list->items[list->n++] = map->keys[i]->text;
}

static void unknown_target(project *p, const char *name, const char *from, const weir_node *at) {
    name_list list = {0};
    weir_buf hint = {0};
    add_names(&list, child(p->root, "targets"));
    if (p->shared) add_names(&list, child(p->shared, "targets"));
    const char *near = weir_distance_nearest(name, strlen(name), list.items, list.n);
    bool ok = near          ? weir_buf_printf(&hint, "did you mean %s?", near)
              : list.n == 0 ? weir_buf_adds(&hint, "write it below targets: of the file, or of a "
                                                   "weir.yaml beside or above it")
                            : weir_buf_adds(&hint, "there are: ");
    for (size_t i = 0; ok && !near && i < list.n; i++)
        ok = weir_buf_printf(&hint, "%s%s", i ? ", " : "", list.items[i]);
    weir_diags_error(p->diags, at, from, ok ? weir_buf_cstr(&hint) : NULL,
                     "there is no target %.60s", name);
    if (!ok) p->nomem = true;
    weir_buf_clear(&hint);
}

/* The name of the wanted target: of --target, WEIR_TARGET, or target: in weir.yaml. */
static const char *wanted_target(project *p, const char **from, const weir_node **at) {
    const weir_references *r = &p->options->references;
    const char *name = p->options->target;
    *from = "--target";
    *at = NULL;
    if (name && *name) return name;
    *from = "WEIR_TARGET";
    name = r->variable ? r->variable(r->context, "WEIR_TARGET") : getenv("WEIR_TARGET");
    if (name && *name) return name;
    *from = "target";
    *at = p->shared ? weir_node_get(p->shared, "target") : NULL;
    return *at && (*at)->kind == WEIR_NODE_SCALAR ? (*at)->text : NULL;
}

/* One target of a file, its references resolved; NULL when the file has it not. */
static weir_node *find_target(project *p, const weir_node *file, const char *name,
                              const char *folder) {
    weir_node *targets = file ? child(file, "targets") : NULL;
    if (!is_map(p, targets, "targets")) return NULL;
    size_t at = weir_node_find(targets, name);
    if (at == SIZE_MAX || targets->items[at]->kind != WEIR_NODE_MAP) return NULL;
    weir_node *target = targets->items[at];
    if (p->options->history)
        resolve(p, child(target, "state"), "state", folder);
    else
        resolve(p, target, name, folder);
    return target;
}

/* The keys of all targets of a file, the chosen one or not. */
static void check_targets(project *p, const weir_node *file) {
    const weir_node *targets = file ? weir_node_get(file, "targets") : NULL;
    if (p->options->history || !is_map(p, targets, "targets")) return;
    for (size_t i = 0; i < targets->n; i++) {
        project_form form = {0};
        weir_option_part part = {weir_spec_target_options, &form};
        const weir_node *one = targets->items[i];
        if (is_map(p, one, targets->keys[i]->text) &&
            weir_option_bind_parts(&part, 1, one, p->arena, p->diags) == WEIR_RESOURCE)
            p->nomem = true;
    }
}

/* Values of a target for parameters, before those that were given. */
static void add_params(project *p, const weir_node *target, bool own, weir_spec_params *params) {
    const weir_node *map = target ? child(target, "params") : NULL;
    if (p->options->history || !is_map(p, map, "params")) return;
    const weir_node *declared = weir_node_get(p->root, "params");
    const char **names = weir_arena_zero(p->arena, map->n + params->n + 1, sizeof *names);
    const char **values = weir_arena_zero(p->arena, map->n + params->n + 1, sizeof *values);
    size_t n = 0;
    if (!names || !values) {
        p->nomem = true;
        return;
    }
    for (size_t i = 0; i < map->n; i++) {
        const char *name = map->keys[i]->text;
        bool known = weir_node_find(declared, name) != SIZE_MAX;
        if (!known && own)
            weir_diags_error(p->diags, map->keys[i], name, "declare it in params:, or remove it",
                             "is no parameter of this pipeline");
        if (map->items[i]->kind != WEIR_NODE_SCALAR)
            weir_diags_error(p->diags, map->items[i], name, "write its value", "is not a value");
        else if (known) /* a shared target may have what other pipelines want */
            names[n] = name, values[n++] = map->items[i]->text;
    }
    for (size_t i = 0; i < params->n; i++) {
        names[n] = params->names[i];
        values[n++] = params->values[i];
    }
    *params = (weir_spec_params){n, names, values};
}

/* ---- laying together ----------------------------------------------------------------------- */

/* Whether a scalar `connection:` anywhere in the tree is name. */
static bool uses(const weir_node *n, const char *name) {
    for (size_t i = 0; n && i < n->n; i++) {
        const weir_node *item = n->items[i];
        bool key = n->kind == WEIR_NODE_MAP && strcmp(n->keys[i]->text, "connection") == 0;
        if (key && item->kind == WEIR_NODE_SCALAR && strcmp(item->text, name) == 0) return true;
        if (uses(item, name)) return true;
    }
    return false;
}

/* The connection `name` of a lower and a higher layer: the higher one alone when it has a type. */
static weir_node *lay_connection(project *p, weir_node *below, weir_node *above) {
    bool both = below && below->kind == WEIR_NODE_MAP && above->kind == WEIR_NODE_MAP;
    return both && !weir_node_get(above, "type") ? lay_over(p, below, above) : above;
}

/* Lays one layer's connections over those of the tree.  all: those that nobody uses too. */
static void lay_connections(project *p, const weir_node *layer, bool all, bool shared) {
    weir_node *map = layer ? child(layer, "connections") : NULL;
    const weir_node *below = weir_node_get(p->root, "connections");
    if (!is_map(p, map, "connections") || (below && below->kind != WEIR_NODE_MAP)) return;
    weir_node *out = copy_map(p, below, map->n);
    for (size_t i = 0; out && i < map->n && !p->nomem; i++) {
        const char *name = map->keys[i]->text;
        if (!all && !uses(p->root, name)) continue;
        weir_node *top = map->items[i];
        if (shared) resolve(p, top, name, p->above);
        if (shared && top->kind == WEIR_NODE_MAP && (top = copy_map(p, top, 0)))
            set_path_up(p, top, "path");
        size_t at = weir_node_find(out, name);
        if (at == SIZE_MAX) at = out->n++;
        out->keys[at] = map->keys[i];
        if (top) out->items[at] = lay_connection(p, out->items[at], top);
    }
    if (out) put(p, p->root, "connections", out);
}

static void lay_section(project *p, const weir_node *layer, const char *key, bool shared) {
    weir_node *map = layer ? child(layer, key) : NULL;
    if (!is_map(p, map, key)) return;
    if (shared && strcmp(key, "state") == 0 && (map = copy_map(p, map, 0)))
        set_path_up(p, map, "path");
    const weir_node *below = child(p->root, key);
    if (below && below->kind != WEIR_NODE_MAP) return; /* the loader says so */
    weir_node *out = map ? lay_over(p, below, map) : NULL;
    if (out) put(p, p->root, key, out);
}

static const char *const sections[] = {"defaults", "limits", "state"};
#define N_SECTIONS (sizeof sections / sizeof *sections)
#define STATE_SECTION (N_SECTIONS - 1)

/* One layer over the tree. */
static void lay(project *p, const weir_node *layer, bool all, bool shared) {
    if (!p->options->history) lay_connections(p, layer, all, shared);
    for (size_t i = p->options->history ? STATE_SECTION : 0; i < N_SECTIONS; i++)
        lay_section(p, layer, sections[i], shared);
}

/* The tree: weir.yaml, over it the pipeline file, over both the target of either. */
static void merge(project *p, const weir_node *target, const weir_node *own_target) {
    const weir_node *own = p->root;
    weir_node *merged = copy_map(p, own, N_SECTIONS + 3);
    if (!merged) return;
    p->root = merged;
    if (p->shared) {
        for (size_t i = p->options->history ? STATE_SECTION : 0; i < N_SECTIONS; i++)
            resolve(p, child(p->shared, sections[i]), sections[i], p->above);
        static const char *const below[] = {"connections", "defaults", "limits", "state"};
        for (size_t i = 0; i < sizeof below / sizeof *below; i++) {
            size_t at = weir_node_find(merged, below[i]);
            if (at == SIZE_MAX || merged->items[at]->kind != WEIR_NODE_MAP) continue;
            merged->n--; /* laid over the shared one again below */
            memmove(&merged->keys[at], &merged->keys[at + 1], (merged->n - at) * sizeof(void *));
            memmove(&merged->items[at], &merged->items[at + 1], (merged->n - at) * sizeof(void *));
        }
        lay(p, p->shared, false, true);
        lay(p, own, true, false);
    }
    if (target) lay(p, target, false, true);
    if (own_target) lay(p, own_target, true, false);
}

/* ---- state --------------------------------------------------------------------------------- */

static bool says_state(const weir_node *target) {
    const weir_node *state = target ? weir_node_get(target, "state") : NULL;
    return weir_node_get(state, "path") || weir_node_get(state, "connection");
}

const char *weir_pipeline_state_of_target(const char *folder, const char *target,
                                          weir_arena *arena) {
    weir_buf text = {0};
    bool ok = weir_buf_printf(&text, "%s/targets/", folder);
    for (const char *c = target; ok && *c; c++) {
        bool plain = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
                     (*c >= '0' && *c <= '9') || *c == '_' || *c == '-' ||
                     (*c == '.' && c > target);
        ok = plain ? weir_buf_add(&text, c, 1)
                   : weir_buf_printf(&text, "%%%02X", (unsigned)(unsigned char)*c);
    }
    const char *copy = ok ? weir_arena_strdup(arena, weir_buf_cstr(&text)) : NULL;
    weir_buf_clear(&text);
    return copy;
}

/* What was loaded into one target was not loaded into another: each has a state of its own. */
static void set_state_of_target(project *p, const char *name) {
    const weir_node *below = child(p->root, "state"), *path = weir_node_get(below, "path");
    if ((below && below->kind != WEIR_NODE_MAP) || (path && path->kind != WEIR_NODE_SCALAR)) return;
    const char *text =
        weir_pipeline_state_of_target(path ? path->text : WEIR_SPEC_STATE_FOLDER, name, p->arena);
    weir_node *value = text ? weir_node_scalar(p->arena, text, strlen(text)) : NULL;
    weir_node *state = value ? copy_map(p, below, 1) : NULL;
    if (!value) p->nomem = true;
    if (value && path) {
        value->line = path->line;
        value->column = path->column;
        value->file = path->file;
    }
    if (state) put(p, state, "path", value);
    if (state) put(p, p->root, "state", state);
}

weir_status weir_spec_project(const char *file, const char *folder,
                              const weir_spec_options *options, weir_arena *arena,
                              weir_diags *diags, weir_spec_params *params, weir_node **root,
                              weir_error *err) {
    project p = {.options = options,
                 .arena = arena,
                 .diags = diags,
                 .folder = folder,
                 .up = "",
                 .root = *root};
    const char *from = NULL;
    const weir_node *at = NULL, *target = NULL, *own = NULL;
    weir_status status = find_file(&p, file, err);
    if (status == WEIR_OK && p.path) status = read_file(&p, err);
    if (status != WEIR_OK) return status;
    if ((*root)->kind != WEIR_NODE_MAP) return WEIR_OK;
    bool sound = !p.shared || check_keys(&p);
    check_targets(&p, p.shared);
    check_targets(&p, p.root);
    const char *name = sound ? wanted_target(&p, &from, &at) : NULL;
    if (name) {
        target = find_target(&p, p.shared, name, p.above);
        own = find_target(&p, p.root, name, folder);
        if (!target && !own && !p.nomem) unknown_target(&p, name, from, at);
        add_params(&p, target, false, params);
        add_params(&p, own, true, params);
    }
    if (sound && (p.shared || own)) merge(&p, target, own);
    bool chosen = sound && (target || own) && !p.nomem;
    if (chosen && !says_state(target) && !says_state(own)) set_state_of_target(&p, name);
    *root = p.root;
    return p.nomem ? weir_error_nomem(err) : WEIR_OK;
}
