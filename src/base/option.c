#include "base/option.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/distance.h"
#include "base/option_value.h"

/* One binding in progress. */
typedef struct binder {
    weir_arena *arena;
    weir_diags *diags;
    bool nomem;
} binder;

static bool bind_map(binder *b, const weir_option_part *parts, size_t n, const weir_node *map);

/* ---- messages ------------------------------------------------------------------------------ */

typedef char shown[96];

static bool is_secret(const weir_option *row) {
    return row->type == WEIR_OPT_SECRET;
}

/* The value as a message may show it. */
static const char *show(const weir_option *row, const weir_node *node, shown buf) {
    if (is_secret(row) && node->kind == WEIR_NODE_SCALAR) return "***";
    return weir_node_show(node, buf, sizeof(shown));
}

static bool bad(binder *b, const weir_option *row, const weir_node *node, const char *hint,
                const char *what) {
    shown buf;
    weir_diags_error(b->diags, node, row->name, hint, "%s is not %s", show(row, node, buf), what);
    return false;
}

static bool wrong_kind(binder *b, const weir_option *row, const weir_node *node, const char *want,
                       const char *hint) {
    if (node->kind == WEIR_NODE_NULL)
        weir_diags_error(b->diags, node, row->name,
                         hint ? hint : "write a value, or remove the key", "has no value");
    else {
        shown buf;
        weir_diags_error(b->diags, node, row->name, hint, "wants %s, found %s", want,
                         show(row, node, buf));
    }
    return false;
}

static bool no_memory(binder *b) {
    b->nomem = true;
    return false;
}

/* ---- scalars ------------------------------------------------------------------------------- */

static bool want_scalar(binder *b, const weir_option *row, const weir_node *node) {
    if (node->kind == WEIR_NODE_SCALAR) return true;
    return wrong_kind(b, row, node, "one value", NULL);
}

static weir_slice text_of(const weir_node *node) {
    weir_slice s = {node->text, node->text_size};
    return s;
}

/* The text in the binder's arena.  A NUL would cut it for every reader of C strings. */
static bool copy_text(binder *b, const weir_option *row, const weir_node *node, const char **out) {
    if (memchr(node->text, 0, node->text_size)) {
        weir_diags_error(b->diags, node, row->name, "remove it", "holds a NUL character");
        return false;
    }
    *out = weir_arena_strndup(b->arena, node->text, node->text_size);
    return *out ? true : no_memory(b);
}

static bool bind_int(binder *b, const weir_option *row, const weir_node *node, int64_t *out) {
    char buf[32], *end = NULL;
    weir_slice s = text_of(node);
    if (s.size == 0 || s.size >= sizeof buf ||
        !(s.data[0] == '-' || s.data[0] == '+' || (s.data[0] >= '0' && s.data[0] <= '9')))
        return bad(b, row, node, NULL, "a whole number");
    memcpy(buf, s.data, s.size);
    buf[s.size] = '\0';
    errno = 0;
    long long v = strtoll(buf, &end, 10);
    if (end != buf + s.size) return bad(b, row, node, NULL, "a whole number");
    if (errno == ERANGE || (row->min != row->max && (v < row->min || v > row->max))) {
        shown value;
        if (row->min == row->max || errno == ERANGE) return bad(b, row, node, NULL, "in range");
        if (row->max == INT64_MAX)
            weir_diags_error(b->diags, node, row->name, NULL, "%s is too small: at least %lld",
                             show(row, node, value), (long long)row->min);
        else
            weir_diags_error(b->diags, node, row->name, NULL, "%s is not within %lld and %lld",
                             show(row, node, value), (long long)row->min, (long long)row->max);
        return false;
    }
    *out = v;
    return true;
}

static bool bind_float(binder *b, const weir_option *row, const weir_node *node, double *out) {
    char buf[64], *end = NULL;
    weir_slice s = text_of(node);
    bool ok = s.size > 0 && s.size < sizeof buf;
    for (size_t i = 0; ok && i < s.size; i++)
        ok = strchr("+-.eE0123456789", s.data[i]) && s.data[i];
    if (!ok) return bad(b, row, node, NULL, "a number");
    memcpy(buf, s.data, s.size);
    buf[s.size] = '\0';
    double v = strtod(buf, &end);
    if (end != buf + s.size || v - v != 0) return bad(b, row, node, NULL, "a number");
    *out = v;
    return true;
}

