/* Pages: their heads, checksums and levels, unpacked, and made ready to be read from. */
#include "format/parquet.h"
#include "text/hash.h"
#include "text/utf8.h"

/* Unpacked bytes that a page may claim beyond what its packed ones make likely. */
#define FREE_BYTES ((uint64_t)16 << 20)
#define MAX_RATIO 1000u

static weir_status bad_page(const weir_parquet_leaf *l, const uint8_t *at, weir_error *err,
                            const char *what) {
    return weir_error_set(err, WEIR_DATA, "column %s, page at byte %llu: %s", l->node->name,
                          (unsigned long long)(l->first_byte + (uint64_t)(at - l->begin)), what);
}

/* ---- unpacking ----------------------------------------------------------------------------- */

/* A block of the page's bytes behind `keep` bytes that are never packed (levels of version 2). */
static weir_status unpack(const weir_parquet_leaf *l, const weir_parquet_page *h,
                          const uint8_t *bytes, size_t keep, weir_block **out, weir_error *err) {
    size_t packed = (size_t)h->packed_bytes, unpacked = (size_t)h->unpacked_bytes;
    weir_packing packing = h->packed ? l->packing : WEIR_PACKING_NONE;
    weir_block *b = NULL;
    if (keep > packed || keep > unpacked)
        return bad_page(l, bytes, err, "its levels are longer than the page");
    if (unpacked > FREE_BYTES + (uint64_t)packed * MAX_RATIO)
        return bad_page(l, bytes, err, "it would unpack to far more than it holds");
    weir_status status = weir_block_new(l->ledger, unpacked, &b, err);
    if (status != WEIR_OK) {
        weir_error_hint(err, "a page of %zu bytes is unpacked as a whole: raise limits: memory",
                        unpacked);
        return status;
    }
    if (keep) memcpy(b->data, bytes, keep);
    /* an empty page of values may have no bytes at all */
    bool nothing = packed == keep && unpacked == keep;
    if (!nothing)
        status =
            weir_unpack(packing, bytes + keep, packed - keep, b->data + keep, unpacked - keep, err);
    if (status != WEIR_OK) {
        weir_block_release(b);
        if (err)
            weir_error_context(err, "reading the page of column %s at byte %llu", l->node->name,
                               (unsigned long long)(l->first_byte + (uint64_t)(bytes - l->begin)));
        return status;
    }
    b->size = unpacked;
    *out = b;
    return WEIR_OK;
}

/* ---- values that are spread out before they are read --------------------------------------- */

/* n whole numbers by their differences, as int32 or int64. */
static weir_status spread_deltas(weir_parquet_leaf *l, const uint8_t *p, size_t size, uint32_t n,
                                 weir_error *err) {
    weir_parquet_deltas d;
    uint32_t bytes = weir_parquet_stored_bytes(l->node), got = 0, k;
    uint64_t some[256];
    weir_parquet_deltas_init(&d, p, size);
    if (d.bad || d.total > n || (bytes != 4 && bytes != 8))
        return bad_page(l, l->p, err, "its differences are broken");
    weir_status status = weir_block_new(l->ledger, (size_t)d.total * bytes, &l->spread, err);
    if (status != WEIR_OK) return status;
    while ((k = weir_parquet_deltas_next(&d, some, 256)) > 0) {
        if (bytes == 8)
            memcpy(l->spread->data + (size_t)got * 8, some, k * sizeof *some);
        else
            for (uint32_t i = 0; i < k; i++) {
                uint32_t v = (uint32_t)some[i];
                memcpy(l->spread->data + (size_t)(got + i) * 4, &v, 4);
            }
        got += k;
    }
    if (d.bad) return bad_page(l, l->p, err, "its differences end too early");
    l->form = WEIR_PARQUET_FORM_FIXED;
    l->at = l->spread->data;
    l->at_end = l->at + (size_t)got * bytes;
    return WEIR_OK;
}

