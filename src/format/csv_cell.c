/* What a cell looks like: number, time, truth value, nothing, or text.  Only for finding out the
 * dialect; values are read by csv_value.c. */
#include "format/csv_sniff.h"

#define CELL_MAX_BYTES 64u /* nothing longer is a number or a time */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool is_letter(char c) {
    c = lower(c);
    return c >= 'a' && c <= 'z';
}

static bool is_word(weir_slice s, const char *word) {
    size_t n = strlen(word);
    if (s.size != n) return false;
    for (size_t i = 0; i < n; i++)
        if (lower(s.data[i]) != word[i]) return false;
    return true;
}

static bool is_one_of(weir_slice s, const char *const *words) {
    for (; *words; words++)
        if (is_word(s, *words)) return true;
    return false;
}

weir_slice weir_csv_trim(weir_slice s) {
    while (s.size && (s.data[0] == ' ' || s.data[0] == '\t')) s.data++, s.size--;
    while (s.size && (s.data[s.size - 1] == ' ' || s.data[s.size - 1] == '\t')) s.size--;
    return s;
}

static bool begins(weir_slice s, const char *with) {
    size_t n = strlen(with);
    return s.size >= n && memcmp(s.data, with, n) == 0;
}

static weir_slice drop_front(weir_slice s, size_t n) {
    s.data += n;
    s.size -= n;
    return s;
}

/* Signs, currencies and percent around a number. */
static weir_slice bare_number(weir_slice s) {
    static const char *const fronts[] = {"+",        "-",        "$", "\xE2\x82\xAC",
                                         "\xC2\xA3", "\xC2\xA5", NULL};
    bool brackets = s.size > 2 && s.data[0] == '(' && s.data[s.size - 1] == ')';
    if (brackets) s = (weir_slice){s.data + 1, s.size - 2};
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; fronts[i]; i++)
            if (begins(s, fronts[i])) {
                s = drop_front(s, strlen(fronts[i]));
                break;
            }
    if (s.size > 1 && s.data[s.size - 1] == '%') s.size--;
    return weir_csv_trim(s);
}

/* Whether the marks c in digits are thousands: in front of three digits each. */
static bool are_thousands(weir_slice s, char c) {
    size_t run = 0;
    bool any = false;
    for (size_t i = 0; i <= s.size; i++) {
        if (i < s.size && is_digit(s.data[i])) {
            run++;
            continue;
        }
        if (any ? run != 3 : run == 0 || run > 3) return false;
        if (i == s.size || s.data[i] != c) return true; /* a decimal mark ends it */
        any = true;
        run = 0;
    }
    return true;
}

static bool is_number(weir_slice s) {
    size_t digits = 0, dots = 0, commas = 0, ticks = 0, i = 0;
    char first_mark = 0;
    s = bare_number(s);
    for (; i < s.size; i++) {
        char c = s.data[i];
        if (is_digit(c)) {
            digits++;
            continue;
        }
        if (c != '.' && c != ',' && c != '\'') break;
        if (!first_mark) first_mark = c;
        dots += c == '.';
        commas += c == ',';
        ticks += c == '\'';
    }
    if (!digits || (s.size && (s.data[0] == ',' || s.data[0] == '\''))) return false;
    weir_slice body = {s.data, i};
    if (i < s.size && lower(s.data[i]) == 'e') {
        i++;
        if (i < s.size && (s.data[i] == '+' || s.data[i] == '-')) i++;
        size_t from = i;
        while (i < s.size && is_digit(s.data[i])) i++;
        if (i == from) return false;
    }
    if (i != s.size) return false;
    if (dots + commas + ticks <= 1 && !ticks) return true;
    /* The first kind of mark parts thousands, another one may stand once. */
    size_t of_first = first_mark == '.' ? dots : first_mark == ',' ? commas : ticks;
    return dots + commas + ticks - of_first <= 1 && are_thousands(body, first_mark);
}

/* ---- times --------------------------------------------------------------------------------- */

static bool is_month(weir_slice s) {
    static const char *const months[] = {"jan", "feb", "mar", "apr", "may", "jun",
                                         "jul", "aug", "sep", "oct", "nov", "dec"};
    if (s.size < 3) return false;
    for (size_t i = 0; i < 12; i++)
        if (is_word((weir_slice){s.data, 3}, months[i])) return s.size <= 9;
    return false;
}

static bool is_time_word(weir_slice s) {
    static const char *const words[] = {"t",   "z",   "am",  "pm",  "utc", "gmt", "mon", "tue",
                                        "wed", "thu", "fri", "sat", "sun", "th",  NULL};
    return is_one_of(s, words);
}

