/* How well a text reads in each of the older encodings.
 *
 * The text is cut into pieces between ASCII signs; each different piece with bytes above ASCII
 * counts once, so that a column with one value says no more than one record.  In an encoding of
 * one byte a character a piece costs what its pairs of letters cost in the language where they are
 * cheapest; in one of two bytes, what its characters cost.  All encodings explain the same bytes,
 * so that the sums can be compared: their difference is the logarithm of how much likelier one is.
 */
#include "io/charset_score.h"

#include "base/mem.h"

#define PIECES_MAX 1200u
#define PIECE_BYTES 60u /* a longer one ends at the next blank */
#define PIECE_BYTES_MAX 160u
#define SEEN_SLOTS 4096u

/* In fifths of a nat. */
#define COST_NO_BYTE 80u
#define COST_ODD 60u
#define COST_ODD_PAIR 62u
#define COST_FOREIGN 55u
#define COST_CAMEL 25u /* a capital behind a small letter */
#define COST_OTHER_LANGUAGE 7u
#define COST_ASCII 18u        /* an ASCII letter beside characters of two bytes */
#define COST_SCRIPT 20u       /* one next to the other */
#define COST_OTHER_LETTER 16u /* which ASCII letter it is, in a language of another script */

typedef struct piece {
    const uint8_t *data;
    uint32_t size;
    uint8_t before, after; /* the bytes around it; 0 = none */
} piece;

typedef struct pieces {
    piece items[PIECES_MAX];
    size_t n;
    uint64_t seen[SEEN_SLOTS];
} pieces;

/* Ends a piece, if not of a field then of what belongs together in it; never the second byte of a
 * character of two. */
static bool cuts(uint8_t b) {
    return b < 0x20 || b == '"' || b == ',' || b == ';' || b == ':' || b == '(' || b == ')' ||
           b == '/' || (b >= '<' && b <= '?');
}

static bool is_new(pieces *all, const uint8_t *p, size_t n) {
    uint64_t h = 0xCBF29CE484222325u;
    for (size_t i = 0; i < n; i++) h = (h ^ p[i]) * 0x100000001B3u;
    h |= 1;
    for (size_t k = h >> 40, i = 0; i < SEEN_SLOTS; i++, k++) {
        uint64_t *slot = &all->seen[k % SEEN_SLOTS];
        if (*slot == h) return false;
        if (*slot == 0) {
            *slot = h;
            return true;
        }
    }
    return false;
}

static void cut(pieces *all, const uint8_t *p, size_t n, bool whole, weir_charset_scores *out) {
    for (size_t i = 0; i < n && all->n < PIECES_MAX;) {
        size_t from = i;
        bool high = false;
        while (i < n && !cuts(p[i]) && !(i - from > PIECE_BYTES && p[i] == ' '))
            high |= p[i++] >= 0x80;
        if (high && (whole || i < n)) {
            size_t size = i - from < PIECE_BYTES_MAX ? i - from : PIECE_BYTES_MAX;
            if (is_new(all, p + from, size)) {
                all->items[all->n++] = (piece){p + from, (uint32_t)size, from ? p[from - 1] : 0,
                                               from + size < n ? p[from + size] : 0};
                for (size_t k = from; k < from + size; k++) {
                    out->high += p[k] >= 0x80;
                    if (p[k] >= 0x80) out->used[p[k] - 0x80] = true;
                }
            }
        }
        i++;
    }
}

/* ---- one byte a character ------------------------------------------------------------------ */

typedef enum kind { NOTHING, SMALL, CAPITAL, SIGN, FOREIGN, NONE } kind;
typedef struct character {
    kind kind;
    uint8_t class; /* of the language; 0 = no letter of it */
    uint16_t sign;
} character;

typedef struct reader {
    const weir_charset_language *language;
    uint8_t classes[WEIR_CHARSET_LETTERS_MAX]; /* of letters by number; 0 = foreign */
    character characters[256];
} reader;

