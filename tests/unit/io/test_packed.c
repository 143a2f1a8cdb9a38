/* bzip2, xz and lzma: what the libraries' own packers made comes out again; streams in a row, cut
 * and damaged ones, bombs, memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <bzlib.h>
#include <errno.h>
#include <lzma.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "io/stream.h"

/* A stream that hands out at most `step` bytes a read. */
typedef struct test_stream {
    weir_stream base;
    const char *data;
    size_t size, at, step;
    long fails_at; /* the read that fails, once; 0 = none */
    int *closed;
} test_stream;

static weir_status test_read(weir_stream *s, void *buf, size_t size, size_t *got, weir_error *err) {
    test_stream *t = (test_stream *)s;
    size_t n = t->size - t->at;
    if (t->fails_at && --t->fails_at == 0) return weir_error_set(err, WEIR_IO, "a bad disk");
    if (n > size) n = size;
    if (t->step && n > t->step) n = t->step;
    if (n) memcpy(buf, t->data + t->at, n);
    t->at += n;
    *got = n;
    return WEIR_OK;
}
static void test_close(weir_stream *s) {
    test_stream *t = (test_stream *)s;
    if (t->closed) ++*t->closed;
    free(t);
}
static const weir_stream_ops test_ops = {.read = test_read, .close = test_close};

static test_stream *reader_of(const char *name, const weir_buf *b, size_t step) {
    test_stream *t = calloc(1, sizeof *t);
    t->base = (weir_stream){.ops = &test_ops, .name = name};
    t->data = b->data;
    t->size = b->size;
    t->step = step;
    return t;
}

static weir_status read_all(test_stream *in, const weir_decompress_options *o, size_t piece,
                            weir_buf *out, weir_error *err) {
    weir_stream *s = NULL;
    weir_status status = weir_decompress_with(&in->base, o, &s, err);
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
    if (status == WEIR_DATA) { /* a failed stream stays failed, with the same words */
        weir_error again = {0};
        size_t n = 7;
        assert_int_equal(weir_stream_read(s, buf, piece, &n, &again), status);
        assert_string_equal(again.message, err->message);
    }
    free(buf);
    weir_stream_close(s);
    return status;
}

static const weir_codec codecs[] = {WEIR_CODEC_BZIP2, WEIR_CODEC_XZ, WEIR_CODEC_LZMA};
static const char *const names[] = {"f.csv.bz2", "f.csv.xz", "f.csv.lzma"};
static const char *const words[] = {"bzip2", "xz", "lzma"};
#define CODECS 3

/* Packs data behind what stands in out. */
static void pack(weir_codec codec, const void *data, size_t size, weir_buf *out) {
    size_t room = size + size / 2 + 4096;
    assert_true(weir_buf_reserve(out, room));
    uint8_t *to = (uint8_t *)out->data + out->size;
    if (codec == WEIR_CODEC_BZIP2) {
        unsigned n = (unsigned)room;
        char *from = malloc(size + 1);
        if (size) memcpy(from, data, size);
        assert_int_equal(BZ2_bzBuffToBuffCompress((char *)to, &n, from, (unsigned)size, 1, 0, 0),
                         BZ_OK);
        free(from);
        out->size += n;
        return;
    }
    lzma_stream z = LZMA_STREAM_INIT;
    lzma_options_lzma options;
    assert_false(lzma_lzma_preset(&options, 1));
    if (codec == WEIR_CODEC_XZ)
        assert_int_equal(lzma_easy_encoder(&z, 1, LZMA_CHECK_CRC64), LZMA_OK);
    else
        assert_int_equal(lzma_alone_encoder(&z, &options), LZMA_OK);
    z.next_in = data;
    z.avail_in = size;
    z.next_out = to;
    z.avail_out = room;
    assert_int_equal(lzma_code(&z, LZMA_FINISH), LZMA_STREAM_END);
    out->size += room - z.avail_out;
    lzma_end(&z);
}

