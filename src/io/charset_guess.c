/* Which encoding a text is in, by its beginning.
 *
 * A mark in front decides; then NUL bytes, which UTF-16 and UTF-32 have in fixed places; then
 * whether all is valid UTF-8.  What is left is one of the older encodings, or damaged UTF-8.
 * charset_score.c says how well it reads in each of the older ones.  The best one is taken where it
 * reads like a text; whether it is clearly better than what comes next is said, too.  What reads
 * like none of them stays UTF-8, and its bad records are rejected.
 */
#include <stdio.h>

#include "base/mem.h"
#include "io/charset_score.h"
#include "text/utf8.h"

/* How much better the best must be, in fifths of a nat: a factor of about fifty. */
#define MARGIN 20u
#define FEW 4u /* bytes that say little */

/* ---- marks and NUL bytes ------------------------------------------------------------------- */

static const weir_charset *by_mark(const uint8_t *p, size_t n) {
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) return &weir_charset_utf8;
    if (n >= 4 && memcmp(p, "\xFF\xFE\0\0", 4) == 0 && n % 4 == 0 &&
        (n < 8 || (p[6] == 0 && p[7] == 0)))
        return &weir_charset_utf32le;
    if (n >= 4 && memcmp(p, "\0\0\xFE\xFF", 4) == 0) return &weir_charset_utf32be;
    if (n >= 2 && memcmp(p, "\xFF\xFE", 2) == 0) return &weir_charset_utf16le;
    if (n >= 2 && memcmp(p, "\xFE\xFF", 2) == 0) return &weir_charset_utf16be;
    return NULL;
}

/* Whether p reads as UTF-16: pairs of surrogates are whole, no unit is a NUL or a control that
 * texts do not have, and few are two characters of ASCII. */
static bool reads_as_utf16(const uint8_t *p, size_t n, bool big) {
    bool high = false;
    size_t nuls = 0, ascii = 0;
    for (size_t i = 0; i + 1 < n; i += 2) {
        uint32_t c = big ? (uint32_t)p[i] << 8 | p[i + 1] : (uint32_t)p[i + 1] << 8 | p[i];
        bool low = c - 0xDC00 < 0x400;
        if (low != high || c < 9 || (c > 13 && c < 32 && c != 27) || c == 0xFFFE || c == 0xFFFF)
            return false;
        high = c - 0xD800 < 0x400;
        nuls += c < 0x100;
        ascii += p[i] && p[i + 1] && p[i] < 0x80 && p[i + 1] < 0x80;
    }
    return nuls * 2 > ascii;
}

/* Whether p reads as UTF-32: units are characters, and none is a NUL or a control. */
static bool reads_as_utf32(const uint8_t *p, size_t n, bool big) {
    for (size_t i = 0; i + 3 < n; i += 4) {
        const uint8_t *u = p + i;
        uint32_t c = big ? (uint32_t)u[0] << 24 | (uint32_t)u[1] << 16 | (uint32_t)u[2] << 8 | u[3]
                         : (uint32_t)u[3] << 24 | (uint32_t)u[2] << 16 | (uint32_t)u[1] << 8 | u[0];
        if (c > 0x10FFFF || c - 0xD800 < 0x800 || c < 9 || (c > 13 && c < 32 && c != 27))
            return false;
    }
    return true;
}

/* UTF-16 and UTF-32 without a mark: ASCII characters in them leave NUL bytes in fixed places.  A
 * few characters have one in the other half, as U+0100 has. */
static const weir_charset *by_nuls(const uint8_t *p, size_t n) {
    size_t nuls[4] = {0};
    if (n < 4 || !memchr(p, 0, n)) return NULL;
    for (size_t i = 0; i < n; i++) nuls[i & 3] += p[i] == 0;
    size_t units = n / 4, even = nuls[0] + nuls[2], odd = nuls[1] + nuls[3];
    if (n % 4 == 0 && nuls[3] == units && nuls[2] * 2 > units && units > 1 &&
        reads_as_utf32(p, n, false))
        return &weir_charset_utf32le;
    if (n % 4 == 0 && nuls[0] == units && nuls[1] * 2 > units && units > 1 &&
        reads_as_utf32(p, n, true))
        return &weir_charset_utf32be;
    if (even * 4 <= odd && odd * 8 >= n / 2 && reads_as_utf16(p, n, false))
        return &weir_charset_utf16le;
    if (odd * 4 <= even && even * 8 >= n / 2 && reads_as_utf16(p, n, true))
        return &weir_charset_utf16be;
    return NULL;
}

