/* %-formats, compiled to small programs. */
#include "text/time.h"
#include "text/time_digits.h"

enum op_code {
    OP_LITERAL,
    OP_YEAR,
    OP_YEAR2,
    OP_MONTH,
    OP_DAY,
    OP_DAY_BLANK,
    OP_HOUR,
    OP_HOUR12,
    OP_MINUTE,
    OP_SECOND,
    OP_FRACTION,
    OP_MONTH_SHORT,
    OP_MONTH_LONG,
    OP_DAY_SHORT,
    OP_DAY_LONG,
    OP_YEAR_DAY,
    OP_AM_PM,
    OP_OFFSET,
    OP_OFFSET_COLON,
    OP_ZONE,
    OP_EPOCH,
    OP_ISO_WEEKDAY,
    OP_WEEKDAY,
    OP_ISO_YEAR,
    OP_ISO_WEEK,
    OP_SUNDAY_WEEK,
    OP_MONDAY_WEEK
};

/* The parts of a value that a program names. */
enum {
    HAS_YEAR = 1,
    HAS_MONTH = 2,
    HAS_DAY = 4,
    HAS_YEAR_DAY = 8,
    HAS_HOUR = 16,
    HAS_HOUR12 = 32,
    HAS_MINUTE = 64,
    HAS_SECOND = 128,
    HAS_FRACTION = 256,
    HAS_AM_PM = 512,
    HAS_ZONE = 1024,
    HAS_EPOCH = 2048,
    HAS_WEEKDAY = 4096,
    HAS_DATE = HAS_YEAR | HAS_MONTH | HAS_DAY | HAS_YEAR_DAY | HAS_WEEKDAY,
    HAS_TIME = HAS_HOUR | HAS_HOUR12 | HAS_MINUTE | HAS_SECOND | HAS_FRACTION | HAS_AM_PM
};

struct op {
    uint8_t code;
    char literal;
    bool fixed; /* a number follows at once: take the full width */
    bool bare;  /* %-d: written without zeros in front */
};

struct weir_time_program {
    size_t n;
    uint32_t has;
    size_t max_bytes;
    struct op ops[];
};

struct op_info {
    char letter;
    uint8_t code;
    uint16_t has;
    uint8_t max_bytes; /* when written; numbers of open width may scribble over 24 */
    bool number;       /* read as digits */
    bool write_only;
};
static const struct op_info infos[] = {
    {'Y', OP_YEAR, HAS_YEAR, 28, true, false},
    {'m', OP_MONTH, HAS_MONTH, 2, true, false},
    {'d', OP_DAY, HAS_DAY, 2, true, false},
    {'e', OP_DAY_BLANK, HAS_DAY, 2, true, false},
    {'H', OP_HOUR, HAS_HOUR, 2, true, false},
    {'I', OP_HOUR12, HAS_HOUR12, 2, true, false},
    {'M', OP_MINUTE, HAS_MINUTE, 2, true, false},
    {'S', OP_SECOND, HAS_SECOND, 2, true, false},
    {'f', OP_FRACTION, HAS_FRACTION, 6, true, false},
    {'y', OP_YEAR2, HAS_YEAR, 2, true, false},
    {'b', OP_MONTH_SHORT, HAS_MONTH, 3, false, false},
    {'h', OP_MONTH_SHORT, HAS_MONTH, 3, false, false},
    {'B', OP_MONTH_LONG, HAS_MONTH, 9, false, false},
    {'j', OP_YEAR_DAY, HAS_YEAR_DAY, 3, true, false},
    {'p', OP_AM_PM, HAS_AM_PM, 2, false, false},
    {'z', OP_OFFSET, HAS_ZONE, 9, false, false},
    {'Z', OP_ZONE, HAS_ZONE, WEIR_ZONE_NAME_MAX, false, false},
    {'a', OP_DAY_SHORT, HAS_WEEKDAY, 3, false, false},
    {'A', OP_DAY_LONG, HAS_WEEKDAY, 9, false, false},
    {'s', OP_EPOCH, HAS_EPOCH, 24, true, false},
    {'u', OP_ISO_WEEKDAY, HAS_WEEKDAY, 1, true, true},
    {'w', OP_WEEKDAY, HAS_WEEKDAY, 1, true, true},
    {'G', OP_ISO_YEAR, HAS_YEAR, 28, true, true},
    {'V', OP_ISO_WEEK, HAS_DAY, 2, true, true},
    {'U', OP_SUNDAY_WEEK, HAS_DAY, 2, true, true},
    {'W', OP_MONDAY_WEEK, HAS_DAY, 2, true, true},
};

