/* Calendar, ISO text, formats, intervals, arithmetic. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "base/mem.h"
#include "text/time.h"

#define S(text) text, strlen(text)

/* Ends a test that needs the tz database. */
static void no_zones(void) {
    printf("skipped: no tz database\n");
    skip();
}

/* ---- calendar ------------------------------------------------------------------------------ */

static void calendar_agrees_with_libc(void **state) {
    (void)state;
    for (int32_t d = WEIR_DATE_MIN; d <= WEIR_DATE_MAX; d += d % 3 ? 17 : 1) {
        time_t t = (time_t)d * 86400;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        weir_civil c = weir_date_to_civil(d);
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(weir_date_from_civil(c.year, c.month, c.day), d);
        assert_int_equal(weir_date_weekday(d) % 7, tm.tm_wday);
        assert_int_equal(weir_date_year_day(d), tm.tm_yday + 1);
        char week[16];
        int32_t iso_year;
        unsigned w;
        weir_date_iso_week(d, &iso_year, &w);
        strftime(week, sizeof week, "%V", &tm);
        assert_int_equal(w, (int)strtol(week, NULL, 10));
        strftime(week, sizeof week, "%G", &tm);
        assert_int_equal(iso_year, (int)strtol(week, NULL, 10));
    }
}

static void calendar_edges(void **state) {
    (void)state;
    assert_int_equal(weir_date_from_civil(1, 1, 1), WEIR_DATE_MIN);
    assert_int_equal(weir_date_from_civil(9999, 12, 31), WEIR_DATE_MAX);
    const int32_t far[] = {INT32_MIN, INT32_MIN + 1, -1, 0, 1, INT32_MAX - 1, INT32_MAX};
    for (size_t i = 0; i < sizeof far / sizeof *far; i++) {
        weir_civil c = weir_date_to_civil(far[i]);
        assert_int_equal(weir_date_from_civil(c.year, c.month, c.day), far[i]);
        assert_in_range(weir_date_weekday(far[i]), 1, 7);
    }
    assert_true(weir_year_is_leap(2000) && weir_year_is_leap(2024) && weir_year_is_leap(0));
    assert_false(weir_year_is_leap(1900) || weir_year_is_leap(2023));
}

/* ---- reading ------------------------------------------------------------------------------- */

static void check_ts(const char *text, weir_num code, int64_t want) {
    /* The exact bytes in memory of their own, so that a sanitizer sees a read too far. */
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    int64_t v = -77;
    weir_num r = weir_timestamp_parse(copy, n, &v);
    if (r != code) fail_msg("%s: code %d, not %d", text, r, code);
    if (v != (code == WEIR_NUM_OK ? want : -77)) fail_msg("%s: %lld", text, (long long)v);
    free(copy);
}

static void timestamps_are_read(void **state) {
    (void)state;
    check_ts("1970-01-01T00:00:00", WEIR_NUM_OK, 0);
    check_ts("2024-02-29 23:59:59", WEIR_NUM_OK, 1709251199000000);
    check_ts("2024-02-29t23:59:59.5", WEIR_NUM_OK, 1709251199500000);
    check_ts("1969-12-31T23:59:59.999999", WEIR_NUM_OK, -1);
    check_ts("2024-02-29T23:59:59.123456000", WEIR_NUM_OK, 1709251199123456);
    check_ts("2024-02-29T23:59", WEIR_NUM_OK, 1709251140000000);
    check_ts("2024-02-29", WEIR_NUM_OK, 1709164800000000);
    check_ts("0001-01-01T00:00:00", WEIR_NUM_OK, WEIR_TIMESTAMP_MIN);
    check_ts("9999-12-31T23:59:59.999999", WEIR_NUM_OK, WEIR_TIMESTAMP_MAX);
    check_ts("", WEIR_NUM_EMPTY, 0);
    check_ts("2024-02-29T23:59:59.1234567", WEIR_NUM_LOSSY, 0);
    const char *range[] = {"2023-02-29T00:00:00", "2024-13-01T00:00:00", "2024-00-01T00:00:00",
                           "2024-01-00T00:00:00", "2024-04-31T00:00:00", "2024-01-01T24:00:00",
                           "2024-01-01T00:60:00", "2024-01-01T00:00:60", "0000-01-01T00:00:00",
                           "1900-02-29",          "2024-01-32"};
    for (size_t i = 0; i < sizeof range / sizeof *range; i++) check_ts(range[i], WEIR_NUM_RANGE, 0);
    const char *syntax[] = {"2024-01-01T00:00:00Z",
                            "2024-01-01T00:00:00+01",
                            "2024-01-01T",
                            "2024-01-01 ",
                            "2024-1-01",
                            "2024-01-01T1:00:00",
                            "20240101",
                            "2024/01/01",
                            "2024-01-01T00:00:00.",
                            "2024-01-01T00:00:00.1234567890",
                            "2024-01-01T00:00:00,5",
                            " 2024-01-01",
                            "2024-01-01T00:00:00 ",
                            "2024-01-01  00:00:00",
                            "2024-01-01T00-00-00",
                            "yesterday",
                            "2024",
                            "+2024-01-01",
                            "2024-01-01T00:00:0\xB1",
                            "\xB2\xB0\xB2\xB4-01-01",
                            "2024-01-01T00:00:",
                            "2024-01-01T00:00:1",
                            "2024-01-01T00:0",
                            "2024-01-01T00:00.5"};
    for (size_t i = 0; i < sizeof syntax / sizeof *syntax; i++)
        check_ts(syntax[i], WEIR_NUM_SYNTAX, 0);
}

