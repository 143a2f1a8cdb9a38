/* How much room text takes on a terminal. */
#include <locale.h>
#include <stdint.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#include "cli/cli.h"

/* The character at s and its bytes; what is no UTF-8 counts as one each. */
static uint32_t character(const char *s, size_t n, size_t *bytes) {
    const unsigned char *p = (const unsigned char *)s;
    size_t more = p[0] < 0xc0 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
    uint32_t c = more ? p[0] & (0x3fu >> more) : p[0];
    *bytes = 1;
    if (more >= n) return c;
    for (; *bytes <= more; ++*bytes) c = c << 6 | (p[*bytes] & 0x3f);
    return c;
}

/* Places of the first characters of s, as long as they fit; *bytes of them. */
static size_t measure(const char *s, size_t n, size_t places, size_t *bytes) {
    static locale_t unicode;
    static bool looked;
    size_t width = 0, i = 0;
    if (!looked) unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    looked = true;
    locale_t before = unicode ? uselocale(unicode) : (locale_t)0;
    while (i < n) {
        size_t size;
        uint32_t c = character(s + i, n - i, &size);
        int w = c < 0x80 || !unicode ? 1 : wcwidth((wchar_t)c);
        size_t takes = w < 0 ? 1 : (size_t)w;
        if (takes > places - width) break;
        width += takes;
        i += size;
    }
    if (unicode) uselocale(before);
    *bytes = i;
    return width;
}

size_t cli_width(const char *s, size_t n) {
    size_t bytes;
    return measure(s, n, SIZE_MAX, &bytes);
}

size_t cli_clip(const char *s, size_t n, size_t places) {
    size_t bytes;
    measure(s, n, places, &bytes);
    return bytes;
}

size_t cli_terminal_width(void) {
    struct winsize size = {0};
    if (!isatty(STDOUT_FILENO) || ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return 0;
    return size.ws_col;
}
