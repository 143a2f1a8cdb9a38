/* CSV values, nulls, headers, rejects and their words, one case each. */
#include "csv_helpers.h"

#include "base/fault.h"

#define COUNT(a) ((uint32_t)(sizeof(a) / sizeof *(a)))

static weir_csv_read_config config;
static weir_read_request request;
static weir_opt_columns columns;
static weir_opt_column items[16];

static int setup(void **state) {
    (void)state;
    config = read_defaults();
    memset(&columns, 0, sizeof columns);
    memset(items, 0, sizeof items);
    columns.items = items;
    request = (weir_read_request){.config = &config,
                                  .columns = &columns,
                                  .infer = WEIR_INFER_NONE,
                                  .chunk_bytes = 1 << 16,
                                  .max_record_bytes = 1 << 20};
    return 0;
}

static reading read_string(const char *text, weir_schema *schema) {
    return read_text(&request, schema, text, strlen(text));
}

/* Row `row` of a text read as strings, fields joined by '|'. */
static void expect_row(const reading *r, size_t row, const char *want) {
    char got[1024] = "";
    size_t n = 0;
    for (uint32_t c = 0; c < r->schema->n_fields; c++)
        n += (size_t)snprintf(got + n, sizeof got - n, "%s%s", c ? "|" : "", value_text(r, row, c));
    assert_string_equal(got, want);
}

static void expect_failure(const reading *r, size_t k, const char *field, const char *rule,
                           const char *reason) {
    uint32_t row;
    const weir_batch *b = reading_row(r, k, &row);
    const weir_failure *f = row_failure(b, row);
    assert_non_null(f);
    assert_string_equal(f->stage, "read");
    assert_string_equal(f->field, field);
    assert_string_equal(f->rule, rule);
    assert_string_equal(f->reason, reason);
}

static void expect_error(const char *text, weir_status status, const char *message,
                         const char *hint) {
    reading r = read_string(text, NULL);
    assert_int_equal(r.status, status);
    assert_string_equal(r.err.message, message);
    if (hint) assert_string_equal(r.err.hint, hint);
    reading_clear(&r);
}

/* ---- text ---------------------------------------------------------------------------------- */

static void test_quotes_and_nulls(void **state) {
    (void)state;
    reading r = read_string("a,b\n1,\n2,\"\"\n\"x,\"\"y\"\"\",\"l1\nl2\"\r\n 3 ,\" 4\"\n", NULL);
    assert_int_equal(r.rows, 4);
    expect_row(&r, 0, "1|<null>");
    expect_row(&r, 1, "2|");
    expect_row(&r, 2, "x,\"y\"|l1\nl2");
    expect_row(&r, 3, " 3 | 4");
    reading_clear(&r);
}

static void test_null_words(void **state) {
    (void)state;
    const char *words[] = {"NULL", "-", ""};
    weir_schema *s =
        make_schema((const char *[]){"a", "n"}, (const char *[]){"string", "int32"}, 2);
    config.null_given = true;
    config.null_words = (weir_opt_strings){2, words};
    reading r = read_string("a,n\nNULL,-\n\"NULL\",1\n,\n-,NULL\n\"\",\"\"\n", s);
    assert_int_equal(r.rows, 5);
    expect_row(&r, 0, "<null>|<null>");
    expect_row(&r, 1, "NULL|1");
    expect_row(&r, 2, "|<null>"); /* the empty field is a text again, but no number */
    expect_row(&r, 3, "<null>|<null>");
    expect_row(&r, 4, "|<null>");
    reading_clear(&r);
    config.null_quoted = true;
    config.null_words.n = 3;
    r = read_string("a,n\n\"NULL\",\"-\"\n\"\",\"7\"\n", s);
    expect_row(&r, 0, "<null>|<null>");
    expect_row(&r, 1, "<null>|7");
    reading_clear(&r);
    weir_schema_release(s);
}

/* A null word that is a number wins over the number. */
static void test_null_word_number(void **state) {
    (void)state;
    const char *words[] = {"-999"};
    weir_schema *s = make_schema((const char *[]){"a", "b"}, (const char *[]){"int64", "int64"}, 2);
    columns.n = 1;
    items[0] = (weir_opt_column){.name = "a", .type = "int64", .nulls = {1, words}};
    reading r = read_string("a,b\n-999,-999\n5,\n", s);
    expect_row(&r, 0, "<null>|-999");
    expect_row(&r, 1, "5|<null>");
    reading_clear(&r);
    weir_schema_release(s);
}

