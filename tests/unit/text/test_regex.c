/* Regular expressions: results, limits, replacement, threads, failing memory. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/fault.h"
#include "text/regex.h"

static weir_regex *compiled(const char *pattern, unsigned flags) {
    weir_regex *re = NULL;
    weir_error err = {0};
    if (weir_regex_new(pattern, strlen(pattern), flags, &re, &err) != WEIR_OK)
        fail_msg("'%s': %s", pattern, err.message);
    return re;
}

static weir_regex_result match(const char *pattern, unsigned flags, const char *text) {
    weir_regex *re = compiled(pattern, flags);
    weir_regex_result result = weir_regex_match(re, text, strlen(text));
    weir_regex_free(re);
    return result;
}

static void test_match(void **state) {
    (void)state;
    assert_int_equal(match("^[^@\\s]+@[^@\\s]+$", 0, "a@b.io"), WEIR_REGEX_MATCH);
    assert_int_equal(match("^[^@\\s]+@[^@\\s]+$", 0, "a@b @"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("", 0, ""), WEIR_REGEX_MATCH);
    assert_int_equal(match("b", 0, "abc"), WEIR_REGEX_MATCH);
    assert_int_equal(match("b", WEIR_REGEX_FULL, "abc"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("a|abc", WEIR_REGEX_FULL, "abc"), WEIR_REGEX_MATCH);
    assert_int_equal(match("^.$", 0, "\u20AC"), WEIR_REGEX_MATCH);
    assert_int_equal(match("^.$", WEIR_REGEX_BYTES, "\u20AC"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("^\xFF$", WEIR_REGEX_BYTES, "\xFF"), WEIR_REGEX_MATCH);
    assert_int_equal(match("STRA\u00DCE", WEIR_REGEX_CASELESS, "stra\u00FCe"), WEIR_REGEX_MATCH);
    assert_int_equal(match("^b$", 0, "a\nb\nc"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("^b$", WEIR_REGEX_MULTILINE, "a\nb\nc"), WEIR_REGEX_MATCH);
    assert_int_equal(match("a$", 0, "a\n"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("a.b", 0, "a\nb"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("a.b", WEIR_REGEX_DOTALL, "a\nb"), WEIR_REGEX_MATCH);
    assert_int_equal(match("a.b", WEIR_REGEX_LITERAL, "xa.bx"), WEIR_REGEX_MATCH);
    assert_int_equal(match("a.b", WEIR_REGEX_LITERAL, "axb"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("^\\d$", 0, "\u0663"), WEIR_REGEX_NOMATCH);
    assert_int_equal(match("^\\d$", WEIR_REGEX_UNICODE, "\u0663"), WEIR_REGEX_MATCH);
    assert_int_equal(match("^\\w+$", WEIR_REGEX_UNICODE, "M\u00FCller"), WEIR_REGEX_MATCH);
    assert_int_equal(match("^\\p{L}+$", 0, "M\u00FCller"), WEIR_REGEX_MATCH);
    weir_regex *re = compiled("b", 0);
    assert_int_equal(weir_regex_match(re, "a\0b", 3), WEIR_REGEX_MATCH);
    assert_int_equal(weir_regex_match(re, NULL, 0), WEIR_REGEX_NOMATCH);
    assert_int_equal(weir_regex_match(re, "ab", 1), WEIR_REGEX_NOMATCH);
    weir_regex_free(re);
    weir_regex_free(NULL);
}

static void test_wrong_patterns(void **state) {
    (void)state;
    static const struct {
        const char *pattern;
        unsigned flags;
        int64_t column;
    } wrong[] = {{"a(b", 0, 4},
                 {"[a", 0, 3},
                 {"a**b(", 0, 3},
                 {"(?<n>a)(?<n>b)", 0, 13},
                 {"\\C", 0, 3},
                 {"ab\xFF", 0, 3},
                 {"(*UTF)a", WEIR_REGEX_BYTES, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        weir_regex *re = NULL;
        weir_error err = {0};
        assert_int_equal(
            weir_regex_new(wrong[i].pattern, strlen(wrong[i].pattern), wrong[i].flags, &re, &err),
            WEIR_USAGE);
        assert_null(re);
        assert_string_not_equal(err.message, "");
        if (wrong[i].column && err.column != wrong[i].column)
            fail_msg("'%s': %s at %d", wrong[i].pattern, err.message, (int)err.column);
    }
    /* Too long, too many groups, too large when compiled, too deep. */
    static char large[WEIR_REGEX_MAX_PATTERN_BYTES + 1];
    weir_regex *re = NULL;
    memset(large, 'a', sizeof large);
    assert_int_equal(weir_regex_new(large, sizeof large, 0, &re, NULL), WEIR_USAGE);
    for (size_t i = 0; i < 300; i += 3) memcpy(large + i, "(a)", 3);
    assert_int_equal(weir_regex_new(large, 300, 0, &re, NULL), WEIR_USAGE);
    assert_int_equal(weir_regex_new("((a{1000}){1000}){1000}", 23, 0, &re, NULL), WEIR_USAGE);
    memset(large, '(', 30000);
    memset(large + 30000, ')', 30000);
    assert_int_equal(weir_regex_new(large, 60000, 0, &re, NULL), WEIR_USAGE);
    assert_null(re);
}

