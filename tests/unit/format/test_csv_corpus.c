/* Files from the wild: csv-spectrum and csv-test-data against the values that come with them, and
 * every file under csv/ read with small and large chunks, with vector code and without: the same
 * outcome, no crash, within 256 MiB. */
#include "csv_helpers.h"

#include <dirent.h>
#include <sys/stat.h>

#include "base/cpu.h"
#include "format/infer.h"
#include "text/json.h"

static const char *corpus(void) {
    const char *root = getenv("WEIR_CORPUS");
    return root ? root : "../shared/corpus";
}

static bool exists(const char *path) {
    struct stat st;
    return stat(path, &st) == 0;
}

static bool load(const char *path, weir_buf *out) {
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    for (;;) {
        if (!weir_buf_reserve(out, 65536)) break;
        size_t n = fread(out->data + out->size, 1, 65536, f);
        if (n == 0) break;
        out->size += n;
    }
    fclose(f);
    return true;
}

/* ---- files with expected values ----------------------------------------------------------------
 */

/* A value as these files' authors see it: null and the empty text are one. */
static const char *plain_text(const reading *r, size_t k, uint32_t c) {
    const char *s = value_text(r, k, c);
    return strcmp(s, "<null>") == 0 ? "" : s;
}

static void same_value(const char *path, size_t k, uint32_t c, const char *got, const char *want) {
    /* The expected file of this one has another phone number than the csv file; its field 1 is left
     * out.  (The bytes U+FFFD are in both.) */
    if (strstr(path, "location_coordinates") && c == 0) return;
    if (strcmp(got, want) != 0)
        fail_msg("%s: row %zu, field %u: got [%s], expected [%s]", path, k, c, got, want);
}

static void compare_rows(const char *path, const reading *r, const weir_json *rows) {
    /* One document holds a single object instead of a list of one. */
    const weir_json *row = rows->kind == WEIR_JSON_ARRAY ? rows->first : rows;
    size_t n = rows->kind == WEIR_JSON_ARRAY ? rows->n : 1;
    assert_int_equal(r->rows, n);
    for (size_t k = 0; k < n; k++, row = row->next) {
        uint32_t at;
        const weir_batch *b = reading_row(r, k, &at);
        const weir_failure *f = row_failure(b, at);
        if (f) fail_msg("%s: row %zu: %s", path, k, f->reason);
        assert_int_equal(row->n, r->schema->n_fields);
        uint32_t c = 0;
        for (const weir_json *v = row->first; v; v = v->next, c++) {
            uint32_t column = c;
            if (row->kind == WEIR_JSON_OBJECT) {
                int found = weir_schema_find(r->schema, v->key.data, v->key.size);
                if (found < 0) fail_msg("%s: no column %s", path, v->key.data);
                column = (uint32_t)found;
            }
            same_value(path, k, column, plain_text(r, k, column), weir_json_string(v));
        }
    }
}

/* The files called *_crlf lost their CRs on their way into the corpus (git); here they get them
 * back. */
static void restore_crlf(const char *name, weir_buf *text) {
    if (!strstr(name, "_crlf")) return;
    weir_buf out = {0};
    for (size_t i = 0; i < text->size; i++) {
        bool lone = text->data[i] == '\n' && (i == 0 || text->data[i - 1] != '\r');
        if (lone) assert_true(weir_buf_add(&out, "\r", 1));
        assert_true(weir_buf_add(&out, text->data + i, 1));
    }
    weir_buf_clear(text);
    *text = out;
}

static void check_values(const char *dir, const char *csv_dir, const char *name, bool header) {
    char path[512], json_path[512];
    size_t stem = strlen(name) - 4;
    snprintf(path, sizeof path, "%s/csv/%s/%s/%s", corpus(), dir, csv_dir, name);
    snprintf(json_path, sizeof json_path, "%s/csv/%s/json/%.*s.json", corpus(), dir, (int)stem,
             name);
    weir_buf text = {0}, json = {0};
    weir_arena arena = {0};
    weir_error err = {0};
    const weir_json *rows = NULL;
    if (!load(json_path, &json)) return; /* a bad-* file */
    assert_true(load(path, &text));
    restore_crlf(name, &text);
    must(weir_json_parse(json.data, json.size, NULL, &arena, &rows, &err), &err);
    weir_csv_read_config config = read_defaults();
    config.header = header;
    /* Quotes inside an unquoted field: RFC 4180 (section 2, 5) forbids them, and csv-test-data has
     * the like among its bad files. */
    config.stray_quotes = strstr(name, "location_coordinates") != NULL;
    for (size_t chunk = 64; chunk <= 65536; chunk *= 32) {
        weir_read_request request = {
            .config = &config, .chunk_bytes = chunk, .max_record_bytes = 65536};
        reading r = read_text(&request, NULL, text.data, text.size);
        if (r.status != WEIR_OK) fail_msg("%s: %s", path, r.err.message);
        compare_rows(path, &r, rows);
        reading_clear(&r);
    }
    weir_arena_clear(&arena);
    weir_buf_clear(&text);
    weir_buf_clear(&json);
}

