#include "base/printable.h"

#include <stdint.h>

/* Length of the well-formed UTF-8 character at p, 0 when it is none.  src/text has the fast form
 * for data; this one is for messages and keeps base free of src/text. */
static size_t character_bytes(const unsigned char *p, size_t n) {
    unsigned char b = p[0];
    if (b < 0x80) return 1;
    if (b < 0xC2 || n < 2 || (p[1] & 0xC0) != 0x80) return 0;
    if (b < 0xE0) return 2;
    if (n < 3 || (p[2] & 0xC0) != 0x80) return 0;
    if (b < 0xF0) {
        if ((b == 0xE0 && p[1] < 0xA0) || (b == 0xED && p[1] > 0x9F)) return 0;
        return 3;
    }
    if (b > 0xF4 || n < 4 || (p[3] & 0xC0) != 0x80) return 0;
    if ((b == 0xF0 && p[1] < 0x90) || (b == 0xF4 && p[1] > 0x8F)) return 0;
    return 4;
}

/* U+2028 to U+202E and U+2066 to U+2069: further line ends, and marks that turn the direction of
 * the text behind them. */
static int turns(const unsigned char *p, size_t length) {
    if (length != 3 || p[0] != 0xE2) return 0;
    return (p[1] == 0x80 && p[2] >= 0xA8 && p[2] <= 0xAE) ||
           (p[1] == 0x81 && p[2] >= 0xA6 && p[2] <= 0xA9);
}

size_t weir_printable(char *dst, size_t cap, const char *src, size_t n) {
    static const char hex[] = "0123456789abcdef";
    const unsigned char *p = (const unsigned char *)src;
    size_t at = 0, i = 0;
    if (cap == 0) return 0;
    while (i < n) {
        size_t length = character_bytes(p + i, n - i);
        int control = length == 0 || (length == 1 && (p[i] < 0x20 || p[i] == 0x7F)) ||
                      (length == 2 && p[i] == 0xC2 && p[i + 1] < 0xA0) || turns(p + i, length);
        if (!control) {
            if (cap - at <= length) break;
            for (size_t k = 0; k < length; k++) dst[at++] = (char)p[i + k];
            i += length;
        } else if (p[i] == '\n' || p[i] == '\r' || p[i] == '\t') {
            if (cap - at <= 1) break;
            dst[at++] = ' ';
            i++;
        } else {
            /* A C1 control takes two bytes; escaping the first leaves the second to fail alone. */
            if (cap - at <= 4) break;
            dst[at++] = '\\';
            dst[at++] = 'x';
            dst[at++] = hex[p[i] >> 4];
            dst[at++] = hex[p[i] & 15];
            i++;
        }
    }
    dst[at] = '\0';
    return at;
}