static void test_limit(void **state) {
    (void)state;
    weir_regex *re = compiled("^(a+)+$", 0);
    assert_int_equal(weir_regex_match(re, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 36),
                     WEIR_REGEX_LIMIT);
    assert_int_equal(weir_regex_match(re, "aaaa", 4), WEIR_REGEX_MATCH); /* and goes on working */
    weir_buf out = {0};
    assert_true(weir_buf_adds(&out, "kept"));
    assert_int_equal(weir_regex_replace(re, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 36,
                                        weir_slice_of("x"), true, &out),
                     WEIR_REGEX_LIMIT);
    assert_int_equal(out.size, 4);
    size_t count = 9;
    assert_int_equal(weir_regex_count(re, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab", 36, &count),
                     WEIR_REGEX_LIMIT);
    assert_int_equal(count, 9);
    weir_buf_clear(&out);
    weir_regex_free(re);
    /* Deep recursion meets a limit, not the end of the stack. */
    re = compiled("(?:(a)|b)*c", 0);
    size_t n = 4 << 20;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i++) text[i] = "ab"[i % 2];
    weir_regex_result result = weir_regex_match(re, text, n);
    assert_true(result == WEIR_REGEX_LIMIT || result == WEIR_REGEX_NOMATCH);
    free(text);
    weir_regex_free(re);
}

static void test_groups(void **state) {
    (void)state;
    weir_regex *re = compiled("(?<year>\\d{4})-(\\d\\d)(-(\\d\\d))?", 0);
    assert_int_equal(weir_regex_groups(re), 4);
    assert_int_equal(weir_regex_group(re, "year"), 1);
    assert_int_equal(weir_regex_group(re, "month"), -1);
    weir_slice got = {0};
    assert_int_equal(weir_regex_extract(re, "on 2026-01!", 11, 1, &got), WEIR_REGEX_MATCH);
    assert_true(weir_slice_is(got, "2026"));
    assert_int_equal(weir_regex_extract(re, "on 2026-01!", 11, 0, &got), WEIR_REGEX_MATCH);
    assert_true(weir_slice_is(got, "2026-01"));
    assert_int_equal(weir_regex_extract(re, "on 2026-01!", 11, 4, &got), WEIR_REGEX_MATCH);
    assert_null(got.data);
    assert_int_equal(weir_regex_extract(re, "on 2026-01!", 11, 77, &got), WEIR_REGEX_MATCH);
    assert_null(got.data);
    assert_int_equal(weir_regex_extract(re, "never", 5, 0, &got), WEIR_REGEX_NOMATCH);
    weir_regex_span spans[6];
    assert_int_equal(weir_regex_find(re, "2026-01 2027-02-03", 18, 1, spans, 6), WEIR_REGEX_MATCH);
    assert_int_equal(spans[0].start, 8);
    assert_int_equal(spans[0].end, 18);
    assert_int_equal(spans[4].start, 16);
    assert_true(spans[5].start > spans[5].end);
    assert_int_equal(weir_regex_find(re, "2026-01", 7, 8, spans, 6), WEIR_REGEX_NOMATCH);
    weir_regex_free(re);
}

static void check_replace(const char *pattern, const char *text, const char *replacement, bool all,
                          weir_regex_result want, const char *result) {
    weir_regex *re = compiled(pattern, 0);
    weir_buf out = {0};
    assert_true(weir_buf_adds(&out, "> "));
    weir_regex_result got =
        weir_regex_replace(re, text, strlen(text), weir_slice_of(replacement), all, &out);
    if (got != want || strcmp(weir_buf_cstr(&out) + 2, result) != 0)
        fail_msg("s/%s/%s/ on '%s': %d '%s'", pattern, replacement, text, got, weir_buf_cstr(&out));
    weir_buf_clear(&out);
    weir_regex_free(re);
}

