/* JSONPath: parsing, evaluation, faults, limits; the compliance suite of the corpus. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/fault.h"
#include "text/jsonpath.h"

static weir_arena arena;

static const weir_json *tree(const char *text) {
    const weir_json *v = NULL;
    weir_error err = {0};
    if (weir_json_parse(text, strlen(text), NULL, &arena, &v, &err) != WEIR_OK)
        fail_msg("%s: %s", text, err.message);
    return v;
}

/* The nodes that path selects in document, as the text of an array. */
static const char *found(const char *document, const char *path) {
    static weir_buf b;
    weir_error err = {0};
    weir_jsonpath *p = NULL;
    const weir_json **nodes = NULL;
    size_t n = 0;
    if (weir_jsonpath_new(path, strlen(path), &p, &err) != WEIR_OK)
        fail_msg("%s: %s", path, err.message);
    if (weir_jsonpath_find(p, tree(document), &arena, &nodes, &n, &err) != WEIR_OK)
        fail_msg("%s: %s", path, err.message);
    b.size = 0;
    assert_true(weir_buf_adds(&b, "["));
    for (size_t i = 0; i < n; i++) {
        if (i) assert_true(weir_buf_adds(&b, ","));
        assert_true(weir_json_put(&b, nodes[i]));
    }
    assert_true(weir_buf_adds(&b, "]"));
    weir_jsonpath_free(p);
    return weir_buf_cstr(&b);
}

static void refused(const char *path, int64_t column, const char *what) {
    weir_error err = {0};
    weir_jsonpath *p = NULL;
    weir_status s = weir_jsonpath_new(path, strlen(path), &p, &err);
    if (s != WEIR_USAGE || p) fail_msg("%s: taken", path);
    if (err.column != column || !strstr(err.message, what))
        fail_msg("%s: %s at byte %d", path, err.message, (int)err.column);
}

/* ---- queries ------------------------------------------------------------------------------- */

#define BOOKS                                                                                      \
    "{\"store\":{\"book\":[{\"t\":\"A\",\"price\":8.95,\"by\":\"Rees\"},"                          \
    "{\"t\":\"B\",\"price\":12.99,\"by\":\"Waugh\"},"                                              \
    "{\"t\":\"C\",\"price\":8.990,\"isbn\":\"0-553\"},"                                            \
    "{\"t\":\"D\",\"price\":22.99,\"isbn\":\"0-395\"}],\"bike\":{\"price\":399}},\"max\":10}"

