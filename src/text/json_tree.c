/* The tree of a small document. */
#include <stdlib.h>

#include "text/json.h"
#include "text/number.h"

#define DEFAULT_MAX_BYTES (64u << 20)
#define DEFAULT_MAX_VALUES 1000000u
#define FEW_MEMBERS 8 /* up to this many names are compared pairwise */

struct builder {
    weir_json_reader reader;
    weir_json_limits limits;
    weir_arena *arena;
    size_t values;
    const char *counted; /* lines are counted up to here */
    const char *line_start;
    uint32_t line;
    struct {
        weir_json *node, *last;
    } open[WEIR_JSON_DEPTH_MAX];
    uint32_t depth;
    weir_slice key;
};

/* Sets the place of v, whose first byte is at. */
static void place(struct builder *b, weir_json *v, const char *at) {
    const char *nl;
    while (b->counted < at && (nl = memchr(b->counted, '\n', (size_t)(at - b->counted)))) {
        b->line++;
        b->line_start = b->counted = nl + 1;
    }
    b->counted = at;
    v->line = b->line;
    v->column = (uint32_t)(at - b->line_start) + 1;
    v->byte = (size_t)(at - b->reader.begin);
}

static weir_status copy_text(struct builder *b, const weir_json_token *t, weir_slice *out,
                             weir_error *err) {
    char *text = weir_arena_alloc(b->arena, t->size + 1);
    if (!text) return weir_error_nomem(err);
    size_t n = t->size;
    if (t->escaped)
        n = (size_t)weir_json_unescape(t->begin, t->size, text, NULL); /* checked by the reader */
    else
        memcpy(text, t->begin, n);
    text[n] = 0;
    out->data = text;
    out->size = n;
    return WEIR_OK;
}

static weir_status add_value(struct builder *b, const weir_json_token *t, weir_json **root,
                             weir_error *err) {
    weir_status status = WEIR_OK;
    weir_json *v = weir_arena_zero(b->arena, 1, sizeof *v);
    if (!v) return weir_error_nomem(err);
    if (++b->values > b->limits.max_values) {
        weir_error_set(err, WEIR_DATA, "the JSON document has more than %zu values",
                       b->limits.max_values);
        return WEIR_DATA;
    }
    v->kind = t->kind;
    v->key = b->key;
    b->key = (weir_slice){NULL, 0};
    place(b, v, t->kind == WEIR_JSON_STRING ? t->begin - 1 : t->begin);
    if (t->kind == WEIR_JSON_STRING || t->kind == WEIR_JSON_NUMBER)
        WEIR_TRY(copy_text(b, t, &v->text, err));
    if (b->depth == 0) {
        *root = v;
    } else {
        weir_json *parent = b->open[b->depth - 1].node, *last = b->open[b->depth - 1].last;
        if (last)
            last->next = v;
        else
            parent->first = v;
        b->open[b->depth - 1].last = v;
        parent->n++;
    }
    if (t->event == WEIR_JSON_AT_OPEN) {
        b->open[b->depth].node = v;
        b->open[b->depth++].last = NULL;
    }
out:
    return status;
}

/* Order by name, then by place. */
static int by_key(const void *a, const void *b) {
    const weir_json *x = *(weir_json *const *)a, *y = *(weir_json *const *)b;
    if (x->key.size != y->key.size) return x->key.size < y->key.size ? -1 : 1;
    int c = memcmp(x->key.data, y->key.data, x->key.size);
    return c ? c : (x->byte > y->byte) - (x->byte < y->byte);
}

static bool same_key(const weir_json *a, const weir_json *b) {
    return a->key.size == b->key.size && memcmp(a->key.data, b->key.data, a->key.size) == 0;
}

static weir_status duplicate(const weir_json *later, weir_error *err) {
    weir_status s = weir_error_set(err, WEIR_DATA,
                                   "malformed JSON: the name \"%.60s\" stands twice "
                                   "in one object",
                                   later->key.data);
    weir_error_at(err, NULL, later->line, later->column);
    if (err) err->byte = (int64_t)later->byte;
    return s;
}

/* Unlinks members: a repeated name keeps its last or its first value.  items: sorted. */
static void drop_repeated(weir_json *object, weir_json **items, size_t n, bool first) {
    for (size_t i = 0; i + 1 < n; i++)
        if (same_key(items[i], items[i + 1])) items[i + first]->line = 0; /* marks it */
    weir_json **link = &object->first;
    while (*link) {
        if ((*link)->line == 0) {
            *link = (*link)->next;
            object->n--;
        } else {
            link = &(*link)->next;
        }
    }
}

