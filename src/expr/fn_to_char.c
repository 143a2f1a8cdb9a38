/* to_char of dates and timestamps by PostgreSQL's patterns.  The pattern is a constant, taken apart
 * when the expression is bound. */
#include "expr/date_kernel.h"

typedef enum part_kind {
    P_TEXT, /* as it stands */
    P_YEAR_COMMA,
    P_YEAR,
    P_YEAR3,
    P_YEAR2,
    P_YEAR1,
    P_ISO_YEAR,
    P_ISO_YEAR3,
    P_ISO_YEAR2,
    P_ISO_YEAR1,
    P_CENTURY,
    P_QUARTER,
    P_MONTH,
    P_ROMAN,
    P_WEEK,
    P_MONTH_WEEK,
    P_ISO_WEEK,
    P_YEAR_DAY,
    P_ISO_YEAR_DAY,
    P_DAY,
    P_WEEKDAY,
    P_ISO_WEEKDAY,
    P_JULIAN,
    P_HOUR24,
    P_HOUR12,
    P_MINUTE,
    P_SECOND,
    P_SECONDS,
    P_FRACTION, /* width: digits */
    P_ZONE,
    P_OFFSET,
    P_OFFSET_HOUR,
    P_OFFSET_MINUTE,
    P_ERA,
    P_NOON,
    P_MONTH_NAME,
    P_DAY_NAME
} part_kind;

/* How a name is written. */
enum { AS_UPPER, AS_LOWER, AS_TITLE, DOTS = 4, SHORT = 8 };

typedef struct field {
    const char *text; /* upper case, or as written when exact */
    uint8_t kind, width;
    uint8_t style; /* of names */
    bool exact;    /* else all upper or all lower case */
} field;

