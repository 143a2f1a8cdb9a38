/* Other ways of writing than the plain ones: which are found, which are left alone and why, and
 * that what was written in a way that is found is read back. */
#include "csv_helpers.h"

#include "format/infer.h"
#include "format/infer_forms.h"

#define TEXTS 8

static void look(weir_inference *i, const char *text, size_t k, bool bare) {
    weir_error err = {0};
    weir_address at = {0, k + 2, k * 10};
    must(weir_inference_field(i, 0, weir_slice_of(text), bare, at, &err), &err);
}

static weir_inference *searching(const weir_search *how) {
    weir_error err = {0};
    weir_inference *i = NULL;
    uint32_t column;
    must(weir_inference_new(&i, &err), &err);
    must(weir_inference_column(i, weir_slice_of("c"), &column, &err), &err);
    weir_inference_search(i, column, how);
    return i;
}

/* "date format=%d.%m.%Y null=NA,-", or a type with " ? " and the hint. */
static void tell(const weir_inference *i, char *out, size_t size) {
    weir_error err = {0};
    weir_arena arena = {0};
    const weir_type *type = NULL;
    weir_opt_column how;
    weir_buf hint = {0};
    bool any;
    must(weir_inference_result(i, 0, &type, &err), &err);
    must(weir_inference_how(i, 0, &arena, &how, &any, &err), &err);
    assert_true(weir_inference_hint(i, 0, &hint));
    size_t n = (size_t)snprintf(out, size, "%s", type->name);
    if (how.format) n += (size_t)snprintf(out + n, size - n, " format=%s", how.format);
    if (how.decimal) n += (size_t)snprintf(out + n, size - n, " decimal=%s", how.decimal);
    if (how.thousands) n += (size_t)snprintf(out + n, size - n, " thousands=%s", how.thousands);
    for (size_t k = 0; k < how.nulls.n; k++)
        n += (size_t)snprintf(out + n, size - n, "%s%s", k ? "," : " null=", how.nulls.items[k]);
    if (hint.size) snprintf(out + n, size - n, " ? %s", weir_buf_cstr(&hint));
    assert_int_equal(any, how.format || how.decimal || how.thousands || how.nulls.n);
    weir_buf_clear(&hint);
    weir_arena_clear(&arena);
}

typedef struct form_case {
    const char *want;
    const char *texts[TEXTS];
} form_case;

