/* JSON: tokens, trees, scanners, writer; the JSONTestSuite of the corpus. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <dirent.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cpu.h"
#include "base/fault.h"
#include "base/mem.h"
#include "text/json.h"
#include "text/json_scan.h"

#define S(text) text, strlen(text)

static weir_arena arena;

/* Parses a copy in memory of its own size, so that a sanitizer sees a read too far. */
static weir_status parse(const char *text, size_t n, const weir_json_limits *limits,
                         const weir_json **out, weir_error *err) {
    char *copy = malloc(n ? n : 1);
    memcpy(copy, text, n);
    memset(err, 0, sizeof *err);
    weir_status s = weir_json_parse(copy, n, limits, &arena, out, err);
    /* The fast scanner must agree with the tokenizer wherever UTF-8 is not at stake. */
    const char *at = NULL, *why = NULL;
    uint32_t depth = limits && limits->max_depth ? limits->max_depth : WEIR_JSON_DEPTH_DEFAULT;
    const char *p = weir_json_skip_space(copy, copy + n);
    const char *end = weir_json_skip(p, copy + n, depth, &at, &why);
    bool whole = end && weir_json_skip_space(end, copy + n) == copy + n;
    bool other = strstr(err->message, "UTF-8") || strstr(err->message, "stands twice") ||
                 strstr(err->message, "more than") || strstr(err->message, "byte order mark");
    if (!other && s != WEIR_RESOURCE) assert_int_equal(whole, s == WEIR_OK);
    free(copy);
    return s;
}

static const weir_json *tree(const char *text) {
    const weir_json *v = NULL;
    weir_error err;
    if (parse(S(text), NULL, &v, &err) != WEIR_OK) fail_msg("%s: %s", text, err.message);
    return v;
}

/* ---- trees --------------------------------------------------------------------------------- */

static void trees_hold_the_values(void **state) {
    (void)state;
    const weir_json *v = tree(" {\"a\": [1, -2.50, 1e3, true, false, null],\n  \"b\": "
                              "{\"c\\u0041\": \"x\\n\\u00e9\\ud83d\\ude00\"},"
                              " \"\": 12345678901234567890 } ");
    int64_t i;
    double d;
    bool b;
    assert_int_equal(v->kind, WEIR_JSON_OBJECT);
    assert_int_equal(v->n, 3);
    assert_true(weir_json_int(weir_json_path(v, "a.0"), &i) && i == 1);
    assert_true(weir_json_int(weir_json_path(v, "a.2"), &i) && i == 1000);
    assert_false(weir_json_int(weir_json_path(v, "a.1"), &i));
    assert_true(weir_json_double(weir_json_path(v, "a.1"), &d) && d == -2.5);
    assert_string_equal(weir_json_path(v, "a.1")->text.data, "-2.50");
    assert_true(weir_json_bool(weir_json_path(v, "a.3"), &b) && b);
    assert_true(weir_json_bool(weir_json_path(v, "a.4"), &b) && !b);
    assert_int_equal(weir_json_path(v, "a.5")->kind, WEIR_JSON_NULL);
    assert_null(weir_json_path(v, "a.6"));
    assert_null(weir_json_path(v, "a.b"));
    assert_null(weir_json_path(v, "a.-1"));
    assert_null(weir_json_get(v, "A"));
    assert_string_equal(weir_json_string(weir_json_path(v, "b.cA")), "x\n\xC3\xA9\xF0\x9F\x98\x80");
    assert_null(weir_json_string(weir_json_get(v, "a")));
    const weir_json *big = weir_json_at(v, 2);
    assert_string_equal(big->text.data, "12345678901234567890"); /* kept exactly */
    assert_false(weir_json_int(big, &i));
    assert_int_equal(big->key.size, 0);
    assert_int_equal(weir_json_get(v, "b")->line, 2);
    assert_int_equal(weir_json_get(v, "b")->column, 8);
    assert_int_equal(weir_json_get(v, "a")->byte, 7);
    assert_null(weir_json_get(NULL, "x"));
    assert_false(weir_json_int(NULL, &i));
}

