/* Compression: round trips, members in a row, cut and damaged streams, bombs, the corpus. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/fault.h"
#include "io/file.h"

/* A stream that hands out at most `step` bytes a read and collects what is written. */
typedef struct test_stream {
    weir_stream base;
    const unsigned char *data;
    size_t size, at, step;
    weir_buf *sink;
    size_t fail_after; /* bytes written before WEIR_IO; 0 = never */
    int *closed;
} test_stream;

static weir_status test_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    test_stream *t = (test_stream *)s;
    (void)err;
    size_t n = t->size - t->at;
    if (n > size) n = size;
    if (t->step && n > t->step) n = t->step;
    if (n) memcpy(buf, t->data + t->at, n);
    t->at += n;
    *got = n;
    return WEIR_OK;
}
static weir_status test_write(weir_stream *s, const void *buf, size_t size, weir_error *err) {
    test_stream *t = (test_stream *)s;
    if (t->fail_after && t->sink->size + size > t->fail_after)
        return weir_error_set(err, WEIR_IO, "full");
    return weir_buf_add(t->sink, buf, size) ? WEIR_OK : weir_error_nomem(err);
}
static weir_status test_finish(weir_stream *s, weir_error *err) {
    (void)s, (void)err;
    return WEIR_OK;
}
static void test_close(weir_stream *s) {
    test_stream *t = (test_stream *)s;
    if (t->closed) ++*t->closed;
    free(t);
}
static const weir_stream_ops test_ops = {
    .read = test_read, .write = test_write, .finish = test_finish, .close = test_close};

static weir_stream *reader_of(const char *name, const void *data, size_t size, size_t step) {
    test_stream *t = calloc(1, sizeof *t);
    t->base = (weir_stream){.ops = &test_ops, .name = name};
    t->data = data;
    t->size = size;
    t->step = step;
    return &t->base;
}
static weir_stream *writer_of(weir_buf *sink) {
    test_stream *t = calloc(1, sizeof *t);
    t->base = (weir_stream){.ops = &test_ops, .name = "sink"};
    t->sink = sink;
    return &t->base;
}

/* Text that compresses, with noise so that blocks differ. */
static unsigned char *sample(size_t n) {
    unsigned char *p = malloc(n + 1);
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = i % 64 < 40 ? (unsigned char)"id,name,amount,2026-01-01,Berlin,shipped"[i % 64]
                           : (unsigned char)('a' + (x >> 27));
    }
    return p;
}

/* Reads all; returns the status, the output in out. */
static weir_status read_all(weir_stream *in, weir_codec codec, double ratio, size_t piece,
                            weir_buf *out, weir_error *err) {
    weir_stream *s = NULL;
    weir_status status = weir_decompress(in, codec, ratio, &s, err);
    if (status != WEIR_OK) return status;
    char *buf = malloc(piece);
    for (;;) {
        size_t n = 0;
        status = weir_stream_read(s, buf, piece, &n, err);
        if (status != WEIR_OK || n == 0) break;
        assert_true(n <= piece);
        assert_true(weir_buf_add(out, buf, n));
    }
    if (status == WEIR_OK) assert_int_equal(s->position, out->size);
    if (status != WEIR_OK) { /* a failed stream stays failed, with the same words */
        weir_error again = {0};
        size_t n = 7;
        assert_int_equal(weir_stream_read(s, buf, piece, &n, &again), status);
        assert_string_equal(again.message, err->message);
    }
    free(buf);
    weir_stream_close(s);
    return status;
}

static void pack(weir_codec codec, int level, const void *data, size_t size, size_t piece,
                 weir_buf *out) {
    weir_error err = {0};
    weir_stream *s = NULL;
    assert_int_equal(weir_compress(writer_of(out), codec, level, &s, &err), WEIR_OK);
    for (size_t at = 0; at < size; at += piece)
        assert_int_equal(weir_stream_write(s, (const char *)data + at,
                                           size - at < piece ? size - at : piece, &err),
                         WEIR_OK);
    assert_int_equal(weir_stream_finish(s, &err), WEIR_OK);
    assert_int_equal(weir_stream_finish(s, &err), WEIR_OK); /* twice does no harm */
    assert_int_equal(s->position, size);
    assert_int_equal(weir_stream_write(s, "x", 1, &err), WEIR_INTERNAL);
    weir_stream_close(s);
}

