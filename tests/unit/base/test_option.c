/* The option table: values, defaults, nearest spelling, nesting, help, markdown, JSON Schema. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include "base/fault.h"
#include "base/option.h"

typedef struct inner {
    char *name;
    int64_t level;
} inner;
typedef struct config {
    const char *path, *password, *with_default;
    bool header, header_given;
    int64_t count;
    double factor, ratio;
    uint64_t memory;
    int64_t wait;
    int mode;
    weir_opt_char delimiter;
    weir_opt_strings keys;
    weir_opt_expr filter;
    weir_opt_exprs set;
    weir_opt_strmap rename;
    weir_opt_columns columns;
    inner nested;
    weir_opt_list rules;
    const weir_node *any;
} config;

static const char *const modes[] = {"append", "replace", "upsert", NULL};
static const weir_option inner_options[] = {{.name = "name",
                                             .type = WEIR_OPT_STRING,
                                             .offset = offsetof(inner, name),
                                             .flags = WEIR_OPT_REQUIRED,
                                             .help = "what it is called"},
                                            {.name = "level",
                                             .type = WEIR_OPT_INT,
                                             .offset = offsetof(inner, level),
                                             .fallback = "7",
                                             .min = 1,
                                             .max = 9},
                                            {0}};
#define AT(member) .offset = offsetof(config, member)
static const weir_option options[] = {
    {.name = "path",
     .type = WEIR_OPT_STRING,
     AT(path),
     .alias = "file",
     .help = "where it is",
     .since = "0.1"},
    {.name = "password", .type = WEIR_OPT_SECRET, AT(password)},
    {.name = "with_default", .type = WEIR_OPT_STRING, AT(with_default), .fallback = "dflt"},
    {.name = "header",
     .type = WEIR_OPT_BOOL,
     AT(header),
     .fallback = "true",
     .set_offset = offsetof(config, header_given),
     .help = "the first record names the columns"},
    {.name = "count", .type = WEIR_OPT_INT, AT(count), .min = 1, .max = 100},
    {.name = "factor", .type = WEIR_OPT_FLOAT, AT(factor)},
    {.name = "ratio", .type = WEIR_OPT_RATIO, AT(ratio), .fallback = "5%"},
    {.name = "memory",
     .type = WEIR_OPT_SIZE,
     AT(memory),
     .fallback = "128MiB",
     .min = 1024,
     .max = (int64_t)1 << 40},
    {.name = "wait", .type = WEIR_OPT_DURATION, AT(wait), .fallback = "1s"},
    {.name = "mode",
     .type = WEIR_OPT_ENUM,
     AT(mode),
     .choices = modes,
     .fallback = "replace",
     .help = "how rows are loaded"},
    {.name = "delimiter", .type = WEIR_OPT_CHAR, AT(delimiter), .fallback = ","},
    {.name = "keys", .type = WEIR_OPT_STRINGS, AT(keys)},
    {.name = "filter", .type = WEIR_OPT_EXPR, AT(filter)},
    {.name = "set", .type = WEIR_OPT_EXPRS, AT(set)},
    {.name = "rename", .type = WEIR_OPT_STRMAP, AT(rename)},
    {.name = "columns", .type = WEIR_OPT_COLUMNS, AT(columns)},
    {.name = "nested", .type = WEIR_OPT_STRUCT, AT(nested), .fields = inner_options},
    {.name = "rules",
     .type = WEIR_OPT_LIST,
     AT(rules),
     .fields = inner_options,
     .item_size = sizeof(inner)},
    {.name = "any", .type = WEIR_OPT_NODE, AT(any)},
    {.name = "internal", .type = WEIR_OPT_INT, AT(count), .flags = WEIR_OPT_HIDDEN},
    {0}};

/* One binding and all it needs. */
typedef struct box {
    weir_arena arena;
    weir_diags diags;
    weir_node *map;
    config c;
    weir_status status;
} box;