static weir_status check_names(struct builder *b, weir_json *object, weir_error *err) {
    weir_json *few[FEW_MEMBERS], **items = few;
    weir_status status = WEIR_OK;
    if (object->n < 2) return WEIR_OK;
    if (object->n > FEW_MEMBERS) {
        items = weir_alloc_zero(object->n, sizeof *items);
        if (!items) return weir_error_nomem(err);
    }
    size_t n = 0;
    for (weir_json *c = object->first; c; c = c->next) items[n++] = c;
    qsort(items, n, sizeof *items, by_key);
    const weir_json *first_fault = NULL;
    bool any = false;
    for (size_t i = 0; i + 1 < n; i++) {
        if (!same_key(items[i], items[i + 1])) continue;
        any = true;
        if (!first_fault || items[i + 1]->byte < first_fault->byte) first_fault = items[i + 1];
    }
    if (any && (b->limits.duplicates_last || b->limits.duplicates_first))
        drop_repeated(object, items, n, b->limits.duplicates_first);
    else if (any)
        status = duplicate(first_fault, err);
    if (items != few) weir_free(items);
    return status;
}

static weir_status build(struct builder *b, weir_json **root, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_json_token t;
    for (;;) {
        WEIR_TRY(weir_json_next(&b->reader, &t, err));
        switch (t.event) {
        case WEIR_JSON_AT_KEY: WEIR_TRY(copy_text(b, &t, &b->key, err)); break;
        case WEIR_JSON_AT_VALUE:
        case WEIR_JSON_AT_OPEN: WEIR_TRY(add_value(b, &t, root, err)); break;
        case WEIR_JSON_AT_CLOSE:
            b->depth--;
            if (t.kind == WEIR_JSON_OBJECT) WEIR_TRY(check_names(b, b->open[b->depth].node, err));
            break;
        case WEIR_JSON_AT_END: goto out;
        }
    }
out:
    return status;
}

weir_status weir_json_parse(const char *text, size_t size, const weir_json_limits *limits,
                            weir_arena *arena, const weir_json **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_json *root = NULL;
    struct builder *b = weir_alloc_zero(1, sizeof *b);
    if (!b) return weir_error_nomem(err);
    if (limits) b->limits = *limits;
    if (!b->limits.max_bytes) b->limits.max_bytes = DEFAULT_MAX_BYTES;
    if (!b->limits.max_values) b->limits.max_values = DEFAULT_MAX_VALUES;
    b->arena = arena;
    b->line = 1;
    if (size > b->limits.max_bytes) {
        status = weir_error_set(err, WEIR_DATA,
                                "the JSON document has %zu bytes, more than the %zu "
                                "that are allowed here",
                                size, b->limits.max_bytes);
        goto out;
    }
    WEIR_TRY(weir_json_reader_init(&b->reader, text, size, b->limits.max_depth, err));
    b->counted = b->line_start = text;
    WEIR_TRY(build(b, &root, err));
    *out = root;
out:
    weir_free(b);
    return status;
}

/* ---- asking -------------------------------------------------------------------------------- */

static const weir_json *member(const weir_json *v, const char *name, size_t n) {
    if (!v || v->kind != WEIR_JSON_OBJECT) return NULL;
    for (const weir_json *c = v->first; c; c = c->next)
        if (c->key.size == n && memcmp(c->key.data, name, n) == 0) return c;
    return NULL;
}

const weir_json *weir_json_get(const weir_json *v, const char *name) {
    return member(v, name, strlen(name));
}

const weir_json *weir_json_at(const weir_json *v, size_t i) {
    if (!v || i >= v->n) return NULL;
    const weir_json *c = v->first;
    while (c && i--) c = c->next;
    return c;
}

const weir_json *weir_json_path(const weir_json *v, const char *path) {
    while (v && *path) {
        const char *dot = strchr(path, '.');
        size_t n = dot ? (size_t)(dot - path) : strlen(path);
        int64_t i;
        if (v->kind == WEIR_JSON_ARRAY)
            v = n && *path != '+' && weir_num_parse_int64(path, n, &i) == WEIR_NUM_OK && i >= 0
                    ? weir_json_at(v, (size_t)i)
                    : NULL;
        else
            v = member(v, path, n);
        path += n + (dot != NULL);
    }
    return v;
}

bool weir_json_int(const weir_json *v, int64_t *out) {
    weir_int128 wide;
    if (!v || v->kind != WEIR_JSON_NUMBER) return false;
    if (weir_num_parse_int64(v->text.data, v->text.size, out) == WEIR_NUM_OK) return true;
    if (weir_num_parse_decimal128(v->text.data, v->text.size, 38, 0, &wide) != WEIR_NUM_OK ||
        wide < INT64_MIN || wide > INT64_MAX)
        return false;
    *out = (int64_t)wide;
    return true;
}

bool weir_json_double(const weir_json *v, double *out) {
    return v && v->kind == WEIR_JSON_NUMBER &&
           weir_num_parse_double(v->text.data, v->text.size, 0, out) == WEIR_NUM_OK;
}

bool weir_json_bool(const weir_json *v, bool *out) {
    if (!v || (v->kind != WEIR_JSON_TRUE && v->kind != WEIR_JSON_FALSE)) return false;
    *out = v->kind == WEIR_JSON_TRUE;
    return true;
}

const char *weir_json_string(const weir_json *v) {
    return v && v->kind == WEIR_JSON_STRING ? v->text.data : NULL;
}