static const char *const month_names[12] = {"January",   "February", "March",    "April",
                                            "May",       "June",     "July",     "August",
                                            "September", "October",  "November", "December"};
static const char *const day_names[7] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                         "Friday", "Saturday", "Sunday"};

/* ---- compiling ----------------------------------------------------------------------------- */

static const struct op_info *info_of(char letter) {
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++)
        if (infos[i].letter == letter) return &infos[i];
    return NULL;
}

static const struct op_info *info_of_code(uint8_t code) {
    for (size_t i = 0; i < sizeof infos / sizeof *infos; i++)
        if (infos[i].code == code) return &infos[i];
    return NULL;
}

static const char *short_form(char letter) {
    switch (letter) {
    case 'F': return "%Y-%m-%d";
    case 'T': return "%H:%M:%S";
    case 'R': return "%H:%M";
    case 'D': return "%m/%d/%y";
    default: return NULL;
    }
}

static weir_status wrong(weir_error *err, size_t offset, const char *what) {
    weir_status s = weir_error_set(err, WEIR_USAGE, "time format: %s", what);
    weir_error_at(err, NULL, 0, (int64_t)offset + 1);
    weir_error_hint(err,
                    "known are %%Y %%m %%d %%H %%M %%S %%f %%y %%b %%B %%j %%p %%I %%z %%Z %%e "
                    "%%a %%A %%s %%F %%T %%R %%D, without zeros %%-d %%-m %%-H, for writing %%G "
                    "%%V %%u %%w %%U %%W, and %%%%");
    return s;
}

/* Adds one directive; letter stands at offset of the text the user wrote. */
static weir_status add_directive(weir_time_program *p, char letter, size_t offset, bool for_parse,
                                 weir_error *err) {
    const struct op_info *info = info_of(letter);
    if (!info) return wrong(err, offset, "there is no such directive");
    if (for_parse) {
        if (info->write_only) return wrong(err, offset, "this directive can only be written");
        if (p->has & info->has) return wrong(err, offset, "this part is given twice");
        bool joined =
            p->n && (p->ops[p->n - 1].code == OP_FRACTION || p->ops[p->n - 1].code == OP_EPOCH);
        if (joined && info->number)
            return wrong(err, offset, "a number follows a number of open length");
    }
    p->has |= info->has;
    p->max_bytes += info->max_bytes;
    p->ops[p->n++] = (struct op){.code = info->code};
    return WEIR_OK;
}

static weir_status add_text(weir_time_program *p, const char *text, bool for_parse, int depth,
                            size_t outer, weir_error *err) {
    weir_status status = WEIR_OK;
    for (size_t i = 0; text[i] && status == WEIR_OK; i++) {
        size_t offset = depth ? outer : i;
        char literal = text[i];
        if (text[i] == '%') {
            char letter = text[++i];
            const char *inner = depth ? NULL : short_form(letter);
            if (letter == 0) return wrong(err, offset, "it ends in a single %");
            if (inner) {
                status = add_text(p, inner, for_parse, 1, offset, err);
                continue;
            }
            if (letter == ':' && text[i + 1] == 'z') {
                i++;
                status = add_directive(p, 'z', offset, for_parse, err);
                if (status == WEIR_OK) p->ops[p->n - 1].code = OP_OFFSET_COLON;
                continue;
            }
            if (letter == '-' && text[i + 1] && strchr("mdHIMSyj", text[i + 1])) {
                status = add_directive(p, text[++i], offset, for_parse, err);
                if (status == WEIR_OK) p->ops[p->n - 1].bare = true;
                continue;
            }
            if (letter != '%' && letter != 'n' && letter != 't') {
                status = add_directive(p, letter, offset, for_parse, err);
                continue;
            }
            literal = (char)(letter == 'n' ? '\n' : letter == 't' ? '\t' : '%');
        }
        p->ops[p->n++] = (struct op){.code = OP_LITERAL, .literal = literal};
        p->max_bytes++;
    }
    return status;
}

