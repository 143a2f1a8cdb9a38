#include "../transform/operator_rig.h"

#include "base/fault.h"
#include "validate/validate.h"
#include "validate/value_set.h"

#define EXPECT(YAML, TABLE, WANT) rig_expect(weir_validate_find, "validate:\n" YAML, TABLE, WANT)

/* One column `v` of a type, values by lines; the failures alone. */
static void expect_failures(const char *type, const char *values, const char *rule,
                            const char *want) {
    char yaml[1000], table[1000], full[3000];
    snprintf(yaml, sizeof yaml, "validate:\n  - { field: v, %s }", rule);
    snprintf(table, sizeof table, "v:%s\n%s", type, values);
    for (int way = 0; way < RIG_WAYS; way++) {
        rig r;
        weir_status status = rig_run(&r, weir_validate_find, yaml, table, (rig_way)way);
        const char *got = weir_buf_cstr(&r.text);
        /* what comes before is the table itself, whatever the values look like */
        if (status == WEIR_OK) {
            uint32_t lines = 1;
            for (const char *p = values; *p; p++) lines += *p == '\n';
            for (uint32_t i = 0; i < lines; i++) got = strchr(got, '\n') + 1;
        }
        snprintf(full, sizeof full, "%s", want);
        if (strcmp(got, full) != 0) {
            print_error("%s: %s, way %d, gave\n%s\ninstead of\n%s\n", type, rule, way, got, want);
            rig_unmet++;
            way = RIG_WAYS;
        }
        rig_clear(&r);
    }
}

static void required(void **state) {
    (void)state;
    expect_failures("string", "a\nnull\n\"\"\nb\n", "required: true",
                    "1 v required: v is missing\n");
    EXPECT("  - { field: t, required: true }", "t:string|n:int64\nx|1\n|2\nnull|3\n",
           "t:string|n:int64\nx|1\n|2\nnull|3\n1 t required: t is empty\n2 t required: t is "
           "missing\n");
    expect_failures("int64", "1\nnull\n0\n", "required: true", "1 v required: v is missing\n");
    expect_failures("bool", "false\nnull\n", "required: true", "1 v required: v is missing\n");
    expect_failures("int64", "1\nnull\n", "required: false, min: 0", "");
    expect_failures("string", "null\n", "required: true", "0 v required: v is missing\n");
}

static void bounds(void **state) {
    (void)state;
    expect_failures("decimal(10,2)", "0.00\n123456.78\n-0.01\nnull\n10000.00\n10000.01\n",
                    "min: 0, max: 10000",
                    "2 v min: v -0.01 is below the minimum 0\n"
                    "1 v max: v 123456.78 is above the maximum 10000\n5 v max: v 10000.01 is above "
                    "the maximum 10000\n");
    expect_failures(
        "int8", "-128\n127\n5\n", "min: -5, max: 5",
        "0 v min: v -128 is below the minimum -5\n1 v max: v 127 is above the maximum 5\n");
    expect_failures("uint64", "18446744073709551615\n0\n", "max: 18446744073709551614",
                    "0 v max: v 18446744073709551615 is above the maximum 18446744073709551614\n");
    expect_failures(
        "float64", "1.5\nNaN\nInfinity\n-1\n", "min: 0, max: 2.5",
        "3 v min: v -1 is below the minimum 0\n1 v max: v NaN is above the maximum 2.5\n"
        "2 v max: v Infinity is above the maximum 2.5\n");
    expect_failures("date", "2024-01-01\n1999-12-31\n", "min: 2000-01-01",
                    "1 v min: v 1999-12-31 is below the minimum 2000-01-01\n");
    expect_failures(
        "timestamptz(Europe/Berlin)", "2024-01-01 00:30:00+01:00\n2024-01-01 00:00:00Z\n",
        "min: 2024-01-01T00:00:00Z",
        "0 v min: v 2024-01-01 00:30:00+01:00 is below the minimum 2024-01-01T00:00:00Z\n");
    expect_failures("string", "b\na\nbcdefghijklmnop\n", "min: b, max: bcdefghijklmno",
                    "1 v min: v \"a\" is below the minimum b\n"
                    "2 v max: v \"bcdefghijklmnop\" is above the maximum bcdefghijklmno\n");
    expect_failures("decimal(30,4)", "5.0001\n", "max: 5",
                    "0 v max: v 5.0001 is above the maximum 5\n");
    expect_failures("interval", "31 days\n", "max: 1 mon",
                    "0 v max: v 31 days is above the maximum 1 mon\n");
}