static void test_replace(void **state) {
    (void)state;
    check_replace("b+", "abbcb", "x", false, WEIR_REGEX_MATCH, "axcb");
    check_replace("b+", "abbcb", "x", true, WEIR_REGEX_MATCH, "axcx");
    check_replace("z", "abc", "x", true, WEIR_REGEX_NOMATCH, "abc");
    check_replace("(a)(b)", "ab", "\\2\\1", true, WEIR_REGEX_MATCH, "ba");
    check_replace("b", "abc", "<\\&>", true, WEIR_REGEX_MATCH, "a<b>c");
    check_replace("b", "abc", "\\\\", true, WEIR_REGEX_MATCH, "a\\c");
    check_replace("b", "abc", "\\q\\", true, WEIR_REGEX_MATCH, "a\\q\\c");
    check_replace("(b)|(x)", "abc", "[\\2\\9]", true, WEIR_REGEX_MATCH, "a[]c");
    check_replace("", "a\u20ACb", "-", true, WEIR_REGEX_MATCH, "-a-\u20AC-b-");
    check_replace("x*", "axb", "-", true, WEIR_REGEX_MATCH, "-a--b-");
    check_replace("$", "ab", "!", true, WEIR_REGEX_MATCH, "ab!");
    check_replace("", "", "x", true, WEIR_REGEX_MATCH, "x");
    check_replace("(?<=a)b", "ababb", "x", true, WEIR_REGEX_MATCH, "axaxb");
    check_replace("a\\Kb", "abab", "x", true, WEIR_REGEX_MATCH, "axax");
    weir_regex *re = compiled("a", 0);
    weir_buf out = {.max = 4};
    assert_int_equal(weir_regex_replace(re, "aaa", 3, weir_slice_of("bb"), true, &out),
                     WEIR_REGEX_ERROR);
    assert_int_equal(out.size, 0);
    weir_buf_clear(&out);
    size_t count = 0;
    assert_int_equal(weir_regex_count(re, "banana", 6, &count), WEIR_REGEX_MATCH);
    assert_int_equal(count, 3);
    assert_int_equal(weir_regex_count(re, "xyz", 3, &count), WEIR_REGEX_NOMATCH);
    assert_int_equal(count, 0);
    weir_regex_free(re);
}

static void *use_shared(void *p) {
    const weir_regex *re = p;
    for (int i = 0; i < 20000; i++) {
        weir_slice got = {0};
        char text[16] = "key=0000;";
        text[7] = (char)('0' + i % 10);
        if (weir_regex_extract(re, text, 9, 1, &got) != WEIR_REGEX_MATCH) return p;
        if (got.size != 4 || got.data != text + 4) return p;
    }
    return NULL;
}

static void test_threads(void **state) {
    (void)state;
    weir_regex *re = compiled("key=(\\d+);", 0);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, use_shared, re), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        pthread_join(threads[i], &result);
        assert_null(result);
    }
    weir_regex_free(re);
}

/* In a thread of its own, so that its workspace is made anew each time. */
static void *fail_nth(void *p) {
    weir_fault_arm(WEIR_FAULT_MALLOC, *(long *)p, 0);
    weir_regex *re = NULL;
    weir_error err = {0};
    weir_status status = weir_regex_new("a(b+)c", 6, 0, &re, &err);
    if (status == WEIR_OK) {
        weir_regex_result result = weir_regex_match(re, "xabbc", 5);
        if (result == WEIR_REGEX_NOMATCH || result == WEIR_REGEX_LIMIT) return p;
        weir_regex_free(re);
        if (result == WEIR_REGEX_MATCH && weir_fault_count(WEIR_FAULT_MALLOC) < *(long *)p)
            *(long *)p = -1; /* done: nothing failed */
    } else if (status != WEIR_RESOURCE || re) {
        return p;
    }
    return NULL;
}

static void test_faults(void **state) {
    (void)state;
    long nth = 1;
    int rounds = 0;
    for (; nth > 0 && rounds < 100; rounds++) {
        pthread_t thread;
        void *result;
        long now = nth;
        assert_int_equal(pthread_create(&thread, NULL, fail_nth, &now), 0);
        pthread_join(thread, &result);
        assert_null(result);
        nth = now < 0 ? -1 : nth + 1;
    }
    weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
    assert_true(rounds > 5 && rounds < 100);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_match),   cmocka_unit_test(test_wrong_patterns),
        cmocka_unit_test(test_limit),   cmocka_unit_test(test_groups),
        cmocka_unit_test(test_replace), cmocka_unit_test(test_threads),
        cmocka_unit_test(test_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