static void box_open(box *b) {
    memset(b, 0, sizeof *b);
    weir_diags_init(&b->diags, NULL);
    b->map = weir_node_map(&b->arena);
}
static void box_close(box *b) {
    weir_diags_clear(&b->diags);
    weir_arena_clear(&b->arena);
}
static uint32_t next_line;
static weir_node *text(box *b, const char *s) {
    weir_node *n = weir_node_scalar(&b->arena, s, strlen(s));
    n->line = ++next_line;
    n->column = 5;
    return n;
}
static void put(box *b, weir_node *parent, const char *key, weir_node *value) {
    assert_true(weir_node_add(&b->arena, parent, key, value));
    if (parent->kind == WEIR_NODE_MAP) {
        parent->keys[parent->n - 1]->line = value->line ? value->line : ++next_line;
        parent->keys[parent->n - 1]->column = 1;
    }
}
static void bind(box *b) {
    b->status = weir_option_bind(options, b->map, &b->c, &b->arena, &b->diags);
}

/* Binds `key: value` alone; the message printed must be `want` ("" = none). */
static void one(const char *key, const char *value, const char *want, config *out) {
    box b;
    box_open(&b);
    next_line = 0;
    put(&b, b.map, key, text(&b, value));
    bind(&b);
    weir_buf printed = {0};
    assert_true(weir_diags_print(&b.diags, &printed));
    assert_string_equal(weir_buf_cstr(&printed), want);
    assert_int_equal(b.status, want[0] ? WEIR_USAGE : WEIR_OK);
    weir_buf_clear(&printed);
    if (out) *out = b.c; /* only numbers may be looked at */
    box_close(&b);
}

static void test_defaults(void **state) {
    (void)state;
    box b;
    box_open(&b);
    assert_int_equal(weir_option_bind(options, NULL, &b.c, &b.arena, &b.diags), WEIR_OK);
    assert_null(b.c.path);
    assert_string_equal(b.c.with_default, "dflt");
    assert_true(b.c.header);
    assert_false(b.c.header_given);
    assert_true(b.c.ratio == 0.05);
    assert_int_equal(b.c.memory, 128u << 20);
    assert_int_equal(b.c.wait, 1000000);
    assert_int_equal(b.c.mode, 1);
    assert_int_equal(b.c.delimiter.size, 1);
    assert_int_equal(b.c.delimiter.bytes[0], ',');
    assert_int_equal(b.c.nested.level, 7);
    assert_int_equal(b.diags.n, 0);
    box_close(&b);
}

static void test_values(void **state) {
    (void)state;
    config c;
    one("header", "NO", "", &c);
    assert_false(c.header);
    assert_true(c.header_given);
    one("count", "+42", "", &c);
    assert_int_equal(c.count, 42);
    one("factor", "-1.5e3", "", &c);
    assert_true(c.factor == -1500);
    one("ratio", "0.1%", "", &c);
    assert_true(c.ratio == 0.001);
    one("memory", "1.5GiB", "", &c);
    assert_int_equal(c.memory, 3u << 29);
    one("wait", "1h30m", "", &c);
    assert_int_equal(c.wait, 5400000000);
    one("mode", "upsert", "", &c);
    assert_int_equal(c.mode, 2);
    one("delimiter", "\\t", "", &c);
    assert_int_equal(c.delimiter.bytes[0], '\t');
    one("delimiter", "none", "", &c);
    assert_true(c.delimiter.set && c.delimiter.size == 0);
    one("delimiter", "\xe2\x82\xac", "", &c);
    assert_int_equal(c.delimiter.size, 3);
    one("internal", "5", "", &c);
    assert_int_equal(c.count, 5);
}

