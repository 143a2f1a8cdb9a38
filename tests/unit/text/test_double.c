/* Doubles and floats, both ways, against strtod, strtof and snprintf of the C library (which are
 * correctly rounded in glibc). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <math.h>
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

static uint64_t bits_of(double d) {
    uint64_t u;
    memcpy(&u, &d, sizeof u);
    return u;
}
static uint32_t bits_of_float(float d) {
    uint32_t u;
    memcpy(&u, &d, sizeof u);
    return u;
}
static double double_of(uint64_t u) {
    double d;
    memcpy(&d, &u, sizeof d);
    return d;
}
static float float_of(uint32_t u) {
    float d;
    memcpy(&d, &u, sizeof d);
    return d;
}

/* Parses from memory of exactly this size and compares with the C library. */
static void check_parse(const char *text) {
    size_t n = strlen(text);
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    memcpy(p, text, n);
    double got = 4711, want = strtod(text, NULL);
    bool zero = true;
    for (const char *c = text; *c && *c != 'e' && *c != 'E'; c++)
        if (*c >= '1' && *c <= '9') zero = false;
    weir_num expect = isinf(want) || (want == 0 && !zero) ? WEIR_NUM_RANGE : WEIR_NUM_OK;
    weir_num result = weir_num_parse_double(p, n, 0, &got);
    if (result != expect || (result == WEIR_NUM_OK && bits_of(got) != bits_of(want)))
        fail_msg("double %.60s: %d %a, not %a", text, result, got, want);
    if (result != WEIR_NUM_OK) assert_true(got == 4711);
    float got32 = 4711, want32 = strtof(text, NULL);
    expect = isinf(want32) || (want32 == 0 && !zero) ? WEIR_NUM_RANGE : WEIR_NUM_OK;
    result = weir_num_parse_float(p, n, 0, &got32);
    if (result != expect ||
        (result == WEIR_NUM_OK && bits_of_float(got32) != bits_of_float(want32)))
        fail_msg("float %.60s: %d %a, not %a", text, result, (double)got32, (double)want32);
    free(p);
}

static void test_known(void **state) {
    (void)state;
    static const char *const texts[] = {
        "0",
        "-0",
        "0.0",
        "1",
        "-1",
        "1.",
        ".5",
        "-.5",
        "+1.5",
        "1e0",
        "1E5",
        "1e+5",
        "1e-5",
        "0e999999999999",
        "0.000e-400",
        "123456789012345678901234567890",
        "9007199254740993",
        "9007199254740992.999999999999999999999999",
        "9007199254740993.0000000001",
        "1.7976931348623157e308",
        "1.7976931348623158e308",
        "1.7976931348623159e308",
        "179769313486231580793728971405303415079934132710037826936173778980444968292764750946649017"
        "977"
        "587207096330286416692887910946555547851940402630657488671505820681908902000708383676273854"
        "845"
        "817711531764475730270069855571366959622842914819860834936475292719074168444365510704342711"
        "559"
        "699508093042880",
        "2.2250738585072014e-308",
        "2.2250738585072011e-308",
        "2.225073858507201e-308",
        "4.9406564584124654e-324",
        "2.4703282292062327e-324",
        "2.4703282292062328e-324",
        "2.4703282292062327208e-324",
        "5e-324",
        "1e-323",
        "1e-400",
        "1e400",
        "1e-310",
        "3e-324",
        "1e99999999999999999999",
        "1e-99999999999999999999",
        "0.00000000000000000000000000000000001e35",
        "6.02214076e23",
        "1e22",
        "1e23",
        "8.5e22",
        "123456789e-5",
        "5e-20",
        "67e14",
        "985e15",
        "2.98023223876953125e-8",
        "7.2057594037927933e16",
        "3.4028234663852886e38",
        "3.4028235677973366e38",
        "3.4028236e38",
        "1.1754943508222875e-38",
        "1.4012984643248171e-45",
        "7.006492321624085e-46",
        "7.006492321624086e-46",
        "16777217",
        "16777217.0000000000000000001",
        "8589973000",
        "1.17549419e-38",
        "0.1",
        "0.2",
        "0.3",
        "100000000000000016777215",
        "100000000000000016777216",
        "9355950000000000000.00000000000000000000000000000000001844674407"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) check_parse(texts[i]);
}