static void test_other_dialects(void **state) {
    (void)state;
    config.delimiter = one_char(';');
    config.quote = one_char('\'');
    config.escape = one_char('\\');
    reading r = read_string("a;b\n'it\\'s \\\\ \\n';2,5\n", NULL);
    expect_row(&r, 0, "it's \\ \\n|2,5");
    reading_clear(&r);
    config.quote = one_char(0);
    config.escape = one_char(0);
    r = read_string("a;b\n\"x;y\"\n", NULL);
    expect_row(&r, 0, "\"x|y\"");
    reading_clear(&r);
    config.quote = one_char(';');
    expect_error("a;b\n", WEIR_USAGE, "delimiter and quote are the same character ';'", NULL);
}

static void test_single_column(void **state) {
    (void)state;
    reading r = read_string("a\n1\n\n3\n", NULL);
    assert_int_equal(r.rows, 3);
    expect_row(&r, 1, "<null>");
    reading_clear(&r);
    r = read_string("a,b\n1,2\n\n\r\n3,4\n\n", NULL);
    assert_int_equal(r.rows, 2);
    uint32_t row;
    const weir_batch *b = reading_row(&r, 1, &row);
    assert_int_equal(weir_batch_line(b, row), 5);
    reading_clear(&r);
}

static void test_carriage_returns(void **state) {
    (void)state;
    reading r = read_string("a,b\r1,2\r\"3\r4\",5\n6,7\r\n8,9", NULL);
    assert_int_equal(r.rows, 4);
    expect_row(&r, 1, "3\r4|5");
    expect_row(&r, 3, "8|9");
    uint32_t row;
    const weir_batch *b = reading_row(&r, 3, &row);
    assert_int_equal(weir_batch_line(b, row), 6);
    reading_clear(&r);
    config.newline = WEIR_CSV_LF;
    r = read_string("a,b\n1,2\r3,4\n5,6\r\n7,8\r", NULL);
    assert_int_equal(r.rows, 3);
    expect_failure(&r, 0, "", "newline", "a carriage return stands outside quotes (field 2)");
    expect_row(&r, 1, "5|6");
    expect_row(&r, 2, "7|8");
    reading_clear(&r);
}

/* ---- heads --------------------------------------------------------------------------------- */

static void test_head(void **state) {
    (void)state;
    reading r = read_string("\xEF\xBB\xBF\n\n\"a\",\"b \"\"c\"\"\"\n1,2\n", NULL);
    assert_string_equal(r.schema->fields[0].name, "a");
    assert_string_equal(r.schema->fields[1].name, "b \"c\"");
    expect_row(&r, 0, "1|2");
    uint32_t row;
    const weir_batch *b = reading_row(&r, 0, &row);
    assert_int_equal(weir_batch_line(b, row), 4);
    assert_int_equal(weir_batch_byte(b, row), 19);
    reading_clear(&r);
    config.skip = 2;
    r = read_string("report \"x\nmade today\na,b\n1,2\n", NULL);
    assert_int_equal(r.rows, 1);
    expect_row(&r, 0, "1|2");
    reading_clear(&r);
}

static void test_no_header(void **state) {
    (void)state;
    config.header = false;
    reading r = read_string("\n1,2,3\n4,5,6", NULL);
    assert_int_equal(r.rows, 2);
    assert_string_equal(r.schema->fields[2].name, "column3");
    expect_row(&r, 1, "4|5|6");
    reading_clear(&r);
    columns.n = 2;
    items[0] = (weir_opt_column){.name = "x", .type = "int64"};
    items[1] = (weir_opt_column){.name = "y", .type = "string"};
    r = read_string("1,2,3\n4,5,6", NULL);
    assert_string_equal(r.schema->fields[0].name, "x");
    assert_string_equal(r.schema->fields[1].name, "y");
    assert_string_equal(r.schema->fields[2].name, "column3");
    reading_clear(&r);
    items[1].from = "column3";
    columns.n = 1;
    columns.items = &items[1];
    weir_schema *s = make_schema((const char *[]){"y"}, NULL, 1);
    r = read_string("1,2,3\n4,5,6", s);
    expect_row(&r, 1, "6");
    reading_clear(&r);
    weir_schema_release(s);
    columns.n = 0;
    r = read_string("", NULL);
    assert_int_equal(r.status, WEIR_OK);
    assert_int_equal(r.rows, 0);
    reading_clear(&r);
}

