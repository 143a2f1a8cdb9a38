#include "validate/value_set.h"

#include "text/hash.h"

/* Up to SMALL_MAX words or short texts get a table of their own without collisions: one product,
 * one look, no branch that the processor would have to guess. */
#define SMALL_MAX 32
#define SMALL_SLOTS 256

struct weir_value_set {
    weir_column *values;
    bool small;
    uint64_t factor;                /* spreads the values so that no two share a slot */
    uint64_t words[SMALL_SLOTS][2]; /* empty slots hold a value that belongs to another one */
    uint32_t mask;
    uint32_t slots[]; /* number of a value + 1; 0 = empty */
};

/* Types whose values are 64-bit words or fewer and equal when their bits are. */
static bool is_word(const weir_type *t) {
    if (weir_type_is_integer(t) || t->id == WEIR_DATE || t->id == WEIR_TIME ||
        t->id == WEIR_TIMESTAMP || t->id == WEIR_TIMESTAMPTZ)
        return true;
    return t->id == WEIR_DECIMAL && t->width == 8;
}

static inline uint64_t word_at(const weir_column *c, uint32_t row) {
    switch (c->type->width) {
    case 1: return ((const uint8_t *)c->values)[row];
    case 2: return ((const uint16_t *)c->values)[row];
    case 4: return ((const uint32_t *)c->values)[row];
    default: return ((const uint64_t *)c->values)[row];
    }
}

static inline uint64_t hash_word(uint64_t w) {
    return (w * 0x9E3779B97F4A7C15ull) >> 32;
}

/* Short texts are their two words; of longer ones length, first four bytes and the whole. */
static inline uint64_t hash_view(const weir_column *c, const weir_view *v) {
    if (v->in.size <= 12) return hash_word(v->words[0] ^ v->words[1] * 0xD6E8FEB86659FD93ull);
    weir_slice s = weir_view_slice(c, v);
    return weir_hash_bytes(s.data, s.size, 0) >> 32;
}

static inline bool same_view(const weir_column *a, const weir_view *x, const weir_column *b,
                             const weir_view *y) {
    if (x->words[0] != y->words[0]) return false;
    if (x->in.size <= 12) return x->words[1] == y->words[1];
    return memcmp(weir_view_slice(a, x).data, weir_view_slice(b, y).data, x->in.size) == 0;
}

/* Hashes of all rows by the way of the set's type; hashes[row]. */
static weir_status hash_rows(const weir_column *c, weir_rows rows, uint64_t *hashes,
                             weir_error *err) {
    for (uint32_t k = 0; k < rows.n; k++) hashes[weir_rows_at(&rows, k)] = 0;
    return weir_hash_rows(c, rows, hashes) == WEIR_OK ? WEIR_OK : weir_error_nomem(err);
}

static inline uint32_t small_slot(uint64_t a, uint64_t b, uint64_t factor) {
    return (uint32_t)(((a ^ (b << 29 | b >> 35)) * factor) >> 56);
}
_Static_assert(SMALL_SLOTS == 256, "small_slot gives eight bits");

static bool small_words(const weir_column *values, uint32_t row, uint64_t w[2]) {
    if (weir_type_is_view(values->type)) {
        const weir_view *v = (const weir_view *)values->values + row;
        memcpy(w, v->words, sizeof v->words);
        return v->in.size <= 12;
    }
    w[0] = word_at(values, row);
    w[1] = 0;
    return is_word(values->type);
}

/* Whether no two different values share a slot. */
static bool spread(weir_value_set *s, const weir_column *values) {
    bool used[SMALL_SLOTS] = {false};
    for (uint32_t i = 0; i < values->length; i++) {
        uint64_t w[2];
        (void)small_words(values, i, w);
        uint32_t at = small_slot(w[0], w[1], s->factor);
        if (used[at] && (s->words[at][0] != w[0] || s->words[at][1] != w[1])) return false;
        used[at] = true;
        memcpy(s->words[at], w, sizeof w);
    }
    return true;
}

static void fill_small(weir_value_set *s, const weir_column *values) {
    uint64_t w[2];
    s->small = false;
    if (values->length == 0 || values->length > SMALL_MAX) return;
    for (uint32_t i = 0; i < values->length; i++)
        if (!small_words(values, i, w)) return;
    /* For 32 values one factor in eight serves; no luck in a thousand means none. */
    s->factor = 0x9E3779B97F4A7C15ull;
    for (int attempt = 0; attempt < 1000; attempt++) {
        (void)small_words(values, 0, w);
        for (int at = 0; at < SMALL_SLOTS; at++) memcpy(s->words[at], w, sizeof w);
        s->small = spread(s, values);
        if (s->small) return;
        s->factor = s->factor * 6364136223846793005ull + 1442695040888963407ull;
    }
}

