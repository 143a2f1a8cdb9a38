/* record_path: where the records of a document stand, followed while reading or asked as a whole.
 */
#include "json_test.h"

/* Reads text with a path by chunks of several sizes: always the same rows, which are compared. */
static void check_by(setup o, const char *path, const char *spec, const char *text,
                     const char *want) {
    static const size_t sizes[] = {1 << 20, 1000, 100, 64};
    weir_schema *schema = schema_of(spec);
    o.config.record_path = path;
    for (size_t i = 0; i < 4; i++) {
        weir_buf b = {0};
        o.chunk_bytes = sizes[i];
        read_text(&o, schema, text, strlen(text), &b);
        const char *have = weir_buf_cstr(&b);
        if (strcmp(have, want) != 0)
            fail_msg("%s of %s by %zu\nhave:\n%swant:\n%s", path, text, sizes[i], have, want);
        weir_buf_clear(&b);
    }
    weir_schema_release(schema);
}

static void check(const char *path, const char *spec, const char *text, const char *want) {
    check_by((setup){0}, path, spec, text, want);
}

static const char doc[] = "{\"meta\":{\"n\":2,\"data\":[7]},\n"
                          " \"data\":[{\"a\":1,\"b\":[10,11]},\n"
                          "  {\"a\":2,\"b\":[]},{\"a\":3,\"b\":[12]}],\n"
                          " \"x\":null}\n";

static void records_inside_a_document(void **state) {
    (void)state;
    const char *three = "2@37 a=1\n3@60 a=2\n3@75 a=3\n";
    check("$.data", "a int64", doc, three); /* an array at the end is taken apart */
    check("$.data[*]", "a int64", doc, three);
    check("$['data'][0:]", "a int64", doc, three);
    check("$.data[1]", "a int64", doc, "3@60 a=2\n");
    check("$.data[0::2]", "a int64", doc, "2@37 a=1\n3@75 a=3\n");
    check("$.data[:2]", "a int64", doc, "2@37 a=1\n3@60 a=2\n");
    check("$.data[*].b[*]", "value int64", doc, "2@49 value=10\n2@52 value=11\n3@87 value=12\n");
    check("$.data[*].b", "value json", doc, "2@48 value=[10,11]\n3@71 value=[]\n3@86 value=[12]\n");
    check("$.meta", "n int64", doc, "1@8 n=2\n");
    check("$", "x json, meta json", doc, "1@0 x=~ meta={\"n\":2,\"data\":[7]}\n");
    check("$.*.n", "value int64", doc, "1@13 value=2\n");
    check("$.*[*]", "a int64, value json", "{\"p\":[{\"a\":1}],\"q\":{\"r\":{\"a\":2}}}",
          "1@6 a=1 value=~\n1@24 a=2 value=~\n");
    check("$.a", "value int64", "{\"a\":5}{\"a\":6}\n{\"b\":7} {\"a\":[8,9]}",
          "1@5 value=5\n1@12 value=6\n2@29 value=8\n2@31 value=9\n");
    check("$.a.b", "c int64", "{\"\\u0061\":{\"b\":{\"c\":1}}}", "1@15 c=1\n");
    check("$.data[*]", "a int64", "{\"data\":[]}", "");
    check("$.data", "a int64", "", "");
}

static void paths_that_need_the_whole(void **state) {
    (void)state;
    check("$..b[*]", "value int64", doc, "2@49 value=10\n2@52 value=11\n3@87 value=12\n");
    check("$.data[?@.a > 1]", "a int64", doc, "3@60 a=2\n3@75 a=3\n");
    check("$.data[-1]", "a int64", doc, "3@75 a=3\n");
    check("$.data[2,0]", "a int64", doc, "3@75 a=3\n2@37 a=1\n");
    check("$.data[::-1]", "a int64", doc, "3@75 a=3\n3@60 a=2\n2@37 a=1\n");
    check("$[-1]", "a int64", "[[0],[{\"a\":4},{\"a\":5}]]", "1@6 a=4\n1@14 a=5\n");
    check("$..a", "value int64", "{\"a\":5}\n{\"c\":{\"a\":6}}", "1@5 value=5\n2@18 value=6\n");
    setup o = {.config.max_document = 50};
    check_by(
        o, "$..a", "value int64", doc,
        "ERROR resource 0 record_path $..a needs the whole document at once, and that has more "
        "than the 50 bytes of max_document\n");
}

