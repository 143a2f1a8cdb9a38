/* What the records of a text are: lines in front of the table, its header, units, the records, and
 * where a second table begins.  Each guess needs a reason to differ from "the first record names
 * the columns and all others are data". */
#include "format/csv_sniff.h"

#define BODY_RECORDS 300u /* that tell the kinds of the columns */
#define COLUMNS 4096u     /* that are looked at */
#define ODD_RECORDS 2u    /* of one width that has not the header's: no fault of one record */
#define PADDED_RECORDS 4u /* many of which end early: no faults */
#define TITLES 10u        /* records in front of a header that may be titles */

/* The cells of one record. */
typedef struct row {
    uint32_t n, filled; /* cells; those that are not empty */
    bool colon;         /* the first one ends with a colon */
    weir_csv_kind kind[COLUMNS];
} row;

typedef struct shape {
    weir_csv_sample *s;
    weir_csv_found *found;
    const weir_read_request *request;
    const weir_csv_read_config *config;
    size_t head; /* record that may be the header */
    bool odd;    /* it is none, and has another width than the others */
    row first, second, body;
    weir_slice cells[COLUMNS]; /* of the head */
    bool again[COLUMNS];       /* which of them stand below it, too */
} shape;

static const weir_csv_record *record(const shape *f, size_t i) {
    return &f->s->records[i];
}

/* The next record from i on that is neither blank nor a comment; s->n = none. */
static size_t real_from(const shape *f, size_t i) {
    while (i < f->s->n && !record(f, i)->fields) i++;
    return i;
}

static weir_status read_row(const shape *f, size_t i, row *out, weir_error *err) {
    const weir_csv_record *r = record(f, i);
    uint32_t n;
    memset(out, 0, sizeof *out);
    weir_status status = weir_csv_sample_fields(f->s, r, &n, err);
    if (status != WEIR_OK) return status;
    out->n = n < COLUMNS ? n : COLUMNS;
    for (uint32_t k = 0; k < out->n; k++) {
        bool quoted;
        weir_slice text = weir_csv_sample_field(f->s, r, k, &quoted);
        out->kind[k] = weir_csv_kind_of(text);
        text = weir_csv_trim(text);
        out->filled += text.size != 0;
        if (k == 0) out->colon = text.size > 1 && text.data[text.size - 1] == ':';
    }
    return WEIR_OK;
}

/* The kinds that the columns have in records from i on. */
static weir_status read_body(const shape *f, size_t i, row *body, row *buffer, weir_error *err) {
    uint32_t seen = 0;
    memset(body, 0, sizeof *body);
    for (i = real_from(f, i); i < f->s->n && seen < BODY_RECORDS; i = real_from(f, i + 1)) {
        const weir_csv_record *r = record(f, i);
        if (r->fields != f->found->width || r->flawed) continue;
        weir_status status = read_row(f, i, buffer, err);
        if (status != WEIR_OK) return status;
        body->n = buffer->n;
        for (uint32_t k = 0; k < buffer->n; k++) {
            if (buffer->kind[k] == WEIR_CSV_EMPTY) continue;
            bool same = body->kind[k] == WEIR_CSV_EMPTY || body->kind[k] == buffer->kind[k];
            body->kind[k] = same ? buffer->kind[k] : WEIR_CSV_TEXT;
        }
        seen++;
    }
    body->filled = seen;
    return WEIR_OK;
}

static bool all_text(const row *r) {
    for (uint32_t k = 0; k < r->n; k++)
        if (r->kind[k] != WEIR_CSV_TEXT) return false;
    return r->n > 0;
}

/* ---- in front of the table ----------------------------------------------------------------- */

static bool adjacent(const shape *f, size_t before, size_t i) {
    for (size_t k = before + 1; k < i; k++)
        if (!record(f, k)->comment) return false;
    return true;
}

/* Whether record i are names over columns of which one at least is not text. */
static weir_status names_columns(shape *f, size_t i, bool *out, weir_error *err) {
    weir_status status = read_body(f, i + 1, &f->body, &f->first, err);
    *out = false;
    if (status == WEIR_OK) status = read_row(f, i, &f->first, err);
    if (status != WEIR_OK || !all_text(&f->first)) return status;
    for (uint32_t k = 0; k < f->body.n; k++)
        *out |= f->body.kind[k] != WEIR_CSV_TEXT && f->body.kind[k] != WEIR_CSV_EMPTY;
    return status;
}

