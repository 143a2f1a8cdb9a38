/* How alike two texts are: edit distances, Jaro and Jaro-Winkler, Hamming, Soundex. */
#include "expr/function.h"
#include "text/utf8.h"

/* The work grows with the product of the lengths, so that these are limited. */
enum { CHARS_MAX = 2000 };

typedef struct letters {
    uint32_t n;
    uint32_t c[CHARS_MAX];
} letters;

/* What one call needs, from the batch's scratch. */
typedef struct pair {
    letters a, b;
    uint32_t rows[3][CHARS_MAX + 1];
    bool taken_a[CHARS_MAX], taken_b[CHARS_MAX];
} pair;

static bool decode(weir_slice s, letters *out) {
    out->n = 0;
    for (size_t i = 0; i < s.size;) {
        uint32_t c = 0;
        size_t n = weir_utf8_decode(s.data + i, s.size - i, &c);
        if (out->n == CHARS_MAX) return false;
        out->c[out->n++] = n ? c : 0xFFFD;
        i += n ? n : 1;
    }
    return true;
}

static uint32_t least(uint32_t a, uint32_t b) {
    return a < b ? a : b;
}

/* Levenshtein; swaps: neighbours that changed places count once (optimal string alignment). */
static uint32_t distance(pair *p, bool swaps) {
    const letters *a = &p->a, *b = &p->b;
    uint32_t *before = p->rows[0], *last = p->rows[1], *now = p->rows[2];
    for (uint32_t k = 0; k <= b->n; k++) last[k] = k;
    for (uint32_t i = 1; i <= a->n; i++) {
        now[0] = i;
        for (uint32_t k = 1; k <= b->n; k++) {
            uint32_t cost = a->c[i - 1] != b->c[k - 1];
            uint32_t best = least(least(last[k], now[k - 1]) + 1, last[k - 1] + cost);
            if (swaps && i > 1 && k > 1 && a->c[i - 1] == b->c[k - 2] && a->c[i - 2] == b->c[k - 1])
                best = least(best, before[k - 2] + 1);
            now[k] = best;
        }
        uint32_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[b->n];
}

static double jaro(pair *p) {
    const letters *a = &p->a, *b = &p->b;
    if (a->n == 0 && b->n == 0) return 1;
    if (a->n == 0 || b->n == 0) return 0;
    uint32_t longest = a->n > b->n ? a->n : b->n, reach = longest / 2, matches = 0, turned = 0;
    reach = reach ? reach - 1 : 0;
    memset(p->taken_a, 0, a->n);
    memset(p->taken_b, 0, b->n);
    for (uint32_t i = 0; i < a->n; i++) {
        uint32_t from = i > reach ? i - reach : 0, to = least(i + reach + 1, b->n);
        for (uint32_t k = from; k < to; k++) {
            if (p->taken_b[k] || a->c[i] != b->c[k]) continue;
            p->taken_a[i] = p->taken_b[k] = true;
            matches++;
            break;
        }
    }
    if (!matches) return 0;
    for (uint32_t i = 0, k = 0; i < a->n; i++) {
        if (!p->taken_a[i]) continue;
        while (!p->taken_b[k]) k++;
        turned += a->c[i] != b->c[k++];
    }
    uint32_t pairs = turned / 2; /* whole ones */
    double m = matches;
    return (m / a->n + m / b->n + (m - pairs) / m) / 3;
}

static double jaro_winkler(pair *p) {
    double j = jaro(p);
    uint32_t same = 0, most = least(4, least(p->a.n, p->b.n));
    while (same < most && p->a.c[same] == p->b.c[same]) same++;
    return j < 0.7 ? j : j + same * 0.1 * (1 - j);
}

typedef enum measure { LEVENSHTEIN, DAMERAU, JARO, WINKLER, HAMMING } measure;

static weir_status compare(weir_call *call, weir_column *out, measure m, weir_error *err) {
    weir_text_arg x = weir_text_arg_of(call->args[0]), y = weir_text_arg_of(call->args[1]);
    weir_status status = WEIR_OK;
    pair *p = weir_arena_alloc(call->eval->scratch, sizeof *p);
    if (!p) return weir_error_nomem(err);
    WEIR_EACH_ROW(row) {
        if (!decode(weir_text_at(&x, row), &p->a) || !decode(weir_text_at(&y, row), &p->b)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "text of more than 2,000 characters"));
            continue;
        }
        int64_t *whole = (int64_t *)out->values + row;
        double *share = (double *)out->values + row;
        switch (m) {
        case LEVENSHTEIN: *whole = distance(p, false); break;
        case DAMERAU: *whole = distance(p, true); break;
        case JARO: *share = jaro(p); break;
        case WINKLER: *share = jaro_winkler(p); break;
        case HAMMING:
            *whole = 0;
            if (p->a.n != p->b.n)
                WEIR_TRY(weir_call_fail(call, out, row, err, "texts of %u and %u characters",
                                        p->a.n, p->b.n));
            else
                for (uint32_t i = 0; i < p->a.n; i++) *whole += p->a.c[i] != p->b.c[i];
        }
    }
