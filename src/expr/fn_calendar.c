/* More about dates: names, months and weeks, working days, epochs, intervals, zones. */
#include "expr/date_kernel.h"

/* ---- from a date -------------------------------------------------------------------------------
 */

static const char *const months[] = {"January",   "February", "March",    "April",
                                     "May",       "June",     "July",     "August",
                                     "September", "October",  "November", "December"};
static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                   "Friday", "Saturday", "Sunday"};

/* The day of a date, timestamp or timestamptz (in its zone). */
static inline int32_t day_at(weir_stamp_arg *a, uint32_t row) {
    int64_t rest;
    return weir_timestamp_split(weir_stamp_local(a, row), &rest);
}

#define EACH_DAY(day)                                                                              \
    weir_stamp_arg a;                                                                              \
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);                                \
    if (status != WEIR_OK) return status;                                                          \
    int32_t day;                                                                                   \
    for (uint32_t k_ = 0, row; k_ < call->rows.n && (row = weir_rows_at(&call->rows, k_),          \
                                                    (day) = day_at(&a, row), true);                \
         k_++)

static weir_status fn_month_name(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    EACH_DAY(day) {
        const char *name = months[weir_date_to_civil(day).month - 1];
        status = weir_text_put(&t, row, name, strlen(name), err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}
static weir_status fn_day_name(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_out t = weir_text_out_of(call, out);
    EACH_DAY(day) {
        const char *name = days[weir_date_weekday(day) - 1];
        status = weir_text_put(&t, row, name, strlen(name), err);
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}
static weir_status fn_isoyear(weir_call *call, weir_column *out, weir_error *err) {
    EACH_DAY(day) {
        int32_t year;
        unsigned week;
        weir_date_iso_week(day, &year, &week);
        ((int64_t *)out->values)[row] = year;
    }
    return WEIR_OK;
}
static weir_status fn_yearweek(weir_call *call, weir_column *out, weir_error *err) {
    EACH_DAY(day) {
        int32_t year;
        unsigned week;
        weir_date_iso_week(day, &year, &week);
        ((int64_t *)out->values)[row] = (int64_t)year * 100 + week;
    }
    return WEIR_OK;
}
static weir_status fn_days_in_month(weir_call *call, weir_column *out, weir_error *err) {
    EACH_DAY(day) {
        weir_civil c = weir_date_to_civil(day);
        ((int64_t *)out->values)[row] = weir_month_days(c.year, c.month);
    }
    return WEIR_OK;
}
static weir_status fn_first_day(weir_call *call, weir_column *out, weir_error *err) {
    EACH_DAY(day) {
        weir_civil c = weir_date_to_civil(day);
        ((int32_t *)out->values)[row] = weir_date_from_civil(c.year, c.month, 1);
    }
    return WEIR_OK;
}
static weir_status fn_is_leap_year(weir_call *call, weir_column *out, weir_error *err) {
    EACH_DAY(day) {
        if (weir_year_is_leap(weir_date_to_civil(day).year))
            weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}
static weir_status fn_is_weekend(weir_call *call, weir_column *out, weir_error *err) {
    EACH_DAY(day) {
        if (weir_date_weekday(day) > 5) weir_bit_set((uint64_t *)out->values, row);
    }
    return WEIR_OK;
}

/* ---- other days ---------------------------------------------------------------------------------
 */

/* The first such weekday behind the day. */
static weir_status fn_next_day(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg names = weir_text_arg_of(call->args[1]);
    EACH_DAY(day) {
        weir_slice name = weir_text_at(&names, row);
        unsigned want = 0;
        for (unsigned i = 0; i < 7 && !want; i++)
            if (name.size >= 2 && name.size <= strlen(days[i]) &&
                strncasecmp(days[i], name.data, name.size) == 0)
                want = i + 1;
        if (!want) {
            status = weir_call_fail(call, out, row, err, "'%.*s' is no day of the week",
                                    weir_clip(name), name.data);
        } else {
            unsigned have = weir_date_weekday(day);
            int32_t next = day + (int32_t)((want + 6 - have) % 7) + 1;
            ((int32_t *)out->values)[row] = next;
            if (next > WEIR_DATE_MAX)
                status = weir_call_fail(call, out, row, err, "date out of range");
        }
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* n days from Monday to Friday further (n < 0: back). */
static weir_status fn_add_workdays(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, n, 1);
    EACH_DAY(day) {
        int64_t left = WEIR_AT(n, row), at = day;
        if (left < -10000000 || left > 10000000) {
            status = weir_call_fail(call, out, row, err, "date out of range");
            if (status != WEIR_OK) return status;
            continue;
        }
        at += left / 5 * 7;
        int64_t step = left < 0 ? -1 : 1;
        for (left %= 5; left; left -= step) {
            do at += step;
            while (weir_date_weekday((int32_t)at) > 5);
        }
        /* whole weeks from a weekend end on one: the last working day before or behind it */
        if (WEIR_AT(n, row) % 5 == 0 && WEIR_AT(n, row) != 0)
            while (weir_date_weekday((int32_t)at) > 5) at -= step;
        ((int32_t *)out->values)[row] = (int32_t)at;
        if (at < WEIR_DATE_MIN || at > WEIR_DATE_MAX)
            status = weir_call_fail(call, out, row, err, "date out of range");
        if (status != WEIR_OK) return status;
    }
    return WEIR_OK;
}

/* Days from Monday to Friday from the first day on, before the second. */
static int64_t workdays_before(int64_t day) {
    int64_t shifted = day - WEIR_DATE_MIN + 7; /* 0001-01-01 was a Monday */
    int64_t rest = shifted % 7;
    return shifted / 7 * 5 + (rest > 5 ? 5 : rest);
}
static weir_status fn_workdays(weir_call *call, weir_column *out, weir_error *err) {
    weir_stamp_arg b;
    weir_status bad = weir_stamp_arg_of(call->args[1], &b, err);
    if (bad != WEIR_OK) return bad;
    EACH_DAY(day) {
        ((int64_t *)out->values)[row] = workdays_before(day_at(&b, row)) - workdays_before(day);
    }
    return WEIR_OK;
}

/* The date of a spreadsheet's number: 1 is 1900-01-01, with the day 1900-02-29 that never was. */
static weir_status fn_from_excel(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, n, 0);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t v = WEIR_AT(n, row);
        ((int32_t *)out->values)[row] = 0;
        if (v < 1 || v == 60 || v > 2958465)
            WEIR_TRY(weir_call_fail(call, out, row, err, "%lld is no date of a spreadsheet",
                                    (long long)v));
        else
            ((int32_t *)out->values)[row] = (int32_t)(v - 25569 + (v < 60));
    }
out:
    return status;
}

/* ---- intervals
 * ----------------------------------------------------------------------------------- */

/* State: what one unit is. */
static weir_status fn_units(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, n, 0);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_interval *to = (weir_interval *)out->values + row;
        *to = (weir_interval){0};
        if (!weir_interval_scale(call->state, WEIR_AT(n, row), to)) {
            *to = (weir_interval){0};
            WEIR_TRY(weir_call_fail(call, out, row, err, "interval out of range"));
        }
    }
out:
    return status;
}
#define UNIT(name, ...)                                                                            \
    static weir_status prepare_##name(weir_prepare *p, weir_error *err) {                          \
        static const weir_interval unit = __VA_ARGS__;                                             \
        (void)err;                                                                                 \
        p->state = &unit;                                                                          \
        return WEIR_OK;                                                                            \
    }
