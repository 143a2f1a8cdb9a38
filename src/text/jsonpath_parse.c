/* JSONPath: from text to what jsonpath.c follows.  RFC 9535, section 2; well-typedness is checked
 * here (2.4.3). */
#include "text/jsonpath_ast.h"
#include "text/number.h"
#include "text/utf8.h"

#define INT_MAX_EXACT 9007199254740991LL /* 2^53 - 1: the range of I-JSON */
#define MAX_OPERATORS 1000u              /* && and ||: they are followed by recursion */

typedef struct parser {
    const char *begin, *p, *end;
    weir_jsonpath *path;
    uint32_t depth, segments, operators;
    weir_status status;
    weir_error *err;
} parser;

static jsonpath_expr *logical(parser *r);
static jsonpath_query *query(parser *r);

/* ---- faults and characters ----------------------------------------------------------------- */

/* Notes the first fault and returns NULL. */
static void *fault_at(parser *r, const char *at, const char *what) {
    if (r->status != WEIR_OK) return NULL;
    r->status = weir_error_set(r->err, WEIR_USAGE, "wrong JSONPath: %s at character %zu", what,
                               weir_utf8_count(r->begin, (size_t)(at - r->begin)) + 1);
    weir_error_at(r->err, NULL, 0, (int64_t)(at - r->begin) + 1);
    return NULL;
}

static void *fault(parser *r, const char *what) {
    return fault_at(r, r->p, what);
}

static void *make(parser *r, size_t size) {
    void *p = r->status == WEIR_OK ? weir_arena_zero(&r->path->arena, 1, size) : NULL;
    if (!p && r->status == WEIR_OK) r->status = weir_error_nomem(r->err);
    return p;
}

static char at(const parser *r) {
    return r->p < r->end ? *r->p : 0; /* no NUL may stand outside of nowhere: never mistaken */
}

static bool take(parser *r, const char *word) {
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

static void blanks(parser *r) {
    r->p = weir_json_skip_space(r->p, r->end);
}

static bool enter(parser *r) {
    if (++r->depth <= WEIR_JSONPATH_MAX_DEPTH) return true;
    fault(r, "too many things inside each other");
    return false;
}

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}
static bool is_name_first(char c) {
    return ((c | 32) >= 'a' && (c | 32) <= 'z') || c == '_' || (unsigned char)c >= 0x80;
}

/* ---- literals ------------------------------------------------------------------------------ */

static bool hex4(const char *p, const char *end, uint32_t *out) {
    if (end - p < 4) return false;
    *out = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i], low = (char)(c | 32);
        if (!is_digit(c) && !(low >= 'a' && low <= 'f')) return false;
        *out = *out * 16 + (uint32_t)(is_digit(c) ? c - '0' : low - 'a' + 10);
    }
    return true;
}

/* Behind \u.  Writes the character (a pair of surrogates is one) at *o. */
static bool unicode_escape(parser *r, char **o) {
    uint32_t c, low;
    if (!hex4(r->p, r->end, &c)) return fault(r, "four hexadecimal digits expected") != NULL;
    r->p += 4;
    if (c >= 0xDC00 && c <= 0xDFFF) return fault(r, "half a surrogate pair") != NULL;
    if (c >= 0xD800 && c <= 0xDBFF) {
        if (!take(r, "\\u") || !hex4(r->p, r->end, &low) || low < 0xDC00 || low > 0xDFFF)
            return fault(r, "half a surrogate pair") != NULL;
        r->p += 4;
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
    }
    *o += weir_utf8_encode(c, *o);
    return true;
}

