/* The vector code of csv, written once over 64-byte groups and included by csv_simd.c for each
 * instruction set.  The includer defines
 *   BODY(name)        the function's name        BODY_ATTR   its target attribute
 *   group             64 bytes loaded            group_load(p)
 *   group_eq(g, b)    mask of the bytes == b     prefix_xor(m)  bit i = xor of bits 0..i
 *   half_special(p, n, pattern)   whether one of the first n <= 32 bytes at p (32 can be read) is a
 *                     delimiter, quote, CR or LF   half_pattern, half_make: what it compares with
 */

/* Bits 0..n-1. */
#define LIVE_MASK(n) ((n) >= 64 ? ~0ull : (1ull << (n)) - 1)

/* Quotes of one group: where text is inside (*inside_mask, opening quotes included), and what
 * breaks the rules.  A quote may open a field only behind a delimiter, a line end, or a closing
 * quote (that makes two of one), and behind a closing one may only stand these or CR LF. */
BODY_ATTR static inline uint64_t BODY(quotes)(const weir_csv_dialect *d, weir_csv_cut *s,
                                              const uint8_t *p, group g, uint64_t quote,
                                              uint64_t lf, size_t size, uint64_t *inside_mask) {
    uint64_t live = LIVE_MASK(size), inside = prefix_xor(quote) ^ s->inside;
    uint64_t open = quote & inside, close = quote & ~inside;
    uint64_t ends = group_eq(g, d->delimiter) | lf | quote, cr = group_eq(g, '\r');
    uint64_t before = p[-1] == d->delimiter || p[-1] == '\n' || p[-1] == d->quote;
    uint64_t behind = close << 1 | s->closed, behind_cr = (behind & cr) << 1 | s->closed_cr;
    uint64_t bad =
        (open & ~(ends << 1 | before)) | (behind & ~(ends | cr) & live) | (behind_cr & ~lf & live);
    s->inside = (uint64_t)((int64_t)inside >> 63);
    s->closed = close >> (size - 1) & 1;
    s->closed_cr = (behind & cr) >> (size - 1) & 1;
    *inside_mask = inside;
    return bad;
}

/* Line ends of one group: each CR, and each LF without a CR before it. */
BODY_ATTR static inline uint64_t BODY(group_lines)(uint64_t lf, uint64_t cr, uint8_t before) {
    uint64_t lines = (uint64_t)__builtin_popcountll(lf);
    uint64_t cr_before = before == '\r';
    if (cr | cr_before)
        lines += (uint64_t)__builtin_popcountll(cr) -
                 (uint64_t)__builtin_popcountll((cr << 1 | cr_before) & lf);
    return lines;
}

BODY_ATTR static size_t BODY(cut)(const weir_csv_dialect *d, weir_csv_cut *s, const uint8_t *p,
                                  size_t from, size_t to) {
    const uint64_t quotes_on = d->has_quote ? ~0ull : 0;
    uint64_t lines = s->lines;
    size_t at = from;
    for (; at < to; at += 64) {
        size_t size = to - at < 64 ? to - at : 64;
        uint64_t live = LIVE_MASK(size);
        group g = group_load(p + at);
        uint64_t quote = group_eq(g, d->quote) & live & quotes_on;
        uint64_t lf = group_eq(g, '\n') & live, ends = lf;
        if (quote | s->inside | s->closed | s->closed_cr) {
            uint64_t inside;
            weir_csv_cut saved = *s;
            if (BODY(quotes)(d, s, p + at, g, quote, lf, size, &inside)) {
                *s = saved;
                s->irregular = true;
                break;
            }
            ends &= ~inside;
        }
        lines += BODY(group_lines)(lf, group_eq(g, '\r') & live, p[at - 1]);
        if (ends) s->last_end = at + 64 - (size_t)__builtin_clzll(ends);
    }
    s->lines = lines;
    return at < to ? at : to;
}

