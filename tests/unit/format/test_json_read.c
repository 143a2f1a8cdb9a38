/* The JSON reader: records to typed columns, failures with their addresses, chunk borders. */
#include "json_test.h"

#include <dirent.h>

#include "base/cpu.h"

static const setup lines = {.config = {.lines = true}, .extra = WEIR_EXTRA_DROP};
static const setup values = {.config = {.lines = false}, .extra = WEIR_EXTRA_DROP};

/* ---- values -------------------------------------------------------------------------------- */

static void values_of_all_types(void **state) {
    (void)state;
    const char *spec =
        "b bool, i8 int8, i64 int64, u64 uint64, f float64, d decimal(10,2), D decimal(30,5), "
        "s string, x binary, day date, t time, ts timestamp, tz timestamptz, iv interval, "
        "id uuid, j json";
    check_rows(
        &lines, spec,
        "{\"b\":true,\"i8\":-128,\"i64\":9007199254740993,\"u64\":18446744073709551615,\"f\":1.5e3,"
        "\"d\":-12.3,\"D\":1234567890123456789012345.00001,\"s\":\"h\\u00e9\\n\",\"x\":\"AAEC\","
        "\"day\":\"2024-02-29\","
        "\"t\":\"23:59:59.5\",\"ts\":\"2024-01-02T03:04:05\",\"tz\":\"2024-01-02T03:04:05+02:00\","
        "\"iv\":\"P1DT2H\","
        "\"id\":\"123e4567-e89b-12d3-a456-426614174000\",\"j\":{\"a\":[1,2.50]}}\n",
        "1@0 b=true i8=-128 i64=9007199254740993 u64=18446744073709551615 f=1500 d=-12.30 "
        "D=1234567890123456789012345.00001 s=h\xC3\xA9\n x=\\x000102 day=2024-02-29 t=23:59:59.500 "
        "ts=2024-01-02 03:04:05 tz=2024-01-02 01:04:05Z iv=1 day 02:00:00 "
        "id=123e4567-e89b-12d3-a456-426614174000 j={\"a\":[1,2.50]}\n");
    check_rows(&lines, "b bool, i int32, f float64, s string, tz timestamptz, j json",
               "{\"b\":null,\"i\":null,\"f\":null,\"s\":null,\"tz\":null,\"j\":null}\n{}\n",
               "1@0 b=~ i=~ f=~ s=~ tz=~ j=~\n2@57 b=~ i=~ f=~ s=~ tz=~ j=~\n");
}

static void numbers_are_exact(void **state) {
    (void)state;
    const char *text =
        "{\"n\":0}\n{\"n\":-0}\n{\"n\":12345678}\n{\"n\":123456789}\n{\"n\":1234567890123456}\n"
        "{\"n\":12345678901234567}\n{\"n\":9223372036854775807}\n{\"n\":-9223372036854775808}\n"
        "{\"n\":1.0}\n{\"n\":1e3}\n{\"n\":\"42\"}\n";
    setup o = lines;
    o.no_place = true;
    check_rows(&o, "n int64", text,
               " n=0\n n=0\n n=12345678\n n=123456789\n n=1234567890123456\n n=12345678901234567\n"
               " n=9223372036854775807\n n=-9223372036854775808\n n=1\n n=1000\n n=42\n");
    check_rows(
        &o, "n float64",
        "{\"n\":0.1}\n{\"n\":-0}\n{\"n\":1234567.1234567}\n{\"n\":12345678.5}\n{\"n\":1e-7}\n{"
        "\"n\":123456789012345678}\n",
        " n=0.1\n n=-0\n n=1234567.1234567\n n=12345678.5\n n=1e-07\n n=1.2345678901234568e+17\n");
    check_rows(
        &o, "n decimal(6,2)",
        "{\"n\":1234.56}\n{\"n\":-0.01}\n{\"n\":7}\n{\"n\":1.50}\n{\"n\":1.500}\n{\"n\":12e1}\n{"
        "\"n\":\"9.99\"}\n",
        " n=1234.56\n n=-0.01\n n=7.00\n n=1.50\n n=1.50\n n=120.00\n n=9.99\n");
}

static void misfits_fail_their_field(void **state) {
    (void)state;
    setup o = lines;
    o.no_place = true;
    check_rows(
        &o, "n int8, s string",
        "{\"n\":128,\"s\":\"a\"}\n{\"n\":1.5,\"s\":\"a\"}\n{\"n\":\"x\",\"s\":1.50}\n{\"n\":true,"
        "\"s\":true}\n"
        "{\"n\":[1],\"s\":{}}\n{\"n\":\"\",\"s\":\"\"}\n",
        " n=! s=a {n/type: 128 is out of the range of int8}\n"
        " n=! s=a {n/type: 1.5 has more digits than int8 keeps}\n"
        " n=! s=1.50 {n/type: \"x\" is not an int8}\n"
        " n=! s=true {n/type: true is not an int8}\n"
        " n=! s=! {n/type: [1] is an array, not int8} {s/type: {} is an object, not string}\n"
        " n=! s= {n/type: \"\" is not an int8}\n");
    check_rows(
        &o, "d decimal(5,2), t timestamp, b bool",
        "{\"d\":1000,\"t\":\"2024-13-01T00:00:00\",\"b\":1}\n{\"d\":1.234,\"t\":5,\"b\":"
        "\"false\"}\n"
        "{\"d\":\"N/A\",\"t\":\"2024-01-01T00:00:00Z\",\"b\":\"maybe\"}\n",
        " d=! t=! b=! {d/type: 1000 is out of the range of decimal(5,2)} "
        "{t/type: \"2024-13-01T00:00:00\" names a day that does not exist} {b/type: 1 is not a "
        "bool}\n"
        " d=! t=! b=false {d/type: 1.234 has more digits than decimal(5,2) keeps} {t/type: 5 is "
        "not a timestamp}\n"
        " d=! t=! b=! {d/type: \"N/A\" is not a decimal(5,2)} "
        "{t/type: \"2024-01-01T00:00:00Z\" is not a timestamp} {b/type: \"maybe\" is not a "
        "bool}\n");
    check_rows(
        &o, "x binary, id uuid, n null",
        "{\"x\":\"A\",\"id\":\"zz\",\"n\":1}\n{\"x\":\"\",\"n\":null}\n",
        " x=! id=! n=! {x/type: \"A\" is not a string in base64} {id/type: \"zz\" is not a uuid} "
        "{n/type: 1 is not null}\n x=\\x id=~ n=~\n");
    check_rows(&o, "a int64!, b string!",
               "{\"a\":1,\"b\":\"x\"}\n{\"a\":null,\"b\":\"x\"}\n{\"a\":1}\n",
               " a=1 b=x\n a=! b=x {a/not_null: is null}\n a=1 b=! {b/not_null: is missing}\n");
}

