#include "spec/yaml.h"
#include <stdio.h>
#include <yaml.h>
#include "spec/yaml_error.h"

/* A node with what only the builder needs. */
typedef struct tree_node {
    weir_node node;  /* first: a tree_node is its weir_node */
    uint32_t weight; /* nodes it stands for, itself included */
    bool open;       /* its end was not yet seen */
    bool flow;       /* written in { } or [ ] */
} tree_node;

typedef struct anchor {
    const char *name;
    tree_node *target;
} anchor;

typedef struct builder {
    const weir_references *references;
    weir_arena *arena;
    weir_diags *diags;
    tree_node *stack[WEIR_YAML_MAX_DEPTH];
    tree_node *keys[WEIR_YAML_MAX_DEPTH]; /* MAP: the key that waits for its value */
    size_t depth;
    tree_node *root;
    anchor *anchors;
    size_t n_anchors;
    uint64_t weight;
    size_t documents;
    bool nomem;
    bool stopped; /* the rest of the file is not worth reading */
} builder;

/* All false results mean: stop; `nomem` tells why, else a message was added. */
static bool no_memory(builder *b) {
    b->nomem = true;
    return false;
}

static bool stop(builder *b, const weir_node *at, const char *hint, const char *message) {
    weir_diags_error(b->diags, at, NULL, hint, "%s", message);
    b->stopped = true;
    return false;
}

static weir_node at_mark(const yaml_event_t *e) {
    weir_node at = {.line = (uint32_t)e->start_mark.line + 1,
                    .column = (uint32_t)e->start_mark.column + 1};
    return at;
}

static bool add_weight(builder *b, const weir_node *at, uint64_t weight) {
    b->weight += weight;
    if (b->weight <= WEIR_YAML_MAX_NODES) return true;
    return stop(b, at, "split it, or use fewer aliases", "the file holds more than 200,000 values");
}

static tree_node *new_node(builder *b, const yaml_event_t *e, weir_node_kind kind) {
    weir_node at = at_mark(e);
    if (!add_weight(b, &at, 1)) return NULL;
    tree_node *t = weir_arena_zero(b->arena, 1, sizeof *t);
    if (!t) {
        b->nomem = true;
        return NULL;
    }
    t->node.kind = kind;
    t->node.line = at.line;
    t->node.column = at.column;
    t->weight = 1;
    return t;
}

static void refuse_tag(builder *b, const yaml_event_t *e, const yaml_char_t *tag) {
    weir_node at = at_mark(e);
    static const char core[] = "tag:yaml.org,2002:";
    const char *text = (const char *)tag;
    if (!tag) return;
    bool is_core = strncmp(text, core, sizeof core - 1) == 0;
    weir_diags_error(b->diags, &at, NULL, "remove it, or quote a value that begins with !",
                     "a tag (%s%.60s) has no meaning here", is_core ? "!!" : "",
                     is_core ? text + sizeof core - 1 : text);
}

/* ---- anchors ------------------------------------------------------------------------------- */

static bool set_anchor(builder *b, const yaml_char_t *name, tree_node *target) {
    if (!name) return true;
    if (!b->anchors) {
        b->anchors = weir_arena_zero(b->arena, WEIR_YAML_MAX_ANCHORS, sizeof *b->anchors);
        if (!b->anchors) return no_memory(b);
    }
    if (b->n_anchors == WEIR_YAML_MAX_ANCHORS)
        return stop(b, &target->node, "use fewer", "the file holds more than 1,000 anchors");
    char *copy = weir_arena_strdup(b->arena, (const char *)name);
    if (!copy) return no_memory(b);
    b->anchors[b->n_anchors++] = (anchor){copy, target};
    return true;
}

/* The latest anchor of that name. */
static tree_node *find_anchor(const builder *b, const char *name) {
    for (size_t i = b->n_anchors; i > 0; i--)
        if (strcmp(b->anchors[i - 1].name, name) == 0) return b->anchors[i - 1].target;
    return NULL;
}

