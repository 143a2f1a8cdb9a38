/* The JSON writer: what it writes, and that the reader gives the same values back. */
#include "json_test.h"

#include <math.h>

#include "column/batch.h"
#include "text/json_scan.h"

static weir_json_write_config plain = {0};

/* ---- batches ------------------------------------------------------------------------------- */

/* Reads a batch of one chunk; the reader is tested on its own. */
static weir_batch *batch_of(weir_schema *schema, const char *text) {
    setup o = {.config = {.lines = true}};
    weir_read_request request = request_of(&o);
    static weir_arena scratch;
    weir_ctx ctx = {.scratch = &scratch};
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    weir_decoder *d = NULL;
    weir_chunk chunk = {0};
    weir_batch *b = NULL;
    weir_error err = {0};
    bool end;
    assert_int_equal(weir_memory_open("t", text, strlen(text), &in, &err), WEIR_OK);
    assert_int_equal(weir_json_cutter_new(&request, in, &c, &err), WEIR_OK);
    assert_int_equal(weir_json_decoder_new(&request, schema, &ctx, &d, &err), WEIR_OK);
    assert_int_equal(weir_json_cutter_next(c, &chunk, &end, &err), WEIR_OK);
    assert_int_equal(weir_json_decoder_begin(d, &chunk, &err), WEIR_OK);
    assert_int_equal(weir_json_decoder_next(d, &ctx, &b, &err), WEIR_OK);
    assert_non_null(b);
    weir_chunk_clear(&chunk);
    weir_json_decoder_free(d);
    weir_json_cutter_free(c);
    weir_stream_close(in);
    weir_arena_clear(&scratch);
    return b;
}

/* The lines that the batch becomes; NULL = none.  The caller frees. */
static char *encode(const weir_json_write_config *config, weir_batch *b) {
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch};
    weir_encoder *e = NULL;
    weir_block *out = NULL;
    weir_buf meta = {0};
    weir_error err = {0};
    char *text = NULL;
    if (weir_json_write_ops.encoder_new(config, b->schema, &ctx, &e, &err) != WEIR_OK)
        fail_msg("%s", err.message);
    if (weir_json_write_ops.encode(e, &ctx, b, &out, &meta, &err) != WEIR_OK)
        fail_msg("%s", err.message);
    assert_int_equal(meta.size, 0);
    if (out) {
        text = malloc(out->size + 1);
        memcpy(text, out->data, out->size);
        text[out->size] = 0;
    }
    weir_block_release(out);
    weir_json_write_ops.encoder_free(e);
    weir_arena_clear(&scratch);
    return text;
}

static void check(const weir_json_write_config *config, const char *spec, const char *in,
                  const char *want) {
    weir_schema *schema = schema_of(spec);
    weir_batch *b = batch_of(schema, in);
    char *text = encode(config, b);
    assert_non_null(text);
    assert_string_equal(text, want);
    /* The reader gives back the same values. */
    weir_batch *again = batch_of(schema, text);
    assert_int_equal(again->length, b->length);
    for (uint32_t c = 0; c < schema->n_fields; c++)
        for (uint32_t r = 0; r < b->length; r++)
            if (!weir_column_equal(b->columns[c], r, again->columns[c], r))
                fail_msg("%s, row %u, column %s differs: %s", spec, r, schema->fields[c].name,
                         text);
    free(text);
    weir_batch_free(b);
    weir_batch_free(again);
    weir_schema_release(schema);
}

/* ---- values -------------------------------------------------------------------------------- */