/* Longer ones before those they begin with. */
static const field fields[] = {
    {"Y,YYY", P_YEAR_COMMA, 0, 0, false},
    {"YYYY", P_YEAR, 4, 0, false},
    {"YYY", P_YEAR3, 3, 0, false},
    {"YY", P_YEAR2, 2, 0, false},
    {"Y", P_YEAR1, 1, 0, false},
    {"IYYY", P_ISO_YEAR, 4, 0, false},
    {"IYY", P_ISO_YEAR3, 3, 0, false},
    {"IY", P_ISO_YEAR2, 2, 0, false},
    {"IDDD", P_ISO_YEAR_DAY, 3, 0, false},
    {"ID", P_ISO_WEEKDAY, 1, 0, false},
    {"IW", P_ISO_WEEK, 2, 0, false},
    {"I", P_ISO_YEAR1, 1, 0, false},
    {"CC", P_CENTURY, 2, 0, false},
    {"Q", P_QUARTER, 1, 0, false},
    {"MONTH", P_MONTH_NAME, 9, AS_UPPER, true},
    {"Month", P_MONTH_NAME, 9, AS_TITLE, true},
    {"month", P_MONTH_NAME, 9, AS_LOWER, true},
    {"MON", P_MONTH_NAME, 0, AS_UPPER | SHORT, true},
    {"Mon", P_MONTH_NAME, 0, AS_TITLE | SHORT, true},
    {"mon", P_MONTH_NAME, 0, AS_LOWER | SHORT, true},
    {"MM", P_MONTH, 2, 0, false},
    {"MI", P_MINUTE, 2, 0, false},
    {"MS", P_FRACTION, 3, 0, false},
    {"RM", P_ROMAN, 4, AS_UPPER, true},
    {"rm", P_ROMAN, 4, AS_LOWER, true},
    {"WW", P_WEEK, 2, 0, false},
    {"W", P_MONTH_WEEK, 1, 0, false},
    {"DAY", P_DAY_NAME, 9, AS_UPPER, true},
    {"Day", P_DAY_NAME, 9, AS_TITLE, true},
    {"day", P_DAY_NAME, 9, AS_LOWER, true},
    {"DY", P_DAY_NAME, 0, AS_UPPER | SHORT, true},
    {"Dy", P_DAY_NAME, 0, AS_TITLE | SHORT, true},
    {"dy", P_DAY_NAME, 0, AS_LOWER | SHORT, true},
    {"DDD", P_YEAR_DAY, 3, 0, false},
    {"DD", P_DAY, 2, 0, false},
    {"D", P_WEEKDAY, 1, 0, false},
    {"J", P_JULIAN, 0, 0, false},
    {"HH24", P_HOUR24, 2, 0, false},
    {"HH12", P_HOUR12, 2, 0, false},
    {"HH", P_HOUR12, 2, 0, false},
    {"SSSSS", P_SECONDS, 0, 0, false},
    {"SSSS", P_SECONDS, 0, 0, false},
    {"SS", P_SECOND, 2, 0, false},
    {"US", P_FRACTION, 6, 0, false},
    {"FF1", P_FRACTION, 1, 0, false},
    {"FF2", P_FRACTION, 2, 0, false},
    {"FF3", P_FRACTION, 3, 0, false},
    {"FF4", P_FRACTION, 4, 0, false},
    {"FF5", P_FRACTION, 5, 0, false},
    {"FF6", P_FRACTION, 6, 0, false},
    {"TZH", P_OFFSET_HOUR, 2, 0, false},
    {"TZM", P_OFFSET_MINUTE, 2, 0, false},
    {"TZ", P_ZONE, 0, AS_UPPER, true},
    {"tz", P_ZONE, 0, AS_LOWER, true},
    {"OF", P_OFFSET, 2, 0, false},
    {"A.M.", P_NOON, 0, AS_UPPER | DOTS, true},
    {"P.M.", P_NOON, 0, AS_UPPER | DOTS, true},
    {"a.m.", P_NOON, 0, AS_LOWER | DOTS, true},
    {"p.m.", P_NOON, 0, AS_LOWER | DOTS, true},
    {"AM", P_NOON, 0, AS_UPPER, true},
    {"PM", P_NOON, 0, AS_UPPER, true},
    {"am", P_NOON, 0, AS_LOWER, true},
    {"pm", P_NOON, 0, AS_LOWER, true},
    {"A.D.", P_ERA, 0, AS_UPPER | DOTS, true},
    {"B.C.", P_ERA, 0, AS_UPPER | DOTS, true},
    {"a.d.", P_ERA, 0, AS_LOWER | DOTS, true},
    {"b.c.", P_ERA, 0, AS_LOWER | DOTS, true},
    {"AD", P_ERA, 0, AS_UPPER, true},
    {"BC", P_ERA, 0, AS_UPPER, true},
    {"ad", P_ERA, 0, AS_LOWER, true},
    {"bc", P_ERA, 0, AS_LOWER, true},
};

typedef struct part {
    const field *field; /* NULL: text */
    weir_slice text;
    bool fill; /* FM: without padding */
    char th;   /* T: ordinal in capitals, t: in small letters */
} part;

typedef struct pattern {
    uint32_t n;
    size_t most; /* bytes of a result */
    part parts[];
} pattern;

/* ---- the pattern -------------------------------------------------------------------------------
 */

static bool begins(weir_slice f, size_t i, const char *word, bool exact) {
    size_t n = strlen(word);
    if (f.size - i < n) return false;
    if (memcmp(f.data + i, word, n) == 0) return true;
    if (exact) return false;
    for (size_t k = 0; k < n; k++) {
        char lower = word[k] >= 'A' && word[k] <= 'Z' ? (char)(word[k] + 32) : word[k];
        if (f.data[i + k] != lower) return false;
    }
    return true;
}

static const field *field_at(weir_slice f, size_t i) {
    for (size_t k = 0; k < sizeof fields / sizeof *fields; k++)
        if (begins(f, i, fields[k].text, fields[k].exact)) return &fields[k];
    return NULL;
}