static const form_case cases[] = {
    /* numbers */
    {"decimal(3,2) decimal=,", {"1,5", "2", "0,25"}},
    {"decimal(3,2) decimal=,", {"-1,5", "2,25"}},
    {"decimal(9,2) decimal=, thousands=.", {"1.234,56", "99,00", "1.000.000,00"}},
    {"int64 decimal=, thousands=.", {"1.234.567", "99"}},
    {"int64 thousands=,", {"1,234,567", "99"}},
    {"decimal(6,2) thousands=,", {"1,234.50", "99.25"}},
    {"int64 thousands= ", {"1 234", "99"}},
    {"int64 thousands= ",
     {"1\xC2\xA0"
      "234",
      "99",
      "1\xE2\x80\xAF"
      "000"}},
    {"decimal(5,1) decimal=, thousands= ", {"1 234,5", "99"}},
    {"decimal(8,1) thousands='", {"1'000", "1'000'000.5"}},
    {"int64 thousands='",
     {"1\xE2\x80\x99"
      "000",
      "5"}},
    {"float64 decimal=,", {"1,5e3", "2,5"}},
    {"string ? numbers, but \",\" may be decimal or thousands: declare one", {"1,234", "56,789"}},
    {"decimal(4,3) decimal=,", {"1,234", "0,567"}}, /* no group begins with a zero */
    {"decimal(4,3)", {"1.234", "5.678"}},           /* a plain form goes first */
    {"decimal(2,0) decimal=,", {"5", "10,"}},       /* a mark with nothing behind it is one */
    {"decimal(6,5)", {"0", "1", ".12345"}}, /* the 1 is as wide as the 0, but is a digit more */
    {"decimal(5,4)", {"0", ".5", "0", "1", "1", "0.1234"}},
    {"string", {"1.23,4", "5"}},
    {"string", {"12.34.56", "5"}},
    {"string", {"1,2,3", "5"}},
    {"string", {"+1,5", "2,5"}},
    {"string", {"01,5", "2,5"}},
    {"string ? could be a number with thousands, but all have equally many digits",
     {"552 100 554", "123 456 789"}},
    {"string ? could be decimal after removing %", {"5%", "7,5 %", "1.5%"}},
    {"string ? could be decimal after removing the currency", {"$5", "$1,234.50", "-$7"}},
    {"string ? could be decimal after removing the currency", {"5 \xE2\x82\xAC", "1.234,00 EUR"}},
    {"string", {"0123", "5"}},
    {"string", {"1e5", "x"}},
    /* moments */
    {"date format=%d.%m.%Y", {"31.01.2024", "01.02.2024"}},
    {"date format=%d.%m.%Y", {"1.2.2024", "3.4.2024"}},
    {"date format=%d/%m/%Y", {"31/01/2024", "01/02/2024"}},
    {"date format=%m/%d/%Y", {"01/31/2024", "01/02/2024"}},
    {"date format=%Y/%m/%d", {"2024/01/31"}},
    {"date format=%Y-%m-%d", {"2024-1-5", "2024-01-31"}},
    {"date format=%d-%b-%Y", {"05-Jan-2024", "6-FEB-2023"}},
    {"date format=%b %d, %Y", {"Jan 5, 2024", "March 15, 2024"}},
    {"timestamp format=%d.%m.%Y %H:%M", {"31.01.2024 10:15", "01.02.2024 23:59"}},
    {"timestamp format=%m/%d/%Y %I:%M:%S %p", {"1/31/2024 12:05:09 AM"}},
    {"timestamptz format=%d/%b/%Y:%H:%M:%S %z", {"10/Oct/2000:13:55:36 -0700"}},
    {"timestamptz format=%a, %d %b %Y %H:%M:%S %z", {"Mon, 01 Jan 2024 10:00:00 +0100"}},
    {"timestamptz format=%a, %d %b %Y %H:%M:%S %Z", {"Mon, 01 Jan 2024 10:00:00 GMT"}},
    {"time format=%I:%M %p", {"10:15 PM", "1:05 am"}},
    {"string ? dates, but day and month cannot be told apart: declare format: \"%d/%m/%Y\" or "
     "\"%m/%d/%Y\"",
     {"01/02/2024", "03/04/2024"}},
    {"string ? dates with years of two digits: declare format: \"%d.%m.%y\"", {"31.01.24"}},
    {"string", {"31.02.2024", "01.02.2024"}},
    {"string", {"13/13/2024"}},
    {"string", {"31/01/2024", "01/31/2024"}},
    {"string", {"31.01.2024", "2024-01-31"}},
    {"int64", {"20240131", "20240201"}},
    {"int64", {"1700000000", "1700000001"}},
    /* words for nothing */
    {"int64 null=NA", {"1", "NA", "2", "3"}},
    {"int64 null=NA,-", {"1", "NA", "2", "3", "-"}},
    {"date format=%d.%m.%Y null=-", {"31.01.2024", "-", "01.02.2024", "02.02.2024"}},
    {"decimal(3,2) decimal=, null=n/a", {"1,5", "n/a", "2", "0,25"}},
    {"string ? int64 but for \"NA\" (1 of 3 values): declare null", {"1", "NA", "2"}},
    {"string", {"NA", "DE", "FR", "US"}},
    {"string", {"NA", "-", "?"}},
    {"string", {"1", "2", "3", "NA", "x"}},
    {"float64", {"1.5", "NaN", "2", "3"}},
    {"bool null=None", {"true", "false", "None", "true"}},
};

static void test_cases(void **state) {
    (void)state;
    const weir_search how = {0};
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        char got[400];
        weir_inference *i = searching(&how);
        for (size_t k = 0; k < TEXTS && cases[c].texts[k]; k++) look(i, cases[c].texts[k], k, true);
        tell(i, got, sizeof got);
        if (strcmp(got, cases[c].want) != 0)
            fail_msg("case %zu (%s): [%s], not [%s]", c, cases[c].texts[0], got, cases[c].want);
        weir_inference_free(i);
    }
}

/* The same whoever has seen which value, and in which order. */
static void test_merge(void **state) {
    (void)state;
    weir_error err = {0};
    const weir_search how = {0};
    uint64_t seed = 11;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++)
        for (int round = 0; round < 20; round++) {
            char got[400];
            weir_inference *part[3];
            for (int p = 0; p < 3; p++) part[p] = searching(&how);
            size_t n = 0;
            while (n < TEXTS && cases[c].texts[n]) n++;
            for (size_t k = 0; k < n; k++) {
                seed = seed * 6364136223846793005ull + 1442695040888963407ull;
                look(part[(seed >> 33) % 3], cases[c].texts[(k + (size_t)round) % n], k, true);
            }
            must(weir_inference_merge(part[1], part[2], &err), &err);
            must(weir_inference_merge(part[0], part[1], &err), &err);
            tell(part[0], got, sizeof got);
            if (strcmp(got, cases[c].want) != 0)
                fail_msg("case %zu, merged: [%s], not [%s]", c, got, cases[c].want);
            for (int p = 0; p < 3; p++) weir_inference_free(part[p]);
        }
}

static void expect(const weir_search *how, bool bare, const char *const *texts, const char *want) {
    char got[400];
    weir_inference *i = searching(how);
    for (size_t k = 0; texts[k]; k++) look(i, texts[k], k, bare);
    tell(i, got, sizeof got);
    assert_string_equal(got, want);
    weir_inference_free(i);
}

