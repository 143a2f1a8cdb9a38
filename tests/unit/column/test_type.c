#include "random_column.h"

#include <pthread.h>

static void names(void **state) {
    (void)state;
    static const struct {
        const char *text, *name;
    } cases[] = {
        {"int64", "int64"},
        {"INT", "int64"},
        {" bigint ", "int64"},
        {"text", "string"},
        {"varchar", "string"},
        {"double precision", "float64"},
        {"double", "float64"},
        {"real", "float32"},
        {"numeric", "decimal(38,9)"},
        {"decimal(10,2)", "decimal(10,2)"},
        {"decimal( 10 , 2 )", "decimal(10,2)"},
        {"decimal(38,38)", "decimal(38,38)"},
        {"decimal(5)", "decimal(5,0)"},
        {"boolean", "bool"},
        {"bytea", "binary"},
        {"datetime", "timestamp"},
        {"timestamp with time zone", "timestamptz"},
        {"timestamptz(Europe/Berlin)", "timestamptz(Europe/Berlin)"},
        {"timestamptz('Europe/Berlin')", "timestamptz(Europe/Berlin)"},
        {"timestamptz(UTC)", "timestamptz"},
        {"timestamptz(Z)", "timestamptz"},
        {"list<int64>", "list<int64>"},
        {"int64[]", "list<int64>"},
        {"int64[][]", "list<list<int64>>"},
        {"array<text>", "list<string>"},
        {"struct<a int64, b string>", "struct<a int64, b string>"},
        {"struct< a:int64! ,b : text >", "struct<a int64!, b string>"},
        {"struct<\"a \"\"b\" int8>", "struct<\"a \"\"b\" int8>"},
        {"struct<>", "struct<>"},
        {"map<string, int64>", "map<string, int64>"},
        {"map<string,list<decimal(4,1)>>", "map<string, list<decimal(4,1)>>"},
        {"interval", "interval"},
        {"uuid", "uuid"},
        {"json", "json"},
        {"null", "null"},
        {"date", "date"},
        {"time", "time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const weir_type *t = type_of(cases[i].text);
        assert_string_equal(t->name, cases[i].name);
        assert_ptr_equal(t, type_of(t->name)); /* the name reads back as the very type */
    }
}

static void wrong_names(void **state) {
    (void)state;
    static const struct {
        const char *text;
        int column;
        const char *message, *hint;
    } cases[] = {
        {"", 1, "missing", ""},
        {"int46", 1, "not a type", "int"},
        {"strin", 1, "not a type", "string"},
        {"decimal(10", 11, "closing )", ""},
        {"decimal(39,2)", 9, "1 to 38", ""},
        {"decimal(4,5)", 9, "scale", ""},
        {"decimal(,5)", 9, "decimal(10,2)", ""},
        {"list<int64", 11, "closing >", ""},
        {"list<>", 6, "missing", ""},
        {"int64!", 6, "column", ""},
        {"int64 x", 7, "unexpected", ""},
        {"struct<a int64, a int8>", 0, "two columns", ""},
        {"struct<int64>", 13, "missing", ""},
        {"map<string>", 11, "map", ""},
        {"timestamptz(Mars/Base)", 13, "", ""},
        {"varchar(20)", 8, "max_length", ""},
        {"struct<\"a int64>", 8, "not closed", ""},
        {"int64[3]", 7, "list", ""},
        {"99999999999999999999", 1, "missing", ""},
        {"decimal(99999999999999999999,2)", 9, "precision", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_error err = {0};
        const weir_type *t = NULL;
        assert_int_not_equal(weir_type_parse(cases[i].text, &t, &err), WEIR_OK);
        assert_null(t);
        if (!strstr(err.message, cases[i].message) || !strstr(err.hint, cases[i].hint) ||
            (cases[i].column && err.column != cases[i].column))
            fail_msg("%s: %d: %s; %s", cases[i].text, (int)err.column, err.message, err.hint);
    }
}

static void nesting_is_capped(void **state) {
    (void)state;
    weir_error err = {0};
    char text[4096] = "";
    size_t at = 0;
    const weir_type *t = weir_type_of(WEIR_INT8);
    for (int i = 0; i < 500; i++) at += (size_t)snprintf(text + at, sizeof text - at, "list<");
    assert_int_equal(weir_type_parse(text, &t, &err), WEIR_USAGE);
    int depth = 1;
    while (weir_type_list(t, &t, &err) == WEIR_OK) depth++;
    assert_int_equal(depth, WEIR_TYPE_MAX_DEPTH);
    /* names that double at each level end, too */
    weir_status status = WEIR_OK;
    t = weir_type_of(WEIR_INT8);
    for (int i = 0; i < 60 && status == WEIR_OK; i++) {
        weir_field f[2] = {{.name = "a", .type = t}, {.name = "b", .type = t}};
        status = weir_type_struct(f, 2, &t, &err);
    }
    assert_int_equal(status, WEIR_USAGE);
}

static void interned(void **state) {
    (void)state;
    weir_error err = {0};
    const weir_type *a = NULL, *b = NULL;
    MUST(weir_type_decimal(38, 9, &a, &err));
    assert_ptr_equal(a, weir_type_of(WEIR_DECIMAL));
    assert_int_equal(a->width, 16);
    MUST(weir_type_decimal(18, 9, &a, &err));
    assert_int_equal(a->width, 8);
    MUST(weir_type_timestamptz(NULL, &b, &err));
    assert_ptr_equal(b, weir_type_of(WEIR_TIMESTAMPTZ));
    MUST(weir_type_list(weir_type_of(WEIR_NULL), &b, &err));
    assert_ptr_equal(b, weir_type_of(WEIR_LIST));
    MUST(weir_type_map(a, a, &a, &err));
    MUST(weir_type_map(type_of("decimal(18,9)"), type_of("decimal(18,9)"), &b, &err));
    assert_ptr_equal(a, b);
    weir_field nullable = {.name = "a", .type = a},
               strict = {.name = "a", .type = a, .not_null = true};
    MUST(weir_type_struct(&nullable, 1, &a, &err));
    MUST(weir_type_struct(&strict, 1, &b, &err));
    assert_ptr_not_equal(a, b);
}

static void *intern_many(void *arg) {
    const weir_type **out = arg;
    for (int i = 0; i < 38; i++) {
        weir_error err = {0};
        if (weir_type_decimal(38, i, &out[i], &err) != WEIR_OK) return NULL;
    }
    return arg;
}

static void threads_get_one_type(void **state) {
    (void)state;
    static const weir_type *seen[4][38];
    pthread_t t[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&t[i], NULL, intern_many, seen[i]), 0);
    for (int i = 0; i < 4; i++) pthread_join(t[i], NULL);
    for (int i = 1; i < 4; i++) assert_memory_equal(seen[0], seen[i], sizeof seen[0]);
}

static void schema(void **state) {
    (void)state;
    weir_error err = {0};
    weir_schema *s = NULL, *same = NULL, *other = NULL;
    char names[300][24];
    weir_field f[300];
    for (int i = 0; i < 300; i++) {
        snprintf(names[i], sizeof names[i], "column_%d", i);
        f[i] = (weir_field){.name = names[i], .type = weir_type_of(WEIR_INT64)};
    }
    MUST(weir_schema_new(f, 300, &s, &err));
    MUST(weir_schema_new(f, 300, &same, &err));
    f[7].not_null = true;
    MUST(weir_schema_new(f, 300, &other, &err));
    for (int i = 0; i < 300; i++)
        assert_int_equal(weir_schema_find(s, names[i], strlen(names[i])), i);
    assert_int_equal(weir_schema_find(s, "column_1xx", 8), 1); /* the length counts */
    assert_int_equal(weir_schema_find(s, "column_", 7), -1);
    assert_int_equal(weir_schema_find(s, "column_300", 10), -1);
    assert_true(weir_schema_equal(s, same));
    assert_false(weir_schema_equal(s, other));
    /* a name's beginning is another name, also where both stand in one probe of the index */
    for (int i = 0; i < 300; i++)
        for (size_t n = 0; n < strlen(names[i]); n++) {
            int at = weir_schema_find(s, names[i], n);
            assert_true(at < 0 || (strlen(names[at]) == n && memcmp(names[at], names[i], n) == 0));
        }
    for (int i = 0; i < 200; i++) {
        char name[16];
        size_t n = (size_t)snprintf(name, sizeof name, "x%d", i);
        weir_field one = {.name = name, .type = f[0].type};
        weir_schema *tiny = NULL;
        MUST(weir_schema_new(&one, 1, &tiny, &err));
        for (size_t k = 0; k < n; k++) assert_int_equal(weir_schema_find(tiny, name, k), -1);
        weir_schema_release(tiny);
    }
    names[8][7] = '9';
    weir_schema *none = NULL;
    assert_int_equal(weir_schema_new(f, 300, &none, &err), WEIR_DATA);
    assert_null(none);
    assert_non_null(strstr(err.message, "column_9"));
    MUST(weir_schema_new(NULL, 0, &none, &err));
    assert_int_equal(weir_schema_find(none, "x", 1), -1);
    assert_null(weir_schema_nearest(none, "x"));
    weir_schema_release(none);
    weir_schema_release(weir_schema_retain(s));
    weir_schema_release(s);
    weir_schema_release(same);
    weir_schema_release(other);
}

static void nearest(void **state) {
    (void)state;
    weir_error err = {0};
    weir_schema *s = NULL;
    weir_field f[] = {{.name = "order_id", .type = weir_type_of(WEIR_INT64)},
                      {.name = "email", .type = weir_type_of(WEIR_STRING)},
                      {.name = "created_at", .type = weir_type_of(WEIR_DATE)}};
    MUST(weir_schema_new(f, 3, &s, &err));
    assert_string_equal(weir_schema_nearest(s, "emial"), "email");
    assert_string_equal(weir_schema_nearest(s, "Email"), "email");
    assert_string_equal(weir_schema_nearest(s, "orderid"), "order_id");
    assert_string_equal(weir_schema_nearest(s, "createdat"), "created_at");
    assert_null(weir_schema_nearest(s, "x"));
    assert_null(weir_schema_nearest(s, "quantity"));
    weir_schema_release(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names),
        cmocka_unit_test(wrong_names),
        cmocka_unit_test(nesting_is_capped),
        cmocka_unit_test(interned),
        cmocka_unit_test(threads_get_one_type),
        cmocka_unit_test(schema),
        cmocka_unit_test(nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