static weir_status check_readable(const weir_time_program *p, size_t length, weir_error *err) {
    uint32_t has = p->has;
    if (!(has & HAS_HOUR12) != !(has & HAS_AM_PM))
        return wrong(err, length, "%I and %p need each other");
    if ((has & HAS_HOUR) && (has & HAS_HOUR12)) return wrong(err, length, "both %H and %I");
    if ((has & HAS_EPOCH) && (has & ~(uint32_t)(HAS_EPOCH | HAS_FRACTION)))
        return wrong(err, length, "%s stands for the whole time; only %f may be added");
    if ((has & HAS_YEAR_DAY) && (has & (HAS_MONTH | HAS_DAY)))
        return wrong(err, length, "%j stands for month and day");
    if (!(has & (HAS_DATE | HAS_TIME | HAS_EPOCH)))
        return wrong(err, length, "it has neither a date nor a time");
    return WEIR_OK;
}

weir_status weir_time_program_compile(const char *text, bool for_parse, weir_arena *arena,
                                      const weir_time_program **out, weir_error *err) {
    size_t length = strlen(text);
    if (length == 0 || length > 255)
        return wrong(err, 0, length ? "it is longer than 255 bytes" : "it is empty");
    /* A short form of 2 bytes becomes at most 5 operations. */
    size_t room = length * 3 + 4;
    weir_time_program *p = weir_arena_zero(arena, 1, sizeof *p + room * sizeof(struct op));
    if (!p) return weir_error_nomem(err);
    p->max_bytes = 24; /* what the writers of numbers may scribble over */
    weir_status status = add_text(p, text, for_parse, 0, 0, err);
    if (status == WEIR_OK && for_parse) status = check_readable(p, length - 1, err);
    if (status != WEIR_OK) return status;
    for (size_t i = 0; i + 1 < p->n; i++) {
        const struct op *next = &p->ops[i + 1];
        const struct op_info *info = info_of_code(next->code);
        p->ops[i].fixed = next->code == OP_LITERAL ? next->literal >= '0' && next->literal <= '9'
                                                   : info && info->number;
    }
    *out = p;
    return WEIR_OK;
}

bool weir_time_program_has_zone(const weir_time_program *p) {
    return (p->has & (HAS_ZONE | HAS_EPOCH)) != 0;
}
bool weir_time_program_has_date(const weir_time_program *p) {
    return (p->has & HAS_EPOCH) ||
           ((p->has & HAS_YEAR) &&
            ((p->has & HAS_YEAR_DAY) || (p->has & (HAS_MONTH | HAS_DAY)) == (HAS_MONTH | HAS_DAY)));
}
bool weir_time_program_has_time(const weir_time_program *p) {
    return (p->has & (HAS_TIME | HAS_EPOCH)) != 0;
}
size_t weir_time_program_max(const weir_time_program *p) {
    return p->max_bytes;
}

/* ---- reading ------------------------------------------------------------------------------- */

struct parts {
    int32_t year;
    unsigned month, day, year_day, hour, minute, second, weekday; /* weekday 0 = not given */
    int64_t micros, epoch;
    int32_t offset;
    const weir_zone *zone; /* from %Z */
    bool pm, lossy, range;
};

struct cursor {
    const char *p, *end;
};

/* min..max digits. */
static bool digits(struct cursor *c, unsigned min, unsigned max, unsigned *out) {
    unsigned v = 0, k = 0;
    while (k < max && c->p < c->end && (unsigned)(*c->p - '0') <= 9) {
        v = v * 10 + (unsigned)(*c->p++ - '0');
        k++;
    }
    *out = v;
    return k >= min;
}

