/* Functions of dates and times: parts, truncation, differences, making, zones. */
#include "expr/date_kernel.h"
#include "expr/number.h"

/* ---- shared
 * ---------------------------------------------------------------------------------------- */

weir_status weir_stamp_arg_of(const weir_column *c, weir_stamp_arg *out, weir_error *err) {
    weir_status status = WEIR_OK;
    const weir_zone *zone = NULL;
    *out = (weir_stamp_arg){.mask = c->encoding == WEIR_CONSTANT ? 0 : UINT32_MAX};
    if (c->type->id == WEIR_DATE)
        out->days = c->values;
    else
        out->us = c->values;
    if (c->type->id == WEIR_TIMESTAMPTZ) {
        WEIR_TRY(weir_zone_get(c->type->zone, &zone, err));
        weir_zone_cache_init(&out->zone, zone);
        out->zoned = true;
    }
out:
    return status;
}

weir_status weir_unit_bind(weir_prepare *p, uint32_t i, weir_unit_state **out, weir_error *err) {
    weir_slice text;
    weir_unit_state *s = weir_arena_zero(p->binder->arena, 1, sizeof *s);
    if (!s) return weir_error_nomem(err);
    s->constant = weir_bound_text(p->args[i], &text);
    if (s->constant && !weir_time_part_parse(text.data, text.size, &s->part)) {
        weir_expr_fault(err, p->args[i]->at->begin, "%.*s is no part of a date", weir_clip(text),
                        text.data);
        weir_error_hint(err,
                        "year quarter month week day hour minute second millisecond microsecond, "
                        "and for parts dow isodow doy isoyear epoch");
        return WEIR_USAGE;
    }
    if (!s->constant) p->kernel_flags |= WEIR_K_CAN_FAIL;
    *out = s;
    p->state = s;
    return WEIR_OK;
}

bool weir_unit_at(weir_call *call, weir_column *out, const weir_unit_state *s,
                  const weir_text_arg *texts, uint32_t row, weir_time_part *part,
                  weir_status *status, weir_error *err) {
    *part = s->part;
    if (s->constant) return true;
    weir_slice t = weir_text_at(texts, row);
    if (weir_time_part_parse(t.data, t.size, part)) return true;
    *status =
        weir_call_fail(call, out, row, err, "%.*s is no part of a date", weir_clip(t), t.data);
    return false;
}

/* ---- parts
 * ------------------------------------------------------------------------------------------- */

/* date_part(unit, x): whole parts as int64, the others as decimal(18,6). */
static weir_status fn_part(weir_call *call, weir_column *out, weir_error *err) {
    const weir_unit_state *s = call->state;
    weir_text_arg texts = weir_text_arg_of(call->args[0]);
    weir_stamp_arg a;
    int64_t *to = out->values;
    bool whole = out->type->id == WEIR_INT64;
    weir_status status = weir_stamp_arg_of(call->args[1], &a, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        weir_time_part part;
        if (!weir_unit_at(call, out, s, &texts, row, &part, &status, err)) {
            if (status != WEIR_OK) return status;
            continue;
        }
        int64_t v = weir_timestamp_part(part, weir_stamp_at(&a, row), a.zoned ? &a.zone : NULL);
        to[row] = whole ? v / 1000000 : v;
    }
    return WEIR_OK;
}

static weir_status fn_part_interval(weir_call *call, weir_column *out, weir_error *err) {
    const weir_unit_state *s = call->state;
    weir_text_arg texts = weir_text_arg_of(call->args[0]);
    WEIR_ARG(weir_interval, v, 1);
    bool whole = out->type->id == WEIR_INT64;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_time_part part;
        int64_t r = 0;
        if (!weir_unit_at(call, out, s, &texts, row, &part, &status, err)) {
            if (status != WEIR_OK) return status;
            continue;
        }
        if (!weir_interval_part(part, &WEIR_AT(v, row), &r))
            WEIR_TRY(weir_call_fail(call, out, row, err, "an interval has no such part"));
        ((int64_t *)out->values)[row] = whole ? r / 1000000 : r;
    }
out:
    return status;
}

