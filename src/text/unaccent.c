#include "text/unaccent.h"

#include <string.h>
#include "text/utf8.h"

static const char *plain(uint32_t code) {
    uint32_t low = 0, high = weir_unaccent_size;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (weir_unaccent_rows[middle].code < code)
            low = middle + 1;
        else
            high = middle;
    }
    return low < weir_unaccent_size && weir_unaccent_rows[low].code == code
               ? weir_unaccent_rows[low].text
               : NULL;
}

size_t weir_unaccent(const char *p, size_t n, char *out) {
    size_t size = 0;
    for (size_t i = 0; i < n;) {
        uint32_t c = (unsigned char)p[i];
        size_t length = 1;
        if (c >= 0x80) {
            length = weir_utf8_decode(p + i, n - i, &c);
            if (!length) { /* a byte that is no character stays */
                length = 1;
                c = 0;
            }
        }
        const char *text = c >= 0x80 ? plain(c) : NULL;
        if (text) {
            size_t m = strlen(text); /* never longer than the character */
            memcpy(out + size, text, m);
            size += m;
        } else if (c < 0x300 || c > 0x36F) {
            memmove(out + size, p + i, length);
            size += length;
        }
        i += length;
    }
    return size;
}

uint32_t weir_entity_find(const char *name, size_t n) {
    if (n > 1 && name[0] == '#') {
        bool hex = name[1] == 'x' || name[1] == 'X';
        uint32_t code = 0;
        if (n > 9 || (hex && n == 2)) return 0;
        for (size_t i = hex ? 2 : 1; i < n; i++) {
            char c = name[i];
            uint32_t d = c >= '0' && c <= '9'          ? (uint32_t)(c - '0')
                         : hex && c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                         : hex && c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A') + 10
                                                       : 99;
            if (d == 99) return 0;
            code = code * (hex ? 16 : 10) + d;
        }
        char bytes[4];
        return weir_utf8_encode(code, bytes) ? code : 0;
    }
    if (n == 0 || n >= sizeof weir_entity_rows->name || memchr(name, 0, n)) return 0;
    uint32_t low = 0, high = weir_entity_size;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        const char *have = weir_entity_rows[middle].name;
        int order = strncmp(have, name, n);
        if (order == 0 && have[n]) order = 1;
        if (order == 0) return weir_entity_rows[middle].code;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return 0;
}
