#include "transform/keys.h"

#include "text/hash.h"

typedef struct key {
    uint64_t hash;
    const char *data;
    uint32_t size, number;
} key;

struct weir_keys {
    weir_arena arena;
    weir_buf text;
    key *slots; /* open addressing; data NULL = free */
    size_t mask;
    uint32_t n;
};

weir_status weir_keys_new(weir_keys **out, weir_error *err) {
    weir_keys *k = weir_alloc_zero(1, sizeof *k);
    if (!k) return weir_error_nomem(err);
    k->mask = 255;
    k->arena.max_bytes = WEIR_KEYS_MAX_BYTES / 2;
    k->slots = weir_alloc_zero(k->mask + 1, sizeof *k->slots);
    if (!k->slots) {
        weir_keys_free(k);
        return weir_error_nomem(err);
    }
    *out = k;
    return WEIR_OK;
}

void weir_keys_free(weir_keys *k) {
    if (!k) return;
    weir_arena_clear(&k->arena);
    weir_buf_clear(&k->text);
    weir_free(k->slots);
    weir_free(k);
}

uint32_t weir_keys_count(const weir_keys *k) {
    return k->n;
}

static bool grow(weir_keys *k) {
    size_t n = (k->mask + 1) * 2;
    if (n * sizeof *k->slots > WEIR_KEYS_MAX_BYTES / 2) return false;
    key *slots = weir_alloc_zero(n, sizeof *slots);
    if (!slots) return false;
    for (size_t i = 0; i <= k->mask; i++) {
        if (!k->slots[i].data) continue;
        size_t at = k->slots[i].hash & (n - 1);
        while (slots[at].data) at = (at + 1) & (n - 1);
        slots[at] = k->slots[i];
    }
    weir_free(k->slots);
    k->slots = slots;
    k->mask = n - 1;
    return true;
}

/* Each value with its length in front, so that no two keys have one text. */
static bool write_key(weir_keys *k, const weir_batch *b, const uint32_t *columns, size_t n,
                      uint32_t row) {
    k->text.size = 0;
    for (size_t i = 0; i < n; i++) {
        const weir_column *c = b->columns[columns[i]];
        uint32_t size = UINT32_MAX;
        size_t at = k->text.size;
        if (!weir_buf_add(&k->text, (const char *)&size, sizeof size)) return false;
        if (weir_column_is_null(c, row)) continue;
        if (!weir_column_text(c, row, &k->text)) return false;
        size = (uint32_t)(k->text.size - at - sizeof size);
        memcpy(k->text.data + at, &size, sizeof size);
    }
    return true;
}

weir_status weir_keys_number(weir_keys *k, const weir_batch *b, const uint32_t *columns, size_t n,
                             uint32_t row, const char *what, uint32_t *number, weir_error *err) {
    if (!write_key(k, b, columns, n, row)) return weir_error_nomem(err);
    uint64_t hash = weir_hash_bytes(k->text.data, k->text.size, 0);
    size_t at = hash & k->mask;
    for (; k->slots[at].data; at = (at + 1) & k->mask) {
        const key *s = &k->slots[at];
        if (s->hash != hash || s->size != k->text.size) continue;
        if (memcmp(s->data, k->text.data, s->size) != 0) continue;
        *number = s->number;
        return WEIR_OK;
    }
    char *copy = weir_arena_strndup(&k->arena, k->text.data, k->text.size);
    bool room = copy && ((size_t)k->n * 2 <= k->mask || grow(k));
    if (!room) {
        weir_error_set(err, WEIR_RESOURCE, "%s: more than %u different keys do not fit in memory",
                       what, k->n);
        weir_error_hint(err, "name columns with fewer values in by:");
        return WEIR_RESOURCE;
    }
    at = hash & k->mask;
    while (k->slots[at].data) at = (at + 1) & k->mask;
    k->slots[at] = (key){hash, copy, (uint32_t)k->text.size, k->n};
    *number = k->n++;
    return WEIR_OK;
}
