/* Every example of the function table gives the result that stands beside it; the table is sound;
 * the reference page has every function. */
#include "expr_test.h"

static void examples(void **state) {
    fixture *x = *state;
    size_t n = 0;
    const weir_function_info *t = weir_function_table(&n);
    assert_true(n > 120);
    for (size_t i = 0; i < n; i++) {
        weir_buf out = {0};
        if (!t[i].example[0]) {
            assert_true(t[i].flags & WEIR_FUNCTION_VOLATILE);
            continue;
        }
        weir_rows one = {NULL, 1, x->batch->length};
        evaluate(x, t[i].example, one, false, &out, NULL);
        const char *want = strcmp(t[i].result, "null") == 0 ? "~" : t[i].result;
        if (strcmp(weir_buf_cstr(&out), want) != 0)
            fail_msg("%s: %s is %s, not %s", t[i].name, t[i].example, weir_buf_cstr(&out), want);
        weir_buf_clear(&out);
    }
}

static void table_is_sound(void **state) {
    (void)state;
    size_t n = 0;
    const weir_function_info *t = weir_function_table(&n);
    for (size_t i = 0; i < n; i++) {
        assert_non_null(t[i].signature);
        assert_true(t[i].summary[0]);
        assert_non_null(t[i].duckdb);
        assert_non_null(t[i].aliases);
        assert_ptr_equal(weir_function_find(t[i].name), &t[i]);
        if (i && strcmp(t[i].category, t[i - 1].category) == 0)
            assert_true(strcmp(t[i].name, t[i - 1].name) > 0);
        for (size_t k = i + 1; k < n; k++) assert_string_not_equal(t[i].name, t[k].name);
    }
    assert_ptr_equal(weir_function_find("LCASE"), weir_function_find("lower"));
    assert_ptr_equal(weir_function_find("character_length"), weir_function_find("length"));
    assert_null(weir_function_find("no_such"));
    assert_null(weir_function_find("concat_op"));
    assert_null(weir_function_find(""));
}

static void reference_page(void **state) {
    (void)state;
    weir_buf page = {0};
    size_t n = 0;
    const weir_function_info *t = weir_function_table(&n);
    assert_true(weir_function_markdown(&page));
    const char *text = weir_buf_cstr(&page);
    for (size_t i = 0; i < n; i++)
        if (!strstr(text, t[i].summary) && !strchr(t[i].summary, '|'))
            fail_msg("%s is not on the page", t[i].name);
    assert_non_null(strstr(text, "## Text"));
    assert_non_null(strstr(text, "differs from run to run"));
    weir_buf_clear(&page);
}

/* ---- functions of one's own
 * ---------------------------------------------------------------------------- */

static int calls;

/* twice(n): fails on 13. */
static weir_status twice(void *context, const weir_column *const *args, weir_rows rows,
                         const weir_blame *blame, weir_ctx *ctx, weir_column **out,
                         weir_error *err) {
    assert_string_equal(context, "context");
    calls++;
    weir_column *plain = NULL;
    weir_status status = weir_decode_plain(args[0], ctx, &plain, err);
    if (status == WEIR_OK)
        status = weir_column_new(weir_type_of(WEIR_INT64), rows.length, ctx->ledger, out, err);
    for (uint32_t k = 0; status == WEIR_OK && k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        assert_false(weir_column_is_null(args[0], row));
        int64_t v = ((const int64_t *)plain->values)[row];
        ((int64_t *)(*out)->values)[row] = (int64_t)((uint64_t)v * 2);
        if (v != 2) continue;
        status = weir_column_set_null(*out, row, blame->failures != NULL, ctx->ledger, err);
        if (status == WEIR_OK && blame->failures)
            status = weir_failures_add(blame->failures, row, blame->stage, blame->field,
                                       "expression", err, "%s", "two is not liked");
    }
    weir_column_release(plain);
    return status;
}

static void own_function(void **state) {
    fixture *x = *state;
    weir_error err = {0};
    weir_user_function f = {.name = "twice",
                            .flags = WEIR_FUNCTION_CAN_FAIL,
                            .n_args = 1,
                            .args = {weir_type_of(WEIR_INT64)},
                            .result = weir_type_of(WEIR_INT64),
                            .call = twice,
                            .context = "context"};
    MUST(weir_function_register(&f, &err));
    assert_int_equal(weir_function_register(&f, &err), WEIR_USAGE);
    f.name = "lower";
    assert_int_equal(weir_function_register(&f, &err), WEIR_USAGE);
    f.name = "no name";
    assert_int_equal(weir_function_register(&f, &err), WEIR_USAGE);
    f.name = "case";
    assert_int_equal(weir_function_register(&f, &err), WEIR_USAGE);
    weir_buf out = {0}, reasons = {0};
    evaluate(x, "twice(i)", weir_rows_of(x->batch), false, &out, &reasons);
    assert_string_equal(weir_buf_cstr(&out), "2|!|-6|~|0|-2");
    assert_string_equal(weir_buf_cstr(&reasons), "1: two is not liked; ");
    out.size = reasons.size = 0;
    evaluate(x, "try(TWICE(k)) + 1", weir_rows_of(x->batch), false, &out, &reasons);
    assert_string_equal(weir_buf_cstr(&out), "21|41|~|81|1|-9");
    out.size = 0;
    evaluate(x, "twice(p)", weir_rows_of(x->batch), false, &out, &reasons);
    assert_string_equal(weir_buf_cstr(&out), "10|!|~|12|!|14");
    out.size = 0;
    evaluate(x, "twice(gi)", weir_rows_of(x->batch), false, &out, &reasons);
    assert_string_equal(weir_buf_cstr(&out), "14|16|14|~|0|14");
    out.size = 0;
    evaluate(x, "twice(5)", weir_rows_of(x->batch), false, &out, &reasons);
    assert_string_equal(weir_buf_cstr(&out), "10|10|10|10|10|10");
    out.size = 0;
    evaluate(x, "twice('a')", weir_rows_of(x->batch), false, &out, NULL);
    assert_string_equal(weir_buf_cstr(&out), "ERROR 7: \"a\" is not a whole number (int64)");
    out.size = 0;
    evaluate(x, "twice(1, 2)", weir_rows_of(x->batch), false, &out, NULL);
    assert_string_equal(weir_buf_cstr(&out), "ERROR 1: twice takes 1 arguments, not 2");
    assert_true(calls > 0);
    weir_buf_clear(&out);
    weir_buf_clear(&reasons);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(examples, fixture_open, fixture_close),
        cmocka_unit_test(table_is_sound),
        cmocka_unit_test(reference_page),
        cmocka_unit_test_setup_teardown(own_function, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