/* ---- attaching ----------------------------------------------------------------------------- */

/* Grows at powers of two, as weir_node_add does. */
static bool push_child(builder *b, weir_node *parent, weir_node *key, weir_node *value) {
    size_t n = parent->n;
    if (n == 0 || (n & (n - 1)) == 0) {
        size_t want = n ? n * 2 : 1;
        weir_node **items = weir_arena_zero(b->arena, want, sizeof *items);
        weir_node **keys = key ? weir_arena_zero(b->arena, want, sizeof *keys) : NULL;
        if (!items || (key && !keys)) return no_memory(b);
        if (n) memcpy(items, parent->items, n * sizeof *items);
        if (n && key) memcpy(keys, parent->keys, n * sizeof *keys);
        parent->items = items;
        if (key) parent->keys = keys;
    }
    if (key) parent->keys[n] = key;
    parent->items[n] = value;
    parent->n++;
    return true;
}

static bool expects_key(const builder *b) {
    return b->depth > 0 && b->stack[b->depth - 1]->node.kind == WEIR_NODE_MAP &&
           !b->keys[b->depth - 1];
}

/* Puts a finished or just opened node where it belongs. */
static bool attach(builder *b, tree_node *t) {
    if (b->depth == 0) {
        b->root = t;
        return true;
    }
    tree_node *parent = b->stack[b->depth - 1];
    if (parent->node.kind == WEIR_NODE_LIST) return push_child(b, &parent->node, NULL, &t->node);
    tree_node **key = &b->keys[b->depth - 1];
    if (!*key) {
        if (t->node.kind == WEIR_NODE_NULL) { /* `: x` and `? ` have an empty key */
            t->node.kind = WEIR_NODE_SCALAR;
        } else if (t->node.kind != WEIR_NODE_SCALAR)
            return stop(b, &t->node, "quote it if it is meant as text",
                        "a list or map cannot be a key");
        *key = t;
        return true;
    }
    bool ok = push_child(b, &parent->node, &(*key)->node, &t->node);
    *key = NULL;
    return ok;
}

static bool open_collection(builder *b, const yaml_event_t *e, weir_node_kind kind, bool flow,
                            const yaml_char_t *name, const yaml_char_t *tag) {
    weir_node at = at_mark(e);
    if (b->depth == WEIR_YAML_MAX_DEPTH)
        return stop(b, &at, "make it flatter", "nests deeper than 64 levels");
    tree_node *t = new_node(b, e, kind);
    if (!t) return false;
    refuse_tag(b, e, tag);
    t->open = true;
    t->flow = flow;
    if (!set_anchor(b, name, t) || !attach(b, t)) return false;
    b->stack[b->depth] = t;
    b->keys[b->depth] = NULL;
    b->depth++;
    return true;
}

/* ---- scalars and aliases ------------------------------------------------------------------- */

static const char *key_text(const builder *b) {
    const tree_node *key = b->depth ? b->keys[b->depth - 1] : NULL;
    return key ? key->node.text : NULL;
}

/* Whether what comes now stands below the key of the top that is to be left as written. */
static bool is_left(const builder *b) {
    const char *leave = b->references ? b->references->leave : NULL;
    if (leave && strcmp(leave, "*") == 0) return true;
    if (!leave || !b->depth || b->stack[0]->node.kind != WEIR_NODE_MAP) return false;
    const weir_node *root = &b->stack[0]->node;
    /* the key that waits for its value, or the one whose value is being read */
    const weir_node *key = b->keys[0]                ? &b->keys[0]->node
                           : b->depth > 1 && root->n ? root->keys[root->n - 1]
                                                     : NULL;
    return key && strcmp(key->text, leave) == 0;
}

