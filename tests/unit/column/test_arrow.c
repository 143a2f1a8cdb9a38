/* Arrow C data: every type there and back with nulls, selections and encodings; arrays made by hand
 * as other producers make them; arrays that are not what they claim. */
#include "random_column.h"

#include "base/fault.h"
#include "column/arrow.h"

/* ---- there and back ------------------------------------------------------------------------ */

static weir_batch *batch_of(weir_column *c, const char *name) {
    weir_error err = {0};
    weir_schema *s = NULL;
    weir_batch *b = NULL;
    weir_field f = {name, c->type, false};
    MUST(weir_schema_new(&f, 1, &s, &err));
    MUST(weir_batch_new(s, c->length, &b, &err));
    b->columns[0] = c;
    weir_schema_release(s);
    return b;
}

static void select_rows(weir_batch *b) {
    weir_error err = {0};
    uint64_t keep[64] = {0};
    assert_true(b->length <= 64 * 64);
    for (uint32_t i = 0; i < b->length; i++)
        if (random_below(3)) weir_bit_set(keep, i);
    MUST(weir_batch_keep(b, keep, &err));
}

static void expect_same(const weir_batch *in, const weir_batch *out) {
    weir_error err = {0};
    MUST(weir_batch_validate(out, &err));
    assert_null(out->failures);
    assert_true(weir_schema_equal(in->schema, out->schema));
    assert_int_equal(out->length, in->n_selected);
    assert_null(out->selection);
    for (uint32_t c = 0; c < in->schema->n_fields; c++)
        for (uint32_t k = 0; k < in->n_selected; k++) {
            uint32_t row = weir_batch_row(in, k);
            if (weir_column_equal(in->columns[c], row, out->columns[c], k)) continue;
            print_error("%s, row %u: %s became %s\n", in->schema->fields[c].type->name, row,
                        text_of(in->columns[c], row), text_of(out->columns[c], k));
            fail();
        }
}

static void there_and_back(const weir_batch *b, const weir_arrow_options *options) {
    weir_error err = {0};
    struct ArrowSchema schema = {0};
    struct ArrowArray array = {0};
    weir_batch *back = NULL;
    weir_ledger ledger;
    weir_ledger_init(&ledger, "test", 0, NULL);
    weir_ctx ctx = {.ledger = &ledger};
    if (options && options->dictionaries) {
        MUST(weir_arrow_export_batch(b, options, &ctx, &schema, &array, &err));
    } else {
        MUST(weir_arrow_export_schema(b->schema, options, &schema, &err));
        MUST(weir_arrow_export_batch(b, options, &ctx, NULL, &array, &err));
    }
    MUST(weir_arrow_import_batch(&schema, &array, &ctx, &back, &err));
    assert_null(array.release); /* moved */
    expect_same(b, back);
    schema.release(&schema);
    assert_null(schema.release);
    weir_batch_free(back);
    assert_int_equal(atomic_load(&ledger.used_bytes), 0);
}

static void every_type_comes_back(void **state) {
    (void)state;
    static const weir_arrow_options options[] = {
        {false, false}, {true, false}, {false, true}, {true, true}};
    static const uint32_t lengths[] = {0, 1, 7, 64, 65, 300};
    for (size_t t = 0; t < RANDOM_TYPES; t++)
        for (int encoding = 0; encoding < 3; encoding++)
            for (int n = 0; n < 6; n++)
                for (int o = 0; o < 4; o++)
                    for (int nulls = 0; nulls < 2; nulls++) {
                        weir_column *c =
                            random_column(type_of(random_types[t]), (weir_encoding)encoding,
                                          lengths[n], nulls ? 4 : 0, nulls);
                        weir_batch *b = batch_of(c, "value");
                        if (o % 2) select_rows(b);
                        there_and_back(b, &options[o]);
                        weir_batch_free(b);
                    }
}

static void nulls_of_no_type(void **state) {
    (void)state;
    weir_error err = {0};
    weir_column *c = NULL;
    MUST(weir_column_new(weir_type_of(WEIR_NULL), 5, NULL, &c, &err));
    weir_batch *b = batch_of(c, "n");
    there_and_back(b, NULL);
    select_rows(b);
    there_and_back(b, NULL);
    weir_batch_free(b);
}

