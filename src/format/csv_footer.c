/* What stands behind the last record: notes, sums, counts of rows. */
#include "format/csv_sniff.h"

#define FOOTER_LINES 12u /* that may be found; a declared number has no such limit */

typedef enum line_kind {
    LINE_BLANK,
    LINE_DATA,
    LINE_NOTE, /* text in the first field alone, or a sum: a footer behind a blank line */
    LINE_FOOT  /* a footer in any case */
} line_kind;

static char lower(char c) {
    return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static bool begins(weir_slice s, const char *with) {
    for (size_t i = 0; with[i]; i++)
        if (i >= s.size || lower(s.data[i]) != with[i]) return false;
    return true;
}

/* "(12 rows)", "12 rows selected." */
static bool counts_rows(weir_slice s) {
    size_t i = s.size && s.data[0] == '(', digits = i;
    while (i < s.size && s.data[i] >= '0' && s.data[i] <= '9') i++;
    if (i == digits || i >= s.size || s.data[i] != ' ') return false;
    weir_slice rest = {s.data + i + 1, s.size - i - 1};
    return begins(rest, "row") && rest.size <= 24;
}

static bool is_note(weir_slice s) {
    static const char *const words[] = {
        "source:",    "sources:",         "source data", "data source", "note:",      "notes:",
        "footnote",   "copyright",        "(c) ",        "\xC2\xA9",    "generated ", "exported ",
        "downloaded", "report generated", "total rows",  "end of file", NULL};
    for (size_t i = 0; words[i]; i++)
        if (begins(s, words[i])) return true;
    return counts_rows(s);
}

/* A line of one field that ends a report: `END`, `*** End of report ***`, `-----`, `Records: 12`,
 * `12 records`, `-- 3 rows`. */
static bool ends_report(weir_slice s) {
    static const char *const ends[] = {"end",           "eof",          "end of file",
                                       "end of report", "end of data",  "end of list",
                                       "end of export", "end of table", NULL};
    static const char *const counts[] = {
        "record",         "records", "row",       "rows",         "line",
        "lines",          "count",   "row count", "record count", "number of records",
        "number of rows", NULL};
    const char marks[] = "*-=#_~<> []";
    size_t all = s.size;
    while (s.size && strchr(marks, s.data[0])) s.data++, s.size--;
    while (s.size && strchr(marks, s.data[s.size - 1])) s.size--;
    if (!s.size) return all >= 3; /* a rule */
    if (s.data[s.size - 1] == '.') s.size--;
    for (size_t i = 0; ends[i]; i++)
        if (strlen(ends[i]) == s.size && begins(s, ends[i])) return true;
    /* a number and a word, in either order */
    size_t digits = 0;
    while (digits < s.size && s.data[digits] >= '0' && s.data[digits] <= '9') digits++;
    weir_slice word = weir_csv_trim((weir_slice){s.data + digits, s.size - digits});
    if (!digits) {
        size_t colon = 0;
        while (colon < s.size && s.data[colon] != ':' && s.data[colon] != '=') colon++;
        weir_slice number = {s.data + colon, s.size - colon};
        if (number.size) number.data++, number.size--;
        number = weir_csv_trim(number);
        if (!number.size || number.size > 12) return false;
        for (size_t i = 0; i < number.size; i++)
            if (number.data[i] < '0' || number.data[i] > '9') return false;
        word = weir_csv_trim((weir_slice){s.data, colon});
    }
    for (size_t i = 0; counts[i]; i++)
        if (strlen(counts[i]) == word.size && begins(word, counts[i])) return true;
    return false;
}

static bool is_sum(weir_slice s) {
    static const char *const words[] = {"total", "totals", "grand total", "sum",
                                        "summe", "gesamt", "subtotal",    NULL};
    while (s.size && s.data[s.size - 1] == ':') s.size--;
    for (size_t i = 0; words[i]; i++)
        if (strlen(words[i]) == s.size && begins(s, words[i])) return true;
    return false;
}

/* A line that stands outside quotes as a whole. */
static line_kind look(const weir_csv_dialect *d, uint32_t width, const uint8_t *p, size_t begin,
                      size_t end) {
    uint32_t ends[2] = {0, 0};
    weir_csv_scan scan = {.ends = ends, .max_fields = 2};
    if (weir_csv_trim((weir_slice){(const char *)p + begin, end - begin}).size == 0)
        return LINE_BLANK;
    weir_csv_scan_reset(&scan, true);
    (void)weir_csv_scan_run(&scan, d, p, begin, end);
    if (!scan.done) weir_csv_scan_finish(&scan, end);
    weir_slice first = {(const char *)p + begin, ends[0] - begin};
    if (d->has_quote && first.size >= 2 && (uint8_t)first.data[0] == d->quote)
        first = (weir_slice){first.data + 1, first.size - 2};
    first = weir_csv_trim(first);
    bool alone = true;
    for (size_t i = ends[0]; i < end && alone; i++)
        alone = p[i] == d->delimiter || p[i] == ' ' || p[i] == '\t' || p[i] == '"';
    bool note = is_note(first);
    if (width < 2)
        return counts_rows(first) && first.size && first.data[0] == '(' ? LINE_FOOT : LINE_DATA;
    /* one of three fields or fewer may be a record whose others are empty */
    if (note && (scan.n_fields != width || (alone && width >= 4))) return LINE_FOOT;
    if (scan.n_fields == 1 && ends_report(first)) return LINE_FOOT;
    if (note || is_sum(first)) return LINE_NOTE;
    /* One word alone may be a record that lost its other fields. */
    bool words =
        memchr(first.data, ' ', first.size) || (first.size && first.data[first.size - 1] == ':');
    if (alone && words && weir_csv_kind_of(first) == WEIR_CSV_TEXT) return LINE_NOTE;
    return LINE_DATA;
}

/* Quotes in p[from..to) that an escape does not hide. */
static size_t quotes_in(const weir_csv_dialect *d, const uint8_t *p, size_t from, size_t to) {
    size_t n = 0;
    for (size_t i = from; i < to && d->has_quote; i++) {
        if (!d->doubled && p[i] == d->escape)
            i++;
        else
            n += p[i] == d->quote;
    }
    return n;
}

/* Where the first line that is neither blank nor a comment begins. */
static size_t first_line(const weir_csv_dialect *d, const uint8_t *data, size_t size) {
    size_t begin = 0;
    bool comment = false;
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '\n' || data[i] == '\r') {
            begin = i + 1;
            comment = false;
        } else if (i == begin && d->comment_size && size - i >= d->comment_size &&
                   memcmp(data + i, d->comment, d->comment_size) == 0) {
            comment = true;
        } else if (!comment && data[i] != ' ' && data[i] != '\t') {
            break;
        }
    }
    return begin;
}