static void queries(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"$.store.book[*].t", "[\"A\",\"B\",\"C\",\"D\"]"},
        {"$.max", "[10]"},
        {"$", NULL},
        {"$.store.book[-1].t", "[\"D\"]"},
        {"$['store']['book'][0,2]['t']", "[\"A\",\"C\"]"},
        {"$.store.book[2,0].t", "[\"C\",\"A\"]"},
        {"$.store.book[::-2].t", "[\"D\",\"B\"]"},
        {"$.store.book[1:3].t", "[\"B\",\"C\"]"},
        {"$..price", "[8.95,12.99,8.990,22.99,399]"},
        {"$.store.book[?@.isbn].t", "[\"C\",\"D\"]"},
        {"$.store.book[?!@.isbn].t", "[\"A\",\"B\"]"},
        {"$.store.book[?@.price < $.max].t", "[\"A\",\"C\"]"},
        {"$.store.book[?@.price == 8.99].t", "[\"C\"]"},
        {"$.store.book[?@.price == 899e-2].t", "[\"C\"]"},
        {"$.store.book[?(@.price > 10 && @.isbn) || @.t=='A'].t", "[\"A\",\"D\"]"},
        {"$.store.book[?match(@.by, 'W.*')].t", "[\"B\"]"},
        {"$.store.book[?search(@.by, \"e+\")].t", "[\"A\"]"},
        {"$.store.book[?length(@.by) == 5].t", "[\"B\"]"},
        {"$.store.book[?count(@.*) == 3].t", "[\"A\",\"B\",\"C\",\"D\"]"},
        {"$.store[?value(@..price) == 399]", "[{\"price\":399}]"},
        {"$.store.book[?@.none == @.never].t", "[\"A\",\"B\",\"C\",\"D\"]"},
        {"$.store.book[?@.none != null].t", "[\"A\",\"B\",\"C\",\"D\"]"},
        {"$.store.book[?match(@.by, '[')].t", "[]"}, /* a wrong pattern matches nothing */
        {"$.none[*]", "[]"},
        {"$.max[*]", "[]"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_string_equal(found(BOOKS, cases[i][0]), cases[i][1] ? cases[i][1] : "[" BOOKS "]");
    /* an integer beyond 2^53 is compared by its digits */
    assert_string_equal(found("[9007199254740993,9007199254740992]", "$[?@==9007199254740993]"),
                        "[9007199254740993]");
    assert_string_equal(found("[{\"a\":[1,{\"x\":0,\"y\":1}]}]", "$[?@.a==$[0].a]"),
                        "[{\"a\":[1,{\"x\":0,\"y\":1}]}]");
    assert_string_equal(found("[\"\\u00e4\",\"\\ud83d\\ude00\"]", "$[?length(@)==1]"),
                        "[\"\xC3\xA4\",\"\xF0\x9F\x98\x80\"]");
    assert_string_equal(found("[\"a\\nb\",\"axb\"]", "$[?match(@,'a.b')]"), "[\"axb\"]");
    assert_string_equal(found("{\"\\u00e9\":1}", "$.\xC3\xA9"), "[1]");
    assert_string_equal(found("{\"'\":1}", "$['\\'']"), "[1]");
}

static void numbers_compare_exactly(void **state) {
    (void)state;
    static const struct {
        const char *a, *b;
        int expected;
    } cases[] = {{"0", "-0", 0},        {"0.0e5", "0", 0},      {"1", "1.0", 0},
                 {"100", "1e2", 0},     {"0.001", "1e-3", 0},   {"12.50", "1250e-2", 0},
                 {"1", "2", -1},        {"-1", "-2", 1},        {"-1", "0", -1},
                 {"1e400", "1e399", 1}, {"-1e400", "1", -1},    {"1e-400", "0", 1},
                 {"99", "100", -1},     {"0.1", "0.09", 1},     {"123", "1234e-1", -1},
                 {"1.05", "1.5", -1},   {"10.01", "10.010", 0}, {"1e999999999999999999", "1", 1},
                 {"9e-1", "1", -1}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        weir_slice a = weir_slice_of(cases[i].a), b = weir_slice_of(cases[i].b);
        int c = weir_json_number_compare(a, b), d = weir_json_number_compare(b, a);
        if ((c > 0) - (c < 0) != cases[i].expected || (d > 0) - (d < 0) != -cases[i].expected)
            fail_msg("%s and %s: %d, %d", cases[i].a, cases[i].b, c, d);
    }
}

static void faults_name_their_place(void **state) {
    (void)state;
    refused("", 1, "'$' expected");
    refused("a.b", 1, "'$' expected");
    refused(" $", 1, "'$' expected");
    refused("$ ", 2, "white space at the end");
    refused("$.", 3, "a name or *");
    refused("$.a[", 5, "a name in quotes");
    refused("$.a['x", 7, "without its end");
    refused("$['\\ud800']", 10, "surrogate");
    refused("$[01]", 3, "integer");
    refused("$[-0]", 3, "integer");
    refused("$[9007199254740992]", 3, "out of range");
    refused("$[1 2]", 5, "',' or ']'");
    refused("$[?@.a = 1]", 8, "',' or ']'");
    refused("$[?1]", 1, "a filter is a value");
    refused("$[?length(@)]", 1, "a filter is a value");
    refused("$[?@.* == 1]", 4, "no single value");
    refused("$[?count(1) == 1]", 10, "does not take");
    refused("$[?none(@)]", 4, "length, count");
    refused("$[?match(@, 'a') == true]", 4, "no single value");
    refused("$[?length(@.*) > 1]", 11, "does not take");
    char deep[400] = "$[?";
    memset(deep + 3, '(', 100);
    refused(deep, 3 + WEIR_JSONPATH_MAX_DEPTH + 1, "inside each other");
}

