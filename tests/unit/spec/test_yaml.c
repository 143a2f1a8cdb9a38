/* The YAML reader: nodes and places, aliases and merge keys, limits, hostile input. */
#include "registry.h"
#include <time.h>
#include "base/fault.h"
#include "spec/yaml.h"

typedef struct tree {
    weir_arena arena;
    weir_diags diags;
    weir_node *root;
    weir_status status;
} tree;

static void parse_bytes(tree *t, const char *text, size_t n) {
    memset(t, 0, sizeof *t);
    t->arena.max_bytes = 200u << 20;
    weir_diags_init(&t->diags, NULL);
    weir_references r = {.variable = test_variable};
    t->status = weir_yaml_parse((weir_slice){text, n}, &r, &t->arena, &t->diags, &t->root);
}
static void parse(tree *t, const char *text) {
    parse_bytes(t, text, strlen(text));
}
static void done(tree *t) {
    weir_diags_clear(&t->diags);
    weir_arena_clear(&t->arena);
}
static void good(tree *t, const char *text) {
    parse(t, text);
    char *errors = printed(&t->diags);
    if (errors[0]) fail_msg("%s", errors);
    weir_free(errors);
    assert_int_equal(t->status, WEIR_OK);
}
/* The only error must be this. */
static void bad(const char *text, const char *want) {
    tree t;
    parse(&t, text);
    char *errors = printed(&t.diags);
    assert_string_equal(errors, want);
    assert_int_equal(t.status, WEIR_USAGE);
    weir_free(errors);
    done(&t);
}
static const weir_node *at(const weir_node *map, const char *key) {
    const weir_node *n = weir_node_get(map, key);
    assert_non_null(n);
    return n;
}

static void test_scalars(void **state) {
    (void)state;
    tree t;
    good(&t, "plain: a b\nsingle: 'it''s'\ndouble: \"t\\tn\\u00e4\"\nblock: |\n  one\n  two\n"
             "folded: >-\n  a\n  b\nempty:\nquoted: ''\nnull: null\ntilde: ~\nnul: \"a\\0b\"\n");
    assert_string_equal(at(t.root, "plain")->text, "a b");
    assert_false(at(t.root, "plain")->quoted);
    assert_string_equal(at(t.root, "single")->text, "it's");
    assert_true(at(t.root, "single")->quoted);
    assert_string_equal(at(t.root, "double")->text, "t\tn\xc3\xa4");
    assert_string_equal(at(t.root, "block")->text, "one\ntwo\n");
    assert_string_equal(at(t.root, "folded")->text, "a b");
    assert_int_equal(at(t.root, "empty")->kind, WEIR_NODE_NULL);
    assert_int_equal(at(t.root, "quoted")->kind, WEIR_NODE_SCALAR);
    assert_string_equal(at(t.root, "null")->text, "null");
    assert_string_equal(at(t.root, "tilde")->text, "~");
    assert_int_equal(at(t.root, "nul")->text_size, 3);
    done(&t);
}

static void test_places(void **state) {
    (void)state;
    tree t;
    good(&t, "\xEF\xBB\xBF"
             "a: 1\n\xc3\xa4: { b: [x,  y] }\r\nc:\n  - d\n");
    assert_int_equal(t.root->line, 1);
    assert_int_equal(t.root->column, 1);
    const weir_node *list = at(at(t.root, "\xc3\xa4"), "b");
    assert_int_equal(list->line, 2);
    assert_int_equal(list->column, 9);
    assert_int_equal(list->items[1]->column, 14);
    assert_int_equal(t.root->keys[2]->line, 3);
    assert_int_equal(at(t.root, "c")->items[0]->line, 4);
    assert_int_equal(at(t.root, "c")->items[0]->column, 5);
    done(&t);
}

static void test_aliases_are_shared(void **state) {
    (void)state;
    tree t;
    good(&t, "a: &x { k: v }\nb: *x\nc: &x 5\nd: *x\n*x : key\n");
    assert_ptr_equal(at(t.root, "a"), at(t.root, "b"));
    assert_string_equal(at(t.root, "d")->text, "5");
    assert_string_equal(at(t.root, "5")->text, "key");
    done(&t);
}

static void test_merge_keys(void **state) {
    (void)state;
    tree t;
    good(&t, "a: &a { x: 1, y: 2 }\nb: &b { y: 3, z: 4 }\nc: { <<: [*a, *b], z: 5 }\n"
             "d:\n  w: 0\n  <<: *b\ne: { '<<': text }\nf: { <<: *a, <: 1 }\n");
    const weir_node *c = at(t.root, "c");
    assert_int_equal(c->n, 3);
    assert_string_equal(at(c, "z")->text, "5");
    assert_string_equal(at(c, "x")->text, "1");
    assert_string_equal(at(c, "y")->text, "2");
    assert_int_equal(at(t.root, "d")->n, 3);
    assert_string_equal(at(at(t.root, "d"), "y")->text, "3");
    assert_string_equal(at(at(t.root, "e"), "<<")->text, "text");
    assert_int_equal(at(t.root, "a")->n, 2);
    done(&t);
}

