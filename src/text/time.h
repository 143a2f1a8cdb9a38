/* Dates, times of day, timestamps and intervals: text to value, value to text, and arithmetic.
 *
 * date        int32 days since 1970-01-01, proleptic Gregorian
 * time        int64 microseconds since midnight, 0 .. 86,399,999,999
 * timestamp   int64 microseconds since 1970-01-01 00:00, local to nowhere
 * timestamptz int64 microseconds since 1970-01-01 00:00 UTC
 *
 * Text is accepted for the years 0001 to 9999; a value outside (from Parquet, a database) is
 * written with a sign and at least four digits of the year, as ISO 8601 has it.  24:00 and second
 * 60 are refused.  Functions that take (s, n) need no terminator and read no byte outside.
 * Everything here is thread-safe; a weir_zone_cache belongs to its caller.
 */
#ifndef WEIR_TEXT_TIME_H
#define WEIR_TEXT_TIME_H

#include "base/mem.h"
#include "text/number.h" /* weir_num: the result codes */
#include "text/zone.h"

#define WEIR_US_PER_SECOND 1000000LL
#define WEIR_US_PER_MINUTE 60000000LL
#define WEIR_US_PER_HOUR 3600000000LL
#define WEIR_US_PER_DAY 86400000000LL
#define WEIR_DATE_MIN (-719162) /* 0001-01-01 */
#define WEIR_DATE_MAX 2932896   /* 9999-12-31 */
#define WEIR_TIMESTAMP_MIN (WEIR_DATE_MIN * WEIR_US_PER_DAY)
#define WEIR_TIMESTAMP_MAX ((WEIR_DATE_MAX + 1) * WEIR_US_PER_DAY - 1)

/* Months, days and microseconds are kept apart, since a month has no fixed length in days and a
 * day none in hours. */
typedef struct weir_interval {
    int32_t months, days;
    int64_t micros;
} weir_interval;

/* ---- the calendar -------------------------------------------------------------------------- */

typedef struct weir_civil {
    int32_t year; /* astronomical: 0 is 1 BC */
    uint8_t month, day;
} weir_civil;

/* Any year that gives an int32 (about -5,877,641 .. 5,881,580); month 1..12, day 1..31 are the
 * caller's duty. */
int32_t weir_date_from_civil(int32_t year, unsigned month, unsigned day);
weir_civil weir_date_to_civil(int32_t days);
bool weir_year_is_leap(int32_t year);
unsigned weir_month_days(int32_t year, unsigned month); /* 28..31 */
unsigned weir_date_weekday(int32_t days);               /* ISO: 1 = Monday .. 7 = Sunday */
unsigned weir_date_year_day(int32_t days);              /* 1..366 */
/* ISO 8601 week: *iso_year may differ from the calendar year. */
void weir_date_iso_week(int32_t days, int32_t *iso_year, unsigned *week);

/* Splits a timestamp; *us_of_day is 0 .. 86,399,999,999. */
static inline int32_t weir_timestamp_split(int64_t us, int64_t *us_of_day) {
    int64_t d = us / WEIR_US_PER_DAY, r = us % WEIR_US_PER_DAY;
    if (r < 0) {
        r += WEIR_US_PER_DAY;
        d--;
    }
    *us_of_day = r;
    return (int32_t)d;
}

/* ---- ISO text ------------------------------------------------------------------------------ */

/* Each returns WEIR_NUM_OK and sets *out, or leaves *out alone and returns
 *   EMPTY   n is 0
 *   SYNTAX  not of the form (an offset where the type has no zone; no offset and no zone given)
 *   RANGE   the form is right but there is no such day, hour, minute, second or year; or the local
 *           time is ambiguous or skipped in the zone
 *   LOSSY   non-zero digits below the microsecond
 * Forms: date `2024-01-02`; time `03:04[:05[.fraction]]`; timestamp: date, then 'T', 't' or one
 * space, then time; a bare date is midnight.  fraction: 1 to 9 digits. */
weir_num weir_date_parse(const char *s, size_t n, int32_t *out);
weir_num weir_time_parse(const char *s, size_t n, int64_t *out);
weir_num weir_timestamp_parse(const char *s, size_t n, int64_t *out);
/* With an offset `Z`, `+02`, `+0200`, `+02:00` (a space before it is allowed); without one the
 * text is local time of zone->zone by policy; zone NULL = an offset is required. */
weir_num weir_timestamptz_parse(const char *s, size_t n, weir_zone_cache *zone,
                                weir_ambiguous policy, int64_t *out);

