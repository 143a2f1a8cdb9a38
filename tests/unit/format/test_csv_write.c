/* The encoder's bytes, and that what it writes is read back as the same values, for every type. */
#include "csv_helpers.h"

#include "base/cpu.h"
#include "base/fault.h"

static weir_csv_write_config config;

static int setup(void **state) {
    (void)state;
    config = write_defaults();
    return 0;
}

static uint64_t next_random(void) {
    static uint64_t state = 88172645463325252ull;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

/* Header and rows of a batch as text in buf. */
static weir_status write_batch(const weir_csv_write_config *c, weir_batch *b, weir_buf *buf,
                               weir_error *err) {
    weir_ctx ctx = {0};
    weir_encoder *e = NULL;
    weir_block *block = NULL;
    weir_status status = weir_csv_write_ops.encoder_new(c, b->schema, &ctx, &e, err);
    if (status == WEIR_OK) status = weir_csv_write_ops.header(e, buf, err);
    if (status == WEIR_OK) status = weir_csv_write_ops.encode(e, &ctx, b, &block, NULL, err);
    if (status == WEIR_OK && block && !weir_buf_add(buf, block->data, block->size))
        status = weir_error_nomem(err);
    weir_block_release(block);
    weir_csv_write_ops.encoder_free(e);
    return status;
}

/* A one-column batch of values given as texts of the type (NULL = null), made by the reader. */
static reading make_batch(const char *type, const char *const *texts, size_t n) {
    weir_csv_read_config read = read_defaults();
    weir_opt_columns none = {0};
    weir_read_request request = {
        .config = &read, .columns = &none, .chunk_bytes = 1 << 20, .max_record_bytes = 1 << 20};
    weir_schema *s = make_schema((const char *[]){"v"}, &type, 1);
    char *text = calloc(1, 100 + n * 300);
    size_t size = (size_t)snprintf(text, 100, "k,v\n");
    for (size_t i = 0; i < n; i++) {
        size += (size_t)snprintf(text + size, 8, "1,");
        if (texts[i]) {
            text[size++] = '"';
            for (const char *p = texts[i]; *p; p++) {
                if (*p == '"') text[size++] = '"';
                text[size++] = *p;
            }
            text[size++] = '"';
        }
        text[size++] = '\n';
    }
    reading r = read_text(&request, s, text, size);
    if (r.status != WEIR_OK) fail_msg("%s", r.err.message);
    assert_int_equal(r.rows, n);
    for (size_t i = 0; i < r.n; i++)
        if (r.batches[i]->failures)
            fail_msg("%s: %s", type, r.batches[i]->failures->items[0].reason);
    weir_schema_release(s);
    free(text);
    return r;
}

static void expect_text(const char *type, const char *const *texts, size_t n, const char *want) {
    reading r = make_batch(type, texts, n);
    weir_buf buf = {0};
    weir_error err = {0};
    must(write_batch(&config, r.batches[0], &buf, &err), &err);
    assert_string_equal(weir_buf_cstr(&buf), want);
    weir_buf_clear(&buf);
    reading_clear(&r);
}

/* ---- bytes --------------------------------------------------------------------------------- */

static void test_quoting(void **state) {
    (void)state;
    const char *texts[] = {
        "plain",      "a,b",  "say \"hi\"",
        "two\nlines", "cr\r", "",
        NULL,         " x ",  "a long text without anything special in it at all, but for a comma"};
    expect_text("string", texts, 9,
                "v\nplain\n\"a,b\"\n\"say \"\"hi\"\"\"\n\"two\nlines\"\n\"cr\r\"\n\"\"\n\"\"\n x \n"
                "\"a long text without anything special in it at all, but for a comma\"\n");
    config.null_word = "NULL";
    const char *words[] = {"NULL", NULL, "", "NULLS"};
    expect_text("string", words, 4, "v\n\"NULL\"\nNULL\n\"\"\nNULLS\n");
    config.quoting = WEIR_CSV_QUOTE_ALL;
    config.newline = 1;
    const char *numbers[] = {"1", NULL};
    expect_text("int64", numbers, 2, "v\r\n\"1\"\r\nNULL\r\n");
}

/* Found by fuzzing: a reader would take it for the file's byte order mark. */
static void test_text_that_looks_like_a_mark(void **state) {
    (void)state;
    const char *texts[] = {"\xEF\xBB\xBFx", "\xEF\xBB\xBEz", "y"};
    config.header = false;
    expect_text("string", texts, 3, "\"\xEF\xBB\xBFx\"\n\xEF\xBB\xBEz\ny\n");
}

static void test_several_columns(void **state) {
    (void)state;
    weir_csv_read_config read = read_defaults();
    weir_read_request request = {.config = &read, .chunk_bytes = 4096, .max_record_bytes = 4096};
    const char *text = "a,\"b,c\",d\n1,,\n\"\",x,\"y\"\"z\"\n";
    reading r = read_text(&request, NULL, text, strlen(text));
    weir_buf buf = {0};
    weir_error err = {0};
    must(write_batch(&config, r.batches[0], &buf, &err), &err);
    assert_string_equal(weir_buf_cstr(&buf), text);
    weir_buf_clear(&buf);
    config.delimiter = one_char('\t');
    config.quote = one_char('\'');
    config.header = false;
    must(write_batch(&config, r.batches[0], &buf, &err), &err);
    assert_string_equal(weir_buf_cstr(&buf), "1\t\t\n''\tx\ty\"z\n");
    weir_buf_clear(&buf);
    reading_clear(&r);
}

static void test_values(void **state) {
    (void)state;
    const char *stamps[] = {"2024-01-02T03:04:05Z",    "1969-12-31T23:59:59Z",
                            "0001-01-01T00:00:00Z",    "9999-12-31T23:59:59Z",
                            "2024-02-29T00:00:00.25Z", "1600-02-29T01:02:03Z"};
    expect_text("timestamptz", stamps, 6,
                "v\n2024-01-02T03:04:05Z\n1969-12-31T23:59:59Z\n0001-01-01T00:00:00Z\n"
                "9999-12-31T23:59:59Z\n2024-02-29T00:00:00.250Z\n1600-02-29T01:02:03Z\n");
    const char *zoned[] = {"2024-07-02T03:04:05Z"};
    expect_text("timestamptz(Europe/Berlin)", zoned, 1, "v\n2024-07-02T05:04:05+02:00\n");
    const char *naive[] = {"2024-07-02T03:04:05"};
    expect_text("timestamp", naive, 1, "v\n2024-07-02T03:04:05\n");
    const char *binary[] = {"\\x00ff"};
    expect_text("binary", binary, 1, "v\n\\x00ff\n");
    config.timestamp_format = "%d.%m.%Y, %H:%M";
    expect_text("timestamp", naive, 1, "v\n\"02.07.2024, 03:04\"\n");
    config = write_defaults();
    config.delimiter = one_char('-');
    const char *dates[] = {"2024-07-02"};
    expect_text("date", dates, 1, "v\n\"2024-07-02\"\n");
    config.delimiter = one_char('"');
    weir_error err = {0};
    reading r = make_batch("date", dates, 1);
    weir_buf buf = {0};
    assert_int_equal(write_batch(&config, r.batches[0], &buf, &err), WEIR_USAGE);
    reading_clear(&r);
}

/* Every day of 1500..2600 has the text that the calendar gives it. */
static void test_days(void **state) {
    (void)state;
    enum { FIRST = -171664, N = 401767 };
    weir_error err = {0};
    weir_field field = {.name = "d", .type = weir_type_of(WEIR_DATE)};
    weir_schema *s = NULL;
    must(weir_schema_new(&field, 1, &s, &err), &err);
    for (int32_t at = FIRST; at < FIRST + N; at += 60000) {
        weir_batch *b = NULL;
        must(weir_batch_new(s, 60000, &b, &err), &err);
        must(weir_column_new(field.type, 60000, NULL, &b->columns[0], &err), &err);
        for (int32_t i = 0; i < 60000; i++) ((int32_t *)b->columns[0]->values)[i] = at + i;
        weir_buf buf = {0};
        config.header = false;
        must(write_batch(&config, b, &buf, &err), &err);
        assert_int_equal(buf.size, 60000 * 11);
        for (int32_t i = 0; i < 60000; i++) {
            weir_civil c = weir_date_to_civil(at + i);
            char want[32];
            snprintf(want, sizeof want, "%04d-%02u-%02u\n", c.year, c.month, c.day);
            assert_memory_equal(buf.data + (size_t)i * 11, want, 11);
        }
        weir_buf_clear(&buf);
        weir_batch_free(b);
    }
    weir_schema_release(s);
}

static void test_selection_failures_encodings(void **state) {
    (void)state;
    weir_error err = {0};
    weir_ctx ctx = {0};
    const char *texts[] = {"a", "b", "c", "d", "e"};
    reading r = make_batch("string", texts, 5);
    weir_batch *b = r.batches[0];
    uint64_t keep = 0x1B; /* all but the third */
    weir_failures *f = NULL;
    must(weir_batch_keep(b, &keep, &err), &err);
    must(weir_batch_failures(b, &f, &err), &err);
    must(weir_failures_add(f, 4, "validate", "v", "in", &err, "x"), &err);
    weir_buf buf = {0};
    must(write_batch(&config, b, &buf, &err), &err);
    assert_string_equal(weir_buf_cstr(&buf), "v\na\nb\nd\n");
    weir_buf_clear(&buf);
    reading_clear(&r);

    weir_field fields[3] = {{.name = "c", .type = weir_type_of(WEIR_STRING)},
                            {.name = "d", .type = weir_type_of(WEIR_STRING)},
                            {.name = "n", .type = weir_type_of(WEIR_INT64)}};
    weir_schema *s = NULL;
    weir_builder *builder = NULL;
    weir_column *dictionary = NULL;
    must(weir_schema_new(fields, 3, &s, &err), &err);
    must(weir_batch_new(s, 3, &b, &err), &err);
    must(weir_column_constant(fields[0].type, 3, "a constant, long one", 20, NULL, &b->columns[0],
                              &err),
         &err);
    must(weir_builder_new(fields[1].type, NULL, &builder, &err), &err);
    must(weir_builder_bytes(builder, "x", 1, &err), &err);
    must(weir_builder_bytes(builder, "a dictionary \"value\"", 20, &err), &err);
    must(weir_builder_finish(builder, &dictionary, &err), &err);
    weir_builder_free(builder);
    must(weir_column_dictionary(dictionary, 3, NULL, &b->columns[1], &err), &err);
    int32_t indices[3] = {1, 0, 1};
    memcpy(b->columns[1]->indices, indices, sizeof indices);
    must(weir_column_set_null(b->columns[1], 2, false, NULL, &err), &err);
    must(weir_column_constant(fields[2].type, 3, NULL, 0, NULL, &b->columns[2], &err), &err);
    must(write_batch(&config, b, &buf, &err), &err);
    assert_string_equal(weir_buf_cstr(&buf),
                        "c,d,n\n\"a constant, long one\",\"a dictionary \"\"value\"\"\",\n"
                        "\"a constant, long one\",x,\n\"a constant, long one\",,\n");
    weir_buf_clear(&buf);
    weir_batch_free(b);
    weir_schema_release(s);
    (void)ctx;
}

/* ---- back and forth -------------------------------------------------------------------------- */

static char pool[400][64];

static void random_values(const char *type, const char **out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        uint64_t v = next_random();
        char *p = pool[i];
        int64_t s = (int64_t)v >> (v & 63);
        out[i] = p;
        if (strcmp(type, "int64") == 0)
            snprintf(p, 64, "%lld", (long long)s);
        else if (strcmp(type, "uint64") == 0)
            snprintf(p, 64, "%llu", (unsigned long long)(v >> (v & 63)));
        else if (strcmp(type, "int8") == 0)
            snprintf(p, 64, "%d", (int)(int8_t)v);
        else if (strcmp(type, "uint32") == 0)
            snprintf(p, 64, "%u", (unsigned)v);
        else if (strcmp(type, "decimal(18,3)") == 0)
            snprintf(p, 64, "%lld.%03d", (long long)(s / 100000), (int)(v % 1000));
        else if (strcmp(type, "decimal(38,10)") == 0)
            snprintf(p, 64, "%lld.%010u", (long long)s, (unsigned)(v % 1000000000));
        else if (strcmp(type, "float64") == 0)
            snprintf(p, 64, "%.17g", (double)s / 1000 * (v & 1 ? 1e-9 : 1e20));
        else if (strcmp(type, "float32") == 0)
            snprintf(p, 64, "%.9g", (double)(float)((double)s / 1000));
        else if (strcmp(type, "bool") == 0)
            snprintf(p, 64, "%s", v & 1 ? "true" : "false");
        else if (strcmp(type, "date") == 0)
            snprintf(p, 64, "%04d-%02d-%02d", 1 + (int)(v % 9999), 1 + (int)((v >> 20) % 12),
                     1 + (int)((v >> 32) % 28));
        else if (strcmp(type, "time") == 0)
            snprintf(p, 64, "%02d:%02d:%02d.%06d", (int)(v % 24), (int)((v >> 8) % 60),
                     (int)((v >> 16) % 60), (int)((v >> 24) % 1000000));
        else if (strncmp(type, "timestamp", 9) == 0)
            snprintf(p, 64, "%04d-%02d-%02dT%02d:%02d:%02d%s%s", 1900 + (int)(v % 200),
                     1 + (int)((v >> 20) % 12), 1 + (int)((v >> 32) % 28), (int)(v >> 40 & 15),
                     (int)(v >> 44 & 31), (int)(v >> 50 & 31), v >> 60 ? "" : ".123456",
                     type[9] ? "Z" : "");
        else if (strcmp(type, "uuid") == 0)
            snprintf(p, 64, "%08x-%04x-%04x-%04x-%012llx", (unsigned)v,
                     (unsigned)(v >> 16 & 0xFFFF), (unsigned)(v >> 32 & 0xFFFF),
                     (unsigned)(v >> 48), (unsigned long long)(v * 31 & 0xFFFFFFFFFFFF));
        else if (strcmp(type, "interval") == 0)
            snprintf(p, 64, "%d mons %d days %02d:%02d:%02d", (int)(v & 63), (int)(v >> 8 & 63),
                     (int)(v >> 16 & 15), (int)(v >> 20 & 31), (int)(v >> 25 & 31));
        else if (strcmp(type, "binary") == 0)
            snprintf(p, 64, "\\x%0*llx", 2 * (int)(1 + v % 16), (unsigned long long)v & 0xFF);
        else if (strcmp(type, "json") == 0)
            snprintf(p, 64, "{\"a\": [%lld, \"x,y\"]}", (long long)s);
        else {
            size_t size = v % 60;
            for (size_t k = 0; k < size; k++) p[k] = "ab ,\"\n\r;\t'"[next_random() % 10];
            p[size] = 0;
        }
        if (v % 7 == 3) out[i] = NULL;
    }
}