static weir_status prepare_part(weir_prepare *p, weir_error *err) {
    weir_unit_state *s = NULL;
    weir_status status = weir_unit_bind(p, 0, &s, err);
    if (status != WEIR_OK) return status;
    if (s->constant && weir_time_part_is_whole(s->part)) {
        p->type = weir_type_of(WEIR_INT64);
        return WEIR_OK;
    }
    return weir_type_decimal(18, 6, &p->type, err);
}

/* year(x) and its kin: one fixed part as int64. */
static weir_status fn_one_part(weir_call *call, weir_column *out, weir_error *err) {
    const weir_unit_state *s = call->state;
    weir_stamp_arg a;
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);
    if (status != WEIR_OK) return status;
    int64_t *to = out->values;
    if (s->part <= WEIR_PART_MONTH && s->part >= WEIR_PART_DAY && s->part != WEIR_PART_WEEK) {
        /* Days and months without the detour over microseconds of a part. */
        WEIR_EACH_ROW(row) {
            int64_t rest;
            weir_civil c =
                weir_date_to_civil(weir_timestamp_split(weir_stamp_local(&a, row), &rest));
            to[row] = s->part == WEIR_PART_DAY ? c.day : c.month;
        }
        return WEIR_OK;
    }
    WEIR_EACH_ROW(row)
    to[row] =
        weir_timestamp_part(s->part, weir_stamp_at(&a, row), a.zoned ? &a.zone : NULL) / 1000000;
    return WEIR_OK;
}

#define ONE_PART(name, PART)                                                                       \
    static weir_status prepare_##name(weir_prepare *p, weir_error *err) {                          \
        static const weir_unit_state s = {true, PART};                                             \
        (void)err;                                                                                 \
        p->state = &s;                                                                             \
        return WEIR_OK;                                                                            \
    }
ONE_PART(year, WEIR_PART_YEAR)
ONE_PART(quarter, WEIR_PART_QUARTER)
ONE_PART(month, WEIR_PART_MONTH)
ONE_PART(week, WEIR_PART_WEEK)
ONE_PART(day, WEIR_PART_DAY)
ONE_PART(hour, WEIR_PART_HOUR)
ONE_PART(minute, WEIR_PART_MINUTE)
ONE_PART(second, WEIR_PART_SECOND)
ONE_PART(dow, WEIR_PART_DOW)
ONE_PART(isodow, WEIR_PART_ISODOW)
ONE_PART(doy, WEIR_PART_DOY)

/* epoch(x): seconds since 1970 with fraction; epoch_ms(x): whole milliseconds, rounded down. */
static weir_status fn_epoch(weir_call *call, weir_column *out, weir_error *err) {
    weir_stamp_arg a;
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);
    if (status != WEIR_OK) return status;
    int64_t *to = out->values;
    bool ms = out->type->id == WEIR_INT64;
    WEIR_EACH_ROW(row) {
        int64_t us = weir_stamp_at(&a, row);
        to[row] = !ms ? us : us / 1000 - (us % 1000 < 0);
    }
    return WEIR_OK;
}
static weir_status prepare_epoch(weir_prepare *p, weir_error *err) {
    return weir_type_decimal(18, 6, &p->type, err);
}

/* ---- truncation and differences
 * ----------------------------------------------------------------------- */

static weir_status fn_trunc(weir_call *call, weir_column *out, weir_error *err) {
    const weir_unit_state *s = call->state;
    weir_text_arg texts = weir_text_arg_of(call->args[0]);
    weir_stamp_arg a;
    weir_status status = weir_stamp_arg_of(call->args[1], &a, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        weir_time_part part;
        if (!weir_unit_at(call, out, s, &texts, row, &part, &status, err)) {
            if (status != WEIR_OK) return status;
            continue;
        }
        bool ok;
        if (a.days) {
            ok = part < WEIR_PART_DAY ||
                 weir_date_trunc(part, a.days[row & a.mask], (int32_t *)out->values + row);
            if (part < WEIR_PART_DAY) ((int32_t *)out->values)[row] = a.days[row & a.mask];
        } else {
            int64_t *to = (int64_t *)out->values + row;
            ok = a.zoned ? weir_timestamptz_trunc(part, a.us[row & a.mask], &a.zone, to)
                         : weir_timestamp_trunc(part, a.us[row & a.mask], to);
        }
        if (!ok)
            WEIR_TRY(weir_call_fail(call, out, row, err, "out of range, or no unit to cut at"));
    }
out:
    return status;
}

