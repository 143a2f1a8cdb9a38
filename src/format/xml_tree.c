/* One record: events -> a tree -> a JSON object.
 *
 * Children of one name must become one list wherever they stand, so a record is taken in whole
 * before it is written.
 */
#include "format/xml.h"
#include "text/hash.h"
#include "text/json.h"

/* A name as it is shown, once. */
struct weir_xml_name {
    uint64_t hash;
    uint64_t stamp; /* of the parent whose children are being grouped */
    weir_xml_node *last;
    bool split; /* stood with different prefixes in one element: prefixes are shown */
    uint32_t size;
    char text[];
};

#define NAMES_MAX ((size_t)1 << 16) /* different names of a document's records */

void weir_xml_tree_init(weir_xml_tree *t, const weir_xml_read_config *config, size_t max_bytes,
                        weir_ledger *ledger) {
    *t = (weir_xml_tree){.config = config, .max_bytes = max_bytes};
    t->arena.ledger = t->name_arena.ledger = ledger;
    /* Nodes take more room than their text; a record of nothing but tags is long, too. */
    t->arena.max_bytes = max_bytes * 2 + ((size_t)1 << 20);
}

void weir_xml_tree_clear(weir_xml_tree *t) {
    weir_arena_clear(&t->arena);
    weir_arena_clear(&t->name_arena);
    weir_free(t->names);
    t->names = NULL;
    t->n_names = t->slots = 0;
}

/* ---- names --------------------------------------------------------------------------------- */

static weir_status grow_names(weir_xml_tree *t, weir_error *err) {
    size_t slots = t->slots ? t->slots * 2 : 64;
    struct weir_xml_name **names = weir_alloc_zero(slots, sizeof *names);
    if (!names) return weir_error_nomem(err);
    for (size_t i = 0; i < t->slots; i++) {
        if (!t->names[i]) continue;
        size_t at = t->names[i]->hash & (slots - 1);
        while (names[at]) at = (at + 1) & (slots - 1);
        names[at] = t->names[i];
    }
    weir_free(t->names);
    t->names = names;
    t->slots = slots;
    return WEIR_OK;
}

static weir_status intern(weir_xml_tree *t, const char *p, size_t n, struct weir_xml_name **out,
                          weir_error *err) {
    if (t->n_names * 2 >= t->slots) {
        weir_status status = grow_names(t, err);
        if (status != WEIR_OK) return status;
    }
    uint64_t hash = weir_hash_bytes(p, n, 0);
    size_t at = hash & (t->slots - 1);
    for (; t->names[at]; at = (at + 1) & (t->slots - 1)) {
        *out = t->names[at];
        if ((*out)->hash == hash && (*out)->size == n && memcmp((*out)->text, p, n) == 0)
            return WEIR_OK;
    }
    if (t->n_names == NAMES_MAX)
        return weir_error_set(err, WEIR_DATA, "the records have more than %zu different names",
                              NAMES_MAX);
    struct weir_xml_name *name = weir_arena_alloc(&t->name_arena, sizeof *name + n);
    if (!name) return weir_error_nomem(err);
    *name = (struct weir_xml_name){.hash = hash, .size = (uint32_t)n};
    memcpy(name->text, p, n);
    t->names[at] = *out = name;
    t->n_names++;
    return WEIR_OK;
}

/* The name as records show it: local, or behind its prefix (size 0 = none); attributes behind
 * theirs. */
static weir_status shown_name(weir_xml_tree *t, weir_slice prefix, weir_slice local, bool attribute,
                              struct weir_xml_name **out, weir_error *err) {
    weir_buf key = {0};
    char small[128];
    weir_status status = WEIR_OK;
    bool with_prefix = prefix.size > 0;
    const char *sign = attribute ? t->config->attributes : "";
    if (!with_prefix && !*sign) return intern(t, local.data, local.size, out, err);
    size_t n = strlen(sign);
    if (!with_prefix && n + local.size <= sizeof small) { /* nearly all */
        memcpy(small, sign, n);
        memcpy(small + n, local.data, local.size);
        return intern(t, small, n + local.size, out, err);
    }
    bool ok = weir_buf_adds(&key, sign);
    if (with_prefix)
        ok = ok && weir_buf_add(&key, prefix.data, prefix.size) && weir_buf_add(&key, ":", 1);
    ok = ok && weir_buf_add(&key, local.data, local.size);
    status = ok ? intern(t, key.data, key.size, out, err) : weir_error_nomem(err);
    weir_buf_clear(&key);
    return status;
}

/* The names of an element or attribute: *prefixed is what it is called where another one of its
 * local name and another prefix stands beside it; NULL = the same. */
static weir_status names_of(weir_xml_tree *t, weir_slice prefix, weir_slice local, bool attribute,
                            struct weir_xml_name **out, struct weir_xml_name **prefixed,
                            weir_error *err) {
    static const weir_slice none = {"", 0};
    bool local_only = t->config->names == WEIR_XML_NAMES_LOCAL;
    weir_status status = shown_name(t, local_only ? none : prefix, local, attribute, out, err);
    *prefixed = NULL;
    if (status != WEIR_OK || !local_only || !prefix.size) return status;
    t->prefixes = true;
    return shown_name(t, prefix, local, attribute, prefixed, err);
}

