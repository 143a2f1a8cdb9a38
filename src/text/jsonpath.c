/* JSONPath: evaluation.  RFC 9535, sections 2.3 to 2.5. */
#include <stdio.h>

#include "text/jsonpath_ast.h"
#include "text/utf8.h"

#define DEPTH_MAX 4096u

/* Nodes, in order. */
typedef struct nodes {
    const weir_json **items;
    size_t n, capacity;
} nodes;

typedef struct evaluation {
    const weir_json *root;
    uint64_t work;
    uint32_t depth;   /* of apply in itself, over all queries under way */
    weir_regex *last; /* the pattern that a document gave last */
    weir_buf last_text;
    bool last_full;
    weir_error *err;
} evaluation;

static weir_status follow(evaluation *e, const jsonpath_query *q, const weir_json *current,
                          nodes *out);
static weir_status truth(evaluation *e, const jsonpath_expr *x, const weir_json *current,
                         bool *out);

static weir_status add(evaluation *e, nodes *list, const weir_json *v) {
    if (list->n >= WEIR_JSONPATH_MAX_NODES)
        return weir_error_set(e->err, WEIR_DATA, "the JSONPath selects more than %u values",
                              WEIR_JSONPATH_MAX_NODES);
    if (list->n == list->capacity) {
        weir_status status = weir_grow((void **)&list->items, &list->capacity, list->n + 1,
                                       sizeof(void *), WEIR_JSONPATH_MAX_NODES, e->err);
        if (status != WEIR_OK) return status;
    }
    list->items[list->n++] = v;
    return WEIR_OK;
}

static weir_status work(evaluation *e, size_t n) {
    e->work += n;
    if (e->work <= WEIR_JSONPATH_MAX_WORK) return WEIR_OK;
    return weir_error_set(e->err, WEIR_DATA, "the JSONPath is too costly for this document");
}

static bool is_container(const weir_json *v) {
    return v->kind == WEIR_JSON_ARRAY || v->kind == WEIR_JSON_OBJECT;
}

/* ---- numbers ------------------------------------------------------------------------------- */

/* A number as sign, digits without zeros at both ends, and the power of ten in front of which the
 * point stands: 0.digits * 10^exponent. */
typedef struct number {
    bool negative;
    const char *p, *end; /* from the first digit that counts to the last; a point may be between */
    int64_t exponent;
} number;

static number number_of(weir_slice s) {
    number x = {0};
    const char *p = s.data, *end = s.data + s.size, *e = p;
    x.negative = p < end && *p == '-';
    p += x.negative;
    while (e < end && (*e | 32) != 'e') e++;
    if (e < end) {
        const char *q = e + 1;
        bool minus = q < end && *q == '-';
        if (q < end && (*q == '-' || *q == '+')) q++;
        for (; q < end && x.exponent < INT64_MAX / 100; q++)
            x.exponent = x.exponent * 10 + *q - '0';
        if (minus) x.exponent = -x.exponent;
    }
    const char *point = p;
    while (point < e && *point != '.') point++;
    while (p < e && (*p == '0' || *p == '.')) p++;
    while (e > p && (e[-1] == '0' || e[-1] == '.')) e--;
    /* zeros behind the last digit do not count, but those in front of the point were a power */
    x.p = p;
    x.end = e;
    x.exponent += p < point ? point - p : -(p - point - 1);
    if (p == e) x = (number){.p = p, .end = p};
    return x;
}

static int digits_compare(const number *a, const number *b) {
    const char *p = a->p, *q = b->p;
    for (;;) {
        if (p < a->end && *p == '.') p++;
        if (q < b->end && *q == '.') q++;
        if (p == a->end || q == b->end) return (p < a->end) - (q < b->end);
        if (*p != *q) return *p < *q ? -1 : 1;
        p++;
        q++;
    }
}

int weir_json_number_compare(weir_slice a, weir_slice b) {
    number x = number_of(a), y = number_of(b);
    bool x_zero = x.p == x.end, y_zero = y.p == y.end;
    if (x_zero && y_zero) return 0;
    if (x_zero) return y.negative ? 1 : -1;
    if (y_zero) return x.negative ? -1 : 1;
    if (x.negative != y.negative) return x.negative ? -1 : 1;
    int c = x.exponent != y.exponent ? (x.exponent < y.exponent ? -1 : 1) : digits_compare(&x, &y);
    return x.negative ? -c : c;
}

/* ---- comparisons --------------------------------------------------------------------------- */

static int bytes_compare(weir_slice a, weir_slice b) {
    size_t n = a.size < b.size ? a.size : b.size;
    int c = n ? memcmp(a.data, b.data, n) : 0; /* the order of UTF-8 is that of its characters */
    return c ? c : (a.size > b.size) - (a.size < b.size);
}