/* Byte k of all values, then byte k + 1 of all. */
static weir_status spread_split(weir_parquet_leaf *l, const uint8_t *p, size_t size,
                                weir_error *err) {
    uint32_t bytes = weir_parquet_stored_bytes(l->node);
    if (bytes == 0 || size % bytes)
        return bad_page(l, l->p, err, "its bytes do not come to whole values");
    size_t n = size / bytes;
    weir_status status = weir_block_new(l->ledger, size, &l->spread, err);
    if (status != WEIR_OK) return status;
    uint8_t *out = l->spread->data;
    for (uint32_t k = 0; k < bytes; k++)
        for (size_t i = 0; i < n; i++) out[i * bytes + k] = p[k * n + i];
    l->form = WEIR_PARQUET_FORM_FIXED;
    l->at = out;
    l->at_end = out + size;
    return WEIR_OK;
}

/* The lengths of n texts by their differences into slices without data; *p is moved behind them. */
static weir_status read_lengths(const weir_parquet_leaf *l, const uint8_t **p, const uint8_t *end,
                                weir_slice *out, uint32_t n, weir_error *err) {
    weir_parquet_deltas d;
    uint64_t some[256];
    uint32_t got = 0, k;
    weir_parquet_deltas_init(&d, *p, (size_t)(end - *p));
    if (d.bad || d.total != n) return bad_page(l, l->p, err, "its lengths are broken");
    while ((k = weir_parquet_deltas_next(&d, some, 256)) > 0) {
        for (uint32_t i = 0; i < k; i++) {
            if (some[i] > INT32_MAX) return bad_page(l, l->p, err, "a length is negative");
            out[got + i].size = (size_t)some[i];
        }
        got += k;
    }
    if (d.bad || got != n) return bad_page(l, l->p, err, "its lengths end too early");
    *p = weir_parquet_deltas_end(&d);
    return WEIR_OK;
}

/* How many lengths begin at p; no more than there are levels. */
static weir_status count_lengths(const weir_parquet_leaf *l, const uint8_t *p, const uint8_t *end,
                                 uint32_t most, uint32_t *out, weir_error *err) {
    weir_parquet_deltas d;
    weir_parquet_deltas_init(&d, p, (size_t)(end - p));
    if (d.bad || d.total > most) return bad_page(l, l->p, err, "its lengths are broken");
    *out = (uint32_t)d.total;
    return WEIR_OK;
}

static weir_status new_slices(weir_parquet_leaf *l, uint32_t n, weir_error *err) {
    weir_status status = weir_block_new(l->ledger, (size_t)n * sizeof(weir_slice), &l->spread, err);
    l->form = WEIR_PARQUET_FORM_SLICES;
    l->n_spread = n;
    return status;
}

static weir_status spread_delta_lengths(weir_parquet_leaf *l, const uint8_t *p, const uint8_t *end,
                                        uint32_t most, weir_error *err) {
    uint32_t n = 0;
    weir_status status = WEIR_OK;
    WEIR_TRY(count_lengths(l, p, end, most, &n, err));
    WEIR_TRY(new_slices(l, n, err));
    weir_slice *s = (weir_slice *)(void *)l->spread->data;
    WEIR_TRY(read_lengths(l, &p, end, s, n, err));
    for (uint32_t i = 0; i < n; i++) {
        if (s[i].size > (size_t)(end - p)) return bad_page(l, l->p, err, "its texts end too early");
        s[i].data = (const char *)p;
        p += s[i].size;
    }
out:
    return status;
}