static void work_is_bounded(void **state) {
    (void)state;
    weir_buf b = {0};
    weir_error err = {0};
    weir_jsonpath *p = NULL;
    const weir_json *v = NULL, **nodes;
    size_t n;
    for (int i = 0; i < 60; i++) assert_true(weir_buf_adds(&b, "[1,"));
    assert_true(weir_buf_adds(&b, "1"));
    for (int i = 0; i < 60; i++) assert_true(weir_buf_adds(&b, "]"));
    assert_int_equal(weir_json_parse(b.data, b.size, NULL, &arena, &v, &err), WEIR_OK);
    const char *path = "$..*..*..*..*..*..*";
    assert_int_equal(weir_jsonpath_new(path, strlen(path), &p, &err), WEIR_OK);
    assert_int_equal(weir_jsonpath_find(p, v, &arena, &nodes, &n, &err), WEIR_DATA);
    assert_non_null(strstr(err.message, "selects more than 1000000"));
    weir_jsonpath_free(p);
    weir_buf_clear(&b);
}

static void steps_of_paths(void **state) {
    (void)state;
    weir_jsonpath_step s[4];
    size_t n = 9;
    weir_jsonpath *p = NULL;
    const char *good = "$.a[*][2][1::2]";
    assert_int_equal(weir_jsonpath_new(good, strlen(good), &p, NULL), WEIR_OK);
    assert_true(weir_jsonpath_steps(p, s, 4, &n));
    assert_int_equal(n, 4);
    assert_true(s[0].kind == WEIR_JSONPATH_NAME && s[0].single && weir_slice_is(s[0].name, "a"));
    assert_true(s[1].kind == WEIR_JSONPATH_EVERY && !s[1].single);
    assert_true(s[2].kind == WEIR_JSONPATH_ITEMS && s[2].single && s[2].start == 2);
    assert_int_equal(s[2].end, 3);
    assert_true(s[3].start == 1 && s[3].end == UINT64_MAX && s[3].every == 2);
    assert_false(weir_jsonpath_steps(p, s, 3, &n));
    weir_jsonpath_free(p);
    static const char *const general[] = {"$..a",    "$[-1]",  "$['a','b']", "$[?@.a]",
                                          "$[::-1]", "$[:-1]", "$[::0]"};
    for (size_t i = 0; i < sizeof general / sizeof general[0]; i++) {
        assert_int_equal(weir_jsonpath_new(general[i], strlen(general[i]), &p, NULL), WEIR_OK);
        assert_false(weir_jsonpath_steps(p, s, 4, &n));
        weir_jsonpath_free(p);
    }
}

static void short_memory_is_told(void **state) {
    (void)state;
    const char *path = "$.a[?match(@.b, 'x.') && @.c == $['d'][0]]..e[1:2]";
    const weir_json *doc =
        tree("{\"a\":[{\"b\":\"xy\",\"c\":1,\"e\":[1,2]}],\"d\":[1],\"x\":[1,2,3]}");
    for (long k = 1;; k++) {
        weir_jsonpath *p = NULL;
        const weir_json **nodes = NULL;
        size_t n = 0;
        weir_fault_arm(WEIR_FAULT_MALLOC, k, 12);
        weir_status s = weir_jsonpath_new(path, strlen(path), &p, NULL);
        if (s == WEIR_OK) s = weir_jsonpath_find(p, doc, &arena, &nodes, &n, NULL);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        weir_jsonpath_free(p);
        if (s == WEIR_OK) {
            assert_int_equal(n, 1);
            return;
        }
        assert_int_equal(s, WEIR_RESOURCE);
        assert_true(k < 1000);
    }
}

/* ---- corpus -------------------------------------------------------------------------------- */

