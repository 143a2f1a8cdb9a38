/* Formats of dates and times other than ISO 8601 that are looked for. */
#include <pthread.h>

#include "format/infer_forms.h"

#define DATE(format, flags)                                                                        \
    { format, WEIR_TIME_KIND_DATE, flags }
#define AT(format, flags)                                                                          \
    { format, WEIR_TIME_KIND_TIMESTAMP, flags }
#define ZONED(format)                                                                              \
    { format, WEIR_TIME_KIND_TIMESTAMPTZ, 0 }
#define CLOCK(format)                                                                              \
    { format, WEIR_TIME_KIND_TIME, 0 }
/* A date in digits, alone and with the usual times behind it. */
#define DIGITS(date, flags)                                                                        \
    DATE(date, flags), AT(date " %H:%M", flags), AT(date " %H:%M:%S", flags),                      \
        AT(date " %H:%M:%S.%f", flags), AT(date " %I:%M %p", flags),                               \
        AT(date " %I:%M:%S %p", flags)
/* The same with a month's name. */
#define NAMED(date)                                                                                \
    DATE(date, 0), AT(date " %H:%M", 0), AT(date " %H:%M:%S", 0), AT(date " %I:%M %p", 0),         \
        AT(date " %I:%M:%S %p", 0)

/* No value fits two of them unless day and month are in doubt: what a program reads more widely
 * than its look (%b takes full names, %d one digit) stands here once. */
static const time_format formats[] = {
    DATE("%Y-%m-%d", 0), /* the first: see weir_infer_iso_date_bit */
    DIGITS("%d.%m.%Y", 0),
    DIGITS("%d/%m/%Y", TIME_DAY_FIRST),
    DIGITS("%m/%d/%Y", TIME_MONTH_FIRST),
    DIGITS("%d-%m-%Y", TIME_DAY_FIRST),
    DIGITS("%m-%d-%Y", TIME_MONTH_FIRST),
    DIGITS("%Y/%m/%d", 0),
    DIGITS("%Y.%m.%d", 0),
    NAMED("%d-%b-%Y"),
    NAMED("%d %b %Y"),
    NAMED("%b %d, %Y"),
    DATE("%d. %b %Y", 0),
    DATE("%b %d %Y", 0),
    DATE("%d/%b/%Y", 0),
    DATE("%Y-%b-%d", 0),
    DATE("%a, %d %b %Y", 0),
    DATE("%a, %b %d, %Y", 0),
    DATE("%a %b %e %Y", 0),
    AT("%Y-%m-%d %I:%M %p", 0),
    AT("%Y-%m-%d %I:%M:%S %p", 0),
    AT("%d.%m.%Y, %H:%M", 0),
    AT("%d.%m.%Y, %H:%M:%S", 0),
    AT("%d/%m/%Y, %H:%M:%S", TIME_DAY_FIRST),
    AT("%m/%d/%Y, %H:%M:%S", TIME_MONTH_FIRST),
    AT("%d/%m/%Y, %I:%M:%S %p", TIME_DAY_FIRST),
    AT("%m/%d/%Y, %I:%M:%S %p", TIME_MONTH_FIRST),
    AT("%Y:%m:%d %H:%M:%S", 0),
    AT("%Y%m%dT%H%M%S", 0),
    AT("%Y%m%d %H:%M:%S", 0),
    AT("%a %b %e %H:%M:%S %Y", 0),
    ZONED("%d/%b/%Y:%H:%M:%S %z"),
    ZONED("[%d/%b/%Y:%H:%M:%S %z]"),
    ZONED("%a, %d %b %Y %H:%M:%S %z"),
    ZONED("%a, %d %b %Y %H:%M:%S %Z"),
    ZONED("%d %b %Y %H:%M:%S %z"),
    ZONED("%a %b %e %H:%M:%S %Y %z"),
    ZONED("%a %b %e %H:%M:%S %z %Y"),
    ZONED("%a %b %e %H:%M:%S %Z %Y"),
    ZONED("%Y-%m-%d %H:%M:%S %Z"),
    ZONED("%Y-%m-%d %H:%M:%S.%f %Z"),
    ZONED("%Y/%m/%d %H:%M:%S %z"),
    ZONED("%Y%m%dT%H%M%S%z"),
    CLOCK("%I:%M %p"),
    CLOCK("%I:%M:%S %p"),
    CLOCK("%I:%M%p"),
    /* Which century is meant nobody can tell: these are only spoken of. */
    DATE("%d.%m.%y", TIME_SHORT_YEAR),
    DATE("%d/%m/%y", TIME_SHORT_YEAR | TIME_DAY_FIRST),
    DATE("%m/%d/%y", TIME_SHORT_YEAR | TIME_MONTH_FIRST),
    DATE("%d-%m-%y", TIME_SHORT_YEAR | TIME_DAY_FIRST),
    DATE("%m-%d-%y", TIME_SHORT_YEAR | TIME_MONTH_FIRST),
    DATE("%y/%m/%d", TIME_SHORT_YEAR),
    DATE("%d-%b-%y", TIME_SHORT_YEAR),
    DATE("%d %b %y", TIME_SHORT_YEAR),
    AT("%d.%m.%y %H:%M", TIME_SHORT_YEAR),
    AT("%d/%m/%y %H:%M", TIME_SHORT_YEAR | TIME_DAY_FIRST),
    AT("%m/%d/%y %H:%M", TIME_SHORT_YEAR | TIME_MONTH_FIRST),
};
#define N_FORMATS (sizeof formats / sizeof *formats)
_Static_assert(N_FORMATS <= TIME_FORMATS_MAX, "a bit for each");

