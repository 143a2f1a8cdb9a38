/* x in (constants): a small scan or a hash table. */
#include "expr/bind.h"
#include "text/hash.h"

enum { SCAN_MAX = 8 };

typedef struct set_state {
    uint32_t n;      /* items that are not null */
    bool has_null;   /* then what is not found is null */
    uint32_t mask;   /* table size - 1 */
    uint64_t *table; /* integers: the values; texts: item number + 1 */
    uint8_t *used;   /* integers: which places are taken */
    int64_t *ints;
    const weir_column **columns; /* one row each */
    weir_view *views;
    weir_text_arg *texts;
} set_state;

static int64_t int_of(const weir_column *c, uint32_t slot) {
    switch (c->type->id) {
    case WEIR_INT8: return ((const int8_t *)c->values)[slot];
    case WEIR_INT16: return ((const int16_t *)c->values)[slot];
    case WEIR_DATE:
    case WEIR_INT32: return ((const int32_t *)c->values)[slot];
    case WEIR_UINT8: return ((const uint8_t *)c->values)[slot];
    case WEIR_UINT16: return ((const uint16_t *)c->values)[slot];
    case WEIR_UINT32: return ((const uint32_t *)c->values)[slot];
    default: return ((const int64_t *)c->values)[slot];
    }
}

static bool is_int_like(const weir_type *t) {
    return weir_type_is_integer(t) || t->id == WEIR_DATE || t->id == WEIR_TIME ||
           t->id == WEIR_TIMESTAMP || t->id == WEIR_TIMESTAMPTZ ||
           (t->id == WEIR_DECIMAL && t->width == 8);
}

static inline bool has_int(const set_state *s, int64_t v) {
    if (!s->table) {
        bool found = false;
        for (uint32_t i = 0; i < s->n; i++) found |= s->ints[i] == v;
        return found;
    }
    for (uint32_t h = (uint32_t)weir_hash_word((uint64_t)v, 0) & s->mask; s->used[h];
         h = (h + 1) & s->mask)
        if (s->table[h] == (uint64_t)v) return true;
    return false;
}

static weir_status not_found(weir_call *call, const set_state *s, weir_column *out, uint32_t row,
                             weir_error *err) {
    return s->has_null ? weir_call_null(call, out, row, err) : WEIR_OK;
}

static weir_status in_ints(weir_call *call, weir_column *out, weir_error *err) {
    const set_state *s = call->state;
    const weir_column *c = call->args[0];
    bool constant = c->encoding == WEIR_CONSTANT;
    WEIR_EACH_ROW(row) {
        if (has_int(s, int_of(c, constant ? 0 : row))) {
            weir_bit_set((uint64_t *)out->values, row);
            continue;
        }
        weir_status status = not_found(call, s, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static bool has_text(const set_state *s, const weir_text_arg *a, const weir_view *v) {
    if (!s->table) {
        for (uint32_t i = 0; i < s->n; i++) {
            const weir_view *w = &s->views[i];
            if (w->words[0] != v->words[0]) continue;
            if (v->in.size <= 12 ? w->words[1] == v->words[1]
                                 : memcmp(weir_view_slice(s->texts[i].base, w).data,
                                          weir_view_slice(a->base, v).data, v->in.size) == 0)
                return true;
        }
        return false;
    }
    weir_slice t = weir_view_slice(a->base, v);
    for (uint32_t h = (uint32_t)weir_hash_bytes(t.data, t.size, 0) & s->mask; s->table[h];
         h = (h + 1) & s->mask) {
        uint32_t i = (uint32_t)s->table[h] - 1;
        weir_slice item = weir_view_slice(s->texts[i].base, &s->views[i]);
        if (item.size == t.size && memcmp(item.data, t.data, t.size) == 0) return true;
    }
    return false;
}

static weir_status in_texts(weir_call *call, weir_column *out, weir_error *err) {
    const set_state *s = call->state;
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    WEIR_EACH_ROW(row) {
        if (has_text(s, &a, weir_text_view(&a, row))) {
            weir_bit_set((uint64_t *)out->values, row);
            continue;
        }
        weir_status status = not_found(call, s, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

static weir_status in_any(weir_call *call, weir_column *out, weir_error *err) {
    const set_state *s = call->state;
    WEIR_EACH_ROW(row) {
        bool found = false;
        for (uint32_t i = 0; i < s->n && !found; i++)
            found = weir_compare_values(call->args[0], row, s->columns[i], 0) == 0;
        if (found) {
            weir_bit_set((uint64_t *)out->values, row);
            continue;
        }
        weir_status status = not_found(call, s, out, row, err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* A hash table over the items; without it (few items) they are scanned. */
static bool make_table(weir_binder *b, set_state *s, bool ints) {
    if (s->n <= SCAN_MAX) return true;
    uint32_t size = 16;
    while (size < s->n * 2) size *= 2;
    s->mask = size - 1;
    s->used = weir_arena_zero(b->arena, size, 1);
    s->table = weir_arena_zero(b->arena, size, sizeof *s->table);
    if (!s->used || !s->table) return false;
    for (uint32_t i = 0; i < s->n; i++) {
        uint32_t h;
        if (ints) {
            h = (uint32_t)weir_hash_word((uint64_t)s->ints[i], 0) & s->mask;
            while (s->used[h]) h = (h + 1) & s->mask;
            s->table[h] = (uint64_t)s->ints[i];
        } else {
            weir_slice t = weir_view_slice(s->texts[i].base, &s->views[i]);
            h = (uint32_t)weir_hash_bytes(t.data, t.size, 0) & s->mask;
            while (s->table[h]) h = (h + 1) & s->mask;
            s->table[h] = i + 1;
        }
        s->used[h] = 1;
    }
    return true;
}

weir_status weir_set_bind(weir_binder *b, const weir_expr *at, weir_bound *x, weir_bound **items,
                          uint32_t n, weir_bound **out, weir_error *err) {
    const weir_type *t = x->type;
    bool ints = is_int_like(t), texts = weir_type_is_view(t);
    set_state *s = weir_arena_zero(b->arena, 1, sizeof *s);
    weir_bound **args = weir_bind_args(b, 1);
    if (!s || !args) return weir_error_nomem(err);
    args[0] = x;
    s->ints = weir_arena_zero(b->arena, n, sizeof *s->ints);
    s->columns = weir_arena_zero(b->arena, n, sizeof *s->columns);
    s->views = weir_arena_zero(b->arena, n, sizeof *s->views);
    s->texts = weir_arena_zero(b->arena, n, sizeof *s->texts);
    if (!s->ints || !s->columns || !s->views || !s->texts) return weir_error_nomem(err);
    for (uint32_t i = 0; i < n; i++) {
        const weir_column *c = items[i]->constant;
        if (weir_column_is_null(c, 0)) {
            s->has_null = true;
            continue;
        }
        s->columns[s->n] = c;
        if (ints) s->ints[s->n] = int_of(c, 0);
        if (texts) {
            s->texts[s->n] = weir_text_arg_of(c);
            s->views[s->n] = *(const weir_view *)c->values;
        }
        s->n++;
    }
    if ((ints || texts) && !make_table(b, s, ints)) return weir_error_nomem(err);
    return weir_bind_kernel(b, at, weir_type_of(WEIR_BOOL),
                            ints    ? in_ints
                            : texts ? in_texts
                                    : in_any,
                            0, s, args, 1, out, err);
}
