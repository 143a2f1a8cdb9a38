/* A plain CSV reader for tests: one byte after the other over the whole text, written from
 * docs/formats-csv.md without a look at the automaton or the cutter.  Slow and simple on purpose.
 */
#ifndef TESTS_CSV_REFERENCE_H
#define TESTS_CSV_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct ref_dialect {
    char delimiter, quote, escape; /* quote 0 = none */
    bool lone_cr;
    size_t max_record;
    unsigned columns;
} ref_dialect;

typedef struct ref_field {
    char *text;
    size_t size;
    bool quoted;
} ref_field;

typedef struct ref_row {
    size_t begin, end; /* raw */
    uint64_t line;
    const char *rule; /* NULL = good */
    unsigned n_fields;
    ref_field *fields;
} ref_row;

typedef struct ref_rows {
    size_t n, capacity;
    ref_row *rows;
} ref_rows;

typedef struct ref_record {
    size_t next; /* behind the line end */
    bool stray, behind, unclosed, bare_cr;
    bool broken;      /* a fault of quoting behind a line end inside quotes: not read further */
    size_t last_line; /* behind the last line end inside quotes; 0 = there is none */
    unsigned n_fields;
    ref_field *fields;
} ref_record;

static void ref_record_free(ref_record *r) {
    for (unsigned i = 0; i < r->n_fields; i++) free(r->fields[i].text);
    free(r->fields);
    memset(r, 0, sizeof *r);
}

static void ref_add_field(ref_record *r, const char *text, size_t size, bool quoted) {
    r->fields = realloc(r->fields, (r->n_fields + 1) * sizeof *r->fields);
    ref_field *f = &r->fields[r->n_fields++];
    f->text = malloc(size + 1);
    memcpy(f->text, text, size);
    f->size = size;
    f->quoted = quoted;
}

/* Length of the line end at p[i], 0 when there is none.  *bare: a CR that is only a character. */
static size_t ref_line_end(const ref_dialect *d, const char *p, size_t i, size_t n, bool *bare) {
    *bare = false;
    if (i >= n) return 0;
    if (p[i] == '\n') return 1;
    if (p[i] != '\r') return 0;
    if (i + 1 < n && p[i + 1] == '\n') return 2;
    if (i + 1 == n || d->lone_cr) return 1;
    *bare = true;
    return 0;
}

/* The inside of quotes from p[i] on into buf; returns where it stopped. *closed: at a closing
 * quote. */
static size_t ref_quoted(const ref_dialect *d, const char *p, size_t i, size_t n, bool one_line,
                         ref_record *r, char *buf, size_t *size, bool *closed) {
    bool doubled = d->escape == d->quote;
    *size = 0;
    *closed = false;
    while (i < n) {
        char c = p[i];
        bool line_end = c == '\n' || (d->lone_cr && c == '\r');
        if (line_end) {
            if (one_line) return i;
            r->last_line = i + 1;
            if (r->stray || r->behind) {
                r->broken = true;
                return i + 1;
            }
        } else if (!doubled && c == d->escape) {
            if (i + 1 < n && p[i + 1] != '\n' && !(d->lone_cr && p[i + 1] == '\r')) {
                if (p[i + 1] != d->quote && p[i + 1] != d->escape) buf[(*size)++] = c;
                buf[(*size)++] = p[i + 1];
                i += 2;
                continue;
            }
        } else if (c == d->quote) {
            if (i + 1 < n && p[i + 1] == d->quote) {
                buf[(*size)++] = c;
                i += 2;
                continue;
            }
            *closed = true;
            return i + 1;
        }
        buf[(*size)++] = c;
        i++;
    }
    return i;
}

/* Whether the escape just in front of the end leaves the quotes open is decided by ref_quoted. */
static void ref_parse(const ref_dialect *d, const char *p, size_t begin, size_t n, bool one_line,
                      ref_record *r) {
    size_t i = begin;
    char *buf = malloc(n - begin + 1);
    memset(r, 0, sizeof *r);
    for (;;) {
        size_t size = 0, start = i, ending = 0;
        bool bare, quoted = d->quote && i < n && p[i] == d->quote, closed = false;
        if (quoted) {
            i = ref_quoted(d, p, i + 1, n, one_line, r, buf, &size, &closed);
            if (!closed && !r->broken) r->unclosed = true;
        }
        /* What follows, up to a delimiter or a line end, is plain text. */
        bool behind = false;
        while (!r->broken) {
            ending = ref_line_end(d, p, i, n, &bare);
            if (i == n || ending || p[i] == d->delimiter) break;
            if (quoted && !behind) {
                behind = true;
                if (closed) r->behind = true;
            } else if (bare) {
                r->bare_cr = true;
            }
            if (d->quote && p[i] == d->quote) r->stray = true;
            i++;
            r->broken = r->last_line && !one_line && (r->stray || r->behind);
        }
        if (r->broken) {
            r->next = i;
            break;
        }
        if (quoted && !behind)
            ref_add_field(r, buf, size, true);
        else
            ref_add_field(r, p + start, i - start, false);
        if (i < n && !ending) {
            i++;
            continue;
        }
        r->next = i + ending;
        break;
    }
    free(buf);
}

