/* Where values end, without looking into them; where lines end. */
#include <stdio.h>

#include "base/cpu.h"
#include "format/json.h"
#include "text/json_scan.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- lines --------------------------------------------------------------------------------- */

static uint64_t count_portable(const char *p, size_t n) {
    const uint64_t ones = 0x0101010101010101ULL, low = 0x7F7F7F7F7F7F7F7FULL;
    uint64_t total = 0;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t x = weir_num_load8(p) ^ (ones * '\n');
        uint64_t not_zero = ((x & low) + low) | x; /* top bit clear where the byte is LF */
        total += (uint64_t)__builtin_popcountll(~(not_zero | low));
    }
    for (; n; n--) total += *p++ == '\n';
    return total;
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static uint64_t count_avx2(const char *p, size_t n) {
    const __m256i lf = _mm256_set1_epi8('\n'), zero = _mm256_setzero_si256();
    __m256i sums = zero;
    while (n >= 32) {
        __m256i counts = zero; /* each byte counts at most 255 */
        size_t rounds = n / 32 < 255 ? n / 32 : 255;
        n -= rounds * 32;
        for (; rounds; rounds--, p += 32)
            counts = _mm256_sub_epi8(
                counts,
                _mm256_cmpeq_epi8(_mm256_loadu_si256((const __m256i *)(const void *)p), lf));
        sums = _mm256_add_epi64(sums, _mm256_sad_epu8(counts, zero));
    }
    uint64_t lanes[4];
    _mm256_storeu_si256((__m256i *)(void *)lanes, sums);
    return lanes[0] + lanes[1] + lanes[2] + lanes[3] + count_portable(p, n);
}
#endif

uint64_t weir_json_count_lines(const char *p, size_t n) {
#if defined(__x86_64__)
    if (weir_cpu_has_avx2()) return count_avx2(p, n);
#endif
    return count_portable(p, n);
}

/* ---- values -------------------------------------------------------------------------------- */

/* What a byte outside strings does: 1 opens, 2 closes, 3 begins a string, 4 ends a scalar. */
static const uint8_t classes[256] = {['{'] = 1, ['['] = 1, ['}'] = 2,  [']'] = 2,  ['"'] = 3,
                                     [','] = 4, [' '] = 4, ['\t'] = 4, ['\n'] = 4, ['\r'] = 4};

/* Inside a string.  true: it has ended, *at behind the quote. */
static bool string_step(weir_json_span *s, const char *p, size_t *at, size_t end, bool *broken) {
    size_t i = *at;
    while (i < end) {
        if (s->escape) {
            s->escape = false;
            i++;
            continue;
        }
        i = (size_t)(weir_json_scan_padded(p + i, p + end) - p);
        if (i == end) break;
        if (p[i] == '"') {
            s->in_string = false;
            *at = i + 1;
            return true;
        }
        if (p[i] == '\n') {
            *broken = true;
            break;
        }
        s->escape = p[i] == '\\';
        i++;
    }
    *at = i;
    return false;
}

weir_json_step weir_json_span_step(weir_json_span *s, const char *p, size_t *at, size_t end) {
    size_t i = *at;
    bool broken = false;
    for (;;) {
        if (s->in_string) {
            bool closed = string_step(s, p, &i, end, &broken);
            *at = i;
            if (broken) return WEIR_JSON_STEP_BROKEN;
            if (!closed) return WEIR_JSON_STEP_MORE;
            if (s->depth == 0) return WEIR_JSON_STEP_DONE;
        }
        while (i < end && classes[(uint8_t)p[i]] == 0) {
            s->in_scalar |= s->depth == 0;
            i++;
        }
        *at = i;
        if (i == end) return WEIR_JSON_STEP_MORE;
        uint8_t class = classes[(uint8_t)p[i]];
        if (s->depth == 0 && s->in_scalar) return WEIR_JSON_STEP_DONE;
        if (class == 1) {
            s->depth++;
        } else if (class == 2) {
            if (s->depth <= 1) {
                *at = i + (s->depth == 1);
                return WEIR_JSON_STEP_DONE;
            }
            s->depth--;
        } else if (class == 3) {
            s->in_string = true;
        } else if (s->depth == 0) {
            return WEIR_JSON_STEP_DONE; /* nothing stands here at all */
        }
        i++;
    }
}

/* ---- where records may stand --------------------------------------------------------------- */

/* A name that needs no quotes in a path. */
static bool is_plain_name(const char *p, size_t n) {
    for (size_t i = 0; i < n; i++) {
        char c = p[i], low = (char)(c | 32);
        bool letter = (low >= 'a' && low <= 'z') || c == '_';
        if (!letter && !(i && c >= '0' && c <= '9')) return false;
    }
    return n > 0 && n <= 60;
}

/* Looks for arrays of objects among the members of the object at p.  Returns its end, or NULL where
 * the text is cut off. */
