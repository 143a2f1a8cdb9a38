/* Time zones against libc's own reading of the same database, and against damaged files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/fault.h"
#include "base/mem.h"
#include "text/time.h"
#include "text/zone.h"
#include "text/zone_rule.h"

/* Ends a test that needs the tz database. */
static void no_zones(void) {
    printf("skipped: no tz database\n");
    skip();
}

static bool have_tzdata(void) {
    const weir_zone *z;
    return weir_zone_get("Europe/Berlin", &z, NULL) == WEIR_OK;
}

static weir_zone_cache cache_of(const char *name) {
    weir_zone_cache c;
    const weir_zone *z = NULL;
    weir_error err = {0};
    if (weir_zone_get(name, &z, &err) != WEIR_OK) fail_msg("%s: %s", name, err.message);
    weir_zone_cache_init(&c, z);
    return c;
}

static int64_t local_us(const char *text) {
    int64_t v = 0;
    assert_int_equal(weir_timestamp_parse(text, strlen(text), &v), WEIR_NUM_OK);
    return v;
}

static void names_are_checked(void **state) {
    (void)state;
    const char *bad[] = {
        "",
        "../../../etc/passwd",
        "/etc/localtime",
        "Europe/..",
        "Europe//Berlin",
        "Europe/",
        "Europe/Nowhere",
        "europe berlin",
        "zone.tab",
        "Europe",
        "+24:00",
        "+2",
        "Europe/Berlin\n",
        "tzdata.zi",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const weir_zone *z = NULL;
        weir_error err = {0};
        weir_status s = weir_zone_get(bad[i], &z, &err);
        if (s != WEIR_USAGE && (have_tzdata() || s != WEIR_IO))
            fail_msg("accepted: %s (%d)", bad[i], s);
        assert_null(z);
        assert_true(err.hint[0]);
    }
}

static void fixed_offsets_need_no_file(void **state) {
    (void)state;
    const struct {
        const char *name;
        int32_t offset;
        bool utc;
    } cases[] = {{"UTC", 0, true},      {"Z", 0, true},          {"GMT", 0, true},
                 {"Etc/UTC", 0, true},  {"+02:00", 7200, false}, {"-0330", -12600, false},
                 {"+05", 18000, false}, {"+00:00", 0, true},     {"-23:59", -86340, false}};
    setenv("TZDIR", "/nonexistent", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_zone_cache c = cache_of(cases[i].name);
        assert_int_equal(weir_zone_offset(&c, 12345), cases[i].offset);
        assert_int_equal(weir_zone_is_utc(c.zone), cases[i].utc);
        int64_t us;
        assert_int_equal(weir_zone_to_utc(&c, 0, WEIR_AMBIGUOUS_ERROR, &us), WEIR_LOCAL_OK);
        assert_int_equal(us, -cases[i].offset * WEIR_US_PER_SECOND);
    }
    unsetenv("TZDIR");
    weir_zone_cache zero = {0};
    assert_int_equal(weir_zone_offset(&zero, INT64_MIN), 0);
    assert_int_equal(weir_zone_offset(&zero, INT64_MAX), 0);
}

static void a_missing_database_is_named(void **state) {
    (void)state;
    const weir_zone *z;
    weir_error err = {0};
    setenv("TZDIR", "/nonexistent/zones", 1);
    assert_int_equal(weir_zone_get("Asia/Tokyo", &z, &err), WEIR_IO);
    unsetenv("TZDIR");
    assert_non_null(strstr(err.message, "/nonexistent/zones"));
    assert_non_null(strstr(err.hint, "tzdata"));
}