/* The record in front of the first usual one may be a header of another width. */
static weir_status odd_header(shape *f, size_t first, size_t usual, size_t *out, weir_error *err) {
    uint32_t width = f->found->width;
    size_t before = usual;
    while (before > first && !record(f, --before)->fields) {
    }
    const weir_csv_record *r = record(f, before);
    if (r->flawed || !adjacent(f, before, usual)) return WEIR_OK;
    bool wider = r->fields > width, near = r->fields + 1 == width && r->fields > 1;
    bool narrow = r->fields > 1 && r->fields < width && before == first;
    if (!wider && !near && !narrow) return WEIR_OK;
    weir_status status = WEIR_OK;
    bool better = false;
    if (!wider) WEIR_TRY(names_columns(f, usual, &better, err));
    if (better) return WEIR_OK;
    WEIR_TRY(read_row(f, before, &f->first, err));
    row *b = &f->first;
    /* Names, at most with blanks behind them; where there are more of them than cells, between. */
    while (b->n && b->kind[b->n - 1] == WEIR_CSV_EMPTY) b->n--;
    for (uint32_t k = 1; wider && k < b->n; k++)
        if (b->kind[k] == WEIR_CSV_EMPTY && b->filled * 2 > b->n) b->kind[k] = WEIR_CSV_TEXT;
    if (all_text(b)) *out = before;
out:
    return status;
}

static bool blank_above(const shape *f, size_t i) {
    return i > 0 && !record(f, i - 1)->fields && !record(f, i - 1)->comment;
}

/* A name and a value in the first two of three cells or more. */
static bool is_pair(const row *r) {
    return r->n >= 3 && r->filled == 2 && r->kind[0] == WEIR_CSV_TEXT &&
           r->kind[1] != WEIR_CSV_EMPTY;
}

/* Titles that have the width of the table: at most one cell is filled, and a row of names follows.
 * Pairs of a name and a value may stand among them where the names leave no doubt; pairs in three
 * cells, to which many a record is alike, with a colon or above a blank line. */
static weir_status pass_titles(shape *f, size_t *head, weir_error *err) {
    size_t at = *head;
    bool pairs = false, weak = false;
    for (uint32_t n = 0; n < TITLES && at < f->s->n; n++) {
        weir_status status = read_row(f, at, &f->first, err);
        if (status != WEIR_OK) return status;
        const row *r = &f->first;
        if (r->n < 3 || record(f, at)->flawed || record(f, at)->fields != f->found->width)
            return WEIR_OK;
        bool blank = r->filled == 0, pair = is_pair(r);
        if (r->filled > 1 && !pair) {
            bool names = r->filled * 2 >= r->n && real_from(f, at + 1) < f->s->n;
            for (uint32_t k = 0; k < r->n; k++)
                names = names && (r->kind[k] == WEIR_CSV_TEXT || r->kind[k] == WEIR_CSV_EMPTY);
            if (names && pairs) {
                names = r->filled * 5 >= r->n * 4 && (!weak || blank_above(f, at));
                if (names) status = names_columns(f, at, &names, err);
            }
            if (names) *head = at;
            return status;
        }
        pairs |= pair;
        weak |= pair && r->n == 3 && !r->colon;
        at = real_from(f, at + 1);
        if (blank && at < f->s->n && *head + 1 >= at) *head = at;
    }
    return WEIR_OK;
}

/* Whether the one record in front is no title but lacks fields, or has too many: its width comes
 * again, or it has numbers and times where the others have them.  Then no names follow it. */
static weir_status is_odd_record(shape *f, size_t first, size_t usual, bool *out, weir_error *err) {
    const weir_csv_record *r = record(f, first);
    bool names = false;
    *out = false;
    if (r->fields < 2 || r->flawed || real_from(f, first + 1) != usual) return WEIR_OK;
    if (!adjacent(f, first, usual)) return WEIR_OK;
    weir_status status = names_columns(f, usual, &names, err);
    if (status != WEIR_OK || names) return status;
    for (size_t i = usual + 1; i < f->s->n && !*out; i++) *out = record(f, i)->fields == r->fields;
    WEIR_TRY(read_body(f, usual, &f->body, &f->first, err));
    WEIR_TRY(read_row(f, first, &f->first, err));
    for (uint32_t k = 0; k < f->first.n && k < f->body.n; k++) {
        weir_csv_kind kind = f->first.kind[k];
        *out |= kind != WEIR_CSV_TEXT && kind != WEIR_CSV_EMPTY && kind == f->body.kind[k];
    }
out:
    return status;
}