/* ---- taking in ----------------------------------------------------------------------------- */

/* NULL: the record is too long; the rest of it is passed over. */
static weir_xml_node *add_node(weir_xml_tree *t, struct weir_xml_name *name,
                               struct weir_xml_name *prefixed) {
    weir_xml_node *n = t->too_long ? NULL : weir_arena_zero(&t->arena, 1, sizeof *n);
    if (!n) {
        t->too_long = true;
        return NULL;
    }
    n->name = name;
    n->prefixed = prefixed;
    n->parent = t->at;
    n->blank_only = true;
    if (t->at) {
        if (t->at->last)
            t->at->last->next = n;
        else
            t->at->first = n;
        t->at->last = n;
    }
    return n;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static void add_text(weir_xml_tree *t, weir_xml_node *n, weir_slice s) {
    if (t->too_long || s.size == 0) return;
    for (size_t i = 0; n->blank_only && i < s.size; i++) n->blank_only = is_blank(s.data[i]);
    if (n->text.size + s.size > n->text.capacity) { /* several pieces are rare; they double */
        size_t capacity = n->text.size ? (n->text.size + s.size) * 2 : s.size;
        char *data = capacity > t->max_bytes * 2 ? NULL : weir_arena_alloc(&t->arena, capacity);
        if (!data) {
            t->too_long = true;
            return;
        }
        if (n->text.size) memcpy(data, n->text.data, n->text.size);
        n->text.data = data;
        n->text.capacity = capacity;
    }
    memcpy(n->text.data + n->text.size, s.data, s.size);
    n->text.size += s.size;
}

static void note_entity(weir_xml_tree *t, weir_slice name) {
    if (t->entity[0]) return;
    size_t n = name.size < sizeof t->entity - 1 ? name.size : sizeof t->entity - 1;
    memcpy(t->entity, name.size ? name.data : "?", name.size ? n : 1);
    t->entity[name.size ? n : 1] = 0;
}

static bool is_true(weir_slice s) {
    return weir_slice_is(s, "true") || weir_slice_is(s, "1");
}

static weir_status start(weir_xml_tree *t, const weir_xml_reader *x, weir_error *err) {
    struct weir_xml_name *name, *prefixed;
    weir_status status = WEIR_OK;
    WEIR_TRY(names_of(t, weir_xml_prefix(x), weir_xml_name(x), false, &name, &prefixed, err));
    weir_xml_node *n = add_node(t, name, prefixed);
    t->depth++;
    if ((int64_t)t->depth > t->config->max_depth) t->too_deep = true;
    if (!n) return WEIR_OK;
    if (!t->root) t->root = n;
    t->at = n;
    weir_xml_attribute a = {0};
    while (weir_xml_attributes_next(x, &a)) {
        if (strcmp(a.uri, WEIR_XML_XSI) == 0) { /* of the schema, not of the data */
            n->nil |= weir_slice_is(a.name, "nil") && is_true(a.value);
            continue;
        }
        WEIR_TRY(names_of(t, a.prefix, a.name, true, &name, &prefixed, err));
        weir_xml_node *child = add_node(t, name, prefixed);
        if (!child) return WEIR_OK;
        child->attribute = true;
        add_text(t, child, a.value);
        if (a.entity) note_entity(t, (weir_slice){"", 0});
    }
out:
    return status;
}

weir_status weir_xml_tree_begin(weir_xml_tree *t, const weir_xml_reader *x, weir_error *err) {
    weir_arena_reset(&t->arena);
    t->root = t->at = NULL;
    t->depth = 0;
    t->too_long = t->too_deep = t->prefixes = false;
    t->entity[0] = 0;
    return start(t, x, err);
}

weir_status weir_xml_tree_add(weir_xml_tree *t, const weir_xml_reader *x, weir_xml_event event,
                              bool *done, weir_error *err) {
    *done = false;
    switch (event) {
    case WEIR_XML_START: return start(t, x, err);
    case WEIR_XML_END:
        t->depth--;
        if (!t->too_long && t->at->parent) t->at = t->at->parent;
        *done = t->depth == 0;
        return WEIR_OK;
    case WEIR_XML_TEXT:
        if (!t->too_long) add_text(t, t->at, weir_xml_text(x));
        return WEIR_OK;
    case WEIR_XML_ENTITY: note_entity(t, weir_xml_text(x)); return WEIR_OK;
    default: return weir_error_set(err, WEIR_INTERNAL, "an event that no record has");
    }
}

/* ---- writing ------------------------------------------------------------------------------- */

static weir_slice text_of(const weir_xml_tree *t, const weir_xml_node *n) {
    weir_slice s = {n->text.data, n->text.size};
    if (!t->config->trim) return s;
    while (s.size && is_blank(*s.data)) s.data++, s.size--;
    while (s.size && is_blank(s.data[s.size - 1])) s.size--;
    return s;
}

static bool put_text(const weir_xml_tree *t, const weir_xml_node *n, weir_buf *out) {
    weir_slice s = text_of(t, n);
    if (n->nil || (s.size == 0 && t->config->empty == WEIR_XML_EMPTY_NULL && !n->attribute))
        return weir_buf_add(out, "null", 4);
    return weir_json_put_string(out, s.size ? s.data : "", s.size, WEIR_JSON_UTF8_REPLACE, NULL);
}

/* Children that share a local name but not the prefix are told apart by it: here, and from here on
 * wherever the name stands. */
static void split(weir_xml_tree *t, weir_xml_node *n) {
    uint64_t stamp = ++t->stamp;
    for (weir_xml_node *c = n->first; c; c = c->next) {
        struct weir_xml_name *name = c->name;
        if (name->stamp == stamp && name->last->prefixed != c->prefixed) name->split = true;
        name->stamp = stamp;
        name->last = c;
    }
    for (weir_xml_node *c = n->first; c; c = c->next)
        if (c->name->split && c->prefixed) c->name = c->prefixed;
}

/* Chains the children of one name, first to last. */
static void group(weir_xml_tree *t, weir_xml_node *n) {
    if (t->prefixes) split(t, n);
    uint64_t stamp = ++t->stamp;
    for (weir_xml_node *c = n->first; c; c = c->next) {
        struct weir_xml_name *name = c->name;
        c->follower = name->stamp == stamp;
        if (c->follower) name->last->same = c;
        name->stamp = stamp;
        name->last = c;
    }
}

static bool put_value(weir_xml_tree *t, weir_xml_node *n, weir_buf *out);

/* The values of n and of those that share its name. */
static bool put_values(weir_xml_tree *t, weir_xml_node *n, weir_buf *out) {
    if (!n->same) return put_value(t, n, out);
    bool ok = weir_buf_add(out, "[", 1);
    for (weir_xml_node *c = n; ok && c; c = c->same)
        ok = (c == n || weir_buf_add(out, ",", 1)) && put_value(t, c, out);
    return ok && weir_buf_add(out, "]", 1);
}

/* A member's name: of a nested one, behind those above it. */
static bool put_key(const weir_xml_tree *t, const weir_buf *path, weir_slice name, weir_buf *out,
                    bool *first) {
    bool ok = *first || weir_buf_add(out, ",", 1);
    *first = false;
    if (path->size == 0)
        return ok &&
               weir_json_put_string(out, name.data, name.size, WEIR_JSON_UTF8_REPLACE, NULL) &&
               weir_buf_add(out, ":", 1);
    weir_buf whole = {0};
    ok = ok && weir_buf_add(&whole, path->data, path->size) &&
         weir_buf_adds(&whole, t->config->separator) &&
         weir_buf_add(&whole, name.data, name.size) &&
         weir_json_put_string(out, whole.data, whole.size, WEIR_JSON_UTF8_REPLACE, NULL) &&
         weir_buf_add(out, ":", 1);
    weir_buf_clear(&whole);
    return ok;
}

/* The element's own text beside its children: only where there is some. */
static bool has_own_text(const weir_xml_node *n) {
    return n->text.size && !n->blank_only;
}

/* The members of n; flatten: those of its children with their names behind path. */
static bool put_members(weir_xml_tree *t, weir_xml_node *n, weir_buf *path, weir_buf *out,
                        bool *first) {
    bool flatten = t->config->nested == WEIR_XML_NESTED_FLATTEN;
    bool ok = true;
    group(t, n);
    for (weir_xml_node *c = n->first; ok && c; c = c->next) {
        if (c->follower) continue;
        weir_slice name = {c->name->text, c->name->size};
        if (flatten && c->first && !c->same) {
            size_t size = path->size;
            if (has_own_text(c)) ok = put_key(t, path, name, out, first) && put_text(t, c, out);
            ok = ok && (size == 0 || weir_buf_adds(path, t->config->separator)) &&
                 weir_buf_add(path, name.data, name.size) && put_members(t, c, path, out, first);
            path->size = size;
            continue;
        }
        ok = put_key(t, path, name, out, first) && put_values(t, c, out);
    }
    return ok;
}

static bool put_object(weir_xml_tree *t, weir_xml_node *n, weir_buf *out) {
    weir_buf path = {0};
    bool first = true;
    bool ok = weir_buf_add(out, "{", 1) && put_members(t, n, &path, out, &first);
    if (ok && (has_own_text(n) || (n == t->root && !n->first)))
        ok = put_key(t, &(weir_buf){0}, weir_slice_of(t->config->text), out, &first) &&
             put_text(t, n, out);
    weir_buf_clear(&path);
    return ok && weir_buf_add(out, "}", 1);
}

static bool put_value(weir_xml_tree *t, weir_xml_node *n, weir_buf *out) {
    if (n->first) return put_object(t, n, out);
    return put_text(t, n, out);
}

bool weir_xml_tree_write(weir_xml_tree *t, weir_buf *out) {
    return put_object(t, t->root, out);
}
