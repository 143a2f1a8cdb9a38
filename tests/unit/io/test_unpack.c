/* Unpacking whole blocks: each packing's own forms, and what is cut or lies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "io/stream.h"
#include "io/unpack.h"

static const char *bytes_of(const char *hex, uint8_t *out, size_t *n) {
    unsigned v;
    for (*n = 0; *hex && sscanf(hex, "%2x", &v) == 1; hex += 2) out[(*n)++] = (uint8_t)v;
    return (const char *)out;
}

/* Hexadecimal input to text; NULL: it must be refused. */
static void unpacks(weir_packing packing, const char *hex, size_t out_size, const char *text) {
    uint8_t in[512], out[512] = {0};
    size_t n;
    weir_error err = {0};
    bytes_of(hex, in, &n);
    weir_status status = weir_unpack(packing, in, n, out, out_size, &err);
    if (!text) {
        assert_int_equal(status, WEIR_DATA);
        return;
    }
    if (status != WEIR_OK) fail_msg("%s: %s", hex, err.message);
    assert_memory_equal(out, text, out_size);
}

static void snappy_literals_and_copies(void **state) {
    (void)state;
    /* 5 bytes: a literal */
    unpacks(WEIR_PACKING_SNAPPY, "051068656c6c6f", 5, "hello");
    /* a literal of 2, and 4 bytes from 2 before (tag 01: length 4, offset 2) */
    unpacks(WEIR_PACKING_SNAPPY, "060461620102", 6, "ababab");
    /* tag 10 with two bytes of offset, one byte repeated */
    unpacks(WEIR_PACKING_SNAPPY, "0900611e0100", 9, "aaaaaaaaa");
    /* tag 11 with four bytes of offset */
    unpacks(WEIR_PACKING_SNAPPY, "0900611f01000000", 9, "aaaaaaaaa");
    /* a literal whose length stands in a byte behind the tag */
    unpacks(WEIR_PACKING_SNAPPY, "02f0016162", 2, "ab");
    unpacks(WEIR_PACKING_SNAPPY, "00", 0, "");
}

static void snappy_that_lies(void **state) {
    (void)state;
    unpacks(WEIR_PACKING_SNAPPY, "", 0, NULL);
    unpacks(WEIR_PACKING_SNAPPY, "051068656c6c", 5, NULL);      /* the literal is cut */
    unpacks(WEIR_PACKING_SNAPPY, "061068656c6c6f", 6, NULL);    /* too few bytes come out */
    unpacks(WEIR_PACKING_SNAPPY, "051068656c6c6f", 4, NULL);    /* too many */
    unpacks(WEIR_PACKING_SNAPPY, "060461620103", 6, NULL);      /* before the beginning */
    unpacks(WEIR_PACKING_SNAPPY, "060461620100", 6, NULL);      /* offset 0 */
    unpacks(WEIR_PACKING_SNAPPY, "0900611f010000", 9, NULL);    /* the offset is cut */
    unpacks(WEIR_PACKING_SNAPPY, "ffffffffffff0161", 5, NULL);  /* no length */
    unpacks(WEIR_PACKING_SNAPPY, "0200fc", 2, NULL);            /* a length that is cut */
    unpacks(WEIR_PACKING_SNAPPY, "0afcffffffff6162", 10, NULL); /* a literal of 4 GiB */
}

static void lz4_blocks_and_framings(void **state) {
    (void)state;
    /* 5 literals; then: 1 literal, 4 + 4 bytes from 1 before, and 5 literals */
    unpacks(WEIR_PACKING_LZ4, "5068656c6c6f", 5, "hello");
    unpacks(WEIR_PACKING_LZ4, "1461010050626364656600", 14, NULL);
    unpacks(WEIR_PACKING_LZ4, "14610100506263646566", 14, "aaaaaaaaabcdef");
    /* 15 literals and more: the length goes on */
    unpacks(WEIR_PACKING_LZ4, "f00161626364656667686970717273747576", 16, "abcdefghipqrstuv");
    unpacks(WEIR_PACKING_LZ4, "f0ff", 300, NULL);
    unpacks(WEIR_PACKING_LZ4, "14610000", 9, NULL); /* offset 0 */
    unpacks(WEIR_PACKING_LZ4, "14610200", 9, NULL); /* before the beginning */
    unpacks(WEIR_PACKING_LZ4, "5068656c", 5, NULL); /* the literals are cut */
    /* Hadoop: sizes in front, big-endian; twice */
    unpacks(WEIR_PACKING_LZ4_HADOOP, "00000005000000065068656c6c6f", 5, "hello");
    unpacks(WEIR_PACKING_LZ4_HADOOP,
            "00000002000000032061620000000100000002"
            "1063",
            3, "abc");
    unpacks(WEIR_PACKING_LZ4_HADOOP, "5068656c6c6f", 5, "hello"); /* a block without them */
    unpacks(WEIR_PACKING_LZ4_HADOOP, "00000005000000ff5068656c6c6f", 5, NULL);
    /* a frame: magic, flags, descriptor, check; one stored block, end */
    unpacks(WEIR_PACKING_LZ4_HADOOP,
            "04224d18604082050000806865"
            "6c6c6f00000000",
            5, "hello");
}

