/* One record -> one row.
 *
 * Names are expected in the order of the last records and compared as bytes; values of the common
 * types are taken apart here, without looking at any byte twice.  Whatever is not plain - escapes,
 * exponents, faults, null - goes to the exact path, which decides alone.
 *
 * Reads run at most 64 bytes past `end` (the padding of a block); every loop is bounded by end, and
 * a record that seems to end behind it is malformed.
 */
#include "format/json_decode.h"
#include "text/json_scan.h"

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

static const char *fault(weir_decoder *d, const char *at, const char *why) {
    d->fault_at = at;
    d->fault_why = why;
    return NULL;
}

/* Cold: white space between tokens. */
static __attribute__((noinline)) const char *skip_blanks(const weir_decoder *d, const char *p,
                                                         const char *end) {
    while (p < end && (weir_json_is_blank(*p) || (*p == '\n' && !d->lines))) p++;
    return p;
}
#define SKIP_BLANKS(p)                                                                             \
    do {                                                                                           \
        if (unlikely((unsigned char)*(p) <= ' ')) (p) = skip_blanks(d, p, end);                    \
    } while (0)

/* ---- values -------------------------------------------------------------------------------- */

static const uint64_t powers[9] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000};

/* The digits at p, up to 8: their number and value. */
static inline unsigned digits8(const char *p, uint64_t *value) {
    uint64_t w = weir_num_load8(p), x = w ^ 0x3030303030303030ULL;
    uint64_t other = ((x + 0x7676767676767676ULL) | x) & 0x8080808080808080ULL;
    unsigned n = other ? (unsigned)__builtin_ctzll(other) >> 3 : 8;
    *value = n ? weir_num_value8(x << (64 - 8 * n)) : 0;
    return n;
}

static inline bool ends_number(char c) {
    return c != '.' && (c | 32) != 'e';
}

static inline const char *take_int(weir_json_target *t, const char *p, uint32_t row) {
    bool negative = *p == '-';
    const char *q = p + negative;
    uint64_t v, more;
    unsigned n = digits8(q, &v);
    if (unlikely(n == 0 || (*q == '0' && n > 1))) return NULL;
    q += n;
    if (n == 8) {
        n = digits8(q, &more);
        if (unlikely(n == 8)) return NULL;
        v = v * powers[n] + more;
        q += n;
    }
    int64_t s = negative ? -(int64_t)v : (int64_t)v;
    if (unlikely(!ends_number(*q) || s < t->min || s > t->max)) return NULL;
    /* Narrow types: the bytes behind are those of later rows, or padding. */
    memcpy((char *)t->values + (size_t)row * t->width, &s, 8);
    return q;
}

/* Digits, and a fraction of up to 7: *whole * 10^*f + *fraction over 10^*f. */
static inline const char *take_point(const char *q, uint64_t *whole, uint64_t *fraction,
                                     unsigned *f) {
    unsigned n = digits8(q, whole);
    if (unlikely(n == 0 || n == 8 || (*q == '0' && n > 1))) return NULL;
    q += n;
    *fraction = 0;
    *f = 0;
    if (*q == '.') {
        *f = digits8(q + 1, fraction);
        if (unlikely(*f == 0 || *f == 8)) return NULL;
        q += 1 + *f;
    }
    return likely((*q | 32) != 'e') ? q : NULL;
}

static inline const char *take_decimal(weir_json_target *t, const char *p, uint32_t row) {
    bool negative = *p == '-';
    uint64_t whole, fraction;
    unsigned f;
    const char *q = take_point(p + negative, &whole, &fraction, &f);
    unsigned scale = t->type->scale;
    if (unlikely(!q || f > scale || scale > 8)) return NULL;
    uint64_t v = whole * (uint64_t)t->power + fraction * powers[scale - f];
    if (unlikely(v > (uint64_t)t->max)) return NULL;
    int64_t s = negative ? -(int64_t)v : (int64_t)v;
    memcpy((char *)t->values + (size_t)row * 8, &s, 8);
    return q;
}

static inline const char *take_double(weir_json_target *t, const char *p, uint32_t row) {
    bool negative = *p == '-';
    uint64_t whole, fraction;
    unsigned f;
    const char *q = take_point(p + negative, &whole, &fraction, &f);
    if (unlikely(!q)) return NULL;
    /* Both are exact as doubles (below 2^53), so the quotient is rounded once: correctly. */
    double v = (double)(int64_t)(whole * powers[f] + fraction) / (double)(int64_t)powers[f];
    ((double *)t->values)[row] = negative ? -v : v;
    return q;
}