static const weir_codec codecs[] = {WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD};

static void round_trip(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 2, 63, 4096, 65535, 65536, 300000, 3000001};
    static const size_t pieces[] = {1, 7, 4096, 1 << 20};
    unsigned char *data = sample(3000001);
    for (int c = 0; c < 2; c++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
            for (size_t k = 0; k < 4; k++)
                for (int level = 0; level <= 9; level += k == 3 ? 3 : 9) {
                    size_t piece = pieces[k];
                    if (sizes[i] / piece > 100000) continue;
                    weir_buf packed = {0}, out = {0};
                    weir_error err = {0};
                    pack(codecs[c], level, data, sizes[i], piece, &packed);
                    assert_true(packed.size > 8);
                    if (sizes[i] > 4096) assert_true(packed.size < sizes[i] * 3 / 4);
                    assert_int_equal(
                        read_all(reader_of("x", packed.data, packed.size, k == 0 ? 1 : 0),
                                 WEIR_CODEC_AUTO, 0, piece, &out, &err),
                        WEIR_OK);
                    assert_int_equal(out.size, sizes[i]);
                    if (out.size) assert_memory_equal(out.data, data, out.size);
                    weir_buf_clear(&packed);
                    weir_buf_clear(&out);
                }
    free(data);
}

static void members_in_a_row(void **state) {
    (void)state;
    unsigned char *data = sample(500000);
    for (int c = 0; c < 2; c++)
        for (size_t step = 0; step <= 11; step++) {
            weir_buf packed = {0}, out = {0};
            weir_error err = {0};
            weir_compressor *k = NULL;
            size_t at = 0;
            assert_int_equal(weir_compressor_new(codecs[c], 1, &k, &err), WEIR_OK);
            static const size_t parts[] = {0, 1, 100, 0, 200000, 65536, 234363};
            for (size_t i = 0; i < 7; at += parts[i++])
                assert_int_equal(weir_compressor_block(k, data + at, parts[i], &packed, &err),
                                 WEIR_OK);
            assert_int_equal(at, 500000);
            weir_compressor_free(k);
            assert_int_equal(read_all(reader_of("x", packed.data, packed.size, step), codecs[c], 0,
                                      8192, &out, &err),
                             WEIR_OK);
            assert_int_equal(out.size, 500000);
            assert_memory_equal(out.data, data, out.size);
            weir_buf_clear(&packed);
            weir_buf_clear(&out);
        }
    free(data);
}

/* Every prefix of a compressed file is an error, and hands out only true bytes. */
static void truncated(void **state) {
    (void)state;
    unsigned char *data = sample(3000);
    for (int c = 0; c < 2; c++) {
        weir_buf packed = {0};
        weir_error err = {0};
        assert_int_equal(weir_compress_block(codecs[c], 0, data, 3000, &packed, &err), WEIR_OK);
        size_t first = packed.size;
        assert_int_equal(weir_compress_block(codecs[c], 0, data, 1000, &packed, &err), WEIR_OK);
        for (size_t n = 0; n < packed.size; n++) {
            weir_buf out = {0};
            weir_status status =
                read_all(reader_of("x", packed.data, n, n % 3), codecs[c], 0, 500, &out, &err);
            if (n == first) {
                assert_int_equal(status, WEIR_OK);
                assert_int_equal(out.size, 3000);
            } else {
                assert_int_equal(status, WEIR_DATA);
                assert_true(strstr(err.message, n == 0 ? "empty" : "cut off") != NULL);
                assert_true(err.hint[0] != 0);
            }
            for (size_t i = 0; i < out.size; i++)
                assert_int_equal((unsigned char)out.data[i], data[i < 3000 ? i : i - 3000]);
            weir_buf_clear(&out);
        }
        weir_buf_clear(&packed);
    }
    free(data);
}

