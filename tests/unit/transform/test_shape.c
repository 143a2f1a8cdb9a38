/* flatten, fill, limit, sample: encodings, nulls, failed rows, faults. */
#include "operator_rig.h"

#include "transform/transform.h"

#define EXPECT(YAML, TABLE, WANT) rig_expect(weir_transform_find, YAML, TABLE, WANT)

static void flatten(void **state) {
    (void)state;
    const char *table = "i:int64|s:struct<a int64, t struct<b string, c bool>>\n"
                        "1|{\"a\":1,\"t\":{\"b\":\"a text of some length\",\"c\":true}}\n"
                        "2|{\"a\":null,\"t\":null}\n3|null\n";
    EXPECT("flatten: s", table,
           "i:int64|s_a:int64|s_t_b:string|s_t_c:bool\n"
           "1|1|a text of some length|true\n2|null|null|null\n3|null|null|null\n");
    EXPECT("flatten: { field: s, depth: 1, prefix: '' }", table,
           "i:int64|a:int64|t:struct<b string, c bool>\n"
           "1|1|{\"b\":\"a text of some length\",\"c\":true}\n2|null|null\n3|null|null\n");
    EXPECT("flatten: s", "s_a:int64|s:struct<a int64>\n1|null\n",
           "p.yaml:1:10: flatten: the column 's_a' is there already; write another separator: or "
           "prefix:, or rename that column\n");
    EXPECT("flatten: [s, s]", "s:struct<a int64>\nnull\n",
           "p.yaml:1:14: fields: names 's' twice; name it once\n");
}

static void fill_with_values(void **state) {
    (void)state;
    EXPECT("fill: { field: a, value: 7 }", "a:int64|b:string\n1|x\nnull|y\n",
           "a:int64|b:string\n1|x\n7|y\n");
    EXPECT("fill: { field: [a, b], with: c }",
           "a:string|b:string|c:string\nnull|x|1\ny|null|2\nnull|null|null\n",
           "a:string|b:string|c:string\n1|x|1\ny|2|2\nnull|null|null\n");
    EXPECT("fill: { field: a, value: \"it's\" }", "a:string\nnull\n", "a:string\nit's\n");
    EXPECT(
        "fill: { field: a, value: 1.255 }", "a:decimal(10,2)\nnull\n",
        "p.yaml:1:19: value: value \"1.255\" cannot be kept exactly as decimal(10,2); it is read "
        "as the type of the column\n");
    /* only where it is needed, and then it may fail the record */
    EXPECT("fill: { field: a, with: 10 / b }", "a:int64|b:int64\n1|0\nnull|0\nnull|5\n",
           "a:int64|b:int64\n1|0\nERR|0\n2|5\n1 a expression: division by zero in (10 / b)\n");
}

static void fill_forward(void **state) {
    (void)state;
    EXPECT("fill: { field: a, method: forward }",
           "a:string\nnull\nx\nnull\na text of some length\nnull\n",
           "a:string\nnull\nx\nx\na text of some length\na text of some length\n");
    EXPECT("fill: { field: a, method: forward, by: [k] }",
           "a:int64|k:string\n1|x\n2|y\nnull|x\nnull|y\nnull|null\n5|null\nnull|null\n",
           "a:int64|k:string\n1|x\n2|y\n1|x\n2|y\nnull|null\n5|null\n5|null\n");
}

/* Values are carried from batch to batch; what failed is neither filled nor carried. */
static void fill_forward_over_batches(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    weir_batch *one = rig_batch("a:int64\n1\nnull\n", RIG_SELECTION);
    weir_batch *two = rig_batch("a:int64\nnull\nnull\n3\nnull\n", RIG_PLAIN);
    assert_true(
        rig_bind(&r, weir_transform_find, "fill: { field: a, method: forward }", one->schema));
    assert_true(r.kind->ordered(&r.op));
    MUST(r.kind->process(&r.op, r.local, &r.ctx, one, &err));
    weir_failures *f = NULL;
    MUST(weir_batch_failures(two, &f, &err));
    MUST(weir_failures_add(f, 1, "set", "a", "expression", &err, "earlier"));
    MUST(weir_column_set_null(two->columns[0], 1, true, NULL, &err));
    MUST(r.kind->process(&r.op, r.local, &r.ctx, two, &err));
    MUST(weir_batch_validate(two, &err));
    rig_render(&r.text, one, 2);
    rig_render(&r.text, two, 1);
    assert_string_equal(weir_buf_cstr(&r.text),
                        "a:int64\n1\n1\na:int64\n1\nERR\n3\n3\n1 a expression: earlier\n");
    weir_batch_free(one);
    weir_batch_free(two);
    rig_clear(&r);
}