static const char *find_arrays(const char *p, const char *end, int depth, const char *under,
                               char *out, size_t size, int *found) {
    char path[160];
    p = weir_json_skip_space(p + 1, end);
    while (p < end && *p == '"') {
        bool escaped = false;
        const char *name = p + 1, *stop = weir_json_string_end(name, end, &escaped);
        if (!stop) return NULL;
        p = weir_json_skip_space(stop + 1, end);
        if (p >= end || *p != ':') return NULL;
        p = weir_json_skip_space(p + 1, end);
        if (p >= end) return NULL;
        bool plain = !escaped && is_plain_name(name, (size_t)(stop - name));
        if (plain) snprintf(path, sizeof path, "%s.%.*s", under, (int)(stop - name), name);
        if (plain && *p == '[') {
            const char *q = weir_json_skip_space(p + 1, end);
            if (q < end && *q == '{' && ++*found == 1) snprintf(out, size, "%s", path);
        }
        bool deeper = plain && *p == '{' && depth < 2;
        p = deeper ? find_arrays(p, end, depth + 1, path, out, size, found)
                   : weir_json_skip(p, end, WEIR_JSON_DEPTH_MAX, NULL, NULL);
        if (!p) return NULL;
        p = weir_json_skip_space(p, end);
        if (p < end && *p == ',') p = weir_json_skip_space(p + 1, end);
    }
    return p < end && *p == '}' ? p + 1 : NULL;
}

bool weir_json_suggest_path(const char *p, const char *end, char *out, size_t size) {
    int found = 0;
    if (p >= end || *p != '{') return false;
    (void)find_arrays(p, end, 0, "$", out, size, &found);
    return found == 1;
}

/* ---- records of a chunk -------------------------------------------------------------------- */

void weir_json_records_begin(weir_json_records *r, const weir_chunk *chunk) {
    r->data = (const char *)chunk->block->data;
    r->at = chunk->begin;
    r->end = chunk->end;
    r->values = chunk->index || (chunk->flags & WEIR_JSON_CHUNK_VALUES);
    r->in_array = (chunk->flags & WEIR_JSON_CHUNK_IN_ARRAY) != 0;
    r->whole = (chunk->flags & WEIR_CHUNK_TOO_LONG) != 0;
    r->line_end = chunk->flags & WEIR_JSON_CHUNK_CR ? '\r' : '\n';
    r->next = 0;
    r->n = chunk->index ? chunk->index->size / (2 * sizeof *r->index) : 0;
    r->index = chunk->index ? (const uint32_t *)(const void *)chunk->index->data : NULL;
}

static bool next_indexed(weir_json_records *r, size_t *begin, size_t *stop) {
    r->at = r->end;
    if (r->next == r->n) return false;
    *begin = r->index[2 * r->next];
    *stop = r->index[2 * r->next + 1];
    if (++r->next < r->n) r->at = r->index[2 * r->next];
    return true;
}

static bool next_line(weir_json_records *r, size_t *begin, size_t *stop) {
    while (r->at < r->end) {
        const char *p = r->data + r->at;
        const char *nl = memchr(p, r->line_end, r->end - r->at);
        size_t b = r->at, e = nl ? (size_t)(nl - r->data) : r->end;
        r->at = nl ? e + 1 : e;
        while (e > b && weir_json_is_blank(r->data[e - 1])) e--;
        while (b < e && (weir_json_is_blank(r->data[b]) || r->data[b] == WEIR_JSON_RS)) b++;
        if (b == e) continue;
        *begin = b;
        *stop = e;
        return true;
    }
    return false;
}

/* The cutter has checked commas and brackets between the values. */
static bool next_value(weir_json_records *r, size_t *begin, size_t *stop) {
    const char *p = r->data;
    for (; r->at < r->end; r->at++) {
        char c = p[r->at];
        if (weir_json_is_blank(c) || c == '\n' || c == ',' || c == WEIR_JSON_RS) continue;
        if (c == '[' && !r->in_array) {
            r->in_array = true;
            continue;
        }
        if (c == ']' && r->in_array) {
            r->in_array = false;
            continue;
        }
        break;
    }
    if (r->at >= r->end) return false;
    weir_json_span s = {0};
    *begin = r->at;
    (void)weir_json_span_step(&s, p, &r->at, r->end);
    if (r->at == *begin) r->at++; /* a byte that can begin nothing is a record of its own */
    *stop = r->at;
    return true;
}

bool weir_json_records_next(weir_json_records *r, size_t *begin, size_t *stop) {
    if (r->index) return next_indexed(r, begin, stop);
    if (!r->whole) return r->values ? next_value(r, begin, stop) : next_line(r, begin, stop);
    if (r->at >= r->end) return false;
    *begin = r->at;
    *stop = r->at = r->end;
    return true;
}
