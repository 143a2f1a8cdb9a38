/* Type inference: the type of a set of texts, who ruled out the narrower ones, merging in any
 * order. */
#include "csv_helpers.h"

#include "base/fault.h"
#include "format/infer.h"

static weir_inference *inference(const char *const *texts, size_t n) {
    weir_error err = {0};
    weir_inference *i = NULL;
    uint32_t column;
    must(weir_inference_new(&i, &err), &err);
    must(weir_inference_column(i, weir_slice_of("c"), &column, &err), &err);
    for (size_t k = 0; k < n; k++) {
        weir_address at = {0, k + 2, k * 10};
        if (texts[k])
            must(weir_inference_text(i, column, weir_slice_of(texts[k]), at, &err), &err);
        else
            must(weir_inference_null(i, column, &err), &err);
    }
    return i;
}

static const char *type_name(const weir_inference *i, uint32_t column) {
    weir_error err = {0};
    const weir_type *type = NULL;
    must(weir_inference_result(i, column, &type, &err), &err);
    return type->name;
}

typedef struct infer_case {
    const char *type;
    const char *texts[6];
} infer_case;

static const infer_case cases[] = {
    {"string", {NULL}},
    {"int64", {"1", "-5", "0"}},
    {"int64", {"9223372036854775807"}},
    {"decimal(19,0)", {"9223372036854775808"}},
    {"decimal(20,1)", {"9223372036854775807", "0.5"}},
    {"decimal(5,2)", {"1.5", "100.25", "7"}},
    {"decimal(2,2)", {"0.25", "-.5"}},
    {"decimal(1,0)", {"0.", "3."}},
    {"float64", {"1e5", "2"}},
    {"float64", {"1.5", "NaN"}},
    {"float64", {"-inf", "2"}},
    {"string", {"0123", "5"}},
    {"string", {"+49123"}},
    {"string", {"1", "N/A"}},
    {"string", {"12345678901234567890123456789012345678901234567890"}},
    {"string", {"12345678901234567890123456789", "0.12345678901234567890"}},
    {"bool", {"true", "FALSE"}},
    {"string", {"true", "1"}},
    {"string", {"t"}},
    {"date", {"2024-01-02", "1999-12-31"}},
    {"string", {"2024-02-30"}},
    {"timestamp", {"2024-01-02", "2024-01-02T03:04:05"}},
    {"timestamp", {"2024-01-02 03:04:05.123456"}},
    {"timestamptz", {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05+02:00"}},
    {"string", {"2024-01-02T03:04:05Z", "2024-01-02T03:04:05"}},
    {"string", {"2024-01-02T03:04:05Z", "2024-01-02"}},
    {"time", {"03:04", "23:59:59.5"}},
    {"uuid", {"123e4567-e89b-12d3-a456-426614174000"}},
    {"string", {"123e4567e89b12d3a456426614174000"}},
    {"string", {" 1"}},
    {"string", {"-"}},
    {"string", {"."}},
    {"string", {"1,5"}},
    {"string", {"infinite"}},
};

static size_t count_texts(const infer_case *c) {
    size_t n = 0;
    while (n < 6 && c->texts[n]) n++;
    return n;
}

static void test_types(void **state) {
    (void)state;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        size_t n = count_texts(&cases[k]);
        weir_inference *i = inference(cases[k].texts, n);
        if (strcmp(type_name(i, 0), cases[k].type) != 0)
            fail_msg("case %zu (%s): got %s, expected %s", k, n ? cases[k].texts[0] : "",
                     type_name(i, 0), cases[k].type);
        weir_inference_free(i);
    }
}

static void test_witness(void **state) {
    (void)state;
    const char *texts[] = {"1", "2.5", NULL, "N/A", "x"};
    weir_inference *i = inference(texts, 5);
    weir_address at = {0};
    assert_string_equal(weir_inference_witness(i, 0, WEIR_INT64, &at), "2.5");
    assert_int_equal(at.line, 3);
    assert_string_equal(weir_inference_witness(i, 0, WEIR_DECIMAL, &at), "N/A");
    assert_int_equal(at.line, 5);
    assert_string_equal(weir_inference_witness(i, 0, WEIR_DATE, &at), "1");
    assert_string_equal(weir_inference_witness(i, 0, WEIR_STRING, &at), "");
    weir_inference_free(i);
    const char *wide[] = {"12345678901234567890123456789", "0.12345678901234567890"};
    i = inference(wide, 2);
    assert_string_equal(weir_inference_witness(i, 0, WEIR_DECIMAL, &at),
                        "12345678901234567890123456789");
    weir_inference_free(i);
}

/* Any split of the values over two inferences, merged either way, and any order within one, gives
 * the same type and the same witnesses. */
static void test_merge(void **state) {
    (void)state;
    weir_error err = {0};
    uint64_t seed = 7;
    for (int round = 0; round < 3000; round++) {
        const char *texts[6];
        size_t order[6];
        for (size_t k = 0; k < 6; k++) {
            seed = seed * 6364136223846793005ull + 1442695040888963407ull;
            const infer_case *c = &cases[(seed >> 33) % (sizeof cases / sizeof *cases)];
            if ((seed >> 60) & 1 && k) c = &cases[4];
            size_t n = count_texts(c);
            texts[k] = n ? c->texts[(seed >> 50) % n] : "7";
            order[k] = k;
        }
        for (size_t k = 5; k > 0; k--) {
            size_t with = (size_t)(seed >> (8 * k)) % (k + 1), t = order[k];
            order[k] = order[with];
            order[with] = t;
        }
        weir_inference *all = inference(texts, 6), *part[2] = {0};
        for (int p = 0; p < 2; p++) {
            uint32_t column;
            must(weir_inference_new(&part[p], &err), &err);
            must(weir_inference_column(part[p], weir_slice_of("c"), &column, &err), &err);
        }
        for (size_t k = 0; k < 6; k++) {
            size_t o = order[k];
            weir_address at = {0, o + 2, o * 10};
            must(weir_inference_text(part[(seed >> (20 + k)) & 1], 0, weir_slice_of(texts[o]), at,
                                     &err),
                 &err);
        }
        must(weir_inference_merge(part[0], part[1], &err), &err);
        assert_string_equal(type_name(all, 0), type_name(part[0], 0));
        for (int id = WEIR_BOOL; id < WEIR_STRING; id++) {
            weir_address a = {0}, b = {0};
            const char *x = weir_inference_witness(all, 0, (weir_type_id)id, &a);
            const char *y = weir_inference_witness(part[0], 0, (weir_type_id)id, &b);
            assert_string_equal(x, y);
            assert_int_equal(a.byte, b.byte);
        }
        weir_inference_free(all);
        weir_inference_free(part[0]);
        weir_inference_free(part[1]);
    }
}

static void state_type(weir_inference *i, uint32_t column, const char *type, const char *text) {
    weir_error err = {0};
    const weir_type *t = NULL;
    weir_address at = {0};
    must(weir_type_parse(type, &t, &err), &err);
    must(weir_inference_type(i, column, t, weir_slice_of(text), at, &err), &err);
}

static void test_stated_types(void **state) {
    (void)state;
    weir_error err = {0};
    weir_inference *i = NULL;
    uint32_t c;
    must(weir_inference_new(&i, &err), &err);
    must(weir_inference_column(i, weir_slice_of("n"), &c, &err), &err);
    state_type(i, c, "int64", "5");
    assert_string_equal(type_name(i, c), "int64");
    state_type(i, c, "decimal(3,1)", "10.5");
    assert_string_equal(type_name(i, c), "decimal(3,1)");
    state_type(i, c, "string", "2024-01-01");
    assert_string_equal(type_name(i, c), "string");
    must(weir_inference_column(i, weir_slice_of("s"), &c, &err), &err);
    state_type(i, c, "struct<a int64>", "{}");
    state_type(i, c, "struct<b string, a decimal(3,1)>", "{}");
    assert_string_equal(type_name(i, c), "struct<a decimal(20,1), b string>");
    must(weir_inference_column(i, weir_slice_of("l"), &c, &err), &err);
    state_type(i, c, "list<int64>", "[1]");
    state_type(i, c, "list<float64>", "[1e5]");
    assert_string_equal(type_name(i, c), "list<float64>");
    state_type(i, c, "int64", "1");
    assert_string_equal(type_name(i, c), "json");
    assert_int_equal(weir_inference_count(i), 3);
    assert_string_equal(weir_inference_name(i, 1), "s");
    weir_inference_free(i);
}

static void test_chunks(void **state) {
    (void)state;
    static const char text[] = "id,amount,when,note,code\n1,1.50,2024-01-01,\"a \"\"b\"\"\",007\n"
                               "bad line\n2,\"20\",\"\",NULL,12\n3,,2024-02-30,x,5\n";
    weir_csv_read_config config = read_defaults();
    weir_opt_column item = {.name = "id", .type = "string"};
    weir_opt_columns columns = {1, &item};
    weir_error err = {0};
    for (size_t chunk = 64; chunk <= 4096; chunk *= 8) {
        weir_read_request request = {
            .config = &config, .columns = &columns, .chunk_bytes = chunk, .max_record_bytes = 4096};
        weir_stream *in = NULL;
        weir_cutter *cutter = NULL;
        weir_inference *i = NULL;
        must(weir_memory_open("x", text, sizeof text - 1, &in, &err), &err);
        must(weir_csv_cutter_new(&request, in, &cutter, &err), &err);
        must(weir_inference_new(&i, &err), &err);
        for (;;) {
            weir_chunk c = {0};
            bool end = false;
            must(weir_csv_cutter_next(cutter, &c, &end, &err), &err);
            if (end) break;
            must(weir_csv_infer(&request, &c, i, &err), &err);
            weir_chunk_clear(&c);
        }
        assert_int_equal(weir_inference_count(i), 4); /* id is declared */
        assert_string_equal(type_name(i, 0), "decimal(4,2)");
        assert_string_equal(type_name(i, 1), "string");
        assert_string_equal(type_name(i, 2), "string");
        assert_string_equal(type_name(i, 3), "string");
        weir_address at;
        assert_string_equal(weir_inference_witness(i, 1, WEIR_DATE, &at), "2024-02-30");
        assert_int_equal(at.line, 5);
        assert_string_equal(weir_inference_witness(i, 2, WEIR_INT64, &at), "a \"b\"");
        assert_string_equal(weir_inference_witness(i, 3, WEIR_INT64, &at), "007");
        weir_inference_free(i);
        weir_csv_cutter_free(cutter);
        weir_stream_close(in);
    }
}

/* A duration that the format says to be one. */
static void test_intervals(void **state) {
    (void)state;
    weir_inference *i = NULL;
    uint32_t c = 0;
    const weir_type *type = NULL;
    weir_slice text = weir_slice_of("PT5M");
    weir_address at = {.line = 1};
    assert_int_equal(weir_inference_new(&i, NULL), WEIR_OK);
    assert_int_equal(weir_inference_column(i, weir_slice_of("c"), &c, NULL), WEIR_OK);
    assert_int_equal(weir_inference_type(i, c, weir_type_of(WEIR_INTERVAL), text, at, NULL),
                     WEIR_OK);
    assert_int_equal(weir_inference_result(i, c, &type, NULL), WEIR_OK);
    assert_int_equal(type->id, WEIR_INTERVAL);
    at.line = 2; /* as a text it is no interval, as in CSV */
    assert_int_equal(weir_inference_text(i, c, text, at, NULL), WEIR_OK);
    assert_int_equal(weir_inference_result(i, c, &type, NULL), WEIR_OK);
    assert_int_equal(type->id, WEIR_STRING);
    weir_inference_free(i);
}

/* A list in one chunk makes the column of all chunks a list of what its items are. */
static void test_lists(void **state) {
    (void)state;
    static const struct {
        const char *first, *second; /* an item each; "{" = an object */
        const char *type;
    } all[] = {{"1", "2", "list<int64>"},    {"1", "2.5", "list<decimal(2,1)>"},
               {"1", "x", "list<string>"},   {"12.01.2024", "13.01.2024", "list<string>"},
               {"N/A", "1", "list<string>"}, {"x", "{", "list<json>"},
               {NULL, NULL, "list<string>"}};
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        weir_inference *sides[2] = {0};
        const char *texts[2] = {all[k].first, all[k].second};
        const weir_type *type = NULL;
        uint32_t c = 0;
        for (int s = 0; s < 2; s++) {
            assert_int_equal(weir_inference_new(&sides[s], NULL), WEIR_OK);
            assert_int_equal(weir_inference_column(sides[s], weir_slice_of("c"), &c, NULL),
                             WEIR_OK);
            weir_inference_search(sides[s], c, &(weir_search){.points = true});
            if (s == 1) weir_inference_list(sides[s], c);
            if (!texts[s]) continue;
            weir_slice text = weir_slice_of(texts[s]);
            weir_address at = {.line = (uint64_t)s + 1};
            weir_status status =
                *texts[s] == '{'
                    ? weir_inference_type(sides[s], c, weir_type_of(WEIR_JSON), text, at, NULL)
                    : weir_inference_field(sides[s], c, text, true, at, NULL);
            assert_int_equal(status, WEIR_OK);
        }
        assert_int_equal(weir_inference_merge(sides[0], sides[1], NULL), WEIR_OK);
        assert_int_equal(weir_inference_result(sides[0], c, &type, NULL), WEIR_OK);
        assert_string_equal(type->name, all[k].type);
        weir_inference_free(sides[0]);
        weir_inference_free(sides[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_types),     cmocka_unit_test(test_witness),
        cmocka_unit_test(test_merge),     cmocka_unit_test(test_stated_types),
        cmocka_unit_test(test_chunks),    cmocka_unit_test(test_lists),
        cmocka_unit_test(test_intervals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