/* Every single byte put in every place of a good text: accepted only when it is legal there. */
static void no_other_byte_is_accepted(void **state) {
    (void)state;
    const char good[] = "2024-01-02T03:04:05";
    for (int i = 0; i < 19; i++) {
        for (int c = 0; c < 256; c++) {
            char text[20];
            memcpy(text, good, 20);
            text[i] = (char)c;
            int64_t v;
            weir_num r = weir_timestamp_parse(text, 19, &v);
            bool digit_place = good[i] >= '0' && good[i] <= '9';
            bool form = digit_place ? c >= '0' && c <= '9'
                        : i == 10   ? c == 'T' || c == 't' || c == ' '
                                    : c == good[i];
            assert_int_equal(r == WEIR_NUM_SYNTAX, !form);
        }
    }
}

static void zoned_timestamps_are_read(void **state) {
    (void)state;
    weir_zone_cache utc = {0};
    int64_t v;
    const struct {
        const char *text;
        int64_t want;
    } good[] = {{"2024-02-29T23:59:59Z", 1709251199000000},
                {"2024-02-29T23:59:59z", 1709251199000000},
                {"2024-03-01T01:59:59+02:00", 1709251199000000},
                {"2024-03-01 01:59:59.25+02", 1709251199250000},
                {"2024-03-01T01:59:59 +0200", 1709251199000000},
                {"2024-02-29T20:29:59-0330", 1709251199000000},
                {"2024-03-01T00:53:27+00:53:28", 1709251199000000}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        v = 0;
        assert_int_equal(weir_timestamptz_parse(S(good[i].text), NULL, WEIR_AMBIGUOUS_ERROR, &v),
                         WEIR_NUM_OK);
        assert_int_equal(v, good[i].want);
    }
    assert_int_equal(weir_timestamptz_parse(S("2024-02-29T23:59:59"), NULL, 0, &v),
                     WEIR_NUM_SYNTAX);
    assert_int_equal(weir_timestamptz_parse(S("2024-02-29T23:59:59"), &utc, 0, &v), WEIR_NUM_OK);
    assert_int_equal(v, 1709251199000000);
    assert_int_equal(weir_timestamptz_parse(S("2024-02-30T23:59:59Z"), NULL, 0, &v),
                     WEIR_NUM_RANGE);
    const char *bad[] = {
        "2024-02-29T23:59:59+24:00", "2024-02-29T23:59:59+1",  "2024-02-29T23:59:59ZZ",
        "2024-02-29T23:59:59+02:",   "2024-02-29T23:59:59 Z ", "2024-02-29T23:59:59 ",
        "2024-02-29T23:59:59+02:60"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (weir_timestamptz_parse(S(bad[i]), &utc, 0, &v) != WEIR_NUM_SYNTAX)
            fail_msg("accepted: %s", bad[i]);
}

static void dates_and_times_are_read(void **state) {
    (void)state;
    int32_t d;
    int64_t t;
    assert_int_equal(weir_date_parse(S("2024-01-02"), &d), WEIR_NUM_OK);
    assert_int_equal(d, 19724);
    assert_int_equal(weir_date_parse(S("2024-02-30"), &d), WEIR_NUM_RANGE);
    assert_int_equal(weir_date_parse(S("2024-01-02T00:00:00"), &d), WEIR_NUM_SYNTAX);
    assert_int_equal(weir_date_parse("", 0, &d), WEIR_NUM_EMPTY);
    assert_int_equal(weir_time_parse(S("23:59:59.999999"), &t), WEIR_NUM_OK);
    assert_int_equal(t, WEIR_US_PER_DAY - 1);
    assert_int_equal(weir_time_parse(S("07:05"), &t), WEIR_NUM_OK);
    assert_int_equal(t, 7 * WEIR_US_PER_HOUR + 5 * WEIR_US_PER_MINUTE);
    assert_int_equal(weir_time_parse(S("24:00:00"), &t), WEIR_NUM_RANGE);
    assert_int_equal(weir_time_parse(S("7:05:00"), &t), WEIR_NUM_SYNTAX);
    assert_int_equal(weir_time_parse(S("07:05:00Z"), &t), WEIR_NUM_SYNTAX);
}

static void reasons_name_the_fault(void **state) {
    (void)state;
    const weir_zone *berlin = NULL;
    weir_error err = {0};
    weir_zone_cache c;
    assert_string_equal(weir_time_reason(WEIR_TIME_KIND_TIMESTAMP, S("2024-01-01T00:00:00Z"), NULL,
                                         WEIR_NUM_SYNTAX),
                        "has an offset from UTC, but the type has no time zone");
    assert_string_equal(weir_time_reason(WEIR_TIME_KIND_TIMESTAMPTZ, S("2024-01-01T00:00:00"), NULL,
                                         WEIR_NUM_SYNTAX),
                        "has no offset from UTC, and no time zone is given");
    assert_string_equal(
        weir_time_reason(WEIR_TIME_KIND_DATE, S("2024-02-30"), NULL, WEIR_NUM_RANGE),
        "names a day that does not exist");
    if (weir_zone_get("Europe/Berlin", &berlin, &err) != WEIR_OK) no_zones();
    weir_zone_cache_init(&c, berlin);
    assert_string_equal(
        weir_time_reason(WEIR_TIME_KIND_TIMESTAMPTZ, S("2024-03-31T02:30:00"), &c, WEIR_NUM_RANGE),
        "does not exist in its time zone, as the clock went forward");
    assert_string_equal(
        weir_time_reason(WEIR_TIME_KIND_TIMESTAMPTZ, S("2024-10-27T02:30:00"), &c, WEIR_NUM_RANGE),
        "happens twice in its time zone, as the clock went back");
}

/* ---- writing ------------------------------------------------------------------------------- */

static void check_text(const char *out, size_t n, const char *want) {
    if (n != strlen(want) || memcmp(out, want, n) != 0)
        fail_msg("\"%.*s\", not \"%s\"", (int)n, out, want);
}

static void values_are_written(void **state) {
    (void)state;
    char out[WEIR_TIME_TEXT_MAX];
    check_text(out, weir_date_format(19724, out), "2024-01-02");
    check_text(out, weir_date_format(WEIR_DATE_MAX + 1, out), "+10000-01-01");
    check_text(out, weir_date_format(WEIR_DATE_MIN - 1, out), "0000-12-31");
    check_text(out, weir_date_format(WEIR_DATE_MIN - 367, out), "-0001-12-31");
    check_text(out, weir_date_format(INT32_MAX, out), "+5881580-07-11");
    check_text(out, weir_time_format(0, out), "00:00:00");
    check_text(out, weir_time_format(1500000, out), "00:00:01.500");
    check_text(out, weir_time_format(WEIR_US_PER_DAY - 1, out), "23:59:59.999999");
    check_text(out, weir_timestamp_format(-1, 'T', out), "1969-12-31T23:59:59.999999");
    check_text(out, weir_timestamp_format(INT64_MAX, ' ', out), "+294247-01-10 04:00:54.775807");
    check_text(out, weir_timestamp_format(INT64_MIN, ' ', out), "-290308-12-21 19:59:05.224192");
    check_text(out, weir_timestamptz_format(0, NULL, 'T', out), "1970-01-01T00:00:00Z");
    weir_error err = {0};
    weir_zone_cache c;
    const weir_zone *z;
    assert_int_equal(weir_zone_get("-03:30", &z, &err), WEIR_OK);
    weir_zone_cache_init(&c, z);
    check_text(out, weir_timestamptz_format(0, &c, 'T', out), "1969-12-31T20:30:00-03:30");
    check_text(out, weir_timestamptz_format(INT64_MIN, &c, ' ', out),
               "-290308-12-21 19:59:05.224192Z");
}

static void text_and_value_agree(void **state) {
    (void)state;
    uint64_t x = 88172645463325252u;
    for (int i = 0; i < 200000; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        int64_t us =
            WEIR_TIMESTAMP_MIN + (int64_t)(x % (uint64_t)(WEIR_TIMESTAMP_MAX - WEIR_TIMESTAMP_MIN));
        if (i % 3 == 0) us -= us % 1000000;
        char out[WEIR_TIME_TEXT_MAX];
        int64_t back = 0;
        size_t n = weir_timestamp_format(us, i % 2 ? 'T' : ' ', out);
        assert_int_equal(weir_timestamp_parse(out, n, &back), WEIR_NUM_OK);
        assert_int_equal(back, us);
        n = weir_timestamptz_format(us, NULL, 'T', out);
        assert_int_equal(weir_timestamptz_parse(out, n, NULL, 0, &back), WEIR_NUM_OK);
        assert_int_equal(back, us);
    }
}

/* ---- formats ------------------------------------------------------------------------------- */

static weir_arena arena;

static const weir_time_program *compile(const char *text, bool for_parse) {
    const weir_time_program *p = NULL;
    weir_error err = {0};
    if (weir_time_program_compile(text, for_parse, &arena, &p, &err) != WEIR_OK)
        fail_msg("%s: %s", text, err.message);
    return p;
}

static void check_read(const char *format, weir_time_kind kind, const char *text, weir_num code,
                       int64_t want) {
    int64_t v = -77;
    size_t n = strlen(text);
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    weir_num r = weir_time_program_parse(compile(format, true), kind, copy, n, NULL, 0, &v);
    if (r != code) fail_msg("%s %s: code %d, not %d", format, text, r, code);
    if (v != (code == WEIR_NUM_OK ? want : -77))
        fail_msg("%s %s: %lld", format, text, (long long)v);
    free(copy);
}

static void formats_read(void **state) {
    (void)state;
    const int64_t jan2 = 19724;
    check_read("%d.%m.%Y", WEIR_TIME_KIND_DATE, "02.01.2024", WEIR_NUM_OK, jan2);
    check_read("%d.%m.%Y", WEIR_TIME_KIND_DATE, "2.1.2024", WEIR_NUM_OK, jan2);
    check_read("%Y%m%d", WEIR_TIME_KIND_DATE, "20240102", WEIR_NUM_OK, jan2);
    check_read("%Y%m%d", WEIR_TIME_KIND_DATE, "2024012", WEIR_NUM_OK, jan2); /* last may be 1 */
    check_read("%Y%m%d", WEIR_TIME_KIND_DATE, "202412", WEIR_NUM_SYNTAX, 0);
    check_read("%d %b %y", WEIR_TIME_KIND_DATE, "02 jan 24", WEIR_NUM_OK, jan2);
    check_read("%d %B %y", WEIR_TIME_KIND_DATE, "02 January 24", WEIR_NUM_OK, jan2);
    check_read("%d %b %y", WEIR_TIME_KIND_DATE, "02 Janu 24", WEIR_NUM_SYNTAX, 0);
    check_read("%e-%m-%y", WEIR_TIME_KIND_DATE, " 2-01-69", WEIR_NUM_OK, -364);
    check_read("%Y-%j", WEIR_TIME_KIND_DATE, "2024-366", WEIR_NUM_OK, 20088);
    check_read("%Y-%j", WEIR_TIME_KIND_DATE, "2023-366", WEIR_NUM_RANGE, 0);
    check_read("%A, %d %b %Y", WEIR_TIME_KIND_DATE, "TUESDAY, 02 Jan 2024", WEIR_NUM_OK, jan2);
    check_read("%a, %d %b %Y", WEIR_TIME_KIND_DATE, "Wed, 02 Jan 2024", WEIR_NUM_RANGE, 0);
    check_read("%F", WEIR_TIME_KIND_DATE, "2024-02-30", WEIR_NUM_RANGE, 0);
    check_read("%F", WEIR_TIME_KIND_DATE, "", WEIR_NUM_EMPTY, 0);
    check_read("%F", WEIR_TIME_KIND_DATE, "2024-01-02x", WEIR_NUM_SYNTAX, 0);
    check_read("%F %T", WEIR_TIME_KIND_DATE, "2024-01-02 00:00:00", WEIR_NUM_OK, jan2);
    check_read("%F %T", WEIR_TIME_KIND_DATE, "2024-01-02 00:00:01", WEIR_NUM_LOSSY, 0);
    check_read("%H:%M", WEIR_TIME_KIND_DATE, "10:20", WEIR_NUM_SYNTAX, 0);
    check_read("%Y-%m", WEIR_TIME_KIND_DATE, "2024-01", WEIR_NUM_SYNTAX, 0);
    int64_t day = jan2 * WEIR_US_PER_DAY;
    check_read("%D %I:%M:%S %p", WEIR_TIME_KIND_TIMESTAMP, "01/02/24 12:00:05 AM", WEIR_NUM_OK,
               day + 5000000);
    check_read("%D %I:%M %p", WEIR_TIME_KIND_TIMESTAMP, "1/2/24 1:30 pm", WEIR_NUM_OK,
               day + 13 * WEIR_US_PER_HOUR + 30 * WEIR_US_PER_MINUTE);
    check_read("%D %I:%M %p", WEIR_TIME_KIND_TIMESTAMP, "1/2/24 13:30 pm", WEIR_NUM_RANGE, 0);
    check_read("%F %T.%f", WEIR_TIME_KIND_TIMESTAMP, "2024-01-02 00:00:00.5", WEIR_NUM_OK,
               day + 500000);
    check_read("%F %T.%f", WEIR_TIME_KIND_TIMESTAMP, "2024-01-02 00:00:00.0000005", WEIR_NUM_LOSSY,
               0);
    check_read("%F %T", WEIR_TIME_KIND_TIMESTAMP, "2024-01-02 24:00:00", WEIR_NUM_RANGE, 0);
    check_read("%F %T", WEIR_TIME_KIND_TIMESTAMPTZ, "2024-01-02 00:00:00", WEIR_NUM_SYNTAX, 0);
    check_read("%F %T%z", WEIR_TIME_KIND_TIMESTAMPTZ, "2024-01-02 00:00:00+0100", WEIR_NUM_OK,
               day - WEIR_US_PER_HOUR);
    check_read("%F %T%z", WEIR_TIME_KIND_TIMESTAMP, "2024-01-02 00:00:00+0100", WEIR_NUM_SYNTAX, 0);
    check_read("%F %T %Z", WEIR_TIME_KIND_TIMESTAMPTZ, "2024-01-02 00:00:00 UTC", WEIR_NUM_OK, day);
    check_read("%F %T %Z", WEIR_TIME_KIND_TIMESTAMPTZ, "2024-01-02 00:00:00 CET", WEIR_NUM_SYNTAX,
               0);
    check_read("%s", WEIR_TIME_KIND_TIMESTAMPTZ, "1704153600", WEIR_NUM_OK, day);
    check_read("%s.%f", WEIR_TIME_KIND_TIMESTAMP, "-0.5", WEIR_NUM_OK, -500000);
    check_read("%s", WEIR_TIME_KIND_TIMESTAMPTZ, "99999999999999999999", WEIR_NUM_RANGE, 0);
    check_read("%s", WEIR_TIME_KIND_DATE, "86400", WEIR_NUM_OK, 1);
    check_read("%H%M", WEIR_TIME_KIND_TIME, "0930", WEIR_NUM_OK, 34200000000);
    check_read("%F", WEIR_TIME_KIND_TIME, "2024-01-02", WEIR_NUM_SYNTAX, 0);
    check_read("100%% %Y-%m-%d", WEIR_TIME_KIND_DATE, "100% 2024-01-02", WEIR_NUM_OK, jan2);
}

static void formats_are_checked(void **state) {
    (void)state;
    const struct {
        const char *text;
        int column;
    } bad[] = {{"", 1},      {"%Y-%q", 4}, {"%Y %Y", 4}, {"%d%", 3},   {"%I:%M", 5},
               {"%H %p", 5}, {"%f%Y", 3},  {"%s%m", 3},  {"%s %Y", 5}, {"%Y %j %m", 8},
               {"%G", 1},    {"abc", 3},   {"%F %m", 4}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const weir_time_program *p = NULL;
        weir_error err = {0};
        if (weir_time_program_compile(bad[i].text, true, &arena, &p, &err) != WEIR_USAGE)
            fail_msg("accepted: %s", bad[i].text);
        assert_int_equal(err.column, bad[i].column);
        assert_true(err.hint[0]);
    }
    char longer[300];
    memset(longer, 'x', sizeof longer);
    longer[299] = 0;
    const weir_time_program *p;
    assert_int_equal(weir_time_program_compile(longer, false, &arena, &p, NULL), WEIR_USAGE);
    assert_true(weir_time_program_has_zone(compile("%F %T %z", true)));
    assert_false(weir_time_program_has_zone(compile("%F %T", true)));
    assert_false(weir_time_program_has_date(compile("%H:%M", true)));
    assert_true(weir_time_program_has_date(compile("%s", true)));
    assert_false(weir_time_program_has_time(compile("%F", true)));
}

static void check_write(const char *format, weir_time_kind kind, int64_t v, weir_zone_cache *z,
                        const char *want) {
    char out[512];
    const weir_time_program *p = compile(format, false);
    size_t max = weir_time_program_max(p);
    assert_true(max <= sizeof out);
    assert_int_equal(weir_time_program_write(p, kind, v, z, out, max - 1), 0);
    char *exact = malloc(max);
    size_t n = weir_time_program_write(p, kind, v, z, exact, max);
    check_text(exact, n, want);
    free(exact);
}

static void formats_write(void **state) {
    (void)state;
    const int64_t t = 1709251199123456; /* Thursday 2024-02-29T23:59:59.123456 */
    check_write("%Y-%m-%dT%H:%M:%S.%f", WEIR_TIME_KIND_TIMESTAMP, t, NULL,
                "2024-02-29T23:59:59.123456");
    check_write("%d/%b/%y %I:%M %p %j %a %A %B %e", WEIR_TIME_KIND_TIMESTAMP, t, NULL,
                "29/Feb/24 11:59 PM 060 Thu Thursday February 29");
    check_write("%e|%I%p", WEIR_TIME_KIND_TIMESTAMP, 0, NULL, " 1|12AM");
    check_write("%G-W%V-%u %w %s", WEIR_TIME_KIND_TIMESTAMP, t, NULL, "2024-W09-4 4 1709251199");
    check_write("%s", WEIR_TIME_KIND_TIMESTAMP, -1, NULL, "-1");
    check_write("%F%z%Z", WEIR_TIME_KIND_TIMESTAMP, t, NULL, "2024-02-29");
    check_write("%F%z %Z", WEIR_TIME_KIND_TIMESTAMPTZ, t, NULL, "2024-02-29+0000 UTC");
    check_write("%F", WEIR_TIME_KIND_DATE, INT32_MIN, NULL, "-5877641-06-23");
    check_write("%s", WEIR_TIME_KIND_DATE, INT32_MIN, NULL, "-185542587187200");
    check_write("%H:%M", WEIR_TIME_KIND_TIME, 34200000000, NULL, "09:30");
    weir_zone_cache c;
    const weir_zone *berlin = NULL;
    if (weir_zone_get("Europe/Berlin", &berlin, NULL) != WEIR_OK) no_zones();
    weir_zone_cache_init(&c, berlin);
    check_write("%F %R %z %:z %Z", WEIR_TIME_KIND_TIMESTAMPTZ, t, &c,
                "2024-03-01 00:59 +0100 +01:00 CET");
    check_write("%F %R %Z", WEIR_TIME_KIND_TIMESTAMPTZ, 1719792000000000, &c,
                "2024-07-01 02:00 CEST");
}

/* ---- intervals ----------------------------------------------------------------------------- */

static void check_interval(const char *text, weir_num code, int32_t months, int32_t days,
                           int64_t micros) {
    weir_interval v = {1, 2, 3};
    weir_num r = weir_interval_parse(S(text), &v);
    if (r != code) fail_msg("%s: code %d, not %d", text, r, code);
    if (code != WEIR_NUM_OK) return;
    if (v.months != months || v.days != days || v.micros != micros)
        fail_msg("%s: %d %d %lld", text, v.months, v.days, (long long)v.micros);
    char out[WEIR_INTERVAL_TEXT_MAX];
    weir_interval back;
    size_t n = weir_interval_format(&v, out);
    assert_int_equal(weir_interval_parse(out, n, &back), WEIR_NUM_OK);
    assert_memory_equal(&back, &v, sizeof v);
    n = weir_interval_format_iso(&v, out);
    assert_int_equal(weir_interval_parse(out, n, &back), WEIR_NUM_OK);
    assert_memory_equal(&back, &v, sizeof v);
}

static void intervals_are_read(void **state) {
    (void)state;
    const int64_t h = WEIR_US_PER_HOUR, m = WEIR_US_PER_MINUTE, s = WEIR_US_PER_SECOND;
    check_interval("1 day 02:03:04", WEIR_NUM_OK, 0, 1, 2 * h + 3 * m + 4 * s);
    check_interval("1 year 2 mons -3 days 04:05:06.7", WEIR_NUM_OK, 14, -3,
                   4 * h + 5 * m + 6700000);
    check_interval("@ 1 hour 30 minutes ago", WEIR_NUM_OK, 0, 0, -(h + 30 * m));
    check_interval("-00:00:01.5", WEIR_NUM_OK, 0, 0, -1500000);
    check_interval("-1 days +02:00:00", WEIR_NUM_OK, 0, -1, 2 * h);
    check_interval("1.5 days", WEIR_NUM_OK, 0, 1, 12 * h);
    check_interval("1.5 weeks", WEIR_NUM_OK, 0, 10, 12 * h);
    check_interval("1.5 years", WEIR_NUM_OK, 18, 0, 0);
    check_interval("3w2d", WEIR_NUM_OK, 0, 23, 0);
    check_interval("5 ms 7 us", WEIR_NUM_OK, 0, 0, 5007);
    check_interval("2 centuries", WEIR_NUM_OK, 2400, 0, 0);
    check_interval("100:00", WEIR_NUM_OK, 0, 0, 100 * h);
    check_interval("00:00:00", WEIR_NUM_OK, 0, 0, 0);
    check_interval("P1Y2M3DT4H5M6.7S", WEIR_NUM_OK, 14, 3, 4 * h + 5 * m + 6700000);
    check_interval("P2W", WEIR_NUM_OK, 0, 14, 0);
    check_interval("-P1DT2H", WEIR_NUM_OK, 0, -1, -2 * h);
    check_interval("P-1DT+2H", WEIR_NUM_OK, 0, -1, 2 * h);
    check_interval("PT0S", WEIR_NUM_OK, 0, 0, 0);
    check_interval("", WEIR_NUM_EMPTY, 0, 0, 0);
    check_interval("1.5 months", WEIR_NUM_LOSSY, 0, 0, 0);
    check_interval("0.0000001 s", WEIR_NUM_LOSSY, 0, 0, 0);
    check_interval("999999999999 days", WEIR_NUM_RANGE, 0, 0, 0);
    check_interval("999999999 years", WEIR_NUM_RANGE, 0, 0, 0);
    check_interval("2562047789:00:00", WEIR_NUM_RANGE, 0, 0, 0);
    check_interval("00:60", WEIR_NUM_RANGE, 0, 0, 0);
    const char *bad[] = {"1",           "day",     "1 dy",   "P",           "PT",
                         "P1",          "P1H",     "PT1D",   "P1D1Y",       "P1DT",
                         "1 day ago x", "ago",     "1:2",    "01:02:03:04", "01:02 03:04",
                         "1 day,",      "- 1 day", "1..5 s", "PT1.S"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        check_interval(bad[i], WEIR_NUM_SYNTAX, 0, 0, 0);
}

static void intervals_are_written(void **state) {
    (void)state;
    char out[WEIR_INTERVAL_TEXT_MAX];
    weir_interval v = {14, -3, 14706700000};
    check_text(out, weir_interval_format(&v, out), "1 year 2 mons -3 days +04:05:06.7");
    check_text(out, weir_interval_format_iso(&v, out), "P1Y2M-3DT4H5M6.7S");
    v = (weir_interval){0, 0, 0};
    check_text(out, weir_interval_format(&v, out), "00:00:00");
    check_text(out, weir_interval_format_iso(&v, out), "PT0S");
    v = (weir_interval){INT32_MIN, INT32_MIN, INT64_MIN};
    weir_interval back;
    size_t n = weir_interval_format(&v, out);
    assert_int_equal(weir_interval_parse(out, n, &back), WEIR_NUM_OK);
    assert_memory_equal(&back, &v, sizeof v);
    n = weir_interval_format_iso(&v, out);
    assert_int_equal(weir_interval_parse(out, n, &back), WEIR_NUM_OK);
    assert_memory_equal(&back, &v, sizeof v);
    char d[64];
    weir_duration_format(5400000000, d);
    assert_string_equal(d, "1h30m");
    weir_duration_format(-350000, d);
    assert_string_equal(d, "-350ms");
    weir_duration_format(0, d);
    assert_string_equal(d, "0s");
    weir_duration_format(INT64_MIN, d);
    assert_string_equal(d, "-2562047788h54s775ms808us");
}

/* ---- arithmetic ---------------------------------------------------------------------------- */

static int64_t ts(const char *text) {
    int64_t v = 0;
    assert_int_equal(weir_timestamptz_parse(S(text), &(weir_zone_cache){0}, 0, &v), WEIR_NUM_OK);
    return v;
}

static void months_clamp(void **state) {
    (void)state;
    int32_t d, jan31, feb29;
    assert_int_equal(weir_date_parse(S("2024-01-31"), &jan31), WEIR_NUM_OK);
    assert_int_equal(weir_date_parse(S("2024-02-29"), &feb29), WEIR_NUM_OK);
    assert_true(weir_date_add_months(jan31, 1, &d));
    assert_int_equal(d, feb29);
    assert_true(weir_date_add_months(feb29, 12, &d));
    assert_int_equal(d, weir_date_from_civil(2025, 2, 28));
    assert_true(weir_date_add_months(jan31, -13, &d));
    assert_int_equal(d, weir_date_from_civil(2022, 12, 31));
    assert_false(weir_date_add_months(jan31, INT64_MAX, &d));
    assert_false(weir_date_add_months(jan31, -100000000, &d));
    int64_t out;
    weir_interval v = {1, 1, 1};
    assert_true(weir_timestamp_add(ts("2024-01-31 12:00:00"), &v, &out));
    assert_int_equal(out, ts("2024-03-01 12:00:00.000001"));
    assert_false(weir_timestamp_add(INT64_MAX, &v, &out));
    v = (weir_interval){0, INT32_MAX, 0};
    assert_false(weir_timestamp_add(0, &v, &out));
}

static void truncation(void **state) {
    (void)state;
    const struct {
        const char *unit, *want;
    } cases[] = {{"microsecond", "2024-08-15 13:14:15.678912"},
                 {"milliseconds", "2024-08-15 13:14:15.678"},
                 {"second", "2024-08-15 13:14:15"},
                 {"minute", "2024-08-15 13:14:00"},
                 {"HOUR", "2024-08-15 13:00:00"},
                 {"day", "2024-08-15"},
                 {"week", "2024-08-12"},
                 {"month", "2024-08-01"},
                 {"quarter", "2024-07-01"},
                 {"year", "2024-01-01"},
                 {"decade", "2020-01-01"},
                 {"century", "2001-01-01"},
                 {"millennium", "2001-01-01"}};
    int64_t t = ts("2024-08-15 13:14:15.678912"), out;
    weir_time_part part;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_true(weir_time_part_parse(S(cases[i].unit), &part));
        assert_true(weir_timestamp_trunc(part, t, &out));
        if (out != ts(cases[i].want)) fail_msg("%s", cases[i].unit);
    }
    assert_true(weir_timestamp_trunc(WEIR_PART_HOUR, -1, &out));
    assert_int_equal(out, -WEIR_US_PER_HOUR);
    assert_true(weir_timestamp_trunc(WEIR_PART_CENTURY, ts("2000-12-31 00:00:00"), &out));
    assert_int_equal(out, ts("1901-01-01"));
    assert_false(weir_timestamp_trunc(WEIR_PART_DOW, t, &out));
    assert_false(weir_time_part_parse(S("fortnight"), &part));
    assert_false(weir_timestamp_trunc(WEIR_PART_MILLENNIUM, INT64_MIN, &out));
}

static void parts(void **state) {
    (void)state;
    int64_t t = ts("2000-12-16 12:21:13.5");
    const struct {
        weir_time_part part;
        int64_t want;
    } cases[] = {
        {WEIR_PART_CENTURY, 20},       {WEIR_PART_MILLENNIUM, 2}, {WEIR_PART_DECADE, 200},
        {WEIR_PART_YEAR, 2000},        {WEIR_PART_QUARTER, 4},    {WEIR_PART_MONTH, 12},
        {WEIR_PART_WEEK, 50},          {WEIR_PART_DAY, 16},       {WEIR_PART_HOUR, 12},
        {WEIR_PART_MINUTE, 21},        {WEIR_PART_DOW, 6},        {WEIR_PART_ISODOW, 6},
        {WEIR_PART_DOY, 351},          {WEIR_PART_ISOYEAR, 2000}, {WEIR_PART_MICROSECOND, 13500000},
        {WEIR_PART_MILLISECOND, 13500}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (weir_timestamp_part(cases[i].part, t, NULL) != cases[i].want * 1000000)
            fail_msg("part %d: %lld", cases[i].part,
                     (long long)weir_timestamp_part(cases[i].part, t, NULL));
    assert_int_equal(weir_timestamp_part(WEIR_PART_SECOND, t, NULL), 13500000);
    assert_int_equal(weir_timestamp_part(WEIR_PART_EPOCH, t, NULL), 976969273500000);
    assert_int_equal(weir_timestamp_part(WEIR_PART_YEAR, ts("0001-01-01") - 1, NULL), -1000000);
    assert_int_equal(weir_timestamp_part(WEIR_PART_CENTURY, ts("0001-01-01") - 1, NULL), -1000000);
    assert_int_equal(weir_timestamp_part(WEIR_PART_DECADE, ts("0001-01-01") - 1, NULL), 0);
    assert_int_equal(weir_timestamp_part(WEIR_PART_ISOYEAR, ts("2006-01-01"), NULL), 2005000000);
    weir_interval v = {14, 3, 4 * WEIR_US_PER_HOUR + 5500000};
    int64_t out;
    assert_true(weir_interval_part(WEIR_PART_YEAR, &v, &out) && out == 1000000);
    assert_true(weir_interval_part(WEIR_PART_MONTH, &v, &out) && out == 2000000);
    assert_true(weir_interval_part(WEIR_PART_HOUR, &v, &out) && out == 4000000);
    assert_true(weir_interval_part(WEIR_PART_SECOND, &v, &out) && out == 5500000);
    assert_true(weir_interval_part(WEIR_PART_EPOCH, &v, &out));
    assert_int_equal(out, (31557600LL + 60 * 86400 + 3 * 86400 + 4 * 3600) * 1000000 + 5500000);
    assert_false(weir_interval_part(WEIR_PART_DOW, &v, &out));
}

static void interval_arithmetic(void **state) {
    (void)state;
    weir_interval a = {1, 2, 3}, b = {10, 20, -30}, r;
    assert_true(weir_interval_add(&a, &b, &r));
    assert_true(r.months == 11 && r.days == 22 && r.micros == -27);
    assert_true(weir_interval_scale(&a, -3, &r));
    assert_true(r.months == -3 && r.days == -6 && r.micros == -9);
    weir_interval low = {INT32_MIN, 0, 0};
    assert_false(weir_interval_negate(&low, &r));
    assert_false(weir_interval_add(&low, &low, &r));
    assert_true(weir_timestamp_diff(ts("2024-01-01"), ts("2024-01-03 12:00:00"), &r));
    assert_true(r.months == 0 && r.days == -2 && r.micros == -12 * WEIR_US_PER_HOUR);
    assert_false(weir_timestamp_diff(INT64_MAX, -1, &r));
    weir_interval month = {1, 0, 0}, days30 = {0, 30, 0}, more = {0, 29, WEIR_US_PER_DAY + 1};
    assert_int_equal(weir_interval_compare(&month, &days30), 0);
    assert_int_equal(weir_interval_compare(&month, &more), -1);
    assert_int_equal(weir_interval_compare(&more, &days30), 1);
}

static void zoned_arithmetic(void **state) {
    (void)state;
    const weir_zone *berlin = NULL;
    if (weir_zone_get("Europe/Berlin", &berlin, NULL) != WEIR_OK) no_zones();
    weir_zone_cache c;
    weir_zone_cache_init(&c, berlin);
    int64_t out;
    weir_interval day = {0, 1, 0}, hours = {0, 0, WEIR_US_PER_DAY};
    /* The day on which the clock goes forward has 23 hours. */
    int64_t noon = ts("2024-03-30T12:00:00+01:00");
    assert_true(weir_timestamptz_add(noon, &day, &c, &out));
    assert_int_equal(out, ts("2024-03-31T12:00:00+02:00"));
    assert_true(weir_timestamptz_add(noon, &hours, &c, &out));
    assert_int_equal(out, ts("2024-03-31T13:00:00+02:00"));
    assert_true(weir_timestamptz_add(ts("2024-03-30T02:30:00+01:00"), &day, &c, &out));
    assert_int_equal(out, ts("2024-03-31T03:30:00+02:00"));
    assert_true(weir_timestamptz_trunc(WEIR_PART_DAY, ts("2024-06-30T23:00:00Z"), &c, &out));
    assert_int_equal(out, ts("2024-07-01T00:00:00+02:00"));
    /* Both hours called 02 stay apart. */
    assert_true(weir_timestamptz_trunc(WEIR_PART_HOUR, ts("2024-10-27T00:30:00Z"), &c, &out));
    assert_int_equal(out, ts("2024-10-27T00:00:00Z"));
    assert_true(weir_timestamptz_trunc(WEIR_PART_HOUR, ts("2024-10-27T01:30:00Z"), &c, &out));
    assert_int_equal(out, ts("2024-10-27T01:00:00Z"));
    assert_int_equal(weir_timestamp_part(WEIR_PART_HOUR, ts("2024-06-30T23:00:00Z"), &c), 1000000);
    assert_int_equal(weir_timestamp_part(WEIR_PART_TIMEZONE, ts("2024-06-30T23:00:00Z"), &c),
                     7200000000);
    if (weir_zone_get("America/Havana", &berlin, NULL) != WEIR_OK) no_zones();
    weir_zone_cache_init(&c, berlin);
    /* Midnight happens twice there on 2024-11-03, and never on 2024-03-10. */
    for (int64_t t = ts("2024-11-03T03:00:00Z"); t < ts("2024-11-03T07:00:00Z"); t += 60000000) {
        assert_true(weir_timestamptz_trunc(WEIR_PART_DAY, t, &c, &out));
        assert_true(out <= t && t - out < 25 * WEIR_US_PER_HOUR);
    }
    assert_true(weir_timestamptz_trunc(WEIR_PART_DAY, ts("2024-03-10T12:00:00Z"), &c, &out));
    assert_int_equal(out, ts("2024-03-10T05:00:00Z"));
}

static int clear(void **state) {
    (void)state;
    weir_arena_clear(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calendar_agrees_with_libc),
        cmocka_unit_test(calendar_edges),
        cmocka_unit_test(timestamps_are_read),
        cmocka_unit_test(no_other_byte_is_accepted),
        cmocka_unit_test(zoned_timestamps_are_read),
        cmocka_unit_test(dates_and_times_are_read),
        cmocka_unit_test(reasons_name_the_fault),
        cmocka_unit_test(values_are_written),
        cmocka_unit_test(text_and_value_agree),
        cmocka_unit_test(formats_read),
        cmocka_unit_test(formats_are_checked),
        cmocka_unit_test(formats_write),
        cmocka_unit_test(intervals_are_read),
        cmocka_unit_test(intervals_are_written),
        cmocka_unit_test(months_clamp),
        cmocka_unit_test(truncation),
        cmocka_unit_test(parts),
        cmocka_unit_test(interval_arithmetic),
        cmocka_unit_test(zoned_arithmetic),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
