/* Text to integers, decimals and truth values: edges of each type, malformed text, and a slow but
 * simple second implementation over random text. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text/number.h"

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252ULL;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* The text alone in heap memory: any read outside is seen by AddressSanitizer. */
static char *exact_copy(const char *text, size_t n) {
    char *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, text, n);
    return copy;
}

/* ---- int64 --------------------------------------------------------------------------------- */

static void check_int64(const char *text, weir_num want, int64_t value) {
    size_t n = strlen(text);
    char *p = exact_copy(text, n);
    int64_t out = 4711;
    weir_num got = weir_num_parse_int64(p, n, &out);
    if (got != want || out != (want ? 4711 : value))
        fail_msg("int64 '%s': result %d value %lld", text, got, (long long)out);
    free(p);
    char padded[256];
    memset(padded, '7', sizeof padded); /* digits behind the end must not matter */
    memcpy(padded, text, n);
    out = 4711;
    got = weir_num_parse_int64_padded(padded, n, &out);
    if (got != want || out != (want ? 4711 : value))
        fail_msg("padded int64 '%s': result %d value %lld", text, got, (long long)out);
}

static void test_int64(void **state) {
    (void)state;
    check_int64("", WEIR_NUM_EMPTY, 0);
    check_int64("0", WEIR_NUM_OK, 0);
    check_int64("-0", WEIR_NUM_OK, 0);
    check_int64("+7", WEIR_NUM_OK, 7);
    check_int64("-1", WEIR_NUM_OK, -1);
    check_int64("9223372036854775807", WEIR_NUM_OK, INT64_MAX);
    check_int64("+9223372036854775807", WEIR_NUM_OK, INT64_MAX);
    check_int64("9223372036854775808", WEIR_NUM_RANGE, 0);
    check_int64("-9223372036854775808", WEIR_NUM_OK, INT64_MIN);
    check_int64("-9223372036854775809", WEIR_NUM_RANGE, 0);
    check_int64("18446744073709551616", WEIR_NUM_RANGE, 0);
    check_int64("99999999999999999999", WEIR_NUM_RANGE, 0);
    check_int64("100000000000000000000000000", WEIR_NUM_RANGE, 0);
    check_int64("10000000000000000000000000x", WEIR_NUM_SYNTAX, 0);
    check_int64("000000000000000000000000000000000000042", WEIR_NUM_OK, 42);
    check_int64("-00000000000000000009223372036854775808", WEIR_NUM_OK, INT64_MIN);
    static const char *const wrong[] = {"-",
                                        "+",
                                        "--1",
                                        "+-1",
                                        "1-",
                                        " 1",
                                        "1 ",
                                        "1_000",
                                        "1.0",
                                        "1e3",
                                        "0x10",
                                        "a",
                                        "12a4",
                                        "1\xB2",
                                        "123456789a",
                                        "a23456789",
                                        "/",
                                        ":",
                                        "1:",
                                        "1/2",
                                        "99999999999999999999a",
                                        "1234567/",
                                        "1234567:",
                                        "12345678901234567:90",
                                        "\xB1\xB2\xB3",
                                        "1,000",
                                        "12345678:"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_int64(wrong[i], WEIR_NUM_SYNTAX, 0);
    int64_t out = 1;
    assert_int_equal(weir_num_parse_int64("1\0002", 3, &out), WEIR_NUM_SYNTAX);
    assert_int_equal(weir_num_parse_int64("1234", 2, &out), WEIR_NUM_OK);
    assert_int_equal(out, 12);
}

/* Every length, every place for every wrong byte. */
static void test_int64_bytes(void **state) {
    (void)state;
    for (size_t n = 1; n <= 20; n++) {
        for (size_t at = 0; at < n; at++) {
            char text[64];
            memset(text, '1', sizeof text);
            for (int c = 0; c < 256; c++) {
                text[at] = (char)c;
                bool digit = c >= '0' && c <= '9',
                     sign = at == 0 && n > 1 && (c == '-' || c == '+');
                int64_t out = 0, padded = 0;
                char *p = exact_copy(text, n);
                weir_num got = weir_num_parse_int64(p, n, &out);
                free(p);
                assert_int_equal(got, weir_num_parse_int64_padded(text, n, &padded));
                assert_int_equal(out, padded);
                if (got == WEIR_NUM_SYNTAX ? digit || sign : !digit && !sign)
                    fail_msg("length %zu place %zu byte %d: %d", n, at, c, got);
            }
        }
    }
}

static void test_int64_random(void **state) {
    (void)state;
    for (int i = 0; i < 300000; i++) {
        int64_t value = (int64_t)next_random() >> (next_random() % 64);
        char text[64];
        int zeros = (int)(next_random() % 8) ? 0 : (int)(next_random() % 20);
        uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
        snprintf(text, sizeof text, "%s%.*s%llu", value < 0 ? "-" : "", zeros,
                 "00000000000000000000", (unsigned long long)magnitude);
        check_int64(text, WEIR_NUM_OK, value);
    }
}

/* ---- other integers -------------------------------------------------------------------------- */

static void test_uint64(void **state) {
    (void)state;
    static const struct {
        const char *text;
        weir_num result;
        uint64_t value;
    } cases[] = {{"18446744073709551615", WEIR_NUM_OK, UINT64_MAX},
                 {"+18446744073709551615", WEIR_NUM_OK, UINT64_MAX},
                 {"18446744073709551616", WEIR_NUM_RANGE, 0},
                 {"18446744073709551620", WEIR_NUM_RANGE, 0},
                 {"19999999999999999999", WEIR_NUM_RANGE, 0},
                 {"1844674407370955161x", WEIR_NUM_SYNTAX, 0},
                 {"9999999999999999999", WEIR_NUM_OK, 9999999999999999999ULL},
                 {"-0", WEIR_NUM_OK, 0},
                 {"-1", WEIR_NUM_RANGE, 0},
                 {"-x", WEIR_NUM_SYNTAX, 0},
                 {"", WEIR_NUM_EMPTY, 0},
                 {"-", WEIR_NUM_SYNTAX, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint64_t out = 1;
        assert_int_equal(weir_num_parse_uint64(cases[i].text, strlen(cases[i].text), &out),
                         cases[i].result);
        assert_true(out == (cases[i].result ? 1 : cases[i].value));
    }
    int64_t narrow = 5;
    assert_int_equal(weir_num_parse_int_within("127", 3, -128, 127, &narrow), WEIR_NUM_OK);
    assert_int_equal(narrow, 127);
    assert_int_equal(weir_num_parse_int_within("128", 3, -128, 127, &narrow), WEIR_NUM_RANGE);
    assert_int_equal(weir_num_parse_int_within("-129", 4, -128, 127, &narrow), WEIR_NUM_RANGE);
    assert_int_equal(weir_num_parse_int_within("x", 1, -128, 127, &narrow), WEIR_NUM_SYNTAX);
    assert_int_equal(narrow, 127);
}

#define INT128_MAX_TEXT "170141183460469231731687303715884105727"
static void test_int128(void **state) {
    (void)state;
    const weir_int128 max = (weir_int128)(~(weir_uint128)0 >> 1), min = -max - 1;
    const struct {
        const char *text;
        weir_num result;
        weir_int128 value;
    } cases[] = {{INT128_MAX_TEXT, WEIR_NUM_OK, max},
                 {"-" INT128_MAX_TEXT, WEIR_NUM_OK, -max},
                 {"+" INT128_MAX_TEXT, WEIR_NUM_OK, max},
                 {"-170141183460469231731687303715884105728", WEIR_NUM_OK, min},
                 {"170141183460469231731687303715884105728", WEIR_NUM_RANGE, 0},
                 {"-170141183460469231731687303715884105729", WEIR_NUM_RANGE, 0},
                 {"170141183460469231731687303715884105730", WEIR_NUM_RANGE, 0},
                 {"999999999999999999999999999999999999999", WEIR_NUM_RANGE, 0},
                 {"1000000000000000000000000000000000000000", WEIR_NUM_RANGE, 0},
                 {"100000000000000000000000000000000000000x", WEIR_NUM_SYNTAX, 0},
                 {"17014118346046923173168730371588410572x", WEIR_NUM_SYNTAX, 0},
                 {"0000000000000000000000000000000000000000000000012", WEIR_NUM_OK, 12},
                 {"-0", WEIR_NUM_OK, 0},
                 {"", WEIR_NUM_EMPTY, 0},
                 {"+", WEIR_NUM_SYNTAX, 0},
                 {"12345678901234567890123a", WEIR_NUM_SYNTAX, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_int128 out = 1;
        size_t n = strlen(cases[i].text);
        char *p = exact_copy(cases[i].text, n);
        weir_num got = weir_num_parse_int128(p, n, &out);
        free(p);
        if (got != cases[i].result || out != (got ? 1 : cases[i].value))
            fail_msg("int128 '%s': %d", cases[i].text, got);
    }
    for (int i = 0; i < 200000; i++) {
        weir_uint128 bits = (weir_uint128)next_random() << 64 | next_random();
        weir_int128 value = (weir_int128)bits >> (next_random() % 128), out = 0;
        char text[WEIR_NUM_INT128_MAX];
        size_t n = weir_num_format_int128(value, text);
        assert_int_equal(weir_num_parse_int128(text, n, &out), WEIR_NUM_OK);
        if (out != value) fail_msg("int128 round trip of %.*s", (int)n, text);
    }
}

/* ---- decimals ------------------------------------------------------------------------------ */

static void check_decimal(const char *text, int precision, int scale, weir_num want,
                          int64_t value) {
    size_t n = strlen(text);
    char *p = exact_copy(text, n);
    int64_t out = 4711;
    weir_int128 wide = 4711;
    weir_num got = weir_num_parse_decimal64(p, n, precision, scale, &out);
    if (got != want || out != (want ? 4711 : value))
        fail_msg("decimal64(%d,%d) '%s': %d %lld", precision, scale, text, got, (long long)out);
    got = weir_num_parse_decimal128(p, n, precision, scale, &wide);
    if (got != want || wide != (want ? 4711 : value))
        fail_msg("decimal128(%d,%d) '%s': %d", precision, scale, text, got);
    free(p);
    char padded[256];
    memset(padded, '5', sizeof padded);
    memcpy(padded, text, n);
    out = 4711;
    got = weir_num_parse_decimal64_padded(padded, n, precision, scale, &out);
    if (got != want || out != (want ? 4711 : value))
        fail_msg("padded decimal64 '%s': %d %lld", text, got, (long long)out);
}

static void test_decimal(void **state) {
    (void)state;
    check_decimal("1.50", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("1.5", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("1", 10, 2, WEIR_NUM_OK, 100);
    check_decimal("1.", 10, 2, WEIR_NUM_OK, 100);
    check_decimal(".5", 10, 2, WEIR_NUM_OK, 50);
    check_decimal("-.5", 10, 2, WEIR_NUM_OK, -50);
    check_decimal("+0.05", 10, 2, WEIR_NUM_OK, 5);
    check_decimal("-0.00", 10, 2, WEIR_NUM_OK, 0);
    check_decimal("1.505", 10, 2, WEIR_NUM_LOSSY, 0);
    check_decimal("1.500", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("1.5000000000000000000000000000000000000000000", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("1.5000000000000000000000000000000000000000001", 10, 2, WEIR_NUM_LOSSY, 0);
    check_decimal("0000000000000000000000000000000000000000001.5", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("99999999.99", 10, 2, WEIR_NUM_OK, 9999999999);
    check_decimal("100000000.00", 10, 2, WEIR_NUM_RANGE, 0);
    check_decimal("100000000", 10, 2, WEIR_NUM_RANGE, 0);
    check_decimal("100000000.001", 10, 2, WEIR_NUM_RANGE, 0); /* before LOSSY */
    check_decimal("99999999.999", 10, 2, WEIR_NUM_LOSSY, 0);
    check_decimal("1e2", 10, 2, WEIR_NUM_OK, 10000);
    check_decimal("1.5e-1", 10, 2, WEIR_NUM_OK, 15);
    check_decimal("15E-1", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("1500e-3", 10, 2, WEIR_NUM_OK, 150);
    check_decimal("1e-3", 10, 2, WEIR_NUM_LOSSY, 0);
    check_decimal("1e8", 10, 2, WEIR_NUM_RANGE, 0);
    check_decimal("0e99999999999999999999", 10, 2, WEIR_NUM_OK, 0);
    check_decimal("1e99999999999999999999", 10, 2, WEIR_NUM_RANGE, 0);
    check_decimal("1e-99999999999999999999", 10, 2, WEIR_NUM_LOSSY, 0);
    check_decimal("999999999999999999", 18, 0, WEIR_NUM_OK, 999999999999999999);
    check_decimal("-.999999999999999999", 18, 18, WEIR_NUM_OK, -999999999999999999);
    check_decimal("1", 18, 18, WEIR_NUM_RANGE, 0);
    check_decimal("9", 1, 0, WEIR_NUM_OK, 9);
    check_decimal("10", 1, 0, WEIR_NUM_RANGE, 0);
    check_decimal("0.000000000000000001", 18, 18, WEIR_NUM_OK, 1);
    check_decimal("", 10, 2, WEIR_NUM_EMPTY, 0);
    static const char *const wrong[] = {".",
                                        "-",
                                        "-.",
                                        "1..2",
                                        "1.2.3",
                                        "e5",
                                        "1e",
                                        "1e+",
                                        "1e5.0",
                                        "1 ",
                                        " 1",
                                        "1,5",
                                        "1.5x",
                                        "x1.5",
                                        "0x1p3",
                                        "1.5e5e5",
                                        "--1.5",
                                        "1.-5",
                                        "nan",
                                        "inf",
                                        "1_0",
                                        "12345.6:",
                                        "12345678.9a",
                                        "1/2.50",
                                        "+",
                                        "+-1.5",
                                        "1.5-",
                                        "1.5e-",
                                        ".e1",
                                        "123456789012345x",
                                        "1234567.901234x"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        check_decimal(wrong[i], 10, 2, WEIR_NUM_SYNTAX, 0);
}

static void test_decimal_wide(void **state) {
    (void)state;
    weir_int128 out = 0, want;
    const char *nines = "99999999999999999999999999999999999999";
    assert_int_equal(weir_num_parse_decimal128(nines, 38, 38, 0, &out), WEIR_NUM_OK);
    weir_num_parse_int128(nines, 38, &want);
    assert_true(out == want);
    assert_int_equal(
        weir_num_parse_decimal128("999999999999999999999999999999.99999999", 39, 38, 8, &out),
        WEIR_NUM_OK);
    assert_true(out == want);
    assert_int_equal(
        weir_num_parse_decimal128("-0.99999999999999999999999999999999999999", 41, 38, 38, &out),
        WEIR_NUM_OK);
    assert_true(out == -want);
    assert_int_equal(weir_num_parse_decimal128("1e38", 4, 38, 0, &out), WEIR_NUM_RANGE);
    assert_int_equal(weir_num_parse_decimal128("1e37", 4, 38, 0, &out), WEIR_NUM_OK);
    assert_int_equal(weir_num_parse_decimal128("12.5", 4, 38, 36, &out), WEIR_NUM_OK);
    char text[64];
    size_t n = weir_num_format_decimal128(out, 36, text);
    assert_int_equal(n, 39);
    assert_memory_equal(text, "12.500000000000000000000000000000000000", 39);
    assert_int_equal(weir_num_parse_decimal128("125", 3, 38, 36, &out), WEIR_NUM_RANGE);
}

/* All values of small decimals, written in all ways that mean the same. */
static void test_decimal_random(void **state) {
    (void)state;
    for (int i = 0; i < 300000; i++) {
        int precision = 1 + (int)(next_random() % 18),
            scale = (int)(next_random() % (unsigned)(precision + 1));
        int64_t limit = 1;
        for (int k = 0; k < precision; k++) limit *= 10;
        int64_t value = (int64_t)(next_random() >> next_random() % 64) % limit;
        if (value < 0) value = -value;
        if (next_random() & 1) value = -value;
        char text[80];
        size_t n = weir_num_format_decimal64(value, scale, text);
        text[n] = '\0';
        check_decimal(text, precision, scale, WEIR_NUM_OK, value);
        /* With an exponent: move the point by writing the whole number. */
        n = weir_num_format_int64(value, text);
        snprintf(text + n, sizeof text - n, "e-%d", scale);
        check_decimal(text, precision, scale, WEIR_NUM_OK, value);
        /* One digit more, not zero: exact no longer. */
        n = weir_num_format_decimal64(value, scale, text);
        snprintf(text + n, sizeof text - n, "%s%c", scale ? "" : ".", '1' + (char)(i % 9));
        check_decimal(text, precision, scale, WEIR_NUM_LOSSY, 0);
    }
}

static void test_measure(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int whole, fraction;
    } cases[] = {{"0", 0, 0},     {"12", 2, 0},     {"-012.50", 2, 2}, {"1e2", 3, 0},
                 {"-0.50", 0, 2}, {"1.25e1", 2, 1}, {"5e-3", 0, 3},    {".001", 0, 3},
                 {"00", 0, 0},    {"1500e-2", 2, 2}};
    weir_num_shape shape;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(weir_num_measure(cases[i].text, strlen(cases[i].text), &shape),
                         WEIR_NUM_OK);
        if (shape.whole != cases[i].whole || shape.fraction != cases[i].fraction)
            fail_msg("'%s': %d %d", cases[i].text, shape.whole, shape.fraction);
        assert_int_equal(shape.point, strchr(cases[i].text, '.') != NULL);
        assert_int_equal(shape.exponent, strchr(cases[i].text, 'e') != NULL);
    }
    assert_int_equal(weir_num_measure("1e2000", 6, &shape), WEIR_NUM_RANGE);
    assert_int_equal(weir_num_measure("x", 1, &shape), WEIR_NUM_SYNTAX);
    assert_int_equal(weir_num_measure("", 0, &shape), WEIR_NUM_EMPTY);
}

/* ---- words --------------------------------------------------------------------------------- */

static void test_bool(void **state) {
    (void)state;
    static const char *const yes[] = {"true", "TRUE", "True", "t",  "T", "yes",
                                      "YES",  "y",    "on",   "On", "1"};
    static const char *const no[] = {"false", "FALSE", "f",   "F",   "no",
                                     "NO",    "n",     "off", "OFF", "0"};
    static const char *const neither[] = {"tru",  "truee", "2",    "01",    "-1",
                                          "",     " true", "\x11", "o",     "of",
                                          "yess", "wahr",  "\x10", "TrueX", "00"};
    bool out;
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++) {
        out = false;
        assert_int_equal(weir_num_parse_bool(yes[i], strlen(yes[i]), &out), WEIR_NUM_OK);
        assert_true(out);
    }
    for (size_t i = 0; i < sizeof no / sizeof *no; i++) {
        out = true;
        assert_int_equal(weir_num_parse_bool(no[i], strlen(no[i]), &out), WEIR_NUM_OK);
        assert_false(out);
    }
    for (size_t i = 0; i < sizeof neither / sizeof *neither; i++)
        assert_int_equal(weir_num_parse_bool(neither[i], strlen(neither[i]), &out),
                         neither[i][0] ? WEIR_NUM_SYNTAX : WEIR_NUM_EMPTY);
    for (int r = WEIR_NUM_OK; r <= WEIR_NUM_LOSSY; r++)
        assert_string_not_equal(weir_num_text((weir_num)r), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int64),        cmocka_unit_test(test_int64_bytes),
        cmocka_unit_test(test_int64_random), cmocka_unit_test(test_uint64),
        cmocka_unit_test(test_int128),       cmocka_unit_test(test_decimal),
        cmocka_unit_test(test_decimal_wide), cmocka_unit_test(test_decimal_random),
        cmocka_unit_test(test_measure),      cmocka_unit_test(test_bool),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