/* Groups of digits and what stands between them. */
static bool is_time(weir_slice s) {
    size_t groups = 0, colons = 0, months = 0, dashes = 0, slashes = 0, dots = 0, longest = 0;
    if (s.size < 4 || !(is_digit(s.data[0]) || is_letter(s.data[0]))) return false;
    for (size_t i = 0; i < s.size;) {
        size_t from = i;
        char c = s.data[i];
        if (is_digit(c)) {
            while (i < s.size && is_digit(s.data[i])) i++;
            groups++;
            if (groups <= 3 && i - from > longest) longest = i - from;
        } else if (is_letter(c)) {
            while (i < s.size && is_letter(s.data[i])) i++;
            weir_slice word = {s.data + from, i - from};
            if (is_month(word))
                months++;
            else if (!is_time_word(word))
                return false;
        } else {
            i++;
            if (c == ':' && i < s.size && s.data[i] == ':') return false;
            colons += c == ':';
            dashes += c == '-';
            slashes += c == '/';
            dots += c == '.';
            if (!strchr(":-/., +", c)) return false;
        }
    }
    if (longest > 4 && !colons) return false;
    if (months) return months == 1 && groups >= 1 && groups <= 8;
    if (colons) return groups >= 2 && groups <= 9 && colons <= 4;
    return groups == 3 && ((dashes == 2) + (slashes == 2) + (dots == 2)) == 1 && longest <= 4;
}

/* ---- kinds --------------------------------------------------------------------------------- */

weir_csv_kind weir_csv_kind_of(weir_slice text) {
    static const char *const nothing[] = {"na", "n/a", "nan", "null", "none", "nil", "-",
                                          "--", "?",   "\\n", "#n/a", ".",    "..",  NULL};
    static const char *const truth[] = {"true", "false", "yes", "no", NULL};
    weir_slice s = weir_csv_trim(text);
    if (s.size == 0) return WEIR_CSV_EMPTY;
    if (s.size > CELL_MAX_BYTES) return WEIR_CSV_TEXT;
    if (s.size <= 4 && is_one_of(s, nothing)) return WEIR_CSV_EMPTY;
    if (s.size <= 5 && is_one_of(s, truth)) return WEIR_CSV_BOOLEAN;
    if (is_number(s)) return WEIR_CSV_NUMBER;
    return is_time(s) ? WEIR_CSV_TIME : WEIR_CSV_TEXT;
}

/* Groups of digits with dots between them. */
static bool is_ipv4(weir_slice s) {
    size_t groups = 0, digits = 0;
    for (size_t i = 0; i <= s.size; i++) {
        if (i < s.size && is_digit(s.data[i])) {
            if (++digits > 3) return false;
        } else if (digits && (i == s.size || s.data[i] == '.')) {
            groups++;
            digits = 0;
        } else {
            return false;
        }
    }
    return groups == 4;
}

static bool is_uuid(weir_slice s) {
    if (s.size != 36) return false;
    for (size_t i = 0; i < s.size; i++) {
        char c = lower(s.data[i]);
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? c != '-' : !is_digit(c) && !(c >= 'a' && c <= 'f')) return false;
    }
    return true;
}

static bool is_mail(weir_slice s) {
    const char *at = memchr(s.data, '@', s.size);
    if (!at || at == s.data) return false;
    weir_slice host = drop_front(s, (size_t)(at - s.data) + 1);
    const char *dot = host.size ? memchr(host.data, '.', host.size) : NULL;
    return dot && dot > host.data && dot + 1 < host.data + host.size &&
           !memchr(host.data, '@', host.size);
}

/* 2024-01-31 and a blank, and more: a line of a log. */
static bool begins_with_day(weir_slice s) {
    if (s.size < 20 || s.data[10] != ' ') return false;
    for (size_t i = 0; i < 10; i++)
        if (i == 4 || i == 7 ? s.data[i] != '-' && s.data[i] != '/' : !is_digit(s.data[i]))
            return false;
    return true;
}

bool weir_csv_is_address(weir_slice text) {
    weir_slice s = weir_csv_trim(text);
    if (s.size > 2 && s.data[0] == '{' && s.data[s.size - 1] == '}' && s.data[1] == '"')
        return true;
    if (s.size > 2 && s.data[0] == '[' && s.data[s.size - 1] == ']') return true;
    if (s.size < 6 || s.size > 2048) return false;
    if (memchr(s.data, ' ', s.size)) return begins_with_day(s);
    size_t colon = 0;
    while (colon < s.size && colon < 12 && is_letter(s.data[colon])) colon++;
    if (colon > 1 && begins(drop_front(s, colon), "://")) return true;
    return is_ipv4(s) || is_uuid(s) || is_mail(s);
}

bool weir_csv_small_number(weir_slice text, int64_t *out) {
    int64_t v = 0;
    if (text.size == 0 || text.size > 9) return false;
    for (size_t i = 0; i < text.size; i++) {
        if (!is_digit(text.data[i])) return false;
        v = v * 10 + (text.data[i] - '0');
    }
    *out = v;
    return true;
}
