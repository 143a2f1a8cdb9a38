#include "text/json_scan.h"

#include "base/cpu.h"
#include "text/utf8.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* ---- strings ------------------------------------------------------------------------------- */

static bool is_special(char c) {
    return c == '"' || c == '\\' || (unsigned char)c < 0x20;
}

static const char *find_tail(const char *p, const char *end) {
    while (p < end && !is_special(*p)) p++;
    return p;
}

static const char *find_portable(const char *p, const char *end) {
    while (end - p >= 8) {
        uint64_t hit = weir_json_special8(weir_num_load8(p));
        if (hit) return p + (__builtin_ctzll(hit) >> 3);
        p += 8;
    }
    return find_tail(p, end);
}

#if defined(__x86_64__)
__attribute__((target("avx2,bmi"))) static const char *find_avx2(const char *p, const char *end) {
    const __m256i quote = _mm256_set1_epi8('"'), back = _mm256_set1_epi8('\\'),
                  control = _mm256_set1_epi8(0x1F);
    for (; end - p >= 32; p += 32) {
        __m256i v = _mm256_loadu_si256((const __m256i *)p);
        __m256i hit = _mm256_or_si256(
            _mm256_or_si256(_mm256_cmpeq_epi8(v, quote), _mm256_cmpeq_epi8(v, back)),
            _mm256_cmpeq_epi8(_mm256_min_epu8(v, control), v));
        uint32_t mask = (uint32_t)_mm256_movemask_epi8(hit);
        if (mask) return p + __builtin_ctz(mask);
    }
    return find_portable(p, end);
}
#endif

const char *weir_json_find_special(const char *p, const char *end) {
#if defined(__x86_64__)
    if (end - p >= 32 && weir_cpu_has_avx2()) return find_avx2(p, end);
#endif
    return find_portable(p, end);
}

const char *weir_json_string_end(const char *p, const char *end, bool *escaped) {
    for (;;) {
        p = weir_json_find_special(p, end);
        if (p >= end || (unsigned char)*p < 0x20) return NULL;
        if (*p == '"') return p;
        *escaped = true;
        if (end - p < 2) return NULL;
        p += 2;
    }
}

static int hex4(const char *p) {
    int v = 0;
    for (int i = 0; i < 4; i++) {
        char c = p[i];
        int d;
        if (c >= '0' && c <= '9')
            d = c - '0';
        else if ((c | 32) >= 'a' && (c | 32) <= 'f')
            d = (c | 32) - 'a' + 10;
        else
            return -1;
        v = v << 4 | d;
    }
    return v;
}

/* The character that an escape at s (behind the backslash) stands for; *used bytes behind the
 * backslash.  Lone surrogates have no character: -1. */
static int32_t escape(const char *s, size_t n, size_t *used) {
    static const char letters[] = "\"\\/bfnrt", values[] = "\"\\/\b\f\n\r\t";
    if (n == 0) return -1;
    *used = 1;
    if (*s != 'u') {
        const char *at = *s ? strchr(letters, *s) : NULL;
        return at ? values[at - letters] : -1;
    }
    int32_t high = n < 5 ? -1 : hex4(s + 1);
    *used = 5;
    if (high < 0xD800 || high > 0xDFFF) return high;
    if (high > 0xDBFF || n < 11 || s[5] != '\\' || s[6] != 'u') return -1;
    int32_t low = hex4(s + 7);
    if (low < 0xDC00 || low > 0xDFFF) return -1;
    *used = 11;
    return 0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00);
}

ptrdiff_t weir_json_unescape(const char *s, size_t size, char *out, size_t *at) {
    const char *p = s, *end = s + size;
    char *o = out;
    while (p < end) {
        const char *back = memchr(p, '\\', (size_t)(end - p));
        size_t run = (size_t)((back ? back : end) - p);
        memmove(o, p, run);
        o += run;
        if (!back) break;
        size_t used;
        int32_t c = escape(back + 1, (size_t)(end - back - 1), &used);
        if (c < 0) {
            if (at) *at = (size_t)(back - s);
            return -1;
        }
        o += weir_utf8_encode((uint32_t)c, o);
        p = back + 1 + used;
    }
    return o - out;
}

/* ---- numbers ------------------------------------------------------------------------------- */

static const char *digits_end(const char *p, const char *end) {
    while (p < end && (unsigned)(*p - '0') <= 9) p++;
    return p;
}

const char *weir_json_number_end(const char *p, const char *end, weir_json_number_kind *kind) {
    weir_json_number_kind k = WEIR_JSON_NUMBER_INT;
    if (p < end && *p == '-') p++;
    const char *d = p;
    p = digits_end(p, end);
    if (p == d || (*d == '0' && p - d > 1)) return NULL;
    if (p < end && *p == '.') {
        k = WEIR_JSON_NUMBER_DECIMAL;
        d = p + 1;
        p = digits_end(d, end);
        if (p == d) return NULL;
    }
    if (p < end && (*p | 32) == 'e') {
        k = WEIR_JSON_NUMBER_EXPONENT;
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        d = p;
        p = digits_end(d, end);
        if (p == d) return NULL;
    }
    *kind = k;
    return p;
}

/* ---- values -------------------------------------------------------------------------------- */