#if defined(__x86_64__)
#define M(n)                                                                                       \
    {                                                                                              \
        0, (n) > 0 ? ((n) >= 4 ? 0xFFFFFFFFu : (1u << (8 * ((n)&3))) - 1) : 0,                     \
            (n) > 4 ? ((n) >= 8 ? 0xFFFFFFFFu : (1u << (8 * ((n)&3))) - 1) : 0,                    \
            (n) > 8 ? ((n) >= 12 ? 0xFFFFFFFFu : (1u << (8 * ((n)&3))) - 1) : 0                    \
    }
static const uint32_t view_masks[13][4] __attribute__((aligned(16))) = {
    M(0), M(1), M(2), M(3), M(4), M(5), M(6), M(7), M(8), M(9), M(10), M(11), M(12)};
#undef M

static inline void put_view(weir_view *v, const char *s, uint32_t size, uint32_t block,
                            uint32_t offset) {
    if (size <= 12) {
        __m128i x = _mm_slli_si128(_mm_loadu_si128((const __m128i *)(const void *)s), 4);
        x = _mm_and_si128(x, _mm_load_si128((const __m128i *)(const void *)view_masks[size]));
        x = _mm_or_si128(x, _mm_cvtsi32_si128((int)size));
        _mm_storeu_si128((__m128i *)(void *)v, x);
        return;
    }
    uint32_t prefix;
    memcpy(&prefix, s, 4);
    v->words[0] = size | (uint64_t)prefix << 32;
    v->words[1] = block | (uint64_t)offset << 32;
}
#else
static inline void put_view(weir_view *v, const char *s, uint32_t size, uint32_t block,
                            uint32_t offset) {
    *v = weir_view_make((const uint8_t *)s, size, block, offset);
}
#endif

static inline const char *take_string(const weir_decoder *d, weir_json_target *t, const char *p,
                                      const char *end, uint32_t row) {
    if (unlikely(*p != '"')) return NULL;
    const char *q = p + 1, *stop = weir_json_scan_padded(q, end);
    if (unlikely(stop >= end || *stop != '"')) return NULL;
    put_view((weir_view *)t->values + row, q, (uint32_t)(stop - q), t->block,
             (uint32_t)(q - d->block_data));
    return stop + 1;
}

static inline const char *take_bool(weir_json_target *t, const char *p, uint32_t row) {
    if (memcmp(p, "true", 4) == 0) {
        weir_bit_set(t->values, row);
        return p + 4;
    }
    return memcmp(p, "false", 5) == 0 ? p + 5 : NULL;
}

static inline const char *take_date(weir_json_target *t, const char *p, uint32_t row) {
    if (*p != '"' || p[11] != '"') return NULL;
    return weir_date_parse(p + 1, 10, (int32_t *)t->values + row) == WEIR_NUM_OK ? p + 12 : NULL;
}

static inline const char *take_timestamp(weir_json_target *t, const char *p, uint32_t row) {
    if (*p != '"' || p[20] != '"') return NULL;
    return weir_timestamp_parse(p + 1, 19, (int64_t *)t->values + row) == WEIR_NUM_OK ? p + 21
                                                                                      : NULL;
}

static inline const char *take_timestamptz(weir_json_target *t, const char *p, uint32_t row) {
    if (*p != '"' || p[21] != '"' || p[20] != 'Z') return NULL;
    return weir_timestamptz_parse(p + 1, 20, NULL, WEIR_AMBIGUOUS_ERROR,
                                  (int64_t *)t->values + row) == WEIR_NUM_OK
               ? p + 22
               : NULL;
}

static inline const char *take_value(weir_decoder *d, weir_json_target *t, const char *p,
                                     const char *end, uint32_t row) {
    const char *q = NULL;
    switch ((weir_json_path_kind)t->path) {
    case WEIR_JSON_PATH_INT: q = take_int(t, p, row); break;
    case WEIR_JSON_PATH_DECIMAL: q = take_decimal(t, p, row); break;
    case WEIR_JSON_PATH_DOUBLE: q = take_double(t, p, row); break;
    case WEIR_JSON_PATH_STRING: q = take_string(d, t, p, end, row); break;
    case WEIR_JSON_PATH_BOOL: q = take_bool(t, p, row); break;
    case WEIR_JSON_PATH_DATE: q = take_date(t, p, row); break;
    case WEIR_JSON_PATH_TIMESTAMP: q = take_timestamp(t, p, row); break;
    case WEIR_JSON_PATH_TIMESTAMPTZ: q = take_timestamptz(t, p, row); break;
    case WEIR_JSON_PATH_EXACT: break;
    }
    /* what a fast path read behind the end is not of this input */
    return likely(q && q <= end) ? q : weir_json_value_exact(d, t, p, end, row);
}

/* ---- names --------------------------------------------------------------------------------- */

