/* + - * between dates, times, timestamps and intervals. */
#include "expr/number.h"
#include "text/time.h"

typedef struct date_state {
    int sign; /* of the second operand: 1 or -1 */
} date_state;

/* ---- date and days -----------------------------------------------------------------------------
 */

static weir_status date_plus_days(weir_call *call, weir_column *out, weir_error *err) {
    const date_state *s = call->state;
    WEIR_ARG(int32_t, d, 0);
    WEIR_ARG(int64_t, n, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        int64_t days = WEIR_AT(n, row), r;
        if (__builtin_mul_overflow(days, (int64_t)s->sign, &days) ||
            __builtin_add_overflow((int64_t)WEIR_AT(d, row), days, &r) || r < WEIR_DATE_MIN ||
            r > WEIR_DATE_MAX)
            WEIR_TRY(weir_call_fail(call, out, row, err, "date out of range"));
        else
            ((int32_t *)out->values)[row] = (int32_t)r;
    }
out:
    return status;
}

static weir_status date_minus_date(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_ARG(int32_t, a, 0);
    WEIR_ARG(int32_t, b, 1);
    WEIR_EACH_ROW(row)
    ((int64_t *)out->values)[row] = (int64_t)WEIR_AT(a, row) - WEIR_AT(b, row);
    return WEIR_OK;
}

/* date + time */
static weir_status date_plus_time(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_ARG(int32_t, d, 0);
    WEIR_ARG(int64_t, t, 1);
    WEIR_EACH_ROW(row)
    ((int64_t *)out->values)[row] = (int64_t)WEIR_AT(d, row) * WEIR_US_PER_DAY + WEIR_AT(t, row);
    return WEIR_OK;
}

/* ---- with intervals
 * ------------------------------------------------------------------------------ */

static bool signed_interval(const weir_interval *v, int sign, weir_interval *out) {
    if (sign < 0) return weir_interval_negate(v, out);
    *out = *v;
    return true;
}

static bool in_range(int64_t us) {
    return us >= WEIR_TIMESTAMP_MIN && us <= WEIR_TIMESTAMP_MAX;
}

/* timestamp, timestamptz or date with interval; a date gives a timestamp. */
static weir_status stamp_plus_interval(weir_call *call, weir_column *out, weir_error *err) {
    const date_state *s = call->state;
    const weir_type *t = call->args[0]->type;
    WEIR_ARG(weir_interval, v, 1);
    bool date = t->id == WEIR_DATE, zoned = t->id == WEIR_TIMESTAMPTZ;
    const int64_t *us = call->args[0]->values;
    const int32_t *days = call->args[0]->values;
    uint32_t mask = call->args[0]->encoding == WEIR_CONSTANT ? 0 : UINT32_MAX;
    weir_zone_cache zone = {0};
    weir_status status = WEIR_OK;
    if (zoned) {
        const weir_zone *z = NULL;
        WEIR_TRY(weir_zone_get(t->zone, &z, err));
        weir_zone_cache_init(&zone, z);
    }
    WEIR_EACH_ROW(row) {
        int64_t x = date ? (int64_t)days[row & mask] * WEIR_US_PER_DAY : us[row & mask], r = 0;
        weir_interval step;
        bool ok = signed_interval(&WEIR_AT(v, row), s->sign, &step) &&
                  (zoned ? weir_timestamptz_add(x, &step, &zone, &r)
                         : weir_timestamp_add(x, &step, &r)) &&
                  in_range(r);
        if (!ok) WEIR_TRY(weir_call_fail(call, out, row, err, "timestamp out of range"));
        ((int64_t *)out->values)[row] = r;
    }
out:
    return status;
}

static weir_status stamp_minus_stamp(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_interval *to = (weir_interval *)out->values + row;
        if (!weir_timestamp_diff(WEIR_AT(a, row), WEIR_AT(b, row), to))
            WEIR_TRY(weir_call_fail(call, out, row, err, "interval out of range"));
    }
out:
    return status;
}

/* The time of day goes round at midnight; months and days of the interval do not matter. */
static weir_status time_plus_interval(weir_call *call, weir_column *out, weir_error *err) {
    const date_state *s = call->state;
    (void)err;
    WEIR_ARG(int64_t, t, 0);
    WEIR_ARG(weir_interval, v, 1);
    WEIR_EACH_ROW(row) {
        int64_t r = (WEIR_AT(t, row) + s->sign * (WEIR_AT(v, row).micros % WEIR_US_PER_DAY)) %
                    WEIR_US_PER_DAY;
        ((int64_t *)out->values)[row] = r < 0 ? r + WEIR_US_PER_DAY : r;
    }
    return WEIR_OK;
}

static weir_status time_minus_time(weir_call *call, weir_column *out, weir_error *err) {
    (void)err;
    WEIR_ARG(int64_t, a, 0);
    WEIR_ARG(int64_t, b, 1);
    WEIR_EACH_ROW(row)
    ((weir_interval *)out->values)[row] = (weir_interval){0, 0, WEIR_AT(a, row) - WEIR_AT(b, row)};
    return WEIR_OK;
}