static void nul_is_a_character(void **state) {
    (void)state;
    const weir_json *v = tree("\"a\\u0000b\"");
    assert_int_equal(v->text.size, 3);
    assert_memory_equal(v->text.data, "a\0b", 4);
}

static void faults_have_a_place(void **state) {
    (void)state;
    const struct {
        const char *text;
        int line, column, byte;
        const char *message;
    } cases[] = {{"{\"a\": 1,\n \"b\" 2}", 2, 6, 14, "':' expected"},
                 {"[1,\n2,\n\n3 4]", 4, 3, 10, "',' or ']' expected"},
                 {"{\"a\":1,\"a\":2}", 1, 12, 11, "stands twice"},
                 {"\"ab\ncd\"", 1, 4, 3, "control character"},
                 {"[\"\\ud800\"]", 1, 3, 2, "surrogate"},
                 {"[\"\\x\"]", 1, 3, 2, "no such escape"},
                 {"[1,]", 1, 4, 3, "no JSON value"},
                 {"{\"a\":1,}", 1, 8, 7, "a name in quotes expected"},
                 {"1 2", 1, 3, 2, "something follows"},
                 {"", 1, 1, 0, "the text ends"},
                 {"\"abc", 1, 5, 4, "no end"},
                 {"[\"\xFF\"]", 1, 3, 2, "not UTF-8"},
                 {"\xEF\xBB\xBF[]", 1, 1, 0, "byte order mark"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const weir_json *v = NULL;
        weir_error err;
        if (parse(S(cases[i].text), NULL, &v, &err) != WEIR_DATA)
            fail_msg("accepted: %s", cases[i].text);
        if (err.line != cases[i].line || err.column != cases[i].column ||
            err.byte != cases[i].byte || !strstr(err.message, cases[i].message))
            fail_msg("%s: %lld:%lld:%lld %s", cases[i].text, (long long)err.line,
                     (long long)err.column, (long long)err.byte, err.message);
        assert_null(v);
    }
}

static void limits_hold(void **state) {
    (void)state;
    const weir_json *v = NULL;
    weir_error err;
    weir_json_limits limits = {.max_depth = 3};
    assert_int_equal(parse(S("[[[]]]"), &limits, &v, &err), WEIR_OK);
    assert_int_equal(parse(S("[[[[]]]]"), &limits, &v, &err), WEIR_DATA);
    assert_non_null(strstr(err.message, "nested too deeply"));
    limits = (weir_json_limits){.max_bytes = 3};
    assert_int_equal(parse(S("[12]"), &limits, &v, &err), WEIR_DATA);
    limits = (weir_json_limits){.max_values = 3};
    assert_int_equal(parse(S("[1,2]"), &limits, &v, &err), WEIR_OK);
    assert_int_equal(parse(S("[1,2,3]"), &limits, &v, &err), WEIR_DATA);
    limits = (weir_json_limits){.max_depth = WEIR_JSON_DEPTH_MAX + 5};
    char deep[3000];
    memset(deep, '[', 3000);
    memset(deep + 1024, ']', 1024);
    assert_int_equal(parse(deep, 2048, &limits, &v, &err), WEIR_OK);
    memset(deep, '[', 3000);
    memset(deep + 1025, ']', 1025);
    assert_int_equal(parse(deep, 2050, &limits, &v, &err), WEIR_DATA);
}

static void repeated_names(void **state) {
    (void)state;
    const weir_json *v = NULL;
    weir_error err;
    weir_json_limits last = {.duplicates_last = true};
    assert_int_equal(parse(S("{\"a\":1,\"b\":2,\"\\u0061\":3}"), &last, &v, &err), WEIR_OK);
    weir_buf b = {0};
    assert_true(weir_json_put(&b, v));
    assert_string_equal(weir_buf_cstr(&b), "{\"b\":2,\"a\":3}");
    /* Many names, through the sorted way. */
    b.size = 0;
    assert_true(weir_buf_adds(&b, "{"));
    for (int i = 0; i < 500; i++) assert_true(weir_buf_printf(&b, "\"k%d\":%d,", i % 400, i));
    assert_true(weir_buf_adds(&b, "\"z\":0}"));
    assert_int_equal(parse(b.data, b.size, NULL, &v, &err), WEIR_DATA);
    assert_non_null(strstr(err.message, "\"k0\""));
    assert_int_equal(parse(b.data, b.size, &last, &v, &err), WEIR_OK);
    assert_int_equal(v->n, 401);
    int64_t i;
    assert_true(weir_json_int(weir_json_get(v, "k99"), &i) && i == 499);
    assert_true(weir_json_int(weir_json_get(v, "k100"), &i) && i == 100);
    weir_buf_clear(&b);
}

static void lack_of_memory_is_reported(void **state) {
    (void)state;
    const char *text = "{\"a\":[1,2,{\"b\":\"c\"}],\"1\":1,\"2\":1,\"3\":1,\"4\":1,\"5\":1,\"6\":1,"
                       "\"7\":1,\"8\":1}";
    bool done = false;
    for (long n = 1; !done && n < 100; n++) {
        weir_arena own = {0};
        const weir_json *v = NULL;
        weir_error err = {0};
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 0);
        weir_status s = weir_json_parse(S(text), NULL, &own, &v, &err);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        done = s == WEIR_OK;
        if (!done) assert_int_equal(s, WEIR_RESOURCE);
        if (!done) assert_null(v);
        weir_arena_clear(&own);
    }
    assert_true(done);
}