static inline bool is_name(const weir_json_name *n, const char *p) {
#if defined(__x86_64__)
    const __m128i *want = (const __m128i *)(const void *)n->bytes;
    const __m128i *have = (const __m128i *)(const void *)p;
    uint64_t hit =
        (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_loadu_si128(want), _mm_loadu_si128(have)));
    if (n->size > 16) {
        hit |= (uint64_t)(unsigned)_mm_movemask_epi8(
                   _mm_cmpeq_epi8(_mm_loadu_si128(want + 1), _mm_loadu_si128(have + 1)))
               << 16;
        if (n->size > 32)
            hit |= (uint64_t)(unsigned)_mm_movemask_epi8(
                       _mm_cmpeq_epi8(_mm_loadu_si128(want + 2), _mm_loadu_si128(have + 2)))
                   << 32;
    }
    return (hit & n->mask) == n->mask;
#else
    return memcmp(n->bytes, p, n->size) == 0;
#endif
}

/* Remembers that the name bytes[0..size) with quotes and colon stood at place *k, and goes on
 * behind it. */
static void learn(weir_decoder *d, uint32_t *place, const char *bytes, size_t size,
                  uint32_t target) {
    uint32_t k = *place;
    if (size > WEIR_JSON_NAME_BYTES || k >= WEIR_JSON_NAMES_MAX || d->learned > 64) return;
    if (d->n_names == WEIR_JSON_NAMES_MAX) {
        d->n_names = k;
        d->learned++;
    }
    weir_json_name *n = &d->names[k];
    memmove(n + 1, n, (d->n_names - k) * sizeof *n);
    d->n_names++;
    memset(n, 0, sizeof *n);
    memcpy(n->bytes, bytes, size);
    n->size = (uint32_t)size;
    n->mask = (1ull << size) - 1;
    n->target = target;
    *place = k + 1;
}

/* A name that was not expected here: reads it and looks it up.  Returns the place behind its colon.
 */
static __attribute__((noinline)) const char *
read_name(weir_decoder *d, const char *p, const char *end, uint32_t *k, uint32_t *target) {
    bool escaped = false;
    const char *at, *why, *begin = p;
    const char *bound = weir_json_line_end(d, p, end);
    if (p >= bound || *p != '"') return fault(d, p, weir_json_name_fault(p, bound));
    const char *stop = weir_json_string_check(p + 1, bound, &escaped, &at, &why);
    if (!stop) return fault(d, at, why);
    weir_slice name = {p + 1, (size_t)(stop - p - 1)};
    if (escaped) {
        d->key_text.size = 0;
        if (!weir_buf_reserve(&d->key_text, name.size + 1)) {
            d->status = weir_error_nomem(d->err);
            return NULL;
        }
        ptrdiff_t n = weir_json_unescape(name.data, name.size, d->key_text.data, NULL);
        name = (weir_slice){d->key_text.data, n < 0 ? 0 : (size_t)n};
    }
    *target = weir_json_find_target(d, name.data, name.size);
    p = skip_blanks(d, stop + 1, bound);
    if (p >= bound || *p != ':') return fault(d, p, "':' expected");
    p++;
    if (!*target && d->reject_extra) {
        const weir_opt_columns *columns = d->request->columns;
        for (size_t i = 0; columns && i < columns->n; i++) {
            const weir_opt_column *c = &columns->items[i];
            if (weir_slice_is(name, c->from ? c->from : c->name)) goto known;
        }
        const weir_schema *all = d->request->all; /* what nobody reads has no target, but a name */
        if (all && weir_schema_find(all, name.data, name.size) >= 0) goto known;
        if (d->separator.data && weir_json_flat_name_is_known(d, name)) goto known;
        d->fault_at = begin;
        d->fault_why = NULL; /* extra_columns: the name is in the raw text at fault_at */
        return NULL;
    }
known:
    if (p == stop + 2) learn(d, k, begin, (size_t)(p - begin), *target);
    return p;
}

/* Not the name that was expected: one further on, as some are missing in this record, or a new one.
 */
static const char *other_name(weir_decoder *d, const char *p, const char *end, uint32_t *k,
                              uint32_t *target) {
    uint32_t stop = d->n_names < *k + 4 ? d->n_names : *k + 4;
    for (uint32_t ahead = *k + 1; ahead < stop; ahead++) {
        if (!is_name(&d->names[ahead], p)) continue;
        *k = ahead + 1;
        *target = d->names[ahead].target;
        return p + d->names[ahead].size;
    }
    return read_name(d, p, end, k, target);
}

/* ---- records ------------------------------------------------------------------------------- */

