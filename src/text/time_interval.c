/* Text of intervals and durations. */
#include "text/time.h"
#include "text/time_digits.h"

/* ---- reading ------------------------------------------------------------------------------- */

/* What an interval is summed up in; checked into weir_interval at the end. */
struct sum {
    __int128 months, days, micros;
};

/* A number as it stands: sign, whole part, fraction in billionths. */
struct amount {
    bool negative, has_fraction;
    int64_t whole;
    int64_t nanos; /* 0 .. 999,999,999 */
};

struct cursor {
    const char *p, *end;
};

static bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

static void skip_blanks(struct cursor *c) {
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\t')) c->p++;
}

static weir_num read_amount(struct cursor *c, struct amount *a) {
    memset(a, 0, sizeof *a);
    if (c->p < c->end && (*c->p == '-' || *c->p == '+')) a->negative = *c->p++ == '-';
    const char *digits = c->p;
    while (c->p < c->end && is_digit(*c->p)) {
        if (c->p - digits >= 18) return WEIR_NUM_RANGE;
        a->whole = a->whole * 10 + (*c->p++ - '0');
    }
    if (c->p == digits) return WEIR_NUM_SYNTAX;
    if (c->p < c->end && *c->p == '.') {
        const char *f = ++c->p;
        int64_t nanos = 0;
        while (c->p < c->end && is_digit(*c->p)) {
            if (c->p - f >= 9) return WEIR_NUM_LOSSY;
            nanos = nanos * 10 + (*c->p++ - '0');
        }
        if (c->p == f) return WEIR_NUM_SYNTAX;
        for (ptrdiff_t k = c->p - f; k < 9; k++) nanos *= 10;
        a->nanos = nanos;
        a->has_fraction = true;
    }
    return WEIR_NUM_OK;
}

/* Adds amount units; each unit is months or days or micros long. */
static weir_num add_units(struct sum *s, const struct amount *a, int64_t months, int64_t days,
                          int64_t micros) {
    __int128 sign = a->negative ? -1 : 1;
    __int128 fraction = (__int128)a->nanos; /* billionths of a unit */
    if (months) {
        s->months += sign * a->whole * months;
        if (fraction * months % 1000000000) return WEIR_NUM_LOSSY;
        s->months += sign * (fraction * months / 1000000000);
        return WEIR_NUM_OK;
    }
    int64_t length = days ? days * WEIR_US_PER_DAY : micros;
    __int128 rest = fraction * length;
    if (rest % 1000000000) return WEIR_NUM_LOSSY;
    rest /= 1000000000;
    if (days) {
        s->days += sign * (a->whole * (__int128)days + rest / WEIR_US_PER_DAY);
        s->micros += sign * (rest % WEIR_US_PER_DAY);
    } else {
        s->micros += sign * (a->whole * (__int128)micros + rest);
    }
    return WEIR_NUM_OK;
}

static weir_num finish(const struct sum *s, bool negate, weir_interval *out) {
    __int128 sign = negate ? -1 : 1, months = s->months * sign, days = s->days * sign,
             micros = s->micros * sign;
    if (months < INT32_MIN || months > INT32_MAX || days < INT32_MIN || days > INT32_MAX ||
        micros < INT64_MIN || micros > INT64_MAX)
        return WEIR_NUM_RANGE;
    out->months = (int32_t)months;
    out->days = (int32_t)days;
    out->micros = (int64_t)micros;
    return WEIR_NUM_OK;
}

/* P1Y2M3W4DT5H6M7.8S; each part may have its own sign. */
static weir_num parse_iso(struct cursor c, bool negate, weir_interval *out) {
    static const char date_units[] = "YMWD", time_units[] = "HMS";
    static const int64_t months[] = {12, 1, 0, 0}, days[] = {0, 0, 7, 1},
                         micros[] = {WEIR_US_PER_HOUR, WEIR_US_PER_MINUTE, WEIR_US_PER_SECOND};
    struct sum s = {0, 0, 0};
    bool in_time = false, any = false;
    size_t next = 0; /* units come in order, each at most once */
    while (c.p < c.end) {
        if (*c.p == 'T') {
            if (in_time) return WEIR_NUM_SYNTAX;
            in_time = true;
            any = false; /* T must be followed by something */
            next = 0;
            c.p++;
            continue;
        }
        struct amount a;
        weir_num r = read_amount(&c, &a);
        if (r != WEIR_NUM_OK) return r;
        if (c.p == c.end) return WEIR_NUM_SYNTAX;
        const char *units = in_time ? time_units : date_units;
        const char *unit = strchr(units + next, *c.p);
        if (!unit || !*unit) return WEIR_NUM_SYNTAX;
        size_t k = (size_t)(unit - units);
        r = in_time ? add_units(&s, &a, 0, 0, micros[k]) : add_units(&s, &a, months[k], days[k], 0);
        if (r != WEIR_NUM_OK) return r;
        next = k + 1;
        any = true;
        c.p++;
    }
    return any ? finish(&s, negate, out) : WEIR_NUM_SYNTAX;
}