static void schemas_say_what_the_specification_says(void **state) {
    (void)state;
    static const struct {
        const char *type, *format, *views;
    } cases[] = {{"bool", "b", "b"},
                 {"int8", "c", "c"},
                 {"uint8", "C", "C"},
                 {"int16", "s", "s"},
                 {"uint16", "S", "S"},
                 {"int32", "i", "i"},
                 {"uint32", "I", "I"},
                 {"int64", "l", "l"},
                 {"uint64", "L", "L"},
                 {"float32", "f", "f"},
                 {"float64", "g", "g"},
                 {"decimal(10,2)", "d:10,2", "d:10,2"},
                 {"string", "u", "vu"},
                 {"binary", "z", "vz"},
                 {"json", "u", "vu"},
                 {"date", "tdD", "tdD"},
                 {"time", "ttu", "ttu"},
                 {"timestamp", "tsu:", "tsu:"},
                 {"timestamptz(Europe/Berlin)", "tsu:Europe/Berlin", "tsu:Europe/Berlin"},
                 {"interval", "tin", "tin"},
                 {"uuid", "w:16", "w:16"},
                 {"list<string>", "+l", "+l"},
                 {"map<string, int32>", "+m", "+m"},
                 {"struct<a int64!, b string>", "+s", "+s"}};
    weir_error err = {0};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        weir_field f = {"x", type_of(cases[i].type), i % 2 == 0};
        weir_schema *in = NULL, *out = NULL;
        MUST(weir_schema_new(&f, 1, &in, &err));
        for (int views = 0; views < 2; views++) {
            weir_arrow_options o = {.views = views};
            struct ArrowSchema s;
            MUST(weir_arrow_export_schema(in, &o, &s, &err));
            assert_string_equal(s.format, "+s");
            assert_int_equal(s.n_children, 1);
            assert_string_equal(s.children[0]->format, views ? cases[i].views : cases[i].format);
            assert_string_equal(s.children[0]->name, "x");
            assert_int_equal(s.children[0]->flags, f.not_null ? 0 : ARROW_FLAG_NULLABLE);
            if (f.type->id == WEIR_MAP) {
                const struct ArrowSchema *entries = s.children[0]->children[0];
                assert_string_equal(entries->format, "+s");
                assert_int_equal(entries->flags, 0);
                assert_int_equal(entries->children[0]->flags, 0); /* keys are never null */
            }
            MUST(weir_arrow_import_schema(&s, &out, &err));
            assert_true(weir_schema_equal(in, out));
            weir_schema_release(out);
            s.release(&s);
        }
        weir_schema_release(in);
    }
}

/* ---- by hand ------------------------------------------------------------------------------- */

/* An array of one column over buffers of the test; released is counted. */
typedef struct made {
    struct ArrowSchema schema, column;
    struct ArrowSchema *columns[1];
    struct ArrowArray array, values;
    struct ArrowArray *arrays[1];
    const void *top[1];
    int released;
} made;

static void schema_gone(struct ArrowSchema *s) {
    s->release = NULL;
}
static void array_gone(struct ArrowArray *a) {
    if (a->private_data) ++*(int *)a->private_data;
    a->release = NULL;
}

static void make(made *m, const char *format, int64_t length, int64_t offset, const void **buffers,
                 int64_t n_buffers) {
    memset(m, 0, sizeof *m);
    m->column = (struct ArrowSchema){
        .format = format, .name = "x", .flags = ARROW_FLAG_NULLABLE, .release = schema_gone};
    m->columns[0] = &m->column;
    m->schema = (struct ArrowSchema){
        .format = "+s", .n_children = 1, .children = m->columns, .release = schema_gone};
    m->values = (struct ArrowArray){.length = length,
                                    .offset = offset,
                                    .null_count = -1,
                                    .n_buffers = n_buffers,
                                    .buffers = buffers,
                                    .release = array_gone};
    m->arrays[0] = &m->values;
    m->array = (struct ArrowArray){.length = length,
                                   .n_buffers = 1,
                                   .buffers = m->top,
                                   .n_children = 1,
                                   .children = m->arrays,
                                   .release = array_gone,
                                   .private_data = &m->released};
}

