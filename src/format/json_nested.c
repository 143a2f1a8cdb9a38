/* Texts of nested values -> list, struct and map columns.
 *
 * The hot loop has checked the texts' syntax and kept where they stand; here they are taken apart
 * again, by the column's type.  An element that does not fit becomes null and fails its record
 * under the path that leads to it: "items[2].price".
 */
#include <stdio.h>
#include <stdlib.h>

#include "format/json_decode.h"
#include "text/encode.h"

#define PATH_BYTES 200

/* One member of an object. */
typedef struct member {
    weir_slice name, key; /* unescaped; as written, with its quotes */
    const char *value, *end;
} member;

/* One target under way. */
typedef struct nest {
    weir_decoder *d;
    const weir_json_target *t;
    uint32_t row;
    bool failed; /* the row */
    char path[PATH_BYTES];
    weir_arena arena;            /* members of the objects of one row */
    weir_json_target scalars[8]; /* parsers by type */
    uint32_t n_scalars;
} nest;

static weir_status build(nest *b, weir_builder *to, const weir_type *type, const char *p,
                         const char *end, size_t path, weir_error *err);

/* ---- failures ------------------------------------------------------------------------------ */

static weir_status note_failure(nest *b, weir_slice token, const char *what, weir_error *err) {
    weir_failures *f = weir_json_failures(b->d);
    if (!f) return b->d->status;
    b->failed = true;
    return weir_failures_add(f, b->row, WEIR_JSON_STAGE, b->t->name, "type", err, "%s%s%.*s %s",
                             b->path, *b->path ? ": " : "", weir_clip(token), token.data, what);
}

static weir_status element_fails(nest *b, weir_builder *to, weir_slice token, const char *what,
                                 weir_error *err) {
    weir_status status = note_failure(b, token, what, err);
    return status == WEIR_OK ? weir_builder_null(to, true, err) : status;
}

static weir_status null_element(nest *b, weir_builder *to, bool not_null, weir_error *err) {
    weir_slice null = {"null", 4};
    if (not_null) return element_fails(b, to, null, "is not allowed here", err);
    return weir_builder_null(to, false, err);
}

/* ---- scalars ------------------------------------------------------------------------------- */

/* A target that only carries a type, for the parsers of scalars; valid until the next call. */
static weir_json_target *scalar_target(nest *b, const weir_type *type) {
    uint32_t i = 0;
    while (i < b->n_scalars && b->scalars[i].type != type) i++;
    if (i < b->n_scalars) return &b->scalars[i];
    if (i == 8) i = 0; /* more than 8 types in one column: rare enough to start over */
    weir_json_target *t = &b->scalars[i];
    memset(t, 0, sizeof *t);
    weir_arena none = {0};
    weir_field field = {.name = b->t->name, .type = type};
    weir_status ignored = weir_json_target_init(t, &field, NULL, &none, NULL);
    (void)ignored; /* fails for unknown zones only, which types do not have */
    weir_arena_clear(&none);
    if (i == b->n_scalars) b->n_scalars++;
    return t;
}

static weir_status put_binary(nest *b, weir_builder *to, const weir_json_scalar *s,
                              weir_error *err) {
    if (s->kind == WEIR_JSON_STRING) {
        char *bytes = weir_arena_alloc(&b->arena, s->text.size / 4 * 3 + 4);
        if (!bytes) return weir_error_nomem(err);
        size_t n = weir_base64_decode(s->text.data, s->text.size, WEIR_BASE64, bytes);
        if (n != SIZE_MAX) return weir_builder_bytes(to, bytes, n, err);
    }
    return element_fails(b, to, s->token, "is not a string in base64", err);
}

