#include "base/fault.h"
#include "random_column.h"

/* ---- single values ------------------------------------------------------------------------- */

typedef struct cast_case {
    const char *from, *text, *to;
    const char *want;    /* NULL = the record fails */
    const char *options; /* "round", "trunc", a zone, "earlier", "later"; several with blanks */
    const char *reason;
} cast_case;

static weir_cast_options options_of(const char *text) {
    weir_cast_options o = {0};
    if (!text) return o;
    o.lossy_round = strstr(text, "round") != NULL;
    o.lossy_trunc = strstr(text, "trunc") != NULL;
    o.ambiguous = strstr(text, "earlier") ? 1 : strstr(text, "later") ? 2 : 0;
    if (strstr(text, "Berlin")) o.zone = "Europe/Berlin";
    return o;
}

/* A value of a type from its text: a cast from string, or the text itself. */
static weir_column *value_of(const char *type, const char *text) {
    weir_error err = {0};
    weir_rows one = {NULL, 1, 1};
    weir_column *s = texts(type_of("string"), &text, 1), *v = NULL;
    MUST(weir_cast(s, type_of(type), one, NULL, NULL, NULL, &v, &err));
    weir_column_release(s);
    if (text && weir_column_is_null(v, 0)) fail_msg("'%s' is no %s", text, type);
    return v;
}

static void check_case(const cast_case *c) {
    weir_error err = {0};
    weir_rows one = {NULL, 1, 1};
    weir_failures *f = NULL;
    weir_column *v = value_of(c->from, c->text), *out = NULL;
    weir_cast_options o = options_of(c->options);
    MUST(weir_failures_new(1, &f, &err));
    weir_blame blame = {f, "set", "col", NULL, false};
    assert_true(weir_cast_known(v->type, type_of(c->to)));
    MUST(weir_cast(v, type_of(c->to), one, &o, &blame, NULL, &out, &err));
    MUST(weir_column_validate(out, &err));
    const char *got = text_of(out, 0);
    bool failed = f->n > 0;
    if (failed != !c->want || (c->want && strcmp(got, c->want) != 0))
        fail_msg("%s '%s' to %s (%s): %s %s, wanted %s", c->from, c->text, c->to,
                 c->options ? c->options : "", got, failed ? f->items[0].reason : "",
                 c->want ? c->want : "a failure");
    if (failed) {
        assert_true(weir_column_is_poisoned(out, 0));
        assert_string_equal(f->items[0].stage, "set");
        assert_string_equal(f->items[0].field, "col");
        assert_string_equal(f->items[0].rule, "type");
        if (c->reason && !strstr(f->items[0].reason, c->reason)) fail_msg("%s", f->items[0].reason);
    }
    weir_failures_free(f);
    weir_column_release(v);
    weir_column_release(out);
}