/* Finds the first record of the table. */
static weir_status find_head(shape *f, weir_error *err) {
    size_t first = real_from(f, 0), usual = first;
    uint32_t width = f->found->width;
    weir_status status = WEIR_OK;
    f->head = first;
    if (first == f->s->n) return WEIR_OK;
    while (usual < f->s->n && (record(f, usual)->fields != width || record(f, usual)->flawed))
        usual = real_from(f, usual + 1);
    if (usual == f->s->n) return WEIR_OK;
    size_t head = usual;
    if (usual > first) WEIR_TRY(odd_header(f, first, usual, &head, err));
    if (f->config->skip != WEIR_CSV_FIND) {
        /* What is in front is declared: the first record is the header, whatever its width. */
        return WEIR_OK;
    }
    if (head == usual && usual > first && record(f, first)->fields > width &&
        !record(f, first)->flawed) {
        /* No title has more fields than the table: it is the header, or a record. */
        WEIR_TRY(read_row(f, first, &f->first, err));
        f->odd = !all_text(&f->first);
        return WEIR_OK;
    }
    if (head == usual && usual > first) {
        WEIR_TRY(is_odd_record(f, first, usual, &f->odd, err));
        if (f->odd) return WEIR_OK;
    }
    if (head == usual) WEIR_TRY(pass_titles(f, &head, err));
    f->head = head;
    if (head > first) f->found->skip = record(f, head)->line;
out:
    return status;
}

/* ---- the header ---------------------------------------------------------------------------- */

/* Whether a declared column stands in the record. */
static weir_status has_declared(const shape *f, bool *out, weir_error *err) {
    const weir_opt_columns *columns = f->request->columns;
    const weir_csv_record *r = record(f, f->head);
    uint32_t n;
    weir_status status = weir_csv_sample_fields(f->s, r, &n, err);
    *out = false;
    if (status != WEIR_OK || !columns) return status;
    for (uint32_t k = 0; k < n && !*out; k++) {
        bool quoted;
        weir_slice text = weir_csv_sample_field(f->s, r, k, &quoted);
        for (size_t i = 0; i < columns->n && !*out; i++) {
            const weir_opt_column *c = &columns->items[i];
            if (weir_slice_is(text, c->from ? c->from : c->name)) *out = true;
        }
    }
    return WEIR_OK;
}

/* Years, or the like, side by side: numbers that differ by one step, in two cells or more. */
static weir_status is_series(const shape *f, size_t i, bool *out, weir_error *err) {
    const weir_csv_record *r = record(f, i);
    int64_t last = 0, step = 0;
    uint32_t n, count = 0;
    weir_status status = weir_csv_sample_fields(f->s, r, &n, err);
    *out = false;
    if (status != WEIR_OK) return status;
    for (uint32_t k = 0; k < n; k++) {
        bool quoted;
        int64_t v;
        weir_slice text = weir_csv_trim(weir_csv_sample_field(f->s, r, k, &quoted));
        if (!weir_csv_small_number(text, &v)) {
            weir_csv_kind kind = weir_csv_kind_of(text);
            if ((kind == WEIR_CSV_TEXT && !count) || kind == WEIR_CSV_EMPTY) continue;
            return WEIR_OK;
        }
        if (v < 1500 || v > 2200) return WEIR_OK;
        if (count == 1) step = v - last;
        if (count && (v - last != step || step == 0)) return WEIR_OK;
        last = v;
        count++;
    }
    *out = count >= 2;
    return WEIR_OK;
}

/* Whether the head is a record as others are, in columns of text: it stands there again and again,
 * or each of its several cells does, or one is an address as the next one is.  (Headers that come
 * again with every page are rarer.) */
