/* Shapes of nested JSON: what they become as types, and that the order of merging does not matter.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "format/shape.h"

static const char *type_name(const weir_shape *s) {
    const weir_type *type = NULL;
    weir_error err = {0};
    if (weir_shape_type(s, &type, &err) != WEIR_OK) fail_msg("%s", err.message);
    return type->name;
}

/* The type of values that are separated by '|'; the same however they are put into two shapes that
 * are merged. */
static void check(const char *values, const char *want) {
    weir_slice items[16];
    unsigned n = 0;
    for (const char *p = values;; p++) {
        size_t size = strcspn(p, "|");
        items[n++] = (weir_slice){p, size};
        p += size;
        if (!*p) break;
    }
    for (unsigned mask = 0; mask < 1u << n; mask++) {
        weir_shape *s[2] = {NULL, NULL};
        for (unsigned i = 0; i < n; i++)
            assert_int_equal(weir_shape_add(&s[mask >> i & 1], items[i], i * 1000, NULL), WEIR_OK);
        assert_int_equal(weir_shape_merge(&s[mask & 1], s[!(mask & 1)], NULL), WEIR_OK);
        const char *have = type_name(s[mask & 1]);
        if (strcmp(have, want) != 0) fail_msg("%s by %u: %s, not %s", values, mask, have, want);
        weir_shape_free(s[0]);
        weir_shape_free(s[1]);
    }
}

static void shapes_become_types(void **state) {
    (void)state;
    check("{\"a\":1,\"b\":\"x\"}", "struct<a int64, b string>");
    check("{\"a\":1}|{\"b\":true}|{\"a\":null}", "struct<a int64, b bool>");
    check("{\"b\":1}|{\"a\":1,\"b\":2}", "struct<b int64, a int64>"); /* first seen, first named */
    check("[1,2]|[]|[null]", "list<int64>");
    check("[]|[]", "list<json>");
    check("[[1],[2.5]]", "list<list<decimal(2,1)>>");
    check("[{\"a\":1},{\"b\":[]}]", "list<struct<a int64, b list<json>>>");
    check("{}", "json");
    check("{}|{\"a\":{}}", "struct<a json>");
    check("{\"a\":null}", "struct<a json>");
    check("{\"a\":1}|[1]", "json");
    check("{\"a\":1}|{\"a\":\"1\"}", "struct<a json>");
    check("{\"a\":[1]}|{\"a\":{\"b\":1}}", "struct<a json>");
    check("{\"a b\":1}|{\"\\u0061 b\":2}", "struct<\"a b\" int64>");
}

static void numbers_are_exact(void **state) {
    (void)state;
    check("[1]|[1.25]|[100]", "list<decimal(5,2)>");
    check("[9223372036854775807]|[9223372036854775808]", "list<decimal(19,0)>");
    check("[1e3]|[0.5]|[7]", "list<float64>");
    check("[1e3]|[9007199254740993]", "list<json>");
    check("[1e400]", "list<json>");
    check("[0.1234567890123456789012345678901234567890]", "list<json>");
    check("[0.30000000000000004,1e-7]", "list<float64>");
    check("[0.300000000000000041,1e-7]", "list<json>");
}

static void wide_and_deep_places_are_json(void **state) {
    (void)state;
    weir_shape *s = NULL, *other = NULL;
    char text[200];
    for (int i = 0; i <= (int)WEIR_SHAPE_MAX_MEMBERS; i++) {
        snprintf(text, sizeof text, "{\"id\":%d,\"by\":{\"k%d\":1}}", i, i);
        assert_int_equal(weir_shape_add(i % 2 ? &s : &other, weir_slice_of(text), 0, NULL),
                         WEIR_OK);
    }
    assert_int_equal(weir_shape_merge(&s, other, NULL), WEIR_OK);
    assert_string_equal(type_name(s), "struct<id int64, by json>");
    weir_shape_free(s);
    weir_shape_free(other);
    weir_buf b = {0};
    for (int i = 0; i < 100; i++) assert_true(weir_buf_adds(&b, "["));
    for (int i = 0; i < 100; i++) assert_true(weir_buf_adds(&b, "]"));
    s = NULL;
    assert_int_equal(weir_shape_add(&s, (weir_slice){b.data, b.size}, 0, NULL), WEIR_OK);
    const char *name = type_name(s);
    assert_non_null(strstr(name, "list<json>"));
    assert_int_equal(strlen(name), WEIR_SHAPE_MAX_DEPTH * strlen("list<>") + strlen("json"));
    weir_shape_free(s);
    weir_buf_clear(&b);
}

static void short_memory_is_told(void **state) {
    (void)state;
    for (long k = 1;; k++) {
        weir_shape *s = NULL, *t = NULL;
        const weir_type *type = NULL;
        weir_slice text = weir_slice_of("{\"a\":[{\"\\u0062\":1},{\"c\":[1.5]}]}");
        weir_fault_arm(WEIR_FAULT_MALLOC, k, 12);
        weir_status status = weir_shape_add(&s, text, 0, NULL);
        if (status == WEIR_OK) status = weir_shape_merge(&t, s, NULL);
        if (status == WEIR_OK) status = weir_shape_type(t, &type, NULL);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        weir_shape_free(s);
        weir_shape_free(t);
        if (status == WEIR_OK) {
            assert_string_equal(type->name,
                                "struct<a list<struct<b int64, c list<decimal(2,1)>>>>");
            return;
        }
        assert_int_equal(status, WEIR_RESOURCE);
        assert_true(k < 1000);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shapes_become_types),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(wide_and_deep_places_are_json),
        cmocka_unit_test(short_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