static const cast_case cases[] = {
    /* text to numbers */
    {"string", "12", "int8", "12", 0, 0},
    {"string", "128", "int8", NULL, 0, "col \"128\" is out of range for int8"},
    {"string", "-129", "int8", NULL, 0, "out of range"},
    {"string", "255", "uint8", "255", 0, 0},
    {"string", "-1", "uint8", NULL, 0, "out of range"},
    {"string", "32767", "int16", "32767", 0, 0},
    {"string", "65536", "uint16", NULL, 0, 0},
    {"string", "-2147483648", "int32", "-2147483648", 0, 0},
    {"string", "4294967295", "uint32", "4294967295", 0, 0},
    {"string", "9223372036854775807", "int64", "9223372036854775807", 0, 0},
    {"string", "9223372036854775808", "int64", NULL, 0, "out of range for int64"},
    {"string", "18446744073709551615", "uint64", "18446744073709551615", 0, 0},
    {"string", "abc", "int64", NULL, 0, "col \"abc\" is not a whole number (int64)"},
    {"string", "", "int64", NULL, 0, "col \"\" is empty, not a whole number (int64)"},
    {"string", "1.5", "int64", NULL, 0, "not a whole number"},
    {"string", "1.5", "int64", "2", "round", 0},
    {"string", "-1.5", "int64", "-2", "round", 0},
    {"string", "-1.5", "int64", "-1", "trunc", 0},
    {"string", "127.5", "int8", NULL, "round", "out of range"},
    {"string", "12.345", "decimal(10,2)", NULL, 0,
     "col \"12.345\" cannot be kept exactly as decimal(10,2)"},
    {"string", "12.345", "decimal(10,2)", "12.35", "round", 0},
    {"string", "12.345", "decimal(10,2)", "12.34", "trunc", 0},
    {"string", "-12.345", "decimal(30,2)", "-12.35", "round", 0},
    {"string", "99999999.999", "decimal(10,2)", NULL, "round", "out of range"},
    {"string", "123456789.00", "decimal(10,2)", NULL, 0, "out of range for decimal(10,2)"},
    {"string", "0.1", "float64", "0.1", 0, 0},
    {"string", "nan", "float64", "NaN", 0, 0},
    {"string", "1e400", "float64", NULL, 0, "out of range"},
    {"string", "yes", "bool", "true", 0, 0},
    {"string", "F", "bool", "false", 0, 0},
    {"string", "maybe", "bool", NULL, 0, "col \"maybe\" is not true or false"},
    /* among numbers */
    {"int64", "300", "int8", NULL, 0, "col 300 is out of range for int8"},
    {"int64", "-1", "uint64", NULL, 0, 0},
    {"uint64", "18446744073709551615", "int64", NULL, 0, 0},
    {"uint64", "18446744073709551615", "decimal(20,0)", "18446744073709551615", 0, 0},
    {"int8", "-128", "int64", "-128", 0, 0},
    {"int64", "5", "decimal(10,2)", "5.00", 0, 0},
    {"int64", "99999999", "decimal(10,2)", "99999999.00", 0, 0},
    {"int64", "100000000", "decimal(10,2)", NULL, 0, 0},
    {"int64", "9223372036854775807", "decimal(38,19)", "9223372036854775807.0000000000000000000", 0,
     0},
    {"int64", "9223372036854775807", "decimal(38,20)", NULL, 0, 0},
    {"decimal(10,2)", "123.00", "int64", "123", 0, 0},
    {"decimal(10,2)", "123.45", "int64", NULL, 0, "col 123.45 cannot be kept exactly as int64"},
    {"decimal(10,2)", "123.50", "int64", "124", "round", 0},
    {"decimal(10,2)", "-123.50", "int64", "-124", "round", 0},
    {"decimal(10,2)", "123.49", "int64", "123", "round", 0},
    {"decimal(10,2)", "-123.99", "int64", "-123", "trunc", 0},
    {"decimal(10,2)", "123.45", "decimal(10,1)", NULL, 0, 0},
    {"decimal(10,2)", "123.45", "decimal(10,1)", "123.5", "round", 0},
    {"decimal(10,2)", "123.45", "decimal(38,10)", "123.4500000000", 0, 0},
    {"decimal(38,10)", "123.4500000000", "decimal(10,2)", "123.45", 0, 0},
    {"decimal(38,0)", "99999999999999999999999999999999999999", "decimal(38,1)", NULL, 0, 0},
    {"decimal(38,0)", "99999999999999999999999999999999999999", "int64", NULL, 0, "out of range"},
    {"decimal(38,1)", "9999999999999999999999999999999999999.9", "decimal(38,0)",
     "10000000000000000000000000000000000000", "round", 0},
    {"decimal(10,2)", "99999999.99", "decimal(9,1)", NULL, "round", "out of range"},
    {"decimal(10,2)", "5.00", "decimal(5,2)", "5.00", 0, 0},
    {"decimal(10,2)", "5000.00", "decimal(5,2)", NULL, 0, 0},
    {"decimal(10,2)", "0.10", "float64", "0.1", 0, 0},
    {"decimal(38,2)", "12345678901234567890.12", "float64", NULL, 0, "exactly"},
    {"decimal(38,2)", "12345678901234567890.12", "float64", "1.2345678901234567e+19", "round", 0},
    {"decimal(10,2)", "0.10", "float32", "0.1", 0, 0},
    {"decimal(12,2)", "1234567890.12", "float32", NULL, 0, "exactly"},
    {"int64", "9007199254740992", "float64", "9.007199254740992e+15", 0, 0},
    {"int64", "9007199254740993", "float64", NULL, 0, "exactly as float64"},
    {"int64", "9007199254740993", "float64", "9.007199254740992e+15", "round", 0},
    {"int64", "9223372036854775807", "float64", NULL, 0, 0},
    {"int32", "16777217", "float32", NULL, 0, 0},
    {"float64", "3", "int64", "3", 0, 0},
    {"float64", "3.5", "int64", NULL, 0, "col 3.5 cannot be kept exactly as int64"},
    {"float64", "3.5", "int64", "4", "round", 0},
    {"float64", "-3.5", "int64", "-4", "round", 0},
    {"float64", "-3.9", "int64", "-3", "trunc", 0},
    {"float64", "9223372036854775808", "int64", NULL, 0, "out of range"},
    {"float64", "-9223372036854775808", "int64", "-9223372036854775808", 0, 0},
    {"float64", "1e300", "int64", NULL, 0, "out of range"},
    {"float64", "NaN", "int64", NULL, 0, "out of range"},
    {"float64", "NaN", "decimal(10,2)", NULL, 0, "out of range"},
    {"float64", "-Infinity", "decimal(10,2)", NULL, 0, "out of range"},
    {"float64", "0.1", "decimal(10,2)", "0.10", 0, 0},
    {"float64", "0.125", "decimal(10,2)", NULL, 0, "exactly"},
    {"float64", "0.125", "decimal(10,2)", "0.13", "round", 0},
    {"float64", "1e-30", "decimal(10,2)", "0.00", "round", 0},
    {"float64", "1e-300", "decimal(10,2)", "0.00", "trunc", 0},
    {"float64", "1e37", "decimal(38,0)", "10000000000000000000000000000000000000", 0, 0},
    {"float64", "1e39", "decimal(38,0)", NULL, "round", "out of range"},
    {"float64", "0.1", "float32", NULL, 0, "exactly"},
    {"float64", "0.1", "float32", "0.1", "round", 0},
    {"float64", "1e300", "float32", NULL, "round", "out of range"},
    {"float64", "Infinity", "float32", "Infinity", 0, 0},
    {"float32", "0.1", "decimal(10,2)", "0.10", 0, 0},
    {"float32", "0.5", "float64", "0.5", 0, 0},
    {"bool", "true", "int8", "1", 0, 0},
    {"bool", "false", "decimal(10,2)", "0.00", 0, 0},
    {"int64", "1", "bool", "true", 0, 0},
    {"int64", "2", "bool", NULL, 0, "out of range for bool"},
    {"decimal(3,1)", "1.0", "bool", "true", 0, 0},
    {"decimal(3,1)", "0.5", "bool", NULL, 0, 0},
    /* times */
    {"string", "2024-02-29", "date", "2024-02-29", 0, 0},
    {"string", "2023-02-29", "date", NULL, 0, "col \"2023-02-29\" "},
    {"string", "2024-01-01 10:00:00", "timestamp", "2024-01-01 10:00:00", 0, 0},
    {"string", "2024-01-01 10:00:00+02:00", "timestamp", NULL, 0, 0},
    {"string", "2024-01-01T10:00:00+02:00", "timestamptz", "2024-01-01 08:00:00Z", 0, 0},
    {"string", "2024-07-01 10:00:00", "timestamptz(Europe/Berlin)", "2024-07-01 10:00:00+02:00", 0,
     0},
    {"string", "2024-07-01 10:00:00", "timestamptz", "2024-07-01 08:00:00Z", "Berlin", 0},
    {"string", "2024-10-27 02:30:00", "timestamptz(Europe/Berlin)", NULL, 0,
     "col \"2024-10-27 02:30:00\" "},
    {"string", "2024-10-27 02:30:00", "timestamptz(Europe/Berlin)", "2024-10-27 02:30:00+02:00",
     "earlier", 0},
    {"string", "2024-10-27 02:30:00", "timestamptz(Europe/Berlin)", "2024-10-27 02:30:00+01:00",
     "later", 0},
    {"string", "10:11:12.5", "time", "10:11:12.500", 0, 0},
    {"string", "25:00:00", "time", NULL, 0, 0},
    {"string", "1 day 02:00:00", "interval", "1 day 02:00:00", 0, 0},
    {"date", "2024-01-02", "timestamp", "2024-01-02 00:00:00", 0, 0},
    {"date", "2024-01-02", "timestamptz", "2024-01-01 23:00:00Z", "Berlin", 0},
    {"timestamp", "2024-01-02 00:00:00", "date", "2024-01-02", 0, 0},
    {"timestamp", "2024-01-02 00:00:01", "date", NULL, 0,
     "col 2024-01-02 00:00:01 has a time of day"},
    {"timestamp", "1969-12-31 23:59:59", "date", "1969-12-31", "trunc", 0},
    {"timestamp", "2024-03-31 02:30:00", "timestamptz(Europe/Berlin)", NULL, 0,
     "does not exist in Europe/Berlin"},
    {"timestamp", "2024-10-27 02:30:00", "timestamptz(Europe/Berlin)", NULL, 0,
     "happens twice in Europe/Berlin"},
    {"timestamp", "2024-10-27 02:30:00", "timestamptz(Europe/Berlin)", "2024-10-27 02:30:00+01:00",
     "later", 0},
    {"timestamptz(Europe/Berlin)", "2024-07-01 10:00:00+02:00", "timestamp", "2024-07-01 10:00:00",
     0, 0},
    {"timestamptz", "2024-07-01 08:00:00Z", "timestamp", "2024-07-01 10:00:00", "Berlin", 0},
    {"timestamptz", "2024-07-01 08:00:00Z", "timestamptz(Europe/Berlin)",
     "2024-07-01 10:00:00+02:00", 0, 0},
    {"timestamptz", "2024-06-30 22:00:00Z", "date", "2024-07-01", "Berlin", 0},
    {"time", "01:02:03", "interval", "01:02:03", 0, 0},
    /* text, bytes, uuids, json */
    {"int64", "-5", "string", "-5", 0, 0},
    {"decimal(30,4)", "123456789012345.6789", "string", "123456789012345.6789", 0, 0},
    {"timestamp", "2024-01-02 03:04:05.000006", "string", "2024-01-02 03:04:05.000006", 0, 0},
    {"bool", "true", "string", "true", 0, 0},
    {"string", "\\x00ff", "binary", "\\x00ff", 0, 0},
    {"string", "\\x00f", "binary", NULL, 0, "hexadecimal"},
    {"string", "plain and long enough", "binary", "\\x706c61696e20616e64206c6f6e6720656e6f756768",
     0, 0},
    {"binary", "\\x00ff", "string", "\\x00ff", 0, 0},
    {"string", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "uuid",
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 0, 0},
    {"string", "a0eebc99", "uuid", NULL, 0, "is not a UUID"},
    {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "string",
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 0, 0},
    {"uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "binary",
     "\\xa0eebc999c0b4ef8bb6d6bb9bd380a11", 0, 0},
    {"binary", "\\xa0eebc999c0b4ef8bb6d6bb9bd380a11", "uuid",
     "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", 0, 0},
    {"binary", "\\xa0", "uuid", NULL, 0, "is not a UUID"},
    {"string", " {\"a\": [1, 2]} ", "json", " {\"a\": [1, 2]} ", 0, 0},
    {"string", "{\"a\": }", "json", NULL, 0, "is not valid JSON"},
    {"string", "", "json", NULL, 0, "is empty"},
    {"json", "{\"a\":1}", "string", "{\"a\":1}", 0, 0},
    {"json", "12", "int64", "12", 0, 0},
    {"json", " \"12\" ", "int64", "12", 0, 0},
    {"json", "\"\\u0031\\u0032\"", "int64", "12", 0, 0},
    {"json", "1.5", "decimal(5,2)", "1.50", 0, 0},
    {"json", "null", "int64", "null", 0, 0},
    {"json", "true", "bool", "true", 0, 0},
    {"json", "\"2024-01-01\"", "date", "2024-01-01", 0, 0},
    {"json", "[1]", "int64", NULL, 0, "col \"[1]\" is not a whole number"},
    {"json", "\"abc\"", "binary", "\\x616263", 0, 0},
    {"int64", "5", "json", "5", 0, 0},
    {"date", "2024-01-01", "json", "\"2024-01-01\"", 0, 0},
    {"timestamp", "2024-01-01 01:02:03", "json", "\"2024-01-01T01:02:03\"", 0, 0},
    {"float64", "NaN", "json", "null", 0, 0},
};

