#include "text/time.h"

#include "text/time_digits.h"

/* ---- the calendar -------------------------------------------------------------------------- */

/* Days are counted in eras of 400 years that start on 1 March of a year divisible by 400: a leap
 * day is then the last day of its year, and months follow a linear pattern. */
#define ERA_DAYS 146097
#define ERA_SHIFT 719468 /* days from 0000-03-01 to 1970-01-01 */

int32_t weir_date_from_civil(int32_t year, unsigned month, unsigned day) {
    int64_t y = (int64_t)year - (month <= 2);
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    unsigned of_era = (unsigned)(y - era * 400);
    unsigned of_year = (153 * (month + (month > 2 ? -3u : 9u)) + 2) / 5 + day - 1;
    unsigned day_of_era = of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    return (int32_t)(era * ERA_DAYS + (int64_t)day_of_era - ERA_SHIFT);
}

weir_civil weir_date_to_civil(int32_t days) {
    int64_t z = (int64_t)days + ERA_SHIFT;
    int64_t era = (z >= 0 ? z : z - (ERA_DAYS - 1)) / ERA_DAYS;
    unsigned day_of_era = (unsigned)(z - era * ERA_DAYS);
    unsigned of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned of_year = day_of_era - (365 * of_era + of_era / 4 - of_era / 100);
    unsigned m = (5 * of_year + 2) / 153; /* 0 = March */
    weir_civil c;
    c.day = (uint8_t)(of_year - (153 * m + 2) / 5 + 1);
    c.month = (uint8_t)(m < 10 ? m + 3 : m - 9);
    c.year = (int32_t)(era * 400 + of_era + (m >= 10));
    return c;
}

