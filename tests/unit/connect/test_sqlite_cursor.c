/* The order of cursors: which values have one, and now in the form of theirs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "connect/sqlite/cursor_order.h"

/* The value of a SQL expression. */
static weir_cursor_value value(const char *sql) {
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char text[200];
    weir_cursor_value v = {0};
    assert_int_equal(sqlite3_open(":memory:", &db), SQLITE_OK);
    snprintf(text, sizeof text, "select %s", sql);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    assert_int_equal(weir_cursor_read("t", stmt, 0, &v, NULL), WEIR_OK);
    sqlite3_finalize(stmt);
    sqlite3_close(db);
    return v;
}

static void clear(weir_cursor_value *v) {
    weir_buf_clear(&v->text);
}

/* < > = or x where the two have no common order. */
static char order(const char *a, const char *b) {
    weir_cursor_value x = value(a), y = value(b);
    char c = 'x';
    if (weir_cursor_alike(&x, &y)) {
        int sign = weir_cursor_compare(&x, &y);
        c = sign < 0 ? '<' : sign > 0 ? '>' : '=';
    }
    clear(&x);
    clear(&y);
    return c;
}

static void values_have_the_order_of_sqlite(void **state) {
    (void)state;
    assert_int_equal(order("9", "10"), '<');
    assert_int_equal(order("9223372036854775806", "9223372036854775807"), '<');
    assert_int_equal(order("2.5", "3"), '<');
    assert_int_equal(order("'9'", "'10'"), 'x');
    assert_int_equal(order("'09'", "'10'"), '<');
    assert_int_equal(order("1", "'1'"), 'x');
    assert_int_equal(order("'2024-01-02'", "'2024-01-03'"), '<');
    assert_int_equal(order("'2024-01-02'", "'2024-01-02 00:00:00'"), 'x');
    assert_int_equal(order("'2024-01-02 10:00'", "'2024-01-02 10:00:00'"), 'x');
    assert_int_equal(order("'2024-01-02T10:00:00'", "'2024-01-02 10:00:00'"), 'x');
    assert_int_equal(order("'2024-01-02 10:00:00'", "'2024-01-02 10:00:00.5'"), '<');
    assert_int_equal(order("'2024-01-02 10:00:00Z'", "'2024-01-02 10:00:00.5Z'"), 'x');
    assert_int_equal(order("'2024-01-02 10:00:00+01:00'", "'2024-01-02 10:00:00+02:00'"), 'x');
    assert_int_equal(order("'2024-01-02 10:00:00+01:00'", "'2024-01-02 11:00:00+01:00'"), '<');
    assert_int_equal(order("'1/2/2024'", "'2/1/2024'"), '<'); /* a code: of one length */
    assert_int_equal(order("'1/2/2024'", "'12/1/2024'"), 'x');
}

static void now_as(const char *sql, const char *zone, const char *want) {
    weir_cursor_value like = value(sql), now = {0};
    /* 2024-06-30 22:30:05.25 UTC */
    assert_int_equal(weir_cursor_time(&like, 1719786605250000, zone, &now, NULL), WEIR_OK);
    assert_string_equal(weir_buf_cstr(&now.text), want);
    clear(&like);
    clear(&now);
}

static void now_is_written_in_their_form(void **state) {
    (void)state;
    now_as("'2024-01-02'", NULL, "2024-06-30");
    now_as("'2024-01-02'", "Europe/Berlin", "2024-07-01");
    now_as("'2024-01-02 10:00'", NULL, "2024-06-30 22:30");
    now_as("'2024-01-02 10:00:00'", NULL, "2024-06-30 22:30:05.250000000");
    now_as("'2024-01-02T10:00:00.5'", "Europe/Berlin", "2024-07-01T00:30:05.250000000");
    now_as("'2024-01-02T10:00:00Z'", "Europe/Berlin", "2024-06-30T22:30:05Z");
    now_as("'2024-01-02T10:00:00.000Z'", NULL, "2024-06-30T22:30:05.250Z");
    now_as("'2024-01-02 10:00:00-03:30'", NULL, "2024-06-30 19:00:05-03:30");
}

static void damaged_positions_are_refused(void **state) {
    (void)state;
    static const char *const bad[] = {"", "\1", "\2\0\0\0\0\0", "\1\1\377\377\377\377x",
                                      ("\1\1\1\0\0\0"
                                       "7\377\377\377\377\377\377\377\377")};
    static const size_t sizes[] = {0, 1, 6, 7, 15};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        weir_cursor c = {0};
        weir_error err = {0};
        assert_int_equal(weir_cursor_restore(&c, (weir_slice){(char *)bad[i], sizes[i]}, &err),
                         WEIR_DATA);
        weir_cursor_clear(&c);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_have_the_order_of_sqlite),
        cmocka_unit_test(now_is_written_in_their_form),
        cmocka_unit_test(damaged_positions_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
