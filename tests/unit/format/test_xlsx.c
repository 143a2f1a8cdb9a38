/* Workbooks: number formats, numbers as dates, references, texts.  Whole workbooks are read by the
 * pipeline cases xlsx_*. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "format/xlsx.h"

static void formats_of_dates(void **state) {
    (void)state;
    static const struct {
        const char *code;
        weir_xlsx_kind kind;
    } codes[] = {
        {"General", WEIR_XLSX_NUMBER},
        {"0.00", WEIR_XLSX_NUMBER},
        {"#,##0.00 [$EUR]", WEIR_XLSX_NUMBER},
        {"0.00E+00", WEIR_XLSX_NUMBER},
        {"@", WEIR_XLSX_NUMBER},
        {"\"day\" 0", WEIR_XLSX_NUMBER},
        {"[Red]-0;[Yellow]0", WEIR_XLSX_NUMBER},
        {"0\\d", WEIR_XLSX_NUMBER},
        {"_-* #,##0_-;@", WEIR_XLSX_NUMBER},
        {"General\" days\"", WEIR_XLSX_NUMBER},
        {"yyyy-mm-dd", WEIR_XLSX_DATE},
        {"[$-409]d-mmm-yy;@", WEIR_XLSX_DATE},
        {"mmmm", WEIR_XLSX_DATE},
        {"dddd", WEIR_XLSX_DATE},
        {"DD/MM/YY", WEIR_XLSX_DATE},
        {"hh:mm", WEIR_XLSX_TIME},
        {"mm:ss.000", WEIR_XLSX_TIME},
        {"h AM/PM", WEIR_XLSX_TIME},
        {"yyyy-mm-dd hh:mm:ss.000", WEIR_XLSX_DATETIME},
        {"m/d/yy h:mm", WEIR_XLSX_DATETIME},
        {"[h]:mm:ss", WEIR_XLSX_DURATION},
        {"[mm]:ss", WEIR_XLSX_DURATION},
        {"[s]", WEIR_XLSX_DURATION},
        {"\"unclosed", WEIR_XLSX_NUMBER},
        {"[unclosed", WEIR_XLSX_NUMBER},
        {"", WEIR_XLSX_NUMBER},
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (weir_xlsx_kind_of_code(codes[i].code) != codes[i].kind)
            fail_msg("%s is of kind %d", codes[i].code, weir_xlsx_kind_of_code(codes[i].code));
    assert_int_equal(weir_xlsx_kind_of_builtin(0), WEIR_XLSX_NUMBER);
    assert_int_equal(weir_xlsx_kind_of_builtin(10), WEIR_XLSX_NUMBER);
    assert_int_equal(weir_xlsx_kind_of_builtin(14), WEIR_XLSX_DATE);
    assert_int_equal(weir_xlsx_kind_of_builtin(20), WEIR_XLSX_TIME);
    assert_int_equal(weir_xlsx_kind_of_builtin(22), WEIR_XLSX_DATETIME);
    assert_int_equal(weir_xlsx_kind_of_builtin(46), WEIR_XLSX_DURATION);
    assert_int_equal(weir_xlsx_kind_of_builtin(49), WEIR_XLSX_NUMBER);
}

static void check(const char *stored, weir_xlsx_kind kind, bool date1904, const char *want) {
    weir_buf out = {0};
    assert_true(weir_xlsx_put_number(&out, weir_slice_of(stored), kind, date1904));
    assert_string_equal(weir_buf_cstr(&out), want);
    weir_buf_clear(&out);
}

static void numbers_and_dates(void **state) {
    (void)state;
    check("42", WEIR_XLSX_NUMBER, false, "42");
    check("-0.10", WEIR_XLSX_NUMBER, false, "-0.10");
    check(" 1E-3 ", WEIR_XLSX_NUMBER, false, "1E-3");
    check("9007199254740993", WEIR_XLSX_NUMBER, false, "9007199254740993");
    check(".5", WEIR_XLSX_NUMBER, false, "0.5");
    check("+5", WEIR_XLSX_NUMBER, false, "5");
    check("x", WEIR_XLSX_NUMBER, false, "\"x\"");
    check("x", WEIR_XLSX_DATE, false, "\"x\"");
    check("1", WEIR_XLSX_DATE, false, "\"1900-01-01\"");
    check("59", WEIR_XLSX_DATE, false, "\"1900-02-28\"");
    check("60", WEIR_XLSX_DATE, false, "\"1900-02-29\"");
    check("61", WEIR_XLSX_DATE, false, "\"1900-03-01\"");
    check("36526", WEIR_XLSX_DATE, false, "\"2000-01-01\"");
    check("45351", WEIR_XLSX_DATE, false, "\"2024-02-29\"");
    check("2958465", WEIR_XLSX_DATE, false, "\"9999-12-31\"");
    check("2958466", WEIR_XLSX_DATE, false, "2958466");
    check("-1", WEIR_XLSX_DATE, false, "-1");
    check("0", WEIR_XLSX_DATE, true, "\"1904-01-01\"");
    check("60", WEIR_XLSX_DATE, true, "\"1904-03-01\"");
    check("43830", WEIR_XLSX_DATE, true, "\"2024-01-01\"");
    check("2957003", WEIR_XLSX_DATE, true, "\"9999-12-31\"");
    check("45292.25", WEIR_XLSX_DATE, false, "\"2024-01-01T06:00:00\"");
    check("45292", WEIR_XLSX_DATETIME, false, "\"2024-01-01T00:00:00\"");
    check("45292.999999999", WEIR_XLSX_DATETIME, false, "\"2024-01-02T00:00:00\"");
    check("45292.520833333336", WEIR_XLSX_DATETIME, false, "\"2024-01-01T12:30:00\"");
    check("45292.000011574", WEIR_XLSX_DATETIME, false, "\"2024-01-01T00:00:01\"");
    check("45292.00001446759", WEIR_XLSX_DATETIME, false, "\"2024-01-01T00:00:01.250\"");
    check("0", WEIR_XLSX_TIME, false, "\"00:00:00\"");
    check("0.75", WEIR_XLSX_TIME, false, "\"18:00:00\"");
    check("0.9999999999", WEIR_XLSX_TIME, false, "\"23:59:59.999\"");
    check("1.5", WEIR_XLSX_TIME, false, "\"1900-01-01T12:00:00\"");
    check("1.5", WEIR_XLSX_DURATION, false, "\"PT36H0M0S\"");
    check("0.000011574074074", WEIR_XLSX_DURATION, false, "\"PT0H0M1S\"");
}

static void references(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool good;
        uint32_t column, row;
    } all[] = {{"A1", true, 0, 1},
               {"z9", true, 25, 9},
               {"AA10", true, 26, 10},
               {"$XFD$1048576", true, 16383, 1048576},
               {"B", true, 1, 0},
               {"7", true, UINT32_MAX, 7},
               {"XFE1", false, 0, 0},
               {"A0", false, 0, 0},
               {"A1048577", false, 0, 0},
               {"", false, 0, 0},
               {"A1B", false, 0, 0},
               {"AAAA1", false, 0, 0},
               {"A99999999999", false, 0, 0},
               {"-1", false, 0, 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        uint32_t column = 0, row = 0;
        bool good = weir_xlsx_reference(weir_slice_of(all[i].text), &column, &row);
        if (good != all[i].good || (good && (column != all[i].column || row != all[i].row)))
            fail_msg("%s gives %d, %u, %u", all[i].text, good, column, row);
    }
    for (uint32_t c = 0; c < WEIR_XLSX_COLUMNS; c++) {
        char letters[4];
        uint32_t column = 0, row = 0;
        assert_true(
            weir_xlsx_reference(weir_slice_of(weir_xlsx_letters(c, letters)), &column, &row));
        assert_int_equal(column, c);
    }
}

static void texts(void **state) {
    (void)state;
    static const char *const pairs[][2] = {
        {"plain", "\"plain\""},
        {"", "\"\""},
        {"a_x000D_b", "\"a\\rb\""},
        {"_x005F_x000D_", "\"_x000D_\""},
        {"_x00e9_\"", "\"\xC3\xA9\\\"\""},
        {"_xD83D__xDE00_", "\"\xF0\x9F\x98\x80\""},
        {"_xD83D_x", "\"\xEF\xBF\xBDx\""},
        {"_x12_ _xzzzz_ _x000", "\"_x12_ _xzzzz_ _x000\""},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        weir_buf out = {0};
        assert_true(weir_xlsx_put_text(&out, weir_slice_of(pairs[i][0])));
        assert_string_equal(weir_buf_cstr(&out), pairs[i][1]);
        weir_buf_clear(&out);
    }
}

/* A row is a string: t text, n number, y year, b bool, m moment, blank for nothing. */
static bool is_header(const char *const *rows) {
    weir_xlsx_rows r = {0};
    static const char kinds[] = " tnybm";
    for (; rows[r.n]; r.n++)
        for (size_t i = 0; rows[r.n][i]; i++)
            r.looks[r.n][i] = (uint8_t)(strchr(kinds, rows[r.n][i]) - kinds);
    return weir_xlsx_is_header(&r, 0);
}

