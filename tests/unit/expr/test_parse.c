/* The parser: precedence by canonical and fully bracketed text, places of errors, depth and size.
 */
#include "expr/ast.h"
#include "expr_test.h"

/* Every operation in brackets, so that the tree is seen. */
static void bracket(const weir_expr *e, weir_buf *out) {
    bool open = e->n > 0;
    if (open)
        assert_true(weir_buf_printf(out, "(%d", e->kind == WEIR_E_BINARY ? 100 + e->op : e->kind));
    for (uint32_t i = 0; i < e->n; i++) {
        assert_true(weir_buf_adds(out, " "));
        bracket(e->args[i], out);
    }
    if (open)
        assert_true(weir_buf_adds(out, ")"));
    else
        assert_true(weir_buf_add(out, e->text, e->text_size));
}

static void same_tree(const char *a, const char *b) {
    weir_arena arena = {0};
    weir_error err = {0};
    weir_buf x = {0}, y = {0};
    const weir_expr *e = NULL;
    MUST(weir_expr_parse(a, &arena, &e, &err));
    bracket(e, &x);
    MUST(weir_expr_parse(b, &arena, &e, &err));
    bracket(e, &y);
    if (strcmp(weir_buf_cstr(&x), weir_buf_cstr(&y)) != 0)
        fail_msg("%s is %s, but %s is %s", a, weir_buf_cstr(&x), b, weir_buf_cstr(&y));
    weir_buf_clear(&x);
    weir_buf_clear(&y);
    weir_arena_clear(&arena);
}