UNIT(years, {.months = 12})
UNIT(months, {.months = 1})
UNIT(weeks, {.days = 7})
UNIT(days, {.days = 1})
UNIT(hours, {.micros = WEIR_US_PER_HOUR})
UNIT(minutes, {.micros = WEIR_US_PER_MINUTE})
UNIT(seconds, {.micros = WEIR_US_PER_SECOND})
UNIT(milliseconds, {.micros = 1000})

/* age(a, b): a - b in years, months, days and time, as PostgreSQL counts: b's day is moved by whole
 * months until it would pass a. */
static weir_status fn_age(weir_call *call, weir_column *out, weir_error *err) {
    weir_stamp_arg x, y;
    weir_status status = weir_stamp_arg_of(call->args[0], &x, err);
    if (status == WEIR_OK) status = weir_stamp_arg_of(call->args[1], &y, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        int64_t later = weir_stamp_local(&x, row), earlier = weir_stamp_local(&y, row), ra, rb;
        bool negative = later < earlier;
        if (negative) {
            int64_t swap = later;
            later = earlier;
            earlier = swap;
        }
        int32_t da = weir_timestamp_split(later, &ra), db = weir_timestamp_split(earlier, &rb);
        weir_civil a = weir_date_to_civil(da), b = weir_date_to_civil(db);
        int64_t time = ra - rb;
        int32_t day = a.day - b.day, month = (a.year - b.year) * 12 + a.month - b.month;
        if (time < 0) time += WEIR_US_PER_DAY, day--;
        if (day < 0) {
            month--;
            day += (int32_t)weir_month_days(b.year, b.month);
        }
        weir_interval v = {month, day, time};
        if (negative) v = (weir_interval){-month, -day, -time};
        ((weir_interval *)out->values)[row] = v;
    }
    return WEIR_OK;
}

