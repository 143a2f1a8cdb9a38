/* Fuzzes the reader of encodings.  The first byte chooses the encoding, the second how many bytes
 * come at once: the outcome may not depend on that.  What comes out of UTF-16 holds no NUL that was
 * none, and what was guessed reads the same when it is declared. */
#include <stdint.h>
#include <stdlib.h>

#include "io/stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(int ok) {
    if (!ok) abort();
}

typedef struct slow_stream {
    weir_stream base;
    const uint8_t *data;
    size_t size, at, step;
} slow_stream;

static weir_status slow_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    slow_stream *t = (slow_stream *)s;
    (void)err;
    size_t n = t->size - t->at;
    if (n > size) n = size;
    if (n > t->step) n = t->step;
    memcpy(buf, t->data + t->at, n);
    t->at += n;
    *got = n;
    return WEIR_OK;
}
static void slow_close(weir_stream *s) {
    (void)s;
}
static const weir_stream_ops slow_ops = {.read = slow_read, .close = slow_close};

static weir_status read_all(const uint8_t *data, size_t size, size_t step, const char *encoding,
                            weir_buf *out, char name[64]) {
    slow_stream in = {.base = {.ops = &slow_ops, .name = "fuzz"}, .data = data, .size = size};
    in.step = step;
    weir_error err = {0};
    weir_stream *s = NULL;
    out->size = 0;
    weir_status status = weir_transcode(&in.base, encoding, false, &s, &err);
    if (status != WEIR_OK) return status;
    check(strlen(s->encoding) < 64);
    memcpy(name, s->encoding, strlen(s->encoding) + 1);
    for (;;) {
        char piece[512];
        size_t got = 0;
        check(weir_stream_read(s, piece, step < sizeof piece ? step : sizeof piece, &got, &err) ==
              WEIR_OK);
        if (got == 0) break;
        check(weir_buf_add(out, piece, got));
    }
    check(s->position == out->size);
    weir_stream_close(s);
    return WEIR_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const char *const encodings[] = {
        "auto",     "utf-8",    "utf-16", "utf-16le", "utf-16be",    "utf-32",
        "latin1",   "cp1252",   "koi8-r", "cp037",    "gb18030",     "big5",
        "cp932",    "euc-jp",   "euc-kr", "cp1258",   "iso-2022-jp", "auto",
        "utf-32le", "utf-32be", "euc-tw", "johab",    "macroman",    "iso-8859-8"};
    if (size < 2) return 0;
    const char *encoding = encodings[data[0] % (sizeof encodings / sizeof *encodings)];
    weir_buf a = {0}, b = {0};
    char name[64] = "", again[64] = "";
    weir_status status = read_all(data + 2, size - 2, 1 + data[1] % 7, encoding, &a, name);
    check(read_all(data + 2, size - 2, SIZE_MAX, encoding, &b, again) == status);
    check(a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0));
    if (status == WEIR_OK && data[0] == 0) { /* found, then declared */
        check(strcmp(name, again) == 0);
        check(read_all(data + 2, size - 2, 4096, name, &b, again) == WEIR_OK);
        check(a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0));
    }
    weir_buf_clear(&a);
    weir_buf_clear(&b);
    return 0;
}