static weir_status stands_below(shape *f, bool *out, weir_error *err) {
    uint32_t n, seen = 0, same = 0, count = 0, filled = 0;
    bool quoted, address = false;
    weir_status status = weir_csv_sample_fields(f->s, record(f, f->head), &n, err);
    *out = false;
    if (status != WEIR_OK) return status;
    uint32_t width = n < COLUMNS ? n : COLUMNS;
    for (uint32_t k = 0; k < width; k++) {
        f->cells[k] = weir_csv_sample_field(f->s, record(f, f->head), k, &quoted);
        f->again[k] = false;
        filled += f->cells[k].size != 0;
    }
    for (size_t i = real_from(f, f->head + 1); i < f->s->n && seen < BODY_RECORDS;
         i = real_from(f, i + 1)) {
        const weir_csv_record *r = record(f, i);
        if (r->fields != f->found->width || r->flawed) continue;
        WEIR_TRY(weir_csv_sample_fields(f->s, r, &n, err));
        bool all = true;
        for (uint32_t k = 0; seen == 0 && k < width && k < n; k++)
            address |= weir_csv_is_address(f->cells[k]) &&
                       weir_csv_is_address(weir_csv_sample_field(f->s, r, k, &quoted));
        for (int round = 0; round < 2; round++)
            for (uint32_t k = 0; k < width && k < n; k++) {
                weir_slice c = weir_csv_sample_field(f->s, r, k, &quoted);
                bool equal =
                    c.size == f->cells[k].size && memcmp(c.data, f->cells[k].data, c.size) == 0;
                if (round == 0)
                    all = all && equal;
                else if (!all)
                    f->again[k] |= equal && c.size;
            }
        same += all;
        seen++;
    }
    for (uint32_t k = 0; k < width; k++) count += f->again[k];
    *out = address || (same >= 2 && same * 10 >= seen) || (filled >= 2 && count == filled);
out:
    return status;
}

/* Whether the comment above the first record names the columns: then no record does. */
static bool named_above(const shape *f) {
    const weir_csv_dialect *d = f->s->dialect;
    uint32_t fields = 1, width = f->found->width;
    if (f->head == 0 || !record(f, f->head - 1)->comment || !strchr("\t;|", d->delimiter))
        return false;
    const weir_csv_record *r = record(f, f->head - 1);
    for (uint32_t i = r->begin; i < r->end; i++) fields += f->s->data[i] == d->delimiter;
    return width > 1 && fields >= width;
}

static weir_status is_header(shape *f, bool *out, weir_error *err) {
    const row *h = &f->first, *b = &f->body;
    uint32_t n = h->n < b->n ? h->n : b->n, typed = 0, other = 0, agree = 0;
    bool series = false, series_below = false;
    weir_status status = has_declared(f, out, err);
    if (status != WEIR_OK || *out || f->odd || named_above(f)) return status;
    if (record(f, f->head)->fields != f->found->width) {
        *out = true;
        return WEIR_OK;
    }
    if (b->filled == 0) { /* the only record */
        *out = true;
        for (uint32_t k = 0; k < h->n; k++)
            if (h->kind[k] != WEIR_CSV_TEXT && h->kind[k] != WEIR_CSV_EMPTY) *out = false;
        if (h->n > 1 && h->kind[h->n - 1] == WEIR_CSV_EMPTY) *out = false;
        return WEIR_OK;
    }
    for (uint32_t k = 0; k < n; k++) {
        if (b->kind[k] == WEIR_CSV_TEXT || b->kind[k] == WEIR_CSV_EMPTY) continue;
        typed++;
        other += h->kind[k] != b->kind[k] && h->kind[k] != WEIR_CSV_EMPTY;
        agree += h->kind[k] == b->kind[k];
    }
    if (!typed) {
        status = stands_below(f, out, err);
        *out = !*out;
        return status;
    }
    f->found->contrast = other != 0;
    *out = other || !agree;
    if (*out) return WEIR_OK;
    status = is_series(f, f->head, &series, err);
    size_t below = real_from(f, f->head + 1);
    if (status == WEIR_OK && series && below < f->s->n)
        status = is_series(f, below, &series_below, err);
    *out = series && !series_below;
    return status;
}

/* ---- below the header ---------------------------------------------------------------------- */