/* A string in ' or ". */
static bool string(parser *r, weir_slice *out) {
    static const char from[] = "bfnrt/\\", to[] = "\b\f\n\r\t/\\";
    char quote = *r->p++;
    char *text = weir_arena_alloc(&r->path->arena, (size_t)(r->end - r->p) + 1), *o = text;
    if (!text) {
        r->status = weir_error_nomem(r->err);
        return false;
    }
    while (r->p < r->end && *r->p != quote) {
        unsigned char c = (unsigned char)*r->p;
        if (c < 0x20) return fault(r, "a control character in a string") != NULL;
        r->p++;
        if (c != '\\') {
            *o++ = (char)c;
            continue;
        }
        char e = at(r);
        const char *known = e ? strchr(from, e) : NULL;
        if (e == 'u') {
            r->p++;
            if (!unicode_escape(r, &o)) return false;
            continue;
        }
        if (!known && e != quote) return fault(r, "an unknown escape in a string") != NULL;
        *o++ = known ? to[known - from] : e;
        r->p++;
    }
    if (r->p == r->end) return fault(r, "a string without its end") != NULL;
    r->p++;
    *o = 0;
    *out = (weir_slice){text, (size_t)(o - text)};
    return true;
}

static bool integer(parser *r, int64_t *out) {
    const char *begin = r->p;
    bool minus = take(r, "-");
    const char *digits = r->p;
    while (is_digit(at(r))) r->p++;
    bool wrong = r->p == digits || (*digits == '0' && (r->p - digits > 1 || minus));
    if (wrong || r->p - digits > 16 ||
        weir_num_parse_int64(begin, (size_t)(r->p - begin), out) != WEIR_NUM_OK ||
        *out > INT_MAX_EXACT || *out < -INT_MAX_EXACT)
        return fault_at(r, begin, wrong ? "an integer expected" : "an integer out of range") !=
               NULL;
    return true;
}

/* A number, string or word of a comparison; NULL without a fault: none stands here. */
static jsonpath_expr *literal(parser *r) {
    static const char *const words[] = {"null", "false", "true"};
    char c = at(r);
    jsonpath_expr *e = NULL;
    if (c == '"' || c == '\'') {
        e = make(r, sizeof *e);
        if (!e || !string(r, &e->literal.text)) return NULL;
        e->literal.kind = WEIR_JSON_STRING;
    } else if (c == '-' || is_digit(c)) {
        weir_json_number_kind kind;
        const char *stop = weir_json_number_end(r->p, r->end, &kind);
        if (!stop) return fault(r, "not a number");
        e = make(r, sizeof *e);
        if (!e) return NULL;
        e->literal.kind = WEIR_JSON_NUMBER;
        e->literal.text.data = weir_arena_strndup(&r->path->arena, r->p, (size_t)(stop - r->p));
        e->literal.text.size = (size_t)(stop - r->p);
        if (!e->literal.text.data) {
            r->status = weir_error_nomem(r->err);
            return NULL;
        }
        r->p = stop;
    } else {
        for (int i = 0; i < 3; i++) {
            size_t n = strlen(words[i]);
            if ((size_t)(r->end - r->p) < n || memcmp(r->p, words[i], n) != 0) continue;
            if (r->p + n < r->end &&
                (is_name_first(r->p[n]) || is_digit(r->p[n]) || r->p[n] == '('))
                continue;
            r->p += n;
            e = make(r, sizeof *e);
            if (e) e->literal.kind = (weir_json_kind)(WEIR_JSON_NULL + i);
            break;
        }
    }
    if (e) e->kind = EXPR_LITERAL;
    return e;
}

/* ---- selectors ----------------------------------------------------------------------------- */

/* [start:end:step]; a start may have been read. */
static bool slice(parser *r, jsonpath_selector *s) {
    s->kind = SELECT_SLICE;
    s->step = 1;
    r->p++;
    blanks(r);
    if (at(r) == '-' || is_digit(at(r))) {
        s->has_end = true;
        if (!integer(r, &s->end)) return false;
        blanks(r);
    }
    if (at(r) != ':') return true;
    r->p++;
    const char *here = r->p;
    blanks(r);
    if (at(r) == '-' || is_digit(at(r))) return integer(r, &s->step);
    r->p = here;
    return true;
}

