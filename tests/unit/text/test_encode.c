/* Hexadecimal, base64, percent-encoding and UUIDs: vectors of the RFCs, malformed text, round
 * trips. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "text/encode.h"

static void test_hex(void **state) {
    (void)state;
    char out[16];
    assert_int_equal(weir_hex_encode("\x00\x7F\xFF", 3, out), 6);
    assert_memory_equal(out, "007fff", 6);
    assert_int_equal(weir_hex_decode("00Ff7f", 6, out), 3);
    assert_memory_equal(out, "\x00\xFF\x7F", 3);
    assert_int_equal(weir_hex_decode("", 0, out), 0);
    assert_true(weir_hex_decode("abc", 3, out) == SIZE_MAX);
    static const char *const wrong[] = {"0g",       "g0", "0x", " 1", "0\x10",
                                        "\x11\x12", "0@", "0`", "0:"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(weir_hex_decode(wrong[i], 2, out) == SIZE_MAX);
    char text[] = "414243";
    assert_int_equal(weir_hex_decode(text, 6, text), 3); /* in place */
    assert_memory_equal(text, "ABC", 3);
}

static void test_base64(void **state) {
    (void)state;
    static const char *const vectors[][2] = {{"", ""},
                                             {"f", "Zg=="},
                                             {"fo", "Zm8="},
                                             {"foo", "Zm9v"},
                                             {"foob", "Zm9vYg=="},
                                             {"fooba", "Zm9vYmE="},
                                             {"foobar", "Zm9vYmFy"}};
    char out[64];
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        size_t n = strlen(vectors[i][0]), m = strlen(vectors[i][1]);
        assert_int_equal(weir_base64_encode(vectors[i][0], n, WEIR_BASE64, out), m);
        assert_memory_equal(out, vectors[i][1], m);
        assert_int_equal(weir_base64_decode(vectors[i][1], m, WEIR_BASE64, out), n);
        assert_memory_equal(out, vectors[i][0], n);
        while (m && vectors[i][1][m - 1] == '=') m--; /* padding may be missing */
        assert_int_equal(weir_base64_decode(vectors[i][1], m, WEIR_BASE64, out), n);
        assert_int_equal(weir_base64_encode(vectors[i][0], n, WEIR_BASE64_URL, out), m);
    }
    assert_int_equal(weir_base64_encode("\xFB\xFF", 2, WEIR_BASE64, out), 4);
    assert_memory_equal(out, "+/8=", 4);
    assert_int_equal(weir_base64_encode("\xFB\xFF", 2, WEIR_BASE64_URL, out), 3);
    assert_memory_equal(out, "-_8", 3);
    static const char *const wrong[] = {"A",     "AA=",  "A===",  "AAA==", "AA==AA==",
                                        "A=A=",  "====", "AB==",  "AAB=",  "AA A",
                                        "AAA\n", "-_8=", "AAAA=", "AA=A",  "="};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (weir_base64_decode(wrong[i], strlen(wrong[i]), WEIR_BASE64, out) != SIZE_MAX)
            fail_msg("'%s' was accepted", wrong[i]);
    assert_true(weir_base64_decode("+/8", 3, WEIR_BASE64_URL, out) == SIZE_MAX);
    unsigned char bytes[97], back[128];
    for (size_t n = 0; n < sizeof bytes; n++) {
        for (size_t i = 0; i < n; i++) bytes[i] = (unsigned char)(i * 37 + n);
        char *text = malloc(weir_base64_max(n));
        assert_non_null(text);
        size_t m = weir_base64_encode(bytes, n, n % 2 ? WEIR_BASE64 : WEIR_BASE64_URL, text);
        assert_true(m <= weir_base64_max(n));
        assert_int_equal(weir_base64_decode(text, m, n % 2 ? WEIR_BASE64 : WEIR_BASE64_URL, back),
                         n);
        assert_memory_equal(back, bytes, n);
        free(text);
    }
}

static void test_url(void **state) {
    (void)state;
    char out[64];
    size_t n = weir_url_encode("a b&c=d/\xC3\xA9~\0", 12, NULL, out);
    assert_int_equal(n, strlen("a%20b%26c%3Dd%2F%C3%A9~%00"));
    assert_memory_equal(out, "a%20b%26c%3Dd%2F%C3%A9~%00", n);
    n = weir_url_encode("a/b?", 4, "/", out);
    assert_memory_equal(out, "a/b%3F", 6);
    assert_int_equal(n, 6);
    n = weir_url_decode("a+b%2Bc%c3%A9", 13, false, out);
    assert_int_equal(n, 7);
    assert_memory_equal(out, "a+b+c\xC3\xA9", 7);
    n = weir_url_decode("a+b%2B", 6, true, out);
    assert_memory_equal(out, "a b+", 4);
    assert_int_equal(n, 4);
    static const char *const wrong[] = {"%", "%4", "a%", "%zz", "%4g", "a%4"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_true(weir_url_decode(wrong[i], strlen(wrong[i]), false, out) == SIZE_MAX);
}

static void test_uuid(void **state) {
    (void)state;
    static const uint8_t want[16] = {0xA0, 0xEE, 0xBC, 0x99, 0x9C, 0x0B, 0x4E, 0xF8,
                                     0xBB, 0x6D, 0x6B, 0xB9, 0xBD, 0x38, 0x0A, 0x11};
    /* The forms that PostgreSQL's manual lists. */
    static const char *const right[] = {
        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",    "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11",
        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",  "a0eebc999c0b4ef8bb6d6bb9bd380a11",
        "a0ee-bc99-9c0b-4ef8-bb6d-6bb9-bd38-0a11", "{a0eebc99-9c0b4ef8-bb6d6bb9-bd380a11}"};
    uint8_t uuid[16];
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        memset(uuid, 0, sizeof uuid);
        if (!weir_uuid_parse(right[i], strlen(right[i]), uuid)) fail_msg("'%s'", right[i]);
        assert_memory_equal(uuid, want, 16);
    }
    char out[WEIR_UUID_TEXT_BYTES];
    weir_uuid_format(want, out);
    assert_memory_equal(out, right[0], WEIR_UUID_TEXT_BYTES);
    static const char *const wrong[] = {"",
                                        "{}",
                                        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a1",
                                        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a111",
                                        "{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                        "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}",
                                        "g0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11",
                                        "a0eebc9-99c0b-4ef8-bb6d-6bb9bd380a11",
                                        "a0eebc99--9c0b-4ef8-bb6d-6bb9bd380a11",
                                        "-a0eebc999c0b4ef8bb6d6bb9bd380a11",
                                        "a0eebc999c0b4ef8bb6d6bb9bd380a11-",
                                        " a0eebc999c0b4ef8bb6d6bb9bd380a11",
                                        "{",
                                        "a0ee-"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (weir_uuid_parse(wrong[i], strlen(wrong[i]), uuid)) fail_msg("'%s'", wrong[i]);
    assert_memory_equal(uuid, want, 16); /* untouched */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_hex),
        cmocka_unit_test(test_base64),
        cmocka_unit_test(test_url),
        cmocka_unit_test(test_uuid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
