/* `weir copy SRC DST`: the tree that a file would have given, then the same checks. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "spec/load.h"

/* The command being turned into a tree. */
typedef struct copier {
    const weir_copy_options *o;
    const weir_spec_registry *registry;
    weir_arena *arena;
    weir_diags *diags;
    bool nomem;
} copier;

/* SRC or DST as the connector wants it. */
typedef struct place {
    const weir_connector *connector; /* NULL = an error was added */
    const char *path;
    bool database; /* its rows stand in tables */
} place;

static bool put_node(copier *c, weir_node *map, const char *key, weir_node *value) {
    if (value && weir_node_add(c->arena, map, key, value)) return true;
    c->nomem = true;
    return false;
}

/* Adds key: text unless text is NULL. */
static bool put(copier *c, weir_node *map, const char *key, const char *text) {
    if (!text) return true;
    weir_node *value = weir_node_scalar(c->arena, text, strlen(text));
    if (value) value->quoted = true;
    return put_node(c, map, key, value);
}

static weir_node *new_map(copier *c) {
    weir_node *map = weir_node_map(c->arena);
    if (!map) c->nomem = true;
    return map;
}

/* ---- places -------------------------------------------------------------------------------- */

static const weir_connector *named(const copier *c, const char *name, size_t size) {
    for (size_t i = 0; c->registry->connectors && c->registry->connectors[i]; i++) {
        const weir_connector *k = c->registry->connectors[i];
        if (strlen(k->name) == size && memcmp(k->name, name, size) == 0) return k;
    }
    return NULL;
}

static bool has_table(const weir_option *table) {
    for (; table && table->name; table++)
        if (strcmp(table->name, "table") == 0) return true;
    return false;
}

/* "sqlite:///x.db", "sqlite:x.db", "file:x", "x.db", "x.csv", "-". */
static place find_place(copier *c, const char *text, const char *what) {
    place p = {.path = text};
    size_t n = strcspn(text, ":");
    bool url = text[n] == ':' && strncmp(text + n, "://", 3) == 0;
    if (text[n] == ':' && n > 1) p.connector = named(c, text, n);
    if (p.connector)
        p.path = text + n + (url ? 3 : 1);
    else if (url)
        weir_diags_error(c->diags, NULL, what, "give a path, or sqlite:PATH",
                         "%.*s:// is not available in this version", (int)(n > 40 ? 40 : n), text);
    else
        p.connector = weir_spec_connector_of_path(c->registry, text);
    if (!p.connector && !url) p.connector = named(c, "file", 4);
    if (p.connector && p.path[0] == '\0') {
        weir_diags_error(c->diags, NULL, what, "give a path", "names nothing");
        p.connector = NULL;
    }
    p.database = p.connector &&
                 (has_table(p.connector->source_options) || has_table(p.connector->sink_options));
    return p;
}

/* A file whose name does not tell its format needs the flag for it. */
static void check_format(copier *c, const place *p, const char *format, const char *what,
                         const char *flag) {
    loader l = {.registry = c->registry, .arena = c->arena, .diags = c->diags};
    char words[60];
    if (format || !p->connector || !(p->connector->caps & WEIR_CAP_FORMATS)) return;
    if (weir_spec_format_of_path(c->registry, p->path)) return;
    if (strcmp(flag, "--to-format") != 0 &&
        weir_spec_format_of_files(c->registry, "", p->path, NULL))
        return;
    struct stat st;
    size_t n = strlen(p->path);
    if (strcmp(flag, "--to-format") != 0 && stat(p->path, &st) == 0 && S_ISDIR(st.st_mode)) {
        weir_diags_error(c->diags, NULL, what, "name the files in it, such as FOLDER/*.csv",
                         "\"%.60s\" is a folder", p->path);
        return;
    }
    static const char *const later[] = {".parquet", ".avro", ".arrow", ".orc", ".feather"};
    for (size_t i = 0; i < sizeof later / sizeof *later; i++) {
        size_t m = strlen(later[i]);
        if (n <= m || strcmp(p->path + n - m, later[i]) != 0) continue;
        snprintf(words, sizeof words, "the formats are");
        weir_diags_error(c->diags, NULL, what, weir_spec_formats(&l, words),
                         "the format %s is not supported in this version", later[i] + 1);
        return;
    }
    snprintf(words, sizeof words, "give %s, one of", flag);
    bool file = strcmp(flag, "--to-format") != 0 && stat(p->path, &st) == 0 && S_ISREG(st.st_mode);
    if (file && st.st_size > 0)
        weir_diags_error(c->diags, NULL, what, weir_spec_formats(&l, words),
                         "\"%.60s\" is no text that tells its format, nor does its name", p->path);
    else
        weir_diags_error(c->diags, NULL, what, weir_spec_formats(&l, words),
                         "%sthe format does not follow from the name \"%.60s\"",
                         file ? "the file is empty, and " : "", p->path);
}