/* Writes base + the numbers of the set bits; may write up to 8 more. */
BODY_ATTR static inline uint32_t *BODY(spread)(uint32_t *out, uint64_t bits, uint32_t base) {
    unsigned n = (unsigned)__builtin_popcountll(bits);
    uint32_t *o = out;
    while (bits) {
        for (int k = 0; k < 4; k++) {
            /* Behind the last bit this writes base + 64 (or the like) into room that is free. */
            o[k] = base + (uint32_t)__builtin_ctzll(bits | 1ull << 63);
            bits &= bits - 1;
        }
        o += 4;
    }
    return out + n;
}

BODY_ATTR static size_t BODY(index)(const weir_csv_dialect *d, weir_csv_index *s, const uint8_t *p,
                                    size_t from, size_t to, uint32_t *out, size_t room, size_t *n) {
    const uint64_t quotes_on = d->has_quote ? ~0ull : 0;
    uint64_t inside = s->inside, after_cr = s->after_cr;
    uint32_t n_lines = 0, *o = out, *stop = out + (room < 64 ? 0 : room - 63);
    size_t at = from;
    for (; at < to && o < stop; at += 64) {
        uint64_t live = LIVE_MASK(to - at);
        group g = group_load(p + at);
        uint64_t quote = group_eq(g, d->quote) & live & quotes_on;
        uint64_t lf = group_eq(g, '\n') & live, cr = group_eq(g, '\r') & live;
        uint64_t ends = group_eq(g, d->delimiter) & live;
        if (quote | inside) {
            uint64_t mask = prefix_xor(quote) ^ inside;
            inside = (uint64_t)((int64_t)mask >> 63);
            lf &= ~mask;
            cr &= ~mask;
            ends &= ~mask;
        }
        if (cr | after_cr) {
            s->bare_cr |= ((cr << 1 | after_cr) & ~lf & live) != 0;
            after_cr = cr >> (to - at >= 64 ? 63 : to - at - 1) & 1;
        }
        n_lines += (uint32_t)__builtin_popcountll(lf);
        o = BODY(spread)(o, ends | lf, (uint32_t)at);
    }
    s->inside = inside;
    s->after_cr = after_cr;
    s->n_lines += n_lines;
    *n = (size_t)(o - out);
    return at < to ? at : to;
}

BODY_ATTR static uint64_t BODY(lines)(const uint8_t *p, size_t from, size_t to) {
    uint64_t lines = 0;
    for (size_t at = from; at < to; at += 64) {
        uint64_t live = LIVE_MASK(to - at);
        group g = group_load(p + at);
        lines += BODY(group_lines)(group_eq(g, '\n') & live, group_eq(g, '\r') & live,
                                   at ? p[at - 1] : 0);
    }
    return lines;
}

BODY_ATTR static inline bool BODY(special_with)(const uint8_t *p, size_t n,
                                                const half_pattern *pattern) {
    for (size_t at = 0; at + 32 < n; at += 32)
        if (half_special(p + at, 32, pattern)) return true;
    return half_special(p + n - 32, 32, pattern);
}

BODY_ATTR static bool BODY(special)(const uint8_t *p, size_t n, uint8_t delimiter, uint8_t quote) {
    const half_pattern pattern = half_make(delimiter, quote);
    if (n >= 32) return BODY(special_with)(p, n, &pattern);
    for (size_t at = 0; at < n; at++)
        if (p[at] == delimiter || p[at] == quote || p[at] == '\n' || p[at] == '\r') return true;
    return false;
}

BODY_ATTR static void BODY(mark)(const uint8_t *const *text, uint32_t *size, size_t stride,
                                 uint32_t n, uint8_t delimiter, uint8_t quote) {
    const half_pattern pattern = half_make(delimiter, quote);
    for (uint32_t k = 0; k < n; k++) {
        uint32_t bytes = size[k * stride];
        const uint8_t *p = text[k * stride];
        bool found;
        /* The flags make a size large, so that they need no test of their own. */
        if (bytes <= 32)
            found = half_special(p, bytes, &pattern);
        else if (bytes <= WEIR_CSV_SIZE_MASK)
            found = BODY(special_with)(p, bytes, &pattern);
        else
            found = BODY(special)(p, bytes & WEIR_CSV_SIZE_MASK, delimiter, quote);
        size[k * stride] = bytes | (found ? WEIR_CSV_QUOTE_FLAG : 0);
    }
}

#undef LIVE_MASK
