/* What is found out about a text, as one line of text to compare with. */
#ifndef CSV_EXPECT_H
#define CSV_EXPECT_H

#include "csv_helpers.h"

#include "base/cpu.h"

static weir_csv_read_config find_all(void) {
    weir_opt_char automatic = {.automatic = true};
    weir_csv_read_config c = {.delimiter = automatic,
                              .quote = automatic,
                              .escape = automatic,
                              .comment = automatic,
                              .header = WEIR_CSV_FIND,
                              .skip = WEIR_CSV_FIND,
                              .units = WEIR_CSV_FIND,
                              .skip_footer = WEIR_CSV_FIND};
    return c;
}

/* Layout's dialect at the end, names and rows as one text: "dialect|names|row|row", each cell with
 * a blank behind it, NULL as ~, a reject as !rule. */
static void print_reading(const weir_csv_read_config *config, const char *text, size_t size,
                          size_t chunk, weir_buf *out) {
    weir_read_request request = {.config = config,
                                 .infer = WEIR_INFER_NONE,
                                 .chunk_bytes = chunk,
                                 .max_record_bytes = (size_t)1 << 20};
    weir_error err = {0};
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    reading r = read_text(&request, NULL, text, size);
    out->size = 0;
    if (r.status != WEIR_OK) {
        assert_true(weir_buf_adds(out, r.err.message));
        reading_clear(&r);
        return;
    }
    must(weir_memory_open("test.csv", text, size, &in, &err), &err);
    must(weir_csv_cutter_new(&request, in, &c, &err), &err);
    for (bool end = false; !end;) {
        weir_chunk ignored = {0};
        must(weir_csv_cutter_next(c, &ignored, &end, &err), &err);
        weir_chunk_clear(&ignored);
    }
    const weir_layout *l = weir_csv_cutter_layout(c);
    assert_true(weir_buf_adds(out, l->dialect ? l->dialect : ""));
    weir_csv_cutter_free(c);
    weir_stream_close(in);
    assert_true(weir_buf_adds(out, "|"));
    for (uint32_t i = 0; i < r.schema->n_fields; i++)
        assert_true(weir_buf_printf(out, "%s ", r.schema->fields[i].name));
    for (size_t k = 0; k < r.rows; k++) {
        uint32_t row;
        const weir_batch *b = reading_row(&r, k, &row);
        const weir_failure *f = row_failure(b, row);
        assert_true(weir_buf_adds(out, "|"));
        if (f) assert_true(weir_buf_printf(out, "!%s ", f->rule));
        for (uint32_t i = 0; !f && i < r.schema->n_fields; i++) {
            const char *value = value_text(&r, k, i);
            assert_true(weir_buf_printf(out, "%s ", strcmp(value, "<null>") == 0 ? "~" : value));
        }
    }
    reading_clear(&r);
}

static void expect_with(const weir_csv_read_config *config, const char *text, size_t size,
                        const char *expected) {
    static const size_t chunks[] = {64, 65, 200, 4096, 300000};
    weir_buf out = {0};
    for (size_t i = 0; i < sizeof chunks / sizeof *chunks; i++)
        for (int simd = 0; simd < 2; simd++) {
            weir_cpu_limit(simd ? UINT32_MAX : 0);
            print_reading(config, text, size, chunks[i], &out);
            assert_string_equal(weir_buf_cstr(&out), expected);
        }
    weir_buf_clear(&out);
}

static void expect(const char *text, const char *expected) {
    weir_csv_read_config config = find_all();
    expect_with(&config, text, strlen(text), expected);
}

#endif