out:
    return status;
}

#define MEASURE(name, m)                                                                           \
    static weir_status fn_##name(weir_call *call, weir_column *out, weir_error *err) {             \
        return compare(call, out, m, err);                                                         \
    }
MEASURE(levenshtein, LEVENSHTEIN)
MEASURE(damerau, DAMERAU)
MEASURE(jaro, JARO)
MEASURE(winkler, WINKLER)
MEASURE(hamming, HAMMING)

/* American Soundex: h and w do not separate equal codes, vowels do. */
static weir_status fn_soundex(weir_call *call, weir_column *out, weir_error *err) {
    static const char codes[] = "01230120022455012623010202";
    weir_text_arg a = weir_text_arg_of(call->args[0]);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row);
        char code[4];
        size_t n = 0;
        char last = '0';
        for (size_t i = 0; i < s.size && n < 4; i++) {
            char c = s.data[i];
            if (c >= 'a' && c <= 'z') c = (char)(c - 32);
            if (c < 'A' || c > 'Z') continue;
            char digit = codes[c - 'A'];
            if (n == 0)
                code[n++] = c;
            else if (digit != '0' && digit != last)
                code[n++] = digit;
            if (n == 1 || (c != 'H' && c != 'W')) last = digit;
        }
        while (n && n < 4) code[n++] = '0';
        WEIR_TRY(weir_text_put(&t, row, code, n, err));
    }
out:
    return status;
}

const weir_function weir_functions_similar[] = {
    {{"levenshtein", "edit_distance, editdist3", "levenshtein(a string, b string) -> int64", "text",
      0, "characters to be inserted, deleted or replaced to make b of a",
      "levenshtein('kitten', 'sitting')", "3", "counts bytes"},
     {{"ss", 'i', WEIR_K_CAN_FAIL, fn_levenshtein, NULL}}},
    {{"damerau_levenshtein", "", "damerau_levenshtein(a string, b string) -> int64", "text", 0,
      "the same, two neighbours that changed places counting once",
      "damerau_levenshtein('wier', 'weir')", "1", "counts bytes"},
     {{"ss", 'i', WEIR_K_CAN_FAIL, fn_damerau, NULL}}},
    {{"jaro_similarity", "", "jaro_similarity(a string, b string) -> float64", "text", 0,
      "0 (nothing alike) to 1 (equal)", "round(jaro_similarity('martha', 'marhta'), 3)", "0.944",
      "counts bytes"},
     {{"ss", 'f', WEIR_K_CAN_FAIL, fn_jaro, NULL}}},
    {{"jaro_winkler_similarity", "jaro_winkler",
      "jaro_winkler_similarity(a string, b string) -> float64", "text", 0,
      "Jaro, higher for texts that begin alike", "round(jaro_winkler('martha', 'marhta'), 3)",
      "0.961", "counts bytes"},
     {{"ss", 'f', WEIR_K_CAN_FAIL, fn_winkler, NULL}}},
    {{"hamming", "mismatches", "hamming(a string, b string) -> int64", "text", 0,
      "places at which two texts of one length differ", "hamming('karolin', 'kathrin')", "3",
      "counts bytes"},
     {{"ss", 'i', WEIR_K_CAN_FAIL, fn_hamming, NULL}}},
    {{"soundex", "", "soundex(string) -> string", "text", 0,
      "the sound of an English word as a letter and three digits", "soundex('Robert')", "R163",
      "does not exist"},
     {{"s", 's', 0, fn_soundex, NULL}}},
    {.info = {.name = NULL}}};