/* The column as text, rows joined by "|"; failed rows as "!reason". */
static void expect_text(made *m, const char *want) {
    weir_error err = {0};
    weir_batch *b = NULL;
    weir_buf text = {0};
    MUST(weir_arrow_import_batch(&m->schema, &m->array, NULL, &b, &err));
    MUST(weir_batch_validate(b, &err));
    for (uint32_t i = 0; i < b->length; i++) {
        if (i) assert_true(weir_buf_adds(&text, "|"));
        if (weir_failures_bad(b->failures, i)) {
            assert_true(weir_column_is_poisoned(b->columns[0], i));
            for (size_t f = 0; f < b->failures->n; f++)
                if (b->failures->items[f].row == i)
                    assert_true(weir_buf_printf(&text, "!%s", b->failures->items[f].reason));
        } else if (weir_column_is_null(b->columns[0], i)) {
            assert_true(weir_buf_adds(&text, "null"));
        } else {
            assert_true(weir_column_text(b->columns[0], i, &text));
        }
    }
    assert_string_equal(weir_buf_cstr(&text), want);
    weir_buf_clear(&text);
    weir_batch_free(b);
    assert_int_equal(m->released, 1);
}

static void expect_broken(made *m, weir_status want) {
    weir_error err = {0};
    weir_batch *b = NULL;
    assert_int_equal(weir_arrow_import_batch(&m->schema, &m->array, NULL, &b, &err), want);
    assert_true(err.message[0]);
    weir_arrow_release_array(&m->array);
    assert_int_equal(m->released, 1);
}

/* A copy in memory of exactly that size, so that a sanitizer sees each byte too many. */
static void *exact(const void *p, size_t n) {
    void *copy = malloc(n ? n : 1);
    memcpy(copy, p, n);
    return copy;
}
#define EXACT(array) exact(array, sizeof(array))

static void bits_and_offsets(void **state) {
    (void)state;
    made m;
    uint8_t valid[] = {0xF7}, bits[] = {0x51, 0x01};
    const void *buffers[] = {EXACT(valid), EXACT(bits)};
    make(&m, "b", 8, 0, buffers, 2);
    expect_text(&m, "true|false|false|null|true|false|true|false");
    make(&m, "b", 5, 2, buffers, 2);
    expect_text(&m, "false|null|true|false|true");
    /* the top's offset comes on top of the column's */
    make(&m, "b", 5, 2, buffers, 2);
    m.array.offset = 1;
    m.array.length = 2;
    expect_text(&m, "null|true");
    const void *all[] = {NULL, buffers[1]};
    make(&m, "b", 2, 7, all, 2);
    m.values.null_count = 0;
    expect_text(&m, "false|true");
    free((void *)(uintptr_t)buffers[0]);
    free((void *)(uintptr_t)buffers[1]);
}

static void values_are_shared(void **state) {
    (void)state;
    weir_error err = {0};
    made m;
    int64_t values[] = {10, 20, 30, 40};
    const void *buffers[] = {NULL, values};
    weir_batch *b = NULL;
    make(&m, "l", 3, 1, buffers, 2);
    MUST(weir_arrow_import_batch(&m.schema, &m.array, NULL, &b, &err));
    assert_ptr_equal(b->columns[0]->values, values + 1);
    weir_column *c = weir_column_retain(b->columns[0]);
    weir_batch_free(b);
    assert_int_equal(m.released, 0);
    assert_string_equal(text_of(c, 2), "40");
    weir_column_release(c);
    assert_int_equal(m.released, 1);
    /* what is not aligned is copied */
    _Alignas(8) char bytes[8 * 3 + 1];
    memcpy(bytes + 1, values, 24);
    const void *odd[] = {NULL, bytes + 1};
    make(&m, "l", 3, 0, odd, 2);
    expect_text(&m, "10|20|30");
    /* texts are shared, too: long ones point into the array */
    int32_t offsets[] = {0, 3, 33};
    const char *data = "abcthirty letters and not inline 1";
    const void *text[] = {NULL, offsets, data};
    make(&m, "u", 2, 0, text, 3);
    MUST(weir_arrow_import_batch(&m.schema, &m.array, NULL, &b, &err));
    assert_ptr_equal(weir_column_slice(b->columns[0], 1).data, data + 3);
    weir_batch_free(b);
    assert_int_equal(m.released, 1);
}