static void values(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i]);
}

/* Text and back gives the same value for every type. */
static void round_trip(void **state) {
    (void)state;
    weir_error err = {0};
    for (size_t t = 0; t < RANDOM_TYPES; t++) {
        const weir_type *type = type_of(random_types[t]);
        if (!weir_cast_known(type_of("string"), type)) continue;
        for (int round = 0; round < 6; round++) {
            weir_rows rows = {NULL, 80, 80};
            weir_column *c = random_column(type, (weir_encoding)(round % 3), 80, 4, false),
                        *s = NULL, *back = NULL;
            MUST(weir_cast(c, type_of("string"), rows, NULL, NULL, NULL, &s, &err));
            MUST(weir_cast(s, type, rows, NULL, NULL, NULL, &back, &err));
            MUST(weir_column_validate(s, &err));
            MUST(weir_column_validate(back, &err));
            for (uint32_t i = 0; i < 80; i++) {
                if (!weir_column_is_null(c, i)) assert_string_equal(text_of(c, i), text_of(s, i));
                if (!weir_column_equal(c, i, back, i))
                    fail_msg("%s: %s became %s", type->name, text_of(c, i), text_of(back, i));
            }
            weir_column_release(c);
            weir_column_release(s);
            weir_column_release(back);
        }
    }
}