static void faults_cost_what_they_must(void **state) {
    (void)state;
    /* a record costs itself */
    check("$.d", "a int64", "{\"d\":[{\"a\":1},{\"a\":x},{\"a\":[1,]},{\"a\":4}]}",
          "1@6 a=1\n1@14 a=! {/json: malformed JSON at byte 6 of the record: this is no JSON "
          "value}\n1@22 a=! {/json: malformed JSON at byte 9 of the record: this is no JSON "
          "value}\n1@33 a=4\n");
    /* what stands around them costs the rest of the file, and is named */
    check("$.d", "a int64", "{\"d\":[{\"a\":1}\n {\"a\":2}]}",
          "1@6 a=1\nERROR data 2 malformed JSON: ',' or ']' expected\n");
    check("$.d", "a int64", "{\"m\":{\"x\":tru},\"d\":[{\"a\":1}]}",
          "ERROR data 1 malformed JSON: this is no JSON value\n");
    check("$.d", "a int64", "{\"m\" 1,\"d\":[]}", "ERROR data 1 malformed JSON: ':' expected\n");
    check("$.d", "a int64", "{\"d\":[{\"a\":1}",
          "1@6 a=1\nERROR data 1 malformed JSON: the document "
          "is cut off\n");
    check("$.d", "a int64", "{\"d\":[],}",
          "ERROR data 1 malformed JSON: a name in quotes "
          "expected\n");
    check("$.d", "a int64", "{\"m\":\"\xff\",\"d\":[]}",
          "ERROR data 1 malformed JSON: the text is not UTF-8\n");
    check("$.dd", "a int64", "{\"m\":1,\"d\":[]}",
          "ERROR data 0 record_path $.dd leads to nothing here\n");
    check("$..dd", "a int64", "{\"m\":1,\"d\":[]}",
          "ERROR data 0 record_path $..dd leads to nothing here\n");
    check("$..d[*]", "a int64", "{\"m\":1}\n{\"d\":[,]}",
          "ERROR data 2 malformed JSON: this is no JSON value\n");
}

static void names_that_stand_twice(void **state) {
    (void)state;
    static const char twice[] = "{\"d\":[{\"a\":1}],\"d\":[{\"a\":2}]}";
    setup o = {0};
    check_by(o, "$.d", "a int64", twice,
             "1@6 a=1\nERROR data 1 malformed JSON: the name \"d\" of record_path stands twice\n");
    o.config.repeated = WEIR_JSON_REPEATED_FIRST;
    check_by(o, "$.d", "a int64", twice, "1@6 a=1\n");
    check_by(o, "$['d'][?@.a]", "a int64", twice, "1@6 a=1\n");
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    check_by(o, "$['d'][?@.a]", "a int64", twice, "1@20 a=2\n");
    check_by(
        o, "$.d", "a int64", twice,
        "1@6 a=1\nERROR data 1 malformed JSON: the name \"d\" of record_path stands twice; the "
        "last cannot be known while reading\n");
}

/* What is passed over may be longer than a record, a record may not. */
static void long_values(void **state) {
    (void)state;
    weir_buf text = {0}, got = {0};
    assert_true(weir_buf_adds(&text, "{\"skip\":[\""));
    for (int i = 0; i < 5000; i++) assert_true(weir_buf_adds(&text, "]}x"));
    assert_true(weir_buf_adds(&text, "\"],\"d\":[{\"a\":1},{\"a\":2,\"t\":\""));
    for (int i = 0; i < 5000; i++) assert_true(weir_buf_adds(&text, "yyy"));
    assert_true(weir_buf_adds(&text, "\"},{\"a\":3}]}"));
    weir_schema *schema = schema_of("a int64");
    setup o = {.config.record_path = "$.d", .max_record_bytes = 10000, .no_place = true};
    static const size_t sizes[] = {64, 1000, 9000};
    for (int i = 0; i < 3; i++) {
        o.chunk_bytes = sizes[i];
        got.size = 0;
        assert_int_equal(read_text(&o, schema, text.data, text.size, &got), WEIR_OK);
        weir_buf_cstr(&got);
        assert_non_null(strstr(got.data, " a=1\n a=! {/length: has more than 10000 bytes"));
        assert_non_null(strstr(got.data, "\n a=3\n"));
    }
    weir_schema_release(schema);
    weir_buf_clear(&text);
    weir_buf_clear(&got);
}

