/* Arithmetic on dates, timestamps and intervals. */
#include "text/time.h"

/* ---- adding -------------------------------------------------------------------------------- */

static bool fits_int32(int64_t v, int32_t *out) {
    if (v < INT32_MIN || v > INT32_MAX) return false;
    *out = (int32_t)v;
    return true;
}

bool weir_date_add_months(int32_t days, int64_t months, int32_t *out) {
    /* More months than that leave the range of a date in any case. */
    if (months > 200000000 || months < -200000000) return false;
    weir_civil c = weir_date_to_civil(days);
    int64_t m = (int64_t)c.year * 12 + (c.month - 1) + months;
    int64_t year = m / 12 - (m % 12 < 0);
    unsigned month = (unsigned)(m - year * 12) + 1;
    if (year < -5800000 || year > 5800000) return false;
    unsigned last = weir_month_days((int32_t)year, month);
    *out = weir_date_from_civil((int32_t)year, month, c.day < last ? c.day : last);
    return true;
}

/* Adds months and days of v to the date part of us. */
static bool add_calendar(int64_t us, const weir_interval *v, int64_t *out) {
    int64_t of_day, whole;
    int32_t days = weir_timestamp_split(us, &of_day);
    if (v->months && !weir_date_add_months(days, v->months, &days)) return false;
    int64_t d = (int64_t)days + v->days;
    if (__builtin_mul_overflow(d, WEIR_US_PER_DAY, &whole)) return false;
    return !__builtin_add_overflow(whole, of_day, out);
}

bool weir_timestamp_add(int64_t us, const weir_interval *v, int64_t *out) {
    int64_t t;
    return add_calendar(us, v, &t) && !__builtin_add_overflow(t, v->micros, out);
}

bool weir_timestamptz_add(int64_t us, const weir_interval *v, weir_zone_cache *zone, int64_t *out) {
    if (!zone || (!v->months && !v->days)) return weir_timestamp_add(us, v, out);
    int64_t local, utc;
    if (!weir_zone_to_local(zone, us, &local) || !add_calendar(local, v, &local)) return false;
    if (weir_zone_to_utc(zone, local, WEIR_AMBIGUOUS_LATER, &utc) != WEIR_LOCAL_OK) return false;
    return !__builtin_add_overflow(utc, v->micros, out);
}

bool weir_interval_add(const weir_interval *a, const weir_interval *b, weir_interval *out) {
    weir_interval r;
    if (__builtin_add_overflow(a->months, b->months, &r.months) ||
        __builtin_add_overflow(a->days, b->days, &r.days) ||
        __builtin_add_overflow(a->micros, b->micros, &r.micros))
        return false;
    *out = r;
    return true;
}

bool weir_interval_scale(const weir_interval *a, int64_t factor, weir_interval *out) {
    weir_interval r;
    int64_t months, days;
    if (__builtin_mul_overflow((int64_t)a->months, factor, &months) ||
        __builtin_mul_overflow((int64_t)a->days, factor, &days) ||
        __builtin_mul_overflow(a->micros, factor, &r.micros) || !fits_int32(months, &r.months) ||
        !fits_int32(days, &r.days))
        return false;
    *out = r;
    return true;
}

bool weir_interval_negate(const weir_interval *a, weir_interval *out) {
    return weir_interval_scale(a, -1, out);
}

bool weir_timestamp_diff(int64_t a, int64_t b, weir_interval *out) {
    int64_t d;
    if (__builtin_sub_overflow(a, b, &d)) return false;
    out->months = 0;
    out->days = (int32_t)(d / WEIR_US_PER_DAY);
    out->micros = d % WEIR_US_PER_DAY;
    return true;
}

int weir_interval_compare(const weir_interval *a, const weir_interval *b) {
    __int128 x = ((__int128)a->months * 30 + a->days) * WEIR_US_PER_DAY + a->micros;
    __int128 y = ((__int128)b->months * 30 + b->days) * WEIR_US_PER_DAY + b->micros;
    return (x > y) - (x < y);
}

/* ---- parts --------------------------------------------------------------------------------- */