static void ambiguous_and_skipped_times(void **state) {
    (void)state;
    if (!have_tzdata()) no_zones();
    weir_zone_cache c = cache_of("Europe/Berlin");
    int64_t us, twice = local_us("2024-10-27 02:30:00"), never = local_us("2024-03-31 02:30:00");
    assert_int_equal(weir_zone_to_utc(&c, twice, WEIR_AMBIGUOUS_ERROR, &us), WEIR_LOCAL_TWICE);
    assert_int_equal(weir_zone_to_utc(&c, twice, WEIR_AMBIGUOUS_EARLIER, &us), WEIR_LOCAL_OK);
    assert_int_equal(us, local_us("2024-10-27 00:30:00"));
    assert_int_equal(weir_zone_to_utc(&c, twice, WEIR_AMBIGUOUS_LATER, &us), WEIR_LOCAL_OK);
    assert_int_equal(us, local_us("2024-10-27 01:30:00"));
    assert_int_equal(weir_zone_to_utc(&c, never, WEIR_AMBIGUOUS_ERROR, &us), WEIR_LOCAL_NEVER);
    assert_int_equal(weir_zone_to_utc(&c, never, WEIR_AMBIGUOUS_EARLIER, &us), WEIR_LOCAL_OK);
    assert_int_equal(us, local_us("2024-03-31 00:30:00"));
    assert_int_equal(weir_zone_to_utc(&c, never, WEIR_AMBIGUOUS_LATER, &us), WEIR_LOCAL_OK);
    assert_int_equal(us, local_us("2024-03-31 01:30:00"));
    /* The borders: first and last moments of the gap and of the repeated hour. */
    const struct {
        const char *local;
        weir_local want;
    } borders[] = {{"2024-03-31 01:59:59.999999", WEIR_LOCAL_OK},
                   {"2024-03-31 02:00:00", WEIR_LOCAL_NEVER},
                   {"2024-03-31 02:59:59.999999", WEIR_LOCAL_NEVER},
                   {"2024-03-31 03:00:00", WEIR_LOCAL_OK},
                   {"2024-10-27 01:59:59.999999", WEIR_LOCAL_OK},
                   {"2024-10-27 02:00:00", WEIR_LOCAL_TWICE},
                   {"2024-10-27 02:59:59.999999", WEIR_LOCAL_TWICE},
                   {"2024-10-27 03:00:00", WEIR_LOCAL_OK},
                   {"2099-03-29 02:30:00", WEIR_LOCAL_NEVER},
                   {"2099-10-25 02:30:00", WEIR_LOCAL_TWICE}};
    for (size_t i = 0; i < sizeof borders / sizeof *borders; i++)
        if (weir_zone_to_utc(&c, local_us(borders[i].local), WEIR_AMBIGUOUS_ERROR, &us) !=
            borders[i].want)
            fail_msg("%s", borders[i].local);
    /* A whole day that never was: Samoa jumped over 2011-12-30. */
    c = cache_of("Pacific/Apia");
    assert_int_equal(weir_zone_to_utc(&c, local_us("2011-12-30 12:00:00"), 0, &us),
                     WEIR_LOCAL_NEVER);
    assert_int_equal(weir_zone_to_utc(&c, local_us("2011-12-31 12:00:00"), 0, &us), WEIR_LOCAL_OK);
    assert_int_equal(us, local_us("2011-12-30 22:00:00"));
}

