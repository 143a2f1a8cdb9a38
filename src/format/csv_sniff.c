/* The dialect of a text, from its beginning: each delimiter and quote that occurs is tried, and
 * what fits best is taken (csv_score.c); then its records are looked at (csv_shape.c).
 *
 * What is not clear stays as plain as it can be: comma (or tab for tsv), double quote, one column.
 */
#include "format/csv_sniff.h"

#include "text/json.h"

#define JSON_LINES 100u                /* that tell a column of JSON */
#define TRIAL_BYTES ((size_t)16 << 10) /* that each trial looks at */
#define TRIAL_RECORDS 1000u
#define MARGIN 1.02 /* by which less usual quotes, escapes and comments must be better */

static const char *const comment_marks[] = {"#", "//", "--", "%"};
#define MARKS (sizeof comment_marks / sizeof *comment_marks)

typedef struct trial {
    weir_csv_dialect dialect;
    weir_csv_fit fit;
} trial;

typedef struct sniffer {
    const weir_csv_read_config *config;
    uint8_t prior;
    weir_csv_sample sample;
    size_t from; /* behind the lines that are skipped */
    size_t trial_bytes;
    bool has[256];
    bool marked[MARKS]; /* a line begins with that comment mark */
    bool lone_cr, escaped_quote, escaped_tick, plain_null;
    weir_csv_dialect base; /* what is declared */
    trial best;
    bool any;
    weir_csv_fit plain; /* of the last trial with doubled double quotes */
    bool marks;         /* each double quote stands behind a digit: inches, seconds */
} sniffer;

/* ---- what occurs at all -------------------------------------------------------------------- */

/* Notes the comment marks at the begin of a line. */
static void look_at_line(sniffer *f, const uint8_t *p, size_t n) {
    for (size_t i = 0; i < MARKS; i++) {
        size_t size = strlen(comment_marks[i]);
        if (n >= size && memcmp(p, comment_marks[i], size) == 0) f->marked[i] = true;
    }
}

/* Whether the backslash at p[i] is one that a database's export would have written twice: nothing
 * that it writes begins so, or it stands in a path of Windows. */
static bool is_bare(const uint8_t *p, size_t from, size_t i, size_t n) {
    static const char escapes[] = "bfnrtv\\Nx01234567\"'.\t\n\r";
    uint8_t next = i + 1 < n ? p[i + 1] : 'N';
    bool drive = i >= from + 2 && p[i - 1] == ':' && (p[i - 2] | 0x20) >= 'a' &&
                 (p[i - 2] | 0x20) <= 'z' && next != '\\';
    return drive || !next || !strchr(escapes, next);
}

static void look_around(sniffer *f) {
    const uint8_t *p = f->sample.data;
    size_t n = f->sample.size;
    bool bare = false, second = false; /* second: of two backslashes */
    f->marks = true;
    for (size_t i = f->from; i < n; i++) {
        uint8_t c = p[i], next = i + 1 < n ? p[i + 1] : 0;
        if (i == f->from || p[i - 1] == '\n' || p[i - 1] == '\r') look_at_line(f, p + i, n - i);
        f->has[c] = true;
        bool mark =
            c == '"' && i > f->from && ((p[i - 1] >= '0' && p[i - 1] <= '9') || p[i - 1] == '\'');
        if (c == '"' && !mark) f->marks = false;
        if (c == '\r' && next != '\n') f->lone_cr = true;
        if (c != '\\' || second) {
            second = false;
            if (c != '\\') continue;
        } else {
            bare |= is_bare(p, f->from, i, n);
            second = next == '\\';
        }
        f->escaped_quote |= next == '"';
        f->escaped_tick |= next == '\'';
        bool alone = i == f->from || p[i - 1] == '\t' || p[i - 1] == '\n';
        bool ends = i + 2 >= n || p[i + 2] == '\t' || p[i + 2] == '\n' || p[i + 2] == '\r';
        f->plain_null |= next == 'N' && alone && ends;
    }
    f->plain_null &= !bare;
}

/* ---- trials -------------------------------------------------------------------------------- */

static weir_status fit_with(sniffer *f, const weir_csv_dialect *d, weir_csv_fit *out,
                            weir_error *err) {
    weir_csv_sample *s = &f->sample;
    size_t size = s->size;
    bool whole = s->whole;
    if (size - f->from > f->trial_bytes) {
        s->size = f->from + f->trial_bytes;
        s->whole = false;
    }
    weir_status status = weir_csv_sample_cut(s, d, f->from, TRIAL_RECORDS, err);
    if (status == WEIR_OK) status = weir_csv_fit_dialect(s, f->prior, out, err);
    s->size = size;
    s->whole = whole;
    return status;
}