/* Puts the texts together, in a block of their own: the page's still holds the levels. */
static weir_status join(weir_parquet_leaf *l, const weir_slice *prefixes, const uint8_t *p,
                        const uint8_t *end, uint32_t n, weir_error *err) {
    weir_slice *s = (weir_slice *)(void *)l->spread->data;
    uint64_t total = 0;
    weir_block *b = NULL;
    for (uint32_t i = 0; i < n; i++) total += prefixes[i].size + s[i].size;
    if (total > FREE_BYTES + (uint64_t)(end - p) * MAX_RATIO)
        return bad_page(l, l->p, err, "its texts come to far more than it holds");
    weir_status status = weir_block_new(l->ledger, (size_t)total, &b, err);
    if (status != WEIR_OK) return status;
    uint8_t *to = b->data;
    weir_slice last = {0};
    for (uint32_t i = 0; i < n; i++) {
        size_t prefix = prefixes[i].size, rest = s[i].size;
        if (prefix > last.size || rest > (size_t)(end - p)) {
            weir_block_release(b);
            return bad_page(l, l->p, err, "its texts are broken");
        }
        if (prefix) memcpy(to, last.data, prefix);
        if (rest) memcpy(to + prefix, p, rest);
        p += rest;
        last = s[i] = (weir_slice){(const char *)to, prefix + rest};
        to += prefix + rest;
    }
    b->size = (size_t)total;
    l->joined = b;
    return WEIR_OK;
}

static weir_status spread_delta_bytes(weir_parquet_leaf *l, const uint8_t *p, const uint8_t *end,
                                      uint32_t most, weir_error *err) {
    weir_block *prefixes = NULL;
    uint32_t n = 0;
    weir_status status = WEIR_OK;
    WEIR_TRY(count_lengths(l, p, end, most, &n, err));
    WEIR_TRY(weir_block_new(l->ledger, (size_t)n * sizeof(weir_slice), &prefixes, err));
    WEIR_TRY(new_slices(l, n, err));
    weir_slice *before = (weir_slice *)(void *)prefixes->data;
    weir_slice *s = (weir_slice *)(void *)l->spread->data;
    WEIR_TRY(read_lengths(l, &p, end, before, n, err));
    WEIR_TRY(read_lengths(l, &p, end, s, n, err));
    WEIR_TRY(join(l, before, p, end, n, err));
    uint32_t fixed = l->node->physical == WEIR_PARQUET_FIXED ? (uint32_t)l->node->length : 0;
    for (uint32_t i = 0; fixed && i < n; i++)
        if (s[i].size != fixed) WEIR_TRY(bad_page(l, l->p, err, "a value has another length"));
    if (fixed) { /* they stand one behind the other */
        l->form = WEIR_PARQUET_FORM_FIXED;
        l->at = l->joined->data;
        l->at_end = l->at + l->joined->size;
    }
out:
    weir_block_release(prefixes);
    return status;
}

/* ---- the values of a data page ------------------------------------------------------------- */

static weir_status begin_plain(weir_parquet_leaf *l, const uint8_t *p, const uint8_t *end) {
    l->at = p;
    l->at_end = end;
    l->next = 0;
    if (l->node->physical == WEIR_PARQUET_BOOLEAN) {
        l->form = WEIR_PARQUET_FORM_BITS;
    } else if (l->node->physical == WEIR_PARQUET_BYTES) {
        l->form = WEIR_PARQUET_FORM_BYTES;
        l->ascii = weir_utf8_is_ascii((const char *)p, (size_t)(end - p));
    } else {
        l->form = WEIR_PARQUET_FORM_FIXED;
    }
    return WEIR_OK;
}

static weir_status begin_indices(weir_parquet_leaf *l, const uint8_t *p, const uint8_t *end,
                                 weir_error *err) {
    l->form = WEIR_PARQUET_FORM_INDICES;
    if (p == end) { /* no values at all */
        weir_parquet_runs_init(&l->values, p, 0, 0);
        return WEIR_OK;
    }
    if (*p > 32) return bad_page(l, l->p, err, "its indices are too wide");
    if (!l->has_dictionary)
        return bad_page(l, l->p, err, "it wants a dictionary, and there is none");
    weir_parquet_runs_init(&l->values, p + 1, (size_t)(end - p - 1), *p);
    return WEIR_OK;
}