static ref_row *ref_add_row(ref_rows *rows, size_t begin, size_t end, uint64_t line,
                            const char *rule) {
    if (rows->n == rows->capacity) {
        rows->capacity = rows->capacity ? rows->capacity * 2 : 64;
        rows->rows = realloc(rows->rows, rows->capacity * sizeof *rows->rows);
    }
    ref_row *row = &rows->rows[rows->n++];
    *row = (ref_row){.begin = begin, .end = end, .line = line, .rule = rule};
    return row;
}

static uint64_t ref_lines(const char *p, size_t from, size_t to, size_t n) {
    uint64_t lines = 0;
    for (size_t i = from; i < to; i++)
        lines += p[i] == '\n' || (p[i] == '\r' && !(i + 1 < n && p[i + 1] == '\n'));
    return lines;
}

static bool ref_unreadable(const ref_dialect *d, const ref_record *r) {
    unsigned n = r->n_fields;
    while (n > d->columns && r->fields[n - 1].size == 0 && !r->fields[n - 1].quoted) n--;
    return !r->unclosed && n != d->columns;
}

/* Where the broken record ends whose first line is p[at..next). */
static size_t ref_broken_end(const ref_dialect *d, const char *p, size_t at, size_t next,
                             size_t n) {
    size_t max = d->max_record < 65536 ? d->max_record : 65536, end = next;
    while (d->columns > 1 && next < n && next - at < max) {
        ref_record r;
        ref_parse(d, p, next, n, true, &r);
        bool blank = r.n_fields == 1 && r.fields[0].size == 0 && !r.fields[0].quoted;
        bool goes_on = r.next - at <= max && (blank || ref_unreadable(d, &r));
        next = r.next;
        ref_record_free(&r);
        if (!goes_on) break;
        if (!blank) end = next;
    }
    return end;
}

/* All records of p[at..n), which begins at line `line`. */
static void ref_read(const ref_dialect *d, const char *p, size_t at, size_t n, uint64_t line,
                     ref_rows *rows) {
    size_t one_line_until = 0;
    while (at < n) {
        bool one_line = at < one_line_until;
        ref_record r;
        ref_parse(d, p, at, n, one_line, &r);
        if (r.next - at > d->max_record) {
            /* What can be said of its first max_record bytes? */
            ref_record head;
            ref_parse(d, p, at, at + d->max_record, one_line, &head);
            bool open = head.unclosed || head.broken;
            size_t last_line = head.last_line;
            ref_record_free(&head);
            ref_record_free(&r);
            if (open && !one_line) {
                one_line_until = last_line ? last_line : at + d->max_record;
                continue;
            }
            size_t kept = d->max_record < 4096 ? d->max_record : 4096, next = at + d->max_record;
            ref_add_row(rows, at, at + kept, line, "length");
            for (; next < n; next++) {
                if (p[next] == '\n') {
                    next++;
                    break;
                }
                if (d->lone_cr && p[next - 1] == '\r' && next > at + d->max_record) break;
                if (d->lone_cr && p[next] == '\r' && !(next + 1 < n && p[next + 1] == '\n')) {
                    next++;
                    break;
                }
            }
            line += ref_lines(p, at, next, n);
            at = next;
            continue;
        }
        if (!one_line && (r.unclosed || r.broken)) {
            one_line_until = r.last_line ? r.last_line : r.next;
            ref_record_free(&r);
            continue;
        }
        if (r.unclosed) r.next = ref_broken_end(d, p, at, r.next, n);
        size_t end = r.next, next_at = r.next;
        if (end > at && p[end - 1] == '\n') end--;
        if (end > at && p[end - 1] == '\r') end--;
        size_t blanks = at;
        while (blanks < end && (p[blanks] == ' ' || p[blanks] == '\t')) blanks++;
        bool blank = r.n_fields == 1 && blanks == end && d->columns > 1;
        /* Delimiters too many at the end of a line are harmless. */
        while (d->columns > 1 && r.n_fields > d->columns && r.fields[r.n_fields - 1].size == 0 &&
               !r.fields[r.n_fields - 1].quoted)
            free(r.fields[--r.n_fields].text);
        if (blank) {
            ref_record_free(&r);
        } else {
            const char *rule = r.unclosed || r.stray || r.behind ? "quote"
                               : r.bare_cr                       ? "newline"
                               : r.n_fields != d->columns        ? "fields"
                                                                 : NULL;
            ref_row *row = ref_add_row(rows, at, end, line, rule);
            row->n_fields = r.n_fields;
            row->fields = r.fields;
        }
        line += ref_lines(p, at, next_at, n);
        at = next_at;
    }
}

static void ref_rows_free(ref_rows *rows) {
    for (size_t i = 0; i < rows->n; i++) {
        for (unsigned k = 0; k < rows->rows[i].n_fields; k++) free(rows->rows[i].fields[k].text);
        free(rows->rows[i].fields);
    }
    free(rows->rows);
    memset(rows, 0, sizeof *rows);
}

#endif
