/* UTF-8: the vector proof against its portable twin and against the definition; cutting and case.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cpu.h"
#include "text/utf8.h"

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252ULL;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Table 3-7 of the Unicode standard, row by row: the length of the character at p, 0 = ill-formed.
 */
static size_t by_table(const unsigned char *p, size_t n) {
    static const struct {
        unsigned char first[2], second[2];
        size_t length;
    } rows[] = {{{0x00, 0x7F}, {0, 0}, 1},       {{0xC2, 0xDF}, {0x80, 0xBF}, 2},
                {{0xE0, 0xE0}, {0xA0, 0xBF}, 3}, {{0xE1, 0xEC}, {0x80, 0xBF}, 3},
                {{0xED, 0xED}, {0x80, 0x9F}, 3}, {{0xEE, 0xEF}, {0x80, 0xBF}, 3},
                {{0xF0, 0xF0}, {0x90, 0xBF}, 4}, {{0xF1, 0xF3}, {0x80, 0xBF}, 4},
                {{0xF4, 0xF4}, {0x80, 0x8F}, 4}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (p[0] < rows[i].first[0] || p[0] > rows[i].first[1]) continue;
        if (rows[i].length > n) return 0;
        if (rows[i].length > 1 && (p[1] < rows[i].second[0] || p[1] > rows[i].second[1])) return 0;
        for (size_t k = 2; k < rows[i].length; k++)
            if (p[k] < 0x80 || p[k] > 0xBF) return 0;
        return rows[i].length;
    }
    return 0;
}

static size_t prefix_by_table(const char *p, size_t n) {
    size_t i = 0;
    while (i < n) {
        size_t length = by_table((const unsigned char *)p + i, n - i);
        if (length == 0) return i;
        i += length;
    }
    return n;
}

/* Both forms, from memory of exactly n bytes. */
static void check_prefix(const char *text, size_t n) {
    char *p = malloc(n ? n : 1);
    assert_non_null(p);
    memcpy(p, text, n);
    size_t want = prefix_by_table(p, n);
    weir_cpu_limit(UINT32_MAX);
    size_t vector = weir_utf8_valid_prefix(p, n);
    weir_cpu_limit(0);
    size_t portable = weir_utf8_valid_prefix(p, n);
    weir_cpu_limit(UINT32_MAX);
    if (vector != want || portable != want) {
        fprintf(stderr, "size %zu: vector %zu, portable %zu, want %zu\n", n, vector, portable,
                want);
        fail();
    }
    assert_int_equal(weir_utf8_valid(p, n), want == n);
    free(p);
}

static void test_sequences(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t size;
        bool valid;
    } cases[] = {{"\x7F", 1, true},
                 {"\xC2\x80", 2, true},
                 {"\xDF\xBF", 2, true},
                 {"\xE0\xA0\x80", 3, true},
                 {"\xED\x9F\xBF", 3, true},
                 {"\xEE\x80\x80", 3, true},
                 {"\xEF\xBF\xBF", 3, true},
                 {"\xF0\x90\x80\x80", 4, true},
                 {"\xF4\x8F\xBF\xBF", 4, true},
                 {"a\0b", 3, true},
                 {"\x80", 1, false},
                 {"\xBF", 1, false},
                 {"\xC0\x80", 2, false},
                 {"\xC1\xBF", 2, false},
                 {"\xC2", 1, false},
                 {"\xC2\x41", 2, false},
                 {"\xC2\xC2", 2, false},
                 {"\xE0\x9F\xBF", 3, false},
                 {"\xE0\x80\x80", 3, false},
                 {"\xE2\x82", 2, false},
                 {"\xE2\x82\x41", 3, false},
                 {"\xED\xA0\x80", 3, false},
                 {"\xED\xBF\xBF", 3, false},
                 {"\xF0\x8F\xBF\xBF", 4, false},
                 {"\xF0\x80\x80\x80", 4, false},
                 {"\xF4\x90\x80\x80", 4, false},
                 {"\xF5\x80\x80\x80", 4, false},
                 {"\xF8\x88\x80\x80\x80", 5, false},
                 {"\xFE", 1, false},
                 {"\xFF", 1, false},
                 {"\xF0\x90\x80", 3, false},
                 {"\xC2\x80\x80", 3, false},
                 {"\xE2\x82\xAC\x80", 4, false},
                 {"\xF0\x90\x80\x80\x80", 5, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(weir_utf8_valid(cases[i].text, cases[i].size), cases[i].valid);
        /* At every place of a long text, so that each lane and each block border is met. */
        for (size_t at = 0; at < 140; at++) {
            char text[160];
            memset(text, 'x', sizeof text);
            memcpy(text + at, cases[i].text, cases[i].size);
            check_prefix(text, at + cases[i].size); /* ends with it */
            check_prefix(text, sizeof text);
        }
    }
    check_prefix("", 0);
}