static void the_libraries_packings(void **state) {
    (void)state;
    const char *text = "weir measures the water that passes over it, weir measures the water that "
                       "passes over it, weir measures the water that passes over it, weir measures "
                       "the water that passes over it, ";
    unpacks(WEIR_PACKING_BROTLI,
            "13b3000004ea64a9deba5a3f7c6218b001070e1927dea67a5f59baf2e5c6da595e045892b9a9c7fb1390"
            "a7c61b00",
            180, text);
    unpacks(WEIR_PACKING_BROTLI, "13b3000004ea64a9deba5a3f", 180, NULL);
    static const struct {
        weir_codec codec;
        weir_packing packing;
    } codecs[] = {{WEIR_CODEC_GZIP, WEIR_PACKING_GZIP}, {WEIR_CODEC_ZSTD, WEIR_PACKING_ZSTD}};
    for (size_t i = 0; i < 2; i++) {
        weir_buf packed = {0};
        char out[180];
        weir_error err = {0};
        size_t n = strlen(text);
        assert_int_equal(weir_compress_block(codecs[i].codec, 1, text, n, &packed, &err), WEIR_OK);
        assert_int_equal(weir_unpack(codecs[i].packing, packed.data, packed.size, out, n, &err),
                         WEIR_OK);
        assert_memory_equal(out, text, n);
        for (size_t less = 1; less < packed.size; less += 7)
            assert_int_equal(
                weir_unpack(codecs[i].packing, packed.data, packed.size - less, out, n, &err),
                WEIR_DATA);
        assert_int_equal(weir_unpack(codecs[i].packing, packed.data, packed.size, out, n - 1, &err),
                         WEIR_DATA);
        weir_buf_clear(&packed);
    }
}

/* Every length and distance of a copy, with and without room behind it. */
static void copies_of_all_lengths(void **state) {
    (void)state;
    for (size_t back = 1; back < 40; back++)
        for (size_t n = 1; n <= 64; n++)
            for (size_t tail = 0; tail < 40; tail += 13) {
                uint8_t in[128], out[160], want[160];
                size_t at = 0, total = back + n + tail;
                in[at++] = (uint8_t)(total | (total > 127 ? 0x80 : 0));
                if (total > 127) in[at++] = (uint8_t)(total >> 7);
                in[at++] = (uint8_t)((back - 1) << 2);
                for (size_t i = 0; i < back; i++) in[at++] = want[i] = (uint8_t)(i * 7 + 1);
                in[at++] = (uint8_t)((n - 1) << 2 | 2);
                in[at++] = (uint8_t)back;
                in[at++] = 0;
                for (size_t i = 0; i < n; i++) want[back + i] = want[i];
                if (tail) in[at++] = (uint8_t)((tail - 1) << 2);
                for (size_t i = 0; i < tail; i++)
                    in[at++] = want[back + n + i] = (uint8_t)(200 + i);
                weir_error err = {0};
                assert_int_equal(weir_unpack(WEIR_PACKING_SNAPPY, in, at, out, total, &err),
                                 WEIR_OK);
                assert_memory_equal(out, want, total);
            }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(snappy_literals_and_copies), cmocka_unit_test(snappy_that_lies),
        cmocka_unit_test(lz4_blocks_and_framings),    cmocka_unit_test(the_libraries_packings),
        cmocka_unit_test(copies_of_all_lengths),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
