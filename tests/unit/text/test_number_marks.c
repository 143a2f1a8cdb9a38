/* Numbers with a decimal comma and marks between thousands: what is read, what is refused, and that
 * each number that is written so is read back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>

#include <cmocka.h>

#include "text/number.h"

static void check(const char *text, weir_num_marks marks, const char *want) {
    char plain[WEIR_NUM_PLAIN_MAX];
    size_t n = 0;
    weir_num code = weir_num_plain(text, strlen(text), marks, plain, &n);
    if (!want) {
        if (code == WEIR_NUM_OK) fail_msg("%s was read as %.*s", text, (int)n, plain);
        return;
    }
    if (code != WEIR_NUM_OK) fail_msg("%s was refused", text);
    if (strlen(want) != n || memcmp(want, plain, n) != 0)
        fail_msg("%s was read as %.*s, not %s", text, (int)n, plain, want);
}

static void test_plain(void **state) {
    (void)state;
    const weir_num_marks german = {',', '.'}, english = {'.', ','}, french = {',', ' '},
                         swiss = {'.', '\''}, comma = {',', 0}, under = {'.', '_'};
    check("1.234,56", german, "1234.56");
    check("-1.234.567", german, "-1234567");
    check("1234,5", german, "1234.5");
    check("12", german, "12");
    check("1,5e3", german, "1.5e3");
    check("1.234,56-", german, "-1234.56");
    check("12-", german, "-12");
    check("1,234.50-", english, "-1234.50");
    check("1.23-", german, NULL);
    check("1.23,4", german, NULL);
    check("1.2345", german, NULL);
    check("1234.567", german, NULL);
    check(".123", german, NULL);
    check("1..234", german, NULL);
    check("1.234.", german, NULL);
    check("1,234,567.89", english, "1234567.89");
    check("12,34,567", english, NULL);
    check("1,234.5", english, "1234.5");
    check("1 234,5", french, "1234.5");
    check("1\xC2\xA0"
          "234\xE2\x80\xAF"
          "567,5",
          french, "1234567.5");
    check("1\xE2\x80\x89"
          "234",
          french, "1234");
    check("1 23", french, NULL);
    check("1'234.5", swiss, "1234.5");
    check("1\xE2\x80\x99"
          "234",
          swiss, "1234");
    check("1,5", comma, "1.5");
    check("1.5", comma, NULL);
    check("1.234,5", comma, NULL);
    check("1_000", under, "1000");
    check("", german, NULL);
    char wide[200];
    memset(wide, '7', sizeof wide);
    wide[199] = '\0';
    check(wide, german, NULL);
}

static void test_marks(void **state) {
    (void)state;
    weir_num_marks m = {0};
    assert_true(weir_num_marks_of(",", ".", &m));
    assert_int_equal(m.decimal, ',');
    assert_int_equal(m.thousands, '.');
    assert_true(weir_num_marks_of(NULL, "\xC2\xA0", &m));
    assert_int_equal(m.decimal, '.');
    assert_int_equal(m.thousands, ' ');
    assert_true(weir_num_marks_of(NULL, "\xE2\x80\x99", &m));
    assert_int_equal(m.thousands, '\'');
    assert_false(weir_num_marks_of(",", ",", &m));
    assert_false(weir_num_marks_of(NULL, ".", &m)); /* the decimal mark is a point */
    assert_false(weir_num_marks_of(" ", NULL, &m));
    assert_false(weir_num_marks_of("x", NULL, &m));
    assert_false(weir_num_marks_of(",,", NULL, &m));
    assert_false(weir_num_marks_of("", NULL, &m));
}

/* Any integer with any marks, grouped or not. */
static void test_back(void **state) {
    (void)state;
    static const char *const marks[] = {",", ".", " ", "'", "\xC2\xA0", "\xE2\x80\xAF", "_"};
    uint64_t seed = 3;
    for (int round = 0; round < 20000; round++) {
        seed = seed * 6364136223846793005ull + 1442695040888963407ull;
        int64_t value = (int64_t)seed >> (seed % 60), back = 0;
        const char *mark = marks[(seed >> 40) % 7];
        char digits[32], text[128], plain[WEIR_NUM_PLAIN_MAX];
        int n = snprintf(digits, sizeof digits, "%lld", (long long)value);
        size_t to = 0, size = 0;
        for (int i = 0; i < n; i++) {
            int left = n - i;
            bool group = i > (*digits == '-') && left % 3 == 0;
            if (group) {
                memcpy(text + to, mark, strlen(mark));
                to += strlen(mark);
            }
            text[to++] = digits[i];
        }
        weir_num_marks m;
        assert_true(weir_num_marks_of(*mark == '.' ? "," : ".", mark, &m));
        assert_int_equal(weir_num_plain(text, to, m, plain, &size), WEIR_NUM_OK);
        assert_int_equal(weir_num_parse_int64(plain, size, &back), WEIR_NUM_OK);
        assert_int_equal(back, value);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_plain), cmocka_unit_test(test_marks),
                                       cmocka_unit_test(test_back)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