/* Takes d when it fits better than what was best, by factor. */
static weir_status try_one(sniffer *f, const weir_csv_dialect *d, double factor, weir_error *err) {
    trial t = {.dialect = *d};
    weir_csv_dialect_finish(&t.dialect);
    weir_status status = fit_with(f, &t.dialect, &t.fit, err);
    if (status != WEIR_OK) return status;
    if (t.dialect.quote == '"' && t.dialect.doubled) f->plain = t.fit;
    if (!f->any || t.fit.score > f->best.fit.score * factor) f->best = t;
    f->any = true;
    return WEIR_OK;
}

static bool begins_line(const sniffer *f, const weir_csv_record *r, const char *mark) {
    size_t n = strlen(mark);
    return r->end - r->begin >= n && memcmp(f->sample.data + r->begin, mark, n) == 0;
}

/* Whether lines with the mark are no records of dialect d: none of them has the usual width, but
 * for some with a blank behind the mark, and one that may name the columns where others follow
 * below.  In a single column only the first lines may tell. */
static weir_status are_comments(sniffer *f, const weir_csv_dialect *d, const char *mark,
                                const weir_csv_fit *fit, bool *out, weir_error *err) {
    weir_csv_dialect without = *d;
    weir_csv_fit ignored;
    size_t marked = 0, alike = 0, names = 0, below = 0, first_unmarked = SIZE_MAX;
    without.comment_size = 0;
    weir_csv_dialect_finish(&without);
    weir_status status = fit_with(f, &without, &ignored, err);
    *out = false;
    if (status != WEIR_OK) return status;
    for (size_t i = 0; i < f->sample.n; i++) {
        const weir_csv_record *r = &f->sample.records[i];
        if (!r->fields) continue;
        if (!begins_line(f, r, mark)) {
            if (first_unmarked == SIZE_MAX) first_unmarked = i;
            continue;
        }
        bool same = fit->width > 1 && r->fields == fit->width && !r->flawed;
        const uint8_t *behind = f->sample.data + r->begin + strlen(mark);
        if (same && r->begin + strlen(mark) < r->end && *behind != ' ') {
            if (first_unmarked != SIZE_MAX || names++) return WEIR_OK;
        } else {
            alike += same;
            below += first_unmarked != SIZE_MAX;
        }
        if (fit->width == 1 && first_unmarked != SIZE_MAX) return WEIR_OK;
        marked++;
    }
    if (names && !below) return WEIR_OK;
    *out = marked > 0 && alike * 2 <= marked && first_unmarked != SIZE_MAX;
    return WEIR_OK;
}

/* The best dialect again, with comments. */
static weir_status try_comments(sniffer *f, weir_csv_dialect d, weir_error *err) {
    for (size_t i = 0; i < MARKS; i++) {
        const char *mark = comment_marks[i];
        size_t n = strlen(mark);
        if (!f->marked[i] || strchr(mark, d.delimiter)) continue;
        trial t = {.dialect = d};
        t.dialect.comment_size = (uint8_t)n;
        memcpy(t.dialect.comment, mark, n);
        weir_csv_dialect_finish(&t.dialect);
        weir_status status = fit_with(f, &t.dialect, &t.fit, err);
        bool good = false;
        if (status == WEIR_OK && t.fit.records)
            status = are_comments(f, &t.dialect, mark, &t.fit, &good, err);
        if (status != WEIR_OK) return status;
        /* As good is enough, for it says more, but against one that says so, too. */
        bool as_good = !f->best.dialect.comment_size && t.fit.score >= f->best.fit.score;
        if (good && (as_good || t.fit.score > f->best.fit.score)) f->best = t;
    }
    return WEIR_OK;
}

/* Whether the first line end outside quotes is a lone CR. */
static bool begins_with_cr(const sniffer *f, weir_csv_dialect d) {
    weir_csv_scan scan = {0};
    const uint8_t *p = f->sample.data;
    d.lone_cr = true;
    weir_csv_dialect_finish(&d);
    weir_csv_scan_reset(&scan, false);
    size_t at = weir_csv_scan_run(&scan, &d, p, f->from, f->sample.size);
    if (scan.done) return p[at - 1] == '\r';
    return scan.state == WEIR_CSV_PLAIN_CR || scan.state == WEIR_CSV_QUOTE_CR;
}