static bool on_scalar(builder *b, const yaml_event_t *e) {
    bool plain = e->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    bool null = plain && e->data.scalar.length == 0;
    bool is_key = expects_key(b);
    tree_node *t = new_node(b, e, null ? WEIR_NODE_NULL : WEIR_NODE_SCALAR);
    if (!t) return false;
    refuse_tag(b, e, e->data.scalar.tag);
    t->node.quoted = !plain;
    t->node.text_size = e->data.scalar.length;
    t->node.text =
        weir_arena_strndup(b->arena, (const char *)e->data.scalar.value, e->data.scalar.length);
    if (!t->node.text) return no_memory(b);
    if (b->references && !is_key && !is_left(b) &&
        !weir_reference_resolve(b->references, &t->node, key_text(b), b->arena, b->diags))
        return no_memory(b);
    return set_anchor(b, e->data.scalar.anchor, t) && attach(b, t);
}

static bool on_alias(builder *b, const yaml_event_t *e) {
    const char *name = (const char *)e->data.alias.anchor;
    weir_node at = at_mark(e);
    tree_node *t = find_anchor(b, name);
    if (!t) {
        weir_diags_error(b->diags, &at, NULL,
                         "define it above with &, or quote a value that begins "
                         "with *",
                         "the alias *%.60s has no anchor", name);
        tree_node *null = new_node(b, e, WEIR_NODE_NULL);
        if (null) null->node.text = "";
        return null && attach(b, null);
    }
    if (t->open) return stop(b, &at, "remove it", "an alias stands inside what it stands for");
    if (!add_weight(b, &at, t->weight)) return false;
    /* An empty value would become a key of its own; keys are not shared. */
    if (expects_key(b) && t->node.kind != WEIR_NODE_SCALAR)
        return stop(b, &at, "write the key out", "a key cannot stand for a list, a map or nothing");
    return attach(b, t);
}

/* ---- values cut by a comma ----------------------------------------------------------------- */

static int open_parentheses(const weir_node *n) {
    int open = 0;
    if (n->kind != WEIR_NODE_SCALAR || n->quoted) return 0;
    for (size_t i = 0; i < n->text_size; i++) open += (n->text[i] == '(') - (n->text[i] == ')');
    return open;
}

/* Joins items[first..last] (keys for the later ones in a map) with ", " and reports them. */
static bool join_cut(builder *b, weir_node *parent, size_t first, size_t last) {
    bool map = parent->kind == WEIR_NODE_MAP;
    weir_node *head = parent->items[first];
    weir_buf text = {.max = WEIR_YAML_MAX_BYTES};
    bool ok = weir_buf_add(&text, head->text, head->text_size);
    for (size_t i = first + 1; ok && i <= last; i++) {
        const weir_node *piece = map ? parent->keys[i] : parent->items[i];
        ok = weir_buf_adds(&text, ", ") && weir_buf_add(&text, piece->text, piece->text_size);
    }
    char *whole = ok ? weir_arena_strndup(b->arena, text.data, text.size) : NULL;
    weir_buf_clear(&text);
    if (!whole) return no_memory(b);
    char shown[80], hint[300];
    const char *quote = strchr(whole, '"') ? "'" : "\"";
    if (head->secret)
        snprintf(hint, sizeof hint, "quote it");
    else
        snprintf(hint, sizeof hint, "quote it: %s%.200s%s", quote, whole, quote);
    weir_diags_error(b->diags, head, map ? parent->keys[first]->text : NULL, hint,
                     "%s is cut at the comma", weir_node_show(head, shown, sizeof shown));
    head->text = whole;
    head->text_size = strlen(whole);
    size_t gone = last - first;
    memmove(&parent->items[first + 1], &parent->items[last + 1],
            (parent->n - last - 1) * sizeof *parent->items);
    if (map)
        memmove(&parent->keys[first + 1], &parent->keys[last + 1],
                (parent->n - last - 1) * sizeof *parent->keys);
    parent->n -= gone;
    return true;
}

