/* What is stored in cells -> JSON. */
#include <math.h>
#include <stdio.h>

#include "format/xlsx.h"
#include "text/json.h"
#include "text/number.h"

/* ---- references ---------------------------------------------------------------------------- */

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

bool weir_xlsx_reference(weir_slice s, uint32_t *column, uint32_t *row) {
    size_t i = 0, letters = 0;
    uint32_t c = 0, r = 0;
    if (i < s.size && s.data[i] == '$') i++;
    for (; i < s.size && letters < 4; i++, letters++) {
        char x = (char)(s.data[i] & ~0x20);
        if (x < 'A' || x > 'Z') break;
        c = c * 26 + (uint32_t)(x - 'A') + 1;
    }
    if (i < s.size && s.data[i] == '$') i++;
    size_t first = i;
    for (; i < s.size && is_digit(s.data[i]) && i - first < 8; i++)
        r = r * 10 + (uint32_t)(s.data[i] - '0');
    if (i != s.size || c > WEIR_XLSX_COLUMNS || r > WEIR_XLSX_ROWS || (i > first && r == 0))
        return false;
    if (!letters && i == first) return false;
    *column = letters ? c - 1 : UINT32_MAX;
    *row = r;
    return true;
}

const char *weir_xlsx_letters(uint32_t column, char buf[4]) {
    char reverse[4];
    int n = 0;
    for (uint32_t c = column + 1; c && n < 3; c = (c - 1) / 26)
        reverse[n++] = (char)('A' + (c - 1) % 26);
    for (int i = 0; i < n; i++) buf[i] = reverse[n - 1 - i];
    buf[n] = 0;
    return buf;
}

/* ---- texts --------------------------------------------------------------------------------- */

static int hex(char c) {
    if (is_digit(c)) return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* _xHHHH_ at p: its UTF-16 unit, or -1. */
static int escaped_unit(const char *p, const char *end) {
    if (end - p < 7 || p[0] != '_' || p[1] != 'x' || p[6] != '_') return -1;
    int v = 0;
    for (int i = 2; i < 6; i++) {
        int d = hex(p[i]);
        if (d < 0) return -1;
        v = v * 16 + d;
    }
    return v;
}

static size_t put_utf8(char *out, uint32_t c) {
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xC0 | c >> 6);
        out[1] = (char)(0x80 | (c & 63));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xE0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 63));
        out[2] = (char)(0x80 | (c & 63));
        return 3;
    }
    out[0] = (char)(0xF0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 63));
    out[2] = (char)(0x80 | (c >> 6 & 63));
    out[3] = (char)(0x80 | (c & 63));
    return 4;
}

bool weir_xlsx_put_text(weir_buf *out, weir_slice text) {
    const char *p = text.data, *end = p + text.size;
    if (!text.size || !memmem(p, text.size, "_x", 2))
        return weir_json_put_string(out, text.size ? p : "", text.size, WEIR_JSON_UTF8_REPLACE,
                                    NULL);
    weir_buf plain = {0};
    bool ok = weir_buf_reserve(&plain, text.size);
    while (ok && p < end) {
        int unit = escaped_unit(p, end);
        if (unit < 0) {
            plain.data[plain.size++] = *p++;
            continue;
        }
        uint32_t c = (uint32_t)unit;
        p += 7;
        int low = c >= 0xD800 && c < 0xDC00 ? escaped_unit(p, end) : -1;
        if (low >= 0xDC00 && low < 0xE000) {
            c = 0x10000 + ((c - 0xD800) << 10) + ((uint32_t)low - 0xDC00);
            p += 7;
        } else if (c >= 0xD800 && c < 0xE000) {
            c = 0xFFFD; /* half a character */
        }
        plain.size += put_utf8(plain.data + plain.size, c); /* never longer than the escape */
    }
    ok = ok && weir_json_put_string(out, plain.data, plain.size, WEIR_JSON_UTF8_REPLACE, NULL);
    weir_buf_clear(&plain);
    return ok;
}

/* ---- dates --------------------------------------------------------------------------------- */

#define DAY_MS INT64_C(86400000)

