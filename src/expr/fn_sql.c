/* Functions that people bring from other databases: digits of bits, buckets of time, months
 * between dates, and the pattern of `similar to`. */
#include <math.h>
#include "expr/date_kernel.h"
#include "text/utf8.h"

/* ---- the 64 bits as digits ---------------------------------------------------------------------
 */

/* The digits of the value in base 2^bits, of a negative one those of its two's complement. */
static weir_status bit_digits(weir_call *call, weir_column *out, unsigned bits, weir_error *err) {
    WEIR_ARG(int64_t, a, 0);
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    WEIR_EACH_ROW(row) {
        uint64_t v = (uint64_t)WEIR_AT(a, row);
        char text[64];
        size_t at = sizeof text;
        do {
            text[--at] = "0123456789abcdef"[v & ((1u << bits) - 1)];
            v >>= bits;
        } while (v);
        WEIR_TRY(weir_text_put(&t, row, text + at, sizeof text - at, err));
    }
out:
    return status;
}
static weir_status fn_hex(weir_call *call, weir_column *out, weir_error *err) {
    return bit_digits(call, out, 4, err);
}
static weir_status fn_oct(weir_call *call, weir_column *out, weir_error *err) {
    return bit_digits(call, out, 3, err);
}
static weir_status fn_bin(weir_call *call, weir_column *out, weir_error *err) {
    return bit_digits(call, out, 1, err);
}

/* ---- buckets of time ---------------------------------------------------------------------------
 */

#define MONDAY_2000 (10959 * WEIR_US_PER_DAY) /* 2000-01-03: weeks begin on Mondays */

static int64_t floor_to(int64_t v, int64_t size) {
    int64_t rest = v % size;
    return v - (rest < 0 ? rest + size : rest);
}

/* The begin of the bucket that local time us lies in; false: it leaves the calendar. */
static bool bucket_of(const weir_interval *width, int64_t us, int64_t origin, int64_t *out) {
    if (!width->months) {
        int64_t size = width->days * WEIR_US_PER_DAY + width->micros, from;
        if (__builtin_sub_overflow(us, origin, &from) || from < INT64_MIN + size) return false;
        return !__builtin_add_overflow(floor_to(from, size), origin, out);
    }
    int64_t rest;
    weir_civil at = weir_date_to_civil(weir_timestamp_split(us, &rest)),
               zero = weir_date_to_civil(weir_timestamp_split(origin, &rest));
    int64_t months = ((int64_t)at.year - zero.year) * 12 + at.month - zero.month;
    months = floor_to(months, width->months);
    for (int back = 0; back < 2; back++, months -= width->months) {
        weir_interval step = {(int32_t)months, 0, 0};
        if (!weir_timestamp_add(origin, &step, out)) return false;
        if (*out <= us) return true; /* else the origin's day or time is later than that of us */
    }
    return true;
}

/* Why no buckets of this width can be made; NULL: they can. */
static const char *wrong_width(const weir_interval *w, const weir_type *type) {
    int64_t days;
    if (w->months && (w->days || w->micros))
        return "a bucket is of months or of days and hours, not of both";
    if (w->months < 0 || w->days < 0 || w->micros < 0 || (!w->months && !w->days && !w->micros))
        return "a bucket must be longer than nothing";
    if (__builtin_mul_overflow((int64_t)w->days, WEIR_US_PER_DAY, &days) ||
        __builtin_add_overflow(days, w->micros, &days))
        return "a bucket this long leaves the calendar";
    if (type->id == WEIR_DATE && days % WEIR_US_PER_DAY) return "buckets of dates are whole days";
    return NULL;
}

/* Days and months go by the calendar of the zone, hours and less by the clock. */
static bool zoned_bucket(weir_stamp_arg *a, const weir_interval *w, int64_t us, int64_t origin,
                         int64_t *out) {
    int64_t local, from = origin;
    if (w->micros && !w->days) return bucket_of(w, us, origin, out);
    if (!weir_zone_to_local(&a->zone, us, &local)) return false;
    if (!bucket_of(w, local, from, &local)) return false;
    weir_local r = weir_zone_to_utc(&a->zone, local, WEIR_AMBIGUOUS_EARLIER, out);
    if (r == WEIR_LOCAL_NEVER) r = weir_zone_to_utc(&a->zone, local, WEIR_AMBIGUOUS_LATER, out);
    return r == WEIR_LOCAL_OK;
}

