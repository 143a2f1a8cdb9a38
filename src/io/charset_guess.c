/* Which encoding a text is in, by its beginning.
 *
 * A mark in front decides; then NUL bytes, which UTF-16 and UTF-32 have in fixed places; then
 * whether all is valid UTF-8.  What is left is one of the older encodings, or damaged UTF-8.  A
 * guess among them is made only where the text reads like one of them all through: in doubt it
 * stays UTF-8, and its bad records are rejected.
 */
#include "io/charset.h"
#include "text/utf8.h"

static const weir_charset guess_gb18030 = {"gb18030", WEIR_CHARSET_ICONV, NULL, "GB18030"};
static const weir_charset guess_big5 = {"big5", WEIR_CHARSET_ICONV, NULL, "BIG5-HKSCS"};
static const weir_charset guess_sjis = {"shift_jis", WEIR_CHARSET_ICONV, NULL, "CP932"};
static const weir_charset guess_euc_jp = {"euc-jp", WEIR_CHARSET_ICONV, NULL, "EUC-JP-MS"};
static const weir_charset guess_euc_kr = {"euc-kr", WEIR_CHARSET_ICONV, NULL, "UHC"};

/* ---- marks and NUL bytes ------------------------------------------------------------------- */

static const weir_charset *by_mark(const uint8_t *p, size_t n) {
    if (n >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0) return &weir_charset_utf8;
    if (n >= 4 && memcmp(p, "\xFF\xFE\0\0", 4) == 0 && n % 4 == 0 &&
        (n < 8 || (p[6] == 0 && p[7] == 0)))
        return &weir_charset_utf32le;
    if (n >= 4 && memcmp(p, "\0\0\xFE\xFF", 4) == 0) return &weir_charset_utf32be;
    if (n >= 2 && memcmp(p, "\xFF\xFE", 2) == 0) return &weir_charset_utf16le;
    if (n >= 2 && memcmp(p, "\xFE\xFF", 2) == 0) return &weir_charset_utf16be;
    if (n >= 4 && memcmp(p, "\x84\x31\x95\x33", 4) == 0) return &guess_gb18030;
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

/* Well-formed characters of several bytes, and bytes that belong to none.  The last character may
 * be cut off unless the text is whole. */
static void count_utf8(const uint8_t *p, size_t n, bool whole, size_t *good, size_t *bad) {
    *good = *bad = 0;
    for (size_t i = 0; i < n;) {
        uint32_t c;
        if (p[i] < 0x80) {
            i++;
            continue;
        }
        size_t size = weir_utf8_decode((const char *)p + i, n - i, &c);
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

/* ---- encodings of two bytes a character ---------------------------------------------------- */

/* What a text gives when it is read in pairs. */
typedef struct pairs {
    size_t n;      /* characters of two bytes (and more) */
    size_t common; /* those that texts of the language mostly have */
    size_t marks;  /* those that tell the language: kana, Hangul */
    bool whole;    /* nothing else was found */
} pairs;

static bool in(uint8_t b, uint8_t low, uint8_t high) {
    return b >= low && b <= high;
}

static void take_gb(pairs *r, uint8_t a, uint8_t b) {
    r->whole = r->whole && in(a, 0x81, 0xFE) && in(b, 0x40, 0xFE) && b != 0x7F;
    r->common += b >= 0xA1 && (in(a, 0xB0, 0xD7) || a == 0xA1 || a == 0xA3);
}

static void take_big5(pairs *r, uint8_t a, uint8_t b) {
    r->whole = r->whole && in(a, 0x87, 0xFE) && (in(b, 0x40, 0x7E) || in(b, 0xA1, 0xFE));
    r->common += in(a, 0xA4, 0xC6) || (a == 0xA1 && b < 0x80);
    r->marks += b < 0x80;
}

static void take_sjis(pairs *r, uint8_t a, uint8_t b) {
    bool kana = (a == 0x82 && in(b, 0x9F, 0xF1)) || (a == 0x83 && in(b, 0x40, 0x96));
    r->whole =
        r->whole && (in(a, 0x81, 0x9F) || in(a, 0xE0, 0xFC)) && in(b, 0x40, 0xFC) && b != 0x7F;
    r->common += kana || in(a, 0x88, 0x97) || (a == 0x81 && in(b, 0x40, 0x7E)) || a == 0x82;
    r->marks += kana;
}

static void take_euc_jp(pairs *r, uint8_t a, uint8_t b) {
    bool kana = (a == 0xA4 && in(b, 0xA1, 0xF3)) || (a == 0xA5 && in(b, 0xA1, 0xF6));
    r->whole = r->whole && (in(a, 0xA1, 0xFE) || a == 0x8E) && in(b, 0xA1, 0xFE);
    r->common += kana || in(a, 0xB0, 0xCF) || a == 0xA1 || a == 0xA3;
    r->marks += kana;
}

static void take_euc_kr(pairs *r, uint8_t a, uint8_t b) {
    bool hangul = in(a, 0xB0, 0xC8) && b >= 0xA1;
    r->whole =
        r->whole && in(a, 0x81, 0xFE) && (in(b, 0x41, 0x5A) || in(b, 0x61, 0x7A) || b >= 0x81);
    r->common += hangul || in(a, 0xA1, 0xA3);
    r->marks += hangul;
}

static pairs read_pairs(const uint8_t *p, size_t n, bool whole,
                        void (*take)(pairs *, uint8_t, uint8_t)) {
    pairs r = {.whole = true};
    for (size_t i = 0; i < n && r.whole; i++) {
        if (p[i] < 0x80) continue;
        if (take == take_sjis && in(p[i], 0xA1, 0xDF)) continue; /* kana of half width */
        if (i + 1 == n) {
            r.whole = !whole;
            break;
        }
        if (take == take_gb && in(p[i + 1], 0x30, 0x39)) { /* four bytes */
            r.whole = n - i < 4 ? !whole : in(p[i + 2], 0x81, 0xFE) && in(p[i + 3], 0x30, 0x39);
            i += 3;
            continue;
        }
        take(&r, p[i], p[i + 1]);
        r.n++;
        i++;
    }
    return r;
}

static bool convincing(const pairs *r, double share_of_marks) {
    return r->whole && r->n >= 4 && (double)r->common >= 0.85 * (double)r->n &&
           (double)r->marks >= share_of_marks * (double)r->n;
}

static const weir_charset *by_pairs(const uint8_t *p, size_t n, bool whole) {
    pairs r = read_pairs(p, n, whole, take_sjis);
    if (convincing(&r, 0.1)) return &guess_sjis;
    r = read_pairs(p, n, whole, take_euc_jp);
    if (convincing(&r, 0.1)) return &guess_euc_jp;
    r = read_pairs(p, n, whole, take_euc_kr);
    if (r.n >= 8 && convincing(&r, 0.9)) return &guess_euc_kr;
    r = read_pairs(p, n, whole, take_gb);
    if (convincing(&r, 0)) return &guess_gb18030;
    r = read_pairs(p, n, whole, take_big5);
    if (convincing(&r, 0.1)) return &guess_big5;
    return NULL;
}

/* ---- alphabets other than the Latin one ---------------------------------------------------- */

static const weir_charset *named(const char *name) {
    for (const weir_charset *c = weir_charset_tables; c->name; c++)
        if (strcmp(c->name, name) == 0) return c;
    return &weir_charset_utf8;
}

/* The most frequent letters of a language in one encoding: near half of its texts. */
static const struct {
    const char *charset, *letters;
} alphabets[] = {
    {"windows-1251", "\xEE\xE5\xE0\xE8\xED\xF2"}, /* о е а и н т */
    {"koi8-r", "\xCF\xC5\xC1\xC9\xCE\xD4"},
    {"iso-8859-5", "\xDE\xD5\xD0\xD8\xDD\xE2"},
    {"ibm866", "\xAE\xA5\xA0\xA8\xAD\xE2"},
    {"windows-1253", "\xE1\xEF\xE9\xE5\xF4\xED\xF3"}, /* α ο ι ε τ ν σ */
};
#define ALPHABETS (sizeof alphabets / sizeof *alphabets)

/* Words of such texts are runs of high bytes; those of Latin ones have a letter here and there. */
static const weir_charset *by_alphabet(const uint8_t *p, size_t n) {
    size_t high = 0, together = 0, counts[256] = {0}, best = 0, first = 0, second = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x80) continue;
        high++;
        counts[p[i]]++;
        together += (i && p[i - 1] >= 0x80) || (i + 1 < n && p[i + 1] >= 0x80);
    }
    if (high < 12 || together * 10 < high * 8) return NULL;
    for (size_t i = 0; i < ALPHABETS; i++) {
        size_t sum = 0;
        for (const char *c = alphabets[i].letters; *c; c++) sum += counts[(uint8_t)*c];
        if (sum > first) {
            second = first;
            first = sum;
            best = i;
        } else if (sum > second) {
            second = sum;
        }
    }
    return first * 10 >= high * 3 && first * 2 >= second * 3 ? named(alphabets[best].charset)
                                                             : NULL;
}

/* ---- Latin letters ------------------------------------------------------------------------- */

static bool ascii_lower(int c) {
    return c >= 'a' && c <= 'z';
}
static bool ascii_letter(int c) {
    return ascii_lower(c | 32);
}

/* Whether byte b of windows-1252 is plausible between two others (-1 = the end). */
static bool western(uint8_t b, int before, int after) {
    bool inside = ascii_letter(before) && ascii_letter(after);
    if (b == 0xFF || b == 0xD7 || b == 0xF7) return b != 0xFF && !inside;
    if (b >= 0xC0 || b == 0x8A || b == 0x9A || b == 0x8C || b == 0x9C || b == 0x8E || b == 0x9E) {
        bool capital = b < 0xDF && b != 0x9A && b != 0x9C && b != 0x9E;
        if (capital && ascii_lower(before) && ascii_lower(after)) return false;
        return ascii_letter(before) || ascii_letter(after) || before >= 0xC0 || after >= 0xC0;
    }
    if (inside) return b == 0x92 || b == 0x91 || b == 0xB4 || b == 0xB7 || b == 0xAD || b == 0xA0;
    return strchr("\x80\x82\x84\x85\x91\x92\x93\x94\x95\x96\x97\x99\xA0\xA1\xA2\xA3\xA5\xA7\xA9\xAA"
                  "\xAB\xAD\xAE\xB0\xB1\xB2\xB3\xB4\xB5\xB7\xBA\xBB\xBC\xBD\xBE\xBF",
                  b) != NULL;
}

static const weir_charset *by_latin(const uint8_t *p, size_t n) {
    size_t high = 0, fits = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] < 0x80) {
            if (p[i] < 9 || (p[i] > 13 && p[i] < 32 && p[i] != 27)) return NULL; /* no text */
            continue;
        }
        high++;
        fits += western(p[i], i ? p[i - 1] : -1, i + 1 < n ? p[i + 1] : -1);
    }
    return fits * 20 >= high * 19 ? named("windows-1252") : NULL;
}

