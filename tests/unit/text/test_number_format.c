/* Integers and decimals to text, against snprintf. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "text/number.h"

static uint64_t next_random(void) {
    static uint64_t state = 1234567891234567ULL;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void check_int64(int64_t value) {
    char want[32], got[WEIR_NUM_INT64_MAX + 1];
    memset(got, '#', sizeof got);
    snprintf(want, sizeof want, "%" PRId64, value);
    size_t n = weir_num_format_int64(value, got);
    assert_int_equal(got[WEIR_NUM_INT64_MAX], '#');
    if (n != strlen(want) || memcmp(got, want, n)) fail_msg("%s: %.*s", want, (int)n, got);
    snprintf(want, sizeof want, "%" PRIu64, (uint64_t)value);
    n = weir_num_format_uint64((uint64_t)value, got);
    if (n != strlen(want) || memcmp(got, want, n)) fail_msg("%s: %.*s", want, (int)n, got);
}

static void test_int64(void **state) {
    (void)state;
    check_int64(0);
    check_int64(INT64_MAX);
    check_int64(INT64_MIN);
    check_int64(-1);
    uint64_t power = 1;
    for (int i = 0; i < 20; i++, power *= 10) {
        check_int64((int64_t)power);
        check_int64((int64_t)(power - 1));
        check_int64((int64_t)(power + 1));
        check_int64((int64_t)(0 - power));
    }
    for (int bit = 0; bit < 64; bit++) {
        check_int64((int64_t)((uint64_t)1 << bit));
        check_int64((int64_t)(((uint64_t)1 << bit) - 1));
    }
    for (int i = 0; i < 300000; i++) check_int64((int64_t)next_random() >> next_random() % 64);
}

static void check_int128(weir_int128 value, const char *want) {
    char got[WEIR_NUM_INT128_MAX];
    size_t n = weir_num_format_int128(value, got);
    if (n != strlen(want) || memcmp(got, want, n)) fail_msg("%s: %.*s", want, (int)n, got);
}

static void test_int128(void **state) {
    (void)state;
    const weir_int128 max = (weir_int128)(~(weir_uint128)0 >> 1);
    check_int128(0, "0");
    check_int128(max, "170141183460469231731687303715884105727");
    check_int128(-max - 1, "-170141183460469231731687303715884105728");
    check_int128((weir_int128)1 << 64, "18446744073709551616");
    check_int128((weir_int128)10000000000000000000ULL * 10000000000000000000ULL,
                 "100000000000000000000000000000000000000");
    check_int128(-(weir_int128)10000000000000000000ULL * 10, "-100000000000000000000");
    check_int128((weir_int128)INT64_MIN - 1, "-9223372036854775809");
}

/* The slow way: digits of the whole number, the point put in. */
static void check_decimal(weir_int128 value, int scale) {
    char digits[64], want[96], got[WEIR_NUM_DECIMAL_MAX + 8];
    size_t n = weir_num_format_int128(value < 0 ? -value : value, digits), at = 0;
    if (value < 0) want[at++] = '-';
    size_t zeros = n <= (size_t)scale ? (size_t)scale + 1 - n : 0;
    for (size_t i = 0; i < zeros + n; i++) {
        if (scale && i == zeros + n - (size_t)scale) want[at++] = '.';
        want[at++] = i < zeros ? '0' : digits[i - zeros];
    }
    memset(got, '#', sizeof got);
    size_t m = weir_num_format_decimal128(value, scale, got);
    assert_int_equal(got[WEIR_NUM_DECIMAL_MAX], '#');
    if (m != at || memcmp(got, want, at))
        fail_msg("scale %d: '%.*s' not '%.*s'", scale, (int)m, got, (int)at, want);
    if (value != (int64_t)value) return;
    memset(got, '#', sizeof got);
    m = weir_num_format_decimal64((int64_t)value, scale, got);
    assert_int_equal(got[WEIR_NUM_DECIMAL_MAX], '#');
    if (m != at || memcmp(got, want, at))
        fail_msg("64, scale %d: '%.*s' not '%.*s'", scale, (int)m, got, (int)at, want);
}

static void test_decimal(void **state) {
    (void)state;
    char out[WEIR_NUM_DECIMAL_MAX];
    assert_int_equal(weir_num_format_decimal64(1050, 2, out), 5);
    assert_memory_equal(out, "10.50", 5);
    assert_int_equal(weir_num_format_decimal64(-5, 2, out), 5);
    assert_memory_equal(out, "-0.05", 5);
    assert_int_equal(weir_num_format_decimal64(0, 3, out), 5);
    assert_memory_equal(out, "0.000", 5);
    weir_int128 nines = 1;
    for (int i = 0; i < 38; i++) nines *= 10;
    nines--;
    for (int scale = 0; scale <= 38; scale++) {
        check_decimal(nines, scale);
        check_decimal(-nines, scale);
        check_decimal(0, scale);
        check_decimal(-1, scale);
        check_decimal(INT64_MAX, scale);
        check_decimal(INT64_MIN, scale);
    }
    for (int i = 0; i < 200000; i++) {
        weir_uint128 bits = (weir_uint128)next_random() << 64 | next_random();
        check_decimal(((weir_int128)bits >> (2 + next_random() % 126)) % nines,
                      (int)(next_random() % 39));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_int64),
        cmocka_unit_test(test_int128),
        cmocka_unit_test(test_decimal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
