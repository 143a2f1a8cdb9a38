/* The shape of nested values. */
#include "format/shape.h"

#include <stdlib.h>

#include "text/jsonpath.h"
#include "text/number.h"

#define PARTS_HARD_MAX ((size_t)1 << 20) /* while gathering: about 100 MiB */

/* What stood at a place; bits. */
enum {
    SAW_NULL = 1,
    SAW_BOOL = 2,
    SAW_NUMBER = 4,
    SAW_TEXT = 8,
    SAW_OBJECT = 16,
    SAW_ARRAY = 32,
    SAW_ODD = 64 /* what only json can hold */
};

typedef struct part part;
typedef struct member {
    weir_slice name;
    uint64_t place; /* the first */
    part *value;
} member;

struct part {
    uint8_t saw;
    bool not_int64, not_float64, exponent;
    int whole, fraction; /* digits of numbers without exponent */
    uint32_t n, capacity, hint;
    member *members;
    part *item;
};

struct weir_shape {
    weir_arena arena;
    size_t parts;
    bool too_large;
    weir_buf name;
    part root;
};

static part *new_part(weir_shape *s) {
    if (s->parts >= PARTS_HARD_MAX) return NULL;
    s->parts++;
    return weir_arena_zero(&s->arena, 1, sizeof(part));
}

/* ---- numbers ------------------------------------------------------------------------------- */

bool weir_is_exact_double(weir_slice s) {
    char text[WEIR_NUM_DOUBLE_MAX];
    size_t digits = 0;
    double v;
    bool exponent = false, begun = false;
    for (size_t k = 0; k < s.size; k++) {
        exponent |= (s.data[k] | 32) == 'e';
        begun |= s.data[k] > '0' && s.data[k] <= '9';
        digits += !exponent && begun && s.data[k] >= '0' && s.data[k] <= '9';
    }
    if (digits <= 15 && !exponent) return true; /* a float64 keeps any 15 digits */
    if (weir_num_parse_double(s.data, s.size, 0, &v) != WEIR_NUM_OK) return false;
    size_t n = weir_num_format_double(v, text);
    return weir_json_number_compare(s, (weir_slice){text, n}) == 0;
}

static void add_number(part *p, weir_slice s) {
    weir_num_shape shape;
    int64_t v;
    p->saw |= SAW_NUMBER;
    if (!weir_is_exact_double(s)) p->not_float64 = true;
    if (weir_num_measure(s.data, s.size, &shape) != WEIR_NUM_OK) {
        p->saw |= SAW_ODD;
        return;
    }
    if (shape.exponent) {
        p->exponent = p->not_int64 = true;
        return;
    }
    if (shape.point || weir_num_parse_int64(s.data, s.size, &v) != WEIR_NUM_OK) p->not_int64 = true;
    if (shape.whole > p->whole) p->whole = shape.whole;
    if (shape.fraction > p->fraction) p->fraction = shape.fraction;
}

static weir_status number_type(const part *p, const weir_type **out, weir_error *err) {
    *out = weir_type_of(WEIR_INT64);
    if (!p->not_int64) return WEIR_OK;
    int digits = p->whole + p->fraction;
    if (!p->exponent && digits <= WEIR_DECIMAL_MAX_PRECISION)
        return weir_type_decimal(digits ? digits : 1, p->fraction, out, err);
    *out = weir_type_of(p->not_float64 || !p->exponent ? WEIR_JSON : WEIR_FLOAT64);
    return WEIR_OK;
}

/* ---- members ------------------------------------------------------------------------------- */

