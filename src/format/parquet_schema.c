/* The tree of columns, and the types of weir they have (LogicalTypes.md, with its rules for lists
 * and maps of older writers). */
#include "format/parquet.h"

typedef struct building {
    const weir_parquet_meta *m;
    weir_arena *arena;
    uint32_t at; /* next element */
    uint32_t leaves;
    uint32_t depth;
} building;

/* Levels of the node above. */
typedef struct levels {
    uint32_t def, rep;
} levels;

static weir_status build(building *b, levels l, weir_parquet_node *out, weir_error *err);

static weir_status wrong(const weir_parquet_element *e, const char *what, weir_error *err) {
    return weir_error_set(err, WEIR_DATA, "column %.*s: %s", weir_clip(e->name), e->name.data,
                          what);
}

static const char *name_of(building *b, const weir_parquet_element *e) {
    return weir_arena_strndup(b->arena, e->name.data ? e->name.data : "", e->name.size);
}

/* ---- leaves -------------------------------------------------------------------------------- */

static weir_status decimal_type(const weir_parquet_element *e, weir_parquet_node *n,
                                weir_error *err) {
    int32_t most = e->physical == WEIR_PARQUET_INT32   ? 9
                   : e->physical == WEIR_PARQUET_INT64 ? 18
                                                       : WEIR_DECIMAL_MAX_PRECISION;
    n->convert = e->physical == WEIR_PARQUET_INT32   ? WEIR_PARQUET_NUMBER32
                 : e->physical == WEIR_PARQUET_INT64 ? WEIR_PARQUET_NUMBER64
                                                     : WEIR_PARQUET_NUMBER;
    if (e->precision > most && e->precision <= 18 && most < 18) most = 18; /* some writers do */
    if (e->precision < 1 || e->scale < 0 || e->scale > e->precision)
        return wrong(e, "its precision and scale make no decimal", err);
    if (e->precision > most) {
        if (most == WEIR_DECIMAL_MAX_PRECISION)
            return wrong(e, "a decimal of more than 38 digits is not read", err);
        return wrong(e, "its decimal has more digits than its numbers hold", err);
    }
    return weir_type_decimal(e->precision, e->scale, &n->type, err);
}

static void integer_type(const weir_parquet_element *e, weir_parquet_node *n) {
    static const weir_type_id ids[2][4] = {{WEIR_UINT8, WEIR_UINT16, WEIR_UINT32, WEIR_UINT64},
                                           {WEIR_INT8, WEIR_INT16, WEIR_INT32, WEIR_INT64}};
    unsigned k = e->bits == 8 ? 0 : e->bits == 16 ? 1 : e->bits == 32 ? 2 : 3;
    bool wide = e->physical == WEIR_PARQUET_INT64;
    if (wide != (k == 3)) { /* says less or more than it stores */
        n->type = weir_type_of(wide ? WEIR_INT64 : WEIR_INT32);
        n->convert = WEIR_PARQUET_SAME;
        return;
    }
    n->type = weir_type_of(ids[e->is_signed][k]);
    n->convert = k < 2 ? WEIR_PARQUET_NARROW : WEIR_PARQUET_SAME;
}

/* Times and timestamps are microseconds here. */
static weir_status moment_type(const weir_parquet_element *e, weir_parquet_node *n,
                               weir_error *err) {
    bool time = e->meaning == WEIR_PARQUET_TIME, narrow = e->physical == WEIR_PARQUET_INT32;
    n->type = weir_type_of(time ? WEIR_TIME : e->utc ? WEIR_TIMESTAMPTZ : WEIR_TIMESTAMP);
    switch (e->unit) {
    case WEIR_PARQUET_MILLIS:
        n->convert = narrow ? WEIR_PARQUET_WIDEN_TIMES : WEIR_PARQUET_TIMES;
        break;
    case WEIR_PARQUET_MICROS: n->convert = narrow ? WEIR_PARQUET_WIDEN : WEIR_PARQUET_SAME; break;
    case WEIR_PARQUET_NANOS:
        if (narrow) return wrong(e, "nanoseconds do not fit its numbers", err);
        n->convert = WEIR_PARQUET_THROUGH;
        break;
    default: return wrong(e, "its unit of time is not known", err);
    }
    return WEIR_OK;
}