static void lengths(void **state) {
    (void)state;
    expect_failures("string", "abc\n\xc3\xa4\xc3\xb6\xc3\xbc\nab\nabcd\nnull\n", "length: 3",
                    "2 v length: v \"ab\" has 2 characters instead of 3\n3 v length: v \"abcd\" "
                    "has 4 characters instead of 3\n");
    expect_failures("string",
                    "\xf0\x9f\x8e\x84\xf0\x9f\x8e\x84\n\xf0\x9f\x8e\x84\nabcdefghijklmnopqrst\n",
                    "min_length: 2, max_length: 5",
                    "1 v min_length: v \"\xf0\x9f\x8e\x84\" has 1 character, fewer than 2\n"
                    "2 v max_length: v \"abcdefghijklmnopqrst\" has 20 characters, more than 5\n");
    expect_failures("binary", "\\xff\n\\xffffff\n", "max_length: 2",
                    "1 v max_length: v \"\\xffffff\" has 3 bytes, more than 2\n");
    expect_failures("string", "x\n", "min_length: 0, length: 1", "");
}

static void patterns(void **state) {
    (void)state;
    expect_failures(
        "string", "ben@x.io\nben#x\nnull\na long name@with blanks\n",
        "pattern: '^[^@\\s]+@[^@\\s]+$'",
        "1 v pattern: v \"ben#x\" does not match ^[^@\\s]+@[^@\\s]+$\n"
        "3 v pattern: v \"a long name@with blanks\" does not match ^[^@\\s]+@[^@\\s]+$\n");
    expect_failures("string", "xaby\nxy\n", "pattern: ab",
                    "1 v pattern: v \"xy\" does not match ab\n");
    expect_failures("string", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX\n",
                    "pattern: '^(a+)+$'",
                    "0 v pattern: v \"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaX\" takes too "
                    "many steps to match\n");
    expect_failures("binary", "\\xff00\n\\x00\n", "pattern: '\\xff'",
                    "1 v pattern: v \"\\x00\" does not match \\xff\n");
}

static void sets(void **state) {
    (void)state;
    expect_failures("string",
                    "new\nNEW\nnull\ncancelled by the customer\ncancelled by the custom\n",
                    "in: [new, paid, cancelled by the customer]",
                    "1 v in: v \"NEW\" is not one of new, paid, cancelled by the customer\n"
                    "4 v in: v \"cancelled by the custom\" is not one of new, paid, cancelled by "
                    "the customer\n");
    expect_failures("string", "test\nreal\nnull\n", "not_in: [test, x]",
                    "0 v not_in: v \"test\" is not allowed\n");
    expect_failures("int16", "1\n2\n3\n", "in: [1, 3]", "1 v in: v 2 is not one of 1, 3\n");
    expect_failures("decimal(5,2)", "1.00\n1.10\n", "in: [1, 1.1]", "");
    expect_failures("decimal(25,2)", "1.00\n1.20\n", "in: [1, 1.1]",
                    "1 v in: v 1.20 is not one of 1, 1.1\n");
    expect_failures("float64", "-0\n0.5\nNaN\n", "in: [0, NaN]",
                    "1 v in: v 0.5 is not one of 0, NaN\n");
    expect_failures("date", "2024-01-01\n2024-01-02\n", "not_in: [2024-01-02]",
                    "1 v not_in: v 2024-01-02 is not allowed\n");
    expect_failures("uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11\n",
                    "in: [A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11]", "");
    expect_failures("bool", "true\nfalse\n", "in: [true]", "1 v in: v false is not one of true\n");
    expect_failures("interval", "30 days\n", "in: [1 mon]", "");
}