/* One flipped bit anywhere is found (checksums), except in fields without meaning. */
static void damaged(void **state) {
    (void)state;
    unsigned char *data = sample(2000);
    for (int c = 0; c < 2; c++) {
        weir_buf packed = {0};
        weir_error err = {0};
        size_t silent = 0;
        assert_int_equal(weir_compress_block(codecs[c], 0, data, 2000, &packed, &err), WEIR_OK);
        for (size_t bit = 0; bit < packed.size * 8; bit++) {
            weir_buf out = {0};
            packed.data[bit / 8] ^= (char)(1 << bit % 8);
            weir_status status = read_all(reader_of("x", packed.data, packed.size, 0), codecs[c], 0,
                                          700, &out, &err);
            if (status == WEIR_OK) {
                silent++;
                assert_int_equal(out.size, 2000);
                assert_memory_equal(out.data, data, 2000);
            } else {
                assert_true(status == WEIR_DATA || status == WEIR_RESOURCE);
            }
            packed.data[bit / 8] ^= (char)(1 << bit % 8);
            weir_buf_clear(&out);
        }
        assert_true(silent < 80); /* gzip: mtime, xfl, os, ftext */
        weir_buf_clear(&packed);
    }
    free(data);
}

static void garbage_behind(void **state) {
    (void)state;
    weir_buf packed = {0}, out = {0};
    weir_error err = {0};
    assert_int_equal(weir_compress_block(WEIR_CODEC_GZIP, 0, "abc", 3, &packed, &err), WEIR_OK);
    size_t n = packed.size;
    assert_true(weir_buf_add(&packed, "\0\0\0\0\0", 5)); /* padding */
    assert_int_equal(
        read_all(reader_of("x", packed.data, packed.size, 1), WEIR_CODEC_AUTO, 0, 10, &out, &err),
        WEIR_OK);
    assert_int_equal(out.size, 3);
    assert_true(weir_buf_add(&packed, "x", 1));
    out.size = 0;
    assert_int_equal(
        read_all(reader_of("x", packed.data, packed.size, 1), WEIR_CODEC_AUTO, 0, 10, &out, &err),
        WEIR_DATA);
    assert_int_equal(err.byte, n + 5);
    assert_string_equal(err.source, "x");
    packed.data[n] = 'y'; /* not padding */
    assert_int_equal(
        read_all(reader_of("x", packed.data, packed.size, 1), WEIR_CODEC_AUTO, 0, 10, &out, &err),
        WEIR_DATA);
    packed.size = 0;
    assert_int_equal(weir_compress_block(WEIR_CODEC_ZSTD, 0, "abc", 3, &packed, &err), WEIR_OK);
    assert_true(weir_buf_add(&packed, "garbage", 7));
    assert_int_equal(
        read_all(reader_of("x", packed.data, packed.size, 1), WEIR_CODEC_AUTO, 0, 10, &out, &err),
        WEIR_DATA);
    assert_true(strstr(err.message, "behind the end") != NULL);
    weir_buf_clear(&packed);
    weir_buf_clear(&out);
}

/* RFC 1952 header with extra field, name, comment and header checksum, split at every byte. */
static void full_header(void **state) {
    (void)state;
    weir_buf plain = {0}, packed = {0};
    weir_error err = {0};
    assert_int_equal(weir_compress_block(WEIR_CODEC_GZIP, 0, "hello", 5, &plain, &err), WEIR_OK);
    assert_true(weir_buf_add(&packed,
                             "\x1f\x8b\x08\x1f\1\2\3\4\0\3"
                             "\5\0ab\1\0x"
                             "name.csv\0"
                             "a comment\0",
                             10 + 7 + 9 + 10));
    static const unsigned char crc_slot[2] = {0, 0};
    size_t head = packed.size;
    assert_true(weir_buf_add(&packed, crc_slot, 2));
    uint32_t crc = 0xffffffffu;
    for (size_t i = 0; i < head; i++) {
        crc ^= (unsigned char)packed.data[i];
        for (int k = 0; k < 8; k++) crc = crc >> 1 ^ (0xedb88320u & -(crc & 1));
    }
    crc = ~crc;
    packed.data[head] = (char)crc;
    packed.data[head + 1] = (char)(crc >> 8);
    assert_true(weir_buf_add(&packed, plain.data + 10, plain.size - 10));
    for (size_t step = 0; step < 20; step++) {
        weir_buf out = {0};
        assert_int_equal(read_all(reader_of("x", packed.data, packed.size, step), WEIR_CODEC_AUTO,
                                  0, 3, &out, &err),
                         WEIR_OK);
        assert_int_equal(out.size, 5);
        assert_memory_equal(out.data, "hello", 5);
        weir_buf_clear(&out);
    }
    weir_buf_clear(&plain);
    weir_buf_clear(&packed);
}