static size_t for_each(const char *dir, const char *csv_dir,
                       void (*run)(const char *dir, const char *csv_dir, const char *name)) {
    char path[512];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/csv/%s/%s", corpus(), dir, csv_dir);
    DIR *d = opendir(path);
    if (!d) fail_msg("%s is missing", path);
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        run(dir, csv_dir, e->d_name);
        n++;
    }
    closedir(d);
    return n;
}

static void spectrum_file(const char *dir, const char *csv_dir, const char *name) {
    check_values(dir, csv_dir, name, true);
}

static void test_data_file(const char *dir, const char *csv_dir, const char *name) {
    check_values(dir, csv_dir, name, strncmp(name, "header-", 7) == 0);
}

static bool no_corpus(void) {
    char path[512];
    snprintf(path, sizeof path, "%s/csv", corpus());
    if (exists(path)) return false;
    print_message("skipped: no corpus\n");
    return true;
}

static void test_values(void **state) {
    (void)state;
    if (no_corpus()) skip();
    assert_int_equal(for_each("csv-spectrum", "csvs", spectrum_file), 12);
    assert_true(for_each("csv-test-data", "csv", test_data_file) >= 18);
}

/* The bad files: a reject or an error, never a good row with other values. */
static void test_bad_files(void **state) {
    (void)state;
    static const struct {
        const char *name, *rule; /* rule NULL: an error of the file */
    } files[] = {
        {"bad-header-less-fields.csv", "fields"}, {"bad-header-more-fields.csv", "fields"},
        {"bad-missing-quote.csv", "quote"},       {"bad-quotes-with-unescaped-quote.csv", "quote"},
        {"bad-unescaped-quote.csv", "quote"},     {"bad-header-no-header.csv", NULL}};
    if (no_corpus()) skip();
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        char path[512];
        weir_buf text = {0};
        snprintf(path, sizeof path, "%s/csv/csv-test-data/csv/%s", corpus(), files[i].name);
        assert_true(load(path, &text));
        weir_csv_read_config config = read_defaults();
        weir_read_request request = {
            .config = &config, .chunk_bytes = 4096, .max_record_bytes = 65536};
        reading r = read_text(&request, NULL, text.data, text.size);
        if (files[i].rule) {
            assert_int_equal(r.status, WEIR_OK);
            assert_int_equal(r.rows, 1);
            const weir_failure *f = row_failure(r.batches[0], 0);
            assert_non_null(f);
            assert_string_equal(f->rule, files[i].rule);
        } else {
            assert_int_equal(r.status, WEIR_DATA);
        }
        reading_clear(&r);
        weir_buf_clear(&text);
    }
}

/* ---- every file --------------------------------------------------------------------------------
 */

static size_t files_read, files_refused, rows_read, rows_failed;

static uint64_t digest(const reading *r) {
    uint64_t h = 1469598103934665603ull;
    weir_buf text = {0};
    for (size_t i = 0; i < r->n; i++) {
        const weir_batch *b = r->batches[i];
        for (uint32_t row = 0; row < b->length; row++) {
            /* Lines are counted anew for each row: not for all of a long batch. */
            uint64_t byte = weir_batch_byte(b, row);
            uint64_t line = byte % 64 ? 0 : weir_batch_line(b, row);
            text.size = 0;
            assert_true(weir_buf_printf(&text, "%llu %llu ", (unsigned long long)byte,
                                        (unsigned long long)line));
            const weir_failure *f = row_failure(b, row);
            assert_true(weir_buf_adds(&text, f ? f->reason : "ok"));
            for (uint32_t c = 0; c < b->schema->n_fields; c++) {
                assert_true(
                    weir_buf_adds(&text, weir_column_is_null(b->columns[c], row) ? "|N" : "|V"));
                assert_true(weir_column_text(b->columns[c], row, &text));
            }
            for (size_t k = 0; k < text.size; k++)
                h = (h ^ (uint8_t)text.data[k]) * 1099511628211ull;
        }
    }
    weir_buf_clear(&text);
    return h;
}