static char *sample(size_t n) {
    char *p = malloc(n + 1);
    uint32_t x = 12345;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525u + 1013904223u;
        p[i] = i % 64 < 40 ? "id,name,amount,2026-01-01,Berlin,shipped"[i % 64]
                           : (char)('a' + (x >> 27));
    }
    return p;
}

static void what_was_packed(void **state) {
    (void)state;
    static const size_t sizes[] = {0, 1, 4096, 300000, 1200001};
    static const size_t pieces[] = {1 << 20, 4096, 7}, steps[] = {0, 1, 1000};
    weir_decompress_options o = {.codec = WEIR_CODEC_AUTO};
    for (int c = 0; c < CODECS; c++)
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
            char *data = sample(sizes[i]);
            weir_buf packed = {0};
            pack(codecs[c], data, sizes[i], &packed);
            for (int k = 0; k < 3; k++) {
                weir_buf out = {0};
                weir_error err = {0};
                assert_int_equal(
                    read_all(reader_of("unnamed", &packed, steps[k]), &o, pieces[k], &out, &err),
                    WEIR_OK);
                assert_int_equal(out.size, sizes[i]);
                if (out.size) assert_memory_equal(out.data, data, out.size);
                weir_buf_clear(&out);
            }
            weir_buf_clear(&packed);
            free(data);
        }
}

/* One behind the other, an empty one and padding between them; .lzma has no such thing. */
static void streams_in_a_row(void **state) {
    (void)state;
    for (int c = 0; c < CODECS; c++)
        for (size_t step = 0; step < 3; step++) {
            weir_buf packed = {0}, out = {0};
            weir_error err = {0};
            weir_decompress_options o = {.codec = codecs[c]};
            pack(codecs[c], "first,", 6, &packed);
            pack(codecs[c], "", 0, &packed);
            if (codecs[c] == WEIR_CODEC_XZ) assert_true(weir_buf_add(&packed, "\0\0\0\0", 4));
            pack(codecs[c], "second", 6, &packed);
            assert_true(weir_buf_add(&packed, "\0\0\0\0\0\0\0\0", 8));
            weir_status status = read_all(reader_of(names[c], &packed, step), &o, 4, &out, &err);
            assert_int_equal(status, codecs[c] == WEIR_CODEC_LZMA ? WEIR_DATA : WEIR_OK);
            if (status == WEIR_OK) {
                assert_int_equal(out.size, 12);
                assert_memory_equal(out.data, "first,second", 12);
            } else {
                assert_non_null(strstr(err.message, "bytes behind the end of the lzma data"));
            }
            weir_buf_clear(&packed);
            weir_buf_clear(&out);
        }
}

/* Where the members of each codec begin, whatever the size of the reads; only when asked for. */
static void members(void **state) {
    (void)state;
    static const weir_codec all[] = {WEIR_CODEC_GZIP, WEIR_CODEC_ZSTD, WEIR_CODEC_BZIP2,
                                     WEIR_CODEC_XZ};
    static const char *const parts[] = {"", "first,", "", "second", "", "3", ""};
    static const uint64_t want[] = {6, 12, 13};
    for (size_t c = 0; c < 4; c++)
        for (size_t piece = 1; piece < 20; piece += 6)
            for (int asked = 0; asked < 2; asked++) {
                weir_buf packed = {0};
                weir_error err = {0};
                weir_stream *s = NULL;
                char text[20];
                size_t got = 1, n = 0, size = 0;
                for (size_t i = 0; i < 7; i++) {
                    if (weir_codec_writes(all[c]))
                        assert_int_equal(weir_compress_block(all[c], 0, parts[i], strlen(parts[i]),
                                                             &packed, &err),
                                         WEIR_OK);
                    else
                        pack(all[c], parts[i], strlen(parts[i]), &packed);
                }
                weir_decompress_options o = {.codec = WEIR_CODEC_AUTO, .members = asked};
                assert_int_equal(
                    weir_decompress_with(&reader_of("f", &packed, piece)->base, &o, &s, &err),
                    WEIR_OK);
                assert_int_equal(weir_transcode(s, "auto", false, &s, &err), WEIR_OK);
                while (got) {
                    assert_int_equal(weir_stream_read(s, text, piece, &got, &err), WEIR_OK);
                    size += got;
                    for (uint64_t at; weir_stream_next_member(s, &at); n++) {
                        assert_true(n < 3);
                        assert_int_equal(at, want[n]);
                    }
                }
                assert_int_equal(size, 13);
                assert_int_equal(n, asked ? 3 : 0);
                weir_stream_close(s);
                weir_buf_clear(&packed);
            }
}