static void make_reader(reader *r, const weir_charset_model *m, const weir_charset_language *l) {
    *r = (reader){.language = l};
    for (unsigned i = 0; i < l->own; i++) r->classes[l->letters[i]] = (uint8_t)(l->ascii + i);
    for (unsigned b = 'a'; b <= 'z'; b++) {
        uint8_t class = l->ascii > 2 ? (uint8_t)(b - 'a' + 1) : 1;
        r->characters[b] = (character){SMALL, class, 0};
        r->characters[b - 32] = (character){CAPITAL, class, 0};
    }
    for (unsigned b = 0; b < 128; b++) {
        uint16_t e = m->bytes[b];
        character *c = &r->characters[128 + b];
        if (e == WEIR_CHARSET_NO_BYTE) {
            c->kind = NONE;
        } else if (e & WEIR_CHARSET_SIGN) {
            c->kind = SIGN;
            c->sign = e;
        } else {
            c->class = r->classes[e & 0x1FF];
            c->kind = !c->class ? FOREIGN : e & WEIR_CHARSET_CAPITAL ? CAPITAL : SMALL;
        }
    }
}

static uint32_t pair_cost(const weir_charset_language *l, unsigned a, unsigned b) {
    return (uint32_t)((uint8_t)l->costs[(size_t)a * (size_t)(l->ascii + l->own) + b] - '#');
}

static uint32_t case_cost(kind a, kind b) {
    if (b == CAPITAL) return a == SMALL ? COST_CAMEL : a == CAPITAL ? 4 : 3;
    return a == CAPITAL ? 1 : a == SMALL ? 0 : 2;
}

/* A letter, or a sign that would be one if this encoding were wrong. */
static bool wordy(const character *c) {
    return c->kind == SMALL || c->kind == CAPITAL || c->kind == FOREIGN ||
           (c->kind == SIGN && (c->sign & 15) > 5);
}

/* Of kinds of signs: apart from letters, behind one, before one, between two. */
static const uint8_t sign_costs[16][4] = {
    {27, 40, 22, 75}, /* opening quotes and the like */
    {30, 35, 50, 75}, /* closing ones */
    {27, 30, 30, 75}, /* both */
    {30, 22, 27, 10}, /* apostrophes */
    {18, 45, 40, 40}, /* dashes and dots */
    {20, 20, 20, 20}, /* the blank that does not break */
    {20, 37, 37, 75}, /* money, degrees, fractions */
    {20, 15, 20, 30}, /* Arabic and Thai signs */
    {45, 55, 55, 75}, /* lines of boxes */
    {65, 75, 75, 75}, /* controls */
    {30, 30, 30, 30}, /* marks on letters */
    {40, 55, 55, 75}, /* others */
};

/* Of b behind a; next: what follows b. */
static uint32_t step_cost(const weir_charset_language *l, const character *a, const character *b,
                          const character *next, bool b_high) {
    if (!b_high) {
        if (!a->class && !b->class) return 0;
        uint32_t other = b->kind != NOTHING && l->ascii == 2 ? COST_OTHER_LETTER : 0;
        return pair_cost(l, a->class, b->class) + other +
               (b->kind == NOTHING ? 0 : case_cost(a->kind, b->kind));
    }
    switch (b->kind) {
    case SMALL:
    case CAPITAL: return pair_cost(l, a->class, b->class) + case_cost(a->kind, b->kind);
    case SIGN: return sign_costs[b->sign & 15][(wordy(a) ? 1 : 0) + (wordy(next) ? 2 : 0)];
    case FOREIGN: return COST_FOREIGN;
    default: return COST_NO_BYTE;
    }
}

/* *odd: characters that hardly stand where they do. */
static uint32_t piece_cost(const reader *r, const piece *p, uint32_t *odd) {
    uint32_t sum = 0;
    uint8_t before = p->before;
    for (size_t i = 0; i <= p->size; i++) {
        uint8_t b = i < p->size ? p->data[i] : p->after;
        uint8_t after = i + 1 < p->size ? p->data[i + 1] : i + 1 == p->size ? p->after : 0;
        if (i < p->size || b < 0x80) {
            uint32_t cost = step_cost(r->language, &r->characters[before], &r->characters[b],
                                      &r->characters[after], b >= 0x80);
            *odd += b >= 0x80 && (cost >= COST_ODD || r->characters[b].kind == FOREIGN);
            sum += cost;
        }
        before = b;
    }
    return sum;
}

/* What a piece costs in the language that suits it, and what is odd in every one. */
typedef struct suited {
    uint32_t cost, odd;
} suited;