static bool same(const weir_json *a, const weir_json *b) {
    if (a->kind != b->kind || a->n != b->n) return false;
    if (a->kind == WEIR_JSON_NUMBER) return weir_json_number_compare(a->text, b->text) == 0;
    if (a->kind == WEIR_JSON_STRING)
        return a->text.size == b->text.size &&
               memcmp(a->text.data, b->text.data, a->text.size) == 0;
    for (const weir_json *c = a->first; c; c = c->next) {
        const weir_json *d = b->first;
        for (const weir_json *k = a->first; k != c; k = k->next) d = d->next;
        if (a->kind == WEIR_JSON_OBJECT) d = weir_json_get(b, c->key.data);
        if (!d || !same(c, d)) return false;
    }
    return true;
}

static bool gives(const weir_json *result, const weir_json **nodes, size_t n) {
    if (result->n != n) return false;
    size_t i = 0;
    for (const weir_json *c = result->first; c; c = c->next, i++)
        if (!same(c, nodes[i])) return false;
    return true;
}

/* One test of the suite: true when it is met. */
static bool suite_test(const weir_json *t) {
    const weir_json *selector = weir_json_get(t, "selector");
    const weir_json *result = weir_json_get(t, "result"), *results = weir_json_get(t, "results");
    bool invalid = false;
    weir_jsonpath *p = NULL;
    weir_error err = {0};
    (void)weir_json_bool(weir_json_get(t, "invalid_selector"), &invalid);
    weir_status s = weir_jsonpath_new(selector->text.data, selector->text.size, &p, &err);
    if (s != WEIR_OK) return invalid && s == WEIR_USAGE && !p && err.column > 0;
    const weir_json **nodes;
    size_t n;
    bool met = false;
    if (!invalid &&
        weir_jsonpath_find(p, weir_json_get(t, "document"), &arena, &nodes, &n, &err) == WEIR_OK) {
        met = result && gives(result, nodes, n);
        for (const weir_json *c = results ? results->first : NULL; c; c = c->next)
            met |= gives(c, nodes, n);
    }
    weir_jsonpath_free(p);
    return met;
}

static void compliance_suite(void **state) {
    (void)state;
    char folder[600], path[900];
    const char *root = getenv("WEIR_CORPUS");
    snprintf(folder, sizeof folder, "%s/json/jsonpath-cts", root ? root : "../shared/corpus");
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("skipped: no corpus\n");
        skip();
    }
    const struct dirent *entry;
    int seen = 0, wrong = 0;
    while ((entry = readdir(dir))) {
        if (entry->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry->d_name);
        FILE *f = fopen(path, "rb");
        if (!f) continue;
        size_t room = (size_t)4 << 20;
        char *text = malloc(room);
        assert_non_null(text);
        size_t n = fread(text, 1, room, f);
        fclose(f);
        const weir_json *suite = NULL, *tests;
        weir_error err = {0};
        if (weir_json_parse(text, n, NULL, &arena, &suite, &err) != WEIR_OK)
            fail_msg("%s: %s", path, err.message);
        free(text);
        tests = weir_json_get(suite, "tests");
        for (const weir_json *t = tests ? tests->first : NULL; t; t = t->next, seen++) {
            if (suite_test(t)) continue;
            print_error("%s: %s: %s\n", entry->d_name, weir_json_string(weir_json_get(t, "name")),
                        weir_json_string(weir_json_get(t, "selector")));
            wrong++;
        }
    }
    closedir(dir);
    assert_true(seen > 300);
    assert_int_equal(wrong, 0);
}

static int clear(void **state) {
    (void)state;
    weir_arena_clear(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(queries, clear),
        cmocka_unit_test_teardown(numbers_compare_exactly, clear),
        cmocka_unit_test_teardown(faults_name_their_place, clear),
        cmocka_unit_test_teardown(work_is_bounded, clear),
        cmocka_unit_test_teardown(steps_of_paths, clear),
        cmocka_unit_test_teardown(short_memory_is_told, clear),
        cmocka_unit_test_teardown(compliance_suite, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
