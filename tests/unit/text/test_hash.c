/* Digests against published vectors and, over all small lengths, against another implementation's
 * results; properties of the table hashes. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "text/hash.h"

static void check_hex(weir_digest_kind kind, const char *text, const char *want) {
    char hex[2 * WEIR_DIGEST_MAX_BYTES + 1];
    size_t n = weir_digest_hex(kind, text, strlen(text), hex);
    hex[n] = '\0';
    assert_string_equal(hex, want);
}

static void test_vectors(void **state) {
    (void)state;
    check_hex(WEIR_MD5, "", "d41d8cd98f00b204e9800998ecf8427e");
    check_hex(WEIR_MD5, "abc", "900150983cd24fb0d6963f7d28e17f72");
    check_hex(WEIR_SHA1, "abc", "a9993e364706816aba3e25717850c26c9cd0d89d");
    check_hex(WEIR_SHA1, "", "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    check_hex(WEIR_SHA224, "abc", "23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7");
    check_hex(WEIR_SHA256, "abc",
              "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_hex(WEIR_SHA256, "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_hex(WEIR_SHA384, "abc",
              "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed"
              "8086072ba1e7cc2358baeca134c825a7");
    check_hex(WEIR_SHA512, "abc",
              "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
              "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

/* The digest of the digests of the first 0..300 bytes of a pattern; the expected values come from
 * Python's hashlib. */
static void test_lengths(void **state) {
    (void)state;
    static const char *const want[] = {
        "bbc8219ce2f09cb1b1235ce3b7ef018c",
        "43debf5006166594c976375f1c06253e43d53ddf",
        "f252448ce58b2e6bc5830f40096dba37ddf2d5fd4b0683f417802367",
        "7d917fbd2cf49ddff9ad0a8706bba32d204e92e71d2e369c5a03d6af29278c9f",
        "efec719c84acba157f057b3a8be4ab46d8d39b7f85dca15c051420621873dcdb"
        "f6b165d5061f55337fce615e1957e330",
        "404431b1c0eac12729b20176c61b0e1c561b6b20d2ecbb7ee1126c361943d724"
        "d7c0814a8daf5c3a2a7d3e431a0aaf58c12f96d8c3370582b777fd375c3c972f"};
    uint8_t text[300];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 7 + 3);
    for (int kind = WEIR_MD5; kind <= WEIR_SHA512; kind++) {
        weir_digest outer;
        weir_digest_init(&outer, (weir_digest_kind)kind);
        uint8_t out[WEIR_DIGEST_MAX_BYTES], again[WEIR_DIGEST_MAX_BYTES];
        for (size_t n = 0; n <= 300; n++) {
            size_t size = weir_digest_bytes((weir_digest_kind)kind, text, n, out);
            assert_int_equal(size, weir_digest_size((weir_digest_kind)kind));
            weir_digest_update(&outer, out, size);
            /* In pieces it is the same. */
            weir_digest d;
            weir_digest_init(&d, (weir_digest_kind)kind);
            for (size_t at = 0, step = 1; at < n; at += step, step = step * 3 % 71 + 1)
                weir_digest_update(&d, text + at, n - at < step ? n - at : step);
            weir_digest_final(&d, again);
            assert_memory_equal(out, again, size);
        }
        weir_digest_final(&outer, out);
        char hex[2 * WEIR_DIGEST_MAX_BYTES + 1];
        size_t n = weir_hex_encode(out, weir_digest_size((weir_digest_kind)kind), hex);
        hex[n] = '\0';
        assert_string_equal(hex, want[kind]);
    }
}