/* What was declared, and how fields are separated and quoted, changes what may be believed. */
static void test_declared(void **state) {
    (void)state;
    const weir_search plain = {0}, comma = {.comma_file = true}, words = {.words_off = true},
                      dots = {.marks = {',', '.'}}, thousands = {.marks = {'.', ','}};
    const char *const na[] = {"1", "NA", "2", "3", NULL};
    expect(&plain, false, na, "string"); /* in quotes it is a text */
    expect(&words, true, na, "string");
    const char *const decimals[] = {"1,5", "2,25", NULL};
    expect(&comma, true, decimals, "string ? could be decimal with decimal: \",\"");
    const char *const doubtful[] = {"1,234", "56,789", NULL};
    expect(&dots, true, doubtful, "decimal(5,3) decimal=, thousands=.");
    expect(&thousands, true, doubtful, "int64 thousands=,");
    const char *const points[] = {"1.234", "5.678", NULL};
    expect(&dots, true, points, "int64 decimal=, thousands=.");
    const char *const wrong[] = {"1.5", "2", NULL};
    expect(&dots, true, wrong, "string");
}

/* Each format: moments written in it are found to be in it, and read back. */
static void test_formats(void **state) {
    (void)state;
    weir_error err = {0};
    weir_arena arena = {0};
    const weir_search how = {0};
    uint64_t seed = 5;
    for (uint32_t f = 0; f < weir_infer_n_formats(); f++) {
        const time_format *format = weir_infer_format(f);
        const weir_time_program *p;
        weir_time_kind kind = (weir_time_kind)format->kind;
        must(weir_time_program_compile(format->text, true, &arena, &p, &err), &err);
        weir_inference *i = searching(&how);
        for (size_t k = 0; k < 60; k++) {
            char text[256], got[400];
            int64_t back = -1, value;
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            int64_t day = 3653 + (int64_t)(seed >> 33) % 10000; /* 1980 to 2007 */
            bool seconds = strstr(format->text, "%S"), fraction = strstr(format->text, "%f");
            int64_t of_day = (int64_t)(seed >> 20) % 1440 * WEIR_US_PER_MINUTE;
            if (seconds) of_day += (int64_t)(seed >> 50) % 60 * WEIR_US_PER_SECOND;
            if (fraction) of_day += (int64_t)(seed >> 40) % 1000 * 1000;
            value = kind == WEIR_TIME_KIND_DATE   ? day
                    : kind == WEIR_TIME_KIND_TIME ? of_day
                                                  : day * WEIR_US_PER_DAY + of_day;
            size_t n = weir_time_program_write(p, kind, value, NULL, text, sizeof text);
            assert_true(n > 0);
            text[n] = '\0';
            assert_int_equal(
                weir_time_program_parse(p, kind, text, n, NULL, WEIR_AMBIGUOUS_ERROR, &back),
                WEIR_NUM_OK);
            if (!(format->flags & TIME_SHORT_YEAR)) assert_int_equal(back, value);
            look(i, text, k, true);
            if (k < 59) continue;
            char want[100];
            tell(i, got, sizeof got);
            static const char *const kinds[] = {"date", "time", "timestamp", "timestamptz"};
            snprintf(want, sizeof want, "%s format=%s", kinds[kind], format->text);
            if (f == 0) snprintf(want, sizeof want, "date"); /* with two digits it is ISO 8601 */
            if (format->flags & TIME_SHORT_YEAR)
                assert_non_null(strstr(got, format->text));
            else
                assert_string_equal(got, want);
        }
        weir_inference_free(i);
    }
    weir_arena_clear(&arena);
}

/* The second column shows a mark, from which the first learns what its point is. */
static void test_settle(void **state) {
    static const struct {
        const char *other, *want;
    } others[] = {
        {"1,5", "int64 decimal=, thousands=."}, {"1.5", "decimal(5,3)"}, {"text", "string ? "}};
    (void)state;
    for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
        weir_error err = {0};
        char told[200];
        uint32_t other;
        const weir_search how = {.semicolon_file = true};
        weir_inference *i = searching(&how);
        must(weir_inference_column(i, weir_slice_of("d"), &other, &err), &err);
        weir_inference_search(i, other, &how);
        look(i, "12.500", 0, true);
        look(i, "1.250", 1, true);
        must(weir_inference_field(i, other, weir_slice_of(others[k].other), true,
                                  (weir_address){0, 2, 5}, &err),
             &err);
        weir_inference_settle(i);
        tell(i, told, sizeof told);
        assert_memory_equal(told, others[k].want, strlen(others[k].want));
        weir_inference_free(i);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases), cmocka_unit_test(test_merge), cmocka_unit_test(test_settle),
        cmocka_unit_test(test_declared), cmocka_unit_test(test_formats)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