struct part_name {
    const char *name;
    weir_time_part part;
};
static const struct part_name part_names[] = {
    {"microsecond", WEIR_PART_MICROSECOND},
    {"microseconds", WEIR_PART_MICROSECOND},
    {"us", WEIR_PART_MICROSECOND},
    {"millisecond", WEIR_PART_MILLISECOND},
    {"milliseconds", WEIR_PART_MILLISECOND},
    {"ms", WEIR_PART_MILLISECOND},
    {"second", WEIR_PART_SECOND},
    {"seconds", WEIR_PART_SECOND},
    {"minute", WEIR_PART_MINUTE},
    {"minutes", WEIR_PART_MINUTE},
    {"hour", WEIR_PART_HOUR},
    {"hours", WEIR_PART_HOUR},
    {"day", WEIR_PART_DAY},
    {"days", WEIR_PART_DAY},
    {"week", WEIR_PART_WEEK},
    {"weeks", WEIR_PART_WEEK},
    {"month", WEIR_PART_MONTH},
    {"months", WEIR_PART_MONTH},
    {"quarter", WEIR_PART_QUARTER},
    {"quarters", WEIR_PART_QUARTER},
    {"year", WEIR_PART_YEAR},
    {"years", WEIR_PART_YEAR},
    {"decade", WEIR_PART_DECADE},
    {"decades", WEIR_PART_DECADE},
    {"century", WEIR_PART_CENTURY},
    {"centuries", WEIR_PART_CENTURY},
    {"millennium", WEIR_PART_MILLENNIUM},
    {"millennia", WEIR_PART_MILLENNIUM},
    {"dow", WEIR_PART_DOW},
    {"isodow", WEIR_PART_ISODOW},
    {"doy", WEIR_PART_DOY},
    {"isoyear", WEIR_PART_ISOYEAR},
    {"epoch", WEIR_PART_EPOCH},
    {"timezone", WEIR_PART_TIMEZONE},
};

