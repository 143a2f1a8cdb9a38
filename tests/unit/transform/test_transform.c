#include "operator_rig.h"

#include "base/fault.h"
#include "transform/transform.h"

#define EXPECT(YAML, TABLE, WANT) rig_expect(weir_transform_find, YAML, TABLE, WANT)

#define ORDERS "id:int64!|email:string!|amount:decimal(10,2)|status:string\n"
#define ORDER_ROWS "1|  A@X.io |10.50|new\n2|b@y.io|null|paid\n3|c@z.io|-3.00|test\n"

static void set_replaces_and_adds(void **state) {
    (void)state;
    EXPECT("set: { email: lower(trim(email)), cents: \"cast(amount * 100 as int64)\" }",
           ORDERS ORDER_ROWS,
           "id:int64!|email:string|amount:decimal(10,2)|status:string|cents:int64\n"
           "1|a@x.io|10.50|new|1050\n2|b@y.io|null|paid|null\n3|c@z.io|-3.00|test|-300\n");
    /* each entry sees the ones above it, in order of the file */
    EXPECT("set:\n  a: id + 1\n  b: a * 10\n  a: a", "id:int64\n1\n",
           "p.yaml:4:3: a: stands twice, first in line 2 column 3; keep one of the two\n");
    EXPECT("set:\n  a: id + 1\n  b: a * 10\n  id: b", "id:int64\n1\n2\n",
           "id:int64|a:int64|b:int64\n20|2|20\n30|3|30\n");
    /* a bare column keeps its `!`, a bare null the type of the column that it replaces */
    EXPECT(
        "set: { copy: id, email: 'null' }", ORDERS "1|x|1|y\n",
        "id:int64!|email:string|amount:decimal(10,2)|status:string|copy:int64!\n1|null|1.00|y|1\n");
    EXPECT("set: { one: 1 }", "id:int64\n5\n6\n", "id:int64|one:int64\n5|1\n6|1\n");
}

static void set_collects_failures(void **state) {
    (void)state;
    EXPECT("set: { share: 10 / id, twice: share * 2 }", "id:int64\n5\n0\nnull\n",
           "id:int64|share:int64|twice:int64\n5|2|4\n0|ERR|ERR\nnull|null|null\n"
           "1 share expression: division by zero in 10 / id\n");
    EXPECT("set: { n: cast(t as int64), m: cast(t as date) }", "t:string\n7\nx\n2024-01-01\n",
           "t:string|n:int64|m:date\n7|7|ERR\nx|ERR|ERR\n2024-01-01|ERR|2024-01-01\n"
           "1 n expression: n \"x\" is not a whole number (int64)\n"
           "2 n expression: n \"2024-01-01\" is not a whole number (int64)\n"
           "0 m expression: m \"7\" is not a date (2024-12-31)\n"
           "1 m expression: m \"x\" is not a date (2024-12-31)\n");
}

static void filter_keeps_true(void **state) {
    (void)state;
    EXPECT("filter: status <> 'test'", ORDERS "1|a|1|new\n2|b|1|test\n3|c|1|null\n",
           "id:int64!|email:string!|amount:decimal(10,2)|status:string\n1|a|1.00|new\n");
    EXPECT("filter: id > 1 and amount is not null", "id:int64|amount:float64\n1|1\n2|null\n3|2.5\n",
           "id:int64|amount:float64\n3|2.5\n");
    EXPECT("filter: 'true'", "id:int64\n1\n2\n", "id:int64\n1\n2\n");
    EXPECT("filter: 1 > 2", "id:int64\n1\n2\n", "id:int64\n");
}