static bool is_name(const field *f) {
    return f->kind >= P_ERA || f->kind == P_ROMAN || f->kind == P_ZONE || f->kind == P_OFFSET;
}

/* Text in double quotes from f[i] on, \ before what stands for itself; returns what lies behind. */
static size_t quoted(weir_slice f, size_t i, part *p, char *room) {
    size_t n = 0;
    for (i++; i < f.size && f.data[i] != '"'; i++) {
        if (f.data[i] == '\\' && i + 1 < f.size) i++;
        room[n++] = f.data[i];
    }
    p->text = (weir_slice){room, n};
    return i < f.size ? i + 1 : i;
}

static weir_status read_pattern(weir_prepare *p, weir_error *err) {
    weir_slice f;
    if (!weir_bound_text(p->args[1], &f)) {
        weir_expr_fault(err, p->args[1]->at->begin, "the pattern of to_char must be constant");
        weir_error_hint(err, "strftime takes a format that varies");
        return WEIR_USAGE;
    }
    if (f.size > 1024)
        return weir_expr_fault(err, p->args[1]->at->begin, "a pattern has at most 1024 bytes");
    pattern *made = weir_arena_zero(p->binder->arena, 1, sizeof *made + f.size * sizeof(part));
    char *room = weir_arena_alloc(p->binder->arena, f.size + 1);
    if (!made || !room) return weir_error_nomem(err);
    memcpy(room, f.data, f.size);
    for (size_t i = 0; i < f.size;) {
        part *one = &made->parts[made->n++];
        size_t begin = i;
        while (begins(f, i, "FM", false) || begins(f, i, "FX", false) ||
               begins(f, i, "TM", false)) {
            one->fill |= !begins(f, i, "FX", false);
            i += 2;
        }
        if (i >= f.size && i > begin) {
            made->n--;
            break;
        }
        one->field = field_at(f, i);
        if (one->field) {
            i += strlen(one->field->text);
            if (begins(f, i, "TH", true)) one->th = 'T';
            if (begins(f, i, "th", true)) one->th = 't';
            if (one->th) i += 2;
            if (is_name(one->field)) one->th = '\0';
            made->most += WEIR_ZONE_NAME_MAX + 8; /* no other field is longer */
        } else if (f.data[i] == '"') {
            i = quoted(f, i, one, room + i);
        } else {
            i += f.data[i] == '\\' && i + 1 < f.size && f.data[i + 1] == '"';
            one->text = (weir_slice){room + i++, 1};
        }
        made->most += one->text.size;
    }
    p->state = made;
    return WEIR_OK;
}

/* ---- values ------------------------------------------------------------------------------------
 */

typedef struct moment {
    weir_civil date;
    int32_t days, iso_year, offset;
    unsigned iso_week;
    int64_t us; /* of the day */
    const char *zone;
} moment;

static size_t put_number(const part *p, int64_t v, unsigned width, char *to) {
    char text[24];
    size_t at = sizeof text, n = 0;
    uint64_t u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    do text[--at] = (char)('0' + u % 10);
    while (u /= 10);
    while (!p->fill && sizeof text - at + (v < 0) < width) text[--at] = '0';
    if (v < 0) to[n++] = '-';
    memcpy(to + n, text + at, sizeof text - at);
    n += sizeof text - at;
    if (p->th) {
        u = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
        bool teen = u % 100 >= 11 && u % 100 <= 13;
        const char *end = teen          ? "th"
                          : u % 10 == 1 ? "st"
                          : u % 10 == 2 ? "nd"
                          : u % 10 == 3 ? "rd"
                                        : "th";
        for (int k = 0; k < 2; k++) to[n++] = (char)(p->th == 'T' ? end[k] - 32 : end[k]);
    }
    return n;
}

