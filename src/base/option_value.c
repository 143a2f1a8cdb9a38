/* Single values of options: text to size, duration, ratio, bool. */
#include "base/option.h"

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

/* A decimal number "12" or "1.5" in front of a unit: at most 18 digits in all, as digits and a
 * power of ten.  Returns the bytes taken, 0 = no number. */
static size_t take_number(weir_slice s, uint64_t *digits, uint64_t *divisor) {
    size_t i = 0, n = 0;
    *digits = 0;
    *divisor = 1;
    for (; i < s.size && is_digit(s.data[i]); i++, n++)
        *digits = *digits * 10 + (uint64_t)(s.data[i] - '0');
    if (i == 0 || n > 18) return 0;
    if (i < s.size && s.data[i] == '.') {
        size_t start = ++i;
        for (; i < s.size && is_digit(s.data[i]); i++, n++) {
            if (n >= 18) return 0;
            *digits = *digits * 10 + (uint64_t)(s.data[i] - '0');
            *divisor *= 10;
        }
        if (i == start) return 0;
    }
    return n <= 18 ? i : 0;
}

typedef struct unit {
    const char *name;
    uint64_t factor;
} unit;

static const unit *find_unit(const unit *units, weir_slice name) {
    for (; units->name; units++)
        if (weir_slice_is(name, units->name)) return units;
    return NULL;
}

/* number * factor / divisor when it is a whole number below 2^63, else false. */
static bool scale(uint64_t digits, uint64_t divisor, uint64_t factor, uint64_t *out) {
    unsigned __int128 v = (unsigned __int128)digits * factor;
    if (v % divisor != 0) return false;
    v /= divisor;
    if (v > INT64_MAX) return false;
    *out = (uint64_t)v;
    return true;
}

static weir_slice skip(weir_slice s, size_t n) {
    weir_slice r = {s.data + n, s.size - n};
    return r;
}

bool weir_option_parse_size(weir_slice text, uint64_t *bytes) {
    static const unit units[] = {{"", 1},
                                 {"B", 1},
                                 {"KiB", 1u << 10},
                                 {"MiB", 1u << 20},
                                 {"GiB", 1u << 30},
                                 {"TiB", (uint64_t)1 << 40},
                                 {"kB", 1000},
                                 {"KB", 1000},
                                 {"MB", 1000000},
                                 {"GB", 1000000000},
                                 {"TB", 1000000000000},
                                 {NULL, 0}};
    uint64_t digits, divisor;
    size_t used = take_number(text, &digits, &divisor);
    if (used == 0) return false;
    text = skip(text, used);
    if (text.size > 1 && text.data[0] == ' ') text = skip(text, 1);
    const unit *u = find_unit(units, text);
    return u && scale(digits, divisor, u->factor, bytes);
}

bool weir_option_parse_duration(weir_slice text, int64_t *us) {
    static const unit units[] = {{"us", 1},           {"ms", 1000},      {"s", 1000000},
                                 {"m", 60000000},     {"min", 60000000}, {"h", 3600000000u},
                                 {"d", 86400000000u}, {NULL, 0}};
    uint64_t total = 0, before = UINT64_MAX;
    if (weir_slice_is(text, "0")) {
        *us = 0;
        return true;
    }
    if (text.size == 0) return false;
    while (text.size > 0) { /* parts from large to small: 1h30m */
        uint64_t digits, divisor, part;
        size_t used = take_number(text, &digits, &divisor);
        if (used == 0) return false;
        text = skip(text, used);
        size_t n = 0;
        while (n < text.size && text.data[n] >= 'a' && text.data[n] <= 'z') n++;
        const unit *u = find_unit(units, (weir_slice){text.data, n});
        if (!u || u->factor >= before || !scale(digits, divisor, u->factor, &part)) return false;
        before = u->factor;
        total += part;
        if (total > INT64_MAX) return false;
        text = skip(text, n);
    }
    *us = (int64_t)total;
    return true;
}

bool weir_option_parse_ratio(weir_slice text, double *ratio) {
    bool percent = text.size > 0 && text.data[text.size - 1] == '%';
    if (percent) text.size--;
    while (percent && text.size > 0 && text.data[text.size - 1] == ' ') text.size--;
    uint64_t digits, divisor;
    size_t used = take_number(text, &digits, &divisor);
    if (used == 0 || used != text.size) return false;
    /* One division: exact to the last bit for all ratios of up to 15 digits. */
    if (percent && divisor > 1000000000000000u) return false;
    *ratio = (double)digits / (double)(percent ? divisor * 100 : divisor);
    return true;
}

static bool is_word(weir_slice text, const char *word) {
    for (size_t i = 0; i < text.size; i++) {
        char c = text.data[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 32);
        if (word[i] == '\0' || c != word[i]) return false;
    }
    return word[text.size] == '\0';
}

bool weir_option_parse_bool(weir_slice text, bool *value) {
    static const char *const yes[] = {"true", "yes", "on", NULL};
    static const char *const no[] = {"false", "no", "off", NULL};
    for (size_t i = 0; yes[i]; i++) {
        if (is_word(text, yes[i])) {
            *value = true;
            return true;
        }
        if (is_word(text, no[i])) {
            *value = false;
            return true;
        }
    }
    return false;
}
