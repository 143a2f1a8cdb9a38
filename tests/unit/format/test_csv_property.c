/* Generated CSV, legal and not, against the plain reader of csv_reference.h: values, rejects, byte
 * and line addresses must be equal for every size of chunks, with vector code and without. */
#include "csv_helpers.h"
#include "csv_reference.h"

#include "base/cpu.h"
#include "support/csv_generate.h"
#include "text/utf8.h"

/* ---- comparing ----------------------------------------------------------------------------- */

static void explain(const char *what, size_t k, const ref_rows *want, const csv_text *t) {
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
                     const csv_text *t) {
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

static bool same_reading(const reading *got, const ref_rows *want, const csv_text *t) {
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

/* The first line tells; whether a lone CR that comes later ends lines is test_csv_sniff's matter.
 */
static int newline_of(const csv_world *w) {
    return w->newline == CSV_NEWLINE_AUTO && w->d.lone_cr ? WEIR_CSV_AUTO
           : w->newline == CSV_NEWLINE_CR                 ? WEIR_CSV_CR
                                                          : WEIR_CSV_LF;
}

static void compare(const csv_world *w, const csv_text *t, size_t head, const ref_rows *want,
                    size_t *irregular) {
    static const size_t chunk_sizes[] = {64, 65, 100, 128, 200, 1000, 4096, 70000};
    weir_csv_read_config config = read_defaults();
    config.delimiter = one_char(w->d.delimiter);
    config.quote = one_char(w->d.quote);
    if (w->d.escape != w->d.quote) config.escape = one_char(w->d.escape);
    config.newline = newline_of(w);
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
    csv_world w;
    csv_text t = {0};
    ref_rows want = {0};
    size_t head = csv_generate(seed, &w, &t);
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