static jsonpath_selector *selector(parser *r) {
    jsonpath_selector *s = make(r, sizeof *s);
    if (!s) return NULL;
    char c = at(r);
    if (c == '"' || c == '\'') {
        s->kind = SELECT_NAME;
        return string(r, &s->name) ? s : NULL;
    }
    if (c == '*') {
        r->p++;
        s->kind = SELECT_EVERY;
        return s;
    }
    if (c == '?') {
        r->p++;
        blanks(r);
        s->kind = SELECT_FILTER;
        s->filter = logical(r);
        return s->filter ? s : NULL;
    }
    if (c == '-' || is_digit(c)) {
        s->kind = SELECT_INDEX;
        if (!integer(r, &s->start)) return NULL;
        s->has_start = true;
        const char *here = r->p;
        blanks(r);
        if (at(r) == ':') return slice(r, s) ? s : NULL;
        r->p = here;
        return s;
    }
    if (c == ':') return slice(r, s) ? s : NULL;
    return fault(r, "a name in quotes, a number, a slice, * or ? expected");
}

static bool brackets(parser *r, jsonpath_segment *seg) {
    jsonpath_selector **link = &seg->first;
    r->p++;
    for (;;) {
        blanks(r);
        *link = selector(r);
        if (!*link) return false;
        link = &(*link)->next;
        blanks(r);
        if (at(r) == ']') break;
        if (at(r) != ',') return fault(r, "',' or ']' expected") != NULL;
        r->p++;
    }
    r->p++;
    return true;
}

/* The name or * behind a dot. */
static bool shorthand(parser *r, jsonpath_segment *seg) {
    jsonpath_selector *s = make(r, sizeof *s);
    if (!s) return false;
    seg->first = s;
    if (at(r) == '*') {
        r->p++;
        s->kind = SELECT_EVERY;
        return true;
    }
    const char *begin = r->p;
    if (!is_name_first(at(r))) return fault(r, "a name or * expected") != NULL;
    while (r->p < r->end && (is_name_first(*r->p) || is_digit(*r->p))) r->p++;
    s->kind = SELECT_NAME;
    s->name = (weir_slice){begin, (size_t)(r->p - begin)};
    return true;
}

static bool segment(parser *r, jsonpath_query *q, jsonpath_segment **out) {
    if (++r->segments > WEIR_JSONPATH_MAX_SEGMENTS) return fault(r, "too many segments") != NULL;
    jsonpath_segment *seg = make(r, sizeof *seg);
    if (!seg) return false;
    bool dots = take(r, "..");
    seg->descend = dots;
    bool bracket = at(r) == '[';
    if (!dots && !bracket) r->p++; /* a dot */
    if (!(bracket ? brackets(r, seg) : shorthand(r, seg))) return false;
    jsonpath_selector *s = seg->first;
    if (dots || s->next || (s->kind != SELECT_NAME && s->kind != SELECT_INDEX)) q->singular = false;
    *out = seg;
    return true;
}

/* $ or @ and its segments. */
static jsonpath_query *query(parser *r) {
    jsonpath_query *q = make(r, sizeof *q);
    if (!q) return NULL;
    q->relative = *r->p++ == '@';
    q->singular = true;
    jsonpath_segment **link = &q->first;
    for (;;) {
        const char *here = r->p;
        blanks(r);
        if (at(r) != '.' && at(r) != '[') {
            r->p = here;
            return q;
        }
        if (!segment(r, q, link)) return NULL;
        link = &(*link)->next;
    }
}

/* ---- filters ------------------------------------------------------------------------------- */

typedef enum type { TYPE_VALUE, TYPE_LOGICAL, TYPE_NODES } type;