/* Names of columns cannot be rejected: where the first line is no UTF-8, windows-1252 is taken if
 * it can be that at all. */
static const weir_charset *by_first_line(const uint8_t *p, size_t n) {
    const weir_charset *western = named("windows-1252");
    size_t line = 0;
    while (line < n && p[line] != '\n' && p[line] != '\r') line++;
    if (weir_utf8_valid((const char *)p, line)) return NULL;
    for (size_t i = 0; i < n; i++)
        if (western->table[p[i]] == 0xFFFF || p[i] < 9) return NULL;
    return western;
}

/* ---- all of it ----------------------------------------------------------------------------- */

const weir_charset *weir_charset_guess(const uint8_t *p, size_t n, bool whole, bool *guessed) {
    size_t good, bad;
    *guessed = false;
    const weir_charset *found = by_mark(p, n);
    if (!found) found = by_nuls(p, n);
    if (found) return found;
    if (weir_utf8_valid((const char *)p, n)) return &weir_charset_utf8;
    count_utf8(p, n, whole, &good, &bad);
    if (bad == 0 || good > bad) return &weir_charset_utf8;
    if (memchr(p, 0, n)) return &weir_charset_utf8; /* no text of these */
    found = by_pairs(p, n, whole);
    if (!found) found = by_alphabet(p, n);
    if (!found) found = by_latin(p, n);
    if (!found) found = by_first_line(p, n);
    if (!found) return &weir_charset_utf8;
    *guessed = true;
    return found;
}