static weir_status build_scalar(nest *b, weir_builder *to, const weir_type *type, const char *p,
                                const char *end, weir_error *err) {
    union {
        uint8_t bytes[16];
        weir_int128 align;
    } value = {{0}};
    char buf[200];
    weir_json_scalar s;
    weir_slice all = {p, (size_t)(end - p)};
    if (*p == '{' || *p == '[') {
        snprintf(buf, sizeof buf, "is not %.120s", type->name);
        return element_fails(b, to, all, buf, err);
    }
    if (!weir_json_read_scalar(b->d, p, end, &s))
        return b->d->status != WEIR_OK ? b->d->status
                                       : weir_error_set(err, WEIR_INTERNAL, "a value changed");
    if (type->id == WEIR_STRING) return weir_builder_bytes(to, s.text.data, s.text.size, err);
    if (type->id == WEIR_BINARY) return put_binary(b, to, &s, err);
    if (weir_type_is_nested(type) || type->id == WEIR_NULL) {
        snprintf(buf, sizeof buf, "is not %.120s", type->name);
        return element_fails(b, to, all, buf, err);
    }
    weir_json_target *t = scalar_target(b, type);
    weir_num code = weir_json_parse_fixed(t, &s, value.bytes);
    if (code == WEIR_NUM_OK) return weir_builder_value(to, value.bytes, err);
    return element_fails(b, to, s.token, weir_json_reason(t, &s, code, buf, sizeof buf), err);
}

static weir_status put_single(nest *b, const char *p, const char *end, weir_buf *out,
                              const member **repeated, weir_error *err);

static weir_status build_json(nest *b, weir_builder *to, const char *p, const char *end,
                              weir_error *err) {
    size_t n = (size_t)(end - p);
    bool maybe = false;
    weir_status status = weir_json_may_repeat(b->d, p, end, &maybe, err);
    if (status != WEIR_OK) return status;
    if (maybe) {
        weir_buf text = {0};
        const member *repeated = NULL;
        status = put_single(b, p, end, &text, &repeated, err);
        if (status == WEIR_OK && repeated)
            status = element_fails(b, to, repeated->name, "stands twice in one object", err);
        else if (status == WEIR_OK)
            status = weir_builder_bytes(to, text.data, text.size, err);
        weir_buf_clear(&text);
        return status;
    }
    char *copy = weir_arena_alloc(&b->arena, n + 1);
    if (!copy) return weir_error_nomem(err);
    n = *p == '"' ? (memcpy(copy, p, n), n) : weir_json_compact(p, n, copy);
    return weir_builder_bytes(to, copy, n, err);
}

/* ---- containers ---------------------------------------------------------------------------- */

/* Appends to the path; returns the length to cut it back to. */
static void add_path(nest *b, size_t at, const char *name, int index) {
    if (at >= PATH_BYTES - 1) return;
    if (name)
        snprintf(b->path + at, PATH_BYTES - at, ".%.60s", name);
    else
        snprintf(b->path + at, PATH_BYTES - at, "[%d]", index);
}

static const char *skip(const char *p, const char *end) {
    const char *stop = weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL);
    return stop ? stop : end; /* the syntax was checked */
}