static weir_status interval_plus_interval(weir_call *call, weir_column *out, weir_error *err) {
    const date_state *s = call->state;
    WEIR_ARG(weir_interval, a, 0);
    WEIR_ARG(weir_interval, b, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        weir_interval step;
        if (!signed_interval(&WEIR_AT(b, row), s->sign, &step) ||
            !weir_interval_add(&WEIR_AT(a, row), &step, (weir_interval *)out->values + row))
            WEIR_TRY(weir_call_fail(call, out, row, err, "interval out of range"));
    }
out:
    return status;
}

static weir_status interval_times_int(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(weir_interval, a, 0);
    WEIR_ARG(int64_t, n, 1);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        if (!weir_interval_scale(&WEIR_AT(a, row), WEIR_AT(n, row),
                                 (weir_interval *)out->values + row))
            WEIR_TRY(weir_call_fail(call, out, row, err, "interval out of range"));
    }
out:
    return status;
}

/* ---- choosing ---------------------------------------------------------------------------------
 */

/* One row: first, operator, second -> result. */
typedef struct rule {
    weir_type_id first;
    char op; /* '+', '-', '*', or 'x' for + and - */
    weir_type_id second;
    weir_type_id result; /* WEIR_NULL: the first's own type */
    weir_kernel kernel;
    bool can_fail;
} rule;

static const rule rules[] = {
    {WEIR_DATE, 'x', WEIR_INT64, WEIR_DATE, date_plus_days, true},
    {WEIR_DATE, '-', WEIR_DATE, WEIR_INT64, date_minus_date, false},
    {WEIR_DATE, '+', WEIR_TIME, WEIR_TIMESTAMP, date_plus_time, false},
    {WEIR_DATE, 'x', WEIR_INTERVAL, WEIR_TIMESTAMP, stamp_plus_interval, true},
    {WEIR_TIMESTAMP, 'x', WEIR_INTERVAL, WEIR_NULL, stamp_plus_interval, true},
    {WEIR_TIMESTAMPTZ, 'x', WEIR_INTERVAL, WEIR_NULL, stamp_plus_interval, true},
    {WEIR_TIMESTAMP, '-', WEIR_TIMESTAMP, WEIR_INTERVAL, stamp_minus_stamp, true},
    {WEIR_TIMESTAMPTZ, '-', WEIR_TIMESTAMPTZ, WEIR_INTERVAL, stamp_minus_stamp, true},
    {WEIR_TIME, 'x', WEIR_INTERVAL, WEIR_NULL, time_plus_interval, false},
    {WEIR_TIME, '-', WEIR_TIME, WEIR_INTERVAL, time_minus_time, false},
    {WEIR_INTERVAL, 'x', WEIR_INTERVAL, WEIR_NULL, interval_plus_interval, true},
    {WEIR_INTERVAL, '*', WEIR_INT64, WEIR_NULL, interval_times_int, true},
};

static const rule *find_rule(weir_type_id first, weir_expr_op op, weir_type_id second) {
    char sign = op == WEIR_X_ADD ? '+' : op == WEIR_X_SUB ? '-' : op == WEIR_X_MUL ? '*' : '?';
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        const rule *r = &rules[i];
        bool same = r->op == sign || (r->op == 'x' && (sign == '+' || sign == '-'));
        if (r->first == first && r->second == second && same) return r;
    }
    return NULL;
}

/* Integers of any width count as int64 here. */
static weir_type_id kind_of(const weir_type *t) {
    return weir_type_is_integer(t) && t->id != WEIR_UINT64 ? WEIR_INT64 : t->id;
}

weir_status weir_bind_date_arith(weir_binder *b, const weir_expr *at, weir_expr_op op,
                                 weir_bound *x, weir_bound *y, bool *known, weir_bound **out,
                                 weir_error *err) {
    weir_status status = WEIR_OK;
    weir_type_id first = kind_of(x->type), second = kind_of(y->type);
    *known = false;
    /* timestamp - date, date - timestamp: both as timestamps. */
    if (first == WEIR_DATE && second == WEIR_TIMESTAMP)
        WEIR_TRY(weir_bind_convert(b, &x, y->type, err));
    else if (first == WEIR_TIMESTAMP && second == WEIR_DATE)
        WEIR_TRY(weir_bind_convert(b, &y, x->type, err));
    first = kind_of(x->type);
    second = kind_of(y->type);
    const rule *r = find_rule(first, op, second);
    if (!r && op != WEIR_X_SUB) { /* the other way round */
        r = find_rule(second, op, first);
        weir_bound *swap = x;
        x = y;
        y = swap;
    }
    if (!r) return WEIR_OK;
    if (r->second == WEIR_INT64) WEIR_TRY(weir_bind_convert(b, &y, weir_type_of(WEIR_INT64), err));
    weir_bound **args = weir_bind_args(b, 2);
    date_state *s = weir_arena_zero(b->arena, 1, sizeof *s);
    if (!args || !s) return weir_error_nomem(err);
    args[0] = x;
    args[1] = y;
    s->sign = op == WEIR_X_SUB ? -1 : 1;
    const weir_type *type = r->result == WEIR_NULL ? x->type : weir_type_of(r->result);
    WEIR_TRY(weir_bind_kernel(b, at, type, r->kernel, r->can_fail ? WEIR_K_CAN_FAIL : 0, s, args, 2,
                              out, err));
    *known = true;
out:
    return status;
}
