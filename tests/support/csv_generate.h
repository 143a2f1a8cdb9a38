/* CSV made from a number: legal and not, with long fields, blank lines, lines of every kind of end,
 * bytes that are not UTF-8.  The same number gives the same text. */
#ifndef TESTS_SUPPORT_CSV_GENERATE_H
#define TESTS_SUPPORT_CSV_GENERATE_H

#include "unit/format/csv_reference.h"

typedef enum csv_newline { CSV_NEWLINE_AUTO, CSV_NEWLINE_LF, CSV_NEWLINE_CR } csv_newline;

static uint64_t seed_state;

static uint64_t next_random(void) {
    uint64_t z = (seed_state += 0x9E3779B97F4A7C15ull);
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ull;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBull;
    return z ^ (z >> 31);
}
static uint32_t below(uint32_t n) {
    return (uint32_t)(next_random() % n);
}

typedef struct csv_text {
    char *data;
    size_t size, capacity;
} csv_text;

static void put(csv_text *t, const char *s, size_t n) {
    if (t->size + n + 1 > t->capacity) {
        t->capacity = (t->size + n + 1) * 2;
        t->data = realloc(t->data, t->capacity);
    }
    memcpy(t->data + t->size, s, n);
    t->size += n;
}
static void put_char(csv_text *t, char c) {
    put(t, &c, 1);
}

typedef struct csv_world {
    ref_dialect d;
    csv_newline newline;
    unsigned faults;    /* of 1000 fields: how many get something illegal */
    unsigned huge;      /* of 1000 fields: how many are long */
    unsigned bad_bytes; /* of 1000 fields: how many are not UTF-8 */
    unsigned plain;     /* of 1000 fields: how many have no quotes */
} csv_world;

static void put_line_end(csv_text *t, const csv_world *w) {
    if (w->d.lone_cr) {
        uint32_t k = below(4);
        put(t, k == 0 ? "\n" : k == 1 ? "\r\n" : "\r", k == 1 ? 2 : 1);
    } else {
        put(t, below(3) ? "\n" : "\r\n", below(3) ? 1 : 1);
        if (t->data[t->size - 1] == '\r') put_char(t, '\n');
    }
}

static void put_plain(csv_text *t, unsigned n) {
    static const char *const pieces[] = {"a", "b", "7", " ", ".", "\xC3\xA9", "\xE2\x82\xAC", "-"};
    for (unsigned i = 0; i < n; i++) {
        const char *s = pieces[below(8)];
        put(t, s, strlen(s));
    }
}

static void put_fault(csv_text *t, const csv_world *w) {
    char q = w->d.quote ? w->d.quote : '"';
    switch (below(9)) {
    case 0: put_char(t, q); break;
    case 1: put_char(t, '\r'); break;
    case 2:
        put(t, "a", 1);
        put_char(t, q);
        put(t, "b", 1);
        break;
    case 3:
        put_char(t, q);
        put(t, "ab", 2);
        put_char(t, q);
        put(t, "cd", 2);
        break;
    case 4:
        put_char(t, q);
        put(t, "a\nb", 3);
        break;
    case 5:
        put_char(t, q);
        put_char(t, q);
        put_char(t, q);
        break;
    case 6: put_char(t, w->d.escape ? w->d.escape : '\\'); break;
    case 7:
        put_char(t, q);
        put(t, "x", 1);
        put_char(t, q);
        put_char(t, '\r');
        break;
    default: put_char(t, w->d.delimiter); break;
    }
}

static void put_field(csv_text *t, const csv_world *w) {
    unsigned size = below(1000) < w->huge ? 50 + below(600) : below(6);
    if (below(1000) < w->faults) {
        put_fault(t, w);
        return;
    }
    if (!w->d.quote || below(1000) < w->plain) {
        put_plain(t, size);
        if (below(1000) < w->bad_bytes) put(t, "\xFF\xC3", 1 + below(2));
        return;
    }
    put_char(t, w->d.quote);
    bool simple = below(2);
    for (unsigned i = 0; i <= size; i++) {
        switch (simple ? 7 : below(8)) {
        case 0: put_char(t, '\n'); break;
        case 1: put(t, "\r\n", 1 + below(2)); break;
        case 2: put_char(t, w->d.delimiter); break;
        case 3:
            put_char(t, w->d.escape);
            put_char(t, w->d.quote);
            break;
        default: put_plain(t, 1); break;
        }
    }
    if (below(1000) < w->bad_bytes) put(t, "\xF0\x9F", 2);
    put_char(t, w->d.quote);
}

static void put_record(csv_text *t, const csv_world *w) {
    unsigned n = w->d.columns;
    if (below(1000) < w->faults) n = 1 + below(n + 2);
    if (below(20) == 0) n = 0; /* a blank line */
    for (unsigned i = 0; i < n; i++) {
        if (i) put_char(t, w->d.delimiter);
        put_field(t, w);
    }
    put_line_end(t, w);
}

/* Fills a zeroed t; *w says how the text is to be read.  Returns the size of the header; records
 * begin behind it, at line 2.  free(t->data). */
static size_t csv_generate(uint64_t seed, csv_world *w, csv_text *t) {
    memset(w, 0, sizeof *w);
    static const size_t maxima[] = {100, 128, 300, 1000, 5000, 100000};
    static const unsigned fault_rates[] = {0, 0, 5, 30, 200};
    seed_state = seed;
    w->d.delimiter = below(4) ? ',' : ';';
    w->d.quote = below(8) ? (below(6) ? '"' : '\'') : 0;
    w->d.escape = below(5) ? w->d.quote : '\\';
    if (!w->d.quote) w->d.escape = 0;
    w->d.lone_cr = below(6) == 0;
    w->d.columns = 1 + below(4);
    w->d.max_record = maxima[below(6)];
    w->newline = w->d.lone_cr ? (below(2) ? CSV_NEWLINE_CR : CSV_NEWLINE_AUTO)
                              : (below(2) ? CSV_NEWLINE_LF : CSV_NEWLINE_AUTO);
    w->faults = fault_rates[below(5)];
    w->huge = below(4) ? 0 : 40;
    w->bad_bytes = below(5) ? 0 : 40;
    w->plain = below(4) ? 660 : 30;
    for (unsigned c = 0; c < w->d.columns; c++) {
        if (c) put_char(t, w->d.delimiter);
        put_char(t, (char)('a' + c));
    }
    put(t, w->d.lone_cr ? "\r" : "\n", 1);
    size_t head = t->size;
    unsigned records = below(5) ? below(40) : below(400);
    for (unsigned i = 0; i < records; i++) put_record(t, w);
    /* Half of the texts do not end with a line end. */
    if (t->size > head && below(2)) t->size--;
    /* A header that ends with CR, then LF: one line end. */
    if (w->d.lone_cr && t->size > head && t->data[head] == '\n') t->data[head] = 'x';
    return head;
}

#endif