static void test_hmac(void **state) {
    (void)state;
    uint8_t out[WEIR_DIGEST_MAX_BYTES];
    char hex[2 * WEIR_DIGEST_MAX_BYTES + 1];
    const char *fox = "The quick brown fox jumps over the lazy dog";
    size_t n = weir_digest_hmac(WEIR_SHA256, "key", 3, fox, strlen(fox), out);
    hex[weir_hex_encode(out, n, hex)] = '\0';
    assert_string_equal(hex, "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
    char key[200];
    memset(key, 'k', sizeof key);
    n = weir_digest_hmac(WEIR_MD5, key, sizeof key, "long key", 8, out);
    hex[weir_hex_encode(out, n, hex)] = '\0';
    assert_string_equal(hex, "c0c1f996f64eb5bbae76ae863bb6b6f5");
    n = weir_digest_hmac(WEIR_SHA512, key, sizeof key, "long key", 8, out);
    hex[weir_hex_encode(out, n, hex)] = '\0';
    assert_string_equal(hex, "b5327f432e261bceec36a6ec6f54e7229bf4744ffc9c480303ddd27e8a22bd19"
                             "b87f9e8a89d185de4995df9c735982a221d874c679ab05584a6fe2a165830f89");
}

static void test_crc(void **state) {
    (void)state;
    assert_int_equal(weir_crc32(0, "123456789", 9), 0xCBF43926);
    assert_int_equal(weir_crc32c(0, "123456789", 9), 0xE3069283);
    assert_int_equal(weir_crc32(0, "", 0), 0);
    uint8_t text[300];
    uint32_t crc = 0;
    for (size_t i = 0; i < sizeof text; i++) text[i] = (uint8_t)(i * 7 + 3);
    for (size_t n = 0; n <= 300; n++) crc = weir_crc32(crc, text, n);
    assert_int_equal(crc, 0x9BA9848C);
    for (size_t n = 0; n <= 300; n++) {
        uint32_t whole = weir_crc32c(0, text, n);
        weir_cpu_limit(0);
        assert_int_equal(weir_crc32c(0, text, n), whole);
        weir_cpu_limit(UINT32_MAX);
        assert_int_equal(weir_crc32c(weir_crc32c(0, text, n / 3), text + n / 3, n - n / 3), whole);
    }
}

static void test_xxh3(void **state) {
    (void)state;
    /* From the XXH3 specification's reference values for empty input. */
    assert_true(weir_hash_bytes(NULL, 0, 0) == 0x2D06800538D394C2ULL);
    weir_hash128 h = weir_hash_bytes128("", 0, 0);
    char hex[33] = "";
    weir_hash_format128(h, hex);
    assert_string_equal(hex, "99aa06d3014798d86001c324468d497f");
    char text[2000];
    for (size_t i = 0; i < sizeof text; i++) text[i] = (char)(i * 31);
    for (size_t n = 1; n < sizeof text; n += 7) {
        char *copy = malloc(n); /* exactly n bytes are read */
        assert_non_null(copy);
        memcpy(copy, text, n);
        uint64_t a = weir_hash_bytes(copy, n, 1);
        assert_true(a == weir_hash_bytes(text, n, 1));
        assert_true(a != weir_hash_bytes(text, n, 2));
        copy[n / 2] ^= 1;
        assert_true(a != weir_hash_bytes(copy, n, 1));
        free(copy);
    }
}

static void test_word_hash(void **state) {
    (void)state;
    /* Few keys fall into the same of 65536 buckets, for keys that differ only high or low. */
    static uint16_t seen[65536];
    for (int shift = 0; shift <= 48; shift += 12) {
        memset(seen, 0, sizeof seen);
        unsigned worst = 0;
        for (uint64_t i = 0; i < 65536; i++) {
            unsigned n = ++seen[weir_hash_word(i << shift, 7) & 65535];
            if (n > worst) worst = n;
        }
        assert_true(worst < 15);
    }
    assert_true(weir_hash_combine(1, 2) != weir_hash_combine(2, 1));
    assert_true(weir_hash_combine(weir_hash_combine(0, 1), 0) != weir_hash_combine(0, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_hmac),    cmocka_unit_test(test_crc),
        cmocka_unit_test(test_xxh3),    cmocka_unit_test(test_word_hash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