/* The oracle: libc reads the same files. */
static void offsets_agree_with_libc(void **state) {
    (void)state;
    const char *names[] = {"Europe/Berlin",     "America/New_York", "Australia/Lord_Howe",
                           "Asia/Kathmandu",    "Pacific/Apia",     "Africa/Casablanca",
                           "America/Sao_Paulo", "Asia/Tehran",      "Europe/Dublin",
                           "Antarctica/Troll",  "America/Nuuk",     "Africa/Monrovia",
                           "EST5EDT",           "Etc/GMT+5",        "Asia/Gaza"};
    if (!have_tzdata()) no_zones();
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const weir_zone *z;
        if (weir_zone_get(names[i], &z, NULL) != WEIR_OK) continue;
        weir_zone_cache c, fresh;
        weir_zone_cache_init(&c, z);
        setenv("TZ", names[i], 1);
        tzset();
        for (int64_t t = -6000000000; t < 13000000000; t += 1234567) {
            time_t tt = (time_t)t;
            struct tm tm;
            localtime_r(&tt, &tm);
            if (weir_zone_offset(&c, t) != tm.tm_gmtoff || c.dst != (tm.tm_isdst > 0) ||
                strcmp(c.abbreviation, tm.tm_zone) != 0)
                fail_msg("%s at %lld: %d %s, libc says %ld %s", names[i], (long long)t, c.offset,
                         c.abbreviation, tm.tm_gmtoff, tm.tm_zone);
            /* Back again: the instant is one of the answers. */
            int64_t us, local = (t + tm.tm_gmtoff) * 1000000 + 7;
            weir_zone_cache_init(&fresh, z);
            weir_local e = weir_zone_to_utc(&fresh, local, WEIR_AMBIGUOUS_EARLIER, &us);
            assert_int_equal(e, WEIR_LOCAL_OK);
            if (us != t * 1000000 + 7) {
                assert_int_equal(weir_zone_to_utc(&fresh, local, WEIR_AMBIGUOUS_LATER, &us), 0);
                assert_int_equal(us, t * 1000000 + 7);
            }
            /* A used cache gives what a fresh one gives. */
            int64_t again;
            weir_local a = weir_zone_to_utc(&c, local, WEIR_AMBIGUOUS_ERROR, &us);
            weir_zone_cache_init(&fresh, z);
            assert_int_equal(weir_zone_to_utc(&fresh, local, WEIR_AMBIGUOUS_ERROR, &again), a);
            if (a == WEIR_LOCAL_OK) assert_int_equal(us, again);
        }
    }
    unsetenv("TZ");
    tzset();
}

static void rules_are_parsed(void **state) {
    (void)state;
    weir_zone_rule r;
    weir_zone_rule_span s;
    const char *good[] = {"UTC0",
                          "CET-1CEST,M3.5.0,M10.5.0/3",
                          "<+0330>-3:30",
                          "<-03>3<-02>,M3.5.0/-2,M10.5.0/-1",
                          "EST5EDT,J60,J300/167:59:59",
                          "XXX3EDT4,0/0,J365/23"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!weir_zone_rule_parse(good[i], strlen(good[i]), &r)) fail_msg("refused: %s", good[i]);
    weir_zone_rule_at(&r, 1700000000, &s); /* the last one: summer time all year round */
    assert_true(s.dst && s.offset == -4 * 3600);
    const char *bad[] = {"",
                         "U0",
                         "UTC",
                         "CET-1CEST",
                         "CET-1CEST,M13.5.0,M10.5.0",
                         "CET-1CEST,M3.6.0,M10.5.0",
                         "CET-1CEST,M3.5.0",
                         "CET-1CEST,J0,J1",
                         "<+03-3",
                         "UTC0 ",
                         "CET-1CEST,M3.5.7,M10.5.0",
                         "CET-25"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (weir_zone_rule_parse(bad[i], strlen(bad[i]), &r)) fail_msg("accepted: %s", bad[i]);
    /* J60 is 1 March in every year, 59 is 29 February in leap years. */
    assert_true(weir_zone_rule_parse("AAA0BBB,J60/0,J300", 18, &r));
    weir_zone_rule_at(&r, (int64_t)weir_date_from_civil(2024, 3, 1) * 86400, &s);
    assert_true(s.dst && s.from == (int64_t)weir_date_from_civil(2024, 3, 1) * 86400);
    assert_true(weir_zone_rule_parse("AAA0BBB,59/0,J300", 17, &r));
    weir_zone_rule_at(&r, (int64_t)weir_date_from_civil(2024, 2, 29) * 86400, &s);
    assert_true(s.dst);
    weir_zone_rule_at(&r, INT64_MAX, &s);
    weir_zone_rule_at(&r, INT64_MIN, &s);
}

/* ---- damaged files ------------------------------------------------------------------------- */

static char folder[] = "/tmp/weir-zone-XXXXXX";

static void write_file(const char *name, const uint8_t *data, size_t n) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, n, f), n);
    fclose(f);
}

