#include "text/utf8.h"

#include "base/cpu.h"
#include "text/unicode_tables.h"
#include "text/utf8_simd.h"

#define HIGH_BITS 0x8080808080808080ULL

static inline uint64_t load8(const char *p) {
    uint64_t w;
    memcpy(&w, p, 8);
    return w;
}

/* How many of 8 bytes stand before the first with a high bit; high is not 0. */
static inline size_t ascii_before(uint64_t high) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    return (size_t)__builtin_clzll(high) / 8;
#else
    return (size_t)__builtin_ctzll(high) / 8;
#endif
}

/* ---- one character ------------------------------------------------------------------------- */

static inline bool continues(char c) {
    return ((unsigned char)c & 0xC0) == 0x80;
}

size_t weir_utf8_decode(const char *p, size_t n, uint32_t *code_point) {
    const unsigned char *u = (const unsigned char *)p;
    if (u[0] < 0x80) {
        *code_point = u[0];
        return 1;
    }
    if (u[0] < 0xC2 || n < 2 || !continues(p[1])) return 0;
    if (u[0] < 0xE0) {
        *code_point = (u[0] & 0x1FU) << 6 | (u[1] & 0x3FU);
        return 2;
    }
    if (n < 3 || !continues(p[2])) return 0;
    if (u[0] < 0xF0) {
        uint32_t c = (u[0] & 0x0FU) << 12 | (u[1] & 0x3FU) << 6 | (u[2] & 0x3FU);
        if (c < 0x800 || (c >= 0xD800 && c < 0xE000)) return 0;
        *code_point = c;
        return 3;
    }
    if (u[0] > 0xF4 || n < 4 || !continues(p[3])) return 0;
    uint32_t c = (u[0] & 0x07U) << 18 | (u[1] & 0x3FU) << 12 | (u[2] & 0x3FU) << 6 | (u[3] & 0x3FU);
    if (c < 0x10000 || c > 0x10FFFF) return 0;
    *code_point = c;
    return 4;
}

size_t weir_utf8_encode(uint32_t c, char out[4]) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3F));
        return 2;
    }
    if (c < 0x10000) {
        if (c >= 0xD800 && c < 0xE000) return 0;
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3F));
        out[2] = (char)(0x80 | (c & 0x3F));
        return 3;
    }
    if (c > 0x10FFFF) return 0;
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3F));
    out[2] = (char)(0x80 | (c >> 6 & 0x3F));
    out[3] = (char)(0x80 | (c & 0x3F));
    return 4;
}

/* ---- proof --------------------------------------------------------------------------------- */

static size_t valid_prefix_portable(const char *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        while (i + 16 <= n && ((load8(p + i) | load8(p + i + 8)) & HIGH_BITS) == 0) i += 16;
        while (i + 8 <= n) {
            uint64_t high = load8(p + i) & HIGH_BITS;
            i += high ? ascii_before(high) : 8;
            if (high) break;
        }
        if (i == n) break;
        uint32_t ignored;
        size_t length = weir_utf8_decode(p + i, n - i, &ignored);
        if (length == 0) return i;
        i += length;
    }
    return n;
}

size_t weir_utf8_valid_prefix(const char *p, size_t n) {
    size_t from = 0;
#if defined(__x86_64__)
    if (n >= 64 && weir_cpu_has_avx2()) {
        from = weir_utf8_valid_until_avx2(p, n);
        if (from == n) return n;
    }
#endif
    return from + valid_prefix_portable(p + from, n - from);
}

bool weir_utf8_valid(const char *p, size_t n) {
    return weir_utf8_valid_prefix(p, n) == n;
}

bool weir_utf8_is_ascii(const char *p, size_t n) {
    size_t i = 0;
    for (; i + 32 <= n; i += 32) {
        uint64_t any = load8(p + i) | load8(p + i + 8) | load8(p + i + 16) | load8(p + i + 24);
        if (any & HIGH_BITS) return false;
    }
    for (; i + 8 <= n; i += 8)
        if (load8(p + i) & HIGH_BITS) return false;
    for (; i < n; i++)
        if ((unsigned char)p[i] >= 0x80) return false;
    return true;
}

/* ---- counting and cutting ------------------------------------------------------------------ */

/* How many of 8 bytes start a character. */
static inline unsigned starts_in(uint64_t w) {
    uint64_t continuation = (w >> 7) & ~(w >> 6) & 0x0101010101010101ULL;
    return 8 - (unsigned)(continuation * 0x0101010101010101ULL >> 56);
}

size_t weir_utf8_count(const char *p, size_t n) {
    size_t count = 0, i = 0;
    for (; i + 8 <= n; i += 8) count += starts_in(load8(p + i));
    for (; i < n; i++) count += !continues(p[i]);
    return count;
}

size_t weir_utf8_offset(const char *p, size_t n, size_t index) {
    size_t i = 0;
    /* Whole words while the wanted start is certainly not in them. */
    while (i + 8 <= n) {
        unsigned starts = starts_in(load8(p + i));
        if (starts > index) break;
        index -= starts;
        i += 8;
    }
    for (; i < n; i++) {
        if (continues(p[i])) continue;
        if (index == 0) return i;
        index--;
    }
    return n;
}