static bool is_unit(weir_slice s) {
    static const char *const units[] = {
        "%",     "m",     "km",   "cm",  "mm",  "kg",  "g",    "mg",   "lb",   "lbs",
        "s",     "sec",   "ms",   "min", "h",   "hr",  "hrs",  "d",    "days", "usd",
        "eur",   "gbp",   "$",    "c",   "f",   "k",   "degc", "degf", "kpa",  "hpa",
        "pa",    "bar",   "psi",  "w",   "kw",  "mw",  "kwh",  "mwh",  "v",    "mv",
        "a",     "ma",    "hz",   "khz", "mhz", "n",   "j",    "kj",   "l",    "ml",
        "units", "count", "km/h", "mph", "m/s", "deg", "utc",  "gmt",  "date", "ug/m3",
        "mg/l",  "in",    "ft",   "m2",  "m3",  "ppm", "ppb",  NULL};
    s = weir_csv_trim(s);
    if (s.size > 2 && ((s.data[0] == '(' && s.data[s.size - 1] == ')') ||
                       (s.data[0] == '[' && s.data[s.size - 1] == ']')))
        return true;
    for (size_t i = 0; units[i]; i++) {
        bool same = strlen(units[i]) == s.size;
        for (size_t k = 0; same && k < s.size; k++) {
            char c = s.data[k];
            same = (c >= 'A' && c <= 'Z' ? (char)(c + 32) : c) == units[i][k];
        }
        if (same) return true;
    }
    /* a degree sign, a micro sign */
    return s.size >= 2 && s.size <= 8 &&
           (memcmp(s.data, "\xC2\xB0", 2) == 0 || memcmp(s.data, "\xC2\xB5", 2) == 0);
}

/* Whether the record holds units over the columns that are not text, and nothing else there. */
static weir_status all_units(const shape *f, size_t i, bool *out, weir_error *err) {
    const weir_csv_record *r = record(f, i);
    uint32_t n, units = 0;
    weir_status status = weir_csv_sample_fields(f->s, r, &n, err);
    *out = status == WEIR_OK;
    for (uint32_t k = 0; *out && k < n && k < f->body.n; k++) {
        bool quoted, unit;
        weir_slice text = weir_csv_trim(weir_csv_sample_field(f->s, r, k, &quoted));
        bool free = f->body.kind[k] == WEIR_CSV_TEXT || f->body.kind[k] == WEIR_CSV_EMPTY;
        unit = is_unit(text);
        units += unit;
        *out = text.size == 0 || unit || (free && n > 2);
    }
    *out = *out && units;
    return status;
}

/* What record i, which stands below the header, may be: names that the header lacks, or units. */
typedef struct below_header {
    bool names, units;
} below_header;

static weir_status look_at(shape *f, size_t i, below_header *out, weir_error *err) {
    const row *h = &f->first, *r = &f->second, *b = &f->body;
    uint32_t against = 0, under_blank = 0;
    *out = (below_header){0};
    weir_status status = read_row(f, i, &f->second, err);
    if (status != WEIR_OK || b->filled < 1) return status;
    for (uint32_t k = 0; k < r->n && k < b->n; k++) {
        if (r->kind[k] != WEIR_CSV_TEXT && r->kind[k] != WEIR_CSV_EMPTY) return WEIR_OK;
        bool typed = b->kind[k] != WEIR_CSV_TEXT && b->kind[k] != WEIR_CSV_EMPTY;
        against += typed && r->kind[k] == WEIR_CSV_TEXT;
        under_blank += k < h->n && h->kind[k] == WEIR_CSV_EMPTY && r->kind[k] == WEIR_CSV_TEXT;
    }
    if (!against) return WEIR_OK;
    status = all_units(f, i, &out->units, err);
    out->names = !out->units && under_blank;
    return status;
}

/* Looks at the records behind the header: more names under merged cells, units, or both. */
static weir_status look_below(shape *f, size_t below, size_t behind, weir_error *err) {
    const bool find = f->config->header == WEIR_CSV_FIND;
    const bool units = f->config->units == WEIR_CSV_FIND && (find || f->found->header);
    size_t next = real_from(f, behind + 1);
    below_header is = {0}, then = {0};
    weir_status status = WEIR_OK;
    if (f->body.filled >= 2) WEIR_TRY(look_at(f, below, &is, err));
    if (!is.names && !is.units && find && units && next < f->s->n &&
        record(f, next)->fields == f->found->width && !record(f, behind)->flawed) {
        WEIR_TRY(read_body(f, next, &f->body, &f->second, err));
        WEIR_TRY(look_at(f, behind, &then, err));
        if (then.units) WEIR_TRY(look_at(f, below, &is, err));
        if (!then.units || !is.names) return WEIR_OK;
        f->found->units = 1;
    }
    if (is.units && units) {
        f->found->units = 1;
        if (find) f->found->header = 1;
    }
    if (is.names && find) f->found->header = 2;
out:
    return status;
}