static void bombs(void **state) {
    (void)state;
    const size_t size = 200u << 20;
    char *zeros = calloc(1, 1 << 20);
    for (int c = 0; c < 2; c++) {
        weir_buf packed = {0};
        weir_error err = {0};
        weir_stream *s = NULL;
        assert_int_equal(weir_compress(writer_of(&packed), codecs[c], 0, &s, &err), WEIR_OK);
        for (size_t at = 0; at < size; at += 1 << 20)
            assert_int_equal(weir_stream_write(s, zeros, 1 << 20, &err), WEIR_OK);
        assert_int_equal(weir_stream_finish(s, &err), WEIR_OK);
        weir_stream_close(s);
        assert_true(packed.size < size / 50);
        weir_stream *in = NULL;
        assert_int_equal(weir_decompress(reader_of("bomb", packed.data, packed.size, 0), codecs[c],
                                         50, &in, &err),
                         WEIR_OK);
        uint64_t total = 0;
        weir_status status;
        size_t n;
        do {
            n = 0;
            status = weir_stream_read(in, zeros, 1 << 20, &n, &err);
            total += n;
        } while (status == WEIR_OK && n > 0);
        assert_int_equal(status, WEIR_DATA);
        assert_true(strstr(err.message, "50 times") != NULL);
        assert_true(total >= WEIR_DECOMPRESS_FREE_BYTES &&
                    total < WEIR_DECOMPRESS_FREE_BYTES + (2 << 20));
        weir_stream_close(in);
        memset(zeros, 0, 1 << 20);
        weir_buf_clear(&packed);
    }
    free(zeros);
}

/* A frame header that claims a large window gets no memory beyond the budget. */
static void window_budget(void **state) {
    (void)state;
    static const unsigned char frame[] = {0x28,    0xb5, 0x2f, 0xfd, 0x00,
                                          17 << 3, 1,    0,    0}; /* 2^27 window, empty block */
    weir_ledger ledger;
    weir_ledger_init(&ledger, "test", 8u << 20, NULL);
    weir_decompress_options o = {.codec = WEIR_CODEC_AUTO, .ledger = &ledger};
    weir_error err = {0};
    weir_stream *s = NULL;
    char buf[10];
    size_t n = 1;
    assert_int_equal(weir_decompress_with(reader_of("w.zst", frame, sizeof frame, 0), &o, &s, &err),
                     WEIR_OK);
    assert_int_equal(weir_stream_read(s, buf, sizeof buf, &n, &err), WEIR_RESOURCE);
    assert_true(strstr(err.hint, "memory") != NULL);
    weir_stream_close(s);
    assert_int_equal(ledger.used_bytes, 0);
    o.ledger = NULL;
    o.max_window_bytes = 8u << 20;
    assert_int_equal(weir_decompress_with(reader_of("w.zst", frame, sizeof frame, 0), &o, &s, &err),
                     WEIR_OK);
    assert_int_equal(weir_stream_read(s, buf, sizeof buf, &n, &err), WEIR_DATA);
    assert_true(strstr(err.message, "8 MiB") != NULL);
    weir_stream_close(s);
}