static weir_status begin_values(weir_parquet_leaf *l, int32_t encoding, const uint8_t *p,
                                const uint8_t *end, uint32_t n, weir_error *err) {
    uint32_t size = 0;
    bool bytes = l->node->physical == WEIR_PARQUET_BYTES;
    bool whole = l->node->physical == WEIR_PARQUET_INT32 || l->node->physical == WEIR_PARQUET_INT64;
    l->next = 0;
    l->ascii = false;
    switch (encoding) {
    case WEIR_PARQUET_ENC_PLAIN: return begin_plain(l, p, end);
    case WEIR_PARQUET_ENC_PLAIN_DICTIONARY:
    case WEIR_PARQUET_ENC_DICTIONARY: return begin_indices(l, p, end, err);
    case WEIR_PARQUET_ENC_RLE:
        if (l->node->physical != WEIR_PARQUET_BOOLEAN) break;
        if (end - p >= 4) memcpy(&size, p, 4);
        if (end - p < 4 || size > (size_t)(end - p - 4))
            return n && end > p ? bad_page(l, l->p, err, "its booleans end too early") : WEIR_OK;
        l->form = WEIR_PARQUET_FORM_RUNS;
        weir_parquet_runs_init(&l->values, p + 4, size, 1);
        return WEIR_OK;
    case WEIR_PARQUET_ENC_DELTA:
        if (!whole) break;
        return spread_deltas(l, p, (size_t)(end - p), n, err);
    case WEIR_PARQUET_ENC_DELTA_LENGTH:
        if (!bytes) break;
        return spread_delta_lengths(l, p, end, n, err);
    case WEIR_PARQUET_ENC_DELTA_BYTES:
        if (!bytes && l->node->physical != WEIR_PARQUET_FIXED) break;
        return spread_delta_bytes(l, p, end, n, err);
    case WEIR_PARQUET_ENC_SPLIT:
        if (bytes || l->node->physical == WEIR_PARQUET_BOOLEAN) break;
        return spread_split(l, p, (size_t)(end - p), err);
    default: break;
    }
    weir_error_set(err, WEIR_DATA, "column %s: the encoding %d of its values is not one for them",
                   l->node->name, encoding);
    return WEIR_DATA;
}

/* ---- levels -------------------------------------------------------------------------------- */

static uint32_t bits_of(uint32_t most) {
    return most ? 32u - (uint32_t)__builtin_clz(most) : 0;
}

/* The levels of version 1: their length, then runs; or, in the older packing, bits. */
static weir_status begin_levels(weir_parquet_leaf *l, int32_t encoding, uint32_t most,
                                const uint8_t **p, const uint8_t *end, uint32_t n, uint8_t *old,
                                weir_parquet_runs *runs, weir_error *err) {
    uint32_t width = bits_of(most), size;
    if (width == 0) return WEIR_OK;
    if (encoding == WEIR_PARQUET_ENC_BIT_PACKED) {
        uint64_t bytes = ((uint64_t)n * width + 7) / 8;
        if (bytes > (size_t)(end - *p) || !weir_parquet_high_bits(*p, (size_t)bytes, width, old, n))
            return bad_page(l, l->p, err, "its levels end too early");
        *p += bytes;
        return WEIR_OK;
    }
    if (encoding != WEIR_PARQUET_ENC_RLE)
        return bad_page(l, l->p, err, "the encoding of its levels is not known");
    if (end - *p < 4) return bad_page(l, l->p, err, "its levels end too early");
    memcpy(&size, *p, 4);
    *p += 4;
    if (size > (size_t)(end - *p)) return bad_page(l, l->p, err, "its levels end too early");
    weir_parquet_runs_init(runs, *p, size, width);
    *p += size;
    return WEIR_OK;
}

