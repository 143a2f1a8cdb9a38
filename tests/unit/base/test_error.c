/* Errors of calls: what is kept, cut, escaped and printed. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/printable.h"
#include "weir/error.h"

static void test_set(void **state) {
    (void)state;
    weir_error err = {.line = 7, .hint = "old"};
    assert_int_equal(weir_error_set(&err, WEIR_DATA, "value %d is %s", 5, "bad"), WEIR_DATA);
    assert_int_equal(err.status, WEIR_DATA);
    assert_string_equal(err.message, "value 5 is bad");
    assert_int_equal(err.line, 0);
    assert_string_equal(err.hint, "");
    assert_int_equal(weir_error_set(NULL, WEIR_IO, "x"), WEIR_IO);
    /* Arguments may point into the error itself. */
    weir_error_set(&err, WEIR_IO, "again: %s", err.message);
    assert_string_equal(err.message, "again: value 5 is bad");
}

static void test_control_characters(void **state) {
    (void)state;
    weir_error err = {0};
    weir_error_set(&err, WEIR_DATA, "a\nb\x1b[31m \x7f\xff\xc2\x9b \xe2\x82\xac\n");
    assert_string_equal(err.message, "a b\\x1b[31m \\x7f\\xff\\xc2\\x9b \xe2\x82\xac");
    weir_error_at(&err, "in\n.csv", 3, 4);
    assert_string_equal(err.source, "in .csv");
}

static void test_long_texts(void **state) {
    (void)state;
    char many[3000];
    memset(many, 'x', sizeof many);
    /* Characters of three bytes, so that any cut in the middle shows. */
    for (size_t i = 0; i + 3 < sizeof many; i += 3) memcpy(many + i, "\xE2\x82\xAC", 3);
    many[sizeof many - 1] = '\0';
    weir_error err = {0};
    weir_error_set(&err, WEIR_DATA, "%s", many);
    size_t n = strlen(err.message);
    assert_true(n > 600 && n < sizeof err.message);
    assert_int_equal(n % 3, 0);
    assert_null(strchr(err.message, '\\'));
    weir_error_hint(&err, "%s", many);
    assert_int_equal(strlen(err.hint) % 3, 0);
    for (int i = 0; i < 100; i++) weir_error_context(&err, "step %d", i);
    assert_true(strlen(err.trail) < sizeof err.trail);
    assert_memory_equal(err.trail, "step 0; while step 1", 20);
    char small[16];
    assert_ptr_equal(weir_error_format(&err, small, sizeof small), small);
    assert_true(strlen(small) < sizeof small);
    weir_error_format(&err, small, 0);
    weir_error_format(&err, small, 1);
    assert_string_equal(small, "");
}

static void test_errno(void **state) {
    (void)state;
    weir_error err = {0};
    assert_int_equal(weir_error_errno(&err, ENOSPC, "cannot write '%s'", "f"), WEIR_RESOURCE);
    assert_string_equal(err.message, "cannot write 'f': No space left on device");
    assert_int_equal(err.vendor_code, ENOSPC);
    assert_false(err.retriable);
    assert_string_not_equal(err.hint, "");
    assert_int_equal(weir_error_errno(&err, EDQUOT, "x"), WEIR_RESOURCE);
    assert_int_equal(weir_error_errno(&err, ENOMEM, "x"), WEIR_RESOURCE);
    assert_int_equal(weir_error_errno(&err, EACCES, "x"), WEIR_IO);
    assert_non_null(strstr(err.hint, "permissions"));
    assert_int_equal(weir_error_errno(&err, EAGAIN, "x"), WEIR_IO);
    assert_true(err.retriable);
    assert_int_equal(weir_error_errno(&err, ENOENT, "x"), WEIR_IO);
    assert_false(err.retriable);
    assert_string_equal(err.hint, "");
    assert_int_equal(weir_error_nomem(&err), WEIR_RESOURCE);
    assert_int_equal(weir_error_nomem(NULL), WEIR_RESOURCE);
    char name[1000];
    memset(name, 'n', sizeof name);
    name[999] = '\0';
    weir_error_errno(&err, ENOENT, "%s", name);
    assert_non_null(strstr(err.message, "No such file"));
}

static void test_format(void **state) {
    (void)state;
    char buf[512];
    weir_error err = {0};
    weir_error_set(&err, WEIR_USAGE, "unknown key");
    memcpy(err.key, "colums", 7);
    weir_error_at(&err, "p.yaml", 3, 5);
    weir_error_hint(&err, "did you mean '%s'?", "columns");
    weir_error_context(&err, "reading the file");
    weir_error_context(&err, "checking");
    assert_string_equal(
        weir_error_format(&err, buf, sizeof buf),
        "p.yaml:3:5: colums: unknown key; did you mean 'columns'? (while reading the "
        "file; while checking)");
    weir_error_set(&err, WEIR_IO, "gone");
    assert_string_equal(weir_error_format(&err, buf, sizeof buf), "gone");
    weir_error_at(&err, NULL, 12, 0);
    assert_string_equal(weir_error_format(&err, buf, sizeof buf), "line 12: gone");
    assert_string_equal(weir_error_format(&(weir_error){.status = WEIR_AUTH}, buf, sizeof buf),
                        "auth");
    assert_string_equal(weir_error_format(NULL, buf, sizeof buf), "");
    for (int s = WEIR_OK; s <= WEIR_INTERNAL; s++)
        assert_string_not_equal(weir_status_name((weir_status)s), "unknown");
    weir_error_hint(NULL, "x");
    weir_error_at(NULL, "x", 1, 1);
    weir_error_context(NULL, "x");
}

static void test_printable(void **state) {
    (void)state;
    char out[16];
    assert_int_equal(weir_printable(out, sizeof out, "a\tb", 3), 3);
    assert_string_equal(out, "a b");
    assert_int_equal(weir_printable(out, 3, "ab\xE2\x82\xAC", 5), 2);
    assert_string_equal(out, "ab");
    assert_int_equal(weir_printable(out, 4, "\x01\x02", 2), 0); /* no half escapes */
    assert_int_equal(weir_printable(out, 5, "\x01\x02", 2), 4);
    assert_string_equal(out, "\\x01");
    assert_int_equal(weir_printable(out, 0, "abc", 3), 0);
    weir_printable(out, sizeof out, "\xED\xA0\x80", 3); /* a surrogate */
    assert_string_equal(out, "\\xed\\xa0\\x80");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set),        cmocka_unit_test(test_control_characters),
        cmocka_unit_test(test_long_texts), cmocka_unit_test(test_errno),
        cmocka_unit_test(test_format),     cmocka_unit_test(test_printable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