/* One of count names, written in full or by its first three letters; index from 1. */
static bool name(struct cursor *c, const char *const *names, unsigned count, unsigned *out) {
    size_t left = (size_t)(c->end - c->p);
    for (unsigned i = 0; i < count; i++) {
        size_t full = strlen(names[i]), k = 0;
        while (k < full && k < left && (c->p[k] | 32) == (names[i][k] | 32)) k++;
        if (k < 3) continue;
        c->p += k == full ? full : 3;
        *out = i + 1;
        return true;
    }
    return false;
}

static bool read_zone_name(struct cursor *c, struct parts *v) {
    char text[WEIR_ZONE_NAME_MAX + 1];
    size_t n = 0;
    while (c->p < c->end && n < WEIR_ZONE_NAME_MAX) {
        char ch = *c->p;
        bool ok = ((ch | 32) >= 'a' && (ch | 32) <= 'z') || (ch >= '0' && ch <= '9') ||
                  (n && (ch == '/' || ch == '_' || ch == '-' || ch == '+'));
        if (!ok) break;
        text[n++] = ch;
        c->p++;
    }
    text[n] = 0;
    if (!strcmp(text, "UTC") || !strcmp(text, "GMT") || !strcmp(text, "Z")) {
        v->zone = weir_zone_utc();
        return true;
    }
    return strchr(text, '/') && weir_zone_get(text, &v->zone, NULL) == WEIR_OK;
}

static bool read_epoch(struct cursor *c, struct parts *v) {
    bool negative = c->p < c->end && *c->p == '-';
    c->p += negative;
    const char *begin = c->p;
    int64_t s = 0;
    while (c->p < c->end && (unsigned)(*c->p - '0') <= 9) {
        if (c->p - begin >= 12) v->range = true;
        if (!v->range) s = s * 10 + (*c->p - '0');
        c->p++;
    }
    v->epoch = negative ? -s : s;
    v->pm = negative; /* the sign also holds for %f; "-0.5" needs it kept apart */
    return c->p > begin;
}

static bool read_am_pm(struct cursor *c, struct parts *v) {
    if (c->end - c->p < 2 || (c->p[1] | 32) != 'm') return false;
    char first = (char)(c->p[0] | 32);
    if (first != 'a' && first != 'p') return false;
    v->pm = first == 'p';
    c->p += 2;
    return true;
}

static bool read_fraction(struct cursor *c, struct parts *v) {
    size_t used;
    weir_num r = weir_time_fraction(c->p, (size_t)(c->end - c->p), &used, &v->micros);
    if (r == WEIR_NUM_SYNTAX) return false;
    v->lossy |= r == WEIR_NUM_LOSSY;
    c->p += used;
    return true;
}

static bool read_op(const struct op *op, struct cursor *c, struct parts *v) {
    unsigned min = op->fixed ? 2 : 1, u;
    size_t used;
    switch (op->code) {
    case OP_LITERAL: return c->p < c->end && *c->p++ == op->literal;
    case OP_YEAR:
        if (!digits(c, 4, 4, &u)) return false;
        v->year = (int32_t)u;
        return true;
    case OP_YEAR2: /* POSIX: 69..99 are 19xx */
        if (!digits(c, 2, 2, &u)) return false;
        v->year = (int32_t)(u + (u >= 69 ? 1900 : 2000));
        return true;
    case OP_DAY_BLANK:
        if (c->p < c->end && *c->p == ' ') {
            c->p++;
            return digits(c, 1, 1, &v->day);
        }
        return digits(c, min, 2, &v->day);
    case OP_MONTH: return digits(c, min, 2, &v->month);
    case OP_DAY: return digits(c, min, 2, &v->day);
    case OP_HOUR:
    case OP_HOUR12: return digits(c, min, 2, &v->hour);
    case OP_MINUTE: return digits(c, min, 2, &v->minute);
    case OP_SECOND: return digits(c, min, 2, &v->second);
    case OP_YEAR_DAY: return digits(c, op->bare ? 1 : 3, 3, &v->year_day);
    case OP_FRACTION: return read_fraction(c, v);
    case OP_MONTH_SHORT:
    case OP_MONTH_LONG: return name(c, month_names, 12, &v->month);
    case OP_DAY_SHORT:
    case OP_DAY_LONG: return name(c, day_names, 7, &v->weekday);
    case OP_AM_PM: return read_am_pm(c, v);
    case OP_OFFSET:
    case OP_OFFSET_COLON:
        if (!weir_zone_parse_offset(c->p, (size_t)(c->end - c->p), &used, &v->offset)) return false;
        c->p += used;
        return true;
    case OP_ZONE: return read_zone_name(c, v);
    case OP_EPOCH: return read_epoch(c, v);
    default: return false;
    }
}