/* ---- tokens -------------------------------------------------------------------------------- */

static void tokens_come_in_order(void **state) {
    (void)state;
    const char *text = "{\"a\\n\":[1,{}],\"b\":null}";
    const struct {
        weir_json_event event;
        weir_json_kind kind;
        const char *text;
    } want[] = {{WEIR_JSON_AT_OPEN, WEIR_JSON_OBJECT, "{"},
                {WEIR_JSON_AT_KEY, WEIR_JSON_STRING, "a\\n"},
                {WEIR_JSON_AT_OPEN, WEIR_JSON_ARRAY, "["},
                {WEIR_JSON_AT_VALUE, WEIR_JSON_NUMBER, "1"},
                {WEIR_JSON_AT_OPEN, WEIR_JSON_OBJECT, "{"},
                {WEIR_JSON_AT_CLOSE, WEIR_JSON_OBJECT, "}"},
                {WEIR_JSON_AT_CLOSE, WEIR_JSON_ARRAY, "]"},
                {WEIR_JSON_AT_KEY, WEIR_JSON_STRING, "b"},
                {WEIR_JSON_AT_VALUE, WEIR_JSON_NULL, "null"},
                {WEIR_JSON_AT_CLOSE, WEIR_JSON_OBJECT, "}"},
                {WEIR_JSON_AT_END, 0, ""},
                {WEIR_JSON_AT_END, 0, ""}};
    weir_json_reader r;
    weir_json_token t;
    weir_error err = {0};
    assert_int_equal(weir_json_reader_init(&r, S(text), 0, &err), WEIR_OK);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK);
        assert_int_equal(t.event, want[i].event);
        assert_int_equal(t.size, strlen(want[i].text));
        assert_memory_equal(t.begin, want[i].text, t.size);
        if (t.size) assert_int_equal(t.kind, want[i].kind);
        assert_int_equal(t.escaped, i == 1);
    }
}