/* In { } and [ ] a comma ends a plain value, also inside parentheses: `{a: round(b, 2)}` is read as
 * a: "round(b" and a key "2)".  Such pieces are found by the parenthesis that stays open. */
static bool mend_cuts(builder *b, weir_node *parent) {
    bool map = parent->kind == WEIR_NODE_MAP;
    for (size_t i = 0; i < parent->n; i++) {
        int open = open_parentheses(parent->items[i]);
        size_t last = i;
        while (open > 0 && last + 1 < parent->n) {
            const weir_node *next = parent->items[last + 1];
            if (map && next->kind != WEIR_NODE_NULL) break;
            if (!map && (next->kind != WEIR_NODE_SCALAR || next->quoted)) break;
            const weir_node *piece = map ? parent->keys[last + 1] : next;
            open += open_parentheses(piece);
            last++;
        }
        if (last > i && open == 0 && !join_cut(b, parent, i, last)) return false;
    }
    return true;
}

/* ---- keys ---------------------------------------------------------------------------------- */

typedef struct duplicate_search {
    builder *b;
    weir_node *map;
} duplicate_search;

static void on_duplicate(void *context, size_t first, size_t second) {
    duplicate_search *s = context;
    const weir_node *a = s->map->keys[first];
    weir_node *z = s->map->keys[second];
    weir_diags_error(s->b->diags, z, z->text, "keep one of the two",
                     "stands twice, first in line %u column %u", (unsigned)a->line,
                     (unsigned)a->column);
    s->map->items[second] = NULL; /* marks it; removed when all are known */
}

static bool refuse_duplicates(builder *b, weir_node *map) {
    duplicate_search s = {b, map};
    if (weir_node_duplicates(map, on_duplicate, &s) != WEIR_OK) return no_memory(b);
    size_t kept = 0;
    for (size_t i = 0; i < map->n; i++) {
        if (!map->items[i]) continue;
        map->keys[kept] = map->keys[i];
        map->items[kept++] = map->items[i];
    }
    map->n = kept;
    return true;
}

static bool is_merge(const weir_node *key) {
    return !key->quoted && key->text_size == 2 && memcmp(key->text, "<<", 2) == 0;
}

/* Adds the entries of one merged map that `map` does not have. */
static bool merge_one(builder *b, weir_node *map, const weir_node *from) {
    if (from->kind != WEIR_NODE_MAP) {
        weir_diags_error(b->diags, from, "<<", "write <<: *name", "wants a map or a list of maps");
        return true;
    }
    if (!add_weight(b, map, from->n)) return false;
    size_t own = map->n;
    for (size_t i = 0; i < from->n; i++) {
        bool there = false;
        for (size_t k = 0; k < own && !there; k++)
            there = map->keys[k]->text_size == from->keys[i]->text_size &&
                    memcmp(map->keys[k]->text, from->keys[i]->text, from->keys[i]->text_size) == 0;
        if (!there && !push_child(b, map, from->keys[i], from->items[i])) return false;
    }
    return true;
}

/* Replaces `<<` by the entries it stands for; the map's own keys win, then the earlier map.  The
 * maps merged and the map itself may not be large together: the search is quadratic. */
static bool merge(builder *b, weir_node *map) {
    size_t at = 0;
    while (at < map->n && !is_merge(map->keys[at])) at++;
    if (at == map->n) return true;
    const weir_node *from = map->items[at];
    weir_node fresh = *map;
    fresh.n = 0;
    fresh.items = fresh.keys = NULL;
    for (size_t i = 0; i < map->n; i++)
        if (i != at && !push_child(b, &fresh, map->keys[i], map->items[i])) return false;
    size_t n = from->kind == WEIR_NODE_LIST ? from->n : 1;
    for (size_t i = 0; i < n; i++) {
        const weir_node *one = from->kind == WEIR_NODE_LIST ? from->items[i] : from;
        if (one->n > 1000 || fresh.n > 1000)
            return stop(b, map->keys[at], "write the entries out",
                        "maps of more than 1,000 keys cannot be merged");
        if (!merge_one(b, &fresh, one)) return false;
    }
    *map = fresh;
    return true;
}

