/* Generated CSV, legal and not, against the plain reader of csv_reference.h: values, rejects, byte
 * and line addresses must be equal for every size of chunks, with vector code and without. */
#include "csv_helpers.h"
#include "csv_reference.h"

#include "base/cpu.h"
#include "text/utf8.h"

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

typedef struct text {
    char *data;
    size_t size, capacity;
} text;

static void put(text *t, const char *s, size_t n) {
    if (t->size + n + 1 > t->capacity) {
        t->capacity = (t->size + n + 1) * 2;
        t->data = realloc(t->data, t->capacity);
    }
    memcpy(t->data + t->size, s, n);
    t->size += n;
}
static void put_char(text *t, char c) {
    put(t, &c, 1);
}

typedef struct world {
    ref_dialect d;
    int newline;
    unsigned faults;    /* of 1000 fields: how many get something illegal */
    unsigned huge;      /* of 1000 fields: how many are long */
    unsigned bad_bytes; /* of 1000 fields: how many are not UTF-8 */
    unsigned plain;     /* of 1000 fields: how many have no quotes */
} world;

static void put_line_end(text *t, const world *w) {
    if (w->d.lone_cr) {
        uint32_t k = below(4);
        put(t, k == 0 ? "\n" : k == 1 ? "\r\n" : "\r", k == 1 ? 2 : 1);
    } else {
        put(t, below(3) ? "\n" : "\r\n", below(3) ? 1 : 1);
        if (t->data[t->size - 1] == '\r') put_char(t, '\n');
    }
}

static void put_plain(text *t, unsigned n) {
    static const char *const pieces[] = {"a", "b", "7", " ", ".", "\xC3\xA9", "\xE2\x82\xAC", "-"};
    for (unsigned i = 0; i < n; i++) {
        const char *s = pieces[below(8)];
        put(t, s, strlen(s));
    }
}