static void types(void **state) {
    (void)state;
    expect_failures("string", "12\n12,5\nnull\n", "type: \"decimal(10,2)\"",
                    "1 v type: v \"12,5\" is not a number (decimal(10,2))\n");
    expect_failures(
        "int64", "1\n300\n-5\n", "type: uint8",
        "1 v type: v 300 is out of range for uint8\n2 v type: v -5 is out of range for uint8\n");
    expect_failures("int64", "1\n", "type: int64", "");
}

static void checks(void **state) {
    (void)state;
    EXPECT("  - { check: \"b >= a\", name: time order }",
           "a:date|b:date\n2024-01-02|2024-01-01\n2024-01-01|2024-01-01\nnull|2024-01-01\n",
           "a:date|b:date\n2024-01-02|2024-01-01\n2024-01-01|2024-01-01\nnull|2024-01-01\n"
           "0 - time order: b >= a is false (b 2024-01-01, a 2024-01-02)\n");
    EXPECT("  - { check: \"a > 0\", field: a }", "a:int64\n0\n1\n",
           "a:int64\n0\n1\n0 a check: a > 0 is false (a 0)\n");
    EXPECT("  - { check: \"10 / a > 2\" }", "a:int64\n0\n1\n9\n",
           "a:int64\n0\n1\n9\n0 - check: division by zero in 10 / a\n2 - check: 10 / a > 2 is "
           "false (a 9)\n");
    EXPECT("  - { check: \"false\" }", "a:int64\n1\n", "a:int64\n1\n0 - check: false is false\n");
    EXPECT("  - { check: \"null\" }", "a:int64\n1\n", "a:int64\n1\n");
}

static void all_failures_of_a_record(void **state) {
    (void)state;
    EXPECT("  - { field: email, required: true, pattern: '@', max_length: 5 }\n"
           "  - { field: amount, min: 0 }\n"
           "  - { check: \"amount <> 7\", name: no seven, message: seven is not welcome }",
           "email:string|amount:int64\nabcdefg|-1\nnull|7\na@b|3\n",
           "email:string|amount:int64\nabcdefg|-1\nnull|7\na@b|3\n"
           "1 email required: email is missing\n"
           "0 email max_length: email \"abcdefg\" has 7 characters, more than 5\n"
           "0 email pattern: email \"abcdefg\" does not match @\n"
           "0 amount min: amount -1 is below the minimum 0\n"
           "1 - no seven: seven is not welcome\n");
}

static void a_poisoned_value_is_skipped(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    for (int nulls = 0; nulls < 2; nulls++) {
        weir_batch *b =
            rig_batch("a:string|n:int64\nx|1\ny|2\n", nulls ? RIG_DICTIONARY : RIG_PLAIN);
        weir_failures *f = NULL;
        assert_true(rig_bind(&r, weir_validate_find,
                             "validate:\n  - { field: a, required: true, in: [z], min_length: 2, "
                             "pattern: q, min: z }\n"
                             "  - { field: n, required: true, max: 0, in: [5], type: bool }\n"
                             "  - { check: \"n > 5\" }\n  - { check: \"a = 'z'\" }",
                             b->schema));
        MUST(weir_batch_failures(b, &f, &err));
        MUST(weir_failures_add(f, 0, "set", "a", "expression", &err, "earlier"));
        MUST(weir_column_set_null(b->columns[0], 0, true, NULL, &err));
        MUST(weir_column_set_null(b->columns[1], 0, true, NULL, &err));
        MUST(r.kind->process(&r.op, r.local, &r.ctx, b, &err));
        for (size_t i = 1; i < f->n; i++) assert_int_equal(f->items[i].row, 1);
        assert_int_equal(f->n, 1 + 4 + 3 + 2); /* required passes on both */
        weir_batch_free(b);
        rig_clear(&r);
    }
}

