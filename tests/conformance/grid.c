#include "conformance/grid.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "support/plain_json.h"
#include "unit/format/csv_reference.h"

static char *copy_of(const char *text, size_t size) {
    char *copy = malloc(size + 1);
    if (size) memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}

static grid_cell *add_row(grid *g) {
    if (g->rows == g->capacity) {
        g->capacity = g->capacity ? g->capacity * 2 : 64;
        g->cells = realloc(g->cells, g->capacity * (g->columns + 1) * sizeof *g->cells);
    }
    grid_cell *row = g->cells + g->rows++ * g->columns;
    memset(row, 0, g->columns * sizeof *row);
    return row;
}

static void set(grid_cell *c, const char *text, size_t size) {
    c->text = copy_of(text, size);
    c->size = size;
}

void grid_clear(grid *g) {
    for (size_t i = 0; i < g->rows * g->columns; i++) free(g->cells[i].text);
    for (size_t i = 0; i < g->columns; i++) free(g->names[i]);
    free(g->cells);
    free(g->names);
    memset(g, 0, sizeof *g);
}

/* ---- CSV ----------------------------------------------------------------------------------- */

/* Whether text is UTF-8: put between quotes it must be a JSON text (without what JSON escapes). */
static bool is_utf8(const char *s, size_t size) {
    char *quoted = malloc(size + 3);
    size_t at = 0;
    quoted[0] = '"';
    for (size_t i = 0; i < size; i++) {
        char c = s[i];
        quoted[i + 1] = (unsigned char)c < 0x20 || c == '"' || c == '\\' ? 'x' : c;
    }
    quoted[size + 1] = '"';
    plain_json *v = plain_json_read(quoted, size + 2, &at);
    bool ok = v != NULL;
    plain_json_free(v);
    free(quoted);
    return ok;
}

/* Whether the first line end of the text is a lone CR. */
static bool ends_with_lone_cr(const char *p, size_t at, size_t size) {
    for (; at < size; at++) {
        if (p[at] == '\n') return false;
        if (p[at] == '\r') return at + 1 < size && p[at + 1] != '\n';
    }
    return false;
}

static bool read_header(grid *g, const ref_dialect *d, const char *p, size_t *at, size_t size,
                        uint64_t *line) {
    ref_record r = {0};
    for (;;) {
        ref_record_free(&r);
        if (*at >= size) return snprintf(g->why, sizeof g->why, "no header"), false;
        ref_parse(d, p, *at, size, false, &r);
        *line += ref_lines(p, *at, r.next, size);
        size_t from = *at;
        *at = r.next;
        bool empty = p[from] == '\n' || p[from] == '\r';
        if (!empty || r.last_line) break;
    }
    g->columns = r.n_fields;
    g->names = calloc(g->columns + 1, sizeof *g->names);
    if (r.stray || r.behind || r.unclosed || r.bare_cr)
        snprintf(g->why, sizeof g->why, "broken header");
    for (size_t c = 0; c < g->columns; c++) {
        const ref_field *f = &r.fields[c];
        g->names[c] = copy_of(f->text, f->size);
        if (f->size == 0 || strlen(g->names[c]) != f->size || !is_utf8(f->text, f->size))
            snprintf(g->why, sizeof g->why, "the name of column %zu", c + 1);
        /* Wide headers are not looked through: the comparison of names would find it. */
        for (size_t k = 0; k < c && c < 2000; k++)
            if (strcmp(g->names[k], g->names[c]) == 0)
                snprintf(g->why, sizeof g->why, "two columns %.80s", g->names[c]);
    }
    if (g->columns > 16384) snprintf(g->why, sizeof g->why, "too many columns");
    ref_record_free(&r);
    return g->why[0] == '\0';
}

/* With stray_quotes a quote inside an unquoted field is nothing: the reference would call it a
 * fault, and a text without quotes at the beginning of a field needs no quotes at all. */
static bool no_field_begins_with_quote(const char *p, size_t size) {
    for (size_t i = 0; i < size; i++)
        if (p[i] == '"' && (i == 0 || p[i - 1] == ',' || p[i - 1] == '\n' || p[i - 1] == '\r'))
            return false;
    return true;
}