static bool time_of_parts(uint32_t has, const struct parts *v, int64_t *us) {
    unsigned hour = v->hour;
    if (has & HAS_HOUR12) {
        if (hour < 1 || hour > 12) return false;
        hour = hour % 12 + (v->pm ? 12 : 0);
    }
    if (hour > 23 || v->minute > 59 || v->second > 59) return false;
    *us = ((int64_t)hour * 3600 + v->minute * 60 + v->second) * WEIR_US_PER_SECOND + v->micros;
    return true;
}

static bool date_of_parts(uint32_t has, const struct parts *v, int32_t *days) {
    if (v->year < 1) return false;
    if (has & HAS_YEAR_DAY) {
        if (v->year_day < 1 || v->year_day > (weir_year_is_leap(v->year) ? 366u : 365u))
            return false;
        *days = weir_date_from_civil(v->year, 1, 1) + (int32_t)v->year_day - 1;
    } else {
        if (v->month < 1 || v->month > 12 || v->day < 1 ||
            v->day > weir_month_days(v->year, v->month))
            return false;
        *days = weir_date_from_civil(v->year, v->month, v->day);
    }
    return !(has & HAS_WEEKDAY) || weir_date_weekday(*days) == v->weekday;
}

/* Local time to instant with what the text itself says about its zone. */
static weir_num to_instant(uint32_t has, const struct parts *v, int64_t local,
                           weir_zone_cache *zone, weir_ambiguous policy, int64_t *out) {
    weir_zone_cache own;
    if ((has & HAS_ZONE) && !v->zone) {
        *out = local - v->offset * WEIR_US_PER_SECOND;
        return WEIR_NUM_OK;
    }
    if (v->zone) {
        weir_zone_cache_init(&own, v->zone);
        zone = &own;
    }
    if (!zone) return WEIR_NUM_SYNTAX;
    return weir_zone_read_local(zone, local, policy, out) == WEIR_LOCAL_OK ? WEIR_NUM_OK
                                                                           : WEIR_NUM_RANGE;
}

static weir_num from_epoch(weir_time_kind kind, const struct parts *v, int64_t *out) {
    int64_t of_day, us = v->epoch * WEIR_US_PER_SECOND + (v->pm ? -v->micros : v->micros);
    if (us < WEIR_TIMESTAMP_MIN || us > WEIR_TIMESTAMP_MAX) return WEIR_NUM_RANGE;
    if (kind == WEIR_TIME_KIND_TIME) return WEIR_NUM_SYNTAX;
    if (kind == WEIR_TIME_KIND_DATE) {
        us = weir_timestamp_split(us, &of_day);
        if (of_day) return WEIR_NUM_LOSSY;
    }
    *out = us;
    return WEIR_NUM_OK;
}