/* Every byte of a document damaged: no crash, and the same outcome by every size of chunk. */
static void damage_does_not_depend_on_chunks(void **state) {
    (void)state;
    static const char *const paths[] = {"$.data", "$.data[*].b[*]", "$.*[1::2]"};
    static const char damage[] = "\"{[]},:x\n\\";
    weir_schema *schema = schema_of("a int64, value json");
    char text[sizeof doc];
    for (size_t p = 0; p < 3; p++) {
        for (size_t i = 0; i < (sizeof doc - 1) * (sizeof damage - 1); i++) {
            weir_buf b[4] = {{0}, {0}, {0}, {0}};
            memcpy(text, doc, sizeof doc);
            text[i / (sizeof damage - 1)] = damage[i % (sizeof damage - 1)];
            for (int k = 0; k < 4; k++) {
                setup o = {.config.record_path = paths[p],
                           .config.lines = k >= 2,
                           .chunk_bytes = k & 1 ? 64 : 1 << 16};
                read_text(&o, schema, text, strlen(text), &b[k]);
            }
            for (int k = 0; k < 4; k += 2)
                if (strcmp(weir_buf_cstr(&b[k]), weir_buf_cstr(&b[k + 1])) != 0)
                    fail_msg("%s\n%s\n%s", text, b[k].data, b[k + 1].data);
            for (int k = 0; k < 4; k++) weir_buf_clear(&b[k]);
        }
    }
    weir_schema_release(schema);
}

static void lack_of_memory_is_reported(void **state) {
    (void)state;
    weir_schema *schema = schema_of("a int64");
    static const char *const paths[] = {"$.data", "$..data[?@.a]"};
    for (int p = 0; p < 2; p++) {
        for (long k = 1;; k++) {
            weir_buf got = {0};
            setup o = {.config.record_path = paths[p], .chunk_bytes = 64};
            assert_true(weir_buf_reserve(&got, 4096));
            weir_fault_arm(WEIR_FAULT_MALLOC, k, 12);
            weir_status s = read_text(&o, schema, doc, strlen(doc), &got);
            weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
            weir_buf_clear(&got);
            if (s == WEIR_OK) break;
            assert_int_equal(s, WEIR_RESOURCE);
            assert_true(k < 2000);
        }
    }
    weir_schema_release(schema);
}

/* Where each line is a document, a malformed line costs itself. */
static void lines_spoil_no_other(void **state) {
    (void)state;
    setup o = {.config.lines = true};
    const char *why =
        "{/json: malformed JSON at byte 1 of the record: it is the rest of a line that is "
        "malformed around its records}\n";
    char want[2000];
    snprintf(want, sizeof want,
             "1@6 a=1\n2@21 a=2\n2@33 a=! %s3@42 a=3\n3@49 a=! %s4@56 a=! %s5@68 a=! %s7@88 a=7\n",
             why, why, why, why);
    check_by(o, "$.d", "a int64",
             "{\"d\":[{\"a\":1}]}\n{\"d\":{\"a\":2},\"e\" 1}\n{\"d\":[{\"a\":3}\n{\"d\":[{\"a\":4\n"
             "{\"x\":tru,\"d\":[1]}\n\n{\"d\":[{\"a\":7}]}",
             want);
}

/* ---- flattened members --------------------------------------------------------------------- */