static void values_are_skipped(void **state) {
    (void)state;
    const char *text = "{\"a\":[1,{\"x\":[]}],\"b\":\"s\",\"c\":{\"d\":2}}";
    weir_json_reader r;
    weir_json_token t;
    weir_error err = {0};
    weir_slice raw;
    assert_int_equal(weir_json_reader_init(&r, S(text), 0, &err), WEIR_OK);
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK); /* { */
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK); /* "a" */
    assert_int_equal(weir_json_reader_skip(&r, &raw, &err), WEIR_OK);
    assert_true(weir_slice_is(raw, "[1,{\"x\":[]}]"));
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK); /* "b" */
    assert_int_equal(weir_json_reader_skip(&r, &raw, &err), WEIR_OK);
    assert_true(weir_slice_is(raw, "\"s\""));
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK); /* "c" */
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK); /* { */
    assert_int_equal(weir_json_reader_skip(&r, &raw, &err), WEIR_OK);
    assert_true(weir_slice_is(raw, "{\"d\":2}"));
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK);
    assert_int_equal(t.event, WEIR_JSON_AT_CLOSE);
    assert_int_equal(weir_json_next(&r, &t, &err), WEIR_OK);
    assert_int_equal(t.event, WEIR_JSON_AT_END);
}

/* ---- scanners ------------------------------------------------------------------------------ */

static void scanners_agree(void **state) {
    (void)state;
    char *text = malloc(200 + 16);
    assert_non_null(text);
    const char specials[] = {'"', '\\', '\0', '\n', 0x1F};
    const char plain[] = {' ',        '!',        '#', '[',        ']',       0x7F,
                          (char)0x80, (char)0xFF, 'a', (char)0x9C, (char)0xA2};
    uint32_t x = 1;
    for (int round = 0; round < 3000; round++) {
        for (int i = 0; i < 216; i++) text[i] = plain[(x = x * 1103515245 + 12345) >> 16 & 7];
        size_t n = (x >> 8) % 200, at = n;
        if (round % 3 && n) {
            at = (x >> 3) % n;
            text[at] = specials[round % 5];
            if (at + 1 < n) text[at + 1 + (x >> 5) % (n - at - 1)] = specials[(round + 1) % 5];
        }
        assert_ptr_equal(weir_json_scan_padded(text, text + n), text + at);
        assert_ptr_equal(weir_json_scan_portable(text, text + n), text + at);
        weir_cpu_limit(UINT32_MAX);
        assert_ptr_equal(weir_json_find_special(text, text + n), text + at);
        weir_cpu_limit(0);
        assert_ptr_equal(weir_json_find_special(text, text + n), text + at);
        weir_cpu_limit(UINT32_MAX);
    }
    free(text);
    bool escaped = false;
    const char *s = "ab\\\"c\"d";
    assert_ptr_equal(weir_json_string_end(s, s + 7, &escaped), s + 5);
    assert_true(escaped);
    assert_null(weir_json_string_end(s, s + 5, &escaped));
    assert_null(weir_json_string_end(s, s + 3, &escaped));
    assert_null(weir_json_string_end("a\nb\"", &"a\nb\""[4], &escaped));
}

static void escapes(void **state) {
    (void)state;
    const struct {
        const char *in, *out; /* out NULL = malformed */
        size_t at;
    } cases[] = {{"", "", 0},
                 {"plain", "plain", 0},
                 {"\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t", 0},
                 {"\\u0041\\u00e9\\u20AC", "A\xC3\xA9\xE2\x82\xAC", 0},
                 {"x\\uD834\\uDd1ey", "x\xF0\x9D\x84\x9Ey", 0},
                 {"\\uFFFF", "\xEF\xBF\xBF", 0},
                 {"a\\q", NULL, 1},
                 {"\\", NULL, 0},
                 {"\\u12", NULL, 0},
                 {"\\u12G4", NULL, 0},
                 {"ab\\uD834", NULL, 2},
                 {"\\uD834\\u0041", NULL, 0},
                 {"\\uDD1E", NULL, 0},
                 {"\\uD834\\uD834", NULL, 0},
                 {"\\uD834\\n", NULL, 0},
                 {"\\U0041", NULL, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].in), at = 99;
        char *in = malloc(n + 1), *out = malloc(n + 1);
        memcpy(in, cases[i].in, n);
        ptrdiff_t r = weir_json_unescape(in, n, out, &at);
        if (cases[i].out) {
            assert_int_equal(r, strlen(cases[i].out));
            assert_memory_equal(out, cases[i].out, (size_t)r);
        } else {
            assert_int_equal(r, -1);
            assert_int_equal(at, cases[i].at);
        }
        free(in);
        free(out);
    }
}