static weir_status fn_time_bucket(weir_call *call, weir_column *out, weir_error *err) {
    WEIR_ARG(weir_interval, v, 0);
    weir_stamp_arg a, o = {0};
    bool own = call->n_args > 2;
    weir_status status = weir_stamp_arg_of(call->args[1], &a, err);
    if (status == WEIR_OK && own) status = weir_stamp_arg_of(call->args[2], &o, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        const weir_interval *w = &WEIR_AT(v, row);
        const char *why = wrong_width(w, call->args[1]->type);
        int64_t us = weir_stamp_at(&a, row), begin = 0;
        int64_t origin = own         ? weir_stamp_at(&o, row)
                         : w->months ? MONDAY_2000 - 2 * WEIR_US_PER_DAY
                                     : MONDAY_2000;
        if (own && a.zoned && !(w->micros && !w->days) &&
            !weir_zone_to_local(&a.zone, origin, &origin))
            why = "the origin leaves the calendar";
        if (!why &&
            !(a.zoned ? zoned_bucket(&a, w, us, origin, &begin) : bucket_of(w, us, origin, &begin)))
            why = "timestamp out of range";
        if (why) {
            WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
            begin = 0;
        }
        int64_t rest;
        if (a.days)
            ((int32_t *)out->values)[row] = weir_timestamp_split(begin, &rest);
        else
            ((int64_t *)out->values)[row] = begin;
    }
out:
    return status;
}

/* The origin is of the type of the timestamp. */
static weir_status prepare_bucket(weir_prepare *p, weir_error *err) {
    if (p->n_args < 3) return WEIR_OK;
    return weir_bind_convert(p->binder, &p->args[2], p->args[1]->type, err);
}

/* ---- months between ----------------------------------------------------------------------------
 */

/* Whole months when both are the same day of a month or its last; else a month counts 31 days. */
static weir_status fn_months_between(weir_call *call, weir_column *out, weir_error *err) {
    weir_stamp_arg x, y;
    weir_status status = weir_stamp_arg_of(call->args[0], &x, err);
    if (status == WEIR_OK) status = weir_stamp_arg_of(call->args[1], &y, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        int64_t ra, rb;
        weir_civil a = weir_date_to_civil(weir_timestamp_split(weir_stamp_local(&x, row), &ra)),
                   b = weir_date_to_civil(weir_timestamp_split(weir_stamp_local(&y, row), &rb));
        double months = ((double)a.year - b.year) * 12 + a.month - b.month;
        bool last =
            a.day == weir_month_days(a.year, a.month) && b.day == weir_month_days(b.year, b.month);
        if (a.day != b.day && !last) {
            int64_t us = (a.day - b.day) * WEIR_US_PER_DAY + ra - rb;
            months += (double)us / (31.0 * WEIR_US_PER_DAY);
            months = round(months * 1e8) / 1e8;
        }
        ((double *)out->values)[row] = months;
    }
    return WEIR_OK;
}

/* ---- similar to --------------------------------------------------------------------------------
 */

/* The bound {m}, {m,} or {m,n} at s[i]; returns its size, 0 when it is none. */
static size_t bound_size(weir_slice s, size_t i) {
    size_t at = i + 1, digits = at;
    while (at < s.size && s.data[at] >= '0' && s.data[at] <= '9') at++;
    if (at == digits) return 0;
    if (at < s.size && s.data[at] == ',')
        for (at++; at < s.size && s.data[at] >= '0' && s.data[at] <= '9';) at++;
    return at < s.size && s.data[at] == '}' ? at + 1 - i : 0;
}

static size_t put_plain(char *to, const char *p, size_t n) {
    size_t size = 0;
    if (n == 1 && strchr("\\^$.[]|()*+?{}#-/ ", *p)) to[size++] = '\\';
    memcpy(to + size, p, n);
    return size + n;
}