uint32_t weir_infer_n_formats(void) {
    return (uint32_t)N_FORMATS;
}

const time_format *weir_infer_format(uint32_t i) {
    return &formats[i];
}

uint64_t weir_infer_iso_date_bit(void) {
    return 1;
}

/* ---- programs ------------------------------------------------------------------------------ */

/* Compiled once and kept: a constant table that takes a moment to build. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static _Atomic bool ready;
static weir_arena programs_arena;
static const weir_time_program *programs[N_FORMATS];
static uint64_t digit_first[TIME_WORDS]; /* formats whose texts begin with a digit */

static weir_status compile(weir_error *err) {
    weir_status status = WEIR_OK;
    for (size_t i = 0; status == WEIR_OK && i < N_FORMATS; i++) {
        const char *text = formats[i].text;
        if (programs[i]) continue;
        status = weir_time_program_compile(text, true, &programs_arena, &programs[i], err);
        bool digit = text[0] == '%' && text[1] != 'a' && text[1] != 'b';
        if (digit) digit_first[i / 64] |= 1ull << (i % 64);
    }
    if (status == WEIR_OK) ready = true;
    return status;
}

weir_status weir_infer_times(weir_slice s, const uint64_t *ask, uint64_t *fits, weir_error *err) {
    fits[0] = fits[1] = 0;
    if (s.size < 6 || s.size > 40) return WEIR_OK;
    if (!ready) {
        pthread_mutex_lock(&lock);
        weir_status status = compile(err);
        pthread_mutex_unlock(&lock);
        if (status != WEIR_OK) return status;
    }
    bool digit = s.data[0] >= '0' && s.data[0] <= '9';
    for (int w = 0; w < TIME_WORDS; w++) {
        uint64_t rest = ask[w] & (digit ? digit_first[w] : ~digit_first[w]);
        for (; rest; rest &= rest - 1) {
            size_t i = (size_t)w * 64 + (size_t)__builtin_ctzll(rest);
            int64_t value;
            if (i >= N_FORMATS) break;
            if (weir_time_program_parse(programs[i], formats[i].kind, s.data, s.size, NULL,
                                        WEIR_AMBIGUOUS_ERROR, &value) == WEIR_NUM_OK)
                fits[w] |= rest & -rest;
        }
    }
    return WEIR_OK;
}