static void round_trip(const char *type, int quoting, char delimiter) {
    const char *texts[400];
    random_values(type, texts, 400);
    reading r = make_batch(type, texts, 400);
    /* A second column, so that a null is no empty line. */
    weir_batch *b = r.batches[0];
    weir_field fields[2] = {b->schema->fields[0], {.name = "k", .type = weir_type_of(WEIR_STRING)}};
    weir_error err = {0};
    weir_schema *s = NULL;
    weir_column *columns[2] = {weir_column_retain(b->columns[0]), NULL};
    must(weir_schema_new(fields, 2, &s, &err), &err);
    must(weir_column_constant(fields[1].type, b->length, "k", 1, NULL, &columns[1], &err), &err);
    must(weir_batch_replace(b, s, columns, &err), &err);
    config.quoting = quoting;
    config.delimiter = one_char(delimiter);
    weir_buf buf = {0};
    must(write_batch(&config, b, &buf, &err), &err);
    weir_csv_read_config read = read_defaults();
    read.delimiter = one_char(delimiter);
    weir_read_request request = {.config = &read, .chunk_bytes = 4096, .max_record_bytes = 1 << 20};
    reading back = read_text(&request, s, buf.data, buf.size);
    if (back.status != WEIR_OK) fail_msg("%s", back.err.message);
    assert_int_equal(back.rows, 400);
    for (size_t k = 0; k < 400; k++) {
        uint32_t row;
        const weir_batch *got = reading_row(&back, k, &row);
        const weir_failure *f = row_failure(got, row);
        if (f) fail_msg("%s: %s", type, f->reason);
        if (!weir_column_equal(b->columns[0], (uint32_t)k, got->columns[0], row))
            fail_msg("%s: %s came back as %s", type, texts[k] ? texts[k] : "null",
                     value_text(&back, k, 0));
    }
    reading_clear(&back);
    reading_clear(&r);
    weir_buf_clear(&buf);
    weir_schema_release(s);
}