/* The pattern of SQL as one of PCRE2 in to (3 bytes for each and 24).  NULL: right, else why. */
static const char *similar_pattern(weir_slice s, weir_slice escape, char *to, size_t *size) {
    size_t n = 0;
    bool inside = false, first = false, repeated = false;
    memcpy(to, "(*UCP)(?s)\\A(?:", 15); /* classes of Unicode */
    n = 15;
    for (size_t i = 0, step; i < s.size; i += step) {
        uint32_t code;
        char c = s.data[i];
        step = weir_utf8_decode(s.data + i, s.size - i, &code);
        if (escape.size && step == escape.size && memcmp(s.data + i, escape.data, step) == 0) {
            i += step;
            if (i >= s.size) return "the pattern ends in its escape";
            step = weir_utf8_decode(s.data + i, s.size - i, &code);
            n += put_plain(to + n, s.data + i, step);
            repeated = first = false;
            continue;
        }
        if (inside) {
            bool class_name = c == '[' && i + 1 < s.size && s.data[i + 1] == ':';
            const char *end = class_name ? memmem(s.data + i + 2, s.size - i - 2, ":]", 2) : NULL;
            if (end) step = (size_t)(end - (s.data + i)) + 2;
            if (c == '\\' || (c == '[' && !end)) to[n++] = '\\';
            if (c == ']' && first) to[n++] = '\\';
            if (c == ']' && !first) inside = false;
            first = first && c == '^' && s.data[i - 1] == '[';
            memcpy(to + n, s.data + i, step);
            n += step;
            continue;
        }
        size_t bound = c == '{' ? bound_size(s, i) : 0;
        bool repeats = c == '*' || c == '+' || c == '?' || bound;
        if (c == '{' && !bound) return "a wrong bound in { }";
        if (repeats && repeated) return "two repetitions in a row";
        repeated = repeats;
        if (bound) step = bound;
        if (c == '%') {
            memcpy(to + n, ".*", 2), n += 2;
            repeated = true;
        } else if (c == '_') {
            to[n++] = '.';
        } else if (c == '(') {
            memcpy(to + n, "(?:", 3), n += 3;
        } else if (c == '[') {
            inside = first = true;
            to[n++] = c;
        } else if (repeats || c == ')' || c == '|') {
            memcpy(to + n, s.data + i, step), n += step;
        } else {
            n += put_plain(to + n, s.data + i, step);
        }
    }
    if (inside) return "no closing ] in the pattern";
    memcpy(to + n, ")\\z", 3);
    *size = n + 3;
    return NULL;
}

static weir_status fn_similar(weir_call *call, weir_column *out, weir_error *err) {
    weir_text_arg a = weir_text_arg_of(call->args[0]), e = {0};
    weir_text_out t = weir_text_out_of(call, out);
    weir_status status = WEIR_OK;
    if (call->n_args > 1) e = weir_text_arg_of(call->args[1]);
    WEIR_EACH_ROW(row) {
        weir_slice s = weir_text_at(&a, row), escape = {"\\", 1};
        char *room = NULL;
        size_t size = 0;
        uint32_t code;
        if (call->n_args > 1) escape = weir_text_at(&e, row);
        WEIR_TRY(weir_text_room(&t, s.size * 3 + 24, &room, err));
        const char *why =
            escape.size && weir_utf8_decode(escape.data, escape.size, &code) != escape.size
                ? "the escape must be one character or none"
                : similar_pattern(s, escape, room, &size);
        if (why)
            WEIR_TRY(weir_call_fail(call, out, row, err, "%s", why));
        else
            weir_text_commit(&t, row, size);
    }
out:
    return status;
}

const weir_function weir_functions_sql[] = {
    {{"similar_op", "", "", "regex", 0, NULL, "", "", ""},
     {{"ss?", 's', WEIR_K_CAN_FAIL, fn_similar, NULL}}},
    {{"to_hex", "", "to_hex(n int64) -> string", "number", 0,
      "hexadecimal digits; of a negative number those of its 64 bits", "to_hex(255)", "ff",
      "capital letters"},
     {{"i", 's', 0, fn_hex, NULL}}},
    {{"to_oct", "oct", "to_oct(n int64) -> string", "number", 0,
      "octal digits; of a negative number those of its 64 bits", "to_oct(8)", "10",
      "does not exist"},
     {{"i", 's', 0, fn_oct, NULL}}},
    {{"bin", "to_bin, to_binary", "bin(n int64) -> string", "number", 0,
      "binary digits; of a negative number its 64 bits", "bin(6)", "110", ""},
     {{"i", 's', 0, fn_bin, NULL}}},
    {{"time_bucket", "date_bin",
      "time_bucket(width interval, x date|timestamp|timestamptz [, origin]) -> type of x", "date",
      0,
      "begin of the bucket of this width that x is in; buckets count from 2000-01-03 (months: "
      "2000-01-01) or from the origin",
      "time_bucket(interval '15 minutes', timestamp '2024-03-09 17:52:30')", "2024-03-09 17:45:00",
      ""},
     {{"vDD?", '1', WEIR_K_CAN_FAIL, fn_time_bucket, prepare_bucket}}},
    {{"months_between", "", "months_between(a, b) -> float64", "date", 0,
      "months from b to a; whole ones between equal or last days of a month, else days count 1/31",
      "months_between(date '2024-03-15', date '2024-01-31')", "1.48387097", "does not exist"},
     {{"DD", 'f', 0, fn_months_between, NULL}}},
    {.info = {.name = NULL}}};
