/* A table of texts, as a plain reader sees it: what comes out of CSV and of NDJSON is brought into
 * this form and compared cell by cell. */
#ifndef TESTS_CONFORMANCE_GRID_H
#define TESTS_CONFORMANCE_GRID_H

#include <stdbool.h>
#include <stddef.h>

typedef struct grid_cell {
    char *text; /* NULL = null; may hold NUL */
    size_t size;
} grid_cell;

typedef struct grid {
    size_t columns, rows, capacity;
    char **names;
    grid_cell *cells; /* rows * columns */
    size_t bad;       /* records that the reader refuses; they are no rows */
    char why[200];    /* the file as a whole cannot be read: not empty */
} grid;

typedef enum grid_match {
    GRID_EXACT,    /* the same texts and nulls */
    GRID_NO_EMPTY, /* the same, but null and the empty text are one */
    /* that, numbers by value, dates and times in another of their ISO forms; a is what came out:
       null where b is a word for nothing, plain where b is written as people write */
    GRID_SAME_VALUE,
} grid_match;

/* Reads CSV with a header as docs/formats-csv.md has it, with tests/unit/format/csv_reference.h.
 * stray_quotes: a quote inside an unquoted field is a character. */
void grid_of_csv(grid *g, const char *text, size_t size, char delimiter, bool stray_quotes);

/* Reads NDJSON whose lines all have the same names in the same order.  Lists and objects become
 * their text. */
void grid_of_ndjson(grid *g, const char *text, size_t size);

/* Whether got has the columns and rows of want; else why tells the first difference. */
bool grid_same(const grid *got, const grid *want, grid_match match, char *why, size_t why_size);

/* got and want, one cell. */
bool grid_cell_same(const grid_cell *a, const grid_cell *b, grid_match match);

void grid_clear(grid *g);

#endif