static void formats_zones_and_null_words(void **state) {
    (void)state;
    const char *words[] = {"-", "n/a"};
    weir_opt_column columns[] = {{.name = "at",
                                  .from = "Created at",
                                  .type = "timestamptz",
                                  .format = "%d.%m.%Y %H:%M",
                                  .timezone = "+02:00"},
                                 {.name = "s", .nulls = {2, words}},
                                 {.name = "epoch", .format = "%s"}};
    setup o = lines;
    o.columns = (weir_opt_columns){3, columns};
    o.no_place = true;
    check_rows(
        &o, "at timestamptz, s string, epoch timestamptz",
        "{\"Created at\":\"02.01.2024 03:04\",\"s\":\"n/a\",\"epoch\":60}\n"
        "{\"Created at\":\"2024\",\"s\":\"-x\",\"epoch\":\"0\"}\n",
        " at=2024-01-02 01:04:00Z s=~ epoch=1970-01-01 00:01:00Z\n"
        " at=! s=-x epoch=1970-01-01 00:00:00Z {at/type: \"2024\" is not a timestamptz of the "
        "given format}\n");
    /* Two columns from one name, and local time in the type's zone. */
    weir_opt_column twice[] = {{.name = "a", .from = "x"}, {.name = "b", .from = "x"}};
    o.columns = (weir_opt_columns){2, twice};
    check_rows(&o, "a int64, b string", "{\"x\":5}\n{\"x\":\"q\"}\n{}\n",
               " a=5 b=5\n a=! b=q {a/type: \"q\" is not an int64}\n a=~ b=~\n");
    check_rows(&o, "t timestamptz(+02:00)", "{\"t\":\"2024-01-02T03:04:05\"}\n",
               " t=2024-01-02 03:04:05+02:00\n");
}

/* ---- names --------------------------------------------------------------------------------- */

static void names_in_any_order(void **state) {
    (void)state;
    setup o = lines;
    o.no_place = true;
    check_rows(
        &o, "a int64, b string, c bool",
        "{\"a\":1,\"b\":\"x\",\"c\":true}\n{\"c\":false,\"b\":\"y\",\"a\":2}\n{\"b\":\"z\"}\n{"
        "\"a\":3,\"c\":true}\n"
        "{\"\\u0061\":4,\"B\":1,\"b\":\"w\"}\n{ \"a\" : 5 , \"b\" :\t\"v\" , \"c\" : false }\n"
        "{\"extra\":{\"a\":[1,\"}\"]},\"a\":6,\"more\":\"\\\"\",\"b\":\"u\",\"z\":-1.5e-3,\"n\":"
        "null}\n",
        " a=1 b=x c=true\n a=2 b=y c=false\n a=~ b=z c=~\n a=3 b=~ c=true\n a=4 b=w c=~\n a=5 "
        "b=v c=false\n"
        " a=6 b=u c=~\n");
    o.extra = WEIR_EXTRA_REJECT;
    check_rows(&o, "a int64", "{\"a\":1}\n{\"a\":2,\"b\":3}\n",
               " a=1\n a=! {/extra_columns: has the field \"b\", which no column takes}\n");
}

static void long_names_and_many_orders(void **state) {
    (void)state;
    weir_schema *schema = schema_of("a_name_of_exactly_thirty_bytes_ int64, "
                                    "a_name_that_is_longer_than_forty_eight_bytes_in_all int64, "
                                    "x int64, fourteen_bytes int64, thirteen_bytes int64");
    weir_buf text = {0}, want = {0}, out = {0};
    uint32_t x = 7;
    setup o = lines;
    o.no_place = true;
    for (int i = 0; i < 2000; i++) {
        uint32_t order[5] = {0, 1, 2, 3, 4};
        for (int k = 4; k > 0; k--) {
            x = x * 1103515245 + 12345;
            uint32_t j = (x >> 16) % (uint32_t)(k + 1), t = order[k];
            order[k] = order[j];
            order[j] = t;
        }
        assert_true(weir_buf_adds(&text, "{"));
        for (int k = 0; k < 5; k++)
            assert_true(weir_buf_printf(&text, "%s\"%s\":%d", k ? "," : "",
                                        schema->fields[order[k]].name, (int)order[k] * 10000 + i));
        assert_true(weir_buf_printf(&text, ",\"unknown%d\":[]}\n", i));
        for (int k = 0; k < 5; k++)
            assert_true(weir_buf_printf(&want, " %s=%d", schema->fields[k].name, k * 10000 + i));
        assert_true(weir_buf_adds(&want, "\n"));
    }
    assert_int_equal(read_text(&o, schema, text.data, text.size, &out), WEIR_OK);
    assert_string_equal(weir_buf_cstr(&out), weir_buf_cstr(&want));
    weir_buf_clear(&text);
    weir_buf_clear(&want);
    weir_buf_clear(&out);
    weir_schema_release(schema);
}

/* ---- lines --------------------------------------------------------------------------------- */

static void lines_and_their_addresses(void **state) {
    (void)state;
    check_rows(&lines, "a int64", "\xEF\xBB\xBF{\"a\":1}\r\n\n  \r\n \t{\"a\":2} \n{\"a\":3}",
               "1@3 a=1\n4@19 a=2\n5@28 a=3\n");
    check_rows(&lines, "a int64", "{\"a\":1}\r{\"a\":2}\r{\"a\":3}\r\n",
               "1@0 a=1\n2@8 a=2\n3@16 a=3\n");
    check_rows(&lines, "a int64", "", "");
    check_rows(&lines, "a int64", "\n\n", "");
    check_rows(&lines, "value json", "[1, 2]\n\"x\"\nnull\n{\"value\":7}\n",
               "1@0 value=[1,2]\n2@7 value=\"x\"\n3@11 value=~\n4@16 value=7\n");
    check_rows(
        &lines, "a int64", "[1]\n5\n",
        "1@0 a=! {/json: malformed JSON at byte 1 of the record: the record is not an object}\n"
        "2@4 a=! {/json: malformed JSON at byte 1 of the record: the record is not an object}\n");
}