/* ---- source, sink, rejects ----------------------------------------------------------------- */

/* "id:int64!,amount:decimal(10,2),name" as a map; commas inside parentheses belong to types. */
static bool put_columns(copier *c, weir_node *map, const char *text) {
    weir_node *columns = new_map(c);
    if (!columns) return false;
    while (*text) {
        int open = 0;
        size_t n = 0, colon = SIZE_MAX;
        for (; text[n] && (text[n] != ',' || open > 0); n++) {
            open += (text[n] == '(' || text[n] == '<') - (text[n] == ')' || text[n] == '>');
            if (text[n] == ':' && colon == SIZE_MAX) colon = n;
        }
        size_t name_size = colon == SIZE_MAX ? n : colon;
        char *name = weir_arena_strndup(c->arena, text, name_size);
        weir_node *value = colon == SIZE_MAX
                               ? weir_node_map(c->arena)
                               : weir_node_scalar(c->arena, text + colon + 1, n - colon - 1);
        if (!name || !value || !weir_node_add(c->arena, columns, name, value)) {
            c->nomem = true;
            return false;
        }
        text += n;
        if (*text == ',') text++;
    }
    return put_node(c, map, "columns", columns);
}

static bool put_list(copier *c, weir_node *map, const char *key, const char *text) {
    weir_node *list = weir_node_list(c->arena);
    if (!list) c->nomem = true;
    while (list && *text) {
        size_t n = strcspn(text, ",");
        weir_node *item = weir_node_scalar(c->arena, text, n);
        if (!item || !weir_node_add(c->arena, list, NULL, item)) {
            c->nomem = true;
            return false;
        }
        text += n;
        if (*text == ',') text++;
    }
    return put_node(c, map, key, list);
}

/* The map that a dotted name such as multiline.start goes to; *name becomes the rest of it. */
static weir_node *map_of(copier *c, weir_node *map, const char **name) {
    const char *dot = strchr(*name, '.');
    if (!dot || dot == *name || !dot[1]) return map;
    const char *key = weir_arena_strndup(c->arena, *name, (size_t)(dot - *name));
    size_t at = key ? weir_node_find(map, key) : SIZE_MAX;
    *name = dot + 1;
    if (at != SIZE_MAX) return map->items[at]->kind == WEIR_NODE_MAP ? map->items[at] : map;
    weir_node *inner = key ? new_map(c) : NULL;
    c->nomem |= !inner;
    return inner && put_node(c, map, key, inner) ? inner : NULL;
}

/* Further keys of the source with the text of their value. */
static bool put_further(copier *c, weir_node *source, size_t n, const char *const *paths,
                        const char *const *values) {
    for (size_t i = 0; i < n; i++) {
        const char *name = paths[i];
        weir_node *map = map_of(c, source, &name);
        if (!map) return false;
        if (weir_node_get(map, name))
            weir_diags_error(c->diags, NULL, paths[i], "give it once", "is given twice");
        else if (!put(c, map, name, values[i]))
            return false;
    }
    return true;
}