static void test_messages(void **state) {
    (void)state;
    one("headr", "x", "1:1: headr: is not a known key; did you mean \"header\"?\n", NULL);
    one("Delimter", "x", "1:1: Delimter: is not a known key; did you mean \"delimiter\"?\n", NULL);
    one("fil", "x", "1:1: fil: is not a known key; did you mean \"file\"?\n", NULL);
    one("header", "maybe", "1:5: header: \"maybe\" is not true or false; write true or false\n",
        NULL);
    one("count", "12x", "1:5: count: \"12x\" is not a whole number\n", NULL);
    one("count", "", "1:5: count: \"\" is not a whole number\n", NULL);
    one("count", "101", "1:5: count: \"101\" is not within 1 and 100\n", NULL);
    one("count", "99999999999999999999", "1:5: count: \"99999999999999999999\" is not in range\n",
        NULL);
    one("factor", "nan", "1:5: factor: \"nan\" is not a number\n", NULL);
    one("factor", "1e999", "1:5: factor: \"1e999\" is not a number\n", NULL);
    one("ratio", "5 percent", "1:5: ratio: \"5 percent\" is not a ratio; write 1% or 0.01\n", NULL);
    one("ratio", "-1%", "1:5: ratio: \"-1%\" is not a ratio; write 1% or 0.01\n", NULL);
    one("memory", "64 kilo",
        "1:5: memory: \"64 kilo\" is not a size; write a number with a unit, such as 64KiB or "
        "512MiB\n",
        NULL);
    one("memory", "10B", "1:5: memory: \"10B\" is too small: at least 1024 bytes\n", NULL);
    one("memory", "2TiB", "1:5: memory: \"2TiB\" is too large: at most 1099511627776 bytes\n",
        NULL);
    one("wait", "30",
        "1:5: wait: \"30\" is not a duration; write a number with a unit, such as 500ms, 30s, 10m "
        "or 1h\n",
        NULL);
    one("mode", "upset",
        "1:5: mode: \"upset\" is not one of append, replace, upsert; did you mean \"upsert\"?\n",
        NULL);
    one("mode", "zzz", "1:5: mode: \"zzz\" is not one of append, replace, upsert\n", NULL);
    one("delimiter", ",,",
        "1:5: delimiter: \",,\" is not a single character; write one character in quotes, \"\\t\" "
        "or none\n",
        NULL);
    one("set", "x", "1:5: set: wants a map of names to expressions, found \"x\"\n", NULL);
    one("nested", "x", "1:5: nested: wants a map, found \"x\"\n", NULL);
    one("rules", "x", "1:5: rules: wants a list, found \"x\"\n", NULL);
    one("filter", "", "1:5: filter: has no value; write a value, or remove the key\n", NULL);
}

static void test_secret_is_not_printed(void **state) {
    (void)state;
    box b;
    box_open(&b);
    weir_node *list = weir_node_list(&b.arena);
    put(&b, list, NULL, text(&b, "canary-1"));
    put(&b, b.map, "password", list);
    weir_node *n = text(&b, "canary-2");
    n->secret = true;
    n->written = "${SIZE}";
    put(&b, b.map, "memory", n);
    n = text(&b, "canary-3");
    n->secret = true;
    put(&b, b.map, "mode", n);
    bind(&b);
    weir_buf printed = {0};
    assert_true(weir_diags_print(&b.diags, &printed));
    assert_int_equal(b.diags.n, 3);
    assert_null(strstr(weir_buf_cstr(&printed), "canary"));
    assert_non_null(strstr(weir_buf_cstr(&printed), "memory: \"${SIZE}\" is not a size"));
    assert_non_null(strstr(weir_buf_cstr(&printed), "mode: *** is not one of"));
    weir_buf_clear(&printed);
    box_close(&b);
}

static void test_nested(void **state) {
    (void)state;
    box b;
    box_open(&b);
    weir_node *set = weir_node_map(&b.arena), *rules = weir_node_list(&b.arena);
    weir_node *rule = weir_node_map(&b.arena), *columns = weir_node_map(&b.arena);
    weir_node *column = weir_node_map(&b.arena), *nested = weir_node_map(&b.arena);
    put(&b, set, "z", text(&b, "lower(a)"));
    put(&b, set, "a", text(&b, "1"));
    put(&b, rule, "name", text(&b, "n1"));
    put(&b, rules, NULL, rule);
    rule = weir_node_map(&b.arena);
    put(&b, rule, "name", text(&b, "n2"));
    put(&b, rule, "level", text(&b, "9"));
    put(&b, rules, NULL, rule);
    put(&b, columns, "id", text(&b, "int64!"));
    put(&b, column, "type", text(&b, "timestamptz"));
    put(&b, column, "from", text(&b, "Created at"));
    put(&b, column, "ambiguous", text(&b, "later"));
    put(&b, column, "null", text(&b, "n/a"));
    put(&b, columns, "at", column);
    put(&b, nested, "name", text(&b, "inside"));
    put(&b, b.map, "set", set);
    put(&b, b.map, "rules", rules);
    put(&b, b.map, "columns", columns);
    put(&b, b.map, "nested", nested);
    put(&b, b.map, "any", nested);
    put(&b, b.map, "keys", text(&b, "id"));
    bind(&b);
    assert_int_equal(b.diags.n, 0);
    assert_int_equal(b.status, WEIR_OK);
    assert_int_equal(b.c.set.n, 2);
    assert_string_equal(b.c.set.names[0], "z");
    assert_string_equal(b.c.set.items[0].text, "lower(a)");
    assert_int_equal(b.c.set.items[0].column, 5);
    assert_int_equal(b.c.rules.n, 2);
    inner *items = b.c.rules.items;
    assert_string_equal(items[0].name, "n1");
    assert_int_equal(items[0].level, 7);
    assert_int_equal(items[1].level, 9);
    assert_int_equal(b.c.columns.n, 2);
    assert_string_equal(b.c.columns.items[0].type, "int64");
    assert_true(b.c.columns.items[0].not_null);
    assert_string_equal(b.c.columns.items[1].from, "Created at");
    assert_string_equal(b.c.columns.items[1].ambiguous, "later");
    assert_int_equal(b.c.columns.items[1].nulls.n, 1);
    assert_false(b.c.columns.items[1].not_null);
    assert_string_equal(b.c.nested.name, "inside");
    assert_ptr_equal(b.c.any, nested);
    assert_int_equal(b.c.keys.n, 1);
    box_close(&b);
}