static bool close_collection(builder *b) {
    tree_node *t = b->stack[--b->depth];
    t->open = false;
    if (t->flow && !mend_cuts(b, &t->node)) return false;
    if (t->node.kind == WEIR_NODE_MAP) {
        if (!refuse_duplicates(b, &t->node) || !merge(b, &t->node)) return false;
    }
    uint64_t weight = 1;
    for (size_t i = 0; i < t->node.n; i++) {
        weight += ((const tree_node *)t->node.items[i])->weight;
        if (t->node.kind == WEIR_NODE_MAP) weight++;
    }
    t->weight = weight > UINT32_MAX ? UINT32_MAX : (uint32_t)weight;
    return true;
}

/* ---- events -------------------------------------------------------------------------------- */

static bool on_event(builder *b, const yaml_event_t *e) {
    weir_node at = at_mark(e);
    switch (e->type) {
    case YAML_DOCUMENT_START_EVENT:
        if (b->documents++ == 0) return true;
        return stop(b, &at, "one pipeline a file: remove the second `---` and what follows",
                    "a second document begins");
    case YAML_SCALAR_EVENT: return on_scalar(b, e);
    case YAML_ALIAS_EVENT: return on_alias(b, e);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(b, e, WEIR_NODE_LIST,
                               e->data.sequence_start.style == YAML_FLOW_SEQUENCE_STYLE,
                               e->data.sequence_start.anchor, e->data.sequence_start.tag);
    case YAML_MAPPING_START_EVENT:
        return open_collection(b, e, WEIR_NODE_MAP,
                               e->data.mapping_start.style == YAML_FLOW_MAPPING_STYLE,
                               e->data.mapping_start.anchor, e->data.mapping_start.tag);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT: return close_collection(b);
    default: return true;
    }
}

/* false: stopped, short of memory, or (reported) not YAML. */
static bool read_events(builder *b, yaml_parser_t *parser, weir_slice text) {
    yaml_event_t e;
    for (;;) {
        if (!yaml_parser_parse(parser, &e)) {
            if (!weir_yaml_report(parser, text, b->diags)) b->nomem = true;
            return false;
        }
        bool end = e.type == YAML_STREAM_END_EVENT;
        bool ok = on_event(b, &e);
        yaml_event_delete(&e);
        if (!ok || end) return ok;
    }
}

weir_status weir_yaml_parse(weir_slice text, const weir_references *references, weir_arena *arena,
                            weir_diags *diags, weir_node **out) {
    builder b = {.references = references, .arena = arena, .diags = diags};
    yaml_parser_t parser;
    size_t errors = diags->n_errors;
    *out = NULL;
    if (text.size > WEIR_YAML_MAX_BYTES) {
        weir_diags_error(diags, NULL, NULL, "keep data out of the pipeline file",
                         "the file is larger than 8 MiB");
        return WEIR_USAGE;
    }
    if (text.size >= 3 && memcmp(text.data, "\xEF\xBB\xBF", 3) == 0) {
        text.data += 3;
        text.size -= 3;
    }
    if (!yaml_parser_initialize(&parser)) return WEIR_RESOURCE;
    /* Set, so that libyaml does not guess UTF-16 from the first bytes. */
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)(text.data ? text.data : ""),
                                 text.size);
    bool ok = read_events(&b, &parser, text);
    yaml_parser_delete(&parser);
    if (b.nomem || diags->nomem) return WEIR_RESOURCE;
    if (ok && !b.root) {
        weir_diags_error(diags, NULL, NULL, "write a pipeline into it", "the file is empty");
        return WEIR_USAGE;
    }
    if (ok) *out = &b.root->node;
    return diags->n_errors > errors ? WEIR_USAGE : WEIR_OK;
}