/* A name of capital and small letters in the style of the part, padded with blanks. */
static size_t put_name(const part *p, const char *name, char *to) {
    size_t n = strlen(name);
    unsigned style = p->field->style & 3;
    if (p->field->style & SHORT) n = 3;
    for (size_t i = 0; i < n; i++) {
        bool lower = name[i] >= 'a' && name[i] <= 'z', upper = name[i] >= 'A' && name[i] <= 'Z';
        to[i] = (char)(style == AS_UPPER && lower   ? name[i] - 32
                       : style == AS_LOWER && upper ? name[i] + 32
                                                    : name[i]);
    }
    while (!p->fill && n < p->field->width) to[n++] = ' ';
    return n;
}

static size_t put_offset(const part *p, const moment *m, char *to) {
    static const part two = {0};
    size_t n = 0;
    int32_t seconds = m->offset < 0 ? -m->offset : m->offset, minutes = seconds / 60 % 60;
    if (p->field->kind == P_OFFSET_MINUTE) return put_number(&two, minutes, 2, to);
    to[n++] = m->offset < 0 ? '-' : '+';
    n += put_number(p->field->kind == P_OFFSET ? p : &two, seconds / 3600, 2, to + n);
    if (p->field->kind == P_OFFSET && minutes) {
        to[n++] = ':';
        n += put_number(&two, minutes, 2, to + n);
    }
    return n;
}

static size_t put_word(const part *p, const moment *m, char *to) {
    static const char *const months[] = {"January",   "February", "March",    "April",
                                         "May",       "June",     "July",     "August",
                                         "September", "October",  "November", "December"};
    static const char *const days[] = {"Monday", "Tuesday",  "Wednesday", "Thursday",
                                       "Friday", "Saturday", "Sunday"};
    static const char *const roman[] = {"I",   "II",   "III", "IV", "V",  "VI",
                                        "VII", "VIII", "IX",  "X",  "XI", "XII"};
    bool dots = p->field->style & DOTS;
    switch (p->field->kind) {
    case P_MONTH_NAME: return put_name(p, months[m->date.month - 1], to);
    case P_DAY_NAME: return put_name(p, days[weir_date_weekday(m->days) - 1], to);
    case P_ROMAN: return put_name(p, roman[m->date.month - 1], to);
    case P_ZONE: return put_name(p, m->zone, to);
    case P_ERA:
        if (m->date.year <= 0) return put_name(p, dots ? "B.C." : "BC", to);
        return put_name(p, dots ? "A.D." : "AD", to);
    case P_NOON:
        if (m->us < 12 * WEIR_US_PER_HOUR) return put_name(p, dots ? "A.M." : "AM", to);
        return put_name(p, dots ? "P.M." : "PM", to);
    default: return put_offset(p, m, to);
    }
}

/* The number of a field that is one. */
static int64_t value_of(const part *p, const moment *m) {
    static const int64_t units[] = {1000000, 100000, 10000, 1000, 100, 10, 1};
    int64_t year = m->date.year, iso_year = m->iso_year;
    int64_t shown = year <= 0 ? 1 - year : year, iso = iso_year <= 0 ? 1 - iso_year : iso_year;
    int64_t hour = m->us / WEIR_US_PER_HOUR;
    unsigned weekday = weir_date_weekday(m->days);
    switch (p->field->kind) {
    case P_YEAR: return shown;
    case P_YEAR3: return shown % 1000;
    case P_YEAR2: return shown % 100;
    case P_YEAR1: return shown % 10;
    case P_ISO_YEAR: return iso;
    case P_ISO_YEAR3: return iso % 1000;
    case P_ISO_YEAR2: return iso % 100;
    case P_ISO_YEAR1: return iso % 10;
    case P_CENTURY: return year > 0 ? (year + 99) / 100 : year / 100 - 1;
    case P_QUARTER: return (m->date.month - 1) / 3 + 1;
    case P_MONTH: return m->date.month;
    case P_WEEK: return (weir_date_year_day(m->days) - 1) / 7 + 1;
    case P_MONTH_WEEK: return (m->date.day - 1) / 7 + 1;
    case P_ISO_WEEK: return m->iso_week;
    case P_YEAR_DAY: return weir_date_year_day(m->days);
    case P_ISO_YEAR_DAY: return ((int64_t)m->iso_week - 1) * 7 + weekday;
    case P_DAY: return m->date.day;
    case P_WEEKDAY: return weekday % 7 + 1;
    case P_ISO_WEEKDAY: return weekday;
    case P_JULIAN: return (int64_t)m->days + 2440588;
    case P_HOUR24: return hour;
    case P_HOUR12: return hour % 12 ? hour % 12 : 12;
    case P_MINUTE: return m->us / WEIR_US_PER_MINUTE % 60;
    case P_SECOND: return m->us / WEIR_US_PER_SECOND % 60;
    case P_SECONDS: return m->us / WEIR_US_PER_SECOND;
    default: return m->us % WEIR_US_PER_SECOND / units[p->field->width];
    }
}