static void test_all_errors_at_once(void **state) {
    (void)state;
    box b;
    box_open(&b);
    next_line = 0;
    weir_node *rules = weir_node_list(&b.arena), *rule = weir_node_map(&b.arena);
    rule->line = 20;
    rule->column = 3;
    put(&b, b.map, "count", text(&b, "1"));
    put(&b, b.map, "count", text(&b, "2"));
    put(&b, b.map, "path", text(&b, "a"));
    put(&b, b.map, "file", text(&b, "b"));
    put(&b, rules, NULL, rule);
    put(&b, b.map, "rules", rules);
    put(&b, b.map, "wait", text(&b, "soon"));
    bind(&b);
    assert_int_equal(b.status, WEIR_USAGE);
    weir_buf printed = {0};
    assert_true(weir_diags_print(&b.diags, &printed));
    assert_string_equal(
        weir_buf_cstr(&printed),
        "2:1: count: stands twice, first in line 1 column 1; keep one of the two\n"
        "4:1: file: means the same as \"path\", which is there too; keep one of the two\n"
        "6:5: wait: \"soon\" is not a duration; write a number with a unit, such as 500ms, 30s, "
        "10m or 1h\n"
        "20:3: name: is missing; what it is called\n");
    weir_buf_clear(&printed);
    box_close(&b);
}

static void test_wrong_kinds(void **state) {
    (void)state;
    box b;
    box_open(&b);
    weir_node *list = weir_node_list(&b.arena), *map = weir_node_map(&b.arena);
    weir_node null = {.kind = WEIR_NODE_NULL, .line = 4, .column = 1};
    list->line = 1;
    map->line = 2;
    put(&b, map, "a", text(&b, "x"));
    put(&b, b.map, "path", list);
    put(&b, b.map, "rules", map);
    put(&b, b.map, "mode", &null);
    bind(&b);
    weir_buf printed = {0};
    assert_true(weir_diags_print(&b.diags, &printed));
    assert_string_equal(weir_buf_cstr(&printed),
                        "1:0: path: wants one value, found a list\n"
                        "2:0: rules: wants a list, found a map; put \"- \" before each entry\n"
                        "4:1: mode: has no value; write a value, or remove the key\n");
    weir_buf_clear(&printed);
    box_close(&b);
}

static void test_parts_share_a_map(void **state) {
    (void)state;
    static const weir_option other_options[] = {
        {.name = "level", .type = WEIR_OPT_INT, .offset = offsetof(inner, level)}, {0}};
    box b;
    inner in = {0}, other = {0};
    box_open(&b);
    weir_option_part parts[] = {{inner_options, &in}, {other_options, &other}, {options, &b.c}};
    put(&b, b.map, "name", text(&b, "n"));
    put(&b, b.map, "level", text(&b, "3"));
    put(&b, b.map, "path", text(&b, "p"));
    assert_int_equal(weir_option_bind_parts(parts, 3, b.map, &b.arena, &b.diags), WEIR_OK);
    assert_string_equal(in.name, "n");
    assert_int_equal(in.level, 3);
    assert_int_equal(other.level, 3);
    assert_string_equal(b.c.path, "p");
    put(&b, b.map, "levl", text(&b, "p"));
    assert_int_equal(weir_option_bind_parts(parts, 3, b.map, &b.arena, &b.diags), WEIR_USAGE);
    assert_string_equal(b.diags.items[0].hint, "did you mean \"level\"?");
    box_close(&b);
}