static void on_fail_null(void **state) {
    (void)state;
    EXPECT("  - { field: a, max: 5, on_fail: null }\n  - { field: a, required: true }",
           "a:int64!|b:string\n3|x\n9|y\nnull|z\n",
           "a:int64|b:string\n3|x\nnull|y\nnull|z\n1 a required: a is missing\n2 a required: a is "
           "missing\n");
    EXPECT("  - { field: b, in: [x], on_fail: null }", "a:int64|b:string\n3|x\n9|y\n",
           "a:int64|b:string\n3|x\n9|null\n");
    EXPECT("  - { field: b, check: \"a < 5\", on_fail: null }", "a:int64|b:string\n3|x\n9|y\n",
           "a:int64|b:string\n3|x\n9|null\n");
    EXPECT("  - { field: l, max_length: 1, on_fail: null }", "l:string\nabc\n", "l:string\nnull\n");
}

static void on_fail_warn_counts(void **state) {
    (void)state;
    rig r;
    assert_int_equal(
        rig_run(&r, weir_validate_find,
                "validate:\n  - { field: a, max: 5, on_fail: warn }\n  - { field: a, min: 2 }\n"
                "  - { field: a, not_in: [9], on_fail: warn, name: no nine }",
                "a:int64\n1\n9\n8\nnull\n3\n", RIG_SELECTION),
        WEIR_OK);
    assert_string_equal(weir_buf_cstr(&r.text),
                        "a:int64\n1\n9\n8\nnull\n3\n0 a min: a 1 is below the minimum 2\n");
    assert_int_equal(weir_validate_n_checks(&r.op), 3);
    weir_check_count c = weir_validate_count(&r.op, 0);
    assert_string_equal(c.field, "a");
    assert_string_equal(c.rule, "max");
    assert_int_equal(c.on_fail, WEIR_ON_FAIL_WARN);
    assert_int_equal(c.failed, 2);
    assert_int_equal(weir_validate_count(&r.op, 1).failed, 1);
    assert_string_equal(weir_validate_count(&r.op, 2).rule, "no nine");
    assert_int_equal(weir_validate_count(&r.op, 2).failed, 1);
    assert_int_equal(weir_validate_warnings(&r.op), 3);
    assert_int_equal(weir_validate_count(&r.op, 3).failed, 0);
    rig_clear(&r);
}

static void on_fail_fail_ends_the_run(void **state) {
    (void)state;
    weir_error err = {0};
    rig r;
    assert_int_equal(rig_run(&r, weir_validate_find,
                             "validate:\n  - { field: a, max: 5, on_fail: fail }",
                             "a:int64\n1\n9\n8\n", RIG_PLAIN),
                     WEIR_DATA);
    assert_string_equal(r.err.message, "row 2: a 9 is above the maximum 5");
    assert_non_null(strstr(r.err.hint, "on_fail: reject"));
    rig_clear(&r);
    /* with lines */
    weir_batch *b = rig_batch("a:int64\n1\n9\n", RIG_PLAIN);
    uint32_t spans[4] = {0, 2, 1, 3};
    MUST(weir_block_new(NULL, 16, &b->origin.raw, &err));
    memcpy(b->origin.raw->data, "1\n9\n", 4);
    b->origin.raw->size = 4;
    b->origin.row_begin = spans;
    b->origin.row_end = spans + 2;
    b->origin.raw_line = 10;
    b->origin.raw_byte = 700;
    assert_true(rig_bind(&r, weir_validate_find,
                         "validate:\n  - { field: a, max: 5, on_fail: fail }", b->schema));
    assert_int_equal(r.kind->process(&r.op, r.local, &r.ctx, b, &err), WEIR_DATA);
    assert_string_equal(err.message, "a 9 is above the maximum 5");
    assert_int_equal(err.line, 11);
    assert_int_equal(err.byte, 702);
    rig_clear(&r);
    weir_batch_free(b);
}