static void filter_never_drops_a_failed_record(void **state) {
    (void)state;
    EXPECT("filter: 10 / id > 4", "id:int64\n1\n0\n5\n",
           "id:int64\n1\n0\n1 - expression: division by zero in 10 / id\n");
    /* one that failed before stays, too, though the predicate is false */
    weir_error err = {0};
    rig r;
    weir_batch *b = rig_batch("id:int64\n1\n2\n3\n", RIG_PLAIN);
    weir_failures *f = NULL;
    assert_true(rig_bind(&r, weir_transform_find, "filter: id = 1", b->schema));
    MUST(weir_batch_failures(b, &f, &err));
    MUST(weir_failures_add(f, 2, "set", "x", "expression", &err, "earlier"));
    MUST(r.kind->process(&r.op, r.local, &r.ctx, b, &err));
    rig_render(&r.text, b, 1);
    assert_string_equal(weir_buf_cstr(&r.text), "id:int64\n1\n3\n2 x expression: earlier\n");
    weir_batch_free(b);
    rig_clear(&r);
}

static void select_drop_rename(void **state) {
    (void)state;
    EXPECT("select: [status, id]", ORDERS ORDER_ROWS,
           "status:string|id:int64!\nnew|1\npaid|2\ntest|3\n");
    EXPECT("select: id", ORDERS ORDER_ROWS, "id:int64!\n1\n2\n3\n");
    EXPECT("drop: [email, status]", ORDERS ORDER_ROWS,
           "id:int64!|amount:decimal(10,2)\n1|10.50\n2|null\n3|-3.00\n");
    EXPECT("rename: { email: mail }", ORDERS "1|a|1|b\n",
           "id:int64!|mail:string!|amount:decimal(10,2)|status:string\n1|a|1.00|b\n");
    EXPECT("rename: { a: b, b: a }", "a:int64|b:string\n1|x\n", "b:int64|a:string\n1|x\n");
}

static void cast_columns(void **state) {
    (void)state;
    EXPECT("cast: { a: \"decimal(10,2)\", d: { type: date, format: \"%d.%m.%Y\" } }",
           "a:string|d:string\n1.5|24.12.2023\nx|31.02.2023\nnull|1.1.2024\n5|2024-01-01\n",
           "a:decimal(10,2)|d:date\n1.50|2023-12-24\nERR|ERR\nnull|2024-01-01\n5.00|ERR\n"
           "1 a type: a \"x\" is not a number (decimal(10,2))\n"
           "1 d type: d \"31.02.2023\" is no date or time that exists\n"
           "3 d type: d \"2024-01-01\" does not follow the format\n");
    EXPECT("cast: { a: int64! }", "a:string\n1\nnull\nx\n",
           "a:int64!\n1\nnull\nERR\n2 a type: a \"x\" is not a whole number (int64)\n"
           "1 a required: a is null, but declared never null\n");
    EXPECT("cast: { t: { type: timestamptz, timezone: Europe/Berlin } }",
           "t:string\n2024-07-01 10:00:00\n",
           "t:timestamptz(Europe/Berlin)\n2024-07-01 10:00:00+02:00\n");
    EXPECT("cast: { t: { type: timestamptz, timezone: Europe/Berlin, ambiguous: later } }",
           "t:timestamp\n2024-10-27 02:30:00\n",
           "t:timestamptz(Europe/Berlin)\n2024-10-27 02:30:00+01:00\n");
    EXPECT("cast: { t: { type: timestamptz, timezone: Europe/Berlin } }",
           "t:timestamp\n2024-10-27 02:30:00\n",
           "t:timestamptz(Europe/Berlin)\nERR\n0 t type: t 2024-10-27 02:30:00 happens twice in "
           "Europe/Berlin\n");
    EXPECT("cast: { d: { type: string, format: \"%d/%m/%y\" } }", "d:date\n2024-02-03\nnull\n",
           "d:string\n03/02/24\nnull\n");
    EXPECT("cast: { n: { type: int64, null: [\"-\", \"n/a\"] } }", "n:string\n5\n-\nn/a\n\"\"\n",
           "n:int64\n5\nnull\nnull\nERR\n3 n type: n \"\"\"\" is not a whole number (int64)\n");
}