/* All in one language, or each piece in the one that suits it. */
static uint32_t model_cost(reader *r, const weir_charset_model *m, const pieces *all,
                           suited *cheapest, uint32_t *odd) {
    uint32_t best = UINT32_MAX, mixed = 0;
    for (size_t k = 0; k < all->n; k++) cheapest[k] = (suited){UINT32_MAX, UINT32_MAX};
    for (unsigned i = 0; i < 64; i++) {
        if (!(m->languages >> i & 1)) continue;
        uint32_t sum = 0;
        make_reader(r, m, &weir_charset_languages[i]);
        for (size_t k = 0; k < all->n; k++) {
            suited s = {0, 0};
            s.cost = piece_cost(r, &all->items[k], &s.odd);
            sum += s.cost;
            if (s.cost < cheapest[k].cost) cheapest[k].cost = s.cost;
            if (s.odd < cheapest[k].odd) cheapest[k].odd = s.odd;
        }
        if (sum < best) best = sum;
    }
    *odd = 0;
    for (size_t k = 0; k < all->n; k++) {
        mixed += cheapest[k].cost + COST_OTHER_LANGUAGE;
        *odd += cheapest[k].odd;
    }
    return (best < mixed ? best : mixed) + m->prior / 2u;
}

/* ---- two bytes a character ----------------------------------------------------------------- */

static bool in(uint8_t b, uint8_t low, uint8_t high) {
    return b >= low && b <= high;
}

/* Costs of a character that is not among the frequent ones; 0 = there is none. */
static uint32_t pair_gb18030(uint8_t a, uint8_t b) {
    if (!in(a, 0x81, 0xFE) || !in(b, 0x40, 0xFE) || b == 0x7F) return 0;
    if (b < 0xA1 || a < 0xA1) return 70;
    return in(a, 0xB0, 0xD7) ? 45 : in(a, 0xD8, 0xF7) ? 56 : in(a, 0xA1, 0xA3) ? 45 : 65;
}
static uint32_t pair_big5(uint8_t a, uint8_t b) {
    if (!in(a, 0x87, 0xFE) || !(in(b, 0x40, 0x7E) || in(b, 0xA1, 0xFE))) return 0;
    return in(a, 0xA4, 0xC6) ? 45 : in(a, 0xA1, 0xA3) ? 45 : in(a, 0xC9, 0xF9) ? 57 : 65;
}
static uint32_t pair_sjis(uint8_t a, uint8_t b) {
    if (!(in(a, 0x81, 0x9F) || in(a, 0xE0, 0xFC)) || !in(b, 0x40, 0xFC) || b == 0x7F) return 0;
    return in(a, 0x88, 0x97) ? 46 : in(a, 0x81, 0x83) ? 42 : in(a, 0x98, 0xEA) ? 57 : 65;
}
static uint32_t pair_euc_jp(uint8_t a, uint8_t b) {
    if (a == 0x8E) return in(b, 0xA1, 0xDF) ? 40 : 0;
    if (!in(a, 0xA1, 0xFE) || !in(b, 0xA1, 0xFE)) return 0;
    return in(a, 0xB0, 0xCF) ? 46 : in(a, 0xA1, 0xA5) ? 42 : in(a, 0xD0, 0xF4) ? 57 : 65;
}
static uint32_t pair_euc_kr(uint8_t a, uint8_t b) {
    if (!in(a, 0x81, 0xFE) || !(in(b, 0x41, 0x5A) || in(b, 0x61, 0x7A) || in(b, 0x81, 0xFE)))
        return 0;
    if (b < 0xA1 || a < 0xA1) return 70;
    return in(a, 0xB0, 0xC8) ? 45 : in(a, 0xA1, 0xA3) ? 45 : in(a, 0xCA, 0xFD) ? 58 : 65;
}

/* In the order of weir_charset_frequents. */
static uint32_t (*const pair_costs[WEIR_CHARSET_PAIRED])(uint8_t, uint8_t) = {
    pair_gb18030, pair_big5, pair_sjis, pair_euc_jp, pair_euc_kr};
static const uint32_t pair_priors[WEIR_CHARSET_PAIRED] = {8, 10, 10, 12, 8};
enum { GB18030 = 0, SHIFT_JIS = 2 };