static bool put_source(copier *c, weir_node *root, const place *from, const place *to) {
    const weir_copy_options *o = c->o;
    weir_node *map = new_map(c);
    if (!map || !put(c, map, "type", from->connector->name) || !put(c, map, "path", from->path))
        return false;
    const char *table = o->source_table;
    if (from->database && !table && !o->query && !to->database) table = o->table;
    if (from->database && !table && !o->query)
        weir_diags_error(c->diags, NULL, to->database ? "--source-table" : "--table",
                         weir_arena_printf(c->arena,
                                           "name the table to read; `weir preview %.60s` says "
                                           "which there are",
                                           from->path),
                         "is missing");
    if (!put(c, map, "table", table) || !put(c, map, "query", o->query)) return false;
    if (!put(c, map, "format", o->source_format)) return false;
    if (o->columns && !put_columns(c, map, o->columns)) return false;
    if (o->incremental) {
        weir_node *incremental = new_map(c);
        if (!incremental || !put(c, incremental, "by", "files") ||
            !put_node(c, map, "incremental", incremental))
            return false;
    }
    if (!put_further(c, map, o->n_options, o->option_names, o->option_values)) return false;
    return put_node(c, root, "source", map);
}

static bool put_sink(copier *c, weir_node *root, const place *to) {
    const weir_copy_options *o = c->o;
    weir_node *map = new_map(c);
    if (!map || !put(c, map, "type", to->connector->name) || !put(c, map, "path", to->path))
        return false;
    if (to->database && !o->table)
        weir_diags_error(c->diags, NULL, "--table", "name the table to load", "is missing");
    if (!put(c, map, "table", to->database ? o->table : NULL) ||
        !put(c, map, "format", o->target_format) || !put(c, map, "compression", o->compression) ||
        !put(c, map, "mode", o->mode) || !put(c, map, "version", o->version))
        return false;
    if (o->key && !o->mode) {
        weir_diags_error(c->diags, NULL, "--key", "add --mode upsert, or leave --key out",
                         "has no meaning without a mode that compares rows");
        return true;
    }
    if (o->key && !put_list(c, map, "key", o->key)) return false;
    return put_node(c, root, "sink", map);
}

static bool put_limits(copier *c, weir_node *root, const char *memory, const char *threads) {
    if (!memory && !threads) return true;
    weir_node *map = new_map(c);
    return map && put(c, map, "memory", memory) && put(c, map, "threads", threads) &&
           put_node(c, root, "limits", map);
}

static bool put_rest(copier *c, weir_node *root) {
    const weir_copy_options *o = c->o;
    if (o->rejects || o->max_ratio) {
        weir_node *map = new_map(c);
        if (!map || !put(c, map, "path", o->rejects) || !put(c, map, "max_ratio", o->max_ratio) ||
            !put_node(c, root, "rejects", map))
            return false;
    }
    return put_limits(c, root, o->memory, o->threads);
}

/* ---- state --------------------------------------------------------------------------------- */

/* A name of its own for each pair of places, so that two copies do not share their positions. */
static const char *copy_name(copier *c, const char *source, const char *target) {
    uint64_t h = 14695981039346656037u;
    const char *parts[] = {source,
                           "\n",
                           target,
                           "\n",
                           c->o->table ? c->o->table : "",
                           "\n",
                           c->o->source_table ? c->o->source_table : ""};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (const char *p = parts[i]; *p; p++) h = (h ^ (unsigned char)*p) * 1099511628211u;
    return weir_arena_printf(c->arena, "copy-%08x", (unsigned)(h ^ (h >> 32)));
}

/* `.weir` beside a local target, else in the user's state folder. */
static const char *state_path(copier *c, const place *to) {
    if (strcmp(to->path, "-") != 0) {
        const char *slash = strrchr(to->path, '/');
        if (!slash) return weir_arena_strdup(c->arena, ".weir");
        return weir_arena_printf(c->arena, "%.*s/.weir", (int)(slash - to->path), to->path);
    }
    const char *state = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    if (state && state[0] == '/') return weir_arena_printf(c->arena, "%s/weir", state);
    if (home && home[0]) return weir_arena_printf(c->arena, "%s/.local/state/weir", home);
    return weir_arena_strdup(c->arena, ".weir");
}

static bool put_head(copier *c, weir_node *root, const char *source, const char *target,
                     const place *to) {
    const char *name = copy_name(c, source, target), *path = state_path(c, to);
    weir_node *state = new_map(c);
    if (!name || !path || !state) {
        c->nomem = true;
        return false;
    }
    return put(c, root, "name", name) && put(c, state, "path", path) &&
           put_node(c, root, "state", state);
}