static const struct {
    const char *name;
    type result, argument;
    int n;
} functions[] = {[CALL_LENGTH] = {"length", TYPE_VALUE, TYPE_VALUE, 1},
                 [CALL_COUNT] = {"count", TYPE_VALUE, TYPE_NODES, 1},
                 [CALL_MATCH] = {"match", TYPE_LOGICAL, TYPE_VALUE, 2},
                 [CALL_SEARCH] = {"search", TYPE_LOGICAL, TYPE_VALUE, 2},
                 [CALL_VALUE] = {"value", TYPE_VALUE, TYPE_NODES, 1}};

/* Whether an expression may stand where a value is wanted. */
static bool is_value(const jsonpath_expr *e) {
    return e->kind == EXPR_LITERAL || (e->kind == EXPR_QUERY && e->query->singular) ||
           (e->kind == EXPR_CALL && functions[e->call].result == TYPE_VALUE);
}
/* Whether it may stand where truth is wanted. */
static bool is_test(const jsonpath_expr *e) {
    return e->kind != EXPR_LITERAL &&
           !(e->kind == EXPR_CALL && functions[e->call].result == TYPE_VALUE);
}

static bool compile(parser *r, jsonpath_expr *e) {
    const jsonpath_expr *pattern = e->b;
    e->fixed = pattern->kind == EXPR_LITERAL;
    if (!e->fixed || pattern->literal.kind != WEIR_JSON_STRING) return true;
    jsonpath_pattern *kept = make(r, sizeof *kept);
    if (!kept) return false;
    r->status =
        weir_jsonpath_regex(pattern->literal.text, e->call == CALL_MATCH, &e->regex, r->err);
    kept->regex = e->regex;
    kept->next = r->path->patterns;
    r->path->patterns = kept;
    return r->status == WEIR_OK;
}

/* name(argument, ...); r->p stands at the name. */
static jsonpath_expr *call(parser *r) {
    const char *begin = r->p;
    while (r->p < r->end && ((*r->p >= 'a' && *r->p <= 'z') || *r->p == '_' || is_digit(*r->p)))
        r->p++;
    weir_slice name = {begin, (size_t)(r->p - begin)};
    size_t k = 0, n = sizeof functions / sizeof functions[0];
    while (k < n && !weir_slice_is(name, functions[k].name)) k++;
    if (k == n || at(r) != '(')
        return fault_at(r, begin,
                        "@, $, a literal or one of length, count, match, search, value expected");
    r->p++;
    jsonpath_expr *e = make(r, sizeof *e);
    if (!e) return NULL;
    e->kind = EXPR_CALL;
    e->call = (jsonpath_function)k;
    for (int i = 0; i < functions[k].n; i++) {
        blanks(r);
        if (i > 0) {
            if (at(r) != ',') return fault(r, "',' expected");
            r->p++;
            blanks(r);
        }
        const char *here = r->p;
        jsonpath_expr *a = logical(r);
        if (!a) return NULL;
        bool fits = functions[k].argument == TYPE_VALUE ? is_value(a) : a->kind == EXPR_QUERY;
        if (!fits) return fault_at(r, here, "an argument that this function does not take");
        *(i ? &e->b : &e->a) = a;
    }
    blanks(r);
    if (at(r) != ')') return fault(r, "')' expected");
    r->p++;
    if (functions[k].n == 2 && !compile(r, e)) return NULL;
    return e;
}

/* A literal, a query or a call. */
static jsonpath_expr *operand(parser *r) {
    jsonpath_expr *e = literal(r);
    if (e || r->status != WEIR_OK) return e;
    if (at(r) != '@' && at(r) != '$') return call(r);
    e = make(r, sizeof *e);
    if (!e) return NULL;
    e->kind = EXPR_QUERY;
    e->query = query(r);
    return e->query ? e : NULL;
}

