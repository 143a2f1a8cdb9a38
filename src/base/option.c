#include "base/option.h"
#include <stdio.h>
#include "base/distance.h"
#include "base/option_value.h"

static bool bind_map(weir_binder *b, const weir_option_part *parts, size_t n, const weir_node *map);

/* ---- lists and maps ------------------------------------------------------------------------ */

/* The scalar and list forms of a list of strings. */
static bool bind_strings(weir_binder *b, const weir_option *row, const weir_node *node,
                         weir_opt_strings *out) {
    const weir_node *one[1] = {node};
    const weir_node *const *items = one;
    size_t n = 1;
    if (node->kind == WEIR_NODE_LIST) {
        items = (const weir_node *const *)node->items;
        n = node->n;
    } else if (node->kind != WEIR_NODE_SCALAR)
        return weir_option_wrong_kind(b, row, node, "a list of words", NULL);
    const char **texts = weir_arena_zero(b->arena, n + 1, sizeof *texts);
    if (!texts) return weir_option_no_memory(b);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        if (!weir_option_want_scalar(b, row, items[i]))
            ok = false;
        else if (!weir_option_copy_text(b, row, items[i], &texts[i]))
            ok = false;
    }
    if (ok) *out = (weir_opt_strings){n, texts};
    return ok;
}

/* Copies the keys of a map; an empty key is an error, but for ANY_KEY. */
static bool bind_names(weir_binder *b, const weir_option *row, const weir_node *map,
                       const char ***names) {
    const char **copy = weir_arena_zero(b->arena, map->n + 1, sizeof *copy);
    if (!copy) return weir_option_no_memory(b);
    bool ok = true;
    for (size_t i = 0; i < map->n; i++) {
        if (map->keys[i]->text_size == 0 && !(row->flags & WEIR_OPT_ANY_KEY)) {
            weir_diags_error(b->diags, map->keys[i], row->name, "write a name before the colon",
                             "holds an empty name");
            ok = false;
        } else if (!weir_option_copy_text(b, row, map->keys[i], &copy[i]))
            ok = false;
    }
    *names = copy;
    return ok;
}

static bool want_map(weir_binder *b, const weir_option *row, const weir_node *node,
                     const char *what) {
    if (node->kind == WEIR_NODE_MAP) return true;
    return weir_option_wrong_kind(b, row, node, what, NULL);
}

/* A row for messages about one entry of a map. */
static weir_option entry_row(const weir_option *row, const char *name) {
    weir_option r = *row;
    r.name = name ? name : row->name;
    return r;
}

static bool bind_exprs(weir_binder *b, const weir_option *row, const weir_node *node,
                       weir_opt_exprs *out) {
    if (!want_map(b, row, node, "a map of names to expressions")) return false;
    weir_opt_exprs e = {.n = node->n};
    e.items = weir_arena_zero(b->arena, node->n + 1, sizeof *e.items);
    if (!e.items) return weir_option_no_memory(b);
    bool ok = bind_names(b, row, node, &e.names);
    for (size_t i = 0; i < node->n; i++) {
        weir_option entry = entry_row(row, e.names ? e.names[i] : NULL);
        if (!weir_option_bind_expr(b, &entry, node->items[i], &e.items[i])) ok = false;
    }
    if (ok) *out = e;
    return ok;
}

static bool bind_strmap(weir_binder *b, const weir_option *row, const weir_node *node,
                        weir_opt_strmap *out) {
    if (!want_map(b, row, node, "a map of names to values")) return false;
    weir_opt_strmap m = {.n = node->n};
    m.values = weir_arena_zero(b->arena, node->n + 1, sizeof *m.values);
    if (!m.values) return weir_option_no_memory(b);
    bool ok = bind_names(b, row, node, &m.names);
    for (size_t i = 0; i < node->n; i++) {
        weir_option entry = entry_row(row, m.names ? m.names[i] : NULL);
        if (!weir_option_want_scalar(b, &entry, node->items[i]))
            ok = false;
        else if (!weir_option_copy_text(b, &entry, node->items[i], &m.values[i]))
            ok = false;
    }
    if (ok) *out = m;
    return ok;
}

/* ---- columns ------------------------------------------------------------------------------- */