static void faults_have_a_place(void **state) {
    (void)state;
#define FAULT(RULE, WANT)                                                                          \
    EXPECT("  - " RULE, "email:string|amount:decimal(10,2)|ok:bool|doc:json\na|1|true|1\n", WANT)
    FAULT("{ field: emial, required: true }",
          "p.yaml:2:14: field: there is no column emial; did you mean email?\n");
    FAULT("{ field: amount, max: ten }",
          "p.yaml:2:27: max: \"ten\" is not a number (decimal(10,2))\n");
    FAULT("{ field: amount, in: [1, 2.5, x1] }",
          "p.yaml:2:35: in: \"x1\" is not a number (decimal(10,2))\n");
    FAULT("{ field: amount, pattern: x }",
          "p.yaml:2:31: pattern: is for text; amount is decimal(10,2); cast it in a check: check: "
          "regexp_like(cast(x as string), '...')\n");
    FAULT("{ field: amount, min_length: 1 }",
          "p.yaml:2:34: min_length: is for text, binary and lists; amount is decimal(10,2); use "
          "min and max for values\n");
    FAULT("{ field: ok, min: true }",
          "p.yaml:2:23: min: is not for columns of type bool; use in: [true] or a check\n");
    FAULT("{ field: doc, max: '1' }",
          "p.yaml:2:24: max: is not for columns of type json; use a check\n");
    FAULT("{ field: email }", "p.yaml:2:5: validate: an entry holds no rule; add required, type, "
                              "min, max, length, pattern, in, not_in or check\n");
    FAULT("{ min: 5 }",
          "p.yaml:2:5: validate: an entry names no field; add field: and the column's name\n");
    FAULT("{ check: \"amuont > 5\" }",
          "p.yaml:2:15: check: there is no column amuont; did you mean amount?\n");
    FAULT("{ check: ok, on_fail: null }",
          "p.yaml:2:27: on_fail: null needs a field; name the field that is to become null\n");
    FAULT("{ field: email, required: true, on_fail: null }",
          "p.yaml:2:46: on_fail: null cannot mend what is required; write reject, warn or fail\n");
    FAULT("{ field: email, type: strng }",
          "p.yaml:2:27: type: 'strng' is not a type; did you mean string?\n");
    FAULT("{ field: ok, type: date }",
          "p.yaml:2:24: type: ok is bool, which cannot be cast to date\n");
    FAULT("{ field: email, in: [] }",
          "p.yaml:2:25: in: allows no value at all; name a value, or remove it\n");
    FAULT("{ field: email, not_in: [] }",
          "p.yaml:2:29: not_in: forbids nothing; name a value, or remove it\n");
    FAULT("{ field: email, min: b, max: a }",
          "p.yaml:2:34: max: a is below the minimum b; exchange min and max\n");
    FAULT("{ field: email, min_length: 3, max_length: 2, length: 5 }",
          "p.yaml:2:48: max_length: 2 is below min_length 3; exchange min_length and max_length\n"
          "p.yaml:2:59: length: 5 is outside min_length and max_length; keep one of them\n");
    FAULT("{ field: email, requird: true }\n  - { field: x, min: 1 }",
          "p.yaml:2:21: requird: is not a known key; did you mean \"required\"?\n");
    rig r;
    assert_int_equal(rig_run(&r, weir_validate_find, "validate:\n  - { field: e, pattern: 'a(b' }",
                             "e:string\nx\n", RIG_PLAIN),
                     WEIR_USAGE);
    assert_memory_equal(weir_buf_cstr(&r.text),
                        "p.yaml:2:30: pattern: ", 22); /* behind the quote, byte 4 */
    rig_clear(&r);
}