static void test_head_errors(void **state) {
    (void)state;
    expect_error("", WEIR_DATA, "the file is empty: there is no header",
                 "for a file without one set header: false");
    config.names = 1;
    expect_error("a,b,a\n", WEIR_DATA, "columns 1 and 3 are both called 'a'",
                 "let names: rename make it good, or name the columns yourself: header: false, "
                 "skip: 1 and columns");
    expect_error("\na,,b\n", WEIR_DATA, "column 2 has no name in the header",
                 "let names: rename make it good, or name the columns yourself: header: false, "
                 "skip: 2 and columns");
    expect_error("a,\xFF\n", WEIR_DATA, "the name of column 2 is not UTF-8 text", NULL);
    expect_error("a,\"b\n1,2\n", WEIR_DATA,
                 "the header is malformed: a quote is opened and never closed in field 2", NULL);
    expect_error("a,b\"c\n", WEIR_DATA,
                 "the header is malformed: a quote stands inside an unquoted field in field 2",
                 NULL);
    reading r = read_text(&request, NULL,
                          "\xFF\xFE"
                          "a\0\n\0",
                          6);
    assert_int_equal(r.status, WEIR_DATA);
    assert_string_equal(r.err.message, "the file is UTF-16, not UTF-8");
    reading_clear(&r);
    columns.n = 1;
    items[0] = (weir_opt_column){.name = "amount", .type = "int64"};
    expect_error("id,amont\n1,2\n", WEIR_DATA, "there is no column 'amount' in the file",
                 "did you mean 'amont'? Say so with from");
    items[0].name = "id";
    request.extra = WEIR_EXTRA_REJECT;
    expect_error("id,extra\n1,2\n", WEIR_DATA, "column 'extra' of the file is not declared",
                 "declare it under columns, or set extra_columns: keep or drop");
    request.max_record_bytes = request.chunk_bytes = 64;
    columns.n = 0;
    char longer[200];
    memset(longer, 'x', sizeof longer);
    r = read_text(&request, NULL, longer, sizeof longer);
    assert_int_equal(r.status, WEIR_DATA);
    assert_string_equal(r.err.message, "the head of the file has more than 64 bytes");
    reading_clear(&r);
}

/* ---- rejects ------------------------------------------------------------------------------- */

static void test_rejects(void **state) {
    (void)state;
    reading r = read_string("a,b\n1\n1,2,3\n\"x\"y,2\nx\"y,2\n7,8\n\"open,9\n10,11\n", NULL);
    assert_int_equal(r.rows, 7);
    expect_failure(&r, 0, "", "fields", "has 1 field, expected 2");
    expect_failure(&r, 1, "", "fields", "has 3 fields, expected 2");
    expect_failure(&r, 2, "", "quote", "text stands behind a closing quote (field 1)");
    expect_failure(&r, 3, "", "quote", "a quote stands inside an unquoted field (field 1)");
    expect_row(&r, 4, "7|8");
    expect_failure(&r, 5, "", "quote", "the quote opened on line 7 is not closed (field 1)");
    expect_row(&r, 6, "10|11");
    uint32_t row;
    const weir_batch *b = reading_row(&r, 5, &row);
    weir_slice raw = weir_batch_raw(b, row);
    assert_true(weir_slice_is(raw, "\"open,9"));
    assert_true(weir_column_is_poisoned(b->columns[0], row));
    reading_clear(&r);
}

static void test_stray_quotes_kept(void **state) {
    (void)state;
    config.stray_quotes = 1;
    reading r = read_string("a,b\n5' 3\",x\"y\"z\n\"q\",\"l\n\"\n", NULL);
    assert_int_equal(r.rows, 2);
    expect_row(&r, 0, "5' 3\"|x\"y\"z");
    expect_row(&r, 1, "q|l\n");
    assert_null(r.batches[0]->failures);
    reading_clear(&r);
}