/* ---- UTF-8 --------------------------------------------------------------------------------- */

/* Bytes of what is built like a character of several bytes, well-formed or not (half a surrogate
 * pair, a form that is too long); 0 = it is not. */
static size_t built_like_utf8(const uint8_t *p, size_t n) {
    size_t size = p[0] >= 0xF0 && p[0] < 0xF8 ? 4 : p[0] >= 0xE0 ? 3 : p[0] >= 0xC0 ? 2 : 0;
    if (p[0] >= 0xF8 || size == 0 || size > n) return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xC0) != 0x80) return 0;
    return size;
}

/* Characters of several bytes, and bytes that belong to none.  The last character may be cut off
 * unless the text is whole. */
static void count_utf8(const uint8_t *p, size_t n, bool whole, size_t *good, size_t *bad) {
    *good = *bad = 0;
    for (size_t i = 0; i < n;) {
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        size_t size = built_like_utf8(p + i, n - i);
        if (size) {
            ++*good;
            i += size;
        } else {
            if (!whole && n - i < 4) return;
            ++*bad;
            i++;
        }
    }
}

/* ---- the older encodings ------------------------------------------------------------------- */

static void take(weir_charset_found *out, const char *name) {
    if (!weir_charset_find(name, out->own, &out->charset)) out->charset = weir_charset_utf8;
}

/* Japanese mail: seven bits, and escape sequences that change what they mean. */
static bool is_iso_2022_jp(const uint8_t *p, size_t n) {
    bool found = false;
    for (size_t i = 0; i + 2 < n; i++) {
        if (p[i] != 0x1B) continue;
        if (p[i + 1] == '$' && (p[i + 2] == 'B' || p[i + 2] == '@'))
            found = true;
        else if (p[i + 1] != '(' || !strchr("BJI", p[i + 2]))
            return false;
    }
    return found;
}

/* An encoding for languages with ASCII letters: a sequence of UTF-8 is two or three signs there
 * that do not stand together. */
static bool latin(const weir_charset_candidate *c) {
    if (!c->model) return false;
    unsigned first = 0;
    while (!(c->model->languages >> first & 1)) first++;
    return weir_charset_languages[first].ascii > 2;
}

/* "windows-1250, ibm850 or macintosh": what else it may be, from the candidate number `from` on,
 * that would give another text. */
static void name_others(const weir_charset_scores *s, size_t from, uint32_t limit,
                        char out[WEIR_CHARSET_OTHERS_MAX]) {
    const weir_charset_candidate *named[3];
    size_t n = 0, used = 0;
    for (size_t i = from; i < s->n && n < 3 && s->best_first[i].cost <= limit; i++) {
        bool said = from > 0 && weir_charset_same(s, &s->best_first[0], &s->best_first[i]);
        for (size_t k = 0; k < n; k++) said |= weir_charset_same(s, named[k], &s->best_first[i]);
        if (!said) named[n++] = &s->best_first[i];
    }
    for (size_t i = 0; i < n && used < WEIR_CHARSET_OTHERS_MAX; i++)
        used += (size_t)snprintf(out + used, WEIR_CHARSET_OTHERS_MAX - used, "%s%s",
                                 i == 0       ? ""
                                 : i + 1 == n ? " or "
                                              : ", ",
                                 named[i]->name);
}

/* Names of columns cannot be rejected: where the first line is no UTF-8 an encoding is needed. */
static bool first_line_is_utf8(const uint8_t *p, size_t n) {
    size_t line = 0;
    while (line < n && p[line] != '\n' && p[line] != '\r') line++;
    return weir_utf8_valid((const char *)p, line);
}