static weir_status load_v1(weir_parquet_leaf *l, const weir_parquet_page *h, weir_error *err) {
    const uint8_t *p = l->block->data, *end = p + l->block->size;
    uint32_t n = (uint32_t)h->n_values;
    uint8_t *old = NULL;
    weir_status status = WEIR_OK;
    bool old_reps = l->node->rep && h->rep_encoding == WEIR_PARQUET_ENC_BIT_PACKED;
    bool old_defs = l->node->def && h->def_encoding == WEIR_PARQUET_ENC_BIT_PACKED;
    if (old_reps || old_defs) {
        if ((uint64_t)n > l->block->size * 8)
            return bad_page(l, l->p, err, "its levels end too early");
        status = weir_block_new(l->ledger, (size_t)n * 2, &l->level_block, err);
        if (status != WEIR_OK) return status;
        old = l->level_block->data;
        if (old_reps) l->rep_levels = old;
        if (old_defs) l->def_levels = old + n;
    }
    WEIR_TRY(begin_levels(l, h->rep_encoding, l->node->rep, &p, end, n, old, &l->reps, err));
    WEIR_TRY(begin_levels(l, h->def_encoding, l->node->def, &p, end, n, old ? old + n : NULL,
                          &l->defs, err));
    WEIR_TRY(begin_values(l, h->encoding, p, end, n, err));
out:
    return status;
}

static weir_status load_v2(weir_parquet_leaf *l, const weir_parquet_page *h, weir_error *err) {
    const uint8_t *p = l->block->data, *end = p + l->block->size;
    size_t reps = (size_t)h->rep_bytes, defs = (size_t)h->def_bytes;
    weir_parquet_runs_init(&l->reps, p, reps, bits_of(l->node->rep));
    weir_parquet_runs_init(&l->defs, p + reps, defs, bits_of(l->node->def));
    return begin_values(l, h->encoding, p + reps + defs, end, (uint32_t)h->n_values, err);
}

static void drop_page(weir_parquet_leaf *l) {
    weir_block_release(l->block);
    weir_block_release(l->joined);
    weir_block_release(l->spread);
    weir_block_release(l->level_block);
    l->block = l->joined = l->spread = l->level_block = NULL;
    l->def_levels = l->rep_levels = NULL;
    l->left = 0;
}

static weir_status load_data(weir_parquet_leaf *l, const weir_parquet_page *h, const uint8_t *bytes,
                             weir_error *err) {
    bool v2 = h->kind == WEIR_PARQUET_DATA_PAGE_V2;
    size_t keep = v2 ? (size_t)h->def_bytes + (size_t)h->rep_bytes : 0;
    weir_status status = unpack(l, h, bytes, keep, &l->block, err);
    if (status == WEIR_OK) status = v2 ? load_v2(l, h, err) : load_v1(l, h, err);
    if (status != WEIR_OK) return status;
    l->left = (uint32_t)h->n_values;
    return WEIR_OK;
}

/* ---- the dictionary ------------------------------------------------------------------------ */

static weir_status load_dictionary(weir_parquet_leaf *l, const weir_parquet_page *h,
                                   const uint8_t *bytes, weir_error *err) {
    uint32_t n = (uint32_t)h->n_values, size = weir_parquet_stored_bytes(l->node);
    weir_block *slices = NULL;
    weir_status status = WEIR_OK;
    if (l->has_dictionary) return bad_page(l, bytes, err, "a second dictionary");
    if (l->node->physical == WEIR_PARQUET_BOOLEAN ||
        (h->encoding != WEIR_PARQUET_ENC_PLAIN && h->encoding != WEIR_PARQUET_ENC_PLAIN_DICTIONARY))
        return bad_page(l, bytes, err, "a dictionary in an encoding that is not known");
    WEIR_TRY(unpack(l, h, bytes, 0, &l->dictionary_bytes, err));
    const uint8_t *p = l->dictionary_bytes->data, *end = p + l->dictionary_bytes->size;
    bool walked = l->node->physical == WEIR_PARQUET_BYTES;
    if ((uint64_t)n * (walked ? 4 : size) > (uint64_t)(end - p))
        WEIR_TRY(bad_page(l, bytes, err, "its dictionary ends too early"));
    WEIR_TRY(weir_block_new(l->ledger, (size_t)n * (l->width + 1u), &l->dictionary, err));
    uint8_t *values = l->dictionary->data, *faults = values + (size_t)n * l->width;
    memset(faults, 0, n);
    bool faulty;
    if (walked || weir_parquet_is_bytes(l->node)) {
        WEIR_TRY(weir_block_new(l->ledger, (size_t)n * sizeof(weir_slice), &slices, err));
        weir_slice *s = (weir_slice *)(void *)slices->data;
        for (uint32_t i = 0; !walked && i < n; i++)
            s[i] = (weir_slice){(const char *)p + (size_t)i * size, size};
        if (walked && !weir_parquet_walk(&p, end, n, s))
            WEIR_TRY(bad_page(l, bytes, err, "its dictionary ends too early"));
        faulty = weir_parquet_convert_bytes(l->node, s, n, false, values, faults);
    } else {
        faulty = weir_parquet_convert_fixed(l->node, p, n, values, faults);
    }
    l->dictionary_faults = faulty ? faults : NULL;
    l->n_dictionary = n;
    l->has_dictionary = true;
out:
    weir_block_release(slices);
    return status;
}

