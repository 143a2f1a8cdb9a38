/* Numbers as people write them: with a decimal comma, with marks between thousands. */
#include "text/number_scan.h"

/* Bytes of the mark at p when it is one of `kind`, else 0. */
static size_t mark_size(const char *p, size_t n, char kind) {
    if (n == 0 || kind == 0) return 0;
    if (*p == kind) return 1;
    if (kind == ' ' && n >= 2 && memcmp(p, "\xC2\xA0", 2) == 0) return 2;      /* no-break space */
    if (kind == ' ' && n >= 3 && memcmp(p, "\xE2\x80\xAF", 3) == 0) return 3;  /* narrow no-break */
    if (kind == ' ' && n >= 3 && memcmp(p, "\xE2\x80\x89", 3) == 0) return 3;  /* thin space */
    if (kind == '\'' && n >= 3 && memcmp(p, "\xE2\x80\x99", 3) == 0) return 3; /* ’ */
    return 0;
}

/* A mark as it is written in options: one character. */
static bool mark_of(const char *text, char *out) {
    size_t n = strlen(text);
    if (n == 1 && strchr(",._' ", *text)) {
        *out = *text;
        return true;
    }
    *out = mark_size(text, n, ' ') == n ? ' ' : '\'';
    return n > 1 && mark_size(text, n, *out) == n;
}

bool weir_num_marks_of(const char *decimal, const char *thousands, weir_num_marks *out) {
    weir_num_marks m = {.decimal = '.'};
    if (decimal && (!mark_of(decimal, &m.decimal) || (m.decimal != ',' && m.decimal != '.')))
        return false;
    if (thousands && !mark_of(thousands, &m.thousands)) return false;
    if (m.decimal == m.thousands) return false;
    *out = m;
    return true;
}

static size_t digits_at(const char *p, size_t n) {
    size_t k = 0;
    while (k < n && p[k] >= '0' && p[k] <= '9') k++;
    return k;
}

weir_num weir_num_plain(const char *p, size_t n, weir_num_marks marks, char *out, size_t *size) {
    const char *end = p + n;
    char *to = out;
    if (n == 0) return WEIR_NUM_EMPTY;
    if (n > WEIR_NUM_PLAIN_MAX) return WEIR_NUM_SYNTAX;
    if (*p == '-' || *p == '+') {
        *to++ = *p++;
    } else if (n >= 2 && end[-1] == '-' && end[-2] >= '0' && end[-2] <= '9') {
        *to++ = '-'; /* 1.234,56- */
        end--;
    }
    size_t group = digits_at(p, (size_t)(end - p)), mark = 0;
    bool grouped = false;
    for (;;) {
        memcpy(to, p, group);
        to += group;
        p += group;
        mark = mark_size(p, (size_t)(end - p), marks.thousands);
        if (mark == 0) break;
        if (!grouped && (group == 0 || group > 3)) return WEIR_NUM_SYNTAX;
        grouped = true;
        p += mark;
        group = digits_at(p, (size_t)(end - p));
        if (group != 3) return WEIR_NUM_SYNTAX;
    }
    if (p < end && *p == marks.decimal) {
        *to++ = '.';
        p++;
    } else if (p < end && *p == '.') {
        return WEIR_NUM_SYNTAX; /* a point that is no decimal mark here */
    }
    /* digits behind the point and an exponent: whoever reads the plain text looks at them */
    memcpy(to, p, (size_t)(end - p));
    *size = (size_t)(to - out) + (size_t)(end - p);
    return WEIR_NUM_OK;
}