static bool is_text(const uint8_t *p, size_t n) {
    for (size_t i = 0; i < n; i++)
        if (p[i] < 9 || (p[i] > 13 && p[i] < 32 && p[i] != 27 && p[i] != 26)) return false;
    return true;
}

/* Where a text is in two encodings, the one beside UTF-8. */
static void score_without_utf8(const uint8_t *p, size_t n, bool whole, weir_charset_scores *s) {
    uint8_t *copy = weir_alloc(n);
    if (!copy) return;
    for (size_t i = 0; i < n;) {
        size_t size = p[i] >= 0x80 ? built_like_utf8(p + i, n - i) : 0;
        if (size == 0) {
            copy[i] = p[i];
            i++;
            continue;
        }
        memset(copy + i, ',', size);
        i += size;
    }
    weir_charset_score(copy, n, whole, s);
    weir_free(copy);
}

/* Puts what most files are first, where it is less probable by no more than `limit`, and, when
 * same is asked for, gives the same text. */
static bool prefer_usual(weir_charset_scores *s, uint32_t limit, bool same) {
    size_t at = 0;
    while (at < s->n && s->best_first[at].model != weir_charset_models) at++;
    if (at == 0 || at == s->n) return false;
    weir_charset_candidate usual = s->best_first[at];
    if (usual.cost > s->best_first[0].cost + limit ||
        (same && !weir_charset_same(s, &usual, &s->best_first[0])))
        return false;
    memmove(s->best_first + 1, s->best_first, at * sizeof usual);
    s->best_first[0] = usual;
    return true;
}

/* good: characters of UTF-8 among the others. */
static void by_score(const uint8_t *p, size_t n, bool whole, size_t good, size_t bad,
                     weir_charset_found *out) {
    weir_charset_scores s;
    weir_charset_score(p, n, whole, &s);
    if (s.n == 0) return;
    bool mixed = good && latin(&s.best_first[0]);
    if (mixed) score_without_utf8(p, n, whole, &s);
    prefer_usual(&s, MARGIN, true);
    uint32_t usual = s.best_first[0].model == weir_charset_models ? s.few : 0;
    name_others(&s, 1, s.best_first[0].cost + MARGIN + usual, out->others);
    if (out->others[0] && s.high <= FEW && prefer_usual(&s, 2 * MARGIN, false))
        name_others(&s, 1, s.best_first[0].cost, out->others);
    const weir_charset_candidate *best = &s.best_first[0];
    bool needed = !first_line_is_utf8(p, n);
    bool reads = s.odd * 5 <= s.high && (best->model || s.high >= 4);
    if ((reads && !(mixed && good * 8 >= bad)) || (needed && is_text(p, n))) {
        take(out, best->name);
        out->guessed = true;
        out->mixed = mixed;
        if (!reads && !out->others[0]) name_others(&s, 1, UINT32_MAX, out->others);
    } else {
        name_others(&s, 0, best->cost + 4 * MARGIN, out->others);
    }
}

/* ---- all of it ----------------------------------------------------------------------------- */

void weir_charset_guess(const uint8_t *p, size_t n, bool whole, weir_charset_found *out) {
    size_t good, bad;
    *out = (weir_charset_found){.charset = weir_charset_utf8};
    const weir_charset *found = by_mark(p, n);
    if (!found) found = by_nuls(p, n);
    if (found) {
        out->charset = *found;
    } else if (n >= 4 && memcmp(p, "\x84\x31\x95\x33", 4) == 0) {
        take(out, "gb18030");
    } else if (weir_utf8_valid((const char *)p, n)) {
        out->guessed = is_iso_2022_jp(p, n);
        if (out->guessed) take(out, "iso-2022-jp");
    } else {
        count_utf8(p, n, whole, &good, &bad);
        if (good >= bad || memchr(p, 0, n)) return;
        by_score(p, n, whole, good, bad, out);
    }
}