static void test_duplicates_in_large_maps(void **state) {
    (void)state;
    box b;
    box_open(&b);
    weir_node *map = weir_node_map(&b.arena), *value = text(&b, "1");
    char key[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(key, sizeof key, "k%d", i % 2999);
        put(&b, map, key, value);
    }
    put(&b, b.map, "set", map);
    box inside = b;
    assert_int_equal(weir_option_bind(options, map, &inside.c, &b.arena, &b.diags), WEIR_USAGE);
    size_t twice = 0;
    for (size_t i = 0; i < b.diags.n; i++)
        if (strstr(b.diags.items[i].message, "stands twice")) twice++;
    assert_int_equal(b.diags.n_errors >= 1, 1);
    assert_true(twice <= 1);
    box_close(&b);
}

static void test_single_values(void **state) {
    (void)state;
    uint64_t size;
    int64_t us;
    double ratio;
    bool yes;
    static const struct {
        const char *text;
        uint64_t want;
    } sizes[] = {{"0", 0},
                 {"64KiB", 65536},
                 {"64 KiB", 65536},
                 {"1kB", 1000},
                 {"1.5MiB", 1572864},
                 {"10B", 10},
                 {"2TiB", (uint64_t)2 << 40}};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        assert_true(weir_option_parse_size(weir_slice_of(sizes[i].text), &size));
        assert_int_equal(size, sizes[i].want);
    }
    static const char *const no_sizes[] = {
        "",  "KiB", "-1", "1.", "1.0001B", "1Mib", "1 ", "1e3", "9999999TiB", "1234567890123456789",
        "1K"};
    for (size_t i = 0; i < sizeof no_sizes / sizeof *no_sizes; i++)
        assert_false(weir_option_parse_size(weir_slice_of(no_sizes[i]), &size));
    static const struct {
        const char *text;
        int64_t want;
    } waits[] = {{"0", 0},           {"500ms", 500000},     {"1.5s", 1500000},
                 {"10m", 600000000}, {"1h30m", 5400000000}, {"1d", 86400000000},
                 {"3us", 3}};
    for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
        assert_true(weir_option_parse_duration(weir_slice_of(waits[i].text), &us));
        assert_int_equal(us, waits[i].want);
    }
    static const char *const no_waits[] = {
        "", "1", "s", "-1s", "30m1h", "1h1h", "1 s", "0.1us", "999999999999999999d", "1hour"};
    for (size_t i = 0; i < sizeof no_waits / sizeof *no_waits; i++)
        assert_false(weir_option_parse_duration(weir_slice_of(no_waits[i]), &us));
    assert_true(weir_option_parse_ratio(weir_slice_of("0.01"), &ratio) && ratio == 0.01);
    assert_true(weir_option_parse_ratio(weir_slice_of("1%"), &ratio) && ratio == 0.01);
    assert_true(weir_option_parse_ratio(weir_slice_of("100 %"), &ratio) && ratio == 1.0);
    assert_false(weir_option_parse_ratio(weir_slice_of("%"), &ratio));
    assert_false(weir_option_parse_ratio(weir_slice_of("1%%"), &ratio));
    assert_false(weir_option_parse_ratio(weir_slice_of("nan"), &ratio));
    assert_true(weir_option_parse_bool(weir_slice_of("On"), &yes) && yes);
    assert_true(weir_option_parse_bool(weir_slice_of("FALSE"), &yes) && !yes);
    assert_false(weir_option_parse_bool(weir_slice_of("1"), &yes));
    assert_false(weir_option_parse_bool(weir_slice_of("truee"), &yes));
    assert_false(weir_option_parse_bool(weir_slice_of(""), &yes));
}