static weir_status find_header(shape *f, weir_error *err) {
    weir_status status = WEIR_OK;
    size_t below = f->head < f->s->n ? real_from(f, f->head + 1) : f->s->n;
    size_t behind = below < f->s->n ? real_from(f, below + 1) : f->s->n;
    bool third = behind < f->s->n && record(f, behind)->fields == f->found->width;
    bool header = true;
    if (f->config->header != WEIR_CSV_FIND) f->found->header = (uint32_t)f->config->header;
    if (f->config->units != WEIR_CSV_FIND) f->found->units = (uint32_t)f->config->units;
    if (f->head == f->s->n) {
        if (f->config->header == WEIR_CSV_FIND) f->found->header = 1;
        return WEIR_OK;
    }
    WEIR_TRY(read_body(f, below, &f->body, &f->second, err));
    WEIR_TRY(read_row(f, f->head, &f->first, err));
    if (f->config->header == WEIR_CSV_FIND) {
        WEIR_TRY(is_header(f, &header, err));
        f->found->header = header;
    }
    bool usual = below < f->s->n && record(f, below)->fields == f->found->width &&
                 adjacent(f, f->head, below);
    if (f->found->header <= 1 && third && usual && !record(f, below)->flawed) {
        WEIR_TRY(read_body(f, behind, &f->body, &f->second, err));
        WEIR_TRY(look_below(f, below, behind, err));
    }
out:
    return status;
}

/* ---- rows against the header --------------------------------------------------------------- */

/* The header has another width than its records: row names in front, or something missing. */
static weir_status fit_widths(shape *f, weir_error *err) {
    uint32_t names = f->head < f->s->n ? record(f, f->head)->fields : 0;
    uint32_t width = f->found->width, seen = 0, last_filled = 0;
    weir_status status = WEIR_OK;
    if (f->config->header != WEIR_CSV_FIND) return WEIR_OK;
    if (!f->found->header || names == width || width == 0) return WEIR_OK;
    for (size_t i = real_from(f, f->head + 1); i < f->s->n && seen < BODY_RECORDS;
         i = real_from(f, i + 1)) {
        const weir_csv_record *r = record(f, i);
        uint32_t n;
        if (r->fields != width || r->flawed) continue;
        WEIR_TRY(weir_csv_sample_fields(f->s, r, &n, err));
        bool quoted;
        weir_slice last = weir_csv_sample_field(f->s, r, width - 1, &quoted);
        last_filled += last.size || quoted;
        seen++;
    }
    if (seen < ODD_RECORDS) return WEIR_OK;
    while (names > width && names <= f->first.n && f->first.kind[names - 1] == WEIR_CSV_EMPTY)
        names--;
    if (names == width) return WEIR_OK; /* blank names behind the last column */
    if (names > width) {
        f->found->dialect.ragged |= WEIR_CSV_PAD; /* all records are short */
        f->found->width = names;
    } else if (names + 1 == width && !last_filled) {
        f->found->width = names; /* a delimiter at the end of each line */
    } else if (names + 1 == width) {
        f->found->index_first = true;
    }
out:
    return status;
}

/* Records that end early, as some programs leave out empty cells at the end: where most do, and
 * none has too many fields, that is the rule of the file. */
static void pad_short(shape *f) {
    uint32_t width = f->found->width, narrow = 0, exact = 0;
    if (f->config->header != WEIR_CSV_FIND || width < 2) return;
    for (size_t i = f->head + (f->found->header != 0); i < f->s->n; i++) {
        const weir_csv_record *r = record(f, i);
        if (!r->fields) continue;
        if (r->flawed || r->fields > width) return;
        narrow += r->fields < width;
        exact += r->fields == width;
    }
    bool many = narrow >= PADDED_RECORDS - 1 && narrow >= exact / 3;
    bool most = narrow > exact && narrow + exact >= PADDED_RECORDS;
    if (narrow >= ODD_RECORDS && (!exact || many || most)) f->found->dialect.ragged |= WEIR_CSV_PAD;
}

/* Without a header: where many records have one field more than most have, the last column is one
 * that most leave out. */
static void widen(shape *f) {
    uint32_t width = f->found->width, usual = 0, wider = 0;
    if (f->config->header != WEIR_CSV_FIND || f->found->header || width < 2) return;
    for (size_t i = f->head; i < f->s->n; i++) {
        const weir_csv_record *r = record(f, i);
        if (!r->fields) continue;
        if (r->flawed || r->fields < width || r->fields > width + 1) return;
        usual += r->fields == width;
        wider += r->fields > width;
    }
    if (wider < PADDED_RECORDS || wider < usual / 3) return;
    f->found->width = width + 1;
    f->found->dialect.ragged |= WEIR_CSV_PAD;
}