static bool comparison_op(parser *r, jsonpath_compare *op) {
    static const char *const texts[] = {"==", "!=", "<=", ">=", "<", ">"};
    static const jsonpath_compare ops[] = {COMPARE_EQ, COMPARE_NE, COMPARE_LE,
                                           COMPARE_GE, COMPARE_LT, COMPARE_GT};
    for (int i = 0; i < 6; i++) {
        if (!take(r, texts[i])) continue;
        *op = ops[i];
        return true;
    }
    return false;
}

/* One operand, or a comparison of two.  What stands alone is checked by who uses it. */
static jsonpath_expr *comparison(parser *r) {
    jsonpath_compare op;
    const char *begin = r->p;
    jsonpath_expr *a = operand(r);
    if (!a) return NULL;
    const char *here = r->p;
    blanks(r);
    if (!comparison_op(r, &op)) {
        r->p = here;
        return a;
    }
    blanks(r);
    const char *second = r->p;
    jsonpath_expr *b = operand(r);
    if (!b) return NULL;
    if (!is_value(a)) return fault_at(r, begin, "something that has no single value is compared");
    if (!is_value(b)) return fault_at(r, second, "something that has no single value is compared");
    jsonpath_expr *e = make(r, sizeof *e);
    if (!e) return NULL;
    *e = (jsonpath_expr){.kind = EXPR_COMPARE, .op = op, .a = a, .b = b};
    return e;
}

static jsonpath_expr *basic(parser *r) {
    bool no = at(r) == '!';
    const char *begin = r->p;
    jsonpath_expr *e;
    if (no) {
        r->p++;
        blanks(r);
    }
    if (at(r) == '(') {
        r->p++;
        blanks(r);
        const char *inner = r->p;
        e = logical(r);
        if (!e) return NULL;
        if (!is_test(e)) return fault_at(r, inner, "a value is no condition: compare it");
        blanks(r);
        if (at(r) != ')') return fault(r, "')' expected");
        r->p++;
        /* in brackets it is a condition, no value and no nodes any more */
        jsonpath_expr *wrapped = make(r, sizeof *wrapped);
        if (!wrapped) return NULL;
        *wrapped = (jsonpath_expr){.kind = EXPR_AND, .a = e};
        e = wrapped;
    } else {
        e = no ? operand(r) : comparison(r);
        if (!e) return NULL;
        if (no && !is_test(e)) return fault_at(r, begin, "a value is no condition: compare it");
    }
    if (!no) return e;
    jsonpath_expr *not = make(r, sizeof *not );
    if (not ) *not = (jsonpath_expr){.kind = EXPR_NOT, .a = e};
    return not ;
}

/* A chain of && (and: true) or ||. */
static jsonpath_expr *chain(parser *r, bool and) {
    const char *begin = r->p;
    jsonpath_expr *left = and? basic(r) : chain(r, true);
    while (left) {
        const char *here = r->p;
        blanks(r);
        if (!take(r, and? "&&" : "||")) {
            r->p = here;
            return left;
        }
        if (++r->operators > MAX_OPERATORS) return fault(r, "too many conditions");
        blanks(r);
        const char *second = r->p;
        jsonpath_expr *right = and? basic(r) : chain(r, true);
        if (!right) return NULL;
        if (!is_test(left)) return fault_at(r, begin, "a value is no condition: compare it");
        if (!is_test(right)) return fault_at(r, second, "a value is no condition: compare it");
        jsonpath_expr *e = make(r, sizeof *e);
        if (!e) return NULL;
        *e = (jsonpath_expr){.kind = and? EXPR_AND : EXPR_OR, .a = left, .b = right};
        left = e;
    }
    return NULL;
}

/* An expression that may also be a value: as an argument.  A filter wants a condition. */
static jsonpath_expr *logical(parser *r) {
    if (!enter(r)) return NULL;
    jsonpath_expr *e = chain(r, false);
    r->depth--;
    return e;
}

/* ---- the whole ----------------------------------------------------------------------------- */

static bool filters_are_tests(parser *r, const jsonpath_query *q);