static weir_status prepare_trunc(weir_prepare *p, weir_error *err) {
    weir_unit_state *s = NULL;
    weir_status status = weir_unit_bind(p, 0, &s, err);
    if (status != WEIR_OK) return status;
    if (s->constant && s->part > WEIR_PART_MILLENNIUM)
        return weir_expr_fault(err, p->args[0]->at->begin, "this is no unit to cut at");
    p->type = p->args[1]->type;
    return WEIR_OK;
}

/* Number of a unit since some fixed time, from local microseconds. */
static int64_t unit_number(weir_time_part part, int64_t us) {
    int64_t rest;
    int32_t days = weir_timestamp_split(us, &rest);
    weir_civil c;
    switch (part) {
    case WEIR_PART_MICROSECOND: return us;
    case WEIR_PART_MILLISECOND: return us / 1000 - (us % 1000 < 0);
    case WEIR_PART_SECOND: return us / 1000000 - (us % 1000000 < 0);
    case WEIR_PART_MINUTE: return (int64_t)days * 1440 + rest / WEIR_US_PER_MINUTE;
    case WEIR_PART_HOUR: return (int64_t)days * 24 + rest / WEIR_US_PER_HOUR;
    case WEIR_PART_DAY: return days;
    case WEIR_PART_WEEK: return ((int64_t)days + 3) / 7 - (((int64_t)days + 3) % 7 < 0);
    default: break;
    }
    c = weir_date_to_civil(days);
    int64_t year = c.year;
    switch (part) {
    case WEIR_PART_MONTH: return year * 12 + c.month - 1;
    case WEIR_PART_QUARTER: return year * 4 + (c.month - 1) / 3;
    case WEIR_PART_DECADE: return year / 10 - (year % 10 < 0);
    case WEIR_PART_CENTURY: return (year - 1) / 100 - ((year - 1) % 100 < 0);
    case WEIR_PART_MILLENNIUM: return (year - 1) / 1000 - ((year - 1) % 1000 < 0);
    default: return year;
    }
}

/* date_diff(unit, a, b): how many borders of the unit lie between a and b. */
static weir_status fn_diff(weir_call *call, weir_column *out, weir_error *err) {
    const weir_unit_state *s = call->state;
    weir_text_arg texts = weir_text_arg_of(call->args[0]);
    weir_stamp_arg a, b;
    weir_status status = WEIR_OK;
    WEIR_TRY(weir_stamp_arg_of(call->args[1], &a, err));
    WEIR_TRY(weir_stamp_arg_of(call->args[2], &b, err));
    if (a.zoned && b.zoned) b.zone = a.zone; /* one calendar for both: that of the first */
    WEIR_EACH_ROW(row) {
        weir_time_part part;
        if (!weir_unit_at(call, out, s, &texts, row, &part, &status, err)) {
            if (status != WEIR_OK) return status;
            continue;
        }
        if (part > WEIR_PART_MILLENNIUM) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "no unit to count"));
            continue;
        }
        /* Units up to the hour are the same in every zone but for odd offsets: count instants. */
        bool local = part >= WEIR_PART_DAY;
        int64_t x = local ? weir_stamp_local(&a, row) : weir_stamp_at(&a, row);
        int64_t y = local ? weir_stamp_local(&b, row) : weir_stamp_at(&b, row), r;
        if (__builtin_sub_overflow(unit_number(part, y), unit_number(part, x), &r))
            WEIR_TRY(weir_call_fail(call, out, row, err, "overflow of int64"));
        ((int64_t *)out->values)[row] = r;
    }
out:
    return status;
}

static weir_status prepare_diff(weir_prepare *p, weir_error *err) {
    weir_unit_state *s = NULL;
    weir_status status = weir_unit_bind(p, 0, &s, err);
    if (status != WEIR_OK) return status;
    bool zoned1 = p->args[1]->type->id == WEIR_TIMESTAMPTZ,
         zoned2 = p->args[2]->type->id == WEIR_TIMESTAMPTZ;
    if (zoned1 != zoned2) {
        weir_expr_fault(err, p->at->begin, "%s and %s have no common clock", p->args[1]->type->name,
                        p->args[2]->type->name);
        weir_error_hint(err, "say in which zone: x at time zone 'Europe/Berlin'");
        return WEIR_USAGE;
    }
    if (s->constant && s->part > WEIR_PART_MILLENNIUM)
        return weir_expr_fault(err, p->args[0]->at->begin, "this is no unit to count");
    return WEIR_OK;
}