/* One dialect, with the line ends and comments it may have.  A lone CR that comes later ends lines
 * only where that leaves nothing to wish for. */
static weir_status try_lines(sniffer *f, weir_csv_dialect d, double factor, weir_error *err) {
    weir_status status = WEIR_OK;
    bool find = f->config->newline == WEIR_CSV_AUTO && f->lone_cr;
    if (find && begins_with_cr(f, d)) {
        d.lone_cr = true;
        find = false;
    }
    WEIR_TRY(try_one(f, &d, factor, err));
    if (f->config->comment.automatic) WEIR_TRY(try_comments(f, d, err));
    if (find) {
        trial before = f->best;
        d.lone_cr = true;
        WEIR_TRY(try_one(f, &d, MARGIN, err));
        if (f->config->comment.automatic) WEIR_TRY(try_comments(f, d, err));
        const weir_csv_fit *fit = &f->best.fit;
        if (f->best.dialect.lone_cr && !before.dialect.lone_cr &&
            (fit->flawed || fit->constant < 0.95))
            f->best = before;
    }
out:
    return status;
}

static weir_status try_quote(sniffer *f, weir_csv_dialect d, uint8_t quote, bool escaped,
                             double factor, weir_error *err) {
    d.has_quote = quote != 0;
    d.quote = quote;
    if (f->config->escape.automatic || !f->config->escape.size) d.escape = quote;
    d.escapes_plain = !quote && f->config->escape.size;
    if (d.delimiter == d.escape && (quote || d.escapes_plain)) return WEIR_OK;
    weir_status status = try_lines(f, d, factor, err);
    if (status != WEIR_OK || !f->config->escape.automatic || !escaped) return status;
    d.escape = '\\';
    return try_lines(f, d, MARGIN, err);
}

/* Apostrophes as quotes: only where each of them is beyond doubt, for an apostrophe is a letter.
 * None stands anywhere but around a field, or doubled or escaped within. */
static weir_status try_ticks(sniffer *f, weir_csv_dialect d, weir_error *err) {
    trial before = f->best;
    uint32_t doubles = f->plain.quoted;
    double constant = f->plain.constant;
    weir_status status = try_quote(f, d, '\'', f->escaped_tick, 0, err);
    const weir_csv_fit *fit = &f->best.fit;
    bool all = f->sample.whole && f->sample.size - f->from <= f->trial_bytes;
    bool good = !fit->flawed && fit->quoted && fit->constant >= constant;
    if (f->has['"']) good = good && fit->quoted >= 2 && doubles == 0;
    if (!all) good = good && (uint64_t)fit->quoted * 10 >= fit->records;
    if (before.dialect.delimiter != d.delimiter)
        good = good && fit->score > before.fit.score * MARGIN;
    if (!good) f->best = before;
    return status;
}

/* Without quotes, where double quotes are in the text: only when they break the first record (which
 * could not be a header), or break several and more than they make fields (one, between tabs), or
 * are marks behind digits. */
static weir_status try_unquoted(sniffer *f, weir_csv_dialect d, weir_error *err) {
    bool broken =
        f->plain.flawed > (d.delimiter == '\t' ? 0u : 1u) || (f->plain.flawed && f->marks);
    /* Nor are they in lines of text of which none stands between quotes. */
    bool lines = f->plain.width == 1 && f->plain.flawed && !f->plain.quoted;
    if (lines && f->best.dialect.delimiter == d.delimiter && f->best.dialect.quote == '"')
        return try_quote(f, d, 0, false, 1, err);
    if (!f->plain.first_flawed && (!broken || f->plain.quoted >= f->plain.flawed)) return WEIR_OK;
    return try_quote(f, d, 0, false, MARGIN, err);
}

/* All quotes with one delimiter. */
static weir_status try_delimiter(sniffer *f, const char *text, size_t size, weir_error *err) {
    weir_csv_dialect d = f->base;
    weir_status status = WEIR_OK;
    double factor = f->any ? 1.001 : 0;
    weir_csv_dialect_delimiter(&d, text, (uint8_t)size);
    if (!f->config->quote.automatic) {
        uint8_t quote = f->config->quote.size ? (uint8_t)f->config->quote.bytes[0] : 0;
        bool escaped = quote == '"' ? f->escaped_quote : quote == '\'' && f->escaped_tick;
        WEIR_TRY(try_quote(f, d, quote, escaped, factor, err));
    } else {
        WEIR_TRY(try_quote(f, d, '"', f->escaped_quote, factor, err));
        if (f->has['\'']) WEIR_TRY(try_ticks(f, d, err));
        if (f->has['"']) WEIR_TRY(try_unquoted(f, d, err));
    }
    if (f->plain_null && f->config->escape.automatic && text[0] == '\t' && size == 1 &&
        (f->config->quote.automatic || !f->config->quote.size)) {
        d.has_quote = false;
        d.quote = 0;
        d.escape = '\\';
        d.escapes_plain = true;
        /* A null of its own settles it. */
        WEIR_TRY(try_lines(f, d, 0.98, err));
    }
out:
    return status;
}