/* What a text was to become, for messages and for the format programs below. */
typedef enum weir_time_kind {
    WEIR_TIME_KIND_DATE,
    WEIR_TIME_KIND_TIME,
    WEIR_TIME_KIND_TIMESTAMP,
    WEIR_TIME_KIND_TIMESTAMPTZ,
    WEIR_TIME_KIND_INTERVAL
} weir_time_kind;

/* Why the ISO parse of (s, n) gave code, as words that follow the value: "has no such day", "has
 * an offset, but the type has no time zone".  Cold; static text.  zone may be NULL. */
const char *weir_time_reason(weir_time_kind kind, const char *s, size_t n,
                             const weir_zone_cache *zone, weir_num code);

/* Room that each writer below may use, including for years far away. */
#define WEIR_TIME_TEXT_MAX 48
/* Write ISO text to out (room WEIR_TIME_TEXT_MAX), return its length; no terminator.  Fractions
 * have 0, 3 or 6 digits, as few as keep the value.  us_of_day outside a day is written modulo a
 * day. */
size_t weir_date_format(int32_t days, char *out);
size_t weir_time_format(int64_t us_of_day, char *out);
size_t weir_timestamp_format(int64_t us, char separator, char *out); /* separator 'T' or ' ' */
/* Local time of zone with its offset: 'Z' for UTC, else +hh:mm (+hh:mm:ss before standard time). */
size_t weir_timestamptz_format(int64_t us, weir_zone_cache *zone, char separator, char *out);

/* ---- formats ------------------------------------------------------------------------------- */

/* A compiled %-format: %Y %m %d %H %M %S %f (fraction) %y %b %B %j %p %I %z %Z %e %a %A %s (Unix
 * seconds) %% and the short forms %F = %Y-%m-%d, %T = %H:%M:%S, %R = %H:%M, %D = %m/%d/%y,
 * %h = %b; for writing also %u %w %G %V %:z (+hh:mm).  Names are English, read in any case.
 * Immutable; shared by threads. */
typedef struct weir_time_program weir_time_program;

/* Compiles text (at most 255 bytes) into arena.  for_parse: refuse what can only be written, a
 * field given twice, %I without %p or the reverse, and numbers that run together without fixed
 * width (%f%Y, %s%Y).  WEIR_USAGE with err->column = 1-based offset in text. */
WEIR_MUST_USE weir_status weir_time_program_compile(const char *text, bool for_parse,
                                                    weir_arena *arena,
                                                    const weir_time_program **out, weir_error *err);
/* Whether the program has an offset or zone (%z %Z %s), a date, a time. */
bool weir_time_program_has_zone(const weir_time_program *p);
bool weir_time_program_has_date(const weir_time_program *p);
bool weir_time_program_has_time(const weir_time_program *p);

/* Reads all of (s, n).  *out: days for DATE, microseconds for the others.  Missing parts of a date
 * are SYNTAX (there is no default day; %j or %s replace month and day), missing parts of a time are
 * 0.  Codes as above; a weekday that contradicts the date is RANGE.  Digits: %Y 4, %j 3, others 1
 * or 2 (exactly 2 when another number follows directly), %f 1 to 9.  zone as in
 * weir_timestamptz_parse; kinds without zone refuse %z and %Z (SYNTAX) and read %s as UTC.  DATE
 * takes a time of midnight only (else LOSSY); TIME refuses a date (SYNTAX).  %Z reads UTC, GMT, Z
 * and IANA names; abbreviations such as CET mean too many things. */
weir_num weir_time_program_parse(const weir_time_program *p, weir_time_kind kind, const char *s,
                                 size_t n, weir_zone_cache *zone, weir_ambiguous policy,
                                 int64_t *out);
/* Why parsing gave RANGE, as the end of a sentence. */
const char *weir_time_program_reason(const weir_time_program *p, weir_time_kind kind, const char *s,
                                     size_t n, const weir_zone_cache *zone);
/* Writes value of kind (DATE: days; not INTERVAL) into out; returns the length.  capacity must be
 * at least weir_time_program_max, else nothing is written and 0 returned.  zone: for TIMESTAMPTZ;
 * NULL = UTC.  %z, %:z and %Z of the other kinds are empty. */
size_t weir_time_program_write(const weir_time_program *p, weir_time_kind kind, int64_t value,
                               weir_zone_cache *zone, char *out, size_t capacity);
size_t weir_time_program_max(const weir_time_program *p);

/* ---- intervals and durations --------------------------------------------------------------- */

/* '1 year 2 mons -3 days 04:05:06.7', '@ 1 hour ago' (PostgreSQL) or 'P1Y2M3DT4H5M6.7S' (ISO 8601).
 * A fraction of a week, day, hour, minute is carried down exactly; a fraction of a year must be
 * whole months; a fraction of a month is LOSSY. */