/* Strongest first; PostgreSQL's table. */
static void precedence(void **state) {
    static const char *const pairs[][2] = {
        {"a.b::int64", "(a.b)::int64"},
        {"a[1]::int64", "(a[1])::int64"},
        {"-a::int64", "-(a::int64)"},
        {"-a[1]", "-(a[1])"},
        {"-a.b", "-(a.b)"},
        {"- -a", "-(-(a))"},
        {"-a ^ b", "(-a) ^ b"},
        {"a ^ b ^ c", "(a ^ b) ^ c"},
        {"a ^ b * c", "(a ^ b) * c"},
        {"a * b ^ c", "a * (b ^ c)"},
        {"-a * b", "(-a) * b"},
        {"a at time zone 'x' ^ b", "(a at time zone 'x') ^ b"},
        {"-a at time zone 'x'", "(-a) at time zone 'x'"},
        {"a + b at time zone 'x'", "a + (b at time zone 'x')"},
        {"a at time zone 'x' at time zone 'y'", "(a at time zone 'x') at time zone 'y'"},
        {"a * b / c % d", "((a * b) / c) % d"},
        {"a + b * c", "a + (b * c)"},
        {"a - b - c", "(a - b) - c"},
        {"a - b + c", "(a - b) + c"},
        {"a || b + c", "a || (b + c)"},
        {"a -> 'x' ->> 'y'", "(a -> 'x') ->> 'y'"},
        {"a -> 'x' || b", "(a -> 'x') || b"},
        {"a ~ b || c", "(a ~ b) || c"},
        {"a like b || c", "a like (b || c)"},
        {"a || b like c", "(a || b) like c"},
        {"a between b + 1 and c + 1", "a between (b + 1) and (c + 1)"},
        {"a between b and c and d", "(a between b and c) and d"},
        {"a not between b and c or d", "(a not between b and c) or d"},
        {"a in (b) = c", "(a in (b)) = c"},
        {"a = b in (c)", "a = (b in (c))"},
        {"a + 1 in (b)", "(a + 1) in (b)"},
        {"a < b + c", "a < (b + c)"},
        {"a = b like c", "a = (b like c)"},
        {"a = b is null", "(a = b) is null"},
        {"a is null = b", "(a is null) = b"},
        {"a is null is null", "(a is null) is null"},
        {"a is distinct from b = c", "a is distinct from (b = c)"},
        {"not a = b", "not (a = b)"},
        {"not a is null", "not (a is null)"},
        {"not a and b", "(not a) and b"},
        {"not not a", "not (not a)"},
        {"not a in (b)", "not (a in (b))"},
        {"a and b or c", "(a and b) or c"},
        {"a or b and c", "a or (b and c)"},
        {"a or b and not c = d + e * f", "a or (b and (not (c = (d + (e * f)))))"},
        {"case when a then b end || c", "(case when a then b end) || c"},
        {"A AND B Or c", "A and B or c"},
        {"a != b", "a <> b"},
        {"a isnull", "a is null"},
        {"a notnull", "a is not null"},
        {"extract(YEAR from a)", "date_part('YEAR', a)"},
        {"substring(a from 2 for 3)", "substr(a, 2, 3)"},
        {"substring(a for 3)", "substr(a, 1, 3)"},
        {"substring(a, 2)", "substr(a, 2)"},
        {"trim(both 'x' from a)", "trim(a, 'x')"},
        {"trim(leading from a)", "ltrim(a)"},
        {"trim('x' from a)", "trim(a, 'x')"},
        {"trim(a)", "trim(a)"},
        {"position(a in b)", "strpos(b, a)"},
        {"overlay(a placing b from 1 for 2)", "overlay(a, b, 1, 2)"},
        {"cast(a as double precision)", "a::float64"},
        {"cast(a as timestamp with time zone)", "a::timestamptz"},
        {"a -- comment\n + b", "a + b"},
        {"a /* comment */ + b", "a + b"},
        {"\"a\" + \"b c\"", "a + \"b c\""},
        {"date + timestamp", "(date) + (timestamp)"}, /* columns with the names of types */
        {"left(left, right)", "left(\"left\", \"right\")"},
        {"position + trim", "(position) + (trim)"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) same_tree(pairs[i][0], pairs[i][1]);
}

static void canonical(void **state) {
    static const char *const texts[][2] = {
        {"  a+b *( c - 1 )", "a + b * (c - 1)"},
        {"((a))", "a"},
        {"a-(b-c)", "a - (b - c)"},
        {"(a-b)-c", "a - b - c"},
        {"NOT(a AND b)", "not (a and b)"},
        {"(a or b) and c", "(a or b) and c"},
        {"a and (b and c)", "a and (b and c)"},
        {"'it''s'", "'it''s'"},
        {"\"odd \"\"name\"\"\"", "\"odd \"\"name\"\"\""},
        {"\"case\"", "\"case\""},
        {"-5", "-5"},
        {"-(5)", "- (5)"},
        {"- a", "- a"},
        {"2 ^ -5", "2 ^ -5"},
        {"a::decimal(10,2)", "cast(a as decimal(10,2))"},
        {"try_cast(a as int)", "try_cast(a as int64)"},
        {"DATE '2024-01-01'", "date '2024-01-01'"},
        {"timestamptz '2024-01-01Z'", "timestamptz '2024-01-01Z'"},
        {"case a when 1 then 2 else 3 end", "case a when 1 then 2 else 3 end"},
        {"a not in (1,2)", "a not in (1, 2)"},
        {"a not ilike 'x' escape '!'", "a not ilike 'x' escape '!'"},
        {"a between symmetric 1 and 2", "a between symmetric 1 and 2"},
        {"(a between 1 and 2) between false and true",
         "(a between 1 and 2) between false and true"},
        {"a is not distinct from b", "a is not distinct from b"},
        {"(a = b) = c", "(a = b) = c"},
        {"(-a)[1]", "(- a)[1]"},
        {"a.b[1].c", "a.b[1].c"},
        {"f()", "f()"},
        {"~ a + b & c | d", "~ a + b & c | d"},
        {"~ (a & b)", "~ (a & b)"},
        {"(~ a) << 2 >> 1", "~ a << 2 >> 1"},
        {"a & (b | c) # d", "a & (b | c) # d"},
        {"a || b & c", "a || b & c"},
        {"a not similar to 'x' escape '!'", "a not similar to 'x' escape '!'"},
        {"LOWER(x)", "lower(x)"},
        {"1_000.5e-3", "1000.5e-3"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        weir_arena arena = {0};
        weir_error err = {0};
        weir_buf out = {0};
        const weir_expr *e = NULL;
        MUST(weir_expr_parse(texts[i][0], &arena, &e, &err));
        assert_true(weir_expr_format(e, &out));
        assert_string_equal(weir_buf_cstr(&out), texts[i][1]);
        same_tree(texts[i][0], texts[i][1]);
        weir_buf_clear(&out);
        weir_arena_clear(&arena);
    }
}

typedef struct wrong {
    const char *text;
    int column;
    const char *message, *hint; /* parts of them; NULL = any */
} wrong;

/* Errors of parsing and binding, against the batch of expr_test.h. */
static const wrong wrongs[] = {
    {"", 1, "empty", NULL},
    {"   ", 1, "empty", NULL},
    {"1 +", 4, "expected a value, but the expression ends here", NULL},
    {"(1", 3, "expected )", "( at 1 is still open"},
    {"1)", 2, "found )", "no ( for this )"},
    {"'abc", 1, "no closing '", "''"},
    {"i + \"x", 5, "no closing \"", NULL},
    {"i == 1", 3, "== is not an operator", "write ="},
    {"b && b", 3, "&& is not an operator", "write and"},
    {"!b", 1, "! is not an operator", "write not"},
    {"i // 2", 3, NULL, "div"},
    {"i ? 1 : 2", 3, NULL, "case when"},
    {"i;", 2, NULL, "leave the ; out"},
    {"`i`", 1, NULL, "double quotes"},
    {"{i}", 1, NULL, "placeholders"},
    {"i & s", 1, "bit_and cannot take (int64, string)", "cast(s as int64)"},
    {"s similar 'a'", 3, "expected an operator", NULL},
    {"printf('%d %d', i)", 8, "more places", NULL},
    {"printf('%y', i)", 8, "printf knows", NULL},
    {"printf(s, i)", 8, "must be constant", NULL},
    {"array_length(split(s, ','), 2)", 29, "one dimension", NULL},
    {"to_char(i, 'RN')", 12, "RN", NULL},
    {"to_char(i, '9.9.9')", 12, "two decimal points", NULL},
    {"to_char(i, 'S9PR')", 12, "two signs", NULL},
    {"to_char(i, 'x')", 12, "no 9", NULL},
    {"to_char(dt, s)", 13, "must be constant", "strftime"},
    {"to_number(s, g)", 14, "must be constant", NULL},
    {"i @ 1", 3, "@ does not belong", NULL},
    {"i \x01", 3, "byte 0x01", NULL},
    {"/* x", 1, "comment", NULL},
    {"1 < 2 < 3", 7, "chained", "and"},
    {"i in ()", 7, "no items", NULL},
    {"i in 5", 6, "expected ( after in", NULL},
    {"(1, 2)", 3, "only after in", NULL},
    {"i between 1", 12, "expected and", NULL},
    {"i is 5", 6, "after is", NULL},
    {"case when b then 1", 19, "when, else or end", NULL},
    {"case end", 6, "expected a value", NULL},
    {"case when b end", 13, "expected then", NULL},
    {"cast(i int64)", 8, "expected as and a type", "cast(x as int64)"},
    {"cast(i as nonsense)", 11, "nonsense", NULL},
    {"i::decimal(99,2)", 12, "precision", NULL},
    {"and", 1, "expected a value", "double quotes"},
    {"i like 'a' like 'b'", 12, "expected", "parentheses"},
    {"1x", 1, "followed directly by x", "double quotes"},
    {"1e", 1, "no digits after its e", NULL},
    {"lower(s", 8, "expected , or )", NULL},
    {"i j", 3, "expected an operator or the end, found j", NULL},
    {"count(*)", 1, "one record", NULL},
    {"amont", 1, "no column amont", "single quotes"},
    {"gg", 1, "no column gg", "did you mean g"},
    {"\"Hello\"", 1, "no column Hello", "'Hello'"},
    {"1 + xyz", 5, "no column xyz", NULL},
    {"lowr(s)", 1, "no function lowr", "did you mean lower"},
    {"sum(i)", 1, "no function sum", "one record"},
    {"lower(i)", 1, "lower cannot take (int64)", "cast(i as string)"},
    {"lower()", 1, "lower cannot take ()", "lower(string)"},
    {"lower(s, s)", 1, "lower cannot take (string, string)", NULL},
    {"i + s", 1, "int64 and string", "cast(s as int64)"},
    {"s + 'x'", 1, "string", "||"},
    {"s = i", 1, "s is string and i is int64", "cast(s as int64)"},
    {"i = 'abc'", 5, "not a whole number", "int64"},
    {"dt = '2024-02-30'", 6, "2024-02-30", NULL},
    {"date '31.12.2024'", 1, "31.12.2024", NULL},
    {"tz = ts", 1, "cannot be compared", "at time zone"},
    {"tz = dt", 1, "cannot be compared", "at time zone"},
    {"j = j", 1, "json values cannot be compared", "->>"},
    {"b + 1", 1, "bool and int64", NULL},
    {"dt + '1 day'", 1, "date and string", "interval '1 day'"},
    {"tz + 1", 1, "timestamptz", NULL},
    {"i and b", 1, "takes conditions, but this is int64", "i <> 0"},
    {"not s", 5, "takes conditions, but this is string", NULL},
    {"case when i then 1 end", 11, "when takes conditions", NULL},
    {"case when b then 1 else 'x' end", 25, "not a whole number", NULL},
    {"case when b then i else s end", 25, "s is string, but i is int64", "cast"},
    {"coalesce(i, s)", 13, "s is string, but i is int64", NULL},
    {"coalesce()", 1, "0 arguments", "coalesce(a, b)"},
    {"nullif(i)", 1, "1 argument", NULL},
    {"s.a", 1, "string has no fields", "\"s.a\""},
    {"j.a", 1, "json has no fields", "->"},
    {"st.c", 1, "has no field c", NULL},
    {"s[1]", 1, "no elements", "substr"},
    {"st[1]", 1, "no elements", "x.name"},
    {"s ~ '('", 5, "wrong pattern", NULL},
    {"s like 'a\\'", 8, "ends with its escape", NULL},
    {"s like 'a' escape 'xy'", 19, "one character", NULL},
    {"regexp_replace(s, 'a', 'b', 'q')", 29, "no flag q", NULL},
    {"date_trunc('fortnight', dt)", 12, "fortnight", "year"},
    {"to_date(s, 'YYYY-MM-DD')", 12, "no % field", "%Y-%m-%d"},
    {"to_date(s, '%Q')", 12, "wrong format", NULL},
    {"ts at time zone 'Mars/Base'", 17, "Mars/Base", NULL},
    {"round(d, k)", 10, "constant", NULL},
    {"cast(dt as int64)", 1, "date cannot become int64", NULL},
    {"cast(l as date)", 1, "cannot become date", NULL},
    {"to_timestamp(f)", 1, "float64", "decimal"},
    {"encode(s, 'rot13')", 11, "no such encoding", "base64"},
    {"s -> '$.a['", 6, "no path", NULL},
    {"json_query(s, '$.a[')", 15, "wrong JSONPath: a name in quotes", NULL},
    {"1e999", 1, "out of the range of float64", NULL},
    {"123456789012345678901234567890123456789", 1, "more than 38 digits", "exponent"},
    {"w * w * w", 1, NULL, NULL},
    {"coalesce(f4, 16777217)", 14, "16777217", "float32"},
    {"-s", 1, "- does not go with string", "cast"},
    {"-b", 1, "- does not go with bool", NULL},
    {"try(i, k)", 1, "try takes one", NULL},
    {"s || ", 6, "expected a value", NULL},
    {"i || k", 1, "none of the operands", NULL},
    {"list_contains(l, 'x')", 18, "not a whole number", NULL},
};

static void errors(void **state) {
    fixture *x = *state;
    for (size_t i = 0; i < sizeof wrongs / sizeof *wrongs; i++) {
        const wrong *w = &wrongs[i];
        weir_error err = {0};
        weir_program *p = NULL;
        weir_status status = weir_expr_compile(w->text, x->schema, NULL, &x->plan, &p, &err);
        if (strcmp(w->text, "w * w * w") == 0 && status == WEIR_OK) { /* decimal(38,30): fits */
            weir_program_free(p);
            continue;
        }
        if (status != WEIR_USAGE) fail_msg("%s is not refused", w->text);
        if (err.column != w->column || (w->message && !strstr(err.message, w->message)) ||
            (w->hint && !strstr(err.hint, w->hint)))
            fail_msg("%s: column %d: %s; %s", w->text, (int)err.column, err.message, err.hint);
    }
}

/* Names: exact case first, then any case if only one fits. */
static void names(void **state) {
    (void)state;
    weir_error err = {0};
    weir_arena arena = {0};
    weir_schema *s = NULL;
    weir_program *p = NULL;
    weir_field fields[] = {{"Id", weir_type_of(WEIR_INT64), false},
                           {"name", weir_type_of(WEIR_STRING), false},
                           {"NAME", weir_type_of(WEIR_INT64), false},
                           {"Order id", weir_type_of(WEIR_INT64), false},
                           {"größe", weir_type_of(WEIR_INT64), false}};
    MUST(weir_schema_new(fields, 5, &s, &err));
    MUST(weir_expr_compile("id", s, NULL, &arena, &p, &err));
    assert_int_equal(weir_program_column(p), 0);
    weir_program_free(p);
    MUST(weir_expr_compile("name", s, NULL, &arena, &p, &err));
    assert_int_equal(weir_program_column(p), 1);
    weir_program_free(p);
    MUST(weir_expr_compile("NAME", s, NULL, &arena, &p, &err));
    assert_int_equal(weir_program_column(p), 2);
    weir_program_free(p);
    MUST(weir_expr_compile("\"Order id\" + größe", s, NULL, &arena, &p, &err));
    weir_program_free(p);
    assert_int_equal(weir_expr_compile("Name", s, NULL, &arena, &p, &err), WEIR_USAGE);
    assert_non_null(strstr(err.message, "several columns"));
    assert_int_equal(weir_expr_compile("\"id\"", s, NULL, &arena, &p, &err), WEIR_USAGE);
    const weir_expr *e = NULL;
    MUST(weir_expr_parse("\"Order id\"", &arena, &e, &err));
    assert_string_equal(weir_expr_column_name(e), "Order id");
    MUST(weir_expr_parse("größe", &arena, &e, &err));
    assert_string_equal(weir_expr_column_name(e), "größe");
    MUST(weir_expr_parse("id + 1", &arena, &e, &err));
    assert_null(weir_expr_column_name(e));
    weir_schema_release(s);
    weir_arena_clear(&arena);
}

static void collect(void *context, const char *name) {
    assert_true(weir_buf_printf(context, "%s,", name));
}

static void columns(void **state) {
    (void)state;
    weir_error err = {0};
    weir_arena arena = {0};
    weir_buf out = {0};
    const weir_expr *e = NULL;
    MUST(
        weir_expr_parse("a + lower(b.c) || case when \"D\" then a else 'x' end", &arena, &e, &err));
    weir_expr_columns(e, collect, &out);
    assert_string_equal(weir_buf_cstr(&out), "a,b,D,a,");
    weir_buf_clear(&out);
    weir_arena_clear(&arena);
}

/* n times `open`, a core, n times `close`. */
static char *nest(const char *open, const char *core, const char *close, size_t n) {
    size_t a = strlen(open), b = strlen(close), c = strlen(core);
    char *text = malloc(n * (a + b) + c + 1), *at = text;
    for (size_t i = 0; i < n; i++, at += a) memcpy(at, open, a);
    memcpy(at, core, c);
    at += c;
    for (size_t i = 0; i < n; i++, at += b) memcpy(at, close, b);
    *at = '\0';
    return text;
}

static void try_nest(fixture *x, const char *open, const char *core, const char *close, size_t n,
                     bool good) {
    weir_error err = {0};
    weir_program *p = NULL;
    char *text = nest(open, core, close, n);
    weir_status status = weir_expr_compile(text, x->schema, NULL, &x->plan, &p, &err);
    if ((status == WEIR_OK) != good) fail_msg("%zu times %s: %s", n, open, err.message);
    if (status == WEIR_OK) {
        weir_column *c = NULL;
        MUST(weir_program_eval(p, NULL, &x->ctx, x->batch, weir_rows_of(x->batch), NULL, &c, &err));
        weir_column_release(c);
        weir_arena_reset(&x->scratch);
    } else {
        assert_int_equal(status, WEIR_USAGE);
    }
    weir_program_free(p);
    free(text);
}

static void bombs(void **state) {
    fixture *x = *state;
    static const struct {
        const char *open, *core, *close;
        size_t good;
    } nests[] = {
        {"(", "i", ")", 150},
        {"-", "i", "", 0},
        {"- ", "i", "", 150},
        {"not ", "b", "", 150},
        {"lower(", "s", ")", 150},
        {"", "i", " + 1", 150},
        {"", "s", " || 'a'", 5000},
        {"", "b", " and b", 5000},
        {"b or ", "b", "", 5000},
        {"case when b then ", "i", " end", 150},
        {"coalesce(", "i", ", 1)", 150},
        {"try(", "i", ")", 150},
        {"", "i", "::int64", 150},
        {"", "b", " is null", 150},
        {"nullif(", "i", ", 1)", 100},
        {"", "b", " = true and b", 1000},
        {"", "j", " -> 'a'", 150},
        {"", "s", "[", 0},
    };
    for (size_t i = 0; i < sizeof nests / sizeof *nests; i++) {
        if (nests[i].good)
            try_nest(x, nests[i].open, nests[i].core, nests[i].close, nests[i].good, true);
        try_nest(x, nests[i].open, nests[i].core, nests[i].close, 20000, false);
    }
    /* Long, but flat. */
    char *list = nest("", "i in (1", ",2", 16000);
    char *text = malloc(strlen(list) + 2);
    snprintf(text, strlen(list) + 2, "%s)", list);
    weir_error err = {0};
    weir_program *p = NULL;
    MUST(weir_expr_compile(text, x->schema, NULL, &x->plan, &p, &err));
    weir_program_free(p);
    free(list);
    free(text);
    list = nest("", "i in (1", ",2", 20000);
    assert_int_equal(weir_expr_compile(list, x->schema, NULL, &x->plan, &p, &err), WEIR_USAGE);
    free(list);
    list = nest("x", "", "", WEIR_EXPR_MAX_BYTES + 1);
    assert_int_equal(weir_expr_compile(list, x->schema, NULL, &x->plan, &p, &err), WEIR_USAGE);
    assert_non_null(strstr(err.message, "longer than"));
    free(list);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(precedence),
        cmocka_unit_test(canonical),
        cmocka_unit_test_setup_teardown(errors, fixture_open, fixture_close),
        cmocka_unit_test(names),
        cmocka_unit_test(columns),
        cmocka_unit_test_setup_teardown(bombs, fixture_open, fixture_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