/* Text in which nothing parts fields: a delimiter that does not occur. */
static weir_status try_single(sniffer *f, weir_error *err) {
    static const char candidates[] = {',', '\t', ';', '|', 0x1F};
    char c = (char)f->prior;
    for (size_t i = 0; f->has[(uint8_t)c] && i < sizeof candidates; i++) c = candidates[i];
    return f->has[(uint8_t)c] ? WEIR_OK : try_delimiter(f, &c, 1, err);
}

/* Whether a blank or a line end stands behind each c. */
static bool blanks_behind(const sniffer *f, char c) {
    const uint8_t *p = f->sample.data, *end = p + f->sample.size;
    bool any = false;
    if (f->sample.size - f->from > f->trial_bytes) end = p + f->from + f->trial_bytes;
    for (p += f->from; p < end && (p = memchr(p, c, (size_t)(end - p))); any = true)
        if (++p < end && *p != ' ' && *p != '\n' && *p != '\r') return false;
    return any;
}

/* Whether each colon stands between digits: times, and addresses of machines. */
static bool colons_of_times(const sniffer *f) {
    const uint8_t *p = f->sample.data, *begin = p + f->from, *end = p + f->sample.size;
    if (f->sample.size - f->from > f->trial_bytes) end = begin + f->trial_bytes;
    for (p = begin; p < end && (p = memchr(p, ':', (size_t)(end - p))); p++) {
        bool digits = p > begin && p[-1] >= '0' && p[-1] <= '9';
        if (!digits || (p + 1 < end && !(p[1] >= '0' && p[1] <= '9'))) return false;
    }
    return true;
}

/* Less usual delimiters, where the others give a single column of text. */
static weir_status try_rare(sniffer *f, weir_error *err) {
    static const char *const rare[] = {
        "::",   "^",    "~",    ":", "\x01",     "\x02",     "\x14",     "\x1C",
        "\x1D", "\x1E", "\x1F", " ", "\xC2\xA6", "\xC2\xA7", "\xC2\xAC", "\xC3\xBE"};
    trial single = f->best;
    weir_status status = WEIR_OK;
    if (single.fit.typed >= 0.5) return WEIR_OK;
    for (size_t i = 0; i < sizeof rare / sizeof *rare; i++) {
        if (!f->has[(uint8_t)rare[i][0]]) continue;
        /* `name: value` */
        if ((rare[i][0] == ':' || rare[i][0] == ' ') && blanks_behind(f, ':')) continue;
        if (rare[i][0] == ':' && colons_of_times(f)) continue;
        f->best = single;
        WEIR_TRY(try_delimiter(f, rare[i], strlen(rare[i]), err));
        const weir_csv_fit *fit = &f->best.fit;
        /* Words have blanks and times colons: these must make a table. */
        bool weak = rare[i][0] == ' ' || strcmp(rare[i], ":") == 0;
        bool good = fit->width > 1 && fit->constant >= 0.95 && fit->records > 1 && !fit->flawed;
        bool typed = fit->typed >= 0.3 || (fit->width >= 5 && fit->typed >= 0.15);
        bool sure = fit->constant == 1 && !fit->before && typed && fit->records > 2;
        if (good && (!weak || sure)) return WEIR_OK;
    }
    f->best = single;
out:
    return status;
}

/* A mark that may be a part of a delimiter, and begins or ends no value. */
static bool is_mark(uint8_t c) {
    return c == '^' || c == '~' || c == '|';
}

/* Takes the longer delimiter when the records fit under it as well. */
static weir_status try_longer(sniffer *f, const char *text, size_t size, weir_error *err) {
    trial t = f->best;
    if (size < 2 || size > 4) return WEIR_OK;
    weir_csv_dialect_delimiter(&t.dialect, text, (uint8_t)size);
    weir_csv_dialect_finish(&t.dialect);
    weir_status status = fit_with(f, &t.dialect, &t.fit, err);
    if (status == WEIR_OK && t.fit.constant >= f->best.fit.constant && t.fit.width > 1) f->best = t;
    return status;
}

