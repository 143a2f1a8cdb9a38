/* Whether a name stands twice in an object of a JSON text.
 *
 * What is kept as text is not taken apart, so its names are looked at here: a hash of each, and
 * those of one object compared when it closes.  Equal hashes are a suspicion; json_nested.c finds
 * out.
 */
#include <stdlib.h>

#include "format/json_decode.h"
#include "text/hash.h"
#include "text/json_scan.h"

#define FEW 24u /* names that are compared pair by pair */

static int by_hash(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static bool any_twice(uint64_t *hashes, size_t n) {
    if (n > FEW) {
        qsort(hashes, n, sizeof *hashes, by_hash);
        for (size_t i = 1; i < n; i++)
            if (hashes[i] == hashes[i - 1]) return true;
        return false;
    }
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (hashes[i] == hashes[k]) return true;
    return false;
}

/* Notes the name [p, stop).  The block has 16 bytes of padding, so 8 may be read at p. */
static weir_status note(weir_decoder *d, const char *p, const char *stop, bool escaped,
                        weir_error *err) {
    size_t n = (size_t)(stop - p);
    weir_status status = WEIR_OK;
    if (d->n_hashes == d->hashes_capacity) {
        status = weir_grow((void **)&d->hashes, &d->hashes_capacity, d->n_hashes + 1,
                           sizeof *d->hashes, SIZE_MAX / sizeof *d->hashes, err);
        if (status != WEIR_OK) return status;
    }
    if (escaped) {
        d->key_text.size = 0;
        if (!weir_buf_reserve(&d->key_text, n + 16)) return weir_error_nomem(err);
        ptrdiff_t size = weir_json_unescape(p, n, d->key_text.data, NULL);
        p = d->key_text.data;
        n = size < 0 ? 0 : (size_t)size;
    }
    uint64_t hash;
    if (n == 0) {
        hash = 0;
    } else if (n <= 8) {
        uint64_t word = weir_num_load8(p);
        hash = weir_hash_word(n == 8 ? word : word & ((1ull << (8 * n)) - 1), n);
    } else {
        hash = weir_hash_bytes(p, n, 0);
    }
    d->hashes[d->n_hashes++] = hash;
    return WEIR_OK;
}

weir_status weir_json_may_repeat(weir_decoder *d, const char *p, const char *end, bool *maybe,
                                 weir_error *err) {
    uint32_t begins[WEIR_JSON_DEPTH_MAX + 1]; /* of the open levels, in d->hashes */
    size_t depth = 0;
    *maybe = false;
    d->n_hashes = 0;
    if (d->single_lists || p >= end || (*p != '{' && *p != '[')) return WEIR_OK;
    while (p < end) {
        char c = *p++;
        if (c == '"') {
            bool escaped = false;
            const char *begin = p, *stop = weir_json_string_end(p, end, &escaped);
            if (!stop) return WEIR_OK; /* the syntax was checked */
            p = weir_json_skip_space(stop + 1, end);
            if (p >= end || *p != ':') continue;
            p++;
            weir_status status = note(d, begin, stop, escaped, err);
            if (status != WEIR_OK) return status;
        } else if ((c == '{' || c == '[') && depth < WEIR_JSON_DEPTH_MAX) {
            begins[depth++] = (uint32_t)d->n_hashes;
        } else if ((c == '}' || c == ']') && depth) {
            size_t first = begins[--depth];
            if (d->n_hashes > first && any_twice(d->hashes + first, d->n_hashes - first)) {
                *maybe = true;
                return WEIR_OK;
            }
            d->n_hashes = first;
        }
    }
    return WEIR_OK;
}