static void read_one(const char *path, const weir_buf *text, char delimiter, bool header) {
    weir_csv_read_config config = read_defaults();
    uint64_t want = 0;
    weir_status want_status = WEIR_OK;
    config.delimiter = one_char(delimiter);
    config.header = header;
    static const size_t chunks[] = {1 << 20, 1000, 65536, 64};
    for (size_t i = 0; i < 4; i++) {
        if (chunks[i] == 64 && text->size > 20000) continue;
        weir_ledger ledger;
        weir_ledger_init(&ledger, "test", (size_t)256 << 20, NULL);
        weir_cpu_limit(i & 1 ? 0 : UINT32_MAX);
        weir_read_request request = {.config = &config,
                                     .chunk_bytes = chunks[i],
                                     .max_record_bytes = 1 << 20,
                                     .ledger = &ledger};
        reading r = read_text(&request, NULL, text->data, text->size);
        if (r.status == WEIR_RESOURCE) fail_msg("%s: %s", path, r.err.message);
        uint64_t got = digest(&r);
        if (i == 0) {
            want = got;
            want_status = r.status;
            files_read += r.status == WEIR_OK;
            files_refused += r.status != WEIR_OK;
            rows_read += r.rows;
            for (size_t k = 0; k < r.n; k++)
                for (uint32_t row = 0; row < r.batches[k]->length; row++)
                    rows_failed += weir_failures_bad(r.batches[k]->failures, row);
        }
        if (got != want || r.status != want_status)
            fail_msg("%s: another outcome with chunk_bytes %zu", path, chunks[i]);
        reading_clear(&r);
        assert_int_equal(atomic_load(&ledger.used_bytes), 0);
    }
}

/* Inference over the file: it must only come to an end. */
static void infer_one(const weir_buf *text) {
    weir_csv_read_config config = read_defaults();
    weir_read_request request = {
        .config = &config, .chunk_bytes = 65536, .max_record_bytes = 1 << 20};
    weir_error err = {0};
    weir_stream *in = NULL;
    weir_cutter *cutter = NULL;
    weir_inference *types = NULL;
    must(weir_memory_open("x", text->data, text->size, &in, &err), &err);
    must(weir_inference_new(&types, &err), &err);
    weir_status status = weir_csv_cutter_new(&request, in, &cutter, &err);
    while (status == WEIR_OK) {
        weir_chunk chunk = {0};
        bool end = false;
        status = weir_csv_cutter_next(cutter, &chunk, &end, &err);
        if (status != WEIR_OK || end) break;
        must(weir_csv_infer(&request, &chunk, types, &err), &err);
        weir_chunk_clear(&chunk);
    }
    for (uint32_t c = 0; c < weir_inference_count(types); c++) {
        const weir_type *type = NULL;
        must(weir_inference_result(types, c, &type, &err), &err);
        assert_non_null(type);
    }
    weir_inference_free(types);
    weir_csv_cutter_free(cutter);
    weir_stream_close(in);
}

static void read_folder(const char *folder) {
    DIR *d = opendir(folder);
    if (!d) return;
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[1024];
        struct stat st;
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (stat(path, &st) != 0) continue;
        if (S_ISDIR(st.st_mode)) {
            read_folder(path);
            continue;
        }
        weir_buf text = {0};
        assert_true(load(path, &text));
        read_one(path, &text, ',', true);
        read_one(path, &text, '\t', false);
        infer_one(&text);
        weir_buf_clear(&text);
    }
    closedir(d);
}

static void test_every_file(void **state) {
    (void)state;
    char path[512];
    if (no_corpus()) skip();
    snprintf(path, sizeof path, "%s/csv", corpus());
    read_folder(path);
    print_message("%zu readings, %zu refused at the header; %zu rows, %zu of them rejected\n",
                  files_read, files_refused, rows_read, rows_failed);
    assert_true(files_read > 700);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_bad_files),
        cmocka_unit_test(test_every_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