static void test_syntax(void **state) {
    (void)state;
    static const char *const wrong[] = {
        ".",   "-",  "+",    "e5",   "1e",    "1e+",        "1e-",         "1.2.3",
        " 1",  "1 ", "1,5",  "0x10", "1_0",   "--1",        "1e5.5",       "inf",
        "nan", "1f", "1.5x", "-.e1", "1e5e5", "123456789x", "1.12345678x", "1.1234567x9"};
    double d = 4711;
    float f = 4711;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        size_t n = strlen(wrong[i]);
        if (weir_num_parse_double(wrong[i], n, 0, &d) != WEIR_NUM_SYNTAX)
            fail_msg("'%s'", wrong[i]);
        if (weir_num_parse_float(wrong[i], n, 0, &f) != WEIR_NUM_SYNTAX) fail_msg("'%s'", wrong[i]);
    }
    assert_int_equal(weir_num_parse_double("", 0, WEIR_NUM_WORDS, &d), WEIR_NUM_EMPTY);
    assert_true(d == 4711 && f == 4711);
    assert_int_equal(weir_num_parse_double("15", 1, 0, &d), WEIR_NUM_OK);
    assert_true(d == 1);
}

static void test_words(void **state) {
    (void)state;
    double d = 0;
    float f = 0;
    static const char *const infinite[] = {"inf", "Infinity", "INF", "+inf", "iNfInItY"};
    for (size_t i = 0; i < sizeof infinite / sizeof *infinite; i++) {
        size_t n = strlen(infinite[i]);
        d = f = 0;
        assert_int_equal(weir_num_parse_double(infinite[i], n, WEIR_NUM_WORDS, &d), WEIR_NUM_OK);
        assert_int_equal(weir_num_parse_float(infinite[i], n, WEIR_NUM_WORDS, &f), WEIR_NUM_OK);
        assert_true(isinf(d) && d > 0 && isinf(f) && f > 0);
        assert_int_equal(weir_num_parse_double(infinite[i], n, 0, &d), WEIR_NUM_SYNTAX);
    }
    assert_int_equal(weir_num_parse_double("-Infinity", 9, WEIR_NUM_WORDS, &d), WEIR_NUM_OK);
    assert_true(isinf(d) && d < 0);
    assert_int_equal(weir_num_parse_double("NaN", 3, WEIR_NUM_WORDS, &d), WEIR_NUM_OK);
    assert_true(isnan(d));
    assert_int_equal(weir_num_parse_float("nan", 3, WEIR_NUM_WORDS, &f), WEIR_NUM_OK);
    assert_true(isnan(f));
    static const char *const wrong[] = {"infi",      "nano",   "infinit", "in",
                                        "infinityy", "nan(1)", "-",       "i"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(weir_num_parse_double(wrong[i], strlen(wrong[i]), WEIR_NUM_WORDS, &d),
                         WEIR_NUM_SYNTAX);
}

static void test_random_texts(void **state) {
    (void)state;
    char text[1200];
    for (int i = 0; i < 200000; i++) {
        int digits = 1 + (int)(next_random() % (i % 10 ? 25 : 60)), at = 0;
        int point = (int)(next_random() % (unsigned)(digits + 1));
        if (next_random() & 1) text[at++] = '-';
        for (int k = 0; k < digits; k++) {
            if (k == point) text[at++] = '.';
            text[at++] = (char)('0' + next_random() % 10);
        }
        text[at] = '\0';
        if (next_random() & 1) snprintf(text + at, 16, "e%d", (int)(next_random() % 700) - 360);
        check_parse(text);
    }
}

/* The hard ones: exactly in the middle of two doubles, and a hair to either side. */
static void test_middles(void **state) {
    (void)state;
    static char text[1600];
    for (int i = 0; i < 4000; i++) {
        uint64_t u = next_random() >> 1;
        if (i % 4 == 1) u >>= 12; /* subnormal */
        if (i % 4 == 2) u = (u & 0xFFFFFFFFFFFFFULL) | (uint64_t)(1023 + next_random() % 60) << 52;
        double a = double_of(u), b = double_of(u + 1);
        if (!(isfinite(a) && isfinite(b))) continue;
        /* The sum of neighbours has one bit more: long double holds it exactly. */
        long double middle = ((long double)a + (long double)b) / 2;
        int n = snprintf(text, 1400, "%.1100Le", middle);
        assert_true(n > 0 && n < 1400);
        check_parse(text);
        char *e = strchr(text, 'e');
        assert_non_null(e);
        e[-1] = '1'; /* above, far behind the last digit that is not zero */
        check_parse(text);
        /* Below: the last digit that is not zero made smaller, nines behind it. */
        e[-1] = '0';
        char *p = e - 1;
        while (*p == '0') *p-- = '9';
        if (*p >= '1' && *p <= '9') --*p;
        check_parse(text);
    }
}

/* Number of significant digits of a text that weir_num_format_* made. */
static int significant(const char *text) {
    int count = 0, zeros = 0;
    for (; *text && *text != 'e'; text++) {
        if (*text < '0' || *text > '9') continue;
        if (*text == '0' && count == 0) continue;
        count++;
        zeros = *text == '0' ? zeros + 1 : 0;
    }
    return count - zeros;
}

static void check_double(double value) {
    char text[64], probe[64];
    size_t n = weir_num_format_double(value, text);
    assert_true(n <= WEIR_NUM_DOUBLE_MAX);
    text[n] = '\0';
    if (bits_of(strtod(text, NULL)) != bits_of(value)) fail_msg("%a gives %s", value, text);
    double back = 0;
    assert_int_equal(weir_num_parse_double(text, n, 0, &back), WEIR_NUM_OK);
    if (bits_of(back) != bits_of(value)) fail_msg("%s read as %a", text, back);
    snprintf(probe, sizeof probe, "%.17g", value);
    assert_int_equal(weir_num_parse_double(probe, strlen(probe), 0, &back), WEIR_NUM_OK);
    if (bits_of(back) != bits_of(value)) fail_msg("%s read as %a", probe, back);
    /* No shorter text reads back. */
    int digits = value == 0 ? 0 : significant(text);
    if (digits > 1) {
        snprintf(probe, sizeof probe, "%.*e", digits - 2, value);
        if (strtod(probe, NULL) == value) fail_msg("%s is longer than %s", text, probe);
        /* And of those of this length it is a nearest: the C library's is no nearer. */
        snprintf(probe, sizeof probe, "%.*e", digits - 1, value);
        if (strtod(probe, NULL) == value && strtold(probe, NULL) != strtold(text, NULL) &&
            fabsl(strtold(probe, NULL) - (long double)value) <
                fabsl(strtold(text, NULL) - (long double)value))
            fail_msg("%s is nearer than %s", probe, text);
    }
}

static void test_format_layout(void **state) {
    (void)state;
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},
                 {-0.0, "-0"},
                 {1, "1"},
                 {-1.5, "-1.5"},
                 {0.1, "0.1"},
                 {100, "100"},
                 {1e14, "100000000000000"},
                 {999999999999999.0, "999999999999999"},
                 {1e15, "1e+15"},
                 {1.5e15, "1.5e+15"},
                 {1e100, "1e+100"},
                 {1e-4, "0.0001"},
                 {1e-5, "1e-05"},
                 {1.25e-7, "1.25e-07"},
                 {123456.789, "123456.789"},
                 {0.5, "0.5"},
                 {1e22, "1e+22"},
                 {5e-324, "5e-324"},
                 {1.7976931348623157e308, "1.7976931348623157e+308"},
                 {2.2250738585072014e-308, "2.2250738585072014e-308"},
                 {0.3, "0.3"},
                 {0.1 + 0.2, "0.30000000000000004"},
                 {123456789012345.6, "123456789012345.6"},
                 {9007199254740993.0, "9.007199254740992e+15"},
                 {(double)INFINITY, "Infinity"},
                 {-(double)INFINITY, "-Infinity"},
                 {(double)NAN, "NaN"},
                 {2e-44, "2e-44"}};
    char out[64];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = weir_num_format_double(cases[i].value, out);
        out[n] = '\0';
        assert_string_equal(out, cases[i].text);
    }
    static const struct {
        float value;
        const char *text;
    } floats[] = {{0.1F, "0.1"},
                  {16777216.0F, "1.6777216e+07"},
                  {999999.0F, "999999"},
                  {1e6F, "1e+06"},
                  {3.4028235e38F, "3.4028235e+38"},
                  {1e-45F, "1e-45"},
                  {-0.0F, "-0"},
                  {0.3F, "0.3"},
                  {1.17549435e-38F, "1.1754944e-38"},
                  {123456.78F, "123456.78"},
                  {0.0001F, "0.0001"}};
    for (size_t i = 0; i < sizeof floats / sizeof *floats; i++) {
        size_t n = weir_num_format_float(floats[i].value, out);
        out[n] = '\0';
        assert_string_equal(out, floats[i].text);
    }
}