static void malformed_lines_spoil_no_other(void **state) {
    (void)state;
    const struct {
        const char *line, *why;
    } cases[] = {
        {"{\"a\":1", "byte 7 of the record: ',' or '}' expected"},
        {"{\"a\":}", "byte 6 of the record: this is no JSON value"},
        {"{\"a\":01}", "byte 6 of the record: this is no JSON value"},
        {"{\"a\":1.}", "byte 6 of the record: this is no JSON value"},
        {"{\"a\":-}", "byte 6 of the record: this is no JSON value"},
        {"{\"a\":+1}", "byte 6 of the record: this is no JSON value"},
        {"{\"a\":1e}", "byte 6 of the record: this is no JSON value"},
        {"{\"a\":NaN}", "byte 6 of the record: JSON has neither NaN nor infinity"},
        {"{\"a\":-Infinity}", "byte 6 of the record: JSON has neither NaN nor infinity"},
        {"{\"a\":None}", "byte 6 of the record: JSON has true, false and null, in small letters"},
        {"{\"x\":[True]}", "byte 7 of the record: JSON has true, false and null, in small letters"},
        {"{\"a\":1, // c", "byte 9 of the record: JSON has no comments"},
        {"{\"x\":{\"y\":1,/* c */}}", "byte 13 of the record: JSON has no comments"},
        {"{\"a\":'x'}", "byte 6 of the record: a text stands in double quotes"},
        {"{\"s\":truex}", "byte 10 of the record: ',' or '}' expected"},
        {"{\"a\" 1}", "byte 6 of the record: ':' expected"},
        {"{\"a\":1,}", "byte 8 of the record: a name in quotes expected"},
        {"{,}", "byte 2 of the record: a name in quotes expected"},
        {"{\"a\":1 \"s\":\"x\"}", "byte 8 of the record: ',' or '}' expected"},
        {"{\"a\":1}}", "byte 8 of the record: something follows the value"},
        {"{\"a\":1} {\"a\":2}", "byte 9 of the record: something follows the value"},
        {"{\"s\":\"x}", "byte 9 of the record: the string has no end"},
        {"{\"s\":\"\\x\"}", "byte 7 of the record: there is no such escape"},
        {"{\"s\":\"\\ud800\"}",
         "byte 7 of the record: the \\u escape is malformed or half of a surrogate pair"},
        {"{\"s\":\"\t\"}",
         "byte 7 of the record: a control character stands in a string; it must be escaped"},
        {"{\"s\":\"\xFF\"}", "byte 7 of the record: the text is not UTF-8"},
        {"{\"x\":[1,}", "byte 9 of the record: this is no JSON value"},
        {"{\"x\":{\"y\":1]}", "byte 12 of the record: ',' or '}' expected"},
        {"{'a':1}", "byte 2 of the record: a text stands in double quotes"},
        {"{\"a\":1,\"s\":\"x\",\"q", "byte 18 of the record: the string has no end"},
        {"{x", "byte 2 of the record: a name in quotes expected"},
        {"hello", "byte 1 of the record: this is no JSON value"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[200], want[400];
        snprintf(text, sizeof text, "{\"a\":7,\"s\":\"before\"}\n%s\n{\"a\":8,\"s\":\"after\"}\n%s",
                 cases[i].line, cases[i].line);
        size_t n = strlen(cases[i].line);
        snprintf(want, sizeof want,
                 "1@0 a=7 s=before\n2@21 a=! s=! {/json: malformed JSON at %s}\n3@%zu a=8 s=after\n"
                 "4@%zu a=! s=! {/json: malformed JSON at %s}\n",
                 cases[i].why, 22 + n, 42 + n, cases[i].why);
        check_rows(&lines, "a int64, s string", text, want);
    }
}

/* What is malformed is that in the first place, also behind a name that no column has. */
static void malformed_goes_before_further_names(void **state) {
    (void)state;
    setup o = lines;
    o.extra = WEIR_EXTRA_REJECT;
    check_rows(
        &o, "a int64", "{\"a\":1,\"b\":2}\n{\"a\":1,\"b\":\"x",
        "1@0 a=! {/extra_columns: has the field \"b\", which no column takes}\n"
        "2@14 a=! {/json: malformed JSON at byte 14 of the record: the string has no end}\n");
}

/* Every cut of a good record is a reject, never a crash nor a good row. */
static void cut_records_are_rejected(void **state) {
    (void)state;
    const char *good = "{\"a\":12345678.25,\"s\":\"x\\u00e9yz 0123456789 "
                       "abcdef\",\"t\":\"2024-01-02T03:04:05Z\",\"b\":true,\"l\":[1,{}]}";
    weir_schema *schema = schema_of("a decimal(12,2), s string, t timestamptz, b bool, l json");
    for (size_t n = 1; n < strlen(good); n++) {
        weir_buf out = {0};
        setup o = lines;
        char *copy = malloc(n);
        memcpy(copy, good, n);
        assert_int_equal(read_text(&o, schema, copy, n, &out), WEIR_OK);
        if (!strstr(weir_buf_cstr(&out), "malformed")) fail_msg("%.*s: %s", (int)n, good, out.data);
        free(copy);
        weir_buf_clear(&out);
    }
    weir_schema_release(schema);
}

/* The same when the bytes behind the chunk would complete the record: they are not its own. */
static void what_stands_behind_a_chunk_is_not_read(void **state) {
    (void)state;
    const char *good =
        "{\"a\":1234567,\"s\":\"a text of some length\",\"b\":true,\"t\":\"2024-01-02T03:04:05Z\"}";
    weir_schema *schema = schema_of("a int64, s string, b bool, t timestamptz");
    setup o = lines;
    weir_read_request request = request_of(&o);
    weir_arena scratch = {0};
    weir_ctx ctx = {.scratch = &scratch};
    weir_decoder *d = NULL;
    weir_error err = {0};
    size_t size = strlen(good);
    assert_int_equal(weir_json_decoder_new(&request, schema, &ctx, &d, &err), WEIR_OK);
    for (size_t i = 0; i < 2 * size; i++) { /* the rest of the record, then two digits, behind it */
        size_t n = i / 2 + 1;
        weir_chunk chunk = {.end = (uint32_t)n, .first_line = 1};
        weir_batch *b = NULL;
        assert_int_equal(weir_block_new(NULL, size * 2, &chunk.block, &err), WEIR_OK);
        memcpy(chunk.block->data, good, size);
        memset(chunk.block->data + size, '\n', size);
        chunk.block->size = size * 2;
        if (i % 2)
            memset(chunk.block->data + n, '\n', size), memcpy(chunk.block->data + n, "55", 2);
        assert_int_equal(weir_json_decoder_begin(d, &chunk, &err), WEIR_OK);
        assert_int_equal(weir_json_decoder_next(d, &ctx, &b, &err), WEIR_OK);
        assert_int_equal(b->length, 1);
        assert_int_equal(weir_failures_bad(b->failures, 0), n < size);
        if (n < size) { /* no place behind the end is blamed */
            const char *at = strstr(b->failures->items[0].reason, "at byte ");
            assert_non_null(at);
            assert_true(strtoul(at + 8, NULL, 10) <= n + 1);
        }
        assert_int_equal(weir_batch_raw(b, 0).size, n - (good[n - 1] == ' '));
        weir_batch_free(b);
        weir_chunk_clear(&chunk);
        weir_arena_reset(&scratch);
    }
    weir_json_decoder_free(d);
    weir_arena_clear(&scratch);
    weir_schema_release(schema);
}

static void too_long_records(void **state) {
    (void)state;
    setup o = lines;
    o.chunk_bytes = 64;
    o.max_record_bytes = 100;
    weir_buf text = {0}, want = {0};
    assert_true(weir_buf_adds(&text, "{\"a\":1}\n{\"a\":2,\"x\":\""));
    for (int i = 0; i < 300; i++) assert_true(weir_buf_adds(&text, "y"));
    assert_true(weir_buf_adds(&text, "\"}\n{\"a\":3}\n"));
    assert_true(weir_buf_adds(
        &want, "1@0 a=1\n2@8 a=! {/length: has more than 100 bytes, which max_record does not "
               "allow; its first 128 are kept}\n3@323 a=3\n"));
    weir_schema *schema = schema_of("a int64");
    weir_buf out = {0};
    assert_int_equal(read_text(&o, schema, text.data, text.size, &out), WEIR_OK);
    /* How much is kept depends on the blocks; all else does not. */
    char *kept = strstr(weir_buf_cstr(&out), "first ");
    assert_non_null(kept);
    assert_non_null(strstr(out.data, "1@0 a=1\n2@8 a=! {/length: has more than 100 bytes"));
    assert_non_null(strstr(out.data, "3@323 a=3\n"));
    out.size = 0;
    o.config.lines = false; /* the same in an array */
    text.data[0] = '{';
    weir_buf array = {0};
    assert_true(weir_buf_adds(&array, "[{\"a\":1},{\"a\":2,\"x\":\""));
    for (int i = 0; i < 300; i++) assert_true(weir_buf_adds(&array, i % 50 ? "y" : "]"));
    assert_true(weir_buf_adds(&array, "\"} , {\"a\":3}]"));
    assert_int_equal(read_text(&o, schema, array.data, array.size, &out), WEIR_OK);
    assert_non_null(
        strstr(weir_buf_cstr(&out), "1@1 a=1\n1@9 a=! {/length: has more than 100 bytes"));
    assert_non_null(strstr(out.data, "1@326 a=3\n"));
    weir_schema_release(schema);
    weir_buf_clear(&text);
    weir_buf_clear(&want);
    weir_buf_clear(&out);
    weir_buf_clear(&array);
}

static void depth_is_limited(void **state) {
    (void)state;
    setup o = lines;
    o.no_place = true;
    o.config.max_depth = 3;
    check_rows(
        &o, "j json", "{\"j\":[[1]]}\n{\"j\":[[[1]]]}\n{\"k\":[[[1]]]}\n",
        " j=[[1]]\n j=! {/json: malformed JSON at byte 8 of the record: the value is nested too "
        "deeply}\n"
        " j=! {/json: malformed JSON at byte 8 of the record: the value is nested too deeply}\n");
    char deep[3000];
    memset(deep, '[', sizeof deep);
    memcpy(deep, "{\"j\":", 5);
    deep[2999] = 0;
    weir_schema *schema = schema_of("j json");
    weir_buf out = {0};
    o.config.max_depth = 0;
    assert_int_equal(read_text(&o, schema, deep, 2999, &out), WEIR_OK);
    assert_non_null(strstr(weir_buf_cstr(&out), "nested too deeply"));
    weir_buf_clear(&out);
    weir_schema_release(schema);
}

/* ---- nested columns ------------------------------------------------------------------------ */

static void nested_columns(void **state) {
    (void)state;
    setup o = lines;
    o.no_place = true;
    check_rows(
        &o, "l list<int64>, s struct<a int64, b string>, m map<string, float64>",
        "{\"l\":[1, 2,null],\"s\":{\"b\":\"x\",\"a\":1},\"m\":{\"k\":1.5,\"q\\n\":2}}\n"
        "{\"l\":[],\"s\":{},\"m\":{}}\n{\"l\":null}\n{\"l\":[[1]],\"s\":[],\"m\":5}\n"
        "{\"l\":[\"x\",5],\"s\":{\"a\":1.5,\"c\":0}}\n",
        " l=[1,2,null] s={\"a\":1,\"b\":\"x\"} m={\"k\":1.5,\"q\\n\":2}\n"
        " l=[] s={\"a\":null,\"b\":null} m={}\n l=~ s=~ m=~\n"
        " l=! s=! m=! {s/type: [] is an array, not struct<a int64, b string>} {m/type: 5 is not "
        "an object} "
        "{l/type: [0]: [1] is not int64}\n"
        " l=! s=! m=~ {l/type: [0]: \"x\" is not an int64} {s/type: .a: 1.5 has more digits than "
        "int64 keeps}\n");
    check_rows(&o, "l list<struct<t timestamptz, tags list<string>, x json>>",
               "{\"l\":[{\"t\":\"2024-01-02T03:04:05Z\",\"tags\":[\"a\",\"b\"],\"x\":{\"q\": "
               "[1]}},{\"x\":\"s\"}]}\n",
               " l=[{\"t\":\"2024-01-02T03:04:05Z\",\"tags\":[\"a\",\"b\"],\"x\":{\"q\":[1]}},"
               "{\"t\":null,\"tags\":null,\"x\":\"s\"}]\n");
    check_rows(
        &o, "m map<int64, bool>, s struct<a int64!>",
        "{\"m\":{\"1\":true,\"x\":false}}\n{\"s\":{\"a\":1,\"a\":2}}\n{\"s\":{\"a\":null}}\n{"
        "\"m\":{\"2\":null}}\n",
        " m=! s=~ {m/type: .x: x is not a name of the key's type}\n"
        " m=~ s=! {s/type: a stands twice in one object}\n"
        " m=~ s=! {s/type: .a: null is not allowed here}\n m={\"2\":null} s=~\n");
    o.config.repeated = WEIR_JSON_REPEATED_LAST;
    check_rows(&o, "m map<string, int64>, s struct<a int64>",
               "{\"m\":{\"k\":1,\"k\":2},\"s\":{\"a\":1,\"a\":2}}\n", " m={\"k\":2} s={\"a\":2}\n");
    o.extra = WEIR_EXTRA_REJECT;
    check_rows(&o, "s struct<a int64>", "{\"s\":{\"a\":1,\"b\":2}}\n",
               " s=! {s/extra_columns: has members that struct<a int64> does not name}\n");
}

static void json_columns_are_compact(void **state) {
    (void)state;
    setup o = values;
    o.no_place = true;
    check_rows(
        &o, "j json",
        "[ {\"j\": {\n \"a b\" :\t[ 1 ,\r\n \"x \\\" y\" ] } },\n{\"j\":\" s \"},{\"j\": 1.50 }, "
        "{\"j\":[ ]}]",
        " j={\"a b\":[1,\"x \\\" y\"]}\n j=\" s \"\n j=1.50\n j=[]\n");
}

/* ---- arrays and sequences ------------------------------------------------------------------ */

static void arrays_and_sequences(void **state) {
    (void)state;
    check_rows(&values, "a int64", "[\n {\"a\":1},\n {\n  \"a\": 2\n }\n]\n",
               "2@3 a=1\n3@13 a=2\n");
    /* More than one array: each is a record, however the lines are cut. */
    check_rows(&values, "value json", "[{\"a\":1},{\"a\":2}]\n[{\"a\":3}]",
               "1@0 value=[{\"a\":1},{\"a\":2}]\n2@18 value=[{\"a\":3}]\n");
    check_rows(&values, "value json", "[1, 2]\n\n[3]\r\n4\n",
               "1@0 value=[1,2]\n3@8 value=[3]\n4@13 value=4\n");
    check_rows(
        &values, "value json", "[1]\n[2\n[3]\n",
        "1@0 value=[1]\n2@4 value=! {/json: malformed JSON at byte 4 of the record: ',' or ']' "
        "expected}\n");
    check_rows(&values, "value json", "[\n]\n42 [3,\n[4]]",
               "1@0 value=[]\n3@4 value=42\n3@7 "
               "value=[3,[4]]\n");
    check_rows(&values, "value json, a int64", "{\"a\":1}[{\"a\":2}]",
               "1@0 value=~ a=1\n1@7 value=[{\"a\":2}] a=~\n");
    check_rows(&values, "a int64", "{\"a\":1}{\"a\":2}\n{\n\"a\":3}\n",
               "1@0 a=1\n1@7 a=2\n2@15 a=3\n");
    check_rows(&values, "a int64", "{\n\"a\":3}", "1@0 a=3\n");
    check_rows(&values, "a int64", "[]", "");
    check_rows(&values, "a int64", " \n", "");
    check_rows(&values, "value json", "[4, \"he]l\\\"lo\", [], [[1]], null, true]",
               "1@1 value=4\n1@4 value=\"he]l\\\"lo\"\n1@16 value=[]\n1@20 value=[[1]]\n1@27 "
               "value=~\n1@33 value=true\n");
    /* Lines in a .json file are taken as such: the bad one spoils no other. */
    check_rows(&values, "a int64", "{\"a\":1}\n{\"a\":\"x\n{\"a\":3}\n",
               "1@0 a=1\n2@8 a=! {/json: malformed JSON at byte 8 of the record: the string has no "
               "end}\n3@16 a=3\n");
    check_rows(&values, "a int64", "[{\"a\":1},{\"a\":tru},{\"a\":3}]",
               "1@1 a=1\n1@9 a=! {/json: malformed JSON at byte 6 of the record: this is no JSON "
               "value}\n1@19 a=3\n");
    check_rows(
        &values, "value json", "[1,[2",
        "1@1 value=1\n1@3 value=! {/json: malformed JSON at byte 3 of the record: ',' or ']' "
        "expected}\nERROR data 1 malformed JSON: the array is not closed\n");
    check_rows(&values, "a int64", "[{\"a\":1} x,{\"a\":3}]",
               "1@1 a=1\nERROR data 1 malformed JSON: ',' or ']' expected\n");
}

static void broken_arrays_fail_the_file(void **state) {
    (void)state;
    const struct {
        const char *text, *why;
    } cases[] = {{"[\n", "the array is not closed"},
                 {"[1,\n]", "a value expected"},
                 {"[,1]", "a value expected"},
                 {"[1 2]", "',' or ']' expected"},
                 {"[1]]", "a value expected"},
                 {"[1][2]", "something stands behind the array"},
                 {"[1] 2", "something stands behind the array"},
                 {"]", "a value expected"},
                 {"{},{}", "a value expected"},
                 {"[{\"a\":1}", "the array is not closed"},
                 {"[{\"a\":1}}]", "',' or ']' expected"},
                 {"[{\"a\":1", "the array is not closed"}};
    weir_schema *schema = schema_of("value json");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_buf out = {0};
        weir_status s = read_text(&values, schema, cases[i].text, strlen(cases[i].text), &out);
        if (s != WEIR_DATA || !strstr(weir_buf_cstr(&out), cases[i].why))
            fail_msg("%s: %s", cases[i].text, weir_buf_cstr(&out));
        weir_buf_clear(&out);
    }
    weir_schema_release(schema);
}