static void texts_of_all_layouts(void **state) {
    (void)state;
    made m;
    uint8_t valid[] = {0x1D};
    int32_t offsets[] = {2, 5, 9, 9, 22, 24};
    int64_t wide[] = {2, 5, 9, 9, 22, 24};
    const char data[] = {'?', '?', 'a', 'b', 'c', 'n', 'u', 'l', 'l', 'a', ' ',    'l',
                         'o', 'n', 'g', 'e', 'r', ' ', 't', 'e', 'x', 't', '\xff', 'z'};
    const void *buffers[] = {EXACT(valid), EXACT(offsets), EXACT(data)};
    const void *buffers64[] = {buffers[0], EXACT(wide), buffers[2]};
    const char *want = "abc|null||a longer text|!the text is not UTF-8";
    make(&m, "u", 5, 0, buffers, 3);
    expect_text(&m, want);
    make(&m, "U", 5, 0, buffers64, 3);
    expect_text(&m, want);
    make(&m, "z", 5, 0, buffers, 3);
    expect_text(&m, "\\x616263|null|\\x|\\x61206c6f6e6765722074657874|\\xff7a");
    make(&m, "Z", 2, 3, buffers64, 3);
    expect_text(&m, "\\x61206c6f6e6765722074657874|\\xff7a");
    make(&m, "w:2", 5, 0, buffers, 2); /* the offsets' bytes, as values of two bytes each */
    expect_text(&m, "\\x0200|null|\\x0500|\\x0000|\\x0900");
    offsets[3] = 8; /* goes back */
    const void *back[] = {NULL, offsets, buffers[2]};
    make(&m, "u", 5, 0, back, 3);
    expect_broken(&m, WEIR_DATA);
    offsets[3] = 9;
    offsets[0] = -1;
    make(&m, "u", 5, 0, back, 3);
    expect_broken(&m, WEIR_DATA);
    for (int i = 0; i < 3; i++) free((void *)(uintptr_t)buffers[i]);
    free((void *)(uintptr_t)buffers64[1]);
}

static void views_are_checked(void **state) {
    (void)state;
    made m;
    const char *text = "a text that stands in a buffer";
    weir_view views[3] = {0};
    views[0] = weir_view_make((const uint8_t *)"short", 5, 0, 0);
    views[0].in.bytes[9] = 'x'; /* padding that is not zero is mended */
    views[1] = weir_view_make((const uint8_t *)text + 2, 20, 0, 2);
    views[2] = weir_view_make((const uint8_t *)"\xc3", 1, 0, 0);
    int64_t sizes[] = {22};
    const void *data = exact(text, 22);
    const void *buffers[] = {NULL, views, data, sizes};
    make(&m, "vu", 3, 0, buffers, 4);
    expect_text(&m, "short|text that stands in |!the text is not UTF-8");
    make(&m, "vz", 2, 1, buffers, 4);
    expect_text(&m, "\\x746578742074686174207374616e647320696e20|\\xc3");
    sizes[0] = 21; /* now the second view ends outside */
    make(&m, "vu", 3, 0, buffers, 4);
    expect_broken(&m, WEIR_DATA);
    sizes[0] = -1;
    make(&m, "vu", 3, 0, buffers, 4);
    expect_broken(&m, WEIR_DATA);
    sizes[0] = 22;
    views[1].ref.block = 1;
    make(&m, "vu", 3, 0, buffers, 4);
    expect_broken(&m, WEIR_DATA);
    make(&m, "vu", 3, 0, buffers, 2);
    expect_broken(&m, WEIR_DATA);
    uint8_t valid[] = {0x05}; /* a null view may hold anything */
    const void *masked[] = {valid, views, data, sizes};
    make(&m, "vu", 2, 0, masked, 4);
    expect_text(&m, "short|null");
    free((void *)(uintptr_t)data);
}