weir_status weir_pipeline_from_copy(const char *source, const char *target,
                                    const weir_copy_options *options,
                                    const weir_spec_registry *registry, weir_arena *arena,
                                    weir_diags *diags, weir_pipeline **out, weir_error *err) {
    static const weir_copy_options none;
    copier c = {
        .o = options ? options : &none, .registry = registry, .arena = arena, .diags = diags};
    place from = find_place(&c, source, "SRC"), to = find_place(&c, target, "DST");
    check_format(&c, &from, c.o->source_format, "SRC", "--format");
    check_format(&c, &to, c.o->target_format, "DST", "--to-format");
    if (diags->n_errors || !from.connector || !to.connector) return weir_diags_status(diags, err);
    weir_node *root = new_map(&c);
    if (!root || !put_head(&c, root, source, target, &to) || !put_source(&c, root, &from, &to) ||
        !put_sink(&c, root, &to) || !put_rest(&c, root))
        return weir_error_nomem(err);
    if (diags->n_errors) return weir_diags_status(diags, err);
    return weir_spec_build(root, "", ".", "copy", registry, NULL, arena, diags, out, err);
}

/* ---- a source alone ------------------------------------------------------------------------ */

static bool put_paths(copier *c, weir_node *map, const place *from, size_t n) {
    if (n == 1) return put(c, map, "path", from->path);
    weir_node *list = weir_node_list(c->arena);
    for (size_t i = 0; list && i < n; i++) {
        weir_node *item = weir_node_scalar(c->arena, from[i].path, strlen(from[i].path));
        if (!item || !weir_node_add(c->arena, list, NULL, item)) list = NULL;
    }
    if (!list) c->nomem = true;
    return list && put_node(c, map, "path", list);
}

static bool put_source_options(copier *c, weir_node *map, const weir_source_options *o) {
    if (!put(c, map, "format", o->format) || !put(c, map, "table", o->table) ||
        !put(c, map, "query", o->query) || !put(c, map, "infer", o->infer))
        return false;
    if (o->columns && !put_columns(c, map, o->columns)) return false;
    return put_further(c, map, o->n_options, o->option_names, o->option_values);
}

/* All paths are of the first one's connector. */
static void find_places(copier *c, const weir_source_options *o, place *from) {
    for (size_t i = 0; i < o->n_paths; i++) {
        from[i] = find_place(c, o->paths[i], "FILE");
        if (i == 0 || !from[i].connector || from[i].connector == from[0].connector) continue;
        weir_diags_error(c->diags, NULL, "FILE", "look at them one by one",
                         "\"%.60s\" and \"%.60s\" are of different kinds", o->paths[0],
                         o->paths[i]);
    }
    if (o->n_paths) check_format(c, &from[0], o->format, "FILE", "--format");
}

weir_status weir_pipeline_from_source(const weir_source_options *options,
                                      const weir_spec_registry *registry, weir_arena *arena,
                                      weir_diags *diags, weir_pipeline **out, weir_error *err) {
    copier c = {.registry = registry, .arena = arena, .diags = diags};
    place *from = weir_arena_zero(arena, options->n_paths + 1, sizeof *from);
    if (!from) return weir_error_nomem(err);
    find_places(&c, options, from);
    if (diags->n_errors) return weir_diags_status(diags, err);
    weir_node *root = new_map(&c), *source = new_map(&c), *sink = new_map(&c);
    bool ok = root && source && sink && put(&c, source, "type", from[0].connector->name) &&
              put_paths(&c, source, from, options->n_paths) &&
              put_source_options(&c, source, options) && put(&c, sink, "type", "file") &&
              put(&c, sink, "path", "-") && put(&c, sink, "format", "ndjson") &&
              put(&c, root, "name", "infer") && put_node(&c, root, "source", source) &&
              put_node(&c, root, "sink", sink) &&
              put_limits(&c, root, options->memory, options->threads);
    if (!ok) return weir_error_nomem(err);
    if (diags->n_errors) return weir_diags_status(diags, err);
    return weir_spec_build(root, "", ".", "infer", registry, NULL, arena, diags, out, err);
}