struct unit {
    const char *name;
    int32_t months, days;
    int64_t micros;
};
static const struct unit units[] = {
    {"microsecond", 0, 0, 1},
    {"us", 0, 0, 1},
    {"usec", 0, 0, 1},
    {"millisecond", 0, 0, 1000},
    {"ms", 0, 0, 1000},
    {"msec", 0, 0, 1000},
    {"second", 0, 0, WEIR_US_PER_SECOND},
    {"sec", 0, 0, WEIR_US_PER_SECOND},
    {"s", 0, 0, WEIR_US_PER_SECOND},
    {"minute", 0, 0, WEIR_US_PER_MINUTE},
    {"min", 0, 0, WEIR_US_PER_MINUTE},
    {"m", 0, 0, WEIR_US_PER_MINUTE},
    {"hour", 0, 0, WEIR_US_PER_HOUR},
    {"hr", 0, 0, WEIR_US_PER_HOUR},
    {"h", 0, 0, WEIR_US_PER_HOUR},
    {"day", 0, 1, 0},
    {"d", 0, 1, 0},
    {"week", 0, 7, 0},
    {"w", 0, 7, 0},
    {"month", 1, 0, 0},
    {"mon", 1, 0, 0},
    {"quarter", 3, 0, 0},
    {"year", 12, 0, 0},
    {"yr", 12, 0, 0},
    {"y", 12, 0, 0},
    {"decade", 120, 0, 0},
    {"century", 1200, 0, 0},
    {"centurie", 1200, 0, 0},
    {"millennium", 12000, 0, 0},
    {"millennia", 12000, 0, 0},
};

/* A word of letters, in lower case and without a plural s. */
static bool read_word(struct cursor *c, char word[16]) {
    size_t n = 0;
    while (c->p < c->end && ((*c->p | 32) >= 'a' && (*c->p | 32) <= 'z')) {
        if (n == 15) return false;
        word[n++] = (char)(*c->p++ | 32);
    }
    word[n] = 0;
    return n != 0;
}

static const struct unit *find_unit(char word[16]) {
    for (int plural = 0; plural < 2; plural++) {
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (strcmp(word, units[i].name) == 0) return &units[i];
        size_t n = strlen(word);
        if (n < 3 || word[n - 1] != 's') return NULL;
        word[n - 1] = 0;
    }
    return NULL;
}

/* [-]h+:mm[:ss[.f]], a being the hours read so far. */
static weir_num read_clock(struct cursor *c, const struct amount *a, struct sum *s) {
    struct amount part;
    if (a->has_fraction) return WEIR_NUM_SYNTAX;
    weir_num r = add_units(s, a, 0, 0, WEIR_US_PER_HOUR);
    static const int64_t sizes[] = {WEIR_US_PER_MINUTE, WEIR_US_PER_SECOND};
    for (int k = 0; r == WEIR_NUM_OK && k < 2 && c->p < c->end && *c->p == ':'; k++) {
        const char *digits = ++c->p;
        if (c->end - digits < 2 || !is_digit(digits[0]) || !is_digit(digits[1]) ||
            (c->end - digits > 2 && is_digit(digits[2])))
            return WEIR_NUM_SYNTAX;
        r = read_amount(c, &part);
        if (r != WEIR_NUM_OK) return r;
        if (part.has_fraction && k == 0) return WEIR_NUM_SYNTAX;
        if (part.whole > 59) return WEIR_NUM_RANGE;
        part.negative = a->negative;
        r = add_units(s, &part, 0, 0, sizes[k]);
    }
    return r;
}

static weir_num parse_words(struct cursor c, weir_interval *out) {
    struct sum s = {0, 0, 0};
    bool any = false, clock = false, negate = false;
    skip_blanks(&c);
    if (c.p < c.end && *c.p == '@') c.p++;
    for (skip_blanks(&c); c.p < c.end; skip_blanks(&c)) {
        struct amount a;
        char word[16];
        if (any && (*c.p | 32) == 'a') { /* only "ago" may stand here, and only last */
            if (!read_word(&c, word) || strcmp(word, "ago") != 0) return WEIR_NUM_SYNTAX;
            skip_blanks(&c);
            if (c.p != c.end) return WEIR_NUM_SYNTAX;
            negate = true;
            break;
        }
        weir_num r = read_amount(&c, &a);
        if (r != WEIR_NUM_OK) return r;
        if (c.p < c.end && *c.p == ':') {
            if (clock) return WEIR_NUM_SYNTAX;
            clock = true;
            r = read_clock(&c, &a, &s);
        } else {
            skip_blanks(&c);
            const struct unit *u = read_word(&c, word) ? find_unit(word) : NULL;
            if (!u) return WEIR_NUM_SYNTAX;
            r = add_units(&s, &a, u->months, u->days, u->micros);
        }
        if (r != WEIR_NUM_OK) return r;
        if (c.p < c.end && *c.p != ' ' && *c.p != '\t' && !is_digit(*c.p) && *c.p != '-' &&
            *c.p != '+')
            return WEIR_NUM_SYNTAX;
        any = true;
    }
    return any ? finish(&s, negate, out) : WEIR_NUM_SYNTAX;
}