static void times_of_all_units(void **state) {
    (void)state;
    made m;
    int64_t v[] = {0, 1500, -1, 86399999, 9223372036854775807};
    const void *buffers[] = {NULL, v};
    make(&m, "tsm:", 5, 0, buffers, 2);
    expect_text(&m, "1970-01-01 00:00:00|1970-01-01 00:00:01.500|1969-12-31 23:59:59.999|"
                    "1970-01-01 23:59:59.999|!the time is out of range");
    make(&m, "tsn:UTC", 3, 0, buffers, 2);
    expect_text(&m, "1970-01-01 00:00:00Z|!the time has nanoseconds, which weir does not keep|"
                    "!the time has nanoseconds, which weir does not keep");
    make(&m, "tss:", 2, 0, buffers, 2);
    expect_text(&m, "1970-01-01 00:00:00|1970-01-01 00:25:00");
    make(&m, "tsu:Europe/Berlin", 1, 1, buffers, 2);
    expect_text(&m, "1970-01-01 01:00:00.001500+01:00");
    make(&m, "ttu", 3, 0, buffers, 2);
    expect_text(&m, "00:00:00|00:00:00.001500|!the time of day is not between 00:00 and 24:00");
    make(&m, "ttn", 2, 0, buffers, 2);
    expect_text(&m, "00:00:00|!the time has nanoseconds, which weir does not keep");
    int32_t w[] = {86399, 86400, -1};
    const void *small[] = {NULL, w};
    make(&m, "tts", 3, 0, small, 2);
    expect_text(&m, "23:59:59|!the time of day is not between 00:00 and 24:00|"
                    "!the time of day is not between 00:00 and 24:00");
    make(&m, "ttm", 2, 0, small, 2);
    expect_text(&m, "00:01:26.399|00:01:26.400");
    int64_t days[] = {86400000, 86400001};
    const void *dates[] = {NULL, days};
    make(&m, "tdm", 2, 0, dates, 2);
    expect_text(&m, "1970-01-02|!the date is not a whole day");
    make(&m, "tsu:Nowhere/Land", 1, 0, buffers, 2);
    expect_broken(&m, WEIR_USAGE);
    make(&m, "tDs", 1, 0, buffers, 2); /* durations: no counterpart */
    expect_broken(&m, WEIR_DATA);
}

static void decimals_of_all_widths(void **state) {
    (void)state;
    made m;
    _Alignas(16) __int128 v[] = {12345, -1, 100000};
    int64_t v64[] = {12345, -1, 100000};
    int32_t v32[] = {12345, -1, 100000};
    const void *buffers[] = {NULL, v}, *b64[] = {NULL, v64}, *b32[] = {NULL, v32};
    const char *want = "123.45|-0.01|!the decimal has more digits than its type";
    make(&m, "d:5,2", 3, 0, buffers, 2);
    expect_text(&m, want);
    make(&m, "d:5,2,128", 3, 0, buffers, 2);
    expect_text(&m, want);
    make(&m, "d:5,2,64", 3, 0, b64, 2);
    expect_text(&m, want);
    make(&m, "d:5,2,32", 3, 0, b32, 2);
    expect_text(&m, want);
    make(&m, "d:20,2", 3, 0, buffers, 2);
    expect_text(&m, "123.45|-0.01|1000.00");
    v[0] = (__int128)1 << 120;
    make(&m, "d:20,2", 1, 0, buffers, 2);
    expect_text(&m, "!the decimal has more digits than its type");
    static const char *const bad[] = {"d:",        "d:5",    "d:39,0", "d:5,6",     "d:5,-1",
                                      "d:5,2,256", "d:5,2,", "d:5,2x", "d:00005,2", "d:0,0"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        make(&m, bad[i], 1, 0, buffers, 2);
        expect_broken(&m, WEIR_DATA);
    }
}

