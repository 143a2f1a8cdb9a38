/* How well a dialect fits a text: records of one width, without faults, whose cells look like
 * something. */
#include "format/csv_sniff.h"

#define TYPED_RECORDS 300u /* whose cells are looked at */
#define WIDTHS 256u        /* records of this width and wider ones are counted together at first */
#define FOOTER_RECORDS 8u  /* at the end may have another width */
#define STRAY_WORTH 0.9    /* of a record with a quote inside a plain field, beside a sound one */
#define TABLE_RECORDS 3u   /* that make a table below lines of one or two fields */
#define TABLE_WIDTH 4u     /* its least width */

/* ---- records ------------------------------------------------------------------------------- */

static weir_status add_record(weir_csv_sample *s, weir_csv_record r, weir_error *err) {
    weir_status status = weir_grow((void **)&s->records, &s->capacity, s->n + 1, sizeof *s->records,
                                   (size_t)1 << 22, err);
    if (status == WEIR_OK) s->records[s->n++] = r;
    return status;
}

static size_t without_line_end(const uint8_t *data, size_t begin, size_t end) {
    if (end > begin && data[end - 1] == '\n') end--;
    if (end > begin && data[end - 1] == '\r') end--;
    return end;
}

weir_status weir_csv_sample_cut(weir_csv_sample *s, const weir_csv_dialect *d, size_t from,
                                size_t max, weir_error *err) {
    weir_csv_scan scan = {0};
    const weir_csv_kernels *kernels = weir_csv_kernels_pick();
    uint32_t line = (uint32_t)kernels->lines(s->data, 0, from);
    s->dialect = d;
    s->n = 0;
    for (size_t at = from; at < s->size && s->n < max;) {
        weir_csv_scan_reset(&scan, false);
        size_t next = weir_csv_scan_run(&scan, d, s->data, at, s->size);
        bool cut = !scan.done;
        if (cut) weir_csv_scan_finish(&scan, s->size);
        /* A quote that swallows lines is not believed: its first line is a record of its own. */
        bool lost = scan.multi && (scan.flaws & WEIR_CSV_QUOTE_FLAWS);
        if (lost && (!cut || s->whole)) {
            weir_csv_scan_reset(&scan, true);
            next = weir_csv_scan_run(&scan, d, s->data, at, s->size);
            if (!scan.done) weir_csv_scan_finish(&scan, s->size);
            scan.flaws |= WEIR_CSV_UNCLOSED;
        } else if (cut && !s->whole && s->n) {
            break;
        }
        size_t end = without_line_end(s->data, at, next);
        weir_slice text = {(const char *)s->data + at, end - at};
        bool blank = scan.n_fields == 1 && weir_csv_trim(text).size == 0;
        weir_csv_record r = {.begin = (uint32_t)at,
                             .end = (uint32_t)end,
                             .next = (uint32_t)next,
                             .line = line,
                             .fields = scan.comment || blank ? 0 : scan.n_fields,
                             .comment = scan.comment,
                             .flawed = scan.flaws != 0,
                             .stray = scan.flaws == WEIR_CSV_STRAY};
        weir_status status = add_record(s, r, err);
        if (status != WEIR_OK) return status;
        line += (uint32_t)kernels->lines(s->data, at, next);
        at = next;
    }
    return WEIR_OK;
}

void weir_csv_sample_clear(weir_csv_sample *s) {
    weir_free(s->records);
    weir_free(s->ends);
    memset(s, 0, sizeof *s);
}

weir_status weir_csv_sample_fields(weir_csv_sample *s, const weir_csv_record *r, uint32_t *n,
                                   weir_error *err) {
    weir_status status = weir_grow((void **)&s->ends, &s->ends_room, r->fields + 1u,
                                   sizeof *s->ends, (size_t)1 << 24, err);
    if (status != WEIR_OK) return status;
    weir_csv_scan scan = {.ends = s->ends, .max_fields = r->fields};
    weir_csv_scan_reset(&scan, false);
    (void)weir_csv_scan_run(&scan, s->dialect, s->data, r->begin, r->end);
    if (!scan.done) weir_csv_scan_finish(&scan, r->end);
    *n = scan.n_fields < r->fields ? scan.n_fields : r->fields;
    return WEIR_OK;
}