static void faults_have_a_place(void **state) {
    (void)state;
#define FAULT(YAML, WANT) EXPECT(YAML, ORDERS "1|a|1|b\n", WANT)
    FAULT("set:\n  total: amuont * 2",
          "p.yaml:2:10: total: there is no column amuont; did you mean amount?\n");
    FAULT("set:\n  a: id +\n  b: emial\n  c: a + 1\n  id: b || 'x'",
          "p.yaml:2:10: a: expected a value, but the expression ends here\n"
          "p.yaml:3:6: b: there is no column emial; did you mean email?\n");
    FAULT("set: { x: 'null' }",
          "p.yaml:1:11: x: a null has no type; write the type, as in cast(null as string)\n");
    FAULT("filter: amuont > 5",
          "p.yaml:1:9: filter: there is no column amuont; did you mean amount?\n");
    FAULT("filter: amount + 1", "p.yaml:1:9: filter: amount + 1 is decimal(11,2), but bool is "
                                "wanted; write cast(amount + 1 as bool)\n");
    FAULT("select: [id, emial, id]", "p.yaml:1:14: select: there is no column emial; did you mean "
                                     "email?\np.yaml:1:21: select: names 'id' twice\n");
    FAULT("select: []", "p.yaml:1:9: select: names no column\n");
    FAULT("drop: [id, email, amount, status]", "p.yaml:1:7: drop: leaves no column\n");
    FAULT("drop: [xyz]",
          "p.yaml:1:8: drop: there is no column xyz; there are id, email, amount, status\n");
    FAULT("rename: { emial: mail, id: status }",
          "p.yaml:1:11: rename: there is no column emial; did you mean email?\n"
          "p.yaml:1:24: rename: 'id' becomes 'status', which is there already; drop the other "
          "column first, or choose another name\n");
    FAULT("cast: { id: strin, amount: date, emial: int64 }",
          "p.yaml:1:13: id: 'strin' is not a type; did you mean string?\n"
          "p.yaml:1:28: amount: decimal(10,2) cannot be cast to date; compute it with set, or cast "
          "it to string\n"
          "p.yaml:1:34: cast: there is no column emial; did you mean email?\n");
    FAULT("cast: { id: { type: string, format: \"%Y\" } }",
          "p.yaml:1:21: id: format is for dates and times from or to text, not for int64 to "
          "string; leave it out\n");
    FAULT("cast: { email: { type: timestmp } }",
          "p.yaml:1:24: email: 'timestmp' is not a type; did you mean timestamp?\n");
    FAULT("cast: { id: { type: string, from: x } }",
          "p.yaml:1:21: id: from: belongs to the columns of a source; use rename or set\n");
}