static void memory_may_be_short(void **state) {
    (void)state;
    static const char yaml[] = "validate:\n"
                               "  - { field: a, required: true, pattern: '^x', in: [x, y], not_in: "
                               "[q], min_length: 2, max: y, type: int64 }\n"
                               "  - { field: n, min: 5, in: [1, 2], type: uint8, on_fail: null }\n"
                               "  - { check: \"10 / n > 5\" }\n  - { field: d, in: [1.5] }";
    static const char table[] =
        "a:string|n:int64|d:decimal(30,2)\nx|1|1.5\nnull|0|2\nsomething much longer|7|null\n";
    for (int way = 0; way < RIG_WAYS; way++)
        for (long n = 1;; n++) {
            weir_error err = {0};
            rig r;
            weir_batch *b = rig_batch(table, (rig_way)way);
            assert_true(rig_bind(&r, weir_validate_find, yaml, b->schema));
            weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
            weir_status status = r.kind->process(&r.op, r.local, &r.ctx, b, &err);
            bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            if (status != WEIR_OK) assert_int_equal(status, WEIR_RESOURCE);
            weir_batch_free(b);
            rig_clear(&r);
            if (!reached) break;
            assert_true(n < 10000);
        }
    /* and at bind */
    weir_batch *b = rig_batch(table, RIG_PLAIN);
    for (long n = 1;; n++) {
        rig r = {.ctx = {0}};
        weir_error err = {0};
        weir_node *node = NULL;
        weir_arena plan = {0};
        weir_diags_init(&r.diags, "p.yaml");
        assert_int_equal(weir_yaml_parse(weir_slice_of(yaml), NULL, &r.arena, &r.diags, &node),
                         WEIR_OK);
        r.kind = weir_validate_find("validate");
        r.config = weir_arena_zero(&r.arena, 1, r.kind->config_size);
        assert_int_equal(weir_option_bind(r.kind->options, node, r.config, &r.arena, &r.diags),
                         WEIR_OK);
        r.op.in = weir_schema_retain(b->schema);
        weir_bind bind = {.arena = &plan, .diags = &r.diags, .node = node->items[0], .stage = "x"};
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        weir_status status = r.kind->bind(r.config, &bind, &r.op, &err);
        if (status == WEIR_OK) {
            r.op.kind = r.kind;
            status = r.kind->local_new(&r.op, &r.ctx, &r.local, &err);
            if (status != WEIR_OK) r.local = NULL;
        }
        bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        if (status != WEIR_OK) assert_int_equal(status, WEIR_RESOURCE);
        rig_clear(&r);
        weir_arena_clear(&plan);
        if (!reached) break;
        assert_true(n < 10000);
    }
    weir_batch_free(b);
}

/* A set of many values against a search through all. */
static void value_set(void **state) {
    (void)state;
    weir_error err = {0};
    static const char *const kinds[] = {"string", "int32", "decimal(30,2)", "float64"};
    for (size_t t = 0; t < 4; t++) {
        weir_builder *b = NULL;
        const weir_type *type = NULL;
        weir_column *text = NULL, *members = NULL, *asked = NULL;
        weir_value_set *set = NULL;
        MUST(weir_type_parse(kinds[t], &type, &err));
        for (int pass = 0; pass < 2; pass++) {
            MUST(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &b, &err));
            for (int i = 0; i < 2000; i++) {
                char v[64];
                int n =
                    snprintf(v, sizeof v, t == 0 && i % 2 ? "a value of many letters %d" : "%06d",
                             pass ? i : i * 3);
                if (pass && i % 10 == 0)
                    MUST(weir_builder_null(b, false, &err));
                else
                    MUST(weir_builder_bytes(b, v, (size_t)n, &err));
            }
            MUST(weir_builder_finish(b, &text, &err));
            weir_builder_free(b);
            MUST(weir_cast(text, type, (weir_rows){NULL, 2000, 2000}, NULL, NULL, NULL,
                           pass ? &asked : &members, &err));
            weir_column_release(text);
        }
        uint64_t found[32];
        memset(found, 0x5A, sizeof found);
        MUST(weir_value_set_new(weir_column_retain(members), &set, &err));
        MUST(weir_value_set_find(set, asked, (weir_rows){NULL, 2000, 2000}, found, &err));
        int hits = 0;
        for (uint32_t i = 0; i < 2000; i++) {
            if (weir_column_is_null(asked, i)) continue;
            bool want = false;
            for (uint32_t k = 0; !want && k < 2000; k++)
                want = weir_compare_values(asked, i, members, k) == 0;
            assert_int_equal(weir_bit_get(found, i), want);
            hits += want;
        }
        assert_true(hits > 200);
        weir_value_set_free(set);
        weir_column_release(members);
        weir_column_release(asked);
    }
}