static void limit(void **state) {
    (void)state;
    EXPECT("limit: 2", "a:int64\n1\n2\n3\n", "a:int64\n1\n2\n");
    EXPECT("limit: 5", "a:int64\n1\n2\n3\n", "a:int64\n1\n2\n3\n");
    EXPECT("limit: { rows: 1, by: [a, b] }", "a:int64|b:string\n1|x\n1|x\n1|null\n2|x\n1|null\n",
           "a:int64|b:string\n1|x\n1|null\n2|x\n");
}

/* A failed record does not count, and is dropped only behind the last row that passed. */
static void limit_and_failures(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    weir_place last;
    weir_batch *b = rig_batch("a:int64\n1\n2\n3\n4\n5\n", RIG_PLAIN);
    assert_true(rig_bind(&r, weir_transform_find, "limit: 2", b->schema));
    assert_true(r.kind->ordered(&r.op));
    assert_false(r.kind->enough(&r.op, &last));
    weir_failures *f = NULL;
    MUST(weir_batch_failures(b, &f, &err));
    MUST(weir_failures_add(f, 1, "set", "a", "expression", &err, "earlier"));
    MUST(weir_failures_add(f, 3, "set", "a", "expression", &err, "behind"));
    MUST(r.kind->process(&r.op, r.local, &r.ctx, b, &err));
    assert_int_equal(b->n_selected, 3); /* 1, the failed 2, 3 */
    assert_int_equal(weir_batch_row(b, 2), 2);
    assert_true(r.kind->enough(&r.op, &last));
    assert_int_equal(last.record, 2);
    weir_batch_free(b);
    rig_clear(&r);
}

static void sample(void **state) {
    (void)state;
    EXPECT("sample: 100%", "a:int64\n1\n2\n3\n", "a:int64\n1\n2\n3\n");
    EXPECT("sample: 0", "a:int64\n1\n",
           "p.yaml:1:9: sample: must be above 0 and at most 100%; write a part of all rows, such "
           "as 10%\n");
    /* the same rows however they come, and about as many as asked for */
    weir_error err = {0};
    rig r;
    uint32_t passed = 0, different = 0;
    uint64_t first[2];
    for (int way = 0; way < 2; way++) {
        first[way] = 0;
        for (uint32_t at = 0; at < 4096; at += way ? 64 : 32) {
            char table[1024] = "a:int64\n";
            uint32_t rows = way ? 64 : 32;
            for (uint32_t i = 0; i < rows; i++) memcpy(table + 8 + 2 * i, "1\n", 3);
            weir_batch *b = rig_batch(table, RIG_PLAIN);
            b->origin.first_row = at;
            b->origin.source = "file";
            assert_true(rig_bind(&r, weir_transform_find, "sample: 25%", b->schema));
            MUST(r.kind->process(&r.op, r.local, &r.ctx, b, &err));
            for (uint32_t k = 0; k < b->n_selected; k++)
                first[way] = first[way] * 31 + at + weir_batch_row(b, k);
            passed += b->n_selected;
            weir_batch_free(b);
            rig_clear(&r);
        }
    }
    different = first[0] != first[1];
    assert_int_equal(different, 0);
    assert_true(passed > 2 * 900 && passed < 2 * 1150);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_TEST(flatten),      RIG_TEST(fill_with_values),
        RIG_TEST(fill_forward), RIG_TEST(fill_forward_over_batches),
        RIG_TEST(limit),        RIG_TEST(limit_and_failures),
        RIG_TEST(sample),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