/* Filters that are a lone value (`?1`, `?length(@)`) are found afterwards, all of them. */
static bool expr_is_sound(parser *r, const jsonpath_expr *e) {
    if (!e) return true;
    if (e->query && !filters_are_tests(r, e->query)) return false;
    return expr_is_sound(r, e->a) && expr_is_sound(r, e->b);
}

static bool filters_are_tests(parser *r, const jsonpath_query *q) {
    for (const jsonpath_segment *g = q->first; g; g = g->next) {
        for (const jsonpath_selector *s = g->first; s; s = s->next) {
            if (s->kind != SELECT_FILTER) continue;
            if (!is_test(s->filter))
                return fault_at(r, r->begin, "a filter is a value, no condition: compare it") !=
                       NULL;
            if (!expr_is_sound(r, s->filter)) return false;
        }
    }
    return true;
}

weir_status weir_jsonpath_new(const char *text, size_t n, weir_jsonpath **out, weir_error *err) {
    weir_jsonpath *path = weir_alloc_zero(1, sizeof *path);
    if (!path) return weir_error_nomem(err);
    parser r = {.path = path, .err = err};
    char *copy = weir_arena_strndup(&path->arena, text, n);
    if (!copy) {
        weir_jsonpath_free(path);
        return weir_error_nomem(err);
    }
    r.begin = r.p = copy;
    r.end = copy + n;
    if (n > WEIR_JSONPATH_MAX_BYTES)
        fault(&r, "more than 64 KiB");
    else if (!weir_utf8_valid(copy, n))
        fault(&r, "text that is not UTF-8");
    else if (at(&r) != '$')
        fault(&r, "'$' expected");
    else
        path->query = query(&r);
    if (r.status == WEIR_OK && r.p < r.end)
        fault(&r, weir_json_skip_space(r.p, r.end) == r.end ? "white space at the end"
                                                            : "'.', '[' or the end expected");
    if (r.status == WEIR_OK) (void)filters_are_tests(&r, path->query);
    if (r.status == WEIR_OK)
        *out = path;
    else
        weir_jsonpath_free(path);
    return r.status;
}

void weir_jsonpath_free(weir_jsonpath *path) {
    if (!path) return;
    for (jsonpath_pattern *p = path->patterns; p; p = p->next) weir_regex_free(p->regex);
    weir_arena_clear(&path->arena);
    weir_free(path);
}

/* ---- paths that can be followed while reading ---------------------------------------------- */

bool weir_jsonpath_is_singular(const weir_jsonpath *path) {
    return path->query->singular;
}

bool weir_jsonpath_steps(const weir_jsonpath *path, weir_jsonpath_step *steps, size_t max,
                         size_t *n) {
    size_t k = 0;
    for (const jsonpath_segment *g = path->query->first; g; g = g->next) {
        const jsonpath_selector *s = g->first;
        if (g->descend || s->next || k == max || s->kind == SELECT_FILTER) return false;
        bool back =
            s->start < 0 || (s->has_end && s->end < 0) || (s->kind == SELECT_SLICE && s->step < 1);
        if (back) return false;
        weir_jsonpath_step *step = &steps[k++];
        *step = (weir_jsonpath_step){.name = s->name, .every = 1};
        step->single = s->kind == SELECT_NAME || s->kind == SELECT_INDEX;
        step->kind = s->kind == SELECT_NAME    ? WEIR_JSONPATH_NAME
                     : s->kind == SELECT_EVERY ? WEIR_JSONPATH_EVERY
                                               : WEIR_JSONPATH_ITEMS;
        if (step->kind != WEIR_JSONPATH_ITEMS) continue;
        step->start = (uint64_t)s->start;
        step->end = s->kind == SELECT_INDEX ? step->start + 1
                    : s->has_end            ? (uint64_t)s->end
                                            : UINT64_MAX;
        if (s->kind == SELECT_SLICE) step->every = (uint64_t)s->step;
    }
    *n = k;
    return true;
}
