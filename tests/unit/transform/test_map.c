/* map through values and through an input: types, encodings, missing keys, nulls, poison. */
#include "operator_rig.h"

#include "base/fault.h"
#include "transform/transform.h"

#define EXPECT(YAML, TABLE, WANT) rig_expect(weir_transform_find, YAML, TABLE, WANT)
#define CODES "code:string|n:int32\nde|1\nfr|2\nnull|null\nxx|3\nde|1\n"

static void values_of_the_file(void **state) {
    (void)state;
    EXPECT("map: { field: code, to: name, values: { de: Germany, fr: France }, default: '?' }",
           CODES,
           "code:string|n:int32|name:string\nde|1|Germany\nfr|2|France\nnull|null|null\nxx|3|?\n"
           "de|1|Germany\n");
    EXPECT("map: { field: code, values: { de: Germany }, missing: keep }", CODES,
           "code:string|n:int32\nGermany|1\nfr|2\nnull|null\nxx|3\nGermany|1\n");
    EXPECT("map: { field: n, values: { 1: 10, 2: 20 }, missing: keep }", CODES,
           "code:string|n:int32\nde|10\nfr|20\nnull|null\nxx|3\nde|10\n");
    EXPECT("map: { field: n, to: d, values: { 1: 2024-01-31 }, type: date, missing: 'null' }",
           CODES,
           "code:string|n:int32|d:date\nde|1|2024-01-31\nfr|2|null\nnull|null|null\nxx|3|null\n"
           "de|1|2024-01-31\n");
    EXPECT("map: { field: n, to: b, values: { 1: yes, 2: no }, type: bool, default: true }", CODES,
           "code:string|n:int32|b:bool\nde|1|true\nfr|2|false\nnull|null|null\nxx|3|true\n"
           "de|1|true\n");
    EXPECT("map: { field: d, values: { 1.5: a, 2: b } }", "d:decimal(10,2)\n1.50\n2.00\n3.00\n",
           "d:string\na\nb\nERR\n2 d map: d \"3.00\" is not in values\n");
    EXPECT("map: { field: code, values: {}, default: a text longer than twelve bytes }",
           "code:string\nx\n", "code:string\na text longer than twelve bytes\n");
}

static void missing_is_a_reject(void **state) {
    (void)state;
    EXPECT("map: { field: code, to: name, values: { de: Germany, fr: France } }", CODES,
           "code:string|n:int32|name:string\nde|1|Germany\nfr|2|France\nnull|null|null\nxx|3|ERR\n"
           "de|1|Germany\n3 name map: code \"xx\" is not in values\n");
}

static void faults(void **state) {
    (void)state;
    EXPECT("map: { field: cod, values: { de: Germany } }", CODES,
           "p.yaml:1:15: field: there is no column cod; did you mean code?\n");
    EXPECT("map: { field: n, values: { 1: a, x: b } }", CODES,
           "p.yaml:1:34: values: the value \"x\" is not a whole number (int32)\n");
    EXPECT("map: { field: n, values: { 1: a, \"01\": b } }", CODES,
           "p.yaml:1:34: values: the key \"1\" stands there more than once; keep one of the two\n");
    EXPECT(
        "map: { field: [code, n], values: { de: Germany } }", CODES,
        "p.yaml:1:8: field: may name one column only with values; write a file with the keys and "
        "use from:\n");
    EXPECT("map: { field: code, values: { de: x }, type: int63 }", CODES,
           "p.yaml:1:46: type: 'int63' is not a type; did you mean int64?\n");
    EXPECT(
        "map: { field: n, values: { 1: x }, type: string, missing: keep }", CODES,
        "p.yaml:1:50: missing: cannot keep a int32 among values that are string; use default: or "
        "null, or cast the field before\n");
    EXPECT("map: { field: code, values: { de: x }, to: [a, b] }", CODES,
           "p.yaml:1:40: to: has another number of columns; name one column\n");
}