/* What all fields of the usual records have around the delimiter: `~|~`, `|^`, and between two of
 * them: `||`, `|~|`. */
typedef struct surroundings {
    uint8_t front, back; /* mark in front of, behind each delimiter; 0 = none */
    char between[2];     /* what each second field is */
    size_t n_between;
    bool alike, paired; /* they are the same everywhere; so is each second field */
} surroundings;

static weir_status look_around_fields(sniffer *f, surroundings *out, weir_error *err) {
    size_t seen = 0;
    weir_status status = fit_with(f, &f->best.dialect, &f->best.fit, err);
    for (size_t i = 0; status == WEIR_OK && i < f->sample.n; i++) {
        const weir_csv_record *r = &f->sample.records[i];
        uint32_t n = 0;
        if (r->fields != f->best.fit.width) continue;
        status = weir_csv_sample_fields(&f->sample, r, &n, err);
        for (uint32_t k = 0; status == WEIR_OK && k < n; k++) {
            bool quoted;
            weir_slice s = weir_csv_sample_field(&f->sample, r, k, &quoted);
            uint8_t first = s.size && !quoted ? (uint8_t)s.data[0] : 0;
            uint8_t last = s.size && !quoted ? (uint8_t)s.data[s.size - 1] : 0;
            if (!seen && k == 1) {
                out->back = first;
                out->n_between = s.size;
                out->paired = !quoted && s.size <= sizeof out->between;
                if (out->paired) memcpy(out->between, s.data, s.size);
            }
            if (!seen && k == 0) out->front = last;
            if (k && first != out->back) out->back = 0;
            if (k + 1 < n && last != out->front) out->front = 0;
            if (k % 2)
                out->paired = out->paired && s.size == out->n_between && !quoted &&
                              memcmp(s.data, out->between, s.size) == 0;
        }
        seen++;
    }
    out->alike = seen > 1;
    return status;
}

/* Delimiters of more than one byte. */
static weir_status try_long(sniffer *f, weir_error *err) {
    const weir_csv_dialect *d = &f->best.dialect;
    const uint32_t width = f->best.fit.width;
    surroundings s = {0};
    char text[4];
    size_t n = 0;
    if (d->delimiter_size != 1 || width < 2 || !strchr("|:;^~$,", d->delimiter)) return WEIR_OK;
    weir_status status = look_around_fields(f, &s, err);
    if (status != WEIR_OK) return status;
    bool marks = true;
    for (size_t i = 0; s.paired && i < s.n_between; i++) marks &= is_mark((uint8_t)s.between[i]);
    if (s.paired && marks && width % 2 && d->delimiter != ',' && (s.n_between == 0 || s.alike)) {
        text[n++] = (char)d->delimiter;
        for (size_t i = 0; i < s.n_between; i++) text[n++] = s.between[i];
        text[n++] = (char)d->delimiter;
    } else if (s.alike) {
        if (is_mark(s.front)) text[n++] = (char)s.front;
        text[n++] = (char)d->delimiter;
        if (is_mark(s.back)) text[n++] = (char)s.back;
    }
    return try_longer(f, text, n, err);
}

/* `"a", "b"`: a blank in front of quotes belongs to the delimiter where it always stands there. */
static weir_status try_spaced(sniffer *f, weir_error *err) {
    const weir_csv_dialect *d = &f->best.dialect;
    trial before = f->best;
    char spaced[2] = {(char)d->delimiter, ' '};
    bool occurs = false;
    if (d->delimiter_size != 1 || before.fit.width < 2 || !strchr(",;|", d->delimiter))
        return WEIR_OK;
    for (size_t i = f->from; i + 2 < f->sample.size && !occurs; i++)
        occurs = memcmp(f->sample.data + i, spaced, 2) == 0 && f->sample.data[i + 2] == '"';
    if (!occurs) return WEIR_OK;
    f->any = false;
    weir_status status = try_delimiter(f, spaced, 2, err);
    const weir_csv_fit *fit = &f->best.fit;
    bool good = fit->quoted > fit->flawed * 2 && f->best.dialect.quote == '"' &&
                fit->constant >= 0.8 && fit->constant >= before.fit.constant;
    if (!good) f->best = before;
    f->any = true;
    return status;
}