/* ---- columns ------------------------------------------------------------------------------- */

/* Every pair, every encoding, with selections: each row as if it were alone. */
static void check_rows(const weir_column *c, const weir_type *to, weir_rows rows,
                       const weir_cast_options *o) {
    weir_error err = {0};
    weir_failures *f = NULL;
    weir_column *out = NULL, *quiet = NULL;
    MUST(weir_failures_new(c->length, &f, &err));
    weir_blame blame = {f, "cast", "c", "type", false};
    MUST(weir_cast(c, to, rows, o, &blame, NULL, &out, &err));
    MUST(weir_cast(c, to, rows, o, NULL, NULL, &quiet, &err));
    MUST(weir_column_validate_rows(out, rows, &err));
    MUST(weir_column_validate_rows(quiet, rows, &err));
    assert_int_equal(out->length, c->length);
    assert_ptr_equal(out->type, to);
    size_t n_failed = 0;
    for (uint32_t k = 0; k < rows.n; k++) {
        uint32_t row = weir_rows_at(&rows, k);
        weir_rows one = {NULL, 1, 1};
        weir_failures *alone = NULL;
        weir_column *v = row_alone(c, row), *single = NULL;
        MUST(weir_failures_new(1, &alone, &err));
        weir_blame b = {alone, "cast", "c", "type", false};
        MUST(weir_cast(v, to, one, o, &b, NULL, &single, &err));
        if (!weir_column_equal(out, row, single, 0))
            fail_msg("%s to %s: %s", c->type->name, to->name, text_of(c, row));
        assert_true(weir_column_equal(quiet, row, single, 0));
        assert_int_equal(weir_failures_bad(f, row), alone->n > 0);
        assert_int_equal(weir_column_is_poisoned(out, row),
                         weir_column_is_poisoned(c, row) || alone->n > 0);
        assert_int_equal(weir_column_is_poisoned(quiet, row), weir_column_is_poisoned(c, row));
        if (alone->n) {
            size_t i = 0;
            while (i < f->n && f->items[i].row != row) i++;
            assert_string_equal(f->items[i].reason, alone->items[0].reason);
            n_failed++;
        }
        weir_failures_free(alone);
        weir_column_release(v);
        weir_column_release(single);
    }
    assert_int_equal(f->n, n_failed); /* one each, and none for rows outside */
    weir_failures_free(f);
    weir_column_release(out);
    weir_column_release(quiet);
}