static weir_status fn_make_time(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, h, 0);
    WEIR_ARG(int64_t, m, 1);
    WEIR_ARG(double, s, 2);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t hour = WEIR_AT(h, row), minute = WEIR_AT(m, row);
        double second = WEIR_AT(s, row);
        int64_t *to = (int64_t *)out->values + row;
        *to = 0;
        if (hour < 0 || hour > 23 || minute < 0 || minute > 59 || !(second >= 0 && second < 60)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "there is no such time"));
            continue;
        }
        int64_t us = (int64_t)(second * 1e6 + 0.5);
        if (us >= WEIR_US_PER_MINUTE) us = WEIR_US_PER_MINUTE - 1;
        *to = hour * WEIR_US_PER_HOUR + minute * WEIR_US_PER_MINUTE + us;
    }
out:
    return status;
}

/* ---- epochs -------------------------------------------------------------------------------------
 */

static weir_status fn_epoch_us(weir_call *call, weir_column *out, weir_error *err) {
    weir_stamp_arg a;
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row)((int64_t *)out->values)[row] = weir_stamp_at(&a, row);
    return WEIR_OK;
}
static inline weir_status from_units(weir_call *call, weir_column *out, int64_t unit,
                                     weir_error *err) {
    WEIR_ARG(int64_t, n, 0);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t us = 0;
        bool over = __builtin_mul_overflow(WEIR_AT(n, row), unit, &us) || us < WEIR_TIMESTAMP_MIN ||
                    us > WEIR_TIMESTAMP_MAX;
        ((int64_t *)out->values)[row] = over ? 0 : us;
        if (over) WEIR_TRY(weir_call_fail(call, out, row, err, "timestamp out of range"));
    }
out:
    return status;
}
static weir_status fn_from_ms(weir_call *call, weir_column *out, weir_error *err) {
    return from_units(call, out, 1000, err);
}
static weir_status fn_from_us(weir_call *call, weir_column *out, weir_error *err) {
    return from_units(call, out, 1, err);
}

/* ---- made of others
 * ------------------------------------------------------------------------------- */

static weir_status fn_none(weir_call *call, weir_column *out, weir_error *err) {
    (void)call;
    (void)out;
    return weir_error_set(err, WEIR_INTERNAL, "a form that was not replaced");
}