static bool is_name(weir_slice a, weir_slice b) {
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

/* The member of that name, made when it is new.  NULL with WEIR_OK: p is odd from now on. */
static weir_status member_of(weir_shape *s, part *p, weir_slice name, uint64_t place, member **out,
                             weir_error *err) {
    *out = NULL;
    for (uint32_t k = 0; k < p->n; k++) { /* names mostly come in the same order */
        uint32_t at = p->hint + k < p->n ? p->hint + k : p->hint + k - p->n;
        if (!is_name(p->members[at].name, name)) continue;
        p->hint = at + 1 < p->n ? at + 1 : 0;
        *out = &p->members[at];
        if (place < (*out)->place) (*out)->place = place;
        return WEIR_OK;
    }
    bool odd = p->n == WEIR_SHAPE_MAX_MEMBERS || (name.size && memchr(name.data, 0, name.size));
    if (!odd && s->parts >= PARTS_HARD_MAX) s->too_large = odd = true;
    if (odd) {
        p->saw |= SAW_ODD;
        return WEIR_OK;
    }
    if (p->n == p->capacity) {
        uint32_t capacity = p->capacity ? p->capacity * 2 : 8;
        member *more = weir_arena_zero(&s->arena, capacity, sizeof *more);
        if (!more) return weir_error_nomem(err);
        if (p->n) memcpy(more, p->members, p->n * sizeof *more);
        p->members = more;
        p->capacity = capacity;
    }
    char *copy = weir_arena_strndup(&s->arena, name.data, name.size);
    part *value = new_part(s);
    if (!copy || !value) return weir_error_nomem(err);
    p->members[p->n] = (member){{copy, name.size}, place, value};
    *out = &p->members[p->n++];
    p->hint = 0;
    return WEIR_OK;
}

static weir_status item_of(weir_shape *s, part *p, weir_error *err) {
    if (p->item) return WEIR_OK;
    if (s->parts >= PARTS_HARD_MAX) {
        s->too_large = true;
        p->saw |= SAW_ODD;
        return WEIR_OK;
    }
    p->item = new_part(s);
    return p->item ? WEIR_OK : weir_error_nomem(err);
}

/* ---- values -------------------------------------------------------------------------------- */

typedef struct reading {
    weir_shape *shape;
    weir_json_reader reader;
    uint64_t place;
    weir_error *err;
} reading;

static weir_status name_of(reading *r, const weir_json_token *t, weir_slice *out) {
    weir_buf *b = &r->shape->name;
    *out = (weir_slice){t->begin, t->size};
    if (!t->escaped) return WEIR_OK;
    b->size = 0;
    if (!weir_buf_reserve(b, t->size + 1)) return weir_error_nomem(r->err);
    ptrdiff_t n = weir_json_unescape(t->begin, t->size, b->data, NULL);
    *out = (weir_slice){b->data, n < 0 ? 0 : (size_t)n};
    return WEIR_OK;
}

/* The value whose first token is t; depth of p. */
static weir_status add_value(reading *r, part *p, const weir_json_token *t, uint32_t depth) {
    static const uint8_t saw[] = {SAW_NULL, SAW_BOOL,  SAW_BOOL,  SAW_NUMBER,
                                  SAW_TEXT, SAW_ARRAY, SAW_OBJECT};
    weir_status status = WEIR_OK;
    weir_json_token inner;
    if (t->kind == WEIR_JSON_NUMBER) add_number(p, (weir_slice){t->begin, t->size});
    p->saw |= saw[t->kind];
    if (t->event != WEIR_JSON_AT_OPEN) return WEIR_OK;
    if (depth == WEIR_SHAPE_MAX_DEPTH) p->saw |= SAW_ODD;
    if (p->saw & SAW_ODD) return weir_json_reader_skip(&r->reader, NULL, r->err);
    for (;;) {
        WEIR_TRY(weir_json_next(&r->reader, &inner, r->err));
        if (inner.event == WEIR_JSON_AT_CLOSE) return WEIR_OK;
        part *value = NULL;
        if (inner.event == WEIR_JSON_AT_KEY) {
            weir_slice name;
            member *m;
            WEIR_TRY(name_of(r, &inner, &name));
            uint64_t place = r->place + (uint64_t)(inner.begin - r->reader.begin);
            WEIR_TRY(member_of(r->shape, p, name, place, &m, r->err));
            if (m) value = m->value;
            if (!m) {
                WEIR_TRY(weir_json_reader_skip(&r->reader, NULL, r->err));
                continue;
            }
            WEIR_TRY(weir_json_next(&r->reader, &inner, r->err));
        } else {
            WEIR_TRY(item_of(r->shape, p, r->err));
            value = p->item;
        }
        if (value)
            WEIR_TRY(add_value(r, value, &inner, depth + 1));
        else if (inner.event == WEIR_JSON_AT_OPEN)
            WEIR_TRY(weir_json_reader_skip(&r->reader, NULL, r->err));
    }
out:
    return status;
}

static weir_status make(weir_shape **shape, weir_error *err) {
    if (!*shape) *shape = weir_alloc_zero(1, sizeof **shape);
    return *shape ? WEIR_OK : weir_error_nomem(err);
}

weir_status weir_shape_add(weir_shape **shape, weir_slice text, uint64_t place, weir_error *err) {
    weir_json_token t;
    weir_status status = WEIR_OK;
    WEIR_TRY(make(shape, err));
    reading r = {.shape = *shape, .place = place, .err = err};
    if ((*shape)->too_large) return WEIR_OK;
    WEIR_TRY(weir_json_reader_init(&r.reader, text.data, text.size, WEIR_JSON_DEPTH_MAX, err));
    WEIR_TRY(weir_json_next(&r.reader, &t, err));
    status = add_value(&r, &(*shape)->root, &t, 0);
out:
    return status;
}

/* ---- merging ------------------------------------------------------------------------------- */

static weir_status merge_part(weir_shape *s, part *to, const part *from, weir_error *err) {
    weir_status status = WEIR_OK;
    to->saw |= from->saw;
    to->not_int64 |= from->not_int64;
    to->not_float64 |= from->not_float64;
    to->exponent |= from->exponent;
    if (from->whole > to->whole) to->whole = from->whole;
    if (from->fraction > to->fraction) to->fraction = from->fraction;
    for (uint32_t k = 0; k < from->n; k++) {
        const member *f = &from->members[k];
        member *m;
        WEIR_TRY(member_of(s, to, f->name, f->place, &m, err));
        if (m) WEIR_TRY(merge_part(s, m->value, f->value, err));
    }
    if (from->item) WEIR_TRY(item_of(s, to, err));
    if (from->item && to->item) WEIR_TRY(merge_part(s, to->item, from->item, err));
out:
    return status;
}

weir_status weir_shape_merge(weir_shape **into, const weir_shape *from, weir_error *err) {
    if (!from) return WEIR_OK;
    weir_status status = make(into, err);
    if (status != WEIR_OK) return status;
    (*into)->too_large |= from->too_large;
    return merge_part(*into, &(*into)->root, &from->root, err);
}

/* ---- the type ------------------------------------------------------------------------------ */

static int by_place(const void *a, const void *b) {
    const member *x = a, *y = b;
    return (x->place > y->place) - (x->place < y->place);
}

/* A struct, list or decimal that the table of types has no room for is json. */
static weir_status or_json(weir_status status, const weir_type **out, weir_error *err) {
    if (status == WEIR_OK || status == WEIR_RESOURCE) return status;
    if (err) memset(err, 0, sizeof *err);
    *out = weir_type_of(WEIR_JSON);
    return WEIR_OK;
}

static weir_status type_of(const part *p, size_t *parts, const weir_type **out, weir_error *err);

static weir_status struct_of(const part *p, size_t *parts, const weir_type **out, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_field *fields = weir_alloc_zero(p->n, sizeof *fields);
    member *order = weir_alloc_zero(p->n, sizeof *order);
    if (!fields || !order) WEIR_TRY(weir_error_nomem(err));
    memcpy(order, p->members, p->n * sizeof *order);
    qsort(order, p->n, sizeof *order, by_place);
    for (uint32_t k = 0; k < p->n; k++) {
        fields[k].name = order[k].name.data;
        WEIR_TRY(type_of(order[k].value, parts, &fields[k].type, err));
    }
    status = or_json(weir_type_struct(fields, p->n, out, err), out, err);
out:
    weir_free(fields);
    weir_free(order);
    return status;
}

static weir_status type_of(const part *p, size_t *parts, const weir_type **out, weir_error *err) {
    uint8_t kind = p->saw & (uint8_t)~SAW_NULL;
    weir_status status = WEIR_OK;
    ++*parts;
    switch (kind) {
    case SAW_BOOL: *out = weir_type_of(WEIR_BOOL); break;
    case SAW_TEXT: *out = weir_type_of(WEIR_STRING); break;
    case SAW_NUMBER: return number_type(p, out, err);
    case SAW_OBJECT:
        if (p->n) return struct_of(p, parts, out, err);
        *out = weir_type_of(WEIR_JSON);
        break;
    case SAW_ARRAY: {
        const weir_type *item = weir_type_of(WEIR_JSON); /* no array had an element */
        if (p->item) WEIR_TRY(type_of(p->item, parts, &item, err));
        return or_json(weir_type_list(item, out, err), out, err);
    }
    default: *out = weir_type_of(WEIR_JSON); /* nothing but nulls, or this and that */
    }
out:
    return status;
}

weir_status weir_shape_type(const weir_shape *shape, const weir_type **out, weir_error *err) {
    size_t parts = 0;
    weir_status status = WEIR_OK;
    const weir_type *type = weir_type_of(WEIR_JSON);
    if (!shape->too_large) WEIR_TRY(type_of(&shape->root, &parts, &type, err));
    *out = parts > WEIR_SHAPE_MAX_PARTS ? weir_type_of(WEIR_JSON) : type;
out:
    return status;
}

void weir_shape_free(weir_shape *shape) {
    if (!shape) return;
    weir_arena_clear(&shape->arena);
    weir_buf_clear(&shape->name);
    weir_free(shape);
}