static void reads(void **state) {
    (void)state;
    struct {
        const char *yaml;
        uint64_t want;
    } cases[] = {
        {"set: { id: amount, x: id }", 4},
        {"set: { x: lower(email) || status }", 2 + 8},
        {"filter: id > 1 or amount < 5", 1 + 4},
        {"select: [email]", 2},
        {"drop: [email]", 2},
        {"rename: { id: x }", 1},
        {"cast: { amount: string }", 4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        rig r;
        weir_batch *b = rig_batch(ORDERS ORDER_ROWS, RIG_PLAIN);
        assert_true(rig_bind(&r, weir_transform_find, cases[i].yaml, b->schema));
        assert_int_equal(r.op.reads[0], cases[i].want);
        weir_batch_free(b);
        rig_clear(&r);
    }
}

static void memory_may_be_short(void **state) {
    (void)state;
    static const char *const yamls[] = {
        "set: { email: lower(trim(email)), cents: \"cast(amount * 100 as int64)\" }",
        "filter: 10 / id > 3",
        "select: [id, email]",
        "drop: [id]",
        "rename: { id: x }",
        "cast: { status: int64, id: string! }"};
    for (size_t i = 0; i < sizeof yamls / sizeof *yamls; i++)
        for (long n = 1;; n++) {
            weir_error err = {0};
            rig r;
            weir_batch *b = rig_batch(ORDERS ORDER_ROWS, i % 2 ? RIG_DICTIONARY : RIG_PLAIN);
            assert_true(rig_bind(&r, weir_transform_find, yamls[i], b->schema));
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
}

/* Binding, too, with every allocation of it. */
static void memory_may_be_short_at_bind(void **state) {
    (void)state;
    static const char *const yamls[] = {"set: { email: lower(email), y: 10 / id }",
                                        "filter: email like 'a%'",
                                        "select: [id]",
                                        "drop: [id]",
                                        "rename: { id: x }",
                                        "cast: { status: { type: date, format: \"%F\" } }",
                                        ("map: { field: status, to: s, values: { new: 1, a: 22 }, "
                                         "type: int64, default: 5 }")};
    weir_batch *b = rig_batch(ORDERS ORDER_ROWS, RIG_PLAIN);
    for (size_t i = 0; i < sizeof yamls / sizeof *yamls; i++)
        for (long n = 1;; n++) {
            rig r;
            weir_error err = {0};
            weir_node *node = NULL;
            r = (rig){.ctx = {0}};
            weir_diags_init(&r.diags, "p.yaml");
            assert_int_equal(
                weir_yaml_parse(weir_slice_of(yamls[i]), NULL, &r.arena, &r.diags, &node), WEIR_OK);
            r.kind = weir_transform_find(node->keys[0]->text);
            r.config = weir_arena_zero(&r.arena, 1, r.kind->config_size);
            assert_int_equal(weir_option_bind(r.kind->options, node, r.config, &r.arena, &r.diags),
                             WEIR_OK);
            r.op.in = weir_schema_retain(b->schema);
            weir_arena plan = {0};
            weir_bind bind = {
                .arena = &plan, .diags = &r.diags, .node = node->items[0], .stage = "x"};
            weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
            weir_status status = r.kind->bind(r.config, &bind, &r.op, &err);
            if (status == WEIR_OK) {
                r.op.kind = r.kind;
                if (r.kind->local_new) status = r.kind->local_new(&r.op, &r.ctx, &r.local, &err);
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

/* What `weir help` shows is YAML that the option table takes. */
static void example_is_right(const weir_operator_kind *k) {
    weir_arena arena = {0};
    weir_diags diags;
    weir_node *node = NULL;
    weir_diags_init(&diags, "example");
    assert_non_null(k->example);
    assert_int_equal(weir_yaml_parse(weir_slice_of(k->example), NULL, &arena, &diags, &node),
                     WEIR_OK);
    assert_int_equal(node->kind, WEIR_NODE_LIST);
    for (size_t i = 0; i < node->n; i++) {
        void *config = weir_arena_zero(&arena, 1, k->config_size);
        if (weir_option_bind(k->options, node->items[i], config, &arena, &diags) != WEIR_OK)
            fail_msg("%s: %s", k->example, diags.items[0].message);
    }
    weir_diags_clear(&diags);
    weir_arena_clear(&arena);
}

static void registry(void **state) {
    (void)state;
    size_t n = 0;
    for (; weir_transform_kinds[n]; n++) {
        const weir_operator_kind *k = weir_transform_kinds[n];
        assert_ptr_equal(weir_transform_find(k->name), k);
        assert_string_equal(k->options[0].name, k->name);
        assert_null(k->options[1].name);
        assert_non_null(k->summary);
        assert_non_null(k->options[0].help);
        example_is_right(k);
    }
    assert_true(n >= 7);
    assert_null(weir_transform_find("sett"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        RIG_TEST(set_replaces_and_adds),
        RIG_TEST(set_collects_failures),
        RIG_TEST(filter_keeps_true),
        RIG_TEST(filter_never_drops_a_failed_record),
        RIG_TEST(select_drop_rename),
        RIG_TEST(cast_columns),
        RIG_TEST(faults_have_a_place),
        RIG_TEST(reads),
        RIG_TEST(memory_may_be_short),
        RIG_TEST(memory_may_be_short_at_bind),
        RIG_TEST(registry),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