/* One missing quote costs one line, though a later quote seems to close it. */
static void test_missing_quote_costs_one_line(void **state) {
    (void)state;
    reading r = read_string("a,b\n\"1\",\"one\n\"2\",\"two\"\n3,three\n\"4\",\"four\"\n", NULL);
    assert_int_equal(r.rows, 4);
    expect_failure(&r, 0, "", "quote", "the quote opened on line 2 is not closed (field 2)");
    expect_row(&r, 1, "2|two");
    expect_row(&r, 2, "3|three");
    expect_row(&r, 3, "4|four");
    reading_clear(&r);
}

/* The raw bytes of row number i. */
static void expect_raw(const reading *r, size_t i, const char *text) {
    uint32_t row;
    const weir_batch *b = reading_row(r, i, &row);
    weir_slice raw = weir_batch_raw(b, row);
    if (!weir_slice_is(raw, text)) fail_msg("raw: %.*s", (int)raw.size, raw.data);
}

/* A sound record of several lines behind a missing quote is whole, whatever the chunk size. */
static void test_sound_records_behind_a_missing_quote(void **state) {
    (void)state;
    static const size_t sizes[] = {64, 65, 71, 100, 1000, 65536};
    const char *text = "a,b,c\n1,\"abc,x\n2,plain,y\n3,\"several\nlines, \"\"quoted\"\"\nhere\",z\n"
                       "4,x\"y,\"two\nlines\"\n5,ok,\"\n6,fine,\"one\ntwo\"\n7,\"end,u\n8,last,v\n";
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        request.chunk_bytes = sizes[i];
        reading r = read_string(text, NULL);
        assert_int_equal(r.rows, 8);
        expect_failure(&r, 0, "", "quote", "the quote opened on line 2 is not closed (field 2)");
        expect_raw(&r, 0, "1,\"abc,x");
        expect_row(&r, 1, "2|plain|y");
        expect_row(&r, 2, "3|several\nlines, \"quoted\"\nhere|z");
        /* the stray quote is on a line of its own, whose last field is open; its rest goes along */
        expect_failure(&r, 3, "", "quote", "the quote opened on line 7 is not closed (field 2)");
        expect_raw(&r, 3, "4,x\"y,\"two\nlines\"");
        expect_failure(&r, 4, "", "quote", "the quote opened on line 9 is not closed (field 3)");
        expect_raw(&r, 4, "5,ok,\"");
        expect_row(&r, 5, "6|fine|one\ntwo");
        expect_failure(&r, 6, "", "quote", "the quote opened on line 12 is not closed (field 2)");
        expect_raw(&r, 6, "7,\"end,u");
        expect_row(&r, 7, "8|last|v");
        reading_clear(&r);
    }
}

/* The lines of a broken record that can be none of their own are part of its one reject. */
static void test_broken_record_of_several_lines(void **state) {
    (void)state;
    static const size_t sizes[] = {64, 66, 77, 1000, 65536};
    const char *text = "a,b,c\n1,\"He said\n\n\"hello\" to me,\n\nbye\",x,y,z\n2,ok,x\n"
                       "3,\"lost,\nquote,\n\n4,\"one\ntwo\",y\n5,\"end\nhere";
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        request.chunk_bytes = sizes[i];
        reading r = read_string(text, NULL);
        assert_int_equal(r.rows, 5);
        expect_failure(&r, 0, "", "quote", "the quote opened on line 2 is not closed (field 2)");
        expect_raw(&r, 0, "1,\"He said\n\n\"hello\" to me,\n\nbye\",x,y,z");
        expect_row(&r, 1, "2|ok|x");
        expect_raw(&r, 2, "3,\"lost,\nquote,");
        expect_row(&r, 3, "4|one\ntwo|y");
        expect_raw(&r, 4, "5,\"end\nhere");
        reading_clear(&r);
    }
    /* where rows may be short, a short line is a record */
    config.ragged = WEIR_CSV_PAD;
    reading r = read_string("a,b,c\n1,\"x\n2,y\n3,\"z\"\n", NULL);
    assert_int_equal(r.rows, 3);
    expect_raw(&r, 0, "1,\"x");
    expect_row(&r, 1, "2|y|<null>");
    expect_row(&r, 2, "3|z|<null>");
    reading_clear(&r);
}