static void every_pair(void **state) {
    (void)state;
    static const weir_cast_options ways[] = {
        {0}, {.lossy_round = true}, {.lossy_trunc = true, .ambiguous = 1}};
    int pairs = 0;
    for (size_t a = 0; a < RANDOM_TYPES; a++)
        for (size_t b = 0; b < RANDOM_TYPES; b++) {
            const weir_type *from = type_of(random_types[a]), *to = type_of(random_types[b]);
            if (!weir_cast_known(from, to)) continue;
            pairs++;
            for (int round = 0; round < 6; round++) {
                uint32_t length = random_below(40);
                uint16_t *sel;
                weir_rows rows = random_rows(length, &sel);
                weir_column *c = random_column(from, (weir_encoding)(round % 3), length,
                                               round % 2 ? 4 : 0, true);
                check_rows(c, to, rows, &ways[round % 3]);
                weir_column_release(c);
                free(sel);
            }
        }
    assert_true(pairs > 250);
}

static const char *const numbers[] = {"1",          "-7",   "300",         "2.5",  "abc", "",
                                      "1e3",        NULL,   "99999999999", "0.01", "-0",  "true",
                                      "2024-01-01", "1.00", "7",           "12 "};

/* Texts that fail now and then, through dictionaries, too. */
static void texts_that_fail(void **state) {
    (void)state;
    weir_error err = {0};
    static const char *const to[] = {"int8", "int64", "decimal(8,2)", "decimal(30,3)", "float64",
                                     "bool", "date",  "json",         "binary"};
    weir_cast_options round_them = {.lossy_round = true}, none = {0};
    for (size_t t = 0; t < sizeof to / sizeof *to; t++)
        for (int round = 0; round < 12; round++) {
            const char *items[64];
            uint16_t *sel;
            weir_column *c = NULL;
            for (int i = 0; i < 64; i++) items[i] = numbers[random_below(16)];
            if (round % 3 == 1) {
                const char *few[] = {"1", "abc", "2.5", "true", "300", "unused"};
                MUST(weir_column_dictionary(texts(type_of("string"), few, 6), 64, NULL, &c, &err));
                for (uint32_t i = 0; i < 64; i++) c->indices[i] = (int32_t)random_below(5);
                MUST(weir_column_set_null(c, 3, true, NULL, &err));
            } else if (round % 3 == 2) {
                const char *value = numbers[random_below(6)];
                MUST(weir_column_constant(type_of("string"), 64, value, strlen(value), NULL, &c,
                                          &err));
            } else {
                c = texts(type_of("string"), items, 64);
            }
            weir_rows rows = random_rows(64, &sel);
            check_rows(c, type_of(to[t]), rows, round % 2 ? &round_them : &none);
            weir_column_release(c);
            free(sel);
        }
}

