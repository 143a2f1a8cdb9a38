/* Levels and values of a leaf, a window at a time. */
#include "format/parquet.h"

/* Copies values by their indices. */
static void gather(const uint8_t *from, uint32_t width, const uint32_t *indices, uint32_t n,
                   uint8_t *out) {
    if (width == 16) {
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + 16 * (size_t)i, from + 16 * (size_t)indices[i], 16);
    } else if (width == 8) {
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + 8 * (size_t)i, from + 8 * (size_t)indices[i], 8);
    } else if (width == 4) {
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + 4 * (size_t)i, from + 4 * (size_t)indices[i], 4);
    } else {
        for (uint32_t i = 0; i < n; i++)
            memcpy(out + (size_t)width * i, from + (size_t)width * indices[i], width);
    }
}

static weir_status too_few(const weir_parquet_leaf *l, weir_error *err) {
    return weir_error_set(
        err, WEIR_DATA, "column %s, page before byte %llu: it has fewer values than it says",
        l->node->name, (unsigned long long)(l->first_byte + (uint64_t)(l->p - l->begin)));
}

static weir_status read_indices(weir_parquet_leaf *l, uint32_t n, void *values, uint8_t *faults,
                                weir_parquet_got *got, weir_error *err) {
    if (weir_parquet_runs_u32(&l->values, l->indices, n) < n) return too_few(l, err);
    uint32_t most = 0;
    for (uint32_t i = 0; i < n; i++) most = l->indices[i] > most ? l->indices[i] : most;
    if (n && most >= l->n_dictionary)
        return weir_error_set(err, WEIR_DATA,
                              "column %s: value %u of a dictionary that has %u is referred to",
                              l->node->name, most, l->n_dictionary);
    if (n) gather(l->dictionary->data, l->width, l->indices, n, values);
    got->block = l->dictionary_bytes;
    if (!l->dictionary_faults) return WEIR_OK;
    for (uint32_t i = 0; i < n; i++) {
        faults[i] = l->dictionary_faults[l->indices[i]];
        got->faulty |= faults[i] != WEIR_PARQUET_FINE;
    }
    return WEIR_OK;
}

static weir_status read_fixed(weir_parquet_leaf *l, uint32_t n, void *values, uint8_t *faults,
                              weir_parquet_got *got, weir_error *err) {
    uint32_t size = weir_parquet_stored_bytes(l->node);
    if ((uint64_t)n * size > (uint64_t)(l->at_end - l->at)) return too_few(l, err);
    if (weir_parquet_is_bytes(l->node)) {
        weir_slice *s = values;
        for (uint32_t i = 0; i < n; i++)
            s[i] = (weir_slice){(const char *)l->at + (size_t)i * size, size};
        got->faulty = weir_parquet_convert_bytes(l->node, s, n, false, s, faults);
    } else {
        got->faulty = weir_parquet_convert_fixed(l->node, l->at, n, values, faults);
    }
    l->at += (size_t)n * size;
    return WEIR_OK;
}

static weir_status read_bytes(weir_parquet_leaf *l, uint32_t n, void *values, uint8_t *faults,
                              weir_parquet_got *got, weir_error *err) {
    weir_slice some[256], *s = values;
    bool numbers = !weir_parquet_is_bytes(l->node);
    if (!numbers) {
        if (!weir_parquet_walk(&l->at, l->at_end, n, s)) return too_few(l, err);
        got->faulty = weir_parquet_convert_bytes(l->node, s, n, l->ascii, s, faults);
        return WEIR_OK;
    }
    for (uint32_t i = 0; i < n; i += 256) {
        uint32_t k = n - i < 256 ? n - i : 256;
        if (!weir_parquet_walk(&l->at, l->at_end, k, some)) return too_few(l, err);
        got->faulty |= weir_parquet_convert_bytes(
            l->node, some, k, false, (uint8_t *)values + (size_t)i * l->width, faults + i);
    }
    return WEIR_OK;
}

static weir_status read_bits(weir_parquet_leaf *l, uint32_t n, uint8_t *out, weir_error *err) {
    if ((uint64_t)l->next + n > (uint64_t)(l->at_end - l->at) * 8) return too_few(l, err);
    for (uint32_t i = 0; i < n; i++, l->next++) out[i] = (l->at[l->next >> 3] >> (l->next & 7)) & 1;
    return WEIR_OK;
}

static weir_status read_values(weir_parquet_leaf *l, uint32_t n, void *values, uint8_t *faults,
                               weir_parquet_got *got, weir_error *err) {
    const weir_slice *s;
    got->values = n;
    got->block = l->joined ? l->joined : l->block;
    if (n == 0) return WEIR_OK;
    memset(faults, WEIR_PARQUET_FINE, n);
    switch ((weir_parquet_form)l->form) {
    case WEIR_PARQUET_FORM_INDICES: return read_indices(l, n, values, faults, got, err);
    case WEIR_PARQUET_FORM_FIXED: return read_fixed(l, n, values, faults, got, err);
    case WEIR_PARQUET_FORM_BYTES: return read_bytes(l, n, values, faults, got, err);
    case WEIR_PARQUET_FORM_BITS: return read_bits(l, n, values, err);
    case WEIR_PARQUET_FORM_RUNS:
        return weir_parquet_runs_u8(&l->values, values, n) < n ? too_few(l, err) : WEIR_OK;
    case WEIR_PARQUET_FORM_SLICES:
        if (n > l->n_spread - l->next) return too_few(l, err);
        s = (const weir_slice *)(const void *)l->spread->data + l->next;
        l->next += n;
        got->faulty = weir_parquet_convert_bytes(l->node, s, n, false, values, faults);
        return WEIR_OK;
    }
    return WEIR_OK;
}

/* n levels of one kind; false: there are fewer. */
static bool read_levels(weir_parquet_runs *runs, const uint8_t **old, uint32_t most, uint8_t *out,
                        uint32_t n) {
    if (*old) {
        memcpy(out, *old, n);
        *old += n;
    } else if (weir_parquet_runs_u8(runs, out, n) < n) {
        return false;
    }
    uint8_t highest = 0;
    for (uint32_t i = 0; i < n; i++) highest = out[i] > highest ? out[i] : highest;
    return highest <= most;
}

weir_status weir_parquet_leaf_read(weir_parquet_leaf *l, uint32_t max, uint8_t *defs, uint8_t *reps,
                                   void *values, uint8_t *faults, weir_parquet_got *got,
                                   weir_error *err) {
    const weir_parquet_node *node = l->node;
    weir_status status = WEIR_OK;
    *got = (weir_parquet_got){0};
    if (l->left == 0) WEIR_TRY(weir_parquet_leaf_load(l, err));
    uint32_t n = max < l->left ? max : l->left, present = n;
    if (n > WEIR_PARQUET_WINDOW) n = present = WEIR_PARQUET_WINDOW;
    if (node->rep && !read_levels(&l->reps, &l->rep_levels, node->rep, reps, n))
        WEIR_TRY(too_few(l, err));
    if (node->def) {
        if (!read_levels(&l->defs, &l->def_levels, node->def, defs, n)) WEIR_TRY(too_few(l, err));
        present = 0;
        for (uint32_t i = 0; i < n; i++) present += defs[i] == node->def;
    }
    got->levels = n;
    l->left -= n;
    WEIR_TRY(read_values(l, present, values, faults, got, err));
out:
    return status;
}