static void members_become_columns(void **state) {
    (void)state;
    setup o = {.config.nested = WEIR_JSON_NESTED_FLATTEN, .no_place = true};
    const char *spec = "a int64, a.b int64, a.c.d string, x.e json";
    check_by(o, NULL, spec,
             "{\"a\":{\"b\":1,\"c\":{\"d\":\"y\",\"z\":[1]}},\"x\":{\"e\":{\"q\":1}}}\n"
             "{\"a\":5,\"x\":null}\n"
             "{\"x\":{},\"a\":{\"c\":{},\"\\u0062\":2}}\n"
             "{\"a.b\":7}\n",
             " a=~ a.b=1 a.c.d=y x.e={\"q\":1}\n"
             " a=5 a.b=~ a.c.d=~ x.e=~\n"
             " a=~ a.b=2 a.c.d=~ x.e=~\n"
             " a=~ a.b=7 a.c.d=~ x.e=~\n");
    check_by(o, NULL, "a.b int64",
             "{\"a\":{\"b\":\"n\"}}\n{\"a\":[1]}\n{\"a\":{\"b\" 1}}\n{\"a\":{\"b\":1}\n"
             "{\"a\":{\"b\":1},\"a\":{\"b\":2}}\n{\"a.b\":1,\"a\":{\"b\":2}}\n{\"a\":{\"b\":3}}\n",
             " a.b=! {a.b/type: \"n\" is not an int64}\n"
             " a.b=~ {a.b/type: [1] stands in place of an object}\n"
             " a.b=! {/json: malformed JSON at byte 11 of the record: ':' expected}\n"
             " a.b=! {/json: malformed JSON at byte 13 of the record: ',' or '}' expected}\n"
             " a.b=! {/json: malformed JSON at byte 18 of the record: a name stands twice, and its "
             "members are columns}\n"
             " a.b=! {/json: malformed JSON at byte 19 of the record: a name stands twice}\n"
             " a.b=3\n");
    o.config.repeated = WEIR_JSON_REPEATED_FIRST;
    check_by(o, NULL, "a.b int64", "{\"a\":{\"b\":1},\"a\":{\"b\":2}}\n{\"a\":{\"b\":3,\"b\":4}}",
             " a.b=1\n a.b=3\n");
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    check_by(o, NULL, "a.b int64", "{\"a\":{\"b\":3,\"b\":4}}", " a.b=4\n");
    o = (setup){.config.nested = WEIR_JSON_NESTED_FLATTEN,
                .config.separator = "__",
                .extra = WEIR_EXTRA_REJECT,
                .no_place = true};
    check_by(o, NULL, "a__b int64", "{\"a\":{\"b\":1}}\n{\"a\":{\"c\":1}}\n",
             " a__b=1\n a__b=! {/extra_columns: has the field \"c\", which no column takes}\n");
}

static void paths_are_suggested(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"{\"n\":1,\"data\":[{\"a\":1},{", "$.data"},
        {"{\"n\":{\"x\":[1]},\"r\":{\"items\": [ {\"a\":1}]}}", "$.r.items"},
        {"{\"a\":[{}],\"b\":[{}]}", NULL},
        {"{\"a\":[1]}", NULL},
        {"[{\"a\":[{}]}]", NULL},
        {"{\"a\":\"cut", NULL}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char path[160] = "";
        const char *p = cases[i][0];
        bool found = weir_json_suggest_path(p, p + strlen(p), path, sizeof path);
        assert_int_equal(found, cases[i][1] != NULL);
        if (found) assert_string_equal(path, cases[i][1]);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(records_inside_a_document),
        cmocka_unit_test(paths_that_need_the_whole),
        cmocka_unit_test(faults_cost_what_they_must),
        cmocka_unit_test(names_that_stand_twice),
        cmocka_unit_test(lines_spoil_no_other),
        cmocka_unit_test(long_values),
        cmocka_unit_test(damage_does_not_depend_on_chunks),
        cmocka_unit_test(lack_of_memory_is_reported),
        cmocka_unit_test(members_become_columns),
        cmocka_unit_test(paths_are_suggested),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