static void bytes_type(const weir_parquet_element *e, weir_parquet_node *n) {
    n->convert = WEIR_PARQUET_RAW;
    n->type = weir_type_of(WEIR_BINARY);
    if (e->meaning == WEIR_PARQUET_STRING || e->meaning == WEIR_PARQUET_ENUM) {
        n->convert = WEIR_PARQUET_TEXT;
        n->type = weir_type_of(WEIR_STRING);
    } else if (e->meaning == WEIR_PARQUET_JSON) {
        n->convert = WEIR_PARQUET_TEXT;
        n->type = weir_type_of(WEIR_JSON);
    } else if (e->physical != WEIR_PARQUET_FIXED) {
        return;
    } else if (e->meaning == WEIR_PARQUET_UUID && e->length == 16) {
        n->convert = WEIR_PARQUET_SAME;
        n->type = weir_type_of(WEIR_UUID);
    } else if (e->meaning == WEIR_PARQUET_FLOAT16 && e->length == 2) {
        n->convert = WEIR_PARQUET_HALF;
        n->type = weir_type_of(WEIR_FLOAT32);
    } else if (e->meaning == WEIR_PARQUET_INTERVAL && e->length == 12) {
        n->convert = WEIR_PARQUET_SPAN;
        n->type = weir_type_of(WEIR_INTERVAL);
    }
}

static weir_status leaf_type(const weir_parquet_element *e, weir_parquet_node *n, weir_error *err) {
    bool narrow = e->physical == WEIR_PARQUET_INT32, wide = e->physical == WEIR_PARQUET_INT64;
    bool bytes = e->physical == WEIR_PARQUET_BYTES || e->physical == WEIR_PARQUET_FIXED;
    if (e->physical < 0 || e->physical > WEIR_PARQUET_FIXED)
        return wrong(e, "its physical type is not known", err);
    if (e->physical == WEIR_PARQUET_FIXED && (e->length < 0 || e->length > (1 << 20)))
        return wrong(e, "the length of its values makes no sense", err);
    if (e->meaning == WEIR_PARQUET_DECIMAL && (narrow || wide || bytes))
        return decimal_type(e, n, err);
    if (e->meaning == WEIR_PARQUET_INTEGER && (narrow || wide)) {
        integer_type(e, n);
        return WEIR_OK;
    }
    bool moment = (e->meaning == WEIR_PARQUET_TIME && (narrow || wide)) ||
                  (e->meaning == WEIR_PARQUET_TIMESTAMP && wide);
    if (moment) return moment_type(e, n, err);
    if (bytes) {
        bytes_type(e, n);
        return WEIR_OK;
    }
    static const weir_type_id plain[] = {WEIR_BOOL,      WEIR_INT32,   WEIR_INT64,
                                         WEIR_TIMESTAMP, WEIR_FLOAT32, WEIR_FLOAT64};
    n->type = weir_type_of(plain[e->physical]);
    n->convert = e->physical == WEIR_PARQUET_BOOLEAN ? WEIR_PARQUET_BITS
                 : e->physical == WEIR_PARQUET_INT96 ? WEIR_PARQUET_STAMP96
                                                     : WEIR_PARQUET_SAME;
    if (e->meaning == WEIR_PARQUET_DATE && narrow) n->type = weir_type_of(WEIR_DATE);
    return WEIR_OK;
}

/* ---- groups -------------------------------------------------------------------------------- */