/* add_months(x, n): x + n months; a date stays one. */
static weir_status prepare_add_months(weir_prepare *p, weir_error *err) {
    weir_bound **args = weir_bind_args(p->binder, 1), *months_node = NULL, *sum = NULL;
    bool date = p->args[0]->type->id == WEIR_DATE;
    if (!args) return weir_error_nomem(err);
    args[0] = p->args[1];
    weir_status status = weir_bind_named(p->binder, p->at, "to_months", args, 1, &months_node, err);
    if (status == WEIR_OK)
        status = weir_bind_arith(p->binder, p->at, WEIR_X_ADD, p->args[0], months_node, &sum, err);
    if (status != WEIR_OK) return status;
    if (date) return weir_bind_cast(p->binder, p->at, sum, weir_type_of(WEIR_DATE), &p->node, err);
    p->node = sum;
    return WEIR_OK;
}

/* convert_timezone(from, to, timestamp): the local time in another zone. */
static weir_status prepare_convert(weir_prepare *p, weir_error *err) {
    weir_bound **first = weir_bind_args(p->binder, 2), **second = weir_bind_args(p->binder, 2);
    weir_bound *instant = NULL;
    if (!first || !second) return weir_error_nomem(err);
    first[0] = p->args[2];
    first[1] = p->args[0];
    weir_status status = weir_bind_named(p->binder, p->at, "at_timezone", first, 2, &instant, err);
    if (status != WEIR_OK) return status;
    second[0] = instant;
    second[1] = p->args[1];
    return weir_bind_named(p->binder, p->at, "at_timezone", second, 2, &p->node, err);
}

#define ROW(name, alias, result, letter, kernel, doc, example, value, duck)                        \
    {                                                                                              \
        {name,  alias, name "(x date|timestamp|timestamptz) -> " result, "date", 0, doc, example,  \
         value, duck},                                                                             \
        {                                                                                          \
            { "D", letter, 0, kernel, NULL }                                                       \
        }                                                                                          \
    }
