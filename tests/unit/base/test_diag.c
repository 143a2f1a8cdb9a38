/* The list of errors of a file: order, escaping, secrets, limits. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "base/fault.h"
#include "base/option.h"

static char *print(const weir_diags *d) {
    weir_buf b = {0};
    assert_true(weir_diags_print(d, &b));
    char *text = weir_strdup(weir_buf_cstr(&b));
    weir_buf_clear(&b);
    return text;
}

static void expect_print(const weir_diags *d, const char *want) {
    char *text = print(d);
    assert_string_equal(text, want);
    weir_free(text);
}

static void test_sorted_by_place(void **state) {
    (void)state;
    weir_diags d;
    weir_diags_init(&d, "p.yaml");
    weir_node a = {.line = 9, .column = 2}, b = {.line = 3, .column = 7},
              c = {.line = 3, .column = 1};
    weir_diags_error(&d, &a, "x", NULL, "last %d", 1);
    weir_diags_error(&d, &b, "y", "do that", "second");
    weir_diags_warn(&d, &c, NULL, NULL, "first");
    weir_diags_error(&d, NULL, NULL, NULL, "the file");
    assert_int_equal(d.n_errors, 3);
    expect_print(&d, "p.yaml: the file\n"
                     "p.yaml:3:1: warning: first\n"
                     "p.yaml:3:7: y: second; do that\n"
                     "p.yaml:9:2: x: last 1\n");
    weir_diags_clear(&d);
    assert_int_equal(d.n, 0);
}

static void test_same_place_keeps_order_and_drops_repeats(void **state) {
    (void)state;
    weir_diags d;
    weir_diags_init(&d, NULL);
    weir_node at = {.line = 1, .column = 1};
    weir_diags_error(&d, &at, "k", NULL, "one");
    weir_diags_error(&d, &at, "k", NULL, "two");
    weir_diags_error(&d, &at, "k", NULL, "one");
    assert_int_equal(d.n_errors, 2);
    expect_print(&d, "1:1: k: one\n1:1: k: two\n");
    weir_diags_clear(&d);
}

static void test_settled_places_take_no_more(void **state) {
    (void)state;
    weir_diags d;
    weir_diags_init(&d, NULL);
    weir_node a = {.line = 1, .column = 1}, b = {.line = 1, .column = 2};
    weir_diags_error(&d, &a, NULL, NULL, "first");
    weir_diags_warn(&d, &b, NULL, NULL, "only a warning");
    weir_diags_error(&d, NULL, NULL, NULL, "file");
    weir_diags_settle(&d);
    weir_diags_error(&d, &a, NULL, NULL, "follows");
    weir_diags_error(&d, &b, NULL, NULL, "new");
    weir_diags_error(&d, NULL, NULL, NULL, "file again");
    assert_int_equal(d.n_errors, 4);
    expect_print(&d, "file\nfile again\n1:1: first\n1:2: warning: only a warning\n1:2: new\n");
    weir_diags_clear(&d);
}

static void test_control_characters_cannot_forge_lines(void **state) {
    (void)state;
    weir_diags d;
    weir_diags_init(&d, "a\nb.yaml");
    weir_node at = {.line = 1, .column = 1};
    weir_diags_error(&d, &at, "k\x1b[2J", "h\r", "a\nb\x7f\xc2\x9b\xc3\xa4");
    expect_print(&d, "a\\x0Ab.yaml:1:1: k\\x1B[2J: a\\x0Ab\\x7F\\xC2\\x9B\xc3\xa4; h\\x0D\n");
    weir_diags_clear(&d);
}

static void test_long_message_is_cut_at_a_character(void **state) {
    (void)state;
    weir_diags d;
    weir_diags_init(&d, NULL);
    char text[3000];
    memset(text, 'x', sizeof text);
    for (size_t i = 1; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xc3\xa4", 2);
    text[sizeof text - 1] = '\0';
    weir_diags_error(&d, NULL, NULL, NULL, "%s", text);
    size_t n = strlen(d.items[0].message);
    assert_in_range(n, 1000, 1023);
    assert_int_equal((unsigned char)d.items[0].message[n - 1], 0xA4);
    weir_diags_clear(&d);
}

static void test_many_are_counted(void **state) {
    (void)state;
    weir_diags d;
    weir_diags_init(&d, "f");
    for (uint32_t i = 0; i < WEIR_DIAGS_MAX + 5; i++) {
        weir_node at = {.line = WEIR_DIAGS_MAX + 5 - i, .column = 1};
        weir_diags_error(&d, &at, NULL, NULL, "e");
    }
    assert_int_equal(d.n, WEIR_DIAGS_MAX);
    assert_int_equal(d.n_errors, WEIR_DIAGS_MAX + 5);
    for (size_t i = 1; i < d.n; i++) assert_true(d.items[i - 1].line < d.items[i].line);
    char *text = print(&d);
    assert_non_null(strstr(text, "\nand 5 more\n"));
    weir_free(text);
    weir_diags_clear(&d);
}

static void test_status(void **state) {
    (void)state;
    weir_diags d;
    weir_error err = {0};
    weir_diags_init(&d, "p.yaml");
    weir_node warn = {.line = 1, .column = 1}, at = {.line = 2, .column = 3};
    weir_diags_warn(&d, &warn, NULL, NULL, "w");
    assert_int_equal(weir_diags_status(&d, &err), WEIR_OK);
    weir_diags_error(&d, &at, "k", "h", "m");
    weir_diags_error(&d, NULL, "k", "h", "n");
    assert_int_equal(weir_diags_status(&d, &err), WEIR_USAGE);
    assert_string_equal(err.message, "n (and 1 more)");
    assert_string_equal(err.hint, "h");
    assert_string_equal(err.source, "p.yaml");
    assert_string_equal(err.key, "k");
    weir_diags_clear(&d);
}

static void test_short_memory_is_still_an_error(void **state) {
    (void)state;
    weir_fault_init();
    for (long n = 1; n < 6; n++) {
        weir_diags d;
        weir_error err = {0};
        weir_diags_init(&d, "f");
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        weir_diags_error(&d, NULL, "key", "hint", "message");
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        assert_int_equal(d.n_errors, 1);
        if (d.n == 0)
            assert_int_equal(weir_diags_status(&d, &err), WEIR_RESOURCE);
        else
            assert_int_equal(weir_diags_status(&d, &err), WEIR_USAGE);
        weir_diags_clear(&d);
    }
}

static void test_show(void **state) {
    (void)state;
    char buf[40];
    weir_node n = {.kind = WEIR_NODE_SCALAR, .text = "abc", .text_size = 3};
    assert_string_equal(weir_node_show(&n, buf, sizeof buf), "\"abc\"");
    n.text = "a text that is much too long for the room";
    n.text_size = strlen(n.text);
    assert_string_equal(weir_node_show(&n, buf, sizeof buf),
                        "\"a text that is much too long for t...\"");
    n.secret = true;
    assert_string_equal(weir_node_show(&n, buf, sizeof buf), "***");
    n.written = "${KEY}";
    assert_string_equal(weir_node_show(&n, buf, sizeof buf), "\"${KEY}\"");
    n.kind = WEIR_NODE_MAP;
    assert_string_equal(weir_node_show(&n, buf, sizeof buf), "a map");
    assert_string_equal(weir_node_show(NULL, buf, sizeof buf), "nothing");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted_by_place),
        cmocka_unit_test(test_same_place_keeps_order_and_drops_repeats),
        cmocka_unit_test(test_settled_places_take_no_more),
        cmocka_unit_test(test_control_characters_cannot_forge_lines),
        cmocka_unit_test(test_long_message_is_cut_at_a_character),
        cmocka_unit_test(test_many_are_counted),
        cmocka_unit_test(test_status),
        cmocka_unit_test(test_short_memory_is_still_an_error),
        cmocka_unit_test(test_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