/* Where the first array is longer than what is looked at, its elements are the records; another one
 * behind it is said to be the fault, never read in another way. */
static void a_second_array_behind_a_long_one(void **state) {
    (void)state;
    weir_buf text = {0}, out = {0};
    weir_schema *schema = schema_of("value json");
    assert_true(weir_buf_adds(&text, "[0"));
    while (text.size < 70000) assert_true(weir_buf_adds(&text, ",1"));
    assert_true(weir_buf_adds(&text, "]\n[2]\n"));
    assert_int_equal(read_text(&values, schema, text.data, text.size, &out), WEIR_DATA);
    assert_non_null(strstr(weir_buf_cstr(&out), "something stands behind the array"));
    weir_buf_clear(&out);
    weir_buf_clear(&text);
    weir_schema_release(schema);
}

static void other_encodings_are_named(void **state) {
    (void)state;
    weir_schema *schema = schema_of("a int64");
    weir_buf out = {0};
    assert_int_equal(read_text(&lines, schema, "\xFF\xFE{\0\"\0", 6, &out), WEIR_DATA);
    assert_non_null(strstr(weir_buf_cstr(&out), "UTF-16"));
    assert_int_equal(read_text(&values, schema, "{\0\"\0a\0", 6, &out), WEIR_DATA);
    weir_buf_clear(&out);
    weir_schema_release(schema);
}