static void behind_the_end(void **state) {
    (void)state;
    static const struct {
        const char *bytes;
        size_t n;
    } behind[] = {{"x", 1}, {"BZx", 3}, {"\0x", 2}, {"\0\0\0\0x", 5}};
    for (int c = 0; c < CODECS; c++)
        for (size_t i = 0; i < sizeof behind / sizeof *behind; i++) {
            weir_buf packed = {0}, out = {0};
            weir_error err = {0};
            weir_decompress_options o = {.codec = codecs[c]};
            pack(codecs[c], "hello", 5, &packed);
            size_t end = packed.size;
            assert_true(weir_buf_add(&packed, behind[i].bytes, behind[i].n));
            assert_int_equal(read_all(reader_of(names[c], &packed, 0), &o, 9, &out, &err),
                             WEIR_DATA);
            if (!strstr(err.message, "behind the end")) fail_msg("%s", err.message);
            assert_true(err.byte >= (int64_t)end && err.byte <= (int64_t)packed.size);
            assert_string_equal(err.source, names[c]);
            weir_buf_clear(&packed);
            weir_buf_clear(&out);
        }
    weir_buf odd = {0}, out = {0}; /* xz pads with four bytes at a time */
    weir_error err = {0};
    weir_decompress_options o = {.codec = WEIR_CODEC_XZ};
    pack(WEIR_CODEC_XZ, "hello", 5, &odd);
    assert_true(weir_buf_add(&odd, "\0\0\0", 3));
    assert_int_equal(read_all(reader_of("f.xz", &odd, 0), &o, 9, &out, &err), WEIR_DATA);
    weir_buf_clear(&odd);
    weir_buf_clear(&out);
}

/* What is cut off anywhere is an error at its end, behind what could be read. */
static void cut_off(void **state) {
    (void)state;
    char *data = sample(5000);
    for (int c = 0; c < CODECS; c++) {
        weir_buf packed = {0};
        pack(codecs[c], data, 5000, &packed);
        for (size_t n = 0; n < packed.size; n++) {
            weir_buf part = {.data = packed.data, .size = n}, out = {0};
            weir_error err = {0};
            weir_decompress_options o = {.codec = codecs[c]};
            assert_int_equal(read_all(reader_of(names[c], &part, n % 3), &o, 512, &out, &err),
                             WEIR_DATA);
            if (!strstr(err.message, n ? "cut off" : "empty")) fail_msg("%zu: %s", n, err.message);
            assert_non_null(strstr(err.message, words[c]));
            assert_int_equal(err.byte, n);
            assert_true(out.size <= 5000 && memcmp(out.size ? out.data : "", data, out.size) == 0);
            weir_buf_clear(&out);
        }
        weir_buf_clear(&packed);
    }
    free(data);
}

/* Each byte changed: bzip2 and xz notice; nothing crashes. */
static void damaged(void **state) {
    (void)state;
    char *data = sample(3000);
    for (int c = 0; c < CODECS; c++) {
        weir_buf packed = {0};
        pack(codecs[c], data, 3000, &packed);
        for (size_t i = 0; i < packed.size; i++) {
            weir_buf out = {0};
            weir_error err = {0};
            weir_decompress_options o = {.codec = codecs[c]};
            packed.data[i] ^= 0x20;
            weir_status status = read_all(reader_of(names[c], &packed, 0), &o, 999, &out, &err);
            packed.data[i] ^= 0x20;
            bool same = status == WEIR_OK && out.size == 3000 && !memcmp(out.data, data, 3000);
            if (codecs[c] != WEIR_CODEC_LZMA && status == WEIR_OK && !same)
                fail_msg("%s: byte %zu was not missed", names[c], i);
            if (status != WEIR_OK) assert_true(status == WEIR_DATA && err.message[0]);
            weir_buf_clear(&out);
        }
        weir_buf_clear(&packed);
    }
    free(data);
}