/* A name that stands twice.  true: go on and let the later value win. */
static bool again(weir_decoder *d, weir_json_target *t, const char *p, uint32_t row) {
    if (!d->repeated_last) {
        fault(d, p, "a name stands twice");
        return false;
    }
    d->repeats++;
    weir_column *c = t->column;
    if (c->validity) weir_bit_set(c->validity, row);
    if (c->poison) weir_bit_clear(c->poison, row);
    if (t->type->id == WEIR_BOOL) weir_bit_clear(t->values, row);
    d->filled--;
    return true;
}

/* The other columns that the same name feeds. */
static bool take_others(weir_decoder *d, const weir_json_target *t, const char *p, const char *end,
                        uint32_t row) {
    for (uint32_t k = t->next; k; k = d->targets[k - 1].next) {
        weir_json_target *other = &d->targets[k - 1];
        if (other->stamp == row + 1 && !again(d, other, p, row)) return false;
        other->stamp = row + 1;
        d->filled++;
        if (!take_value(d, other, p, end, row)) return false;
    }
    return true;
}

static __attribute__((noinline)) const char *skip_value(weir_decoder *d, const char *p,
                                                        const char *end) {
    const char *at = p, *why = "a value expected";
    const char *bound = weir_json_line_end(d, p, end);
    const char *q = p < bound ? weir_json_skip(p, bound, d->max_depth - 1, &at, &why) : NULL;
    return q ? q : fault(d, at, why);
}

const char *weir_json_take_member(weir_decoder *d, weir_json_target *t, const char *p,
                                  const char *end, uint32_t row) {
    const char *value = p;
    if (t->stamp == row + 1 && d->repeated_first) {
        d->repeats++;
        return skip_value(d, p, end);
    }
    if (t->stamp == row + 1 && !again(d, t, p, row)) return NULL;
    t->stamp = row + 1;
    d->filled++;
    p = take_value(d, t, p, end, row);
    if (p && t->next && !take_others(d, t, value, end, row)) return NULL;
    return p;
}

const char *weir_json_record_read(weir_decoder *d, const char *p, const char *end, uint32_t row) {
    uint32_t k = 0;
    d->filled = 0;
    d->line_end = NULL;
    p++;
    SKIP_BLANKS(p);
    if (p < end && *p == '}') return p + 1;
    for (;;) {
        uint32_t target;
        if (unlikely(p >= end)) return fault(d, end, "the object has no end");
        if (likely(k < d->n_names && is_name(&d->names[k], p))) {
            target = d->names[k].target;
            p += d->names[k++].size;
        } else {
            p = other_name(d, p, end, &k, &target);
            if (!p) return NULL;
        }
        SKIP_BLANKS(p);
        if (likely(target)) {
            weir_json_target *t = &d->targets[target - 1];
            const char *value = p;
            bool repeated = t->stamp == row + 1;
            if (unlikely(t->group)) {
                p = weir_json_flatten_read(d, t, p, end, row);
                if (!p) return NULL;
                goto value_read;
            }
            if (unlikely(repeated) && !d->repeated_first && !again(d, t, p, row)) return NULL;
            if (unlikely(repeated && d->repeated_first)) {
                d->repeats++;
                p = skip_value(d, p, end);
                if (!p) return NULL;
            } else {
                t->stamp = row + 1;
                d->filled++;
                p = take_value(d, t, p, end, row);
                if (unlikely(!p)) return NULL;
                if (unlikely(t->next) && !take_others(d, t, value, end, row)) return NULL;
            }
        } else {
            p = skip_value(d, p, end);
            if (!p) return NULL;
        }
    value_read:
        SKIP_BLANKS(p);
        if (likely(*p == ',')) {
            p++;
            SKIP_BLANKS(p);
            continue;
        }
        if (*p != '}') return fault(d, p, "',' or '}' expected");
        p++;
        break;
    }
    return p <= end ? p : fault(d, end, "the object has no end");
}

const char *weir_json_record_value(weir_decoder *d, const char *p, const char *end, uint32_t row) {
    uint32_t target = weir_json_find_target(d, WEIR_JSON_VALUE_NAME, strlen(WEIR_JSON_VALUE_NAME));
    d->filled = 0;
    d->line_end = NULL;
    if (!target) {
        const char *stop = skip_value(d, p, end);
        return stop ? fault(d, p, "the record is not an object") : NULL;
    }
    weir_json_target *t = &d->targets[target - 1];
    t->stamp = row + 1;
    d->filled = 1;
    const char *stop = weir_json_value_exact(d, t, p, end, row);
    if (stop && t->next && !take_others(d, t, p, end, row)) return NULL;
    return stop;
}

bool weir_json_record_finish(weir_decoder *d, uint32_t row) {
    for (uint32_t i = 0; i < d->n_targets; i++) {
        weir_json_target *t = &d->targets[i];
        if (t->stamp == row + 1) continue;
        if (!weir_json_take_null(d, t, row, true)) return false;
    }
    return true;
}