static weir_status find_delimiter(sniffer *f, weir_error *err) {
    static const char usual[] = {',', ';', '\t', '|'};
    weir_status status = WEIR_OK;
    char prior = (char)f->prior;
    f->any = false;
    if (f->base.delimiter_size && !f->config->delimiter.automatic) {
        char text[4] = {(char)f->base.delimiter, (char)f->base.delimiter_rest[0],
                        (char)f->base.delimiter_rest[1], (char)f->base.delimiter_rest[2]};
        return try_delimiter(f, text, f->base.delimiter_size, err);
    }
    WEIR_TRY(try_delimiter(f, &prior, 1, err));
    for (size_t i = 0; i < sizeof usual; i++)
        if (f->has[(uint8_t)usual[i]] && (uint8_t)usual[i] != f->prior)
            WEIR_TRY(try_delimiter(f, &usual[i], 1, err));
    WEIR_TRY(try_single(f, err));
    if (f->best.fit.width <= 1) WEIR_TRY(try_rare(f, err));
    WEIR_TRY(try_spaced(f, err));
    WEIR_TRY(try_long(f, err));
out:
    return status;
}

/* ---- all of the sample --------------------------------------------------------------------- */

/* Lines of records that the dialect of the sample breaks, or that have another width. */
static uint32_t broken_lines(const weir_csv_sample *s, uint32_t width) {
    uint32_t n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const weir_csv_record *r = &s->records[i];
        if (!r->fields || (!r->flawed && r->fields == width)) continue;
        n += i + 1 < s->n ? s->records[i + 1].line - r->line : 1;
    }
    return n;
}

/* Fields of sound records that quotes stand around; stops behind max. */
static weir_status quoted_fields(weir_csv_sample *s, uint32_t width, uint32_t max, uint32_t *count,
                                 weir_error *err) {
    *count = 0;
    for (size_t i = 0; i < s->n && *count <= max; i++) {
        const weir_csv_record *r = &s->records[i];
        if (r->flawed || r->fields != width) continue;
        uint32_t n;
        weir_status status = weir_csv_sample_fields(s, r, &n, err);
        if (status != WEIR_OK) return status;
        for (uint32_t k = 0; k < n; k++) {
            bool quoted;
            (void)weir_csv_sample_field(s, r, k, &quoted);
            *count += quoted;
        }
    }
    return WEIR_OK;
}

/* Quotes that break more lines than they make fields are none, where the text is sound without; so
 * are those in lines of text of which none stands between quotes. */
static weir_status drop_quotes(sniffer *f, weir_error *err) {
    uint32_t width = f->best.fit.width, quoted;
    uint32_t broken = broken_lines(&f->sample, width);
    if (broken < (width < 2 ? 1 : 2)) return WEIR_OK;
    weir_status status = quoted_fields(&f->sample, width, broken, &quoted, err);
    if (status != WEIR_OK || quoted > broken || (width < 2 && quoted)) return status;
    trial t = {.dialect = f->best.dialect};
    t.dialect.has_quote = false;
    t.dialect.quote = t.dialect.escape = 0;
    t.dialect.escapes_plain = false;
    weir_csv_dialect_finish(&t.dialect);
    status = weir_csv_sample_cut(&f->sample, &t.dialect, f->from, SIZE_MAX, err);
    if (status == WEIR_OK) status = weir_csv_fit_dialect(&f->sample, f->prior, &t.fit, err);
    if (status == WEIR_OK && !t.fit.flawed && t.fit.constant >= 0.99 && t.fit.width >= width &&
        broken_lines(&f->sample, t.fit.width) < broken)
        f->best = t;
    return status;
}

/* Quotes inside fields that do not begin with one, in records that are as wide as the others: marks
 * of inches, or nicknames. */
static weir_status keep_stray(sniffer *f, weir_error *err) {
    const weir_csv_dialect *d = &f->best.dialect;
    uint32_t stray = 0;
    if (f->config->stray_given || !d->has_quote || d->keep_stray) return WEIR_OK;
    for (size_t i = 0; i < f->sample.n; i++) {
        const weir_csv_record *r = &f->sample.records[i];
        if (!r->flawed) continue;
        if (!r->stray || r->fields != f->best.fit.width) return WEIR_OK;
        stray++;
    }
    /* without a field in quotes they may be meant as such */
    if (!stray || !f->best.fit.quoted) return WEIR_OK;
    f->best.dialect.keep_stray = true;
    weir_csv_dialect_finish(&f->best.dialect);
    return weir_csv_sample_cut(&f->sample, &f->best.dialect, f->from, SIZE_MAX, err);
}