weir_slice weir_utf8_substring(weir_slice s, int64_t start, int64_t length) {
    int64_t skip = start > 1 ? start - 1 : 0;
    if (length >= 0) {
        /* Places before the first count: those of start..start+length-1 that exist remain. */
        int64_t end;
        if (__builtin_add_overflow(start, length, &end)) end = INT64_MAX;
        length = end > skip + 1 ? end - 1 - skip : 0;
    }
    size_t from = weir_utf8_offset(s.data, s.size, (size_t)skip);
    weir_slice r = {s.data + from, s.size - from};
    if (length >= 0) r.size = weir_utf8_offset(r.data, r.size, (size_t)length);
    return r;
}

size_t weir_utf8_clip(const char *p, size_t n, size_t max_bytes) {
    if (n <= max_bytes) return n;
    size_t i = max_bytes;
    while (i > 0 && max_bytes - i < 4 && continues(p[i])) i--;
    return i;
}

/* ---- case and class ------------------------------------------------------------------------ */

uint32_t weir_utf8_upper(uint32_t c) {
    if (c < 0x80) return c - 'a' < 26 ? c - 32 : c;
    return c + (uint32_t)weir_unicode_find(c)->upper;
}

uint32_t weir_utf8_lower(uint32_t c) {
    if (c < 0x80) return c - 'A' < 26 ? c + 32 : c;
    return c + (uint32_t)weir_unicode_find(c)->lower;
}

uint32_t weir_utf8_title(uint32_t c) {
    if (c < 0x80) return c - 'a' < 26 ? c - 32 : c;
    return c + (uint32_t)weir_unicode_find(c)->title;
}

bool weir_utf8_is_space(uint32_t c) {
    if (c < 0x80) return c == ' ' || c - 9 < 5;
    return (weir_unicode_find(c)->flags & WEIR_UNICODE_SPACE) != 0;
}

bool weir_utf8_is_word(uint32_t c) {
    if (c < 0x80) return (c | 32) - 'a' < 26 || c - '0' < 10;
    return (weir_unicode_find(c)->flags & WEIR_UNICODE_WORD) != 0;
}

/* Flips bit 5 of the bytes first..first+25 of 8 ASCII bytes. */
static inline uint64_t flip_range8(uint64_t w, unsigned char first) {
    const uint64_t ones = 0x0101010101010101ULL;
    uint64_t above = w + ones * (uint64_t)(0x80 - first);         /* bit 7: byte >= first */
    uint64_t beyond = w + ones * (uint64_t)(0x80 - (first + 26)); /* bit 7: byte > last */
    return w ^ ((above & ~beyond & HIGH_BITS) >> 2);
}

/* Maps a whole text by `map`; first is the ASCII letter whose range `map` flips. */
static inline size_t map_text(const char *p, size_t n, char *out, uint32_t (*map)(uint32_t),
                              unsigned char first) {
    size_t i = 0, at = 0;
    while (i < n) {
        while (i + 8 <= n) {
            uint64_t w = load8(p + i);
            if (w & HIGH_BITS) break;
            w = flip_range8(w, first);
            memcpy(out + at, &w, 8);
            i += 8;
            at += 8;
        }
        if (i == n) break;
        uint32_t c;
        size_t length = weir_utf8_decode(p + i, n - i, &c);
        if (length == 0) { /* not valid: keep the byte */
            out[at++] = p[i++];
            continue;
        }
        at += weir_utf8_encode(map(c), out + at);
        i += length;
    }
    return at;
}

size_t weir_utf8_to_upper(const char *p, size_t n, char *out) {
    return map_text(p, n, out, weir_utf8_upper, 'a');
}

size_t weir_utf8_to_lower(const char *p, size_t n, char *out) {
    return map_text(p, n, out, weir_utf8_lower, 'A');
}

size_t weir_utf8_to_initcap(const char *p, size_t n, char *out) {
    bool inside = false;
    size_t i = 0, at = 0;
    while (i < n) {
        uint32_t c;
        size_t length = weir_utf8_decode(p + i, n - i, &c);
        if (length == 0) {
            out[at++] = p[i++];
            inside = false;
            continue;
        }
        bool word = weir_utf8_is_word(c);
        if (word) c = inside ? weir_utf8_lower(c) : weir_utf8_title(c);
        inside = word;
        at += weir_utf8_encode(c, out + at);
        i += length;
    }
    return at;
}

/* ---- trim ---------------------------------------------------------------------------------- */

weir_slice weir_utf8_trim_left(weir_slice s) {
    size_t i = 0;
    while (i < s.size) {
        uint32_t c = 0;
        size_t length = weir_utf8_decode(s.data + i, s.size - i, &c);
        if (length == 0 || !weir_utf8_is_space(c)) break;
        i += length;
    }
    return (weir_slice){s.data + i, s.size - i};
}

weir_slice weir_utf8_trim_right(weir_slice s) {
    while (s.size > 0) {
        size_t start = s.size - 1;
        while (start > 0 && s.size - start < 4 && continues(s.data[start])) start--;
        uint32_t c = 0;
        size_t length = weir_utf8_decode(s.data + start, s.size - start, &c);
        if (length != s.size - start || !weir_utf8_is_space(c)) break;
        s.size = start;
    }
    return s;
}

weir_slice weir_utf8_trim(weir_slice s) {
    return weir_utf8_trim_right(weir_utf8_trim_left(s));
}
