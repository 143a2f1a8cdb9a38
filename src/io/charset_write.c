/* UTF-8 as text in another encoding. */
#include "io/charset_write.h"

#include <errno.h>
#include <iconv.h>

#include "io/charset.h"
#include "text/utf8.h"

#define NO_ICONV ((iconv_t)-1)

struct weir_charset_writer {
    weir_charset charset;
    char own_name[WEIR_CHARSET_NAME_MAX];
    bool mark;
    bool ascii; /* ASCII is written as itself */
    iconv_t library;
    uint8_t bytes[65536]; /* TABLE: the byte of a character; 0 = none, but for that of `nul` */
    uint32_t nul;         /* TABLE: the character that byte 0 is */
    weir_buf scratch;
};

static weir_status no_mark(const weir_charset_writer *w, weir_error *err) {
    weir_error_set(err, WEIR_USAGE, "bom: %s has no byte order mark", w->charset.name);
    weir_error_hint(err, "leave it out, or write encoding: utf-8 or utf-16");
    return WEIR_USAGE;
}

static void make_bytes(weir_charset_writer *w) {
    w->ascii = true;
    for (unsigned b = 256; b-- > 0;) {
        uint16_t c = w->charset.table[b];
        if (c == 0xFFFF) continue;
        w->bytes[c] = (uint8_t)b;
        if (b == 0) w->nul = c;
        w->ascii = w->ascii && (b >= 0x80 || c == b);
    }
}

static weir_status begin(weir_charset_writer *w, const char *encoding, bool mark, weir_error *err) {
    if (strcmp(encoding, "auto") == 0 || !weir_charset_find(encoding, w->own_name, &w->charset)) {
        weir_status status = weir_encoding_check(encoding, err);
        return status != WEIR_OK
                   ? status
                   : weir_error_set(err, WEIR_USAGE, "encoding: auto is for reading only");
    }
    w->mark = mark;
    switch (w->charset.kind) {
    case WEIR_CHARSET_UTF16:
        w->charset = weir_charset_utf16le;
        w->mark = true;
        break;
    case WEIR_CHARSET_UTF32:
        w->charset = weir_charset_utf32le;
        w->mark = true;
        break;
    case WEIR_CHARSET_TABLE:
        if (mark) return no_mark(w, err);
        make_bytes(w);
        break;
    case WEIR_CHARSET_ICONV:
        if (mark) return no_mark(w, err);
        w->library = iconv_open(w->charset.iconv, "UTF-8");
        if (w->library != NO_ICONV) break;
        if (errno == ENOMEM) return weir_error_nomem(err);
        weir_error_set(err, WEIR_USAGE, "the C library of this machine cannot write %s",
                       w->charset.name);
        weir_error_hint(err, "install its conversion modules (gconv: Debian has them in libc6, "
                             "others in glibc-gconv-extra)");
        return WEIR_USAGE;
    default: break;
    }
    return WEIR_OK;
}

weir_status weir_charset_writer_new(const char *encoding, bool mark, weir_charset_writer **out,
                                    weir_error *err) {
    weir_charset_writer *w = weir_alloc_zero(1, sizeof *w);
    if (!w) return weir_error_nomem(err);
    w->library = NO_ICONV;
    weir_status status = begin(w, encoding, mark, err);
    if (status != WEIR_OK) {
        weir_charset_writer_free(w);
        return status;
    }
    *out = w;
    return WEIR_OK;
}

void weir_charset_writer_free(weir_charset_writer *w) {
    if (!w) return;
    if (w->library != NO_ICONV) iconv_close(w->library);
    weir_buf_clear(&w->scratch);
    weir_free(w);
}

const char *weir_charset_writer_name(const weir_charset_writer *w) {
    return w->charset.name;
}

bool weir_charset_writer_plain(const weir_charset_writer *w) {
    return w->charset.kind == WEIR_CHARSET_UTF8 && !w->mark;
}

weir_slice weir_charset_writer_mark(const weir_charset_writer *w) {
    if (!w->mark) return (weir_slice){"", 0};
    switch (w->charset.kind) {
    case WEIR_CHARSET_UTF16_LE: return (weir_slice){"\xFF\xFE", 2};
    case WEIR_CHARSET_UTF16_BE: return (weir_slice){"\xFE\xFF", 2};
    case WEIR_CHARSET_UTF32_LE: return (weir_slice){"\xFF\xFE\0\0", 4};
    case WEIR_CHARSET_UTF32_BE: return (weir_slice){"\0\0\xFE\xFF", 4};
    default: return (weir_slice){"\xEF\xBB\xBF", 3};
    }
}