static weir_status fn_last_day(weir_call *call, weir_column *out, weir_error *err) {
    weir_stamp_arg a;
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        int64_t rest;
        int32_t d = weir_timestamp_split(weir_stamp_local(&a, row), &rest);
        weir_civil c = weir_date_to_civil(d);
        ((int32_t *)out->values)[row] = d - c.day + (int32_t)weir_month_days(c.year, c.month);
    }
    return WEIR_OK;
}

/* ---- making
 * ------------------------------------------------------------------------------------------- */

static bool civil_ok(int64_t y, int64_t m, int64_t d) {
    return y >= 1 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 &&
           d <= (int64_t)weir_month_days((int32_t)y, (unsigned)m);
}

static weir_status fn_make_date(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, y, 0);
    WEIR_ARG(int64_t, m, 1);
    WEIR_ARG(int64_t, d, 2);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        long long year = WEIR_AT(y, row), month = WEIR_AT(m, row), day = WEIR_AT(d, row);
        if (civil_ok(year, month, day))
            ((int32_t *)out->values)[row] =
                weir_date_from_civil((int32_t)year, (unsigned)month, (unsigned)day);
        else
            WEIR_TRY(weir_call_fail(call, out, row, err, "there is no day %lld-%lld-%lld", year,
                                    month, day));
    }
out:
    return status;
}

/* make_timestamp(year, month, day, hour, minute, second); the second may have a fraction. */
static weir_status fn_make_timestamp(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, y, 0);
    WEIR_ARG(int64_t, m, 1);
    WEIR_ARG(int64_t, d, 2);
    WEIR_ARG(int64_t, h, 3);
    WEIR_ARG(int64_t, mi, 4);
    WEIR_ARG(double, s, 5);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t hour = WEIR_AT(h, row), minute = WEIR_AT(mi, row);
        double second = WEIR_AT(s, row);
        if (!civil_ok(WEIR_AT(y, row), WEIR_AT(m, row), WEIR_AT(d, row)) || hour < 0 || hour > 23 ||
            minute < 0 || minute > 59 || !(second >= 0 && second < 60)) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "there is no such time"));
            continue;
        }
        int32_t days = weir_date_from_civil((int32_t)WEIR_AT(y, row), (unsigned)WEIR_AT(m, row),
                                            (unsigned)WEIR_AT(d, row));
        ((int64_t *)out->values)[row] = days * WEIR_US_PER_DAY + hour * WEIR_US_PER_HOUR +
                                        minute * WEIR_US_PER_MINUTE +
                                        (int64_t)llround(second * 1e6);
    }
out:
    return status;
}

/* to_timestamp(seconds since 1970): int64 or decimal. */
static weir_status fn_from_epoch(weir_call *call, weir_column *out, weir_error *err) {
    const weir_column *c = call->args[0];
    int scale = c->type->id == WEIR_DECIMAL ? c->type->scale : 0;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_int128 v = weir_number_at(c, row), us;
        bool ok = scale > 6 || weir_decimal_scale_up(v, 6 - scale, &us);
        if (scale > 6) us = weir_decimal_scale_down(v, scale - 6, WEIR_ROUND_HALF);
        if (!ok || us < WEIR_TIMESTAMP_MIN || us > WEIR_TIMESTAMP_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "timestamp out of range"));
        else
            ((int64_t *)out->values)[row] = (int64_t)us;
    }
out:
    return status;
}
static weir_status prepare_from_epoch(weir_prepare *p, weir_error *err) {
    const weir_type *t = p->args[0]->type;
    if (weir_type_is_float(t)) {
        weir_expr_fault(err, p->at->begin, "a float64 does not hold a time exactly");
        weir_error_hint(err, "write to_timestamp(cast(x as decimal(18,6)))");
        return WEIR_USAGE;
    }
    return WEIR_OK;
}

/* ---- the clock
 * ------------------------------------------------------------------------------------------ */

