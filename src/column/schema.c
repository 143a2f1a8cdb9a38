/* Schemas: fields with an index by name.  One allocation holds the struct's arrays and the names.
 */
#include "base/distance.h"
#include "column/type.h"

static uint32_t hash_name(const char *s, size_t n) {
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < n; i++) h = (h ^ (uint8_t)s[i]) * 16777619u;
    return h ^ h >> 15;
}

/* Fills the index; the number of the first duplicate field, or n. */
static uint32_t build_index(weir_schema *s) {
    for (uint32_t i = 0; i < s->n_fields; i++) {
        const char *name = s->fields[i].name;
        uint32_t slot = hash_name(name, strlen(name)) & s->index_mask;
        while (s->index[slot]) {
            if (strcmp(s->fields[s->index[slot] - 1].name, name) == 0) return i;
            slot = (slot + 1) & s->index_mask;
        }
        s->index[slot] = i + 1;
    }
    return s->n_fields;
}

weir_status weir_schema_new(const weir_field *fields, uint32_t n, weir_schema **out,
                            weir_error *err) {
    if (n > WEIR_TYPE_MAX_FIELDS)
        return weir_error_set(err, WEIR_DATA, "a record has %u columns, more than %d", n,
                              WEIR_TYPE_MAX_FIELDS);
    uint32_t slots = 8;
    while (slots < n * 2) slots *= 2;
    size_t names = 0;
    for (uint32_t i = 0; i < n; i++) names += strlen(fields[i].name) + 1;
    size_t bytes = sizeof(weir_schema) + n * sizeof(weir_field) + slots * sizeof(uint32_t) + names;
    weir_schema *s = weir_alloc(bytes);
    if (!s) return weir_error_nomem(err);
    memset(s, 0, bytes);
    atomic_init(&s->refs, 1);
    s->n_fields = n;
    s->fields = (weir_field *)(void *)(s + 1);
    s->index = (uint32_t *)(void *)(s->fields + n);
    s->index_mask = slots - 1;
    char *text = (char *)(s->index + slots);
    for (uint32_t i = 0; i < n; i++) {
        size_t size = strlen(fields[i].name) + 1;
        s->fields[i] = fields[i];
        s->fields[i].name = memcpy(text, fields[i].name, size);
        text += size;
    }
    uint32_t duplicate = build_index(s);
    if (duplicate < n) {
        weir_status status = weir_error_set(err, WEIR_DATA, "two columns are called '%.100s'",
                                            fields[duplicate].name);
        weir_error_hint(err, "give one of them another name");
        weir_free(s);
        return status;
    }
    *out = s;
    return WEIR_OK;
}

weir_schema *weir_schema_retain(weir_schema *s) {
    if (s) atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void weir_schema_release(weir_schema *s) {
    if (s && atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) == 1) weir_free(s);
}

int weir_schema_find(const weir_schema *s, const char *name, size_t name_size) {
    uint32_t slot = hash_name(name, name_size) & s->index_mask;
    while (s->index[slot]) {
        const char *have = s->fields[s->index[slot] - 1].name;
        /* strncmp first: it stops at have's end, so strlen never runs past it. */
        if (strncmp(have, name, name_size) == 0 && have[name_size] == 0)
            return (int)s->index[slot] - 1;
        slot = (slot + 1) & s->index_mask;
    }
    return -1;
}

bool weir_schema_equal(const weir_schema *a, const weir_schema *b) {
    if (a == b) return true;
    if (a->n_fields != b->n_fields) return false;
    for (uint32_t i = 0; i < a->n_fields; i++) {
        const weir_field *x = &a->fields[i], *y = &b->fields[i];
        if (x->type != y->type || x->not_null != y->not_null || strcmp(x->name, y->name) != 0)
            return false;
    }
    return true;
}

const char *weir_schema_nearest(const weir_schema *s, const char *name) {
    size_t n = strlen(name);
    int limit = n <= 4 ? 1 : n <= 8 ? 2 : 3;
    const char *best = NULL;
    for (uint32_t i = 0; i < s->n_fields && limit >= 0; i++) {
        const char *have = s->fields[i].name;
        int d = weir_distance(name, n, have, strlen(have), limit);
        if (d > limit) continue;
        best = have;
        limit = d - 1;
    }
    return best;
}