/* Looks at all of the sample, of which the trials saw the beginning. */
static weir_status look_again(sniffer *f, weir_error *err) {
    const weir_csv_dialect *d = &f->best.dialect;
    weir_status status = weir_csv_sample_cut(&f->sample, d, f->from, SIZE_MAX, err);
    if (status != WEIR_OK || !f->config->quote.automatic || !d->has_quote) return status;
    bool flawed = false;
    for (size_t i = 0; i < f->sample.n; i++) flawed |= f->sample.records[i].flawed;
    if (d->quote == '\'' && flawed) {
        f->has['\''] = false;
        status = find_delimiter(f, err);
    } else if (d->quote == '"' && f->has['"'] && f->config->escape.automatic &&
               d->escape == d->quote) {
        status = drop_quotes(f, err);
    }
    if (status != WEIR_OK) return status;
    status = weir_csv_sample_cut(&f->sample, &f->best.dialect, f->from, SIZE_MAX, err);
    return status == WEIR_OK ? keep_stray(f, err) : status;
}

/* ---- the beginning ------------------------------------------------------------------------- */

/* Behind n lines. */
static size_t behind_lines(const uint8_t *p, size_t size, int64_t n) {
    size_t at = 0;
    for (; n > 0 && at < size; at++) {
        if (p[at] == '\n' || (p[at] == '\r' && !(at + 1 < size && p[at + 1] == '\n'))) n--;
    }
    return at;
}

/* The first line of a spreadsheet program that names the delimiter: sep=; */
static bool separator_line(const uint8_t *p, size_t size, char *delimiter) {
    static const char word[] = "sep=";
    size_t quote = size && p[0] == '"';
    if (size < quote + 5) return false;
    for (size_t i = 0; i < 4; i++)
        if (p[quote + i] != (uint8_t)word[i] && (p[quote + i] | 0x20) != word[i]) return false;
    *delimiter = (char)p[quote + 4];
    size_t behind = quote + 5;
    if (quote && (behind >= size || p[behind++] != '"')) return false;
    return *delimiter != '\n' && *delimiter != '\r' &&
           (behind >= size || p[behind] == '\n' || p[behind] == '\r');
}

/* Whether each line is a JSON object, or each an array: text of one column, whatever commas it has.
 */
static bool is_json_lines(const sniffer *f) {
    const char *p = (const char *)f->sample.data + f->from;
    const char *end = (const char *)f->sample.data + f->sample.size;
    size_t n = 0;
    for (char first = 0; p < end && n < JSON_LINES; n++) {
        const char *eol = memchr(p, '\n', (size_t)(end - p));
        if (!eol && !f->sample.whole) break;
        weir_slice line = weir_csv_trim((weir_slice){p, (size_t)((eol ? eol : end) - p)});
        p = eol ? eol + 1 : end;
        if (line.size && line.data[line.size - 1] == '\r') line.size--;
        if (!line.size) continue;
        if (!first) first = line.data[0];
        if (line.data[0] != first || (first != '{' && first != '[')) return false;
        const char *stop = line.data + line.size;
        const char *at = weir_json_skip(line.data, stop, WEIR_JSON_DEPTH_DEFAULT, NULL, NULL);
        if (!at || weir_json_skip_space(at, stop) != stop) return false;
    }
    return n > 0;
}

/* Whether the text begins with one word on a line of its own. */
static bool begins_with_a_word(const weir_csv_sample *s) {
    const uint8_t *p = s->data;
    size_t n = 0, quote = s->size && p[0] == '"';
    for (size_t i = quote; i < s->size && i < 64; i++, n++) {
        uint8_t c = p[i], lower = c | 0x20;
        bool letter = (lower >= 'a' && lower <= 'z') || c >= 0x80 || c == '_';
        if (!letter && (n == 0 || !((c >= '0' && c <= '9') || c == '-'))) break;
    }
    size_t end = quote + n;
    if (quote && (end >= s->size || p[end++] != '"')) return false;
    return n && end < s->size && (p[end] == '\n' || p[end] == '\r');
}

/* A word above rows that have more fields, and no header of their own that differs from them, is
 * the name of the one column they are: addresses, sizes, lists. */
static bool is_name_of_one(const sniffer *f, const weir_csv_found *found) {
    const weir_csv_dialect *d = &found->dialect;
    if (!f->config->delimiter.automatic || f->config->skip != WEIR_CSV_FIND || f->from)
        return false;
    if (f->config->header != WEIR_CSV_FIND || found->width < 2 || found->skip != 1) return false;
    if (d->delimiter == '\t' || !begins_with_a_word(&f->sample)) return false;
    if (d->delimiter_size > 1 || !strchr(",;|", d->delimiter)) return true;
    return !found->header || (!found->contrast && found->width == 2);
}

