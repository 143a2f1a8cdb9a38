/* --env-file: quotes, comments, faults that show no value. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include "api/env_file.h"

static const char *const cases[][3] = {
    {"A=1\n", "A", "1"},
    {"A = spaced out  # and a comment", "A", "spaced out"},
    {"export A=x#y\r\n", "A", "x#y"},
    {"A='it''s'", NULL, "something stands behind the closing quote"},
    {"A=' # kept '", "A", " # kept "},
    {"A=\"a\\n\\t\\\"\\\\\\$b\"  # c", "A", "a\n\t\"\\$b"},
    {"A=\"\\x\"", NULL, "only \\n \\r \\t \\\" \\\\ and \\$ may stand here"},
    {"A=\"open", NULL, "a quote is not closed"},
    {"A=\"open\\", NULL, "a quote is not closed"},
    {"A=", "A", ""},
    {"# A=1\n\n  \nB_2=x\n", "B_2", "x"},
    {"A=1\nA=2", "A", "2"},
    {"\xEF\xBB\xBF"
     "A=b",
     "A", "b"},
    {"2A=1", NULL, "the line is no NAME=VALUE"},
    {"=1", NULL, "the line is no NAME=VALUE"},
    {"A", NULL, "the line is no NAME=VALUE"},
    {"export", NULL, "the line is no NAME=VALUE"},
};

static void test_lines(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_env_file e = {0};
        weir_arena arena = {0};
        weir_error err = {0};
        weir_status status =
            weir_env_file_parse(&e, weir_slice_of(cases[i][0]), "x.env", &arena, &err);
        if (cases[i][1]) {
            assert_int_equal(status, WEIR_OK);
            unsetenv(cases[i][1]);
            assert_string_equal(weir_env_file_variable(&e, cases[i][1]), cases[i][2]);
        } else {
            assert_int_equal(status, WEIR_USAGE);
            assert_string_equal(err.message, cases[i][2]);
            assert_string_equal(err.source, "x.env");
            assert_int_equal(err.line, 1);
        }
        weir_env_file_clear(&e);
        weir_arena_clear(&arena);
    }
}

static void test_environment_wins(void **state) {
    (void)state;
    weir_env_file e = {0};
    weir_arena arena = {0};
    weir_error err = {0};
    assert_int_equal(
        weir_env_file_parse(&e, weir_slice_of("WEIR_T=file\nWEIR_U=file"), "x", &arena, &err),
        WEIR_OK);
    setenv("WEIR_T", "environment", 1);
    assert_string_equal(weir_env_file_variable(&e, "WEIR_T"), "environment");
    assert_string_equal(weir_env_file_variable(&e, "WEIR_U"), "file");
    assert_null(weir_env_file_variable(&e, "WEIR_V"));
    weir_env_file_clear(&e);
    weir_arena_clear(&arena);
}

static void test_zero_byte(void **state) {
    (void)state;
    weir_env_file e = {0};
    weir_arena arena = {0};
    weir_error err = {0};
    assert_int_equal(weir_env_file_parse(&e, (weir_slice){"A=1\0", 4}, "x", &arena, &err),
                     WEIR_USAGE);
    weir_env_file_clear(&e);
    weir_arena_clear(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_lines),
                                       cmocka_unit_test(test_environment_wins),
                                       cmocka_unit_test(test_zero_byte)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