/* Day 0 = 1970-01-01; proleptic Gregorian. */
static void civil(int64_t day, int *y, int *m, int *d) {
    int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
    *d = (int)(doy - (153 * mp + 2) / 5 + 1);
    *m = (int)(mp < 10 ? mp + 3 : mp - 9);
    *y = (int)(yoe + era * 400 + (*m <= 2));
}

static bool put_clock(weir_buf *out, int64_t ms) {
    int h = (int)(ms / 3600000), m = (int)(ms / 60000 % 60), s = (int)(ms / 1000 % 60);
    bool ok = weir_buf_printf(out, "%02d:%02d:%02d", h, m, s);
    if (ok && ms % 1000) ok = weir_buf_printf(out, ".%03d", (int)(ms % 1000));
    return ok;
}

/* The 1900 system counts a 29 February 1900 that never was, as day 60: everything before it is one
 * day off; the day itself is written as it is shown, and is no date to anyone. */
static bool put_day(weir_buf *out, int64_t serial, bool date1904) {
    int y, m, d;
    if (!date1904 && serial == 60) return weir_buf_adds(out, "1900-02-29");
    int64_t day = date1904 ? serial - 24107 : serial - (serial < 60 ? 25568 : 25569);
    civil(day, &y, &m, &d);
    return weir_buf_printf(out, "%04d-%02d-%02d", y, m, d);
}

static bool put_duration(weir_buf *out, int64_t ms) {
    bool ok = weir_buf_printf(out, "\"PT%lldH%lldM%lld", (long long)(ms / 3600000),
                              (long long)(ms / 60000 % 60), (long long)(ms / 1000 % 60));
    if (ok && ms % 1000) ok = weir_buf_printf(out, ".%03d", (int)(ms % 1000));
    return ok && weir_buf_adds(out, "S\"");
}

/* false in *done: the number is no date of the calendar. */
static bool put_date(weir_buf *out, double v, weir_xlsx_kind kind, bool date1904, bool *done) {
    *done = false;
    if (!(v >= 0) || v >= (date1904 ? 2957004.0 : 2958466.0)) return true;
    double whole = floor(v);
    int64_t day = (int64_t)whole, ms = (int64_t)llround((v - whole) * (double)DAY_MS);
    if (ms == DAY_MS && kind == WEIR_XLSX_TIME && day == 0) ms--; /* a time has no next day */
    if (ms == DAY_MS) day++, ms = 0;
    *done = true;
    if (kind == WEIR_XLSX_DURATION) return put_duration(out, day * DAY_MS + ms);
    bool ok = weir_buf_add(out, "\"", 1);
    /* Below the first day there is a time only. */
    bool clock_only = day == 0 && (kind == WEIR_XLSX_TIME || !date1904);
    if (!clock_only) ok = ok && put_day(out, day, date1904);
    if (clock_only || kind != WEIR_XLSX_DATE || ms) {
        if (!clock_only) ok = ok && weir_buf_add(out, "T", 1);
        ok = ok && put_clock(out, ms);
    }
    return ok && weir_buf_add(out, "\"", 1);
}

/* ---- numbers ------------------------------------------------------------------------------- */

bool weir_xlsx_put_number(weir_buf *out, weir_slice s, weir_xlsx_kind kind, bool date1904) {
    double v;
    bool done = false;
    while (s.size && (unsigned char)*s.data <= ' ') s.data++, s.size--;
    while (s.size && (unsigned char)s.data[s.size - 1] <= ' ') s.size--;
    if (kind != WEIR_XLSX_NUMBER && s.size &&
        weir_num_parse_double(s.data, s.size, 0, &v) == WEIR_NUM_OK) {
        if (!put_date(out, v, kind, date1904, &done)) return false;
        if (done) return true;
    }
    const char *end = s.data + s.size;
    bool number = s.size && (is_digit(*s.data) || *s.data == '-') &&
                  weir_json_skip(s.data, end, 1, NULL, NULL) == end;
    if (number) return weir_buf_add(out, s.data, s.size);
    /* ".5", "+5", "1.": no JSON, but numbers of some writers */
    if (s.size && weir_num_parse_double(s.data, s.size, 0, &v) == WEIR_NUM_OK)
        return weir_json_put_double(out, v);
    return weir_xlsx_put_text(out, s);
}