#define SPAN(name, unit, value)                                                                    \
    {                                                                                              \
        {"to_" #name,                                                                              \
         "",                                                                                       \
         "to_" #name "(n int64) -> interval",                                                      \
         "date",                                                                                   \
         0,                                                                                        \
         "an interval of n " unit,                                                                 \
         "to_" #name "(3)",                                                                        \
         value,                                                                                    \
         ""},                                                                                      \
        {                                                                                          \
            { "i", 'v', WEIR_K_CAN_FAIL, fn_units, prepare_##name }                                \
        }                                                                                          \
    }

const weir_function weir_functions_calendar[] = {
    ROW("month_name", "monthname", "string", 's', fn_month_name, "the month's English name",
        "month_name(date '2024-03-09')", "March", "monthname"),
    ROW("day_name", "dayname", "string", 's', fn_day_name, "the weekday's English name",
        "day_name(date '2024-03-09')", "Saturday", "dayname"),
    ROW("isoyear", "", "int64", 'i', fn_isoyear, "year of the ISO week",
        "isoyear(date '2024-12-30')", "2025", ""),
    ROW("yearweek", "", "int64", 'i', fn_yearweek, "ISO year and week as one number",
        "yearweek(date '2024-12-30')", "202501", ""),
    ROW("days_in_month", "", "int64", 'i', fn_days_in_month, "28 to 31",
        "days_in_month(date '2024-02-10')", "29", "does not exist"),
    ROW("first_day", "month_start", "date", 'd', fn_first_day, "first day of the month",
        "first_day(date '2024-02-10')", "2024-02-01", "does not exist"),
    ROW("is_leap_year", "", "bool", 'B', fn_is_leap_year, "whether the year has a 29 February",
        "is_leap_year(date '2024-03-09')", "true", "does not exist"),
    ROW("is_weekend", "", "bool", 'B', fn_is_weekend, "whether it is a Saturday or Sunday",
        "is_weekend(date '2024-03-09')", "true", "does not exist"),
    ROW("epoch_us", "", "int64", 'i', fn_epoch_us, "microseconds since 1970-01-01 00:00",
        "epoch_us(timestamp '1970-01-01 00:00:01.5')", "1500000", ""),
    {{"from_epoch_ms", "", "from_epoch_ms(n int64) -> timestamptz", "date", 0,
      "the instant so many milliseconds after 1970-01-01 00:00 UTC", "from_epoch_ms(1500)",
      "1970-01-01 00:00:01.500Z", "epoch_ms"},
     {{"i", 'Z', WEIR_K_CAN_FAIL, fn_from_ms, NULL}}},
    {{"from_epoch_us", "", "from_epoch_us(n int64) -> timestamptz", "date", 0,
      "the instant so many microseconds after 1970-01-01 00:00 UTC", "from_epoch_us(1500000)",
      "1970-01-01 00:00:01.500Z", "make_timestamp"},
     {{"i", 'Z', WEIR_K_CAN_FAIL, fn_from_us, NULL}}},
    {{"from_excel_date", "", "from_excel_date(n int64) -> date", "date", 0,
      "the date of a spreadsheet's day number (1 is 1900-01-01)", "from_excel_date(45352)",
      "2024-03-01", "does not exist"},
     {{"i", 'd', WEIR_K_CAN_FAIL, fn_from_excel, NULL}}},
    {{"next_day", "", "next_day(x date|timestamp|timestamptz, weekday string) -> date", "date", 0,
      "the first such weekday behind it; two letters of the English name are enough",
      "next_day(date '2024-03-09', 'monday')", "2024-03-11", "does not exist"},
     {{"Ds", 'd', WEIR_K_CAN_FAIL, fn_next_day, NULL}}},
    {{"add_months", "", "add_months(x, n int64) -> type of x", "date", 0,
      "n months later, the day cut to the month's end", "add_months(date '2024-01-31', 1)",
      "2024-02-29", "does not exist"},
     {{"di", '!', WEIR_K_CAN_FAIL, fn_none, prepare_add_months},
      {"Ti", '!', WEIR_K_CAN_FAIL, fn_none, prepare_add_months},
      {"Zi", '!', WEIR_K_CAN_FAIL, fn_none, prepare_add_months}}},
    {{"add_workdays", "", "add_workdays(x date|timestamp|timestamptz, n int64) -> date", "date", 0,
      "n days from Monday to Friday later (earlier when negative)",
      "add_workdays(date '2024-03-08', 1)", "2024-03-11", "does not exist"},
     {{"Di", 'd', WEIR_K_CAN_FAIL, fn_add_workdays, NULL}}},
    {{"workdays", "", "workdays(a, b) -> int64", "date", 0,
      "days from Monday to Friday from a on, before b",
      "workdays(date '2024-03-08', date '2024-03-12')", "2", "does not exist"},
     {{"DD", 'i', 0, fn_workdays, NULL}}},
    {{"age", "", "age(a, b) -> interval", "date", 0, "a - b in months, days and time of day",
      "age(date '2024-03-01', date '2023-01-31')", "1 year 1 mon 1 day", ""},
     {{"DD", 'v', 0, fn_age, NULL}}},
    {{"make_time", "", "make_time(hour int64, minute int64, second float64) -> time", "date", 0,
      "the time of these", "make_time(12, 30, 1.5)", "12:30:01.500", ""},
     {{"iif", 't', WEIR_K_CAN_FAIL, fn_make_time, NULL}}},
    {{"convert_timezone", "", "convert_timezone(from string, to string, x timestamp) -> timestamp",
      "date", 0, "the local time of one zone as that of another",
      "convert_timezone('Europe/Berlin', 'Asia/Tokyo', timestamp '2024-07-01 12:00:00')",
      "2024-07-01 19:00:00", "does not exist"},
     {{"ssT", 'T', WEIR_K_CAN_FAIL, fn_none, prepare_convert}}},
    SPAN(years, "years", "3 years"),
    SPAN(months, "months", "3 mons"),
    SPAN(weeks, "weeks", "21 days"),
    SPAN(days, "days", "3 days"),
    SPAN(hours, "hours", "03:00:00"),
    SPAN(minutes, "minutes", "00:03:00"),
    SPAN(seconds, "seconds", "00:00:03"),
    SPAN(milliseconds, "milliseconds", "00:00:00.003"),
    {.info = {.name = NULL}}};