static void every_type_comes_back(void **state) {
    (void)state;
    const char *same[][2] = {
        {"b bool", "{\"b\":true}\n{\"b\":false}\n{\"b\":null}\n"},
        {"i int8", "{\"i\":-128}\n{\"i\":127}\n"},
        {"i int16", "{\"i\":-32768}\n{\"i\":32767}\n"},
        {"i int32", "{\"i\":-2147483648}\n{\"i\":2147483647}\n"},
        {"i int64",
         "{\"i\":-9223372036854775808}\n{\"i\":9223372036854775807}\n{\"i\":9007199254740993}\n"},
        {"i uint8", "{\"i\":255}\n"},
        {"i uint16", "{\"i\":65535}\n"},
        {"i uint32", "{\"i\":4294967295}\n"},
        {"i uint64", "{\"i\":18446744073709551615}\n{\"i\":0}\n"},
        {"f float32", "{\"f\":0.1}\n{\"f\":-3.4028235e+38}\n{\"f\":null}\n"},
        {"f float64",
         "{\"f\":0.1}\n{\"f\":1e-300}\n{\"f\":-0}\n{\"f\":5}\n{\"f\":1.7976931348623157e+308}\n"},
        {"d decimal(10,2)", "{\"d\":-0.05}\n{\"d\":12345678.90}\n{\"d\":0.00}\n"},
        {"d decimal(38,10)", "{\"d\":-1234567890123456789012345678.0123456789}\n"},
        {"d decimal(5,0)", "{\"d\":99999}\n"},
        {"s string", "{\"s\":\"\"}\n{\"s\":\"short\"}\n{\"s\":\"more than twelve "
                     "bytes\"}\n{\"s\":\"\xC3\xA9\xF0\x9F\x98\x80\"}\n"
                     "{\"s\":\"q\\\"b\\\\n\\n\\r\\t\\b\\f\\u0000\\u001f\"}\n{\"s\":null}\n"},
        {"x binary", "{\"x\":\"\"}\n{\"x\":\"AA==\"}\n{\"x\":\"/+8AAQIDBAUGBwgJCgsMDQ4P\"}\n"},
        {"d date", "{\"d\":\"2024-02-29\"}\n{\"d\":\"0001-01-01\"}\n{\"d\":\"9999-12-31\"}\n"},
        {"t time", "{\"t\":\"00:00:00\"}\n{\"t\":\"23:59:59.999999\"}\n"},
        {"t timestamp", "{\"t\":\"2024-02-29T23:59:59\"}\n{\"t\":\"1969-12-31T23:59:59.999\"}\n"},
        {"t timestamptz", "{\"t\":\"2024-02-29T23:59:59Z\"}\n"},
        {"t timestamptz(+05:30)", "{\"t\":\"2024-02-29T23:59:59+05:30\"}\n"},
        {"v interval", "{\"v\":\"P1Y2M-3DT4H5M6.7S\"}\n{\"v\":\"PT0S\"}\n"},
        {"u uuid", "{\"u\":\"123e4567-e89b-12d3-a456-426614174000\"}\n"},
        {"j json",
         "{\"j\":{\"a\":[1,2.50,\"\\u00e9\"]}}\n{\"j\":\"s\"}\n{\"j\":12}\n{\"j\":null}\n"},
        {"l list<int64>", "{\"l\":[1,null,3]}\n{\"l\":[]}\n{\"l\":null}\n"},
        {"s struct<a int64, b string>",
         "{\"s\":{\"a\":1,\"b\":\"x\\\"\"}}\n{\"s\":{\"a\":null,\"b\":null}}\n{\"s\":null}\n"},
        {"m map<string, decimal(5,2)>", "{\"m\":{\"k\":1.50,\"q\\n\":null}}\n{\"m\":{}}\n"},
        {"m map<int64, bool>", "{\"m\":{\"1\":true,\"-2\":false}}\n"},
        {"l list<struct<t timestamptz, x list<binary>, j json, d date>>",
         "{\"l\":[{\"t\":\"2024-01-02T03:04:05Z\",\"x\":[\"AAEC\",null],\"j\":{\"q\":[1]},\"d\":"
         "\"2024-01-01\"},null]}\n"},
        {"a int64, b string, c bool",
         "{\"a\":1,\"b\":\"x\",\"c\":true}\n{\"a\":null,\"b\":null,\"c\":null}\n"},
    };
    for (size_t i = 0; i < sizeof same / sizeof *same; i++)
        check(&plain, same[i][0], same[i][1], same[i][1]);
}

static void names_are_escaped(void **state) {
    (void)state;
    weir_field f[2] = {{"q\"\\\n", weir_type_of(WEIR_INT64), false},
                       {"\xC3\xA9", weir_type_of(WEIR_NULL), false}};
    weir_schema *schema = NULL;
    weir_error err = {0};
    assert_int_equal(weir_schema_new(f, 2, &schema, &err), WEIR_OK);
    weir_batch *b = batch_of(schema, "{\"q\\\"\\\\\\n\":7}\n");
    char *text = encode(&plain, b);
    assert_string_equal(text, "{\"q\\\"\\\\\\n\":7,\"\xC3\xA9\":null}\n");
    free(text);
    weir_batch_free(b);
    weir_schema_release(schema);
}

static void nulls_can_be_left_out(void **state) {
    (void)state;
    weir_json_write_config config = {.omit_nulls = true};
    check(&config, "a int64, b string, s struct<x int64, y int64>",
          "{\"a\":1,\"s\":{\"y\":2}}\n{\"b\":\"x\"}\n{}\n",
          "{\"a\":1,\"s\":{\"y\":2}}\n{\"b\":\"x\"}\n{}\n");
}