const char *weir_json_string_check(const char *p, const char *end, bool *escaped, const char **at,
                                   const char **why) {
    for (;;) {
        p = weir_json_find_special(p, end);
        *at = p;
        if (p >= end) {
            *why = "the string has no end";
            return NULL;
        }
        if (*p == '"') return p;
        if (*p != '\\') {
            *why = "a control character stands in a string; it must be escaped";
            return NULL;
        }
        size_t used;
        *escaped = true;
        if (escape(p + 1, (size_t)(end - p - 1), &used) < 0) {
            *why = end - p > 1 && p[1] == 'u'
                       ? "the \\u escape is malformed or half of a surrogate pair"
                       : "there is no such escape";
            return NULL;
        }
        p += 1 + used;
    }
}

static bool starts(const char *p, const char *end, const char *word) {
    size_t n = strlen(word);
    return (size_t)(end - p) >= n && memcmp(p, word, n) == 0;
}

/* What stands at p < end where a value (or a name) should, when it is a form of others than JSON.
 */
static const char *foreign_form(const char *p, const char *end, const char *otherwise) {
    if (*p == '/' || *p == '#') return "JSON has no comments";
    if (*p == '\'') return "a text stands in double quotes";
    if (starts(p, end, "NaN") || starts(p, end, "nan") || starts(p, end, "Infinity") ||
        starts(p, end, "-Infinity") || starts(p, end, "inf") || starts(p, end, "-inf"))
        return "JSON has neither NaN nor infinity";
    if (starts(p, end, "True") || starts(p, end, "False") || starts(p, end, "None"))
        return "JSON has true, false and null, in small letters";
    return otherwise;
}

const char *weir_json_name_fault(const char *p, const char *end) {
    const char *why = "a name in quotes expected";
    return p < end && (*p == '/' || *p == '#' || *p == '\'') ? foreign_form(p, end, why) : why;
}

const char *weir_json_scalar_check(const char *p, const char *end, weir_json_kind *kind,
                                   const char **at, const char **why) {
    static const struct {
        const char *text;
        size_t size;
        weir_json_kind kind;
    } words[] = {
        {"null", 4, WEIR_JSON_NULL}, {"true", 4, WEIR_JSON_TRUE}, {"false", 5, WEIR_JSON_FALSE}};
    size_t left = (size_t)(end - p);
    *at = p;
    for (int i = 0; i < 3; i++) {
        if (left >= words[i].size && memcmp(p, words[i].text, words[i].size) == 0) {
            *kind = words[i].kind;
            return p + words[i].size;
        }
    }
    weir_json_number_kind number;
    const char *stop = weir_json_number_end(p, end, &number);
    *kind = WEIR_JSON_NUMBER;
    if (!stop)
        *why = left == 0 ? "the text ends where a value should stand"
                         : foreign_form(p, end, "this is no JSON value");
    return stop;
}

const char *weir_json_skip(const char *p, const char *end, uint32_t max_depth, const char **at,
                           const char **why) {
    uint64_t nesting[WEIR_JSON_DEPTH_MAX / 64]; /* bit d: level d is an object */
    uint32_t depth = 0;
    const char *no_at, *no_why;
    weir_json_kind kind;
    bool escaped;
    if (!at) at = &no_at;
    if (!why) why = &no_why;
    if (max_depth > WEIR_JSON_DEPTH_MAX) max_depth = WEIR_JSON_DEPTH_MAX;
value:
    p = weir_json_skip_space(p, end);
    if (p < end && (*p == '{' || *p == '[')) {
        bool object = *p == '{';
        *at = p;
        *why = "the value is nested too deeply";
        if (depth >= max_depth) return NULL;
        uint64_t bit = 1ull << (depth & 63);
        nesting[depth >> 6] = object ? (depth & 63 ? nesting[depth >> 6] | bit : bit)
                                     : (depth & 63 ? nesting[depth >> 6] & ~bit : 0);
        depth++;
        p = weir_json_skip_space(p + 1, end);
        if (p < end && *p == (object ? '}' : ']')) goto close;
        if (object) goto key;
        goto value;
    }
    if (p < end && *p == '"') {
        p = weir_json_string_check(p + 1, end, &escaped, at, why);
        if (p) p++;
    } else {
        p = weir_json_scalar_check(p, end, &kind, at, why);
    }
    if (!p) return NULL;
after:
    if (depth == 0) return p;
    p = weir_json_skip_space(p, end);
    bool in_object = nesting[(depth - 1) >> 6] >> ((depth - 1) & 63) & 1;
    *at = p;
    *why = in_object ? "',' or '}' expected" : "',' or ']' expected";
    if (p == end) return NULL;
    if (*p == ',') {
        p++;
        if (in_object) goto key;
        goto value;
    }
    if (*p != (in_object ? '}' : ']')) return NULL;
close:
    depth--;
    p++;
    goto after;
key:
    p = weir_json_skip_space(p, end);
    *at = p;
    if (p == end || *p != '"') {
        *why = weir_json_name_fault(p, end);
        return NULL;
    }
    p = weir_json_string_check(p + 1, end, &escaped, at, why);
    if (!p) return NULL;
    p = weir_json_skip_space(p + 1, end);
    *at = p;
    *why = "':' expected";
    if (p == end || *p != ':') return NULL;
    p++;
    goto value;
}