/* ---- many rows ----------------------------------------------------------------------------- */

static void many_rows_over_many_chunks(void **state) {
    (void)state;
    weir_buf text = {0}, first = {0}, out = {0};
    weir_schema *schema = schema_of("i int32, s string, d decimal(12,3), l list<int64>");
    uint32_t x = 1;
    for (int i = 0; i < 70000; i++) {
        x = x * 1103515245 + 12345;
        assert_true(weir_buf_printf(&text, "{\"i\":%d,\"s\":\"%.*s%s\",\"d\":%u.%03u%s}\n", i,
                                    (int)(x >> 16) % 30, "abcdefghijklmnopqrstuvwxyz01234",
                                    x % 17 ? "" : "\\t\\u00fc", x % 100000, x >> 5 & 511,
                                    x % 5 ? "" : ",\"l\":[1,2]"));
    }
    setup o = lines;
    o.no_place = true; /* rows of other batches have their lines shown */
    o.chunk_bytes = 16 << 20;
    assert_int_equal(read_text(&o, schema, text.data, text.size, &first), WEIR_OK);
    const size_t sizes[] = {4096, 65536};
    for (size_t i = 0; i < 2; i++) {
        for (int simd = 0; simd < 2; simd++) {
            o.chunk_bytes = sizes[i];
            o.config.lines = i == 0;
            out.size = 0;
            weir_cpu_limit(simd ? UINT32_MAX : 0);
            assert_int_equal(read_text(&o, schema, text.data, text.size, &out), WEIR_OK);
            assert_int_equal(out.size, first.size);
            assert_memory_equal(out.data, first.data, out.size);
        }
    }
    weir_cpu_limit(UINT32_MAX);
    weir_buf_clear(&text);
    weir_buf_clear(&first);
    weir_buf_clear(&out);
    weir_schema_release(schema);
}