/* Writes one character; its bytes, 0 = there is none. */
static size_t put_char(const weir_charset_writer *w, uint32_t c, uint8_t out[4]) {
    uint32_t high = 0, low = c;
    switch (w->charset.kind) {
    case WEIR_CHARSET_TABLE:
        if (c >= 65536 || (w->bytes[c] == 0 && c != w->nul)) return 0;
        out[0] = w->bytes[c];
        return 1;
    case WEIR_CHARSET_UTF16_LE:
    case WEIR_CHARSET_UTF16_BE: {
        unsigned big = w->charset.kind == WEIR_CHARSET_UTF16_BE;
        size_t n = 0;
        if (c >= 0x10000) {
            high = 0xD800 + ((c - 0x10000) >> 10);
            low = 0xDC00 + ((c - 0x10000) & 0x3FF);
            out[n + big] = (uint8_t)high;
            out[n + !big] = (uint8_t)(high >> 8);
            n = 2;
        }
        out[n + big] = (uint8_t)low;
        out[n + !big] = (uint8_t)(low >> 8);
        return n + 2;
    }
    case WEIR_CHARSET_UTF32_LE:
        for (unsigned i = 0; i < 4; i++) out[i] = (uint8_t)(c >> (8 * i));
        return 4;
    default: /* UTF32_BE */
        for (unsigned i = 0; i < 4; i++) out[i] = (uint8_t)(c >> (24 - 8 * i));
        return 4;
    }
}

static weir_status put_chars(weir_charset_writer *w, const char *text, size_t n, weir_buf *out,
                             size_t *bad, weir_error *err) {
    size_t at = 0;
    while (at < n) {
        size_t some = n - at < 4096 ? n - at : 4096, end = at + some;
        if (!weir_buf_reserve(out, some * 4 + 4)) return weir_error_nomem(err);
        while (at < end) {
            uint32_t c = (uint8_t)text[at];
            size_t size = c < 0x80 ? 1 : weir_utf8_decode(text + at, n - at, &c);
            size_t bytes = size ? put_char(w, c, (uint8_t *)out->data + out->size) : 0;
            if (bytes == 0) {
                *bad = at;
                return WEIR_OK;
            }
            out->size += bytes;
            at += size;
        }
    }
    return WEIR_OK;
}

/* Each text ends in the state in which the next one begins. */
static weir_status put_library(weir_charset_writer *w, const char *text, size_t n, weir_buf *out,
                               size_t *bad, weir_error *err) {
    char *in = (char *)(uintptr_t)text;
    size_t left = n;
    bool flush = false;
    iconv(w->library, NULL, NULL, NULL, NULL);
    for (;;) {
        if (!weir_buf_reserve(out, left + 64)) return weir_error_nomem(err);
        char *to = out->data + out->size;
        size_t room = out->capacity - out->size;
        size_t r = flush ? iconv(w->library, NULL, NULL, &to, &room)
                         : iconv(w->library, &in, &left, &to, &room);
        int error = errno;
        out->size = (size_t)(to - out->data);
        if (r == (size_t)-1 && error == E2BIG) {
            if (!weir_buf_reserve(out, out->capacity + 64)) return weir_error_nomem(err);
        } else if (r != 0) {
            *bad = n - left;
            return WEIR_OK;
        } else if (flush) {
            return WEIR_OK;
        } else {
            flush = true;
        }
    }
}

weir_status weir_charset_writer_put(weir_charset_writer *w, const char *text, size_t n,
                                    weir_buf *out, size_t *bad, weir_error *err) {
    size_t before = out->size;
    weir_status status = WEIR_OK;
    *bad = n;
    if (w->charset.kind == WEIR_CHARSET_UTF8 || (w->ascii && weir_utf8_is_ascii(text, n)))
        return weir_buf_add(out, text, n) ? WEIR_OK : weir_error_nomem(err);
    if (w->charset.kind == WEIR_CHARSET_ICONV)
        status = put_library(w, text, n, out, bad, err);
    else
        status = put_chars(w, text, n, out, bad, err);
    if (status != WEIR_OK || *bad < n) out->size = before;
    return status;
}

weir_status weir_charset_writer_check(weir_charset_writer *w, const char *text, size_t n,
                                      size_t *bad, weir_error *err) {
    *bad = n;
    if (w->charset.kind != WEIR_CHARSET_TABLE && w->charset.kind != WEIR_CHARSET_ICONV)
        return WEIR_OK; /* they have all characters */
    if (w->ascii && weir_utf8_is_ascii(text, n)) return WEIR_OK;
    w->scratch.size = 0;
    return weir_charset_writer_put(w, text, n, &w->scratch, bad, err);
}
