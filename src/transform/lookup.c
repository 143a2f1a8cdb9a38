#include "transform/lookup.h"

static bool any_null(const weir_column *const *columns, uint32_t n, uint32_t row) {
    for (uint32_t i = 0; i < n; i++)
        if (weir_column_is_null(columns[i], row)) return true;
    return false;
}

static bool same(const weir_lookup *l, uint32_t entry, const weir_column *const *fields,
                 uint32_t row) {
    for (uint32_t i = 0; i < l->n_keys; i++)
        if (!weir_column_equal(l->keys[i], entry, fields[i], row)) return false;
    return true;
}

/* The slot of the row's key: of an equal one, or free. */
static uint32_t probe(const weir_lookup *l, const weir_column *const *fields, uint32_t row,
                      uint64_t hash) {
    uint32_t at = (uint32_t)(hash ^ (hash >> 32)) & l->mask;
    while (l->slots[at] && !same(l, l->slots[at] - 1, fields, row)) at = (at + 1) & l->mask;
    return at;
}

static weir_status hash_all(const weir_column *const *columns, uint32_t n, weir_rows rows,
                            uint64_t *hashes, weir_error *err) {
    for (uint32_t k = 0; k < rows.n; k++) hashes[weir_rows_at(&rows, k)] = 0;
    for (uint32_t i = 0; i < n; i++)
        if (weir_hash_rows(columns[i], rows, hashes) != WEIR_OK) return weir_error_nomem(err);
    return WEIR_OK;
}

static weir_status fill(weir_lookup *l, weir_lookup_twice how, const uint64_t *hashes,
                        uint32_t *first, uint32_t *second) {
    const weir_column *const *keys = (const weir_column *const *)l->keys;
    for (uint32_t row = 0; row < l->n_rows; row++) {
        if (any_null(keys, l->n_keys, row)) continue;
        uint32_t at = probe(l, keys, row, hashes[row]);
        if (!l->slots[at] || how == WEIR_LOOKUP_LAST) {
            l->slots[at] = row + 1;
        } else if (how == WEIR_LOOKUP_ERROR) {
            *first = l->slots[at] - 1;
            *second = row;
            return WEIR_DATA;
        }
    }
    return WEIR_OK;
}

weir_status weir_lookup_init(weir_lookup *l, weir_column *const *keys, uint32_t n_keys,
                             uint32_t n_rows, weir_lookup_twice how, weir_ledger *ledger,
                             uint32_t *first, uint32_t *second, weir_error *err) {
    weir_status status = WEIR_OK;
    weir_block *hashes = NULL;
    size_t size = 16;
    *l = (weir_lookup){.n_keys = n_keys, .n_rows = n_rows};
    while (size < (size_t)n_rows * 2) size *= 2;
    l->mask = (uint32_t)(size - 1);
    l->keys = weir_alloc_zero((size_t)n_keys + 1, sizeof *l->keys);
    if (!l->keys) WEIR_TRY(weir_error_nomem(err));
    for (uint32_t i = 0; i < n_keys; i++) l->keys[i] = weir_column_retain(keys[i]);
    WEIR_TRY(weir_block_new(ledger, size * sizeof *l->slots, &l->block, err));
    l->slots = (uint32_t *)(void *)l->block->data;
    memset(l->slots, 0, size * sizeof *l->slots);
    WEIR_TRY(weir_block_new(ledger, ((size_t)n_rows + 1) * sizeof(uint64_t), &hashes, err));
    weir_rows all = {NULL, n_rows, n_rows};
    uint64_t *values = (uint64_t *)(void *)hashes->data;
    WEIR_TRY(hash_all((const weir_column *const *)keys, n_keys, all, values, err));
    status = fill(l, how, values, first, second);
out:
    weir_block_release(hashes);
    if (status != WEIR_OK) weir_lookup_clear(l);
    return status;
}

void weir_lookup_clear(weir_lookup *l) {
    for (uint32_t i = 0; l->keys && i < l->n_keys; i++) weir_column_release(l->keys[i]);
    weir_free(l->keys);
    weir_block_release(l->block);
    *l = (weir_lookup){0};
}

weir_status weir_lookup_find(const weir_lookup *l, const weir_column *const *fields, weir_rows rows,
                             uint64_t *hashes, uint32_t *found, weir_error *err) {
    weir_status status = hash_all(fields, l->n_keys, rows, hashes, err);
    if (status != WEIR_OK) return status;
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        if (any_null(fields, l->n_keys, row)) {
            found[row] = WEIR_LOOKUP_NULL;
            continue;
        }
        uint32_t slot = l->slots[probe(l, fields, row, hashes[row])];
        found[row] = slot ? slot - 1 : WEIR_LOOKUP_NONE;
    }
    return WEIR_OK;
}