/* Where the line that ends at `end` begins; *text is its end without the line end. */
static size_t line_begin(const weir_csv_dialect *d, const uint8_t *p, size_t end, size_t *text) {
    size_t i = end;
    if (i && p[i - 1] == '\n') i--;
    if (i && p[i - 1] == '\r' && (i < end || d->lone_cr)) i--;
    *text = i;
    while (i && p[i - 1] != '\n' && !(d->lone_cr && p[i - 1] == '\r')) i--;
    return i;
}

size_t weir_csv_footer(const weir_csv_dialect *d, uint32_t width, const uint8_t *data, size_t size,
                       int64_t lines, uint32_t *n) {
    size_t cut = size, quotes = 0, at = size, text;
    uint32_t seen = 0, kept = 0;
    size_t first = first_line(d, data, size); /* never a footer: blank lines alone are no table */
    *n = 0;
    if (at && data[at - 1] == 0x1A) cut = --at; /* the end mark of DOS */
    while (at > 0) {
        size_t begin = line_begin(d, data, at, &text);
        weir_slice line = {(const char *)data + begin, text - begin};
        quotes += quotes_in(d, data, begin, text);
        if (lines != WEIR_CSV_FIND) {
            /* That many lines, and blank ones around them. */
            bool blank = weir_csv_trim(line).size == 0;
            if (kept == lines && !blank) break;
            kept += !blank;
            cut = begin;
        } else {
            line_kind kind = look(d, width, data, begin, text);
            if (kind == LINE_DATA || quotes % 2 || seen > FOOTER_LINES) break;
            if (begin <= first && kind != LINE_BLANK) break;
            bool commits = kind == LINE_FOOT || (kind == LINE_BLANK && seen);
            seen += kind != LINE_BLANK;
            if (commits) {
                cut = begin;
                kept = seen;
            }
        }
        at = begin;
    }
    *n = kept;
    return cut;
}