/* ---- a second table ------------------------------------------------------------------------ */

static weir_status two_tables(const weir_csv_record *r, uint32_t width, const char *name,
                              weir_error *err) {
    weir_error_set(err, WEIR_DATA, "a second table begins at line %u: %u fields a record, not %u",
                   r->line + 1, r->fields, width);
    weir_error_hint(err,
                    "a source is one table: read the first with skip_footer: N, the second with "
                    "skip: %u",
                    r->line);
    weir_error_at(err, name, (int64_t)r->line + 1, 0);
    return WEIR_DATA;
}

/* Behind the table: a blank line, records of another width, and none of the table's any more. */
static weir_status find_second(const shape *f, const char *name, weir_error *err) {
    const weir_csv_sample *s = f->s;
    uint32_t width = f->found->width;
    size_t rows = 0;
    for (size_t i = f->head + 1; i + 1 < s->n; i++) {
        const weir_csv_record *r = record(f, i);
        rows += r->fields == width;
        if (!rows || !blank_above(f, i) || r->fields < 2 || r->fields == width) continue;
        size_t same = 0, usual = 0;
        for (size_t k = i; k < s->n; k++) {
            same += record(f, k)->fields == r->fields;
            usual += record(f, k)->fields == width;
        }
        if (same >= 2 && !usual) return two_tables(r, width, name, err);
    }
    return WEIR_OK;
}

/* In front of the table: names and, below them, records whose cells all have a kind.  (Pairs of a
 * name and a value, as many exports begin with, are no table.) */
static weir_status find_before(shape *f, const char *name, weir_error *err) {
    size_t first = real_from(f, 0);
    if (first >= f->head || !blank_above(f, f->head)) return WEIR_OK;
    uint32_t width = record(f, first)->fields;
    if (width < 2 || record(f, first)->flawed) return WEIR_OK;
    weir_status status = read_row(f, first, &f->second, err);
    if (status != WEIR_OK || !all_text(&f->second)) return status;
    size_t rows = 0;
    for (size_t i = real_from(f, first + 1); i < f->head; i = real_from(f, i + 1), rows++) {
        if (record(f, i)->fields != width || record(f, i)->flawed) return WEIR_OK;
        status = read_row(f, i, &f->second, err);
        if (status != WEIR_OK) return status;
        uint32_t typed = 0;
        for (uint32_t k = 0; k < f->second.n; k++) typed += f->second.kind[k] != WEIR_CSV_TEXT;
        if (typed < (width == 2 ? 2 : 1)) return WEIR_OK;
    }
    return rows ? two_tables(record(f, f->head), width, name, err) : WEIR_OK;
}

static weir_status find_tables(shape *f, const char *name, weir_error *err) {
    if (f->found->width < 2 || f->config->ragged || f->config->skip_footer > 0 ||
        f->head >= f->s->n)
        return WEIR_OK;
    weir_status status = WEIR_OK;
    if (f->config->skip == WEIR_CSV_FIND) status = find_before(f, name, err);
    return status == WEIR_OK ? find_second(f, name, err) : status;
}

weir_status weir_csv_find_shape(const weir_read_request *request, weir_csv_sample *s,
                                weir_csv_found *found, const char *name, weir_error *err) {
    weir_status status = WEIR_OK;
    shape *f = weir_alloc_zero(1, sizeof *f);
    if (!f) return weir_error_nomem(err);
    f->s = s;
    f->found = found;
    f->request = request;
    f->config = request->config;
    WEIR_TRY(find_head(f, err));
    WEIR_TRY(find_header(f, err));
    WEIR_TRY(fit_widths(f, err));
    WEIR_TRY(find_tables(f, name, err));
    pad_short(f);
    widen(f);
    if (s->whole && f->head < s->n) {
        size_t at = f->head, from = record(f, at)->begin;
        for (uint32_t k = 0; k < found->header + found->units && at < s->n; k++) {
            from = record(f, at)->next;
            at = real_from(f, at + 1);
        }
        found->footer_seen = true;
        (void)weir_csv_tail_cut(&found->dialect, found->width, s->data, from, s->size,
                                f->config->skip_footer, &found->skip_footer);
    }
out:
    weir_free(f);
    return status;
}