static const char *const ambiguous_choices[] = {"error", "earlier", "later", NULL};
/* The long form of one entry of `columns:`. */
typedef struct column_form {
    const char *type, *from, *format, *timezone, *decimal, *thousands;
    weir_opt_strings nulls;
    int ambiguous;
    bool ambiguous_given;
} column_form;
static const weir_option column_options[] = {
    {.name = "type",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(column_form, type),
     .help = "type of the column, such as int64 or decimal(10,2); ! behind it = never null"},
    {.name = "from",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(column_form, from),
     .help = "name of the field in the input, when it differs"},
    {.name = "format",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(column_form, format),
     .help = "how dates and times are written, such as %d.%m.%Y"},
    {.name = "timezone",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(column_form, timezone),
     .help = "zone of times that carry none, such as Europe/Berlin"},
    {.name = "null",
     .type = WEIR_OPT_STRINGS,
     .offset = offsetof(column_form, nulls),
     .help = "words that mean null in this column"},
    {.name = "decimal",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(column_form, decimal),
     .help = "mark in front of the fraction of numbers, such as a comma; default a point"},
    {.name = "thousands",
     .type = WEIR_OPT_STRING,
     .offset = offsetof(column_form, thousands),
     .help = "mark between the thousands of numbers: , . ' _ or a blank; default none"},
    {.name = "ambiguous",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(column_form, ambiguous),
     .set_offset = offsetof(column_form, ambiguous_given),
     .choices = ambiguous_choices,
     .help = "what a local time means that occurs twice a year"},
    {0}};

/* Cuts the "!" of "int64!" off. */
static bool split_type(weir_binder *b, const weir_node *at, weir_opt_column *c, const char *text) {
    size_t n = strlen(text);
    c->secret |= at->secret;
    while (n > 0 && text[n - 1] == ' ') n--;
    if (n > 0 && text[n - 1] == '!') {
        c->not_null = true;
        n--;
    }
    if (n == 0) {
        weir_diags_error(b->diags, at, c->name, "write a type, such as string or int64",
                         "has no type");
        return false;
    }
    c->type = weir_arena_strndup(b->arena, text, n);
    return c->type ? true : weir_option_no_memory(b);
}

static bool bind_column(weir_binder *b, const weir_option *row, const weir_node *node,
                        weir_opt_column *c) {
    weir_option entry = entry_row(row, c->name);
    column_form form = {0};
    c->line = node->line;
    c->column = node->column;
    if (node->kind == WEIR_NODE_SCALAR) {
        if (!weir_option_copy_text(b, &entry, node, &form.type)) return false;
        return split_type(b, node, c, form.type);
    }
    if (node->kind != WEIR_NODE_MAP)
        return weir_option_wrong_kind(b, &entry, node, "a type or a map",
                                      "write a type, such as string or int64");
    weir_option_part part = {column_options, &form};
    if (!bind_map(b, &part, 1, node)) return false;
    c->from = form.from;
    c->format = form.format;
    c->timezone = form.timezone;
    c->nulls = form.nulls;
    c->decimal = form.decimal;
    c->thousands = form.thousands;
    const weir_node *format = weir_node_get(node, "format"),
                    *zone = weir_node_get(node, "timezone");
    c->secret = (format && format->secret) || (zone && zone->secret);
    if (form.ambiguous_given) c->ambiguous = ambiguous_choices[form.ambiguous];
    const weir_node *at = weir_node_get(node, "type");
    if (at) {
        c->line = at->line;
        c->column = at->column;
    }
    return form.type ? split_type(b, at ? at : node, c, form.type) : true;
}

static bool bind_columns(weir_binder *b, const weir_option *row, const weir_node *node,
                         weir_opt_columns *out) {
    if (!want_map(b, row, node, "a map of column names to types")) return false;
    const char **names = NULL;
    weir_opt_columns c = {.n = node->n};
    c.items = weir_arena_zero(b->arena, node->n + 1, sizeof *c.items);
    if (!c.items) return weir_option_no_memory(b);
    bool ok = bind_names(b, row, node, &names);
    for (size_t i = 0; names && i < node->n; i++) {
        c.items[i].name = names[i];
        if (!bind_column(b, row, node->items[i], &c.items[i])) ok = false;
    }
    if (ok) *out = c;
    return ok;
}

/* ---- nested -------------------------------------------------------------------------------- */

static bool bind_value(weir_binder *b, const weir_option *row, const weir_node *node, void *slot);

