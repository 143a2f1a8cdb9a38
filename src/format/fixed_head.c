/* Columns of fixed width, found in the beginning of a file.
 *
 * A place that is blank in every line stands between two columns.  A rule of dashes under the first
 * line tells them outright.  Where the first line is a header, a run of text without a name above
 * it belongs to the column before: blanks inside texts may happen to stand one below the other.
 */
#include "format/fixed.h"
#include "text/number.h"
#include "text/time.h"
#include "text/utf8.h"

#define MAX_LINES 2000u
#define MAX_WIDTH 32768u
#define MIN_LINES 2u

size_t weir_fixed_offset(weir_slice line, uint32_t at, bool bytes) {
    if (bytes) return at < line.size ? at : line.size;
    size_t i = 0;
    for (uint32_t n = 0; n < at && i < line.size; n++) {
        uint32_t c;
        size_t size =
            (uint8_t)line.data[i] < 0x80 ? 1 : weir_utf8_decode(line.data + i, line.size - i, &c);
        i += size ? size : 1;
    }
    return i;
}

static bool is_blank(char c) {
    return c == ' ' || c == '\t';
}

weir_slice weir_fixed_trim(weir_slice s) {
    while (s.size && is_blank(*s.data)) s.data++, s.size--;
    while (s.size && is_blank(s.data[s.size - 1])) s.size--;
    return s;
}

/* The next line of *text; false at the end, and for a last line that may be cut off. */
static bool next_line(weir_slice *text, bool whole, uint8_t eol, weir_slice *line) {
    if (text->size == 0) return false;
    const char *stop = memchr(text->data, eol, text->size);
    if (!stop && !whole) return false;
    *line = (weir_slice){text->data, stop ? (size_t)(stop - text->data) : text->size};
    size_t used = line->size + (stop != NULL);
    text->data += used;
    text->size -= used;
    if (line->size && line->data[line->size - 1] == '\r') line->size--;
    return true;
}

/* Marks the units of a line that hold text; the number of units. */
static uint32_t mark(weir_slice line, bool bytes, uint8_t *taken) {
    uint32_t n = 0;
    for (size_t i = 0; i < line.size && n < MAX_WIDTH; n++) {
        uint32_t c;
        size_t size = bytes || (uint8_t)line.data[i] < 0x80
                          ? 1
                          : weir_utf8_decode(line.data + i, line.size - i, &c);
        if (line.data[i] != ' ') taken[n] = 1;
        i += size ? size : 1;
    }
    return n;
}

/* Whether a line is made of dashes and blanks only, with two runs of dashes at least. */
static bool is_rule(weir_slice line) {
    size_t runs = 0;
    for (size_t i = 0; i < line.size; i++) {
        char c = line.data[i];
        if (c != '-' && c != '=' && c != ' ') return false;
        runs += c != ' ' && (i == 0 || line.data[i - 1] == ' ');
    }
    return runs >= 2;
}

bool weir_fixed_is_rule(weir_slice text, bool whole, uint8_t eol) {
    weir_slice line;
    return next_line(&text, whole, eol, &line) && is_rule(line);
}

static weir_slice cell(weir_slice line, const weir_fixed_place *p, bool bytes) {
    size_t from = weir_fixed_offset(line, p->begin, bytes);
    size_t to = p->end == UINT32_MAX ? line.size : weir_fixed_offset(line, p->end, bytes);
    return weir_fixed_trim((weir_slice){line.data + from, to - from});
}

static bool looks_typed(weir_slice s) {
    double number;
    int32_t date;
    int64_t stamp;
    return weir_num_parse_double(s.data, s.size, 0, &number) == WEIR_NUM_OK ||
           weir_date_parse(s.data, s.size, &date) == WEIR_NUM_OK ||
           weir_timestamp_parse(s.data, s.size, &stamp) == WEIR_NUM_OK;
}

/* Whether the first line names the columns: it has a text for each, and none in which the others
 * have numbers or dates only is one there. */