static void json_never_spans_lines(void **state) {
    (void)state;
    weir_schema *schema = schema_of("j json, l list<json>");
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_batch *batch = NULL;
    const char *text = "{\n \"a b\" :\r\n [ 1, \" \\n \" ] }";
    assert_int_equal(weir_batch_new(schema, 1, &batch, &err), WEIR_OK);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(weir_builder_new(schema->fields[i].type, NULL, &b, &err), WEIR_OK);
        weir_builder *to = i ? weir_builder_child(b, 0) : b;
        assert_int_equal(weir_builder_bytes(to, text, strlen(text), &err), WEIR_OK);
        if (i) assert_int_equal(weir_builder_close_row(b, &err), WEIR_OK);
        assert_int_equal(weir_builder_finish(b, &batch->columns[i], &err), WEIR_OK);
        weir_builder_free(b);
    }
    char *out = encode(&plain, batch);
    assert_string_equal(out, "{\"j\":{\"a b\":[1,\" \\n \"]},\"l\":[{\"a b\":[1,\" \\n \"]}]}\n");
    free(out);
    weir_batch_free(batch);
    weir_schema_release(schema);
}

/* Texts of every length with a special byte at every place. */
static void escapes_at_every_place(void **state) {
    (void)state;
    weir_schema *schema = schema_of("s string");
    weir_error err = {0};
    const char special[] = {'"', '\\', '\n', 0, 0x1F, 0x7F};
    for (size_t n = 0; n < 50; n++) {
        weir_builder *b = NULL;
        weir_batch *batch = NULL;
        uint32_t rows = 0;
        assert_int_equal(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &b, &err), WEIR_OK);
        for (size_t at = 0; at <= n; at++) {
            for (size_t k = 0; k < sizeof special; k++) {
                char text[64];
                memset(text, 'a' + (int)(at % 26), n);
                if (at < n) text[at] = special[k];
                assert_int_equal(weir_builder_bytes(b, text, n, &err), WEIR_OK);
                rows++;
            }
        }
        assert_int_equal(weir_batch_new(schema, rows, &batch, &err), WEIR_OK);
        assert_int_equal(weir_builder_finish(b, &batch->columns[0], &err), WEIR_OK);
        weir_builder_free(b);
        char *text = encode(&plain, batch);
        weir_batch *again = batch_of(schema, text);
        assert_int_equal(again->length, rows);
        for (uint32_t r = 0; r < rows; r++)
            assert_true(weir_column_equal(batch->columns[0], r, again->columns[0], r));
        free(text);
        weir_batch_free(batch);
        weir_batch_free(again);
    }
    weir_schema_release(schema);
}

/* ---- rows ---------------------------------------------------------------------------------- */

static weir_batch *floats(const double *values, uint32_t n, bool in_list) {
    weir_schema *schema = schema_of(in_list ? "f list<float64>" : "f float64");
    weir_error err = {0};
    weir_builder *b = NULL;
    weir_batch *batch = NULL;
    assert_int_equal(weir_batch_new(schema, n, &batch, &err), WEIR_OK);
    assert_int_equal(weir_builder_new(schema->fields[0].type, NULL, &b, &err), WEIR_OK);
    for (uint32_t i = 0; i < n; i++) {
        weir_builder *to = in_list ? weir_builder_child(b, 0) : b;
        assert_int_equal(weir_builder_value(to, &values[i], &err), WEIR_OK);
        if (in_list) assert_int_equal(weir_builder_close_row(b, &err), WEIR_OK);
    }
    assert_int_equal(weir_builder_finish(b, &batch->columns[0], &err), WEIR_OK);
    weir_builder_free(b);
    weir_schema_release(schema);
    return batch;
}