static size_t put_part(const part *p, const moment *m, char *to) {
    part plain = *p;
    if (is_name(p->field) || p->field->kind == P_OFFSET_HOUR || p->field->kind == P_OFFSET_MINUTE)
        return put_word(p, m, to);
    if (p->field->kind == P_YEAR_COMMA) {
        int64_t year = m->date.year <= 0 ? 1 - (int64_t)m->date.year : m->date.year;
        plain.th = '\0';
        size_t n = put_number(&plain, year / 1000, 1, to);
        to[n++] = ',';
        plain = *p;
        plain.fill = false;
        return n + put_number(&plain, year % 1000, 3, to + n);
    }
    if (p->field->kind == P_FRACTION) plain.fill = false; /* zeros behind the point count */
    return put_number(&plain, value_of(p, m), p->field->width, to);
}

static weir_status fn_to_char(weir_call *call, weir_column *out, weir_error *err) {
    const pattern *f = call->state;
    weir_text_out t = weir_text_out_of(call, out);
    weir_stamp_arg a;
    weir_status status = weir_stamp_arg_of(call->args[0], &a, err);
    if (status != WEIR_OK) return status;
    WEIR_EACH_ROW(row) {
        moment m = {.zone = ""};
        char *room = NULL;
        size_t n = 0;
        if (a.days) { /* a date may lie beyond the timestamps */
            m.days = a.days[row & a.mask];
        } else {
            int64_t utc = weir_stamp_at(&a, row), local = weir_stamp_local(&a, row);
            m.days = weir_timestamp_split(local, &m.us);
            m.offset = (int32_t)((local - utc) / WEIR_US_PER_SECOND);
        }
        m.date = weir_date_to_civil(m.days);
        weir_date_iso_week(m.days, &m.iso_year, &m.iso_week);
        if (a.zoned) m.zone = a.zone.abbreviation ? a.zone.abbreviation : "UTC";
        WEIR_TRY(weir_text_room(&t, f->most, &room, err));
        for (uint32_t i = 0; i < f->n; i++) {
            const part *p = &f->parts[i];
            if (p->field) {
                n += put_part(p, &m, room + n);
            } else {
                memcpy(room + n, p->text.data, p->text.size);
                n += p->text.size;
            }
        }
        weir_text_commit(&t, row, n);
    }
out:
    return status;
}

const weir_function weir_functions_to_char[] = {
    {{"to_char", "", "to_char(x date|timestamp|timestamptz|number, pattern string) -> string",
      "date", 0,
      "written by a pattern of PostgreSQL: YYYY MM DD HH24 MI SS MS Mon Day Q IW ..., \"text\", "
      "FM; "
      "of a number 9 0 . , D G S MI PR FM",
      "to_char(timestamp '2024-03-09 17:45:00', 'Dy, FMDDth FMMonth YYYY HH12:MI PM')",
      "Sat, 9th March 2024 05:45 PM", "does not exist"},
     {{"Ds", 's', 0, fn_to_char, read_pattern},
      {"ns", 's', WEIR_K_CAN_FAIL, fn_to_char, weir_bind_number_pattern}}},
    {.info = {.name = NULL}}};