void grid_of_csv(grid *g, const char *p, size_t size, char delimiter, bool stray_quotes) {
    ref_dialect d = {.delimiter = delimiter, .quote = '"', .escape = '"', .max_record = 32u << 20};
    ref_rows rows = {0};
    size_t at = size >= 3 && memcmp(p, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    uint64_t line = 1;
    memset(g, 0, sizeof *g);
    if (stray_quotes && no_field_begins_with_quote(p, size)) d.quote = d.escape = 0;
    d.lone_cr = ends_with_lone_cr(p, at, size);
    if (!read_header(g, &d, p, &at, size, &line)) return;
    d.columns = (unsigned)g->columns;
    ref_read(&d, p, at, size, line, &rows);
    for (size_t i = 0; i < rows.n; i++) {
        const ref_row *r = &rows.rows[i];
        bool good = r->rule == NULL;
        for (unsigned c = 0; good && c < r->n_fields; c++)
            good = is_utf8(r->fields[c].text, r->fields[c].size);
        if (!good) {
            g->bad++;
            continue;
        }
        grid_cell *row = add_row(g);
        for (unsigned c = 0; c < r->n_fields; c++)
            if (r->fields[c].size || r->fields[c].quoted)
                set(&row[c], r->fields[c].text, r->fields[c].size);
    }
    ref_rows_free(&rows);
}

/* ---- NDJSON -------------------------------------------------------------------------------- */

static bool take_line(grid *g, const char *text, size_t from, size_t to, const plain_json *v) {
    if (v->kind != PLAIN_OBJECT) return false;
    if (!g->names) {
        g->columns = v->n;
        g->names = calloc(v->n + 1, sizeof *g->names);
        size_t c = 0;
        for (const plain_json *m = v->first; m; m = m->next)
            g->names[c++] = copy_of(m->key, m->key_size);
    }
    if (v->n != g->columns) return false;
    grid_cell *row = add_row(g);
    size_t c = 0;
    for (const plain_json *m = v->first; m; m = m->next, c++) {
        if (strlen(g->names[c]) != m->key_size || memcmp(g->names[c], m->key, m->key_size) != 0)
            return false;
        if (m->kind == PLAIN_NUMBER || m->kind == PLAIN_TEXT)
            set(&row[c], m->text, m->size);
        else if (m->kind == PLAIN_TRUE || m->kind == PLAIN_FALSE)
            set(&row[c], m->kind == PLAIN_TRUE ? "true" : "false", m->kind == PLAIN_TRUE ? 4 : 5);
        else if (m->kind != PLAIN_NULL)
            set(&row[c], text + from, to - from);
    }
    return true;
}

void grid_of_ndjson(grid *g, const char *text, size_t size) {
    memset(g, 0, sizeof *g);
    for (size_t from = 0, number = 1; from < size; number++) {
        const char *end = memchr(text + from, '\n', size - from);
        size_t to = end ? (size_t)(end - text) : size, at = from;
        plain_json *v = plain_json_read(text, to, &at);
        bool ok = end && v && at == to && take_line(g, text, from, to, v);
        plain_json_free(v);
        if (!ok) {
            snprintf(g->why, sizeof g->why, "line %zu is no record", number);
            return;
        }
        from = to + 1;
    }
}

/* ---- comparing ----------------------------------------------------------------------------- */

static bool is_number(const grid_cell *c) {
    size_t at = 0, from = c->size && c->text[0] == '+';
    plain_json *v = plain_json_read(c->text + from, c->size - from, &at);
    bool ok = v && at == c->size - from && v->kind == PLAIN_NUMBER;
    plain_json_free(v);
    return ok;
}

/* A date or time: begins with a digit and has only what ISO 8601 uses.  Which instant it is, is a
 * matter of the tests of types. */
static bool is_time(const grid_cell *c) {
    return c->size >= 5 && c->text[0] >= '0' && c->text[0] <= '9' &&
           memchr(c->text, ':', c->size) && strspn(c->text, "0123456789-+:.TZ tz") == c->size;
}

/* A float64 has the digits that tell it from its neighbours, 17 at most. */
static bool same_double(const grid_cell *got, const grid_cell *want) {
    return want->size > 16 && memchr(want->text, '.', want->size) &&
           strtod(got->text, NULL) == strtod(want->text, NULL);
}

/* In a column of timestamps a date is the midnight that it begins with. */
static bool same_midnight(const grid_cell *got, const grid_cell *want) {
    return want->size == 10 && got->size == 19 && memcmp(got->text, want->text, 10) == 0 &&
           memcmp(got->text + 10, "T00:00:00", 9) == 0;
}

/* In any case: a bool, a uuid. */
static bool same_word(const grid_cell *a, const grid_cell *b) {
    bool word = (a->size == 4 && memcmp(a->text, "true", 4) == 0) ||
                (a->size == 5 && memcmp(a->text, "false", 5) == 0) || a->size == 36;
    return word && a->size == b->size && strncasecmp(a->text, b->text, a->size) == 0;
}

/* A word that means nothing. */
static bool is_null_word(const grid_cell *c) {
    static const char *const words[] = {"NA",   "N/A",    "n/a",  "#N/A",    "<NA>",    "NULL",
                                        "Null", "null",   "None", "none",    "nil",     "\\N",
                                        "-",    "--",     "---",  ".",       "..",      "?",
                                        "NaT",  "(null)", "na",   "missing", "Missing", "#NULL!"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (c->size == strlen(words[i]) && memcmp(c->text, words[i], c->size) == 0) return true;
    return false;
}

/* The number without its marks, when `decimal` is the decimal one. */
static bool same_number_but(const grid_cell *got, const grid_cell *want, char decimal) {
    char plain[128];
    size_t n = 0;
    for (size_t i = 0; i < want->size && n < sizeof plain; i++) {
        char c = want->text[i];
        if (c == decimal)
            plain[n++] = '.';
        else if (strchr("0123456789-eE", c))
            plain[n++] = c;
    }
    grid_cell w = {plain, n};
    return is_number(&w) && plain_number_equal(got->text, got->size, plain, n);
}

/* The numbers of a moment, months by their names, 12 hours counted on: sorted, zeros left out. */
static size_t moment_numbers(const grid_cell *c, long *out, size_t room) {
    static const char months[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    size_t n = 0, i = 0;
    bool pm = false, am = false;
    long hour = -1;
    while (i < c->size && n < room) {
        char *end;
        if (c->text[i] >= '0' && c->text[i] <= '9') {
            long v = strtol(c->text + i, &end, 10);
            size_t next = (size_t)(end - c->text);
            if (next < c->size && *end == ':' && hour < 0) hour = (long)n;
            if (v || (hour == (long)n)) out[n++] = v;
            i = next;
            continue;
        }
        for (int m = 0; m < 12 && i + 3 <= c->size; m++)
            if (strncasecmp(c->text + i, months + 3 * m, 3) == 0) {
                out[n++] = m + 1;
                while (i < c->size && (c->text[i] | 32) >= 'a' && (c->text[i] | 32) <= 'z') i++;
                break;
            }
        if (i + 2 <= c->size) {
            pm = pm || strncasecmp(c->text + i, "pm", 2) == 0;
            am = am || strncasecmp(c->text + i, "am", 2) == 0;
        }
        i++;
    }
    if (hour >= 0 && (am || pm)) out[hour] = out[hour] % 12 + (pm ? 12 : 0);
    for (size_t k = 1; k < n; k++)
        for (size_t j = k; j && out[j] < out[j - 1]; j--) {
            long swap = out[j];
            out[j] = out[j - 1];
            out[j - 1] = swap;
        }
    return n;
}

/* An ISO date or timestamp that was written in another format. */
static bool same_moment(const grid_cell *got, const grid_cell *want) {
    long a[12], b[12];
    if (got->size < 10 || got->text[4] != '-' || got->text[7] != '-') return false;
    if (strspn(got->text, "0123456789-:.TZ+") != got->size) return false;
    if (got->text[got->size - 1] == 'Z') return true; /* of which instant, see above */
    size_t n = moment_numbers(got, a, 12), m = moment_numbers(want, b, 12), zeros = 0;
    while (zeros < n && a[zeros] == 0) zeros++;
    size_t others = 0;
    while (others < m && b[others] == 0) others++;
    return n > zeros && n - zeros == m - others &&
           memcmp(a + zeros, b + others, (n - zeros) * sizeof *a) == 0;
}

bool grid_cell_same(const grid_cell *a, const grid_cell *b, grid_match match) {
    if (match == GRID_SAME_VALUE && !a->text && b->text && is_null_word(b)) return true;
    if (match != GRID_EXACT && (!a->text || !b->text))
        return (!a->text || !a->size) && (!b->text || !b->size);
    if (!a->text || !b->text) return !a->text && !b->text;
    if (a->size == b->size && memcmp(a->text, b->text, a->size) == 0) return true;
    if (match != GRID_SAME_VALUE) return false;
    if (is_number(a) && is_number(b))
        return plain_number_equal(a->text, a->size, b->text, b->size) || same_double(a, b);
    if ((is_time(a) && is_time(b)) || same_midnight(a, b)) return true;
    if (is_number(a) && b->size < 100)
        return same_number_but(a, b, '.') || same_number_but(a, b, ',');
    return same_word(a, b) || same_moment(a, b);
}

bool grid_same(const grid *got, const grid *want, grid_match match, char *why, size_t why_size) {
    if (got->why[0]) return snprintf(why, why_size, "it cannot be read: %s", got->why), false;
    if (got->bad) return snprintf(why, why_size, "%zu of its records are broken", got->bad), false;
    if (got->rows != want->rows)
        return snprintf(why, why_size, "%zu rows, not %zu", got->rows, want->rows), false;
    /* NDJSON without rows has no names. */
    if (!got->names && got->rows == 0) return true;
    if (got->columns != want->columns)
        return snprintf(why, why_size, "%zu columns, not %zu", got->columns, want->columns), false;
    for (size_t c = 0; c < want->columns; c++)
        if (strcmp(got->names[c], want->names[c]) != 0)
            return snprintf(why, why_size, "column [%.80s], not [%.80s]", got->names[c],
                            want->names[c]),
                   false;
    for (size_t i = 0; i < want->rows * want->columns; i++) {
        const grid_cell *a = &got->cells[i], *b = &want->cells[i];
        if (grid_cell_same(a, b, match)) continue;
        snprintf(why, why_size, "row %zu, column %.60s: [%.200s], not [%.200s]",
                 i / want->columns + 1, want->names[i % want->columns], a->text ? a->text : "null",
                 b->text ? b->text : "null");
        return false;
    }
    return true;
}