/* Random damage: whatever happens, rows keep their addresses and nothing breaks. */
static void damaged_text_is_survived(void **state) {
    (void)state;
    const char *good =
        "{\"a\":1,\"s\":\"x\\u00e9\",\"l\":[1,{\"k\":[]}],\"d\":12.50,\"t\":\"2024-01-02T03:04:"
        "05Z\"}\n"
        "{\"a\":-22,\"s\":\"a longer text than fits inline\",\"l\":[],\"d\":0.5,\"t\":null}\n";
    weir_schema *schema =
        schema_of("a int16, s string, l list<json>, d decimal(6,2), t timestamptz");
    size_t n = strlen(good);
    uint32_t x = 99;
    for (int round = 0; round < 20000; round++) {
        char *copy = malloc(n);
        memcpy(copy, good, n);
        for (int k = 0; k < 1 + round % 3; k++) {
            x = x * 1103515245 + 12345;
            static const char bytes[] = "{}[]\",:\\ \n0-e.tn\xC3\x00";
            copy[(x >> 8) % n] = bytes[(x >> 20) % (sizeof bytes)];
        }
        setup o = round % 2 ? lines : values;
        o.chunk_bytes = 64 + x % 200;
        weir_buf out = {0};
        (void)read_text(&o, schema, copy, n, &out);
        weir_buf_clear(&out);
        free(copy);
    }
    weir_schema_release(schema);
}

static void lack_of_memory_is_reported(void **state) {
    (void)state;
    const char *text =
        "{\"a\":1,\"s\":\"x\\u00e9 and more than twelve "
        "bytes\",\"l\":[1,{\"k\":[]}],\"m\":{\"q\":1}}\n"
        "{\"a\":\"bad\",\"\\u0073\":\"y\",\"j\":{ \"a\": 1 },\"x\":\"AAEC\"}\nbroken\n";
    weir_schema *schema =
        schema_of("a int64, s string, l list<json>, m map<string, int64>, j json, x binary");
    weir_buf want = {0};
    assert_int_equal(read_text(&lines, schema, text, strlen(text), &want), WEIR_OK);
    bool done = false;
    for (long n = 1; !done && n < 500; n++) {
        /* The text of the rows must not be what fails. */
        weir_buf out = {0};
        assert_true(weir_buf_reserve(&out, 65536));
        weir_block_trim();
        setup o = lines;
        weir_read_request request = request_of(&o);
        weir_arena scratch = {0};
        weir_ctx ctx = {.scratch = &scratch};
        weir_stream *in = NULL;
        weir_cutter *c = NULL;
        weir_decoder *d = NULL;
        weir_chunk chunk = {0};
        weir_batch *b = NULL;
        weir_error err = {0};
        bool end = false;
        assert_int_equal(weir_memory_open("t", text, strlen(text), &in, &err), WEIR_OK);
        weir_fault_arm(WEIR_FAULT_MALLOC, n, 0);
        weir_status status = weir_json_cutter_new(&request, in, &c, &err);
        if (status == WEIR_OK) status = weir_json_decoder_new(&request, schema, &ctx, &d, &err);
        if (status == WEIR_OK) status = weir_json_cutter_next(c, &chunk, &end, &err);
        if (status == WEIR_OK) status = weir_json_decoder_begin(d, &chunk, &err);
        if (status == WEIR_OK) status = weir_json_decoder_next(d, &ctx, &b, &err);
        weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
        if (status == WEIR_OK) {
            done = true;
            for (uint32_t r = 0; r < b->length; r++) show_row(&o, b, r, &out);
            assert_string_equal(weir_buf_cstr(&out), weir_buf_cstr(&want));
        } else {
            assert_int_equal(status, WEIR_RESOURCE);
            assert_true(err.message[0]);
        }
        weir_batch_free(b);
        weir_chunk_clear(&chunk);
        weir_json_decoder_free(d);
        weir_json_cutter_free(c);
        weir_stream_close(in);
        weir_arena_clear(&scratch);
        weir_buf_clear(&out);
    }
    assert_true(done);
    weir_buf_clear(&want);
    weir_schema_release(schema);
}