weir_slice weir_csv_sample_field(const weir_csv_sample *s, const weir_csv_record *r, uint32_t i,
                                 bool *quoted) {
    const weir_csv_dialect *d = s->dialect;
    size_t begin = i ? s->ends[i - 1] + d->delimiter_size : r->begin;
    weir_slice f = {(const char *)s->data + begin, s->ends[i] - begin};
    *quoted = d->has_quote && f.size >= 2 && (uint8_t)f.data[0] == d->quote &&
              (uint8_t)f.data[f.size - 1] == d->quote;
    if (*quoted) f = (weir_slice){f.data + 1, f.size - 2};
    return f;
}

/* ---- fit ----------------------------------------------------------------------------------- */

typedef struct tally {
    uint32_t of_width[WIDTHS + 1];
    uint32_t first;   /* width of the first record */
    bool marked;      /* which begins as comments do */
    uint32_t n, wide; /* records; those of two fields or more */
} tally;

static void count_widths(const weir_csv_sample *s, tally *t, weir_csv_fit *fit) {
    memset(t, 0, sizeof *t);
    for (size_t i = 0; i < s->n; i++) {
        const weir_csv_record *r = &s->records[i];
        if (!r->fields) continue;
        if (!t->n++) {
            t->first = r->fields;
            t->marked = s->data[r->begin] == '#' || s->data[r->begin] == '%';
            fit->first_flawed = r->flawed;
        }
        t->wide += r->fields > 1;
        fit->flawed += r->flawed;
        if (!r->flawed || r->stray) t->of_width[r->fields < WIDTHS ? r->fields : WIDTHS]++;
    }
    fit->records = t->n;
}

/* The usual width: that of most records; the first record's, then the larger, where two are as
 * frequent. */
static uint32_t usual_width(const tally *t) {
    uint32_t best = 0, most = 0;
    for (uint32_t w = 1; w <= WIDTHS; w++) {
        uint32_t n = t->of_width[w];
        if (n > most || (n == most && n && best != t->first)) {
            most = n;
            best = w;
        }
    }
    return best;
}

/* The width that more than half of the wide records have; if none does, that of one of them. */
static uint32_t wide_width(const weir_csv_sample *s) {
    uint32_t width = WIDTHS, lead = 0;
    for (size_t i = 0; i < s->n; i++) {
        const weir_csv_record *r = &s->records[i];
        if (r->fields < WIDTHS || r->flawed) continue;
        if (lead == 0) width = r->fields;
        if (r->fields == width)
            lead++;
        else
            lead--;
    }
    return width;
}

static bool has_width(const weir_csv_record *r, uint32_t width) {
    return r->fields == width;
}

/* Below titles or pairs of a name and a value, which may be many, all the rest is one wide table.
 * Its header may lack the delimiter that ends each record. */
static uint32_t width_below(const weir_csv_sample *s, uint32_t usual) {
    uint32_t width = 0, n = 0;
    size_t i = s->n;
    for (; i > 0; i--) {
        const weir_csv_record *r = &s->records[i - 1];
        if (!r->fields) continue;
        if (!n) width = r->fields;
        if (r->flawed || r->fields != width) break;
        n++;
    }
    if (i > 0 && n > 1 && s->records[i - 1].fields + 1 == width && !s->records[i - 1].flawed)
        n++, i--;
    if (width < TABLE_WIDTH || n < TABLE_RECORDS) return usual;
    for (; i > 0; i--)
        if (s->records[i - 1].fields > 2) return usual;
    return width;
}

/* Share of records with the usual width, from the first such one on; what stands at the end may
 * differ, and half counts. */
static double constancy(const weir_csv_sample *s, weir_csv_fit *fit, double *preamble) {
    size_t first = 0, last = s->n, before = 0, footer = 0;
    double good = 0, all = 0;
    for (; first < s->n; first++) {
        const weir_csv_record *r = &s->records[first];
        if (has_width(r, fit->width) && !r->flawed) break;
        before += r->fields != 0;
        all += r->flawed; /* what is malformed is no title */
    }
    for (; s->whole && last > first && footer < FOOTER_RECORDS; last--) {
        const weir_csv_record *r = &s->records[last - 1];
        if (r->fields && (has_width(r, fit->width) || r->fields > 2)) break;
        footer += r->fields != 0;
    }
    for (size_t i = first; i < last; i++) {
        const weir_csv_record *r = &s->records[i];
        if (!r->fields) continue;
        all++;
        if (has_width(r, fit->width)) good += !r->flawed ? 1 : r->stray ? STRAY_WORTH : 0;
    }
    all += (double)footer * 0.5;
    fit->before = (uint32_t)before;
    *preamble = before > 10 ? 0.7 : before ? 0.92 - 0.02 * (double)before : 1;
    return all > 0 ? good / all : 0;
}