static void test_help_and_markdown(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_true(weir_option_help(inner_options, 2, &b));
    assert_string_equal(weir_buf_cstr(&b), "  name   text          required  what it is called\n"
                                           "  level  whole number  7         \n");
    weir_buf_clear(&b);
    assert_true(weir_option_help(options, 0, &b));
    assert_non_null(strstr(weir_buf_cstr(&b), "append | replace | upsert"));
    assert_non_null(strstr(weir_buf_cstr(&b), "\n  level "));
    assert_null(strstr(weir_buf_cstr(&b), "internal"));
    weir_buf_clear(&b);
    assert_true(weir_option_markdown(options, &b));
    assert_non_null(
        strstr(weir_buf_cstr(&b), "| `path` (or `file`) | text |  | where it is | 0.1 |\n"));
    assert_non_null(strstr(weir_buf_cstr(&b),
                           "| `mode` | append \\| replace \\| upsert | `replace` "
                           "| how rows are loaded |  |\n"));
    assert_non_null(strstr(weir_buf_cstr(&b), "| `rules[].name` | text | required |"));
    assert_non_null(strstr(weir_buf_cstr(&b), "| `nested.level` |"));
    weir_buf_clear(&b);
}

static void test_schema(void **state) {
    (void)state;
    weir_buf b = {0};
    assert_true(weir_option_schema(inner_options, &b));
    assert_string_equal(
        weir_buf_cstr(&b),
        "{\"type\":\"object\",\"properties\":{"
        "\"name\":{\"description\":\"what it is called\",\"type\":[\"string\",\"number\","
        "\"boolean\"]},"
        "\"level\":{\"default\":\"7\",\"type\":[\"integer\",\"string\"],\"pattern\":"
        "\"^[+-]?[0-9]+$|.*\\\\$\\\\{.*\",\"minimum\":1,\"maximum\":9}},"
        "\"additionalProperties\":false,\"required\":[\"name\"]}");
    weir_buf_clear(&b);
    assert_true(weir_option_schema(options, &b));
    assert_non_null(strstr(weir_buf_cstr(&b), "\"file\":{"));
    assert_null(strstr(weir_buf_cstr(&b), "internal"));
    weir_buf_clear(&b);
}

/* A binding of long texts, with wrong keys; `before` makes memory short in some way. */
static weir_status bind_long(void (*before)(box *, long), long n) {
    box b;
    box_open(&b);
    weir_node *columns = weir_node_map(&b.arena);
    char big[5000];
    memset(big, 'x', sizeof big);
    big[sizeof big - 1] = '\0';
    put(&b, columns, "id", text(&b, big));
    put(&b, b.map, "columns", columns);
    put(&b, b.map, "path", text(&b, big));
    put(&b, b.map, "keys", text(&b, big));
    put(&b, b.map, "wrong", text(&b, big));
    before(&b, n);
    bind(&b);
    weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
    weir_status status = b.status;
    box_close(&b);
    return status;
}

static void fail_nth(box *b, long n) {
    (void)b;
    weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
}

static void small_arena(box *b, long n) {
    b->arena.max_bytes = b->arena.total_bytes + (size_t)n * 512;
}

static void test_short_memory(void **state) {
    (void)state;
    int refused = 0;
    weir_fault_init();
    for (long n = 1; n < 60; n++) {
        /* An arena that is refused a large chunk goes on with a small one: not every hit hurts. */
        weir_status status = bind_long(fail_nth, n);
        assert_true(status == WEIR_USAGE || status == WEIR_RESOURCE);
        refused += status == WEIR_RESOURCE;
    }
    assert_true(refused >= 1);
    assert_int_equal(bind_long(fail_nth, 100000), WEIR_USAGE);
    refused = 0;
    for (long n = 1; n < 200; n++) {
        weir_status status = bind_long(small_arena, n);
        assert_true(status == WEIR_USAGE || status == WEIR_RESOURCE);
        refused += status == WEIR_RESOURCE;
    }
    assert_in_range(refused, 10, 190);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_messages),
        cmocka_unit_test(test_secret_is_not_printed),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_all_errors_at_once),
        cmocka_unit_test(test_wrong_kinds),
        cmocka_unit_test(test_parts_share_a_map),
        cmocka_unit_test(test_duplicates_in_large_maps),
        cmocka_unit_test(test_single_values),
        cmocka_unit_test(test_help_and_markdown),
        cmocka_unit_test(test_schema),
        cmocka_unit_test(test_short_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