static bool has_header(weir_slice text, bool whole, uint8_t eol, bool bytes,
                       const weir_fixed_found *f) {
    weir_slice first, line, rest = text;
    if (!next_line(&rest, whole, eol, &first)) return false;
    bool told = false;
    for (uint32_t c = 0; c < f->n; c++) {
        weir_slice name = cell(first, &f->places[c], bytes), others = rest;
        if (looks_typed(name)) return false;
        size_t typed = 0, values = 0;
        while (next_line(&others, whole, eol, &line) && values < MAX_LINES) {
            weir_slice s = cell(line, &f->places[c], bytes);
            values += s.size > 0;
            typed += s.size > 0 && looks_typed(s);
        }
        if (values && typed == values) told = told || name.size > 0;
    }
    return told;
}

/* Runs of text as columns.  long_enough: how many units two lines at least have; a run behind that
 * is only the end of one long line. */
static void take_runs(const uint8_t *taken, uint32_t n, uint32_t long_enough,
                      weir_fixed_found *out) {
    out->n = 0;
    for (uint32_t i = 0; i < n && out->n < WEIR_FIXED_MAX_COLUMNS; i++) {
        if (!taken[i] || (i && taken[i - 1])) continue;
        uint32_t end = i;
        while (end < n && taken[end]) end++;
        if (out->n && i >= long_enough)
            out->places[out->n - 1].end = end;
        else
            out->places[out->n++] = (weir_fixed_place){i, end};
    }
}

/* Runs of text without a name are parts of the nearer column: of the one before them, but where
 * names stand at the right end of their columns of the one behind. */
static void join_unnamed(weir_slice header, bool bytes, weir_fixed_found *out) {
    uint32_t n = 0;
    for (uint32_t c = 0; c < out->n; c++) {
        weir_fixed_place p = out->places[c], *next = &out->places[c + 1];
        bool unnamed = n && cell(header, &p, bytes).size == 0;
        if (unnamed && c + 1 < out->n && next->begin - p.end < p.begin - out->places[n - 1].end)
            next->begin = p.begin;
        else if (unnamed)
            out->places[n - 1].end = p.end;
        else
            out->places[n++] = p;
    }
    out->n = n;
}

bool weir_fixed_find(weir_slice text, bool whole, uint8_t eol, bool bytes, int header,
                     weir_fixed_found *out) {
    uint8_t *taken = weir_alloc_zero(MAX_WIDTH, 1);
    weir_slice rest = text, line, first = {0}, second = {0};
    uint32_t lines = 0, width = 0, second_width = 0; /* of the two longest lines */
    memset(out, 0, sizeof *out);
    if (!taken) return false;
    while (lines < MAX_LINES && next_line(&rest, whole, eol, &line)) {
        if (weir_fixed_trim(line).size == 0) continue;
        if (lines == 0) first = line;
        if (lines == 1) second = line;
        uint32_t n = mark(line, bytes, taken);
        if (n > width) {
            second_width = width;
            width = n;
        } else if (n > second_width) {
            second_width = n;
        }
        lines++;
    }
    if (lines >= 2 && header != WEIR_FIXED_HEADER_FALSE && is_rule(second)) {
        memset(taken, 0, MAX_WIDTH);
        width = mark(second, bytes, taken);
        take_runs(taken, width, UINT32_MAX, out);
        out->header = out->ruled = true;
        for (uint32_t c = 0; c + 1 < out->n; c++) out->places[c].end = out->places[c + 1].begin;
    } else if (lines >= MIN_LINES) {
        take_runs(taken, width, second_width, out);
        out->header =
            header == WEIR_FIXED_HEADER_TRUE ||
            (header == WEIR_FIXED_HEADER_AUTO && has_header(text, whole, eol, bytes, out));
        if (out->header) join_unnamed(first, bytes, out);
    }
    if (out->n) out->places[out->n - 1].end = UINT32_MAX;
    weir_free(taken);
    return out->n >= 2;
}