static void what_is_not_finite_is_text_or_fails_or_becomes_null(void **state) {
    (void)state;
    const double values[] = {1, NAN, 2, INFINITY, -INFINITY};
    const weir_json_write_config strict = {.not_finite = WEIR_JSON_FINITE_REJECT};
    for (int in_list = 0; in_list < 2; in_list++) {
        weir_batch *b = floats(values, 5, in_list);
        char *text = encode(&plain, b);
        assert_string_equal(text, in_list ? "{\"f\":[1]}\n{\"f\":[\"NaN\"]}\n{\"f\":[2]}\n"
                                            "{\"f\":[\"Infinity\"]}\n{\"f\":[\"-Infinity\"]}\n"
                                          : "{\"f\":1}\n{\"f\":\"NaN\"}\n{\"f\":2}\n"
                                            "{\"f\":\"Infinity\"}\n{\"f\":\"-Infinity\"}\n");
        assert_null(b->failures);
        free(text);
        weir_batch_free(b);
        b = floats(values, 5, in_list);
        text = encode(&strict, b);
        assert_string_equal(text,
                            in_list ? "{\"f\":[1]}\n{\"f\":[2]}\n" : "{\"f\":1}\n{\"f\":2}\n");
        assert_int_equal(b->failures->n, 3);
        assert_int_equal(b->failures->items[0].row, 1);
        assert_string_equal(b->failures->items[0].field, "f");
        assert_string_equal(b->failures->items[0].stage, "load");
        free(text);
        weir_batch_free(b);
        weir_json_write_config config = {.not_finite = WEIR_JSON_FINITE_NULL};
        b = floats(values, 5, in_list);
        text = encode(&config, b);
        assert_string_equal(
            text, in_list
                      ? "{\"f\":[1]}\n{\"f\":[null]}\n{\"f\":[2]}\n{\"f\":[null]}\n{\"f\":[null]}\n"
                      : "{\"f\":1}\n{\"f\":null}\n{\"f\":2}\n{\"f\":null}\n{\"f\":null}\n");
        assert_null(b->failures);
        free(text);
        weir_batch_free(b);
    }
    const double bad[] = {NAN};
    weir_batch *b = floats(bad, 1, false);
    assert_null(encode(&strict, b));
    weir_batch_free(b);
}

static void only_living_sound_rows_are_written(void **state) {
    (void)state;
    weir_schema *schema = schema_of("a int64");
    weir_batch *b = batch_of(schema, "{\"a\":1}\n{\"a\":\"x\"}\n{\"a\":3}\n{\"a\":4}\n");
    weir_error err = {0};
    uint64_t keep = 0xB; /* rows 0, 1, 3; row 1 has failed */
    assert_int_equal(weir_batch_keep(b, &keep, &err), WEIR_OK);
    char *text = encode(&plain, b);
    assert_string_equal(text, "{\"a\":1}\n{\"a\":4}\n");
    free(text);
    keep = 0;
    assert_int_equal(weir_batch_keep(b, &keep, &err), WEIR_OK);
    assert_null(encode(&plain, b));
    weir_batch_free(b);
    weir_schema_release(schema);
}

static void other_encodings_are_written(void **state) {
    (void)state;
    weir_schema *schema = schema_of("c string, d string, i int64, n int64");
    weir_error err = {0};
    weir_batch *b = NULL;
    weir_builder *builder = NULL;
    weir_column *words = NULL;
    int64_t seven = 7;
    assert_int_equal(weir_batch_new(schema, 3, &b, &err), WEIR_OK);
    assert_int_equal(weir_column_constant(weir_type_of(WEIR_STRING), 3, "same for all rows", 17,
                                          NULL, &b->columns[0], &err),
                     WEIR_OK);
    assert_int_equal(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &builder, &err), WEIR_OK);
    assert_int_equal(weir_builder_bytes(builder, "zero", 4, &err), WEIR_OK);
    assert_int_equal(weir_builder_bytes(builder, "one\"", 4, &err), WEIR_OK);
    assert_int_equal(weir_builder_finish(builder, &words, &err), WEIR_OK);
    weir_builder_free(builder);
    assert_int_equal(weir_column_dictionary(words, 3, NULL, &b->columns[1], &err), WEIR_OK);
    b->columns[1]->indices[0] = 1;
    b->columns[1]->indices[1] = 0;
    b->columns[1]->indices[2] = 1;
    assert_int_equal(weir_column_set_null(b->columns[1], 2, false, NULL, &err), WEIR_OK);
    assert_int_equal(
        weir_column_constant(weir_type_of(WEIR_INT64), 3, &seven, 8, NULL, &b->columns[2], &err),
        WEIR_OK);
    assert_int_equal(
        weir_column_constant(weir_type_of(WEIR_INT64), 3, NULL, 0, NULL, &b->columns[3], &err),
        WEIR_OK);
    char *text = encode(&plain, b);
    assert_string_equal(text, "{\"c\":\"same for all rows\",\"d\":\"one\\\"\",\"i\":7,\"n\":null}\n"
                              "{\"c\":\"same for all rows\",\"d\":\"zero\",\"i\":7,\"n\":null}\n"
                              "{\"c\":\"same for all rows\",\"d\":null,\"i\":7,\"n\":null}\n");
    free(text);
    weir_batch_free(b);
    weir_schema_release(schema);
}