static void intervals(void **state) {
    (void)state;
    made m;
    int32_t months[] = {14, -1};
    int32_t day_ms[] = {3, 1500, 0, -1};
    struct {
        int32_t m, d;
        int64_t n;
    } nano[] = {{1, 2, 3000}, {0, 0, 1}};
    const void *a[] = {NULL, months}, *b[] = {NULL, day_ms}, *c[] = {NULL, nano};
    weir_error err = {0};
    weir_batch *batch = NULL;
    make(&m, "tiM", 2, 0, a, 2);
    MUST(weir_arrow_import_batch(&m.schema, &m.array, NULL, &batch, &err));
    assert_int_equal(((weir_interval *)batch->columns[0]->values)[0].months, 14);
    weir_batch_free(batch);
    make(&m, "tiD", 2, 0, b, 2);
    MUST(weir_arrow_import_batch(&m.schema, &m.array, NULL, &batch, &err));
    assert_int_equal(((weir_interval *)batch->columns[0]->values)[0].days, 3);
    assert_int_equal(((weir_interval *)batch->columns[0]->values)[0].micros, 1500000);
    assert_int_equal(((weir_interval *)batch->columns[0]->values)[1].micros, -1000);
    weir_batch_free(batch);
    make(&m, "tin", 2, 0, c, 2);
    MUST(weir_arrow_import_batch(&m.schema, &m.array, NULL, &batch, &err));
    assert_int_equal(((weir_interval *)batch->columns[0]->values)[0].micros, 3);
    assert_true(weir_failures_bad(batch->failures, 1));
    weir_batch_free(batch);
    /* out: what nanoseconds cannot hold */
    weir_interval v = {0, 0, INT64_MAX / 10};
    weir_column *column = NULL;
    struct ArrowArray array = {0};
    MUST(weir_column_constant(weir_type_of(WEIR_INTERVAL), 2, &v, sizeof v, NULL, &column, &err));
    batch = batch_of(column, "i");
    assert_int_equal(weir_arrow_export_batch(batch, NULL, NULL, NULL, &array, &err), WEIR_DATA);
    assert_null(array.release);
    weir_batch_free(batch);
}

static void dictionaries(void **state) {
    (void)state;
    made m;
    uint8_t dictionary_valid[] = {0x0B};
    int32_t offsets[] = {0, 3, 20, 20, 21};
    const char data[] = "onea text of seventee\xff";
    const void *texts_of[] = {dictionary_valid, offsets, data};
    struct ArrowSchema value_schema = {.format = "u", .name = "", .release = schema_gone};
    struct ArrowArray values = {
        .length = 4, .null_count = 1, .n_buffers = 3, .buffers = texts_of, .release = array_gone};
    uint8_t valid[] = {0xDF};
    static const char formats[] = {'c', 'C', 's', 'S', 'i', 'I', 'l', 'L'};
    uint8_t raw[8 * 8];
    for (int bad = 0; bad < 2; bad++)
        for (int f = 0; f < 8; f++) {
            static const int rows[] = {0, 1, 2, 0, 3, 77, 1};
            int width = 1 << f / 2;
            memset(raw, 0, sizeof raw);
            for (int i = 0; i < 7; i++) raw[i * width] = (uint8_t)rows[i];
            if (bad) raw[0] = 4; /* outside */
            char format[] = {formats[f], '\0'};
            const void *buffers[] = {valid, raw};
            make(&m, format, 7, 0, buffers, 2);
            m.column.dictionary = &value_schema;
            m.values.dictionary = &values;
            if (bad)
                expect_broken(&m, WEIR_DATA);
            else
                expect_text(&m, "one|a text of sevente|null|one|e|null|a text of sevente");
        }
    memset(raw, 0xFF, sizeof raw); /* -1 */
    const void *buffers[] = {NULL, raw};
    make(&m, "c", 1, 0, buffers, 2);
    m.column.dictionary = &value_schema;
    m.values.dictionary = &values;
    expect_broken(&m, WEIR_DATA);
    /* a bad value fails the rows that use it, and only them */
    int32_t bad_offsets[] = {0, 3, 20, 21, 22};
    const void *bad_texts[] = {NULL, bad_offsets, data};
    values.buffers = bad_texts;
    values.null_count = 0;
    uint8_t some[] = {0, 3, 1, 3};
    const void *indices[] = {NULL, some};
    make(&m, "C", 4, 0, indices, 2);
    m.column.dictionary = &value_schema;
    m.values.dictionary = &values;
    expect_text(&m, "one|!the text is not UTF-8|a text of sevente|!the text is not UTF-8");
    make(&m, "g", 1, 0, indices, 2); /* indices must be integers */
    m.column.dictionary = &value_schema;
    expect_broken(&m, WEIR_DATA);
    make(&m, "C", 1, 0, indices, 2); /* said, but not there */
    m.column.dictionary = &value_schema;
    expect_broken(&m, WEIR_DATA);
}