static weir_status fn_now(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_EACH_ROW(row)((int64_t *)out->values)[row] = call->eval->ctx->now_us;
    return WEIR_OK;
}
static weir_status fn_today(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    int64_t rest;
    int32_t day = weir_timestamp_split(call->eval->ctx->now_us, &rest);
    WEIR_EACH_ROW(row)((int32_t *)out->values)[row] = day;
    return WEIR_OK;
}

/* ---- zones
 * -----------------------------------------------------------------------------------------------
 */

/* The zone of row: the constant's, or looked up; NULL with *status or a failed record. */
static const weir_zone *zone_at(weir_call *call, weir_column *out, const weir_text_arg *texts,
                                uint32_t row, weir_status *status, weir_error *err) {
    const weir_zone *zone = call->state;
    if (zone) return zone;
    char name[WEIR_ZONE_NAME_MAX + 1];
    weir_slice t = weir_text_at(texts, row);
    weir_error inner = {0};
    if (t.size <= WEIR_ZONE_NAME_MAX && !memchr(t.data, 0, t.size)) {
        memcpy(name, t.data, t.size);
        name[t.size] = '\0';
        if (weir_zone_get(name, &zone, &inner) == WEIR_OK) return zone;
        if (inner.status == WEIR_RESOURCE) {
            if (err) *err = inner;
            *status = WEIR_RESOURCE;
            return NULL;
        }
    }
    *status =
        weir_call_fail(call, out, row, err, "there is no time zone %.*s", weir_clip(t), t.data);
    return NULL;
}

/* timestamp at time zone z: what instant this local time is. */
static weir_status fn_to_instant(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    weir_text_arg texts = weir_text_arg_of(call->args[1]);
    weir_zone_cache cache = {0};
    const weir_zone *last = NULL;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_zone *zone = zone_at(call, out, &texts, row, &status, err);
        if (status != WEIR_OK) return status;
        if (!zone) continue;
        if (zone != last) weir_zone_cache_init(&cache, zone);
        last = zone;
        int64_t *to = (int64_t *)out->values + row;
        weir_local r = weir_zone_to_utc(&cache, WEIR_AT(a, row), WEIR_AMBIGUOUS_ERROR, to);
        if (r == WEIR_LOCAL_OK) continue;
        char text[WEIR_TIME_TEXT_MAX];
        int n = (int)weir_timestamp_format(WEIR_AT(a, row), ' ', text);
        WEIR_TRY(weir_call_fail(call, out, row, err, "%.*s %s in %s", n, text,
                                r == WEIR_LOCAL_TWICE   ? "happens twice"
                                : r == WEIR_LOCAL_NEVER ? "does not happen"
                                                        : "is out of range",
                                weir_zone_name(zone)));
    }
out:
    return status;
}

/* timestamptz at time zone z: the local time there. */
static weir_status fn_to_local(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    weir_text_arg texts = weir_text_arg_of(call->args[1]);
    weir_zone_cache cache = {0};
    const weir_zone *last = NULL;
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        const weir_zone *zone = zone_at(call, out, &texts, row, &status, err);
        if (status != WEIR_OK) return status;
        if (!zone) continue;
        if (zone != last) weir_zone_cache_init(&cache, zone);
        last = zone;
        if (!weir_zone_to_local(&cache, WEIR_AT(a, row), (int64_t *)out->values + row))
            WEIR_TRY(weir_call_fail(call, out, row, err, "timestamp out of range"));
    }
out:
    return status;
}

static weir_status prepare_zone(weir_prepare *p, weir_error *err) {
    weir_slice text;
    const weir_zone *zone = NULL;
    bool naive = p->args[0]->type->id != WEIR_TIMESTAMPTZ;
    if (!weir_bound_text(p->args[1], &text)) {
        p->kernel_flags |= WEIR_K_CAN_FAIL;
        if (naive) p->type = weir_type_of(WEIR_TIMESTAMPTZ);
        return WEIR_OK;
    }
    char *name = weir_arena_strndup(p->binder->arena, text.data, text.size);
    if (!name) return weir_error_nomem(err);
    weir_error inner = {0};
    weir_status status = weir_zone_get(name, &zone, &inner);
    if (status != WEIR_OK) {
        if (err) {
            *err = inner;
            err->status = status = status == WEIR_RESOURCE ? status : WEIR_USAGE;
            err->line = 0;
            err->column = (int64_t)p->args[1]->at->begin + 1;
        }
        return status;
    }
    p->state = zone;
    return naive ? weir_type_timestamptz(name, &p->type, err) : WEIR_OK;
}