static bool is_text(weir_slice a, weir_slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

static weir_status equal(evaluation *e, const weir_json *a, const weir_json *b, bool *out) {
    weir_status status = WEIR_OK;
    *out = false;
    if (!a || !b) {
        *out = a == b; /* nothing equals nothing */
        return WEIR_OK;
    }
    if (a->kind != b->kind) return WEIR_OK;
    WEIR_TRY(work(e, 1));
    if (a->kind == WEIR_JSON_NUMBER) {
        *out = weir_json_number_compare(a->text, b->text) == 0;
    } else if (a->kind == WEIR_JSON_STRING) {
        *out = is_text(a->text, b->text);
    } else if (is_container(a)) {
        if (a->n != b->n) return WEIR_OK;
        const weir_json *other = b->first;
        for (const weir_json *c = a->first; c; c = c->next) {
            if (a->kind == WEIR_JSON_OBJECT) {
                size_t looked = 1;
                for (other = b->first; other && !is_text(other->key, c->key); other = other->next)
                    looked++;
                WEIR_TRY(work(e, looked));
                if (!other) return WEIR_OK;
            }
            bool same;
            WEIR_TRY(equal(e, c, other, &same));
            if (!same) return WEIR_OK;
            other = other->next;
        }
        *out = true;
    } else {
        *out = true; /* null, true, false */
    }
out:
    return status;
}

/* Order of two numbers or two strings; false: they have none. */
static bool below(const weir_json *a, const weir_json *b) {
    if (!a || !b || a->kind != b->kind) return false;
    if (a->kind == WEIR_JSON_NUMBER) return weir_json_number_compare(a->text, b->text) < 0;
    return a->kind == WEIR_JSON_STRING && bytes_compare(a->text, b->text) < 0;
}

/* ---- regular expressions ------------------------------------------------------------------- */

weir_status weir_jsonpath_regex(weir_slice pattern, bool full, weir_regex **out, weir_error *err) {
    weir_buf b = {.max = WEIR_REGEX_MAX_PATTERN_BYTES};
    weir_status status = WEIR_OK;
    bool in_class = false, ok = true;
    *out = NULL;
    if (pattern.size > WEIR_REGEX_MAX_PATTERN_BYTES / 8) return WEIR_OK; /* a dot becomes 7 bytes */
    for (size_t i = 0; ok && i < pattern.size; i++) {
        char c = pattern.data[i];
        if (c == '\\' && i + 1 < pattern.size) {
            ok = weir_buf_add(&b, pattern.data + i++, 2);
            continue;
        }
        if (c == '[') in_class = true;
        if (c == ']') in_class = false;
        ok = c == '.' && !in_class ? weir_buf_adds(&b, "[^\\n\\r]") : weir_buf_add(&b, &c, 1);
    }
    if (!ok) {
        status = weir_error_nomem(err);
    } else {
        weir_error inner = {0};
        status =
            weir_regex_new(b.data ? b.data : "", b.size, full ? WEIR_REGEX_FULL : 0, out, &inner);
        if (status == WEIR_USAGE) status = WEIR_OK;
        if (status != WEIR_OK && err) *err = inner;
    }
    weir_buf_clear(&b);
    return status;
}

static weir_status matches(evaluation *e, const jsonpath_expr *x, const weir_json *text,
                           const weir_json *pattern, bool *out) {
    const weir_regex *re = x->regex;
    bool full = x->call == CALL_MATCH;
    *out = false;
    if (!text || text->kind != WEIR_JSON_STRING) return WEIR_OK;
    if (!x->fixed) {
        if (!pattern || pattern->kind != WEIR_JSON_STRING) return WEIR_OK;
        weir_slice last = {e->last_text.data, e->last_text.size};
        if (!e->last || e->last_full != full || !is_text(last, pattern->text)) {
            weir_regex_free(e->last);
            e->last = NULL;
            e->last_text.size = 0;
            e->last_full = full;
            weir_status status = weir_jsonpath_regex(pattern->text, full, &e->last, e->err);
            if (status != WEIR_OK) return status;
            if (!weir_buf_add(&e->last_text, pattern->text.data, pattern->text.size))
                return weir_error_nomem(e->err);
        }
        re = e->last;
    }
    weir_status status = work(e, 1 + text->text.size / 64);
    if (status != WEIR_OK || !re) return status;
    switch (weir_regex_match(re, text->text.data, text->text.size)) {
    case WEIR_REGEX_MATCH: *out = true; break;
    case WEIR_REGEX_NOMATCH: break;
    case WEIR_REGEX_LIMIT:
        return weir_error_set(e->err, WEIR_DATA,
                              "a pattern of the JSONPath is too costly for a text of the document");
    case WEIR_REGEX_ERROR: return weir_error_nomem(e->err);
    }
    return status;
}

/* ---- values and tests ---------------------------------------------------------------------- */

/* A number that a function makes. */
typedef struct made {
    weir_json value;
    char text[24];
} made;

static const weir_json *make_number(made *room, size_t n) {
    int size = snprintf(room->text, sizeof room->text, "%zu", n);
    room->value = (weir_json){.kind = WEIR_JSON_NUMBER, .text = {room->text, (size_t)size}};
    return &room->value;
}

/* The value of a literal, a singular query or a function; NULL is the RFC's Nothing. */
static weir_status value_of(evaluation *e, const jsonpath_expr *x, const weir_json *current,
                            made *room, const weir_json **out) {
    weir_status status = WEIR_OK;
    nodes list = {0};
    *out = NULL;
    if (x->kind == EXPR_LITERAL) {
        *out = &x->literal;
        return WEIR_OK;
    }
    if (x->kind == EXPR_CALL && x->call == CALL_LENGTH) {
        const weir_json *v;
        made inner;
        WEIR_TRY(value_of(e, x->a, current, &inner, &v));
        if (v && v->kind == WEIR_JSON_STRING)
            *out = make_number(room, weir_utf8_count(v->text.data, v->text.size));
        else if (v && is_container(v))
            *out = make_number(room, v->n);
        return WEIR_OK;
    }
    const jsonpath_query *q = x->kind == EXPR_CALL ? x->a->query : x->query;
    WEIR_TRY(follow(e, q, current, &list));
    if (x->kind == EXPR_CALL && x->call == CALL_COUNT)
        *out = make_number(room, list.n);
    else if (list.n == 1)
        *out = list.items[0];
out:
    weir_free(list.items);
    return status;
}

static weir_status compare(evaluation *e, const jsonpath_expr *x, const weir_json *current,
                           bool *out) {
    const weir_json *a, *b;
    made room_a, room_b;
    weir_status status = WEIR_OK;
    WEIR_TRY(value_of(e, x->a, current, &room_a, &a));
    WEIR_TRY(value_of(e, x->b, current, &room_b, &b));
    switch (x->op) {
    case COMPARE_EQ: return equal(e, a, b, out);
    case COMPARE_NE:
        status = equal(e, a, b, out);
        *out = !*out;
        return status;
    case COMPARE_LT: *out = below(a, b); return WEIR_OK;
    case COMPARE_GT: *out = below(b, a); return WEIR_OK;
    case COMPARE_LE:
    case COMPARE_GE:
        *out = x->op == COMPARE_LE ? below(a, b) : below(b, a);
        return *out ? WEIR_OK : equal(e, a, b, out);
    }
out:
    return status;
}

static weir_status call_test(evaluation *e, const jsonpath_expr *x, const weir_json *current,
                             bool *out) {
    const weir_json *a, *b = NULL;
    made room_a, room_b;
    weir_status status = WEIR_OK;
    WEIR_TRY(value_of(e, x->a, current, &room_a, &a));
    if (!x->fixed) WEIR_TRY(value_of(e, x->b, current, &room_b, &b));
    return matches(e, x, a, b, out);
out:
    return status;
}

static weir_status truth(evaluation *e, const jsonpath_expr *x, const weir_json *current,
                         bool *out) {
    weir_status status = work(e, 1);
    nodes list = {0};
    *out = false;
    if (status != WEIR_OK) return status;
    switch (x->kind) {
    case EXPR_AND:
    case EXPR_OR:
        WEIR_TRY(truth(e, x->a, current, out));
        if (x->b && *out == (x->kind == EXPR_AND)) WEIR_TRY(truth(e, x->b, current, out));
        break;
    case EXPR_NOT:
        WEIR_TRY(truth(e, x->a, current, out));
        *out = !*out;
        break;
    case EXPR_COMPARE: return compare(e, x, current, out);
    case EXPR_CALL: return call_test(e, x, current, out);
    case EXPR_QUERY:
        WEIR_TRY(follow(e, x->query, current, &list));
        *out = list.n > 0;
        break;
    case EXPR_LITERAL: break; /* refused by the parser */
    }
out:
    weir_free(list.items);
    return status;
}

/* ---- selectors ----------------------------------------------------------------------------- */

static weir_status select_slice(evaluation *e, const jsonpath_selector *s, const weir_json *v,
                                nodes *out) {
    weir_status status = WEIR_OK;
    nodes items = {0};
    int64_t n = (int64_t)v->n, step = s->step;
    if (step == 0 || n == 0) return WEIR_OK;
    int64_t start = s->has_start ? s->start : step > 0 ? 0 : n - 1;
    int64_t end = s->has_end ? s->end : step > 0 ? n : -n - 1;
    if (start < 0) start += n;
    if (end < 0) end += n;
    int64_t least = step > 0 ? 0 : -1, most = step > 0 ? n : n - 1;
    start = start < least ? least : start > most ? most : start;
    end = end < least ? least : end > most ? most : end;
    for (const weir_json *c = v->first; c; c = c->next) WEIR_TRY(add(e, &items, c));
    for (int64_t i = start; step > 0 ? i < end : i > end;) {
        WEIR_TRY(add(e, out, items.items[i]));
        if (step > 0 ? step >= end - i : step <= end - i) break; /* no overflow */
        i += step;
    }
out:
    weir_free(items.items);
    return status;
}

static weir_status select_from(evaluation *e, const jsonpath_selector *s, const weir_json *v,
                               nodes *out) {
    weir_status status = work(e, 1 + v->n);
    if (status != WEIR_OK || !is_container(v)) return status;
    bool array = v->kind == WEIR_JSON_ARRAY;
    switch (s->kind) {
    case SELECT_NAME:
        for (const weir_json *c = array ? NULL : v->first; c; c = c->next)
            if (is_text(c->key, s->name)) return add(e, out, c);
        break;
    case SELECT_INDEX: {
        int64_t i = s->start < 0 ? s->start + (int64_t)v->n : s->start;
        const weir_json *c = array && i >= 0 ? weir_json_at(v, (size_t)i) : NULL;
        if (c) return add(e, out, c);
        break;
    }
    case SELECT_SLICE: return array ? select_slice(e, s, v, out) : WEIR_OK;
    case SELECT_EVERY:
        for (const weir_json *c = v->first; c; c = c->next) WEIR_TRY(add(e, out, c));
        break;
    case SELECT_FILTER:
        for (const weir_json *c = v->first; c; c = c->next) {
            bool yes;
            WEIR_TRY(truth(e, s->filter, c, &yes));
            if (yes) WEIR_TRY(add(e, out, c));
        }
        break;
    }
out:
    return status;
}

/* The selectors of a segment on a value, and (descend) on all values inside it: the tree is at most
 * WEIR_JSON_DEPTH_MAX deep. */
static weir_status apply(evaluation *e, const jsonpath_segment *g, const weir_json *v, nodes *out) {
    weir_status status = WEIR_OK;
    if (++e->depth > DEPTH_MAX)
        return weir_error_set(e->err, WEIR_DATA, "the JSONPath goes too deep in this document");
    for (const jsonpath_selector *s = g->first; s; s = s->next) WEIR_TRY(select_from(e, s, v, out));
    for (const weir_json *c = g->descend ? v->first : NULL; c; c = c->next)
        if (is_container(c)) WEIR_TRY(apply(e, g, c, out));
out:
    e->depth--;
    return status;
}

static weir_status follow(evaluation *e, const jsonpath_query *q, const weir_json *current,
                          nodes *out) {
    weir_status status = WEIR_OK;
    nodes from = {0}, to = {0};
    WEIR_TRY(add(e, &from, q->relative ? current : e->root));
    for (const jsonpath_segment *g = q->first; g && from.n; g = g->next) {
        to.n = 0;
        for (size_t i = 0; i < from.n; i++) WEIR_TRY(apply(e, g, from.items[i], &to));
        nodes swap = from;
        from = to;
        to = swap;
    }
    *out = from;
    from.items = NULL;
out:
    weir_free(from.items);
    weir_free(to.items);
    return status;
}

weir_status weir_jsonpath_find(const weir_jsonpath *path, const weir_json *root, weir_arena *arena,
                               const weir_json ***nodes_out, size_t *n, weir_error *err) {
    evaluation e = {.root = root, .err = err};
    nodes list = {0};
    weir_status status = follow(&e, path->query, root, &list);
    if (status == WEIR_OK) {
        const weir_json **kept = weir_arena_alloc(arena, (list.n + 1) * sizeof *kept);
        if (kept) {
            if (list.n) memcpy(kept, list.items, list.n * sizeof *kept);
            *nodes_out = kept;
            *n = list.n;
        } else {
            status = weir_error_nomem(err);
        }
    }
    weir_free(list.items);
    weir_regex_free(e.last);
    weir_buf_clear(&e.last_text);
    return status;
}