static void faults_in_lists_have_a_row(void **state) {
    (void)state;
    made m;
    int32_t offsets[] = {1, 1, 3, 3, 5};
    int64_t wide[] = {1, 1, 3, 3, 5};
    int64_t times[] = {-7, 0, 1000000, 2000000, -1};
    const void *item_buffers[] = {NULL, times};
    struct ArrowSchema item = {
        .format = "ttu", .name = "item", .flags = ARROW_FLAG_NULLABLE, .release = schema_gone};
    struct ArrowSchema *items_schema[] = {&item};
    struct ArrowArray items = {
        .length = 5, .n_buffers = 2, .buffers = item_buffers, .release = array_gone};
    struct ArrowArray *items_array[] = {&items};
    for (int w = 0; w < 2; w++) {
        const void *buffers[] = {NULL, w ? (const void *)wide : (const void *)offsets};
        make(&m, w ? "+L" : "+l", 4, 0, buffers, 2);
        m.column.n_children = m.values.n_children = 1;
        m.column.children = items_schema;
        m.values.children = items_array;
        expect_text(&m, "[]|[\"00:00:00\",\"00:00:01\"]|[]|"
                        "!the time of day is not between 00:00 and 24:00");
    }
    items.length = 4; /* fewer items than the offsets name */
    const void *buffers[] = {NULL, offsets};
    make(&m, "+l", 4, 0, buffers, 2);
    m.column.n_children = m.values.n_children = 1;
    m.column.children = items_schema;
    m.values.children = items_array;
    expect_broken(&m, WEIR_DATA);
}

static void a_struct_keeps_its_promises(void **state) {
    (void)state;
    made m;
    uint8_t inner_valid[] = {0x02}, outer_valid[] = {0x06};
    int32_t v[] = {1, 2, 3};
    const void *inner_buffers[] = {inner_valid, v}, *outer[] = {outer_valid};
    struct ArrowSchema inner = {.format = "i", .name = "a", .release = schema_gone}; /* not null */
    struct ArrowSchema *children[] = {&inner};
    struct ArrowArray inner_array = {.length = 3,
                                     .null_count = 2,
                                     .n_buffers = 2,
                                     .buffers = inner_buffers,
                                     .release = array_gone};
    struct ArrowArray *arrays[] = {&inner_array};
    make(&m, "+s", 3, 0, outer, 1);
    m.column.n_children = m.values.n_children = 1;
    m.column.children = children;
    m.values.children = arrays;
    expect_text(&m, "null|{\"a\":2}|!a field of the struct is null");
    make(&m, "i", 3, 0, inner_buffers, 2); /* the same of a column */
    m.column.flags = 0;
    m.values.null_count = -1;
    expect_text(&m, "!the value is null|2|!the value is null");
}

static void what_is_broken_is_refused(void **state) {
    (void)state;
    made m;
    int64_t v[] = {1, 2, 3};
    uint8_t valid[] = {0x03};
    const void *buffers[] = {NULL, v}, *none[] = {NULL, NULL}, *holes[] = {valid};
    make(&m, "l", 3, 0, none, 2);
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", -1, 0, buffers, 2);
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, -1, buffers, 2);
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, INT64_MAX, buffers, 2);
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 3);
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, NULL, 2);
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.values.null_count = 4;
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.values.null_count = 1; /* nulls without a bitmap */
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.values.length = 2; /* shorter than the batch */
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.array.n_children = 2;
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.arrays[0] = NULL;
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.array.buffers = holes; /* a row that is null as a whole */
    m.array.null_count = 1;
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.schema.format = "l";
    expect_broken(&m, WEIR_DATA);
    make(&m, "l", 3, 0, buffers, 2);
    m.column.name = "\xff";
    expect_broken(&m, WEIR_DATA);
    static const char *const formats[] = {
        "",  "e",  "q",   "ll", "+",   "+q",  "+w:2", "+vl", "w:", "w:x",  "w:99999999999",
        "t", "td", "tdX", "ts", "tsu", "ttx", "v",    "vx",  "+r", "+ud:1"};
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        make(&m, formats[i], 3, 0, buffers, 2);
        expect_broken(&m, WEIR_DATA);
    }
    make(&m, "l", 3, 0, buffers, 2); /* deeper than any type */
    struct ArrowSchema deep[100];
    struct ArrowSchema *down[100];
    for (int i = 0; i < 100; i++) {
        deep[i] = (struct ArrowSchema){.format = i < 99 ? "+l" : "l",
                                       .n_children = i < 99,
                                       .children = i < 99 ? &down[i] : NULL,
                                       .release = schema_gone};
        down[i] = i < 99 ? &deep[i + 1] : NULL;
    }
    m.columns[0] = &deep[0];
    expect_broken(&m, WEIR_DATA);
}