static weir_status struct_type(building *b, weir_parquet_node *n, weir_error *err) {
    weir_field *fields = weir_arena_zero(b->arena, n->n_children + 1u, sizeof *fields);
    if (!fields) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n->n_children; i++)
        fields[i] = (weir_field){n->children[i].name, n->children[i].type, false};
    return weir_type_struct(fields, n->n_children, &n->type, err);
}

static weir_status children_of(building *b, const weir_parquet_element *e, levels l,
                               weir_parquet_node *n, weir_error *err) {
    weir_status status = WEIR_OK;
    if (e->n_children < 1 || (uint32_t)e->n_children > b->m->n_elements - b->at)
        return wrong(e, "a group without the fields it promises", err);
    if (e->n_children > WEIR_TYPE_MAX_FIELDS) return wrong(e, "too many fields", err);
    n->n_children = (uint32_t)e->n_children;
    n->children = weir_arena_zero(b->arena, n->n_children, sizeof *n->children);
    if (!n->children) return weir_error_nomem(err);
    for (uint32_t i = 0; status == WEIR_OK && i < n->n_children; i++)
        status = build(b, l, &n->children[i], err);
    return status;
}

/* What a field is, without its repetition: leaf, list, map or struct. l: its levels. */
static weir_status build_content(building *b, const weir_parquet_element *e, levels l,
                                 weir_parquet_node *n, weir_error *err);

/* The item of a repeated field that stands for a list of its own. */
static weir_status build_item(building *b, const weir_parquet_element *e, levels l,
                              weir_parquet_node *n, weir_error *err) {
    n->name = "item";
    n->first_leaf = b->leaves;
    weir_status status = build_content(b, e, l, n, err);
    n->n_leaves = b->leaves - n->first_leaf;
    return status;
}

/* A list around one item; the item is built by whoever calls. */
static weir_status begin_list(building *b, levels *l, weir_parquet_node *n, weir_error *err) {
    n->kind = WEIR_PARQUET_LISTS;
    n->n_children = 1;
    n->children = weir_arena_zero(b->arena, 1, sizeof *n->children);
    if (!n->children) return weir_error_nomem(err);
    l->def++;
    l->rep++;
    if (l->def > WEIR_PARQUET_MAX_LEVEL) return weir_error_set(err, WEIR_DATA, "too deeply nested");
    n->item_def = (uint8_t)l->def;
    n->item_rep = (uint8_t)l->rep;
    return WEIR_OK;
}

static bool ends_with_tuple(weir_slice name, const char *list) {
    size_t n = strlen(list);
    return name.size == n + 6 && memcmp(name.data, list, n) == 0 &&
           memcmp(name.data + n, "_tuple", 6) == 0;
}

/* A group that is called a list: its one field is repeated; whether that is the item itself or has
 * the item as its one field follows from older writers' ways. */
static weir_status build_list(building *b, levels l, weir_parquet_node *n, weir_error *err) {
    const weir_parquet_element *r = &b->m->elements[b->at], *child = r + 1;
    b->at++;
    weir_status status = begin_list(b, &l, n, err);
    if (status != WEIR_OK) return status;
    bool is_item = r->physical >= 0 || r->n_children != 1 || weir_slice_is(r->name, "array") ||
                   ends_with_tuple(r->name, n->name) || b->at >= b->m->n_elements ||
                   child->repetition == WEIR_PARQUET_REPEATED;
    if (is_item)
        status = build_item(b, r, l, n->children, err);
    else
        status = build(b, l, n->children, err);
    if (status != WEIR_OK) return status;
    return weir_type_list(n->children->type, &n->type, err);
}

static weir_status build_map(building *b, levels l, weir_parquet_node *n, weir_error *err) {
    const weir_parquet_element *r = &b->m->elements[b->at++];
    weir_status status = begin_list(b, &l, n, err);
    if (status == WEIR_OK) status = children_of(b, r, l, n, err);
    if (status != WEIR_OK) return status;
    n->kind = WEIR_PARQUET_MAPS;
    return weir_type_map(n->children[0].type, n->children[1].type, &n->type, err);
}