static bool bind_size(binder *b, const weir_option *row, const weir_node *node, uint64_t *out) {
    uint64_t v;
    shown value;
    if (!weir_option_parse_size(text_of(node), &v))
        return bad(b, row, node, "write a number with a unit, such as 64KiB or 512MiB", "a size");
    if (v < (uint64_t)row->min)
        weir_diags_error(b->diags, node, row->name, NULL, "%s is too small: at least %lld bytes",
                         show(row, node, value), (long long)row->min);
    else if (row->max > 0 && v > (uint64_t)row->max)
        weir_diags_error(b->diags, node, row->name, NULL, "%s is too large: at most %lld bytes",
                         show(row, node, value), (long long)row->max);
    else {
        *out = v;
        return true;
    }
    return false;
}

static bool bind_duration(binder *b, const weir_option *row, const weir_node *node, int64_t *out) {
    int64_t v;
    shown value;
    if (!weir_option_parse_duration(text_of(node), &v))
        return bad(b, row, node, "write a number with a unit, such as 500ms, 30s, 10m or 1h",
                   "a duration");
    if (row->min != row->max && (v < row->min || v > row->max)) {
        weir_diags_error(b->diags, node, row->name, NULL, "%s is not within %gs and %gs",
                         show(row, node, value), (double)row->min / 1e6, (double)row->max / 1e6);
        return false;
    }
    *out = v;
    return true;
}

/* "a, b, c" of the choices, cut after a while. */
static void list_choices(const char *const *choices, char *buf, size_t size) {
    size_t at = 0;
    buf[0] = '\0';
    for (size_t i = 0; choices[i]; i++) {
        int n = snprintf(buf + at, size - at, "%s%s", i ? ", " : "", choices[i]);
        if (n < 0 || (size_t)n >= size - at) return;
        at += (size_t)n;
    }
}

static size_t count_words(const char *const *words) {
    size_t n = 0;
    while (words[n]) n++;
    return n;
}

static bool bind_enum(binder *b, const weir_option *row, const weir_node *node, int *out) {
    weir_slice s = text_of(node);
    for (int i = 0; row->choices[i]; i++)
        if (weir_slice_is(s, row->choices[i])) {
            *out = i;
            return true;
        }
    char all[400], hint[500];
    shown value;
    const char *near =
        weir_distance_nearest(s.data, s.size, row->choices, count_words(row->choices));
    list_choices(row->choices, all, sizeof all);
    snprintf(hint, sizeof hint, "did you mean \"%s\"?", near ? near : "");
    weir_diags_error(b->diags, node, row->name, near ? hint : NULL, "%s is not one of %s",
                     show(row, node, value), all);
    return false;
}

/* Length of the well-formed UTF-8 character at p, 0 = none. */
static size_t character_size(const char *p, size_t n) {
    unsigned char c = n ? (unsigned char)p[0] : 0xFF;
    size_t size = c < 0x80 ? 1 : c < 0xC2 ? 0 : c < 0xE0 ? 2 : c < 0xF0 ? 3 : c < 0xF5 ? 4 : 0;
    if (size > n) return 0;
    for (size_t i = 1; i < size; i++)
        if (((unsigned char)p[i] & 0xC0) != 0x80) return 0;
    return size;
}