static bool bind_struct(weir_binder *b, const weir_option *row, const weir_node *node,
                        void *config) {
    weir_option_part part = {row->fields, config};
    if ((row->flags & WEIR_OPT_SHORT) && node->kind != WEIR_NODE_MAP &&
        node->kind != WEIR_NODE_NULL) {
        const weir_option *first = row->fields;
        bool ok = bind_map(b, &part, 1, NULL); /* the defaults */
        if (first->set_offset) *(bool *)((char *)config + first->set_offset) = true;
        return bind_value(b, first, node, (char *)config + first->offset) && ok;
    }
    if (!want_map(b, row, node, "a map")) return false;
    return bind_map(b, &part, 1, node);
}

static bool bind_list(weir_binder *b, const weir_option *row, const weir_node *node,
                      weir_opt_list *out) {
    if (node->kind != WEIR_NODE_LIST)
        return weir_option_wrong_kind(b, row, node, "a list",
                                      node->kind == WEIR_NODE_MAP ? "put \"- \" before each entry"
                                                                  : NULL);
    weir_opt_list list = {.n = node->n};
    list.items = weir_arena_zero(b->arena, node->n ? node->n : 1, row->item_size);
    if (!list.items) return weir_option_no_memory(b);
    bool ok = true;
    for (size_t i = 0; i < node->n; i++)
        if (!bind_struct(b, row, node->items[i], (char *)list.items + i * row->item_size))
            ok = false;
    if (ok) *out = list;
    return ok;
}

/* ---- one value ----------------------------------------------------------------------------- */

/* Parses node as the row says into slot. */
static bool bind_value(weir_binder *b, const weir_option *row, const weir_node *node, void *slot) {
    switch (row->type) {
    case WEIR_OPT_STRINGS: return bind_strings(b, row, node, slot);
    case WEIR_OPT_EXPR: return weir_option_bind_expr(b, row, node, slot);
    case WEIR_OPT_EXPRS: return bind_exprs(b, row, node, slot);
    case WEIR_OPT_STRMAP: return bind_strmap(b, row, node, slot);
    case WEIR_OPT_COLUMNS: return bind_columns(b, row, node, slot);
    case WEIR_OPT_STRUCT: return bind_struct(b, row, node, slot);
    case WEIR_OPT_LIST: return bind_list(b, row, node, slot);
    case WEIR_OPT_NODE: memcpy(slot, &node, sizeof node); return true;
    default: return weir_option_bind_scalar(b, row, node, slot);
    }
}

/* ---- maps against tables ------------------------------------------------------------------- */

bool weir_option_is(const weir_option *row, const char *key) {
    return strcmp(row->name, key) == 0 || (row->alias && strcmp(row->alias, key) == 0);
}

static bool set_default(weir_binder *b, const weir_option *row, void *config) {
    char *slot = (char *)config + row->offset;
    if (row->type == WEIR_OPT_STRUCT) {
        bool ok = true;
        for (const weir_option *f = row->fields; f && f->name; f++)
            if (!set_default(b, f, slot)) ok = false;
        return ok;
    }
    if (!row->fallback) return true;
    weir_node node = {.kind = WEIR_NODE_SCALAR,
                      .text = row->fallback,
                      .text_size = strlen(row->fallback),
                      .quoted = true};
    return bind_value(b, row, &node, slot);
}

typedef struct key_search {
    weir_binder *b;
    const weir_node *map;
    bool found;
} key_search;

static void report_duplicate(void *context, size_t first, size_t second) {
    key_search *s = context;
    const weir_node *a = s->map->keys[first], *z = s->map->keys[second];
    s->found = true;
    weir_diags_error(s->b->diags, z, z->text, "keep one of the two",
                     a->line ? "stands twice, first in line %u column %u" : "stands twice",
                     (unsigned)a->line, (unsigned)a->column);
}