weir_num weir_time_program_parse(const weir_time_program *p, weir_time_kind kind, const char *s,
                                 size_t n, weir_zone_cache *zone, weir_ambiguous policy,
                                 int64_t *out) {
    struct cursor c = {s, s + n};
    struct parts v;
    if (n == 0) return WEIR_NUM_EMPTY;
    memset(&v, 0, sizeof v);
    for (size_t i = 0; i < p->n; i++)
        if (!read_op(&p->ops[i], &c, &v)) return WEIR_NUM_SYNTAX;
    if (c.p != c.end) return WEIR_NUM_SYNTAX;
    bool zoned = kind == WEIR_TIME_KIND_TIMESTAMPTZ;
    if ((p->has & HAS_ZONE) && !zoned) return WEIR_NUM_SYNTAX;
    if (v.range) return WEIR_NUM_RANGE;
    if (p->has & HAS_EPOCH) return v.lossy ? WEIR_NUM_LOSSY : from_epoch(kind, &v, out);
    int64_t of_day, us;
    int32_t days = 0;
    if (kind == WEIR_TIME_KIND_TIME) {
        if (p->has & HAS_DATE) return WEIR_NUM_SYNTAX;
    } else {
        if (!weir_time_program_has_date(p)) return WEIR_NUM_SYNTAX;
        if (!date_of_parts(p->has, &v, &days)) return WEIR_NUM_RANGE;
    }
    if (!time_of_parts(p->has, &v, &of_day)) return WEIR_NUM_RANGE;
    if (v.lossy) return WEIR_NUM_LOSSY;
    us = days * WEIR_US_PER_DAY + of_day;
    if (zoned) return to_instant(p->has, &v, us, zone, policy, out);
    if (kind == WEIR_TIME_KIND_DATE && of_day) return WEIR_NUM_LOSSY;
    *out = kind == WEIR_TIME_KIND_DATE ? days : us;
    return WEIR_NUM_OK;
}

const char *weir_time_program_reason(const weir_time_program *p, weir_time_kind kind, const char *s,
                                     size_t n, const weir_zone_cache *zone) {
    int64_t us;
    if (kind == WEIR_TIME_KIND_TIMESTAMPTZ && zone) {
        weir_zone_cache copy = *zone;
        if (weir_time_program_parse(p, kind, s, n, &copy, WEIR_AMBIGUOUS_EARLIER, &us) ==
            WEIR_NUM_OK)
            return "happens twice in its time zone, as the clock went back";
        if (weir_time_program_parse(p, WEIR_TIME_KIND_TIMESTAMP, s, n, NULL, WEIR_AMBIGUOUS_ERROR,
                                    &us) == WEIR_NUM_OK)
            return "does not exist in its time zone, as the clock went forward";
    }
    return kind == WEIR_TIME_KIND_TIME ? "is no time of day"
                                       : "names a day or time that does not exist";
}

/* ---- writing ------------------------------------------------------------------------------- */

struct moment {
    int32_t days;
    weir_civil civil;
    uint32_t seconds, micros; /* of the day; of the second */
    int64_t utc_s;            /* since 1970 */
    int32_t offset;
    bool zoned;
    const char *abbreviation;
};

static char *put_text(char *out, const char *s, size_t max) {
    size_t n = strnlen(s, max);
    memcpy(out, s, n);
    return out + n;
}