static void test_pairs(void **state) {
    (void)state;
    /* All pairs of bytes at the border of two vectors, with continuations behind. */
    for (unsigned pair = 0; pair < 65536; pair++) {
        char text[96];
        memset(text, 'a', sizeof text);
        text[63] = (char)(pair >> 8);
        text[64] = (char)pair;
        text[65] = text[66] = (char)(pair & 1 ? 0x80 : 0xBF);
        check_prefix(text, sizeof text);
    }
}

static size_t put_random(char *out, size_t n) {
    size_t at = 0;
    while (at + 4 <= n) {
        uint64_t r = next_random();
        uint32_t c = (uint32_t)(r >> 8);
        switch (r % 5) {
        case 0:
        case 1: c &= 0x7F; break;
        case 2: c &= 0x7FF; break;
        case 3: c &= 0xFFFF; break;
        default: c %= 0x110000; break;
        }
        at += weir_utf8_encode(c, out + at);
    }
    return at;
}

static void test_random(void **state) {
    (void)state;
    char text[700];
    for (int i = 0; i < 60000; i++) {
        size_t n = put_random(text, 4 + next_random() % 600);
        if (i % 3) { /* one byte spoilt, or cut off somewhere */
            if (n && i % 3 == 1)
                text[next_random() % n] = (char)next_random();
            else
                n -= n ? next_random() % n : 0;
        }
        check_prefix(text, n);
    }
}

static void test_code_points(void **state) {
    (void)state;
    size_t valid = 0;
    for (uint32_t c = 0; c < 0x110100; c++) {
        char out[4];
        uint32_t back = 0;
        size_t n = weir_utf8_encode(c, out);
        bool scalar = c < 0x110000 && (c < 0xD800 || c > 0xDFFF);
        assert_int_equal(n != 0, scalar);
        if (!scalar) continue;
        assert_int_equal(weir_utf8_decode(out, n, &back), n);
        assert_int_equal(back, c);
        if (n > 1) assert_int_equal(weir_utf8_decode(out, n - 1, &back), 0);
        valid++;
    }
    assert_int_equal(valid, 0x110000 - 0x800);
}

static void test_ascii(void **state) {
    (void)state;
    char text[100];
    for (size_t n = 0; n < sizeof text; n++) {
        memset(text, 'a', sizeof text);
        assert_true(weir_utf8_is_ascii(text, n));
        for (size_t at = 0; at < n; at++) {
            text[at] = (char)0x80;
            assert_false(weir_utf8_is_ascii(text, n));
            text[at] = 'a';
        }
        if (n < sizeof text) text[n] = (char)0xFF; /* behind the end */
        assert_true(weir_utf8_is_ascii(text, n));
    }
}

static void test_count_offset(void **state) {
    (void)state;
    char text[700];
    for (int i = 0; i < 5000; i++) {
        size_t n = put_random(text, next_random() % 200), count = 0;
        for (size_t at = 0; at < n;) {
            uint32_t c;
            assert_int_equal(weir_utf8_offset(text, n, count), at);
            at += weir_utf8_decode(text + at, n - at, &c);
            count++;
        }
        assert_int_equal(weir_utf8_count(text, n), count);
        assert_int_equal(weir_utf8_offset(text, n, count), n);
        assert_int_equal(weir_utf8_offset(text, n, count + 5), n);
        size_t clip = next_random() % 220, at = weir_utf8_clip(text, n, clip);
        assert_true(at <= clip && at <= n);
        assert_true(weir_utf8_valid(text, at));
        assert_true(at == n || at + 3 >= clip);
    }
}

static void check_substring(const char *s, int64_t start, int64_t length, const char *want) {
    weir_slice r = weir_utf8_substring(weir_slice_of(s), start, length);
    if (!weir_slice_is(r, want))
        fail_msg("substring('%s', %lld, %lld) = '%.*s'", s, (long long)start, (long long)length,
                 (int)r.size, r.data);
}

static void test_substring(void **state) {
    (void)state;
    const char *s = "h\u00E9llo w\u20ACrld\U0001F600!";
    check_substring(s, 1, 5, "h\u00E9llo");
    check_substring(s, 2, 1, "\u00E9");
    check_substring(s, 7, -1, "w\u20ACrld\U0001F600!");
    check_substring(s, 12, 1, "\U0001F600");
    check_substring(s, 13, 100, "!");
    check_substring(s, 14, 1, "");
    check_substring(s, 0, 2, "h"); /* place 0 is empty but counts */
    check_substring(s, -1, 3, "h");
    check_substring(s, -5, 3, "");
    check_substring(s, -5, -1, s);
    check_substring(s, 3, 0, "");
    check_substring(s, INT64_MAX, INT64_MAX, "");
    check_substring(s, INT64_MIN, INT64_MAX, "");
    check_substring(s, 2, INT64_MAX, "\u00E9llo w\u20ACrld\U0001F600!");
    check_substring("", 1, 1, "");
}