weir_status weir_value_set_new(weir_column *values, weir_value_set **out, weir_error *err) {
    uint32_t slots = 8, n = values->length;
    while (slots < n * 2) slots *= 2;
    weir_value_set *s = weir_alloc(sizeof *s + slots * sizeof *s->slots);
    uint64_t *hashes = weir_alloc(((size_t)n + 1) * sizeof *hashes);
    weir_rows all = {NULL, n, n};
    weir_status status = s && hashes ? WEIR_OK : weir_error_nomem(err);
    bool views = weir_type_is_view(values->type);
    if (status == WEIR_OK && !views && !is_word(values->type))
        status = hash_rows(values, all, hashes, err);
    if (status != WEIR_OK) {
        weir_free(s);
        weir_free(hashes);
        return status;
    }
    memset(s->slots, 0, slots * sizeof *s->slots);
    s->mask = slots - 1;
    fill_small(s, values);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t h = views ? hash_view(values, (const weir_view *)values->values + i)
                     : is_word(values->type) ? hash_word(word_at(values, i))
                                             : hashes[i];
        uint32_t at = (uint32_t)h & s->mask;
        while (s->slots[at]) at = (at + 1) & s->mask;
        s->slots[at] = i + 1;
    }
    s->values = values;
    weir_free(hashes);
    *out = s;
    return WEIR_OK;
}

void weir_value_set_free(weir_value_set *s) {
    if (!s) return;
    weir_column_release(s->values);
    weir_free(s);
}

static inline uint64_t in_small(const weir_value_set *s, uint64_t a, uint64_t b) {
    const uint64_t *w = s->words[small_slot(a, b, s->factor)];
    return ((a ^ w[0]) | (b ^ w[1])) == 0;
}

/* Row by row, the bits of 64 rows in a register where all rows are asked for. */
#define FIND_SMALL(A, B)                                                                           \
    do {                                                                                           \
        uint32_t row = 0;                                                                          \
        for (; !rows.sel && row + 64 <= rows.n; row += 0) {                                        \
            uint64_t word = 0;                                                                     \
            for (uint32_t end = row + 64; row < end; row++)                                        \
                word |= in_small(s, A, B) << (row & 63);                                           \
            uint64_t asked = valid ? valid[(row >> 6) - 1] : ~0ull;                                \
            found[(row >> 6) - 1] = (found[(row >> 6) - 1] & ~asked) | (word & asked);             \
        }                                                                                          \
        for (uint32_t k = row; k < rows.n; k++) {                                                  \
            row = weir_rows_at(&rows, k);                                                          \
            if (valid && !weir_bit_get(valid, row)) continue;                                      \
            uint64_t bit = 1ull << (row & 63);                                                     \
            found[row >> 6] = in_small(s, A, B) ? found[row >> 6] | bit : found[row >> 6] & ~bit;  \
        }                                                                                          \
    } while (0)

#define PROBE(HASH, SAME)                                                                          \
    do {                                                                                           \
        for (uint32_t k = 0; k < rows.n; k++) {                                                    \
            uint32_t row = weir_rows_at(&rows, k);                                                 \
            if (valid && !weir_bit_get(valid, row)) continue;                                      \
            uint32_t at = (uint32_t)(HASH)&s->mask;                                                \
            bool hit = false;                                                                      \
            for (uint32_t i; (i = s->slots[at]) != 0; at = (at + 1) & s->mask)                     \
                if (SAME) {                                                                        \
                    hit = true;                                                                    \
                    break;                                                                         \
                }                                                                                  \
            uint64_t bit = 1ull << (row & 63);                                                     \
            found[row >> 6] = hit ? found[row >> 6] | bit : found[row >> 6] & ~bit;                \
        }                                                                                          \
    } while (0)

weir_status weir_value_set_find(const weir_value_set *s, const weir_column *c, weir_rows rows,
                                uint64_t *found, weir_error *err) {
    const uint64_t *valid = c->validity;
    const weir_column *v = s->values;
    if (s->small) {
        const weir_view *views = c->values;
        if (weir_type_is_view(c->type))
            FIND_SMALL(views[row].words[0], views[row].words[1]);
        else
            FIND_SMALL(word_at(c, row), 0);
        return WEIR_OK;
    }
    if (weir_type_is_view(c->type)) {
        const weir_view *views = c->values, *members = v->values;
        PROBE(hash_view(c, views + row), same_view(c, views + row, v, members + i - 1));
        return WEIR_OK;
    }
    if (is_word(c->type)) {
        PROBE(hash_word(word_at(c, row)), word_at(c, row) == word_at(v, i - 1));
        return WEIR_OK;
    }
    uint64_t *hashes = weir_alloc(((size_t)rows.length + 1) * sizeof *hashes);
    if (!hashes) return weir_error_nomem(err);
    weir_status status = hash_rows(c, rows, hashes, err);
    if (status == WEIR_OK) PROBE(hashes[row], weir_compare_values(c, row, v, i - 1) == 0);
    weir_free(hashes);
    return status;
}