weir_num weir_interval_parse(const char *s, size_t n, weir_interval *out);
#define WEIR_INTERVAL_TEXT_MAX 96
/* PostgreSQL style '1 year 2 mons 3 days 04:05:06.7'; zero is '00:00:00'. */
size_t weir_interval_format(const weir_interval *v, char *out);
/* ISO 8601 style; zero is 'PT0S'. */
size_t weir_interval_format_iso(const weir_interval *v, char *out);
/* A duration for people: "1h30m", "2s", "350ms", "12us"; terminated; room 64. */
size_t weir_duration_format(int64_t us, char *out);

/* ---- arithmetic ---------------------------------------------------------------------------- */

/* All return false when the result does not fit the type (date: int32; timestamp: int64). */

/* Adds months, the day clamped to the month's end (01-31 + 1 month = 02-28). */
WEIR_MUST_USE bool weir_date_add_months(int32_t days, int64_t months, int32_t *out);
WEIR_MUST_USE bool weir_timestamp_add(int64_t us, const weir_interval *v, int64_t *out);
/* Months and days are added on the local calendar of zone, microseconds to the instant; a local
 * result that is skipped or ambiguous takes LATER, as PostgreSQL does. */
WEIR_MUST_USE bool weir_timestamptz_add(int64_t us, const weir_interval *v, weir_zone_cache *zone,
                                        int64_t *out);
WEIR_MUST_USE bool weir_interval_add(const weir_interval *a, const weir_interval *b,
                                     weir_interval *out);
WEIR_MUST_USE bool weir_interval_negate(const weir_interval *a, weir_interval *out);
WEIR_MUST_USE bool weir_interval_scale(const weir_interval *a, int64_t factor, weir_interval *out);
/* a - b as days and microseconds of one sign. */
WEIR_MUST_USE bool weir_timestamp_diff(int64_t a, int64_t b, weir_interval *out);
/* Order of intervals as PostgreSQL has it: a month = 30 days, a day = 24 hours. */
int weir_interval_compare(const weir_interval *a, const weir_interval *b);

typedef enum weir_time_part {
    WEIR_PART_MICROSECOND,
    WEIR_PART_MILLISECOND,
    WEIR_PART_SECOND,
    WEIR_PART_MINUTE,
    WEIR_PART_HOUR,
    WEIR_PART_DAY,
    WEIR_PART_WEEK,
    WEIR_PART_MONTH,
    WEIR_PART_QUARTER,
    WEIR_PART_YEAR,
    WEIR_PART_DECADE,
    WEIR_PART_CENTURY,
    WEIR_PART_MILLENNIUM,
    /* the rest for weir_*_part only */
    WEIR_PART_DOW,    /* 0 = Sunday */
    WEIR_PART_ISODOW, /* 1 = Monday */
    WEIR_PART_DOY,
    WEIR_PART_ISOYEAR,
    WEIR_PART_EPOCH,
    WEIR_PART_TIMEZONE /* seconds east; 0 without a zone */
} weir_time_part;

/* "day", "days", "isodow", ... in any case. */
bool weir_time_part_parse(const char *s, size_t n, weir_time_part *out);
/* Rounds down to the unit.  Units above MILLENNIUM in the list give false, too. */
WEIR_MUST_USE bool weir_timestamp_trunc(weir_time_part unit, int64_t us, int64_t *out);
WEIR_MUST_USE bool weir_date_trunc(weir_time_part unit, int32_t days, int32_t *out);
/* On the local calendar of zone; an ambiguous result takes EARLIER, a skipped one LATER. */
WEIR_MUST_USE bool weir_timestamptz_trunc(weir_time_part unit, int64_t us, weir_zone_cache *zone,
                                          int64_t *out);
/* The field as in PostgreSQL's extract(), in millionths: second 6.5 is 6500000; millisecond and
 * microsecond include the seconds.  zone NULL = the timestamp is naive. */
int64_t weir_timestamp_part(weir_time_part part, int64_t us, weir_zone_cache *zone);
/* The same of an interval (whole fields, not normalised; EPOCH: year = 365.25 days, month = 30).
 * false: the part has no meaning for intervals (week, dow, ...) or the value does not fit. */
WEIR_MUST_USE bool weir_interval_part(weir_time_part part, const weir_interval *v, int64_t *out);
/* Whether the part is always a whole number (so not second, millisecond, epoch). */
bool weir_time_part_is_whole(weir_time_part part);

#endif