/* Whether what was found is no table: the delimiter stands in the first record only, or in few, or
 * it is the comma of sentences. */
static bool is_no_table(const sniffer *f) {
    const weir_csv_fit *fit = &f->best.fit;
    uint32_t sound = 0, single = 0, wide = 0;
    if (!f->config->delimiter.automatic || !fit->width) return false;
    for (size_t i = 0; i < f->sample.n; i++) {
        const weir_csv_record *r = &f->sample.records[i];
        if (!r->fields) continue;
        if (r->fields == fit->width && !r->flawed)
            sound++;
        else if (r->fields == 1 || r->flawed)
            single++;
        else
            wide++;
    }
    if (fit->width == 1) return wide > 0;
    if (sound <= 1 && !wide && single > 1) return true;
    uint8_t c = f->best.dialect.delimiter;
    return (c == ',' || c == ';') && fit->constant < 0.8 && fit->typed < 0.2 && single > wide &&
           f->best.dialect.delimiter_size == 1 && blanks_behind(f, (char)c);
}

/* The best dialect of all, and the sample cut by it. */
static weir_status find_dialect(sniffer *f, weir_error *err) {
    size_t size = f->sample.size;
    weir_status status = WEIR_OK;
    WEIR_TRY(find_delimiter(f, err));
    if (f->best.fit.records < 5 && size - f->from > TRIAL_BYTES) {
        f->trial_bytes = size;
        WEIR_TRY(find_delimiter(f, err));
    }
    WEIR_TRY(look_again(f, err));
    if (is_no_table(f)) {
        f->any = false;
        trial before = f->best;
        WEIR_TRY(try_single(f, err));
        if (!f->any) f->best = before;
        f->any = true;
        status = look_again(f, err);
    }
out:
    return status;
}

weir_status weir_csv_sniff(const weir_read_request *request, uint8_t prior, const uint8_t *data,
                           size_t size, bool whole, const char *name, weir_csv_found *out,
                           weir_error *err) {
    const weir_csv_read_config *config = request->config;
    sniffer f = {.config = config, .prior = prior, .trial_bytes = TRIAL_BYTES};
    weir_csv_read_config declared = *config;
    weir_csv_found found = {0};
    weir_status status = WEIR_OK;
    char delimiter;
    f.sample.data = data;
    f.sample.size = size;
    f.sample.whole = whole;
    WEIR_TRY(weir_csv_dialect_init(&f.base, config, err));
    if (config->skip > 0) found.skip = (uint32_t)config->skip;
    if (config->skip == WEIR_CSV_FIND && separator_line(data, size, &delimiter)) {
        found.skip = 1;
        if (config->delimiter.automatic) {
            declared.delimiter = (weir_opt_char){.set = true, .size = 1, .bytes = {delimiter}};
            f.config = &declared;
            WEIR_TRY(weir_csv_dialect_init(&f.base, &declared, err));
        }
    }
    f.from = behind_lines(data, size, found.skip);
    look_around(&f);
    if (config->delimiter.automatic && config->quote.automatic && is_json_lines(&f)) {
        declared.quote = (weir_opt_char){.set = true};
        f.config = &declared;
        WEIR_TRY(weir_csv_dialect_init(&f.base, &declared, err));
        WEIR_TRY(try_single(&f, err));
    }
    if (!f.any) WEIR_TRY(find_dialect(&f, err));
    found.dialect = f.best.dialect;
    found.width = f.best.fit.width;
    WEIR_TRY(weir_csv_sample_cut(&f.sample, &found.dialect, f.from, SIZE_MAX, err));
    WEIR_TRY(weir_csv_find_shape(request, &f.sample, &found, name, err));
    if (is_name_of_one(&f, &found)) {
        f.any = false;
        WEIR_TRY(try_single(&f, err));
        if (f.any) {
            found = (weir_csv_found){.dialect = f.best.dialect, .width = f.best.fit.width};
            WEIR_TRY(weir_csv_sample_cut(&f.sample, &found.dialect, 0, SIZE_MAX, err));
            WEIR_TRY(weir_csv_find_shape(request, &f.sample, &found, name, err));
        }
    }
    if (config->ragged_given) found.dialect.ragged = (uint8_t)config->ragged;
    if (config->stray_given) found.dialect.keep_stray = config->stray_quotes != 0;
    weir_csv_dialect_finish(&found.dialect);
    *out = found;
out:
    weir_csv_sample_clear(&f.sample);
    return status;
}