/* ---- date_add, date_sub: + and -
 * ------------------------------------------------------------------------- */

static weir_status prepare_add(weir_prepare *p, weir_error *err) {
    return weir_bind_arith(p->binder, p->at, WEIR_X_ADD, p->args[0], p->args[1], &p->node, err);
}
static weir_status prepare_sub(weir_prepare *p, weir_error *err) {
    return weir_bind_arith(p->binder, p->at, WEIR_X_SUB, p->args[0], p->args[1], &p->node, err);
}

#define PART(name, alias, doc, example, result, prepare)                                           \
    {                                                                                              \
        {name,   alias, name "(x date|timestamp|timestamptz) -> int64", "date", 0, doc, example,   \
         result, ""},                                                                              \
        {                                                                                          \
            { "D", 'i', 0, fn_one_part, prepare }                                                  \
        }                                                                                          \
    }
#define PART_TIME(name, alias, doc, example, result, prepare)                                      \
    {                                                                                              \
        {name,   alias, name "(x timestamp|timestamptz|time) -> int64", "date", 0, doc, example,   \
         result, ""},                                                                              \
        {                                                                                          \
            {"D", 'i', 0, fn_one_part, prepare}, {                                                 \
                "t", 'i', 0, fn_one_part, prepare                                                  \
            }                                                                                      \
        }                                                                                          \
    }