static bool bind_char(binder *b, const weir_option *row, const weir_node *node,
                      weir_opt_char *out) {
    static const struct {
        const char *word, *byte;
    } words[] = {{"\\t", "\t"}, {"\\\\", "\\"}, {"tab", "\t"}, {"comma", ","}, {"space", " "}};
    weir_slice s = text_of(node);
    weir_opt_char c = {.set = true};
    if (weir_slice_is(s, "none")) {
        *out = c;
        return true;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (weir_slice_is(s, words[i].word)) s = weir_slice_of(words[i].byte);
    if (s.size == 0 || s.size > 4 || character_size(s.data, s.size) != s.size)
        return bad(b, row, node, "write one character in quotes, \"\\t\" or none",
                   "a single character");
    c.size = (uint8_t)s.size;
    memcpy(c.bytes, s.data, s.size);
    *out = c;
    return true;
}

static bool bind_expr(binder *b, const weir_option *row, const weir_node *node,
                      weir_opt_expr *out) {
    weir_opt_expr e = {.line = node->line, .column = node->column, .quoted = node->quoted};
    if (!want_scalar(b, row, node)) return false;
    if (node->text_size == 0)
        return wrong_kind(b, row, &(weir_node){.line = node->line, .column = node->column}, "",
                          NULL);
    if (!copy_text(b, row, node, &e.text)) return false;
    *out = e;
    return true;
}

/* ---- lists and maps ------------------------------------------------------------------------ */

/* The scalar and list forms of a list of strings. */
static bool bind_strings(binder *b, const weir_option *row, const weir_node *node,
                         weir_opt_strings *out) {
    const weir_node *one[1] = {node};
    const weir_node *const *items = one;
    size_t n = 1;
    if (node->kind == WEIR_NODE_LIST) {
        items = (const weir_node *const *)node->items;
        n = node->n;
    } else if (node->kind != WEIR_NODE_SCALAR)
        return wrong_kind(b, row, node, "a list of words", NULL);
    const char **texts = weir_arena_zero(b->arena, n + 1, sizeof *texts);
    if (!texts) return no_memory(b);
    bool ok = true;
    for (size_t i = 0; i < n; i++) {
        if (!want_scalar(b, row, items[i]))
            ok = false;
        else if (!copy_text(b, row, items[i], &texts[i]))
            ok = false;
    }
    if (ok) *out = (weir_opt_strings){n, texts};
    return ok;
}

/* Copies the keys of a map; an empty key is an error. */
static bool bind_names(binder *b, const weir_option *row, const weir_node *map,
                       const char ***names) {
    const char **copy = weir_arena_zero(b->arena, map->n + 1, sizeof *copy);
    if (!copy) return no_memory(b);
    bool ok = true;
    for (size_t i = 0; i < map->n; i++) {
        if (map->keys[i]->text_size == 0) {
            weir_diags_error(b->diags, map->keys[i], row->name, "write a name before the colon",
                             "holds an empty name");
            ok = false;
        } else if (!copy_text(b, row, map->keys[i], &copy[i]))
            ok = false;
    }
    *names = copy;
    return ok;
}

static bool want_map(binder *b, const weir_option *row, const weir_node *node, const char *what) {
    if (node->kind == WEIR_NODE_MAP) return true;
    return wrong_kind(b, row, node, what, NULL);
}

/* A row for messages about one entry of a map. */
static weir_option entry_row(const weir_option *row, const char *name) {
    weir_option r = *row;
    r.name = name ? name : row->name;
    return r;
}

static bool bind_exprs(binder *b, const weir_option *row, const weir_node *node,
                       weir_opt_exprs *out) {
    if (!want_map(b, row, node, "a map of names to expressions")) return false;
    weir_opt_exprs e = {.n = node->n};
    e.items = weir_arena_zero(b->arena, node->n + 1, sizeof *e.items);
    if (!e.items) return no_memory(b);
    bool ok = bind_names(b, row, node, &e.names);
    for (size_t i = 0; i < node->n; i++) {
        weir_option entry = entry_row(row, e.names ? e.names[i] : NULL);
        if (!bind_expr(b, &entry, node->items[i], &e.items[i])) ok = false;
    }
    if (ok) *out = e;
    return ok;
}

static bool bind_strmap(binder *b, const weir_option *row, const weir_node *node,
                        weir_opt_strmap *out) {
    if (!want_map(b, row, node, "a map of names to values")) return false;
    weir_opt_strmap m = {.n = node->n};
    m.values = weir_arena_zero(b->arena, node->n + 1, sizeof *m.values);
    if (!m.values) return no_memory(b);
    bool ok = bind_names(b, row, node, &m.names);
    for (size_t i = 0; i < node->n; i++) {
        weir_option entry = entry_row(row, m.names ? m.names[i] : NULL);
        if (!want_scalar(b, &entry, node->items[i]))
            ok = false;
        else if (!copy_text(b, &entry, node->items[i], &m.values[i]))
            ok = false;
    }
    if (ok) *out = m;
    return ok;
}

/* ---- columns ------------------------------------------------------------------------------- */

static const char *const ambiguous_choices[] = {"error", "earlier", "later", NULL};
/* The long form of one entry of `columns:`. */
typedef struct column_form {
    const char *type, *from, *format, *timezone;
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
    {.name = "ambiguous",
     .type = WEIR_OPT_ENUM,
     .offset = offsetof(column_form, ambiguous),
     .set_offset = offsetof(column_form, ambiguous_given),
     .choices = ambiguous_choices,
     .help = "what a local time means that occurs twice a year"},
    {0}};

/* Cuts the "!" of "int64!" off. */
static bool split_type(binder *b, const weir_node *at, weir_opt_column *c, const char *text) {
    size_t n = strlen(text);
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
    return c->type ? true : no_memory(b);
}

static bool bind_column(binder *b, const weir_option *row, const weir_node *node,
                        weir_opt_column *c) {
    weir_option entry = entry_row(row, c->name);
    column_form form = {0};
    c->line = node->line;
    c->column = node->column;
    if (node->kind == WEIR_NODE_SCALAR) {
        if (!copy_text(b, &entry, node, &form.type)) return false;
        return split_type(b, node, c, form.type);
    }
    if (node->kind != WEIR_NODE_MAP)
        return wrong_kind(b, &entry, node, "a type or a map",
                          "write a type, such as string or int64");
    weir_option_part part = {column_options, &form};
    if (!bind_map(b, &part, 1, node)) return false;
    c->from = form.from;
    c->format = form.format;
    c->timezone = form.timezone;
    c->nulls = form.nulls;
    if (form.ambiguous_given) c->ambiguous = ambiguous_choices[form.ambiguous];
    const weir_node *at = weir_node_get(node, "type");
    if (at) {
        c->line = at->line;
        c->column = at->column;
    }
    return form.type ? split_type(b, at ? at : node, c, form.type) : true;
}

static bool bind_columns(binder *b, const weir_option *row, const weir_node *node,
                         weir_opt_columns *out) {
    if (!want_map(b, row, node, "a map of column names to types")) return false;
    const char **names = NULL;
    weir_opt_columns c = {.n = node->n};
    c.items = weir_arena_zero(b->arena, node->n + 1, sizeof *c.items);
    if (!c.items) return no_memory(b);
    bool ok = bind_names(b, row, node, &names);
    for (size_t i = 0; names && i < node->n; i++) {
        c.items[i].name = names[i];
        if (!bind_column(b, row, node->items[i], &c.items[i])) ok = false;
    }
    if (ok) *out = c;
    return ok;
}

/* ---- nested -------------------------------------------------------------------------------- */

static bool bind_struct(binder *b, const weir_option *row, const weir_node *node, void *config) {
    if (!want_map(b, row, node, "a map")) return false;
    weir_option_part part = {row->fields, config};
    return bind_map(b, &part, 1, node);
}

static bool bind_list(binder *b, const weir_option *row, const weir_node *node,
                      weir_opt_list *out) {
    if (node->kind != WEIR_NODE_LIST)
        return wrong_kind(b, row, node, "a list",
                          node->kind == WEIR_NODE_MAP ? "put \"- \" before each entry" : NULL);
    weir_opt_list list = {.n = node->n};
    list.items = weir_arena_zero(b->arena, node->n ? node->n : 1, row->item_size);
    if (!list.items) return no_memory(b);
    bool ok = true;
    for (size_t i = 0; i < node->n; i++)
        if (!bind_struct(b, row, node->items[i], (char *)list.items + i * row->item_size))
            ok = false;
    if (ok) *out = list;
    return ok;
}

/* ---- one value ----------------------------------------------------------------------------- */

static bool bind_ratio(binder *b, const weir_option *row, const weir_node *node, double *out) {
    if (weir_option_parse_ratio(text_of(node), out)) return true;
    return bad(b, row, node, "write 1% or 0.01", "a ratio");
}

static bool bind_bool(binder *b, const weir_option *row, const weir_node *node, bool *out) {
    if (weir_option_parse_bool(text_of(node), out)) return true;
    return bad(b, row, node, "write true or false", "true or false");
}

/* Parses node as the row says into slot. */
static bool bind_value(binder *b, const weir_option *row, const weir_node *node, void *slot) {
    switch (row->type) {
    case WEIR_OPT_STRINGS: return bind_strings(b, row, node, slot);
    case WEIR_OPT_EXPR: return bind_expr(b, row, node, slot);
    case WEIR_OPT_EXPRS: return bind_exprs(b, row, node, slot);
    case WEIR_OPT_STRMAP: return bind_strmap(b, row, node, slot);
    case WEIR_OPT_COLUMNS: return bind_columns(b, row, node, slot);
    case WEIR_OPT_STRUCT: return bind_struct(b, row, node, slot);
    case WEIR_OPT_LIST: return bind_list(b, row, node, slot);
    case WEIR_OPT_NODE: memcpy(slot, &node, sizeof node); return true;
    default: break;
    }
    if (!want_scalar(b, row, node)) return false;
    switch (row->type) {
    case WEIR_OPT_STRING:
    case WEIR_OPT_SECRET: return copy_text(b, row, node, slot);
    case WEIR_OPT_BOOL: return bind_bool(b, row, node, slot);
    case WEIR_OPT_INT: return bind_int(b, row, node, slot);
    case WEIR_OPT_FLOAT: return bind_float(b, row, node, slot);
    case WEIR_OPT_RATIO: return bind_ratio(b, row, node, slot);
    case WEIR_OPT_SIZE: return bind_size(b, row, node, slot);
    case WEIR_OPT_DURATION: return bind_duration(b, row, node, slot);
    case WEIR_OPT_ENUM: return bind_enum(b, row, node, slot);
    case WEIR_OPT_CHAR: return bind_char(b, row, node, slot);
    default: break;
    }
    weir_diags_error(b->diags, node, row->name, NULL, "has a type that this version does not know");
    return false;
}

/* ---- maps against tables ------------------------------------------------------------------- */

bool weir_option_is(const weir_option *row, const char *key) {
    return strcmp(row->name, key) == 0 || (row->alias && strcmp(row->alias, key) == 0);
}

static bool set_default(binder *b, const weir_option *row, void *config) {
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
    binder *b;
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
static void unknown_key(binder *b, const weir_option_part *parts, size_t n, const weir_node *key) {
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
static bool alias_twice(binder *b, const weir_option *row, const weir_node *map) {
    if (!row->alias) return false;
    size_t i = weir_node_find(map, row->name), j = weir_node_find(map, row->alias);
    if (i == SIZE_MAX || j == SIZE_MAX) return false;
    const weir_node *second = map->keys[i > j ? i : j];
    weir_diags_error(b->diags, second, second->text, "keep one of the two",
                     "means the same as \"%s\", which is there too",
                     i > j ? row->alias : row->name);
    return true;
}

static bool bind_row(binder *b, const weir_option *row, const weir_node *map, void *config) {
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

static bool bind_map(binder *b, const weir_option_part *parts, size_t n, const weir_node *map) {
    key_search search = {b, map, false};
    bool ok = true;
    for (size_t p = 0; p < n; p++)
        for (const weir_option *r = parts[p].table; r && r->name; r++)
            if (!set_default(b, r, parts[p].config)) ok = false;
    if (!map) return ok;
    if (weir_node_duplicates(map, report_duplicate, &search) != WEIR_OK) return no_memory(b);
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
    binder b = {.arena = arena, .diags = diags};
    if (map && map->kind != WEIR_NODE_MAP) {
        shown buf;
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