static void test_round_trip(void **state) {
    (void)state;
    static const char *const types[] = {"int64",
                                        "uint64",
                                        "int8",
                                        "uint32",
                                        "decimal(18,3)",
                                        "decimal(38,10)",
                                        "float64",
                                        "float32",
                                        "bool",
                                        "date",
                                        "time",
                                        "timestamp",
                                        "timestamptz",
                                        "uuid",
                                        "interval",
                                        "binary",
                                        "json",
                                        "string",
                                        "timestamptz(America/New_York)"};
    for (int simd = 0; simd < 2; simd++) {
        weir_cpu_limit(simd ? UINT32_MAX : 0);
        for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
            round_trip(types[i], WEIR_CSV_QUOTE_NEEDED, ',');
            round_trip(types[i], WEIR_CSV_QUOTE_ALL, ';');
            round_trip(types[i], WEIR_CSV_QUOTE_NEEDED, '\t');
            round_trip(types[i], WEIR_CSV_QUOTE_NEEDED, '1');
            round_trip(types[i], WEIR_CSV_QUOTE_NEEDED, 'e');
        }
    }
}

static void test_allocations_fail(void **state) {
    (void)state;
    const char *texts[300];
    random_values("string", texts, 300);
    reading r = make_batch("string", texts, 300);
    for (long n = 1;; n++) {
        weir_buf buf = {0};
        weir_error err = {0};
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        weir_status status = write_batch(&config, r.batches[0], &buf, &err);
        long passed = weir_fault_count(WEIR_FAULT_MALLOC);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        weir_buf_clear(&buf);
        if (n > passed) {
            assert_int_equal(status, WEIR_OK);
            break;
        }
        assert_true(status == WEIR_RESOURCE || status == WEIR_OK);
    }
    reading_clear(&r);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_quoting, setup),
        cmocka_unit_test_setup(test_text_that_looks_like_a_mark, setup),
        cmocka_unit_test_setup(test_several_columns, setup),
        cmocka_unit_test_setup(test_values, setup),
        cmocka_unit_test_setup(test_days, setup),
        cmocka_unit_test_setup(test_selection_failures_encodings, setup),
        cmocka_unit_test_setup(test_round_trip, setup),
        cmocka_unit_test_setup(test_allocations_fail, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