static void remove_file(const char *name) {
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    unlink(path);
}

static void damaged_files_are_refused(void **state) {
    (void)state;
    uint8_t data[8192];
    FILE *f = fopen("/usr/share/zoneinfo/Europe/Berlin", "rb");
    if (!f) no_zones();
    size_t n = fread(data, 1, sizeof data, f);
    fclose(f);
    assert_non_null(mkdtemp(folder));
    setenv("TZDIR", folder, 1);
    char name[32];
    int number = 0;
    weir_error err;
    const weir_zone *z;
    /* Cut anywhere: never a crash, never a zone that pretends to be whole. */
    for (size_t cut = 0; cut < n; cut += cut < 200 || cut > n - 40 ? 1 : 37) {
        snprintf(name, sizeof name, "Cut%d", number++);
        write_file(name, data, cut);
        memset(&err, 0, sizeof err);
        weir_status s = weir_zone_get(name, &z, &err);
        remove_file(name);
        if (s != WEIR_DATA && s != WEIR_USAGE) fail_msg("cut at %zu: %d", cut, s);
    }
    /* Flipped bytes: refused or usable, but no undefined behaviour. */
    for (size_t at = 4; at < n; at += 3) {
        uint8_t old = data[at];
        data[at] ^= 0xFF;
        snprintf(name, sizeof name, "Flip%d", number++);
        write_file(name, data, n);
        data[at] = old;
        if (weir_zone_get(name, &z, &err) == WEIR_OK) {
            weir_zone_cache c;
            weir_zone_cache_init(&c, z);
            int64_t us;
            for (int64_t t = -9000000000; t < 9000000000; t += 100000000) {
                (void)weir_zone_offset(&c, t);
                (void)weir_zone_to_utc(&c, t * 1000000, WEIR_AMBIGUOUS_LATER, &us);
            }
        }
        remove_file(name);
    }
    unsetenv("TZDIR");
    rmdir(folder);
}

static void lack_of_memory_is_reported(void **state) {
    (void)state;
    if (!have_tzdata()) no_zones();
    weir_error err = {0};
    const weir_zone *z = NULL;
    bool done = false;
    for (long n = 1; !done && n < 50; n++) {
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 0);
        weir_status s = weir_zone_get("Asia/Tokyo", &z, &err);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        done = s == WEIR_OK;
        if (!done) assert_int_equal(s, WEIR_RESOURCE);
    }
    assert_true(done);
}

static void *ask(void *arg) {
    const char *names[] = {"Asia/Tokyo", "Europe/Paris", "America/Lima", "+01:00", "UTC"};
    int64_t *sum = arg;
    for (int i = 0; i < 500; i++) {
        weir_zone_cache c;
        const weir_zone *z = NULL;
        if (weir_zone_get(names[i % 5], &z, NULL) != WEIR_OK) continue;
        weir_zone_cache_init(&c, z);
        *sum += weir_zone_offset(&c, 1700000000);
    }
    return NULL;
}

static void threads_share_zones(void **state) {
    (void)state;
    pthread_t t[4];
    int64_t sums[4] = {0};
    for (int i = 0; i < 4; i++) assert_int_equal(pthread_create(&t[i], NULL, ask, &sums[i]), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    for (int i = 1; i < 4; i++) assert_int_equal(sums[i], sums[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_checked),
        cmocka_unit_test(fixed_offsets_need_no_file),
        cmocka_unit_test(a_missing_database_is_named),
        cmocka_unit_test(ambiguous_and_skipped_times),
        cmocka_unit_test(offsets_agree_with_libc),
        cmocka_unit_test(rules_are_parsed),
        cmocka_unit_test(damaged_files_are_refused),
        cmocka_unit_test(lack_of_memory_is_reported),
        cmocka_unit_test(threads_share_zones),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