static void test_format_random(void **state) {
    (void)state;
    for (uint64_t e = 0; e < 2047; e++) { /* every power of two and its neighbours */
        check_double(double_of(e << 52));
        check_double(double_of((e << 52) + 1));
        if (e) check_double(double_of((e << 52) - 1));
    }
    for (int e = -320; e < 309; e++) { /* every power of ten and its neighbours */
        char text[16];
        snprintf(text, sizeof text, "1e%d", e);
        uint64_t u = bits_of(strtod(text, NULL));
        for (uint64_t k = 0; k < 5; k++) check_double(double_of(u + k - 2));
    }
    for (int i = 0; i < 150000; i++) {
        uint64_t u = next_random();
        double d = double_of(u);
        if (i % 4 == 1) d = (double)(int64_t)u / (double)(1ULL << (u % 60));
        if (i % 4 == 2) d = (double)(int64_t)(u % 100000000) / 100;
        if (i % 4 == 3) d = double_of((u & 0x800FFFFFFFFFFFFFULL) >> (u % 50));
        if (isfinite(d)) check_double(d);
    }
}

static void test_floats(void **state) {
    (void)state;
    for (uint64_t u = 0; u < (uint64_t)1 << 32; u += 8191) {
        float value = float_of((uint32_t)u), back = 0;
        if (!isfinite(value)) continue;
        char text[64], probe[64];
        size_t n = weir_num_format_float(value, text);
        assert_true(n <= WEIR_NUM_DOUBLE_MAX);
        text[n] = '\0';
        if (bits_of_float(strtof(text, NULL)) != (uint32_t)u)
            fail_msg("%a: %s", (double)value, text);
        assert_int_equal(weir_num_parse_float(text, n, 0, &back), WEIR_NUM_OK);
        if (bits_of_float(back) != (uint32_t)u) fail_msg("%s read as %a", text, (double)back);
        int digits = value == 0 ? 0 : significant(text);
        if (digits > 1) {
            snprintf(probe, sizeof probe, "%.*e", digits - 2, (double)value);
            if (strtof(probe, NULL) == value) fail_msg("%s is longer than %s", text, probe);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_known),         cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_words),         cmocka_unit_test(test_random_texts),
        cmocka_unit_test(test_middles),       cmocka_unit_test(test_format_layout),
        cmocka_unit_test(test_format_random), cmocka_unit_test(test_floats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