static void test_too_long(void **state) {
    (void)state;
    char text[9000];
    size_t n = (size_t)snprintf(text, sizeof text, "a,b\n1,");
    memset(text + n, 'x', 8000);
    n += 8000;
    n += (size_t)snprintf(text + n, sizeof text - n, "\n2,3\n");
    request.chunk_bytes = 1000;
    request.max_record_bytes = 5000;
    reading r = read_text(&request, NULL, text, n);
    assert_int_equal(r.rows, 2);
    expect_failure(&r, 0, "", "length",
                   "has 8003 bytes, more than max_record allows; its first 4096 are kept");
    expect_row(&r, 1, "2|3");
    uint32_t row;
    const weir_batch *b = reading_row(&r, 1, &row);
    assert_int_equal(weir_batch_byte(b, row), 4 + 8003);
    assert_int_equal(weir_batch_line(b, row), 3);
    reading_clear(&r);
}

static void test_utf8(void **state) {
    (void)state;
    weir_schema *s = make_schema((const char *[]){"b"}, NULL, 1);
    reading r = read_string("a,b\n\xC3\xA9,ok\nx,a\xFF"
                            "b\n\xFF,fine\n",
                            s);
    assert_int_equal(r.rows, 3);
    expect_row(&r, 0, "ok");
    expect_failure(&r, 1, "b", "utf8", "byte 2 of the value is not UTF-8");
    expect_row(&r, 2, "fine"); /* column a is not asked for */
    reading_clear(&r);
    weir_schema_release(s);
}

/* ---- types --------------------------------------------------------------------------------- */

typedef struct type_case {
    const char *type, *text, *value; /* value NULL: a failure with `reason` */
    const char *reason;
} type_case;

static const type_case cases[] = {
    {"int64", "0", "0", NULL},
    {"int64", "-9223372036854775808", "-9223372036854775808", NULL},
    {"int64", "9223372036854775808", NULL, "\"9223372036854775808\" is out of the range of int64"},
    {"int64", "\"12\"", "12", NULL},
    {"int64", " 12", NULL, "\" 12\" is not an int64: there are blanks around it"},
    {"int64", "12x", NULL, "\"12x\" is not an int64"},
    {"int64", "007", "7", NULL},
    {"int32", "2147483648", NULL, "\"2147483648\" is out of the range of int32"},
    {"int16", "-32768", "-32768", NULL},
    {"int8", "128", NULL, "\"128\" is out of the range of int8"},
    {"uint8", "255", "255", NULL},
    {"uint8", "-1", NULL, "\"-1\" is out of the range of uint8"},
    {"uint16", "65535", "65535", NULL},
    {"uint32", "4294967295", "4294967295", NULL},
    {"uint64", "18446744073709551615", "18446744073709551615", NULL},
    {"decimal(10,2)", "12.5", "12.50", NULL},
    {"decimal(10,2)", "12.34", "12.34", NULL},
    {"decimal(10,2)", "99999999.99", "99999999.99", NULL},
    {"decimal(10,2)", "-0.01", "-0.01", NULL},
    {"decimal(10,2)", "100000000.00", NULL,
     "\"100000000.00\" is out of the range of decimal(10,2)"},
    {"decimal(10,2)", "1.234", NULL, "\"1.234\" has more digits than decimal(10,2) keeps"},
    {"decimal(10,2)", "N/A", NULL, "\"N/A\" is not a decimal(10,2)"},
    {"decimal(10,2)", "\"12,50\"", NULL, "\"12,50\" is not a decimal(10,2)"},
    {"decimal(5,0)", "42", "42", NULL},
    {"decimal(3,2)", "12.34", NULL, "\"12.34\" is out of the range of decimal(3,2)"},
    {"decimal(30,4)", "12345678901234567890.1234", "12345678901234567890.1234", NULL},
    {"float64", "0.1", "0.1", NULL},
    {"float64", "NaN", "NaN", NULL},
    {"float64", "1e400", NULL, "\"1e400\" is out of the range of float64"},
    {"float32", "1.5", "1.5", NULL},
    {"bool", "true", "true", NULL},
    {"bool", "NO", "false", NULL},
    {"bool", "maybe", NULL, "\"maybe\" is not a bool"},
    {"date", "2024-02-29", "2024-02-29", NULL},
    {"date", "\"2024-02-29\"", "2024-02-29", NULL},
    {"time", "03:04:05.25", "03:04:05.250", NULL},
    {"timestamp", "2024-01-02T03:04:05", "2024-01-02 03:04:05", NULL},
    {"timestamp", "2024-01-02 03:04:05.5", "2024-01-02 03:04:05.500", NULL},
    {"timestamptz", "2024-01-02T03:04:05Z", "2024-01-02 03:04:05Z", NULL},
    {"timestamptz", "2024-01-02T03:04:05+02:00", "2024-01-02 01:04:05Z", NULL},
    {"timestamptz", "2024-01-02T03:04:05", "2024-01-02 03:04:05Z", NULL},
    {"timestamptz", "yesterday", NULL, "\"yesterday\" is not a timestamptz"},
    {"uuid", "123E4567-e89b-12d3-a456-426614174000", "123e4567-e89b-12d3-a456-426614174000", NULL},
    {"uuid", "123", NULL, "\"123\" is not a uuid"},
    {"interval", "1 day", "1 day", NULL},
    {"json", "\"{\"\"a\"\": 1}\"", "{\"a\": 1}", NULL},
    {"json", "{a}", NULL, "\"{a}\" is not valid json"},
    {"binary", "\\x00ff", "\\x00ff", NULL},
    {"binary", "abc", NULL, "\"abc\" is not binary: \\x and hexadecimal digits are expected"},
    {"string", "plain", "plain", NULL},
    {"string", "a text of more than twelve bytes", "a text of more than twelve bytes", NULL},
    {"string", "\"a \"\"text\"\" of more than twelve bytes\"",
     "a \"text\" of more than twelve bytes", NULL},
};