/* Sets of one value to forty, short texts and words, against a search through all. */
static void small_sets(void **state) {
    (void)state;
    weir_error err = {0};
    static const char *const kinds[] = {"string", "int8", "uint64", "date", "decimal(12,2)"};
    uint64_t x = 88172645463325252ull;
    for (int round = 0; round < 400; round++) {
        weir_builder *b = NULL;
        const weir_type *type = NULL;
        weir_column *text = NULL, *columns[2] = {NULL, NULL};
        weir_value_set *set = NULL;
        uint32_t sizes[2] = {1 + (uint32_t)round % 40, 150};
        MUST(weir_type_parse(kinds[round % 5], &type, &err));
        for (int pass = 0; pass < 2; pass++) {
            MUST(weir_builder_new(weir_type_of(WEIR_STRING), NULL, &b, &err));
            for (uint32_t i = 0; i < sizes[pass]; i++) {
                char v[64];
                x ^= x << 13, x ^= x >> 7, x ^= x << 17;
                int n = snprintf(v, sizeof v, type->id == WEIR_DATE ? "20%02d-01-01" : "%d",
                                 (int)(x >> 33) % 90 + (type->id == WEIR_DATE ? 10 : 0));
                if (type->id == WEIR_STRING && round % 3)
                    n = snprintf(v, sizeof v, "same%d", (int)(x >> 33) % 999);
                if (pass && i % 9 == 0)
                    MUST(weir_builder_null(b, false, &err));
                else
                    MUST(weir_builder_bytes(b, v, (size_t)n, &err));
            }
            MUST(weir_builder_finish(b, &text, &err));
            weir_builder_free(b);
            MUST(weir_cast(text, type, (weir_rows){NULL, sizes[pass], sizes[pass]}, NULL, NULL,
                           NULL, &columns[pass], &err));
            weir_column_release(text);
        }
        uint16_t sel[150];
        weir_rows rows = {NULL, 150, 150};
        for (uint32_t i = 0; i < 150; i++) sel[i] = (uint16_t)i;
        if (round % 2) rows.sel = sel;
        uint64_t found[3] = {0x5A5A5A5A5A5A5A5A, 0, ~0ull};
        uint64_t before[3];
        memcpy(before, found, sizeof found);
        MUST(weir_value_set_new(columns[0], &set, &err));
        MUST(weir_value_set_find(set, columns[1], rows, found, &err));
        for (uint32_t i = 0; i < 150; i++) {
            bool want = false;
            if (weir_column_is_null(columns[1], i)) { /* left alone */
                assert_int_equal(weir_bit_get(found, i), weir_bit_get(before, i));
                continue;
            }
            for (uint32_t k = 0; !want && k < sizes[0]; k++)
                want = weir_column_equal(columns[1], i, columns[0], k);
            assert_int_equal(weir_bit_get(found, i), want);
        }
        weir_value_set_free(set);
        weir_column_release(columns[1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_TEST(required),
        RIG_TEST(bounds),
        RIG_TEST(lengths),
        RIG_TEST(patterns),
        RIG_TEST(sets),
        RIG_TEST(types),
        RIG_TEST(checks),
        RIG_TEST(all_failures_of_a_record),
        RIG_TEST(on_fail_null),
        RIG_TEST(a_poisoned_value_is_skipped),
        RIG_TEST(on_fail_warn_counts),
        RIG_TEST(on_fail_fail_ends_the_run),
        RIG_TEST(faults_have_a_place),
        RIG_TEST(memory_may_be_short),
        RIG_TEST(value_set),
        RIG_TEST(small_sets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
