/* 128-bit decimals against results computed with integers of any size. */
#include "decimal_vectors.h"
#include "expr/number.h"
#include "expr_test.h"

static weir_int128 parse(const char *text) {
    weir_int128 v = 0;
    assert_int_equal(weir_num_parse_int128(text, strlen(text), &v), WEIR_NUM_OK);
    return v;
}

static void same(weir_int128 got, const char *want, const char *what) {
    char text[WEIR_NUM_INT128_MAX + 1];
    text[weir_num_format_int128(got, text)] = '\0';
    if (strcmp(text, want) != 0) fail_msg("%s: %s, not %s", what, text, want);
}

static void division(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof quotients / sizeof *quotients; i++) {
        weir_int128 q = 0;
        char what[120];
        snprintf(what, sizeof what, "%s e%d / %s", quotients[i].a, quotients[i].shift,
                 quotients[i].b);
        bool ok = weir_decimal_divide(parse(quotients[i].a), quotients[i].shift,
                                      parse(quotients[i].b), &q);
        if (ok != (quotients[i].quotient != NULL)) fail_msg("%s: %d", what, ok);
        if (ok) same(q, quotients[i].quotient, what);
    }
}

static void rounding(void **state) {
    static const weir_rounding ways[] = {WEIR_ROUND_HALF, WEIR_ROUND_ZERO, WEIR_ROUND_DOWN,
                                         WEIR_ROUND_UP};
    (void)state;
    for (size_t i = 0; i < sizeof roundings / sizeof *roundings; i++)
        for (int w = 0; w < 4; w++)
            same(weir_decimal_scale_down(parse(roundings[i].value), roundings[i].digits, ways[w]),
                 roundings[i].results[w], roundings[i].value);
}

static void order(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) {
        weir_int128 a = parse(orders[i].a), b = parse(orders[i].b);
        if (weir_decimal_compare(a, orders[i].sa, b, orders[i].sb) != orders[i].order ||
            weir_decimal_compare(b, orders[i].sb, a, orders[i].sa) != -orders[i].order)
            fail_msg("%s e-%d and %s e-%d", orders[i].a, orders[i].sa, orders[i].b, orders[i].sb);
    }
}

static void scaling(void **state) {
    (void)state;
    weir_int128 r = 0, most = weir_decimal_power[38] - 1;
    assert_true(weir_decimal_scale_up(5, 37, &r));
    same(r, "50000000000000000000000000000000000000", "5e37");
    assert_false(weir_decimal_scale_up(5, 38, &r));
    assert_false(weir_decimal_scale_up(-10, 37, &r));
    assert_true(weir_decimal_scale_up(most, 0, &r));
    assert_true(r == most);
    assert_false(weir_decimal_scale_up(most, 1, &r));
    assert_true(weir_decimal_scale_up(0, 60, &r));
    assert_true(r == 0);
    assert_false(weir_decimal_scale_up(1, 60, &r));
    assert_false(weir_decimal_scale_up(1, -1, &r));
}

static void floats(void **state) {
    static const struct {
        double value;
        int precision, scale;
        const char *result;
    } from[] = {{1.005, 10, 2, "101"},
                {-1.005, 10, 2, "-101"},
                {0.1, 38, 1, "1"},
                {1e300, 38, 0, NULL},
                {99.995, 4, 2, NULL},
                {99.994, 4, 2, "9999"},
                {1e-300, 10, 2, "0"},
                {-2.5, 5, 0, "-3"},
                {123456789012345680.0, 38, 0, "123456789012345680"},
                {0, 1, 0, "0"},
                {INFINITY, 38, 0, NULL},
                {NAN, 38, 0, NULL},
                {1e-20, 38, 30, "10000000000"}};
    (void)state;
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        weir_int128 r = 0;
        bool ok = weir_decimal_from_double(from[i].value, from[i].precision, from[i].scale, &r);
        if (ok != (from[i].result != NULL)) fail_msg("%g: %d", from[i].value, ok);
        if (ok) same(r, from[i].result, from[i].result);
    }
    assert_true(weir_decimal_to_double(parse("12345678901234567890123456789012345678"), 20) ==
                123456789012345678.90123456789012345678);
    assert_true(weir_decimal_to_double(1, 1) == 0.1);
    assert_true(weir_decimal_to_double(-15, 38) == -1.5e-37);
    assert_true(weir_decimal_to_double(parse("9007199254740993"), 0) == 9007199254740992.0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(division), cmocka_unit_test(rounding), cmocka_unit_test(order),
        cmocka_unit_test(scaling),  cmocka_unit_test(floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