static void check_case(size_t (*map)(const char *, size_t, char *), const char *in,
                       const char *want) {
    char out[256];
    size_t n = strlen(in), m = map(in, n, out);
    assert_true(m <= weir_utf8_case_max(n));
    if (m != strlen(want) || memcmp(out, want, m)) fail_msg("'%s' -> '%.*s'", in, (int)m, out);
}

static void test_case(void **state) {
    (void)state;
    check_case(weir_utf8_to_upper, "abc xyz @[`{ 019 the quick", "ABC XYZ @[`{ 019 THE QUICK");
    check_case(weir_utf8_to_lower, "ABC XYZ @[`{ 019 THE QUICK", "abc xyz @[`{ 019 the quick");
    check_case(weir_utf8_to_upper, "\u00FCber stra\u00DFe \u03C9 \u0436 \u00FF \u0131",
               "\u00DCBER STRA\u00DFE \u03A9 \u0416 \u0178 I");
    check_case(weir_utf8_to_lower, "\u00DCBER \u03A9 \u0416 \u0130 \u1E9E \U00010400",
               "\u00FCber \u03C9 \u0436 i \u00DF \U00010428");
    check_case(weir_utf8_to_upper, "\u01C6 \u1F80 \u0250", "\u01C4 \u1F88 \u2C6F");
    check_case(weir_utf8_to_initcap, "hello WORLD o'neil \u01C6ungla x2y \u00E9T\u00C9",
               "Hello World O'Neil \u01C5ungla X2y \u00C9t\u00E9");
    check_case(weir_utf8_to_upper, "", "");
    /* Bytes that are not UTF-8 are kept and nothing is read behind. */
    check_case(weir_utf8_to_upper,
               "a\xFF"
               "b\xE2\x82",
               "A\xFF"
               "B\xE2\x82");
    assert_int_equal(weir_utf8_upper(0x10FFFF), 0x10FFFF);
    assert_int_equal(weir_utf8_lower(0xFFFFFFFF), 0xFFFFFFFF);
    /* Mappings lead to where they come from for most characters, and never outside of Unicode. */
    for (uint32_t c = 0; c < 0x110000; c++) {
        uint32_t u = weir_utf8_upper(c), l = weir_utf8_lower(c), t = weir_utf8_title(c);
        assert_true(u < 0x110000 && l < 0x110000 && t < 0x110000);
        if (c >= 0x80) continue;
        assert_int_equal(u, c >= 'a' && c <= 'z' ? c - 32 : c);
        assert_int_equal(l, c >= 'A' && c <= 'Z' ? c + 32 : c);
    }
}

static void test_space(void **state) {
    (void)state;
    static const uint32_t spaces[] = {9,      10,     11,     12,     13,     32,     0x85,
                                      0xA0,   0x1680, 0x2000, 0x2001, 0x2002, 0x2003, 0x2004,
                                      0x2005, 0x2006, 0x2007, 0x2008, 0x2009, 0x200A, 0x2028,
                                      0x2029, 0x202F, 0x205F, 0x3000};
    size_t found = 0;
    for (uint32_t c = 0; c < 0x110000; c++) found += weir_utf8_is_space(c);
    assert_int_equal(found, sizeof spaces / sizeof *spaces);
    for (size_t i = 0; i < found; i++) assert_true(weir_utf8_is_space(spaces[i]));
    assert_true(weir_utf8_is_word(0x4E00));
    assert_true(weir_utf8_is_word(0x00E9));
    assert_true(weir_utf8_is_word('7'));
    assert_false(weir_utf8_is_word('_'));
    assert_false(weir_utf8_is_word(0x2014));
    assert_true(weir_slice_is(weir_utf8_trim(weir_slice_of(" \t\u3000a b\u00A0\n")), "a b"));
    assert_true(weir_slice_is(weir_utf8_trim_left(weir_slice_of("  a ")), "a "));
    assert_true(weir_slice_is(weir_utf8_trim_right(weir_slice_of("  a ")), "  a"));
    assert_int_equal(weir_utf8_trim(weir_slice_of(" \u2003 ")).size, 0);
    assert_int_equal(weir_utf8_trim(weir_slice_of("")).size, 0);
    assert_true(weir_slice_is(weir_utf8_trim(weir_slice_of("\u200B")), "\u200B"));
    assert_true(weir_slice_is(weir_utf8_trim(weir_slice_of("\x80 ")), "\x80"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sequences), cmocka_unit_test(test_pairs),
        cmocka_unit_test(test_random),    cmocka_unit_test(test_code_points),
        cmocka_unit_test(test_ascii),     cmocka_unit_test(test_count_offset),
        cmocka_unit_test(test_substring), cmocka_unit_test(test_case),
        cmocka_unit_test(test_space),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