bool weir_year_is_leap(int32_t year) {
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

unsigned weir_month_days(int32_t year, unsigned month) {
    static const uint8_t days[13] = {0, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return days[month] + (month == 2 && weir_year_is_leap(year));
}

unsigned weir_date_weekday(int32_t days) {
    int64_t d = ((int64_t)days + 3) % 7; /* 1970-01-01 was a Thursday */
    return (unsigned)(d < 0 ? d + 7 : d) + 1;
}

unsigned weir_date_year_day(int32_t days) {
    return (unsigned)(days - weir_date_from_civil(weir_date_to_civil(days).year, 1, 1)) + 1;
}

void weir_date_iso_week(int32_t days, int32_t *iso_year, unsigned *week) {
    /* The week belongs to the year of its Thursday. */
    int64_t thursday = (int64_t)days + 4 - (int64_t)weir_date_weekday(days);
    if (thursday > INT32_MAX) thursday = INT32_MAX;
    if (thursday < INT32_MIN) thursday = INT32_MIN;
    *iso_year = weir_date_to_civil((int32_t)thursday).year;
    *week = (weir_date_year_day((int32_t)thursday) - 1) / 7 + 1;
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Eight bytes against a pattern in which '0' stands for a digit: xor leaves digits as 0..9 and
 * separators as 0; all tests are then one mask.  (t + 6 carries into the high half of a byte for
 * 10..15.)  digits: 0xFF in the bytes that are digits. */
static inline bool match8(uint64_t w, uint64_t pattern, uint64_t digits, uint64_t *values) {
    uint64_t t = w ^ pattern;
    uint64_t bad = (t & ~digits) | ((t | (t + (0x0606060606060606ULL & digits))) &
                                    (0xF0F0F0F0F0F0F0F0ULL & digits));
    /* In each byte: ten times this digit plus the next one. */
    *values = t * 10 + (t >> 8);
    return bad == 0;
}
#define WORD(a, b, c, d, e, f, g, h)                                                               \
    ((uint64_t)(a) | (uint64_t)(b) << 8 | (uint64_t)(c) << 16 | (uint64_t)(d) << 24 |              \
     (uint64_t)(e) << 32 | (uint64_t)(f) << 40 | (uint64_t)(g) << 48 | (uint64_t)(h) << 56)
#define DATE_PATTERN WORD('0', '0', '0', '0', '-', '0', '0', '-')
#define DATE_DIGITS WORD(255, 255, 255, 255, 0, 255, 255, 0)
#define TIME_PATTERN WORD('0', '0', ':', '0', '0', ':', '0', '0')
#define TIME_DIGITS WORD(255, 255, 0, 255, 255, 0, 255, 255)

/* `2024-01-02` at s (10 bytes). */
static inline weir_num date10(const char *s, int32_t *out) {
    uint64_t v;
    unsigned d1 = (unsigned char)s[8] - (unsigned)'0', d0 = (unsigned char)s[9] - (unsigned)'0';
    if (!match8(weir_num_load8(s), DATE_PATTERN, DATE_DIGITS, &v) || d1 > 9 || d0 > 9)
        return WEIR_NUM_SYNTAX;
    int32_t year = (int32_t)((v & 0xFF) * 100 + (v >> 16 & 0xFF));
    unsigned month = (unsigned)(v >> 40 & 0xFF), day = d1 * 10 + d0;
    if (year == 0 || month - 1 > 11 || day == 0) return WEIR_NUM_RANGE;
    if (day > 28 && day > weir_month_days(year, month)) return WEIR_NUM_RANGE;
    *out = weir_date_from_civil(year, month, day);
    return WEIR_NUM_OK;
}

/* `03:04:05` at s (8 bytes), as seconds. */
static inline weir_num time8(const char *s, int64_t *seconds) {
    uint64_t v;
    if (!match8(weir_num_load8(s), TIME_PATTERN, TIME_DIGITS, &v)) return WEIR_NUM_SYNTAX;
    unsigned h = v & 0xFF, m = v >> 24 & 0xFF, sec = v >> 48 & 0xFF;
    if (h > 23 || m > 59 || sec > 59) return WEIR_NUM_RANGE;
    *seconds = h * 3600 + m * 60 + sec;
    return WEIR_NUM_OK;
}

weir_num weir_time_fraction(const char *s, size_t n, size_t *used, int64_t *micros) {
    size_t k = 0;
    uint32_t nanos = 0;
    while (k < n && k < 10 && (unsigned)(s[k] - '0') <= 9) {
        if (k < 9) nanos = nanos * 10 + (uint32_t)(s[k] - '0');
        k++;
    }
    if (k == 0 || k > 9) return WEIR_NUM_SYNTAX;
    for (size_t i = k; i < 9; i++) nanos *= 10;
    *used = k;
    *micros = nanos / 1000;
    return nanos % 1000 ? WEIR_NUM_LOSSY : WEIR_NUM_OK;
}

/* A later fault of form outweighs an earlier one of value. */
static weir_num worse(weir_num a, weir_num b) {
    return a == WEIR_NUM_SYNTAX || b == WEIR_NUM_SYNTAX ? WEIR_NUM_SYNTAX : a ? a : b;
}

/* `03:04[:05[.f]]` at the start of s; *used is set unless SYNTAX. */
static weir_num time_prefix(const char *s, size_t n, size_t *used, int64_t *micros) {
    int64_t sec = 0, fraction = 0;
    weir_num r;
    if (n >= 8 && s[5] == ':') {
        r = time8(s, &sec);
        *used = 8;
    } else { /* without seconds */
        char padded[8] = {'0', '0', ':', '0', '0', ':', '0', '0'};
        if (n < 5) return WEIR_NUM_SYNTAX;
        memcpy(padded, s, 5);
        r = time8(padded, &sec);
        *used = 5;
    }
    if (*used == 8 && n > 8 && s[8] == '.') {
        size_t k;
        weir_num f = weir_time_fraction(s + 9, n - 9, &k, &fraction);
        if (f != WEIR_NUM_SYNTAX) *used += 1 + k;
        r = worse(r, f);
    }
    *micros = sec * WEIR_US_PER_SECOND + fraction;
    return r;
}

weir_num weir_date_parse(const char *s, size_t n, int32_t *out) {
    if (n == 10) return date10(s, out);
    return n == 0 ? WEIR_NUM_EMPTY : WEIR_NUM_SYNTAX;
}

weir_num weir_time_parse(const char *s, size_t n, int64_t *out) {
    if (n == 0) return WEIR_NUM_EMPTY;
    size_t used = 0;
    int64_t us = 0;
    weir_num r = time_prefix(s, n, &used, &us);
    if (r == WEIR_NUM_SYNTAX || used != n) return WEIR_NUM_SYNTAX;
    if (r == WEIR_NUM_OK) *out = us;
    return r;
}

/* Date and time without offset at the start of s, any legal form. */
static weir_num local_prefix(const char *s, size_t n, size_t *used, int64_t *us) {
    int32_t days = 0;
    if (n < 10) return WEIR_NUM_SYNTAX;
    weir_num r = date10(s, &days);
    *used = 10;
    int64_t of_day = 0;
    bool time_follows = n > 10 && (s[10] == 'T' || s[10] == 't' ||
                                   (s[10] == ' ' && n > 11 && (unsigned)(s[11] - '0') <= 9));
    if (r != WEIR_NUM_SYNTAX && time_follows) {
        size_t k = 0;
        r = worse(r, time_prefix(s + 11, n - 11, &k, &of_day));
        *used = 11 + k;
    }
    *us = days * WEIR_US_PER_DAY + of_day;
    return r;
}

/* The layout nearly all data has: `2024-01-02T03:04:05` in s[0..19). */
static inline weir_num fixed19(const char *s, int64_t *us) {
    int32_t days;
    int64_t seconds;
    if (s[10] != 'T' && s[10] != ' ') return WEIR_NUM_SYNTAX;
    weir_num a = date10(s, &days), b = time8(s + 11, &seconds);
    if (a | b) return WEIR_NUM_SYNTAX; /* the careful path finds out which */
    *us = days * WEIR_US_PER_DAY + seconds * WEIR_US_PER_SECOND;
    return WEIR_NUM_OK;
}

weir_num weir_timestamp_parse(const char *s, size_t n, int64_t *out) {
    if (n == 19 && fixed19(s, out) == WEIR_NUM_OK) return WEIR_NUM_OK;
    if (n == 0) return WEIR_NUM_EMPTY;
    size_t used = 0;
    int64_t us = 0;
    weir_num r = local_prefix(s, n, &used, &us);
    if (r == WEIR_NUM_SYNTAX || used != n) return WEIR_NUM_SYNTAX;
    if (r == WEIR_NUM_OK) *out = us;
    return r;
}

weir_num weir_timestamptz_parse(const char *s, size_t n, weir_zone_cache *zone,
                                weir_ambiguous policy, int64_t *out) {
    if (n == 20 && s[19] == 'Z' && fixed19(s, out) == WEIR_NUM_OK) return WEIR_NUM_OK;
    if (n == 0) return WEIR_NUM_EMPTY;
    size_t used = 0, k = 0;
    int64_t us = 0;
    int32_t offset;
    weir_num r = local_prefix(s, n, &used, &us);
    if (r == WEIR_NUM_SYNTAX) return r;
    if (used == n) {
        if (!zone) return WEIR_NUM_SYNTAX;
        if (r != WEIR_NUM_OK) return r;
        return weir_zone_read_local(zone, us, policy, out) == WEIR_LOCAL_OK ? WEIR_NUM_OK
                                                                            : WEIR_NUM_RANGE;
    }
    if (s[used] == ' ') used++;
    if (!weir_zone_parse_offset(s + used, n - used, &k, &offset) || used + k != n)
        return WEIR_NUM_SYNTAX;
    if (r == WEIR_NUM_OK) *out = us - offset * WEIR_US_PER_SECOND;
    return r;
}

/* ---- reasons ------------------------------------------------------------------------------- */

static const char *range_reason(weir_time_kind kind, const char *s, size_t n,
                                const weir_zone_cache *zone) {
    int32_t days;
    int64_t us;
    weir_zone_cache copy;
    if (kind == WEIR_TIME_KIND_TIME) return "is no time of day (00:00:00 to 23:59:59)";
    if (n >= 10 && date10(s, &days) != WEIR_NUM_OK) return "names a day that does not exist";
    if (kind == WEIR_TIME_KIND_TIMESTAMPTZ && zone) {
        size_t used = 0;
        copy = *zone;
        if (local_prefix(s, n, &used, &us) == WEIR_NUM_OK && used == n) {
            switch (weir_zone_to_utc(&copy, us, WEIR_AMBIGUOUS_ERROR, &us)) {
            case WEIR_LOCAL_TWICE: return "happens twice in its time zone, as the clock went back";
            case WEIR_LOCAL_NEVER:
                return "does not exist in its time zone, as the clock went forward";
            default: break;
            }
        }
    }
    if (kind == WEIR_TIME_KIND_INTERVAL) return "is too long for an interval";
    return "has a time of day that does not exist (00:00:00 to 23:59:59)";
}

static const char *syntax_reason(weir_time_kind kind, const char *s, size_t n,
                                 const weir_zone_cache *zone) {
    int64_t us;
    size_t used = 0;
    switch (kind) {
    case WEIR_TIME_KIND_DATE:
        if (n > 10 && local_prefix(s, n, &used, &us) != WEIR_NUM_SYNTAX && used > 10)
            return "is a timestamp, not a date";
        return "is not a date (2024-12-31)";
    case WEIR_TIME_KIND_TIME: return "is not a time (23:59:59)";
    case WEIR_TIME_KIND_TIMESTAMP:
        if (weir_timestamptz_parse(s, n, NULL, WEIR_AMBIGUOUS_ERROR, &us) != WEIR_NUM_SYNTAX)
            return "has an offset from UTC, but the type has no time zone";
        return "is not a timestamp (2024-12-31T23:59:59)";
    case WEIR_TIME_KIND_TIMESTAMPTZ:
        if (!zone && weir_timestamp_parse(s, n, &us) != WEIR_NUM_SYNTAX)
            return "has no offset from UTC, and no time zone is given";
        return "is not a timestamp with offset (2024-12-31T23:59:59Z)";
    case WEIR_TIME_KIND_INTERVAL: break;
    }
    return "is not an interval ('1 day 02:03:04' or 'P1DT2H3M4S')";
}

const char *weir_time_reason(weir_time_kind kind, const char *s, size_t n,
                             const weir_zone_cache *zone, weir_num code) {
    switch (code) {
    case WEIR_NUM_OK: return "is fine";
    case WEIR_NUM_EMPTY: return "is empty";
    case WEIR_NUM_LOSSY:
        return kind == WEIR_TIME_KIND_INTERVAL ? "has a fraction that cannot be kept exactly"
                                               : "has digits below the microsecond";
    case WEIR_NUM_RANGE: return range_reason(kind, s, n, zone);
    case WEIR_NUM_SYNTAX: break;
    }
    return syntax_reason(kind, s, n, zone);
}

/* ---- writing ------------------------------------------------------------------------------- */

const char weir_two_digits[200] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

char *weir_time_put_year(char *out, int32_t year) {
    int64_t y = year;
    if (y < 0 || y > 9999) {
        *out++ = y < 0 ? '-' : '+';
        if (y < 0) y = -y;
    }
    if (y > 9999) return out + weir_num_format_uint64((uint64_t)y, out);
    out = weir_put2(out, (unsigned)y / 100);
    return weir_put2(out, (unsigned)y % 100);
}

char *weir_time_put_micros(char *out, uint32_t micros) {
    out = weir_put2(out, micros / 10000);
    out = weir_put2(out, micros / 100 % 100);
    return weir_put2(out, micros % 100);
}

static char *put_date(char *out, int32_t days) {
    weir_civil c = weir_date_to_civil(days);
    out = weir_time_put_year(out, c.year);
    *out++ = '-';
    out = weir_put2(out, c.month);
    *out++ = '-';
    return weir_put2(out, c.day);
}

static char *put_time(char *out, int64_t us_of_day) {
    uint32_t seconds = (uint32_t)(us_of_day / WEIR_US_PER_SECOND);
    uint32_t micros = (uint32_t)(us_of_day % WEIR_US_PER_SECOND);
    out = weir_put2(out, seconds / 3600);
    *out++ = ':';
    out = weir_put2(out, seconds / 60 % 60);
    *out++ = ':';
    out = weir_put2(out, seconds % 60);
    if (micros) {
        *out++ = '.';
        char *end = weir_time_put_micros(out, micros);
        out = micros % 1000 ? end : out + 3;
    }
    return out;
}

static char *put_timestamp(char *out, int64_t us, char separator) {
    int64_t of_day;
    out = put_date(out, weir_timestamp_split(us, &of_day));
    *out++ = separator;
    return put_time(out, of_day);
}

char *weir_time_put_offset(char *out, int32_t offset, bool colon) {
    *out++ = offset < 0 ? '-' : '+';
    uint32_t o = offset < 0 ? 0u - (uint32_t)offset : (uint32_t)offset;
    out = weir_put2(out, o / 3600);
    if (colon) *out++ = ':';
    out = weir_put2(out, o / 60 % 60);
    if (o % 60) {
        if (colon) *out++ = ':';
        out = weir_put2(out, o % 60);
    }
    return out;
}

size_t weir_date_format(int32_t days, char *out) {
    return (size_t)(put_date(out, days) - out);
}

size_t weir_time_format(int64_t us_of_day, char *out) {
    int64_t of_day;
    (void)weir_timestamp_split(us_of_day, &of_day);
    return (size_t)(put_time(out, of_day) - out);
}

size_t weir_timestamp_format(int64_t us, char separator, char *out) {
    return (size_t)(put_timestamp(out, us, separator) - out);
}

size_t weir_timestamptz_format(int64_t us, weir_zone_cache *zone, char separator, char *out) {
    int64_t local = us;
    int32_t offset = 0;
    bool utc = !zone || !zone->zone || weir_zone_is_utc(zone->zone);
    if (!utc) {
        offset = weir_zone_offset(zone, weir_floor_seconds(us));
        if (__builtin_add_overflow(us, offset * WEIR_US_PER_SECOND, &local)) {
            utc = true; /* at the edge of the range: UTC says it as well */
            local = us;
        }
    }
    char *end = put_timestamp(out, local, separator);
    if (utc)
        *end++ = 'Z';
    else
        end = weir_time_put_offset(end, offset, true);
    return (size_t)(end - out);
}