static void bombs(void **state) {
    (void)state;
    const size_t size = 40u << 20;
    char *zeros = calloc(1, size);
    for (int c = 0; c < CODECS; c++) {
        weir_buf packed = {0}, out = {0};
        weir_error err = {0};
        pack(codecs[c], zeros, size, &packed);
        assert_true(packed.size < size / 1000);
        weir_decompress_options o = {.codec = WEIR_CODEC_AUTO};
        assert_int_equal(read_all(reader_of("b", &packed, 0), &o, 1 << 20, &out, &err), WEIR_DATA);
        assert_non_null(strstr(err.message, "1000 times"));
        assert_true(out.size >= WEIR_DECOMPRESS_FREE_BYTES - (1 << 20) &&
                    out.size < WEIR_DECOMPRESS_FREE_BYTES + (2 << 20));
        weir_buf_clear(&out);
        o.max_bytes = 1 << 20;
        assert_int_equal(read_all(reader_of("b", &packed, 0), &o, 4096, &out, &err), WEIR_DATA);
        assert_non_null(strstr(err.message, "more than 1048576 bytes"));
        assert_true(out.size <= (1 << 20) + 4096);
        weir_buf_clear(&out);
        weir_buf_clear(&packed);
    }
    free(zeros);
}

/* The header of .lzma claims a dictionary of 4 GiB: nothing of that is allocated.  A smaller one
 * counts against the budget. */
static void dictionaries(void **state) {
    (void)state;
    weir_buf packed = {0}, out = {0};
    weir_error err = {0};
    pack(WEIR_CODEC_LZMA, "hello", 5, &packed);
    memcpy(packed.data + 1, "\0\0\0\xf0", 4);
    weir_ledger ledger;
    weir_ledger_init(&ledger, "test", 16u << 20, NULL);
    weir_decompress_options o = {.codec = WEIR_CODEC_LZMA, .ledger = &ledger};
    assert_int_equal(read_all(reader_of("d", &packed, 0), &o, 99, &out, &err), WEIR_DATA);
    assert_non_null(strstr(err.message, "a dictionary of more than 128 MiB"));
    memcpy(packed.data + 1, "\0\0\0\4", 4); /* 64 MiB */
    assert_int_equal(read_all(reader_of("d", &packed, 0), &o, 99, &out, &err), WEIR_RESOURCE);
    assert_non_null(strstr(err.hint, "raise limits: memory"));
    assert_int_equal(ledger.used_bytes, 0);
    assert_true(ledger.peak_bytes <= 16u << 20);
    memcpy(packed.data + 1, "\0\0\20\0", 4); /* 1 MiB */
    assert_int_equal(read_all(reader_of("d", &packed, 0), &o, 99, &out, &err), WEIR_OK);
    assert_int_equal(out.size, 5);
    assert_true(ledger.peak_bytes >= 1u << 20);
    assert_int_equal(ledger.used_bytes, 0);
    weir_buf_clear(&packed);
    weir_buf_clear(&out);
    pack(WEIR_CODEC_BZIP2, "hello", 5, &packed);
    weir_ledger_init(&ledger, "test", 400u << 10, NULL);
    o.codec = WEIR_CODEC_BZIP2;
    assert_int_equal(read_all(reader_of("d", &packed, 0), &o, 99, &out, &err), WEIR_RESOURCE);
    assert_int_equal(ledger.used_bytes, 0);
    weir_buf_clear(&packed);
    weir_buf_clear(&out);
}