static void blocks_grow_as_needed(void **state) {
    (void)state;
    weir_schema *schema = schema_of("s string, n int64");
    weir_buf text = {0};
    for (int i = 0; i < 300; i++) {
        assert_true(weir_buf_adds(&text, "{\"s\":\""));
        for (int k = 0; k < i * 7 % 1500; k++)
            assert_true(weir_buf_adds(&text, k % 11 ? "x" : "\\u0001"));
        assert_true(weir_buf_printf(&text, "\",\"n\":%d}\n", i));
    }
    weir_batch *b = batch_of(schema, weir_buf_cstr(&text));
    char *out = encode(&plain, b);
    assert_string_equal(out, text.data);
    free(out);
    weir_batch_free(b);
    weir_buf_clear(&text);
    weir_schema_release(schema);
}

/* One file of an array: header, pieces with the separator between them, footer. */
static void an_array_is_put_together(void **state) {
    (void)state;
    const weir_write_ops *ops = &weir_json_array_write_ops;
    weir_schema *schema = schema_of("f float64");
    weir_batch *b = batch_of(schema, "{\"f\":1}\n{\"f\":2.5}\n{\"f\":null}\n");
    ((double *)b->columns[0]->values)[0] = (double)INFINITY; /* the first one is left out */
    weir_ctx ctx = {0};
    weir_encoder *e = NULL;
    weir_error err = {0};
    weir_buf file = {0}, meta = {0}, nothing = {0};
    const weir_json_write_config strict = {.not_finite = WEIR_JSON_FINITE_REJECT};
    assert_int_equal(ops->encoder_new(&strict, schema, &ctx, &e, &err), WEIR_OK);
    assert_int_equal(ops->header(e, &file, &err), WEIR_OK);
    for (int i = 0; i < 2; i++) {
        weir_block *out = NULL;
        assert_int_equal(ops->encode(e, &ctx, b, &out, &meta, &err), WEIR_OK);
        if (i) assert_true(weir_buf_adds(&file, ops->separator));
        assert_true(weir_buf_add(&file, (char *)out->data, out->size));
        weir_block_release(out);
    }
    assert_int_equal(ops->footer(e, NULL, NULL, 0, false, &file, &err), WEIR_OK);
    assert_string_equal(weir_buf_cstr(&file),
                        "[\n{\"f\":2.5},\n{\"f\":null},\n{\"f\":2.5},\n{\"f\":null}\n]\n");
    assert_int_equal(ops->header(e, &nothing, &err), WEIR_OK);
    assert_int_equal(ops->footer(e, NULL, NULL, 0, true, &nothing, &err), WEIR_OK);
    assert_string_equal(weir_buf_cstr(&nothing), "[]\n");
    weir_buf_clear(&file);
    weir_buf_clear(&nothing);
    ops->encoder_free(e);
    weir_batch_free(b);
    weir_schema_release(schema);
}

static void lack_of_memory_is_reported(void **state) {
    (void)state;
    weir_schema *schema =
        schema_of("s string, l list<map<string, timestamptz(Europe/Berlin)>>, f float64");
    weir_batch *b =
        batch_of(schema, "{\"s\":\"a\\u0001\",\"l\":[{\"k\":\"2024-01-01T00:00:00Z\"}],\"f\":1}\n");
    bool done = false;
    for (long n = 1; !done && n < 200; n++) {
        weir_ctx ctx = {0};
        weir_encoder *e = NULL;
        weir_block *out = NULL;
        weir_buf meta = {0};
        weir_error err = {0};
        weir_block_trim();
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 0);
        weir_status s = weir_json_write_ops.encoder_new(&plain, schema, &ctx, &e, &err);
        if (s == WEIR_OK) s = weir_json_write_ops.encode(e, &ctx, b, &out, &meta, &err);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        done = s == WEIR_OK;
        if (!done) assert_int_equal(s, WEIR_RESOURCE);
        if (!done) assert_null(out);
        weir_block_release(out);
        weir_json_write_ops.encoder_free(e);
    }
    assert_true(done);
    weir_batch_free(b);
    weir_schema_release(schema);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(names_are_escaped),
        cmocka_unit_test(nulls_can_be_left_out),
        cmocka_unit_test(json_never_spans_lines),
        cmocka_unit_test(escapes_at_every_place),
        cmocka_unit_test(what_is_not_finite_is_text_or_fails_or_becomes_null),
        cmocka_unit_test(only_living_sound_rows_are_written),
        cmocka_unit_test(other_encodings_are_written),
        cmocka_unit_test(blocks_grow_as_needed),
        cmocka_unit_test(an_array_is_put_together),
        cmocka_unit_test(lack_of_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