weir_num weir_interval_parse(const char *s, size_t n, weir_interval *out) {
    if (n == 0) return WEIR_NUM_EMPTY;
    if (n > 200) return WEIR_NUM_SYNTAX; /* keeps the sums far from overflow, too */
    struct cursor c = {s, s + n};
    bool negative = n > 1 && *s == '-' && s[1] == 'P';
    if (*s == 'P' || negative) {
        c.p += 1 + negative;
        return parse_iso(c, negative, out);
    }
    return parse_words(c, out);
}

/* ---- writing ------------------------------------------------------------------------------- */

static char *put_int(char *out, int64_t v) {
    return out + weir_num_format_int64(v, out);
}

static char *put_text(char *out, const char *s) {
    size_t n = strlen(s);
    memcpy(out, s, n);
    return out + n;
}

/* Seconds with as many decimals as they need. */
static char *put_fraction(char *out, uint64_t micros) {
    if (!micros) return out;
    *out++ = '.';
    out = weir_time_put_micros(out, (uint32_t)micros);
    while (out[-1] == '0') out--;
    return out;
}

static uint64_t magnitude(int64_t v) {
    return v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
}

size_t weir_interval_format(const weir_interval *v, char *out) {
    struct {
        int64_t value;
        const char *one, *many;
    } parts[3] = {{v->months / 12, " year", " years"},
                  {v->months % 12, " mon", " mons"},
                  {v->days, " day", " days"}};
    char *p = out;
    bool before_negative = false;
    for (int i = 0; i < 3; i++) {
        if (parts[i].value == 0) continue;
        if (p != out) *p++ = ' ';
        /* A sign is repeated only where it changes: '-1 days +02:00:00'. */
        if (before_negative && parts[i].value > 0) *p++ = '+';
        before_negative = parts[i].value < 0;
        p = put_int(p, parts[i].value);
        p = put_text(p, parts[i].value == 1 ? parts[i].one : parts[i].many);
    }
    if (v->micros || p == out) {
        uint64_t m = magnitude(v->micros), seconds = m / 1000000;
        if (p != out) *p++ = ' ';
        if (v->micros < 0)
            *p++ = '-';
        else if (before_negative)
            *p++ = '+';
        if (seconds / 3600 < 100)
            p = weir_put2(p, (unsigned)(seconds / 3600));
        else
            p += weir_num_format_uint64(seconds / 3600, p);
        *p++ = ':';
        p = weir_put2(p, (unsigned)(seconds / 60 % 60));
        *p++ = ':';
        p = weir_put2(p, (unsigned)(seconds % 60));
        p = put_fraction(p, m % 1000000);
    }
    return (size_t)(p - out);
}

size_t weir_interval_format_iso(const weir_interval *v, char *out) {
    char *p = out;
    *p++ = 'P';
    const struct {
        int64_t value;
        char unit;
    } date[3] = {{v->months / 12, 'Y'}, {v->months % 12, 'M'}, {v->days, 'D'}};
    for (int i = 0; i < 3; i++) {
        if (date[i].value == 0) continue;
        p = put_int(p, date[i].value);
        *p++ = date[i].unit;
    }
    if (v->micros || p == out + 1) {
        *p++ = 'T';
        int64_t hours = v->micros / WEIR_US_PER_HOUR,
                minutes = v->micros % WEIR_US_PER_HOUR / WEIR_US_PER_MINUTE;
        uint64_t rest = magnitude(v->micros % WEIR_US_PER_MINUTE);
        if (hours) {
            p = put_int(p, hours);
            *p++ = 'H';
        }
        if (minutes) {
            p = put_int(p, minutes);
            *p++ = 'M';
        }
        if (rest || v->micros == 0) {
            if (v->micros < 0) *p++ = '-';
            p = put_int(p, (int64_t)(rest / 1000000));
            p = put_fraction(p, rest % 1000000);
            *p++ = 'S';
        }
    }
    return (size_t)(p - out);
}

size_t weir_duration_format(int64_t us, char *out) {
    static const struct {
        uint64_t size;
        const char *name;
    } steps[] = {{3600000000u, "h"}, {60000000u, "m"}, {1000000u, "s"}, {1000u, "ms"}, {1u, "us"}};
    char *p = out;
    uint64_t rest = magnitude(us);
    if (us < 0) *p++ = '-';
    char *begin = p;
    for (size_t i = 0; i < 5; i++) {
        uint64_t count = rest / steps[i].size;
        if (!count) continue;
        rest %= steps[i].size;
        p += weir_num_format_uint64(count, p);
        p = put_text(p, steps[i].name);
    }
    if (p == begin) p = put_text(p, "0s");
    *p = 0;
    return (size_t)(p - out);
}
