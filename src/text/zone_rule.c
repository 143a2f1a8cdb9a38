#include "text/zone_rule.h"

#include <string.h>

#include "text/time.h"

struct cursor {
    const char *p, *end;
};

static bool take(struct cursor *c, char want) {
    if (c->p == c->end || *c->p != want) return false;
    c->p++;
    return true;
}

static bool number(struct cursor *c, int max, int *out) {
    int v = 0;
    const char *begin = c->p;
    while (c->p < c->end && *c->p >= '0' && *c->p <= '9' && c->p - begin < 4)
        v = v * 10 + (*c->p++ - '0');
    if (c->p == begin || v > max) return false;
    *out = v;
    return true;
}

/* [+-]hh[:mm[:ss]] in seconds. */
static bool clock_time(struct cursor *c, int max_hours, int32_t *out) {
    bool negative = take(c, '-');
    if (!negative) (void)take(c, '+');
    int h, m = 0, s = 0;
    if (!number(c, max_hours, &h)) return false;
    if (take(c, ':')) {
        if (!number(c, 59, &m)) return false;
        if (take(c, ':') && !number(c, 59, &s)) return false;
    }
    int32_t v = h * 3600 + m * 60 + s;
    *out = negative ? -v : v;
    return true;
}

/* CET, or <+0330>. */
static bool zone_name(struct cursor *c, char name[16]) {
    bool angle = take(c, '<');
    size_t n = 0;
    while (c->p < c->end && n < 15) {
        char ch = *c->p;
        bool letter = (ch >= 'A' && ch <= 'Z') || (ch >= 'a' && ch <= 'z');
        bool more = angle && ((ch >= '0' && ch <= '9') || ch == '+' || ch == '-');
        if (!letter && !more) break;
        name[n++] = ch;
        c->p++;
    }
    name[n] = 0;
    return n >= 3 && (!angle || take(c, '>'));
}

static bool change(struct cursor *c, weir_zone_change *out) {
    int a, b, d;
    if (!take(c, ',')) return false;
    if (take(c, 'M')) {
        if (!number(c, 12, &a) || a < 1 || !take(c, '.') || !number(c, 5, &b) || b < 1 ||
            !take(c, '.') || !number(c, 6, &d))
            return false;
        out->kind = WEIR_ZONE_WEEKDAY;
        out->month = (uint8_t)a;
        out->week = (uint8_t)b;
        out->day = (int16_t)d;
    } else if (take(c, 'J')) {
        if (!number(c, 365, &a) || a < 1) return false;
        out->kind = WEIR_ZONE_JULIAN;
        out->day = (int16_t)a;
    } else {
        if (!number(c, 365, &a)) return false;
        out->kind = WEIR_ZONE_DAY;
        out->day = (int16_t)a;
    }
    out->time_s = 2 * 3600;
    return !take(c, '/') || clock_time(c, 167, &out->time_s);
}

bool weir_zone_rule_parse(const char *s, size_t n, weir_zone_rule *out) {
    struct cursor c = {s, s + n};
    weir_zone_rule r;
    memset(&r, 0, sizeof r);
    int32_t west;
    if (!zone_name(&c, r.std_name) || !clock_time(&c, 24, &west)) return false;
    r.std_offset = -west; /* POSIX counts west of Greenwich */
    if (c.p < c.end) {
        r.has_dst = true;
        if (!zone_name(&c, r.dst_name)) return false;
        r.dst_offset = r.std_offset + 3600;
        if (c.p < c.end && *c.p != ',') {
            if (!clock_time(&c, 24, &west)) return false;
            r.dst_offset = -west;
        }
        if (!change(&c, &r.to_dst) || !change(&c, &r.to_std)) return false;
    }
    if (c.p != c.end) return false;
    *out = r;
    return true;
}

/* Local seconds since 1970 at which the change happens in a year. */
static int64_t change_at(const weir_zone_change *c, int32_t year) {
    int64_t day;
    if (c->kind == WEIR_ZONE_WEEKDAY) {
        int32_t first = weir_date_from_civil(year, c->month, 1);
        int weekday = (int)(weir_date_weekday(first) % 7); /* 0 = Sunday */
        int ahead = (c->day - weekday + 7) % 7;
        int in_month = ahead + 7 * (c->week - 1);
        if (in_month >= (int)weir_month_days(year, c->month)) in_month -= 7;
        day = (int64_t)first + in_month;
    } else {
        day = (int64_t)weir_date_from_civil(year, 1, 1) + c->day;
        /* Jn does not count 29 February: from 1 March on a leap year has one day more. */
        if (c->kind == WEIR_ZONE_JULIAN && !(weir_year_is_leap(year) && c->day >= 60)) day--;
    }
    return day * 86400 + c->time_s;
}

void weir_zone_rule_at(const weir_zone_rule *r, int64_t t, weir_zone_rule_span *out) {
    out->from = INT64_MIN;
    out->to = INT64_MAX;
    out->offset = r->std_offset;
    out->dst = false;
    out->abbreviation = r->std_name;
    if (!r->has_dst) return;
    int64_t days = t / 86400 - (t % 86400 < 0);
    /* Beyond the years of a timestamp no one asks; keep the arithmetic of years safe. */
    if (days > 200000000) days = 200000000;
    if (days < -200000000) days = -200000000;
    int32_t year = weir_date_to_civil((int32_t)days).year;
    for (int32_t y = year - 1; y <= year + 1; y++) {
        int64_t dst = change_at(&r->to_dst, y) - r->std_offset;
        int64_t std = change_at(&r->to_std, y) - r->dst_offset;
        bool dst_first = dst <= std;
        for (int k = 0; k < 2; k++) {
            bool is_dst = (k == 0) == dst_first;
            int64_t at = is_dst ? dst : std;
            if (at <= t && at >= out->from) {
                out->from = at;
                out->dst = is_dst;
            } else if (at > t && at < out->to) {
                out->to = at;
            }
        }
    }
    if (out->dst) {
        out->offset = r->dst_offset;
        out->abbreviation = r->dst_name;
    }
}