/* Each case alone and in the middle of many, so that the fast kernels and the exact path both see
 * it. */
static void test_types(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const type_case *c = &cases[i];
        char text[8192];
        weir_schema *s = make_schema((const char *[]){"v"}, &c->type, 1);
        for (int copies = 1; copies <= 101; copies += 100) {
            size_t n = (size_t)snprintf(text, sizeof text, "k,v\n");
            for (int k = 0; k < copies; k++)
                n += (size_t)snprintf(text + n, sizeof text - n, "%d,%s\n", k, c->text);
            reading r = read_text(&request, s, text, n);
            if (r.status != WEIR_OK) fail_msg("%s %s: %s", c->type, c->text, r.err.message);
            assert_int_equal(r.rows, copies);
            size_t last = r.rows - 1;
            if (c->value) {
                if (strcmp(value_text(&r, last, 0), c->value) != 0)
                    fail_msg("%s %s: got %s", c->type, c->text, value_text(&r, last, 0));
            } else {
                assert_string_equal(value_text(&r, last, 0), "<null>");
                expect_failure(&r, last, "v", "type", c->reason);
            }
            reading_clear(&r);
        }
        weir_schema_release(s);
    }
}

static void test_empty_is_null_but_in_text(void **state) {
    (void)state;
    static const char *const types[] = {"int64",       "decimal(9,2)", "float64", "bool", "date",
                                        "timestamptz", "uuid",         "string",  "json"};
    for (uint32_t i = 0; i < COUNT(types); i++) {
        weir_schema *s = make_schema((const char *[]){"v"}, &types[i], 1);
        reading r = read_string("k,v\n1,\n2,\"\"\n", s);
        expect_row(&r, 0, "<null>");
        if (strcmp(types[i], "json") == 0)
            expect_failure(&r, 1, "v", "type", "\"\" is not valid json");
        else
            expect_row(&r, 1, strcmp(types[i], "string") ? "<null>" : "");
        reading_clear(&r);
        weir_schema_release(s);
    }
}

