/* The SQLite connector's order of versions, its types of declarations, and the statements made for
 * an upsert. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>

#include "connect/sqlite/sqlite.h"

static int order(const char *a, const char *b) {
    return weir_sqlite_order(NULL, (int)strlen(a), a, (int)strlen(b), b);
}

/* Each is less than the next one, and equal to itself. */
static void check_ascending(const char *const *texts, size_t n) {
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++) {
            int want = i < k ? -1 : i > k, got = order(texts[i], texts[k]);
            if ((got > 0) - (got < 0) == want) continue;
            print_error("%s against %s gives %d\n", texts[i], texts[k], got);
            fail();
        }
}

static void numbers_compare_exactly(void **state) {
    (void)state;
    static const char *const texts[] = {"-1e40",
                                        "-100000000000000000000000000000000000000.5",
                                        "-100000000000000000000000000000000000000",
                                        "-10",
                                        "-9.99",
                                        "-0.001",
                                        "0",
                                        "0.0001",
                                        "1e-3",
                                        "0.05",
                                        "0.5",
                                        "9.5",
                                        "10",
                                        "10.000000000000000000000000000000000000000001",
                                        "99999999999999999999",
                                        "100000000000000000000",
                                        "100000000000000000000.01",
                                        "1e30",
                                        "340282366920938463463374607431768211456",
                                        "340282366920938463463374607431768211457"};
    check_ascending(texts, sizeof texts / sizeof *texts);
}

static void equal_numbers(void **state) {
    (void)state;
    assert_int_equal(order("10", "10.00"), 0);
    assert_int_equal(order("1e2", "100"), 0);
    assert_int_equal(order("+5", "05"), 0);
    assert_int_equal(order("-0", "0.00"), 0);
    assert_int_equal(order(".5", "0.50"), 0);
    assert_int_equal(order("1200", "12e2"), 0);
    assert_int_equal(order("5.", "5"), 0);
}

static void times_compare_as_instants(void **state) {
    (void)state;
    static const char *const texts[] = {"2024-01-01 00:00:00Z", "2024-01-01 00:00:00.5Z",
                                        "2024-01-01 02:00:00+01:00", "2024-01-01 01:00:01Z"};
    check_ascending(texts, sizeof texts / sizeof *texts);
    assert_int_equal(order("2024-01-01 00:00:00Z", "2024-01-01T01:00:00+01:00"), 0);
    assert_int_equal(order("09:00:00.5", "09:00:00.500"), 0);
    assert_true(order("2024-01-31", "2024-02-01") < 0);
}

static void other_texts_compare_by_bytes(void **state) {
    (void)state;
    static const char *const texts[] = {"",  "-", ".",  "1.2.3", "1x",
                                        "A", "a", "aa", "e5",    "\xc3\xa4"};
    check_ascending(texts, sizeof texts / sizeof *texts);
}

static void which_declarations_tell_a_type(void **state) {
    (void)state;
    static const char *const telling[] = {"integer",       "VARCHAR(20)", "blob",    "double",
                                          "decimal(10,2)", "numeric",     "boolean", "date",
                                          "DATETIME",      "int unsigned"};
    static const char *const silent[] = {"", "NUM", "any", "money"};
    for (size_t i = 0; i < sizeof telling / sizeof *telling; i++)
        assert_true(weir_sqlite_type_tells(telling[i]));
    for (size_t i = 0; i < sizeof silent / sizeof *silent; i++)
        assert_false(weir_sqlite_type_tells(silent[i]));
    assert_false(weir_sqlite_type_tells(NULL));
    assert_int_equal(weir_sqlite_type_of("money")->id, WEIR_STRING);
}

/* What check says to a version of this type. */
static weir_status version_of(const char *type) {
    weir_field fields[] = {{"id", weir_type_of(WEIR_INT64), true}, {"v", NULL, false}};
    weir_schema *schema = NULL;
    weir_error err = {0};
    char *key[] = {(char *)(uintptr_t) "id"};
    assert_int_equal(weir_type_parse(type, &fields[1].type, &err), WEIR_OK);
    assert_int_equal(weir_schema_new(fields, 2, &schema, &err), WEIR_OK);
    weir_sink_request request = {
        .mode = WEIR_MODE_UPSERT, .key = {.n = 1, .items = (void *)key}, .version = "v"};
    weir_status status = weir_sql_check_request(&request, schema, &err);
    if (status != WEIR_OK) assert_non_null(strstr(err.message, "no order"));
    weir_schema_release(schema);
    return status;
}

static void versions_need_an_order(void **state) {
    (void)state;
    static const char *const ordered[] = {"int64", "decimal(38,0)", "float64",   "string",
                                          "date",  "time",          "timestamp", "timestamptz"};
    for (size_t i = 0; i < sizeof ordered / sizeof *ordered; i++)
        assert_int_equal(version_of(ordered[i]), WEIR_OK);
    assert_int_equal(version_of("interval"), WEIR_USAGE);
    assert_int_equal(version_of("json"), WEIR_USAGE);
    assert_int_equal(version_of("list<int64>"), WEIR_USAGE);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(numbers_compare_exactly),
                                       cmocka_unit_test(equal_numbers),
                                       cmocka_unit_test(times_compare_as_instants),
                                       cmocka_unit_test(other_texts_compare_by_bytes),
                                       cmocka_unit_test(which_declarations_tell_a_type),
                                       cmocka_unit_test(versions_need_an_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