/* The one field of a group is a repeated one. */
static bool has_repeated(const building *b, const weir_parquet_element *e) {
    return e->n_children == 1 && b->at < b->m->n_elements &&
           b->m->elements[b->at].repetition == WEIR_PARQUET_REPEATED;
}

static weir_status build_content(building *b, const weir_parquet_element *e, levels l,
                                 weir_parquet_node *n, weir_error *err) {
    n->def = (uint8_t)l.def;
    n->rep = (uint8_t)l.rep;
    if (e->physical >= 0 && e->n_children == 0) {
        n->kind = WEIR_PARQUET_LEAF;
        n->physical = (uint8_t)e->physical;
        n->length = e->length;
        b->leaves++;
        return leaf_type(e, n, err);
    }
    if (e->meaning == WEIR_PARQUET_LIST && has_repeated(b, e)) return build_list(b, l, n, err);
    if (e->meaning == WEIR_PARQUET_MAP && has_repeated(b, e) &&
        b->m->elements[b->at].physical < 0 && b->m->elements[b->at].n_children == 2)
        return build_map(b, l, n, err);
    n->kind = WEIR_PARQUET_STRUCT;
    weir_status status = children_of(b, e, l, n, err);
    return status == WEIR_OK ? struct_type(b, n, err) : status;
}

static weir_status build(building *b, levels l, weir_parquet_node *n, weir_error *err) {
    if (b->at >= b->m->n_elements)
        return weir_error_set(err, WEIR_DATA, "the footer's schema ends too early");
    const weir_parquet_element *e = &b->m->elements[b->at++];
    if (b->depth >= WEIR_TYPE_MAX_DEPTH) return wrong(e, "nested too deeply", err);
    if (e->repetition < 0 || e->repetition > WEIR_PARQUET_REPEATED)
        return wrong(e, "its repetition is not known", err);
    b->depth++;
    n->name = name_of(b, e);
    if (!n->name) return weir_error_nomem(err);
    n->first_leaf = b->leaves;
    weir_status status;
    if (e->repetition == WEIR_PARQUET_REPEATED) { /* a list that nobody calls so */
        n->def = (uint8_t)l.def;
        n->rep = (uint8_t)l.rep;
        status = begin_list(b, &l, n, err);
        if (status == WEIR_OK) status = build_item(b, e, l, n->children, err);
        if (status == WEIR_OK) status = weir_type_list(n->children->type, &n->type, err);
    } else {
        n->optional = e->repetition == WEIR_PARQUET_OPTIONAL;
        l.def += n->optional;
        status = l.def > WEIR_PARQUET_MAX_LEVEL ? wrong(e, "nested too deeply", err)
                                                : build_content(b, e, l, n, err);
    }
    n->n_leaves = b->leaves - n->first_leaf;
    b->depth--;
    return status;
}

weir_status weir_parquet_schema_of(const weir_parquet_meta *m, weir_arena *arena,
                                   weir_parquet_schema *out, weir_error *err) {
    building b = {.m = m, .arena = arena, .at = 1};
    if (m->n_elements == 0 || m->elements[0].n_children < 0 ||
        (uint32_t)m->elements[0].n_children >= m->n_elements)
        return weir_error_set(err, WEIR_DATA, "the footer has no schema");
    uint32_t n = (uint32_t)m->elements[0].n_children;
    *out = (weir_parquet_schema){0};
    out->columns = weir_arena_zero(arena, n + 1u, sizeof *out->columns);
    if (!out->columns) return weir_error_nomem(err);
    weir_status status = WEIR_OK;
    for (uint32_t i = 0; status == WEIR_OK && i < n; i++)
        status = build(&b, (levels){0}, &out->columns[i], err);
    out->n_columns = n;
    out->n_leaves = b.leaves;
    return status;
}