static char *write_op(const struct op *op, const struct moment *m, char *out) {
    unsigned hour = m->seconds / 3600, u;
    int32_t iso_year;
    switch (op->code) {
    case OP_LITERAL: *out++ = op->literal; return out;
    case OP_YEAR: return weir_time_put_year(out, m->civil.year);
    case OP_YEAR2: return weir_put2(out, (unsigned)((m->civil.year % 100 + 100) % 100));
    case OP_MONTH: return weir_put2(out, m->civil.month);
    case OP_DAY: return weir_put2(out, m->civil.day);
    case OP_DAY_BLANK:
        out = weir_put2(out, m->civil.day);
        if (m->civil.day < 10) out[-2] = ' ';
        return out;
    case OP_HOUR: return weir_put2(out, hour);
    case OP_HOUR12: return weir_put2(out, (hour + 11) % 12 + 1);
    case OP_MINUTE: return weir_put2(out, m->seconds / 60 % 60);
    case OP_SECOND: return weir_put2(out, m->seconds % 60);
    case OP_FRACTION: return weir_time_put_micros(out, m->micros);
    case OP_MONTH_SHORT: return put_text(out, month_names[m->civil.month - 1], 3);
    case OP_MONTH_LONG: return put_text(out, month_names[m->civil.month - 1], 9);
    case OP_DAY_SHORT: return put_text(out, day_names[weir_date_weekday(m->days) - 1], 3);
    case OP_DAY_LONG: return put_text(out, day_names[weir_date_weekday(m->days) - 1], 9);
    case OP_YEAR_DAY:
        u = weir_date_year_day(m->days);
        *out++ = (char)('0' + u / 100);
        return weir_put2(out, u % 100);
    case OP_AM_PM: return put_text(out, hour < 12 ? "AM" : "PM", 2);
    case OP_OFFSET:
    case OP_OFFSET_COLON:
        return m->zoned ? weir_time_put_offset(out, m->offset, op->code == OP_OFFSET_COLON) : out;
    case OP_ZONE: return m->zoned ? put_text(out, m->abbreviation, WEIR_ZONE_NAME_MAX) : out;
    case OP_EPOCH: return out + weir_num_format_int64(m->utc_s, out);
    case OP_ISO_WEEKDAY: *out++ = (char)('0' + weir_date_weekday(m->days)); return out;
    case OP_WEEKDAY: *out++ = (char)('0' + weir_date_weekday(m->days) % 7); return out;
    case OP_ISO_YEAR:
        weir_date_iso_week(m->days, &iso_year, &u);
        return weir_time_put_year(out, iso_year);
    case OP_ISO_WEEK: weir_date_iso_week(m->days, &iso_year, &u); return weir_put2(out, u);
    case OP_SUNDAY_WEEK: /* days before the first Sunday are in week 0 */
        u = weir_date_weekday(m->days) % 7;
        return weir_put2(out, (weir_date_year_day(m->days) + 6 - u) / 7);
    case OP_MONDAY_WEEK:
        u = weir_date_weekday(m->days) - 1;
        return weir_put2(out, (weir_date_year_day(m->days) + 6 - u) / 7);
    default: return out;
    }
}

/* The number at begin..end without the zeros in front of it. */
static char *strip_zeros(char *begin, char *end) {
    char *digit = begin;
    while (digit + 1 < end && *digit == '0') digit++;
    memmove(begin, digit, (size_t)(end - digit));
    return end - (digit - begin);
}

size_t weir_time_program_write(const weir_time_program *p, weir_time_kind kind, int64_t value,
                               weir_zone_cache *zone, char *out, size_t capacity) {
    if (capacity < p->max_bytes) return 0;
    struct moment m = {.abbreviation = "UTC"};
    m.zoned = kind == WEIR_TIME_KIND_TIMESTAMPTZ;
    if (kind == WEIR_TIME_KIND_DATE) { /* a date may lie beyond the timestamps */
        m.days = (int32_t)value;
        m.utc_s = value * 86400;
    } else {
        int64_t local = value, of_day;
        m.utc_s = weir_floor_seconds(value);
        if (m.zoned && zone) {
            m.offset = weir_zone_offset(zone, m.utc_s);
            if (__builtin_add_overflow(value, m.offset * WEIR_US_PER_SECOND, &local)) {
                local = value;
                m.offset = 0;
            } else if (zone->abbreviation) {
                m.abbreviation = zone->abbreviation;
            }
        }
        m.days = weir_timestamp_split(local, &of_day);
        m.seconds = (uint32_t)(of_day / WEIR_US_PER_SECOND);
        m.micros = (uint32_t)(of_day % WEIR_US_PER_SECOND);
    }
    m.civil = weir_date_to_civil(m.days);
    char *end = out;
    for (size_t i = 0; i < p->n; i++) {
        char *begin = end;
        end = write_op(&p->ops[i], &m, begin);
        if (p->ops[i].bare) end = strip_zeros(begin, end);
    }
    return (size_t)(end - out);
}
