#include "validate/value_set.h"

#include "text/hash.h"

/* So many values are compared one by one without a branch: that is cheaper than a guess of the
 * processor about where a hash leads. */
#define SMALL_MAX 8

struct weir_value_set {
    weir_column *values;
    bool small; /* at most SMALL_MAX words or short texts: in words */
    uint64_t words[SMALL_MAX][2];
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

/* Unused places repeat the first value, so that the loop always has SMALL_MAX turns. */
static void fill_small(weir_value_set *s, const weir_column *values) {
    uint32_t n = values->length;
    s->small = n > 0 && n <= SMALL_MAX;
    for (uint32_t i = 0; s->small && i < SMALL_MAX; i++) {
        uint32_t row = i < n ? i : 0;
        if (weir_type_is_view(values->type)) {
            const weir_view *v = (const weir_view *)values->values + row;
            if (v->in.size > 12) s->small = false;
            memcpy(s->words[i], v->words, sizeof s->words[i]);
        } else if (is_word(values->type)) {
            s->words[i][0] = word_at(values, row);
            s->words[i][1] = 0;
        } else {
            s->small = false;
        }
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

static inline bool in_small(const weir_value_set *s, uint64_t a, uint64_t b) {
    uint32_t hit = 0;
    for (int i = 0; i < SMALL_MAX; i++) hit |= ((a ^ s->words[i][0]) | (b ^ s->words[i][1])) == 0;
    return hit;
}

/* Row by row, the bits of 64 rows in a register where all rows are asked for. */
#define FIND_SMALL(A, B)                                                                           \
    do {                                                                                           \
        uint32_t row = 0;                                                                          \
        for (; !rows.sel && row + 64 <= rows.n; row += 0) {                                        \
            uint64_t word = 0;                                                                     \
            for (uint32_t end = row + 64; row < end; row++)                                        \
                word |= (uint64_t)in_small(s, A, B) << (row & 63);                                 \
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