/* ---- inputs -------------------------------------------------------------------------------- */

/* Binds yaml to table with `lookup` as its input, runs it in each encoding, and compares. */
static void expect_input(const char *yaml, const char *table, const char *lookup, bool loaded,
                         const char *want) {
    for (int way = 0; way < RIG_WAYS; way++) {
        weir_error err = {0};
        rig r = {.ctx = {.now_us = 1}};
        weir_batch *b = rig_batch(table, (rig_way)way), *in = rig_batch(lookup, RIG_PLAIN);
        weir_node *node = NULL;
        r.ctx.scratch = &r.scratch;
        weir_diags_init(&r.diags, "p.yaml");
        MUST(weir_yaml_parse(weir_slice_of(yaml), NULL, &r.arena, &r.diags, &node));
        r.kind = weir_transform_find("map");
        r.config = weir_arena_zero(&r.arena, 1, r.kind->config_size);
        MUST(weir_option_bind(r.kind->options, node, r.config, &r.arena, &r.diags));
        r.op.in = weir_schema_retain(b->schema);
        weir_operator_input input = {.name = "table.csv",
                                     .schema = in->schema,
                                     .typed = true,
                                     .loaded = loaded,
                                     .n_rows = loaded ? in->length : 0,
                                     .columns = loaded ? in->columns : NULL};
        weir_unseen unseen = {0};
        weir_bind bind = {.arena = &r.arena,
                          .diags = &r.diags,
                          .node = node->items[0],
                          .stage = "map",
                          .unseen = &unseen,
                          .input = &input};
        weir_status status = r.kind->bind(r.config, &bind, &r.op, &err);
        if (status == WEIR_OK) {
            r.op.kind = r.kind;
            if (loaded) {
                MUST(r.kind->process(&r.op, NULL, &r.ctx, b, &err));
                MUST(weir_batch_validate(b, &err));
                rig_render(&r.text, b, way == RIG_SELECTION ? 2 : 1);
            } else {
                for (uint32_t i = 0; i < r.op.out->n_fields; i++)
                    assert_true(weir_buf_printf(&r.text, "%s:%s\n", r.op.out->fields[i].name,
                                                r.op.out->fields[i].type->name));
            }
        } else if (status == WEIR_USAGE) {
            assert_true(weir_diags_print(&r.diags, &r.text));
        } else {
            assert_true(weir_buf_printf(&r.text, "%s", err.message));
        }
        if (strcmp(weir_buf_cstr(&r.text), want) != 0) {
            print_error("%s, way %d, gave\n%s\ninstead of\n%s\n", yaml, way, weir_buf_cstr(&r.text),
                        want);
            rig_unmet++;
        }
        weir_batch_free(b);
        weir_batch_free(in);
        rig_clear(&r);
    }
}

#define TABLE                                                                                      \
    "code:string|name:string|pop:int64|since:date|k:int64\n"                                       \
    "de|Germany, a longer text|83|1990-10-03|1\nfr|France|null|1789-07-14|2\n"                     \
    "null|nobody|1|null|null\nit|null|60|1946-06-02|300\n"

static void through_an_input(void **state) {
    (void)state;
    expect_input("map: { field: code, input: t, take: [name, pop] }", CODES, TABLE, true,
                 "code:string|n:int32|name:string|pop:int64\nde|1|Germany, a longer text|83\n"
                 "fr|2|France|null\nnull|null|null|null\nxx|3|ERR|ERR\n"
                 "de|1|Germany, a longer text|83\n3 name map: code \"xx\" is not in table.csv\n");
    expect_input("map: { field: code, from: t, take: since, to: l, missing: 'null' }", CODES, TABLE,
                 true,
                 "code:string|n:int32|l:date\nde|1|1990-10-03\nfr|2|1789-07-14\n"
                 "null|null|null\nxx|3|null\nde|1|1990-10-03\n");
    /* the key's values as those of the field's type; 300 is an int32 but no int8 */
    expect_input("map: { field: n, from: t, key: k, value: name, default: none }", CODES, TABLE,
                 true,
                 "code:string|n:int32|name:string\nde|1|Germany, a longer text\nfr|2|France\n"
                 "null|null|null\nxx|3|none\nde|1|Germany, a longer text\n");
    expect_input("map: { field: n, from: t, key: k, take: name, default: none }", "n:int8\n1\n44\n",
                 TABLE, true, "n:int8|name:string\n1|Germany, a longer text\n44|none\n");
    expect_input("map: { field: [code, n], from: t, key: [code, k], take: pop, missing: 'null' }",
                 CODES, TABLE, true,
                 "code:string|n:int32|pop:int64\nde|1|83\nfr|2|null\nnull|null|null\nxx|3|null\n"
                 "de|1|83\n");
}