/* The n-th allocation or read fails: a clean error, and the stack is closed once. */
static void faults(void **state) {
    (void)state;
    for (int c = 0; c < CODECS; c++) {
        weir_buf packed = {0};
        pack(codecs[c], "hello", 5, &packed);
        for (int kind = 0; kind < 2; kind++)
            for (long n = 1;; n++) {
                weir_buf out = {0};
                weir_error err = {0};
                int closed = 0;
                test_stream *in = reader_of("x", &packed, 10);
                in->closed = &closed;
                long reads = kind ? n : 0;
                in->fails_at = reads;
                if (!kind) weir_fault_arm(WEIR_FAULT_MALLOC, n, ENOMEM);
                weir_decompress_options o = {.codec = WEIR_CODEC_AUTO};
                weir_stream *s = NULL;
                char buf[16];
                size_t got = 0, size = 0;
                weir_status status = weir_decompress_with(&in->base, &o, &s, &err);
                do {
                    if (status == WEIR_OK)
                        status = weir_stream_read(s, buf + size, sizeof buf - size, &got, &err);
                    size += got;
                } while (status == WEIR_OK && got);
                bool passed = kind ? status == WEIR_OK : weir_fault_count(WEIR_FAULT_MALLOC) < n;
                weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
                weir_stream_close(s);
                assert_int_equal(closed, 1);
                assert_int_equal(status, passed ? WEIR_OK : kind ? WEIR_IO : WEIR_RESOURCE);
                if (passed) assert_true(size == 5 && memcmp(buf, "hello", 5) == 0);
                weir_buf_clear(&out);
                if (passed) break;
                assert_true(n < 100);
            }
        weir_buf_clear(&packed);
    }
}

/* The content decides, where the name says something else, too; none of these is written. */
static void names_and_content(void **state) {
    (void)state;
    weir_buf text = {0}, out = {0};
    weir_error err = {0};
    weir_stream *s = NULL;
    weir_decompress_options o = {.codec = WEIR_CODEC_AUTO};
    assert_true(weir_buf_adds(&text, "id,x\n"));
    for (int c = 0; c < CODECS; c++) {
        size_t stem = 0;
        assert_int_equal(weir_codec_of_name(names[c], &stem), codecs[c]);
        assert_int_equal(stem, 5);
        assert_string_equal(weir_codec_name(codecs[c]), words[c]);
        assert_false(weir_codec_writes(codecs[c]));
        weir_status status = read_all(reader_of(names[c], &text, 0), &o, 9, &out, &err);
        if (codecs[c] == WEIR_CODEC_LZMA) { /* it has no magic: the name is all there is */
            assert_int_equal(status, WEIR_DATA);
        } else {
            assert_int_equal(status, WEIR_OK);
            assert_int_equal(out.size, 5);
        }
        weir_buf_clear(&out);
        weir_buf none = {.data = text.data};
        assert_int_equal(read_all(reader_of(names[c], &none, 0), &o, 9, &out, &err), WEIR_DATA);
        assert_non_null(strstr(err.message, "the file is empty"));
        o.codec = codecs[c];
        assert_int_equal(read_all(reader_of("f.csv", &text, 0), &o, 9, &out, &err), WEIR_DATA);
        o.codec = WEIR_CODEC_AUTO;
        test_stream *to = reader_of("sink", &text, 0);
        assert_int_equal(weir_compress(&to->base, codecs[c], 0, &s, &err), WEIR_USAGE);
        assert_non_null(strstr(err.message, "read, but not written"));
    }
    weir_buf_clear(&text);
}

int main(void) {
    weir_fault_init();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_packed), cmocka_unit_test(streams_in_a_row),
        cmocka_unit_test(members),         cmocka_unit_test(behind_the_end),
        cmocka_unit_test(cut_off),         cmocka_unit_test(damaged),
        cmocka_unit_test(bombs),           cmocka_unit_test(dictionaries),
        cmocka_unit_test(faults),          cmocka_unit_test(names_and_content),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