/* ---- inference ----------------------------------------------------------------------------- */

static void check_inferred_by(size_t chunk_bytes, const char *text, const char *want) {
    setup o = values;
    o.chunk_bytes = chunk_bytes;
    weir_opt_column declared[] = {{.name = "known", .from = "k", .type = "int8"}};
    o.columns = (weir_opt_columns){1, declared};
    weir_buf out = {0};
    weir_error err = {0};
    weir_inference *i = NULL;
    weir_stream *in = NULL;
    weir_cutter *c = NULL;
    bool end = false;
    weir_read_request request = request_of(&o);
    assert_int_equal(weir_inference_new(&i, &err), WEIR_OK);
    assert_int_equal(weir_memory_open("t", text, strlen(text), &in, &err), WEIR_OK);
    assert_int_equal(weir_json_cutter_new(&request, in, &c, &err), WEIR_OK);
    for (;;) {
        weir_chunk chunk = {0};
        assert_int_equal(weir_json_cutter_next(c, &chunk, &end, &err), WEIR_OK);
        if (end) break;
        assert_int_equal(weir_json_infer(&request, &chunk, i, &err), WEIR_OK);
        weir_chunk_clear(&chunk);
    }
    for (uint32_t k = 0; k < weir_inference_count(i); k++) {
        const weir_type *t = NULL;
        assert_int_equal(weir_inference_result(i, k, &t, &err), WEIR_OK);
        assert_true(
            weir_buf_printf(&out, "%s%s %s", k ? ", " : "", weir_inference_name(i, k), t->name));
    }
    assert_string_equal(weir_buf_cstr(&out), want);
    weir_inference_free(i);
    weir_json_cutter_free(c);
    weir_stream_close(in);
    weir_buf_clear(&out);
}

/* What is inferred does not depend on the chunks. */
static void check_inferred(const char *text, const char *want) {
    check_inferred_by(1 << 20, text, want);
    check_inferred_by(64, text, want);
}

static void types_are_inferred(void **state) {
    (void)state;
    check_inferred("{\"a\":1,\"b\":\"x\",\"c\":true,\"k\":5}\n{\"b\":\"12\",\"a\":2.50,\"d\":null}"
                   "\nbroken\n{\"a\":\"",
                   "a decimal(3,2), b string, c bool, d string");
    check_inferred("[{\"n\":1},{\"n\":9007199254740993}]", "n int64");
    check_inferred("[{\"n\":1e5},{\"n\":1}]", "n float64");
    check_inferred("[{\"n\":\"1\"},{\"n\":\"2\"}]", "n string");
    check_inferred("[{\"n\":\"true\"},{\"n\":\"false\"}]", "n string");
    check_inferred("[{\"d\":\"2024-01-02\",\"t\":\"2024-01-02T03:04:05Z\",\"u\":\"123e4567-e89b-"
                   "12d3-a456-426614174000\"}]",
                   "d date, t timestamptz, u uuid");
    check_inferred("[{\"d\":\"2024-01-02\"},{\"d\":\"soon\"},{\"\\u0064\":\"2024-01-02\"}]",
                   "d string");
    check_inferred("[{\"o\":{\"x\":1}},{\"o\":[1]},{\"o\":null}]", "o json");
    check_inferred("[{\"o\":{\"x\":1}},{\"o\":\"text\"}]", "o json");
    check_inferred("[1, 2]", "value int64");
    /* Numbers that look alike but need more digits. */
    check_inferred("[{\"n\":0.5},{\"n\":5.5}]", "n decimal(2,1)");
    check_inferred("[{\"n\":5.5},{\"n\":5.55},{\"n\":-123.4}]", "n decimal(5,2)");
    check_inferred("[{\"n\":1},{\"n\":0.25},{\"n\":-12345}]", "n decimal(7,2)");
    check_inferred("[{\"n\":1},{\"n\":123456789012345678901}]", "n decimal(21,0)");
    check_inferred(
        "[{\"d\":\"2024-01-02\"},{\"d\":\"2024-01-03\"},{\"d\":\"2024-01-03T00:00:00\"}]",
        "d string"); /* dates would come out as timestamps */
    check_inferred("[{\"a\":\"2024-01-02T03:04:05\",\"b\":\"2024-01-02 03:04:05\","
                   "\"c\":\"2024-01-02T03:04:05+02:00\",\"d\":\"2024-01-02T03:04:05.500Z\","
                   "\"e\":\"2024-01-02T03:04:05.5Z\",\"f\":\"10:11:12\",\"g\":\"10:11\","
                   "\"h\":\"123E4567-E89B-12D3-A456-426614174000\"}]",
                   "a timestamp, b string, c string, d timestamptz, e string, f time, g string, "
                   "h string");
    check_inferred("[{\"a\":1,\"b\":2},{\"b\":true,\"a\":\"x\"},{\"c\":[],\"a\":1}]",
                   "a string, b string, c json");
    check_inferred("{\"a\":1}\n{\"bad\":1,\n{\"bad2\" 1}\n{\"a\":2}\n", "a int64");
}