/* "did you mean", else the keys that there are. */
static void unknown_key(weir_binder *b, const weir_option_part *parts, size_t n,
                        const weir_node *key) {
    const char *names[256] = {NULL};
    char hint[400];
    size_t count = 0, at = 0;
    for (size_t p = 0; p < n; p++)
        for (const weir_option *r = parts[p].table; r && r->name; r++) {
            if (r->flags & WEIR_OPT_HIDDEN) continue;
            if (count < 256) names[count++] = r->name;
            if (r->alias && count < 256) names[count++] = r->alias;
        }
    const char *near = weir_distance_nearest(key->text, key->text_size, names, count);
    if (near)
        snprintf(hint, sizeof hint, "did you mean \"%s\"?", near);
    else {
        at = (size_t)snprintf(hint, sizeof hint, count ? "known here: " : "nothing is known here");
        for (size_t i = 0; i < count; i++) {
            size_t need = strlen(names[i]) + 2;
            if (at + need + 5 > sizeof hint) {
                snprintf(hint + at, sizeof hint - at, ", ...");
                break;
            }
            at += (size_t)snprintf(hint + at, sizeof hint - at, "%s%s", i ? ", " : "", names[i]);
        }
    }
    weir_diags_error(b->diags, key, key->text, hint, "is not a known key");
}

/* Both spellings of an option that has an alias. */
static bool alias_twice(weir_binder *b, const weir_option *row, const weir_node *map) {
    if (!row->alias) return false;
    size_t i = weir_node_find(map, row->name), j = weir_node_find(map, row->alias);
    if (i == SIZE_MAX || j == SIZE_MAX) return false;
    const weir_node *second = map->keys[i > j ? i : j];
    weir_diags_error(b->diags, second, second->text, "keep one of the two",
                     "means the same as \"%s\", which is there too",
                     i > j ? row->alias : row->name);
    return true;
}

static bool bind_row(weir_binder *b, const weir_option *row, const weir_node *map, void *config) {
    const weir_node *node = weir_node_get(map, row->name);
    if (!node && row->alias) node = weir_node_get(map, row->alias);
    if (alias_twice(b, row, map)) return false;
    if (!node) {
        if (!(row->flags & WEIR_OPT_REQUIRED)) return true;
        weir_diags_error(b->diags, map, row->name, row->help, "is missing");
        return false;
    }
    if (row->set_offset) *(bool *)((char *)config + row->set_offset) = true;
    return bind_value(b, row, node, (char *)config + row->offset);
}

static bool bind_map(weir_binder *b, const weir_option_part *parts, size_t n,
                     const weir_node *map) {
    key_search search = {b, map, false};
    bool ok = true;
    for (size_t p = 0; p < n; p++)
        for (const weir_option *r = parts[p].table; r && r->name; r++)
            if (!set_default(b, r, parts[p].config)) ok = false;
    if (!map) return ok;
    if (weir_node_duplicates(map, report_duplicate, &search) != WEIR_OK)
        return weir_option_no_memory(b);
    if (search.found) ok = false;
    for (size_t i = 0; i < map->n; i++) {
        bool known = false;
        for (size_t p = 0; p < n && !known; p++)
            for (const weir_option *r = parts[p].table; r && r->name && !known; r++)
                known = weir_option_is(r, map->keys[i]->text);
        if (known) continue;
        unknown_key(b, parts, n, map->keys[i]);
        ok = false;
    }
    for (size_t p = 0; p < n; p++)
        for (const weir_option *r = parts[p].table; r && r->name; r++)
            if (!bind_row(b, r, map, parts[p].config)) ok = false;
    return ok;
}

weir_status weir_option_bind_parts(const weir_option_part *parts, size_t n, const weir_node *map,
                                   weir_arena *arena, weir_diags *diags) {
    weir_binder b = {.arena = arena, .diags = diags};
    if (map && map->kind != WEIR_NODE_MAP) {
        char buf[96];
        if (map->kind == WEIR_NODE_NULL)
            weir_diags_error(diags, map, NULL, "write keys below it, or {}", "nothing stands here");
        else
            weir_diags_error(diags, map, NULL, NULL, "wants a map, found %s",
                             weir_node_show(map, buf, sizeof buf));
        return diags->nomem ? WEIR_RESOURCE : WEIR_USAGE;
    }
    bool ok = bind_map(&b, parts, n, map);
    if (b.nomem || diags->nomem) return WEIR_RESOURCE;
    return ok ? WEIR_OK : WEIR_USAGE;
}

weir_status weir_option_bind(const weir_option *table, const weir_node *map, void *config,
                             weir_arena *arena, weir_diags *diags) {
    weir_option_part part = {table, config};
    return weir_option_bind_parts(&part, 1, map, arena, diags);
}