/* ---- the next page ------------------------------------------------------------------------- */

static weir_status check_sum(const weir_parquet_leaf *l, const weir_parquet_page *h,
                             const uint8_t *bytes, weir_error *err) {
    if (!h->has_crc || weir_crc32(0, bytes, (size_t)h->packed_bytes) == h->crc) return WEIR_OK;
    bad_page(l, bytes, err, "its checksum is not that of its bytes");
    weir_error_hint(err, "the file was damaged; take it from where it came once more");
    return WEIR_DATA;
}

weir_status weir_parquet_leaf_load(weir_parquet_leaf *l, weir_error *err) {
    weir_status status = WEIR_OK;
    drop_page(l);
    while (status == WEIR_OK && l->left == 0) {
        weir_parquet_page h;
        bool more = false;
        if (l->p >= l->end) return bad_page(l, l->p, err, "the column ends before its rows do");
        WEIR_TRY(weir_parquet_page_head(l->p, (size_t)(l->end - l->p), &h, &more, err));
        if (more) return bad_page(l, l->p, err, "the head of a page is broken");
        const uint8_t *bytes = l->p + h.head_bytes;
        if ((size_t)h.packed_bytes > (size_t)(l->end - bytes))
            return bad_page(l, l->p, err, "the page goes on behind its column");
        WEIR_TRY(check_sum(l, &h, bytes, err));
        drop_page(l);
        if (h.kind == WEIR_PARQUET_DICTIONARY_PAGE)
            status = load_dictionary(l, &h, bytes, err);
        else if (h.kind == WEIR_PARQUET_DATA_PAGE || h.kind == WEIR_PARQUET_DATA_PAGE_V2)
            status = load_data(l, &h, bytes, err);
        l->p = bytes + h.packed_bytes;
    }
out:
    return status;
}

void weir_parquet_leaf_clear(weir_parquet_leaf *l) {
    drop_page(l);
    weir_block_release(l->dictionary_bytes);
    weir_block_release(l->dictionary);
    l->dictionary_bytes = l->dictionary = NULL;
    l->dictionary_faults = NULL;
    l->has_dictionary = false;
    l->n_dictionary = 0;
}

void weir_parquet_leaf_begin(weir_parquet_leaf *l, const weir_parquet_node *node,
                             weir_packing packing, weir_ledger *ledger, const uint8_t *p,
                             const uint8_t *end, uint64_t first_byte) {
    weir_parquet_leaf_clear(l);
    l->node = node;
    l->packing = packing;
    l->ledger = ledger;
    l->width = weir_parquet_is_bytes(node)   ? (uint32_t)sizeof(weir_slice)
               : node->type->id == WEIR_BOOL ? 1
                                             : node->type->width;
    l->begin = l->p = p;
    l->end = end;
    l->first_byte = first_byte;
}