/* A large dictionary and few rows: the rows are converted instead. */
static void large_dictionary(void **state) {
    (void)state;
    weir_error err = {0};
    static const char *items[5000];
    for (int i = 0; i < 5000; i++) items[i] = i % 3 ? "12" : "x";
    weir_column *c = NULL;
    MUST(weir_column_dictionary(texts(type_of("string"), items, 5000), 100, NULL, &c, &err));
    for (uint32_t i = 0; i < 100; i++) c->indices[i] = (int32_t)(i * 37);
    uint16_t sel[] = {3, 4, 5, 50, 99};
    weir_rows rows = {sel, 5, 100};
    check_rows(c, type_of("int64"), rows, NULL);
    weir_column_release(c);
}

static void unknown_pairs(void **state) {
    (void)state;
    weir_error err = {0};
    weir_rows one = {NULL, 1, 1};
    weir_column *v = value_of("int64", "1"), *out = NULL;
    assert_false(weir_cast_known(v->type, type_of("timestamp")));
    assert_int_equal(weir_cast(v, type_of("timestamp"), one, NULL, NULL, NULL, &out, &err),
                     WEIR_USAGE);
    assert_string_equal(err.message, "int64 cannot be cast to timestamp");
    assert_null(out);
    weir_column_release(v);
    assert_false(weir_cast_known(type_of("string"), type_of("list<int64>")));
    assert_false(weir_cast_known(type_of("date"), type_of("int64")));
    assert_true(weir_cast_known(type_of("list<int64>"), type_of("json")));
    assert_true(weir_cast_known(weir_type_of(WEIR_NULL), type_of("list<int64>")));
}