static void test_format_and_zone(void **state) {
    (void)state;
    weir_schema *s =
        make_schema((const char *[]){"t", "d"}, (const char *[]){"timestamptz", "date"}, 2);
    columns.n = 2;
    items[0] = (weir_opt_column){.name = "t",
                                 .type = "timestamptz",
                                 .from = "Created at",
                                 .format = "%d.%m.%Y %H:%M",
                                 .timezone = "Europe/Berlin"};
    items[1] = (weir_opt_column){.name = "d", .type = "date", .format = "%d/%m/%Y"};
    reading r = read_string("Created at,d\n02.07.2024 12:30,31/12/2023\n2024-07-02,1/1/24\n", s);
    if (r.status != WEIR_OK) fail_msg("%s", r.err.message);
    expect_row(&r, 0, "2024-07-02 10:30:00Z|2023-12-31");
    expect_failure(&r, 1, "t", "type", "\"2024-07-02\" is not a timestamptz of the given format");
    reading_clear(&r);
    items[0].format = NULL;
    r = read_string("Created at,d\n2024-03-31T02:30:00,01/01/2024\n", s);
    expect_failure(&r, 0, "t", "type",
                   "\"2024-03-31T02:30:00\" does not exist in its time zone, as the clock went "
                   "forward");
    reading_clear(&r);
    weir_schema_release(s);
}

static void test_not_null(void **state) {
    (void)state;
    weir_schema *s =
        make_schema((const char *[]){"a", "b"}, (const char *[]){"int64!", "string!"}, 2);
    reading r = read_string("a,b\n1,x\n,y\nq,\"\"\n", s);
    assert_null(row_failure(r.batches[0], 0));
    expect_failure(&r, 1, "a", "not_null", "is null");
    expect_failure(&r, 2, "a", "type", "\"q\" is not an int64");
    assert_int_equal(r.batches[0]->failures->n, 2);
    reading_clear(&r);
    weir_schema_release(s);
}

static void test_nested_refused(void **state) {
    (void)state;
    weir_schema *s = make_schema((const char *[]){"a"}, (const char *[]){"list<int64>"}, 1);
    reading r = read_string("a\n1\n", s);
    assert_int_equal(r.status, WEIR_USAGE);
    assert_string_equal(r.err.hint, "declare it as json");
    reading_clear(&r);
    weir_schema_release(s);
}

/* More rows than a batch may hold; a field of many blocks; a row of very many fields. */
static void test_sizes(void **state) {
    (void)state;
    size_t n = 0, rows = 150000, big = 3 << 20;
    char *text = malloc(rows * 2 + big * 2 + 100000);
    n += (size_t)snprintf(text + n, 16, "a\n");
    for (size_t i = 0; i < rows; i++) n += (size_t)snprintf(text + n, 16, "%d\n", (int)(i % 10));
    request.chunk_bytes = 1 << 20;
    request.max_record_bytes = 8 << 20;
    reading r = read_text(&request, NULL, text, n);
    assert_int_equal(r.rows, rows);
    assert_true(r.n >= 3);
    assert_string_equal(value_text(&r, rows - 1, 0), "9");
    reading_clear(&r);

    n = (size_t)snprintf(text, 100, "a,b\n1,\"");
    for (size_t i = 0; i < big; i++) text[n++] = i % 100 == 99 ? '\n' : 'x';
    memcpy(text + n, "\"\"y\"\n3,4\n", 9);
    n += 9;
    request.chunk_bytes = 1 << 16;
    r = read_text(&request, NULL, text, n);
    assert_int_equal(r.rows, 2);
    uint32_t row;
    const weir_batch *b = reading_row(&r, 0, &row);
    assert_int_equal(weir_column_slice(b->columns[1], row).size, big + 2);
    expect_row(&r, 1, "3|4");
    reading_clear(&r);

    n = (size_t)snprintf(text, 100, "a,b\n1,2\n");
    memset(text + n, ',', 50000);
    n += 50000;
    n += (size_t)snprintf(text + n, 16, "\n3,4\n");
    r = read_text(&request, NULL, text, n);
    assert_int_equal(r.rows, 3);
    expect_failure(&r, 1, "", "fields", "has 50001 fields, expected 2");
    expect_row(&r, 2, "3|4");
    reading_clear(&r);
    free(text);
}

/* ---- memory --------------------------------------------------------------------------------- */