const weir_function weir_functions_date[] = {
    {{"date_part", "datepart", "date_part(part string, x) -> int64|decimal(18,6)", "date", 0,
      "a part of a date, time or interval; also extract(part from x). second, millisecond and "
      "epoch have fractions",
      "date_part('month', date '2024-03-09')", "3", "second without fraction"},
     {{"sD", '!', 0, fn_part, prepare_part},
      {"st", '!', 0, fn_part, prepare_part},
      {"sv", '!', WEIR_K_CAN_FAIL, fn_part_interval, prepare_part}}},
    PART("year", "", "the year", "year(date '2024-03-09')", "2024", prepare_year),
    PART("quarter", "", "1 to 4", "quarter(date '2024-03-09')", "1", prepare_quarter),
    PART("month", "", "1 to 12", "month(date '2024-03-09')", "3", prepare_month),
    PART("week", "weekofyear", "ISO week, 1 to 53", "week(date '2024-12-30')", "1", prepare_week),
    PART("day", "dayofmonth", "1 to 31", "day(date '2024-03-09')", "9", prepare_day),
    PART("dayofweek", "", "0 = Sunday to 6", "dayofweek(date '2024-03-10')", "0", prepare_dow),
    PART("isodow", "", "1 = Monday to 7", "isodow(date '2024-03-10')", "7", prepare_isodow),
    PART("dayofyear", "", "1 to 366", "dayofyear(date '2024-12-31')", "366", prepare_doy),
    PART_TIME("hour", "", "0 to 23", "hour(timestamp '2024-03-09 17:45:30')", "17", prepare_hour),
    PART_TIME("minute", "", "0 to 59", "minute(timestamp '2024-03-09 17:45:30')", "45",
              prepare_minute),
    PART_TIME("second", "", "0 to 59, without fraction",
              "second(timestamp '2024-03-09 17:45:30.7')", "30", prepare_second),
    {{"epoch", "", "epoch(x date|timestamp|timestamptz) -> decimal(18,6)", "date", 0,
      "seconds since 1970-01-01 00:00", "epoch(timestamp '1970-01-02 00:00:00.5')", "86400.500000",
      "is a double"},
     {{"D", '!', 0, fn_epoch, prepare_epoch}}},
    {{"epoch_ms", "", "epoch_ms(x date|timestamp|timestamptz) -> int64", "date", 0,
      "milliseconds since 1970-01-01 00:00, rounded down",
      "epoch_ms(timestamp '1970-01-01 00:00:01.5')", "1500", "rounds toward 1970"},
     {{"D", 'i', 0, fn_epoch, NULL}}},
    {{"date_trunc", "", "date_trunc(unit string, x) -> type of x", "date", 0,
      "cut down to the unit; a timestamptz on the calendar of its zone",
      "date_trunc('month', timestamp '2024-03-09 17:45:00')", "2024-03-01 00:00:00",
      "centuries and millennia begin in the years 00"},
     {{"sD", '!', WEIR_K_CAN_FAIL, fn_trunc, prepare_trunc}}},
    {{"date_diff", "datediff", "date_diff(unit string, a, b) -> int64", "date", 0,
      "number of borders of the unit between a and b",
      "date_diff('month', date '2024-01-31', date '2024-03-01')", "2",
      "before 1970 it may be a week off"},
     {{"sDD", 'i', WEIR_K_CAN_FAIL, fn_diff, prepare_diff}}},
    {{"date_add", "", "date_add(x, interval) -> as x + interval", "date", 0, "x + interval",
      "date_add(timestamp '2024-01-31 00:00:00', interval '1 month')", "2024-02-29 00:00:00", ""},
     {{"Dv", '!', WEIR_K_CAN_FAIL, fn_now, prepare_add},
      {"Di", '!', WEIR_K_CAN_FAIL, fn_now, prepare_add}}},
    {{"date_sub", "", "date_sub(x, interval) -> as x - interval", "date", 0, "x - interval",
      "date_sub(date '2024-03-01', 1)", "2024-02-29", "means date_diff"},
     {{"Dv", '!', WEIR_K_CAN_FAIL, fn_now, prepare_sub},
      {"Di", '!', WEIR_K_CAN_FAIL, fn_now, prepare_sub}}},
    {{"last_day", "", "last_day(x date|timestamp|timestamptz) -> date", "date", 0,
      "last day of the month", "last_day(date '2024-02-10')", "2024-02-29", ""},
     {{"D", 'd', 0, fn_last_day, NULL}}},
    {{"make_date", "", "make_date(year int64, month int64, day int64) -> date", "date", 0,
      "the date of these", "make_date(2024, 2, 29)", "2024-02-29", ""},
     {{"iii", 'd', WEIR_K_CAN_FAIL, fn_make_date, NULL}}},
    {{"make_timestamp", "", "make_timestamp(year, month, day, hour, minute, second) -> timestamp",
      "date", 0, "the timestamp of these; the second may have a fraction",
      "make_timestamp(2024, 2, 29, 12, 30, 1.5)", "2024-02-29 12:30:01.500", ""},
     {{"iiiiif", 'T', WEIR_K_CAN_FAIL, fn_make_timestamp, NULL}}},
    {{"now", "current_timestamp", "now() -> timestamptz", "date", 0, "when the run began, in UTC",
      "", "", "when the statement began"},
     {{"", 'Z', WEIR_K_VOLATILE, fn_now, NULL}}},
    {{"today", "current_date", "today() -> date", "date", 0, "the day in UTC when the run began",
      "", "", "in the session's zone"},
     {{"", 'd', WEIR_K_VOLATILE, fn_today, NULL}}},
    {{"from_epoch", "", "from_epoch(seconds int64|decimal) -> timestamptz", "date", 0,
      "the instant so many seconds after 1970-01-01 00:00 UTC; also to_timestamp(seconds)",
      "from_epoch(86400.5)", "1970-01-02 00:00:00.500Z", "to_timestamp"},
     {{"n", 'Z', WEIR_K_CAN_FAIL, fn_from_epoch, prepare_from_epoch}}},
    {{"at_timezone", "timezone", "at_timezone(x, zone string) -> timestamp|timestamptz", "date", 0,
      "timestamp: the instant that this local time is in the zone (twice or never: fails); "
      "timestamptz: the local time "
      "there; x at time zone z",
      "at_timezone(timestamp '2024-07-01 12:00:00', 'Europe/Berlin')", "2024-07-01 12:00:00+02:00",
      ""},
     {{"Ts", '!', WEIR_K_CAN_FAIL, fn_to_instant, prepare_zone},
      {"Zs", 'T', WEIR_K_CAN_FAIL, fn_to_local, prepare_zone}}},
    {.info = {.name = NULL}}};