static uint32_t frequent_cost(const weir_charset_frequent *f, uint16_t code) {
    size_t low = 0, high = f->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (f->codes[mid] == code) return f->costs[mid] / 2u + 1;
        if (f->codes[mid] < code)
            low = mid + 1;
        else
            high = mid;
    }
    return 0;
}

static uint32_t paired_cost(unsigned which, const piece *p, uint32_t *odd) {
    const weir_charset_frequent *f = &weir_charset_frequents[which];
    uint32_t sum = 0;
    uint8_t last = 0; /* an ASCII letter; 0xFF: one of two bytes; 0: neither */
    for (size_t i = 0; i < p->size; i++) {
        uint8_t a = p->data[i], b = i + 1 < p->size ? p->data[i + 1] : 0;
        if (a < 0x80) {
            bool is = in(a | 32, 'a', 'z');
            if (is) sum += COST_ASCII + (last == 0xFF ? COST_SCRIPT : a < 'a' ? 3 : 0);
            last = is ? a : 0;
            continue;
        }
        if (last && last != 0xFF) sum += COST_SCRIPT;
        last = 0xFF;
        if (which == SHIFT_JIS && in(a, 0xA1, 0xDF)) { /* kana of half width */
            sum += 30;
            continue;
        }
        uint32_t cost = frequent_cost(f, (uint16_t)(a << 8 | b));
        if (!cost) cost = pair_costs[which](a, b);
        if (cost) {
            i++;
        } else if (which == GB18030 && i + 3 < p->size && in(b, 0x30, 0x39)) {
            cost = in(p->data[i + 2], 0x81, 0xFE) && in(p->data[i + 3], 0x30, 0x39) ? 90 : 160;
            i += 3;
        } else if (i + 1 == p->size && p->size == PIECE_BYTES_MAX) {
            cost = 10; /* cut off by us */
        } else {
            cost = COST_NO_BYTE;
        }
        *odd += cost >= COST_ODD_PAIR ? 2 : 0;
        sum += cost;
    }
    return sum;
}

/* ---- all of them --------------------------------------------------------------------------- */

static void add(weir_charset_scores *out, weir_charset_candidate c, uint32_t odd) {
    size_t at = out->n++;
    for (; at && out->best_first[at - 1].cost > c.cost; at--)
        out->best_first[at] = out->best_first[at - 1];
    out->best_first[at] = c;
    if (at == 0) out->odd = odd;
}

void weir_charset_score(const uint8_t *p, size_t n, bool whole, weir_charset_scores *out) {
    *out = (weir_charset_scores){0};
    pieces *all = weir_alloc_zero(1, sizeof *all);
    reader *r = weir_alloc_zero(1, sizeof *r);
    suited *cheapest = weir_alloc(PIECES_MAX * sizeof *cheapest);
    uint32_t odd;
    if (all && r && cheapest) {
        cut(all, p, n, whole, out);
        /* one or two letters say little: then it is what most files are, the first of the models */
        uint32_t few = out->few = out->high <= 2 ? 25 : out->high <= 4 ? 10 : 0;
        for (const weir_charset_model *m = weir_charset_models; all->n && m->name; m++) {
            uint32_t cost = model_cost(r, m, all, cheapest, &odd);
            if (m != weir_charset_models) cost += few;
            add(out, (weir_charset_candidate){m->name, m, cost}, odd);
        }
        for (unsigned w = 0; all->n && w < WEIR_CHARSET_PAIRED; w++) {
            uint32_t sum = pair_priors[w] + few;
            odd = 0;
            for (size_t k = 0; k < all->n; k++) sum += paired_cost(w, &all->items[k], &odd);
            add(out, (weir_charset_candidate){weir_charset_frequents[w].name, NULL, sum}, odd);
        }
    }
    weir_free(all);
    weir_free(r);
    weir_free(cheapest);
}

bool weir_charset_same(const weir_charset_scores *s, const weir_charset_candidate *a,
                       const weir_charset_candidate *b) {
    char own[WEIR_CHARSET_NAME_MAX];
    weir_charset x, y;
    if (!a->model || !b->model) return a == b;
    if (!weir_charset_find(a->name, own, &x) || !weir_charset_find(b->name, own, &y)) return false;
    for (unsigned i = 0; i < 128; i++)
        if (s->used[i] && x.table[128 + i] != y.table[128 + i]) return false;
    return true;
}