static void nulls_of_no_type(void **state) {
    (void)state;
    weir_error err = {0};
    weir_rows rows = {NULL, 10, 10};
    weir_column *null = NULL, *out = NULL;
    for (size_t t = 0; t < RANDOM_TYPES; t++) {
        MUST(weir_column_constant(weir_type_of(WEIR_NULL), 10, NULL, 0, NULL, &null, &err));
        if (t % 2) MUST(weir_column_set_null(null, 0, true, NULL, &err));
        MUST(weir_cast(null, type_of(random_types[t]), rows, NULL, NULL, NULL, &out, &err));
        MUST(weir_column_validate(out, &err));
        assert_true(weir_column_is_null(out, 7));
        assert_int_equal(weir_column_is_poisoned(out, 7), t % 2);
        weir_column_release(null);
        weir_column_release(out);
        MUST(weir_column_new(weir_type_of(WEIR_NULL), 10, NULL, &null, &err));
        MUST(weir_column_set_null(null, 4, true, NULL, &err));
        MUST(weir_cast(null, type_of(random_types[t]), rows, NULL, NULL, NULL, &out, &err));
        MUST(weir_column_validate(out, &err));
        assert_true(weir_column_is_poisoned(out, 4) && !weir_column_is_poisoned(out, 5) &&
                    weir_column_is_null(out, 5));
        weir_column_release(null);
        weir_column_release(out);
    }
}

static void long_values_are_clipped(void **state) {
    (void)state;
    weir_error err = {0};
    weir_rows one = {NULL, 1, 1};
    weir_failures *f = NULL;
    static char big[100001];
    memset(big, 'x', 100000);
    const char *item = big;
    weir_column *s = texts(type_of("string"), &item, 1), *out = NULL;
    MUST(weir_failures_new(1, &f, &err));
    weir_blame blame = {f, "cast", "", NULL, false};
    MUST(weir_cast(s, type_of("int64"), one, NULL, &blame, NULL, &out, &err));
    assert_int_equal(f->n, 1);
    assert_true(strlen(f->items[0].reason) < 200);
    assert_memory_equal(f->items[0].reason, "\"xxxx", 5); /* no field, no blank */
    weir_failures_free(f);
    weir_column_release(s);
    weir_column_release(out);
}

static void memory_may_be_short(void **state) {
    (void)state;
    weir_error err = {0};
    weir_rows rows = {NULL, 64, 64};
    static const char *const to[] = {"int8", "decimal(8,2)", "date", "json", "binary", "string"};
    for (int encoding = 0; encoding < 3; encoding++)
        for (size_t t = 0; t < 6; t++) {
            weir_column *c = random_column(type_of(t == 5 ? "timestamp" : "string"),
                                           (weir_encoding)encoding, 64, 4, true);
            for (long n = 1;; n++) {
                weir_failures *f = NULL;
                weir_column *out = NULL;
                MUST(weir_failures_new(64, &f, &err));
                weir_blame blame = {f, "cast", "c", NULL, false};
                weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
                weir_status status =
                    weir_cast(c, type_of(to[t]), rows, NULL, &blame, NULL, &out, &err);
                bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
                weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
                /* an arena that is refused a large piece asks for a small one: then all is well */
                if (status == WEIR_OK) MUST(weir_column_validate(out, &err));
                if (status != WEIR_OK) assert_int_equal(status, WEIR_RESOURCE);
                if (status != WEIR_OK) assert_null(out);
                weir_column_release(out);
                weir_failures_free(f);
                if (!reached) break;
                assert_true(n < 10000);
            }
            weir_column_release(c);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(round_trip),
        cmocka_unit_test(every_pair),
        cmocka_unit_test(texts_that_fail),
        cmocka_unit_test(large_dictionary),
        cmocka_unit_test(unknown_pairs),
        cmocka_unit_test(nulls_of_no_type),
        cmocka_unit_test(long_values_are_clipped),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