static void test_rules(void **state) {
    (void)state;
    bad("a: 1\nb: 2\na: 3\na: 4\n",
        "3:1: a: stands twice, first in line 1 column 1; keep one of the two\n"
        "4:1: a: stands twice, first in line 1 column 1; keep one of the two\n");
    bad("a: 1\n'a': 3\n", "2:1: a: stands twice, first in line 1 column 1; keep one of the two\n");
    bad("a: !!str 1\n", "1:4: a tag (!!str) has no meaning here; remove it, or quote a value that "
                        "begins with !\n");
    bad("--- 1\n--- 2\n", "2:1: a second document begins; one pipeline a file: remove the second "
                          "`---` and what follows\n");
    bad("{a: 1}: 2\n", "1:1: a list or map cannot be a key; quote it if it is meant as text\n");
    bad("a: &x []\n*x : 1\n",
        "2:1: a key cannot stand for a list, a map or nothing; write the key out\n");
    bad("a: &x\n  b: *x\n", "2:6: an alias stands inside what it stands for; remove it\n");
    bad("a: { <<: [1] }\n", "1:11: <<: wants a map or a list of maps; write <<: *name\n");
}

static void test_cut_values(void **state) {
    (void)state;
    bad("{ a: f(x, g(y, 2)), b: 1 }\n",
        "1:6: a: \"f(x\" is cut at the comma; quote it: \"f(x, g(y, 2))\"\n");
    bad("[ decimal(10,2), int64 ]\n",
        "1:3: \"decimal(10\" is cut at the comma; quote it: \"decimal(10, 2)\"\n");
    bad("{ a: f(\"x\", 2) }\n",
        "1:6: a: \"f(\"x\"\" is cut at the comma; quote it: 'f(\"x\", 2)'\n");
    tree t;
    parse(&t, "{ a: f(x, 2), b: g(y, 2), c: ok }\n");
    assert_int_equal(t.diags.n, 2);
    assert_int_equal(t.root->n, 3);
    assert_string_equal(at(t.root, "b")->text, "g(y, 2)");
    done(&t);
    good(&t, "{ a: \"f(x\", 2): null, b: (, c: 1 }\n"); /* nothing to mend here */
    done(&t);
    good(&t, "a: f(x, 2)\nb: [ 'f(x', '2)' ]\n");
    done(&t);
}

static void test_depth(void **state) {
    (void)state;
    char text[300];
    for (size_t n = 60; n < 140; n++) {
        memset(text, '[', n);
        memset(text + n, ']', n);
        text[2 * n] = '\0';
        tree t;
        parse(&t, text);
        assert_int_equal(t.status == WEIR_OK, n <= WEIR_YAML_MAX_DEPTH);
        if (n > WEIR_YAML_MAX_DEPTH)
            assert_string_equal(t.diags.items[0].message, "nests deeper than 64 levels");
        done(&t);
    }
}

/* Nine levels of ten aliases each: a billion nodes when written out. */
static void test_alias_bomb(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_true(weir_buf_adds(&b, "l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n"));
    for (int i = 1; i < 9; i++) {
        assert_true(weir_buf_printf(&b, "l%d: &l%d [", i, i));
        for (int k = 0; k < 10; k++)
            assert_true(weir_buf_printf(&b, "%s*l%d", k ? ", " : "", i - 1));
        assert_true(weir_buf_adds(&b, "]\n"));
    }
    tree t;
    parse_bytes(&t, b.data, b.size);
    assert_int_equal(t.status, WEIR_USAGE);
    assert_null(t.root);
    assert_string_equal(t.diags.items[0].message, "the file holds more than 200,000 values");
    assert_true(t.arena.total_bytes < (4u << 20));
    done(&t);
    weir_buf_clear(&b);
}

/* The same with merge keys: each map holds all keys of the one before, ten times over. */
static void test_merge_bomb(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_true(weir_buf_adds(&b, "m0: &m0 {"));
    for (int k = 0; k < 900; k++) assert_true(weir_buf_printf(&b, "%sk%d: 1", k ? ", " : "", k));
    assert_true(weir_buf_adds(&b, "}\n"));
    for (int i = 1; i < 2000; i++)
        assert_true(weir_buf_printf(&b, "m%d: { <<: [*m0, *m0, *m0, *m0], k: 1 }\n", i));
    tree t;
    parse_bytes(&t, b.data, b.size);
    assert_int_equal(t.status, WEIR_USAGE);
    assert_true(t.arena.total_bytes < (64u << 20));
    done(&t);
    weir_buf_clear(&b);
}