/* ---- corpus -------------------------------------------------------------------------------- */

static char *slurp(const char *folder, const char *name, size_t *n) {
    char path[1024];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    char *data = malloc(8 << 20);
    assert_non_null(data);
    *n = fread(data, 1, 8 << 20, f);
    fclose(f);
    return data;
}

static const char *corpus(char *folder, size_t size, const char *under) {
    const char *root = getenv("WEIR_CORPUS");
    snprintf(folder, size, "%s/%s", root ? root : "../shared/corpus", under);
    DIR *d = opendir(folder);
    if (d) closedir(d);
    return d ? folder : NULL;
}

/* As records of the json format: what the suite accepts gives no failure, what it refuses gives
 * one, or fails the file; but for texts that are several documents, or none. */
static void the_test_suite_is_read(void **state) {
    (void)state;
    static const char *const sequences[] = {"n_structure_no_data.json", "n_single_space.json",
                                            "n_structure_double_array.json",
                                            "n_structure_object_with_trailing_garbage.json"};
    char folder[512];
    if (!corpus(folder, sizeof folder, "json/JSONTestSuite/test_parsing")) {
        printf("skipped: no corpus\n");
        skip();
    }
    weir_schema *schema = schema_of("value json");
    DIR *dir = opendir(folder);
    const struct dirent *e;
    int wrong = 0, seen = 0;
    while ((e = readdir(dir))) {
        size_t n;
        char *text = e->d_name[0] == '.' ? NULL : slurp(folder, e->d_name, &n);
        if (!text) continue;
        setup o = values;
        o.config.repeated = WEIR_JSON_REPEATED_LAST;
        o.config.max_depth = WEIR_JSON_DEPTH_MAX;
        weir_buf out = {0};
        weir_status s = read_text(&o, schema, text, n, &out);
        bool bad = s != WEIR_OK || strstr(weir_buf_cstr(&out), "malformed JSON");
        bool several = false;
        for (size_t i = 0; i < sizeof sequences / sizeof *sequences; i++)
            several |= strcmp(e->d_name, sequences[i]) == 0;
        if ((e->d_name[0] == 'y' && bad) || (e->d_name[0] == 'n' && !bad && !several)) {
            print_error("%s: %s\n", e->d_name, weir_buf_cstr(&out));
            wrong++;
        }
        seen++;
        weir_buf_clear(&out);
        free(text);
    }
    closedir(dir);
    weir_schema_release(schema);
    assert_true(seen > 50);
    assert_int_equal(wrong, 0);
}

static int count_rows(const char *folder, const char *name, bool as_lines, int *failures) {
    size_t n;
    char *text = slurp(folder, name, &n);
    if (!text) return -1;
    weir_schema *schema = schema_of("value json");
    weir_buf out = {0};
    setup o = as_lines ? lines : values;
    o.no_place = true;
    weir_status s = read_text(&o, schema, text, n, &out);
    int rows = 0;
    *failures = s != WEIR_OK;
    for (const char *p = weir_buf_cstr(&out); (p = strstr(p, " value=")); p++) rows++;
    for (const char *p = weir_buf_cstr(&out); (p = strstr(p, "malformed JSON")); p++) (*failures)++;
    weir_buf_clear(&out);
    weir_schema_release(schema);
    free(text);
    return rows;
}

static void foreign_files_have_their_rows(void **state) {
    (void)state;
    char folder[512];
    if (!corpus(folder, sizeof folder, "json/duckdb")) {
        printf("skipped: no corpus\n");
        skip();
    }
    const struct {
        const char *name;
        int rows, failures;
    } files[] = {{"example_n.ndjson", 5, 0},
                 {"example_r.ndjson", 5, 0},
                 {"example_rn.ndjson", 5, 0},
                 {"11407.json", 2, 0},
                 {"arr.json", 2, 0},
                 {"array_of_empty_arrays.json", 3, 0},
                 {"different_schemas.ndjson", 5, 0},
                 {"empty_array.json", 0, 0},
                 {"whitespace_only.json", 0, 0},
                 {"top_level_two_arrays.json", 2, 0},
                 {"multi_file_hang/my.json", 2, 0},
                 {"sample_utf8_bom.json", 1, 0},
                 {"map_of_structs.jsonl", 100, 0},
                 {"with_uuid.json", 5, 0},
                 {"unterminated_quotes.ndjson", 5, 1},
                 {"trailing_content.ndjson", 3, 1},
                 {"fuzzer_hang.json", 2, 1},
                 {"malformed/array_comma_malformed.json", 0, 2}};
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        int failures, rows = count_rows(folder, files[i].name, false, &failures);
        if (rows < 0) continue;
        if (rows != files[i].rows || failures != files[i].failures)
            fail_msg("%s: %d rows, %d failures", files[i].name, rows, failures);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_of_all_types),
        cmocka_unit_test(numbers_are_exact),
        cmocka_unit_test(misfits_fail_their_field),
        cmocka_unit_test(formats_zones_and_null_words),
        cmocka_unit_test(names_in_any_order),
        cmocka_unit_test(long_names_and_many_orders),
        cmocka_unit_test(lines_and_their_addresses),
        cmocka_unit_test(malformed_lines_spoil_no_other),
        cmocka_unit_test(malformed_goes_before_further_names),
        cmocka_unit_test(cut_records_are_rejected),
        cmocka_unit_test(what_stands_behind_a_chunk_is_not_read),
        cmocka_unit_test(too_long_records),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(nested_columns),
        cmocka_unit_test(json_columns_are_compact),
        cmocka_unit_test(arrays_and_sequences),
        cmocka_unit_test(broken_arrays_fail_the_file),
        cmocka_unit_test(a_second_array_behind_a_long_one),
        cmocka_unit_test(other_encodings_are_named),
        cmocka_unit_test(many_rows_over_many_chunks),
        cmocka_unit_test(damaged_text_is_survived),
        cmocka_unit_test(lack_of_memory_is_reported),
        cmocka_unit_test(types_are_inferred),
        cmocka_unit_test(the_test_suite_is_read),
        cmocka_unit_test(foreign_files_have_their_rows),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