static void inputs_that_are_wrong(void **state) {
    (void)state;
    expect_input("map: { field: code, from: t, key: cod, take: [nam] }", CODES, TABLE, true,
                 "p.yaml:1:35: key: there is no column cod; did you mean code?\n"
                 "p.yaml:1:47: take: there is no column nam; did you mean name?\n");
    expect_input(
        "map: { field: n, from: t, key: since, take: name }", CODES, TABLE, true,
        "p.yaml:1:27: key: since of the input is date, the field is int32; cast one of the "
        "two\n");
    expect_input("map: { field: code, from: t, take: name }", CODES,
                 "code:string|name:string\nde|a\nde|b\n", true,
                 "the key \"de\" stands in table.csv more than once");
    expect_input("map: { field: code, from: t, take: name, duplicates: first, missing: 'null' }",
                 "code:string\nde\n", "code:string|name:string\nde|a\nde|b\n", true,
                 "code:string|name:string\nde|a\n");
    expect_input("map: { field: code, from: t, take: name, duplicates: last, missing: 'null' }",
                 "code:string\nde\n", "code:string|name:string\nde|a\nde|b\n", true,
                 "code:string|name:string\nde|b\n");
}

/* `check` knows the types without the rows. */
static void without_rows(void **state) {
    (void)state;
    expect_input("map: { field: code, from: t, take: [name, pop], to: [a, n] }", CODES, TABLE,
                 false, "code:string\nn:int64\na:string\n");
    expect_input("map: { field: code, from: t, take: pop, default: x }", CODES, TABLE, false,
                 "p.yaml:1:41: default: the value \"x\" is not a whole number (int64)\n");
}

/* More values than a dictionary holds. */
static void large_table(void **state) {
    (void)state;
    weir_error err = {0};
    weir_buf text = {0};
    rig r;
    assert_true(
        weir_buf_adds(&text, "map:\n  field: n\n  to: [t]\n  missing: \"null\"\n  values:\n"));
    for (int i = 0; i < 5000; i++)
        assert_true(weir_buf_printf(&text, "    %d: the text of number %d\n", i, i));
    weir_batch *b = rig_batch("n:int64\n4999\n17\nnull\n5000\n", RIG_DICTIONARY);
    assert_true(rig_bind(&r, weir_transform_find, weir_buf_cstr(&text), b->schema));
    MUST(r.kind->process(&r.op, r.local, &r.ctx, b, &err));
    rig_render(&r.text, b, 1);
    assert_string_equal(weir_buf_cstr(&r.text),
                        "n:int64|t:string\n4999|the text of number 4999\n17|the text of number 17\n"
                        "null|null\n5000|null\n");
    assert_int_equal(b->columns[1]->encoding, WEIR_PLAIN);
    weir_batch_free(b);
    rig_clear(&r);
    weir_buf_clear(&text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_TEST(values_of_the_file), RIG_TEST(missing_is_a_reject),   RIG_TEST(faults),
        RIG_TEST(through_an_input),   RIG_TEST(inputs_that_are_wrong), RIG_TEST(without_rows),
        RIG_TEST(large_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