typedef struct cells {
    double typed, clean, all, quoted;
} cells;

/* Whether a text has bytes in it that often stand between fields. */
static bool is_suspect(weir_slice f, uint8_t prior, bool quoted) {
    if (quoted) return false;
    /* One half of a quoted text, perhaps. */
    weir_slice t = weir_csv_trim(f);
    if (t.size > 1 && (t.data[0] == '\'') != (t.data[t.size - 1] == '\'')) return true;
    for (size_t i = 0; i < f.size; i++) {
        char c = f.data[i];
        if (c == '\t' || c == ';' || c == '|' || c == ',' || (uint8_t)c == prior) return true;
        if ((i == 0 || i + 1 == f.size) && c == '"') return true;
    }
    return false;
}

static weir_status look_at_cells(weir_csv_sample *s, const weir_csv_fit *fit, uint8_t prior,
                                 cells *c, weir_error *err) {
    uint32_t seen = 0;
    for (size_t i = 0; i < s->n && seen < TYPED_RECORDS; i++) {
        const weir_csv_record *r = &s->records[i];
        if (!has_width(r, fit->width) || r->flawed) continue;
        uint32_t n;
        seen++;
        weir_status status = weir_csv_sample_fields(s, r, &n, err);
        if (status != WEIR_OK) return status;
        if (n > WIDTHS) n = WIDTHS;
        for (uint32_t k = 0; k < n; k++) {
            bool quoted;
            weir_slice f = weir_csv_sample_field(s, r, k, &quoted);
            weir_csv_kind kind = weir_csv_kind_of(f);
            c->all++;
            c->quoted += quoted;
            bool sound = kind == WEIR_CSV_NUMBER || (fit->width > 1 && kind != WEIR_CSV_TEXT);
            if (!sound && is_suspect(f, prior, quoted)) continue;
            c->typed += kind != WEIR_CSV_TEXT && kind != WEIR_CSV_EMPTY;
            c->clean += kind == WEIR_CSV_TEXT || kind == WEIR_CSV_EMPTY;
        }
    }
    return WEIR_OK;
}

weir_status weir_csv_fit_dialect(weir_csv_sample *s, uint8_t prior, weir_csv_fit *out,
                                 weir_error *err) {
    weir_csv_fit fit = {0};
    tally t;
    cells c = {0};
    double preamble = 1;
    count_widths(s, &t, &fit);
    *out = fit;
    fit.width = usual_width(&t);
    if (!fit.width) return WEIR_OK;
    if (fit.width == WIDTHS) fit.width = wide_width(s);
    if (fit.width <= 2) fit.width = width_below(s, fit.width);
    fit.constant = constancy(s, &fit, &preamble);
    /* a header over row names, as R writes it, is no preamble */
    if (fit.before == 1 && t.first + 1 == fit.width) fit.before = 0;
    weir_status status = look_at_cells(s, &fit, prior, &c, err);
    if (status != WEIR_OK) return status;
    fit.typed = c.all > 0 ? c.typed / c.all : 0;
    fit.quoted = (uint32_t)c.quoted;
    double look = c.all > 0 ? (c.typed + 0.6 * c.clean) / c.all : 0;
    double constant = fit.constant;
    /* Rows of many widths, but none of a single field: the delimiter is right. */
    if (fit.width > 1 && t.wide == t.n && constant < 0.6) constant = 0.6;
    double width = fit.width == 1 ? 0.35 : 1.0 - 0.2 / fit.width;
    fit.score = constant * constant * preamble * (0.3 + 0.7 * look) * width;
    /* A name alone on the first line, and rows of another width: one column of text, most likely.
     */
    if (fit.width > 1 && t.first == 1 && !t.marked) fit.score *= fit.constant < 0.95 ? 0.5 : 0.9;
    *out = fit;
    return WEIR_OK;
}