static void numbers_are_told_apart(void **state) {
    (void)state;
    const struct {
        const char *text;
        int used; /* -1 = none */
        weir_json_number_kind kind;
    } cases[] = {{"0", 1, WEIR_JSON_NUMBER_INT},
                 {"-0", 2, WEIR_JSON_NUMBER_INT},
                 {"120,", 3, WEIR_JSON_NUMBER_INT},
                 {"1.50]", 4, WEIR_JSON_NUMBER_DECIMAL},
                 {"-0.1", 4, WEIR_JSON_NUMBER_DECIMAL},
                 {"1e5", 3, WEIR_JSON_NUMBER_EXPONENT},
                 {"1.0E-7x", 6, WEIR_JSON_NUMBER_EXPONENT},
                 {"01", -1, 0},
                 {"-", -1, 0},
                 {"-01", -1, 0},
                 {"+1", -1, 0},
                 {".5", -1, 0},
                 {"1.", -1, 0},
                 {"1.e5", -1, 0},
                 {"1e", -1, 0},
                 {"1e+", -1, 0},
                 {"", -1, 0},
                 {"x", -1, 0},
                 {"NaN", -1, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        size_t n = strlen(cases[i].text);
        char *copy = malloc(n ? n : 1);
        memcpy(copy, cases[i].text, n);
        weir_json_number_kind kind = 77;
        const char *end = weir_json_number_end(copy, copy + n, &kind);
        assert_int_equal(end ? end - copy : -1, cases[i].used);
        if (end) assert_int_equal(kind, cases[i].kind);
        free(copy);
    }
}

/* ---- writer -------------------------------------------------------------------------------- */

static void strings_are_quoted(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_true(weir_json_put_string(&b, "a\"\\\n\r\t\b\f\x01\x1f\x7f/\xC3\xA9\0z", 16,
                                     WEIR_JSON_UTF8_TRUST, NULL));
    assert_string_equal(weir_buf_cstr(&b),
                        "\"a\\\"\\\\\\n\\r\\t\\b\\f\\u0001\\u001f\x7f/\xC3\xA9\\u0000z\"");
    b.size = 0;
    bool replaced = false;
    assert_true(weir_json_put_string(&b, "a\xFF\xC3z", 4, WEIR_JSON_UTF8_REPLACE, &replaced));
    assert_true(replaced);
    assert_string_equal(weir_buf_cstr(&b), "\"a\xEF\xBF\xBD\xEF\xBF\xBDz\"");
    assert_false(weir_json_put_string(&b, "a\xFFz", 3, WEIR_JSON_UTF8_REFUSE, &replaced));
    assert_true(weir_json_put_string(&b, "ok", 2, WEIR_JSON_UTF8_REFUSE, &replaced));
    assert_false(replaced);
    /* Worst case of a long string: every byte becomes six. */
    b.size = 0;
    char *zeros = calloc(1, 10000);
    assert_true(weir_json_put_string(&b, zeros, 10000, WEIR_JSON_UTF8_TRUST, NULL));
    assert_int_equal(b.size, 60002);
    free(zeros);
    assert_int_equal(weir_json_quote_max(SIZE_MAX / 2), 0);
    weir_buf_clear(&b);
}

static void the_writer_sets_commas(void **state) {
    (void)state;
    weir_buf b = {0};
    weir_json_writer w = {.out = &b};
    weir_json_open(&w, '{');
    weir_json_key(&w, "a");
    weir_json_open(&w, '[');
    weir_json_write_int(&w, -1);
    weir_json_write_uint(&w, UINT64_MAX);
    weir_json_write_double(&w, 0.1);
    weir_json_write_double(&w, NAN);
    weir_json_open(&w, '{');
    weir_json_close(&w, '}');
    weir_json_close(&w, ']');
    weir_json_key(&w, "b\"");
    weir_json_write_string(&w, NULL);
    weir_json_key(&w, "c");
    weir_json_write_bool(&w, true);
    weir_json_key(&w, "d");
    weir_json_write_raw(&w, "[1]", 3);
    weir_json_close(&w, '}');
    assert_false(w.failed);
    const char *want =
        "{\"a\":[-1,18446744073709551615,0.1,null,{}],\"b\\\"\":null,\"c\":true,\"d\":[1]}";
    assert_string_equal(weir_buf_cstr(&b), want);
    const weir_json *v = tree(want);
    b.size = 0;
    assert_true(weir_json_put(&b, v));
    assert_string_equal(weir_buf_cstr(&b), want);
    weir_json_close(&w, '}');
    assert_true(w.failed);
    weir_buf_clear(&b);
    weir_buf small = {.max = 5};
    weir_json_writer tight = {.out = &small};
    weir_json_open(&tight, '[');
    weir_json_write_string(&tight, "longer than that");
    weir_json_close(&tight, ']');
    assert_true(tight.failed);
    weir_buf_clear(&small);
}

/* ---- corpus -------------------------------------------------------------------------------- */

static char *read_file(const char *path, size_t *n) {
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    size_t cap = 4 << 20;
    char *data = malloc(cap);
    assert_non_null(data);
    *n = fread(data, 1, cap, f);
    fclose(f);
    return data;
}

static void the_test_suite_is_passed(void **state) {
    (void)state;
    const char *root = getenv("WEIR_CORPUS");
    char folder[512], path[1024];
    snprintf(folder, sizeof folder, "%s/json/JSONTestSuite/test_parsing",
             root ? root : "../shared/corpus");
    DIR *dir = opendir(folder);
    if (!dir) {
        printf("skipped: no corpus\n");
        skip();
    }
    const struct dirent *e;
    int seen = 0, wrong = 0;
    while ((e = readdir(dir))) {
        if (e->d_name[0] == '.') continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        size_t n;
        char *text = read_file(path, &n);
        if (!text) continue;
        const weir_json *v = NULL;
        weir_error err;
        /* Names may repeat in that suite. */
        weir_json_limits limits = {.max_depth = WEIR_JSON_DEPTH_MAX, .duplicates_last = true};
        weir_status s = parse(text, n, &limits, &v, &err);
        free(text);
        bool fault = (e->d_name[0] == 'y' && s != WEIR_OK) || (e->d_name[0] == 'n' && s == WEIR_OK);
        if (fault) print_error("%s: %s\n", e->d_name, s == WEIR_OK ? "accepted" : err.message);
        wrong += fault;
        seen++;
        if (s == WEIR_OK) { /* what is written reads back and is written alike */
            weir_buf a = {0}, b = {0};
            const weir_json *again = NULL;
            assert_true(weir_json_put(&a, v));
            assert_int_equal(parse(a.data, a.size, &limits, &again, &err), WEIR_OK);
            assert_true(weir_json_put(&b, again));
            assert_int_equal(a.size, b.size);
            assert_memory_equal(a.data, b.data, a.size);
            weir_buf_clear(&a);
            weir_buf_clear(&b);
        }
        weir_arena_reset(&arena);
    }
    closedir(dir);
    assert_true(seen > 50);
    assert_int_equal(wrong, 0);
}

static int clear(void **state) {
    (void)state;
    weir_arena_clear(&arena);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_hold_the_values),  cmocka_unit_test(nul_is_a_character),
        cmocka_unit_test(faults_have_a_place),    cmocka_unit_test(limits_hold),
        cmocka_unit_test(repeated_names),         cmocka_unit_test(lack_of_memory_is_reported),
        cmocka_unit_test(tokens_come_in_order),   cmocka_unit_test(values_are_skipped),
        cmocka_unit_test(scanners_agree),         cmocka_unit_test(escapes),
        cmocka_unit_test(numbers_are_told_apart), cmocka_unit_test(strings_are_quoted),
        cmocka_unit_test(the_writer_sets_commas), cmocka_unit_test(the_test_suite_is_passed),
    };
    return cmocka_run_group_tests(tests, NULL, clear);
}