/* ---- long arrays --------------------------------------------------------------------------- */

static void a_long_array_comes_in_batches(void **state) {
    (void)state;
    enum { N = 150000 };
    weir_error err = {0};
    made m;
    int64_t *v = malloc(N * sizeof *v);
    for (int i = 0; i < N; i++) v[i] = i;
    const void *buffers[] = {NULL, v};
    make(&m, "l", N, 0, buffers, 2);
    weir_schema *fields = NULL;
    weir_field renamed = {"renamed", weir_type_of(WEIR_INT64), true};
    weir_arrow_rows *rows = NULL;
    MUST(weir_schema_new(&renamed, 1, &fields, &err));
    MUST(weir_arrow_rows_new(&m.schema, &m.array, fields, NULL, &rows, &err));
    int64_t next = 0;
    weir_batch *kept = NULL;
    for (;;) {
        weir_batch *b = NULL;
        MUST(weir_arrow_rows_next(rows, NULL, &b, &err));
        if (!b) break;
        MUST(weir_batch_validate(b, &err));
        assert_string_equal(b->schema->fields[0].name, "renamed");
        for (uint32_t i = 0; i < b->length; i++)
            assert_int_equal(((int64_t *)b->columns[0]->values)[i], next++);
        weir_batch_free(kept);
        kept = b;
    }
    assert_int_equal(next, N);
    weir_arrow_rows_free(rows);
    assert_int_equal(m.released, 0); /* the last batch still has it */
    weir_batch_free(kept);
    assert_int_equal(m.released, 1);
    weir_schema_release(fields);
    free(v);
}

/* ---- memory -------------------------------------------------------------------------------- */

static void memory_may_be_short(void **state) {
    (void)state;
    static const char *const types[] = {"string", "list<struct<x date, y list<bool>>>",
                                        "map<string, int32>", "decimal(10,2)"};
    for (int t = 0; t < 4; t++)
        for (int encoding = 0; encoding < 3; encoding++) {
            weir_arrow_options o = {.views = t % 2, .dictionaries = true};
            weir_batch *b = batch_of(
                random_column(type_of(types[t]), (weir_encoding)encoding, 20, 3, false), "x");
            for (long n = 1;; n++) {
                weir_error err = {0};
                struct ArrowSchema schema = {0};
                struct ArrowArray array = {0};
                weir_batch *back = NULL;
                weir_fault_arm(WEIR_FAULT_MALLOC, n, 12);
                weir_status status = weir_arrow_export_batch(b, &o, NULL, &schema, &array, &err);
                if (status == WEIR_OK)
                    status = weir_arrow_import_batch(&schema, &array, NULL, &back, &err);
                bool reached = weir_fault_count(WEIR_FAULT_MALLOC) >= n;
                weir_fault_arm(WEIR_FAULT_MALLOC, 0, 0);
                weir_arrow_release_schema(&schema);
                weir_arrow_release_array(&array);
                weir_batch_free(back);
                if (!reached) break;
                assert_int_equal(status, WEIR_RESOURCE);
                assert_true(n < 1000);
            }
            weir_batch_free(b);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type_comes_back),
        cmocka_unit_test(nulls_of_no_type),
        cmocka_unit_test(schemas_say_what_the_specification_says),
        cmocka_unit_test(bits_and_offsets),
        cmocka_unit_test(values_are_shared),
        cmocka_unit_test(texts_of_all_layouts),
        cmocka_unit_test(views_are_checked),
        cmocka_unit_test(times_of_all_units),
        cmocka_unit_test(decimals_of_all_widths),
        cmocka_unit_test(intervals),
        cmocka_unit_test(dictionaries),
        cmocka_unit_test(faults_in_lists_have_a_row),
        cmocka_unit_test(a_struct_keeps_its_promises),
        cmocka_unit_test(what_is_broken_is_refused),
        cmocka_unit_test(a_long_array_comes_in_batches),
        cmocka_unit_test(memory_may_be_short),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