static weir_status build_list(nest *b, weir_builder *to, const weir_type *type, const char *p,
                              const char *end, size_t path, weir_error *err) {
    weir_status status = WEIR_OK;
    int index = 0;
    const weir_field *item = &type->fields[0];
    weir_builder *items = weir_builder_child(to, 0);
    for (p = weir_json_skip_space(p + 1, end); p < end && *p != ']';) {
        const char *stop = skip(p, end);
        add_path(b, path, NULL, index++);
        if (*p == 'n')
            WEIR_TRY(null_element(b, items, item->not_null, err));
        else
            WEIR_TRY(build(b, items, item->type, p, stop, strlen(b->path), err));
        b->path[path] = 0;
        p = weir_json_skip_space(stop, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
    status = weir_builder_close_row(to, err);
out:
    return status;
}

/* A value that is the only one of its list. */
static weir_status build_single(nest *b, weir_builder *to, const weir_type *type, const char *p,
                                const char *end, size_t path, weir_error *err) {
    weir_status status =
        build(b, weir_builder_child(to, 0), type->fields[0].type, p, end, path, err);
    return status == WEIR_OK ? weir_builder_close_row(to, err) : status;
}

/* The members of the object at p, in order.  Their names live in the arena. */
static weir_status read_members(nest *b, const char *p, const char *end, member **out, size_t *n,
                                weir_error *err) {
    size_t capacity = 0;
    member *list = NULL;
    *n = 0;
    for (p = weir_json_skip_space(p + 1, end); p < end && *p != '}';) {
        bool escaped = false;
        const char *stop = weir_json_string_end(p + 1, end, &escaped);
        if (!stop) return weir_error_set(err, WEIR_INTERNAL, "a value changed");
        if (*n == capacity) {
            capacity = capacity ? capacity * 2 : 8;
            member *more = weir_arena_zero(&b->arena, capacity, sizeof *more);
            if (!more) return weir_error_nomem(err);
            if (*n) memcpy(more, list, *n * sizeof *more);
            list = more;
        }
        member *m = &list[(*n)++];
        m->name = (weir_slice){p + 1, (size_t)(stop - p - 1)};
        m->key = (weir_slice){p, (size_t)(stop + 1 - p)};
        if (escaped) {
            char *text = weir_arena_alloc(&b->arena, m->name.size + 1);
            if (!text) return weir_error_nomem(err);
            ptrdiff_t size = weir_json_unescape(m->name.data, m->name.size, text, NULL);
            m->name = (weir_slice){text, size < 0 ? 0 : (size_t)size};
        }
        p = weir_json_skip_space(weir_json_skip_space(stop + 1, end) + 1, end);
        m->value = p;
        m->end = skip(p, end);
        p = weir_json_skip_space(m->end, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
    *out = list;
    return WEIR_OK;
}

static int by_name(const void *a, const void *b) {
    const member *x = *(member *const *)a, *y = *(member *const *)b;
    if (x->name.size != y->name.size) return x->name.size < y->name.size ? -1 : 1;
    int c = x->name.size ? memcmp(x->name.data, y->name.data, x->name.size) : 0;
    return c ? c : (x->value > y->value) - (x->value < y->value);
}

/* Sorts the members by name.  Names that stand twice: *repeated, or those that do not count get
 * value NULL and are in *left_out. */
static weir_status sort_members(nest *b, member *list, size_t n, member ***out,
                                const member **repeated, size_t *left_out, weir_error *err) {
    member **order = weir_arena_zero(&b->arena, n + 1, sizeof *order);
    if (!order) return weir_error_nomem(err);
    for (size_t i = 0; i < n; i++) order[i] = &list[i];
    if (n > 1) qsort(order, n, sizeof *order, by_name);
    *repeated = NULL;
    for (size_t i = 0; i + 1 < n; i++) {
        if (order[i]->name.size != order[i + 1]->name.size ||
            memcmp(order[i]->name.data, order[i + 1]->name.data, order[i]->name.size) != 0)
            continue;
        if (b->d->repeated_last)
            order[i]->value = NULL;
        else if (b->d->repeated_first)
            order[i + 1]->value = NULL;
        else
            *repeated = order[i + 1];
        *left_out += !*repeated;
    }
    b->d->repeats += *left_out;
    *out = order;
    return WEIR_OK;
}

/* The member that counts under a name: of equal ones the last or the first. */
static const member *find_member(member *const *order, size_t n, const char *name) {
    size_t low = 0, high = n, size = strlen(name); /* order[low - 1] <= name < order[low] */
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        weir_slice m = order[mid]->name;
        int c = m.size != size ? (m.size < size ? -1 : 1) : size ? memcmp(m.data, name, size) : 0;
        if (c <= 0)
            low = mid + 1;
        else
            high = mid;
    }
    while (low && !order[low - 1]->value && weir_slice_is(order[low - 1]->name, name)) low--;
    return low && weir_slice_is(order[low - 1]->name, name) ? order[low - 1] : NULL;
}

static weir_status build_struct(nest *b, weir_builder *to, const weir_type *type,
                                member *const *order, size_t n, size_t n_names, size_t path,
                                weir_error *err) {
    weir_status status = WEIR_OK;
    size_t known = 0;
    for (uint32_t i = 0; i < type->n_fields; i++) {
        const weir_field *f = &type->fields[i];
        weir_builder *child = weir_builder_child(to, i);
        const member *m = find_member(order, n, f->name);
        known += m != NULL;
        add_path(b, path, f->name, 0);
        if (!m || *m->value == 'n')
            WEIR_TRY(null_element(b, child, f->not_null, err));
        else
            WEIR_TRY(build(b, child, f->type, m->value, m->end, strlen(b->path), err));
        b->path[path] = 0;
    }
    if (b->d->reject_members && known < n_names) {
        weir_failures *f = weir_json_failures(b->d);
        if (!f) return b->d->status;
        b->failed = true;
        WEIR_TRY(weir_failures_add(f, b->row, WEIR_JSON_STAGE, b->t->name, "extra_columns", err,
                                   "%s%shas members that %.100s does not name", b->path,
                                   *b->path ? " " : "", type->name));
    }
    status = weir_builder_close_row(to, err);
out:
    return status;
}

/* A name is text: as such it may stand for a number, a date, ...  A key is never null, so a failing
 * one leaves a zero behind in its (void) row. */
static weir_status build_key(nest *b, weir_builder *keys, const weir_type *type, weir_slice name,
                             weir_error *err) {
    uint8_t bytes[16] __attribute__((aligned(16))) = {0};
    if (weir_type_is_view(type)) return weir_builder_bytes(keys, name.data, name.size, err);
    weir_json_scalar s = {.kind = WEIR_JSON_STRING, .token = name, .text = name};
    if (weir_json_parse_fixed(scalar_target(b, type), &s, bytes) != WEIR_NUM_OK) {
        weir_status status = note_failure(b, name, "is not a name of the key's type", err);
        if (status != WEIR_OK) return status;
    }
    return weir_builder_value(keys, bytes, err);
}

static weir_status build_map(nest *b, weir_builder *to, const weir_type *type, const member *list,
                             size_t n, size_t path, weir_error *err) {
    const weir_field *key = &type->fields[0], *value = &type->fields[1];
    weir_builder *keys = weir_builder_child(to, 0), *values = weir_builder_child(to, 1);
    weir_status status = WEIR_OK;
    for (size_t i = 0; i < n; i++) {
        const member *m = &list[i];
        if (!m->value) continue;
        char name[64];
        snprintf(name, sizeof name, "%.*s", (int)(m->name.size < 60 ? m->name.size : 60),
                 m->name.data);
        add_path(b, path, name, 0);
        WEIR_TRY(build_key(b, keys, key->type, m->name, err));
        if (*m->value == 'n')
            WEIR_TRY(null_element(b, values, value->not_null, err));
        else
            WEIR_TRY(build(b, values, value->type, m->value, m->end, strlen(b->path), err));
        b->path[path] = 0;
    }
    status = weir_builder_close_row(to, err);
out:
    return status;
}

static weir_status build_object(nest *b, weir_builder *to, const weir_type *type, const char *p,
                                const char *end, size_t path, weir_error *err) {
    member *list = NULL;
    member **order = NULL;
    const member *repeated = NULL;
    size_t n = 0, left_out = 0;
    weir_status status = WEIR_OK;
    WEIR_TRY(read_members(b, p, end, &list, &n, err));
    WEIR_TRY(sort_members(b, list, n, &order, &repeated, &left_out, err));
    if (repeated) return element_fails(b, to, repeated->name, "stands twice in one object", err);
    status = type->id == WEIR_STRUCT ? build_struct(b, to, type, order, n, n - left_out, path, err)
                                     : build_map(b, to, type, list, n, path, err);
out:
    return status;
}

static weir_status build(nest *b, weir_builder *to, const weir_type *type, const char *p,
                         const char *end, size_t path, weir_error *err) {
    if (type->id == WEIR_JSON) return build_json(b, to, p, end, err);
    if (*p == '[' && type->id == WEIR_LIST) return build_list(b, to, type, p, end, path, err);
    if (type->id == WEIR_LIST && b->d->single_lists)
        return build_single(b, to, type, p, end, path, err);
    if (*p == '{' && (type->id == WEIR_STRUCT || type->id == WEIR_MAP))
        return build_object(b, to, type, p, end, path, err);
    return build_scalar(b, to, type, p, end, err);
}

/* ---- names that stand twice in JSON text ----------------------------------------------------- */

static weir_status put_members(nest *b, const char *p, const char *end, weir_buf *out,
                               const member **repeated, weir_error *err) {
    member *list = NULL, **order = NULL;
    size_t n = 0, left_out = 0;
    const char *between = "";
    weir_status status = WEIR_OK;
    WEIR_TRY(read_members(b, p, end, &list, &n, err));
    WEIR_TRY(sort_members(b, list, n, &order, repeated, &left_out, err));
    if (!weir_buf_adds(out, "{")) return weir_error_nomem(err);
    for (size_t i = 0; i < n && !*repeated; i++) {
        if (!list[i].value) continue;
        if (!weir_buf_adds(out, between) ||
            !weir_buf_add(out, list[i].key.data, list[i].key.size) || !weir_buf_adds(out, ":"))
            return weir_error_nomem(err);
        between = ",";
        WEIR_TRY(put_single(b, list[i].value, list[i].end, out, repeated, err));
    }
    if (!weir_buf_adds(out, "}")) status = weir_error_nomem(err);
out:
    return status;
}

/* Adds the value at p without white space and without the members that do not count. */
static weir_status put_single(nest *b, const char *p, const char *end, weir_buf *out,
                              const member **repeated, weir_error *err) {
    weir_status status = WEIR_OK;
    if (*p == '{') return put_members(b, p, end, out, repeated, err);
    if (*p != '[') return weir_buf_add(out, p, (size_t)(end - p)) ? WEIR_OK : weir_error_nomem(err);
    const char *between = "[";
    for (p = weir_json_skip_space(p + 1, end); p < end && *p != ']' && !*repeated;) {
        const char *stop = skip(p, end);
        if (!weir_buf_adds(out, between)) return weir_error_nomem(err);
        between = ",";
        WEIR_TRY(put_single(b, p, stop, out, repeated, err));
        p = weir_json_skip_space(stop, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
    if (!weir_buf_adds(out, *between == '[' ? "[]" : "]")) status = weir_error_nomem(err);
out:
    return status;
}

weir_status weir_json_without_repeats(weir_decoder *d, const weir_json_target *t, weir_slice s,
                                      uint32_t row, weir_buf *out, bool *refused, weir_error *err) {
    nest b = {.d = d, .t = t, .row = row};
    const member *repeated = NULL;
    out->size = 0;
    weir_status status = put_single(&b, s.data, s.data + s.size, out, &repeated, err);
    *refused = repeated != NULL;
    weir_arena_clear(&b.arena);
    return status;
}

/* ---- the column ---------------------------------------------------------------------------- */

weir_status weir_json_build_nested(weir_decoder *d, weir_json_target *t, weir_error *err) {
    nest b = {.d = d, .t = t};
    weir_builder *builder = NULL;
    weir_column *made = NULL, *flat = t->column;
    weir_status status = WEIR_OK;
    uint64_t *failed = weir_alloc_zero(weir_bit_words(d->rows) + 1, sizeof *failed);
    if (!failed) return weir_error_nomem(err);
    WEIR_TRY(weir_builder_new(t->type, d->ctx->ledger, &builder, err));
    for (b.row = 0; b.row < d->rows; b.row++) {
        uint32_t begin = t->raw[2 * (size_t)b.row], end = t->raw[2 * (size_t)b.row + 1];
        bool poison = flat->poison && weir_bit_get(flat->poison, b.row);
        if (begin == end) {
            WEIR_TRY(weir_builder_null(builder, poison, err));
            continue;
        }
        b.failed = false;
        b.path[0] = 0;
        WEIR_TRY(build(&b, builder, t->type, d->block_data + begin, d->block_data + end, 0, err));
        if (b.failed) weir_bit_set(failed, b.row);
        weir_arena_reset(&b.arena);
    }
    WEIR_TRY(weir_builder_finish(builder, &made, err));
    for (uint32_t i = 0; i < d->rows; i++)
        if (weir_bit_get(failed, i))
            WEIR_TRY(weir_column_set_null(made, i, true, d->ctx->ledger, err));
    weir_column_release(t->column);
    t->column = made;
    made = NULL;
out:
    weir_column_release(made);
    weir_builder_free(builder);
    weir_arena_clear(&b.arena);
    weir_free(failed);
    return status;
}