static void detection(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
        const char *says;
    } refused[] = {{"\x04\x22\x4d\x18zz", 6, "lz4"},
                   {"PK\3\4zzzz", 8, "zip"},
                   {"PK\5\6", 4, "zip"},
                   {"LZIP\1", 5, "lzip"},
                   {"7z\xbc\xaf\x27\x1c", 6, "7z"},
                   {"\x1f\x9d\x90", 3, "compress"},
                   {"\xff\6\0\0sNaPpY", 10, "snappy"},
                   {"\x89LZO", 4, "lzop"}};
    static const struct {
        const char *bytes;
        size_t n;
    } plain[] = {{"", 0},   {"a", 1},    {"B", 1},    {"BZh9,x\n", 7}, {"BZh91AY&S", 9},
                 {"PK", 2}, {"PK,x", 4}, {"\x1f", 1}, {"\xfd\xfd", 2}, {"id,name\n1,x\n", 12}};
    weir_error err = {0};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        weir_stream *s = NULL;
        assert_int_equal(weir_decompress(reader_of("f.csv", refused[i].bytes, refused[i].n, 0),
                                         WEIR_CODEC_AUTO, 0, &s, &err),
                         WEIR_DATA);
        assert_true(strstr(err.message, refused[i].says) != NULL);
        assert_null(s);
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        for (size_t step = 0; step < 3; step++) {
            weir_buf out = {0};
            assert_int_equal(read_all(reader_of("f.csv", plain[i].bytes, plain[i].n, step),
                                      WEIR_CODEC_AUTO, 0, 1 + step, &out, &err),
                             WEIR_OK);
            assert_int_equal(out.size, plain[i].n);
            if (out.size) assert_memory_equal(out.data, plain[i].bytes, out.size);
            weir_buf_clear(&out);
        }
    /* A name that promises compression and a file without a whole magic: cut off. */
    weir_buf out = {0};
    assert_int_equal(read_all(reader_of("f.csv.gz", "", 0, 0), WEIR_CODEC_AUTO, 0, 9, &out, &err),
                     WEIR_DATA);
    assert_int_equal(
        read_all(reader_of("f.csv.gz", "\x1f", 1, 0), WEIR_CODEC_AUTO, 0, 9, &out, &err),
        WEIR_DATA);
    assert_int_equal(
        read_all(reader_of("f.csv.zst", "\x28\xb5", 2, 0), WEIR_CODEC_AUTO, 0, 9, &out, &err),
        WEIR_DATA);
    assert_int_equal(
        read_all(reader_of("f.csv.gz", "id\n1\n", 5, 0), WEIR_CODEC_AUTO, 0, 9, &out, &err),
        WEIR_OK);
    assert_int_equal(out.size, 5);
    weir_buf_clear(&out);
}

static void names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        weir_codec codec;
        size_t stem;
    } cases[] = {{"a.csv.gz", WEIR_CODEC_GZIP, 5},
                 {"a.CSV.GZ", WEIR_CODEC_GZIP, 5},
                 {"d/a.json.zst", WEIR_CODEC_ZSTD, 8},
                 {"a.zstd", WEIR_CODEC_ZSTD, 1},
                 {"a.csv", WEIR_CODEC_NONE, 5},
                 {".gz", WEIR_CODEC_NONE, 3},
                 {"d/.gz", WEIR_CODEC_NONE, 5},
                 {"gz", WEIR_CODEC_NONE, 2},
                 {"", WEIR_CODEC_NONE, 0},
                 {"a.bgz", WEIR_CODEC_GZIP, 1}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t stem = 99;
        assert_int_equal(weir_codec_of_name(cases[i].name, &stem), cases[i].codec);
        assert_int_equal(stem, cases[i].stem);
    }
    assert_string_equal(weir_codec_name(WEIR_CODEC_ZSTD), "zstd");
}

static void levels(void **state) {
    (void)state;
    weir_error err = {0};
    weir_stream *s = NULL;
    weir_buf sink = {0};
    assert_int_equal(weir_compress(writer_of(&sink), WEIR_CODEC_GZIP, 10, &s, &err), WEIR_USAGE);
    assert_int_equal(weir_compress(writer_of(&sink), WEIR_CODEC_ZSTD, -1, &s, &err), WEIR_USAGE);
    assert_true(strstr(err.hint, "19") != NULL);
}

/* A failing stream below: the error passes up and the stack closes all of itself, once. */
static void failing_below(void **state) {
    (void)state;
    unsigned char *data = sample(2000000);
    for (int c = 0; c < 2; c++) {
        int closed = 0;
        weir_buf sink = {0};
        weir_error err = {0};
        weir_stream *w = writer_of(&sink), *s = NULL;
        ((test_stream *)w)->fail_after = 100000;
        ((test_stream *)w)->closed = &closed;
        assert_int_equal(weir_compress(w, codecs[c], 1, &s, &err), WEIR_OK);
        weir_status status = WEIR_OK;
        for (int i = 0; i < 20 && status == WEIR_OK; i++)
            status = weir_stream_write(s, data, 2000000, &err);
        assert_int_equal(status, WEIR_IO);
        assert_int_equal(weir_stream_write(s, data, 10, &err), WEIR_IO);
        assert_int_equal(weir_stream_finish(s, &err), WEIR_IO);
        weir_stream_close(s);
        assert_int_equal(closed, 1);
        weir_buf_clear(&sink);
    }
    free(data);
}

/* The n-th allocation fails: clean error, nothing leaks (the sanitizer looks), the stack is closed.
 */
