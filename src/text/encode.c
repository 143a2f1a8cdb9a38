#include "text/encode.h"

#include <string.h>

static const char hex_digits[] = "0123456789abcdef";

/* 0..15, or -1. */
static inline int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* ---- hexadecimal --------------------------------------------------------------------------- */

size_t weir_hex_encode(const void *p, size_t n, char *out) {
    const unsigned char *u = p;
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = hex_digits[u[i] >> 4];
        out[2 * i + 1] = hex_digits[u[i] & 15];
    }
    return 2 * n;
}

size_t weir_hex_decode(const char *p, size_t n, void *out) {
    unsigned char *u = out;
    if (n % 2) return SIZE_MAX;
    for (size_t i = 0; i < n; i += 2) {
        int high = hex_value(p[i]), low = hex_value(p[i + 1]);
        if (high < 0 || low < 0) return SIZE_MAX;
        u[i / 2] = (unsigned char)(high << 4 | low);
    }
    return n / 2;
}

/* ---- base64 -------------------------------------------------------------------------------- */

static const char alphabet[2][65] = {
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/",
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"};

size_t weir_base64_encode(const void *p, size_t n, weir_base64 kind, char *out) {
    const unsigned char *u = p;
    const char *letters = alphabet[kind == WEIR_BASE64_URL];
    size_t at = 0, i = 0;
    for (; i + 3 <= n; i += 3) {
        uint32_t v = (uint32_t)u[i] << 16 | (uint32_t)u[i + 1] << 8 | u[i + 2];
        out[at++] = letters[v >> 18];
        out[at++] = letters[v >> 12 & 63];
        out[at++] = letters[v >> 6 & 63];
        out[at++] = letters[v & 63];
    }
    if (i == n) return at;
    uint32_t v = (uint32_t)u[i] << 16 | (i + 1 < n ? (uint32_t)u[i + 1] << 8 : 0);
    out[at++] = letters[v >> 18];
    out[at++] = letters[v >> 12 & 63];
    if (i + 1 < n)
        out[at++] = letters[v >> 6 & 63];
    else if (kind == WEIR_BASE64)
        out[at++] = '=';
    if (kind == WEIR_BASE64) out[at++] = '=';
    return at;
}

/* 0..63, or -1. */
static inline int base64_value(char c, weir_base64 kind) {
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    if (c == (kind == WEIR_BASE64_URL ? '-' : '+')) return 62;
    if (c == (kind == WEIR_BASE64_URL ? '_' : '/')) return 63;
    return -1;
}

size_t weir_base64_decode(const char *p, size_t n, weir_base64 kind, void *out) {
    unsigned char *u = out;
    size_t at = 0, padding = 0;
    if (n > 0 && n % 4 == 0)
        while (padding < 2 && p[n - 1 - padding] == '=') padding++;
    n -= padding;
    size_t tail = n % 4;
    if (tail == 1 || (padding && tail != 4 - padding)) return SIZE_MAX;
    for (size_t i = 0; i < n; i += 4) {
        size_t take = n - i < 4 ? n - i : 4;
        uint32_t v = 0;
        for (size_t k = 0; k < take; k++) {
            int value = base64_value(p[i + k], kind);
            if (value < 0) return SIZE_MAX;
            v |= (uint32_t)value << (18 - 6 * k);
        }
        u[at++] = (unsigned char)(v >> 16);
        if (take > 2) u[at++] = (unsigned char)(v >> 8);
        if (take > 3) u[at++] = (unsigned char)v;
        /* Bits that belong to no byte must be zero, or two texts would mean the same. */
        if ((take == 2 && (v & 0xFFFF)) || (take == 3 && (v & 0xFF))) return SIZE_MAX;
    }
    return at;
}

/* ---- percent-encoding ---------------------------------------------------------------------- */

static bool is_unreserved(char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

size_t weir_url_encode(const char *p, size_t n, const char *keep, char *out) {
    static const char upper[] = "0123456789ABCDEF";
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)p[i];
        if (is_unreserved(p[i]) || (c && keep && strchr(keep, p[i]))) {
            out[at++] = p[i];
        } else {
            out[at++] = '%';
            out[at++] = upper[c >> 4];
            out[at++] = upper[c & 15];
        }
    }
    return at;
}

size_t weir_url_decode(const char *p, size_t n, bool plus, char *out) {
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        if (p[i] == '%') {
            if (n - i < 3) return SIZE_MAX;
            int high = hex_value(p[i + 1]), low = hex_value(p[i + 2]);
            if (high < 0 || low < 0) return SIZE_MAX;
            out[at++] = (char)(high << 4 | low);
            i += 2;
        } else {
            out[at++] = plus && p[i] == '+' ? ' ' : p[i];
        }
    }
    return at;
}

/* ---- UUID ---------------------------------------------------------------------------------- */

void weir_uuid_format(const uint8_t uuid[16], char out[WEIR_UUID_TEXT_BYTES]) {
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) out[at++] = '-';
        out[at++] = hex_digits[uuid[i] >> 4];
        out[at++] = hex_digits[uuid[i] & 15];
    }
}

bool weir_uuid_parse(const char *p, size_t n, uint8_t uuid[16]) {
    uint8_t bytes[16];
    if (n >= 2 && *p == '{') {
        if (p[n - 1] != '}') return false;
        p++;
        n -= 2;
    }
    size_t at = 0;
    for (size_t i = 0; i < 16; i++) {
        if (n - at < 2 || at > n) return false;
        int high = hex_value(p[at]), low = hex_value(p[at + 1]);
        if (high < 0 || low < 0) return false;
        bytes[i] = (uint8_t)(high << 4 | low);
        at += 2;
        if (i % 2 == 1 && i < 15 && at < n && p[at] == '-') at++;
    }
    if (at != n) return false;
    memcpy(uuid, bytes, 16);
    return true;
}