static void put_fault(text *t, const world *w) {
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

static void put_field(text *t, const world *w) {
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

static void put_record(text *t, const world *w) {
    unsigned n = w->d.columns;
    if (below(1000) < w->faults) n = 1 + below(n + 2);
    if (below(20) == 0) n = 0; /* a blank line */
    for (unsigned i = 0; i < n; i++) {
        if (i) put_char(t, w->d.delimiter);
        put_field(t, w);
    }
    put_line_end(t, w);
}

/* ---- comparing ----------------------------------------------------------------------------- */

static void explain(const char *what, size_t k, const ref_rows *want, const text *t) {
    const ref_row *r = &want->rows[k];
    fprintf(stderr, "row %zu: %s; expected byte %zu..%zu line %llu rule %s: [%.*s]\n", k, what,
            r->begin, r->end, (unsigned long long)r->line, r->rule ? r->rule : "-",
            (int)(r->end - r->begin), t->data + r->begin);
}

static const char *expected_rule(const ref_row *r) {
    if (r->rule) return r->rule;
    for (unsigned c = 0; c < r->n_fields; c++)
        if (!weir_utf8_valid(r->fields[c].text, r->fields[c].size)) return "utf8";
    return NULL;
}

static bool same_fields(const weir_batch *b, uint32_t row, const ref_row *want) {
    for (unsigned c = 0; c < b->schema->n_fields; c++) {
        const weir_column *col = b->columns[c];
        bool null = weir_column_is_null(col, row), poison = weir_column_is_poisoned(col, row);
        if (want->rule) {
            if (!null || !poison) return false;
            continue;
        }
        const ref_field *f = &want->fields[c];
        bool bad = !weir_utf8_valid(f->text, f->size);
        bool want_null = bad || (f->size == 0 && !f->quoted);
        if (null != want_null || poison != bad) return false;
        if (null) continue;
        weir_slice s = weir_column_slice(col, row);
        if (s.size != f->size || memcmp(s.data, f->text, f->size) != 0) return false;
    }
    return true;
}

static bool same_row(const weir_batch *b, uint32_t row, size_t k, const ref_rows *want,
                     const text *t) {
    const ref_row *r = &want->rows[k];
    const weir_failure *f = row_failure(b, row);
    const char *rule = expected_rule(r);
    weir_slice raw = weir_batch_raw(b, row);
    if (weir_batch_byte(b, row) != r->begin || raw.size != r->end - r->begin ||
        memcmp(raw.data, t->data + r->begin, raw.size) != 0) {
        explain("other bytes", k, want, t);
        fprintf(stderr, "got byte %llu [%.*s]\n", (unsigned long long)weir_batch_byte(b, row),
                (int)raw.size, raw.data);
        return false;
    }
    if (weir_batch_line(b, row) != r->line) {
        explain("another line", k, want, t);
        fprintf(stderr, "got line %llu\n", (unsigned long long)weir_batch_line(b, row));
        return false;
    }
    if ((f == NULL) != (rule == NULL) || (f && strcmp(f->rule, rule) != 0)) {
        explain("another rule", k, want, t);
        fprintf(stderr, "got %s: %s\n", f ? f->rule : "-", f ? f->reason : "");
        return false;
    }
    if (!same_fields(b, row, r)) {
        explain("other values", k, want, t);
        return false;
    }
    return true;
}

static bool same_reading(const reading *got, const ref_rows *want, const text *t) {
    if (got->status != WEIR_OK) {
        fprintf(stderr, "error: %s\n", got->err.message);
        return false;
    }
    size_t k = 0;
    for (size_t i = 0; i < got->n; i++) {
        for (uint32_t row = 0; row < got->batches[i]->length; row++, k++) {
            if (k == want->n) {
                fprintf(stderr, "more rows than %zu\n", want->n);
                return false;
            }
            if (!same_row(got->batches[i], row, k, want, t)) return false;
        }
    }
    if (k != want->n) fprintf(stderr, "%zu rows, expected %zu\n", k, want->n);
    return k == want->n;
}

static void compare(const world *w, const text *t, size_t head, const ref_rows *want,
                    size_t *irregular) {
    static const size_t chunk_sizes[] = {64, 65, 100, 128, 200, 1000, 4096, 70000};
    weir_csv_read_config config = read_defaults();
    config.delimiter = one_char(w->d.delimiter);
    config.quote = one_char(w->d.quote);
    if (w->d.escape != w->d.quote) config.escape = one_char(w->d.escape);
    config.newline = w->newline;
    for (size_t i = 0; i < sizeof chunk_sizes / sizeof *chunk_sizes; i++) {
        weir_read_request request = {.config = &config,
                                     .infer = WEIR_INFER_NONE,
                                     .chunk_bytes = chunk_sizes[i],
                                     .max_record_bytes = w->d.max_record};
        if (request.chunk_bytes > w->d.max_record) continue;
        for (int simd = 0; simd < 2; simd++) {
            weir_cpu_limit(simd ? UINT32_MAX : 0);
            reading got = read_text(&request, NULL, t->data, t->size);
            bool same = same_reading(&got, want, t);
            if (same && t->size > head) same = got.last_seen && got.end_byte == t->size;
            *irregular += got.irregular != 0;
            if (!same)
                fprintf(stderr,
                        "chunk_bytes %zu, max_record %zu, %s, delimiter %c quote %c escape %c "
                        "lone_cr %d columns %u\n",
                        chunk_sizes[i], w->d.max_record, simd ? "simd" : "portable", w->d.delimiter,
                        w->d.quote, w->d.escape, w->d.lone_cr, w->d.columns);
            reading_clear(&got);
            assert_true(same);
        }
    }
}

static void one_case(uint64_t seed, size_t *irregular) {
    static const size_t maxima[] = {100, 128, 300, 1000, 5000, 100000};
    static const unsigned fault_rates[] = {0, 0, 5, 30, 200};
    world w = {0};
    text t = {0};
    ref_rows want = {0};
    seed_state = seed;
    w.d.delimiter = below(4) ? ',' : ';';
    w.d.quote = below(8) ? (below(6) ? '"' : '\'') : 0;
    w.d.escape = below(5) ? w.d.quote : '\\';
    if (!w.d.quote) w.d.escape = 0;
    w.d.lone_cr = below(6) == 0;
    w.d.columns = 1 + below(4);
    w.d.max_record = maxima[below(6)];
    w.newline = w.d.lone_cr ? (below(2) ? WEIR_CSV_CR : WEIR_CSV_AUTO)
                            : (below(2) ? WEIR_CSV_LF : WEIR_CSV_AUTO);
    w.faults = fault_rates[below(5)];
    w.huge = below(4) ? 0 : 40;
    w.bad_bytes = below(5) ? 0 : 40;
    w.plain = below(4) ? 660 : 30;
    for (unsigned c = 0; c < w.d.columns; c++) {
        if (c) put_char(&t, w.d.delimiter);
        put_char(&t, (char)('a' + c));
    }
    put(&t, w.d.lone_cr ? "\r" : "\n", 1);
    size_t head = t.size;
    unsigned records = below(5) ? below(40) : below(400);
    for (unsigned i = 0; i < records; i++) put_record(&t, &w);
    /* Half of the texts do not end with a line end. */
    if (t.size > head && below(2)) t.size--;
    /* A header that ends with CR, then LF: one line end. */
    if (w.d.lone_cr && t.size > head && t.data[head] == '\n') t.data[head] = 'x';
    ref_dialect d = w.d;
    ref_read(&d, t.data, head, t.size, 2, &want);
    compare(&w, &t, head, &want, irregular);
    ref_rows_free(&want);
    free(t.data);
}

static void test_generated(void **state) {
    (void)state;
    const char *rounds_text = getenv("WEIR_TEST_ROUNDS");
    unsigned rounds = rounds_text ? (unsigned)strtoul(rounds_text, NULL, 10) : 1500;
    const char *only = getenv("WEIR_TEST_SEED");
    size_t irregular = 0;
    if (only) {
        one_case(strtoull(only, NULL, 10), &irregular);
        return;
    }
    for (uint64_t seed = 1; seed <= rounds; seed++) {
        size_t before = irregular;
        (void)before;
        if (getenv("WEIR_TEST_VERBOSE")) fprintf(stderr, "seed %llu\n", (unsigned long long)seed);
        one_case(seed, &irregular);
    }
    /* The generator must reach both ways of cutting. */
    assert_true(irregular > rounds);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_generated)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