static void no_memory(void **state) {
    (void)state;
    weir_error err = {0};
    for (int c = 0; c < 2; c++) {
        weir_buf packed = {0};
        assert_int_equal(weir_compress_block(codecs[c], 0, "hello", 5, &packed, &err), WEIR_OK);
        for (long n = 1;; n++) {
            weir_buf out = {0};
            weir_stream *s = NULL, *in = reader_of("x.gz", packed.data, packed.size, 0);
            int closed = 0;
            ((test_stream *)in)->closed = &closed;
            weir_fault_arm(WEIR_FAULT_MALLOC, n, ENOMEM);
            weir_status status = weir_decompress(in, WEIR_CODEC_AUTO, 0, &s, &err);
            char buf[16];
            size_t got = 0;
            if (status == WEIR_OK) status = weir_stream_read(s, buf, sizeof buf, &got, &err);
            bool passed = weir_fault_count(WEIR_FAULT_MALLOC) < n;
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            weir_stream_close(s);
            assert_int_equal(closed, 1);
            assert_int_equal(status, passed ? WEIR_OK : WEIR_RESOURCE);
            weir_buf_clear(&out);
            if (passed) break;
            assert_true(n < 100);
        }
        for (long n = 1;; n++) {
            weir_buf sink = {0};
            weir_stream *s = NULL;
            weir_fault_arm(WEIR_FAULT_MALLOC, n, ENOMEM);
            weir_status status = weir_compress(writer_of(&sink), codecs[c], 0, &s, &err);
            if (status == WEIR_OK) status = weir_stream_write(s, "hello", 5, &err);
            if (status == WEIR_OK) status = weir_stream_finish(s, &err);
            bool passed = weir_fault_count(WEIR_FAULT_MALLOC) < n;
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            weir_stream_close(s);
            weir_buf_clear(&sink);
            assert_int_equal(status, passed ? WEIR_OK : WEIR_RESOURCE);
            if (passed) break;
            assert_true(n < 100);
        }
        weir_buf_clear(&packed);
    }
}

static weir_status corpus_file(const char *name, weir_buf *out, weir_error *err) {
    const char *root = getenv("WEIR_CORPUS");
    char path[1024];
    snprintf(path, sizeof path, "%s/compression/zstd-golden/%s", root ? root : "../shared/corpus",
             name);
    weir_file_info info = {0};
    if (weir_file_stat(path, &info, err) != WEIR_OK) {
        print_message("skipped: no corpus\n");
        skip();
    }
    weir_free(info.path);
    weir_stream *s = NULL;
    weir_status status = weir_file_open(path, NULL, &s, err);
    if (status != WEIR_OK) return status;
    return read_all(s, WEIR_CODEC_AUTO, 0, 65536, out, err);
}

static void corpus_good(void **state) {
    (void)state;
    weir_buf out = {0};
    weir_error err = {0};
    assert_int_equal(corpus_file("golden-decompression/block-128k.zst", &out, &err), WEIR_OK);
    assert_int_equal(out.size, 131068); /* as the zstd program says */
    weir_buf_clear(&out);
}

static void corpus_bad(void **state) {
    (void)state;
    static const char *const names[] = {"golden-decompression-errors/off0.bin.zst",
                                        "golden-decompression-errors/zeroSeq_extraneous.zst"};
    for (int i = 0; i < 2; i++) {
        weir_buf out = {0};
        weir_error err = {0};
        weir_status status = corpus_file(names[i], &out, &err);
        /* libzstd itself refuses these two since 1.5.6; older ones decode them. */
        if (ZSTD_versionNumber() >= 10506) assert_int_equal(status, WEIR_DATA);
        assert_true(out.size < 64);
        weir_buf_clear(&out);
    }
}

int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trip),     cmocka_unit_test(members_in_a_row),
        cmocka_unit_test(truncated),      cmocka_unit_test(damaged),
        cmocka_unit_test(garbage_behind), cmocka_unit_test(full_header),
        cmocka_unit_test(bombs),          cmocka_unit_test(window_budget),
        cmocka_unit_test(detection),      cmocka_unit_test(names),
        cmocka_unit_test(levels),         cmocka_unit_test(failing_below),
        cmocka_unit_test(no_memory),      cmocka_unit_test(corpus_good),
        cmocka_unit_test(corpus_bad),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