bool weir_time_part_parse(const char *s, size_t n, weir_time_part *out) {
    char lower[16];
    if (n == 0 || n >= sizeof lower) return false;
    for (size_t i = 0; i < n; i++) lower[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
    lower[n] = 0;
    for (size_t i = 0; i < sizeof part_names / sizeof *part_names; i++) {
        if (strcmp(lower, part_names[i].name) == 0) {
            *out = part_names[i].part;
            return true;
        }
    }
    return false;
}

bool weir_time_part_is_whole(weir_time_part part) {
    return part != WEIR_PART_SECOND && part != WEIR_PART_MILLISECOND && part != WEIR_PART_EPOCH;
}

/* n-th group of `size` years, counted from 1 AD without a year 0: century(2000) = 20. */
static int64_t year_group(int32_t year, int32_t size) {
    return year > 0 ? ((int64_t)year - 1) / size + 1 : -(((int64_t)size - year) / size);
}

static int64_t floor_div(int64_t a, int64_t b) {
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

/* Years as PostgreSQL shows them: there is no year 0, 1 BC is -1. */
static int64_t shown_year(int32_t year) {
    return year > 0 ? year : (int64_t)year - 1;
}

static int64_t date_part(weir_time_part part, int32_t days) {
    weir_civil c = weir_date_to_civil(days);
    int32_t iso_year;
    unsigned week;
    switch (part) {
    case WEIR_PART_DAY: return c.day;
    case WEIR_PART_MONTH: return c.month;
    case WEIR_PART_QUARTER: return (c.month - 1) / 3 + 1;
    case WEIR_PART_YEAR: return shown_year(c.year);
    case WEIR_PART_DECADE: return floor_div(c.year, 10);
    case WEIR_PART_CENTURY: return year_group(c.year, 100);
    case WEIR_PART_MILLENNIUM: return year_group(c.year, 1000);
    case WEIR_PART_DOW: return weir_date_weekday(days) % 7;
    case WEIR_PART_ISODOW: return weir_date_weekday(days);
    case WEIR_PART_DOY: return weir_date_year_day(days);
    case WEIR_PART_WEEK: weir_date_iso_week(days, &iso_year, &week); return week;
    case WEIR_PART_ISOYEAR: weir_date_iso_week(days, &iso_year, &week); return shown_year(iso_year);
    default: return 0;
    }
}

int64_t weir_timestamp_part(weir_time_part part, int64_t us, weir_zone_cache *zone) {
    int64_t local = us, of_day;
    int32_t offset = 0;
    if (zone) {
        offset = weir_zone_offset(zone, weir_floor_seconds(us));
        if (__builtin_add_overflow(us, offset * WEIR_US_PER_SECOND, &local)) local = us;
    }
    int32_t days = weir_timestamp_split(local, &of_day);
    int64_t of_minute = of_day % WEIR_US_PER_MINUTE;
    switch (part) {
    case WEIR_PART_EPOCH: return us;
    case WEIR_PART_TIMEZONE: return offset * WEIR_US_PER_SECOND;
    case WEIR_PART_MICROSECOND: return of_minute * 1000000;
    case WEIR_PART_MILLISECOND: return of_minute * 1000;
    case WEIR_PART_SECOND: return of_minute;
    case WEIR_PART_MINUTE: return of_day / WEIR_US_PER_MINUTE % 60 * 1000000;
    case WEIR_PART_HOUR: return of_day / WEIR_US_PER_HOUR * 1000000;
    default: return date_part(part, days) * 1000000;
    }
}

bool weir_interval_part(weir_time_part part, const weir_interval *v, int64_t *out) {
    int32_t years = v->months / 12;
    int64_t of_minute = v->micros % WEIR_US_PER_MINUTE;
    __int128 r;
    switch (part) {
    case WEIR_PART_MICROSECOND: r = (__int128)of_minute * 1000000; break;
    case WEIR_PART_MILLISECOND: r = of_minute * 1000; break;
    case WEIR_PART_SECOND: r = of_minute; break;
    case WEIR_PART_MINUTE: r = v->micros / WEIR_US_PER_MINUTE % 60 * 1000000; break;
    case WEIR_PART_HOUR: r = (__int128)(v->micros / WEIR_US_PER_HOUR) * 1000000; break;
    case WEIR_PART_DAY: r = (__int128)v->days * 1000000; break;
    case WEIR_PART_MONTH: r = v->months % 12 * 1000000; break;
    case WEIR_PART_QUARTER: r = (v->months % 12 / 3 + 1) * 1000000; break;
    case WEIR_PART_YEAR: r = (__int128)years * 1000000; break;
    case WEIR_PART_DECADE: r = (__int128)(years / 10) * 1000000; break;
    case WEIR_PART_CENTURY: r = (__int128)(years / 100) * 1000000; break;
    case WEIR_PART_MILLENNIUM: r = (__int128)(years / 1000) * 1000000; break;
    case WEIR_PART_EPOCH: /* 365.25 days a year = 31,557,600 s; 30 days a month */
        r = ((__int128)years * 31557600 + (__int128)(v->months % 12) * 30 * 86400 +
             (__int128)v->days * 86400) *
                1000000 +
            v->micros;
        break;
    default: return false;
    }
    if (r > INT64_MAX || r < INT64_MIN) return false;
    *out = (int64_t)r;
    return true;
}

/* ---- truncation ---------------------------------------------------------------------------- */

/* First year of the group of `size` years that holds year: centuries start in ..01. */
static int64_t group_start(int32_t year, int32_t size) {
    return floor_div((int64_t)year - 1, size) * size + 1;
}

bool weir_date_trunc(weir_time_part unit, int32_t days, int32_t *out) {
    weir_civil c = weir_date_to_civil(days);
    int64_t year = c.year;
    unsigned month = 1;
    switch (unit) {
    case WEIR_PART_MICROSECOND:
    case WEIR_PART_MILLISECOND:
    case WEIR_PART_SECOND:
    case WEIR_PART_MINUTE:
    case WEIR_PART_HOUR:
    case WEIR_PART_DAY: *out = days; return true;
    case WEIR_PART_WEEK: return fits_int32((int64_t)days - (weir_date_weekday(days) - 1), out);
    case WEIR_PART_MONTH: month = c.month; break;
    case WEIR_PART_QUARTER: month = (c.month - 1u) / 3 * 3 + 1; break;
    case WEIR_PART_YEAR: break;
    case WEIR_PART_DECADE: year = floor_div(year, 10) * 10; break;
    case WEIR_PART_CENTURY: year = group_start(c.year, 100); break;
    case WEIR_PART_MILLENNIUM: year = group_start(c.year, 1000); break;
    default: return false;
    }
    if (year < -5877640) return false;
    *out = weir_date_from_civil((int32_t)year, month, 1);
    return true;
}

static int64_t small_unit(weir_time_part unit) {
    switch (unit) {
    case WEIR_PART_MICROSECOND: return 1;
    case WEIR_PART_MILLISECOND: return 1000;
    case WEIR_PART_SECOND: return WEIR_US_PER_SECOND;
    case WEIR_PART_MINUTE: return WEIR_US_PER_MINUTE;
    case WEIR_PART_HOUR: return WEIR_US_PER_HOUR;
    default: return 0;
    }
}

bool weir_timestamp_trunc(weir_time_part unit, int64_t us, int64_t *out) {
    int64_t of_day, size = small_unit(unit);
    int32_t days = weir_timestamp_split(us, &of_day);
    if (size) {
        *out = us - of_day % size;
        return true;
    }
    return weir_date_trunc(unit, days, &days) &&
           !__builtin_mul_overflow((int64_t)days, WEIR_US_PER_DAY, out);
}

bool weir_timestamptz_trunc(weir_time_part unit, int64_t us, weir_zone_cache *zone, int64_t *out) {
    int64_t local, of_day, size = small_unit(unit);
    if (!zone) return weir_timestamp_trunc(unit, us, out);
    if (!weir_zone_to_local(zone, us, &local)) return false;
    if (size) { /* the offset cannot matter below the day but for its own minutes */
        (void)weir_timestamp_split(local, &of_day);
        return !__builtin_sub_overflow(us, of_day % size, out);
    }
    if (!weir_timestamp_trunc(unit, local, &local)) return false;
    /* Midnight may happen twice or never: the result must not lie behind the instant. */
    weir_local r = weir_zone_to_utc(zone, local, WEIR_AMBIGUOUS_ERROR, out);
    if (r == WEIR_LOCAL_TWICE) r = weir_zone_to_utc(zone, local, WEIR_AMBIGUOUS_EARLIER, out);
    if (r == WEIR_LOCAL_NEVER) r = weir_zone_to_utc(zone, local, WEIR_AMBIGUOUS_LATER, out);
    return r == WEIR_LOCAL_OK;
}