static void headers(void **state) {
    (void)state;
    static const struct {
        const char *rows[4];
        bool header;
    } all[] = {
        {{"ttt", "ntm", "ntm"}, true},
        {{"nnt", "nnt", "nnt"}, false},
        {{"nt"}, false},
        {{"tt"}, true},
        {{"tt", "tt"}, true},
        {{" tt", "ntn"}, true},
        {{"tyyy", "tnnn", "tnyn"}, true},
        {{"ty", "ty"}, false},
        {{"ty", "tn"}, false},
        {{"tmm", "tnn"}, true},
        {{"mn", "mn"}, false},
        {{"tb", "tb"}, false},
        {{"tnnn", "nnnn"}, false},
        {{"n t", "n t"}, false},
        {{"yyy", "yyy"}, false},
    };
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        if (is_header(all[i].rows) != all[i].header) fail_msg("%s", all[i].rows[0]);
    weir_xlsx_rows r = {.n = 1, .declared = {true}, .looks = {{WEIR_XLSX_LOOK_NUMBER}}};
    assert_true(weir_xlsx_is_header(&r, 0));
    assert_int_equal(weir_xlsx_look_of(weir_slice_of("\"2019\""), false), WEIR_XLSX_LOOK_YEAR);
    assert_int_equal(weir_xlsx_look_of(weir_slice_of("-1.5"), false), WEIR_XLSX_LOOK_NUMBER);
    assert_int_equal(weir_xlsx_look_of(weir_slice_of("\"2019-01-02\""), true),
                     WEIR_XLSX_LOOK_MOMENT);
    assert_int_equal(weir_xlsx_look_of(weir_slice_of("\"2019-01-02\""), false),
                     WEIR_XLSX_LOOK_TEXT);
    assert_int_equal(weir_xlsx_look_of(weir_slice_of("\"\""), false), WEIR_XLSX_LOOK_TEXT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(formats_of_dates), cmocka_unit_test(numbers_and_dates),
        cmocka_unit_test(references),       cmocka_unit_test(texts),
        cmocka_unit_test(headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
