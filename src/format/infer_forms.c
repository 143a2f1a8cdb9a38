/* Numbers with marks and affixes, and words for nothing. */
#include "format/infer_forms.h"

/* ---- numbers ------------------------------------------------------------------------------- */

const weir_num_marks weir_infer_marks[NUMBER_FORMS] = {
    [FORM_COMMA] = {',', 0},         [FORM_POINT_COMMA] = {'.', ','},
    [FORM_COMMA_POINT] = {',', '.'}, [FORM_POINT_BLANK] = {'.', ' '},
    [FORM_COMMA_BLANK] = {',', ' '}, [FORM_POINT_QUOTE] = {'.', '\''},
    [FORM_COMMA_QUOTE] = {',', '\''}};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool weir_infer_looks_numeric(weir_slice s) {
    size_t sign = s.size && s.data[0] == '-';
    if (s.size == sign) return false;
    const char *p = s.data + sign;
    size_t n = s.size - sign;
    if (p[0] == '.') return n > 1 && is_digit(p[1]);
    return is_digit(p[0]) && !(p[0] == '0' && n > 1 && is_digit(p[1]));
}

static uint8_t clip(int digits) {
    return (uint8_t)(digits > 255 ? 255 : digits);
}

void weir_infer_widen(form_width *w, const weir_num_shape *shape) {
    uint8_t whole = clip(shape->whole ? shape->whole : 1), fraction = clip(shape->fraction);
    if (whole > w->whole_max) w->whole_max = whole;
    if (w->whole_min == 0 || whole < w->whole_min) w->whole_min = whole;
    if (fraction > w->fraction_max) w->fraction_max = fraction;
    w->exponent |= shape->exponent;
    w->point |= shape->point;
}

void weir_infer_widen_by(form_width *w, const form_width *other) {
    if (other->whole_max > w->whole_max) w->whole_max = other->whole_max;
    if (other->whole_min && (w->whole_min == 0 || other->whole_min < w->whole_min))
        w->whole_min = other->whole_min;
    if (other->fraction_max > w->fraction_max) w->fraction_max = other->fraction_max;
    w->exponent |= other->exponent;
    w->point |= other->point;
}

bool weir_infer_number(weir_slice s, weir_num_marks marks, weir_num_shape *shape) {
    char plain[WEIR_NUM_PLAIN_MAX];
    size_t size;
    /* a minus behind it: only where a mark says that it is an amount, not in "2019-" */
    if (s.size && s.data[s.size - 1] == '-' && !memchr(s.data, marks.decimal, s.size) &&
        !(marks.thousands && memchr(s.data, marks.thousands, s.size)))
        return false;
    if (weir_num_plain(s.data, s.size, marks, plain, &size) != WEIR_NUM_OK) return false;
    return weir_infer_looks_numeric((weir_slice){plain, size}) &&
           weir_num_measure(plain, size, shape) == WEIR_NUM_OK;
}

/* A number in any of the forms. */
static bool is_any_number(weir_slice s) {
    static const weir_num_marks plain = {'.', 0};
    weir_num_shape shape;
    if (weir_infer_number(s, plain, &shape)) return true;
    for (int f = 0; f < FORM_GIVEN; f++)
        if (weir_infer_number(s, weir_infer_marks[f], &shape)) return true;
    return false;
}

/* Signs and codes of money, at either end. */
static const char *const currencies[] = {
    "$",   "\xE2\x82\xAC", "\xC2\xA3", "\xC2\xA5", "\xE2\x82\xB9", "USD", "EUR",
    "GBP", "CHF",          "JPY",      "SEK",      "NOK",          "DKK", "PLN",
    "CZK", "INR",          "CNY",      "BRL",      "R$",           "kr",  "z\xC5\x82"};

static weir_slice trim_blanks(weir_slice s) {
    while (s.size && s.data[0] == ' ') s.data++, s.size--;
    while (s.size && s.data[s.size - 1] == ' ') s.size--;
    while (s.size >= 2 && memcmp(s.data, "\xC2\xA0", 2) == 0) s.data += 2, s.size -= 2;
    while (s.size >= 2 && memcmp(s.data + s.size - 2, "\xC2\xA0", 2) == 0) s.size -= 2;
    return s;
}

static bool is_money(weir_slice s) {
    bool negative = s.size && s.data[0] == '-';
    if (negative) s.data++, s.size--;
    for (size_t i = 0; i < sizeof currencies / sizeof *currencies; i++) {
        size_t n = strlen(currencies[i]);
        if (s.size <= n) continue;
        weir_slice rest = s;
        if (memcmp(s.data, currencies[i], n) == 0)
            rest.data += n;
        else if (memcmp(s.data + s.size - n, currencies[i], n) != 0)
            continue;
        rest.size -= n;
        if (is_any_number(trim_blanks(rest))) return true;
    }
    return false;
}

uint32_t weir_infer_affixes(weir_slice s, uint32_t ask) {
    uint32_t fits = 0;
    if (s.size < 2 || s.size > 40) return 0;
    if (ask & FORM_BIT(FORM_PERCENT) && s.data[s.size - 1] == '%' &&
        is_any_number(trim_blanks((weir_slice){s.data, s.size - 1})))
        fits |= FORM_BIT(FORM_PERCENT);
    if (ask & FORM_BIT(FORM_CURRENCY) && is_money(s)) fits |= FORM_BIT(FORM_CURRENCY);
    return fits;
}

/* ---- words for nothing --------------------------------------------------------------------- */

const char *const weir_infer_null_words[NULL_WORDS] = {
    "NA",     "N/A",  "n/a",  "#N/A",    "<NA>",    "NULL", "Null", "null",
    "(null)", "None", "none", "nil",     "\\N",     "-",    "--",   "---",
    ".",      "..",   "?",    "missing", "Missing", "NaT",  "na",   "#NULL!"};

int weir_infer_null_word(weir_slice s) {
    if (s.size == 0 || s.size > 7) return -1;
    if (!strchr("NnMm-.?\\#(<", s.data[0])) return -1;
    for (int i = 0; i < NULL_WORDS; i++)
        if (weir_slice_is(s, weir_infer_null_words[i])) return i;
    return -1;
}