static void test_limits(void **state) {
    (void)state;
    tree t;
    size_t n = WEIR_YAML_MAX_BYTES + 1;
    char *text = malloc(n);
    assert_non_null(text);
    memset(text, ' ', n);
    parse_bytes(&t, text, n);
    assert_int_equal(t.status, WEIR_USAGE);
    assert_string_equal(t.diags.items[0].message, "the file is larger than 8 MiB");
    done(&t);
    weir_buf b = {0};
    for (int i = 0; i < 1001; i++) assert_true(weir_buf_printf(&b, "- &a%d x\n", i));
    parse_bytes(&t, b.data, b.size);
    assert_string_equal(t.diags.items[0].message, "the file holds more than 1,000 anchors");
    done(&t);
    weir_buf_clear(&b);
    free(text);
}

/* 8 MiB of one pattern: read or refused within seconds, in bounded memory. */
static void test_no_pattern_hangs(void **state) {
    (void)state;
    static const char *const patterns[] = {
        "[",   "{",      "- ",      "? ",   "&a ", "*a ",   "a: ",    "a\n",  "'",       "\"",
        "|\n", "[a, ",   "{a: b, ", "# \n", "\n",  "- a\n", "k: v\n", "!a ",  "%a\n",    "---\n",
        "\t",  "a: [\n", "[]",      "{}",   ": ",  ",",     "\"\\",   "<<: ", "- - a\n", "\r"};
    size_t n = WEIR_YAML_MAX_BYTES;
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        size_t size = strlen(patterns[i]);
        for (size_t k = 0; k < n; k++) text[k] = patterns[i][k % size];
        tree t;
        clock_t start = clock();
        parse_bytes(&t, text, n);
        double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
        if (seconds > 10) fail_msg("\"%s\" took %.1f s", patterns[i], seconds);
        assert_true(t.status == WEIR_OK || t.status == WEIR_USAGE);
        done(&t);
    }
    free(text);
}

static void test_encodings(void **state) {
    (void)state;
    tree t;
    parse_bytes(&t, "\xff\xfe\x61\0", 4);
    assert_int_equal(t.status, WEIR_USAGE);
    assert_string_equal(t.diags.items[0].message, "the file is not UTF-8 here");
    done(&t);
    parse_bytes(&t, "a: b\nc: \xc3\xa4 \xc3(\n", 13);
    assert_int_equal(t.diags.items[0].line, 2);
    assert_int_equal(t.diags.items[0].column, 6);
    done(&t);
    parse_bytes(&t, "a: \0b\n", 6);
    assert_int_equal(t.status, WEIR_USAGE);
    assert_string_equal(t.diags.items[0].message, "a control character (U+0000) stands here");
    done(&t);
}

static void test_short_memory(void **state) {
    (void)state;
    static const char text[] =
        "a: &x { k: [1, 2, 3], \"q\": \"${FOLDER}\" }\nb: { <<: *x, z: f(1, 2) }\n"
        "c: 1\nc: 2\n";
    int refused = 0;
    for (size_t cap = 512; cap < 100000; cap += 256) {
        weir_arena arena = {.max_bytes = cap};
        weir_diags diags;
        weir_node *root = NULL;
        weir_references r = {.variable = test_variable};
        weir_diags_init(&diags, NULL);
        weir_status status = weir_yaml_parse(weir_slice_of(text), &r, &arena, &diags, &root);
        assert_true(status == WEIR_RESOURCE || status == WEIR_USAGE);
        refused += status == WEIR_RESOURCE;
        weir_diags_clear(&diags);
        weir_arena_clear(&arena);
    }
    assert_in_range(refused, 3, 380);
    weir_fault_init();
    for (long n = 1; n < 30; n++) {
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        tree t;
        parse(&t, text);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        assert_true(t.status == WEIR_RESOURCE || t.status == WEIR_USAGE);
        done(&t);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scalars),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_aliases_are_shared),
        cmocka_unit_test(test_merge_keys),
        cmocka_unit_test(test_rules),
        cmocka_unit_test(test_cut_values),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_alias_bomb),
        cmocka_unit_test(test_merge_bomb),
        cmocka_unit_test(test_limits),
        cmocka_unit_test(test_no_pattern_hangs),
        cmocka_unit_test(test_encodings),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
