/* hash: one 64-bit hash a row, joined to what stands in hashes[] already. */
#include "text/hash.h"
#include "column/kernel_util.h"
#include "text/number.h"

#define NULL_HASH 0x6e756c6c6e756c6cull

static inline uint64_t hash_view(const weir_column *base, const weir_view *v) {
    if (v->in.size <= 12) return weir_hash_word(v->words[1], weir_hash_word(v->words[0], 1));
    weir_slice s = weir_view_slice(base, v);
    return weir_hash_bytes(s.data, s.size, 0);
}

/* -0 and 0 are equal, and so are all NaN. */
static inline uint64_t hash_double(double d) {
    uint64_t bits;
    if (d == 0) d = 0;
    memcpy(&bits, &d, sizeof bits);
    if (d != d) bits = 0x7FF8000000000000ull;
    return weir_hash_word(bits, 0);
}

static inline uint64_t hash_wide(weir_int128 v) {
    return weir_hash_word((uint64_t)v, weir_hash_word((uint64_t)(v >> 64), 2));
}

/* As weir_interval_compare has it: a month is 30 days, a day 24 hours. */
static uint64_t hash_interval(const weir_interval *v) {
    weir_int128 us = ((weir_int128)v->months * 30 + v->days) * WEIR_US_PER_DAY + v->micros;
    return hash_wide(us);
}

static uint64_t hash_value(const weir_column *c, uint32_t row);

static uint64_t hash_nested(const weir_column *base, uint32_t slot) {
    uint64_t h = 3;
    if (base->type->id == WEIR_STRUCT) {
        for (uint32_t i = 0; i < base->n_children; i++)
            h = weir_hash_combine(h, hash_value(base->children[i], slot));
        return h;
    }
    const int32_t *offsets = base->values;
    for (int32_t i = offsets[slot]; i < offsets[slot + 1]; i++)
        for (uint32_t child = 0; child < base->n_children; child++)
            h = weir_hash_combine(h, hash_value(base->children[child], (uint32_t)i));
    return h;
}

#define AT(TYPE) (((const TYPE *)base->values)[slot])

/* The value at a slot that is not null. */
static inline uint64_t hash_slot(const weir_column *base, uint32_t slot) {
    switch (base->type->id) {
    case WEIR_NULL:
    case WEIR_TYPE_COUNT: return NULL_HASH;
    case WEIR_BOOL: return weir_hash_word(weir_bit_get(base->values, slot), 0);
    case WEIR_INT8: return weir_hash_word((uint64_t)(int64_t)AT(int8_t), 0);
    case WEIR_INT16: return weir_hash_word((uint64_t)(int64_t)AT(int16_t), 0);
    case WEIR_DATE:
    case WEIR_INT32: return weir_hash_word((uint64_t)(int64_t)AT(int32_t), 0);
    case WEIR_TIME:
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
    case WEIR_INT64:
    case WEIR_UINT64: return weir_hash_word(AT(uint64_t), 0);
    case WEIR_UINT8: return weir_hash_word(AT(uint8_t), 0);
    case WEIR_UINT16: return weir_hash_word(AT(uint16_t), 0);
    case WEIR_UINT32: return weir_hash_word(AT(uint32_t), 0);
    case WEIR_FLOAT32: return hash_double((double)AT(float));
    case WEIR_FLOAT64: return hash_double(AT(double));
    case WEIR_DECIMAL:
        if (base->type->width == 8) return weir_hash_word(AT(uint64_t), 0);
        return hash_wide(AT(weir_int128));
    case WEIR_INTERVAL: return hash_interval(&AT(weir_interval));
    case WEIR_UUID: {
        weir_int128 wide;
        memcpy(&wide, (const uint8_t *)base->values + (size_t)slot * 16, sizeof wide);
        return hash_wide(wide);
    }
    case WEIR_STRING:
    case WEIR_BINARY:
    case WEIR_JSON: return hash_view(base, &AT(weir_view));
    case WEIR_LIST:
    case WEIR_STRUCT:
    case WEIR_MAP: return hash_nested(base, slot);
    }
    return 0;
}

static uint64_t hash_value(const weir_column *c, uint32_t row) {
    if (weir_column_is_null(c, row)) return NULL_HASH;
    return hash_slot(weir_column_base(c), weir_column_slot(c, row));
}

/* The loop with the type known: id is a constant in each use, so that the switch goes away. */
#define HASH_LOOP(COLUMN, HASH)                                                                    \
    do {                                                                                           \
        const uint64_t *valid = (COLUMN)->validity;                                                \
        for (uint32_t k = 0; k < rows.n; k++) {                                                    \
            uint32_t row = weir_rows_at(&rows, k);                                                 \
            bool null = valid && !weir_bit_get(valid, row);                                        \
            hashes[row] = weir_hash_combine(hashes[row], null ? NULL_HASH : (HASH));               \
        }                                                                                          \
    } while (0)

static void hash_plain(const weir_column *c, weir_rows rows, uint64_t *hashes) {
    switch (c->type->id) {
    case WEIR_TIME:
    case WEIR_TIMESTAMP:
    case WEIR_TIMESTAMPTZ:
    case WEIR_UINT64:
    case WEIR_INT64: HASH_LOOP(c, weir_hash_word(((const uint64_t *)c->values)[row], 0)); break;
    case WEIR_DATE:
    case WEIR_INT32:
        HASH_LOOP(c, weir_hash_word((uint64_t)(int64_t)((const int32_t *)c->values)[row], 0));
        break;
    case WEIR_STRING:
    case WEIR_BINARY:
    case WEIR_JSON: HASH_LOOP(c, hash_view(c, (const weir_view *)c->values + row)); break;
    default: HASH_LOOP(c, hash_slot(c, row)); break;
    }
}

static weir_status hash_dictionary(const weir_column *c, weir_rows rows, uint64_t *hashes) {
    const weir_column *d = c->dictionary;
    if (!weir_dictionary_pays(c, &rows)) {
        HASH_LOOP(c, hash_slot(d, (uint32_t)c->indices[row]));
        return WEIR_OK;
    }
    uint64_t *of = weir_alloc(((size_t)d->length + 1) * sizeof *of);
    if (!of) return WEIR_RESOURCE;
    for (uint32_t i = 0; i < d->length; i++) of[i] = hash_slot(d, i);
    HASH_LOOP(c, of[c->indices[row]]);
    weir_free(of);
    return WEIR_OK;
}

weir_status weir_hash_rows(const weir_column *c, weir_rows rows, uint64_t *hashes) {
    if (c->encoding == WEIR_DICTIONARY) return hash_dictionary(c, rows, hashes);
    if (c->encoding == WEIR_PLAIN && c->type->id != WEIR_NULL) {
        hash_plain(c, rows, hashes);
        return WEIR_OK;
    }
    uint64_t h = c->length ? hash_value(c, 0) : NULL_HASH;
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        hashes[row] = weir_hash_combine(hashes[row], h);
    }
    return WEIR_OK;
}