static const char fault_text[] =
    "id,t,note\n1,2024-01-02T03:04:05Z,\"a \"\"quoted\"\" text, long\"\n"
    "x,never,b\xFF\n2\n\"3\",,c\n4,5,\"open\n5,,\n";

/* Every allocation fails once: a clean error, and no leak (the sanitizer sees them). */
static void test_allocations_fail(void **state) {
    (void)state;
    weir_schema *s = make_schema((const char *[]){"id", "t", "note"},
                                 (const char *[]){"int64!", "timestamptz", "string"}, 3);
    request.chunk_bytes = 64;
    request.max_record_bytes = 200;
    for (long n = 1;; n++) {
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
        reading r = read_string(fault_text, s);
        long passed = weir_fault_count(WEIR_FAULT_MALLOC);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        weir_status status = r.status;
        size_t rows = r.rows;
        reading_clear(&r);
        /* An allocation that failed may have been made up for; the result must be whole then. */
        if (status == WEIR_OK)
            assert_int_equal(rows, 6);
        else
            assert_int_equal(status, WEIR_RESOURCE);
        if (n <= passed) continue;
        assert_true(n > 30);
        assert_int_equal(status, WEIR_OK);
        break;
    }
    weir_schema_release(s);
}

/* A 64 MiB field within a budget of 256 MiB; everything is given back. */
static void test_budget(void **state) {
    (void)state;
    const size_t big = (size_t)64 << 20;
    char *text = malloc(big + 100);
    size_t n = (size_t)snprintf(text, 100, "a,b\n1,\"");
    memset(text + n, 'z', big);
    n += big;
    memcpy(text + n, "\"\"\"\n2,3\n", 8);
    n += 8;
    weir_ledger ledger;
    weir_ledger_init(&ledger, "test", (size_t)256 << 20, NULL);
    request.ledger = &ledger;
    request.chunk_bytes = 1 << 20;
    request.max_record_bytes = (size_t)65 << 20;
    reading r = read_text(&request, NULL, text, n);
    if (r.status != WEIR_OK) fail_msg("%s", r.err.message);
    assert_int_equal(r.rows, 2);
    assert_true(atomic_load(&ledger.peak_bytes) < (size_t)205 << 20);
    reading_clear(&r);
    assert_int_equal(atomic_load(&ledger.used_bytes), 0);
    weir_ledger_init(&ledger, "test", (size_t)64 << 20, NULL);
    r = read_text(&request, NULL, text, n);
    assert_int_equal(r.status, WEIR_RESOURCE);
    reading_clear(&r);
    assert_int_equal(atomic_load(&ledger.used_bytes), 0);
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_quotes_and_nulls, setup),
        cmocka_unit_test_setup(test_null_words, setup),
        cmocka_unit_test_setup(test_null_word_number, setup),
        cmocka_unit_test_setup(test_other_dialects, setup),
        cmocka_unit_test_setup(test_single_column, setup),
        cmocka_unit_test_setup(test_carriage_returns, setup),
        cmocka_unit_test_setup(test_head, setup),
        cmocka_unit_test_setup(test_no_header, setup),
        cmocka_unit_test_setup(test_head_errors, setup),
        cmocka_unit_test_setup(test_rejects, setup),
        cmocka_unit_test_setup(test_stray_quotes_kept, setup),
        cmocka_unit_test_setup(test_missing_quote_costs_one_line, setup),
        cmocka_unit_test_setup(test_sound_records_behind_a_missing_quote, setup),
        cmocka_unit_test_setup(test_broken_record_of_several_lines, setup),
        cmocka_unit_test_setup(test_too_long, setup),
        cmocka_unit_test_setup(test_utf8, setup),
        cmocka_unit_test_setup(test_types, setup),
        cmocka_unit_test_setup(test_empty_is_null_but_in_text, setup),
        cmocka_unit_test_setup(test_format_and_zone, setup),
        cmocka_unit_test_setup(test_not_null, setup),
        cmocka_unit_test_setup(test_nested_refused, setup),
        cmocka_unit_test_setup(test_sizes, setup),
        cmocka_unit_test_setup(test_allocations_fail, setup),
        cmocka_unit_test_setup(test_budget, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
